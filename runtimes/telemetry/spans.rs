//! Spans of calls and events of the cluster, for `tracing`.
//!
//! Rules of this file: names and codes are reported only if they look like ones. Callers and
//! servers may put anything in their place, and texts of errors may quote passwords.

use crate::runtimes::std;

use std::borrow::Cow;
use std::string::String;

use tracing::field::Empty;
use tracing::{debug, debug_span, info, trace, warn};

use super::{Call, Event, Outcome};
use crate::error::{NodeFailure, ServerError};
use crate::{Command, Error, Reply, Slot};

const TARGET: &str = "hashslot";
/// Longer words are no names.
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
        self.span.record("outcome", if is_ok(outcome) { "ok" } else { "error" });
        match outcome {
            Ok(Reply::Pipeline(results)) => {
                self.failed(results.iter().filter(|end| end.is_err()));
            }
            Ok(Reply::PerNode(ends)) => {
                self.failed(ends.iter().filter(|(_, end)| end.is_err()));
            }
            Ok(Reply::Scan(page)) => {
                if let Err(error) = &page.keys {
                    self.error(error);
                }
            }
            Ok(Reply::One(_) | Reply::Ready) => {}
            Err(error) => self.error(error),
        }
    }

    fn error(&self, error: &Error) {
        self.span.record("error", error.kind().as_str());
        self.span.record("may_have_executed", error.may_have_executed());
        self.span.record("code", error.server().map(code));
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

/// Whether a call did what it was made for. A scan brings its error with it, and may go on.
fn is_ok(outcome: &Outcome) -> bool {
    match outcome {
        Ok(Reply::Scan(page)) => page.keys.is_ok(),
        Ok(_) => true,
        Err(_) => false,
    }
}

/// The name of a command. Bytes that cannot be a name are not reported: they may be secret.
fn command(command: &Command) -> Cow<'static, str> {
    match command.info().name {
        "" => Cow::Owned(String::from(word_or_other(&command.name().to_ascii_uppercase()))),
        name => Cow::Borrowed(name),
    }
}

/// The bytes, if they are a word, else "other": servers and callers may send anything.
fn word_or_other(bytes: &[u8]) -> &str {
    let is_usual = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let is_word = (1..=NAME_LEN_MAX).contains(&bytes.len()) && bytes.iter().all(is_usual);
    core::str::from_utf8(bytes).ok().filter(|_| is_word).unwrap_or("other")
}

/// The code of an error of a server.
fn code(error: &ServerError) -> &str {
    word_or_other(error.code().as_bytes())
}

fn slot(call: &Call) -> Option<Slot> {
    if call.kind() == "pipeline" {
        return None;
    }
    call.commands().iter().find_map(|command| command.slot().ok().flatten())
}

/// Emits an event. It has no parent: the call whose thread drives the machine is not its cause.
#[rustfmt::skip]
pub(super) fn emit(event: &Event) {
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
                let (failure, code) = failure_and_code(failure);
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
            %node, code = code(error), "a node refuses the new credentials"
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
                kind = first.and_then(|first| first.as_bytes()).map(word_or_other), "a node sent a push message"
            );
        }
    }
}

/// The failure of a node in a word, and the code of its error. Its text may quote a password.
fn failure_and_code(failure: &NodeFailure) -> (&'static str, Option<&str>) {
    match failure {
        NodeFailure::Unreachable(_) => ("unreachable", None),
        NodeFailure::NoAnswer => ("no_answer", None),
        NodeFailure::Authentication(error) => ("authentication", Some(code(error))),
        NodeFailure::Permission { error, .. } => ("permission", Some(code(error))),
        NodeFailure::Database { error, .. } => ("database", Some(code(error))),
        NodeFailure::NotACluster(error) => ("not_a_cluster", Some(code(error))),
        NodeFailure::Refused(error) => ("refused", Some(code(error))),
        NodeFailure::Unusable(_) => ("unusable", None),
    }
}
