//! A test that fails leaves its cluster to the next one, which finds it whole and empty.

use std::sync::Mutex;
use std::thread;

use super::{Done, Failure, Held, Place, USUAL, hold};
use crate::servers::cluster::{Cluster, Options};
use crate::servers::raw::Reply;
use crate::servers::slots::{key_in_slot, share};
use crate::servers::wait_until;

/// What a test may leave, and what it is called.
type Harm = (&'static str, fn(&Cluster) -> Done);

const HARMS: [Harm; 8] = [
    ("keys", |cluster| {
        for slot in [1, 6_000, 12_000] {
            let (node, key) = (cluster.primary_of(slot)?, key_in_slot(slot, "left"));
            cluster.call(node, &["SET", &key, "behind"])?;
        }
        Ok(())
    }),
    ("an open slot with a key on each side", |cluster| {
        let (from, to) = (cluster.primary_of(93)?, cluster.primary_of(16_000)?);
        let tag = key_in_slot(93, "t");
        for key in ["stays", "goes"] {
            cluster.call(from, &["SET", &format!("{{{tag}}}{key}"), "1"])?;
        }
        cluster.open_slot(93, from, to)?;
        cluster.move_key(&format!("{{{tag}}}goes"), from, to)?;
        Ok(())
    }),
    ("slots at other nodes", |cluster| {
        for slot in [94, 6_001] {
            cluster.migrate_slot(slot, cluster.primary_of(slot)?, cluster.primary_of(16_000)?)?;
        }
        Ok(())
    }),
    ("settings, of which one refuses every write", |cluster| {
        for node in 0..cluster.nodes().len() {
            cluster.call(node, &["CONFIG", "SET", "min-replicas-to-write", "5"])?;
            cluster.call(node, &["CONFIG", "SET", "maxmemory", "1"])?;
            cluster.call(node, &["ACL", "SETUSER", "stranger", "on", "nopass", "+@all"])?;
        }
        Ok(())
    }),
    ("a pause of writes", |cluster| {
        Ok(cluster.call(0, &["CLIENT", "PAUSE", "600000", "WRITE"]).map(drop)?)
    }),
    ("a password", |cluster| {
        Ok(cluster.call(1, &["CONFIG", "SET", "requirepass", "s3cret"]).map(drop)?)
    }),
    ("a replica that was stopped", |cluster| {
        let replica = (0..6).find(|node| matches!(cluster.is_primary(*node), Ok(false)));
        Ok(cluster.freeze(replica.ok_or("no replica")?)?)
    }),
    ("a primary that was killed", |cluster| Ok(cluster.kill(cluster.primary_of(1)?)?)),
];

/// Does each harm in a test that panics, and looks at what the next one is handed.
fn check(places: &'static [Place; 1], name: &'static str) -> Done {
    let handed = || -> Result<Option<Held>, Failure> { Ok(hold(places, name, Options::new)?) };
    if handed()?.is_none() {
        return Ok(());
    }
    for (what, harm) in HARMS {
        let failing = thread::spawn(move || {
            let cluster = hold(places, name, Options::new).unwrap().unwrap();
            harm(&cluster).unwrap();
            // Not a panic, which would be printed, but its effect on the lock.
            std::panic::resume_unwind(Box::new("done"));
        });
        let ended = failing.join().expect_err("it fails");
        // Any other payload is a failure of this test.
        if ended.downcast_ref::<&str>() != Some(&"done") {
            return Err(format!("{name}: {what}: it could not be done").into());
        }
        let cluster = handed()?.ok_or("no cluster")?;
        is_whole(&cluster).map_err(|failure| format!("{name}: after {what}: {failure}"))?;
    }
    Ok(())
}

/// Asks the servers themselves.
fn is_whole(cluster: &Cluster) -> Done {
    let ranges = cluster.slots(0)?;
    for shard in 0..3 {
        let range = ranges.get(shard).ok_or("slots without an owner")?;
        if (range.first, range.last) != share(shard, 3) || range.ports.len() != 2 {
            return Err(format!("not the slots of the start: {ranges:?}").into());
        }
    }
    for node in 0..cluster.nodes().len() {
        let mut connection = cluster.connection(node)?;
        let nodes = connection.must(&["CLUSTER", "NODES"])?.text().unwrap_or_default();
        if nodes.contains('[') || nodes.contains("fail") {
            return Err(format!("an open slot or a node that fails: {nodes}").into());
        }
        if connection.must(&["DBSIZE"])? != Reply::Integer(0) {
            return Err(format!("node {node} has keys").into());
        }
        for name in ["maxmemory", "min-replicas-to-write"] {
            let setting = connection.must(&["CONFIG", "GET", name])?;
            if setting.field(name).and_then(Reply::text).as_deref() != Some("0") {
                return Err(format!("node {node}: {setting:?}").into());
            }
        }
        let users = connection.must(&["ACL", "USERS"])?;
        if users.elements().len() != 1 {
            return Err(format!("node {node} has users: {users:?}").into());
        }
    }
    for slot in [1, 6_000, 12_000] {
        let mut connection = cluster.connection(cluster.primary_of(slot)?)?;
        connection.must(&["SET", &key_in_slot(slot, "new"), "1"])?;
        wait_until("the replica has it", super::CHANGE_LIMIT, || {
            Ok(connection.must(&["WAIT", "1", "500"])? == Reply::Integer(1))
        })?;
    }
    Ok(())
}

#[test]
fn redis_6_2() -> Done {
    static PLACE: [Place; 1] = [Mutex::new(None)];
    check(&PLACE, "redis-6.2")
}

#[test]
fn redis_7_0() -> Done {
    static PLACE: [Place; 1] = [Mutex::new(None)];
    check(&PLACE, USUAL)
}

#[test]
fn valkey_8_1() -> Done {
    static PLACE: [Place; 1] = [Mutex::new(None)];
    check(&PLACE, "valkey-8.1")
}
