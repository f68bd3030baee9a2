//! Sketches: counts, the most frequent items and quantiles of many values, in little memory.
//!
//! Redis 8.0 has them; `RedisBloom` has them for older servers.

use alloc::vec::Vec;

use super::record::record;
use super::typed::{Typed, start, with_options};
use crate::command::{FromValue, OneOrMore, PairOrMore, ToArg};

/// Counts items in the sketch at `key`, and returns the new count of each: `CMS.INCRBY`.
///
/// Pairs are an item and how often it occurred. A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.0. **Complexity**: O(n) in the number of items.
///
/// ```
/// use hashslot::cmd::{self, Typed};
/// let one: Typed<Vec<u64>> = cmd::cms_incrby("words", ("apple", 1));
/// let two = cmd::cms_incrby("words", [("apple", 3), ("pear", 1)]);
/// ```
pub fn cms_incrby(key: impl ToArg, items: impl PairOrMore) -> Typed<Vec<u64>> {
    start!("CMS.INCRBY").key(key).pairs(items)
}

record! {
    /// Facts about a count-min sketch: the reply of [`cms_info`].
    pub struct CmsInfo {
        /// The number of counters in a row.
        pub width: u64 = "width",
        /// The number of rows.
        pub depth: u64 = "depth",
        /// The sum of all counts.
        pub count: u64 = "count",
    }
}

/// Returns facts about the count-min sketch at `key`: `CMS.INFO`.
///
/// A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.0. **Complexity**: O(1).
pub fn cms_info(key: impl ToArg) -> Typed<CmsInfo> {
    start!("CMS.INFO").key(key)
}

/// Makes a count-min sketch of `depth` rows of `width` counters at `key`: `CMS.INITBYDIM`.
///
/// A key that exists is an error of the server.
///
/// **Since**: `RedisBloom` 2.0. **Complexity**: O(1).
pub fn cms_initbydim(key: impl ToArg, width: u64, depth: u64) -> Typed<()> {
    start!("CMS.INITBYDIM").key(key).arg(width).arg(depth)
}

/// Makes a count-min sketch at `key` that is large enough for an error: `CMS.INITBYPROB`.
///
/// With this probability a count is too high by more than `error`, as a share of the sum of all
/// counts. A key that exists is an error of the server.
///
/// **Since**: `RedisBloom` 2.0. **Complexity**: O(1).
pub fn cms_initbyprob(key: impl ToArg, error: f64, probability: f64) -> Typed<()> {
    start!("CMS.INITBYPROB").key(key).arg(error).arg(probability)
}

with_options! {
    /// `CMS.MERGE`, made by [`cms_merge`]: how much each sketch counts.
    CmsMerge
}

/// Stores the sum of count-min sketches in `destination`: `CMS.MERGE`.
///
/// The sketches and the destination have to exist, to be of one size, and to be in one slot.
///
/// **Since**: `RedisBloom` 2.0. **Complexity**: O(n) in the number of sketches.
pub fn cms_merge(destination: impl ToArg, sources: impl OneOrMore) -> CmsMerge<()> {
    CmsMerge(start!("CMS.MERGE").arg(destination).counted(sources))
}

impl<R> CmsMerge<R> {
    /// By what the counts of each sketch are multiplied: `WEIGHTS`. One integer for each sketch.
    pub fn weights(self, weights: impl OneOrMore) -> Self {
        Self(self.0.arg("WEIGHTS").args(weights))
    }
}

/// Returns the counts of items in the sketch at `key`: `CMS.QUERY`.
///
/// A count may be too high, never too low. A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.0. **Complexity**: O(n) in the number of items.
pub fn cms_query(key: impl ToArg, items: impl OneOrMore) -> Typed<Vec<u64>> {
    start!("CMS.QUERY").key(key).args(items)
}

