//! A oneshot channel: one value, from one task to another.
//!
//! Rules of this file. The receiver gets the value once. Dropping the sender without a value wakes
//! the receiver, which gets `None`. A sender can ask whether its receiver still waits.

use super::std;

use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::sync::{Arc, Mutex};

use super::lock::lock;

/// The end that sends the value. The receiver is woken when the sender is dropped.
#[derive(Debug)]
pub(super) struct Sender<V>(Arc<Mutex<State<V>>>);

/// The end that waits for the value.
#[derive(Debug)]
pub(super) struct Receiver<V>(Arc<Mutex<State<V>>>);

#[derive(Debug)]
struct State<V> {
    value: Option<V>,
    /// Of the task that polled the receiver last.
    waker: Option<Waker>,
}

impl<V> State<V> {
    fn new() -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { value: None, waker: None }))
    }
}

/// Returns the two ends of a new channel.
pub(super) fn channel<V>() -> (Sender<V>, Receiver<V>) {
    let state = State::new();
    (Sender(Arc::clone(&state)), Receiver(state))
}

impl<V> Sender<V> {
    /// Whether the receiver still waits for the value.
    #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std", feature = "blocking"))]
    pub(super) fn is_awaited(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Sends the value. It is lost if the receiver is gone.
    pub(super) fn send(self, value: V) {
        lock(&self.0).value = Some(value);
    }
}

impl<V> Drop for Sender<V> {
    fn drop(&mut self) {
        let waker = lock(&self.0).waker.take();
        // The receiver finds out by the number of owners that no sender is left: this end has to
        // let go of the state before it wakes the receiver.
        drop(mem::replace(&mut self.0, State::new()));
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<V> Future for Receiver<V> {
    type Output = Option<V>;

    /// `None` if the sender was dropped without a value.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<V>> {
        let is_alone = Arc::strong_count(&self.0) == 1;
        let mut state = lock(&self.0);
        if let Some(value) = state.value.take() {
            return Poll::Ready(Some(value));
        }
        if is_alone {
            return Poll::Ready(None);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtimes::task_waker::tests::WakeCount;

    fn poll<V>(receiver: &mut Receiver<V>, waker: &Waker) -> Poll<Option<V>> {
        Pin::new(receiver).poll(&mut Context::from_waker(waker))
    }

    #[test]
    fn a_value_wakes_the_receiver_which_gets_it_once() {
        let (sender, mut receiver) = channel();
        let (count, waker) = WakeCount::new();
        assert_eq!(poll(&mut receiver, &waker), Poll::Pending);
        sender.send(1);
        assert_eq!(count.get(), 1);
        assert_eq!(poll(&mut receiver, &waker), Poll::Ready(Some(1)));
        assert_eq!(poll(&mut receiver, &waker), Poll::Ready(None));
    }

    #[test]
    fn a_sender_without_a_value_ends_the_wait() {
        let (sender, mut receiver) = channel::<u8>();
        let (count, waker) = WakeCount::new();
        assert_eq!(poll(&mut receiver, &waker), Poll::Pending);
        drop(sender);
        assert_eq!(count.get(), 1);
        assert_eq!(poll(&mut receiver, &waker), Poll::Ready(None));
    }

    #[test]
    #[cfg(any(feature = "tokio", feature = "smol", feature = "async-std", feature = "blocking"))]
    fn a_sender_knows_whether_its_receiver_waits() {
        let (sender, receiver) = channel::<u8>();
        assert!(sender.is_awaited());
        drop(receiver);
        assert!(!sender.is_awaited());
    }
}
