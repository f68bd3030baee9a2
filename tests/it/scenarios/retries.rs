//! Time, lost connections and callers that go away: what is sent again, and what never is.

use hashslot::error::{Disconnect, ErrorKind};
use hashslot::{Call, Command, Config};

use crate::support::canned::*;
use crate::support::is_lost;
use crate::support::script::*;

const INCR_BAR: &str = "*2\r\n$4\r\nINCR\r\n$3\r\nbar\r\n";
const LOST: &str = "INCR for slot 5061 at 127.0.0.1:7000: may have been executed: the connection was lost: \
    reset by the peer";

#[test]
fn pauses_grow_with_jitter_and_stay_within_the_configuration() {
    let mut world = World::linked(config(|config| {
        config.min_retry_delay = ms(20);
        config.max_retry_delay = ms(400);
    }))
    .0;
    let c = world.open(C);
    world.submit(Command::get("foo"));
    let mut pauses = Vec::new();
    assert_eq!(world.reads(c), "GET foo");
    for _ in 0..40 {
        world.answer(c, "-TRYAGAIN x\r\n");
        let (pause, text) = world.reads_later(c);
        assert_eq!(text, "GET foo");
        pauses.push(pause);
    }
    assert!(pauses.iter().all(|pause| ms(5) <= *pause && *pause <= ms(400)), "{pauses:?}");
    assert!(pauses[0] <= ms(10) && pauses[3] > pauses[0] && pauses[10] > ms(180), "{pauses:?}");
    let mut last: Vec<_> = pauses[20..].to_vec();
    last.sort_unstable();
    last.dedup();
    assert!(last.len() > 15, "no two are the same: {pauses:?}");
}

#[test]
fn f22_the_budget_outlasts_a_failover_of_five_seconds() {
    let mut world = World::linked(Config::default()).0;
    world.advance(ms(1_000));
    let c = world.open(C);
    world.close(c, Disconnect::Reset);
    let incr = world.submit(Command::incr("foo"));
    let promoted = world.elapsed() + ms(5_000);
    let replica = "127.0.0.1:7005";
    let before: &[Row<'_>] = &[(0, 5460, &[A]), (5461, 10922, &[B]), (10923, 16383, &[C, replica])];
    let after: &[Row<'_>] = &[(0, 5460, &[A]), (5461, 10922, &[B]), (10923, 16383, &[replica])];
    while world.outcome(incr) == "open" {
        let now = world.elapsed();
        for node in world.dialled().into_iter().map(String::from).collect::<Vec<_>>() {
            match &*node {
                C => world.refuse(C, Disconnect::Refused),
                _ => drop(world.open(&node)),
            }
        }
        for link in world.links() {
            match &*world.reads(link) {
                "" => {}
                ASK_TOPOLOGY if now < promoted => world.answer(link, &topology(before, &[])),
                ASK_TOPOLOGY => world.answer(link, &topology(after, &[])),
                "INCR foo" => {
                    assert_eq!(world.address(link), replica);
                    world.answer(link, ":1\r\n");
                }
                "PING" => world.answer(link, "+PONG\r\n"),
                other => panic!("{other}"),
            }
        }
        if world.outcome(incr) == "open" {
            world.advance_to_timer();
        }
    }
    assert_eq!(world.outcome(incr), ":1\r\n");
    let late = world.elapsed() - promoted;
    assert!(late <= ms(250), "{late:?} after the promotion");
    let queries = world.machine.stats().topology_queries;
    assert!(queries < 80, "{queries} queries");
}

#[test]
fn f01_a_node_that_stays_away_is_not_executed_at_the_deadline() {
    let mut world = World::discovered(Config::default());
    let get = world.submit(Command::incr("foo"));
    while world.outcome(get) == "open" {
        for node in world.dialled().into_iter().map(String::from).collect::<Vec<_>>() {
            world.refuse(&node, Disconnect::Refused);
        }
        for link in world.links() {
            if world.reads(link) == ASK_TOPOLOGY {
                world.answer(link, &topology(ROWS, &[]));
            }
        }
        if world.outcome(get) == "open" {
            world.advance_to_timer();
        }
    }
    assert_eq!(world.elapsed(), ms(20_000));
    assert_eq!(
        world.outcome(get),
        "INCR for slot 12182 at 127.0.0.1:7002: not executed: cannot connect: connection refused"
    );
}

#[test]
fn f22_after_moved_to_a_dead_node_the_caller_learns_that_it_is_dead() {
    let mut world = World::discovered(Config::default());
    let get = world.submit(Call::new(Command::get("bar")).timeout(ms(2_000)));
    let a = world.open(A);
    assert_eq!(world.reads(a), "GET bar");
    world.answer(a, "-MOVED 5061 127.0.0.1:7001\r\n");
    let rows: &[Row<'_>] = &[(0, 10922, &[B]), (10923, 16383, &[C])];
    while world.outcome(get) == "open" {
        for node in world.dialled().into_iter().map(String::from).collect::<Vec<_>>() {
            world.refuse(&node, Disconnect::Refused);
        }
        for link in world.links() {
            if world.reads(link) == ASK_TOPOLOGY {
                world.answer(link, &topology(rows, &[A]));
            }
        }
        if world.outcome(get) == "open" {
            world.advance_to_timer();
        }
    }
    assert_eq!(
        world.outcome(get),
        "GET for slot 5061 at 127.0.0.1:7001: not executed: cannot connect: connection refused"
    );
}

#[test]
fn f05_what_is_queued_at_the_deadline_never_leaves() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let first = world.submit(Call::new(Command::incr("bar")).timeout(ms(50)));
    let second = world.submit(Call::new(Command::incr("b")));
    world.advance(ms(50));
    assert_eq!(
        world.outcome(first),
        "INCR for slot 5061 at 127.0.0.1:7000: timed out in the queue: not executed"
    );
    assert!(matches!(world.result(first), Err(error) if !error.may_have_executed()));
    assert_eq!(world.reads(a), "INCR b");
    world.answer(a, ":1\r\n");
    assert_eq!(world.outcome(second), ":1\r\n");

    // The same while the node is being dialled.
    let mut world = World::discovered(Config::default());
    let get = world.submit(Call::new(Command::get("foo")).timeout(ms(50)));
    world.advance(ms(50));
    assert_eq!(
        world.outcome(get),
        "GET for slot 12182 at 127.0.0.1:7002: timed out in the queue: not executed"
    );
    let c = world.open(C);
    assert_eq!(world.reads(c), "");
}

#[test]
fn f06_a_late_reply_is_nobodys() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let first = world.submit(Call::new(Command::incr("bar")).timeout(ms(50)));
    let second = world.submit(Command::get("bar"));
    assert_eq!(world.reads(a), "INCR bar; GET bar");
    world.advance(ms(50));
    assert_eq!(
        world.outcome(first),
        "INCR for slot 5061 at 127.0.0.1:7000: timed out after it was sent: may have been executed"
    );
    assert!(!world.is_closed(a), "F-06: the connection is healthy");
    world.answer(a, ":7\r\n$1\r\n8\r\n");
    assert_eq!(world.outcome(second), "$1\r\n8\r\n");
    assert_eq!(world.machine.stats().late_replies, 1);
}

#[test]
fn a_deadline_when_the_transport_took_a_part() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let first = world.submit(Call::new(Command::incr("bar")).timeout(ms(50)));
    let second = world.submit(Command::incr("b"));
    world.takes(a, 5);
    world.advance(ms(50));
    assert!(matches!(world.result(first), Err(error) if error.may_have_executed()));
    assert_eq!(world.reads(a), "INCR bar; INCR b", "what has begun is finished");
    world.answer(a, ":1\r\n:2\r\n");
    assert_eq!(world.outcome(second), ":2\r\n");
}

