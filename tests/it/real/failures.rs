//! Nodes that fail over, die, freeze and come back, under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hashslot::{Call, Command, Error};

use super::adapter::{Adapter, Client, on_every_adapter};
use super::load::Load;
use super::tasks::{Tasks, spawn};
use super::{
    CHANGE_LIMIT, Done, Failure, Held, Spot, address_of, brittle, connect, connect_to, mortal,
    on_each, one, rested_pair, run, until,
};
use crate::servers::NAMES;
use crate::servers::cluster::Cluster;
use crate::servers::slots::{key_in_slot, share};
use crate::support::is_lost;

/// F-22, as operators do it: no caller sees an error.
fn a_failover_is_not_noticed<A: Adapter>() -> Done {
    on_each::<A>("failover", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let load = Load::<A>::start(&client, "failover", 24);
        load.goes_on(500).await?;
        let (one, other) = rested_pair(cluster)?;
        for (old, new) in [(one, other), (other, one)] {
            cluster.failover(new)?;
            cluster.wait_ok(CHANGE_LIMIT)?;
            load.goes_on(500).await?;
            let primary = address_of(cluster, new);
            let known = until::<A>("the client knows the new primary", async || {
                let topology = client.topology().await?;
                let mut primaries = topology.shards().iter().filter_map(|shard| shard.primary());
                Ok(primaries.any(|node| *node.address() == primary))
            });
            if let Err(late) = known.await {
                let nodes = cluster.call(new, &["CLUSTER", "NODES"])?.text();
                let (topology, stats) = (client.topology().await?, client.stats().await?);
                return Err(
                    format!("{late}: {primary} of {topology:?}, {nodes:?}; {stats:?}").into()
                );
            }
            assert!(!cluster.is_primary(old)?);
        }
        load.stop().await?.assert_flawless();
        Ok(())
    })
}

/// F-22 and F-49: every call is answered, nothing runs twice, and what was acknowledged is there.
fn a_killed_primary_is_followed<A: Adapter>() -> Done {
    let Some(cluster) = mortal()? else { return Ok(()) };
    run::<A>(async {
        let client = connect::<A>(&cluster).await?;
        let load = Load::<A>::start(&client, "kill", 24);
        load.goes_on(500).await?;
        // Another test may have left the roles the other way round.
        let primary = if cluster.is_primary(1)? { 1 } else { 4 };
        cluster.kill(primary)?;
        cluster.wait_ok(CHANGE_LIMIT)?;
        load.goes_on(500).await?;
        // It comes back on its port, as a replica of its heir.
        cluster.restart(primary)?;
        cluster.wait_ok(CHANGE_LIMIT)?;
        load.goes_on(500).await?;
        // And takes over again.
        cluster.failover(primary)?;
        cluster.wait_ok(CHANGE_LIMIT)?;
        load.goes_on(500).await?;
        let tally = load.stop().await?;
        tally.assert_right();
        assert!(tally.not_executed.is_empty(), "{:?}", tally.not_executed);
        // At most what was on its way when the connection broke.
        assert!(tally.unknown.len() <= 24, "{:?}", tally.unknown);
        Ok(())
    })
}

/// F-14: servers close connections, of clients too slow, too many or too idle.
fn closed_connections_are_made_again<A: Adapter>() -> Done {
    on_each::<A>("CLIENT KILL", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let load = Load::<A>::start(&client, "closed", 16);
        let keys: Vec<_> = (0..3).map(|part| key_in_slot(share(part, 3).0, "closed")).collect();
        for key in &keys {
            client.set(key, key).await?;
        }
        for _ in 0..5 {
            load.goes_on(100).await?;
            for node in cluster.primaries()? {
                cluster.call(node, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"])?;
                for key in &keys {
                    assert_eq!(client.get::<String>(key).await?, *key, "reads are sent again");
                }
            }
        }
        let tally = load.stop().await?;
        tally.assert_right();
        assert!(tally.not_executed.is_empty(), "{:?}", tally.not_executed);
        assert!(client.stats().await?.links_lost >= 15, "{:?}", client.stats().await?);
        Ok(())
    })
}

/// A client of a cluster with a node that is frozen.
struct Frozen<A: Adapter> {
    cluster: Held,
    client: A::Client,
    node: usize,
    keys: Vec<String>,
    /// Calls to the frozen node that have ended.
    ended: Arc<AtomicUsize>,
    calls: Tasks<Result<hashslot::Reply, Error>>,
}

