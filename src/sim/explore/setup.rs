//! The description of a small world: its keys and nodes, the calls of its client, the events of its
//! cluster, and what may go wrong.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::command::Command;
use crate::config::Config;
use crate::plan::Call;
use crate::slot::Slot;

/// The nodes: two primaries, and a replica of the first.
pub(super) const A: usize = 0;
pub(super) const B: usize = 1;
pub(super) const C: usize = 2;

/// The addresses of the nodes.
pub(super) const ADDRESSES: [&str; 3] = ["a:1", "b:2", "c:3"];

/// The first slot of the second primary.
pub(super) const MIDDLE: u16 = 8192;

/// A key of the first primary, another key of that slot, a key of another slot of that primary, and
/// a key of the second primary.
pub(super) const KEYS: [&str; 4] = ["{bar}1", "{bar}2", "hello", "foo"];

pub(super) fn slot_of(key: usize) -> Slot {
    Slot::of_key(KEYS[key].as_bytes())
}

/// Longer than any time that passes in a small world.
const LONG: Duration = Duration::from_secs(3600);

/// A tiny cluster with a client: the calls in the order of submission, the events of the cluster in
/// their order, and how often each thing may go wrong. [`Setup::all`] has those that are explored.
#[derive(Debug, Clone)]
pub struct Setup {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) calls: Vec<Planned>,
    pub(super) commands: Vec<Single>,
    pub(super) events: Vec<Event>,
    pub(super) budget: Budget,
    pub(super) config: Config,
    /// Whether only commands with the same key keep their order, not all of a slot.
    pub(super) is_by_key: bool,
    /// The maximum number of redirections of a command.
    pub(super) redirections_max: u8,
    /// Whether nodes refuse `MULTI`.
    pub(super) refuses_multi: bool,
    /// Whether the handshake of a new connection takes several steps.
    pub(super) has_handshake: bool,
}

/// A call that the client submits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) shape: Shape,
    /// The numbers of its commands.
    pub(super) commands: Vec<usize>,
    pub(super) is_idempotent: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    One,
    Pipeline,
    Transaction,
    /// One command with keys in several slots, a part for each.
    Split,
}

/// A command, or a part of one that is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Single {
    pub(super) call: usize,
    pub(super) key: usize,
    pub(super) reads: bool,
}

/// An event of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// The slot of this key begins to migrate from the first primary to the second.
    Migrate(usize),
    /// This key moves to the second primary.
    Move(usize),
    /// This node, or all of them, learns that the second primary owns the slot of the key.
    Learn(Option<usize>, usize),
    /// A node dies, and its connections are lost.
    Die(usize),
    /// A node takes over the slots of the first primary.
    TakeOver(usize),
    /// A dead node comes back, and knows which node took over.
    Revive(usize),
}

impl Event {
    /// Its text in a trace.
    pub(super) fn shown(self) -> String {
        let slot = |key| slot_of(key).number();
        match self {
            Self::Migrate(key) => {
                format!(
                    "slot {} begins to migrate from {} to {}",
                    slot(key),
                    ADDRESSES[A],
                    ADDRESSES[B]
                )
            }
            Self::Move(key) => format!("key {} moves to {}", KEYS[key], ADDRESSES[B]),
            Self::Learn(None, key) => {
                format!("all nodes learn that {} owns slot {}", ADDRESSES[B], slot(key))
            }
            Self::Learn(Some(node), key) => {
                let (node, owner) = (ADDRESSES[node], ADDRESSES[B]);
                format!("{node} learns that {owner} owns slot {}", slot(key))
            }
            Self::Die(node) => format!("{} dies", ADDRESSES[node]),
            Self::TakeOver(node) => format!("{} takes over from {}", ADDRESSES[node], ADDRESSES[A]),
            Self::Revive(node) => format!("{} is back", ADDRESSES[node]),
        }
    }
}

/// How often each of these may happen on one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Budget {
    /// Callers cancel a call.
    pub(super) cancels: u8,
    /// A write or a read of the transport ends inside a command or a reply, or before the last.
    pub(super) cuts: u8,
    /// A connection is lost, or cannot be made.
    pub(super) losses: u8,
    /// A node refuses a command that it has read in part.
    pub(super) rejections: u8,
    /// A timer fires while other steps are possible. Where only time passes, timers fire freely.
    pub(super) timers: u8,
    /// The driver is late for a timer.
    pub(super) delays: u8,
}

