//! Transactions and pipelines while slots move.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashslot::driver::RedirectKind;
use hashslot::{Call, Command, Event, Frame, Slot};

use super::adapter::{Adapter, Client, Events, on_every_adapter};
use super::load::Load;
use super::tasks::{Tasks, spawn};
use super::{Done, Failure, Spot, connect, held_by, on_each, on_usual, patchwork, until};
use crate::servers::NAMES;
use crate::servers::slots::{SLOT_COUNT, key_in_slot};

/// A transaction that counts two keys up, and the counts.
async fn count_both(client: &impl Client, keys: &[String; 2]) -> Result<(i64, i64), Failure> {
    let commands = keys.iter().map(Command::incr);
    Ok(client.transaction(commands).await?)
}

/// The redirect comes when a command is queued, or, since Valkey 9, with EXEC's own reply.
fn a_transaction_is_asked_for_elsewhere<A: Adapter>() -> Done {
    on_each::<A>("transactions on an open slot", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let spot = Spot::new(cluster, 201)?;
        let keys = [spot.key("a"), spot.key("b")];
        assert_eq!(count_both(&client, &keys).await?, (1, 1));
        spot.open(cluster)?;
        assert_eq!(count_both(&client, &keys).await?, (2, 2), "both are at the source");
        for key in &keys {
            spot.move_key(cluster, key)?;
        }
        let mut tasks = Tasks::new();
        for _ in 0..8 {
            let (client, keys) = (client.clone(), keys.clone());
            tasks.spawn::<A>(async move {
                for _ in 0..10 {
                    let (a, b) = count_both(&client, &keys).await?;
                    assert_eq!(a, b, "all of it or nothing");
                }
                Ok::<_, Failure>(())
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        let stats = client.stats().await?;
        assert_eq!(stats.ask_followed, 80, "{stats:?}");
        assert_eq!(stats.moved_followed, 0, "{stats:?}");
        for key in &keys {
            assert_eq!(held_by(cluster, spot.to, key)?.as_deref(), Some("82"), "80 ran, once each");
            assert_eq!(held_by(cluster, spot.from, key)?, None);
        }
        spot.close(cluster)?;
        assert_eq!(count_both(&client, &keys).await?, (83, 83));
        Ok(())
    })
}

/// With its keys on two nodes a transaction can run on neither: it is tried until they are
/// together.
fn a_transaction_waits_for_its_keys<A: Adapter>() -> Done {
    on_each::<A>("transactions on a slot half-way", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let spot = Spot::new(cluster, 202)?;
        let keys = [spot.key("a"), spot.key("b")];
        count_both(&client, &keys).await?;
        spot.open(cluster)?;
        spot.move_key(cluster, &keys[0])?;
        let transaction = spawn::<A, _>({
            let (client, keys) = (client.clone(), keys.clone());
            async move { count_both(&client, &keys).await }
        });
        until::<A>("it is tried again", async || Ok(client.stats().await?.retries >= 3)).await?;
        assert_eq!(held_by(cluster, spot.to, &keys[0])?.as_deref(), Some("1"), "it did not run");
        assert_eq!(held_by(cluster, spot.from, &keys[1])?.as_deref(), Some("1"));
        spot.move_key(cluster, &keys[1])?;
        assert_eq!(transaction.await??, (2, 2));
        spot.close(cluster)?;
        assert_eq!(count_both(&client, &keys).await?, (3, 3), "it ran once");
        Ok(())
    })
}

fn a_transaction_follows_a_moved_slot<A: Adapter>() -> Done {
    on_each::<A>("transactions on a moved slot", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let spot = Spot::new(cluster, 203)?;
        let keys = Arc::new([spot.key("a"), spot.key("b")]);
        assert_eq!(count_both(&client, &keys).await?, (1, 1));
        spot.open(cluster)?;
        spot.close(cluster)?;
        let mut tasks = Tasks::new();
        for _ in 0..100 {
            let (client, keys) = (client.clone(), Arc::clone(&keys));
            tasks.spawn::<A>(async move { count_both(&client, &keys).await });
        }
        let mut counts = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            let (a, b) = ended??;
            assert_eq!(a, b);
            counts.push(a);
        }
        counts.sort_unstable();
        assert_eq!(counts, (2..=101).collect::<Vec<_>>(), "each ran once");
        assert!(client.stats().await?.moved_followed > 0);
        Ok(())
    })
}

