//! The topology: the nodes of a cluster, and which of them serves which slot.
//!
//! [`Topology`] is a snapshot, [`TopologyChange`] the difference of two.

// Rules of this floor:
// - A topology is complete or rejected: a reply with one impossible row changes nothing.
// - Holes are real: a slot that no row names has no owner, and all other slots work.
// - An older view never overwrites a newer fact.
// - An announced address passes the address map before anything else sees it.
//
// How it flows: `parse` reads the answer of one node into a `View`. `Agreement` weighs the view
// against the facts that redirections have told since, and holds the `Topology` that commands are
// routed by. `Endpoint` is what announcements and redirections have in common.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::address::Address;
use crate::slot::{SLOT_COUNT, Slot};

mod address;
mod agree;
mod change;
mod members;
mod node;
#[doc(hidden)]
pub mod parse;

pub use address::{Endpoint, Redirection};
#[doc(hidden)]
pub use agree::{Absence, Adopted, Agreement, Doubt};
pub use change::{RoleChange, SlotMove, SlotRange, TopologyChange};
pub use node::{Health, Node, NodeId, Role, Shard};
#[doc(hidden)]
pub use parse::{ListedNode, Standing, View};

/// What the table holds for a slot that no shard serves. No index of a shard: there are never more
/// shards than slots.
const NONE: u16 = u16::MAX;

/// The length of the table of slots.
const TABLE_LEN: usize = 1 << 14;

/// The nodes of a cluster, and which of them serves which slot.
///
/// **Shape**: a table from slots to shards, the shards, and nodes that stand in no shard. Shards
/// keep their index as long as the topology is only patched.
///
/// **Invariant**: every node stands in one place. There are at most 16384 shards.
///
/// **Cost**: 32 KiB and the nodes. [`Topology::shard_index`] is one load.
///
/// ```
/// use hashslot::resp::Frame;
/// use hashslot::topology::parse;
/// use hashslot::config::AddressMap;
/// use hashslot::{Address, Config, Slot};
///
/// let reply = "*1\r\n*4\r\n:0\r\n:5460\r\n\
///     *2\r\n$9\r\n127.0.0.1\r\n:7000\r\n\
///     *2\r\n$9\r\n127.0.0.1\r\n:7003\r\n";
/// let frame = Frame::parse(reply, &Config::default().limits)?;
/// let asked: Address = "127.0.0.1:7000".parse()?;
/// let view = parse::slots(frame.value(), &asked, &AddressMap::default(), 4096)?;
///
/// let topology = view.topology();
/// let shard = topology.shard_of(Slot::of_key(b"bar")).expect("5061 is served");
/// assert_eq!(shard.primary().map(|node| node.address()), Some(&asked));
/// assert_eq!(shard.replicas().len(), 1);
/// assert_eq!(topology.covered_slots(), 5461);
/// assert!(topology.shard_of(Slot::of_key(b"foo")).is_none()); // a hole: 12182
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Topology {
    table: Box<[u16; TABLE_LEN]>,
    shards: Vec<Shard>,
    others: Vec<Node>,
}

impl Topology {
    /// An empty topology: no node is known.
    #[must_use]
    #[expect(clippy::large_stack_arrays, reason = "32 KiB, and only until it is in its box")]
    pub fn empty() -> Self {
        Self { table: Box::new([NONE; TABLE_LEN]), shards: Vec::new(), others: Vec::new() }
    }

    /// The shard that serves a slot.
    #[must_use]
    pub fn shard_of(&self, slot: Slot) -> Option<&Shard> {
        self.shards.get(self.shard_index(slot)?)
    }

    /// Where in [`Topology::shards`] the shard stands that serves a slot.
    ///
    /// **Cost**: one load.
    #[must_use]
    #[inline]
    pub fn shard_index(&self, slot: Slot) -> Option<usize> {
        match self.table.get(slot.index()) {
            None | Some(&NONE) => None,
            Some(&index) => Some(usize::from(index)),
        }
    }

    /// The node that takes the writes to a slot, if its address is known.
    #[must_use]
    pub fn primary_of(&self, slot: Slot) -> Option<&Node> {
        self.shard_of(slot)?.primary()
    }

    /// The primary of a key's slot: the node that takes its writes. `None` if the slot has none.
    ///
    /// **Cost**: no round trip; hashes the key.
    ///
    /// ```
    /// use hashslot::topology::Topology;
    /// assert_eq!(Topology::empty().owner_of("user:1"), None);
    /// ```
    #[must_use]
    pub fn owner_of(&self, key: impl AsRef<[u8]>) -> Option<&Node> {
        self.primary_of(Slot::of_key(key.as_ref()))
    }

