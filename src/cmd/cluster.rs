//! The cluster: nodes, slots and their migration.
//!
//! What one node knows about all is asked of any node. Commands that change a node need a target.

use alloc::string::String;
use alloc::vec::Vec;
use core::str::FromStr;
use core::time::Duration;

use super::clients::lines;
use super::record::{Fields, record};
use super::server::{ByName, Items, text_field};
use super::time::{UnixTime, milliseconds};
use super::typed::{Typed, start, with_options};
use crate::command::{Arg, FromValue, ListItem, OneOrMore, PairOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};
// Visible to the trait that is made of these functions.
pub(super) use crate::slot::Slot;
pub(super) use crate::topology::NodeId;
use crate::topology::{Health, Role, SlotRange};

impl ToArg for Slot {
    fn to_arg(&self) -> Arg<'_> {
        self.number().into_arg()
    }
}

impl ListItem for Slot {}

impl FromValue for Slot {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let slot = Self::new(u16::from_value(value, frame)?);
        slot.ok_or_else(|| ConversionError::custom("a slot is below 16384"))
    }
}

impl ToArg for NodeId {
    fn to_arg(&self) -> Arg<'_> {
        self.as_str().to_arg()
    }
}

impl ListItem for NodeId {}

impl FromValue for NodeId {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        node_id(&String::from_value(value, frame)?)
    }
}

/// Gives slots without an owner to one node: `CLUSTER ADDSLOTS`.
///
/// The command needs a target.
///
/// **Since**: Redis 3.0. **Complexity**: O(n) in the number of slots.
pub fn cluster_addslots(slots: impl OneOrMore) -> Typed<()> {
    start!("CLUSTER ADDSLOTS").args(slots)
}

/// Gives ranges of slots without an owner to one node: `CLUSTER ADDSLOTSRANGE`.
///
/// A range is a pair of its first and its last slot. The command needs a target.
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of slots.
///
/// ```
/// use hashslot::{Command, cmd};
/// let command = cmd::cluster_addslotsrange([(0, 99), (200, 299)]);
/// assert_eq!(Command::from(command).len(), 6);
/// ```
pub fn cluster_addslotsrange(ranges: impl PairOrMore) -> Typed<()> {
    start!("CLUSTER ADDSLOTSRANGE").pairs(ranges)
}

/// Raises the epoch of one node's configuration, and returns it: `CLUSTER BUMPEPOCH`.
///
/// The command needs a target.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
pub fn cluster_bumpepoch() -> Typed<BumpedEpoch> {
    start!("CLUSTER BUMPEPOCH")
}

/// The epoch of a node's configuration: the reply of [`cluster_bumpepoch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BumpedEpoch {
    /// Whether it is a new one. False if the node had the greatest of the cluster.
    pub is_new: bool,
    /// The epoch.
    pub epoch: u64,
}

impl FromValue for BumpedEpoch {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let text = String::from_value(value, frame)?;
        let unknown = || ConversionError::custom("neither `BUMPED` nor `STILL` with an epoch");
        let (word, epoch) = text.split_once(' ').ok_or_else(unknown)?;
        Ok(Self { is_new: word == "BUMPED", epoch: epoch.parse().map_err(|_| unknown())? })
    }
}

/// Stops all migrations of slots that one node exports: `CLUSTER CANCELSLOTMIGRATIONS`.
///
/// The command needs a target. [`cluster_migration_cancel_all`] does the same on Redis 8.4.
///
/// **Since**: Valkey 9.0. **Complexity**: O(n) in the number of migrations.
pub fn cluster_cancelslotmigrations() -> Typed<()> {
    start!("CLUSTER CANCELSLOTMIGRATIONS")
}

/// Returns how many nodes report that a node fails: `CLUSTER COUNT-FAILURE-REPORTS`.
///
/// One node tells the reports that it knows.
///
/// **Since**: Redis 3.0. **Complexity**: O(n) in the number of reports.
pub fn cluster_count_failure_reports(node: impl ToArg) -> Typed<u64> {
    start!("CLUSTER COUNT-FAILURE-REPORTS").arg(node)
}