/// A command that the server refuses to queue ends the transaction with the server's reason.
fn a_transaction_that_is_refused_says_why<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let client = connect::<A>(cluster).await?;
        let commands = [Command::set("{tx}a", 1), Command::new("GET").arg("{tx}a").arg("too many")];
        let refused = client.transaction::<Frame>(commands).await;
        let error = refused.expect_err("GET has one argument");
        assert!(error.to_string().contains("wrong number of arguments"), "{error}");
        assert_eq!(client.exists("{tx}a").await?, 0, "none of it ran");
        // An error of a command that runs stays in its place.
        let commands =
            [Command::set("{tx}a", "text"), Command::incr("{tx}a"), Command::get("{tx}a")];
        let replies: Frame = client.transaction(commands).await?;
        let elements: Vec<_> = replies.value().elements().ok_or("no array")?.collect();
        assert_eq!(elements.len(), 3);
        assert_eq!(elements[2].as_bytes(), Some(&b"text"[..]));
        assert_eq!(client.incr("{tx}b").await?, 1, "the connection is as good as before");
        Ok(())
    })
}

/// Pipelines over all slots, again and again, while some of the slots move there and back.
fn pipelines_follow_slots_that_move<A: Adapter>() -> Done {
    let slots: Vec<_> = (0..64_u16).map(|part| part * 256 + 7).collect();
    let keys: Vec<_> = slots.iter().map(|slot| key_in_slot(*slot, "all")).collect();
    on_each::<A>("pipelines over moving slots", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let replies = client.pipeline(keys.iter().map(|key| Command::set(key, key))).await?;
        assert!(replies.iter().all(Result::is_ok), "{replies:?}");
        let load = Load::<A>::on_tags(&client, keys.iter().step_by(4).cloned());
        let reading = spawn::<A, _>({
            let (client, keys) = (client.clone(), keys.clone());
            async move {
                for _ in 0..60 {
                    let replies = client.pipeline(keys.iter().map(Command::get)).await?;
                    assert_eq!(replies.len(), keys.len());
                    for (key, reply) in keys.iter().zip(replies) {
                        assert_eq!(reply?.value().as_bytes(), Some(key.as_bytes()));
                    }
                }
                Ok::<_, Failure>(())
            }
        });
        for slot in slots.iter().step_by(28) {
            for _ in 0..2 {
                let spot = Spot::new(cluster, *slot)?;
                spot.open(cluster)?;
                load.goes_on(50).await?;
                while cluster.move_keys(spot.slot, spot.from, spot.to, 1)? > 0 {
                    load.goes_on(50).await?;
                }
                spot.close(cluster)?;
            }
        }
        reading.await??;
        load.stop().await?.assert_flawless();
        let stats = client.stats().await?;
        assert!(stats.ask_followed > 0 && stats.moved_followed > 0, "{stats:?}");
        Ok(())
    })
}

/// One command for each slot of the cluster, in one pipeline, while slots move.
fn a_pipeline_over_all_slots_follows_them<A: Adapter>() -> Done {
    let Some(cluster) = patchwork()? else { return Ok(()) };
    super::run::<A>(async {
        let client = connect::<A>(&cluster).await?;
        let mut keys = BTreeMap::new();
        for number in 0.. {
            let key = format!("every:{number}");
            keys.entry(Slot::of_key(key.as_bytes())).or_insert(key);
            if keys.len() == usize::from(SLOT_COUNT) {
                break;
            }
        }
        let replies = client.pipeline(keys.values().map(|key| Command::set(key, key))).await?;
        assert!(replies.iter().all(Result::is_ok));
        let pipelines = spawn::<A, _>({
            let (client, keys) = (client.clone(), keys.clone());
            async move {
                for _ in 0..3 {
                    let replies = client.pipeline(keys.values().map(Command::get)).await?;
                    assert_eq!(replies.len(), keys.len());
                    for (key, reply) in keys.values().zip(replies) {
                        assert_eq!(reply?.value().as_bytes(), Some(key.as_bytes()));
                    }
                }
                Ok::<_, Failure>(())
            }
        });
        for slot in (0..SLOT_COUNT).step_by(97) {
            if pipelines.has_ended() {
                break;
            }
            let spot = Spot::new(&cluster, slot)?;
            spot.open(&cluster)?;
            spot.close(&cluster)?;
        }
        pipelines.await??;
        assert!(client.stats().await?.moved_followed > 0);
        Ok(())
    })
}

