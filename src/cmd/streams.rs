//! Streams: logs of entries, each with an id and fields.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

#[cfg(doc)]
use super::StreamStart;
use super::entries::{Entry, EntryId, EntryRange, StreamEntries, bounds, spelled};
use super::time::{UnixTime, milliseconds};
use super::typed::{Typed, TypedCommand, start, with_options};
use crate::command::{Arg, Command, FromValue, OneOrMore, PairOrMore, ToArg, ToArgs};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// Which entries of a stream are deleted because they are old, for [`xtrim`] and [`XAdd::trim`].
///
/// ```
/// use hashslot::cmd::{self, Trim};
/// let fields = [("item", "book"), ("count", "2")];
/// let command = cmd::xadd("orders", fields).trim(Trim::max_len(10_000).approximate());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trim {
    kept: Kept,
    is_approximate: bool,
    limit: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Len(u64),
    From(EntryId),
}

impl Trim {
    /// Keeps as many of the newest entries: `MAXLEN`.
    #[must_use]
    #[doc(alias = "maxlen")]
    #[inline]
    pub const fn max_len(len: u64) -> Self {
        Self { kept: Kept::Len(len), is_approximate: false, limit: None }
    }

    /// Keeps entries with this id or a greater one: `MINID`. **Since**: Redis 6.2.
    #[must_use]
    #[doc(alias = "minid")]
    #[inline]
    pub const fn min_id(id: EntryId) -> Self {
        Self { kept: Kept::From(id), is_approximate: false, limit: None }
    }

    /// May keep some entries more, which takes the server less work: `~`.
    #[must_use]
    #[inline]
    pub const fn approximate(self) -> Self {
        Self { is_approximate: true, ..self }
    }

    /// Deletes at most this many entries, all of them if it is 0: `LIMIT`. Servers take it only if
    /// trimming is [`approximate`](Self::approximate), which this implies. **Since**: Redis 6.2.
    #[must_use]
    #[inline]
    pub const fn limit(self, count: u64) -> Self {
        Self { is_approximate: true, limit: Some(count), ..self }
    }
}

impl ToArgs for Trim {
    #[inline]
    fn add_to(self, command: Command) -> Command {
        let command = command.arg(match self.kept {
            Kept::Len(_) => "MAXLEN",
            Kept::From(_) => "MINID",
        });
        let command = command.arg_opt(self.is_approximate.then_some("~"));
        let command = match self.kept {
            Kept::Len(len) => command.arg(len),
            Kept::From(id) => command.arg(id),
        };
        match self.limit {
            Some(count) => command.arg("LIMIT").arg(count),
            None => command,
        }
    }
}

/// What becomes of the references that consumer groups have to an entry which is deleted.
///
/// **Since**: Redis 8.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryRefs {
    /// Groups keep their references to it: `KEEPREF`. Servers do so without being told.
    Keep,
    /// Groups lose their references to it: `DELREF`.
    Delete,
    /// An entry is deleted only if all groups have read and acknowledged it: `ACKED`.
    Acked,
}

impl ToArg for EntryRefs {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::Keep => "KEEPREF".to_arg(),
            Self::Delete => "DELREF".to_arg(),
            Self::Acked => "ACKED".to_arg(),
        }
    }
}

/// What became of one entry: an element of what [`xdelex`] and [`xackdel`](super::xackdel) return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryDeletion {
    /// It was deleted.
    Deleted,
    /// There is none with this id.
    Missing,
    /// It was kept, since consumer groups still refer to it: see [`EntryRefs::Acked`].
    Referenced,
}

impl FromValue for EntryDeletion {
    #[inline]
    fn from_value(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
        match value.as_integer() {
            Some(1) => Ok(Self::Deleted),
            Some(-1) => Ok(Self::Missing),
            Some(2) => Ok(Self::Referenced),
            _ => Err(ConversionError::new("-1, 1 or 2", value)),
        }
    }
}

/// `XADD`, made by [`xadd`]: the id, when a stream is created, and which entries are deleted.
#[must_use = "a command does nothing until a client runs it"]
pub struct XAdd<R> {
    typed: Typed<R>,
    /// The number of arguments before the id.
    id_at: usize,
}

/// Appends an entry to a stream and returns its id: `XADD`.
///
/// The server makes the id, unless [`XAdd::id`] sets it. A missing key is created. The fields keep
/// their order, and may have one name twice.
///
/// **Since**: Redis 5.0. **Complexity**: O(1), and the number of entries that are trimmed.
///
/// ```
/// use hashslot::cmd::{self, EntryId, Trim, XAdd};
/// let plain: XAdd<EntryId> = cmd::xadd("orders", [("item", "book"), ("count", "2")]);
/// let short = cmd::xadd("orders", ("item", "pen")).trim(Trim::max_len(1000).approximate());
/// let existing: XAdd<Option<EntryId>> = cmd::xadd("orders", ("item", "pen")).no_mkstream();
/// ```
pub fn xadd(key: impl ToArg, fields: impl PairOrMore) -> XAdd<EntryId> {
    XAdd { typed: start!("XADD").key(key).arg("*").pairs(fields), id_at: 2 }
}

