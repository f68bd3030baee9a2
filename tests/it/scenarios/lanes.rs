//! Several connections to a node, and one for commands that overtake.
//!
//! With two connections, slots with an even number take the first and the others the second: `b` is
//! in slot 3300 and `bar` in slot 5061, both at the first node.

use hashslot::error::Disconnect;
use hashslot::{Call, Command, Config, LinkId, ReadFrom};

use crate::support::canned::*;
use crate::support::script::*;

fn two_links() -> Config {
    config(|config| config.links_per_node = 2)
}

/// Slot 5061 is the second node's.
const BAR_AT_B: &[Row<'_>] = &[
    (0, 5060, &[A]),
    (5061, 5061, &[B]),
    (5062, 5460, &[A]),
    (5461, 10922, &[B]),
    (10923, 16383, &[C]),
];

fn sets(key: &str, numbers: impl IntoIterator<Item = u32>) -> String {
    let sets: Vec<_> = numbers.into_iter().map(|number| format!("SET {key} {number}")).collect();
    sets.join("; ")
}

#[test]
fn a_slot_always_takes_the_same_connection() {
    let (mut world, [a, ..]) = World::linked(two_links());
    world.submit(Command::get("b"));
    assert_eq!(world.dialled(), [""; 0], "the second is not needed yet");
    world.submit(Command::get("bar"));
    assert_eq!(world.dialled(), [A]);
    world.submit(Command::set("b", "1"));
    world.submit(Command::set("bar", "1"));
    assert_eq!(world.reads(a), "GET b; SET b 1", "the first waits for no dial");
    let second = world.accept_set_up(A);
    assert_eq!(world.reads(second), "GET bar; SET bar 1");
    // A long reply on one holds nothing up on the other.
    world.answer(a, "$1000000\r\nxxx");
    let get = world.submit(Command::get("bar"));
    assert_eq!(world.reads(second), "GET bar");
    world.answer(second, "$-1\r\n+OK\r\n$1\r\n1\r\n");
    assert_eq!(world.outcome(get), "$1\r\n1\r\n");
    world.submit(Call::new(Command::new("PING")).on_node(at(A)));
    assert_eq!(world.reads(a), "PING", "what has no slot takes the first");
}

/// A node that has no room for more connections serves those that it has.
#[test]
fn a_connection_that_cannot_be_made_hinders_no_other() {
    let (mut world, [a, ..]) = World::linked(two_links());
    let bar = world.submit(Command::incr("bar"));
    let mut refused_count = 0;
    while world.outcome(bar) == "open" {
        answer_questions(&mut world);
        let b = world.submit(Command::incr("b"));
        assert_eq!(world.reads(a), "INCR b");
        world.answer(a, ":1\r\n");
        assert_eq!(world.outcome(b), ":1\r\n");
        if world.dialled().is_empty() {
            world.advance_to_timer();
        } else {
            let link = world.accept(A);
            world.reads(link);
            world.answer(link, "-ERR max number of clients reached\r\n");
            refused_count += 1;
        }
    }
    assert!(refused_count < 100, "what one connection answers forgives no other: {refused_count}");
    assert_eq!(
        world.outcome(bar),
        "INCR for slot 5061 at 127.0.0.1:7000: not executed: it answered: ERR max number of clients reached"
    );
    assert!(!world.is_closed(a));
}

/// Nodes that are asked for the topology tell it.
fn answer_questions(world: &mut World) {
    for link in world.links() {
        match &*world.reads(link) {
            "" => {}
            ASK_TOPOLOGY => world.answer(link, &topology(ROWS, &[])),
            other => panic!("{link:?} is sent {other}"),
        }
    }
}

/// A slot that moves stands still; slots of the other connection do not.
#[test]
fn f50_a_slot_that_moves_waits_for_its_own_connection() {
    let (mut world, [a, b, _]) = World::linked(two_links());
    for number in 1..=2 {
        world.submit(Command::set("bar", number.to_string()));
    }
    let second = world.accept_set_up(A);
    assert_eq!(world.reads(second), sets("bar", 1..=2));
    world.answer(second, "-MOVED 5061 127.0.0.1:7001\r\n");
    world.submit(Command::set("bar", "3"));
    world.submit(Command::set("b", "1"));
    assert_eq!(world.reads(a), "SET b 1");
    assert_eq!(world.dialled(), [""; 0], "the second `SET bar` is on its way back");
    world.answer(second, "-MOVED 5061 127.0.0.1:7001\r\n");
    let second = world.accept_set_up(B);
    assert_eq!(world.reads(second), sets("bar", 1..=3));
    assert_eq!(world.reads(b), "", "the first connection of the new owner is for even slots");
}

/// Commands that wait for a connection go with their slot, also to a node that has none yet.
#[test]
fn f50_what_waits_for_a_connection_follows_its_slot() {
    let (mut world, [a, ..]) = World::linked(two_links());
    for number in 1..=3 {
        world.submit(Command::set("bar", number.to_string()));
    }
    assert_eq!(world.dialled(), [A]);
    world.refresh_topology();
    world.advance(ms(1_000));
    let asked = world.asked();
    world.answer(asked, &topology(BAR_AT_B, &[]));
    let second = world.accept_set_up(B);
    assert_eq!(world.reads(second), sets("bar", 1..=3));
    let late = world.accept_set_up(A);
    assert_eq!((world.reads(a), world.reads(late)), (String::new(), String::new()));
}

