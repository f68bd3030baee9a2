//! Consumer groups: consumers that share the entries of a stream.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

#[cfg(doc)]
use super::StreamStart;
use super::entries::{Entry, EntryId, EntryRange, StreamEntries, bounds};
use super::streams::{EntryDeletion, EntryRefs};
use super::time::{UnixTime, milliseconds};
use super::typed::{Typed, start, with_options};
use crate::command::{FromValue, OneOrMore, PairOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// Acknowledges entries that a group delivered, and returns how many were pending: `XACK`.
///
/// 0 if the key or the group is missing.
///
/// **Since**: Redis 5.0. **Complexity**: O(1) for each entry.
pub fn xack(key: impl ToArg, group: impl ToArg, ids: impl OneOrMore) -> Typed<u64> {
    start!("XACK").key(key).arg(group).args(ids)
}

with_options! {
    /// `XACKDEL`, made by [`xackdel`]: what becomes of other references to the entries.
    XAckDel
}

/// Acknowledges entries and deletes them, and returns for each what became of it: `XACKDEL`.
///
/// **Since**: Redis 8.2. **Complexity**: O(1) for each entry.
pub fn xackdel(
    key: impl ToArg,
    group: impl ToArg,
    ids: impl OneOrMore,
) -> XAckDel<Vec<EntryDeletion>> {
    XAckDel(start!("XACKDEL").key(key).arg(group).arg("IDS").counted(ids))
}

impl<R> XAckDel<R> {
    /// What becomes of references of other groups: `KEEPREF`, `DELREF` or `ACKED`.
    pub fn refs(self, refs: EntryRefs) -> Self {
        Self(self.0.insert_after(3, [refs]))
    }
}

with_options! {
    /// `XAUTOCLAIM`, made by [`xautoclaim`]: how many entries are claimed, and what is returned.
    XAutoClaim
}

/// Gives pending entries to a consumer that have been idle for `min_idle`, and returns them:
/// `XAUTOCLAIM`.
///
/// It looks at entries from the id `start` on: begin with [`EntryId::MIN`], and go on with
/// [`AutoClaimed::next`]. `V` is what the fields of each entry are converted to. A missing group is
/// an error of the server.
///
/// **Since**: Redis 6.2. **Complexity**: O(1) if few entries are claimed.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::time::Duration;
/// use hashslot::cmd::{self, EntryId};
/// type Fields = BTreeMap<String, String>;
///
/// let minute = Duration::from_secs(60);
/// let late = cmd::xautoclaim::<Fields>("orders", "mail", "me", minute, EntryId::MIN).count(10);
/// ```
pub fn xautoclaim<V: FromValue>(
    key: impl ToArg,
    group: impl ToArg,
    consumer: impl ToArg,
    min_idle: Duration,
    start: impl ToArg,
) -> XAutoClaim<AutoClaimed<Entry<V>>> {
    let head = start!("XAUTOCLAIM").key(key).arg(group).arg(consumer);
    XAutoClaim(head.arg(milliseconds(min_idle)).arg(start))
}

impl<R> XAutoClaim<R> {
    /// Claims at most this many entries, 100 by default: `COUNT`.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg("COUNT").arg(count))
    }

    /// Returns the ids alone, and does not count a delivery: `JUSTID`.
    #[doc(alias = "justid")]
    pub fn just_ids(self) -> XAutoClaim<AutoClaimed<EntryId>> {
        XAutoClaim(self.0.arg("JUSTID").reply())
    }
}

/// The entries that a consumer got: the reply of [`xautoclaim`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AutoClaimed<E> {
    /// Where to go on; `None` if all pending entries have been looked at.
    pub next: Option<EntryId>,
    /// The entries that the consumer got.
    pub entries: Vec<E>,
    /// Entries that are deleted from the stream: they are not pending any more. Empty before Redis
    /// 7.0, which left them pending.
    pub deleted: Vec<EntryId>,
}

impl<E: FromValue> FromValue for AutoClaimed<E> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let has_deleted = value.elements().is_some_and(|elements| elements.len() == 3);
        let (next, entries, deleted) = if has_deleted {
            FromValue::from_value(value, frame)?
        } else {
            let (next, entries) = FromValue::from_value(value, frame)?;
            (next, entries, Vec::new())
        };
        Ok(Self { next: Some(next).filter(|&next| next != EntryId::MIN), entries, deleted })
    }
}

