//! The client as a program uses it: values, topologies, futures that are dropped, the end.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hashslot::error::ErrorKind;
use hashslot::{Call, Command, Error, Frame, Slot};

use super::adapter::{Adapter, Client, Events, on_every_adapter};
use super::load::Load;
use super::tasks::{Tasks, before, yield_now};
use super::{Done, Failure, client_name, connect, connect_with, held_by, on_each, on_usual, until};
use crate::servers::NAMES;
use crate::servers::cluster::Cluster;
use crate::servers::slots::{key_in_slot, slot_of};

/// What a client knows of a cluster is what the cluster says, replicas and all. RESP3 everywhere,
/// and no CLUSTER SHARDS with Redis 6.2.
fn the_topology_is_the_clusters<A: Adapter>() -> Done {
    on_each::<A>("topology", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let topology = client.topology().await?;
        for range in cluster.slots(0)? {
            for number in [range.first, range.last] {
                let slot = Slot::new(number).ok_or("no slot")?;
                let shard = topology.shard_of(slot).ok_or("a slot without a shard")?;
                let primary = shard.primary().ok_or("a shard without a primary")?;
                let mut ports = vec![primary.address().port()];
                ports.extend(shard.replicas().iter().map(|node| node.address().port()));
                ports[1..].sort_unstable();
                assert_eq!(ports, range.ports);
            }
        }
        let shards = client.call(Call::new(Command::new("CLUSTER").arg("SHARDS"))).await;
        let has_shards =
            shards.is_ok_and(|reply| super::one::<Frame>(reply).is_ok_and(|f| !f.is_error()));
        assert_eq!(has_shards, cluster.version().at_least(7, 0));
        let hash = Command::new("HSET").args(["{h}hash", "field", "value"]);
        client.command::<i64>(hash).await?;
        let map: Frame = client.command(Command::new("HGETALL").arg("{h}hash")).await?;
        assert_eq!(&**map.as_bytes(), b"%1\r\n$5\r\nfield\r\n$5\r\nvalue\r\n", "it is RESP3");
        Ok(())
    })
}

fn resp2_is_spoken_where_it_is_asked_for<A: Adapter>() -> Done {
    on_each::<A>("RESP2", &NAMES, async |cluster| {
        let change =
            |config: &mut hashslot::Config| config.protocol = hashslot::config::Protocol::Resp2;
        let client = connect_with::<A>(cluster, change).await?;
        let hash = Command::new("HSET").args(["{h}two", "field", "value"]);
        client.command::<i64>(hash).await?;
        let map: Frame = client.command(Command::new("HGETALL").arg("{h}two")).await?;
        assert_eq!(&**map.as_bytes(), b"*2\r\n$5\r\nfield\r\n$5\r\nvalue\r\n");
        let load = Load::<A>::start(&client, "resp2", 8);
        load.goes_on(100).await?;
        load.stop().await?.assert_flawless();
        Ok(())
    })
}

/// F-10: neither side waits for the other with its buffers full.
fn large_values_come_back_whole<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let client = connect::<A>(cluster).await?;
        // Each piece begins with its number: one in the wrong place shows.
        let value = |len: usize, salt: usize| -> Vec<u8> {
            let mut bytes = Vec::with_capacity(len);
            while bytes.len() < len {
                bytes.extend_from_slice(&(bytes.len() ^ salt).to_le_bytes());
                bytes.resize((bytes.len() + 1000).min(len), b'.');
            }
            bytes
        };
        for len in [1 << 20, 20 << 20] {
            let written = value(len, 0);
            client.set("{large}value", &written).await?;
            let read: Frame = client.get("{large}value").await?;
            assert!(read.value().as_bytes() == Some(&*written), "{len} bytes");
        }
        // Many at a time, both ways.
        let mut tasks = Tasks::new();
        for task in 0..8 {
            let client = client.clone();
            tasks.spawn::<A>(async move {
                let written = value(2 << 20, task);
                let key = format!("{{large}}{task}");
                for _ in 0..2 {
                    client.set(&key, &written).await?;
                    let read: Frame = client.get(&key).await?;
                    assert!(read.value().as_bytes() == Some(&*written), "{key}");
                }
                assert_eq!(client.del(&key).await?, 1);
                Ok::<_, Failure>(())
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        assert_eq!(client.del("{large}value").await?, 1);
        Ok(())
    })
}

