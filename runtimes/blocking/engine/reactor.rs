//! The reactor: what the leader drives with.
//!
//! Rules of this file. The driver is polled if it was woken; else the leader waits for events and
//! timers. A driver that is woken without end is interrupted after some polls, so that it learns
//! what its sockets have. The events that came while there was no leader are taken before any timer
//! runs.

use crate::runtimes::std;

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Waker};
use core::time::Duration;
use std::boxed::Box;
use std::io;
use std::time::Instant;

use mio::Events;

use super::Engine;
use super::driver_waker::DRIVER;
use crate::runtimes::lock::lock;

/// Events that are taken at a time. More of them come with the next look.
const EVENT_COUNT: usize = 256;

/// Within this time of the last look nothing is looked at again for its own sake.
const IDLE_MIN: Duration = Duration::from_millis(1);

/// Polls of the driver without a look at events in between.
const POLL_COUNT_MAX: u32 = 16;

/// The future that drives the machine.
pub(super) type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the leader polls the driver and waits for events with.
pub(super) struct Reactor {
    poll: mio::Poll,
    events: Events,
    /// `None` before the client connects, and once it is closed.
    driver: Option<Driver>,
    waker: Waker,
    looked_at: Instant,
    /// How often the driver was polled since.
    poll_count: u32,
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").finish_non_exhaustive()
    }
}

impl Reactor {
    /// The waker wakes the driver.
    pub(super) fn new(poll: mio::Poll, waker: Waker) -> Self {
        Self {
            poll,
            events: Events::with_capacity(EVENT_COUNT),
            driver: None,
            waker,
            looked_at: Instant::now(),
            poll_count: 0,
        }
    }

    pub(super) fn install(&mut self, driver: impl Future<Output = ()> + Send + 'static) {
        self.driver = Some(Box::pin(driver));
    }

    pub(super) const fn take_driver(&mut self) -> Option<Driver> {
        self.driver.take()
    }

    /// Takes the events that came while there was no leader, before the leader looks at timers.
    pub(super) fn catch_up(&mut self, engine: &Engine) {
        if self.looked_at.elapsed() > IDLE_MIN {
            self.look(engine, Some(Duration::ZERO));
            engine.driver_waker.set_woken();
        }
    }

    /// Polls the driver if there is a reason; else waits for one.
    pub(super) fn turn(&mut self, engine: &Engine) {
        if engine.driver_waker.is_closed() {
            self.driver = None;
        }
        if self.poll_count >= POLL_COUNT_MAX {
            self.look(engine, Some(Duration::ZERO));
        }
        if engine.driver_waker.take_woken() {
            self.poll_driver();
        } else {
            self.wait(engine);
        }
    }

    fn poll_driver(&mut self) {
        self.poll_count += 1;
        let cx = &mut Context::from_waker(&self.waker);
        if self.driver.as_mut().is_some_and(|driver| driver.as_mut().poll(cx).is_ready()) {
            self.driver = None;
        }
    }

    /// Runs the timers that are due, or waits for events until the next one is.
    fn wait(&mut self, engine: &Engine) {
        // The clock is not read in each turn: a timer is late by what the driver has done since.
        let (next, now) = (lock(&engine.timers).next(), self.looked_at);
        if next.is_some_and(|at| at <= now) {
            let due = lock(&engine.timers).take_due(now);
            due.iter().for_each(Waker::wake_by_ref);
            return;
        }
        let timeout = next.map(|at| at.saturating_duration_since(now));
        let is_woken = engine.driver_waker.begin_waiting();
        self.look(engine, if is_woken { Some(Duration::ZERO) } else { timeout });
    }

    /// Takes events, and waits for them no longer than this.
    fn look(&mut self, engine: &Engine, timeout: Option<Duration>) {
        let mut polled = self.poll.poll(&mut self.events, timeout);
        // A process that was stopped comes back without having looked. Timers may be due: it looks
        // first.
        while polled.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
            polled = self.poll.poll(&mut self.events, Some(Duration::ZERO));
        }
        // Before the events are told: they wake the driver, and the leader is awake already. A
        // wake-up would interrupt its next wait for nothing.
        engine.driver_waker.end_waiting();
        self.looked_at = Instant::now();
        self.poll_count = 0;
        // Nothing else can fail.
        if polled.is_ok() {
            for event in self.events.iter().filter(|event| event.token() != DRIVER) {
                engine.sockets.note(event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SocketReadiness;
    use super::*;
    use crate::runtimes::oneshot;
    use core::future::poll_fn;
    use core::task::Poll;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::Arc;

    /// A connection on which there is something to read.
    fn with_a_byte(engine: &Engine) -> io::Result<(mio::net::TcpStream, Arc<SocketReadiness>)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut stream = mio::net::TcpStream::connect(listener.local_addr()?)?;
        let readiness = engine.watch(&mut stream)?;
        listener.accept()?.0.write_all(b"x")?;
        Ok((stream, readiness))
    }

    #[test]
    fn events_do_not_interrupt_the_leader_that_waits_for_them() -> io::Result<()> {
        let engine = Engine::new()?;
        let (mut stream, readiness) = with_a_byte(&engine)?;
        let (sender, receiver) = oneshot::channel();
        engine.spawn(async move {
            let read = poll_fn(|cx| readiness.poll_read(cx, 2, || stream.read(&mut [0; 2]))).await;
            sender.send(read);
        });
        assert_eq!(engine.wait(receiver).expect("is sent")?, 1);
        let mut reactor = lock(&engine.leadership).reactor.take().expect("no thread waits");
        reactor.poll.poll(&mut reactor.events, Some(Duration::ZERO))?;
        assert!(reactor.events.iter().all(|event| event.token() != DRIVER));
        Ok(())
    }

    #[test]
    fn a_driver_that_never_rests_learns_of_its_sockets() -> io::Result<()> {
        let engine = Engine::new()?;
        let (mut stream, readiness) = with_a_byte(&engine)?;
        let (sender, receiver) = oneshot::channel();
        let mut sender = Some(sender);
        let begun_at = Instant::now();
        engine.spawn(poll_fn(move |cx| {
            if readiness.poll_read(cx, 2, || stream.read(&mut [0; 2])).is_ready() {
                sender.take().expect("sends once").send(true);
                return Poll::Ready(());
            }
            if begun_at.elapsed() > Duration::from_secs(10) {
                return Poll::Ready(()); // it has waited in vain
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        assert_eq!(engine.wait(receiver), Some(true));
        Ok(())
    }
}
