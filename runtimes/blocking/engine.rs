//! Drives the machine without a task for it: one of the waiting threads polls the driver.
//!
//! Theory of operation. Leader and followers. The driver and its parts are those of all runtimes,
//! but no thread of its own polls the driver. There is one seat. A thread that waits for an outcome
//! and finds the seat free takes it: this thread is the leader. The leader polls the driver, waits
//! for sockets and timers, and polls the driver again, until its own outcome is there. Then the
//! leader leaves the seat, and wakes the next follower, which finds the seat free. A thread that
//! finds the seat taken is a follower: it sleeps until its outcome is there or the seat is free.
//! While no thread waits, nothing is driven. The next leader reads what came in meanwhile before it
//! looks at any timer.

use super::std;

use core::future::Future;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::boxed::Box;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Wake;
use std::thread::{self, Thread};
use std::time::Instant;
use std::vec::Vec;

use mio::event::Event;
use mio::{Events, Interest, Registry, Token};

/// Events that are taken at a time. More of them come with the next look.
const EVENT_COUNT: usize = 256;
/// The token of the alarm; the others are places in a table.
const ALARM: Token = Token(usize::MAX);

/// What a client has instead of a runtime.
#[derive(Debug)]
pub(super) struct Engine {
    seat: Mutex<Seat>,
    registry: Registry,
    /// The sockets, by their tokens.
    sources: Mutex<Vec<Weak<Source>>>,
    timers: Mutex<Timers>,
    alarm: Arc<Alarm>,
}

/// Who is to be woken, and when: the driver, and dials that are patient for so long only.
#[derive(Debug, Default)]
struct Timers {
    serial: u64,
    waiting: Vec<(u64, Instant, Waker)>,
}

impl Timers {
    fn next(&self) -> Option<Instant> {
        self.waiting.iter().map(|(_, at, _)| *at).min()
    }

    fn take_due(&mut self, now: Instant) -> Vec<Waker> {
        let due = self.waiting.extract_if(.., |(_, at, _)| *at <= now);
        due.map(|(_, _, waker)| waker).collect()
    }
}

/// The one place from which the machine is driven.
#[derive(Debug)]
struct Seat {
    /// `None` while a leader has it.
    reactor: Option<Box<Reactor>>,
    waiting: VecDeque<Thread>,
}

/// What it takes to drive.
struct Reactor {
    poll: mio::Poll,
    events: Events,
    /// `None` before the client connects, and once it is closed.
    driver: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    waker: Waker,
    looked_at: Instant,
    /// How often the driver was polled since.
    poll_count: u32,
}

impl core::fmt::Debug for Reactor {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Reactor").finish_non_exhaustive()
    }
}

/// Wakes the driver: the leader polls it again.
#[derive(Debug)]
struct Alarm {
    is_woken: AtomicBool,
    /// Whether the leader waits for events.
    is_asleep: AtomicBool,
    is_closed: AtomicBool,
    waker: mio::Waker,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::SeqCst);
        if self.is_asleep.load(Ordering::SeqCst) {
            // A full pipe of the system has an alarm in it already; nothing else can fail.
            drop(self.waker.wake());
        }
    }
}

fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    // Nothing that runs under these locks can panic half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    pub(super) fn new() -> io::Result<Arc<Self>> {
        let poll = mio::Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let alarm = Arc::new(Alarm {
            is_woken: AtomicBool::new(false),
            is_asleep: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            waker: mio::Waker::new(&registry, ALARM)?,
        });
        let reactor = Reactor {
            poll,
            events: Events::with_capacity(EVENT_COUNT),
            driver: None,
            waker: Waker::from(Arc::clone(&alarm)),
            looked_at: Instant::now(),
            poll_count: 0,
        };
        Ok(Arc::new(Self {
            seat: Mutex::new(Seat { reactor: Some(Box::new(reactor)), waiting: VecDeque::new() }),
            registry,
            sources: Mutex::default(),
            timers: Mutex::default(),
            alarm,
        }))
    }

    /// Installs a driver, which runs whenever a thread waits.
    pub(super) fn employ(&self, driver: impl Future<Output = ()> + Send + 'static) {
        self.alarm.is_woken.store(true, Ordering::SeqCst);
        if let Some(reactor) = &mut lock(&self.seat).reactor {
            reactor.driver = Some(Box::pin(driver));
        }
    }

    /// Ends the driver: at once if the seat is free, else at the next turn of the leader.
    pub(super) fn close(&self) {
        self.alarm.is_closed.store(true, Ordering::SeqCst);
        let driver = lock(&self.seat).reactor.as_mut().and_then(|reactor| reactor.driver.take());
        drop(driver);
        self.alarm.wake_by_ref();
    }

    /// Waits for the output of a future, and polls the driver if no other thread does.
    pub(super) fn wait<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        CALLER.with(|caller| {
            let cx = &mut Context::from_waker(&caller.waker);
            let thread = &caller.bell.thread;
            let mut visit = Visit { engine: self, thread, reactor: None };
            loop {
                if let Poll::Ready(output) = future.as_mut().poll(cx) {
                    return output;
                }
                match visit.sits_down() {
                    Some(reactor) => {
                        while !caller.bell.take_rung() {
                            reactor.turn(self);
                        }
                    }
                    None => thread::park(),
                }
            }
        })
    }

    /// A name for a timer.
    pub(super) fn new_timer(&self) -> u64 {
        let mut timers = lock(&self.timers);
        timers.serial += 1;
        timers.serial
    }

    /// Has someone woken at this time: the last one that it was set for.
    pub(super) fn set_timer(&self, timer: u64, at: Instant, waker: &Waker) {
        let mut timers = lock(&self.timers);
        match timers.waiting.iter_mut().find(|waiting| waiting.0 == timer) {
            Some(waiting) => waiting.2.clone_from(waker),
            None => timers.waiting.push((timer, at, waker.clone())),
        }
    }

    pub(super) fn clear_timer(&self, timer: u64) {
        lock(&self.timers).waiting.retain(|waiting| waiting.0 != timer);
    }

    /// Watches a socket.
    pub(super) fn watch(&self, stream: &mut impl mio::event::Source) -> io::Result<Arc<Source>> {
        let source = Arc::new(Source::default());
        let mut sources = lock(&self.sources);
        let free = sources.iter().position(|source| source.strong_count() == 0);
        let token = Token(free.unwrap_or(sources.len()));
        self.registry.register(stream, token, Interest::READABLE | Interest::WRITABLE)?;
        match sources.get_mut(token.0) {
            Some(place) => *place = Arc::downgrade(&source),
            None => sources.push(Arc::downgrade(&source)),
        }
        Ok(source)
    }

    /// Tells a socket what happened to it.
    fn tell(&self, event: &Event) {
        let source = lock(&self.sources).get(event.token().0).and_then(Weak::upgrade);
        if let Some(source) = source {
            source.note(event);
        }
    }
}

/// One wait of one thread.
struct Visit<'e> {
    engine: &'e Engine,
    thread: &'e Thread,
    /// `Some` while the thread has the seat.
    reactor: Option<Box<Reactor>>,
}

impl Visit<'_> {
    /// Returns the reactor if the thread has the seat, or the seat is free. Otherwise the thread
    /// waits in line for the seat, once.
    fn sits_down(&mut self) -> Option<&mut Reactor> {
        if self.reactor.is_none() {
            let mut seat = lock(&self.engine.seat);
            let Some(reactor) = seat.reactor.take() else {
                if seat.waiting.iter().all(|waiting| waiting.id() != self.thread.id()) {
                    seat.waiting.push_back(self.thread.clone());
                }
                return None;
            };
            // The thread may have taken the seat before its turn. If it stayed in line, it would
            // wake itself when it leaves the seat, and not the next follower.
            seat.leave_line(self.thread);
            drop(seat);
            self.reactor.insert(reactor).catch_up(self.engine);
        }
        self.reactor.as_deref_mut()
    }
}

impl Drop for Visit<'_> {
    /// Leaves the seat to the next one, also if a panic ends the visit.
    fn drop(&mut self) {
        let mut seat = lock(&self.engine.seat);
        match self.reactor.take() {
            Some(reactor) => seat.reactor = Some(reactor),
            None => seat.leave_line(self.thread),
        }
        if seat.reactor.is_some()
            && let Some(next) = seat.waiting.pop_front()
        {
            drop(seat);
            next.unpark();
        }
    }
}

impl Seat {
    fn leave_line(&mut self, thread: &Thread) {
        self.waiting.retain(|waiting| waiting.id() != thread.id());
    }
}

impl Reactor {
    /// Takes the events that came while the seat was free, before the leader looks at timers.
    fn catch_up(&mut self, engine: &Engine) {
        if self.looked_at.elapsed() > IDLE_MIN {
            self.look(engine, Some(Duration::ZERO));
            engine.alarm.is_woken.store(true, Ordering::SeqCst);
        }
    }

