//! Where redirections have brought commands of a slot, besides its owner.
//!
//! Rules of this file: all commands of a slot are at its owner or at the nodes that are noted here.
//! An entry may outlive its commands. Such entries are dropped when there are twice as many entries
//! as were kept the last time.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::nodes::NodeRef;
use crate::slot::Slot;

/// Entries that are not worth a look.
const COUNT_KEPT: usize = 64;

/// Slots and the nodes that got some of their commands.
#[derive(Debug, Default)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Strays {
    places: BTreeSet<(Slot, NodeRef)>,
    useful_count: usize,
}

impl Strays {
    /// A command of the slot goes to this node.
    pub(super) fn note(&mut self, slot: Slot, node: NodeRef) {
        self.places.insert((slot, node));
    }

    /// Takes out the nodes that may have commands of the slot.
    pub(super) fn take(&mut self, slot: Slot) -> Vec<NodeRef> {
        let all = (slot, NodeRef::LEAST)..=(slot, NodeRef::GREATEST);
        let nodes: Vec<_> = self.places.range(all).copied().collect();
        for place in &nodes {
            self.places.remove(place);
        }
        nodes.into_iter().map(|(_, node)| node).collect()
    }

    /// Whether there are enough entries to look which of them are stale.
    pub(super) fn are_many(&self) -> bool {
        self.places.len() > 2 * self.useful_count + COUNT_KEPT
    }

    /// Keeps the entries that are useful.
    pub(super) fn retain(&mut self, mut is_useful: impl FnMut(Slot, NodeRef) -> bool) {
        self.places.retain(|(slot, node)| is_useful(*slot, *node));
        self.useful_count = self.places.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_kept_by_slot_and_taken_once() {
        let slot = |number| Slot::new(number).expect("is a slot");
        let mut strays = Strays::default();
        let node = |index| NodeRef::of(index, 1);
        for (number, index) in [(1, 7), (2, 7), (1, 3), (1, 7), (0, 9)] {
            strays.note(slot(number), node(index));
        }
        assert_eq!(strays.take(slot(1)), [node(3), node(7)]);
        assert_eq!(strays.take(slot(1)), []);
        assert_eq!(
            (strays.take(slot(0)), strays.take(slot(2))),
            ([node(9)].into(), [node(7)].into())
        );
    }

    #[test]
    fn stale_entries_are_dropped_when_there_are_many() {
        let mut strays = Strays::default();
        let mut look_count = 0;
        for number in 0..10_000 {
            strays.note(Slot::new(number).expect("is a slot"), NodeRef::LEAST);
            if strays.are_many() {
                strays.retain(|slot, _| {
                    look_count += 1;
                    slot.number() + 10 > number
                });
            }
        }
        assert!(strays.places.len() <= 84 && look_count <= 12_000, "{look_count}");
    }
}
