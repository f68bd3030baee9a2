//! The options of a client, one method each.

use super::std;

use core::time::Duration;
use std::string::String;

use super::builder::Builder;
#[cfg(doc)]
use crate::Config;
use crate::config::{AddressMap, Limits, Protocol, RedirectPolicy};
#[cfg(doc)]
use crate::error::ConfigError;
use crate::{CrossSlot, ReadFrom};

macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $type:ty;)+) => {
        /// Options. Each sets the field of [`Config`] of the same name, which documents details and
        /// the default. An invalid value is a [`ConfigError`] when the client connects.
        impl<R> Builder<R> {
            $($(#[$doc])*
            #[must_use]
            pub fn $field(mut self, $field: $type) -> Self {
                self.config.$field = $field;
                self
            })+

            /// The name of each connection, as `CLIENT LIST` shows it.
            #[must_use]
            pub fn client_name(mut self, name: impl Into<String>) -> Self {
                self.config.client_name = Some(name.into());
                self
            }
        }

        /// The names of the options that are fields.
        #[cfg(test)]
        const SETTERS: &[&str] = &[$(stringify!($field)),+];
    };
}

setters! {
    /// The number of the database.
    database: u32;
    /// The protocol to ask for.
    protocol: Protocol;
    /// Translates the addresses that nodes announce.
    address_map: AddressMap;
    /// Which nodes answer read-only commands.
    read_from: ReadFrom;
    /// Which redirections are followed.
    redirect_policy: RedirectPolicy;
    /// What happens to a command whose keys are in several slots.
    cross_slot: CrossSlot;
    /// The time budget of a call, connecting included.
    call_timeout: Duration;
    /// Maximum duration of one attempt to connect to a node. `call_timeout` bounds how long the
    /// client may take to connect to the cluster.
    connect_timeout: Duration;
    /// How long an attempt to dial one address of a host runs before the next address is dialled
    /// too.
    dial_stagger: Duration;
    /// How long a connection may owe replies without receiving one.
    stall_timeout: Duration;
    /// How long a connection may be idle before it is sent a `PING`.
    ping_interval: Duration;
    /// How long a shutdown waits for outstanding replies.
    drain_timeout: Duration;
    /// Maximum number of redirections per command.
    max_redirections: u8;
    /// Number of connections to each node that take commands.
    links_per_node: u8;
    /// Maximum number of commands in flight on one connection.
    max_in_flight: usize;
    /// Maximum bytes of commands in flight on one connection.
    max_in_flight_bytes: usize;
    /// Maximum number of calls that wait for one connection.
    max_queued: usize;
    /// Maximum number of incomplete calls over all nodes.
    max_pending_calls: usize;
    /// Maximum bytes of commands of incomplete calls.
    max_pending_bytes: usize;
    /// Maximum number of connections.
    max_connections: usize;
    /// Maximum number of connections being established at a time.
    max_dials: usize;
    /// Maximum number of dials that begin per second.
    max_dial_rate: u32;
    /// Maximum bytes of incomplete replies over all connections.
    max_received_bytes: usize;
    /// Maximum bytes of replies that wait for other replies of the same call.
    max_held_reply_bytes: usize;
    /// Limits of a single reply.
    limits: Limits;
}

#[cfg(test)]
mod tests;
