//! Errors: what happened, whose fault it is, and whether the command may have run.
//!
//! Rules of this file: every call ends in a reply or in exactly one [`Error`]; the error says what
//! happened, at which node and slot, and through [`Error::may_have_executed`] whether it is safe to
//! submit the command again. No error shows an argument, a key or a password; what a server says is
//! shown without control characters, and cut.

mod kind;
mod partial;
mod server;
mod system;
#[cfg(test)]
mod tests;
mod tls;
mod url;

use alloc::borrow::Cow;
use alloc::sync::Arc;
use core::fmt;

pub use self::kind::ErrorKind;
pub use self::partial::{Partial, PartialPart};
pub use self::server::ServerError;
pub use self::system::SystemText;
pub use self::tls::TlsFailure;
pub use self::url::{UrlError, UrlPart};
use crate::address::Address;
pub use crate::address::AddressError;
use crate::slot::Slot;

/// How a call ended, if not with a reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server's own error, verbatim. Whether the command ran depends on its code; a code that
    /// servers send only before they execute is no [`Error::may_have_executed`].
    #[error("the server answered: {0}")]
    Server(ServerError),
    /// The command provably did not run: it may be submitted again.
    #[error("not executed{}: {why}", Place(node.as_ref(), *slot))]
    NotExecuted {
        /// What happened.
        why: Why,
        /// The node that it happened at, if one was chosen already.
        node: Option<Address>,
        /// The slot of the command, if it has one.
        slot: Option<Slot>,
    },
    /// Every byte of the command was handed over and no reply came: it ran once or not at all.
    /// Submit it again only if running it twice does no harm.
    #[error("may have been executed{}: {why}", Place(node.as_ref(), *slot))]
    MaybeExecuted {
        /// What happened.
        why: Why,
        /// The node that had the command.
        node: Option<Address>,
        /// The slot of the command, if it has one.
        slot: Option<Slot>,
    },
    /// The deadline of the call passed.
    #[error("timed out{} while the command was {phase}", Place(node.as_ref(), *slot))]
    TimedOut {
        /// Whether the command had been handed over by then.
        phase: Phase,
        /// The node that the command waited for or was sent to.
        node: Option<Address>,
        /// The slot of the command, if it has one.
        slot: Option<Slot>,
    },
    /// The command was split by slot, or sent to several nodes, and not all parts succeeded. Those
    /// that did are done.
    #[error("{0}")]
    Partial(Partial),
    /// A limit of the configuration is reached: nothing was sent. Try again later.
    #[error("refused: the limit `{limit}` is reached{}", Place(node.as_ref(), None))]
    Overloaded {
        /// The name of the field of the configuration.
        limit: &'static str,
        /// The node whose queue is full; `None` for a limit of the whole client.
        node: Option<Address>,
    },
    /// The client was shut down before the command was sent.
    #[error("the client is shut down: the command was not sent")]
    ShutDown,
    /// The reply arrived, but it is not what the caller asked to have it converted to.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
}

impl Error {
    /// Whether the command may have run. If not, it is always safe to submit it again.
    #[must_use]
    pub fn may_have_executed(&self) -> bool {
        match self {
            Self::Server(error) => !error.is_refusal(),
            Self::TimedOut { phase, .. } => *phase == Phase::Sent,
            Self::MaybeExecuted { .. } | Self::Conversion(_) => true,
            Self::Partial(partial) => partial.may_have_executed(),
            Self::NotExecuted { .. } | Self::Overloaded { .. } | Self::ShutDown => false,
        }
    }

    /// The same error, for a command that was sent before, and may have run then.
    pub(crate) fn of_one_that_may_have_run(self) -> Self {
        match self {
            Self::Server(error) => Self::Server(error.proving_nothing()),
            Self::NotExecuted { why, node, slot } => Self::MaybeExecuted { why, node, slot },
            Self::TimedOut { node, slot, .. } => Self::TimedOut { phase: Phase::Sent, node, slot },
            Self::MaybeExecuted { .. }
            | Self::Partial(_)
            | Self::Overloaded { .. }
            | Self::ShutDown
            | Self::Conversion(_) => self,
        }
    }

    /// The same error, for a command that provably did not run.
    pub(crate) fn of_one_that_did_not_run(self) -> Self {
        if let Self::Server(error) = self {
            Self::Server(error.proving_that_nothing_ran())
        } else {
            self
        }
    }

    /// The server's own error, if that is what this is.
    #[must_use]
    pub fn server(&self) -> Option<&ServerError> {
        if let Self::Server(error) = self { Some(error) } else { None }
    }
}

