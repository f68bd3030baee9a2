//! Scripts: named where they are known, in full where not, and never twice.

use hashslot::config::RedirectPolicy;
use hashslot::driver::SubmitError;
use hashslot::error::Disconnect;
use hashslot::{Call, Command, Config, Script};

use crate::support::script::*;

const SOURCE: &str = "return #KEYS + #ARGV";
/// The SHA-1 of the source.
const SHA: &str = "6e550ab7cf45e2ef5d2af047fbc92dd7594f4005";
const NOSCRIPT: &str = "-NOSCRIPT No matching script. Please use EVAL.\r\n";
const NOSCRIPT_OF_VALKEY: &str = "-NOSCRIPT No matching script.\r\n";

fn script() -> Script {
    Script::new(SOURCE)
}

/// What invokes the script in full.
fn full(key: &str) -> String {
    format!("EVAL {SOURCE} 1 {key}")
}

/// What invokes it by its name.
fn named(key: &str) -> String {
    format!("EVALSHA {SHA} 1 {key}")
}

/// A world whose third node was sent the script before.
fn taught(config: Config) -> (World, [hashslot::LinkId; 3]) {
    let (mut world, links) = World::linked(config);
    let first = world.submit(script().invoke(["{foo}first"]));
    assert_eq!(world.reads(links[2]), full("{foo}first"));
    world.answer(links[2], ":1\r\n");
    assert_eq!(world.outcome(first), ":1\r\n");
    (world, links)
}

#[test]
fn f62_the_first_on_a_link_carries_the_source_and_nothing_overtakes_it() {
    assert_eq!(script().sha1(), SHA);
    let (mut world, [a, _, c]) = World::linked(Config::default());
    let first = world.submit(script().invoke(["foo"]));
    let get = world.submit(Command::get("foo"));
    let second = world.submit(script().invoke(["{foo}x"]));
    assert_eq!(world.reads(c), [full("foo"), "GET foo".into(), named("{foo}x")].join("; "));
    world.answer(c, ":1\r\n$1\r\n1\r\n:5\r\n");
    let outcomes = [first, get, second].map(|call| world.outcome(call));
    assert_eq!(outcomes, [":1\r\n", "$1\r\n1\r\n", ":5\r\n"]);

    world.submit(script().invoke(["bar"]));
    assert_eq!(world.reads(a), full("bar"), "another node does not have it");
    world.submit(Script::new("return 2").invoke(["foo"]));
    assert_eq!(world.reads(c), "EVAL return 2 1 foo", "nor has it another script");
}

#[test]
fn f62_a_new_link_is_sent_the_source_again() {
    let (mut world, [.., c]) = taught(Config::default());
    world.close(c, Disconnect::Reset);
    world.submit(script().invoke(["foo"]));
    let c = world.open(C);
    assert_eq!(world.reads(c), full("foo"));
}

#[test]
fn f62_a_script_that_a_node_has_lost_is_sent_in_full_to_the_same_node() {
    for noscript in [NOSCRIPT, NOSCRIPT_OF_VALKEY] {
        let (mut world, [.., c]) = taught(Config::default());
        let call = world.submit(script().invoke(["foo"]));
        assert_eq!(world.reads(c), named("foo"));
        world.answer_in_chunks(c, noscript, 7);
        assert_eq!(world.reads(c), full("foo"));
        world.submit(script().invoke(["foo"]));
        assert_eq!(world.reads(c), named("foo"), "it has it by now");
        world.answer(c, ":2\r\n:3\r\n");
        assert_eq!(world.outcome(call), ":2\r\n");
        assert_eq!(world.machine.stats().scripts_missed, 1);
    }
}

#[test]
fn f62_f50_scripts_that_a_node_has_lost_stay_in_order_and_before_what_is_new() {
    let (mut world, [.., c]) = taught(Config::default());
    let keys = ["foo", "{foo}2", "{foo}3"];
    let scripts = keys.map(|key| world.submit(script().invoke([key])));
    assert_eq!(world.reads(c), keys.map(named).join("; "));
    world.answer(c, NOSCRIPT);
    let get = world.submit(Command::get("foo"));
    let other = world.submit(Command::get("a")); // of another slot: it waits for no other
    assert_eq!(world.reads(c), "GET a");
    world.answer(c, NOSCRIPT);
    assert_eq!(world.reads(c), "");
    world.answer(c, NOSCRIPT);
    let again = keys.map(full).join("; ");
    assert_eq!(world.reads(c), format!("{again}; GET foo"));
    world.answer(c, "$-1\r\n:1\r\n:2\r\n:3\r\n$1\r\n1\r\n");
    assert_eq!(scripts.map(|call| world.outcome(call)), [":1\r\n", ":2\r\n", ":3\r\n"]);
    assert_eq!(
        (world.outcome(other), world.outcome(get)),
        ("$-1\r\n".into(), "$1\r\n1\r\n".into())
    );
}

