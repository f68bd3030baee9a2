//! Nodes and links as they stand: who has which address, which link, who waits.
//!
//! A node is whatever has an address that may be dialled: a seed, or a node of the topology. It has
//! one link at a time, and a queue of parts that wait for room on it.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::calls::{Part, PartRef};
use super::dials::Line;
use super::last::{LastOf, SHORT_LEN};
use super::queue::Queue;
use super::scripts::Scripts;
use super::verify::ensure;
use crate::action::LinkId;
use crate::address::Address;
use crate::config::Config;
use crate::error::{NodeFailure, ProtocolError};
use crate::link::{GROWTH_LEN, GROWTH_LEN_MIN, Link};
use crate::plan::Route;
use crate::random::Random;
use crate::slot::Slot;
use crate::time::Instant;
use crate::topology::{NodeId, Topology};

/// What is written on a link, and told with its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// A part.
    Part { part: PartRef, slot: Option<Slot> },
    /// A question of a round of the refresh.
    Topology { round: u64, question: Question },
    /// A sign of life.
    Ping,
    /// Other credentials.
    Auth,
}

/// What a node is asked for.
///
/// As wide as what a part has in its place in [`Work`]: with a byte there, the compiler moves the
/// parts in odd pieces, and waits for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum Question {
    Slots,
    Shards,
    Nodes,
}

impl Work {
    pub(super) fn is_for(self, wanted: PartRef) -> bool {
        matches!(self, Self::Part { part, .. } if part == wanted)
    }

    pub(super) fn slot(self) -> Option<Slot> {
        match self {
            Self::Part { slot, .. } => slot,
            Self::Topology { .. } | Self::Ping | Self::Auth => None,
        }
    }
}

/// A node: something that may be dialled.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) address: Address,
    pub(super) link: Option<LinkId>,
    /// Links that it had before, and that take no more work.
    pub(super) former_links: Vec<LinkId>,
    pub(super) queue: Queue,
    /// How often in a row its link was lost, or could not be made.
    pub(super) failures: u32,
    /// Not to be dialled before.
    pub(super) retry_at: Option<Instant>,
    /// Why it could not be reached the last time.
    pub(super) last_failure: Option<NodeFailure>,
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
    /// In which line it waits to be dialled.
    pub(super) waits_in: Option<Line>,
}

/// A link, and what the machine knows of it.
#[expect(clippy::struct_excessive_bools, reason = "states of a link that are independent")]
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) id: LinkId,
    pub(super) node: usize,
    pub(super) link: Link<Work>,
    pub(super) is_connected: bool,
    /// Whether its dial and its handshake are over.
    pub(super) is_made: bool,
    /// Which credentials it is authenticated with, or will be: those that were in use then.
    pub(super) credentials_serial: u64,
    /// How many answers to an `AUTH` it owes, besides that of its handshake.
    pub(super) auth_count: u32,
    pub(super) dialled_at: Instant,
    /// It takes no more work, and is closed when its last reply has come, or by then.
    pub(super) drain_by: Option<Instant>,
    /// Whether the driver knows that it has bytes.
    pub(super) is_announced: bool,
    /// Whether other nodes were asked about this one, because it takes long to answer.
    pub(super) is_doubted: bool,
    /// Whether it leads to another node than the one whose address it is: it may be asked for the
    /// topology, and gets no commands.
    pub(super) is_strange: bool,
    /// How much of a reply that is not complete it keeps, as the sum over all links has it.
    pub(super) held_len: usize,
    /// The same of what it has reserved for it.
    pub(super) reserved_len: usize,
    /// The number of replies that the next fence waits for.
    pub(super) fence_at: u64,
    /// What was written last of each slot, while slots move.
    pub(super) last_of: Option<Box<LastOf>>,
    /// The scripts that it was sent.
    pub(super) scripts: Scripts,
}

/// What is due on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Its dial or its handshake takes longer than it should.
    Doubt,
    /// It takes too long.
    GiveUp,
    /// A reply is owed for too long.
    Stalled,
    /// It owes nothing, and a sign of life is due.
    Ping,
    /// It takes no more work, and has had its time.
    Drained,
}

/// What links keep of replies that are not complete is counted in such steps: most are shorter, and
/// cost nothing.
const HELD_LEN_STEP: usize = 16 << 10;

impl Tenant {
    /// Whether it keeps more or less of a reply than was counted, by a step at least.
    #[inline]
    pub(super) fn holds_more_or_less(&self) -> bool {
        let differ = |now: usize, then: usize| now / HELD_LEN_STEP != then / HELD_LEN_STEP;
        differ(self.link.reserved_len(), self.reserved_len)
            || differ(self.link.held_len(), self.held_len)
    }

