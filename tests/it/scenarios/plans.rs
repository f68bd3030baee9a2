//! One command becomes several, and their replies one answer.

use hashslot::command::ResponsePolicy;
use hashslot::config::Protocol;
use hashslot::error::Rejection;
use hashslot::{Call, Command, Config, CrossSlot, LinkId, Reply, Slot, Target};

use crate::support::canned::*;
use crate::support::script::*;

fn words(line: &str) -> Command {
    let mut words = line.split(' ');
    Command::new(words.next().unwrap()).args(words)
}

/// Submits a command, has each node answer what it got, and tells what becomes of it.
#[track_caller]
fn answered(call: impl Into<Call>, nodes: [(&str, &str); 3]) -> String {
    let (mut world, links) = World::linked(Config::default());
    let token = world.submit(call);
    for ((node, link), (command, reply)) in [A, B, C].into_iter().zip(links).zip(nodes) {
        // Some commands have a connection of their own.
        let link = if world.dialled().contains(&node) { world.accept_set_up(node) } else { link };
        assert_eq!(world.reads(link), command);
        world.answer(link, reply);
    }
    world.outcome(token)
}

#[test]
fn mget_over_slots_is_one_command_a_slot_and_one_write_a_node() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    let mget = world.submit(words("MGET foo bar a foo b {foo}2 c"));
    // Slots: b 3300, bar 5061 | c 7365 | foo 12182 three times, a 15495.
    assert_eq!(world.reads(a), "MGET b; MGET bar");
    assert_eq!(world.reads(b), "MGET c");
    assert_eq!(world.reads(c), "MGET foo foo {foo}2; MGET a");
    world.answer(c, "*3\r\n:1\r\n:1\r\n$-1\r\n*1\r\n$1\r\n2\r\n");
    world.answer(b, "*1\r\n_\r\n");
    assert_eq!(world.outcome(mget), "open");
    world.answer(a, "*1\r\n:3\r\n*1\r\n:4\r\n");
    assert_eq!(world.outcome(mget), "*7\r\n:1\r\n:4\r\n$1\r\n2\r\n:1\r\n:3\r\n$-1\r\n_\r\n");
}

/// Each node answers what it got.
#[track_caller]
fn answers(world: &mut World, links: [LinkId; 3], nodes: [(&str, &str); 3]) {
    for (link, (command, reply)) in links.into_iter().zip(nodes) {
        assert_eq!(world.reads(link), command);
        world.answer(link, reply);
    }
}

const RESP2: Protocol = Protocol::Resp2;
const RESP3: Protocol = Protocol::Resp3;

#[test]
fn a_merged_reply_has_the_nulls_that_its_nodes_sent() {
    let (mut world, links) =
        World::linked_over(config(|config| config.protocol = RESP2), [RESP2; 3]);
    let mget = world.submit(words("MGET foo bar c"));
    let missing = "*1\r\n$-1\r\n";
    let found = "*1\r\n$1\r\nx\r\n";
    answers(&mut world, links, [("MGET bar", missing), ("MGET c", missing), ("MGET foo", found)]);
    assert_eq!(world.outcome(mget), "*3\r\n$1\r\nx\r\n$-1\r\n$-1\r\n");
}

#[test]
fn replies_that_stay_apart_are_a_map_in_the_protocol_of_their_links() {
    let expected = |head: &str| {
        let [a, b, c] = [A, B, C].map(bulk);
        format!("{head}{a}$-1\r\n{b}-NOPERM no\r\n{c}+x\r\n")
    };
    let resp2 = || config(|config| config.protocol = RESP2);
    for (config, protocols, head) in [
        (resp2(), [RESP2; 3], "*6\r\n"),
        (Config::default(), [RESP2; 3], "*6\r\n"),
        (Config::default(), [RESP3; 3], "%3\r\n"),
        // Who reads RESP3 reads RESP2 as well.
        (Config::default(), [RESP2, RESP2, RESP3], "%3\r\n"),
        (Config::default(), [RESP3, RESP2, RESP2], "%3\r\n"),
    ] {
        let (mut world, links) = World::linked_over(config, protocols);
        let info = world.submit(words("INFO"));
        let pipeline = world.submit(Call::pipeline([words("INFO")]));
        let replies = ["$-1\r\n$-1\r\n", "-NOPERM no\r\n-NOPERM no\r\n", "+x\r\n+x\r\n"];
        answers(&mut world, links, replies.map(|reply| ("INFO; INFO", reply)));
        let frame = world.result(info).clone().unwrap().into_frame().unwrap();
        assert_eq!(frame.as_bytes(), &expected(head), "{protocols:?}");
        let Ok(Reply::Pipeline(results)) = world.result(pipeline) else { panic!() };
        assert_eq!(results[0].as_ref().unwrap().as_bytes(), &expected(head), "{protocols:?}");
    }
    // Where all that came are errors, these tell what the links speak.
    let (mut world, links) = World::linked_over(Config::default(), [RESP2; 3]);
    let info = world.submit(words("INFO"));
    answers(&mut world, links, [("INFO", "-ERR a\r\n"); 3]);
    let frame = world.result(info).clone().unwrap().into_frame().unwrap();
    assert!(frame.as_bytes().starts_with(b"*6\r\n"), "{frame:?}");
    // Where nothing came, the configuration does.
    for (protocol, empty) in [(RESP2, "*0\r\n"), (RESP3, "%0\r\n")] {
        let (mut world, _) =
            World::linked_over(config(|config| config.protocol = protocol), [RESP3; 3]);
        let none = world.submit(Call::new(words("INFO")).target(Target::AllReplicas));
        let frame = world.result(none).clone().unwrap().into_frame().unwrap();
        assert_eq!(frame.as_bytes(), empty);
    }
}

