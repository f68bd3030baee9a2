//! Connections: silence, idleness, loss, broken protocol, and a driver that is late.

use hashslot::driver::Wakeup;
use hashslot::error::{Cause, Disconnect};
use hashslot::{Call, Command, Config, LinkId};

use crate::support::canned::*;
use crate::support::script::*;

#[test]
fn f04_m5_a_node_that_accepts_and_never_answers() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let get = world.submit(Command::get("bar"));
    let incr = world.submit(Command::incr("bar"));
    assert_eq!(world.reads(a), "GET bar; INCR bar");
    world.events();
    world.advance(ms(9_000));
    world.submit(Command::get("bar")); // the timer is not started anew by writes
    world.reads(a);
    world.advance(ms(999));
    assert!(!world.is_closed(a));
    world.advance(ms(1));
    assert!(world.is_closed(a));
    assert_eq!(
        world.outcome(incr),
        "INCR for slot 5061 at 127.0.0.1:7000: may have been executed: the connection was lost: no answer in time"
    );
    assert_eq!(world.outcome(get), "open", "a read is sent again");
    assert_eq!(world.machine.stats().links_stalled, 1);
    let events = world.events();
    assert_eq!(events[0], "lost: 127.0.0.1:7000, no answer in time, 3 in flight");
    let a = world.open(A);
    assert_eq!(world.reads(a), "GET bar; GET bar");
}

/// A long reply may take its time, as long as some of it comes.
#[test]
fn f04_some_of_a_reply_is_a_sign_of_life() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    world.submit(Call::new(Command::get("bar")).timeout(ms(100_000)));
    world.reads(a);
    world.answer(a, "$1000000\r\n");
    for _ in 0..8 {
        world.advance(ms(4_500));
        world.answer(a, &"x".repeat(10_000));
    }
    assert!(!world.is_closed(a));
    world.advance(ms(10_000));
    assert!(world.is_closed(a));
}

/// A node that sends a reply byte by byte keeps all commands waiting that stand behind it.
#[test]
fn f04_a_reply_that_drips_is_silence() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    world.submit(Call::new(Command::get("bar")).timeout(ms(100_000)));
    world.reads(a);
    world.answer(a, "$1000000\r\n");
    for _ in 0..9 {
        world.advance(ms(1_000));
        world.answer(a, "x");
    }
    assert!(!world.is_closed(a));
    world.advance(ms(1_000));
    assert!(world.is_closed(a));
}

/// A push answers nothing, whole or in part, of use or not.
#[test]
fn f04_pushes_are_no_sign_of_life() {
    let push = ">2\r\n$7\r\nmessage\r\n$5\r\nhello\r\n";
    let odd = ">2\r\n$7\r\nmessage\r\n#x\r\n";
    let endless = format!(">2\r\n$7\r\nmessage\r\n$90000\r\n{}", "x".repeat(20_000));
    for pushed in [[push; 9], [odd; 9], ["x"; 9]] {
        let (mut world, [a, ..]) = World::linked(Config::default());
        let get = world.submit(Call::new(Command::get("bar")).timeout(ms(100_000)));
        world.reads(a);
        if pushed.contains(&"x") {
            world.answer(a, &endless);
        }
        for pushed in pushed {
            world.advance(ms(1_000));
            world.answer(a, pushed);
        }
        assert!(!world.is_closed(a));
        world.advance(ms(1_000));
        assert!(world.is_closed(a), "{pushed:?}");
        assert_eq!(world.outcome(get), "open", "it is sent again");
        assert_eq!(world.machine.stats().links_stalled, 1);
    }
}

/// What the machine waits for.
fn why(world: &World) -> Option<Wakeup> {
    world.machine.wakeup(world.now()).map(|(_, why)| why)
}

#[test]
fn the_machine_tells_why_it_waits() {
    let (mut world, [a, b, _]) = World::linked(Config::default());
    assert_eq!(why(&world), Some(Wakeup::Link(a)), "the first that is pinged");
    world.submit(Call::new(Command::get("bar")).timeout(ms(5_000)));
    assert_eq!(why(&world), Some(Wakeup::Deadline));
    world.reads(a);
    world.answer(a, "-TRYAGAIN x\r\n");
    assert_eq!(why(&world), Some(Wakeup::Retry));
    assert_eq!(world.reads_later(a).1, "GET bar");
    world.close(a, Disconnect::Reset);
    world.refuse(A, Disconnect::Refused);
    assert!(matches!(why(&world), Some(Wakeup::Refresh | Wakeup::Dial)));
    world.submit(Command::get("c"));
    assert_eq!(world.reads(b), "GET c");
    world.shut_down();
    assert_eq!(why(&world), Some(Wakeup::ShutDown), "its reply is owed");
}

