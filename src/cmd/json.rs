//! JSON documents.
//!
//! Redis 8.0 has them; `RedisJSON` and `valkey-json` have them for other servers.
//!
//! # Paths
//!
//! A path that begins with `$` may match several values. The reply is a list with an element for
//! each match: a null where the value has another type. `$` alone is the whole document. A path
//! without `$` is of the older kind: it means the first match, and the reply is no list.
//!
//! Values are JSON texts: `7`, `"ann"` with its quotes, `[1, 2]`.

use alloc::string::String;
use alloc::vec::Vec;

use super::typed::{Typed, start, with_options};
use crate::command::{FromValue, OneOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// Appends values to the arrays at `path`, and returns their new lengths: `JSON.ARRAPPEND`.
///
/// Ask for a `Vec<Option<u64>>`, or for a `u64` with a path of the older kind. A missing key is an
/// error of the server.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
pub fn json_arrappend<V: FromValue>(
    key: impl ToArg,
    path: impl ToArg,
    values: impl OneOrMore,
) -> Typed<V> {
    start!("JSON.ARRAPPEND").key(key).arg(path).args(values)
}

with_options! {
    /// `JSON.ARRINDEX`, made by [`json_arrindex`]: in which part of an array it looks.
    JsonArrIndex
}

/// Returns where the arrays at `path` have a value first: `JSON.ARRINDEX`.
///
/// Ask for a `Vec<Option<i64>>`, or for an `i64` with a path of the older kind: -1 if an array does
/// not have it. A missing key is an error of the server.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
pub fn json_arrindex<V: FromValue>(
    key: impl ToArg,
    path: impl ToArg,
    value: impl ToArg,
) -> JsonArrIndex<V> {
    JsonArrIndex(start!("JSON.ARRINDEX").key(key).arg(path).arg(value))
}

impl<R> JsonArrIndex<R> {
    /// Looks at the elements from the index `start` to that before `end`. Negative ones count from
    /// the end; an `end` of 0 is the end of the array.
    pub fn range(self, start: i64, end: i64) -> Self {
        Self(self.0.arg(start).arg(end))
    }
}

/// Inserts values into the arrays at `path`, before the element with an index, and returns their
/// new lengths: `JSON.ARRINSERT`.
///
/// A negative index counts from the end. Ask for a `Vec<Option<u64>>`, or for a `u64` with a path
/// of the older kind. A missing key is an error of the server.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
pub fn json_arrinsert<V: FromValue>(
    key: impl ToArg,
    path: impl ToArg,
    index: i64,
    values: impl OneOrMore,
) -> Typed<V> {
    start!("JSON.ARRINSERT").key(key).arg(path).arg(index).args(values)
}

/// Returns the lengths of the arrays at `path`: `JSON.ARRLEN`.
///
/// Ask for a `Vec<Option<u64>>`, or for an `Option<u64>` with a path of the older kind. A missing
/// key is an error of the server; with a path of the older kind it is a null.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
pub fn json_arrlen<V: FromValue>(key: impl ToArg, path: impl ToArg) -> Typed<V> {
    start!("JSON.ARRLEN").key(key).arg(path)
}

with_options! {
    /// `JSON.ARRPOP`, made by [`json_arrpop`]: which element.
    JsonArrPop
}

/// Removes an element from the arrays at `path` and returns it, as JSON text: `JSON.ARRPOP`.
///
/// It is the last element unless [`JsonArrPop::index`] is set. Ask for a `Vec<Option<String>>`, or
/// for an `Option<String>` with a path of the older kind: an array without elements is a null. A
/// missing key is an error of the server.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
pub fn json_arrpop<V: FromValue>(key: impl ToArg, path: impl ToArg) -> JsonArrPop<V> {
    JsonArrPop(start!("JSON.ARRPOP").key(key).arg(path))
}

impl<R> JsonArrPop<R> {
    /// Removes the element with this index. A negative one counts from the end; one that is out of
    /// range is moved to the nearest end.
    pub fn index(self, index: i64) -> Self {
        Self(self.0.arg(index))
    }
}

/// Removes all elements of the arrays at `path` but those in a range, and returns their new
/// lengths: `JSON.ARRTRIM`.
///
/// `start` and `end` are indices, both inclusive; negative ones count from the end. Ask for a
/// `Vec<Option<u64>>`, or for a `u64` with a path of the older kind. A missing key is an error of
/// the server.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
pub fn json_arrtrim<V: FromValue>(
    key: impl ToArg,
    path: impl ToArg,
    start: i64,
    end: i64,
) -> Typed<V> {
    start!("JSON.ARRTRIM").key(key).arg(path).arg(start).arg(end)
}

/// Empties the arrays and objects at `path`, sets the numbers to 0, and returns how many values
/// changed: `JSON.CLEAR`.
///
/// A missing key is an error of the server.
///
/// **Since**: `RedisJSON` 2.0. **Complexity**: O(n) in the size of the document.
pub fn json_clear(key: impl ToArg, path: impl ToArg) -> Typed<u64> {
    start!("JSON.CLEAR").key(key).arg(path)
}

/// Returns how many bytes of memory the values at `path` take: `JSON.DEBUG MEMORY`.
///
/// Ask for a `Vec<u64>`, or for a `u64` with a path of the older kind. A missing key is an empty
/// list, or 0.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
pub fn json_debug_memory<V: FromValue>(key: impl ToArg, path: impl ToArg) -> Typed<V> {
    start!("JSON.DEBUG MEMORY").key(key).arg(path)
}

/// Deletes the values at `path`, and returns how many there were: `JSON.DEL`.
///
/// The path `$` deletes the key.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
#[doc(alias = "json_forget")]
pub fn json_del(key: impl ToArg, path: impl ToArg) -> Typed<u64> {
    start!("JSON.DEL").key(key).arg(path)
}

with_options! {
    /// `JSON.GET`, made by [`json_get`]: which values, and how the text is laid out.
    JsonGet
}

/// Returns the document at `key`, or values of it, as JSON text: `JSON.GET`.
///
/// A missing key is a null. Without [`JsonGet::path`] the text is that of the document. With one
/// path that begins with `$` it is an array of all matches. With several paths it is an object that
/// has an array for each path.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
///
/// ```
/// use hashslot::cmd::{self, JsonGet};
/// let all: JsonGet<Option<String>> = cmd::json_get("user:1");
/// let names: JsonGet<Option<String>> =
///     cmd::json_get("user:1").path("$.name").path("$.friends[*].name");
/// ```
#[doc(alias = "json_resp")]
pub fn json_get<V: FromValue>(key: impl ToArg) -> JsonGet<V> {
    JsonGet(start!("JSON.GET").key(key))
}

impl<R> JsonGet<R> {
    /// Returns the values at this path. May be set several times.
    pub fn path(self, path: impl ToArg) -> Self {
        Self(self.0.arg(path))
    }

    /// Indents each level by this text: `INDENT`.
    pub fn indent(self, text: impl ToArg) -> Self {
        Self(self.0.insert(2, |command| command.arg("INDENT").arg(text)))
    }

    /// Ends each line with this text: `NEWLINE`.
    pub fn newline(self, text: impl ToArg) -> Self {
        Self(self.0.insert(2, |command| command.arg("NEWLINE").arg(text)))
    }

    /// Puts this text between a name and its value: `SPACE`.
    pub fn space(self, text: impl ToArg) -> Self {
        Self(self.0.insert(2, |command| command.arg("SPACE").arg(text)))
    }
}

/// Merges a value into the values at `path`, and returns whether it changed any: `JSON.MERGE`.
///
/// Members of objects are replaced or added, and those that are null in `value` are deleted (RFC
/// 7396). A missing key becomes a document if the path is `$`.
///
/// **Since**: `RedisJSON` 2.6. **Complexity**: O(n + m) in the sizes of the document and the value.
pub fn json_merge(key: impl ToArg, path: impl ToArg, value: impl ToArg) -> Typed<bool> {
    start!("JSON.MERGE").key(key).arg(path).arg(value)
}

/// Returns the values at `path` of several documents, as JSON texts in the order of the keys:
/// `JSON.MGET`.
///
/// Ask for a `Vec<Option<String>>` or a tuple: a missing key is a null in its place. Keys of
/// several slots are split into one command for each slot, unless the configuration says otherwise
/// ([`CrossSlot`](crate::CrossSlot)).
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the sizes of the documents.
pub fn json_mget<V: FromValue>(keys: impl OneOrMore, path: impl ToArg) -> Typed<V> {
    start!("JSON.MGET").args(keys).arg(path)
}

/// Sets values in several documents, each by its key, its path and its JSON text: `JSON.MSET`.
///
/// A path that does not match sets nothing, without an error. Keys of several slots are split into
/// one command for each slot, unless the configuration says otherwise
/// ([`CrossSlot`](crate::CrossSlot)); the whole is then not atomic.
///
/// **Since**: `RedisJSON` 2.6. **Complexity**: O(n) in the sizes of the documents and the values.
///
/// ```
/// use hashslot::{Command, cmd};
/// let command = cmd::json_mset([("user:1", "$.age", "36"), ("user:2", "$", r#"{"age": 7}"#)]);
/// assert_eq!(Command::from(command).len(), 7);
/// ```
pub fn json_mset<K: ToArg, P: ToArg, J: ToArg>(
    values: impl IntoIterator<Item = (K, P, J)>,
) -> Typed<()> {
    let add = |typed: Typed<()>, (key, path, json)| typed.arg(key).arg(path).arg(json);
    values.into_iter().fold(start!("JSON.MSET"), add)
}

/// The numbers at a path: the reply of [`json_numincrby`], [`json_nummultby`] and
/// [`json_numpowby`].
///
/// ```
/// use hashslot::Frame;
/// use hashslot::cmd::JsonNumbers;
/// for reply in ["$10\r\n[8,null,9]\r\n", "*3\r\n:8\r\n_\r\n:9\r\n"] {
///     let frame = Frame::parse(reply.as_bytes(), &Default::default())?;
///     assert_eq!(frame.to::<JsonNumbers<i64>>()?.matches, [Some(8), None, Some(9)]);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JsonNumbers<N> {
    /// The new number for each match; `None` where the value is no number. One number for a path of
    /// the older kind.
    pub matches: Vec<Option<N>>,
}

