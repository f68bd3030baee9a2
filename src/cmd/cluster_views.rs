//! What one node tells of the cluster: its nodes, shards, slots and links.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::clients::lines;
use super::record::{Fields, record};
use super::replies::{ByName, Items, text_field};
use super::slots_and_nodes::{from_to, node_id, one_slot, parse, point_in_time, range, wrong};
use super::time::UnixTime;
use super::typed::{Typed, start, with_options};
use crate::command::{Arg, FromValue, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};
// Visible to the trait that is made of these functions.
pub(super) use crate::slot::Slot;
pub(super) use crate::topology::NodeId;
use crate::topology::{Health, Role, SlotRange};

/// Returns how many nodes report that a node fails: `CLUSTER COUNT-FAILURE-REPORTS`.
///
/// One node tells the reports that it knows.
///
/// **Since**: Redis 3.0. **Complexity**: O(n) in the number of reports.
pub fn cluster_count_failure_reports(node: impl ToArg) -> Typed<u64> {
    start!("CLUSTER COUNT-FAILURE-REPORTS").arg(node)
}

/// Returns how one node sees the state of the cluster: `CLUSTER INFO`.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
#[inline]
pub fn cluster_info() -> Typed<ClusterInfo> {
    start!("CLUSTER INFO")
}

/// The state of a cluster, as one node sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterInfo {
    /// Whether the node serves commands: the cluster is whole, as far as it has to be.
    pub is_ok: bool,
    /// How many slots have an owner.
    pub slots_assigned: u64,
    /// How many slots have an owner that neither failed nor may have.
    pub slots_ok: u64,
    /// How many slots have an owner that may have failed.
    pub slots_pfail: u64,
    /// How many slots have an owner that failed.
    pub slots_fail: u64,
    /// How many nodes the node knows.
    pub known_nodes: u64,
    /// How many primaries have slots.
    pub size: u64,
    /// The greatest epoch of the cluster.
    pub current_epoch: u64,
    /// The epoch of the node's own configuration; of a replica that of its primary.
    pub my_epoch: u64,
    /// How many messages the node sent to others.
    pub messages_sent: u64,
    /// How many messages the node received from others.
    pub messages_received: u64,
    text: String,
}

impl ClusterInfo {
    /// Any field by the name that the server gives it, such as `cluster_stats_messages_sent`.
    #[must_use]
    #[inline]
    pub fn get(&self, name: &str) -> Option<&str> {
        text_field(&self.text, name)
    }
}

impl FromValue for ClusterInfo {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let text = String::from_value(value, frame)?;
        let number = |name| {
            let number = text_field(&text, name).and_then(|number| number.parse().ok());
            number.ok_or_else(|| ConversionError::custom("not there").at_field(name))
        };
        Ok(Self {
            is_ok: text_field(&text, "cluster_state") == Some("ok"),
            slots_assigned: number("cluster_slots_assigned")?,
            slots_ok: number("cluster_slots_ok")?,
            slots_pfail: number("cluster_slots_pfail")?,
            slots_fail: number("cluster_slots_fail")?,
            known_nodes: number("cluster_known_nodes")?,
            size: number("cluster_size")?,
            current_epoch: number("cluster_current_epoch")?,
            my_epoch: number("cluster_my_epoch")?,
            messages_sent: number("cluster_stats_messages_sent")?,
            messages_received: number("cluster_stats_messages_received")?,
            text,
        })
    }
}

/// Returns the slot of a key, as a server computes it: `CLUSTER KEYSLOT`.
///
/// [`Slot::of_key`] computes the same without a server.
///
/// **Since**: Redis 3.0. **Complexity**: O(n) in the length of the key.
pub fn cluster_keyslot(key: impl ToArg) -> Typed<Slot> {
    start!("CLUSTER KEYSLOT").arg(key)
}