    /// What is due on it next, and when.
    #[inline]
    pub(super) fn due(&self, config: &Config) -> (Instant, Due) {
        let progress_at = self.link.progress_at();
        let (at, due) = if !self.link.is_ready() {
            let doubted_at = self.dialled_at + config.refresh_stagger;
            let given_up_at = self.dialled_at + config.connect_timeout;
            if self.is_doubted || given_up_at <= doubted_at {
                (given_up_at, Due::GiveUp)
            } else {
                (doubted_at, Due::Doubt)
            }
        } else if self.link.expected_count() > 0 {
            (progress_at + config.stall_timeout, Due::Stalled)
        } else {
            (progress_at + config.ping_interval, Due::Ping)
        };
        match self.drain_by {
            Some(drain_by) if drain_by < at => (drain_by, Due::Drained),
            _ => (at, due),
        }
    }

    /// The number of replies up to that to the last command of a slot that it owes; `None` if it
    /// owes none.
    pub(super) fn last_owed(&mut self, slot: Slot) -> Option<u64> {
        if self.last_of.is_none() && self.link.expected_count() <= SHORT_LEN {
            return self.link.last_owed(|work| work.slot() == Some(slot));
        }
        let last_of = self.last_of.get_or_insert_with(|| {
            let line = self.link.owed().map(|(number, work)| (number, work.slot()));
            Box::new(LastOf::read(line))
        });
        let last = last_of.find(slot, self.link.owed_until())?;
        (last > self.link.answered()).then_some(last)
    }

    /// A command of a slot was written.
    #[inline]
    pub(super) fn note_written(&mut self, slot: Slot) {
        if self.last_of.is_some() {
            self.keep_last(slot);
        }
    }

    #[cold]
    fn keep_last(&mut self, slot: Slot) {
        self.last_of.take_if(|last_of| last_of.is_done(self.link.answered()));
        if let Some(last_of) = &mut self.last_of {
            last_of.join(self.link.owed_until(), slot);
        }
    }
}

/// All nodes and links.
#[derive(Debug)]
pub(super) struct Links {
    pub(super) nodes: Vec<Option<Node>>,
    pub(super) by_address: BTreeMap<Address, usize>,
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
    /// The node of the primary of each shard of the topology, by the shard's index.
    pub(super) primaries: Vec<Option<usize>>,
    /// The nodes of the replicas of each shard.
    pub(super) replicas: Vec<Vec<usize>>,
}

impl Links {
    pub(super) const fn new() -> Self {
        Self {
            nodes: Vec::new(),
            by_address: BTreeMap::new(),
            tenants: Vec::new(),
            tenant_count: 0,
            making_count: 0,
            held_len: 0,
            reserved_len: 0,
            growth_len: GROWTH_LEN,
            serial: 0,
            primaries: Vec::new(),
            replicas: Vec::new(),
        }
    }

    /// The number of links.
    pub(super) const fn count(&self) -> usize {
        self.tenant_count
    }

    /// Whether a topology has been adopted that has a node.
    pub(super) fn knows_cluster(&self) -> bool {
        !self.primaries.is_empty()
    }

    /// The ID that a node has told of itself on the link that it has now.
    pub(super) fn told_id(&self, node: usize) -> Option<NodeId> {
        self.get(self.node(node)?.link?)?.link.node_id()
    }

    pub(super) fn get(&self, id: LinkId) -> Option<&Tenant> {
        self.tenants.get(id.index())?.as_ref().filter(|tenant| tenant.id == id)
    }

    pub(super) fn get_mut(&mut self, id: LinkId) -> Option<&mut Tenant> {
        self.tenants.get_mut(id.index())?.as_mut().filter(|tenant| tenant.id == id)
    }

    pub(super) fn node(&self, node: usize) -> Option<&Node> {
        self.nodes.get(node)?.as_ref()
    }

    pub(super) fn node_mut(&mut self, node: usize) -> Option<&mut Node> {
        self.nodes.get_mut(node)?.as_mut()
    }

    pub(super) fn address(&self, node: usize) -> Option<&Address> {
        self.node(node).map(|node| &node.address)
    }

    /// The node with this address.
    pub(super) fn find(&self, address: &Address) -> Option<usize> {
        self.by_address.get(address).copied()
    }

    /// Whether the node is a seed, or listed by the cluster.
    pub(super) fn is_trusted(&self, node: usize) -> bool {
        self.node(node).is_some_and(|node| node.is_listed || node.is_seed)
    }

