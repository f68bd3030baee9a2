//! Latency and slow commands.
//!
//! Each node keeps its own records: replies are maps from the address of a node.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use super::record::record;
use super::replies::{ByName, Items, PerNode, PerNodeResult};
use super::time::UnixTime;
use super::typed::{Typed, start, with_options};
use crate::command::{Arg, FromValue, OneOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// The records that a Valkey server keeps of commands that were slow or large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandLog {
    /// Of commands that took long: `slow`.
    Slow,
    /// Of commands that were large: `large-request`.
    LargeRequest,
    /// Of commands whose replies were large: `large-reply`.
    LargeReply,
}

impl ToArg for CommandLog {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::Slow => "slow",
            Self::LargeRequest => "large-request",
            Self::LargeReply => "large-reply",
        }
        .to_arg()
    }
}

/// Returns the newest entries of a log of each node: `COMMANDLOG GET`.
///
/// At most `count` of each node; -1 returns all of them. The command goes to all nodes.
///
/// **Since**: Valkey 8.1; [`slowlog_get`] on Redis. **Complexity**: O(n) in the number of entries.
#[inline]
pub fn commandlog_get(count: i64, log: CommandLog) -> Typed<PerNode<Vec<CommandLogEntry>>> {
    start!("COMMANDLOG GET").arg(count).arg(log)
}

/// Returns how many entries a log has on all nodes: `COMMANDLOG LEN`.
///
/// **Since**: Valkey 8.1; [`slowlog_len`] on Redis. **Complexity**: O(1).
#[inline]
pub fn commandlog_len(log: CommandLog) -> Typed<u64> {
    start!("COMMANDLOG LEN").arg(log)
}

/// Deletes the entries of a log on all nodes: `COMMANDLOG RESET`.
///
/// **Since**: Valkey 8.1; [`slowlog_reset`] on Redis. **Complexity**: O(n) in the number of
/// entries.
#[inline]
pub fn commandlog_reset(log: CommandLog) -> Typed<()> {
    start!("COMMANDLOG RESET").arg(log)
}

/// A command that was slow or large: an entry of a [`CommandLog`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandLogEntry {
    /// The number of the entry.
    pub id: u64,
    /// When the command ended, to the second.
    pub at: UnixTime,
    /// What it took: microseconds in the log of slow commands, bytes in the others.
    pub amount: u64,
    /// The command and its arguments, which the server may have shortened.
    pub arguments: Vec<Bytes>,
    /// The address of the client, host and port.
    pub client_address: String,
    /// The name of the connection; empty if it has none.
    pub client_name: String,
}

impl FromValue for CommandLogEntry {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let mut items = Items::of(value, frame, "an entry of a log as an array")?;
        Ok(Self {
            id: items.next()?,
            at: UnixTime::from_secs(items.next()?),
            amount: items.next()?,
            arguments: items.next()?,
            client_address: items.next::<Option<_>>()?.unwrap_or_default(),
            client_name: items.next::<Option<_>>()?.unwrap_or_default(),
        })
    }
}

/// Returns what each node thinks of its latency, in words: `LATENCY DOCTOR`.
///
/// **Since**: Redis 2.8.13. **Complexity**: O(1).
#[inline]
pub fn latency_doctor() -> Typed<PerNode<String>> {
    start!("LATENCY DOCTOR")
}

/// Returns a graph of the latency of an event on each node, made of characters: `LATENCY GRAPH`.
///
/// A node that has no sample of the event has an error in its place.
///
/// **Since**: Redis 2.8.13. **Complexity**: O(1).
pub fn latency_graph(event: impl ToArg) -> Typed<PerNodeResult<String>> {
    start!("LATENCY GRAPH").arg(event)
}

with_options! {
    /// `LATENCY HISTOGRAM`, made by [`latency_histogram`].
    LatencyHistogram
}

/// Returns how long commands took on each node, by their names: `LATENCY HISTOGRAM`.
///
/// Commands that were not called are missing.
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of commands.
#[inline]
pub fn latency_histogram() -> LatencyHistogram<PerNode<ByName<CommandHistogram>>> {
    LatencyHistogram(start!("LATENCY HISTOGRAM"))
}

impl<R> LatencyHistogram<R> {
    /// Only of these commands. The name of a subcommand has a bar: `config|get`.
    pub fn commands(self, names: impl OneOrMore) -> Self {
        Self(self.0.args(names))
    }
}

record! {
    /// How long the calls of a command took.
    pub struct CommandHistogram {
        /// How many calls there were.
        pub calls: u64 = "calls",
        /// How many calls took at most so many microseconds. The counts add up: each has those of
        /// the shorter times as well.
        pub up_to_micros: BTreeMap<u64, u64> = "histogram_usec",
    }
}

