//! The twin of `metrics` without the feature: nothing is counted or timed.

use super::Cluster;

#[derive(Debug, Default)]
pub(super) struct CallDurations;

#[derive(Debug)]
pub(super) struct Timer;

#[derive(Debug, Default)]
pub(super) struct Instruments;

impl CallDurations {
    #[expect(clippy::unused_self, reason = "there is none")]
    pub(super) const fn begin(&self) -> Timer {
        Timer
    }
}

impl Timer {
    #[expect(clippy::unused_self, reason = "there is none")]
    pub(super) const fn end(self) {}
}

impl Instruments {
    #[expect(clippy::unused_self, reason = "there are none")]
    pub(super) fn update<T>(&mut self, _: &Cluster<T>, _: impl FnOnce() -> usize) {}
}
