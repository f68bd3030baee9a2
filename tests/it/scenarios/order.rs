//! Commands of one slot keep their order, and other slots are not held up.
//!
//! Every key here is in slot 12182, unless it is not.

use hashslot::error::Disconnect;
use hashslot::{Command, Config};

use crate::support::canned::*;
use crate::support::script::*;

const MOVED_TO_A: &str = "-MOVED 12182 127.0.0.1:7000\r\n";
const ASK_A: &str = "-ASK 12182 127.0.0.1:7000\r\n";

/// `SET foo n`, for one n after the other.
fn submit_sets(world: &mut World, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        world.submit(Command::set("foo", number.to_string()));
    }
}

fn sets(numbers: impl IntoIterator<Item = u32>) -> String {
    let sets: Vec<_> = numbers.into_iter().map(|number| format!("SET foo {number}")).collect();
    sets.join("; ")
}

/// Slot 12182 is the first node's.
const MOVED_ROWS: &[Row<'_>] = &[
    (0, 5460, &[A]),
    (5461, 10922, &[B]),
    (10923, 12181, &[C]),
    (12182, 12182, &[A]),
    (12183, 16383, &[C]),
];

#[test]
fn f50_new_commands_wait_for_those_in_flight_at_the_former_owner() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    submit_sets(&mut world, 1..=3);
    assert_eq!(world.reads(c), sets(1..=3));
    world.answer(c, MOVED_TO_A);
    submit_sets(&mut world, 4..=5);
    assert_eq!(world.reads(a), "", "2 and 3 are still on their way back");
    assert_eq!(world.reads(c), "");
    let other = world.submit(Command::get("bar"));
    assert_eq!(world.reads(a), "GET bar", "other slots are not held up");
    world.answer(c, MOVED_TO_A);
    assert_eq!(world.reads(a), "", "3 still is");
    world.answer(c, MOVED_TO_A);
    assert_eq!(world.reads(a), sets(1..=5));
    world.answer(a, "$-1\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n");
    assert_eq!(world.outcome(other), "$-1\r\n");
    assert_eq!(world.machine.call_count(), 0);
    assert_eq!(world.machine.stats().fenced, 5);
}

#[test]
fn f50_what_the_former_owner_still_served_lifts_the_fence_as_well() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    submit_sets(&mut world, 1..=3);
    world.submit(Command::get("d")); // of the former owner, and of another slot
    assert_eq!(world.reads(c), sets(1..=3) + "; GET d");
    world.answer(c, MOVED_TO_A);
    submit_sets(&mut world, [4]);
    world.answer(c, "+OK\r\n+OK\r\n");
    assert_eq!(world.reads(a), sets([1, 4]), "nobody waits for GET d");
}

#[test]
fn f50_commands_that_wait_for_room_at_the_former_owner_keep_their_place() {
    let (mut world, [a, _, c]) = World::linked(config(|config| config.max_in_flight = 2));
    submit_sets(&mut world, 1..=5);
    assert_eq!(world.reads(c), sets(1..=2));
    world.answer(c, MOVED_TO_A);
    submit_sets(&mut world, 6..=7);
    world.answer(c, MOVED_TO_A);
    let mut order = Vec::new();
    for _ in 0..20 {
        let text = world.reads(c);
        assert_eq!(text, "", "the slot is not the former owner's");
        let text = world.reads(a);
        if !text.is_empty() {
            let count = text.split("; ").count();
            order.push(text);
            world.answer(a, &"+OK\r\n".repeat(count));
        }
    }
    assert_eq!(order.join("; "), sets(1..=7));
}

#[test]
fn f50_the_new_owner_need_not_be_connected_yet() {
    let mut world = World::discovered(Config::default());
    submit_sets(&mut world, 1..=3);
    let c = world.open(C);
    assert_eq!(world.reads(c), sets(1..=3));
    world.answer(c, "-MOVED 12182 127.0.0.1:7001\r\n");
    submit_sets(&mut world, [4]);
    world.answer(c, "-MOVED 12182 127.0.0.1:7001\r\n");
    submit_sets(&mut world, [5]);
    world.answer(c, "-MOVED 12182 127.0.0.1:7001\r\n");
    submit_sets(&mut world, [6]);
    let b = world.open(B);
    assert_eq!(world.reads(b), sets(1..=6));
}

#[test]
fn f50_a_topology_that_comes_while_the_new_owner_is_dialled_changes_no_order() {
    let mut world = World::discovered(Config::default());
    submit_sets(&mut world, 1..=3);
    let c = world.open(C);
    assert_eq!(world.reads(c), sets(1..=3));
    world.answer(c, "-MOVED 12182 127.0.0.1:7001\r\n");
    submit_sets(&mut world, [4]);
    let a = world.open(A);
    let (_, text) = world.reads_later(a); // after the new owner, which is still being dialled
    assert_eq!(text, ASK_TOPOLOGY);
    let rows: &[Row<'_>] = &[
        (0, 5460, &[A]),
        (5461, 10922, &[B]),
        (10923, 12181, &[C]),
        (12182, 12182, &[B]),
        (12183, 16383, &[C]),
    ];
    world.answer(a, &topology(rows, &[]));
    submit_sets(&mut world, [5]);
    world.answer(c, &"-MOVED 12182 127.0.0.1:7001\r\n".repeat(2));
    submit_sets(&mut world, [6]);
    let b = world.open(B);
    assert_eq!(world.reads(b).replace("CLUSTER SLOTS; CLUSTER SHARDS; ", ""), sets(1..=6));
}

