//! What a client is built from, and why that may fail.

use super::std;

use core::future::Future;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::string::ToString as _;
use std::sync::Arc;
use std::vec::Vec;

use super::client::Client;
use super::dial::Dialler;
use super::driver::Driver;
use super::events::Listeners;
use super::mailbox::Mailbox;
use super::permit::Permit;
use super::provider::Provider;
use super::runtime::Runtime;
#[cfg(feature = "tls")]
use super::tls::Tls;
#[cfg(doc)]
use crate::error::Disconnect;
use crate::error::{Cause, ConfigError, Failure, Ran, SystemText};
use crate::url::UrlTls;
use crate::{Address, Call, Cluster, Config, Credentials, Error, Url};

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
    /// A builder on a runtime of your own: see the page `hashslot::guide::transports`. With an
    /// adapter, use `Client::builder`.
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
        let mailbox = Arc::new(Mailbox::new(cluster.config()));
        let listeners = Arc::new(Listeners::default());
        let client = Client::new(Arc::clone(&mailbox), Arc::clone(&listeners));
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
