//! Where a command goes.

use super::{may_wait, not_allowed, not_executed};
use crate::address::Address;
use crate::command::{Command, Facts, Malformed, RequestPolicy};
use crate::error::{Error, Why};
use crate::slot::Slot;

/// Where a piece goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// To the owner of a slot.
    Slot(Slot),
    /// To any primary.
    Any,
    /// To this node.
    Node(Address),
    /// Nowhere: it is done when the topology is known.
    Discovery,
}

impl Route {
    /// The slot that it goes to.
    pub(crate) const fn slot(&self) -> Option<Slot> {
        match self {
            Self::Slot(slot) => Some(*slot),
            Self::Any | Self::Node(_) | Self::Discovery => None,
        }
    }
}

/// Where a command goes by its keys.
pub(super) fn of(command: &Command) -> Result<Route, Error> {
    match command.slot() {
        Ok(Some(slot)) => Ok(Route::Slot(slot)),
        Ok(None) => Ok(Route::Any),
        Err(Malformed::Shape(problem)) => Err(not_executed(Why::Malformed(problem))),
        Err(Malformed::CrossSlot(first, other)) => Err(not_executed(Why::CrossSlot(first, other))),
    }
}

/// Refuses what must not travel on a connection that others share, and what would be answered by
/// one node for all.
pub(super) fn check(command: &Command, facts: &Facts, has_node: bool) -> Result<(), Error> {
    match facts.request {
        RequestPolicy::Connection(instead) => Err(not_allowed(command, instead)),
        _ if may_wait(command, facts) => {
            Err(not_allowed(command, "it waits at the server, and all callers with it"))
        }
        RequestPolicy::AllShards | RequestPolicy::AllNodes | RequestPolicy::SlotOwners
            if !has_node =>
        {
            Err(not_allowed(command, "it concerns several nodes: send it to each by its address"))
        }
        RequestPolicy::ExplicitNode if !has_node => {
            Err(not_allowed(command, "it concerns one node: send it there by its address"))
        }
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
    if let RequestPolicy::Connection(instead) = command.facts().request {
        return Err(not_allowed(command, instead));
    }
    Ok(())
}
