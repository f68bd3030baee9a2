//! The harness itself: what it promises holds with every server version.

#![allow(clippy::print_stderr, reason = "a test over several servers says how it went")]

use std::io;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::servers::cluster::{Cluster, Options};
use crate::servers::fake::{FakeNode, Reaction, answers_handshake, id_of};
use crate::servers::process::free_port;
use crate::servers::proxy::{Direction, Flow, Proxy};
use crate::servers::raw::{Connection, Reply};
use crate::servers::slots::{key_in_slot, slot_of};
use crate::servers::{Version, find, find_any_or_skip, find_or_skip, wait_until};

/// Enough for any failover on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn redis_6_2() -> io::Result<()> {
    with_version("redis-6.2")
}

#[test]
fn redis_7_0() -> io::Result<()> {
    with_version("redis-7.0")
}

#[test]
fn redis_8_2() -> io::Result<()> {
    with_version("redis-8.2")
}

#[test]
fn valkey_8_1() -> io::Result<()> {
    with_version("valkey-8.1")
}

#[test]
fn valkey_9_1() -> io::Result<()> {
    with_version("valkey-9.1")
}

fn with_version(name: &str) -> io::Result<()> {
    let Some(server) = find_or_skip(name) else { return Ok(()) };
    let start = Instant::now();
    let mut cluster = Cluster::start(Options::new(server))?;
    let mut times = vec![("start", start.elapsed())];
    let mut step = |what, body: &mut dyn FnMut(&mut Cluster) -> io::Result<()>| {
        let start = Instant::now();
        let done = body(&mut cluster);
        times.push((what, start.elapsed()));
        done.map_err(|error| io::Error::other(format!("{name}, {what}: {error}")))
    };
    step("layout", &mut |cluster| layout(cluster))?;
    step("migration", &mut |cluster| migration(cluster))?;
    step("to and fro", &mut |cluster| to_and_fro(cluster))?;
    step("add node", &mut added_node)?;
    step("failover", &mut |cluster| failover(cluster))?;
    step("kill", &mut |cluster| killed_primary(cluster))?;
    step("freeze", &mut |cluster| frozen_replica(cluster))?;
    eprintln!("{name}: {times:?}");
    Ok(())
}

fn layout(cluster: &Cluster) -> io::Result<()> {
    let bounds = [(0, 5460), (5461, 10922), (10923, 16383)];
    for (index, (range, bounds)) in cluster.slots(0)?.iter().zip(bounds).enumerate() {
        assert_eq!((range.first, range.last), bounds);
        let ports = [index, index + 3].map(|index| cluster.node(index).port);
        assert_eq!(range.ports, ports, "a primary and its replica");
        assert_eq!(cluster.primary_of(range.last)?, index);
    }
    if cluster.version().at_least(7, 0) {
        let shards = cluster.call(0, &["CLUSTER", "SHARDS"])?;
        assert_eq!(shards.elements().len(), 3);
        for shard in shards.elements() {
            assert_eq!(shard.field("nodes").map(|nodes| nodes.elements().len()), Some(2));
        }
        cluster.call(0, &["DEBUG", "SLEEP", "0"])?;
    }
    let slots_before = cluster.command_calls(1, "cluster|slots")?;
    let connections_before = cluster.connections_received(1)?;
    cluster.slots(1)?;
    assert_eq!(cluster.command_calls(1, "cluster|slots")?, slots_before + 1);
    assert_eq!(cluster.connections_received(1)?, connections_before + 3);

    let mut resp3 = cluster.connection(0)?;
    let hello = resp3.must(&["HELLO", "3"])?;
    assert_eq!(hello.field("mode").and_then(Reply::text).as_deref(), Some("cluster"));
    assert!(resp3.must(&["GET", &key_in_slot(0, "absent")])?.is_null());
    Ok(())
}

