//! A connection of a client to a node: a pair of pipes, and what each end knows.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

#[cfg(doc)]
use super::World;
use super::node::Session;
use crate::error::Disconnect;
use crate::race::Race;
use crate::time::Instant;

/// Identifies a connection of the transport under test to a simulated node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub(in crate::sim) u64);

/// What the network reports to the transport under test.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketEvent {
    /// The dial succeeded.
    Connected(ConnectionId),
    /// Bytes arrived.
    Received(ConnectionId, Vec<u8>),
    /// The connection accepts bytes again, after a [`World::write`] that did not accept all.
    Writable(ConnectionId),
    /// The connection ended, or the dial failed.
    Closed(ConnectionId, Disconnect),
}

impl SocketEvent {
    /// The connection that the event concerns.
    #[must_use]
    pub const fn connection(&self) -> ConnectionId {
        match self {
            Self::Connected(id)
            | Self::Received(id, _)
            | Self::Writable(id)
            | Self::Closed(id, _) => *id,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    ToServer,
    ToClient,
}

/// A connection, from its dial on.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: usize,
    /// The node that it leads to; `None` if no node listens there.
    pub(super) node: Option<usize>,
    pub(super) state: State,
    /// Its attempts, if its host has several addresses.
    pub(super) race: Option<Race>,
    /// Bytes on their way to the node.
    pub(super) up: Pipe,
    /// Bytes on their way to the client.
    pub(super) down: Pipe,
    /// Bytes that have arrived at the node, and were not served.
    pub(super) input: Vec<u8>,
    /// The command that the transport has handed over in part.
    pub(super) taken: Vec<u8>,
    pub(super) session: Session,
    /// Whether the transport reads.
    pub(super) is_read: bool,
    /// Whether the transport was told that there is no room.
    pub(super) wants_room: bool,
    /// Whether the node has hung up, and the client's system knows.
    pub(super) takes_none: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Dialling,
    Open,
    /// The connection carries nothing any more, and neither end is told.
    HalfOpen,
    /// The node's end is gone; the client is told when its last bytes have come.
    Reset(Disconnect),
    /// The client's end is gone; the node gets what was written.
    Left,
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    /// Each piece and when it arrives, in order.
    pub(super) pieces: VecDeque<(Instant, Vec<u8>)>,
    /// Bytes in all pieces.
    pub(super) len: usize,
    /// When the last piece arrives.
    pub(super) last: Instant,
}

impl Pipe {
    /// Takes the next piece if it has arrived.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Vec<u8>> {
        let is_due = self.pieces.front().is_some_and(|(at, _)| *at <= now);
        let (_, bytes) = if is_due { self.pieces.pop_front() } else { None }?;
        self.len -= bytes.len();
        Some(bytes)
    }
}

impl Connection {
    /// Whether the node has commands that it cannot answer before the client reads.
    pub(super) const fn is_stuck(&self, pipe_len_max: usize) -> bool {
        self.down.len >= pipe_len_max && !self.input.is_empty()
    }

    pub(super) const fn pipe(&mut self, direction: Direction) -> &mut Pipe {
        match direction {
            Direction::ToServer => &mut self.up,
            Direction::ToClient => &mut self.down,
        }
    }
}
