//! Primaries and replicas: how writes get across, and who takes over when a primary is gone.
//!
//! Replication is asynchronous, so that a failover may lose writes that were acknowledged. When a
//! node throws a copy away, the history records the writes that only this copy had as lost. The
//! oracle blames no client for them.

use alloc::vec::Vec;
use core::time::Duration;

use super::data::Data;
use super::node::{Effect, Following};
use super::{Scheduled, World};
use crate::error::Disconnect;
use crate::slot::Slot;

/// Of what is lost with a primary that was reachable no more.
const ELECTION_DELAY_MIN: u64 = 200;
const ELECTION_DELAY_MAX: u64 = 1000;

impl World {
    /// Whether messages between two nodes get through.
    pub(super) fn can_talk(&self, one: usize, other: usize) -> bool {
        let is_heard = |index: usize| self.nodes[index].is_heard();
        is_heard(one) && is_heard(other) && self.same_side(one, other)
    }

    fn same_side(&self, one: usize, other: usize) -> bool {
        let island = &self.nemesis.island;
        island.contains(&one) == island.contains(&other)
    }

    /// What was written to a primary is on its way to its replicas.
    pub(super) fn send_to_replicas(&mut self, primary: usize) {
        for replica in 0..self.nodes.len() {
            let follows = self.nodes[replica].following.is_some_and(|link| link.primary == primary);
            if follows {
                let after = self.dice.up_to(self.conditions.replication_delay_max);
                self.schedule(after, Scheduled::Replicate { replica });
            }
        }
    }

    /// A replica takes in what its primary has done.
    pub(super) fn replicate(&mut self, replica: usize) {
        let Some(link) = self.nodes[replica].following else { return };
        if !self.can_talk(replica, link.primary) {
            if self.nodes[replica].is_member {
                self.schedule(super::cluster::RETRY, Scheduled::Replicate { replica });
            }
            return;
        }
        let primary = &self.nodes[link.primary];
        if primary.lineage != link.lineage || primary.primary.is_some() {
            return self.synchronise(replica);
        }
        let effects: Vec<Effect> = primary.log.get(link.offset..).unwrap_or_default().to_vec();
        let offset = primary.log.len();
        for effect in &effects {
            self.nodes[replica].repeat(effect);
        }
        self.nodes[replica].following = Some(Following { offset, ..link });
    }

    /// A replica throws its data away and takes its primary's.
    pub(super) fn synchronise(&mut self, replica: usize) {
        let Some(index) = self.nodes[replica].primary else { return };
        let primary = &self.nodes[index];
        if primary.primary.is_some() {
            return; // it is a replica itself; another claim will tell of the right one
        }
        let (data, lineage, offset) = (primary.data.clone(), primary.lineage, primary.log.len());
        let former = core::mem::replace(&mut self.nodes[replica].data, data);
        self.nodes[replica].following = Some(Following { primary: index, lineage, offset });
        self.note_losses(replica, &former);
    }

    /// What only this copy had is lost.
    pub(super) fn note_losses(&mut self, index: usize, former: &Data) {
        for (key, entry) in &former.entries {
            let owner = self.true_owner(Slot::of_key(key).number()).unwrap_or(index);
            let kept = self.nodes[owner].data.entries.get(key);
            self.history.lost(&entry.writes, kept.map_or(&[], |kept| &kept.writes));
        }
    }

    /// What only this copy of a slot has is lost, now that it belongs to this node.
    fn note_losses_to(&mut self, owner: usize, slot: u16, former: &Data) {
        for (key, entry) in &former.entries {
            if Slot::of_key(key).number() == slot {
                let kept = self.nodes[owner].data.entries.get(key);
                self.history.lost(&entry.writes, kept.map_or(&[], |kept| &kept.writes));
            }
        }
    }

    /// A slot without an owner comes to a node: writes that only other nodes still have are lost.
    pub(super) fn note_copies_lost(&mut self, slot: u16, owner: usize) {
        for node in 0..self.nodes.len() {
            let data = self.nodes[node].data.clone();
            self.note_losses_to(owner, slot, &data);
        }
    }