impl<R> XAdd<R> {
    /// The same command with another type for its reply.
    #[inline]
    pub fn reply<T>(self) -> XAdd<T> {
        XAdd { typed: self.typed.reply(), id_at: self.id_at }
    }

    /// Adds an option.
    fn option(self, words: impl ToArgs) -> Self {
        let before = Command::from(self.typed);
        let len = before.len();
        let command = before.insert_after(2, words);
        Self { id_at: self.id_at + command.len() - len, typed: Typed::new(command) }
    }

    /// The id of the entry: an [`EntryId`]. It has to be greater than the ids of all entries.
    pub fn id(self, id: impl ToArg) -> Self {
        let command = Command::from(self.typed);
        let mut changed = command.bare();
        for (index, argument) in command.argument_refs().enumerate().skip(1) {
            if index == self.id_at {
                changed = changed.arg(id.to_arg());
            } else {
                changed.push_shared(&argument);
            }
        }
        Self { typed: Typed::new(changed), ..self }
    }

    /// The entry counts as added at this time, and the server makes the rest of its id: `<ms>-*`.
    /// The id has to be greater than the ids of all entries.
    ///
    /// **Since**: Redis 7.0.
    pub fn id_at(self, time: impl Into<UnixTime>) -> Self {
        self.id(spelled(format_args!("{}-*", time.into().as_millis())))
    }

    /// Only if the key exists: `NOMKSTREAM`. Returns `None` if it does not.
    ///
    /// **Since**: Redis 6.2.
    #[doc(alias = "nomkstream")]
    pub fn no_mkstream(self) -> XAdd<Option<EntryId>> {
        self.option(["NOMKSTREAM"]).reply()
    }

    /// Deletes old entries as well: `MAXLEN` or `MINID`.
    #[doc(alias = "maxlen")]
    #[doc(alias = "minid")]
    pub fn trim(self, trim: Trim) -> Self {
        self.option(trim)
    }

    /// What becomes of references to entries that are trimmed: `KEEPREF`, `DELREF` or `ACKED`.
    ///
    /// **Since**: Redis 8.2.
    pub fn refs(self, refs: EntryRefs) -> Self {
        self.option([refs])
    }

    /// Adds the entry only if this producer has not added one with the same token: `IDMP`. Returns
    /// the id of the former entry if it has. It is then safe to run the command again.
    ///
    /// **Since**: Redis 8.6.
    #[doc(alias = "idmp")]
    pub fn once(self, producer: impl ToArg, token: impl ToArg) -> Self {
        self.option(["IDMP".into_arg(), producer.into_arg(), token.into_arg()])
    }

    /// Adds the entry only if this producer has not added one with the same fields: `IDMPAUTO`.
    /// Otherwise as [`once`](Self::once).
    ///
    /// **Since**: Redis 8.6.
    #[doc(alias = "idmpauto")]
    pub fn once_by_fields(self, producer: impl ToArg) -> Self {
        self.option(["IDMPAUTO".into_arg(), producer.into_arg()])
    }
}

impl<R: FromValue> TypedCommand for XAdd<R> {
    type Reply = R;

    #[inline]
    fn into_command(self) -> Command {
        self.typed.into()
    }
}

impl<R> From<XAdd<R>> for Command {
    #[inline]
    fn from(add: XAdd<R>) -> Self {
        add.typed.into()
    }
}

impl<R> Clone for XAdd<R> {
    fn clone(&self) -> Self {
        Self { typed: self.typed.clone(), id_at: self.id_at }
    }
}

impl<R> fmt::Debug for XAdd<R> {
    /// Shows the name and the number of arguments, never an argument: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.typed.fmt(f)
    }
}

with_options! {
    /// `XCFGSET`, made by [`xcfgset`]: how long, and how many tokens are remembered.
    XCfgSet
}

/// Sets how a stream remembers the tokens of [`XAdd::once`]: `XCFGSET`.
///
/// It needs at least one of the options, which are methods of [`XCfgSet`]. The stream forgets the
/// tokens that it has. A missing key is an error of the server.
///
/// **Since**: Redis 8.6. **Complexity**: O(1).
pub fn xcfgset(key: impl ToArg) -> XCfgSet<()> {
    XCfgSet(start!("XCFGSET").key(key))
}

