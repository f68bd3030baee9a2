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

mod alarm;
mod caller;
mod leader;
mod reactor;
mod source;
mod timers;

use super::std;

use core::future::Future;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use std::boxed::Box;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, Weak};
use std::task::Wake as _;
use std::thread;
use std::time::Instant;
use std::vec::Vec;

use mio::event::Event;
use mio::{Events, Interest, Registry, Token};

use self::alarm::{ALARM, Alarm};
use self::caller::CALLER;
use self::leader::{Seat, Visit};
use self::reactor::{EVENT_COUNT, Reactor};
pub(super) use self::source::Source;
use self::timers::Timers;
use crate::runtimes::lock::lock;

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

#[cfg(test)]
mod tests {
    use super::super::socket::Handle;
    use super::*;
    use crate::runtimes::oneshot;
    use crate::runtimes::runtime::Runtime as _;
    use core::future::poll_fn;
    use core::time::Duration;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread::Thread;

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
        let (sender, receiver) = oneshot::channel();
        engine.employ(async move {
            let read = poll_fn(|cx| source.poll_read(cx, 2, || stream.read(&mut [0; 2]))).await;
            sender.send(read);
        });
        assert_eq!(engine.wait(receiver).expect("is sent")?, 1);
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
        let (sender, receiver) = oneshot::channel();
        let mut sender = Some(sender);
        let begun_at = Instant::now();
        engine.employ(poll_fn(move |cx| {
            if source.poll_read(cx, 2, || stream.read(&mut [0; 2])).is_ready() {
                sender.take().expect("sends once").send(true);
                return Poll::Ready(());
            }
            if begun_at.elapsed() > Duration::from_secs(10) {
                return Poll::Ready(()); // it has waited in vain
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        assert_eq!(engine.wait(receiver), Some(true));
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
