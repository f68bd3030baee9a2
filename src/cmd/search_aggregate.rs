//! Search: groups, sums and other results that are computed from documents; hybrid queries.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::insert::counted;
use super::record::Fields;
use super::search::Content;
use super::time::milliseconds;
use super::typed::{Typed, start, with_options};
use crate::command::{Arg, Command, FromValue, OneOrMore, PairOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// What [`FtAggregate::reduce`] computes for each group.
///
/// ```
/// use hashslot::cmd::{self, SearchReducer};
/// let command = cmd::ft_aggregate::<Vec<(String, String)>>("books", "*")
///     .group_by("@author")
///     .reduce(SearchReducer::count().alias("books"))
///     .reduce(SearchReducer::avg("@price").alias("price"))
///     .sort_by(["@books", "DESC"]);
/// ```
pub struct SearchReducer {
    function: Arg<'static>,
    arguments: Vec<Arg<'static>>,
    alias: Option<Arg<'static>>,
}

macro_rules! reducers {
    ($($(#[$attribute:meta])* $name:ident = $word:literal;)*) => {$(
        $(#[$attribute])*
        #[must_use]
        pub fn $name(property: impl ToArg) -> Self {
            Self::new($word).argument(property)
        }
    )*};
}

impl SearchReducer {
    /// A function of the server by its name, without arguments yet.
    #[must_use]
    pub fn new(function: impl ToArg) -> Self {
        let function = function.into_arg().into_owned();
        Self { function, arguments: Vec::new(), alias: None }
    }

    /// Adds an argument of the function.
    #[must_use]
    pub fn argument(mut self, argument: impl ToArg) -> Self {
        self.arguments.push(argument.into_arg().into_owned());
        self
    }

    /// The name of the result: `AS`.
    #[must_use]
    pub fn alias(self, name: impl ToArg) -> Self {
        Self { alias: Some(name.into_arg().into_owned()), ..self }
    }

    /// The number of documents: `COUNT`.
    #[must_use]
    #[inline]
    pub fn count() -> Self {
        Self::new("COUNT")
    }

    reducers! {
        /// The number of different values: `COUNT_DISTINCT`.
        count_distinct = "COUNT_DISTINCT";
        /// About the number of different values: `COUNT_DISTINCTISH`.
        count_distinctish = "COUNT_DISTINCTISH";
        /// The sum of the values: `SUM`.
        sum = "SUM";
        /// The lowest value: `MIN`.
        min = "MIN";
        /// The highest value: `MAX`.
        max = "MAX";
        /// The mean of the values: `AVG`.
        avg = "AVG";
        /// The standard deviation of the values: `STDDEV`.
        stddev = "STDDEV";
        /// The different values as a list: `TOLIST`.
        to_list = "TOLIST";
        /// The value of the first document: `FIRST_VALUE`.
        first_value = "FIRST_VALUE";
    }

    /// The value below which this share of the values is, from 0 to 1: `QUANTILE`.
    #[must_use]
    pub fn quantile(property: impl ToArg, share: f64) -> Self {
        Self::new("QUANTILE").argument(property).argument(share)
    }

    /// So many values at random: `RANDOM_SAMPLE`.
    #[must_use]
    pub fn random_sample(property: impl ToArg, count: u64) -> Self {
        Self::new("RANDOM_SAMPLE").argument(property).argument(count)
    }

    #[inline]
    fn append_to(self, command: Command) -> Command {
        let Self { function, arguments, alias } = self;
        let command = command.arg("REDUCE").arg(function);
        let command = counted(command, |command| command.args(arguments));
        match alias {
            Some(alias) => command.arg("AS").arg(alias),
            None => command,
        }
    }
}

impl fmt::Debug for SearchReducer {
    /// Shows the number of arguments, never an argument: it may be a secret.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SearchReducer({} arguments)", self.arguments.len())
    }
}

/// What was computed from documents: the reply of [`ft_aggregate`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AggregateResults<V> {
    /// How many results there are, as far as the server knows: it may be too low, or 1.
    pub total: u64,
    /// The results.
    pub rows: Vec<V>,
}

impl<V: FromValue> FromValue for AggregateResults<V> {
    /// RESP2 sends the total and then the rows, RESP3 a map.
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        if let Value::Map(_) = value {
            let fields = Fields::of(value, frame)?;
            let Rows(rows) = fields.get("results")?;
            let rows = rows.into_iter().map(|Attributes(Content(row))| row).collect();
            return Ok(Self { total: fields.get("total_results")?, rows });
        }
        let Some(mut elements) = value.elements() else {
            return Err(ConversionError::new("results of an aggregation", value));
        };
        let total = elements.next().unwrap_or(Value::Null);
        let one = |(index, row)| {
            let row = Content::from_value(&row, frame);
            row.map(|Content(row)| row).map_err(|error| error.at(index + 1))
        };
        let rows = elements.enumerate().map(one).collect::<Result<_, _>>()?;
        Ok(Self { total: u64::from_value(&total, frame)?, rows })
    }
}

