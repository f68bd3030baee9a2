//! Whether the answer to a command that became several is made of what its parts were answered
//! with.
//!
//! Rules of this file. There has to be one answer of a node for each part, no two parts with the
//! same one, so that the naive merge of all of them is what the caller was told: no reply of one
//! part ends in another. A part for a node was answered by that node; a part for a shard by the
//! primary that it was planned for, unless the client has learned more of the cluster meanwhile.
//! What runs once at most does so for each part. When parts failed, each key is told of once: what
//! is done has run, what is not done has not.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::history::Answered;
use super::joint::{Joint, Merge, Parts, Reach};
use super::oracle::{End, Fate, Record, judge_op};
use crate::action::Reply;
use crate::address::Address;
use crate::config::Limits;
use crate::error::{Error, Failure, Partial};
use crate::resp::{Frame, Value};
use crate::sim::search::workload::{self, Op, Shape};
use crate::sim::world::World;
use crate::sim::world::node::{Node, name};
use crate::slot::Slot;
use crate::time::Instant;

/// After so many choices of answers it is given up to look for those that fit.
const CHOICE_COUNT_MAX: usize = 20_000;

/// What became of a command, as its caller was told.
enum Told<'a> {
    Unknown,
    Failed(&'a Error),
    One(Value<'a>),
    PerNode(Vec<(Address, PartEnd<'a>)>),
}

/// What became of a part, as the caller was told.
#[derive(Clone, Copy)]
enum PartEnd<'a> {
    /// It was answered, with this if that is known.
    Done(Option<Value<'a>>),
    Failed(&'a Error),
    Unknown,
}

/// An answer of a node, with a number that tells it from others.
type Answer = (usize, Frame);

/// One part, and all that nodes answered to it.
struct Part<'a> {
    op: Option<&'a Op>,
    node: Option<&'a Address>,
    /// Whether only that node can have answered.
    is_fixed: bool,
    answers: Vec<Answer>,
    end: PartEnd<'a>,
}

/// Judges a command of a call that has ended.
pub(super) fn judge(
    world: &World,
    record: &Record,
    joint: &Joint,
    ended: Instant,
    end: &End,
) -> Result<(), String> {
    let history = &world.history;
    let told = told(end, joint, record.planned.shape)?;
    match &joint.parts {
        Parts::Slots { first, count, part_of_key } => {
            let ops = &record.planned.ops[*first..*first + *count];
            let parts = ops.iter().map(|op| Part {
                op: Some(op),
                node: None,
                is_fixed: true,
                answers: answers_to(world, record, op, ended),
                end: PartEnd::Unknown,
            });
            let mut parts: Vec<_> = parts.collect();
            distribute(&told, &mut parts, part_of_key)?;
            for part in &parts {
                judge_split(world, record, part, ended)?;
            }
            judge_whole(joint.merge, &told, &parts, part_of_key)
        }
        Parts::Nodes { reach, text, is_marked } => {
            let answers = history.answers_since(record.client, text, record.submitted);
            let runs_once = *is_marked && !joint.is_repeatable && !record.planned.is_idempotent;
            let Some(known) = &record.known else {
                // The command was never sent, or the oracle has no record of its nodes.
                let is_sent = !matches!(told, Told::Failed(error) if !error.may_have_executed());
                let ran = *is_marked && !is_sent && !answers.is_empty();
                return if ran {
                    Err("it is said not to have run, and ran".into())
                } else {
                    Ok(())
                };
            };
            let is_fixed = record.was_still || *reach != Reach::Primaries;
            let parts = known.reached(*reach).iter().map(|node| Part {
                op: None,
                node: Some(node),
                is_fixed,
                answers: numbered(answers.iter().enumerate().filter(|(_, answered)| {
                    answered.at <= ended && (!is_fixed || world.goes_by(answered.node, node))
                })),
                end: PartEnd::Unknown,
            });
            let mut parts: Vec<_> = parts.collect();
            distribute(&told, &mut parts, &[])?;
            if *is_marked {
                judge_spread(world, &parts, answers, runs_once)?;
            }
            judge_whole(joint.merge, &told, &parts, &[])?;
            if record.planned.is_probe { judge_probe(world, &parts, answers) } else { Ok(()) }
        }
    }
}

/// What nodes answered to a part for a slot.
fn answers_to(world: &World, record: &Record, op: &Op, ended: Instant) -> Vec<Answer> {
    if let Some(number) = op.number {
        return frames(world.history.runs_of(number).map(|run| &run.reply));
    }
    let reads = world.history.reads(record.client, &op.text, record.submitted, ended);
    frames(reads.map(|read| &read.reply))
}

fn frame(reply: &[u8]) -> Option<Frame> {
    Frame::parse(Bytes::copy_from_slice(reply), &Limits::default()).ok()
}

fn frames<'a>(replies: impl Iterator<Item = &'a Vec<u8>>) -> Vec<Answer> {
    replies.filter_map(|reply| frame(reply)).enumerate().collect()
}

fn numbered<'a>(answers: impl Iterator<Item = (usize, &'a Answered)>) -> Vec<Answer> {
    answers.filter_map(|(index, answered)| Some((index, frame(&answered.reply)?))).collect()
}

