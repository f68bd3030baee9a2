//! The adapter for async-std.
//!
//! One task on async-std's global executor drives the client; it ends with the last clone of the
//! client. async-std is discontinued (RUSTSEC-2025-0052): new programs are better off with smol.

use super::std;

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io::{self, IoSlice};
use std::vec::Vec;

use async_std::io::{Read, Write};
use async_std::net::TcpStream;
#[cfg(unix)]
use async_std::os::unix::net::UnixStream;
use async_std::task;

use super::lookup;
#[cfg(not(unix))]
use super::runtime::NoUnixStream as UnixStream;
use super::runtime::{Either, Runtime, Stream, polled_streams};
use super::tcp;
use crate::Address;

/// A client on async-std. Needs no executor of the caller's: async-std brings one.
///
/// Its methods are those of [`runtimes::Client`](crate::runtimes::Client).
pub type Client = super::client::Client<AsyncStd>;

/// async-std, as the driver uses it.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct AsyncStd;

impl Runtime for AsyncStd {
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

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        task::sleep(duration)
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        task::spawn(future);
    }
}

polled_streams!(Read, Write: TcpStream, #[cfg(unix)] UnixStream);
