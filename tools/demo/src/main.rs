//! The main job: a program talks to a cluster that changes under it.
//!
//! Starts three primaries and three replicas as real servers on loopback, has many tasks write and
//! read back values, and meanwhile moves slots with keys in them, fails one primary over and kills
//! another. Every value that is read is checked. `scripts/demo` runs it with all its set-up.
//!
//! `--help` tells all options. A bar shows the progress where standard error is a terminal.

#![expect(clippy::print_stdout, reason = "it tells how it goes")]

// The harness of the tests starts the servers; the program needs a part of it.
#[path = "../../../tests/servers/mod.rs"]
mod servers;

mod adapters;
mod stage;
mod work;

use std::process::ExitCode;
use std::time::Duration;

use adapters::{Adapter, AsyncStd, Blocking, Smol, Tokio};
use clap::{Parser, ValueEnum};
use hashslot::Address;
use stage::Announce;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the client runs on.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Runtime {
    Tokio,
    Smol,
    AsyncStd,
    Blocking,
}

/// Writes and reads back values while the cluster changes, and checks every value
#[derive(Debug, Parser)]
#[command(name = "hashslot-demo")]
struct Arguments {
    /// Runtime of the client
    #[arg(long, value_enum, value_name = "NAME", default_value_t = Runtime::Tokio)]
    runtime: Runtime,
    /// How the nodes tell where they are
    #[arg(long, value_enum, value_name = "WAY", default_value_t = Announce::Ip)]
    announce: Announce,
    /// How long the callers work
    #[arg(long, value_name = "N", default_value_t = 12)]
    seconds: u64,
    /// How many callers work at the same time
    #[arg(long, value_name = "N", default_value_t = 48)]
    tasks: u64,
    /// A cluster of yours, in place of a new one: the demo writes only keys of its own
    ///
    /// It deletes these keys at the end.
    #[arg(long, value_name = "HOST:PORT,..", value_delimiter = ',')]
    nodes: Vec<Address>,
}

fn run() -> Result<ExitCode, Failure> {
    let arguments = Arguments::parse();
    match arguments.runtime {
        Runtime::Tokio => run_on(&Tokio::new()?, &arguments),
        Runtime::Smol => run_on(&Smol, &arguments),
        Runtime::AsyncStd => run_on(&AsyncStd, &arguments),
        Runtime::Blocking => run_on(&Blocking, &arguments),
    }
}

fn run_on<A: Adapter>(adapter: &A, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let stage = stage::set(&arguments.nodes, arguments.announce)?;
    let (seeds, map) = (stage.seeds.clone(), stage.map.clone());
    let client = adapter.connect(seeds, map)?;
    let length = Duration::from_secs(arguments.seconds);
    work::run(adapter, &client, arguments.tasks, length, stage.cluster.as_ref())
}

fn main() -> ExitCode {
    run().unwrap_or_else(|failure| {
        println!("demo: {failure}");
        ExitCode::FAILURE
    })
}