/// What one connection lost is sent again on the same one, in order, and first.
#[test]
fn f11_what_a_connection_lost_goes_back_to_it() {
    let (mut world, [a, ..]) = World::linked(two_links());
    for key in ["bar", "b", "bar"] {
        world.submit(Command::get(key));
    }
    let second = world.accept_set_up(A);
    assert_eq!((world.reads(a), world.reads(second)), ("GET b".into(), "GET bar; GET bar".into()));
    world.close(second, Disconnect::Reset);
    world.submit(Command::set("bar", "1"));
    assert_eq!(world.reads(a), "");
    let second = world.accept_set_up(A);
    assert_eq!(world.reads(second), "GET bar; GET bar; SET bar 1");
}

/// A question is lost with the connection that it was asked on, and with no other.
#[test]
fn a_question_hangs_on_its_own_connection() {
    let (mut world, [a, b, c]) = World::linked(two_links());
    world.submit(Command::get("bar"));
    let second = world.accept_set_up(A);
    world.reads(second);
    while next_asked(&mut world) != a {}
    world.close(second, Disconnect::Reset);
    assert_eq!((world.reads(b), world.reads(c)), (String::new(), String::new()));
    world.close(a, Disconnect::Reset);
    assert!([b, c].contains(&world.asked()), "now another node is asked");
}

/// The first link that a round asks. All but the first node answer at once.
fn next_asked(world: &mut World) -> LinkId {
    world.refresh_topology();
    loop {
        for link in world.links() {
            if world.reads(link) == ASK_TOPOLOGY {
                if world.address(link) != A {
                    world.answer(link, &topology(ROWS, &[]));
                }
                return link;
            }
        }
        world.advance_to_timer();
    }
}

#[test]
fn a16_a_command_that_ends_others_overtakes_them() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    let eval = world.submit(Command::new("EVAL").arg("while true do end").arg(1).arg("b"));
    let behind = world.submit(Command::get("b"));
    assert_eq!(world.reads(a), "EVAL while true do end 1 b; GET b");
    let kill = world.submit(Command::new("SCRIPT").arg("KILL"));
    assert_eq!(world.dialled(), [A, B, C]);
    for node in [A, B, C] {
        let control = world.accept_set_up(node);
        assert_eq!(world.reads(control), "SCRIPT KILL");
        world.answer(control, if node == A { "+OK\r\n" } else { "-NOTBUSY no\r\n" });
    }
    assert_eq!(world.outcome(kill), "+OK\r\n");
    world.answer(a, "-ERR Error running script: Script killed by user\r\n$-1\r\n");
    assert!(world.outcome(eval).contains("killed"), "{}", world.outcome(eval));
    assert_eq!(world.outcome(behind), "$-1\r\n");
    assert_eq!([a, b, c].map(|link| world.reads(link)), [""; 3]);
}

/// The connection is not kept for what may come: that is seldom.
#[test]
fn a16_the_connection_of_overtaking_commands_is_closed_when_it_is_idle() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let pause = |on: &str| {
        let words = Command::new("CLIENT").arg("PAUSE").arg(100).arg("WRITE");
        Call::new(words).on_node(at(on))
    };
    world.submit(pause(A));
    let control = world.accept_set_up(A);
    assert_eq!(world.reads(control), "CLIENT PAUSE 100 WRITE");
    world.answer(control, "+OK\r\n");
    world.advance(ms(20_000));
    world.submit(pause(A));
    assert_eq!(world.reads(control), "CLIENT PAUSE 100 WRITE", "it is used again");
    world.answer(control, "+OK\r\n");
    world.advance(ms(15_000));
    assert_eq!(world.reads(a), "PING");
    world.answer(a, "+PONG\r\n");
    world.advance(ms(14_999));
    assert!(!world.is_closed(control));
    world.advance(ms(1));
    assert!(world.is_closed(control) && !world.is_closed(a));
    world.submit(pause(A));
    assert_eq!(world.dialled(), [A]);
}

/// A node that runs a script refuses all that the connection does not need.
#[test]
fn a16_a_busy_node_is_told_no_more_than_it_has_to_be() {
    let mut world = World::new(
        config(|config| {
            config.read_from = ReadFrom::PreferReplica;
            config.database = 3;
        }),
        &[A],
    );
    world.submit(Call::discovery());
    let a = world.accept(A);
    assert_eq!(world.reads(a), format!("{HELLO}; SELECT 3; READONLY"));
    world.answer(a, &(welcome("8.2.3") + "+OK\r\n+OK\r\n"));
    world.tells(a, ROWS);
    let kill = world.submit(Call::new(Command::new("SCRIPT").arg("KILL")).on_node(at(A)));
    let control = world.accept(A);
    assert_eq!(world.reads(control), HELLO);
    let busy = "-BUSY Redis is busy running a script.\r\n";
    world.answer(control, &welcome("8.2.3").replace("+OK\r\n", busy));
    assert_eq!(world.reads(control), "SCRIPT KILL");
    world.answer(control, "+OK\r\n");
    assert_eq!(world.outcome(kill), "+OK\r\n");
}
