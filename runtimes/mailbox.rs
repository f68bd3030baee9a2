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

use core::sync::atomic::{AtomicUsize, Ordering};
use std::boxed::Box;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::vec::Vec;

use super::lock::lock;
use super::reply_cell::{ReplySlot, Token};
use super::task_waker::Signal;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Collects as the driver does, after a request was left.
    fn collect(mailbox: &Mailbox, used: &mut VecDeque<Arc<ReplySlot>>) {
        mailbox.request(Box::new(|_, _| {}));
        mailbox.collect(&mut Letters::default(), used);
    }

    #[test]
    fn a_slot_is_used_again_once_its_caller_has_looked() {
        let mailbox = Arc::new(Mailbox::new());
        let call = || Call::new(crate::Command::get("key"));
        let waiting = mailbox.submit(call());
        let slot = Arc::clone(&waiting);
        let address = Arc::as_ptr(&slot);
        let mut letters = Letters::default();
        let mut used = VecDeque::new();
        mailbox.collect(&mut letters, &mut used);
        drop(letters);
        used.push_back(slot);
        collect(&mailbox, &mut used);
        assert_eq!(used.len(), 1, "its caller has not looked yet");
        mailbox.abandon(waiting);
        collect(&mailbox, &mut VecDeque::new()); // the word that it left
        collect(&mailbox, &mut used);
        assert!(used.is_empty());
        let again = mailbox.submit(call());
        assert_eq!(Arc::as_ptr(&again), address);
    }

    #[test]
    fn slots_of_callers_that_never_look_are_not_piled_up() {
        let mailbox = Mailbox::new();
        let held: Vec<Arc<ReplySlot>> =
            std::iter::repeat_with(Arc::default).take(3 * SPARE_COUNT_MAX).collect();
        let mut used: VecDeque<_> = held.iter().cloned().collect();
        mailbox.collect(&mut Letters::default(), &mut used);
        assert!(used.len() <= SPARE_COUNT_MAX, "{} are kept", used.len());
    }
}
