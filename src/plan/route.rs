//! Where a command goes.

use alloc::boxed::Box;

use super::spread::Reach;
use super::{Context, Options, Target, split, waiting};
use crate::address::Address;
use crate::command::{Command, CommandInfo, KeyError, KeyShape, LearnedCommand, RequestPolicy};
use crate::config::CrossSlot;
use crate::error::{Error, Rejection};
use crate::slot::Slot;

/// Where a piece goes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub(crate) enum Route {
    /// To the owner of a slot.
    Slot(Slot),
    /// To any primary.
    Any,
    /// To this node. Few routes are like this, and all have to be small.
    Node(Box<Address>),
    /// To the primary of a whole shard.
    Shard(Box<ShardRoute>),
    /// Nowhere: it waits for the topology.
    Discovery,
}

/// The way to the primary of a whole shard.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub(crate) struct ShardRoute {
    pub(crate) primary: Address,
    /// Its owner is meant if the primary leads no shard any more.
    pub(crate) slot: Option<Slot>,
}

impl Route {
    /// To this node.
    pub(crate) fn node(address: Address) -> Self {
        Self::Node(Box::new(address))
    }

    /// The slot of its commands.
    #[inline]
    pub(crate) const fn slot(&self) -> Option<Slot> {
        match self {
            Self::Slot(slot) => Some(*slot),
            Self::Any | Self::Node(_) | Self::Shard(_) | Self::Discovery => None,
        }
    }
}

/// Where a command goes.
pub(super) enum Destination {
    One(Route),
    Several(Several),
}

/// Where a command goes that is for several places.
#[derive(Clone, Copy)]
pub(super) enum Several {
    /// To the owners of its keys' slots.
    Slots,
    /// To the owners of the slots that are its arguments.
    Owners,
    Nodes(Reach),
}

/// Where a command goes.
#[inline]
pub(super) fn destination(
    command: &Command,
    info: &CommandInfo,
    learned: Option<&LearnedCommand>,
    options: &Options,
    context: Context<'_>,
) -> Result<Destination, Error> {
    check(command, info, options.target.is_some())?;
    if let Some(target) = &options.target {
        return Ok(of_target(target));
    }
    let cross_slot = options.cross_slot.unwrap_or(context.cross_slot);
    Ok(match info.request {
        RequestPolicy::MultiShard if cross_slot == CrossSlot::Split => {
            match slot_of(command, learned) {
                Err(KeyError::CrossSlot(..)) if !split::is_conditional(command, info) => {
                    Destination::Several(Several::Slots)
                }
                slot => Destination::One(to_slot(slot)?),
            }
        }
        RequestPolicy::SlotArgument => Destination::One(Route::Slot(slot_argument(command)?)),
        RequestPolicy::SlotOwners => Destination::Several(Several::Owners),
        RequestPolicy::AllShards => Destination::Several(Several::Nodes(Reach::Primaries)),
        RequestPolicy::AllNodes => Destination::Several(Several::Nodes(Reach::Nodes)),
        RequestPolicy::Keyed
        | RequestPolicy::MultiShard
        | RequestPolicy::AnyNode
        | RequestPolicy::ExplicitNode
        | RequestPolicy::Connection(_) => Destination::One(of(command, learned)?),
    })
}

/// Whether it takes a topology to tell where a command goes.
pub(super) fn needs_topology(request: RequestPolicy, target: Option<&Target>) -> bool {
    match target {
        Some(target) => matches!(of_target(target), Destination::Several(_)),
        None => matches!(
            request,
            RequestPolicy::AllShards | RequestPolicy::AllNodes | RequestPolicy::SlotOwners
        ),
    }
}

/// Where a caller says that a command goes.
pub(super) fn of_target(target: &Target) -> Destination {
    match target {
        Target::Node(address) => Destination::One(Route::node(address.clone())),
        Target::Slot(slot) => Destination::One(Route::Slot(*slot)),
        Target::Any => Destination::One(Route::Any),
        Target::AllPrimaries => Destination::Several(Several::Nodes(Reach::Primaries)),
        Target::AllReplicas => Destination::Several(Several::Nodes(Reach::Replicas)),
        Target::AllNodes => Destination::Several(Several::Nodes(Reach::Nodes)),
    }
}

/// Where a command goes by its keys.
#[inline]
pub(super) fn of(command: &Command, learned: Option<&LearnedCommand>) -> Result<Route, Error> {
    to_slot(slot_of(command, learned))
}

