//! One connection, as the driver drives it.
//!
//! Rules of this file: what has come in is read before anything is written. A connection whose
//! write fails is read to its end: replies that have come reach their calls, and the last of them
//! may say why the other side hung up. After a pause in which nothing was read, the system is asked
//! whether there is something to be read: the runtime may not have looked yet. Then nothing is
//! written before it was read.

use super::std;

use core::task::{Context, Poll};
use core::time::Duration;
use std::io::{self, IoSlice};
use std::sync::Arc;

use super::cause::closed_by;
use super::dial::{Dial, Dialled};
use super::readiness::Readiness;
use super::runtime::Stream;
use super::task_waker::TaskWaker;
use crate::error::Disconnect;
use crate::{Cluster, Instant, LinkId};

/// Pieces of one vectored write.
const SLICE_COUNT: usize = 64;
/// Fewer than this are written without room for all of those.
const FEW_COUNT: usize = 4;
/// Reads of one socket before the others have their turn.
const READ_COUNT_MAX: usize = 4;
/// Within this time of the last bytes that came in, nothing can have been overlooked that matters.
const REST: Duration = Duration::from_millis(1);

/// One connection, or one that is being made.
pub(super) struct Socket<S> {
    pub(super) id: LinkId,
    state: State<S>,
    has_bytes: bool,
    /// Whether it is to be driven for the sake of these bytes.
    is_due: bool,
    /// Whether it was woken since a read was pending: until then another one would be, too.
    may_read: bool,
    /// When bytes came in, or the system said that there are none.
    looked_at: Instant,
    /// Why it takes no more bytes. It is read until it ends.
    write_failure: Option<Disconnect>,
    readiness: Readiness,
}

enum State<S> {
    Dialling(Dial<S>),
    Open(S),
}

/// What became of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Driven {
    /// It can do no more for now.
    Idle,
    /// It can go on.
    Busy,
    /// It is closed, or could not be connected.
    Closed(Disconnect),
}

impl<S: Stream> Socket<S> {
    pub(super) fn dial(id: LinkId, dial: Dial<S>, driver: &Arc<TaskWaker>) -> Self {
        let readiness = Readiness::new(driver);
        let state = State::Dialling(dial);
        Self {
            id,
            state,
            has_bytes: false,
            is_due: false,
            may_read: true,
            looked_at: Instant::EPOCH,
            write_failure: None,
            readiness,
        }
    }

    /// There are bytes to send.
    pub(super) fn note_bytes(&mut self) {
        self.has_bytes = true;
        self.is_due = true;
    }

    /// Whether something happened since it was driven last.
    pub(super) fn take_ready(&mut self) -> bool {
        let is_woken = self.take_woken();
        core::mem::take(&mut self.is_due) || is_woken
    }

    /// Whether something happened that is not the machine's doing: there may be something to be
    /// read.
    pub(super) fn take_woken(&mut self) -> bool {
        let is_woken = self.readiness.take();
        self.may_read |= is_woken;
        // What was blocked goes on as well: it has to be written the next time that this is driven.
        self.is_due |= is_woken && self.has_bytes;
        is_woken
    }

    /// It is to be driven again.
    pub(super) fn set_ready(&self) {
        self.readiness.set();
    }

    /// Connects, reads and writes as far as that goes without waiting.
    pub(super) fn drive<T>(
        &mut self,
        now: Instant,
        cluster: &mut Cluster<T>,
        scratch: &mut [u8],
    ) -> Driven {
        let read = self.receive(now, cluster, scratch);
        // Also after a read that finds nothing: with both buffers full two peers would wait for
        // each other.
        if !self.has_bytes || matches!(read, Driven::Closed(_)) {
            return read;
        }
        match self.send(now, cluster) {
            Ok(()) => read,
            Err(cause @ Disconnect::Panicked(_)) => Driven::Closed(cause), // it must not be polled again
            Err(cause) => {
                self.write_failure = Some(cause);
                self.has_bytes = false;
                self.may_read = true;
                Driven::Busy
            }
        }
    }

