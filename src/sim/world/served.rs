//! What a server of the simulated cluster has to know about it, to serve it on sockets.

use super::faults::Fault;
use super::tell::Endpoints;
use super::{ConnectionId, SocketEvent, State, World};
use crate::address::Address;
use crate::time::Instant;

impl World {
    /// Where the nodes listen, in their order.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.nodes.iter().map(|node| &node.address)
    }

    /// Whether nodes announce their ports alone: clients add the host that they dialled.
    pub(crate) fn announces_ports(&self) -> bool {
        self.endpoints == Endpoints::Unknown
    }

    /// Whether every address that a node ever announces is one of those at the start.
    pub(crate) fn keeps_addresses(&self) -> bool {
        let moves = [Fault::Readdress, Fault::ReaddressAll, Fault::Forgeries, Fault::Crowd];
        let rebuilds = self.conditions.by_name && self.nemesis.has(Fault::Rebuild);
        !rebuilds && !moves.into_iter().any(|fault| self.nemesis.has(fault))
    }

    /// The node of a seed: its index.
    pub(crate) fn node_of(&self, seed: &Address) -> Option<usize> {
        self.resolve(seed)
    }

    /// As [`Self::next_event`] with this instant. The caller has a bound against standing still.
    pub(crate) fn event_until(&mut self, now: Instant) -> Option<SocketEvent> {
        self.advance(Some(now))
    }

    /// Whether nothing that a client could wait for is on its way on a connection, as far as can
    /// be known. Not so while the end of the connection is on its way.
    pub(crate) fn is_quiet(&self, id: ConnectionId) -> bool {
        self.connections.get(&id).is_none_or(|connection| match connection.state {
            State::Open => connection.up.len == 0 && connection.down.len == 0,
            State::Reset(_) => false,
            State::Dialling | State::HalfOpen | State::Left => true,
        })
    }
}
