//! The client of programs without a runtime.

use super::std;

use core::future::Future;
use core::time::Duration;
use std::sync::Arc;
use std::vec::Vec;

use bytes::Bytes;

use super::engine::Engine;
use super::socket::Handle;
use crate::cmd::{CommandList, Executor, TypedCommand};
#[cfg(doc)]
use crate::error::Failure;
use crate::plan::{ClusterHealth, Explanation};
use crate::runtimes::builder::{self, ConnectError};
use crate::runtimes::client;
use crate::runtimes::{events, scan, stream};
use crate::topology::Topology;
use crate::{
    Call, Command, Credentials, CrossSlot, Error, Event, Frame, FromValue, Reply, Scan, Stats,
    Target, Url,
};

/// Takes the place of a runtime: the calling threads drive the client.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Blocking;

/// Builds a blocking client from seeds and options.
pub type Builder = builder::Builder<Blocking>;

/// A client of one cluster that blocks. Cheap to clone; all clones share the same connections.
///
/// Every method takes `&self`, and any number of threads may call at the same time. One waiting
/// thread drives the machine for all. Dropping the last clone closes all connections.
///
/// ```no_run
/// use hashslot::Commands;
/// let client = hashslot::blocking::Client::connect("redis://10.0.0.1:7000,10.0.0.2:7000")?;
/// client.set("user:1", "ann")?;
/// let name: Option<String> = client.get("user:1")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    inner: client::Client<Handle>,
    owner: Arc<Owner>,
}

/// Ends the engine with the last client.
#[derive(Debug)]
struct Owner(Arc<Engine>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Builder {
    /// Connects: returns as soon as the topology of the cluster is known.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub fn connect(self) -> Result<Client, ConnectError> {
        self.connect_on(|engine, builder| engine.wait(builder.connect()))
    }

    /// Returns a client at once; the cluster may come up later. The client looks for the cluster as
    /// long as a call waits. Calls wait until their time is over, also while all seeds refuse. A
    /// wrong password, or a server that is not part of a cluster, ends them at once.
    ///
    /// # Errors
    /// [`ConnectError::Config`] if the configuration is wrong, [`ConnectError::System`] if there is
    /// nothing to wait with.
    pub fn connect_lazily(self) -> Result<Client, ConnectError> {
        self.connect_on(|_, builder| builder.connect_lazily())
    }

    fn connect_on(
        self,
        connect: impl FnOnce(
            &Engine,
            builder::Builder<Handle>,
        ) -> Result<client::Client<Handle>, ConnectError>,
    ) -> Result<Client, ConnectError> {
        let engine = Engine::new().map_err(|error| ConnectError::System(error.kind()))?;
        let owner = Arc::new(Owner(Arc::clone(&engine)));
        let inner = connect(&engine, self.on(Handle(Arc::clone(&engine))))?;
        Ok(Client { inner, owner })
    }
}

