//! The whole keyspace: its size, its keys, its end.

use std::collections::BTreeSet;

use hashslot::{Call, Command, Target};

use super::{Answer, Stage, in_both, key_in, on_each, sorted, words};
use crate::real::adapter::{Adapter, Client, on_every_adapter};
use crate::real::{Done, address_of, until};
use crate::servers::NAMES;
use crate::servers::raw::Reply;
use crate::servers::slots::{share, slot_of};

/// Fills an empty cluster with keys of all shards, and waits for its replicas.
async fn fill<A: Adapter>(
    stage: &Stage<'_, A>,
    count: usize,
) -> Result<Vec<String>, crate::real::Failure> {
    stage.cluster.flush_all()?;
    let mut keys: Vec<_> = (0..count).map(|number| format!("data:{number}")).collect();
    let ended = stage.client.pipeline(keys.iter().map(|key| Command::set(key, key))).await?;
    assert!(ended.iter().all(Result::is_ok));
    until::<A>("replicas have all keys", async || {
        Ok(stage.sum(&stage.replicas(), "DBSIZE")? == i64::try_from(count)?)
    })
    .await?;
    keys.sort();
    Ok(keys)
}

/// Replicas hold the same keys, and are not counted.
fn keys_are_counted_and_listed_once<A: Adapter>() -> Done {
    on_each::<A>("DBSIZE and KEYS", &NAMES, async |stage| {
        let keys = fill(stage, 60).await?;
        assert_eq!(stage.one("DBSIZE").await?, Reply::Integer(60));
        assert_eq!(stage.sum(&stage.primaries, "DBSIZE")?, 60);
        assert!(stage.primaries.iter().all(|node| {
            stage.direct(*node, "DBSIZE").is_ok_and(|size| size != Reply::Integer(0))
        }));
        assert_eq!(sorted(&stage.one("KEYS *").await?), keys);
        assert_eq!(sorted(&stage.one("KEYS data:1?").await?).len(), 10);
        assert_eq!(stage.one("KEYS nothing").await?.elements(), []);
        Ok(())
    })
}

fn a_random_key_is_found_wherever_it_is<A: Adapter>() -> Done {
    on_each::<A>("RANDOMKEY", &NAMES, async |stage| {
        stage.cluster.flush_all()?;
        assert!(stage.one("RANDOMKEY").await?.is_null(), "all are empty");
        for part in 0..3 {
            let key = key_in(share(part, 3).0, "random");
            stage.client.set(&key, 1).await?;
            for _ in 0..5 {
                assert_eq!(stage.one("RANDOMKEY").await?.text().as_ref(), Some(&key));
            }
            stage.client.del(&key).await?;
        }
        let keys = fill(stage, 30).await?;
        let mut seen = BTreeSet::new();
        for _ in 0..60 {
            seen.insert(stage.one("RANDOMKEY").await?.text().ok_or("null")?);
        }
        assert!(seen.iter().all(|key| keys.contains(key)));
        let owners: BTreeSet<_> = seen
            .iter()
            .map(|key| stage.cluster.primary_of(slot_of(key)))
            .collect::<Result<_, _>>()?;
        assert_eq!(owners.len(), 3, "each shard's turn comes");
        Ok(())
    })
}

fn all_keys_are_flushed_everywhere<A: Adapter>() -> Done {
    on_each::<A>("FLUSHALL and FLUSHDB", &NAMES, async |stage| {
        for line in ["FLUSHALL", "FLUSHDB", "FLUSHALL ASYNC", "FLUSHDB SYNC"] {
            fill(stage, 30).await?;
            assert!(stage.one(line).await?.is_ok());
            assert_eq!(stage.sum(&stage.primaries, "DBSIZE")?, 0, "{line}");
            until::<A>(
                "replicas follow",
                async || Ok(stage.sum(&stage.replicas(), "DBSIZE")? == 0),
            )
            .await?;
        }
        Ok(())
    })
}

/// A cursor belongs to a node: the caller names it, and gets the keys of that one.
fn a_scan_walks_the_node_that_it_names<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        let keys = fill(stage, 300).await?;
        let error = stage.error("SCAN 0").await?.to_string();
        assert!(error.contains("target"), "{error}");
        let mut all = Vec::new();
        for node in &stage.primaries {
            let mut cursor = "0".to_owned();
            let mut of_node = Vec::new();
            loop {
                let scan = words(&format!("SCAN {cursor} COUNT 20"));
                let target = Target::Node(address_of(stage.cluster, *node));
                let Answer::One(reply) = stage.call(Call::new(scan).target(target)).await? else {
                    return Err("not one reply".into());
                };
                let found = reply.at(1).ok_or("no keys")?;
                of_node.extend(found.elements().iter().filter_map(Reply::text));
                cursor = reply.at(0).and_then(Reply::text).ok_or("no cursor")?;
                if cursor == "0" {
                    break;
                }
            }
            of_node.sort();
            of_node.dedup();
            let direct = stage.direct(*node, "KEYS *")?;
            assert_eq!(of_node, sorted(&direct), "node {node}");
            all.extend(of_node);
        }
        all.sort();
        assert_eq!(all, keys);
        Ok(())
    })
}

on_every_adapter! {
    keys_are_counted_and_listed_once,
    a_random_key_is_found_wherever_it_is,
    all_keys_are_flushed_everywhere,
    a_scan_walks_the_node_that_it_names,
}
