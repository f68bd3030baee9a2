//! Lists: sequences of values at one key.

use alloc::vec::Vec;
use core::time::Duration;

use super::time::seconds;
use super::typed::{Typed, start, with_options};
use crate::command::{Arg, FromValue, OneOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// An end of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ListEnd {
    /// The head, which has the index 0: `LEFT`.
    Left,
    /// The tail, which has the index -1: `RIGHT`.
    Right,
}

impl ToArg for ListEnd {
    /// The word of the server.
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::Left => "LEFT",
            Self::Right => "RIGHT",
        }
        .into_arg()
    }
}

/// Moves an element from an end of one list to an end of another and returns it; waits while there
/// is none: `BLMOVE`.
///
/// A null if there is none after `timeout`; a timeout of zero waits without end. Both keys have to
/// be in one slot.
///
/// Clients refuse it, since it would hold a connection that others use.
///
/// **Since**: Redis 6.2. **Complexity**: O(1).
#[doc(alias = "brpoplpush")]
pub fn blmove<V: FromValue>(
    source: impl ToArg,
    destination: impl ToArg,
    from: ListEnd,
    to: ListEnd,
    timeout: Duration,
) -> Typed<V> {
    start!("BLMOVE").arg(source).arg(destination).arg(from).arg(to).arg(seconds(timeout))
}

/// Removes elements from an end of the first list that has any; waits while there is none:
/// `BLMPOP`.
///
/// Returns the key and a list of the elements: ask for an `Option<(String, Vec<T>)>`. A null if
/// there is none after `timeout`; a timeout of zero waits without end. It is one element unless
/// [`LMPop::count`] is set. All keys have to be in one slot.
///
/// Clients refuse it, since it would hold a connection that others use.
///
/// **Since**: Redis 7.0. **Complexity**: O(n + m) for n keys and m elements that are returned.
pub fn blmpop<V: FromValue>(keys: impl OneOrMore, from: ListEnd, timeout: Duration) -> LMPop<V> {
    LMPop(start!("BLMPOP").arg(seconds(timeout)).counted(keys).arg(from))
}

/// Removes the first element of the first list that has any; waits while there is none: `BLPOP`.
///
/// Returns the key and the element: ask for an `Option<(String, T)>`. A null if there is none after
/// `timeout`; a timeout of zero waits without end. All keys have to be in one slot.
///
/// Clients refuse it, since it would hold a connection that others use.
///
/// **Since**: Redis 2.0. **Complexity**: O(n) in the number of keys.
///
/// ```
/// use std::time::Duration;
/// use hashslot::cmd::{self, Typed};
/// let second = Duration::from_secs(1);
/// let job: Typed<Option<(String, String)>> = cmd::blpop(["{jobs}urgent", "{jobs}"], second);
/// ```
pub fn blpop<V: FromValue>(keys: impl OneOrMore, timeout: Duration) -> Typed<V> {
    start!("BLPOP").args(keys).arg(seconds(timeout))
}

/// Removes the last element of the first list that has any; waits while there is none: `BRPOP`.
///
/// Returns the key and the element: ask for an `Option<(String, T)>`. A null if there is none after
/// `timeout`; a timeout of zero waits without end. All keys have to be in one slot.
///
/// Clients refuse it, since it would hold a connection that others use.
///
/// **Since**: Redis 2.0. **Complexity**: O(n) in the number of keys.
pub fn brpop<V: FromValue>(keys: impl OneOrMore, timeout: Duration) -> Typed<V> {
    start!("BRPOP").args(keys).arg(seconds(timeout))
}

/// Returns the element at an index of the list at `key`: `LINDEX`.
///
/// Negative indices count from the end, -1 is the last element. A null if there is no such element.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of elements up to the index.
pub fn lindex<V: FromValue>(key: impl ToArg, index: i64) -> Typed<V> {
    start!("LINDEX").key(key).arg(index)
}

/// Where [`linsert`] inserts an element: beside the first element that equals the pivot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pivot<P> {
    /// Before this one: `BEFORE`.
    Before(P),
    /// After this one: `AFTER`.
    After(P),
}

/// What [`linsert`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LInsertReply {
    /// It inserted the element. The list has this length now.
    Inserted(u64),
    /// The list has no element that equals the pivot.
    PivotMissing,
    /// The key does not exist.
    KeyMissing,
}

impl FromValue for LInsertReply {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        match i64::from_value(value, frame)? {
            -1 => Ok(Self::PivotMissing),
            0 => Ok(Self::KeyMissing),
            len => match u64::try_from(len) {
                Ok(len) => Ok(Self::Inserted(len)),
                Err(_) => Err(ConversionError::custom("a length below -1")),
            },
        }
    }
}