impl Setup {
    pub(super) fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            calls: Vec::new(),
            commands: Vec::new(),
            events: Vec::new(),
            budget: Budget::default(),
            config: Config {
                // Otherwise calls time out, and connections count as dead, wherever a timer fires.
                call_timeout: LONG,
                ping_interval: LONG,
                stall_timeout: LONG,
                ..Config::default()
            },
            is_by_key: false,
            redirections_max: 2,
            refuses_multi: false,
            has_handshake: false,
        }
    }

    fn call(mut self, shape: Shape, keys: &[usize], reads: bool, is_idempotent: bool) -> Self {
        let first = self.commands.len();
        let call = self.calls.len();
        self.commands.extend(keys.iter().map(|key| Single { call, key: *key, reads }));
        let commands = (first..self.commands.len()).collect();
        self.calls.push(Planned { shape, commands, is_idempotent });
        self
    }

    /// Writes that are not idempotent, one call for each key.
    pub(super) fn writes(self, keys: &[usize]) -> Self {
        keys.iter().fold(self, |setup, key| setup.call(Shape::One, &[*key], false, false))
    }

    pub(super) fn read(self, key: usize) -> Self {
        self.call(Shape::One, &[key], true, true)
    }

    pub(super) fn repeatable_write(self, key: usize) -> Self {
        self.call(Shape::One, &[key], false, true)
    }

    pub(super) fn pipeline(self, keys: &[usize]) -> Self {
        self.call(Shape::Pipeline, keys, false, false)
    }

    pub(super) fn transaction(self, keys: &[usize]) -> Self {
        self.call(Shape::Transaction, keys, false, false)
    }

    pub(super) fn split(self, keys: &[usize]) -> Self {
        self.call(Shape::Split, keys, false, false)
    }

    /// These keys of one slot migrate one by one, then all nodes learn it at once.
    pub(super) fn migrates(self, keys: &[usize]) -> Self {
        self.migrates_until(keys, &[]).moves(keys)
    }

    /// The same with other events at the end.
    pub(super) fn migrates_until(mut self, keys: &[usize], end: &[Event]) -> Self {
        self.events.extend(keys.first().map(|key| Event::Migrate(*key)));
        self.events.extend(keys.iter().map(|key| Event::Move(*key)));
        self.is_by_key = true;
        self.then(end)
    }

    /// The slot of these keys moves to the second primary, and all nodes learn it at once.
    pub(super) fn moves(mut self, keys: &[usize]) -> Self {
        self.events.extend(keys.first().map(|key| Event::Learn(None, *key)));
        self
    }

    pub(super) fn then(mut self, events: &[Event]) -> Self {
        self.events.extend_from_slice(events);
        self
    }

    pub(super) fn budget(mut self, change: impl FnOnce(&mut Budget)) -> Self {
        change(&mut self.budget);
        self
    }

    pub(super) fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// A description in one line.
    #[must_use]
    pub const fn about(&self) -> &'static str {
        self.about
    }

    pub(super) const fn with_handshake(mut self) -> Self {
        self.has_handshake = true;
        self
    }

    pub(super) const fn with_redirections(mut self, redirections_max: u8) -> Self {
        self.redirections_max = redirections_max;
        self
    }

    pub(super) const fn refusing_multi(mut self) -> Self {
        self.refuses_multi = true;
        self
    }

    /// The call of this number.
    pub(super) fn to_call(&self, number: usize) -> Call {
        let planned = &self.calls[number];
        let commands = planned.commands.iter().map(|command| self.to_command(*command));
        let call = match planned.shape {
            Shape::One => Call::new(self.to_command(planned.commands[0])),
            Shape::Pipeline => Call::pipeline(commands),
            Shape::Transaction => Call::transaction(commands),
            Shape::Split => {
                let pairs = planned.commands.iter();
                Call::new(pairs.fold(Command::new("MSET"), |mset, command| {
                    mset.arg(KEYS[self.commands[*command].key]).arg(*command)
                }))
            }
        };
        let reads = planned.commands.iter().all(|command| self.commands[*command].reads);
        if planned.is_idempotent && !reads { call.idempotent() } else { call }
    }

    /// The command of this number, which is among its arguments.
    fn to_command(&self, number: usize) -> Command {
        let Single { key, reads, .. } = self.commands[number];
        if reads {
            Command::new("GETRANGE").arg(KEYS[key]).arg(number).arg(number)
        } else {
            Command::new("APPEND").arg(KEYS[key]).arg(number)
        }
    }

    /// Whether the first primary has a replica.
    pub(super) fn has_replica(&self) -> bool {
        self.events.contains(&Event::TakeOver(C))
    }

    /// Whether calls may reach their deadlines.
    pub(super) fn has_deadlines(&self) -> bool {
        self.config.call_timeout < LONG
    }

    /// Whether a command may run twice.
    pub(super) fn may_repeat(&self, command: usize) -> bool {
        self.calls[self.commands[command].call].is_idempotent
    }
}
