//! The main job: a program talks to a cluster that changes under it.
//!
//! Starts three primaries and three replicas as real servers on loopback, has many tasks write and
//! read back values, and meanwhile moves slots with keys in them, fails one primary over and kills
//! another. Every value that is read is checked. `scripts/demo` runs it with all its set-up;
//! `--nodes host:port,..` runs it against a cluster of yours, which it only writes keys of its own
//! to, and deletes them.

#![expect(clippy::print_stdout, reason = "it tells how it goes")]

// The harness of the tests starts the servers; the example needs a part of it.
#[path = "../tests/servers/mod.rs"]
mod servers;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hashslot::tokio::Client;
use hashslot::topology::{Node, Shard, Topology};
use hashslot::{Address, Error, Phase, Slot, Stats};
use servers::cluster::{Cluster, Options};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A call that has no answer after this long never gets one: the client's own budget is 20 s.
const ANSWER_LIMIT: Duration = Duration::from_secs(40);
/// Keys of one task; all have one hash tag, so that a slot that moves is met half-way.
const KEY_COUNT: u64 = 8;

#[derive(Debug)]
struct Arguments {
    nodes: Option<String>,
    seconds: u64,
    tasks: u64,
}

impl Arguments {
    fn read() -> Result<Self, Failure> {
        let mut arguments = Self { nodes: None, seconds: 12, tasks: 48 };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--nodes" => arguments.nodes = Some(value),
                "--seconds" => arguments.seconds = value.parse()?,
                "--tasks" => arguments.tasks = value.parse()?,
                _ => return Err(format!("unknown option {word}").into()),
            }
        }
        Ok(arguments)
    }
}

