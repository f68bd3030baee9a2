//! The waker of the driver's task, shared by all that wake it.
//!
//! Rules of this file. Each poll of the driver registers its waker before it looks for work. So
//! work that comes later finds the waker of the last poll. A wake-up before the first poll does
//! nothing: the first poll looks for work anyway.

use super::std;

use core::task::Waker;
use std::sync::Mutex;

use super::lock::lock;

/// Wakes the task that was registered last.
#[derive(Debug, Default)]
pub(super) struct TaskWaker {
    waker: Mutex<Option<Waker>>,
}

impl TaskWaker {
    /// Registers the waker with which the task is polled now.
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::Arc;
    use std::task::Wake;

    /// Counts the wake-ups of its waker.
    #[derive(Debug, Default)]
    pub(in crate::runtimes) struct WakeCount(AtomicUsize);

    impl WakeCount {
        pub(in crate::runtimes) fn new() -> (Arc<Self>, Waker) {
            let count = Arc::new(Self::default());
            (Arc::clone(&count), Waker::from(count))
        }

        pub(in crate::runtimes) fn get(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    impl Wake for WakeCount {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn the_task_that_registered_last_is_woken() {
        let task = TaskWaker::default();
        task.wake();
        let ((first, first_waker), (second, second_waker)) = (WakeCount::new(), WakeCount::new());
        task.register(&first_waker);
        task.register(&second_waker);
        task.wake();
        task.wake();
        assert_eq!((first.get(), second.get()), (0, 2));
    }
}
