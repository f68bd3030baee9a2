//! Fences: how the commands of a slot stay in order when the slot moves.
//!
//! Theory of operation. A redirected part goes straight to where the reply points; only then new
//! commands may follow, because parts that were sent to the former owner before are still on their
//! way back. So a slot that moved is fenced: new commands for it wait until the former owner has
//! answered the last command of that slot that it was sent. If a slot moves on while redirected
//! commands are still elsewhere, those that come back after them wait as well. What waited leaves in
//! the order of its submission. Without a redirection there is no fence, and nothing to look up.
//! (A slot that goes away and comes back while commands are on their way to its owner is beyond any
//! client: the owner refuses the first and serves the second.)

use alloc::vec::Vec;
use core::time::Duration;

use super::Cluster;
use super::calls::{PartRef, Place};
use super::nodes::Tenant;
use super::queue::Queue;
use crate::action::LinkId;
use crate::config::ReadFrom;
use crate::error::Closed;
use crate::slot::Slot;
use crate::time::Instant;
use crate::topology::TopologyChange;

/// A slot whose new commands wait.
#[derive(Debug, Default)]
pub(super) struct Fence {
    holds: Vec<Hold>,
    queue: Queue,
    /// Whether redirected parts wait as well, so that all that follow them have to.
    pub(super) has_redirected: bool,
}

/// A link that a fence waits for.
#[derive(Debug)]
struct Hold {
    link: LinkId,
    /// How many replies it must have given.
    until: u64,
    /// Whether it may have commands that a redirection brought there: older ones than those that are
    /// on their way back from the owner.
    has_elders: bool,
}

impl Fence {
    pub(super) fn waits_for(&self, link: LinkId) -> bool {
        self.holds.iter().any(|hold| hold.link == link)
    }

    /// Whether it waits for older commands than those that come from this link.
    pub(super) fn waits_for_elders(&self, link: Option<LinkId>) -> bool {
        self.holds.iter().any(|hold| hold.has_elders && Some(hold.link) != link)
    }

    /// Waits for so many replies of the link, at least.
    pub(super) fn hold(&mut self, link: LinkId, until: u64, has_elders: bool) {
        match self.holds.iter_mut().find(|hold| hold.link == link) {
            Some(hold) => {
                hold.until = hold.until.max(until);
                hold.has_elders |= has_elders;
            }
            None => self.holds.push(Hold { link, until, has_elders }),
        }
    }

    /// Does not wait for the link any more.
    pub(super) fn release(&mut self, link: LinkId) {
        self.holds.retain(|hold| hold.link != link);
    }

    /// Commands before the one that is waited for were taken back.
    pub(super) fn taken_back(&mut self, link: LinkId, number: u64, count: u64) {
        for hold in self.holds.iter_mut().filter(|hold| hold.link == link && hold.until > number) {
            hold.until = hold.until.saturating_sub(count).max(number);
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
        state.place = Place::Fenced(slot);
        let fence = self.fences.entry(slot).or_default();
        let is_mostly_dead = fence.queue.is_mostly_dead();
        fence.has_redirected |= state.hops > 0;
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
            fence.holds.retain(|hold| hold.link != link || hold.until > answered);
            let holds = fence.holds.iter().filter(|hold| hold.link == link);
            next = holds.map(|hold| hold.until).fold(next, u64::min);
            if fence.holds.is_empty() {
                lifted.push(*slot);
            }
        }
        self.set_fence_at(link, next);
        for slot in lifted {
            let Some(mut fence) = self.fences.remove(&slot) else { continue };
            let mut parts = Vec::from(fence.queue.take());
            parts.sort_unstable_by_key(|part| part.order());
            for part in parts {
                if self.calls.part(part).is_some_and(|p| p.place == Place::Fenced(slot)) {
                    self.dispatch(now, part);
                }
            }
        }
    }

    /// Has new commands of a slot wait until the link has answered the last one of the slot that it
    /// has. Nothing happens if it has none. One that is written on the link later is waited for as
    /// well.
    pub(super) fn fence(&mut self, slot: Slot, link: LinkId) {
        if self.fences.get(&slot).is_some_and(|fence| fence.waits_for(link)) {
            return;
        }
        let Some(tenant) = self.links.get_mut(link) else { return };
        let has_elders = tenant.redirected_until > tenant.link.answered();
        let Some(until) = tenant.link.last_owed(|work| work.slot() == Some(slot)) else { return };
        tenant.fence_at = tenant.fence_at.min(until);
        self.fences.entry(slot).or_default().hold(link, until, has_elders);
    }

    /// Fences a slot at its former owner, and wherever a redirection may have brought commands of it.
    pub(super) fn fence_former(&mut self, slot: Slot, former: Option<usize>, target: usize) {
        let is_meant = |tenant: &&Tenant| {
            let has_redirected = tenant.redirected_until > tenant.link.answered();
            (has_redirected || Some(tenant.node) == former) && tenant.node != target
        };
        let meant = self.links.tenants.iter().flatten().filter(is_meant);
        for link in meant.map(|tenant| tenant.id).collect::<Vec<_>>() {
            self.fence(slot, link);
        }
    }