/// Inserts an element into the list at `key`, before or after another one: `LINSERT`.
///
/// **Since**: Redis 2.2. **Complexity**: O(n) in the number of elements up to the pivot.
///
/// ```
/// use hashslot::cmd::{self, LInsertReply, Pivot, Typed};
/// let command: Typed<LInsertReply> = cmd::linsert("playlist", Pivot::Before("chorus"), "verse");
/// ```
pub fn linsert(
    key: impl ToArg,
    pivot: Pivot<impl ToArg>,
    element: impl ToArg,
) -> Typed<LInsertReply> {
    let head = start!("LINSERT").key(key);
    match pivot {
        Pivot::Before(pivot) => head.arg("BEFORE").arg(pivot),
        Pivot::After(pivot) => head.arg("AFTER").arg(pivot),
    }
    .arg(element)
}

/// Returns the length of the list at `key`: `LLEN`.
///
/// 0 if the key is missing.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
pub fn llen(key: impl ToArg) -> Typed<u64> {
    start!("LLEN").key(key)
}

/// Moves an element from an end of one list to an end of another and returns it: `LMOVE`.
///
/// A null if the source is missing. Source and destination may be the same key; different keys have
/// to be in one slot.
///
/// **Since**: Redis 6.2. **Complexity**: O(1).
///
/// ```
/// use hashslot::cmd::{self, ListEnd, Typed};
/// let (jobs, taken) = ("{jobs}", "{jobs}taken");
/// let job: Typed<Option<String>> = cmd::lmove(jobs, taken, ListEnd::Left, ListEnd::Right);
/// ```
#[doc(alias = "rpoplpush")]
pub fn lmove<V: FromValue>(
    source: impl ToArg,
    destination: impl ToArg,
    from: ListEnd,
    to: ListEnd,
) -> Typed<V> {
    start!("LMOVE").arg(source).arg(destination).arg(from).arg(to)
}

with_options! {
    /// `LMPOP` and `BLMPOP`, made by [`lmpop`] and [`blmpop`]: how many elements are removed.
    LMPop
}

/// Removes elements from an end of the first list that has any: `LMPOP`.
///
/// Returns the key and a list of the elements: ask for an `Option<(String, Vec<T>)>`. A null if all
/// keys are missing. It is one element unless [`LMPop::count`] is set. All keys have to be in one
/// slot.
///
/// **Since**: Redis 7.0. **Complexity**: O(n + m) for n keys and m elements that are returned.
pub fn lmpop<V: FromValue>(keys: impl OneOrMore, from: ListEnd) -> LMPop<V> {
    LMPop(start!("LMPOP").counted(keys).arg(from))
}

impl<R> LMPop<R> {
    /// Removes up to so many elements of the list, at least one: `COUNT`.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg("COUNT").arg(count))
    }
}

with_options! {
    /// `LPOP` and `RPOP`, made by [`lpop`] and [`rpop`]: how many elements are removed.
    LPop
}

/// Removes the first element of the list at `key` and returns it: `LPOP`.
///
/// A missing key is a null. [`LPop::count`] removes several elements.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of elements that are returned.
///
/// ```
/// use hashslot::cmd::{self, LPop, Typed};
/// let one: LPop<Option<String>> = cmd::lpop("queue");
/// let two: Typed<Option<Vec<String>>> = cmd::lpop::<()>("queue").count(2);
/// ```
pub fn lpop<V: FromValue>(key: impl ToArg) -> LPop<V> {
    LPop(start!("LPOP").key(key))
}

impl<R> LPop<R> {
    /// Removes up to so many elements and returns a list of them. `None` if the key is missing.
    ///
    /// **Since**: Redis 6.2.
    pub fn count<T: FromValue>(self, count: u64) -> Typed<Option<T>> {
        self.0.arg(count).reply()
    }
}

with_options! {
    /// `LPOS`, made by [`lpos`]: which elements it finds, and how many.
    LPos
}

/// Returns the index of the first element that equals `element` in the list at `key`: `LPOS`.
///
/// `None` if there is none. The options are methods of [`LPos`].
///
/// **Since**: Redis 6.0.6. **Complexity**: O(n) in the number of elements that are compared.
///
/// ```
/// use hashslot::cmd::{self, LPos};
/// let first: LPos<Option<u64>> = cmd::lpos("letters", "a");
/// let last_two: LPos<Vec<u64>> = cmd::lpos("letters", "a").rank(-1).count(2);
/// ```
pub fn lpos(key: impl ToArg, element: impl ToArg) -> LPos<Option<u64>> {
    LPos(start!("LPOS").key(key).arg(element))
}

