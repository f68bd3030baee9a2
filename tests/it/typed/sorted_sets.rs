//! Sorted sets.

use std::collections::BTreeMap;
use std::time::Duration;

use hashslot::cmd::{self, Aggregate, ScoreEnd, TypedCommand};
use hashslot::{Command, Commands};

use super::live::{cases, refusal};

/// Members with their scores.
type Scored = Vec<(String, f64)>;

fn scored<const N: usize>(pairs: [(&str, f64); N]) -> Scored {
    pairs.map(|(member, score)| (member.to_owned(), score)).into()
}

cases! {
    "ZADD" => |c| {
        assert_eq!(c.zadd("k", (1, "a"))?, 1);
        assert_eq!(c.zadd("k", [(2.5, "a"), (f64::INFINITY, "b"), (-1.0, "c")])?, 2);
        let all: Scored = c.run(cmd::zrange("k", ..).with_scores())?;
        assert_eq!(all, scored([("c", -1.0), ("a", 2.5), ("b", f64::INFINITY)]));
        let scores = BTreeMap::from([("x", 0.5), ("y", 1.5)]);
        let pairs = cmd::each(scores.iter().map(|(member, score)| (score, member)));
        assert_eq!(c.zadd("other", pairs)?, 2);
        assert_eq!(c.zcard("other")?, 2);
        assert_eq!(c.zcard("missing")?, 0);
    }
    "ZADD" => |c| {
        c.zadd("k", (5, "a"))?;
        assert_eq!(c.run(cmd::zadd("k", [(6, "a"), (6, "b")]).nx())?, 1);
        assert_eq!(c.run(cmd::zadd("k", [(7, "a"), (7, "c")]).xx().count_changed())?, 1);
        assert_eq!(c.run(cmd::zadd("k", [(1, "a"), (9, "b")]).gt().count_changed())?, 1);
        assert_eq!(c.run(cmd::zadd("k", [(1, "a"), (99, "b")]).lt().count_changed())?, 1);
        let all: Scored = c.run(cmd::zrange("k", ..).with_scores())?;
        assert_eq!(all, scored([("a", 1.0), ("b", 9.0)]));
        assert_eq!(c.run(cmd::zadd("k", (2, "a")).incr())?, Some(3.0));
        assert_eq!(c.run(cmd::zadd("k", (2, "a")).nx().incr())?, None);
        assert_eq!(c.run(cmd::zadd("k", (-2, "a")).gt().incr())?, None);
    }
    "ZINCRBY" => |c| {
        assert_eq!(c.zincrby("k", 1.5, "a")?, 1.5);
        assert_eq!(c.zincrby("k", -2.0, "a")?, -0.5);
        assert_eq!(c.zscore("k", "a")?, Some(-0.5));
        assert_eq!(c.zscore("k", "missing")?, None);
        assert_eq!(c.zmscore("k", ["a", "missing"])?, [Some(-0.5), None]);
        assert_eq!(c.zmscore("missing", "a")?, [None]);
    }
    "ZDIFF" => |c| {
        c.zadd("{a}1", [(1, "a"), (2, "b"), (3, "c")])?;
        c.zadd("{a}2", (9, "b"))?;
        assert_eq!(c.zdiff::<Vec<String>>(["{a}1", "{a}2"])?, ["a", "c"]);
        let rest: Scored = c.run(cmd::zdiff(["{a}1", "{a}2", "{a}missing"]).with_scores())?;
        assert_eq!(rest, scored([("a", 1.0), ("c", 3.0)]));
        assert_eq!(c.zdiff::<Vec<String>>("{a}missing")?, [""; 0]);
        assert_eq!(c.zdiffstore("{a}d", ["{a}1", "{a}2"])?, 2);
        assert_eq!(c.zdiffstore("{a}d", ["{a}1", "{a}1"])?, 0);
        assert_eq!(c.exists("{a}d")?, 0);
    }
    "ZINTER" => |c| {
        c.zadd("{a}1", [(1, "a"), (2, "b"), (3, "c")])?;
        c.zadd("{a}2", [(10, "b"), (20, "c"), (30, "d")])?;
        let keys = ["{a}1", "{a}2"];
        assert_eq!(c.zinter::<Vec<String>>(keys)?, ["b", "c"]);
        let both: Scored = c.run(cmd::zinter(keys).with_scores())?;
        assert_eq!(both, scored([("b", 12.0), ("c", 23.0)]));
        let weighted = cmd::zinter::<Scored>(keys).weights([2.0, 0.5]).with_scores();
        assert_eq!(c.run(weighted)?, scored([("b", 9.0), ("c", 16.0)]));
        let least = cmd::zinter::<Scored>(keys).aggregate(Aggregate::Min).with_scores();
        assert_eq!(c.run(least)?, scored([("b", 2.0), ("c", 3.0)]));
        assert_eq!(c.zinter::<Vec<String>>(["{a}1", "{a}missing"])?, [""; 0]);

        assert_eq!(c.zunion::<Vec<String>>(keys)?, ["a", "b", "c", "d"]);
        let best = cmd::zunion(keys).weights([1, 2]).aggregate(Aggregate::Max).with_scores();
        let best: Scored = c.run(best)?;
        assert_eq!(best, scored([("a", 1.0), ("b", 20.0), ("c", 40.0), ("d", 60.0)]));
        let sum: Scored = c.run(cmd::zunion("{a}1").aggregate(Aggregate::Sum).with_scores())?;
        assert_eq!(sum, scored([("a", 1.0), ("b", 2.0), ("c", 3.0)]));
    }
    "ZINTERSTORE" => |c| {
        c.zadd("{a}1", [(1, "a"), (2, "b")])?;
        c.zadd("{a}2", [(10, "b"), (20, "c")])?;
        let keys = ["{a}1", "{a}2"];
        assert_eq!(c.zinterstore("{a}d", keys)?, 1);
        assert_eq!(c.zscore("{a}d", "b")?, Some(12.0));
        let weighted = cmd::zinterstore("{a}d", keys).weights([3, 1]).aggregate(Aggregate::Min);
        assert_eq!(c.run(weighted)?, 1);
        assert_eq!(c.zscore("{a}d", "b")?, Some(6.0));
        assert_eq!(c.zunionstore("{a}d", keys)?, 3);
        let weighted = cmd::zunionstore("{a}d", keys).weights([3, 1]).aggregate(Aggregate::Max);
        assert_eq!(c.run(weighted)?, 3);
        assert_eq!(c.zmscore("{a}d", ["a", "b", "c"])?, [Some(3.0), Some(10.0), Some(20.0)]);
        assert_eq!(c.zunionstore("{a}d", "{a}missing")?, 0);
        assert_eq!(c.exists("{a}d")?, 0);
    }
    "ZINTERCARD" => |c| {
        c.zadd("{a}1", [(1, "a"), (2, "b"), (3, "c")])?;
        c.zadd("{a}2", [(1, "b"), (2, "c")])?;
        assert_eq!(c.zintercard(["{a}1", "{a}2"])?, 2);
        assert_eq!(c.run(cmd::zintercard(["{a}1", "{a}2"]).limit(1))?, 1);
        assert_eq!(c.zintercard(["{a}1", "{a}missing"])?, 0);
    }
    "ZMPOP" => |c| {
        type Popped = Option<(String, Scored)>;
        let keys = ["{a}missing", "{a}1"];
        assert_eq!(c.zmpop::<Popped>(keys, ScoreEnd::Min)?, None);
        c.zadd("{a}1", [(1.5, "a"), (2.0, "b"), (3.0, "c"), (4.0, "d")])?;
        let lowest: Popped = c.zmpop(keys, ScoreEnd::Min)?;
        assert_eq!(lowest, Some(("{a}1".into(), scored([("a", 1.5)]))));
        let two: Popped = c.run(cmd::zmpop(keys, ScoreEnd::Max).count(2))?;
        assert_eq!(two, Some(("{a}1".into(), scored([("d", 4.0), ("c", 3.0)]))));
    }
    "ZPOPMAX" => |c| {
        assert_eq!(c.zpopmax::<Scored>("k")?, []);
        assert_eq!(c.run(cmd::zpopmin::<Scored>("k").count(2))?, []);
        c.zadd("k", [(1.5, "a"), (2.0, "b"), (3.0, "c"), (4.0, "d"), (5.0, "e")])?;
        assert_eq!(c.zpopmin::<Scored>("k")?, scored([("a", 1.5)]));
        assert_eq!(c.zpopmax::<Scored>("k")?, scored([("e", 5.0)]));
        let lowest = cmd::zpopmin::<Scored>("k").count(2);
        assert_eq!(c.run(lowest)?, scored([("b", 2.0), ("c", 3.0)]));
        assert_eq!(c.run(cmd::zpopmax::<Scored>("k").count(2))?, scored([("d", 4.0)]));
    }
    "ZRANDMEMBER" => |c| {
        assert_eq!(c.zrandmember::<Option<String>>("k")?, None);
        assert_eq!(c.run(cmd::zrandmember::<()>("k").count::<Vec<String>>(2))?, [""; 0]);
        c.zadd("k", (1.5, "a"))?;
        assert_eq!(c.zrandmember::<Option<String>>("k")?.as_deref(), Some("a"));
        assert_eq!(c.run(cmd::zrandmember::<()>("k").count::<Vec<String>>(2))?, ["a"]);
        let twice = cmd::zrandmember::<()>("k").count_with_repeats::<Vec<String>>(2);
        assert_eq!(c.run(twice)?, ["a", "a"]);
        let with_scores = cmd::zrandmember::<()>("k").count::<Scored>(2).with_scores();
        assert_eq!(c.run(with_scores)?, scored([("a", 1.5)]));
    }
    "ZRANK" => |c| {
        c.zadd("k", [(1, "a"), (2, "b"), (3, "c")])?;
        assert_eq!(c.zrank("k", "a")?, Some(0));
        assert_eq!(c.zrevrank("k", "a")?, Some(2));
        assert_eq!(c.zrank("k", "missing")?, None);
        assert_eq!(c.zrevrank("missing", "a")?, None);
        assert_eq!(c.zrem("k", ["a", "missing"])?, 1);
        assert_eq!(c.zrem("k", "a")?, 0);
        assert_eq!(c.zrank("k", "b")?, Some(0));
    }
    "ZRANK" on &["redis-8.2", "valkey-8.1", "valkey-9.1"] => |c| {
        c.zadd("k", [(1.5, "a"), (2.5, "b")])?;
        assert_eq!(c.run(cmd::zrank("k", "b").with_score())?, Some((1, 2.5)));
        assert_eq!(c.run(cmd::zrevrank("k", "b").with_score())?, Some((0, 2.5)));
        assert_eq!(c.run(cmd::zrank("k", "missing").with_score())?, None);
    }
    "ZADD" => |c| {
        // A key may have a set.
        c.command::<()>(Command::new("SADD").arg("{a}set").arg("b"))?;
        c.zadd("{a}1", [(1, "a"), (2, "b")])?;
        let both: Scored = c.run(cmd::zinter(["{a}1", "{a}set"]).with_scores())?;
        assert_eq!(both, scored([("b", 3.0)]));
    }
    "ZSCAN" => |c| {
        let page = c.zscan::<Scored>("k", 0)?;
        assert_eq!((page.cursor, page.items.len()), (0, 0));
        c.zadd("k", [(1.5, "a1"), (2.5, "a2"), (3.5, "b")])?;
        let page = c.zscan::<Scored>("k", 0)?;
        assert_eq!((page.cursor, page.items.len()), (0, 3));
        let page = c.run(cmd::zscan::<Scored>("k", 0).pattern("a*").count(100))?;
        assert_eq!((page.cursor, page.items), (0, scored([("a1", 1.5), ("a2", 2.5)])));
        // A sorted set of several parts.
        let many = (0..1000).map(|number| (number, format!("member {number}")));
        c.zadd("large", cmd::each(many))?;
        let (mut members, mut cursor) = (BTreeMap::new(), 0);
        loop {
            let page = c.run(cmd::zscan::<Scored>("large", cursor).count(50))?;
            assert!(page.items.len() < 1000);
            members.extend(page.items);
            cursor = page.cursor;
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(members.len(), 1000);
        assert_eq!(members.get("member 7"), Some(&7.0));
    }
    "ZSCAN" on &["valkey-8.1", "valkey-9.1"] => |c| {
        c.zadd("k", [(1.5, "a"), (2.5, "b")])?;
        let page = c.run(cmd::zscan::<Vec<String>>("k", 0).no_scores())?;
        assert_eq!(page.items, ["a", "b"]);
    }
    "BZMPOP" => |c| {
        let keys = ["{a}1", "{a}2"];
        let told = refusal(c.bzpopmin::<()>(keys, Duration::ZERO));
        assert!(told.ends_with("no blocking commands yet; poll with ZPOPMIN"), "{told}");
        let told = refusal(c.bzpopmax::<()>(keys, Duration::ZERO));
        assert!(told.ends_with("no blocking commands yet; poll with ZPOPMAX"), "{told}");
        let told = refusal(c.bzmpop::<()>(keys, ScoreEnd::Max, Duration::ZERO));
        assert!(told.ends_with("no blocking commands yet; poll with ZMPOP"), "{told}");
    }
}

fn words(command: impl TypedCommand) -> String {
    let command = command.into_command();
    let words = command.arguments().map(|word| String::from_utf8_lossy(word).into_owned());
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn blocking_commands_wait_as_long_as_they_are_told() {
    let keys = ["{a}1", "{a}2"];
    let half = Duration::from_millis(500);
    assert_eq!(words(cmd::bzpopmin::<()>(keys, half)), "BZPOPMIN {a}1 {a}2 0.5");
    assert_eq!(words(cmd::bzpopmax::<()>("k", Duration::from_secs(5))), "BZPOPMAX k 5");
    assert_eq!(words(cmd::bzpopmin::<()>("k", Duration::ZERO)), "BZPOPMIN k 0");
    // Servers count milliseconds: zero of them would be forever.
    assert_eq!(words(cmd::bzpopmin::<()>("k", Duration::from_nanos(1))), "BZPOPMIN k 0.001");
    let command = cmd::bzmpop::<()>(keys, ScoreEnd::Max, half).count(3);
    assert_eq!(words(command), "BZMPOP 0.5 2 {a}1 {a}2 MAX COUNT 3");
    let command = cmd::bzmpop::<()>("k", ScoreEnd::Min, Duration::ZERO);
    assert_eq!(command.clone().into_command().keys(), Ok(vec![&b"k"[..]]));
    assert_eq!(words(command), "BZMPOP 0 1 k MIN");
}

#[test]
fn options_of_zadd_stand_before_its_pairs() {
    let command = cmd::zadd("k", [(1, "a"), (2, "b")]).gt().count_changed().incr();
    assert_eq!(words(command), "ZADD k INCR CH GT 1 a 2 b");
}
