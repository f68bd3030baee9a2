//! What other clients get wrong, asked of this one on real clusters.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hashslot::{Command, Frame, Stats};

use super::adapter::{Adapter, Client, on_every_adapter};
use super::setting::Setting;
use super::tasks::Tasks;
use super::{Done, Failure, SINCE_7_0, Spot, connect, held_by, on_each, until};
use crate::servers::NAMES;
use crate::servers::cluster::Cluster;
use crate::servers::slots::key_in_slot;

/// A key on its way: its slot is open, and it is on the target already.
struct Moving<A: Adapter> {
    client: A::Client,
    spot: Spot,
    key: String,
    asking_before: u64,
}

impl<A: Adapter> Moving<A> {
    async fn new(cluster: &Cluster, slot: u16) -> Result<Self, Failure> {
        let client = connect::<A>(cluster).await?;
        let spot = Spot::new(cluster, slot)?;
        let key = spot.key("moving");
        client.set(&key, "here").await?;
        spot.open(cluster)?;
        spot.move_key(cluster, &key)?;
        let asking_before = cluster.command_calls(spot.to, "asking")?;
        Ok(Self { client, spot, key, asking_before })
    }

    /// Ends the migration, after a look at what it took to read the key so many times.
    async fn end(self, cluster: &Cluster, reads: u64) -> Done {
        let stats = self.client.stats().await?;
        assert_eq!(stats.ask_followed, reads, "each read was sent on: {stats:?}");
        assert_eq!(stats.moved_followed, 0, "no ASKING was used up by another: {stats:?}");
        assert_eq!(stats.retries, 0, "{stats:?}");
        let asking = cluster.command_calls(self.spot.to, "asking")? - self.asking_before;
        assert_eq!(asking, reads, "each read had one ASKING");
        self.spot.close(cluster)?;
        self.client.close().await;
        Ok(())
    }
}

/// Reads a key again and again, which holds the same all the time.
fn spawn_reads<A: Adapter>(
    tasks: &mut Tasks<Done>,
    client: &A::Client,
    key: &str,
    value: &str,
    count: usize,
) {
    let (client, key, value) = (client.clone(), key.to_owned(), value.to_owned());
    tasks.spawn::<A>(async move {
        for _ in 0..count {
            let found: Option<String> = client.get(&key).await?;
            assert_eq!(found.as_ref(), Some(&value));
        }
        Ok(())
    });
}

