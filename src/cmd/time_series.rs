//! Time series: samples of a timestamp and a value, which are kept, thinned out and found by
//! labels.
//!
//! Redis 8.0 has them; `RedisTimeSeries` has them for older servers. Timestamps are milliseconds
//! since 1970-01-01 00:00 UTC: an integer, or a [`UnixTime`](super::UnixTime).

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::record::record;
use super::time::milliseconds;
use super::typed::{Typed, start, with_options};
use crate::command::{FromValue, PairOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// How the samples of a bucket, or of several series, become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TsAggregator {
    /// The mean: `avg`.
    Avg,
    /// The sum: `sum`.
    Sum,
    /// The lowest value: `min`.
    Min,
    /// The highest value: `max`.
    Max,
    /// The difference between the highest and the lowest value: `range`.
    Range,
    /// The number of values: `count`.
    Count,
    /// The number of NaNs: `countNaN`. **Since**: Redis 8.6.
    CountNan,
    /// The number of values, NaNs included: `countAll`. **Since**: Redis 8.6.
    CountAll,
    /// The first value: `first`.
    First,
    /// The last value: `last`.
    Last,
    /// The standard deviation of the whole population: `std.p`.
    StdP,
    /// The standard deviation, estimated from a sample: `std.s`.
    StdS,
    /// The variance of the whole population: `var.p`.
    VarP,
    /// The variance, estimated from a sample: `var.s`.
    VarS,
    /// The mean, in which a value counts for the time until the next: `twa`.
    Twa,
}

impl TsAggregator {
    #[inline]
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Avg => "avg",
            Self::Sum => "sum",
            Self::Min => "min",
            Self::Max => "max",
            Self::Range => "range",
            Self::Count => "count",
            Self::CountNan => "countNaN",
            Self::CountAll => "countAll",
            Self::First => "first",
            Self::Last => "last",
            Self::StdP => "std.p",
            Self::StdS => "std.s",
            Self::VarP => "var.p",
            Self::VarS => "var.s",
            Self::Twa => "twa",
        }
    }
}

/// What becomes of a sample whose timestamp the series has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TsDuplicatePolicy {
    /// It is an error of the server: `BLOCK`.
    Block,
    /// The former value stays: `FIRST`.
    First,
    /// The new value replaces it: `LAST`.
    Last,
    /// The lower value stays: `MIN`.
    Min,
    /// The higher value stays: `MAX`.
    Max,
    /// The sum of both is kept: `SUM`.
    Sum,
}

impl TsDuplicatePolicy {
    #[inline]
    const fn word(self) -> &'static str {
        match self {
            Self::Block => "BLOCK",
            Self::First => "FIRST",
            Self::Last => "LAST",
            Self::Min => "MIN",
            Self::Max => "MAX",
            Self::Sum => "SUM",
        }
    }
}

/// The options that say what a series is like. Labels are the last words: servers take all that is
/// behind the word `LABELS` for labels.
macro_rules! series_options {
    ($name:ident behind $count:literal) => {
        impl<R> $name<R> {
            /// Samples are deleted when they are older than the newest by this time: `RETENTION`.
            /// Zero keeps all.
            pub fn retention(self, period: Duration) -> Self {
                let period = milliseconds(period);
                Self(self.0.insert($count, |command| command.arg("RETENTION").arg(period)))
            }

            /// Keeps samples without compressing them: `ENCODING UNCOMPRESSED`.
            #[doc(alias = "encoding")]
            pub fn uncompressed(self) -> Self {
                let words = ["ENCODING", "UNCOMPRESSED"];
                Self(self.0.insert_after($count, words))
            }

            /// Keeps samples in chunks of so many bytes, a multiple of 8: `CHUNK_SIZE`.
            pub fn chunk_size(self, bytes: u64) -> Self {
                Self(self.0.insert($count, |command| command.arg("CHUNK_SIZE").arg(bytes)))
            }

            /// What becomes of a sample whose timestamp is there already: `DUPLICATE_POLICY`.
            pub fn duplicate_policy(self, policy: TsDuplicatePolicy) -> Self {
                Self(self.0.insert_after($count, ["DUPLICATE_POLICY", policy.word()]))
            }

            /// Leaves a sample out that is so near to the newest one, in time and in value:
            /// `IGNORE`. The policy for duplicates has to be [`TsDuplicatePolicy::Last`].
            ///
            /// **Since**: `RedisTimeSeries` 1.12.
            pub fn ignore(self, max_time: Duration, max_value: f64) -> Self {
                let max_time = milliseconds(max_time);
                Self(
                    self.0.insert($count, |command| {
                        command.arg("IGNORE").arg(max_time).arg(max_value)
                    }),
                )
            }

            /// Sets the labels of the series: `LABELS`. To be set once.
            pub fn labels(self, labels: impl PairOrMore) -> Self {
                Self(self.0.arg("LABELS").pairs(labels))
            }
        }
    };
}

