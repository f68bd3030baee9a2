//! Floor 8: what a node tells of the topology, and how it becomes the topology.
//!
//! Theory of operation. A view without doubt ends its round and is adopted at once; a doubtful one
//! waits for the end of the round. Slots that changed hands are fenced first. Then the parts that
//! wait follow: those that were redirected to an unlisted node, since they are the oldest, then the
//! queues, in the order of their submission. Links to nodes that have left take no more work.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use super::Cluster;
use super::calls::{Place, Suspicion};
use super::nodes::NodeRef;
use super::rounds::Told;
use super::strangers::OtherClusters;
use super::tenants::{Question, Work};
use crate::action::{Event, RedirectKind, RefreshReason};
use crate::address::Address;
use crate::config::ReadFrom;
use crate::error::{Code, Disconnect, NodeFailure, NodeFailures, ServerError};
use crate::plan::Route;
use crate::resp::Frame;
use crate::slot::Slot;
use crate::time::Instant;
use crate::topology::{Adopted, Agreement, Doubt, TopologyChange, View, parse};

impl<T> Cluster<T> {
    /// An answer about the topology.
    pub(super) fn handle_topology(
        &mut self,
        now: Instant,
        node: NodeRef,
        serial: u64,
        question: Question,
        reply: &Frame,
    ) {
        let Some(address) = self.links.address(node).cloned() else { return };
        let (map, max_nodes) = (&self.config.address_map, self.config.max_nodes);
        let Some(asked) = self.refresh.asked(node, serial) else { return };
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
        let (Some(mut view), Some((sent_at, on))) = (asked.view.take(), asked.sent) else { return };
        let listed = if question == Question::Nodes {
            parse::nodes(reply.value(), &address, map, max_nodes).unwrap_or_default()
        } else {
            parse::shards(&mut view, reply.value(), &address, map, max_nodes).unwrap_or_default();
            Vec::new()
        };
        self.weigh(now, node, Told { sent_at, on, by: address, view, listed });
    }

    /// An answer about the topology cannot be used. The second question only adds to the first.
    pub(super) fn handle_unusable_topology(
        &mut self,
        now: Instant,
        node: NodeRef,
        serial: u64,
        question: Question,
        failure: NodeFailure,
    ) {
        let Some(address) = self.links.address(node).cloned() else { return };
        let Some(asked) = self.refresh.asked(node, serial) else { return };
        if question == Question::Slots {
            self.note_failure(node, failure);
            return self.ask_next(now);
        }
        if let (Some(view), Some((sent_at, on))) = (asked.view.take(), asked.sent) {
            let told = Told { sent_at, on, by: address, view, listed: Vec::new() };
            self.weigh(now, node, told);
        }
    }

    /// A view is whole: it is adopted, unless there is a doubt about its node.
    fn weigh(&mut self, now: Instant, node: NodeRef, told: Told) {
        match self.doubt_about(&told) {
            Some(doubt) => self.put_off(now, node, told, doubt),
            None => self.adopt(now, told, Agreement::adopt),
        }
    }

    /// A view is doubtful: it waits for the end of the round, and others are asked.
    fn put_off(&mut self, now: Instant, node: NodeRef, told: Told, doubt: Doubt) {
        if doubt == Doubt::Stranger {
            self.agreement.forget_stranger(&told.by);
        }
        self.refresh.others.note(now, told.view.topology());
        let is_listed = self.links.node(node).is_some_and(|node| node.is_listed);
        let witnesses = usize::from(doubt == Doubt::Foreign && is_listed);
        let (is_outdated, has_seed) = self.seed_vouches(node, &told);
        let failure =
            "the node belongs to another cluster, or is not the node that the topology lists";
        self.note_failure(node, NodeFailure::Unusable(failure.into()));
        let on = told.on;
        let Some(round) = self.refresh.round.as_mut() else { return };
        if is_outdated {
            round.candidates.push_front(node);
        } else {
            round.doubted.push(node);
        }
        round.put_off(told, witnesses, has_seed);
        if is_outdated {
            self.drain(now, on);
        }
        self.ask_next(now);
    }

