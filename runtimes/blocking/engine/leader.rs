//! Leader and followers: one waiting thread drives for all.

use crate::runtimes::std;

use std::boxed::Box;
use std::collections::VecDeque;
use std::thread::Thread;

use super::Engine;
use super::reactor::Reactor;
use crate::runtimes::lock::lock;

/// The one place from which the machine is driven.
#[derive(Debug)]
pub(super) struct Seat {
    /// `None` while a leader has it.
    pub(super) reactor: Option<Box<Reactor>>,
    pub(super) waiting: VecDeque<Thread>,
}

/// One wait of one thread.
pub(super) struct Visit<'e> {
    pub(super) engine: &'e Engine,
    pub(super) thread: &'e Thread,
    /// `Some` while the thread has the seat.
    pub(super) reactor: Option<Box<Reactor>>,
}

impl Visit<'_> {
    /// Returns the reactor if the thread has the seat, or the seat is free. Otherwise the thread
    /// waits in line for the seat, once.
    pub(super) fn sits_down(&mut self) -> Option<&mut Reactor> {
        if self.reactor.is_none() {
            let mut seat = lock(&self.engine.seat);
            let Some(reactor) = seat.reactor.take() else {
                if seat.waiting.iter().all(|waiting| waiting.id() != self.thread.id()) {
                    seat.waiting.push_back(self.thread.clone());
                }
                return None;
            };
            // The thread may have taken the seat before its turn. If it stayed in line, it would
            // wake itself when it leaves the seat, and not the next follower.
            seat.leave_line(self.thread);
            drop(seat);
            self.reactor.insert(reactor).catch_up(self.engine);
        }
        self.reactor.as_deref_mut()
    }
}

impl Drop for Visit<'_> {
    /// Leaves the seat to the next one, also if a panic ends the visit.
    fn drop(&mut self) {
        let mut seat = lock(&self.engine.seat);
        match self.reactor.take() {
            Some(reactor) => seat.reactor = Some(reactor),
            None => seat.leave_line(self.thread),
        }
        if seat.reactor.is_some()
            && let Some(next) = seat.waiting.pop_front()
        {
            drop(seat);
            next.unpark();
        }
    }
}

impl Seat {
    fn leave_line(&mut self, thread: &Thread) {
        self.waiting.retain(|waiting| waiting.id() != thread.id());
    }
}
