//! Floor 8: what is due.
//!
//! Rules of this file: the machine knows one instant at which it wants to be called. Whatever
//! schedules something notes it here, which only ever makes the instant earlier; when it has come,
//! all that is due is done and the instant is found anew. So it may be early, and is never late.
//!
//! A driver may come late, because its process was stopped or its runtime was not polled. While
//! something is overdue, nothing is written: the link may be one that is about to be given up. The
//! driver tells what has come in, then that time has passed, and then what was held back leaves.

use alloc::vec::Vec;

use super::Cluster;
use super::calls::{PartRef, Place};
use super::lanes::{Lane, LaneRef};
use super::tenants::{Due, Work};
use crate::action::{LinkId, RefreshReason, Wakeup};
use crate::command::Command;
use crate::error::{Cause, Disconnect, Error, Ran};
use crate::time::Instant;

/// The earliest instant at which something may be due.
#[derive(Debug, Default)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
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

    /// Whether parts were held back, or wait for room that has come. They are written now.
    pub(super) const fn take_held(&mut self) -> bool {
        core::mem::replace(&mut self.holds_back, false)
    }

    /// Whether parts are held back, or wait though there is room.
    pub(super) const fn holds_back(&self) -> bool {
        self.holds_back
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
        let round_at = self.refresh.next_timer(now, self.config.connect_timeout);
        let next = self.due(round_at).map(|(at, _)| at).min();
        self.timers.next = next;
    }

    /// All that will be due, and when. `round_at` is when the refresh goes on.
    pub(super) fn due(&self, round_at: Option<Instant>) -> impl Iterator<Item = (Instant, Wakeup)> {
        let links = self.links.tenants.iter().flatten();
        let of_links = links.map(|tenant| (tenant.due(&self.config).0, Wakeup::Link(tenant.id)));
        let waiting = self.links.lanes().filter(|(_, lane)| lane.has_waiting());
        let to_dial = waiting.filter(|(_, lane)| lane.link.is_none());
        let of_lanes = to_dial.filter_map(|(_, lane)| Some((lane.retry_at?, Wakeup::Dial)));
        let ends_by = self.ends_by.filter(|_| self.links.count() > 0);
        let others = [
            (self.calls.next_deadline(), Wakeup::Deadline),
            (round_at, Wakeup::Refresh),
            (self.pauses.next_end(), Wakeup::Retry),
            (ends_by, Wakeup::ShutDown),
        ];
        let others = others.into_iter().filter_map(|(at, why)| Some((at?, why)));
        others.chain(of_links).chain(of_lanes)
    }

    /// Ends the calls whose time is up.
    fn expire_calls(&mut self, now: Instant) {
        while let Some(call) = self.calls.expired(now) {
            self.calls.end_procedure(call);
            for part in self.calls.open_parts(call) {
                self.expire_part(part);
            }
        }
    }

    /// A part's time is up.
    fn expire_part(&mut self, part: PartRef) {
        let Some(state) = self.calls.part(part) else { return };
        let (place, may_have_run) = (state.place, state.may_have_run);
        let refusal = state.refusal().filter(|_| !may_have_run).cloned();
        let node = match place {
            Place::Waiting(lane) => Some(lane.node),
            Place::InFlight { link, .. } => self.links.get(link).map(|tenant| tenant.lane.node),
            Place::Nowhere
            | Place::Unrouted
            | Place::Fenced(_)
            | Place::Paused
            | Place::Suspect
            | Place::Over => None,
        };
        let is_unsent = self.withdraw(part) && !may_have_run;
        let ran = if is_unsent { Ran::No } else { Ran::Maybe };
        let address = node.and_then(|node| self.links.address(node)).cloned();
        let timed_out = Error::new(Cause::TimedOut, ran).at(address, None);
        let error = match (place, refusal) {
            _ if !is_unsent => timed_out,
            (Place::Waiting(lane), refusal) => {
                let failed = self.waited_for(lane);
                failed.or_else(|| refusal.map(Error::from)).unwrap_or(timed_out)
            }
            (_, Some(refusal)) => refusal.into(),
            (Place::Unrouted, None) => self.unrouted_error(),
            _ => timed_out,
        };
        self.fail(part, error);
    }

    /// The error of a part that no node was known for until its deadline.
    fn unrouted_error(&self) -> Error {
        Error::not_executed(if self.links.knows_cluster() {
            Cause::SlotUnassigned
        } else {
            Cause::NoCluster(self.refresh.failures_so_far(&self.links))
        })
    }

    /// Sends parts whose pause is over.
    fn resume(&mut self, now: Instant) {
        while let Some(part) = self.pauses.take_over(now) {
            if self.calls.part(part).is_some_and(|state| state.place == Place::Paused) {
                self.stats.retries += 1;
                self.dispatch(now, part);
            }
        }
    }

    /// What is due on the links.
    fn run_link_timers(&mut self, now: Instant) {
        for id in self.links.ids() {
            while let Some(tenant) = self.links.get(id)
                && let (at, due) = tenant.due(&self.config)
                && at <= now
            {
                self.do_due(now, id, due);
            }
        }
        let is_due = |lane: &Lane| lane.retry_at.is_some_and(|at| at <= now) && lane.has_waiting();
        let due = self.links.lanes().filter(|(_, lane)| is_due(lane));
        for lane in due.map(|(lane, _)| lane).collect::<Vec<_>>() {
            self.ensure_link(now, lane);
        }
    }

    fn do_due(&mut self, now: Instant, id: LinkId, due: Due) {
        let Some(tenant) = self.links.get_mut(id) else { return };
        match due {
            Due::Doubt => {
                tenant.is_doubted = true;
                let lane = tenant.lane;
                self.doubt(now, lane);
            }
            Due::Ping => {
                let len_max = self.config.limits.max_handshake_bytes;
                tenant.link.write_own(now, &Command::new("PING"), Work::Ping, len_max);
                self.announce(id);
            }
            Due::Idle => self.drain(now, id),
            Due::Stalled => {
                self.stats.links_stalled += 1;
                self.drop_link(now, id, Disconnect::TimedOut);
            }
            Due::GiveUp | Due::Drained => self.drop_link(now, id, Disconnect::TimedOut),
        }
    }

    /// A dial is slow: refreshes the topology if commands wait for the node, in case it moved or
    /// was failed over.
    fn doubt(&mut self, now: Instant, lane: LaneRef) {
        let is_waited_for = self.links.lane(lane).is_some_and(Lane::has_waiting);
        if is_waited_for && self.links.knows_cluster() {
            self.request_refresh(now, RefreshReason::Unreachable, false);
        }
    }
}
