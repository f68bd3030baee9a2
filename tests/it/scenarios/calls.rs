//! Calls of many parts: pipelines, transactions, and calls for one node.

use hashslot::error::Disconnect;
use hashslot::{Call, Command, Config, Reply};

use crate::support::canned::*;
use crate::support::script::*;

fn transfer() -> Call {
    Call::transaction([Command::set("{foo}a", "1"), Command::incr("{foo}b")])
}

const TRANSFER: &str = "MULTI; SET {foo}a 1; INCR {foo}b; EXEC";

#[test]
fn f51_a_pipeline_keeps_its_order_whatever_becomes_of_its_parts() {
    let (mut world, [a, b, c]) = World::linked(Config::default());
    let pipeline = world.submit(Call::pipeline([
        Command::get("foo"),
        Command::get("bar"),
        Command::incr("c"),
        Command::get("d"),
    ]));
    assert_eq!(world.reads(a), "GET bar");
    assert_eq!(world.reads(b), "INCR c");
    assert_eq!(world.reads(c), "GET foo; GET d");
    world.answer(b, "-WRONGTYPE Operation against a key\r\n");
    world.answer(c, "-MOVED 12182 127.0.0.1:7000\r\n$1\r\n4\r\n");
    assert_eq!(world.reads(a), "GET foo", "only what was redirected is sent again");
    assert_eq!((world.reads(b), world.reads(c)), (String::new(), String::new()));
    world.answer(a, "$1\r\n2\r\n");
    assert_eq!(world.outcome(pipeline), "open");
    world.answer(a, "$1\r\n1\r\n");
    assert_eq!(
        world.outcome(pipeline),
        "[$1\r\n1\r\n, $1\r\n2\r\n, INCR for slot 7365 at 127.0.0.1:7001: the server answered: WRONGTYPE Operation against a key, $1\r\n4\r\n]"
    );
}

#[test]
fn f51_two_increments_on_a_migrating_slot_run_once_each() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let pipeline = world.submit(Call::pipeline([Command::incr("{foo}a"), Command::incr("{foo}b")]));
    assert_eq!(world.reads(c), "INCR {foo}a; INCR {foo}b");
    world.answer(c, ":101\r\n-ASK 12182 127.0.0.1:7000\r\n");
    assert_eq!(world.reads(a), "ASKING; INCR {foo}b");
    world.answer(a, "+OK\r\n:1\r\n");
    assert_eq!(world.outcome(pipeline), "[:101\r\n, :1\r\n]");
    assert_eq!(world.reads(c), "");
}

#[test]
fn a_part_that_times_out_leaves_the_others_their_replies() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let pipeline = Call::pipeline([Command::get("foo"), Command::get("bar")]).timeout(ms(100));
    let pipeline = world.submit(pipeline);
    assert_eq!((world.reads(a), world.reads(c)), ("GET bar".into(), "GET foo".into()));
    world.answer(a, "$-1\r\n");
    world.advance(ms(100));
    assert_eq!(
        world.outcome(pipeline),
        "[GET for slot 12182 at 127.0.0.1:7002: timed out after it was sent: may have been executed, $-1\r\n]"
    );
    world.answer(c, "$4\r\nlate\r\n");
    assert_eq!(world.machine.stats().late_replies, 1);
}

#[test]
fn an_empty_pipeline_is_done_at_once() {
    let mut world = World::new(Config::default(), &[A]);
    let pipeline = world.submit(Call::pipeline(Vec::<Command>::new()));
    assert_eq!(world.result(pipeline), &Ok(Reply::Pipeline(Vec::new())));
    assert_eq!(world.link_count(), 0);
}

#[test]
fn f55_a_transaction_travels_as_one() {
    let (mut world, [.., c]) = World::linked(Config::default());
    let call = world.submit(transfer());
    assert_eq!(world.reads(c), TRANSFER);
    world.answer(c, "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n-ERR value is not an integer\r\n");
    assert_eq!(world.outcome(call), "*2\r\n+OK\r\n-ERR value is not an integer\r\n");
}

