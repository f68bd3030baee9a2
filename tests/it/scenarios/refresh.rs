//! When the topology is read again, from which node, and what is believed.

use hashslot::error::Disconnect;
use hashslot::{Call, Command, Config, LinkId};

use crate::support::canned::*;
use crate::support::script::*;

const SEED: &str = "seed.example:7000";
const HEIR: &str = "127.0.0.1:7009";

/// Accepts all connections, and answers all questions about the topology and all reads.
fn step(world: &mut World, rows: &[Row<'_>], mut get: impl FnMut(&str) -> String) {
    for node in world.dialled().into_iter().map(String::from).collect::<Vec<_>>() {
        world.open(&node);
    }
    for link in world.links() {
        let address = world.address(link).to_owned();
        let mut replies = String::new();
        for command in world.reads(link).split("; ").filter(|text| !text.is_empty()) {
            match command {
                "CLUSTER SLOTS" => replies.push_str(&slots_reply(rows)),
                "CLUSTER SHARDS" => replies.push_str(&shards_reply(rows, &[])),
                "PING" => replies.push_str("+PONG\r\n"),
                _ => replies.push_str(&get(&address)),
            }
        }
        world.answer(link, &replies);
    }
}

/// Does so until no call is open.
fn run(world: &mut World, rows: &[Row<'_>], mut get: impl FnMut(&str) -> String) {
    for _ in 0..100_000 {
        step(world, rows, &mut get);
        if world.machine.call_count() == 0 {
            return;
        }
        world.advance_to_timer();
    }
    panic!("it never ends");
}

#[test]
fn f67_m6_a_thousand_reads_of_a_moved_slot_ask_at_most_three_times() {
    for connected in [true, false] {
        let mut world = if connected {
            World::linked(Config::default()).0
        } else {
            World::discovered(Config::default())
        };
        let calls: Vec<_> = (0..1_000).map(|_| world.submit(Command::get("foo"))).collect();
        let rows: &[Row<'_>] = &[
            (0, 5460, &[A]),
            (5461, 10922, &[B]),
            (10923, 12181, &[C]),
            (12182, 12182, &[A]),
            (12183, 16383, &[C]),
        ];
        run(&mut world, rows, |address| match address {
            C => "-MOVED 12182 127.0.0.1:7000\r\n".into(),
            _ => "$1\r\n1\r\n".into(),
        });
        assert!(calls.iter().all(|call| world.outcome(*call) == "$1\r\n1\r\n"));
        for _ in 0..20 {
            run(&mut world, rows, |_| String::new());
            world.advance(ms(500));
        }
        let queries = world.machine.stats().topology_queries - 1;
        assert!((1..=3).contains(&queries), "{queries} queries");
        assert_eq!(world.link_count(), if connected { 3 } else { 2 });
    }
}

#[test]
fn f67_one_round_at_a_time_and_a_least_time_between_them() {
    let (mut world, _) = World::linked(Config::default());
    for _ in 0..10 {
        world.refresh_topology();
    }
    let mut ends = Vec::new();
    for _ in 0..12 {
        while world.events().is_empty() {
            world.advance_to_timer();
        }
        let asked = world.asked();
        world.refresh_topology(); // while it is being read
        world.answer(asked, &topology(ROWS, &[]));
        ends.push(world.elapsed());
        world.events();
        world.refresh_topology();
    }
    let pauses: Vec<_> = ends.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses[0] >= ms(200) && pauses[0] <= ms(400), "{pauses:?}");
    assert!(pauses[1] >= ms(400) && pauses[1] <= ms(600), "it doubles: {pauses:?}");
    assert!(pauses[10] >= ms(5_000) && pauses[10] <= ms(5_200), "up to a limit: {pauses:?}");
}

#[test]
fn f67_refreshes_of_many_clients_are_spread() {
    let mut delays = Vec::new();
    for warm_up in 0..8 {
        let (mut world, [_, _, c]) = World::linked(Config::default());
        world.advance(ms(10_000 + warm_up)); // the interval is over
        for _ in 0..200 {
            world.submit(Command::get("foo"));
        }
        world.reads(c);
        let before = world.elapsed();
        world.answer(c, &"-MOVED 12182 127.0.0.1:7000\r\n".repeat(200));
        world.events();
        while world.machine.stats().topology_queries == 1 {
            world.advance_to_timer();
        }
        delays.push(world.elapsed() - before);
    }
    // The generator's seed is the same, so that the delay is; what matters is that the least of 200
    // draws is not taken.
    assert!(delays.iter().any(|delay| *delay > ms(2)), "{delays:?}");
}

#[test]
fn f27_an_old_view_does_not_overwrite_a_newer_redirection() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    world.advance(ms(1_000));
    let get = world.submit(Command::get("foo"));
    assert_eq!(world.reads(c), "GET foo");
    world.refresh_topology();
    world.advance(ms(300));
    let asked = [a, b, c].into_iter().find(|link| world.reads(*link) == ASK_TOPOLOGY);
    let asked = asked.expect("somebody is asked");
    world.answer_in_chunks(c, "-MOVED 12182 127.0.0.1:7001\r\n", 10);
    assert_eq!(world.reads(b).replace(ASK_TOPOLOGY, ""), "GET foo");
    world.answer(asked, &topology(ROWS, &[])); // asked for before the redirection
    let again = world.submit(Command::get("foo"));
    assert_eq!(world.reads(b), "GET foo");
    world.answer(b, &"$-1\r\n".repeat(2));
    assert_eq!((world.outcome(get), world.outcome(again)), ("$-1\r\n".into(), "$-1\r\n".into()));
}