/// Returns the number of keys in a slot: `CLUSTER COUNTKEYSINSLOT`.
///
/// The slot is a [`Slot`] or its number. The owner of the slot answers.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
pub fn cluster_countkeysinslot(slot: impl ToArg) -> Typed<u64> {
    start!("CLUSTER COUNTKEYSINSLOT").arg(slot)
}

/// Takes slots away from their owners: `CLUSTER DELSLOTS`.
///
/// The slots then have no owner, in the view of those that had them. Slots of several owners are
/// split into one command for each owner.
///
/// **Since**: Redis 3.0. **Complexity**: O(n) in the number of slots.
pub fn cluster_delslots(slots: impl OneOrMore) -> Typed<()> {
    start!("CLUSTER DELSLOTS").args(slots)
}

/// Takes ranges of slots away from their owners: `CLUSTER DELSLOTSRANGE`.
///
/// A range is a pair of its first and its last slot. As [`cluster_delslots`].
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of slots.
pub fn cluster_delslotsrange(ranges: impl PairOrMore) -> Typed<()> {
    start!("CLUSTER DELSLOTSRANGE").pairs(ranges)
}

with_options! {
    /// `CLUSTER FAILOVER`, made by [`cluster_failover`].
    ClusterFailover
}

/// Makes a replica the primary of its shard: `CLUSTER FAILOVER`.
///
/// The command needs the replica as its target. It returns as soon as the failover begins.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
pub fn cluster_failover() -> ClusterFailover<()> {
    ClusterFailover(start!("CLUSTER FAILOVER"))
}

impl<R> ClusterFailover<R> {
    /// Without the help of the primary, which may be down: `FORCE`. Writes may be lost.
    pub fn force(self) -> Self {
        Self(self.0.arg("FORCE"))
    }

    /// Also without the votes of other primaries: `TAKEOVER`. Writes may be lost.
    pub fn takeover(self) -> Self {
        Self(self.0.arg("TAKEOVER"))
    }
}

with_options! {
    /// `CLUSTER FLUSHSLOT`, made by [`cluster_flushslot`].
    ClusterFlushSlot
}

/// Deletes all keys in a slot of one node: `CLUSTER FLUSHSLOT`.
///
/// The slot is a [`Slot`] or its number. The command needs a target.
///
/// **Since**: Valkey 9.0. **Complexity**: O(n) in the number of keys.
pub fn cluster_flushslot(slot: impl ToArg) -> ClusterFlushSlot<()> {
    ClusterFlushSlot(start!("CLUSTER FLUSHSLOT").arg(slot))
}

impl<R> ClusterFlushSlot<R> {
    /// The server frees the memory in the background: `ASYNC`.
    #[doc(alias = "async")]
    pub fn in_background(self) -> Self {
        Self(self.0.arg("ASYNC"))
    }

    /// The server frees the memory before it answers: `SYNC`.
    #[doc(alias = "sync")]
    pub fn at_once(self) -> Self {
        Self(self.0.arg("SYNC"))
    }
}

/// Takes all slots away from one node: `CLUSTER FLUSHSLOTS`.
///
/// The node must have no keys. The command needs a target.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
pub fn cluster_flushslots() -> Typed<()> {
    start!("CLUSTER FLUSHSLOTS")
}

/// Removes a node from what one node knows: `CLUSTER FORGET`.
///
/// The command needs a target. Send it to all other nodes within a minute: after that, one that
/// still knows the node tells the others of it.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
pub fn cluster_forget(node: impl ToArg) -> Typed<()> {
    start!("CLUSTER FORGET").arg(node)
}

/// Returns at most so many keys of a slot: `CLUSTER GETKEYSINSLOT`.
///
/// The slot is a [`Slot`] or its number. The owner of the slot answers.
///
/// **Since**: Redis 3.0. **Complexity**: O(n) in the number of keys that are returned.
pub fn cluster_getkeysinslot<V: FromValue>(slot: impl ToArg, count: u64) -> Typed<V> {
    start!("CLUSTER GETKEYSINSLOT").arg(slot).arg(count)
}