#[test]
fn f55_redirected_at_queue_time_it_is_sent_again_whole() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let call = world.submit(transfer());
    assert_eq!(world.reads(c), TRANSFER);
    let abort = "-EXECABORT Transaction discarded because of previous errors.\r\n";
    let moved = "-MOVED 12182 127.0.0.1:7000\r\n";
    world.answer(c, &format!("+OK\r\n{moved}{moved}{abort}"));
    assert_eq!(world.reads(a), TRANSFER);
    let ask = "-ASK 12182 127.0.0.1:7002\r\n";
    world.answer(a, &format!("+OK\r\n+QUEUED\r\n{ask}{abort}"));
    assert_eq!(world.reads(c), format!("ASKING; {TRANSFER}"));
    world.answer(c, "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:1\r\n");
    assert_eq!(world.outcome(call), "*2\r\n+OK\r\n:1\r\n");
}

#[test]
fn f55_redirected_at_exec_it_is_sent_again_whole() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let call = world.submit(transfer());
    assert_eq!(world.reads(c), TRANSFER);
    world.answer(c, "+OK\r\n+QUEUED\r\n+QUEUED\r\n-ASK 12182 127.0.0.1:7000\r\n");
    assert_eq!(world.reads(a), format!("ASKING; {TRANSFER}"));
    world.answer(a, "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n-TRYAGAIN Multiple keys request\r\n");
    let (_, text) = world.reads_later(c);
    assert_eq!(text, TRANSFER);
    world.answer(c, "+OK\r\n+QUEUED\r\n+QUEUED\r\n-MOVED 12182 127.0.0.1:7000\r\n");
    assert_eq!(world.reads(a), TRANSFER);
    world.answer(a, "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:1\r\n");
    assert_eq!(world.outcome(call), "*2\r\n+OK\r\n:1\r\n");
}

#[test]
fn f55_tryagain_at_queue_time() {
    let (mut world, [.., c]) = World::linked(Config::default());
    let call = world.submit(transfer());
    world.reads(c);
    world.answer(c, "+OK\r\n+QUEUED\r\n-TRYAGAIN x\r\n-EXECABORT y\r\n");
    let (_, text) = world.reads_later(c);
    assert_eq!(text, TRANSFER);
    world.answer(c, "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:1\r\n");
    assert_eq!(world.outcome(call), "*2\r\n+OK\r\n:1\r\n");
}

#[test]
fn f16_refused_asking_before_a_transaction_tells_the_cause() {
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let call = world.submit(transfer());
    world.reads(c);
    world.answer(c, "+OK\r\n+QUEUED\r\n+QUEUED\r\n-ASK 12182 127.0.0.1:7000\r\n");
    assert_eq!(world.reads(a), format!("ASKING; {TRANSFER}"));
    let moved = "-MOVED 12182 127.0.0.1:7002\r\n";
    world.answer(a, &format!("-NOPERM no ASKING\r\n+OK\r\n{moved}{moved}-EXECABORT x\r\n"));
    assert_eq!(
        world.outcome(call),
        "EXEC for slot 12182 at 127.0.0.1:7000: the server answered: NOPERM no ASKING"
    );
}

#[test]
fn execabort_tells_what_was_refused() {
    let (mut world, [.., c]) = World::linked(Config::default());
    let call = world.submit(transfer());
    world.reads(c);
    world.answer(c, "+OK\r\n+QUEUED\r\n-ERR wrong number of arguments\r\n-EXECABORT x\r\n");
    assert_eq!(
        world.outcome(call),
        "EXEC for slot 12182 at 127.0.0.1:7002: the server answered: ERR wrong number of arguments"
    );
    let call = world.submit(transfer());
    world.reads(c);
    world.answer(c, "+OK\r\n+QUEUED\r\n+QUEUED\r\n-EXECABORT of its own\r\n");
    assert_eq!(
        world.outcome(call),
        "EXEC for slot 12182 at 127.0.0.1:7002: the server answered: EXECABORT of its own"
    );
    let call = world.submit(transfer());
    world.reads(c);
    world.answer(c, "+OK\r\n+QUEUED\r\n+QUEUED\r\n_\r\n");
    assert_eq!(world.outcome(call), "_\r\n", "null is an answer");
}

#[test]
fn a_refused_multi_leaves_commands_that_stood_alone() {
    let (mut world, [_, _, c]) = World::linked(Config::default());
    let call = world.submit(transfer());
    assert_eq!(world.reads(c), TRANSFER);
    world.answer(c, "-NOPERM no MULTI\r\n+OK\r\n:1\r\n-ERR EXEC without MULTI\r\n");
    assert_eq!(
        world.outcome(call),
        "EXEC for slot 12182 at 127.0.0.1:7002: may have been executed: MULTI was refused, and each command was sent alone: NOPERM no MULTI"
    );
}