#[test]
fn f62_what_waited_for_room_comes_behind_the_source() {
    let (mut world, [.., c]) = taught(config(|config| config.max_in_flight = 1));
    world.submit(script().invoke(["foo"]));
    world.submit(Command::get("foo"));
    world.submit(Command::get("a"));
    assert_eq!(world.reads(c), named("foo"));
    world.answer(c, NOSCRIPT);
    for (text, reply) in [("GET a", "$-1\r\n"), (&full("foo"), ":2\r\n"), ("GET foo", "$-1\r\n")] {
        assert_eq!(world.reads(c), text);
        world.answer(c, reply);
    }
    assert_eq!(world.machine.call_count(), 0);
}

#[test]
fn f62_noscript_to_the_source_itself_is_the_callers() {
    let (mut world, [.., c]) = taught(Config::default());
    let call = world.submit(script().invoke(["foo"]));
    world.reads(c);
    world.answer(c, NOSCRIPT);
    assert_eq!(world.reads(c), full("foo"));
    world.answer(c, NOSCRIPT);
    assert_eq!(
        world.outcome(call),
        "EVAL for slot 12182 at 127.0.0.1:7002: the server answered: NOSCRIPT No matching script. Please use EVAL."
    );
    let error = world.result(call).as_ref().expect_err("an error");
    assert!(error.may_have_executed(), "it is what the script says");
    assert_eq!(world.reads(c), "");
}

#[test]
fn f62_every_servers_words_for_a_script_that_it_does_not_have_lead_to_the_source() {
    let no_script = "NOSCRIPT No matching script";
    for rest in ["", ".", ". Please use EVAL", ". Please use EVAL.", " found, use EVAL"] {
        let (mut world, [.., c]) = taught(Config::default());
        let call = world.submit(script().invoke(["foo"]));
        assert_eq!(world.reads(c), named("foo"));
        world.answer(c, &format!("-{no_script}{rest}\r\n"));
        assert_eq!(world.reads(c), full("foo"), "{rest:?}");
        world.answer(c, ":1\r\n");
        assert_eq!(world.outcome(call), ":1\r\n");
    }
}

#[test]
fn f75_only_what_servers_say_has_a_script_sent_again() {
    for forged in [
        "NOSCRIPT",
        "NOSCRIPT nope",
        "NOSCRIPT no matching script",
        "ERR NOSCRIPT No matching script",
    ] {
        let (mut world, [.., c]) = taught(Config::default());
        let call = world.submit(script().invoke(["foo"]));
        assert_eq!(world.reads(c), named("foo"));
        world.answer(c, &format!("-{forged}\r\n"));
        assert_eq!(
            world.outcome(call),
            format!("EVALSHA for slot 12182 at {C}: the server answered: {forged}")
        );
        assert!(world.result(call).as_ref().expect_err("an error").may_have_executed());
        assert_eq!(world.reads(c), "");
    }
}

#[test]
fn f62_the_name_of_a_script_without_its_source_is_the_callers_matter() {
    let (mut world, [.., c]) = World::linked(Config::default());
    let call = world.submit(Command::new("EVALSHA").arg(SHA).arg(1).arg("foo"));
    assert_eq!(world.reads(c), named("foo"));
    world.answer(c, NOSCRIPT);
    assert_eq!(
        world.outcome(call),
        "EVALSHA for slot 12182 at 127.0.0.1:7002: the server answered: NOSCRIPT No matching script. Please use EVAL."
    );
    assert_eq!(world.machine.stats().scripts_missed, 0);
}

