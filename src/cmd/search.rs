//! Search: queries of indexes over hashes and JSON documents, spelling and suggestions.
//!
//! Redis 8.0 has it; `RediSearch` has it for older servers, `valkey-search` has a part of it. The
//! module asks the other nodes: a query goes to one primary, and finds the documents of all.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::record::Fields;
use super::time::milliseconds;
use super::typed::{Typed, TypedCommand, start, with_options};
use crate::command::{FromValue, OneOrMore, PairOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Elements, Frame, Value};

with_options! {
    /// `FT.EXPLAIN` and `FT.EXPLAINCLI`, made by [`ft_explain`] and [`ft_explaincli`]: in which
    /// dialect the query is.
    FtExplain
}

/// Returns how a query is executed, as text: `FT.EXPLAIN`.
///
/// **Since**: `RediSearch` 1.0. **Complexity**: O(1).
pub fn ft_explain(index: impl ToArg, query: impl ToArg) -> FtExplain<String> {
    FtExplain(start!("FT.EXPLAIN").arg(index).arg(query))
}

/// The same as [`ft_explain`], line by line: `FT.EXPLAINCLI`.
///
/// **Since**: `RediSearch` 1.0. **Complexity**: O(1).
pub fn ft_explaincli(index: impl ToArg, query: impl ToArg) -> FtExplain<Vec<String>> {
    FtExplain(start!("FT.EXPLAINCLI").arg(index).arg(query))
}

impl<R> FtExplain<R> {
    /// In which version of the query language the query is: `DIALECT`.
    pub fn dialect(self, version: u32) -> Self {
        Self(self.0.arg("DIALECT").arg(version))
    }
}

with_options! {
    /// `FT.PROFILE`, made by [`ft_profile`]: how much it tells.
    FtProfile
}

/// Runs a query, and returns its reply together with what took how long: `FT.PROFILE`.
///
/// The query is one of [`ft_search`], [`ft_aggregate`](super::ft_aggregate) or
/// [`ft_hybrid`](super::ft_hybrid). What is told differs between versions of the server, and
/// between RESP2 and RESP3: ask for an [`OwnedValue`](crate::resp::OwnedValue).
///
/// **Since**: `RediSearch` 2.2. **Complexity**: O(n) in what the query costs.
///
/// ```
/// use hashslot::cmd::{self, FtProfile};
/// use hashslot::resp::OwnedValue;
/// let query = cmd::ft_search::<()>("books", "wizard").no_content();
/// let command: FtProfile<OwnedValue> = cmd::ft_profile(query).limited();
/// ```
pub fn ft_profile<V: FromValue>(query: impl TypedCommand) -> FtProfile<V> {
    let query = query.into_command();
    let mut words = query.arguments();
    let kind = words.next().and_then(|name| name.get(3..)).unwrap_or_default();
    let index = words.next().unwrap_or_default();
    let head = start!("FT.PROFILE").arg(index).arg(kind).arg("QUERY");
    FtProfile(head.with(|command| command.args(words)))
}

impl<R> FtProfile<R> {
    /// Leaves out what single readers took: `LIMITED`.
    pub fn limited(self) -> Self {
        Self(self.0.insert_after(3, ["LIMITED"]))
    }
}

/// The fields of a document. A document that expired meanwhile has none: a null, or where that does
/// not convert an empty list.
pub(super) struct Content<V>(pub(super) V);

impl<V: FromValue> FromValue for Content<V> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let content = V::from_value(value, frame);
        if value.is_null() {
            let none = Value::Array(Elements::EMPTY);
            return content.or_else(|_| V::from_value(&none, frame)).map(Self);
        }
        content.map(Self)
    }
}

/// What is found by a query: the reply of [`ft_search`].
///
/// ```
/// use std::collections::BTreeMap;
/// use hashslot::Frame;
/// use hashslot::cmd::{Document, SearchResults};
/// let reply = &b"*3\r\n:7\r\n$6\r\nbook:1\r\n*2\r\n$5\r\ntitle\r\n$4\r\nDune\r\n"[..];
/// let found: SearchResults<Document<BTreeMap<String, String>>> =
///     Frame::parse(reply, &Default::default())?.to()?;
/// assert_eq!((found.total, found.documents[0].key.as_str()), (7, "book:1"));
/// assert_eq!(found.documents[0].fields["title"], "Dune");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchResults<D> {
    /// How many documents match, also beyond those that are returned.
    pub total: u64,
    /// The documents that are returned, 10 unless [`FtSearch::limit`] is set.
    pub documents: Vec<D>,
}

