//! Replies whose content is odd while their framing is sound: they end their own call and no other.

use hashslot::error::Disconnect;
use hashslot::{Call, Command, Config, Credentials};

use crate::support::canned::*;
use crate::support::script::*;

/// Limits that a topology keeps, and that tests can break.
fn tight() -> Config {
    config(|config| {
        config.limits.max_frame_bytes = 4_000;
        config.limits.max_elements = 200;
        config.limits.max_depth = 8;
    })
}

/// Odd replies, and what their callers are told.
fn odd_replies() -> Vec<(String, &'static str)> {
    let long = "x".repeat(5_000);
    let content = [
        ("_x\r\n", "malformed value at byte 1"),
        ("#x\r\n", "malformed value at byte 1"),
        ("#\r\n", "malformed value at byte 1"),
        ("#tt\r\n", "malformed value at byte 2"),
        (",1x\r\n", "malformed number at byte 0"),
        (",\r\n", "malformed number at byte 0"),
        (":1x\r\n", "malformed number at byte 2"),
        (":+1\r\n", "malformed number at byte 1"),
        (":9223372036854775808\r\n", "malformed number at byte 0"),
        ("=3\r\ntxt\r\n", "malformed value at byte 0"),
        ("=8\r\ntxt text\r\n", "malformed value at byte 7"),
        ("!-1\r\n", "malformed value at byte 0"),
        ("=-1\r\n", "malformed value at byte 0"),
        ("%-1\r\n", "malformed value at byte 0"),
        ("~-1\r\n", "malformed value at byte 0"),
        ("*3\r\n:1\r\n%1\r\n+k\r\n#x\r\n$3\r\nabc\r\n", "malformed value at byte 17"),
        ("|1\r\n+a\r\n#x\r\n+OK\r\n", "malformed value at byte 9"),
    ]
    .map(|(reply, told)| (reply.to_owned(), told));
    let limits = [
        (format!("$5000\r\n{long}\r\n"), "reply larger than `max_frame_bytes` at byte 0"),
        (format!("+{long}\r\n"), "reply larger than `max_frame_bytes` at byte 0"),
        (format!("-ERR {long}\r\n"), "reply larger than `max_frame_bytes` at byte 0"),
        (format!("*2\r\n:1\r\n({long}\r\n"), "reply larger than `max_frame_bytes` at byte 8"),
        (
            "*201\r\n".to_owned() + &":1\r\n".repeat(201),
            "more elements than `max_elements` at byte 0",
        ),
        (
            "*1\r\n*100\r\n%51\r\n".to_owned() + &"+a\r\n".repeat(102) + &"$1\r\na\r\n".repeat(99),
            "more elements than `max_elements` at byte 10",
        ),
        ("*1\r\n".repeat(200) + ":1\r\n", "nested deeper than `max_depth` at byte 32"),
        ("|0\r\n".repeat(300) + ":1\r\n", "more elements than `max_elements` at byte 800"),
    ];
    content.into_iter().chain(limits).collect()
}

#[test]
fn f39_an_odd_reply_ends_its_own_call_and_no_other() {
    for (odd, told) in odd_replies() {
        for piece in [1, 7, usize::MAX] {
            let (mut world, [a, ..]) = World::linked(tight());
            let before = world.submit(Command::incr("bar"));
            let script = world.submit(Command::new("EVAL").arg("script").arg(1).arg("bar"));
            let read = world.submit(Command::get("bar"));
            let behind = world.submit(Command::incr("bar"));
            assert_eq!(world.reads(a), "INCR bar; EVAL script 1 bar; GET bar; INCR bar");
            let answers = format!(":1\r\n{odd}{odd}:2\r\n");
            world.answer_in_chunks(a, &answers, piece.min(answers.len()));
            assert_eq!(world.outcome(before), ":1\r\n");
            let shown = &odd[..odd.len().min(40)];
            assert_eq!(world.outcome(behind), ":2\r\n", "{shown:?} in pieces of {piece}");
            for (call, name) in [(script, "EVAL"), (read, "GET")] {
                let expected = format!(
                    "{name} for slot 5061 at {A}: may have been executed: unusable reply: {told} of the reply"
                );
                assert_eq!(world.outcome(call), expected, "{shown:?}");
            }
            assert!(!world.is_closed(a));
            assert_eq!(world.reads(a), "", "a read is not sent again: its reply would be the same");
            assert_eq!(world.machine.stats().protocol_errors, 0);
            assert_eq!(world.machine.stats().replies_unusable, 2);
        }
    }
}