/// Values of an array, each by itself.
struct Rows<T>(Vec<T>);

impl<T: FromValue> FromValue for Rows<T> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let Some(elements) = value.elements() else {
            return Err(ConversionError::new("an array", value));
        };
        let one = |(index, row)| T::from_value(&row, frame).map_err(|error| error.at(index));
        elements.enumerate().map(one).collect::<Result<_, _>>().map(Self)
    }
}

/// What RESP3 has in a record for each row.
struct Attributes<V>(Content<V>);

impl<V: FromValue> FromValue for Attributes<V> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        Fields::of(value, frame)?.get("extra_attributes").map(Self)
    }
}

/// A part of the results, and where the next one is: the reply of [`FtAggregate::with_cursor`] and
/// of [`ft_cursor_read`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AggregatePage<V> {
    /// The results of this part.
    pub rows: Vec<V>,
    /// The cursor for [`ft_cursor_read`]; 0 if this part is the last.
    pub cursor: u64,
}

impl<V: FromValue> FromValue for AggregatePage<V> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (AggregateResults { rows, .. }, cursor) = FromValue::from_value(value, frame)?;
        Ok(Self { rows, cursor })
    }
}

with_options! {
    /// `FT.AGGREGATE`, made by [`ft_aggregate`]: what is computed, step by step.
    FtAggregate
}

/// Computes results from the documents of an index that match a query: `FT.AGGREGATE`.
///
/// `V` is what a result is converted to, such as a map of strings. The steps are methods of
/// [`FtAggregate`]: each works on what the one before left.
///
/// **Since**: `RediSearch` 1.1. **Complexity**: O(n) in the number of documents that match.
///
/// ```
/// use std::collections::BTreeMap;
/// use hashslot::cmd::{self, AggregateResults, FtAggregate, SearchReducer};
/// let command: FtAggregate<AggregateResults<BTreeMap<String, String>>> =
///     cmd::ft_aggregate("books", "@year:[1950 +inf]")
///         .apply("floor(@year / 10) * 10", "decade")
///         .group_by("@decade")
///         .reduce(SearchReducer::count().alias("books"))
///         .sort_by(["@books", "DESC"])
///         .limit(0, 3);
/// ```
pub fn ft_aggregate<V: FromValue>(
    index: impl ToArg,
    query: impl ToArg,
) -> FtAggregate<AggregateResults<V>> {
    FtAggregate(start!("FT.AGGREGATE").arg(index).arg(query))
}

impl<V> FtAggregate<AggregateResults<V>> {
    /// Returns the results in parts of `count`: `WITHCURSOR COUNT`.
    ///
    /// A cursor is of one node: send the command to a node of your choice, and [`ft_cursor_read`]
    /// to the same one, with [`Call::target`](crate::Call::target).
    #[doc(alias = "withcursor")]
    pub fn with_cursor(self, count: u64) -> FtAggregate<AggregatePage<V>> {
        FtAggregate(self.0.arg("WITHCURSOR").arg("COUNT").arg(count).reply())
    }

    /// The same as [`with_cursor`](Self::with_cursor), with a cursor that the server drops when it
    /// was not read for this time: `WITHCURSOR COUNT MAXIDLE`.
    #[doc(alias = "maxidle")]
    pub fn with_idle_cursor(self, count: u64, max_idle: Duration) -> FtAggregate<AggregatePage<V>> {
        let FtAggregate(command) = self.with_cursor(count);
        FtAggregate(command.arg("MAXIDLE").arg(milliseconds(max_idle)))
    }
}

impl<R> FtAggregate<R> {
    /// Loads fields of the documents: `LOAD`. `["$.title", "AS", "title"]` gives one another name.
    pub fn load(self, fields: impl OneOrMore) -> Self {
        Self(self.0.arg("LOAD").counted(fields))
    }

    /// Loads all fields of the documents: `LOAD *`.
    pub fn load_all(self) -> Self {
        Self(self.0.arg("LOAD").arg("*"))
    }

    /// Makes one result of all that have the same values of some properties, such as `@author`:
    /// `GROUPBY`. Behind it comes what is [computed](Self::reduce) for each group.
    #[doc(alias = "groupby")]
    pub fn group_by(self, properties: impl OneOrMore) -> Self {
        Self(self.0.arg("GROUPBY").counted(properties))
    }

    /// Makes one result of all: `GROUPBY 0`.
    pub fn group_all(self) -> Self {
        Self(self.0.arg("GROUPBY").arg(0))
    }