#[test]
fn f07_cancelled_in_the_queue_in_flight_and_unknown() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let calls: Vec<_> =
        (0..5).map(|n| world.submit(Command::incr(&*format!("{{bar}}{n}")))).collect();
    world.takes(a, INCR_BAR.len() + 4);
    world.cancel(calls[0]); // in flight
    world.cancel(calls[2]); // not taken at all
    world.cancel(calls[4]);
    let text = world.reads(a);
    assert_eq!(text, "INCR {bar}0; INCR {bar}1; INCR {bar}3");
    world.answer(a, ":0\r\n:1\r\n:3\r\n");
    assert_eq!(world.outcome(calls[1]), ":1\r\n");
    assert_eq!(world.outcome(calls[3]), ":3\r\n");
    assert_eq!(world.outcome(calls[0]), "gone");
    assert_eq!(world.machine.stats().calls_cancelled, 3);
    world.advance(ms(30_000)); // no call is completed late
}

#[test]
fn f07_a_cancelled_pipeline_takes_its_parts_along() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    let pipeline = [Command::get("foo"), Command::get("bar"), Command::get("c")];
    let pipeline = world.submit(Call::pipeline(pipeline));
    assert_eq!(world.reads(a), "GET bar");
    world.cancel(pipeline);
    assert_eq!((world.reads(b), world.reads(c)), (String::new(), String::new()));
    world.answer(a, "$-1\r\n");
    assert_eq!(world.machine.call_count(), 0);
}

#[test]
fn f07_cancelled_while_it_pauses() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let get = world.submit(Command::get("bar"));
    world.reads(a);
    world.answer(a, "-TRYAGAIN x\r\n");
    world.cancel(get);
    world.advance(ms(1_000));
    assert_eq!(world.reads(a), "");
}

#[test]
fn f49_m1_an_incr_whose_link_dies_after_all_its_bytes_is_not_sent_again() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let incr = world.submit(Command::incr("bar"));
    assert_eq!(world.reads(a), "INCR bar");
    world.close(a, Disconnect::Reset);
    assert_eq!(world.outcome(incr), LOST);
    assert!(world.result(incr).as_ref().is_err_and(is_lost));
    assert_eq!(world.machine.stats().maybe_executed, 1);
}