fn any_bytes_are_a_key<A: Adapter>() -> Done {
    on_each::<A>("binary keys", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let mut keys: Vec<Vec<u8>> = (0..=255_u8).map(|byte| vec![b'k', byte]).collect();
        let all: Vec<u8> = (0..=255).collect();
        let odd: [&[u8]; 8] =
            [b"", b"\r\n", b"{}", b"{", b"}{", b"{a}{b}", b"a\0b", b"*1\r\n$4\r\nPING\r\n"];
        keys.extend(odd.iter().map(|key| key.to_vec()));
        keys.push(all);
        keys.push(vec![0xFF; 5000]);
        for key in &keys {
            client.set(key, key).await?;
            assert_eq!(Slot::of_key(key).number(), slot_of(key));
        }
        for key in &keys {
            let found: Frame = client.get(key).await?;
            assert_eq!(found.value().as_bytes(), Some(key.as_slice()));
        }
        assert_eq!(client.stats().await?.moved_followed, 0, "each went to its slot's node");
        Ok(())
    })
}

fn a_pipeline_of_ten_thousand_keeps_its_order<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let client = connect::<A>(cluster).await?;
        let keys: Vec<_> = (0..10_000).map(|number| format!("pipeline:{number}")).collect();
        let ended = client.pipeline(keys.iter().map(|key| Command::set(key, key))).await?;
        assert_eq!(ended.len(), keys.len());
        assert!(ended.iter().all(Result::is_ok));
        let ended = client.pipeline(keys.iter().map(Command::get)).await?;
        assert_eq!(ended.len(), keys.len());
        for (key, reply) in keys.iter().zip(ended) {
            assert_eq!(reply?.value().as_bytes(), Some(key.as_bytes()));
        }
        let ended = client.pipeline(keys.iter().map(Command::del)).await?;
        assert!(ended.iter().all(Result::is_ok));
        assert_eq!(client.pipeline([]).await?, [], "none is as good as many");
        Ok(())
    })
}

/// F-75: what a script says is not the node's word.
fn a_script_cannot_send_a_command_elsewhere<A: Adapter>() -> Done {
    on_each::<A>("forged redirections", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let slot = slot_of("{forged}count");
        let target = cluster
            .primaries()?
            .into_iter()
            .find(|node| Some(*node) != cluster.primary_of(slot).ok());
        let port = cluster.node(target.ok_or("a single primary")?).port;
        for kind in ["MOVED", "ASK"] {
            let script = format!(
                "redis.call('incr', KEYS[1]); \
                 return redis.error_reply('{kind} {slot} 127.0.0.1:{port}')"
            );
            let before: Option<i64> = client.get("{forged}count").await?;
            let eval = Command::new("EVAL").arg(&script).arg(1).arg("{forged}count");
            let error = client.command::<Frame>(eval).await;
            let text = match &error {
                Ok(frame) => frame.error().map(|error| error.to_string()),
                Err(error) => error.server().map(ToString::to_string),
            };
            assert!(text.is_some_and(|text| text.starts_with(kind)), "{error:?}");
            let after: i64 = client.get("{forged}count").await?;
            assert_eq!(after, before.unwrap_or(0) + 1, "it ran once");
        }
        let stats = client.stats().await?;
        assert_eq!((stats.moved_followed, stats.ask_followed), (0, 0));
        Ok(())
    })
}

/// Numbers that look random, and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Polls a future, lets others run so many times, and drops it. What it was, if it was over by
/// then.
async fn drop_after<V>(turns: u64, future: impl Future<Output = V>) -> Option<V> {
    let turns = async {
        for _ in 0..turns {
            yield_now().await;
        }
    };
    before(turns, future).await
}

