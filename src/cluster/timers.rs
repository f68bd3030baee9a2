//! What is due.
//!
//! Rules of this file: the machine knows one instant at which it wants to be called. Whatever
//! schedules something notes it here, which only ever makes the instant earlier; when it has come,
//! all that is due is done and the instant is found anew. So it may be early, and is never late.

use super::Cluster;
use crate::error::Closed;
use crate::time::Instant;

/// The earliest instant at which something may be due.
#[derive(Debug, Default)]
pub(super) struct Timers {
    next: Option<Instant>,
}

impl Timers {
    pub(super) const fn next(&self) -> Option<Instant> {
        self.next
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
        self.expire_calls(now);
        self.run_link_timers(now);
        self.run_refresh_timers(now);
        self.resume(now);
        if self.ends_by.is_some_and(|ends_by| ends_by <= now) {
            for link in self.links.ids() {
                self.drop_link(now, link, Closed::TimedOut);
            }
        }
        let due = [
            self.calls.next_deadline(),
            self.next_link_timer(),
            self.refresh.next_timer(),
            self.next_resume(),
            self.ends_by.filter(|_| self.links.count() > 0),
        ];
        self.timers.next = due.into_iter().flatten().min();
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
