//! From an address to a connection that the machine may use.
//!
//! A dial reaches the host, over whichever of its addresses answers first, secures the connection
//! if the client is to use TLS, and asks for credentials if there is a provider of them. All of it
//! is one future, so that the machine's `connect_timeout` covers all of it. With TLS there is no
//! way to a plain connection: what cannot be secured is closed.
//!
//! Dials and connections run code of the application: its runtime, its streams, its provider. A
//! panic there ends that one connection.

use super::std;

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
#[cfg(feature = "tls")]
use core::time::Duration;
use std::boxed::Box;
use std::io::{self, IoSlice};
use std::sync::Arc;

use super::cause::{caught, closed_by};
use super::permit::Permit;
use super::provider::Provider;
use super::race::reach;
use super::runtime::{Runtime, Stream};
#[cfg(feature = "tls")]
use super::tls::{Secured, Security, secure};
use crate::driver::ReceiveBuffer;
use crate::error::Disconnect;
use crate::topology::Topology;
use crate::{Address, Config, Credentials};

/// How connections of a client are made.
pub(super) struct Dialler<R> {
    runtime: R,
    /// Without credentials: the machine sends those.
    config: Arc<Config>,
    provider: Option<Provider>,
    permit: Permit,
    #[cfg(feature = "tls")]
    security: Option<Security>,
    #[cfg(feature = "tls")]
    patience: Duration,
}

/// A connection that is being made.
pub(super) type Dial<S> = Pin<Box<dyn Future<Output = Result<Dialled<S>, Disconnect>> + Send>>;

/// A connection that is made.
pub(super) struct Dialled<S> {
    pub(super) stream: S,
    /// Its own credentials, if there is a provider of them.
    pub(super) credentials: Option<Credentials>,
}

impl<R: Runtime> Dialler<R> {
    pub(super) fn new(
        runtime: R,
        config: &Config,
        provider: Option<Provider>,
        permit: Permit,
    ) -> Self {
        Self {
            runtime,
            config: Arc::new(Config { credentials: None, ..config.clone() }),
            provider,
            permit,
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
        let name = caught(|| security.name_of(&address, topology));
        let (runtime, patience) = (self.runtime.clone(), self.patience);
        let (config, provider) = (Arc::clone(&self.config), self.provider.clone());
        let permit = self.permit.clone();
        guarded(async move {
            let name = name?.map_err(Disconnect::Tls)?; // before any node is dialled
            let patience = runtime.sleep(patience);
            let stream = reach(&runtime, address.clone(), &config, &permit).await?;
            let secured = secure(stream, security, name, patience).await;
            let secured = secured.map_err(|error| closed_by(&error))?;
            let credentials = ask(provider, address).await?;
            Ok(Dialled { stream: Wire::Secured(Box::new(secured)), credentials })
        })
    }

    #[cfg(not(feature = "tls"))]
    pub(super) fn dial(&self, address: Address, _: &Topology) -> Dial<Wire<R::Stream>> {
        self.dial_plain(address)
    }

    fn dial_plain(&self, address: Address) -> Dial<Wire<R::Stream>> {
        let runtime = self.runtime.clone();
        let (config, provider) = (Arc::clone(&self.config), self.provider.clone());
        let permit = self.permit.clone();
        guarded(async move {
            let stream = Wire::Plain(reach(&runtime, address.clone(), &config, &permit).await?);
            let credentials = ask(provider, address).await?;
            Ok(Dialled { stream, credentials })
        })
    }
}

/// A dial whose panics are errors.
fn guarded<V: 'static>(
    dial: impl Future<Output = Result<V, Disconnect>> + Send + 'static,
) -> Pin<Box<dyn Future<Output = Result<V, Disconnect>> + Send>> {
    Box::pin(async move {
        let mut dial = pin!(dial);
        poll_fn(move |cx| {
            caught(|| dial.as_mut().poll(cx)).unwrap_or_else(|cause| Poll::Ready(Err(cause)))
        })
        .await
    })
}

/// Asked last: a node that cannot be reached needs no credentials, and a stranger gets none.
async fn ask(provider: Option<Provider>, node: Address) -> Result<Option<Credentials>, Disconnect> {
    let Some(provider) = provider else { return Ok(None) };
    // Neither its errors nor its panics are told: they may tell secrets.
    let asked = guarded(async move { provider.ask(node).await.map_err(|error| closed_by(&error)) });
    asked.await.map(Some).map_err(|_| Disconnect::Credentials)
}

/// A connection, as it is or secured.
pub(super) enum Wire<S: Stream> {
    Plain(S),
    #[cfg(feature = "tls")]
    Secured(Box<Secured<S>>),
}

/// A panic in the stream of an application ends its connection, and no other.
impl<S: Stream> Stream for Wire<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        polled(|| match self {
            Self::Plain(stream) => stream.poll_read(cx, into),
            #[cfg(feature = "tls")]
            Self::Secured(stream) => stream.poll_read(cx, into),
        })
    }

    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        room: &mut ReceiveBuffer<'_>,
    ) -> Poll<io::Result<usize>> {
        polled(|| match self {
            Self::Plain(stream) => stream.poll_fill(cx, room),
            #[cfg(feature = "tls")]
            Self::Secured(stream) => stream.poll_fill(cx, room),
        })
    }

    fn has_input(&self) -> bool {
        // A stream that panics has something to be told: the next poll brings it.
        caught(|| match self {
            Self::Plain(stream) => stream.has_input(),
            #[cfg(feature = "tls")]
            Self::Secured(stream) => stream.has_input(),
        })
        .unwrap_or(false)
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        polled(|| match self {
            Self::Plain(stream) => stream.poll_write(cx, from),
            #[cfg(feature = "tls")]
            Self::Secured(stream) => stream.poll_write(cx, from),
        })
    }
}

/// What a poll of a stream led to: an error, if it was a panic.
fn polled(poll: impl FnOnce() -> Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
    caught(poll).unwrap_or_else(|cause| Poll::Ready(Err(io::Error::other(cause))))
}
