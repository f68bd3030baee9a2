//! What becomes of a command whose reply is an error: the rows of the table, one by one.

use hashslot::error::Failure;
use hashslot::{Call, Command, Config, ReadFrom};

use crate::support::canned::*;
use crate::support::script::*;

/// Submits `GET foo`, has its owner answer this, and tells how the call stands.
fn get_foo_answered(reply: &str) -> (World, Token) {
    let (mut world, [_, _, c]) = World::linked(Config::default());
    let get = world.submit(Command::get("foo"));
    assert_eq!(world.reads(c), "GET foo");
    world.answer(c, reply);
    (world, get)
}

#[test]
fn f15_moved_is_followed_at_once_and_remembered() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let first = world.submit(Command::get("foo"));
    assert_eq!(world.reads(c), "GET foo");
    world.answer(c, "-MOVED 12182 127.0.0.1:7000\r\n");
    assert_eq!(world.reads(a), "GET foo");
    assert_eq!(world.events(), ["moved 12182: 127.0.0.1:7002 -> 127.0.0.1:7000"]);
    world.answer(a, "$3\r\nbar\r\n");
    assert_eq!(world.outcome(first), "$3\r\nbar\r\n");

    let second = world.submit(Command::get("foo"));
    assert_eq!((world.reads(c), world.reads(a)), (String::new(), "GET foo".into()));
    world.answer(a, "$-1\r\n");
    assert_eq!(world.outcome(second), "$-1\r\n");

    // One refresh follows, soon; its answer confirms the redirection.
    world.advance(ms(300));
    let rows: &[Row<'_>] = &[
        (0, 5460, &[A]),
        (5461, 10922, &[B]),
        (10923, 12181, &[C]),
        (12182, 12182, &[A]),
        (12183, 16383, &[C]),
    ];
    world.tells(a, rows);
    assert_eq!(world.events(), ["reinit: Moved"]);
    world.advance(ms(10_000));
    assert_eq!(world.machine.stats().topology_queries, 2);
}

#[test]
fn f16_asking_and_its_command_leave_together() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let get = world.submit(Command::get("foo"));
    assert_eq!(world.reads(c), "GET foo");
    world.answer(c, "-ASK 12182 127.0.0.1:7000\r\n");
    assert_eq!(world.events(), ["ask 12182: 127.0.0.1:7002 -> 127.0.0.1:7000"]);
    assert_eq!(world.reads(a), "ASKING; GET foo");
    world.answer(a, "+OK\r\n$3\r\nbar\r\n");
    assert_eq!(world.outcome(get), "$3\r\nbar\r\n");

    // The owner stays, and there is no refresh for it.
    world.submit(Command::get("foo"));
    assert_eq!(world.reads(c), "GET foo");
    world.answer(c, "$-1\r\n");
    world.advance(ms(2_000));
    assert_eq!(world.machine.stats().topology_queries, 1);
}

#[test]
fn f16_one_byte_at_a_time() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let get = world.submit(Command::get("foo"));
    let set = world.submit(Command::set("foo", "1"));
    assert_eq!(world.reads_in_chunks(c, 1), "GET foo; SET foo 1");
    world.answer_in_chunks(c, "-ASK 12182 127.0.0.1:7000\r\n-ASK 12182 127.0.0.1:7000\r\n", 1);
    assert_eq!(world.reads_in_chunks(a, 1), "ASKING; GET foo; ASKING; SET foo 1");
    world.answer_in_chunks(a, "+OK\r\n$-1\r\n+OK\r\n+OK\r\n", 1);
    assert_eq!((world.outcome(get), world.outcome(set)), ("$-1\r\n".into(), "+OK\r\n".into()));
}

#[test]
fn f16_refused_asking_tells_the_cause() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let get = world.submit(Command::get("foo"));
    assert_eq!(world.reads(c), "GET foo");
    world.answer(c, "-ASK 12182 127.0.0.1:7000\r\n");
    assert_eq!(world.reads(a), "ASKING; GET foo");
    world.answer(a, "-NOPERM no ASKING for you\r\n-MOVED 12182 127.0.0.1:7002\r\n");
    assert_eq!(
        world.outcome(get),
        "GET for slot 12182 at 127.0.0.1:7000: the server answered: NOPERM no ASKING for you"
    );
}