    /// The node for a part whose caller chose a node or a shard: a listed node, or a seed, unless
    /// the part was for a listed node before. Remembers in the part whether its node is listed.
    pub(super) fn chosen(&self, topology: &Topology, part: &mut Part) -> Option<usize> {
        match &part.piece.route {
            Route::Node(address) => {
                let index = self.find(address)?;
                let node = self.node(index)?;
                let is_chosen = node.is_listed || (node.is_seed && !part.was_listed);
                part.was_listed |= node.is_listed;
                is_chosen.then_some(index)
            }
            Route::Shard { primary, slot } => self.for_shard(topology, primary, *slot),
            Route::Slot(_) | Route::Any | Route::Discovery => None,
        }
    }

    /// The node with this address, which is made if there is none.
    pub(super) fn obtain(&mut self, address: &Address) -> usize {
        if let Some(node) = self.find(address) {
            return node;
        }
        let node = Node {
            address: address.clone(),
            link: None,
            former_links: Vec::new(),
            queue: Queue::default(),
            failures: 0,
            retry_at: None,
            last_failure: None,
            is_seed: false,
            is_listed: false,
            id: None,
            stranger: None,
            given_up: None,
            outsider: None,
            avoids_hello: false,
            waits_in: None,
        };
        let index = self.nodes.iter().position(Option::is_none).unwrap_or(self.nodes.len());
        match self.nodes.get_mut(index) {
            Some(free) => *free = Some(node),
            None => self.nodes.push(Some(node)),
        }
        self.by_address.insert(address.clone(), index);
        index
    }

    /// The node with this address, which is a seed.
    pub(super) fn obtain_seed(&mut self, address: &Address) -> usize {
        let index = self.obtain(address);
        if let Some(node) = self.node_mut(index) {
            node.is_seed = true;
        }
        index
    }

    /// The node of the primary of a slot.
    pub(super) fn primary(&self, topology: &Topology, slot: Slot) -> Option<usize> {
        self.primaries.get(topology.shard_index(slot)?).copied().flatten()
    }

