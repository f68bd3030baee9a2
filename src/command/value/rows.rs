//! How an aggregate is divided into what a caller wants a list of.
//!
//! Theory of operation. RESP2 knows arrays only: it sends the pairs of a map, and members with
//! their scores, as one flat array. RESP3 sends a map, or an array of arrays. [`Rows`] reads all of
//! them as one list, whatever is wanted: single values, or tuples.

use alloc::format;
use core::marker::PhantomData;

use super::FromValue;
use crate::error::ConversionError;
use crate::resp::{Elements, Frame, Value};

/// What lists of a type are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
#[non_exhaustive]
pub enum Shape {
    /// One element each.
    One,
    /// One text, number or boolean each: an array of pairs is read as a flat one.
    Scalar,
    /// As `Scalar`, and a list of them is what a string is as well.
    Byte,
    /// As `Scalar`, if the pairs begin with a string: arrays of numbers are bytes themselves.
    Bytes,
    /// So many elements each.
    Row(usize),
}

/// A value inside of an aggregate, with the place where it begins.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct Element<'a> {
    value: Value<'a>,
    start: Elements<'a>,
}

impl<'a> Element<'a> {
    /// The value.
    #[must_use]
    #[inline]
    pub const fn value(&self) -> &Value<'a> {
        &self.value
    }

    /// Its bytes as they travelled, with the attributes before it.
    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        let mut start = self.start;
        start.next_bytes()
    }
}

/// Converts the next element.
#[inline]
pub(super) fn next<T: FromValue>(
    elements: &mut Elements<'_>,
    frame: &Frame,
) -> Result<T, ConversionError> {
    let start = *elements;
    match elements.next() {
        Some(value) => T::from_element(&Element { value, start }, frame),
        None => Err(ConversionError::unexpected("one more element", "none")),
    }
}

/// The elements of an aggregate, divided into what `T` is made from.
pub(super) struct Rows<'a, 'f, T> {
    elements: Elements<'a>,
    frame: &'f Frame,
    layout: Layout<'a>,
    /// How many elements were read.
    index: usize,
    wanted: PhantomData<fn() -> T>,
}

#[derive(Clone, Copy)]
enum Layout<'a> {
    /// One element each.
    Single,
    /// Elements of pairs in turn: what is left of the pair that was begun.
    Paired(Elements<'a>),
    /// Keys and values in turn.
    Pairs,
    /// So many elements each.
    Flat(usize),
    /// An array of so many elements each.
    Nested(usize),
}

impl<'a, 'f, T: FromValue> Rows<'a, 'f, T> {
    pub(super) fn of(value: &Value<'a>, frame: &'f Frame) -> Result<Self, ConversionError> {
        let Some(elements) = value.flat() else {
            return Err(ConversionError::new(expected(T::SHAPE), value));
        };
        let first = || if matches!(value, Value::Map(_)) { None } else { elements.get(0) };
        let layout = match T::SHAPE {
            Shape::One => Layout::Single,
            Shape::Scalar | Shape::Byte => paired(first(), |_| true),
            Shape::Bytes => paired(first(), |value| value.as_bytes().is_some()),
            Shape::Row(width) => wide(value, elements, width, first())?,
        };
        Ok(Self { elements, frame, layout, index: 0, wanted: PhantomData })
    }

    /// How many rows are left.
    pub(super) fn len(&self) -> usize {
        let count = self.elements.len();
        match self.layout {
            Layout::Single | Layout::Nested(_) => count,
            Layout::Paired(begun) => count.saturating_mul(2).saturating_add(begun.len()),
            Layout::Pairs => count / 2,
            Layout::Flat(width) => count.checked_div(width).unwrap_or(0),
        }
    }

