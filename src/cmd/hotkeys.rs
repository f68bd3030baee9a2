//! The keys that a node spends the most time or traffic on.

use alloc::vec::Vec;
use core::ops::RangeInclusive;
use core::time::Duration;

use bytes::Bytes;

use super::record::Fields;
use super::replies::list;
use super::time::{UnixTime, whole_seconds};
use super::typed::{Typed, start, with_options};
use crate::command::{Arg, FromValue, ListItem, OneOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// Returns the keys that one node spent the most time or traffic on: `HOTKEYS GET`.
///
/// `None` if the node counts no keys. The command needs a target.
///
/// **Since**: Redis 8.6. **Complexity**: O(n) in the number of keys that are returned.
#[inline]
pub fn hotkeys_get() -> Typed<Option<HotKeys>> {
    start!("HOTKEYS GET")
}

/// Forgets what one node counted: `HOTKEYS RESET`.
///
/// Counting has to be [stopped](hotkeys_stop). The command needs a target.
///
/// **Since**: Redis 8.6. **Complexity**: O(1).
#[inline]
pub fn hotkeys_reset() -> Typed<()> {
    start!("HOTKEYS RESET")
}

with_options! {
    /// `HOTKEYS START`, made by [`hotkeys_start`].
    HotKeysStart
}

/// Begins to count which keys one node spends the most time or traffic on: `HOTKEYS START`.
///
/// The command needs a target.
///
/// **Since**: Redis 8.6. **Complexity**: O(1).
///
/// ```
/// use std::time::Duration;
/// use hashslot::cmd::{self, HotKeysMetric};
/// let start = cmd::hotkeys_start(HotKeysMetric::Cpu).count(20).duration(Duration::from_secs(60));
/// ```
pub fn hotkeys_start(metrics: impl OneOrMore) -> HotKeysStart<()> {
    HotKeysStart(start!("HOTKEYS START").arg("METRICS").counted(metrics))
}

impl<R> HotKeysStart<R> {
    /// How many keys are told of each metric, from 1 to 64: `COUNT`. Without it 10.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg("COUNT").arg(count))
    }

    /// Counting ends after this time, in whole seconds: `DURATION`. Without it
    /// [`hotkeys_stop`] ends it.
    pub fn duration(self, duration: Duration) -> Self {
        Self(self.0.arg("DURATION").arg(whole_seconds(duration)))
    }

    /// Counts one of so many commands: `SAMPLE`.
    pub fn sample(self, ratio: u64) -> Self {
        Self(self.0.arg("SAMPLE").arg(ratio))
    }

    /// Counts only keys of these slots: `SLOTS`. The node has to own them.
    pub fn slots(self, slots: impl OneOrMore) -> Self {
        Self(self.0.arg("SLOTS").counted(slots))
    }
}

/// Ends the counting of keys on one node, and returns whether it was under way: `HOTKEYS STOP`.
///
/// [`hotkeys_get`] still returns what was counted. The command needs a target.
///
/// **Since**: Redis 8.6. **Complexity**: O(1).
#[inline]
pub fn hotkeys_stop() -> Typed<bool> {
    start!("HOTKEYS STOP")
}

/// What [`hotkeys_start`] counts for each key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HotKeysMetric {
    /// Time of the processor: `CPU`.
    Cpu,
    /// Bytes that were received and sent: `NET`.
    Net,
}

impl ToArg for HotKeysMetric {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::Cpu => "CPU",
            Self::Net => "NET",
        }
        .to_arg()
    }
}

impl ListItem for HotKeysMetric {}

/// What a node counted about keys: the reply of [`hotkeys_get`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HotKeys {
    /// Whether the node still counts.
    pub is_active: bool,
    /// The node counts one of so many commands.
    pub sample_ratio: u64,
    /// The ranges of slots whose keys are counted.
    pub slots: Vec<RangeInclusive<u16>>,
    /// When counting began.
    pub started: UnixTime,
    /// How long the node counted.
    pub duration: Duration,
    /// The time that all commands took.
    pub time: Duration,
    /// The time that all commands on the counted slots took, if slots were chosen.
    pub time_of_slots: Option<Duration>,
    /// The bytes that all commands received and sent.
    pub bytes: u64,
    /// The bytes of all commands on the counted slots, if slots were chosen.
    pub bytes_of_slots: Option<u64>,
    /// Keys with the time that they took, the longest first. Empty if time was not counted.
    pub by_time: Vec<(Bytes, Duration)>,
    /// Keys with their bytes, the most first. Empty if bytes were not counted.
    pub by_bytes: Vec<(Bytes, u64)>,
}

impl FromValue for HotKeys {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        // The map is alone in an array, so that those of several nodes can be joined.
        let inner = value.elements().filter(|elements| elements.len() == 1);
        let inner = inner.and_then(|elements| elements.get(0));
        let fields = Fields::of(inner.as_ref().unwrap_or(value), frame)?;
        let slots: Vec<Vec<u16>> = fields.get("selected-slots")?;
        let slots = slots.iter().filter_map(|range| Some(*range.first()?..=*range.last()?));
        let by_time: Vec<(Bytes, u64)> = list(&fields, "by-cpu-time-us")?;
        let of_slots: Option<u64> = fields.get("all-commands-selected-slots-us")?;
        Ok(Self {
            is_active: fields.get("tracking-active")?,
            sample_ratio: fields.get("sample-ratio")?,
            slots: slots.collect(),
            started: fields.get("collection-start-time-unix-ms")?,
            duration: Duration::from_millis(fields.get("collection-duration-ms")?),
            time: Duration::from_micros(fields.get("all-commands-all-slots-us")?),
            time_of_slots: of_slots.map(Duration::from_micros),
            bytes: fields.get("net-bytes-all-commands-all-slots")?,
            bytes_of_slots: fields.get("net-bytes-all-commands-selected-slots")?,
            by_time: by_time
                .into_iter()
                .map(|(key, time)| (key, Duration::from_micros(time)))
                .collect(),
            by_bytes: list(&fields, "by-net-bytes")?,
        })
    }
}
