//! What the leader does: it polls the driver, and waits for sockets and timers.

use crate::runtimes::std;

use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::Ordering;
use core::task::{Context, Waker};
use core::time::Duration;
use std::boxed::Box;
use std::io;
use std::time::Instant;

use mio::Events;

use super::Engine;
use super::alarm::ALARM;
use crate::runtimes::lock::lock;

/// Events that are taken at a time. More of them come with the next look.
pub(super) const EVENT_COUNT: usize = 256;
/// Within this time of the last look nothing is looked at again for its own sake.
const IDLE_MIN: Duration = Duration::from_millis(1);

/// A driver that wakes itself, or is woken, as often as this without a pause is shown what else
/// happened.
const POLL_COUNT_MAX: u32 = 16;

/// What it takes to drive.
pub(super) struct Reactor {
    pub(super) poll: mio::Poll,
    pub(super) events: Events,
    /// `None` before the client connects, and once it is closed.
    pub(super) driver: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    pub(super) waker: Waker,
    pub(super) looked_at: Instant,
    /// How often the driver was polled since.
    pub(super) poll_count: u32,
}

impl core::fmt::Debug for Reactor {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Reactor").finish_non_exhaustive()
    }
}

impl Reactor {
    /// Takes the events that came while the seat was free, before the leader looks at timers.
    pub(super) fn catch_up(&mut self, engine: &Engine) {
        if self.looked_at.elapsed() > IDLE_MIN {
            self.look(engine, Some(Duration::ZERO));
            engine.alarm.is_woken.store(true, Ordering::SeqCst);
        }
    }

    /// Polls the driver if there is a reason; else waits for one.
    pub(super) fn turn(&mut self, engine: &Engine) {
        if engine.alarm.is_closed.load(Ordering::SeqCst) {
            self.driver = None;
        }
        if self.poll_count >= POLL_COUNT_MAX {
            self.look(engine, Some(Duration::ZERO));
        }
        if engine.alarm.is_woken.swap(false, Ordering::SeqCst) {
            self.poll_count += 1;
            let cx = &mut Context::from_waker(&self.waker);
            if self.driver.as_mut().is_some_and(|driver| driver.as_mut().poll(cx).is_ready()) {
                self.driver = None;
            }
            return;
        }
        // The clock is not asked with each turn: a timer is late by what the driver has done since.
        let (next, now) = (lock(&engine.timers).next(), self.looked_at);
        if next.is_some_and(|at| at <= now) {
            let due = lock(&engine.timers).take_due(now);
            due.iter().for_each(Waker::wake_by_ref);
            return;
        }
        let timeout = next.map(|at| at.saturating_duration_since(now));
        engine.alarm.is_asleep.store(true, Ordering::SeqCst);
        let is_woken = engine.alarm.is_woken.load(Ordering::SeqCst);
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
        // Before the events are told: they wake the driver, and the leader is awake already. An
        // alarm would interrupt its next wait for nothing.
        engine.alarm.is_asleep.store(false, Ordering::SeqCst);
        self.looked_at = Instant::now();
        self.poll_count = 0;
        // Nothing else can fail.
        if polled.is_ok() {
            for event in self.events.iter().filter(|event| event.token() != ALARM) {
                engine.tell(event);
            }
        }
    }
}
