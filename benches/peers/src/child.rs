//! System calls and memory of one client: a process of its own for each, with a tool that looks on.
//!
//! The child connects, warms up and waits; then the tool is attached; then the child makes
//! requests. Elsewhere requests are measured without the tool, because the tool slows the child
//! down. Strace slows it so much that writes are joined that would be separate otherwise. So the
//! benchmark uses perf where perf works.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Outcome;
use crate::arguments::Arguments;
use crate::callers::Job;
use crate::clients::{self, REDIS_BENCHMARK};
use crate::data::Data;
use crate::executor::OnTokio;
use crate::measure::memory_kib;
use crate::nodes::Nodes;
use crate::rounds::Row;
use crate::workloads::Workload;

const EVENT: &str = "raw_syscalls:sys_enter";
const WARM_UP: Duration = Duration::from_millis(100);
/// How long a tool takes to be attached to all threads.
const ATTACH_TIME: Duration = Duration::from_millis(300);

/// What counts system calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counter {
    Perf,
    Strace,
}

/// The part of the child: `--child-of NODES --clients CLIENT --workloads WORKLOAD`.
pub(crate) fn run(nodes: &str, arguments: &Arguments) -> Outcome<()> {
    let nodes = Nodes::new(nodes.split(',').map(str::to_owned).collect());
    let client = arguments.clients.first().ok_or("no client")?;
    let workload = *arguments.workloads.first().ok_or("no workload")?;
    let data = Data::leak();
    let tokio = OnTokio::new(arguments.current_thread)?;
    let before = memory_kib("VmHWM");
    let mut peer = clients::connect(client, &nodes, &tokio)?;
    let mut work = |time| peer.run(Job { workload, data, until: Instant::now() + time });
    work(WARM_UP)?;
    println!("ready");
    io::stdin().read_line(&mut String::new())?;
    let operations = work(arguments.extent.time)?.requests * workload.operations();
    println!("{operations} {}", memory_kib("VmHWM").saturating_sub(before));
    // The end of a client makes system calls too: they wait until the tool is gone.
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}

impl Counter {
    /// The best that works here.
    pub(crate) fn find() -> Option<Self> {
        let works = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        if works("perf", &["stat", "-e", EVENT, "true"]) {
            Some(Self::Perf)
        } else if works("strace", &["-c", "true"]) {
            Some(Self::Strace)
        } else {
            eprintln!("neither perf nor strace may count system calls here");
            None
        }
    }

    /// Counts for every client that was measured.
    pub(crate) fn count(
        self,
        rows: &mut [Row],
        workload: &Workload,
        nodes: &Nodes,
        arguments: &Arguments,
    ) {
        let can = |row: &&mut Row| !row.rounds.is_empty() && row.client != REDIS_BENCHMARK;
        for row in rows.iter_mut().filter(can) {
            match self.count_one(row.client, workload, nodes, arguments) {
                Ok((syscalls, peak_mib)) => {
                    (row.syscalls, row.peak_mib) = (Some(syscalls), Some(peak_mib));
                }
                Err(error) => eprintln!("{}, {}: {error}", row.client, workload.name),
            }
        }
    }

    /// System calls per operation, and the MiB that the client needed at the most.
    fn count_one(
        self,
        client: &str,
        workload: &Workload,
        nodes: &Nodes,
        arguments: &Arguments,
    ) -> Outcome<(f64, f64)> {
        let mut child = Conversation::start(client, workload, nodes, arguments)?;
        child.hear()?;
        let file = std::env::temp_dir().join(format!("hashslot-peers-{}", std::process::id()));
        let mut tool = self.attach(child.process.id(), &file)?;
        thread::sleep(ATTACH_TIME);
        child.say("go")?;
        let line = child.hear();
        // Both write down what they have counted when they are interrupted.
        kill_process(Pid::from_child(&tool), Signal::INT)?;
        tool.wait()?;
        let line = line?;
        child.say("end")?;
        child.process.wait()?;
        let text = fs::read_to_string(&file)?;
        fs::remove_file(&file)?;
        let count = self.read(&text).ok_or_else(|| format!("no count: {text}"))?;
        let (operations, kib) = line.split_once(' ').ok_or("the child said nothing")?;
        Ok((count / operations.parse::<f64>()?, kib.parse::<f64>()? / 1024.0))
    }

    fn attach(self, pid: u32, file: &PathBuf) -> io::Result<Child> {
        let pid = pid.to_string();
        let mut command = match self {
            Self::Perf => Command::new("perf"),
            Self::Strace => Command::new("strace"),
        };
        match self {
            Self::Perf => command.args(["stat", "-x", ",", "-e", EVENT, "-p", &pid]),
            Self::Strace => command.args(["-c", "-f", "-p", &pid]),
        };
        command.arg("-o").arg(file).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    }

    /// The number in what the tool wrote.
    fn read(self, text: &str) -> Option<f64> {
        match self {
            // 123,,raw_syscalls:sys_enter,..
            Self::Perf => {
                let line = text.lines().find(|line| line.contains(EVENT))?;
                line.split(',').next()?.parse().ok()
            }
            // 100.00    0.012345           3       123         4 total
            Self::Strace => {
                let line = text.lines().find(|line| line.ends_with("total"))?;
                line.split_whitespace().nth(3)?.parse().ok()
            }
        }
    }
}

/// A child, and lines to it and from it. It ends with its parent, or with this.
struct Conversation {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let _ended_before = self.process.kill();
        let _ended_before = self.process.wait();
    }
}

impl Conversation {
    fn start(
        client: &str,
        workload: &Workload,
        nodes: &Nodes,
        arguments: &Arguments,
    ) -> Outcome<Self> {
        let millis = arguments.extent.time.as_millis().to_string();
        let runtime = if arguments.current_thread { "current-thread" } else { "multi-thread" };
        let mut process = Command::new(std::env::current_exe()?)
            .args(["--child-of", &nodes.list(), "--clients", client])
            .args(["--workloads", workload.name, "--millis", &millis, "--runtime", runtime])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let to = process.stdin.take().ok_or("no way to the child")?;
        let from = BufReader::new(process.stdout.take().ok_or("no way from the child")?);
        Ok(Self { process, to, from })
    }

    fn say(&mut self, word: &str) -> io::Result<()> {
        writeln!(self.to, "{word}")
    }

    fn hear(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.from.read_line(&mut line)? == 0 {
            return Err("the child has ended".into());
        }
        Ok(line.trim_end().to_owned())
    }
}
