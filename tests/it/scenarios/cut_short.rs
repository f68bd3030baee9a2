//! Commands that have not left whole when something happens, and commands that cost connections.

use hashslot::error::{Cause, Disconnect};
use hashslot::{Call, Command, Config};

use crate::support::script::*;

const TOO_LONG: &str = "-ERR Protocol error: invalid bulk length\r\n";
const TOLD: &str =
    "for slot 5061 at 127.0.0.1:7000: the server answered: ERR Protocol error: invalid bulk length";

fn long_set(key: &str) -> Command {
    Command::new("SET").arg(key).arg(vec![b'x'; 100_000])
}

/// The outcome of a call that did not run, as text.
#[track_caller]
fn not_executed(world: &World, call: Token) -> String {
    let error = world.result(call).as_ref().expect_err("is an error");
    assert!(!error.may_have_executed(), "{error}");
    error.to_string()
}

#[test]
fn f02_an_error_that_arrives_while_a_command_is_sent_is_its_answer() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let before = world.submit(Command::incr("bar"));
    let long = world.submit(long_set("bar"));
    let behind = world.submit(Command::incr("bar"));
    world.takes(a, 50_000);
    world.answer(a, &format!(":1\r\n{TOO_LONG}"));
    assert_eq!(world.outcome(before), ":1\r\n");
    assert_eq!(not_executed(&world, long), format!("SET {TOLD}"));
    assert!(world.is_closed(a), "the rest of it must not leave");
    assert_eq!(world.outcome(behind), "open");
    let a = world.open(A);
    assert_eq!(world.reads(a), "INCR bar");
    world.answer(a, ":2\r\n");
    assert_eq!(world.outcome(behind), ":2\r\n");
    assert_eq!(world.machine.stats().protocol_errors, 0);
}

#[test]
fn f02_a_refusal_that_arrives_early_is_followed() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let long = world.submit(long_set("bar"));
    world.takes(a, 50_000);
    world.answer(a, "-TRYAGAIN x\r\n");
    assert!(world.is_closed(a));
    let a = world.open_later(A);
    let (_, text) = world.reads_later(a);
    assert!(text.contains("SET bar"), "{text}");
    world.answer(a, "+OK\r\n");
    assert_eq!(world.outcome(long), "+OK\r\n");
}

#[test]
fn f39_any_other_reply_to_a_command_that_has_not_left_whole_breaks_the_protocol() {
    for reply in ["+OK\r\n", ":1\r\n", "$-1\r\n", "*1\r\n-ERR x\r\n"] {
        let (mut world, [a, ..]) = World::linked(Config::default());
        world.submit(long_set("bar"));
        world.takes(a, 50_000);
        world.answer(a, reply);
        assert!(world.is_closed(a), "{reply:?}");
        assert_eq!(world.machine.stats().protocol_errors, 1);
    }
    // Nothing of it has left: the error belongs to no command.
    let (mut world, [a, ..]) = World::linked(Config::default());
    let call = world.submit(long_set("bar"));
    world.answer(a, TOO_LONG);
    assert!(world.is_closed(a));
    assert_eq!(world.outcome(call), "open");
}

#[test]
fn f02_a_command_that_is_cut_off_twice_costs_two_links() {
    let (mut world, [mut a, ..]) = World::linked(Config::default());
    let long = world.submit(long_set("bar"));
    let behind = world.submit(Command::incr("bar"));
    for attempt in 1..=2 {
        assert_eq!(world.outcome(long), "open", "attempt {attempt}");
        world.takes(a, 50_000);
        world.close(a, Disconnect::Reset);
        a = world.open_later(A);
    }
    assert_eq!(
        not_executed(&world, long),
        "SET for slot 5061 at 127.0.0.1:7000: not executed: the connection was lost twice at this command: it, or its reply, may be too long for the node (reset by the peer)"
    );
    assert!(world.reads(a).starts_with("INCR bar"), "what waited behind it goes on");
    world.answer(a, ":1\r\n");
    assert_eq!(world.outcome(behind), ":1\r\n");
}

#[test]
fn f02_only_the_command_that_is_cut_off_is_the_cause() {
    let (mut world, [mut a, ..]) = World::linked(Config::default());
    let reads = [(); 3].map(|()| world.submit(Command::get("bar")));
    let long = world.submit(long_set("bar"));
    for _ in 0..2 {
        world.takes(a, 50_000);
        world.answer(a, "$-1\r\n");
        world.close(a, Disconnect::Reset);
        a = world.open_later(A);
    }
    assert_eq!(world.outcome(reads[0]), "$-1\r\n");
    assert_eq!(world.outcome(reads[1]), "$-1\r\n");
    assert_eq!(world.outcome(reads[2]), "open", "it was first once");
    assert!(not_executed(&world, long).contains("lost twice"));
}