#[test]
fn f17_f62_behind_an_ask_the_source_has_an_asking_of_its_own() {
    let (mut world, [_, b, c]) = taught(Config::default());
    let idempotent = || Call::new(script().invoke(["foo"])).idempotent();
    let ask = "-ASK 12182 127.0.0.1:7001\r\n";
    // It is asked for elsewhere: that node is new to the script.
    let first = world.submit(idempotent());
    assert_eq!(world.reads(c), named("foo"));
    world.answer(c, ask);
    assert_eq!(world.reads(b), format!("ASKING; {}", full("foo")));
    world.answer(b, "+OK\r\n:2\r\n");
    assert_eq!(world.outcome(first), ":2\r\n");
    // That node knows the script now.
    let second = world.submit(idempotent());
    assert_eq!(world.reads(c), named("foo"));
    world.answer(c, ask);
    assert_eq!(world.reads(b), format!("ASKING; {}", named("foo")));
    world.answer(b, "+OK\r\n:3\r\n");
    assert_eq!(world.outcome(second), ":3\r\n");
}

#[test]
fn f17_f62_a_script_that_is_lost_behind_an_ask_is_asked_for_once_more() {
    let (mut world, [_, b, c]) = taught(Config::default());
    let of_b = world.submit(script().invoke(["c"]));
    assert_eq!(world.reads(b), full("c"));
    world.answer(b, ":1\r\n");
    assert_eq!(world.outcome(of_b), ":1\r\n");
    let call = world.submit(Call::new(script().invoke(["foo"])).idempotent());
    assert_eq!(world.reads(c), named("foo"));
    world.answer(c, "-ASK 12182 127.0.0.1:7001\r\n");
    assert_eq!(world.reads(b), format!("ASKING; {}", named("foo")));
    world.answer(b, &format!("+OK\r\n{NOSCRIPT}"));
    assert_eq!(world.reads(b), format!("ASKING; {}", full("foo")));
    world.answer(b, "+OK\r\n:2\r\n");
    assert_eq!(world.outcome(call), ":2\r\n");
    assert_eq!(world.reads(c), "");
}

