//! The loop that drives the machine, for every runtime that polls.
//!
//! Theory of operation. One task owns the machine and all its sockets. A turn takes the submissions
//! out of the mailbox, carries the actions out, drives the sockets that something happened to, and
//! carries out what all that led to; there is another turn only if something is left to do, and
//! after many of them the task yields. If it is time, the machine learns that first, but after what
//! has come in: that may be what a timer waits for. A task that comes much later than its timer,
//! because its process was stopped or its runtime was not polled, asks the system for each socket
//! whether there is something to be read, and reads that before any timer runs and before anything
//! is written. All that came in meanwhile leaves in one write per node: that order of work is what
//! batches. `yielding` decides when the task lets callers run, so that what they submit leaves
//! together.

mod yielding;

use super::std;

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::boxed::Box;
use std::collections::VecDeque;
use std::sync::Arc;
use std::vec;
use std::vec::Vec;

use self::yielding::Yielding;
use super::cause::caught;
use super::dial::{Dialler, Wire};
use super::events::Listeners;
use super::mailbox::{Mailbox, Request, Submissions};
use super::readiness::Readiness;
use super::reply_cell::{ReplyCell, Token};
use super::runtime::Runtime;
use super::socket::{Driven, Socket};
use super::telemetry::Meter;
use crate::{Action, Cluster, Instant, LinkId};

/// One read takes a few hundred small replies. What is longer is read where it stays.
const SCRATCH_LEN: usize = 32 * 1024;
/// A turn that comes later than this after its time may have missed what the system has.
const LATENESS: Duration = Duration::from_millis(10);
/// How long a runtime has to find out what the system has: until the next look, and in all.
const LOOK_AFTER: Duration = Duration::from_millis(1);
const CATCH_UP_MAX: Duration = Duration::from_secs(1);

/// The task that drives one machine.
pub(super) struct Driver<R: Runtime> {
    runtime: R,
    dialler: Dialler<R>,
    cluster: Cluster<Token>,
    mailbox: Arc<Mailbox>,
    listeners: Arc<Listeners>,
    sockets: Vec<Option<Socket<Wire<R::Stream>>>>,
    timer: Option<Timer>,
    /// Since when it is busy with what came in during a pause.
    behind_since: Option<Instant>,
    epoch: std::time::Instant,
    scratch: Vec<u8>,
    submissions: Submissions,
    /// Cells that have their outcome, and are used again once their callers have taken it.
    used: VecDeque<Arc<ReplyCell>>,
    yielding: Yielding,
    meter: Meter,
}

/// What is left to do after a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Nothing, or only what the task will be woken for.
    Nothing,
    /// Something that nothing will wake the task for.
    More,
    /// The system has something that the runtime does not know of yet.
    Unseen,
}

/// Wakes the task, at the latest when the machine wants to be called.
struct Timer {
    at: Instant,
    sleep: Pin<Box<dyn Future<Output = ()> + Send>>,
    readiness: Readiness,
}

impl<R: Runtime> Driver<R> {
    pub(super) fn new(
        runtime: R,
        dialler: Dialler<R>,
        cluster: Cluster<Token>,
        mailbox: Arc<Mailbox>,
        listeners: Arc<Listeners>,
        epoch: std::time::Instant,
    ) -> Self {
        Self {
            runtime,
            dialler,
            cluster,
            mailbox,
            listeners,
            sockets: Vec::new(),
            timer: None,
            behind_since: None,
            epoch,
            scratch: vec![0; SCRATCH_LEN],
            submissions: Submissions::default(),
            used: VecDeque::new(),
            yielding: Yielding::default(),
            meter: Meter::default(),
        }
    }

    fn now(&self) -> Instant {
        Instant::from_epoch(self.epoch.elapsed())
    }

