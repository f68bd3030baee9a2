//! Simulated clusters with faults: the same seeds in every run, some fresh ones, and what the
//! search itself has to be worth: it repeats itself byte for byte, and its faults do occur.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};

use hashslot::sim::strategies::scenarios;
use hashslot::sim::{Fault, Profile, Report, Scenario, World};
use proptest::prelude::*;

/// What was wrong once, and is run first for ever.
const KNOWN: [(Profile, u64, usize); 37] = [
    // Scripts that forged errors of the cluster were run again and again.
    (Profile::Reshard, 0, 500),
    // Writes overtook others where replicas may be read.
    (Profile::Failover, 324, 500),
    // An idle client did not find nodes that had all moved.
    (Profile::TopologyChurn, 89, 500),
    // A call waited for a dial that no node answered, and no other node was asked.
    (Profile::TopologyChurn, 407, 1),
    // A node that the others had forgotten was the only one asked.
    (Profile::Everything, 100_543, 500),
    (Profile::Everything, 101_269, 500),
    // Transactions and what a node says that breaks the protocol.
    (Profile::Everything, 342, 500),
    // What was heard at the moment of a question, after a pause, was taken to be newer than the
    // answer.
    (Profile::Everything, 1_007_147, 500),
    (Profile::Everything, 1_008_249, 500),
    (Profile::Everything, 1_013_355, 500),
    (Profile::Everything, 1_023_480, 500),
    (Profile::Everything, 1_023_811, 500),
    // A replica took over with a slot that no node had any more, and its keys were still elsewhere.
    (Profile::Everything, 1_003_421, 500),
    // Redirections without a host to a node that was not listed, and so after a pause.
    (Profile::Everything, 1_005_369, 500),
    (Profile::Everything, 1_006_774, 500),
    // A node that had been held up answered many old questions at once.
    (Profile::Everything, 1_028_649, 500),
    // A slot moved to a node that another had taken it over from, and that did not know it yet.
    (Profile::Everything, 2_005_507, 500),
    // What was meant for a node had it dialled again after it had left.
    (Profile::Everything, 3_004_220, 500),
    // A node with a new address had a part for each of its two.
    (Profile::Everything, 3_004_468, 500),
    // Connections broke again and again between the refusal of a transaction and its end.
    (Profile::Everything, 4_000_418, 500),
    // One that paused after many redirections left the others of its slot behind a fence.
    (Profile::Everything, 5_002_537, 500),
    // Others overtook a command that paused after many redirections.
    (Profile::Everything, 5_053_044, 500),
    (Profile::Reshard, 5_004_308, 500),
    // A move was given up and begun again while commands waited for its target, which made keys
    // there.
    (Profile::Everything, 6_044_918, 500),
    // One that its node had sent to a stranger went back there whenever others of its slot were
    // redirected.
    (Profile::Everything, 7_029_693, 500),
    // A script was told that its node is no longer a primary, and the machine did not refresh the
    // topology.
    (Profile::HostileServer, 9_101_770, 500),
    // Two claims crossed after the last fault, and no node told its claim again.
    (Profile::Everything, 77_008_096, 500),
    // Rounds ended with what a forgotten node told, and with them the dial of a seed that takes
    // long.
    (Profile::Everything, 25_597, 500),
    // Replicas that were gone were asked before the seed.
    (Profile::Everything, 5_057, 500),
    // A stranger's view, read after a pause, replaced the topology.
    (Profile::Everything, 17_122, 500),
    // What waited for a node that had left the topology went to a stranger at its address.
    (Profile::Everything, 20_473, 500),
    // A stranger's view replaced the topology, because there had been doubts about others' for
    // long.
    (Profile::Everything, 321_247, 500),
    // What a node had told was forgotten when a stranger got its address.
    (Profile::Everything, 334_799, 500),
    // Of two other clusters that were told of once each, the wrong one was followed.
    (Profile::Everything, 415_442, 500),
    // A stranger at the address of a node that had left was a seed, and believed.
    (Profile::Everything, 444_244, 500),
    // A client was blamed for a node that no view after a long standstill could take from it.
    (Profile::Everything, 2813, 500),
    // A stranger came to the address of a seed that had left, was met there first, and believed.
    (Profile::Everything, 9684, 500),
];

const REPLAY: &str = "cargo run --release --package hashslot-simulate --";

/// What a run without optimisation has time for: it is much slower, and checks the machine
/// after every input.
const IS_SLOW: bool = cfg!(debug_assertions);

/// Commands of one seed.
const STEP_COUNT: usize = if IS_SLOW { 120 } else { 300 };
/// Seeds of one profile, the same in every run.
const SEED_COUNT: u64 = if IS_SLOW { 4 } else { 25 };
const SEED_OF_EVERYTHING_COUNT: u64 = if IS_SLOW { 8 } else { 60 };
const FRESH_SEED_COUNT: u64 = 1;

