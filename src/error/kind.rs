//! What kind of error a call ended with: for programs that decide by that alone.

use super::{Error, Why};
use crate::address::Address;
use crate::slot::Slot;

/// What kind of error a call ended with.
///
/// A kind groups errors that programs treat alike. Whether the command may have run is another
/// question: [`Error::may_have_executed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call cannot be sent as it is: malformed, keys in several slots, or a command that the
    /// client does not support. The caller's fault; a retry does not help.
    Rejected,
    /// The server answered with an error.
    Server,
    /// A connection failed, was lost or refused, or its node broke the protocol.
    Connection,
    /// The time of the call is over.
    Timeout,
    /// The cluster cannot serve the call: no seed answers, no node serves the slot, a node left.
    Cluster,
    /// Some parts of the call failed, others are done.
    Partial,
    /// A limit of the configuration is reached. Retry later.
    Overloaded,
    /// The client is shut down.
    ShutDown,
    /// The reply is not of the type that the caller asked for.
    Conversion,
}

impl Error {
    /// What kind of error this is.
    ///
    /// ```
    /// use hashslot::Error;
    /// use hashslot::error::ErrorKind;
    /// let error = Error::ShutDown;
    /// assert_eq!(error.kind(), ErrorKind::ShutDown);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Server(_) => ErrorKind::Server,
            Self::NotExecuted { why, .. } | Self::MaybeExecuted { why, .. } => why.kind(),
            Self::TimedOut { .. } => ErrorKind::Timeout,
            Self::Partial(_) => ErrorKind::Partial,
            Self::Overloaded { .. } => ErrorKind::Overloaded,
            Self::ShutDown => ErrorKind::ShutDown,
            Self::Conversion(_) => ErrorKind::Conversion,
        }
    }

    /// Whether the time of the call is over.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Whether a connection failed, was lost or refused, or its node broke the protocol.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        self.kind() == ErrorKind::Connection
    }

    /// The node that the error happened at, if there is one. Of a partial error, that of the first
    /// part that failed.
    #[must_use]
    pub fn node(&self) -> Option<&Address> {
        match self {
            Self::NotExecuted { node, .. }
            | Self::MaybeExecuted { node, .. }
            | Self::TimedOut { node, .. }
            | Self::Overloaded { node, .. } => node.as_ref(),
            Self::Partial(partial) => partial.first_error()?.node(),
            Self::Server(_) | Self::ShutDown | Self::Conversion(_) => None,
        }
    }

    /// The slot of the command, if it has one. Of a partial error, that of the first part that
    /// failed.
    #[must_use]
    pub fn slot(&self) -> Option<Slot> {
        match self {
            Self::NotExecuted { slot, .. }
            | Self::MaybeExecuted { slot, .. }
            | Self::TimedOut { slot, .. } => *slot,
            Self::Partial(partial) => partial.first_error()?.slot(),
            Self::Overloaded { .. } | Self::Server(_) | Self::ShutDown | Self::Conversion(_) => {
                None
            }
        }
    }
}

impl Why {
    const fn kind(&self) -> ErrorKind {
        match self {
            Self::CrossSlot(..)
            | Self::NotAllowedHere { .. }
            | Self::NoTarget(_)
            | Self::Malformed(_) => ErrorKind::Rejected,
            Self::ConnectFailed(_)
            | Self::ConnectionLost(_)
            | Self::LostTwice(_)
            | Self::Protocol(_)
            | Self::Handshake(_)
            | Self::NotPermitted { .. } => ErrorKind::Connection,
            Self::NoTransaction(_) => ErrorKind::Server,
            Self::SlotUnassigned
            | Self::SlotMoving
            | Self::UnknownNode
            | Self::NoNode
            | Self::NoCluster(_) => ErrorKind::Cluster,
        }
    }
}
