//! Servers: configuration, persistence, memory, roles and time.
//!
//! Commands that go to several nodes and whose replies stay apart return a [`PerNode`] map.

use alloc::string::String;
use alloc::vec::Vec;
use core::str::FromStr;
use core::time::Duration;

use bytes::Bytes;

use super::options::flush_options;
use super::record::Fields;
use super::replies::{ByName, Items, PerNode, PerNodeResult, list, text_field};
use super::time::{UnixTime, milliseconds};
use super::typed::{Typed, start, with_options};
use crate::command::{FromValue, OneOrMore, PairOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// Rewrites the append-only file in the background on each node: `BGREWRITEAOF`.
///
/// Returns what each node says: that it started, or that it will. The command goes to all nodes.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
#[inline]
pub fn bgrewriteaof() -> Typed<PerNodeResult<String>> {
    start!("BGREWRITEAOF")
}

with_options! {
    /// `BGSAVE`, made by [`bgsave`].
    BgSave
}

/// Saves the data of each node to its disk in the background: `BGSAVE`.
///
/// Returns what each node says. A node that is saving already has an error in its place. The
/// command goes to all nodes.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
#[inline]
pub fn bgsave() -> BgSave<PerNodeResult<String>> {
    BgSave(start!("BGSAVE"))
}

impl<R> BgSave<R> {
    /// A node that rewrites its append-only file saves as soon as that is done: `SCHEDULE`.
    pub fn schedule(self) -> Self {
        Self(self.0.arg("SCHEDULE"))
    }

    /// Stops a save that is running or scheduled: `CANCEL`. **Since**: Valkey 8.1.
    pub fn cancel(self) -> Self {
        Self(self.0.arg("CANCEL"))
    }
}

/// Returns the settings of each node whose names match, by their names: `CONFIG GET`.
///
/// The command goes to all nodes. Several names or patterns are possible since Redis 7.0.
///
/// **Since**: Redis 2.0. **Complexity**: O(n) in the number of settings.
pub fn config_get(names: impl OneOrMore) -> Typed<PerNode<ByName<String>>> {
    start!("CONFIG GET").args(names)
}

/// Sets the statistics of all nodes to zero: `CONFIG RESETSTAT`.
///
/// **Since**: Redis 2.0. **Complexity**: O(1).
#[inline]
pub fn config_resetstat() -> Typed<()> {
    start!("CONFIG RESETSTAT")
}

/// Writes the settings of all nodes to their configuration files: `CONFIG REWRITE`.
///
/// A node that runs without a file has an error.
///
/// **Since**: Redis 2.8. **Complexity**: O(1).
#[inline]
pub fn config_rewrite() -> Typed<()> {
    start!("CONFIG REWRITE")
}

/// Changes settings of all nodes: `CONFIG SET`.
///
/// Several settings are possible since Redis 7.0: a node changes all of them or none. Errors do not
/// show values, which may be passwords.
///
/// **Since**: Redis 2.0. **Complexity**: O(n) in the number of settings.
///
/// ```
/// use hashslot::{Command, cmd};
/// let command = cmd::config_set([("maxmemory", "2gb"), ("maxmemory-policy", "allkeys-lru")]);
/// assert_eq!(Command::from(command).len(), 6);
/// ```
pub fn config_set(settings: impl PairOrMore) -> Typed<()> {
    start!("CONFIG SET").pairs(settings)
}

/// Returns the number of keys of all primaries: `DBSIZE`.
///
/// **Since**: Redis 1.0. **Complexity**: O(1) on each primary.
#[inline]
pub fn dbsize() -> Typed<u64> {
    start!("DBSIZE")
}

/// Returns the message: `ECHO`.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
pub fn echo<V: FromValue>(message: impl ToArg) -> Typed<V> {
    start!("ECHO").arg(message)
}

with_options! {
    /// `FAILOVER`, made by [`failover`].
    Failover
}

/// Makes a replica the primary in place of the node that gets the command: `FAILOVER`.
///
/// Nodes of a cluster refuse it: [`cluster_failover`](super::cluster_failover) replaces it there.
/// The command needs a target.
///
/// **Since**: Redis 6.2. **Complexity**: O(1).
#[inline]
pub fn failover() -> Failover<()> {
    Failover(start!("FAILOVER"))
}

impl<R> Failover<R> {
    /// The replica that becomes the primary: `TO`.
    pub fn to(self, host: impl ToArg, port: u16) -> Self {
        Self(self.0.arg("TO").arg(host).arg(port))
    }

    /// Also if the replica has not caught up when the time is over: `FORCE`. It needs
    /// [`to`](Self::to) and [`timeout`](Self::timeout).
    pub fn force(self) -> Self {
        Self(self.0.arg("FORCE"))
    }

    /// Stops a failover that is under way: `ABORT`.
    pub fn abort(self) -> Self {
        Self(self.0.arg("ABORT"))
    }

    /// How long the node waits for the replica: `TIMEOUT`.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.arg("TIMEOUT").arg(milliseconds(timeout)))
    }
}