    /// Polls the driver if there is a reason; else waits for one.
    fn turn(&mut self, engine: &Engine) {
        if engine.alarm.is_closed.load(Ordering::SeqCst) {
            self.driver = None;
        }
        if self.poll_count >= POLL_COUNT_MAX {
            self.look(engine, Some(Duration::ZERO));
        }
        if engine.alarm.is_woken.swap(false, Ordering::SeqCst) {
            self.poll_count += 1;
            let cx = &mut Context::from_waker(&self.waker);
            if self.driver.as_mut().is_some_and(|driver| driver.as_mut().poll(cx).is_ready()) {
                self.driver = None;
            }
            return;
        }
        // The clock is not asked with each turn: a timer is late by what the driver has done since.
        let (next, now) = (lock(&engine.timers).next(), self.looked_at);
        if next.is_some_and(|at| at <= now) {
            let due = lock(&engine.timers).take_due(now);
            due.iter().for_each(Waker::wake_by_ref);
            return;
        }
        let timeout = next.map(|at| at.saturating_duration_since(now));
        engine.alarm.is_asleep.store(true, Ordering::SeqCst);
        let is_woken = engine.alarm.is_woken.load(Ordering::SeqCst);
        self.look(engine, if is_woken { Some(Duration::ZERO) } else { timeout });
    }

    /// Takes events, and waits for them no longer than this.
    fn look(&mut self, engine: &Engine, timeout: Option<Duration>) {
        let mut polled = self.poll.poll(&mut self.events, timeout);
        // A process that was stopped comes back without having looked. Timers may be due: it looks
        // first.
        while polled.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
            polled = self.poll.poll(&mut self.events, Some(Duration::ZERO));
        }
        // Before the events are told: they wake the driver, and the leader is awake already. An
        // alarm would interrupt its next wait for nothing.
        engine.alarm.is_asleep.store(false, Ordering::SeqCst);
        self.looked_at = Instant::now();
        self.poll_count = 0;
        // Nothing else can fail.
        if polled.is_ok() {
            for event in self.events.iter().filter(|event| event.token() != ALARM) {
                engine.tell(event);
            }
        }
    }
}

/// Within this time of the last look nothing is looked at again for its own sake.
const IDLE_MIN: Duration = Duration::from_millis(1);

/// A driver that wakes itself, or is woken, as often as this without a pause is shown what else
/// happened.
const POLL_COUNT_MAX: u32 = 16;

std::thread_local! {
    static CALLER: Caller = Caller::current();
}

/// A thread that waits.
struct Caller {
    bell: Arc<Bell>,
    waker: Waker,
}

/// Wakes a thread that waits, also one that is driving.
#[derive(Debug)]
struct Bell {
    thread: Thread,
    /// Whether it was rung since the thread looked.
    is_rung: AtomicBool,
}

impl Caller {
    fn current() -> Self {
        let bell = Arc::new(Bell { thread: thread::current(), is_rung: AtomicBool::new(false) });
        Self { waker: Waker::from(Arc::clone(&bell)), bell }
    }
}

