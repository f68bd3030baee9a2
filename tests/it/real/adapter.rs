//! What the suite is written against: an adapter, and the client that it comes with.
//!
//! Every test of this folder is a function that is generic over an [`Adapter`]; `on_every_adapter!`
//! at the end of its file makes a test of it for each adapter that is turned on. To have one more
//! take part, implement [`Adapter`] for a type of its own, in a file of its own as `polled.rs` is,
//! and add that type to the macro.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::process;
use std::time::Duration;

use bytes::Bytes;
#[cfg(feature = "tls")]
use hashslot::Tls;
use hashslot::cmd::{self, TypedCommand};
use hashslot::command::OneOrMore;
use hashslot::plan::{ClusterHealth, Explanation};
use hashslot::runtimes::{Builder, ConnectError};
use hashslot::topology::Topology;
use hashslot::{
    Address, Call, Command, Config, Credentials, Error, Event, Frame, FromValue, Reply, Scan,
    Stats, ToArg,
};

use super::{Done, Failure};

/// What a method of a client returns. A client that blocks does so elsewhere meanwhile.
pub(crate) type Pending<'a, V> = Pin<Box<dyn Future<Output = V> + Send + 'a>>;

/// An adapter, and what drives its tests.
pub(crate) trait Adapter: 'static {
    /// Its feature.
    const NAME: &'static str;
    /// Whether a call is given up when its future is dropped; else it goes on.
    const GIVES_UP: bool;

    type Client: Client;

    /// Runs a future to its end on this thread, which may block. Tasks run on others.
    fn block_on<V>(future: impl Future<Output = V>) -> V;

    /// Runs a future to its end, beside everything else.
    fn spawn(future: impl Future<Output = ()> + Send + 'static);

    fn sleep(duration: Duration) -> Pending<'static, ()>;

    fn connect(setup: Setup) -> Pending<'static, Result<Self::Client, ConnectError>>;

    fn connect_url(url: &str) -> Pending<'_, Result<Self::Client, ConnectError>>;
}

/// What a client is made from: each field by the method of the builder that is for it.
#[derive(Default)]
pub(crate) struct Setup {
    pub(crate) seeds: Vec<Address>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) credentials_from: Option<Immediate>,
    pub(crate) credentials_provider: Option<Provider>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Tls>,
    pub(crate) call_timeout: Option<Duration>,
    /// Whether the cluster is not waited for.
    pub(crate) lazily: bool,
    pub(crate) change: Option<Change>,
}

/// Has the credentials of a node at once.
pub(crate) type Immediate = Box<dyn Fn(Address) -> Provided + Send + Sync>;
/// Has them in time.
pub(crate) type Provider = Box<dyn Fn(Address) -> Pending<'static, Provided> + Send + Sync>;
/// What a client is told that asks for credentials.
type Provided = Result<Credentials, Failure>;
/// Changes what has no method of its own.
type Change = Box<dyn FnOnce(&mut Config) + Send>;

impl Setup {
    pub(crate) fn new(seeds: &[String]) -> Self {
        let seed = |seed: &String| seed.parse().expect("tests write addresses");
        Self { seeds: seeds.iter().map(seed).collect(), ..Self::default() }
    }

    /// Applies all of it to a builder of the crate.
    pub(crate) fn apply<R>(self, mut builder: Builder<R>) -> Builder<R> {
        for seed in self.seeds {
            builder = builder.seed(seed);
        }
        if let Some(credentials) = self.credentials {
            builder = builder.credentials(credentials);
        }
        if let Some(provide) = self.credentials_from {
            builder = builder.credentials_from(provide);
        }
        if let Some(provide) = self.credentials_provider {
            builder = builder.credentials_provider(provide);
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = self.tls {
            builder = builder.tls(tls);
        }
        if let Some(timeout) = self.call_timeout {
            builder = builder.call_timeout(timeout);
        }
        if let Some(change) = self.change {
            builder = builder.configure(change);
        }
        builder
    }
}

/// What a reply is converted to.
pub(crate) trait Answer: FromValue + Send + 'static {}

impl<V: FromValue + Send + 'static> Answer for V {}

/// A client, as tests use it: the methods of its own by their names.
pub(crate) trait Client: Clone + Debug + Send + Sync + 'static {
    type Keys: Keys;
    type Events: Events;

    fn call(&self, call: Call) -> Pending<'_, Result<Reply, Error>>;

    fn command<V: Answer>(&self, command: Command) -> Pending<'_, Result<V, Error>>;

    fn call_as<V: Answer>(&self, call: Call) -> Pending<'_, Result<V, Error>>;

    fn pipeline(
        &self,
        commands: impl IntoIterator<Item = Command>,
    ) -> Pending<'_, Result<Vec<Result<Frame, Error>>, Error>>;

    fn call_each(&self, call: Call) -> Pending<'_, Result<Vec<Result<Frame, Error>>, Error>>;

    fn transaction<V: Answer>(
        &self,
        commands: impl IntoIterator<Item = Command>,
    ) -> Pending<'_, Result<V, Error>>;