    /// The primaries of all shards, including those without slots.
    pub fn primaries(&self) -> impl Iterator<Item = &Node> {
        self.shards().iter().filter_map(Shard::primary)
    }

    /// The replicas of all shards.
    pub fn replicas(&self) -> impl Iterator<Item = &Node> {
        self.shards().iter().flat_map(Shard::replicas)
    }

    /// Every shard. After [`Topology::patch`] some may serve no slot any more.
    #[must_use]
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// Every node, each once: shard by shard the primary and its replicas, then the others.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.shards.iter().flat_map(Shard::nodes).chain(&self.others)
    }

    /// The nodes of the cluster that belong to no shard with slots: new nodes, emptied nodes,
    /// failed replicas. Known only from `CLUSTER SHARDS` or `CLUSTER NODES`.
    #[must_use]
    pub fn other_nodes(&self) -> &[Node] {
        &self.others
    }

    /// Whether this is an address of a node of the cluster, so that it may be dialled: the one that
    /// the node is dialled by, or its IP address or host name with the same port.
    ///
    /// **Cost**: linear in the number of nodes; needed only where a redirection surprises.
    #[must_use]
    pub fn lists(&self, address: &Address) -> bool {
        self.nodes().any(|node| node.goes_by(address))
    }

    /// The number of slots that have a primary whose address is known: `0..=16384`.
    #[must_use]
    pub fn covered_slots(&self) -> usize {
        self.slot_ranges()
            .filter(|(_, shard)| shard.primary.is_some())
            .map(|(range, _)| range.count())
            .sum()
    }

    /// Whether every slot has a primary whose address is known.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.covered_slots() == TABLE_LEN
    }

    /// The slots that are served, as the longest ranges of one shard, in ascending order.
    pub fn slot_ranges(&self) -> impl Iterator<Item = (SlotRange, &Shard)> {
        change::ranges_of(|slot| self.shard_index(slot))
            .filter_map(|(range, index)| Some((range, self.shards.get(index)?)))
    }

    /// How a newer topology differs from this one.
    #[must_use]
    pub fn difference(&self, newer: &Self) -> TopologyChange {
        TopologyChange::between(self, newer)
    }

    /// Repoints one slot to the shard whose primary has this address. If none has, the node gets a
    /// shard of its own: only the whole topology tells who follows it.
    ///
    /// Returns whether anything changed. A shard that loses its last slot stays, with its nodes,
    /// until the next whole topology.
    ///
    /// **Limit**: 16384 shards. Beyond, one that serves no slot makes room.
    ///
    /// **Cost**: linear in the number of nodes.
    pub fn patch(&mut self, slot: Slot, to: &Address) -> bool {
        self.patch_within(slot, to, usize::MAX).unwrap_or_default()
    }

    /// The same, unless that would make more nodes than these: then `None`.
    fn patch_within(&mut self, slot: Slot, to: &Address, max_nodes: usize) -> Option<bool> {
        if self.primary_of(slot).is_some_and(|primary| primary.address == *to) {
            return Some(false);
        }
        let index = match self.shards.iter().position(|shard| shard.is_led_by(to)) {
            Some(index) => index,
            None if self.has_room_for(to, max_nodes) => self.found_shard(slot, to),
            None => return None,
        };
        self.point(slot, index);
        debug_assert!(self.shard_index(slot) == Some(index), "{slot} points to shard {index}");
        Some(true)
    }

    /// Whether a node is known, or is one of so many with those that are.
    fn has_room_for(&self, address: &Address, max_nodes: usize) -> bool {
        let mut count = 0;
        let mut nodes = self.nodes().inspect(|_| count += 1);
        nodes.any(|node| node.address == *address) || count < max_nodes
    }

    /// Makes a shard of this node alone, which leaves where it stood, and returns its index. The
    /// slot is about to leave its shard.
    fn found_shard(&mut self, leaving: Slot, primary: &Address) -> usize {
        let node = self.take_node(primary).unwrap_or_else(|| Node::new(primary.clone()));
        let shard = Shard { primary: Some(node), replicas: Vec::new() };
        let index = self.shards.len();
        if index < TABLE_LEN {
            self.shards.push(shard);
            return index;
        }
        let mut in_use = [false; TABLE_LEN];
        let staying = (0..SLOT_COUNT).filter_map(Slot::new).filter(|&slot| slot != leaving);
        for used in staying.filter_map(|slot| self.shard_index(slot)) {
            if let Some(used) = in_use.get_mut(used) {
                *used = true;
            }
        }
        let index = in_use.iter().position(|used| !used).unwrap_or_default();
        if let Some(idle) = self.shards.get_mut(index) {
            *idle = shard;
        }
        index
    }

    /// Takes a node that leads no shard out of where it stands.
    fn take_node(&mut self, address: &Address) -> Option<Node> {
        let lists = self.shards.iter_mut().map(|shard| &mut shard.replicas);
        for nodes in lists.chain([&mut self.others]) {
            if let Some(index) = nodes.iter().position(|node| node.address == *address) {
                return Some(nodes.remove(index));
            }
        }
        None
    }

    /// Points a slot to the shard with this index.
    fn point(&mut self, slot: Slot, index: usize) {
        if let (Some(entry), Ok(index)) = (self.table.get_mut(slot.index()), u16::try_from(index)) {
            *entry = index;
        }
    }

    /// Every node, to be enriched.
    fn nodes_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        self.shards
            .iter_mut()
            .flat_map(|shard| shard.primary.iter_mut().chain(&mut shard.replicas))
            .chain(&mut self.others)
    }

    /// Checks the invariants. Called in debug builds, after every whole topology.
    fn check(&self) -> bool {
        let mut addresses: Vec<_> = self.nodes().map(Node::address).collect();
        let count = addresses.len();
        addresses.sort_unstable();
        addresses.dedup();
        let points = |&index: &u16| index == NONE || usize::from(index) < self.shards.len();
        addresses.len() == count && self.shards.len() <= TABLE_LEN && self.table.iter().all(points)
    }
}

