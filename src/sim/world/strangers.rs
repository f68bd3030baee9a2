//! Nodes of other clusters at known addresses, and clusters that are built anew.
//!
//! Source: pods, whose addresses are given to others as soon as they are gone, and operators who
//! delete a cluster and make another one behind the same names. A node that starts without its
//! `nodes.conf` draws a new ID.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::data::{self, Data};
use super::faults::Fault;
use super::nemesis::Step;
use super::node::{Session, address};
use super::{State, World};
use crate::error::Disconnect;
use crate::resp::encode;
use crate::sim::search::simulation::PAUSE_MAX;
use crate::slot::SLOT_COUNT;

/// How long a stranger stays, at most. Shorter than clients wait before they follow one.
const STAY: Duration = Duration::from_secs(3);

/// How long clients may take to follow a new cluster: some of its nodes may be gone for a while,
/// and rounds of the refresh become rare.
const DOUBT: Duration = Duration::from_secs(30);

/// How long the nodes of a new cluster take to start, at most.
const BUILDING: Duration = Duration::from_secs(2);

impl World {
    /// A node is gone, and a node of another cluster gets its address for a while.
    pub(super) fn let_stranger_in(&mut self, node: usize) {
        if !self.nodes[node].is_up || !self.nodes[node].is_member {
            return;
        }
        self.kill(node, true);
        // What is being dialled may have been looked up by the name of the node.
        for connection in self.connections.values_mut() {
            if connection.node == Some(node) && connection.state == State::Dialling {
                connection.node = None;
            }
        }
        let generation = self.nemesis.next_generation();
        self.nodes[node].stranger = Some(format!("{:040x}", 0xbad_0000 + generation));
        let until = self.undo(STAY, Step::Evict(node));
        self.disturb_all(until);
    }

    /// The stranger goes, and the node is back.
    pub(super) fn evict(&mut self, node: usize) {
        self.nodes[node].stranger = None;
        for id in self.connections_of(node) {
            self.reset(id, Disconnect::Reset);
        }
        self.restart(node);
    }

    /// All nodes go, with all that they have. Others take their names, and either all their
    /// addresses or none of them.
    pub(super) fn rebuild(&mut self) {
        if self.nodes.iter().any(|node| node.stranger.is_some()) {
            return;
        }
        let mut until = self.now;
        for index in 0..self.nodes.len() {
            let generation = self.nemesis.next_generation();
            let data = core::mem::take(&mut self.nodes[index].data);
            for entry in data.entries.values() {
                self.history.lost(&entry.writes, &[]);
            }
            let by_name = self.conditions.by_name;
            let node = &mut self.nodes[index];
            node.id = format!("{:040x}", (generation << 16) + index + 1);
            node.data = Data::default();
            (node.following, node.lineage) = (None, node.lineage + 1);
            node.log.clear();
            node.migrating.clear();
            node.importing.clear();
            if !node.is_member {
                for id in self.connections_of(index) {
                    self.reset(id, Disconnect::Reset);
                }
                continue; // it starts again when it joins
            }
            if by_name {
                let address = address(index, generation);
                let former = core::mem::replace(&mut node.address, address);
                node.former_addresses.push(former);
            }
            self.kill(index, true);
            until = until.max(self.undo(BUILDING, Step::Start(index)));
        }
        for index in 0..self.nodes.len() {
            self.synchronise(index);
        }
        let asleep = if self.nemesis.has(Fault::LongPause) { PAUSE_MAX } else { Duration::ZERO };
        self.history.doubtful_until = Some(until + DOUBT + asleep);
        self.history.excuse_order(self.now, 0, SLOT_COUNT - 1);
        self.disturb_all(until);
    }

    /// What a stranger answers. It owns all slots of a cluster of its own, and serves whatever it
    /// gets: a client that sends it a command has sent it to the wrong cluster.
    pub(super) fn answer_as_stranger(
        &mut self,
        index: usize,
        session: &mut Session,
        words: &[Vec<u8>],
        out: &mut Vec<u8>,
    ) {
        let Some(id) = self.nodes[index].stranger.clone() else { return };
        let word = |at: usize| {
            words.get(at).map(|word| String::from_utf8_lossy(word).to_ascii_uppercase())
        };
        match (word(0).as_deref(), word(1).as_deref()) {
            (Some("HELLO"), _) => self.hello(session, words, out),
            (Some("AUTH" | "CLIENT" | "SELECT" | "READONLY"), _) => encode::simple(out, b"OK"),
            (Some("PING"), _) => encode::simple(out, b"PONG"),
            (Some("CLUSTER"), Some("MYID")) => encode::bulk(out, id.as_bytes()),
            // Who knows no cluster yet cannot tell one from another.
            (Some("CLUSTER"), Some("SLOTS"))
                if !self.history.acquainted.contains(&session.client) =>
            {
                encode::array_header(out, 0);
            }
            (Some("CLUSTER"), Some("SLOTS")) => self.stranger_slots(index, &id, out),
            (Some("CLUSTER"), Some("SHARDS" | "NODES")) => {
                encode::error(out, b"ERR the other question has been answered");
            }
            _ => {
                let text = data::shown(words);
                self.history.violation(format!("a stranger at node {index} gets {text}"));
                encode::error(out, b"ERR not here");
            }
        }
    }

    /// Its view: it has all slots.
    fn stranger_slots(&self, index: usize, id: &str, out: &mut Vec<u8>) {
        let own = &self.nodes[index].address;
        encode::array_header(out, 1);
        encode::array_header(out, 3);
        encode::integer(out, 0);
        encode::integer(out, i64::from(SLOT_COUNT) - 1);
        encode::array_header(out, 3);
        encode::bulk(out, own.host().as_bytes());
        encode::integer(out, i64::from(own.port()));
        encode::bulk(out, id.as_bytes());
    }
}
