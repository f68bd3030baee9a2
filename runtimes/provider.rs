//! Who is asked for the credentials of each connection.

use super::std;

use core::fmt;
use core::future::{Future, ready};
use core::pin::Pin;
use std::boxed::Box;
use std::io;
use std::sync::Arc;

use crate::{Address, Credentials};

/// Who is asked for the credentials of each connection.
#[derive(Clone)]
pub(super) struct Provider(Arc<dyn Fn(Address) -> Provided + Send + Sync>);

type Provided = Pin<Box<dyn Future<Output = io::Result<Credentials>> + Send>>;

/// There are none. Why is the provider's own: it may tell secrets.
#[derive(Debug, thiserror::Error)]
#[error("no credentials")]
pub(super) struct NoCredentials;

impl Provider {
    pub(super) fn new<F, E>(provide: impl Fn(Address) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Credentials, E>> + Send + 'static,
    {
        Self(Arc::new(move |address| {
            let provided = provide(address);
            Box::pin(async move { provided.await.map_err(|_| io::Error::other(NoCredentials)) })
        }))
    }

    /// One that answers at once.
    pub(super) fn immediate<E>(
        provide: impl Fn(Address) -> Result<Credentials, E> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move |address| {
            Box::pin(ready(provide(address).map_err(|_| io::Error::other(NoCredentials))))
        }))
    }

    pub(super) fn ask(&self, address: Address) -> Provided {
        (self.0)(address)
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider(..)")
    }
}
