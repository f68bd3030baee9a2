//! The parameters of a URL: the one table that they are read from, written from and described from.

use alloc::string::String;

use super::{UrlTls, values};
use crate::config::Config;

/// A parameter that is a field of the configuration.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) expected: &'static str,
    /// Sets the field; `None` if the value is not what is expected.
    pub(super) set: fn(&mut Config, &str) -> Option<()>,
    /// The value of the field.
    pub(super) get: fn(&Config) -> String,
}

macro_rules! parameters {
    ($($name:literal $kind:ident $($field:ident).+;)+) => {
        [$(Parameter {
            name: $name,
            expected: values::$kind::EXPECTED,
            set: |config, text| {
                config.$($field).+ = values::$kind::read(text)?;
                Some(())
            },
            get: |config| values::$kind::write(&config.$($field).+),
        }),+]
    };
}

/// All fields of the configuration but the credentials, in their order.
pub(super) const PARAMETERS: [Parameter; 43] = parameters! {
    "client_name" name client_name;
    "database" database database;
    "protocol" protocol protocol;
    "address_map" address_map address_map;
    "read_from" read_from read_from;
    "redirect_policy" redirect_policy redirect_policy;
    "cross_slot" cross_slot cross_slot;
    "call_timeout" duration call_timeout;
    "connect_timeout" duration connect_timeout;
    "dial_stagger" duration dial_stagger;
    "stall_timeout" duration stall_timeout;
    "ping_interval" duration ping_interval;
    "drain_timeout" duration drain_timeout;
    "max_redirections" small max_redirections;
    "min_retry_delay" duration min_retry_delay;
    "max_retry_delay" duration max_retry_delay;
    "min_reconnect_delay" duration min_reconnect_delay;
    "max_reconnect_delay" duration max_reconnect_delay;
    "min_refresh_interval" duration min_refresh_interval;
    "max_refresh_interval" duration max_refresh_interval;
    "refresh_stagger" duration refresh_stagger;
    "moved_trust" duration moved_trust;
    "takeover_delay" duration takeover_delay;
    "links_per_node" small links_per_node;
    "max_in_flight" count max_in_flight;
    "max_in_flight_bytes" size max_in_flight_bytes;
    "max_queued" count max_queued;
    "max_pending_calls" count max_pending_calls;
    "max_pending_bytes" size max_pending_bytes;
    "max_connections" count max_connections;
    "max_dials" count max_dials;
    "max_dial_rate" rate max_dial_rate;
    "max_addresses" count max_addresses;
    "max_nodes" count max_nodes;
    "max_received_bytes" size max_received_bytes;
    "max_held_reply_bytes" size max_held_reply_bytes;
    "limits.max_frame_bytes" size limits.max_frame_bytes;
    "limits.max_elements" count limits.max_elements;
    "limits.max_depth" count limits.max_depth;
    "limits.max_handshake_bytes" size limits.max_handshake_bytes;
    "limits.max_topology_bytes" size limits.max_topology_bytes;
    "limits.max_push_bytes" size limits.max_push_bytes;
    "limits.max_skipped_bytes" size limits.max_skipped_bytes;
};

/// A parameter of URLs with TLS: any text.
#[derive(Debug)]
pub(super) struct TlsParameter {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) field: fn(&mut UrlTls) -> &mut Option<String>,
}

/// No parameter makes the driver trust more than it trusts by default, except an authority that the
/// user names.
pub(super) const TLS_PARAMETERS: [TlsParameter; 4] = [
    TlsParameter {
        name: "tls_ca_file",
        what: "the file with the certificates of the authorities to trust",
        field: |tls| &mut tls.ca_file,
    },
    TlsParameter {
        name: "tls_cert_file",
        what: "the file with the certificate of the client",
        field: |tls| &mut tls.cert_file,
    },
    TlsParameter {
        name: "tls_key_file",
        what: "the file with its private key",
        field: |tls| &mut tls.key_file,
    },
    TlsParameter {
        name: "tls_server_name",
        what: "the name in the certificates of all nodes",
        field: |tls| &mut tls.server_name,
    },
];

/// The name that is meant, perhaps.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let names = PARAMETERS.iter().map(|p| p.name).chain(TLS_PARAMETERS.iter().map(|p| p.name));
    let close = names.map(|known| (distance(name, known), known));
    let (distance, known) = close.min_by_key(|(distance, _)| *distance)?;
    (distance <= 2.max(known.len() / 3)).then_some(known)
}

/// How many letters have to be changed, added or left out.
fn distance(from: &str, to: &str) -> usize {
    let mut row: alloc::vec::Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.bytes().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(to.bytes()) {
            let changed = diagonal + usize::from(letter != other);
            diagonal = *cell;
            left = changed.min(*cell + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
