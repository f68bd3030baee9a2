//! Calls at random, each of which can be recognised afterwards.
//!
//! Every write carries a number of its own as its last argument, so that the nodes can tell which
//! writes ran, how often and in which order. Keys come in groups that share a slot. Calls with
//! commands that become several are made by `spread`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::spread::Pool;
use crate::address::Address;
use crate::command::{Command, Script};
use crate::plan::{Call, Target};
use crate::sim::dice::Dice;
use crate::sim::judge::joint::{Joint, Parts};
use crate::sim::world::conditions::LONGEST;
use crate::sim::world::faults::{Fault, Faults};
use crate::sim::world::scripts::{APPENDING, FORGING};
use crate::slot::Slot;
use crate::topology::{Node, Topology};

/// The slots that are used; each has a group of keys.
pub(super) const GROUP_COUNT: usize = 8;

/// So many calls have one with a command that becomes several.
const WIDE_ONE_IN: u64 = 10;
/// So many commands have one that is too long, if there are any.
const LONG_ONE_IN: u64 = 30;

/// What keys are used for: each has a type of its own.
pub(super) const TEXT: char = 'a';
const MORE_TEXT: char = 'b';
pub(super) const COUNTER: char = 'c';
const HASH: char = 'h';
const LIST: char = 'l';
pub(super) const SINGLE: char = 's';
const SET: char = 'z';

pub(super) fn key(group: usize, kind: char) -> String {
    format!("{{group{group}}}{kind}")
}

/// The slots that calls of a workload are for.
pub(in crate::sim) fn slots() -> Vec<u16> {
    (0..GROUP_COUNT).map(|group| Slot::of_key(key(group, TEXT).as_bytes()).number()).collect()
}

/// The keys that only ever grow: what was written to them stays, unless a copy is lost.
pub(in crate::sim) fn growing_keys() -> Vec<String> {
    let kinds = [TEXT, MORE_TEXT, COUNTER, LIST];
    (0..GROUP_COUNT).flat_map(|group| kinds.map(|kind| key(group, kind))).collect()
}

/// One command of a call, or a part of it for one slot, and how it is recognised.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Op {
    /// Which command of its call it is.
    pub(in crate::sim) command: usize,
    /// The number that a write carries.
    pub(in crate::sim) number: Option<u64>,
    pub(in crate::sim) slot: Option<u16>,
    pub(in crate::sim) key: Option<Vec<u8>>,
    /// The words of the command with blanks between them: how a read is recognised.
    pub(in crate::sim) text: Vec<u8>,
    pub(in crate::sim) is_script: bool,
    /// Whether it may run twice, whatever it carries.
    pub(in crate::sim) is_repeatable: bool,
    /// Whether nodes refuse it for its length, before they have read it.
    pub(in crate::sim) is_too_long: bool,
}

/// How a call is made of its commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Shape {
    One,
    Pipeline,
    Transaction,
}

/// A call of a [`Workload`], with what the [`Oracle`](crate::sim::Oracle) has to know to judge it.
#[derive(Debug, Clone)]
pub struct Planned {
    pub(in crate::sim) call: Call,
    pub(in crate::sim) ops: Vec<Op>,
    /// Which of its commands become several.
    pub(in crate::sim) joints: Vec<Joint>,
    /// Which of its commands cannot be sent: of a pipeline one at most, and no op is of it.
    pub(in crate::sim) refused: Option<usize>,
    /// Which of the nodes that the client knows it is for, if it is for a certain one.
    pub(super) place: Option<usize>,
    pub(in crate::sim) shape: Shape,
    pub(in crate::sim) is_idempotent: bool,
    /// Whether nothing is wrong any more, so that it has to succeed.
    pub(in crate::sim) is_probe: bool,
    pub(in crate::sim) timeout: Option<Duration>,
    /// When its caller gives it up.
    pub(super) cancel_after: Option<Duration>,
}

impl Planned {
    /// The call to submit.
    #[must_use]
    pub fn call(&self) -> Call {
        self.call.clone()
    }

    /// Whether a command of it is for many nodes.
    pub(in crate::sim) fn is_spread(&self) -> bool {
        self.joints.iter().any(|joint| matches!(joint.parts, Parts::Nodes { .. }))
    }

    /// The node that it is for, if it is for one, of those that a client knows.
    pub(super) fn node(&self, topology: &Topology) -> Option<Address> {
        let place = self.place?.checked_rem(topology.nodes().count())?;
        topology.nodes().nth(place).map(Node::address).cloned()
    }

