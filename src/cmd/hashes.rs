//! Hashes: fields with values at one key.

use alloc::vec::Vec;
use core::time::Duration;

use super::time::{Expiry, Period, Ttl, UnixTime};
use super::typed::{Typed, start, with_options};
use crate::command::{FromValue, OneOrMore, PairOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// Deletes fields of the hash at `key`, and returns how many there were: `HDEL`.
///
/// A hash without fields does not exist: the last field takes the key with it.
///
/// **Since**: Redis 2.0. **Complexity**: O(n) in the number of fields.
pub fn hdel(key: impl ToArg, fields: impl OneOrMore) -> Typed<u64> {
    start!("HDEL").key(key).args(fields)
}

/// Returns whether the hash at `key` has a field: `HEXISTS`.
///
/// **Since**: Redis 2.0. **Complexity**: O(1).
pub fn hexists(key: impl ToArg, field: impl ToArg) -> Typed<bool> {
    start!("HEXISTS").key(key).arg(field)
}

with_options! {
    /// `HEXPIRE` and its kin, made by [`hexpire`] and [`hexpireat`]: a condition.
    HExpire
}

/// What [`hexpire`] or [`hexpireat`] did to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HExpireReply {
    /// The field or the key does not exist.
    Missing,
    /// A condition of [`HExpire`] was not met.
    ConditionNotMet,
    /// The field expires at the time that was set.
    Set,
    /// The time is past: the field was deleted.
    Deleted,
}

impl FromValue for HExpireReply {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        match i64::from_value(value, frame)? {
            -2 => Ok(Self::Missing),
            0 => Ok(Self::ConditionNotMet),
            1 => Ok(Self::Set),
            2 => Ok(Self::Deleted),
            _ => Err(ConversionError::custom("a code that is not -2, 0, 1 or 2")),
        }
    }
}

/// Sets how long fields of the hash at `key` live from now on: `HEXPIRE`, or `HPEXPIRE` if the
/// period is not whole seconds.
///
/// Returns what was done, field by field. A period of zero deletes the fields. The conditions are
/// methods of [`HExpire`].
///
/// **Since**: Redis 7.4, Valkey 9.0. **Complexity**: O(n) in the number of fields.
///
/// ```
/// use std::time::Duration;
/// use hashslot::cmd::{self, HExpire, HExpireReply};
/// let hour = Duration::from_secs(3600);
/// let command: HExpire<Vec<HExpireReply>> = cmd::hexpire("user:1", hour, ["token", "code"]).nx();
/// ```
#[doc(alias = "hpexpire")]
pub fn hexpire(
    key: impl ToArg,
    ttl: Duration,
    fields: impl OneOrMore,
) -> HExpire<Vec<HExpireReply>> {
    let head = match Period::of(ttl) {
        Period::Seconds(seconds) => start!("HEXPIRE").key(key).arg(seconds),
        Period::Milliseconds(count) => start!("HPEXPIRE").key(key).arg(count),
    };
    HExpire(head.arg("FIELDS").counted(fields))
}

/// Sets when fields of the hash at `key` expire: `HEXPIREAT`, or `HPEXPIREAT` if the time is not
/// whole seconds.
///
/// Returns what was done, field by field. A time in the past deletes the fields. The conditions are
/// methods of [`HExpire`].
///
/// **Since**: Redis 7.4, Valkey 9.0. **Complexity**: O(n) in the number of fields.
#[doc(alias = "hpexpireat")]
pub fn hexpireat(
    key: impl ToArg,
    at: impl Into<UnixTime>,
    fields: impl OneOrMore,
) -> HExpire<Vec<HExpireReply>> {
    let head = match Period::until(at.into()) {
        Period::Seconds(seconds) => start!("HEXPIREAT").key(key).arg(seconds),
        Period::Milliseconds(count) => start!("HPEXPIREAT").key(key).arg(count),
    };
    HExpire(head.arg("FIELDS").counted(fields))
}

impl<R> HExpire<R> {
    /// Only fields that do not expire yet: `NX`.
    pub fn nx(self) -> Self {
        Self(self.0.insert_after(3, ["NX"]))
    }

