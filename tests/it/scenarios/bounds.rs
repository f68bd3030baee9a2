//! Every queue has a limit, and the machine has an end.

use hashslot::error::Disconnect;
use hashslot::{Action, Call, Command, Config, Instant};

use crate::support::is_lost;
use crate::support::script::*;

/// Submits, is refused, and tells why.
#[track_caller]
fn refused(world: &mut World, call: impl Into<Call>) -> String {
    let refused = world.try_submit(call).expect_err("refused");
    assert!(!refused.error.may_have_executed());
    assert_eq!(world.outcome(refused.token), "gone");
    assert!(refused.token > 0, "the token comes back");
    refused.to_string()
}

#[test]
fn f65_calls_count_max() {
    let (mut world, [a, ..]) = World::linked(config(|config| config.max_pending_calls = 3));
    for _ in 0..3 {
        world.submit(Command::get("bar"));
    }
    let told = refused(&mut world, Command::get("bar"));
    assert_eq!(told, "GET: refused: the limit `max_pending_calls` is reached, retry later");
    world.reads(a);
    world.answer(a, "$-1\r\n");
    world.submit(Command::get("bar"));
    assert_eq!(world.machine.stats().calls_refused, 1);
}

#[test]
fn f65_calls_len_max() {
    let len = Command::get("bar").encoded_len();
    let (mut world, [a, ..]) = World::linked(config(|config| config.max_pending_bytes = 3 * len));
    let first = world.submit(Command::get("bar"));
    world.submit(Call::pipeline([Command::get("bar"), Command::get("bar")]));
    let told = refused(&mut world, Command::get("bar"));
    assert_eq!(told, "GET: refused: the limit `max_pending_bytes` is reached, retry later");
    world.reads(a);
    world.cancel(first);
    world.submit(Command::get("bar"));
}

#[test]
fn f11_queue_count_max_concerns_one_node() {
    let (mut world, [a, b, _]) = World::linked(config(|config| {
        config.max_queued = 2;
        config.max_in_flight = 1;
    }));
    for _ in 0..3 {
        world.submit(Command::get("bar"));
    }
    let told = refused(&mut world, Command::get("bar"));
    assert_eq!(
        told,
        "GET for slot 5061 at 127.0.0.1:7000: refused: the limit `max_queued` is reached, retry later"
    );
    world.submit(Command::get("c"));
    assert_eq!(world.reads(b), "GET c", "other nodes are not concerned");
    assert_eq!(world.reads(a), "GET bar");
    world.answer(a, "$-1\r\n");
    assert_eq!(world.reads(a), "GET bar");
    world.submit(Command::get("bar"));
}

#[test]
fn f69_in_flight_count_max_has_the_rest_wait() {
    let (mut world, [a, ..]) = World::linked(config(|config| config.max_in_flight = 2));
    let calls: Vec<_> =
        (0..5).map(|n| world.submit(Command::get(&*format!("{{bar}}{n}")))).collect();
    assert_eq!(world.reads(a), "GET {bar}0; GET {bar}1");
    world.answer(a, "$1\r\n0\r\n");
    assert_eq!(world.reads(a), "GET {bar}2");
    world.answer(a, "$1\r\n1\r\n$1\r\n2\r\n");
    assert_eq!(world.reads(a), "GET {bar}3; GET {bar}4");
    world.answer(a, "$1\r\n3\r\n$1\r\n4\r\n");
    for (index, call) in calls.iter().enumerate() {
        assert_eq!(world.outcome(*call), format!("$1\r\n{index}\r\n"));
    }
}

#[test]
fn f69_in_flight_len_max_has_the_rest_wait_and_lets_a_large_one_pass_alone() {
    let (mut world, [a, ..]) = World::linked(config(|config| config.max_in_flight_bytes = 100));
    world.submit(Command::set("bar", "v".repeat(500)));
    world.submit(Command::get("bar"));
    assert_eq!(world.reads(a), "SET bar <500 bytes>");
    world.answer(a, "+OK\r\n");
    assert_eq!(world.reads(a), "GET bar");
}

