//! The client of asynchronous programs.

use super::std;

use core::marker::PhantomData;
use core::time::Duration;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::vec::Vec;

use super::driver::Driver;
use super::mailbox::{Answer, Mailbox};
use super::notices::{Listeners, Notices};
use super::runtime::Runtime;
use super::scan::Keys;
use super::telemetry::Observer;
use crate::{
    Address, Arg, Call, Cluster, Command, Config, ConfigError, ConversionError, Credentials, Error,
    Explanation, Frame, FromReply, Instant, Learned, Reply, Scan, Stats, parse_url,
    topology::Topology,
};

/// A client of one cluster. Cheap to clone; all clones share the same connections.
///
/// Every method takes `&self`, and any number of tasks may call at the same time. Dropping a future
/// gives its call up: what was not sent never will be, and a late reply reaches nobody else. When the
/// last clone is dropped all connections are closed.
#[derive(Debug)]
pub struct Client<R: Runtime> {
    shared: Arc<Shared>,
    runtime: PhantomData<R>,
}

impl<R: Runtime> Clone for Client<R> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), runtime: PhantomData }
    }
}

#[derive(Debug)]
struct Shared {
    mailbox: Arc<Mailbox>,
    listeners: Arc<Listeners>,
    observer: Observer,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.mailbox.orphan();
    }
}

/// What a client is made from.
#[derive(Debug, Clone)]
pub struct Builder<R> {
    runtime: R,
    config: Config,
    seeds: Vec<Address>,
}

impl<R> Builder<R> {
    /// On a runtime of one's own: see [the guide](super::guide). The clients of adapters have a
    /// shorter way: `Client::builder`.
    #[must_use]
    pub fn new(runtime: R) -> Self {
        Self { runtime, config: Config::default(), seeds: Vec::new() }
    }

    /// What a URL says.
    pub(super) fn of_url(runtime: R, url: &str) -> Result<Self, ConfigError> {
        let (config, seeds) = parse_url(url)?;
        Ok(Self { runtime, config, seeds })
    }

    /// The same on another runtime.
    #[cfg(feature = "blocking")]
    pub(super) fn on<O>(self, runtime: O) -> Builder<O> {
        let Self { runtime: _, config, seeds } = self;
        Builder { runtime, config, seeds }
    }

    /// Adds a node to ask for the cluster. One that can be reached is enough; several are safer.
    #[must_use]
    pub fn seed(mut self, seed: Address) -> Self {
        self.seeds.push(seed);
        self
    }

    /// User name and password for every node.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.config.credentials = Some(credentials);
        self
    }

    /// The time budget of a call, connecting included.
    #[must_use]
    pub const fn call_timeout(mut self, timeout: Duration) -> Self {
        self.config.call_timeout = timeout;
        self
    }

    /// Changes anything else of the configuration.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }
}

impl<R: Runtime> Builder<R> {
    /// Connects: returns as soon as the topology of the cluster is known.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn connect(self) -> Result<Client<R>, ConnectError> {
        let epoch = std::time::Instant::now();
        let random_seed = RandomState::new().build_hasher().finish();
        let cluster = Cluster::new(Instant::EPOCH, self.config, self.seeds, random_seed)?;
        let mailbox = Arc::new(Mailbox::new());
        let listeners = Arc::new(Listeners::default());
        let client = Client {
            shared: Arc::new(Shared {
                mailbox: Arc::clone(&mailbox),
                listeners: Arc::clone(&listeners),
                observer: Observer::default(),
            }),
            runtime: PhantomData,
        };
        let driver = Driver::new(self.runtime.clone(), cluster, mailbox, listeners, epoch);
        self.runtime.spawn(driver);
        client.call(Call::discovery()).await?;
        Ok(client)
    }
}

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
    /// The system gave the client nothing to wait with, because it is out of file descriptors or of
    /// memory. Blocking clients only.
    #[error("the operating system has no means to wait for sockets: {0}")]
    System(std::io::ErrorKind),
}