/// Returns the migrations of slots that one node knows: `CLUSTER GETSLOTMIGRATIONS`.
///
/// These are migrations under way and some that ended lately. The command needs a target.
/// [`cluster_migration_status`] does the same on Redis 8.4.
///
/// **Since**: Valkey 9.0. **Complexity**: O(n) in the number of migrations.
pub fn cluster_getslotmigrations() -> Typed<Vec<SlotMigration>> {
    start!("CLUSTER GETSLOTMIGRATIONS")
}

/// A migration of slots between nodes of Valkey.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotMigration {
    /// The name of the migration.
    pub name: String,
    /// What the node does that was asked: `EXPORT` or `IMPORT`.
    pub operation: String,
    /// The slots.
    pub slots: Vec<SlotRange>,
    /// The node that had the slots.
    pub source: NodeId,
    /// The node that gets them.
    pub target: NodeId,
    /// When it began, to the second.
    pub created: UnixTime,
    /// When its state changed last, to the second.
    pub updated: UnixTime,
    /// When the other node answered last, to the second.
    pub acknowledged: UnixTime,
    /// The state, such as `success`, `failed` or a step before that.
    pub state: String,
    /// Why it failed; empty if it did not.
    pub message: String,
    /// How much memory the copy took, in bytes.
    pub copy_on_write_bytes: u64,
    /// How many bytes the other node has not read yet. **Since**: Valkey 9.1.
    pub remaining_bytes: Option<u64>,
}

impl FromValue for SlotMigration {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let fields = Fields::of(value, frame)?;
        Ok(Self {
            name: fields.get("name")?,
            operation: fields.get("operation")?,
            slots: ranges_in(&fields, "slot_ranges")?,
            source: fields.get("source_node")?,
            target: fields.get("target_node")?,
            created: UnixTime::from_secs(fields.get("create_time")?),
            updated: UnixTime::from_secs(fields.get("last_update_time")?),
            acknowledged: UnixTime::from_secs(fields.get("last_ack_time")?),
            state: fields.get("state")?,
            message: fields.get("message")?,
            copy_on_write_bytes: fields.get("cow_size")?,
            remaining_bytes: fields.get("remaining_repl_size")?,
        })
    }
}

/// Returns how one node sees the state of the cluster: `CLUSTER INFO`.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
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
    pub fn get(&self, name: &str) -> Option<&str> {
        text_field(&self.text, name)
    }
}

impl FromValue for ClusterInfo {
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
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        match String::from_value(value, frame)?.as_str() {
            "to" => Ok(Self::To),
            "from" => Ok(Self::From),
            _ => Err(ConversionError::custom("neither `to` nor `from`")),
        }
    }
}

with_options! {
    /// `CLUSTER MEET`, made by [`cluster_meet`].
    ClusterMeet
}

/// Tells one node of another, which joins its cluster: `CLUSTER MEET`.
///
/// The host is an IP address. The command needs a target.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
pub fn cluster_meet(host: impl ToArg, port: u16) -> ClusterMeet<()> {
    ClusterMeet(start!("CLUSTER MEET").arg(host).arg(port))
}

impl<R> ClusterMeet<R> {
    /// The port that nodes connect to. Without it that is 10000 above the other. **Since**: Redis
    /// 4.0.
    pub fn bus_port(self, port: u16) -> Self {
        Self(self.0.arg(port))
    }
}

with_options! {
    /// `CLUSTER MIGRATESLOTS`, made by [`cluster_migrateslots`].
    ClusterMigrateSlots
}

/// Begins to move ranges of slots from one node to another: `CLUSTER MIGRATESLOTS`.
///
/// A range is a pair of its first and its last slot. The command needs the owner of the slots as
/// its target; [`cluster_getslotmigrations`] tells how far it is. [`cluster_migration_import`] does
/// the same on Redis 8.4.
///
/// **Since**: Valkey 9.0. **Complexity**: O(n) in the number of slots.
pub fn cluster_migrateslots(ranges: impl PairOrMore, node: impl ToArg) -> ClusterMigrateSlots<()> {
    ClusterMigrateSlots(start!("CLUSTER MIGRATESLOTS")).and(ranges, node)
}

impl<R> ClusterMigrateSlots<R> {
    /// Moves more ranges, also to another node.
    pub fn and(self, ranges: impl PairOrMore, node: impl ToArg) -> Self {
        Self(self.0.arg("SLOTSRANGE").pairs(ranges).arg("NODE").arg(node))
    }
}