fn migration(cluster: &Cluster) -> io::Result<()> {
    let slot = 1000;
    let (kept, sent) = (key_in_slot(slot, "stays"), key_in_slot(slot, "moves"));
    for key in [&kept, &sent] {
        assert!(cluster.call(0, &["SET", key, "1"])?.is_ok());
    }
    cluster.open_slot(slot, 0, 1)?;
    assert!(cluster.move_key(&sent, 0, 1)?);
    assert!(!cluster.move_key(&sent, 0, 1)?, "it has moved");

    let mut source = cluster.connection(0)?;
    let mut target = cluster.connection(1)?;
    let ask = format!("ASK {slot} {}", cluster.node(1).address);
    assert_eq!(source.call(&["GET", &sent])?.error(), Some(ask.as_str()));
    assert_eq!(source.call(&["GET", &kept])?.text().as_deref(), Some("1"));
    let try_again = source.call(&["MGET", &kept, &sent])?;
    // Redis 6.2 says ASK when only one key is absent; the target then says TRYAGAIN.
    let word = if cluster.version().at_least(7, 0) { "TRYAGAIN" } else { "ASK" };
    assert!(try_again.error().is_some_and(|error| error.starts_with(word)));
    let moved = format!("MOVED {slot} {}", cluster.node(0).address);
    assert_eq!(target.call(&["GET", &sent])?.error(), Some(moved.as_str()));
    target.send(&["ASKING"])?;
    target.send(&["GET", &sent])?;
    assert!(target.receive()?.is_ok());
    assert_eq!(target.receive()?.text().as_deref(), Some("1"));

    assert_eq!(cluster.move_keys(slot, 0, 1, 10)?, 1);
    cluster.close_slot(slot, 1)?;
    let moved = format!("MOVED {slot} {}", cluster.node(1).address);
    assert_eq!(source.call(&["GET", &sent])?.error(), Some(moved.as_str()));
    cluster.wait_ok(LIMIT)?;
    assert_eq!(cluster.primary_of(slot)?, 1);

    cluster.migrate_slot(slot, 1, 0)?;
    cluster.open_slot(slot, 0, 2)?;
    cluster.abandon_slot(slot, 0, 2)?;
    cluster.wait_ok(LIMIT)?;
    assert_eq!(cluster.call(0, &["GET", &kept])?.text().as_deref(), Some("1"));
    cluster.flush_all()?;
    assert!(cluster.call(0, &["GET", &kept])?.is_null());
    Ok(())
}

/// Nodes agree on slots that have moved there and back, one right after the other.
fn to_and_fro(cluster: &Cluster) -> io::Result<()> {
    for _ in 0..3 {
        let there = [(21, 0, 1), (3605, 0, 1), (7189, 1, 0), (10773, 1, 0), (14357, 2, 0)];
        let back = there.map(|(slot, from, to)| (slot, to, from));
        for (slot, from, to) in there.into_iter().chain(back) {
            cluster.migrate_slot(slot, from, to)?;
        }
    }
    cluster.wait_ok(LIMIT)?;
    assert_eq!(cluster.slots(0)?.len(), 3, "each slot is where it was");
    Ok(())
}

fn added_node(cluster: &mut Cluster) -> io::Result<()> {
    let new = cluster.add_node()?;
    cluster.migrate_slot(0, 0, new)?;
    cluster.wait_ok(LIMIT)?;
    assert_eq!(cluster.primary_of(0)?, new);
    cluster.migrate_slot(0, new, 0)?;
    cluster.wait_ok(LIMIT)
}

fn failover(cluster: &Cluster) -> io::Result<()> {
    cluster.failover(3)?;
    cluster.wait_ok(LIMIT)?;
    assert_eq!(cluster.primary_of(0)?, 3);
    assert!(!cluster.is_primary(0)?);
    Ok(())
}

fn killed_primary(cluster: &Cluster) -> io::Result<()> {
    cluster.kill(3)?;
    assert!(cluster.connection(3).is_err());
    cluster.wait_ok(LIMIT)?;
    let promoted = cluster.primary_of(0)?;
    // Redis 6.2: the added node lost its last slot and has become a replica of the shard too.
    assert!(promoted == 0 || (promoted == 6 && !cluster.version().at_least(7, 0)), "{promoted}");
    cluster.restart(3)?;
    wait_until("return as a replica", LIMIT, || cluster.is_primary(3).map(|primary| !primary))?;
    cluster.wait_ok(LIMIT)
}