#[test]
fn attributes_of_replies_and_of_elements_stay() {
    let popular = "|1\r\n+popularity\r\n,0.5\r\n";
    let told = answered(
        words("MGET foo bar c"),
        [
            ("MGET bar", &format!("{popular}*1\r\n|1\r\n+ttl\r\n:10\r\n$1\r\nb\r\n")),
            ("MGET c", "*1\r\n_\r\n"),
            ("MGET foo", "|2\r\n+popularity\r\n,0.5\r\n+a\r\n:1\r\n*1\r\n$1\r\nf\r\n"),
        ],
    );
    let attributes = "|2\r\n+popularity\r\n,0.5\r\n+a\r\n:1\r\n";
    let elements = "*3\r\n$1\r\nf\r\n|1\r\n+ttl\r\n:10\r\n$1\r\nb\r\n_\r\n";
    assert_eq!(told, format!("{attributes}{elements}"));
    let told = answered(
        words("DBSIZE"),
        [
            ("DBSIZE", &format!("{popular}:1\r\n")),
            ("DBSIZE", &format!("{popular}:2\r\n")),
            ("DBSIZE", ":3\r\n"),
        ],
    );
    assert_eq!(told, format!("{popular}:6\r\n"));
}

#[test]
fn keys_of_one_slot_are_not_split() {
    let (mut world, [_, _, c]) = World::linked(Config::default());
    let del = world.submit(words("DEL {foo}1 {foo}2"));
    assert_eq!(world.reads(c), "DEL {foo}1 {foo}2");
    world.answer(c, ":2\r\n");
    assert_eq!(world.outcome(del), ":2\r\n");
}

#[test]
fn numbers_of_keys_are_added_up() {
    for name in ["DEL", "UNLINK", "EXISTS", "TOUCH"] {
        let told = answered(
            words(&format!("{name} foo bar c foo")),
            [
                (&format!("{name} bar"), ":1\r\n"),
                (&format!("{name} c"), ":0\r\n"),
                (&format!("{name} foo foo"), ":2\r\n"),
            ],
        );
        assert_eq!(told, ":3\r\n");
    }
}

#[test]
fn pairs_and_triples_stay_together() {
    let told = answered(
        words("MSET foo 1 bar 2 c 3 foo 4"),
        [("MSET bar 2", "+OK\r\n"), ("MSET c 3", "+OK\r\n"), ("MSET foo 1 foo 4", "+OK\r\n")],
    );
    assert_eq!(told, "+OK\r\n");
}

#[test]
fn what_has_a_condition_on_all_keys_is_never_split() {
    let mut world = World::discovered(Config::default());
    for line in [
        "MSETNX foo 1 bar 2",
        "MSETEX 2 foo 1 bar 2 NX",
        "MSETEX 2 foo 1 bar 2 EX 10 xx",
        "RENAME foo bar",
        "SINTER foo bar",
        "EVAL return 2 foo bar",
    ] {
        let refused = world.try_submit(words(line)).expect_err(line);
        let Some(Rejection::CrossSlot(first, other)) = refused.error.rejection() else {
            panic!("{line}: {refused}");
        };
        assert_eq!((first.number(), other.number()), (12182, 5061));
    }
}

#[test]
fn msetex_without_a_condition_is_split_with_its_options() {
    let told = answered(
        words("MSETEX 3 foo 1 bar 2 c 3 EX 10"),
        [
            ("MSETEX 1 bar 2 EX 10", ":1\r\n"),
            ("MSETEX 1 c 3 EX 10", ":1\r\n"),
            ("MSETEX 1 foo 1 EX 10", ":1\r\n"),
        ],
    );
    assert_eq!(told, ":1\r\n");
}