    /// Takes the submissions of callers out of the mailbox, and hands them to the machine.
    fn take_submissions(&mut self, now: Instant) {
        let Self { mailbox, submissions, used, cluster, .. } = self;
        if !mailbox.take(submissions, used) {
            return;
        }
        for (call, cell) in submissions.calls.drain(..) {
            match cluster.submit(now, call, Token::new(Arc::clone(&cell))) {
                Ok(id) => cell.set_call(id),
                Err(refused) => used.extend(refused.token.complete(Err(refused.error))),
            }
        }
        for cell in submissions.cancelled.drain(..) {
            if let Some(call) = cell.call() {
                cluster.cancel(now, call);
            }
        }
        cluster.note_refused(core::mem::take(&mut submissions.refused_count));
        for request in submissions.requests.drain(..) {
            match request {
                Request::Tell(input) => drop(cluster.handle(now, input)),
                Request::Look(look) => look(cluster),
            }
        }
    }

    /// Carries out the actions of the machine. Returns whether sockets have to be driven for them.
    fn carry_out(&mut self) -> bool {
        let mut is_due = false;
        self.mailbox.note_open(self.cluster.call_count(), self.cluster.pending_len());
        while let Some(action) = self.cluster.poll_action() {
            match action {
                Action::Complete { token, outcome } => {
                    self.used.extend(token.complete(outcome));
                    self.yielding.note_ended();
                }
                Action::SendToNode { link } => {
                    if let Some(socket) = self.socket(link) {
                        socket.note_bytes();
                        is_due = true;
                    }
                }
                Action::Connect { link, address } => {
                    let dial = self.dialler.dial(address, self.cluster.topology());
                    let socket = Socket::dial(link, dial, &self.mailbox.waker);
                    if self.sockets.len() <= link.index() {
                        self.sockets.resize_with(link.index() + 1, || None);
                    }
                    if let Some(place) = self.sockets.get_mut(link.index()) {
                        *place = Some(socket);
                        is_due = true;
                    }
                }
                Action::Close { link } => {
                    if self.socket(link).is_some() {
                        self.forget(link);
                    }
                }
                Action::Event(event) => {
                    self.meter.report(&event);
                    self.listeners.send(*event);
                }
            }
        }
        is_due
    }

    fn socket(&mut self, link: LinkId) -> Option<&mut Socket<Wire<R::Stream>>> {
        self.sockets.get_mut(link.index())?.as_mut().filter(|socket| socket.id == link)
    }

    fn forget(&mut self, link: LinkId) {
        if let Some(place) = self.sockets.get_mut(link.index()) {
            *place = None;
        }
    }

    /// Drives the sockets that something happened to, or that have something to write. Returns
    /// whether one of them can go on at once.
    fn drive_sockets(&mut self, now: Instant) -> bool {
        self.each_socket(now, Socket::take_ready, Socket::drive)
    }

    /// Drives the sockets that are meant. Returns whether one of them can go on at once.
    #[inline]
    fn each_socket(
        &mut self,
        now: Instant,
        is_meant: impl Fn(&mut Socket<Wire<R::Stream>>) -> bool,
        drive: impl Fn(&mut Socket<Wire<R::Stream>>, Instant, &mut Cluster<Token>, &mut [u8]) -> Driven,
    ) -> bool {
        let mut is_busy = false;
        for index in 0..self.sockets.len() {
            let Some(Some(socket)) = self.sockets.get_mut(index) else { continue };
            if !is_meant(socket) {
                continue;
            }
            match drive(socket, now, &mut self.cluster, &mut self.scratch) {
                Driven::Idle => {}
                Driven::Busy => {
                    socket.set_ready();
                    is_busy = true;
                }
                Driven::Closed(cause) => {
                    let id = socket.id;
                    self.forget(id);
                    self.cluster.handle_closed(now, id, cause);
                }
            }
        }
        is_busy
    }

    /// Ends the calls of which the machine is sure that they were not sent.
    fn give_up(&mut self) {
        self.cluster.shut_down(self.now());
        while let Some(action) = self.cluster.poll_action() {
            if let Action::Complete { token, outcome } = action {
                drop(token.complete(outcome));
            }
        }
    }

    /// Whether the machine wants to be told that time has passed.
    fn is_time(&self, now: Instant) -> bool {
        self.cluster.poll_timeout().is_some_and(|at| at <= now)
    }