#[test]
fn f02_an_incr_that_was_not_taken_whole_is_sent_again() {
    for taken in 0..INCR_BAR.len() {
        let (mut world, [a, ..]) = World::linked(Config::default());
        let incr = world.submit(Command::incr("bar"));
        assert_eq!(world.takes(a, taken), taken);
        world.close(a, Disconnect::Reset);
        assert_eq!(world.outcome(incr), "open");
        let a = world.open(A);
        assert!(world.reads(a).contains("INCR bar"), "{taken} bytes taken");
    }
}

#[test]
fn f02_replies_before_the_loss_count_and_a_half_reply_does_not() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let calls: Vec<_> = (0..4).map(|_| world.submit(Command::incr("bar"))).collect();
    world.takes(a, 3 * INCR_BAR.len() + 3);
    world.answer(a, ":1\r\n:2");
    world.close(a, Disconnect::Reset);
    assert_eq!(world.outcome(calls[0]), ":1\r\n");
    assert_eq!(world.outcome(calls[1]), LOST);
    assert_eq!(world.outcome(calls[2]), LOST);
    assert_eq!(world.outcome(calls[3]), "open");
    let a = world.open(A);
    assert!(world.reads(a).contains("INCR bar"));
    // F-03: no byte of the old connection reaches the new decoder.
    world.answer(a, ":3\r\n");
    assert_eq!(world.outcome(calls[3]), ":3\r\n");
}

#[test]
fn f49_what_may_run_twice_is_sent_again_once_the_node_is_back() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let get = world.submit(Command::get("bar"));
    let incr = world.submit(Call::new(Command::incr("bar")).idempotent());
    let own = world.submit(Command::incr("bar"));
    assert_eq!(world.reads(a), "GET bar; INCR bar; INCR bar");
    world.close(a, Disconnect::Reset);
    assert_eq!(world.outcome(own), LOST);
    let a = world.open(A);
    assert!(world.reads(a).starts_with("GET bar; INCR bar"));
    world.answer(a, "$-1\r\n:1\r\n");
    assert_eq!((world.outcome(get), world.outcome(incr)), ("$-1\r\n".into(), ":1\r\n".into()));
    assert_eq!(world.machine.stats().resent, 2);
}

#[test]
fn what_is_sent_again_and_times_out_may_have_run() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let call = Call::new(Command::incr("bar")).idempotent().timeout(ms(500));
    let incr = world.submit(call);
    world.reads(a);
    world.close(a, Disconnect::Reset);
    assert_eq!(world.outcome(incr), "open");
    world.advance(ms(500));
    assert!(matches!(world.result(incr), Err(error) if error.may_have_executed()));
}

#[test]
fn a_read_that_kills_every_connection_is_given_up() {
    let (mut world, [..]) = World::linked(Config::default());
    let get = world.submit(Command::get("bar"));
    let mut count = 0;
    while world.outcome(get) == "open" {
        for node in world.dialled().into_iter().map(String::from).collect::<Vec<_>>() {
            world.open(&node);
        }
        for link in world.links() {
            let text = world.reads(link);
            if text.contains("GET bar") {
                count += 1;
                world.close(link, Disconnect::EndOfStream);
            } else if text == ASK_TOPOLOGY {
                world.answer(link, &topology(ROWS, &[]));
            }
        }
        if world.outcome(get) == "open" {
            world.advance_to_timer();
        }
    }
    assert_eq!(count, 2);
    assert_eq!(
        world.outcome(get),
        "GET for slot 5061 at 127.0.0.1:7000: may have been executed: the connection was lost twice at this command: it, or its reply, may be too long for the node (closed by the peer)"
    );
}

#[test]
fn f61_a_sick_node_delays_nobody_else() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    for _ in 0..100 {
        world.submit(Command::get("foo")); // its node says nothing
    }
    world.reads(c);
    world.close(b, Disconnect::Reset);
    for _ in 0..100 {
        world.submit(Command::get("c")); // its node is being dialled
    }
    let get = world.submit(Command::get("bar"));
    assert!(world.reads(a).contains("GET bar"));
    world.answer(a, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
    assert_eq!(world.elapsed(), ms(0));
}

#[test]
fn f49_a_call_that_was_sent_twice_is_never_said_not_to_have_run() {
    let (mut world, [_, _, c]) = World::linked(Config::default());
    let set = world.submit(Call::new(Command::set("foo", "1")).idempotent());
    assert_eq!(world.reads(c), "SET foo 1");
    world.close(c, Disconnect::Reset);
    let again = world.open_later(C);
    assert_eq!(world.reads(again), "SET foo 1");
    world.answer(again, "-OOM command not allowed\r\n");
    let Err(error) = world.result(set) else { panic!("it was refused") };
    assert_eq!(error.kind(), ErrorKind::Server);
    assert!(error.may_have_executed(), "the first one may have run");
}
