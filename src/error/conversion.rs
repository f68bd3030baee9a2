//! A reply that is not of the type that the caller asked for.

use super::ServerError;

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
