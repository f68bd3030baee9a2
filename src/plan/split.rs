//! One command becomes several: one a slot, or one an owner.
//!
//! Each has the arguments before the keys, its own keys with what belongs to each of them, and the
//! arguments behind all keys.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::merge::{Joint, Origin};
use super::{Options, Parts, Piece, Route, route};
use crate::address::Address;
use crate::command::{ArgumentRef, Command, CommandInfo, KeyShape, ToArg};
use crate::error::{Cause, Error, Rejection};
use crate::slot::Slot;
use crate::topology::Topology;

/// Where the keys are among the arguments, for a command that can be split.
struct Layout {
    /// The first key.
    first: usize,
    /// One past the last argument that belongs to a key.
    end: usize,
    /// From one key to the next.
    step: usize,
    /// The argument that is the number of keys.
    count_at: Option<usize>,
}

impl Layout {
    fn of(info: &CommandInfo, arguments: &[ArgumentRef<'_>]) -> Option<Self> {
        let len = arguments.len();
        match info.keys {
            KeyShape::Range { first, last, step } => {
                let behind = usize::from(last.unsigned_abs()).checked_sub(1)?;
                let (first, step) = (usize::from(first), usize::from(step));
                let end = len.checked_sub(behind).filter(|_| last < 0)?;
                Some(Self { first, end, step, count_at: None })
            }
            KeyShape::Counted { destination: 0, count, first, step } => {
                let (first, step) = (usize::from(first), usize::from(step));
                let count_at = usize::from(count);
                let text = core::str::from_utf8(arguments.get(count_at)?.bytes).ok()?;
                let keys_len = text.parse::<usize>().ok()?.checked_mul(step)?;
                let end = first.checked_add(keys_len).filter(|&end| end <= len)?;
                Some(Self { first, end, step, count_at: Some(count_at) })
            }
            KeyShape::None
            | KeyShape::At(_)
            | KeyShape::Counted { .. }
            | KeyShape::Streams { .. }
            | KeyShape::Store { .. }
            | KeyShape::Sort
            | KeyShape::Stralgo
            | KeyShape::Migrate
            | KeyShape::Unknown => None,
        }
        .filter(|layout| layout.step > 0 && layout.first < layout.end)
        .filter(|layout| (layout.end - layout.first).is_multiple_of(layout.step))
    }
}

/// Whether the command does all or nothing, by a condition on all keys: it cannot be split.
pub(super) fn is_conditional(command: &Command, info: &CommandInfo) -> bool {
    let KeyShape::Counted { .. } = info.keys else { return false };
    let arguments: Vec<_> = command.argument_refs().collect();
    let Some(layout) = Layout::of(info, &arguments) else { return true };
    let mut options = arguments.iter().skip(layout.end).map(|option| option.bytes);
    while let Some(option) = options.next() {
        let is = |name: &[u8]| option.eq_ignore_ascii_case(name);
        if is(b"NX") || is(b"XX") {
            return true;
        } else if is(b"EX") || is(b"PX") || is(b"EXAT") || is(b"PXAT") {
            options.next();
        }
    }
    false
}

/// One piece a slot, in the order of the slots; keys of one slot stay in their order.
///
/// **Cost**: a sort of the keys by slot, and one command a slot; large arguments are shared.
pub(super) fn by_slot<P: From<Piece>>(
    command: &Command,
    info: &CommandInfo,
    options: &Options,
) -> Result<Parts<P>, Error> {
    let mut arguments = Vec::with_capacity(command.len());
    arguments.extend(command.argument_refs());
    let layout = Layout::of(info, &arguments)
        .ok_or(Rejection::Malformed("wrong number of arguments: a key lacks what belongs to it"))?;
    let (head, rest) = arguments.split_at_checked(layout.first).unwrap_or((&arguments, &[]));
    let (keyed, tail) = rest.split_at_checked(layout.end - layout.first).unwrap_or((rest, &[]));
    let groups = keyed.chunks(layout.step);
    let slots = groups.clone().filter_map(|group| Some(Slot::of_key(group.first()?.bytes)));
    let mut order: Vec<(Slot, usize)> = Vec::with_capacity(groups.len());
    order.extend(slots.zip(0..));
    order.sort_unstable();
    let bare = command.bare();
    let mut part_of_key = alloc::vec![0; order.len()];
    let of_slots = order.chunk_by(|(slot, _), (other, _)| slot == other);
    let count = of_slots.clone().count();
    let (mut pieces, mut slots) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut commands = Vec::with_capacity(count);
    for of_slot in of_slots {
        let Some((slot, _)) = of_slot.first() else { continue };
        commands.push(bare.clone());
        let Some(part) = commands.last_mut() else { continue };
        for (at, argument) in head.iter().enumerate().skip(1) {
            if layout.count_at == Some(at) {
                part.push_arg(of_slot.len().into_arg());
            } else {
                part.push_shared(argument);
            }
        }
        for (_, key) in of_slot {
            for argument in groups.clone().nth(*key).unwrap_or_default() {
                part.push_shared(argument);
            }
            if let Some(part_of_key) = part_of_key.get_mut(*key) {
                *part_of_key = pieces.len();
            }
        }
        for argument in tail {
            part.push_shared(argument);
        }
        slots.push(*slot);
        pieces.push(Piece::of(part, info, options, Route::Slot(*slot)).into());
    }
    let origin = Origin::Keys { slots, part_of_key };
    Ok(Parts { pieces, commands, joint: Joint::of(command, info, options, origin, count)? })
}

/// One piece an owner of the slots, or ranges of slots, that are the arguments.
pub(super) fn by_owner<P: From<Piece>>(
    command: &Command,
    info: &CommandInfo,
    options: &Options,
    topology: &Topology,
) -> Result<Parts<P>, Error> {
    let slots = route::slot_arguments(command).collect::<Result<Vec<_>, _>>()?;
    let is_ranges = info.name.ends_with("RANGE");
    let mut by_owner: BTreeMap<&Address, Command> = BTreeMap::new();
    for bounds in slots.chunks(if is_ranges { 2 } else { 1 }) {
        let (first, last) = match *bounds {
            [slot] if !is_ranges => (slot, slot),
            [first, last] if first <= last => (first, last),
            _ => {
                let problem = "a range needs its first and its last slot, in this order";
                return Err(Rejection::Malformed(problem).into());
            }
        };
        for (owner, first, last) in owners(topology, first, last)? {
            let part = by_owner.entry(owner).or_insert_with(|| command.bare());
            let taken = core::mem::replace(part, command.bare()).arg(first.number());
            *part = if is_ranges { taken.arg(last.number()) } else { taken };
        }
    }
    let origin = Origin::Nodes(by_owner.keys().copied().cloned().collect());
    let joint = Joint::of(command, info, options, origin, by_owner.len())?;
    let piece = |(owner, part): (&&Address, &Command)| {
        Piece::of(part, info, options, Route::node((*owner).clone())).into()
    };
    let pieces = by_owner.iter().map(piece).collect();
    Ok(Parts { pieces, commands: by_owner.into_values().collect(), joint })
}

/// Who has which part of a range of slots.
fn owners(
    topology: &Topology,
    first: Slot,
    last: Slot,
) -> Result<Vec<(&Address, Slot, Slot)>, Error> {
    if first == last
        && let Some(owner) = topology.primary_of(first)
    {
        return Ok(alloc::vec![(owner.address(), first, last)]);
    }
    let mut owners = Vec::new();
    let mut covered = 0;
    for (range, shard) in topology.slot_ranges() {
        let (from, to) = (range.first().max(first), range.last().min(last));
        if from <= to
            && let Some(primary) = shard.primary()
        {
            covered += to.number() - from.number() + 1;
            owners.push((primary.address(), from, to));
        }
    }
    if covered > last.number() - first.number() {
        return Ok(owners);
    }
    let mut slots = (first.number()..=last.number()).filter_map(Slot::new);
    let slot = slots.find(|slot| topology.primary_of(*slot).is_none());
    Err(Error::not_executed(Cause::SlotUnassigned).at(None, slot))
}
