//! What happened to a call: the caller's fault, the server's answer, or what failed on the way.

use alloc::string::String;

use super::{ConfigError, ConversionError, NodeFailures, Partial, ProtocolError, ServerError};
use super::{Disconnect, NodeFailure, SystemText};
use crate::slot::Slot;

/// What happened to a call that did not end with a reply.
///
/// [`ErrorKind`](super::ErrorKind) groups what programs treat alike.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The call cannot be sent as it is. The caller's fault; a retry does not help.
    #[error("not sent: {0}")]
    Rejected(#[from] Rejection),
    /// The server answered the command with this error.
    #[error("the server answered: {0}")]
    Server(#[from] ServerError),
    /// The network, a node or the cluster failed.
    #[error(transparent)]
    Failed(#[from] Cause),
    /// The command was split by slot, or sent to several nodes, and some parts failed. The others
    /// are done.
    #[error("{0}")]
    Partial(Partial),
    /// A limit of the configuration is reached: nothing was sent. Retry later.
    #[error("refused: the limit `{limit}` is reached, retry later")]
    Overloaded {
        /// The name of the field of the configuration.
        limit: &'static str,
    },
    /// The client was shut down before the command was sent.
    #[error("not sent: the client is shut down")]
    ShutDown,
    /// The reply arrived, but it is not of the type that the caller asked for.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
    /// The configuration of the client is wrong. The caller's fault.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Whether a command ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a command ran for sure only if its reply came")]
pub enum Ran {
    /// It provably did not run, and never will: it is safe to submit it again.
    No,
    /// It may have run, or may run yet. Submit it again only if running it twice does no harm.
    Maybe,
}

/// Why a call cannot be sent as it is. The caller's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The arguments do not have the shape of the command, or of the call.
    #[error("{0}")]
    Malformed(&'static str),
    /// The keys of the command, or of the transaction, are in more than one slot.
    #[error("the keys are in different slots ({0} and {1}), give them one hash tag")]
    CrossSlot(Slot, Slot),
    /// The command changes or holds the connection that all callers share.
    #[error("not allowed on a shared connection: {instead}")]
    NotAllowedHere {
        /// What to use instead.
        instead: &'static str,
    },
    /// The command concerns one node, and the call does not say which.
    #[error("it concerns one node: set the node as the target of the call")]
    NoTarget,
}

/// What failed on the way of a command: the network, a node, or the cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The time of the call was over.
    #[error("timed out")]
    TimedOut,
    /// The node of the command cannot be used.
    #[error(transparent)]
    Node(NodeFailure),
    /// The connection was lost.
    #[error("the connection was lost: {0}")]
    ConnectionLost(Disconnect),
    /// The connection was lost twice while this command was the first without an answer: sending
    /// it, or answering it, is likely to be the cause.
    #[error(
        "the connection was lost twice at this command: it, or its reply, may be too long for the node ({0})"
    )]
    LostTwice(Disconnect),
    /// A reply of the node cannot be used: it breaks the protocol, or a limit of
    /// [`Limits`](crate::config::Limits). If its end cannot be found its connection is closed, and
    /// what else was in flight there ends with this as well.
    #[error("unusable reply: {0}")]
    Protocol(ProtocolError),
    /// `MULTI` was refused, so that the commands behind it ran, or did not, each alone.
    #[error("MULTI was refused, and each command was sent alone: {0}")]
    NoTransaction(ServerError),
    /// No node serves the slot.
    #[error("no node serves the slot")]
    SlotUnassigned,
    /// The slot is being moved, for long: its keys are on two nodes.
    #[error("the slot is still migrating: its keys are on two nodes")]
    SlotMoving,
    /// The node that the caller named is no node of the cluster.
    #[error("the node is not part of the cluster")]
    UnknownNode,
    /// The call is for replicas, or for nodes of another kind, and there is none.
    #[error("the cluster has no node of this kind")]
    NoNode,
    /// No seed led to a cluster.
    #[error("no seed led to a cluster: {0}")]
    NoCluster(NodeFailures),
    /// The runtime cannot run a client, or has dropped it. The words of the runtime.
    #[error("the runtime cannot run a client{}", .0.after_colon())]
    Runtime(SystemText),
}

/// Names are shorter, those of unknown commands are cut.
const NAME_LEN_MAX: usize = 64;

/// A name that a caller gave, as it may be shown.
pub(super) fn shown_name(name: &str) -> String {
    let escaped = name.chars().flat_map(char::escape_default);
    escaped.take(NAME_LEN_MAX).collect()
}
