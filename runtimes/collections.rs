//! Replies to, and arguments from, the collections that only `std` has.

#![allow(clippy::disallowed_types, reason = "what a caller asks for")]

use core::hash::BuildHasher;

use super::std::collections::{HashMap, HashSet};
use super::std::time::SystemTime;
use crate::cmd::UnixTime;
use crate::command::{Command, HashKey, ListItem, OneOrMore, PairOrMore, ToArgs, ToPairs, rows};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};
use crate::{FromValue, ToArg};

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

impl<T: ListItem, S> OneOrMore for HashSet<T, S> {
    fn append_to(self, command: Command) -> Command {
        ToArgs::add_to(self, command)
    }
}

impl<T: ListItem, S> OneOrMore for &HashSet<T, S> {
    fn append_to(self, command: Command) -> Command {
        ToArgs::add_to(self, command)
    }
}

impl<K: ToArg, V: ToArg, S> PairOrMore for HashMap<K, V, S> {
    fn append_to(self, command: Command) -> Command {
        ToPairs::add_to(self, command)
    }
}

impl<K: ToArg, V: ToArg, S> PairOrMore for &HashMap<K, V, S> {
    fn append_to(self, command: Command) -> Command {
        ToPairs::add_to(self, command)
    }
}

impl From<SystemTime> for UnixTime {
    /// The milliseconds since 1970, rounded down; 0 for a time before.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}
