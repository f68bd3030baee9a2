//! What is asked for on the command line.

use std::error::Error;
use std::num::NonZero;
use std::ops::Range;
use std::time::SystemTime;

use clap::Parser;
use hashslot::sim::{Fault, Profile, Scenario};

/// How many fresh seeds a search takes.
const FRESH_SEED_COUNT: u64 = 1000;

/// Searches for faults of the machine: runs one simulated cluster for each seed, and stops at the
/// first seed that fails
#[derive(Debug, Parser)]
#[command(name = "hashslot-simulate")]
pub(crate) struct Arguments {
    /// Seeds from A up to B, without B; one seed alone prints its trace [default: 1000 fresh seeds]
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Option<Range<u64>>,
    /// What may happen, such as calm, failover or everything
    #[arg(long, value_name = "NAME", default_value_t = Profile::Everything)]
    pub(crate) profile: Profile,
    /// How many commands the clients of one seed send
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub(crate) steps: usize,
    /// A fault that does not happen; may be given several times
    #[arg(long, value_name = "FAULT")]
    without: Vec<Fault>,
    /// How many threads search [default: one for each processor]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Run each seed twice, and compare the two runs
    #[arg(long)]
    pub(crate) twice: bool,
    /// Run all seeds, and count those that fail
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Seeds to leave out
    #[arg(long, value_name = "N,N..", value_delimiter = ',')]
    pub(crate) except: Vec<u64>,
    /// Print one line for each seed that fails, and nothing else
    #[arg(long)]
    pub(crate) brief: bool,
}

impl Arguments {
    /// The seeds to run.
    pub(crate) fn seeds(&self) -> Result<Range<u64>, Box<dyn Error>> {
        if let Some(seeds) = &self.seeds {
            return Ok(seeds.clone());
        }
        let fresh = SystemTime::UNIX_EPOCH.elapsed()?.as_secs() << 20;
        Ok(fresh..fresh + FRESH_SEED_COUNT)
    }

    /// How many threads search.
    pub(crate) fn jobs(&self) -> usize {
        let jobs = self.jobs.or_else(|| std::thread::available_parallelism().ok());
        jobs.map_or(1, usize::from)
    }

    pub(crate) fn scenario(&self, seed: u64) -> Scenario {
        let drawn = Scenario::draw(seed, self.profile, self.steps);
        self.without.iter().fold(drawn, |scenario, fault| scenario.without(*fault))
    }
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let seeds = text.split_once("..").and_then(|(first, end)| {
        let (first, end) = (first.parse().ok()?, end.parse().ok()?);
        Some(first..end)
    });
    seeds.ok_or_else(|| "not two numbers with .. between them".to_owned())
}