#[test]
fn f50_a_refreshed_topology_moves_the_slot() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    world.advance(ms(1_000));
    submit_sets(&mut world, 1..=3);
    assert_eq!(world.reads(c), sets(1..=3));
    world.refresh_topology();
    world.advance(ms(300));
    let asked = world.links().into_iter().find(|link| world.reads(*link).contains(ASK_TOPOLOGY));
    let asked = asked.expect("somebody is asked");
    if asked == c {
        world.answer(c, "+OK\r\n+OK\r\n+OK\r\n");
        return;
    }
    world.answer(asked, &topology(MOVED_ROWS, &[]));
    submit_sets(&mut world, 4..=5);
    assert_eq!((world.reads(a), world.reads(c)), (String::new(), String::new()));
    world.answer(c, "+OK\r\n");
    world.answer(c, MOVED_TO_A);
    assert_eq!(world.reads(a), "", "3 is still on its way back");
    world.answer(c, MOVED_TO_A);
    assert_eq!(world.reads(a), sets(2..=5));
}

#[test]
fn f50_a_refreshed_topology_moves_a_slot_with_commands_that_wait_for_room() {
    let (mut world, [a, _, c]) = World::linked(config(|config| config.max_in_flight = 2));
    submit_sets(&mut world, 1..=5);
    assert_eq!(world.reads(c), sets(1..=2));
    world.refresh_topology();
    world.advance(ms(300));
    let asked = world.asked();
    assert_ne!(asked, c, "it has no room");
    world.answer(asked, &topology(MOVED_ROWS, &[]));
    submit_sets(&mut world, [6]);
    world.answer(c, &MOVED_TO_A.repeat(2));
    let mut order = Vec::new();
    for _ in 0..20 {
        assert_eq!(world.reads(c), "");
        let text = world.reads(a);
        if !text.is_empty() {
            world.answer(a, &"+OK\r\n".repeat(text.split("; ").count()));
            order.push(text);
        }
    }
    assert_eq!(order.join("; "), sets(1..=6));
}

#[test]
fn f50_moved_twice_in_a_row() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    submit_sets(&mut world, 1..=4);
    assert_eq!(world.reads(c), sets(1..=4));
    world.answer(c, &MOVED_TO_A.repeat(2));
    submit_sets(&mut world, [5]);
    assert_eq!(world.reads(a), "", "3 and 4 are still on their way back");
    world.answer(c, &MOVED_TO_A.repeat(2));
    assert_eq!(world.reads(a), sets(1..=5));
    // Meanwhile the slot has moved on.
    world.answer(a, "-MOVED 12182 127.0.0.1:7001\r\n");
    submit_sets(&mut world, [6]);
    assert_eq!(world.reads(b), "", "2 to 5 are still on their way back");
    world.answer(a, &"-MOVED 12182 127.0.0.1:7001\r\n".repeat(4));
    assert_eq!(world.reads(b), sets(1..=6));
}

#[test]
fn f50_ask_keeps_the_order_of_a_key() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    submit_sets(&mut world, 1..=3);
    assert_eq!(world.reads(c), sets(1..=3));
    world.answer(c, ASK_A);
    submit_sets(&mut world, [4]);
    assert_eq!(world.reads(c), sets([4]), "the owner stays, and there is no fence");
    world.answer(c, &ASK_A.repeat(2));
    world.answer(c, MOVED_TO_A); // the slot is there now
    submit_sets(&mut world, [5]);
    assert_eq!(world.reads(a), "ASKING; SET foo 1; ASKING; SET foo 2; ASKING; SET foo 3");
    world.answer(a, &"+OK\r\n".repeat(6));
    assert_eq!(world.reads(a), sets(4..=5));
}

#[test]
fn f50_ask_to_a_node_that_is_being_dialled_while_the_slot_moves_there() {
    let mut world = World::discovered(Config::default());
    submit_sets(&mut world, 1..=2);
    let c = world.open(C);
    assert_eq!(world.reads(c), sets(1..=2));
    world.answer(c, &"-ASK 12182 127.0.0.1:7001\r\n".repeat(2));
    world.refresh_topology();
    world.advance(ms(300));
    let rows: &[Row<'_>] = &[
        (0, 5460, &[A]),
        (5461, 10922, &[B]),
        (10923, 12181, &[C]),
        (12182, 12182, &[B]),
        (12183, 16383, &[C]),
    ];
    let asked = world.asked();
    world.answer(asked, &topology(rows, &[]));
    submit_sets(&mut world, [3]);
    let b = world.open(B);
    assert_eq!(world.reads(b), sets(1..=3), "the slot is there: nobody needs to ask");
}

