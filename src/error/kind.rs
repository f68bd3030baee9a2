//! What kind of error a call ended with: for programs that decide by that alone.

use core::fmt;

use super::{Cause, Error, Failure, NodeFailure};

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
    /// A node refuses the user or the password, or lacks the database. A retry does not help.
    Authentication,
    /// The time of the call is over.
    Timeout,
    /// The cluster cannot serve the call: no seed answers, no node serves the slot, a node left.
    Cluster,
    /// Some parts of the call failed, others are done.
    Partial,
    /// A limit of the configuration is reached. Retry later.
    Overloaded,
    /// The client is shut down, or its runtime has dropped it.
    ShutDown,
    /// The reply is not of the type that the caller asked for.
    Conversion,
    /// The configuration of the client is wrong. The caller's fault.
    Config,
}

impl ErrorKind {
    /// The kind in one word that stays the same, for logs and metrics: `timeout`, `shut_down`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Server => "server",
            Self::Connection => "connection",
            Self::Authentication => "authentication",
            Self::Timeout => "timeout",
            Self::Cluster => "cluster",
            Self::Partial => "partial",
            Self::Overloaded => "overloaded",
            Self::ShutDown => "shut_down",
            Self::Conversion => "conversion",
            Self::Config => "config",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error {
    /// What kind of error this is.
    ///
    /// ```
    /// use hashslot::Error;
    /// use hashslot::error::ErrorKind;
    /// assert_eq!(Error::shut_down().kind(), ErrorKind::ShutDown);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self.failure() {
            Failure::Rejected(_) => ErrorKind::Rejected,
            Failure::Server(_) => ErrorKind::Server,
            Failure::Failed(cause) => cause.kind(),
            Failure::Partial(_) => ErrorKind::Partial,
            Failure::Overloaded { .. } => ErrorKind::Overloaded,
            Failure::ShutDown => ErrorKind::ShutDown,
            Failure::Conversion(_) => ErrorKind::Conversion,
            Failure::Config(_) => ErrorKind::Config,
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
}

impl Cause {
    const fn kind(&self) -> ErrorKind {
        match self {
            Self::TimedOut => ErrorKind::Timeout,
            Self::Node(
                NodeFailure::Authentication(_)
                | NodeFailure::Permission { .. }
                | NodeFailure::Database { .. },
            ) => ErrorKind::Authentication,
            Self::Node(_) | Self::ConnectionLost(_) | Self::LostTwice(_) | Self::Protocol(_) => {
                ErrorKind::Connection
            }
            Self::NoTransaction(_) => ErrorKind::Server,
            Self::SlotUnassigned
            | Self::SlotMoving
            | Self::UnknownNode
            | Self::NoNode
            | Self::NoCluster(_) => ErrorKind::Cluster,
            Self::Runtime(_) => ErrorKind::ShutDown,
        }
    }
}