impl Client {
    /// Connects to the cluster of a [`Url`]:
    /// `redis://[[user]:password@]host[:port][,host[:port]..]`, with `?parameter=value` for each
    /// option. Returns as soon as the topology of the cluster is known.
    ///
    /// # Errors
    /// [`ConnectError::Config`] if the URL cannot be read. [`ConnectError::Cluster`] if no seed
    /// leads to a cluster: at once if all seeds refuse the connection, cannot be reached or have no
    /// address, and if all that answer refuse the password or are no cluster; else, as long as a
    /// seed does not answer, after `call_timeout`. The error says why, seed by seed.
    /// [`Builder::connect_lazily`] goes on trying. [`ConnectError::System`] if there is nothing to
    /// wait with.
    pub fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder_from(url.parse()?).connect()
    }

    /// Returns a builder, to configure the client before it connects.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new(Blocking)
    }

    /// Returns a builder with the seeds and options of a URL. Options that you set afterwards win;
    /// seeds are added.
    #[must_use]
    pub fn builder_from(url: Url) -> Builder {
        Builder::from_url(Blocking, url)
    }

    fn wait<F: Future>(&self, future: F) -> F::Output {
        self.owner.0.wait(future)
    }

    /// Makes a call: a command with options, a pipeline or a transaction.
    ///
    /// # Errors
    /// [`Error`] tells what happened, and through [`Error::may_have_executed`] whether it is safe
    /// to call again. Errors of the commands of a pipeline stay in their places.
    pub fn call(&self, call: Call) -> Result<Reply, Error> {
        self.wait(self.inner.call(call))
    }

    /// Sends a command, and converts its reply.
    ///
    /// # Errors
    /// As [`Client::call`]; an error reply is [`Failure::Server`], a reply of another type than
    /// asked for is [`Failure::Conversion`].
    pub fn command<V: FromValue>(&self, command: Command) -> Result<V, Error> {
        self.wait(self.inner.command(command))
    }

    /// Makes a call of one command or of a transaction, and converts its reply. Replies of several
    /// nodes that stay apart are a map from address to reply.
    ///
    /// # Errors
    /// As [`Client::command`]. [`Failure::Conversion`] for a pipeline: its replies are not one.
    pub fn call_as<V: FromValue>(&self, call: Call) -> Result<V, Error> {
        self.wait(self.inner.call_as(call))
    }

    /// Makes a call of a pipeline with options, and returns one result per command.
    ///
    /// # Errors
    /// As [`Client::pipeline_each`]; for a strict call also the error of a command that cannot be
    /// sent.
    /// [`Failure::Conversion`] for a call of another kind.
    pub fn call_each(&self, call: Call) -> Result<Vec<Result<Frame, Error>>, Error> {
        self.wait(self.inner.call_each(call))
    }

    /// Sends independent commands together, over any slots, and returns their replies.
    ///
    /// All commands for a node leave in one write, and each redirected command is followed alone.
    /// A pipeline is not atomic: [`transaction`](Self::transaction) is.
    ///
    /// ```no_run
    /// use hashslot::{blocking::Client, cmd};
    /// # fn run(client: &Client) -> Result<(), hashslot::Error> {
    /// let (visits, name) =
    ///     client.pipeline((cmd::incr("visits"), cmd::get::<Option<String>>("user:1")))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The error of the first command that failed, with its number ([`Error::number`]). The other
    /// commands are sent all the same: [`pipeline_each`](Self::pipeline_each) returns all results,
    /// and [`pipeline_strict`](Self::pipeline_strict) sends nothing if a command cannot be sent.
    #[doc(alias = "batch")]
    #[doc(alias = "pipe")]
    pub fn pipeline<L: CommandList>(&self, commands: L) -> Result<L::Replies, Error> {
        self.wait(self.inner.pipeline(commands))
    }

    /// Sends independent commands together, over any slots, and returns one result per command.
    ///
    /// # Errors
    /// An error of a command stays in its place, also that of a command which cannot be sent. The
    /// whole fails with [`Failure::Overloaded`] or [`Failure::ShutDown`] if the client takes no
    /// more: then it sends nothing.
    pub fn pipeline_each<L: CommandList>(&self, commands: L) -> Result<L::Results, Error> {
        self.wait(self.inner.pipeline_each(commands))
    }

    /// Sends independent commands together, or none of them if one cannot be sent, and returns
    /// their replies. See [`Call::strict`].
    ///
    /// # Errors
    /// As [`Client::pipeline`]; the error of a command that cannot be sent means that the client
    /// sent nothing.
    pub fn pipeline_strict<L: CommandList>(&self, commands: L) -> Result<L::Replies, Error> {
        self.wait(self.inner.pipeline_strict(commands))
    }

    /// Sends commands without end, over any slots, and returns an iterator over their results, in
    /// order.
    ///
    /// It takes commands from the iterator as results arrive, so that at most
    /// [`window`](Replies::window) commands are in flight: memory stays bounded. Calls of others
    /// come in between.
    ///
    /// ```no_run
    /// use hashslot::{blocking::Client, cmd};
    /// # fn run(client: &Client) -> Result<(), hashslot::Error> {
    /// let rows = (0..1_000_000).map(|id| cmd::set(format!("user:{id}"), id));
    /// for (_, result) in client.stream(rows) {
    ///     result?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Each command has its own result. If the client refuses a part of the stream because a limit
    /// is reached ([`Failure::Overloaded`]), the commands of that part have that error.
    #[must_use]
    pub fn stream<I: IntoIterator<Item: TypedCommand>>(&self, commands: I) -> Replies<I::IntoIter> {
        Replies { replies: self.inner.stream(commands), client: self.clone() }
    }

    /// Runs commands of one slot as a transaction, and returns their replies.
    ///
    /// ```no_run
    /// use hashslot::{blocking::Client, cmd};
    /// # fn run(client: &Client) -> Result<(), hashslot::Error> {
    /// let (ann, bob) =
    ///     client.transaction((cmd::decrby("{bank}:ann", 10), cmd::incrby("{bank}:bob", 10)))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Client::command`]; the error of a command that was refused before the transaction ran
    /// is the transaction's, and nothing ran. An error of a command that failed inside of the
    /// transaction has the number of the command; the other commands ran.
    #[doc(alias = "multi")]
    #[doc(alias = "exec")]
    pub fn transaction<L: CommandList>(&self, commands: L) -> Result<L::Replies, Error> {
        self.wait(self.inner.transaction(commands))
    }

    /// Asks a node for the commands that it has, so that those of modules and of newer servers go
    /// where they belong. Returns how many the client did not know before. Nothing else needs it.
    ///
    /// # Errors
    /// As [`Client::command`]: the user of the connection needs the permission to run `COMMAND`.
    pub fn load_commands(&self) -> Result<usize, Error> {
        self.wait(self.inner.load_commands())
    }

    /// Replaces the credentials while calls are in flight. Open connections are authenticated again
    /// behind the commands that were sent before. New connections use the new credentials, or those
    /// of the provider. Returns when all nodes have answered. A node that refuses keeps the former
    /// credentials.
    ///
    /// # Errors
    /// [`Cause::Node`](crate::error::Cause::Node) if a node refused: the last one that did.
    /// [`Failure::ShutDown`] if the client is.
    pub fn set_credentials(&self, credentials: Credentials) -> Result<(), Error> {
        self.wait(self.inner.set_credentials(credentials))
    }

    /// Explains a call without sending it: where its commands would go now, and how the client
    /// would merge the replies.
    ///
    /// # Errors
    /// As [`Client::call`] for a call that cannot be sent as it is.
    pub fn explain(&self, call: Call) -> Result<Explanation, Error> {
        self.wait(self.inner.explain(call))
    }

    /// The counters so far.
    ///
    /// # Errors
    /// [`Failure::ShutDown`] if the client is.
    pub fn stats(&self) -> Result<Stats, Error> {
        self.wait(self.inner.stats())
    }

    /// Who serves which slot, as far as is known.
    ///
    /// # Errors
    /// [`Failure::ShutDown`] if the client is.
    pub fn topology(&self) -> Result<Topology, Error> {
        self.wait(self.inner.topology())
    }

    /// Asks every node that the topology lists, all at the same time, and tells which are well.
    ///
    /// A node is well if it answers, serves commands in its own view, and, if it is a replica, has
    /// a connection to its primary. The result comes after this time at the latest; sooner if all
    /// nodes answer. A node that hangs delays the answers of no other node and no other call.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use hashslot::blocking::Client;
    /// # fn run(client: &Client) -> Result<(), hashslot::Error> {
    /// let health = client.health(Duration::from_millis(500))?;
    /// if !health.is_serving() {
    ///     println!("{health}"); // which nodes are not well, and why
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Nodes are asked `PING`, `CLUSTER INFO` and `INFO replication`. A user without the permission
    /// for one of the latter gets the health without what it tells.
    ///
    /// **Limit**: what this client sees, which may not be what others reach. Just after a failover
    /// a node may stand in its former role. If slots are not served, the client reads the topology
    /// again: the next health has the new owners.
    ///
    /// **Cost**: three commands a node, and a connection to each, also to replicas.
    ///
    /// # Errors
    /// [`Cause::NoCluster`](crate::error::Cause::NoCluster) if no seed led to a cluster within the
    /// time: no node is known. [`Failure::Overloaded`] or [`Failure::ShutDown`] if the client takes
    /// no more calls.
    pub fn health(&self, timeout: Duration) -> Result<ClusterHealth, Error> {
        self.wait(self.inner.health(timeout))
    }

    /// Closes the client and all its clones: waits for replies to what was sent, `drain_timeout` of
    /// the configuration at the most. What was not sent ends with [`Failure::ShutDown`].
    pub fn close(&self) {
        self.wait(self.inner.close());
    }

    /// All keys of the cluster, page by page, while slots move and nodes fail.
    #[must_use]
    pub fn scan(&self, scan: Scan) -> Keys {
        Keys { keys: self.inner.scan(scan), client: self.clone() }
    }

    /// Refreshes the topology: as soon as `min_refresh_interval` allows it and a caller waits for
    /// anything.
    pub fn refresh_topology(&self) {
        self.inner.refresh_topology();
    }

    /// Events from now on: redirections, changes of the topology, connections that open and close.
    /// The client notices them while a caller waits, for events or for a reply.
    #[must_use]
    pub fn events(&self) -> Events {
        Events { events: self.inner.events(), engine: Arc::clone(&self.owner.0) }
    }
}

