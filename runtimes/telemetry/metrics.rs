//! Counters, gauges and the durations of calls, for the crate `metrics`.
//!
//! Rules of this file: each field of `Stats` has a counter. A gauge is the sum over all clients of
//! the process; each client adds its share, and takes it back when it is dropped.

use crate::runtimes::std;

use std::time::Instant;

use metrics::{Counter, Gauge, Histogram, Unit, counter, gauge, histogram};
use metrics::{describe_counter, describe_gauge, describe_histogram};

use super::Cluster;
use crate::Stats;

/// The histogram of the durations of calls.
pub(super) struct CallDurations(Histogram);

/// Times one call. A timer that is dropped before its end records nothing.
pub(super) struct Timer(Histogram, Instant);

impl Default for CallDurations {
    fn default() -> Self {
        let what = "How long calls took, without those that were given up";
        describe_histogram!("hashslot_call_seconds", Unit::Seconds, what);
        Self(histogram!("hashslot_call_seconds"))
    }
}

impl CallDurations {
    pub(super) fn begin(&self) -> Timer {
        Timer(self.0.clone(), Instant::now())
    }
}

impl Timer {
    pub(super) fn end(self) {
        self.0.record(self.1.elapsed());
    }
}

/// A counter for each field of `Stats`: one that has none does not compile.
macro_rules! counters {
    ($($field:ident: $what:literal,)*) => {
        struct Counters {
            $($field: Counter,)*
        }

        impl Default for Counters {
            fn default() -> Self {
                $(describe_counter!(concat!("hashslot_", stringify!($field), "_total"), $what);)*
                Self { $($field: counter!(concat!("hashslot_", stringify!($field), "_total")),)* }
            }
        }

        impl Counters {
            fn advance(&self, before: &Stats, now: &Stats) {
                let Stats { $($field,)* } = now;
                $(if *$field != before.$field {
                    self.$field.increment($field.saturating_sub(before.$field));
                })*
            }
        }
    };
}

counters! {
    calls_submitted: "Calls that were taken in",
    calls_refused: "Calls that were refused at once",
    calls_completed: "Calls that were completed, whatever their outcome",
    calls_cancelled: "Calls that were given up by their callers",
    timeouts_queued: "Parts of calls whose time was up before they were sent",
    timeouts_sent: "Parts of calls whose time was up after they were sent",
    maybe_executed: "Parts of calls that may have run without an answer",
    moved_followed: "MOVED redirections that were followed",
    ask_followed: "ASK redirections that were followed",
    redirections_refused: "Redirections to nodes that the cluster does not list",
    retries: "Commands that were sent again after a pause",
    scripts_missed: "Scripts that were sent in full, since a node did not have them",
    resent: "Commands that were sent again after a connection was lost",
    fenced: "Commands that waited while their slot changed hands",
    taken_back: "Commands whose callers were done with them before they left",
    late_replies: "Replies that came after their callers had gone",
    pushes: "Messages that are no replies",
    links_dialled: "Connections that were dialled",
    links_displaced: "Connections that made room for others",
    links_ready: "Connections that were set up",
    links_lost: "Connections that were lost, or could not be made",
    links_reauthenticated: "Connections that were authenticated anew with other credentials",
    reauthentications_refused: "Connections whose nodes refused other credentials",
    links_stalled: "Connections that owed replies and were silent",
    protocol_errors: "Connections whose node broke the protocol",
    replies_unusable: "Replies that were malformed or beyond a limit",
    refreshes: "Times that the topology was read again",
    topology_queries: "Nodes that were asked for the topology",
    topology_changes: "Topologies that differed from the one before",
}

/// What one driver updates, and what it has counted so far.
pub(super) struct Instruments {
    counters: Counters,
    calls: Share,
    links: Share,
    counted: Stats,
}

impl Default for Instruments {
    fn default() -> Self {
        describe_gauge!("hashslot_calls_in_progress", "Calls that are not over");
        describe_gauge!("hashslot_links_open", "Connections that are open, or being made");
        Self {
            counters: Counters::default(),
            calls: Share(gauge!("hashslot_calls_in_progress"), 0),
            links: Share(gauge!("hashslot_links_open"), 0),
            counted: Stats::default(),
        }
    }
}

impl Instruments {
    pub(super) fn update<T>(&mut self, cluster: &Cluster<T>, links: impl FnOnce() -> usize) {
        if self.counted != *cluster.stats() {
            self.counters.advance(&self.counted, cluster.stats());
            self.counted = *cluster.stats();
        }
        self.calls.set(cluster.call_count());
        self.links.set(links());
    }
}

/// The share of one client in a gauge of all clients.
struct Share(Gauge, usize);

impl Share {
    fn set(&mut self, level: usize) {
        let before = core::mem::replace(&mut self.1, level);
        let float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        match level.checked_sub(before) {
            Some(0) => {}
            Some(more) => self.0.increment(float(more)),
            None => self.0.decrement(float(before - level)),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

impl core::fmt::Debug for CallDurations {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("CallDurations")
    }
}

impl core::fmt::Debug for Timer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Timer({:?})", self.1.elapsed())
    }
}

impl core::fmt::Debug for Instruments {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Instruments({:?})", self.counted)
    }
}