    /// Sets a timer for when the machine wants to be called. Returns whether it is time.
    ///
    /// A timer that is set stays set, even if the machine now wants to be called later. A timer
    /// that fires for nothing now and then costs less than a new timer for each command.
    fn set_timer(&mut self, now: Instant) -> bool {
        if let Some(at) = self.cluster.poll_timeout()
            && self.timer.as_ref().is_none_or(|timer| at < timer.at)
        {
            self.wake_at(now, at);
        }
        self.poll_timer()
    }

    fn wake_at(&mut self, now: Instant, at: Instant) {
        let sleep = Box::pin(self.runtime.sleep(at.since(now)));
        let readiness = Readiness::new(&self.mailbox.waker);
        self.timer = Some(Timer { at, sleep, readiness });
    }

    /// Whether the timer is over.
    fn poll_timer(&mut self) -> bool {
        let Some(timer) = self.timer.as_mut().filter(|timer| timer.readiness.take()) else {
            return false;
        };
        let cx = &mut Context::from_waker(&timer.readiness.waker);
        let is_over = timer.sleep.as_mut().poll(cx).is_ready();
        if is_over {
            self.timer = None;
        }
        is_over
    }

    /// Reads what has come in, and then tells the machine the time. Returns whether it was told:
    /// after a pause there may be more to be read first.
    fn let_time_pass(&mut self, now: Instant) -> bool {
        let is_late = self.cluster.poll_timeout().is_some_and(|at| now.since(at) > LATENESS);
        let is_busy = self.read_sockets(now);
        if is_late && (is_busy || self.has_input(now)) {
            let behind_since = *self.behind_since.get_or_insert(now);
            if now.since(behind_since) < CATCH_UP_MAX {
                return false;
            }
        }
        self.behind_since = None;
        self.cluster.handle_timeout(now);
        true
    }

    /// Reads from the sockets that something happened to, and writes nothing. Returns whether one
    /// of them can go on at once.
    fn read_sockets(&mut self, now: Instant) -> bool {
        self.each_socket(now, Socket::take_woken, Socket::receive)
    }

    /// Whether a socket has something that was not read: the runtime may have to look first.
    fn has_input(&mut self, now: Instant) -> bool {
        self.sockets.iter_mut().flatten().any(|socket| socket.has_input(now))
    }

    /// One turn.
    fn turn(&mut self, now: Instant) -> Left {
        // Before what is new: nothing may be written on a connection that is about to be given up.
        if self.is_time(now) && !self.let_time_pass(now) {
            self.carry_out();
            return Left::Unseen;
        }
        self.take_submissions(now);
        self.carry_out();
        let is_busy = self.drive_sockets(now);
        let is_due = self.carry_out();
        if is_busy || is_due || self.is_time(now) { Left::More } else { Left::Nothing }
    }

    /// Takes turns as long as there is something to do. Ready when there is nothing to drive any
    /// more.
    fn take_turns(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.mailbox.waker.register(cx.waker());
        let submitted = self.mailbox.submission_count();
        if self.yielding.before_taking(submitted, self.cluster.call_count()) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        for _ in 0..Yielding::TURN_COUNT_MAX {
            let now = self.now();
            let left = self.turn(now);
            if self.submissions.last_client_dropped || self.cluster.is_shut_down() {
                return Poll::Ready(());
            }
            if left == Left::Unseen {
                self.wake_at(now, now + LOOK_AFTER);
                if self.poll_timer() {
                    continue;
                }
                return Poll::Pending; // a socket or the timer wakes it
            }
            // After a timer that is over, the next turn has a later time.
            if left == Left::More || self.set_timer(now) {
                continue;
            }
            if self.yielding.before_sleep(self.cluster.call_count()) {
                break;
            }
            if self.mailbox.fall_asleep() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<R: Runtime> Future for Driver<R> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let driver = self.get_mut();
        let polled = driver.take_turns(cx);
        driver.meter.update(&driver.cluster, || driver.sockets.iter().flatten().count());
        polled
    }
}

impl<R: Runtime> Drop for Driver<R> {
    /// Calls that wait end: those that were not sent did not run; of the others that is not known.
    fn drop(&mut self) {
        // The machine may be what has panicked. Then its calls end when it is dropped.
        drop(caught(|| self.give_up()));
        self.mailbox.close();
        self.listeners.close();
    }
}

#[cfg(test)]
mod tests;
