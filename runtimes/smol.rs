//! The adapter for smol.
//!
//! One task on smol's global executor drives the client; it ends with the last clone of the client.

use super::std;

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io::{self, IoSlice};
use std::vec::Vec;

use smol::Timer;
use smol::io::{AsyncRead, AsyncWrite};
use smol::net::TcpStream;
#[cfg(unix)]
use smol::net::unix::UnixStream;

use super::lookup;
#[cfg(not(unix))]
use super::runtime::NoUnixStream as UnixStream;
use super::runtime::{Either, Runtime, Stream, polled_streams};
use super::tcp;
use crate::Address;

/// A client on smol. Needs no executor of the caller's: smol brings one.
///
/// Its methods are those of [`runtimes::Client`](crate::runtimes::Client).
pub type Client = super::client::Client<Smol>;

/// smol, as the driver uses it.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Smol;

impl Runtime for Smol {
    type Stream = Either<TcpStream, UnixStream>;

    #[expect(clippy::manual_async_fn, reason = "an async fn would borrow the runtime")]
    fn resolve(
        &self,
        address: Address,
    ) -> impl Future<Output = io::Result<Vec<Address>>> + Send + 'static {
        async move { Ok(tcp::addresses(lookup::resolve(&address).await?)) }
    }

    #[expect(clippy::manual_async_fn, reason = "an async fn would borrow the runtime")]
    fn connect(
        &self,
        address: Address,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send + 'static {
        async move {
            if let Some(path) = address.unix_path() {
                return UnixStream::connect(path).await.map(Either::Unix);
            }
            let stream = TcpStream::connect(&*lookup::resolve(&address).await?).await?;
            tcp::tune(&stream)?;
            Ok(Either::Tcp(stream))
        }
    }

    #[expect(clippy::manual_async_fn, reason = "an async fn would borrow the runtime")]
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        async move {
            Timer::after(duration).await;
        }
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        smol::spawn(future).detach();
    }
}

polled_streams!(AsyncRead, AsyncWrite: TcpStream, #[cfg(unix)] UnixStream);
