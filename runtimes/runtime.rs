//! What the driver needs from the outside: a runtime, and its connections.

use super::std;

use core::future::{Future, ready};
use core::task::{Context, Poll};
use core::time::Duration;
use std::io::{self, IoSlice};
use std::vec::Vec;

use crate::Address;
#[cfg(doc)]
use crate::Config;
use crate::driver::ReceiveBuffer;

/// What the driver needs from a runtime: to dial, to wait, and a task to run in.
///
/// The page `hashslot::guide::transports` has a whole one, and the contract as a list. In short:
/// nothing here may block; whatever is pending wakes the task that polled it last when it can go
/// on; a future that is dropped is given up, and leaves nothing behind. A wake-up too many does no
/// harm, one too few stops the connection, or the client.
///
/// It is cloned for each client, so it should be a handle. Nothing in it is called by two threads
/// at a time on behalf of one client.
pub trait Runtime: Clone + Send + Sync + Unpin + 'static {
    /// A connection of this runtime.
    type Stream: Stream;

    /// Whether a client can run here. Called once for each client, by the task that connects it,
    /// before anything else.
    ///
    /// # Errors
    /// What is missing, and how to have it: the client is told in these words, as
    /// [`ConnectError::Runtime`](super::ConnectError::Runtime).
    fn check(&self) -> io::Result<()> {
        Ok(())
    }

    /// The addresses of a host that is a name, in the order in which the system prefers them. They
    /// are dialled as RFC 8305 has it: the next one after [`Config::dial_stagger`], or at once when
    /// one has failed, while the earlier ones go on; the first connection wins, and the others are
    /// dropped. IP addresses and paths of Unix sockets are not asked about.
    ///
    /// Unless it is written anew, the name itself is what is dialled, and
    /// [`connect`](Self::connect) resolves it. A runtime that stands on the one of an adapter hands
    /// this on.
    ///
    /// **Errors** end the dial, as
    /// [`Disconnect::NameResolution`](crate::error::Disconnect::NameResolution) in the words of the
    /// error; so does a list without an address.
    fn resolve(
        &self,
        address: Address,
    ) -> impl Future<Output = io::Result<Vec<Address>>> + Send + 'static {
        ready(Ok(Vec::from([address])))
    }

    /// Dials an address: one that [`resolve`](Self::resolve) has found, or that needed no
    /// resolving. If its host is a name nevertheless, it resolves that, and tries all that it
    /// resolves to. With TLS or a proxy between, the connection is ready when these are: the first
    /// write is the first byte of RESP.
    ///
    /// Called by the driver, within its task; the work is the future's, which must not block. The
    /// future needs no time limit: the machine has one, [`Config::connect_timeout`]. The driver
    /// drops the future when that time is over, or when the machine no longer needs the connection.
    /// Then the dial is given up: no connection stays open without an owner.
    ///
    /// **Errors** end the dial. The node is tried again after a pause, and commands that need it
    /// wait, or go elsewhere. The kind says what callers are told: `ConnectionRefused`, `TimedOut`,
    /// `HostUnreachable`, `NotFound` and `InvalidInput` for a name without an address; every other
    /// kind is told in its own words, as [`Disconnect::Other`](crate::error::Disconnect::Other). An
    /// error whose inner one is a [`Disconnect`](crate::error::Disconnect) is told as that. A panic
    /// is [`Disconnect::Panicked`](crate::error::Disconnect::Panicked).
    fn connect(
        &self,
        address: Address,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send + 'static;

    /// Waits for this long, from the call on.
    ///
    /// The future may end a few milliseconds late: all time limits are then late by as much. It
    /// must not end early, since the driver would spin until the time comes. A driver waits for one
    /// sleep at a time, and each dial for two more. The driver drops a sleep when it needs an
    /// earlier one.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static;

    /// Runs a future to its end, beside everything else. Called once a client, when it connects.
    ///
    /// The function must return before the future ends. The runtime must poll the future also while
    /// no caller waits: timers run then, and the driver reads replies to cancelled calls. A runtime
    /// that ends drops the future. That closes the client: calls in flight end with
    /// [`Cause::Runtime`](crate::error::Cause::Runtime), later ones with
    /// [`Failure::ShutDown`](crate::error::Failure::ShutDown). If a runtime keeps the future but no
    /// longer polls it, all callers wait for ever.
    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static);
}

