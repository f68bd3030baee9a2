//! Bloom filters and cuckoo filters: whether an item was added, with few false positives.
//!
//! Redis 8.0 has them; `RedisBloom` has them for older servers, `valkey-bloom` has Bloom filters.

use alloc::vec::Vec;

use bytes::Bytes;

use super::record::record;
use super::typed::{Typed, start, with_options};
use crate::command::{FromValue, OneOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// Adds an item to the Bloom filter at `key`, and returns whether it was new: `BF.ADD`.
///
/// A missing key becomes a filter of the default size. A false positive is not added again.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(k) in the number of hash functions.
pub fn bf_add(key: impl ToArg, item: impl ToArg) -> Typed<bool> {
    start!("BF.ADD").key(key).arg(item)
}

/// Returns the number of items that were added to the Bloom filter at `key`: `BF.CARD`.
///
/// 0 if the key is missing. Items that were false positives do not count.
///
/// **Since**: `RedisBloom` 2.4.4. **Complexity**: O(1).
pub fn bf_card(key: impl ToArg) -> Typed<u64> {
    start!("BF.CARD").key(key)
}

/// Returns whether an item may have been added to the Bloom filter at `key`: `BF.EXISTS`.
///
/// False is certain, true is not. False if the key is missing.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(k) in the number of hash functions.
pub fn bf_exists(key: impl ToArg, item: impl ToArg) -> Typed<bool> {
    start!("BF.EXISTS").key(key).arg(item)
}

record! {
    /// Facts about a Bloom filter: the reply of [`bf_info`].
    pub struct BfInfo {
        /// How many items the filter has room for.
        pub capacity: u64 = "Capacity",
        /// The size of the filter in bytes.
        pub size: u64 = "Size",
        /// The number of its parts: one, and another one each time that it grew.
        pub filters: u64 = "Number of filters",
        /// The number of items that were added.
        pub items: u64 = "Number of items inserted",
        /// How many times as large as the last part a new one is. `None` if the filter never grows.
        pub expansion: Option<u64> = "Expansion rate",
        /// The share of false positives; `valkey-bloom` tells it.
        pub error_rate: Option<f64> = "Error rate",
        /// By what the error rate of each part is multiplied; `valkey-bloom` tells it.
        pub tightening_ratio: Option<f64> = "Tightening ratio",
        /// How many items the filter can grow to have room for; `valkey-bloom` tells it.
        pub max_scaled_capacity: Option<u64> = "Max scaled capacity",
    }
}

/// Returns facts about the Bloom filter at `key`: `BF.INFO`.
///
/// A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(1).
pub fn bf_info(key: impl ToArg) -> Typed<BfInfo> {
    start!("BF.INFO").key(key)
}

with_options! {
    /// `BF.INSERT`, made by [`bf_insert`]: what a filter is like that the command makes.
    BfInsert
}

/// Adds items to the Bloom filter at `key`, and returns for each whether it was new: `BF.INSERT`.
///
/// The options are methods of [`BfInsert`]; they count if the key is missing. If a filter that
/// does not grow is full, an error is in place of the first item without room. Ask for a
/// `Vec<Result<bool, ServerError>>` with [`BfInsert::reply`] to see it.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(k · n) for k hash functions and n items.
///
/// ```
/// use hashslot::cmd::{self, BfInsert};
/// let command: BfInsert<Vec<bool>> =
///     cmd::bf_insert("seen", ["a", "b"]).capacity(10_000).error_rate(0.001);
/// ```
pub fn bf_insert(key: impl ToArg, items: impl OneOrMore) -> BfInsert<Vec<bool>> {
    BfInsert(start!("BF.INSERT").key(key).arg("ITEMS").args(items))
}

impl<R> BfInsert<R> {
    /// How many items the filter has room for at first: `CAPACITY`.
    pub fn capacity(self, items: u64) -> Self {
        Self(self.0.insert(2, |command| command.arg("CAPACITY").arg(items)))
    }

    /// The share of false positives: `ERROR`.
    #[doc(alias = "error")]
    pub fn error_rate(self, rate: f64) -> Self {
        Self(self.0.insert(2, |command| command.arg("ERROR").arg(rate)))
    }

    /// How many times as large as the last part a new one is: `EXPANSION`.
    pub fn expansion(self, factor: u64) -> Self {
        Self(self.0.insert(2, |command| command.arg("EXPANSION").arg(factor)))
    }

    /// The filter does not grow: `NONSCALING`.
    #[doc(alias = "nonscaling")]
    pub fn fixed_size(self) -> Self {
        Self(self.0.insert(2, |command| command.arg("NONSCALING")))
    }

    /// A missing key is an error of the server: `NOCREATE`.
    #[doc(alias = "nocreate")]
    pub fn only_existing(self) -> Self {
        Self(self.0.insert(2, |command| command.arg("NOCREATE")))
    }

    /// An error of the server if the filter could not grow to have room for so many items:
    /// `VALIDATESCALETO`.
    ///
    /// **Since**: `valkey-bloom` 1.0.
    #[doc(alias = "validatescaleto")]
    pub fn scales_to(self, items: u64) -> Self {
        Self(self.0.insert(2, |command| command.arg("VALIDATESCALETO").arg(items)))
    }
}

/// Makes the Bloom filter at `key` from the form that append-only files have: `BF.LOAD`.
///
/// [`dump`](super::dump) and [`restore`](super::restore) copy filters.
///
/// **Since**: `valkey-bloom` 1.0. **Complexity**: O(n) in the size of the filter.
pub fn bf_load(key: impl ToArg, data: impl ToArg) -> Typed<()> {
    start!("BF.LOAD").key(key).arg(data)
}

/// Adds a part that [`bf_scandump`] returned to the Bloom filter at `key`: `BF.LOADCHUNK`.
///
/// The parts have to come in their order; the first makes the filter, for which the key has to be
/// missing.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the size of the part.
pub fn bf_loadchunk(key: impl ToArg, iterator: i64, data: impl ToArg) -> Typed<()> {
    start!("BF.LOADCHUNK").key(key).arg(iterator).arg(data)
}

/// Adds items to the Bloom filter at `key`, and returns for each whether it was new: `BF.MADD`.
///
/// A missing key becomes a filter of the default size. See [`bf_insert`] for a filter that is full.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(k · n) for k hash functions and n items.
pub fn bf_madd(key: impl ToArg, items: impl OneOrMore) -> Typed<Vec<bool>> {
    start!("BF.MADD").key(key).args(items)
}

/// Returns for each item whether it may have been added to the Bloom filter at `key`: `BF.MEXISTS`.
///
/// False is certain, true is not. All are false if the key is missing.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(k · n) for k hash functions and n items.
pub fn bf_mexists(key: impl ToArg, items: impl OneOrMore) -> Typed<Vec<bool>> {
    start!("BF.MEXISTS").key(key).args(items)
}

with_options! {
    /// `BF.RESERVE`, made by [`bf_reserve`]: how the filter grows.
    BfReserve
}

/// Makes a Bloom filter at `key`, which has room for `capacity` items at first: `BF.RESERVE`.
///
/// `error_rate` is the share of false positives, such as 0.01. A key that exists is an error of the
/// server. The options are methods of [`BfReserve`].
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(1).
pub fn bf_reserve(key: impl ToArg, error_rate: f64, capacity: u64) -> BfReserve<()> {
    BfReserve(start!("BF.RESERVE").key(key).arg(error_rate).arg(capacity))
}

impl<R> BfReserve<R> {
    /// How many times as large as the last part a new one is: `EXPANSION`.
    pub fn expansion(self, factor: u64) -> Self {
        Self(self.0.arg("EXPANSION").arg(factor))
    }

    /// The filter does not grow: `NONSCALING`.
    #[doc(alias = "nonscaling")]
    pub fn fixed_size(self) -> Self {
        Self(self.0.arg("NONSCALING"))
    }
}

/// A part of a filter: the reply of [`bf_scandump`] and [`cf_scandump`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FilterChunk {
    /// The number of the part: pass it on with the data, and to read the next part. 0 if all parts
    /// were returned before.
    pub iterator: i64,
    /// The content of the part.
    pub data: Bytes,
}

