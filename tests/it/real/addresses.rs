//! However nodes tell where they are, they are found: by name, by port alone, over IPv6, behind a
//! map, and again when all of them have gone elsewhere.

use std::net::Ipv6Addr;
use std::sync::Mutex;
use std::time::Duration;

use hashslot::config::AddressMap;
use hashslot::{Address, Command};

use super::adapter::{Adapter, Client, on_every_adapter};
use super::{Done, Failure, Held, Place, USUAL, connect_to, connect_with, hold, run};
use crate::servers::cluster::{Cluster, Options};
use crate::servers::proxy::Proxy;
use crate::servers::slots::key_in_slot;

/// A cluster of three primaries, the same for all tests that ask for it at this place.
fn start(
    place: &'static [Place; 1],
    change: impl FnOnce(&mut Options),
) -> Result<Option<Held>, Failure> {
    let options = |server| {
        let mut options = Options { replicas: 0, ..Options::new(server) };
        change(&mut options);
        options
    };
    Ok(hold(place, USUAL, options)?)
}

fn prefer(kind: &str) -> impl FnOnce(&mut Options) {
    let kind = kind.to_owned();
    move |options| {
        options.args.extend(["--cluster-preferred-endpoint-type".to_owned(), kind]);
        options.args.extend(["--cluster-announce-hostname", "localhost"].map(String::from));
    }
}

/// Every part of the cluster answers, also through a redirection from the node that a slot has
/// left.
async fn all_answer<C: Client>(client: &C, cluster: &Cluster) -> Done {
    for slot in (7..16_384).step_by(1_000) {
        let key = key_in_slot(slot, "found");
        client.set(&key, slot).await?;
        assert_eq!(client.get::<u16>(&key).await?, slot);
    }
    let (slot, from) = (7, cluster.primary_of(7)?);
    let to = cluster.primaries()?.into_iter().find(|node| *node != from).ok_or("one primary")?;
    cluster.migrate_slot(slot, from, to)?;
    assert_eq!(client.get::<u16>(&key_in_slot(slot, "found")).await?, slot);
    assert!(client.stats().await?.moved_followed > 0);
    Ok(())
}

fn f31_nodes_are_found_by_name<A: Adapter>() -> Done {
    static PLACE: [Place; 1] = [Mutex::new(None)];
    let Some(cluster) = start(&PLACE, prefer("hostname"))? else { return Ok(()) };
    run::<A>(async {
        let client = connect_with::<A>(&cluster, |_| {}).await?;
        all_answer(&client, &cluster).await?;
        let topology = client.topology().await?;
        assert!(topology.nodes().all(|node| node.address().host() == "localhost"));
        Ok(())
    })
}

fn nodes_are_found_by_their_port_alone<A: Adapter>() -> Done {
    static PLACE: [Place; 1] = [Mutex::new(None)];
    let Some(cluster) = start(&PLACE, prefer("unknown-endpoint"))? else { return Ok(()) };
    run::<A>(async {
        let client = connect_with::<A>(&cluster, |_| {}).await?;
        all_answer(&client, &cluster).await
    })
}

fn f30_nodes_are_found_over_ipv6<A: Adapter>() -> Done {
    static PLACE: [Place; 1] = [Mutex::new(None)];
    let host = Ipv6Addr::LOCALHOST.into();
    let Some(cluster) = start(&PLACE, |options| options.host = host)? else { return Ok(()) };
    run::<A>(async {
        let client = connect_with::<A>(&cluster, |_| {}).await?;
        all_answer(&client, &cluster).await
    })
}

