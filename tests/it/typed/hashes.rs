//! Hashes.

use std::collections::BTreeMap;
use std::time::Duration;

use hashslot::cmd::{self, Expiry, HExpireReply, HPersistReply, Ttl, UnixTime};
use hashslot::{Command, Commands};

use super::live::{cases, refusal};

/// A period and a time far ahead.
const FAR: Duration = Duration::from_secs(1000);
const FUTURE: UnixTime = UnixTime::from_millis(4_000_000_000_500);

cases! {
    "HSET" => |c| {
        assert_eq!(c.hset("h", ("a", 1))?, 1);
        assert_eq!(c.hset("h", [("a", 2), ("b", 3)])?, 1);
        assert_eq!(c.hset("h", BTreeMap::from([("c", "x")]))?, 1);
        assert_eq!(c.hget::<Option<i64>>("h", "a")?, Some(2));
        assert_eq!(c.hget::<Option<i64>>("h", "missing")?, None);
        assert_eq!(c.hget::<Option<i64>>("missing", "a")?, None);
        assert_eq!(c.hlen("h")?, 3);
        assert_eq!(c.hlen("missing")?, 0);
        c.set("k", "v")?;
        assert!(refusal(c.hset("k", ("a", 1))).starts_with("WRONGTYPE"));
    }
    "HDEL" => |c| {
        c.hset("h", [("a", 1), ("b", 2), ("c", 3)])?;
        assert!(c.hexists("h", "a")?);
        assert_eq!(c.hdel("h", ["a", "b", "missing"])?, 2);
        assert!(!c.hexists("h", "a")?);
        assert!(!c.hexists("missing", "a")?);
        assert_eq!(c.hdel("h", "c")?, 1);
        assert_eq!(c.hdel("h", "c")?, 0);
        assert_eq!(c.exists("h")?, 0);
    }
    "HGETALL" => |c| {
        c.hset("h", [("a", 1), ("b", 2)])?;
        let expected = BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
        assert_eq!(c.hgetall::<BTreeMap<String, i64>>("h")?, expected);
        let mut pairs: Vec<(String, String)> = c.hgetall("h")?;
        pairs.sort();
        assert_eq!(pairs, [("a".into(), "1".into()), ("b".into(), "2".into())]);
        assert_eq!(c.hgetall::<BTreeMap<String, i64>>("missing")?, BTreeMap::new());
        let mut fields: Vec<String> = c.hkeys("h")?;
        fields.sort();
        assert_eq!(fields, ["a", "b"]);
        let mut values: Vec<i64> = c.hvals("h")?;
        values.sort_unstable();
        assert_eq!(values, [1, 2]);
        assert_eq!(c.hkeys::<Vec<String>>("missing")?, [""; 0]);
        assert_eq!(c.hvals::<Vec<String>>("missing")?, [""; 0]);
    }
    "HMGET" => |c| {
        c.hset("h", [("a", "x"), ("b", "2")])?;
        let values: (String, Option<i64>, Option<i64>) = c.hmget("h", ["a", "b", "missing"])?;
        assert_eq!(values, ("x".into(), Some(2), None));
        assert_eq!(c.hmget::<Vec<String>>("h", "a")?, ["x"]);
        assert_eq!(c.hmget::<Vec<Option<i64>>>("missing", ["a", "b"])?, [None, None]);
    }
    "HINCRBY" => |c| {
        assert_eq!(c.hincrby("h", "n", 41)?, 41);
        assert_eq!(c.hincrby("h", "n", -1)?, 40);
        assert_eq!(c.hincrbyfloat("h", "n", 0.5)?, 40.5);
        let digits: String = c.run(cmd::hincrbyfloat("h", "n", 0.25).reply())?;
        assert_eq!(digits, "40.75");
        assert_eq!(refusal(c.hincrby("h", "n", 1)), "ERR hash value is not an integer");
    }
    "HSETNX" => |c| {
        assert!(c.hsetnx("h", "a", "four")?);
        assert!(!c.hsetnx("h", "a", "other")?);
        assert_eq!(c.hstrlen("h", "a")?, 4);
        assert_eq!(c.hstrlen("h", "missing")?, 0);
        assert_eq!(c.hstrlen("missing", "a")?, 0);
    }
    "HRANDFIELD" => |c| {
        assert_eq!(c.hrandfield::<Option<String>>("missing")?, None);
        let none: Vec<String> = c.run(cmd::hrandfield::<()>("missing").count(2))?;
        assert!(none.is_empty());
        c.hset("h", [("a", 1), ("b", 2)])?;
        let one: String = c.hrandfield("h")?;
        assert!(one == "a" || one == "b");
        let mut all: Vec<String> = c.run(cmd::hrandfield::<()>("h").count(5))?;
        all.sort();
        assert_eq!(all, ["a", "b"]);
        let all: BTreeMap<String, i64> =
            c.run(cmd::hrandfield::<()>("h").count(5).with_values())?;
        assert_eq!(all, BTreeMap::from([("a".into(), 1), ("b".into(), 2)]));
        let many: Vec<String> = c.run(cmd::hrandfield::<()>("h").count_with_repeats(5))?;
        assert_eq!(many.len(), 5);
        let pairs = cmd::hrandfield::<()>("h").count_with_repeats::<Vec<(String, i64)>>(3);
        assert_eq!(c.run(pairs.with_values())?.len(), 3);
    }
    "HSCAN" => |c| {
        let page = c.hscan::<Vec<(String, i64)>>("missing", 0)?;
        assert_eq!((page.cursor, page.items.len()), (0, 0));
        c.hset("h", [("a1", 1), ("a2", 2), ("b", 3)])?;
        let mut page = c.hscan::<Vec<(String, i64)>>("h", 0)?;
        page.items.sort();
        assert_eq!(page.items, [("a1".into(), 1), ("a2".into(), 2), ("b".into(), 3)]);
        let page = c.run(cmd::hscan::<BTreeMap<String, i64>>("h", 0).pattern("b").count(100))?;
        assert_eq!((page.cursor, page.items), (0, BTreeMap::from([("b".into(), 3)])));
        // A hash of several parts.
        c.hset("large", cmd::each((0..1000).map(|number| (number, number))))?;
        let (mut fields, mut cursor) = (BTreeMap::<u32, u32>::new(), 0);
        loop {
            let page = c.run(cmd::hscan::<Vec<(u32, u32)>>("large", cursor).count(50))?;
            assert!(page.items.len() < 1000);
            fields.extend(page.items);
            cursor = page.cursor;
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(fields.len(), 1000);
    }
    "HSCAN" on &["redis-8.2", "valkey-8.1", "valkey-9.1"] => |c| {
        c.hset("h", [("a", 1), ("b", 2)])?;
        let mut page = c.run(cmd::hscan::<Vec<String>>("h", 0).no_values())?;
        page.items.sort();
        assert_eq!(page.items, ["a", "b"]);
    }
    "HEXPIRE" => |c| {
        use HExpireReply::{ConditionNotMet, Deleted, Missing, Set};
        assert_eq!(c.hexpire("missing", FAR, ["a", "b"])?, [Missing, Missing]);
        c.hset("h", [("a", 1), ("b", 2), ("c", 3)])?;
        assert_eq!(c.hexpire("h", FAR, ["a", "missing"])?, [Set, Missing]);
        let exact = Duration::from_millis(2_000_500);
        assert_eq!(c.run(cmd::hexpire("h", exact, ["a", "b"]).nx())?, [ConditionNotMet, Set]);
        assert_eq!(c.run(cmd::hexpire("h", exact, ["a", "c"]).xx())?, [Set, ConditionNotMet]);
        assert_eq!(c.run(cmd::hexpire("h", FAR, ["a", "c"]).gt())?, [ConditionNotMet; 2]);
        assert_eq!(c.run(cmd::hexpireat("h", FUTURE, ["a"]).gt())?, [Set]);
        assert_eq!(c.run(cmd::hexpire("h", exact, ["a", "c"]).lt())?, [Set, Set]);
        assert_eq!(c.run(cmd::hexpire("h", exact, "a").lt())?, [ConditionNotMet]);
        assert_eq!(c.hexpire("h", Duration::ZERO, "c")?, [Deleted]);
        assert!(!c.hexists("h", "c")?);
        assert_eq!(c.hexpireat("h", UnixTime::from_secs(1), "b")?, [Deleted]);
        assert_eq!(c.hkeys::<Vec<String>>("h")?, ["a"]);
    }
    "HTTL" => |c| {
        assert_eq!(c.httl("missing", ["a", "b"])?, [Ttl::Missing, Ttl::Missing]);
        assert_eq!(c.hexpiretime("missing", "a")?, [Expiry::Missing]);
        assert_eq!(c.hpersist("missing", "a")?, [HPersistReply::Missing]);
        c.hset("h", [("a", 1), ("b", 2)])?;
        c.hexpireat("h", FUTURE, "a")?;
        let fields = ["a", "b", "missing"];
        let ttls = c.httl("h", fields)?;
        assert!(ttls[0].left() > Some(FAR));
        assert_eq!(ttls[1..], [Ttl::Persistent, Ttl::Missing]);
        let times = [Expiry::At(FUTURE), Expiry::Persistent, Expiry::Missing];
        assert_eq!(c.hexpiretime("h", fields)?, times);
        let done = [HPersistReply::Removed, HPersistReply::Persistent, HPersistReply::Missing];
        assert_eq!(c.hpersist("h", fields)?, done);
        c.hexpireat("h", UnixTime::from_secs(4_000_000_000), "a")?;
        let whole = [Expiry::At(UnixTime::from_secs(4_000_000_000))];
        assert_eq!(c.hexpiretime("h", "a")?, whole);
    }
    "HGETDEL" => |c| {
        assert_eq!(c.hgetdel::<Vec<Option<i64>>>("missing", ["a", "b"])?, [None, None]);
        c.hset("h", [("a", 1), ("b", 2)])?;
        assert_eq!(c.hgetdel::<(i64, Option<i64>)>("h", ["a", "missing"])?, (1, None));
        assert_eq!(c.hgetdel::<Vec<Option<i64>>>("h", ["a", "b"])?, [None, Some(2)]);
        assert_eq!(c.exists("h")?, 0);
    }
    "HGETEX" => |c| {
        assert_eq!(c.hgetex::<Vec<Option<i64>>>("missing", ["a", "b"])?, [None, None]);
        c.hset("h", [("a", 1), ("b", 2)])?;
        assert_eq!(c.hgetex::<(i64, Option<i64>)>("h", ["a", "missing"])?, (1, None));
        assert_eq!(c.httl("h", "a")?, [Ttl::Persistent]);
        assert_eq!(c.run(cmd::hgetex::<Vec<i64>>("h", "a").ttl(FAR))?, [1]);
        assert!(c.httl("h", "a")?[0].left() > Some(FAR / 2));
        let exact = Duration::from_millis(99_999_500);
        assert_eq!(c.run(cmd::hgetex::<Vec<i64>>("h", ["a", "b"]).ttl(exact))?, [1, 2]);
        assert!(c.httl("h", "a")?[0].left() > Some(FAR));
        assert_eq!(c.hgetex::<Vec<i64>>("h", "a")?, [1]);
        assert!(c.httl("h", "a")?[0].left() > Some(FAR));
        assert_eq!(c.run(cmd::hgetex::<Vec<i64>>("h", "a").expire_at(FUTURE))?, [1]);
        assert_eq!(c.hexpiretime("h", "a")?, [Expiry::At(FUTURE)]);
        assert_eq!(c.run(cmd::hgetex::<Vec<i64>>("h", "a").persist())?, [1]);
        assert_eq!(c.httl("h", "a")?, [Ttl::Persistent]);
        let past = UnixTime::from_secs(1);
        assert_eq!(c.run(cmd::hgetex::<Vec<i64>>("h", "a").expire_at(past))?, [1]);
        assert_eq!(c.httl("h", "a")?, [Ttl::Missing]);
    }
    "HSETEX" => |c| {
        assert!(c.hsetex("h", ("a", 1))?);
        assert_eq!(c.httl("h", "a")?, [Ttl::Persistent]);
        assert!(!c.run(cmd::hsetex("h", [("a", 2), ("b", 2)]).fnx())?);
        assert!(!c.run(cmd::hsetex("h", [("a", 2), ("b", 2)]).fxx())?);
        assert_eq!(c.hgetall::<Vec<(String, i64)>>("h")?, [("a".into(), 1)]);
        assert!(c.run(cmd::hsetex("h", ("a", 2)).fxx().ttl(FAR))?);
        assert!(c.httl("h", "a")?[0].left() > Some(FAR / 2));
        assert!(c.run(cmd::hsetex("h", ("b", 3)).ttl(Duration::from_millis(99_999_500)).fnx())?);
        assert!(c.httl("h", "b")?[0].left() > Some(FAR));
        assert!(c.run(cmd::hsetex("h", ("b", 4)).expire_at(FUTURE))?);
        assert!(c.run(cmd::hsetex("h", ("b", 5)).keep_ttl())?);
        assert_eq!(c.hexpiretime("h", "b")?, [Expiry::At(FUTURE)]);
        assert!(c.hsetex("h", ("b", 6))?);
        assert_eq!(c.httl("h", "b")?, [Ttl::Persistent]);
        assert_eq!(c.hmget::<Vec<i64>>("h", ["a", "b"])?, [2, 6]);
    }
    "HSETEX" on &["valkey-9.1"] => |c| {
        assert!(!c.run(cmd::hsetex("h", ("a", 1)).xx())?);
        assert!(c.run(cmd::hsetex("h", ("a", 1)).nx())?);
        assert!(!c.run(cmd::hsetex("h", ("b", 1)).nx().ttl(FAR))?);
        assert!(c.run(cmd::hsetex("h", ("b", 1)).xx().fnx().ttl(FAR))?);
    }
}

#[test]
fn options_stand_before_the_fields() {
    let words = |command: Command| {
        let words = command.arguments().map(|word| String::from_utf8_lossy(word).into_owned());
        words.collect::<Vec<_>>().join(" ")
    };
    let expire = cmd::hexpire("h", Duration::from_millis(1500), ["a", "b"]).nx();
    assert_eq!(words(expire.into()), "HPEXPIRE h 1500 NX FIELDS 2 a b");
    let set = cmd::hsetex("h", [("a", 1), ("b", 2)]).ttl(FAR).fnx();
    assert_eq!(words(set.into()), "HSETEX h FNX EX 1000 FIELDS 2 a 1 b 2");
    let get = cmd::hgetex::<()>("h", "a").expire_at(FUTURE);
    assert_eq!(words(get.into()), "HGETEX h PXAT 4000000000500 FIELDS 1 a");
}