/// Returns the connections between one node and the others: `CLUSTER LINKS`.
///
/// Two for each node: one that it accepted, and one that it opened.
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of nodes.
#[inline]
pub fn cluster_links() -> Typed<Vec<ClusterLink>> {
    start!("CLUSTER LINKS")
}

record! {
    /// A connection of one node to another one.
    pub struct ClusterLink {
        /// Which of the two opened it.
        pub direction: LinkDirection = "direction",
        /// The other node.
        pub node: NodeId = "node",
        /// When it was opened.
        pub created: UnixTime = "create-time",
        /// What the node waits for: `r` to read, `w` to write.
        pub events: String = "events",
        /// How many bytes its buffer of messages to send has.
        pub send_buffer_allocated: u64 = "send-buffer-allocated",
        /// How many of them are used.
        pub send_buffer_used: u64 = "send-buffer-used",
    }
}

/// Which of two nodes opened a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkDirection {
    /// The node that was asked opened it.
    To,
    /// The other one did.
    From,
}

impl FromValue for LinkDirection {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        match String::from_value(value, frame)?.as_str() {
            "to" => Ok(Self::To),
            "from" => Ok(Self::From),
            _ => Err(ConversionError::custom("neither `to` nor `from`")),
        }
    }
}

/// Returns the ID of the node that answers: `CLUSTER MYID`.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
#[inline]
pub fn cluster_myid() -> Typed<NodeId> {
    start!("CLUSTER MYID")
}

/// Returns the ID of the shard of the node that answers: `CLUSTER MYSHARDID`.
///
/// **Since**: Redis 7.2. **Complexity**: O(1).
#[inline]
pub fn cluster_myshardid() -> Typed<String> {
    start!("CLUSTER MYSHARDID")
}

/// Returns all nodes that one node knows: `CLUSTER NODES`.
///
/// The method `topology` of a client returns what the client routes commands by, without a server.
///
/// **Since**: Redis 3.0. **Complexity**: O(n) in the number of nodes.
#[inline]
pub fn cluster_nodes() -> Typed<Vec<ClusterNode>> {
    start!("CLUSTER NODES")
}

/// A node of the cluster, as one node sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterNode {
    /// The ID of the node.
    pub id: NodeId,
    /// The IP address of the node; empty if it is not known.
    pub ip: String,
    /// The port for clients; 0 if it is not known.
    pub port: u16,
    /// The port for other nodes. **Since**: Redis 4.0.
    pub bus_port: Option<u16>,
    /// The host name that the node announces. **Since**: Redis 7.0.
    pub hostname: Option<String>,
    /// What it is, such as `master`, `slave`, `myself`, `fail?` or `fail`.
    pub flags: Vec<String>,
    /// The primary that it follows.
    pub primary: Option<NodeId>,
    /// When the ping was sent that it has not answered; `None` if there is none.
    pub ping_sent: Option<UnixTime>,
    /// When it answered a ping last.
    pub pong_received: Option<UnixTime>,
    /// The epoch of its configuration: of two nodes that claim a slot, the greater one has it.
    pub config_epoch: u64,
    /// Whether the node that was asked has a connection to it.
    pub is_connected: bool,
    /// The slots that it serves.
    pub slots: Vec<SlotRange>,
    /// The slots that it is about to give away, and the nodes that get them. Only of the node that
    /// was asked.
    pub migrating: Vec<(Slot, NodeId)>,
    /// The slots that it is about to get, and the nodes that have them. Only of the node that was
    /// asked.
    pub importing: Vec<(Slot, NodeId)>,
}

impl ClusterNode {
    /// Whether it has a flag.
    #[must_use]
    #[inline]
    pub fn has_flag(&self, flag: &str) -> bool {
        self.flags.iter().any(|found| found == flag)
    }

    /// Whether it is the node that was asked.
    #[must_use]
    #[inline]
    pub fn is_myself(&self) -> bool {
        self.has_flag("myself")
    }

