//! A cluster and a client for one scenario.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use hashslot::Config;
use hashslot::config::AddressMap;
use hashslot::tokio::Client;

use crate::figures::Figures;
use crate::load::{Home, Load, homes};
use crate::oracle::{Book, Tally, audit};
use crate::servers::cluster::{Cluster, Options};
use crate::servers::proxy::Proxy;
use crate::servers::slots::{key_in_slot, share};

/// What ends a scenario.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long a change may take that is waited for: far more than it takes on a busy machine.
pub(crate) const CHANGE_LIMIT: Duration = Duration::from_secs(40);
/// By how much a time of the client may exceed the servers' own before the run fails. Machines are
/// noisy: the times themselves are printed.
pub(crate) const NOISE: Duration = Duration::from_secs(2);

/// What all scenarios have in common.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) server: PathBuf,
    /// How long a load goes on where nothing else says so.
    pub(crate) length: Duration,
}

impl Setup {
    /// Three primaries, three replicas, and a node timeout of one second.
    pub(crate) fn options(&self) -> Options {
        let node_timeout = Duration::from_secs(1);
        Options { node_timeout, ..Options::new(&self.server) }
    }
}

/// A cluster, the proxies in front of its nodes if there are any, and a client.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) client: Client,
    pub(crate) cluster: Cluster,
    pub(crate) proxies: Vec<Proxy>,
}

impl Stage {
    /// A cluster that the client talks to directly.
    pub(crate) async fn start(
        options: Options,
        change: impl FnOnce(&mut Config),
    ) -> Result<Self, Failure> {
        let cluster = Cluster::start(options)?;
        let client = connect(&cluster, change).await?;
        Ok(Self { client, cluster, proxies: Vec::new() })
    }

    /// A cluster with a proxy in front of each node, which is all that the client can see.
    pub(crate) async fn behind_proxies(
        options: Options,
        change: impl FnOnce(&mut Config),
    ) -> Result<Self, Failure> {
        let cluster = Cluster::start(options)?;
        let (mut proxies, mut map) = (Vec::new(), AddressMap::default());
        let mut builder = Client::builder().configure(change);
        for node in cluster.nodes() {
            let proxy = Proxy::start(node.address.parse()?)?;
            map = map.node(node.address.parse()?, proxy.address().parse()?);
            builder = builder.seed(proxy.address().parse()?);
            proxies.push(proxy);
        }
        let client = builder.configure(|config| config.address_map = map).connect().await?;
        Ok(Self { client, cluster, proxies })
    }

    /// The usual load, which has gone on for a while without harm.
    pub(crate) async fn load(&self, setup: &Setup) -> Result<Load, Failure> {
        self.load_at(setup, homes(), false).await
    }

    /// The same with homes of one's own; servers may lose what they acknowledged, or not.
    pub(crate) async fn load_at(
        &self,
        setup: &Setup,
        homes: Vec<Home>,
        may_lose: bool,
    ) -> Result<Load, Failure> {
        let load = Load::start(&self.client, homes, may_lose);
        load.goes_on(1000).await?;
        pass(setup.length / 4).await;
        Ok(load)
    }

    /// Stops the load, and compares what the servers hold with what the callers were told.
    pub(crate) async fn conclude(
        &self,
        load: Load,
        may_lose: bool,
        figures: &mut Figures,
    ) -> Result<Vec<Book>, Failure> {
        let mut books = load.stop().await?;
        self.cluster.wait_ok(CHANGE_LIMIT)?;
        audit(&self.cluster, &mut books)?;
        figures.take(total(&mut books), may_lose);
        Ok(books)
    }

    /// The current primary of a shard and its replica: the two nodes may have changed roles.
    pub(crate) fn roles(&self, shard: usize) -> io::Result<(usize, usize)> {
        let is_primary = self.cluster.is_primary(shard)?;
        Ok(if is_primary { (shard, shard + 3) } else { (shard + 3, shard) })
    }

    pub(crate) fn port(&self, node: usize) -> u16 {
        self.cluster.node(node).port
    }

    /// How often the nodes have answered with an error of this code.
    pub(crate) fn error_count(&self, code: &str) -> io::Result<u64> {
        let mut sum = 0;
        for node in self.cluster.running() {
            let info = self.cluster.info(node, "errorstats")?;
            let name = format!("errorstat_{code}:count=");
            let count = info.lines().find_map(|line| line.strip_prefix(&name)?.parse::<u64>().ok());
            sum += count.unwrap_or(0);
        }
        Ok(sum)
    }
}

/// A client that knows all nodes.
pub(crate) async fn connect(
    cluster: &Cluster,
    change: impl FnOnce(&mut Config),
) -> Result<Client, Failure> {
    let mut builder = Client::builder().configure(change);
    for address in cluster.addresses() {
        builder = builder.seed(address.parse()?);
    }
    Ok(builder.connect().await?)
}

/// What all tasks have written down, taken out of their books.
pub(crate) fn total(books: &mut [Book]) -> Tally {
    let mut all = Tally::default();
    for book in books {
        all.add(std::mem::take(&mut book.tally));
    }
    all
}

/// A key of a shard that no task has.
pub(crate) fn key_in_shard(shard: usize, name: &str) -> String {
    key_in_slot(share(shard, 3).0 + 7, name)
}

/// Lets time pass without holding up what else runs on this thread.
pub(crate) async fn pass(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// What a counter gains in a second, over some time.
pub(crate) fn per_second(count: u64, time: Duration) -> u64 {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
    count.saturating_mul(1000) / millis
}

/// Until when a load goes on.
pub(crate) fn until(length: Duration) -> impl Fn() -> bool {
    let deadline = Instant::now() + length;
    move || Instant::now() < deadline
}
