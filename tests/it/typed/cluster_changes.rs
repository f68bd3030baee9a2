//! What operators do to a cluster, done with typed commands: on clusters of its own.

use std::io;
use std::time::Duration;

use hashslot::blocking::Client;
use hashslot::cmd::{self, ClusterNode, SlotState};
use hashslot::command::ResponsePolicy;
use hashslot::topology::{NodeId, Role};
use hashslot::{Address, Call, Commands, Error, Slot, Target};

use super::server::on;
use crate::real::{CHANGE_LIMIT, Done, Failure, address_of};
use crate::servers::cluster::{Cluster, Options};
use crate::servers::slots::{key_in_slot, slot_of};
use crate::servers::{find_or_skip, wait_until};

/// A cluster that is this test's own, and a client of it. Nodes 0 to 2 are primaries, 3 to 5 their
/// replicas.
struct Stage {
    cluster: Cluster,
    client: Client,
}

impl Stage {
    /// `None` if there is no such server.
    fn new(name: &str) -> Result<Option<Self>, Failure> {
        let Some(server) = find_or_skip(name) else { return Ok(None) };
        let cluster = Cluster::start(Options::new(server))?;
        let client = connect(&cluster)?;
        Ok(Some(Self { cluster, client }))
    }

    fn at(&self, node: usize) -> Address {
        address_of(&self.cluster, node)
    }

    fn id(&self, node: usize) -> Result<NodeId, Error> {
        on(&self.client, self.at(node), cmd::cluster_myid())
    }

    /// What a node tells of itself.
    fn own_line(&self, node: usize) -> Result<ClusterNode, Failure> {
        let nodes = on(&self.client, self.at(node), cmd::cluster_nodes())?;
        Ok(nodes.into_iter().find(ClusterNode::is_myself).ok_or("no line of its own")?)
    }

    fn owns(&self, node: usize, slot: u16) -> Result<bool, Failure> {
        let slot = Slot::new(slot).ok_or("no slot")?;
        Ok(self.own_line(node)?.slots.iter().any(|range| range.contains(slot)))
    }
}

/// Waits for what nodes hear of later.
fn until(what: &str, condition: impl Fn() -> Result<bool, Failure>) -> Done {
    let condition = || condition().map_err(io::Error::other);
    Ok(wait_until(what, CHANGE_LIMIT, condition)?)
}

fn connect(cluster: &Cluster) -> Result<Client, Failure> {
    Ok(Client::connect(&format!("redis://{}", cluster.addresses().join(",")))?)
}

#[test]
fn a_cluster_of_redis_is_managed() -> Done {
    let Some(stage) = Stage::new("redis-7.0")? else { return Ok(()) };
    slots_leave_their_owners_and_come_back(&stage)?;
    a_slot_moves(&stage)?;
    replicas_take_over(&stage)?;
    a_node_is_forgotten_and_met(&stage)?;
    all_nodes_are_reset_and_become_a_cluster(&stage)
}

#[test]
fn a_cluster_of_valkey_is_managed() -> Done {
    let Some(stage) = Stage::new("valkey-9.1")? else { return Ok(()) };
    slots_leave_their_owners_and_come_back(&stage)?;
    a_slot_moves(&stage)?;
    a_server_moves_slots_itself(&stage)?;
    replicas_take_over(&stage)?;
    all_nodes_are_reset_and_become_a_cluster(&stage)
}

