//! Sets.

use std::collections::BTreeSet;

use hashslot::{Commands, cmd};

use super::live::{cases, refusal};

/// A set of texts.
fn set<const N: usize>(members: [&str; N]) -> BTreeSet<String> {
    members.into_iter().map(str::to_owned).collect()
}

cases! {
    "SADD" => |c| {
        assert_eq!(c.scard("s")?, 0);
        assert_eq!(c.sadd("s", "a")?, 1);
        assert_eq!(c.sadd("s", ["a", "b", "c"])?, 2);
        assert_eq!(c.scard("s")?, 3);
        assert_eq!(c.srem("s", ["a", "missing"])?, 1);
        assert_eq!(c.smembers::<BTreeSet<String>>("s")?, set(["b", "c"]));
        assert_eq!(c.srem("s", ["b", "c"])?, 2);
        assert_eq!(c.srem("s", "b")?, 0);
        assert_eq!(c.exists("s")?, 0);
        assert_eq!(c.smembers::<Vec<String>>("s")?, [""; 0]);
        c.set("k", "v")?;
        assert!(refusal(c.sadd("k", "a")).starts_with("WRONGTYPE"));
    }
    "SISMEMBER" => |c| {
        assert!(!c.sismember("s", "a")?);
        assert_eq!(c.smismember("s", ["a", "b"])?, [false, false]);
        c.sadd("s", ["a", "b"])?;
        assert!(c.sismember("s", "a")?);
        assert!(!c.sismember("s", "c")?);
        assert_eq!(c.smismember("s", ["a", "c", "b"])?, [true, false, true]);
        assert_eq!(c.smismember("s", "a")?, [true]);
    }
    "SDIFF" => |c| {
        c.sadd("{a}1", ["a", "b", "c"])?;
        c.sadd("{a}2", ["b", "c", "d"])?;
        let both = ["{a}1", "{a}2"];
        assert_eq!(c.sdiff::<BTreeSet<String>>(both)?, set(["a"]));
        assert_eq!(c.sinter::<BTreeSet<String>>(both)?, set(["b", "c"]));
        assert_eq!(c.sunion::<BTreeSet<String>>(both)?, set(["a", "b", "c", "d"]));
        assert_eq!(c.sdiff::<Vec<String>>(["{a}1", "{a}1"])?, [""; 0]);
        assert_eq!(c.sinter::<Vec<String>>(["{a}1", "{a}missing"])?, [""; 0]);
        assert_eq!(c.sunion::<Vec<String>>("{a}missing")?, [""; 0]);
        assert_eq!(c.sdiffstore("{a}diff", both)?, 1);
        assert_eq!(c.sinterstore("{a}inter", both)?, 2);
        assert_eq!(c.sunionstore("{a}union", both)?, 4);
        assert_eq!(c.smembers::<Vec<String>>("{a}diff")?, ["a"]);
        assert_eq!(c.smembers::<BTreeSet<String>>("{a}inter")?, set(["b", "c"]));
        assert_eq!(c.scard("{a}union")?, 4);
        assert_eq!(c.sinterstore("{a}union", ["{a}1", "{a}missing"])?, 0);
        assert_eq!(c.exists("{a}union")?, 0);
    }
    "SINTERCARD" => |c| {
        assert_eq!(c.sintercard(["{a}1", "{a}2"])?, 0);
        c.sadd("{a}1", ["a", "b", "c"])?;
        c.sadd("{a}2", ["b", "c", "d"])?;
        assert_eq!(c.sintercard(["{a}1", "{a}2"])?, 2);
        assert_eq!(c.sintercard("{a}1")?, 3);
        assert_eq!(c.run(cmd::sintercard(["{a}1", "{a}2"]).limit(1))?, 1);
        assert_eq!(c.run(cmd::sintercard(["{a}1", "{a}2"]).limit(0))?, 2);
    }
    "SMOVE" => |c| {
        assert!(!c.smove("{a}1", "{a}2", "a")?);
        c.sadd("{a}1", ["a", "b"])?;
        assert!(c.smove("{a}1", "{a}2", "a")?);
        assert!(!c.smove("{a}1", "{a}2", "a")?);
        assert_eq!(c.smembers::<Vec<String>>("{a}1")?, ["b"]);
        assert_eq!(c.smembers::<Vec<String>>("{a}2")?, ["a"]);
    }
    "SPOP" => |c| {
        assert_eq!(c.spop::<Option<String>>("s")?, None);
        let none: Vec<String> = c.run(cmd::spop::<()>("s").count(2))?;
        assert!(none.is_empty());
        c.sadd("s", [1, 2, 3, 4])?;
        let one: i64 = c.spop("s")?;
        assert!((1..=4).contains(&one));
        let mut popped: BTreeSet<i64> = c.run(cmd::spop::<()>("s").count(2))?;
        assert_eq!(popped.len(), 2);
        popped.extend(c.run(cmd::spop::<()>("s").count::<Vec<i64>>(9))?);
        popped.insert(one);
        assert_eq!(popped, BTreeSet::from([1, 2, 3, 4]));
        assert_eq!(c.exists("s")?, 0);
    }
    "SRANDMEMBER" => |c| {
        assert_eq!(c.srandmember::<Option<String>>("s")?, None);
        let none: Vec<String> = c.run(cmd::srandmember::<()>("s").count(2))?;
        assert!(none.is_empty());
        c.sadd("s", ["a", "b"])?;
        let one: String = c.srandmember("s")?;
        assert!(one == "a" || one == "b");
        let all: BTreeSet<String> = c.run(cmd::srandmember::<()>("s").count(5))?;
        assert_eq!(all, set(["a", "b"]));
        let many: Vec<String> = c.run(cmd::srandmember::<()>("s").count_with_repeats(5))?;
        assert_eq!(many.len(), 5);
    }
    "SSCAN" => |c| {
        let page = c.sscan::<Vec<String>>("s", 0)?;
        assert_eq!((page.cursor, page.items.len()), (0, 0));
        c.sadd("s", ["a1", "a2", "b"])?;
        assert_eq!(c.sscan::<BTreeSet<String>>("s", 0)?.items, set(["a1", "a2", "b"]));
        let page = c.run(cmd::sscan::<BTreeSet<String>>("s", 0).pattern("a*").count(100))?;
        assert_eq!((page.cursor, page.items), (0, set(["a1", "a2"])));
        // A set of several parts.
        c.sadd("large", cmd::each((0..1000).map(|number| format!("member {number}"))))?;
        let (mut members, mut cursor) = (BTreeSet::new(), 0);
        loop {
            let page = c.run(cmd::sscan::<Vec<String>>("large", cursor).count(50))?;
            assert!(page.items.len() < 1000);
            members.extend(page.items);
            cursor = page.cursor;
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(members.len(), 1000);
    }
}