impl<N: FromValue> FromValue for JsonNumbers<N> {
    /// Reads an array, or a JSON text that is one: only `RedisJSON` has RESP3's array.
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let Some(text) = value.as_str() else {
            return FromValue::from_value(value, frame).map(|matches| Self { matches });
        };
        let text = text.trim();
        let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let list = inside.unwrap_or(text).trim();
        let words = list.split(',').map(str::trim).filter(|_| !list.is_empty());
        let numbers = words.enumerate().map(|(index, word)| match word {
            "null" => Ok(None),
            _ => match N::from_value(&Value::Bulk(word.as_bytes()), frame) {
                Ok(number) => Ok(Some(number)),
                Err(error) => Err(error.at(index)),
            },
        });
        Ok(Self { matches: numbers.collect::<Result<_, _>>()? })
    }
}

/// Adds to the numbers at `path`, and returns the sums: `JSON.NUMINCRBY`.
///
/// A missing key is an error of the server.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
///
/// ```
/// use hashslot::cmd::{self, JsonNumbers, Typed};
/// let command: Typed<JsonNumbers<i64>> = cmd::json_numincrby("user:1", "$.visits", 1);
/// ```
pub fn json_numincrby<N: FromValue>(
    key: impl ToArg,
    path: impl ToArg,
    increment: impl ToArg,
) -> Typed<JsonNumbers<N>> {
    start!("JSON.NUMINCRBY").key(key).arg(path).arg(increment)
}

