//! Whole simulations: clients, a cluster, and what goes wrong.

use hashslot::sim::{Fault, Faults, Profile, Scenario};

use crate::source::Source;

/// Whatever the clients and the nemesis choose to do, no client gets a false answer.
///
/// **Shape**: a byte for the profile, eight that choose among its faults, one for the number of
/// steps, four for the seed; the rest are choices of the clients and the nemesis.
///
/// # Panics
/// If the property does not hold.
pub fn simulate(data: &[u8]) {
    let mut source = Source::new(data);
    let profile = source.pick(&Profile::ALL);
    let chosen: [u8; 8] = core::array::from_fn(|_| source.byte());
    let bits = u64::from_be_bytes(chosen);
    let chosen: Vec<Fault> = (0_u32..)
        .zip(Fault::ALL)
        .filter(|(bit, fault)| bits >> bit & 1 == 1 && profile.faults().has(*fault))
        .map(|(_, fault)| fault)
        .collect();
    let step_count = 1 + usize::from(source.byte()) / 4;
    let seed = u64::from(source.number()) << 16 | u64::from(source.number());
    let scenario = Scenario { seed, profile, step_count, faults: Faults::of(&chosen) };
    let violations = scenario.run_with(source.rest()).violations;
    assert!(violations.is_empty(), "{scenario:?}: {violations:#?}");
}
