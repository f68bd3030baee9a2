//! The network: dials, bytes on their way, and connections that end.
//!
//! Rules of this file. Bytes arrive in order, in pieces, and late; a pipe that is full takes no
//! more. A node that hangs up loses what is on its way to it; the client still gets what is on its
//! way back, and then the end. After a client has closed, the node still gets what it wrote.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use super::connection::{Connection, ConnectionId, Direction, Pipe, SocketEvent, State};
use super::faults::Fault;
use super::node::{Session, name};
use super::{Scheduled, World};
use crate::address::Address;
use crate::error::Disconnect;

impl World {
    /// Begins to dial. The result is an event: [`SocketEvent::Connected`] or
    /// [`SocketEvent::Closed`]. `client` is the number of the client, for tests with several.
    pub fn dial(&mut self, address: &Address, client: usize) -> ConnectionId {
        self.connection_serial += 1;
        let id = ConnectionId(self.connection_serial);
        self.trace.line(self.now, || format!("client {client} dials {address} ({})", id.0));
        self.history.dialled(self.now, client, address, &self.seeds);
        let node = self.resolve(address);
        let connection = Connection {
            client,
            node,
            state: State::Dialling,
            race: self.race(address),
            up: Pipe::default(),
            down: Pipe::default(),
            input: Vec::new(),
            taken: Vec::new(),
            session: Session::new(client),
            is_read: true,
            wants_room: false,
            takes_none: false,
        };
        self.connections.insert(id, connection);
        if self.connections[&id].race.is_some() {
            self.attempt(id);
        } else {
            self.dial_node(id);
        }
        id
    }

    /// Begins to dial the one address of a node.
    pub(super) fn dial_node(&mut self, id: ConnectionId) {
        let leads_nowhere = self.connections.get(&id).is_none_or(|c| c.node.is_none());
        let hangs = self.chance(Fault::DialHang, self.while_faulty(self.conditions.dial_hangs));
        if hangs || (leads_nowhere && self.conditions.lost_hosts_hang) {
            return; // no answer ever comes
        }
        let after = self.latency();
        self.schedule(after, Scheduled::Dialled(id));
    }

    /// The node that listens at an address, if one does.
    pub(super) fn resolve(&self, address: &Address) -> Option<usize> {
        (0..self.nodes.len()).find(|index| {
            let node = &self.nodes[*index];
            // A stranger gets an address, and no name.
            node.address == *address || (node.stranger.is_none() && name(*index) == *address)
        })
    }

    /// Writes bytes and returns how many the connection accepted. If not all, an event
    /// [`SocketEvent::Writable`] follows. A connection that the node has closed
    /// ([`Self::has_failed`]) accepts none: the client can still read what arrived before, and then
    /// an event [`SocketEvent::Closed`] follows.
    pub fn write(&mut self, id: ConnectionId, bytes: &[u8]) -> usize {
        let is_short = self.chance(Fault::ShortWrites, self.conditions.short_writes);
        let Some(connection) = self.connections.get_mut(&id) else { return 0 };
        if matches!(connection.state, State::Dialling | State::Left) || connection.takes_none {
            return 0;
        }
        let room = self.conditions.pipe_len_max.saturating_sub(connection.up.len);
        let mut len = bytes.len().min(room);
        if is_short && len > 1 {
            len = 1 + self.dice.index(len);
        }
        if len < bytes.len() {
            connection.wants_room = true;
            if room < bytes.len() {
                self.nemesis.count(Fault::BackPressure);
            }
        }
        self.history.take_in(&mut connection.taken, &bytes[..len]);
        let is_open = connection.state == State::Open;
        if !is_open {
            connection.up.len += len; // the pipe fills up, and no node empties it
        } else if len == 0 {
            return 0;
        } else {
            self.put(id, Direction::ToServer, &bytes[..len], Duration::ZERO);
        }
        if is_short && len < bytes.len() && room > len {
            // There is room: the short write was a fault of this one write.
            self.events.push_back(SocketEvent::Writable(id));
        }
        len
    }

