//! What one reply means: the function [`judge`], line by line.

use std::time::Duration;

use hashslot::Slot;
use hashslot::config::{Limits, RedirectPolicy};
use hashslot::error::ServerError;
use hashslot::resp::Frame;
use hashslot::topology::Endpoint;
use hashslot::verdict::{About, Reach, Verdict, judge};

const FOO: u16 = 12182;

fn slot(number: u16) -> Slot {
    Slot::new(number).expect("a slot")
}

fn frame(bytes: &str) -> Frame {
    Frame::parse(bytes.as_bytes().to_vec(), &Limits::default()).expect("well-formed RESP")
}

/// A verdict in a word or two.
fn judged(reply: &str, about: About) -> String {
    let frame = frame(reply);
    match judge(&frame, &about) {
        Verdict::Deliver => "deliver".into(),
        Verdict::Redirect { slot, to } => format!("redirect {slot} {}", endpoint(&to)),
        Verdict::Ask { slot, to } => format!("ask {slot} {}", endpoint(&to)),
        Verdict::RetryAfter(pause) => format!("retry after {pause:?}"),
        Verdict::ReinitTopology => "reinit".into(),
        Verdict::Fail(error) => {
            let text = frame.error().expect("only an error fails");
            assert_eq!(error.server(), Some(&text), "errors are kept verbatim");
            "fail".into()
        }
        other => format!("{other:?}"),
    }
}

fn endpoint(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Given(address) => address.to_string(),
        Endpoint::SameHost { port } => format!("same host:{port}"),
        _ => "unknown".into(),
    }
}

#[test]
fn replies_that_are_no_errors_are_delivered() {
    let replies = [
        "+OK\r\n",
        "+MOVED 12182 127.0.0.1:7000\r\n",
        "$3\r\nbar\r\n",
        "$-1\r\n",
        "*-1\r\n",
        "_\r\n",
        ":1\r\n",
        "*0\r\n",
        "%0\r\n",
        "#t\r\n",
        ",1.5\r\n",
        "*1\r\n-MOVED 12182 127.0.0.1:7000\r\n",
        "|1\r\n+a\r\n+b\r\n+OK\r\n",
    ];
    for reply in replies {
        assert_eq!(judged(reply, About::keyed(slot(FOO))), "deliver", "{reply:?}");
    }
}

#[test]
fn errors_of_a_server_one_by_one() {
    let table = [
        // redirections
        ("MOVED 12182 127.0.0.1:7000", "redirect 12182 127.0.0.1:7000"),
        ("MOVED 12182 :7000", "redirect 12182 same host:7000"),
        ("MOVED 12182 ?:7000", "redirect 12182 unknown"),
        ("MOVED 12182 ::1:7000", "redirect 12182 [::1]:7000"),
        ("MOVED 12182 node-1.example.net:7000", "redirect 12182 node-1.example.net:7000"),
        ("ASK 12182 127.0.0.1:7000", "ask 12182 127.0.0.1:7000"),
        ("ASK 12182 :7000", "ask 12182 same host:7000"),
        // not run, and worth another try
        ("TRYAGAIN Multiple keys request during rehashing of slot", "retry after 10ms"),
        ("LOADING Redis is loading the dataset in memory", "retry after 50ms"),
        (
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            "retry after 50ms",
        ),
        ("CLUSTERDOWN The cluster is down", "reinit"),
        ("CLUSTERDOWN Hash slot not served", "reinit"),
        ("CLUSTERDOWN The cluster is down and only accepts read commands", "reinit"),
        ("READONLY You can't write against a read only replica.", "reinit"),
        ("UNBLOCKED force unblock from blocking operation, instance state changed", "reinit"),
        // for the caller
        ("CROSSSLOT Keys in request don't hash to the same slot", "fail"),
        ("NOREPLICAS Not enough good replicas to write.", "fail"),
        ("MISCONF Redis is configured to save RDB snapshots", "fail"),
        ("OOM command not allowed when used memory > 'maxmemory'.", "fail"),
        ("BUSY Redis is busy running a script.", "fail"),
        ("EXECABORT Transaction discarded because of previous errors.", "fail"),
        ("NOAUTH Authentication required.", "fail"),
        ("WRONGPASS invalid username-password pair or user is disabled.", "fail"),
        ("NOPERM User x has no permissions to run the 'get' command", "fail"),
        ("NOSCRIPT No matching script.", "fail"),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", "fail"),
        ("ERR unknown command 'FOO'", "fail"),
        ("NOPROTO unsupported protocol version", "fail"),
        // F-45: short, cut and odd texts
        ("", "fail"),
        ("MO", "fail"),
        ("MOVED", "fail"),
        ("MOVED ", "fail"),
        ("ASK", "fail"),
        ("MOVED 12182", "fail"),
        ("MOVED 12182 ", "fail"),
        ("MOVED x y:z", "fail"),
        ("MOVED 12182 127.0.0.1", "fail"),
        ("MOVED 12182 127.0.0.1:", "fail"),
        ("MOVED 12182 127.0.0.1:0", "fail"),
        ("MOVED 12182 127.0.0.1:65536", "fail"),
        ("MOVED 12182 127.0.0.1:+7000", "fail"),
        ("MOVED +12182 127.0.0.1:7000", "fail"),
        ("MOVED 16384 127.0.0.1:7000", "fail"),
        ("MOVED -1 127.0.0.1:7000", "fail"),
        ("moved 12182 127.0.0.1:7000", "fail"),
        ("MOVEDX 12182 127.0.0.1:7000", "fail"),
        ("MOVED  12182 127.0.0.1:7000", "fail"),
        (" MOVED 12182 127.0.0.1:7000", "fail"),
        // F-75: for a slot that the command is not for
        ("MOVED 1 127.0.0.1:7000", "fail"),
        ("ASK 1 127.0.0.1:7000", "fail"),
    ];
    for (text, expected) in table {
        let about = About::keyed(slot(FOO));
        assert_eq!(judged(&format!("-{text}\r\n"), about), expected, "{text}");
        let bulk = format!("!{}\r\n{text}\r\n", text.len());
        assert_eq!(judged(&bulk, about), expected, "as a bulk error: {text}");
    }
}