/// How far a call had come when its deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Not all of its bytes were handed to the transport: it did not run and never will.
    Queued,
    /// All of its bytes were handed over: it may have run, or may run yet.
    Sent,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queued => "queued (it did not run)",
            Self::Sent => "sent (it may have run)",
        })
    }
}

/// Why a command did not run, or why the client cannot tell whether it ran.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// The connection could not be opened.
    #[error("cannot connect: {0}")]
    ConnectFailed(Disconnect),
    /// The connection was lost.
    #[error("the connection was lost: {0}")]
    ConnectionLost(Disconnect),
    /// The connection was lost twice while this command was the first without an answer: sending
    /// it, or answering it, is likely to be the cause.
    #[error(
        "the connection was lost twice at this command, which may be too long for the node, as may its reply: {0}"
    )]
    LostTwice(Disconnect),
    /// A reply of the node cannot be used: it breaks the protocol, or a limit of
    /// [`Limits`](crate::config::Limits). If its end cannot be found its connection is closed, and
    /// what else was in flight there ends with this as well.
    #[error("unusable reply: {0}")]
    Protocol(ProtocolError),
    /// The node refused to set up the connection: credentials, number of clients, and so on.
    #[error("the node refused the connection: {0}")]
    Handshake(ServerError),
    /// The user of the connection may not run a command that the client needs to set it up.
    #[error("the user has no permission to run {command}, which the connection needs: {error}")]
    NotPermitted {
        /// The command.
        command: &'static str,
        /// What the node said.
        error: ServerError,
    },
    /// `MULTI` was refused, so that the commands behind it ran, or did not, each alone.
    #[error("MULTI was refused, and each command was sent alone: {0}")]
    NoTransaction(ServerError),
    /// No node serves the slot.
    #[error("no node serves the slot")]
    SlotUnassigned,
    /// The slot is being moved, for long: its keys are on two nodes.
    #[error("the slot is still migrating: its keys are on two nodes")]
    SlotMoving,
    /// The keys of the command, or of the transaction, are in more than one slot.
    #[error(
        "its keys are in different slots ({0} and {1}); give keys that belong together one hash tag"
    )]
    CrossSlot(Slot, Slot),
    /// The command changes or holds the connection that all callers share.
    #[error("{command} is not allowed on a shared connection: {instead}")]
    NotAllowedHere {
        /// The command.
        command: Cow<'static, str>,
        /// What to use instead.
        instead: &'static str,
    },
    /// The command concerns one node, and the call does not say which.
    #[error("{0} concerns one node: set the node as the target of the call")]
    NoTarget(Cow<'static, str>),
    /// The command is malformed. The caller's fault.
    #[error("malformed command: {0}")]
    Malformed(&'static str),
    /// The node that the caller named is no node of the cluster.
    #[error("the node is not part of the cluster")]
    UnknownNode,
    /// The call is for replicas, or for nodes of another kind, and there is none.
    #[error("the cluster has no node of this kind")]
    NoNode,
    /// No seed led to a cluster.
    #[error("no seed led to a cluster: {0}")]
    NoCluster(NodeFailures),
}

/// Why each seed did not lead to a cluster, in the order in which they were asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFailures(pub(crate) Arc<[(Address, NodeFailure)]>);

impl NodeFailures {
    /// Every seed with its own reason.
    pub fn iter(&self) -> impl Iterator<Item = &(Address, NodeFailure)> {
        self.0.iter()
    }

    /// How many bytes they keep, about: each text is short.
    #[cfg(feature = "std")]
    pub(crate) fn held_len(&self) -> usize {
        self.0.len() * (size_of::<(Address, NodeFailure)>() + 256)
    }
}

impl fmt::Display for NodeFailures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none has answered yet");
        }
        for (index, (address, failure)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{address}: {failure}")?;
        }
        Ok(())
    }
}

