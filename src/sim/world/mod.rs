//! Simulated nodes and the network between them and their clients, in virtual time.
//!
//! Theory of operation. Whatever will happen stands in an agenda, ordered by time and then by the
//! order in which it was put there, so that a seed always gives the same run. A connection is a
//! pair of pipes: bytes enter at one end in pieces, each piece has a time at which it arrives, and
//! none overtakes another. What arrives at a node is parsed and answered by `serve`; what arrives
//! at a client comes out of [`World::next_event`].

mod cluster;
pub(super) mod conditions;
pub(super) mod data;
pub(super) mod faults;
mod hostile;
mod many;
pub(super) mod names;
pub(super) mod nemesis;
pub(super) mod node;
pub(super) mod pipes;
mod replication;
mod resharding;
pub(super) mod scripts;
pub(super) mod serve;
#[cfg(feature = "std")]
mod served;
mod strangers;
pub(super) mod tell;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use self::conditions::Conditions;
use self::data::Entry;
use self::faults::Fault;
use self::nemesis::{Nemesis, Step};
use self::node::{Claim, Node, Session, Version, name};
use self::tell::Endpoints;
use crate::address::Address;
use crate::error::Disconnect;
use crate::race::Race;
use crate::sim::dice::Dice;
use crate::sim::judge::history::History;
use crate::sim::trace::Trace;
use crate::slot::Slot;
use crate::time::Instant;

/// Identifies a connection of the transport under test to a simulated node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub(super) u64);

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

/// A simulated cluster and the network between it and its clients, in virtual time.
///
/// A transport under test dials, writes and closes here instead of on sockets, and asks for the
/// next event. Virtual time advances in [`next_event`](Self::next_event) and nowhere else.
///
/// ```
/// use hashslot::Instant;
/// use hashslot::sim::{SocketEvent, Profile, World};
/// /// The only client; a test with several of them gives each a number.
/// const CLIENT: usize = 0;
/// let random_seed = 42;
/// let mut world = World::new(random_seed, Profile::Calm);
/// let node = world.seeds()[0].clone();
/// let connection = world.dial(&node, CLIENT);
/// assert_eq!(world.next_event(None), Some(SocketEvent::Connected(connection)));
/// assert!(world.now() > Instant::EPOCH);
/// let ping = b"*1\r\n$4\r\nPING\r\n";
/// assert_eq!(world.write(connection, ping), ping.len());
/// let Some(SocketEvent::Received(_, bytes)) = world.next_event(None) else { panic!() };
/// assert!(b"+PONG\r\n".starts_with(&bytes)); // all of it, or a piece
/// ```
#[derive(Debug)]
pub struct World {
    pub(super) now: Instant,
    pub(super) version: Version,
    pub(super) endpoints: Endpoints,
    pub(super) conditions: Conditions,
    pub(super) nodes: Vec<Node>,
    /// How many nodes hostile ones have made up.
    pub(super) made_up_count: usize,
    pub(super) seeds: Vec<Address>,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) history: History,
    pub(super) nemesis: Nemesis,
    pub(super) trace: Trace,
    pub(super) dice: Dice,
    agenda: BTreeMap<(Instant, u64), Happening>,
    serial: u64,
    pub(super) events: VecDeque<SocketEvent>,
    connection_serial: u64,
    peace_since: Option<Instant>,
    /// How many calls of `next_event` in a row moved nothing.
    still_count: u32,
}

/// How many calls of [`World::next_event`] in a row may move nothing. A timer that is due at once
/// takes a few of them.
const STILL_COUNT_MAX: u32 = 10_000;

/// What stands in the agenda.
#[derive(Debug)]
enum Happening {
    /// A dial may try the next address of its host.
    Attempt(ConnectionId),
    /// A dial comes to its end.
    Dialled(ConnectionId),
    /// The next piece of a pipe has arrived.
    Arrived(ConnectionId, Direction),
    /// What was written reaches a replica.
    Replicate { replica: usize },
    /// What a node claims reaches another.
    Heard { by: usize, claim: alloc::sync::Arc<Claim> },
    /// Whether a node that was silent still is.
    Missed { node: usize },
    /// Something that is done to the cluster or the network.
    Nemesis(Step),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    ToServer,
    ToClient,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: usize,
    /// The node that it leads to; `None` if no node listens there.
    pub(super) node: Option<usize>,
    pub(super) state: State,
    /// Its attempts, if its host has several addresses.
    pub(super) race: Option<Race>,
    pub(super) up: Pipe,
    pub(super) down: Pipe,
    pub(super) input: Vec<u8>,
    /// Of what was taken from the transport, the command that is not whole.
    taken: Vec<u8>,
    pub(super) session: Session,
    /// Whether the transport reads.
    is_read: bool,
    /// Whether the transport was told that there is no room.
    wants_room: bool,
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

#[derive(Debug, Default)]
pub(super) struct Pipe {
    pieces: VecDeque<(Instant, Vec<u8>)>,
    pub(super) len: usize,
    last: Instant,
}

impl Pipe {
    fn pop_due(&mut self, now: Instant) -> Option<Vec<u8>> {
        let is_due = self.pieces.front().is_some_and(|(at, _)| *at <= now);
        let (_, bytes) = if is_due { self.pieces.pop_front() } else { None }?;
        self.len -= bytes.len();
        Some(bytes)
    }
}

impl World {
    pub(super) fn with(dice: Dice, conditions: Conditions, nemesis: Nemesis, trace: Trace) -> Self {
        let mut world = Self {
            now: Instant::EPOCH,
            version: conditions.version,
            endpoints: conditions.endpoints,
            nodes: Vec::new(),
            made_up_count: 0,
            seeds: Vec::new(),
            connections: BTreeMap::new(),
            history: History::default(),
            trace,
            dice,
            agenda: BTreeMap::new(),
            serial: 0,
            events: VecDeque::new(),
            connection_serial: 0,
            peace_since: None,
            still_count: 0,
            conditions,
            nemesis,
        };
        world.found();
        world.schedule_nemesis();
        world
    }