impl FromValue for FilterChunk {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (iterator, data): (i64, Option<Bytes>) = FromValue::from_value(value, frame)?;
        Ok(Self { iterator, data: data.unwrap_or_default() })
    }
}

/// Returns the next part of the Bloom filter at `key`, for [`bf_loadchunk`]: `BF.SCANDUMP`.
///
/// `iterator` is 0 for the first part, and then that of the last part. The filter must not change
/// meanwhile. A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the size of the part.
pub fn bf_scandump(key: impl ToArg, iterator: i64) -> Typed<FilterChunk> {
    start!("BF.SCANDUMP").key(key).arg(iterator)
}

/// Adds an item to the cuckoo filter at `key`: `CF.ADD`.
///
/// An item may be added several times. A missing key becomes a filter of the default size. A filter
/// that is full is an error of the server.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the number of parts of the filter.
pub fn cf_add(key: impl ToArg, item: impl ToArg) -> Typed<()> {
    start!("CF.ADD").key(key).arg(item)
}

/// Adds an item to the cuckoo filter at `key` unless it may be there, and returns whether it was
/// added: `CF.ADDNX`.
///
/// A missing key becomes a filter of the default size. A filter that is full is an error of the
/// server.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the number of parts of the filter.
pub fn cf_addnx(key: impl ToArg, item: impl ToArg) -> Typed<bool> {
    start!("CF.ADDNX").key(key).arg(item)
}

