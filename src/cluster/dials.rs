//! Floor 4: which lanes are dialled, and which wait for their dial.
//!
//! Theory of operation. Three limits hold dials back: the number of connections, the number of
//! dials at a time, and the number of dials per second. A lane that may not be dialled waits in one
//! of three lines, which take turns: lanes of nodes that a round asks for the topology, lanes that
//! a call for one node needs, and lanes that calls for several nodes need. So neither a round nor a
//! call for one node waits for a call to all nodes. At the limit of connections the link that was
//! idle longest is closed. If no link is idle, the oldest link takes no more commands and closes
//! after its last reply.

use alloc::collections::VecDeque;
use core::time::Duration;

use super::Cluster;
use super::lanes::{Lane, LaneRef};
use super::rounds::ASKED_COUNT_MAX;
use super::tenants::Tenant;
use crate::action::LinkId;
use crate::config::Config;
use crate::time::Instant;

/// The lanes that wait to be dialled.
#[derive(Debug, Default)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Dials {
    /// Those to be asked, those that are wanted alone, and those that are wanted together.
    lines: [VecDeque<LaneRef>; 3],
    /// The line whose turn it is.
    turn: Urgency,
    /// When the dials that have begun would all have begun, were they evenly spread.
    spread_until: Instant,
    /// Whether a connection may have become idle since one was looked for.
    pub(super) may_make_room: bool,
    /// When one is looked for again, if none has.
    look_at: Instant,
}

/// How urgently a lane is to be dialled: in which line it waits. Earlier ones are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub(super) enum Urgency {
    /// Its node is to be asked for the topology.
    #[default]
    Asked,
    /// A call that needs this lane only waits for it.
    Alone,
    /// It is wanted together with others.
    Together,
}

impl Urgency {
    /// Whose turn it is after this one.
    const fn next(self) -> Self {
        match self {
            Self::Asked => Self::Alone,
            Self::Alone => Self::Together,
            Self::Together => Self::Asked,
        }
    }
}

impl Dials {
    /// Whether a lane may be waiting.
    #[inline]
    pub(super) fn has_waiting(&self) -> bool {
        self.lines.iter().any(|line| !line.is_empty())
    }

    /// Whether a lane stands in this line, also where it is passed over.
    pub(super) fn has(&self, urgency: Urgency, lane: LaneRef) -> bool {
        let [asked, alone, together] = &self.lines;
        let lanes = match urgency {
            Urgency::Asked => asked,
            Urgency::Alone => alone,
            Urgency::Together => together,
        };
        lanes.contains(&lane)
    }

    /// Removes all waiting lanes.
    pub(super) fn clear(&mut self) {
        self.lines = Default::default();
    }

    pub(super) const fn line(&mut self, urgency: Urgency) -> &mut VecDeque<LaneRef> {
        let [asked, alone, together] = &mut self.lines;
        match urgency {
            Urgency::Asked => asked,
            Urgency::Alone => alone,
            Urgency::Together => together,
        }
    }

    /// The lines, beginning with the one whose turn it is.
    const fn in_turn(&self) -> [Urgency; 3] {
        let (second, third) = (self.turn.next(), self.turn.next().next());
        [self.turn, second, third]
    }

    /// When one more dial may begin.
    fn next_at(&self, config: &Config) -> Instant {
        let at_once = u32::try_from(config.max_dials).unwrap_or(u32::MAX);
        let lead = interval(config).saturating_mul(at_once.saturating_sub(1));
        Instant::from_epoch(self.spread_until.since_epoch().saturating_sub(lead))
    }

    /// A dial begins.
    fn note_begun(&mut self, now: Instant, config: &Config) {
        self.spread_until = self.spread_until.max(now) + interval(config);
    }
}

/// The time between two dials, were they evenly spread.
fn interval(config: &Config) -> Duration {
    Duration::from_secs(1) / config.max_dial_rate
}

impl<T> Cluster<T> {
    /// Dials those whose turn it is. To be called when all that came in has been dealt with.
    #[inline]
    pub(super) fn dial_waiting(&mut self, now: Instant) {
        if self.dials.has_waiting() {
            self.dial_next(now);
        }
    }

