//! Links come and go.
//!
//! Theory of operation. The machine dials a node when a part needs it. A node that cannot be
//! reached is dialled again after a growing pause; that concerns no other node. The machine listens
//! to a node that leaves the topology until its last reply has come. A link may lead to another
//! node than the topology has at its address. Such a link serves only a question about the topology
//! (`strangers`). What becomes of the parts of a lost link: [`loss`](super::loss).

use alloc::vec::Vec;

use super::Cluster;
use super::loss::Loss;
use super::nodes::{Node, Tenant, Work};
use super::redirect::Heard;
use super::scripts::Scripts;
use crate::action::{Action, Event, LinkId, RefreshReason};
use crate::command::Command;
use crate::config::{Credentials, ReadFrom};
use crate::error::{Disconnect, ProtocolError, SystemText};
use crate::link::{Hello, Link, Received};
use crate::resp::Frame;
use crate::time::Instant;

impl<T> Cluster<T> {
    /// Dials a node, unless it has a link or is to be left alone for now. It may have to wait for
    /// its turn.
    pub(super) fn ensure_link(&mut self, now: Instant, index: usize) {
        let Some(node) = self.links.node_mut(index) else { return };
        if node.link.is_some() || self.ends_by.is_some() {
            return;
        }
        if let Some(retry_at) = node.retry_at
            && retry_at > now
        {
            return self.timers.note(retry_at);
        }
        node.retry_at = None;
        self.dial_in_turn(now, index);
    }

