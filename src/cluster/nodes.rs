//! Nodes and links as they stand: who has which address, which links, who waits.
//!
//! A node is whatever has an address that may be dialled: a seed, or a node of the topology. It has
//! lanes, each with one link at a time and a queue of parts that wait for room on it.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::calls::Part;
use super::lanes::{Lane, LaneRef, Purpose};
use super::tenants::Tenant;
use super::verify::ensure;
use crate::action::LinkId;
use crate::address::Address;
use crate::error::{NodeFailure, ProtocolError};
use crate::link::{GROWTH_LEN, GROWTH_LEN_MIN};
use crate::plan::Route;
use crate::random::Random;
use crate::slot::Slot;
use crate::time::Instant;
use crate::topology::{NodeId, Topology};

/// A node. Once it is forgotten it names none: another node in its place has another serial number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub(super) struct NodeRef {
    index: u32,
    serial: u32,
}

impl NodeRef {
    /// Less than every other node.
    pub(super) const LEAST: Self = Self { index: 0, serial: 0 };
    /// Greater than every other node.
    pub(super) const GREATEST: Self = Self { index: u32::MAX, serial: u32::MAX };

    #[inline]
    fn index(self) -> usize {
        usize::try_from(self.index).unwrap_or(usize::MAX)
    }

    /// The node with these numbers.
    #[cfg(test)]
    pub(super) const fn of(index: u32, serial: u32) -> Self {
        Self { index, serial }
    }
}

/// The place of no link.
const NO_LINK: u32 = u32::MAX;

/// A node: something that may be dialled.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Node {
    /// How it is referred to.
    this: NodeRef,
    pub(super) address: Address,
    /// Its lanes, by their numbers.
    pub(super) lanes: Vec<Lane>,
    /// Links that lanes had before, and that take no more work.
    pub(super) former_links: Vec<LinkId>,
    pub(super) is_seed: bool,
    pub(super) is_listed: bool,
    /// Its ID, if the topology has it.
    pub(super) id: Option<NodeId>,
    /// Which other node answered at its address the last time.
    pub(super) stranger: Option<Box<NodeId>>,
    /// The ID that the topology had at its address before it gave the address up, and when that
    /// was.
    pub(super) given_up: Option<Box<(NodeId, Instant)>>,
    /// Which other node has answered at its address since, or had before; and when the topology
    /// gave the address up.
    pub(super) outsider: Option<Box<(NodeId, Instant)>>,
    /// Whether it closed a connection upon `HELLO`, the last time that it was sent one.
    pub(super) avoids_hello: bool,
}

impl Node {
    /// Whether parts wait for one of its lanes.
    pub(super) fn has_waiting(&self) -> bool {
        self.lanes.iter().any(Lane::has_waiting)
    }

    /// Whether a lane has a link, set up or not.
    pub(super) fn has_link(&self) -> bool {
        self.lanes.iter().any(|lane| lane.link.is_some())
    }
}

/// All nodes and links.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Links {
    nodes: Vec<Option<Node>>,
    by_address: BTreeMap<Address, NodeRef>,
    node_serial: u32,
    /// Whether a lane may have failed the last time.
    pub(super) may_have_failed: bool,
    /// How many lanes of each node slots share. One more is for commands that overtake.
    shared_count: u8,
    pub(super) tenants: Vec<Option<Tenant>>,
    pub(super) tenant_count: usize,
    /// How many of the links are on their way: dialled, or being set up.
    pub(super) making_count: usize,
    /// How much all links keep of replies that are not complete.
    held_len: usize,
    /// How much they have reserved for them.
    reserved_len: usize,
    /// By how much the buffer of one of them may grow at a time.
    pub(super) growth_len: usize,
    pub(super) serial: u64,
    /// Whether a lane may have as many parts in line as it may have.
    pub(super) may_be_full: bool,
    /// The places of the links of each shard's primary, by the shard's index and the lane's number,
    /// as far as commands were written on them at once: [`NO_LINK`] where that is not known.
    open: Vec<u32>,
    /// The node of the primary of each shard of the topology, by the shard's index.
    pub(super) primaries: Vec<Option<NodeRef>>,
    /// The nodes of the replicas of each shard.
    pub(super) replicas: Vec<Vec<NodeRef>>,
}

