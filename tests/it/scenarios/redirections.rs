//! Redirections are bounded, and followed only to nodes of the cluster.

use hashslot::config::RedirectPolicy;
use hashslot::{Command, Config};

use crate::support::canned::*;
use crate::support::script::*;

const D: &str = "127.0.0.1:7003";
const EVIL: &str = "10.6.6.6:6379";

/// Answers questions about the topology with these rows, on all links; other bytes are returned.
fn serve(world: &mut World, rows: &[Row<'_>], others: &[&str]) -> Vec<(String, String)> {
    let mut read = Vec::new();
    for link in world.links() {
        let text = world.reads(link);
        let address = world.address(link).to_owned();
        if text == ASK_TOPOLOGY {
            world.answer(link, &topology(rows, others));
        } else if !text.is_empty() {
            read.push((address, text));
        }
    }
    read
}

#[test]
fn f36_the_caller_gets_the_redirection_after_too_many_of_them() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let get = world.submit(Command::get("foo"));
    for hop in 0..=16 {
        // Nodes that disagree have the first redirections at once, and time to agree from then on.
        let before = world.elapsed();
        let mut read = serve(&mut world, ROWS, &[]);
        while read.is_empty() {
            world.advance_to_timer();
            read = serve(&mut world, ROWS, &[]);
        }
        assert_eq!(world.elapsed() > before, hop > 8, "hop {hop}");
        let [(address, text)] = &read[..] else { panic!("{read:?}") };
        assert_eq!(text, "GET foo", "hop {hop}");
        let (link, to) = if address == A { (a, C) } else { (c, A) };
        world.answer(link, &format!("-MOVED 12182 {to}\r\n"));
    }
    assert_eq!(
        world.outcome(get),
        "GET for slot 12182 at 127.0.0.1:7002: the server answered: MOVED 12182 127.0.0.1:7000"
    );
    assert!(world.elapsed() >= ms(500) && world.elapsed() <= ms(2_000), "{:?}", world.elapsed());
    assert_eq!(world.machine.stats().moved_followed, 16);
}

#[test]
fn f36_a_command_that_pauses_holds_nobody_up() {
    let (mut world, [a, _, c]) = World::linked(config(|config| config.max_in_flight = 1));
    world.submit(Command::get("foo"));
    let (mut link, mut other, mut to) = (c, a, A);
    for _ in 1..=8 {
        assert_eq!(world.reads(link), "GET foo");
        world.answer(link, &format!("-MOVED 12182 {to}\r\n"));
        (link, other, to) = (other, link, if to == A { C } else { A });
    }
    assert_eq!(world.reads(link), "GET foo");
    let behind = world.submit(Command::get("{foo}behind")); // waits in line at the same node
    world.answer(link, &format!("-MOVED 12182 {to}\r\n"));
    assert_eq!(world.reads(other), "GET {foo}behind");
    world.answer(other, "$-1\r\n");
    assert_eq!(world.outcome(behind), "$-1\r\n");
    assert!(world.reads_later(other).0 > ms(0));
}

#[test]
fn f36_ask_to_and_fro_is_bounded_even_after_a_tryagain() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let get = world.submit(Command::get("foo"));
    world.reads(c);
    world.answer(c, "-TRYAGAIN x\r\n");
    let (_, text) = world.reads_later(c);
    assert_eq!(text, "GET foo");
    world.answer(c, "-ASK 12182 127.0.0.1:7000\r\n");
    for hop in 1..=16 {
        let (link, to) = if hop % 2 == 0 { (c, A) } else { (a, C) };
        assert_eq!(world.reads(link), "ASKING; GET foo", "hop {hop}");
        world.answer(link, &format!("+OK\r\n-ASK 12182 {to}\r\n"));
    }
    assert_eq!(
        world.outcome(get),
        "GET for slot 12182 at 127.0.0.1:7002: the server answered: ASK 12182 127.0.0.1:7000"
    );
}

