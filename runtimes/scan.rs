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
use super::runtime::Runtime;
#[cfg(doc)]
use crate::error::Cause;
use crate::plan::KeyPage;
use crate::{Error, Scan};

/// The keys of a cluster, on their way: [`Client::scan`].
///
/// Also a [`Stream`] of pages, for combinators. A stream may go on after an error.
#[derive(Debug)]
pub struct Keys<R: Runtime> {
    client: Client<R>,
    /// As it was before the page that is on its way.
    scan: Scan,
    page: Option<Box<CallFuture<KeyPage>>>,
}

/// No field is pinned.
impl<R: Runtime> Unpin for Keys<R> {}

impl<R: Runtime> Keys<R> {
    pub(super) const fn new(client: Client<R>, scan: Scan) -> Self {
        Self { client, scan, page: None }
    }

    /// The next page of keys; `None` after the last one. Dropping the future loses nothing: the
    /// call goes on, and the next future takes its page. After a hundred pages of servers without a
    /// key, or after the time of a call, the result is an empty page, which bounds the wait.
    ///
    /// # Errors
    /// As [`Client::call`], and [`Cause::SlotUnassigned`] or [`Cause::SlotMoving`] if slots stay
    /// without a node, or between two, while all others are done: the topology is refreshed then.
    /// The scan goes on after any error, best after a pause.
    pub async fn next(&mut self) -> Result<Option<Vec<Bytes>>, Error> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<Bytes>>, Error>> {
        let page =
            self.page.get_or_insert_with(|| Box::new(self.client.scan_page(self.scan.clone())));
        let Poll::Ready(page) = Pin::new(page).poll(cx) else { return Poll::Pending };
        self.page = None;
        let KeyPage { scan, keys } = page?;
        self.scan = scan;
        Poll::Ready(keys)
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
