//! Floor 6: when the machine asks for the topology, and which nodes.
//!
//! Theory of operation. One round runs at a time. A least time lies between two rounds, and doubles
//! while rounds change nothing. A round asks one node. If that node does not answer soon, the round
//! asks a second and a third as well, and the first whole answer wins. A node that fails makes room
//! for the next one. Replicas of a primary that cannot be reached come first: they know soonest
//! which node follows it. The listed nodes come next: the best informed one, those with a link, the
//! others, and at last those that fail. As a rule the seeds come last. The order is random
//! otherwise. When no candidate is left the round has failed, and the machine knows why for each of
//! them. Seeds are never forgotten. A view that may be about another cluster waits for the end of
//! its round (`strangers`).

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use super::Cluster;
use super::dials::Urgency;
use super::lanes::{Lane, LaneRef};
use super::nodes::{Links, Node, NodeRef};
use super::rounds::{Asked, Round};
use super::tenants::{Question, Work};
use crate::action::{Event, LinkId, RefreshReason};
use crate::command::Command;
use crate::config::Config;
use crate::error::NodeFailure;
use crate::time::Instant;

impl<T> Cluster<T> {
    /// Has the topology read again, now if that is allowed.
    pub(super) fn request_refresh(&mut self, now: Instant, reason: RefreshReason, is_urgent: bool) {
        if self.ends_by.is_some() {
            return;
        }
        let Self { refresh, random, links, config, .. } = self;
        let spread = || spread(links, config);
        let draw = |most| random.up_to(most);
        let Some(at) = refresh.want(now, (reason, is_urgent), spread, draw) else { return };
        self.timers.note(at);
        if at <= now {
            self.start_round(now);
        }
    }

    pub(super) fn run_refresh_timers(&mut self, now: Instant) {
        if self.refresh.due_at().is_some_and(|at| at <= now) && self.refresh.round.is_none() {
            self.start_round(now);
        }
        let next_at = |round: &Round| round.next_at(now, self.config.connect_timeout);
        if self.refresh.round.as_deref().and_then(next_at).is_some_and(|at| at <= now) {
            self.ask_next(now);
        }
    }

    fn start_round(&mut self, now: Instant) {
        let is_stuck = self.is_stuck();
        let candidates = self.candidates(is_stuck);
        let Some(reason) = self.refresh.begin(now, candidates, is_stuck) else { return };
        self.stats.refreshes += 1;
        self.report(Event::TopologyRefresh { reason });
        self.ask_next(now);
    }

    /// Whether nodes fail, and views have changed nothing for some rounds.
    pub(super) fn is_stuck(&self) -> bool {
        self.refresh.is_idling(&self.config)
            && self.links.listed().any(|node| self.links.is_failing(node))
    }

    /// The nodes to ask, in this order.
    fn candidates(&mut self, is_stuck: bool) -> VecDeque<NodeRef> {
        let mut heirs = self.links.heirs();
        let mut listed: Vec<_> = self.links.listed().collect();
        let seeds = self.seeds.iter().map(|seed| self.links.obtain_seed(seed));
        let mut seeds: Vec<_> = seeds.collect();
        self.random.shuffle(&mut heirs);
        self.random.shuffle(&mut listed);
        self.random.shuffle(&mut seeds);
        seeds.sort_by_key(|seed| !self.links.node(*seed).is_some_and(Node::has_link));
        let informed = self.agreement.best_informed().and_then(|node| self.links.find(node));
        listed.sort_by_key(|node| {
            let is_failing = self.links.is_failing(*node);
            (is_failing, Some(*node) != informed, self.links.ready_link(*node).is_none())
        });
        // With no link to the cluster left, all its nodes may listen elsewhere. Then a seed is
        // asked second, before dials without an answer have taken their time. The other nodes may
        // have forgotten the node that does answer. If nodes fail and views change nothing, a seed
        // is asked first, the same one until its dial has ended.
        let mut all: Vec<_> = heirs.into_iter().chain(listed).collect();
        if let Some(seed) = seeds.iter().find(|seed| !all.contains(seed))
            && (is_stuck || self.links.is_cut_off())
            && !all.is_empty()
        {
            all.insert(usize::from(!is_stuck), *seed);
        }
        let mut seen = BTreeSet::new();
        all.into_iter().chain(seeds).filter(|node| seen.insert(*node)).collect()
    }

