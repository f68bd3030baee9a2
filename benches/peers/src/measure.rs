//! One run of one client, and what it cost.

use std::fs;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

use crate::Outcome;
use crate::alloc;
use crate::callers::{Job, Peer};
use crate::data::Data;
use crate::workloads::Workload;

/// What one round of one client came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) ops_per_s: f64,
    /// CPU time of this process.
    pub(crate) cpu_us: f64,
    /// CPU time of the servers: they and the client share the machine, and a client that sends in
    /// small pieces costs them more.
    pub(crate) server_cpu_us: f64,
    pub(crate) allocations: f64,
    pub(crate) allocated_bytes: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

impl Figures {
    /// Nothing is known.
    pub(crate) const UNKNOWN: Self = Self {
        ops_per_s: f64::NAN,
        cpu_us: f64::NAN,
        server_cpu_us: f64::NAN,
        allocations: f64::NAN,
        allocated_bytes: f64::NAN,
        p50_us: f64::NAN,
        p99_us: f64::NAN,
    };
}

/// Runs a client for some time, and compares what was used up before and after.
pub(crate) fn measure(
    peer: &mut dyn Peer,
    workload: &'static Workload,
    data: &'static Data,
    time: Duration,
    servers: &[u32],
) -> Outcome<Figures> {
    let job = Job { workload, data, until: Instant::now() + time };
    if let Some(figures) = peer.external(job, time) {
        return figures;
    }
    let before = Reading::now(servers);
    let tally = peer.run(job)?;
    let after = Reading::now(servers);
    let count = (tally.requests * workload.operations()) as f64;
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / count;
    Ok(Figures {
        ops_per_s: count / (after.at - before.at).as_secs_f64(),
        cpu_us: micros(after.cpu.saturating_sub(before.cpu)),
        server_cpu_us: micros(after.servers.saturating_sub(before.servers)),
        allocations: (after.allocations - before.allocations) as f64 / count,
        allocated_bytes: (after.allocated_bytes - before.allocated_bytes) as f64 / count,
        p50_us: tally.quantile_us(0.5),
        p99_us: tally.quantile_us(0.99),
    })
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    at: Instant,
    cpu: Duration,
    servers: Duration,
    allocations: u64,
    allocated_bytes: u64,
}

impl Reading {
    fn now(servers: &[u32]) -> Self {
        let (allocations, allocated_bytes) = alloc::counted();
        let servers = servers.iter().map(|pid| main_thread_time(*pid)).sum();
        Self { at: Instant::now(), cpu: cpu_time(), servers, allocations, allocated_bytes }
    }
}

/// User and system time of all threads of this process, to the nanosecond.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The CPU time of a server: its main thread does all that matters here.
fn main_thread_time(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// A line of `/proc/self/status` in KiB, such as `VmHWM`.
pub(crate) fn memory_kib(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The CPUs that this process may use.
pub(crate) fn cpus() -> Outcome<CpuSet> {
    Ok(sched_getaffinity(None)?)
}

/// The first of them.
pub(crate) fn first_of(cpus: &CpuSet) -> CpuSet {
    let mut first = CpuSet::new();
    if let Some(cpu) = (0..CpuSet::MAX_CPU).find(|cpu| cpus.is_set(*cpu)) {
        first.set(cpu);
    }
    first
}

/// Keeps this process and the servers, with all their threads, to some CPUs.
pub(crate) fn pin(servers: &[u32], cpus: &CpuSet) -> Outcome<()> {
    for pid in servers.iter().copied().chain([std::process::id()]) {
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            let id = thread?.file_name().to_string_lossy().parse()?;
            // A thread may have ended since.
            let _gone = sched_setaffinity(Pid::from_raw(id), cpus);
        }
    }
    Ok(())
}

/// What the machine's CPUs did, to tell afterwards how much of it was for others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    busy: u64,
    all: u64,
    own: Duration,
}

impl Machine {
    pub(crate) fn now(servers: &[u32]) -> Self {
        let (busy, all) = machine_ticks();
        let of_servers: Duration = servers.iter().map(|pid| main_thread_time(*pid)).sum();
        Self { busy, all, own: cpu_time() + of_servers }
    }

    /// The part of all CPU time since then that went to other processes.
    pub(crate) fn others_since(self, servers: &[u32]) -> f64 {
        /// Of a second, as Linux tells them to every process.
        const TICKS: f64 = 100.0;
        let now = Self::now(servers);
        let own = now.own.saturating_sub(self.own).as_secs_f64() * TICKS;
        let (busy, all) = (now.busy - self.busy, now.all - self.all);
        ((busy as f64 - own) / all.max(1) as f64).max(0.0)
    }
}

/// Ticks of all CPUs that were not idle, and all.
fn machine_ticks() -> (u64, u64) {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let ticks: Vec<u64> =
        line.split_whitespace().skip(1).take(8).filter_map(|word| word.parse().ok()).collect();
    let all: u64 = ticks.iter().sum();
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    (all - idle, all)
}
