//! Networks that split, delay and cut, between a client and a real cluster.

use std::time::Duration;

use hashslot::config::AddressMap;
use hashslot::{Command, Event};

use super::adapter::{Adapter, Client, Events, on_every_adapter};
use super::load::Load;
use super::tasks::spawn;
use super::{Done, Failure, Spot, address_of, connect_to, held_by, on_usual};
use crate::servers::cluster::Cluster;
use crate::servers::proxy::{Direction, Flow, Proxy};
use crate::servers::slots::{key_in_slot, share};
use crate::support::is_lost;

/// A proxy in front of every node, and a client that knows the nodes by their proxies.
struct Network<A: Adapter> {
    proxies: Vec<Proxy>,
    client: A::Client,
}

impl<A: Adapter> Network<A> {
    async fn new(cluster: &Cluster) -> Result<Self, Failure> {
        Self::with_flow(cluster, Flow::default()).await
    }

    async fn with_flow(cluster: &Cluster, flow: Flow) -> Result<Self, Failure> {
        let mut proxies = Vec::new();
        let mut map = AddressMap::default();
        for (index, node) in cluster.nodes().iter().enumerate() {
            let proxy = Proxy::start(node.address.parse()?)?;
            proxy.set_both(flow);
            map = map.node(address_of(cluster, index), proxy.address().parse()?);
            proxies.push(proxy);
        }
        let seeds: Vec<_> = proxies.iter().map(Proxy::address).collect();
        let client = connect_to::<A>(&seeds, |config| config.address_map = map).await?;
        Ok(Self { proxies, client })
    }
}

/// F-09 and M-8: bytes come one by one, in both directions.
fn every_byte_comes_alone<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let flow = Flow { split: Some(1), ..Flow::default() };
        let network = Network::<A>::with_flow(cluster, flow).await?;
        let load = Load::<A>::start(&network.client, "bytes", 8);
        load.goes_on(600).await?;
        load.stop().await?.assert_flawless();
        // Each byte is sent so late that it is read alone.
        let delay = Duration::from_micros(50);
        network.proxies.iter().for_each(|proxy| proxy.set_both(Flow { delay, ..flow }));
        let load = Load::<A>::start(&network.client, "late bytes", 8);
        load.goes_on(120).await?;
        load.stop().await?.assert_flawless();
        Ok(())
    })
}

fn a_slow_network_loses_nothing<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let flow = Flow { split: Some(61), delay: Duration::from_millis(1), ..Flow::default() };
        let network = Network::<A>::with_flow(cluster, flow).await?;
        let load = Load::<A>::start(&network.client, "slow", 16);
        load.goes_on(300).await?;
        load.stop().await?.assert_flawless();
        // A call to a node whose network is well is not held up.
        let primary = cluster.primary_of(share(0, 3).0)?;
        network.proxies[primary].set_both(Flow { stall: true, ..Flow::default() });
        let (slow, fast) = (share(0, 3).0, share(1, 3).1);
        let (slow, fast) = (key_in_slot(slow, "stalled"), key_in_slot(fast, "well"));
        let waiting = spawn::<A, _>({
            let (client, key) = (network.client.clone(), slow.clone());
            async move { client.set(&key, "late").await }
        });
        for number in 0..100 {
            network.client.set(&fast, number).await?;
        }
        assert!(!waiting.has_ended());
        network.proxies[primary].set_both(Flow::default());
        waiting.await??;
        assert_eq!(network.client.get::<String>(&slow).await?, "late");
        Ok(())
    })
}

