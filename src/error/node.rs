//! Why a node cannot help: it is unreachable, refuses the client, or its answer is unusable.

use alloc::borrow::Cow;
use alloc::sync::Arc;
use core::fmt;

use super::{ServerError, SystemText, TlsFailure};
use crate::address::Address;

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
    /// What the node said, if it was an error.
    pub(crate) const fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Authentication(error)
            | Self::Permission { error, .. }
            | Self::Database { error, .. }
            | Self::NotACluster(error)
            | Self::Refused(error) => Some(error),
            Self::Unreachable(_) | Self::NoAnswer | Self::Unusable(_) => None,
        }
    }

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