#[derive(Debug, Default)]
struct Counters {
    calls: AtomicU64,
    wrong: AtomicU64,
    unanswered: AtomicU64,
    maybe_executed: AtomicU64,
    not_executed: AtomicU64,
    failovers: AtomicU64,
    is_over: AtomicBool,
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Counters {
    /// Counts a call and how it ended. The value, if it ended with one.
    fn note<V>(&self, what: &str, answer: Option<Result<V, Error>>) -> Ended<V> {
        add(&self.calls);
        match answer {
            None => {
                add(&self.unanswered);
                Ended::Unknown
            }
            Some(Ok(value)) => Ended::Value(value),
            Some(Err(Error::MaybeExecuted { .. } | Error::TimedOut { phase: Phase::Sent, .. })) => {
                add(&self.maybe_executed);
                Ended::Unknown
            }
            Some(Err(error)) if !error.may_have_executed() => {
                println!("  {what}: {error}");
                add(&self.not_executed);
                Ended::NotExecuted
            }
            Some(Err(error)) => {
                println!("  {what}: {error}");
                add(&self.wrong);
                Ended::Unknown
            }
        }
    }
}

enum Ended<V> {
    Value(V),
    NotExecuted,
    Unknown,
}

/// What a key may hold: the last value that was acknowledged, or one that may have been written since.
#[derive(Debug, Clone, Default)]
struct Expected(Vec<Option<u64>>);

/// One task: writes values that nobody else writes, and reads each back.
async fn work(client: Client, counters: Arc<Counters>, prefix: String) {
    let keys: Vec<_> = (0..KEY_COUNT).map(|key| format!("{prefix}:{key}")).collect();
    let mut expected = vec![Expected(vec![None]); keys.len()];
    let counter = format!("{prefix}:counter");
    let (mut least, mut most) = (0, 0);
    let mut value = 0;
    while !counters.is_over.load(Ordering::Relaxed) {
        for (key, expected) in keys.iter().zip(&mut expected) {
            value += 1;
            let answer = tokio::time::timeout(ANSWER_LIMIT, client.set(key, value)).await.ok();
            match counters.note("SET", answer) {
                Ended::Value(()) => expected.0 = vec![Some(value)],
                Ended::Unknown => expected.0.push(Some(value)),
                Ended::NotExecuted => {}
            }
            let answer = tokio::time::timeout(ANSWER_LIMIT, client.get(key)).await.ok();
            if let Ended::Value(found) = counters.note("GET", answer) {
                if !expected.0.contains(&found) {
                    println!("  {key}: expected one of {:?}, found {found:?}", expected.0);
                    add(&counters.wrong);
                }
                expected.0 = vec![found];
            }
        }
        let answer = tokio::time::timeout(ANSWER_LIMIT, client.incr(&counter)).await.ok();
        match counters.note("INCR", answer) {
            Ended::Value(count) => {
                most += 1;
                least += 1;
                if !(least..=most).contains(&count) {
                    println!("  {counter}: expected {least} to {most}, found {count}");
                    add(&counters.wrong);
                }
                (least, most) = (count, count);
            }
            Ended::Unknown => most += 1,
            Ended::NotExecuted => {}
        }
    }
    for key in keys.iter().chain([&counter]) {
        let answer = tokio::time::timeout(ANSWER_LIMIT, client.del(key)).await.ok();
        counters.note("DEL", answer);
    }
}

/// Changes the cluster while the tasks work: moves slots all the time, fails a primary over after a
/// third of it, and kills one after two thirds.
fn change(cluster: &Cluster, slots: &[u16], ends_at: Instant) -> std::io::Result<()> {
    let begun_at = Instant::now();
    let third = ends_at.saturating_duration_since(begun_at) / 3;
    let (mut has_failed_over, mut has_killed) = (false, false);
    let mut moves = slots.iter().cycle();
    while Instant::now() < ends_at {
        if !has_failed_over && begun_at.elapsed() >= third {
            has_failed_over = true;
            println!("  failing over to {}", cluster.node(3).address);
            cluster.failover(3)?;
            cluster.wait_ok(Duration::from_secs(10))?;
        }
        if !has_killed && begun_at.elapsed() >= 2 * third {
            has_killed = true;
            println!("  killing {}", cluster.node(1).address);
            cluster.kill(1)?;
            cluster.wait_ok(Duration::from_secs(20))?;
        }
        let Some(&slot) = moves.next() else { break };
        move_slot(cluster, slot)?;
    }
    Ok(())
}

/// Moves a slot to another primary, with a stop half-way.
fn move_slot(cluster: &Cluster, slot: u16) -> std::io::Result<()> {
    let from = cluster.primary_of(slot)?;
    let others = cluster.primaries()?.into_iter().filter(|node| *node != from);
    let Some(to) = others.min_by_key(|node| (node + usize::from(slot)) % 7) else { return Ok(()) };
    cluster.open_slot(slot, from, to)?;
    let pause = Duration::from_millis(40);
    for _ in 0..=KEY_COUNT / 2 {
        cluster.move_keys(slot, from, to, 1)?;
        std::thread::sleep(pause / 4);
    }
    std::thread::sleep(pause);
    while cluster.move_keys(slot, from, to, 100)? > 0 {}
    cluster.close_slot(slot, to)
}

/// Tells how it goes, and counts the nodes that became primaries.
async fn watch(client: Client, counters: Arc<Counters>) {
    let begun_at = Instant::now();
    let mut before = client.topology().await.unwrap_or_default();
    let mut last_calls = 0;
    for tick in 1_u64.. {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let Ok(now) = client.topology().await else { return };
        let promoted = promoted_count(&before, &now);
        counters.failovers.fetch_add(promoted, Ordering::Relaxed);
        before = now;
        let Ok(stats) = client.stats().await else { return };
        if tick % 10 == 0 && !counters.is_over.load(Ordering::Relaxed) {
            let calls = read(&counters.calls);
            println!(
                "  {:>3} s: {:>7} calls/s, {} MOVED and {} ASK followed, {} wrong",
                begun_at.elapsed().as_secs(),
                calls - last_calls,
                stats.moved_followed,
                stats.ask_followed,
                read(&counters.wrong),
            );
            last_calls = calls;
        }
    }
}

/// How many replicas of one topology are primaries of slots in the next.
fn promoted_count(before: &Topology, now: &Topology) -> u64 {
    let was_replica = |address: &Address| {
        let mut replicas = before.shards().iter().flat_map(Shard::replicas);
        replicas.any(|node| node.address() == address)
    };
    let mut primaries: Vec<_> =
        now.slot_ranges().filter_map(|(_, shard)| shard.primary()).map(Node::address).collect();
    primaries.sort();
    primaries.dedup();
    let promoted = primaries.into_iter().filter(|address| was_replica(address)).count();
    u64::try_from(promoted).unwrap_or(u64::MAX)
}

/// Real servers, on loopback.
async fn start() -> Result<Cluster, Failure> {
    let server = servers::find_any().ok_or("no server: run scripts/servers")?;
    println!("  starting three primaries and three replicas of {}", server.display());
    Ok(tokio::task::spawn_blocking(|| Cluster::start(Options::new(server))).await??)
}

async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let cluster = if arguments.nodes.is_some() { None } else { Some(start().await?) };
    let nodes = cluster.as_ref().map(|cluster| cluster.addresses().join(","));
    let nodes = nodes.or(arguments.nodes).ok_or("no nodes")?;
    let client = Client::connect(&format!("redis://{nodes}")).await?;
    let counters = Arc::new(Counters::default());
    let run = std::process::id();
    let prefixes: Vec<_> =
        (0..arguments.tasks).map(|task| format!("hashslot-demo:{{{run}-{task}}}")).collect();
    let slots: Vec<_> =
        prefixes.iter().map(|prefix| Slot::of_key(prefix.as_bytes()).number()).collect();

