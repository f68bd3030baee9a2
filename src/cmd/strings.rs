//! Strings: values of up to 512 MB, and the numbers that they may spell.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::options::expiry_options;
use super::record::record;
use super::typed::{Typed, start, with_options};
use crate::command::{FromValue, OneOrMore, PairOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// Appends to the string at `key` and returns its new length in bytes: `APPEND`.
///
/// A missing key counts as an empty string.
///
/// **Since**: Redis 2.0. **Complexity**: O(1) amortized.
pub fn append(key: impl ToArg, value: impl ToArg) -> Typed<u64> {
    start!("APPEND").key(key).arg(value)
}

/// Subtracts one from the integer at `key` and returns the difference: `DECR`.
///
/// A missing key counts as 0.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
pub fn decr(key: impl ToArg) -> Typed<i64> {
    start!("DECR").key(key)
}

/// Subtracts from the integer at `key` and returns the difference: `DECRBY`.
///
/// A missing key counts as 0.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
#[doc(alias = "decr_by")]
pub fn decrby(key: impl ToArg, decrement: i64) -> Typed<i64> {
    start!("DECRBY").key(key).arg(decrement)
}

with_options! {
    /// `DELEX`, made by [`delex`]: a condition on the value.
    DelEx
}

/// Deletes `key` if a condition holds, and returns whether it did: `DELEX`.
///
/// Without a condition it deletes the key in any case. The conditions are methods of [`DelEx`].
///
/// **Since**: Redis 8.4. **Complexity**: O(1); O(n) in the length of the value for a digest.
pub fn delex(key: impl ToArg) -> DelEx<bool> {
    DelEx(start!("DELEX").key(key))
}

impl<R> DelEx<R> {
    /// Only if the value equals this one: `IFEQ`.
    pub fn if_equal(self, value: impl ToArg) -> Self {
        Self(self.0.arg("IFEQ").arg(value))
    }

    /// Only if the value differs from this one: `IFNE`.
    pub fn if_not_equal(self, value: impl ToArg) -> Self {
        Self(self.0.arg("IFNE").arg(value))
    }

    /// Only if the value has this [`digest`]: `IFDEQ`.
    pub fn if_digest(self, digest: impl ToArg) -> Self {
        Self(self.0.arg("IFDEQ").arg(digest))
    }

    /// Only if the value has another [`digest`] than this one: `IFDNE`.
    pub fn if_not_digest(self, digest: impl ToArg) -> Self {
        Self(self.0.arg("IFDNE").arg(digest))
    }
}

/// Deletes `key` if its value equals `value`, and returns whether it did: `DELIFEQ`.
///
/// **Since**: Valkey 9.0; [`delex`] does the same on Redis 8.4. **Complexity**: O(1).
pub fn delifeq(key: impl ToArg, value: impl ToArg) -> Typed<bool> {
    start!("DELIFEQ").key(key).arg(value)
}

/// Returns a hash of the string at `key`, in hexadecimal digits: `DIGEST`.
///
/// `None` if the key is missing. [`delex`] and [`set`] compare digests.
///
/// **Since**: Redis 8.4. **Complexity**: O(n) in the length of the value.
pub fn digest(key: impl ToArg) -> Typed<Option<String>> {
    start!("DIGEST").key(key)
}

/// Returns the string at `key`: `GET`.
///
/// A missing key is a null, which is the `None` of an `Option`.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
pub fn get<V: FromValue>(key: impl ToArg) -> Typed<V> {
    start!("GET").key(key)
}

/// Returns the string at `key` and deletes the key: `GETDEL`.
///
/// A missing key is a null.
///
/// **Since**: Redis 6.2. **Complexity**: O(1).
pub fn getdel<V: FromValue>(key: impl ToArg) -> Typed<V> {
    start!("GETDEL").key(key)
}

with_options! {
    /// `GETEX`, made by [`getex`]: when the key expires from now on.
    GetEx
}

/// Returns the string at `key`, and may change when the key expires: `GETEX`.
///
/// A missing key is a null. The options are methods of [`GetEx`]; without one the expiry stays.
///
/// **Since**: Redis 6.2. **Complexity**: O(1).
pub fn getex<V: FromValue>(key: impl ToArg) -> GetEx<V> {
    GetEx(start!("GETEX").key(key))
}

expiry_options!(GetEx);

impl<R> GetEx<R> {
    /// The key does not expire any more: `PERSIST`.
    pub fn persist(self) -> Self {
        Self(self.0.arg("PERSIST"))
    }
}

/// Returns a part of the string at `key`: `GETRANGE`.
///
/// `start` and `end` are offsets in bytes, both inclusive; negative ones count from the end, -1 is
/// the last byte. A missing key is an empty string.
///
/// **Since**: Redis 2.4. **Complexity**: O(n) in the length of the part.
#[doc(alias = "substr")]
pub fn getrange<V: FromValue>(key: impl ToArg, start: i64, end: i64) -> Typed<V> {
    start!("GETRANGE").key(key).arg(start).arg(end)
}

/// Adds one to the integer at `key` and returns the sum: `INCR`.
///
/// A missing key counts as 0.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
pub fn incr(key: impl ToArg) -> Typed<i64> {
    start!("INCR").key(key)
}

/// Adds to the integer at `key` and returns the sum: `INCRBY`.
///
/// A missing key counts as 0.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
#[doc(alias = "incr_by")]
pub fn incrby(key: impl ToArg, increment: i64) -> Typed<i64> {
    start!("INCRBY").key(key).arg(increment)
}

/// Adds to the number at `key` and returns the sum: `INCRBYFLOAT`.
///
/// A missing key counts as 0. The server computes with long doubles: ask for a `String` with
/// [`Typed::reply`] to have all digits.
///
/// **Since**: Redis 2.6. **Complexity**: O(1).
#[doc(alias = "incr_by_float")]
pub fn incrbyfloat(key: impl ToArg, increment: f64) -> Typed<f64> {
    start!("INCRBYFLOAT").key(key).arg(increment)
}

with_options! {
    /// `LCS`, made by [`lcs`]: what is told of the longest common subsequence.
    Lcs
}

/// Returns the longest common subsequence of two strings: `LCS`.
///
/// A missing key counts as an empty string. Both keys have to be in one slot. [`Lcs::len`] and
/// [`Lcs::matches`] ask for the length or for the places instead.
///
/// **Since**: Redis 7.0. **Complexity**: O(n · m) in the lengths of both.
#[doc(alias = "stralgo")]
pub fn lcs<V: FromValue>(first: impl ToArg, second: impl ToArg) -> Lcs<V> {
    Lcs(start!("LCS").arg(first).arg(second))
}

impl<R> Lcs<R> {
    /// Returns the length of the subsequence: `LEN`.
    pub fn len(self) -> Typed<u64> {
        self.0.arg("LEN").reply()
    }

    /// Returns the places where both strings match, the last ones first, leaving out matches of
    /// fewer than `min_len` bytes: `IDX WITHMATCHLEN MINMATCHLEN`.
    #[doc(alias = "idx")]
    #[doc(alias = "minmatchlen")]
    #[doc(alias = "withmatchlen")]
    pub fn matches(self, min_len: u64) -> Typed<LcsMatches> {
        self.0.arg("IDX").arg("MINMATCHLEN").arg(min_len).arg("WITHMATCHLEN").reply()
    }
}

record! {
    /// Where two strings match: the reply of [`Lcs::matches`].
    pub struct LcsMatches {
        /// The matches, the last ones first.
        pub matches: Vec<LcsMatch> = "matches",
        /// The length of the longest common subsequence in bytes.
        pub len: u64 = "len",
    }
}

/// A part that is the same in two strings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LcsMatch {
    /// The offsets of its first and its last byte in the first string.
    pub first: RangeInclusive<u64>,
    /// The offsets of its first and its last byte in the second string.
    pub second: RangeInclusive<u64>,
    /// Its length in bytes.
    pub len: u64,
}

