//! What it costs that all slots change hands while calls are on their way.
//!
//! `cargo bench --bench handover` prints time and allocations per call: each is sent to the former
//! owner of its slot, redirected, and answered by the new one. What one of them costs must not grow
//! with how many there are.

#[path = "../tests/machine/mod.rs"]
mod machine;
mod report;

use std::collections::{BTreeMap, VecDeque};

use hashslot::{Action, Call, Command, Instant, LinkId, Slot};
use machine::{Machine, address, keys, range_of, topology};
use report::report;

/// Each key has a slot of its own.
const KEY_COUNT: usize = 10_000;
const GET: &[u8] = b"*2\r\n$3\r\nGET\r\n";
const QUESTION: &[u8] = b"*2\r\n$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n";
const VALUE: &[u8] = b"$5\r\nvalue\r\n";
/// Replies that come in one piece.
const PIECE_COUNT: usize = 1_000;

fn main() {
    report::head("hand-over of all slots, per call");
    let keys = keys(KEY_COUNT);
    for (call_count, node_count) in [(1_000, 3), (10_000, 3), (100_000, 3), (10_000, 1_000)] {
        let mut handover = Handover::new(node_count);
        report(&format!("of {call_count} calls, {node_count} nodes"), count(call_count), || {
            handover.round(&keys, call_count);
        });
    }
    for call_count in [1_000, 10_000, 100_000] {
        let mut handover = Handover::new(3);
        let key = keys.get(..1).expect("is a key");
        report(&format!("of {call_count} calls of one slot"), count(call_count), || {
            handover.round(key, call_count);
        });
    }
}

/// A machine, and nodes that hand all of their slots over to the next one each round.
struct Handover {
    machine: Machine,
    /// Which node a link leads to.
    indexes: BTreeMap<LinkId, usize>,
    /// How often that was done.
    shift: usize,
    nodes: Vec<Node>,
}

/// What a node was sent and has not read, and what it has to say.
#[derive(Default)]
struct Node {
    sent: Vec<u8>,
    replies: VecDeque<Vec<u8>>,
}

impl Handover {
    fn new(node_count: usize) -> Self {
        let machine = Machine::new(node_count);
        let indexes =
            machine.links.iter().enumerate().map(|(index, link)| (*link, index)).collect();
        let nodes = (0..node_count).map(|_| Node::default()).collect();
        Self { machine, indexes, shift: 0, nodes }
    }

    fn round(&mut self, keys: &[String], call_count: usize) {
        for key in keys.iter().cycle().take(call_count) {
            self.machine.submit(Call::new(Command::get(key)));
        }
        self.shift += 1;
        let mut open = call_count;
        while open > 0 {
            open -= self.carry_out();
            for index in 0..self.nodes.len() {
                self.answer(index);
            }
        }
    }

    /// Takes what the machine says, and hands what it sends to the nodes: the number of completed
    /// calls.
    fn carry_out(&mut self) -> usize {
        let mut completed = 0;
        while let Some(action) = self.machine.cluster.poll_action() {
            if let Action::SendToNode { link } = action {
                let index = *self.indexes.get(&link).expect("is a link");
                let node = self.nodes.get_mut(index).expect("is a node");
                self.machine.take_sent(link, |bytes| node.sent.extend_from_slice(bytes));
            } else if let Action::Complete { outcome, .. } = action {
                assert!(outcome.is_ok(), "{outcome:?}");
                completed += 1;
            }
        }
        completed
    }

    /// A node reads what it was sent, and says some of what it has to say.
    fn answer(&mut self, index: usize) {
        let node_count = self.nodes.len();
        let node = self.nodes.get_mut(index).expect("is a node");
        let mut sent = node.sent.as_slice();
        while let Some((command, rest)) = next_command(sent) {
            node.replies.push_back(reply(command, index, node_count, self.shift));
            sent = rest;
        }
        node.sent.clear();
        let said_count = node.replies.len().min(PIECE_COUNT);
        let said: Vec<u8> = node.replies.drain(..said_count).flatten().collect();
        let link = *self.machine.links.get(index).expect("is linked");
        self.machine.cluster.handle_received(Instant::EPOCH, link, &said);
    }
}

/// The key of the first command of these bytes, or `None` if it asks for the topology; and what is
/// behind it. `None` if there is no command.
fn next_command(sent: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    if sent.is_empty() {
        return None;
    }
    if let Some(key) = sent.strip_prefix(GET) {
        let (key, rest) = key.strip_prefix(b"$16\r\n").expect("is a key").split_at(16);
        return Some((Some(key), rest.strip_prefix(b"\r\n").expect("ends")));
    }
    let rest = sent.strip_prefix(QUESTION).expect("asks for the topology");
    Some((None, rest))
}

/// What a node says to a command.
fn reply(key: Option<&[u8]>, index: usize, node_count: usize, shift: usize) -> Vec<u8> {
    let Some(key) = key else { return topology(node_count, shift).into_bytes() };
    let slot = Slot::of_key(key);
    let owner = (range_of(slot, node_count) + shift) % node_count;
    if owner == index {
        return VALUE.to_vec();
    }
    format!("-MOVED {} {}\r\n", slot.number(), address(owner)).into_bytes()
}

fn count(len: usize) -> u32 {
    u32::try_from(len).expect("fits")
}
