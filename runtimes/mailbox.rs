//! The mailbox: the queue in which callers leave calls, cancellations and requests for the driver.
//!
//! Rules of this file. A caller pushes under a short lock, and wakes the driver only if the driver
//! is asleep. The driver swaps all submissions out under one lock. It falls asleep under the same
//! lock, and only if the mailbox is empty: no wake-up is lost. Each call has a [`ReplyCell`], in
//! which its caller waits. Cells are used again: the driver hands those back that it alone holds,
//! when it has the lock anyway. So a call costs no allocation here. A caller that gives its call up
//! leaves the cell, and the driver cancels the call. If the outcome comes earlier, it stays in the
//! cell until the cell is used again.
//!
//! The limits of the machine hold at the door: calls in the mailbox count like calls that the
//! machine has, so that callers that are faster than the driver are refused, not queued.

use super::std;

use core::fmt;
use core::mem;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::boxed::Box;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::vec::Vec;

use super::lock::lock;
use super::reply_cell::{ReplyCell, Token};
use super::task_waker::TaskWaker;
use crate::driver::Input;
use crate::{Call, Cluster, Config, Error};

/// Cells that are kept to be used again.
const SPARE_COUNT_MAX: usize = 4096;

/// The queue between callers and the driver.
#[derive(Debug)]
pub(super) struct Mailbox {
    inner: Mutex<Inner>,
    /// How many submissions there are, for a look without the lock.
    submission_count: AtomicUsize,
    /// The calls that the machine had when the driver looked last, and their bytes.
    open_count: AtomicUsize,
    open_len: AtomicUsize,
    max_pending_calls: usize,
    max_pending_bytes: usize,
    /// Wakes the driver.
    pub(super) waker: Arc<TaskWaker>,
}

#[derive(Default)]
struct Inner {
    submissions: Submissions,
    /// The bytes of the calls among them.
    submitted_len: usize,
    spare: Vec<Arc<ReplyCell>>,
    /// Whether the driver is awake, or has been woken.
    is_awake: bool,
    /// Whether the driver has ended.
    is_closed: bool,
}

/// What callers have left in a mailbox.
#[derive(Default)]
pub(super) struct Submissions {
    pub(super) calls: Vec<(Call, Arc<ReplyCell>)>,
    /// The cells of callers that gave their calls up.
    pub(super) cancelled: Vec<Arc<ReplyCell>>,
    pub(super) requests: Vec<Request>,
    /// How many calls were refused at the door.
    pub(super) refused_count: u64,
    /// Whether the last client was dropped.
    pub(super) last_client_dropped: bool,
}