/// Why one seed, or one node asked for the topology, gave no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeFailure {
    /// It could not be reached.
    #[error("cannot connect: {0}")]
    Unreachable(Disconnect),
    /// It accepted the connection and then did not answer in time.
    #[error("no answer in time")]
    NoAnswer,
    /// It refused the user name or password, or wants one and got none.
    #[error("authentication failed: {0}")]
    Authentication(ServerError),
    /// The user may not run a command that the client needs.
    #[error("no permission to run {command}: {error}")]
    Permission {
        /// The command.
        command: &'static str,
        /// What the node said.
        error: ServerError,
    },
    /// It does not have the database that the configuration asks for.
    #[error("database {database} cannot be used: {error}")]
    Database {
        /// The number of the database.
        database: u32,
        /// What the node said.
        error: ServerError,
    },
    /// It is a server, but not of a cluster.
    #[error("not a cluster node: {0}")]
    NotACluster(ServerError),
    /// It answered with an error.
    #[error("it answered: {0}")]
    Refused(ServerError),
    /// Its answer is not one: broken protocol, or a topology that makes no sense.
    #[error("unusable answer: {0}")]
    Unusable(Cow<'static, str>),
}

impl NodeFailure {
    /// Whether other credentials, or other permissions, would help.
    pub(crate) const fn is_about_user(&self) -> bool {
        matches!(self, Self::Authentication(_) | Self::Permission { .. })
    }

    /// Whether the node, or the system, has said no: asking again at once would be told the same. A
    /// node that does not answer, or is not ready yet, has not.
    pub(crate) const fn is_definite(&self) -> bool {
        let is_told = match self {
            Self::Unreachable(
                Disconnect::Refused
                | Disconnect::Unreachable
                | Disconnect::NameResolution(_)
                | Disconnect::Forbidden
                | Disconnect::Panicked(_),
            ) => true,
            // Without words it is the machine that has closed the connection.
            Self::Unreachable(Disconnect::Other(text)) => !text.is_empty(),
            Self::Unreachable(_)
            | Self::NoAnswer
            | Self::Authentication(_)
            | Self::Permission { .. }
            | Self::Database { .. }
            | Self::NotACluster(_)
            | Self::Refused(_)
            | Self::Unusable(_) => false,
        };
        is_told || self.is_permanent()
    }

    /// Whether a retry cannot help until the configuration of the client or the server changes.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::Authentication(_)
            | Self::Permission { .. }
            | Self::Database { .. }
            | Self::NotACluster(_) => true,
            Self::Unreachable(Disconnect::Tls(failure)) => failure.is_permanent(),
            Self::Unreachable(_) | Self::NoAnswer | Self::Refused(_) | Self::Unusable(_) => false,
        }
    }
}

/// How a connection ended, as the driver saw it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Disconnect {
    /// No process listens at the address.
    #[error("connection refused")]
    Refused,
    /// The host or its network cannot be reached.
    #[error("unreachable")]
    Unreachable,
    /// The name of the host has no address, or nothing could be learned about it: the words of the
    /// resolver.
    #[error("the host name cannot be resolved{}", .0.after_colon())]
    NameResolution(SystemText),
    /// It took too long: the dial, the handshake, or any sign of life.
    #[error("no answer in time")]
    TimedOut,
    /// The other side reset the connection.
    #[error("reset by the peer")]
    Reset,
    /// The other side closed the connection.
    #[error("closed by the peer")]
    EndOfStream,
    /// The connection could not be secured, or TLS broke on it.
    #[error("TLS failed: {0}")]
    Tls(TlsFailure),
    /// The application does not allow the address, or none of those that its name stands for.
    #[error("the application forbids to dial this address")]
    Forbidden,
    /// There were no credentials for the connection: who provides them failed.
    #[error("the provider of credentials failed")]
    Credentials,
    /// The transport panicked, while it dialled, read or wrote: the message of the panic. A fault
    /// of the application's own runtime or stream, or of what they stand on.
    #[error("the transport panicked{}", .0.after_colon())]
    Panicked(SystemText),
    /// Anything else, in the words of the system.
    #[error("input/output error{}", .0.after_colon())]
    Other(SystemText),
}

/// Bytes that are not RESP, or more of it than the limits allow. The server's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{violation} at byte {offset} of the reply")]
pub struct ProtocolError {
    /// Where in the reply: the number of bytes before the offence.
    pub(crate) offset: usize,
    /// What is wrong there.
    pub(crate) violation: Violation,
}

impl ProtocolError {
    /// The number of bytes of the reply before the offence.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What is wrong.
    #[must_use]
    pub const fn violation(&self) -> Violation {
        self.violation
    }
}

