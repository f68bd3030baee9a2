//! `redis-benchmark --cluster`, for orientation only. This C program has three threads and keys of
//! its own, and does not check its replies. It has a connection for each caller, never waits for
//! all nodes, and looks at its clock four times a second. Its CPU time includes its start.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::Outcome;
use crate::callers::{Job, Peer};
use crate::data::VALUE_LEN;
use crate::measure::Figures;
use crate::nodes::Nodes;
use crate::tally::Tally;
use crate::workloads::{Kind, Workload};

/// In less time it has hardly looked at its clock.
const LEAST_TIME: Duration = Duration::from_millis(500);

struct RedisBenchmark {
    name: &'static str,
    program: Option<PathBuf>,
    node: (String, u16),
}

/// Without the program there is nothing that it can do.
pub(super) fn connect(name: &'static str, nodes: &Nodes) -> Outcome<Box<dyn Peer>> {
    let (host, port) = nodes.hosts().next().ok_or("no node")?;
    let node = (host.to_owned(), port);
    let program = find();
    let subject = RedisBenchmark { name, program, node };
    if subject.program.is_some() {
        // Values for the keys that it will ask for.
        subject.call(&["-t", "set", "-c", "3", "-P", "100"], 400_000)?;
    }
    Ok(Box::new(subject))
}

/// Beside the servers, or on the path.
fn find() -> Option<PathBuf> {
    let servers = std::env::var_os("HASHSLOT_SERVERS").map(PathBuf::from);
    let beside = servers.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten();
    let beside = beside.filter_map(|entry| Some(entry.ok()?.path()));
    let path = std::env::var_os("PATH")?;
    beside
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join("redis-benchmark"))
        .find(|file| runs(file))
}

/// It may be there and lack libraries.
fn runs(program: &Path) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

impl Peer for RedisBenchmark {
    fn name(&self) -> &'static str {
        self.name
    }

    fn can(&self, workload: &Workload) -> bool {
        let kind = matches!(workload.kind, Kind::Get | Kind::GetAndSet | Kind::Batch);
        self.program.is_some() && kind && workload.value_len == VALUE_LEN
    }

    fn run(&mut self, _: Job) -> Outcome<Tally> {
        Err("is a program of its own".into())
    }

    fn external(&mut self, job: Job, time: Duration) -> Option<Outcome<Figures>> {
        Some(self.round(job.workload, time))
    }
}

impl RedisBenchmark {
    fn round(&self, workload: &Workload, time: Duration) -> Outcome<Figures> {
        // It takes a number, not a time. The rates are guesses: what it measures is too coarse to
        // learn from in a short round.
        let (clients, at_once, rate) = match workload.kind {
            Kind::Batch => (3, workload.keys / 3, 1_000_000.0), // one batch, a part for each node
            _ if workload.callers == 1 => (1, 1, 30_000.0),
            _ => (workload.callers, 1, 100_000.0),
        };
        let count = (rate * time.max(LEAST_TIME).as_secs_f64()) as u64;
        let test = if workload.kind == Kind::GetAndSet { "set,get" } else { "get" };
        let (clients, at_once) = (clients.to_string(), at_once.to_string());
        let options = ["-t", test, "-c", &clients, "-P", &at_once];
        let before = children_time();
        let results = self.call(&options, count / test.split(',').count() as u64)?;
        let cpu = children_time().saturating_sub(before);
        let mean = |index: usize| {
            let values = results.iter().filter_map(|line| line.get(index));
            values.sum::<f64>() / results.len() as f64
        };
        Ok(Figures {
            ops_per_s: mean(0),
            cpu_us: cpu.as_secs_f64() * 1e6 / count as f64,
            p50_us: mean(3) * 1e3,
            p99_us: mean(5) * 1e3,
            ..Figures::UNKNOWN
        })
    }

    /// The numbers that it prints for each test: operations a second, then milliseconds: average,
    /// least, and at 50, 95, 99 and 100 %.
    fn call(&self, options: &[&str], count: u64) -> Outcome<Vec<Vec<f64>>> {
        let program = self.program.as_ref().ok_or("no redis-benchmark")?;
        let (host, port) = &self.node;
        let output = Command::new(program)
            .args(["--cluster", "--csv", "-r", "100000", "-d", &VALUE_LEN.to_string()])
            .args(["-h", host, "-p", &port.to_string(), "-n", &count.to_string()])
            .args(options)
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let lines =
            text.lines().filter(|line| line.starts_with("\"SET\"") || line.contains("\"GET\""));
        let numbers = |line: &str| {
            let words = line.split(',').skip(1).map(|word| word.trim_matches('"').parse().ok());
            words.collect::<Option<Vec<f64>>>()
        };
        let results = lines.map(numbers).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty());
        results.ok_or_else(|| format!("{text}{}", String::from_utf8_lossy(&output.stderr)).into())
    }
}

/// The CPU time of children that have ended, in hundredths of a second.
fn children_time() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks =
        fields.split_whitespace().skip(13).take(2).filter_map(|word| word.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}
