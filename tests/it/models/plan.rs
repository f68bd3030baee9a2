//! Where commands go and how replies come back, against hashing by hand.

use std::collections::{BTreeMap, VecDeque};

use hashslot::error::Rejection;
use hashslot::resp::encode;
use hashslot::sim::strategies::{Cuts, KeyedCommand, PlainCall, Shape, calls, cuts};
use hashslot::{LinkId, Reply, Slot};
use proptest::prelude::*;

use super::{cases, commands_in, naive_slot, pending, quiet, take};
use crate::support::script::*;

/// The other end of a link: answers each command with the command itself.
#[derive(Default)]
pub(super) struct Node {
    pub(super) unread: VecDeque<Vec<Vec<u8>>>,
    /// What came since `MULTI`.
    queued: Option<Vec<Vec<u8>>>,
    /// Everything that has slots and came here.
    executed: Vec<Vec<u8>>,
}

fn encoded(words: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode::command(&mut bytes, words);
    bytes
}

impl Node {
    /// A node that has got these commands.
    pub(super) fn with(unread: Vec<Vec<Vec<u8>>>) -> Self {
        Self { unread: unread.into(), ..Self::default() }
    }

    /// The reply to the next command.
    pub(super) fn execute(&mut self) -> Vec<u8> {
        let Some(words) = self.unread.pop_front() else { return Vec::new() };
        let mut reply = Vec::new();
        match (&*words[0], &mut self.queued) {
            (b"MULTI", queued) => {
                *queued = Some(Vec::new());
                encode::simple(&mut reply, b"OK");
            }
            (b"EXEC", queued) => {
                let queued = queued.take().expect("EXEC after MULTI");
                encode::array_header(&mut reply, queued.len());
                for command in &queued {
                    encode::bulk(&mut reply, command);
                }
            }
            (_, Some(queued)) => {
                self.executed.push(encoded(&words));
                queued.push(encoded(&words));
                encode::simple(&mut reply, b"QUEUED");
            }
            (_, None) => {
                self.executed.push(encoded(&words));
                encode::bulk(&mut reply, &encoded(&words));
            }
        }
        reply
    }
}

fn serve(world: &mut World, link: LinkId, node: &mut Node, count: usize, cuts: &Cuts) {
    let mut bytes = Vec::new();
    while !pending(world, link).is_empty() {
        bytes.extend(take(world, link, usize::MAX));
    }
    let (commands, rest) = commands_in(&bytes);
    assert!(rest.is_empty());
    node.unread.extend(commands);
    let replies: Vec<u8> = (0..count.min(node.unread.len())).flat_map(|_| node.execute()).collect();
    for piece in cuts.pieces(&replies) {
        world.answer_bytes(link, piece);
    }
}

/// The first two slots of a command that do not go together.
pub(super) fn crossing_of(keyed: &KeyedCommand) -> Option<(u16, u16)> {
    let slots: Vec<u16> = keyed.keys.iter().map(|key| naive_slot(key)).collect();
    let other = slots.iter().find(|slot| **slot != slots[0])?;
    Some((slots[0], *other))
}

/// The first two slots that do not go together, in a call that is refused for that. Commands of a
/// pipeline are refused one by one.
fn crossing(call: &PlainCall) -> Option<(u16, u16)> {
    if call.shape == Shape::Pipeline {
        return None;
    }
    let mut of_call = None;
    for keyed in &call.commands {
        if let Some(crossing) = crossing_of(keyed) {
            return Some(crossing);
        }
        if let Some(slot) = keyed.keys.first().map(|key| naive_slot(key)) {
            let first = *of_call.get_or_insert(slot);
            if first != slot {
                return Some((first, slot));
            }
        }
    }
    None
}

/// The commands of a call that are sent.
pub(super) fn sent(call: &PlainCall) -> impl Iterator<Item = &KeyedCommand> {
    call.commands.iter().filter(|keyed| crossing_of(keyed).is_none())
}