#[test]
fn f02_a_read_whose_answer_ends_the_link_ends_at_the_second_time() {
    let (mut world, [mut a, ..]) = World::linked(Config::default());
    let large = world.submit(Command::get("bar"));
    let behind = world.submit(Command::get("bar"));
    for _ in 0..2 {
        assert_eq!(world.outcome(large), "open");
        world.reads(a);
        world.close(a, Disconnect::EndOfStream);
        a = world.open_later(A);
    }
    assert_eq!(
        world.outcome(large),
        "GET for slot 5061 at 127.0.0.1:7000: may have been executed: the connection was lost twice at this command: it, or its reply, may be too long for the node (closed by the peer)"
    );
    assert_eq!(world.outcome(behind), "open", "it was never the first");
    world.reads(a);
    world.answer(a, "$-1\r\n");
    assert_eq!(world.outcome(behind), "$-1\r\n");
}

#[test]
fn f55_a_transaction_is_refused_while_it_is_sent() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let call = world.submit(Call::transaction([long_set("bar"), Command::incr("bar")]));
    world.takes(a, 50_000);
    world.answer(a, &format!("+OK\r\n{TOO_LONG}"));
    assert!(world.is_closed(a), "EXEC must not leave");
    assert_eq!(not_executed(&world, call), format!("EXEC {TOLD}"));
}

/// How a transaction ends of which `MULTI` and a command left, and the rest did not.
fn torn(replies: &str, idempotent: bool) -> (World, Token) {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let call = Call::transaction([Command::incr("bar"), long_set("bar")]);
    let call = world.submit(if idempotent { call.idempotent() } else { call });
    world.takes(a, 60_000);
    world.answer(a, replies);
    world.close(a, Disconnect::Reset);
    (world, call)
}

#[test]
fn f55_commands_of_a_transaction_may_have_run_alone_before_exec_left() {
    // Each of them ran for itself.
    let (world, call) = torn("-NOPERM no MULTI\r\n:1\r\n", false);
    let error = world.result(call).as_ref().expect_err("is torn");
    assert!(
        matches!(error.cause(), Some(Cause::NoTransaction(refused)) if refused.code() == "NOPERM")
    );
    assert!(error.may_have_executed());
    let (world, call) = torn("-NOPERM no MULTI\r\n", false);
    let error = world.result(call).as_ref().expect_err("is torn");
    assert!(matches!(error.cause(), Some(Cause::NoTransaction(_))) && error.may_have_executed());
    // They were queued, and EXEC did not leave.
    let (mut world, call) = torn("+OK\r\n+QUEUED\r\n", false);
    assert_eq!(world.outcome(call), "open");
    let a = world.open(A);
    assert!(world.reads(a).starts_with("MULTI; INCR bar"));
    // They may run twice.
    let (mut world, call) = torn("-NOPERM no MULTI\r\n:1\r\n", true);
    assert_eq!(world.outcome(call), "open");
    let a = world.open(A);
    assert!(world.reads(a).starts_with("MULTI; INCR bar"));
    // What was refused on the former link says nothing about this one.
    world.answer(a, "+OK\r\n+QUEUED\r\n-MOVED 5061 127.0.0.1:7001\r\n-EXECABORT x\r\n");
    let b = world.open(B);
    assert!(world.reads(b).starts_with("MULTI; INCR bar"));
}

#[test]
fn f55_multi_alone_has_run_nothing() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let call = world.submit(Call::transaction([long_set("bar"), Command::incr("bar")]));
    world.takes(a, 50_000);
    world.close(a, Disconnect::Reset);
    assert_eq!(world.outcome(call), "open");
    let a = world.open(A);
    assert!(world.reads(a).starts_with("MULTI; SET bar"));
}

#[test]
fn f55_a_transaction_that_was_discarded_did_not_run() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let call =
        world.submit(Call::transaction([Command::incr("bar"), Command::new("HGET").arg("bar")]));
    world.reads(a);
    world.answer(a, "+OK\r\n+QUEUED\r\n-ERR wrong number of arguments\r\n-EXECABORT x\r\n");
    assert_eq!(
        not_executed(&world, call),
        "EXEC for slot 5061 at 127.0.0.1:7000: the server answered: ERR wrong number of arguments"
    );
}

#[test]
fn f04_a_driver_that_comes_late_writes_nothing_on_a_link_that_is_about_to_be_given_up() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let given_up = world.submit(Command::incr("bar"));
    world.reads(a);
    world.cancel(given_up);
    world.oversleep(ms(15_000));
    let call = world.submit(Command::incr("bar"));
    assert_eq!(world.reads(a), "");
    world.advance(ms(0));
    assert!(world.is_closed(a), "it was silent for too long");
    assert_eq!(world.outcome(call), "open");
    let a = world.open(A);
    assert!(world.reads(a).contains("INCR bar"));
}

#[test]
fn f04_what_a_late_driver_held_back_leaves_when_time_has_passed() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let first = world.submit(Command::incr("bar"));
    world.reads(a);
    world.oversleep(ms(15_000));
    let second = world.submit(Command::incr("bar"));
    world.answer(a, ":1\r\n");
    assert_eq!(world.outcome(first), ":1\r\n", "it was there in time");
    assert_eq!(world.reads(a), "");
    world.advance(ms(0));
    assert_eq!(world.reads(a), "INCR bar");
    world.answer(a, ":2\r\n");
    assert_eq!(world.outcome(second), ":2\r\n");
}