fn frozen_replica(cluster: &Cluster) -> io::Result<()> {
    cluster.freeze(4)?;
    let mut frozen = cluster.connection(4)?;
    frozen.set_timeout(Duration::from_millis(50))?;
    assert!(frozen.call(&["PING"]).is_err(), "it accepts and does not answer");
    cluster.wait_ok(LIMIT)?;
    cluster.thaw(4)?;
    cluster.wait_ok(LIMIT)
}

#[test]
fn a_cluster_of_one_has_all_slots() -> io::Result<()> {
    let Some(server) = find_any_or_skip() else { return Ok(()) };
    let cluster = Cluster::start(Options { primaries: 1, replicas: 0, ..Options::new(server) })?;
    let ranges = cluster.slots(0)?;
    let all = ranges.first().map(|range| (range.first, range.last, range.ports.len()));
    assert_eq!(all, Some((0, 16383, 1)));
    Ok(())
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let Some(server) = find_any_or_skip() else { return };
    let args = vec!["--maxmemory-policy".to_owned(), "nonsense".to_owned()];
    let start = Instant::now();
    let error = Cluster::start(Options { args, ..Options::new(server) }).expect_err("bad argument");
    assert!(error.to_string().contains("maxmemory-policy"), "{error}");
    assert!(start.elapsed() < LIMIT, "it does not wait for what has ended");
}

#[test]
fn names_and_versions_match() -> io::Result<()> {
    for name in crate::servers::NAMES {
        let Some(server) = find(name) else { continue };
        let version = Version::of(&server)?;
        let product = if version.valkey { "valkey" } else { "redis" };
        assert_eq!(format!("{product}-{}.{}", version.major, version.minor), name);
    }
    Ok(())
}

#[test]
fn slots_are_those_of_the_specification() {
    assert_eq!(slot_of("123456789"), 0x31C3);
    assert_eq!(slot_of("foo"), 12182);
    assert_eq!(slot_of("{user1000}.following"), slot_of("user1000"));
    assert_eq!(slot_of("foo{{bar}}zap"), slot_of("{bar"));
    assert_eq!(slot_of("foo{bar}{zap}"), slot_of("bar"));
    assert_ne!(slot_of("foo{}{bar}"), slot_of("bar"), "an empty tag is none");
    assert_eq!(slot_of(key_in_slot(16383, "k:")), 16383);
}

#[test]
fn a_fake_node_answers_and_records() -> io::Result<()> {
    let node = FakeNode::start(|request| match request.arg(0).as_str() {
        "GET" => Reaction::bulk(request.arg(1).as_bytes()),
        "LAST" => Reaction::ReplyThenClose(b":1\r\n".to_vec()),
        "GONE" => Reaction::Close,
        "HUSH" => Reaction::Silent,
        _ => answers_handshake(request, &[(0, 16383, request.port)])
            .unwrap_or_else(|| Reaction::line("-ERR unknown")),
    })?;
    let mut first = Connection::connect(node.address())?;
    let shards = first.must(&["CLUSTER", "SHARDS"])?;
    let hello = first.must(&["HELLO", "3"])?;
    assert_eq!(hello.field("version").and_then(Reply::text).as_deref(), Some("7.0.15"));
    let as_maps = first.must(&["cluster", "shards"])?;
    for shards in [shards, as_maps] {
        let nodes = shards.at(0).and_then(|shard| shard.field("nodes"));
        let id = nodes.and_then(|nodes| nodes.at(0)?.field("id")?.text());
        assert_eq!(id, Some(id_of(node.port())));
    }
    let slots = first.must(&["CLUSTER", "SLOTS"])?;
    let last = slots.at(0).and_then(|range| range.at(1)).and_then(Reply::integer);
    assert_eq!(last, Some(16383));
    let nodes = first.must(&["CLUSTER", "NODES"])?.text().unwrap_or_default();
    assert!(nodes.contains("myself,master"), "{nodes}");

    first.send(&["HUSH"])?;
    assert_eq!(first.must(&["GET", "a"])?.text().as_deref(), Some("a"));
    node.send(0, b">1\r\n$4\r\npush\r\n")?;
    assert_eq!(first.receive()?, Reply::Push(vec![Reply::Bulk(Some(b"push".to_vec()))]));
    first.send_bytes(b"*1\r\n$4\r\nLAST\r\n*1\r\n$4\r\nPING\r\n")?;
    assert_eq!(first.receive()?, Reply::Integer(1));
    assert!(first.receive().is_err());

    let mut second = Connection::to_port(node.port())?;
    assert!(second.call(&["GONE"]).is_err());
    assert_eq!(node.connection_count(), 2);
    assert_eq!(node.count_of("cluster slots"), 1);
    assert_eq!(node.count_of("PING"), 0, "it was behind the last command");
    assert_eq!(node.commands().last(), Some(&(1, vec![b"GONE".to_vec()])));
    Ok(())
}

