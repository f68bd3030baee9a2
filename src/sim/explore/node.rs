//! Nodes of a small world, and their replies.
//!
//! Each node has its own view of the owners of slots; it executes commands or redirects them. The
//! value of a key is the list of the numbers of the commands that ran on it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::setup::{A, ADDRESSES, B, Event, KEYS, MIDDLE, Setup, slot_of};
use crate::resp::encode;

/// A request to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Request {
    Hello,
    Setting,
    Identity,
    Slots,
    Shards,
    Ping,
    Asking,
    Multi,
    Exec,
    /// A command of a call, or a part of a split command, by its number.
    Data(usize),
}

impl Request {
    /// The request that these words are. `None` if no small world has it.
    pub(super) fn of(words: &[Vec<u8>]) -> Option<Self> {
        let [name, rest @ ..] = words else { return None };
        let first = rest.first().map(Vec::as_slice);
        Some(match (name.as_slice(), first) {
            (b"HELLO", _) => Self::Hello,
            (b"CLIENT", Some(b"SETINFO")) => Self::Setting,
            (b"CLUSTER", Some(b"MYID")) => Self::Identity,
            (b"CLUSTER", Some(b"SLOTS")) => Self::Slots,
            (b"CLUSTER", Some(b"SHARDS")) => Self::Shards,
            (b"PING", None) => Self::Ping,
            (b"ASKING", None) => Self::Asking,
            (b"MULTI", None) => Self::Multi,
            (b"EXEC", None) => Self::Exec,
            (b"APPEND" | b"GETRANGE" | b"MSET" | b"SET", _) => {
                let number = core::str::from_utf8(rest.get(1)?).ok()?;
                Self::Data(number.parse().ok()?)
            }
            _ => return None,
        })
    }

    /// Its text in a trace.
    pub(super) fn shown(self) -> String {
        match self {
            Self::Data(command) => format!("command {command}"),
            other => format!("{other:?}").to_ascii_uppercase(),
        }
    }

    /// Whether the client sends it by itself, not for a call.
    pub(super) const fn is_own(self) -> bool {
        match self {
            Self::Hello
            | Self::Setting
            | Self::Identity
            | Self::Slots
            | Self::Shards
            | Self::Ping => true,
            Self::Asking | Self::Multi | Self::Exec | Self::Data(_) => false,
        }
    }
}

/// The state of a connection at its node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Session {
    pub(super) is_asking: bool,
    /// The commands since `MULTI`.
    pub(super) queued: Option<Vec<usize>>,
    /// Whether one of them was refused.
    pub(super) is_refused: bool,
}

/// A node, and its view of the slots.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) is_up: bool,
    /// The owners of the slots below [`MIDDLE`], and from there on.
    halves: [usize; 2],
    /// Slots of the first half that the second primary owns, in its view.
    moved: Vec<u16>,
    /// Slots that migrate from it.
    migrating: Vec<u16>,
    /// Slots that migrate to it.
    importing: Vec<u16>,
}

/// How a node deals with a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Run,
    Moved(usize),
    Ask(usize),
}

/// All nodes, and the data.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Nodes {
    pub(super) all: Vec<Node>,
    /// The node that stores each key.
    pub(super) holders: [usize; KEYS.len()],
    /// Which commands ran on each key, in tsuccessor order.
    pub(super) lists: [Vec<usize>; KEYS.len()],
}

impl Nodes {
    pub(super) fn new() -> Self {
        let node = Node {
            is_up: true,
            halves: [A, B],
            moved: Vec::new(),
            migrating: Vec::new(),
            importing: Vec::new(),
        };
        let holders =
            core::array::from_fn(|key| if slot_of(key).number() < MIDDLE { A } else { B });
        Self {
            all: Vec::from([node.clone(), node.clone(), node]),
            holders,
            lists: Default::default(),
        }
    }

    pub(super) fn happen(&mut self, event: Event) {
        match event {
            Event::Migrate(key) => {
                let slot = slot_of(key).number();
                self.all[A].migrating.push(slot);
                self.all[B].importing.push(slot);
            }
            Event::Move(key) => self.holders[key] = B,
            Event::Learn(learner, key) => {
                let slot = slot_of(key).number();
                for (index, node) in self.all.iter_mut().enumerate() {
                    if learner.is_none_or(|learner| learner == index) {
                        node.moved.push(slot);
                        node.migrating.retain(|migrating| *migrating != slot);
                        node.importing.retain(|importing| *importing != slot);
                    }
                }
                for key in (0..KEYS.len()).filter(|key| slot_of(*key).number() == slot) {
                    self.holders[key] = B;
                }
            }
            Event::Die(node) => self.all[node].is_up = false,
            Event::TakeOver(successor) => {
                for node in self.all.iter_mut().filter(|node| node.is_up) {
                    node.halves[0] = successor;
                }
                self.holders.iter_mut().filter(|holder| **holder == A).for_each(|h| *h = successor);
            }
            Event::Revive(node) => {
                self.all[node].is_up = true;
                self.all[node].halves = self.all[B].halves;
            }
        }
    }