    /// Whether writes on a connection fail because the node closed it. The event
    /// [`SocketEvent::Closed`] follows when the client has read everything that arrived before.
    #[must_use]
    pub fn has_failed(&self, id: ConnectionId) -> bool {
        self.connections.get(&id).is_some_and(|connection| connection.takes_none)
    }

    /// Sets whether the transport reads from a connection. If it does not, the connection fills
    /// until the node can write no more.
    pub fn set_reading(&mut self, id: ConnectionId, reads: bool) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.is_read = reads;
        if reads {
            self.restart_pipe(id, Direction::ToClient);
        }
    }

    /// Closes a connection or aborts a dial. No event of this connection follows.
    pub fn close(&mut self, id: ConnectionId) {
        self.events.retain(|event| event.connection() != id);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let was_open = connection.state == State::Open;
        connection.state = State::Left;
        if !was_open || connection.up.pieces.is_empty() {
            self.connections.remove(&id);
        }
    }

    /// Connects a dial, or refuses it.
    pub(super) fn dial_ends(&mut self, id: ConnectionId) {
        let rate = self.while_faulty(self.conditions.dial_refused);
        let refused = self.chance(Fault::DialRefused, rate);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let listens = connection
            .node
            .is_some_and(|node| self.nodes[node].is_up || self.nodes[node].stranger.is_some());
        if refused || !listens {
            return self.dial_refused(id);
        }
        connection.state = State::Open;
        self.events.push_back(SocketEvent::Connected(id));
        if let Some(node) = connection.node {
            let open = |other: &&Connection| other.node == Some(node) && other.state == State::Open;
            let count = self.connections.values().filter(open).count();
            if count > self.nodes[node].clients_max {
                self.nemesis.count(Fault::MaxClients);
                let text = b"-ERR max number of clients + cluster connections reached\r\n";
                self.put(id, Direction::ToClient, text, Duration::ZERO);
                self.reset(id, Disconnect::EndOfStream);
            }
        }
    }

    /// Puts bytes into a pipe, in pieces.
    pub(super) fn put(
        &mut self,
        id: ConnectionId,
        direction: Direction,
        mut bytes: &[u8],
        delay: Duration,
    ) {
        while !bytes.is_empty() {
            let splits = self.chance(Fault::SplitBytes, self.conditions.splits);
            let drips = self.drips(id, direction);
            let len = if drips.is_some() {
                1
            } else if splits {
                1 + self.dice.index(bytes.len().min(self.conditions.piece_len_max))
            } else {
                bytes.len()
            };
            let (piece, rest) = bytes.split_at(len);
            bytes = rest;
            let latency = self.latency() + delay;
            let Some(connection) = self.connections.get_mut(&id) else { return };
            let pipe = connection.pipe(direction);
            pipe.last = pipe.last.max(self.now + latency) + drips.unwrap_or_default();
            pipe.len += piece.len();
            pipe.pieces.push_back((pipe.last, piece.to_vec()));
            let after = pipe.last.since(self.now);
            self.schedule(after, Scheduled::Arrived(id, direction));
        }
    }

    /// How long each byte takes, if the node of a connection drips.
    fn drips(&self, id: ConnectionId, direction: Direction) -> Option<Duration> {
        let node = self.connections.get(&id)?.node.filter(|_| direction == Direction::ToClient)?;
        self.nodes[node].drips
    }

    /// Delivers at once what is held up on its way from a node.
    pub(super) fn deliver_held(&mut self, id: ConnectionId) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let down = &mut connection.down;
        down.pieces.iter_mut().for_each(|(at, _)| *at = (*at).min(now));
        down.last = down.last.min(now);
        self.restart_pipe(id, Direction::ToClient);
    }

    /// Delivers the next piece of a pipe, if the receiving end takes it.
    pub(super) fn arrive(&mut self, id: ConnectionId, direction: Direction) {
        let now = self.now;
        let pipe_len_max = self.conditions.pipe_len_max;
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.state == State::HalfOpen {
            return;
        }
        let stalled = connection.node.map_or([false; 2], |node| self.nodes[node].stalled);
        match direction {
            // A node that cannot write takes no more than it can answer.
            Direction::ToServer if !stalled[0] && !connection.is_stuck(pipe_len_max) => {
                let Some(bytes) = connection.up.pop_due(now) else { return };
                connection.input.extend_from_slice(&bytes);
                self.serve(id);
                self.tell_writable(id);
                let Some(connection) = self.connections.get(&id) else { return };
                if connection.state == State::Left && connection.up.pieces.is_empty() {
                    self.connections.remove(&id);
                }
            }
            Direction::ToClient if !stalled[1] && connection.is_read => {
                let was_stuck = connection.is_stuck(pipe_len_max);
                let Some(bytes) = connection.down.pop_due(now) else {
                    return self.end_if_reset(id);
                };
                connection.session.is_greeted = true;
                self.events.push_back(SocketEvent::Received(id, bytes));
                self.serve(id); // it may have waited for room
                if was_stuck {
                    self.restart_pipe(id, Direction::ToServer);
                }
                self.end_if_reset(id);
            }
            Direction::ToServer | Direction::ToClient => {}
        }
    }

    /// Tells a transport that was refused that there is room again.
    fn tell_writable(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let has_room = connection.up.len < self.conditions.pipe_len_max;
        if connection.state == State::Open && has_room && connection.wants_room {
            connection.wants_room = false;
            self.events.push_back(SocketEvent::Writable(id));
        }
    }

    /// Ends a connection whose node is gone, once its last bytes have arrived.
    fn end_if_reset(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        if let State::Reset(cause) = &connection.state
            && connection.down.pieces.is_empty()
        {
            let cause = cause.clone();
            self.connections.remove(&id);
            self.events.push_back(SocketEvent::Closed(id, cause));
        }
    }

    /// Closes the node's end of a connection: what was on its way to the node is lost.
    pub(super) fn reset(&mut self, id: ConnectionId, cause: Disconnect) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.state == State::Left {
            self.connections.remove(&id);
            return;
        }
        if connection.state != State::Open {
            return;
        }
        connection.state = State::Reset(cause);
        connection.up.pieces.clear();
        connection.input.clear();
        let after = connection.down.last.since(self.now);
        let after = after.max(self.latency());
        self.schedule(after, Scheduled::Arrived(id, Direction::ToClient));
    }

    /// Keeps this many pieces of the replies on their way, half of the last one, and no others.
    pub(super) fn cut_replies(&mut self, id: ConnectionId, piece_count: usize) {
        self.history.refused_unread.remove(&id);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let pipe = &mut connection.down;
        pipe.pieces.truncate(piece_count.max(1));
        if let Some((_, last)) = pipe.pieces.back_mut() {
            last.truncate(last.len().div_ceil(2));
        }
        pipe.len = pipe.pieces.iter().map(|(_, piece)| piece.len()).sum();
    }

    /// Delivers all that is due in a pipe that stood still.
    pub(super) fn restart_pipe(&mut self, id: ConnectionId, direction: Direction) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let now = self.now;
        let pipe = connection.pipe(direction);
        let count = pipe.pieces.iter().filter(|(at, _)| *at <= now).count().max(1);
        for _ in 0..count {
            self.schedule(Duration::ZERO, Scheduled::Arrived(id, direction));
        }
    }

    /// The connections of a node that are not over.
    pub(super) fn connections_of(&self, node: usize) -> Vec<ConnectionId> {
        let its = self.connections.iter().filter(|(_, connection)| connection.node == Some(node));
        its.map(|(id, _)| *id).collect()
    }

    /// Whether anything is on its way to a node, or back from it.
    pub(super) fn is_busy(&self, node: usize) -> bool {
        let is_busy = |connection: &Connection| {
            connection.node == Some(node)
                && matches!(connection.state, State::Open | State::Left)
                && !(connection.up.pieces.is_empty()
                    && connection.down.pieces.is_empty()
                    && connection.input.is_empty())
        };
        self.connections.values().any(is_busy)
    }
}
