//! How many connections there may be, how many are dialled at a time, and in which order they wait.

use hashslot::error::Disconnect;
use hashslot::{Call, Command, Config};

use crate::support::canned::*;
use crate::support::script::*;

/// So many nodes that share the slots, from port 7000 on.
fn nodes(count: u16) -> Vec<String> {
    (0..count).map(|index| format!("127.0.0.1:{}", 7000 + index)).collect()
}

/// A machine that knows so many nodes, and has a link to the first.
fn knowing(config: Config, count: u16) -> (World, Vec<String>) {
    let nodes = nodes(count);
    let mut world = World::new(config, &[A]);
    let discovery = world.submit(Call::discovery());
    let link = world.open(A);
    world.answer_topology(link, &nodes);
    assert_eq!(world.outcome(discovery), "ready");
    (world, nodes)
}

/// The same where so many may be dialled at a time, however fast.
fn dialling(max_dials: usize, count: u16) -> (World, Vec<String>) {
    let config = config(|config| {
        config.max_dials = max_dials;
        config.max_dial_rate = u32::MAX;
    });
    knowing(config, count)
}

impl World {
    /// Tells that these nodes share the slots.
    fn answer_topology(&mut self, link: hashslot::LinkId, nodes: &[String]) {
        let width = 16_384 / u16::try_from(nodes.len()).unwrap();
        let names: Vec<[&str; 1]> = nodes.iter().map(|node| [&**node]).collect();
        let last = names.len() - 1;
        let rows: Vec<Row<'_>> = (0..)
            .zip(&names)
            .map(|(index, node)| {
                let end = if usize::from(index) == last { 16_383 } else { (index + 1) * width - 1 };
                (index * width, end, &node[..])
            })
            .collect();
        assert_eq!(self.reads(link), ASK_TOPOLOGY);
        self.answer(link, &topology(&rows, &[]));
    }

    /// Sets all links up that are being dialled, and answers what they read. The nodes, in order.
    fn serve_dialled(&mut self, reply: &str) -> Vec<String> {
        let dialled: Vec<_> = self.dialled().into_iter().map(String::from).collect();
        for node in &dialled {
            let link = self.open(node);
            assert!(!self.reads(link).is_empty(), "{node} is dialled for something");
            self.answer(link, reply);
        }
        dialled
    }
}

fn dbsize() -> Call {
    Call::new(Command::new("DBSIZE"))
}

#[test]
fn f71_so_many_dials_at_a_time() {
    let (mut world, nodes) = dialling(4, 30);
    let size = world.submit(dbsize());
    assert_eq!(world.dialled(), nodes[1..5].iter().map(String::as_str).collect::<Vec<_>>());
    // A link that is being set up is on its way as well.
    let first = world.accept(&nodes[1]);
    assert_eq!(world.dialled().len(), 3);
    world.handshake(first);
    assert_eq!(world.dialled().len(), 4, "its place is free");
    world.refuse(&nodes[2], Disconnect::Refused);
    assert_eq!(world.dialled().len(), 4, "and so is that of one that failed");
    assert_eq!(world.outcome(size), "open");
}

#[test]
fn f71_so_many_dials_in_a_second() {
    let config = config(|config| {
        config.max_dials = 10;
        config.max_dial_rate = 20;
    });
    let (mut world, _) = knowing(config, 60);
    world.advance(ms(1_000)); // the dial before is forgotten
    world.submit(dbsize());
    let mut dialled = 0;
    let mut refuse_all = |world: &mut World| {
        let now: Vec<_> = world.dialled().into_iter().map(String::from).collect();
        dialled += now.len();
        for node in &now {
            world.refuse(node, Disconnect::Refused);
        }
        dialled
    };
    assert_eq!(refuse_all(&mut world), 10, "as many as may be on their way begin at once");
    assert_eq!(refuse_all(&mut world), 10);
    for _ in 0..100 {
        world.advance(ms(10));
        refuse_all(&mut world);
    }
    let count = refuse_all(&mut world);
    assert!((28..=31).contains(&count), "{count} in a second");
}