/// Servers that move whole ranges at once, as Valkey 9 does, answer MOVED only.
fn a_range_that_moves_at_once_is_followed<A: Adapter>() -> Done {
    on_each::<A>("atomic migration", &["valkey-9.1"], async |cluster| {
        let client = connect::<A>(cluster).await?;
        let spot = Spot::new(cluster, 400)?;
        let tags = (400..408).map(|slot| key_in_slot(slot, "atomic"));
        let load = Load::<A>::on_tags(&client, tags);
        load.goes_on(100).await?;
        let to = &cluster.node(spot.to).id;
        let words = ["CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", "400", "407", "NODE", to];
        cluster.call(spot.from, &words)?;
        until::<A>("the slots have moved", async || Ok(cluster.primary_of(spot.slot)? == spot.to))
            .await?;
        load.goes_on(500).await?;
        load.stop().await?.assert_flawless();
        // Who happens to read the topology again in this moment is told by it.
        let stats = client.stats().await?;
        assert!(stats.moved_followed > 0 || stats.topology_changes > 1, "{stats:?}");
        Ok(())
    })
}

/// A slot moves to a node that has none yet, and that no seed has named.
fn a_new_node_is_found<A: Adapter>() -> Done {
    let Some(mut cluster) = patchwork()? else { return Ok(()) };
    super::run::<A>(async {
        let client = connect::<A>(&cluster).await?;
        let mut events = client.events();
        let spot = Spot::new(&cluster, 204)?;
        let key = spot.key("moving");
        client.set(&key, "here").await?;
        let to = cluster.add_node()?;
        let spot = Spot { to, ..spot };
        spot.open(&cluster)?;
        spot.move_key(&cluster, &key)?;
        for _ in 0..20 {
            assert_eq!(client.get::<String>(&key).await?, "here");
        }
        spot.close(&cluster)?;
        for _ in 0..20 {
            assert_eq!(client.get::<String>(&key).await?, "here");
        }
        let stats = client.stats().await?;
        assert!(stats.ask_followed >= 20 && stats.moved_followed >= 1, "{stats:?}");
        let new = super::address_of(&cluster, to);
        let mut kinds = Vec::new();
        while let Some(event) = events.try_next() {
            if let Event::Redirected { kind, to, .. } = event {
                assert_eq!(to, new);
                kinds.push(kind);
            }
        }
        assert!(kinds.contains(&RedirectKind::Ask) && kinds.contains(&RedirectKind::Moved));
        Ok(())
    })
}

/// A call to a named node is not sent elsewhere: the caller learns the redirection.
fn a_call_to_a_node_stays_there<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let client = connect::<A>(cluster).await?;
        let spot = Spot::new(cluster, 205)?;
        let key = spot.key("named");
        client.set(&key, "value").await?;
        let at = |node| Call::new(Command::get(&key)).on_node(super::address_of(cluster, node));
        assert_eq!(super::one::<String>(client.call(at(spot.from)).await?)?, "value");
        let redirected = client.call(at(spot.to)).await;
        let text = match redirected {
            Ok(reply) => super::one::<Frame>(reply)?.error().map(|error| error.to_string()),
            Err(error) => error.server().map(ToString::to_string),
        };
        assert!(text.is_some_and(|text| text.starts_with("MOVED 205 ")));
        Ok(())
    })
}

on_every_adapter! {
    a_transaction_is_asked_for_elsewhere,
    a_transaction_waits_for_its_keys,
    a_transaction_follows_a_moved_slot,
    a_transaction_that_is_refused_says_why,
    pipelines_follow_slots_that_move,
    a_pipeline_over_all_slots_follows_them,
    a_range_that_moves_at_once_is_followed,
    a_new_node_is_found,
    a_call_to_a_node_stays_there,
}