    /// What it is to its shard; `None` while that is not known.
    #[must_use]
    #[inline]
    pub fn role(&self) -> Option<Role> {
        if self.has_flag("master") {
            Some(Role::Primary)
        } else {
            self.has_flag("slave").then_some(Role::Replica)
        }
    }

    #[inline]
    fn of(line: &str) -> Result<Self, ConversionError> {
        let mut parts = line.split(' ');
        let mut next = || parts.next().ok_or_else(|| wrong("a line with all fields"));
        let (id, address, flags, primary) = (next()?, next()?, next()?, next()?);
        let (ping_sent, answered, epoch, state) = (next()?, next()?, next()?, next()?);
        let (address, hostname) = match address.split_once(',') {
            // Other properties may follow.
            Some((address, names)) => (address, names.split(',').next()),
            None => (address, None),
        };
        let (address, bus_port) = match address.split_once('@') {
            Some((address, port)) => (address, Some(parse(port)?)),
            None => (address, None),
        };
        let (ip, port) = address.rsplit_once(':').ok_or_else(|| wrong("an address"))?;
        let mut node = Self {
            id: node_id(id)?,
            ip: ip.into(),
            port: parse(port)?,
            bus_port,
            hostname: hostname.filter(|name| !name.is_empty()).map(String::from),
            flags: flags.split(',').map(String::from).collect(),
            primary: NodeId::parse(primary.as_bytes()),
            ping_sent: point_in_time(parse(ping_sent)?),
            pong_received: point_in_time(parse(answered)?),
            config_epoch: parse(epoch)?,
            is_connected: state == "connected",
            slots: Vec::new(),
            migrating: Vec::new(),
            importing: Vec::new(),
        };
        for slots in parts {
            node.add(slots)?;
        }
        Ok(node)
    }

    /// Adds `7`, `7-9`, `[7->-id]` or `[7-<-id]`.
    #[inline]
    fn add(&mut self, slots: &str) -> Result<(), ConversionError> {
        let Some(moving) = slots.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
            self.slots.push(range(slots)?);
            return Ok(());
        };
        if let Some((slot, node)) = moving.split_once("->-") {
            self.migrating.push((one_slot(slot)?, node_id(node)?));
        } else if let Some((slot, node)) = moving.split_once("-<-") {
            self.importing.push((one_slot(slot)?, node_id(node)?));
        }
        Ok(())
    }
}

impl FromValue for ClusterNode {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        Self::of(String::from_value(value, frame)?.trim_end())
    }

    /// Reads a text of one line for each node.
    #[inline]
    fn vec_from_value(value: &Value<'_>, frame: &Frame) -> Result<Vec<Self>, ConversionError> {
        lines(value, frame, Self::of)
    }
}

/// Returns the replicas of a primary, as one node sees them: `CLUSTER REPLICAS`.
///
/// **Since**: Redis 5.0. **Complexity**: O(n) in the number of nodes.
#[doc(alias = "cluster_slaves")]
pub fn cluster_replicas(primary: impl ToArg) -> Typed<Vec<ClusterNode>> {
    start!("CLUSTER REPLICAS").arg(primary)
}

/// Returns the shards: their slots and their nodes: `CLUSTER SHARDS`.
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of nodes.
#[inline]
pub fn cluster_shards() -> Typed<Vec<ClusterShard>> {
    start!("CLUSTER SHARDS")
}

/// A shard: nodes with the same data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterShard {
    /// Its slots.
    pub slots: Vec<SlotRange>,
    /// Its nodes.
    pub nodes: Vec<ShardNode>,
    /// Its ID. **Since**: Valkey 9.0.
    pub id: Option<String>,
}

impl FromValue for ClusterShard {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let fields = Fields::of(value, frame)?;
        let slots: Vec<(Slot, Slot)> = fields.get("slots")?;
        let ranges = slots.into_iter().map(|(first, last)| from_to(first, last));
        Ok(Self {
            slots: ranges.collect::<Result<_, _>>()?,
            nodes: fields.get("nodes")?,
            id: fields.get("id")?,
        })
    }
}