/// Counts items in the list of the most frequent ones at `key`, and returns which item each one
/// displaced: `TOPK.ADD`.
///
/// Ask for a `Vec<Option<String>>`: a null if none was. A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.0. **Complexity**: O(n · d) for n items and d rows.
pub fn topk_add<V: FromValue>(key: impl ToArg, items: impl OneOrMore) -> Typed<V> {
    start!("TOPK.ADD").key(key).args(items)
}

/// Returns about how often items were counted: `TOPK.COUNT`.
///
/// A count may be too low. `RedisBloom` has deprecated it since 2.4: [`topk_list`] has better
/// counts, of the most frequent items only. A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.0. **Complexity**: O(n) in the number of items.
pub fn topk_count(key: impl ToArg, items: impl OneOrMore) -> Typed<Vec<u64>> {
    start!("TOPK.COUNT").key(key).args(items)
}

/// Counts items several times, and returns which item of the list each one displaced:
/// `TOPK.INCRBY`.
///
/// Pairs are an item and how often it occurred. Ask for a `Vec<Option<String>>`: a null if none
/// was. A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.0. **Complexity**: O(n · d · i) for n items, d rows and increments of
/// i.
pub fn topk_incrby<V: FromValue>(key: impl ToArg, items: impl PairOrMore) -> Typed<V> {
    start!("TOPK.INCRBY").key(key).pairs(items)
}

record! {
    /// Facts about a list of the most frequent items: the reply of [`topk_info`].
    pub struct TopKInfo {
        /// How many items the list has at most.
        pub k: u64 = "k",
        /// The number of counters in a row.
        pub width: u64 = "width",
        /// The number of rows.
        pub depth: u64 = "depth",
        /// With which probability another item lowers a counter, to the power of the count.
        pub decay: f64 = "decay",
    }
}

/// Returns facts about the list of the most frequent items at `key`: `TOPK.INFO`.
///
/// A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.0. **Complexity**: O(1).
pub fn topk_info(key: impl ToArg) -> Typed<TopKInfo> {
    start!("TOPK.INFO").key(key)
}

with_options! {
    /// `TOPK.LIST`, made by [`topk_list`]: whether counts are returned.
    TopKList
}

/// Returns the most frequent items, the most frequent one first: `TOPK.LIST`.
///
/// A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.0. **Complexity**: O(n) in the number of items in the list.
///
/// ```
/// use hashslot::cmd::{self, TopKList};
/// let items: TopKList<Vec<String>> = cmd::topk_list("words");
/// let counts: TopKList<Vec<(String, u64)>> = cmd::topk_list("words").with_count();
/// ```
pub fn topk_list<V: FromValue>(key: impl ToArg) -> TopKList<V> {
    TopKList(start!("TOPK.LIST").key(key))
}

impl<R> TopKList<R> {
    /// Returns the count of each item: `WITHCOUNT`. Ask for pairs.
    #[doc(alias = "withcount")]
    pub fn with_count(self) -> Self {
        Self(self.0.arg("WITHCOUNT"))
    }
}

/// Returns for each item whether it is among the most frequent ones: `TOPK.QUERY`.
///
/// A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.0. **Complexity**: O(n) in the number of items.
pub fn topk_query(key: impl ToArg, items: impl OneOrMore) -> Typed<Vec<bool>> {
    start!("TOPK.QUERY").key(key).args(items)
}

with_options! {
    /// `TOPK.RESERVE`, made by [`topk_reserve`]: how exact it counts.
    TopKReserve
}

/// Makes a list of the `k` most frequent items at `key`: `TOPK.RESERVE`.
///
/// A key that exists is an error of the server.
///
/// **Since**: `RedisBloom` 2.0. **Complexity**: O(1).
pub fn topk_reserve(key: impl ToArg, k: u64) -> TopKReserve<()> {
    TopKReserve(start!("TOPK.RESERVE").key(key).arg(k))
}

