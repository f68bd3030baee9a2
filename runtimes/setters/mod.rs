//! The options of a client, one by one.

use super::std;

use core::time::Duration;
use std::string::String;

use super::client::Builder;
use crate::{AddressMap, CrossSlot, Limits, Protocol, ReadFrom, RedirectPolicy};
#[cfg(doc)]
use crate::{Config, ConfigError};

macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $type:ty;)+) => {
        /// Options, each the field of [`Config`] of the same name, which says more and has the
        /// default. What cannot work is a [`ConfigError`] when the client connects.
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

        /// The names of those that are fields.
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
    /// Who answers read-only commands.
    read_from: ReadFrom;
    /// Which redirections are followed.
    redirect_policy: RedirectPolicy;
    /// What becomes of a command whose keys are in several slots.
    cross_slot: CrossSlot;
    /// The time budget of a call, connecting included.
    call_timeout: Duration;
    /// How long one attempt to connect to a node may take. How long the client may take to connect
    /// to the cluster is `call_timeout`.
    connect_timeout: Duration;
    /// How long an address of a host may take to answer before the next one is dialled as well.
    dial_stagger: Duration;
    /// A connection that owes replies and has been silent for this long is closed.
    stall_timeout: Duration;
    /// A connection that has been idle for this long is sent a `PING`.
    ping_interval: Duration;
    /// How long a shutdown waits for replies.
    drain_timeout: Duration;
    /// How often one command is redirected.
    redirection_count_max: u8;
    /// Commands that may wait for replies on one connection.
    in_flight_count_max: usize;
    /// Bytes of commands that may wait for replies on one connection.
    in_flight_len_max: usize;
    /// Calls that may wait for one node.
    queue_count_max: usize;
    /// Calls that are not completed, over all nodes.
    calls_count_max: usize;
    /// Bytes of commands of calls that are not completed.
    calls_len_max: usize;
    /// Connections that there may be.
    connection_count_max: usize;
    /// Connections that may be on their way at a time.
    dial_count_max: usize;
    /// Dials that may begin in a second.
    dial_rate_max: u32;
    /// Bytes of replies that have begun to come, over all connections.
    received_len_max: usize;
    /// Bytes of replies that wait for others of their call.
    replies_len_max: usize;
    /// What a reply may be.
    limits: Limits;
}

#[cfg(test)]
mod tests;
