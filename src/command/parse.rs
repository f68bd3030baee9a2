//! Commands from their bytes, and from lists of arguments.

use bytes::Bytes;

use super::{Command, LARGE_LEN, ToArg};
use crate::config::Limits;
use crate::error::ProtocolError;
use crate::resp::{Frame, Value};

/// Bytes, or a list, that are not a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The bytes are not one value of RESP, or more of it than the limits allow.
    #[error("not a command: {} at byte {}", .0.violation(), .0.offset())]
    Protocol(ProtocolError),
    /// The value is not an array of bulk strings: what it is, or what one of its elements is.
    #[error("not a command: expected an array of bulk strings, found: {0}")]
    Type(&'static str),
    /// There is no name.
    #[error("not a command: it has no name")]
    Empty,
}

impl Command {
    /// Reads a command as it travels: an array of bulk strings, the name first. What
    /// [`Command::to_bytes`] returns is read back as the same command.
    ///
    /// **Cost**: one pass over the bytes. Arguments of 1 KiB and more are not copied: they keep
    /// the memory of `bytes`.
    ///
    /// # Errors
    /// [`CommandError`] if the bytes are anything else: more than one value, a part of one, or a
    /// value of another type. The producer of the bytes is at fault.
    ///
    /// ```
    /// use hashslot::Command;
    /// let bytes = &b"*2\r\n$3\r\nget\r\n$6\r\nuser:1\r\n"[..];
    /// let command = Command::parse(bytes, &Default::default())?;
    /// assert_eq!(command.info().name, "GET");
    /// assert_eq!(command.keys().unwrap(), [b"user:1"]);
    /// # Ok::<(), hashslot::command::CommandError>(())
    /// ```
    pub fn parse(bytes: impl Into<Bytes>, limits: &Limits) -> Result<Self, CommandError> {
        let frame = Frame::parse(bytes, limits).map_err(CommandError::Protocol)?;
        let Value::Array(mut elements) = frame.value() else {
            return Err(CommandError::Type(frame.value().kind()));
        };
        let name = elements.next().ok_or(CommandError::Empty)?;
        let mut command = Self::new(bulk(name)?);
        for element in elements {
            match bulk(element)? {
                large if large.len() >= LARGE_LEN => command.push_large(frame.share(large)),
                small => command.push(small),
            }
        }
        Ok(command)
    }

    /// The command with these arguments, the name first.
    ///
    /// **Cost**: as [`Command::arg`] for each.
    ///
    /// # Errors
    /// [`CommandError::Empty`] if there is no argument.
    ///
    /// ```
    /// use hashslot::Command;
    /// let command = Command::from_arguments(["SET", "user:1", "ann"])?;
    /// assert_eq!(command.info().name, "SET");
    /// assert!(Command::from_arguments([0; 0]).is_err());
    /// # Ok::<(), hashslot::command::CommandError>(())
    /// ```
    pub fn from_arguments(arguments: impl IntoIterator<Item: ToArg>) -> Result<Self, CommandError> {
        let mut arguments = arguments.into_iter();
        let name = arguments.next().ok_or(CommandError::Empty)?;
        let command = name.to_arg().with_bytes(|name| Self::new(name));
        Ok(command.args(arguments))
    }
}

fn bulk(value: Value<'_>) -> Result<&[u8], CommandError> {
    if let Value::Bulk(text) = value { Ok(text) } else { Err(CommandError::Type(value.kind())) }
}
