//! How callers and the driver hand things to each other.
//!
//! Theory of operation. A caller puts its call into the mailbox under a short lock, together with
//! the cell (`ReplySlot`) that it waits at. It wakes the driver if the driver is asleep. The driver
//! swaps all letters (calls, abandoned cells and requests) out under one lock, and later puts each
//! outcome into its cell. Cells are used again: the driver takes back those that only it holds,
//! when it has the lock anyway. So a call costs no allocation here. A caller that gives its call up
//! leaves the cell in the mailbox, and the driver cancels the call. If the outcome comes earlier,
//! it stays in the cell until the cell is used again.

use super::std;

use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use std::boxed::Box;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

use crate::driver::{CallId, Outcome};
use crate::error::{Cause, Ran, SystemText};
use crate::{Call, Cluster, Error, Instant};

/// Slots that are kept for use.
const SPARE_COUNT_MAX: usize = 4096;

/// Where callers leave their calls for the driver.
#[derive(Debug)]
pub(super) struct Mailbox {
    inner: Mutex<Inner>,
    /// How many letters there are, for a look without the lock.
    letter_count: AtomicUsize,
    /// Wakes the driver.
    pub(super) signal: Arc<Signal>,
}

#[derive(Default)]
struct Inner {
    letters: Letters,
    spare: Vec<Arc<ReplySlot>>,
    /// Whether the driver is awake, or has been woken.
    is_awake: bool,
    /// Whether there is no driver any more.
    is_closed: bool,
}

/// What is in a mailbox.
#[derive(Default)]
pub(super) struct Letters {
    pub(super) calls: Vec<(Call, Arc<ReplySlot>)>,
    /// Slots whose callers have gone.
    pub(super) abandoned: Vec<Arc<ReplySlot>>,
    pub(super) requests: Vec<Request>,
    /// Whether the last client is gone.
    pub(super) is_orphaned: bool,
}

impl Letters {
    const fn is_empty(&self) -> bool {
        self.calls.is_empty()
            && self.abandoned.is_empty()
            && self.requests.is_empty()
            && !self.is_orphaned
    }
}

/// Something to be done with the machine.
pub(super) type Request = Box<dyn FnOnce(&mut Cluster<Token>, Instant) + Send>;

impl core::fmt::Debug for Inner {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Mailbox({} calls)", self.letters.calls.len())
    }
}

fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    // Nothing that runs under these locks can panic half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mailbox {
    pub(super) fn new() -> Self {
        Self {
            inner: Mutex::new(Inner::default()),
            letter_count: AtomicUsize::new(0),
            signal: Arc::default(),
        }
    }

    /// Leaves a call, and tells where its outcome will be.
    pub(super) fn submit(&self, call: Call) -> Arc<ReplySlot> {
        let mut inner = lock(&self.inner);
        let slot = inner.spare.pop().unwrap_or_default();
        if inner.is_closed {
            drop(inner);
            slot.put(Err(Error::shut_down()));
        } else {
            inner.letters.calls.push((call, Arc::clone(&slot)));
            self.wake(inner);
        }
        slot
    }

    /// Leaves something to be done. It is dropped if there is no driver.
    pub(super) fn request(&self, request: Request) {
        let mut inner = lock(&self.inner);
        if !inner.is_closed {
            inner.letters.requests.push(request);
            self.wake(inner);
        }
    }

    /// The last client is gone.
    pub(super) fn orphan(&self) {
        let mut inner = lock(&self.inner);
        inner.letters.is_orphaned = true;
        self.wake(inner);
    }

    /// The caller of a call that was left here is gone.
    pub(super) fn abandon(&self, slot: Arc<ReplySlot>) {
        let mut inner = lock(&self.inner);
        if !inner.is_closed {
            inner.letters.abandoned.push(slot);
            self.wake(inner);
        }
    }

    /// A letter was left: the driver is to see it.
    fn wake(&self, mut inner: MutexGuard<'_, Inner>) {
        self.letter_count.store(self.letter_count() + 1, Ordering::Relaxed);
        let was_awake = core::mem::replace(&mut inner.is_awake, true);
        drop(inner);
        if !was_awake {
            self.signal.wake();
        }
    }

    /// Whether there is no driver any more.
    pub(super) fn is_closed(&self) -> bool {
        lock(&self.inner).is_closed
    }

    /// How many letters there are, or were a moment ago: before the driver falls asleep it looks
    /// again.
    pub(super) fn letter_count(&self) -> usize {
        self.letter_count.load(Ordering::Relaxed)
    }

    /// Swaps the letters out, and takes back the cells that only the driver still holds. Returns
    /// whether there are letters.
    pub(super) fn collect(
        &self,
        letters: &mut Letters,
        used: &mut VecDeque<Arc<ReplySlot>>,
    ) -> bool {
        if self.letter_count() == 0 && used.len() <= SPARE_COUNT_MAX {
            return false; // the cells can wait until a call needs one
        }
        let mut inner = lock(&self.inner);
        self.letter_count.store(0, Ordering::Relaxed);
        let has_letters = !inner.letters.is_empty();
        core::mem::swap(&mut inner.letters, letters);
        for _ in 0..used.len() {
            let Some(mut slot) = used.pop_front() else { break };
            let Some(unshared) = Arc::get_mut(&mut slot) else {
                // The caller has not taken its outcome. If too many cells wait, drop this one.
                if used.len() < SPARE_COUNT_MAX {
                    used.push_back(slot);
                    break;
                }
                continue;
            };
            if inner.spare.len() < SPARE_COUNT_MAX {
                unshared.clear();
                inner.spare.push(slot);
            }
        }
        has_letters
    }

    /// The driver goes to sleep, unless there are letters. Whether it may.
    pub(super) fn fall_asleep(&self) -> bool {
        let mut inner = lock(&self.inner);
        inner.is_awake = !inner.letters.is_empty();
        !inner.is_awake
    }

    /// There is no driver any more: what is in the mailbox ends, and what comes is refused.
    pub(super) fn close(&self) {
        let mut inner = lock(&self.inner);
        inner.is_closed = true;
        let letters = core::mem::take(&mut inner.letters);
        drop(inner);
        for (_, slot) in letters.calls {
            slot.put(Err(Error::shut_down()));
        }
    }
}

/// Wakes the driver's task.
#[derive(Debug, Default)]
pub(super) struct Signal {
    waker: Mutex<Option<Waker>>,
}

impl Signal {
    /// The driver is polled with this waker now.
    pub(super) fn register(&self, waker: &Waker) {
        let mut registered = lock(&self.waker);
        if !registered.as_ref().is_some_and(|old| old.will_wake(waker)) {
            *registered = Some(waker.clone());
        }
    }

    pub(super) fn wake(&self) {
        if let Some(waker) = &*lock(&self.waker) {
            waker.wake_by_ref();
        }
    }
}

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
    fn put(&self, outcome: Outcome) {
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

    fn clear(&mut self) {
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

/// A value that one task waits for and another one brings.
#[derive(Debug)]
pub(super) struct Answer<V>(Arc<Mutex<(Option<V>, Option<Waker>)>>);

impl<V> Answer<V> {
    pub(super) fn new() -> (Bringer<V>, Self) {
        let cell = Arc::new(Mutex::new((None, None)));
        (Bringer(Arc::clone(&cell)), Self(cell))
    }
}

impl<V> Future for Answer<V> {
    type Output = Option<V>;

    /// `None` if it will never be brought.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<V>> {
        let is_alone = Arc::strong_count(&self.0) == 1;
        let mut cell = lock(&self.0);
        if let Some(value) = cell.0.take() {
            return Poll::Ready(Some(value));
        }
        if is_alone {
            return Poll::Ready(None);
        }
        cell.1 = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// The end of an [`Answer`] that brings the value.
#[derive(Debug)]
pub(super) struct Bringer<V>(Arc<Mutex<(Option<V>, Option<Waker>)>>);

impl<V> Bringer<V> {
    /// Whether the other end still waits for the value.
    #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std", feature = "blocking"))]
    pub(super) fn is_awaited(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    pub(super) fn bring(&self, value: V) {
        lock(&self.0).0 = Some(value);
    }
}

impl<V> Drop for Bringer<V> {
    fn drop(&mut self) {
        let waker = lock(&self.0).1.take();
        // The other end must find itself alone.
        let cell = core::mem::replace(&mut self.0, Arc::new(Mutex::new((None, None))));
        drop(cell);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests;
