//! The waker of the driver.

use crate::runtimes::std;

use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::task::Wake;

use mio::Token;

/// The token of the alarm; the others are places in a table.
pub(super) const ALARM: Token = Token(usize::MAX);

/// Wakes the driver: the leader polls it again.
#[derive(Debug)]
pub(super) struct Alarm {
    pub(super) is_woken: AtomicBool,
    /// Whether the leader waits for events.
    pub(super) is_asleep: AtomicBool,
    pub(super) is_closed: AtomicBool,
    pub(super) waker: mio::Waker,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::SeqCst);
        if self.is_asleep.load(Ordering::SeqCst) {
            // A full pipe of the system has an alarm in it already; nothing else can fail.
            drop(self.waker.wake());
        }
    }
}