impl Bell {
    fn take_rung(&self) -> bool {
        self.is_rung.swap(false, Ordering::AcqRel)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_rung.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// What is known of one socket, and who wants to know more.
///
/// The system tells of changes only: a direction is ready until an attempt shows that it is not.
#[derive(Debug, Default)]
pub(super) struct Source {
    readable: Direction,
    writable: Direction,
    /// The end of the stream was seen, or an error: no further change will be told.
    is_over: AtomicBool,
}

#[derive(Debug, Default)]
struct Direction {
    is_ready: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Direction {
    fn set_ready(&self) {
        self.is_ready.store(true, Ordering::Release);
        if let Some(waker) = &*lock(&self.waker) {
            waker.wake_by_ref();
        }
    }

    /// Whether it is ready; if not, who asks is woken when it is.
    fn poll_ready(&self, cx: &Context<'_>) -> Poll<()> {
        if self.is_ready.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        let mut waker = lock(&self.waker);
        if !waker.as_ref().is_some_and(|old| old.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
        drop(waker);
        if self.is_ready.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Source {
    fn note(&self, event: &Event) {
        let is_over = event.is_read_closed() || event.is_error();
        if is_over {
            self.is_over.store(true, Ordering::Release);
        }
        if event.is_readable() || is_over {
            self.readable.set_ready();
        }
        if event.is_writable() || event.is_write_closed() || event.is_error() {
            self.writable.set_ready();
        }
    }

    /// Waits until the connection is made, or is not.
    pub(super) fn poll_connected(&self, cx: &Context<'_>) -> Poll<()> {
        self.writable.poll_ready(cx)
    }

    /// Reads with `attempt` up to `len` bytes, if there may be any.
    pub(super) fn poll_read(
        &self,
        cx: &Context<'_>,
        len: usize,
        attempt: impl FnOnce() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        Self::poll(&self.readable, cx, attempt).map_ok(|read| {
            // The system has no more for now, and will tell.
            if read < len && !self.is_over.load(Ordering::Acquire) {
                self.readable.is_ready.store(false, Ordering::Release);
            }
            read
        })
    }

    /// Writes with `attempt`, if there may be room.
    pub(super) fn poll_write(
        &self,
        cx: &Context<'_>,
        attempt: impl FnOnce() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        Self::poll(&self.writable, cx, attempt)
    }

    fn poll(
        direction: &Direction,
        cx: &Context<'_>,
        attempt: impl FnOnce() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if direction.poll_ready(cx).is_pending() {
            return Poll::Pending;
        }
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                direction.is_ready.store(false, Ordering::Release);
                direction.poll_ready(cx).map(|()| Err(io::ErrorKind::Interrupted.into()))
            }
            done => Poll::Ready(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::socket::Handle;
    use super::*;
    use crate::runtimes::oneshot::Answer;
    use crate::runtimes::runtime::Runtime as _;
    use core::future::poll_fn;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    /// A connection on which there is something to read.
    fn with_a_byte(engine: &Engine) -> io::Result<(mio::net::TcpStream, Arc<Source>)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut stream = mio::net::TcpStream::connect(listener.local_addr()?)?;
        let source = engine.watch(&mut stream)?;
        listener.accept()?.0.write_all(b"x")?;
        Ok((stream, source))
    }

    #[test]
    fn who_waits_for_events_is_not_interrupted_by_them() -> io::Result<()> {
        let engine = Engine::new()?;
        let (mut stream, source) = with_a_byte(&engine)?;
        let (bringer, answer) = Answer::new();
        engine.employ(async move {
            let read = poll_fn(|cx| source.poll_read(cx, 2, || stream.read(&mut [0; 2]))).await;
            bringer.bring(read);
        });
        assert_eq!(engine.wait(answer).expect("is brought")?, 1);
        let mut reactor = lock(&engine.seat).reactor.take().expect("nobody waits");
        reactor.poll.poll(&mut reactor.events, Some(Duration::ZERO))?;
        assert!(reactor.events.iter().all(|event| event.token() != ALARM));
        Ok(())
    }

    #[test]
    fn who_comes_before_he_is_called_keeps_nobody_from_being_called() -> io::Result<()> {
        let engine = Engine::new()?;
        let threads = [(); 3].map(|()| thread::spawn(|| {}).thread().clone());
        let [mut first, mut early, mut called] =
            threads.each_ref().map(|thread| Visit { engine: &engine, thread, reactor: None });
        assert!(first.sits_down().is_some());
        assert!(called.sits_down().is_none());
        assert!(early.sits_down().is_none());
        drop(first);
        assert!(early.sits_down().is_some());
        assert!(called.sits_down().is_none());
        let line = lock(&engine.seat).waiting.iter().map(Thread::id).collect::<Vec<_>>();
        assert_eq!(line, [threads[2].id()]);
        drop(early);
        assert!(lock(&engine.seat).waiting.is_empty());
        assert!(called.sits_down().is_some());
        Ok(())
    }

    #[test]
    fn a_driver_that_never_rests_learns_of_its_sockets() -> io::Result<()> {
        let engine = Engine::new()?;
        let (mut stream, source) = with_a_byte(&engine)?;
        let (bringer, answer) = Answer::new();
        let mut bringer = Some(bringer);
        let begun_at = Instant::now();
        engine.employ(poll_fn(move |cx| {
            if source.poll_read(cx, 2, || stream.read(&mut [0; 2])).is_ready() {
                bringer.take().expect("brings it once").bring(true);
                return Poll::Ready(());
            }
            if begun_at.elapsed() > Duration::from_secs(10) {
                return Poll::Ready(()); // it has waited in vain
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        assert_eq!(engine.wait(answer), Some(true));
        Ok(())
    }

    #[test]
    fn a_timer_is_set_once_however_often_it_is_polled() -> io::Result<()> {
        let engine = Engine::new()?;
        let (begun_at, time) = (Instant::now(), Duration::from_millis(30));
        let mut sleep = Box::pin(Handle(Arc::clone(&engine)).sleep(time));
        for _ in 0..3 {
            assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            assert_eq!(lock(&engine.timers).waiting.len(), 1);
        }
        engine.wait(sleep); // the waker of the last poll counts
        assert!(begun_at.elapsed() >= time);
        assert!(lock(&engine.timers).waiting.is_empty());
        Ok(())
    }
}
