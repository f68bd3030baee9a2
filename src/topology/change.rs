//! Ranges of slots, and how two topologies differ.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use super::{Role, Topology};
use crate::address::Address;
use crate::slot::{SLOT_COUNT, Slot};

/// One or more slots that follow each other.
///
/// **Shape**: the first is never after the last; both belong to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotRange {
    first: Slot,
    last: Slot,
}

impl SlotRange {
    /// The slots from the first to the last, or `None` if the last comes before the first.
    #[must_use]
    pub fn new(first: Slot, last: Slot) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// The first slot.
    #[must_use]
    pub const fn first(self) -> Slot {
        self.first
    }

    /// The last slot, which belongs to the range.
    #[must_use]
    pub const fn last(self) -> Slot {
        self.last
    }

    /// The number of slots: `1..=16384`.
    #[must_use]
    pub fn count(self) -> usize {
        self.last.index() - self.first.index() + 1
    }

    /// Whether the slot belongs to the range.
    #[must_use]
    pub fn contains(self, slot: Slot) -> bool {
        (self.first..=self.last).contains(&slot)
    }

    /// The slots in their order.
    pub fn slots(self) -> impl Iterator<Item = Slot> {
        (self.first.number()..=self.last.number()).filter_map(Slot::new)
    }
}

impl fmt::Display for SlotRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

impl fmt::Debug for SlotRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlotRange({self})")
    }
}

/// Cuts the slots into the longest ranges of equal, present values.
pub(super) fn ranges_of<T: PartialEq>(
    mut value_of: impl FnMut(Slot) -> Option<T>,
) -> impl Iterator<Item = (SlotRange, T)> {
    let mut slots = (0..SLOT_COUNT).filter_map(Slot::new);
    let mut open: Option<(SlotRange, T)> = None;
    core::iter::from_fn(move || {
        loop {
            let Some(slot) = slots.next() else { return open.take() };
            let value = value_of(slot);
            if let (Some((range, of)), Some(value)) = (&mut open, &value)
                && of == value
            {
                range.last = slot;
                continue;
            }
            let next = value.map(|value| (SlotRange { first: slot, last: slot }, value));
            if let Some(ended) = core::mem::replace(&mut open, next) {
                return Some(ended);
            }
        }
    })
}

/// What a newer topology has that an older one has not, as far as routing is concerned.
///
/// **Shape**: everything in ascending order, each slot and each node once a list. A node that comes
/// back under another address is removed and added: connections belong to addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopologyChange {
    moved: Vec<SlotMove>,
    added: Vec<Address>,
    removed: Vec<Address>,
    roles: Vec<RoleChange>,
}

/// Slots whose commands now go to another address.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotMove {
    /// The slots.
    pub slots: SlotRange,
    /// The primary until now; `None` if there was none whose address is known.
    pub from: Option<Address>,
    /// The primary from now on; `None` if there is none whose address is known.
    pub to: Option<Address>,
}

/// A node whose role in its shard changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleChange {
    /// The node.
    pub node: Address,
    /// The new role.
    pub role: Role,
}

impl TopologyChange {
    /// How the newer topology differs from the older.
    ///
    /// Compares pairs of shards, not slots: each pair once for every range that it serves.
    pub(super) fn between(older: &Topology, newer: &Topology) -> Self {
        let pairs = ranges_of(|slot| Some((older.shard_index(slot), newer.shard_index(slot))));
        let mut moved: Vec<SlotMove> = Vec::new();
        for (slots, _) in pairs {
            let address_in = |topology: &Topology| {
                topology.primary_of(slots.first).map(|primary| primary.address().clone())
            };
            let (from, to) = (address_in(older), address_in(newer));
            if from == to {
                continue;
            }
            match moved.last_mut() {
                Some(last)
                    if last.slots.last.index() + 1 == slots.first.index()
                        && last.from == from
                        && last.to == to =>
                {
                    last.slots.last = slots.last;
                }
                _ => moved.push(SlotMove { slots, from, to }),
            }
        }

        let (before, after) = (roles(older), roles(newer));
        let without = |these: &BTreeMap<&Address, _>, those: &BTreeMap<&Address, _>| {
            these.keys().filter(|key| !those.contains_key(*key)).map(|key| (*key).clone()).collect()
        };
        let turned = after.iter().filter_map(|(&node, &role)| {
            let (was, is) = ((*before.get(node)?)?, role?);
            (was != is).then(|| RoleChange { node: node.clone(), role: is })
        });
        Self {
            moved,
            added: without(&after, &before),
            removed: without(&before, &after),
            roles: turned.collect(),
        }
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.moved.is_empty()
            && self.added.is_empty()
            && self.removed.is_empty()
            && self.roles.is_empty()
    }

    /// How many bytes it keeps, about.
    #[cfg(feature = "std")]
    pub(crate) fn held_len(&self) -> usize {
        let nodes = (self.added.len() + self.removed.len()) * size_of::<Address>();
        nodes
            + self.moved.len() * size_of::<SlotMove>()
            + self.roles.len() * size_of::<RoleChange>()
    }

    /// The slots that have another primary than before.
    #[must_use]
    pub fn moved(&self) -> &[SlotMove] {
        &self.moved
    }

    /// The number of slots that have another primary than before.
    #[must_use]
    pub fn moved_count(&self) -> usize {
        self.moved.iter().map(|moved| moved.slots.count()).sum()
    }

    /// The nodes that were not listed before.
    #[must_use]
    pub fn added(&self) -> &[Address] {
        &self.added
    }

    /// The nodes that are no longer listed.
    #[must_use]
    pub fn removed(&self) -> &[Address] {
        &self.removed
    }

    /// The nodes that were promoted or demoted.
    #[must_use]
    pub fn roles(&self) -> &[RoleChange] {
        &self.roles
    }
}

/// Every node with its role; without one if it stands in no shard.
fn roles(topology: &Topology) -> BTreeMap<&Address, Option<Role>> {
    let mut roles = BTreeMap::new();
    for shard in topology.shards() {
        roles.extend(shard.primary().map(|node| (node.address(), Some(Role::Primary))));
        roles.extend(shard.replicas().iter().map(|node| (node.address(), Some(Role::Replica))));
    }
    roles.extend(topology.other_nodes().iter().map(|node| (node.address(), None)));
    roles
}

/// In one line: `3 slots moved, 1 node added`.
impl fmt::Display for TopologyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing changed");
        }
        let counts = [
            (self.moved_count(), "slot", "moved"),
            (self.added.len(), "node", "added"),
            (self.removed.len(), "node", "removed"),
            (self.roles.len(), "role", "changed"),
        ];
        let mut separator = "";
        for (count, noun, verb) in counts.into_iter().filter(|&(count, ..)| count > 0) {
            let plural = if count == 1 { "" } else { "s" };
            write!(f, "{separator}{count} {noun}{plural} {verb}")?;
            separator = ", ";
        }
        Ok(())
    }
}
