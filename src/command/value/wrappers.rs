//! Replies to frames and trees, and to what has another type inside.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use super::FromValue;
use super::rows::{Element, Shape};
use crate::error::{ConversionError, Error, ServerError};
use crate::resp::{Elements, Frame, OwnedValue, Value, encode};

impl FromValue for Frame {
    /// The value as it travelled, if it is the whole of `frame`, else in the form of RESP3. Lists
    /// and tuples of frames keep each as it travelled.
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        if frame.value() == *value {
            return Ok(frame.clone());
        }
        let mut bytes = Vec::new();
        encode::value(&mut bytes, value);
        Ok(Self::from_scanned(bytes.into()))
    }

    fn from_frame(frame: Frame) -> Result<Self, ConversionError> {
        Ok(frame)
    }

    fn from_element(element: &Element<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        match element.bytes() {
            Some(bytes) => Ok(Self::from_scanned(frame.share(bytes))),
            None => Self::from_value(element.value(), frame),
        }
    }
}

impl Frame {
    /// Converts the reply to what [`FromValue`] lists.
    ///
    /// # Errors
    /// [`Failure::Conversion`](crate::error::Failure::Conversion) if the reply is not what was
    /// asked for: the error of a client's methods, so that one `?` serves both.
    /// [`FromValue::from_frame`] returns the plain [`ConversionError`].
    ///
    /// ```
    /// # use hashslot::{Error, Frame};
    /// # fn run(results: Vec<Result<Frame, Error>>) -> Result<(), Error> {
    /// // The results of a pipeline.
    /// let numbers = results.into_iter().map(|result| result?.to::<i64>());
    /// let numbers: Vec<i64> = numbers.collect::<Result<_, _>>()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn to<T: FromValue>(&self) -> Result<T, Error> {
        T::from_value(&self.value(), self).map_err(Error::from)
    }
}

impl FromValue for OwnedValue {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        Ok(Self::of(*value, &|text| frame.share(text)))
    }
}

/// What a type that may be absent is made from.
const fn shape_of_optional<T: FromValue>() -> Shape {
    match T::SHAPE {
        Shape::Byte | Shape::Scalar => Shape::Scalar,
        Shape::Bytes => Shape::Bytes,
        Shape::One | Shape::Row(_) => Shape::One,
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const SHAPE: Shape = shape_of_optional::<T>();

    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        if value.is_null() { Ok(None) } else { T::from_value(value, frame).map(Some) }
    }

    #[inline]
    fn from_frame(frame: Frame) -> Result<Self, ConversionError> {
        if frame.is_null() { Ok(None) } else { T::from_frame(frame).map(Some) }
    }

    #[inline]
    fn from_element(element: &Element<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        if element.value().is_null() { Ok(None) } else { T::from_element(element, frame).map(Some) }
    }
}

impl<T: FromValue> FromValue for Result<T, ServerError> {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        match server_error(value) {
            Some(error) => Ok(Err(error)),
            None => T::from_value(value, frame).map(Ok),
        }
    }

    fn from_frame(frame: Frame) -> Result<Self, ConversionError> {
        match server_error(&frame.value()) {
            Some(error) => Ok(Err(error)),
            None => T::from_frame(frame).map(Ok),
        }
    }

    fn from_element(element: &Element<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        match server_error(element.value()) {
            Some(error) => Ok(Err(error)),
            None => T::from_element(element, frame).map(Ok),
        }
    }
}

fn server_error(value: &Value<'_>) -> Option<ServerError> {
    let Value::Error(text) = *value else { return None };
    Some(ServerError::new(Bytes::copy_from_slice(text)))
}

impl<T: FromValue> FromValue for Box<T> {
    const SHAPE: Shape = T::SHAPE;

    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        T::from_value(value, frame).map(Self::new)
    }

    fn from_frame(frame: Frame) -> Result<Self, ConversionError> {
        T::from_frame(frame).map(Self::new)
    }

    fn from_element(element: &Element<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        T::from_element(element, frame).map(Self::new)
    }

    fn from_row(row: &mut Elements<'_>, frame: &Frame) -> Result<Self, (usize, ConversionError)> {
        T::from_row(row, frame).map(Self::new)
    }
}
