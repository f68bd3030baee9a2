//! hashslot beside other clients, on one real cluster: `scripts/bench-peers`.
//!
//! - `workloads` says what is measured, `data` with which keys and values.
//! - `callers` makes the requests: tasks on an `executor`, or threads; `side_by_side` has several
//!   clients do so. Each file in `clients` says how one client makes one request; `limit` does
//!   without a client.
//! - `measure` runs one client for one round, `rounds` all of them in turn. `child` counts the
//!   system calls of one client in a process of its own, `idle` what memory a client takes, and
//!   `stream` what a million commands do.
//! - `report`, `csv` and `svg` write down what came out, `machine` where.

mod alloc;
mod arguments;
mod callers;
mod child;
mod clients;
mod csv;
mod data;
mod executor;
mod idle;
mod limit;
mod machine;
mod measure;
mod nodes;
mod report;
mod rounds;
mod side_by_side;
mod stream;
mod svg;
mod tally;
mod workloads;

// The harness of the tests starts the servers; a part of it is needed.
#[path = "../../../tests/servers/mod.rs"]
mod servers;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use arguments::Arguments;
use callers::Peer;
use child::Counter;
use data::Data;
use executor::OnTokio;
use measure::Machine;
use nodes::Nodes;
use rounds::Row;
use servers::cluster::{Cluster, Options};
use workloads::{WORKLOADS, Workload};

pub(crate) type Failure = Box<dyn Error + Send + Sync>;
pub(crate) type Outcome<T> = Result<T, Failure>;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

fn main() -> Outcome<()> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    if arguments.help {
        println!("{}", arguments::USAGE);
        return Ok(());
    }
    if arguments.list {
        list();
        return Ok(());
    }
    if let Some(file) = &arguments.redraw {
        return draw(&arguments, &fs::read_to_string(file)?);
    }
    if let Some(nodes) = &arguments.child_of {
        return child::run(nodes, &arguments);
    }
    compare(&arguments)
}

fn list() {
    println!("clients: {}\n", clients::NAMES.join(", "));
    for workload in &WORKLOADS {
        println!("{:<11} {}", workload.name, workload.describe());
    }
}

/// Writes the pictures of these tables that were asked for.
fn draw(arguments: &Arguments, tables: &str) -> Outcome<()> {
    write(arguments.svg.as_deref(), &svg::svg(tables))?;
    write(arguments.summary.as_deref(), &svg::summary(tables))
}

/// Starts a cluster, connects all clients, has them do all workloads, and writes down the figures.
fn compare(arguments: &Arguments) -> Outcome<()> {
    let server = find_server(arguments.server.as_deref())?;
    let cluster = Cluster::start(Options { replicas: 0, ..Options::new(&server) })?;
    let servers: Vec<u32> = (0..3).map(|index| cluster.node(index).pid()).collect();
    let nodes = Nodes::new(cluster.addresses());
    let data = Data::leak();
    data.store(&nodes)?;
    let tokio = OnTokio::new(arguments.current_thread)?;
    if arguments.idle {
        println!("{}", idle::table(&arguments.clients, &nodes, data, &tokio)?);
        return Ok(());
    }
    if arguments.stream {
        println!("{}", stream::table(&nodes, data, &tokio)?);
        return Ok(());
    }
    let mut peers = Vec::<Box<dyn Peer>>::new();
    for name in &arguments.clients {
        let peer = clients::connect(name, &nodes, &tokio);
        peers.push(peer.map_err(|error| format!("{name} does not connect: {error}"))?);
    }
    let runtime = if arguments.current_thread { "current-thread" } else { "with two workers" };
    let about = machine::describe(&server, runtime);
    let head = report::head(&about, arguments.extent);
    println!("{head}");

    let counter = if arguments.syscalls { Counter::find() } else { None };
    let machine = Machine::now(&servers);
    let (mut tables, mut results) = (String::new(), Vec::new());
    for workload in arguments.workloads.iter().copied() {
        let pinned = arguments.pinned && workload.name == "W1";
        let mut rows = measured(&mut peers, workload, data, &servers, arguments, pinned)?;
        if let Some(counter) = &counter {
            counter.count(&mut rows, workload, &nodes, arguments);
        }
        let table = report::table(workload, &rows, pinned);
        println!("{table}");
        tables += &format!("\n{table}");
        results.push((workload, rows));
    }
    let others = report::others(machine.others_since(&servers));
    println!("{others}");
    write(arguments.csv.as_deref(), &csv::csv(&results))?;
    draw(arguments, &tables)?;
    write(arguments.markdown.as_deref(), &format!("{head}{others}{tables}"))?;
    let failed = results.iter().flat_map(|(_, rows)| rows).any(|row| row.failure.is_some());
    if failed { Err("not every client could do its work".into()) } else { Ok(()) }
}

fn measured(
    peers: &mut [Box<dyn Peer>],
    workload: &'static Workload,
    data: &'static Data,
    servers: &[u32],
    arguments: &Arguments,
    pinned: bool,
) -> Outcome<Vec<Row>> {
    if !pinned {
        return rounds::run(peers, workload, data, servers, arguments.extent);
    }
    let cpus = measure::cpus()?;
    measure::pin(servers, &measure::first_of(&cpus))?;
    let rows = rounds::run(peers, workload, data, servers, arguments.extent);
    measure::pin(servers, &cpus)?;
    rows
}

fn find_server(name: Option<&str>) -> Outcome<PathBuf> {
    let found = match name {
        Some(name) => servers::find(name),
        None => servers::find_any(),
    };
    found.ok_or_else(|| "there is no server: scripts/servers fetches some".into())
}

fn write(path: Option<&Path>, text: &str) -> Outcome<()> {
    let Some(path) = path else { return Ok(()) };
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()).into())
}
