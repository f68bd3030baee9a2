//! Streams.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::time::Duration;

use hashslot::cmd::{
    self, Entry, EntryDeletion, EntryId, EntryRefs, StreamEntries, StreamStart, Trim, UnixTime,
};
use hashslot::{Command, Commands, Frame, FromValue};

use super::live::{SINCE_7_0, cases, refusal};

/// What fields are read as.
type Fields = Vec<(String, String)>;

const REDIS_8_2: &[&str] = &["redis-8.2"];

fn id(millis: u64) -> EntryId {
    EntryId::new(millis, 0)
}

/// The numbers of entries that [`id`] made.
fn numbers<V>(entries: &[Entry<V>]) -> Vec<u64> {
    entries.iter().map(|entry| entry.id.millis).collect()
}

cases! {
    "XADD" => |c| {
        let first = c.xadd("s", [("item", "book"), ("item", "pen")])?;
        let second = c.xadd("s", &BTreeMap::from([("count", 2)]))?;
        assert!(first < second && first.time() > UnixTime::from_secs(1_700_000_000));
        let entries: Vec<Entry<Fields>> = c.xrange("s", ..)?;
        assert_eq!(entries[0].id, first);
        let items = ["book", "pen"].map(|item| ("item".to_owned(), item.to_owned()));
        assert_eq!(entries[0].fields, items);
        assert_eq!(entries[1].fields, [("count".into(), "2".into())]);
        let maps: Vec<Entry<BTreeMap<String, String>>> = c.xrange("s", second..)?;
        assert_eq!(maps[0].fields["count"], "2");
        assert_eq!(c.xlen("s")?, 2);
        assert_eq!(c.xlen("missing")?, 0);
    }
    "XADD" => |c| {
        assert_eq!(c.run(cmd::xadd("s", ("f", "v")).id(EntryId::new(5, 7)))?, EntryId::new(5, 7));
        assert_eq!(c.run(cmd::xadd("s", ("f", "v")).id("6-1"))?, EntryId::new(6, 1));
        let late = c.run(cmd::xadd("s", ("f", "v")).id(id(6)));
        assert!(refusal(late).contains("equal or smaller"));
        assert_eq!(c.run(cmd::xadd("missing", ("f", "v")).no_mkstream())?, None);
        let text: String = c.run(cmd::xadd("s", ("f", "v")).id("7-0").reply())?;
        assert_eq!(text, "7-0");
        let large = "x".repeat(5000);
        let command = cmd::xadd("s", [("f", &large), ("g", &large)]);
        let added = c.run(command.id(id(8)).no_mkstream().trim(Trim::max_len(2)))?;
        assert_eq!(added, Some(id(8)));
        assert_eq!(c.xlen("s")?, 2);
        let last: Vec<Entry<Fields>> = c.xrange("s", id(8)..)?;
        assert_eq!(last[0].fields[1].1, large);
        let recent = cmd::xadd("s", ("f", "v")).trim(Trim::min_id(id(9))).id("9-0");
        c.run(recent)?;
        assert_eq!(c.xlen("s")?, 1);
        c.run(cmd::xadd("s", ("f", "v")).trim(Trim::max_len(1).limit(100)))?;
        c.run(cmd::xadd("s", ("f", "v")).trim(Trim::min_id(EntryId::MIN).approximate()))?;
        assert_eq!(c.xlen("s")?, 3);
    }
    "XADD" on SINCE_7_0 => |c| {
        let time = UnixTime::from_millis(5);
        assert_eq!(c.run(cmd::xadd("s", ("f", "v")).id_at(time))?, EntryId::new(5, 0));
        assert_eq!(c.run(cmd::xadd("s", ("f", "v")).id_at(time))?, EntryId::new(5, 1));
    }
    "XADD" on REDIS_8_2 => |c| {
        for (number, refs) in (1..).zip([EntryRefs::Keep, EntryRefs::Delete, EntryRefs::Acked]) {
            let before = cmd::xadd("s", ("f", "v")).id(id(number)).refs(refs);
            c.run(before.trim(Trim::max_len(5)))?;
            let behind = cmd::xadd("s", ("f", "v")).trim(Trim::max_len(5)).refs(refs);
            c.run(behind.id(EntryId::new(number, 1)))?;
        }
        assert_eq!(c.xlen("s")?, 5);
    }
    "XDEL" => |c| {
        for number in 1..=3 {
            c.run(cmd::xadd("s", ("f", number)).id(id(number)))?;
        }
        assert_eq!(c.xdel("s", id(1))?, 1);
        assert_eq!(c.xdel("s", [id(1), id(2)])?, 1);
        assert_eq!(c.xdel("missing", "1-0")?, 0);
        assert_eq!(numbers(&c.xrange::<Fields>("s", ..)?), [3]);
    }
    "XDELEX" => |c| {
        use EntryDeletion::{Deleted, Missing, Referenced};
        for number in 1..=3 {
            c.run(cmd::xadd("s", ("f", number)).id(id(number)))?;
        }
        assert_eq!(c.xdelex("s", [id(1), id(9)])?, [Deleted, Missing]);
        assert_eq!(c.xdelex("missing", id(1))?, [Missing]);
        c.xgroup_create("s", "g", EntryId::MIN)?;
        assert_eq!(c.run(cmd::xdelex("s", id(2)).refs(EntryRefs::Acked))?, [Referenced]);
        assert_eq!(c.run(cmd::xdelex("s", id(2)).refs(EntryRefs::Delete))?, [Deleted]);
        assert_eq!(c.run(cmd::xdelex("s", id(3)).refs(EntryRefs::Keep))?, [Deleted]);
    }
    "XRANGE" => |c| {
        for number in 1..=5 {
            c.run(cmd::xadd("s", ("f", number)).id(id(number)))?;
        }
        assert_eq!(numbers(&c.xrange::<Fields>("s", ..)?), [1, 2, 3, 4, 5]);
        assert_eq!(numbers(&c.xrange::<Fields>("s", id(2)..)?), [2, 3, 4, 5]);
        assert_eq!(numbers(&c.xrange::<Fields>("s", id(2)..id(4))?), [2, 3]);
        assert_eq!(numbers(&c.xrange::<Fields>("s", &id(2)..=&id(4))?), [2, 3, 4]);
        assert_eq!(numbers(&c.xrange::<Fields>("s", ..id(2))?), [1]);
        let after = (Excluded(id(3)), Unbounded);
        assert_eq!(numbers(&c.xrange::<Fields>("s", after)?), [4, 5]);
        let [first, last] = [2, 3].map(UnixTime::from_millis);
        let times = EntryId::first_at(first)..=EntryId::last_at(last);
        assert_eq!(numbers(&c.xrange::<Fields>("s", times)?), [2, 3]);
        assert_eq!(numbers(&c.run(cmd::xrange::<Fields>("s", id(2)..).count(2))?), [2, 3]);
        assert_eq!(c.xrange::<Fields>("s", EntryId::MAX..)?, []);
        assert_eq!(c.xrange::<Fields>("missing", ..)?, []);
        assert_eq!(c.xrange::<(String, u64)>("s", id(4)..=id(4))?[0].fields, ("f".into(), 4));
        assert_eq!(c.run(cmd::xrange::<()>("s", ..).reply::<Vec<Entry<Frame>>>())?.len(), 5);

        assert_eq!(numbers(&c.xrevrange::<Fields>("s", ..)?), [5, 4, 3, 2, 1]);
        let between = (Excluded(id(2)), Included(id(4)));
        assert_eq!(numbers(&c.xrevrange::<Fields>("s", between)?), [4, 3]);
        assert_eq!(numbers(&c.run(cmd::xrevrange::<Fields>("s", ..).count(1))?), [5]);
    }
    "XREAD" => |c| {
        for number in 1..=3 {
            c.run(cmd::xadd("{a}1", ("f", number)).id(id(number)))?;
            c.run(cmd::xadd("{a}2", ("f", number)).id(id(10 * number)))?;
        }
        let all: Vec<StreamEntries<Entry<Fields>>> = c.xread(("{a}1", EntryId::MIN))?;
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].key, "{a}1");
        assert_eq!(numbers(&all[0].entries), [1, 2, 3]);
        assert_eq!(all[0].entries[0].fields, [("f".into(), "1".into())]);

        let both = [("{a}1", id(2)), ("{a}2", id(10))];
        let both = c.run(cmd::xread::<Fields>(both).count(1))?;
        assert_eq!((&both[0].key[..], &both[1].key[..]), (&b"{a}1"[..], &b"{a}2"[..]));
        assert_eq!(numbers(&both[0].entries), [3]);
        assert_eq!(numbers(&both[1].entries), [20]);

        let streams = [("{a}1", StreamStart::End), ("{a}2", id(20).into())];
        let one = c.xread::<Fields>(streams)?;
        assert_eq!(one.len(), 1);
        assert_eq!(numbers(&one[0].entries), [30]);

        assert_eq!(c.xread::<Fields>(("{a}1", id(3)))?, []);
        assert_eq!(c.xread::<Fields>(("missing", EntryId::MIN))?, []);
        let none: Option<Frame> = c.run(cmd::xread::<()>(("missing", "0")).reply())?;
        assert_eq!(none, None);
        let map: BTreeMap<String, Vec<Entry<()>>> =
            c.run(cmd::xread::<()>(("{a}1", "1")).reply())?;
        assert_eq!(numbers(&map["{a}1"]), [2, 3]);

        let other_slot = c.xread::<Fields>([("{a}1", "0"), ("{b}1", "0")]);
        assert!(refusal(other_slot).contains("slot"));
        for timeout in [Duration::ZERO, Duration::from_millis(1)] {
            let waiting = cmd::xread::<Fields>(("{a}1", StreamStart::End)).block(timeout);
            assert!(refusal(c.run(waiting)).contains("leave BLOCK out, and poll"));
        }
    }
    "XREAD" on &["redis-8.2", "valkey-8.1", "valkey-9.1"] => |c| {
        assert_eq!(c.xread::<Fields>(("s", StreamStart::LastEntry))?, []);
        c.run(cmd::xadd("s", ("f", "v")).id(id(1)))?;
        c.run(cmd::xadd("s", ("f", "v")).id(id(2)))?;
        let last = c.xread::<Fields>(("s", StreamStart::LastEntry))?;
        assert_eq!(numbers(&last[0].entries), [2]);
    }
    "XSETID" => |c| {
        assert!(c.xsetid("missing", id(5)).is_err());
        c.run(cmd::xadd("s", ("f", "v")).id(id(1)))?;
        c.xsetid("s", id(5))?;
        assert!(c.run(cmd::xadd("s", ("f", "v")).id(id(4))).is_err());
        assert_eq!(c.xinfo_stream("s")?.last_generated_id, id(5));
    }
    "XSETID" on SINCE_7_0 => |c| {
        c.run(cmd::xadd("s", ("f", "v")).id(id(1)))?;
        c.run(cmd::xsetid("s", id(5)).entries_added(8).max_deleted_id(id(3)))?;
        let info = c.xinfo_stream("s")?;
        assert_eq!((info.entries_added, info.max_deleted_entry_id), (Some(8), Some(id(3))));
    }
    "XTRIM" => |c| {
        for number in 1..=5 {
            c.run(cmd::xadd("s", ("f", number)).id(id(number)))?;
        }
        assert_eq!(c.xtrim("s", Trim::max_len(4))?, 1);
        assert_eq!(c.xtrim("s", Trim::min_id(id(3)))?, 1);
        assert_eq!(c.xtrim("s", Trim::max_len(1).approximate())?, 0);
        assert_eq!(c.xtrim("s", Trim::min_id(id(4)).limit(10))?, 0);
        assert_eq!(c.xtrim("missing", Trim::max_len(1))?, 0);
        assert_eq!(numbers(&c.xrange::<Fields>("s", ..)?), [3, 4, 5]);
    }
    "XTRIM" on REDIS_8_2 => |c| {
        for number in 1..=3 {
            c.run(cmd::xadd("s", ("f", number)).id(id(number)))?;
        }
        c.xgroup_create("s", "g", EntryId::MIN)?;
        assert_eq!(c.run(cmd::xtrim("s", Trim::max_len(1)).refs(EntryRefs::Acked))?, 0);
        assert_eq!(c.run(cmd::xtrim("s", Trim::max_len(1)).refs(EntryRefs::Delete))?, 2);
    }
}