with_options! {
    /// `TS.ADD`, made by [`ts_add`]: what becomes of duplicates, and what a series is like that the
    /// command makes.
    TsAdd
}

/// Adds a sample to the series at `key`, and returns its timestamp: `TS.ADD`.
///
/// The timestamp `*` is the time of the server. A missing key becomes a series, of which the
/// options of [`TsAdd`] say what it is like.
///
/// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of rules of the series.
///
/// ```
/// use hashslot::cmd::{self, UnixTime};
/// let now = cmd::ts_add("temperature:3", "*", 21.5);
/// let then = cmd::ts_add("temperature:3", UnixTime::from_secs(1_798_761_600), 20.0)
///     .labels([("room", "kitchen"), ("floor", "2")]);
/// ```
pub fn ts_add(key: impl ToArg, timestamp: impl ToArg, value: f64) -> TsAdd<i64> {
    TsAdd(start!("TS.ADD").key(key).arg(timestamp).arg(value))
}

series_options!(TsAdd behind 4);

impl<R> TsAdd<R> {
    /// What becomes of this sample if its timestamp is there already: `ON_DUPLICATE`.
    #[doc(alias = "on_duplicate")]
    pub fn if_duplicate(self, policy: TsDuplicatePolicy) -> Self {
        Self(self.0.insert_after(4, ["ON_DUPLICATE", policy.word()]))
    }
}

with_options! {
    /// `TS.CREATE` and `TS.ALTER`, made by [`ts_create`] and [`ts_alter`]: what the series is like.
    TsCreate
}

/// Changes what the series at `key` is like: `TS.ALTER`.
///
/// What no option of [`TsCreate`] says stays as it is; the encoding cannot be changed. Labels
/// replace all labels. A missing key is an error of the server.
///
/// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of labels.
pub fn ts_alter(key: impl ToArg) -> TsCreate<()> {
    TsCreate(start!("TS.ALTER").key(key))
}

/// Makes a series at `key`: `TS.CREATE`.
///
/// A key that exists is an error of the server. The options are methods of [`TsCreate`].
///
/// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(1).
///
/// ```
/// use std::time::Duration;
/// use hashslot::cmd;
/// let day = Duration::from_secs(86_400);
/// let command = cmd::ts_create("temperature:3").retention(day).labels(("room", "kitchen"));
/// ```
pub fn ts_create(key: impl ToArg) -> TsCreate<()> {
    TsCreate(start!("TS.CREATE").key(key))
}

series_options!(TsCreate behind 2);

with_options! {
    /// `TS.CREATERULE`, made by [`ts_createrule`]: where buckets begin.
    TsCreateRule
}

/// Keeps aggregates of the samples of one series in another one: `TS.CREATERULE`.
///
/// A bucket is as long as `bucket`. It counts samples that are added from now on. Both series have
/// to exist, and to be in one slot.
///
/// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(1).
///
/// ```
/// use std::time::Duration;
/// use hashslot::cmd::{self, TsAggregator};
/// let hour = Duration::from_secs(3600);
/// let command = cmd::ts_createrule("{t:3}", "{t:3}:hourly", TsAggregator::Avg, hour);
/// ```
pub fn ts_createrule(
    source: impl ToArg,
    destination: impl ToArg,
    aggregator: TsAggregator,
    bucket: Duration,
) -> TsCreateRule<()> {
    let keys = start!("TS.CREATERULE").arg(source).arg(destination);
    TsCreateRule(keys.arg("AGGREGATION").arg(aggregator.word()).arg(milliseconds(bucket)))
}