#[test]
fn a_long_line_and_an_odd_big_number_are_delivered() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let line = format!("+{}\r\n", "x".repeat(70_000));
    for reply in [&*line, "(12x\r\n", "(\r\n", "*1\r\n(1 \u{e9}\r\n"] {
        let script = world.submit(Command::new("EVAL").arg("script").arg(1).arg("bar"));
        let count = world.submit(Command::incr("bar"));
        world.reads(a);
        world.answer_in_chunks(a, &format!("{reply}:1\r\n"), 1_000);
        assert_eq!(world.outcome(script), *reply);
        assert_eq!(world.outcome(count), ":1\r\n");
    }
    let deep = "*1\r\n".repeat(200) + "*0\r\n";
    let script = world.submit(Command::new("EVAL").arg("script").arg(0));
    let link = world.links().into_iter().find(|link| !world.reads(*link).is_empty()).unwrap();
    world.answer(link, &deep);
    assert_eq!(world.outcome(script), deep);
}

#[test]
fn a_reply_beyond_what_may_be_skipped_closes_its_link() {
    let mut config = tight();
    config.limits.max_skipped_bytes = 10_000;
    for odd in [
        "$10001\r\n".to_owned(),
        "$99999999999999\r\n".to_owned(),
        "*9223372036854775807\r\n".to_owned(),
        format!("+{}", "x".repeat(10_001)),
        "*1\r\n".repeat(3_000),
    ] {
        let (mut world, [a, ..]) = World::linked(config.clone());
        let script = world.submit(Command::new("EVAL").arg("script").arg(1).arg("bar"));
        let count = world.submit(Command::incr("bar"));
        world.reads(a);
        world.answer_in_chunks(a, &odd, 1_000);
        assert!(world.is_closed(a), "{}", &odd[..20]);
        for call in [script, count] {
            assert!(world.outcome(call).contains(": unusable reply: "), "{}", world.outcome(call));
        }
        assert_eq!(world.machine.stats().protocol_errors, 1);
    }
}

/// The next node would have to send all of it again.
#[test]
fn a_read_whose_reply_was_being_skipped_when_its_link_was_lost_is_over() {
    let (mut world, [a, ..]) = World::linked(tight());
    let long = world.submit(Command::get("bar"));
    let short = world.submit(Command::get("bar"));
    world.reads(a);
    world.answer(a, &format!("$5000\r\n{}", "x".repeat(2_000)));
    assert_eq!(world.outcome(long), "open", "its reply is on its way");
    world.close(a, Disconnect::Reset);
    assert!(world.outcome(long).contains("may have been executed"), "{}", world.outcome(long));
    assert_eq!(world.outcome(short), "open");
    let a = world.open_later(A);
    assert_eq!(world.reads(a).replace("; CLUSTER SLOTS; CLUSTER SHARDS", ""), "GET bar");
}

#[test]
fn an_odd_reply_inside_a_transaction_or_behind_asking_is_not_told_twice() {
    let (mut world, [a, b, _]) = World::linked(Config::default());
    let whole = world.submit(Call::transaction([Command::incr("bar"), Command::incr("bar")]));
    let odd = world.submit(Call::transaction([Command::incr("bar")]));
    world.reads(a);
    world.answer(a, "#x\r\n_x\r\n+QUEUED\r\n*2\r\n:1\r\n:2\r\n");
    assert_eq!(world.outcome(whole), "*2\r\n:1\r\n:2\r\n", "EXEC has the last word");
    world.answer(a, "+OK\r\n+QUEUED\r\n*1\r\n#x\r\n");
    assert!(world.outcome(odd).contains("unusable reply: malformed value at byte 5"));
    let asked = world.submit(Command::get("c"));
    world.reads(b);
    world.answer(b, &format!("-ASK 7365 {A}\r\n"));
    assert_eq!(world.reads(a), "ASKING; GET c");
    world.answer(a, "#x\r\n$1\r\n7\r\n");
    assert_eq!(world.outcome(asked), "$1\r\n7\r\n");
    assert!(!world.is_closed(a) && !world.is_closed(b));
}

