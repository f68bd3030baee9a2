//! The bytes of the commands that a link owes replies to, and how many of them the transport took.
//!
//! Rules of this file: bytes leave in the order in which they were appended; positions count all
//! bytes of the link's life and never go back, so that `taken() >= end` says for ever whether a
//! command was handed over whole. Bytes that have left are kept until their command is answered:
//! nothing else has them, and they may have to leave once more. Large arguments and secrets stand
//! apart, and are not kept: who wrote them has them.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use bytes::{Buf, Bytes};

use crate::command::{Command, Segment};
use crate::secret::Secret;

/// An emptied buffer larger than this is given back.
const KEPT_LEN: usize = 256 << 10;
/// So many bytes of commands that were answered are not worth a move of those behind them.
const DEAD_LEN: usize = 4 << 10;

/// The bytes of commands, from the first that is not answered on.
#[derive(Default)]
#[cfg_attr(feature = "sim", derive(Clone))]
pub(super) struct Outbox {
    /// The bytes that do not stand apart. Some at the beginning may be of commands that were
    /// answered.
    kept: Vec<u8>,
    /// The bytes among them of the command that was answered last.
    last: Range<usize>,
    /// How many of them have left.
    kept_taken: usize,
    /// What stands apart, in order.
    apart: VecDeque<Apart>,
    /// How many of those have left whole.
    apart_taken: usize,
    /// The position after the last byte of the command that was answered last.
    answered: u64,
    /// The position of the first byte that has not left.
    taken: u64,
    /// The position after the last byte.
    end: u64,
}

#[cfg(feature = "sim")]
impl core::hash::Hash for Outbox {
    /// Without the bytes of commands that were answered: they decide only when memory is given up.
    fn hash<H: core::hash::Hasher>(&self, to: &mut H) {
        let Self { kept, last, kept_taken, apart, apart_taken, answered, taken, end } = self;
        let dead_len = last.end.min(*kept_taken);
        (kept.get(dead_len..), last.end - dead_len, kept_taken - dead_len).hash(to);
        (apart, apart_taken, answered, taken, end).hash(to);
    }
}

/// Bytes that stand apart from the others.
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
struct Apart {
    /// The position of the first one.
    at: u64,
    len: usize,
    /// Those that have not left.
    bytes: Bytes,
}

impl Apart {
    fn end(&self) -> u64 {
        self.at + position(self.len)
    }

    /// How many of its bytes are between two positions. Commands of a handshake share one secret.
    fn len_between(&self, start: u64, end: u64) -> usize {
        distance(start.max(self.at), end.min(self.end()))
    }
}

impl Outbox {
    /// The position of the first byte that the transport did not take yet.
    pub(super) const fn taken(&self) -> u64 {
        self.taken
    }

    /// The position after the last byte that was appended.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// The number of bytes that have not left.
    pub(super) fn len(&self) -> usize {
        usize::try_from(self.end - self.taken).unwrap_or(usize::MAX)
    }

    /// Appends a command, and tells the position after it.
    #[inline]
    pub(super) fn append_command(&mut self, command: &Command) -> u64 {
        command.each_segment(|segment| match segment {
            Segment::Small(bytes) => {
                self.kept.extend_from_slice(bytes);
                self.end += position(bytes.len());
            }
            Segment::Large(bytes) => self.append_apart(bytes.clone()),
        });
        self.end
    }

    /// Appends bytes that are overwritten once they have left, or need not leave any more. Tells
    /// the position after them.
    pub(super) fn append_secret(&mut self, bytes: Secret) -> u64 {
        if !bytes.as_slice().is_empty() {
            self.append_apart(Bytes::from_owner(bytes));
        }
        self.end
    }

    fn append_apart(&mut self, bytes: Bytes) {
        let len = bytes.len();
        self.apart.push_back(Apart { at: self.end, len, bytes });
        self.end += position(len);
    }