    /// Computes a property of each group: `REDUCE`. Behind [`group_by`](Self::group_by); may be set
    /// several times.
    pub fn reduce(self, reducer: SearchReducer) -> Self {
        Self(self.0.with(|command| reducer.append_to(command)))
    }

    /// Sorts by properties, each with `ASC` or `DESC` behind it if wanted: `SORTBY`.
    #[doc(alias = "sortby")]
    pub fn sort_by(self, properties: impl OneOrMore) -> Self {
        Self(self.0.arg("SORTBY").counted(properties))
    }

    /// Sorts by properties, and keeps the first `max` results: `SORTBY MAX`.
    pub fn sort_by_max(self, properties: impl OneOrMore, max: u64) -> Self {
        Self(self.0.arg("SORTBY").counted(properties).arg("MAX").arg(max))
    }

    /// Computes a property of each result, such as `@price * 0.9`: `APPLY AS`.
    pub fn apply(self, expression: impl ToArg, name: impl ToArg) -> Self {
        Self(self.0.arg("APPLY").arg(expression).arg("AS").arg(name))
    }

    /// Keeps the results that meet an expression, such as `@count > 3`: `FILTER`.
    pub fn filter(self, expression: impl ToArg) -> Self {
        Self(self.0.arg("FILTER").arg(expression))
    }

    /// Keeps `count` results after the first `offset`: `LIMIT`.
    pub fn limit(self, offset: u64, count: u64) -> Self {
        Self(self.0.arg("LIMIT").arg(offset).arg(count))
    }

    /// Looks for the words as they are, not for other forms of them: `VERBATIM`.
    pub fn verbatim(self) -> Self {
        Self(self.0.arg("VERBATIM"))
    }

    /// How documents are scored, such as `BM25STD`: `SCORER`.
    pub fn scorer(self, scorer: impl ToArg) -> Self {
        Self(self.0.arg("SCORER").arg(scorer))
    }

    /// Makes the score of each document its property `@__score`: `ADDSCORES`.
    #[doc(alias = "addscores")]
    pub fn add_scores(self) -> Self {
        Self(self.0.arg("ADDSCORES"))
    }

    /// Gives values to the names that begin with `$` in the query: `PARAMS`. To be set once.
    pub fn params(self, params: impl PairOrMore) -> Self {
        Self(self.0.arg("PARAMS").counted_words(|command| params.append_to(command)))
    }

    /// In which version of the query language the query is: `DIALECT`.
    pub fn dialect(self, version: u32) -> Self {
        Self(self.0.arg("DIALECT").arg(version))
    }

    /// How long the server computes at most: `TIMEOUT`. The configuration says whether it returns
    /// what it has then, or an error.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.arg("TIMEOUT").arg(milliseconds(timeout)))
    }

    /// Adds words that no method adds. If they change the reply, use [`reply`](Self::reply).
    pub fn raw(self, words: impl OneOrMore) -> Self {
        Self(self.0.args(words))
    }
}

/// Drops a cursor of [`FtAggregate::with_cursor`]: `FT.CURSOR DEL`.
///
/// A cursor that does not exist is an error of the server. The caller says which node has the
/// cursor, with [`Call::target`](crate::Call::target).
///
/// **Since**: `RediSearch` 1.1. **Complexity**: O(1).
pub fn ft_cursor_del(index: impl ToArg, cursor: u64) -> Typed<()> {
    start!("FT.CURSOR DEL").arg(index).arg(cursor)
}

with_options! {
    /// `FT.CURSOR READ`, made by [`ft_cursor_read`]: how many results.
    FtCursorRead
}

/// Returns the next part of the results of [`FtAggregate::with_cursor`]: `FT.CURSOR READ`.
///
/// A cursor that does not exist is an error of the server. The caller says which node has the
/// cursor, with [`Call::target`](crate::Call::target).
///
/// **Since**: `RediSearch` 1.1. **Complexity**: O(n) in the number of results of the part.
pub fn ft_cursor_read<V: FromValue>(
    index: impl ToArg,
    cursor: u64,
) -> FtCursorRead<AggregatePage<V>> {
    FtCursorRead(start!("FT.CURSOR READ").arg(index).arg(cursor))
}

impl<R> FtCursorRead<R> {
    /// Returns so many results: `COUNT`.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg("COUNT").arg(count))
    }
}

/// What a hybrid query found: the reply of [`ft_hybrid`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HybridResults<V> {
    /// How many documents match, also beyond those that are returned.
    pub total: u64,
    /// What is returned of the documents, by default `__key` and `__score`.
    pub rows: Vec<V>,
    /// Why results may be missing.
    pub warnings: Vec<String>,
    /// How many milliseconds the query took.
    pub execution_time: f64,
}

