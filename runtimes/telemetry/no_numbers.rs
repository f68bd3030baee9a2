//! Without the feature `metrics` nothing is counted or timed.

use super::Cluster;

#[derive(Debug, Default)]
pub(super) struct Clock;

#[derive(Debug)]
pub(super) struct Timer;

#[derive(Debug, Default)]
pub(super) struct Dials;

impl Clock {
    #[expect(clippy::unused_self, reason = "there is none")]
    pub(super) const fn begin(&self) -> Timer {
        Timer
    }
}

impl Timer {
    #[expect(clippy::unused_self, reason = "there is none")]
    pub(super) const fn end(self) {}
}

impl Dials {
    #[expect(clippy::unused_self, reason = "there are none")]
    pub(super) fn read<T>(&mut self, _: &Cluster<T>, _: impl FnOnce() -> usize) {}
}
