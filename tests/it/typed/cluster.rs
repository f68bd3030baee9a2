//! The cluster.

use std::time::Duration;

use hashslot::cmd::{self, BumpedEpoch, ClusterNode, ClusterShard, ClusterSlots, LinkDirection};
use hashslot::cmd::{MigrationStatus, SlotMetric, SlotMigration, SlotState, SlotStats, UnixTime};
use hashslot::topology::{Health, NodeId, Role, SlotRange};
use hashslot::{Commands, FromValue, Slot};

use super::live::{SINCE_7_0, cases, refusal};
use super::server::{frame, on, primary, read, read_both, replica, words};

/// Servers that count what slots cost.
const WITH_SLOT_STATS: &[&str] = &["redis-8.2", "valkey-8.1", "valkey-9.1"];

/// The ID of a node: a letter, 40 times.
fn id(letter: char) -> NodeId {
    NodeId::parse(letter.to_string().repeat(40).as_bytes()).expect("an ID")
}

fn range(first: u16, last: u16) -> SlotRange {
    let slot = |number| Slot::new(number).expect("a slot");
    SlotRange::new(slot(first), slot(last)).expect("a range")
}

cases! {
    "CLUSTER INFO" => |c| {
        let info = c.cluster_info()?;
        assert!(info.is_ok);
        assert_eq!((info.slots_assigned, info.slots_ok), (16_384, 16_384));
        assert_eq!((info.slots_pfail, info.slots_fail), (0, 0));
        assert_eq!((info.known_nodes, info.size), (6, 3));
        assert!(info.current_epoch >= info.my_epoch && info.messages_sent > 0);
        assert_eq!(info.get("cluster_state"), Some("ok"));
        assert_eq!(info.get("nope"), None);
    }
    "CLUSTER NODES" => |c| {
        let node = primary(c)?;
        let myself = on(c, node.clone(), cmd::cluster_myid())?;
        let nodes = on(c, node.clone(), cmd::cluster_nodes())?;
        assert_eq!(nodes.len(), 6);
        let mut all = nodes.iter();
        let me = all.find(|found| found.is_myself()).ok_or("is there")?;
        assert_eq!((me.id, me.role()), (myself, Some(Role::Primary)));
        assert_eq!(format!("{}:{}", me.ip, me.port), node.to_string());
        assert_eq!(me.slots.len(), 1);
        assert!(me.bus_port > Some(0) && me.is_connected && me.migrating.is_empty());
        let replicas = on(c, node.clone(), cmd::cluster_replicas(myself))?;
        assert_eq!(replicas.len(), 1);
        assert_eq!((replicas[0].role(), replicas[0].primary), (Some(Role::Replica), Some(myself)));
        assert!(replicas[0].pong_received.is_some());
        assert_eq!(on(c, node, cmd::cluster_count_failure_reports(replicas[0].id))?, 0);
        assert!(refusal(c.cluster_replicas(id('0'))).starts_with("ERR Unknown node"));
        let of_any = c.cluster_myid()?;
        assert!(nodes.iter().any(|node| node.id == of_any));
    }
    "CLUSTER MYSHARDID" on WITH_SLOT_STATS => |c| {
        let of_primary = on(c, primary(c)?, cmd::cluster_myshardid())?;
        assert_eq!(on(c, replica(c)?, cmd::cluster_myshardid())?, of_primary);
    }
    "CLUSTER SLOTS" => |c| {
        let mut rows = c.cluster_slots()?;
        rows.sort_by_key(|row| row.slots);
        let topology = c.topology()?;
        assert_eq!(rows.len(), topology.slot_ranges().count());
        for (row, (range, shard)) in rows.iter().zip(topology.slot_ranges()) {
            let primary = shard.primary().ok_or("has a primary")?;
            let endpoint = row.primary.endpoint.as_deref();
            let address = (primary.address().host(), primary.address().port());
            assert_eq!((row.slots, (endpoint.unwrap_or("?"), row.primary.port)), (range, address));
            assert_eq!(row.primary.id, primary.id());
            assert_eq!(row.replicas.len(), 1);
        }
    }
    "CLUSTER SHARDS" on SINCE_7_0 => |c| {
        let shards = c.cluster_shards()?;
        assert_eq!(shards.len(), 3);
        for shard in &shards {
            assert_eq!((shard.slots.len(), shard.nodes.len()), (1, 2));
            let roles: Vec<Role> = shard.nodes.iter().map(|node| node.role).collect();
            assert!(roles.contains(&Role::Primary) && roles.contains(&Role::Replica));
            for node in &shard.nodes {
                assert!(node.port.is_some() && node.tls_port.is_none(), "{node:?}");
                assert_eq!((node.ip.as_str(), node.endpoint.as_deref()), ("127.0.0.1", Some("127.0.0.1")));
            }
        }
        let links = c.cluster_links()?;
        assert!(links.iter().any(|link| link.direction == LinkDirection::To));
        assert!(links.iter().any(|link| link.direction == LinkDirection::From));
        assert!(links.iter().all(|link| link.created > UnixTime::from_secs(1_600_000_000)));
    }
    "CLUSTER KEYSLOT" => |c| {
        let slot = Slot::of_key(b"user:1");
        assert_eq!(c.cluster_keyslot("user:1")?, slot);
        assert_eq!(c.cluster_countkeysinslot(slot)?, 0);
        assert_eq!(c.cluster_getkeysinslot::<Vec<String>>(slot, 10)?, [""; 0]);
        c.set("user:1", 1)?;
        c.set("{user:1}", 1)?;
        assert_eq!(c.cluster_countkeysinslot(slot.number())?, 2);
        let mut keys: Vec<String> = c.cluster_getkeysinslot(slot, 10)?;
        keys.sort();
        assert_eq!(keys, ["user:1", "{user:1}"]);
        assert_eq!(c.cluster_getkeysinslot::<Vec<String>>(slot, 1)?.len(), 1);
        assert!(c.cluster_countkeysinslot(16_384).is_err());
    }
    "CLUSTER SLOT-STATS" on WITH_SLOT_STATS => |c| {
        let slot = Slot::of_key(b"k");
        c.set("k", 1)?;
        let stats = c.cluster_slot_stats(slot, slot)?;
        assert_eq!((stats.len(), stats[0].slot, stats[0].key_count), (1, slot, 1));
        assert_eq!((stats[0].cpu_time, stats[0].network_bytes_in), (None, None));
        let largest = c.run(cmd::cluster_slot_stats_by(SlotMetric::KeyCount).limit(3).descending())?;
        assert_eq!((largest.len(), largest[0].slot), (3, slot));
        let least = c.run(cmd::cluster_slot_stats_by(SlotMetric::KeyCount).limit(2).ascending())?;
        assert_eq!(least.iter().map(|row| row.key_count).collect::<Vec<_>>(), [0, 0]);
    }
    "CLUSTERSCAN" => |c| {
        let pairs = (0..100).map(|number| (format!("k{number}"), number));
        c.mset(cmd::each(pairs))?;
        let mut found: Vec<String> = Vec::new();
        let mut cursor = "0".to_owned();
        for _ in 0..100_000 {
            let scan = cmd::clusterscan::<Vec<String>>(&cursor).count(1000).pattern("k*");
            let (next, keys) = c.run(scan.key_type("string"))?;
            found.extend(keys);
            cursor = next;
            if cursor == "0" {
                break;
            }
        }
        found.sort();
        found.dedup();
        assert_eq!((cursor.as_str(), found.len()), ("0", 100));
        let slot = Slot::of_key(b"k7");
        let mut cursor = "0".to_owned();
        let mut found: Vec<String> = Vec::new();
        for _ in 0..100 {
            let (next, keys) = c.run(cmd::clusterscan::<Vec<String>>(&cursor).slot(slot))?;
            found.extend(keys);
            cursor = next;
            if cursor == "0" {
                break;
            }
        }
        assert_eq!((cursor.as_str(), found), ("0", vec!["k7".to_owned()]));
    }
    "CLUSTER GETSLOTMIGRATIONS" on &["valkey-9.1"] => |c| {
        let node = primary(c)?;
        // Others may have moved slots of this cluster before.
        let ended = on(c, node.clone(), cmd::cluster_getslotmigrations())?;
        let is_right = |m: &SlotMigration| ["EXPORT", "IMPORT"].contains(&m.operation.as_str());
        assert!(ended.iter().all(is_right), "{ended:?}");
        let refused = refusal(on(c, node.clone(), cmd::cluster_cancelslotmigrations()));
        assert_eq!(refused, "ERR No migrations ongoing");
        let to_nobody = cmd::cluster_migrateslots((0, 1), id('0'));
        assert!(on(c, node.clone(), to_nobody).is_err());
        let slot = Slot::of_key(b"k");
        let topology = c.topology()?;
        let owner = topology.slot_ranges().find(|(range, _)| range.contains(slot));
        let owner = owner.and_then(|(_, shard)| shard.primary()).ok_or("has one")?.address().clone();
        c.set("k", "v")?;
        on(c, owner.clone(), cmd::cluster_flushslot(slot).at_once())?;
        on(c, owner, cmd::cluster_flushslot(slot).in_background())?;
        assert_eq!(c.cluster_countkeysinslot(slot)?, 0);
    }
    // What would harm the cluster: only what nodes refuse.
    "CLUSTER FORGET" => |c| {
        let node = primary(c)?;
        assert!(refusal(on(c, node.clone(), cmd::cluster_forget(id('0')))).starts_with("ERR Unknown node"));
        assert!(refusal(on(c, node.clone(), cmd::cluster_replicate(id('0')))).starts_with("ERR Unknown node"));
        assert!(on(c, node.clone(), cmd::cluster_failover()).is_err());
        assert!(on(c, node.clone(), cmd::cluster_set_config_epoch(7)).is_err());
        assert!(on(c, node.clone(), cmd::cluster_meet("nowhere", 1)).is_err());
        assert!(on(c, node, cmd::cluster_addslots(0)).is_err());
        c.cluster_saveconfig()?;
        let without_target = [
            c.cluster_addslots(0),
            c.cluster_failover(),
            c.cluster_flushslots(),
            c.cluster_forget(id('0')),
            c.cluster_reset(),
            c.cluster_setslot(0, SlotState::Stable),
            c.trimslots((0, 1)),
        ];
        for end in without_target {
            assert!(end.is_err_and(|error| !error.may_have_executed()));
        }
    }
}