    /// A key is removed because it is not the node's.
    pub(super) fn forget_key(&mut self, index: usize, key: &[u8]) {
        let Some(entry) = self.nodes[index].data.entries.remove(key) else { return };
        self.nodes[index].note(Effect::Removed(key.to_vec()));
        let slot = Slot::of_key(key).number();
        let kept = self.true_owner(slot).and_then(|owner| self.nodes[owner].data.entries.get(key));
        self.history.lost(&entry.writes, kept.map_or(&[], |kept| &kept.writes));
    }

    /// Whether two nodes are primary and replica of one another, or of the same.
    pub(super) fn share_shard(&self, one: usize, other: usize) -> bool {
        let count = self.conditions.primaries;
        let in_shard = |index: usize| index < count * (1 + self.conditions.replicas);
        in_shard(one) && in_shard(other) && one % count == other % count
    }

    /// A replica becomes the primary of its shard.
    pub(super) fn promote(&mut self, replica: usize) {
        let Some(former) = self.nodes[replica].primary else { return };
        let is_busy = self.is_busy(replica);
        let slots = self.nodes[replica].view.slots_of(former);
        let mut holes = self.nemesis.slots.clone();
        holes.retain(|slot| self.true_owner(*slot).is_none());
        let node = &mut self.nodes[replica];
        node.primary = None;
        node.following = None;
        node.lineage += 1;
        node.log.clear();
        for (first, last) in slots {
            node.view.give(first, last, Some(replica));
            if is_busy {
                self.history.excuse_order(self.now, first, last);
            }
        }
        self.announce(replica, true);
        // What the replica did not hear of in time is lost, whatever the former primary still has.
        let data = self.nodes[former].data.clone();
        self.note_losses(former, &data);
        // A replica that heard late that its primary gave a slot away takes that slot as well. If
        // the slot had no owner, its keys stay at nodes that no client asks for them.
        for slot in holes {
            if self.true_owner(slot) == Some(replica) {
                self.note_copies_lost(slot, replica);
            }
        }
        self.drop_foreign_keys(replica);
        for index in 0..self.nodes.len() {
            self.follow_primary(index);
        }
    }

    /// A primary learns that another node of its shard has taken over.
    pub(super) fn demote(&mut self, index: usize, winner: usize) {
        let node = &mut self.nodes[index];
        node.primary = Some(winner);
        node.log.clear();
        node.lineage += 1;
        let migrating = core::mem::take(&mut node.migrating);
        let importing: Vec<u16> = node.importing.keys().copied().collect();
        for slot in importing {
            self.stop_importing(index, slot);
        }
        for slot in migrating.into_keys() {
            self.history.excuse_order(self.now, slot, slot);
        }
        self.synchronise(index);
        self.announce(index, false);
    }

    /// A replica whose primary has become a replica follows the one that took over.
    pub(super) fn follow_primary(&mut self, index: usize) {
        let Some(primary) = self.nodes[index].primary else { return };
        let view = &self.nodes[index].view;
        let has_slots = !view.slots_of(primary).is_empty();
        let successor = view.claims.iter().filter_map(Option::as_deref).find(|claim| {
            claim.primary.is_none()
                && claim.node != index
                && !view.slots_of(claim.node).is_empty()
                && self.share_shard(claim.node, index)
        });
        if let Some(successor) = successor.map(|claim| claim.node)
            && !has_slots
            && successor != primary
        {
            self.nodes[index].primary = Some(successor);
            self.synchronise(index);
            self.announce(index, false);
        }
    }

