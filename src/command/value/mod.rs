//! What a caller may have a reply converted to.
//!
//! Rules of this file: what RESP2 and RESP3 send for one answer is converted to one value. Nothing
//! is allocated on success but the result; errors and their paths are made on failure only.

mod integers;
mod lists;
mod maps;
mod rows;
mod scalars;
mod texts;
mod tuples;
mod wrappers;

use alloc::vec::Vec;

pub use self::maps::{HashKey, OrdKey};
#[cfg(feature = "std")]
pub(crate) use self::rows::rows;
pub use self::rows::{Element, Shape};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// A type that a reply can be converted to.
///
/// A conversion reads what servers send in RESP2 and in RESP3 alike. Ready-made are:
///
/// | type | from |
/// | --- | --- |
/// | `()` | anything but an error, or a list or map with an error in it |
/// | `i8` to `i128`, `u8` to `u128`, `isize`, `usize`, `NonZero` of them | an integer, a big number, a string that spells an integer, a double without fraction up to 2<sup>53</sup>, a boolean as 1 or 0 |
/// | `f64`, `f32` | a double, a string that spells a number, `inf`, `-inf` or `nan`, an integer up to 2<sup>53</sup> (`f32`: 2<sup>24</sup>), a boolean as 1 or 0 |
/// | `bool` | a boolean; `OK`; 1 or 0 as an integer or a string; null as false |
/// | `String`, `Box<str>`, `Arc<str>`, `char` | a string that is UTF-8; an integer, double or boolean as RESP2 spells it: `7`, `1.5`, `inf`, `1` |
/// | `Bytes`, `BytesMut`, `Vec<u8>`, `Box<[u8]>`, `[u8; N]` | the same of any bytes. A `Bytes` shares the memory of the reply; a vector or array is also made of integers from 0 to 255 |
/// | `Option<T>` | null, which is `None`, or what `T` is made from |
/// | `(A,)` to `(A, .., L)` | an array of as many elements |
/// | `Vec<T>`, `VecDeque<T>`, `Box<[T]>`, `[T; N]`, `HashSet<T>`, `BTreeSet<T>` | an array or a set; the keys and values of a map in turn |
/// | the same of tuples of N | an array of arrays of N; a flat array, N elements each; for pairs also a map |
/// | the same of texts, bytes, numbers or booleans | also an array of pairs, one element after the other |
/// | `HashMap<K, V>`, `BTreeMap<K, V>` | what a vector of pairs is made from; of equal keys the last wins |
/// | `Result<T, ServerError>` | an error, which is `Err`, or what `T` is made from |
/// | `Box<T>` | what `T` is made from |
/// | [`Frame`] | anything, as it travelled |
/// | [`OwnedValue`](crate::resp::OwnedValue) | anything, as a tree |
///
/// `HashMap` and `HashSet` need the feature `std`, which every adapter brings.
///
/// ```
/// use std::collections::BTreeMap;
/// use bytes::Bytes;
/// use hashslot::FromValue;
/// use hashslot::resp::Frame;
///
/// fn read<T: FromValue>(reply: &'static str) -> T {
///     let frame = Frame::parse(reply.as_bytes(), &Default::default()).expect("a reply");
///     T::from_frame(frame).expect("what was asked for")
/// }
///
/// assert_eq!(read::<i64>(":-7\r\n"), -7);
/// assert_eq!(read::<u64>("$20\r\n18446744073709551615\r\n"), u64::MAX);
/// assert_eq!(read::<f64>("$3\r\n0.5\r\n"), 0.5);
/// assert!(read::<bool>(":1\r\n"));
/// assert_eq!(read::<String>("$3\r\nann\r\n"), "ann");
/// assert_eq!(read::<String>(",1.5\r\n"), "1.5");
/// assert_eq!(read::<Bytes>("$3\r\nann\r\n"), "ann");
/// assert_eq!(read::<Vec<u8>>("$3\r\nann\r\n"), b"ann");
/// assert_eq!(read::<Option<String>>("$-1\r\n"), None);
/// assert_eq!(read::<Vec<String>>("*2\r\n$1\r\na\r\n$1\r\nb\r\n"), ["a", "b"]);
///
/// // What RESP2 and RESP3 send for `ZRANGE board 0 -1 WITHSCORES`, and for `HGETALL user:1`.
/// let (flat, nested) = ("*2\r\n$3\r\nann\r\n$1\r\n2\r\n", "*1\r\n*2\r\n$3\r\nann\r\n,2\r\n");
/// for reply in [flat, nested] {
///     assert_eq!(read::<Vec<(String, f64)>>(reply), [("ann".into(), 2.0)]);
///     assert_eq!(read::<Vec<String>>(reply), ["ann", "2"]);
/// }
/// for reply in [flat, "%1\r\n$3\r\nann\r\n$1\r\n2\r\n"] {
///     assert_eq!(read::<BTreeMap<String, u8>>(reply), BTreeMap::from([("ann".into(), 2)]));
/// }
/// ```
///
/// A reply that is not what was asked for is an error, and so is a null where no `Option` is. The
/// error says where: [`ConversionError`].
///
/// ```
/// use hashslot::FromValue;
/// use hashslot::resp::Frame;
/// let frame = Frame::parse(&b"*2\r\n$3\r\nann\r\n$-1\r\n"[..], &Default::default())?;
/// let error = Vec::<String>::from_frame(frame.clone()).unwrap_err();
/// assert_eq!(error.to_string(), "element 1: expected text, got null (ask for an Option)");
/// let names: Vec<Option<String>> = frame.to()?;
/// assert_eq!(names, [Some("ann".into()), None]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Types of your own
///
/// Only [`from_value`](Self::from_value) is required. It reads the value, or converts it to a
/// ready-made type first:
///
/// ```
/// use hashslot::FromValue;
/// use hashslot::error::ConversionError;
/// use hashslot::resp::{Frame, Value};
///
/// #[derive(Debug, PartialEq)]
/// struct Position {
///     longitude: f64,
///     latitude: f64,
/// }
///
/// impl FromValue for Position {
///     fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
///         let (longitude, latitude) = FromValue::from_value(value, frame)?;
///         if !(-90.0..=90.0).contains(&latitude) {
///             return Err(ConversionError::custom("the latitude is beyond a pole"));
///         }
///         Ok(Self { longitude, latitude })
///     }
/// }
///
/// // What `GEOPOS cities Rome Atlantis` returns.
/// let reply = &b"*2\r\n*2\r\n$4\r\n12.5\r\n$4\r\n41.9\r\n*-1\r\n"[..];
/// let cities: Vec<Option<Position>> = Frame::parse(reply, &Default::default())?.to()?;
/// assert_eq!(cities, [Some(Position { longitude: 12.5, latitude: 41.9 }), None]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a reply cannot be converted to `{Self}`",
    label = "no reply is converted to this type",
    note = "a reply owns its memory: ask for `String` instead of `&str`, for `Bytes` or `Vec<u8>` instead of `&[u8]`",
    note = "`Vec`, `Option`, tuples up to 12 and maps convert if what is inside converts",
    note = "implement `FromValue` for a type of your own: `from_value` is enough"
)]
pub trait FromValue: Sized {
    /// Converts `value`, which is `frame` or a part of it.
    ///
    /// # Errors
    /// [`ConversionError`] if the reply is not what was asked for.
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError>;

