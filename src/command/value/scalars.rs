//! Replies to floats, to booleans, and to nothing.

use core::str;

use super::texts::with_text;
use super::{FromValue, Shape};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

impl FromValue for () {
    /// An error among the elements counts: replies of several nodes are a map, and a caller who
    /// asks for nothing would not hear of a node that refused.
    #[inline]
    fn from_value(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
        if let Value::Error(_) = value {
            return Err(ConversionError::new("", value));
        }
        let mut inside = value.flat().into_iter().flatten().enumerate();
        let Some((index, error)) = inside.find(|(_, value)| matches!(value, Value::Error(_)))
        else {
            return Ok(());
        };
        let error = ConversionError::new("", &error);
        let is_map = matches!(value, Value::Map(_));
        Err(if is_map { error.at_value(index / 2) } else { error.at(index) })
    }
}

impl FromValue for bool {
    const SHAPE: Shape = Shape::Scalar;

    fn from_value(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
        if let Value::Boolean(truth) = *value {
            return Ok(truth);
        }
        if matches!(value, Value::Simple(b"OK")) {
            return Ok(true);
        }
        match value.as_integer() {
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            None if value.is_null() => Ok(false),
            _ => Err(ConversionError::new("a boolean", value)),
        }
    }
}

/// The float with this value, if it is one of so many bits that all integers fit.
fn exact(number: i64, bits: u32) -> Option<f64> {
    let is_exact = number.unsigned_abs() <= 1 << bits;
    let (high, low) = (number >> 32, number & 0xffff_ffff);
    let (high, low) = (i32::try_from(high).ok()?, u32::try_from(low).ok()?);
    is_exact.then(|| f64::from(high) * 4_294_967_296.0 + f64::from(low))
}

/// How a float is read from a number.
trait Float: Sized + str::FromStr {
    /// Integers of so many bits fit.
    const EXACT_BITS: u32;
    const NAME: &'static str;

    /// The nearest float; `None` if the double is too large.
    fn of_double(number: f64) -> Option<Self>;
}

impl Float for f64 {
    const EXACT_BITS: u32 = 53;
    const NAME: &'static str = "f64";

    fn of_double(number: f64) -> Option<Self> {
        Some(number)
    }
}

impl Float for f32 {
    const EXACT_BITS: u32 = 24;
    const NAME: &'static str = "f32";

    #[allow(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "rounds to the nearest, as is wanted"
    )]
    fn of_double(number: f64) -> Option<Self> {
        let nearest = number as Self;
        if nearest.is_infinite() && number.is_finite() { None } else { Some(nearest) }
    }
}

fn float<F: Float>(value: &Value<'_>) -> Result<F, ConversionError> {
    let out_of_range = || ConversionError::out_of_range(F::NAME, value);
    if let Value::Double(number) = *value {
        return F::of_double(number).ok_or_else(out_of_range);
    }
    let integer = if let Value::Integer(number) = *value { Some(number) } else { None };
    // Servers send big numbers for what is beyond 64 bits.
    if integer.is_some() || matches!(value, Value::BigNumber(_)) {
        let number = integer.and_then(|number| exact(number, F::EXACT_BITS));
        let number = number.and_then(F::of_double);
        return number.ok_or_else(|| out_of_range().because("it would lose digits"));
    }
    let parse = |text: &[u8]| str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    let number = with_text("a number", value, parse)?;
    number.ok_or_else(|| ConversionError::new("a number", value))
}

impl FromValue for f64 {
    const SHAPE: Shape = Shape::Scalar;

    #[inline]
    fn from_value(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
        float(value)
    }
}

impl FromValue for f32 {
    const SHAPE: Shape = Shape::Scalar;

    #[inline]
    fn from_value(value: &Value<'_>, _: &Frame) -> Result<Self, ConversionError> {
        float(value)
    }
}