#[test]
fn splitting_is_refused_by_configuration_or_by_call() {
    let refuse = config(|config| config.cross_slot = CrossSlot::Refuse);
    let (mut world, [a, ..]) = World::linked(refuse);
    let refused = world.try_submit(words("MGET foo bar")).expect_err("refused");
    assert_eq!(
        refused.error.to_string(),
        "MGET: not sent: the keys are in different slots (12182 and 5061), give them one hash tag"
    );
    assert_eq!(world.reads(a), "");
    world.submit(Call::new(words("MGET foo bar")).cross_slot(CrossSlot::Split));
    assert_eq!(world.reads(a), "MGET bar");

    let mut world = World::discovered(Config::default());
    let call = Call::new(words("MGET foo bar")).cross_slot(CrossSlot::Refuse);
    world.try_submit(call).expect_err("refused");
    let odd = world.try_submit(words("MSET foo 1 bar")).expect_err("refused").error;
    assert!(matches!(odd.rejection(), Some(Rejection::Malformed(_))), "{odd}");
}

#[test]
fn a_failed_part_is_told_key_by_key_and_the_others_stay_done() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    let mset = world.submit(words("MSET foo 1 bar 2 c 3 a 4 foo 5"));
    assert_eq!(world.reads(a), "MSET bar 2");
    assert_eq!(world.reads(b), "MSET c 3");
    assert_eq!(world.reads(c), "MSET foo 1 foo 5; MSET a 4");
    world.answer(a, "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
    world.answer(c, "+OK\r\n+OK\r\n");
    world.advance(ms(20_000)); // B never answers
    let Err(error) = world.result(mset) else { panic!() };
    let Some(partial) = error.partial() else { panic!("{error}") };
    assert!(error.may_have_executed());
    let mut done: Vec<_> = partial.done().collect();
    done.sort_unstable();
    assert_eq!(done, [0, 3, 4]);
    assert_eq!(partial.not_done().collect::<Vec<_>>(), [1]);
    assert_eq!(partial.unknown().collect::<Vec<_>>(), [2]);
    assert_eq!(
        error.to_string(),
        "MSET: 2 of 4 parts failed, the first for slot 5061 at 127.0.0.1:7000: the server answered: OOM command not allowed when used memory > 'maxmemory'."
    );
    let of_c = partial.parts().iter().find(|part| part.keys() == [2]).unwrap();
    assert_eq!(of_c.slot(), Slot::new(7365));
    let done = partial.parts().iter().find(|part| part.keys() == [3]).unwrap();
    assert_eq!(&done.reply().unwrap().as_bytes()[..], b"+OK\r\n");
}

#[test]
fn parts_that_failed_alike_are_one_error() {
    let told = answered(
        words("DEL foo bar c"),
        [("DEL bar", "-NOPERM no\r\n"), ("DEL c", "-NOPERM no\r\n"), ("DEL foo", "-NOPERM no\r\n")],
    );
    assert_eq!(told, "DEL: the server answered: NOPERM no");
    // A server that does not know a command quotes what came with it.
    let told = answered(
        words("UNLINK foo bar c"),
        [
            ("UNLINK bar", "-ERR unknown command 'UNLINK', with args beginning with: 'bar'\r\n"),
            ("UNLINK c", "-ERR unknown command 'UNLINK', with args beginning with: 'c'\r\n"),
            ("UNLINK foo", "-ERR unknown command 'UNLINK', with args beginning with: 'foo'\r\n"),
        ],
    );
    assert!(
        told.starts_with("UNLINK: the server answered: ERR unknown command 'UNLINK'"),
        "{told}"
    );
}

#[test]
fn only_the_redirected_part_is_sent_again() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    let mget = world.submit(words("MGET foo bar c"));
    assert_eq!(world.reads(a), "MGET bar");
    assert_eq!((world.reads(b), world.reads(c)), ("MGET c".into(), "MGET foo".into()));
    world.answer(c, "-ASK 12182 127.0.0.1:7000\r\n");
    world.answer(b, "-MOVED 7365 127.0.0.1:7002\r\n");
    assert_eq!(world.reads(a), "ASKING; MGET foo");
    assert_eq!(world.reads(c), "MGET c");
    world.answer(a, "*1\r\n:2\r\n+OK\r\n*1\r\n:1\r\n");
    world.answer(c, "*1\r\n:3\r\n");
    assert_eq!(world.outcome(mget), "*3\r\n:1\r\n:2\r\n:3\r\n");
    assert_eq!((world.reads(a), world.reads(b)), (String::new(), String::new()));
}