/// A link that is used for nothing but pushes is asked whether it is well.
#[test]
fn f04_a_link_with_pushes_alone_is_pinged() {
    let mut world = World::discovered(Config::default());
    let a = world.open(A);
    for _ in 0..29 {
        world.advance(ms(1_000));
        world.answer(a, ">1\r\n$5\r\nhello\r\n");
        assert_eq!(world.reads(a), "");
    }
    world.advance(ms(1_000));
    assert_eq!(world.reads(a), "PING");
    world.answer(a, "+PONG\r\n");
    world.advance(ms(10_000));
    assert!(!world.is_closed(a));
}

#[test]
fn f04_an_idle_link_is_pinged() {
    let mut world = World::discovered(Config::default());
    let a = world.open(A);
    world.advance(ms(29_999));
    assert_eq!(world.reads(a), "");
    world.advance(ms(1));
    assert_eq!(world.reads(a), "PING");
    world.answer(a, "+PONG\r\n");
    world.advance(ms(30_000));
    assert_eq!(world.reads(a), "PING");
    world.advance(ms(10_000));
    assert!(world.is_closed(a), "it did not answer");
    assert_eq!(world.events()[0], "lost: 127.0.0.1:7000, no answer in time, 1 in flight");
}

#[test]
fn f13_a_link_that_ends_while_idle_hurts_nobody() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    world.advance(ms(1_000));
    world.close(a, Disconnect::EndOfStream);
    assert_eq!(world.events(), ["lost: 127.0.0.1:7000, closed by the peer, 0 in flight"]);
    assert_eq!(world.dialled(), Vec::<&str>::new());
    world.advance(ms(10_000));
    assert_eq!(world.machine.stats().topology_queries, 1);
    let get = world.submit(Command::get("bar"));
    let a = world.open(A);
    assert_eq!(world.reads(a), "GET bar");
    world.answer(a, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
}

#[test]
fn f13_a_command_that_was_not_taken_when_the_link_ended_is_sent_again() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let incr = world.submit(Command::incr("bar"));
    world.close(a, Disconnect::EndOfStream);
    assert_eq!(world.outcome(incr), "open");
    let a = world.open(A);
    assert!(world.reads(a).contains("INCR bar"));
}

#[test]
fn f01_f68_dials_back_off_and_start_anew_after_a_reply() {
    let mut world = World::discovered(Config::default());
    world.submit(Call::new(Command::get("foo")).timeout(ms(60_000)));
    let mut dials = Vec::new();
    while dials.len() < 40 {
        if world.dialled().contains(&C) {
            dials.push(world.elapsed());
            world.refuse(C, Disconnect::Refused);
        }
        for link in world.links() {
            match &*world.reads(link) {
                ASK_TOPOLOGY => world.answer(link, &topology(ROWS, &[])),
                "PING" => world.answer(link, "+PONG\r\n"),
                other => assert_eq!(other, ""),
            }
        }
        if !world.dialled().contains(&C) {
            world.advance_to_timer();
        }
    }
    let pauses: Vec<_> = dials.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses[0], ms(0), "the first attempt is immediate");
    assert!(pauses[1] <= ms(50), "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= ms(1_000)), "{pauses:?}");
    let late: u128 = pauses[10..].iter().map(core::time::Duration::as_millis).sum();
    assert!((300..700).contains(&(late / 29)), "{pauses:?}");

    let c = world.open_later(C);
    assert_eq!(world.reads(c).replace(ASK_TOPOLOGY, ""), "GET foo");
    world.answer(c, "$-1\r\n");
    world.submit(Command::get("foo"));
    world.reads(c);
    world.close(c, Disconnect::Reset);
    assert!(world.dialled().contains(&C), "at once");
}

