//! Floor 3: links are opened, take no more work, and are forgotten.
//!
//! Theory of operation. The machine dials a node when a part needs it. A node that cannot be
//! reached is dialled again after a growing pause; that concerns no other node. The machine listens
//! to a node that leaves the topology until its last reply has come. A link may lead to another
//! node than the topology has at its address. Such a link serves only a question about the topology
//! ([`strangers`](super::strangers)). What becomes of the parts of a lost link:
//! [`loss`](super::loss).

use alloc::vec::Vec;

use super::Cluster;
use super::dials::Urgency;
use super::lanes::{Lane, LaneRef, Purpose};
use super::nodes::{Node, NodeRef};
use super::scripts::Scripts;
use super::tenants::Tenant;
use crate::action::{Action, LinkId, RefreshReason};
use crate::config::ReadFrom;
use crate::error::NodeFailure;
use crate::link::{Choices, Link};
use crate::time::Instant;

impl<T> Cluster<T> {
    /// Dials a lane, unless it has a link or is to be left alone for now. It may have to wait for
    /// its turn.
    pub(super) fn ensure_link(&mut self, now: Instant, lane: LaneRef) {
        let Some(state) = self.links.lane_mut(lane) else { return };
        if state.link.is_some() || self.ends_by.is_some() {
            return;
        }
        if let Some(retry_at) = state.retry_at
            && retry_at > now
        {
            return self.timers.note(retry_at);
        }
        state.retry_at = None;
        self.wait_in(lane, Urgency::Together);
    }

    /// Has a lane that waits to be dialled wait in this line, if that is better than where it
    /// waits. Where it stood before it is passed over.
    pub(super) fn want(&mut self, lane: LaneRef, urgency: Urgency) {
        if self.links.lane(lane).is_some_and(|state| state.waits_in.is_some_and(|of| urgency < of))
        {
            self.wait_in(lane, urgency);
        }
    }

    pub(super) fn wait_in(&mut self, lane: LaneRef, urgency: Urgency) {
        if let Some(state) = self.links.lane_mut(lane)
            && state.waits_in.is_none_or(|of| urgency < of)
        {
            state.waits_in = Some(urgency);
            self.dials.line(urgency).push_back(lane);
        }
    }

    /// Dials a lane, whatever else there is.
    pub(super) fn dial(&mut self, now: Instant, lane: LaneRef) {
        let purpose = self.links.purpose(lane);
        let choices = match purpose {
            Purpose::Shared => Choices {
                database: self.config.database,
                read_only: self.config.read_from != ReadFrom::Primary,
            },
            // A node that is busy refuses both, and neither is needed.
            Purpose::Control => Choices::default(),
        };
        let Some(address) = self.links.address(lane.node).cloned() else { return };
        let free = self.links.tenants.iter().position(Option::is_none);
        let place = free.unwrap_or(self.links.tenants.len());
        self.links.serial += 1;
        let id =
            LinkId { index: u32::try_from(place).unwrap_or(u32::MAX), serial: self.links.serial };
        let tenant = Tenant {
            id,
            lane,
            purpose,
            link: Link::new(now, &self.config, choices),
            is_connected: false,
            is_made: false,
            credentials_serial: self.credentials_serial,
            auth_count: 0,
            dialled_at: now,
            drain_by: None,
            is_open: false,
            is_announced: false,
            is_doubted: false,
            is_strange: false,
            held_len: 0,
            reserved_len: 0,
            fence_at: u64::MAX,
            last_of: None,
            scripts: Scripts::default(),
        };
        match self.links.tenants.get_mut(place) {
            Some(free) => *free = Some(tenant),
            None => self.links.tenants.push(Some(tenant)),
        }
        self.links.tenant_count += 1;
        self.links.making_count += 1;
        if let Some(lane) = self.links.lane_mut(lane) {
            lane.link = Some(id);
        }
        self.stats.links_dialled += 1;
        self.timers.note(now + self.config.connect_timeout.min(self.config.refresh_stagger));
        self.actions.push_back(Action::Connect { link: id, address });
    }

    /// A lane is well, or may be: it is dialled at once if parts wait for it.
    pub(super) fn forgive(&mut self, now: Instant, lane: LaneRef) {
        let Some(state) = self.links.lane_mut(lane) else { return };
        state.failures = 0;
        state.last_failure = None;
        state.retry_at = None;
        if state.has_waiting() {
            self.ensure_link(now, lane);
        }
        let may_have_failed = self.links.lanes().any(|(_, lane)| lane.has_failed());
        self.links.may_have_failed = may_have_failed;
    }

    /// Nodes that refused the former user may take the new one: they are asked at once.
    pub(super) fn forgive_refusals(&mut self, now: Instant) {
        let is_about_user =
            |lane: &Lane| lane.last_failure.as_ref().is_some_and(NodeFailure::is_about_user);
        let refused = self.links.lanes().filter(|(_, lane)| is_about_user(lane));
        for lane in refused.map(|(lane, _)| lane).collect::<Vec<_>>() {
            self.forgive(now, lane);
        }
        if self.unrouted.live_count() > 0 {
            self.agenda.want_refresh(RefreshReason::Start, true);
        }
    }

    /// Has a link take no more work, and closes it when its last reply has come.
    pub(super) fn drain(&mut self, now: Instant, id: LinkId) {
        self.drain_until(now, id, now + self.config.drain_timeout);
    }

    /// The same, with this time for its replies.
    pub(super) fn drain_until(&mut self, now: Instant, id: LinkId, drain_by: Instant) {
        let Some(tenant) = self.links.get_mut(id) else { return };
        tenant.drain_by = Some(drain_by);
        if let Some(lane) = self.links.retire(id)
            && self.links.lane(lane).is_some_and(Lane::has_waiting)
        {
            self.ensure_link(now, lane);
        }
        self.timers.note(drain_by);
        self.close_if_drained(id);
    }

    /// Closes a link that takes no more work and owes nothing.
    pub(super) fn close_if_drained(&mut self, id: LinkId) {
        let Some(tenant) = self.links.get(id) else { return };
        let owes = tenant.link.expected_count() > 0;
        let ends = tenant.drain_by.is_some() || self.ends_by.is_some();
        if ends && (!owes || !tenant.link.is_ready()) {
            let node = tenant.lane.node;
            self.actions.push_back(Action::Close { link: id });
            self.discard(id);
            self.lift_fences(id);
            self.forget_if_useless(node);
        }
    }

    /// Forgets a link that owes nothing.
    fn discard(&mut self, id: LinkId) {
        if self.links.remove(id).is_some() {
            self.end_reauthentication();
        }
    }

    /// Closes all links that owe nothing, because the machine ends.
    pub(super) fn close_idle_links(&mut self) {
        for link in self.links.ids() {
            self.close_if_drained(link);
        }
    }

    /// Forgets a node that is neither listed nor a seed, if no link, part or shard uses it.
    pub(super) fn forget_if_useless(&mut self, node: NodeRef) {
        let useless = |node: &Node| !node.is_listed && !node.is_seed && !node.has_waiting();
        if self.links.node(node).is_some_and(useless)
            && !self.links.primaries.contains(&Some(node))
            && self.links.links_to(node).next().is_none()
        {
            self.links.forget(node);
        }
    }
}