/// Moves items of the cuckoo filter at `key` to its first parts, to free the last ones:
/// `CF.COMPACT`.
///
/// A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the size of the filter.
pub fn cf_compact(key: impl ToArg) -> Typed<()> {
    start!("CF.COMPACT").key(key)
}

/// Returns how often an item may have been added to the cuckoo filter at `key`: `CF.COUNT`.
///
/// It is never too low. 0 if the key is missing.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the number of parts of the filter.
pub fn cf_count(key: impl ToArg, item: impl ToArg) -> Typed<u64> {
    start!("CF.COUNT").key(key).arg(item)
}

/// Deletes an item from the cuckoo filter at `key` once, and returns whether it was there:
/// `CF.DEL`.
///
/// Delete only items that were added: another one may take an item away that looks the same. A
/// missing key is an error of the server.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the number of parts of the filter.
pub fn cf_del(key: impl ToArg, item: impl ToArg) -> Typed<bool> {
    start!("CF.DEL").key(key).arg(item)
}

/// Returns whether an item may be in the cuckoo filter at `key`: `CF.EXISTS`.
///
/// False is certain, true is not. False if the key is missing.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the number of parts of the filter.
pub fn cf_exists(key: impl ToArg, item: impl ToArg) -> Typed<bool> {
    start!("CF.EXISTS").key(key).arg(item)
}

record! {
    /// Facts about a cuckoo filter: the reply of [`cf_info`].
    pub struct CfInfo {
        /// The size of the filter in bytes.
        pub size: u64 = "Size",
        /// The number of its buckets.
        pub buckets: u64 = "Number of buckets",
        /// The number of its parts: one, and another one each time that it grew.
        pub filters: u64 = "Number of filters",
        /// The number of items in it.
        pub items: u64 = "Number of items inserted",
        /// The number of items that were deleted.
        pub deleted: u64 = "Number of items deleted",
        /// How many items a bucket has room for.
        pub bucket_size: u64 = "Bucket size",
        /// How many times as large as the last part a new one is. 0 if the filter never grows.
        pub expansion: u64 = "Expansion rate",
        /// How many items are moved to make room for one.
        pub max_iterations: u64 = "Max iterations",
    }
}

/// Returns facts about the cuckoo filter at `key`: `CF.INFO`.
///
/// A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(1).
pub fn cf_info(key: impl ToArg) -> Typed<CfInfo> {
    start!("CF.INFO").key(key)
}

with_options! {
    /// `CF.INSERT` and `CF.INSERTNX`, made by [`cf_insert`] and [`cf_insertnx`]: what a filter is
    /// like that the command makes.
    CfInsert
}

/// What [`cf_insert`] or [`cf_insertnx`] did with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CfInsertReply {
    /// The item was added.
    Added,
    /// The item may be there already: [`cf_insertnx`] did not add it.
    Exists,
    /// The filter is full.
    Full,
}

