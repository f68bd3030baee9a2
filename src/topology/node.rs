//! Nodes and shards.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::address::Address;

/// The name that a node keeps for life, also when its address changes.
///
/// **Shape**: 40 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId([u8; 40]);

impl NodeId {
    /// The ID with these digits, or `None` if the text is no ID.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let digits: [u8; 40] = text.try_into().ok()?;
        digits.iter().all(u8::is_ascii_hexdigit).then_some(Self(digits))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({})", self.as_str())
    }
}

/// The health of a node, in the view of the node that was asked for the topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "sim", derive(Hash))]
#[non_exhaustive]
pub enum Health {
    /// The node serves commands.
    Online,
    /// The node is loading its data and serves no commands yet.
    Loading,
    /// The cluster has marked the node as failed.
    Failed,
    /// Unknown: only `CLUSTER SHARDS` and `CLUSTER NODES` tell the health.
    #[default]
    Unknown,
}

/// The role of a node in its shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "sim", derive(Hash))]
#[non_exhaustive]
pub enum Role {
    /// The node takes the writes.
    Primary,
    /// The node replicates a primary.
    Replica,
}

/// One node of a cluster.
///
/// **Shape**: the address has passed the address map; what else is known of a node depends on the
/// version of the server and on whether more than `CLUSTER SLOTS` was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub struct Node {
    pub(super) address: Address,
    /// By host name if the address is by IP, and the other way round: to be recognised, not
    /// dialled.
    pub(super) alias: Option<Address>,
    pub(super) id: Option<NodeId>,
    pub(super) hostname: Option<Arc<str>>,
    pub(super) ip: Option<Arc<str>>,
    pub(super) zone: Option<Arc<str>>,
    pub(super) health: Health,
    pub(super) replication_offset: Option<u64>,
}

impl Node {
    /// A node of which only the address is known.
    pub(super) const fn new(address: Address) -> Self {
        Self {
            address,
            alias: None,
            id: None,
            hostname: None,
            ip: None,
            zone: None,
            health: Health::Unknown,
            replication_offset: None,
        }
    }

    /// The node, also known by this address if it is another.
    pub(super) fn with_alias(mut self, alias: Option<Address>) -> Self {
        self.alias = alias.filter(|alias| *alias != self.address);
        self
    }

    /// Whether this is an address of it.
    pub(super) fn goes_by(&self, address: &Address) -> bool {
        self.address == *address || self.alias.as_ref() == Some(address)
    }

    /// The address to dial.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// The node ID. Redis 3 does not tell it.
    #[must_use]
    pub const fn id(&self) -> Option<NodeId> {
        self.id
    }

    /// The host name that the node announces, if any. TLS may verify the certificate against it.
    #[must_use]
    pub fn hostname(&self) -> Option<&str> {
        self.hostname.as_deref()
    }

    /// The IP address that the node announces besides a host name. For information: the client does
    /// not dial it.
    #[must_use]
    pub fn ip(&self) -> Option<&str> {
        self.ip.as_deref()
    }

    /// The availability zone of the node. Valkey tells it where it is configured.
    #[must_use]
    pub fn availability_zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// The health of the node.
    #[must_use]
    pub const fn health(&self) -> Health {
        self.health
    }

    /// The replication offset in bytes. Offsets of one shard can be compared.
    #[must_use]
    pub const fn replication_offset(&self) -> Option<u64> {
        self.replication_offset
    }
}

/// A primary and its replicas.
///
/// **Shape**: the primary is `None` where the cluster names no address for it; the replicas are
/// sorted by address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub struct Shard {
    pub(super) primary: Option<Node>,
    pub(super) replicas: Vec<Node>,
}

impl Shard {
    /// The node that takes the writes, if its address is known.
    #[must_use]
    pub const fn primary(&self) -> Option<&Node> {
        self.primary.as_ref()
    }

    /// The replicas of the primary.
    #[must_use]
    pub fn replicas(&self) -> &[Node] {
        &self.replicas
    }

    /// The primary, then the replicas.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.primary.iter().chain(&self.replicas)
    }

    /// Whether its primary has this address.
    pub(super) fn is_led_by(&self, address: &Address) -> bool {
        self.primary.as_ref().is_some_and(|primary| primary.address == *address)
    }
}