#[test]
fn f42_m3_bottomless_nesting_is_an_error_and_not_sent_again() {
    let mut config = Config::default();
    config.limits.max_skipped_bytes = 30_000;
    let (mut world, [a, ..]) = World::linked(config);
    let first = world.submit(Command::get("bar"));
    let second = world.submit(Command::get("bar"));
    let third = world.submit(Command::incr("bar"));
    assert_eq!(world.reads(a), "GET bar; GET bar; INCR bar");
    world.answer(a, &"*1\r\n".repeat(10_000));
    assert!(world.is_closed(a));
    assert_eq!(
        world.outcome(first),
        "GET for slot 5061 at 127.0.0.1:7000: may have been executed: unusable reply: nested deeper than `max_depth` at byte 4096 of the reply"
    );
    let error = world.result(third).as_ref().expect_err("its reply is unusable");
    assert!(matches!(error.cause(), Some(Cause::Protocol(_))) && error.may_have_executed());
    assert_eq!(world.outcome(second), "open", "it did not break anything");
    assert_eq!(world.machine.stats().protocol_errors, 1);
    let a = world.open(A);
    assert_eq!(world.reads(a).replace("; CLUSTER SLOTS; CLUSTER SHARDS", ""), "GET bar");
}

#[test]
fn f39_replies_before_the_broken_one_count() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let calls: Vec<_> = (0..3).map(|_| world.submit(Command::incr("bar"))).collect();
    world.reads(a);
    world.answer(a, ":1\r\n$3\r\nabcXY:3\r\n");
    assert_eq!(world.outcome(calls[0]), ":1\r\n");
    assert!(world.outcome(calls[1]).contains("malformed end of a bulk string"));
    assert!(world.outcome(calls[2]).contains("malformed end of a bulk string"));
}

#[test]
fn a_broken_answer_about_the_topology_is_not_blamed_on_a_read() {
    let (mut world, _) = World::linked(Config::default());
    world.advance(ms(1_000));
    world.refresh_topology();
    world.advance(ms(200));
    let asked = world.asked();
    let key = match world.address(asked) {
        A => "bar",
        B => "c",
        _ => "foo",
    };
    let get = world.submit(Command::get(key));
    world.reads(asked);
    world.answer(asked, "?\r\n");
    assert_eq!(world.outcome(get), "open");
}

#[test]
fn f46_a_reply_to_what_was_not_sent_yet_is_nobodys() {
    let (mut world, [_, _, c]) = World::linked(Config::default());
    let eval = world.submit(Command::new("EVAL").arg("script").arg(1).arg("foo"));
    world.takes(c, 10);
    world.answer(c, ":1\r\n");
    assert!(world.is_closed(c), "it was not asked anything that it can answer like this");
    let again = world.open_later(C);
    assert_eq!(world.reads(again), "EVAL script 1 foo", "it did not run, and was not answered");
    world.answer(again, ":1\r\n");
    assert_eq!(world.outcome(eval), ":1\r\n");
}

#[test]
fn f46_a_reply_that_nobody_waits_for_closes_the_link() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    world.answer(a, "+OK\r\n");
    assert!(world.is_closed(a));
    assert_eq!(world.machine.stats().protocol_errors, 1);
    let get = world.submit(Command::get("bar"));
    let a = world.open_later(A);
    assert_eq!(world.reads(a).replace("; CLUSTER SLOTS; CLUSTER SHARDS", ""), "GET bar");
    assert_eq!(world.outcome(get), "open");
}

#[test]
fn late_double_and_early_events_do_nothing() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let get = world.submit(Command::get("bar"));
    assert_eq!(world.reads(a), "GET bar");
    world.connected_again(a);
    world.machine.handle_sent(hashslot::Instant::EPOCH, a, 1_000_000);
    assert_eq!(world.reads(a), "");
    world.answer(a, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");

    world.close(a, Disconnect::Reset);
    let events = world.events();
    world.close(a, Disconnect::Reset);
    world.close(a, Disconnect::EndOfStream);
    world.answer(a, "$-1\r\n");
    world.connected_again(a);
    assert_eq!(world.takes(a, 10), 0);
    assert_eq!(world.events(), Vec::<String>::new(), "after {events:?}");

    // The place of the link is used again, its name is not.
    world.submit(Command::get("bar"));
    let again = world.open(A);
    assert_eq!(again.index(), a.index());
    assert_ne!(again, a);
    world.reads(again);
    world.answer(a, "$5\r\nwrong\r\n");
    world.close(a, Disconnect::Reset);
    assert!(!world.is_closed(again));
    world.answer(again, "$-1\r\n");
    assert_eq!(world.machine.call_count(), 0);
}

