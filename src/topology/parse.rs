//! What one node says about the cluster: `CLUSTER SLOTS`, `CLUSTER SHARDS` and `CLUSTER NODES`.
//!
//! Rules of this file:
//! - `CLUSTER SLOTS` is the base: every version has it. `CLUSTER SHARDS` adds health, lag, zone and
//!   the nodes without slots; `CLUSTER NODES` lists who belongs to the cluster.
//! - Elements after those that are known are ignored, and so are unknown keys of a map.
//! - A number out of its range, a slot that is claimed twice or a malformed host makes the whole
//!   reply unusable: who sends one cannot be believed in the rest.
//! - A node whose address is unknown (`?`, or port 0: it does not listen for this kind of
//!   connection) is left out. A replica never takes the place of such a primary.
//!
//! Each reader is total: any value gives a result, and none takes more than linear memory.

use alloc::collections::btree_map::Entry;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::address::parse_slot;
use super::{Endpoint, Health, Node, NodeId, Role, Shard, SlotRange, Topology, TopologyError};
use crate::address::Address;
use crate::config::AddressMap;
use crate::resp::Value;
use crate::slot::Slot;

/// The longest host name or zone that is kept, in bytes.
const NAME_LEN_MAX: usize = 255;

/// What one node says about the cluster at one time.
///
/// **Invariant**: it names the address of at least one primary.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub struct View {
    topology: Topology,
    lists_all: bool,
}

impl View {
    /// The topology as this node sees it.
    #[must_use]
    pub const fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Whether it has all nodes, not only those that serve slots.
    #[must_use]
    pub const fn lists_all(&self) -> bool {
        self.lists_all
    }

    pub(super) fn into_topology(self) -> Topology {
        self.topology
    }
}

/// Reads the reply to `CLUSTER SLOTS`, of any version and in both protocols.
///
/// `answered_by` is the node that sent it, as it was dialled.
///
/// **Limit**: `max_nodes` nodes.
///
/// # Errors
/// The first thing that makes the reply unusable. [`TopologyError::Empty`] is not an offence: a
/// node says so before it joins a cluster.
pub fn slots(
    reply: Value<'_>,
    answered_by: &Address,
    map: &AddressMap,
    max_nodes: usize,
) -> Result<View, TopologyError> {
    let source = Source { answered_by, map, max_nodes };
    let rows = reply.elements().ok_or_else(|| shape("an array of slot ranges", reply))?;
    let mut draft = Draft::default();
    let mut claims = Vec::new();
    // All primaries come first: a node that leads a shard is no replica, in whatever row it stands.
    for row in rows {
        let mut parts = row.elements().ok_or_else(|| shape("a range with its nodes", row))?;
        let (first, last) = (parts.next(), parts.next());
        let range = range(integer(first, "a slot")?, integer(last, "a slot")?)?;
        let primary = some(parts.next(), "the primary of a range")?;
        let index = draft.claim(range, source.node(primary)?)?;
        if draft.addresses.len() > max_nodes {
            return Err(TopologyError::TooManyNodes);
        }
        claims.push((index, parts));
    }
    for (index, replicas) in claims {
        for replica in replicas.filter(|replica| replica.elements().is_some()) {
            draft.add_replica(index, source.node(replica)?);
            if draft.addresses.len() > max_nodes {
                return Err(TopologyError::TooManyNodes);
            }
        }
    }
    draft.finish()
}

/// Reads the reply to `CLUSTER SHARDS` (Redis 7.0 and later, every Valkey) from the node that the
/// view is from, and adds to the view what it tells: health, replication offset and zone of the
/// nodes that are there, and the nodes that are not. Who serves a slot stays as the view says.
///
/// A node that listens on two ports is listed with the one that fits the view.
///
/// **Limit**: `max_nodes` nodes.
///
/// # Errors
/// The first thing that makes the reply unusable; the view is unchanged then.
pub fn shards(
    view: &mut View,
    reply: Value<'_>,
    answered_by: &Address,
    map: &AddressMap,
    max_nodes: usize,
) -> Result<(), TopologyError> {
    let source = Source { answered_by, map, max_nodes };
    let mut members = Vec::new();
    for shard in reply.elements().ok_or_else(|| shape("an array of shards", reply))? {
        let fields = shard.pairs().ok_or_else(|| shape("a shard as a map", shard))?;
        for (_, nodes) in fields.filter(|(key, _)| key.as_bytes() == Some(b"nodes")) {
            for node in nodes.elements().ok_or_else(|| shape("an array of nodes", nodes))? {
                if members.len() == max_nodes {
                    return Err(TopologyError::TooManyNodes);
                }
                members.push(source.member(node)?);
            }
        }
    }

    // The view has the ports of the kind of connection that it came through.
    let own: BTreeMap<_, _> =
        view.topology.nodes().filter_map(|node| Some((node.id?, &node.address))).collect();
    let uses_tls = members.iter().any(|member| {
        let own = member.id.and_then(|id| own.get(&id).copied());
        own.is_some() && own == member.tls.as_ref() && own != member.plain.as_ref()
    });
    let nodes = members.into_iter().filter_map(|member| member.into_node(uses_tls));
    view.topology.enrich(nodes.collect());
    view.lists_all = true;
    Ok(())
}

