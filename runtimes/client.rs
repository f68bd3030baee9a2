//! The client of asynchronous programs.

use super::std;

use core::marker::PhantomData;
use core::time::Duration;
use std::sync::Arc;
use std::vec::Vec;

#[cfg(doc)]
use super::builder::Builder;
use super::call_future::{CallFuture, Convert};
use super::events::{Events, Listeners};
use super::mailbox::{Mailbox, Request};
use super::oneshot;
use super::reply_cell::Token;
use super::runtime::Runtime;
use super::scan::Keys;
use super::stream::Replies;
use super::telemetry::Observer;
#[cfg(doc)]
use crate::Config;
use crate::cmd::{CommandList, Executor, Names, Replied, TypedCommand, unexpected_reply};
use crate::command::LearnedCommands;
use crate::driver::{Input, Outcome};
#[cfg(doc)]
use crate::error::Failure;
use crate::error::{Cause, NodeFailure, Ran};
use crate::plan::{ClusterHealth, Explanation, KeyPage, View};
use crate::{
    Call, Cluster, Command, Credentials, CrossSlot, Error, Event, Frame, FromValue, Reply, Scan,
    Stats, Target, topology::Topology,
};

/// A client of one cluster. Cheap to clone; all clones share the same connections.
///
/// Every method takes `&self`, and any number of tasks may call at the same time. Dropping a future
/// gives its call up: what was not sent is never sent, and a late reply reaches no other call. All
/// connections are closed when the last clone and the last [`CallFuture`] are gone.
#[derive(Debug)]
pub struct Client<R: Runtime> {
    shared: Arc<Shared>,
    /// The options of all calls; most clients have none.
    view: Option<Arc<View>>,
    runtime: PhantomData<R>,
}

impl<R: Runtime> Clone for Client<R> {
    fn clone(&self) -> Self {
        let (shared, view) = (Arc::clone(&self.shared), self.view.clone());
        Self { shared, view, runtime: PhantomData }
    }
}

/// What the clones of a client and their calls share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) mailbox: Arc<Mailbox>,
    listeners: Arc<Listeners>,
    pub(super) observer: Observer,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.mailbox.note_last_client_dropped();
    }
}

impl<R: Runtime> Client<R> {
    /// The first client of a driver.
    pub(super) fn new(mailbox: Arc<Mailbox>, listeners: Arc<Listeners>) -> Self {
        let shared = Shared { mailbox, listeners, observer: Observer::default() };
        Self { shared: Arc::new(shared), view: None, runtime: PhantomData }
    }
}

/// Views: clients with options for all calls that are made through them.
///
/// A view is a client: it has the same methods and shares the connections. An option of a
/// [`Call`] wins over that of the view.
impl<R: Runtime> Client<R> {
    /// A view whose calls have this time budget, in place of `call_timeout`; at most
    /// [`Config::MAX_DURATION`].
    ///
    #[cfg_attr(feature = "tokio", doc = "```no_run")]
    #[cfg_attr(not(feature = "tokio"), doc = "```ignore")]
    /// use std::time::Duration;
    /// use hashslot::{Commands, tokio::Client};
    /// # async fn run(client: &Client) -> Result<(), hashslot::Error> {
    /// let quick = client.with_timeout(Duration::from_millis(50));
    /// let name: Option<String> = quick.get("user:1").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        self.with(|view| view.timeout = Some(timeout))
    }

    /// A view whose commands are idempotent: the client sends them again even if an earlier attempt
    /// may have run. See [`Call::idempotent`].
    #[must_use]
    pub fn idempotent(&self) -> Self {
        self.with(|view| view.idempotent = true)
    }

    /// A view whose commands go to this target, whatever their keys and the table say. See
    /// [`Call::target`].
    ///
    #[cfg_attr(feature = "tokio", doc = "```no_run")]
    #[cfg_attr(not(feature = "tokio"), doc = "```ignore")]
    /// use hashslot::{Commands, Target, tokio::Client};
    /// # async fn run(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let node = client.target(Target::Node("10.0.0.1:7000".parse()?));
    /// let keys = node.dbsize().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn target(&self, target: Target) -> Self {
        self.with(|view| view.target = Some(target))
    }

    /// A view that says whether commands with keys in several slots are split, in place of
    /// `cross_slot` of the configuration.
    #[must_use]
    pub fn cross_slot(&self, cross_slot: CrossSlot) -> Self {
        self.with(|view| view.cross_slot = Some(cross_slot))
    }

    fn with(&self, change: impl FnOnce(&mut View)) -> Self {
        let mut view = self.view.as_deref().cloned().unwrap_or_default();
        change(&mut view);
        Self { view: Some(Arc::new(view)), ..self.clone() }
    }
}

impl<R: Runtime> Executor for Client<R> {
    type Output<V> = CallFuture<V>;