    /// The call, to be submitted, for this node if it is for a certain one.
    pub(super) fn call_at(&self, node: Option<Address>) -> Call {
        node.into_iter().fold(self.call(), |call, node| call.target(Target::Node(node)))
    }
}

/// A source of random calls whose effects can be recognised in the
/// [`History`](crate::sim::History).
#[derive(Debug)]
pub struct Workload {
    pub(super) dice: Dice,
    faults: Faults,
    numbers: u64,
    appending: Script,
    forging: Script,
    pub(super) pool: Pool,
}

impl Workload {
    /// The calls of a seed.
    #[must_use]
    pub fn new(seed: u64, faults: Faults) -> Self {
        Self::of(Dice::new(seed), faults)
    }

    /// Calls that these bytes choose as long as they last.
    pub(super) fn with_choices(choices: &[u8], seed: u64, faults: Faults) -> Self {
        Self::of(Dice::from_bytes(choices, seed), faults)
    }

    pub(in crate::sim) fn of(dice: Dice, faults: Faults) -> Self {
        let (appending, forging) = (Script::new(APPENDING), Script::new(FORGING));
        Self { dice, faults, numbers: 0, appending, forging, pool: Pool::new() }
    }

    /// The next call.
    pub fn next_call(&mut self) -> Planned {
        if self.dice.one_in(WIDE_ONE_IN) {
            return self.wide_call();
        }
        let group = self.dice.index(GROUP_COUNT);
        let (shape, commands) = match self.dice.below(10) {
            0 => {
                let count = self.dice.between(1, 4);
                (Shape::Transaction, (0..count).map(|_| self.command(group)).collect())
            }
            1 => {
                let count = self.dice.between(1, 8);
                let mut command = || {
                    let group = self.dice.index(GROUP_COUNT);
                    self.command(group)
                };
                (Shape::Pipeline, (0..count).map(|_| command()).collect())
            }
            _ if self.faults.has(Fault::RefuseUnread) && self.dice.one_in(LONG_ONE_IN) => {
                (Shape::One, Vec::from([self.too_long(group)]))
            }
            _ => (Shape::One, Vec::from([self.command(group)])),
        };
        self.plan(shape, commands)
    }

    /// A write that nodes refuse for its length, which tells its number before the rest has come.
    fn too_long(&mut self, group: usize) -> Command {
        let number = self.number();
        let digit_count = LONGEST + usize::try_from(number).unwrap_or(usize::MAX) - ",".len();
        let text = format!("{number:0>digit_count$},");
        Command::new("APPEND").arg(key(group, TEXT)).arg(&*text)
    }

    /// Calls that find out whether everything is well: a write and a read for every slot.
    pub(super) fn probes(&mut self) -> Vec<Planned> {
        // The last is the first: by then a client has heard of what has moved.
        let mut probes = Vec::from(self.wide_probes());
        for group in 0..GROUP_COUNT {
            let number = self.number();
            let write = Command::new("RPUSH").arg(key(group, LIST)).arg(number);
            let read = Command::get(key(group, SINGLE));
            probes.extend([write, read].map(|command| {
                let ops = Vec::from([op(&command, 0)]);
                Planned::probe(Call::new(command), ops, Vec::new())
            }));
        }
        probes
    }

    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn plan(&mut self, shape: Shape, mut commands: Vec<Command>) -> Planned {
        let refused = self.add_refused(shape, &mut commands);
        let sent = commands.iter().enumerate().filter(|(place, _)| Some(*place) != refused);
        let ops = sent.map(|(place, command)| op(command, place)).collect();
        let call = match shape {
            Shape::One => commands.into_iter().next().map_or_else(Call::discovery, Call::new),
            Shape::Pipeline => Call::pipeline(commands),
            Shape::Transaction => Call::transaction(commands),
        };
        Planned { refused, ..self.finish(shape, call, ops) }
    }

    /// Puts a command that cannot be sent into a pipeline now and then: where it is. No dice are
    /// thrown for it, so that all else is as it would be without.
    pub(super) fn add_refused(&self, shape: Shape, commands: &mut Vec<Command>) -> Option<usize> {
        let (number, place) = (self.numbers / 3, self.numbers % 3);
        let place = usize::try_from(place).ok()?.min(commands.len());
        if shape != Shape::Pipeline || number.is_multiple_of(2) {
            return None;
        }
        let [first, other] = [0, 1].map(|group| key(group, SET));
        let keyed = |name: &str| Command::new(name).arg(&first);
        let refused = match number / 2 % 5 {
            0 => keyed("SINTER").arg(other),
            1 => keyed("MSET").arg("1").arg(other),
            2 => keyed("WATCH"),
            3 => keyed("BLPOP").arg(0),
            _ => Command::new("SCAN").arg(0),
        };
        commands.insert(place, refused);
        Some(place)
    }