#[test]
fn a_proxy_splits_delays_holds_and_cuts() -> io::Result<()> {
    let node = FakeNode::start(|_| Reaction::bulk(&[b'x'; 100]))?;
    let proxy = Proxy::start(([127, 0, 0, 1], node.port()).into())?;
    let mut link = Connection::to_port(proxy.port())?;
    let reply = Reply::Bulk(Some(vec![b'x'; 100]));
    assert_eq!(link.call(&["GET"])?, reply);

    let delay = Duration::from_millis(1);
    proxy.set(Direction::ToClient, Flow { split: Some(7), delay, ..Flow::default() });
    let start = Instant::now();
    assert_eq!(link.call(&["GET"])?, reply);
    assert!(start.elapsed() >= 16 * delay, "108 bytes are 16 pieces");

    proxy.set(Direction::ToClient, Flow { stall: true, ..Flow::default() });
    link.set_timeout(Duration::from_millis(50))?;
    assert!(link.call(&["GET"]).is_err());
    proxy.set_both(Flow::default());
    link.set_timeout(Duration::from_secs(5))?;
    assert_eq!(link.receive()?, reply);

    proxy.set(Direction::ToClient, Flow { cut_after: Some(50), ..Flow::default() });
    assert!(link.call(&["GET"]).is_err());
    let mut link = Connection::to_port(proxy.port())?;
    assert_eq!(link.call(&["GET"])?, reply, "it cuts once");

    proxy.refuse(true);
    assert!(Connection::to_port(proxy.port())?.call(&["GET"]).is_err());
    assert_eq!(link.call(&["GET"])?, reply, "open connections stay");
    proxy.cut();
    assert!(link.call(&["GET"]).is_err());
    assert_eq!(proxy.connection_count(), 3);
    assert_eq!(node.connection_count(), 2);
    Ok(())
}

/// A busy server refuses for the moment: that is no failure of a test.
#[test]
fn a_momentary_refusal_is_asked_again() -> io::Result<()> {
    let answered = AtomicUsize::new(0);
    let node = FakeNode::start(move |_| match answered.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => Reaction::line("-NOREPLICAS Not enough good replicas to write."),
        2 => Reaction::line("-TRYAGAIN Multiple keys request during rehashing of slot"),
        3 => Reaction::line("-CLUSTERDOWN The cluster is down"),
        4 => Reaction::line("+OK"),
        _ => Reaction::line("-ERR no"),
    })?;
    let mut connection = Connection::connect(node.address())?;
    assert!(connection.must(&["CLUSTER", "SETSLOT", "1", "STABLE"])?.is_ok());
    assert_eq!(node.count_of("CLUSTER SETSLOT"), 5);
    connection.must(&["GET", "a"]).expect_err("it is for good");
    assert_eq!(node.count_of("GET"), 1);
    Ok(())
}

/// Two test runs beside each other do not get the same port.
#[test]
fn a_port_is_reserved_until_its_server_has_it() -> io::Result<()> {
    let port = free_port()?;
    UdpSocket::bind(("127.0.0.1", port)).expect_err("another run would take it");
    assert_ne!(free_port()?, port);
    assert!(port < 21_000, "{port} may be the bus of another one");
    Ok(())
}