#[test]
fn f17_every_command_has_its_own_asking_and_no_refresh() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    for _ in 0..50 {
        world.submit(Command::get("foo"));
    }
    world.reads(c);
    world.answer(c, &"-ASK 12182 127.0.0.1:7000\r\n".repeat(50));
    assert_eq!(world.reads(a), vec!["ASKING; GET foo"; 50].join("; "));
    world.answer(a, &"+OK\r\n$-1\r\n".repeat(50));
    world.advance(ms(5_000));
    assert_eq!(world.machine.stats().topology_queries, 1);
    assert_eq!(world.link_count(), 3);
}

#[test]
fn f18_tryagain_waits_and_goes_back_to_the_owner() {
    let (mut world, get) = get_foo_answered("-TRYAGAIN Multiple keys request during rehashing\r\n");
    let c = world.open(C);
    assert_eq!(world.outcome(get), "open");
    assert_eq!(world.reads(c), "");
    let (pause, text) = world.reads_later(c);
    assert!(ms(5) <= pause && pause <= ms(10), "{pause:?}");
    assert_eq!(text, "GET foo");
    world.answer(c, "$3\r\nbar\r\n");
    assert_eq!(world.outcome(get), "$3\r\nbar\r\n");
    assert_eq!(world.machine.stats().retries, 1);
}

#[test]
fn f18_ask_then_tryagain_starts_at_the_owner_and_spares_the_budget() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let mset = world.submit(Command::new("MSET").arg("{foo}a").arg("1").arg("{foo}b").arg("2"));
    for _ in 0..100 {
        assert_eq!(world.reads(c), "MSET {foo}a 1 {foo}b 2");
        world.answer(c, "-ASK 12182 127.0.0.1:7000\r\n");
        assert_eq!(world.reads(a), "ASKING; MSET {foo}a 1 {foo}b 2");
        world.answer(a, "+OK\r\n-TRYAGAIN Multiple keys request during rehashing of slot\r\n");
        world.advance(ms(250));
        if world.elapsed() > ms(19_000) {
            break;
        }
    }
    assert_eq!(world.reads(c), "MSET {foo}a 1 {foo}b 2");
    world.answer(c, "+OK\r\n");
    assert_eq!(world.outcome(mset), "+OK\r\n");
}

#[test]
fn f18_the_caller_sees_tryagain_at_the_deadline() {
    let (mut world, [.., c]) = World::linked(Config::default());
    let get = world.submit(Call::new(Command::get("foo")).timeout(ms(1_000)));
    while world.outcome(get) == "open" {
        if !world.reads(c).is_empty() {
            world.answer(c, "-TRYAGAIN Multiple keys request\r\n");
        }
        world.advance_to_timer();
    }
    assert_eq!(
        world.outcome(get),
        "GET for slot 12182: the server answered: TRYAGAIN Multiple keys request"
    );
    assert_eq!(world.elapsed(), ms(1_000));
}

#[test]
fn f19_clusterdown_is_retried_with_one_refresh() {
    for text in ["The cluster is down", "Hash slot not served"] {
        let (mut world, get) = get_foo_answered(&format!("-CLUSTERDOWN {text}\r\n"));
        let c = world.open(C);
        world.advance(ms(20));
        assert_eq!(world.reads(c), "GET foo", "{text}");
        assert_eq!(world.outcome(get), "open");
        world.answer(c, "$3\r\nbar\r\n");
        assert_eq!(world.outcome(get), "$3\r\nbar\r\n");
        world.advance(ms(200));
        assert_eq!(world.machine.stats().topology_queries, 2);
    }
}