#[test]
fn an_odd_part_fails_as_a_part() {
    let (mut world, [a, b, _]) = World::linked(Config::default());
    let del = world.submit(Command::new("DEL").arg("bar").arg("c"));
    world.reads(a);
    world.reads(b);
    world.answer(a, ":1\r\n");
    world.answer(b, ":x\r\n");
    let told = world.outcome(del);
    assert!(told.contains("unusable reply: malformed number at byte 1"), "{told}");
    assert!(world.result(del).as_ref().is_err_and(|error| error.partial().is_some()));
}

#[test]
fn f46_an_odd_push_is_dropped_and_counted() {
    let (mut world, [a, ..]) = World::linked(tight());
    let odd = [
        ">0\r\n".to_owned(),
        ">1\r\n:1\r\n".to_owned(),
        ">1\r\n#x\r\n".to_owned(),
        ">2\r\n+a\r\n(12\r\n".replace('(', "_"),
        format!(">2\r\n+a\r\n${}\r\n{}\r\n", 5_000, "x".repeat(5_000)),
        "|1\r\n+a\r\n#x\r\n>1\r\n+a\r\n".to_owned(),
        ">201\r\n".to_owned() + &"+a\r\n".repeat(201),
    ];
    for (index, push) in odd.iter().enumerate() {
        let count = world.submit(Command::incr("bar"));
        world.reads(a);
        world.answer_in_chunks(a, &format!("{push}:1\r\n{push}"), 11);
        assert_eq!(world.outcome(count), ":1\r\n", "behind {:?}", &push[..push.len().min(30)]);
        let counted = u64::try_from(index + 1).unwrap() * 2;
        assert_eq!(world.machine.stats().replies_unusable, counted);
    }
    assert_eq!(world.events(), Vec::<String>::new());
    assert_eq!(world.machine.stats().pushes, 0);
    assert!(!world.is_closed(a));
}

#[test]
fn an_odd_reply_to_the_handshake_refuses_the_link() {
    for (hello, is_first) in [("%1\r\n+version\r\n#x\r\n+OK\r\n+OK\r\n", true), ("", false)] {
        let mut world = World::new(Config::default(), &[A]);
        let discovery = world.submit(Call::discovery().timeout(ms(50)));
        let a = world.accept(A);
        world.reads(a);
        let answers =
            if is_first { hello.into() } else { welcome("8.2.3").replacen("+OK", ":x", 1) };
        world.answer(a, &answers);
        assert!(world.is_closed(a));
        world.advance(ms(50));
        let told = world.outcome(discovery);
        assert!(told.contains(&format!("{A}: unusable answer: malformed ")), "{told}");
    }
}

#[test]
fn an_odd_answer_about_the_topology_is_not_used() {
    let mut world = World::new(Config::default(), &[A]);
    let discovery = world.submit(Call::discovery().timeout(ms(2_000)));
    let a = world.open(A);
    assert_eq!(world.reads(a), ASK_TOPOLOGY);
    world.answer(a, "*1\r\n#x\r\n*1\r\n#x\r\n");
    assert!(!world.is_closed(a));
    assert!(world.events().contains(&format!(
        "unavailable: {A}: unusable answer: malformed value at byte 5 of the reply"
    )));
    let (_, again) = world.reads_later(a);
    assert_eq!(again, ASK_TOPOLOGY);
    // The second question only adds to the first.
    world.answer(a, &(slots_reply(ROWS) + "*1\r\n#x\r\n"));
    assert_eq!(world.outcome(discovery), "ready");
}

#[test]
fn an_odd_reply_to_a_ping_is_a_sign_of_life() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    world.advance(ms(30_000));
    assert_eq!(world.reads(a), "PING");
    world.answer(a, "#x\r\n");
    assert!(!world.is_closed(a));
    assert_eq!(world.machine.stats().replies_unusable, 1);
}

/// Nothing tells as which user the connection goes on.
#[test]
fn an_odd_reply_to_auth_has_the_link_replaced() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let before = world.submit(Command::incr("bar"));
    world.set_credentials(Credentials::user("ann", "new"));
    let behind = world.submit(Command::incr("bar"));
    assert_eq!(world.reads(a), "INCR bar; AUTH ann new; INCR bar");
    world.answer(a, ":1\r\n#x\r\n:2\r\n");
    assert_eq!(world.outcome(before), ":1\r\n");
    assert_eq!(world.outcome(behind), ":2\r\n");
    assert!(world.is_closed(a), "when it owes nothing any more");
    world.submit(Command::incr("bar"));
    let again = world.accept(A);
    assert!(world.reads(again).starts_with("HELLO 3 AUTH ann new; "));
}
