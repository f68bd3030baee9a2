//! The adapters whose clients are [`runtimes::Client`]: those for runtimes that poll.

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use hashslot::cmd::{Executor, TypedCommand};
use hashslot::plan::{ClusterHealth, Explanation};
use hashslot::runtimes::{self, ConnectError, Runtime};
use hashslot::topology::Topology;
use hashslot::{Call, Command, Credentials, Error, Event, Frame, Reply, Scan, Stats};

use super::adapter::{Adapter, Answer, Client, Events, Keys, Pending, Setup};

/// A runtime with the one thing that a [`Runtime`] cannot do.
pub(crate) trait Polled: Runtime + Default + Debug {
    const NAME: &'static str;

    fn block_on<V>(future: impl Future<Output = V>) -> V;
}

/// On two worker threads and this one.
#[cfg(feature = "tokio")]
impl Polled for hashslot::tokio::Tokio {
    const NAME: &'static str = "tokio";

    fn block_on<V>(future: impl Future<Output = V>) -> V {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().expect("there are threads");
        let output = runtime.block_on(future);
        // Whatever still runs is not waited for: it may be what hangs.
        runtime.shutdown_background();
        output
    }
}

#[cfg(feature = "smol")]
impl Polled for hashslot::smol::Smol {
    const NAME: &'static str = "smol";

    fn block_on<V>(future: impl Future<Output = V>) -> V {
        smol::block_on(future)
    }
}

#[cfg(feature = "async-std")]
impl Polled for hashslot::async_std::AsyncStd {
    const NAME: &'static str = "async-std";

    fn block_on<V>(future: impl Future<Output = V>) -> V {
        async_std::task::block_on(future)
    }
}

impl<R: Polled> Adapter for R {
    const NAME: &'static str = R::NAME;
    const GIVES_UP: bool = true;

    type Client = runtimes::Client<R>;

    fn block_on<V>(future: impl Future<Output = V>) -> V {
        R::block_on(future)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        R::default().spawn(future);
    }

    fn sleep(duration: Duration) -> Pending<'static, ()> {
        // In a future of its own: some runtimes have to be there when a timer is made.
        Box::pin(async move { R::default().sleep(duration).await })
    }

    fn connect(setup: Setup) -> Pending<'static, Result<Self::Client, ConnectError>> {
        Box::pin(async move {
            let lazily = setup.lazily;
            let builder = setup.apply(runtimes::Client::<R>::builder());
            if lazily { builder.connect_lazily() } else { builder.connect().await }
        })
    }

    fn connect_url(url: &str) -> Pending<'_, Result<Self::Client, ConnectError>> {
        Box::pin(runtimes::Client::connect(url))
    }
}

/// Each method calls the client's own of that name.
impl<R: Runtime + Debug> Client for runtimes::Client<R> {
    type Keys = runtimes::Keys<R>;
    type Events = runtimes::Events;

    fn call(&self, call: Call) -> Pending<'_, Result<Reply, Error>> {
        Box::pin(self.call(call))
    }

    fn command<V: Answer>(&self, command: Command) -> Pending<'_, Result<V, Error>> {
        Box::pin(self.command(command))
    }

    fn call_as<V: Answer>(&self, call: Call) -> Pending<'_, Result<V, Error>> {
        Box::pin(self.call_as(call))
    }

    fn pipeline(
        &self,
        commands: impl IntoIterator<Item = Command>,
    ) -> Pending<'_, Result<Vec<Result<Frame, Error>>, Error>> {
        Box::pin(self.pipeline_each(commands.into_iter().collect::<Vec<_>>()))
    }

    fn call_each(&self, call: Call) -> Pending<'_, Result<Vec<Result<Frame, Error>>, Error>> {
        Box::pin(self.call_each(call))
    }

    fn transaction<V: Answer>(
        &self,
        commands: impl IntoIterator<Item = Command>,
    ) -> Pending<'_, Result<V, Error>> {
        Box::pin(self.call_as(Call::transaction(commands)))
    }

    fn run<C: TypedCommand<Reply: Answer>>(
        &self,
        command: C,
    ) -> Pending<'_, Result<C::Reply, Error>> {
        Box::pin(Executor::execute(self, command))
    }

    fn load_commands(&self) -> Pending<'_, Result<usize, Error>> {
        Box::pin(self.load_commands())
    }

    fn set_credentials(&self, credentials: Credentials) -> Pending<'_, Result<(), Error>> {
        Box::pin(self.set_credentials(credentials))
    }

    fn scan(&self, scan: Scan) -> Self::Keys {
        self.scan(scan)
    }

    fn refresh_topology(&self) {
        self.refresh_topology();
    }

    fn explain(&self, call: Call) -> Pending<'_, Result<Explanation, Error>> {
        Box::pin(self.explain(call))
    }

    fn stats(&self) -> Pending<'_, Result<Stats, Error>> {
        Box::pin(self.stats())
    }

    fn topology(&self) -> Pending<'_, Result<Topology, Error>> {
        Box::pin(self.topology())
    }

    fn health(&self, timeout: Duration) -> Pending<'_, Result<ClusterHealth, Error>> {
        Box::pin(self.health(timeout))
    }

    fn events(&self) -> Self::Events {
        self.events()
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(self.close())
    }
}

impl<R: Runtime> Keys for runtimes::Keys<R> {
    fn next(&mut self) -> Pending<'_, Result<Option<Vec<Bytes>>, Error>> {
        Box::pin(self.next())
    }

    fn done_count(&self) -> usize {
        self.done_count()
    }
}

impl Events for runtimes::Events {
    fn next(&mut self) -> Pending<'_, Option<Event>> {
        Box::pin(self.next())
    }

    fn try_next(&mut self) -> Option<Event> {
        self.try_next()
    }
}