/// F-02 and F-03 at every byte of the replies, and at many of the commands.
fn a_connection_is_cut_at_every_byte<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let network = Network::<A>::new(cluster).await?;
        let (client, slot) = (&network.client, share(2, 3).0 + 5);
        let node = cluster.primary_of(slot)?;
        let key = |name| format!("{{{}}}{name}", key_in_slot(slot, "cut"));
        let (counter, value, written) = (key("counter"), key("value"), key("written"));
        client.set(&value, "0123456789").await?;
        let (mut answered, mut unknown) = (0, 0);
        let cuts = (0..45).map(|len| (Direction::ToClient, len));
        let cuts = cuts.chain((0..240).step_by(7).map(|len| (Direction::ToServer, len)));
        for (direction, len) in cuts {
            // The link is set up, and at rest.
            assert_eq!(client.get::<String>(&value).await?, "0123456789");
            let flow = Flow { cut_after: Some(len), ..Flow::default() };
            network.proxies[node].set(direction, flow);
            let commands = [
                Command::incr(&counter),
                Command::get(&value),
                Command::set(&written, len),
                Command::incr(&counter),
                Command::get(&counter),
            ];
            let ended = client.pipeline(commands).await?;
            network.proxies[node].set(direction, Flow::default());
            for (index, ended) in ended.iter().enumerate() {
                match (index, ended) {
                    (0 | 3, Ok(_)) => answered += 1,
                    (0 | 3, Err(error)) if is_lost(error) => unknown += 1,
                    (1, Ok(frame)) => {
                        assert_eq!(frame.value().as_bytes(), Some(&b"0123456789"[..]));
                    }
                    (2, Ok(frame)) => assert_eq!(frame.value().as_bytes(), Some(&b"OK"[..])),
                    (2, Err(error)) if is_lost(error) => {}
                    (4, Ok(frame)) => {
                        let found = frame.value().as_integer();
                        assert!(found.is_none_or(|n| (answered..=answered + unknown).contains(&n)));
                    }
                    _ => panic!("command {index}, {direction:?} cut after {len}: {ended:?}"),
                }
            }
        }
        assert!(answered > 0 && unknown > 0, "{answered} answered, {unknown} unknown");
        let held = held_by(cluster, node, &counter)?.ok_or("no counter")?.parse::<i64>()?;
        assert!((answered..=answered + unknown).contains(&held), "{answered}, {unknown}, {held}");
        Ok(())
    })
}

/// F-01 and F-02: every connection is cut again and again, and sometimes none can be made.
fn a_network_that_breaks_loses_no_call<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let network = Network::<A>::new(cluster).await?;
        let load = Load::<A>::start(&network.client, "breaks", 16);
        for round in 0..10 {
            load.goes_on(60).await?;
            network.proxies.iter().for_each(|proxy| proxy.refuse(round % 2 == 0));
            network.proxies.iter().for_each(Proxy::cut);
            A::sleep(Duration::from_millis(50)).await;
            network.proxies.iter().for_each(|proxy| proxy.refuse(false));
        }
        let tally = load.stop().await?;
        tally.assert_right();
        assert!(tally.not_executed.is_empty(), "{:?}", tally.not_executed);
        Ok(())
    })
}

/// F-13: a connection that is closed while no call waits is no caller's error.
fn an_idle_connection_that_closes_is_no_error<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let network = Network::<A>::new(cluster).await?;
        let slot = share(1, 3).0 + 6;
        let key = key_in_slot(slot, "idle");
        let owner = network.proxies[cluster.primary_of(slot)?].address().parse()?;
        for number in 1..=20 {
            assert_eq!(network.client.incr(&key).await?, number);
            let mut events = network.client.events();
            network.proxies.iter().for_each(Proxy::cut);
            // The client sees it, of this connection and not only of another one.
            let is_seen =
                |event: &Event| matches!(event, Event::LinkLost { node, .. } if *node == owner);
            while !is_seen(&events.next().await.ok_or("closed")?) {}
        }
        Ok(())
    })
}

/// The map of addresses is used for topologies and for redirections: no node is dialled directly.
fn nobody_is_dialled_but_through_the_map<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let network = Network::<A>::new(cluster).await?;
        let spot = Spot::new(cluster, 301)?;
        let key = spot.key("moving");
        network.client.set(&key, "here").await?;
        spot.open(cluster)?;
        spot.move_key(cluster, &key)?;
        assert_eq!(network.client.get::<String>(&key).await?, "here");
        spot.close(cluster)?;
        assert_eq!(network.client.get::<String>(&key).await?, "here");
        let stats = network.client.stats().await?;
        assert!(stats.ask_followed >= 1 && stats.moved_followed >= 1, "{stats:?}");
        let accepted: usize = network.proxies.iter().map(Proxy::connection_count).sum();
        assert_eq!(u64::try_from(accepted)?, stats.links_dialled, "each dial came to a proxy");
        Ok(())
    })
}

on_every_adapter! {
    every_byte_comes_alone,
    a_slow_network_loses_nothing,
    a_connection_is_cut_at_every_byte,
    a_network_that_breaks_loses_no_call,
    an_idle_connection_that_closes_is_no_error,
    nobody_is_dialled_but_through_the_map,
}
