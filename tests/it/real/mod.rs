//! The clients against real clusters, scripted nodes and misbehaving networks: one suite, which
//! every adapter has to pass ([`adapter`]).
//!
//! Rules of this folder: no test looks at a clock but to bound a hang ([`run`]); a test that needs
//! a server is skipped if there is none, and says so. Clusters are shared by all tests, one after
//! the other, and are empty then ([`shared`], [`brittle`], [`mortal`], [`patchwork`]). A test that
//! takes slots or nodes away may fail at any point: the next one's hand-out repairs or replaces the
//! cluster (`servers::repair`), and `repaired` proves it.

#![allow(clippy::print_stderr, reason = "a test over several servers says which it ran on")]

pub(crate) mod adapter;
#[cfg(all(feature = "blocking", feature = "smol"))]
mod blocked;
mod polled;
pub(crate) mod tasks;

mod addresses;
mod client;
mod connecting;
mod converting;
mod credentials;
mod event_loop;
mod failures;
mod faults;
mod hangups;
mod health;
mod hostile;
mod late;
mod leaks;
mod load;
mod methods;
mod misdeeds;
mod moving;
mod network;
mod odd;
#[cfg(feature = "tokio")]
mod on_tokio;
#[cfg(feature = "tokio")]
mod own_runtimes;
mod probes;
mod reaching;
mod repaired;
mod routing;
mod scanning;
mod scripts;
mod setting;
mod strangers;
#[cfg(feature = "blocking")]
mod threads;
#[cfg(feature = "tls-ring")]
mod tls;

