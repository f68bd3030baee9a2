//! From an address to a connection that the machine may use.
//!
//! A dial connects, and asks for credentials if somebody provides them. All of it is one future, so
//! that the machine's `connect_timeout` covers all of it.

use super::std;

use std::boxed::Box;

use super::provider::Provider;
use super::runtime::Runtime;
use super::socket::Dial;
use crate::{Address, Credentials};

/// How connections of a client are made.
pub(super) struct Dialler<R> {
    runtime: R,
    provider: Option<Provider>,
}

/// A connection that is made.
pub(super) struct Dialled<S> {
    pub(super) stream: S,
    /// Its own credentials, if somebody provides them.
    pub(super) credentials: Option<Credentials>,
}

impl<R: Runtime> Dialler<R> {
    pub(super) const fn new(runtime: R, provider: Option<Provider>) -> Self {
        Self { runtime, provider }
    }

    /// Begins to connect to a node.
    pub(super) fn dial(&self, address: Address) -> Dial<R::Stream> {
        let connect = self.runtime.connect(address.clone());
        let provider = self.provider.clone();
        Box::pin(async move {
            let stream = connect.await?;
            // Asked last: a node that cannot be reached needs no credentials.
            let credentials = match provider {
                Some(provider) => Some(provider.ask(address).await?),
                None => None,
            };
            Ok(Dialled { stream, credentials })
        })
    }
}
