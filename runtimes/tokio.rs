//! The adapter for tokio.
//!
//! Works on the multi-thread and the current-thread runtime. One task drives the client; it ends
//! with the last clone of the client, or with the runtime.

use super::std;

use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;
use std::io::{self, IoSlice};
use std::vec::Vec;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::runtime::Handle;

use super::cause::caught;
use super::lookup;
#[cfg(not(unix))]
use super::runtime::NoUnixStream as UnixStream;
use super::runtime::{Either, Runtime, Stream};
use super::tcp;
use crate::Address;
use crate::driver::ReceiveBuffer;

/// A client on tokio. Connect inside a runtime with I/O and time enabled: elsewhere connecting is
/// an error that says what is missing.
///
/// Its methods are those of [`runtimes::Client`](crate::runtimes::Client).
pub type Client = super::client::Client<Tokio>;

/// tokio, as the driver uses it.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Tokio;

const NO_RUNTIME: &str = "there is no tokio runtime here: connect within one, such as that of \
                          `#[tokio::main]`";
const NO_TIME: &str =
    "the tokio runtime has no timers: build it with `enable_time`, or `enable_all`";
#[cfg(unix)]
const NO_IO: &str = "the tokio runtime has no sockets: build it with `enable_io`, or `enable_all`";

impl Runtime for Tokio {
    type Stream = Either<TcpStream, UnixStream>;

    fn check(&self) -> io::Result<()> {
        if Handle::try_current().is_err() {
            return Err(io::Error::other(NO_RUNTIME));
        }
        // tokio has no other way to tell; the handler of panics sees what is caught here.
        if caught(|| drop(tokio::time::sleep(Duration::ZERO))).is_err() {
            return Err(io::Error::other(NO_TIME));
        }
        #[cfg(unix)]
        if caught(|| drop(tokio::net::UnixDatagram::unbound())).is_err() {
            return Err(io::Error::other(NO_IO));
        }
        Ok(())
    }

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
        tokio::time::sleep(duration)
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(future);
    }
}

macro_rules! streams {
    ($($(#[$when:meta])* $stream:ident),+) => {$(
        $(#[$when])*
        impl Stream for $stream {
            fn poll_read(
                &mut self,
                cx: &mut Context<'_>,
                into: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                let mut into = ReadBuf::new(into);
                let read = AsyncRead::poll_read(Pin::new(self), cx, &mut into);
                read.map_ok(|()| into.filled().len())
            }

            fn poll_fill(
                &mut self,
                cx: &mut Context<'_>,
                room: &mut ReceiveBuffer<'_>,
            ) -> Poll<io::Result<usize>> {
                // The future has no state: what it has read it has said.
                pin!(self.read_buf(&mut room.as_buf())).poll(cx)
            }

            fn has_input(&self) -> bool {
                tcp::has_input(self)
            }

            fn poll_write(
                &mut self,
                cx: &mut Context<'_>,
                from: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                AsyncWrite::poll_write_vectored(Pin::new(self), cx, from)
            }
        }
    )+};
}
streams!(
    TcpStream,
    #[cfg(unix)]
    UnixStream
);
