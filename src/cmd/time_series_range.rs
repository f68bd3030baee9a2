//! Time series: samples of a range of time, also of all series that have certain labels.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Display};
use core::time::Duration;

use super::time::milliseconds;
use super::time_series::TsAggregator;
use super::typed::{Typed, start, with_options};
use crate::command::{Arg, Command, FromValue, ListItem, OneOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// A condition on the labels of a series. A text in the words of the server does as well, such as
/// `room=kitchen`.
///
/// ```
/// use hashslot::{Command, cmd};
/// use hashslot::cmd::TsFilter;
/// let rooms = TsFilter::is_one_of("room", ["hall", "bath"]);
/// let filters = [TsFilter::is("type", "temperature"), rooms];
/// let command = Command::from(cmd::ts_queryindex::<Vec<String>>(filters));
/// assert!(command.arguments().skip(1).eq([&b"type=temperature"[..], b"room=(hall,bath)"]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TsFilter(String);

impl TsFilter {
    /// The label has this value: `label=value`. At least one of the filters has to be this one, or
    /// [`is_one_of`](Self::is_one_of).
    #[must_use]
    pub fn is(label: impl Display, value: impl Display) -> Self {
        Self(format!("{label}={value}"))
    }

    /// The label has another value, or the series does not have the label: `label!=value`.
    #[must_use]
    pub fn is_not(label: impl Display, value: impl Display) -> Self {
        Self(format!("{label}!={value}"))
    }

    /// The label has one of these values: `label=(value,value)`.
    #[must_use]
    pub fn is_one_of<V: Display>(label: impl Display, values: impl IntoIterator<Item = V>) -> Self {
        Self(format!("{label}=({})", list(values)))
    }

    /// The label has none of these values, or the series does not have the label:
    /// `label!=(value,value)`.
    #[must_use]
    pub fn is_none_of<V: Display>(
        label: impl Display,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self(format!("{label}!=({})", list(values)))
    }

    /// The series has the label: `label!=`.
    #[must_use]
    pub fn has(label: impl Display) -> Self {
        Self(format!("{label}!="))
    }

    /// The series does not have the label: `label=`.
    #[must_use]
    pub fn lacks(label: impl Display) -> Self {
        Self(format!("{label}="))
    }
}

fn list<V: Display>(values: impl IntoIterator<Item = V>) -> String {
    let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    values.join(",")
}

impl ToArg for TsFilter {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        self.0.to_arg()
    }
}

impl ListItem for TsFilter {}

/// How samples are aggregated: one sample for each bucket of time.
///
/// ```
/// use std::time::Duration;
/// use hashslot::cmd::{self, TsAggregator, TsBuckets};
/// let hours = TsBuckets::new(TsAggregator::Avg, Duration::from_secs(3600)).with_empty();
/// let command = cmd::ts_range("temperature:3", "-", "+").aggregate(hours);
/// ```
pub struct TsBuckets {
    aggregator: TsAggregator,
    bucket: Duration,
    align: Option<Arg<'static>>,
    timestamp: Option<&'static str>,
    with_empty: bool,
}

impl TsBuckets {
    /// Buckets as long as `bucket`: `AGGREGATION`.
    #[must_use]
    #[inline]
    pub const fn new(aggregator: TsAggregator, bucket: Duration) -> Self {
        Self { aggregator, bucket, align: None, timestamp: None, with_empty: false }
    }

    /// A bucket begins at this timestamp, and the others accordingly: `ALIGN`. `-` is the start of
    /// the range, `+` its end.
    #[must_use]
    pub fn align(self, timestamp: impl ToArg) -> Self {
        Self { align: Some(timestamp.into_arg().into_owned()), ..self }
    }

    /// The timestamp of a bucket is that of its middle: `BUCKETTIMESTAMP mid`. By default it is
    /// that of its start.
    ///
    /// **Since**: `RedisTimeSeries` 1.8.
    #[must_use]
    #[doc(alias = "buckettimestamp")]
    #[inline]
    pub fn at_middle(self) -> Self {
        Self { timestamp: Some("mid"), ..self }
    }

    /// The timestamp of a bucket is that of its end: `BUCKETTIMESTAMP end`.
    ///
    /// **Since**: `RedisTimeSeries` 1.8.
    #[must_use]
    #[inline]
    pub fn at_end(self) -> Self {
        Self { timestamp: Some("end"), ..self }
    }

    /// Returns buckets without samples as well: `EMPTY`. Their value is 0, NaN, or made of the
    /// values around them.
    ///
    /// **Since**: `RedisTimeSeries` 1.8.
    #[must_use]
    #[doc(alias = "empty")]
    #[inline]
    pub fn with_empty(self) -> Self {
        Self { with_empty: true, ..self }
    }

