//! Entries of streams and their ids, as commands take them and as replies tell them.

use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use core::ops::{Bound, RangeBounds};
use core::str::FromStr;

use bytes::Bytes;

use super::time::UnixTime;
#[cfg(doc)]
use super::{xgroup_create, xread, xreadgroup};
use crate::command::{Arg, FromValue, ListItem, ToArg};
use crate::error::ConversionError;
use crate::resp::short::Short;
use crate::resp::{Frame, Value};

/// The id of an entry of a stream: milliseconds since 1970-01-01 00:00 UTC, and a number that tells
/// entries of one millisecond apart.
///
/// **Shape**: as text `1700000000000-0`. Reading text without the number takes it for 0, as servers
/// do where a range begins.
///
/// ```
/// use hashslot::cmd::{EntryId, UnixTime};
/// let id: EntryId = "1700000000000-7".parse()?;
/// assert_eq!(id, EntryId::new(1_700_000_000_000, 7));
/// assert!(id > EntryId::first_at(UnixTime::from_secs(1_700_000_000)));
/// assert_eq!(id.to_string(), "1700000000000-7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct EntryId {
    /// The milliseconds since 1970-01-01 00:00 UTC, if the server made the id.
    pub millis: u64,
    /// Tells entries of one millisecond apart.
    pub sequence: u64,
}

impl EntryId {
    /// `0-0`: before all entries. Reading after it begins with the first entry.
    pub const MIN: Self = Self::new(0, 0);

    /// The greatest id.
    pub const MAX: Self = Self::new(u64::MAX, u64::MAX);

    /// The id with these numbers.
    #[must_use]
    #[inline]
    pub const fn new(millis: u64, sequence: u64) -> Self {
        Self { millis, sequence }
    }

    /// The least id that an entry of this millisecond can have.
    #[must_use]
    pub fn first_at(time: impl Into<UnixTime>) -> Self {
        Self::new(time.into().as_millis(), 0)
    }

    /// The greatest id that an entry of this millisecond can have.
    #[must_use]
    pub fn last_at(time: impl Into<UnixTime>) -> Self {
        Self::new(time.into().as_millis(), u64::MAX)
    }

    /// When the entry was added, if the server made the id.
    #[must_use]
    #[inline]
    pub const fn time(self) -> UnixTime {
        UnixTime::from_millis(self.millis)
    }
}

impl fmt::Display for EntryId {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.sequence)
    }
}

impl FromStr for EntryId {
    type Err = ConversionError;

    #[inline]
    fn from_str(text: &str) -> Result<Self, ConversionError> {
        let (millis, sequence) = text.split_once('-').unwrap_or((text, "0"));
        match (millis.parse(), sequence.parse()) {
            (Ok(millis), Ok(sequence)) => Ok(Self::new(millis, sequence)),
            _ => Err(ConversionError::unexpected(AN_ID, text)),
        }
    }
}

const AN_ID: &str = "the id of an entry, such as 1700000000000-0";

impl FromValue for EntryId {
    #[inline]
    fn from_value(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
        let id = value.as_str().and_then(|text| text.parse().ok());
        id.ok_or_else(|| ConversionError::new(AN_ID, value))
    }
}

impl ToArg for EntryId {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        spelled(format_args!("{self}"))
    }
}

impl ListItem for EntryId {}

/// A text as an argument, without an allocation if it is short.
#[inline]
pub(super) fn spelled(text: fmt::Arguments<'_>) -> Arg<'static> {
    let mut short = Short::format(format_args!(""));
    match short.write_fmt(text) {
        Ok(()) => short.as_bytes().into_arg().into_owned(),
        Err(_) => alloc::fmt::format(text).into_arg(),
    }
}

/// Where reading a stream begins: for [`xread`], [`xreadgroup`] and
/// [`xgroup_create`], which also take an [`EntryId`] itself.
///
/// ```
/// use hashslot::cmd::{self, EntryId, StreamStart};
/// let all = cmd::xread::<Vec<(String, String)>>(("orders", EntryId::MIN));
/// let orders = ("{shop}orders", StreamStart::After(EntryId::new(1_700_000_000_000, 0)));
/// let both = cmd::xread::<Vec<(String, String)>>([orders, ("{shop}returns", StreamStart::End)]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamStart {
    /// After the entry with this id: the next one is the first that is read.
    After(EntryId),
    /// After the last entry that there is now: `$`.
    End,
    /// With the last entry: `+`, for [`xread`] only. **Since**: Redis 7.4, Valkey 8.0.
    LastEntry,
    /// After the last entry that the group delivered to one of its consumers: `>`, for
    /// [`xreadgroup`] only.
    Undelivered,
}

impl From<EntryId> for StreamStart {
    #[inline]
    fn from(id: EntryId) -> Self {
        Self::After(id)
    }
}

impl ToArg for StreamStart {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::After(id) => id.to_arg(),
            Self::End => "$".to_arg(),
            Self::LastEntry => "+".to_arg(),
            Self::Undelivered => ">".to_arg(),
        }
    }
}

/// A range of ids: `..`, `first..`, `first..=last`, `..before`, or a pair of
/// [`Bound`]s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a range of `EntryId`s",
    label = "not a range of ids of entries",
    note = "all entries are `..`; a time is `EntryId::first_at(..)..=EntryId::last_at(..)`"
)]
pub trait EntryRange: RangeBounds<EntryId> {}

#[diagnostic::do_not_recommend]
impl<R: RangeBounds<EntryId>> EntryRange for R {}

/// The first and the last id of a range, as servers take them.
pub(super) fn bounds(range: &impl EntryRange) -> [Arg<'static>; 2] {
    let bound = |bound: Bound<&EntryId>, open: &'static str| match bound {
        Bound::Included(id) => id.into_arg().into_owned(),
        Bound::Excluded(id) => spelled(format_args!("({id}")),
        Bound::Unbounded => open.into_arg(),
    };
    [bound(range.start_bound(), "-"), bound(range.end_bound(), "+")]
}

/// An entry of a stream, with its fields as what the caller asks for: pairs, a map, ...
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<V> {
    /// Its id.
    pub id: EntryId,
    /// Its fields and their values. A null if a group remembers an entry that was deleted.
    pub fields: V,
}

impl<V: FromValue> FromValue for Entry<V> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (id, fields) = FromValue::from_value(value, frame)?;
        Ok(Self { id, fields })
    }

    /// Leaves out nulls: before Redis 7.0 they stand for entries that were deleted.
    #[inline]
    fn vec_from_value(value: &Value<'_>, frame: &Frame) -> Result<Vec<Self>, ConversionError> {
        let entries = Vec::<Option<Self>>::from_value(value, frame)?;
        Ok(entries.into_iter().flatten().collect())
    }
}

/// The entries of one stream: of these [`xread`] and [`xreadgroup`] return a
/// vector, which is empty if there is nothing to read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamEntries<E> {
    /// The key of the stream.
    pub key: Bytes,
    /// Its entries, the oldest first.
    pub entries: Vec<E>,
}

impl<E: FromValue> FromValue for StreamEntries<E> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (key, entries) = FromValue::from_value(value, frame)?;
        Ok(Self { key, entries })
    }

    #[inline]
    fn vec_from_value(value: &Value<'_>, frame: &Frame) -> Result<Vec<Self>, ConversionError> {
        let streams = Option::<Vec<(Bytes, Vec<E>)>>::from_value(value, frame)?;
        let streams = streams.into_iter().flatten();
        Ok(streams.map(|(key, entries)| Self { key, entries }).collect())
    }
}
