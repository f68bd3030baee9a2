//! One value, from one task to another.

use super::std;

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::sync::{Arc, Mutex};

use super::lock::lock;

/// A value that one task waits for and another one brings.
#[derive(Debug)]
pub(super) struct Answer<V>(Arc<Mutex<(Option<V>, Option<Waker>)>>);

impl<V> Answer<V> {
    pub(super) fn new() -> (Bringer<V>, Self) {
        let cell = Arc::new(Mutex::new((None, None)));
        (Bringer(Arc::clone(&cell)), Self(cell))
    }
}

impl<V> Future for Answer<V> {
    type Output = Option<V>;

    /// `None` if it will never be brought.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<V>> {
        let is_alone = Arc::strong_count(&self.0) == 1;
        let mut cell = lock(&self.0);
        if let Some(value) = cell.0.take() {
            return Poll::Ready(Some(value));
        }
        if is_alone {
            return Poll::Ready(None);
        }
        cell.1 = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// The end of an [`Answer`] that brings the value.
#[derive(Debug)]
pub(super) struct Bringer<V>(Arc<Mutex<(Option<V>, Option<Waker>)>>);

impl<V> Bringer<V> {
    /// Whether the other end still waits for the value.
    #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std", feature = "blocking"))]
    pub(super) fn is_awaited(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    pub(super) fn bring(&self, value: V) {
        lock(&self.0).0 = Some(value);
    }
}

impl<V> Drop for Bringer<V> {
    fn drop(&mut self) {
        let waker = lock(&self.0).1.take();
        // The other end must find itself alone.
        let cell = core::mem::replace(&mut self.0, Arc::new(Mutex::new((None, None))));
        drop(cell);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