#[test]
fn f27_disagreement_asks_again() {
    let (mut world, [_, b, c]) = World::linked(Config::default());
    world.advance(ms(1_000));
    world.submit(Command::get("foo"));
    world.reads(c);
    world.answer(c, "-MOVED 12182 127.0.0.1:7001\r\n");
    world.reads(b);
    world.answer(b, "$-1\r\n");
    // The new owner is asked first, because it knows best. The new owner does not answer.
    let (_, text) = world.reads_later(b);
    assert_eq!(text, ASK_TOPOLOGY);
    world.events();
    world.advance(ms(250));
    let mut other = world.asked();
    if other == c {
        // What it says would be believed: it gave the slot up. It says nothing.
        world.answer(c, &"-ERR not now\r\n".repeat(2));
        other = world.asked();
    }
    world.answer(other, &topology(ROWS, &[])); // gossip has not come there yet
    world.submit(Command::get("foo"));
    assert_eq!(world.reads(b), "GET foo", "the redirection holds");
    world.advance(ms(1_000));
    assert!(world.events().contains(&"reinit: Disagreement".into()));
}

#[test]
fn f26_an_empty_topology_is_rejected_and_the_next_node_is_asked() {
    let (mut world, _) = World::linked(Config::default());
    world.advance(ms(1_000));
    world.events();
    world.refresh_topology();
    world.advance(ms(200));
    let first = world.asked();
    world.answer(first, "*0\r\n*0\r\n");
    let second = world.asked();
    assert_ne!(first, second);
    world.answer(second, &topology(ROWS, &[]));
    assert_eq!(world.events(), ["reinit: Requested"], "nothing changed");
    assert!(world.machine.topology().is_complete());
}

