//! When the machine asks for the topology, and which nodes.
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

use alloc::borrow::Cow;
use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::Cluster;
use super::dials::Line;
use super::nodes::{Node, Question, Work};
use super::strangers::{Doubtful, OtherClusters};
use crate::action::{Event, LinkId, RefreshReason};
use crate::address::Address;
use crate::command::Command;
use crate::config::Config;
use crate::error::{Code, NodeFailure, NodeFailures, ServerError};
use crate::resp::Frame;
use crate::time::Instant;
use crate::topology::parse::{self, ListedNode};
use crate::topology::{Adopted, Agreement, View};

/// So many nodes are asked at a time.
pub(super) const ASKED_COUNT_MAX: usize = 3;

/// What is being done about the topology.
#[derive(Debug)]
pub(super) struct Refresh {
    round: Option<Round>,
    /// When the next round begins, and why.
    due: Option<(Instant, RefreshReason)>,
    /// Why there has to be another round after this one.
    again: Option<(RefreshReason, bool)>,
    /// The least time between two rounds, as it is now.
    interval: Duration,
    /// When the last round ended; `None` before the first.
    rested_at: Option<Instant>,
    serial: u64,
    last_failures: NodeFailures,
    /// Other clusters that were told of since the last view without doubt.
    pub(super) others: OtherClusters,
}

/// One round.
#[derive(Debug)]
pub(super) struct Round {
    serial: u64,
    pub(super) candidates: VecDeque<usize>,
    asked: Vec<Asked>,
    failures: Vec<(Address, NodeFailure)>,
    pub(super) began_at: Instant,
    /// Whether nodes fail, and views have changed nothing for some rounds.
    pub(super) is_stuck: bool,
    /// Nodes that told doubtful views.
    pub(super) doubted: Vec<usize>,
    /// What the round may end with if no other view comes: one for each cluster that was told of.
    pub(super) doubtful: Vec<Doubtful>,
    /// When one more node is asked.
    more_at: Instant,
}

/// A node that is asked.
#[derive(Debug)]
struct Asked {
    node: usize,
    /// When it was to be asked.
    begun_at: Instant,
    /// When it was sent the question; `None` while it has no link.
    sent_at: Option<Instant>,
    view: Option<View>,
}

/// What a node that was asked has told.
#[derive(Debug)]
pub(super) struct Told {
    /// When it was asked.
    pub(super) sent_at: Instant,
    pub(super) by: Address,
    pub(super) view: View,
    pub(super) listed: Vec<ListedNode>,
}

impl Refresh {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            round: None,
            due: None,
            again: None,
            interval: config.min_refresh_interval,
            rested_at: None,
            serial: 0,
            last_failures: NodeFailures(Arc::from([])),
            others: OtherClusters::default(),
        }
    }

    pub(super) const fn round(&self) -> Option<&Round> {
        self.round.as_ref()
    }

    pub(super) const fn round_mut(&mut self) -> Option<&mut Round> {
        self.round.as_mut()
    }

    /// Whether a node is asked, and has not answered.
    pub(super) fn is_asking(&self, node: usize) -> bool {
        self.round.as_ref().is_some_and(|round| round.asked.iter().any(|asked| asked.node == node))
    }

    /// No more rounds.
    pub(super) fn stop(&mut self) {
        (self.round, self.due, self.again) = (None, None, None);
    }

    pub(super) fn next_timer(&self, now: Instant, patience: Duration) -> Option<Instant> {
        let more_at = self.round.as_ref().and_then(|round| round.next_at(now, patience));
        more_at.into_iter().chain(self.due.map(|(at, _)| at)).min()
    }
}

impl Round {
    /// When another node may be asked beside those that have not answered. A node that was asked
    /// longer ago than `patience` may still answer, and does not count.
    fn next_at(&self, now: Instant, patience: Duration) -> Option<Instant> {
        let gives_up_at = |asked: &Asked| asked.sent_at.unwrap_or(asked.begun_at) + patience;
        let awaited = self.asked.iter().map(gives_up_at).filter(|at| *at > now);
        if self.candidates.is_empty() {
            None
        } else if awaited.clone().count() < ASKED_COUNT_MAX {
            Some(self.more_at)
        } else {
            awaited.min()
        }
    }

    fn asked(&mut self, node: usize) -> Option<&mut Asked> {
        self.asked.iter_mut().find(|asked| asked.node == node)
    }
}