/// Returns the newest samples of an event on each node, the oldest first: `LATENCY HISTORY`.
///
/// At most 160 of each node.
///
/// **Since**: Redis 2.8.13. **Complexity**: O(1).
pub fn latency_history(event: impl ToArg) -> Typed<PerNode<Vec<LatencySample>>> {
    start!("LATENCY HISTORY").arg(event)
}

/// How long an event took at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LatencySample {
    /// When it happened, to the second.
    pub at: UnixTime,
    /// How long it took, in whole milliseconds.
    pub latency: Duration,
}

impl FromValue for LatencySample {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (at, latency) = FromValue::from_value(value, frame)?;
        Ok(Self { at: UnixTime::from_secs(at), latency: Duration::from_millis(latency) })
    }
}

/// Returns the events of each node that were slow: `LATENCY LATEST`.
///
/// Servers watch events only if the setting `latency-monitor-threshold` is not 0.
///
/// **Since**: Redis 2.8.13. **Complexity**: O(1).
#[inline]
pub fn latency_latest() -> Typed<PerNode<Vec<LatencyEvent>>> {
    start!("LATENCY LATEST")
}

/// An event that was slow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LatencyEvent {
    /// The name of the event, such as `command` or `fork`.
    pub event: String,
    /// When it happened last, to the second.
    pub at: UnixTime,
    /// How long it took then, in whole milliseconds.
    pub latest: Duration,
    /// The longest that it took.
    pub max: Duration,
    /// How long it took in all. **Since**: Valkey 8.1.
    pub sum: Option<Duration>,
    /// How often it happened. **Since**: Valkey 8.1.
    pub count: Option<u64>,
}

impl FromValue for LatencyEvent {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let mut items = Items::of(value, frame, "an event as an array")?;
        Ok(Self {
            event: items.next()?,
            at: UnixTime::from_secs(items.next()?),
            latest: Duration::from_millis(items.next()?),
            max: Duration::from_millis(items.next()?),
            sum: items.next::<Option<_>>()?.map(Duration::from_millis),
            count: items.next()?,
        })
    }
}

with_options! {
    /// `LATENCY RESET`, made by [`latency_reset`].
    LatencyReset
}

/// Deletes the samples of all events on all nodes: `LATENCY RESET`.
///
/// Returns how many events had some, over all nodes.
///
/// **Since**: Redis 2.8.13. **Complexity**: O(1).
#[inline]
pub fn latency_reset() -> LatencyReset<u64> {
    LatencyReset(start!("LATENCY RESET"))
}

impl<R> LatencyReset<R> {
    /// Only of these events.
    pub fn events(self, events: impl OneOrMore) -> Self {
        Self(self.0.args(events))
    }
}

with_options! {
    /// `SLOWLOG GET`, made by [`slowlog_get`].
    SlowlogGet
}

/// Returns the commands of each node that took long, the newest first: `SLOWLOG GET`.
///
/// The command goes to all nodes. Without an option ten entries of each node are returned.
///
/// **Since**: Redis 2.2.12. **Complexity**: O(n) in the number of entries that are returned.
#[inline]
pub fn slowlog_get() -> SlowlogGet<PerNode<Vec<SlowlogEntry>>> {
    SlowlogGet(start!("SLOWLOG GET"))
}

impl<R> SlowlogGet<R> {
    /// At most so many entries of each node.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg(count))
    }

    /// All entries: a count of -1. **Since**: Redis 7.0.
    pub fn all(self) -> Self {
        Self(self.0.arg(-1))
    }
}

/// Returns how many entries the logs of slow commands have on all nodes: `SLOWLOG LEN`.
///
/// **Since**: Redis 2.2.12. **Complexity**: O(1).
#[inline]
pub fn slowlog_len() -> Typed<u64> {
    start!("SLOWLOG LEN")
}

/// Deletes the logs of slow commands on all nodes: `SLOWLOG RESET`.
///
/// **Since**: Redis 2.2.12. **Complexity**: O(n) in the number of entries.
#[inline]
pub fn slowlog_reset() -> Typed<()> {
    start!("SLOWLOG RESET")
}

/// A command that took long.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlowlogEntry {
    /// The number of the entry.
    pub id: u64,
    /// When the command ended, to the second.
    pub at: UnixTime,
    /// How long it took, without waiting and sending the reply.
    pub duration: Duration,
    /// The command and its arguments, which the server may have shortened.
    pub arguments: Vec<Bytes>,
    /// The address of the client, host and port. Empty before Redis 4.0.
    pub client_address: String,
    /// The name of the connection; empty if it has none.
    pub client_name: String,
}

impl FromValue for SlowlogEntry {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let CommandLogEntry { id, at, amount, arguments, client_address, client_name } =
            FromValue::from_value(value, frame)?;
        let duration = Duration::from_micros(amount);
        Ok(Self { id, at, duration, arguments, client_address, client_name })
    }
}
