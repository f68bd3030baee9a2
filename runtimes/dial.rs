//! How a connection is made: all that comes before the first byte of the protocol.

use super::std;

use core::fmt;
use core::future::{Future, ready};
use core::pin::Pin;
use std::boxed::Box;
use std::sync::Arc;

use super::runtime::Runtime;
use super::socket::closed_by;
use crate::{Address, Closed, Credentials};

/// A connection that is being made. Dropping it gives it up.
pub(super) type Dial<S> = Pin<Box<dyn Future<Output = Result<Dialled<S>, Closed>> + Send>>;

/// A connection that is made.
pub(super) struct Dialled<S> {
    pub(super) stream: S,
    /// Its own credentials, if somebody provides them.
    pub(super) credentials: Option<Credentials>,
}

/// How connections are made.
#[derive(Debug, Clone, Default)]
pub(super) struct Dialler {
    pub(super) provider: Option<Provider>,
}

impl Dialler {
    pub(super) fn dial<R: Runtime>(&self, runtime: &R, address: Address) -> Dial<R::Stream> {
        let connect = runtime.connect(address.clone());
        let provider = self.provider.clone();
        Box::pin(async move {
            let stream = connect.await.map_err(|error| closed_by(&error))?;
            // Asked last: a node that cannot be reached needs no credentials.
            let credentials = match provider {
                Some(provider) => Some(provider.ask(address).await?),
                None => None,
            };
            Ok(Dialled { stream, credentials })
        })
    }
}

type Provided = Pin<Box<dyn Future<Output = Result<Credentials, Closed>> + Send>>;

/// Who is asked for the credentials of each connection.
#[derive(Clone)]
pub(super) struct Provider(Arc<dyn Fn(Address) -> Provided + Send + Sync>);

impl Provider {
    /// An asynchronous one. Its error is its own: it may tell secrets.
    pub(super) fn new<P, F, E>(provide: P) -> Self
    where
        P: Fn(Address) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Credentials, E>> + Send + 'static,
    {
        Self(Arc::new(move |address| {
            let provided = provide(address);
            Box::pin(async move { provided.await.map_err(|_| Closed::Credentials) })
        }))
    }

    /// One that answers at once.
    pub(super) fn immediate<P, E>(provide: P) -> Self
    where
        P: Fn(Address) -> Result<Credentials, E> + Send + Sync + 'static,
    {
        Self(Arc::new(move |address| {
            Box::pin(ready(provide(address).map_err(|_| Closed::Credentials)))
        }))
    }

    fn ask(&self, address: Address) -> Provided {
        (self.0)(address)
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider(..)")
    }
}