    /// Connects, or reads what has come in.
    pub(super) fn receive<T>(
        &mut self,
        now: Instant,
        cluster: &mut Cluster<T>,
        scratch: &mut [u8],
    ) -> Driven {
        let cx = &mut Context::from_waker(&self.readiness.waker);
        let stream = match &mut self.state {
            State::Open(stream) => stream,
            State::Dialling(dial) => {
                let dialled = match dial.as_mut().poll(cx) {
                    Poll::Pending => return Driven::Idle,
                    Poll::Ready(dialled) => dialled,
                };
                return self.dialled(now, cluster, dialled);
            }
        };
        if !self.may_read {
            return Driven::Idle;
        }
        for _ in 0..READ_COUNT_MAX {
            let mut room = cluster.receive_buffer(self.id);
            let read = match &mut room {
                Some(room) => stream.poll_fill(cx, room),
                None => stream.poll_read(cx, scratch),
            };
            let is_room = room.is_some();
            let ended = match read {
                Poll::Pending => {
                    self.may_read = false;
                    return Driven::Idle;
                }
                Poll::Ready(Ok(0)) => Disconnect::EndOfStream,
                Poll::Ready(Ok(len)) => {
                    self.looked_at = now;
                    if is_room {
                        cluster.handle_received_in_place(now, self.id, len);
                    } else {
                        let data = scratch.get(..len).unwrap_or_default();
                        cluster.handle_received(now, self.id, data);
                    }
                    continue;
                }
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => continue,
                Poll::Ready(Err(error)) => closed_by(&error),
            };
            // A failed write is the better reason: the end of the stream follows from it.
            return Driven::Closed(self.write_failure.take().unwrap_or(ended));
        }
        Driven::Busy
    }

    /// A dial has come to its end.
    fn dialled<T>(
        &mut self,
        now: Instant,
        cluster: &mut Cluster<T>,
        dialled: Result<Dialled<S>, Disconnect>,
    ) -> Driven {
        let Dialled { stream, credentials } = match dialled {
            Ok(dialled) => dialled,
            Err(cause) => return Driven::Closed(cause),
        };
        self.state = State::Open(stream);
        self.looked_at = now;
        match credentials {
            Some(own) => cluster.handle_connected_with(now, self.id, own),
            None => cluster.handle_connected(now, self.id),
        }
        Driven::Busy // what it has to send has been announced meanwhile
    }

    /// Writes what the machine has to send, unless something is to be read before.
    ///
    /// # Errors
    /// The connection takes no more bytes. Why is told when it has been read to its end.
    fn send<T>(&mut self, now: Instant, cluster: &mut Cluster<T>) -> Result<(), Disconnect> {
        if self.write_failure.is_some() || (self.has_rested(now) && self.has_input(now)) {
            return Ok(());
        }
        let State::Open(stream) = &mut self.state else { return Ok(()) };
        let cx = &mut Context::from_waker(&self.readiness.waker);
        let written = write_all(stream, cx, self.id, now, cluster);
        self.has_bytes = !written.map_err(|error| closed_by(&error))?;
        Ok(())
    }

    /// Whether nothing was read for so long that something may have been overlooked.
    fn has_rested(&self, now: Instant) -> bool {
        now.since(self.looked_at) > REST
    }

    /// Whether something has come in that was not read. Its runtime will say so when it has looked.
    pub(super) fn has_input(&mut self, now: Instant) -> bool {
        let State::Open(stream) = &self.state else { return false };
        let has_input = stream.has_input();
        if !has_input {
            self.looked_at = now;
        }
        has_input
    }
}

/// Writes until nothing is left or the socket takes no more. Whether nothing is left.
fn write_all<T, S: Stream>(
    stream: &mut S,
    cx: &mut Context<'_>,
    id: LinkId,
    now: Instant,
    cluster: &mut Cluster<T>,
) -> io::Result<bool> {
    loop {
        // Nearly always there is one piece.
        let mut few: [&[u8]; FEW_COUNT] = [&[]; FEW_COUNT];
        let written = match cluster.sendable(id, &mut few) {
            0 => return Ok(true),
            count @ 1..FEW_COUNT => {
                let slices = few.map(IoSlice::new);
                stream.poll_write(cx, slices.get(..count).unwrap_or_default())
            }
            _ => {
                let mut pieces: [&[u8]; SLICE_COUNT] = [&[]; SLICE_COUNT];
                let count = cluster.sendable(id, &mut pieces);
                let slices = pieces.map(IoSlice::new);
                stream.poll_write(cx, slices.get(..count).unwrap_or_default())
            }
        };
        match written {
            Poll::Pending => return Ok(false),
            Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(len)) => cluster.handle_sent(now, id, len),
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Poll::Ready(Err(error)) => return Err(error),
        }
    }
}
