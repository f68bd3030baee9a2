//! What a command becomes that is split by slot, or goes to several nodes: worked out as simply as
//! can be, with nothing of what clients do for it.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::address::Address;
use crate::cluster::Stats;
use crate::command::Command;
use crate::resp::{Frame, Value};
use crate::sim::search::workload::Op;
use crate::sim::world::data::{Words, number_of};
use crate::slot::Slot;
use crate::topology::{Node, Shard, Topology};

/// A command of a call that becomes several.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Joint {
    /// Which command of its call it is.
    pub(super) command: usize,
    pub(in crate::sim) parts: Parts,
    pub(super) merge: Merge,
    /// Whether it may be sent again whenever an answer is missing.
    pub(super) is_repeatable: bool,
}

#[derive(Debug, Clone)]
pub(in crate::sim) enum Parts {
    /// One a slot, in the order of the slots: those ops of the call. With the part of each key.
    Slots { first: usize, count: usize, part_of_key: Vec<usize> },
    /// One a node: the command as it is. Without a marker several calls may ask in the same words.
    Nodes { reach: Reach, text: Vec<u8>, is_marked: bool },
}

/// The nodes that a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Reach {
    Primaries,
    Replicas,
    Nodes,
}

/// How the answers of the parts become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Merge {
    First,
    Sum,
    Least,
    Most,
    /// All elements, part by part.
    Concat,
    /// All elements, key by key.
    KeyOrder,
    /// They stay apart.
    PerNode,
}

impl Merge {
    /// Whether these answers make that one. `part_of_key` is for those that go by keys.
    pub(super) fn makes(self, parts: &[&Frame], part_of_key: &[usize], heard: &Value<'_>) -> bool {
        let numbers = || parts.iter().filter_map(|part| part.value().as_integer());
        match self {
            Self::First => parts.first().is_some_and(|first| first.value() == *heard),
            Self::Sum => heard.as_integer() == Some(numbers().sum()),
            Self::Least => heard.as_integer() == numbers().min(),
            Self::Most => heard.as_integer() == numbers().max(),
            Self::Concat => {
                let all = parts.iter().filter_map(|part| part.value().elements()).flatten();
                heard.elements().is_some_and(|heard| heard.eq(all))
            }
            Self::KeyOrder => {
                let mut places = alloc::vec![0; parts.len()];
                let of_key = |part: &usize| {
                    let place = &mut places[*part];
                    *place += 1;
                    parts[*part].value().elements()?.get(*place - 1)
                };
                let all: Option<Vec<_>> = part_of_key.iter().map(of_key).collect();
                all.is_some_and(|all| heard.elements().is_some_and(|heard| heard.eq(all)))
            }
            Self::PerNode => false,
        }
    }
}

/// What a client knew of the cluster when it chose the nodes for a call.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Known {
    primaries: Vec<Address>,
    replicas: Vec<Address>,
    nodes: Vec<Address>,
    counted: (u64, u64),
}

impl Known {
    pub(in crate::sim) fn of(topology: &Topology, stats: &Stats) -> Self {
        let shards = topology.shards();
        let address = |node: &Node| node.address().clone();
        Self {
            primaries: shards.iter().filter_map(Shard::primary).map(address).collect(),
            replicas: shards.iter().flat_map(Shard::replicas).map(address).collect(),
            nodes: topology.nodes().map(address).collect(),
            counted: (stats.topology_changes, stats.moved_followed),
        }
    }

    /// Whether it has learned nothing since.
    pub(super) fn is_still(&self, stats: &Stats) -> bool {
        self.counted == (stats.topology_changes, stats.moved_followed)
    }

    /// The nodes that a command is for, in the order in which a client knows them.
    pub(super) fn reached(&self, reach: Reach) -> &[Address] {
        match reach {
            Reach::Primaries => &self.primaries,
            Reach::Replicas => &self.replicas,
            Reach::Nodes => &self.nodes,
        }
    }
}

/// A command that is split by slot: its ops, and what they make. Each key takes `step` words.
pub(in crate::sim) fn split(
    command: &Command,
    step: usize,
    merge: Merge,
    place: usize,
    ops: &mut Vec<Op>,
) -> Joint {
    let words: Words = command.arguments().map(<[u8]>::to_vec).collect();
    let mut parts: BTreeMap<u16, Words> = BTreeMap::new();
    let slot = |group: &[Vec<u8>]| Slot::of_key(&group[0]).number();
    let groups = || words[1..].chunks(step);
    for group in groups() {
        let part = parts.entry(slot(group)).or_insert_with(|| words[..1].to_vec());
        part.extend_from_slice(group);
    }
    let slots: Vec<u16> = parts.keys().copied().collect();
    let part_of_key = groups().filter_map(|group| slots.binary_search(&slot(group)).ok()).collect();
    let (first, count) = (ops.len(), parts.len());
    ops.extend(parts.into_iter().map(|(slot, words)| Op {
        is_too_long: false,
        command: place,
        number: number_of(&words),
        slot: Some(slot),
        key: words.get(1).cloned(),
        text: words.join(&b' '),
        is_script: false,
        is_repeatable: false,
    }));
    let is_repeatable = command.info().is_idempotent();
    Joint {
        command: place,
        parts: Parts::Slots { first, count, part_of_key },
        merge,
        is_repeatable,
    }
}

/// A command that goes to several nodes.
pub(in crate::sim) fn spread(command: &Command, reach: Reach, merge: Merge, place: usize) -> Joint {
    let words: Words = command.arguments().map(<[u8]>::to_vec).collect();
    let text = words.join(&b' ');
    let is_marked = text.iter().any(u8::is_ascii_digit);
    let is_repeatable = command.info().is_idempotent();
    Joint { command: place, parts: Parts::Nodes { reach, text, is_marked }, merge, is_repeatable }
}
