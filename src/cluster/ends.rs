//! How a part ends without a reply: its time is up, no seed leads to a cluster, the machine ends.
//! And what of a server's error may be shown.

use alloc::vec::Vec;

use super::Cluster;
use super::calls::{Part, PartRef, Place};
use crate::command::Command;
use crate::error::{Disconnect, Error, NodeFailures, Phase, ServerError, SystemText, Why};
use crate::plan::{Payload, Route};
use crate::slot::Slot;
use crate::time::Instant;

impl<T> Cluster<T> {
    /// A part's time is up.
    pub(super) fn expire_part(&mut self, now: Instant, part: PartRef) {
        let Some(state) = self.calls.part(part) else { return };
        let (place, slot, may_have_run) =
            (state.place, state.piece.route.slot(), state.may_have_run);
        let refusal = state.refusal.as_deref().filter(|_| !may_have_run).cloned();
        let node = match place {
            Place::Waiting(node) => Some(node),
            Place::InFlight { link, .. } => self.links.get(link).map(|tenant| tenant.node),
            Place::Nowhere
            | Place::Unrouted
            | Place::Fenced(_)
            | Place::Paused
            | Place::Suspect => None,
        };
        let is_unsent = self.withdraw(now, part) && !may_have_run;
        let phase = if is_unsent { Phase::Queued } else { Phase::Sent };
        let address = node.and_then(|node| self.links.address(node)).cloned();
        let timed_out = Error::TimedOut { phase, node: address, slot };
        let error = match (place, refusal) {
            _ if !is_unsent => timed_out,
            (Place::Waiting(node), refusal) => {
                let why = self.waited_for(node, slot);
                why.or_else(|| refusal.map(Error::Server)).unwrap_or(timed_out)
            }
            (_, Some(refusal)) => Error::Server(refusal),
            (Place::Unrouted, None) => self.unrouted_error(slot),
            _ => timed_out,
        };
        self.fail(part, error);
    }

    /// The error of a part that no node was known for until its deadline.
    pub(super) fn unrouted_error(&self, slot: Option<Slot>) -> Error {
        let why = if self.links.knows_cluster() {
            Why::SlotUnassigned
        } else {
            Why::NoCluster(self.failures_so_far())
        };
        Error::NotExecuted { why, node: None, slot }
    }

    /// Fails the parts without a route: no seed leads to a cluster, and none will.
    pub(super) fn fail_unrouted(&mut self, failures: &NodeFailures) {
        for part in self.unrouted.take() {
            let Some(state) = self.calls.part(part) else { continue };
            if state.place == Place::Unrouted {
                let (why, slot) = (Why::NoCluster(failures.clone()), state.piece.route.slot());
                self.fail(part, Error::NotExecuted { why, node: None, slot });
            }
        }
    }

    /// Every seed has said no: calls that ask for nothing but the cluster end, others wait on.
    pub(super) fn fail_discoveries(&mut self, failures: &NodeFailures) {
        let is_discovery = |state: &Part| {
            state.place == Place::Unrouted && matches!(state.piece.route, Route::Discovery)
        };
        let entries = self.unrouted.iter();
        let found = entries.filter(|part| self.calls.part(*part).is_some_and(is_discovery));
        for part in found.collect::<Vec<_>>() {
            self.unrouted.left();
            let why = Why::NoCluster(failures.clone());
            self.fail(part, Error::NotExecuted { why, node: None, slot: None });
        }
    }

    /// Routes again what no node was known for.
    pub(super) fn reroute_unrouted(&mut self, now: Instant) {
        for part in self.unrouted.take() {
            if self.calls.part(part).is_some_and(|state| state.place == Place::Unrouted) {
                self.dispatch(now, part);
            }
        }
    }

    /// The machine ends: a part that can still be kept from running is over.
    pub(super) fn close_part(&mut self, now: Instant, part: PartRef) {
        let Some(state) = self.calls.part(part) else { return };
        let (may_have_run, slot) = (state.may_have_run, state.piece.route.slot());
        let place = state.place;
        if !self.withdraw(now, part) {
            self.set_place(part, place);
            return; // its reply is waited for
        }
        let why = Why::ConnectionLost(Disconnect::Other(SystemText::EMPTY));
        let error = if may_have_run {
            Error::MaybeExecuted { why, node: None, slot }
        } else {
            Error::ShutDown
        };
        self.fail(part, error);
    }
}

impl Part {
    /// An error of this part, which shows nothing that a server repeats of secrets among its
    /// arguments.
    pub(super) fn without_secrets(&self, error: Error) -> Error {
        match error {
            Error::Server(error) => Error::Server(self.hiding_secrets(error)),
            Error::MaybeExecuted { why: Why::NoTransaction(error), node, slot } => {
                let why = Why::NoTransaction(self.hiding_secrets(error));
                Error::MaybeExecuted { why, node, slot }
            }
            Error::NotExecuted { .. }
            | Error::MaybeExecuted { .. }
            | Error::TimedOut { .. }
            | Error::Partial(_)
            | Error::Overloaded { .. }
            | Error::ShutDown
            | Error::Conversion(_) => error,
        }
    }

    fn hiding_secrets(&self, error: ServerError) -> ServerError {
        let commands = match &self.piece.payload {
            Payload::Command(command) => core::slice::from_ref(command),
            Payload::Transaction(commands) => commands,
            Payload::Nothing | Payload::Later(_) => &[],
        };
        let secret = || commands.iter().filter(|command| command.may_have_secrets());
        if secret().next().is_none() {
            return error;
        }
        let names: Vec<_> = secret().flat_map(Command::names).collect();
        error.hiding(&names, secret().flat_map(Command::arguments))
    }
}
