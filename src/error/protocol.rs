//! What is wrong with bytes that should be RESP.

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

/// What a server that expects TLS answers to clear text begins with this byte: an alert.
const TLS_ALERT: u8 = 0x15;

fn tls_hint(byte: u8) -> &'static str {
    if byte == TLS_ALERT { " (a TLS alert: the server expects TLS at this port)" } else { "" }
}
