//! The cluster, and how its nodes tell where they are.

use std::net::Ipv6Addr;

use clap::ValueEnum;
use hashslot::Address;
use hashslot::config::AddressMap;

use crate::Failure;
use crate::servers;
use crate::servers::cluster::{Cluster, Options};
use crate::servers::proxy::Proxy;

/// How nodes tell where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Announce {
    /// By their IP address, as they do by default.
    Ip,
    /// By an address that leads nowhere for clients: each node stands behind a proxy.
    Mapped,
    /// By the port only: clients know the rest.
    Unknown,
    /// By a host name.
    #[value(name = "hostname")]
    HostName,
    /// By an IPv6 address.
    Ipv6,
}

/// A cluster, and what leads to it.
pub(crate) struct Stage {
    pub(crate) cluster: Option<Cluster>,
    pub(crate) seeds: Vec<Address>,
    pub(crate) map: AddressMap,
    /// They must live as long as the cluster.
    _proxies: Vec<Proxy>,
}

/// Real servers on loopback, if no others are named.
pub(crate) fn set(nodes: &[Address], announce: Announce) -> Result<Stage, Failure> {
    if !nodes.is_empty() {
        return Ok(Stage {
            cluster: None,
            seeds: nodes.to_vec(),
            map: AddressMap::default(),
            _proxies: Vec::new(),
        });
    }
    let server = servers::find_any().ok_or("no server: run scripts/servers")?;
    println!("  starting three primaries and three replicas of {}", server.display());
    let mut options = Options::new(server);
    let prefer = |kind: &str| ["--cluster-preferred-endpoint-type", kind].map(String::from);
    match announce {
        Announce::Ip | Announce::Mapped => {}
        Announce::Unknown => options.args.extend(prefer("unknown-endpoint")),
        Announce::HostName => {
            options.args.extend(prefer("hostname"));
            options.args.extend(["--cluster-announce-hostname", "localhost"].map(String::from));
        }
        Announce::Ipv6 => options.host = Ipv6Addr::LOCALHOST.into(),
    }
    let cluster = Cluster::start(options)?;
    let (mut seeds, mut map, mut proxies) = (Vec::new(), AddressMap::default(), Vec::new());
    for node in cluster.nodes() {
        let address: Address = node.address.parse()?;
        if announce == Announce::Mapped {
            let proxy = Proxy::start(node.address.parse()?)?;
            let mapped: Address = proxy.address().parse()?;
            map = map.node(address, mapped.clone());
            seeds.push(mapped);
            proxies.push(proxy);
        } else {
            seeds.push(address);
        }
    }
    Ok(Stage { cluster: Some(cluster), seeds, map, _proxies: proxies })
}