with_options! {
    /// `XCLAIM`, made by [`xclaim`]: how often and when the entries count as delivered, and what is
    /// returned.
    XClaim
}

/// Gives pending entries to a consumer that have been idle for `min_idle`, and returns those that
/// it got: `XCLAIM`.
///
/// `V` is what the fields of each entry are converted to. Entries that are deleted from the stream
/// are left out. A missing group is an error of the server.
///
/// **Since**: Redis 5.0. **Complexity**: O(log n) for each entry, in the number of pending entries.
pub fn xclaim<V: FromValue>(
    key: impl ToArg,
    group: impl ToArg,
    consumer: impl ToArg,
    min_idle: Duration,
    ids: impl OneOrMore,
) -> XClaim<Vec<Entry<V>>> {
    let head = start!("XCLAIM").key(key).arg(group).arg(consumer);
    XClaim(head.arg(milliseconds(min_idle)).args(ids))
}

impl<R> XClaim<R> {
    /// The entries count as delivered this long ago: `IDLE`. Without it, as delivered now.
    pub fn idle(self, idle: Duration) -> Self {
        Self(self.0.arg("IDLE").arg(milliseconds(idle)))
    }

    /// The entries count as delivered at this time: `TIME`.
    #[doc(alias = "time")]
    pub fn delivered_at(self, time: impl Into<UnixTime>) -> Self {
        Self(self.0.arg("TIME").arg(time.into()))
    }

    /// The entries count as delivered this often: `RETRYCOUNT`. Without it, once more than before.
    #[doc(alias = "retrycount")]
    pub fn deliveries(self, count: u64) -> Self {
        Self(self.0.arg("RETRYCOUNT").arg(count))
    }

    /// Gives the consumer also entries that are not pending: `FORCE`.
    pub fn force(self) -> Self {
        Self(self.0.arg("FORCE"))
    }

    /// Returns the ids alone, and does not count a delivery: `JUSTID`.
    #[doc(alias = "justid")]
    pub fn just_ids(self) -> XClaim<Vec<EntryId>> {
        XClaim(self.0.arg("JUSTID").reply())
    }

    /// The last id that the group delivered, if it is greater than the one before: `LASTID`.
    #[doc(alias = "lastid")]
    pub fn last_id(self, id: impl ToArg) -> Self {
        Self(self.0.arg("LASTID").arg(id))
    }
}

with_options! {
    /// `XGROUP CREATE`, made by [`xgroup_create`]: whether it creates the stream.
    XGroupCreate
}

/// Creates a consumer group: `XGROUP CREATE`.
///
/// The group delivers the entries after `start`, an [`EntryId`] or a [`StreamStart`]. A group that
/// exists is an error of the server (`BUSYGROUP`), and so is a missing key unless
/// [`XGroupCreate::mkstream`] is set.
///
/// **Since**: Redis 5.0. **Complexity**: O(1).
///
/// ```
/// use hashslot::cmd::{self, EntryId, StreamStart};
/// let all = cmd::xgroup_create("orders", "mail", EntryId::MIN).mkstream();
/// let new = cmd::xgroup_create("orders", "audit", StreamStart::End);
/// ```
pub fn xgroup_create(key: impl ToArg, group: impl ToArg, start: impl ToArg) -> XGroupCreate<()> {
    XGroupCreate(start!("XGROUP CREATE").key(key).arg(group).arg(start))
}

impl<R> XGroupCreate<R> {
    /// Creates an empty stream if the key is missing: `MKSTREAM`.
    pub fn mkstream(self) -> Self {
        Self(self.0.arg("MKSTREAM"))
    }

    /// How many entries of the stream the group counts as read, for its lag: `ENTRIESREAD`.
    ///
    /// **Since**: Redis 7.0.
    #[doc(alias = "entriesread")]
    pub fn entries_read(self, count: u64) -> Self {
        Self(self.0.arg("ENTRIESREAD").arg(count))
    }
}

/// Creates a consumer of a group, and returns whether it did: `XGROUP CREATECONSUMER`.
///
/// False if the consumer exists. [`xreadgroup`] creates consumers by itself. A missing group is an
/// error of the server.
///
/// **Since**: Redis 6.2. **Complexity**: O(1).
pub fn xgroup_createconsumer(
    key: impl ToArg,
    group: impl ToArg,
    consumer: impl ToArg,
) -> Typed<bool> {
    start!("XGROUP CREATECONSUMER").key(key).arg(group).arg(consumer)
}

