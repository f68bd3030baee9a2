//! Replies to integers of every size.

use alloc::format;
use alloc::vec::Vec;
use core::num::NonZero;
use core::str;

use super::texts::with_text;
use super::{FromValue, Shape};
use crate::error::ConversionError;
use crate::resp::{Frame, Value, short};

/// Doubles up to this hold every integer: 2 to the power of 53.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// An integer of any type.
enum Integer {
    Positive(u128),
    Negative(i128),
}

/// What a value has an integer from, if it is not an `i64`.
fn integer(target: &'static str, value: &Value<'_>) -> Result<Integer, ConversionError> {
    let expected = || ConversionError::new("an integer", value);
    if let Value::Boolean(truth) = *value {
        return Ok(Integer::Positive(u128::from(truth)));
    }
    // Scores and sums of them are doubles.
    if let Value::Double(number) = *value
        && number.abs() <= EXACT_MAX
    {
        let number = number + 0.0; // no -0
        return spelled(short::float(number).as_bytes()).ok_or_else(expected);
    }
    match value.as_bytes() {
        Some(text) if is_spelled(text) => {
            spelled(text).ok_or_else(|| ConversionError::out_of_range(target, value))
        }
        _ => Err(expected()),
    }
}

/// Whether servers spell an integer like this: no `+`, no blanks, no leading zeros, no `-0`.
fn is_spelled(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    match digits {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// The integer that a text spells; `None` if it spells none, or one beyond 128 bits.
fn spelled(text: &[u8]) -> Option<Integer> {
    let text = str::from_utf8(text).ok().filter(|text| is_spelled(text.as_bytes()))?;
    if text.starts_with('-') {
        text.parse().ok().map(Integer::Negative)
    } else {
        text.parse().ok().map(Integer::Positive)
    }
}

macro_rules! integers {
    ($($integer:ident $shape:ident $({ $($own:tt)* })?),* $(,)?) => {$(
        impl FromValue for $integer {
            const SHAPE: Shape = Shape::$shape;

            #[inline]
            fn from_value(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
                let target = stringify!($integer);
                if let Some(integer) = value.as_integer() {
                    return match Self::try_from(integer) {
                        Ok(integer) => Ok(integer),
                        Err(_) => Err(ConversionError::out_of_range(target, value)),
                    };
                }
                let converted = match integer(target, value)? {
                    Integer::Positive(integer) => Self::try_from(integer).ok(),
                    Integer::Negative(integer) => Self::try_from(integer).ok(),
                };
                converted.ok_or_else(|| ConversionError::out_of_range(target, value))
            }

            $($($own)*)?
        }

        impl FromValue for NonZero<$integer> {
            const SHAPE: Shape = Shape::Scalar;

            fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
                let integer = $integer::from_value(value, frame)?;
                Self::new(integer).ok_or_else(|| {
                    ConversionError::hinting("an integer other than 0", value, None)
                })
            }
        }
    )*};
}

integers! {
    i8 Scalar, i16 Scalar, i32 Scalar, i64 Scalar, i128 Scalar, isize Scalar,
    u16 Scalar, u32 Scalar, u64 Scalar, u128 Scalar, usize Scalar,
    u8 Byte {
        fn vec_from_value(value: &Value<'_>, frame: &Frame) -> Result<Vec<Self>, ConversionError> {
            match value.flat() {
                Some(_) => super::lists::vec(value, frame),
                None => with_text("bytes", value, <[u8]>::to_vec),
            }
        }

        fn array_from_value<const N: usize>(
            value: &Value<'_>,
            frame: &Frame,
        ) -> Result<[Self; N], ConversionError> {
            if value.flat().is_some() {
                return super::lists::array(value, frame);
            }
            let array = with_text("bytes", value, |bytes| <[Self; N]>::try_from(bytes).ok())?;
            array.ok_or_else(|| ConversionError::new(format!("{N} bytes"), value))
        }
    },
}