/// Reads the reply to `CLUSTER NODES`, line by line.
///
/// **Limit**: `max_nodes` nodes.
///
/// # Errors
/// The first thing that makes the reply unusable.
pub fn nodes(
    reply: Value<'_>,
    answered_by: &Address,
    map: &AddressMap,
    max_nodes: usize,
) -> Result<Vec<ListedNode>, TopologyError> {
    let source = Source { answered_by, map, max_nodes };
    let text = reply.as_str().ok_or_else(|| shape("lines of text", reply))?;
    let mut nodes = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if nodes.len() == source.max_nodes {
            return Err(TopologyError::TooManyNodes);
        }
        nodes.push(source.line(line)?);
    }
    Ok(nodes)
}

/// A line of `CLUSTER NODES`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
#[non_exhaustive]
pub struct ListedNode {
    /// Its ID.
    pub id: Option<NodeId>,
    /// Where to dial it, by IP address; `None` if that is not known.
    pub address: Option<Address>,
    /// Where to dial it, by the host name that it announces.
    pub named_address: Option<Address>,
    /// Whether it is the node that answered.
    pub is_self: bool,
    /// What it is to its shard; `None` while that is not known.
    pub role: Option<Role>,
    /// The ID of the primary that it follows.
    pub primary: Option<NodeId>,
    /// Whether it belongs, and whether it is alive.
    pub standing: Standing,
    /// The version of its configuration: where two nodes claim a slot, the higher one has it.
    pub config_epoch: u64,
    /// Whether the node that answered has a connection to it.
    pub is_connected: bool,
    /// The slots that it serves.
    pub slots: Vec<SlotRange>,
}

/// How a node stands with the node that lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
#[non_exhaustive]
pub enum Standing {
    /// It belongs to the cluster and nothing speaks against it.
    Member,
    /// It does not answer the node that was asked.
    Suspected,
    /// The majority has found it failed.
    Failed,
    /// It is being met and does not belong yet.
    Joining,
}

/// Who sent a reply, and how to read its addresses.
struct Source<'a> {
    answered_by: &'a Address,
    map: &'a AddressMap,
    max_nodes: usize,
}

