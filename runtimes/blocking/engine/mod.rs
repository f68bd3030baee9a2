//! The engine: what a blocking client has instead of a runtime.
//!
//! Theory of operation. Leader and followers. The driver and its parts are those of all runtimes,
//! but no thread of its own polls the driver. One of the threads that wait for an outcome is the
//! leader, and polls the driver for all (`leader`). It waits for sockets and timers with the
//! `reactor`. While no thread waits, nothing is driven. The next leader reads what came in
//! meanwhile before it looks at any timer.

mod driver_waker;
mod leader;
mod reactor;
mod sockets;
mod thread_waker;
mod timers;

use super::std;

use core::future::Future;
use core::task::Waker;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use self::driver_waker::DriverWaker;
use self::leader::Leadership;
use self::reactor::Reactor;
pub(super) use self::sockets::SocketReadiness;
use self::sockets::Sockets;
use self::timers::Timers;
use crate::runtimes::lock::lock;

/// What a client has instead of a runtime.
#[derive(Debug)]
pub(super) struct Engine {
    leadership: Mutex<Leadership>,
    sockets: Sockets,
    timers: Mutex<Timers>,
    driver_waker: Arc<DriverWaker>,
}

impl Engine {
    pub(super) fn new() -> io::Result<Arc<Self>> {
        let poll = mio::Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let driver_waker = Arc::new(DriverWaker::new(&registry)?);
        let reactor = Reactor::new(poll, Waker::from(Arc::clone(&driver_waker)));
        Ok(Arc::new(Self {
            leadership: Mutex::new(Leadership::new(reactor)),
            sockets: Sockets::new(registry),
            timers: Mutex::default(),
            driver_waker,
        }))
    }

    /// Installs a driver, which runs whenever a thread waits.
    pub(super) fn spawn(&self, driver: impl Future<Output = ()> + Send + 'static) {
        self.driver_waker.set_woken();
        lock(&self.leadership).install(driver);
    }

    /// Ends the driver: at once if there is no leader, else at the leader's next turn.
    pub(super) fn close(&self) {
        self.driver_waker.close();
        let driver = lock(&self.leadership).take_driver();
        drop(driver);
        self.driver_waker.interrupt();
    }

    /// Returns a name for a timer.
    pub(super) fn new_timer(&self) -> u64 {
        lock(&self.timers).new_timer()
    }

    /// Sets a timer. It wakes the waker that it was set with last.
    pub(super) fn set_timer(&self, timer: u64, at: Instant, waker: &Waker) {
        lock(&self.timers).set(timer, at, waker);
    }

    pub(super) fn clear_timer(&self, timer: u64) {
        lock(&self.timers).clear(timer);
    }

    /// Watches a socket.
    pub(super) fn watch(
        &self,
        stream: &mut impl mio::event::Source,
    ) -> io::Result<Arc<SocketReadiness>> {
        self.sockets.watch(stream)
    }
}
