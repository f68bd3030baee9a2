//! CLUSTER SLOT-STATS: the figures of all shards, as one node would tell them if it had all slots.

use super::{Stage, key_in, on_each, words};
use crate::real::adapter::{Adapter, Client, on_every_adapter};
use crate::real::{Done, Failure};
use crate::servers::raw::Reply;

const SERVERS: &[&str] = &["redis-8.2", "valkey-8.1", "valkey-9.1"];

/// A slot, and its number of keys.
type Row = (i64, i64);

fn rows(reply: &Reply) -> Result<Vec<Row>, Failure> {
    let row =
        |row: &Reply| Some((row.at(0)?.integer()?, row.at(1)?.field("key-count")?.integer()?));
    reply
        .elements()
        .iter()
        .map(|element| row(element).ok_or_else(|| format!("{element:?}").into()))
        .collect()
}

/// What all primaries say, one after the other.
fn direct<A: Adapter>(stage: &Stage<'_, A>, line: &str) -> Result<Vec<Row>, Failure> {
    let mut all = Vec::new();
    for reply in stage.directs(&stage.primaries, line)?.values() {
        all.extend(rows(reply)?);
    }
    Ok(all)
}

/// Slots of all shards with 1 to 5 keys each, many with the same number.
async fn fill<A: Adapter>(stage: &Stage<'_, A>) -> Done {
    stage.cluster.flush_all()?;
    for (number, slot) in (0..16384).step_by(400).enumerate() {
        for key in 0..=number % 5 {
            stage.client.set(key_in(slot, key), "value").await?;
        }
    }
    Ok(())
}

fn figures_of_slots_are_in_the_order_that_is_asked_for<A: Adapter>() -> Done {
    on_each::<A>("CLUSTER SLOT-STATS", SERVERS, async |stage| {
        fill(stage).await?;
        // By slot, over the border of two shards, and all of them.
        for (first, last) in [(5000, 6000), (0, 16383), (10_922, 10_923), (7, 7)] {
            let line = format!("CLUSTER SLOT-STATS SLOTSRANGE {first} {last}");
            let told = rows(&stage.one(&line).await?)?;
            let mut expected = direct(stage, &line)?;
            expected.sort_unstable();
            assert_eq!(told, expected, "{line}");
            let slots = told.iter().map(|(slot, _)| *slot);
            assert_eq!(slots.collect::<Vec<_>>(), (first..=last).collect::<Vec<_>>());
        }
        let all = direct(stage, "CLUSTER SLOT-STATS SLOTSRANGE 0 16383")?;
        // By figure, and by slot where figures are equal: what is beyond the limit of a shard is
        // beyond the limit of all.
        for (limit, descending) in [(1, true), (7, true), (30, true), (30, false), (16384, true)] {
            let order = if descending { "DESC" } else { "ASC" };
            let line = format!("CLUSTER SLOT-STATS ORDERBY key-count LIMIT {limit} {order}");
            let told = rows(&stage.one(&line).await?)?;
            let mut expected = all.clone();
            expected.sort_by_key(|(slot, count)| (if descending { -count } else { *count }, *slot));
            expected.truncate(limit);
            assert_eq!(told, expected, "{line}");
        }
        let told = rows(&stage.one("CLUSTER SLOT-STATS ORDERBY KEY-COUNT").await?)?;
        assert!(told.is_sorted_by(|(_, one), (_, other)| one >= other), "descending by default");
        assert_eq!(told.len(), 16384);
        let error = stage.error("CLUSTER SLOT-STATS ORDERBY nothing").await?;
        assert!(error.server().is_some(), "all say the same: {error:?}");
        Ok(())
    })
}

fn servers_without_figures_of_slots_say_so<A: Adapter>() -> Done {
    on_each::<A>("CLUSTER SLOT-STATS unknown", &["redis-6.2", "redis-7.0"], async |stage| {
        let answer = stage.call(words("CLUSTER SLOT-STATS SLOTSRANGE 0 10")).await?;
        assert!(answer.unknown().is_some(), "{answer:?}");
        Ok(())
    })
}

on_every_adapter! {
    figures_of_slots_are_in_the_order_that_is_asked_for,
    servers_without_figures_of_slots_say_so,
}
