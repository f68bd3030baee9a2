//! The timers of an engine: of the driver, and of dials that have a time limit.

use crate::runtimes::std;

use core::task::Waker;
use std::time::Instant;
use std::vec::Vec;

/// Timers that are set, in no order: there are few.
#[derive(Debug, Default)]
pub(super) struct Timers {
    serial: u64,
    waiting: Vec<(u64, Instant, Waker)>,
}

impl Timers {
    /// Returns a name for a timer.
    pub(super) const fn new_timer(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Sets a timer. One that is set already keeps its time and wakes this waker.
    pub(super) fn set(&mut self, timer: u64, at: Instant, waker: &Waker) {
        match self.waiting.iter_mut().find(|waiting| waiting.0 == timer) {
            Some(waiting) => waiting.2.clone_from(waker),
            None => self.waiting.push((timer, at, waker.clone())),
        }
    }

    pub(super) fn clear(&mut self, timer: u64) {
        self.waiting.retain(|waiting| waiting.0 != timer);
    }

    /// When the next timer is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.iter().map(|(_, at, _)| *at).min()
    }

    /// Takes out the timers that are due.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<Waker> {
        let due = self.waiting.extract_if(.., |(_, at, _)| *at <= now);
        due.map(|(_, _, waker)| waker).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtimes::blocking::engine::Engine;
    use crate::runtimes::blocking::socket::Handle;
    use crate::runtimes::lock::lock;
    use crate::runtimes::runtime::Runtime as _;
    use core::future::Future as _;
    use core::task::Context;
    use core::time::Duration;
    use std::boxed::Box;
    use std::io;
    use std::sync::Arc;

    #[test]
    fn a_timer_is_set_once_however_often_it_is_polled() -> io::Result<()> {
        let engine = Engine::new()?;
        let (begun_at, time) = (Instant::now(), Duration::from_millis(30));
        let mut sleep = Box::pin(Handle(Arc::clone(&engine)).sleep(time));
        for _ in 0..3 {
            assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            assert_eq!(lock(&engine.timers).waiting.len(), 1);
        }
        engine.wait(sleep); // the waker of the last poll counts
        assert!(begun_at.elapsed() >= time);
        assert!(lock(&engine.timers).waiting.is_empty());
        Ok(())
    }

    #[test]
    fn timers_that_are_due_are_taken_out() {
        let now = Instant::now();
        let mut timers = Timers::default();
        let [first, second, cleared] = [(); 3].map(|()| timers.new_timer());
        timers.set(second, now + Duration::from_secs(1), Waker::noop());
        timers.set(first, now, Waker::noop());
        timers.set(cleared, now, Waker::noop());
        timers.clear(cleared);
        assert_eq!(timers.next(), Some(now));
        assert_eq!(timers.take_due(now).len(), 1);
        assert_eq!(timers.next(), Some(now + Duration::from_secs(1)));
    }
}