    #[cold]
    fn dial_next(&mut self, now: Instant) {
        while let Some(lane) = self.take_next(now) {
            self.dials.note_begun(now, &self.config);
            self.dial(now, lane);
        }
    }

    /// Takes the next lane out of its line that may be dialled.
    fn take_next(&mut self, now: Instant) -> Option<LaneRef> {
        for urgency in self.dials.in_turn() {
            while let Some(lane) = self.dials.line(urgency).front().copied() {
                let is_wanted = self.waits_in(lane, urgency);
                if is_wanted && !self.may_dial(now, urgency) {
                    break;
                }
                self.dials.line(urgency).pop_front();
                if is_wanted && let Some(state) = self.links.lane_mut(lane) {
                    state.waits_in = None;
                    self.dials.turn = urgency.next();
                    return Some(lane);
                }
            }
        }
        None
    }

    /// Whether a lane waits in this line, and is still wanted. If it is not wanted it leaves.
    fn waits_in(&mut self, lane: LaneRef, urgency: Urgency) -> bool {
        let is_asked = lane.is_first() && self.refresh.is_asking(lane.node);
        let Some(state) = self.links.lane_mut(lane) else { return false };
        if state.waits_in != Some(urgency) {
            return false;
        }
        let is_wanted = state.link.is_none() && (is_asked || state.has_waiting());
        if !is_wanted {
            state.waits_in = None;
        }
        is_wanted
    }

    /// Whether another lane may be dialled. Makes room for its connection if it can.
    pub(super) fn may_dial(&mut self, now: Instant, urgency: Urgency) -> bool {
        let beside = if urgency == Urgency::Asked { ASKED_COUNT_MAX } else { 0 };
        if self.links.making_count >= self.config.max_dials.saturating_add(beside) {
            return false; // one of them comes or fails, which is an input
        }
        let next_at = self.dials.next_at(&self.config);
        if next_at > now {
            self.timers.note(next_at);
            return false;
        }
        self.links.count() < self.config.max_connections || self.displace(now)
    }

    /// Closes the connection that has been idle for longest. If none is idle, has the oldest one be
    /// so soon. Whether there is room now.
    fn displace(&mut self, now: Instant) -> bool {
        if !core::mem::take(&mut self.dials.may_make_room) && self.dials.look_at > now {
            self.timers.note(self.dials.look_at);
            return false;
        }
        self.dials.look_at = now + self.config.max_reconnect_delay;
        self.timers.note(self.dials.look_at);
        let in_use =
            || self.links.tenants.iter().flatten().filter(|tenant| tenant.drain_by.is_none());
        let ready = || in_use().filter(|tenant| tenant.link.is_ready());
        let idle = ready().filter(|tenant| self.is_idle(tenant));
        let idle = idle.min_by_key(|tenant| tenant.link.progress_at()).map(|tenant| tenant.id);
        let victim = idle.or_else(|| self.oldest_in_use(now));
        let Some(victim) = victim else { return false };
        self.stats.links_displaced += 1;
        // A slow command keeps its time: only `stall_timeout` bounds how long it may be silent.
        self.drain_until(now, victim, now + Config::MAX_DURATION);
        self.dials.may_make_room = idle.is_some();
        self.links.count() < self.config.max_connections
    }

    /// Whether a link owes no reply, no command waits for it, and no round for its node.
    fn is_idle(&self, tenant: &Tenant) -> bool {
        let is_wanted = self.links.lane(tenant.lane).is_some_and(Lane::has_waiting);
        let is_asked = self.refresh.is_asking(tenant.lane.node);
        tenant.link.expected_count() == 0 && !is_wanted && !is_asked
    }

    /// The link that has been in use for longest, for long enough to be worth its dial, unless
    /// another one makes room already.
    fn oldest_in_use(&self, now: Instant) -> Option<LinkId> {
        let tenants = || self.links.tenants.iter().flatten();
        if tenants().any(|tenant| tenant.drain_by.is_some()) {
            return None;
        }
        let had_its_time =
            |tenant: &&Tenant| now.since(tenant.dialled_at) >= self.config.max_reconnect_delay;
        let ready = tenants().filter(|tenant| tenant.link.is_ready()).filter(had_its_time);
        ready.min_by_key(|tenant| tenant.dialled_at).map(|tenant| tenant.id)
    }
}