    #[inline]
    fn execute<C: TypedCommand>(&self, command: C) -> CallFuture<C::Reply> {
        self.command(command.into_command())
    }
}

impl<R: Runtime> Client<R> {
    /// Makes a call: a command with options, a pipeline or a transaction.
    ///
    /// # Errors
    /// [`Error`] says what happened; [`Error::may_have_executed`] says whether it is safe to call
    /// again. Errors of the commands of a pipeline stay in their places.
    pub fn call(&self, call: Call) -> CallFuture<Reply> {
        self.begin(call, |outcome, names| outcome.map_err(|error| error.of(names.first())))
    }

    #[inline]
    fn begin<V>(&self, call: Call, convert: Convert<V>) -> CallFuture<V> {
        let names = Names::Same(call.name());
        self.begin_named(call, names, convert)
    }

    #[inline]
    fn begin_named<V>(&self, call: Call, names: Names, convert: Convert<V>) -> CallFuture<V> {
        CallFuture::new(Arc::clone(&self.shared), self.as_seen(call), names, convert)
    }

    /// The call with the options of this view.
    #[inline]
    fn as_seen(&self, call: Call) -> Call {
        match &self.view {
            None => call,
            Some(view) => call.through(view),
        }
    }

    /// Sends a command, and converts its reply.
    ///
    /// # Errors
    /// As [`Client::call`]; an error reply is [`Failure::Server`], a reply of another type than
    /// asked for is [`Failure::Conversion`].
    pub fn command<V: FromValue>(&self, command: Command) -> CallFuture<V> {
        self.call_as(Call::new(command))
    }

    /// Makes a call of one command or of a transaction, and converts its reply. Replies of several
    /// nodes that stay apart are a map from address to reply.
    ///
    /// # Errors
    /// As [`Client::command`]. [`Failure::Conversion`] for a pipeline: its replies are not one.
    pub fn call_as<V: FromValue>(&self, call: Call) -> CallFuture<V> {
        self.begin(call, converted)
    }

    /// Makes a call of a pipeline with options, and returns one result per command.
    ///
    /// # Errors
    /// As [`Client::pipeline_each`]; for a strict call also the error of a command that cannot be
    /// sent. [`Failure::Conversion`] for a call of another kind.
    pub fn call_each(&self, call: Call) -> CallFuture<Vec<Result<Frame, Error>>> {
        self.begin(call, |outcome, _| each(outcome))
    }

    /// Sends independent commands together, over any slots, and returns their replies.
    ///
    /// All commands for a node leave in one write, and each redirected command is followed alone.
    /// A pipeline is not atomic: [`transaction`](Self::transaction) is.
    ///
    #[cfg_attr(feature = "tokio", doc = "```no_run")]
    #[cfg_attr(not(feature = "tokio"), doc = "```ignore")]
    /// use hashslot::{cmd, tokio::Client};
    /// # async fn run(client: &Client, keys: Vec<String>) -> Result<(), hashslot::Error> {
    /// let (visits, name) =
    ///     client.pipeline((cmd::incr("visits"), cmd::get::<Option<String>>("user:1"))).await?;
    /// let counts: Vec<i64> = client.pipeline(cmd::each(keys.iter().map(cmd::incr))).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The error of the first command that failed, with its number
    /// ([`Error::number`]). The other commands are sent all the same:
    /// [`pipeline_each`](Self::pipeline_each) returns all results, and
    /// [`pipeline_strict`](Self::pipeline_strict) sends nothing if a command cannot be sent.
    #[doc(alias = "batch")]
    #[doc(alias = "pipe")]
    pub fn pipeline<L: CommandList>(&self, commands: L) -> CallFuture<L::Replies> {
        self.begin_list(commands, Call::pipeline, replies::<L>)
    }

    /// Sends independent commands together, over any slots, and returns one result per command.
    ///
    /// # Errors
    /// An error of a command stays in its place, also that of a command which cannot be sent. The
    /// whole fails with [`Failure::Overloaded`] or [`Failure::ShutDown`] if the client takes no
    /// more: then it sends nothing.
    pub fn pipeline_each<L: CommandList>(&self, commands: L) -> CallFuture<L::Results> {
        self.begin_list(commands, Call::pipeline, |outcome, names| {
            L::results(&mut Replied::of_pipeline(outcome, names)?)
        })
    }

    /// Sends independent commands together, or none of them if one cannot be sent, and returns
    /// their replies. See [`Call::strict`].
    ///
    /// # Errors
    /// As [`Client::pipeline`]; the error of a command that cannot be sent means that the client
    /// sent nothing.
    pub fn pipeline_strict<L: CommandList>(&self, commands: L) -> CallFuture<L::Replies> {
        self.begin_list(commands, |commands| Call::pipeline(commands).strict(), replies::<L>)
    }