/// Multiplies the numbers at `path`, and returns the products: `JSON.NUMMULTBY`.
///
/// A missing key is an error of the server.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
pub fn json_nummultby<N: FromValue>(
    key: impl ToArg,
    path: impl ToArg,
    factor: impl ToArg,
) -> Typed<JsonNumbers<N>> {
    start!("JSON.NUMMULTBY").key(key).arg(path).arg(factor)
}

/// Raises the numbers at `path` to a power, and returns the results: `JSON.NUMPOWBY`.
///
/// A missing key is an error of the server. `valkey-json` does not have it.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
pub fn json_numpowby<N: FromValue>(
    key: impl ToArg,
    path: impl ToArg,
    exponent: impl ToArg,
) -> Typed<JsonNumbers<N>> {
    start!("JSON.NUMPOWBY").key(key).arg(path).arg(exponent)
}

/// Returns the names of the members of the objects at `path`: `JSON.OBJKEYS`.
///
/// Ask for a `Vec<Option<Vec<String>>>`, or for an `Option<Vec<String>>` with a path of the older
/// kind. A missing key is an error of the server; with a path of the older kind it is a null.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
pub fn json_objkeys<V: FromValue>(key: impl ToArg, path: impl ToArg) -> Typed<V> {
    start!("JSON.OBJKEYS").key(key).arg(path)
}

/// Returns the numbers of members of the objects at `path`: `JSON.OBJLEN`.
///
/// Ask for a `Vec<Option<u64>>`, or for an `Option<u64>` with a path of the older kind. A missing
/// key is an error of the server; with a path of the older kind it is a null.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
pub fn json_objlen<V: FromValue>(key: impl ToArg, path: impl ToArg) -> Typed<V> {
    start!("JSON.OBJLEN").key(key).arg(path)
}

with_options! {
    /// `JSON.SET`, made by [`json_set`]: a condition.
    JsonSet
}

/// Sets the values at `path` to a JSON text: `JSON.SET`.
///
/// A missing key becomes a document if the path is `$`, else it is an error of the server. A path
/// whose last name is missing adds a member to each object before it. Returns whether anything was
/// set: false if there is no such object, or if a condition of [`JsonSet`] was not met.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n + m) in the sizes of the document and the value.
///
/// ```
/// use hashslot::cmd::{self, JsonSet};
/// let document: JsonSet<bool> = cmd::json_set("user:1", "$", r#"{"name": "ann"}"#);
/// let was_set: JsonSet<bool> = cmd::json_set("user:1", "$.name", r#""bob""#).xx();
/// ```
pub fn json_set(key: impl ToArg, path: impl ToArg, json: impl ToArg) -> JsonSet<bool> {
    JsonSet(start!("JSON.SET").key(key).arg(path).arg(json))
}