impl<T> Cluster<T> {
    /// Has the topology read again: as soon as is allowed if it is urgent, else with some delay, so
    /// that not all clients do it at once.
    pub(super) fn request_refresh(&mut self, now: Instant, reason: RefreshReason, urgent: bool) {
        if self.ends_by.is_some() {
            return;
        }
        if self.refresh.round.is_some() {
            let was_urgent = self.refresh.again.is_some_and(|(_, urgent)| urgent);
            self.refresh.again = Some((reason, urgent || was_urgent));
            return;
        }
        if !urgent && self.refresh.due.is_some() {
            return; // one is drawn already: the least of many draws would be no spread
        }
        // An urgent refresh does not wait for the doubled interval, only for the spread at most.
        let spread = self.spread();
        let interval =
            if urgent { self.refresh.interval.min(spread) } else { self.refresh.interval };
        let delay = if urgent { Duration::ZERO } else { self.random.up_to(spread) };
        let at =
            self.refresh.rested_at.map_or(now, |rested_at| (rested_at + interval).max(now)) + delay;
        if self.refresh.due.is_none_or(|(due, _)| due > at) {
            self.refresh.due = Some((at, reason));
        }
        self.timers.note(at);
        if at <= now {
            self.start_round(now);
        }
    }

    /// Over how long the clients of a cluster of this size spread their rounds.
    fn spread(&self) -> Duration {
        let nodes = u32::try_from(self.links.listed().count()).unwrap_or(u32::MAX);
        self.config.min_refresh_interval.saturating_mul(1 + nodes / 64)
    }

    pub(super) fn run_refresh_timers(&mut self, now: Instant) {
        if self.refresh.due.is_some_and(|(at, _)| at <= now) && self.refresh.round.is_none() {
            self.start_round(now);
        }
        let next_at = |round: &Round| round.next_at(now, self.config.connect_timeout);
        if self.refresh.round.as_ref().and_then(next_at).is_some_and(|at| at <= now) {
            self.ask_next(now);
        }
    }

    fn start_round(&mut self, now: Instant) {
        let Some((_, reason)) = self.refresh.due.take() else { return };
        self.refresh.serial += 1;
        self.stats.refreshes += 1;
        let is_stuck = self.is_stuck();
        let candidates = self.candidates(is_stuck);
        self.refresh.round = Some(Round {
            serial: self.refresh.serial,
            candidates,
            asked: Vec::new(),
            failures: Vec::new(),
            began_at: now,
            is_stuck,
            doubted: Vec::new(),
            doubtful: Vec::new(),
            more_at: now,
        });
        self.report(Event::TopologyRefresh { reason });
        self.ask_next(now);
    }

    /// Whether nodes fail, and views have changed nothing for some rounds.
    pub(super) fn is_stuck(&self) -> bool {
        self.refresh.interval > self.config.min_refresh_interval.saturating_mul(2)
            && self.links.listed().any(|node| self.links.is_failing(node))
    }