fn cross_slot((first, other): (u16, u16)) -> Rejection {
    Rejection::CrossSlot(Slot::new(first).expect("a slot"), Slot::new(other).expect("a slot"))
}

/// Each command was answered with itself, or refused for its slots.
pub(super) fn answered_rightly(world: &World, token: Token, call: &PlainCall) {
    let commands: Vec<_> = sent(call).map(|keyed| keyed.command.to_bytes().to_vec()).collect();
    let replies: Vec<Vec<u8>> = match world.result(token).as_ref().expect("an answer") {
        Reply::One(frame) if call.shape == Shape::Transaction => {
            let elements = frame.value().elements().expect("what EXEC tells");
            elements.map(|element| element.as_bytes().expect("text").to_vec()).collect()
        }
        Reply::One(frame) => vec![frame.value().as_bytes().expect("text").to_vec()],
        Reply::Pipeline(results) => {
            assert_eq!(results.len(), call.commands.len(), "a result for each command");
            let results = results.iter().zip(&call.commands);
            let frames = results.filter_map(|(result, keyed)| match (result, crossing_of(keyed)) {
                (Ok(frame), None) => Some(frame),
                (Err(error), Some(crossing)) => {
                    assert_eq!(error.rejection(), Some(&cross_slot(crossing)));
                    None
                }
                other => panic!("{other:?}"),
            });
            frames.map(|frame| frame.value().as_bytes().expect("text").to_vec()).collect()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(replies, commands, "another's reply, or another order");
}

proptest! {
    #![proptest_config(cases(80))]

    #[test]
    fn f50_f57_commands_go_to_their_slots_in_order_and_replies_come_back_in_the_order_of_the_call(
        calls in prop::collection::vec(calls(), 1..16),
        serving in prop::collection::vec((0..3_usize, 0..6_usize, cuts(300)), 0..20),
        last in cuts(5_000),
    ) {
        let (mut world, links) = World::linked(quiet());
        let mut nodes = [Node::default(), Node::default(), Node::default()];
        let mut serving = serving.into_iter();
        let mut accepted = Vec::new();
        for mut call in calls {
            call.timeout = None;
            match (world.try_submit(call.to_call()), crossing(&call)) {
                (Ok(token), None) => accepted.push((token, call)),
                (Err(refused), Some(crossing)) => {
                    prop_assert_eq!(refused.error.rejection(), Some(&cross_slot(crossing)));
                }
                (result, crossing) => panic!("{result:?}, but {crossing:?}"),
            }
            if let Some((node, count, cuts)) = serving.next() {
                serve(&mut world, links[node], &mut nodes[node], count, &cuts);
            }
        }
        for index in [2, 0, 1] {
            serve(&mut world, links[index], &mut nodes[index], usize::MAX, &last);
        }
        prop_assert_eq!(world.machine.call_count(), 0);

        let mut slots = BTreeMap::new();
        let mut expected: BTreeMap<u16, Vec<Vec<u8>>> = BTreeMap::new();
        for (token, call) in &accepted {
            answered_rightly(&world, *token, call);
            for keyed in sent(call) {
                let bytes = keyed.command.to_bytes().to_vec();
                if let Some(key) = keyed.keys.first() {
                    slots.insert(bytes.clone(), naive_slot(key));
                    expected.entry(naive_slot(key)).or_default().push(bytes);
                }
            }
        }
        let mut executed: BTreeMap<u16, Vec<Vec<u8>>> = BTreeMap::new();
        for (node, (first, last, _)) in nodes.iter().zip(ROWS) {
            for command in &node.executed {
                if let Some(slot) = slots.get(command) {
                    prop_assert!((first..=last).contains(&slot), "at another node");
                    executed.entry(*slot).or_default().push(command.clone());
                }
            }
        }
        prop_assert_eq!(executed, expected);
    }
}