#[test]
fn f25_a_hole_waits_for_one_refresh_and_is_told_at_the_deadline() {
    let rows: &[Row<'_>] = &[(0, 5460, &[A]), (5461, 10922, &[B])];
    let mut world = World::knowing(Config::default(), rows);
    let get = world.submit(Command::get("foo"));
    let other = world.submit(Command::get("bar"));
    let a = world.open(A);
    assert!(world.reads(a).starts_with("GET bar"));
    world.answer(a, "$-1\r\n");
    assert_eq!(world.outcome(other), "$-1\r\n");
    while world.outcome(get) == "open" {
        for link in world.links() {
            match &*world.reads(link) {
                ASK_TOPOLOGY => world.answer(link, &topology(rows, &[])),
                "PING" => world.answer(link, "+PONG\r\n"),
                other => assert_eq!(other, ""),
            }
        }
        world.advance_to_timer();
    }
    assert_eq!(world.outcome(get), "GET for slot 12182: not executed: no node serves the slot");
    assert_eq!(world.elapsed(), ms(20_000));
}

#[test]
fn f25_a_hole_that_is_filled() {
    let rows: &[Row<'_>] = &[(0, 5460, &[A]), (5461, 10922, &[B])];
    let mut world = World::knowing(Config::default(), rows);
    let get = world.submit(Command::get("foo"));
    let a = world.open(A);
    let (_, text) = world.reads_later(a);
    assert_eq!(text, ASK_TOPOLOGY);
    world.answer(a, &topology(ROWS, &[]));
    let c = world.open(C);
    assert_eq!(world.reads(c), "GET foo");
    world.answer(c, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
}

#[test]
fn f24_a_node_that_leaves_is_listened_to_and_then_closed() {
    let (mut world, [_, b, c]) = World::linked(config(|config| config.max_in_flight = 2));
    world.advance(ms(1_000));
    let calls: Vec<_> = (0..4).map(|_| world.submit(Command::get("foo"))).collect();
    assert_eq!(world.reads(c), "GET foo; GET foo");
    world.refresh_topology();
    world.advance(ms(300));
    let rows: &[Row<'_>] = &[(0, 5460, &[A]), (5461, 16383, &[B])];
    let asked = world.asked();
    world.answer(asked, &topology(rows, &[]));
    assert!(!world.is_closed(c));
    world.answer(c, "$1\r\n1\r\n");
    assert!(!world.is_closed(c));
    world.answer(c, "$1\r\n2\r\n");
    assert!(world.is_closed(c));
    assert_eq!(world.outcome(calls[0]), "$1\r\n1\r\n");
    assert_eq!(world.outcome(calls[1]), "$1\r\n2\r\n");
    assert_eq!(world.reads(b), "GET foo; GET foo", "what was queued is somebody else's");
    world.answer(b, "$1\r\n3\r\n$1\r\n4\r\n");
    assert_eq!(world.outcome(calls[3]), "$1\r\n4\r\n");
    world.advance(ms(20_000));
    assert!(!world.dialled().contains(&C), "it is not dialled any more");
}

#[test]
fn f24_a_node_that_leaves_and_never_answers_is_closed_after_a_while() {
    let (mut world, [_, b, c]) = World::linked(config(|config| config.drain_timeout = ms(700)));
    world.advance(ms(1_000));
    let get = world.submit(Command::incr("foo"));
    assert_eq!(world.reads(c), "INCR foo");
    world.refresh_topology();
    world.advance(ms(150));
    let rows: &[Row<'_>] = &[(0, 5460, &[A]), (5461, 16383, &[B])];
    let asked = world.asked();
    world.answer(asked, &topology(rows, &[]));
    world.submit(Command::get("foo"));
    assert_eq!(world.reads(b), "", "the fence holds");
    world.advance(ms(700));
    assert!(world.is_closed(c));
    assert!(world.outcome(get).contains("may have been executed"));
    assert_eq!(world.reads(b), "GET foo");
}

#[test]
fn f34_when_all_nodes_are_gone_the_seeds_are_asked_again() {
    let mut world = World::new(Config::default(), &["redis.example:7000"]);
    let first = world.submit(Command::get("foo"));
    let seed = world.open("redis.example:7000");
    world.tells(seed, ROWS);
    assert!(world.is_closed(seed));
    let c = world.open(C);
    assert_eq!(world.reads(c), "GET foo");
    world.answer(c, "$-1\r\n");
    assert_eq!(world.outcome(first), "$-1\r\n");

    // Everything restarts with new addresses.
    world.close(c, Disconnect::EndOfStream);
    let second = world.submit(Command::get("foo"));
    let rows: &[Row<'_>] = &[(0, 16383, &["127.0.0.1:8000"])];
    while world.outcome(second) == "open" {
        for node in [C, C, A, B] {
            if world.dialled().contains(&node) {
                world.refuse(node, Disconnect::Refused);
            }
        }
        if world.dialled().is_empty() {
            world.advance_to_timer();
        } else {
            step(&mut world, rows, |address| {
                assert_eq!(address, "127.0.0.1:8000");
                "$1\r\n2\r\n".into()
            });
        }
    }
    assert_eq!(world.outcome(second), "$1\r\n2\r\n");
    assert!(world.elapsed() < ms(2_000), "{:?}", world.elapsed());
}

#[test]
fn f22_replicas_of_a_dead_primary_are_asked_first() {
    let replica = "127.0.0.1:7005";
    let rows: &[Row<'_>] = &[(0, 5460, &[A]), (5461, 10922, &[B]), (10923, 16383, &[C, replica])];
    let mut world = World::knowing(Config::default(), rows);
    world.submit(Command::get("foo"));
    world.advance(ms(1_000));
    world.refuse(C, Disconnect::Refused);
    world.advance(ms(150));
    assert!(world.dialled().contains(&replica), "{:?}", world.dialled());
}

#[test]
fn an_error_instead_of_shards_leaves_the_view_as_it_is() {
    let mut world = World::new(Config::default(), &[A]);
    let get = world.submit(Command::get("bar"));
    let a = world.open(A);
    assert_eq!(world.reads(a), ASK_TOPOLOGY);
    world.answer(
        a,
        &(slots_reply(ROWS) + "-ERR Unknown subcommand or wrong number of arguments\r\n"),
    );
    assert_eq!(world.reads(a), "GET bar");
    world.answer(a, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
}

#[test]
fn f34_others_are_asked_about_a_node_that_does_not_answer_a_dial() {
    let (mut world, [_, _, c]) = World::linked(Config::default());
    world.advance(ms(1_000));
    world.close(c, Disconnect::Reset);
    let get = world.submit(Command::get("foo"));
    assert_eq!(world.dialled(), [C], "it is dialled again, and does not answer");
    world.advance(ms(250));
    world.advance_to_timer();
    let asked = world.asked();
    let elsewhere = "127.0.0.1:7009";
    let rows: &[Row<'_>] = &[(0, 5460, &[A]), (5461, 10922, &[B]), (10923, 16383, &[elsewhere])];
    world.answer(asked, &topology(rows, &[]));
    let link = world.open(elsewhere);
    assert_eq!(world.reads(link), "GET foo", "long before the dial is given up");
    world.answer(link, "$1\r\n7\r\n");
    assert_eq!(world.outcome(get), "$1\r\n7\r\n");
}

#[test]
fn f34_who_has_no_link_left_asks_a_seed_before_all_dials_are_given_up() {
    // Replicas of a primary that fails know first who follows it, and may be gone as well.
    const HEIRS: [&str; 4] = [C, "10.0.0.7:7000", "10.0.0.8:7000", "10.0.0.9:7000"];
    for shard in [&HEIRS[..1], &HEIRS] {
        let mut world = World::new(Config::default(), &[SEED]);
        world.submit(Command::get("foo"));
        let seed = world.open(SEED);
        world.tells(seed, &[(0, 5460, &[A]), (5461, 10922, &[B]), (10923, 16383, shard)]);
        let c = world.open(C);
        assert_eq!(world.reads(c), "GET foo");
        world.answer(c, "$-1\r\n");
        world.advance(ms(1_000));
        for link in world.links() {
            world.close(link, Disconnect::Reset);
        }
        world.submit(Command::get("foo"));
        world.refuse(C, Disconnect::Refused);
        assert!(!world.dialled().contains(&SEED));
        while !world.dialled().contains(&SEED) {
            world.advance_to_timer();
            assert!(
                world.elapsed() < ms(4_000),
                "dials are given up before: {:?}",
                world.dialled()
            );
        }
    }
}

/// A client of three nodes of which the others have forgotten the first, and are gone from where it
/// believes them to be. The call is for one of them.
fn with_a_forgotten_node(seed: &'static str) -> (World, LinkId, Token) {
    let mut world = World::new(Config::default(), &[seed]);
    let first = world.submit(Command::get("bar"));
    let seed = world.open(seed);
    world.tells(seed, ROWS);
    let a = world.open(A);
    assert_eq!(world.reads(a), "GET bar");
    world.answer(a, "$-1\r\n");
    assert_eq!(world.outcome(first), "$-1\r\n");
    world.events();
    let get = world.submit(Command::get("foo"));
    (world, a, get)
}

/// The forgotten node answers every question, and nothing that it says is new. Tells how often.
fn let_it_answer(world: &mut World, a: LinkId, mut until: impl FnMut(&mut World) -> bool) -> usize {
    let mut told_by_a = 0;
    while !until(world) {
        for node in [B, C] {
            if world.dialled().contains(&node) {
                world.refuse(node, Disconnect::Refused);
            }
        }
        match &*world.reads(a) {
            "" => {
                world.advance_to_timer();
            }
            "PING" => world.answer(a, "+PONG\r\n"),
            text => {
                assert_eq!(text, ASK_TOPOLOGY);
                world.answer(a, &topology(ROWS, &[]));
                told_by_a += 1;
            }
        }
        assert!(world.elapsed() < ms(10_000), "it is asked again and again: {told_by_a}");
    }
    told_by_a
}

#[test]
fn f34_a_seed_is_asked_when_only_a_forgotten_node_answers() {
    let (mut world, a, get) = with_a_forgotten_node(SEED);
    let told_by_a = let_it_answer(&mut world, a, |world| world.dialled().contains(&SEED));
    assert!((2..=4).contains(&told_by_a), "{told_by_a} answers");
    let seed = world.open(SEED);
    world.tells(seed, &[(0, 16383, &[HEIR])]);
    let heir = world.open(HEIR);
    assert_eq!(world.reads(heir), "GET foo");
    world.answer(heir, "$1\r\n7\r\n");
    assert_eq!(world.outcome(get), "$1\r\n7\r\n");
}

#[test]
fn f34_a_seed_may_take_longer_to_reach_than_a_forgotten_node_to_answer() {
    let (mut world, a, get) = with_a_forgotten_node(SEED);
    let_it_answer(&mut world, a, |world| world.dialled().contains(&SEED));
    let since = world.elapsed();
    let told_by_a = let_it_answer(&mut world, a, |world| world.elapsed() >= since + ms(1_500));
    assert!(told_by_a >= 2, "rounds go on: {told_by_a} answers");
    assert_eq!(world.dial_count(SEED), 2, "at the start, and once since");
    let seed = world.open(SEED);
    let mut asked = String::new();
    let_it_answer(&mut world, a, |world| {
        asked = world.reads(seed);
        !asked.is_empty()
    });
    assert_eq!(asked, ASK_TOPOLOGY);
    world.answer(seed, &topology(&[(0, 16383, &[HEIR])], &[]));
    let heir = world.open(HEIR);
    assert_eq!(world.reads(heir), "GET foo");
    world.answer(heir, "$1\r\n7\r\n");
    assert_eq!(world.outcome(get), "$1\r\n7\r\n");
}

/// Nodes that send the topology byte by byte do not keep it from those who wait for it.
#[test]
fn f34_nodes_that_drip_do_not_hold_a_round() {
    let seeds: Vec<_> = (0..7).map(|index| format!("127.0.0.1:{}", 7100 + index)).collect();
    let seeds: Vec<_> = seeds.iter().map(String::as_str).collect();
    let mut world = World::new(Config::default(), &seeds);
    let discovery = world.submit(Call::discovery());
    let mut dripping = Vec::new();
    while dripping.len() < 6 {
        let dialled: Vec<_> = world.dialled().into_iter().map(String::from).collect();
        for seed in dialled {
            let link = world.open(&seed);
            assert_eq!(world.reads(link), ASK_TOPOLOGY);
            world.answer(link, "$1000000\r\n");
            dripping.push(link);
        }
        world.advance(ms(50));
        for link in &dripping {
            world.answer(*link, "x");
        }
        assert!(world.elapsed() < ms(6_000), "{dripping:?}");
    }
    let good = world.open_later_of(&seeds);
    world.tells(good, ROWS);
    assert_eq!(world.outcome(discovery), "ready");
    assert!(world.elapsed() < ms(11_000), "three more each time that `connect_timeout` is over");
}

/// A node that takes long may still answer.
#[test]
fn f34_a_late_answer_of_a_round_is_taken() {
    let mut world = World::new(Config::default(), &[A, B]);
    let discovery = world.submit(Call::discovery());
    let dialled: Vec<_> = world.dialled().into_iter().map(String::from).collect();
    let slow = world.open(&dialled[0]);
    assert_eq!(world.reads(slow), ASK_TOPOLOGY);
    world.advance(ms(8_000));
    world.answer(slow, &topology(ROWS, &[]));
    assert_eq!(world.outcome(discovery), "ready");
}