#[test]
fn what_changes_the_cluster_has_the_words_of_the_server() {
    let (a, b) = (id('a'), id('b'));
    let slots = [Slot::of_key(b"{}"), Slot::of_key(b"foo")];
    assert_eq!(words(cmd::cluster_addslots(slots)), "CLUSTER ADDSLOTS 15257 12182");
    assert_eq!(words(cmd::cluster_delslots([1, 2])), "CLUSTER DELSLOTS 1 2");
    assert_eq!(words(cmd::cluster_addslotsrange((1, 2))), "CLUSTER ADDSLOTSRANGE 1 2");
    let ranges = [(1, 2), (5, 9)];
    assert_eq!(words(cmd::cluster_delslotsrange(ranges)), "CLUSTER DELSLOTSRANGE 1 2 5 9");
    assert_eq!(words(cmd::cluster_bumpepoch()), "CLUSTER BUMPEPOCH");
    assert_eq!(words(cmd::cluster_set_config_epoch(7)), "CLUSTER SET-CONFIG-EPOCH 7");
    assert_eq!(words(cmd::cluster_failover().force()), "CLUSTER FAILOVER FORCE");
    assert_eq!(words(cmd::cluster_failover().takeover()), "CLUSTER FAILOVER TAKEOVER");
    assert_eq!(words(cmd::cluster_flushslot(7).in_background()), "CLUSTER FLUSHSLOT 7 ASYNC");
    assert_eq!(words(cmd::cluster_flushslots()), "CLUSTER FLUSHSLOTS");
    assert_eq!(words(cmd::cluster_forget(a)), format!("CLUSTER FORGET {a}"));
    assert_eq!(words(cmd::cluster_meet("10.0.0.1", 7000)), "CLUSTER MEET 10.0.0.1 7000");
    let meet = cmd::cluster_meet("10.0.0.1", 7000).bus_port(7001);
    assert_eq!(words(meet), "CLUSTER MEET 10.0.0.1 7000 7001");
    assert_eq!(words(cmd::cluster_replicate(a)), format!("CLUSTER REPLICATE {a}"));
    assert_eq!(words(cmd::cluster_replicate_no_one()), "CLUSTER REPLICATE NO ONE");
    assert_eq!(words(cmd::cluster_reset().hard()), "CLUSTER RESET HARD");
    assert_eq!(words(cmd::cluster_reset().soft()), "CLUSTER RESET SOFT");
    let states = [
        (SlotState::Importing(a), format!("IMPORTING {a}")),
        (SlotState::Migrating(a), format!("MIGRATING {a}")),
        (SlotState::OwnedBy(a), format!("NODE {a}")),
        (SlotState::Stable, "STABLE".to_owned()),
    ];
    for (state, expected) in states {
        assert_eq!(words(cmd::cluster_setslot(7, state)), format!("CLUSTER SETSLOT 7 {expected}"));
    }
    let in_time = cmd::cluster_setslot(7, SlotState::Stable).timeout(Duration::from_secs(2));
    assert_eq!(words(in_time), "CLUSTER SETSLOT 7 STABLE TIMEOUT 2000");
    assert_eq!(
        words(cmd::cluster_migrateslots(ranges, a).and((11, 12), b)),
        format!("CLUSTER MIGRATESLOTS SLOTSRANGE 1 2 5 9 NODE {a} SLOTSRANGE 11 12 NODE {b}")
    );
    assert_eq!(words(cmd::cluster_migration_import(ranges)), "CLUSTER MIGRATION IMPORT 1 2 5 9");
    assert_eq!(words(cmd::cluster_migration_cancel("x")), "CLUSTER MIGRATION CANCEL ID x");
    assert_eq!(words(cmd::cluster_migration_cancel_all()), "CLUSTER MIGRATION CANCEL ALL");
    assert_eq!(words(cmd::cluster_migration_status()), "CLUSTER MIGRATION STATUS ALL");
    assert_eq!(words(cmd::trimslots(ranges)), "TRIMSLOTS RANGES 2 1 2 5 9");
    for (metric, word) in [
        (SlotMetric::CpuTime, "cpu-usec"),
        (SlotMetric::NetworkBytesIn, "network-bytes-in"),
        (SlotMetric::NetworkBytesOut, "network-bytes-out"),
        (SlotMetric::Memory, "memory-bytes"),
    ] {
        let expected = format!("CLUSTER SLOT-STATS ORDERBY {word}");
        assert_eq!(words(cmd::cluster_slot_stats_by(metric)), expected);
    }
}