#[test]
fn dead_entries_of_a_queue_make_room_and_are_swept() {
    let (mut world, [a, ..]) = World::linked(config(|config| {
        config.max_queued = 10;
        config.max_in_flight = 1;
    }));
    world.submit(Command::get("bar"));
    for _ in 0..1_000 {
        let call = world.submit(Command::get("bar"));
        world.cancel(call);
    }
    let last = world.submit(Command::get("b"));
    assert_eq!(world.reads(a), "GET bar");
    world.answer(a, "$-1\r\n");
    assert_eq!(world.reads(a), "GET b");
    world.answer(a, "$1\r\n9\r\n");
    assert_eq!(world.outcome(last), "$1\r\n9\r\n");
}

#[test]
fn a_shutdown_closes_what_is_queued_and_waits_for_what_is_in_flight() {
    let (mut world, [a, b, c]) = World::linked(config(|config| config.max_in_flight = 1));
    let in_flight = world.submit(Command::incr("bar"));
    let queued = world.submit(Command::incr("bar"));
    assert_eq!(world.reads(a), "INCR bar");
    let unsent = world.submit(Command::incr("c"));
    world.shut_down();
    assert_eq!(world.outcome(queued), "INCR for slot 5061: not sent: the client is shut down");
    assert_eq!(world.outcome(unsent), "INCR for slot 7365: not sent: the client is shut down");
    assert!(world.is_closed(b) && world.is_closed(c) && !world.is_closed(a));
    assert!(!world.machine.is_shut_down());
    let told = refused(&mut world, Command::get("bar"));
    assert_eq!(told, "GET: not sent: the client is shut down");
    world.answer(a, ":1\r\n");
    assert_eq!(world.outcome(in_flight), ":1\r\n");
    assert!(world.is_closed(a));
    assert!(world.machine.is_shut_down());
    assert!(world.machine.poll_timeout().is_some(), "stale, and harmless");
    world.advance(ms(100_000));
    assert_eq!(world.machine.poll_timeout(), None);
}

#[test]
fn a_shutdown_waits_no_longer_than_the_drain_timeout() {
    let (mut world, [a, ..]) = World::linked(config(|config| config.drain_timeout = ms(300)));
    let get = world.submit(Command::get("bar"));
    let incr = world.submit(Command::incr("bar"));
    world.reads(a);
    world.shut_down();
    world.shut_down(); // twice is once
    world.advance(ms(299));
    assert_eq!(world.outcome(get), "open");
    world.advance(ms(1));
    for call in [get, incr] {
        assert!(world.result(call).as_ref().is_err_and(is_lost));
    }
    assert!(world.is_closed(a));
    assert!(world.machine.is_shut_down());
}

#[test]
fn a_shutdown_follows_no_redirection_and_retries_nothing() {
    let replies = [
        "MOVED 5061 127.0.0.1:7001",
        "ASK 5061 127.0.0.1:7001",
        "TRYAGAIN x",
        "CLUSTERDOWN x",
        "MOVED 5061 127.0.0.1:9999",
        "MOVED 5061 127.0.0.1:7000",
    ];
    for reply in replies {
        let (mut world, [a, ..]) = World::linked(Config::default());
        let get = world.submit(Command::get("bar"));
        world.reads(a);
        world.shut_down();
        world.answer(a, &format!("-{reply}\r\n"));
        assert_eq!(
            world.outcome(get),
            "GET for slot 5061: not sent: the client is shut down",
            "{reply}"
        );
        assert!(world.machine.is_shut_down());
    }
}

#[test]
fn a_shutdown_before_anything_is_known() {
    let mut world = World::new(Config::default(), &[A]);
    let get = world.submit(Command::get("bar"));
    world.accept(A);
    world.shut_down();
    assert_eq!(world.outcome(get), "GET for slot 5061: not sent: the client is shut down");
    assert!(world.machine.is_shut_down());
    let mut idle = World::new(Config::default(), &[A]);
    idle.shut_down();
    assert!(idle.machine.is_shut_down());
}

