//! Replies to maps, and what keys of maps and elements of sets have to be.

use alloc::collections::{BTreeMap, BTreeSet};
use core::hash::Hash;

use super::FromValue;
use super::rows::rows;
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// A type of which a map or set by hash is made.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key of a `HashMap` or an element of a `HashSet`",
    label = "it needs `FromValue`, `Eq` and `Hash`",
    note = "floats have no equality that fits: ask for a `Vec` of pairs, or for text keys"
)]
pub trait HashKey: FromValue + Eq + Hash {}

#[diagnostic::do_not_recommend]
impl<T: FromValue + Eq + Hash> HashKey for T {}

/// A type of which a map or set by order is made.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key of a `BTreeMap` or an element of a `BTreeSet`",
    label = "it needs `FromValue` and `Ord`",
    note = "floats have no order that fits: ask for a `Vec` of pairs, or for text keys"
)]
pub trait OrdKey: FromValue + Ord {}

#[diagnostic::do_not_recommend]
impl<T: FromValue + Ord> OrdKey for T {}

impl<K: OrdKey, V: FromValue> FromValue for BTreeMap<K, V> {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        rows(value, frame)?.collect()
    }
}

impl<T: OrdKey> FromValue for BTreeSet<T> {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        rows(value, frame)?.collect()
    }
}
