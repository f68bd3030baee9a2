//! What servers tell of streams, groups and consumers.

use std::fmt::Write as _;
use std::time::Duration;

use hashslot::cmd::{self, EntryId, StreamInfo, StreamStart, UnixTime};
use hashslot::{Commands, Frame, FromValue};

use super::live::{SINCE_7_0, cases, refusal};

const SINCE_7_2: &[&str] = &["redis-8.2", "valkey-8.1", "valkey-9.1"];

fn id(millis: u64) -> EntryId {
    EntryId::new(millis, 0)
}

cases! {
    "XINFO CONSUMERS" => |c| {
        assert!(refusal(c.xinfo_consumers("s", "g")).starts_with("ERR no such key"));
        c.run(cmd::xgroup_create("s", "g", EntryId::MIN).mkstream())?;
        assert_eq!(c.xinfo_consumers("s", "g")?, []);
        assert!(refusal(c.xinfo_consumers("s", "missing")).starts_with("NOGROUP"));
        c.xadd("s", ("f", "v"))?;
        c.xgroup_createconsumer("s", "g", "lazy")?;
        c.xreadgroup::<()>("g", "busy", ("s", StreamStart::Undelivered))?;
        let consumers = c.xinfo_consumers("s", "g")?;
        assert_eq!((consumers[0].name.as_str(), consumers[0].pending), ("busy", 1));
        assert_eq!((consumers[1].name.as_str(), consumers[1].pending), ("lazy", 0));
        assert!(consumers[0].idle < Duration::from_secs(1000));
        assert_eq!(consumers[1].inactive, None);
    }
    "XINFO CONSUMERS" on SINCE_7_2 => |c| {
        c.run(cmd::xgroup_create("s", "g", EntryId::MIN).mkstream())?;
        c.xadd("s", ("f", "v"))?;
        c.xreadgroup::<()>("g", "busy", ("s", StreamStart::Undelivered))?;
        assert!(c.xinfo_consumers("s", "g")?[0].inactive < Some(Duration::from_secs(1000)));
        assert!(c.xinfo_consumers("s", "g")?[0].inactive.is_some());
        let details = c.run(cmd::xinfo_stream("s").full())?;
        assert!(details.groups[0].consumers[0].active_at > Some(UnixTime::from_secs(1)));
    }
    "XINFO GROUPS" => |c| {
        assert!(refusal(c.xinfo_groups("s")).starts_with("ERR no such key"));
        c.run(cmd::xadd("s", ("f", "v")).id(id(1)))?;
        c.run(cmd::xadd("s", ("f", "v")).id(id(2)))?;
        assert_eq!(c.xinfo_groups("s")?, []);
        c.xgroup_create("s", "g", EntryId::MIN)?;
        c.run(cmd::xreadgroup::<()>("g", "me", ("s", StreamStart::Undelivered)).count(1))?;
        let groups = c.xinfo_groups("s")?;
        assert_eq!((groups.len(), groups[0].name.as_str()), (1, "g"));
        assert_eq!((groups[0].consumers, groups[0].pending), (1, 1));
        assert_eq!(groups[0].last_delivered_id, id(1));
    }
    "XINFO GROUPS" on SINCE_7_0 => |c| {
        c.run(cmd::xadd("s", ("f", "v")).id(id(1)))?;
        c.run(cmd::xadd("s", ("f", "v")).id(id(2)))?;
        c.xgroup_create("s", "g", EntryId::MIN)?;
        let read = |c: &hashslot::blocking::Client| {
            c.xinfo_groups("s").map(|groups| (groups[0].entries_read, groups[0].lag))
        };
        assert_eq!(read(c)?, (None, Some(2)));
        c.run(cmd::xreadgroup::<()>("g", "me", ("s", StreamStart::Undelivered)).count(1))?;
        assert_eq!(read(c)?, (Some(1), Some(1)));
    }
    "XINFO STREAM" => |c| {
        assert!(refusal(c.xinfo_stream("s")).starts_with("ERR no such key"));
        c.run(cmd::xgroup_create("s", "g", EntryId::MIN).mkstream())?;
        let empty = c.xinfo_stream("s")?;
        assert_eq!((empty.length, empty.first_entry, empty.last_entry), (0, None, None));
        for number in 1..=3 {
            c.run(cmd::xadd("s", ("f", number)).id(id(number)))?;
        }
        c.xdel("s", id(2))?;
        let info = c.xinfo_stream("s")?;
        assert_eq!((info.length, info.groups, info.last_generated_id), (2, 1, id(3)));
        assert_eq!((info.radix_tree_keys, info.radix_tree_nodes), (1, 2));
        let first = info.first_entry.ok_or("is there")?;
        assert_eq!((first.id, first.fields), (id(1), vec![("f".into(), "1".into())]));
        assert_eq!(info.last_entry.map(|entry| entry.id), Some(id(3)));
        assert_eq!((info.idmp_duration, info.pids_tracked), (None, None));
    }
    "XINFO STREAM" => |c| {
        for number in 1..=3 {
            c.run(cmd::xadd("s", ("f", number)).id(id(number)))?;
        }
        c.xgroup_create("s", "g", EntryId::MIN)?;
        c.xreadgroup::<()>("g", "me", ("s", StreamStart::Undelivered))?;
        let details = c.run(cmd::xinfo_stream("s").full())?;
        assert_eq!((details.length, details.last_generated_id), (3, id(3)));
        assert_eq!((details.radix_tree_keys, details.radix_tree_nodes), (1, 2));
        assert_eq!(details.entries.len(), 3);
        assert_eq!(details.entries[2].fields, [("f".into(), "3".into())]);
        let group = &details.groups[0];
        assert_eq!((group.name.as_str(), group.last_delivered_id, group.pending), ("g", id(3), 3));
        let consumer = &group.consumers[0];
        assert_eq!((consumer.name.as_str(), consumer.pending), ("me", 3));
        assert!(consumer.seen_at > UnixTime::from_secs(1));
        assert_eq!(consumer.deliveries, group.deliveries);
        let delivery = &group.deliveries[0];
        assert_eq!((delivery.id, delivery.consumer.as_str()), (id(1), "me"));
        assert_eq!(delivery.count, 1);
        assert!(delivery.at <= consumer.seen_at);

        let short = c.run(cmd::xinfo_stream("s").full().count(1))?;
        assert_eq!((short.entries.len(), short.groups[0].deliveries.len()), (1, 1));
    }
    "XINFO STREAM" on SINCE_7_0 => |c| {
        for number in 1..=3 {
            c.run(cmd::xadd("s", ("f", number)).id(id(number)))?;
        }
        c.xdel("s", id(1))?;
        c.xgroup_create("s", "g", StreamStart::End)?;
        let info = c.xinfo_stream("s")?;
        assert_eq!((info.entries_added, info.max_deleted_entry_id), (Some(3), Some(id(1))));
        assert_eq!(info.recorded_first_entry_id, Some(id(2)));
        let details = c.run(cmd::xinfo_stream("s").full())?;
        assert_eq!((details.entries_added, details.max_deleted_entry_id), (Some(3), Some(id(1))));
        assert_eq!(details.recorded_first_entry_id, Some(id(2)));
        assert_eq!((details.groups[0].entries_read, details.groups[0].lag), (None, Some(0)));
    }
}