impl<R: Runtime + Default> Client<R> {
    /// Connects to the cluster of a URL: `redis://[[user]:password@]host[:port][,host[:port]..]`.
    /// The port is 6379 if there is none. Returns as soon as the topology of the cluster is known.
    ///
    /// # Errors
    /// [`ConnectError::Config`] if the URL cannot be read; [`ConnectError::Cluster`] if no seed leads
    /// to a cluster: at once if all that answer refuse the password or are no cluster, else after
    /// `call_timeout`.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Builder::of_url(R::default(), url)?.connect().await
    }

    /// A client to be configured before it connects.
    #[must_use]
    pub fn builder() -> Builder<R> {
        Builder::new(R::default())
    }
}

impl<R: Runtime> Client<R> {
    /// Makes a call: a command with options, a batch or a transaction.
    ///
    /// # Errors
    /// [`Error`] tells what happened, and through [`Error::may_have_executed`] whether it is safe to
    /// call again. Errors of the commands of a batch stay in their places.
    pub async fn call(&self, call: Call) -> Result<Reply, Error> {
        let watch = self.shared.observer.begin(&call);
        let outcome = self.shared.mailbox.submit(call).await;
        watch.end(&outcome);
        outcome
    }

    /// Sends a command, and converts its reply.
    ///
    /// # Errors
    /// As [`Client::call`]; an error reply is [`Error::Server`], a reply of another type than asked
    /// for is [`Error::Conversion`].
    pub async fn command<V: FromReply>(&self, command: Command) -> Result<V, Error> {
        self.call_as(Call::new(command)).await
    }

    /// Makes a call of one command or of a transaction, and converts its reply. Replies of several
    /// nodes that stay apart are a map from address to reply.
    ///
    /// # Errors
    /// As [`Client::command`]. [`Error::Conversion`] for a batch: its replies are not one.
    pub async fn call_as<V: FromReply>(&self, call: Call) -> Result<V, Error> {
        let frame = self.call(call).await?.into_frame();
        Ok(V::from_frame(frame.ok_or_else(unexpected_reply)?)?)
    }

    /// Sends independent commands together, over any slots; each has an end of its own.
    ///
    /// # Errors
    /// [`Error::NotExecuted`] or [`Error::Overloaded`] if one of them cannot be sent: none is.
    pub async fn batch(
        &self,
        commands: impl IntoIterator<Item = Command>,
    ) -> Result<Vec<Result<Frame, Error>>, Error> {
        self.call_each(Call::batch(commands)).await
    }

    /// Makes a call of a batch, with options: each of its commands has an end of its own.
    ///
    /// # Errors
    /// As [`Client::batch`]. [`Error::Conversion`] for a call of another kind.
    pub async fn call_each(&self, call: Call) -> Result<Vec<Result<Frame, Error>>, Error> {
        match self.call(call).await? {
            Reply::Many(results) => Ok(results),
            Reply::One(_) | Reply::PerNode(_) | Reply::Ready => Err(unexpected_reply()),
        }
    }

    /// Runs commands of one slot as a transaction, and converts the array of their replies.
    ///
    /// # Errors
    /// As [`Client::command`]; the error of a command that was refused before the transaction ran is
    /// the transaction's.
    pub async fn transaction<V: FromReply>(
        &self,
        commands: impl IntoIterator<Item = Command>,
    ) -> Result<V, Error> {
        self.call_as(Call::transaction(commands)).await
    }

    /// The value of a key: `None` into an `Option` if there is none.
    ///
    /// # Errors
    /// As [`Client::command`].
    pub async fn get<V: FromReply>(&self, key: impl Into<Arg<'_>>) -> Result<V, Error> {
        self.command(Command::get(key)).await
    }

    /// Sets the value of a key.
    ///
    /// # Errors
    /// As [`Client::command`].
    pub async fn set(
        &self,
        key: impl Into<Arg<'_>>,
        value: impl Into<Arg<'_>>,
    ) -> Result<(), Error> {
        self.command(Command::set(key, value)).await
    }

    /// Deletes a key. Whether there was one.
    ///
    /// # Errors
    /// As [`Client::command`].
    pub async fn del(&self, key: impl Into<Arg<'_>>) -> Result<bool, Error> {
        self.command(Command::del(key)).await
    }