/// Stops a migration of slots, and returns how many it stopped: `CLUSTER MIGRATION CANCEL`.
///
/// 0 if the migration is over or not known. The command needs a target.
///
/// **Since**: Redis 8.4. **Complexity**: O(n) in the number of migrations.
#[doc(alias = "cluster_migration")]
pub fn cluster_migration_cancel(migration: impl ToArg) -> Typed<u64> {
    start!("CLUSTER MIGRATION").arg("CANCEL").arg("ID").arg(migration)
}

/// Stops all migrations of one node, and returns how many: `CLUSTER MIGRATION CANCEL`.
///
/// The command needs a target.
///
/// **Since**: Redis 8.4. **Complexity**: O(n) in the number of migrations.
pub fn cluster_migration_cancel_all() -> Typed<u64> {
    start!("CLUSTER MIGRATION").arg("CANCEL").arg("ALL")
}

/// Begins to move slots to one node, and returns a name for it: `CLUSTER MIGRATION IMPORT`.
///
/// A range is a pair of its first and its last slot. The command needs the node that gets the slots
/// as its target. [`cluster_migrateslots`] does the same on Valkey 9.0.
///
/// **Since**: Redis 8.4. **Complexity**: O(n) in the number of slots.
pub fn cluster_migration_import(ranges: impl PairOrMore) -> Typed<String> {
    start!("CLUSTER MIGRATION").arg("IMPORT").pairs(ranges)
}

/// Returns the migrations of slots that one node knows: `CLUSTER MIGRATION STATUS`.
///
/// These are migrations under way and some that ended lately. The command needs a target.
/// [`cluster_getslotmigrations`] does the same on Valkey 9.0.
///
/// **Since**: Redis 8.4. **Complexity**: O(n) in the number of migrations.
pub fn cluster_migration_status() -> Typed<Vec<MigrationStatus>> {
    start!("CLUSTER MIGRATION").arg("STATUS").arg("ALL")
}

/// A migration of slots between nodes of Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MigrationStatus {
    /// The name of the migration.
    pub id: String,
    /// The slots.
    pub slots: Vec<SlotRange>,
    /// The node that had the slots.
    pub source: Option<NodeId>,
    /// The node that gets them.
    pub target: Option<NodeId>,
    /// What the node does that was asked: `import` or `migrate`.
    pub operation: String,
    /// The state, such as `completed`, `failed` or a step before that.
    pub state: String,
    /// The last error; empty if there was none.
    pub last_error: String,
    /// How often it was tried again.
    pub retries: u64,
    /// When it was asked for.
    pub created: UnixTime,
    /// When it began; `None` before that.
    pub started: Option<UnixTime>,
    /// When it ended; `None` before that.
    pub ended: Option<UnixTime>,
    /// How long writes had to wait.
    pub write_pause: Duration,
}

impl FromValue for MigrationStatus {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let fields = Fields::of(value, frame)?;
        let node = |name| fields.get::<String>(name).map(|id| NodeId::parse(id.as_bytes()));
        let time = |name| fields.get::<i64>(name).map(point_in_time);
        Ok(Self {
            id: fields.get("id")?,
            slots: ranges_in(&fields, "slots")?,
            source: node("source")?,
            target: node("dest")?,
            operation: fields.get("operation")?,
            state: fields.get("state")?,
            last_error: fields.get("last_error")?,
            retries: fields.get("retries")?,
            created: fields.get("create_time")?,
            started: time("start_time")?,
            ended: time("end_time")?,
            write_pause: Duration::from_millis(fields.get("write_pause_ms")?),
        })
    }
}

/// Returns the ID of the node that answers: `CLUSTER MYID`.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
pub fn cluster_myid() -> Typed<NodeId> {
    start!("CLUSTER MYID")
}

/// Returns the ID of the shard of the node that answers: `CLUSTER MYSHARDID`.
///
/// **Since**: Redis 7.2. **Complexity**: O(1).
pub fn cluster_myshardid() -> Typed<String> {
    start!("CLUSTER MYSHARDID")
}