/// These faults hold all the time, so that no report counts them.
const UNCOUNTED: [Fault; 4] =
    [Fault::SlowGossip, Fault::ShortDeadlines, Fault::ReplicaReads, Fault::Scripts];

/// Runs it. What is wrong ends the test, with the command that runs it again.
fn check(scenario: &Scenario) -> Report {
    let run = std::panic::catch_unwind(|| scenario.run());
    let report = run.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Report::of_panic(text.unwrap_or_else(|| "it panicked".into()))
    });
    let found = &report.violations;
    assert!(found.is_empty(), "replay with {REPLAY} {scenario}\n{found:#?}");
    report
}

#[test]
fn seeds_that_failed_once_fail_no_more() {
    for (profile, seed, step_count) in KNOWN {
        check(&Scenario::draw(seed, profile, step_count));
    }
}

#[test]
fn calm() {
    search(Profile::Calm);
}

#[test]
fn reshard() {
    search(Profile::Reshard);
}

#[test]
fn failover() {
    search(Profile::Failover);
}

#[test]
fn partition() {
    search(Profile::Partition);
}

#[test]
fn flaky_network() {
    search(Profile::FlakyNetwork);
}

#[test]
fn hostile_server() {
    search(Profile::HostileServer);
}

#[test]
fn topology_churn() {
    search(Profile::TopologyChurn);
}

#[test]
fn everything() {
    search(Profile::Everything);
}

/// The same seeds in every run, then fresh ones: more of them with `HASHSLOT_SEEDS`.
fn search(profile: Profile) {
    let is_everything = profile == Profile::Everything;
    let count = if is_everything { SEED_OF_EVERYTHING_COUNT } else { SEED_COUNT };
    for seed in 0..count {
        check(&Scenario::draw(seed, profile, STEP_COUNT));
    }
    let fresh = RandomState::new().build_hasher().finish() >> 16;
    for seed in fresh..fresh + fresh_seed_count() {
        println!("seed {seed}, profile {profile}");
        check(&Scenario::draw(seed, profile, STEP_COUNT));
    }
}

fn fresh_seed_count() -> u64 {
    let count = std::env::var("HASHSLOT_SEEDS").ok().and_then(|count| count.parse().ok());
    count.unwrap_or(FRESH_SEED_COUNT)
}

#[test]
fn each_profile_injects_the_faults_that_it_is_named_for() {
    for profile in Profile::ALL {
        let expected: BTreeSet<Fault> =
            profile.faults().iter().filter(|fault| !UNCOUNTED.contains(fault)).collect();
        let mut injected = BTreeSet::new();
        for seed in 0..40 {
            let faults = profile.faults();
            let report = check(&Scenario { seed, profile, step_count: 60, faults });
            let counts = report.faults.iter().filter(|(_, times)| *times > 0);
            injected.extend(counts.map(|(fault, _)| *fault));
            if injected.is_superset(&expected) {
                break;
            }
        }
        let missing: Vec<_> = expected.difference(&injected).collect();
        assert!(missing.is_empty(), "no seed of {profile} injects {missing:?}");
    }
}

#[test]
fn one_seed_twice_is_the_same_byte_for_byte() {
    for profile in Profile::ALL {
        for seed in [1, 1 << 40].into_iter().take(if IS_SLOW { 1 } else { 2 }) {
            let scenario = Scenario::draw(seed, profile, 60);
            let (first, second) = (scenario.trace(), scenario.trace());
            assert!(first.trace.len() > 100, "{scenario} traces nothing");
            assert_eq!(first, second, "{scenario}");
            assert_eq!(first.hash, scenario.run().hash, "to be watched changes {scenario}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if IS_SLOW { 10 } else { 100 }, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn any_scenario_is_well(scenario in scenarios()) {
        let violations = scenario.run().violations;
        prop_assert!(violations.is_empty(), "{scenario}\n{violations:#?}");
    }
}

/// A loop that waits for an instant that is over, or for ever when nothing is left to happen.
#[test]
#[should_panic(expected = "time stands still")]
fn a_loop_that_lets_no_time_pass_is_stopped() {
    let mut world = World::new(42, Profile::Calm);
    let over = world.now();
    // Far more than any loop needs at one instant.
    for _ in 0..1_000_000 {
        world.next_event(Some(over));
    }
}

#[test]
#[should_panic(expected = "time stands still")]
fn a_loop_that_waits_for_nothing_is_stopped() {
    let mut world = World::new(42, Profile::Calm);
    for _ in 0..1_000_000 {
        world.next_event(None);
    }
}