impl<A: Adapter> Frozen<A> {
    /// Freezes a node, and has callers wait for it.
    async fn new(cluster: Held) -> Result<Self, Failure> {
        let client = connect::<A>(&cluster).await?;
        let first = share(0, 3).0;
        let keys: Vec<_> = (0..20).map(|slot| key_in_slot(first + slot, "frozen")).collect();
        for key in &keys {
            client.set(key, key).await?;
        }
        let node = cluster.primary_of(first)?;
        let (ended, calls) = (Arc::default(), Tasks::new());
        cluster.freeze(node)?;
        Ok(Self { cluster, client, node, keys, ended, calls })
    }

    /// A slot of one of the other nodes, which may move to the third.
    fn spot(&self) -> Result<Spot, Failure> {
        let others: Vec<_> = self.cluster.running();
        let slot = share(1, 3).0 + 40;
        let from = self.cluster.primary_seen_by(others[0], slot)?;
        let to = others.into_iter().find(|node| *node != from).ok_or("no third node")?;
        Ok(Spot::between(slot, from, to))
    }

    fn call_all(&mut self, timeout: Duration) {
        for key in &self.keys {
            let call = Call::new(Command::get(key)).timeout(timeout);
            let (client, ended) = (self.client.clone(), Arc::clone(&self.ended));
            self.calls.spawn::<A>(async move {
                let outcome = client.call(call).await;
                ended.fetch_add(1, Ordering::Relaxed);
                outcome
            });
        }
    }
}

impl<A: Adapter> Drop for Frozen<A> {
    fn drop(&mut self) {
        // The cluster is shared: it must not stay frozen because a test has failed.
        self.cluster.thaw(self.node).ok();
    }
}

/// P7, F-06 and F-11.
fn a_frozen_node_holds_up_nobody_else<A: Adapter>() -> Done {
    let Some(cluster) = brittle()? else { return Ok(()) };
    run::<A>(async {
        let mut frozen = Frozen::<A>::new(cluster).await?;
        let client = frozen.client.clone();
        frozen.call_all(Duration::from_secs(5));
        until::<A>("all are on their way", async || {
            let stats = client.stats().await?;
            Ok(stats.calls_submitted - stats.calls_completed >= 20)
        })
        .await?;
        let spot = frozen.spot()?;
        let moving = spot.key("moving");
        client.set(&moving, "here").await?;
        let other = key_in_slot(share(2, 3).1, "other");
        client.set(&other, "there").await?;
        read_both(&client, &other, &moving).await?;
        spot.open(&frozen.cluster)?;
        spot.move_key(&frozen.cluster, &moving)?;
        read_both(&client, &other, &moving).await?;
        spot.close(&frozen.cluster)?;
        read_both(&client, &other, &moving).await?;
        let stats = client.stats().await?;
        assert!(stats.ask_followed >= 100 && stats.moved_followed >= 1, "{stats:?}");
        assert_eq!(frozen.ended.load(Ordering::Relaxed), 0, "all of it while the others wait");

        let address = address_of(&frozen.cluster, frozen.node);
        while let Some(ended) = frozen.calls.join_next().await {
            let error = ended?.expect_err("the node is frozen");
            assert!(error.is_timeout() && error.may_have_executed(), "{error}");
            assert_eq!(error.node(), Some(&address));
        }
        // New calls wait behind the old ones on the link. They get their own replies; the late
        // replies reach no caller.
        frozen.call_all(CHANGE_LIMIT);
        frozen.cluster.thaw(frozen.node)?;
        let mut found = Vec::new();
        while let Some(ended) = frozen.calls.join_next().await {
            found.push(one::<String>(ended??)?);
        }
        found.sort();
        let mut keys = frozen.keys.clone();
        keys.sort();
        assert_eq!(found, keys);
        for key in &frozen.keys {
            assert_eq!(client.get::<String>(key).await?, *key);
        }
        let stats = client.stats().await?;
        assert_eq!(stats.timeouts_sent, 20, "{stats:?}");
        assert_eq!((stats.late_replies, stats.links_lost), (20, 0), "{stats:?}");
        Ok(())
    })
}

async fn read_both(client: &impl Client, other: &str, moving: &str) -> Done {
    for _ in 0..100 {
        assert_eq!(client.get::<String>(other).await?, "there");
        assert_eq!(client.get::<String>(moving).await?, "here");
    }
    Ok(())
}

