//! The client of asynchronous programs.

use super::std;

use core::future::Future;
use core::marker::PhantomData;
use core::time::Duration;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::string::ToString as _;
use std::sync::Arc;
use std::vec::Vec;

use super::call_future::{CallFuture, Convert};
use super::dial::Dialler;
use super::driver::Driver;
use super::events::{Events, Listeners};
use super::mailbox::{Answer, Mailbox};
use super::permit::Permit;
use super::provider::Provider;
use super::runtime::Runtime;
use super::scan::Keys;
use super::stream::Replies;
use super::telemetry::Observer;
#[cfg(feature = "tls")]
use super::tls::Tls;
use crate::cmd::{CommandList, Executor, Names, Replied, TypedCommand};
use crate::command::LearnedCommands;
use crate::driver::Outcome;
#[cfg(doc)]
use crate::error::Disconnect;
use crate::error::{Cause, ConfigError, ConversionError, Failure, NodeFailure, Ran, SystemText};
use crate::plan::{Explanation, View};
use crate::url::UrlTls;
use crate::{
    Address, Call, Cluster, Command, Config, Credentials, CrossSlot, Error, Event, Frame,
    FromValue, Reply, Scan, Stats, Target, Url, topology::Topology,
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
        self.mailbox.orphan();
    }
}

