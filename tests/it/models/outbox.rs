//! What leaves against a list of commands: whole ones, in order, each once, none of those that were
//! taken back.

use std::collections::BTreeMap;
use std::time::Duration;

use hashslot::sim::strategies::{PlainCall, Shape, calls};
use hashslot::{Command, LinkId};
use proptest::prelude::*;

use super::plan::{Node, answered_rightly, sent};
use super::{cases, commands_in, naive_slot, pending, quiet, take};
use crate::support::script::*;

#[derive(Debug, Clone)]
enum Step {
    Submit(PlainCall),
    /// The application gives up the n-th call that is open.
    Cancel(usize),
    /// The transport takes up to so many bytes.
    Take(usize),
    /// Time passes.
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let len = prop_oneof![4 => 0..100_usize, 2 => 0..4_000_usize, 1 => Just(usize::MAX)];
    prop_oneof![
        4 => calls().prop_map(Step::Submit),
        2 => (0..20_usize).prop_map(Step::Cancel),
        4 => len.prop_map(Step::Take),
        2 => (0..600_u64).prop_map(Step::Pass),
    ]
}

/// What leaves together or not at all.
#[derive(Debug)]
struct Unit {
    token: Token,
    bytes: Vec<u8>,
}

struct Model {
    world: World,
    link: LinkId,
    /// What was written and not taken back, in order.
    units: Vec<Unit>,
    taken: Vec<u8>,
    /// Calls that are open, with their deadlines.
    open: Vec<(Token, Option<Duration>)>,
    calls: BTreeMap<Token, PlainCall>,
}

impl Model {
    fn new() -> Self {
        let mut world = World::knowing(quiet(), &[(0, 16_383, &[A])]);
        let link = world.open(A);
        let (units, taken, open) = (Vec::new(), Vec::new(), Vec::new());
        Self { world, link, units, taken, open, calls: BTreeMap::new() }
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Submit(call) => self.submit(call),
            Step::Cancel(number) => {
                if !self.open.is_empty() {
                    let (token, _) = self.open.remove(number % self.open.len());
                    self.world.cancel(token);
                    self.take_back(token);
                }
            }
            Step::Take(len) => {
                let bytes = take(&mut self.world, self.link, *len);
                self.taken.extend(bytes);
            }
            Step::Pass(millis) => {
                self.world.advance(ms(*millis));
                let now = self.world.elapsed();
                let is_late = |(_, deadline): &(Token, Option<Duration>)| {
                    deadline.is_some_and(|deadline| deadline <= now)
                };
                let late: Vec<_> = self.open.extract_if(.., |open| is_late(open)).collect();
                for (token, _) in late {
                    assert_ne!(self.world.outcome(token), "open");
                    self.take_back(token);
                }
            }
        }
        let all = self.units.iter().flat_map(|unit| unit.bytes.iter().copied()).collect::<Vec<_>>();
        assert!(all.starts_with(&self.taken), "what has left is a beginning of what is to leave");
        assert_eq!(pending(&self.world, self.link), all[self.taken.len()..]);
    }

    fn submit(&mut self, call: &PlainCall) {
        let Ok(token) = self.world.try_submit(call.to_call()) else {
            assert!(is_over_several_slots(call), "refused without a reason");
            return;
        };
        assert!(!is_over_several_slots(call), "several slots in what stays together");
        let commands = sent(call).map(|keyed| keyed.command.to_bytes().to_vec());
        if call.shape == Shape::Transaction {
            let (multi, exec) = (Command::new("MULTI").to_bytes(), Command::new("EXEC").to_bytes());
            let bytes = [&multi[..], &commands.collect::<Vec<_>>().concat(), &exec[..]].concat();
            self.units.push(Unit { token, bytes });
        } else {
            self.units.extend(commands.map(|bytes| Unit { token, bytes }));
        }
        if sent(call).next().is_some() {
            let deadline = call.timeout.map(|timeout| self.world.elapsed() + timeout);
            self.open.push((token, deadline));
            self.calls.insert(token, call.clone());
        }
    }

    /// A call is over: what has not begun of it never leaves.
    fn take_back(&mut self, token: Token) {
        let mut end = 0;
        self.units.retain(|unit| {
            let has_begun = end < self.taken.len();
            let stays = unit.token != token || has_begun;
            end += if stays { unit.bytes.len() } else { 0 };
            stays
        });
    }

    /// Everything leaves, is whole commands, and is answered: who is still there gets its own.
    fn finish(&mut self) {
        while !pending(&self.world, self.link).is_empty() {
            self.run(&Step::Take(usize::MAX));
        }
        let (commands, rest) = commands_in(&self.taken);
        assert!(rest.is_empty(), "half a command has left");
        let expected = self.units.iter().map(|unit| commands_in(&unit.bytes).0);
        assert_eq!(commands, expected.flatten().collect::<Vec<_>>());

        let mut node = Node::with(commands);
        while !node.unread.is_empty() {
            let reply = node.execute();
            self.world.answer_bytes(self.link, &reply);
        }
        for (token, _) in &self.open {
            answered_rightly(&self.world, *token, &self.calls[token]);
        }
        assert_eq!(self.world.machine.call_count(), 0);
    }
}

/// Whether the keys of a command, or of a transaction, are in several slots. A pipeline is never
/// refused for that, but its commands.
fn is_over_several_slots(call: &PlainCall) -> bool {
    let differ = |keys: &mut dyn Iterator<Item = &Vec<u8>>| {
        let mut slots: Vec<_> = keys.map(|key| naive_slot(key)).collect();
        slots.dedup();
        slots.len() > 1
    };
    match call.shape {
        Shape::Transaction => differ(&mut call.commands.iter().flat_map(|keyed| &keyed.keys)),
        Shape::Pipeline => false,
        _ => call.commands.iter().any(|keyed| differ(&mut keyed.keys.iter())),
    }
}

proptest! {
    #![proptest_config(cases(80))]

    #[test]
    fn f05_f09_what_leaves_is_whole_commands_and_nothing_that_was_given_up(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut model = Model::new();
        for step in &steps {
            model.run(step);
        }
        model.finish();
    }
}