/// F-04: no caller waits for ever for a node that accepts and is silent, and no caller that comes
/// later pays for it.
fn a_stalled_link_is_given_up<A: Adapter>() -> Done {
    let Some(cluster) = brittle()? else { return Ok(()) };
    run::<A>(async {
        let frozen = Frozen::<A>::new(cluster).await?;
        let stall = |config: &mut hashslot::Config| {
            config.stall_timeout = Duration::from_millis(300);
            config.connect_timeout = Duration::from_millis(300);
            config.call_timeout = CHANGE_LIMIT;
        };
        frozen.cluster.thaw(frozen.node)?;
        let client = super::connect_with::<A>(&frozen.cluster, stall).await?;
        let (counter, read) = (&frozen.keys[0], &frozen.keys[1]);
        client.set(counter, 1).await?;
        frozen.cluster.freeze(frozen.node)?;
        let reading = spawn::<A, _>({
            let (client, read) = (client.clone(), read.clone());
            async move { client.get::<String>(&read).await }
        });
        let error = client.incr(counter).await.expect_err("the node is frozen");
        assert!(is_lost(&error), "{error}");
        assert!(!reading.has_ended(), "a read is sent again");
        frozen.cluster.thaw(frozen.node)?;
        assert_eq!(reading.await??, *read);
        // The one before ran when the node went on, or its connection was closed before.
        let count = client.incr(counter).await?;
        assert!((2..=3).contains(&count), "{count}");
        assert!(client.stats().await?.links_stalled >= 1);
        Ok(())
    })
}

/// A client finds the cluster though the node that it asks first is frozen.
fn a_frozen_seed_delays_but_does_not_stop<A: Adapter>() -> Done {
    let Some(cluster) = brittle()? else { return Ok(()) };
    run::<A>(async {
        let frozen = Frozen::<A>::new(cluster).await?;
        let key = key_in_slot(share(1, 3).0 + 1, "seed");
        for _ in 0..4 {
            let client = connect_to::<A>(&frozen.cluster.addresses(), |_| {}).await?;
            client.set(&key, "value").await?;
            client.close().await;
        }
        Ok(())
    })
}

/// A node that comes back on its port, empty and with its slots: calls wait for it.
fn a_restarted_node_is_found_again<A: Adapter>() -> Done {
    let Some(cluster) = brittle()? else { return Ok(()) };
    run::<A>(async {
        let client = connect::<A>(&cluster).await?;
        let slots = [0, 1, 2].map(|part| share(part, 3).0 + 30);
        let keys = slots.map(|slot| key_in_slot(slot, "restart"));
        for key in &keys {
            client.set(key, "before").await?;
        }
        let dead = cluster.primary_of(slots[0])?;
        cluster.kill(dead)?;
        let waiting: Vec<_> = (0..50)
            .map(|_| {
                let (client, key) = (client.clone(), keys[0].clone());
                spawn::<A, _>(async move { client.get::<Option<String>>(&key).await })
            })
            .collect();
        for key in &keys[1..] {
            for _ in 0..100 {
                assert_eq!(client.get::<String>(key).await?, "before");
            }
        }
        cluster.restart(dead)?;
        for found in waiting {
            assert_eq!(found.await??, None, "its data are gone");
        }
        client.set(&keys[0], "after").await?;
        assert_eq!(client.get::<String>(&keys[0]).await?, "after");
        wait_whole(&cluster)
    })
}

fn wait_whole(cluster: &Cluster) -> Done {
    Ok(cluster.wait_ok(CHANGE_LIMIT)?)
}

/// A caller's own deadline is kept, whatever those of the others are.
fn each_call_has_its_own_deadline<A: Adapter>() -> Done {
    let Some(cluster) = brittle()? else { return Ok(()) };
    run::<A>(async {
        let frozen = Frozen::<A>::new(cluster).await?;
        let key = &frozen.keys[0];
        let get = |timeout| {
            let call = Call::new(Command::get(key)).timeout(timeout);
            let client = frozen.client.clone();
            spawn::<A, _>(async move { client.call(call).await })
        };
        let late = get(CHANGE_LIMIT);
        let early = get(Duration::from_millis(100)).await?;
        assert!(early.as_ref().is_err_and(Error::is_timeout), "{early:?}");
        assert!(!late.has_ended());
        frozen.cluster.thaw(frozen.node)?;
        assert_eq!(one::<String>(late.await??)?, *key);
        Ok(())
    })
}

on_every_adapter! {
    a_failover_is_not_noticed,
    a_killed_primary_is_followed,
    closed_connections_are_made_again,
    a_frozen_node_holds_up_nobody_else,
    a_stalled_link_is_given_up,
    a_frozen_seed_delays_but_does_not_stop,
    a_restarted_node_is_found_again,
    each_call_has_its_own_deadline,
}