/// Each owner gives up its own; a node takes what has no owner.
fn slots_leave_their_owners_and_come_back(stage: &Stage) -> Done {
    let c = &stage.client;
    c.cluster_delslots([0, 16_383])?;
    assert!(!stage.owns(0, 0)? && !stage.owns(2, 16_383)?);
    on(c, stage.at(0), cmd::cluster_addslots(0))?;
    on(c, stage.at(2), cmd::cluster_addslots(16_383))?;
    assert!(stage.owns(0, 0)? && stage.owns(2, 16_383)?);
    // Over the border of two shards.
    c.cluster_delslotsrange((5400, 5500))?;
    assert!(!stage.owns(0, 5400)? && !stage.owns(1, 5500)?);
    on(c, stage.at(0), cmd::cluster_addslotsrange((5400, 5460)))?;
    on(c, stage.at(1), cmd::cluster_addslotsrange((5461, 5500)))?;
    assert!(stage.owns(0, 5400)? && stage.owns(1, 5500)?);
    on(c, stage.at(2), cmd::cluster_flushslots())?;
    assert_eq!(stage.own_line(2)?.slots, []);
    on(c, stage.at(2), cmd::cluster_addslotsrange((10_923, 16_383)))?;
    let before = stage.own_line(1)?.config_epoch;
    let bumped = on(c, stage.at(1), cmd::cluster_bumpepoch())?;
    assert_eq!(bumped.is_new, bumped.epoch > before);
    assert_eq!(stage.own_line(1)?.config_epoch, bumped.epoch);
    Ok(stage.cluster.wait_ok(CHANGE_LIMIT)?)
}

/// From node 0 to node 1, with its key.
fn a_slot_moves(stage: &Stage) -> Done {
    let c = &stage.client;
    let (from, to) = (stage.id(0)?, stage.id(1)?);
    let key = key_in_slot(7, "moves");
    let slot = Slot::of_key(key.as_bytes());
    c.set(&key, "value")?;
    let open = || -> Done {
        on(c, stage.at(1), cmd::cluster_setslot(slot, SlotState::Importing(from)))?;
        on(c, stage.at(0), cmd::cluster_setslot(slot, SlotState::Migrating(to)))?;
        assert_eq!(stage.own_line(0)?.migrating, [(slot, to)]);
        assert_eq!(stage.own_line(1)?.importing, [(slot, from)]);
        Ok(())
    };
    open()?;
    for node in [0, 1] {
        on(c, stage.at(node), cmd::cluster_setslot(slot, SlotState::Stable))?;
        let own = stage.own_line(node)?;
        assert!(own.migrating.is_empty() && own.importing.is_empty());
    }
    open()?;
    assert_eq!(c.cluster_getkeysinslot::<Vec<String>>(slot, 10)?, [&*key]);
    assert!(stage.cluster.move_key(&key, 0, 1)?);
    for node in [1, 0, 2] {
        on(c, stage.at(node), cmd::cluster_setslot(slot, SlotState::OwnedBy(to)))?;
    }
    assert_eq!(c.get::<String>(&key)?, "value");
    assert_eq!(c.cluster_countkeysinslot(slot)?, 1);
    until("the client knows the owner", || {
        c.refresh_topology();
        Ok(c.topology()?.owner_of(&key).map(|node| node.address().clone()) == Some(stage.at(1)))
    })?;
    c.del(&key)?;
    Ok(stage.cluster.wait_ok(CHANGE_LIMIT)?)
}

/// What `CLUSTER MIGRATESLOTS` of Valkey does.
fn a_server_moves_slots_itself(stage: &Stage) -> Done {
    let (c, source) = (&stage.client, stage.at(0));
    let key = key_in_slot(20, "goes");
    c.set(&key, "value")?;
    on(c, source.clone(), cmd::cluster_migrateslots((20, 29), stage.id(1)?))?;
    until("the slots have moved", || {
        let migrations = on(c, source.clone(), cmd::cluster_getslotmigrations())?;
        let migration = migrations.first().ok_or("no migration")?;
        assert_eq!((migration.operation.as_str(), migration.slots.len()), ("EXPORT", 1));
        Ok(migration.state == "success")
    })?;
    assert!(stage.owns(1, 20)? && stage.owns(1, 29)?);
    assert_eq!(c.get::<String>(&key)?, "value");
    c.del(&key)?;
    Ok(stage.cluster.wait_ok(CHANGE_LIMIT)?)
}

/// With the primary, without it, and without any other primary.
fn replicas_take_over(stage: &Stage) -> Done {
    let failover = cmd::cluster_failover;
    for (replica, command) in [(3, failover()), (4, failover().force()), (5, failover().takeover())]
    {
        on(&stage.client, stage.at(replica), command)?;
        until("the replica is a primary", || {
            Ok(stage.own_line(replica)?.role() == Some(Role::Primary))
        })?;
        stage.cluster.wait_ok(CHANGE_LIMIT)?;
    }
    Ok(())
}