#[test]
fn tokens_of_producers_are_told_since_redis_8_6() {
    let pairs = [
        ("length", 1),
        ("radix-tree-keys", 1),
        ("radix-tree-nodes", 2),
        ("groups", 0),
        ("idmp-duration", 100),
        ("idmp-maxsize", 101),
        ("pids-tracked", 2),
        ("iids-tracked", 3),
        ("iids-added", 4),
        ("iids-duplicates", 5),
    ];
    let mut fields = String::from("$17\r\nlast-generated-id\r\n$3\r\n1-0\r\n");
    for (name, number) in pairs {
        write!(fields, "${}\r\n{name}\r\n:{number}\r\n", name.len()).expect("fits");
    }
    for head in ["*22\r\n", "%11\r\n"] {
        let frame = Frame::parse(format!("{head}{fields}"), &Default::default()).expect("a reply");
        let info = StreamInfo::from_frame(frame).expect("a record");
        assert_eq!((info.length, info.last_generated_id), (1, id(1)));
        assert_eq!((info.idmp_duration, info.idmp_maxsize), (Some(100), Some(101)));
        assert_eq!((info.pids_tracked, info.iids_tracked), (Some(2), Some(3)));
        assert_eq!((info.iids_added, info.iids_duplicates), (Some(4), Some(5)));
    }
}
