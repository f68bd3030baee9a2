//! What a caller may have a reply converted to.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::error::{ConversionError, ServerError};
use crate::resp::{Frame, Value};

/// A type that a reply can be converted to.
///
/// Ready-made: [`Frame`] (as it is), `()` (anything but an error), `Bytes` (shares the reply's
/// memory), `String`, `Vec<u8>`, integers, `f64`, `bool`, `Option` (null is `None`), `Vec` (an
/// array, set, or the keys and values of a map in turn) and pairs.
///
/// ```
/// use hashslot::{FromReply, Limits};
/// use hashslot::resp::Frame;
/// let frame = Frame::parse(&b"*2\r\n$3\r\nann\r\n$-1\r\n"[..], &Limits::default())?;
/// let names = Vec::<Option<String>>::from_reply(&frame.value(), &frame)?;
/// assert_eq!(names, [Some("ann".into()), None]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait FromReply: Sized {
    /// Converts `value`, which is `frame` or a part of it.
    ///
    /// # Errors
    /// [`ConversionError`] if the reply is not what was asked for.
    fn from_reply(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError>;

    /// Converts a whole reply.
    ///
    /// # Errors
    /// [`ConversionError`] if the reply is not what was asked for.
    fn from_frame(frame: Frame) -> Result<Self, ConversionError> {
        Self::from_reply(&frame.value(), &frame)
    }
}

pub(super) fn wrong(expected: &'static str, value: &Value<'_>) -> ConversionError {
    if let Value::Error(text) = value {
        return element(text);
    }
    ConversionError::Type { expected, got: value.kind() }
}

fn element(text: &[u8]) -> ConversionError {
    ConversionError::Element(ServerError::new(Bytes::copy_from_slice(text)))
}

fn bytes_of<'a>(value: &Value<'a>, expected: &'static str) -> Result<&'a [u8], ConversionError> {
    value.as_bytes().ok_or_else(|| wrong(expected, value))
}

impl FromReply for Frame {
    fn from_reply(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        if frame.value() == *value {
            return Ok(frame.clone());
        }
        let mut bytes = Vec::new();
        crate::resp::encode::value(&mut bytes, value);
        Ok(Self::from_scanned(bytes.into()))
    }

    fn from_frame(frame: Frame) -> Result<Self, ConversionError> {
        Ok(frame)
    }
}

impl FromReply for () {
    fn from_reply(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
        if let Value::Error(text) = value { Err(element(text)) } else { Ok(()) }
    }
}

impl FromReply for Bytes {
    fn from_reply(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        bytes_of(value, "bytes").map(|bytes| frame.share(bytes))
    }
}

impl FromReply for String {
    fn from_reply(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
        let bytes = bytes_of(value, "text")?;
        let content = ConversionError::Content { expected: "UTF-8 text", got: value.kind() };
        core::str::from_utf8(bytes).map(Into::into).map_err(|_| content)
    }
}

impl FromReply for bool {
    fn from_reply(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
        if let Value::Boolean(boolean) = value {
            return Ok(*boolean);
        }
        let is_false = matches!(value, Value::Integer(0) | Value::Null);
        let is_true = matches!(value, Value::Integer(1) | Value::Simple(b"OK"));
        if is_false || is_true { Ok(is_true) } else { Err(wrong("a boolean", value)) }
    }
}

impl FromReply for f64 {
    fn from_reply(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
        if let Value::Double(double) = value {
            return Ok(*double);
        }
        let number = if let Value::Integer(integer) = value {
            i32::try_from(*integer).ok().map(Self::from)
        } else {
            core::str::from_utf8(bytes_of(value, "a number")?).ok().and_then(|t| t.parse().ok())
        };
        number.ok_or_else(|| ConversionError::Content { expected: "a number", got: value.kind() })
    }
}

macro_rules! integer_from_reply {
    ($($integer:ty),*) => {$(
        impl FromReply for $integer {
            fn from_reply(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
                let Some(integer) = value.as_integer() else {
                    return Err(match value.as_bytes() {
                        Some(_) => ConversionError::Content { expected: "an integer", got: value.kind() },
                        None => wrong("an integer", value),
                    });
                };
                let content = ConversionError::Content {
                    expected: stringify!($integer),
                    got: "integer out of its range",
                };
                Self::try_from(integer).map_err(|_| content)
            }
        }
    )*};
}

integer_from_reply!(i8, i16, i32, i64, u8, u16, u32, u64, usize);

impl<V: FromReply> FromReply for Option<V> {
    fn from_reply(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        if value.is_null() { Ok(None) } else { V::from_reply(value, frame).map(Some) }
    }
}

impl<V: FromReply> FromReply for Vec<V> {
    /// For `Vec<u8>` an array of integers; the bytes of a string are `Bytes`, or `String`.
    fn from_reply(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        if let Some(elements) = value.elements() {
            return elements.map(|element| V::from_reply(&element, frame)).collect();
        }
        let Value::Map(pairs) = value else { return Err(wrong("an array", value)) };
        let both = pairs.flat_map(|(key, value)| [key, value]);
        both.map(|element| V::from_reply(&element, frame)).collect()
    }
}

impl<A: FromReply, B: FromReply> FromReply for (A, B) {
    fn from_reply(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let mut elements = value.elements().ok_or_else(|| wrong("a pair", value))?;
        match (elements.next(), elements.next(), elements.next()) {
            (Some(a), Some(b), None) => Ok((A::from_reply(&a, frame)?, B::from_reply(&b, frame)?)),
            _ => Err(ConversionError::Content { expected: "a pair", got: value.kind() }),
        }
    }
}