impl Source<'_> {
    /// The address that a host and port mean; `None` if that is unknown.
    fn address(&self, host: Option<&[u8]>, port: i64) -> Result<Option<Address>, TopologyError> {
        let port = u16::try_from(port).map_err(|_| TopologyError::Port(port))?;
        let endpoint = Endpoint::announced(host, port).ok_or(TopologyError::Host)?;
        Ok(endpoint.resolve(self.answered_by, self.map))
    }

    /// The address that this other name of a node means, if it is one.
    fn alias(&self, host: Option<&str>, port: i64) -> Option<Address> {
        self.address(Some(host?.as_bytes()), port).ok().flatten()
    }

    /// Reads a node of `CLUSTER SLOTS`: host, port, since 4.0 the ID, since 7.0 metadata.
    fn node(&self, value: Value<'_>) -> Result<(Option<NodeId>, Option<Node>), TopologyError> {
        let mut parts = value.elements().ok_or_else(|| shape("a node as an array", value))?;
        let host = host(parts.next())?;
        let port = integer(parts.next(), "a port")?;
        let id = parts.next().and_then(|id| NodeId::parse(id.as_bytes()?));
        let Some(address) = self.address(host, port)? else { return Ok((id, None)) };
        let mut node = Node { id, ..Node::new(address) };
        for (key, value) in parts.next().and_then(|data| data.pairs()).into_iter().flatten() {
            match key.as_bytes() {
                Some(b"hostname") => node.hostname = name(value),
                Some(b"ip") => node.ip = name(value),
                Some(b"availability-zone") => node.zone = name(value),
                _ => {}
            }
        }
        let other_host = node.hostname.as_deref().or(node.ip.as_deref());
        let alias = self.alias(other_host, port);
        Ok((id, Some(node.with_alias(alias))))
    }

    /// Reads a node of `CLUSTER SHARDS`.
    fn member(&self, value: Value<'_>) -> Result<Member, TopologyError> {
        let fields = value.pairs().ok_or_else(|| shape("a node as a map", value))?;
        let (mut endpoint, mut port, mut tls_port) = (Some(&b"?"[..]), 0, 0);
        let mut member = Member::default();
        for (key, value) in fields {
            match key.as_bytes() {
                Some(b"id") => member.id = value.as_bytes().and_then(NodeId::parse),
                Some(b"endpoint") => endpoint = host(Some(value))?,
                Some(b"port") => port = integer(Some(value), "a port")?,
                Some(b"tls-port") => tls_port = integer(Some(value), "a port")?,
                Some(b"ip") => member.ip = name(value),
                Some(b"hostname") => member.hostname = name(value),
                Some(b"availability-zone") => member.zone = name(value),
                Some(b"replication-offset") => {
                    member.offset = value.as_integer().and_then(|offset| offset.try_into().ok());
                }
                Some(b"health") => member.health = health(value),
                _ => {}
            }
        }
        member.plain = self.address(endpoint, port)?;
        member.tls = self.address(endpoint, tls_port)?;
        Ok(member)
    }

    /// Reads a line of `CLUSTER NODES`: ID, address, flags, primary, two times, epoch, link, slots.
    fn line(&self, line: &str) -> Result<ListedNode, TopologyError> {
        let broken =
            || TopologyError::Shape { expected: "a line of eight fields or more", got: "another" };
        let mut fields = line.split(' ');
        let mut next = || fields.next().ok_or_else(broken);
        let (id, place, flags, primary) = (next()?, next()?, next()?, next()?);
        let (_pinged, _answered, epoch, state) = (next()?, next()?, next()?, next()?);
        let has = |flag: &str| flags.split(',').any(|one| one == flag);

        let (place, names) = place.split_once(',').unwrap_or((place, ""));
        let place = place.rsplit_once('@').map_or(place, |(place, _)| place);
        let (host, port) = place.rsplit_once(':').ok_or_else(broken)?;
        let port = digits(port).and_then(|port| port.try_into().ok()).ok_or_else(broken)?;
        let hostname = names.split(',').next().filter(|name| !name.is_empty());
        // Only the node itself may leave its own host out; elsewhere it means that it is not known.
        let host = if host.is_empty() && !has("myself") { "?" } else { host };
        Ok(ListedNode {
            id: NodeId::parse(id.as_bytes()),
            address: self.address(Some(host.as_bytes()), port)?,
            named_address: self.alias(hostname, port),
            is_self: has("myself"),
            role: if has("master") {
                Some(Role::Primary)
            } else {
                has("slave").then_some(Role::Replica)
            },
            primary: NodeId::parse(primary.as_bytes()),
            standing: if has("handshake") {
                Standing::Joining
            } else if has("fail") {
                Standing::Failed
            } else if has("fail?") {
                Standing::Suspected
            } else {
                Standing::Member
            },
            config_epoch: digits(epoch).ok_or_else(broken)?,
            is_connected: state == "connected",
            // Slots in brackets are on their way: `[93-<-id]`.
            slots: fields
                .filter(|field| !field.is_empty() && !field.starts_with('['))
                .map(|field| {
                    let (first, last) = field.split_once('-').unwrap_or((field, field));
                    let slots = parse_slot(first).zip(parse_slot(last));
                    slots.and_then(|(first, last)| SlotRange::new(first, last)).ok_or_else(broken)
                })
                .collect::<Result<_, _>>()?,
        })
    }
}

/// A node of `CLUSTER SHARDS`.
#[derive(Default)]
struct Member {
    id: Option<NodeId>,
    plain: Option<Address>,
    tls: Option<Address>,
    hostname: Option<Arc<str>>,
    ip: Option<Arc<str>>,
    zone: Option<Arc<str>>,
    health: Health,
    offset: Option<u64>,
}

impl Member {
    /// The node, on the port of this kind of connection if it has both.
    fn into_node(self, uses_tls: bool) -> Option<Node> {
        let address = if uses_tls { self.tls.or(self.plain) } else { self.plain.or(self.tls) };
        Some(Node {
            id: self.id,
            hostname: self.hostname,
            ip: self.ip,
            zone: self.zone,
            health: self.health,
            replication_offset: self.offset,
            ..Node::new(address?)
        })
    }
}

/// A topology that is being read.
#[derive(Default)]
struct Draft {
    topology: Topology,
    /// Where shards stand, by the address of their primary or, where that is unknown, by its ID.
    by_primary: BTreeMap<(Option<Address>, Option<NodeId>), usize>,
    /// Every address in the topology, and the ID of the first node there.
    addresses: BTreeMap<Address, Option<NodeId>>,
    /// Addresses of several nodes: a connection may lead to any of them.
    shared: BTreeSet<Address>,
}

