#![doc = include_str!("telemetry.md")]
// Theory of operation. Nothing but this file names `tracing` or `metrics`. A client has an
// `Observer`, which begins a `Watch` with each call; it ends with the call, or is dropped with it.
// The driver has a `Meter`, which it hands every event and, whenever it was polled, what the
// machine has counted. Without the features all of them are empty, and what they do is nothing.

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

#[cfg(not(feature = "tracing"))]
mod words {
    use super::{Call, Event, Outcome};

    #[derive(Debug)]
    pub(super) struct Span;

    impl Span {
        pub(super) const fn of(_: &Call) -> Self {
            Self
        }

        #[expect(clippy::unused_self, reason = "there is none")]
        pub(super) const fn end(self, _: &Outcome) {}
    }

    pub(super) const fn tell(_: &Event) {}
}

#[cfg(feature = "tracing")]
mod words {
    use crate::runtimes::std;

    use std::borrow::Cow;
    use std::string::String;

    use tracing::field::Empty;
    use tracing::{debug, debug_span, info, trace, warn};

    use super::{Call, Event, Outcome};
    use crate::error::NodeFailure;
    use crate::{Command, Reply, Slot};

    const TARGET: &str = "hashslot";
    /// Names are shorter.
    const NAME_LEN_MAX: usize = 64;

    #[derive(Debug)]
    pub(super) struct Span {
        span: tracing::Span,
        is_over: bool,
    }

    impl Span {
        pub(super) fn of(call: &Call) -> Self {
            let span = debug_span!(
                target: TARGET,
                "hashslot.call",
                kind = call.kind(),
                command = call.commands().first().map(command).as_deref(),
                commands = call.commands().len(),
                slot = slot(call).map(Slot::number),
                outcome = Empty,
                error = Empty,
                code = Empty,
                may_have_executed = Empty,
                failed = Empty,
            );
            Self { span, is_over: false }
        }

        pub(super) fn end(mut self, outcome: &Outcome) {
            self.is_over = true;
            if self.span.is_disabled() {
                return;
            }
            self.span.record("outcome", if outcome.is_ok() { "ok" } else { "error" });
            match outcome {
                Ok(Reply::Pipeline(results)) => {
                    self.failed(results.iter().filter(|end| end.is_err()));
                }
                Ok(Reply::PerNode(ends)) => {
                    self.failed(ends.iter().filter(|(_, end)| end.is_err()));
                }
                Ok(Reply::One(_) | Reply::Ready) => {}
                Err(error) => {
                    self.span.record("error", error.kind().as_str());
                    self.span.record("may_have_executed", error.may_have_executed());
                    self.span
                        .record("code", error.server().map(|error| word(error.code().as_bytes())));
                }
            }
        }

        fn failed(&self, failed: impl Iterator) {
            self.span.record("failed", failed.count());
        }
    }

    impl Drop for Span {
        fn drop(&mut self) {
            if !self.is_over {
                self.span.record("outcome", "cancelled");
            }
        }
    }

    /// The name of a command. What cannot be one is not told: it may be anything.
    fn command(command: &Command) -> Cow<'static, str> {
        match command.info().name {
            "" => Cow::Owned(String::from(word(&command.name().to_ascii_uppercase()))),
            name => Cow::Borrowed(name),
        }
    }

    /// A word that is one: servers and callers may put anything in its place.
    fn word(bytes: &[u8]) -> &str {
        let is_usual = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
        let is_word = (1..=NAME_LEN_MAX).contains(&bytes.len()) && bytes.iter().all(is_usual);
        core::str::from_utf8(bytes).ok().filter(|_| is_word).unwrap_or("other")
    }

    fn slot(call: &Call) -> Option<Slot> {
        if call.kind() == "pipeline" {
            return None;
        }
        call.commands().iter().find_map(|command| command.slot().ok().flatten())
    }

    /// Events are of the cluster: a caller that drives the machine is not their parent.
    #[rustfmt::skip]
    pub(super) fn tell(event: &Event) {
        match event {
            Event::Redirected { kind, slot, from, to } => debug!(
                name: "hashslot.redirected", target: TARGET, parent: None,
                ?kind, slot = slot.number(), %from, %to, "a command follows a redirection"
            ),
            Event::RedirectRefused { from, to } => warn!(
                name: "hashslot.redirection_refused", target: TARGET, parent: None,
                %from, %to, "a redirection to an unlisted node is not followed"
            ),
            Event::TopologyRefresh { reason } => debug!(
                name: "hashslot.topology_reinit", target: TARGET, parent: None,
                ?reason, "the topology is read again"
            ),
            Event::TopologyChanged(change) => {
                info!(
                    name: "hashslot.topology_changed", target: TARGET, parent: None,
                    slots_moved = change.moved_count(), nodes_added = change.added().len(),
                    nodes_removed = change.removed().len(), roles_changed = change.roles().len(),
                    "the topology has changed"
                );
                for turned in change.roles() {
                    info!(
                        name: "hashslot.role_changed", target: TARGET, parent: None,
                        node = %turned.node, role = ?turned.role, "a node has changed its role"
                    );
                }
            }
            Event::TopologyUnavailable(failures) => {
                warn!(
                    name: "hashslot.topology_unavailable", target: TARGET, parent: None,
                    asked = failures.iter().count(), "no node could tell the topology"
                );
                for (node, failure) in failures.iter() {
                    let (failure, code) = of_seed(failure);
                    warn!(
                        name: "hashslot.seed_failed", target: TARGET, parent: None,
                        %node, failure, code, "a node could not tell the topology"
                    );
                }
            }
            Event::LinkReady { node } => debug!(
                name: "hashslot.link_ready", target: TARGET, parent: None,
                %node, "a connection is ready"
            ),
            Event::Authenticated { node } => debug!(
                name: "hashslot.authenticated", target: TARGET, parent: None,
                %node, "a connection is authenticated with the new credentials"
            ),
            Event::AuthenticationRefused { node, error } => warn!(
                name: "hashslot.authentication_refused", target: TARGET, parent: None,
                %node, code = word(error.code().as_bytes()), "a node refuses the new credentials"
            ),
            Event::CredentialsReplaced => info!(
                name: "hashslot.credentials_replaced", target: TARGET, parent: None,
                "all connections have the new credentials"
            ),
            Event::LinkLost { node, cause, in_flight } => warn!(
                name: "hashslot.link_lost", target: TARGET, parent: None,
                %node, %cause, in_flight, "a connection was lost, or could not be made"
            ),
            Event::Pushed { node, message } => {
                let first = message.value().elements().and_then(|mut elements| elements.next());
                trace!(
                    name: "hashslot.pushed", target: TARGET, parent: None, %node,
                    kind = first.and_then(|first| first.as_bytes()).map(word), "a node sent a push message"
                );
            }
        }
    }

    /// The failure of a seed in a word, and the code that it gave. Its text may quote a password.
    fn of_seed(failure: &NodeFailure) -> (&'static str, Option<&str>) {
        match failure {
            NodeFailure::Unreachable(_) => ("unreachable", None),
            NodeFailure::NoAnswer => ("no_answer", None),
            NodeFailure::Authentication(error) => {
                ("authentication", Some(word(error.code().as_bytes())))
            }
            NodeFailure::Permission { error, .. } => {
                ("permission", Some(word(error.code().as_bytes())))
            }
            NodeFailure::Database { error, .. } => {
                ("database", Some(word(error.code().as_bytes())))
            }
            NodeFailure::NotACluster(error) => {
                ("not_a_cluster", Some(word(error.code().as_bytes())))
            }
            NodeFailure::Refused(error) => ("refused", Some(word(error.code().as_bytes()))),
            NodeFailure::Unusable(_) => ("unusable", None),
        }
    }
}