/// What a caller wants of the machine besides calls.
pub(super) enum Request {
    /// To tell it something.
    Tell(Input<'static, Token>),
    /// To look at it.
    Look(Look),
}

type Look = Box<dyn FnOnce(&Cluster<Token>) + Send>;

impl Submissions {
    const fn is_empty(&self) -> bool {
        self.calls.is_empty()
            && self.cancelled.is_empty()
            && self.requests.is_empty()
            && !self.last_client_dropped
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox({} calls)", self.submissions.calls.len())
    }
}

impl Mailbox {
    /// A mailbox with the limits of a machine.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            inner: Mutex::new(Inner::default()),
            submission_count: AtomicUsize::new(0),
            open_count: AtomicUsize::new(0),
            open_len: AtomicUsize::new(0),
            max_pending_calls: config.max_pending_calls,
            max_pending_bytes: config.max_pending_bytes,
            waker: Arc::default(),
        }
    }

    /// Leaves a call, and returns the cell in which its outcome will be.
    pub(super) fn submit(&self, call: Call) -> Arc<ReplyCell> {
        let len = call.encoded_len();
        let mut inner = lock(&self.inner);
        let reply_cell = inner.spare.pop().unwrap_or_default();
        match self.refusal(&inner, len) {
            None => {
                inner.submissions.calls.push((call, Arc::clone(&reply_cell)));
                inner.submitted_len += len;
                self.wake_driver(inner);
            }
            Some(error) => {
                inner.submissions.refused_count += 1;
                drop(inner);
                reply_cell.put(Err(call.own_error(error)));
            }
        }
        reply_cell
    }

    /// Why a call of this length is refused.
    fn refusal(&self, inner: &Inner, len: usize) -> Option<Error> {
        if inner.is_closed {
            return Some(Error::shut_down());
        }
        let count = self.open_count.load(Ordering::Relaxed) + inner.submissions.calls.len();
        let pending_len = self.open_len.load(Ordering::Relaxed) + inner.submitted_len;
        if count >= self.max_pending_calls {
            return Some(Error::overloaded("max_pending_calls"));
        }
        let is_full = pending_len.saturating_add(len) > self.max_pending_bytes;
        is_full.then(|| Error::overloaded("max_pending_bytes"))
    }

    /// Notes the calls that the machine has, and their bytes, before callers learn that others are
    /// over: one that makes its calls one after the other is not refused for those before.
    pub(super) fn note_open(&self, count: usize, len: usize) {
        self.open_count.store(count, Ordering::Relaxed);
        self.open_len.store(len, Ordering::Relaxed);
    }

    /// Leaves a request. It is dropped if the driver has ended.
    pub(super) fn request(&self, request: Request) {
        let mut inner = lock(&self.inner);
        if !inner.is_closed {
            inner.submissions.requests.push(request);
            self.wake_driver(inner);
        }
    }

    /// Cancels the call of this cell: its caller gave it up.
    pub(super) fn cancel(&self, cell: Arc<ReplyCell>) {
        let mut inner = lock(&self.inner);
        if !inner.is_closed {
            inner.submissions.cancelled.push(cell);
            self.wake_driver(inner);
        }
    }

    /// Tells the driver that the last client was dropped.
    pub(super) fn note_last_client_dropped(&self) {
        let mut inner = lock(&self.inner);
        inner.submissions.last_client_dropped = true;
        self.wake_driver(inner);
    }

    /// Counts a submission that was pushed, and wakes the driver if the driver is asleep.
    fn wake_driver(&self, mut inner: MutexGuard<'_, Inner>) {
        self.submission_count.store(self.submission_count() + 1, Ordering::Relaxed);
        let was_awake = mem::replace(&mut inner.is_awake, true);
        drop(inner);
        if !was_awake {
            self.waker.wake();
        }
    }

    /// Whether the driver has ended.
    pub(super) fn is_closed(&self) -> bool {
        lock(&self.inner).is_closed
    }

    /// How many submissions there are, or were a moment ago: the driver looks again before it falls
    /// asleep.
    pub(super) fn submission_count(&self) -> usize {
        self.submission_count.load(Ordering::Relaxed)
    }

    /// Swaps the submissions out, and takes used cells back that only the driver still holds.
    /// Returns whether there are submissions.
    pub(super) fn take(
        &self,
        submissions: &mut Submissions,
        used: &mut VecDeque<Arc<ReplyCell>>,
    ) -> bool {
        if self.submission_count() == 0 && used.len() <= SPARE_COUNT_MAX {
            return false; // the cells can wait until a call needs one
        }
        let mut inner = lock(&self.inner);
        self.submission_count.store(0, Ordering::Relaxed);
        let has_submissions = !inner.submissions.is_empty();
        mem::swap(&mut inner.submissions, submissions);
        inner.submitted_len = 0;
        inner.take_back(used);
        has_submissions
    }

    /// Lets the driver fall asleep, unless there are submissions. Returns whether it may.
    pub(super) fn fall_asleep(&self) -> bool {
        let mut inner = lock(&self.inner);
        inner.is_awake = !inner.submissions.is_empty();
        !inner.is_awake
    }

    /// The driver has ended: ends the calls in the mailbox, and all later ones.
    pub(super) fn close(&self) {
        let mut inner = lock(&self.inner);
        inner.is_closed = true;
        let submissions = mem::take(&mut inner.submissions);
        drop(inner);
        for (_, cell) in submissions.calls {
            cell.put(Err(Error::shut_down()));
        }
    }
}

