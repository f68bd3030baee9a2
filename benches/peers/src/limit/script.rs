//! What is sent, encoded and sorted by node before it is measured.

use std::collections::BTreeMap;

use crate::data::{Data, Key};
use crate::nodes::Nodes;
use crate::servers::raw::encode;
use crate::servers::slots::slot_of;
use crate::workloads::{Request, Workload};

/// Commands of one request for one node.
#[derive(Debug, Default)]
pub(super) struct Packet {
    pub(super) node: usize,
    pub(super) bytes: Vec<u8>,
    /// Replies to it.
    pub(super) replies: usize,
    /// Bytes of values in them.
    pub(super) value_bytes: usize,
}

/// Requests that are made again and again, each as its packets.
pub(super) fn rounds(workload: &Workload, data: &'static Data, nodes: &Nodes) -> Vec<Vec<Packet>> {
    let count = (20_000 / workload.keys).max(100);
    (0..count).map(|made| packets(workload, workload.request(data, 0, made), nodes)).collect()
}

fn packets(workload: &Workload, request: Request, nodes: &Nodes) -> Vec<Packet> {
    let mut packets = BTreeMap::<usize, Packet>::new();
    let mut add = |key: &str, words: &[&str], values: usize| {
        let node = nodes.of(key);
        let packet = packets.entry(node).or_default();
        packet.node = node;
        packet.bytes.extend(encode(words));
        packet.replies += 1;
        packet.value_bytes += values * workload.value_len;
    };
    match request {
        Request::Get(key) => add(key, &["GET", key], 1),
        Request::Set(key, value) => add(key, &["SET", key, value], 0),
        Request::Batch(keys) => keys.iter().for_each(|key| add(key, &["GET", key], 1)),
        // Servers take no command with keys in several slots, from any client.
        Request::Mget(keys) => {
            for keys in by_slot(keys.iter().map(|key| (*key, *key))) {
                let words: Vec<Key> = std::iter::once("MGET").chain(keys.iter().copied()).collect();
                add(keys[0], &words, keys.len());
            }
        }
        Request::Mset(pairs) => {
            for pairs in by_slot(pairs.iter().map(|pair| (pair.0, *pair))) {
                let flat = pairs.iter().flat_map(|(key, value)| [*key, *value]);
                let words: Vec<&str> = std::iter::once("MSET").chain(flat).collect();
                add(pairs[0].0, &words, 0);
            }
        }
    }
    packets.into_values().collect()
}

fn by_slot<T>(keyed: impl Iterator<Item = (Key, T)>) -> impl Iterator<Item = Vec<T>> {
    let mut slots = BTreeMap::<u16, Vec<T>>::new();
    for (key, what) in keyed {
        slots.entry(slot_of(key)).or_default().push(what);
    }
    slots.into_values()
}

/// Commands for one node that are sent again and again, so many at a time as there is room for.
#[derive(Debug, Default)]
pub(super) struct Stream {
    bytes: Vec<u8>,
    /// Where each command begins, and where the last one ends.
    bounds: Vec<usize>,
    next: usize,
}

impl Stream {
    /// The requests that the callers of a workload would make, those of each node apart.
    pub(super) fn of_nodes(workload: &Workload, data: &'static Data, nodes: &Nodes) -> Vec<Self> {
        const COUNT: usize = 20_000;
        let empty = || Self { bounds: vec![0], ..Self::default() };
        let mut streams: Vec<_> = (0..nodes.count()).map(|_| empty()).collect();
        for index in 0..COUNT {
            let (caller, made) = (index % workload.callers, index / workload.callers);
            for packet in packets(workload, workload.request(data, caller, made), nodes) {
                let stream = &mut streams[packet.node];
                stream.bytes.extend(packet.bytes);
                stream.bounds.push(stream.bytes.len());
            }
        }
        streams
    }

    /// The next commands, at most so many: fewer at the end, where it begins anew.
    pub(super) fn take(&mut self, at_most: usize) -> (&[u8], usize) {
        let first = self.next;
        let last = (first + at_most).min(self.bounds.len() - 1);
        self.next = if last == self.bounds.len() - 1 { 0 } else { last };
        (&self.bytes[self.bounds[first]..self.bounds[last]], last - first)
    }
}
