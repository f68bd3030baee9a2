//! Lists.

use std::time::Duration;

use hashslot::cmd::ListEnd::{Left, Right};
use hashslot::cmd::{self, LInsertReply, Pivot};
use hashslot::{Command, Commands};

use super::live::{cases, refusal};

cases! {
    "LPUSH" => |c| {
        assert_eq!(c.rpushx("l", "x")?, 0);
        assert_eq!(c.lpushx("l", ["x", "y"])?, 0);
        assert_eq!(c.llen("l")?, 0);
        assert_eq!(c.lpush("l", ["b", "a"])?, 2);
        assert_eq!(c.rpush("l", "c")?, 3);
        assert_eq!(c.rpush("l", vec![1, 2])?, 5);
        assert_eq!(c.rpushx("l", ["d", "e"])?, 7);
        assert_eq!(c.lpushx("l", "0")?, 8);
        assert_eq!(c.llen("l")?, 8);
        let all: Vec<String> = c.lrange("l", 0, -1)?;
        assert_eq!(all, ["0", "a", "b", "c", "1", "2", "d", "e"]);
        c.set("k", "v")?;
        assert!(refusal(c.lpush("k", "a")).starts_with("WRONGTYPE"));
    }
    "LINDEX" => |c| {
        assert_eq!(c.lindex::<Option<String>>("l", 0)?, None);
        c.rpush("l", ["a", "b", "c"])?;
        assert_eq!(c.lindex::<Option<String>>("l", 0)?.as_deref(), Some("a"));
        assert_eq!(c.lindex::<String>("l", -1)?, "c");
        assert_eq!(c.lindex::<Option<String>>("l", 3)?, None);
    }
    "LINSERT" => |c| {
        assert_eq!(c.linsert("l", Pivot::Before("b"), "a")?, LInsertReply::KeyMissing);
        c.rpush("l", "b")?;
        assert_eq!(c.linsert("l", Pivot::Before("b"), "a")?, LInsertReply::Inserted(2));
        assert_eq!(c.linsert("l", Pivot::After("b"), "c")?, LInsertReply::Inserted(3));
        assert_eq!(c.linsert("l", Pivot::After("x"), "c")?, LInsertReply::PivotMissing);
        assert_eq!(c.lrange::<Vec<String>>("l", 0, -1)?, ["a", "b", "c"]);
    }
    "LMOVE" => |c| {
        assert_eq!(c.lmove::<Option<String>>("{a}1", "{a}2", Left, Right)?, None);
        c.rpush("{a}1", ["a", "b", "c"])?;
        assert_eq!(c.lmove::<Option<String>>("{a}1", "{a}2", Left, Right)?.as_deref(), Some("a"));
        assert_eq!(c.lmove::<String>("{a}1", "{a}2", Right, Left)?, "c");
        assert_eq!(c.lrange::<Vec<String>>("{a}2", 0, -1)?, ["c", "a"]);
        assert_eq!(c.lmove::<String>("{a}2", "{a}2", Left, Right)?, "c");
        assert_eq!(c.lrange::<Vec<String>>("{a}2", 0, -1)?, ["a", "c"]);
    }
    "LMPOP" => |c| {
        type Popped = Option<(String, Vec<i64>)>;
        assert_eq!(c.lmpop::<Popped>(["{a}1", "{a}2"], Left)?, None);
        c.rpush("{a}2", [1, 2, 3, 4])?;
        assert_eq!(c.lmpop::<Popped>(["{a}1", "{a}2"], Left)?, Some(("{a}2".into(), vec![1])));
        let two = cmd::lmpop::<Popped>(["{a}1", "{a}2"], Right).count(2);
        assert_eq!(c.run(two)?, Some(("{a}2".into(), vec![4, 3])));
        let rest = cmd::lmpop::<Popped>("{a}2", Right).count(9);
        assert_eq!(c.run(rest)?, Some(("{a}2".into(), vec![2])));
    }
    "LPOP" => |c| {
        assert_eq!(c.lpop::<Option<String>>("l")?, None);
        assert_eq!(c.rpop::<Option<String>>("l")?, None);
        let none: Option<Vec<String>> = c.run(cmd::lpop::<()>("l").count(2))?;
        assert_eq!(none, None);
        c.rpush("l", [1, 2, 3, 4, 5, 6])?;
        assert_eq!(c.lpop::<Option<i64>>("l")?, Some(1));
        assert_eq!(c.rpop::<Option<i64>>("l")?, Some(6));
        let two: Option<Vec<i64>> = c.run(cmd::lpop::<()>("l").count(2))?;
        assert_eq!(two, Some(vec![2, 3]));
        let rest: Option<Vec<i64>> = c.run(cmd::rpop::<()>("l").count(9))?;
        assert_eq!(rest, Some(vec![5, 4]));
        assert_eq!(c.run(cmd::rpop::<()>("l").count::<Vec<i64>>(1))?, None);
    }
    "LPOS" => |c| {
        assert_eq!(c.lpos("l", "a")?, None);
        assert_eq!(c.run(cmd::lpos("l", "a").count(0))?, [0; 0]);
        c.rpush("l", ["a", "b", "a", "c", "a"])?;
        assert_eq!(c.lpos("l", "a")?, Some(0));
        assert_eq!(c.lpos("l", "x")?, None);
        assert_eq!(c.run(cmd::lpos("l", "x").count(1))?, [0; 0]);
        assert_eq!(c.run(cmd::lpos("l", "a").rank(2))?, Some(2));
        assert_eq!(c.run(cmd::lpos("l", "a").rank(-1))?, Some(4));
        assert_eq!(c.run(cmd::lpos("l", "a").count(0))?, [0, 2, 4]);
        assert_eq!(c.run(cmd::lpos("l", "a").rank(-1).count(2))?, [4, 2]);
        assert_eq!(c.run(cmd::lpos("l", "a").count(0).max_len(3))?, [0, 2]);
        assert_eq!(c.run(cmd::lpos("l", "c").max_len(3))?, None);
    }
    "LRANGE" => |c| {
        c.rpush("l", [1, 2, 3, 4, 5])?;
        assert_eq!(c.lrange::<Vec<i64>>("l", 1, 2)?, [2, 3]);
        assert_eq!(c.lrange::<Vec<i64>>("l", -2, -1)?, [4, 5]);
        assert_eq!(c.lrange::<Vec<i64>>("l", 7, 9)?, [0; 0]);
        assert_eq!(c.lrange::<Vec<i64>>("missing", 0, -1)?, [0; 0]);
        c.ltrim("l", 1, -2)?;
        assert_eq!(c.lrange::<(i64, i64, i64)>("l", 0, -1)?, (2, 3, 4));
        c.ltrim("l", 5, 4)?;
        assert_eq!(c.exists("l")?, 0);
        c.ltrim("l", 0, 1)?;
    }
    "LREM" => |c| {
        assert_eq!(c.lrem("l", 0, "a")?, 0);
        c.rpush("l", ["a", "b", "a", "b", "a", "a"])?;
        assert_eq!(c.lrem("l", 1, "a")?, 1);
        assert_eq!(c.lrem("l", -1, "b")?, 1);
        assert_eq!(c.lrange::<Vec<String>>("l", 0, -1)?, ["b", "a", "a", "a"]);
        assert_eq!(c.lrem("l", 0, "a")?, 3);
    }
    "LSET" => |c| {
        assert_eq!(refusal(c.lset("l", 0, "a")), "ERR no such key");
        c.rpush("l", ["a", "b"])?;
        c.lset("l", 0, "x")?;
        c.lset("l", -1, "y")?;
        assert_eq!(c.lrange::<Vec<String>>("l", 0, -1)?, ["x", "y"]);
        assert_eq!(refusal(c.lset("l", 2, "z")), "ERR index out of range");
    }
    "BLPOP" => |c| {
        type Popped = Option<(String, String)>;
        let second = Duration::from_secs(1);
        let blpop = refusal(c.blpop::<Popped>("l", second));
        assert!(blpop.ends_with("no blocking commands yet; poll with LPOP"), "{blpop}");
        let brpop = refusal(c.brpop::<Popped>(["{a}1", "{a}2"], second));
        assert!(brpop.ends_with("poll with RPOP"), "{brpop}");
        let blmove = refusal(c.blmove::<Option<String>>("{a}1", "{a}2", Left, Right, second));
        assert!(blmove.ends_with("poll with LMOVE"), "{blmove}");
        let blmpop = refusal(c.blmpop::<Option<(String, Vec<String>)>>("l", Left, second));
        assert!(blmpop.ends_with("poll with LMPOP"), "{blmpop}");
    }
}

