//! The simulated network for runtimes: connections that are polled and that wake their tasks.

use alloc::collections::{BTreeMap, VecDeque};
use core::task::{Context, Poll, Waker};

use super::{ConnectionId, SocketEvent, World};
use crate::address::Address;
use crate::error::{Disconnect, SystemText};
use crate::time::Instant;

/// A simulated cluster whose connections are polled, for tests of a custom runtime.
///
/// A [`World`] yields one event after the other. Here a task polls its connection, and is woken
/// when the connection makes progress. Virtual time advances in [`run_until`](Self::run_until) and
/// nowhere else: a runtime calls it as its clock advances.
///
/// ```
/// use std::task::{Context, Poll, Waker};
/// use std::time::Duration;
/// use hashslot::Instant;
/// use hashslot::sim::{Pipes, Version, World};
/// let primaries = 3;
/// let mut pipes = Pipes::new(World::still(Version::Valkey9, primaries));
/// let cx = &mut Context::from_waker(Waker::noop());
/// let node = pipes.world().seeds()[0].clone();
/// let id = pipes.dial(&node);
/// assert!(pipes.poll_connected(id, cx).is_pending());
/// pipes.run_until(Instant::from_epoch(Duration::from_millis(1)));
/// assert_eq!(pipes.poll_connected(id, cx), Poll::Ready(Ok(())));
/// let (ping, pong) = (b"*1\r\n$4\r\nPING\r\n", b"+PONG\r\n");
/// assert_eq!(pipes.poll_write(id, cx, ping), Poll::Ready(Ok(ping.len())));
/// let mut reply = [0; 100];
/// assert!(pipes.poll_read(id, cx, &mut reply).is_pending());
/// pipes.run_until(Instant::from_epoch(Duration::from_millis(2)));
/// assert_eq!(pipes.poll_read(id, cx, &mut reply), Poll::Ready(Ok(pong.len())));
/// assert!(reply.starts_with(pong));
/// ```
#[derive(Debug)]
pub struct Pipes {
    world: World,
    ends: BTreeMap<ConnectionId, End>,
}

/// The client's end of a connection. It needs one waker: one task dials, reads and writes.
#[derive(Debug, Default)]
struct End {
    is_connected: bool,
    received: VecDeque<u8>,
    closed: Option<Disconnect>,
    waker: Option<Waker>,
}

impl Pipes {
    /// Wraps a cluster.
    #[must_use]
    pub const fn new(world: World) -> Self {
        Self { world, ends: BTreeMap::new() }
    }

    /// The cluster.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Advances virtual time to `now` and wakes the tasks of all connections that made progress.
    pub fn run_until(&mut self, now: Instant) {
        while let Some(event) = self.world.advance(Some(now)) {
            let Some(end) = self.ends.get_mut(&event.connection()) else { continue };
            match event {
                SocketEvent::Connected(_) => end.is_connected = true,
                SocketEvent::Received(_, bytes) => end.received.extend(bytes),
                SocketEvent::Writable(_) => {}
                SocketEvent::Closed(_, cause) => end.closed = Some(cause),
            }
            end.waker.take().into_iter().for_each(Waker::wake);
        }
    }

    /// Begins to dial a node.
    pub fn dial(&mut self, address: &Address) -> ConnectionId {
        let id = self.world.dial(address, 0);
        self.ends.insert(id, End::default());
        id
    }

    /// Polls a dial.
    ///
    /// # Errors
    /// Why the dial failed or the connection ended; [`Disconnect::Other`] after [`Self::close`].
    pub fn poll_connected(
        &mut self,
        id: ConnectionId,
        cx: &Context<'_>,
    ) -> Poll<Result<(), Disconnect>> {
        self.poll(id, cx, |_, end| end.is_connected.then_some(()))
    }

    /// Reads as many of the bytes that arrived as fit, and returns their number.
    ///
    /// # Errors
    /// As [`Self::poll_connected`], once all bytes that arrived were read.
    pub fn poll_read(
        &mut self,
        id: ConnectionId,
        cx: &Context<'_>,
        into: &mut [u8],
    ) -> Poll<Result<usize, Disconnect>> {
        self.poll(id, cx, |_, end| {
            let len = end.received.len().min(into.len());
            into.iter_mut().zip(end.received.drain(..len)).for_each(|(place, byte)| *place = byte);
            (len > 0).then_some(len)
        })
    }

    /// Writes bytes and returns how many the connection accepted: at least one.
    ///
    /// # Errors
    /// As [`Self::poll_connected`]. Fails also if the node has closed the connection while replies
    /// are still unread.
    pub fn poll_write(
        &mut self,
        id: ConnectionId,
        cx: &Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize, Disconnect>> {
        if self.world.has_failed(id) {
            return Poll::Ready(Err(Disconnect::Reset));
        }
        self.poll(id, cx, |world, _| Some(world.write(id, bytes)).filter(|taken| *taken > 0))
    }

    /// Closes a connection or aborts its dial.
    pub fn close(&mut self, id: ConnectionId) {
        self.ends.remove(&id);
        self.world.close(id);
    }

    /// Makes an attempt; if it comes too early, the task is woken when something happens.
    fn poll<V>(
        &mut self,
        id: ConnectionId,
        cx: &Context<'_>,
        attempt: impl FnOnce(&mut World, &mut End) -> Option<V>,
    ) -> Poll<Result<V, Disconnect>> {
        let Some(end) = self.ends.get_mut(&id) else {
            return Poll::Ready(Err(Disconnect::Other(SystemText::EMPTY)));
        };
        match (attempt(&mut self.world, end), end.closed.clone()) {
            (Some(value), _) => Poll::Ready(Ok(value)),
            (None, Some(cause)) => Poll::Ready(Err(cause)),
            (None, None) => {
                end.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}