    /// Only fields that expire already: `XX`.
    pub fn xx(self) -> Self {
        Self(self.0.insert_after(3, ["XX"]))
    }

    /// Only fields that expire sooner as they are: `GT`.
    pub fn gt(self) -> Self {
        Self(self.0.insert_after(3, ["GT"]))
    }

    /// Only fields that expire later as they are, or never: `LT`.
    pub fn lt(self) -> Self {
        Self(self.0.insert_after(3, ["LT"]))
    }
}

/// Returns when fields of the hash at `key` expire, to the millisecond: `HPEXPIRETIME`.
///
/// **Since**: Redis 7.4, Valkey 9.0. **Complexity**: O(n) in the number of fields.
#[doc(alias = "hpexpiretime")]
pub fn hexpiretime(key: impl ToArg, fields: impl OneOrMore) -> Typed<Vec<Expiry>> {
    start!("HPEXPIRETIME").key(key).arg("FIELDS").counted(fields)
}

/// Returns the value of a field of the hash at `key`: `HGET`.
///
/// A missing field is a null, which is the `None` of an `Option`.
///
/// **Since**: Redis 2.0. **Complexity**: O(1).
pub fn hget<V: FromValue>(key: impl ToArg, field: impl ToArg) -> Typed<V> {
    start!("HGET").key(key).arg(field)
}

/// Returns all fields of the hash at `key` with their values: `HGETALL`.
///
/// A missing key is a hash without fields. Ask for a map, or for a `Vec` of pairs.
///
/// **Since**: Redis 2.0. **Complexity**: O(n) in the number of fields.
///
/// ```
/// use std::collections::BTreeMap;
/// use hashslot::cmd::{self, Typed};
/// let visits: Typed<BTreeMap<String, u64>> = cmd::hgetall("visits");
/// ```
pub fn hgetall<V: FromValue>(key: impl ToArg) -> Typed<V> {
    start!("HGETALL").key(key)
}

/// Returns the values of fields of the hash at `key` and deletes the fields: `HGETDEL`.
///
/// A missing field is a null in its place: ask for a `Vec<Option<T>>` or a tuple.
///
/// **Since**: Redis 8.0, Valkey 9.1. **Complexity**: O(n) in the number of fields.
pub fn hgetdel<V: FromValue>(key: impl ToArg, fields: impl OneOrMore) -> Typed<V> {
    start!("HGETDEL").key(key).arg("FIELDS").counted(fields)
}

with_options! {
    /// `HGETEX`, made by [`hgetex`]: when the fields expire from now on.
    HGetEx
}

/// Returns the values of fields of the hash at `key`, and may change when they expire: `HGETEX`.
///
/// A missing field is a null in its place: ask for a `Vec<Option<T>>` or a tuple. The options are
/// methods of [`HGetEx`]; without one the expiry stays.
///
/// **Since**: Redis 8.0, Valkey 9.0. **Complexity**: O(n) in the number of fields.
pub fn hgetex<V: FromValue>(key: impl ToArg, fields: impl OneOrMore) -> HGetEx<V> {
    HGetEx(start!("HGETEX").key(key).arg("FIELDS").counted(fields))
}

impl<R> HGetEx<R> {
    /// The fields expire after this time, rounded up to milliseconds: `EX` or `PX`.
    #[doc(alias = "ex")]
    #[doc(alias = "px")]
    pub fn ttl(self, ttl: Duration) -> Self {
        Self(self.0.insert_period("EX", "PX", Period::of(ttl)))
    }

    /// The fields expire at this point in time: `EXAT` or `PXAT`.
    #[doc(alias = "exat")]
    #[doc(alias = "pxat")]
    pub fn expire_at(self, at: impl Into<UnixTime>) -> Self {
        Self(self.0.insert_period("EXAT", "PXAT", Period::until(at.into())))
    }

    /// The fields do not expire any more: `PERSIST`.
    pub fn persist(self) -> Self {
        Self(self.0.insert_after(2, ["PERSIST"]))
    }
}

