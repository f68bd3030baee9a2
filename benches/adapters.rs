//! The same work on every adapter, over real sockets to one real cluster, and beside a bare socket.
//!
//! `cargo bench --all-features --bench adapters [-- ROUNDS]`. Rounds are interleaved: whatever else the
//! machine does hits all of them. Printed are medians of operations a second and of the CPU time of this
//! process, the servers' left out, and both beside tokio's. The machine and the day move single figures;
//! the ratios hold.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

// The harness of the tests starts the servers; the bench needs a part of it.
#[path = "../tests/servers/mod.rs"]
mod servers;

use std::error::Error;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use hashslot::runtimes::{Client, Runtime};
use hashslot::{Command, async_std, blocking, smol, tokio};
use servers::cluster::{Cluster, Options};
use servers::raw::Connection;

type Failure = Box<dyn Error + Send + Sync>;

/// How long one piece of work runs at least.
const ROUND_TIME: Duration = Duration::from_millis(400);
/// Callers at the same time.
const CALLER_COUNT: usize = 64;
/// Calls of each of them.
const CALLS_OF_CALLER: usize = 50;
/// Calls of all of them.
const CALLS_OF_ALL: u32 = 3_200;
/// Commands of a batch.
const BATCH_LEN: usize = 100;

/// Something that is measured: so many operations of it were done in one go.
type Work<'w> = Box<dyn Fn() -> Result<u32, Failure> + 'w>;

/// What one adapter, or something beside it, did.
struct Subject<'w> {
    name: &'static str,
    work: Work<'w>,
    /// Operations a second, and microseconds of CPU time an operation.
    rounds: Vec<(f64, f64)>,
}

/// What awaiting a task gives, on any runtime: a caller that failed has panicked, and said so.
struct Ended;

impl From<()> for Ended {
    fn from((): ()) -> Self {
        Self
    }
}

impl From<Result<(), ::tokio::task::JoinError>> for Ended {
    fn from(joined: Result<(), ::tokio::task::JoinError>) -> Self {
        joined.expect("the callers end");
        Self
    }
}

/// Spawns the callers with this function, and waits for all of them.
macro_rules! at_once {
    ($client:expr, $spawn:path) => {
        async {
            let spawn = |index| $spawn(one_of_many($client.clone(), index));
            for task in (0..CALLER_COUNT).map(spawn).collect::<Vec<_>>() {
                let _: Ended = task.await.into();
            }
            Ok(CALLS_OF_ALL)
        }
    };
}

fn main() -> Result<(), Failure> {
    let rounds = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(7);
    let server = servers::find_any().ok_or("there is no server: scripts/servers fetches some")?;
    let cluster = Cluster::start(Options { replicas: 0, ..Options::new(server) })?;
    let url = format!("redis://{}", cluster.addresses().join(","));
    println!("{rounds} rounds of {ROUND_TIME:?}; ratios to tokio's");
    let mut builder = ::tokio::runtime::Builder::new_multi_thread();
    let on_tokio = builder.worker_threads(2).enable_all().build()?;
    let tokio = on_tokio.block_on(tokio::Client::connect(&url))?;
    let smol = ::smol::block_on(smol::Client::connect(&url))?;
    let async_std = ::async_std::task::block_on(async_std::Client::connect(&url))?;
    let blocking = blocking::Client::connect(&url)?;
    for index in 0..1_000 {
        blocking.set(key(index).as_str(), "0123456789abcdef0123456789abcdef")?;
    }

    let bare = Connection::connect(cluster.addresses().first().ok_or("no node")?.as_str())?;
    let bare = std::sync::Mutex::new(bare);
    let mut sequential = vec![
        subject("tokio", || on_tokio.block_on(one_by_one(&tokio))),
        subject("smol", || ::smol::block_on(one_by_one(&smol))),
        subject("async-std", || ::async_std::task::block_on(one_by_one(&async_std))),
        subject("blocking", || {
            (0..100).try_for_each(|_| blocking.get::<String>("key:1").map(drop))?;
            Ok(100)
        }),
        subject("bare socket", || {
            let mut bare = bare.lock().expect("is used by one");
            for _ in 0..100 {
                bare.call(&["GET", "key:1"])?;
            }
            Ok(100)
        }),
    ];
    measure("GET, one after the other", rounds, &mut sequential)?;

    let mut concurrent = vec![
        subject("tokio", || on_tokio.block_on(at_once!(tokio, ::tokio::spawn))),
        subject("smol", || ::smol::block_on(at_once!(smol, ::smol::spawn))),
        subject("async-std", || {
            ::async_std::task::block_on(at_once!(async_std, ::async_std::task::spawn))
        }),
        subject("blocking", || Ok(at_once_on_threads(&blocking))),
    ];
    measure("GET, 64 tasks or threads", rounds, &mut concurrent)?;

    let mut batches = vec![
        subject("tokio", || on_tokio.block_on(in_batches(&tokio))),
        subject("smol", || ::smol::block_on(in_batches(&smol))),
        subject("async-std", || ::async_std::task::block_on(in_batches(&async_std))),
        subject("blocking", || {
            blocking.batch(batch())?.into_iter().try_for_each(|reply| reply.map(drop))?;
            Ok(u32::try_from(BATCH_LEN)?)
        }),
    ];
    measure("GET, batches of 100 over all slots", rounds, &mut batches)
}