impl FromValue for LcsMatch {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let ((a, b), (c, d), len) = FromValue::from_value(value, frame)?;
        Ok(Self { first: a..=b, second: c..=d, len })
    }
}

/// Returns the strings at several keys, in order: `MGET`.
///
/// A missing key, and one that has no string, is a null in its place: ask for a `Vec<Option<T>>` or
/// a tuple. Keys of several slots are split into one command for each slot, unless the
/// configuration says otherwise ([`CrossSlot`](crate::CrossSlot)).
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of keys.
///
/// ```
/// use hashslot::cmd::{self, Typed};
/// let command: Typed<(Option<String>, Option<i64>)> = cmd::mget(["user:1", "visits"]);
/// ```
pub fn mget<V: FromValue>(keys: impl OneOrMore) -> Typed<V> {
    start!("MGET").args(keys)
}

/// Sets several keys: `MSET`.
///
/// Keys of several slots are split into one command for each slot, unless the configuration says
/// otherwise ([`CrossSlot`](crate::CrossSlot)); the whole is then not atomic.
///
/// **Since**: Redis 1.0.1. **Complexity**: O(n) in the number of keys.
pub fn mset(pairs: impl PairOrMore) -> Typed<()> {
    start!("MSET").pairs(pairs)
}

with_options! {
    /// `MSETEX`, made by [`msetex`]: a condition, and when the keys expire.
    MSetEx
}

/// Sets several keys with one expiry, and returns whether it did: `MSETEX`.
///
/// With a condition all keys have to be in one slot. Without one, the keys may be in several: the
/// client splits the command by slot then, which is not atomic. The options are methods of
/// [`MSetEx`].
///
/// **Since**: Redis 8.4. **Complexity**: O(n) in the number of keys.
pub fn msetex(pairs: impl PairOrMore) -> MSetEx<bool> {
    MSetEx(start!("MSETEX").counted_pairs(pairs))
}

expiry_options!(MSetEx);