/// What the caller was told of one command of the call.
fn told<'a>(end: &'a End, joint: &Joint, shape: Shape) -> Result<Told<'a>, String> {
    let reply = match end {
        End::Cancelled => return Ok(Told::Unknown),
        End::Refused(error) | End::Completed(Err(error)) => return Ok(Told::Failed(error)),
        End::Completed(Ok(reply)) => reply,
    };
    match (reply, shape, joint.merge) {
        (Reply::PerNode(replies), Shape::One, Merge::PerNode) => {
            let replies = replies.iter().map(|(node, reply)| {
                let end = match reply {
                    Ok(frame) => PartEnd::Done(Some(frame.value())),
                    Err(error) => PartEnd::Failed(error),
                };
                (node.clone(), end)
            });
            Ok(Told::PerNode(replies.collect()))
        }
        (Reply::One(frame), Shape::One, merge) if merge != Merge::PerNode => {
            Ok(Told::One(frame.value()))
        }
        (Reply::Pipeline(results), Shape::Pipeline, merge) => match results.get(joint.command) {
            Some(Ok(frame)) if merge == Merge::PerNode => of_map(frame),
            Some(Ok(frame)) => Ok(Told::One(frame.value())),
            Some(Err(error)) => Ok(Told::Failed(error)),
            None => Err("a reply is missing".into()),
        },
        _ => Err("the reply is of another kind".into()),
    }
}

/// Replies that stay apart within a pipeline: in RESP2 a map is a flat array.
fn of_map(frame: &Frame) -> Result<Told<'_>, String> {
    let Some(pairs) = frame.value().pairs() else { return Err("it is no map by nodes".into()) };
    let replies = pairs.map(|(node, reply)| {
        let node = node.as_str()?.parse().ok()?;
        let is_error = matches!(reply, Value::Error(_));
        Some((node, if is_error { PartEnd::Unknown } else { PartEnd::Done(Some(reply)) }))
    });
    let replies: Option<Vec<_>> = replies.collect();
    replies.map(Told::PerNode).ok_or_else(|| "a key of the map is no address".into())
}

/// Writes down what became of each part, and checks that each is told of once.
fn distribute<'a>(
    told: &Told<'a>,
    parts: &mut [Part<'a>],
    part_of_key: &[usize],
) -> Result<(), String> {
    match told {
        Told::Unknown => {}
        Told::Failed(error) => match error.failure() {
            Failure::Partial(partial) => {
                ends_of_partial(partial, parts, part_of_key)?;
                check_keys(partial, parts, part_of_key)?;
            }
            Failure::Conversion(error) => {
                return Err(format!("its replies could not be merged: {error}"));
            }
            _ => parts.iter_mut().for_each(|part| part.end = PartEnd::Failed(error)),
        },
        Told::One(_) => parts.iter_mut().for_each(|part| part.end = PartEnd::Done(None)),
        Told::PerNode(replies) => {
            if replies.len() != parts.len() {
                return Err(format!("{} nodes for {} parts", replies.len(), parts.len()));
            }
            for part in parts {
                let mut of_node = replies.iter().filter(|(node, _)| Some(node) == part.node);
                let (Some((_, end)), None) = (of_node.next(), of_node.next()) else {
                    return Err(format!("{:?} is not there once", part.node));
                };
                part.end = *end;
            }
        }
    }
    Ok(())
}

