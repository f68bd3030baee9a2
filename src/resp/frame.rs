//! One complete value as one reference-counted block of bytes.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::encode;
use super::value::{self, Pairs, Value};
use super::{Scan, Scanner};
use crate::config::Limits;
use crate::error::{ProtocolError, ServerError, Violation};

/// One complete value, with everything in it and the attributes before it, as it travelled.
///
/// Two frames are equal if their bytes are; `{:?}` shows the value, shortened.
///
/// **Invariant**: the bytes have passed a [`Scanner`]: reading cannot fail. **Cost**: a clone is
/// one reference count. Dropping frees one block, however deep the value nests. **Limit**: short
/// replies that came together share a block, so that one which is kept for long may keep 2 KiB; a
/// copy of its value keeps no more than itself.
///
/// ```
/// use hashslot::resp::Frame;
/// let frame = Frame::parse(&b"-MOVED 3999 127.0.0.1:6381\r\n"[..], &Default::default())?;
/// assert_eq!(frame.error().unwrap().code(), "MOVED");
/// # Ok::<(), hashslot::error::ProtocolError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Frame {
    bytes: Bytes,
}

impl Frame {
    /// The frame that these bytes are, all of them.
    ///
    /// # Errors
    /// What [`Scanner::scan`] refuses or skips; [`Violation::Truncated`] if the value is not
    /// complete, [`Violation::Trailing`] if bytes follow it. The producer of the bytes is at fault.
    pub fn parse(bytes: impl Into<Bytes>, limits: &Limits) -> Result<Self, ProtocolError> {
        let bytes = bytes.into();
        let (offset, violation) = match Scanner::new(*limits).scan(&bytes)? {
            Scan::Frame { len } if len == bytes.len() => return Ok(Self { bytes }),
            Scan::Frame { len } => (len, Violation::Trailing),
            Scan::More { .. } => (bytes.len(), Violation::Truncated),
            Scan::Broken { error, .. } | Scan::Skipped { error, .. } => return Err(error),
        };
        Err(ProtocolError { offset, violation })
    }

    /// The frame that a scanner has found: exactly its bytes.
    #[inline]
    pub(crate) fn from_scanned(bytes: Bytes) -> Self {
        debug_assert!(value::read(&bytes).is_some(), "these bytes have passed no scanner");
        Self { bytes }
    }

    /// The value, without the attributes before it.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        value::read(&self.bytes).map_or(Value::Null, |(value, _)| value)
    }

    /// What the server says about the value: the first attribute before it, if there is one.
    #[must_use]
    pub fn attributes(&self) -> Option<Pairs<'_>> {
        value::attributes(&self.bytes).map(|(pairs, _)| pairs)
    }

    /// The bytes as they travelled.
    #[must_use]
    pub const fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether the value is an error. Errors inside of it do not count.
    #[must_use]
    #[inline]
    pub fn is_error(&self) -> bool {
        matches!(self.kind(), Some(b'-' | b'!'))
    }

    /// Whether the value is a push: it answers no command.
    #[must_use]
    #[inline]
    pub fn is_push(&self) -> bool {
        self.kind() == Some(b'>')
    }

    /// The error that the value is. **Cost**: one reference count, which keeps the frame alive.
    #[must_use]
    pub fn error(&self) -> Option<ServerError> {
        let Value::Error(text) = self.value() else { return None };
        Some(ServerError::new(self.share(text)))
    }

    /// The same frame; of a long error no more than is shown of it, for those that are kept and may
    /// be many.
    pub(crate) fn shortened(self) -> Self {
        let Some(error) = self.error() else { return self };
        let (len, kept) = (error.as_bytes().len(), error.shortened());
        if kept.as_bytes().len() == len {
            return self;
        }
        let mut bytes = Vec::with_capacity(kept.as_bytes().len() + 3);
        encode::error(&mut bytes, kept.as_bytes());
        Self::from_scanned(bytes.into())
    }

    /// A part of this frame with a life of its own.
    ///
    /// **Cost**: one reference count, which keeps the whole frame alive. Bytes from elsewhere are
    /// copied.
    ///
    /// ```
    /// use hashslot::resp::Frame;
    /// let frame = Frame::parse(&b"$5\r\nhello\r\n"[..], &Default::default())?;
    /// let text = frame.share(frame.value().as_bytes().unwrap());
    /// assert_eq!(text, "hello");
    /// # Ok::<(), hashslot::error::ProtocolError>(())
    /// ```
    #[must_use]
    pub fn share(&self, part: &[u8]) -> Bytes {
        let start = part.as_ptr().addr().checked_sub(self.bytes.as_ptr().addr());
        let range = start.and_then(|start| Some(start..start.checked_add(part.len())?));
        match range {
            Some(range) if range.end <= self.bytes.len() => self.bytes.slice(range),
            _ => Bytes::copy_from_slice(part),
        }
    }

    /// Whether the value is a null of any kind. **Cost**: less than reading it.
    #[inline]
    pub(crate) fn is_null(&self) -> bool {
        match *self.bytes {
            [b'_', ..] | [b'$' | b'*', b'-', ..] => true,
            [b'|', ..] => self.value().is_null(),
            _ => false,
        }
    }

    /// The type of the value.
    #[inline]
    fn kind(&self) -> Option<u8> {
        match self.bytes.first() {
            Some(b'|') => self.kind_behind_attributes(),
            kind => kind.copied(),
        }
    }

    #[cold]
    fn kind_behind_attributes(&self) -> Option<u8> {
        value::without_attributes(&self.bytes).map(|(kind, _)| kind)
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Frame").field(&self.value()).finish()
    }
}