/// Views: clients with options for all calls that are made through them.
///
/// A view is a client: it has the same methods and shares the connections. An option of a
/// [`Call`] wins over that of the view.
impl Client {
    /// A view whose calls have this time budget, in place of `call_timeout`; at most
    /// [`Config::MAX_DURATION`](crate::Config::MAX_DURATION).
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        self.with(|inner| inner.with_timeout(timeout))
    }

    /// A view whose commands are idempotent: the client sends them again even if an earlier attempt
    /// may have run. See [`Call::idempotent`].
    #[must_use]
    pub fn idempotent(&self) -> Self {
        self.with(client::Client::idempotent)
    }

    /// A view whose commands go to this target, whatever their keys and the table say. See
    /// [`Call::target`].
    #[must_use]
    pub fn target(&self, target: Target) -> Self {
        self.with(|inner| inner.target(target))
    }

    /// A view that says whether commands with keys in several slots are split, in place of
    /// `cross_slot` of the configuration.
    #[must_use]
    pub fn cross_slot(&self, cross_slot: CrossSlot) -> Self {
        self.with(|inner| inner.cross_slot(cross_slot))
    }

    fn with(&self, view: impl FnOnce(&client::Client<Handle>) -> client::Client<Handle>) -> Self {
        Self { inner: view(&self.inner), ..self.clone() }
    }
}