    fn run<C: TypedCommand<Reply: Answer>>(
        &self,
        command: C,
    ) -> Pending<'_, Result<C::Reply, Error>>;

    fn get<V: Answer>(&self, key: impl ToArg) -> Pending<'_, Result<V, Error>> {
        self.run(cmd::get(key))
    }

    fn set(&self, key: impl ToArg, value: impl ToArg) -> Pending<'_, Result<(), Error>> {
        self.run(cmd::set(key, value))
    }

    fn del(&self, keys: impl OneOrMore) -> Pending<'_, Result<u64, Error>> {
        self.run(cmd::del(keys))
    }

    fn exists(&self, keys: impl OneOrMore) -> Pending<'_, Result<u64, Error>> {
        self.run(cmd::exists(keys))
    }

    fn incr(&self, key: impl ToArg) -> Pending<'_, Result<i64, Error>> {
        self.run(cmd::incr(key))
    }

    fn incrby(&self, key: impl ToArg, increment: i64) -> Pending<'_, Result<i64, Error>> {
        self.run(cmd::incrby(key, increment))
    }

    fn expire(&self, key: impl ToArg, ttl: Duration) -> Pending<'_, Result<bool, Error>> {
        self.run(cmd::expire(key, ttl))
    }

    fn load_commands(&self) -> Pending<'_, Result<usize, Error>>;

    fn set_credentials(&self, credentials: Credentials) -> Pending<'_, Result<(), Error>>;

    fn scan(&self, scan: Scan) -> Self::Keys;

    fn refresh_topology(&self);

    fn explain(&self, call: Call) -> Pending<'_, Result<Explanation, Error>>;

    fn stats(&self) -> Pending<'_, Result<Stats, Error>>;

    fn topology(&self) -> Pending<'_, Result<Topology, Error>>;

    fn health(&self, timeout: Duration) -> Pending<'_, Result<ClusterHealth, Error>>;

    fn events(&self) -> Self::Events;

    fn close(&self) -> Pending<'_, ()>;
}

/// Keys on their way.
pub(crate) trait Keys: Send {
    fn next(&mut self) -> Pending<'_, Result<Option<Vec<Bytes>>, Error>>;

    fn done_count(&self) -> usize;
}

/// What a client has to tell.
pub(crate) trait Events: Send {
    fn next(&mut self) -> Pending<'_, Option<Event>>;

    fn try_next(&mut self) -> Option<Event>;
}

/// Makes a test of each function for each adapter:
/// `real::client::smol::large_values_come_back_whole`.
///
/// A function that is not listed is unused, and the compiler says so.
macro_rules! on_every_adapter {
    ($($test:ident,)*) => {
        #[cfg(feature = "tokio")]
        mod tokio {
            $(#[test]
            fn $test() -> $crate::real::Done {
                super::$test::<hashslot::tokio::Tokio>()
            })*
        }

        #[cfg(feature = "smol")]
        mod smol {
            $(#[test]
            fn $test() -> $crate::real::Done {
                super::$test::<hashslot::smol::Smol>()
            })*
        }

        #[cfg(feature = "async-std")]
        mod async_std {
            $(#[test]
            fn $test() -> $crate::real::Done {
                super::$test::<hashslot::async_std::AsyncStd>()
            })*
        }

        #[cfg(all(feature = "blocking", feature = "smol"))]
        mod blocking {
            $(#[test]
            fn $test() -> $crate::real::Done {
                super::$test::<$crate::real::blocked::Blocked>()
            })*
        }
    };
}
pub(crate) use on_every_adapter;

/// The modules that [`on_every_adapter`] makes with the features that are on.
const MODULES: &[&str] = &[
    #[cfg(feature = "tokio")]
    "tokio",
    #[cfg(feature = "smol")]
    "smol",
    #[cfg(feature = "async-std")]
    "async_std",
    #[cfg(all(feature = "blocking", feature = "smol"))]
    "blocking",
];

/// No adapter has a test that another has not. Says how many there are.
#[test]
fn all_adapters_have_the_same_tests() -> Done {
    let output = process::Command::new(env::current_exe()?).args(["--list", "real::"]).output()?;
    let list = String::from_utf8(output.stdout)?;
    let mut of_adapters: BTreeMap<_, BTreeSet<_>> =
        MODULES.iter().map(|name| (*name, BTreeSet::new())).collect();
    for name in list.lines().filter_map(|line| line.strip_suffix(": test")) {
        let (module, test) = name.rsplit_once("::").ok_or("a test without a module")?;
        let (file, adapter) = module.rsplit_once("::").unwrap_or(("", module));
        if let Some(tests) = of_adapters.get_mut(adapter) {
            tests.insert((file, test));
        }
    }
    for (adapter, tests) in &of_adapters {
        eprintln!("{adapter}: {} tests", tests.len());
        assert!(!tests.is_empty());
    }
    let mut each = of_adapters.values();
    let first = each.next().ok_or("no adapter")?;
    assert!(each.all(|tests| tests == first), "{of_adapters:#?}");
    Ok(())
}
