//! From an address to a connection that the machine may use.
//!
//! A dial connects, secures the connection if the client is to use TLS, and asks for credentials if
//! somebody provides them. All of it is one future, so that the machine's `connect_timeout` covers all
//! of it. With TLS there is no way to a plain connection: what cannot be secured is closed.

use super::std;

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
#[cfg(feature = "tls")]
use core::time::Duration;
use std::boxed::Box;
use std::io::{self, IoSlice};

use super::provider::Provider;
use super::runtime::{Runtime, Stream};
#[cfg(feature = "tls")]
use super::tls::{Secured, Security, secure};
use crate::topology::Topology;
use crate::{Address, Config, Credentials, Room};

/// How connections of a client are made.
pub(super) struct Dialler<R> {
    runtime: R,
    provider: Option<Provider>,
    #[cfg(feature = "tls")]
    security: Option<Security>,
    #[cfg(feature = "tls")]
    patience: Duration,
}

/// A connection that is being made.
pub(super) type Dial<S> = Pin<Box<dyn Future<Output = io::Result<Dialled<S>>> + Send>>;

/// A connection that is made.
pub(super) struct Dialled<S> {
    pub(super) stream: S,
    /// Its own credentials, if somebody provides them.
    pub(super) credentials: Option<Credentials>,
}

impl<R: Runtime> Dialler<R> {
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "TLS alone is patient"))]
    pub(super) fn new(runtime: R, config: &Config, provider: Option<Provider>) -> Self {
        Self {
            runtime,
            provider,
            #[cfg(feature = "tls")]
            security: None,
            #[cfg(feature = "tls")]
            patience: config.tls_timeout(),
        }
    }

    #[cfg(feature = "tls")]
    pub(super) fn with_security(self, security: Option<Security>) -> Self {
        Self { security, ..self }
    }

    /// Begins to connect to a node. What is known of the cluster may tell its name.
    #[cfg(feature = "tls")]
    pub(super) fn dial(&self, address: Address, topology: &Topology) -> Dial<Wire<R::Stream>> {
        let Some(security) = self.security.clone() else { return self.dial_plain(address) };
        let name = security.name_of(&address, topology);
        let patience = self.runtime.sleep(self.patience);
        let connect = self.runtime.connect(address.clone());
        let provider = self.provider.clone();
        Box::pin(async move {
            let name = name.map_err(io::Error::other)?; // before anybody is bothered
            let secured = secure(connect.await?, security, name, patience).await?;
            let credentials = ask(provider, address).await?;
            Ok(Dialled { stream: Wire::Secured(Box::new(secured)), credentials })
        })
    }

    #[cfg(not(feature = "tls"))]
    pub(super) fn dial(&self, address: Address, _: &Topology) -> Dial<Wire<R::Stream>> {
        self.dial_plain(address)
    }

    fn dial_plain(&self, address: Address) -> Dial<Wire<R::Stream>> {
        let connect = self.runtime.connect(address.clone());
        let provider = self.provider.clone();
        Box::pin(async move {
            let stream = Wire::Plain(connect.await?);
            let credentials = ask(provider, address).await?;
            Ok(Dialled { stream, credentials })
        })
    }
}

/// Asked last: a node that cannot be reached needs no credentials, and a stranger gets none.
async fn ask(provider: Option<Provider>, node: Address) -> io::Result<Option<Credentials>> {
    match provider {
        Some(provider) => provider.ask(node).await.map(Some),
        None => Ok(None),
    }
}

/// A connection, as it is or secured.
pub(super) enum Wire<S: Stream> {
    Plain(S),
    #[cfg(feature = "tls")]
    Secured(Box<Secured<S>>),
}

impl<S: Stream> Stream for Wire<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => stream.poll_read(cx, into),
            #[cfg(feature = "tls")]
            Self::Secured(stream) => stream.poll_read(cx, into),
        }
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>, room: &mut Room<'_>) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => stream.poll_fill(cx, room),
            #[cfg(feature = "tls")]
            Self::Secured(stream) => stream.poll_fill(cx, room),
        }
    }

    fn has_input(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.has_input(),
            #[cfg(feature = "tls")]
            Self::Secured(stream) => stream.has_input(),
        }
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => stream.poll_write(cx, from),
            #[cfg(feature = "tls")]
            Self::Secured(stream) => stream.poll_write(cx, from),
        }
    }
}
