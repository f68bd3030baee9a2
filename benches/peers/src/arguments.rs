//! What the command line says.

use std::path::PathBuf;
use std::time::Duration;

use crate::Outcome;
use crate::clients;
use crate::rounds::Extent;
use crate::workloads::{WORKLOADS, Workload};

pub(crate) const USAGE: &str = "\
usage: scripts/bench-peers [options]
  --quick              three short rounds: under a minute, for orientation only
  --rounds N           rounds that count (7)
  --millis N           how long a client has in a round (350)
  --clients A,B        these clients only
  --workloads A,B      these workloads only; W2 stands for W2-64 and W2-512,
                       scale for what grows with tasks, clients with clients
  --pinned             W1 on one CPU, servers and clients
  --idle               only tells what memory a client takes that does nothing
  --stream             only sends a million SETs, as streams and as pipelines, with GETs beside
  --syscalls           counts system calls and memory too, with a process for each client
  --runtime KIND       tokio's: multi-thread (two workers) or current-thread
  --server NAME        one of those that scripts/servers fetches
  --csv FILE           writes the figures
  --svg FILE           writes a plot of the CPU time beside the limit's
  --summary FILE       writes a small plot of four workloads, on tokio
  --markdown FILE      writes the tables
  --redraw FILE        measures nothing, and draws the plots from the tables in this file
  --list               names clients and workloads";

#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) extent: Extent,
    pub(crate) clients: Vec<&'static str>,
    pub(crate) workloads: Vec<&'static Workload>,
    pub(crate) pinned: bool,
    pub(crate) idle: bool,
    pub(crate) stream: bool,
    pub(crate) syscalls: bool,
    pub(crate) current_thread: bool,
    pub(crate) server: Option<String>,
    pub(crate) csv: Option<PathBuf>,
    pub(crate) svg: Option<PathBuf>,
    pub(crate) summary: Option<PathBuf>,
    pub(crate) markdown: Option<PathBuf>,
    pub(crate) redraw: Option<PathBuf>,
    pub(crate) list: bool,
    pub(crate) help: bool,
    /// The addresses of a cluster that has the data: this process is a child, and does one workload
    /// with one client while the parent looks on.
    pub(crate) child_of: Option<String>,
}

impl Arguments {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut arguments = Self {
            extent: Extent { rounds: 7, time: Duration::from_millis(350) },
            clients: clients::usual(),
            workloads: Workload::usual(),
            pinned: false,
            idle: false,
            stream: false,
            syscalls: false,
            current_thread: false,
            server: None,
            csv: None,
            svg: None,
            summary: None,
            markdown: None,
            redraw: None,
            list: false,
            help: false,
            child_of: None,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--quick" => {
                    arguments.extent = Extent { rounds: 3, time: Duration::from_millis(100) };
                }
                "--rounds" => arguments.extent.rounds = value()?.parse()?,
                "--millis" => arguments.extent.time = Duration::from_millis(value()?.parse()?),
                "--clients" => arguments.clients = named_clients(&value()?)?,
                "--workloads" => arguments.workloads = named_workloads(&value()?)?,
                "--pinned" => arguments.pinned = true,
                "--idle" => arguments.idle = true,
                "--stream" => arguments.stream = true,
                "--syscalls" => arguments.syscalls = true,
                "--runtime" => arguments.current_thread = is_current_thread(&value()?)?,
                "--server" => arguments.server = Some(value()?),
                "--csv" => arguments.csv = Some(value()?.into()),
                "--svg" => arguments.svg = Some(value()?.into()),
                "--summary" => arguments.summary = Some(value()?.into()),
                "--redraw" => arguments.redraw = Some(value()?.into()),
                "--markdown" => arguments.markdown = Some(value()?.into()),
                "--list" => arguments.list = true,
                "--help" => arguments.help = true,
                "--child-of" => arguments.child_of = Some(value()?),
                _ => return Err(format!("what is {word}?\n{USAGE}").into()),
            }
        }
        Ok(arguments)
    }
}

fn named_clients(list: &str) -> Outcome<Vec<&'static str>> {
    let find = |name: &str| {
        let found = clients::NAMES.into_iter().find(|known| *known == name);
        found.ok_or_else(|| format!("no client {name}: {}", clients::NAMES.join(", ")).into())
    };
    list.split(',').map(find).collect()
}

fn named_workloads(list: &str) -> Outcome<Vec<&'static Workload>> {
    let mut found = Vec::new();
    for name in list.split(',') {
        let is_of = |workload: &&Workload| {
            workload.name == name || workload.name.strip_prefix(name).is_some_and(is_variant)
        };
        let before = found.len();
        match Workload::named(name) {
            Some(workload) => found.push(workload),
            None => found.extend(WORKLOADS.iter().filter(is_of)),
        }
        if found.len() == before {
            return Err(format!("no workload {name}: --list names them").into());
        }
    }
    Ok(found)
}

fn is_variant(rest: &str) -> bool {
    rest.starts_with('-')
}

fn is_current_thread(kind: &str) -> Outcome<bool> {
    match kind {
        "current-thread" => Ok(true),
        "multi-thread" => Ok(false),
        _ => Err(format!("no runtime {kind}: multi-thread or current-thread").into()),
    }
}