use std::future::Future;
use std::io;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::process::id;
use std::sync::{Mutex, MutexGuard, Once, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use hashslot::{Address, Config, FromValue, Reply};

use self::adapter::{Adapter, Setup};
use self::tasks::within;
use crate::servers::cluster::{Cluster, Options};
pub(crate) use crate::servers::lone::Lone;
use crate::servers::slots::key_in_slot;
use crate::servers::{NAMES, find_or_skip};

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

/// Runs a test on this thread, which may block: servers are changed from here.
pub(crate) fn run<A: Adapter>(test: impl Future<Output = Done>) -> Done {
    let done = A::block_on(within::<A, _>(LIMIT, test));
    done.ok_or_else(|| format!("hangs: no end within {LIMIT:?}"))?
}

/// Runs a test on the usual server's shared cluster.
pub(crate) fn on_usual<A: Adapter>(test: impl AsyncFnOnce(&Cluster) -> Done) -> Done {
    let Some(cluster) = shared(USUAL)? else { return Ok(()) };
    run::<A>(test(&cluster))
}

/// Runs a test on the shared cluster of each server that is there, and says which.
#[expect(clippy::needless_pass_by_value, reason = "a closure stands where it is used")]
pub(crate) fn on_each<A: Adapter>(
    what: &str,
    names: &[&'static str],
    test: impl AsyncFn(&Cluster) -> Done,
) -> Done {
    on_each_outside::<A>(what, names, |cluster| run::<A>(test(cluster)))
}

/// The same for a test that runs futures itself, beside what it does on other threads.
pub(crate) fn on_each_outside<A: Adapter>(
    what: &str,
    names: &[&'static str],
    test: impl Fn(&Cluster) -> Done,
) -> Done {
    static STARTED: Once = Once::new();
    // All at once: a start is mostly waiting. A test that needs a cluster waits until it is there.
    STARTED.call_once(|| {
        // A test that uses the cluster sees a failed start.
        for name in NAMES {
            thread::spawn(|| drop(shared(name)));
        }
    });
    let (mut left, mut ran_on) = (names.to_vec(), Vec::new());
    while !left.is_empty() {
        // Any that no other test has just now, else the one that stands first.
        let is_free = |name: &&str| clusters_of(name).iter().any(|place| place.try_lock().is_ok());
        let name = left.remove(left.iter().position(is_free).unwrap_or(0));
        let Some(cluster) = shared(name)? else { continue };
        let begun_at = Instant::now();
        test(&cluster).map_err(|failure| format!("{name}: {failure}"))?;
        ran_on.push(format!("{name} ({:.1} s)", begun_at.elapsed().as_secs_f32()));
    }
    eprintln!("{what} with {} ran on {}", A::NAME, ran_on.join(", "));
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

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Cluster {
        self.0.as_mut().expect("started before it is lent")
    }
}

/// A place for a cluster, which is started when a test needs it.
pub(crate) type Place = Mutex<Option<Cluster>>;

/// The clusters of a server. There are two of the usual one: half of the tests need no other.
fn clusters_of(name: &str) -> &'static [Place] {
    static CLUSTERS: [Place; NAMES.len()] = [const { Mutex::new(None) }; NAMES.len()];
    static USUAL_ONES: [Place; 2] = [const { Mutex::new(None) }; 2];
    if name == USUAL {
        return &USUAL_ONES;
    }
    let index = NAMES.iter().position(|known| *known == name).expect("a name of the list");
    &CLUSTERS[index..=index]
}

/// The cluster of a server: three primaries with one replica each. `None` if there is no such
/// server. Replicas take over only when they are told to: on a busy machine a primary that hears
/// nothing for a second is well, and who takes over from it loses writes.
pub(crate) fn shared(name: &str) -> io::Result<Option<Held>> {
    let args = ["--cluster-replica-no-failover", "yes"].map(str::to_owned).to_vec();
    let node_timeout = Duration::from_secs(1);
    hold(clusters_of(name), name, |server| Options { node_timeout, args, ..Options::new(server) })
}

/// Three primaries of the usual server without replicas, which do not declare each other failed.
pub(crate) fn brittle() -> io::Result<Option<Held>> {
    static CLUSTERS: [Place; 2] = [const { Mutex::new(None) }; 2];
    let (replicas, node_timeout) = (0, Duration::from_secs(60));
    hold(&CLUSTERS, USUAL, |server| Options { replicas, node_timeout, ..Options::new(server) })
}

/// A cluster as the usual server's shared one, whose nodes may be killed.
pub(crate) fn mortal() -> io::Result<Option<Held>> {
    static CLUSTERS: [Place; 1] = [Mutex::new(None)];
    hold(&CLUSTERS, USUAL, Options::new)
}

/// A cluster without replicas in which any slot may be anywhere, and which may have got more nodes.
pub(crate) fn patchwork() -> io::Result<Option<Held>> {
    static CLUSTERS: [Place; 1] = [Mutex::new(None)];
    hold_as(&CLUSTERS, USUAL, true, |server| Options { replicas: 0, ..Options::new(server) })
}

/// Has one of the clusters in these places for a test, whole and empty.
pub(crate) fn hold(
    places: &'static [Place],
    name: &str,
    options: impl FnOnce(PathBuf) -> Options,
) -> io::Result<Option<Held>> {
    hold_as(places, name, false, options)
}

/// The same, for a cluster in which slots may be anywhere.
fn hold_as(
    places: &'static [Place],
    name: &str,
    anywhere: bool,
    options: impl FnOnce(PathBuf) -> Options,
) -> io::Result<Option<Held>> {
    let Some(server) = find_or_skip(name) else { return Ok(None) };
    let mut held = take(places);
    // A test that failed may have left it in any state.
    if let Some(Err(error)) = held.as_ref().map(|cluster| cluster.repair(anywhere)) {
        eprintln!("a cluster of {name} is replaced: {error}");
        *held = None;
    }
    if held.is_none() {
        *held = Some(Cluster::start(options(server))?);
    }
    Ok(Some(Held(held)))
}

/// Waits for a place that is free, at best with a cluster in it.
fn take(places: &'static [Place]) -> MutexGuard<'static, Option<Cluster>> {
    if let [place] = places {
        return place.lock().unwrap_or_else(PoisonError::into_inner);
    }
    loop {
        let free = places.iter().filter_map(|place| match place.try_lock() {
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Ok(held) => Some(held),
        });
        if let Some(held) = free.max_by_key(|held| held.is_some()) {
            return held;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// A primary and its replica, of the shard of a shared cluster that failed over longest ago.
pub(crate) fn rested_pair(cluster: &Cluster) -> io::Result<(usize, usize)> {
    let pairs = (0..3).map(|primary| (primary, primary + 3));
    let last = |(one, other): &(usize, usize)| {
        cluster.last_failover(*one).max(cluster.last_failover(*other))
    };
    let (one, other) = pairs.min_by_key(last).expect("three pairs");
    Ok(if cluster.is_primary(one)? { (one, other) } else { (other, one) })
}

/// A client of a cluster that knows all its nodes.
pub(crate) async fn connect<A: Adapter>(cluster: &Cluster) -> Result<A::Client, Failure> {
    connect_with::<A>(cluster, |_| {}).await
}

/// The same with a configuration of its own.
pub(crate) async fn connect_with<A: Adapter>(
    cluster: &Cluster,
    change: impl FnOnce(&mut Config) + Send + 'static,
) -> Result<A::Client, Failure> {
    connect_to::<A>(&cluster.addresses(), change).await
}

/// A client with these seeds.
pub(crate) async fn connect_to<A: Adapter>(
    seeds: &[String],
    change: impl FnOnce(&mut Config) + Send + 'static,
) -> Result<A::Client, Failure> {
    let setup = Setup { change: Some(Box::new(change)), ..Setup::new(seeds) };
    Ok(A::connect(setup).await?)
}

/// The address of a node of a cluster.
pub(crate) fn address_of(cluster: &Cluster, node: usize) -> Address {
    cluster.node(node).address.parse().expect("the harness writes addresses")
}

/// The reply to a call of one command.
pub(crate) fn one<V: FromValue>(reply: Reply) -> Result<V, Failure> {
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

/// A name that no other test run uses, for `CLIENT LIST`.
pub(crate) fn client_name(test: &str) -> String {
    format!("{test}-{}", id())
}

/// Waits for something that a client or a server gets to by itself.
pub(crate) async fn until<A: Adapter>(
    what: &str,
    mut condition: impl AsyncFnMut() -> Result<bool, Failure>,
) -> Done {
    let deadline = Instant::now() + CHANGE_LIMIT;
    while !condition().await? {
        if Instant::now() >= deadline {
            return Err(format!("{what}: not within {CHANGE_LIMIT:?}").into());
        }
        A::sleep(Duration::from_millis(10)).await;
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