/// Reads results: RESP2 sends the total and then the parts of each document in turn, RESP3 a map.
/// Servers that have no map for it send the form of RESP2 in RESP3 as well.
fn results<D>(
    value: &Value<'_>,
    frame: &Frame,
    next: impl Fn(&mut Elements<'_>, &Frame) -> Result<D, ConversionError>,
    of: impl Fn(&Fields<'_, '_>) -> Result<D, ConversionError>,
) -> Result<SearchResults<D>, ConversionError> {
    let unexpected = |value| ConversionError::new("results of a search", value);
    if let Value::Map(pairs) = value {
        let total = Fields::of(value, frame)?.get("total_results")?;
        let results = pairs.get(b"results").unwrap_or(Value::Null);
        let elements = results.elements().ok_or_else(|| unexpected(&results))?;
        let one = |(index, element)| {
            let document = Fields::of(&element, frame).and_then(|fields| of(&fields));
            document.map_err(|error| error.at(index).at_field("results"))
        };
        let documents = elements.enumerate().map(one).collect::<Result<_, _>>()?;
        return Ok(SearchResults { total, documents });
    }
    let mut elements = value.elements().ok_or_else(|| unexpected(value))?;
    let len = elements.len();
    let total = part(&mut elements, frame)?;
    let mut documents = Vec::new();
    while !elements.is_empty() {
        let index = len - elements.len();
        documents.push(next(&mut elements, frame).map_err(|error| error.at(index))?);
    }
    Ok(SearchResults { total, documents })
}

/// Converts the next element.
fn part<T: FromValue>(elements: &mut Elements<'_>, frame: &Frame) -> Result<T, ConversionError> {
    match elements.next() {
        Some(value) => T::from_value(&value, frame),
        None => Err(ConversionError::unexpected("one more element", "none")),
    }
}

impl FromValue for SearchResults<String> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        results(value, frame, part, |fields| fields.get("id"))
    }
}

impl FromValue for SearchResults<(String, f64)> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        results(
            value,
            frame,
            |parts, frame| Ok((part(parts, frame)?, part(parts, frame)?)),
            |fields| Ok((fields.get("id")?, fields.get("score")?)),
        )
    }
}

impl<V: FromValue> FromValue for SearchResults<Document<V>> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let document = |key, Content(fields)| Document { key, fields };
        results(
            value,
            frame,
            |parts, frame| Ok(document(part(parts, frame)?, part(parts, frame)?)),
            |fields| Ok(document(fields.get("id")?, fields.get("extra_attributes")?)),
        )
    }
}

impl<V: FromValue> FromValue for SearchResults<ScoredDocument<V>> {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let document = |key, score, Content(fields)| ScoredDocument { key, score, fields };
        results(
            value,
            frame,
            |parts, frame| {
                Ok(document(part(parts, frame)?, part(parts, frame)?, part(parts, frame)?))
            },
            |fields| {
                let content = fields.get("extra_attributes")?;
                Ok(document(fields.get("id")?, fields.get("score")?, content))
            },
        )
    }
}

/// A document that was found: part of [`SearchResults`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Document<V> {
    /// The key of the hash or JSON document.
    pub key: String,
    /// The fields with their values. A whole JSON document is the field `$`.
    pub fields: V,
}

/// A document that was found, with its score: part of [`SearchResults`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ScoredDocument<V> {
    /// The key of the hash or JSON document.
    pub key: String,
    /// How well it matches.
    pub score: f64,
    /// The fields with their values. A whole JSON document is the field `$`.
    pub fields: V,
}

with_options! {
    /// `FT.SEARCH`, made by [`ft_search`]: which documents, and what is returned of them.
    FtSearch
}