    /// The words in the one order that servers accept.
    #[inline]
    fn append_to(self, command: Command) -> Command {
        let command = match self.align {
            Some(align) => command.arg("ALIGN").arg(align),
            None => command,
        };
        let command = command.arg("AGGREGATION").arg(self.aggregator.word());
        let command = command.arg(milliseconds(self.bucket));
        let command = match self.timestamp {
            Some(timestamp) => command.arg("BUCKETTIMESTAMP").arg(timestamp),
            None => command,
        };
        if self.with_empty { command.arg("EMPTY") } else { command }
    }
}

impl fmt::Debug for TsBuckets {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TsBuckets({} of {:?})", self.aggregator.word(), self.bucket)
    }
}

/// The options of commands that read a range of samples.
macro_rules! range_options {
    ($name:ident behind $count:literal) => {
        impl<R> $name<R> {
            /// Returns the last bucket of a series of aggregates as well, though it is not
            /// complete: `LATEST`.
            ///
            /// **Since**: `RedisTimeSeries` 1.8.
            pub fn latest(self) -> Self {
                Self(self.0.insert_after($count, ["LATEST"]))
            }

            /// Only samples of these timestamps: `FILTER_BY_TS`.
            ///
            /// **Since**: `RedisTimeSeries` 1.6.
            #[doc(alias = "filter_by_ts")]
            pub fn timestamps(self, timestamps: impl OneOrMore) -> Self {
                Self(
                    self.0.insert($count, |command| {
                        timestamps.append_to(command.arg("FILTER_BY_TS"))
                    }),
                )
            }

            /// Only samples whose values are between two numbers, both inclusive:
            /// `FILTER_BY_VALUE`.
            ///
            /// **Since**: `RedisTimeSeries` 1.6.
            #[doc(alias = "filter_by_value")]
            pub fn values(self, min: f64, max: f64) -> Self {
                Self(
                    self.0
                        .insert($count, |command| command.arg("FILTER_BY_VALUE").arg(min).arg(max)),
                )
            }

            /// The first so many samples or buckets of a series: `COUNT`.
            pub fn count(self, count: u64) -> Self {
                Self(self.0.insert($count, |command| command.arg("COUNT").arg(count)))
            }

            /// Returns one sample for each bucket of time: `AGGREGATION`.
            #[doc(alias = "aggregation")]
            pub fn aggregate(self, buckets: TsBuckets) -> Self {
                Self(self.0.insert($count, |command| buckets.append_to(command)))
            }
        }
    };
}

with_options! {
    /// `TS.GET`, made by [`ts_get`]: which sample.
    TsGet
}

/// The newest sample of a series: the reply of [`ts_get`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct TsLastSample {
    /// The timestamp and the value; `None` if the series has no samples.
    pub sample: Option<(i64, f64)>,
}

impl FromValue for TsLastSample {
    /// A series without samples is an empty array.
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let is_empty = value.elements().is_some_and(|elements| elements.is_empty());
        let value = if is_empty { &Value::Null } else { value };
        Ok(Self { sample: FromValue::from_value(value, frame)? })
    }
}

/// Returns the newest sample of the series at `key`: `TS.GET`.
///
/// A missing key is an error of the server.
///
/// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(1).
pub fn ts_get(key: impl ToArg) -> TsGet<TsLastSample> {
    TsGet(start!("TS.GET").key(key))
}

impl<R> TsGet<R> {
    /// Returns the last bucket of a series of aggregates, though it is not complete: `LATEST`.
    ///
    /// **Since**: `RedisTimeSeries` 1.8.
    pub fn latest(self) -> Self {
        Self(self.0.arg("LATEST"))
    }
}

with_options! {
    /// `TS.MGET`, made by [`ts_mget`]: which samples, and whether labels are returned.
    TsMGet
}

/// Labels with their values; a label that a series does not have has none.
type Labels = Vec<(String, Option<String>)>;

/// A series with its newest sample: part of the reply of [`ts_mget`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TsLatest {
    /// The key of the series.
    pub key: String,
    /// The labels that were asked for.
    pub labels: Vec<(String, Option<String>)>,
    /// The timestamp and the value; `None` if the series has no samples.
    pub sample: Option<(i64, f64)>,
}

