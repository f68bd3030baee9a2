//! What serde finds wrong, in the words of this crate.
//!
//! Rules of this file: as in `resp/mismatch`, the content of a string is not shown.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

use serde_core::de::{self, Expected, Unexpected};
use serde_core::ser;

use crate::error::ConversionError;
use crate::shown::Shown;

impl de::Error for ConversionError {
    fn custom<T: Display>(reason: T) -> Self {
        Self::custom(reason)
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::of_type(Cow::Owned(expected.to_string()), described(unexpected), None)
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        <Self as de::Error>::invalid_type(unexpected, expected)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let expected = format!("one of the variants {}", listed(expected));
        Self::of_type(expected.into(), "another name".into(), None)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let (field, expected) = (Shown::new(field), listed(expected));
        Self::custom(format_args!("unknown field `{field}`: the struct has {expected}"))
    }
}

impl ser::Error for ConversionError {
    fn custom<T: Display>(reason: T) -> Self {
        Self::custom(reason)
    }
}

/// Names as text: `` `a`, `b` ``.
fn listed(names: &[&str]) -> Box<str> {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if quoted.is_empty() { "none".into() } else { quoted.join(", ").into() }
}

fn described(unexpected: Unexpected<'_>) -> Box<str> {
    match unexpected {
        Unexpected::Bool(truth) => format!("the boolean {truth}").into(),
        Unexpected::Unsigned(number) => format!("the integer {number}").into(),
        Unexpected::Signed(number) => format!("the integer {number}").into(),
        Unexpected::Float(number) => format!("the double {number}").into(),
        Unexpected::Char(_) => "a character".into(),
        Unexpected::Str(text) => format!("a string of {} bytes", text.len()).into(),
        Unexpected::Bytes(bytes) => format!("a string of {} bytes", bytes.len()).into(),
        Unexpected::Unit => "null".into(),
        Unexpected::Option => "an Option".into(),
        Unexpected::NewtypeStruct => "a newtype struct".into(),
        Unexpected::Seq => "an array".into(),
        Unexpected::Map => "a map".into(),
        Unexpected::Enum => "an enum".into(),
        Unexpected::UnitVariant => "a variant".into(),
        Unexpected::NewtypeVariant | Unexpected::TupleVariant | Unexpected::StructVariant => {
            "a variant with content".into()
        }
        Unexpected::Other(kind) => kind.into(),
    }
}