    /// Updates which nodes are silent or isolated after a change. The other nodes notice a silent
    /// node after the node timeout.
    pub(super) fn reckon_silence(&mut self) {
        let primaries: Vec<usize> =
            (0..self.nodes.len()).filter(|index| self.nodes[*index].primary.is_none()).collect();
        for index in 0..self.nodes.len() {
            let heard =
                primaries.iter().filter(|other| **other == index || self.can_talk(index, **other));
            let is_majority = heard.count() * 2 > primaries.len();
            let now = self.now;
            let node = &mut self.nodes[index];
            let is_silent = !node.is_heard() || !is_majority;
            node.isolated_since = match (is_majority || !node.is_heard(), node.isolated_since) {
                (true, _) => None,
                (false, since) => since.or(Some(now)),
            };
            match (is_silent, node.silent_since) {
                (true, None) => {
                    node.silent_since = Some(now);
                    let after = self.conditions.node_timeout + self.dice.millis(0, 100);
                    self.schedule(after, Scheduled::Missed { node: index });
                }
                (false, Some(_)) => {
                    node.silent_since = None;
                    self.heard_again(index);
                }
                _ => {}
            }
        }
    }

    /// A node was silent for long: if it still is, it has failed, and a replica takes over.
    pub(super) fn missed(&mut self, index: usize) {
        let timeout = self.conditions.node_timeout;
        let Some(since) = self.nodes[index].silent_since else { return };
        if self.now.since(since) < timeout || !self.nodes[index].is_member {
            return;
        }
        let others: Vec<usize> = (0..self.nodes.len())
            .filter(|other| *other != index && self.can_decide(*other))
            .collect();
        for other in &others {
            self.nodes[*other].view.failed.insert(index);
        }
        let offset =
            |replica: &&usize| self.nodes[**replica].following.map_or(0, |link| link.offset);
        let is_candidate = |replica: &&usize| self.nodes[**replica].primary == Some(index);
        let candidate = others.iter().filter(is_candidate).max_by_key(offset).copied();
        let has_slots = !self.nodes[index].view.slots_of(index).is_empty();
        if self.nodes[index].primary.is_some() || !has_slots {
            return;
        }
        let waited = self.now.since(since) >= timeout + Duration::from_millis(ELECTION_DELAY_MIN);
        if let Some(replica) = candidate.filter(|_| waited) {
            self.trace.line(self.now, || alloc::format!("node {replica} takes over from {index}"));
            self.promote(replica);
        } else {
            let after = self.dice.millis(ELECTION_DELAY_MIN, ELECTION_DELAY_MAX);
            self.schedule(after, Scheduled::Missed { node: index });
        }
    }

    /// Whether a node belongs to the majority.
    fn can_decide(&self, index: usize) -> bool {
        self.nodes[index].is_heard() && self.nodes[index].isolated_since.is_none()
    }

    /// A node is back: all tell each other what they know.
    fn heard_again(&mut self, index: usize) {
        for other in 0..self.nodes.len() {
            self.nodes[other].view.failed.remove(&index);
            for (by, of) in [(index, other), (other, index)] {
                let Some(claim) = self.nodes[of].view.claims[of].clone() else { continue };
                if by != of {
                    let after = self.dice.up_to(self.conditions.gossip_delay_max);
                    self.schedule(after, Scheduled::Heard { by, claim });
                }
            }
        }
        if self.nodes[index].primary.is_some() {
            self.schedule(Duration::ZERO, Scheduled::Replicate { replica: index });
        }
    }

    /// The process of a node ends. Its data is on disk.
    pub(super) fn kill(&mut self, index: usize, is_noticed: bool) {
        self.nodes[index].is_up = false;
        for id in self.connections_of(index) {
            if is_noticed {
                self.reset(id, Disconnect::Reset);
            } else {
                self.let_hang(id);
            }
        }
        self.reckon_silence();
    }

    /// The process of a node starts again.
    pub(super) fn restart(&mut self, index: usize) {
        let loading = self.dice.up_to(self.conditions.loading_max);
        let wait = self.dice.millis(0, 500);
        let now = self.now;
        let node = &mut self.nodes[index];
        node.is_up = true;
        node.is_frozen = false;
        node.scripts.clear();
        node.loading_until = now + loading;
        node.down_until = now + loading + wait;
        self.reckon_silence();
        self.announce(index, false);
    }
}
