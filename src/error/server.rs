//! The errors of servers: what they say, what it proves, and what of it may be shown.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::shown::{Shown, hide};

/// An error reply of a server.
///
/// **Shape**: a code in capitals and a text after a blank: `WRONGTYPE Operation against ..`.
/// Servers may send any bytes; [`as_bytes`](Self::as_bytes) has them verbatim. Two are equal if
/// their texts are.
///
/// **What is shown**: `Display` and `Debug` escape control characters and marks that change the
/// direction of writing, and cut after 256 characters. They leave out what the server repeats of
/// the arguments of a command that it does not know, and of commands that carry secrets (`AUTH`,
/// `HELLO`, `ACL SETUSER`, `CONFIG SET`, `MIGRATE`). Of the answer to the client's own password
/// only a known text is kept at all.
///
/// ```
/// use hashslot::ServerError;
/// let text = "ERR unknown command 'AUHT', with args beginning with: 's3cret' ";
/// let error = ServerError::new(text);
/// assert_eq!(error.to_string(), "ERR unknown command 'AUHT', with args beginning with ..");
/// assert!(error.text().contains("s3cret"));
/// let error = ServerError::new("ERR \u{1b}[2Jdone");
/// assert_eq!(error.to_string(), "ERR \\u{1b}[2Jdone");
/// ```
#[derive(Clone, Eq)]
pub struct ServerError {
    /// What is shown, if that is something else than what the server said; and what it said.
    bytes: Bytes,
    /// How many of the bytes are what is shown; 0 if that is what the server said.
    shown_len: u32,
}

/// So much is kept of an error that waits for its caller.
const KEPT_LEN_MAX: usize = 256;

impl ServerError {
    /// The error with this text (without the leading `-` or length, and without line end).
    #[must_use]
    pub fn new(text: impl Into<Bytes>) -> Self {
        Self { bytes: text.into(), shown_len: 0 }
    }

    /// The same error, to a command whose arguments may be secrets: what it repeats of them is not
    /// shown. `names` are the words that name the command.
    pub(crate) fn hiding<'a>(
        &self,
        names: &[&[u8]],
        arguments: impl Iterator<Item = &'a [u8]>,
    ) -> Self {
        let shown = hide(self.as_bytes(), names, arguments);
        let Ok(shown_len) = u32::try_from(shown.len()) else { return self.clone() };
        let mut bytes = Vec::with_capacity(shown.len() + self.as_bytes().len());
        bytes.extend_from_slice(shown.as_bytes());
        bytes.extend_from_slice(self.as_bytes());
        Self { bytes: bytes.into(), shown_len }
    }

    /// The same error, which keeps no more than 256 bytes of a long text: for errors that are kept,
    /// and may be many.
    pub(crate) fn shortened(self) -> Self {
        match self.bytes.get(..KEPT_LEN_MAX) {
            Some(kept) if self.shown_len == 0 && self.bytes.len() > KEPT_LEN_MAX => {
                Self { bytes: Bytes::copy_from_slice(kept), ..self }
            }
            _ => self,
        }
    }

    /// The first word, such as `WRONGTYPE` or `ERR`; empty if the text is, or if the word is not
    /// UTF-8.
    #[must_use]
    pub fn code(&self) -> &str {
        core::str::from_utf8(self.code_bytes()).unwrap_or_default()
    }

    /// The first word, byte by byte.
    pub(super) fn code_bytes(&self) -> &[u8] {
        self.as_bytes().split(|&byte| byte == b' ').next().unwrap_or_default()
    }

    /// The whole text as the server sent it, code included: nothing is left out or escaped.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.as_bytes())
    }

    /// The whole text as the server sent it, byte by byte.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.split().1
    }

    /// What is shown, empty if it is what the server said; and what it said.
    fn split(&self) -> (&[u8], &[u8]) {
        let shown_len = usize::try_from(self.shown_len).unwrap_or(usize::MAX);
        self.bytes.split_at_checked(shown_len).unwrap_or((&[], &self.bytes))
    }

    /// What is shown.
    fn shown(&self) -> Shown<'_> {
        match self.split() {
            ([], text) => Shown::of_bytes(text),
            (shown, _) => Shown::of_bytes(shown),
        }
    }
}

impl PartialEq for ServerError {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.shown(), f)
    }
}

impl core::error::Error for ServerError {}

impl fmt::Debug for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerError(\"{}\")", self.shown())
    }
}