/// F-07: 10,000 futures and more are dropped before they are written, half-way and after their
/// replies.
fn dropped_futures_harm_nobody<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let client = connect::<A>(cluster).await?;
        let keys: Vec<_> = (0..64).map(|part| key_in_slot(part * 256 + 3, "drop")).collect();
        for key in &keys {
            // Long enough for a reply to come in several pieces.
            let value = format!("{key}:").repeat(if key.len() % 2 == 0 { 1 } else { 3000 });
            client.set(key, value).await?;
        }
        let keys = Arc::new(keys);
        let (is_over, counted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut readers = Tasks::new();
        for _ in 0..4 {
            let (client, keys, is_over) = (client.clone(), Arc::clone(&keys), Arc::clone(&is_over));
            readers.spawn::<A>(async move { read_until(&client, &keys, &is_over).await });
        }
        // How many futures are dropped behind their commands is up to the machine's other work.
        for round in 1.. {
            drop_calls::<A>(&client, &keys, &counted, round).await?;
            let stats = client.stats().await?;
            let is_enough = stats.calls_cancelled > 1000 && stats.late_replies > 100;
            if is_enough || !A::GIVES_UP || round == 20 {
                break;
            }
        }
        is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = readers.join_next().await {
            ended??;
        }
        read_until(&client, &keys, &is_over).await?;
        let count = client.get::<Option<u64>>("{dropped}count").await?.unwrap_or(0);
        assert!(count <= counted.load(Ordering::Relaxed), "{count} ran");
        until::<A>("nothing is left", async || {
            let stats = client.stats().await?;
            Ok(stats.calls_submitted == stats.calls_completed + stats.calls_cancelled)
        })
        .await?;
        let stats = client.stats().await?;
        if A::GIVES_UP {
            assert!(stats.calls_cancelled > 1000 && stats.late_replies > 100, "{stats:?}");
        } else {
            assert_eq!(stats.calls_cancelled, 0, "{stats:?}");
        }
        assert_eq!((stats.links_lost, stats.protocol_errors), (0, 0), "{stats:?}");
        Ok(())
    })
}

/// Drops 10,000 futures of all kinds of calls, from eight tasks.
async fn drop_calls<A: Adapter>(
    client: &A::Client,
    keys: &Arc<Vec<String>>,
    counted: &Arc<AtomicU64>,
    round: u64,
) -> Done {
    let mut droppers = Tasks::new();
    for task in 1..=8 {
        let (client, keys, counted) = (client.clone(), Arc::clone(keys), Arc::clone(counted));
        droppers.spawn::<A>(async move {
            let mut dice = Dice(task * 0x9E37_79B9 * round);
            for _ in 0..1250 {
                let key = &keys[usize::try_from(dice.below(64)).unwrap_or(0)];
                let turns = dice.below(40);
                match dice.below(4) {
                    0 => drop(drop_after(turns, client.get::<Frame>(key)).await),
                    1 => {
                        counted.fetch_add(1, Ordering::Relaxed);
                        drop(drop_after(turns, client.incr("{dropped}count")).await);
                    }
                    2 => {
                        let pipeline = client.pipeline(keys.iter().take(9).map(Command::get));
                        drop(drop_after(turns, pipeline).await);
                    }
                    _ => {
                        let commands = [Command::get(key), Command::exists(key)];
                        drop(drop_after(turns, client.transaction::<Frame>(commands)).await);
                    }
                }
            }
        });
    }
    while let Some(ended) = droppers.join_next().await {
        ended?;
    }
    Ok(())
}

/// Reads all keys at least once, and until it is over.
async fn read_until(client: &impl Client, keys: &[String], is_over: &AtomicBool) -> Done {
    loop {
        for key in keys {
            let found: String = client.get(key).await?;
            assert!(found.starts_with(&format!("{key}:")), "{key} holds {found:.40}");
        }
        if is_over.load(Ordering::Relaxed) {
            return Ok(());
        }
    }
}

