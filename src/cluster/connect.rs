//! Floor 8: a connection is made, and set up: it leads to its node, or to a stranger.

use alloc::boxed::Box;

use super::Cluster;
use crate::action::{LinkId, RefreshReason};
use crate::config::Credentials;
use crate::link::Hello;
use crate::time::Instant;

impl<T> Cluster<T> {
    /// The connection is there. Without credentials of its own it has those of the configuration.
    pub(super) fn link_connected(&mut self, now: Instant, id: LinkId, own: Option<Credentials>) {
        let avoids_hello = self.avoids_hello(id);
        let Some(tenant) = self.links.get_mut(id) else { return };
        if core::mem::replace(&mut tenant.is_connected, true) {
            return;
        }
        if own.is_none() {
            tenant.credentials_serial = self.credentials_serial;
        }
        let credentials = own.or_else(|| self.config.credentials.clone());
        let credentials = credentials.filter(|credentials| !credentials.is_none());
        let is_ready = tenant.link.connected(now, &self.config, credentials, avoids_hello);
        self.announce(id);
        if is_ready {
            self.link_ready(now, id);
        }
    }

    /// Whether a link is to be set up without `HELLO`: its node closed a connection upon it, and no
    /// node has ever answered it.
    fn avoids_hello(&self, id: LinkId) -> bool {
        let node = self.links.get(id).and_then(|tenant| self.links.node(tenant.lane.node));
        !self.knows_hello && node.is_some_and(|node| node.avoids_hello)
    }

    pub(super) fn link_ready(&mut self, now: Instant, id: LinkId) {
        self.links.note_made(id);
        self.dials.may_make_room = true;
        let Some(tenant) = self.links.get(id) else { return };
        self.knows_hello |= tenant.link.hello() == Hello::Answered;
        if self.is_strange(tenant) {
            return self.meet_stranger(now, id);
        }
        self.links.note_outsider(id);
        self.link_usable(now, id);
    }

    /// A link has been set up, and leads to a stranger.
    fn meet_stranger(&mut self, now: Instant, id: LinkId) {
        let Some(tenant) = self.links.get_mut(id) else { return };
        (tenant.is_strange, tenant.is_open) = (true, false);
        let (lane, bears) = (tenant.lane, tenant.link.node_id());
        if let Some(lane) = self.links.lane_mut(lane) {
            lane.failures = lane.failures.max(1);
            self.links.may_have_failed = true;
        }
        let node = lane.node;
        let Some(state) = self.links.node_mut(node) else { return };
        state.stranger = bears.map(Box::new);
        self.agreement.forget_stranger(&state.address);
        if self.refresh.is_asking(node) {
            self.ask(now, node, id);
        } else if self.links.is_cut_off() {
            self.agenda.want_refresh(RefreshReason::Unreachable, true);
        } else {
            self.drop_strange_link(now, id);
        }
    }
}