#[test]
fn f64_a_fan_out_reaches_every_primary_and_is_merged() {
    let dbsize = [("DBSIZE", ":3\r\n"), ("DBSIZE", ":0\r\n"), ("DBSIZE", ":4\r\n")];
    assert_eq!(answered(words("DBSIZE"), dbsize), ":7\r\n");
    let keys = [
        ("KEYS *", "*1\r\n$1\r\nb\r\n"),
        ("KEYS *", "*0\r\n"),
        ("KEYS *", "*2\r\n$1\r\na\r\n$1\r\nd\r\n"),
    ];
    assert_eq!(answered(words("KEYS *"), keys), "*3\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\nd\r\n");
    let none = [("RANDOMKEY", "_\r\n"), ("RANDOMKEY", "$1\r\nc\r\n"), ("RANDOMKEY", "$-1\r\n")];
    assert_eq!(answered(words("RANDOMKEY"), none), "$1\r\nc\r\n");
    let exists = "SCRIPT EXISTS x y";
    let exists = [
        (exists, "*2\r\n:1\r\n:1\r\n"),
        (exists, "*2\r\n:1\r\n:0\r\n"),
        (exists, "*2\r\n:1\r\n:1\r\n"),
    ];
    assert_eq!(answered(words("SCRIPT EXISTS x y"), exists), "*2\r\n:1\r\n:0\r\n");
    let kill = "SCRIPT KILL";
    let idle = "-NOTBUSY No scripts in execution right now.\r\n";
    assert_eq!(answered(words(kill), [(kill, idle), (kill, "+OK\r\n"), (kill, idle)]), "+OK\r\n");
    assert_eq!(
        answered(words(kill), [(kill, idle), (kill, idle), (kill, idle)]),
        "SCRIPT KILL at 127.0.0.1:7000: the server answered: NOTBUSY No scripts in execution right now."
    );
    let busy = "-UNKILLABLE it has written\r\n";
    assert_eq!(
        answered(words(kill), [(kill, idle), (kill, busy), (kill, idle)]),
        "SCRIPT KILL at 127.0.0.1:7001: the server answered: UNKILLABLE it has written"
    );
}

#[test]
fn replies_of_different_kinds_are_not_merged() {
    let dbsize = |policy, replies: [&str; 3]| {
        let nodes = replies.map(|reply| ("DBSIZE", reply));
        answered(Call::new(words("DBSIZE")).merge(policy), nodes)
    };
    let mixed = ["%1\r\n+a\r\n:1\r\n", "*1\r\n+b\r\n", "*0\r\n"];
    assert!(dbsize(ResponsePolicy::Concat, mixed).contains("expected a map, got an array of 1"));
    let mixed = ["*1\r\n+b\r\n", "%1\r\n+a\r\n:1\r\n", "*0\r\n"];
    assert!(
        dbsize(ResponsePolicy::Concat, mixed).contains("expected an array, got a map of 1 pair")
    );
    let mixed = [":1\r\n", "*1\r\n:2\r\n", ":3\r\n"];
    assert!(dbsize(ResponsePolicy::Sum, mixed).contains("replies of one length"));
    let sets = ["~1\r\n+b\r\n", "~1\r\n+a\r\n", "~0\r\n"];
    assert_eq!(dbsize(ResponsePolicy::Concat, sets), "~2\r\n+b\r\n+a\r\n");
}

#[test]
fn f64_a_node_that_fails_is_a_value_where_replies_stay_apart() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    let info = world.submit(words("INFO server"));
    for link in [a, b, c] {
        assert_eq!(world.reads(link), "INFO server");
    }
    world.answer(a, "$1\r\nA\r\n");
    world.answer(c, "-NOPERM no\r\n");
    world.advance(ms(20_000));
    let Ok(Reply::PerNode(replies)) = world.result(info) else { panic!() };
    let [(first, Ok(reply)), (second, Err(late)), (third, Err(refused))] = &replies[..] else {
        panic!("{replies:?}")
    };
    assert_eq!([first, second, third].map(ToString::to_string), [A, B, C]);
    assert_eq!(reply.value().as_bytes(), Some(&b"A"[..]));
    assert!(late.may_have_executed() && late.cause().is_some());
    assert_eq!(refused.to_string(), "INFO at 127.0.0.1:7002: the server answered: NOPERM no");
    let frame = world.result(info).clone().unwrap().into_frame().unwrap();
    assert_eq!(frame.value().pairs().unwrap().len(), 3);
}

#[test]
fn a_fan_out_that_comes_before_the_topology_waits_for_it() {
    let mut world = World::new(Config::default(), &[A]);
    let dbsize = world.submit(words("DBSIZE"));
    let pipeline = world.submit(Call::pipeline([words("GET foo"), words("DBSIZE")]));
    let gone = world.submit(words("DBSIZE"));
    world.cancel(gone);
    let a = world.open(A);
    world.tells(a, ROWS);
    assert_eq!(world.reads(a), "DBSIZE; DBSIZE");
    let (b, c) = (world.open(B), world.open(C));
    assert_eq!(world.reads(b), "DBSIZE; DBSIZE");
    assert_eq!(world.reads(c), "DBSIZE; GET foo; DBSIZE");
    world.answer(a, ":1\r\n:1\r\n");
    world.answer(b, ":2\r\n:2\r\n");
    world.answer(c, ":3\r\n+x\r\n:4\r\n");
    assert_eq!(world.outcome(dbsize), ":6\r\n");
    assert_eq!(world.outcome(pipeline), "[+x\r\n, :7\r\n]");
}