/// The slot of the keys of a command.
#[inline]
fn slot_of(command: &Command, learned: Option<&LearnedCommand>) -> Result<Option<Slot>, KeyError> {
    match learned {
        None => command.slot(),
        Some(learned) => learned.slot(command),
    }
}

/// To the owner of a slot, or to any node.
#[inline]
fn to_slot(slot: Result<Option<Slot>, KeyError>) -> Result<Route, Error> {
    match slot {
        Ok(Some(slot)) => Ok(Route::Slot(slot)),
        Ok(None) => Ok(Route::Any),
        Err(KeyError::Malformed(problem)) => Err(malformed(problem)),
        Err(KeyError::CrossSlot(first, other)) => Err(Rejection::CrossSlot(first, other).into()),
    }
}

fn malformed(problem: &'static str) -> Error {
    Rejection::Malformed(problem).into()
}

/// The refusal of a command that is not to be sent this way.
fn not_allowed(instead: &'static str) -> Error {
    Rejection::NotAllowedHere { instead }.into()
}

/// The slot that the first argument after the name is.
fn slot_argument(command: &Command) -> Result<Slot, Error> {
    let argument = slot_arguments(command).next();
    argument.ok_or_else(|| malformed("too few arguments"))?
}

/// The slots that all arguments after the name are.
pub(super) fn slot_arguments(command: &Command) -> impl Iterator<Item = Result<Slot, Error>> {
    let name_len = command.info().name.split(' ').count();
    command.arguments().skip(name_len).map(|text| {
        let number = core::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        let slot = number.and_then(Slot::new);
        slot.ok_or_else(|| malformed("a slot is a number from 0 to 16383"))
    })
}

/// Refuses what must not travel on a connection that others share, and what is for one node that
/// only the caller can name.
#[inline]
fn check(command: &Command, info: &CommandInfo, has_target: bool) -> Result<(), Error> {
    match info.request {
        RequestPolicy::Connection(instead) => Err(not_allowed(instead)),
        _ if may_wait(command, info) => Err(not_allowed(waiting::substitute(info.name))),
        RequestPolicy::ExplicitNode if !has_target => Err(Rejection::NoTarget.into()),
        RequestPolicy::Keyed
        | RequestPolicy::MultiShard
        | RequestPolicy::SlotArgument
        | RequestPolicy::SlotOwners
        | RequestPolicy::AnyNode
        | RequestPolicy::AllShards
        | RequestPolicy::AllNodes
        | RequestPolicy::ExplicitNode => Ok(()),
    }
}

/// Refuses what cannot stand between `MULTI` and `EXEC`. A command that waits does not wait there.
pub(super) fn check_transaction(command: &Command) -> Result<(), Error> {
    if let RequestPolicy::Connection(instead) = command.info().request {
        return Err(not_allowed(instead));
    }
    Ok(())
}

/// Whether the command would hold the connection for as long as it waits.
#[inline]
fn may_wait(command: &Command, info: &CommandInfo) -> bool {
    info.blocking && waits_by_arguments(command, info)
}

/// Whether a command that may wait does so with these arguments.
#[cold]
fn waits_by_arguments(command: &Command, info: &CommandInfo) -> bool {
    let arguments = |index: usize| command.arguments().skip(index);
    match (info.keys, info.name) {
        (KeyShape::Streams { .. }, _) => has_block(arguments(1)),
        // It waits until so many nodes have what was written: without any it answers at once.
        (_, "WAIT") => arguments(1).take(1).any(is_positive),
        (_, "WAITAOF") => arguments(1).take(2).any(is_positive),
        _ => true,
    }
}

/// Whether `BLOCK` is among the options before `STREAMS`, and not a value of another option.
fn has_block<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> bool {
    while let Some(option) = arguments.next() {
        let is = |name: &[u8]| option.eq_ignore_ascii_case(name);
        if is(b"BLOCK") {
            return true;
        } else if is(b"STREAMS") {
            return false;
        } else if is(b"COUNT") || is(b"CLAIM") {
            arguments.next();
        } else if is(b"GROUP") {
            arguments.nth(1);
        }
    }
    false
}

/// Whether this is a number above 0. What is no number is left to be refused by the server: nothing
/// waits for it.
fn is_positive(text: &[u8]) -> bool {
    let number = core::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
    number.is_some_and(|number| number > 0)
}
