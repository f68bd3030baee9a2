//! Strings.

use std::time::Duration;

use hashslot::cmd::{self, Ttl, UnixTime};
use hashslot::{Command, Commands, Frame};

use super::live::{SINCE_7_0, cases, refusal};

/// A time far ahead.
const FAR: Duration = Duration::from_secs(1000);

cases! {
    "APPEND" => |c| {
        assert_eq!(c.append("k", "ab")?, 2);
        assert_eq!(c.append("k", b"\xff")?, 3);
        assert_eq!(c.get::<Vec<u8>>("k")?, b"ab\xff");
    }
    "DECR" => |c| {
        assert_eq!(c.decr("k")?, -1);
        assert_eq!(c.decrby("k", 10)?, -11);
        assert_eq!(c.decrby("k", -10)?, -1);
    }
    "INCR" => |c| {
        assert_eq!(c.incr("k")?, 1);
        assert_eq!(c.incrby("k", 41)?, 42);
        assert_eq!(c.incrbyfloat("k", 0.5)?, 42.5);
        let digits: String = c.run(cmd::incrbyfloat("k", 0.25).reply())?;
        assert_eq!(digits, "42.75");
        c.set("k", "text")?;
        assert_eq!(refusal(c.incr("k")), "ERR value is not an integer or out of range");
    }
    "GET" => |c| {
        assert_eq!(c.get::<Option<String>>("k")?, None);
        c.set("k", "v")?;
        assert_eq!(c.get::<Option<String>>("k")?.as_deref(), Some("v"));
        assert_eq!(c.get::<String>("k")?, "v");
        assert_eq!(c.get::<Frame>("k")?.value().as_str(), Some("v"));
    }
    "GETDEL" => |c| {
        c.set("k", 7)?;
        assert_eq!(c.getdel::<Option<i64>>("k")?, Some(7));
        assert_eq!(c.getdel::<Option<i64>>("k")?, None);
    }
    "GETEX" => |c| {
        c.set("k", "v")?;
        assert_eq!(c.getex::<Option<String>>("missing")?, None);
        assert_eq!(c.run(cmd::getex::<String>("k").ttl(FAR))?, "v");
        assert!(matches!(c.ttl("k")?, Ttl::Expires(left) if left > Duration::from_secs(900)));
        assert_eq!(c.run(cmd::getex::<String>("k").ttl(Duration::from_millis(99_999_500)))?, "v");
        assert!(matches!(c.ttl("k")?, Ttl::Expires(left) if left > Duration::from_secs(99_000)));
        assert_eq!(c.getex::<String>("k")?, "v");
        assert_eq!(c.run(cmd::getex::<String>("k").persist())?, "v");
        assert_eq!(c.ttl("k")?, Ttl::Persistent);
        let past = UnixTime::from_millis(1001);
        assert_eq!(c.run(cmd::getex::<String>("k").expire_at(past))?, "v");
        assert_eq!(c.ttl("k")?, Ttl::Missing);
    }
    "GETRANGE" => |c| {
        c.set("k", "0123456789")?;
        assert_eq!(c.getrange::<String>("k", 2, 4)?, "234");
        assert_eq!(c.getrange::<String>("k", -2, -1)?, "89");
        assert_eq!(c.getrange::<String>("missing", 0, -1)?, "");
    }
    "LCS" => |c| {
        c.mset([("{a}1", "ohmytext"), ("{a}2", "mynewtext")])?;
        assert_eq!(c.lcs::<String>("{a}1", "{a}2")?, "mytext");
        assert_eq!(c.run(cmd::lcs::<()>("{a}1", "{a}2").len())?, 6);
        let found = c.run(cmd::lcs::<()>("{a}1", "{a}2").matches(0))?;
        assert_eq!(found.len, 6);
        let places = found.matches.iter().map(|m| (m.first.clone(), m.second.clone(), m.len));
        assert_eq!(places.collect::<Vec<_>>(), [(4..=7, 5..=8, 4), (2..=3, 0..=1, 2)]);
        let long = c.run(cmd::lcs::<()>("{a}1", "{a}2").matches(3))?;
        assert_eq!(long.matches.len(), 1);
    }
    "MSET" => |c| {
        c.mset(("one", 1))?;
        c.mset([("a", 1), ("b", 2)])?;
        let values: Vec<Option<i64>> = c.mget(["a", "missing", "b", "one"])?;
        assert_eq!(values, [Some(1), None, Some(2), Some(1)]);
        let (a, b): (i64, String) = c.mget(vec!["a", "b"])?;
        assert_eq!((a, b.as_str()), (1, "2"));
        assert_eq!(c.mget::<Vec<i64>>("a")?, [1]);
    }
    "MSETNX" => |c| {
        assert!(c.msetnx([("{a}1", 1), ("{a}2", 2)])?);
        assert!(!c.msetnx([("{a}2", 3), ("{a}3", 3)])?);
        assert_eq!(c.mget::<(i64, Option<i64>)>(["{a}2", "{a}3"])?, (2, None));
    }
    "SET" => |c| {
        c.set("k", "v")?;
        assert!(!c.run(cmd::set("k", "w").nx())?);
        assert!(c.run(cmd::set("k", "w").xx())?);
        assert!(c.run(cmd::set("new", "v").nx().ttl(FAR))?);
        assert!(matches!(c.ttl("new")?, Ttl::Expires(_)));
        c.run(cmd::set("new", "w").keep_ttl())?;
        assert!(matches!(c.ttl("new")?, Ttl::Expires(_)));
        c.set("new", "x")?;
        assert_eq!(c.ttl("new")?, Ttl::Persistent);
        assert_eq!(c.run(cmd::set("k", "x").get::<String>())?.as_deref(), Some("w"));
        assert_eq!(c.run(cmd::set("other", "x").get::<String>())?, None);
        c.run(cmd::set("k", "v").expire_at(UnixTime::from_secs(1)))?;
        assert_eq!(c.get::<Option<String>>("k")?, None);
    }
    "SET" on SINCE_7_0 => |c| {
        c.set("k", "v")?;
        assert_eq!(c.run(cmd::set("k", "w").nx().get::<String>())?.as_deref(), Some("v"));
        assert_eq!(c.get::<String>("k")?, "v");
    }
    "SET" on &["valkey-8.1", "valkey-9.1"] => |c| {
        c.set("k", "v")?;
        assert!(!c.run(cmd::set("k", "w").if_equal("x"))?);
        assert!(c.run(cmd::set("k", "w").if_equal("v"))?);
    }
    "DELIFEQ" => |c| {
        c.set("k", "v")?;
        assert!(!c.delifeq("k", "w")?);
        assert!(c.delifeq("k", "v")?);
        assert_eq!(c.get::<Option<String>>("k")?, None);
    }
    "SETRANGE" => |c| {
        assert_eq!(c.setrange("k", 2, "ab")?, 4);
        assert_eq!(c.get::<Vec<u8>>("k")?, b"\0\0ab");
        assert_eq!(c.strlen("k")?, 4);
        assert_eq!(c.strlen("missing")?, 0);
    }
}

