//! Calls with commands that become several: split by slot, sent to many nodes, or to a certain one.
//!
//! Each part of a split write carries a number: the last value of an `MSET`, the name of the last
//! key of a `DEL`. A command for nodes carries a marker, except `DBSIZE`, so that no other command
//! has the same words.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::workload::{COUNTER, GROUP_COUNT, Op, Planned, SINGLE, Shape, TEXT, Workload, key, op};
use crate::command::{Command, ResponsePolicy};
use crate::plan::{Call, Target};
use crate::sim::judge::joint::{self, Joint, Merge, Reach};
use crate::slot::Slot;

/// Keys that are only written by commands on many of them.
const PAIR: char = 'm';
const OTHER_PAIR: char = 'n';

/// Keys that are written once, and deleted once.
const POOL_LEN_MAX: usize = 40;

/// The keys that are written once and not deleted yet.
pub(super) type Pool = Vec<String>;

/// A command, and what is known about it.
struct Wide {
    command: Command,
    becomes: Becomes,
}

/// What a command becomes: as many as it has slots, with so many words a key, or one a node.
enum Becomes {
    Slots(usize, Merge),
    Nodes(Reach, Merge),
    One,
}

impl Wide {
    /// What its parts are, appended to the ops of the call.
    fn parts(&self, place: usize, ops: &mut Vec<Op>) -> Option<Joint> {
        match self.becomes {
            Becomes::Slots(step, merge) => {
                Some(joint::split(&self.command, step, merge, place, ops))
                    .filter(|_| self.command.slot().is_err())
            }
            Becomes::Nodes(reach, merge) => Some(joint::spread(&self.command, reach, merge, place)),
            Becomes::One => {
                ops.push(op(&self.command, place));
                None
            }
        }
    }
}

impl Workload {
    /// A call with a command that becomes several, with several of them, or for certain nodes.
    pub(super) fn wide_call(&mut self) -> Planned {
        match self.dice.below(14) {
            0..5 => {
                let wide = self.split();
                self.plan_wide(Shape::One, &[wide], |call| call)
            }
            5..8 => {
                let wide = self.fan_out();
                self.plan_wide(Shape::One, &[wide], |call| call)
            }
            8..12 => self.aimed_call(),
            _ => {
                let count = self.dice.between(2, 6);
                let wides: Vec<_> = (0..count).map(|_| self.any()).collect();
                self.plan_wide(Shape::Pipeline, &wides, |call| call)
            }
        }
    }

    /// A call for certain nodes, or with a rule of its caller's.
    fn aimed_call(&mut self) -> Planned {
        let number = self.number();
        let info = |reach, merge| Wide {
            command: Command::new("INFO").arg(format!("n{number}")),
            becomes: Becomes::Nodes(reach, merge),
        };
        let size = |merge| Wide {
            command: Command::new("DBSIZE"),
            becomes: Becomes::Nodes(Reach::Primaries, merge),
        };
        let echo = || Wide { command: Command::new("ECHO").arg(number), becomes: Becomes::One };
        let one = Shape::One;
        match self.dice.below(8) {
            0 => self.plan_wide(one, &[info(Reach::Nodes, Merge::PerNode)], |call| {
                call.target(Target::AllNodes)
            }),
            1 => self.plan_wide(one, &[info(Reach::Replicas, Merge::PerNode)], |call| {
                call.target(Target::AllReplicas)
            }),
            2 | 3 => {
                // Replicas refuse it: it follows a failover.
                let code = format!("#!lua name=lib{number}");
                let command = Command::new("FUNCTION").arg("LOAD").arg("REPLACE").arg(code);
                let becomes = Becomes::Nodes(Reach::Primaries, Merge::First);
                self.plan_wide(one, &[Wide { command, becomes }], |call| {
                    call.target(Target::AllPrimaries).merge(ResponsePolicy::AllSucceeded)
                })
            }
            4 if self.dice.one_in(2) => {
                self.plan_wide(one, &[size(Merge::Least)], |call| call.merge(ResponsePolicy::Min))
            }
            4 => self.plan_wide(one, &[size(Merge::Most)], |call| call.merge(ResponsePolicy::Max)),
            5 => self.plan_wide(one, &[size(Merge::PerNode)], |call| {
                call.merge(ResponsePolicy::PerNode)
            }),
            6 => {
                let slot = Slot::of_key(key(self.dice.index(GROUP_COUNT), TEXT).as_bytes());
                self.plan_wide(one, &[echo()], |call| call.target(Target::Slot(slot)))
            }
            _ => {
                let mut planned = self.plan_wide(one, &[echo()], |call| call);
                planned.place = Some(self.dice.index(1 << 16));
                planned
            }
        }
    }