#[test]
fn f19_the_caller_sees_clusterdown_at_the_deadline() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    let get = world.submit(Command::get("foo"));
    while world.outcome(get) == "open" {
        for link in [a, b, c] {
            match &*world.reads(link) {
                "" => {}
                "GET foo" => world.answer(link, "-CLUSTERDOWN The cluster is down\r\n"),
                ASK_TOPOLOGY => world.answer(link, &topology(ROWS, &[])),
                "PING" => world.answer(link, "+PONG\r\n"),
                other => {
                    assert_eq!(other, format!("GET foo; {ASK_TOPOLOGY}"));
                    let down = "-CLUSTERDOWN The cluster is down\r\n".to_string();
                    world.answer(link, &(down + &topology(ROWS, &[])));
                }
            }
        }
        world.advance_to_timer();
    }
    assert_eq!(
        world.outcome(get),
        "GET for slot 12182: the server answered: CLUSTERDOWN The cluster is down"
    );
    assert_eq!(world.elapsed(), ms(20_000));
    let queries = world.machine.stats().topology_queries;
    assert!(queries < 220, "{queries} queries in 20 s");
}

#[test]
fn f20_loading_waits() {
    for code in ["LOADING Redis is loading the dataset in memory", "MASTERDOWN Link is down"] {
        let (mut world, get) = get_foo_answered(&format!("-{code}\r\n"));
        let c = world.open(C);
        let (pause, text) = world.reads_later(c);
        assert!(ms(25) <= pause && pause <= ms(50), "{pause:?}");
        assert_eq!(text, "GET foo", "{code}");
        world.answer(c, "$-1\r\n");
        assert_eq!(world.outcome(get), "$-1\r\n");
    }
}

