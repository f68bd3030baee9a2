//! Floor 9: what rooms leave to be done, and its end.
//!
//! Theory of operation. A room that wants a part sent, or the topology read again, would have to
//! call a room above it. It leaves a note here instead. The notes are carried out when the input,
//! or a frame of it, has been dealt with: first the next steps of procedures, which may begin among
//! the parts, then the parts in their order, then what became of the round, then the wish for
//! another one. A procedure makes a bounded number of steps that end at once. A wish begins no
//! round that is over at once and wishes for the next: rounds have a least time between them. So
//! this ends.

use alloc::collections::VecDeque;

use super::Cluster;
use super::calls::PartRef;
use crate::action::{CallId, Outcome, RefreshReason};
use crate::time::Instant;

/// What is left to be done. Empty between two inputs.
#[derive(Debug, Default)]
#[cfg_attr(feature = "sim", derive(Clone))]
pub(super) struct Agenda {
    /// Parts to be sent where their routes lead now.
    parts: VecDeque<PartRef>,
    /// Calls whose procedure begins, or goes on: how its last step ended.
    steps: VecDeque<(CallId, Option<Outcome>)>,
    /// Whether the topology is to be read again, and why; whether that is urgent.
    refresh: Option<(RefreshReason, bool)>,
}

impl Agenda {
    /// A part is to be sent.
    pub(super) fn send(&mut self, part: PartRef) {
        self.parts.push_back(part);
    }

    /// The procedure of a call begins, or goes on: `heard` tells how its last step ended. That is
    /// done before parts are sent, since the call was among them.
    pub(super) fn go_on(&mut self, call: CallId, heard: Option<Outcome>) {
        self.steps.push_back((call, heard));
    }

    /// The topology is to be read again. Of two wishes the urgent one counts, else the first.
    pub(super) fn want_refresh(&mut self, reason: RefreshReason, is_urgent: bool) {
        if self.refresh.is_none_or(|(_, was_urgent)| is_urgent && !was_urgent) {
            self.refresh = Some((reason, is_urgent));
        }
    }

    /// Whether nothing is left.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.steps.is_empty() && self.refresh.is_none()
    }
}

impl<T> Cluster<T> {
    /// Carries out what rooms have left to be done.
    #[inline]
    pub(super) fn carry_out(&mut self, now: Instant) {
        if !self.agenda.is_empty() || self.refresh.is_round_over() {
            self.carry_out_all(now);
        }
    }

    #[cold]
    fn carry_out_all(&mut self, now: Instant) {
        loop {
            if let Some((call, heard)) = self.agenda.steps.pop_front() {
                self.next_step(now, call, heard);
            } else if let Some(part) = self.agenda.parts.pop_front() {
                self.dispatch(now, part);
            } else if self.refresh.is_round_over() {
                self.end_round(now);
            } else if let Some((reason, is_urgent)) = self.agenda.refresh.take() {
                self.request_refresh(now, reason, is_urgent);
            } else {
                return;
            }
        }
    }
}