    /// Calls that find out whether all shards can be reached at once.
    pub(super) fn wide_probes(&mut self) -> [Planned; 2] {
        let number = self.number();
        let info = Wide {
            command: Command::new("INFO").arg(format!("n{number}")),
            becomes: Becomes::Nodes(Reach::Primaries, Merge::PerNode),
        };
        let keys = (0..GROUP_COUNT).rev().map(|group| key(group, SINGLE));
        let mget = Wide {
            command: Command::new("MGET").args(keys),
            becomes: Becomes::Slots(1, Merge::KeyOrder),
        };
        [info, mget].map(|wide| {
            let mut ops = Vec::new();
            let joints = wide.parts(0, &mut ops).into_iter().collect();
            Planned::probe(Call::new(wide.command), ops, joints)
        })
    }

    fn plan_wide(
        &mut self,
        shape: Shape,
        wides: &[Wide],
        aim: impl FnOnce(Call) -> Call,
    ) -> Planned {
        let mut commands = wides.iter().map(|wide| wide.command.clone()).collect();
        let refused = self.add_refused(shape, &mut commands);
        let places = (0..commands.len()).filter(|place| Some(*place) != refused);
        let mut ops = Vec::new();
        let parts = places.zip(wides);
        let joints = parts.filter_map(|(place, wide)| wide.parts(place, &mut ops)).collect();
        let call = match shape {
            Shape::Pipeline => Call::pipeline(commands),
            Shape::One | Shape::Transaction => {
                commands.into_iter().next().map_or_else(Call::discovery, Call::new)
            }
        };
        Planned { joints, refused, ..self.finish(shape, aim(call), ops) }
    }

    /// A command of any kind, for a pipeline.
    fn any(&mut self) -> Wide {
        match self.dice.below(4) {
            0 => {
                let group = self.dice.index(GROUP_COUNT);
                Wide { command: self.command(group), becomes: Becomes::One }
            }
            1 => self.fan_out(),
            _ => self.split(),
        }
    }

    /// A command on keys of one slot or more.
    fn split(&mut self) -> Wide {
        match self.dice.below(8) {
            0..3 => {
                let kinds = [TEXT, COUNTER, SINGLE, PAIR, OTHER_PAIR];
                let keys =
                    self.keys(&kinds, |workload| workload.dice.pick(&workload.pool).cloned());
                Wide {
                    command: Command::new("MGET").args(keys),
                    becomes: Becomes::Slots(1, Merge::KeyOrder),
                }
            }
            3 | 4 => {
                let mut keys = self.keys(&[SINGLE, PAIR, OTHER_PAIR], |_| None);
                for key in &mut keys {
                    if self.pool.len() < POOL_LEN_MAX && self.dice.one_in(4) {
                        *key = self.numbered(key);
                        self.pool.push(key.clone());
                    }
                }
                let mset = keys.into_iter().fold(Command::new("MSET"), |mset, key| {
                    mset.arg(key).arg(format!("{},", self.number()))
                });
                Wide { command: mset, becomes: Becomes::Slots(2, Merge::First) }
            }
            5 | 6 => {
                let name = if self.dice.one_in(2) { "DEL" } else { "UNLINK" };
                let keys = self.keys_to_delete();
                Wide {
                    command: Command::new(name).args(keys),
                    becomes: Becomes::Slots(1, Merge::Sum),
                }
            }
            _ => {
                let name = if self.dice.one_in(2) { "EXISTS" } else { "TOUCH" };
                let kinds = [SINGLE, PAIR, OTHER_PAIR];
                let keys =
                    self.keys(&kinds, |workload| workload.dice.pick(&workload.pool).cloned());
                Wide {
                    command: Command::new(name).args(keys),
                    becomes: Becomes::Slots(1, Merge::Sum),
                }
            }
        }
    }

