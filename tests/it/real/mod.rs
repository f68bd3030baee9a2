//! The client against real clusters, scripted nodes and misbehaving networks.
//!
//! Rules of this folder: no test looks at a clock but to bound a hang ([`run`]); a test that needs a
//! server is skipped if there is none, and says so. One cluster a version is shared by all tests, one
//! after the other ([`shared`]); so is a cluster without replicas that may be broken for a while
//! ([`brittle`]). A test that breaks a cluster for good starts its own.

#![allow(clippy::print_stderr, reason = "a test over several servers says which it ran on")]

mod client;
mod connecting;
mod event_loop;
mod failures;
mod faults;
mod load;
mod moving;
mod network;
mod probes;
mod routing;
mod scanning;
mod scripts;
#[cfg(feature = "blocking")]
mod threads;

use std::future::Future;
use std::io;
use std::ops::Deref;
use std::process::id;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hashslot::tokio::Client;
use hashslot::{Address, Config, FromReply, Reply};

use crate::servers::cluster::{Cluster, Options};
use crate::servers::process::{self, Process};
use crate::servers::raw::Connection;
use crate::servers::slots::key_in_slot;
use crate::servers::{NAMES, find_or_skip, wait_until};

/// What a test ends with.
pub(crate) type Done = Result<(), Failure>;
/// What ends a test.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A test that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);
/// How long a change may take that is waited for: far more than it takes on a busy machine.
pub(crate) const CHANGE_LIMIT: Duration = Duration::from_secs(30);

/// The server that tests use which need one only.
pub(crate) const USUAL: &str = "redis-7.0";
/// The servers from Redis 7.0 on.
pub(crate) const SINCE_7_0: &[&str] = NAMES.split_at(1).1;

/// Runs a test on two worker threads and this one, which may block: servers are changed from here.
pub(crate) fn run(test: impl Future<Output = Done>) -> Done {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let done = runtime.block_on(async { tokio::time::timeout(LIMIT, test).await });
    // Whatever still runs is not waited for: it may be what hangs.
    runtime.shutdown_background();
    done.map_err(|_| format!("hangs: no end within {LIMIT:?}"))?
}

/// Runs a test on the usual server's shared cluster.
pub(crate) fn on_usual(test: impl AsyncFnOnce(&Cluster) -> Done) -> Done {
    let Some(cluster) = shared(USUAL)? else { return Ok(()) };
    run(test(&cluster))
}

/// Runs a test on the shared cluster of each server that is there, and says which.
#[expect(clippy::needless_pass_by_value, reason = "a closure stands where it is used")]
pub(crate) fn on_each(
    what: &str,
    names: &[&'static str],
    test: impl AsyncFn(&Cluster) -> Done,
) -> Done {
    static STARTED: Once = Once::new();
    // All at once: a start is mostly waiting. Whoever needs a cluster before it is there waits.
    STARTED.call_once(|| {
        // What comes of it is seen by whoever uses it.
        for name in NAMES {
            thread::spawn(|| drop(shared(name)));
        }
    });
    let mut ran_on = Vec::new();
    for name in names {
        let Some(cluster) = shared(name)? else { continue };
        let begun_at = Instant::now();
        run(test(&cluster)).map_err(|failure| format!("{name}: {failure}"))?;
        ran_on.push(format!("{name} ({:.1} s)", begun_at.elapsed().as_secs_f32()));
    }
    eprintln!("{what} ran on {}", ran_on.join(", "));
    Ok(())
}

/// A cluster that a test has for itself for as long as it holds this.
#[derive(Debug)]
pub(crate) struct Held(MutexGuard<'static, Option<Cluster>>);

impl Deref for Held {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        self.0.as_ref().expect("started before it is lent")
    }
}

/// The cluster of a server: three primaries with one replica each. `None` if there is no such server.
pub(crate) fn shared(name: &str) -> io::Result<Option<Held>> {
    static CLUSTERS: [Mutex<Option<Cluster>>; NAMES.len()] =
        [const { Mutex::new(None) }; NAMES.len()];
    let index = NAMES.iter().position(|known| *known == name).expect("a name of the list");
    hold(&CLUSTERS[index], name, Options::new)
}

/// Three primaries of the usual server without replicas, which nobody declares to have failed.
pub(crate) fn brittle() -> io::Result<Option<Held>> {
    static CLUSTER: Mutex<Option<Cluster>> = Mutex::new(None);
    let (replicas, node_timeout) = (0, Duration::from_secs(60));
    hold(&CLUSTER, USUAL, |server| Options { replicas, node_timeout, ..Options::new(server) })
}

/// A cluster of one test's own: three primaries of the usual server with so many replicas each.
pub(crate) fn own(replicas: usize) -> io::Result<Option<Cluster>> {
    let Some(server) = find_or_skip(USUAL) else { return Ok(None) };
    Cluster::start(Options { replicas, ..Options::new(server) }).map(Some)
}

fn hold(
    place: &'static Mutex<Option<Cluster>>,
    name: &str,
    options: impl FnOnce(std::path::PathBuf) -> Options,
) -> io::Result<Option<Held>> {
    let Some(server) = find_or_skip(name) else { return Ok(None) };
    // A test that failed may have left it in any state.
    let mut held = place.lock().unwrap_or_else(PoisonError::into_inner);
    if held.as_ref().is_some_and(|cluster| !is_whole(cluster)) {
        *held = None;
    }
    if held.is_none() {
        *held = Some(Cluster::start(options(server))?);
    }
    Ok(Some(Held(held)))
}

fn is_whole(cluster: &Cluster) -> bool {
    let limit = Duration::from_secs(8); // a new one is there sooner
    cluster.running().len() == cluster.nodes().len() && cluster.wait_ok(limit).is_ok()
}

/// A client of a cluster that knows all its nodes.
pub(crate) async fn connect(cluster: &Cluster) -> Result<Client, Failure> {
    connect_with(cluster, |_| {}).await
}

/// The same with a configuration of its own.
pub(crate) async fn connect_with(
    cluster: &Cluster,
    change: impl FnOnce(&mut Config),
) -> Result<Client, Failure> {
    connect_to(&cluster.addresses(), change).await
}

/// A client with these seeds.
pub(crate) async fn connect_to(
    seeds: &[String],
    change: impl FnOnce(&mut Config),
) -> Result<Client, Failure> {
    let mut builder = Client::builder().configure(change);
    for seed in seeds {
        builder = builder.seed(seed.parse()?);
    }
    Ok(builder.connect().await?)
}

/// The address of a node of a cluster.
pub(crate) fn address_of(cluster: &Cluster, node: usize) -> Address {
    cluster.node(node).address.parse().expect("the harness writes addresses")
}

/// The reply to a call of one command.
pub(crate) fn one<V: FromReply>(reply: Reply) -> Result<V, Failure> {
    match reply {
        Reply::One(frame) => Ok(V::from_frame(frame)?),
        other => Err(format!("not the reply to one command: {other:?}").into()),
    }
}

/// A slot of a test's own, and where it may move.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    pub(crate) slot: u16,
    /// Its primary.
    pub(crate) from: usize,
    /// Another primary.
    pub(crate) to: usize,
    /// What makes a key of the slot out of any name.
    tag: String,
}

