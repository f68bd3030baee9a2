//! Ranges of sorted sets.

use std::ops::Bound;

use hashslot::cmd::{self, LexRange, MemberRange, RankRange, ScoreRange, TypedCommand};
use hashslot::{Commands, Slot};

use super::live::{cases, refusal};

/// Members with their scores.
type Scored = Vec<(String, f64)>;

cases! {
    "ZRANGE" => |c| {
        c.zadd("k", [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")])?;
        for (range, members) in [
            (RankRange::from(..), "abcde"),
            (RankRange::from(0..2), "ab"),
            (RankRange::from(..2), "ab"),
            (RankRange::from(..=2), "abc"),
            (RankRange::from(1..=2), "bc"),
            (RankRange::from(3..), "de"),
            (RankRange::from(-2..), "de"),
            (RankRange::from(-3..-1), "cd"),
            (RankRange::from(..-1), "abcd"),
            (RankRange::from((1, -2)), "bcd"),
            (RankRange::from(0..0), ""),
            (RankRange::from(..0), ""),
            (RankRange::from(-2..0), ""),
            (RankRange::from(2..2), ""),
            (RankRange::from(7..9), ""),
            (RankRange::from(3..99), "de"),
        ] {
            assert_eq!(c.zrange::<Vec<String>>("k", range)?.concat(), members, "{range:?}");
            let mut reversed = c.run(cmd::zrange::<Vec<String>>("reversed", range))?;
            assert_eq!(reversed, [""; 0]);
            c.zadd("reversed", [(5, "a"), (4, "b"), (3, "c"), (2, "d"), (1, "e")])?;
            reversed = c.run(cmd::zrange("reversed", range).rev())?;
            assert_eq!(reversed.concat(), members, "{range:?}");
            c.del("reversed")?;
        }
        let top: Scored = c.run(cmd::zrange("k", 0..2).rev().with_scores())?;
        assert_eq!(top, [("e".to_owned(), 5.0), ("d".to_owned(), 4.0)]);
        assert_eq!(c.zrange::<Vec<String>>("missing", ..)?, [""; 0]);
        let told = refusal(c.run(cmd::zrange::<Vec<String>>("k", ..).limit(0, 1)));
        assert!(told.starts_with("ERR syntax error, LIMIT is only supported"), "{told}");
    }
    "ZRANGE" => |c| {
        c.zadd("k", [(1.0, "a"), (2.0, "b"), (2.5, "c"), (3.0, "d"), (f64::INFINITY, "e")])?;
        for (range, members) in [
            (ScoreRange::from(..), "abcde"),
            (ScoreRange::from(2.0..3.0), "bc"),
            (ScoreRange::from(2..3), "bc"),
            (ScoreRange::from(2.0..=3.0), "bcd"),
            (ScoreRange::from(2..=3), "bcd"),
            (ScoreRange::from(2.5..), "cde"),
            (ScoreRange::from(..2.5), "ab"),
            (ScoreRange::from(..=2.5), "abc"),
            (ScoreRange::from(..f64::INFINITY), "abcd"),
            (ScoreRange::from(3.0..2.0), ""),
            (ScoreRange::from((Bound::Excluded(2.0), Bound::Included(3.0))), "cd"),
            (ScoreRange::from((Bound::Excluded(2), Bound::Unbounded)), "cde"),
        ] {
            let found: Vec<String> = c.zrange("k", range.clone())?;
            assert_eq!(found.concat(), members);
            let mut reversed: Vec<String> = c.run(cmd::zrange("k", range.clone()).rev())?;
            reversed.reverse();
            assert_eq!(reversed, found);
            assert_eq!(c.zcount("k", range)?, u64::try_from(members.len())?);
        }
        let page: Vec<String> = c.run(cmd::zrange("k", ScoreRange::from(2.0..)).limit(1, 2))?;
        assert_eq!(page, ["c", "d"]);
        let last = cmd::zrange("k", ScoreRange::from(..=3.0)).limit(0, 1).with_scores().rev();
        let last: Scored = c.run(last)?;
        assert_eq!(last, [("d".to_owned(), 3.0)]);
        assert_eq!(c.zcount("missing", ..)?, 0);
        assert_eq!(c.zcount("k", 1.0..=2.0)?, 2);
    }
    "ZRANGE" => |c| {
        c.zadd("k", ["a", "b", "bb", "c", "d"].map(|member| (0, member)))?;
        for (range, members) in [
            (LexRange::from(..), "abbbcd"),
            (LexRange::from("b".."c"), "bbb"),
            (LexRange::from("b"..="c"), "bbbc"),
            (LexRange::from(String::from("c")..), "cd"),
            (LexRange::from(..b"b"), "a"),
            (LexRange::from(..="b"), "ab"),
            (LexRange::from("c".."b"), ""),
            (LexRange::from((Bound::Excluded("b"), Bound::Unbounded)), "bbcd"),
        ] {
            let found: Vec<String> = c.zrange("k", range.clone())?;
            assert_eq!(found.concat(), members);
            let mut reversed: Vec<String> = c.run(cmd::zrange("k", range.clone()).rev())?;
            reversed.reverse();
            assert_eq!(reversed, found);
            assert_eq!(c.zlexcount("k", range)?, u64::try_from(found.len())?);
        }
        let page: Vec<String> = c.run(cmd::zrange("k", LexRange::from("b"..)).limit(1, 2))?;
        assert_eq!(page, ["bb", "c"]);
        assert_eq!(c.zlexcount("missing", ..)?, 0);
    }
    "ZRANGESTORE" => |c| {
        c.zadd("{a}1", [(1, "a"), (2, "b"), (3, "c"), (4, "d")])?;
        let stored = || c.zrange::<Vec<String>>("{a}d", ..);
        assert_eq!(c.zrangestore("{a}d", "{a}1", 1..3)?, 2);
        assert_eq!(stored()?, ["b", "c"]);
        assert_eq!(c.run(cmd::zrangestore("{a}d", "{a}1", 0..1).rev())?, 1);
        assert_eq!(stored()?, ["d"]);
        let scores = ScoreRange::from(2..=4);
        assert_eq!(c.run(cmd::zrangestore("{a}d", "{a}1", scores).rev().limit(1, 2))?, 2);
        assert_eq!(stored()?, ["b", "c"]);
        assert_eq!(c.zrangestore("{a}d", "{a}missing", ..)?, 0);
        assert_eq!(c.exists("{a}d")?, 0);
    }
    "ZREMRANGEBYRANK" => |c| {
        c.zadd("k", [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e"), (6, "f")])?;
        assert_eq!(c.zremrangebyrank("k", 0..0)?, 0);
        assert_eq!(c.zremrangebyrank("k", ..-4)?, 2);
        assert_eq!(c.zremrangebyscore("k", 3.0..4.0)?, 1);
        assert_eq!(c.zremrangebyscore("k", (Bound::Excluded(5), Bound::Unbounded))?, 1);
        assert_eq!(c.zrange::<Vec<String>>("k", ..)?, ["d", "e"]);
        assert_eq!(c.zremrangebyscore("missing", ..)?, 0);
        c.zadd("texts", [(0, "a"), (0, "b"), (0, "c")])?;
        assert_eq!(c.zremrangebylex("texts", "b"..)?, 2);
        assert_eq!(c.zremrangebylex("texts", ..)?, 1);
    }
}

fn words(command: impl TypedCommand) -> String {
    let command = command.into_command();
    let words = command.arguments().map(|word| String::from_utf8_lossy(word).into_owned());
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn rev_keeps_the_low_bound_first() {
    let range = |range: MemberRange| cmd::zrange::<()>("k", range);
    assert_eq!(words(range((0..10).into()).rev()), "ZRANGE k 0 9 REV");
    assert_eq!(words(range((i64::MIN..i64::MIN).into())), format!("ZRANGE k {0} {0}", i64::MIN));
    let scores = ScoreRange::from(1.5..1e20);
    assert_eq!(words(range(scores.clone().into())), "ZRANGE k 1.5 (1e+20 BYSCORE");
    let reversed = range(scores.into()).limit(0, 5).rev();
    assert_eq!(words(reversed.clone()), "ZRANGE k (1e+20 1.5 BYSCORE LIMIT 0 5 REV");
    assert_eq!(words(reversed.clone()), words(reversed.clone().rev()));
    assert_eq!(reversed.into_command().slot(), Ok(Some(Slot::of_key(b"k"))));
    let long = "x".repeat(5000);
    let reversed = range(LexRange::from("b"..=&long).into()).rev();
    assert_eq!(words(reversed), format!("ZRANGE k [{long} [b BYLEX REV"));
    let stored = cmd::zrangestore("{a}1", "{a}2", ScoreRange::from(2..)).limit(0, 5).rev();
    assert_eq!(words(stored), "ZRANGESTORE {a}1 {a}2 +inf 2 BYSCORE LIMIT 0 5 REV");
}

#[test]
fn ranges_show_no_bound() {
    let range = MemberRange::from(LexRange::from("secret"..));
    assert_eq!(format!("{range:?}"), "MemberRange(Lex(LexRange(..)))");
    assert_eq!(format!("{:?}", ScoreRange::from(1..)), "ScoreRange(..)");
}