/// A node of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShardNode {
    /// The ID of the node.
    pub id: NodeId,
    /// The port for clients without TLS.
    pub port: Option<u16>,
    /// The port for clients with TLS.
    pub tls_port: Option<u16>,
    /// The IP address.
    pub ip: String,
    /// Where clients connect to, as the node prefers it: an IP address or a host name. `None` if
    /// that is the host that the client used.
    pub endpoint: Option<String>,
    /// The host name that the node announces.
    pub hostname: Option<String>,
    /// The zone that the node announces. **Since**: Valkey 8.1.
    pub availability_zone: Option<String>,
    /// What it is to its shard.
    pub role: Role,
    /// How many bytes of the stream of replication it has.
    pub replication_offset: u64,
    /// Whether it serves commands.
    pub health: Health,
}

impl FromValue for ShardNode {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let fields = Fields::of(value, frame)?;
        let text = |name| {
            let text = fields.get::<Option<String>>(name)?;
            Ok::<_, ConversionError>(text.filter(|text| !text.is_empty()))
        };
        Ok(Self {
            id: fields.get("id")?,
            port: fields.get("port")?,
            tls_port: fields.get("tls-port")?,
            ip: text("ip")?.unwrap_or_default(),
            endpoint: text("endpoint")?,
            hostname: text("hostname")?,
            availability_zone: text("availability-zone")?,
            role: match fields.get::<String>("role")?.as_str() {
                "master" | "primary" => Role::Primary,
                _ => Role::Replica,
            },
            replication_offset: fields.get("replication-offset")?,
            health: match fields.get::<String>("health")?.as_str() {
                "online" => Health::Online,
                "loading" => Health::Loading,
                "fail" | "failed" => Health::Failed,
                _ => Health::Unknown,
            },
        })
    }
}

/// Returns what a range of slots holds and costs: `CLUSTER SLOT-STATS SLOTSRANGE`.
///
/// Both slots are part of the range. Replies of all primaries are joined, in the order of slots.
///
/// **Since**: Valkey 8.0, Redis 8.2. **Complexity**: O(n) in the number of slots.
pub fn cluster_slot_stats(first: impl ToArg, last: impl ToArg) -> Typed<Vec<SlotStats>> {
    start!("CLUSTER SLOT-STATS").arg("SLOTSRANGE").arg(first).arg(last)
}

with_options! {
    /// `CLUSTER SLOT-STATS ORDERBY`, made by [`cluster_slot_stats_by`].
    SlotStatsBy
}

/// Returns what slots hold and cost, the most first: `CLUSTER SLOT-STATS ORDERBY`.
///
/// Replies of all primaries are joined in the same order.
///
/// **Since**: Valkey 8.0, Redis 8.2. **Complexity**: O(n log n) in the number of slots.
///
/// ```
/// use hashslot::cmd::{self, SlotMetric};
/// let largest = cmd::cluster_slot_stats_by(SlotMetric::KeyCount).limit(10);
/// ```
#[inline]
pub fn cluster_slot_stats_by(metric: SlotMetric) -> SlotStatsBy<Vec<SlotStats>> {
    SlotStatsBy(start!("CLUSTER SLOT-STATS").arg("ORDERBY").arg(metric))
}

impl<R> SlotStatsBy<R> {
    /// At most so many slots: `LIMIT`.
    pub fn limit(self, count: u64) -> Self {
        Self(self.0.arg("LIMIT").arg(count))
    }

    /// Those with the least first: `ASC`.
    #[doc(alias = "asc")]
    pub fn ascending(self) -> Self {
        Self(self.0.arg("ASC"))
    }