/// Deletes a consumer of a group, and returns how many entries were pending: `XGROUP DELCONSUMER`.
///
/// These entries are not pending any more: claim them before. A missing group is an error of the
/// server.
///
/// **Since**: Redis 5.0. **Complexity**: O(n) in the number of entries that were pending.
pub fn xgroup_delconsumer(key: impl ToArg, group: impl ToArg, consumer: impl ToArg) -> Typed<u64> {
    start!("XGROUP DELCONSUMER").key(key).arg(group).arg(consumer)
}

/// Deletes a group with its consumers, and returns whether it did: `XGROUP DESTROY`.
///
/// False if the group is missing. A missing key is an error of the server.
///
/// **Since**: Redis 5.0. **Complexity**: O(n) in the number of entries that were pending.
pub fn xgroup_destroy(key: impl ToArg, group: impl ToArg) -> Typed<bool> {
    start!("XGROUP DESTROY").key(key).arg(group)
}

with_options! {
    /// `XGROUP SETID`, made by [`xgroup_setid`].
    XGroupSetId
}

/// Sets after which entry a group goes on to deliver: `XGROUP SETID`.
///
/// `start` is an [`EntryId`] or a [`StreamStart`]. A missing group is an error of the server.
///
/// **Since**: Redis 5.0. **Complexity**: O(1).
pub fn xgroup_setid(key: impl ToArg, group: impl ToArg, start: impl ToArg) -> XGroupSetId<()> {
    XGroupSetId(start!("XGROUP SETID").key(key).arg(group).arg(start))
}

impl<R> XGroupSetId<R> {
    /// How many entries of the stream the group counts as read, for its lag: `ENTRIESREAD`.
    ///
    /// **Since**: Redis 7.0.
    #[doc(alias = "entriesread")]
    pub fn entries_read(self, count: u64) -> Self {
        Self(self.0.arg("ENTRIESREAD").arg(count))
    }
}

with_options! {
    /// `XPENDING` for a summary, made by [`xpending`].
    XPending
}

with_options! {
    /// `XPENDING` for single entries, made by [`XPending::entries`]: which of them are returned.
    XPendingEntries
}

/// Returns how many entries of a group are delivered and not acknowledged, and which consumers have
/// them: `XPENDING`.
///
/// [`XPending::entries`] asks for the entries. A missing group is an error of the server.
///
/// **Since**: Redis 5.0. **Complexity**: O(n) in the number of consumers; with
/// [`XPending::entries`] in the number of entries that are returned.
///
/// ```
/// use std::time::Duration;
/// use hashslot::cmd;
/// let summary = cmd::xpending("orders", "mail");
/// let late = cmd::xpending("orders", "mail").entries(.., 10).idle(Duration::from_secs(60));
/// ```
pub fn xpending(key: impl ToArg, group: impl ToArg) -> XPending<PendingSummary> {
    XPending(start!("XPENDING").key(key).arg(group))
}

impl<R> XPending<R> {
    /// Returns the pending entries in a range of ids, at most `count` of them.
    pub fn entries(self, ids: impl EntryRange, count: u64) -> XPendingEntries<Vec<PendingEntry>> {
        XPendingEntries(self.0.args(bounds(&ids)).arg(count).reply())
    }
}

impl<R> XPendingEntries<R> {
    /// Only entries that were delivered at least this long ago: `IDLE`. **Since**: Redis 6.2.
    pub fn idle(self, min_idle: Duration) -> Self {
        Self(self.0.option(3, "IDLE", milliseconds(min_idle)))
    }

    /// Only entries that this consumer has.
    pub fn consumer(self, consumer: impl ToArg) -> Self {
        Self(self.0.arg(consumer))
    }
}

/// How many entries of a group are pending: the reply of [`xpending`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingSummary {
    /// The number of entries.
    pub count: u64,
    /// The least id of them; `None` if there are none.
    pub first: Option<EntryId>,
    /// The greatest id of them; `None` if there are none.
    pub last: Option<EntryId>,
    /// Each consumer that has some, and how many.
    pub consumers: Vec<(String, u64)>,
}

impl FromValue for PendingSummary {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (count, first, last, consumers) = FromValue::from_value(value, frame)?;
        let consumers = Option::unwrap_or_default(consumers);
        Ok(Self { count, first, last, consumers })
    }
}