#[test]
fn a_pipeline_may_split_and_fan_out_and_keeps_its_order() {
    let told = answered(
        Call::pipeline([
            words("GET foo"),
            words("MGET foo bar"),
            words("GET c"),
            words("DBSIZE"),
            words("DEL a b"),
        ]),
        [
            ("MGET bar; DBSIZE; DEL b", "*1\r\n:1\r\n:10\r\n:1\r\n"),
            ("GET c; DBSIZE", ":2\r\n:20\r\n"),
            ("GET foo; MGET foo; DBSIZE; DEL a", ":3\r\n*1\r\n:4\r\n:30\r\n-ERR no\r\n"),
        ],
    );
    assert_eq!(
        told,
        "[:3\r\n, *2\r\n:4\r\n:1\r\n, :2\r\n, :60\r\n, DEL: 1 of 2 parts failed, the first for slot 15495 at 127.0.0.1:7002: the server answered: ERR no]"
    );
}

#[test]
fn slots_as_arguments_lead_to_their_owners() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    let count = world.submit(words("CLUSTER COUNTKEYSINSLOT 12182"));
    assert_eq!(world.reads(c), "CLUSTER COUNTKEYSINSLOT 12182");
    world.answer(c, ":5\r\n");
    assert_eq!(world.outcome(count), ":5\r\n");
    let delslots = world.submit(words("CLUSTER DELSLOTS 1 5461 2"));
    assert_eq!(world.reads(a), "CLUSTER DELSLOTS 1 2");
    assert_eq!(world.reads(b), "CLUSTER DELSLOTS 5461");
    world.answer(a, "+OK\r\n");
    world.answer(b, "+OK\r\n");
    assert_eq!(world.outcome(delslots), "+OK\r\n");
    world.try_submit(words("CLUSTER COUNTKEYSINSLOT 16384")).expect_err("no slot");
}

#[test]
fn ranges_of_slots_are_cut_where_owners_change() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    // A: 0-5460 | B: 5461-10922 | C: 10923-16383
    let given_up = world.submit(words("CLUSTER DELSLOTSRANGE 7 9 5000 12000 1 1"));
    assert_eq!(world.reads(a), "CLUSTER DELSLOTSRANGE 7 9 5000 5460 1 1");
    assert_eq!(world.reads(b), "CLUSTER DELSLOTSRANGE 5461 10922");
    assert_eq!(world.reads(c), "CLUSTER DELSLOTSRANGE 10923 12000");
    for link in [a, b, c] {
        world.answer(link, "+OK\r\n");
    }
    assert_eq!(world.outcome(given_up), "+OK\r\n");
    for odd in ["1 2 3", "2 1", "1"] {
        let command = words(&format!("CLUSTER DELSLOTSRANGE {odd}"));
        let refused = world.try_submit(command).expect_err(odd).error;
        assert!(matches!(refused.rejection(), Some(Rejection::Malformed(_))), "{refused}");
    }
}

#[test]
fn a_connection_is_killed_by_the_one_node_that_has_it() {
    let line = "CLIENT KILL 127.0.0.1:50000";
    let missing = "-ERR No such client\r\n";
    let one = answered(words(line), [(line, missing), (line, "+OK\r\n"), (line, missing)]);
    assert_eq!(one, "+OK\r\n");
    let none = answered(words(line), [(line, missing), (line, missing), (line, missing)]);
    assert_eq!(none, "CLIENT KILL: the server answered: ERR No such client");
    // With filters each node tells how many it had.
    let line = "CLIENT KILL TYPE normal";
    let many = answered(words(line), [(line, ":1\r\n"), (line, ":0\r\n"), (line, ":2\r\n")]);
    assert_eq!(many, ":3\r\n");
}

#[test]
fn a_target_and_a_merge_of_the_callers_outweigh_the_table() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    let one = world.submit(Call::new(words("DBSIZE")).target(Target::key("foo")));
    assert_eq!((world.reads(c), world.reads(a)), ("DBSIZE".into(), String::new()));
    world.answer(c, ":3\r\n");
    assert_eq!(world.outcome(one), ":3\r\n");

    let most = Call::new(words("DBSIZE")).merge(ResponsePolicy::Max);
    let most = world.submit(most);
    for (link, reply) in [(a, ":1\r\n"), (b, ":9\r\n"), (c, ":4\r\n")] {
        assert_eq!(world.reads(link), "DBSIZE");
        world.answer(link, reply);
    }
    assert_eq!(world.outcome(most), ":9\r\n");

    let time = world.submit(Call::new(words("TIME")).target(Target::AllNodes));
    for link in [a, b, c] {
        assert_eq!(world.reads(link), "TIME");
        world.answer(link, "*1\r\n:1\r\n");
    }
    let Ok(Reply::PerNode(replies)) = world.result(time) else { panic!() };
    assert_eq!(replies.len(), 3);

    let none = Call::new(words("TIME")).target(Target::AllReplicas);
    let Ok(token) = world.try_submit(none) else { panic!() };
    assert!(matches!(world.result(token), Ok(Reply::PerNode(none)) if none.is_empty()));
    let none = Call::new(words("DBSIZE")).target(Target::AllReplicas);
    let refused = world.try_submit(none).expect_err("no replica").error;
    assert_eq!(refused.to_string(), "DBSIZE: not executed: the cluster has no node of this kind");
}