/// Returns the documents of an index that match a query: `FT.SEARCH`.
///
/// `V` is what the fields of a document are converted to, such as a map of strings. An index that
/// does not exist is an error of the server. The options are methods of [`FtSearch`].
///
/// **Since**: `RediSearch` 1.0. **Complexity**: O(n) in the number of documents that match a word.
///
/// ```
/// use std::collections::BTreeMap;
/// use hashslot::cmd::{self, Document, FtSearch, SearchResults, Vector};
///
/// type Fields = BTreeMap<String, String>;
/// let wizards: FtSearch<SearchResults<Document<Fields>>> =
///     cmd::ft_search("books", "@title:wizard").sort_by("year").limit(0, 5);
/// let keys: FtSearch<SearchResults<String>> = cmd::ft_search::<()>("books", "*").no_content();
///
/// let like = Vector::from([0.1, 0.7, 0.2]);
/// let nearest = cmd::ft_search::<Fields>("books", "*=>[KNN 3 @embedding $like]")
///     .params([("like", like.as_bytes())])
///     .dialect(2);
/// ```
pub fn ft_search<V: FromValue>(
    index: impl ToArg,
    query: impl ToArg,
) -> FtSearch<SearchResults<Document<V>>> {
    FtSearch(start!("FT.SEARCH").arg(index).arg(query))
}

impl<V> FtSearch<SearchResults<Document<V>>> {
    /// Returns keys only: `NOCONTENT`.
    #[doc(alias = "nocontent")]
    pub fn no_content(self) -> FtSearch<SearchResults<String>> {
        FtSearch(self.0.arg("NOCONTENT").reply())
    }

    /// Returns the score of each document: `WITHSCORES`.
    #[doc(alias = "withscores")]
    pub fn with_scores(self) -> FtSearch<SearchResults<ScoredDocument<V>>> {
        FtSearch(self.0.arg("WITHSCORES").reply())
    }
}

impl<V> FtSearch<SearchResults<ScoredDocument<V>>> {
    /// Returns keys and scores only: `NOCONTENT`.
    #[doc(alias = "nocontent")]
    pub fn no_content(self) -> FtSearch<SearchResults<(String, f64)>> {
        FtSearch(self.0.arg("NOCONTENT").reply())
    }
}

impl FtSearch<SearchResults<String>> {
    /// Returns the score of each document: `WITHSCORES`.
    #[doc(alias = "withscores")]
    #[inline]
    pub fn with_scores(self) -> FtSearch<SearchResults<(String, f64)>> {
        FtSearch(self.0.arg("WITHSCORES").reply())
    }
}

impl<R> FtSearch<R> {
    /// Returns `count` documents after the first `offset`: `LIMIT`. With 0 and 0 only the total.
    pub fn limit(self, offset: u64, count: u64) -> Self {
        Self(self.0.arg("LIMIT").arg(offset).arg(count))
    }

    /// Returns these fields only, at least one: `RETURN`. `["$.title", "AS", "title"]` gives one
    /// another name.
    #[doc(alias = "return")]
    pub fn fields(self, fields: impl OneOrMore) -> Self {
        Self(self.0.arg("RETURN").counted(fields))
    }

    /// Sorts by a field, the lowest value first: `SORTBY ASC`.
    #[doc(alias = "sortby")]
    pub fn sort_by(self, field: impl ToArg) -> Self {
        Self(self.0.arg("SORTBY").arg(field).arg("ASC"))
    }

    /// Sorts by a field, the highest value first: `SORTBY DESC`.
    pub fn sort_by_descending(self, field: impl ToArg) -> Self {
        Self(self.0.arg("SORTBY").arg(field).arg("DESC"))
    }

    /// Gives values to the names that begin with `$` in the query: `PARAMS`. To be set once.
    pub fn params(self, params: impl PairOrMore) -> Self {
        Self(self.0.arg("PARAMS").counted_words(|command| params.append_to(command)))
    }

    /// In which version of the query language the query is: `DIALECT`.
    pub fn dialect(self, version: u32) -> Self {
        Self(self.0.arg("DIALECT").arg(version))
    }

    /// Only documents of which a number is between two others, both inclusive: `FILTER`. `(5`
    /// leaves 5 itself out; `-inf` and `+inf` are no limits.
    pub fn filter(self, field: impl ToArg, min: impl ToArg, max: impl ToArg) -> Self {
        Self(self.0.arg("FILTER").arg(field).arg(min).arg(max))
    }

    /// Only these documents: `INKEYS`.
    #[doc(alias = "inkeys")]
    pub fn in_keys(self, keys: impl OneOrMore) -> Self {
        Self(self.0.arg("INKEYS").counted(keys))
    }

    /// Looks at these fields only: `INFIELDS`.
    #[doc(alias = "infields")]
    pub fn in_fields(self, fields: impl OneOrMore) -> Self {
        Self(self.0.arg("INFIELDS").counted(fields))
    }