/// An entry that is delivered and not acknowledged: what [`XPending::entries`] asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingEntry {
    /// Its id.
    pub id: EntryId,
    /// The consumer that has it.
    pub consumer: String,
    /// How long ago it was delivered.
    pub idle: Duration,
    /// How often it was delivered.
    pub deliveries: u64,
}

impl FromValue for PendingEntry {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (id, consumer, idle, deliveries) = FromValue::from_value(value, frame)?;
        Ok(Self { id, consumer, idle: Duration::from_millis(idle), deliveries })
    }
}

with_options! {
    /// `XREADGROUP`, made by [`xreadgroup`]: how many entries it returns, and whether they have to
    /// be acknowledged.
    XReadGroup
}

/// Returns entries of streams that a group delivers to a consumer: `XREADGROUP`.
///
/// `streams` is a pair or several: a key and where reading begins. With
/// [`StreamStart::Undelivered`] the consumer gets entries that no other consumer has got. They are
/// pending until [`xack`] acknowledges them. With an [`EntryId`] it gets its own pending entries
/// after this one again.
///
/// `V` is what the fields of each entry are converted to; those of a pending entry that was deleted
/// are a null. A stream without entries is left out; with an [`EntryId`] it has an empty list. All
/// keys have to be in one slot. A missing group is an error of the server.
///
/// **Since**: Redis 5.0. **Complexity**: O(n) in the number of entries that are returned.
///
/// ```
/// use std::collections::BTreeMap;
/// use hashslot::cmd::{self, EntryId, StreamStart};
/// type Fields = BTreeMap<String, String>;
///
/// let streams = ("orders", StreamStart::Undelivered);
/// let new = cmd::xreadgroup::<Fields>("mail", "me", streams).count(10);
/// let mine = cmd::xreadgroup::<Option<Fields>>("mail", "me", ("orders", EntryId::MIN));
/// ```
pub fn xreadgroup<V: FromValue>(
    group: impl ToArg,
    consumer: impl ToArg,
    streams: impl PairOrMore,
) -> XReadGroup<Vec<StreamEntries<Entry<V>>>> {
    XReadGroup(start!("XREADGROUP").arg("GROUP").arg(group).arg(consumer).streams(streams))
}

impl<R> XReadGroup<R> {
    /// Returns at most this many entries of each stream: `COUNT`.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.option(4, "COUNT", count))
    }

    /// Waits up to this time for an entry if there is none, forever if it is zero: `BLOCK`. Clients
    /// refuse it, since it would hold a connection that others use.
    pub fn block(self, timeout: Duration) -> Self {
        Self(self.0.option(4, "BLOCK", milliseconds(timeout)))
    }

    /// The entries count as acknowledged: `NOACK`.
    #[doc(alias = "noack")]
    pub fn no_ack(self) -> Self {
        Self(self.0.insert_after(4, ["NOACK"]))
    }
}

impl<V> XReadGroup<Vec<StreamEntries<Entry<V>>>> {
    /// Returns also pending entries that have been idle for `min_idle`, of any consumer, before the
    /// new ones: `CLAIM`.
    ///
    /// **Since**: Redis 8.4.
    pub fn claim(self, min_idle: Duration) -> XReadGroup<Vec<StreamEntries<ClaimedEntry<V>>>> {
        XReadGroup(self.0.option(4, "CLAIM", milliseconds(min_idle)).reply())
    }
}

/// An entry that was pending or is new: what [`XReadGroup::claim`] asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimedEntry<V> {
    /// Its id.
    pub id: EntryId,
    /// Its fields and their values.
    pub fields: V,
    /// How long ago it was delivered before; zero for a new one.
    pub idle: Duration,
    /// How often it was delivered before; 0 for a new one.
    pub deliveries: u64,
}

impl<V: FromValue> FromValue for ClaimedEntry<V> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        // An entry that was not pending may come without the numbers.
        let is_short = value.elements().is_some_and(|elements| elements.len() == 2);
        let (id, fields, idle, deliveries) = if is_short {
            let (id, fields) = FromValue::from_value(value, frame)?;
            (id, fields, 0, 0)
        } else {
            FromValue::from_value(value, frame)?
        };
        Ok(Self { id, fields, idle: Duration::from_millis(idle), deliveries })
    }
}