    /// A view is whole: it becomes the topology, as far as nothing newer is known.
    fn adopt(
        &mut self,
        now: Instant,
        told: Told,
        adopt: fn(&mut Agreement, Instant, Instant, &Address, View) -> Adopted,
    ) {
        let Told { sent_at, by, view, listed, .. } = told;
        self.refresh.round = None;
        self.refresh.others = OtherClusters::default();
        let is_first = !self.links.knows_cluster();
        let adopted = adopt(&mut self.agreement, now, sent_at, &by, view);
        if !listed.is_empty() {
            self.agreement.set_listed(&listed);
        }
        let is_changed = !adopted.change.is_empty();
        self.refresh.rest(now, is_changed, &self.config);
        if is_changed || is_first {
            self.stats.topology_changes += 1;
            self.report(Event::TopologyChanged(adopted.change.clone()));
        }
        self.follow_topology(now, &adopted.change);
        self.reroute_unrouted();
        if adopted.kept > 0 {
            self.agenda.want_refresh(RefreshReason::Disagreement, false);
        }
        self.go_on();
    }

    /// Ends a round in which no node gave a trusted view. Adopts the doubtful view that
    /// `other_cluster` picks, if any; otherwise reports why each node failed. The machine tries
    /// again as long as parts wait for a view.
    pub(super) fn end_round(&mut self, now: Instant) {
        let Some(mut round) = self.refresh.round.take() else { return };
        let is_doubtful = !round.doubtful.is_empty();
        if let Some(told) = self.other_cluster(&mut round) {
            return self.adopt(now, told, Agreement::replace);
        }
        let failures = NodeFailures(round.failures.into());
        self.refresh.last_failures = failures.clone();
        self.refresh.rest(now, false, &self.config);
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
            self.agenda.want_refresh(RefreshReason::Disagreement, false);
        }
        let has_refused = failures.iter().all(|(_, failure)| failure.is_definite());
        if is_hopeless && !self.links.knows_cluster() {
            self.fail_unrouted(&failures);
        } else if has_refused && !self.links.knows_cluster() {
            self.fail_discoveries(&failures);
        }
        self.go_on();
    }

    /// Requests another round, if one was requested meanwhile or parts still wait for its result.
    fn go_on(&mut self) {
        if let Some((reason, urgent)) = self.refresh.take_again() {
            self.agenda.want_refresh(reason, urgent);
        }
        if self.unrouted.live_count() > 0 {
            let knows = self.links.knows_cluster();
            let reason = if knows { RefreshReason::SlotUnassigned } else { RefreshReason::Start };
            self.agenda.want_refresh(reason, knows);
        }
        if self.links.has_stranded() {
            self.agenda.want_refresh(RefreshReason::Unreachable, true);
        }
    }

    /// The topology is another one: links, queues and fences follow it.
    fn follow_topology(&mut self, now: Instant, change: &TopologyChange) {
        let unlisted = self.links.follow(now, self.agreement.topology());
        self.fence_moved(now, change);
        self.clear_suspects(now); // they are older than what waits in the queues
        self.reroute_queues(now, change);
        // A seed that a stuck round began to ask may take longer to reach than rounds last.
        let is_stuck = self.is_stuck();
        for node in unlisted {
            let is_awaited = is_stuck && self.links.node(node).is_some_and(|node| node.is_seed);
            for lane in self.links.lanes_of(node).filter(|_| !is_awaited) {
                if let Some(link) = self.links.lane(lane).and_then(|lane| lane.link) {
                    self.drain(now, link);
                }
            }
            self.forget_if_useless(node);
        }
        self.verify_links(now);
    }

    /// Fences the slots that changed hands and have commands on their way, wherever.
    fn fence_moved(&mut self, now: Instant, change: &TopologyChange) {
        // Where replicas may answer, reads have no order to keep.
        let is_for_all = self.config.read_from == ReadFrom::Primary;
        let mut moved = Vec::new();
        let mut silent = Vec::new();
        for tenant in self.links.tenants.iter().flatten() {
            let before = moved.len();
            let owed = tenant.link.owed().filter(|(_, work)| is_for_all || !self.is_read(work));
            let of_slots = owed.filter_map(|(number, work)| Some((work.slot()?, number)));
            let meant = of_slots.filter(|(slot, _)| has_moved(change, *slot));
            moved.extend(meant.map(|(slot, number)| (slot, tenant.id, number)));
            // A node that lost its slots while it was silent is not coming back with answers.
            let leads = self.links.primaries.contains(&Some(tenant.lane.node));
            let silence = now.since(tenant.link.progress_at());
            if moved.len() > before && !leads && silence >= SILENCE {
                silent.push(tenant.id);
                moved.truncate(before);
            }
        }
        // The last one of each slot and link is enough.
        moved.sort_unstable();
        moved.reverse();
        moved.dedup_by_key(|(slot, link, _)| (*slot, *link));
        for (slot, link, until) in moved {
            self.hold(slot, link, until);
        }
        for link in silent {
            self.drop_link(now, link, Disconnect::TimedOut);
        }
    }

    /// Whether work only reads, as far as is known.
    fn is_read(&self, work: &Work) -> bool {
        let Work::Part { part, .. } = work else { return false };
        self.calls.part(*part).is_some_and(|state| state.piece.read_only)
    }

    /// Reroutes the parts in queues that belong to another node now, in the order of their
    /// submission.
    fn reroute_queues(&mut self, now: Instant, change: &TopologyChange) {
        let mut leaving = Vec::new();
        for lane in self.links.lane_refs() {
            let is_listed = self.links.node(lane.node).is_some_and(|node| node.is_listed);
            let Some(state) = self.links.lane_mut(lane) else { continue };
            for part in state.queue.take() {
                let Some(state) = self.calls.part_mut(part) else { continue };
                if state.place != Place::Waiting(lane) {
                    continue;
                }
                let belongs = if let Route::Slot(slot) = state.piece.route {
                    is_listed && !has_moved(change, slot)
                } else {
                    self.links.chosen(self.agreement.topology(), state) == Some(lane.node)
                };
                if belongs {
                    self.line_up(lane, part);
                } else {
                    (state.place, state.asking) = (Place::Nowhere, false);
                    leaving.push(part);
                }
            }
        }
        leaving.sort_unstable_by_key(|part| part.order());
        for part in leaving {
            self.dispatch(now, part);
        }
    }

    /// The topology was read again: suspects are followed, or go back to where they belong.
    fn clear_suspects(&mut self, now: Instant) {
        for part in self.suspects.take() {
            let Some(state) = self.calls.part_mut(part) else { continue };
            if !state.place.is_suspect() {
                continue;
            }
            state.place = Place::Nowhere;
            let (slot, refusal) = (state.piece.route.slot(), state.refusal().cloned());
            let Some(Suspicion { from, to, kind }) = state.suspicion().cloned() else { continue };
            let owner = slot.and_then(|slot| self.links.primary(self.agreement.topology(), slot));
            if kind == RedirectKind::Moved && owner.is_some() && owner != self.links.find(&from) {
                self.dispatch(now, part); // the topology names another owner now
                continue;
            }
            let target = self.links.find(&to).filter(|target| self.links.is_trusted(*target));
            if let (Some(target), Some(slot)) = (target, slot) {
                self.follow_redirection(now, part, kind, slot, &from, target);
            } else {
                self.stats.redirections_refused += 1;
                self.report(Event::RedirectRefused { from, to });
                self.pause(now, part, refusal, self.config.min_retry_delay);
            }
        }
    }

    /// The topology may have other IDs, and no round asks a stranger any more: links that lead
    /// where they should are used, others closed. A node that got a new ID while its link was in
    /// use is dialled anew.
    fn verify_links(&mut self, now: Instant) {
        for this in self.links.node_refs() {
            let Some(node) = self.links.node_mut(this) else { continue };
            let belongs_there = node.id.is_none() || node.stranger.as_deref() == node.id.as_ref();
            if let Some(stranger) = node.stranger.take_if(|_| belongs_there) {
                let is_outside = node.id.is_none();
                node.outsider = is_outside.then(|| Box::new((*stranger, now)));
                self.links.lanes_of(this).for_each(|lane| self.forgive(now, lane));
            }
        }
        let in_use = self.links.tenants.iter().flatten().filter(|tenant| tenant.drain_by.is_none());
        let to_judge = in_use.filter(|tenant| tenant.is_strange || self.is_strange(tenant));
        let is_cut_off = self.links.is_cut_off();
        let verdicts: Vec<_> =
            to_judge.map(|tenant| (tenant.id, self.is_strange(tenant))).collect();
        for (id, is_strange) in verdicts {
            let Some(tenant) = self.links.get_mut(id) else { continue };
            let was_strange = core::mem::replace(&mut tenant.is_strange, is_strange);
            match (was_strange, is_strange) {
                (true, true) if is_cut_off => {}
                (true, true) => self.drop_strange_link(now, id),
                (false, true) => {
                    tenant.is_strange = false; // what it owes came before the other ID
                    self.drain(now, id);
                }
                (true, false) => {
                    self.link_usable(now, id);
                }
                (false, false) => {}
            }
        }
    }
}

fn has_moved(change: &TopologyChange, slot: Slot) -> bool {
    let before = change.moved().partition_point(|moved| moved.slots.last() < slot);
    change.moved().get(before).is_some_and(|moved| moved.slots.contains(slot))
}

/// A node that has been silent for this long and lost all its slots is not waited for.
const SILENCE: Duration = Duration::from_secs(1);

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
