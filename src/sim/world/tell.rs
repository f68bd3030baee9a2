//! How a simulated node reports its view of the cluster.
//!
//! Source: the commands `CLUSTER SLOTS`, `CLUSTER SHARDS` and `CLUSTER NODES`, and what servers of
//! each version answer to them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::node::{Claim, Node, Version, View};
use crate::address::Address;
use crate::config::Protocol;
use crate::resp::encode;
use crate::slot::SLOT_COUNT;

/// How nodes name themselves and other nodes in replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoints {
    /// By IP address, the default of servers.
    Ip,
    /// By port only, with an unknown host: a client takes the host that it asked. Every node needs
    /// a port of its own.
    Unknown,
}

pub(super) struct Teller<'a> {
    pub(super) node: &'a Node,
    pub(super) index: usize,
    pub(super) nodes: &'a [Node],
    pub(super) version: Version,
    pub(super) endpoints: Endpoints,
    pub(super) protocol: Protocol,
}

impl Teller<'_> {
    /// `host:port` in a redirection.
    pub(super) fn endpoint(&self, address: &Address) -> String {
        match self.endpoints {
            Endpoints::Ip => format!("{}:{}", address.host(), address.port()),
            Endpoints::Unknown => format!(":{}", address.port()),
        }
    }

    fn id(&self, claim: &Claim) -> &str {
        &self.nodes[claim.node].id
    }

    /// The primaries that it knows, itself included.
    fn primaries(&self) -> impl Iterator<Item = &Claim> {
        let claims = self.node.view.claims.iter().filter_map(Option::as_deref);
        claims.filter(|claim| claim.primary.is_none())
    }

    pub(super) fn slots(&self, out: &mut Vec<u8>) {
        self.rows(&self.node.view, None, &[], out);
    }

    /// The same, but nodes that are made up have the first slots of this one.
    pub(super) fn slots_with(&self, made_up: &[Address], out: &mut Vec<u8>) {
        let own = self.node.view.slots_of(self.index).into_iter();
        let own = own.flat_map(|(first, last)| first..=last);
        let given: Vec<_> = own.zip(made_up).collect();
        let mut view = self.node.view.clone();
        for (slot, _) in &given {
            view.owners.set(*slot, *slot, None);
        }
        self.rows(&view, None, &given, out);
    }

    /// The same, with `?` for the host of one node, as if it had not told its name yet.
    pub(super) fn slots_but(&self, unknown: usize, out: &mut Vec<u8>) {
        self.rows(&self.node.view, Some(unknown), &[], out);
    }

    fn rows(
        &self,
        view: &View,
        unknown: Option<usize>,
        made_up: &[(u16, &Address)],
        out: &mut Vec<u8>,
    ) {
        let rows: Vec<_> = view
            .owners
            .iter()
            .filter_map(|(first, last, owner)| Some((first, last, view.claim((*owner)?)?)))
            .collect();
        encode::array_header(out, rows.len() + made_up.len());
        for (slot, address) in made_up {
            encode::array_header(out, 3);
            encode::integer(out, i64::from(*slot));
            encode::integer(out, i64::from(*slot));
            encode::array_header(out, 2);
            encode::bulk(out, address.host().as_bytes());
            encode::integer(out, i64::from(address.port()));
        }
        for (first, last, primary) in rows {
            let replicas: Vec<_> = view.replicas_of(primary.node).collect();
            encode::array_header(out, 3 + replicas.len());
            encode::integer(out, i64::from(first));
            encode::integer(out, i64::from(last));
            for claim in [primary].into_iter().chain(replicas) {
                self.slots_entry(out, claim, unknown == Some(claim.node));
            }
        }
    }

    fn slots_entry(&self, out: &mut Vec<u8>, claim: &Claim, is_unknown: bool) {
        let has_metadata = self.version >= Version::Redis70;
        encode::array_header(out, if has_metadata { 4 } else { 3 });
        match self.endpoints {
            _ if is_unknown => encode::bulk(out, b"?"),
            Endpoints::Ip => encode::bulk(out, claim.address.host().as_bytes()),
            Endpoints::Unknown => encode::null(out, self.protocol),
        }
        encode::integer(out, i64::from(claim.address.port()));
        encode::bulk(out, self.id(claim).as_bytes());
        if !has_metadata {
            return;
        }
        match self.endpoints {
            _ if is_unknown => encode::map_header(out, 0, self.protocol),
            Endpoints::Ip => encode::map_header(out, 0, self.protocol),
            Endpoints::Unknown => {
                encode::map_header(out, 1, self.protocol);
                encode::bulk(out, b"ip");
                encode::bulk(out, claim.address.host().as_bytes());
            }
        }
    }

    pub(super) fn shards(&self, out: &mut Vec<u8>) {
        let primaries: Vec<_> = self.primaries().collect();
        encode::array_header(out, primaries.len());
        for primary in primaries {
            let slots = self.node.view.slots_of(primary.node);
            let replicas: Vec<_> = self.node.view.replicas_of(primary.node).collect();
            let has_id = self.version == Version::Valkey9;
            encode::map_header(out, if has_id { 3 } else { 2 }, self.protocol);
            encode::bulk(out, b"slots");
            encode::array_header(out, slots.len() * 2);
            for (first, last) in slots {
                encode::integer(out, i64::from(first));
                encode::integer(out, i64::from(last));
            }
            encode::bulk(out, b"nodes");
            encode::array_header(out, 1 + replicas.len());
            for claim in [primary].into_iter().chain(replicas) {
                self.shards_entry(out, claim);
            }
            if has_id {
                encode::bulk(out, b"id");
                encode::bulk(out, self.id(primary).as_bytes());
            }
        }
    }

    fn shards_entry(&self, out: &mut Vec<u8>, claim: &Claim) {
        let endpoint = match self.endpoints {
            Endpoints::Ip => claim.address.host(),
            Endpoints::Unknown => "",
        };
        let health = if self.node.view.failed.contains(&claim.node) { "fail" } else { "online" };
        let text = |out: &mut Vec<u8>, name: &str, text: &str| {
            encode::bulk(out, name.as_bytes());
            encode::bulk(out, text.as_bytes());
        };
        encode::map_header(out, 7, self.protocol);
        text(out, "id", self.id(claim));
        encode::bulk(out, b"port");
        encode::integer(out, i64::from(claim.address.port()));
        text(out, "ip", claim.address.host());
        text(out, "endpoint", endpoint);
        text(out, "role", if claim.primary.is_none() { "master" } else { "replica" });
        encode::bulk(out, b"replication-offset");
        let offset = self.nodes[claim.node].log.len();
        encode::integer(out, i64::try_from(offset).unwrap_or(i64::MAX));
        text(out, "health", health);
    }

    #[expect(clippy::format_push_string, reason = "it is the clearest, and need not be fast")]
    pub(super) fn nodes(&self, out: &mut Vec<u8>) {
        let mut text = String::new();
        for claim in self.node.view.claims.iter().filter_map(Option::as_deref) {
            let myself = if claim.node == self.index { "myself," } else { "" };
            let role = if claim.primary.is_none() { "master" } else { "slave" };
            let failed = self.node.view.failed.contains(&claim.node);
            let primary = claim.primary.map_or("-", |primary| &self.nodes[primary].id);
            let (host, port) = (claim.address.host(), claim.address.port());
            let id = self.id(claim);
            let failed = if failed { ",fail" } else { "" };
            let (bus, epoch) = (u32::from(port) + 10_000, claim.epoch);
            text += &format!("{id} {host}:{port}@{bus} {myself}{role}{failed} ");
            text += &format!("{primary} 0 0 {epoch} connected");
            for (first, last) in self.node.view.slots_of(claim.node) {
                text +=
                    &if first == last { format!(" {first}") } else { format!(" {first}-{last}") };
            }
            if claim.node == self.index {
                for (slot, target) in &self.node.migrating {
                    text += &format!(" [{slot}->-{}]", self.nodes[*target].id);
                }
                for (slot, source) in &self.node.importing {
                    text += &format!(" [{slot}-<-{}]", self.nodes[*source].id);
                }
            }
            text.push('\n');
        }
        match self.protocol {
            Protocol::Resp2 => encode::bulk(out, text.as_bytes()),
            Protocol::Resp3 => encode::verbatim(out, b"txt", text.as_bytes()),
        }
    }

    /// Something that calls itself a topology, and is none or not all of one.
    pub(super) fn oddity(&self, choice: u64, out: &mut Vec<u8>) {
        let own = &self.node.address;
        let (port, last) = (i64::from(own.port()), i64::from(SLOT_COUNT) - 1);
        // Rows of one node each.
        let mut tell = |rows: &[(i64, i64, i64)]| {
            encode::array_header(out, rows.len());
            for (first, last, port) in rows {
                encode::array_header(out, 3);
                encode::integer(out, *first);
                encode::integer(out, *last);
                encode::array_header(out, 3);
                encode::bulk(out, own.host().as_bytes());
                encode::integer(out, *port);
                encode::bulk(out, self.node.id.as_bytes());
            }
        };
        match choice % 6 {
            0 => tell(&[]),
            1 => tell(&[(0, last, port + (1 << 16))]), // cut to 16 bits it would be right
            2 => tell(&[(0, last + 1, port)]),
            3 => tell(&[(0, last, port), (100, 99, port)]),
            4 => tell(&[(0, last, 0)]),
            _ => encode::error(out, b"ERR this node has lost its mind"),
        }
    }
}
