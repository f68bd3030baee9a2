//! Floor 2: how a part ends, and what of a server's error may be shown.

use alloc::vec::Vec;

use super::Cluster;
use super::calls::{Part, PartRef, Place, Settled};
use super::nodes::NodeRef;
use crate::command::Command;
use crate::error::{Cause, Error, Failure, NodeFailures, Ran, ServerError};
use crate::plan::{Payload, Route};
use crate::resp::Frame;

impl<T> Cluster<T> {
    /// A part is over.
    #[inline]
    pub(super) fn settle(&mut self, part: PartRef, result: Result<Frame, Error>) {
        let Self { calls, links, random, .. } = self;
        let spoken = |link| links.get(link).map(|tenant| tenant.link.protocol());
        let settled = calls.settle(part, result, spoken, random);
        self.end_step(settled);
    }

    /// What the end of a part makes of its call.
    #[inline]
    pub(super) fn end_step(&mut self, settled: Settled<T>) {
        match settled {
            Settled::Late => self.stats.late_replies += 1,
            Settled::Open => {}
            Settled::Over(token, outcome) => self.complete(token, outcome),
            Settled::Step(call, outcome) => self.agenda.go_on(call, Some(outcome)),
        }
    }

    /// A part is over without a reply. Its error tells its command and its slot.
    #[cold]
    pub(super) fn fail(&mut self, part: PartRef, mut error: Error) {
        if let Some(state) = self.calls.part(part) {
            error = state.own_error(error);
        }
        let is_maybe = error.may_have_executed();
        match error.cause() {
            Some(Cause::TimedOut) if is_maybe => self.stats.timeouts_sent += 1,
            Some(Cause::TimedOut) => self.stats.timeouts_queued += 1,
            Some(_) if is_maybe => self.stats.maybe_executed += 1,
            _ => {}
        }
        self.settle(part, Err(error));
    }

    /// A part is over without a reply, because of what happened at a node.
    pub(super) fn fail_at(&mut self, node: NodeRef, part: PartRef, error: Error) {
        let node = self.links.address(node).cloned();
        self.fail(part, error.at(node, None));
    }

    /// The caller gets the error that would be acted on otherwise.
    pub(super) fn refuse_part(&mut self, node: NodeRef, part: PartRef, frame: &Frame) {
        if let Some(error) = frame.error() {
            self.fail_at(node, part, error.into());
        }
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
        match self.payload.as_deref() {
            Some(payload) => payload.own_error(error),
            None if self.piece.info.name.is_empty() => error,
            None => error.of(self.piece.info.name),
        }
    }

    fn hide_secrets(&self, error: &mut ServerError) {
        // What is plain has none.
        let commands = match self.payload.as_deref() {
            Some(Payload::Command(command)) => core::slice::from_ref(command),
            Some(Payload::Transaction(commands)) => commands,
            None => &[],
        };
        let secret = || commands.iter().filter(|command| command.may_have_secrets());
        if secret().next().is_none() {
            return;
        }
        let names: Vec<_> = secret().flat_map(Command::names).collect();
        *error = error.hiding(&names, secret().flat_map(Command::arguments));
    }
}
