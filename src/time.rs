//! Points in time, as the driver tells them.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Add;
use core::time::Duration;

/// A point in time: how long after an epoch of the driver's choosing.
///
/// The core cannot read a clock. A driver takes one monotonic epoch when it starts and passes
/// `Instant::from_epoch(epoch.elapsed())` into the machine; a test passes whatever it likes.
/// Arithmetic saturates, so that no deadline can overflow.
///
/// **Unit**: nanoseconds. **Limit**: 584 years after the epoch; what is later is that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Instant(u64);

impl Instant {
    /// The epoch itself.
    pub const EPOCH: Self = Self(0);

    /// The instant that lies this long after the epoch.
    #[must_use]
    pub const fn from_epoch(elapsed: Duration) -> Self {
        Self(nanoseconds(elapsed))
    }

    /// How long after the epoch this instant lies.
    #[must_use]
    pub const fn since_epoch(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// How long after `earlier` this instant lies; zero if it does not.
    #[must_use]
    #[inline]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A duration as a number: additions and comparisons of numbers are on the path of each command.
#[inline]
const fn nanoseconds(duration: Duration) -> u64 {
    let [first, second, third, fourth] = duration.subsec_nanos().to_le_bytes();
    let below_second = u64::from_le_bytes([first, second, third, fourth, 0, 0, 0, 0]);
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(below_second)
}

impl Add<Duration> for Instant {
    type Output = Self;

    #[inline]
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanoseconds(duration)))
    }
}

impl Hash for Instant {
    /// As one number of 16 bytes, so that a hasher can tell instants from all else.
    fn hash<H: Hasher>(&self, to: &mut H) {
        to.write_u128(self.0.into());
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{:?}", self.since_epoch())
    }
}