    let length = Duration::from_secs(arguments.seconds);
    println!("  {} tasks write and read back values for {length:?}", arguments.tasks);
    let watcher = tokio::spawn(watch(client.clone(), Arc::clone(&counters)));
    let mut workers = tokio::task::JoinSet::new();
    for prefix in prefixes {
        workers.spawn(work(client.clone(), Arc::clone(&counters), prefix));
    }
    let ends_at = Instant::now() + length;
    // The servers must live until the last task is done.
    let (_cluster, changed) = if let Some(cluster) = cluster {
        let changing = move || {
            let changed = change(&cluster, &slots, ends_at);
            (Some(cluster), changed)
        };
        tokio::task::spawn_blocking(changing).await?
    } else {
        tokio::time::sleep(length).await;
        (None, Ok(()))
    };
    counters.is_over.store(true, Ordering::Relaxed);
    while let Some(worker) = workers.join_next().await {
        worker?;
    }
    watcher.abort();
    changed?;
    let stats = client.stats().await?;
    client.close().await;
    Ok(conclude(&counters, &stats))
}

/// The closing line, and what it means for whoever started the demo.
fn conclude(counters: &Counters, stats: &Stats) -> ExitCode {
    let not_executed = read(&counters.not_executed);
    if not_executed > 0 {
        println!("  {not_executed} calls ended with the proof that they did not run");
    }
    let (wrong, unanswered) = (read(&counters.wrong), read(&counters.unanswered));
    println!(
        "demo: {} calls, {wrong} wrong, {unanswered} unanswered, {} maybe-executed, \
         {} MOVED followed, {} ASK followed, {} failovers",
        read(&counters.calls),
        read(&counters.maybe_executed),
        stats.moved_followed,
        stats.ask_followed,
        read(&counters.failovers),
    );
    if wrong == 0 && unanswered == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::read() {
        Ok(arguments) => run(arguments).await,
        Err(failure) => Err(failure),
    };
    outcome.unwrap_or_else(|failure| {
        println!("demo: {failure}");
        ExitCode::FAILURE
    })
}
