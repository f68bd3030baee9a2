//! Replies to the collections that only `std` has.

#![allow(clippy::disallowed_types, reason = "what a caller asks for")]

use core::hash::BuildHasher;

use super::std::collections::{HashMap, HashSet};
use crate::FromValue;
use crate::command::{HashKey, rows};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

impl<K, V, S> FromValue for HashMap<K, V, S>
where
    K: HashKey,
    V: FromValue,
    S: BuildHasher + Default,
{
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        rows(value, frame)?.collect()
    }
}

impl<T, S> FromValue for HashSet<T, S>
where
    T: HashKey,
    S: BuildHasher + Default,
{
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        rows(value, frame)?.collect()
    }
}
