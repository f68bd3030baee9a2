//! The same work on every adapter, over real sockets to one real cluster: beside a bare socket, and
//! beside itself with TLS.
//!
//! `cargo bench --all-features --bench adapters` takes seven rounds;
//! `cargo bench --all-features --bench adapters -- 1` takes one. Rounds are interleaved: load from
//! elsewhere hits all of them. Printed are medians of operations a second and of the CPU time of
//! this process, the servers' left out, and the ratios of both: first to tokio's, then with TLS to
//! those without. The machine and the day move single figures; the ratios hold.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

// The harness of the tests starts the servers; the bench needs a part of it.
#[path = "../tests/servers/mod.rs"]
mod servers;

use std::error::Error;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use hashslot::runtimes::{Client, Runtime};
use hashslot::{Command, Commands, Frame, Tls, async_std, blocking, cmd, smol, tokio};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use servers::cluster::{Cluster, Options};
use servers::raw::Connection;

type Failure = Box<dyn Error + Send + Sync>;
type Done = Result<(), Failure>;

/// How long one piece of work runs at least.
const ROUND_TIME: Duration = Duration::from_millis(400);
/// Callers at the same time.
const CALLER_COUNT: usize = 64;
/// Calls of each of them.
const CALLS_OF_CALLER: usize = 50;
/// Calls of all of them.
const CALLS_OF_ALL: u32 = 3_200;
/// Commands of a pipeline.
const PIPELINE_LEN: usize = 100;
/// A key with a value of 32 bytes, and one with a value of 64 KiB.
const SMALL: &str = "key:1";
const LARGE: &str = "large";

/// Something that is measured: so many operations of it were done in one go.
type Work<'w> = Box<dyn Fn() -> Result<u32, Failure> + 'w>;

/// What one adapter, or something beside it, did.
struct Subject<'w> {
    name: String,
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
    println!("{rounds} rounds of {ROUND_TIME:?}");
    let mut builder = ::tokio::runtime::Builder::new_multi_thread();
    let on_tokio = builder.worker_threads(2).enable_all().build()?;
    let server = servers::find_any().ok_or("there is no server: scripts/servers fetches some")?;
    let options = Options { replicas: 0, ..Options::new(server) };
    let cluster = Cluster::start(options)?;
    let plain = Clients::connect(&on_tokio, &cluster, None)?;
    beside_each_other(rounds, &cluster, &plain)?;

    // The one that is built with TLS.
    let Some(server) = servers::find("redis-7.0") else {
        println!("\nwithout TLS: there is no redis-7.0");
        return Ok(());
    };
    let (of_servers, of_clients) = certificates()?;
    let options = Options { replicas: 0, tls: Some(of_servers), ..Options::new(server) };
    let cluster = Cluster::start(options)?;
    let secured = Clients::connect(&on_tokio, &cluster, Some(&of_clients))?;
    with_and_without_tls(rounds, &plain, &secured)
}

/// The adapters, and what is without one.
fn beside_each_other(rounds: usize, cluster: &Cluster, clients: &Clients<'_>) -> Done {
    let bare = Connection::connect(cluster.addresses().first().ok_or("no node")?.as_str())?;
    let bare = std::sync::Mutex::new(bare);
    let mut sequential = Vec::from(clients.one_by_one(SMALL));
    sequential.push(subject("bare socket", || {
        let mut bare = bare.lock().expect("is used by one");
        for _ in 0..100 {
            bare.call(&["GET", SMALL])?;
        }
        Ok(100)
    }));
    measure("GET, one after the other", rounds, sequential.len(), &mut sequential)?;
    measure("GET, 64 tasks or threads", rounds, 4, &mut clients.at_once())?;
    measure("GET, pipelines of 100 over all slots", rounds, 4, &mut clients.in_pipelines())
}

/// Each adapter beside itself with TLS.
fn with_and_without_tls(rounds: usize, plain: &Clients<'_>, secured: &Clients<'_>) -> Done {
    let pieces = [
        ("GET, one after the other", plain.one_by_one(SMALL), secured.one_by_one(SMALL)),
        ("GET of 64 KiB, one after the other", plain.one_by_one(LARGE), secured.one_by_one(LARGE)),
        ("GET, 64 tasks or threads", plain.at_once(), secured.at_once()),
        ("GET, pipelines of 100 over all slots", plain.in_pipelines(), secured.in_pipelines()),
    ];
    for (what, plain, secured) in pieces {
        let both = plain.into_iter().zip(secured).flat_map(|(plain, secured)| {
            let name = format!("{} with TLS", plain.name);
            [plain, Subject { name, ..secured }]
        });
        measure(what, rounds, 2, &mut both.collect::<Vec<_>>())?;
    }
    Ok(())
}

/// A client on each adapter.
struct Clients<'r> {
    on_tokio: &'r ::tokio::runtime::Runtime,
    tokio: tokio::Client,
    smol: smol::Client,
    async_std: async_std::Client,
    blocking: blocking::Client,
}