    /// Asks the next node. The round is over if no candidate is left and no node owes an answer.
    pub(super) fn ask_next(&mut self, now: Instant) {
        loop {
            let ends = self.ends_with_another_cluster(now);
            let more_at = now + self.config.refresh_stagger;
            let Some(round) = &mut self.refresh.round else { return };
            let next = if ends { None } else { round.candidates.pop_front() };
            let Some(node) = next else {
                round.is_over = ends || round.has_all_answers();
                return;
            };
            round.ask(node, now);
            round.more_at = more_at;
            self.timers.note(more_at);
            if let Some(link) = self.links.askable_link(node) {
                return self.ask(now, node, link);
            }
            let lane = Links::first_lane(node);
            self.ensure_link(now, lane);
            self.want(lane, Urgency::Asked);
            let is_coming = |lane: &Lane| lane.link.is_some() || lane.waits_in.is_some();
            if self.links.lane(lane).is_some_and(is_coming) {
                return;
            }
            // It is to be left alone for now.
            let failure = self.links.last_failure(lane).unwrap_or(NodeFailure::NoAnswer);
            self.note_failure(node, failure);
        }
    }

    /// A node that was asked will not give an answer that is of use.
    pub(super) fn note_failure(&mut self, node: NodeRef, failure: NodeFailure) {
        if let Some(round) = &mut self.refresh.round {
            round.fail(node, self.links.address(node), failure);
        }
    }

    /// Sends the questions to a node if it is to be asked, and was not.
    pub(super) fn ask(&mut self, now: Instant, node: NodeRef, link: LinkId) {
        let Some(round) = &mut self.refresh.round else { return };
        let serial = round.serial;
        let Some(asked) = round.asked(node).filter(|asked| asked.sent.is_none()) else { return };
        asked.sent = Some((now, link));
        let Some(tenant) = self.links.get_mut(link) else { return };
        let second =
            if tenant.link.is_before_shards() { Question::Nodes } else { Question::Shards };
        for question in [Question::Slots, second] {
            let what = match question {
                Question::Slots => "SLOTS",
                Question::Shards => "SHARDS",
                Question::Nodes => "NODES",
            };
            let command = Command::new("CLUSTER").arg(what);
            let (work, len_max) =
                (Work::Topology { round: serial, question }, self.config.limits.max_topology_bytes);
            tenant.link.write_own(now, &command, work, len_max);
        }
        self.stats.topology_queries += 1;
        self.timers.note(now + self.config.connect_timeout);
        self.announce(link);
    }

    /// A link is gone: its node will not answer, if it was asked on this link, or was to be.
    pub(super) fn refresh_link_lost(
        &mut self,
        now: Instant,
        lane: LaneRef,
        (link, was_current): (LinkId, bool),
        failure: &NodeFailure,
    ) {
        let Some(round) = &mut self.refresh.round else { return };
        let is_meant = |asked: &mut Asked| match asked.sent {
            Some((_, on)) => on == link,
            None => was_current && lane.is_first(),
        };
        if round.asked(lane.node).is_some_and(is_meant) {
            self.note_failure(lane.node, failure.clone());
            self.ask_next(now);
        }
    }
}

/// Over how long the clients of a cluster of this size spread their rounds.
fn spread(links: &Links, config: &Config) -> Duration {
    let nodes = u32::try_from(links.listed().count()).unwrap_or(u32::MAX);
    config.min_refresh_interval.saturating_mul(1 + nodes / 64)
}
