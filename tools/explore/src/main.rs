//! Explores small worlds to the end: visits every state that a tiny cluster and the machine can
//! reach, and stops at the first violation, with the shortest path to it.
//!
//! `cargo run --release --package hashslot-explore -- --world moved --depth 12`
//!
//! `--help` tells all options, `--list` all worlds. The exit status is 1 if there is a violation.

#![expect(clippy::print_stdout, reason = "its output is for people")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use hashslot::sim::explore::{Bounds, Exploration, Setup};
use indicatif::ProgressBar;

/// Explores small worlds: every order of bytes, replies, timers, losses and migrations, each state
/// once
#[derive(Debug, Parser)]
#[command(name = "hashslot-explore")]
struct Arguments {
    /// The world to explore; may be given several times
    #[arg(long, value_name = "NAME|all", default_value = "all")]
    world: Vec<String>,
    /// The length of the longest path, in steps [default: no bound]
    #[arg(long, value_name = "N")]
    depth: Option<usize>,
    /// The maximum number of states of one world
    #[arg(long, value_name = "N", default_value_t = Bounds::default().states)]
    states: usize,
    /// Print the names of the worlds, and what each is
    #[arg(long)]
    list: bool,
    /// Print one line for each world, without the path to a violation
    #[arg(long)]
    brief: bool,
}

impl Arguments {
    fn setups(&self) -> Result<Vec<Setup>, String> {
        let mut setups = Vec::new();
        for name in &self.world {
            if name == "all" {
                setups.extend(Setup::all());
            } else {
                let setup = Setup::named(name);
                setups.push(setup.ok_or_else(|| format!("no world is called {name}: see --list"))?);
            }
        }
        Ok(setups)
    }

    fn bounds(&self) -> Bounds {
        let mut bounds = Bounds::default();
        bounds.states = self.states;
        bounds.depth = self.depth.unwrap_or(bounds.depth);
        bounds
    }
}

/// The figures of all worlds.
#[derive(Debug, Default)]
struct Totals {
    worlds: usize,
    wrong: usize,
    complete: usize,
    states: usize,
    steps: usize,
    depth: usize,
    ends: usize,
}

impl Totals {
    fn add(&mut self, explored: &Exploration) {
        self.worlds += 1;
        self.wrong += usize::from(explored.violation.is_some());
        self.complete += usize::from(explored.is_complete);
        self.states += explored.states;
        self.steps += explored.steps;
        self.depth = self.depth.max(explored.depth);
        self.ends += explored.ends;
    }
}

/// Explores one world, and prints its line, with the path to a violation behind it.
fn explore(setup: &Setup, arguments: &Arguments) -> Exploration {
    let start = Instant::now();
    let bar = if arguments.brief { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    let explored = Exploration::run_with(setup, arguments.bounds(), |explored| {
        bar.set_message(format!("{}: {}", setup.name(), figures(explored, start.elapsed())));
        bar.tick();
    });
    bar.finish_and_clear();
    let end = match (&explored.violation, explored.is_complete) {
        (Some(violation), _) => &format!("WRONG: {}", violation.complaint),
        (None, true) => "complete",
        (None, false) => "up to the bound",
    };
    println!("{:<18} {}, {end}", setup.name(), figures(&explored, start.elapsed()));
    if let Some(violation) = explored.violation.as_ref().filter(|_| !arguments.brief) {
        for line in &violation.trace {
            println!("    {line}");
        }
        println!("    VIOLATION: {}", violation.complaint);
    }
    explored
}

fn figures(explored: &Exploration, took: Duration) -> String {
    let Exploration { states, steps, depth, ends, .. } = explored;
    line(*states, *steps, *depth, *ends, took)
}

fn line(states: usize, steps: usize, depth: usize, ends: usize, took: Duration) -> String {
    let seconds = took.as_secs_f64();
    format!(
        "{states:>9} states, {steps:>9} steps, {depth:>3} deep, {ends:>6} ends, {seconds:>6.1} s"
    )
}

fn main() -> Result<ExitCode, String> {
    let arguments = Arguments::parse();
    if arguments.list {
        for setup in Setup::all() {
            println!("{:<18} {}", setup.name(), setup.about());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let start = Instant::now();
    let mut totals = Totals::default();
    for setup in arguments.setups()? {
        totals.add(&explore(&setup, &arguments));
    }
    let Totals { worlds, wrong, complete, states, steps, depth, ends } = totals;
    let figures = line(states, steps, depth, ends, start.elapsed());
    let title = format!("{worlds} {}", if worlds == 1 { "world" } else { "worlds" });
    println!("{title:<18} {figures}, {complete} complete, {wrong} wrong");
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
