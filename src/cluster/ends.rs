//! How a part ends without a reply: its time is up, no seed leads to a cluster, the machine ends.
//! And what of a server's error may be shown.

use alloc::vec::Vec;

use super::Cluster;
use super::calls::{Part, PartRef, Place};
use crate::command::Command;
use crate::error::{Cause, Disconnect, Error, Failure, NodeFailures, Ran, ServerError, SystemText};
use crate::plan::{Payload, Route};
use crate::time::Instant;

impl<T> Cluster<T> {
    /// A part's time is up.
    pub(super) fn expire_part(&mut self, now: Instant, part: PartRef) {
        let Some(state) = self.calls.part(part) else { return };
        let (place, may_have_run) = (state.place, state.may_have_run);
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
        let ran = if is_unsent { Ran::No } else { Ran::Maybe };
        let address = node.and_then(|node| self.links.address(node)).cloned();
        let timed_out = Error::new(Cause::TimedOut, ran).at(address, None);
        let error = match (place, refusal) {
            _ if !is_unsent => timed_out,
            (Place::Waiting(node), refusal) => {
                let failed = self.waited_for(node);
                failed.or_else(|| refusal.map(Error::from)).unwrap_or(timed_out)
            }
            (_, Some(refusal)) => refusal.into(),
            (Place::Unrouted, None) => self.unrouted_error(),
            _ => timed_out,
        };
        self.fail(part, error);
    }

    /// The error of a part that no node was known for until its deadline.
    pub(super) fn unrouted_error(&self) -> Error {
        Error::not_executed(if self.links.knows_cluster() {
            Cause::SlotUnassigned
        } else {
            Cause::NoCluster(self.failures_so_far())
        })
    }

    /// Fails the parts without a route: no seed leads to a cluster, and none will.
    pub(super) fn fail_unrouted(&mut self, failures: &NodeFailures) {
        for part in self.unrouted.take() {
            let Some(state) = self.calls.part(part) else { continue };
            if state.place == Place::Unrouted {
                self.fail(part, Error::not_executed(Cause::NoCluster(failures.clone())));
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
            self.fail(part, Error::not_executed(Cause::NoCluster(failures.clone())));
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
        let (place, may_have_run) = (state.place, state.may_have_run);
        if !self.withdraw(now, part) {
            self.set_place(part, place);
            return; // its reply is waited for
        }
        let error = if may_have_run {
            let lost = Disconnect::Other(SystemText::EMPTY);
            Error::maybe_executed(Cause::ConnectionLost(lost))
        } else {
            Error::shut_down()
        };
        self.fail(part, error);
    }
}

impl Part {
    /// An error as that of this part. It names the command and the slot, tells whether an earlier
    /// attempt may have run, and shows nothing that a server repeats of secrets.
    pub(super) fn own_error(&self, error: Error) -> Error {
        let mut error = error.at(None, self.piece.route.slot());
        if let Failure::Server(told) | Failure::Failed(Cause::NoTransaction(told)) =
            error.failure_mut()
        {
            self.hide_secrets(told);
        }
        let could_run_again = !matches!(
            error.failure(),
            Failure::Overloaded { .. } | Failure::ShutDown | Failure::Partial(_)
        );
        if self.may_have_run && could_run_again {
            error = error.with_ran(Ran::Maybe);
        }
        self.piece.payload.own_error(error)
    }

    fn hide_secrets(&self, error: &mut ServerError) {
        let commands = match &self.piece.payload {
            Payload::Command(command) => core::slice::from_ref(command),
            Payload::Transaction(commands) => commands,
            Payload::Nothing | Payload::Later(_) => &[],
        };
        let secret = || commands.iter().filter(|command| command.may_have_secrets());
        if secret().next().is_none() {
            return;
        }
        let names: Vec<_> = secret().flat_map(Command::names).collect();
        *error = error.hiding(&names, secret().flat_map(Command::arguments));
    }
}
