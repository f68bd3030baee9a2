//! Breaks real clusters under load, and checks that the client keeps its promises.
//!
//! Each scenario starts three primaries and three replicas on loopback, lets 64 tasks call, does
//! one kind of harm, and compares what the servers hold in the end with what the callers were told.
//! One line tells how it went. Counts must be exact; times depend on the machine, so they stand
//! beside what a prober without any code of the client measured, and fail a run only when they are
//! far off. `scripts/chaos` runs it with all its set-up.

#![expect(clippy::print_stdout, reason = "it tells how it goes")]

// The harness of the tests starts the servers; the program needs a part of it.
#[path = "../../../tests/servers/mod.rs"]
mod servers;

mod canaries;
mod failing;
mod figures;
mod load;
mod moving;
mod network;
mod oracle;
mod prober;
mod stage;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, value_parser};
use figures::Figures;
use indicatif::{ProgressBar, ProgressStyle};
use stage::{Failure, Setup};

/// A scenario that takes longer than this and four loads hangs.
const SCENARIO_LIMIT: Duration = Duration::from_secs(180);

/// What the progress bar shows.
const PROGRESS: &str = "{elapsed_precise} {bar:20} {pos} of {len}, {wide_msg}";

/// What there is, in its order.
const SCENARIOS: [(&str, &str); 13] = [
    ("C-0", "harm is planted, and seen"),
    ("C-1", "SIGKILL each primary in turn"),
    ("C-2", "SIGSTOP a primary for 5 s"),
    ("C-3", "CLUSTER FAILOVER ten times"),
    ("C-4", "FAILOVER FORCE and TAKEOVER"),
    ("C-5", "a slot held MIGRATING"),
    ("C-6", "1,000 slots with 50,000 keys move"),
    ("C-7", "1,000 commands meet a moved slot"),
    ("C-8", "CLIENT KILL every 50 ms"),
    ("C-9", "DEBUG SLEEP and CLIENT PAUSE"),
    ("C-10", "a cut at every byte"),
    ("C-11", "a black hole for 10 s"),
    ("C-12", "nodes come, go and change ports"),
];

async fn play(name: &str, setup: &Setup) -> Result<Figures, Failure> {
    match name {
        "C-0" => canaries::planted(setup).await,
        "C-1" => failing::kill(setup).await,
        "C-2" => failing::freeze(setup).await,
        "C-3" => failing::fail_over(setup).await,
        "C-4" => failing::force(setup).await,
        "C-5" => moving::held_slot(setup).await,
        "C-6" => moving::reshard(setup).await,
        "C-7" => moving::moved_slot(setup).await,
        "C-8" => network::client_kill(setup).await,
        "C-9" => network::slow_node(setup).await,
        "C-10" => network::every_byte(setup).await,
        "C-11" => network::black_hole(setup).await,
        "C-12" => moving::nodes_change(setup).await,
        _ => Err(format!("no scenario {name}").into()),
    }
}

/// Breaks real clusters under load, and checks that the client keeps its promises
#[derive(Debug, Parser)]
#[command(name = "hashslot-chaos")]
struct Arguments {
    /// How long a load goes on where nothing else limits it
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u64).range(1..))]
    seconds: u64,
    /// The server to run, such as valkey-9.1 [default: one that scripts/servers has built]
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// The scenarios to play, such as C-0,C-7 [default: all]
    #[arg(
        long,
        value_name = "NAME,..",
        value_delimiter = ',',
        value_parser = SCENARIOS.map(|(name, _)| name),
        hide_possible_values = true
    )]
    only: Vec<String>,
    /// List the scenarios, and play none
    #[arg(long)]
    list: bool,
}

impl Arguments {
    fn setup(&self) -> Result<Setup, Failure> {
        let server = self.server.as_deref().map_or_else(servers::find_any, servers::find);
        let server = server.ok_or("no such server: run scripts/servers")?;
        Ok(Setup { server, length: Duration::from_secs(self.seconds) })
    }

    /// The scenarios to play, in the order of the list.
    fn scenarios(&self) -> Vec<(&'static str, &'static str)> {
        let is_wanted = |name: &str| self.only.is_empty() || self.only.iter().any(|o| o == name);
        SCENARIOS.into_iter().filter(|(name, _)| is_wanted(name)).collect()
    }
}

/// A bar that names the scenario that plays. It is drawn on standard error, and nowhere if that is
/// no terminal.
fn progress(scenario_count: usize) -> Result<ProgressBar, Failure> {
    let progress = ProgressBar::new(u64::try_from(scenario_count)?);
    progress.set_style(ProgressStyle::with_template(PROGRESS)?);
    progress.enable_steady_tick(Duration::from_millis(200));
    Ok(progress)
}

/// Plays scenarios one after the other: whether all went as they must.
fn run(arguments: &Arguments) -> Result<bool, Failure> {
    if arguments.list {
        for (name, what) in SCENARIOS {
            println!("{name:<5} {what}");
        }
        return Ok(true);
    }
    let setup = arguments.setup()?;
    println!("chaos on {:?}", servers::Version::of(&setup.server)?);
    let scenarios = arguments.scenarios();
    let progress = progress(scenarios.len())?;
    let mut total = Figures::default();
    for (name, what) in scenarios {
        progress.set_message(format!("{name}: {what}"));
        let begun_at = Instant::now();
        let figures = play_alone(name, &setup).unwrap_or_else(|failure| {
            let mut figures = Figures::default();
            figures.must(false, format!("{failure}"));
            figures
        });
        let took = begun_at.elapsed().as_secs_f32();
        let verdict = figures.verdict();
        progress.suspend(|| println!("{name:<5} {verdict} {what} ({took:.0} s): {figures}"));
        progress.inc(1);
        total.add(figures);
    }
    progress.finish_and_clear();
    println!("chaos: {}", total.closing_line());
    Ok(total.has_passed())
}

/// Plays one scenario on a runtime of its own: two threads for the load, and this one, which may
/// block, for the harm.
fn play_alone(name: &str, setup: &Setup) -> Result<Figures, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let limit = SCENARIO_LIMIT + setup.length * 4;
    let played = runtime.block_on(async { tokio::time::timeout(limit, play(name, setup)).await });
    // Whatever still runs is not waited for: it may be what hangs.
    runtime.shutdown_background();
    played.map_err(|_| format!("hangs: no end within {limit:?}"))?
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            println!("chaos: {failure}");
            ExitCode::FAILURE
        }
    }
}
