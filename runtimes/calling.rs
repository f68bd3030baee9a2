//! A call as its caller sees it.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::mailbox::{Mailbox, Pending};
use super::std::sync::Arc;
use super::telemetry::{Observer, Watch};
use crate::Call;
use crate::driver::Outcome;

/// A call that is made when it is polled first. Dropping it gives the call up.
///
/// Written by hand: an `async fn` would keep one copy more of the call for each method that it went
/// through, and callers keep one of these for each call that waits.
#[derive(Debug)]
pub(super) struct Calling<'c> {
    mailbox: &'c Arc<Mailbox>,
    observer: &'c Observer,
    /// `None` once it is made.
    call: Option<Call>,
    /// `None` before, and once it has ended.
    made: Option<(Pending, Watch)>,
}

impl<'c> Calling<'c> {
    pub(super) const fn new(mailbox: &'c Arc<Mailbox>, observer: &'c Observer, call: Call) -> Self {
        Self { mailbox, observer, call: Some(call), made: None }
    }
}

impl Future for Calling<'_> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        if let Some(call) = self.call.take() {
            let watch = self.observer.begin(&call);
            self.made = Some((self.mailbox.submit(call), watch));
        }
        let Some((pending, _)) = &mut self.made else { return Poll::Pending };
        let polled = Pin::new(pending).poll(cx);
        if let Poll::Ready(outcome) = &polled
            && let Some((_, watch)) = self.made.take()
        {
            watch.end(outcome);
        }
        polled
    }
}