async fn join(mut tasks: Tasks<Done>) -> Done {
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

/// P4a.
fn asks_are_followed_one_by_one<A: Adapter>() -> Done {
    on_each::<A>("P4a", &NAMES, async |cluster| {
        let moving = Moving::<A>::new(cluster, 101).await?;
        for _ in 0..100 {
            let found: Option<String> = moving.client.get(&moving.key).await?;
            assert_eq!(found.as_deref(), Some("here"));
        }
        moving.end(cluster, 100).await
    })
}

/// P4b.
fn asks_are_followed_by_many_at_once<A: Adapter>() -> Done {
    on_each::<A>("P4b", &NAMES, async |cluster| {
        let moving = Moving::<A>::new(cluster, 102).await?;
        let mut tasks = Tasks::new();
        for _ in 0..16 {
            spawn_reads::<A>(&mut tasks, &moving.client, &moving.key, "here", 20);
        }
        join(tasks).await?;
        moving.end(cluster, 320).await
    })
}

/// P4c.
fn asks_are_followed_beside_other_reads<A: Adapter>() -> Done {
    on_each::<A>("P4c", &NAMES, async |cluster| {
        let moving = Moving::<A>::new(cluster, 103).await?;
        let is_over = Arc::new(AtomicBool::new(false));
        let mut others = Tasks::new();
        let port = cluster.node(moving.spot.to).port;
        let ranges = cluster.slots(moving.spot.to)?.into_iter();
        // Not one of the single slots that came to the target before.
        let mut ranges = ranges
            .filter(|range| range.ports.first() == Some(&port) && range.first + 32 < range.last);
        let first = ranges.next_back().ok_or("a target without slots")?.first;
        for task in 0..32 {
            let key = key_in_slot(first + task, "other");
            let value = format!("value of {key}");
            moving.client.set(&key, &value).await?;
            let (client, is_over) = (moving.client.clone(), Arc::clone(&is_over));
            others.spawn::<A>(async move {
                let mut count = 0_u64;
                while !is_over.load(Ordering::Relaxed) {
                    let found: Option<String> = client.get(&key).await?;
                    assert_eq!(found.as_ref(), Some(&value));
                    count += 1;
                }
                Ok::<u64, Failure>(count)
            });
        }
        let mut tasks = Tasks::new();
        for _ in 0..16 {
            spawn_reads::<A>(&mut tasks, &moving.client, &moving.key, "here", 125);
        }
        join(tasks).await?;
        is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = others.join_next().await {
            assert!(ended?? > 0, "each task has read beside");
        }
        moving.end(cluster, 2000).await
    })
}

/// P5: the parts of a pipeline that are asked for elsewhere go there, and only they.
fn a_pipeline_meets_an_open_slot<A: Adapter>() -> Done {
    on_each::<A>("P5", &NAMES, async |cluster| {
        let moving = Moving::<A>::new(cluster, 104).await?;
        let (key, stays) = (&moving.key, moving.spot.key("stays"));
        for _ in 0..50 {
            let pipeline = [Command::get(key), Command::get(&stays), Command::get(key)];
            let replies = moving.client.pipeline(pipeline).await?;
            let found: Vec<_> = replies.iter().map(|reply| text(reply.as_ref().ok())).collect();
            assert_eq!(found, [Some("here".into()), None, Some("here".into())]);
        }
        // What is at neither node is asked for at the target as well.
        moving.end(cluster, 150).await
    })
}

fn text(frame: Option<&Frame>) -> Option<String> {
    frame?.value().as_bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// M-2 and F-51.
fn a_pipeline_on_an_open_slot_runs_once<A: Adapter>() -> Done {
    on_each::<A>("M-2", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let spot = Spot::new(cluster, 105)?;
        let (present, missing) = (spot.key("present"), spot.key("missing"));
        client.set(&present, 100).await?;
        spot.open(cluster)?;
        let pipeline = [Command::incr(&present), Command::incr(&missing)];
        let replies = client.pipeline(pipeline).await?;
        let count = |reply: &Result<Frame, _>| reply.as_ref().ok()?.value().as_integer();
        let counts: Vec<_> = replies.iter().map(count).collect();
        assert_eq!(counts, [Some(101), Some(1)], "{replies:?}");
        assert_eq!(held_by(cluster, spot.from, &present)?.as_deref(), Some("101"));
        assert_eq!(held_by(cluster, spot.from, &missing)?, None);
        assert_eq!(held_by(cluster, spot.to, &present)?, None);
        assert_eq!(held_by(cluster, spot.to, &missing)?.as_deref(), Some("1"));
        spot.close(cluster)?;
        let counts = [client.incr(&present).await?, client.incr(&missing).await?];
        assert_eq!(counts, [102, 2], "all is at the target");
        Ok(())
    })
}

/// What the nodes of a cluster have counted.
struct Counts {
    /// `CLUSTER SLOTS` on all nodes; with Redis 6.2 every `CLUSTER` command.
    queries: u64,
    connections: Vec<u64>,
}

impl Counts {
    /// **Shape**: takes two connections to each node, one of them after the count.
    fn of(cluster: &Cluster) -> Result<Self, Failure> {
        let nodes = 0..cluster.nodes().len();
        let queries = nodes.clone().map(|node| cluster.command_calls(node, "cluster|slots"));
        let queries = queries.sum::<Result<u64, _>>()?;
        let connections =
            nodes.map(|node| cluster.connections_received(node)).collect::<Result<_, _>>()?;
        Ok(Self { queries, connections })
    }
}

/// M-6 and F-67.
fn a_thousand_reads_meet_a_moved_slot<A: Adapter>() -> Done {
    on_each::<A>("M-6", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let spot = Spot::new(cluster, 106)?;
        let keys: Vec<_> = (0..1000).map(|number| spot.key(number)).collect();
        let sets = keys.iter().map(|key| Command::set(key, key));
        assert!(client.pipeline(sets).await?.iter().all(Result::is_ok));
        spot.open(cluster)?;
        spot.close(cluster)?;
        // Some servers close a node's connections when it loses a slot: let the client see it.
        let (before, stats_before) = (Counts::of(cluster)?, client.stats().await?);
        let mut tasks = Tasks::new();
        for key in &keys {
            spawn_reads::<A>(&mut tasks, &client, key, key, 1);
        }
        join(tasks).await?;
        until::<A>("the topology is read again", async || {
            let stats = client.stats().await?;
            Ok(stats.topology_changes > stats_before.topology_changes
                || stats.refreshes > stats_before.refreshes)
        })
        .await?;
        // One that is not needed would follow soon.
        A::sleep(std::time::Duration::from_millis(500)).await;
        let (after, stats) = (Counts::of(cluster)?, client.stats().await?);
        assert!(stats.moved_followed > 0, "{stats:?}");
        let queries = stats.topology_queries - stats_before.topology_queries;
        assert!((1..=3).contains(&queries), "{queries} queries: {stats:?}");
        // Before Redis 7.0 two commands make a query, and servers count them as one.
        let calls_max = if cluster.version().at_least(7, 0) { 3 } else { 6 };
        let calls = after.queries - before.queries;
        assert!(calls <= calls_max, "the nodes counted {calls} queries");
        let connections = before.connections.iter().zip(&after.connections);
        // Each count is two connections, of which the last before and the first after are between.
        for (node, (before, after)) in connections.enumerate() {
            let new = after - before - 2;
            assert!(new <= 1, "{new} new connections to node {node}");
        }
        assert_eq!(stats.links_lost, stats_before.links_lost);
        Ok(())
    })
}