impl<'r> Clients<'r> {
    fn connect(
        on_tokio: &'r ::tokio::runtime::Runtime,
        cluster: &Cluster,
        tls: Option<&Tls>,
    ) -> Result<Self, Failure> {
        /// Both kinds of builders have these methods.
        macro_rules! builder {
            ($client:ty) => {{
                let mut builder = <$client>::builder();
                for address in cluster.addresses() {
                    builder = builder.seed(address.parse()?);
                }
                match tls {
                    Some(tls) => builder.tls(tls.clone()),
                    None => builder,
                }
            }};
        }
        let blocking = builder!(blocking::Client).connect()?;
        for index in 0..1_000 {
            blocking.set(key(index).as_str(), "0123456789abcdef0123456789abcdef")?;
        }
        blocking.set(LARGE, vec![b'x'; 64 * 1024].as_slice())?;
        Ok(Self {
            on_tokio,
            tokio: on_tokio.block_on(builder!(tokio::Client).connect())?,
            smol: ::smol::block_on(builder!(smol::Client).connect())?,
            async_std: ::async_std::task::block_on(builder!(async_std::Client).connect())?,
            blocking,
        })
    }

    fn one_by_one(&self, key: &'static str) -> [Subject<'_>; 4] {
        [
            subject("tokio", move || self.on_tokio.block_on(one_by_one(&self.tokio, key))),
            subject("smol", move || ::smol::block_on(one_by_one(&self.smol, key))),
            subject("async-std", move || {
                ::async_std::task::block_on(one_by_one(&self.async_std, key))
            }),
            subject("blocking", move || {
                (0..100).try_for_each(|_| self.blocking.get::<Frame>(key).map(drop))?;
                Ok(100)
            }),
        ]
    }

    fn at_once(&self) -> [Subject<'_>; 4] {
        [
            subject("tokio", || self.on_tokio.block_on(at_once!(self.tokio, ::tokio::spawn))),
            subject("smol", || ::smol::block_on(at_once!(self.smol, ::smol::spawn))),
            subject("async-std", || {
                let callers = at_once!(self.async_std, ::async_std::task::spawn);
                ::async_std::task::block_on(callers)
            }),
            subject("blocking", || Ok(at_once_on_threads(&self.blocking))),
        ]
    }

    fn in_pipelines(&self) -> [Subject<'_>; 4] {
        [
            subject("tokio", || self.on_tokio.block_on(in_pipelines(&self.tokio))),
            subject("smol", || ::smol::block_on(in_pipelines(&self.smol))),
            subject("async-std", || ::async_std::task::block_on(in_pipelines(&self.async_std))),
            subject("blocking", || {
                self.blocking.pipeline(cmd::each(pipeline()))?;
                Ok(u32::try_from(PIPELINE_LEN)?)
            }),
        ]
    }
}

/// The certificate that servers show, and the authority that clients trust.
fn certificates() -> Result<(servers::tls::Tls, Tls), Failure> {
    let mut authority = CertificateParams::new([])?;
    authority.distinguished_name.push(DnType::CommonName, "the bench");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let (key_of_authority, key) = (KeyPair::generate()?, KeyPair::generate()?);
    let trusted = authority.self_signed(&key_of_authority)?.pem();
    let mut node = CertificateParams::new(["127.0.0.1".to_owned()])?;
    node.distinguished_name.push(DnType::CommonName, "a node");
    let certificate = node.signed_by(&key, &Issuer::new(authority, key_of_authority))?.pem();
    let tls = Tls::with_roots(&trusted)?;
    let key = key.serialize_pem();
    Ok((servers::tls::Tls { authority: trusted, certificate, key }, tls))
}

fn subject<'w>(name: &str, work: impl Fn() -> Result<u32, Failure> + 'w) -> Subject<'w> {
    Subject { name: name.to_owned(), work: Box::new(work), rounds: Vec::new() }
}

fn key(index: usize) -> String {
    format!("key:{index}")
}

fn pipeline() -> impl Iterator<Item = Command> {
    (0..PIPELINE_LEN).map(|index| Command::get(key(index).as_str()))
}

async fn one_by_one<R: Runtime>(client: &Client<R>, key: &str) -> Result<u32, Failure> {
    for _ in 0..100 {
        client.get::<Frame>(key).await?;
    }
    Ok(100)
}

async fn in_pipelines<R: Runtime>(client: &Client<R>) -> Result<u32, Failure> {
    client.pipeline(cmd::each(pipeline())).await?;
    Ok(u32::try_from(PIPELINE_LEN)?)
}

/// The calls of one of many callers.
async fn one_of_many<R: Runtime>(client: Client<R>, index: usize) {
    for _ in 0..CALLS_OF_CALLER {
        client.get::<Frame>(key(index).as_str()).await.expect("is answered");
    }
}

fn at_once_on_threads(client: &blocking::Client) -> u32 {
    thread::scope(|scope| {
        for index in 0..CALLER_COUNT {
            scope.spawn(move || {
                for _ in 0..CALLS_OF_CALLER {
                    client.get::<Frame>(key(index).as_str()).expect("is answered");
                }
            });
        }
    });
    CALLS_OF_ALL
}

/// Runs all subjects in turn, round after round, and prints the medians: each subject's beside
/// those of the first of its group, which has so many subjects.
fn measure(what: &str, rounds: usize, group: usize, subjects: &mut [Subject<'_>]) -> Done {
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
    for group in subjects.chunks_mut(group) {
        let mut first = None;
        for Subject { name, rounds, .. } in group {
            let (speed, cpu) = medians(rounds);
            let beside = *first.get_or_insert((speed, cpu));
            let (speed_ratio, cpu_ratio) = (speed / beside.0, cpu / beside.1);
            println!("{name:<36} {speed:>12.0} {speed_ratio:>7.2} {cpu:>9.2} {cpu_ratio:>7.2}");
        }
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
