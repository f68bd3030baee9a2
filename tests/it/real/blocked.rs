//! The adapter whose client blocks. Its calls run on threads of a pool, so that tests may wait for
//! many of them at the same time; a call goes on when its future is dropped.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use hashslot::blocking;
use hashslot::cmd::{Executor, Typed, TypedCommand};
use hashslot::plan::{ClusterHealth, Explanation};
use hashslot::runtimes::ConnectError;
use hashslot::topology::Topology;
use hashslot::{Call, Command, Credentials, Error, Event, Frame, Reply, Scan, Stats};

use super::adapter::{Adapter, Answer, Client, Events, Keys, Pending, Setup};

/// The client of [`blocking`].
#[derive(Debug)]
pub(crate) struct Blocked;

impl Adapter for Blocked {
    const NAME: &'static str = "blocking";
    const GIVES_UP: bool = false;

    type Client = blocking::Client;

    fn block_on<V>(future: impl Future<Output = V>) -> V {
        smol::block_on(future)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        smol::spawn(future).detach();
    }

    fn sleep(duration: Duration) -> Pending<'static, ()> {
        Box::pin(async move {
            smol::Timer::after(duration).await;
        })
    }

    fn connect(setup: Setup) -> Pending<'static, Result<Self::Client, ConnectError>> {
        elsewhere(move || {
            let lazily = setup.lazily;
            let builder = setup.apply(blocking::Client::builder());
            if lazily { builder.connect_lazily() } else { builder.connect() }
        })
    }

    fn connect_url(url: &str) -> Pending<'_, Result<Self::Client, ConnectError>> {
        let url = url.to_owned();
        elsewhere(move || blocking::Client::connect(&url))
    }
}

/// Runs what blocks on a thread of the pool.
fn elsewhere<V: Send + 'static>(call: impl FnOnce() -> V + Send + 'static) -> Pending<'static, V> {
    let task = smol::unblock(call);
    Box::pin(async move {
        let mut task = Detached(Some(task));
        std::future::poll_fn(|cx| {
            let task = task.0.as_mut().expect("is polled until it is done");
            std::pin::Pin::new(task).poll(cx)
        })
        .await
    })
}

/// A task that goes on when its future is dropped.
struct Detached<V>(Option<smol::Task<V>>);

impl<V> Drop for Detached<V> {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.detach();
        }
    }
}

/// Each method calls the client's own of that name.
impl Client for blocking::Client {
    type Keys = BlockedKeys;
    type Events = BlockedNotices;

    fn call(&self, call: Call) -> Pending<'_, Result<Reply, Error>> {
        let client = self.clone();
        elsewhere(move || client.call(call))
    }

    fn command<V: Answer>(&self, command: Command) -> Pending<'_, Result<V, Error>> {
        let client = self.clone();
        elsewhere(move || client.command(command))
    }

    fn call_as<V: Answer>(&self, call: Call) -> Pending<'_, Result<V, Error>> {
        let client = self.clone();
        elsewhere(move || client.call_as(call))
    }

    fn pipeline(
        &self,
        commands: impl IntoIterator<Item = Command>,
    ) -> Pending<'_, Result<Vec<Result<Frame, Error>>, Error>> {
        let (client, commands) = (self.clone(), commands.into_iter().collect::<Vec<_>>());
        elsewhere(move || client.pipeline_each(commands))
    }

    fn call_each(&self, call: Call) -> Pending<'_, Result<Vec<Result<Frame, Error>>, Error>> {
        let client = self.clone();
        elsewhere(move || client.call_each(call))
    }

    fn transaction<V: Answer>(
        &self,
        commands: impl IntoIterator<Item = Command>,
    ) -> Pending<'_, Result<V, Error>> {
        let (client, commands) = (self.clone(), commands.into_iter().collect::<Vec<_>>());
        elsewhere(move || client.call_as(Call::transaction(commands)))
    }

    fn run<C: TypedCommand<Reply: Answer>>(
        &self,
        command: C,
    ) -> Pending<'_, Result<C::Reply, Error>> {
        let (client, command) = (self.clone(), Typed::new(command.into_command()));
        elsewhere(move || Executor::execute(&client, command))
    }

    fn load_commands(&self) -> Pending<'_, Result<usize, Error>> {
        let client = self.clone();
        elsewhere(move || client.load_commands())
    }

    fn set_credentials(&self, credentials: Credentials) -> Pending<'_, Result<(), Error>> {
        let client = self.clone();
        elsewhere(move || client.set_credentials(credentials))
    }

    fn scan(&self, scan: Scan) -> Self::Keys {
        BlockedKeys(Arc::new(Mutex::new(self.scan(scan))))
    }

    fn refresh_topology(&self) {
        self.refresh_topology();
    }

    fn explain(&self, call: Call) -> Pending<'_, Result<Explanation, Error>> {
        let client = self.clone();
        elsewhere(move || client.explain(call))
    }

    fn stats(&self) -> Pending<'_, Result<Stats, Error>> {
        let client = self.clone();
        elsewhere(move || client.stats())
    }

    fn topology(&self) -> Pending<'_, Result<Topology, Error>> {
        let client = self.clone();
        elsewhere(move || client.topology())
    }

    fn health(&self, timeout: Duration) -> Pending<'_, Result<ClusterHealth, Error>> {
        let client = self.clone();
        elsewhere(move || client.health(timeout))
    }

    fn events(&self) -> Self::Events {
        BlockedNotices(Arc::new(Mutex::new(self.events())))
    }

    fn close(&self) -> Pending<'_, ()> {
        let client = self.clone();
        elsewhere(move || client.close())
    }
}

/// Keys that one thread at a time asks for.
pub(crate) struct BlockedKeys(Arc<Mutex<blocking::Keys>>);

impl Keys for BlockedKeys {
    fn next(&mut self) -> Pending<'_, Result<Option<Vec<Bytes>>, Error>> {
        let keys = Arc::clone(&self.0);
        elsewhere(move || keys.lock().expect("no thread panics with it").next().transpose())
    }

    fn done_count(&self) -> usize {
        self.0.lock().expect("no thread panics with it").done_count()
    }
}

/// Events that one thread at a time waits for.
pub(crate) struct BlockedNotices(Arc<Mutex<blocking::Events>>);

impl Events for BlockedNotices {
    fn next(&mut self) -> Pending<'_, Option<Event>> {
        let events = Arc::clone(&self.0);
        elsewhere(move || events.lock().expect("no thread panics with it").next())
    }

    fn try_next(&mut self) -> Option<Event> {
        self.0.try_lock().ok()?.try_next()
    }
}