    /// Sends commands without end, over any slots, and returns their results one by one, in order.
    ///
    /// It takes commands from the iterator as results arrive, so that at most
    /// [`window`](Replies::window) commands are in flight: memory stays bounded. Calls of others
    /// come in between.
    ///
    #[cfg_attr(feature = "tokio", doc = "```no_run")]
    #[cfg_attr(not(feature = "tokio"), doc = "```ignore")]
    /// use hashslot::{cmd, tokio::Client};
    /// # async fn run(client: &Client) -> Result<(), hashslot::Error> {
    /// let rows = (0..1_000_000).map(|id| cmd::set(format!("user:{id}"), id));
    /// let mut stored = client.stream(rows);
    /// while let Some((number, result)) = stored.next().await {
    ///     if let Err(error) = result {
    ///         println!("command {number}: {error}");
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Each command has its own result. If the client refuses a part of the stream because a limit
    /// is reached ([`Failure::Overloaded`]), the commands of that part have that error.
    #[must_use]
    pub fn stream<I: IntoIterator<Item: TypedCommand>>(
        &self,
        commands: I,
    ) -> Replies<R, I::IntoIter> {
        Replies::new(self.clone(), commands.into_iter())
    }

    /// Runs commands of one slot as a transaction, and returns their replies.
    ///
    #[cfg_attr(feature = "tokio", doc = "```no_run")]
    #[cfg_attr(not(feature = "tokio"), doc = "```ignore")]
    /// use hashslot::{cmd, tokio::Client};
    /// # async fn run(client: &Client) -> Result<(), hashslot::Error> {
    /// let (ann, bob) = client
    ///     .transaction((cmd::decrby("{bank}:ann", 10), cmd::incrby("{bank}:bob", 10)))
    ///     .await?;
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
    pub fn transaction<L: CommandList>(&self, commands: L) -> CallFuture<L::Replies> {
        self.begin_list(commands, Call::transaction, |outcome, names| {
            L::replies(&mut Replied::of_transaction(outcome, names)?)
        })
    }

    fn begin_list<L: CommandList, V>(
        &self,
        commands: L,
        call: fn(Vec<Command>) -> Call,
        convert: Convert<V>,
    ) -> CallFuture<V> {
        let commands = commands.into_commands();
        let names = Names::of(&commands);
        self.begin_named(call(commands), names, convert)
    }

    /// Asks a node for the commands that it has, so that those of modules and of newer servers go
    /// where they belong. Returns how many the client did not know before. Nothing else needs it.
    ///
    /// # Errors
    /// As [`Client::command`]: the user of the connection needs the permission to run `COMMAND`.
    pub async fn load_commands(&self) -> Result<usize, Error> {
        let reply: Frame = self.command(Command::new("COMMAND")).await?;
        let learned = LearnedCommands::read(&reply)?;
        let count = learned.commands().len();
        self.tell(Input::SetLearnedCommands { learned });
        Ok(count)
    }

    /// Scans all keys of the cluster, page by page, while slots move and nodes fail.
    #[must_use]
    pub fn scan(&self, scan: Scan) -> Keys<R> {
        Keys::new(self.clone(), scan)
    }

    /// The next page of a scan.
    pub(super) fn scan_page(&self, scan: Scan) -> CallFuture<KeyPage> {
        self.begin_named(Call::scan(scan), Names::Same("SCAN"), |outcome, _| page(outcome))
    }

    /// Replaces the credentials while calls are in flight. Open connections are authenticated again
    /// behind the commands that were sent before. New connections use the new credentials, or those
    /// of the [provider](Builder::credentials_provider). Returns when all nodes have answered. A
    /// node that refuses keeps the former credentials. Dropping the future does not undo the
    /// change.
    ///
    /// To change a password without a gap: add the new password to the servers, call this, then
    /// remove the former password.
    ///
    /// # Errors
    /// [`Cause::Node`] if a node refused: the last one that did.
    /// [`Failure::ShutDown`] if the client is.
    pub async fn set_credentials(&self, credentials: Credentials) -> Result<(), Error> {
        let mut events = self.events();
        self.tell(Input::SetCredentials { credentials: Some(credentials) });
        let mut refused = None;
        loop {
            let event = events.next().await.ok_or_else(Error::shut_down)?;
            let may_be_over = event == Event::CredentialsReplaced || events.lost_count() > 0;
            if let Event::AuthenticationRefused { node, error } = event {
                let cause = Cause::Node(NodeFailure::Authentication(error));
                refused = Some(Error::new(cause, Ran::No).with_node(node));
            }
            if may_be_over && !self.ask(Cluster::is_reauthenticating).await? {
                return refused.map_or(Ok(()), Err);
            }
        }
    }

    /// Reads the topology again, as soon as `min_refresh_interval` allows.
    pub fn refresh_topology(&self) {
        self.tell(Input::RefreshTopology);
    }

