//! Replies of several nodes, and what replies have in common.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::record::Fields;
#[cfg(doc)]
use super::typed::Typed;
use crate::command::FromValue;
use crate::error::{ConversionError, ServerError};
use crate::resp::{Elements, Frame, Value};

/// The replies of several nodes: a map from the address of each node to its reply.
///
/// A call whose [`Target`](crate::Target) is one node has one reply and no map. Choose the type of
/// that reply with [`Typed::reply`].
pub type PerNode<T> = BTreeMap<String, T>;

/// What became of a command on each node: a map from its address to its reply or its error.
///
/// The error of a node that did not answer has the code `CLIENT`.
pub type PerNodeResult<T> = BTreeMap<String, Result<T, ServerError>>;

/// Values by their names.
pub type ByName<T> = BTreeMap<String, T>;

/// The elements of a reply that has a meaning for each place.
pub(super) struct Items<'a, 'f> {
    elements: Elements<'a>,
    frame: &'f Frame,
    index: usize,
}

impl<'a, 'f> Items<'a, 'f> {
    #[inline]
    pub(super) fn of(
        value: &Value<'a>,
        frame: &'f Frame,
        expected: &'static str,
    ) -> Result<Self, ConversionError> {
        match value.elements() {
            Some(elements) => Ok(Self { elements, frame, index: 0 }),
            None => Err(ConversionError::new(expected, value)),
        }
    }

    /// The next element. One that is missing is a null, since servers add elements with time.
    pub(super) fn next<T: FromValue>(&mut self) -> Result<T, ConversionError> {
        let value = self.elements.next().unwrap_or(Value::Null);
        self.index += 1;
        T::from_value(&value, self.frame).map_err(|error| error.at(self.index - 1))
    }

    /// The next element, which is a list; empty if it is missing.
    pub(super) fn list<T: FromValue>(&mut self) -> Result<Vec<T>, ConversionError> {
        Ok(self.next::<Option<Vec<T>>>()?.unwrap_or_default())
    }
}

/// A field that is a list; empty if it is missing.
pub(super) fn list<T: FromValue>(
    fields: &Fields<'_, '_>,
    name: &'static str,
) -> Result<Vec<T>, ConversionError> {
    Ok(fields.get::<Option<Vec<T>>>(name)?.unwrap_or_default())
}

/// The value of a line `name:value`.
#[inline]
pub(super) fn text_field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(found, _)| *found == name).map(|(_, value)| value)
}