fn ends_of_partial<'a>(
    partial: &'a Partial,
    parts: &mut [Part<'a>],
    part_of_key: &[usize],
) -> Result<(), String> {
    if partial.parts().len() != parts.len() {
        return Err(format!("{} parts instead of {}", partial.parts().len(), parts.len()));
    }
    for (index, (part, told)) in parts.iter_mut().zip(partial.parts()).enumerate() {
        let slot = part.op.and_then(|op| op.slot);
        let keys = part_of_key.iter().enumerate().filter(|(_, part)| **part == index);
        if told.slot().map(Slot::number) != slot || told.node() != part.node {
            return Err(format!("part {index} is for {:?} {:?}", told.slot(), told.node()));
        }
        if !keys.map(|(key, _)| key).eq(told.keys().iter().copied()) {
            return Err(format!("part {index} is for the keys {:?}", told.keys()));
        }
        part.end = match &told.result {
            Ok(_) => PartEnd::Done(None),
            Err(error) => PartEnd::Failed(error),
        };
        if let Some(reply) = told.reply()
            && !part.answers.iter().any(|(_, answer)| answer.value() == reply.value())
        {
            return Err(format!("no node answered {reply:?} to part {index}"));
        }
    }
    Ok(())
}

/// Each key is told of once, and what is said of it is so.
fn check_keys(partial: &Partial, parts: &[Part<'_>], part_of_key: &[usize]) -> Result<(), String> {
    let mut keys: Vec<usize> =
        partial.done().chain(partial.not_done()).chain(partial.unknown()).collect();
    keys.sort_unstable();
    if !keys.into_iter().eq(0..part_of_key.len()) {
        return Err("a key is not told of once".into());
    }
    let has_run = |key: usize| {
        let part = part_of_key.get(key).and_then(|part| parts.get(*part));
        part.map(|part| !part.answers.is_empty())
    };
    let is_write = |key: &usize| {
        let part = part_of_key.get(*key).and_then(|part| parts.get(*part));
        part.and_then(|part| part.op).is_some_and(|op| op.number.is_some())
    };
    if let Some(key) = partial.not_done().filter(is_write).find(|key| has_run(*key) == Some(true)) {
        return Err(format!("key {key} is said to be not done, and is"));
    }
    match partial.done().find(|key| has_run(*key) != Some(true)) {
        Some(key) => Err(format!("key {key} is said to be done, and is not")),
        None => Ok(()),
    }
}

/// A part for a slot: it ran as often as it may have, as was said.
fn judge_split(
    world: &World,
    record: &Record,
    part: &Part<'_>,
    ended: Instant,
) -> Result<(), String> {
    let Some(op) = part.op else { return Ok(()) };
    let fate = match part.end {
        PartEnd::Failed(error) => Fate::Failed(error),
        PartEnd::Done(_) | PartEnd::Unknown => Fate::Unknown,
    };
    judge_op(&world.history, record, op, ended, &fate)
}

/// Parts for nodes: each was asked as often as it may have been, as was said. `answers` are all
/// that there were, late ones included.
fn judge_spread(
    world: &World,
    parts: &[Part<'_>],
    answers: &[Answered],
    runs_once: bool,
) -> Result<(), String> {
    let did_not_run =
        |part: &&Part<'_>| matches!(part.end, PartEnd::Failed(error) if !error.may_have_executed());
    let most = parts.iter().filter(|part| !did_not_run(part)).count();
    if runs_once && answers.len() > most {
        return Err(format!("it ran {} times, and {most} parts may have", answers.len()));
    }
    // A node that has changed its address may have a part for each of the two.
    for answered in answers {
        let is_here = |part: &&Part<'_>| {
            part.is_fixed && part.node.is_some_and(|node| world.goes_by(answered.node, node))
        };
        let here = || parts.iter().filter(is_here);
        let Some(node) = here().find_map(|part| part.node) else { continue };
        let count = answers.iter().filter(|other| other.node == answered.node).count();
        let most = here().filter(|part| !did_not_run(part)).count();
        if most == 0 {
            return Err(format!("it is said not to have run at {node}, and ran"));
        }
        if count > most && runs_once {
            return Err(format!("it ran {count} times at {node}"));
        }
    }
    Ok(())
}

/// What was answered is what the answers of the parts make.
fn judge_whole(
    merge: Merge,
    told: &Told<'_>,
    parts: &[Part<'_>],
    part_of_key: &[usize],
) -> Result<(), String> {
    let is_done = |part: &&Part<'_>| matches!(part.end, PartEnd::Done(_));
    if let Some(part) = parts.iter().filter(is_done).find(|part| part.answers.is_empty()) {
        let text = part.op.map(|op| format!("{}", op.text.escape_ascii()));
        return Err(format!("no node answered the part {text:?} {:?}", part.node));
    }
    let done: Vec<_> = parts.iter().filter(is_done).collect();
    let (mut chosen, mut choices) = (Vec::new(), 0);
    let fits = |chosen: &[&Answer]| {
        let frames: Vec<&Frame> = chosen.iter().map(|(_, frame)| frame).collect();
        match told {
            Told::One(heard) => merge.makes(&frames, part_of_key, heard),
            Told::Unknown | Told::Failed(_) | Told::PerNode(_) => true,
        }
    };
    if choose(&done, &mut chosen, &mut choices, &fits) {
        return Ok(());
    }
    let answers: Vec<Vec<_>> =
        done.iter().map(|part| part.answers.iter().map(|(_, answer)| answer).collect()).collect();
    Err(format!("its reply is not what its parts were answered with: {answers:?}"))
}

/// Whether there is an answer for each part, none of them for two nodes, so that all of them fit.
fn choose<'p>(
    parts: &[&'p Part<'_>],
    chosen: &mut Vec<&'p Answer>,
    choices: &mut usize,
    fits: &dyn Fn(&[&Answer]) -> bool,
) -> bool {
    let Some(part) = parts.get(chosen.len()) else {
        *choices += 1;
        return fits(chosen) || *choices > CHOICE_COUNT_MAX;
    };
    for answer in &part.answers {
        let is_taken = part.node.is_some() && chosen.iter().any(|(id, _)| *id == answer.0);
        let is_it = match part.end {
            PartEnd::Done(Some(told)) => answer.1.value() == told,
            PartEnd::Done(None) | PartEnd::Failed(_) | PartEnd::Unknown => true,
        };
        if is_taken || !is_it {
            continue;
        }
        chosen.push(answer);
        if choose(parts, chosen, choices, fits) {
            return true;
        }
        chosen.pop();
    }
    false
}

/// When all is well, all primaries are reached, and all of them answer.
fn judge_probe(world: &World, parts: &[Part<'_>], answers: &[Answered]) -> Result<(), String> {
    let is_done = |part: &Part<'_>| matches!(part.end, PartEnd::Done(_));
    if !parts.iter().all(is_done) {
        return Err("all is well again, and a part failed".into());
    }
    let mut owners = workload::slots().into_iter().filter_map(|slot| world.true_owner(slot));
    match owners.find(|owner| !answers.iter().any(|answered| answered.node == *owner)) {
        Some(owner) => Err(format!("the primary {owner} was not asked")),
        None => Ok(()),
    }
}

impl World {
    /// Whether a node listens, or has listened, at this address.
    pub(super) fn goes_by(&self, node: usize, address: &Address) -> bool {
        let Node { address: current, former_addresses, .. } = &self.nodes[node];
        current == address || former_addresses.contains(address) || name(node) == *address
    }
}
