//! The timers of an engine.

use crate::runtimes::std;

use core::task::Waker;
use std::time::Instant;
use std::vec::Vec;

/// Who is to be woken, and when: the driver, and dials that are patient for so long only.
#[derive(Debug, Default)]
pub(super) struct Timers {
    pub(super) serial: u64,
    pub(super) waiting: Vec<(u64, Instant, Waker)>,
}

impl Timers {
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.iter().map(|(_, at, _)| *at).min()
    }

    pub(super) fn take_due(&mut self, now: Instant) -> Vec<Waker> {
        let due = self.waiting.extract_if(.., |(_, at, _)| *at <= now);
        due.map(|(_, _, waker)| waker).collect()
    }
}