    /// Dials a node, whatever else there is.
    pub(super) fn dial(&mut self, now: Instant, index: usize) {
        let read_only = self.config.read_from != ReadFrom::Primary;
        let Some(address) = self.links.address(index).cloned() else { return };
        let free = self.links.tenants.iter().position(Option::is_none);
        let place = free.unwrap_or(self.links.tenants.len());
        self.links.serial += 1;
        let id =
            LinkId { index: u32::try_from(place).unwrap_or(u32::MAX), serial: self.links.serial };
        let tenant = Tenant {
            id,
            node: index,
            link: Link::new(now, &self.config, read_only),
            is_connected: false,
            is_made: false,
            credentials_serial: self.credentials_serial,
            auth_count: 0,
            dialled_at: now,
            drain_by: None,
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
        if let Some(node) = self.links.node_mut(index) {
            node.link = Some(id);
        }
        self.stats.links_dialled += 1;
        self.timers.note(now + self.config.connect_timeout.min(self.config.refresh_stagger));
        self.actions.push_back(Action::Connect { link: id, address });
    }

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

    fn link_ready(&mut self, now: Instant, id: LinkId) {
        self.links.note_made(id);
        self.dials.may_make_room = true;
        let Some(tenant) = self.links.get(id) else { return };
        let node = tenant.node;
        self.knows_hello |= tenant.link.hello() == Hello::Answered;
        if self.is_strange(tenant) {
            return self.meet_stranger(now, id);
        }
        self.links.note_outsider(id);
        self.link_usable(now, id, node);
    }

    /// A link is set up and leads to its node.
    pub(super) fn link_usable(&mut self, now: Instant, id: LinkId, node: usize) {
        self.stats.links_ready += 1;
        if let Some(node) = self.links.node_mut(node) {
            node.stranger = None;
        }
        self.announce(id);
        self.timers.note(now + self.config.ping_interval);
        if let Some(address) = self.links.address(node) {
            let event = Event::LinkReady { node: address.clone() };
            self.report(event);
        }
        self.authenticate_again(now, id);
        self.refresh_link_ready(now, node, id);
        self.pump(now, node);
    }

    pub(super) fn link_received(&mut self, now: Instant, id: LinkId, mut data: &[u8]) {
        let growth_len = self.links.growth_len;
        loop {
            let Some(tenant) = self.links.get_mut(id) else { return };
            let node = tenant.node;
            match tenant.link.next(now, &self.config, &mut data, growth_len) {
                Ok(Some(Received::Reply { work, frame, asking_failed, is_whole })) => {
                    let is_past_fence = tenant.link.answered() >= tenant.fence_at;
                    if !tenant.is_strange {
                        self.link_works(node);
                    }
                    match work {
                        Work::Part { part, role, .. } => {
                            let heard = Heard { role, frame, asking_failed, is_whole };
                            self.handle_reply(now, node, id, part, heard);
                        }
                        Work::Topology { round, question } => {
                            self.handle_topology(now, node, round, question, &frame);
                        }
                        Work::Ping => {}
                        Work::Auth => self.handle_auth(id, &frame),
                    }
                    if is_past_fence {
                        self.lift_fences(now, id);
                    }
                }
                Ok(Some(Received::Unusable { work, error })) => {
                    let is_past_fence = tenant.link.answered() >= tenant.fence_at;
                    self.link_works(node);
                    self.handle_unusable(now, node, id, work, error);
                    if is_past_fence {
                        self.lift_fences(now, id);
                    }
                }
                Ok(Some(Received::UnusablePush)) => self.stats.replies_unusable += 1,
                Ok(Some(Received::Push(frame))) => self.pushed(node, frame),
                Ok(Some(Received::Ready)) => self.link_ready(now, id),
                Ok(Some(Received::Refused(failure))) => {
                    self.actions.push_back(Action::Close { link: id });
                    let is_outdated = self.has_outdated_credentials(id) && failure.is_about_user();
                    let loss = if is_outdated {
                        Loss::Closed(Disconnect::Other(SystemText::EMPTY))
                    } else {
                        Loss::Refused(failure)
                    };
                    return self.lose_link(now, id, &loss);
                }
                Ok(None) => break,
                Err(error) => return self.break_link(now, id, error),
            }
        }
        self.all_received(now, id);
    }

    /// All of what came in has been dealt with: what it leaves on the link, and room for what
    /// waits.
    fn all_received(&mut self, now: Instant, id: LinkId) {
        let Some(tenant) = self.links.get_mut(id) else { return };
        if tenant.link.was_answered_early() {
            return self.drop_link(now, id, Disconnect::EndOfStream);
        }
        let (node, is_done) = (tenant.node, tenant.link.expected_count() == 0);
        let is_ready = tenant.link.is_ready();
        let holds = tenant.holds_more_or_less();
        if is_done {
            tenant.last_of = None;
            self.dials.may_make_room = true;
        }
        if holds && let Err(error) = self.links.hold(id, self.config.max_received_bytes) {
            return self.break_link(now, id, error);
        }
        if !is_ready {
            self.announce(id); // the second handshake
        }
        self.pump(now, node);
        if is_done {
            self.close_if_drained(now, id);
        }
    }

    /// A link brings what cannot be understood: it is closed.
    #[cold]
    fn break_link(&mut self, now: Instant, id: LinkId, error: ProtocolError) {
        self.stats.protocol_errors += 1;
        self.actions.push_back(Action::Close { link: id });
        self.lose_link(now, id, &Loss::Protocol(error));
    }

    /// A node has answered: it is well.
    fn link_works(&mut self, node: usize) {
        if let Some(node) = self.links.node_mut(node)
            && (node.failures > 0 || node.last_failure.is_some())
        {
            node.failures = 0;
            node.last_failure = None;
            node.retry_at = None;
        }
    }

    fn pushed(&mut self, node: usize, message: Frame) {
        self.stats.pushes += 1;
        if let Some(address) = self.links.address(node) {
            let node = address.clone();
            self.report(Event::Pushed { node, message });
        }
    }

    pub(super) fn link_closed(&mut self, now: Instant, id: LinkId, cause: Disconnect) {
        self.lose_link(now, id, &Loss::Closed(cause));
    }

    /// Closes a link on our side.
    pub(super) fn drop_link(&mut self, now: Instant, id: LinkId, cause: Disconnect) {
        if self.links.get(id).is_some() {
            self.actions.push_back(Action::Close { link: id });
            self.lose_link(now, id, &Loss::Closed(cause));
        }
    }

    /// Closes a link that leads to another node than the one whose address it is.
    pub(super) fn drop_strange_link(&mut self, now: Instant, id: LinkId) {
        if self.links.get(id).is_some() {
            self.actions.push_back(Action::Close { link: id });
            self.lose_link(now, id, &Loss::Stranger);
        }
    }

    /// Whether a link is to be set up without `HELLO`: its node closed a connection upon it, and no
    /// node has ever answered it.
    fn avoids_hello(&self, id: LinkId) -> bool {
        let node = self.links.get(id).and_then(|tenant| self.links.node(tenant.node));
        !self.knows_hello && node.is_some_and(|node| node.avoids_hello)
    }

    /// Has a link take no more work, and closes it when its last reply has come.
    pub(super) fn drain(&mut self, now: Instant, id: LinkId) {
        self.drain_until(now, id, now + self.config.drain_timeout);
    }

    /// The same, with this time for its replies.
    pub(super) fn drain_until(&mut self, now: Instant, id: LinkId, drain_by: Instant) {
        let Some(tenant) = self.links.get_mut(id) else { return };
        tenant.drain_by = Some(drain_by);
        if let Some(node) = self.links.retire(id)
            && self.links.node(node).is_some_and(|state| state.queue.live_count() > 0)
        {
            self.ensure_link(now, node);
        }
        self.timers.note(drain_by);
        self.close_if_drained(now, id);
    }

    /// Closes a link that takes no more work and owes nothing.
    fn close_if_drained(&mut self, now: Instant, id: LinkId) {
        let Some(tenant) = self.links.get(id) else { return };
        let owes = tenant.link.expected_count() > 0;
        let ends = tenant.drain_by.is_some() || self.ends_by.is_some();
        if ends && (!owes || !tenant.link.is_ready()) {
            let node = tenant.node;
            self.actions.push_back(Action::Close { link: id });
            self.discard(id);
            self.lift_fences(now, id);
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
    pub(super) fn close_idle_links(&mut self, now: Instant) {
        for link in self.links.ids() {
            self.close_if_drained(now, link);
        }
    }

    /// Forgets a node that is neither listed nor a seed, if no link, part or shard uses it.
    pub(super) fn forget_if_useless(&mut self, index: usize) {
        let useless = |node: &Node| {
            !node.is_listed && !node.is_seed && node.link.is_none() && node.queue.live_count() == 0
        };
        if !self.links.node(index).is_some_and(useless)
            || self.links.primaries.contains(&Some(index))
            || self.links.links_to(index).next().is_some()
        {
            return;
        }
        if let Some(node) = self.links.nodes.get_mut(index).and_then(Option::take) {
            self.links.by_address.remove(&node.address);
        }
    }

    /// What is due on the links.
    pub(super) fn run_link_timers(&mut self, now: Instant) {
        for id in self.links.ids() {
            let Some(tenant) = self.links.get_mut(id) else { continue };
            let progress_at = tenant.link.progress_at();
            let owes = tenant.link.expected_count() > 0;
            let connect_by = tenant.dialled_at + self.config.connect_timeout;
            let node = tenant.node;
            if !tenant.link.is_ready() && connect_by <= now {
                self.drop_link(now, id, Disconnect::TimedOut);
            } else if tenant
                .doubted_at(self.config.refresh_stagger)
                .is_some_and(|doubted_at| doubted_at <= now)
            {
                tenant.is_doubted = true;
                self.doubt(now, node);
            } else if tenant.link.is_ready()
                && owes
                && progress_at + self.config.stall_timeout <= now
            {
                self.stats.links_stalled += 1;
                self.drop_link(now, id, Disconnect::TimedOut);
            } else if tenant.drain_by.is_some_and(|drain_by| drain_by <= now) {
                self.drop_link(now, id, Disconnect::TimedOut);
            } else if tenant.link.is_ready()
                && !owes
                && progress_at + self.config.ping_interval <= now
            {
                let len_max = self.config.limits.max_handshake_bytes;
                tenant.link.write_own(now, &Command::new("PING"), Work::Ping, len_max);
                self.announce(id);
            }
        }
        let due =
            |node: &Node| node.retry_at.is_some_and(|at| at <= now) && node.queue.live_count() > 0;
        let nodes = self.links.nodes.iter().enumerate();
        let nodes =
            nodes.filter(|(_, node)| node.as_ref().is_some_and(due)).map(|(index, _)| index);
        for node in nodes.collect::<Vec<_>>() {
            self.ensure_link(now, node);
        }
    }

    /// A dial is slow: refreshes the topology if commands wait for the node, in case it moved or
    /// was failed over.
    fn doubt(&mut self, now: Instant, node: usize) {
        let is_waited_for = self.links.node(node).is_some_and(|node| node.queue.live_count() > 0);
        if is_waited_for && self.links.knows_cluster() {
            self.request_refresh(now, RefreshReason::Unreachable, false);
        }
    }

    /// When the next thing is due on the links.
    pub(super) fn next_link_timer(&self) -> Option<Instant> {
        let of_links = self.links.tenants.iter().flatten().map(|tenant| {
            let due = if !tenant.link.is_ready() {
                let connect_by = tenant.dialled_at + self.config.connect_timeout;
                tenant
                    .doubted_at(self.config.refresh_stagger)
                    .map_or(connect_by, |doubted_at| doubted_at.min(connect_by))
            } else if tenant.link.expected_count() > 0 {
                tenant.link.progress_at() + self.config.stall_timeout
            } else {
                tenant.link.progress_at() + self.config.ping_interval
            };
            tenant.drain_by.map_or(due, |drain_by| drain_by.min(due))
        });
        let waited_for = self.links.nodes.iter().flatten().filter(|n| n.queue.live_count() > 0);
        let of_nodes = waited_for.filter(|node| node.link.is_none()).filter_map(|n| n.retry_at);
        of_links.chain(of_nodes).min()
    }
}
