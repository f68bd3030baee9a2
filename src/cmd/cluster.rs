//! Changes of the cluster: slots and their migration, nodes and their roles.
//!
//! Commands that change a node need a target.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::options::flush_options;
use super::record::Fields;
use super::slots_and_nodes::{point_in_time, ranges_in};
use super::time::{UnixTime, milliseconds};
use super::typed::{Typed, start, with_options};
use crate::command::{FromValue, OneOrMore, PairOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};
#[cfg(doc)]
use crate::slot::Slot;
use crate::topology::{NodeId, SlotRange};

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
#[inline]
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
    #[inline]
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
#[inline]
pub fn cluster_cancelslotmigrations() -> Typed<()> {
    start!("CLUSTER CANCELSLOTMIGRATIONS")
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
#[inline]
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

flush_options!(ClusterFlushSlot);

/// Takes all slots away from one node: `CLUSTER FLUSHSLOTS`.
///
/// The node must have no keys. The command needs a target.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
#[inline]
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
#[inline]
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
    #[inline]
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
#[inline]
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
#[inline]
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
    #[inline]
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
#[inline]
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
#[inline]
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
#[inline]
pub fn cluster_saveconfig() -> Typed<()> {
    start!("CLUSTER SAVECONFIG")
}

/// Sets the epoch of a new node's configuration: `CLUSTER SET-CONFIG-EPOCH`.
///
/// The node must know no other node. The command needs a target.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
#[inline]
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
