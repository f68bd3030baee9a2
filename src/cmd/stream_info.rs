//! What servers tell of streams, groups and consumers.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use super::entries::{Entry, EntryId};
use super::record::{Fields, record};
use super::time::UnixTime;
use super::typed::{Typed, start, with_options};
use crate::command::{FromValue, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// Returns the consumers of a group: `XINFO CONSUMERS`.
///
/// A missing key or group is an error of the server.
///
/// **Since**: Redis 5.0. **Complexity**: O(n) in the number of consumers.
pub fn xinfo_consumers(key: impl ToArg, group: impl ToArg) -> Typed<Vec<ConsumerInfo>> {
    start!("XINFO CONSUMERS").key(key).arg(group)
}

/// A consumer of a group: an element of what [`xinfo_consumers`] returns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsumerInfo {
    /// Its name.
    pub name: String,
    /// The number of entries that it has and has not acknowledged.
    pub pending: u64,
    /// How long ago it asked for entries, or claimed some.
    pub idle: Duration,
    /// How long ago it got entries; `None` if it never did, and before Redis 7.2.
    pub inactive: Option<Duration>,
}

impl FromValue for ConsumerInfo {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let fields = Fields::of(value, frame)?;
        Ok(Self {
            name: fields.get("name")?,
            pending: fields.get("pending")?,
            idle: Duration::from_millis(fields.get("idle")?),
            inactive: not_negative(fields.get("inactive")?).map(Duration::from_millis),
        })
    }
}

/// A number that is -1 if there is none.
#[inline]
fn not_negative(number: Option<i64>) -> Option<u64> {
    number.and_then(|number| u64::try_from(number).ok())
}

/// Returns the consumer groups of a stream: `XINFO GROUPS`.
///
/// A missing key is an error of the server.
///
/// **Since**: Redis 5.0. **Complexity**: O(n) in the number of groups.
pub fn xinfo_groups(key: impl ToArg) -> Typed<Vec<GroupInfo>> {
    start!("XINFO GROUPS").key(key)
}

record! {
    /// A consumer group: an element of what [`xinfo_groups`] returns.
    pub struct GroupInfo {
        /// Its name.
        pub name: String = "name",
        /// The number of its consumers.
        pub consumers: u64 = "consumers",
        /// The number of entries that are delivered and not acknowledged.
        pub pending: u64 = "pending",
        /// The id of the last entry that was delivered.
        pub last_delivered_id: EntryId = "last-delivered-id",
        /// The number of entries that were delivered, if the server knows it. Since Redis 7.0.
        pub entries_read: Option<u64> = "entries-read",
        /// The number of entries that are to be delivered, if the server knows it. Since Redis 7.0.
        pub lag: Option<u64> = "lag",
    }
}

with_options! {
    /// `XINFO STREAM`, made by [`xinfo_stream`].
    XInfoStream
}

with_options! {
    /// `XINFO STREAM FULL`, made by [`XInfoStream::full`]: how many entries are told.
    XInfoStreamFull
}

/// Returns the state of a stream: `XINFO STREAM`.
///
/// [`XInfoStream::full`] asks for its entries, groups and consumers too. A missing key is an error
/// of the server.
///
/// **Since**: Redis 5.0. **Complexity**: O(1); with [`XInfoStream::full`] O(n) in the number of
/// entries that are told.
pub fn xinfo_stream(key: impl ToArg) -> XInfoStream<StreamInfo> {
    XInfoStream(start!("XINFO STREAM").key(key))
}

impl<R> XInfoStream<R> {
    /// Returns entries, groups and consumers too: `FULL`. **Since**: Redis 6.0.
    pub fn full(self) -> XInfoStreamFull<StreamDetails> {
        XInfoStreamFull(self.0.arg("FULL").reply())
    }
}

impl<R> XInfoStreamFull<R> {
    /// Tells at most this many entries of the stream, and of each list of pending ones; 10 by
    /// default, and all if it is 0: `COUNT`.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg("COUNT").arg(count))
    }
}