#[test]
fn f55_exec_decides_whether_a_lost_transaction_may_have_run() {
    let (mut world, [.., c]) = World::linked(Config::default());
    let call = world.submit(transfer());
    assert_eq!(world.reads(c), TRANSFER);
    world.answer(c, "+OK\r\n+QUEUED\r\n");
    world.close(c, Disconnect::Reset);
    assert_eq!(
        world.outcome(call),
        "EXEC for slot 12182 at 127.0.0.1:7002: may have been executed: the connection was lost: reset by the peer"
    );

    let call = world.submit(transfer());
    let c = world.open(C);
    let len =
        "*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$6\r\n{foo}a\r\n$1\r\n1\r\n*2\r\n$4\r\nINCR\r\n\
        $6\r\n{foo}b\r\n*1\r\n$4\r\nEXEC\r\n"
            .len();
    assert_eq!(world.takes(c, len - 1), len - 1);
    world.close(c, Disconnect::Reset);
    let c = world.open_later(C);
    assert_eq!(world.reads(c), TRANSFER, "without EXEC it cannot have run");
    world.answer(c, "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:1\r\n");
    assert_eq!(world.outcome(call), "*2\r\n+OK\r\n:1\r\n");
}

#[test]
fn f57_a_transaction_over_two_slots_is_refused() {
    let mut world = World::discovered(Config::default());
    let call = Call::transaction([Command::get("foo"), Command::get("bar")]);
    let refused = world.try_submit(call).expect_err("refused");
    assert_eq!(
        refused.error.to_string(),
        "GET: not sent: the keys are in different slots (12182 and 5061), give them one hash tag"
    );
    let refused = world.try_submit(Call::transaction(Vec::<Command>::new())).expect_err("refused");
    assert_eq!(refused.error.to_string(), "not sent: a transaction needs at least one command");
}

#[test]
fn f48_commands_that_hold_the_connection_are_refused() {
    let mut world = World::discovered(Config::default());
    for name in [
        "SUBSCRIBE",
        "MONITOR",
        "MULTI",
        "EXEC",
        "WATCH",
        "HELLO",
        "QUIT",
        "RESET",
        "AUTH",
        "READONLY",
        "ASKING",
        "SELECT",
    ] {
        let refused = world.try_submit(Command::new(name).arg("1")).expect_err(name);
        assert!(refused.error.rejection().is_some(), "{name}: {refused}");
    }
    let blpop = Command::new("BLPOP").arg("foo").arg(0);
    let refused = world.try_submit(blpop).expect_err("refused");
    assert!(
        refused.to_string().starts_with("BLPOP: not sent: not allowed on a shared connection"),
        "{refused}"
    );
}

#[test]
fn only_what_waits_by_its_options_is_refused_for_waiting() {
    for (line, waits) in [
        ("XREAD BLOCK 0 STREAMS foo $", true),
        ("XREAD COUNT 1 block 5 STREAMS foo $", true),
        ("XREAD STREAMS block 0", false),
        ("XREAD COUNT 1 STREAMS block 0", false),
        ("xread streams {block}s block 0 0", false),
        ("XREAD COUNT block STREAMS foo 0", false),
        ("XREADGROUP GROUP block me STREAMS foo >", false),
        ("XREADGROUP GROUP g block STREAMS foo >", false),
        ("XREADGROUP GROUP block block STREAMS block >", false),
        ("XREADGROUP GROUP streams block STREAMS foo >", false),
        ("XREADGROUP GROUP g me NOACK COUNT 2 STREAMS block >", false),
        ("XREADGROUP GROUP g me CLAIM block STREAMS foo >", false),
        ("XREADGROUP GROUP g me CLAIM 5 BLOCK 0 STREAMS foo >", true),
        ("XREADGROUP GROUP block me NOACK BLOCK 0 STREAMS foo >", true),
        ("XREADGROUP BLOCK 7 GROUP g me STREAMS foo >", true),
        // A new option may have a value, or may not.
        ("XREAD LATER BLOCK 5 STREAMS foo 0", true),
        ("WAIT 0 0", false),
        ("WAIT 0 100", false),
        ("WAIT -1 0", false),
        ("WAIT 1 100", true),
        ("WAIT 1 0", true),
        ("WAITAOF 0 0 0", false),
        ("WAITAOF 0 0 100", false),
        ("WAITAOF 1 0 100", true),
        ("WAITAOF 0 1 100", true),
        ("BLPOP foo 0", true),
        ("BLPOP foo 1", true),
        ("BLMPOP 0 1 foo LEFT", true),
        ("BLMOVE {foo}1 {foo}2 LEFT RIGHT 0.1", true),
    ] {
        let mut world = World::discovered(Config::default());
        let mut words = line.split(' ');
        let command = Command::new(words.next().unwrap()).args(words);
        let told = world.try_submit(command).map_err(|refused| refused.to_string());
        assert_eq!(told.is_err(), waits, "{line}: {told:?}");
        if let Err(told) = told {
            assert!(told.contains("not allowed on a shared connection"), "{line}: {told}");
        }
    }
}

