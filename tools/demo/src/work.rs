//! The callers, what becomes of the cluster meanwhile, and how it ended.

use std::fmt::Display;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hashslot::topology::{Node, Shard, Topology};
use hashslot::{Address, Error, Slot, Stats};
use indicatif::{ProgressBar, ProgressStyle};

use crate::Failure;
use crate::adapters::{Adapter, Talk};
use crate::servers::cluster::Cluster;

/// A call that has no answer after this long never gets one: the client's own budget is 20 s.
const ANSWER_LIMIT: Duration = Duration::from_secs(40);
/// Keys of one task; all have one hash tag, so that a slot that moves is met half-way.
const KEY_COUNT: u64 = 8;

/// What the progress bar shows.
const PROGRESS: &str = "  {pos:>3} s {bar:20} {wide_msg}";

/// Has the callers work, and the cluster change, for so long.
pub(crate) fn run<A: Adapter>(
    adapter: &A,
    client: &A::Client,
    task_count: u64,
    length: Duration,
    cluster: Option<&Cluster>,
) -> Result<ExitCode, Failure> {
    let counters = Arc::new(Counters::new(length)?);
    let run = std::process::id();
    let prefixes: Vec<_> =
        (0..task_count).map(|task| format!("hashslot-demo:{{{run}-{task}}}")).collect();
    let slots: Vec<_> =
        prefixes.iter().map(|prefix| Slot::of_key(prefix.as_bytes()).number()).collect();

    println!("  {task_count} callers write and read back values for {length:?}");
    let watching = watch(client.clone(), Arc::clone(&counters));
    let watcher = thread::spawn(|| smol::block_on(watching));
    for prefix in prefixes {
        adapter.spawn(work(client.clone(), Arc::clone(&counters), prefix));
    }
    let ends_at = Instant::now() + length;
    let changed = cluster.map_or(Ok(()), |cluster| change(cluster, &slots, ends_at, &counters));
    thread::sleep(ends_at.saturating_duration_since(Instant::now()));
    counters.is_over.store(true, Ordering::Relaxed);
    let given_up_at = Instant::now() + ANSWER_LIMIT;
    while read(&counters.done) < task_count && Instant::now() < given_up_at {
        thread::sleep(Duration::from_millis(10));
    }
    // Each of the others waits for one answer.
    let unanswered = task_count - read(&counters.done);
    watcher.join().map_err(|_| "the watcher panicked")?;
    counters.progress.finish_and_clear();
    changed?;
    let stats = adapter.wait(client.stats())?;
    adapter.wait(client.close());
    Ok(conclude(&counters, unanswered, &stats))
}