    /// The owner of a slot, in the view of a node.
    pub(super) fn owner(&self, node: usize, slot: u16) -> usize {
        let Node { halves: [first, second], moved, .. } = &self.all[node];
        if slot >= MIDDLE || moved.contains(&slot) { *second } else { *first }
    }

    /// How a node deals with a command for a key.
    pub(super) fn decide(&self, node: usize, key: usize, is_asking: bool) -> Decision {
        let slot = slot_of(key).number();
        let owner = self.owner(node, slot);
        let Node { migrating, importing, .. } = &self.all[node];
        if owner == node {
            let is_gone = migrating.contains(&slot) && self.holders[key] != node;
            if is_gone { Decision::Ask(B) } else { Decision::Run }
        } else if is_asking && importing.contains(&slot) {
            Decision::Run
        } else {
            Decision::Moved(owner)
        }
    }

    /// The reply to `CLUSTER SLOTS`.
    pub(super) fn slots(&self, setup: &Setup, node: usize) -> Vec<u8> {
        let mut marks: Vec<u16> =
            setup.commands.iter().map(|one| slot_of(one.key).number()).collect();
        marks.extend(marks.clone().iter().map(|slot| slot + 1));
        marks.extend([0, MIDDLE]);
        marks.sort_unstable();
        marks.dedup();
        let mut rows: Vec<(u16, u16, usize)> = Vec::new();
        for (index, first) in marks.iter().enumerate() {
            let last = marks.get(index + 1).map_or(16_383, |next| next - 1);
            let owner = self.owner(node, *first);
            match rows.last_mut() {
                Some((_, end, of)) if *of == owner => *end = last,
                _ => rows.push((*first, last, owner)),
            }
        }
        let mut out = Vec::new();
        encode::array_header(&mut out, rows.len());
        for (first, last, owner) in rows {
            let has_replica = owner == A && setup.has_replica();
            encode::array_header(&mut out, if has_replica { 4 } else { 3 });
            encode::integer(&mut out, first.into());
            encode::integer(&mut out, last.into());
            row(&mut out, owner);
            if has_replica {
                row(&mut out, super::setup::C);
            }
        }
        out
    }
}

fn row(out: &mut Vec<u8>, node: usize) {
    let (host, port) = ADDRESSES[node].split_once(':').unwrap_or_default();
    encode::array_header(out, 3);
    encode::bulk(out, host.as_bytes());
    encode::integer(out, port.parse().unwrap_or_default());
    encode::bulk(out, id(node).as_bytes());
}

fn id(node: usize) -> String {
    format!("{node:040}")
}

/// The reply to a request that needs no state. `CLUSTER SHARDS` is refused: it only adds to
/// `CLUSTER SLOTS`.
pub(super) fn own_reply(request: Request, node: usize) -> Vec<u8> {
    let mut out = Vec::new();
    match request {
        Request::Hello => out.extend_from_slice(b"%1\r\n+version\r\n+8.2.3\r\n"),
        Request::Identity => encode::bulk(&mut out, id(node).as_bytes()),
        Request::Ping => encode::simple(&mut out, b"PONG"),
        Request::Setting | Request::Asking | Request::Multi => encode::simple(&mut out, b"OK"),
        Request::Shards | Request::Slots | Request::Exec | Request::Data(_) => {
            encode::error(&mut out, b"ERR no");
        }
    }
    out
}

/// The reply to a command that ran.
pub(super) fn ran(command: usize) -> Vec<u8> {
    let mut out = Vec::new();
    encode::simple(&mut out, format!("ran {command}").as_bytes());
    out
}

/// The reply to a transaction that ran.
pub(super) fn all_ran(commands: &[usize]) -> Vec<u8> {
    let mut out = Vec::new();
    encode::array_header(&mut out, commands.len());
    out.extend(commands.iter().flat_map(|command| ran(*command)));
    out
}

/// A redirection.
pub(super) fn redirection(word: &str, key: usize, to: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let text = format!("{word} {} {}", slot_of(key).number(), ADDRESSES[to]);
    encode::error(&mut out, text.as_bytes());
    out
}
