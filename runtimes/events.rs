//! A stream of the machine's events, for each caller that asks for one.

use super::std;

use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::vec::Vec;

use futures_core::Stream;

use super::lock::lock;
use crate::Event;

/// Events that wait for one listener; the oldest are dropped beyond.
const WAITING_COUNT_MAX: usize = 1024;
/// Bytes that they have, about; the same.
const WAITING_LEN_MAX: usize = 4 << 20;

/// The events of the machine, from the moment on at which a client was asked for them.
///
/// **Limit**: 1024 events wait, of 4 MiB together; beyond, the oldest are dropped and counted.
/// Listeners share what waits for several of them.
///
/// Also a [`Stream`], for combinators.
#[derive(Debug)]
pub struct Events {
    queue: Arc<Mutex<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<Arc<Event>>,
    /// Bytes that the events have, about.
    len: usize,
    lost_count: u64,
    waker: Option<Waker>,
    is_closed: bool,
}

impl Queue {
    fn push(&mut self, event: Arc<Event>) {
        self.len += event.held_len();
        self.events.push_back(event);
        while self.events.len() > WAITING_COUNT_MAX
            || (self.len > WAITING_LEN_MAX && self.events.len() > 1)
        {
            self.take();
            self.lost_count += 1;
        }
    }

    fn take(&mut self) -> Option<Arc<Event>> {
        let event = self.events.pop_front()?;
        self.len -= event.held_len();
        Some(event)
    }
}

impl Events {
    /// Waits for the next event. `None` once the client is closed and all events are taken.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<Option<Event>> {
        let mut queue = lock(&self.queue);
        if let Some(event) = queue.take() {
            drop(queue);
            return Poll::Ready(Some(Arc::unwrap_or_clone(event)));
        }
        if queue.is_closed {
            return Poll::Ready(None);
        }
        queue.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Takes an event if one is waiting.
    #[must_use]
    pub fn try_next(&mut self) -> Option<Event> {
        let event = lock(&self.queue).take();
        event.map(Arc::unwrap_or_clone)
    }

    /// The number of events that were dropped because the queue was full.
    #[must_use]
    pub fn lost_count(&self) -> u64 {
        lock(&self.queue).lost_count
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.poll(cx)
    }
}

/// All listeners.
#[derive(Debug)]
pub(super) struct Listeners {
    /// `None` once the driver has ended.
    queues: Mutex<Option<Vec<Weak<Mutex<Queue>>>>>,
}

impl Default for Listeners {
    fn default() -> Self {
        Self { queues: Mutex::new(Some(Vec::new())) }
    }
}

impl Listeners {
    fn queues(&self) -> MutexGuard<'_, Option<Vec<Weak<Mutex<Queue>>>>> {
        lock(&self.queues)
    }

    pub(super) fn listen(&self) -> Events {
        let mut queue = Queue::default();
        let mut queues = self.queues();
        queue.is_closed = queues.is_none();
        let queue = Arc::new(Mutex::new(queue));
        if let Some(queues) = &mut *queues {
            queues.push(Arc::downgrade(&queue));
        }
        Events { queue }
    }

    /// Sends an event to all listeners.
    pub(super) fn send(&self, event: Event) {
        let mut queues = self.queues();
        let Some(queues) = queues.as_mut().filter(|queues| !queues.is_empty()) else { return };
        let event = Arc::new(event);
        queues.retain(|listener| {
            let Some(queue) = listener.upgrade() else { return false };
            let mut queue = lock(&queue);
            queue.push(event.clone());
            if let Some(waker) = queue.waker.take() {
                waker.wake();
            }
            true
        });
    }

    /// Ends all streams of events, once they are read.
    pub(super) fn close(&self) {
        for listener in self.queues().take().into_iter().flatten() {
            let Some(queue) = listener.upgrade() else { continue };
            let mut queue = lock(&queue);
            queue.is_closed = true;
            if let Some(waker) = queue.waker.take() {
                waker.wake();
            }
        }
    }
}