impl<R> LPos<R> {
    /// Begins with the match of this rank: `RANK`. 2 is the second match, -1 the last one. From a
    /// negative rank on it searches towards the head.
    pub fn rank(self, rank: i64) -> Self {
        Self(self.0.arg("RANK").arg(rank))
    }

    /// Returns the indices of up to so many matches, or of all for 0: `COUNT`.
    pub fn count(self, count: u64) -> LPos<Vec<u64>> {
        LPos(self.0.arg("COUNT").arg(count).reply())
    }

    /// Compares so many elements at most, or all for 0: `MAXLEN`.
    #[doc(alias = "maxlen")]
    pub fn max_len(self, len: u64) -> Self {
        Self(self.0.arg("MAXLEN").arg(len))
    }
}

/// Inserts elements at the head of the list at `key` and returns its new length: `LPUSH`.
///
/// One after the other, so that the last one becomes the head. A missing key becomes a list.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of elements that are inserted.
pub fn lpush(key: impl ToArg, elements: impl OneOrMore) -> Typed<u64> {
    start!("LPUSH").key(key).args(elements)
}

/// As [`lpush`], but only if the key exists: `LPUSHX`.
///
/// 0 if the key is missing.
///
/// **Since**: Redis 2.2. **Complexity**: O(n) in the number of elements that are inserted.
pub fn lpushx(key: impl ToArg, elements: impl OneOrMore) -> Typed<u64> {
    start!("LPUSHX").key(key).args(elements)
}

/// Returns a part of the list at `key`: `LRANGE`.
///
/// `start` and `stop` are indices, both inclusive; negative ones count from the end, -1 is the last
/// element. A missing key is an empty list.
///
/// **Since**: Redis 1.0. **Complexity**: O(s + n) for n elements that begin s off an end.
///
/// ```
/// use hashslot::cmd::{self, Typed};
/// let all: Typed<Vec<String>> = cmd::lrange("queue", 0, -1);
/// ```
pub fn lrange<V: FromValue>(key: impl ToArg, start: i64, stop: i64) -> Typed<V> {
    start!("LRANGE").key(key).arg(start).arg(stop)
}

/// Removes elements that equal `element` from the list at `key`, and returns how many it removed:
/// `LREM`.
///
/// A positive `count` removes up to so many from the head on, a negative one from the tail on. 0
/// removes all of them. A missing key is an empty list.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the length of the list.
pub fn lrem(key: impl ToArg, count: i64, element: impl ToArg) -> Typed<u64> {
    start!("LREM").key(key).arg(count).arg(element)
}

/// Replaces the element at an index of the list at `key`: `LSET`.
///
/// Negative indices count from the end, -1 is the last element. A missing key, and an index out of
/// the list, is an error of the server.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of elements up to the index.
pub fn lset(key: impl ToArg, index: i64, element: impl ToArg) -> Typed<()> {
    start!("LSET").key(key).arg(index).arg(element)
}

/// Removes all elements of the list at `key` that are not in a part of it: `LTRIM`.
///
/// `start` and `stop` are indices as those of [`lrange`]. An empty part deletes the key.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of elements that are removed.
pub fn ltrim(key: impl ToArg, start: i64, stop: i64) -> Typed<()> {
    start!("LTRIM").key(key).arg(start).arg(stop)
}

/// Removes the last element of the list at `key` and returns it: `RPOP`.
///
/// A missing key is a null. [`LPop::count`] removes several elements, the last one first.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of elements that are returned.
pub fn rpop<V: FromValue>(key: impl ToArg) -> LPop<V> {
    LPop(start!("RPOP").key(key))
}

/// Appends elements to the list at `key` and returns its new length: `RPUSH`.
///
/// A missing key becomes a list.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of elements that are appended.
pub fn rpush(key: impl ToArg, elements: impl OneOrMore) -> Typed<u64> {
    start!("RPUSH").key(key).args(elements)
}

/// As [`rpush`], but only if the key exists: `RPUSHX`.
///
/// 0 if the key is missing.
///
/// **Since**: Redis 2.2. **Complexity**: O(n) in the number of elements that are appended.
pub fn rpushx(key: impl ToArg, elements: impl OneOrMore) -> Typed<u64> {
    start!("RPUSHX").key(key).args(elements)
}
