//! What a caller may have a reply converted to.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::error::{ConversionError, ServerError};
use crate::resp::{Frame, Value};

/// A type that a reply can be converted to.
///
/// Ready-made are:
///
/// | type | from |
/// | --- | --- |
/// | [`Frame`] | anything, as it is |
/// | `()` | anything but an error |
/// | `Bytes` | a string, whose memory it shares |
/// | `Vec<u8>`, `Box<[u8]>` | a string, copied; or an array or set of integers from 0 to 255 |
/// | `String` | a string that is UTF-8 |
/// | `i8` to `i64`, `u8` to `u64`, `usize` | an integer, or a string that spells one |
/// | `f64` | a double, a small integer, or a string that spells a number |
/// | `bool` | a boolean, 1 or `OK`; 0 or null |
/// | `Option<V>` | null, which is `None`, or what `V` is made from |
/// | `Vec<V>` | an array or set, or the keys and values of a map in turn |
/// | `(A, B)` | an array of two |
///
/// ```
/// use bytes::Bytes;
/// use hashslot::config::Limits;
/// use hashslot::FromValue;
/// use hashslot::resp::Frame;
///
/// fn read<V: FromValue>(reply: &'static str) -> V {
///     let frame = Frame::parse(reply.as_bytes(), &Limits::default()).expect("a reply");
///     V::from_frame(frame).expect("what was asked for")
/// }
///
/// assert_eq!(read::<Frame>(":1\r\n").as_bytes(), ":1\r\n");
/// read::<()>("+OK\r\n");
/// assert_eq!(read::<Bytes>("$3\r\nann\r\n"), "ann");
/// assert_eq!(read::<Vec<u8>>("$3\r\nann\r\n"), b"ann");
/// assert_eq!(read::<Vec<u8>>("*2\r\n:1\r\n:255\r\n"), [1, 255]);
/// assert_eq!(&*read::<Box<[u8]>>("$3\r\nann\r\n"), b"ann");
/// assert_eq!(read::<String>("$3\r\nann\r\n"), "ann");
/// assert_eq!(read::<i64>(":-7\r\n"), -7);
/// assert_eq!(read::<u16>("$2\r\n12\r\n"), 12);
/// assert_eq!(read::<f64>("$3\r\n0.5\r\n"), 0.5);
/// assert!(read::<bool>(":1\r\n"));
/// assert_eq!(read::<Option<Vec<u8>>>("$-1\r\n"), None);
/// assert_eq!(read::<Vec<String>>("*2\r\n$1\r\na\r\n$1\r\nb\r\n"), ["a", "b"]);
/// assert_eq!(read::<Vec<Vec<u8>>>("*1\r\n$1\r\na\r\n"), [b"a"]);
/// assert_eq!(read::<(String, i64)>("*2\r\n$1\r\na\r\n:1\r\n"), ("a".into(), 1));
/// ```
///
/// A reply that is not what was asked for is an error, and so is a null where no `Option` is.
///
/// ```
/// use hashslot::config::Limits;
/// use hashslot::FromValue;
/// use hashslot::resp::Frame;
/// let frame = Frame::parse(&b"*2\r\n$3\r\nann\r\n$-1\r\n"[..], &Limits::default())?;
/// assert!(Vec::<String>::from_frame(frame.clone()).is_err());
/// let names = Vec::<Option<String>>::from_value(&frame.value(), &frame)?;
/// assert_eq!(names, [Some("ann".into()), None]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

    /// Converts `value`, which is `frame` or a part of it, to a vector of these. A type of which a
    /// string is a vector, as it is one of bytes, says so here.
    ///
    /// # Errors
    /// [`ConversionError`] if the reply is not what was asked for.
    #[doc(hidden)]
    fn vec_from_value(value: &Value<'_>, frame: &Frame) -> Result<Vec<Self>, ConversionError> {
        elements_of(value, frame, "an array")
    }
}

/// The elements of an array, set or push, or the keys and values of a map in turn.
fn elements_of<V: FromValue>(
    value: &Value<'_>,
    frame: &Frame,
    expected: &'static str,
) -> Result<Vec<V>, ConversionError> {
    let elements = value.flat().ok_or_else(|| wrong(expected, value))?;
    elements.map(|element| V::from_value(&element, frame)).collect()
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

impl FromValue for Frame {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
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

    fn vec_from_value(value: &Value<'_>, frame: &Frame) -> Result<Vec<Self>, ConversionError> {
        let mut elements = value.flat().ok_or_else(|| wrong("an array", value))?;
        let bytes = core::iter::from_fn(|| elements.next_bytes());
        Ok(bytes.map(|bytes| Self::from_scanned(frame.share(bytes))).collect())
    }
}

impl FromValue for () {
    fn from_value(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
        if let Value::Error(text) = value { Err(element(text)) } else { Ok(()) }
    }
}

impl FromValue for Bytes {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        bytes_of(value, "bytes").map(|bytes| frame.share(bytes))
    }
}

impl FromValue for String {
    fn from_value(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
        let bytes = bytes_of(value, "text")?;
        let content = ConversionError::Content { expected: "UTF-8 text", got: value.kind() };
        core::str::from_utf8(bytes).map(Into::into).map_err(|_| content)
    }
}

impl FromValue for bool {
    fn from_value(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
        if let Value::Boolean(boolean) = value {
            return Ok(*boolean);
        }
        let is_false = matches!(value, Value::Integer(0) | Value::Null);
        let is_true = matches!(value, Value::Integer(1) | Value::Simple(b"OK"));
        if is_false || is_true { Ok(is_true) } else { Err(wrong("a boolean", value)) }
    }
}

impl FromValue for f64 {
    fn from_value(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
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
    ($integer:ty $(, { $($vector:tt)* })?) => {
        impl FromValue for $integer {
            fn from_value(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
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

            $($($vector)*)?
        }
    };
}

integer_from_reply!(i8);
integer_from_reply!(i16);
integer_from_reply!(i32);
integer_from_reply!(i64);
integer_from_reply!(u8, {
    fn vec_from_value(value: &Value<'_>, frame: &Frame) -> Result<Vec<Self>, ConversionError> {
        match value.as_bytes() {
            Some(bytes) => Ok(bytes.to_vec()),
            None => elements_of(value, frame, "bytes"),
        }
    }
});
integer_from_reply!(u16);
integer_from_reply!(u32);
integer_from_reply!(u64);
integer_from_reply!(usize);

impl<V: FromValue> FromValue for Option<V> {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        if value.is_null() { Ok(None) } else { V::from_value(value, frame).map(Some) }
    }
}

impl<V: FromValue> FromValue for Vec<V> {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        V::vec_from_value(value, frame)
    }
}

impl FromValue for Box<[u8]> {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        u8::vec_from_value(value, frame).map(Vec::into_boxed_slice)
    }
}

impl<A: FromValue, B: FromValue> FromValue for (A, B) {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let mut elements = value.elements().ok_or_else(|| wrong("a pair", value))?;
        match (elements.next(), elements.next(), elements.next()) {
            (Some(a), Some(b), None) => Ok((A::from_value(&a, frame)?, B::from_value(&b, frame)?)),
            _ => Err(ConversionError::Content { expected: "a pair", got: value.kind() }),
        }
    }
}