#[test]
fn blocking_commands_send_seconds() {
    let words = |command: Command| {
        let words = command.arguments().map(|word| String::from_utf8_lossy(word).into_owned());
        words.collect::<Vec<_>>().join(" ")
    };
    let seconds = |timeout| words(cmd::blpop::<()>("l", timeout).into());
    assert_eq!(seconds(Duration::ZERO), "BLPOP l 0");
    assert_eq!(seconds(Duration::from_secs(100)), "BLPOP l 100");
    assert_eq!(seconds(Duration::from_millis(1500)), "BLPOP l 1.5");
    assert_eq!(seconds(Duration::from_millis(1)), "BLPOP l 0.001");
    assert_eq!(seconds(Duration::from_nanos(1)), "BLPOP l 0.001");
    let brpop = cmd::brpop::<()>(["{a}1", "{a}2"], Duration::from_secs(2));
    assert_eq!(words(brpop.into()), "BRPOP {a}1 {a}2 2");
    let half = Duration::from_millis(500);
    let blmove = cmd::blmove::<()>("{a}1", "{a}2", Left, Right, half);
    assert_eq!(words(blmove.into()), "BLMOVE {a}1 {a}2 LEFT RIGHT 0.5");
    let blmpop = cmd::blmpop::<()>(["{a}1", "{a}2"], Right, half).count(3);
    assert_eq!(words(blmpop.into()), "BLMPOP 0.5 2 {a}1 {a}2 RIGHT COUNT 3");
}