impl<R> TopKReserve<R> {
    /// Counts in `depth` rows of `width` counters. With the probability `decay`, to the power of
    /// the count, another item lowers a counter. The defaults are 8, 7 and 0.9.
    #[doc(alias = "width")]
    #[doc(alias = "depth")]
    #[doc(alias = "decay")]
    pub fn counters(self, width: u64, depth: u64, decay: f64) -> Self {
        Self(self.0.arg(width).arg(depth).arg(decay))
    }
}

/// Adds values to the t-digest at `key`: `TDIGEST.ADD`.
///
/// Values are floats. A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of values.
pub fn tdigest_add(key: impl ToArg, values: impl OneOrMore) -> Typed<()> {
    start!("TDIGEST.ADD").key(key).args(values)
}

/// Returns about which values have these ranks, where the lowest value has the rank 0:
/// `TDIGEST.BYRANK`.
///
/// A rank beyond the last is infinite; all are NaN if the digest has no values. A missing key is an
/// error of the server.
///
/// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of ranks.
pub fn tdigest_byrank(key: impl ToArg, ranks: impl OneOrMore) -> Typed<Vec<f64>> {
    start!("TDIGEST.BYRANK").key(key).args(ranks)
}

/// Returns about which values have these ranks, where the highest value has the rank 0:
/// `TDIGEST.BYREVRANK`.
///
/// A rank beyond the last is minus infinity; all are NaN if the digest has no values. A missing key
/// is an error of the server.
///
/// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of ranks.
pub fn tdigest_byrevrank(key: impl ToArg, ranks: impl OneOrMore) -> Typed<Vec<f64>> {
    start!("TDIGEST.BYREVRANK").key(key).args(ranks)
}

/// Returns which share of all values is below each of these: `TDIGEST.CDF`.
///
/// Half of the values that are equal count. All are NaN if the digest has no values. A missing key
/// is an error of the server.
///
/// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of values that are asked for.
pub fn tdigest_cdf(key: impl ToArg, values: impl OneOrMore) -> Typed<Vec<f64>> {
    start!("TDIGEST.CDF").key(key).args(values)
}

with_options! {
    /// `TDIGEST.CREATE`, made by [`tdigest_create`]: how exact it is.
    TDigestCreate
}

/// Makes a t-digest without values at `key`: `TDIGEST.CREATE`.
///
/// A key that exists is an error of the server.
///
/// **Since**: `RedisBloom` 2.4. **Complexity**: O(1).
pub fn tdigest_create(key: impl ToArg) -> TDigestCreate<()> {
    TDigestCreate(start!("TDIGEST.CREATE").key(key))
}

impl<R> TDigestCreate<R> {
    /// How exact it is, and how large: `COMPRESSION`. The default is 100.
    pub fn compression(self, compression: u64) -> Self {
        Self(self.0.arg("COMPRESSION").arg(compression))
    }
}

record! {
    /// Facts about a t-digest: the reply of [`tdigest_info`].
    pub struct TDigestInfo {
        /// How exact it is, and how large.
        pub compression: u64 = "Compression",
        /// How many centroids it has room for.
        pub capacity: u64 = "Capacity",
        /// The number of centroids that were merged.
        pub merged_nodes: u64 = "Merged nodes",
        /// The number of centroids that are buffered.
        pub unmerged_nodes: u64 = "Unmerged nodes",
        /// The number of values that were merged.
        pub merged_weight: f64 = "Merged weight",
        /// The number of values that are buffered.
        pub unmerged_weight: f64 = "Unmerged weight",
        /// The number of values.
        pub observations: f64 = "Observations",
        /// How often the buffer was merged.
        pub total_compressions: u64 = "Total compressions",
        /// The size of the digest in bytes.
        pub memory_usage: u64 = "Memory usage",
    }
}

/// Returns facts about the t-digest at `key`: `TDIGEST.INFO`.
///
/// A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.4. **Complexity**: O(1).
pub fn tdigest_info(key: impl ToArg) -> Typed<TDigestInfo> {
    start!("TDIGEST.INFO").key(key)
}