    /// The elements of the next element, which is an array.
    fn begin(&mut self, width: usize) -> Result<Elements<'a>, ConversionError> {
        let value = self.elements.next().unwrap_or(Value::Null);
        self.index += 1;
        match value.elements() {
            Some(inside) if inside.len() == width => Ok(inside),
            _ => Err(not_of(width, &value).at(self.index - 1)),
        }
    }

    fn single(&mut self) -> Result<T, ConversionError> {
        self.index += 1;
        next(&mut self.elements, self.frame).map_err(|error| error.at(self.index - 1))
    }

    fn paired(&mut self, begun: Elements<'a>) -> Result<T, ConversionError> {
        let mut inside = if begun.is_empty() { self.begin(2)? } else { begun };
        let column = 2 - inside.len();
        let row = next(&mut inside, self.frame);
        self.layout = Layout::Paired(inside);
        row.map_err(|error| error.at(column).at(self.index - 1))
    }

    fn pair(&mut self) -> Result<T, ConversionError> {
        self.index += 1;
        let place = |(column, error): (usize, ConversionError)| match column {
            0 => error.at_key(self.index - 1),
            _ => error.at_value(self.index - 1),
        };
        T::from_row(&mut self.elements, self.frame).map_err(place)
    }

    fn flat(&mut self, width: usize) -> Result<T, ConversionError> {
        let first = self.index;
        self.index += width;
        let row = T::from_row(&mut self.elements, self.frame);
        row.map_err(|(column, error)| error.at(first + column))
    }

    fn nested(&mut self, width: usize) -> Result<T, ConversionError> {
        let mut inside = self.begin(width)?;
        let row = T::from_row(&mut inside, self.frame);
        row.map_err(|(column, error)| error.at(column).at(self.index - 1))
    }
}

impl<T: FromValue> Iterator for Rows<'_, '_, T> {
    type Item = Result<T, ConversionError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.len() == 0 {
            return None;
        }
        Some(match self.layout {
            Layout::Single => self.single(),
            Layout::Paired(begun) => self.paired(begun),
            Layout::Pairs => self.pair(),
            Layout::Flat(width) => self.flat(width),
            Layout::Nested(width) => self.nested(width),
        })
    }
}

/// The elements of an aggregate, divided into what `T` is made from.
pub(crate) fn rows<T: FromValue>(
    value: &Value<'_>,
    frame: &Frame,
) -> Result<impl Iterator<Item = Result<T, ConversionError>>, ConversionError> {
    Rows::of(value, frame)
}

/// How single values are read: from pairs in turn, if that is what the first element is.
fn paired<'a>(first: Option<Value<'a>>, begins: impl Fn(&Value<'a>) -> bool) -> Layout<'a> {
    match first {
        Some(Value::Array(pair)) if pair.len() == 2 => match pair.get(0) {
            Some(value) if begins(&value) => Layout::Paired(Elements::EMPTY),
            _ => Layout::Single,
        },
        _ => Layout::Single,
    }
}

/// How tuples of `width` are read.
fn wide<'a>(
    value: &Value<'a>,
    elements: Elements<'a>,
    width: usize,
    first: Option<Value<'a>>,
) -> Result<Layout<'a>, ConversionError> {
    let is_map = matches!(value, Value::Map(_));
    if first.is_some_and(|first| first.elements().is_some()) {
        return Ok(Layout::Nested(width));
    }
    if is_map && width != 2 {
        return Err(ConversionError::new(expected(Shape::Row(width)), value));
    }
    if !elements.len().is_multiple_of(width) {
        let expected = format!("an array of {width} elements each");
        return Err(ConversionError::hinting(expected, value, None));
    }
    Ok(if width == 2 { Layout::Pairs } else { Layout::Flat(width) })
}

/// What a list is expected to be.
const fn expected(shape: Shape) -> &'static str {
    match shape {
        Shape::Byte => "bytes",
        Shape::Row(2) => "pairs",
        Shape::One | Shape::Scalar | Shape::Bytes | Shape::Row(_) => "an array",
    }
}

/// A value that is not an array of this length.
pub(super) fn not_of(width: usize, value: &Value<'_>) -> ConversionError {
    let expected = format!("an array of {width}");
    let hint = if value.is_null() { Some("ask for an Option") } else { None };
    ConversionError::hinting(expected, value, hint)
}
