//! What the demo needs of each adapter: a client, and something that runs its callers.

use std::future::Future;

use hashslot::config::AddressMap;
use hashslot::runtimes::{Client, Runtime};
use hashslot::topology::Topology;
use hashslot::{Address, Commands, Config, Error, Stats, async_std, blocking, smol, tokio};

use crate::Failure;

/// A client, as the demo uses it.
pub(crate) trait Talk: Clone + Send + Sync + 'static {
    fn set(&self, key: &str, value: u64) -> impl Future<Output = Result<(), Error>> + Send;
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<u64>, Error>> + Send;
    fn incr(&self, key: &str) -> impl Future<Output = Result<i64, Error>> + Send;
    fn del(&self, key: &str) -> impl Future<Output = Result<u64, Error>> + Send;
    fn topology(&self) -> impl Future<Output = Result<Topology, Error>> + Send;
    fn stats(&self) -> impl Future<Output = Result<Stats, Error>> + Send;
    fn close(&self) -> impl Future<Output = ()> + Send;
}

impl<R: Runtime> Talk for Client<R> {
    async fn set(&self, key: &str, value: u64) -> Result<(), Error> {
        Commands::set(self, key, value).await
    }

    async fn get(&self, key: &str) -> Result<Option<u64>, Error> {
        Commands::get(self, key).await
    }

    async fn incr(&self, key: &str) -> Result<i64, Error> {
        Commands::incr(self, key).await
    }

    async fn del(&self, key: &str) -> Result<u64, Error> {
        Commands::del(self, key).await
    }

    async fn topology(&self) -> Result<Topology, Error> {
        Self::topology(self).await
    }

    async fn stats(&self) -> Result<Stats, Error> {
        Self::stats(self).await
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

/// It blocks the thread that polls it: each caller has a thread of its own.
impl Talk for blocking::Client {
    async fn set(&self, key: &str, value: u64) -> Result<(), Error> {
        Commands::set(self, key, value)
    }

    async fn get(&self, key: &str) -> Result<Option<u64>, Error> {
        Commands::get(self, key)
    }

    async fn incr(&self, key: &str) -> Result<i64, Error> {
        Commands::incr(self, key)
    }

    async fn del(&self, key: &str) -> Result<u64, Error> {
        Commands::del(self, key)
    }

    async fn topology(&self) -> Result<Topology, Error> {
        Self::topology(self)
    }

    async fn stats(&self) -> Result<Stats, Error> {
        Self::stats(self)
    }

    async fn close(&self) {
        Self::close(self);
    }
}

/// A runtime, as the demo uses it.
pub(crate) trait Adapter {
    type Client: Talk;

    fn connect(&self, seeds: Vec<Address>, map: AddressMap) -> Result<Self::Client, Failure>;

    /// Runs a caller beside the others.
    fn spawn(&self, caller: impl Future<Output = ()> + Send + 'static);

    /// Waits for it on this thread.
    fn wait<V>(&self, future: impl Future<Output = V>) -> V {
        ::smol::block_on(future)
    }
}

/// Takes over what leads to the cluster.
macro_rules! build {
    ($builder:expr, $seeds:expr, $map:expr) => {{
        let builder = $seeds.into_iter().fold($builder, |builder, seed| builder.seed(seed));
        builder.configure(|config: &mut Config| config.address_map = $map).connect()
    }};
}

pub(crate) struct Tokio(::tokio::runtime::Runtime);

impl Tokio {
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self(::tokio::runtime::Runtime::new()?))
    }
}

impl Adapter for Tokio {
    type Client = tokio::Client;

    fn connect(&self, seeds: Vec<Address>, map: AddressMap) -> Result<Self::Client, Failure> {
        Ok(self.0.block_on(build!(tokio::Client::builder(), seeds, map))?)
    }

    fn spawn(&self, caller: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(caller);
    }
}

pub(crate) struct Smol;

impl Adapter for Smol {
    type Client = smol::Client;

    fn connect(&self, seeds: Vec<Address>, map: AddressMap) -> Result<Self::Client, Failure> {
        Ok(::smol::block_on(build!(smol::Client::builder(), seeds, map))?)
    }

    fn spawn(&self, caller: impl Future<Output = ()> + Send + 'static) {
        ::smol::spawn(caller).detach();
    }
}

pub(crate) struct AsyncStd;

impl Adapter for AsyncStd {
    type Client = async_std::Client;

    fn connect(&self, seeds: Vec<Address>, map: AddressMap) -> Result<Self::Client, Failure> {
        Ok(::async_std::task::block_on(build!(async_std::Client::builder(), seeds, map))?)
    }

    fn spawn(&self, caller: impl Future<Output = ()> + Send + 'static) {
        ::async_std::task::spawn(caller);
    }
}

pub(crate) struct Blocking;

impl Adapter for Blocking {
    type Client = blocking::Client;

    fn connect(&self, seeds: Vec<Address>, map: AddressMap) -> Result<Self::Client, Failure> {
        Ok(build!(blocking::Client::builder(), seeds, map)?)
    }

    fn spawn(&self, caller: impl Future<Output = ()> + Send + 'static) {
        std::thread::spawn(|| ::smol::block_on(caller));
    }
}