impl Draft {
    /// Gives a range to the shard of this primary, and returns where it stands.
    fn claim(
        &mut self,
        range: SlotRange,
        (id, primary): (Option<NodeId>, Option<Node>),
    ) -> Result<usize, TopologyError> {
        let address = primary.as_ref().map(|node| node.address.clone());
        let key = if address.is_some() { (address, None) } else { (None, id) };
        let known = self.by_primary.get(&key).filter(|_| key != (None, None));
        let index = if let Some(&index) = known {
            if let Some(address) = key.0 {
                self.note(address, id);
            }
            index
        } else {
            let index = self.topology.shards.len();
            if let Some(address) = key.0.clone() {
                self.note(address, id);
            }
            self.by_primary.insert(key, index);
            self.topology.shards.push(Shard { primary, replicas: Vec::new() });
            index
        };
        for slot in range.slots() {
            if self.topology.shard_index(slot).is_some() {
                return Err(TopologyError::Overlap(slot));
            }
            self.topology.point(slot, index);
        }
        Ok(index)
    }

    /// Adds a replica to the shard, unless its address is unknown or stands somewhere already.
    fn add_replica(&mut self, index: usize, (_, replica): (Option<NodeId>, Option<Node>)) {
        let Some(node) = replica else { return };
        if self.note(node.address.clone(), node.id)
            && let Some(shard) = self.topology.shards.get_mut(index)
        {
            shard.replicas.push(node);
        }
    }

    /// Takes note of a node at an address. Whether it is the first one there.
    fn note(&mut self, address: Address, id: Option<NodeId>) -> bool {
        match self.addresses.entry(address) {
            Entry::Vacant(place) => {
                place.insert(id);
                true
            }
            Entry::Occupied(place) => {
                if *place.get() != id {
                    self.shared.insert(place.key().clone());
                }
                false
            }
        }
    }

    fn finish(mut self) -> Result<View, TopologyError> {
        if self.topology.shards.is_empty() {
            return Err(TopologyError::Empty);
        }
        if self.topology.shards.iter().all(|shard| shard.primary.is_none()) {
            return Err(TopologyError::NoAddress);
        }
        if !self.shared.is_empty() {
            let shared = |node: &&mut Node| self.shared.contains(&node.address);
            self.topology.nodes_mut().filter(shared).for_each(|node| node.id = None);
        }
        for shard in &mut self.topology.shards {
            shard.replicas.sort_unstable_by(|a, b| a.address.cmp(&b.address));
        }
        debug_assert!(self.topology.check(), "a view breaks an invariant of topologies");
        Ok(View { topology: self.topology, lists_all: false })
    }
}

/// The host of a node: `None` if it is null.
fn host(value: Option<Value<'_>>) -> Result<Option<&[u8]>, TopologyError> {
    let value = some(value, "a host")?;
    if value.is_null() {
        return Ok(None);
    }
    value.as_bytes().map(Some).ok_or_else(|| shape("a host", value))
}

/// A name that is worth keeping.
fn name(value: Value<'_>) -> Option<Arc<str>> {
    let name = value.as_str()?;
    let is_one = !name.is_empty() && name != "?" && name.len() <= NAME_LEN_MAX;
    is_one.then(|| name.into())
}

fn health(value: Value<'_>) -> Health {
    match value.as_bytes() {
        Some(b"online") => Health::Online,
        Some(b"loading") => Health::Loading,
        Some(b"fail" | b"failed") => Health::Failed,
        _ => Health::Unknown,
    }
}

fn range(first: i64, last: i64) -> Result<SlotRange, TopologyError> {
    let slot = |number: i64| u16::try_from(number).ok().and_then(Slot::new);
    let ends = slot(first).zip(slot(last));
    ends.and_then(|(first, last)| SlotRange::new(first, last))
        .ok_or(TopologyError::Range { first, last })
}

fn integer(value: Option<Value<'_>>, expected: &'static str) -> Result<i64, TopologyError> {
    let value = some(value, expected)?;
    value.as_integer().ok_or_else(|| shape(expected, value))
}

/// A number of digits only.
fn digits(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn some<'a>(value: Option<Value<'a>>, expected: &'static str) -> Result<Value<'a>, TopologyError> {
    value.ok_or(TopologyError::Shape { expected, got: "nothing" })
}

fn shape(expected: &'static str, got: Value<'_>) -> TopologyError {
    TopologyError::Shape { expected, got: got.kind() }
}