    /// Keys of any slots, some of them more than once. `other` has some of another kind.
    fn keys(
        &mut self,
        kinds: &[char],
        mut other: impl FnMut(&mut Self) -> Option<String>,
    ) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for _ in 0..self.dice.between(2, 8) {
            let again = self.dice.pick(&keys).cloned().filter(|_| self.dice.one_in(5));
            let kind = self.dice.pick(kinds).copied().unwrap_or(SINGLE);
            let of_group = key(self.dice.index(GROUP_COUNT), kind);
            let other = if self.dice.one_in(6) { other(self) } else { None };
            keys.push(again.or(other).unwrap_or(of_group));
        }
        keys
    }

    /// Keys of which the last of each slot has a number that no other call deletes.
    fn keys_to_delete(&mut self) -> Vec<String> {
        let mut of_slots: Vec<Vec<String>> = Vec::new();
        for _ in 0..self.dice.between(2, 4) {
            let group = self.dice.index(GROUP_COUNT);
            let tag = key(group, SINGLE);
            if of_slots.iter().flatten().any(|key| key.contains(&tag[..tag.len() - 1])) {
                continue;
            }
            let mut keys = Vec::new();
            if self.dice.one_in(3) {
                let kind = self.dice.pick(&[SINGLE, PAIR, OTHER_PAIR]).copied().unwrap_or(SINGLE);
                keys.push(key(group, kind));
            }
            let is_of_group = |other: &String| other.contains(&tag[..tag.len() - 1]);
            let written = self.pool.iter().position(is_of_group);
            let last = match written {
                Some(place) => self.pool.swap_remove(place),
                None => self.numbered(&tag),
            };
            if self.dice.one_in(4) {
                keys.push(last.clone());
            }
            keys.push(last);
            of_slots.push(keys.into_iter().rev().collect());
        }
        // Taken from the slots in turn, at random; within a slot they keep their order.
        let mut keys = Vec::new();
        while !of_slots.is_empty() {
            let index = self.dice.index(of_slots.len());
            match of_slots[index].pop() {
                Some(key) => keys.push(key),
                None => drop(of_slots.swap_remove(index)),
            }
        }
        keys
    }

    /// A key of the same slot with a number of its own in front.
    fn numbered(&mut self, key: &str) -> String {
        format!("{}:{key}", self.number())
    }

    /// A command for every primary, or every node.
    fn fan_out(&mut self) -> Wide {
        let number = self.number();
        let primaries = |merge| Becomes::Nodes(Reach::Primaries, merge);
        match self.dice.below(5) {
            0 => Wide { command: Command::new("DBSIZE"), becomes: primaries(Merge::Sum) },
            1 | 2 => {
                let brace = if self.dice.one_in(4) { "{" } else { "" };
                let pattern = format!("[{number}{brace}]*");
                let command = Command::new("KEYS").arg(pattern);
                Wide { command, becomes: primaries(Merge::Concat) }
            }
            3 => Wide {
                command: Command::new("INFO").arg(format!("n{number}")),
                becomes: primaries(Merge::PerNode),
            },
            // It travels on a connection of its own.
            _ if number.is_multiple_of(2) => Wide {
                command: Command::new("CLIENT").arg("KILL").arg("ID").arg(number),
                becomes: Becomes::Nodes(Reach::Nodes, Merge::Sum),
            },
            _ => Wide {
                command: Command::new("CONFIG").arg("SET").arg("slowlog-max-len").arg(number),
                becomes: Becomes::Nodes(Reach::Nodes, Merge::First),
            },
        }
    }
}