#[test]
fn a_shutdown_while_links_are_lost() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let get = world.submit(Command::get("bar"));
    world.reads(a);
    let unsent = world.submit(Command::incr("bar"));
    world.takes(a, 3);
    world.shut_down();
    assert_eq!(world.outcome(unsent), "open", "its first bytes have left");
    world.close(a, Disconnect::Reset);
    assert!(world.result(get).as_ref().is_err_and(is_lost));
    assert_eq!(world.outcome(unsent), "INCR for slot 5061: not sent: the client is shut down");
    assert!(world.machine.is_shut_down());
}

#[test]
fn f71_nothing_is_left_when_all_is_done() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    for _ in 0..100 {
        world.submit(Command::get("foo"));
        world.submit(Command::get("bar"));
    }
    world.reads(a);
    world.reads(c);
    world.answer(a, &"$-1\r\n".repeat(100));
    world.answer(c, &"-MOVED 12182 127.0.0.1:7001\r\n".repeat(100));
    world.reads(b);
    world.answer(b, &"$-1\r\n".repeat(100));
    assert_eq!(world.machine.call_count(), 0);
    let stats = *world.machine.stats();
    assert_eq!(stats.calls_submitted, stats.calls_completed);
}

/// One turn of a driver whose node answers nothing: 500 calls of 16 KiB that end at their deadline.
/// What this leaves on the heap, and the most that there was meanwhile.
fn stuck_turn(world: &mut World, now: Instant, link: hashslot::LinkId, takes: bool) -> (i64, u64) {
    let machine = &mut world.machine;
    let allocated = allocation_counter::measure(|| {
        for token in 0..500 {
            let set = Command::set("bar", vec![b'x'; 16 << 10]);
            let call = Call::new(set).timeout(ms(50));
            drop(machine.submit(now, call, token));
        }
        loop {
            let mut slices = [&[][..]; 8];
            let count = machine.sendable(link, &mut slices);
            let len = slices[..count].iter().map(|slice| slice.len()).sum();
            if len == 0 || !takes {
                break;
            }
            machine.handle_sent(now, link, len);
        }
        machine.handle_timeout(now + ms(50));
        assert_eq!(machine.call_count(), 0);
        while let Some(action) = machine.poll_action() {
            assert!(!matches!(action, Action::Close { .. } | Action::Connect { .. }));
        }
    });
    (allocated.bytes_current, allocated.bytes_max)
}

#[test]
fn f66_a_node_that_is_stuck_takes_no_more_and_more_memory() {
    for takes in [true, false] {
        let config = config(|config| {
            config.max_in_flight = 100;
            config.stall_timeout = ms(3_600_000);
        });
        let (mut world, [a, ..]) = World::linked(config);
        let mut now = Instant::from_epoch(world.elapsed());
        let mut held = 0;
        for turn in 0..40 {
            let (left, most) = stuck_turn(&mut world, now, a, takes);
            held += left;
            assert!(held < 512 << 10, "turn {turn}: {held} bytes: payloads of calls that are over");
            assert!(most < 16 << 20, "turn {turn}: {most} bytes at a time");
            assert!(turn < 10 || left <= 0, "turn {turn}: {left} bytes more than before");
            now = now + ms(60);
        }
    }
}

#[test]
fn f69_room_that_comes_without_a_reply_is_used() {
    let (mut world, [a, ..]) = World::linked(config(|config| config.max_in_flight = 2));
    let given_up = [(); 2].map(|()| world.submit(Command::get("bar")));
    let waiting = world.submit(Command::incr("bar"));
    for call in given_up {
        world.cancel(call);
    }
    assert_eq!(world.reads(a), "INCR bar");
    world.answer(a, ":1\r\n");
    assert_eq!(world.outcome(waiting), ":1\r\n");
}