/// Returns all nodes that one node knows: `CLUSTER NODES`.
///
/// The method `topology` of a client returns what the client routes commands by, without a server.
///
/// **Since**: Redis 3.0. **Complexity**: O(n) in the number of nodes.
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
    pub fn has_flag(&self, flag: &str) -> bool {
        self.flags.iter().any(|found| found == flag)
    }

    /// Whether it is the node that was asked.
    #[must_use]
    pub fn is_myself(&self) -> bool {
        self.has_flag("myself")
    }

    /// What it is to its shard; `None` while that is not known.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        if self.has_flag("master") {
            Some(Role::Primary)
        } else {
            self.has_flag("slave").then_some(Role::Replica)
        }
    }

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
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        Self::of(String::from_value(value, frame)?.trim_end())
    }

    /// Reads a text of one line for each node.
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

/// Makes one node a replica of a primary: `CLUSTER REPLICATE`.
///
/// A primary must have no slots and no keys. The command needs a target.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
pub fn cluster_replicate(primary: impl ToArg) -> Typed<()> {
    start!("CLUSTER REPLICATE").arg(primary)
}

/// Makes one replica a primary without slots and keys: `CLUSTER REPLICATE NO ONE`.
///
/// The command needs a target.
///
/// **Since**: Valkey 9.0. **Complexity**: O(n) in the number of keys.
pub fn cluster_replicate_no_one() -> Typed<()> {
    start!("CLUSTER REPLICATE").arg("NO").arg("ONE")
}

with_options! {
    /// `CLUSTER RESET`, made by [`cluster_reset`].
    ClusterReset
}

/// Makes one node forget its cluster: `CLUSTER RESET`.
///
/// A replica loses its keys; a primary must have none. The command needs a target.
///
/// **Since**: Redis 3.0. **Complexity**: O(n) in the number of nodes.
pub fn cluster_reset() -> ClusterReset<()> {
    ClusterReset(start!("CLUSTER RESET"))
}

impl<R> ClusterReset<R> {
    /// The node also gets a new ID, and its epochs become 0: `HARD`.
    pub fn hard(self) -> Self {
        Self(self.0.arg("HARD"))
    }

    /// The node keeps its ID, which is the default: `SOFT`.
    pub fn soft(self) -> Self {
        Self(self.0.arg("SOFT"))
    }
}

/// Writes what each node knows about the cluster to its disk: `CLUSTER SAVECONFIG`.
///
/// Nodes do this themselves. The command goes to all nodes.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
pub fn cluster_saveconfig() -> Typed<()> {
    start!("CLUSTER SAVECONFIG")
}

/// Sets the epoch of a new node's configuration: `CLUSTER SET-CONFIG-EPOCH`.
///
/// The node must know no other node. The command needs a target.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
pub fn cluster_set_config_epoch(epoch: u64) -> Typed<()> {
    start!("CLUSTER SET-CONFIG-EPOCH").arg(epoch)
}

with_options! {
    /// `CLUSTER SETSLOT`, made by [`cluster_setslot`].
    ClusterSetSlot
}

/// Sets the state of a slot on one node: `CLUSTER SETSLOT`.
///
/// The slot is a [`Slot`] or its number. The command needs a target.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
///
/// ```
/// use hashslot::cmd::{self, SlotState};
/// use hashslot::{Slot, topology::NodeId};
/// fn begin(from: NodeId) -> cmd::ClusterSetSlot<()> {
///     cmd::cluster_setslot(Slot::of_key(b"user:1"), SlotState::Importing(from))
/// }
/// ```
pub fn cluster_setslot(slot: impl ToArg, state: SlotState) -> ClusterSetSlot<()> {
    let start = start!("CLUSTER SETSLOT").arg(slot);
    ClusterSetSlot(match state {
        SlotState::Importing(source) => start.arg("IMPORTING").arg(source),
        SlotState::Migrating(target) => start.arg("MIGRATING").arg(target),
        SlotState::OwnedBy(node) => start.arg("NODE").arg(node),
        SlotState::Stable => start.arg("STABLE"),
    })
}

impl<R> ClusterSetSlot<R> {
    /// How long the node waits for its replicas to know: `TIMEOUT`. **Since**: Valkey 8.0.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.arg("TIMEOUT").arg(milliseconds(timeout)))
    }
}