impl<R> TsCreateRule<R> {
    /// A bucket begins at this timestamp, and the others accordingly.
    ///
    /// **Since**: `RedisTimeSeries` 1.8.
    pub fn align(self, timestamp: impl ToArg) -> Self {
        Self(self.0.arg(timestamp))
    }
}

with_options! {
    /// `TS.INCRBY` and `TS.DECRBY`, made by [`ts_incrby`] and [`ts_decrby`]: the timestamp, and
    /// what a series is like that the command makes.
    TsIncrBy
}

/// Adds a sample that is the newest one less `subtrahend`, and returns its timestamp: `TS.DECRBY`.
///
/// Its timestamp is the time of the server, unless [`TsIncrBy::timestamp`] is set. A missing key
/// becomes a series, and counts as 0.
///
/// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of rules of the series.
pub fn ts_decrby(key: impl ToArg, subtrahend: f64) -> TsIncrBy<i64> {
    TsIncrBy(start!("TS.DECRBY").key(key).arg(subtrahend))
}

/// Deletes the samples between two timestamps, both inclusive, and returns how many there were:
/// `TS.DEL`.
///
/// A missing key is an error of the server.
///
/// **Since**: `RedisTimeSeries` 1.6. **Complexity**: O(n) in the number of samples.
pub fn ts_del(key: impl ToArg, from: impl ToArg, to: impl ToArg) -> Typed<u64> {
    start!("TS.DEL").key(key).arg(from).arg(to)
}

/// Ends what [`ts_createrule`] began: `TS.DELETERULE`.
///
/// The aggregates stay. A rule that does not exist is an error of the server. Both keys have to be
/// in one slot.
///
/// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(1).
pub fn ts_deleterule(source: impl ToArg, destination: impl ToArg) -> Typed<()> {
    start!("TS.DELETERULE").arg(source).arg(destination)
}

/// Adds a sample that is the newest one plus `addend`, and returns its timestamp: `TS.INCRBY`.
///
/// Its timestamp is the time of the server, unless [`TsIncrBy::timestamp`] is set. A missing key
/// becomes a series, and counts as 0.
///
/// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of rules of the series.
pub fn ts_incrby(key: impl ToArg, addend: f64) -> TsIncrBy<i64> {
    TsIncrBy(start!("TS.INCRBY").key(key).arg(addend))
}

series_options!(TsIncrBy behind 3);

impl<R> TsIncrBy<R> {
    /// The timestamp of the sample, not below that of the newest one: `TIMESTAMP`.
    pub fn timestamp(self, timestamp: impl ToArg) -> Self {
        Self(self.0.insert(3, |command| command.arg("TIMESTAMP").arg(timestamp)))
    }
}

with_options! {
    /// `TS.INFO`, made by [`ts_info`]: whether it tells of chunks.
    TsInfo
}

record! {
    /// Facts about a time series: the reply of [`ts_info`].
    pub struct TsSeriesInfo {
        /// The number of samples.
        pub total_samples: u64 = "totalSamples",
        /// The size of the series in bytes.
        pub memory_usage: u64 = "memoryUsage",
        /// The timestamp of the oldest sample, 0 if there is none.
        pub first_timestamp: i64 = "firstTimestamp",
        /// The timestamp of the newest sample, 0 if there is none.
        pub last_timestamp: i64 = "lastTimestamp",
        /// After how many milliseconds samples are deleted, 0 for never.
        pub retention: u64 = "retentionTime",
        /// The number of chunks.
        pub chunk_count: u64 = "chunkCount",
        /// The size of a chunk in bytes.
        pub chunk_size: u64 = "chunkSize",
        /// `compressed` or `uncompressed`.
        pub chunk_type: String = "chunkType",
        /// What becomes of duplicates, in small letters; `None` if the configuration decides.
        pub duplicate_policy: Option<String> = "duplicatePolicy",
        /// The labels with their values.
        pub labels: Vec<(String, String)> = "labels",
        /// The series whose aggregates this one keeps.
        pub source: Option<String> = "sourceKey",
        /// The series that keep aggregates of this one.
        pub rules: Vec<TsRule> = "rules",
        /// How near a sample is to the newest one that is left out, in milliseconds.
        pub ignore_max_time: Option<u64> = "ignoreMaxTimeDiff",
        /// How near a sample is to the newest one that is left out, in value.
        pub ignore_max_value: Option<f64> = "ignoreMaxValDiff",
        /// The chunks, if [`TsInfo::debug`] is set.
        pub chunks: Option<Vec<TsChunk>> = "Chunks",
    }
}

