//! One complete value as one reference-counted block of bytes.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::value::{self, Pairs, Value};
use super::{Scan, Scanner};
use super::{convert, encode};
use crate::config::{Limits, Protocol};
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

    /// A null, which needs no memory.
    pub(crate) const NULL: Self = Self { bytes: Bytes::from_static(b"_\r\n") };

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

    /// The frame as a server would write it for a client of this protocol version.
    ///
    /// This is for proxies: one client reads replies in RESP3, and clients of the proxy speak
    /// either version. Types that a version lacks become those that servers write in their place,
    /// at every depth:
    ///
    /// | RESP3 | RESP2 |
    /// | --- | --- |
    /// | map | array of keys and values in turn |
    /// | set, push | array |
    /// | double, big number | bulk string of the same digits |
    /// | boolean | integer 1 or 0 |
    /// | verbatim string | bulk string, without the format |
    /// | bulk error | error line; CR and LF become blanks |
    /// | null | `$-1` |
    /// | attribute | nothing |
    ///
    /// From RESP2 to RESP3, `$-1` and `*-1` become `_`, and all else stays. An array may have been
    /// a map and a bulk string a double, but nothing in the frame says so.
    ///
    /// **Limit**: the types change, and the nesting does not. Servers nest some replies
    /// differently: `WITHSCORES`, `WITHVALUES` and the count of `ZPOPMIN` and `ZPOPMAX` yield pairs
    /// in RESP3 and a flat array in RESP2, `XREAD` and `XREADGROUP` a map and an array of pairs.
    /// For some commands the null of RESP2 is `*-1`. The frame does not tell its command, so none
    /// of these is imitated. The new frame has at most twice as many bytes and elements, and may
    /// therefore exceed [`Limits`] that this one kept.
    ///
    /// **Cost**: one walk over the frame. If nothing changes, the result shares the bytes of this
    /// frame; otherwise they are copied.
    ///
    /// ```
    /// use hashslot::config::Protocol;
    /// use hashslot::resp::Frame;
    ///
    /// let frame = Frame::parse(&b"%1\r\n$5\r\nscore\r\n,1.5\r\n"[..], &Default::default())?;
    /// let old = frame.to_protocol(Protocol::Resp2);
    /// assert_eq!(old.as_bytes(), &b"*2\r\n$5\r\nscore\r\n$3\r\n1.5\r\n"[..]);
    /// assert_eq!(frame.to_protocol(Protocol::Resp3), frame);
    /// # Ok::<(), hashslot::error::ProtocolError>(())
    /// ```
    #[must_use]
    pub fn to_protocol(&self, protocol: Protocol) -> Self {
        let mut out = Vec::new();
        if convert::rewrite(&self.bytes, protocol, &mut out) {
            return Self::from_scanned(out.into());
        }
        self.clone()
    }

    /// Appends the bytes of [`to_protocol`](Self::to_protocol), for programs that collect replies
    /// in a buffer of their own.
    ///
    /// **Cost**: one walk and one copy.
    ///
    /// ```
    /// use hashslot::config::Protocol;
    /// use hashslot::resp::Frame;
    ///
    /// let replies = [&b"#t\r\n"[..], b"_\r\n", b"+OK\r\n"];
    /// let mut out = Vec::new();
    /// for reply in replies {
    ///     Frame::parse(reply, &Default::default())?.write_as(Protocol::Resp2, &mut out);
    /// }
    /// assert_eq!(out, b":1\r\n$-1\r\n+OK\r\n");
    /// # Ok::<(), hashslot::error::ProtocolError>(())
    /// ```
    pub fn write_as(&self, protocol: Protocol, out: &mut Vec<u8>) {
        if !convert::rewrite(&self.bytes, protocol, out) {
            out.extend_from_slice(&self.bytes);
        }
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