    /// Those with the most first, which is the default: `DESC`.
    #[doc(alias = "desc")]
    pub fn descending(self) -> Self {
        Self(self.0.arg("DESC"))
    }
}

/// What servers count for each slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlotMetric {
    /// The number of keys.
    KeyCount,
    /// The time of the processor. Only if the setting `cluster-slot-stats-enabled` says so.
    CpuTime,
    /// The bytes that were received. Only if the same setting says so.
    NetworkBytesIn,
    /// The bytes that were sent. Only if the same setting says so.
    NetworkBytesOut,
    /// The memory of keys and values. **Since**: Redis 8.4.
    Memory,
}

impl ToArg for SlotMetric {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::KeyCount => "key-count",
            Self::CpuTime => "cpu-usec",
            Self::NetworkBytesIn => "network-bytes-in",
            Self::NetworkBytesOut => "network-bytes-out",
            Self::Memory => "memory-bytes",
        }
        .to_arg()
    }
}

/// What a slot holds and costs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotStats {
    /// The slot.
    pub slot: Slot,
    /// The number of its keys.
    pub key_count: u64,
    /// The time of the processor that commands took; `None` if it is not counted.
    pub cpu_time: Option<Duration>,
    /// The bytes that commands received; `None` if they are not counted.
    pub network_bytes_in: Option<u64>,
    /// The bytes that commands sent; `None` if they are not counted.
    pub network_bytes_out: Option<u64>,
    /// The memory of keys and values; `None` if it is not counted.
    pub memory_bytes: Option<u64>,
}

impl FromValue for SlotStats {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let (slot, figures): (Slot, ByName<u64>) = FromValue::from_value(value, frame)?;
        let figure = |name| figures.get(name).copied();
        Ok(Self {
            slot,
            key_count: figure("key-count").unwrap_or_default(),
            cpu_time: figure("cpu-usec").map(Duration::from_micros),
            network_bytes_in: figure("network-bytes-in"),
            network_bytes_out: figure("network-bytes-out"),
            memory_bytes: figure("memory-bytes"),
        })
    }
}

/// Returns the ranges of slots and the nodes that serve them: `CLUSTER SLOTS`.
///
/// The method `topology` of a client returns what the client routes commands by, without a server.
///
/// **Since**: Redis 3.0. **Complexity**: O(n) in the number of nodes.
#[inline]
pub fn cluster_slots() -> Typed<Vec<ClusterSlots>> {
    start!("CLUSTER SLOTS")
}

/// A range of slots and the nodes that serve it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterSlots {
    /// The slots.
    pub slots: SlotRange,
    /// The node that takes writes.
    pub primary: SlotsNode,
    /// The replicas of the primary.
    pub replicas: Vec<SlotsNode>,
}

impl FromValue for ClusterSlots {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let mut items = Items::of(value, frame, "a range with its nodes")?;
        let slots = from_to(items.next()?, items.next()?)?;
        let primary = items.next()?;
        let mut replicas = Vec::new();
        while let Some(replica) = items.next()? {
            replicas.push(replica);
        }
        Ok(Self { slots, primary, replicas })
    }
}

/// A node that serves slots.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotsNode {
    /// Where clients connect to, as the node prefers it: an IP address or a host name. `None` if
    /// that is the host that the client used.
    pub endpoint: Option<String>,
    /// The port for clients.
    pub port: u16,
    /// The ID of the node. **Since**: Redis 4.0.
    pub id: Option<NodeId>,
    /// What else the node announces, such as `hostname` or `ip`. **Since**: Redis 7.0.
    pub metadata: ByName<String>,
}

impl FromValue for SlotsNode {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let mut items = Items::of(value, frame, "a node as an array")?;
        Ok(Self {
            endpoint: items.next::<Option<String>>()?.filter(|host| !host.is_empty()),
            port: items.next()?,
            id: items.next()?,
            metadata: items.next::<Option<_>>()?.unwrap_or_default(),
        })
    }
}
