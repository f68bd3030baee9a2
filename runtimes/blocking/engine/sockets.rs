//! The sockets of an engine, and whether each is ready.
//!
//! Rules of this file. The system tells of changes only: a direction is ready until an attempt
//! shows that it is not. A read that fills less than it could shows that as well, unless the end of
//! the stream or an error was seen: then no further change will be told.

use crate::runtimes::std;

use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll};
use std::io;
use std::sync::{Arc, Mutex, Weak};
use std::vec::Vec;

use mio::event::Event;
use mio::{Interest, Registry, Token};

use crate::runtimes::lock::lock;
use crate::runtimes::task_waker::TaskWaker;

/// The sockets that are watched. The token of each is its place in the table.
#[derive(Debug)]
pub(super) struct Sockets {
    registry: Registry,
    table: Mutex<Vec<Weak<SocketReadiness>>>,
}

impl Sockets {
    pub(super) const fn new(registry: Registry) -> Self {
        Self { registry, table: Mutex::new(Vec::new()) }
    }

    /// Watches a socket.
    pub(super) fn watch(
        &self,
        stream: &mut impl mio::event::Source,
    ) -> io::Result<Arc<SocketReadiness>> {
        let readiness = Arc::new(SocketReadiness::default());
        let mut table = lock(&self.table);
        let free = table.iter().position(|readiness| readiness.strong_count() == 0);
        let token = Token(free.unwrap_or(table.len()));
        self.registry.register(stream, token, Interest::READABLE | Interest::WRITABLE)?;
        match table.get_mut(token.0) {
            Some(place) => *place = Arc::downgrade(&readiness),
            None => table.push(Arc::downgrade(&readiness)),
        }
        Ok(readiness)
    }

    /// Notes what happened to a socket.
    pub(super) fn note(&self, event: &Event) {
        let readiness = lock(&self.table).get(event.token().0).and_then(Weak::upgrade);
        if let Some(readiness) = readiness {
            readiness.note(event);
        }
    }
}

/// Whether one socket is ready, and the tasks that wait until it is.
#[derive(Debug, Default)]
pub(in crate::runtimes::blocking) struct SocketReadiness {
    readable: Direction,
    writable: Direction,
    /// The end of the stream was seen, or an error.
    is_over: AtomicBool,
}

#[derive(Debug, Default)]
struct Direction {
    is_ready: AtomicBool,
    waker: TaskWaker,
}

impl Direction {
    fn set_ready(&self) {
        self.is_ready.store(true, Ordering::Release);
        self.waker.wake();
    }

    fn clear_ready(&self) {
        self.is_ready.store(false, Ordering::Release);
    }

    /// Whether it is ready. If not, the task is woken when it is.
    fn poll_ready(&self, cx: &Context<'_>) -> Poll<()> {
        if self.is_ready.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        self.waker.register(cx.waker());
        if self.is_ready.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Makes an attempt if the direction may be ready.
    fn poll(
        &self,
        cx: &Context<'_>,
        attempt: impl FnOnce() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if self.poll_ready(cx).is_pending() {
            return Poll::Pending;
        }
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.clear_ready();
                self.poll_ready(cx).map(|()| Err(io::ErrorKind::Interrupted.into()))
            }
            done => Poll::Ready(done),
        }
    }
}

impl SocketReadiness {
    fn note(&self, event: &Event) {
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
        self.readable.poll(cx, attempt).map_ok(|read| {
            // The system has no more for now, and will tell.
            if read < len && !self.is_over.load(Ordering::Acquire) {
                self.readable.clear_ready();
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
        self.writable.poll(cx, attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtimes::task_waker::tests::WakeCount;

    #[test]
    fn a_direction_is_ready_until_an_attempt_shows_that_it_is_not() {
        let readiness = SocketReadiness::default();
        let (count, waker) = WakeCount::new();
        let cx = &Context::from_waker(&waker);
        let read = |result: io::Result<usize>| readiness.poll_read(cx, 2, || result);
        assert!(read(Ok(2)).is_pending(), "nothing is known of it");
        readiness.readable.set_ready();
        assert_eq!(count.get(), 1);
        assert!(matches!(read(Ok(2)), Poll::Ready(Ok(2))));
        assert!(matches!(read(Ok(1)), Poll::Ready(Ok(1))), "there may be more");
        assert!(read(Ok(1)).is_pending(), "there was less than fits");
        readiness.readable.set_ready();
        assert!(read(Err(io::ErrorKind::WouldBlock.into())).is_pending());
        assert!(read(Ok(2)).is_pending());
        readiness.is_over.store(true, Ordering::Release);
        readiness.readable.set_ready();
        assert!(matches!(read(Ok(1)), Poll::Ready(Ok(1))));
        assert!(matches!(read(Ok(0)), Poll::Ready(Ok(0))), "the end is told once");
    }
}