impl FromValue for CfInsertReply {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        // RESP3 has booleans for CF.INSERT alone.
        if let Value::Boolean(false) = value {
            return Ok(Self::Full);
        }
        match i64::from_value(value, frame)? {
            1 => Ok(Self::Added),
            0 => Ok(Self::Exists),
            -1 => Ok(Self::Full),
            _ => Err(ConversionError::custom("a code that is not 1, 0 or -1")),
        }
    }
}

/// Adds items to the cuckoo filter at `key`, and returns what was done with each: `CF.INSERT`.
///
/// The options are methods of [`CfInsert`]; they count if the key is missing.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(n · m) for n items and m parts of the filter.
pub fn cf_insert(key: impl ToArg, items: impl OneOrMore) -> CfInsert<Vec<CfInsertReply>> {
    CfInsert(start!("CF.INSERT").key(key).arg("ITEMS").args(items))
}

/// Adds those items to the cuckoo filter at `key` that are not there, and returns what was done
/// with each: `CF.INSERTNX`.
///
/// The options are methods of [`CfInsert`]; they count if the key is missing.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(n · m) for n items and m parts of the filter.
pub fn cf_insertnx(key: impl ToArg, items: impl OneOrMore) -> CfInsert<Vec<CfInsertReply>> {
    CfInsert(start!("CF.INSERTNX").key(key).arg("ITEMS").args(items))
}

impl<R> CfInsert<R> {
    /// How many items the filter has room for at first: `CAPACITY`.
    pub fn capacity(self, items: u64) -> Self {
        Self(self.0.insert(2, |command| command.arg("CAPACITY").arg(items)))
    }

    /// A missing key is an error of the server: `NOCREATE`.
    #[doc(alias = "nocreate")]
    pub fn only_existing(self) -> Self {
        Self(self.0.insert(2, |command| command.arg("NOCREATE")))
    }
}

/// Adds a part that [`cf_scandump`] returned to the cuckoo filter at `key`: `CF.LOADCHUNK`.
///
/// The parts have to come in their order; the first makes the filter, for which the key has to be
/// missing.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the size of the part.
pub fn cf_loadchunk(key: impl ToArg, iterator: i64, data: impl ToArg) -> Typed<()> {
    start!("CF.LOADCHUNK").key(key).arg(iterator).arg(data)
}

/// Returns for each item whether it may be in the cuckoo filter at `key`: `CF.MEXISTS`.
///
/// False is certain, true is not. All are false if the key is missing.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(n · m) for n items and m parts of the filter.
pub fn cf_mexists(key: impl ToArg, items: impl OneOrMore) -> Typed<Vec<bool>> {
    start!("CF.MEXISTS").key(key).args(items)
}

with_options! {
    /// `CF.RESERVE`, made by [`cf_reserve`]: what the filter is like.
    CfReserve
}

/// Makes a cuckoo filter at `key`, which has room for `capacity` items at first: `CF.RESERVE`.
///
/// A key that exists is an error of the server. The options are methods of [`CfReserve`].
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(1).
pub fn cf_reserve(key: impl ToArg, capacity: u64) -> CfReserve<()> {
    CfReserve(start!("CF.RESERVE").key(key).arg(capacity))
}

impl<R> CfReserve<R> {
    /// How many items a bucket has room for: `BUCKETSIZE`.
    #[doc(alias = "bucketsize")]
    pub fn bucket_size(self, items: u64) -> Self {
        Self(self.0.arg("BUCKETSIZE").arg(items))
    }

    /// How many items are moved to make room for one: `MAXITERATIONS`.
    #[doc(alias = "maxiterations")]
    pub fn max_iterations(self, count: u64) -> Self {
        Self(self.0.arg("MAXITERATIONS").arg(count))
    }

    /// How many times as large as the last part a new one is: `EXPANSION`. With 0 the filter does
    /// not grow.
    pub fn expansion(self, factor: u64) -> Self {
        Self(self.0.arg("EXPANSION").arg(factor))
    }
}

/// Returns the next part of the cuckoo filter at `key`, for [`cf_loadchunk`]: `CF.SCANDUMP`.
///
/// `iterator` is 0 for the first part, and then that of the last part. The filter must not change
/// meanwhile. A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the size of the part.
pub fn cf_scandump(key: impl ToArg, iterator: i64) -> Typed<FilterChunk> {
    start!("CF.SCANDUMP").key(key).arg(iterator)
}