impl<R> MSetEx<R> {
    /// Only if none of the keys exists: `NX`.
    pub fn nx(self) -> Self {
        Self(self.0.arg("NX"))
    }

    /// Only if all of the keys exist: `XX`.
    pub fn xx(self) -> Self {
        Self(self.0.arg("XX"))
    }

    /// The keys keep their expiry: `KEEPTTL`.
    #[doc(alias = "keepttl")]
    pub fn keep_ttl(self) -> Self {
        Self(self.0.arg("KEEPTTL"))
    }
}

/// Sets several keys if none of them exists, and returns whether it did: `MSETNX`.
///
/// All keys have to be in one slot.
///
/// **Since**: Redis 1.0.1. **Complexity**: O(n) in the number of keys.
pub fn msetnx(pairs: impl PairOrMore) -> Typed<bool> {
    start!("MSETNX").pairs(pairs)
}

with_options! {
    /// `SET`, made by [`set`]: a condition, when the key expires, and what is returned.
    Set
}

/// Sets the string at `key`, whatever was there before: `SET`.
///
/// The options are methods of [`Set`]. With a condition it returns whether it was met; with
/// [`get`](Set::get) it returns the former value.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
///
/// ```
/// use std::time::Duration;
/// use hashslot::cmd::{self, Set};
/// let plain: Set<()> = cmd::set("user:1", "ann");
/// let lock: Set<bool> = cmd::set("lock:7", "token").nx().ttl(Duration::from_secs(30));
/// let former: Set<Option<String>> = cmd::set("leader", "ann").get();
/// ```
#[doc(alias = "setex")]
#[doc(alias = "psetex")]
#[doc(alias = "setnx")]
#[doc(alias = "getset")]
pub fn set(key: impl ToArg, value: impl ToArg) -> Set<()> {
    Set(start!("SET").key(key).arg(value))
}

expiry_options!(Set);

impl<R> Set<R> {
    /// Only if the key does not exist: `NX`. Returns whether it was set.
    pub fn nx(self) -> Set<bool> {
        Set(self.0.arg("NX").reply())
    }

    /// Only if the key exists: `XX`. Returns whether it was set.
    pub fn xx(self) -> Set<bool> {
        Set(self.0.arg("XX").reply())
    }

    /// Only if the value equals this one: `IFEQ`. Returns whether it was set.
    ///
    /// **Since**: Valkey 8.1, Redis 8.4.
    #[doc(alias = "ifeq")]
    pub fn if_equal(self, value: impl ToArg) -> Set<bool> {
        Set(self.0.arg("IFEQ").arg(value).reply())
    }

    /// Only if the key is missing or its value differs from this one: `IFNE`. Returns whether it
    /// was set.
    ///
    /// **Since**: Redis 8.4.
    #[doc(alias = "ifne")]
    pub fn if_not_equal(self, value: impl ToArg) -> Set<bool> {
        Set(self.0.arg("IFNE").arg(value).reply())
    }

    /// Only if the value has this [`digest`]: `IFDEQ`. Returns whether it was set.
    ///
    /// **Since**: Redis 8.4.
    #[doc(alias = "ifdeq")]
    pub fn if_digest(self, digest: impl ToArg) -> Set<bool> {
        Set(self.0.arg("IFDEQ").arg(digest).reply())
    }

    /// Only if the key is missing or its value has another [`digest`] than this one: `IFDNE`.
    /// Returns whether it was set.
    ///
    /// **Since**: Redis 8.4.
    #[doc(alias = "ifdne")]
    pub fn if_not_digest(self, digest: impl ToArg) -> Set<bool> {
        Set(self.0.arg("IFDNE").arg(digest).reply())
    }

    /// Returns the former value: `GET`. `None` if there was none, whether the key was set or not.
    /// Set conditions before.
    ///
    /// **Since**: Redis 6.2; together with [`nx`](Self::nx) since Redis 7.0.
    pub fn get<V: FromValue>(self) -> Set<Option<V>> {
        Set(self.0.arg("GET").reply())
    }

    /// The key keeps its expiry: `KEEPTTL`. Without it, setting a key removes its expiry.
    ///
    /// **Since**: Redis 6.0.
    #[doc(alias = "keepttl")]
    pub fn keep_ttl(self) -> Self {
        Self(self.0.arg("KEEPTTL"))
    }
}

/// Overwrites a part of the string at `key` and returns its new length in bytes: `SETRANGE`.
///
/// The string grows as needed, with zero bytes before `offset`. A missing key counts as an empty
/// string.
///
/// **Since**: Redis 2.2. **Complexity**: O(n) in the length of `value`.
pub fn setrange(key: impl ToArg, offset: u64, value: impl ToArg) -> Typed<u64> {
    start!("SETRANGE").key(key).arg(offset).arg(value)
}

/// Returns the length of the string at `key` in bytes: `STRLEN`.
///
/// 0 if the key is missing.
///
/// **Since**: Redis 2.2. **Complexity**: O(1).
pub fn strlen(key: impl ToArg) -> Typed<u64> {
    start!("STRLEN").key(key)
}