impl Links {
    /// Slots share so many lanes of each node: one at least.
    pub(super) const fn new(shared_count: u8) -> Self {
        Self {
            nodes: Vec::new(),
            by_address: BTreeMap::new(),
            node_serial: 0,
            may_have_failed: false,
            shared_count,
            tenants: Vec::new(),
            tenant_count: 0,
            making_count: 0,
            held_len: 0,
            reserved_len: 0,
            growth_len: GROWTH_LEN,
            serial: 0,
            may_be_full: false,
            open: Vec::new(),
            primaries: Vec::new(),
            replicas: Vec::new(),
        }
    }

    /// The number of links.
    pub(super) const fn count(&self) -> usize {
        self.tenant_count
    }

    /// The number of nodes.
    pub(super) fn node_count(&self) -> usize {
        self.by_address.len()
    }

    /// Whether a topology has been adopted that has a node.
    pub(super) fn knows_cluster(&self) -> bool {
        !self.primaries.is_empty()
    }

    /// The ID that a node has told of itself on a link that it has now.
    pub(super) fn told_id(&self, node: NodeRef) -> Option<NodeId> {
        self.current_links(node).find_map(|tenant| tenant.link.node_id())
    }

    #[inline]
    pub(super) fn get(&self, id: LinkId) -> Option<&Tenant> {
        self.tenants.get(id.index())?.as_ref().filter(|tenant| tenant.id == id)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: LinkId) -> Option<&mut Tenant> {
        self.tenants.get_mut(id.index())?.as_mut().filter(|tenant| tenant.id == id)
    }

    #[inline]
    pub(super) fn node(&self, node: NodeRef) -> Option<&Node> {
        self.nodes.get(node.index())?.as_ref().filter(|known| known.this == node)
    }

    #[inline]
    pub(super) fn node_mut(&mut self, node: NodeRef) -> Option<&mut Node> {
        self.nodes.get_mut(node.index())?.as_mut().filter(|known| known.this == node)
    }

    #[inline]
    pub(super) fn lane(&self, lane: LaneRef) -> Option<&Lane> {
        self.node(lane.node)?.lanes.get(usize::try_from(lane.number).ok()?)
    }

    #[inline]
    pub(super) fn lane_mut(&mut self, lane: LaneRef) -> Option<&mut Lane> {
        self.node_mut(lane.node)?.lanes.get_mut(usize::try_from(lane.number).ok()?)
    }

