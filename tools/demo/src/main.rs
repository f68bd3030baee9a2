//! The main job: a program talks to a cluster that changes under it.
//!
//! Starts three primaries and three replicas as real servers on loopback, has many tasks write and
//! read back values, and meanwhile moves slots with keys in them, fails one primary over and kills
//! another. Every value that is read is checked. `scripts/demo` runs it with all its set-up.
//!
//! - `--runtime tokio|smol|async-std|blocking`: what the client runs on; default: tokio
//! - `--announce ip|mapped|unknown|hostname|ipv6`: how the nodes tell where they are; default: ip
//! - `--seconds N`, `--tasks N`: how long, and how many callers
//! - `--nodes host:port,..`: runs against a cluster of yours, which it only writes keys of its own
//!   to, and deletes them

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
use stage::Announce;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug)]
struct Arguments {
    nodes: Option<String>,
    runtime: String,
    announce: Announce,
    length: Duration,
    tasks: u64,
}

impl Arguments {
    fn read() -> Result<Self, Failure> {
        let mut arguments = Self {
            nodes: None,
            runtime: "tokio".into(),
            announce: Announce::Ip,
            length: Duration::from_secs(12),
            tasks: 48,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--nodes" => arguments.nodes = Some(value),
                "--runtime" => arguments.runtime = value,
                "--announce" => arguments.announce = value.parse()?,
                "--seconds" => arguments.length = Duration::from_secs(value.parse()?),
                "--tasks" => arguments.tasks = value.parse()?,
                _ => return Err(format!("unknown option {word}").into()),
            }
        }
        Ok(arguments)
    }
}

fn run() -> Result<ExitCode, Failure> {
    let arguments = Arguments::read()?;
    match arguments.runtime.as_str() {
        "tokio" => run_on(&Tokio::new()?, &arguments),
        "smol" => run_on(&Smol, &arguments),
        "async-std" => run_on(&AsyncStd, &arguments),
        "blocking" => run_on(&Blocking, &arguments),
        other => Err(format!("there is no runtime {other}").into()),
    }
}

fn run_on<A: Adapter>(adapter: &A, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let stage = stage::set(arguments.nodes.as_deref(), arguments.announce)?;
    let (seeds, map) = (stage.seeds.clone(), stage.map.clone());
    let client = adapter.connect(seeds, map)?;
    work::run(adapter, &client, arguments.tasks, arguments.length, stage.cluster.as_ref())
}

fn main() -> ExitCode {
    run().unwrap_or_else(|failure| {
        println!("demo: {failure}");
        ExitCode::FAILURE
    })
}