impl Executor for Client {
    type Output<V> = Result<V, Error>;

    #[inline]
    fn execute<C: TypedCommand>(&self, command: C) -> Result<C::Reply, Error> {
        self.wait(self.inner.execute(command))
    }
}

/// Results of commands that an iterator makes, in order: [`Client::stream`].
///
/// An iterator over the number of each command, counted from 1, and its result.
#[derive(Debug)]
pub struct Replies<I: Iterator<Item: TypedCommand>> {
    replies: stream::Replies<Handle, I>,
    client: Client,
}

impl<I: Iterator<Item: TypedCommand>> Replies<I> {
    /// Sets how many commands may be in flight at a time; at least one. Default: 1,000.
    ///
    /// Calls of others wait behind those in flight. A larger window pays where a round trip takes
    /// many milliseconds.
    ///
    /// **Cost**: some 500 bytes a command in flight, and the bytes of the command and of its reply.
    #[must_use]
    pub fn window(self, window: usize) -> Self {
        Self { replies: self.replies.window(window), ..self }
    }
}

impl<I: Iterator<Item: TypedCommand>> Iterator for Replies<I> {
    type Item = (usize, Result<<I::Item as TypedCommand>::Reply, Error>);

    fn next(&mut self) -> Option<Self::Item> {
        self.client.wait(self.replies.next())
    }
}

/// The keys of a cluster, on their way: [`Client::scan`].
///
/// An iterator over pages, each of at least one key. After an error it may be asked again, best
/// after a pause, and goes on.
#[derive(Debug)]
pub struct Keys {
    keys: scan::Keys<Handle>,
    client: Client,
}

impl Keys {
    /// How far it has come: the number of slots that are done, of 16384.
    #[must_use]
    pub fn done_count(&self) -> usize {
        self.keys.done_count()
    }
}

impl Iterator for Keys {
    type Item = Result<Vec<Bytes>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.client.wait(self.keys.next()).transpose()
    }
}

/// What the machine has to tell, from the moment on at which a client was asked for it.
///
/// An iterator that waits for the next event, and ends once the client is closed or the last of its
/// clones is dropped.
///
/// **Limit**: 1024 events wait; beyond, the oldest are dropped and counted.
#[derive(Debug)]
pub struct Events {
    events: events::Events,
    engine: Arc<Engine>,
}

impl Events {
    /// An event that is there already.
    #[must_use]
    pub fn try_next(&mut self) -> Option<Event> {
        self.events.try_next()
    }

    /// How many events were dropped because the caller did not take them and the queue was full.
    #[must_use]
    pub fn lost_count(&self) -> u64 {
        self.events.lost_count()
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.engine.wait(self.events.next())
    }
}