impl<R> Typed<R> {
    /// Inserts a period behind the word for its unit, both behind the name and the key.
    fn insert_period(self, seconds: &'static str, milliseconds: &'static str, p: Period) -> Self {
        match p {
            Period::Seconds(count) => self.insert_after(2, [seconds.into_arg(), count.into_arg()]),
            Period::Milliseconds(count) => {
                self.insert_after(2, [milliseconds.into_arg(), count.into_arg()])
            }
        }
    }
}

/// Adds to the integer in a field of the hash at `key` and returns the sum: `HINCRBY`.
///
/// A missing field counts as 0.
///
/// **Since**: Redis 2.0. **Complexity**: O(1).
#[doc(alias = "hincr_by")]
pub fn hincrby(key: impl ToArg, field: impl ToArg, increment: i64) -> Typed<i64> {
    start!("HINCRBY").key(key).arg(field).arg(increment)
}

/// Adds to the number in a field of the hash at `key` and returns the sum: `HINCRBYFLOAT`.
///
/// A missing field counts as 0. The server computes with long doubles: ask for a `String` with
/// [`Typed::reply`] to have all digits.
///
/// **Since**: Redis 2.6. **Complexity**: O(1).
#[doc(alias = "hincr_by_float")]
pub fn hincrbyfloat(key: impl ToArg, field: impl ToArg, increment: f64) -> Typed<f64> {
    start!("HINCRBYFLOAT").key(key).arg(field).arg(increment)
}

/// Returns the names of all fields of the hash at `key`: `HKEYS`.
///
/// A missing key is a hash without fields.
///
/// **Since**: Redis 2.0. **Complexity**: O(n) in the number of fields.
pub fn hkeys<V: FromValue>(key: impl ToArg) -> Typed<V> {
    start!("HKEYS").key(key)
}

/// Returns the number of fields of the hash at `key`: `HLEN`.
///
/// 0 if the key is missing.
///
/// **Since**: Redis 2.0. **Complexity**: O(1).
pub fn hlen(key: impl ToArg) -> Typed<u64> {
    start!("HLEN").key(key)
}

/// Returns the values of fields of the hash at `key`, in order: `HMGET`.
///
/// A missing field is a null in its place: ask for a `Vec<Option<T>>` or a tuple.
///
/// **Since**: Redis 2.0. **Complexity**: O(n) in the number of fields.
///
/// ```
/// use hashslot::cmd::{self, Typed};
/// let command: Typed<(String, Option<u8>)> = cmd::hmget("user:1", ["name", "age"]);
/// ```
pub fn hmget<V: FromValue>(key: impl ToArg, fields: impl OneOrMore) -> Typed<V> {
    start!("HMGET").key(key).args(fields)
}

/// What [`hpersist`] did to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HPersistReply {
    /// The field or the key does not exist.
    Missing,
    /// The field had no expiry.
    Persistent,
    /// The field had an expiry, which was removed.
    Removed,
}

impl FromValue for HPersistReply {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        match i64::from_value(value, frame)? {
            -2 => Ok(Self::Missing),
            -1 => Ok(Self::Persistent),
            1 => Ok(Self::Removed),
            _ => Err(ConversionError::custom("a code that is not -2, -1 or 1")),
        }
    }
}

/// Removes the expiry of fields of the hash at `key`: `HPERSIST`.
///
/// Returns what was done, field by field.
///
/// **Since**: Redis 7.4, Valkey 9.0. **Complexity**: O(n) in the number of fields.
pub fn hpersist(key: impl ToArg, fields: impl OneOrMore) -> Typed<Vec<HPersistReply>> {
    start!("HPERSIST").key(key).arg("FIELDS").counted(fields)
}

with_options! {
    /// `HRANDFIELD`, made by [`hrandfield`]: how many fields are returned.
    HRandField
}

/// Returns the name of a random field of the hash at `key`: `HRANDFIELD`.
///
/// A missing key is a null. [`HRandField::count`] asks for several fields.
///
/// **Since**: Redis 6.2. **Complexity**: O(n) in the number of fields that are returned.
///
/// ```
/// use hashslot::cmd::{self, HRandField, Typed};
/// let one: HRandField<Option<String>> = cmd::hrandfield("user:1");
/// let two: Typed<Vec<(String, String)>> = cmd::hrandfield::<()>("user:1").count(2).with_values();
/// ```
pub fn hrandfield<V: FromValue>(key: impl ToArg) -> HRandField<V> {
    HRandField(start!("HRANDFIELD").key(key))
}

