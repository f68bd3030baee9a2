//! What announced addresses mean, and which of them are dialled.

use hashslot::config::AddressMap;
use hashslot::error::AddressError;
use hashslot::topology::Endpoint;
use hashslot::{Address, Call, Command, Config};

use crate::support::canned::*;
use crate::support::script::*;

/// A machine whose seed is `seed` and whose first node told this.
fn told(config: Config, seed: &str, slots: &str) -> World {
    let mut world = World::new(config, &[seed]);
    let ready = world.submit(Call::discovery());
    let link = world.open(seed);
    assert_eq!(world.reads(link), ASK_TOPOLOGY);
    world.answer(link, &format!("{slots}*0\r\n"));
    assert_eq!(world.outcome(ready), "ready");
    world
}

/// `CLUSTER SLOTS` with one row, whose primary has this host.
fn row(host: &str, port: u16, metadata: &str) -> String {
    let id = bulk(&id("h:7"));
    format!("*1\r\n*3\r\n:0\r\n:16383\r\n*4\r\n{host}:{port}\r\n{id}{metadata}")
}

/// Where `GET foo` is sent to.
fn dialled_for_foo(world: &mut World) -> Vec<String> {
    let before = world.links();
    world.submit(Command::get("foo"));
    let dialled = world.dialled().into_iter().map(String::from);
    let written: Vec<_> = dialled.collect();
    if !written.is_empty() {
        return written;
    }
    let link = before.into_iter().find(|link| world.reads(*link) == "GET foo");
    vec![world.address(link.expect("it is sent")).to_owned()]
}

#[test]
fn f28_no_host_is_the_host_that_answered() {
    for host in ["$0\r\n\r\n", "$-1\r\n", "_\r\n"] {
        let mut world = told(Config::default(), "10.0.0.1:7000", &row(host, 7005, "*0\r\n"));
        assert_eq!(dialled_for_foo(&mut world), ["10.0.0.1:7005"], "{host:?}");
        let mut world = told(Config::default(), "10.0.0.1:7000", &row(host, 7000, "*0\r\n"));
        assert_eq!(dialled_for_foo(&mut world), ["10.0.0.1:7000"], "{host:?}");
    }
}

#[test]
fn f30_ipv6_splits_at_the_last_colon() {
    let mut world = told(Config::default(), "::1:7000", &row("$3\r\n::1\r\n", 7001, "*0\r\n"));
    assert_eq!(dialled_for_foo(&mut world), ["::1:7001"]);
}

#[test]
fn f31_host_names_are_dialled_as_they_are() {
    let metadata = format!("*2\r\n{}{}", bulk("ip"), bulk("10.0.0.9"));
    let slots = row(&bulk("node-1.example.net"), 7001, &metadata);
    let mut world = told(Config::default(), "10.0.0.1:7000", &slots);
    assert_eq!(dialled_for_foo(&mut world), ["node-1.example.net:7001"]);
    assert!(world.machine.topology().lists(&at("10.0.0.9:7001")));
}

#[test]
fn f29_an_unknown_host_is_never_dialled_and_no_replica_takes_its_place() {
    let id = |port| bulk(&id(&format!("h:{port}")));
    let node = |host: &str, port: u16| format!("*3\r\n{}:{port}\r\n{}", bulk(host), id(port));
    let slots = format!(
        "*2\r\n*4\r\n:0\r\n:8191\r\n{}{}*3\r\n:8192\r\n:16383\r\n{}",
        node("127.0.0.1", 7000),
        node("127.0.0.1", 7001),
        node("?", 7002),
    );
    let mut world = told(Config::default(), A, &slots);
    let get = world.submit(Call::new(Command::get("foo")).timeout(ms(1_000)));
    assert_eq!(world.dialled(), Vec::<&str>::new());
    let a = world.open(A);
    for _ in 0..30 {
        if world.reads(a) == ASK_TOPOLOGY {
            world.answer(a, &format!("{slots}*0\r\n"));
        }
        world.advance(ms(40));
    }
    assert_eq!(world.outcome(get), "GET for slot 12182: not executed: no node serves the slot");
    assert_eq!(world.link_count(), 1);
}

