//! Reads from replicas: who gets them, and what replicas may answer.

use hashslot::error::Disconnect;
use hashslot::{Call, Command, Config, LinkId, ReadFrom};

use crate::support::canned::*;
use crate::support::script::*;

/// One shard: a primary and two replicas.
const SHARD: &[Row<'_>] = &[(0, 16_383, &[A, B, C])];

/// A machine that prefers replicas, with a link to the primary.
fn prefers_replicas() -> (World, LinkId) {
    let mut world = World::new(config(|config| config.read_from = ReadFrom::PreferReplica), &[A]);
    world.submit(Call::discovery());
    let a = open(&mut world, A);
    world.tells(a, SHARD);
    (world, a)
}

/// Opens a link, which may be read from wherever it leads.
fn open(world: &mut World, address: &str) -> LinkId {
    let link = world.accept(address);
    assert_eq!(world.reads(link), format!("{HELLO}; READONLY"));
    world.answer(link, &(welcome("8.2.3") + "+OK\r\n"));
    link
}

/// The first link that is dialled, opened.
fn open_dialled(world: &mut World) -> LinkId {
    let dialled: Vec<_> = world.dialled().into_iter().map(String::from).collect();
    open(world, dialled.first().expect("somebody is dialled"))
}

#[test]
fn f63_only_reads_go_to_replicas() {
    let (mut world, a) = prefers_replicas();
    world.submit(Command::set("foo", "1"));
    world.submit(Command::new("LPUSH").arg("foo").arg("x"));
    world.submit(Command::new("MYMODULE.READ").arg("foo"));
    world.submit(Call::transaction([Command::get("foo")]));
    assert_eq!(
        world.reads(a),
        "SET foo 1; LPUSH foo x; MYMODULE.READ foo; MULTI; GET foo; EXEC",
        "nothing that may write, nothing that is not known, nothing within MULTI"
    );
    for _ in 0..10 {
        world.submit(Command::get("foo"));
        world.submit(Command::new("HGETALL").arg("bar"));
    }
    assert_eq!(world.reads(a), "", "there are replicas");
    let mut count = 0;
    while !world.dialled().is_empty() {
        let replica = open_dialled(&mut world);
        assert_ne!(world.address(replica), A);
        count += world.reads(replica).split("; ").count();
    }
    assert_eq!(count, 20);
}

#[test]
fn f63_reads_stay_with_the_primary_unless_replicas_are_asked_for() {
    let mut world = World::knowing(Config::default(), SHARD);
    let a = world.open(A);
    world.submit(Command::get("foo"));
    assert_eq!(world.reads(a), "GET foo");
    assert!(world.dialled().is_empty());
}

#[test]
fn f63_a_replica_that_cannot_be_reached_leaves_its_reads_to_the_others() {
    let (mut world, a) = prefers_replicas();
    let first = world.submit(Command::get("foo"));
    let dead = world.dialled()[0].to_owned();
    world.refuse(&dead, Disconnect::Refused);
    let other = if dead == B { C } else { B };
    assert!(world.dialled().contains(&other), "{other} is asked in its place");
    let second = world.submit(Command::get("foo"));
    world.refuse(other, Disconnect::Refused);
    let third = world.submit(Command::get("foo"));
    assert_eq!(world.reads(a), "GET foo; GET foo; GET foo", "no replica is well");
    world.answer(a, "$-1\r\n$-1\r\n$-1\r\n");
    for call in [first, second, third] {
        assert_eq!(world.outcome(call), "$-1\r\n");
    }
}

#[test]
fn f63_moved_from_a_replica_means_that_the_topology_is_old() {
    let (mut world, a) = prefers_replicas();
    world.advance(ms(1_000));
    let get = world.submit(Command::get("foo"));
    let replica = open_dialled(&mut world);
    assert_eq!(world.reads(replica), "GET foo");
    let before = world.machine.stats().refreshes;
    world.answer(replica, "-MOVED 12182 127.0.0.1:7000\r\n");
    assert_eq!(world.reads(a), "GET foo", "to whom it was sent");
    world.answer(a, "$1\r\nx\r\n");
    assert_eq!(world.outcome(get), "$1\r\nx\r\n");
    world.advance(ms(300));
    assert_eq!(world.machine.stats().refreshes, before + 1);
}