    /// Sets the number of replies at which the link's fences are looked at again.
    pub(super) fn set_fence_at(&mut self, link: LinkId, answered: u64) {
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
        for node in unlisted {
            if let Some(link) = self.links.node(node).and_then(|node| node.link) {
                self.drain(now, link);
            }
            self.forget_if_useless(node);
        }
    }

    /// Fences the slots that have commands in flight at a node that is not their primary any more.
    pub(super) fn fence_moved(&mut self, now: Instant, change: &TopologyChange) {
        if self.config.read_from != ReadFrom::Primary {
            return; // replicas answer by right
        }
        let mut moved = Vec::new();
        let mut silent = Vec::new();
        for tenant in self.links.tenants.iter().flatten() {
            let before = moved.len();
            for slot in tenant.link.owed().filter_map(|work| work.slot()) {
                let primary = self.links.primary(self.agreement.topology(), slot);
                if primary != Some(tenant.node) {
                    moved.push((slot, tenant.id));
                }
            }
            // A node that lost its slots while it was silent is not coming back with answers.
            let leads = self.links.primaries.contains(&Some(tenant.node));
            let silence = now.since(tenant.link.progress_at());
            if moved.len() > before && !leads && silence >= SILENCE {
                silent.push(tenant.id);
            }
        }
        moved.sort_unstable();
        moved.dedup();
        moved.retain(|(slot, _)| has_moved(change, *slot));
        for link in silent {
            moved.retain(|(_, moved)| *moved != link);
            self.drop_link(now, link, Closed::TimedOut);
        }
        for (slot, link) in moved {
            self.fence(slot, link);
        }
    }

    /// Sends what waits for nodes where it belongs by now, in the order of its submission.
    pub(super) fn reroute_queues(&mut self, now: Instant, change: &TopologyChange) {
        let mut leaving = Vec::new();
        for node in 0..self.links.nodes.len() {
            let is_trusted = self.links.is_trusted(node);
            let Some(state) = self.links.node_mut(node) else { continue };
            let (link, parts) = (state.link, state.queue.take());
            state.has_redirected = false;
            for part in parts {
                let Some(state) = self.calls.part_mut(part) else { continue };
                if state.place != Place::Waiting(node) {
                    continue;
                }
                let slot = state.piece.route.slot();
                let topology = self.agreement.topology();
                let stays = slot.is_some_and(|slot| {
                    !has_moved(change, slot) || self.links.primary(topology, slot) == Some(node)
                });
                if state.asking && is_trusted && stays {
                    self.line_up(node, part);
                    continue;
                }
                state.asking = false;
                // Of what is in flight, only that on the link of this very node is surely older.
                let fence = slot.and_then(|slot| self.fences.get(&slot));
                let waits = fence.is_some_and(|fence| {
                    link.is_some_and(|link| fence.waits_for(link)) || fence.waits_for_elders(link)
                });
                leaving.push((part, waits));
            }
        }
        leaving.sort_unstable_by_key(|(part, _)| part.order());
        for (part, waits) in leaving {
            if waits {
                self.dispatch(now, part);
            } else {
                self.route(now, part);
            }
        }
    }

    /// Takes the parts of a slot out of the lines where they wait, but for the new owner's: those
    /// that are older than what comes back from the node `from`, because a redirection brought them
    /// there, and those that are newer.
    pub(super) fn take_waiting(
        &mut self,
        slot: Slot,
        former: Option<usize>,
        from: Option<usize>,
        target: usize,
    ) -> (Vec<PartRef>, Vec<PartRef>) {
        let (mut elders, mut others) = (Vec::new(), Vec::new());
        for node in 0..self.links.nodes.len() {
            let Some(state) = self.links.node_mut(node) else { continue };
            let is_meant = state.has_redirected || Some(node) == former || Some(node) == from;
            if !is_meant || node == target || state.queue.live_count() == 0 {
                continue;
            }
            state.has_redirected = false;
            for part in state.queue.take() {
                let Some(state) = self.calls.part_mut(part) else { continue };
                if state.place != Place::Waiting(node) {
                    continue;
                }
                if state.piece.route.slot() == Some(slot) {
                    (state.place, state.asking) = (Place::Nowhere, false);
                    let is_elder = state.hops > 0 && Some(node) != from;
                    if is_elder { elders.push(part) } else { others.push(part) }
                } else {
                    self.line_up(node, part);
                }
            }
        }
        elders.sort_unstable_by_key(|part| part.order());
        others.sort_unstable_by_key(|part| part.order());
        (elders, others)
    }
}

fn has_moved(change: &TopologyChange, slot: Slot) -> bool {
    let before = change.moved().partition_point(|moved| moved.slots.last() < slot);
    change.moved().get(before).is_some_and(|moved| moved.slots.contains(slot))
}

/// A node that has been silent for this long and lost all its slots is not waited for.
const SILENCE: Duration = Duration::from_secs(1);
