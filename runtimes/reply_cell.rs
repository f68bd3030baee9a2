//! Where one caller waits for one outcome, and the driver puts it.

use super::std;

use core::task::{Context, Poll, Waker};
use std::sync::{Arc, Mutex, PoisonError};

use super::lock::lock;
use crate::Error;
use crate::driver::{CallId, Outcome};
use crate::error::{Cause, Ran, SystemText};

/// Where one caller waits for one outcome.
#[derive(Debug, Default)]
pub(super) struct ReplySlot {
    state: Mutex<SlotState>,
}

#[derive(Debug, Default)]
struct SlotState {
    outcome: Option<Outcome>,
    waker: Option<Waker>,
    call: Option<CallId>,
}

impl ReplySlot {
    pub(super) fn put(&self, outcome: Outcome) {
        let mut state = lock(&self.state);
        state.outcome = Some(outcome);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The outcome, once; until it is there, its arrival wakes the task.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<Outcome> {
        let mut state = lock(&self.state);
        if let Some(outcome) = state.outcome.take() {
            return Poll::Ready(outcome);
        }
        if !state.waker.as_ref().is_some_and(|old| old.will_wake(cx.waker())) {
            state.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    pub(super) fn clear(&mut self) {
        *self.state.get_mut().unwrap_or_else(PoisonError::into_inner) = SlotState::default();
    }

    /// The machine's name for the call.
    pub(super) fn set_call(&self, call: CallId) {
        lock(&self.state).call = Some(call);
    }

    pub(super) fn call(&self) -> Option<CallId> {
        lock(&self.state).call
    }
}

/// What the machine keeps with a call: its cell. If the runtime drops the machine before the call
/// is over, the caller gets [`Cause::Runtime`].
#[derive(Debug)]
pub(super) struct Token(Option<Arc<ReplySlot>>);

impl Token {
    pub(super) const fn new(slot: Arc<ReplySlot>) -> Self {
        Self(Some(slot))
    }

    /// The call is over. Gives the slot back, to be used again.
    pub(super) fn complete(mut self, outcome: Outcome) -> Option<Arc<ReplySlot>> {
        let slot = self.0.take()?;
        slot.put(outcome);
        Some(slot)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            let told = SystemText::new("it dropped the task that drives the client");
            slot.put(Err(Error::new(Cause::Runtime(told), Ran::Maybe)));
        }
    }
}
