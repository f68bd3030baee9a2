//! Floor 2: fences: how the commands of a slot stay in order when the slot changes hands.
//!
//! Theory of operation. While a slot has one owner, its commands go one way and stay in order. When
//! it changes hands, by a `MOVED` or by a new topology, some of them are on their way to the former
//! owner, or come back from it, or were sent elsewhere by an `ASK`. So the slot stands still for a
//! moment: what waits in line is collected; what is on its way, anywhere, is waited for; whatever
//! comes back redirected joins the others, and so does every new command. When the last reply has
//! come all of them leave for the owner in the order of their submission. A slot of which nothing
//! else is on its way does not stop at all, and without a redirection there is no fence, and
//! nothing to look up.
//!
//! What no client can keep in order: commands that are on their way to a node which gives the slot
//! up and takes it back before they arrive. It refuses the first of them and serves the second.

use alloc::vec::Vec;

use super::Cluster;
use super::calls::{Part, PartRef, Place};
use super::lanes::Lane;
use super::nodes::NodeRef;
use crate::action::LinkId;
use crate::slot::Slot;
use crate::time::Instant;

impl<T> Cluster<T> {
    /// Has a part wait until the fence of its slot is lifted.
    pub(super) fn wait_at_fence(&mut self, slot: Slot, part: PartRef) {
        let Some(state) = self.calls.part_mut(part) else { return };
        (state.place, state.asking) = (Place::Fenced(slot), false);
        let waits = |state: &Part| state.place == Place::Fenced(slot);
        self.fences.wait(slot, part, |part| self.calls.part(part).is_some_and(waits));
        self.stats.fenced += 1;
    }

    /// The link has answered more: lifts the fences that waited for this link alone.
    pub(super) fn lift_fences(&mut self, link: LinkId) {
        let answered = self.links.get(link).map_or(u64::MAX, |tenant| tenant.link.answered());
        let free = self.fences.answered(link, answered);
        self.note_next_fence(link);
        for slot in free {
            self.lift_if_free(slot);
        }
    }

    /// Notes the number of replies at which the link's fences are looked at again.
    fn note_next_fence(&mut self, link: LinkId) {
        let next = self.fences.next(link).unwrap_or(u64::MAX);
        if let Some(tenant) = self.links.get_mut(link) {
            tenant.fence_at = next;
        }
    }

    /// Lifts the fence of a slot if it waits for nothing: what waited leaves in the order of its
    /// submission.
    pub(super) fn lift_if_free(&mut self, slot: Slot) {
        let Some(parts) = self.fences.lift_if_free(slot) else { return };
        let mut parts = Vec::from(parts);
        parts.sort_unstable_by_key(|part| part.order());
        for part in parts {
            if self.calls.part(part).is_some_and(|state| state.place == Place::Fenced(slot)) {
                self.set_place(part, Place::Nowhere);
                self.agenda.send(part);
            }
        }
    }

    /// Has a slot wait until the link has answered the last command of the slot that it has, if it
    /// has any.
    fn fence(&mut self, slot: Slot, link: LinkId) {
        let Some(tenant) = self.links.get_mut(link) else { return };
        if let Some(until) = tenant.last_owed(slot) {
            self.hold(slot, link, until);
        }
    }

    /// Has a slot wait for so many replies of the link.
    pub(super) fn hold(&mut self, slot: Slot, link: LinkId, until: u64) {
        self.fences.hold(slot, link, until);
        if let Some(tenant) = self.links.get_mut(link) {
            tenant.fence_at = tenant.fence_at.min(until);
        }
    }

    /// A slot has changed hands: waits for what is on its way, and collects what waits in line, at
    /// these nodes and wherever a redirection may have brought it.
    pub(super) fn stand_still(&mut self, now: Instant, slot: Slot, nodes: [Option<NodeRef>; 3]) {
        let mut meant = self.strays.take(slot);
        meant.extend(nodes.into_iter().flatten());
        meant.sort_unstable();
        meant.dedup();
        for node in &meant {
            let mut count = 0;
            while let Some(link) = self.links.link_at(*node, count) {
                count += 1;
                self.fence(slot, link);
            }
        }
        self.collect_suspects(now, slot);
        for node in meant {
            self.collect_waiting(slot, node);
        }
    }

    /// Collects the parts of a slot that wait for a node.
    fn collect_waiting(&mut self, slot: Slot, node: NodeRef) {
        let lane = self.links.lane_of_slot(node, slot);
        let calls = &self.calls;
        let slot_of = |part| {
            let state = calls.part(part).filter(|state| state.place == Place::Waiting(lane));
            state?.piece.route.slot()
        };
        let Some(state) = self.links.lane_mut(lane) else { return };
        for part in state.queue.take_of(slot, slot_of) {
            self.wait_at_fence(slot, part);
        }
    }

    /// Collects the parts of a slot that were redirected to a node that is not listed. Those that
    /// its owner redirected there pause first: it would do the same again.
    fn collect_suspects(&mut self, now: Instant, slot: Slot) {
        let calls = &self.calls;
        let slot_of = |part| {
            let state = calls.part(part).filter(|state| state.place.is_suspect());
            state?.piece.route.slot()
        };
        let collected = self.suspects.take_of(slot, slot_of);
        let owner = self.links.primary(self.agreement.topology(), slot);
        for part in collected {
            let Some(state) = self.calls.part_mut(part) else { continue };
            let Some(suspicion) = state.suspicion() else { continue };
            let from = self.links.find(&suspicion.from);
            if owner.is_some() && owner == from {
                let refusal = state.refusal().cloned();
                self.pause(now, part, refusal, self.config.min_retry_delay);
            } else {
                self.wait_at_fence(slot, part);
            }
        }
    }

    /// Forgets where redirections brought commands that are over, if there are many of those.
    pub(super) fn sweep_strays(&mut self) {
        if !self.strays.are_many() {
            return;
        }
        let Self { links, strays, .. } = self;
        strays.retain(|slot, node| {
            let lane = links.lane_of_slot(node, slot);
            links.lane(lane).is_some_and(Lane::has_waiting) || links.owes(node, slot)
        });
    }
}