impl Inner {
    /// Takes cells back, the oldest first, up to one whose caller has not taken its outcome. If too
    /// many cells wait, drops that one and goes on.
    fn take_back(&mut self, used: &mut VecDeque<Arc<ReplyCell>>) {
        for _ in 0..used.len() {
            let Some(mut cell) = used.pop_front() else { break };
            let Some(unshared) = Arc::get_mut(&mut cell) else {
                if used.len() < SPARE_COUNT_MAX {
                    used.push_back(cell);
                    break;
                }
                continue;
            };
            if self.spare.len() < SPARE_COUNT_MAX {
                unshared.clear();
                self.spare.push(cell);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;
    use crate::error::Failure;
    use crate::runtimes::task_waker::tests::WakeCount;
    use core::iter;
    use core::task::{Context, Poll, Waker};

    fn call() -> Call {
        Call::new(Command::get("key"))
    }

    fn mailbox() -> Mailbox {
        Mailbox::new(&Config::default())
    }

    /// Takes submissions as the driver does, after a request was left.
    fn take(mailbox: &Mailbox, used: &mut VecDeque<Arc<ReplyCell>>) {
        mailbox.request(Request::Look(Box::new(|_| {})));
        mailbox.take(&mut Submissions::default(), used);
    }

    fn is_shut_down(cell: &ReplyCell) -> bool {
        let outcome = cell.poll(&mut Context::from_waker(Waker::noop()));
        matches!(outcome, Poll::Ready(Err(error)) if matches!(error.failure(), Failure::ShutDown))
    }

    #[test]
    fn a_cell_is_used_again_once_its_caller_has_looked() {
        let mailbox = mailbox();
        let waiting = mailbox.submit(call());
        let cell = Arc::clone(&waiting);
        let address = Arc::as_ptr(&cell);
        let mut submissions = Submissions::default();
        let mut used = VecDeque::new();
        mailbox.take(&mut submissions, &mut used);
        drop(submissions);
        used.push_back(cell);
        take(&mailbox, &mut used);
        assert_eq!(used.len(), 1, "its caller has not looked yet");
        mailbox.cancel(waiting);
        take(&mailbox, &mut VecDeque::new()); // the cancellation
        take(&mailbox, &mut used);
        assert!(used.is_empty());
        let again = mailbox.submit(call());
        assert_eq!(Arc::as_ptr(&again), address);
    }

    #[test]
    fn cells_of_callers_that_never_look_are_not_piled_up() {
        let mailbox = mailbox();
        let held: Vec<Arc<ReplyCell>> =
            iter::repeat_with(Arc::default).take(3 * SPARE_COUNT_MAX).collect();
        let mut used: VecDeque<_> = held.iter().cloned().collect();
        mailbox.take(&mut Submissions::default(), &mut used);
        assert!(used.len() <= SPARE_COUNT_MAX, "{} are kept", used.len());
    }

    #[test]
    fn only_a_driver_that_sleeps_is_woken() {
        let mailbox = mailbox();
        let (count, waker) = WakeCount::new();
        mailbox.waker.register(&waker);
        mailbox.submit(call());
        mailbox.submit(call());
        assert_eq!((count.get(), mailbox.submission_count()), (1, 2));
        assert!(!mailbox.fall_asleep(), "there are submissions");
        assert!(mailbox.take(&mut Submissions::default(), &mut VecDeque::new()));
        assert!(mailbox.fall_asleep());
        mailbox.submit(call());
        assert_eq!(count.get(), 2);
    }

    /// The limit that refuses the next call.
    fn limit(mailbox: &Mailbox) -> Option<&'static str> {
        let outcome = mailbox.submit(call()).poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(Err(error)) = outcome else { return None };
        assert_eq!(error.command(), Some("GET"));
        let Failure::Overloaded { limit } = error.failure() else { panic!("{error}") };
        Some(*limit)
    }

    #[test]
    fn the_limits_of_the_machine_hold_at_the_door() {
        let mut config = Config::default();
        (config.max_pending_calls, config.max_pending_bytes) = (3, 8 * call().encoded_len());
        let mailbox = Mailbox::new(&config);
        mailbox.note_open(2, 0);
        assert_eq!(limit(&mailbox), None);
        assert_eq!(limit(&mailbox), Some("max_pending_calls"), "one is in the mailbox");
        mailbox.note_open(0, 7 * call().encoded_len());
        assert_eq!(limit(&mailbox), Some("max_pending_bytes"));
        let mut submissions = Submissions::default();
        assert!(mailbox.take(&mut submissions, &mut VecDeque::new()));
        assert_eq!((submissions.calls.len(), submissions.refused_count), (1, 2));
        assert_eq!(limit(&mailbox), None, "the mailbox is empty");
    }

    #[test]
    fn calls_end_when_the_driver_has_ended() {
        let mailbox = mailbox();
        let before = mailbox.submit(call());
        mailbox.close();
        assert!(mailbox.is_closed() && is_shut_down(&before));
        assert!(is_shut_down(&mailbox.submit(call())));
        assert!(!mailbox.take(&mut Submissions::default(), &mut VecDeque::new()));
    }
}
