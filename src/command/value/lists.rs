//! Replies to lists.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::vec::Vec;

use super::FromValue;
use super::rows::{Rows, Shape};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// Every row of an aggregate.
pub(super) fn vec<T: FromValue>(
    value: &Value<'_>,
    frame: &Frame,
) -> Result<Vec<T>, ConversionError> {
    let rows = Rows::<T>::of(value, frame)?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        all.push(row?);
    }
    Ok(all)
}

/// Every row of an aggregate of `N` rows.
pub(super) fn array<T: FromValue, const N: usize>(
    value: &Value<'_>,
    frame: &Frame,
) -> Result<[T; N], ConversionError> {
    let mut rows = Rows::<T>::of(value, frame)?;
    let wrong_len = || ConversionError::hinting(format!("an array of {N}"), value, Some(ASK));
    if rows.len() != N {
        return Err(wrong_len());
    }
    let mut failure = None;
    let array: [Option<T>; N] = core::array::from_fn(|_| {
        let row = if failure.is_none() { rows.next()? } else { return None };
        row.map_err(|error| failure = Some(error)).ok()
    });
    match failure {
        Some(error) => Err(error),
        None if array.iter().any(Option::is_none) => Err(wrong_len()),
        None => Ok(array.map(|row| row.expect("each row is there"))),
    }
}

const ASK: &str = "ask for a Vec";

/// What a list of lists is made from: a list of bytes is text.
const fn shape_of_list<T: FromValue>() -> Shape {
    match T::SHAPE {
        Shape::Byte => Shape::Bytes,
        Shape::One | Shape::Scalar | Shape::Bytes | Shape::Row(_) => Shape::One,
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    const SHAPE: Shape = shape_of_list::<T>();

    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        T::vec_from_value(value, frame)
    }
}

impl<T: FromValue> FromValue for Box<[T]> {
    const SHAPE: Shape = shape_of_list::<T>();

    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        T::vec_from_value(value, frame).map(Vec::into_boxed_slice)
    }
}

impl<T: FromValue> FromValue for VecDeque<T> {
    const SHAPE: Shape = shape_of_list::<T>();

    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        T::vec_from_value(value, frame).map(Self::from)
    }
}

impl<T: FromValue, const N: usize> FromValue for [T; N] {
    const SHAPE: Shape = shape_of_list::<T>();

    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        T::array_from_value(value, frame)
    }
}
