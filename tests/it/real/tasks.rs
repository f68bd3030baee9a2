//! Tasks and time for tests, the same on every runtime.

use std::any::Any;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::Failure;
use super::adapter::Adapter;
use crate::servers::fake::lock;

/// Tasks of one kind. Those that still run when it is dropped are given up: runtimes outlive tests.
#[derive(Debug)]
pub(crate) struct Tasks<V> {
    ended: Arc<Mutex<Ended<V>>>,
    switches: Vec<Arc<Switch>>,
    /// Those that have not been joined.
    count: usize,
}

/// How tasks have ended that have not been joined.
#[derive(Debug)]
struct Ended<V> {
    outcomes: VecDeque<Result<V, Failure>>,
    waker: Option<Waker>,
}

/// By which a task is given up.
#[derive(Debug, Default)]
struct Switch {
    is_off: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Switch {
    fn turn_off(&self) {
        self.is_off.store(true, Ordering::SeqCst);
        if let Some(waker) = lock(&self.waker).take() {
            waker.wake();
        }
    }
}

impl<V: Send + 'static> Tasks<V> {
    pub(crate) fn new() -> Self {
        let ended = Ended { outcomes: VecDeque::new(), waker: None };
        Self { ended: Arc::new(Mutex::new(ended)), switches: Vec::new(), count: 0 }
    }

    /// Starts one more.
    pub(crate) fn spawn<A: Adapter>(&mut self, future: impl Future<Output = V> + Send + 'static) {
        let (ended, switch) = (Arc::clone(&self.ended), Arc::new(Switch::default()));
        self.switches.push(Arc::clone(&switch));
        self.count += 1;
        A::spawn(async move {
            let outcome = watched(future, &switch).await;
            let mut ended = lock(&ended);
            ended.outcomes.push_back(outcome);
            if let Some(waker) = ended.waker.take() {
                waker.wake();
            }
        });
    }

    /// Waits for the next one to end; `None` when all have been waited for.
    ///
    /// **Errors**: what the task has panicked with.
    pub(crate) async fn join_next(&mut self) -> Option<Result<V, Failure>> {
        if self.count == 0 {
            return None;
        }
        let outcome = poll_fn(|cx| {
            let mut ended = lock(&self.ended);
            if let Some(outcome) = ended.outcomes.pop_front() {
                return Poll::Ready(outcome);
            }
            ended.waker = Some(cx.waker().clone());
            Poll::Pending
        });
        let outcome = outcome.await;
        self.count -= 1;
        Some(outcome)
    }

    /// Gives all of them up, and waits until they are gone.
    pub(crate) async fn shut_down(mut self) {
        self.give_up();
        while self.join_next().await.is_some() {}
    }

    fn has_ended(&self) -> bool {
        !lock(&self.ended).outcomes.is_empty()
    }
}

impl<V> Tasks<V> {
    fn give_up(&self) {
        self.switches.iter().for_each(|switch| switch.turn_off());
    }
}

impl<V> Drop for Tasks<V> {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// Runs a future to its end, its panic, or until it is given up: then it is dropped here.
async fn watched<V>(future: impl Future<Output = V> + Send, switch: &Switch) -> Result<V, Failure> {
    let mut future = Box::pin(future);
    poll_fn(|cx| {
        *lock(&switch.waker) = Some(cx.waker().clone());
        if switch.is_off.load(Ordering::SeqCst) {
            return Poll::Ready(Err("given up".into()));
        }
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(said(&*panic).into())),
        }
    })
    .await
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("a task has panicked: {}", text.unwrap_or("without a word"))
}

/// One task, which is given up when this is dropped. Its output, or what it has panicked with.
#[derive(Debug)]
pub(crate) struct Task<V>(Tasks<V>);

/// Starts a task.
pub(crate) fn spawn<A: Adapter, V: Send + 'static>(
    future: impl Future<Output = V> + Send + 'static,
) -> Task<V> {
    let mut tasks = Tasks::new();
    tasks.spawn::<A>(future);
    Task(tasks)
}

impl<V: Send + 'static> Task<V> {
    pub(crate) fn has_ended(&self) -> bool {
        self.0.has_ended()
    }
}

impl<V: Send + 'static> Future for Task<V> {
    type Output = Result<V, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = pin!(self.0.join_next()).poll(cx);
        ended.map(|outcome| outcome.expect("not polled after its end"))
    }
}

/// Lets others run.
pub(crate) async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The output of a future, if it comes before another one has ended.
pub(crate) async fn before<V>(
    other: impl Future<Output = ()>,
    future: impl Future<Output = V>,
) -> Option<V> {
    let (mut other, mut future) = (pin!(other), pin!(future));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => other.as_mut().poll(cx).map(|()| None),
    })
    .await
}

/// The output of a future, if it comes in time.
pub(crate) async fn within<A: Adapter, V>(
    limit: Duration,
    future: impl Future<Output = V>,
) -> Option<V> {
    before(A::sleep(limit), future).await
}
