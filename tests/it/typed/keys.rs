//! Keys of any type.

use std::time::Duration;

use hashslot::cmd::{self, Expiry, KeyType, Ttl, UnixTime};
use hashslot::{Command, Commands, ServerError, ToArg};

use super::live::{SINCE_7_0, cases, refusal};

/// A period and a time far ahead.
const FAR: Duration = Duration::from_secs(1000);
const FUTURE: UnixTime = UnixTime::from_millis(4_000_000_000_500);

cases! {
    "COPY" => |c| {
        c.set("{a}1", "v")?;
        assert!(c.copy("{a}1", "{a}2")?);
        assert!(!c.copy("{a}1", "{a}2")?);
        assert!(c.run(cmd::copy("{a}1", "{a}2").replace())?);
        assert!(!c.copy("{a}missing", "{a}3")?);
        assert_eq!(c.get::<String>("{a}2")?, "v");
    }
    "DEL" => |c| {
        c.mset([("a", 1), ("b", 2), ("c", 3)])?;
        assert_eq!(c.exists("a")?, 1);
        assert!(c.run(cmd::exists("a").reply::<bool>())?);
        assert_eq!(c.exists(["a", "a", "b", "missing"])?, 3);
        assert_eq!(c.touch(["a", "missing"])?, 1);
        assert_eq!(c.del(["a", "b", "missing"])?, 2);
        assert_eq!(c.unlink("c")?, 1);
        assert_eq!(c.unlink("c")?, 0);
    }
    "DUMP" => |c| {
        assert_eq!(c.dump("k")?, None);
        c.set("k", "v")?;
        let dump = c.dump("k")?.ok_or("is there")?;
        c.restore("copy", FAR, &dump)?;
        assert!(matches!(c.ttl("copy")?, Ttl::Expires(_)));
        let error = c.restore("copy", Duration::ZERO, &dump).unwrap_err();
        assert_eq!(error.server().map(ServerError::code), Some("BUSYKEY"));
        c.run(cmd::restore("copy", Duration::ZERO, &dump).replace().idle_seconds(1))?;
        assert_eq!(c.ttl("copy")?, Ttl::Persistent);
        c.run(cmd::restore("copy", FUTURE.since_epoch(), &dump).replace().since_epoch())?;
        assert!(matches!(c.ttl("copy")?, Ttl::Expires(_)));
        assert_eq!(c.get::<String>("copy")?, "v");
    }
    "EXPIRE" => |c| {
        assert!(!c.expire("k", FAR)?);
        c.set("k", "v")?;
        assert_eq!(c.ttl("k")?, Ttl::Persistent);
        assert!(c.expire("k", FAR)?);
        assert!(matches!(c.ttl("k")?, Ttl::Expires(left) if left <= FAR));
        assert!(c.expire("k", Duration::from_millis(1_500_500))?);
        assert!(c.ttl("k")?.left() > Some(FAR));
        assert!(c.persist("k")?);
        assert!(!c.persist("k")?);
        assert!(c.expireat("k", FUTURE)?);
        assert!(c.expireat("k", UnixTime::from_secs(4_000_000_000))?);
        assert!(c.expire("k", Duration::ZERO)?);
        assert_eq!(c.ttl("k")?, Ttl::Missing);
    }
    "EXPIRETIME" => |c| {
        assert_eq!(c.expiretime("k")?, Expiry::Missing);
        c.set("k", "v")?;
        assert_eq!(c.expiretime("k")?, Expiry::Persistent);
        assert!(c.run(cmd::expireat("k", FUTURE).nx())?);
        assert_eq!(c.expiretime("k")?, Expiry::At(FUTURE));
        assert!(!c.run(cmd::expireat("k", FUTURE).gt())?);
        assert!(c.run(cmd::expire("k", FAR).lt())?);
        assert!(!c.run(cmd::expire("k", FAR).nx())?);
        assert!(c.run(cmd::expire("k", FAR).xx())?);
    }
    "KEYS" => |c| {
        assert_eq!(c.randomkey::<Option<String>>()?, None);
        c.mset([("a1", 1), ("a2", 2), ("b", 3)])?;
        let mut found: Vec<String> = c.keys("a*")?;
        found.sort();
        assert_eq!(found, ["a1", "a2"]);
        assert!(c.randomkey::<Option<String>>()?.is_some());
    }
    "OBJECT ENCODING" => |c| {
        assert_eq!(c.object_encoding("k")?, None);
        c.set("k", "text")?;
        assert_eq!(c.object_encoding("k")?.as_deref(), Some("embstr"));
        assert_eq!(c.object_refcount("k")?, Some(1));
        assert_eq!(c.object_idletime("missing")?, None);
        assert_eq!(c.object_idletime("k")?, Some(0));
        assert!(refusal(c.object_freq("k")).starts_with("ERR An LFU maxmemory policy"));
    }
    "RENAME" => |c| {
        c.set("{a}1", "v")?;
        c.rename("{a}1", "{a}2")?;
        assert!(c.renamenx("{a}2", "{a}3")?);
        c.set("{a}4", "w")?;
        assert!(!c.renamenx("{a}3", "{a}4")?);
        assert_eq!(refusal(c.rename("{a}missing", "{a}1")), "ERR no such key");
    }
    "SORT" => |c| {
        c.command::<()>(Command::new("RPUSH").arg("{a}list").args([3, 1, 10, 2]))?;
        assert_eq!(c.sort::<Vec<i64>>("{a}list")?, [1, 2, 3, 10]);
        let descending = cmd::sort::<Vec<i64>>("{a}list").descending().limit(1, 2);
        assert_eq!(c.run(descending)?, [3, 2]);
        assert_eq!(c.run(cmd::sort::<Vec<String>>("{a}list").alpha())?, ["1", "10", "2", "3"]);
        assert_eq!(c.run(cmd::sort::<()>("{a}list").store("{a}sorted"))?, 4);
        assert_eq!(c.run(cmd::sort::<Vec<i64>>("{a}sorted").by("nosort"))?, [1, 2, 3, 10]);
    }
    // Clusters deny GET before.
    "SORT" on &["redis-8.2", "valkey-8.1", "valkey-9.1"] => |c| {
        c.command::<()>(Command::new("RPUSH").arg("list").args([3, 1]))?;
        let twice = cmd::sort::<Vec<i64>>("list").get("#").get("#").limit(0, 1);
        assert_eq!(c.run(twice)?, [1, 1]);
    }
    "SORT_RO" => |c| {
        c.command::<()>(Command::new("RPUSH").arg("list").args([3, 1]))?;
        assert_eq!(c.sort_ro::<Vec<i64>>("list")?, [1, 3]);
    }
    "TYPE" => |c| {
        assert_eq!(c.type_of("k")?, KeyType::Missing);
        c.set("k", "v")?;
        assert_eq!(c.type_of("k")?, KeyType::Text);
        for (command, key_type) in [
            ("RPUSH", KeyType::List),
            ("SADD", KeyType::Set),
            ("PFADD", KeyType::Text),
        ] {
            c.command::<()>(Command::new(command).arg(command).arg("v"))?;
            assert_eq!(c.type_of(command)?, key_type);
        }
        c.command::<()>(Command::new("HSET").arg("h").arg("f").arg("v"))?;
        assert_eq!(c.type_of("h")?, KeyType::Hash);
        c.command::<()>(Command::new("ZADD").arg("z").arg(1).arg("m"))?;
        assert_eq!(c.type_of("z")?, KeyType::SortedSet);
        c.command::<()>(Command::new("XADD").arg("x").arg("*").arg("f").arg("v"))?;
        assert_eq!(c.type_of("x")?, KeyType::Stream);
    }
    "MOVE" on SINCE_7_0 => |c| {
        // Clusters have one database unless they are told otherwise.
        c.set("k", "v")?;
        assert!(c.move_key("k", 1).is_err());
        let other = cmd::copy("k", "k").database(1);
        assert!(c.run(other).is_err());
    }
}

#[test]
fn migrate_puts_options_before_its_keys() {
    let plain = cmd::migrate("10.0.0.2", 7000, ["{a}1", "{a}2"], 0, FAR);
    let all = plain.clone().copy().replace().auth("ann", "secret");
    let words = |command: Command| {
        let words = command.arguments().map(|word| String::from_utf8_lossy(word).into_owned());
        words.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(words(plain.into()), "MIGRATE 10.0.0.2 7000  0 1000000 KEYS {a}1 {a}2");
    assert_eq!(
        words(all.into()),
        "MIGRATE 10.0.0.2 7000  0 1000000 AUTH2 ann secret REPLACE COPY KEYS {a}1 {a}2"
    );
    let keys = Command::from(cmd::migrate("h", 1, "k".into_arg(), 0, FAR).replace());
    assert_eq!(keys.keys(), Ok(vec![&b"k"[..]]));
}