/// What the driver needs from a connection: bytes that arrive whole, once and in order, or not at
/// all.
///
/// Reads and writes are polled by one task, which may wait for both at a time: a waker that one of
/// them has registered must not take the place of the other's, unless there is one place for both.
/// The waker of the last poll counts.
///
/// Dropping it closes the connection. That must not block; bytes that were taken and not sent yet
/// may be lost.
pub trait Stream: Send + Unpin + 'static {
    /// Reads some bytes, as many as are there and fit; 0 at the end of the stream.
    ///
    /// `into` is never empty. Pending means that there is nothing to read, and that the task is
    /// woken when there is, or when the connection ends: after part of what is there, the rest has
    /// to be ready at the next poll. After Pending it is polled again when its waker was woken,
    /// also while a write waits for room: with both buffers full the two sides would wait for each
    /// other. Not polled again after 0 or an error.
    ///
    /// # Errors
    /// Whatever ends the connection; `Interrupted` alone is tried again at once. `WouldBlock` is no
    /// exception: it has to become `Pending`. A panic ends this connection as well, and no other:
    /// callers are told its message, as
    /// [`Disconnect::Panicked`](crate::error::Disconnect::Panicked).
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Reads some bytes into the room that the machine has for the rest of a long reply, as
    /// [`poll_read`](Self::poll_read) does, which it calls unless it is written anew: for streams
    /// that can read into memory that nothing was written to yet.
    ///
    /// # Errors
    /// As for [`poll_read`](Self::poll_read).
    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        room: &mut ReceiveBuffer<'_>,
    ) -> Poll<io::Result<usize>> {
        self.poll_read(cx, room.as_slice())
    }

    /// Whether something has come in that was not read: bytes, the end of the stream, an error.
    ///
    /// Asks the system, and not what the runtime knows of it: the runtime may not have looked for
    /// long, because its process was stopped, or because it was not polled. The driver asks after a
    /// pause, before it writes and before it gives a connection up. What it is told of must become
    /// ready to be read, as soon as the runtime looks. Takes nothing, and never waits. False if
    /// that cannot be known: then a command may be written on a connection that has ended
    /// meanwhile, and [may have run](crate::Error::may_have_executed).
    fn has_input(&self) -> bool {
        false
    }

    /// Takes some bytes, from the first piece on, and tells how many: at least one.
    ///
    /// `from` has 1 to 64 pieces, none of them empty. Taken bytes are the stream's: it sends them
    /// by itself, without a flush. Pending means that it took none, and that the task is woken when
    /// it takes some. The next poll may bring other bytes: the machine may take back bytes that
    /// were not taken, so the stream must not remember any of them.
    ///
    /// The number must be exact. By it the machine knows which commands cannot have run, and sends
    /// those again: a byte that left and was not told lets a command run twice.
    ///
    /// # Errors
    /// Whatever ends the connection, as for [`poll_read`](Self::poll_read). None of the bytes may
    /// have left. Nothing is written after that; what has come in is read to its end, which must
    /// follow.
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

    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        room: &mut ReceiveBuffer<'_>,
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => stream.poll_fill(cx, room),
            Self::Unix(stream) => stream.poll_fill(cx, room),
        }
    }

    fn has_input(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.has_input(),
            Self::Unix(stream) => stream.has_input(),
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

/// Makes [`Stream`]s of connections with these traits of futures-io, by the names that a runtime
/// gives them.
#[cfg(any(feature = "async-std", feature = "smol"))]
macro_rules! polled_streams {
    ($read:ident, $write:ident: $($(#[$when:meta])* $stream:ident),+) => {$(
        $(#[$when])*
        impl Stream for $stream {
            fn poll_read(
                &mut self,
                cx: &mut Context<'_>,
                into: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                $read::poll_read(Pin::new(self), cx, into)
            }

            fn has_input(&self) -> bool {
                super::tcp::has_input(self)
            }

            fn poll_write(
                &mut self,
                cx: &mut Context<'_>,
                from: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                $write::poll_write_vectored(Pin::new(self), cx, from)
            }
        }
    )+};
}
#[cfg(any(feature = "async-std", feature = "smol"))]
pub(super) use polled_streams;
