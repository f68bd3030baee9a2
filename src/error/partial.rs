//! How the parts of a call ended of which some failed.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::Error;
use crate::address::Address;
use crate::slot::Slot;

/// What became of the parts of a command that was split by slot, or sent to several nodes, when not
/// all of them succeeded.
///
/// Those that succeeded are done, and stay so. Keys are told by their position among the keys of
/// the command, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partial {
    parts: Arc<[PartialPart]>,
}

/// One part: what was sent to one slot, or to one node.
#[derive(Clone, PartialEq, Eq)]
pub struct PartialPart {
    /// The reply as it travelled, or the error.
    pub(crate) result: Result<Bytes, Error>,
    pub(crate) node: Option<Address>,
    pub(crate) slot: Option<Slot>,
    pub(crate) keys: Vec<usize>,
}

impl Partial {
    pub(crate) fn new(parts: Vec<PartialPart>) -> Self {
        Self { parts: parts.into() }
    }

    /// All parts: by slot in ascending order, or node by node.
    #[must_use]
    pub fn parts(&self) -> &[PartialPart] {
        &self.parts
    }

    /// The error of the first part that failed. `None` if none did, and the replies differ where
    /// all had to be equal.
    #[must_use]
    pub fn first_error(&self) -> Option<&Error> {
        self.parts.iter().find_map(PartialPart::error)
    }

    /// The keys for which the command was executed.
    pub fn done(&self) -> impl Iterator<Item = usize> {
        self.keys(|part| part.result.is_ok())
    }

    /// The keys for which it provably was not: it may be sent again for them.
    pub fn not_done(&self) -> impl Iterator<Item = usize> {
        self.keys(|part| part.error().is_some_and(|error| !error.may_have_executed()))
    }

    /// The keys for which the client cannot tell whether the command ran.
    pub fn unknown(&self) -> impl Iterator<Item = usize> {
        self.keys(|part| part.error().is_some_and(Error::may_have_executed))
    }

    fn keys(&self, is_meant: impl Fn(&PartialPart) -> bool) -> impl Iterator<Item = usize> {
        let parts = self.parts.iter().filter(move |part| is_meant(part));
        parts.flat_map(|part| part.keys.iter().copied())
    }

    /// Whether any part may have run.
    pub(super) fn may_have_executed(&self) -> bool {
        self.parts.iter().any(|part| part.error().is_none_or(Error::may_have_executed))
    }
}

impl PartialPart {
    /// The error, if it failed.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.result.as_ref().err()
    }

    /// The node, if the part was for a certain one.
    #[must_use]
    pub const fn node(&self) -> Option<&Address> {
        self.node.as_ref()
    }

    /// The slot, if the part was for the keys of one.
    #[must_use]
    pub const fn slot(&self) -> Option<Slot> {
        self.slot
    }

    /// The positions of its keys, ascending.
    #[must_use]
    pub fn keys(&self) -> &[usize] {
        &self.keys
    }
}

impl fmt::Display for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, failed) =
            (self.parts.len(), self.parts.iter().filter_map(PartialPart::error).count());
        match self.first_error() {
            Some(error) => {
                write!(f, "{failed} of {count} parts failed, the first")?;
                error.fmt_behind(f, false)
            }
            None => write!(f, "{count} replies that had to be equal differ"),
        }
    }
}

impl fmt::Debug for PartialPart {
    /// Shows no reply: it may be long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut part = f.debug_struct("PartialPart");
        part.field("node", &self.node).field("slot", &self.slot).field("keys", &self.keys);
        part.field("error", &self.error()).finish_non_exhaustive()
    }
}
