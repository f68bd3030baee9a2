//! What the driver asks of a runtime, and what it does not.

use super::std;
use super::*;

use core::future::{pending, poll_fn};
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::Waker;
use core::time::Duration;
use std::io::{self, IoSlice};
use std::sync::Mutex;

use crate::runtimes::permit::Permit;
use crate::runtimes::runtime::Stream;
use crate::{Address, Call, Config};

/// A runtime on which nothing ever happens, and which counts.
#[derive(Clone, Default)]
struct Still(Arc<Counts>);

#[derive(Default)]
struct Counts {
    sleeps: AtomicUsize,
    polls: AtomicUsize,
    /// Of the sleep that was polled last.
    waker: Mutex<Option<Waker>>,
}

enum NoStream {}

impl Stream for NoStream {
    fn poll_read(&mut self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        match *self {}
    }

    fn poll_write(&mut self, _: &mut Context<'_>, _: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match *self {}
    }
}

impl Runtime for Still {
    type Stream = NoStream;

    fn connect(&self, _: Address) -> impl Future<Output = io::Result<NoStream>> + Send + 'static {
        pending()
    }

    fn sleep(&self, _: Duration) -> impl Future<Output = ()> + Send + 'static {
        let counts = Arc::clone(&self.0);
        counts.sleeps.fetch_add(1, Ordering::Relaxed);
        poll_fn(move |cx| {
            counts.polls.fetch_add(1, Ordering::Relaxed);
            *counts.waker.lock().expect("nobody panics with it") = Some(cx.waker().clone());
            Poll::Pending
        })
    }

    fn spawn(&self, _: impl Future<Output = ()> + Send + 'static) {}
}

/// A driver of a client that has not found its cluster, and its mailbox.
fn driver(runtime: &Still, config: Config) -> (Driver<Still>, Arc<Mailbox>) {
    let mailbox = Arc::new(Mailbox::new(&config));
    let seed = Address::new("127.0.0.1", 7000).expect("is one");
    let driver = Driver::new(
        runtime.clone(),
        Dialler::new(runtime.clone(), &config, None, Permit::default()),
        Cluster::new(config, Vec::from([seed]), 1).expect("can work"),
        Arc::clone(&mailbox),
        Arc::default(),
        std::time::Instant::now(),
    );
    (driver, mailbox)
}

#[test]
fn calls_that_the_machine_has_count_at_the_door() {
    let config = Config { max_pending_calls: 2, ..Config::default() };
    let (mut driver, mailbox) = driver(&Still::default(), config);
    let cx = &mut Context::from_waker(Waker::noop());
    let waiting = [(); 2].map(|()| mailbox.submit(Call::discovery()));
    assert!(Pin::new(&mut driver).poll(cx).is_pending());
    assert!(waiting.iter().all(|cell| cell.poll(cx).is_pending()));
    assert!(mailbox.submit(Call::discovery()).poll(cx).is_ready(), "it is refused at once");
    let [cancelled, waiting] = waiting;
    mailbox.cancel(cancelled);
    assert!(Pin::new(&mut driver).poll(cx).is_pending());
    assert_eq!(driver.cluster.stats().calls_refused, 1);
    let next = mailbox.submit(Call::discovery());
    assert!(Pin::new(&mut driver).poll(cx).is_pending());
    assert!(next.poll(cx).is_pending() && waiting.poll(cx).is_pending());
}

#[test]
fn the_timer_is_polled_when_it_is_set_and_when_it_fires() {
    let runtime = Still::default();
    let (mut driver, mailbox) = driver(&runtime, Config::default());
    let cx = &mut Context::from_waker(Waker::noop());
    let counts =
        || (runtime.0.sleeps.load(Ordering::Relaxed), runtime.0.polls.load(Ordering::Relaxed));
    let mut calls = Vec::new();
    for _ in 0..10 {
        let call = mailbox.submit(Call::discovery());
        assert!(call.poll(cx).is_pending());
        calls.push(call);
        for _ in 0..3 {
            assert!(Pin::new(&mut driver).poll(cx).is_pending());
        }
    }
    let (sleeps, polls) = counts();
    assert!(sleeps > 0, "calls have deadlines");
    assert_eq!(polls, sleeps, "each is polled when it is set");
    runtime.0.waker.lock().expect("nobody panics with it").take().expect("waits").wake();
    assert!(Pin::new(&mut driver).poll(cx).is_pending());
    assert_eq!(counts(), (sleeps, polls + 1), "it may have fired");
}