    /// Looks for the words as they are, not for other forms of them: `VERBATIM`.
    pub fn verbatim(self) -> Self {
        Self(self.0.arg("VERBATIM"))
    }

    /// So many other words may stand between those of the query: `SLOP`.
    pub fn slop(self, words: u64) -> Self {
        Self(self.0.arg("SLOP").arg(words))
    }

    /// The words stand in the order of the query: `INORDER`.
    #[doc(alias = "inorder")]
    pub fn in_order(self) -> Self {
        Self(self.0.arg("INORDER"))
    }

    /// In which language the query is: `LANGUAGE`.
    pub fn language(self, language: impl ToArg) -> Self {
        Self(self.0.arg("LANGUAGE").arg(language))
    }

    /// How documents are scored, such as `BM25STD`: `SCORER`.
    pub fn scorer(self, scorer: impl ToArg) -> Self {
        Self(self.0.arg("SCORER").arg(scorer))
    }

    /// How long the server searches at most: `TIMEOUT`. The configuration says whether it returns
    /// what it has found then, or an error.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.arg("TIMEOUT").arg(milliseconds(timeout)))
    }

    /// Adds words that no method adds. If they change the reply, use [`reply`](Self::reply):
    ///
    /// ```
    /// use hashslot::cmd;
    /// let search = cmd::ft_search::<Vec<String>>("books", "wizard");
    /// let command = search.raw(["HIGHLIGHT", "TAGS", "<b>", "</b>"]);
    /// ```
    pub fn raw(self, words: impl OneOrMore) -> Self {
        Self(self.0.args(words))
    }
}

with_options! {
    /// `FT.SPELLCHECK`, made by [`ft_spellcheck`]: how far suggestions are, and from where.
    FtSpellCheck
}

/// A word that the index does not have, with suggestions: part of the reply of [`ft_spellcheck`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Misspelling {
    /// The word.
    pub term: String,
    /// Words of the index or of dictionaries, with the share of documents that have them.
    pub suggestions: Vec<(String, f64)>,
}

impl FromValue for Misspelling {
    /// Reads the form of RESP2: `TERM`, the word, and scores with suggestions.
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let ((), term, suggestions): ((), String, Vec<(f64, String)>) =
            FromValue::from_value(value, frame)?;
        let suggestions = suggestions.into_iter().map(|(score, word)| (word, score)).collect();
        Ok(Self { term, suggestions })
    }

    /// RESP3 sends a map of words in a map.
    #[inline]
    fn vec_from_value(value: &Value<'_>, frame: &Frame) -> Result<Vec<Self>, ConversionError> {
        let index_of = |index| move |error: ConversionError| error.at(index);
        let Value::Map(all) = *value else {
            let words = value.elements().ok_or_else(|| ConversionError::new("words", value))?;
            let one = |(i, word)| Self::from_value(&word, frame).map_err(index_of(i));
            return words.enumerate().map(one).collect();
        };
        let results = all.get(b"results").unwrap_or(Value::Null);
        let words = results.pairs().ok_or_else(|| ConversionError::new("words", &results))?;
        let one = |(term, found): (Value<'_>, Value<'_>)| {
            let term = String::from_value(&term, frame)?;
            let mut suggestions = Vec::new();
            for suggestion in found.elements().unwrap_or(Elements::EMPTY) {
                suggestions.extend(Vec::<(String, f64)>::from_value(&suggestion, frame)?);
            }
            Ok(Self { term, suggestions })
        };
        let one = |(i, word)| one(word).map_err(|error: ConversionError| error.at_value(i));
        words.enumerate().map(one).collect()
    }
}

/// Returns suggestions for the words of a query that an index does not have: `FT.SPELLCHECK`.
///
/// The options are methods of [`FtSpellCheck`].
///
/// **Since**: `RediSearch` 1.4. **Complexity**: O(n) in the number of words that are near enough.
pub fn ft_spellcheck(index: impl ToArg, query: impl ToArg) -> FtSpellCheck<Vec<Misspelling>> {
    FtSpellCheck(start!("FT.SPELLCHECK").arg(index).arg(query))
}

impl<R> FtSpellCheck<R> {
    /// In how many letters a suggestion differs at most, from 1 to 4: `DISTANCE`.
    pub fn distance(self, letters: u32) -> Self {
        Self(self.0.arg("DISTANCE").arg(letters))
    }