record! {
    /// The state of a stream: the reply of [`xinfo_stream`].
    pub struct StreamInfo {
        /// The number of entries.
        pub length: u64 = "length",
        /// The number of keys in the radix tree that the server stores the stream in.
        pub radix_tree_keys: u64 = "radix-tree-keys",
        /// The number of nodes of this tree.
        pub radix_tree_nodes: u64 = "radix-tree-nodes",
        /// The id of the last entry that was added.
        pub last_generated_id: EntryId = "last-generated-id",
        /// The greatest id of an entry that was deleted; 0-0 if none was. Since Redis 7.0.
        pub max_deleted_entry_id: Option<EntryId> = "max-deleted-entry-id",
        /// The number of entries that were ever added. Since Redis 7.0.
        pub entries_added: Option<u64> = "entries-added",
        /// The id of the first entry; 0-0 if there is none. Since Redis 7.0.
        pub recorded_first_entry_id: Option<EntryId> = "recorded-first-entry-id",
        /// The number of consumer groups.
        pub groups: u64 = "groups",
        /// The first entry.
        pub first_entry: Option<Entry<Vec<(Bytes, Bytes)>>> = "first-entry",
        /// The last entry.
        pub last_entry: Option<Entry<Vec<(Bytes, Bytes)>>> = "last-entry",
        /// For how many seconds tokens of producers are remembered: see
        /// [`xcfgset`](super::xcfgset). Since Redis 8.6.
        pub idmp_duration: Option<u64> = "idmp-duration",
        /// How many tokens of each producer are remembered. Since Redis 8.6.
        pub idmp_maxsize: Option<u64> = "idmp-maxsize",
        /// The number of producers of which tokens are remembered. Since Redis 8.6.
        pub pids_tracked: Option<u64> = "pids-tracked",
        /// The number of tokens that are remembered. Since Redis 8.6.
        pub iids_tracked: Option<u64> = "iids-tracked",
        /// The number of entries that were ever added with a token. Since Redis 8.6.
        pub iids_added: Option<u64> = "iids-added",
        /// The number of entries that were not added since their token was known. Since Redis 8.6.
        pub iids_duplicates: Option<u64> = "iids-duplicates",
    }
}

record! {
    /// The state of a stream with its entries and groups: what [`XInfoStream::full`] asks for.
    pub struct StreamDetails {
        /// The number of entries.
        pub length: u64 = "length",
        /// The number of keys in the radix tree that the server stores the stream in.
        pub radix_tree_keys: u64 = "radix-tree-keys",
        /// The number of nodes of this tree.
        pub radix_tree_nodes: u64 = "radix-tree-nodes",
        /// The id of the last entry that was added.
        pub last_generated_id: EntryId = "last-generated-id",
        /// The greatest id of an entry that was deleted; 0-0 if none was. Since Redis 7.0.
        pub max_deleted_entry_id: Option<EntryId> = "max-deleted-entry-id",
        /// The number of entries that were ever added. Since Redis 7.0.
        pub entries_added: Option<u64> = "entries-added",
        /// The id of the first entry; 0-0 if there is none. Since Redis 7.0.
        pub recorded_first_entry_id: Option<EntryId> = "recorded-first-entry-id",
        /// The first entries.
        pub entries: Vec<Entry<Vec<(Bytes, Bytes)>>> = "entries",
        /// The consumer groups.
        pub groups: Vec<GroupDetails> = "groups",
    }
}

record! {
    /// A consumer group with its consumers: an element of [`StreamDetails::groups`].
    pub struct GroupDetails {
        /// Its name.
        pub name: String = "name",
        /// The id of the last entry that was delivered.
        pub last_delivered_id: EntryId = "last-delivered-id",
        /// The number of entries that were delivered, if the server knows it. Since Redis 7.0.
        pub entries_read: Option<u64> = "entries-read",
        /// The number of entries that are to be delivered, if the server knows it. Since Redis 7.0.
        pub lag: Option<u64> = "lag",
        /// The number of entries that are delivered and not acknowledged.
        pub pending: u64 = "pel-count",
        /// The first of these entries.
        pub deliveries: Vec<Delivery> = "pending",
        /// The consumers.
        pub consumers: Vec<ConsumerDetails> = "consumers",
    }
}

/// A consumer with its pending entries: an element of [`GroupDetails::consumers`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsumerDetails {
    /// Its name.
    pub name: String,
    /// When it asked for entries, or claimed some.
    pub seen_at: UnixTime,
    /// When it got entries; `None` if it never did, and before Redis 7.2.
    pub active_at: Option<UnixTime>,
    /// The number of entries that it has and has not acknowledged.
    pub pending: u64,
    /// The first of these entries.
    pub deliveries: Vec<Delivery>,
}

impl FromValue for ConsumerDetails {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let fields = Fields::of(value, frame)?;
        let name: String = fields.get("name")?;
        let deliveries: Vec<(EntryId, UnixTime, u64)> = fields.get("pending")?;
        let deliveries = deliveries.into_iter();
        Ok(Self {
            seen_at: fields.get("seen-time")?,
            active_at: not_negative(fields.get("active-time")?).map(UnixTime::from_millis),
            pending: fields.get("pel-count")?,
            deliveries: deliveries
                .map(|(id, at, count)| Delivery { id, consumer: name.clone(), at, count })
                .collect(),
            name,
        })
    }
}

/// An entry that was delivered to a consumer, which has not acknowledged it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// Its id.
    pub id: EntryId,
    /// The consumer that has it.
    pub consumer: String,
    /// When it was delivered last.
    pub at: UnixTime,
    /// How often it was delivered.
    pub count: u64,
}

impl FromValue for Delivery {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (id, consumer, at, count) = FromValue::from_value(value, frame)?;
        Ok(Self { id, consumer, at, count })
    }
}