/// No server of the tests has these yet.
#[test]
fn commands_of_redis_8_4_are_written_as_it_reads_them() {
    let words = |command: Command| {
        let words = command.arguments().map(|word| String::from_utf8_lossy(word).into_owned());
        words.collect::<Vec<_>>().join(" ")
    };
    for (command, expected) in [
        (cmd::delex("k").into(), "DELEX k"),
        (cmd::delex("k").if_equal("v").into(), "DELEX k IFEQ v"),
        (cmd::delex("k").if_not_equal("v").into(), "DELEX k IFNE v"),
        (cmd::delex("k").if_digest("00").into(), "DELEX k IFDEQ 00"),
        (cmd::delex("k").if_not_digest("00").into(), "DELEX k IFDNE 00"),
        (cmd::digest("k").into(), "DIGEST k"),
        (cmd::set("k", "v").if_not_equal("w").into(), "SET k v IFNE w"),
        (cmd::set("k", "v").if_digest("00").into(), "SET k v IFDEQ 00"),
        (cmd::set("k", "v").if_not_digest("00").into(), "SET k v IFDNE 00"),
        (cmd::msetex(("k", "v")).into(), "MSETEX 1 k v"),
        (cmd::msetex([("a", 1), ("b", 2)]).nx().ttl(FAR).into(), "MSETEX 2 a 1 b 2 NX EX 1000"),
        (
            cmd::msetex([("a", 1)]).xx().expire_at(UnixTime::from_millis(1)).into(),
            "MSETEX 1 a 1 XX PXAT 1",
        ),
        (cmd::msetex([("a", 1)]).keep_ttl().into(), "MSETEX 1 a 1 KEEPTTL"),
    ] {
        assert_eq!(words(command), expected);
    }
    let both = Command::from(cmd::msetex([("{a}1", 1), ("{a}2", 2)]));
    assert_eq!(both.keys(), Ok(vec![&b"{a}1"[..], b"{a}2"]));
}