    /// Explains a call without sending it: where its commands would go now, and how the client
    /// would merge the replies.
    ///
    /// # Errors
    /// As [`Client::call`] for a call that cannot be sent as it is.
    pub async fn explain(&self, call: Call) -> Result<Explanation, Error> {
        let call = self.as_seen(call);
        self.ask(|cluster| cluster.explain(call)).await?
    }

    /// The counters so far.
    ///
    /// # Errors
    /// [`Failure::ShutDown`] if the client is.
    pub async fn stats(&self) -> Result<Stats, Error> {
        self.ask(|cluster| *cluster.stats()).await
    }

    /// The topology: which node serves which slot, as far as the client knows.
    ///
    /// # Errors
    /// [`Failure::ShutDown`] if the client is.
    pub async fn topology(&self) -> Result<Topology, Error> {
        self.ask(|cluster| cluster.topology().clone()).await
    }

    /// Asks every node that the topology lists, all at the same time, and tells which are well.
    ///
    /// A node is well if it answers, serves commands in its own view, and, if it is a replica, has
    /// a connection to its primary. The result comes after this time at the latest; sooner if all
    /// nodes answer. A node that hangs delays the answers of no other node and no other call.
    ///
    #[cfg_attr(feature = "tokio", doc = "```no_run")]
    #[cfg_attr(not(feature = "tokio"), doc = "```ignore")]
    /// # use std::time::Duration;
    /// # async fn run(client: &hashslot::tokio::Client) -> Result<(), hashslot::Error> {
    /// let health = client.health(Duration::from_millis(500)).await?;
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
    /// [`Cause::NoCluster`] if no seed led to a cluster within the time: no node is known.
    /// [`Failure::Overloaded`] or [`Failure::ShutDown`] if the client takes no more calls.
    pub async fn health(&self, timeout: Duration) -> Result<ClusterHealth, Error> {
        let [alive, cluster, replication] =
            ClusterHealth::calls(timeout).map(|call| self.call(call).begun());
        let replies = [alive.await?, cluster.await?, replication.await?];
        let health = ClusterHealth::read(&self.topology().await?, &replies)?;
        if !health.is_serving() {
            self.refresh_topology(); // an idle client does not hear of a new owner
        }
        Ok(health)
    }

    /// The events from now on: redirections, changes of the topology, connections that open and
    /// close.
    #[must_use]
    pub fn events(&self) -> Events {
        self.shared.listeners.listen()
    }

    /// Closes the client and all its clones. It waits at most `drain_timeout` for replies to
    /// commands that were sent. The others end with [`Failure::ShutDown`].
    pub async fn close(&self) {
        let mut events = self.events();
        self.tell(Input::ShutDown);
        while !self.shared.mailbox.is_closed() && events.next().await.is_some() {}
    }

    fn tell(&self, input: Input<'static, Token>) {
        self.shared.mailbox.request(Request::Tell(input));
    }

    async fn ask<V: Send + 'static>(
        &self,
        question: impl FnOnce(&Cluster<Token>) -> V + Send + 'static,
    ) -> Result<V, Error> {
        let (sender, receiver) = oneshot::channel();
        let look = move |cluster: &Cluster<Token>| sender.send(question(cluster));
        self.shared.mailbox.request(Request::Look(std::boxed::Box::new(look)));
        receiver.await.ok_or_else(Error::shut_down)
    }
}

/// The reply to one command.
#[expect(clippy::needless_pass_by_value, reason = "the type of all conversions")]
fn converted<V: FromValue>(outcome: Outcome, names: Names) -> Result<V, Error> {
    let reply = outcome.and_then(frame).and_then(|frame| Ok(V::from_frame(frame)?));
    reply.map_err(|error| error.of(names.first()))
}

fn frame(reply: Reply) -> Result<Frame, Error> {
    reply.into_frame().ok_or_else(unexpected_reply)
}

/// The results of a pipeline.
fn each(outcome: Outcome) -> Result<Vec<Result<Frame, Error>>, Error> {
    match outcome? {
        Reply::Pipeline(results) => Ok(results),
        Reply::One(_) | Reply::PerNode(_) | Reply::Scan(_) | Reply::Ready => {
            Err(unexpected_reply())
        }
    }
}

/// The page of a scan.
fn page(outcome: Outcome) -> Result<KeyPage, Error> {
    match outcome? {
        Reply::Scan(page) => Ok(*page),
        Reply::One(_) | Reply::Pipeline(_) | Reply::PerNode(_) | Reply::Ready => {
            Err(unexpected_reply())
        }
    }
}

/// The replies to a pipeline of typed commands.
fn replies<L: CommandList>(outcome: Outcome, names: Names) -> Result<L::Replies, Error> {
    L::replies(&mut Replied::of_pipeline(outcome, names)?)
}
