//! Fences: how the commands of a slot stay in order when the slot changes hands.
//!
//! Theory of operation. While a slot has one owner, its commands go one way and stay in order. When it
//! changes hands, by a `MOVED` or by a new topology, some of them are on their way to the former
//! owner, or come back from it, or were sent elsewhere by an `ASK`. So the slot stands still for a
//! moment: what waits in line is collected; what is on its way, anywhere, is waited for; whatever comes
//! back redirected joins the others, and so does every new command. When the last reply has come all of
//! them leave for the owner in the order of their submission. A slot of which nothing else is on its
//! way does not stop at all, and without a redirection there is no fence, and nothing to look up.
//!
//! What no client can keep in order: commands that are on their way to a node which gives the slot up
//! and takes it back before they arrive. It refuses the first of them and serves the second.

use alloc::vec::Vec;
use core::time::Duration;

use super::Cluster;
use super::calls::{PartRef, Place};
use super::nodes::{Tenant, Work};
use super::queue::Queue;
use crate::action::LinkId;
use crate::config::ReadFrom;
use crate::error::Closed;
use crate::plan::Route;
use crate::slot::Slot;
use crate::time::Instant;
use crate::topology::TopologyChange;

/// A slot that stands still.
#[derive(Debug, Default)]
pub(super) struct Fence {
    /// Links, and how many replies each must have given.
    holds: Vec<(LinkId, u64)>,
    queue: Queue,
}

impl Fence {
    /// Waits for so many replies of the link, at least.
    fn hold(&mut self, link: LinkId, until: u64) {
        match self.holds.iter_mut().find(|(held, _)| *held == link) {
            Some((_, held_until)) => *held_until = until.max(*held_until),
            None => self.holds.push((link, until)),
        }
    }

    /// Commands before the one that is waited for were taken back.
    pub(super) fn taken_back(&mut self, link: LinkId, number: u64, count: u64) {
        for (held, until) in &mut self.holds {
            if *held == link && *until > number {
                *until = until.saturating_sub(count).max(number);
            }
        }
    }

    pub(super) fn left(&mut self) {
        self.queue.left();
    }

    pub(super) fn sweep(&mut self, is_alive: impl Fn(PartRef) -> bool) {
        if self.queue.is_mostly_dead() {
            self.queue.sweep(is_alive);
        }
    }
}

impl<T> Cluster<T> {
    /// Has a part wait until the fence of its slot is lifted.
    pub(super) fn wait_at_fence(&mut self, slot: Slot, part: PartRef) {
        let Some(state) = self.calls.part_mut(part) else { return };
        (state.place, state.asking) = (Place::Fenced(slot), false);
        let fence = self.fences.entry(slot).or_default();
        let is_mostly_dead = fence.queue.is_mostly_dead();
        fence.queue.push_back(part);
        self.stats.fenced += 1;
        if is_mostly_dead {
            self.sweep();
        }
    }

    /// Lifts the fences that waited for nothing but this link, which has answered more by now.
    pub(super) fn lift_fences(&mut self, now: Instant, link: LinkId) {
        let answered = self.links.get(link).map_or(u64::MAX, |tenant| tenant.link.answered());
        let mut next = u64::MAX;
        let mut lifted = Vec::new();
        for (slot, fence) in &mut self.fences {
            fence.holds.retain(|(held, until)| *held != link || *until > answered);
            let holds = fence.holds.iter().filter(|(held, _)| *held == link);
            next = holds.map(|(_, until)| *until).fold(next, u64::min);
            if fence.holds.is_empty() {
                lifted.push(*slot);
            }
        }
        self.set_fence_at(link, next);
        for slot in lifted {
            self.lift_if_free(now, slot);
        }
    }

    /// Lifts the fence of a slot if it waits for nothing: what waited leaves in the order of its
    /// submission.
    pub(super) fn lift_if_free(&mut self, now: Instant, slot: Slot) {
        if !self.fences.get(&slot).is_some_and(|fence| fence.holds.is_empty()) {
            return;
        }
        let Some(mut fence) = self.fences.remove(&slot) else { return };
        let mut parts = Vec::from(fence.queue.take());
        parts.sort_unstable_by_key(|part| part.order());
        for part in parts {
            if self.calls.part(part).is_some_and(|state| state.place == Place::Fenced(slot)) {
                self.dispatch(now, part);
            }
        }
    }

    /// Has a slot wait until the link has answered the last command of the slot that it has, if it
    /// has any.
    fn fence(&mut self, slot: Slot, link: LinkId) {
        let Some(tenant) = self.links.get_mut(link) else { return };
        let Some(until) = tenant.link.last_owed(|work| work.slot() == Some(slot)) else { return };
        tenant.fence_at = tenant.fence_at.min(until);
        self.fences.entry(slot).or_default().hold(link, until);
    }