#[test]
fn f62_a_source_that_was_refused_is_not_relied_on() {
    let (mut world, [.., c]) = World::linked(Config::default());
    let call = world.submit(script().invoke(["foo"]));
    assert_eq!(world.reads(c), full("foo"));
    world.answer(c, "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
    assert!(world.outcome(call).contains("OOM"));
    world.submit(script().invoke(["foo"]));
    assert_eq!(world.reads(c), full("foo"));
    world.answer(c, "-ERR of the script\r\n");
    world.submit(script().invoke(["foo"]));
    assert_eq!(world.reads(c), named("foo"), "it ran");
}

#[test]
fn f62_a_transaction_has_the_source() {
    let (mut world, [.., c]) = taught(Config::default());
    let call = world.submit(Call::transaction([
        Command::set("foo", "1"),
        script().invoke(["foo"]),
        script().invoke(["{foo}x"]),
    ]));
    let scripts = ["foo", "{foo}x"].map(full).join("; ");
    assert_eq!(world.reads(c), format!("MULTI; SET foo 1; {scripts}; EXEC"));
    world.answer(c, "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n:2\r\n:1\r\n");
    assert_eq!(world.outcome(call), "*3\r\n+OK\r\n:2\r\n:1\r\n");
}

#[test]
fn f62_each_script_of_a_pipeline_is_followed_alone() {
    let (mut world, [a, _, c]) = taught(Config::default());
    let call = world.submit(Call::pipeline([
        script().invoke(["foo"]),
        script().invoke(["bar"]),
        Command::get("a"),
    ]));
    assert_eq!(world.reads(c), format!("{}; GET a", named("foo")));
    assert_eq!(world.reads(a), full("bar"));
    world.answer(a, ":7\r\n");
    world.answer(c, &format!("{NOSCRIPT}$-1\r\n"));
    assert_eq!(world.reads(c), full("foo"));
    world.answer(c, ":2\r\n");
    assert_eq!(world.outcome(call), "[:2\r\n, :7\r\n, $-1\r\n]");
}

#[test]
fn f75_a_script_that_may_have_run_is_not_sent_again() {
    let (mut world, [.., c]) = taught(Config::default());
    let call = world.submit(script().invoke(["foo"]));
    assert_eq!(world.reads(c), named("foo"));
    world.answer(c, NOSCRIPT);
    assert_eq!(world.reads(c), full("foo"));
    world.close(c, Disconnect::Reset);
    assert!(world.outcome(call).contains("may have been executed"), "{}", world.outcome(call));

    let call = world.submit(script().invoke(["foo"]));
    let c = world.open(C);
    assert_eq!(world.reads(c), full("foo"));
    world.answer(c, "-MOVED 12182 127.0.0.1:7001\r\n");
    assert_eq!(
        world.outcome(call),
        "EVAL for slot 12182 at 127.0.0.1:7002: the server answered: MOVED 12182 127.0.0.1:7001"
    );
}

#[test]
fn f62_a_script_that_only_reads_is_sent_again() {
    let (mut world, [.., c]) = World::linked(Config::default());
    let call = world.submit(script().read_only().invoke(["foo"]));
    assert_eq!(world.reads(c), full("foo").replace("EVAL", "EVAL_RO"));
    world.close(c, Disconnect::Reset);
    let c = world.open(C);
    assert_eq!(world.reads(c), full("foo").replace("EVAL", "EVAL_RO"));
    world.answer(c, ":2\r\n");
    assert_eq!(world.outcome(call), ":2\r\n");
}

#[test]
fn f62_a_moved_script_is_followed_where_all_redirections_are() {
    let any = config(|config| config.redirect_policy = RedirectPolicy::Any);
    let (mut world, [_, b, c]) = taught(any);
    let call = world.submit(script().invoke(["foo"]));
    let get = world.submit(Command::get("foo"));
    assert_eq!(world.reads(c), format!("{}; GET foo", named("foo")));
    world.answer(c, &"-MOVED 12182 127.0.0.1:7001\r\n".repeat(2));
    assert_eq!(world.reads(b), format!("{}; GET foo", full("foo")));
    world.answer(b, ":2\r\n$1\r\n2\r\n");
    assert_eq!((world.outcome(call), world.outcome(get)), (":2\r\n".into(), "$1\r\n2\r\n".into()));
}

#[test]
fn f62_a_source_that_never_left_is_not_relied_on() {
    let (mut world, [.., c]) = World::linked(Config::default());
    let late = Call::new(script().invoke(["foo"])).timeout(ms(10));
    let call = world.submit(late);
    world.advance(ms(10));
    assert!(world.outcome(call).contains("in the queue: not executed"), "{}", world.outcome(call));
    world.submit(script().invoke(["foo"]));
    assert_eq!(world.reads(c), full("foo"));
}

#[test]
fn f62_a_shutdown_sends_no_source() {
    let (mut world, [.., c]) = taught(Config::default());
    let call = world.submit(script().invoke(["foo"]));
    assert_eq!(world.reads(c), named("foo"));
    world.shut_down();
    world.answer(c, NOSCRIPT);
    assert_eq!(world.outcome(call), "EVALSHA for slot 12182: not sent: the client is shut down");
    assert!(world.is_closed(c));
}

#[test]
fn keys_of_a_script_in_two_slots_are_refused_before_anything_is_sent() {
    let (mut world, _) = World::linked(Config::default());
    let Err(SubmitError { error, .. }) = world.try_submit(script().invoke(["foo", "bar"])) else {
        panic!("two slots");
    };
    assert!(error.to_string().contains("different slots (12182 and 5061)"), "{error}");
}

#[test]
fn a_script_on_a_node_of_the_callers_choice_stays_there() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let pinned = || Call::new(script().invoke(["foo"])).on_node(at(A));
    let first = world.submit(pinned());
    assert_eq!(world.reads(a), full("foo"));
    world.answer(a, ":1\r\n");
    let second = world.submit(pinned());
    assert_eq!(world.reads(a), named("foo"));
    world.answer(a, NOSCRIPT);
    assert_eq!(world.reads(a), full("foo"));
    world.answer(a, ":2\r\n");
    assert_eq!((world.outcome(first), world.outcome(second)), (":1\r\n".into(), ":2\r\n".into()));
}

#[test]
fn a_link_remembers_few_scripts() {
    let (mut world, [.., c]) = taught(Config::default());
    for number in 0..64 {
        world.submit(Script::new(format!("return {number}")).invoke(["foo"]));
        assert_eq!(world.reads(c), format!("EVAL return {number} 1 foo"));
    }
    world.submit(Script::new("return 63").invoke(["foo"]));
    assert!(world.reads(c).starts_with("EVALSHA"));
    world.submit(script().invoke(["foo"]));
    assert_eq!(world.reads(c), full("foo"));
}