#[test]
fn an_epoch_is_told_with_a_word() {
    let bumped: BumpedEpoch = read("+BUMPED 7\r\n");
    assert_eq!((bumped.is_new, bumped.epoch), (true, 7));
    let still: BumpedEpoch = read("+STILL 7\r\n");
    assert_eq!((still.is_new, still.epoch), (false, 7));
    assert!(BumpedEpoch::from_frame(frame("+OK\r\n")).is_err());
}

#[test]
fn nodes_are_lines() {
    let (a, b) = (id('a'), id('b'));
    let lines = format!(
        "{a} 10.0.0.1:7000@17000,one.example,shard-id=x myself,master - 0 1500 3 connected \
         0-5 7 [8->-{b}] [9-<-{b}]\n\
         {b} ::1:7001@17001 slave,fail? {a} 1200 0 3 disconnected\n\
         {b} :0@0 master,noaddr - 0 0 0 disconnected\n\
         {b} 10.0.0.2:7002 handshake - 0 0 0 connected\n"
    );
    let nodes: Vec<ClusterNode> = read(&format!("${}\r\n{lines}\r\n", lines.len()));
    let [first, second, third, fourth] = &nodes[..] else { panic!("{nodes:?}") };
    assert_eq!((first.id, first.ip.as_str(), first.port), (a, "10.0.0.1", 7000));
    assert_eq!((first.bus_port, first.hostname.as_deref()), (Some(17_000), Some("one.example")));
    assert_eq!((first.role(), first.is_myself()), (Some(Role::Primary), true));
    assert_eq!((first.ping_sent, first.pong_received), (None, Some(UnixTime::from_millis(1500))));
    assert_eq!((first.primary, first.config_epoch, first.is_connected), (None, 3, true));
    assert_eq!(first.slots, [range(0, 5), range(7, 7)]);
    assert_eq!(first.migrating, [(range(8, 8).first(), b)]);
    assert_eq!(first.importing, [(range(9, 9).first(), b)]);
    assert_eq!((second.ip.as_str(), second.port, second.primary), ("::1", 7001, Some(a)));
    assert!(second.has_flag("fail?") && !second.is_connected && second.ping_sent.is_some());
    assert_eq!(second.role(), Some(Role::Replica));
    assert_eq!((third.ip.as_str(), third.port), ("", 0));
    assert_eq!((fourth.bus_port, fourth.role()), (None, None));
    for line in
        ["", "x", &format!("{a} 10.0.0.1 master - 0 0 0 connected"), &lines.replace("0-5", "5-0")]
    {
        let frame = frame(&format!("${}\r\n{line}\r\n", line.len()));
        assert!(ClusterNode::from_frame(frame).is_err(), "{line}");
    }
}