#[test]
fn f75_a_script_can_forge_a_redirection() {
    let about = |change: fn(&mut About)| {
        let mut about = About::keyed(slot(FOO));
        change(&mut about);
        about
    };
    let moved = "-MOVED 12182 127.0.0.1:7000\r\n";
    let followed = "redirect 12182 127.0.0.1:7000";
    assert_eq!(judged(moved, about(|about| about.script = true)), "fail");
    assert_eq!(judged("-ASK 12182 h:1\r\n", about(|about| about.script = true)), "fail");
    let harmless = about(|about| (about.script, about.idempotent) = (true, true));
    assert_eq!(judged(moved, harmless), followed);
    let any = |about: &mut About| (about.script, about.policy) = (true, RedirectPolicy::Any);
    assert_eq!(judged(moved, about(any)), followed);
    assert_eq!(judged("-MOVED 1 h:1\r\n", about(any)), "redirect 1 h:1");
    assert_eq!(judged(moved, About::keyless()), "fail");
}

#[test]
fn f75_a_script_can_forge_any_error() {
    let table =
        ["TRYAGAIN x", "CLUSTERDOWN x", "LOADING x", "READONLY x", "MASTERDOWN x", "MOVED 1 h:1"];
    for text in table {
        let reply = frame(&format!("-{text}\r\n"));
        let mut about = About::keyed(slot(FOO));
        about.script = true;
        let Verdict::Fail(error) = judge(&reply, &about) else { panic!("{text} proves nothing") };
        assert!(error.may_have_executed(), "{text} may come after a write");
        assert_eq!(error.server().map(ServerError::text).as_deref(), Some(text));
    }
}

#[test]
fn f62_the_beginning_of_the_servers_own_words_has_the_source_sent() {
    let mut about = About::keyed(slot(FOO));
    about.script = true;
    let texts = [
        "NOSCRIPT No matching script. Please use EVAL.",
        "NOSCRIPT No matching script. Please use EVAL",
        "NOSCRIPT No matching script.",
        "NOSCRIPT No matching script",
    ];
    for text in texts {
        let reply = format!("-{text}\r\n");
        about.has_source = false;
        assert_eq!(judged(&reply, about), "fail");
        about.has_source = true;
        assert_eq!(judged(&reply, about), "SendSource");
    }
    for text in
        ["NOSCRIPT", "NOSCRIPT x", "NOSCRIPT no matching script.", "noscript No matching script."]
    {
        assert_eq!(judged(&format!("-{text}\r\n"), about), "fail");
    }
    assert_eq!(judged("-MOVED 12182 h:1\r\n", about), "fail");
    assert_eq!(judged("+NOSCRIPT No matching script.\r\n", about), "deliver");
}

#[test]
fn pauses_are_short() {
    for reply in ["-TRYAGAIN x\r\n", "-LOADING x\r\n"] {
        let Verdict::RetryAfter(pause) = judge(&frame(reply), &About::keyless()) else {
            panic!("{reply} is worth another try");
        };
        assert!(pause > Duration::ZERO && pause < Duration::from_millis(200));
    }
}

/// What a caller sends to a node, or to a shard, goes nowhere else.
#[test]
fn a_reach_bounds_what_is_followed() {
    let table = [
        ("-MOVED 12182 10.0.0.2:7001\r\n", ["redirect 12182 10.0.0.2:7001", "fail", "fail"]),
        ("-ASK 12182 10.0.0.2:7001\r\n", ["ask 12182 10.0.0.2:7001", "fail", "fail"]),
        ("-TRYAGAIN x\r\n", ["retry after 10ms", "retry after 10ms", "fail"]),
        ("-LOADING x\r\n", ["retry after 50ms", "retry after 50ms", "fail"]),
        ("-CLUSTERDOWN x\r\n", ["reinit", "reinit", "fail"]),
        ("-READONLY x\r\n", ["reinit", "reinit", "fail"]),
        ("-NOSCRIPT No matching script. Please use EVAL.\r\n", ["SendSource"; 3]),
        ("-ERR x\r\n", ["fail"; 3]),
        ("+OK\r\n", ["deliver"; 3]),
    ];
    for (reply, verdicts) in table {
        let by_reach = [Reach::Any, Reach::Shard, Reach::Node].map(|reach| {
            let mut about = About::keyed(slot(FOO));
            (about.reach, about.has_source) = (reach, true);
            judged(reply, about)
        });
        assert_eq!(by_reach, verdicts, "{reply}");
    }
}
