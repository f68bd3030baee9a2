//! The waker of a thread that waits.

use crate::runtimes::std;

use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;
use std::sync::Arc;
use std::task::Wake;
use std::thread::{self, Thread};

std::thread_local! {
    pub(super) static CALLER: Caller = Caller::current();
}

/// A thread that waits.
pub(super) struct Caller {
    pub(super) bell: Arc<Bell>,
    pub(super) waker: Waker,
}

/// Wakes a thread that waits, also one that is driving.
#[derive(Debug)]
pub(super) struct Bell {
    pub(super) thread: Thread,
    /// Whether it was rung since the thread looked.
    is_rung: AtomicBool,
}

impl Caller {
    fn current() -> Self {
        let bell = Arc::new(Bell { thread: thread::current(), is_rung: AtomicBool::new(false) });
        Self { waker: Waker::from(Arc::clone(&bell)), bell }
    }
}

impl Bell {
    pub(super) fn take_rung(&self) -> bool {
        self.is_rung.swap(false, Ordering::AcqRel)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_rung.store(true, Ordering::Release);
        self.thread.unpark();
    }
}