#[test]
fn slots_have_nodes_without_metadata_in_older_versions() {
    let a = id('a');
    let row: ClusterSlots = read(&format!(
        "*4\r\n:0\r\n:99\r\n*3\r\n$8\r\n10.0.0.1\r\n:7000\r\n$40\r\n{a}\r\n*2\r\n$-1\r\n:7001\r\n"
    ));
    assert_eq!((row.slots, row.primary.id), (range(0, 99), Some(a)));
    assert!(row.primary.metadata.is_empty());
    assert_eq!((row.replicas[0].endpoint.as_deref(), row.replicas[0].port), (None, 7001));
    let row: ClusterSlots = read_both(&format!(
        "*3\r\n:0\r\n:99\r\n*4\r\n$0\r\n\r\n:7000\r\n$40\r\n{a}\r\n\
         %1\r\n$8\r\nhostname\r\n$3\r\none\r\n"
    ));
    assert_eq!(row.primary.endpoint, None);
    assert_eq!(row.primary.metadata["hostname"], "one");
}

#[test]
fn shards_have_nodes() {
    let a = id('a');
    let shard: ClusterShard = read_both(&format!(
        "%3\r\n$5\r\nslots\r\n*4\r\n:0\r\n:5\r\n:7\r\n:7\r\n$5\r\nnodes\r\n*1\r\n\
         %9\r\n$2\r\nid\r\n$40\r\n{a}\r\n$8\r\ntls-port\r\n:7001\r\n$2\r\nip\r\n$8\r\n10.0.0.1\r\n\
         $8\r\nendpoint\r\n$3\r\none\r\n$8\r\nhostname\r\n$3\r\none\r\n$4\r\nrole\r\n$7\r\nreplica\r\n\
         $18\r\nreplication-offset\r\n:9\r\n$6\r\nhealth\r\n$4\r\nfail\r\n\
         $17\r\navailability-zone\r\n$4\r\neu-1\r\n$2\r\nid\r\n$1\r\nx\r\n"
    ));
    assert_eq!(
        (&shard.slots[..], shard.id.as_deref()),
        (&[range(0, 5), range(7, 7)][..], Some("x"))
    );
    let node = &shard.nodes[0];
    assert_eq!((node.id, node.port, node.tls_port), (a, None, Some(7001)));
    assert_eq!((node.ip.as_str(), node.endpoint.as_deref()), ("10.0.0.1", Some("one")));
    assert_eq!(
        (node.hostname.as_deref(), node.availability_zone.as_deref()),
        (Some("one"), Some("eu-1"))
    );
    assert_eq!(
        (node.role, node.health, node.replication_offset),
        (Role::Replica, Health::Failed, 9)
    );
}

