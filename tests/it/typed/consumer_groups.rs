//! Consumer groups.

use std::time::Duration;

use hashslot::blocking::Client;
use hashslot::cmd::{
    self, ClaimedEntry, Entry, EntryDeletion, EntryId, EntryRefs, StreamEntries, StreamStart,
    UnixTime, XReadGroup,
};
use hashslot::{Command, Commands, Error, Frame, FromValue};

use super::live::{SINCE_7_0, cases, refusal};

/// What fields are read as.
type Fields = Vec<(String, String)>;

/// A period that no entry has been idle for.
const FAR: Duration = Duration::from_secs(1000);

fn id(millis: u64) -> EntryId {
    EntryId::new(millis, 0)
}

/// The numbers of entries that [`id`] made.
fn numbers<V>(entries: &[Entry<V>]) -> Vec<u64> {
    entries.iter().map(|entry| entry.id.millis).collect()
}

/// Makes a stream of so many entries with a group.
fn create(c: &Client, key: &str, count: u64) -> Result<(), Error> {
    for number in 1..=count {
        c.run(cmd::xadd(key, ("f", number)).id(id(number)))?;
    }
    c.run(cmd::xgroup_create(key, "g", EntryId::MIN).mkstream())
}

/// Reads entries that no consumer got.
fn new(key: &str, consumer: &str) -> XReadGroup<Vec<StreamEntries<Entry<Fields>>>> {
    cmd::xreadgroup("g", consumer, (key, StreamStart::Undelivered))
}