/// How many connections of that name the nodes have.
fn connections(cluster: &Cluster, name: &str) -> Result<usize, Failure> {
    let mut count = 0;
    for node in cluster.running() {
        let list = cluster.call(node, &["CLIENT", "LIST"])?.text().unwrap_or_default();
        let name = format!(" name={name} ");
        count += list.lines().filter(|line| line.contains(&name)).count();
    }
    Ok(count)
}

/// With its last clone a client is gone, whatever was under way.
fn a_dropped_client_leaves_nothing_behind<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let name = client_name("dropped");
        let own_name = name.clone();
        let change = |config: &mut hashslot::Config| config.client_name = Some(own_name);
        let client = connect_with::<A>(cluster, change).await?;
        let mut events = client.events();
        let mut tasks = Tasks::new();
        for task in 0..100 {
            let client = client.clone();
            tasks.spawn::<A>(async move {
                loop {
                    client.incr(format!("gone:{task}")).await?;
                }
                #[expect(unreachable_code, reason = "names the type of the error")]
                Ok::<(), Error>(())
            });
        }
        until::<A>("the load is on", async || Ok(client.stats().await?.calls_completed > 500))
            .await?;
        assert!(connections(cluster, &name)? >= 3);
        drop(client);
        tasks.shut_down().await;
        until::<A>("all connections are closed", async || Ok(connections(cluster, &name)? == 0))
            .await?;
        while events.next().await.is_some() {}
        Ok(())
    })
}

/// What was sent is answered, what was not never is.
fn closing_waits_for_replies<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let name = client_name("closed");
        let own_name = name.clone();
        let change = |config: &mut hashslot::Config| config.client_name = Some(own_name);
        let client = connect_with::<A>(cluster, change).await?;
        let mut tasks = Tasks::new();
        for task in 0..32 {
            let client = client.clone();
            tasks.spawn::<A>(async move {
                let mut count = 0;
                loop {
                    match client.incr("{closing}count").await {
                        Ok(_) => count += 1,
                        Err(error) if error.kind() == ErrorKind::ShutDown => return count,
                        Err(error) => panic!("task {task}: {error}"),
                    }
                }
            });
        }
        until::<A>("the load is on", async || Ok(client.stats().await?.calls_completed > 500))
            .await?;
        client.close().await;
        assert_eq!(connections(cluster, &name)?, 0);
        let mut count = 0_u64;
        while let Some(ended) = tasks.join_next().await {
            count += ended?;
        }
        let node = cluster.primary_of(slot_of("{closing}"))?;
        let held = held_by(cluster, node, "{closing}count")?;
        assert_eq!(held, Some(count.to_string()), "what ran was answered, and nothing else ran");
        after_the_end(&client).await
    })
}

/// A client that is closed says so, to everybody, at once.
pub(crate) async fn after_the_end(client: &impl Client) -> Done {
    assert_eq!(client.get::<Frame>("key").await, Err(Error::shut_down().with_command("GET")));
    assert_eq!(client.clone().incr("key").await, Err(Error::shut_down().with_command("INCR")));
    assert_eq!(client.pipeline([Command::get("key")]).await, Err(Error::shut_down()));
    assert_eq!(
        client.transaction::<Frame>([Command::get("key")]).await,
        Err(Error::shut_down().with_command("EXEC"))
    );
    assert_eq!(client.stats().await, Err(Error::shut_down()));
    assert!(client.topology().await.is_err());
    client.refresh_topology();
    client.close().await;
    assert_eq!(client.events().next().await, None);
    Ok(())
}

on_every_adapter! {
    the_topology_is_the_clusters,
    resp2_is_spoken_where_it_is_asked_for,
    large_values_come_back_whole,
    any_bytes_are_a_key,
    a_pipeline_of_ten_thousand_keeps_its_order,
    a_script_cannot_send_a_command_elsewhere,
    dropped_futures_harm_nobody,
    a_dropped_client_leaves_nothing_behind,
    closing_waits_for_replies,
}
