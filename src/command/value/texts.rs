//! Replies to text and to bytes.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::str;

use bytes::{Bytes, BytesMut};

use super::{FromValue, Shape};
use crate::error::ConversionError;
use crate::resp::short::{self, Short};
use crate::resp::{Frame, Value};

/// Calls `take` with the text of a string, or with that of a number or boolean as RESP2 spells it.
#[inline]
pub(super) fn with_text<R>(
    expected: &'static str,
    value: &Value<'_>,
    take: impl FnOnce(&[u8]) -> R,
) -> Result<R, ConversionError> {
    match value.as_bytes() {
        Some(text) => Ok(take(text)),
        None => spelled(expected, value).map(|text| take(text.as_bytes())),
    }
}

/// The text of a number or boolean.
#[cold]
fn spelled(expected: &'static str, value: &Value<'_>) -> Result<Short, ConversionError> {
    if let Value::Integer(number) = *value {
        Ok(Short::format(format_args!("{number}")))
    } else if let Value::Double(number) = *value {
        Ok(short::float(number))
    } else if let Value::Boolean(truth) = *value {
        Ok(Short::format(format_args!("{}", u8::from(truth))))
    } else {
        Err(ConversionError::new(expected, value))
    }
}

/// Calls `take` with the text, if it is UTF-8.
#[inline]
fn with_str<R>(value: &Value<'_>, take: impl FnOnce(&str) -> R) -> Result<R, ConversionError> {
    let text = with_text("text", value, |text| str::from_utf8(text).ok().map(take))?;
    text.ok_or_else(|| not_utf8(value))
}

#[cold]
fn not_utf8(value: &Value<'_>) -> ConversionError {
    let hint = Some("ask for Bytes or Vec<u8>");
    ConversionError::hinting("text", value, hint).because("it is not UTF-8")
}

macro_rules! texts {
    ($($text:ty),*) => {$(
        impl FromValue for $text {
            const SHAPE: Shape = Shape::Scalar;

            #[inline]
            fn from_value(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
                with_str(value, |text: &str| Self::from(text))
            }
        }
    )*};
}

texts!(String, Box<str>, Arc<str>);

impl FromValue for char {
    const SHAPE: Shape = Shape::Scalar;

    fn from_value(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
        let one = |text: &str| {
            let mut chars = text.chars();
            chars.next().filter(|_| chars.next().is_none())
        };
        with_str(value, one)?.ok_or_else(|| ConversionError::new("one character", value))
    }
}

impl FromValue for Bytes {
    const SHAPE: Shape = Shape::Scalar;

    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        with_text("bytes", value, |text| frame.share(text))
    }
}

impl FromValue for BytesMut {
    const SHAPE: Shape = Shape::Scalar;

    fn from_value(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
        with_text("bytes", value, |bytes: &[u8]| Self::from(bytes))
    }
}