#[test]
fn f29_moved_to_an_unknown_host_rereads_the_topology() {
    let (mut world, [_, b, c]) = World::linked(Config::default());
    world.advance(ms(1_000));
    let get = world.submit(Command::get("foo"));
    assert_eq!(world.reads(c), "GET foo");
    world.answer(c, "-MOVED 12182 ?:7001\r\n");
    assert_eq!(world.events(), ["reinit: Moved"]);
    let asked = world.asked();
    let rows: &[Row<'_>] = &[(0, 5460, &[A]), (5461, 16383, &[B])];
    world.answer(asked, &topology(rows, &[]));
    let (_, text) = world.reads_later(b);
    assert_eq!(text, "GET foo");
    world.answer(b, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
}

#[test]
fn f32_port_0_is_no_address() {
    let slots = row(&bulk("127.0.0.1"), 0, "*0\r\n");
    let mut world = World::new(Config::default(), &[A]);
    let get = world.submit(Call::new(Command::get("foo")).timeout(ms(300)));
    let a = world.open(A);
    assert_eq!(world.reads(a), ASK_TOPOLOGY);
    world.answer(a, &format!("{slots}*0\r\n"));
    world.advance(ms(300));
    assert_eq!(
        world.outcome(get),
        "GET for slot 12182: not executed: no seed led to a cluster: 127.0.0.1:7000: unusable answer: the reply has no address of a primary"
    );
}

#[test]
fn f28_moved_without_a_host() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let get = world.submit(Command::get("foo"));
    world.reads(c);
    world.answer(c, "-MOVED 12182 :7000\r\n");
    assert_eq!(world.reads(a), "GET foo");
    world.answer(a, "-ASK 12182 :7001\r\n");
    let b = world.open(B);
    assert_eq!(world.reads(b), "ASKING; GET foo");
    world.answer(b, "+OK\r\n$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
}

#[test]
fn f30_moved_to_ipv6_and_to_a_name() {
    let rows: &[Row<'_>] =
        &[(0, 5460, &[A]), (5461, 10922, &["fe80::1:7001"]), (10923, 16383, &["db.example:7002"])];
    let mut world = World::knowing(Config::default(), rows);
    let get = world.submit(Command::get("bar"));
    let a = world.open(A);
    assert_eq!(world.reads(a), "GET bar");
    world.answer(a, "-MOVED 5061 fe80::1:7001\r\n");
    let six = world.open("fe80::1:7001");
    assert_eq!(world.reads(six), "GET bar");
    world.answer(six, "-MOVED 5061 db.example:7002\r\n");
    let named = world.open("db.example:7002");
    assert_eq!(world.reads(named), "GET bar");
    world.answer(named, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
}

#[test]
fn f33_the_address_map_applies_to_slots_moved_and_ask_and_not_to_seeds() {
    let inside = |port: u16| format!("10.0.0.{}:6379", port - 7000);
    let map = (7000..7003).fold(AddressMap::default(), |map, port| {
        map.node(at(&inside(port)), at(&format!("127.0.0.1:{port}")))
    });
    let nodes: Vec<_> = (7000..7003).map(inside).collect();
    let rows: Vec<_> = nodes.iter().map(|node| [&**node]).collect();
    let rows: [Row<'_>; 3] =
        [(0, 5460, &rows[0]), (5461, 10922, &rows[1]), (10923, 16383, &rows[2])];
    let mut world = World::knowing(config(|config| config.address_map = map), &rows);

    let get = world.submit(Command::get("foo"));
    assert_eq!(world.dialled(), [C]);
    let c = world.open(C);
    assert_eq!(world.reads(c), "GET foo");
    world.answer(c, "-MOVED 12182 10.0.0.1:6379\r\n");
    let b = world.open(B);
    assert_eq!(world.reads(b), "GET foo");
    world.answer(b, "-ASK 12182 10.0.0.0:6379\r\n");
    let a = world.open(A);
    assert_eq!(world.reads(a), "ASKING; GET foo");
    world.answer(a, "+OK\r\n$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
    assert_eq!(
        world.events(),
        [
            "ready: 127.0.0.1:7002",
            "moved 12182: 127.0.0.1:7002 -> 127.0.0.1:7001",
            "ready: 127.0.0.1:7001",
            "ask 12182: 127.0.0.1:7001 -> 127.0.0.1:7000"
        ]
    );
}

#[test]
fn a_seed_by_name_gives_way_to_the_address_that_its_cluster_lists() {
    let mut world = World::new(Config::default(), &["localhost:7000"]);
    let get = world.submit(Command::get("bar"));
    let seed = world.open("localhost:7000");
    world.tells(seed, ROWS);
    assert!(world.is_closed(seed), "nobody needs it any more");
    let a = world.open(A);
    assert_eq!(world.reads(a), "GET bar");
    world.answer(a, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
}

/// A node must not have its clients talk to whatever listens on sockets of their machines.
#[test]
fn f75_no_node_announces_a_unix_socket() {
    for text in ["3999 unix:/run/other.sock", "3999 unix:/run/other.sock:1", "3999 /run/other:7000"]
    {
        assert_eq!(Endpoint::parse_redirect(text.as_bytes()), None, "{text}");
    }
    assert_eq!(Endpoint::announced(Some(b"/run/other.sock"), 7000), None);
    assert_eq!(Endpoint::announced(Some(b"unix:/run/other.sock"), 7000), None);
}

#[test]
fn a_unix_socket_is_an_address() {
    let socket: Address = "unix:/run/redis/7000.sock".parse().unwrap();
    assert_eq!(socket, Address::unix("/run/redis/7000.sock").unwrap());
    assert_eq!((socket.unix_path(), socket.port()), (Some("/run/redis/7000.sock"), 0));
    assert_eq!(socket.to_string().parse::<Address>().unwrap(), socket);
    let tcp: Address = "unix:7000".parse().unwrap(); // a host of that name
    assert_eq!((tcp.unix_path(), tcp.host()), (None, "unix"));
    for path in ["", "run/redis.sock", "/run/\n.sock", &format!("/{}", "x".repeat(107))] {
        assert!(matches!(Address::unix(path), Err(AddressError::Path(_))), "{path}");
    }
    // Who answers there tells its own address.
    let row = row(&bulk("10.0.0.1"), 7000, "*0\r\n");
    let mut world = told(Config::default(), "unix:/run/redis/7000.sock", &row);
    assert_eq!(dialled_for_foo(&mut world), ["10.0.0.1:7000"]);
}
