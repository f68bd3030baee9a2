//! JSON text as a value, and as a field of a hash.
//!
//! A field of a hash holds one text. `#[serde(with = "hashslot::serde::json")]` stores a list, map
//! or struct as JSON text in one field, and reads it from there:
//!
//! ```
//! use hashslot::serde::to_fields;
//! use hashslot::{Command, cmd};
//! use serde::Serialize;
//!
//! #[derive(Serialize)]
//! struct Session {
//!     user: &'static str,
//!     #[serde(with = "hashslot::serde::json")]
//!     basket: Vec<u32>,
//! }
//!
//! let session = Session { user: "ann", basket: vec![7, 12] };
//! let command = Command::from(cmd::hset("session:9", to_fields(&session)?));
//! assert!(command.arguments().skip(2).eq([&b"user"[..], b"ann", b"basket", b"[7,12]"]));
//! # Ok::<(), hashslot::error::ConversionError>(())
//! ```

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use bytes::Bytes;
use serde_core::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde_core::ser::Error as _;
use serde_core::{Serialize, Serializer};
use serde_json::error::Category;
use serde_path_to_error::Segment;

use crate::command::{FromValue, Shape};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};
use crate::shown::Shown;

/// A value that is read from JSON text: from a string, or from a JSON document.
///
/// Typed commands for JSON documents take it as their reply: a path that begins with `$` returns a
/// list, so `cmd::json_get::<Json<Vec<User>>>("user:1").path("$")`. What may be missing is an
/// `Option<Json<T>>`.
///
/// **Errors**: [`ConversionError`] names where in the document, with line and column in the text,
/// and shows no content of strings. What is stored is at fault.
///
/// ```
/// use hashslot::Frame;
/// use hashslot::serde::Json;
/// use serde::Deserialize;
///
/// #[derive(Debug, PartialEq, Deserialize)]
/// struct Order {
///     items: Vec<Item>,
/// }
/// #[derive(Debug, PartialEq, Deserialize)]
/// struct Item {
///     price: u32,
/// }
///
/// let reply = Frame::parse(&b"$23\r\n{\"items\":[{\"price\":7}]}\r\n"[..], &Default::default())?;
/// let Json(order) = reply.to::<Json<Order>>()?;
/// assert_eq!(order, Order { items: vec![Item { price: 7 }] });
///
/// let text = &b"$25\r\n{\"items\":[{\"price\":\"7\"}]}\r\n"[..];
/// let reply = Frame::parse(text, &Default::default())?;
/// assert_eq!(
///     reply.to::<Json<Order>>().unwrap_err().to_string(),
///     "field `items`, element 0, field `price`: expected u32, got a string at line 1 column 22",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_structs, reason = "programs take it apart")]
pub struct Json<T>(pub T);

impl<T> Json<T> {
    /// The value itself.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned> FromValue for Json<T> {
    const SHAPE: Shape = Shape::Scalar;

    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        match value.as_bytes() {
            Some(text) => from_json(text).map(Self),
            None => from_json(&Bytes::from_value(value, frame)?).map(Self),
        }
    }
}

/// A value as JSON text.
///
/// # Errors
/// [`ConversionError`] if the type cannot be written as JSON: a map whose keys are neither text nor
/// numbers, or a type that refuses by itself. The type is at fault.
///
/// ```
/// use hashslot::serde::to_json;
/// assert_eq!(to_json(&[Some(7), None])?, "[7,null]");
/// # Ok::<(), hashslot::error::ConversionError>(())
/// ```
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, ConversionError> {
    serde_json::to_string(value).map_err(ConversionError::custom)
}

/// Writes a value as JSON text: for `#[serde(with = "hashslot::serde::json")]`.
///
/// # Errors
/// Those of [`to_json`].
pub fn serialize<T: Serialize + ?Sized, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&to_json(value).map_err(S::Error::custom)?)
}

/// Reads a value from JSON text: for `#[serde(with = "hashslot::serde::json")]`.
///
/// # Errors
/// Those of [`Json`].
pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_bytes(Text(PhantomData))
}

/// Reads what a text in JSON says.
struct Text<T>(PhantomData<fn() -> T>);

impl<T: DeserializeOwned> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        self.visit_bytes(text.as_bytes())
    }

    fn visit_bytes<E: de::Error>(self, text: &[u8]) -> Result<T, E> {
        from_json(text).map_err(E::custom)
    }
}

fn from_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, ConversionError> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = match serde_path_to_error::deserialize(&mut reader) {
        Ok(value) => value,
        Err(error) => return Err(placed(&error)),
    };
    reader.end().map_err(|error| explained(&error))?;
    Ok(value)
}

/// The error with the place in the document.
fn placed(error: &serde_path_to_error::Error<serde_json::Error>) -> ConversionError {
    let mut placed = explained(error.inner());
    let steps: Vec<&Segment> = error.path().iter().collect();
    for step in steps.into_iter().rev() {
        placed = match step {
            Segment::Seq { index } => placed.at(*index),
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                placed.at_field(Shown::new(name).to_string())
            }
            Segment::Unknown => placed,
        };
    }
    placed
}

/// The error in words, without what the document contains.
///
/// `serde_json` keeps the words alone: "invalid type: string "secret", expected u32 at line 1
/// column 22".
fn explained(error: &serde_json::Error) -> ConversionError {
    let text = error.to_string();
    if !matches!(error.classify(), Category::Data) {
        return ConversionError::custom(format_args!("not JSON: {}", Shown::new(&text)));
    }
    let (kind, rest) = text.split_once(": ").unwrap_or_default();
    let expected = text.rsplit_once(", expected ").map(|(_, expected)| expected);
    match (kind, expected) {
        ("invalid type" | "invalid value", Some(expected)) => {
            let (expected, place) = expected.rsplit_once(" at line ").unwrap_or((expected, ""));
            let kind = rest.split(['"', '`', ',']).next().unwrap_or_default().trim_end();
            let article = match kind {
                "null" => "",
                "integer" => "an ",
                _ => "a ",
            };
            let place = if place.is_empty() { String::new() } else { format!(" at line {place}") };
            let got = format!("{article}{kind}{place}");
            ConversionError::of_type(expected.to_owned().into(), got.into(), None)
        }
        _ if text.starts_with("unknown variant") => {
            let expected = expected.unwrap_or("no variant at all");
            ConversionError::custom(format_args!("unknown variant, expected {expected}"))
        }
        _ => ConversionError::custom(Shown::new(&text)),
    }
}