#[test]
fn time_that_goes_back_does_no_harm() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    world.advance(ms(5_000));
    let get = world.submit(Command::get("bar"));
    world.machine.handle_timeout(hashslot::Instant::EPOCH);
    world.reads(a);
    world.answer(a, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
}

#[test]
fn f09_short_writes_keep_the_order_of_the_bytes() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let large = "v".repeat(5_000);
    let mut calls = Vec::new();
    for _ in 0..3 {
        calls.push(world.submit(Command::get("bar")));
        calls.push(world.submit(Command::set("bar", large.clone())));
    }
    world.takes(a, 7);
    calls.push(world.submit(Command::get("b")));
    let pair = "GET bar; SET bar <5000 bytes>";
    assert_eq!(world.reads_in_chunks(a, 333), format!("{pair}; {pair}; {pair}; GET b"));
    world.answer(a, &"$-1\r\n+OK\r\n".repeat(3));
    world.answer(a, "$-1\r\n");
    assert_eq!(world.machine.call_count(), 0);
}

#[test]
fn f10_replies_come_in_while_nothing_more_can_be_sent() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let first: Vec<_> = (0..3).map(|_| world.submit(Command::get("bar"))).collect();
    let large = world.submit(Command::set("bar", "v".repeat(100_000)));
    let get_len = Command::get("bar").encoded_len();
    assert_eq!(world.takes(a, 3 * get_len + 10_000), 3 * get_len + 10_000);
    // From here on the node reads nothing until it has written all that it has to say.
    let behind = world.submit(Command::get("bar"));
    let value = format!("$100000\r\n{}\r\n", "x".repeat(100_000));
    world.answer_in_chunks(a, &value.repeat(3), 4_096);
    for get in first {
        assert_eq!(world.outcome(get).len(), value.len(), "nobody waits for the write to end");
    }
    assert_eq!((world.outcome(large), world.outcome(behind)), ("open".into(), "open".into()));
    assert!(world.reads_in_chunks(a, 10_000).ends_with("SET bar <100000 bytes>; GET bar"));
    world.answer(a, "+OK\r\n$-1\r\n");
    assert_eq!(world.outcome(behind), "$-1\r\n");
}

#[test]
fn a_link_is_asked_for_a_sign_of_life_a_whole_interval_after_its_last_reply() {
    let (mut world, [a, b, c]) = World::linked(config(|config| config.ping_interval = ms(1_000)));
    let get = world.submit(Command::get("bar"));
    assert_eq!(world.reads(a), "GET bar");
    world.advance(ms(1_000));
    assert_eq!([world.reads(b), world.reads(c)], ["PING", "PING"]);
    world.answer(a, "$1\r\n1\r\n");
    assert_eq!(world.outcome(get), "$1\r\n1\r\n");
    world.advance(ms(999));
    assert_eq!(world.reads(a), "");
    world.advance(ms(1));
    assert_eq!(world.reads(a), "PING", "the other two wait for much longer");
}

/// Has a node take a link to it for unauthenticated, and so a new one is opened, while the former
/// one still owes the reply to `GET bar`.
fn leaving() -> (World, LinkId) {
    let (mut world, [a, ..]) = World::linked(Config::default());
    world.advance(ms(1_000));
    world.submit(Command::get("bar"));
    world.submit(Command::get("bar"));
    assert_eq!(world.reads(a), "GET bar; GET bar");
    world.answer(a, "-NOAUTH Authentication required.\r\n");
    assert!(!world.is_closed(a));
    (world, a)
}

#[test]
fn what_a_former_link_loses_leaves_on_the_present_one_at_once() {
    let (mut world, former) = leaving();
    let get = world.submit(Command::get("bar"));
    let present = world.accept(A);
    world.handshake(present);
    assert_eq!(world.reads(present), "GET bar");
    world.answer(present, "$1\r\n1\r\n");
    assert_eq!(world.outcome(get), "$1\r\n1\r\n");
    world.close(former, Disconnect::Reset);
    assert_eq!(world.reads(present), "GET bar", "nothing else would have it sent");
}

#[test]
fn a_node_that_answers_on_a_former_link_is_dialled_without_a_pause() {
    let (mut world, former) = leaving();
    world.submit(Command::get("bar"));
    for _ in 0..5 {
        if world.dialled().contains(&A) {
            world.refuse(A, Disconnect::Refused);
        }
    }
    assert!(!world.dialled().contains(&A), "it is to be left alone for a while");
    world.answer(former, "$1\r\n1\r\n");
    assert!(world.dialled().contains(&A));
}