#[test]
fn a_fence_falls_with_the_link_that_it_waits_for() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    submit_sets(&mut world, 1..=2);
    let get = world.submit(Command::get("foo"));
    assert_eq!(world.reads(c), sets(1..=2) + "; GET foo");
    world.answer(c, MOVED_TO_A);
    submit_sets(&mut world, [4]);
    assert_eq!(world.reads(a), "");
    world.close(c, Disconnect::Reset);
    assert_eq!(world.reads(a), "SET foo 1; GET foo; SET foo 4", "in the order of submission");
    assert!(world.outcome(get + 1).starts_with("open"));
    assert!(world.outcome(get - 1).contains("may have been executed"));
}

/// A former owner that answers nothing any more keeps the slot no longer than it may be silent,
/// whatever else it says.
#[test]
fn f04_a_fence_does_not_wait_for_a_node_that_only_pushes() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    submit_sets(&mut world, 1..=2);
    assert_eq!(world.reads(c), sets(1..=2));
    world.answer(c, MOVED_TO_A);
    submit_sets(&mut world, [3]);
    assert_eq!(world.reads(a), "");
    for _ in 0..20 {
        world.advance(ms(500));
        if !world.is_closed(c) {
            world.answer(c, ">1\r\n$5\r\nhello\r\n");
        }
    }
    assert!(world.is_closed(c));
    assert!(world.reads(a).contains(&sets([1, 3])), "the second may have run");
}

#[test]
fn a_fence_falls_when_what_it_waits_for_is_taken_back() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let first = Command::set("foo", "1");
    world.submit(first);
    assert_eq!(world.reads(c), sets([1]));
    let second = world.submit(Command::set("foo", "2")); // not taken by the transport
    world.answer(c, MOVED_TO_A);
    submit_sets(&mut world, [3]);
    assert_eq!(world.reads(a), "");
    world.cancel(second);
    assert_eq!(world.reads(a), sets([1, 3]));
    assert_eq!(world.reads(c), "");
}

#[test]
fn a_fence_does_not_wait_for_commands_that_come_after_those_of_its_slot() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    submit_sets(&mut world, 1..=2);
    let others: Vec<_> = (0..3).map(|_| world.submit(Command::get("d"))).collect();
    assert!(world.reads(c).ends_with("GET d"));
    let last = world.submit(Command::get("d"));
    world.answer(c, MOVED_TO_A);
    submit_sets(&mut world, [3]);
    world.cancel(last); // taken back, behind all that the fence waits for
    world.answer(c, MOVED_TO_A);
    assert_eq!(world.reads(a), sets(1..=3));
    world.answer(c, &"$-1\r\n".repeat(3));
    for other in others {
        assert_eq!(world.outcome(other), "$-1\r\n");
    }
}

#[test]
fn commands_behind_a_fence_can_be_cancelled_and_time_out() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    submit_sets(&mut world, 1..=2);
    assert_eq!(world.reads(c), sets(1..=2));
    world.answer(c, MOVED_TO_A);
    let cancelled = world.submit(Command::set("foo", "3"));
    let late = world.submit(hashslot::Call::new(Command::set("foo", "4")).timeout(ms(50)));
    submit_sets(&mut world, [5]);
    world.cancel(cancelled);
    world.advance(ms(60));
    assert_eq!(world.outcome(late), "SET for slot 12182: timed out in the queue: not executed");
    world.answer(c, MOVED_TO_A);
    assert!(world.reads(a).replace(ASK_TOPOLOGY, "").starts_with(&sets([1, 2, 5])[..9]));
    assert_eq!(world.reads(c).replace(ASK_TOPOLOGY, ""), "");
}

#[test]
fn a_silent_node_that_lost_its_slots_holds_nobody_up() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    submit_sets(&mut world, 1..=2);
    assert_eq!(world.reads(c), sets(1..=2));
    world.advance(ms(1_500));
    world.refresh_topology();
    world.advance(ms(300));
    let rows: &[Row<'_>] = &[(0, 5460, &[A]), (5461, 16383, &[B])];
    let mut told = false;
    for link in [a, b] {
        if world.reads(link) == ASK_TOPOLOGY {
            world.answer(link, &topology(rows, &[]));
            told = true;
        }
    }
    if !told {
        assert_eq!(world.reads(c), ASK_TOPOLOGY);
        world.advance(ms(300));
        let asked = world.asked();
        world.answer(asked, &topology(rows, &[]));
    }
    assert!(world.is_closed(c));
    submit_sets(&mut world, [3]);
    assert_eq!(world.reads(b), sets([3]));
    assert!(
        world
            .outcome(5)
            .starts_with("SET for slot 12182 at 127.0.0.1:7002: may have been executed")
    );
}
