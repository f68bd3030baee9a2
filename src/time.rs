//! Points in time, as the driver tells them.

use core::fmt;
use core::ops::Add;
use core::time::Duration;

/// A point in time: how long after an epoch of the driver's choosing.
///
/// The core cannot read a clock. A driver takes one monotonic epoch when it starts and passes
/// `Instant::from_epoch(epoch.elapsed())` into the machine; a test passes whatever it likes.
/// Arithmetic saturates, so that no deadline can overflow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(Duration);

impl Instant {
    /// The epoch itself.
    pub const EPOCH: Self = Self(Duration::ZERO);

    /// The instant that lies this long after the epoch.
    #[must_use]
    pub const fn from_epoch(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// How long after the epoch this instant lies.
    #[must_use]
    pub const fn since_epoch(self) -> Duration {
        self.0
    }

    /// How long after `earlier` this instant lies; zero if it does not.
    #[must_use]
    #[inline]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    #[inline]
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{:?}", self.0)
    }
}