impl<R> HRandField<R> {
    /// Returns so many different fields, or all of them if there are fewer.
    ///
    /// A missing key is a hash without fields.
    pub fn count<T: FromValue>(self, count: u64) -> HRandFields<T> {
        HRandFields(self.0.arg(count).reply())
    }

    /// Returns so many fields, each drawn from all of them: a field may come several times.
    ///
    /// A missing key is a hash without fields. The server receives a negative count.
    pub fn count_with_repeats<T: FromValue>(self, count: u64) -> HRandFields<T> {
        HRandFields(self.0.arg(0_i64.saturating_sub_unsigned(count)).reply())
    }
}

with_options! {
    /// `HRANDFIELD` with a count, made by [`HRandField::count`]: whether values are returned.
    HRandFields
}

impl<R> HRandFields<R> {
    /// Returns the fields with their values, as pairs: `WITHVALUES`.
    #[doc(alias = "withvalues")]
    pub fn with_values(self) -> Typed<R> {
        self.0.arg("WITHVALUES")
    }
}

/// A part of a collection: the reply of [`hscan`] and its kin.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScanPage<V> {
    /// Where the next part begins. 0 if this one is the last.
    pub cursor: u64,
    /// What is in this part. It may be empty although other parts follow.
    pub items: V,
}

impl<V: FromValue> FromValue for ScanPage<V> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (cursor, items) = FromValue::from_value(value, frame)?;
        Ok(Self { cursor, items })
    }
}

with_options! {
    /// `HSCAN`, made by [`hscan`]: which fields are returned, and how many.
    HScan
}

/// Returns a part of the hash at `key`, as pairs of fields and values: `HSCAN`.
///
/// The first part has the cursor 0; each part tells the cursor of the next one. A field that exists
/// during the whole scan is returned, perhaps several times. A missing key is a hash without
/// fields. The options are methods of [`HScan`].
///
/// **Since**: Redis 2.8. **Complexity**: O(1) for each part, O(n) in the number of fields for all.
///
/// ```
/// use hashslot::cmd::{self, HScan, ScanPage};
/// let first: HScan<ScanPage<Vec<(String, u64)>>> = cmd::hscan("visits", 0).pattern("2026-*");
/// ```
pub fn hscan<V: FromValue>(key: impl ToArg, cursor: u64) -> HScan<ScanPage<V>> {
    HScan(start!("HSCAN").key(key).arg(cursor))
}

impl<R> HScan<R> {
    /// Only fields whose names match: `MATCH`.
    #[doc(alias = "match")]
    pub fn pattern(self, pattern: impl ToArg) -> Self {
        Self(self.0.arg("MATCH").arg(pattern))
    }

    /// About how many fields the server looks at for this part: `COUNT`. A small hash is one part
    /// in any case.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg("COUNT").arg(count))
    }

    /// Returns the names of fields without their values: `NOVALUES`.
    ///
    /// **Since**: Redis 7.4, Valkey 8.0.
    #[doc(alias = "novalues")]
    pub fn no_values(self) -> Self {
        Self(self.0.arg("NOVALUES"))
    }
}

/// Sets fields of the hash at `key`, and returns how many of them are new: `HSET`.
///
/// **Since**: Redis 2.0; several fields since 4.0. **Complexity**: O(n) in the number of fields.
///
/// ```
/// use std::collections::BTreeMap;
/// use hashslot::cmd::{self, Typed};
/// let one: Typed<u64> = cmd::hset("user:1", ("name", "ann"));
/// let map = BTreeMap::from([("name", "ann"), ("age", "36")]);
/// let all: Typed<u64> = cmd::hset("user:1", &map);
/// ```
#[doc(alias = "hmset")]
pub fn hset(key: impl ToArg, pairs: impl PairOrMore) -> Typed<u64> {
    start!("HSET").key(key).pairs(pairs)
}

