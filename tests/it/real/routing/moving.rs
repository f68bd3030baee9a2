//! Commands with keys of many slots, and commands for all nodes, while slots move.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hashslot::Command;

use super::key_in;
use crate::real::adapter::{Adapter, Client, on_every_adapter};
use crate::real::tasks::spawn;
use crate::real::{Done, Failure, Spot, connect, held_by, mortal, on_each, run, until};
use crate::servers::NAMES;
use crate::servers::slots::slot_of;

fn many(name: &str, keys: &[String]) -> Command {
    keys.iter().fold(Command::new(name), Command::arg)
}

async fn values(client: &impl Client, keys: &[String]) -> Result<Vec<Option<String>>, Failure> {
    Ok(client.command(many("MGET", keys)).await?)
}

/// Keys of many slots, two of them in one that moves.
fn keys_around(spot: &Spot) -> Vec<String> {
    let mut keys: Vec<_> = (0..20).map(|part| key_in(part * 800 + 9, "around")).collect();
    keys.insert(4, spot.key("a"));
    keys.insert(12, spot.key("b"));
    keys
}

/// Only the part of the slot that moves is redirected, and only its way is another.
fn one_part_is_asked_for_elsewhere<A: Adapter>() -> Done {
    on_each::<A>("parts on an open slot", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let spot = Spot::new(cluster, 210)?;
        let keys = keys_around(&spot);
        let mset =
            |value: &str| keys.iter().fold(Command::new("MSET"), |m, key| m.arg(key).arg(value));
        client.command::<()>(mset("old")).await?;
        let all = |value: &str| vec![Some(value.to_owned()); keys.len()];
        spot.open(cluster)?;
        assert_eq!(values(&client, &keys).await?, all("old"));
        assert_eq!(client.stats().await?.ask_followed, 0, "both are at the source");
        spot.move_key(cluster, &spot.key("a"))?;
        let torn = spawn::<A, _>({
            let (client, keys) = (client.clone(), keys.clone());
            async move { values(&client, &keys).await }
        });
        // With its keys on two nodes the part can be read at neither.
        until::<A>("it is tried again", async || Ok(client.stats().await?.retries >= 3)).await?;
        spot.move_key(cluster, &spot.key("b"))?;
        assert_eq!(torn.await??, all("old"));
        let before = client.stats().await?.ask_followed;
        assert_eq!(values(&client, &keys).await?, all("old"));
        client.command::<()>(mset("new")).await?;
        assert_eq!(values(&client, &keys).await?, all("new"));
        assert_eq!(client.command::<i64>(many("EXISTS", &keys)).await?, 22);
        let stats = client.stats().await?;
        assert_eq!((stats.ask_followed - before, stats.moved_followed), (4, 0), "one part each");
        for name in ["a", "b"] {
            assert_eq!(held_by(cluster, spot.to, &spot.key(name))?.as_deref(), Some("new"));
        }
        spot.close(cluster)?;
        assert_eq!(values(&client, &keys).await?, all("new"));
        assert_eq!(client.stats().await?.moved_followed, 1, "one part of 21");
        assert_eq!(client.command::<i64>(many("DEL", &keys)).await?, 22);
        assert_eq!(values(&client, &keys).await?, vec![None; keys.len()]);
        Ok(())
    })
}

/// Slots move there and back while all keys are read, written and counted again and again.
fn nothing_is_lost_while_slots_move<A: Adapter>() -> Done {
    on_each::<A>("parts over moving slots", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let keys: Vec<_> = (0..32_u16).map(|part| key_in(part * 512 + 21, "live")).collect();
        let mset =
            |value: &str| keys.iter().fold(Command::new("MSET"), |m, key| m.arg(key).arg(value));
        client.command::<()>(mset("0")).await?;
        let is_over = Arc::new(AtomicBool::new(false));
        let going = spawn::<A, _>({
            let (client, keys, is_over) = (client.clone(), keys.clone(), Arc::clone(&is_over));
            async move {
                let mut round = 0;
                while !is_over.load(Ordering::Relaxed) {
                    round += 1;
                    let value = round.to_string();
                    let mset =
                        keys.iter().fold(Command::new("MSET"), |m, key| m.arg(key).arg(&value));
                    client.command::<()>(mset).await?;
                    let found = values(&client, &keys).await?;
                    assert_eq!(found, vec![Some(value); keys.len()]);
                    assert_eq!(client.command::<i64>(many("EXISTS", &keys)).await?, 32);
                }
                Ok::<_, Failure>(())
            }
        });
        // Looked up while the nodes agree: who is asked for a slot that has just moved may not know
        // yet.
        let primaries = cluster.primaries()?;
        let mut ways = Vec::new();
        for key in keys.iter().step_by(7) {
            let slot = slot_of(key);
            let from = cluster.primary_of(slot)?;
            let to = primaries.iter().find(|node| **node != from).ok_or("one primary")?;
            ways.push((slot, from, *to));
        }
        let back: Vec<_> = ways.iter().map(|(slot, from, to)| (*slot, *to, *from)).collect();
        for (slot, from, to) in ways.into_iter().chain(back) {
            // It has ended only if it failed.
            if going.has_ended() {
                break;
            }
            cluster.migrate_slot(slot, from, to)?;
        }
        is_over.store(true, Ordering::Relaxed);
        going.await??;
        assert_eq!(client.command::<i64>(many("UNLINK", &keys)).await?, 32);
        assert!(client.stats().await?.moved_followed > 0);
        Ok(())
    })
}

/// What is for all primaries is for those that follow them as well.
fn a_failover_does_not_keep_a_fan_out_from_all_shards<A: Adapter>() -> Done {
    let Some(cluster) = mortal()? else { return Ok(()) };
    run::<A>(async {
        let client = connect::<A>(&cluster).await?;
        for number in 0..50 {
            client.set(format!("failing:{number}"), number).await?;
        }
        // Another adapter may have left the roles the other way round.
        let replica = if cluster.is_primary(1)? { 4 } else { 1 };
        cluster.failover(replica)?;
        // The client need not know of the failover yet.
        assert_eq!(client.command::<i64>(Command::new("DBSIZE")).await?, 50);
        client.command::<()>(Command::new("FLUSHALL")).await?;
        for node in cluster.primaries()? {
            let size = cluster.call(node, &["DBSIZE"])?;
            assert_eq!(size.integer(), Some(0), "node {node}");
        }
        assert_eq!(client.command::<i64>(Command::new("DBSIZE")).await?, 0);
        Ok(())
    })
}

on_every_adapter! {
    one_part_is_asked_for_elsewhere,
    nothing_is_lost_while_slots_move,
    a_failover_does_not_keep_a_fan_out_from_all_shards,
}
