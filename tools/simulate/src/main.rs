//! Searches for wrong behaviour: runs simulated clusters, one a seed, and stops at the first that
//! shows any, with a command that runs it again and a short trace.
//!
//! `cargo run --release --package hashslot-simulate -- --seeds 0..20 --profile reshard`
//!
//! `--help` tells all options. A bar shows the progress where standard error is a terminal.

#![expect(clippy::print_stdout, reason = "it tells what it finds")]

mod arguments;

use std::collections::BTreeMap;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arguments::Arguments;
use clap::Parser as _;
use hashslot::sim::{Fault, Report, Scenario};
use indicatif::{ProgressBar, ProgressStyle};

type Failure = Box<dyn std::error::Error>;

/// What runs this program, before its options.
const COMMAND: &str = "cargo run --release --package hashslot-simulate --";
/// What the progress bar shows.
const PROGRESS: &str = "{elapsed_precise} {wide_bar} {human_pos} of {human_len} seeds, {eta} left";

/// What all seeds come to.
#[derive(Default)]
struct Sums {
    seeds: u64,
    calls: u64,
    answered: u64,
    inputs: u64,
    simulated: Duration,
    faults: BTreeMap<Fault, u64>,
    failed: Vec<u64>,
}

impl Sums {
    fn add(&mut self, report: &Report) {
        self.seeds += 1;
        self.calls += report.calls;
        self.answered += report.answered;
        self.inputs += report.inputs;
        self.simulated += report.elapsed;
        for (fault, count) in &report.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
    }

    #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "figures for people")]
    fn print(&self, took: Duration) {
        let faults: Vec<String> =
            self.faults.iter().map(|(fault, count)| format!("{fault} {count}")).collect();
        println!("faults: {}", faults.join(", "));
        println!(
            "{} seeds in {:.1} s: {:.0} seeds/s, {:.1} simulated hours a minute; {} calls, {} \
             answered, {} inputs; {} seeds failed",
            self.seeds,
            took.as_secs_f64(),
            self.seeds as f64 / took.as_secs_f64(),
            self.simulated.as_secs_f64() / 60.0 / took.as_secs_f64(),
            self.calls,
            self.answered,
            self.inputs,
            self.failed.len(),
        );
    }
}

/// Runs all seeds; the lowest that fails is the first in the sums.
fn search(arguments: &Arguments, seeds: &Range<u64>, progress: &ProgressBar) -> Sums {
    let next = AtomicU64::new(seeds.start);
    let stop = AtomicBool::new(false);
    let sums = Mutex::new(Sums::default());
    std::thread::scope(|scope| {
        for _ in 0..arguments.jobs() {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    progress.inc(1);
                    if arguments.except.contains(&seed) {
                        continue;
                    }
                    let scenario = arguments.scenario(seed);
                    let report = run(&scenario);
                    let differs = arguments.twice && run(&scenario).hash != report.hash;
                    let mut sums = sums.lock().expect("no thread panics");
                    sums.add(&report);
                    if differs || !report.violations.is_empty() {
                        let complaint = match report.violations.first() {
                            Some(complaint) if arguments.brief => format!(": {complaint}"),
                            _ => (if differs { ": two runs differ" } else { "" }).into(),
                        };
                        progress.suspend(|| println!("seed {seed} fails{complaint}"));
                        sums.failed.push(seed);
                        stop.store(!arguments.keep_going, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let mut sums = sums.into_inner().expect("no thread panics");
    sums.failed.sort_unstable();
    sums
}

/// A panic of the machine is a violation like any other.
fn run(scenario: &Scenario) -> Report {
    std::panic::catch_unwind(|| scenario.run()).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Report::of_panic(text.unwrap_or_default())
    })
}

/// Tells all about a seed that fails.
fn explain(scenario: &Scenario) {
    println!("replay: {COMMAND} {scenario}");
    let smallest = scenario.shrink_with(|scenario| !run(scenario).violations.is_empty());
    println!("smallest: {COMMAND} {smallest}");
    show(&smallest);
}

fn show(scenario: &Scenario) {
    println!("faults: {:?}", scenario.faults);
    let traced = std::panic::catch_unwind(|| scenario.trace());
    let report = traced.unwrap_or_else(|_| run(scenario));
    let is_news = |line: &&String| !line.contains(") PING") && !line.contains(") +PONG");
    for line in report.trace.iter().filter(is_news) {
        println!("{line}");
    }
    for violation in &report.violations {
        println!("VIOLATION: {violation}");
    }
}

fn exit_code(is_right: bool) -> ExitCode {
    if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn main() -> Result<ExitCode, Failure> {
    let arguments = Arguments::parse();
    let seeds = arguments.seeds()?;
    if arguments.brief {
        std::panic::set_hook(Box::new(|_| {})); // a panic is a line like any other
        let sums = search(&arguments, &seeds, &ProgressBar::hidden());
        return Ok(exit_code(sums.failed.is_empty()));
    }
    if seeds.end == seeds.start + 1 {
        let scenario = arguments.scenario(seeds.start);
        show(&scenario);
        return Ok(exit_code(run(&scenario).violations.is_empty()));
    }
    println!("seeds {seeds:?}, {} steps, {}", arguments.steps, arguments.profile);
    let start = Instant::now();
    // It is drawn on standard error, and nowhere if that is no terminal.
    let progress = ProgressBar::new(seeds.end.saturating_sub(seeds.start));
    progress.set_style(ProgressStyle::with_template(PROGRESS)?);
    let sums = search(&arguments, &seeds, &progress);
    progress.finish_and_clear();
    sums.print(start.elapsed());
    let Some(first) = sums.failed.first() else { return Ok(ExitCode::SUCCESS) };
    explain(&arguments.scenario(*first));
    Ok(ExitCode::FAILURE)
}