#[test]
fn f36_m4_moved_to_itself_for_ever() {
    let (mut world, [.., c]) = World::linked(Config::default());
    world.advance(ms(5_000));
    let before = world.machine.stats().topology_queries;
    let get = world.submit(Command::get("foo"));
    let (mut sent, mut links) = (Vec::new(), vec![c]);
    while world.outcome(get) == "open" {
        for node in world.dialled().into_iter().map(String::from).collect::<Vec<_>>() {
            links.push(world.open(&node));
        }
        for (address, text) in serve(&mut world, ROWS, &[]) {
            assert_eq!((&*address, &*text), (C, "GET foo"));
            sent.push(world.elapsed());
            world.answer(*links.last().expect("a link"), "-MOVED 12182 127.0.0.1:7002\r\n");
        }
        if world.outcome(get) == "open" {
            world.advance_to_timer();
        }
    }
    assert_eq!(
        world.outcome(get),
        "GET for slot 12182 at 127.0.0.1:7002: the server answered: MOVED 12182 127.0.0.1:7002"
    );
    assert_eq!(sent.len(), 17);
    let pauses: Vec<_> = sent.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.iter().all(|pause| ms(5) <= *pause && *pause <= ms(250)), "{pauses:?}");
    assert!(world.elapsed() - ms(5_000) > ms(1_000), "backed off: {pauses:?}");
    assert_eq!(links.len(), 2, "the connection was renewed once");
    assert!(world.is_closed(c));
    let queries = world.machine.stats().topology_queries - before;
    assert!(queries <= 8, "{queries} queries");
}

#[test]
fn f68_m7_many_calls_that_are_moved_to_the_same_node_dial_once() {
    let (mut world, _) = World::linked(Config::default());
    world.advance(ms(5_000));
    let before = world.machine.stats().topology_queries;
    for _ in 0..1_000 {
        world.submit(Command::get("foo"));
    }
    while world.machine.call_count() > 0 {
        for node in world.dialled().into_iter().map(String::from).collect::<Vec<_>>() {
            world.open(&node);
        }
        for link in world.links() {
            let mut replies = String::new();
            for command in world.reads(link).split("; ").filter(|text| !text.is_empty()) {
                match command {
                    "GET foo" => replies.push_str("-MOVED 12182 127.0.0.1:7002\r\n"),
                    "CLUSTER SLOTS" => replies.push_str(&slots_reply(ROWS)),
                    "CLUSTER SHARDS" => replies.push_str(&shards_reply(ROWS, &[])),
                    other => assert_eq!(other, "PING"),
                }
            }
            world.answer(link, &replies);
        }
        if world.machine.call_count() > 0 {
            world.advance_to_timer();
        }
    }
    let queries = world.machine.stats().topology_queries - before;
    assert!(queries <= 8, "{queries} queries");
    assert_eq!(world.link_count(), 4);
}

#[test]
fn f75_a_node_that_the_topology_does_not_list_is_asked_about_first() {
    for kind in ["MOVED", "ASK"] {
        let (mut world, [.., c]) = World::linked(Config::default());
        world.advance(ms(1_000));
        let get = world.submit(Command::get("foo"));
        assert_eq!(world.reads(c), "GET foo");
        world.answer(c, &format!("-{kind} 12182 {D}\r\n"));
        assert_eq!(world.dialled(), Vec::<&str>::new());
        assert_eq!(world.events(), ["reinit: UnknownNode"]);
        let asked = world.asked();
        world.answer(asked, &topology(ROWS, &[D])); // it is there, and has no slots
        let d = world.open(D);
        let expected = if kind == "ASK" { "ASKING; GET foo" } else { "GET foo" };
        assert_eq!(world.reads(d), expected);
        world.answer(d, if kind == "ASK" { "+OK\r\n$-1\r\n" } else { "$-1\r\n" });
        assert_eq!(world.outcome(get), "$-1\r\n");
        let events = world.events();
        let followed = format!("{} 12182: {C} -> {D}", kind.to_lowercase());
        assert!(events.contains(&followed), "{events:?}");
    }
}