fn f33_nodes_are_found_behind_a_map<A: Adapter>() -> Done {
    static PLACE: [Place; 1] = [Mutex::new(None)];
    let Some(cluster) = start(&PLACE, |_| {})? else { return Ok(()) };
    let (mut proxies, mut map) = (Vec::new(), AddressMap::default());
    for node in cluster.nodes() {
        let proxy = Proxy::start(node.address.parse()?)?;
        map = map.node(node.address.parse()?, proxy.address().parse()?);
        proxies.push(proxy);
    }
    let seeds: Vec<_> = proxies.iter().map(Proxy::address).collect();
    run::<A>(async {
        let client = connect_to::<A>(&seeds, |config| config.address_map = map).await?;
        all_answer(&client, &cluster).await?;
        for (index, proxy) in proxies.iter().enumerate() {
            assert!(proxy.connection_count() > 0);
            let clients = cluster.call(index, &["CLIENT", "LIST"])?.text().unwrap_or_default();
            let ours = clients.lines().filter(|line| line.contains("lib-name=hashslot")).count();
            assert!(ours <= proxy.connection_count(), "some went past the map: {clients}");
        }
        Ok(())
    })
}

/// Nodes announce ports; a map leads to the sockets in their folders.
fn nodes_are_found_by_their_unix_sockets<A: Adapter>() -> Done {
    static PLACE: [Place; 1] = [Mutex::new(None)];
    let socket = ["--unixsocket", "server.sock"].map(String::from);
    let Some(cluster) = start(&PLACE, |options| options.args.extend(socket))? else {
        return Ok(());
    };
    let (mut map, mut seeds) = (AddressMap::default(), Vec::new());
    for node in cluster.nodes() {
        let path = node.folder().join("server.sock");
        let socket = Address::unix(path.to_str().ok_or("a path of text")?)?;
        seeds.push(socket.to_string());
        map = map.node(node.address.parse()?, socket);
    }
    run::<A>(async {
        let client = connect_to::<A>(&seeds, |config| config.address_map = map).await?;
        all_answer(&client, &cluster).await?;
        let clients = cluster.call(0, &["CLIENT", "LIST"])?.text().unwrap_or_default();
        assert!(clients.contains("server.sock:0"), "{clients}");
        Ok(())
    })
}

/// F-34: the seed is no node of the cluster, but leads to one; when all nodes have gone elsewhere
/// it leads to where they are.
fn f34_a_seed_is_asked_again_when_all_nodes_are_gone<A: Adapter>() -> Done {
    static PLACE: [Place; 1] = [Mutex::new(None)];
    let Some(mut cluster) = start(&PLACE, |_| {})? else { return Ok(()) };
    let first = cluster.nodes().first().ok_or("no node")?;
    let proxy = Proxy::start(first.address.parse()?)?;
    run::<A>(async {
        let client = connect_to::<A>(&[proxy.address()], |config| {
            config.connect_timeout = Duration::from_millis(500);
        })
        .await?;
        client.set("stays", "no").await?;
        for index in 0..cluster.nodes().len() {
            cluster.kill(index)?;
        }
        proxy.cut();
        for index in 0..cluster.nodes().len() {
            cluster.restart_elsewhere(index)?;
        }
        // Nodes that have all moved do not find each other, so the test introduces them.
        for one in 0..cluster.nodes().len() {
            for other in cluster.nodes() {
                let port = other.port.to_string();
                cluster.call(one, &["CLUSTER", "MEET", "127.0.0.1", &port])?;
            }
        }
        cluster.wait_ok(Duration::from_secs(30))?;
        let first = cluster.nodes().first().ok_or("no node")?;
        proxy.lead_to(first.address.parse()?);
        client.set("is back", "yes").await?;
        assert_eq!(client.command::<String>(Command::get("is back")).await?, "yes");
        all_answer(&client, &cluster).await
    })
}

on_every_adapter! {
    f31_nodes_are_found_by_name,
    nodes_are_found_by_their_port_alone,
    f30_nodes_are_found_over_ipv6,
    f33_nodes_are_found_behind_a_map,
    nodes_are_found_by_their_unix_sockets,
    f34_a_seed_is_asked_again_when_all_nodes_are_gone,
}
