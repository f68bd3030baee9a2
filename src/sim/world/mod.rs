//! Simulated nodes and the network between them and their clients, in virtual time.
//!
//! Theory of operation. The world is a discrete-event simulation. One queue holds all that will
//! happen, ordered by time and then by number, so that a seed always gives the same run. Nothing
//! else lets time pass. A connection is a pair of pipes: bytes enter at one end in pieces, each
//! piece has a time at which it arrives, and none overtakes another. `serve` parses and answers
//! what arrives at a node; [`World::next_event`] returns what arrives at a client.
//!
//! | subject | files |
//! | --- | --- |
//! | nodes | `node`, `data` (what it stores), `many` and `scripts` (commands), `serve` (replies), `tell` (its view as replies) |
//! | a cluster of them | `cluster` (claims and epochs), `replication`, `resharding`, `strangers` (other clusters) |
//! | the network | `connection`, `network`, `names` (hosts with several addresses), `conditions` (how fast and how faulty) |
//! | faults | `faults` (their kinds), `nemesis` (when each happens), `hostile` (false replies) |
//! | views from outside | `inspect` (for the judge), `pipes` (for runtimes), `served` (for sockets) |

mod cluster;
pub(super) mod conditions;
mod connection;
pub(super) mod data;
pub(super) mod faults;
mod hostile;
mod inspect;
mod many;
pub(super) mod names;
pub(super) mod nemesis;
mod network;
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
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use self::conditions::Conditions;
use self::connection::{Connection, Direction, State};
pub use self::connection::{ConnectionId, SocketEvent};
use self::faults::Fault;
use self::nemesis::{Nemesis, Step};
use self::node::{Claim, Node, Version};
use self::tell::Endpoints;
use crate::address::Address;
use crate::sim::dice::Dice;
use crate::sim::judge::history::History;
use crate::sim::trace::Trace;
use crate::time::Instant;

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
    version: Version,
    endpoints: Endpoints,
    pub(super) conditions: Conditions,
    pub(super) nodes: Vec<Node>,
    /// How many nodes hostile ones have made up.
    made_up_count: usize,
    pub(super) seeds: Vec<Address>,
    connections: BTreeMap<ConnectionId, Connection>,
    pub(super) history: History,
    pub(super) nemesis: Nemesis,
    pub(super) trace: Trace,
    dice: Dice,
    /// All that will happen, by its time and its number.
    queue: BTreeMap<(Instant, u64), Scheduled>,
    /// The number of the last entry of the queue.
    serial: u64,
    /// Events that transports have not taken yet.
    events: VecDeque<SocketEvent>,
    connection_serial: u64,
    peace_since: Option<Instant>,
    /// How many calls of `next_event` in a row moved nothing.
    still_count: u32,
}

/// How many calls of [`World::next_event`] in a row may move nothing. A timer that is due at once
/// takes a few of them.
const STILL_COUNT_MAX: u32 = 10_000;

/// What the queue holds.
#[derive(Debug)]
enum Scheduled {
    /// A dial tries the next address of its host.
    Attempt(ConnectionId),
    /// A dial ends.
    Dialled(ConnectionId),
    /// The next piece of a pipe has arrived.
    Arrived(ConnectionId, Direction),
    /// A write reaches a replica.
    Replicate { replica: usize },
    /// The claim of a node reaches another one.
    Heard { by: usize, claim: Arc<Claim> },
    /// Other nodes look whether a node that was silent still is.
    Missed { node: usize },
    /// The nemesis does something to the cluster or the network.
    Nemesis(Step),
}

impl World {
    /// A world whose nodes know each other, with the faults of this nemesis ahead.
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
            queue: BTreeMap::new(),
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

    /// When something will happen next, unless a transport does something before.
    #[cfg(feature = "std")]
    pub(crate) fn next_at(&self) -> Option<Instant> {
        let next = self.queue.first_key_value().map(|((at, _), _)| *at);
        if self.events.is_empty() { next } else { Some(self.now) }
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
            let next = self.queue.first_key_value().map(|((at, _), _)| *at);
            match (next, until) {
                (Some(at), until) if until.is_none_or(|until| at <= until) => {
                    self.now = self.now.max(at);
                    if let Some((_, scheduled)) = self.queue.pop_first() {
                        self.carry_out(scheduled);
                    }
                }
                (_, until) => {
                    self.now = self.now.max(until.unwrap_or(self.now));
                    return None;
                }
            }
        }
    }

    /// Puts something that will happen after this time into the queue.
    fn schedule(&mut self, after: Duration, scheduled: Scheduled) {
        self.serial += 1;
        self.queue.insert((self.now + after, self.serial), scheduled);
    }

    fn carry_out(&mut self, scheduled: Scheduled) {
        match scheduled {
            Scheduled::Attempt(id) => self.attempt(id),
            Scheduled::Dialled(id) => self.dial_ends(id),
            Scheduled::Arrived(id, direction) => self.arrive(id, direction),
            Scheduled::Replicate { replica } => self.replicate(replica),
            Scheduled::Heard { by, claim } => self.hear(by, &claim),
            Scheduled::Missed { node } => self.missed(node),
            Scheduled::Nemesis(step) => self.do_harm(step),
        }
    }

    /// Draws whether a fault happens that happens once in so many times, and never if 0. Counts it.
    fn chance(&mut self, fault: Fault, one_in: u64) -> bool {
        let happens = one_in > 0 && self.dice.one_in(one_in);
        if happens {
            self.nemesis.count(fault);
        }
        happens
    }

    /// The rate, or 0 once the last fault is undone.
    const fn while_faulty(&self, one_in: u64) -> u64 {
        if self.nemesis.is_over() { 0 } else { one_in }
    }

    /// Draws how long a piece or a dial takes.
    fn latency(&mut self) -> Duration {
        let bound = self.conditions.latency_max;
        Duration::from_micros(20) + self.dice.up_to(bound)
    }
}