impl FromValue for TsLatest {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (key, labels, TsLastSample { sample }) = FromValue::from_value(value, frame)?;
        Ok(Self { key, labels, sample })
    }

    /// RESP3 sends a map of keys.
    #[inline]
    fn vec_from_value(value: &Value<'_>, frame: &Frame) -> Result<Vec<Self>, ConversionError> {
        series(value, frame, |key, value| {
            let (labels, TsLastSample { sample }) = FromValue::from_value(value, frame)?;
            Ok(Self { key, labels, sample })
        })
    }
}

/// Reads series: an array of them, or a map of what `of` reads.
fn series<T: FromValue>(
    value: &Value<'_>,
    frame: &Frame,
    of: impl Fn(String, &Value<'_>) -> Result<T, ConversionError>,
) -> Result<Vec<T>, ConversionError> {
    let Value::Map(pairs) = *value else {
        let all = value.elements().ok_or_else(|| ConversionError::new("series", value))?;
        let one = |(index, element)| {
            T::from_value(&element, frame).map_err(|error: ConversionError| error.at(index))
        };
        return all.enumerate().map(one).collect();
    };
    let one = |(index, (key, value))| {
        let key = String::from_value(&key, frame).map_err(|error| error.at_key(index))?;
        of(key, &value).map_err(|error| error.at_value(index))
    };
    pairs.enumerate().map(one).collect()
}

/// Returns the newest sample of each series whose labels meet all filters: `TS.MGET`.
///
/// Filters are texts such as `room=kitchen`, or [`TsFilter`]s. All primaries are asked.
///
/// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of series.
pub fn ts_mget(filters: impl OneOrMore) -> TsMGet<Vec<TsLatest>> {
    TsMGet(start!("TS.MGET").arg("FILTER").args(filters))
}

impl<R> TsMGet<R> {
    /// Returns the last bucket of a series of aggregates, though it is not complete: `LATEST`.
    ///
    /// **Since**: `RedisTimeSeries` 1.8.
    pub fn latest(self) -> Self {
        Self(self.0.insert_after(1, ["LATEST"]))
    }

    /// Returns all labels: `WITHLABELS`.
    #[doc(alias = "withlabels")]
    pub fn with_labels(self) -> Self {
        Self(self.0.insert_after(1, ["WITHLABELS"]))
    }

    /// Returns these labels: `SELECTED_LABELS`.
    ///
    /// **Since**: `RedisTimeSeries` 1.6.
    pub fn selected_labels(self, labels: impl OneOrMore) -> Self {
        Self(
            self.0.insert_before("FILTER", |command| {
                labels.append_to(command.arg("SELECTED_LABELS"))
            }),
        )
    }
}

with_options! {
    /// `TS.MRANGE` and `TS.MREVRANGE`, made by [`ts_mrange`] and [`ts_mrevrange`]: which samples,
    /// how they are aggregated, and whether labels are returned.
    TsMRange
}

/// A series with its samples: part of the reply of [`ts_mrange`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TsSeries {
    /// The key of the series; of a group its label and value, `room=kitchen`.
    pub key: String,
    /// The labels that were asked for.
    pub labels: Vec<(String, Option<String>)>,
    /// The keys of the series of a group. RESP2 has them only with [`TsMRange::with_labels`].
    pub sources: Vec<String>,
    /// The timestamps and values.
    pub samples: Vec<(i64, f64)>,
}

impl FromValue for TsSeries {
    /// Reads the form of RESP2, in which a group has labels of its own.
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (key, all, samples): (String, Labels, _) = FromValue::from_value(value, frame)?;
        let (mut labels, mut sources) = (Labels::with_capacity(all.len()), Vec::new());
        for (label, value) in all {
            if label == "__source__" {
                sources = value.iter().flat_map(|keys| keys.split(',')).map(Into::into).collect();
            } else if label != "__reducer__" {
                labels.push((label, value));
            }
        }
        Ok(Self { key, labels, sources, samples })
    }

    /// RESP3 sends a map of keys. Between labels and samples are maps: `aggregators`, or `reducers`
    /// and `sources`.
    #[inline]
    fn vec_from_value(value: &Value<'_>, frame: &Frame) -> Result<Vec<Self>, ConversionError> {
        series(value, frame, |key, value| {
            let Some(mut elements) = value.elements().filter(|elements| elements.len() >= 2) else {
                return Err(ConversionError::new("labels and samples", value));
            };
            let labels = elements.next().unwrap_or(Value::Null);
            let labels = FromValue::from_value(&labels, frame).map_err(|error| error.at(0))?;
            let (mut sources, mut last) = (Vec::new(), Value::Null);
            for element in elements {
                if let Value::Map(pairs) = element
                    && let Some(keys) = pairs.get(b"sources")
                {
                    sources = FromValue::from_value(&keys, frame)?;
                }
                last = element;
            }
            let samples = FromValue::from_value(&last, frame)?;
            Ok(Self { key, labels, sources, samples })
        })
    }
}

