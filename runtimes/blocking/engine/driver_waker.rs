//! The waker of the driver: the leader polls the driver again.
//!
//! Rules of this file. A wake-up interrupts the leader only while it waits for events. The leader
//! says that it waits before it looks for wake-ups, and a wake-up is noted before its thread asks
//! whether the leader waits: one of the two sees the other.

use crate::runtimes::std;

use core::sync::atomic::{AtomicBool, Ordering};
use std::io;
use std::sync::Arc;
use std::task::Wake;

use mio::{Registry, Token};

/// The token of the driver's waker; other tokens are places in the table of sockets.
pub(super) const DRIVER: Token = Token(usize::MAX);

/// Wakes the driver, and interrupts a leader that waits for events.
#[derive(Debug)]
pub(super) struct DriverWaker {
    is_woken: AtomicBool,
    /// Whether the leader waits for events.
    is_leader_waiting: AtomicBool,
    is_closed: AtomicBool,
    waker: mio::Waker,
}

impl DriverWaker {
    pub(super) fn new(registry: &Registry) -> io::Result<Self> {
        Ok(Self {
            is_woken: AtomicBool::new(false),
            is_leader_waiting: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            waker: mio::Waker::new(registry, DRIVER)?,
        })
    }

    /// Wakes the driver.
    pub(super) fn interrupt(&self) {
        self.set_woken();
        if self.is_leader_waiting.load(Ordering::SeqCst) {
            // A full pipe of the system has a wake-up in it already; nothing else can fail.
            drop(self.waker.wake());
        }
    }

    /// Wakes the driver, for a thread that is the leader or knows that there is none.
    pub(super) fn set_woken(&self) {
        self.is_woken.store(true, Ordering::SeqCst);
    }

    /// Whether the driver was woken since this was asked last.
    pub(super) fn take_woken(&self) -> bool {
        self.is_woken.swap(false, Ordering::SeqCst)
    }

    /// Notes that the leader will wait for events. Returns whether it need not: the driver was
    /// woken meanwhile.
    pub(super) fn begin_waiting(&self) -> bool {
        self.is_leader_waiting.store(true, Ordering::SeqCst);
        self.is_woken.load(Ordering::SeqCst)
    }

    /// Notes that the leader has its events.
    pub(super) fn end_waiting(&self) {
        self.is_leader_waiting.store(false, Ordering::SeqCst);
    }

    /// Notes that the driver has to end.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    /// Whether the driver has to end.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }
}

impl Wake for DriverWaker {
    fn wake(self: Arc<Self>) {
        self.interrupt();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.interrupt();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    /// Whether the leader's next wait would be interrupted.
    fn is_interrupted(poll: &mut mio::Poll) -> io::Result<bool> {
        let mut events = mio::Events::with_capacity(1);
        poll.poll(&mut events, Some(Duration::ZERO))?;
        Ok(!events.is_empty())
    }

    #[test]
    fn only_a_leader_that_waits_is_interrupted() -> io::Result<()> {
        let mut poll = mio::Poll::new()?;
        let waker = DriverWaker::new(poll.registry())?;
        waker.interrupt();
        assert!(waker.begin_waiting(), "the driver was woken before");
        waker.end_waiting();
        assert!(!is_interrupted(&mut poll)?);
        assert!(waker.take_woken() && !waker.take_woken());
        assert!(!waker.begin_waiting());
        waker.interrupt();
        assert!(is_interrupted(&mut poll)?);
        Ok(())
    }
}