fn subject<'w>(name: &'static str, work: impl Fn() -> Result<u32, Failure> + 'w) -> Subject<'w> {
    Subject { name, work: Box::new(work), rounds: Vec::new() }
}

fn key(index: usize) -> String {
    format!("key:{index}")
}

fn batch() -> impl Iterator<Item = Command> {
    (0..BATCH_LEN).map(|index| Command::get(key(index).as_str()))
}

async fn one_by_one<R: Runtime>(client: &Client<R>) -> Result<u32, Failure> {
    for _ in 0..100 {
        client.get::<String>("key:1").await?;
    }
    Ok(100)
}

async fn in_batches<R: Runtime>(client: &Client<R>) -> Result<u32, Failure> {
    for reply in client.batch(batch()).await? {
        reply?;
    }
    Ok(u32::try_from(BATCH_LEN)?)
}

/// The calls of one of many callers.
async fn one_of_many<R: Runtime>(client: Client<R>, index: usize) {
    for _ in 0..CALLS_OF_CALLER {
        client.get::<String>(key(index).as_str()).await.expect("is answered");
    }
}

fn at_once_on_threads(client: &blocking::Client) -> u32 {
    thread::scope(|scope| {
        for index in 0..CALLER_COUNT {
            scope.spawn(move || {
                for _ in 0..CALLS_OF_CALLER {
                    client.get::<String>(key(index).as_str()).expect("is answered");
                }
            });
        }
    });
    CALLS_OF_ALL
}

/// Runs all subjects in turn, round after round, and prints the medians.
fn measure(what: &str, rounds: usize, subjects: &mut [Subject<'_>]) -> Result<(), Failure> {
    for _ in 0..rounds {
        for subject in &mut *subjects {
            (subject.work)()?; // the way is warm
            let (begun_at, cpu_before) = (Instant::now(), cpu_time()?);
            let mut count = 0;
            while begun_at.elapsed() < ROUND_TIME {
                count += (subject.work)()?;
            }
            let count = f64::from(count);
            let cpu = cpu_time()?.saturating_sub(cpu_before).as_secs_f64();
            subject.rounds.push((count / begun_at.elapsed().as_secs_f64(), cpu * 1e6 / count));
        }
    }
    println!("\n{what:<36} {:>12} {:>7} {:>9} {:>7}", "ops/s", "ratio", "CPU us", "ratio");
    let medians: Vec<_> = subjects.iter_mut().map(|subject| medians(&mut subject.rounds)).collect();
    let first = *medians.first().ok_or("nothing was measured")?;
    for (subject, (speed, cpu)) in subjects.iter().zip(medians) {
        let (speed_ratio, cpu_ratio) = (speed / first.0, cpu / first.1);
        let name = subject.name;
        println!("{name:<36} {speed:>12.0} {speed_ratio:>7.2} {cpu:>9.2} {cpu_ratio:>7.2}");
    }
    Ok(())
}

fn medians(rounds: &mut [(f64, f64)]) -> (f64, f64) {
    let middle = rounds.len() / 2;
    rounds.sort_by(|one, other| one.0.total_cmp(&other.0));
    let speed = rounds.get(middle).map_or(0.0, |round| round.0);
    rounds.sort_by(|one, other| one.1.total_cmp(&other.1));
    (speed, rounds.get(middle).map_or(0.0, |round| round.1))
}

/// The CPU time that this process has had, as Linux tells it in hundredths of a second.
fn cpu_time() -> Result<Duration, Failure> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no process name")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    let ticks = ticks.sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}