/// The state of a slot on a node: what [`cluster_setslot`] sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlotState {
    /// The node gets the slot, key by key, from this one: `IMPORTING`.
    Importing(NodeId),
    /// The node gives the slot, key by key, to this one: `MIGRATING`.
    Migrating(NodeId),
    /// This node owns the slot: `NODE`.
    OwnedBy(NodeId),
    /// The slot is not on the move: `STABLE`.
    Stable,
}

/// Returns the shards: their slots and their nodes: `CLUSTER SHARDS`.
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of nodes.
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

with_options! {
    /// `CLUSTERSCAN`, made by [`clusterscan`].
    ClusterScan
}

/// Returns some keys of the cluster, and the cursor that leads to the next ones: `CLUSTERSCAN`.
///
/// Begin with the cursor `0`; when `0` is returned, all keys were. There may be no keys in a reply
/// before that. The `scan` method of a client does the same with every server.
///
/// **Since**: Valkey 9.1. **Complexity**: O(1) for each call.
pub fn clusterscan<V: FromValue>(cursor: impl ToArg) -> ClusterScan<(String, V)> {
    ClusterScan(start!("CLUSTERSCAN").key(cursor))
}

impl<R> ClusterScan<R> {
    /// Only keys that match a pattern: `MATCH`.
    #[doc(alias = "match")]
    pub fn pattern(self, pattern: impl ToArg) -> Self {
        Self(self.0.arg("MATCH").arg(pattern))
    }

    /// About how many keys the server looks at: `COUNT`.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg("COUNT").arg(count))
    }

    /// Only keys of a type, such as `hash`: `TYPE`.
    #[doc(alias = "type")]
    pub fn key_type(self, name: impl ToArg) -> Self {
        Self(self.0.arg("TYPE").arg(name))
    }

    /// Only keys in a slot, which is a [`Slot`] or its number: `SLOT`.
    pub fn slot(self, slot: impl ToArg) -> Self {
        Self(self.0.arg("SLOT").arg(slot))
    }
}

/// Deletes the keys of ranges of slots that one node does not own: `TRIMSLOTS`.
///
/// A range is a pair of its first and its last slot. Servers send it to their replicas after slots
/// moved. The command needs a target.
///
/// **Since**: Redis 8.4. **Complexity**: O(n) in the number of keys.
pub fn trimslots(ranges: impl PairOrMore) -> Typed<()> {
    start!("TRIMSLOTS").arg("RANGES").counted_pairs(ranges)
}

fn wrong(expected: &'static str) -> ConversionError {
    ConversionError::custom(expected)
}

fn parse<T: FromStr>(text: &str) -> Result<T, ConversionError> {
    text.parse().map_err(|_| ConversionError::custom("a number is malformed or out of range"))
}

fn node_id(text: &str) -> Result<NodeId, ConversionError> {
    let id = NodeId::parse(text.as_bytes());
    id.ok_or_else(|| ConversionError::custom("the ID of a node has 40 hexadecimal digits"))
}

fn one_slot(text: &str) -> Result<Slot, ConversionError> {
    let slot = Slot::new(parse(text)?);
    slot.ok_or_else(|| ConversionError::custom("a slot is below 16384"))
}

fn from_to(first: Slot, last: Slot) -> Result<SlotRange, ConversionError> {
    let range = SlotRange::new(first, last);
    range.ok_or_else(|| ConversionError::custom("a range of slots ends before it begins"))
}

/// Reads `7` or `7-9`.
fn range(text: &str) -> Result<SlotRange, ConversionError> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    from_to(one_slot(first)?, one_slot(last)?)
}

/// Reads ranges with blanks between them.
fn ranges_in(
    fields: &Fields<'_, '_>,
    name: &'static str,
) -> Result<Vec<SlotRange>, ConversionError> {
    let text: String = fields.get(name)?;
    let ranges = text.split_whitespace().map(range).collect::<Result<_, _>>();
    ranges.map_err(|error| error.at_field(name))
}

/// A time in milliseconds; 0 and below mean that there is none.
fn point_in_time(milliseconds: i64) -> Option<UnixTime> {
    let time = u64::try_from(milliseconds).ok().filter(|&time| time > 0);
    time.map(UnixTime::from_millis)
}
