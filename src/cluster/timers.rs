//! What is due.
//!
//! Rules of this file: the machine knows one instant at which it wants to be called. Whatever
//! schedules something notes it here, which only ever makes the instant earlier; when it has come,
//! all that is due is done and the instant is found anew. So it may be early, and is never late.
//!
//! A driver may come late, because its process was stopped or its runtime was not polled. While
//! something is overdue, nothing is written: the link may be one that is about to be given up. The
//! driver tells what has come in, then that time has passed, and then what was held back leaves.

use super::Cluster;
use crate::error::Disconnect;
use crate::time::Instant;

/// The earliest instant at which something may be due.
#[derive(Debug, Default)]
pub(super) struct Timers {
    next: Option<Instant>,
    /// Whether parts were held back because something is overdue, or wait though there is room.
    holds_back: bool,
}

impl Timers {
    pub(super) const fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Whether nothing may be written because something is overdue. Then the parts are written when
    /// that is done.
    #[inline]
    pub(super) fn hold_back(&mut self, now: Instant) -> bool {
        let is_overdue = self.next.is_some_and(|next| next < now);
        self.holds_back |= is_overdue;
        is_overdue
    }

    /// Room has come without a reply: parts that wait for it are written when this is done.
    pub(super) const fn note_room(&mut self) {
        self.holds_back = true;
    }

    /// Something is due at this instant.
    #[inline]
    pub(super) fn note(&mut self, at: Instant) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }
}

impl<T> Cluster<T> {
    /// Does all that is due, and finds out when the next thing is.
    pub(super) fn run_timers(&mut self, now: Instant) {
        let Timers { holds_back, .. } = core::mem::take(&mut self.timers);
        self.timers.holds_back = holds_back;
        self.expire_calls(now);
        self.run_link_timers(now);
        self.run_refresh_timers(now);
        self.resume(now);
        if self.ends_by.is_some_and(|ends_by| ends_by <= now) {
            for link in self.links.ids() {
                self.drop_link(now, link, Disconnect::TimedOut);
            }
        }
        self.pump_held(now);
        let due = [
            self.calls.next_deadline(),
            self.next_link_timer(),
            self.refresh.next_timer(now, self.config.connect_timeout),
            self.next_resume(),
            self.ends_by.filter(|_| self.links.count() > 0),
        ];
        self.timers.next = due.into_iter().flatten().min();
    }

    /// Writes what was held back, or waited for room that has come without a reply.
    pub(super) fn pump_held(&mut self, now: Instant) {
        if core::mem::take(&mut self.timers.holds_back) {
            for node in 0..self.links.nodes.len() {
                self.pump(now, node);
            }
        }
    }

    /// Ends the calls whose time is up.
    fn expire_calls(&mut self, now: Instant) {
        while let Some(call) = self.calls.expired(now) {
            for part in self.calls.open_parts(call) {
                self.expire_part(now, part);
            }
        }
    }
}