#[test]
fn f20_a_loading_replica_leaves_the_read_to_the_primary() {
    let rows: &[Row<'_>] = &[(0, 16383, &[A, B])];
    let mut config = Config::default();
    config.read_from = ReadFrom::PreferReplica;
    let mut world = World::new(config, &[A]);
    let get = world.submit(Command::get("foo"));
    let a = world.accept(A);
    assert_eq!(world.reads(a), format!("{HELLO}; READONLY"));
    world.answer(a, &(welcome("8.2.3") + "+OK\r\n"));
    world.tells(a, rows);
    let b = world.accept(B);
    assert_eq!(world.reads(b), format!("{HELLO}; READONLY"));
    world.answer(b, &(welcome("8.2.3") + "+OK\r\n"));
    assert_eq!(world.reads(b), "GET foo");
    world.answer(b, "-LOADING Redis is loading the dataset in memory\r\n");
    world.advance(ms(60));
    assert_eq!(world.reads(a), "GET foo");
    world.answer(a, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
}

#[test]
fn f21_readonly_and_unblocked_reread_the_topology() {
    for code in [
        "READONLY You can't write against a read only replica.",
        "UNBLOCKED force unblock from blocking operation, instance state changed",
    ] {
        let (mut world, [_, b, c]) = World::linked(Config::default());
        world.advance(ms(1_000));
        let set = world.submit(Command::set("foo", "1"));
        assert_eq!(world.reads(c), "SET foo 1");
        world.answer(c, &format!("-{code}\r\n"));
        assert_eq!(world.events(), ["reinit: Stale"]);
        let rows: &[Row<'_>] = &[(0, 5460, &[A]), (5461, 16383, &[B, C])];
        let asked = world.asked();
        world.answer(asked, &topology(rows, &[]));
        world.advance(ms(15));
        assert_eq!(world.reads(b), "SET foo 1", "{code}");
        world.answer(b, "+OK\r\n");
        assert_eq!(world.outcome(set), "+OK\r\n");
    }
}

#[test]
fn f21_a_script_that_is_refused_has_the_topology_reread_too() {
    for text in ["READONLY You can't write against a read only replica.", "CLUSTERDOWN x"] {
        let (mut world, [_, _, c]) = World::linked(Config::default());
        world.advance(ms(1_000));
        let eval = world.submit(Command::new("EVAL").arg("return 1").arg(1).arg("foo"));
        assert_eq!(world.reads(c), "EVAL return 1 1 foo");
        world.answer(c, &format!("-{text}\r\n"));
        assert_eq!(
            world.outcome(eval),
            format!("EVAL for slot 12182 at {C}: the server answered: {text}")
        );
        world.advance(ms(300));
        assert_eq!(world.events(), ["reinit: Stale"], "{text}");
    }
}

#[test]
fn f23_other_errors_are_the_callers_verbatim() {
    let refusals = [
        "CROSSSLOT Keys in request don't hash to the same slot",
        "NOREPLICAS Not enough good replicas",
        "MISCONF Redis is configured to save RDB snapshots",
        "OOM command not allowed",
        "BUSY Redis is busy running a script",
        "NOAUTH Authentication required.",
        "WRONGPASS invalid username-password pair",
        "NOPERM no permissions",
        "NOSCRIPT No matching script.",
    ];
    let others = ["WRONGTYPE Operation against a key", "ERR syntax error", "MOVED", "ASK 1", ""];
    for (text, may_have_run) in
        refusals.map(|text| (text, false)).into_iter().chain(others.map(|text| (text, true)))
    {
        let (mut world, get) = get_foo_answered(&format!("-{text}\r\n"));
        assert_eq!(
            world.outcome(get),
            format!("GET for slot 12182 at {C}: the server answered: {text}")
        );
        let Err(error) = world.result(get) else { panic!("{text}") };
        let Failure::Server(server) = error.failure() else { panic!("{error}") };
        assert_eq!(server.text(), text);
        if !text.starts_with("MOVED") && !text.starts_with("ASK") {
            assert_eq!(error.may_have_executed(), may_have_run, "{text}");
        }
        let c = world.open(C);
        world.advance(ms(5_000));
        assert_eq!(world.reads(c).replace(ASK_TOPOLOGY, ""), "", "nothing is sent again");
    }
}

#[test]
fn f45_errors_inside_a_reply_belong_to_it() {
    let reply = "*2\r\n-MOVED 12182 127.0.0.1:7000\r\n+OK\r\n";
    let (world, get) = get_foo_answered(reply);
    assert_eq!(world.outcome(get), reply);
}

#[test]
fn f57_crossslot_is_found_before_anything_is_sent() {
    let mut world = World::discovered(Config::default());
    let refused =
        world.try_submit(Command::new("RENAME").arg("foo").arg("bar")).expect_err("refused");
    let told = "RENAME: not sent: the keys are in different slots (12182 and 5061), give them one hash tag";
    assert_eq!((refused.token, refused.error.to_string()), (2, told.into()));
}

#[test]
fn f75_eval_answered_by_moved_is_the_callers_and_the_topology_is_reread() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let eval = Command::new("EVAL").arg("return 1").arg(1).arg("foo");
    let first = world.submit(eval.clone());
    assert_eq!(world.reads(c), "EVAL return 1 1 foo");
    world.answer(c, "-MOVED 12182 127.0.0.1:7000\r\n");
    assert_eq!(
        world.outcome(first),
        "EVAL for slot 12182 at 127.0.0.1:7002: the server answered: MOVED 12182 127.0.0.1:7000"
    );
    assert_eq!(world.reads(a), "");

    world.advance(ms(300));
    assert_eq!(world.events(), ["reinit: Moved"]);
    let asked = world.asked();
    let rows: &[Row<'_>] = &[(0, 5460, &[A]), (5461, 10922, &[B]), (10923, 16383, &[A])];
    world.answer(asked, &topology(rows, &[]));
    let second = world.submit(eval.clone());
    assert_eq!(world.reads(a), "EVAL return 1 1 foo");
    world.answer(a, ":1\r\n");
    assert_eq!(world.outcome(second), ":1\r\n");

    // Who says that it may run twice has it followed.
    let third = world.submit(Call::new(eval).idempotent());
    assert_eq!(world.reads(a), "EVAL return 1 1 foo");
    world.answer(a, "-MOVED 12182 127.0.0.1:7001\r\n");
    let b = world.open(B);
    assert_eq!(world.reads(b), "EVAL return 1 1 foo");
    world.answer(b, ":1\r\n");
    assert_eq!(world.outcome(third), ":1\r\n");
}

#[test]
fn ask_then_moved() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    let get = world.submit(Command::get("foo"));
    assert_eq!(world.reads(c), "GET foo");
    world.answer(c, "-ASK 12182 127.0.0.1:7000\r\n");
    assert_eq!(world.reads(a), "ASKING; GET foo");
    world.answer(a, "+OK\r\n-MOVED 12182 127.0.0.1:7001\r\n");
    assert_eq!(world.reads(b), "GET foo");
    world.answer(b, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
}
