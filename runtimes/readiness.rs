//! What woke the driver, so that everything else is left alone.

use super::std;

use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;
use std::sync::Arc;
use std::task::Wake;

use super::task_waker::TaskWaker;

/// Whether something happened to one thing that the driver polls.
#[derive(Debug)]
pub(super) struct Readiness {
    flag: Arc<Flag>,
    /// The waker to poll it with.
    pub(super) waker: Waker,
}

#[derive(Debug)]
struct Flag {
    is_ready: AtomicBool,
    driver: Arc<TaskWaker>,
}

impl Readiness {
    /// Ready at first: nothing is known of a thing that was not polled yet.
    pub(super) fn new(driver: &Arc<TaskWaker>) -> Self {
        let flag = Arc::new(Flag { is_ready: AtomicBool::new(true), driver: Arc::clone(driver) });
        Self { waker: Waker::from(Arc::clone(&flag)), flag }
    }

    /// Whether something happened since this was asked last.
    pub(super) fn take(&self) -> bool {
        let is_ready = &self.flag.is_ready;
        is_ready.load(Ordering::Acquire) && is_ready.swap(false, Ordering::AcqRel)
    }

    /// Marks the thing as ready. The driver is awake, and needs no wake-up.
    pub(super) fn set(&self) {
        self.flag.is_ready.store(true, Ordering::Release);
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_ready.swap(true, Ordering::AcqRel) {
            self.driver.wake();
        }
    }
}
