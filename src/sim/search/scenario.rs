//! One simulation as plain data: a seed, and what may happen in it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::simulation::Simulation;
use super::workload;
use crate::sim::dice::Dice;
use crate::sim::trace::Trace;
use crate::sim::world::World;
use crate::sim::world::conditions::Conditions;
use crate::sim::world::faults::{Fault, Faults, Profile};
use crate::sim::world::nemesis::Nemesis;
use crate::sim::world::node::Version;

/// One simulation: a seed, the faults it draws from, and how much its clients do. The same scenario
/// always runs the same way.
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
    /// The seed of every random choice.
    pub seed: u64,
    /// The profile that the faults were drawn from.
    pub profile: Profile,
    /// Approximate number of commands that the clients send.
    pub step_count: usize,
    /// The kinds of faults that the simulation injects.
    pub faults: Faults,
}

/// The result of a simulation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// What the oracle found wrong, one line each. Empty if the clients behaved correctly.
    pub violations: Vec<String>,
    /// A hash of everything that clients received, sent and reported: equal for equal runs.
    pub hash: u64,
    /// How often each fault was injected.
    pub faults: Vec<(Fault, u64)>,
    /// Number of calls that clients submitted.
    pub calls: u64,
    /// Number of calls that ended with a reply rather than an error.
    pub answered: u64,
    /// Number of inputs that the machines received.
    pub inputs: u64,
    /// Virtual time that passed.
    pub elapsed: Duration,
    /// The trace, one line an event. Empty unless [`Scenario::trace`] made the report.
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
    /// Draws the scenario of a seed. Each fault of the profile is in about half of all scenarios.
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

    /// The same scenario without one kind of fault.
    #[must_use]
    pub fn without(&self, fault: Fault) -> Self {
        Self { faults: self.faults.without(fault), ..self.clone() }
    }

    /// Runs the scenario.
    #[must_use]
    pub fn run(&self) -> Report {
        Simulation::new(self, &[], false).run()
    }

    /// Runs the scenario and records a trace in the report.
    #[must_use]
    pub fn trace(&self) -> Report {
        Simulation::new(self, &[], true).run()
    }

    /// Runs the scenario; the bytes make the choices of the clients and the nemesis. For fuzzers.
    #[must_use]
    pub fn run_with(&self, choices: &[u8]) -> Report {
        Simulation::new(self, choices, false).run()
    }

    /// Shrinks a failing scenario: drops faults and commands as long as it still fails.
    ///
    /// **Cost**: some hundred runs.
    #[must_use]
    pub fn shrink(&self) -> Self {
        self.shrink_with(|scenario| !scenario.run().violations.is_empty())
    }

    /// Like [`Self::shrink`], with a test of your own for what counts as a failure.
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
    /// A cluster with some of the faults of a profile; the seed chooses which.
    #[must_use]
    pub fn new(seed: u64, profile: Profile) -> Self {
        Scenario::draw(seed, profile, 0).world(&[], false)
    }

    /// A cluster without faults and without gossip delay.
    ///
    /// **Shape**: the primaries share the slots evenly. They listen at 10.0.0.1, on ports from 7000
    /// on.
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