#[test]
fn slot_stats_have_what_servers_count() {
    let stats: SlotStats = read_both(
        "*2\r\n:7\r\n%5\r\n$9\r\nkey-count\r\n:1\r\n$8\r\ncpu-usec\r\n:2\r\n\
         $12\r\nmemory-bytes\r\n:3\r\n$16\r\nnetwork-bytes-in\r\n:4\r\n\
         $17\r\nnetwork-bytes-out\r\n:5\r\n",
    );
    assert_eq!((stats.slot.number(), stats.key_count), (7, 1));
    assert_eq!(stats.cpu_time, Some(Duration::from_micros(2)));
    assert_eq!(stats.memory_bytes, Some(3));
    assert_eq!((stats.network_bytes_in, stats.network_bytes_out), (Some(4), Some(5)));
}

#[test]
fn migrations_of_valkey_and_of_redis_have_records() {
    let (a, b) = (id('a'), id('b'));
    let migration: SlotMigration = read_both(&format!(
        "%12\r\n$4\r\nname\r\n$1\r\nx\r\n$9\r\noperation\r\n$6\r\nEXPORT\r\n\
         $11\r\nslot_ranges\r\n$7\r\n0-1 3-3\r\n$11\r\ntarget_node\r\n$40\r\n{b}\r\n\
         $11\r\nsource_node\r\n$40\r\n{a}\r\n$11\r\ncreate_time\r\n:10\r\n\
         $16\r\nlast_update_time\r\n:11\r\n$13\r\nlast_ack_time\r\n:12\r\n\
         $5\r\nstate\r\n$7\r\nsuccess\r\n$7\r\nmessage\r\n$0\r\n\r\n$8\r\ncow_size\r\n:4\r\n\
         $19\r\nremaining_repl_size\r\n:5\r\n"
    ));
    assert_eq!((migration.name.as_str(), migration.operation.as_str()), ("x", "EXPORT"));
    assert_eq!(migration.slots, [range(0, 1), range(3, 3)]);
    assert_eq!((migration.source, migration.target), (a, b));
    assert_eq!(migration.created, UnixTime::from_secs(10));
    assert_eq!(migration.updated, UnixTime::from_secs(11));
    assert_eq!(migration.acknowledged, UnixTime::from_secs(12));
    assert_eq!((migration.state.as_str(), migration.message.as_str()), ("success", ""));
    assert_eq!((migration.copy_on_write_bytes, migration.remaining_bytes), (4, Some(5)));
    let status: MigrationStatus = read_both(&format!(
        "%12\r\n$2\r\nid\r\n$1\r\nx\r\n$5\r\nslots\r\n$5\r\n0-1 3\r\n$6\r\nsource\r\n$40\r\n{a}\r\n\
         $4\r\ndest\r\n$0\r\n\r\n$9\r\noperation\r\n$6\r\nimport\r\n$5\r\nstate\r\n$9\r\ncompleted\r\n\
         $10\r\nlast_error\r\n$0\r\n\r\n$7\r\nretries\r\n:1\r\n$11\r\ncreate_time\r\n:1500\r\n\
         $10\r\nstart_time\r\n:1600\r\n$8\r\nend_time\r\n:-1\r\n$14\r\nwrite_pause_ms\r\n:3\r\n"
    ));
    assert_eq!((status.id.as_str(), &status.slots[..]), ("x", &[range(0, 1), range(3, 3)][..]));
    assert_eq!((status.source, status.target), (Some(a), None));
    assert_eq!((status.operation.as_str(), status.state.as_str()), ("import", "completed"));
    assert_eq!((status.last_error.as_str(), status.retries), ("", 1));
    assert_eq!(status.created, UnixTime::from_millis(1500));
    assert_eq!((status.started, status.ended), (Some(UnixTime::from_millis(1600)), None));
    assert_eq!(status.write_pause, Duration::from_millis(3));
}