impl<R> XCfgSet<R> {
    /// How long a token is remembered, in whole seconds, up to a day: `IDMP-DURATION`.
    #[doc(alias = "idmp-duration")]
    pub fn remember_for(self, time: Duration) -> Self {
        Self(self.0.arg("IDMP-DURATION").arg(milliseconds(time).div_ceil(1000)))
    }

    /// How many tokens of each producer are remembered, up to 10,000: `IDMP-MAXSIZE`.
    #[doc(alias = "idmp-maxsize")]
    pub fn remember_count(self, count: u64) -> Self {
        Self(self.0.arg("IDMP-MAXSIZE").arg(count))
    }
}

/// Deletes entries of a stream and returns how many there were: `XDEL`.
///
/// Consumer groups keep their references to them; [`xdelex`] can delete these as well.
///
/// **Since**: Redis 5.0. **Complexity**: O(1) for each entry.
pub fn xdel(key: impl ToArg, ids: impl OneOrMore) -> Typed<u64> {
    start!("XDEL").key(key).args(ids)
}

with_options! {
    /// `XDELEX`, made by [`xdelex`]: what becomes of references to the entries.
    XDelEx
}

/// Deletes entries of a stream and returns for each what became of it: `XDELEX`.
///
/// **Since**: Redis 8.2. **Complexity**: O(1) for each entry.
pub fn xdelex(key: impl ToArg, ids: impl OneOrMore) -> XDelEx<Vec<EntryDeletion>> {
    XDelEx(start!("XDELEX").key(key).arg("IDS").counted(ids))
}

impl<R> XDelEx<R> {
    /// What becomes of references to the entries: `KEEPREF`, `DELREF` or `ACKED`.
    pub fn refs(self, refs: EntryRefs) -> Self {
        Self(self.0.insert_after(2, [refs]))
    }
}

/// Records that a producer added an entry with a token: `XIDMPRECORD`.
///
/// Servers write it to their files, for [`XAdd::once`]; programs hardly need it.
///
/// **Since**: Redis 8.6.2. **Complexity**: O(1).
pub fn xidmprecord(
    key: impl ToArg,
    producer: impl ToArg,
    token: impl ToArg,
    id: impl ToArg,
) -> Typed<()> {
    start!("XIDMPRECORD").key(key).arg(producer).arg(token).arg(id)
}

/// Returns the number of entries in a stream: `XLEN`.
///
/// 0 if the key is missing.
///
/// **Since**: Redis 5.0. **Complexity**: O(1).
pub fn xlen(key: impl ToArg) -> Typed<u64> {
    start!("XLEN").key(key)
}

with_options! {
    /// `XRANGE` and `XREVRANGE`, made by [`xrange`] and [`xrevrange`]: how many entries it returns.
    XRange
}

/// Returns the entries of a stream whose ids are in a range, the oldest first: `XRANGE`.
///
/// `V` is what the fields of each entry are converted to. A missing key has no entries.
///
/// **Since**: Redis 5.0; bounds that are not part of the range since 6.2. **Complexity**: O(n) in
/// the number of entries that are returned.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::ops::Bound::{Excluded, Unbounded};
/// use hashslot::cmd::{self, EntryId, UnixTime};
/// type Fields = BTreeMap<String, String>;
///
/// let first_ten = cmd::xrange::<Fields>("orders", ..).count(10);
/// let last = EntryId::new(1_700_000_000_000, 4);
/// let next_ten = cmd::xrange::<Fields>("orders", (Excluded(last), Unbounded)).count(10);
/// let day = UnixTime::from_secs(1_700_006_400)..UnixTime::from_secs(1_700_092_800);
/// let of_a_day = EntryId::first_at(day.start)..EntryId::first_at(day.end);
/// let orders = cmd::xrange::<Fields>("orders", of_a_day);
/// ```
pub fn xrange<V: FromValue>(key: impl ToArg, ids: impl EntryRange) -> XRange<Vec<Entry<V>>> {
    let [first, last] = bounds(&ids);
    XRange(start!("XRANGE").key(key).arg(first).arg(last))
}

/// Returns the entries of a stream whose ids are in a range, the newest first: `XREVRANGE`.
///
/// The range is the same as for [`xrange`].
///
/// **Since**: Redis 5.0; bounds that are not part of the range since 6.2. **Complexity**: O(n) in
/// the number of entries that are returned.
pub fn xrevrange<V: FromValue>(key: impl ToArg, ids: impl EntryRange) -> XRange<Vec<Entry<V>>> {
    let [first, last] = bounds(&ids);
    XRange(start!("XREVRANGE").key(key).arg(last).arg(first))
}

impl<R> XRange<R> {
    /// Returns at most this many entries: `COUNT`.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg("COUNT").arg(count))
    }
}