impl<V: FromValue> FromValue for HybridResults<V> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let fields = Fields::of(value, frame)?;
        let Rows(rows) = fields.get("results")?;
        let warnings: Option<_> = fields.get("warnings")?;
        Ok(Self {
            total: fields.get("total_results")?,
            rows: rows.into_iter().map(|Content(row)| row).collect(),
            warnings: warnings.unwrap_or_default(),
            execution_time: fields.get("execution_time")?,
        })
    }
}

with_options! {
    /// `FT.HYBRID`, made by [`ft_hybrid`]: how both queries are combined, and what is returned.
    FtHybrid
}

/// Returns the documents of an index that match a query of words or are near a vector: `FT.HYBRID`.
///
/// `field` is the vector field, such as `@embedding`; `vector` is the name of a parameter, such as
/// `$like`, to which [`FtHybrid::params`] gives the value. `V` is what a result is converted to.
/// Set the options in the order in which their methods stand here.
///
/// **Since**: Redis 8.4. **Complexity**: O(n + m) in what the two queries cost.
///
/// ```
/// use std::collections::BTreeMap;
/// use hashslot::cmd::{self, FtHybrid, HybridResults, Vector};
/// let like = Vector::from([0.1, 0.7, 0.2]);
/// let command: FtHybrid<HybridResults<BTreeMap<String, String>>> =
///     cmd::ft_hybrid("books", "wizard", "@embedding", "$like")
///         .nearest(10)
///         .load(["@title", "@year"])
///         .params([("like", like.as_bytes())]);
/// ```
pub fn ft_hybrid<V: FromValue>(
    index: impl ToArg,
    query: impl ToArg,
    field: impl ToArg,
    vector: impl ToArg,
) -> FtHybrid<HybridResults<V>> {
    let head = start!("FT.HYBRID").arg(index).arg("SEARCH").arg(query);
    FtHybrid(head.arg("VSIM").arg(field).arg(vector))
}

impl<R> FtHybrid<R> {
    /// How documents that match the words are scored, such as `BM25STD`: `SCORER`.
    pub fn scorer(self, scorer: impl ToArg) -> Self {
        Self(self.0.insert(4, |command| command.arg("SCORER").arg(scorer)))
    }

    /// Takes the so many documents that are nearest to the vector, 10 by default: `KNN`.
    #[doc(alias = "knn")]
    pub fn nearest(self, count: u64) -> Self {
        Self(self.0.arg("KNN").arg(2).arg("K").arg(count))
    }

    /// Takes all documents that are so near to the vector: `RANGE`.
    #[doc(alias = "range")]
    pub fn within(self, radius: f64) -> Self {
        Self(self.0.arg("RANGE").arg(2).arg("RADIUS").arg(radius))
    }

    /// Combines the ranks of both, where `constant` makes the first ones count less: `COMBINE RRF`.
    #[doc(alias = "combine")]
    pub fn combine_ranks(self, constant: f64) -> Self {
        Self(self.0.arg("COMBINE").arg("RRF").arg(2).arg("CONSTANT").arg(constant))
    }

    /// Combines the scores of both: `alpha` times that of the words, `beta` times that of the
    /// vector: `COMBINE LINEAR`.
    pub fn combine_scores(self, alpha: f64, beta: f64) -> Self {
        let head = self.0.arg("COMBINE").arg("LINEAR").arg(4);
        Self(head.arg("ALPHA").arg(alpha).arg("BETA").arg(beta))
    }

    /// Returns fields of the documents, such as `@title`: `LOAD`.
    pub fn load(self, fields: impl OneOrMore) -> Self {
        Self(self.0.arg("LOAD").counted(fields))
    }

    /// Sorts by properties, each with `ASC` or `DESC` behind it if wanted: `SORTBY`.
    #[doc(alias = "sortby")]
    pub fn sort_by(self, properties: impl OneOrMore) -> Self {
        Self(self.0.arg("SORTBY").counted(properties))
    }

    /// Returns `count` results after the first `offset`: `LIMIT`.
    pub fn limit(self, offset: u64, count: u64) -> Self {
        Self(self.0.arg("LIMIT").arg(offset).arg(count))
    }

    /// Gives values to the names that begin with `$` in the query: `PARAMS`. To be set once.
    pub fn params(self, params: impl PairOrMore) -> Self {
        Self(self.0.arg("PARAMS").counted_words(|command| params.append_to(command)))
    }

    /// How long the server searches at most: `TIMEOUT`.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.arg("TIMEOUT").arg(milliseconds(timeout)))
    }

    /// Adds words that no method adds. If they change the reply, use [`reply`](Self::reply).
    pub fn raw(self, words: impl OneOrMore) -> Self {
        Self(self.0.args(words))
    }
}
