//! What is asked of a world: whether all is well, what faults concerned, what is stored.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::World;
use super::data::Entry;
use super::node::Node;
use crate::address::Address;
use crate::slot::Slot;
use crate::time::Instant;

impl World {
    /// Whether all faults are over and no further fault will be injected.
    #[must_use]
    pub fn is_at_peace(&self) -> bool {
        self.unrest().is_none()
    }

    /// What each node believes of the slots that are used.
    pub(in crate::sim) fn beliefs(&self) -> String {
        let slots = &self.nemesis.slots;
        let believed = |node: &Node| -> Vec<_> {
            slots.iter().map(|slot| (*slot, *node.view.owners.get(*slot))).collect()
        };
        let lines = self.nodes.iter().enumerate();
        let lines =
            lines.map(|(index, node)| format!("{index} {}: {:?}", node.address, believed(node)));
        lines.collect::<Vec<_>>().join("; ")
    }

    /// Why there is no peace.
    pub(in crate::sim) fn unrest(&self) -> Option<&'static str> {
        if !self.nemesis.is_over() {
            return Some("faults go on");
        }
        if !self.nodes.iter().all(Node::is_well_or_gone) {
            return Some("a node is not well");
        }
        if self.nodes.iter().any(|node| node.down_until > self.now) {
            return Some("a node has just started");
        }
        (!self.views_agree()).then_some("nodes disagree")
    }

    /// Whether the last fault was over that long ago.
    pub(in crate::sim) fn has_been_at_peace_for(&mut self, rest: Duration) -> bool {
        if self.unrest().is_some() {
            self.peace_since = None;
            return false;
        }
        self.now.since(*self.peace_since.get_or_insert(self.now)) >= rest
    }

    /// Where the owner of a slot listens.
    pub(in crate::sim) fn address_of_owner(&self, slot: u16) -> Option<Address> {
        self.true_owner(slot).map(|owner| self.nodes[owner].address.clone())
    }

    /// What is stored under a key, at the node that owns its slot.
    pub(in crate::sim) fn stored(&self, key: &[u8]) -> Option<&Entry> {
        let owner = self.true_owner(Slot::of_key(key).number())?;
        self.nodes[owner].data.entries.get(key)
    }

    /// Whether a key is where a client may look for it: at each node that takes itself for the
    /// owner of its slot, or on its way from there.
    pub(in crate::sim) fn holds(&self, key: &[u8]) -> bool {
        let slot = Slot::of_key(key).number();
        let owns = |index: &usize| *self.nodes[*index].view.owners.get(slot) == Some(*index);
        let has = |index: usize| self.nodes[index].data.entries.contains_key(key);
        let is_there = |index: usize| {
            has(index) || self.nodes[index].migrating.get(&slot).is_some_and(|to| has(*to))
        };
        let mut owners = (0..self.nodes.len()).filter(owns).peekable();
        owners.peek().is_some() && owners.all(is_there)
    }

    /// All keys that are where clients may look for them.
    pub(in crate::sim) fn keys_held(&self) -> BTreeSet<Vec<u8>> {
        let keys = self.nodes.iter().flat_map(|node| node.data.entries.keys());
        keys.filter(|key| self.holds(key)).cloned().collect()
    }

    /// Whether nothing that was done since, or shortly before, concerns this slot.
    pub(in crate::sim) fn is_undisturbed(&self, slot: u16, since: Instant) -> bool {
        let Some(owner) = self.true_owner(slot) else { return false };
        let answers = |node: &usize| {
            *node == owner || (self.history.reads_replicas && self.share_shard(*node, owner))
        };
        let is_calm = |node: usize| self.nodes[node].disturbed_until < since;
        let mut who_answers = (0..self.nodes.len()).filter(answers);
        who_answers.all(is_calm) && !self.nemesis.is_disturbed(slot, since)
    }

    /// Whether nothing that was done since, or shortly before, concerns any of the slots in use.
    pub(in crate::sim) fn is_calm_since(&self, since: Instant) -> bool {
        let is_calm = self.nodes.iter().all(|node| node.disturbed_until < since);
        is_calm && self.nemesis.slots.iter().all(|slot| self.is_undisturbed(*slot, since))
    }
}