/// Returns the highest value that was added to the t-digest at `key`: `TDIGEST.MAX`.
///
/// NaN if the digest has no values. A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.4. **Complexity**: O(1).
pub fn tdigest_max(key: impl ToArg) -> Typed<f64> {
    start!("TDIGEST.MAX").key(key)
}

with_options! {
    /// `TDIGEST.MERGE`, made by [`tdigest_merge`]: what the destination is like.
    TDigestMerge
}

/// Adds the values of t-digests to that at `destination`: `TDIGEST.MERGE`.
///
/// A missing destination is made; a missing source is an error of the server. All keys have to be
/// in one slot. The options are methods of [`TDigestMerge`].
///
/// **Since**: `RedisBloom` 2.4. **Complexity**: O(n · k) for k digests of n centroids.
pub fn tdigest_merge(destination: impl ToArg, sources: impl OneOrMore) -> TDigestMerge<()> {
    TDigestMerge(start!("TDIGEST.MERGE").arg(destination).counted(sources))
}

impl<R> TDigestMerge<R> {
    /// How exact the destination is, and how large: `COMPRESSION`. By default the highest of all.
    pub fn compression(self, compression: u64) -> Self {
        Self(self.0.arg("COMPRESSION").arg(compression))
    }

    /// The values that the destination had are dropped: `OVERRIDE`.
    #[doc(alias = "override")]
    pub fn replace(self) -> Self {
        Self(self.0.arg("OVERRIDE"))
    }
}

/// Returns the lowest value that was added to the t-digest at `key`: `TDIGEST.MIN`.
///
/// NaN if the digest has no values. A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.4. **Complexity**: O(1).
pub fn tdigest_min(key: impl ToArg) -> Typed<f64> {
    start!("TDIGEST.MIN").key(key)
}

/// Returns about below which values these shares of all values are: `TDIGEST.QUANTILE`.
///
/// Shares are from 0 to 1: 0.5 asks for the median. All are NaN if the digest has no values. A
/// missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of shares.
///
/// ```
/// use hashslot::cmd::{self, Typed};
/// let command: Typed<Vec<f64>> = cmd::tdigest_quantile("latency", [0.5, 0.99]);
/// ```
pub fn tdigest_quantile(key: impl ToArg, shares: impl OneOrMore) -> Typed<Vec<f64>> {
    start!("TDIGEST.QUANTILE").key(key).args(shares)
}

/// Returns about how many values are below each of these: `TDIGEST.RANK`.
///
/// -1 for a value below all, -2 if the digest has no values. A missing key is an error of the
/// server.
///
/// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of values that are asked for.
pub fn tdigest_rank(key: impl ToArg, values: impl OneOrMore) -> Typed<Vec<i64>> {
    start!("TDIGEST.RANK").key(key).args(values)
}

/// Removes all values from the t-digest at `key`: `TDIGEST.RESET`.
///
/// A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.4. **Complexity**: O(1).
pub fn tdigest_reset(key: impl ToArg) -> Typed<()> {
    start!("TDIGEST.RESET").key(key)
}

/// Returns about how many values are above each of these: `TDIGEST.REVRANK`.
///
/// -1 for a value above all, -2 if the digest has no values. A missing key is an error of the
/// server.
///
/// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of values that are asked for.
pub fn tdigest_revrank(key: impl ToArg, values: impl OneOrMore) -> Typed<Vec<i64>> {
    start!("TDIGEST.REVRANK").key(key).args(values)
}

/// Returns about the mean of the values between two quantiles: `TDIGEST.TRIMMED_MEAN`.
///
/// `low` and `high` are shares from 0 to 1: 0.1 and 0.9 leave a tenth out on each side. NaN if the
/// digest has no values. A missing key is an error of the server.
///
/// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of centroids.
pub fn tdigest_trimmed_mean(key: impl ToArg, low: f64, high: f64) -> Typed<f64> {
    start!("TDIGEST.TRIMMED_MEAN").key(key).arg(low).arg(high)
}
