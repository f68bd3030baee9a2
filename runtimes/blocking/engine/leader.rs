//! Leader and followers: one waiting thread, the leader, drives for all.
//!
//! Rules of this file. A thread that waits for an outcome and finds no leader becomes the leader.
//! The leader drives until its own outcome is there. Then it gives the reactor back and wakes the
//! next follower, which becomes the leader. A thread that finds a leader is a follower: it stands
//! in line once, and parks until its outcome is there or it is the next. A thread whose wait ends
//! leaves the line, and wakes the next follower if there is no leader. This also holds if a panic
//! ends the wait.

use crate::runtimes::std;

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll};
use std::boxed::Box;
use std::collections::VecDeque;
use std::thread::{self, Thread};

use super::Engine;
use super::reactor::{Driver, Reactor};
use super::thread_waker::THIS_THREAD;
use crate::runtimes::lock::lock;

/// Which thread drives, and which ones could be next.
#[derive(Debug)]
pub(super) struct Leadership {
    /// `None` while a leader has it.
    pub(super) reactor: Option<Box<Reactor>>,
    /// The threads in line, the next leader first.
    followers: VecDeque<Thread>,
}

impl Leadership {
    pub(super) fn new(reactor: Reactor) -> Self {
        Self { reactor: Some(Box::new(reactor)), followers: VecDeque::new() }
    }

    /// Installs a driver. There is no leader yet.
    pub(super) fn install(&mut self, driver: impl Future<Output = ()> + Send + 'static) {
        if let Some(reactor) = &mut self.reactor {
            reactor.install(driver);
        }
    }

    /// Takes the driver, unless a leader has it.
    pub(super) fn take_driver(&mut self) -> Option<Driver> {
        self.reactor.as_mut().and_then(|reactor| reactor.take_driver())
    }

    fn leave_line(&mut self, thread: &Thread) {
        self.followers.retain(|follower| follower.id() != thread.id());
    }
}

impl Engine {
    /// Waits for the output of a future, and drives as the leader if there is none.
    pub(in crate::runtimes::blocking) fn wait<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        THIS_THREAD.with(|this| {
            let cx = &mut Context::from_waker(&this.waker);
            let mut waiter = Waiter::new(self, &this.thread_waker.thread);
            loop {
                if let Poll::Ready(output) = future.as_mut().poll(cx) {
                    return output;
                }
                match waiter.try_lead() {
                    Some(reactor) => {
                        while !this.thread_waker.take_woken() {
                            reactor.turn(self);
                        }
                    }
                    None => thread::park(),
                }
            }
        })
    }
}

/// A thread that waits, as leader or as follower.
struct Waiter<'e> {
    engine: &'e Engine,
    thread: &'e Thread,
    /// `Some` while the thread is the leader.
    reactor: Option<Box<Reactor>>,
}

impl<'e> Waiter<'e> {
    const fn new(engine: &'e Engine, thread: &'e Thread) -> Self {
        Self { engine, thread, reactor: None }
    }

    /// Returns the reactor if the thread is the leader, or becomes it. Otherwise the thread stands
    /// in line, once.
    fn try_lead(&mut self) -> Option<&mut Reactor> {
        if self.reactor.is_none() {
            let mut leadership = lock(&self.engine.leadership);
            let Some(reactor) = leadership.reactor.take() else {
                if leadership.followers.iter().all(|follower| follower.id() != self.thread.id()) {
                    leadership.followers.push_back(self.thread.clone());
                }
                return None;
            };
            // The thread may lead before its turn. If it stayed in line, it would wake itself when
            // it stops, and not the next follower.
            leadership.leave_line(self.thread);
            drop(leadership);
            self.reactor.insert(reactor).catch_up(self.engine);
        }
        self.reactor.as_deref_mut()
    }
}

impl Drop for Waiter<'_> {
    /// Gives the reactor back, and wakes the next follower, also if a panic ends the wait.
    fn drop(&mut self) {
        let mut leadership = lock(&self.engine.leadership);
        match self.reactor.take() {
            Some(reactor) => leadership.reactor = Some(reactor),
            None => leadership.leave_line(self.thread),
        }
        if leadership.reactor.is_some()
            && let Some(next) = leadership.followers.pop_front()
        {
            drop(leadership);
            next.unpark();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::vec::Vec;

    #[test]
    fn a_leader_that_came_early_wakes_the_next_follower() -> io::Result<()> {
        let engine = Engine::new()?;
        let threads = [(); 3].map(|()| thread::spawn(|| {}).thread().clone());
        let [mut first, mut early, mut woken] =
            threads.each_ref().map(|thread| Waiter::new(&engine, thread));
        assert!(first.try_lead().is_some());
        assert!(woken.try_lead().is_none());
        assert!(early.try_lead().is_none());
        drop(first);
        assert!(early.try_lead().is_some());
        assert!(woken.try_lead().is_none());
        let line = lock(&engine.leadership).followers.iter().map(Thread::id).collect::<Vec<_>>();
        assert_eq!(line, [threads[2].id()]);
        drop(early);
        assert!(lock(&engine.leadership).followers.is_empty());
        assert!(woken.try_lead().is_some());
        Ok(())
    }

    #[test]
    fn a_follower_that_stops_waiting_leaves_the_line() -> io::Result<()> {
        let engine = Engine::new()?;
        let threads = [(); 2].map(|()| thread::spawn(|| {}).thread().clone());
        let [mut leader, mut follower] =
            threads.each_ref().map(|thread| Waiter::new(&engine, thread));
        assert!(leader.try_lead().is_some());
        assert!(follower.try_lead().is_none());
        drop(follower);
        assert!(lock(&engine.leadership).followers.is_empty());
        Ok(())
    }
}
