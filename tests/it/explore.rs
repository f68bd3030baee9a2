//! Small worlds in a debug build: the first states of each, and the smallest ones to the end.
//! The tool `hashslot-explore` explores all of them to the end.

use std::collections::BTreeSet;

use hashslot::sim::explore::{Bounds, Exploration, Setup};

/// The number of states of each world.
const STATES: usize = 200;
/// These worlds are visited to the end.
const COMPLETE: [&str; 3] = ["moved-late", "pipeline", "transaction"];

fn explore(setup: &Setup, states: usize) -> Exploration {
    let mut bounds = Bounds::default();
    bounds.states = states;
    let explored = Exploration::run(setup, bounds);
    if let Some(violation) = &explored.violation {
        let (name, trace) = (setup.name(), violation.trace.join("\n"));
        panic!("{name}: {}\n{trace}", violation.complaint);
    }
    explored
}

#[test]
fn the_beginning_of_each_small_world_is_right() {
    for setup in Setup::all() {
        let explored = explore(&setup, STATES);
        let is_all = explored.is_complete || explored.states == STATES;
        assert!(is_all, "{}: {explored:?}", setup.name());
    }
}

#[test]
fn small_worlds_are_right_to_the_end() {
    for name in COMPLETE {
        let explored = explore(&Setup::named(name).expect("is known"), usize::MAX);
        assert!(explored.is_complete && explored.ends > 0, "{name}: {explored:?}");
    }
}

#[test]
fn an_exploration_repeats_itself() {
    let setup = Setup::named("migration").expect("is known");
    assert_eq!(explore(&setup, STATES), explore(&setup, STATES));
}

#[test]
fn each_small_world_has_a_name_of_its_own() {
    let worlds = Setup::all();
    let names: BTreeSet<_> = worlds.iter().map(Setup::name).collect();
    assert_eq!(names.len(), worlds.len());
    assert!(worlds.iter().all(|setup| !setup.about().is_empty()));
    assert!(Setup::named("no such world").is_none());
}