/// Node 0, a replica now, leaves the others and comes back.
fn a_node_is_forgotten_and_met(stage: &Stage) -> Done {
    let (c, left) = (&stage.client, stage.id(0)?);
    let knows = |node| -> Result<bool, Failure> {
        let nodes = on(c, stage.at(node), cmd::cluster_nodes())?;
        Ok(nodes.iter().any(|node| node.id == left))
    };
    for node in 1..6 {
        on(c, stage.at(node), cmd::cluster_forget(left))?;
        assert!(!knows(node)?);
    }
    let address = stage.at(0);
    on(c, stage.at(3), cmd::cluster_meet(address.host(), address.port()))?;
    until("it is known again", || knows(3))
}

/// They forget everything, and are made a cluster of one primary and five replicas.
fn all_nodes_are_reset_and_become_a_cluster(stage: &Stage) -> Done {
    let (c, cluster) = (&stage.client, &stage.cluster);
    cluster.flush_all()?;
    let formerly = stage.id(1)?;
    let reset = Call::new(cmd::cluster_reset().hard()).target(Target::AllNodes);
    c.call(reset.merge(ResponsePolicy::AllSucceeded))?;
    for node in 0..6 {
        let own = stage.own_line(node)?;
        assert!(own.slots.is_empty() && own.config_epoch == 0 && own.role() == Some(Role::Primary));
        on(c, stage.at(node), cmd::cluster_set_config_epoch(u64::try_from(node)? + 1))?;
        assert_eq!(on(c, stage.at(node), cmd::cluster_info())?.known_nodes, 1);
    }
    let primary = stage.id(0)?;
    assert_ne!(stage.id(1)?, formerly, "a hard reset gives new IDs");
    on(c, stage.at(0), cmd::cluster_addslotsrange((0, 16_383)))?;
    for node in 1..6 {
        let address = stage.at(node);
        on(c, stage.at(0), cmd::cluster_meet(address.host(), address.port()))?;
    }
    for node in 1..6 {
        until("it knows the primary", || {
            let nodes = on(c, stage.at(node), cmd::cluster_nodes())?;
            Ok(nodes.iter().any(|node| node.id == primary))
        })?;
        on(c, stage.at(node), cmd::cluster_replicate(primary))?;
    }
    until("they serve", || {
        let health = connect(cluster)?.health(Duration::from_secs(1))?;
        Ok(health.is_well() && health.nodes().len() == 6)
    })?;
    let replicas = on(c, stage.at(0), cmd::cluster_replicas(primary))?;
    assert_eq!(replicas.len(), 5);
    Ok(())
}

/// What other clients have methods for, as the topology has it: no server is asked.
#[test]
fn the_topology_tells_nodes_by_role_key_and_address() -> Done {
    let Some(cluster) = crate::real::shared(crate::real::USUAL)? else { return Ok(()) };
    let client = connect(&cluster)?;
    let before = client.stats()?.calls_submitted;
    let topology = client.topology()?;
    assert_eq!((topology.nodes().count(), topology.primaries().count()), (6, 3));
    assert_eq!(topology.replicas().count(), 3);
    let primary = address_of(&cluster, cluster.primary_of(slot_of("user:1"))?);
    let owner = topology.owner_of("user:1").ok_or("no owner")?;
    assert_eq!(owner.address(), &primary);
    let shard = topology.shard_of(Slot::of_key(b"user:1")).ok_or("no shard")?;
    assert_eq!(shard.primary(), Some(owner));
    let replica = shard.replicas().first().ok_or("no replica")?;
    let by_address = topology.nodes().find(|node| node.address() == replica.address());
    assert_eq!(by_address, Some(replica));
    let by_id = topology.nodes().find(|node| node.id() == replica.id());
    assert_eq!(by_id, Some(replica));
    assert_eq!(client.stats()?.calls_submitted, before, "nothing was sent");
    // A node of the caller's choice, and any.
    let one = client.target(Target::Node(replica.address().clone()));
    assert_eq!(Some(one.cluster_myid()?), replica.id());
    let any = client.target(Target::Any).cluster_myid()?;
    assert!(topology.primaries().any(|node| node.id() == Some(any)));
    Ok(())
}