/// What is wrong with bytes that should be RESP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// No type begins with this byte.
    #[error("unknown type {byte:#04x}{hint}", byte = .0, hint = tls_hint(*.0))]
    UnknownType(u8),
    /// A line that does not end with CR LF, or has one of them inside.
    #[error("malformed line end")]
    LineEnd,
    /// A bulk string that is not followed by CR LF.
    #[error("malformed end of a bulk string")]
    BulkEnd,
    /// Something other than the integer or double that belongs there.
    #[error("malformed number")]
    Number,
    /// Something other than the length or number of elements that belongs there.
    #[error("malformed length")]
    Length,
    /// A length below zero where it has no meaning.
    #[error("negative length")]
    NegativeLength,
    /// A boolean, null, verbatim string or push whose content is not what its type allows.
    #[error("malformed value")]
    Malformed,
    /// Streamed strings and aggregates: no server sends them.
    #[error("streamed value")]
    Streamed,
    /// A push inside another value.
    #[error("push inside a value")]
    NestedPush,
    /// A reply beyond `max_frame_bytes`.
    #[error("reply larger than `max_frame_bytes`")]
    FrameTooLong,
    /// A reply to the client itself, or a message that is no reply, beyond the limit for its kind.
    #[error("larger than `max_handshake_bytes`, `max_topology_bytes` or `max_push_bytes` allows")]
    TooLongForItsKind,
    /// Replies that have begun to come have `max_received_bytes` together, and this one would bring
    /// more.
    #[error("incomplete replies have reached `max_received_bytes`")]
    NoRoom,
    /// Replies that wait for others of their call have `max_held_reply_bytes` together.
    #[error("replies that wait for others of their call have reached `max_held_reply_bytes`")]
    TooManyWait,
    /// More elements than `max_elements`.
    #[error("more elements than `max_elements`")]
    TooManyElements,
    /// Nesting beyond `max_depth`.
    #[error("nested deeper than `max_depth`")]
    TooDeep,
    /// Bytes after the end of the value.
    #[error("trailing bytes")]
    Trailing,
    /// The value is cut off.
    #[error("truncated value")]
    Truncated,
    /// A reply that answers no command the link has sent.
    #[error("reply without a command")]
    Unsolicited,
}

impl Violation {
    /// Whether the end of the frame can be found all the same, if it is near enough.
    pub(crate) const fn leaves_framing(self) -> bool {
        match self {
            Self::Number
            | Self::Malformed
            | Self::FrameTooLong
            | Self::TooLongForItsKind
            | Self::NoRoom
            | Self::TooManyWait
            | Self::TooManyElements
            | Self::TooDeep => true,
            Self::UnknownType(_)
            | Self::LineEnd
            | Self::BulkEnd
            | Self::Length
            | Self::NegativeLength
            | Self::Streamed
            | Self::NestedPush
            | Self::Trailing
            | Self::Truncated
            | Self::Unsolicited => false,
        }
    }
}

/// A reply that is not what the caller asked to have it converted to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConversionError {
    /// The reply is of another type.
    #[error("expected {expected}, got {got}")]
    Type {
        /// What the caller asked for.
        expected: &'static str,
        /// What the reply is.
        got: &'static str,
    },
    /// The reply is text that does not parse, a number out of range, or not UTF-8.
    #[error("cannot read the {got} as {expected}")]
    Content {
        /// What the caller asked for.
        expected: &'static str,
        /// What the reply is.
        got: &'static str,
    },
    /// An element of the reply is an error of the server.
    #[error("an element of the reply is an error: {0}")]
    Element(ServerError),
}

/// A mistake in the configuration. The caller's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no seed.
    #[error("no seed: at least one address of a cluster node is needed")]
    NoSeeds,
    /// A limit that cannot work.
    #[error("`{field}` {problem}")]
    Field {
        /// The field of the configuration.
        field: &'static str,
        /// What is wrong with its value.
        problem: &'static str,
    },
    /// The TLS configuration is unusable: a bad certificate, a bad key, or no cryptography.
    #[error("TLS: {0}")]
    Tls(Cow<'static, str>),
    /// A URL that cannot be read.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A URL asks for TLS, and the driver was built without it. The driver does not connect in
    /// clear text.
    #[error("the URL asks for TLS, but this client was built without the feature `tls`")]
    NoTls,
}

/// What a server that expects TLS answers to clear text begins with this byte: an alert.
const TLS_ALERT: u8 = 0x15;

fn tls_hint(byte: u8) -> &'static str {
    if byte == TLS_ALERT { " (a TLS alert: the server expects TLS at this port)" } else { "" }
}

/// ` at node` and ` for slot`, as far as they are known.
struct Place<'a>(Option<&'a Address>, Option<Slot>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(slot) = self.1 {
            write!(f, " for slot {slot}")?;
        }
        if let Some(node) = self.0 {
            write!(f, " at {node}")?;
        }
        Ok(())
    }
}