with_options! {
    /// `FLUSHALL` and `FLUSHDB`, made by [`flushall`] and [`flushdb`].
    FlushAll
}

/// Deletes all keys of all databases, on all primaries: `FLUSHALL`.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of keys.
#[inline]
pub fn flushall() -> FlushAll<()> {
    FlushAll(start!("FLUSHALL"))
}

/// Deletes all keys of the client's database, on all primaries: `FLUSHDB`.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of keys.
#[inline]
pub fn flushdb() -> FlushAll<()> {
    FlushAll(start!("FLUSHDB"))
}

flush_options!(FlushAll);

with_options! {
    /// `INFO`, made by [`info`]: which sections.
    Info
}

/// Returns what each primary tells of itself: `INFO`.
///
/// For a replica, or for one primary, name a [`Target`](crate::Target) and choose the type
/// [`ServerInfo`] with [`Info::reply`].
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
///
/// ```
/// use hashslot::cmd::{self, Info, PerNode, ServerInfo};
/// let memory: Info<PerNode<ServerInfo>> = cmd::info().sections("memory");
/// let of_one: Info<ServerInfo> = cmd::info().reply();
/// ```
#[inline]
pub fn info() -> Info<PerNode<ServerInfo>> {
    Info(start!("INFO"))
}

impl<R> Info<R> {
    /// Only these sections, such as `memory` or `everything`. More than one is possible since Redis
    /// 7.0.
    pub fn sections(self, names: impl OneOrMore) -> Self {
        Self(self.0.args(names))
    }
}

/// What a server tells of itself: lines of names and values, divided into sections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo(String);

impl ServerInfo {
    /// The text as the server sent it.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value of a field, such as `used_memory`.
    #[must_use]
    #[inline]
    pub fn get(&self, name: &str) -> Option<&str> {
        text_field(&self.0, name)
    }

    /// The value of a field as a number or another type; `None` if it is missing or no such value.
    #[must_use]
    pub fn parse<T: FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    /// The names of the sections, such as `Memory`.
    #[inline]
    pub fn sections(&self) -> impl Iterator<Item = &str> {
        self.0.lines().filter_map(heading)
    }

    /// The names and values of a section, in any case: `memory`.
    #[inline]
    pub fn section<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut lines = self.0.lines();
        lines.find(|line| heading(line).is_some_and(|found| found.eq_ignore_ascii_case(name)));
        lines.take_while(|line| heading(line).is_none()).filter_map(|line| line.split_once(':'))
    }
}

impl FromValue for ServerInfo {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        String::from_value(value, frame).map(Self)
    }
}

/// Returns when each node saved its data last, in seconds since 1970-01-01 00:00 UTC: `LASTSAVE`.
///
/// The command goes to all nodes.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
#[inline]
pub fn lastsave() -> Typed<PerNode<u64>> {
    start!("LASTSAVE")
}

with_options! {
    /// `LOLWUT`, made by [`lolwut`].
    Lolwut
}

/// Returns a piece of art made of characters, and the version of the server: `LOLWUT`.
///
/// **Since**: Redis 5.0. **Complexity**: O(n) in the size of the piece.
#[inline]
pub fn lolwut() -> Lolwut<String> {
    Lolwut(start!("LOLWUT"))
}

impl<R> Lolwut<R> {
    /// The piece of a version of the server: `VERSION`. Set it before the parameters.
    pub fn version(self, version: u64) -> Self {
        Self(self.0.arg("VERSION").arg(version))
    }

