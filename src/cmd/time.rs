//! Periods and points in time, as commands take them and as replies tell them.

use core::time::Duration;

use super::typed::Typed;
use crate::command::{Arg, FromValue, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// A point in time: the milliseconds since 1970-01-01 00:00 UTC.
///
/// With the feature `std` a `SystemTime` converts into it.
///
/// ```
/// use hashslot::cmd::{self, UnixTime};
/// let new_year = UnixTime::from_secs(1_798_761_600);
/// let command = cmd::set("offer", "2 for 1").expire_at(new_year);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(u64);

impl UnixTime {
    /// So many seconds after 1970-01-01 00:00 UTC.
    #[must_use]
    #[inline]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// So many milliseconds after 1970-01-01 00:00 UTC.
    #[must_use]
    #[inline]
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// The milliseconds since 1970-01-01 00:00 UTC.
    #[must_use]
    #[inline]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The time since 1970-01-01 00:00 UTC.
    #[must_use]
    #[inline]
    pub const fn since_epoch(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl ToArg for UnixTime {
    /// The milliseconds, as commands with `P` in their names take them.
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        self.0.into_arg()
    }
}

impl FromValue for UnixTime {
    /// Reads milliseconds.
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        u64::from_value(value, frame).map(Self)
    }
}

/// How long a key or a field lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth answer")]
pub enum Ttl {
    /// It expires after this time.
    Expires(Duration),
    /// It exists and does not expire.
    Persistent,
    /// It does not exist.
    Missing,
}

impl Ttl {
    /// The time that is left; `None` if it does not expire or does not exist.
    #[must_use]
    #[inline]
    pub const fn left(self) -> Option<Duration> {
        if let Self::Expires(left) = self { Some(left) } else { None }
    }
}

impl FromValue for Ttl {
    /// Reads milliseconds, -1 or -2.
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        match i64::from_value(value, frame)? {
            -1 => Ok(Self::Persistent),
            -2 => Ok(Self::Missing),
            left => match u64::try_from(left) {
                Ok(left) => Ok(Self::Expires(Duration::from_millis(left))),
                Err(_) => Err(ConversionError::custom("a time to live below -2")),
            },
        }
    }
}

/// When a key or a field expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth answer")]
pub enum Expiry {
    /// It expires at this point in time.
    At(UnixTime),
    /// It exists and does not expire.
    Persistent,
    /// It does not exist.
    Missing,
}

impl FromValue for Expiry {
    /// Reads milliseconds since 1970, -1 or -2.
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        match i64::from_value(value, frame)? {
            -1 => Ok(Self::Persistent),
            -2 => Ok(Self::Missing),
            at => match u64::try_from(at) {
                Ok(at) => Ok(Self::At(UnixTime(at))),
                Err(_) => Err(ConversionError::custom("a time of expiry below -2")),
            },
        }
    }
}

/// A period as servers take it: in seconds where that is exact, or else in milliseconds, rounded
/// up.
#[derive(Debug, Clone, Copy)]
pub(super) enum Period {
    Seconds(u64),
    Milliseconds(u64),
}

impl Period {
    #[inline]
    pub(super) fn of(duration: Duration) -> Self {
        if duration.subsec_nanos() == 0 {
            return Self::Seconds(duration.as_secs());
        }
        Self::Milliseconds(milliseconds(duration))
    }

    /// The same for a point in time.
    #[inline]
    pub(super) const fn until(at: UnixTime) -> Self {
        if at.0.is_multiple_of(1000) {
            Self::Seconds(at.0 / 1000)
        } else {
            Self::Milliseconds(at.0)
        }
    }
}

/// The milliseconds of a period, rounded up: a period that is not zero does not become zero.
#[inline]
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

/// The seconds of a timeout, in whole milliseconds rounded up: a timeout that is not zero does not
/// become zero.
#[inline]
pub(super) fn seconds(timeout: Duration) -> f64 {
    Duration::from_millis(milliseconds(timeout)).as_secs_f64()
}

/// The seconds of a period, rounded up.
#[inline]
pub(super) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0))
}

impl<R> Typed<R> {
    /// Adds a period behind the word for its unit.
    pub(super) fn period(
        self,
        seconds: &'static str,
        milliseconds: &'static str,
        p: Period,
    ) -> Self {
        match p {
            Period::Seconds(count) => self.arg(seconds).arg(count),
            Period::Milliseconds(count) => self.arg(milliseconds).arg(count),
        }
    }
}
