//! Whether a socket is ready.

use crate::runtimes::std;

use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use std::io;
use std::sync::Mutex;

use mio::event::Event;

use crate::runtimes::lock::lock;

/// What is known of one socket, and who wants to know more.
///
/// The system tells of changes only: a direction is ready until an attempt shows that it is not.
#[derive(Debug, Default)]
pub(in crate::runtimes::blocking) struct Source {
    readable: Direction,
    writable: Direction,
    /// The end of the stream was seen, or an error: no further change will be told.
    is_over: AtomicBool,
}

#[derive(Debug, Default)]
struct Direction {
    is_ready: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Direction {
    fn set_ready(&self) {
        self.is_ready.store(true, Ordering::Release);
        if let Some(waker) = &*lock(&self.waker) {
            waker.wake_by_ref();
        }
    }

    /// Whether it is ready; if not, who asks is woken when it is.
    fn poll_ready(&self, cx: &Context<'_>) -> Poll<()> {
        if self.is_ready.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        let mut waker = lock(&self.waker);
        if !waker.as_ref().is_some_and(|old| old.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
        drop(waker);
        if self.is_ready.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Source {
    pub(super) fn note(&self, event: &Event) {
        let is_over = event.is_read_closed() || event.is_error();
        if is_over {
            self.is_over.store(true, Ordering::Release);
        }
        if event.is_readable() || is_over {
            self.readable.set_ready();
        }
        if event.is_writable() || event.is_write_closed() || event.is_error() {
            self.writable.set_ready();
        }
    }

    /// Waits until the connection is made, or is not.
    pub(in crate::runtimes::blocking) fn poll_connected(&self, cx: &Context<'_>) -> Poll<()> {
        self.writable.poll_ready(cx)
    }

    /// Reads with `attempt` up to `len` bytes, if there may be any.
    pub(in crate::runtimes::blocking) fn poll_read(
        &self,
        cx: &Context<'_>,
        len: usize,
        attempt: impl FnOnce() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        Self::poll(&self.readable, cx, attempt).map_ok(|read| {
            // The system has no more for now, and will tell.
            if read < len && !self.is_over.load(Ordering::Acquire) {
                self.readable.is_ready.store(false, Ordering::Release);
            }
            read
        })
    }

    /// Writes with `attempt`, if there may be room.
    pub(in crate::runtimes::blocking) fn poll_write(
        &self,
        cx: &Context<'_>,
        attempt: impl FnOnce() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        Self::poll(&self.writable, cx, attempt)
    }

    fn poll(
        direction: &Direction,
        cx: &Context<'_>,
        attempt: impl FnOnce() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if direction.poll_ready(cx).is_pending() {
            return Poll::Pending;
        }
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                direction.is_ready.store(false, Ordering::Release);
                direction.poll_ready(cx).map(|()| Err(io::ErrorKind::Interrupted.into()))
            }
            done => Poll::Ready(done),
        }
    }
}