    /// Whether there is a key.
    ///
    /// # Errors
    /// As [`Client::command`].
    pub async fn exists(&self, key: impl Into<Arg<'_>>) -> Result<bool, Error> {
        self.command(Command::exists(key)).await
    }

    /// Adds one to a number, and returns the sum.
    ///
    /// # Errors
    /// As [`Client::command`].
    pub async fn incr(&self, key: impl Into<Arg<'_>>) -> Result<i64, Error> {
        self.command(Command::incr(key)).await
    }

    /// Adds to a number, and returns the sum.
    ///
    /// # Errors
    /// As [`Client::command`].
    pub async fn incr_by(&self, key: impl Into<Arg<'_>>, increment: i64) -> Result<i64, Error> {
        self.command(Command::incr_by(key, increment)).await
    }

    /// Has a key expire after so many seconds. Whether there is one.
    ///
    /// # Errors
    /// As [`Client::command`].
    pub async fn expire(&self, key: impl Into<Arg<'_>>, seconds: u64) -> Result<bool, Error> {
        self.command(Command::expire(key, seconds)).await
    }

    /// Asks a node for the commands that it has, so that those of modules and of newer servers go
    /// where they belong. Returns how many the client did not know before. Nothing else needs it.
    ///
    /// # Errors
    /// As [`Client::command`]: the user of the connection needs the permission to run `COMMAND`.
    pub async fn learn(&self) -> Result<usize, Error> {
        let reply: Frame = self.command(Command::new("COMMAND")).await?;
        let learned = Learned::read(&reply)?;
        let count = learned.commands().len();
        self.shared.mailbox.request(std::boxed::Box::new(move |cluster, _| cluster.learn(learned)));
        Ok(count)
    }

    /// All keys of the cluster, page by page, while slots move and nodes fail.
    #[must_use]
    pub fn scan(&self, scan: Scan) -> Keys<R> {
        Keys::new(self.clone(), scan)
    }

    /// Reads the topology again, as soon as that is allowed.
    pub fn reinit_topology(&self) {
        self.shared.mailbox.request(std::boxed::Box::new(Cluster::reinit_topology));
    }

    /// What would become of a call if it were made now: where its commands would go, and how the
    /// replies would become one. Sends nothing.
    ///
    /// # Errors
    /// As [`Client::call`] for a call that cannot be sent as it is.
    pub async fn explain(&self, call: Call) -> Result<Explanation, Error> {
        self.ask(|cluster| cluster.explain(call)).await?
    }

    /// What was counted so far.
    ///
    /// # Errors
    /// [`Error::Closed`] if the client is.
    pub async fn stats(&self) -> Result<Stats, Error> {
        self.ask(|cluster| *cluster.stats()).await
    }

    /// Who serves which slot, as far as is known.
    ///
    /// # Errors
    /// [`Error::Closed`] if the client is.
    pub async fn topology(&self) -> Result<Topology, Error> {
        self.ask(|cluster| cluster.topology().clone()).await
    }

    /// What happens from now on: redirections, changes of the topology, links that come and go.
    #[must_use]
    pub fn notices(&self) -> Notices {
        self.shared.listeners.listen()
    }

    /// Closes the client and all its clones: waits for replies to what was sent, `drain_timeout` of
    /// the configuration at the most. What was not sent ends with [`Error::Closed`].
    pub async fn close(&self) {
        let mut notices = self.notices();
        self.shared.mailbox.request(std::boxed::Box::new(Cluster::shut_down));
        while !self.shared.mailbox.is_closed() && notices.next().await.is_some() {}
    }

    async fn ask<V: Send + 'static>(
        &self,
        question: impl FnOnce(&Cluster<super::mailbox::Token>) -> V + Send + 'static,
    ) -> Result<V, Error> {
        let (bringer, answer) = Answer::new();
        self.shared.mailbox.request(std::boxed::Box::new(move |cluster, _| {
            bringer.bring(question(cluster));
        }));
        answer.await.ok_or(Error::Closed)
    }
}

/// A call of one kind was answered as another: cannot happen.
fn unexpected_reply() -> Error {
    ConversionError::Type { expected: "the reply to another call", got: "a reply" }.into()
}
