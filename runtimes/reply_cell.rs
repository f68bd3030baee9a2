//! The cell in which one caller waits for the outcome of one call.
//!
//! Rules of this file. A cell gets one outcome, which its caller takes; the arrival wakes the task
//! that polled last. The machine keeps a [`Token`] with each call, which completes the cell. If the
//! runtime drops the machine before the call is over, the token puts [`Cause::Runtime`] there. A
//! cell is cleared only when one owner is left, and then used for another call.

use super::std;

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use core::task::{Context, Poll, Waker};
use std::sync::{Arc, Mutex, PoisonError};

use super::lock::lock;
use crate::Error;
use crate::driver::{CallId, Outcome};
use crate::error::{Cause, Ran, SystemText};

/// Where one caller waits for one outcome.
#[derive(Debug, Default)]
pub(super) struct ReplyCell {
    state: Mutex<State>,
    /// The machine's name for the call, which only the driver writes and reads.
    index: AtomicU32,
    serial: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    outcome: Option<Outcome>,
    waker: Option<Waker>,
}

impl ReplyCell {
    /// Puts the outcome of the call here, and wakes the caller.
    pub(super) fn put(&self, outcome: Outcome) {
        let mut state = lock(&self.state);
        state.outcome = Some(outcome);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes the outcome. Until it is there, its arrival wakes the task.
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

    /// Makes the cell a new one, for another call.
    pub(super) fn clear(&mut self) {
        *self.state.get_mut().unwrap_or_else(PoisonError::into_inner) = State::default();
        *self.serial.get_mut() = 0;
    }

    /// Notes the machine's name for the call.
    pub(super) fn set_call(&self, call: CallId) {
        self.index.store(call.index, Ordering::Relaxed);
        self.serial.store(call.serial, Ordering::Relaxed);
    }

    /// The machine's name for the call, once the machine has it. No call has the number 0.
    pub(super) fn call(&self) -> Option<CallId> {
        let serial = self.serial.load(Ordering::Relaxed);
        let call = CallId { index: self.index.load(Ordering::Relaxed), serial };
        (serial > 0).then_some(call)
    }
}

/// What the machine keeps with a call: the cell that it completes.
#[derive(Debug)]
pub(super) struct Token(Option<Arc<ReplyCell>>);

impl Token {
    pub(super) const fn new(cell: Arc<ReplyCell>) -> Self {
        Self(Some(cell))
    }

    /// Puts the outcome into the cell. Returns the cell, to be used again.
    pub(super) fn complete(mut self, outcome: Outcome) -> Option<Arc<ReplyCell>> {
        let cell = self.0.take()?;
        cell.put(outcome);
        Some(cell)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if let Some(cell) = self.0.take() {
            let told = SystemText::new("it dropped the task that drives the client");
            cell.put(Err(Error::new(Cause::Runtime(told), Ran::Maybe)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reply;
    use crate::runtimes::task_waker::tests::WakeCount;

    #[test]
    fn an_outcome_wakes_the_caller_which_takes_it_once() {
        let (count, waker) = WakeCount::new();
        let cx = &mut Context::from_waker(&waker);
        let cell = Arc::new(ReplyCell::default());
        assert!(cell.poll(cx).is_pending());
        let completed = Token::new(Arc::clone(&cell)).complete(Ok(Reply::Ready));
        assert!(completed.is_some_and(|completed| Arc::ptr_eq(&completed, &cell)));
        assert_eq!(count.get(), 1);
        assert_eq!(cell.poll(cx), Poll::Ready(Ok(Reply::Ready)));
        assert!(cell.poll(cx).is_pending());
    }

    #[test]
    fn a_token_that_is_dropped_ends_the_call() {
        let cell = Arc::new(ReplyCell::default());
        drop(Token::new(Arc::clone(&cell)));
        let Poll::Ready(Err(error)) = cell.poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("the call has not ended");
        };
        assert!(matches!(error.cause(), Some(Cause::Runtime(_))), "{error}");
        assert!(error.may_have_executed());
    }

    #[test]
    fn a_cleared_cell_has_nothing_of_its_former_call() {
        let mut cell = ReplyCell::default();
        cell.put(Ok(Reply::Ready));
        cell.clear();
        assert!(cell.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}
