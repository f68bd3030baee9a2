//! A call as its caller sees it.

use core::fmt;
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::client::Shared;
use super::reply_cell::ReplyCell;
use super::std::sync::Arc;
use super::telemetry::Observation;
use crate::cmd::Names;
use crate::driver::Outcome;
use crate::{Call, Error};

/// A call, as the methods of [`Client`](super::Client) return it.
///
/// The future owns what it needs: it borrows neither the client nor the arguments. So it can be
/// spawned, collected, boxed and kept in a struct, and the client stays open until it has ended.
///
/// The call begins when the future is polled first. Dropping the future gives the call up: what was
/// not sent is never sent, and a late reply reaches no other call.
///
/// **Cost**: no allocation. Each call that waits keeps one of these; the command is part of it
/// until the first poll.
///
#[cfg_attr(feature = "tokio", doc = "```no_run")]
#[cfg_attr(not(feature = "tokio"), doc = "```ignore")]
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use hashslot::runtimes::CallFuture;
/// use hashslot::{Commands, tokio::Client};
///
/// let client = Client::connect("redis://10.0.0.1:7000").await?;
/// let calls: Vec<CallFuture<String>> =
///     (0..3).map(|number| client.get(&format!("user:{number}"))).collect();
/// let mut tasks = Vec::new();
/// for call in calls {
///     tasks.push(tokio::spawn(call));
/// }
/// for task in tasks {
///     println!("{}", task.await??);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a call begins when its future is awaited"]
pub struct CallFuture<V> {
    shared: Arc<Shared>,
    /// `None` once the call has begun.
    call: Option<Call>,
    /// `None` before that, and once it has ended.
    begun: Option<(Arc<ReplyCell>, Observation)>,
    /// The names of its commands, for errors that know none.
    names: Names,
    convert: Convert<V>,
}

/// Makes what the caller wants of an outcome.
pub(super) type Convert<V> = fn(Outcome, Names) -> Result<V, Error>;

impl<V> CallFuture<V> {
    pub(super) fn new(shared: Arc<Shared>, call: Call, names: Names, convert: Convert<V>) -> Self {
        Self { shared, names, call: Some(call), begun: None, convert }
    }

    /// The call, begun before the first poll: it runs while its caller awaits another one.
    pub(super) fn begun(mut self) -> Self {
        self.begin();
        self
    }

    fn begin(&mut self) {
        if let Some(call) = self.call.take() {
            let observation = self.shared.observer.begin(&call);
            self.begun = Some((self.shared.mailbox.submit(call), observation));
        }
    }
}

impl<V> Future for CallFuture<V> {
    type Output = Result<V, Error>;

    /// A future that is polled after its end stays pending.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.begin();
        let Some((cell, _)) = &this.begun else { return Poll::Pending };
        let Poll::Ready(outcome) = cell.poll(cx) else { return Poll::Pending };
        if let Some((_, observation)) = this.begun.take() {
            observation.end(&outcome);
        }
        let names = mem::replace(&mut this.names, Names::Same(""));
        Poll::Ready((this.convert)(outcome, names))
    }
}

impl<V> Drop for CallFuture<V> {
    fn drop(&mut self) {
        if let Some((cell, _)) = self.begun.take() {
            self.shared.mailbox.cancel(cell);
        }
    }
}

impl<V> fmt::Debug for CallFuture<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (&self.call, &self.begun) {
            (Some(_), _) => "not begun",
            (None, Some(_)) => "waiting",
            (None, None) => "over",
        };
        write!(f, "CallFuture({state})")
    }
}