    /// The parameters of the piece, which depend on its version.
    pub fn parameters(self, parameters: impl OneOrMore) -> Self {
        Self(self.0.args(parameters))
    }
}

/// Returns what each primary thinks of its memory, in words: `MEMORY DOCTOR`.
///
/// **Since**: Redis 4.0. **Complexity**: O(1).
#[inline]
pub fn memory_doctor() -> Typed<PerNode<String>> {
    start!("MEMORY DOCTOR")
}

/// Returns the statistics of each primary's allocator, as text: `MEMORY MALLOC-STATS`.
///
/// **Since**: Redis 4.0. **Complexity**: O(n) in the memory that is allocated.
#[inline]
pub fn memory_malloc_stats() -> Typed<PerNode<String>> {
    start!("MEMORY MALLOC-STATS")
}

/// Gives memory that all nodes do not use back to their systems: `MEMORY PURGE`.
///
/// **Since**: Redis 4.0. **Complexity**: O(n) in the memory that is allocated.
#[inline]
pub fn memory_purge() -> Typed<()> {
    start!("MEMORY PURGE")
}

/// Returns what each primary uses its memory for: `MEMORY STATS`.
///
/// Names and fields differ by version. Most values are numbers, those of a database are maps: ask
/// for `ByName<OwnedValue>`, or for a type of your own.
///
/// **Since**: Redis 4.0. **Complexity**: O(1).
pub fn memory_stats<V: FromValue>() -> Typed<PerNode<V>> {
    start!("MEMORY STATS")
}

with_options! {
    /// `MEMORY USAGE`, made by [`memory_usage`].
    MemoryUsage
}

/// Returns how many bytes a key and its value take: `MEMORY USAGE`.
///
/// `None` if the key is missing. The server estimates a large value by five of its elements.
///
/// **Since**: Redis 4.0. **Complexity**: O(n) in the number of samples.
pub fn memory_usage(key: impl ToArg) -> MemoryUsage<Option<u64>> {
    MemoryUsage(start!("MEMORY USAGE").key(key))
}

impl<R> MemoryUsage<R> {
    /// By how many elements the server estimates a large value; 0 for all of them: `SAMPLES`.
    pub fn samples(self, count: u64) -> Self {
        Self(self.0.arg("SAMPLES").arg(count))
    }
}

/// Returns the modules of the server: `MODULE LIST`.
///
/// **Since**: Redis 4.0. **Complexity**: O(n) in the number of modules.
#[inline]
pub fn module_list() -> Typed<Vec<LoadedModule>> {
    start!("MODULE LIST")
}

with_options! {
    /// `MODULE LOAD`, made by [`module_load`].
    ModuleLoad
}

/// Loads a module into all nodes, from a file of theirs: `MODULE LOAD`.
///
/// **Since**: Redis 4.0. **Complexity**: O(1).
pub fn module_load(path: impl ToArg) -> ModuleLoad<()> {
    ModuleLoad(start!("MODULE LOAD").arg(path))
}

impl<R> ModuleLoad<R> {
    /// What the module is started with.
    pub fn arguments(self, arguments: impl OneOrMore) -> Self {
        Self(self.0.args(arguments))
    }
}

with_options! {
    /// `MODULE LOADEX`, made by [`module_loadex`].
    ModuleLoadEx
}

/// Loads a module with settings into all nodes, from a file of theirs: `MODULE LOADEX`.
///
/// **Since**: Redis 7.0. **Complexity**: O(1).
pub fn module_loadex(path: impl ToArg) -> ModuleLoadEx<()> {
    ModuleLoadEx(start!("MODULE LOADEX").arg(path))
}

impl<R> ModuleLoadEx<R> {
    /// A setting of the module: `CONFIG`. May be set several times, before the arguments.
    pub fn config(self, name: impl ToArg, value: impl ToArg) -> Self {
        Self(self.0.arg("CONFIG").arg(name).arg(value))
    }

    /// What the module is started with: `ARGS`.
    #[doc(alias = "args")]
    pub fn arguments(self, arguments: impl OneOrMore) -> Self {
        Self(self.0.arg("ARGS").args(arguments))
    }
}

