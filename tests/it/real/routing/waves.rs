//! How often bytes travel: a command over many slots costs each node one write and one read.

use std::net::SocketAddr;

use hashslot::Command;
use hashslot::config::AddressMap;

use crate::real::adapter::{Adapter, Client, on_every_adapter};
use crate::real::{Done, address_of, connect_to, on_usual};
use crate::servers::proxy::{Direction, Proxy};
use crate::servers::raw::encode;
use crate::servers::slots::slot_of;

fn a_hundred_keys_are_one_wave_a_node<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let primaries = cluster.primaries()?;
        let mut proxies = Vec::new();
        let mut map = AddressMap::default();
        for node in &primaries {
            let server = SocketAddr::from(([127, 0, 0, 1], cluster.node(*node).port));
            let proxy = Proxy::start(server)?;
            map = map.node(address_of(cluster, *node), proxy.address().parse()?);
            proxies.push(proxy);
        }
        let seeds: Vec<_> = proxies.iter().map(Proxy::address).collect();
        let client = connect_to::<A>(&seeds, |config| config.address_map = map).await?;
        let keys: Vec<_> = (0..100).map(|number| format!("wave:{number}")).collect();
        let ended = client.pipeline(keys.iter().map(|key| Command::set(key, key))).await?;
        assert!(ended.iter().all(Result::is_ok));
        let waves = |direction| -> Vec<usize> {
            proxies.iter().map(|proxy| proxy.piece_count(direction)).collect()
        };
        let before = [waves(Direction::ToServer), waves(Direction::ToClient)];
        for _ in 0..20 {
            let values: Vec<String> = client.command(Command::new("MGET").args(&keys)).await?;
            assert_eq!(values, keys);
        }
        let after = [waves(Direction::ToServer), waves(Direction::ToClient)];
        for (before, after) in before.iter().zip(&after) {
            let of_node = before.iter().zip(after).map(|(before, after)| after - before);
            assert_eq!(of_node.collect::<Vec<_>>(), [20; 3], "one for each MGET");
        }
        // More than one slot at each node: it is not one command a node that makes this so.
        let mut slots: Vec<_> = keys.iter().map(slot_of).collect();
        slots.sort_unstable();
        slots.dedup();
        assert!(slots.len() > 90 && encode(&keys).len() < 64 * 1024);
        Ok(())
    })
}

on_every_adapter! {
    a_hundred_keys_are_one_wave_a_node,
}