record! {
    /// A part of a time series: what [`TsInfo::debug`] tells.
    pub struct TsChunk {
        /// The timestamp of its oldest sample.
        pub start: i64 = "startTimestamp",
        /// The timestamp of its newest sample.
        pub end: i64 = "endTimestamp",
        /// The number of its samples.
        pub samples: u64 = "samples",
        /// Its size in bytes.
        pub size: u64 = "size",
        /// How many bytes a sample takes.
        pub bytes_per_sample: f64 = "bytesPerSample",
    }
}

/// What [`ts_createrule`] made: part of [`TsSeriesInfo`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TsRule {
    /// The series that keeps the aggregates.
    pub destination: String,
    /// The length of a bucket.
    pub bucket: Duration,
    /// How the samples of a bucket become one, such as `AVG`.
    pub aggregator: String,
    /// A timestamp at which a bucket begins; servers before `RedisTimeSeries` 1.8 do not tell it.
    pub align: Option<i64>,
}

impl TsRule {
    /// Reads what follows the destination.
    #[inline]
    fn of(destination: String, value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let element = |index: usize| {
            let elements = value.elements();
            elements.and_then(|elements| elements.get(index)).unwrap_or(Value::Null)
        };
        Ok(Self {
            destination,
            bucket: Duration::from_millis(u64::from_value(&element(0), frame)?),
            aggregator: FromValue::from_value(&element(1), frame)?,
            align: FromValue::from_value(&element(2), frame)?,
        })
    }
}

impl FromValue for TsRule {
    /// Reads the form of RESP2: the destination and what follows it in one array.
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let Some(mut elements) = value.elements() else {
            return Err(ConversionError::new("a rule", value));
        };
        let destination = String::from_value(&elements.next().unwrap_or(Value::Null), frame)?;
        Self::of(destination, &Value::Array(elements), frame)
    }

    /// RESP3 sends a map of destinations.
    #[inline]
    fn vec_from_value(value: &Value<'_>, frame: &Frame) -> Result<Vec<Self>, ConversionError> {
        let Value::Map(pairs) = *value else {
            let rules = value.elements().ok_or_else(|| ConversionError::new("rules", value))?;
            let one = |(index, rule)| Self::from_value(&rule, frame).map_err(|e| e.at(index));
            return rules.enumerate().map(one).collect();
        };
        let one = |(index, (destination, rule))| {
            let destination = String::from_value(&destination, frame);
            let rule = destination.and_then(|destination| Self::of(destination, &rule, frame));
            rule.map_err(|error: ConversionError| error.at_value(index))
        };
        pairs.enumerate().map(one).collect()
    }
}

/// Returns facts about the series at `key`: `TS.INFO`.
///
/// A missing key is an error of the server.
///
/// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(1).
pub fn ts_info(key: impl ToArg) -> TsInfo<TsSeriesInfo> {
    TsInfo(start!("TS.INFO").key(key))
}

impl<R> TsInfo<R> {
    /// Tells of each chunk: `DEBUG`.
    pub fn debug(self) -> Self {
        Self(self.0.arg("DEBUG"))
    }
}

/// Adds samples to several series, and returns their timestamps: `TS.MADD`.
///
/// Each sample is a key, a timestamp and a value; the timestamp `*` is the time of the server. A
/// sample that is refused is an error in its place: ask for a `Vec<Result<i64, ServerError>>` with
/// [`Typed::reply`] to see it. All keys have to be in one slot.
///
/// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n · m) for n samples and m rules.
///
/// ```
/// use hashslot::{Command, cmd};
/// let samples = [("{t}:1", 1_548_149_180_000_i64, 21.5), ("{t}:2", 1_548_149_180_000, 19.0)];
/// assert_eq!(Command::from(cmd::ts_madd(samples)).len(), 7);
/// ```
pub fn ts_madd<K: ToArg, T: ToArg>(
    samples: impl IntoIterator<Item = (K, T, f64)>,
) -> Typed<Vec<i64>> {
    let add = |typed: Typed<_>, (key, time, value)| typed.arg(key).arg(time).arg(value);
    samples.into_iter().fold(start!("TS.MADD"), add)
}