/// Unloads a module from all nodes: `MODULE UNLOAD`.
///
/// **Since**: Redis 4.0. **Complexity**: O(1).
pub fn module_unload(name: impl ToArg) -> Typed<()> {
    start!("MODULE UNLOAD").arg(name)
}

/// A module of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadedModule {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// The file that it was loaded from. **Since**: Redis 7.0.
    pub path: Option<String>,
    /// What it was started with. **Since**: Redis 7.0.
    pub arguments: Vec<Bytes>,
}

impl FromValue for LoadedModule {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let fields = Fields::of(value, frame)?;
        Ok(Self {
            name: fields.get("name")?,
            version: fields.get("ver")?,
            path: fields.get("path")?,
            arguments: list(&fields, "args")?,
        })
    }
}

with_options! {
    /// `PING`, made by [`ping`].
    Ping
}

/// Returns `PONG` if a primary answers: `PING`.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
#[inline]
pub fn ping() -> Ping<String> {
    Ping(start!("PING"))
}

impl<R> Ping<R> {
    /// Returns this message in place of `PONG`.
    pub fn message(self, message: impl ToArg) -> Self {
        Self(self.0.arg(message))
    }
}

/// Makes a server a replica of another one: `REPLICAOF`.
///
/// Nodes of a cluster refuse it: [`cluster_replicate`](super::cluster_replicate) replaces it there.
/// The command needs a target.
///
/// **Since**: Redis 5.0. **Complexity**: O(1).
#[doc(alias = "slaveof")]
pub fn replicaof(host: impl ToArg, port: u16) -> Typed<()> {
    start!("REPLICAOF").arg(host).arg(port)
}

/// Makes a replica a primary: `REPLICAOF NO ONE`.
///
/// Nodes of a cluster refuse it: [`cluster_failover`](super::cluster_failover) replaces it there.
/// The command needs a target.
///
/// **Since**: Redis 5.0. **Complexity**: O(1).
#[inline]
pub fn replicaof_no_one() -> Typed<()> {
    start!("REPLICAOF").arg("NO").arg("ONE")
}

/// Returns whether a server is a primary or a replica, and how far replication is: `ROLE`.
///
/// A primary answers, unless a target is named.
///
/// **Since**: Redis 2.8.12. **Complexity**: O(1).
#[inline]
pub fn role() -> Typed<ServerRole> {
    start!("ROLE")
}

/// What a server is in replication: the reply of [`role`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerRole {
    /// It takes the writes.
    #[non_exhaustive]
    Primary {
        /// How many bytes it has written to the stream of replication.
        offset: u64,
        /// The replicas that are connected.
        replicas: Vec<ConnectedReplica>,
    },
    /// It follows a primary.
    #[non_exhaustive]
    Replica {
        /// The host of the primary.
        host: String,
        /// The port of the primary.
        port: u16,
        /// The state of the connection to the primary: `connected`, or a step before that.
        state: String,
        /// How many bytes of the stream it has read; `None` before the connection is complete.
        offset: Option<u64>,
    },
}

impl FromValue for ServerRole {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let mut items = Items::of(value, frame, "a role as an array")?;
        match items.next::<String>()?.as_str() {
            "master" | "primary" => {
                Ok(Self::Primary { offset: items.next()?, replicas: items.next()? })
            }
            "slave" | "replica" => Ok(Self::Replica {
                host: items.next()?,
                port: items.next()?,
                state: items.next()?,
                offset: u64::try_from(items.next::<i64>()?).ok(),
            }),
            _ => Err(ConversionError::custom("neither the role of a primary nor of a replica")),
        }
    }
}

/// A replica that is connected to its primary.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectedReplica {
    /// The host that it announces.
    pub host: String,
    /// The port that it announces.
    pub port: u16,
    /// How many bytes of the stream of replication it has acknowledged.
    pub offset: u64,
}

impl FromValue for ConnectedReplica {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (host, port, offset) = FromValue::from_value(value, frame)?;
        Ok(Self { host, port, offset })
    }
}

/// Saves the data of each node to its disk, and returns what became of it: `SAVE`.
///
/// The command goes to all nodes. A node serves no other command meanwhile: [`bgsave`] saves in the
/// background.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of keys.
#[inline]
pub fn save() -> Typed<PerNodeResult<()>> {
    start!("SAVE")
}