    /// Suggests words of a dictionary as well: `TERMS INCLUDE`. See
    /// [`ft_dictadd`](super::ft_dictadd).
    #[doc(alias = "terms")]
    pub fn include(self, dictionary: impl ToArg) -> Self {
        Self(self.0.arg("TERMS").arg("INCLUDE").arg(dictionary))
    }

    /// Does not suggest words of a dictionary: `TERMS EXCLUDE`.
    pub fn exclude(self, dictionary: impl ToArg) -> Self {
        Self(self.0.arg("TERMS").arg("EXCLUDE").arg(dictionary))
    }

    /// In which version of the query language the query is: `DIALECT`.
    pub fn dialect(self, version: u32) -> Self {
        Self(self.0.arg("DIALECT").arg(version))
    }
}

with_options! {
    /// `FT.SUGADD`, made by [`ft_sugadd`]: what is added.
    FtSugAdd
}

/// Adds a text to the suggestions at `key`, and returns how many there are: `FT.SUGADD`.
///
/// Suggestions are keys of their own and have nothing to do with indexes. The options are methods
/// of [`FtSugAdd`].
///
/// **Since**: `RediSearch` 1.0. **Complexity**: O(n) in the length of the text.
pub fn ft_sugadd(key: impl ToArg, text: impl ToArg, score: f64) -> FtSugAdd<u64> {
    FtSugAdd(start!("FT.SUGADD").key(key).arg(text).arg(score))
}

impl<R> FtSugAdd<R> {
    /// Adds the score to the one that the text has: `INCR`.
    #[doc(alias = "incr")]
    pub fn increment(self) -> Self {
        Self(self.0.arg("INCR"))
    }

    /// Keeps bytes beside the text: `PAYLOAD`.
    pub fn payload(self, payload: impl ToArg) -> Self {
        Self(self.0.arg("PAYLOAD").arg(payload))
    }
}

/// Deletes a text from the suggestions at `key`, and returns whether it was there: `FT.SUGDEL`.
///
/// **Since**: `RediSearch` 1.0. **Complexity**: O(n) in the length of the text.
pub fn ft_sugdel(key: impl ToArg, text: impl ToArg) -> Typed<bool> {
    start!("FT.SUGDEL").key(key).arg(text)
}

with_options! {
    /// `FT.SUGGET`, made by [`ft_sugget`]: how many suggestions, and what is returned of them.
    FtSugGet
}

/// Returns the suggestions at `key` that begin with a text, the best first: `FT.SUGGET`.
///
/// Ask for a `Vec<String>`. The options are methods of [`FtSugGet`].
///
/// **Since**: `RediSearch` 1.0. **Complexity**: O(n) in the length of the text.
///
/// ```
/// use hashslot::cmd::{self, FtSugGet};
/// let texts: FtSugGet<Vec<String>> = cmd::ft_sugget("titles", "wiz").max(3);
/// let scored: FtSugGet<Vec<(String, f64)>> = cmd::ft_sugget("titles", "wiz").with_scores();
/// ```
pub fn ft_sugget<V: FromValue>(key: impl ToArg, prefix: impl ToArg) -> FtSugGet<V> {
    FtSugGet(start!("FT.SUGGET").key(key).arg(prefix))
}

impl<R> FtSugGet<R> {
    /// One letter of the beginning may be wrong: `FUZZY`.
    pub fn fuzzy(self) -> Self {
        Self(self.0.arg("FUZZY"))
    }

    /// Returns so many suggestions at most, 5 by default: `MAX`.
    pub fn max(self, count: u64) -> Self {
        Self(self.0.arg("MAX").arg(count))
    }

    /// Returns the score of each suggestion: `WITHSCORES`. Ask for pairs.
    #[doc(alias = "withscores")]
    pub fn with_scores(self) -> Self {
        Self(self.0.arg("WITHSCORES"))
    }

    /// Returns the payload of each suggestion, or a null: `WITHPAYLOADS`. Ask for pairs, or for
    /// tuples of a text, a score and a payload.
    #[doc(alias = "withpayloads")]
    pub fn with_payloads(self) -> Self {
        Self(self.0.arg("WITHPAYLOADS"))
    }
}

/// Returns the number of suggestions at `key`: `FT.SUGLEN`.
///
/// 0 if the key is missing.
///
/// **Since**: `RediSearch` 1.0. **Complexity**: O(1).
pub fn ft_suglen(key: impl ToArg) -> Typed<u64> {
    start!("FT.SUGLEN").key(key)
}