    /// A slot has changed hands: waits for what is on its way, and collects what waits in line, at
    /// these nodes and wherever a redirection may have brought it.
    pub(super) fn stand_still(&mut self, now: Instant, slot: Slot, nodes: [Option<usize>; 3]) {
        let is_meant = |tenant: &&Tenant| {
            nodes.contains(&Some(tenant.node)) || tenant.redirected_until > tenant.link.answered()
        };
        let meant = self.links.tenants.iter().flatten().filter(is_meant);
        for link in meant.map(|tenant| tenant.id).collect::<Vec<_>>() {
            self.fence(slot, link);
        }
        self.collect_suspects(now, slot);
        for node in 0..self.links.nodes.len() {
            let Some(state) = self.links.node_mut(node) else { continue };
            let is_meant = nodes.contains(&Some(node)) || state.has_redirected;
            if !is_meant || state.queue.live_count() == 0 {
                continue;
            }
            state.has_redirected = false;
            for part in state.queue.take() {
                let Some(state) = self.calls.part(part) else { continue };
                if state.place != Place::Waiting(node) {
                    continue;
                }
                if state.piece.route.slot() == Some(slot) {
                    self.wait_at_fence(slot, part);
                } else {
                    self.line_up(node, part);
                }
            }
        }
    }

    /// Collects the parts of a slot that were redirected to a node that is not listed. Those that its
    /// owner redirected there pause first: it would do the same again.
    fn collect_suspects(&mut self, now: Instant, slot: Slot) {
        let owner = self.links.primary(self.agreement.topology(), slot);
        for part in self.suspects.take() {
            let Some(state) = self.calls.part_mut(part) else { continue };
            if state.place != Place::Suspect {
                continue;
            }
            if state.piece.route.slot() != Some(slot) {
                self.suspects.push_back(part);
                continue;
            }
            let from =
                state.suspicion.take().and_then(|suspicion| self.links.find(&suspicion.from));
            if owner.is_some() && owner == from {
                let refusal = state.refusal.as_deref().cloned();
                self.pause(now, part, refusal, self.config.retry_delay_min);
            } else {
                self.wait_at_fence(slot, part);
            }
        }
    }

    /// Sets the number of replies at which the link's fences are looked at again.
    fn set_fence_at(&mut self, link: LinkId, answered: u64) {
        if let Some(tenant) = self.links.get_mut(link) {
            tenant.fence_at = answered;
        }
    }

    /// The topology is another one: links, queues and fences follow it.
    pub(super) fn follow_topology(&mut self, now: Instant, change: &TopologyChange) {
        let unlisted = self.links.follow(self.agreement.topology());
        self.fence_moved(now, change);
        self.clear_suspects(now); // they are older than what waits in the queues
        self.reroute_queues(now, change);
        // A seed that a stuck round began to ask may take longer to reach than rounds last.
        let is_stuck = self.is_stuck();
        for node in unlisted {
            let is_awaited = is_stuck && self.links.node(node).is_some_and(|node| node.is_seed);
            if !is_awaited && let Some(link) = self.links.node(node).and_then(|node| node.link) {
                self.drain(now, link);
            }
            self.forget_if_useless(node);
        }
        self.verify_links(now);
    }

    /// Fences the slots that changed hands and have commands on their way, wherever.
    fn fence_moved(&mut self, now: Instant, change: &TopologyChange) {
        // Where replicas may answer, reads have no order to keep.
        let is_for_all = self.config.read_from == ReadFrom::Primary;
        let is_meant = |work: &&Work| is_for_all || !self.is_read(work);
        let mut moved = Vec::new();
        let mut silent = Vec::new();
        for tenant in self.links.tenants.iter().flatten() {
            let before = moved.len();
            let slots = tenant.link.owed().filter(is_meant).filter_map(|work| work.slot());
            moved.extend(slots.filter(|slot| has_moved(change, *slot)).map(|s| (s, tenant.id)));
            // A node that lost its slots while it was silent is not coming back with answers.
            let leads = self.links.primaries.contains(&Some(tenant.node));
            let silence = now.since(tenant.link.progress_at());
            if moved.len() > before && !leads && silence >= SILENCE {
                silent.push(tenant.id);
            }
        }
        moved.sort_unstable();
        moved.dedup();
        moved.retain(|(_, link)| !silent.contains(link));
        for (slot, link) in moved {
            self.fence(slot, link);
        }
        for link in silent {
            self.drop_link(now, link, Closed::TimedOut);
        }
    }

    /// Whether work only reads, as far as is known.
    fn is_read(&self, work: &Work) -> bool {
        let Work::Part { part, .. } = work else { return false };
        self.calls.part(*part).is_some_and(|state| state.piece.read_only)
    }

    /// Sends what waits for nodes where it belongs by now, in the order of its submission.
    fn reroute_queues(&mut self, now: Instant, change: &TopologyChange) {
        let mut leaving = Vec::new();
        for node in 0..self.links.nodes.len() {
            let Some(state) = self.links.node_mut(node) else { continue };
            let is_listed = state.is_listed;
            state.has_redirected = false;
            for part in state.queue.take() {
                let Some(state) = self.calls.part_mut(part) else { continue };
                if state.place != Place::Waiting(node) {
                    continue;
                }
                let belongs = if let Route::Slot(slot) = state.piece.route {
                    is_listed && !has_moved(change, slot)
                } else {
                    self.links.chosen(self.agreement.topology(), state) == Some(node)
                };
                if belongs {
                    self.line_up(node, part);
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
}

fn has_moved(change: &TopologyChange, slot: Slot) -> bool {
    let before = change.moved().partition_point(|moved| moved.slots.last() < slot);
    change.moved().get(before).is_some_and(|moved| moved.slots.contains(slot))
}

/// A node that has been silent for this long and lost all its slots is not waited for.
const SILENCE: Duration = Duration::from_secs(1);
