#![doc = include_str!("../telemetry.md")]
// Theory of operation. Only `spans` names the crate `tracing`, and only `metrics` names the crate
// `metrics`. A client has an `Observer`, which begins an `Observation` with each call. The
// observation ends with the call, or is dropped with it. The driver has a `Meter`, which receives
// every event and, after each poll, the counters of the machine. Each module has a twin for builds
// without its feature, whose types are empty and do nothing.

#[cfg(feature = "metrics")]
mod metrics;
#[cfg(not(feature = "metrics"))]
#[path = "metrics_off.rs"]
mod metrics;
#[cfg(feature = "tracing")]
mod spans;
#[cfg(not(feature = "tracing"))]
#[path = "spans_off.rs"]
mod spans;

use crate::driver::Outcome;
use crate::{Call, Cluster, Event};

/// Observes the calls of one client.
#[derive(Debug, Default)]
pub(super) struct Observer {
    durations: metrics::CallDurations,
}

impl Observer {
    /// Begins to observe a call.
    pub(super) fn begin(&self, call: &Call) -> Observation {
        Observation { span: spans::Span::of(call), timer: self.durations.begin() }
    }
}

/// A call that is observed.
#[derive(Debug)]
pub(super) struct Observation {
    span: spans::Span,
    timer: metrics::Timer,
}

impl Observation {
    /// Notes the outcome of the call. An observation that is dropped before saw a call that its
    /// caller gave up.
    pub(super) fn end(self, outcome: &Outcome) {
        self.span.end(outcome);
        self.timer.end();
    }
}

/// Reports what one driver does.
#[derive(Debug, Default)]
pub(super) struct Meter {
    instruments: metrics::Instruments,
}

impl Meter {
    /// Reports an event.
    #[expect(clippy::unused_self, reason = "only a driver has a meter")]
    pub(super) fn report(&self, event: &Event) {
        spans::emit(event);
    }

    /// Reports what the machine has counted since.
    pub(super) fn update<T>(&mut self, cluster: &Cluster<T>, link_count: impl FnOnce() -> usize) {
        self.instruments.update(cluster, link_count);
    }
}