impl<R> JsonSet<R> {
    /// Only if the path matches nothing: `NX`.
    pub fn nx(self) -> Self {
        Self(self.0.arg("NX"))
    }

    /// Only if the path matches a value: `XX`.
    pub fn xx(self) -> Self {
        Self(self.0.arg("XX"))
    }

    /// The server keeps the numbers of arrays of numbers in this format: `FPHA`.
    ///
    /// **Since**: Redis 8.8.
    #[doc(alias = "fpha")]
    pub fn float_format(self, format: JsonFloatFormat) -> Self {
        Self(self.0.arg("FPHA").arg(format.word()))
    }
}

/// In which format the server keeps arrays of numbers: [`JsonSet::float_format`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonFloatFormat {
    /// 16 bits, of which 8 are the exponent: `BF16`.
    Bf16,
    /// 16 bits, of which 5 are the exponent: `FP16`.
    Fp16,
    /// 32 bits: `FP32`.
    Fp32,
    /// 64 bits: `FP64`.
    Fp64,
}

impl JsonFloatFormat {
    #[inline]
    const fn word(self) -> &'static str {
        match self {
            Self::Bf16 => "BF16",
            Self::Fp16 => "FP16",
            Self::Fp32 => "FP32",
            Self::Fp64 => "FP64",
        }
    }
}

/// Appends to the strings at `path`, and returns their new lengths: `JSON.STRAPPEND`.
///
/// `json` is a JSON string with its quotes. Ask for a `Vec<Option<u64>>`, or for a `u64` with a
/// path of the older kind. A missing key is an error of the server.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
pub fn json_strappend<V: FromValue>(
    key: impl ToArg,
    path: impl ToArg,
    json: impl ToArg,
) -> Typed<V> {
    start!("JSON.STRAPPEND").key(key).arg(path).arg(json)
}

/// Returns the lengths of the strings at `path` in bytes: `JSON.STRLEN`.
///
/// Ask for a `Vec<Option<u64>>`, or for an `Option<u64>` with a path of the older kind. A missing
/// key is an error of the server; with a path of the older kind it is a null.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
pub fn json_strlen<V: FromValue>(key: impl ToArg, path: impl ToArg) -> Typed<V> {
    start!("JSON.STRLEN").key(key).arg(path)
}

/// Negates the booleans at `path`, and returns them: `JSON.TOGGLE`.
///
/// Ask for a `Vec<Option<bool>>`; with a path of the older kind for a `String`, which is `true` or
/// `false`. A missing key is an error of the server.
///
/// **Since**: `RedisJSON` 2.0. **Complexity**: O(n) in the size of the document.
pub fn json_toggle<V: FromValue>(key: impl ToArg, path: impl ToArg) -> Typed<V> {
    start!("JSON.TOGGLE").key(key).arg(path)
}

/// The type of a JSON value: what [`json_type`] returns for each match.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonType {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number without a fraction.
    Integer,
    /// Another number.
    Number,
    /// A string.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
    /// A type that hashslot does not know, by its name.
    Other(String),
}

impl FromValue for JsonType {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let name = String::from_value(value, frame)?;
        Ok(match name.as_str() {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "string" => Self::Text,
            "array" => Self::Array,
            "object" => Self::Object,
            _ => Self::Other(name),
        })
    }

    /// RESP2 sends a list, a single name or a null; `RedisJSON` sends them inside of a list in
    /// RESP3.
    #[inline]
    fn vec_from_value(value: &Value<'_>, frame: &Frame) -> Result<Vec<Self>, ConversionError> {
        let mut types = Vec::new();
        let Some(elements) = value.elements() else {
            if !value.is_null() {
                types.push(Self::from_value(value, frame)?);
            }
            return Ok(types);
        };
        for (index, element) in elements.enumerate() {
            match element.elements() {
                Some(inside) => {
                    for element in inside {
                        types.push(Self::from_value(&element, frame).map_err(|e| e.at(index))?);
                    }
                }
                None if element.is_null() => {}
                None => types.push(Self::from_value(&element, frame).map_err(|e| e.at(index))?),
            }
        }
        Ok(types)
    }
}

/// Returns the types of the values at `path`: `JSON.TYPE`.
///
/// Without an element if the key is missing or the path matches nothing; with one at most for a
/// path of the older kind.
///
/// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
pub fn json_type(key: impl ToArg, path: impl ToArg) -> Typed<Vec<JsonType>> {
    start!("JSON.TYPE").key(key).arg(path)
}
