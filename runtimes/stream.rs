//! Commands without end, through a window of bounded size.

use super::std;

use core::fmt;
use core::future::{Future, poll_fn};
use core::iter::Fuse;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::collections::VecDeque;
use std::vec::{self, Vec};

use super::call_future::CallFuture;
use super::client::Client;
use super::runtime::Runtime;
use crate::Error;
use crate::cmd::TypedCommand;

/// Commands in flight of one stream, unless it sets another window. More of them are hardly faster,
/// and the calls of others wait behind them.
const WINDOW: usize = 1_000;
/// Commands of one call at most: enough to fill a write to each node, and few enough that the calls
/// of others come in between.
const CHUNK: usize = 250;

/// Results of commands that an iterator makes, in order: [`Client::stream`].
///
/// Also a [`Stream`](futures_core::Stream), for combinators. It takes commands from the iterator
/// only as room gets free, so that memory is bounded by the window, however many commands there
/// are.
///
/// Dropping it gives up the commands in flight, as dropping a [`CallFuture`] does.
pub struct Replies<R: Runtime, I: Iterator<Item: TypedCommand>> {
    client: Client<R>,
    commands: Fuse<I>,
    window: usize,
    /// Calls that have begun, the oldest first.
    calls: VecDeque<Chunk<I>>,
    /// The number of commands in all calls.
    in_flight: usize,
    /// Results of the oldest call, which has ended.
    results: vec::IntoIter<Result<Reply<I>, Error>>,
    /// How many results were returned.
    count: usize,
}

/// The reply to a command of an iterator.
type Reply<I> = <<I as Iterator>::Item as TypedCommand>::Reply;
/// The number of a command and its result.
type Numbered<I> = (usize, Result<Reply<I>, Error>);
/// The results of several of them.
type Results<I> = Vec<Result<Reply<I>, Error>>;

/// A call that has begun.
struct Chunk<I: Iterator<Item: TypedCommand>> {
    /// The number of its commands.
    len: usize,
    call: CallFuture<Results<I>>,
    /// How it ended, if its first poll told so: the client is closed.
    ended: Option<Result<Results<I>, Error>>,
}

impl<I: Iterator<Item: TypedCommand>> Chunk<I> {
    fn begin(mut call: CallFuture<Results<I>>, len: usize, cx: &mut Context<'_>) -> Self {
        let ended = match Pin::new(&mut call).poll(cx) {
            Poll::Ready(ended) => Some(ended),
            Poll::Pending => None,
        };
        Self { len, call, ended }
    }

    /// One result for each command: a call that fails as a whole fails for each of them.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Results<I>> {
        let ended = match self.ended.take() {
            Some(ended) => Poll::Ready(ended),
            None => Pin::new(&mut self.call).poll(cx),
        };
        ended.map(|ended| {
            ended.unwrap_or_else(|error| {
                core::iter::repeat_with(|| Err(error.clone())).take(self.len).collect()
            })
        })
    }
}

/// No field is pinned.
impl<R: Runtime, I: Iterator<Item: TypedCommand>> Unpin for Replies<R, I> {}

impl<R: Runtime, I: Iterator<Item: TypedCommand>> Replies<R, I> {
    pub(super) fn new(client: Client<R>, commands: I) -> Self {
        Self {
            client,
            commands: commands.fuse(),
            window: WINDOW,
            calls: VecDeque::new(),
            in_flight: 0,
            results: Vec::new().into_iter(),
            count: 0,
        }
    }

    /// Sets how many commands may be in flight at a time; at least one. Default: 1,000.
    ///
    /// Calls of others wait behind those in flight. A larger window pays where a round trip takes
    /// many milliseconds.
    ///
    /// **Cost**: some 500 bytes a command in flight, and the bytes of the command and of its reply.
    #[must_use]
    pub fn window(mut self, window: usize) -> Self {
        self.window = window.max(1);
        self
    }

    /// The number of the next command, counted from 1, and its result; `None` after the last one.
    ///
    /// # Errors
    /// Each command has its own, with its number ([`Error::number`]); the stream goes on.
    pub async fn next(&mut self) -> Option<(usize, Result<Reply<I>, Error>)> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Numbered<I>>> {
        loop {
            if let Some(result) = self.results.next() {
                self.count += 1;
                let number = self.count;
                return Poll::Ready(Some((number, result.map_err(|error| error.numbered(number)))));
            }
            self.fill(cx);
            let Some(oldest) = self.calls.front_mut() else { return Poll::Ready(None) };
            let Poll::Ready(results) = oldest.poll(cx) else { return Poll::Pending };
            self.in_flight -= oldest.len;
            self.calls.pop_front();
            self.results = results.into_iter();
        }
    }

    /// Begins as many calls as the window has room for.
    fn fill(&mut self, cx: &mut Context<'_>) {
        // Several calls at a time: while one is answered, the next is on its way.
        let chunk = (self.window / 4).clamp(1, CHUNK);
        while self.in_flight + chunk <= self.window {
            let commands: Vec<I::Item> = self.commands.by_ref().take(chunk).collect();
            let len = commands.len();
            if len == 0 {
                return;
            }
            let call = self.client.pipeline_each(commands);
            self.in_flight += len;
            self.calls.push_back(Chunk::begin(call, len, cx));
        }
    }
}

impl<R: Runtime, I: Iterator<Item: TypedCommand>> futures_core::Stream for Replies<R, I> {
    type Item = (usize, Result<Reply<I>, Error>);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(cx)
    }
}

impl<R: Runtime, I: Iterator<Item: TypedCommand>> fmt::Debug for Replies<R, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies")
            .field("window", &self.window)
            .field("in_flight", &self.in_flight)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}
