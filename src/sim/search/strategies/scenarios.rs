//! Whole simulations.

use alloc::vec::Vec;

use proptest::prelude::*;

use crate::sim::{Fault, Faults, Profile, Scenario};

/// Any scenario: a profile, some of its faults, a seed, and 1 to 200 commands. Shrinks to calmer
/// profiles, fewer faults and fewer commands. Seeds do not shrink: none is simpler than another.
pub fn scenarios() -> impl Strategy<Value = Scenario> {
    let seed = any::<u64>().no_shrink();
    let profiles = proptest::sample::select(Profile::ALL.to_vec());
    profiles.prop_flat_map(move |profile| {
        let faults: Vec<Fault> = profile.faults().iter().collect();
        let count = faults.len();
        let some = proptest::sample::subsequence(faults, 0..=count);
        (seed, Just(profile), 1..=200_usize, some).prop_map(
            |(seed, profile, step_count, faults)| {
                let faults = Faults::of(&faults);
                Scenario { seed, profile, step_count, faults }
            },
        )
    })
}