#[derive(Debug)]
struct Counters {
    calls: AtomicU64,
    wrong: AtomicU64,
    /// Callers that are done.
    done: AtomicU64,
    maybe_executed: AtomicU64,
    not_executed: AtomicU64,
    failovers: AtomicU64,
    is_over: AtomicBool,
    /// It is drawn on standard error, and nowhere if that is no terminal.
    progress: ProgressBar,
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Counters {
    fn new(length: Duration) -> Result<Self, Failure> {
        let progress = ProgressBar::new(length.as_secs());
        progress.set_style(ProgressStyle::with_template(PROGRESS)?);
        Ok(Self {
            calls: AtomicU64::default(),
            wrong: AtomicU64::default(),
            done: AtomicU64::default(),
            maybe_executed: AtomicU64::default(),
            not_executed: AtomicU64::default(),
            failovers: AtomicU64::default(),
            is_over: AtomicBool::default(),
            progress,
        })
    }

    /// Prints a line above the progress bar.
    fn say(&self, line: impl Display) {
        self.progress.suspend(|| println!("  {line}"));
    }

    /// Counts a call and how it ended. The value, if it ended with one.
    fn note<V>(&self, what: &str, answer: Result<V, Error>) -> Ended<V> {
        add(&self.calls);
        match answer {
            Ok(value) => Ended::Value(value),
            Err(error) if error.may_have_executed() && error.cause().is_some() => {
                add(&self.maybe_executed);
                Ended::Unknown
            }
            Err(error) if !error.may_have_executed() => {
                self.say(format_args!("{what}: {error}"));
                add(&self.not_executed);
                Ended::NotExecuted
            }
            Err(error) => {
                self.say(format_args!("{what}: {error}"));
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

/// What a key may hold: the last value that was acknowledged, or one that may have been written
/// since.
#[derive(Debug, Clone, Default)]
struct Expected(Vec<Option<u64>>);

/// One task: writes values that no other task writes, and reads each back.
async fn work(client: impl Talk, counters: Arc<Counters>, prefix: String) {
    let keys: Vec<_> = (0..KEY_COUNT).map(|key| format!("{prefix}:{key}")).collect();
    let mut expected = vec![Expected(vec![None]); keys.len()];
    let counter = format!("{prefix}:counter");
    let (mut least, mut most) = (0, 0);
    let mut value = 0;
    while !counters.is_over.load(Ordering::Relaxed) {
        for (key, expected) in keys.iter().zip(&mut expected) {
            value += 1;
            let answer = client.set(key, value).await;
            match counters.note("SET", answer) {
                Ended::Value(()) => expected.0 = vec![Some(value)],
                Ended::Unknown => expected.0.push(Some(value)),
                Ended::NotExecuted => {}
            }
            let answer = client.get(key).await;
            if let Ended::Value(found) = counters.note("GET", answer) {
                if !expected.0.contains(&found) {
                    let expected = &expected.0;
                    counters
                        .say(format_args!("{key}: expected one of {expected:?}, found {found:?}"));
                    add(&counters.wrong);
                }
                expected.0 = vec![found];
            }
        }
        let answer = client.incr(&counter).await;
        match counters.note("INCR", answer) {
            Ended::Value(count) => {
                most += 1;
                least += 1;
                if !(least..=most).contains(&count) {
                    let expected = format_args!("expected {least} to {most}");
                    counters.say(format_args!("{counter}: {expected}, found {count}"));
                    add(&counters.wrong);
                }
                (least, most) = (count, count);
            }
            Ended::Unknown => most += 1,
            Ended::NotExecuted => {}
        }
    }
    for key in keys.iter().chain([&counter]) {
        let answer = client.del(key).await;
        counters.note("DEL", answer);
    }
    add(&counters.done);
}

/// Changes the cluster while the tasks work: moves slots all the time, fails a primary over after a
/// third of it, and kills one after two thirds.
fn change(
    cluster: &Cluster,
    slots: &[u16],
    ends_at: Instant,
    counters: &Counters,
) -> std::io::Result<()> {
    let begun_at = Instant::now();
    let third = ends_at.saturating_duration_since(begun_at) / 3;
    let (mut has_failed_over, mut has_killed) = (false, false);
    let mut moves = slots.iter().cycle();
    while Instant::now() < ends_at {
        if !has_failed_over && begun_at.elapsed() >= third {
            has_failed_over = true;
            counters.say(format_args!("failing over to {}", cluster.node(3).address));
            cluster.failover(3)?;
            cluster.wait_ok(Duration::from_secs(10))?;
        }
        if !has_killed && begun_at.elapsed() >= 2 * third {
            has_killed = true;
            counters.say(format_args!("killing {}", cluster.node(1).address));
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
        thread::sleep(pause / 4);
    }
    thread::sleep(pause);
    while cluster.move_keys(slot, from, to, 100)? > 0 {}
    cluster.close_slot(slot, to)
}

/// Tells how it goes, and counts the nodes that became primaries.
async fn watch(client: impl Talk, counters: Arc<Counters>) {
    let begun_at = Instant::now();
    let mut before = client.topology().await.unwrap_or_default();
    let mut last_calls = 0;
    for tick in 1_u64.. {
        thread::sleep(Duration::from_millis(100)); // on a thread of its own
        let Ok(now) = client.topology().await else { return };
        let promoted = promoted_count(&before, &now);
        counters.failovers.fetch_add(promoted, Ordering::Relaxed);
        before = now;
        let Ok(stats) = client.stats().await else { return };
        if counters.is_over.load(Ordering::Relaxed) {
            return;
        }
        if tick % 10 == 0 {
            let calls = read(&counters.calls);
            counters.progress.set_position(begun_at.elapsed().as_secs());
            counters.progress.set_message(format!(
                "{} calls/s, {} MOVED and {} ASK followed, {} wrong",
                calls - last_calls,
                stats.moved_followed,
                stats.ask_followed,
                read(&counters.wrong),
            ));
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

/// Prints the closing line. Returns the exit code for its result.
fn conclude(counters: &Counters, unanswered: u64, stats: &Stats) -> ExitCode {
    let not_executed = read(&counters.not_executed);
    if not_executed > 0 {
        println!("  {not_executed} calls ended with the proof that they did not run");
    }
    let wrong = read(&counters.wrong);
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
