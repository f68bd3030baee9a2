//! What errors show: nothing that a terminal or a log would obey, whatever servers and users write.

use hashslot::error::{Disconnect, SystemText};
use hashslot::resp::Frame;
use hashslot::{Address, Call, Command, Config, Credentials, Error, ServerError, Url};
use proptest::prelude::*;

use crate::support::canned::bulk;
use crate::support::script::*;

/// Text that does harm in a terminal, and text that does none.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\u{1b}[31m"),
        Just("\u{1b}]0;title\u{7}"),
        Just("\r\n2026-01-01 INFO login ok"),
        Just("\u{9b}2J"),
        Just("\u{202e}"),
        Just("\u{2028}"),
        Just("\u{0}"),
        Just("\u{7f}"),
        Just("'"),
        Just(" "),
        Just("words"),
        Just("gr\u{fc}n"),
        Just("127.0.0.1:7000"),
        Just("with args beginning with: "),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

#[track_caller]
fn check(shown: &str) {
    let obeyed = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2066}'..='\u{2069}')
    };
    assert!(!shown.contains(obeyed), "{shown:?}");
    assert!(shown.len() < 8_000, "{} bytes", shown.len());
}

/// The codes that the machine acts on, and some that it does not.
const CODES: [&str; 12] = [
    "ERR",
    "WRONGTYPE",
    "MOVED",
    "ASK",
    "TRYAGAIN",
    "CLUSTERDOWN",
    "LOADING",
    "NOAUTH",
    "NOPERM",
    "EXECABORT",
    "WRONGPASS",
    "\u{1b}[2J",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn errors_of_servers_are_harmless(code in prop::sample::select(&CODES[..]), text in hostile()) {
        let text = format!("{code} {text}");
        let error = ServerError::new(text.clone());
        check(&error.to_string());
        check(&format!("{error:?}"));
        prop_assert_eq!(error.as_bytes(), text.as_bytes());
        let reply = format!("!{}\r\n{text}\r\n", text.len());
        let frame = Frame::parse(reply, &Config::default().limits).unwrap();
        check(&frame.error().unwrap().to_string());
    }

    #[test]
    fn errors_of_users_texts_are_harmless(text in hostile(), port in 0..9_u16) {
        for text in [text.clone(), format!("{text}:{port}"), format!("unix:/{text}")] {
            if let Err(error) = text.parse::<Address>() {
                check(&error.to_string());
            }
            for url in [text.clone(), format!("redis://{text}"), format!("redis://h?{text}=1"),
                format!("redis://h?client_name={text}"), format!("rediss://u:{text}@h")] {
                if let Err(error) = url.parse::<Url>() {
                    check(&error.to_string());
                }
            }
        }
        check(&Disconnect::Other(SystemText::new(&text)).to_string());
        check(&Disconnect::NameResolution(SystemText::new(&text)).to_string());
    }

    /// Whatever a node answers, at whichever moment: what its callers are told is harmless.
    #[test]
    fn outcomes_are_harmless(
        code in prop::sample::select(&CODES[..]),
        text in hostile(),
        moment in 0..5_u8,
        with_password in any::<bool>(),
    ) {
        let mut settings = Config::default();
        settings.credentials = with_password.then(|| Credentials::user("ann", "s3cret"));
        let error = format!("!{}\r\n{code} {text}\r\n", code.len() + 1 + text.len());
        let mut world = World::new(settings, &[A]);
        let keyed = |command: Command| Call::new(command).timeout(ms(50));
        let get = world.submit(keyed(Command::get("bar")));
        let a = world.accept(A);
        world.reads(a);
        if moment == 0 {
            world.answer(a, &error.repeat(4));
        } else {
            world.answer(a, &crate::support::canned::welcome("8.2.3"));
            assert_eq!(world.reads(a), ASK_TOPOLOGY);
            if moment == 1 {
                world.answer(a, &error.repeat(2));
            } else {
                let rows: &[Row<'_>] = &[(0, 16_383, &[A])];
                world.answer(a, &crate::support::canned::topology(rows, &[]));
                assert_eq!(world.reads(a), "GET bar");
                world.answer(a, &if moment == 2 { error.clone() } else { bulk("x") });
                let calls = [
                    Call::transaction([Command::incr("bar"), Command::incr("bar")]),
                    Call::pipeline([Command::incr("bar"), Command::get("foo")]),
                    Call::new(Command::new("MGET").arg("bar").arg("foo")),
                ];
                for call in calls {
                    let call = world.submit(call.timeout(ms(50)));
                    world.reads(a);
                    world.answer(a, &error.repeat(4));
                    world.advance(ms(60));
                    check_outcome(&world, call);
                    if world.links().is_empty() {
                        return Ok(());
                    }
                }
            }
        }
        world.advance(ms(60));
        check_outcome(&world, get);
        for event in world.events() {
            check(&event);
        }
    }
}

/// Looks at the error of a call, and at those of its members.
#[track_caller]
fn check_outcome(world: &World, call: Token) {
    let checks = |error: &Error| {
        check(&error.to_string());
        check(&format!("{error:?}"));
    };
    match world.result(call) {
        Err(error) => checks(error),
        Ok(hashslot::Reply::Pipeline(results)) => {
            results.iter().filter_map(|result| result.as_ref().err()).for_each(checks);
        }
        Ok(_) => {}
    }
}

#[test]
fn hosts_are_names_or_addresses_in_normal_form() {
    for odd in [
        "",
        "0x7f.1",
        "0X7f000001",
        "2130706433",
        "127.1",
        "127.0.0.01",
        "0",
        "0.0",
        "1.2.3.4.5",
        "256.1.1.1",
        "127.1.",
        "a;b",
        "a`id`",
        "$(id)",
        "a b",
        "a\u{202e}b",
        "gr\u{fc}n",
        "a,b",
        "a#b",
        "a%b",
        "::g",
        "fe80::1%",
        "fe80::1%a b",
        ":::",
        "1:2",
        "a:b",
        "[::1",
        "*",
        "a\0",
    ] {
        assert!(Address::new(odd, 7_000).is_err(), "{odd:?}");
    }
    for (host, normal) in [
        ("127.0.0.1", "127.0.0.1"),
        ("db-1.example_x.net", "db-1.example_x.net"),
        ("db.example.", "db.example."),
        ("7up", "7up"),
        ("redis.1", "redis.1"),
        ("0x7g", "0x7g"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("2001:DB8::0001", "2001:db8::1"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
    ] {
        let address = Address::new(host, 7_000).expect(host);
        assert_eq!(address.host(), normal);
        assert_eq!(address.to_string().parse(), Ok(address));
    }
}

/// A topology, or a redirection, cannot have odd spellings dialled.
#[test]
fn odd_hosts_of_nodes_are_not_dialled() {
    for host in ["0x7f.1", "2130706433", "127.1", "0", "a;b", "x\u{202e}y"] {
        let mut world = World::discovered(Config::default());
        let a = world.open(A);
        let get = world.submit(Command::get("bar"));
        assert_eq!(world.reads(a), "GET bar");
        world.answer(a, &format!("-MOVED 5061 {host}:7000\r\n"));
        assert!(world.outcome(get).contains("MOVED 5061"), "{}", world.outcome(get));
        world.advance(ms(300));
        let asked = world.asked();
        let slots = format!("*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n{}:7000\r\n", bulk(host));
        world.answer(asked, &slots);
        assert!(
            world.dialled().iter().all(|dialled| !dialled.starts_with(&format!("{host}:"))),
            "{host}"
        );
    }
}
