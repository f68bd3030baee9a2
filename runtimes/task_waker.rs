//! The waker of the driver's task, for all that wake it.

use super::std;

use core::task::Waker;
use std::sync::Mutex;

use super::lock::lock;

/// Wakes the driver's task.
#[derive(Debug, Default)]
pub(super) struct Signal {
    waker: Mutex<Option<Waker>>,
}

impl Signal {
    /// The driver is polled with this waker now.
    pub(super) fn register(&self, waker: &Waker) {
        let mut registered = lock(&self.waker);
        if !registered.as_ref().is_some_and(|old| old.will_wake(waker)) {
            *registered = Some(waker.clone());
        }
    }

    pub(super) fn wake(&self) {
        if let Some(waker) = &*lock(&self.waker) {
            waker.wake_by_ref();
        }
    }
}
