//! One simulation as plain data: a seed, and what may happen in it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::conditions::Conditions;
use super::dice::Dice;
use super::faults::{Fault, Faults, Profile};
use super::nemesis::Nemesis;
use super::node::Version;
use super::simulation::Simulation;
use super::trace::Trace;
use super::workload;
use super::world::World;

/// A simulation that can be run, and run again.
///
/// ```
/// use hashslot::sim::{Profile, Scenario};
/// let (seed, step_count) = (7, 200);
/// let scenario = Scenario::draw(seed, Profile::Reshard, step_count);
/// let report = scenario.run();
/// assert_eq!(report.violations, [] as [&str; 0]);
/// assert_eq!(report.hash, scenario.run().hash); // the same, byte for byte
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it is made by hand as well as drawn")]
pub struct Scenario {
    /// Everything that is left to chance comes from it.
    pub seed: u64,
    /// Where its faults were drawn from.
    pub profile: Profile,
    /// How many commands the clients send, about.
    pub step_count: usize,
    /// The faults that occur.
    pub faults: Faults,
}

/// How a simulation ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// What must not be, and was; empty if all is well.
    pub violations: Vec<String>,
    /// A number that tells two runs apart: everything that clients received, sent and were told
    /// goes into it.
    pub hash: u64,
    /// How often each fault was injected.
    pub faults: Vec<(Fault, u64)>,
    /// How many calls were made.
    pub calls: u64,
    /// How many of them were answered.
    pub answered: u64,
    /// How many inputs the machines were given.
    pub inputs: u64,
    /// How much time passed in the simulation.
    pub elapsed: Duration,
    /// What happened, if it was asked for.
    pub trace: Vec<String>,
}

impl Report {
    /// The report of a run that ended in a panic with this message.
    #[must_use]
    pub fn of_panic(message: String) -> Self {
        Self { violations: Vec::from([message]), ..Self::default() }
    }
}

impl Scenario {
    /// The simulation of a seed: each fault of the profile occurs in half of them.
    #[must_use]
    pub fn draw(seed: u64, profile: Profile, step_count: usize) -> Self {
        let mut dice = Dice::new(seed ^ 0x5EED_0000_0000_0000);
        let mut faults = Faults::NONE;
        for fault in profile.faults().iter() {
            if dice.one_in(2) {
                faults = faults.with(fault);
            }
        }
        Self { seed, profile, step_count, faults }
    }

    /// The same simulation without one kind of fault.
    #[must_use]
    pub fn without(&self, fault: Fault) -> Self {
        Self { faults: self.faults.without(fault), ..self.clone() }
    }

    /// Runs it.
    #[must_use]
    pub fn run(&self) -> Report {
        Simulation::new(self, &[], false).run()
    }

    /// Runs it, and tells what happened.
    #[must_use]
    pub fn trace(&self) -> Report {
        Simulation::new(self, &[], true).run()
    }

    /// Runs it with choices of the clients and the nemesis that these bytes make, for fuzzers.
    #[must_use]
    pub fn run_with(&self, choices: &[u8]) -> Report {
        Simulation::new(self, choices, false).run()
    }

    /// A smaller scenario that fails as well: without the faults and the commands that it does not
    /// take. Runs it some hundred times.
    #[must_use]
    pub fn shrink(&self) -> Self {
        self.shrink_with(|scenario| !scenario.run().violations.is_empty())
    }

    /// The same for whatever counts as a failure.
    #[must_use]
    pub fn shrink_with(&self, fails: impl Fn(&Self) -> bool) -> Self {
        let mut smallest = self.clone();
        loop {
            let before = smallest.clone();
            for fault in before.faults.iter() {
                let smaller = smallest.without(fault);
                if fails(&smaller) {
                    smallest = smaller;
                }
            }
            for quarters in [1, 2, 3] {
                let step_count = smallest.step_count * quarters / 4;
                let smaller = Self { step_count, ..smallest.clone() };
                if step_count > 0 && fails(&smaller) {
                    smallest = smaller;
                    break;
                }
            }
            if smallest == before {
                return smallest;
            }
        }
    }

    /// How long its faults and its calls go on.
    pub(super) fn length(&self) -> Duration {
        let mut dice = Dice::new(self.seed ^ 0x1E46_7000_0000_0000);
        dice.millis(1000, 20_000)
    }

    pub(super) fn world(&self, choices: &[u8], keeps_trace: bool) -> World {
        let mut dice = Dice::new(self.seed);
        let conditions = Conditions::draw(&mut dice.split(), self.faults);
        let seed = self.seed ^ 0xC0DE_0000_0000_0000;
        let network = dice.split();
        let (length, slots) = (self.length(), workload::slots());
        let nemesis = Nemesis::new(seed, choices, self.faults, length, slots);
        let mut world = World::with(network, conditions, nemesis, Trace::new(keeps_trace));
        world.history.reads_replicas = self.faults.has(Fault::ReplicaReads);
        world.history.breaks_replies = self.faults.has(Fault::Garbage);
        world.history.frames_soundly =
            !self.faults.has(Fault::Garbage) && !self.faults.has(Fault::StrayEvents);
        world.history.forges = self.faults.has(Fault::Forgeries);
        world
    }
}

impl World {
    /// A cluster with the faults of a profile, some of them, as the seed has it.
    #[must_use]
    pub fn new(seed: u64, profile: Profile) -> Self {
        Scenario::draw(seed, profile, 0).world(&[], false)
    }

    /// A cluster of this many primaries, without faults, in which whatever happens is heard of at
    /// once. They share the slots evenly, and listen at 10.0.0.1, on ports from 7000 on.
    #[must_use]
    pub fn still(version: Version, primaries: usize) -> Self {
        let conditions = Conditions::still(version, primaries);
        let nemesis = Nemesis::new(0, &[], Faults::NONE, Duration::ZERO, Vec::new());
        Self::with(Dice::new(0), conditions, nemesis, Trace::new(false))
    }
}

/// As the command line has it.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, profile, step_count, .. } = self;
        write!(f, "--seeds {seed}..{} --profile {profile} --steps {step_count}", seed + 1)?;
        let drawn = Self::draw(*seed, *profile, *step_count).faults;
        for fault in drawn.iter().filter(|fault| !self.faults.has(*fault)) {
            write!(f, " --without {fault}")?;
        }
        Ok(())
    }
}