    /// The nodes to ask, in this order.
    fn candidates(&mut self, is_stuck: bool) -> VecDeque<usize> {
        let mut heirs = self.links.heirs();
        let mut listed: Vec<_> = self.links.listed().collect();
        let seeds = self.seeds.iter().map(|seed| self.links.obtain_seed(seed));
        let mut seeds: Vec<_> = seeds.collect();
        self.random.shuffle(&mut heirs);
        self.random.shuffle(&mut listed);
        self.random.shuffle(&mut seeds);
        seeds.sort_by_key(|seed| self.links.node(*seed).is_none_or(|node| node.link.is_none()));
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

    /// Asks the next node. Ends the round if no candidate is left and no node owes an answer.
    pub(super) fn ask_next(&mut self, now: Instant) {
        loop {
            if self.ends_with_another_cluster(now) {
                return self.end_failed_round(now);
            }
            let more_at = now + self.config.refresh_stagger;
            let Some(round) = &mut self.refresh.round else { return };
            let Some(node) = round.candidates.pop_front() else {
                if round.asked.is_empty() {
                    self.end_failed_round(now);
                }
                return;
            };
            round.asked.push(Asked { node, begun_at: now, sent_at: None, view: None });
            round.more_at = more_at;
            self.timers.note(more_at);
            if let Some(link) = self.links.askable_link(node) {
                return self.ask(now, node, link);
            }
            self.ensure_link(now, node);
            self.want(node, Line::Asked);
            let is_coming = |node: &Node| node.link.is_some() || node.waits_in.is_some();
            if self.links.node(node).is_some_and(is_coming) {
                return;
            }
            // It is to be left alone for now.
            let failure = self.links.last_failure(node).unwrap_or(NodeFailure::NoAnswer);
            self.note_failure(node, failure);
        }
    }

    /// Sends the questions.
    fn ask(&mut self, now: Instant, node: usize, link: LinkId) {
        let Some(round) = &mut self.refresh.round else { return };
        let serial = round.serial;
        let Some(asked) = round.asked(node).filter(|asked| asked.sent_at.is_none()) else { return };
        asked.sent_at = Some(now);
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

    /// A link is set up: its node may be waited for.
    pub(super) fn refresh_link_ready(&mut self, now: Instant, node: usize, link: LinkId) {
        self.ask(now, node, link);
    }

    /// A link is gone: its node will not answer.
    pub(super) fn refresh_link_lost(&mut self, now: Instant, node: usize, failure: &NodeFailure) {
        let Some(round) = &mut self.refresh.round else { return };
        if round.asked(node).is_some() {
            self.note_failure(node, failure.clone());
            self.ask_next(now);
        }
    }

    /// Why no node that was asked was of use: as far as this round has come, else as in the last.
    pub(super) fn failures_so_far(&self) -> NodeFailures {
        let last = &self.refresh.last_failures;
        let Some(round) = &self.refresh.round else { return last.clone() };
        let silent = round.asked.iter().filter_map(|asked| self.links.address(asked.node));
        let silent = silent.map(|address| (address.clone(), NodeFailure::NoAnswer));
        let mut failures = round.failures.clone();
        for (node, failure) in last.iter().cloned().chain(silent) {
            if failures.iter().all(|(known, _)| *known != node) {
                failures.push((node, failure));
            }
        }
        NodeFailures(failures.into())
    }

    pub(super) fn note_failure(&mut self, node: usize, failure: NodeFailure) {
        let Some(round) = &mut self.refresh.round else { return };
        round.asked.retain(|asked| asked.node != node);
        if let Some(address) = self.links.address(node) {
            round.failures.push((address.clone(), failure));
        }
    }

    /// An answer about the topology.
    pub(super) fn handle_topology(
        &mut self,
        now: Instant,
        node: usize,
        serial: u64,
        question: Question,
        reply: &Frame,
    ) {
        let Some(address) = self.links.address(node).cloned() else { return };
        let (map, max_nodes) = (&self.config.address_map, self.config.max_nodes);
        let round = self.refresh.round.as_mut().filter(|round| round.serial == serial);
        let Some(asked) = round.and_then(|round| round.asked(node)) else { return };
        if question == Question::Slots {
            let view = match reply.error() {
                Some(error) => Err(refused(error)),
                None => parse::slots(reply.value(), &address, map, max_nodes)
                    .map_err(|error| NodeFailure::Unusable(Cow::Owned(error.to_string()))),
            };
            match view {
                Ok(view) => asked.view = Some(view),
                Err(failure) => {
                    self.note_failure(node, failure);
                    self.ask_next(now);
                }
            }
            return;
        }
        // What comes second only adds to the view: without it the view is as good.
        let (Some(mut view), Some(sent_at)) = (asked.view.take(), asked.sent_at) else { return };
        let listed = if question == Question::Nodes {
            parse::nodes(reply.value(), &address, map, max_nodes).unwrap_or_default()
        } else {
            parse::shards(&mut view, reply.value(), &address, map, max_nodes).unwrap_or_default();
            Vec::new()
        };
        self.weigh(now, node, Told { sent_at, by: address, view, listed });
    }

    /// A view is whole: it is adopted, unless there is a doubt about its node.
    fn weigh(&mut self, now: Instant, node: usize, told: Told) {
        match self.doubt_about(node, &told) {
            Some(doubt) => self.put_off(now, node, told, doubt),
            None => self.adopt(now, told, Agreement::adopt),
        }
    }

    /// An answer about the topology cannot be used. The second question only adds to the first.
    pub(super) fn handle_unusable_topology(
        &mut self,
        now: Instant,
        node: usize,
        serial: u64,
        question: Question,
        failure: NodeFailure,
    ) {
        let Some(address) = self.links.address(node).cloned() else { return };
        let round = self.refresh.round.as_mut().filter(|round| round.serial == serial);
        let Some(asked) = round.and_then(|round| round.asked(node)) else { return };
        if question == Question::Slots {
            self.note_failure(node, failure);
            return self.ask_next(now);
        }
        if let (Some(view), Some(sent_at)) = (asked.view.take(), asked.sent_at) {
            let told = Told { sent_at, by: address, view, listed: Vec::new() };
            self.weigh(now, node, told);
        }
    }

    /// A view is whole: it becomes the topology, as far as nothing newer is known.
    pub(super) fn adopt(
        &mut self,
        now: Instant,
        told: Told,
        adopt: fn(&mut Agreement, Instant, Instant, &Address, View) -> Adopted,
    ) {
        let Told { sent_at, by, view, listed } = told;
        self.refresh.round = None;
        self.refresh.others = OtherClusters::default();
        let is_first = !self.links.knows_cluster();
        let adopted = adopt(&mut self.agreement, now, sent_at, &by, view);
        if !listed.is_empty() {
            self.agreement.set_listed(&listed);
        }
        let is_changed = !adopted.change.is_empty();
        self.rest(now, is_changed);
        if is_changed || is_first {
            self.stats.topology_changes += 1;
            self.report(Event::TopologyChanged(adopted.change.clone()));
        }
        self.follow_topology(now, &adopted.change);
        self.reroute_unrouted(now);
        if adopted.kept > 0 {
            self.request_refresh(now, RefreshReason::Disagreement, false);
        }
        self.go_on(now);
    }

    /// No round begins for a while: longer each time that one changed nothing.
    fn rest(&mut self, now: Instant, is_changed: bool) {
        let shortest = self.config.min_refresh_interval;
        let longest = self.config.max_refresh_interval.max(shortest);
        let doubled = self.refresh.interval.saturating_mul(2).clamp(shortest, longest);
        self.refresh.interval = if is_changed { shortest } else { doubled };
        self.refresh.rested_at = Some(now);
    }

    /// Ends a round in which no node gave a trusted view. Adopts the doubtful view that
    /// `other_cluster` picks, if any; otherwise reports why each node failed. The machine tries
    /// again as long as parts wait for a view.
    fn end_failed_round(&mut self, now: Instant) {
        let Some(mut round) = self.refresh.round.take() else { return };
        let is_doubtful = !round.doubtful.is_empty();
        if let Some(told) = self.other_cluster(&mut round) {
            return self.adopt(now, told, Agreement::replace);
        }
        let failures = NodeFailures(round.failures.into());
        self.refresh.last_failures = failures.clone();
        self.rest(now, false);
        let answered = |failure: &NodeFailure| {
            failure.is_permanent()
                || !matches!(failure, NodeFailure::Unreachable(_) | NodeFailure::NoAnswer)
        };
        let mut answers = failures.iter().filter(|(_, failure)| answered(failure)).peekable();
        let is_hopeless = answers.peek().is_some() && answers.all(|(_, f)| f.is_permanent());
        self.report(Event::TopologyUnavailable(failures.clone()));
        self.clear_suspects(now);
        self.verify_links(now);
        if is_doubtful {
            self.request_refresh(now, RefreshReason::Disagreement, false);
        }
        let has_refused = failures.iter().all(|(_, failure)| failure.is_definite());
        if is_hopeless && !self.links.knows_cluster() {
            self.fail_unrouted(&failures);
        } else if has_refused && !self.links.knows_cluster() {
            self.fail_discoveries(&failures);
        }
        self.go_on(now);
    }

    /// Requests another round, if one was requested meanwhile or parts still wait for its result.
    fn go_on(&mut self, now: Instant) {
        if let Some((reason, urgent)) = self.refresh.again.take() {
            self.request_refresh(now, reason, urgent);
        }
        if self.unrouted.live_count() > 0 {
            let knows = self.links.knows_cluster();
            let reason = if knows { RefreshReason::SlotUnassigned } else { RefreshReason::Start };
            self.request_refresh(now, reason, knows);
        }
        if self.links.has_stranded() {
            self.request_refresh(now, RefreshReason::Unreachable, true);
        }
    }
}

/// What an error says about the one that answers it to `CLUSTER SLOTS`.
fn refused(error: ServerError) -> NodeFailure {
    let code = error.known_code();
    if matches!(code, Code::NoAuth | Code::WrongPass) {
        NodeFailure::Authentication(error)
    } else if code == Code::NoPerm {
        NodeFailure::Permission { command: "CLUSTER SLOTS", error }
    } else if error.lacks_cluster_support() {
        NodeFailure::NotACluster(error)
    } else {
        NodeFailure::Refused(error)
    }
}