/// P8: the host of a redirection is empty: the node's that sent it.
fn a_redirection_without_a_host_is_followed<A: Adapter>() -> Done {
    on_each::<A>("P8", SINCE_7_0, async |cluster| {
        let option = "cluster-preferred-endpoint-type";
        let setting = Setting::new(cluster, option, "unknown-endpoint", "ip")?;
        let moving = Moving::<A>::new(cluster, 107).await?;
        let stats = reads::<A>(&moving.client, &moving.key, 100).await?;
        assert_eq!(stats.ask_followed, 100, "each ASK was followed");
        let redirect = cluster.connection(moving.spot.from)?.call(&["GET", &moving.key])?;
        let host = format!("ASK 107 :{}", cluster.node(moving.spot.to).port);
        assert_eq!(redirect.error(), Some(host.as_str()), "it has no host");
        moving.spot.close(cluster)?;
        let stats = reads::<A>(&moving.client, &moving.key, 100).await?;
        assert!(stats.moved_followed > 0, "MOVED was followed: {stats:?}");
        assert_eq!(stats.redirections_refused, 0);
        drop(setting);
        Ok(())
    })
}

async fn reads<A: Adapter>(client: &A::Client, key: &str, count: usize) -> Result<Stats, Failure> {
    let mut tasks = Tasks::new();
    for _ in 0..4 {
        spawn_reads::<A>(&mut tasks, client, key, "here", count / 4);
    }
    join(tasks).await?;
    Ok(client.stats().await?)
}

on_every_adapter! {
    asks_are_followed_one_by_one,
    asks_are_followed_by_many_at_once,
    asks_are_followed_beside_other_reads,
    a_pipeline_meets_an_open_slot,
    a_pipeline_on_an_open_slot_runs_once,
    a_thousand_reads_meet_a_moved_slot,
    a_redirection_without_a_host_is_followed,
}
