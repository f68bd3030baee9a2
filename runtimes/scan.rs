//! All keys of a cluster, page by page.

use super::std;

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll};
use std::boxed::Box;
use std::vec::Vec;

use bytes::Bytes;
use futures_core::Stream;

use super::call_future::CallFuture;
use super::client::Client;
use super::oneshot::Receiver;
use super::runtime::Runtime;
#[cfg(doc)]
use crate::error::Cause;
use crate::topology::Topology;
use crate::{Call, Error, Frame, Scan};

/// So many pages without a key follow each other before an empty one is returned.
const EMPTY_COUNT_MAX: usize = 100;

/// The keys of a cluster, on their way: [`Client::scan`].
///
/// Also a [`Stream`] of pages, for combinators. A stream may go on after an error.
#[derive(Debug)]
pub struct Keys<R: Runtime> {
    client: Client<R>,
    scan: Scan,
    step: Step,
    /// How many pages without a key followed each other.
    empty_count: usize,
}

/// What the scan waits for.
#[derive(Debug)]
enum Step {
    Nothing,
    Topology(Receiver<Topology>),
    Page(Box<CallFuture<Vec<Result<Frame, Error>>>>),
}

/// No field is pinned.
impl<R: Runtime> Unpin for Keys<R> {}

impl<R: Runtime> Keys<R> {
    pub(super) const fn new(client: Client<R>, scan: Scan) -> Self {
        Self { client, scan, step: Step::Nothing, empty_count: 0 }
    }

    /// The next page of keys; `None` after the last one. Dropping the future loses nothing: the
    /// call goes on, and the next future takes its page. After a hundred pages without a key the
    /// result is an empty page, which bounds the wait.
    ///
    /// # Errors
    /// As [`Client::call`], and [`Cause::SlotUnassigned`] or [`Cause::SlotMoving`] if slots stay
    /// without a node, or between two, while all others are done: the topology is refreshed then.
    /// The scan goes on after any error, best after a pause.
    pub async fn next(&mut self) -> Result<Option<Vec<Bytes>>, Error> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<Bytes>>, Error>> {
        loop {
            match &mut self.step {
                Step::Nothing => {
                    self.step = match self.scan.pending_call() {
                        Some(call) => self.page(call),
                        None => Step::Topology(self.client.ask_topology()),
                    };
                }
                Step::Topology(receiver) => {
                    let Poll::Ready(topology) = Pin::new(receiver).poll(cx) else {
                        return Poll::Pending;
                    };
                    self.step = Step::Nothing;
                    let topology = topology.ok_or_else(Error::shut_down)?;
                    match self.scan.next_call(&topology) {
                        Ok(Some(call)) => self.step = self.page(call),
                        Ok(None) => return Poll::Ready(Ok(None)),
                        Err(error) => {
                            self.client.refresh_topology();
                            return Poll::Ready(Err(error));
                        }
                    }
                }
                Step::Page(call) => {
                    let Poll::Ready(outcome) = Pin::new(call).poll(cx) else {
                        return Poll::Pending;
                    };
                    self.step = Step::Nothing;
                    let keys = self.scan.answered(outcome)?;
                    self.empty_count = if keys.is_empty() { self.empty_count + 1 } else { 0 };
                    if !keys.is_empty() || self.empty_count >= EMPTY_COUNT_MAX {
                        self.empty_count = 0;
                        return Poll::Ready(Ok(Some(keys)));
                    }
                }
            }
        }
    }

    fn page(&self, call: Call) -> Step {
        Step::Page(Box::new(self.client.call_each(call)))
    }

    /// The number of slots that are done, of 16384.
    #[must_use]
    pub fn done_count(&self) -> usize {
        self.scan.done_count()
    }
}

impl<R: Runtime> Stream for Keys<R> {
    type Item = Result<Vec<Bytes>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(cx).map(Result::transpose)
    }
}