    /// The node that a command for a slot goes to.
    pub(super) fn for_slot(
        &self,
        topology: &Topology,
        slot: Slot,
        read_only: bool,
        random: &mut Random,
    ) -> Option<usize> {
        let shard = topology.shard_index(slot)?;
        if read_only
            && let Some(replicas) = self.replicas.get(shard)
            && !replicas.is_empty()
        {
            let start = random.below(replicas.len());
            let in_turn = replicas.iter().cycle().skip(start).take(replicas.len());
            let mut usable =
                in_turn.filter(|node| self.node(**node).is_some_and(|node| node.failures == 0));
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
    ) -> Option<usize> {
        let leads = |node: &usize| self.primaries.contains(&Some(*node));
        let still = self.find(primary).filter(leads);
        still.or_else(|| self.primary(topology, slot?))
    }

    /// A primary for a command that any can answer: one with a link if there is one.
    pub(super) fn any(&self, random: &mut Random) -> Option<usize> {
        let count = self.primaries.len();
        let start = random.below(count);
        let in_turn = self.primaries.iter().cycle().skip(start).take(count).flatten();
        let best =
            in_turn.min_by_key(|node| (self.ready_link(**node).is_none(), self.is_failing(**node)));
        best.copied()
    }

    /// The link to a node, if it is set up and takes work.
    pub(super) fn ready_link(&self, node: usize) -> Option<LinkId> {
        let id = self.node(node)?.link?;
        let takes_work = |tenant: &&Tenant| tenant.link.is_ready() && !tenant.is_strange;
        self.get(id).filter(takes_work).map(|tenant| tenant.id)
    }

    /// The link to a node, if it is set up: a stranger may be asked as well.
    pub(super) fn askable_link(&self, node: usize) -> Option<LinkId> {
        let tenant = self.get(self.node(node)?.link?)?;
        tenant.link.is_ready().then_some(tenant.id)
    }

    /// Whether no link leads to a node of the topology.
    pub(super) fn is_cut_off(&self) -> bool {
        self.listed().all(|node| self.ready_link(node).is_none())
    }

    /// All nodes that the cluster lists.
    pub(super) fn listed(&self) -> impl Iterator<Item = usize> {
        let nodes = self.nodes.iter().enumerate();
        nodes.filter(|(_, node)| node.as_ref().is_some_and(|n| n.is_listed)).map(|(index, _)| index)
    }

    /// All links to a node, one after the other: the one that takes work, and those before it.
    pub(super) fn links_to(&self, node: usize) -> impl Iterator<Item = LinkId> + use<> {
        let node = self.node(node);
        let former = node.map(|node| node.former_links.clone());
        let former = former.unwrap_or_default(); // there are none, as a rule
        node.and_then(|node| node.link).into_iter().chain(former)
    }

    /// Takes a link out.
    pub(super) fn remove(&mut self, id: LinkId) -> Option<Tenant> {
        let place = self.tenants.get_mut(id.index())?;
        let tenant = place.take_if(|tenant| tenant.id == id)?;
        self.tenant_count -= 1;
        self.held_len -= tenant.held_len;
        self.reserved_len -= tenant.reserved_len;
        self.making_count -= usize::from(!tenant.is_made);
        if let Some(node) = self.node_mut(tenant.node) {
            node.link.take_if(|link| *link == id);
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

    /// A link takes no more work: its node may have another one. Which node that is, if it had it.
    pub(super) fn retire(&mut self, id: LinkId) -> Option<usize> {
        let index = self.get(id)?.node;
        let node = self.node_mut(index)?;
        node.link.take_if(|link| *link == id)?;
        node.former_links.push(id);
        Some(index)
    }

    /// All links.
    pub(super) fn ids(&self) -> Vec<LinkId> {
        self.tenants.iter().flatten().map(|tenant| tenant.id).collect()
    }

    /// Whether parts wait for a node that cannot be reached.
    pub(super) fn has_stranded(&self) -> bool {
        let stranded = |node: &Node| node.failures > 0 && node.queue.live_count() > 0;
        self.nodes.iter().flatten().any(stranded)
    }

    /// Whether a node could not be reached the last time.
    pub(super) fn is_failing(&self, node: usize) -> bool {
        self.node(node).is_some_and(|node| node.failures > 0)
    }

    /// Why a node could not be reached the last time.
    pub(super) fn last_failure(&self, node: usize) -> Option<NodeFailure> {
        self.node(node)?.last_failure.clone()
    }

    /// Replicas of the shards whose primary cannot be reached: they know first who follows it.
    pub(super) fn heirs(&self) -> Vec<usize> {
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

    pub(super) fn left_queue(&mut self, node: usize) {
        if let Some(node) = self.node_mut(node) {
            node.queue.left();
        }
    }

    /// Remembers the nodes of shards that a patch of the topology added.
    pub(super) fn follow_patch(&mut self, topology: &Topology) {
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
    pub(super) fn follow(&mut self, now: Instant, topology: &Topology) -> Vec<usize> {
        for node in self.nodes.iter_mut().flatten() {
            node.is_listed = false;
        }
        for listed in topology.nodes() {
            let index = self.obtain(listed.address());
            if let Some(node) = self.node_mut(index) {
                node.is_listed = true;
                (node.id, node.given_up) = (listed.id(), None);
            }
        }
        for node in self.nodes.iter_mut().flatten().filter(|node| !node.is_listed) {
            if let Some(id) = node.id.take() {
                node.given_up = Some(Box::new((id, now)));
            }
        }
        self.primaries.clear();
        self.replicas.clear();
        for shard in topology.shards() {
            let primary = shard.primary().and_then(|node| self.find(node.address()));
            let replicas = shard.replicas().iter().filter_map(|node| self.find(node.address()));
            let replicas = replicas.collect();
            self.primaries.push(primary);
            self.replicas.push(replicas);
        }
        let nodes = self.nodes.iter().enumerate();
        nodes.filter(|(_, n)| n.as_ref().is_some_and(|n| !n.is_listed)).map(|(i, _)| i).collect()
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
            let is_known = self.find(&node.address) == Some(index);
            ensure!(is_known, "node {index} is not known by {}", node.address);
            for link in self.links_to(index) {
                link_count += 1;
                let is_its = self.get(link).is_some_and(|tenant| tenant.node == index);
                ensure!(is_its, "{link:?} of node {index} is gone, or leads elsewhere");
            }
        }
        let mut sums = (0, 0, 0, 0);
        for (index, tenant) in self.tenants.iter().enumerate() {
            let Some(tenant) = tenant else { continue };
            ensure!(tenant.id.index() == index, "{:?} is in the place {index}", tenant.id);
            let is_its = self.links_to(tenant.node).any(|link| link == tenant.id);
            ensure!(is_its, "node {} does not know its {:?}", tenant.node, tenant.id);
            let is_current = self.node(tenant.node).is_some_and(|n| n.link == Some(tenant.id));
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
