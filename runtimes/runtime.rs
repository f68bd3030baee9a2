//! What the driver needs from the outside: a runtime, and its connections.

use super::std;

use core::future::Future;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io::{self, IoSlice};

use crate::Address;

/// What the driver needs from a runtime.
pub trait Runtime: Clone + Send + Sync + Unpin + 'static {
    /// A connection of this runtime.
    type Stream: Stream;

    /// Connects to an address: resolves its host, and tries all that it resolves to.
    fn connect(
        &self,
        address: Address,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send + 'static;

    /// Waits for this long.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static;

    /// Runs a future to its end, beside everything else.
    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static);
}

/// What the driver needs from a connection. Closed when it is dropped.
pub trait Stream: Send + Unpin + 'static {
    /// Reads some bytes; 0 at the end of the stream.
    ///
    /// # Errors
    /// Whatever ends the connection.
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes some bytes.
    ///
    /// # Errors
    /// Whatever ends the connection.
    fn poll_write(&mut self, cx: &mut Context<'_>, from: &[IoSlice<'_>])
    -> Poll<io::Result<usize>>;
}

/// A connection over TCP, or over a Unix socket.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "there is no third kind")]
pub enum Either<T, U> {
    /// Over TCP.
    Tcp(T),
    /// Over a Unix socket.
    Unix(U),
}

impl<T: Stream, U: Stream> Stream for Either<T, U> {
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => stream.poll_read(cx, into),
            Self::Unix(stream) => stream.poll_read(cx, into),
        }
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => stream.poll_write(cx, from),
            Self::Unix(stream) => stream.poll_write(cx, from),
        }
    }
}

/// Where there are no Unix sockets, none can be dialled.
#[cfg(not(unix))]
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it has no value")]
pub enum NoUnixStream {}

#[cfg(not(unix))]
impl NoUnixStream {
    /// Refuses to connect.
    ///
    /// # Errors
    /// Always.
    pub async fn connect(_: &str) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(not(unix))]
impl Stream for NoUnixStream {
    fn poll_read(&mut self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        match *self {}
    }

    fn poll_write(&mut self, _: &mut Context<'_>, _: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match *self {}
    }
}