fn words(command: impl Into<Command>) -> String {
    let command = command.into();
    let words = command.arguments().map(|word| String::from_utf8_lossy(word).into_owned());
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn what_servers_of_the_tests_do_not_have() {
    let once = cmd::xadd("s", ("f", "v")).once("producer", "*").trim(Trim::max_len(9));
    assert_eq!(words(once.clone()), "XADD s MAXLEN 9 IDMP producer * * f v");
    assert_eq!(words(once.id(id(1))), "XADD s MAXLEN 9 IDMP producer * 1-0 f v");
    let by_fields = cmd::xadd("s", ("f", "v")).id("1-*").once_by_fields("producer");
    assert_eq!(words(by_fields), "XADD s IDMPAUTO producer 1-* f v");
    let day = Duration::from_secs(86_400);
    let configured = cmd::xcfgset("s").remember_for(day).remember_count(9);
    assert_eq!(words(configured), "XCFGSET s IDMP-DURATION 86400 IDMP-MAXSIZE 9");
    let half = cmd::xcfgset("s").remember_for(Duration::from_millis(500));
    assert_eq!(words(half), "XCFGSET s IDMP-DURATION 1");
    assert_eq!(words(cmd::xidmprecord("s", "p", "token", id(1))), "XIDMPRECORD s p token 1-0");
}

#[test]
fn options_stand_before_what_they_apply_to() {
    let read = cmd::xread::<()>([("{a}1", "5"), ("{a}2", "$")]);
    let read = read.count(2).block(Duration::from_micros(1500));
    assert_eq!(words(read.clone()), "XREAD BLOCK 2 COUNT 2 STREAMS {a}1 {a}2 5 $");
    assert_eq!(Command::from(read).keys(), Ok(vec![&b"{a}1"[..], b"{a}2"]));
    let deleted = cmd::xdelex("s", [id(1), id(2)]).refs(EntryRefs::Acked);
    assert_eq!(words(deleted), "XDELEX s ACKED IDS 2 1-0 2-0");
    let added = cmd::xadd("s", ("f", "v")).no_mkstream().trim(Trim::min_id(id(7)).limit(5));
    assert_eq!(words(added), "XADD s MINID ~ 7-0 LIMIT 5 NOMKSTREAM * f v");
    let longest = (Excluded(EntryId::MAX), Included(EntryId::MAX));
    let max = "18446744073709551615-18446744073709551615";
    assert_eq!(words(cmd::xrange::<()>("s", longest)), format!("XRANGE s ({max} {max}"));
}

#[test]
fn ids_are_read_and_written() {
    for (text, expected) in [
        ("0-0", EntryId::MIN),
        ("18446744073709551615-18446744073709551615", EntryId::MAX),
        ("1700000000000-7", EntryId::new(1_700_000_000_000, 7)),
    ] {
        assert_eq!(text.parse::<EntryId>().as_ref(), Ok(&expected));
        assert_eq!(expected.to_string(), text);
    }
    assert_eq!("5".parse(), Ok(id(5)));
    for wrong in ["", "-", "$", "5-", "-5", "5-6-7", "5-*", "18446744073709551616-0"] {
        assert!(wrong.parse::<EntryId>().is_err(), "{wrong}");
    }
    let frame = Frame::parse(&b"+new\r\n"[..], &Default::default()).expect("a reply");
    let error = EntryId::from_frame(frame).unwrap_err().to_string();
    assert!(error.contains("the id of an entry"), "{error}");
}
