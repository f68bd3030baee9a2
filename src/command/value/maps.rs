//! Replies to maps.

use alloc::collections::BTreeMap;

use super::FromValue;
use super::rows::rows;
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

impl<K: FromValue + Ord, V: FromValue> FromValue for BTreeMap<K, V> {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        rows(value, frame)?.collect()
    }
}
