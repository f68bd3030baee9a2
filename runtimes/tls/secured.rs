//! One secured connection: a stream over a stream.
//!
//! Theory of operation. Plaintext is taken only when all records made before have left, and then so
//! much that a few records fill one write: what waits here is bounded, and the machine keeps the
//! rest. A record is made of all slices that it is given at once; that is the only copy on the way
//! out. A read also sends all records that wait. So a connection answers a key update even if it
//! has nothing to write. Every turn ends when the socket gives and takes no more, so that its
//! wakers are set. If a peer sends records without content, the turn ends after some of them, and
//! wakes its own task.

use super::std;

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::io::{self, IoSlice, Read, Write};

use rustls::ClientConnection;
use rustls::pki_types::ServerName;

use super::super::runtime::Stream;
use super::Security;
use super::failure::failure;
use crate::error::TlsFailure;

/// Bytes of records that are made before the socket has to take them: four full ones, as much as
/// one read of the other side.
const UNSENT_LEN_MAX: usize = 64 * 1024;
/// Reads without any content before others have their turn.
const EMPTY_READ_COUNT_MAX: usize = 32;
/// Reads in search of what the peer said before it hung up.
const LAST_READ_COUNT_MAX: usize = 8;

/// A connection that is verified and encrypted.
pub(in crate::runtimes) struct Secured<S: Stream> {
    stream: S,
    connection: ClientConnection,
    has_certificate: bool,
    /// What ended it, while there was still something to be read.
    failure: Option<TlsFailure>,
    /// Whether the socket takes no more. What it has brought is read all the same.
    has_hung_up: bool,
}

/// Secures a connection: returns when the peer has proved that it has this name. If not a byte has
/// come from it when the patience ends, that is an error too.
pub(in crate::runtimes) async fn secure<S: Stream>(
    stream: S,
    security: Security,
    name: ServerName<'static>,
    patience: impl Future<Output = ()>,
) -> io::Result<Secured<S>> {
    let mut secured = Secured::new(stream, security, name)?;
    let (mut patience, mut has_heard, mut is_over) = (pin!(patience), false, false);
    poll_fn(|cx| {
        let shaken = secured.poll_handshake(cx, &mut has_heard);
        if shaken.is_ready() || has_heard {
            return shaken;
        }
        is_over = is_over || patience.as_mut().poll(cx).is_ready();
        // After a pause the answer may be there, and not known to the runtime yet.
        if is_over && !secured.has_input() {
            return Poll::Ready(Err(io::Error::other(TlsFailure::NoAnswer)));
        }
        Poll::Pending
    })
    .await?;
    Ok(secured)
}

impl<S: Stream> Secured<S> {
    fn new(stream: S, security: Security, name: ServerName<'static>) -> io::Result<Self> {
        let has_certificate = security.config.client_auth_cert_resolver.has_certs();
        let mut connection = ClientConnection::new(security.config, name)
            .map_err(|_| io::Error::other(TlsFailure::Other))?;
        connection.set_buffer_limit(Some(UNSENT_LEN_MAX));
        Ok(Self { stream, connection, has_certificate, failure: None, has_hung_up: false })
    }

    fn poll_handshake(
        &mut self,
        cx: &mut Context<'_>,
        has_heard: &mut bool,
    ) -> Poll<io::Result<()>> {
        loop {
            if let Err(error) = self.flush(cx) {
                return Poll::Ready(Err(self.last_words(cx, error)));
            }
            if !self.connection.is_handshaking() {
                return Poll::Ready(Ok(())); // what could not leave does so with the first turn
            }
            match self.receive(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Poll::Ready(Ok(_)) => *has_heard = true,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Writes records as far as the socket takes them. Whether none is left.
    fn flush(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut Pipe { stream: &mut self.stream, cx }) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Reads records once. The number of their bytes: 0 at the end of the stream.
    fn receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let len = loop {
            match self.connection.read_tls(&mut Pipe { stream: &mut self.stream, cx }) {
                Ok(len) => break len,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        };
        if let Err(error) = self.connection.process_new_packets() {
            let failure = failure(&error, &self.connection, self.has_certificate);
            self.failure = Some(failure);
            // The peer is told why, if that can be done at once; either way it is over.
            let _told = self.flush(cx);
            return Poll::Ready(Err(io::Error::other(failure)));
        }
        Poll::Ready(Ok(len))
    }

    /// Reads content; what had come before the connection failed comes first.
    fn read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        for _ in 0..EMPTY_READ_COUNT_MAX {
            match self.connection.reader().read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The end of the stream without a word, which anybody could have brought about.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
                }
                read => return Poll::Ready(read),
            }
            if let Some(failure) = self.failure {
                return Poll::Ready(Err(io::Error::other(failure)));
            }
            match self.receive(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) if self.failure.is_none() => {
                    return Poll::Ready(Err(error));
                }
                Poll::Ready(_) => {}
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// A peer that refuses a certificate says so and hangs up. A write meanwhile sees only the
    /// latter. Returns the reason that the peer gave, or else the error of the write.
    fn last_words(&mut self, cx: &mut Context<'_>, error: io::Error) -> io::Error {
        for _ in 0..LAST_READ_COUNT_MAX {
            match self.receive(cx) {
                Poll::Ready(Ok(len)) if len > 0 => {}
                Poll::Ready(Err(reason)) if self.failure.is_some() => return reason,
                Poll::Ready(_) | Poll::Pending => break,
            }
        }
        error
    }
}

impl<S: Stream> Stream for Secured<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let read = self.read(cx, into);
        if !self.has_hung_up {
            self.has_hung_up = self.flush(cx).is_err();
        }
        read
    }

    fn has_input(&self) -> bool {
        self.stream.has_input()
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.flush(cx) {
            Ok(true) => {}
            Ok(false) => return Poll::Pending,
            Err(error) => return Poll::Ready(Err(self.last_words(cx, error))),
        }
        let Ok(taken) = self.connection.writer().write_vectored(from) else {
            let failure = self.failure.unwrap_or(TlsFailure::Other);
            return Poll::Ready(Err(io::Error::other(failure)));
        };
        // Some of it may have left when this fails, and so all of it counts as taken: the next turn
        // meets the error again.
        let _left = self.flush(cx);
        Poll::Ready(Ok(taken))
    }
}

impl<S: Stream> Drop for Secured<S> {
    /// Says goodbye if the socket takes it at once: a peer can tell an end from a cut.
    fn drop(&mut self) {
        if self.failure.is_none() && !self.connection.is_handshaking() {
            self.connection.send_close_notify();
            let _said = self.flush(&mut Context::from_waker(Waker::noop()));
        }
    }
}

/// A stream as rustls wants it: it would block when it is pending.
struct Pipe<'a, 'cx, S> {
    stream: &'a mut S,
    cx: &'a mut Context<'cx>,
}

fn now(polled: Poll<io::Result<usize>>) -> io::Result<usize> {
    match polled {
        Poll::Ready(done) => done,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl<S: Stream> Read for Pipe<'_, '_, S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        now(self.stream.poll_read(self.cx, into))
    }
}

impl<S: Stream> Write for Pipe<'_, '_, S> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(from)])
    }

    fn write_vectored(&mut self, from: &[IoSlice<'_>]) -> io::Result<usize> {
        now(self.stream.poll_write(self.cx, from))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