    /// The virtual time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The addresses that a client starts from.
    #[must_use]
    pub fn seeds(&self) -> &[Address] {
        &self.seeds
    }

    /// What the nodes have done so far.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Whether all faults are over and no further fault will be injected.
    #[must_use]
    pub fn is_at_peace(&self) -> bool {
        self.unrest().is_none()
    }

    /// What each node believes of the slots that are used.
    pub(super) fn beliefs(&self) -> String {
        let slots = &self.nemesis.slots;
        let believed = |node: &Node| -> Vec<_> {
            slots.iter().map(|slot| (*slot, *node.view.owners.get(*slot))).collect()
        };
        let lines = self.nodes.iter().enumerate();
        let lines =
            lines.map(|(index, node)| format!("{index} {}: {:?}", node.address, believed(node)));
        lines.collect::<Vec<_>>().join("; ")
    }

    /// Why there is no peace.
    pub(super) fn unrest(&self) -> Option<&'static str> {
        if !self.nemesis.is_over() {
            return Some("faults go on");
        }
        if !self.nodes.iter().all(Node::is_well_or_gone) {
            return Some("a node is not well");
        }
        if self.nodes.iter().any(|node| node.down_until > self.now) {
            return Some("a node has just started");
        }
        (!self.views_agree()).then_some("nodes disagree")
    }

    /// Whether the last fault was over that long ago.
    pub(super) fn has_been_at_peace_for(&mut self, rest: Duration) -> bool {
        if self.unrest().is_some() {
            self.peace_since = None;
            return false;
        }
        self.now.since(*self.peace_since.get_or_insert(self.now)) >= rest
    }

    /// Where the owner of a slot listens.
    pub(super) fn address_of_owner(&self, slot: u16) -> Option<Address> {
        self.true_owner(slot).map(|owner| self.nodes[owner].address.clone())
    }

    /// What is stored under a key, at the node that owns its slot.
    pub(super) fn stored(&self, key: &[u8]) -> Option<&Entry> {
        let owner = self.true_owner(Slot::of_key(key).number())?;
        self.nodes[owner].data.entries.get(key)
    }

    /// Whether nothing that was done since, or shortly before, concerns this slot.
    pub(super) fn is_undisturbed(&self, slot: u16, since: Instant) -> bool {
        let Some(owner) = self.true_owner(slot) else { return false };
        let answers = |node: &usize| {
            *node == owner || (self.history.reads_replicas && self.share_shard(*node, owner))
        };
        let is_calm = |node: usize| self.nodes[node].disturbed_until < since;
        let mut who_answers = (0..self.nodes.len()).filter(answers);
        who_answers.all(is_calm) && !self.nemesis.is_disturbed(slot, since)
    }