#[test]
fn f71_the_connection_that_has_been_idle_for_longest_makes_room() {
    let (mut world, [a, b, c]) = World::linked(config(|config| config.max_connections = 3));
    let d = "127.0.0.1:7003";
    world.refresh_topology();
    world.advance(ms(300));
    let asked = world.asked();
    world.answer(asked, &topology(&[ROWS[0], ROWS[1], (10_923, 16_383, &[d])], &[C]));
    for (link, key) in [(a, "bar"), (b, "c")] {
        world.advance(ms(10));
        let get = world.submit(Command::get(key));
        assert_eq!(world.reads(link), format!("GET {key}"));
        world.answer(link, "$-1\r\n");
        assert_eq!(world.outcome(get), "$-1\r\n");
    }
    let get = world.submit(Command::get("foo"));
    assert!(world.is_closed(c), "it was used before the others");
    let link = world.open(d);
    assert_eq!(world.reads(link), "GET foo");
    world.answer(link, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
    assert!(!world.is_closed(a) && !world.is_closed(b));
    assert_eq!(world.machine.stats().links_displaced, 1);
}

#[test]
fn f71_commands_to_more_nodes_than_there_may_be_connections() {
    let (mut world, nodes) = knowing(config(|config| config.max_connections = 5), 40);
    let size = world.submit(dbsize());
    let link = world.open(A);
    assert_eq!(world.reads(link), "DBSIZE");
    world.answer(link, ":1\r\n");
    let mut served = Vec::new();
    while world.outcome(size) == "open" {
        assert!(world.links().len() + world.dialled().len() <= 5);
        served.extend(world.serve_dialled(":1\r\n"));
        assert!(served.len() < 100);
    }
    assert_eq!(world.outcome(size), ":40\r\n");
    served.sort();
    assert_eq!(served, nodes[1..]);
}

/// Where all connections are busy, each in turn takes no more work, so that all nodes have theirs.
#[test]
fn f71_a_connection_that_is_never_idle_makes_room_in_its_turn() {
    let rows: &[Row<'_>] = &[(0, 8_191, &[A]), (8_192, 16_383, &[B])];
    let mut world = World::knowing(config(|config| config.max_connections = 1), rows);
    let a = world.open(A);
    // One is always on its way.
    let mut busy = world.submit(Command::get("bar"));
    let waits = world.submit(Command::get("foo"));
    for _ in 0..20 {
        if world.is_closed(a) {
            break;
        }
        assert_eq!(world.outcome(waits), "open");
        world.advance(ms(100));
        let next = world.submit(Command::get("bar"));
        world.reads(a);
        world.answer(a, "$-1\r\n");
        assert_eq!(world.outcome(busy), "$-1\r\n");
        busy = next;
    }
    assert!(world.is_closed(a), "it has had its time");
    let b = world.open(B);
    assert_eq!(world.reads(b), "GET foo");
    world.answer(b, "$-1\r\n");
    assert_eq!(world.outcome(waits), "$-1\r\n");
    // And now it is the other one's turn again.
    let a = world.open_later(A);
    assert_eq!(world.reads(a), "GET bar");
    world.answer(a, "$-1\r\n");
    assert_eq!(world.outcome(busy), "$-1\r\n");
}

/// A link that makes room while it is busy is not cut: its slow command has the time that it has
/// anyway.
#[test]
fn f71_a_slow_command_is_answered_on_a_link_that_makes_room() {
    let rows: &[Row<'_>] = &[(0, 8_191, &[A]), (8_192, 16_383, &[B])];
    let mut world = World::knowing(config(|config| config.max_connections = 1), rows);
    let a = world.open(A);
    let slow = world.submit(Call::new(Command::incr("bar")).timeout(ms(60_000)));
    assert_eq!(world.reads(a), "INCR bar");
    let waits = world.submit(Call::new(Command::get("foo")).timeout(ms(60_000)));
    world.advance(ms(9_000));
    assert_eq!(world.machine.stats().links_displaced, 1);
    assert!(!world.is_closed(a), "longer than `drain_timeout`, and less than `stall_timeout`");
    world.answer(a, ":1\r\n");
    assert_eq!(world.outcome(slow), ":1\r\n");
    assert!(world.is_closed(a));
    let b = world.open(B);
    assert_eq!(world.reads(b), "GET foo");
    world.answer(b, "$-1\r\n");
    assert_eq!(world.outcome(waits), "$-1\r\n");
}

#[test]
fn f71_a_command_for_one_node_does_not_wait_for_one_for_all() {
    let (mut world, nodes) = dialling(2, 100);
    let size = world.submit(dbsize());
    let get = world.submit(Call::new(Command::get("{x}1")).on_node(at(&nodes[99])));
    world.serve_dialled(":1\r\n");
    assert!(world.dialled().contains(&&*nodes[99]), "{:?}", world.dialled());
    world.serve_dialled(":1\r\n:2\r\n");
    assert_ne!(world.outcome(get), "open");
    assert_eq!(world.outcome(size), "open");
}

#[test]
fn f71_a_round_does_not_wait_for_a_command_for_all() {
    let (mut world, nodes) = dialling(2, 100);
    let first = world.links()[0];
    world.submit(dbsize());
    world.reads(first);
    world.close(first, Disconnect::Reset);
    world.advance(ms(200));
    // The node that is asked for the topology is dialled as soon as there is room.
    let before = world.machine.stats().topology_queries;
    for _ in 0..4 {
        let dialled: Vec<_> = world.dialled().into_iter().map(String::from).collect();
        for node in &dialled {
            world.open(node);
        }
    }
    assert!(world.machine.stats().topology_queries > before, "of {} nodes", nodes.len());
}

#[test]
fn f71_who_is_not_waited_for_any_more_is_not_dialled() {
    let (mut world, nodes) = dialling(2, 50);
    let size = world.submit(dbsize().timeout(ms(100)));
    world.advance(ms(100));
    assert_ne!(world.outcome(size), "open");
    let get = world.submit(Call::new(Command::get("x")).on_node(at(&nodes[40])));
    world.refuse(&nodes[1], Disconnect::Refused);
    let mut dialled = world.dialled();
    dialled.sort_unstable();
    assert_eq!(dialled, [&*nodes[2], &nodes[40]]);
    world.shut_down();
    assert_ne!(world.outcome(get), "open");
    assert!(world.machine.is_shut_down());
}

/// Nodes that are listed come and go, and the node that lists them tells nothing else: the machine
/// holds no more of them than it may.
#[test]
fn f65_nodes_that_come_and_go_are_not_kept() {
    let config = config(|config| {
        config.max_nodes = 30;
        config.max_dial_rate = 1_000_000;
    });
    let mut world = World::new(config, &[A]);
    world.submit(Call::discovery());
    let mut asked = None;
    for round in 0..50_u16 {
        for _ in 0..1_000 {
            for node in world.dialled().into_iter().map(String::from).collect::<Vec<_>>() {
                if node == A {
                    let link = world.accept(A);
                    world.reads(link);
                    world.answer(link, &welcome("6.2.14"));
                    asked = Some(link);
                } else {
                    world.refuse(&node, Disconnect::Refused);
                }
            }
            if asked.is_some_and(|link| !world.reads(link).is_empty()) {
                break;
            }
            world.refresh_topology();
            world.advance_to_timer();
        }
        let nodes: Vec<_> = (0..30).map(|n| format!("10.0.{round}.{n}:7000")).collect();
        let nodes: Vec<_> = nodes.iter().map(String::as_str).collect();
        let slots = slots_reply(&[(0, 16_383, &nodes)]);
        world.answer(asked.expect("a seed"), &(slots + "-NOPERM no\r\n"));
        let topology = world.machine.topology();
        assert_eq!(topology.nodes().count(), 30, "round {round}");
        assert!(topology.lists(&at(nodes[29])), "round {round}: the latest view counts");
        // What a redirection names beside them has no room.
        world.submit(Call::new(Command::get("x")).timeout(ms(10)));
    }
    assert_eq!(world.machine.topology().other_nodes().len(), 0);
}