#[test]
fn a_fan_out_to_primaries_follows_a_failover() {
    let rows: &[Row<'_>] = &[(0, 8191, &[A]), (8192, 16383, &[B, C])];
    let mut world = World::knowing(Config::default(), rows);
    let a = world.links()[0];
    let flush = world.submit(words("FLUSHALL"));
    assert_eq!(world.reads(a), "FLUSHALL");
    world.answer(a, "+OK\r\n");
    let b = world.open(B);
    assert_eq!(world.reads(b), "FLUSHALL");
    let readonly = "-READONLY You can't write against a read only replica.\r\n";
    world.answer(b, readonly);
    world.advance(ms(300));
    assert_eq!(world.reads(b), format!("FLUSHALL; {ASK_TOPOLOGY}"));
    world.answer(b, readonly);
    world.answer(b, &topology(&[(0, 8191, &[A]), (8192, 16383, &[C, B])], &[]));
    world.advance(ms(300));
    let c = world.open(C);
    assert_eq!(world.reads(c), "FLUSHALL");
    world.answer(c, "+OK\r\n");
    assert_eq!(world.outcome(flush), "+OK\r\n");
}

/// What cannot be sent in a pipeline, and the beginning of what its caller is told.
const REFUSED: [(&str, &str); 8] = [
    ("SINTER foo bar", "SINTER: not sent: the keys are in different slots (12182 and 5061)"),
    ("MSET foo 1 bar", "MSET: not sent: "),
    ("GET", "GET: not sent: "),
    ("WATCH foo", "WATCH: not sent: not allowed on a shared connection"),
    ("BLPOP foo 0", "BLPOP: not sent: not allowed on a shared connection"),
    ("SCAN 0", "SCAN: not sent: it concerns one node"),
    ("CLUSTER COUNTKEYSINSLOT 16384", "CLUSTER COUNTKEYSINSLOT: not sent: "),
    ("CLUSTER DELSLOTSRANGE 2 1", "CLUSTER DELSLOTSRANGE: not sent: "),
];

#[test]
fn a_member_that_cannot_be_sent_is_refused_in_its_place_and_the_others_run() {
    for (line, why) in REFUSED {
        let (mut world, links) = World::linked(Config::default());
        let pipeline = world.submit(Call::pipeline([
            words("SET foo 1"),
            words(line),
            words("MGET foo bar"),
            words(line),
            words("DBSIZE"),
            words("GET foo"),
        ]));
        let nodes = [
            ("MGET bar; DBSIZE", "*1\r\n:5\r\n:1\r\n"),
            ("DBSIZE", ":2\r\n"),
            ("SET foo 1; MGET foo; DBSIZE; GET foo", "+OK\r\n*1\r\n:4\r\n:3\r\n:9\r\n"),
        ];
        answers(&mut world, links, nodes);
        let Ok(Reply::Pipeline(results)) = world.result(pipeline) else { panic!("{line}") };
        let told = results.iter().map(|result| match result {
            Ok(frame) => String::from_utf8_lossy(frame.as_bytes()).into_owned(),
            Err(error) => {
                assert!(!error.may_have_executed());
                assert!(error.to_string().starts_with(why), "{line}: {error}");
                "refused".to_owned()
            }
        });
        let told: Vec<_> = told.collect();
        let expected = ["+OK\r\n", "refused", "*2\r\n:4\r\n:5\r\n", "refused", ":6\r\n", ":9\r\n"];
        assert_eq!(told, expected, "{line}");
    }
}

#[test]
fn a_pipeline_of_which_nothing_can_be_sent_is_answered_all_the_same() {
    let mut world = World::discovered(Config::default());
    let a = world.open(A);
    let pipeline = world.submit(Call::pipeline(REFUSED.map(|(line, _)| words(line))));
    let Ok(Reply::Pipeline(results)) = world.result(pipeline) else { panic!() };
    assert_eq!(results.len(), REFUSED.len());
    for (result, (line, why)) in results.iter().zip(REFUSED) {
        let error = result.as_ref().expect_err(line);
        assert!(error.to_string().starts_with(why), "{line}: {error}");
    }
    assert_eq!((world.reads(a), world.machine.call_count()), (String::new(), 0));
}

#[test]
fn a_member_is_refused_in_its_place_once_the_topology_is_known() {
    let mut world = World::new(Config::default(), &[A]);
    let pipeline = |line| Call::pipeline([words("SINTER foo bar"), words(line), words("GET bar")]);
    let mixed = world.submit(pipeline("DBSIZE"));
    let reversed = world.submit(pipeline("CLUSTER DELSLOTSRANGE 2 1"));
    let strict = world.submit(pipeline("DBSIZE").strict());
    let a = world.open(A);
    world.tells(a, &[(0, 16_383, &[A])]);
    assert_eq!(world.reads(a), "DBSIZE; GET bar; GET bar");
    world.answer(a, ":1\r\n:2\r\n:3\r\n");
    let cross = "SINTER: not sent: the keys are in different slots (12182 and 5061), give them one hash tag";
    assert_eq!(world.outcome(mixed), format!("[{cross}, :1\r\n, :2\r\n]"));
    let malformed =
        "CLUSTER DELSLOTSRANGE: not sent: a range needs its first and its last slot, in this order";
    assert_eq!(world.outcome(reversed), format!("[{cross}, {malformed}, :3\r\n]"));
    assert_eq!(world.outcome(strict), cross);
}

#[test]
fn a_strict_pipeline_with_a_member_that_cannot_be_sent_sends_nothing() {
    for (line, why) in REFUSED {
        let (mut world, links) = World::linked(Config::default());
        let call =
            Call::pipeline([words("SET foo 1"), words(line), words("MGET foo bar")]).strict();
        let refused = world.try_submit(call).expect_err(line);
        assert!(refused.error.to_string().starts_with(why), "{line}: {refused}");
        assert!(links.iter().all(|link| world.reads(*link).is_empty()), "{line}");
    }
    let (mut world, [.., c]) = World::linked(Config::default());
    let good = world.submit(Call::pipeline([words("SET foo 1"), words("GET foo")]).strict());
    assert_eq!(world.reads(c), "SET foo 1; GET foo");
    world.answer(c, "+OK\r\n-WRONGTYPE no\r\n");
    assert_eq!(
        world.outcome(good),
        "[+OK\r\n, GET for slot 12182 at 127.0.0.1:7002: the server answered: WRONGTYPE no]"
    );
    // What is said of pipelines changes nothing about other calls.
    let refused = world.try_submit(Call::new(words("SINTER foo bar"))).expect_err("two slots");
    let strict = world.try_submit(Call::new(words("SINTER foo bar")).strict()).expect_err("too");
    assert_eq!(refused.error, strict.error);
}

#[test]
fn a_member_for_a_node_whose_queue_is_full_is_refused_in_its_place() {
    let limits = config(|config| {
        config.max_queued = 1;
        config.max_in_flight = 1;
    });
    let (mut world, [a, b, c]) = World::linked(limits);
    world.submit(words("GET bar"));
    world.submit(words("GET bar"));
    let pipeline = || Call::pipeline([words("GET c"), words("GET bar"), words("MGET foo bar")]);
    let told = world.try_submit(pipeline().strict()).expect_err("the queue is full").to_string();
    let full = "GET for slot 5061 at 127.0.0.1:7000: refused: the limit `max_queued` is reached, retry later";
    assert_eq!(told, full);
    let mixed = world.submit(pipeline());
    let size = world.submit(Call::pipeline([words("GET bar"), words("SINTER foo bar")]));
    assert!(world.outcome(size).starts_with(&format!("[{full}, SINTER: not sent: the keys")));
    assert_eq!(
        (world.reads(a), world.reads(b), world.reads(c)),
        ("GET bar".into(), "GET c".into(), String::new())
    );
    world.answer(b, "+c\r\n");
    assert_eq!(world.outcome(mixed), format!("[+c\r\n, {full}, M{full}]"));
    // A command that is split is sent whole, or not at all.
    let told = world.try_submit(words("MGET foo bar")).expect_err("the queue is full").to_string();
    assert_eq!(told, full.replace("GET", "MGET"));
}

#[test]
fn an_explanation_tells_parts_nodes_and_merges_and_sends_nothing() {
    let (mut world, links) = World::linked(Config::default());
    let call = Call::pipeline([words("MGET foo bar"), words("PING"), words("DBSIZE")]);
    let explanation = world.machine.explain(call).unwrap();
    let told: Vec<_> = explanation
        .planned
        .iter()
        .map(|piece| {
            let slot = piece.slot.map(Slot::number);
            let node = piece.node.as_ref().map(ToString::to_string);
            (piece.command, slot, node)
        })
        .collect();
    let at = |node: &str| Some(node.to_owned());
    assert_eq!(
        told,
        [
            (0, Some(5061), at(A)),
            (0, Some(12182), at(C)),
            (1, None, None),
            (2, None, at(A)),
            (2, None, at(B)),
            (2, None, at(C)),
        ]
    );
    let merges = [Some(ResponsePolicy::KeyOrder), None, Some(ResponsePolicy::Sum)];
    assert_eq!(explanation.merges, merges);
    for link in links {
        assert_eq!(world.reads(link), "");
    }
}

#[test]
fn an_explanation_tells_what_is_refused_in_its_place() {
    let (mut world, links) = World::linked(Config::default());
    let pipeline = || Call::pipeline([words("DBSIZE"), words("SINTER foo bar"), words("GET foo")]);
    let explanation = world.machine.explain(pipeline()).unwrap();
    let of_commands: Vec<_> = explanation.planned.iter().map(|piece| piece.command).collect();
    assert_eq!(of_commands, [0, 0, 0, 2]);
    assert_eq!(explanation.merges, [Some(ResponsePolicy::Sum), None, None]);
    let told: Vec<_> =
        explanation.refusals.iter().map(|(place, error)| (*place, error.to_string())).collect();
    let [(1, why)] = &told[..] else { panic!("{told:?}") };
    assert!(why.contains("12182 and 5061"), "{why}");
    let strict = world.machine.explain(pipeline().strict()).expect_err("refused").to_string();
    assert_eq!(*why, strict);
    let one = world.machine.explain(Call::new(words("MGET foo bar"))).unwrap();
    assert_eq!((one.planned.len(), one.refusals.len()), (2, 0));
    assert!(links.iter().all(|link| world.reads(*link).is_empty()));
}

#[test]
fn a_command_that_was_learned_goes_where_the_server_says() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    let unknown = world.submit(words("MY.ASK option foo"));
    assert_eq!(world.reads(b), "MY.ASK option foo"); // `option` is in slot 7327
    world.answer(b, "+OK\r\n");
    assert_eq!(world.outcome(unknown), "+OK\r\n");

    // As servers before Redis 7.0 tell it, and as those since then do.
    let ask = format!("*6\r\n{}:-1\r\n*1\r\n+readonly\r\n:2\r\n:2\r\n:1\r\n", bulk("my.ask"));
    let count = format!(
        "*10\r\n{}:1\r\n*1\r\n+readonly\r\n:0\r\n:0\r\n:0\r\n*0\r\n*2\r\n{}{}*0\r\n*0\r\n",
        bulk("my.count"),
        bulk("request_policy:all_nodes"),
        bulk("response_policy:agg_sum")
    );
    let reply = format!("*2\r\n{ask}{count}");
    let reply =
        hashslot::Frame::parse(reply.into_bytes(), &hashslot::config::Limits::default()).unwrap();
    world.machine.set_learned_commands(hashslot::command::LearnedCommands::read(&reply).unwrap());

    world.submit(words("MY.ASK option foo"));
    assert_eq!(world.reads(c), "MY.ASK option foo");
    world.answer(c, "+OK\r\n");
    world.submit(Call::transaction([words("MY.ASK option foo"), Command::get("foo")]));
    assert_eq!(world.reads(c), "MULTI; MY.ASK option foo; GET foo; EXEC");
    world.answer(c, "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$-1\r\n");
    let count = world.submit(words("my.count"));
    for link in [a, b, c] {
        assert_eq!(world.reads(link), "my.count");
        world.answer(link, ":2\r\n");
    }
    assert_eq!(world.outcome(count), ":6\r\n");
}

#[test]
fn who_names_no_node_learns_that_it_takes_one() {
    let mut world = World::discovered(Config::default());
    let refused = world.try_submit(words("CLUSTER RESET HARD")).expect_err("refused").error;
    let told =
        "CLUSTER RESET: not sent: it concerns one node: set the node as the target of the call";
    assert_eq!(refused.to_string(), told);
}

#[test]
fn a_node_that_left_is_not_dialled_again_for_what_was_meant_for_it() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let ping = world.submit(Call::new(words("PING")).on_node(at(C)));
    assert_eq!(world.reads(c), "PING");
    world.refresh_topology();
    world.advance(ms(300));
    let asked = world.links().into_iter().find(|link| world.reads(*link) == ASK_TOPOLOGY);
    let rows: &[Row<'_>] = &[(0, 8191, &[A]), (8192, 16383, &[B])];
    world.answer(asked.unwrap(), &topology(rows, &[]));
    world.close(c, hashslot::error::Disconnect::Reset);
    assert!(world.dialled().is_empty());
    let told =
        "PING at 127.0.0.1:7002: may have been executed: the node is not part of the cluster";
    assert_eq!(world.outcome(ping), told);
    assert_eq!(world.reads(a), "");
}