    /// Whether nothing that was done since, or shortly before, concerns any of the slots in use.
    pub(super) fn is_calm_since(&self, since: Instant) -> bool {
        let is_calm = self.nodes.iter().all(|node| node.disturbed_until < since);
        is_calm && self.nemesis.slots.iter().all(|slot| self.is_undisturbed(*slot, since))
    }

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
        let is_nobody = self.connections.get(&id).is_none_or(|c| c.node.is_none());
        let hangs = self.chance(Fault::DialHang, self.while_faulty(self.conditions.dial_hangs));
        if hangs || (is_nobody && self.conditions.lost_hosts_hang) {
            return; // no answer ever comes
        }
        let after = self.latency();
        self.schedule(after, Happening::Dialled(id));
    }

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
            // There is room: it was a whim.
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

    /// When something will happen next, unless a transport does something before.
    #[cfg(feature = "std")]
    pub(crate) fn next_at(&self) -> Option<Instant> {
        let next = self.agenda.first_key_value().map(|((at, _), _)| *at);
        if self.events.is_empty() { next } else { Some(self.now) }
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

    /// Advances virtual time to the next event of a transport, or to `until`, which yields `None`.
    /// Without `until`, `None` means that no event will ever follow.
    ///
    /// Pass as `until` the earliest instant at which the loop itself has something to do: a timer,
    /// or the next call. An instant in the past does not advance time, so leave out what is already
    /// done.
    ///
    /// # Panics
    /// After 10,000 consecutive calls that yielded no event and did not advance time: such a loop
    /// would never end.
    pub fn next_event(&mut self, until: Option<Instant>) -> Option<SocketEvent> {
        let before = self.now;
        let event = self.advance(until);
        let is_still = event.is_none() && self.now == before;
        self.still_count = if is_still { self.still_count + 1 } else { 0 };
        assert!(
            self.still_count < STILL_COUNT_MAX,
            "time stands still at {before:?}: `next_event` was called {STILL_COUNT_MAX} times in a \
             row with {until:?}, which lets no time pass"
        );
        event
    }

    /// As [`Self::next_event`], for callers that have a bound of their own against standing still.
    pub(super) fn advance(&mut self, until: Option<Instant>) -> Option<SocketEvent> {
        loop {
            if let Some(event) = self.events.pop_front() {
                self.trace.event(self.now, &event);
                return Some(event);
            }
            let next = self.agenda.first_key_value().map(|((at, _), _)| *at);
            match (next, until) {
                (Some(at), until) if until.is_none_or(|until| at <= until) => {
                    self.now = self.now.max(at);
                    if let Some((_, happening)) = self.agenda.pop_first() {
                        self.happen(happening);
                    }
                }
                (_, until) => {
                    self.now = self.now.max(until.unwrap_or(self.now));
                    return None;
                }
            }
        }
    }

    fn schedule(&mut self, after: Duration, happening: Happening) {
        self.serial += 1;
        self.agenda.insert((self.now + after, self.serial), happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Attempt(id) => self.attempt(id),
            Happening::Dialled(id) => self.dial_ends(id),
            Happening::Arrived(id, direction) => self.arrive(id, direction),
            Happening::Replicate { replica } => self.replicate(replica),
            Happening::Heard { by, claim } => self.hear(by, &claim),
            Happening::Missed { node } => self.missed(node),
            Happening::Nemesis(step) => self.do_harm(step),
        }
    }

    /// Whether something happens that happens once in so many times, and never if 0.
    pub(super) fn chance(&mut self, fault: Fault, one_in: u64) -> bool {
        let happens = one_in > 0 && self.dice.one_in(one_in);
        if happens {
            self.nemesis.count(fault);
        }
        happens
    }

    /// A rate that holds until the last fault is undone.
    pub(super) const fn while_faulty(&self, one_in: u64) -> u64 {
        if self.nemesis.is_over() { 0 } else { one_in }
    }

    pub(super) fn latency(&mut self) -> Duration {
        let bound = self.conditions.latency_max;
        Duration::from_micros(20) + self.dice.up_to(bound)
    }

    fn dial_ends(&mut self, id: ConnectionId) {
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
            self.schedule(after, Happening::Arrived(id, direction));
        }
    }

    /// How long each byte takes, if the node of a connection drips.
    fn drips(&self, id: ConnectionId, direction: Direction) -> Option<Duration> {
        let node = self.connections.get(&id)?.node.filter(|_| direction == Direction::ToClient)?;
        self.nodes[node].drips
    }

    /// What is held up on its way from a node comes at once.
    pub(super) fn let_gush(&mut self, id: ConnectionId) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let down = &mut connection.down;
        down.pieces.iter_mut().for_each(|(at, _)| *at = (*at).min(now));
        down.last = down.last.min(now);
        self.restart_pipe(id, Direction::ToClient);
    }

    fn arrive(&mut self, id: ConnectionId, direction: Direction) {
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

    fn tell_writable(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let has_room = connection.up.len < self.conditions.pipe_len_max;
        if connection.state == State::Open && has_room && connection.wants_room {
            connection.wants_room = false;
            self.events.push_back(SocketEvent::Writable(id));
        }
    }

    /// A connection whose node is gone ends when its last bytes have come.
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

    /// The node's end of a connection is gone: what was on its way to the node is lost.
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
        self.schedule(after, Happening::Arrived(id, Direction::ToClient));
    }

    /// Of the replies on their way, the client gets this many pieces; in the last one, half.
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

    /// Has everything arrive that is due in a pipe that stood still.
    pub(super) fn restart_pipe(&mut self, id: ConnectionId, direction: Direction) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let now = self.now;
        let pipe = connection.pipe(direction);
        let count = pipe.pieces.iter().filter(|(at, _)| *at <= now).count().max(1);
        for _ in 0..count {
            self.schedule(Duration::ZERO, Happening::Arrived(id, direction));
        }
    }

    /// The connections of a node, but those that are over.
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

impl Connection {
    /// Whether the node has commands of it that it cannot answer before the client reads.
    const fn is_stuck(&self, pipe_len_max: usize) -> bool {
        self.down.len >= pipe_len_max && !self.input.is_empty()
    }

    const fn pipe(&mut self, direction: Direction) -> &mut Pipe {
        match direction {
            Direction::ToServer => &mut self.up,
            Direction::ToClient => &mut self.down,
        }
    }
}