/// Builds a client from seeds and options.
#[derive(Debug, Clone)]
pub struct Builder<R> {
    runtime: R,
    pub(super) config: Config,
    pub(super) seeds: Vec<Address>,
    /// What its URL says about TLS, if it asks for that.
    pub(super) url_tls: Option<UrlTls>,
    pub(super) provider: Option<Provider>,
    pub(super) permit: Permit,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl<R> Builder<R> {
    /// A builder on a runtime of your own: see [the guide](super::guide). With an adapter, use
    /// `Client::builder`.
    #[must_use]
    pub fn new(runtime: R) -> Self {
        let (config, seeds) = (Config::default(), Vec::new());
        Self {
            runtime,
            config,
            seeds,
            url_tls: None,
            provider: None,
            permit: Permit::default(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// A builder with the seeds and options of a URL. Options that you set afterwards win; seeds
    /// are added.
    #[must_use]
    pub fn from_url(runtime: R, url: Url) -> Self {
        let Url { config, seeds, tls } = url;
        Self { config, seeds, url_tls: tls, ..Self::new(runtime) }
    }

    /// The same on another runtime.
    #[cfg(feature = "blocking")]
    pub(super) fn on<O>(self, runtime: O) -> Builder<O> {
        Builder {
            runtime,
            config: self.config,
            seeds: self.seeds,
            url_tls: self.url_tls,
            provider: self.provider,
            permit: self.permit,
            #[cfg(feature = "tls")]
            tls: self.tls,
        }
    }

    /// Adds a seed: a node to ask for the topology. One reachable seed is enough; several are
    /// safer.
    #[must_use]
    pub fn seed(mut self, seed: Address) -> Self {
        self.seeds.push(seed);
        self
    }

    /// Sets user name and password for every node.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.config.credentials = Some(credentials);
        self
    }

    /// Secures every connection with TLS. The client then never sends anything in clear text.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Asks for the credentials of each connection, when it is made: for passwords that are short
    /// lived, or differ from node to node. They win over [`Self::credentials`]. `connect_timeout`
    /// bounds the answer as well. If there is none the connection has failed
    /// ([`Disconnect::Credentials`]) and is dialled again after a pause; the error is not looked
    /// at, since it may tell secrets. [`Client::set_credentials`] tells connections that are open
    /// of others.
    ///
    #[cfg_attr(feature = "tokio", doc = "```")]
    #[cfg_attr(not(feature = "tokio"), doc = "```ignore")]
    /// # use hashslot::{Address, Credentials};
    /// # async fn token() -> Result<String, std::io::Error> { Ok(String::new()) }
    /// let builder = hashslot::tokio::Client::builder().credentials_provider(async |_| {
    ///     Ok::<_, std::io::Error>(Credentials::user("ann", &token().await?))
    /// });
    /// ```
    #[must_use]
    pub fn credentials_provider<F, E>(
        mut self,
        provide: impl Fn(Address) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Credentials, E>> + Send + 'static,
    {
        self.provider = Some(Provider::new(provide));
        self
    }

    /// As [`Self::credentials_provider`], with a function that answers at once and must not block.
    #[must_use]
    pub fn credentials_from<E>(
        mut self,
        provide: impl Fn(Address) -> Result<Credentials, E> + Send + Sync + 'static,
    ) -> Self {
        self.provider = Some(Provider::immediate(provide));
        self
    }

    /// Allows only some addresses. The client asks `allows` about each address before it resolves
    /// or dials it, and about each IP address that a name resolves to. So a cluster cannot direct
    /// the client to services of your own network. The function must not block. Dialling a
    /// forbidden address fails with [`Disconnect::Forbidden`].
    ///
    #[cfg_attr(feature = "tokio", doc = "```")]
    #[cfg_attr(not(feature = "tokio"), doc = "```ignore")]
    /// // Nodes are in this network, and have these ports.
    /// let builder = hashslot::tokio::Client::builder().allow_addresses(|address| {
    ///     let is_ip = address.host().parse::<std::net::IpAddr>().is_ok();
    ///     let is_inside = address.host().starts_with("10.1.") || !is_ip;
    ///     is_inside && (7000..8000).contains(&address.port())
    /// });
    /// ```
    #[must_use]
    pub fn allow_addresses(
        mut self,
        allows: impl Fn(&Address) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.permit = Permit::new(allows);
        self
    }

    /// Changes any other option of the configuration.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }
}

impl<R: Runtime> Builder<R> {
    /// How connections are secured: as [`Self::tls`] says, else as the URL does.
    #[cfg(feature = "tls")]
    fn security(&self) -> Result<Option<super::tls::Security>, ConfigError> {
        if let Some(tls) = &self.tls {
            return tls.security().map(Some);
        }
        self.url_tls.as_ref().map(|url| Tls::of_url(url)?.security()).transpose()
    }

    /// Connects: returns as soon as the topology of the cluster is known.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn connect(self) -> Result<Client<R>, ConnectError> {
        let client = self.connect_lazily()?;
        match client.call(Call::discovery()).await {
            Ok(_) => Ok(client),
            // No caller has the client yet: its task has ended by itself.
            Err(error) if matches!(error.failure(), Failure::ShutDown) => {
                Err(ConnectError::Runtime(SystemText::new(TASK_DROPPED)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Returns a client at once; the cluster may come up later. The client looks for the cluster as
    /// long as a call waits. Calls wait until their time is over, also while all seeds refuse. A
    /// wrong password, or a server that is not part of a cluster, ends them at once. Make it within
    /// the runtime, as [`connect`](Self::connect).
    ///
    /// # Errors
    /// [`ConnectError::Config`] if the configuration is wrong, [`ConnectError::Runtime`] if the
    /// runtime cannot run a client.
    pub fn connect_lazily(self) -> Result<Client<R>, ConnectError> {
        #[cfg(not(feature = "tls"))]
        if self.url_tls.is_some() {
            return Err(ConfigError::NoTls.into());
        }
        let unfit = |error: std::io::Error| SystemText::new(&error.to_string());
        self.runtime.check().map_err(|error| ConnectError::Runtime(unfit(error)))?;
        let epoch = std::time::Instant::now();
        let random_seed = RandomState::new().build_hasher().finish();
        #[cfg(feature = "tls")]
        let security = self.security()?;
        let dialler = Dialler::new(self.runtime.clone(), &self.config, self.provider, self.permit);
        #[cfg(feature = "tls")]
        let dialler = dialler.with_security(security);
        let mut config = self.config;
        let descriptors = descriptor_count_max().map_or(usize::MAX, |count| (count / 2).max(1));
        config.max_connections = config.max_connections.min(descriptors);
        let cluster = Cluster::new(config, self.seeds, random_seed)?;
        let mailbox = Arc::new(Mailbox::new());
        let listeners = Arc::new(Listeners::default());
        let client = Client {
            shared: Arc::new(Shared {
                mailbox: Arc::clone(&mailbox),
                listeners: Arc::clone(&listeners),
                observer: Observer::default(),
            }),
            view: None,
            runtime: PhantomData,
        };
        let runtime = self.runtime.clone();
        let driver = Driver::new(runtime, dialler, cluster, mailbox, listeners, epoch);
        self.runtime.spawn(driver);
        Ok(client)
    }
}

/// How many descriptors the process may have, where the system tells.
fn descriptor_count_max() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

const TASK_DROPPED: &str = "it dropped the task that drives the client";

/// Why a client could not connect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The configuration, or the URL, is wrong. The caller's fault.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No seed led to a cluster; the error says why, seed by seed.
    #[error(transparent)]
    Cluster(#[from] Error),
    /// The runtime cannot run a client: there is none, it lacks something, or it has ended.
    #[error("the runtime cannot run a client: {0}")]
    Runtime(SystemText),
    /// The system gave the client nothing to wait with, because it is out of file descriptors or of
    /// memory. Blocking clients only.
    #[error("the operating system cannot create a poller for sockets: {0}")]
    System(std::io::ErrorKind),
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Config(error) => error.into(),
            ConnectError::Cluster(error) => error,
            ConnectError::Runtime(text) => Self::new(Cause::Runtime(text), Ran::No),
            ConnectError::System(kind) => {
                let text = SystemText::new(&std::format!("no poller for sockets: {kind}"));
                Self::new(Cause::Runtime(text), Ran::No)
            }
        }
    }
}

impl<R: Runtime + Default> Client<R> {
    /// Connects to the cluster of a [`Url`]:
    /// `redis://[[user]:password@]host[:port][,host[:port]..]`, with `?parameter=value` for each
    /// option. Returns as soon as the topology of the cluster is known.
    ///
    /// With the feature `tls`, `rediss://` connects with TLS. It trusts the authorities of the
    /// platform (`Tls::platform`), or those in the file `tls_ca_file`. No URL turns this check off.
    ///
    /// # Errors
    /// [`ConnectError::Config`] if the URL cannot be read. [`ConnectError::Cluster`] if no seed
    /// leads to a cluster: at once if all seeds refuse the connection, cannot be reached or have no
    /// address, and if all that answer refuse the password or are no cluster; else, as long as a
    /// seed does not answer, after `call_timeout`. The error says why, seed by seed.
    /// [`Builder::connect_lazily`] goes on trying. [`ConnectError::Runtime`] if the runtime cannot
    /// run a client.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder_from(url.parse()?).connect().await
    }

    /// Returns a builder, to configure the client before it connects.
    #[must_use]
    pub fn builder() -> Builder<R> {
        Builder::new(R::default())
    }

    /// Returns a builder with the seeds and options of a URL. Options that you set afterwards win;
    /// seeds are added.
    ///
    #[cfg_attr(feature = "tokio", doc = "```")]
    #[cfg_attr(not(feature = "tokio"), doc = "```ignore")]
    /// # use hashslot::Credentials;
    /// let builder = hashslot::tokio::Client::builder_from("redis://10.0.0.1:7000".parse()?)
    ///     .credentials(Credentials::user("ann", "s3cret"));
    /// # Ok::<(), hashslot::error::ConfigError>(())
    /// ```
    #[must_use]
    pub fn builder_from(url: Url) -> Builder<R> {
        Builder::from_url(R::default(), url)
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
        let call = match &self.view {
            None => call,
            Some(view) => call.through(view),
        };
        CallFuture::new(Arc::clone(&self.shared), call, names, convert)
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
            L::results(&mut Replied::new(each(outcome)?, names))
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
            let frame = outcome.and_then(frame).map_err(|error| error.of("EXEC"))?;
            L::replies(&mut Replied::new(executed(frame)?, names))
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
        self.shared
            .mailbox
            .request(std::boxed::Box::new(move |cluster, _| cluster.set_learned_commands(learned)));
        Ok(count)
    }

    /// Scans all keys of the cluster, page by page, while slots move and nodes fail.
    #[must_use]
    pub fn scan(&self, scan: Scan) -> Keys<R> {
        Keys::new(self.clone(), scan)
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
        let set = move |cluster: &mut Cluster<_>, now| {
            cluster.set_credentials(now, Some(credentials));
        };
        self.shared.mailbox.request(std::boxed::Box::new(set));
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
        self.shared.mailbox.request(std::boxed::Box::new(Cluster::refresh_topology));
    }

    /// Explains a call without sending it: where its commands would go now, and how the client
    /// would merge the replies.
    ///
    /// # Errors
    /// As [`Client::call`] for a call that cannot be sent as it is.
    pub async fn explain(&self, call: Call) -> Result<Explanation, Error> {
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
        self.ask_topology().await.ok_or_else(Error::shut_down)
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
        self.shared.mailbox.request(std::boxed::Box::new(Cluster::shut_down));
        while !self.shared.mailbox.is_closed() && events.next().await.is_some() {}
    }

    pub(super) fn ask_topology(&self) -> Answer<Topology> {
        self.ask_soon(|cluster| cluster.topology().clone())
    }

    async fn ask<V: Send + 'static>(
        &self,
        question: impl FnOnce(&Cluster<super::mailbox::Token>) -> V + Send + 'static,
    ) -> Result<V, Error> {
        self.ask_soon(question).await.ok_or_else(Error::shut_down)
    }

    /// The answer is `None` if the client is shut down.
    fn ask_soon<V: Send + 'static>(
        &self,
        question: impl FnOnce(&Cluster<super::mailbox::Token>) -> V + Send + 'static,
    ) -> Answer<V> {
        let (bringer, answer) = Answer::new();
        self.shared.mailbox.request(std::boxed::Box::new(move |cluster, _| {
            bringer.bring(question(cluster));
        }));
        answer
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
        Reply::One(_) | Reply::PerNode(_) | Reply::Ready => Err(unexpected_reply()),
    }
}

/// The replies to a pipeline of typed commands.
fn replies<L: CommandList>(outcome: Outcome, names: Names) -> Result<L::Replies, Error> {
    L::replies(&mut Replied::new(each(outcome)?, names))
}

/// The results of the commands of a transaction that ran.
fn executed(frame: Frame) -> Result<Vec<Result<Frame, Error>>, Error> {
    let frames = Vec::<Frame>::from_frame(frame)?;
    let result = |frame: Frame| match frame.error() {
        Some(error) => Err(Error::new(error, Ran::Maybe)),
        None => Ok(frame),
    };
    Ok(frames.into_iter().map(result).collect())
}

/// A call of one kind was answered as another: cannot happen.
fn unexpected_reply() -> Error {
    ConversionError::unexpected("the reply to another call", "a reply").into()
}