#[test]
fn on_node_goes_there_whatever_the_keys_and_takes_redirections_for_answers() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let get = world.submit(Call::new(Command::get("foo")).on_node(at(A)));
    assert_eq!(world.reads(a), "GET foo");
    world.answer(a, "-MOVED 12182 127.0.0.1:7002\r\n");
    assert_eq!(
        world.outcome(get),
        "GET at 127.0.0.1:7000: the server answered: MOVED 12182 127.0.0.1:7002"
    );
    let size = world.submit(Call::new(Command::new("DBSIZE")).on_node(at(A)));
    assert_eq!(world.reads(a), "DBSIZE");
    world.answer(a, "-READONLY x\r\n");
    assert_eq!(
        world.outcome(size),
        "DBSIZE at 127.0.0.1:7000: the server answered: READONLY x",
        "F-21: the caller chose"
    );
    world.advance(ms(300));
    assert_eq!(world.events(), ["reinit: Stale"], "the node has another role than is known");
    let stranger = world.submit(Call::new(Command::new("DBSIZE")).on_node(at("127.0.0.1:9")));
    assert_eq!(
        world.outcome(stranger),
        "DBSIZE at 127.0.0.1:9: not executed: the node is not part of the cluster"
    );
}

#[test]
fn on_node_before_the_topology_is_known() {
    let mut world = World::new(Config::default(), &[A]);
    let size = world.submit(Call::new(Command::new("DBSIZE")).on_node(at(B)));
    let a = world.open(A);
    world.tells(a, ROWS);
    let b = world.open(B);
    assert_eq!(world.reads(b), "DBSIZE");
    world.answer(b, ":0\r\n");
    assert_eq!(world.outcome(size), ":0\r\n");
}

#[test]
fn a_keyless_command_goes_to_a_node_that_is_reachable() {
    let mut world = World::discovered(Config::default());
    let a = world.open(A);
    for _ in 0..20 {
        let publish = world.submit(Command::new("PUBLISH").arg("news").arg("x"));
        assert_eq!(world.reads(a), "PUBLISH news x", "the one with a link is preferred");
        world.answer(a, ":0\r\n");
        assert_eq!(world.outcome(publish), ":0\r\n");
    }
    world.close(a, Disconnect::Reset);
    for _ in 0..10 {
        world.submit(Command::new("PUBLISH").arg("news").arg("x"));
    }
    for _ in 0..100 {
        for node in world.dialled().into_iter().map(String::from).collect::<Vec<_>>() {
            if node == B {
                world.open(&node);
            } else {
                world.refuse(&node, Disconnect::Refused);
            }
        }
        for link in world.links() {
            let text = world.reads(link);
            if text.contains(ASK_TOPOLOGY) {
                let publishes = ":0\r\n".repeat(text.matches("PUBLISH").count());
                assert!(text.ends_with(ASK_TOPOLOGY) || publishes.is_empty(), "{text}");
                world.answer(link, &(publishes + &topology(ROWS, &[])));
            } else {
                world.answer(link, &":0\r\n".repeat(text.matches("PUBLISH").count()));
            }
        }
        if world.machine.call_count() == 0 {
            assert!(world.elapsed() < ms(1_000), "{:?}", world.elapsed());
            return;
        }
        world.advance_to_timer();
    }
    panic!("keyless commands wait for a node that is dead");
}
