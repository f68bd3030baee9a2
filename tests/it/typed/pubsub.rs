//! Publish and subscribe.

use std::collections::BTreeMap;

use hashslot::Commands;

use super::live::{SINCE_7_0, cases};

cases! {
    "PUBLISH" => |c| {
        assert_eq!(c.publish("news", "hello")?, 0);
        assert_eq!(c.publish("news", b"\xff")?, 0);
    }
    "SPUBLISH" => |c| {
        assert_eq!(c.spublish("news", "hello")?, 0);
    }
    "PUBSUB CHANNELS" => |c| {
        assert_eq!(c.pubsub_channels::<Vec<String>>("*")?, [""; 0]);
        assert_eq!(c.pubsub_numpat()?, 0);
        let counts: Vec<(String, u64)> = c.pubsub_numsub(["a", "b"])?;
        assert_eq!(counts, [("a".into(), 0), ("b".into(), 0)]);
        let one: BTreeMap<String, u64> = c.pubsub_numsub("a")?;
        assert_eq!(one["a"], 0);
    }
    "PUBSUB SHARDCHANNELS" on SINCE_7_0 => |c| {
        assert_eq!(c.pubsub_shardchannels::<Vec<String>>("*")?, [""; 0]);
        let counts: Vec<(String, u64)> = c.pubsub_shardnumsub(["a", "b"])?;
        assert_eq!(counts, [("a".into(), 0), ("b".into(), 0)]);
    }
}