    /// Converts a whole reply.
    ///
    /// # Errors
    /// [`ConversionError`] if the reply is not what was asked for.
    fn from_frame(frame: Frame) -> Result<Self, ConversionError> {
        Self::from_value(&frame.value(), &frame)
    }

    /// What lists of these are made from.
    #[doc(hidden)]
    const SHAPE: Shape = Shape::One;

    /// Converts an element of an aggregate. A type that keeps the bytes as they travelled has its
    /// own way.
    #[doc(hidden)]
    #[inline]
    fn from_element(element: &Element<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        Self::from_value(element.value(), frame)
    }

    /// Converts the next elements, as many as a tuple takes; on failure with the number of the
    /// element.
    #[doc(hidden)]
    #[inline]
    fn from_row(
        row: &mut crate::resp::Elements<'_>,
        frame: &Frame,
    ) -> Result<Self, (usize, ConversionError)> {
        rows::next(row, frame).map_err(|error| (0, error))
    }

    /// Converts a value to a vector of these. A type of which a string is a vector, as it is one of
    /// bytes, has its own way.
    #[doc(hidden)]
    fn vec_from_value(value: &Value<'_>, frame: &Frame) -> Result<Vec<Self>, ConversionError> {
        lists::vec(value, frame)
    }

    /// Converts a value to an array of these, as [`vec_from_value`](Self::vec_from_value) does.
    #[doc(hidden)]
    fn array_from_value<const N: usize>(
        value: &Value<'_>,
        frame: &Frame,
    ) -> Result<[Self; N], ConversionError> {
        lists::array(value, frame)
    }
}