with_options! {
    /// `HSETEX`, made by [`hsetex`]: a condition, and when the fields expire.
    HSetEx
}

/// Sets fields of the hash at `key` with one expiry, and returns whether it did: `HSETEX`.
///
/// The options are methods of [`HSetEx`]. Without one, the fields are set and lose their expiry.
///
/// **Since**: Redis 8.0, Valkey 9.0. **Complexity**: O(n) in the number of fields.
///
/// ```
/// use std::time::Duration;
/// use hashslot::cmd::{self, HSetEx};
/// let minute = Duration::from_secs(60);
/// let command: HSetEx<bool> = cmd::hsetex("user:1", ("code", "3142")).fnx().ttl(minute);
/// ```
pub fn hsetex(key: impl ToArg, pairs: impl PairOrMore) -> HSetEx<bool> {
    HSetEx(start!("HSETEX").key(key).arg("FIELDS").counted_pairs(pairs))
}

impl<R> HSetEx<R> {
    /// Only if the key does not exist: `NX`. **Since**: Valkey 9.1.
    pub fn nx(self) -> Self {
        Self(self.0.insert_after(2, ["NX"]))
    }

    /// Only if the key exists: `XX`. **Since**: Valkey 9.1.
    pub fn xx(self) -> Self {
        Self(self.0.insert_after(2, ["XX"]))
    }

    /// Only if none of the fields exists: `FNX`.
    pub fn fnx(self) -> Self {
        Self(self.0.insert_after(2, ["FNX"]))
    }

    /// Only if all of the fields exist: `FXX`.
    pub fn fxx(self) -> Self {
        Self(self.0.insert_after(2, ["FXX"]))
    }

    /// The fields expire after this time, rounded up to milliseconds: `EX` or `PX`.
    #[doc(alias = "ex")]
    #[doc(alias = "px")]
    pub fn ttl(self, ttl: Duration) -> Self {
        Self(self.0.insert_period("EX", "PX", Period::of(ttl)))
    }

    /// The fields expire at this point in time: `EXAT` or `PXAT`.
    #[doc(alias = "exat")]
    #[doc(alias = "pxat")]
    pub fn expire_at(self, at: impl Into<UnixTime>) -> Self {
        Self(self.0.insert_period("EXAT", "PXAT", Period::until(at.into())))
    }

    /// The fields keep their expiry: `KEEPTTL`. Without it, setting a field removes its expiry.
    #[doc(alias = "keepttl")]
    pub fn keep_ttl(self) -> Self {
        Self(self.0.insert_after(2, ["KEEPTTL"]))
    }
}

/// Sets a field of the hash at `key` unless the field exists, and returns whether it did: `HSETNX`.
///
/// **Since**: Redis 2.0. **Complexity**: O(1).
pub fn hsetnx(key: impl ToArg, field: impl ToArg, value: impl ToArg) -> Typed<bool> {
    start!("HSETNX").key(key).arg(field).arg(value)
}

/// Returns the length of the value of a field in bytes: `HSTRLEN`.
///
/// 0 if the field or the key is missing.
///
/// **Since**: Redis 3.2. **Complexity**: O(1).
pub fn hstrlen(key: impl ToArg, field: impl ToArg) -> Typed<u64> {
    start!("HSTRLEN").key(key).arg(field)
}

/// Returns how long fields of the hash at `key` live on, to the millisecond: `HPTTL`.
///
/// **Since**: Redis 7.4, Valkey 9.0. **Complexity**: O(n) in the number of fields.
#[doc(alias = "hpttl")]
pub fn httl(key: impl ToArg, fields: impl OneOrMore) -> Typed<Vec<Ttl>> {
    start!("HPTTL").key(key).arg("FIELDS").counted(fields)
}

/// Returns the values of all fields of the hash at `key`: `HVALS`.
///
/// A missing key is a hash without fields.
///
/// **Since**: Redis 2.0. **Complexity**: O(n) in the number of fields.
pub fn hvals<V: FromValue>(key: impl ToArg) -> Typed<V> {
    start!("HVALS").key(key)
}