impl Spot {
    pub(crate) fn new(cluster: &Cluster, slot: u16) -> io::Result<Self> {
        let from = cluster.primary_of(slot)?;
        let to = cluster.primaries()?.into_iter().find(|node| *node != from);
        let to = to.ok_or_else(|| io::Error::other("a single primary"))?;
        Ok(Self::between(slot, from, to))
    }

    pub(crate) fn between(slot: u16, from: usize, to: usize) -> Self {
        Self { slot, from, to, tag: key_in_slot(slot, "t") }
    }

    /// A key of the slot.
    pub(crate) fn key(&self, name: impl std::fmt::Display) -> String {
        format!("{{{}}}:{name}", self.tag)
    }

    /// Opens the slot for its migration.
    pub(crate) fn open(&self, cluster: &Cluster) -> io::Result<()> {
        cluster.open_slot(self.slot, self.from, self.to)
    }

    /// Moves one key of the open slot.
    pub(crate) fn move_key(&self, cluster: &Cluster, key: &str) -> io::Result<()> {
        let moved = cluster.move_key(key, self.from, self.to)?;
        if moved { Ok(()) } else { Err(io::Error::other(format!("{key} is not at the source"))) }
    }

    /// Moves what is left, and ends the migration.
    pub(crate) fn close(&self, cluster: &Cluster) -> io::Result<()> {
        while cluster.move_keys(self.slot, self.from, self.to, 100)? > 0 {}
        cluster.close_slot(self.slot, self.to)
    }
}

/// One server on its own.
#[derive(Debug)]
pub(crate) struct Lone {
    pub(crate) port: u16,
    _process: Process,
}

impl Lone {
    /// Starts a server and waits until it answers.
    pub(crate) fn start(server: &std::path::Path, args: &[&str]) -> io::Result<Self> {
        let port = process::free_port()?;
        let folder = process::new_folder()?;
        let words = ["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""];
        let words = words.iter().chain(args).map(|word| (*word).to_owned());
        let process = Process::start(server, &words.collect::<Vec<_>>(), &folder)?;
        wait_until("the server answers", CHANGE_LIMIT, || {
            Connection::to_port(port)?.call(&["PING"]).map(|_| true)
        })?;
        Ok(Self { port, _process: process })
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// A name that no other test run uses, for `CLIENT LIST`.
pub(crate) fn client_name(test: &str) -> String {
    format!("{test}-{}", id())
}

/// Waits for something that a client or a server gets to by itself.
pub(crate) async fn until(
    what: &str,
    mut condition: impl AsyncFnMut() -> Result<bool, Failure>,
) -> Done {
    let deadline = Instant::now() + CHANGE_LIMIT;
    while !condition().await? {
        if Instant::now() >= deadline {
            return Err(format!("{what}: not within {CHANGE_LIMIT:?}").into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Sends to a node itself: what it holds, whatever clients believe. Also what it is importing.
pub(crate) fn held_by(cluster: &Cluster, node: usize, key: &str) -> io::Result<Option<String>> {
    let mut connection = cluster.connection(node)?;
    connection.must(&["ASKING"])?;
    let reply = connection.call(&["GET", key])?;
    match reply.error() {
        // The node is not the slot's owner, or has given the key away.
        Some(error) if error.starts_with("MOVED") || error.starts_with("ASK") => Ok(None),
        Some(error) => Err(io::Error::other(error.to_owned())),
        None => Ok(reply.text()),
    }
}
