//! Host names that stand for several addresses, some of which never answer.
//!
//! A name keeps its addresses and their order for the whole run: a client that dials only the first
//! of them never gets through.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use super::faults::Fault;
use super::node::name;
use super::{ConnectionId, Scheduled, SocketEvent, State, World};
use crate::address::Address;
use crate::config::Config;
use crate::error::Disconnect;
use crate::race::{Race, RaceStep};

/// What the addresses begin with that never answer.
const DEAD: [&str; 2] = ["fd00:dead::", "10.255.0."];

impl World {
    /// The attempts of a dial, if its host is a name that stands for several addresses.
    pub(super) fn race(&self, host: &Address) -> Option<Race> {
        if !self.nemesis.has(Fault::DeadAddress) {
            return None;
        }
        let node = (0..self.nodes.len()).find(|node| name(*node) == *host)?;
        let mut dice = self.nemesis.dice_of(Fault::DeadAddress);
        let mut addresses = Vec::new();
        // Each name draws the same, however many there are.
        for _ in 0..=node {
            let (count, place) = (1 + dice.index(3), dice.index(12));
            let dead = |number: usize| Address::new(&format!("{}{number}", DEAD[number % 2]), 6379);
            addresses = (0..count).map(|number| dead(number).expect("is well-formed")).collect();
            addresses.insert(place % (count + 1), self.nodes[node].address.clone());
        }
        Some(Race::new(addresses, &Config::default()))
    }

    /// A dial goes on with what its race says.
    pub(super) fn attempt(&mut self, id: ConnectionId) {
        loop {
            let now = self.now;
            let Some(connection) = self.connections.get_mut(&id) else { return };
            if connection.state != State::Dialling {
                return;
            }
            let Some(race) = &mut connection.race else { return };
            match race.next(now) {
                RaceStep::Dial(address) => self.dial_address(id, &address),
                RaceStep::Wait(None) => return,
                RaceStep::Wait(Some(at)) => {
                    return self.schedule(at.since(now), Scheduled::Attempt(id));
                }
                RaceStep::Lost(cause) => return self.dial_failed(id, cause),
            }
        }
    }

    fn dial_address(&mut self, id: ConnectionId, address: &Address) {
        if DEAD.iter().any(|dead| address.host().starts_with(dead)) {
            self.nemesis.count(Fault::DeadAddress);
            return; // it never answers
        }
        self.dial_node(id);
    }

    /// An attempt was refused: the dial is over, unless its host has other addresses.
    pub(super) fn dial_refused(&mut self, id: ConnectionId) {
        let now = self.now;
        if let Some(connection) = self.connections.get_mut(&id)
            && let Some(race) = &mut connection.race
        {
            race.failed(now, Disconnect::Refused);
            return self.attempt(id);
        }
        self.dial_failed(id, Disconnect::Refused);
    }

    fn dial_failed(&mut self, id: ConnectionId, cause: Disconnect) {
        self.connections.remove(&id);
        self.events.push_back(SocketEvent::Closed(id, cause));
    }
}

/// How much longer a dial may take for the addresses that never answer.
pub(in crate::sim) const DELAY_MAX: Duration = Duration::from_secs(1);