#[test]
fn f75_a_topology_that_knows_better_overrules_what_was_asked_about() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    world.advance(ms(1_000));
    let get = world.submit(Command::get("foo"));
    assert_eq!(world.reads(c), "GET foo");
    world.answer(c, &format!("-MOVED 12182 {D}\r\n"));
    let rows: &[Row<'_>] = &[(0, 5460, &[A]), (5461, 10922, &[B]), (10923, 16383, &[A])];
    let asked = world.asked();
    world.answer(asked, &topology(rows, &[C, D])); // the slot has moved on meanwhile
    assert_eq!(world.dialled(), Vec::<&str>::new(), "the node of the older redirection");
    assert_eq!(world.reads(a), "GET foo");
    world.answer(a, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
}

#[test]
fn f75_a_node_that_only_cluster_nodes_lists() {
    let mut world = World::new(Config::default(), &[A]);
    let get = world.submit(Command::get("bar"));
    let a = world.accept(A);
    world.reads(a);
    world.answer(a, &welcome("6.2.5"));
    assert_eq!(world.reads(a), "CLUSTER SLOTS; CLUSTER NODES");
    let rows: &[Row<'_>] = &[(0, 16383, &[A])];
    world.answer(a, &(slots_reply(rows) + &nodes_reply(rows, &[])));
    assert_eq!(world.reads(a), "GET bar");
    world.answer(a, &format!("-ASK 5061 {D}\r\n"));
    let (_, text) = world.reads_later(a);
    assert_eq!(text, "CLUSTER SLOTS; CLUSTER NODES");
    world.answer(a, &(slots_reply(rows) + &nodes_reply(rows, &[D])));
    let d = world.open(D);
    assert_eq!(world.reads(d), "ASKING; GET bar");
    world.answer(d, "+OK\r\n$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
}

#[test]
fn f75_a_stranger_is_never_dialled() {
    for kind in ["MOVED", "ASK"] {
        let (mut world, [.., c]) = World::linked(Config::default());
        let get = world.submit(Command::get("foo"));
        while world.outcome(get) == "open" {
            for (address, text) in serve(&mut world, ROWS, &[]) {
                assert_eq!((&*address, &*text), (C, "GET foo"));
                world.answer(c, &format!("-{kind} 12182 {EVIL}\r\n"));
            }
            assert_eq!(world.dialled(), Vec::<&str>::new());
            if world.outcome(get) == "open" {
                world.advance_to_timer();
            }
        }
        assert_eq!(
            world.outcome(get),
            format!("GET for slot 12182 at {C}: the server answered: {kind} 12182 {EVIL}")
        );
        assert!(world.events().contains(&format!("refused: {C} -> {EVIL}")));
        assert!(world.machine.stats().redirections_refused > 0);
        assert!(world.elapsed() <= ms(20_000));
    }
}

#[test]
fn f75_the_policy_can_be_widened() {
    let any = config(|config| config.redirect_policy = RedirectPolicy::Any);
    let (mut world, [.., c]) = World::linked(any);
    let get = world.submit(Command::get("foo"));
    world.reads(c);
    world.answer(c, &format!("-MOVED 12182 {D}\r\n"));
    let d = world.open(D);
    assert_eq!(world.reads(d), "GET foo");
    world.answer(d, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
}

#[test]
fn f75_a_redirection_for_another_slot_is_not_followed() {
    let (mut world, [.., c]) = World::linked(Config::default());
    let get = world.submit(Command::get("foo"));
    world.reads(c);
    world.answer(c, "-MOVED 1 127.0.0.1:7000\r\n");
    assert_eq!(
        world.outcome(get),
        "GET for slot 12182 at 127.0.0.1:7002: the server answered: MOVED 1 127.0.0.1:7000"
    );
}

#[test]
fn f75_suspects_keep_the_order_of_their_slot() {
    let (mut world, [_, _, c]) = World::linked(Config::default());
    world.advance(ms(1_000));
    let set = |number: u32| Command::set("foo", number.to_string());
    for number in 1..=3 {
        world.submit(set(number));
    }
    assert_eq!(world.reads(c), "SET foo 1; SET foo 2; SET foo 3");
    world.answer(c, &format!("-MOVED 12182 {D}\r\n"));
    world.submit(set(4));
    assert!(world.reads(c).ends_with("SET foo 4"));
    // The former owner itself may be asked first, behind its replies: then the next one is.
    let others = [world.open(A), world.open(B)];
    let mut asked = None;
    while asked.is_none() {
        asked = others.into_iter().find(|link| world.reads(*link) == ASK_TOPOLOGY);
        if asked.is_none() {
            world.advance_to_timer();
        }
    }
    let asked = asked.expect("found");
    world.answer(asked, &topology(ROWS, &[D])); // an old view, which lists the node
    world.submit(set(5));
    let moved = format!("-MOVED 12182 {D}\r\n");
    world.answer(c, &moved);
    world.submit(set(6));
    world.answer(c, &moved.repeat(2));
    let d = world.open(D);
    let sets: Vec<_> = (1..=6).map(|number| format!("SET foo {number}")).collect();
    assert_eq!(world.reads(d), sets.join("; "));
    assert_eq!(world.reads(c).replace(ASK_TOPOLOGY, ""), "");
}