impl Default for Topology {
    fn default() -> Self {
        Self::empty()
    }
}

/// By content: equal shards serve the same slots, and the same nodes serve none. Where in the list
/// a shard stands does not matter.
impl PartialEq for Topology {
    fn eq(&self, other: &Self) -> bool {
        fn idle(topology: &Topology) -> Vec<&Node> {
            let mut serving = Vec::new();
            serving.resize(topology.shards.len(), false);
            for index in topology.table.iter() {
                if let Some(serves) = serving.get_mut(usize::from(*index)) {
                    *serves = true;
                }
            }
            let shards = topology.shards.iter().zip(serving);
            let shards = shards.filter_map(|(shard, serves)| (!serves).then_some(shard));
            let mut nodes: Vec<_> = shards.flat_map(Shard::nodes).chain(&topology.others).collect();
            nodes.sort_unstable_by_key(|node| &node.address);
            nodes
        }
        self.slot_ranges().eq(other.slot_ranges()) && idle(self) == idle(other)
    }
}

impl Eq for Topology {}

/// One line a range: `0-5460: 10.0.0.1:7000 + 1`, the number being that of the replicas.
#[cfg(feature = "sim")]
impl core::hash::Hash for Topology {
    fn hash<H: core::hash::Hasher>(&self, to: &mut H) {
        let Self { table, shards, others } = self;
        (shards, others).hash(to);
        // Most of the table repeats itself.
        let mut before = None;
        for (index, chunk) in table.chunks(64).enumerate() {
            if before != Some(chunk) {
                (index, chunk).hash(to);
            }
            before = Some(chunk);
        }
    }
}

impl fmt::Debug for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges = self.slot_ranges().map(|(range, shard)| (range, DebugShard(shard)));
        f.debug_map().entries(ranges).finish()?;
        write!(f, " and {} other nodes", self.others.len())
    }
}

/// A shard as the address of its primary and the number of its replicas.
struct DebugShard<'a>(&'a Shard);

impl fmt::Debug for DebugShard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.primary() {
            Some(primary) => write!(f, "{}", primary.address())?,
            None => f.write_str("?")?,
        }
        write!(f, " + {}", self.0.replicas().len())
    }
}

/// Why a reply is not a topology. The fault of the server that sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopologyError {
    /// No slot is assigned: the node was reset, or has not joined yet.
    #[error("the reply lists no slots")]
    Empty,
    /// Slots are assigned, but no primary has an address to dial.
    #[error("the reply has no address of a primary")]
    NoAddress,
    /// An element of the reply has the wrong type.
    #[error("expected {expected}, got {got}")]
    Shape {
        /// What belongs there.
        expected: &'static str,
        /// What stands there.
        got: &'static str,
    },
    /// A range of slots ends before it begins, or has numbers beyond 16383.
    #[error("{first} to {last} is not a range of slots")]
    Range {
        /// The first slot, as announced.
        first: i64,
        /// The last slot, as announced.
        last: i64,
    },
    /// Two rows claim one slot.
    #[error("slot {0} is claimed twice")]
    Overlap(Slot),
    /// A port is not a number from 1 to 65535.
    #[error("{0} is not a port")]
    Port(i64),
    /// A host is neither a name nor an IP address.
    #[error("a host is malformed")]
    Host,
    /// The reply has more nodes than `max_nodes`.
    #[error("the reply has more nodes than `max_nodes`")]
    TooManyNodes,
}