#[cfg(not(feature = "metrics"))]
mod numbers {
    use super::Cluster;

    #[derive(Debug, Default)]
    pub(super) struct Clock;

    #[derive(Debug)]
    pub(super) struct Timer;

    #[derive(Debug, Default)]
    pub(super) struct Dials;

    impl Clock {
        #[expect(clippy::unused_self, reason = "there is none")]
        pub(super) const fn begin(&self) -> Timer {
            Timer
        }
    }

    impl Timer {
        #[expect(clippy::unused_self, reason = "there is none")]
        pub(super) const fn end(self) {}
    }

    impl Dials {
        #[expect(clippy::unused_self, reason = "there are none")]
        pub(super) fn read<T>(&mut self, _: &Cluster<T>, _: impl FnOnce() -> usize) {}
    }
}

#[cfg(feature = "metrics")]
mod numbers {
    use crate::runtimes::std;

    use std::time::Instant;

    use metrics::{Counter, Gauge, Histogram, Unit, counter, gauge, histogram};
    use metrics::{describe_counter, describe_gauge, describe_histogram};

    use super::Cluster;
    use crate::Stats;

    pub(super) struct Clock(Histogram);

    pub(super) struct Timer(Histogram, Instant);

    impl Default for Clock {
        fn default() -> Self {
            let what = "How long calls took, without those that were given up";
            describe_histogram!("hashslot_call_seconds", Unit::Seconds, what);
            Self(histogram!("hashslot_call_seconds"))
        }
    }

    impl Clock {
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

    pub(super) struct Dials {
        counters: Counters,
        calls: Level,
        links: Level,
        counted: Stats,
    }

    impl Default for Dials {
        fn default() -> Self {
            describe_gauge!("hashslot_calls_in_progress", "Calls that are not over");
            describe_gauge!("hashslot_links_open", "Connections that are open, or being made");
            Self {
                counters: Counters::default(),
                calls: Level(gauge!("hashslot_calls_in_progress"), 0),
                links: Level(gauge!("hashslot_links_open"), 0),
                counted: Stats::default(),
            }
        }
    }

    impl Dials {
        pub(super) fn read<T>(&mut self, cluster: &Cluster<T>, links: impl FnOnce() -> usize) {
            if self.counted != *cluster.stats() {
                self.counters.advance(&self.counted, cluster.stats());
                self.counted = *cluster.stats();
            }
            self.calls.set(cluster.call_count());
            self.links.set(links());
        }
    }

    /// The share of one client in a gauge of all clients. Taken back when it is dropped.
    struct Level(Gauge, usize);

    impl Level {
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

    impl Drop for Level {
        fn drop(&mut self) {
            self.set(0);
        }
    }

    impl core::fmt::Debug for Clock {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str("Clock")
        }
    }

    impl core::fmt::Debug for Timer {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            write!(f, "Timer({:?})", self.1.elapsed())
        }
    }

    impl core::fmt::Debug for Dials {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            write!(f, "Dials({:?})", self.counted)
        }
    }
}