with_options! {
    /// `SHUTDOWN`, made by [`shutdown`].
    Shutdown
}

/// Ends one server: `SHUTDOWN`.
///
/// The server closes its connections and sends no reply: a call that succeeds ends with an error
/// that the connection was lost. The command needs a target.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of keys if it saves, else O(1).
#[inline]
pub fn shutdown() -> Shutdown<()> {
    Shutdown(start!("SHUTDOWN"))
}

impl<R> Shutdown<R> {
    /// The server does not save its data: `NOSAVE`.
    #[doc(alias = "nosave")]
    pub fn no_save(self) -> Self {
        Self(self.0.arg("NOSAVE"))
    }

    /// The server saves its data, also if no point of saving is configured: `SAVE`.
    pub fn save(self) -> Self {
        Self(self.0.arg("SAVE"))
    }

    /// The server does not wait for replicas that are behind: `NOW`. **Since**: Redis 7.0.
    pub fn now(self) -> Self {
        Self(self.0.arg("NOW"))
    }

    /// The server ignores errors, such as that saving failed: `FORCE`. **Since**: Redis 7.0.
    pub fn force(self) -> Self {
        Self(self.0.arg("FORCE"))
    }

    /// Only if it is safe: a primary that serves slots refuses: `SAFE`. **Since**: Valkey 9.0.
    pub fn safe(self) -> Self {
        Self(self.0.arg("SAFE"))
    }

    /// A primary hands its slots to a replica first: `FAILOVER`. **Since**: Valkey 9.0.
    pub fn failover(self) -> Self {
        Self(self.0.arg("FAILOVER"))
    }

    /// Stops a shutdown that is under way: `ABORT`. **Since**: Redis 7.0.
    pub fn abort(self) -> Self {
        Self(self.0.arg("ABORT"))
    }
}

/// Exchanges two databases: `SWAPDB`.
///
/// Nodes of a cluster refuse it. The command needs a target.
///
/// **Since**: Redis 4.0. **Complexity**: O(n) in the number of clients that watch or wait for keys.
#[inline]
pub fn swapdb(first: u32, second: u32) -> Typed<()> {
    start!("SWAPDB").arg(first).arg(second)
}

/// Returns the time of a server: `TIME`.
///
/// **Since**: Redis 2.6. **Complexity**: O(1).
#[inline]
pub fn time() -> Typed<ServerTime> {
    start!("TIME")
}

/// The time of a server, to the microsecond: the reply of [`time`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerTime(Duration);

impl ServerTime {
    /// The time since 1970-01-01 00:00 UTC.
    #[must_use]
    #[inline]
    pub const fn since_epoch(self) -> Duration {
        self.0
    }
}

impl From<ServerTime> for UnixTime {
    /// To the millisecond.
    #[inline]
    fn from(time: ServerTime) -> Self {
        Self::from_millis(u64::try_from(time.0.as_millis()).unwrap_or(u64::MAX))
    }
}

impl FromValue for ServerTime {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (seconds, micros): (u64, u32) = FromValue::from_value(value, frame)?;
        let micros = Duration::from_micros(micros.into());
        Ok(Self(Duration::from_secs(seconds).saturating_add(micros)))
    }
}

/// Waits until replicas have the writes of this connection, and returns how many have: `WAIT`.
///
/// The number is that of the primary with the fewest. A timeout of zero waits forever.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
#[inline]
pub fn wait(replicas: u64, timeout: Duration) -> Typed<u64> {
    start!("WAIT").arg(replicas).arg(milliseconds(timeout))
}

/// Waits until the writes of this connection are in append-only files: `WAITAOF`.
///
/// Returns how many files of the primary, 0 or 1, and how many of replicas have them. Both numbers
/// are those of the primary with the fewest. A timeout of zero waits forever.
///
/// **Since**: Redis 7.2. **Complexity**: O(1).
#[inline]
pub fn waitaof(local: u64, replicas: u64, timeout: Duration) -> Typed<(u64, u64)> {
    start!("WAITAOF").arg(local).arg(replicas).arg(milliseconds(timeout))
}

/// The name of a section, if the line begins one.
#[inline]
fn heading(line: &str) -> Option<&str> {
    line.strip_prefix('#').map(str::trim)
}
