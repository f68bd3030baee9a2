#![doc = include_str!("../telemetry.md")]
// Theory of operation. Nothing but this file names `tracing` or `metrics`. A client has an
// `Observer`, which begins a `Watch` with each call; it ends with the call, or is dropped with it.
// The driver has a `Meter`, which it hands every event and, whenever it was polled, what the
// machine has counted. Without the features all of them are empty, and what they do is nothing.

#[cfg(not(feature = "metrics"))]
#[path = "no_numbers.rs"]
mod numbers;
#[cfg(feature = "metrics")]
mod numbers;
#[cfg(not(feature = "tracing"))]
#[path = "no_words.rs"]
mod words;
#[cfg(feature = "tracing")]
mod words;

use crate::driver::Outcome;
use crate::{Call, Cluster, Event};

/// What a client observes its calls with.
#[derive(Debug, Default)]
pub(super) struct Observer {
    clock: numbers::Clock,
}

impl Observer {
    /// A call begins.
    pub(super) fn begin(&self, call: &Call) -> Watch {
        Watch { span: words::Span::of(call), timer: self.clock.begin() }
    }
}

/// A call that is observed.
#[derive(Debug)]
pub(super) struct Watch {
    span: words::Span,
    timer: numbers::Timer,
}

impl Watch {
    /// The call has ended. A watch that is dropped before has seen a call that was given up.
    pub(super) fn end(self, outcome: &Outcome) {
        self.span.end(outcome);
        self.timer.end();
    }
}

/// What a driver tells with.
#[derive(Debug, Default)]
pub(super) struct Meter {
    dials: numbers::Dials,
}

impl Meter {
    /// Something happened.
    #[expect(clippy::unused_self, reason = "who has a meter tells with it")]
    pub(super) fn tell(&self, event: &Event) {
        words::tell(event);
    }

    /// The machine may have counted something.
    pub(super) fn read<T>(&mut self, cluster: &Cluster<T>, link_count: impl FnOnce() -> usize) {
        self.dials.read(cluster, link_count);
    }
}
