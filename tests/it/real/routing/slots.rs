//! CLUSTER: what any node knows, and what the owner of a slot knows.

use std::collections::BTreeSet;

use super::{in_both, key_in, on_each, sorted};
use crate::real::Done;
use crate::real::adapter::{Adapter, Client, on_every_adapter};
use crate::servers::NAMES;
use crate::servers::raw::Reply;
use crate::servers::slots::{share, slot_of};

fn keys_of_a_slot_are_counted_and_listed_by_its_owner<A: Adapter>() -> Done {
    on_each::<A>("slots as arguments", &NAMES, async |stage| {
        stage.cluster.flush_all()?;
        for part in 0..3 {
            for slot in [share(part, 3).0, share(part, 3).1] {
                let keys: Vec<_> = (0..5).map(|number| key_in(slot, number)).collect();
                for key in &keys {
                    stage.client.set(key, 1).await?;
                }
                let count = stage.one(&format!("CLUSTER COUNTKEYSINSLOT {slot}")).await?;
                assert_eq!(count, Reply::Integer(5));
                let found = stage.one(&format!("CLUSTER GETKEYSINSLOT {slot} 10")).await?;
                assert_eq!(sorted(&found), keys);
                let few = stage.one(&format!("CLUSTER GETKEYSINSLOT {slot} 2")).await?;
                assert_eq!(few.elements().len(), 2);
            }
        }
        for wrong in ["16384", "-1", "none", ""] {
            let error = stage.error(&format!("CLUSTER COUNTKEYSINSLOT {wrong}")).await?;
            assert!(!error.may_have_executed() && error.server().is_none(), "{error:?}");
        }
        Ok(())
    })
}

/// The lines of CLUSTER NODES without what changes from moment to moment and node to node.
fn members(text: &str) -> BTreeSet<(String, String, String)> {
    let fields = text.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    fields
        .map(|fields| {
            let role = fields[2].trim_start_matches("myself,").to_owned();
            (fields[0].to_owned(), role, fields[8..].join(" "))
        })
        .collect()
}

fn any_node_tells_of_the_cluster<A: Adapter>() -> Done {
    on_each::<A>("CLUSTER", &NAMES, async |stage| {
        for key in ["a", "{b}c", "d{}"] {
            let slot = stage.one(&format!("CLUSTER KEYSLOT {key}")).await?;
            assert_eq!(slot, Reply::Integer(i64::from(slot_of(key))));
        }
        let told = stage.one("CLUSTER NODES").await?.text().unwrap_or_default();
        assert_eq!(members(&told), members(&stage.text(0, "CLUSTER NODES")?));
        let info = stage.one("CLUSTER INFO").await?.text().unwrap_or_default();
        for line in [
            "cluster_state:ok",
            "cluster_slots_assigned:16384",
            "cluster_known_nodes:6",
            "cluster_size:3",
        ] {
            assert!(info.lines().any(|told| told == line), "{line} in {info}");
        }
        let id = stage.one("CLUSTER MYID").await?.text().unwrap_or_default();
        let primaries = stage.primaries.iter().map(|node| &stage.cluster.node(*node).id);
        assert!(primaries.into_iter().any(|primary| *primary == id));
        let node = stage.cluster.nodes().iter().position(|node| node.id == id).ok_or("no node")?;
        for name in ["REPLICAS", "SLAVES"] {
            let replicas = stage.one(&format!("CLUSTER {name} {id}")).await?;
            let replica = &stage.cluster.node(stage.replica_of(node)?).id;
            let line = replicas.at(0).and_then(Reply::text).unwrap_or_default();
            assert!(line.starts_with(replica.as_str()), "{line}");
        }
        let failures = stage.one(&format!("CLUSTER COUNT-FAILURE-REPORTS {id}")).await?;
        assert_eq!(failures, Reply::Integer(0));
        assert_eq!(
            stage.one("CLUSTER SLOTS").await?.elements().len(),
            stage.direct(0, "CLUSTER SLOTS")?.elements().len()
        );
        Ok(())
    })
}

fn shards_and_links_are_told_by_any_node<A: Adapter>() -> Done {
    on_each::<A>("CLUSTER SHARDS and LINKS", super::super::SINCE_7_0, async |stage| {
        assert_eq!(stage.one("CLUSTER SHARDS").await?.elements().len(), 3);
        assert!(stage.one("CLUSTER LINKS").await?.elements().len() >= 5);
        let answer = stage.call(super::words("CLUSTER MYSHARDID")).await?;
        match answer.unknown() {
            Some(text) => eprintln!("CLUSTER MYSHARDID: {text}"),
            None => assert!(
                matches!(answer, super::Answer::One(id) if id.text().is_some_and(|id| id.len() == 40))
            ),
        }
        Ok(())
    })
}

fn each_node_saves_what_it_knows<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        assert!(stage.one("CLUSTER SAVECONFIG").await?.is_ok());
        Ok(())
    })
}

on_every_adapter! {
    keys_of_a_slot_are_counted_and_listed_by_its_owner,
    any_node_tells_of_the_cluster,
    shards_and_links_are_told_by_any_node,
    each_node_saves_what_it_knows,
}