    /// Some calls are idempotent, some have little time, some are given up.
    pub(super) fn finish(&mut self, shape: Shape, mut call: Call, ops: Vec<Op>) -> Planned {
        let is_idempotent = self.dice.one_in(12);
        if is_idempotent {
            call = call.idempotent();
        }
        let hurries = self.faults.has(Fault::ShortDeadlines) && self.dice.one_in(8);
        let timeout = hurries.then(|| self.dice.millis(1, 300));
        if let Some(timeout) = timeout {
            call = call.timeout(timeout);
        }
        let gives_up = self.faults.has(Fault::Cancel) && self.dice.one_in(20);
        let cancel_after = gives_up.then(|| self.dice.millis(0, 20));
        Planned {
            shape,
            is_idempotent,
            is_probe: false,
            timeout,
            cancel_after,
            ..Planned::probe(call, ops, Vec::new())
        }
    }

    pub(super) fn command(&mut self, group: usize) -> Command {
        let number = self.number();
        let text = format!("{number},");
        let write = |name: &str, kind: char| Command::new(name).arg(key(group, kind));
        match self.dice.below(17) {
            0..3 => write("APPEND", TEXT).arg(&*text),
            3 => write("APPEND", MORE_TEXT).arg(&*text),
            4 | 5 => write("RPUSH", LIST).arg(number),
            6 | 7 => write("INCRBY", COUNTER).arg(number),
            8 => write("HSET", HASH).arg(number % 5).arg(number),
            9 => write("SADD", SET).arg(number),
            10 => write("SET", SINGLE).arg(&*text),
            11 => write("GET", SINGLE),
            12 => write("GET", TEXT),
            13 => write("LRANGE", LIST).arg(0).arg(-1),
            14 => write("HGETALL", HASH),
            15 if self.faults.has(Fault::Scripts) => self.script(group, number),
            15 => Command::new("ECHO").arg(number),
            _ => {
                let kinds = [TEXT, COUNTER, SINGLE];
                Command::new("MGET").args(kinds.map(|kind| key(group, kind)))
            }
        }
    }

    /// A script that writes, and then may answer like a cluster.
    fn script(&mut self, group: usize, number: u64) -> Command {
        let (key, text) = (key(group, TEXT), format!("{number},"));
        let slot = Slot::of_key(key.as_bytes());
        let answers = [
            format!("MOVED {slot} 6.6.6.6:666"),
            format!("ASK {slot} 6.6.6.6:666"),
            "TRYAGAIN forged".into(),
            "CLUSTERDOWN forged".into(),
            "LOADING forged".into(),
            "READONLY forged".into(),
            "ERR forged".into(),
        ];
        let answer = &*answers[self.dice.index(answers.len())];
        match number % 3 {
            0 => self.appending.invoke([key]).arg(&text),
            1 => self.forging.invoke([key]).arg(&text).arg(answer),
            _ => Command::new("EVAL").arg(FORGING).arg(1).arg(key).arg(&text).arg(answer),
        }
    }
}

pub(super) fn op(command: &Command, place: usize) -> Op {
    let words: Vec<Vec<u8>> = command.arguments().map(<[u8]>::to_vec).collect();
    Op {
        command: place,
        number: crate::sim::world::data::number_of(&words),
        slot: command.slot().ok().flatten().map(Slot::number),
        key: command.keys().ok().and_then(|keys| Some(keys.first()?.to_vec())),
        is_too_long: words.iter().any(|word| word.len() > LONGEST),
        text: words.join(&b' '),
        is_script: command.info().script,
        is_repeatable: command.info().is_idempotent(),
    }
}

impl Planned {
    /// A call that has to succeed.
    pub(super) const fn probe(call: Call, ops: Vec<Op>, joints: Vec<Joint>) -> Self {
        Self {
            call,
            ops,
            joints,
            refused: None,
            place: None,
            shape: Shape::One,
            is_idempotent: false,
            is_probe: true,
            timeout: None,
            cancel_after: None,
        }
    }
}
