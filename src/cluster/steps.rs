//! Floor 8: a call that is made step by step goes on.
//!
//! Each step is planned and sent like a call of its own, in the place of the one before it, under
//! the deadline of the whole. A step that cannot be sent counts as one that has failed: the
//! procedure says what becomes of that, and ends after a few of them.

use super::Cluster;
use crate::action::{CallId, Outcome, RefreshReason};
use crate::error::Error;
use crate::plan::Call;
use crate::procedure::Step;
use crate::time::Instant;

impl<T> Cluster<T> {
    /// Makes the next step of a call. `heard` tells how the last one ended.
    pub(super) fn next_step(&mut self, now: Instant, id: CallId, mut heard: Option<Outcome>) {
        loop {
            let Some(procedure) = self.calls.procedure_mut(id) else { return };
            match procedure.next(self.agreement.topology(), heard.take()) {
                Step::Send(call) => match self.take_step(now, id, call) {
                    Ok(()) => return,
                    Err(error) => heard = Some(Err(error)),
                },
                Step::Over(outcome) => return self.end_call(id, outcome),
                Step::Lost(outcome) => {
                    self.agenda.want_refresh(RefreshReason::Requested, false);
                    return self.end_call(id, outcome);
                }
            }
        }
    }

    /// Plans and sends a step.
    ///
    /// # Errors
    /// It cannot be sent.
    fn take_step(&mut self, now: Instant, id: CallId, mut call: Call) -> Result<(), Error> {
        let mut plan = call.plan(self.context())?;
        self.make_room(&mut plan, &mut call)?;
        self.calls.replace(id, plan);
        self.send_all(now, id, &mut call);
        Ok(())
    }

    fn end_call(&mut self, id: CallId, outcome: Outcome) {
        if let Some(token) = self.calls.take(id) {
            self.complete(token, outcome);
        }
    }
}
