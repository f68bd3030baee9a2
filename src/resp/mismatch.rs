//! What came in place of the value that was expected, in words.
//!
//! Rules of this file: the content of a string is never shown, since it may be a secret; its type
//! and its length are. Numbers, booleans, nulls and short simple strings are shown.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};

use bytes::Bytes;

use super::{Value, short};
use crate::error::{ConversionError, ServerError};
use crate::shown::Shown;

/// So many characters of a simple string are shown: servers send `OK` and the like.
const SIMPLE_LEN_MAX: usize = 32;
/// The digits of a longer number are not shown.
const NUMBER_LEN_MAX: usize = 40;

impl ConversionError {
    /// The error for a value of another type than expected. Expected is a noun with its article,
    /// such as `a date`.
    ///
    /// An error of the server is kept: [`server_error`](Self::server_error) returns it.
    #[must_use]
    pub fn new(expected: impl Into<Cow<'static, str>>, value: &Value<'_>) -> Self {
        Self::hinting(expected, value, hint(value))
    }

    /// The same with another hint, or none.
    pub(crate) fn hinting(
        expected: impl Into<Cow<'static, str>>,
        value: &Value<'_>,
        hint: Option<&'static str>,
    ) -> Self {
        if let Value::Error(text) = value {
            return Self::of_server(ServerError::new(Bytes::copy_from_slice(text)));
        }
        Self::of_type(expected.into(), described(value), hint)
    }

    /// The error for a number that does not fit a type.
    pub(crate) fn out_of_range(target: &'static str, value: &Value<'_>) -> Self {
        let got =
            number(value).unwrap_or_else(|| format!("the number in {}", described(value)).into());
        Self::of_range(got, target)
    }
}

/// What a caller could ask for instead of a scalar.
const fn hint(value: &Value<'_>) -> Option<&'static str> {
    match value {
        Value::Null => Some("ask for an Option"),
        Value::Array(_) | Value::Set(_) | Value::Push(_) => Some("ask for a Vec"),
        Value::Map(_) => Some("ask for a HashMap"),
        Value::Simple(_)
        | Value::Error(_)
        | Value::Integer(_)
        | Value::Bulk(_)
        | Value::Double(_)
        | Value::Boolean(_)
        | Value::BigNumber(_)
        | Value::Verbatim { .. } => None,
    }
}

/// The digits of a number, if they are not many.
fn number(value: &Value<'_>) -> Option<Box<str>> {
    match value {
        Value::Integer(number) => Some(number.to_string().into()),
        Value::Double(number) => {
            core::str::from_utf8(short::float(*number).as_bytes()).ok().map(Into::into)
        }
        Value::BigNumber(text) => {
            let digits = text.strip_prefix(b"-").unwrap_or(text);
            let is_number = text.len() <= NUMBER_LEN_MAX && digits.iter().all(u8::is_ascii_digit);
            core::str::from_utf8(text).ok().filter(|_| is_number).map(Into::into)
        }
        Value::Null
        | Value::Simple(_)
        | Value::Error(_)
        | Value::Bulk(_)
        | Value::Boolean(_)
        | Value::Verbatim { .. }
        | Value::Array(_)
        | Value::Set(_)
        | Value::Map(_)
        | Value::Push(_) => None,
    }
}

/// A value in words, without what may be a secret.
fn described(value: &Value<'_>) -> Box<str> {
    let kind = value.kind();
    if let Some(number) = number(value) {
        return format!("the {kind} {number}").into();
    }
    match value {
        Value::Null => kind.to_string(),
        Value::Boolean(truth) => format!("the {kind} {truth}"),
        Value::Simple(text) if text.len() <= SIMPLE_LEN_MAX => {
            format!("the {kind} \"{}\"", Shown::of_bytes(text))
        }
        Value::Simple(text)
        | Value::Error(text)
        | Value::Bulk(text)
        | Value::BigNumber(text)
        | Value::Verbatim { text, .. } => format!("a {kind} of {}", counted(text.len(), "byte")),
        Value::Array(elements) => format!("an {kind} of {}", elements.len()),
        Value::Set(elements) | Value::Push(elements) => format!("a {kind} of {}", elements.len()),
        Value::Map(pairs) => format!("a {kind} of {}", counted(pairs.len(), "pair")),
        Value::Integer(_) | Value::Double(_) => format!("the {kind}"),
    }
    .into()
}

fn counted(count: usize, unit: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}