cases! {
    "XACK" => |c| {
        create(c, "s", 3)?;
        c.run(new("s", "me"))?;
        assert_eq!(c.xack("s", "g", id(1))?, 1);
        assert_eq!(c.xack("s", "g", [id(1), id(2), id(9)])?, 1);
        assert_eq!(c.xack("s", "missing", "3-0")?, 0);
        assert_eq!(c.xack("missing", "g", "3-0")?, 0);
    }
    "XACKDEL" => |c| {
        use EntryDeletion::{Deleted, Missing, Referenced};
        create(c, "s", 3)?;
        c.run(new("s", "me"))?;
        assert_eq!(c.xackdel("s", "g", [id(1), id(9)])?, [Deleted, Missing]);
        c.xgroup_create("s", "other", EntryId::MIN)?;
        assert_eq!(c.run(cmd::xackdel("s", "g", id(2)).refs(EntryRefs::Acked))?, [Referenced]);
        assert_eq!(c.run(cmd::xackdel("s", "g", id(3)).refs(EntryRefs::Delete))?, [Deleted]);
        assert_eq!(c.xlen("s")?, 1);
    }
    "XAUTOCLAIM" => |c| {
        create(c, "s", 5)?;
        c.run(new("s", "you"))?;
        let none = c.xautoclaim::<Fields>("s", "g", "me", FAR, EntryId::MIN)?;
        assert_eq!((none.next, none.entries.len()), (None, 0));
        let first = cmd::xautoclaim::<Fields>("s", "g", "me", Duration::ZERO, EntryId::MIN);
        let first = c.run(first.count(2))?;
        assert_eq!(first.next, Some(id(3)));
        assert_eq!(numbers(&first.entries), [1, 2]);
        assert_eq!(first.entries[0].fields, [("f".into(), "1".into())]);
        assert_eq!(first.deleted, []);
        let rest = cmd::xautoclaim::<Fields>("s", "g", "me", Duration::ZERO, id(3)).just_ids();
        let rest = c.run(rest)?;
        assert_eq!((rest.next, rest.entries), (None, vec![id(3), id(4), id(5)]));
        c.xdel("s", id(4))?;
        let known = c.xautoclaim::<Fields>("s", "g", "me", Duration::ZERO, id(3))?;
        assert_eq!(numbers(&known.entries), [3, 5]);
        let missing = c.xautoclaim::<Fields>("s", "missing", "me", FAR, EntryId::MIN);
        assert!(refusal(missing).starts_with("NOGROUP"));
    }
    "XAUTOCLAIM" on SINCE_7_0 => |c| {
        create(c, "s", 2)?;
        c.run(new("s", "you"))?;
        c.xdel("s", id(1))?;
        let claimed = c.xautoclaim::<Fields>("s", "g", "me", Duration::ZERO, EntryId::MIN)?;
        assert_eq!((numbers(&claimed.entries), claimed.deleted), (vec![2], vec![id(1)]));
    }
    "XCLAIM" => |c| {
        create(c, "s", 4)?;
        c.run(new("s", "you").count(3))?;
        assert_eq!(c.xclaim::<Fields>("s", "g", "me", FAR, id(1))?, []);
        let two = c.xclaim::<Fields>("s", "g", "me", Duration::ZERO, [id(1), id(2)])?;
        assert_eq!(numbers(&two), [1, 2]);
        assert_eq!(two[0].fields, [("f".into(), "1".into())]);
        c.xdel("s", id(1))?;
        let known = c.xclaim::<Fields>("s", "g", "me", Duration::ZERO, [id(1), id(2)])?;
        assert_eq!(numbers(&known), [2]);

        let all = || cmd::xclaim::<Fields>("s", "g", "me", Duration::ZERO, [id(3), id(4)]);
        assert_eq!(c.run(all().just_ids())?, [id(3)]);
        let forced = all().deliveries(7).force().last_id(id(4)).idle(FAR);
        assert_eq!(numbers(&c.run(forced)?), [3, 4]);
        let pending = c.run(cmd::xpending("s", "g").entries(id(4).., 10))?;
        assert_eq!((pending[0].id, pending[0].deliveries), (id(4), 7));
        assert!(pending[0].idle >= FAR);
        assert_eq!(c.run(new("s", "me"))?, []);
        let long_ago = UnixTime::from_secs(1_000_000_000);
        c.run(all().delivered_at(long_ago))?;
        let pending = c.run(cmd::xpending("s", "g").entries(id(4).., 10))?;
        assert!(pending[0].idle > Duration::from_secs(500_000_000));
        let missing = c.xclaim::<Fields>("s", "missing", "me", FAR, id(1));
        assert!(refusal(missing).starts_with("NOGROUP"));
    }
    "XGROUP CREATE" => |c| {
        assert!(c.xgroup_create("s", "g", StreamStart::End).is_err());
        c.run(cmd::xgroup_create("s", "g", StreamStart::End).mkstream())?;
        assert!(refusal(c.xgroup_create("s", "g", "0")).starts_with("BUSYGROUP"));
        c.xadd("s", ("f", "v"))?;
        assert!(c.xgroup_createconsumer("s", "g", "me")?);
        assert!(!c.xgroup_createconsumer("s", "g", "me")?);
        assert!(refusal(c.xgroup_createconsumer("s", "other", "me")).starts_with("NOGROUP"));
        assert_eq!(c.run(new("s", "me"))?.len(), 1);
        assert_eq!(c.xgroup_delconsumer("s", "g", "me")?, 1);
        assert_eq!(c.xgroup_delconsumer("s", "g", "me")?, 0);
        c.xgroup_setid("s", "g", EntryId::MIN)?;
        assert_eq!(c.run(new("s", "me"))?.len(), 1);
        c.xgroup_setid("s", "g", StreamStart::End)?;
        assert_eq!(c.run(new("s", "me"))?, []);
        assert!(c.xgroup_destroy("s", "g")?);
        assert!(!c.xgroup_destroy("s", "g")?);
        assert!(c.xgroup_destroy("missing", "g").is_err());
    }
    "XGROUP CREATE" on SINCE_7_0 => |c| {
        create(c, "s", 5)?;
        c.run(cmd::xgroup_create("s", "other", id(3)).entries_read(3))?;
        let lag = || c.xinfo_groups("s").map(|groups| (groups[1].entries_read, groups[1].lag));
        assert_eq!(lag()?, (Some(3), Some(2)));
        c.run(cmd::xgroup_setid("s", "other", id(1)).entries_read(1))?;
        assert_eq!(lag()?, (Some(1), Some(4)));
    }
    "XPENDING" => |c| {
        create(c, "s", 4)?;
        let none = c.xpending("s", "g")?;
        assert_eq!((none.count, none.first, none.last, none.consumers), (0, None, None, vec![]));
        c.run(new("s", "me").count(3))?;
        c.run(new("s", "you"))?;
        let some = c.xpending("s", "g")?;
        assert_eq!((some.count, some.first, some.last), (4, Some(id(1)), Some(id(4))));
        assert_eq!(some.consumers, [("me".into(), 3), ("you".into(), 1)]);

        let entries = c.run(cmd::xpending("s", "g").entries(.., 3))?;
        assert_eq!(entries.iter().map(|entry| entry.id.millis).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((entries[0].consumer.as_str(), entries[0].deliveries), ("me", 1));
        assert!(entries[0].idle < FAR);
        let mine = cmd::xpending("s", "g").entries(id(2).., 10).consumer("me");
        assert_eq!(c.run(mine.clone().idle(Duration::ZERO))?.len(), 2);
        assert_eq!(c.run(mine.idle(FAR))?, []);
        assert!(refusal(c.xpending("s", "missing")).starts_with("NOGROUP"));
    }
    "XREADGROUP" => |c| {
        create(c, "{a}1", 3)?;
        create(c, "{a}2", 1)?;
        let streams = ["{a}1", "{a}2"].map(|key| (key, StreamStart::Undelivered));
        let both: Vec<StreamEntries<Entry<Fields>>> =
            c.run(cmd::xreadgroup("g", "me", streams).count(2))?;
        assert_eq!((&both[0].key[..], &both[1].key[..]), (&b"{a}1"[..], &b"{a}2"[..]));
        assert_eq!(numbers(&both[0].entries), [1, 2]);
        assert_eq!(numbers(&both[1].entries), [1]);
        let rest = c.xreadgroup::<Fields>("g", "you", streams)?;
        assert_eq!((rest.len(), numbers(&rest[0].entries)), (1, vec![3]));
        assert_eq!(c.xreadgroup::<Fields>("g", "you", streams)?, []);

        c.xdel("{a}1", id(1))?;
        let mine = c.xreadgroup::<Option<Fields>>("g", "me", ("{a}1", EntryId::MIN))?;
        assert_eq!(numbers(&mine[0].entries), [1, 2]);
        assert_eq!(mine[0].entries[0].fields, None);
        assert_eq!(mine[0].entries[1].fields, Some(vec![("f".into(), "2".into())]));
        let none = c.xreadgroup::<Fields>("g", "other", ("{a}1", EntryId::MIN))?;
        assert_eq!((&none[0].key[..], none[0].entries.len()), (&b"{a}1"[..], 0));

        let missing = c.xreadgroup::<Fields>("missing", "me", ("{a}1", ">"));
        assert!(refusal(missing).starts_with("NOGROUP"));
        let waiting = new("{a}1", "me").block(Duration::from_millis(1)).count(1);
        assert!(refusal(c.run(waiting)).contains("leave BLOCK out, and poll"));
    }
    "XREADGROUP" => |c| {
        create(c, "s", 2)?;
        assert_eq!(numbers(&c.run(new("s", "me").no_ack())?[0].entries), [1, 2]);
        assert_eq!(c.xpending("s", "g")?.count, 0);
    }
}

#[test]
fn options_stand_before_the_streams() {
    let words = |command: Command| {
        let words = command.arguments().map(|word| String::from_utf8_lossy(word).into_owned());
        words.collect::<Vec<_>>().join(" ")
    };
    let read = new("s", "me").claim(Duration::from_secs(1)).no_ack().count(1).block(FAR);
    assert_eq!(
        words(read.into()),
        "XREADGROUP GROUP g me BLOCK 1000000 COUNT 1 NOACK CLAIM 1000 STREAMS s >"
    );
    let acked = cmd::xackdel("s", "g", [id(1), id(2)]).refs(EntryRefs::Keep);
    assert_eq!(words(acked.into()), "XACKDEL s g KEEPREF IDS 2 1-0 2-0");
    let pending = cmd::xpending("s", "g").entries(id(1)..id(5), 10).idle(FAR).consumer("me");
    assert_eq!(words(pending.into()), "XPENDING s g IDLE 1000000 1-0 (5-0 10 me");
}

#[test]
fn claimed_entries_are_read_in_both_protocols() {
    const ENTRIES: &str = "*3\r\n*4\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n:1500\r\n:2\r\n\
                           *4\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nw\r\n:0\r\n:0\r\n\
                           *2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nx\r\n";
    for head in ["*1\r\n*2\r\n$1\r\ns\r\n", "%1\r\n$1\r\ns\r\n"] {
        let reply = format!("{head}{ENTRIES}");
        let frame = Frame::parse(reply, &Default::default()).expect("a reply");
        let streams = Vec::<StreamEntries<ClaimedEntry<Fields>>>::from_frame(frame);
        let streams = streams.expect("streams");
        assert_eq!(streams[0].key, "s");
        let entries = &streams[0].entries;
        assert_eq!((entries[0].id, entries[0].idle), (id(1), Duration::from_millis(1500)));
        assert_eq!((entries[0].deliveries, entries[1].deliveries), (2, 0));
        assert_eq!(entries[1].fields, [("f".into(), "w".into())]);
        assert_eq!((entries[2].id, entries[2].idle), (id(3), Duration::ZERO));
    }
}
