//! The waker of a thread that waits for an outcome, as leader or as follower.

use crate::runtimes::std;

use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;
use std::sync::Arc;
use std::task::Wake;
use std::thread::{self, Thread};

std::thread_local! {
    pub(super) static THIS_THREAD: ThisThread = ThisThread::new();
}

/// The waker of the current thread, in both its forms.
pub(super) struct ThisThread {
    pub(super) thread_waker: Arc<ThreadWaker>,
    pub(super) waker: Waker,
}

impl ThisThread {
    fn new() -> Self {
        let thread = thread::current();
        let thread_waker = Arc::new(ThreadWaker { thread, is_woken: AtomicBool::new(false) });
        Self { waker: Waker::from(Arc::clone(&thread_waker)), thread_waker }
    }
}

/// Wakes a thread: a follower that is parked, or a leader between two turns.
#[derive(Debug)]
pub(super) struct ThreadWaker {
    pub(super) thread: Thread,
    /// Whether the thread was woken since it asked last.
    is_woken: AtomicBool,
}

impl ThreadWaker {
    pub(super) fn take_woken(&self) -> bool {
        self.is_woken.swap(false, Ordering::AcqRel)
    }
}

impl Wake for ThreadWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_was_woken_does_not_park() {
        THIS_THREAD.with(|this| {
            this.waker.wake_by_ref();
            thread::park(); // returns at once
            assert!(this.thread_waker.take_woken() && !this.thread_waker.take_woken());
        });
    }
}
