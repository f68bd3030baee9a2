//! Slots and node IDs as arguments and in replies.

use alloc::string::String;
use alloc::vec::Vec;
use core::str::FromStr;

use super::record::Fields;
use super::time::UnixTime;
use crate::command::{Arg, FromValue, ListItem, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};
use crate::slot::Slot;
use crate::topology::{NodeId, SlotRange};

impl ToArg for Slot {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        self.number().into_arg()
    }
}

impl ListItem for Slot {}

impl FromValue for Slot {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let slot = Self::new(u16::from_value(value, frame)?);
        slot.ok_or_else(|| ConversionError::custom("a slot is below 16384"))
    }
}

impl ToArg for NodeId {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        self.as_str().to_arg()
    }
}

impl ListItem for NodeId {}

impl FromValue for NodeId {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        node_id(&String::from_value(value, frame)?)
    }
}

#[inline]
pub(super) fn wrong(expected: &'static str) -> ConversionError {
    ConversionError::custom(expected)
}

pub(super) fn parse<T: FromStr>(text: &str) -> Result<T, ConversionError> {
    text.parse().map_err(|_| ConversionError::custom("a number is malformed or out of range"))
}

#[inline]
pub(super) fn node_id(text: &str) -> Result<NodeId, ConversionError> {
    let id = NodeId::parse(text.as_bytes());
    id.ok_or_else(|| ConversionError::custom("the ID of a node has 40 hexadecimal digits"))
}

#[inline]
pub(super) fn one_slot(text: &str) -> Result<Slot, ConversionError> {
    let slot = Slot::new(parse(text)?);
    slot.ok_or_else(|| ConversionError::custom("a slot is below 16384"))
}

#[inline]
pub(super) fn from_to(first: Slot, last: Slot) -> Result<SlotRange, ConversionError> {
    let range = SlotRange::new(first, last);
    range.ok_or_else(|| ConversionError::custom("a range of slots ends before it begins"))
}

/// Reads `7` or `7-9`.
#[inline]
pub(super) fn range(text: &str) -> Result<SlotRange, ConversionError> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    from_to(one_slot(first)?, one_slot(last)?)
}

/// Reads ranges with blanks between them.
#[inline]
pub(super) fn ranges_in(
    fields: &Fields<'_, '_>,
    name: &'static str,
) -> Result<Vec<SlotRange>, ConversionError> {
    let text: String = fields.get(name)?;
    let ranges = text.split_whitespace().map(range).collect::<Result<_, _>>();
    ranges.map_err(|error| error.at_field(name))
}

/// A time in milliseconds; 0 and below mean that there is none.
#[inline]
pub(super) fn point_in_time(milliseconds: i64) -> Option<UnixTime> {
    let time = u64::try_from(milliseconds).ok().filter(|&time| time > 0);
    time.map(UnixTime::from_millis)
}