/// Returns the samples between two timestamps of each series whose labels meet all filters:
/// `TS.MRANGE`.
///
/// `from` and `to` are inclusive; `-` is the first timestamp, `+` the last. Filters are texts such
/// as `room=kitchen`, or [`TsFilter`]s. All primaries are asked. The options are methods of
/// [`TsMRange`].
///
/// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of samples.
///
/// ```
/// use std::time::Duration;
/// use hashslot::cmd::{self, TsAggregator, TsBuckets, TsFilter};
/// let hours = TsBuckets::new(TsAggregator::Max, Duration::from_secs(3600));
/// let kitchen = TsFilter::is("room", "kitchen");
/// let command = cmd::ts_mrange("-", "+", kitchen).aggregate(hours).with_labels();
/// ```
pub fn ts_mrange(
    from: impl ToArg,
    to: impl ToArg,
    filters: impl OneOrMore,
) -> TsMRange<Vec<TsSeries>> {
    TsMRange(start!("TS.MRANGE").arg(from).arg(to).arg("FILTER").args(filters))
}

/// The same as [`ts_mrange`], the newest samples first: `TS.MREVRANGE`.
///
/// **Since**: `RedisTimeSeries` 1.4. **Complexity**: O(n) in the number of samples.
pub fn ts_mrevrange(
    from: impl ToArg,
    to: impl ToArg,
    filters: impl OneOrMore,
) -> TsMRange<Vec<TsSeries>> {
    TsMRange(start!("TS.MREVRANGE").arg(from).arg(to).arg("FILTER").args(filters))
}

range_options!(TsMRange behind 3);

impl<R> TsMRange<R> {
    /// Returns all labels: `WITHLABELS`.
    #[doc(alias = "withlabels")]
    pub fn with_labels(self) -> Self {
        Self(self.0.insert_after(3, ["WITHLABELS"]))
    }

    /// Returns these labels: `SELECTED_LABELS`.
    ///
    /// **Since**: `RedisTimeSeries` 1.6.
    pub fn selected_labels(self, labels: impl OneOrMore) -> Self {
        Self(
            self.0.insert_before("FILTER", |command| {
                labels.append_to(command.arg("SELECTED_LABELS"))
            }),
        )
    }

    /// Returns one series for each value of a label, whose samples are made of those of all series
    /// with that value: `GROUPBY REDUCE`. To be set once.
    ///
    /// **Since**: `RedisTimeSeries` 1.6.
    #[doc(alias = "groupby")]
    #[doc(alias = "reduce")]
    pub fn group_by(self, label: impl ToArg, reducer: TsAggregator) -> Self {
        Self(self.0.arg("GROUPBY").arg(label).arg("REDUCE").arg(reducer.word()))
    }
}

/// Returns the keys of all series whose labels meet all filters: `TS.QUERYINDEX`.
///
/// Filters are texts such as `room=kitchen`, or [`TsFilter`]s. All primaries are asked.
///
/// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of series.
pub fn ts_queryindex<V: FromValue>(filters: impl OneOrMore) -> Typed<V> {
    start!("TS.QUERYINDEX").args(filters)
}

with_options! {
    /// `TS.RANGE` and `TS.REVRANGE`, made by [`ts_range`] and [`ts_revrange`]: which samples, and
    /// how they are aggregated.
    TsRange
}

/// Returns the samples of the series at `key` between two timestamps: `TS.RANGE`.
///
/// `from` and `to` are inclusive; `-` is the first timestamp, `+` the last. A missing key is an
/// error of the server. The options are methods of [`TsRange`].
///
/// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of samples.
///
/// ```
/// use hashslot::cmd::{self, TsRange};
/// let command: TsRange<Vec<(i64, f64)>> = cmd::ts_range("temperature:3", "-", "+").count(10);
/// ```
pub fn ts_range(key: impl ToArg, from: impl ToArg, to: impl ToArg) -> TsRange<Vec<(i64, f64)>> {
    TsRange(start!("TS.RANGE").key(key).arg(from).arg(to))
}

/// The same as [`ts_range`], the newest samples first: `TS.REVRANGE`.
///
/// **Since**: `RedisTimeSeries` 1.4. **Complexity**: O(n) in the number of samples.
pub fn ts_revrange(key: impl ToArg, from: impl ToArg, to: impl ToArg) -> TsRange<Vec<(i64, f64)>> {
    TsRange(start!("TS.REVRANGE").key(key).arg(from).arg(to))
}

range_options!(TsRange behind 4);