    /// Fills `slices` with what is to be sent next, and tells how many it filled.
    pub(super) fn sendable<'a>(&'a self, slices: &mut [&'a [u8]]) -> usize {
        let mut filled = 0;
        let mut fill = |piece: &'a [u8]| {
            if let Some(room) = slices.get_mut(filled).filter(|_| !piece.is_empty()) {
                *room = piece;
                filled += 1;
            }
        };
        let (mut at, mut rest) = (self.taken, self.kept.get(self.kept_taken..).unwrap_or_default());
        for apart in self.apart.range(self.apart_taken..) {
            let (before, behind) =
                rest.split_at_checked(distance(at, apart.at)).unwrap_or((rest, &[]));
            fill(before);
            fill(&apart.bytes);
            (at, rest) = (apart.end(), behind);
        }
        fill(rest);
        filled
    }

    /// The transport took `len` bytes. More than there are is as good as all.
    pub(super) fn sent(&mut self, len: usize) {
        let mut left = len.min(self.len());
        while let Some(apart) = self.apart.get_mut(self.apart_taken) {
            let before = left.min(distance(self.taken, apart.at));
            self.kept_taken += before;
            self.taken += position(before);
            left -= before;
            let own = left.min(apart.bytes.len());
            if apart.at > self.taken {
                return;
            }
            apart.bytes.advance(own);
            self.taken += position(own);
            left -= own;
            if !apart.bytes.is_empty() {
                return;
            }
            apart.bytes = Bytes::new(); // which may be a secret
            self.apart_taken += 1;
        }
        self.kept_taken += left;
        self.taken += position(left);
    }

    /// The command that ends at this position was answered, and those before it.
    #[inline]
    pub(super) fn answered(&mut self, end: u64) {
        let mut len = distance(self.answered, end);
        if !self.apart.is_empty() {
            len -= self.forget_apart(end);
        }
        self.answered = end;
        self.last = self.last.end..self.last.end + len;
    }

    /// The commands before a position were answered: how many bytes they have that stand apart.
    /// What was answered before it has left may have to leave all the same.
    #[cold]
    fn forget_apart(&mut self, end: u64) -> usize {
        let before = self.apart.iter().take_while(|apart| apart.at < end);
        let len = before.map(|apart| apart.len_between(self.answered, end)).sum();
        while self.apart_taken > 0 && self.apart.front().is_some_and(|apart| apart.end() <= end) {
            self.apart.pop_front();
            self.apart_taken -= 1;
        }
        len
    }

    /// The bytes of the command that was answered last, until [`Self::release`]. What stands apart
    /// is not among them.
    pub(super) fn last(&self) -> &[u8] {
        self.kept.get(self.last.clone()).unwrap_or_default()
    }

    /// Gives up the memory of commands that were answered, if it is worth while.
    #[inline]
    pub(super) fn release(&mut self) {
        let dead_len = self.last.end.min(self.kept_taken);
        if dead_len == self.kept.len() || dead_len > DEAD_LEN.max(self.kept.len() / 2) {
            self.release_first(dead_len);
        }
    }

    fn release_first(&mut self, len: usize) {
        self.kept.drain(..len);
        self.kept_taken -= len;
        let answered_len = self.last.end - len;
        self.last = answered_len..answered_len;
        if self.kept.is_empty() && self.kept.capacity() > KEPT_LEN {
            self.kept = Vec::new();
        }
        if self.apart.is_empty() && self.apart.capacity() > 0 {
            self.apart = VecDeque::new(); // an idle link is small
        }
    }

    /// Takes back the bytes between two positions, none of which has left. Returns their number.
    /// The caller must subtract it from each later position that it remembers.
    pub(super) fn take_back(&mut self, start: u64, end: u64) -> u64 {
        debug_assert!(self.taken <= start && start <= end && end <= self.end, "bytes have left");
        let range = self.kept_index(start)..self.kept_index(end);
        self.kept.drain(range);
        self.apart.retain(|apart| !(start..end).contains(&apart.at));
        let len = end - start;
        self.apart.iter_mut().filter(|apart| apart.at >= end).for_each(|apart| apart.at -= len);
        self.end -= len;
        len
    }

    /// Where the bytes begin that do not stand apart, from a position on that has not left.
    fn kept_index(&self, at: u64) -> usize {
        let apart = self.apart.range(self.apart_taken..).take_while(|apart| apart.at < at);
        let apart_len: usize = apart.map(|apart| apart.bytes.len()).sum();
        self.kept_taken + distance(self.taken, at) - apart_len
    }

    /// What is kept, from the command on that begins at this position.
    pub(super) fn into_kept(self, start: u64) -> Kept {
        let Self { kept, last, apart, answered, .. } = self;
        let mut all = Kept { bytes: kept, at: last.end, position: answered, apart };
        all.next(start);
        all
    }

    /// Checks that the bytes that are kept are those of the commands that are not answered.
    ///
    /// # Errors
    /// What does not hold.
    pub(super) fn verify(&self) -> Result<(), String> {
        let owed = self.apart.iter().map(|apart| apart.len_between(self.answered, self.end));
        let apart_len: usize = owed.sum();
        let len = (self.kept.len() - self.last.end) + apart_len;
        if len != distance(self.answered, self.end) {
            return Err(format!("{len} bytes are kept from {} to {}", self.answered, self.end));
        }
        let unsent = self.apart.range(self.apart_taken..).map(|apart| apart.bytes.len());
        let len = self.kept.len() - self.kept_taken + unsent.sum::<usize>();
        if len != self.len() {
            return Err(format!("{len} bytes wait, and are counted as {}", self.len()));
        }
        let ends = self.apart.iter().flat_map(|apart| [apart.at, apart.end()]);
        if !ends.is_sorted() {
            return Err("bytes stand apart in another order".into());
        }
        Ok(())
    }
}

/// The bytes of the commands that a lost link owes replies to.
pub(super) struct Kept {
    bytes: Vec<u8>,
    at: usize,
    position: u64,
    apart: VecDeque<Apart>,
}

impl Kept {
    /// The bytes of the next command, which ends at this position, without what stands apart.
    pub(super) fn next(&mut self, end: u64) -> Range<usize> {
        let mut len = distance(self.position, end);
        while let Some(apart) = self.apart.front().filter(|apart| apart.at < end) {
            len -= apart.len_between(self.position, end);
            if apart.end() > end {
                break;
            }
            self.apart.pop_front();
        }
        let start = self.at;
        self.at += len;
        self.position = end;
        start..self.at
    }

    /// All bytes, of which [`Self::next`] gave ranges.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl fmt::Debug for Outbox {
    /// Shows no bytes: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbox({} bytes)", self.len())
    }
}

fn position(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// How many bytes there are from a position to another; none if that is before it.
fn distance(from: u64, to: u64) -> usize {
    usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
