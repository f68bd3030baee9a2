//! Searches for wrong behaviour: runs simulated clusters, one a seed, and stops at the first that
//! shows any, with a command that runs it again and a short trace.
//!
//! `cargo run --release --package hashslot-simulate -- --seeds 0..20 --profile reshard`
//!
//! - `--seeds A..B`: from A up to B; one seed alone is run with a trace. Default: 1000 fresh ones.
//! - `--profile NAME`: what may happen, such as `calm`, `failover` or `everything`, the default.
//! - `--steps N`: how many commands the clients of one seed send. Default: 500.
//! - `--without FAULT`: a fault less; may be given more often.
//! - `--jobs N`: how many threads search. Default: one for each processor.
//! - `--twice`: runs each seed twice, and compares the runs.
//! - `--keep-going`: counts the seeds that fail, and stops at none of them.
//! - `--except N,N..`: seeds that are left out.
//! - `--brief`: one line for each seed that fails, and nothing else.

#![expect(clippy::print_stdout, reason = "it tells what it finds")]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use hashslot::sim::{Fault, Profile, Report, Scenario};

type Failure = Box<dyn std::error::Error>;

struct Arguments {
    seeds: Range<u64>,
    profile: Profile,
    steps: usize,
    without: Vec<Fault>,
    jobs: usize,
    runs_twice: bool,
    keeps_going: bool,
    except: BTreeSet<u64>,
    is_brief: bool,
}

impl Arguments {
    fn read() -> Result<Self, Failure> {
        let fresh = SystemTime::UNIX_EPOCH.elapsed()?.as_secs() << 20;
        let mut arguments = Self {
            seeds: fresh..fresh + 1000,
            profile: Profile::Everything,
            steps: 500,
            without: Vec::new(),
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            runs_twice: false,
            keeps_going: false,
            except: BTreeSet::new(),
            is_brief: false,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match &*word {
                "--seeds" => {
                    let value = value()?;
                    let (first, end) = value.split_once("..").ok_or("--seeds needs A..B")?;
                    arguments.seeds = first.parse()?..end.parse()?;
                }
                "--profile" => arguments.profile = value()?.parse()?,
                "--steps" => arguments.steps = value()?.parse()?,
                "--without" => arguments.without.push(value()?.parse()?),
                "--jobs" => arguments.jobs = value()?.parse()?,
                "--twice" => arguments.runs_twice = true,
                "--keep-going" => arguments.keeps_going = true,
                "--except" => {
                    let value = value()?;
                    let seeds = value.split(',').filter(|seed| !seed.is_empty());
                    arguments.except = seeds.map(str::parse).collect::<Result<_, _>>()?;
                }
                "--brief" => arguments.is_brief = true,
                other => {
                    return Err(format!("{other} is no option; see examples/simulate.rs").into());
                }
            }
        }
        Ok(arguments)
    }

    fn scenario(&self, seed: u64) -> Scenario {
        let drawn = Scenario::draw(seed, self.profile, self.steps);
        self.without.iter().fold(drawn, |scenario, fault| scenario.without(*fault))
    }
}

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
fn search(arguments: &Arguments) -> Sums {
    let next = AtomicU64::new(arguments.seeds.start);
    let stop = AtomicBool::new(false);
    let sums = Mutex::new(Sums::default());
    std::thread::scope(|scope| {
        for _ in 0..arguments.jobs.max(1) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= arguments.seeds.end {
                        return;
                    }
                    if arguments.except.contains(&seed) {
                        continue;
                    }
                    let scenario = arguments.scenario(seed);
                    let report = run(&scenario);
                    let differs = arguments.runs_twice && run(&scenario).hash != report.hash;
                    let mut sums = sums.lock().expect("no thread panics");
                    sums.add(&report);
                    if differs || !report.violations.is_empty() {
                        let complaint = match report.violations.first() {
                            Some(complaint) if arguments.is_brief => format!(": {complaint}"),
                            _ => (if differs { ": two runs differ" } else { "" }).into(),
                        };
                        println!("seed {seed} fails{complaint}");
                        sums.failed.push(seed);
                        stop.store(!arguments.keeps_going, Ordering::Relaxed);
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
    println!("replay: cargo run --release --package hashslot-simulate -- {scenario}");
    let smallest = scenario.shrink_with(|scenario| !run(scenario).violations.is_empty());
    println!("smallest: cargo run --release --package hashslot-simulate -- {smallest}");
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

fn main() -> Result<ExitCode, Failure> {
    let arguments = Arguments::read()?;
    if arguments.seeds.end == arguments.seeds.start + 1 && !arguments.is_brief {
        let scenario = arguments.scenario(arguments.seeds.start);
        show(&scenario);
        let is_right = run(&scenario).violations.is_empty();
        return Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    if arguments.is_brief {
        std::panic::set_hook(Box::new(|_| {})); // a panic is a line like any other
        let is_right = search(&arguments).failed.is_empty();
        return Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    println!("seeds {:?}, {} steps, {}", arguments.seeds, arguments.steps, arguments.profile);
    let start = Instant::now();
    let sums = search(&arguments);
    sums.print(start.elapsed());
    let Some(first) = sums.failed.first() else { return Ok(ExitCode::SUCCESS) };
    explain(&arguments.scenario(*first));
    Ok(ExitCode::FAILURE)
}