with_options! {
    /// `XREAD`, made by [`xread`]: how many entries are returned, and whether it waits for them.
    XRead
}

/// Returns the entries of streams after an id of each: `XREAD`.
///
/// `streams` is a pair or several: a key, and an [`EntryId`] or a [`StreamStart`]. `V` is what the
/// fields of each entry are converted to. A stream without such entries is left out. All keys have
/// to be in one slot.
///
/// **Since**: Redis 5.0. **Complexity**: O(n) in the number of entries that are returned.
///
/// ```
/// use std::collections::BTreeMap;
/// use hashslot::cmd::{self, Entry, EntryId, StreamEntries, XRead};
/// type Fields = BTreeMap<String, String>;
///
/// let all: XRead<Vec<StreamEntries<Entry<Fields>>>> = cmd::xread(("orders", EntryId::MIN));
/// let some = cmd::xread::<Fields>(("orders", EntryId::new(1_700_000_000_000, 4))).count(10);
/// ```
pub fn xread<V: FromValue>(streams: impl PairOrMore) -> XRead<Vec<StreamEntries<Entry<V>>>> {
    XRead(start!("XREAD").streams(streams))
}

impl<R> XRead<R> {
    /// Returns at most this many entries of each stream: `COUNT`.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.option(1, "COUNT", count))
    }

    /// Waits up to this time for an entry if there is none, forever if it is zero: `BLOCK`. Clients
    /// refuse it, since it would hold a connection that others use.
    pub fn block(self, timeout: Duration) -> Self {
        Self(self.0.option(1, "BLOCK", milliseconds(timeout)))
    }
}

impl<R> Typed<R> {
    /// Adds streams to be read: their keys, and then where reading each of them begins.
    pub(super) fn streams(self, streams: impl PairOrMore) -> Self {
        let command = Command::from(self);
        let pairs = streams.append_to(command.bare());
        let mut command = command.arg("STREAMS");
        for first in [1, 2] {
            let half = pairs.argument_refs().skip(first).step_by(2);
            half.for_each(|argument| command.push_shared(&argument));
        }
        Self::new(command)
    }

    /// Inserts an option with a number behind the first `count` arguments.
    pub(super) fn option(self, count: usize, word: &'static str, number: u64) -> Self {
        self.insert_after(count, [word.into_arg(), number.into_arg()])
    }
}

with_options! {
    /// `XSETID`, made by [`xsetid`]: what else the stream remembers.
    XSetId
}

/// Sets the last id of a stream, which the ids of new entries have to exceed: `XSETID`.
///
/// It cannot be less than the id of an entry. A missing key is an error of the server.
///
/// **Since**: Redis 5.0. **Complexity**: O(1).
pub fn xsetid(key: impl ToArg, last_id: impl ToArg) -> XSetId<()> {
    XSetId(start!("XSETID").key(key).arg(last_id))
}

impl<R> XSetId<R> {
    /// The number of entries that were ever added: `ENTRIESADDED`. **Since**: Redis 7.0.
    #[doc(alias = "entriesadded")]
    pub fn entries_added(self, count: u64) -> Self {
        Self(self.0.arg("ENTRIESADDED").arg(count))
    }

    /// The greatest id of an entry that was deleted: `MAXDELETEDID`. **Since**: Redis 7.0.
    #[doc(alias = "maxdeletedid")]
    pub fn max_deleted_id(self, id: impl ToArg) -> Self {
        Self(self.0.arg("MAXDELETEDID").arg(id))
    }
}

with_options! {
    /// `XTRIM`, made by [`xtrim`]: what becomes of references to the entries.
    XTrim
}

/// Deletes the oldest entries of a stream and returns how many: `XTRIM`.
///
/// **Since**: Redis 5.0. **Complexity**: O(n) in the number of entries that are deleted.
///
/// ```
/// use hashslot::cmd::{self, EntryId, Trim, UnixTime};
/// let thousand = cmd::xtrim("orders", Trim::max_len(1000));
/// let since_2024 = EntryId::first_at(UnixTime::from_secs(1_704_067_200));
/// let recent = cmd::xtrim("orders", Trim::min_id(since_2024).approximate());
/// ```
pub fn xtrim(key: impl ToArg, trim: Trim) -> XTrim<u64> {
    let command: Typed<u64> = start!("XTRIM").key(key);
    XTrim(Typed::new(trim.add_to(command.into())))
}

impl<R> XTrim<R> {
    /// What becomes of references to the entries: `KEEPREF`, `DELREF` or `ACKED`.
    ///
    /// **Since**: Redis 8.2.
    pub fn refs(self, refs: EntryRefs) -> Self {
        Self(self.0.arg(refs))
    }
}