    /// All nodes, in the order of their places.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (NodeRef, &Node)> {
        self.nodes.iter().flatten().map(|node| (node.this, node))
    }

    /// All nodes, by their references.
    pub(super) fn node_refs(&self) -> Vec<NodeRef> {
        self.nodes().map(|(node, _)| node).collect()
    }

    /// The lanes of a node.
    pub(super) fn lanes_of(&self, node: NodeRef) -> impl Iterator<Item = LaneRef> + use<> {
        (0..=u32::from(self.shared_count)).map(move |number| LaneRef { node, number })
    }

    /// All lanes, in the order of the places of their nodes.
    pub(super) fn lanes(&self) -> impl Iterator<Item = (LaneRef, &Lane)> {
        self.nodes().flat_map(|(node, state)| self.lanes_of(node).zip(&state.lanes))
    }

    /// All lanes, by their references.
    pub(super) fn lane_refs(&self) -> Vec<LaneRef> {
        self.lanes().map(|(lane, _)| lane).collect()
    }

    /// The lane of a node that takes what has no slot.
    pub(super) const fn first_lane(node: NodeRef) -> LaneRef {
        LaneRef { node, number: 0 }
    }

    /// The lane of a node for the commands of a slot.
    #[inline]
    pub(super) fn lane_of_slot(&self, node: NodeRef, slot: Slot) -> LaneRef {
        LaneRef { node, number: u32::from(slot.number()) % u32::from(self.shared_count) }
    }

    /// The lane of a node for a part.
    #[inline]
    pub(super) fn lane_for(&self, node: NodeRef, part: &Part) -> LaneRef {
        match part.piece.route.slot() {
            _ if part.piece.overtakes => LaneRef { node, number: self.shared_count.into() },
            Some(slot) => self.lane_of_slot(node, slot),
            None => Self::first_lane(node),
        }
    }

    /// The link that commands of a slot are written on at once, if that is known: it is the one of
    /// the primary's lane, it takes work, and no part waits before them.
    #[inline]
    pub(super) fn open_link(&mut self, topology: &Topology, slot: Slot) -> Option<&mut Tenant> {
        let place = *self.open.get(self.open_index(topology, slot)?)?;
        let tenant = self.tenants.get_mut(usize::try_from(place).ok()?)?.as_mut();
        tenant.filter(|tenant| tenant.is_open)
    }

    /// Notes that commands of a slot are written on the link of this lane at once.
    pub(super) fn note_open(
        &mut self,
        topology: &Topology,
        slot: Slot,
        lane: LaneRef,
        link: LinkId,
    ) {
        let owner = self.primary(topology, slot);
        let is_its = owner.is_some_and(|owner| self.lane_of_slot(owner, slot) == lane);
        let Some(index) = self.open_index(topology, slot).filter(|_| is_its) else { return };
        if let Some(place) = self.open.get_mut(index) {
            *place = link.index;
        }
        if let Some(tenant) = self.get_mut(link) {
            tenant.is_open = true;
        }
    }

    #[inline]
    fn open_index(&self, topology: &Topology, slot: Slot) -> Option<usize> {
        let lane_count = usize::from(self.shared_count);
        Some(topology.shard_index(slot)? * lane_count + usize::from(slot.number()) % lane_count)
    }

    /// Shards have other primaries, or there are others.
    fn forget_open(&mut self, topology: &Topology) {
        self.open.clear();
        self.open.resize(topology.shards().len() * usize::from(self.shared_count), NO_LINK);
    }

    /// A part waits for the link of a lane: others line up behind it.
    pub(super) fn note_waiting(&mut self, lane: LaneRef, count_max: usize) {
        let Some(state) = self.lane(lane) else { return };
        let (is_full, link) = (state.queue.live_count() >= count_max, state.link);
        self.may_be_full |= is_full;
        if let Some(tenant) = link.and_then(|link| self.get_mut(link)) {
            tenant.is_open = false;
        }
    }

    /// What the link of a lane is for.
    pub(super) fn purpose(&self, lane: LaneRef) -> Purpose {
        if lane.number < u32::from(self.shared_count) { Purpose::Shared } else { Purpose::Control }
    }

    #[inline]
    pub(super) fn address(&self, node: NodeRef) -> Option<&Address> {
        self.node(node).map(|node| &node.address)
    }

    /// The node with this address.
    pub(super) fn find(&self, address: &Address) -> Option<NodeRef> {
        self.by_address.get(address).copied()
    }

    /// Whether the node is a seed, or listed by the cluster.
    pub(super) fn is_trusted(&self, node: NodeRef) -> bool {
        self.node(node).is_some_and(|node| node.is_listed || node.is_seed)
    }

    /// The node for a part whose caller chose a node or a shard: a listed node, or a seed, unless
    /// the part was for a listed node before. Remembers in the part whether its node is listed.
    pub(super) fn chosen(&self, topology: &Topology, part: &mut Part) -> Option<NodeRef> {
        match &part.piece.route {
            Route::Node(address) => {
                let this = self.find(address)?;
                let node = self.node(this)?;
                let is_chosen = node.is_listed || (node.is_seed && !part.was_listed);
                part.was_listed |= node.is_listed;
                is_chosen.then_some(this)
            }
            Route::Shard(shard) => self.for_shard(topology, &shard.primary, shard.slot),
            Route::Slot(_) | Route::Any | Route::Discovery => None,
        }
    }

    /// The node with this address, which is made if there is none.
    pub(super) fn obtain(&mut self, address: &Address) -> NodeRef {
        if let Some(node) = self.find(address) {
            return node;
        }
        let index = self.nodes.iter().position(Option::is_none).unwrap_or(self.nodes.len());
        self.node_serial = self.node_serial.wrapping_add(1);
        let this =
            NodeRef { index: u32::try_from(index).unwrap_or(u32::MAX), serial: self.node_serial };
        let node = Node {
            this,
            address: address.clone(),
            lanes: (0..=self.shared_count).map(|_| Lane::default()).collect(),
            former_links: Vec::new(),
            is_seed: false,
            is_listed: false,
            id: None,
            stranger: None,
            given_up: None,
            outsider: None,
            avoids_hello: false,
        };
        match self.nodes.get_mut(index) {
            Some(free) => *free = Some(node),
            None => self.nodes.push(Some(node)),
        }
        self.by_address.insert(address.clone(), this);
        this
    }

    /// The node with this address, which is a seed.
    pub(super) fn obtain_seed(&mut self, address: &Address) -> NodeRef {
        let this = self.obtain(address);
        if let Some(node) = self.node_mut(this) {
            node.is_seed = true;
        }
        this
    }

    /// Forgets a node.
    pub(super) fn forget(&mut self, node: NodeRef) {
        let place = self.nodes.get_mut(node.index());
        if let Some(node) = place.and_then(|place| place.take_if(|known| known.this == node)) {
            self.by_address.remove(&node.address);
        }
    }

    /// The node of the primary of a slot.
    #[inline]
    pub(super) fn primary(&self, topology: &Topology, slot: Slot) -> Option<NodeRef> {
        self.primaries.get(topology.shard_index(slot)?).copied().flatten()
    }

    /// The node that a command for a slot goes to.
    pub(super) fn for_slot(
        &self,
        topology: &Topology,
        slot: Slot,
        read_only: bool,
        random: &mut Random,
    ) -> Option<NodeRef> {
        let shard = topology.shard_index(slot)?;
        if read_only
            && let Some(replicas) = self.replicas.get(shard)
            && !replicas.is_empty()
        {
            let start = random.below(replicas.len());
            let in_turn = replicas.iter().cycle().skip(start).take(replicas.len());
            let mut usable = in_turn.filter(|node| !self.is_failing(**node));
            if let Some(node) = usable.next() {
                return Some(*node);
            }
        }
        self.primaries.get(shard).copied().flatten()
    }

    /// The primary with this address; if it is none any more, the one of the slot.
    pub(super) fn for_shard(
        &self,
        topology: &Topology,
        primary: &Address,
        slot: Option<Slot>,
    ) -> Option<NodeRef> {
        let leads = |node: &NodeRef| self.primaries.contains(&Some(*node));
        let still = self.find(primary).filter(leads);
        still.or_else(|| self.primary(topology, slot?))
    }

    /// A primary for a command that any can answer: one with a link if there is one.
    pub(super) fn any(&self, random: &mut Random) -> Option<NodeRef> {
        let count = self.primaries.len();
        let start = random.below(count);
        let in_turn = self.primaries.iter().cycle().skip(start).take(count).flatten();
        let best =
            in_turn.min_by_key(|node| (self.ready_link(**node).is_none(), self.is_failing(**node)));
        best.copied()
    }

    /// The links of the lanes of a node.
    fn current_links(&self, node: NodeRef) -> impl Iterator<Item = &Tenant> {
        let lanes = self.node(node).map(|node| &node.lanes);
        lanes.into_iter().flatten().filter_map(|lane| self.get(lane.link?))
    }

    /// A link to a node that is set up and takes work.
    pub(super) fn ready_link(&self, node: NodeRef) -> Option<LinkId> {
        let takes_work = |tenant: &&Tenant| tenant.link.is_ready() && !tenant.is_strange;
        self.current_links(node).find(takes_work).map(|tenant| tenant.id)
    }

    /// A link to a node that is set up: a stranger may be asked as well.
    pub(super) fn askable_link(&self, node: NodeRef) -> Option<LinkId> {
        self.current_links(node).find(|tenant| tenant.link.is_ready()).map(|tenant| tenant.id)
    }

    /// Whether no link leads to a node of the topology.
    pub(super) fn is_cut_off(&self) -> bool {
        self.listed().all(|node| self.ready_link(node).is_none())
    }

    /// All nodes that the cluster lists.
    pub(super) fn listed(&self) -> impl Iterator<Item = NodeRef> {
        self.nodes().filter(|(_, node)| node.is_listed).map(|(node, _)| node)
    }

    /// All links to a node: those that take work, and those before them.
    pub(super) fn links_to(&self, node: NodeRef) -> impl Iterator<Item = LinkId> {
        self.node(node).into_iter().flat_map(|node| {
            let current = node.lanes.iter().filter_map(|lane| lane.link);
            current.chain(node.former_links.iter().copied())
        })
    }

    /// Whether a link is the one that its lane has now.
    pub(super) fn is_current(&self, id: LinkId) -> bool {
        let lane = self.get(id).and_then(|tenant| self.lane(tenant.lane));
        lane.is_some_and(|lane| lane.link == Some(id))
    }

    /// One of the links to a node: for loops that change them.
    pub(super) fn link_at(&self, node: NodeRef, index: usize) -> Option<LinkId> {
        self.links_to(node).nth(index)
    }

    /// Whether a link to a node owes a reply to a command of a slot.
    pub(super) fn owes(&mut self, node: NodeRef, slot: Slot) -> bool {
        let mut count = 0;
        while let Some(link) = self.link_at(node, count) {
            count += 1;
            if self.get_mut(link).is_some_and(|tenant| tenant.last_owed(slot).is_some()) {
                return true;
            }
        }
        false
    }

    /// Takes a link out.
    pub(super) fn remove(&mut self, id: LinkId) -> Option<Tenant> {
        let place = self.tenants.get_mut(id.index())?;
        let tenant = place.take_if(|tenant| tenant.id == id)?;
        self.tenant_count -= 1;
        self.open.iter_mut().filter(|place| **place == id.index).for_each(|place| *place = NO_LINK);
        self.held_len -= tenant.held_len;
        self.reserved_len -= tenant.reserved_len;
        self.making_count -= usize::from(!tenant.is_made);
        if let Some(lane) = self.lane_mut(tenant.lane) {
            lane.link.take_if(|link| *link == id);
        }
        if let Some(node) = self.node_mut(tenant.lane.node) {
            node.former_links.retain(|link| *link != id);
        }
        Some(tenant)
    }

    /// A link is set up.
    pub(super) fn note_made(&mut self, id: LinkId) {
        let Some(tenant) = self.get_mut(id) else { return };
        let was_made = core::mem::replace(&mut tenant.is_made, true);
        self.making_count -= usize::from(!was_made);
    }

    /// A link keeps more of a reply than before, or less. If all links together keep too much, it
    /// keeps none of this one.
    ///
    /// # Errors
    /// Nothing tells where the reply ends that is not to be kept.
    pub(super) fn hold(&mut self, id: LinkId, len_max: usize) -> Result<(), ProtocolError> {
        let Some(tenant) = self.tenants.get_mut(id.index()).and_then(Option::as_mut) else {
            return Ok(());
        };
        let others = self.held_len - tenant.held_len;
        let given_up = if others.saturating_add(tenant.link.held_len()) > len_max {
            tenant.link.give_reply_up()
        } else {
            Ok(())
        };
        tenant.held_len = tenant.link.held_len();
        self.held_len = others + tenant.held_len;
        let others = self.reserved_len - tenant.reserved_len;
        tenant.reserved_len = tenant.link.reserved_len();
        self.reserved_len = others + tenant.reserved_len;
        // Lengths may promise more than there is room for.
        let is_tight = self.reserved_len > len_max / 2;
        self.growth_len = if is_tight { GROWTH_LEN_MIN } else { GROWTH_LEN };
        given_up
    }

    /// A link takes no more work: its lane may have another one. Which lane that is, if it had it.
    pub(super) fn retire(&mut self, id: LinkId) -> Option<LaneRef> {
        let lane = self.get(id)?.lane;
        self.lane_mut(lane)?.link.take_if(|link| *link == id)?;
        if let Some(tenant) = self.get_mut(id) {
            tenant.is_open = false;
        }
        self.node_mut(lane.node)?.former_links.push(id);
        Some(lane)
    }

    /// All links.
    pub(super) fn ids(&self) -> Vec<LinkId> {
        self.tenants.iter().flatten().map(|tenant| tenant.id).collect()
    }

    /// Whether parts wait for a link that cannot be made.
    pub(super) fn has_stranded(&self) -> bool {
        self.lanes().any(|(_, lane)| lane.failures > 0 && lane.has_waiting())
    }

    /// Whether a node could not be reached the last time: a lane has failed, and none is well.
    pub(super) fn is_failing(&self, node: NodeRef) -> bool {
        let Some(state) = self.node(node) else { return false };
        state.lanes.iter().any(|lane| lane.failures > 0)
            && !state.lanes.iter().any(|lane| {
                let link = lane.link.and_then(|link| self.get(link));
                lane.failures == 0 && link.is_some_and(|tenant| tenant.link.is_ready())
            })
    }

    /// Why a lane had no link the last time.
    pub(super) fn last_failure(&self, lane: LaneRef) -> Option<NodeFailure> {
        self.lane(lane)?.last_failure.clone()
    }

    /// Replicas of the shards whose primary cannot be reached: they know first who follows it.
    pub(super) fn heirs(&self) -> Vec<NodeRef> {
        let shards = self.primaries.iter().zip(&self.replicas);
        let orphaned = shards.filter(|(primary, _)| primary.is_some_and(|p| self.is_failing(p)));
        orphaned.flat_map(|(_, replicas)| replicas.iter().copied()).collect()
    }

    pub(super) fn sent(&mut self, link: LinkId, len: usize) {
        if let Some(tenant) = self.get_mut(link) {
            tenant.link.sent(len);
            if tenant.link.unsent_len() == 0 {
                tenant.is_announced = false;
            }
        }
    }

    pub(super) fn left_queue(&mut self, lane: LaneRef) {
        if let Some(lane) = self.lane_mut(lane) {
            lane.queue.left();
        }
    }

    /// Remembers the nodes of shards that a patch of the topology added.
    pub(super) fn follow_patch(&mut self, topology: &Topology) {
        self.forget_open(topology);
        for shard in topology.shards().iter().skip(self.primaries.len()) {
            let primary = shard.primary().map(|node| self.obtain(node.address()));
            if let Some(node) = primary.and_then(|primary| self.node_mut(primary)) {
                node.is_listed = true;
            }
            self.primaries.push(primary);
            self.replicas.push(Vec::new());
        }
    }

    /// Remembers the nodes of a new topology. The nodes that it does not list any more.
    pub(super) fn follow(&mut self, now: Instant, topology: &Topology) -> Vec<NodeRef> {
        for node in self.nodes.iter_mut().flatten() {
            node.is_listed = false;
        }
        for listed in topology.nodes() {
            let node = self.obtain(listed.address());
            if let Some(node) = self.node_mut(node) {
                node.is_listed = true;
                (node.id, node.given_up) = (listed.id(), None);
            }
        }
        for node in self.nodes.iter_mut().flatten().filter(|node| !node.is_listed) {
            if let Some(id) = node.id.take() {
                node.given_up = Some(Box::new((id, now)));
            }
        }
        self.forget_open(topology);
        self.primaries.clear();
        self.replicas.clear();
        for shard in topology.shards() {
            let primary = shard.primary().and_then(|node| self.find(node.address()));
            let replicas = shard.replicas().iter().filter_map(|node| self.find(node.address()));
            let replicas = replicas.collect();
            self.primaries.push(primary);
            self.replicas.push(replicas);
        }
        self.nodes().filter(|(_, node)| !node.is_listed).map(|(node, _)| node).collect()
    }

    /// Checks that addresses, nodes and links agree both ways, and that counts are sums.
    ///
    /// # Errors
    /// What does not hold.
    pub(super) fn verify(&self) -> Result<(), String> {
        let count = self.nodes.iter().flatten().count();
        ensure!(count == self.by_address.len(), "{count} nodes, {} known", self.by_address.len());
        let mut link_count = 0;
        for (index, node) in self.nodes.iter().enumerate() {
            let Some(node) = node else { continue };
            let is_known = self.find(&node.address) == Some(node.this);
            ensure!(is_known, "node {index} is not known by {}", node.address);
            ensure!(node.this.index() == index, "{:?} is in the place {index}", node.this);
            for link in self.links_to(node.this) {
                link_count += 1;
                let is_its = self.get(link).is_some_and(|tenant| tenant.lane.node == node.this);
                ensure!(is_its, "{link:?} of node {index} is gone, or leads elsewhere");
            }
        }
        let lane_count = usize::from(self.shared_count);
        for (shard, open) in self.primaries.iter().zip(self.open.chunks(lane_count)) {
            for (number, place) in (0..).zip(open).filter(|(_, place)| **place != NO_LINK) {
                let tenant = usize::try_from(*place).ok().and_then(|place| self.tenants.get(place));
                let lane = tenant.and_then(Option::as_ref).map(|tenant| tenant.lane);
                let of_shard = shard.map(|node| LaneRef { node, number });
                ensure!(lane == of_shard, "commands for {of_shard:?} are written on {lane:?}");
            }
        }
        let open_count = self.primaries.len() * lane_count;
        ensure!(self.open.len() == open_count, "{} lanes of {open_count}", self.open.len());
        let has_failed = self.lanes().any(|(_, lane)| lane.has_failed());
        ensure!(self.may_have_failed || !has_failed, "a lane has failed, which is not known");
        let mut sums = (0, 0, 0, 0);
        for (index, tenant) in self.tenants.iter().enumerate() {
            let Some(tenant) = tenant else { continue };
            ensure!(tenant.id.index() == index, "{:?} is in the place {index}", tenant.id);
            let is_its = self.links_to(tenant.lane.node).any(|link| link == tenant.id);
            ensure!(is_its, "{:?} does not know its {:?}", tenant.lane, tenant.id);
            let is_current = self.lane(tenant.lane).is_some_and(|l| l.link == Some(tenant.id));
            let is_open = is_current && tenant.link.is_ready() && !tenant.is_strange;
            let has_waiting = self.lane(tenant.lane).is_some_and(Lane::has_waiting);
            ensure!(
                !tenant.is_open || (is_open && !has_waiting),
                "{:?} is open to what is new, and is not",
                tenant.id
            );
            let takes_work = tenant.drain_by.is_none();
            ensure!(is_current == takes_work, "{:?} drains: {}", tenant.id, !takes_work);
            tenant.link.verify().map_err(|error| format!("{:?}: {error}", tenant.id))?;
            sums.0 += 1;
            sums.1 += usize::from(!tenant.is_made);
            sums.2 += tenant.held_len;
            sums.3 += tenant.reserved_len;
        }
        ensure!(link_count == sums.0, "nodes have {link_count} links of {}", sums.0);
        let counted = (self.tenant_count, self.making_count, self.held_len, self.reserved_len);
        ensure!(sums == counted, "links, in the making, held, reserved: {sums:?}, not {counted:?}");
        Ok(())
    }
}
