//! Bytes on their way out, and how many of them the transport took.
//!
//! Rules of this file: bytes leave in the order in which they were appended; positions count all
//! bytes of the link's life and never go back, so that `taken() >= end` says for ever whether a
//! command was handed over whole.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

use bytes::{Buf, Bytes};

use crate::command::{Command, Segment};
use crate::secret::Secret;

/// An emptied buffer larger than this is given back.
const KEPT_LEN: usize = 256 << 10;

/// The bytes that a link has to send.
#[derive(Default)]
pub(super) struct Outbox {
    /// What must leave before the tail: sealed tails, and large arguments between them.
    sealed: VecDeque<Bytes>,
    /// Where commands are appended.
    tail: Vec<u8>,
    /// How much of the tail has left already.
    tail_taken: usize,
    /// The position of the first byte that has not left.
    taken: u64,
    /// The position after the last byte.
    end: u64,
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

    /// Appends bytes, and tells the position after them.
    #[inline]
    pub(super) fn append(&mut self, bytes: &[u8]) -> u64 {
        self.tail.extend_from_slice(bytes);
        self.end += position(bytes.len());
        self.end
    }

    /// Appends a command, and tells the position after it.
    #[inline]
    pub(super) fn append_command(&mut self, command: &Command) -> u64 {
        command.each_segment(|segment| match segment {
            Segment::Small(bytes) => {
                self.append(bytes);
            }
            Segment::Large(bytes) => {
                self.seal();
                self.end += position(bytes.len());
                self.sealed.push_back(bytes.clone());
            }
        });
        self.end
    }

    /// Appends bytes that are overwritten once they have left, or need not leave any more. Tells
    /// the position after them.
    pub(super) fn append_secret(&mut self, bytes: Secret) -> u64 {
        if !bytes.as_slice().is_empty() {
            self.seal();
            self.end += position(bytes.as_slice().len());
            self.sealed.push_back(Bytes::from_owner(bytes));
        }
        self.end
    }

    /// Makes the tail the last of the sealed pieces.
    fn seal(&mut self) {
        let mut tail = Bytes::from(core::mem::take(&mut self.tail));
        tail.advance(core::mem::take(&mut self.tail_taken));
        if !tail.is_empty() {
            self.sealed.push_back(tail);
        }
    }

    /// Fills `slices` with what is to be sent next, and tells how many it filled.
    pub(super) fn sendable<'a>(&'a self, slices: &mut [&'a [u8]]) -> usize {
        let tail = self.tail.get(self.tail_taken..).filter(|tail| !tail.is_empty());
        let pieces = self.sealed.iter().map(Bytes::as_ref).chain(tail);
        let mut filled = 0;
        for (room, piece) in slices.iter_mut().zip(pieces) {
            *room = piece;
            filled += 1;
        }
        filled
    }

    /// The transport took `len` bytes. More than there are is as good as all.
    pub(super) fn sent(&mut self, len: usize) {
        let mut left = len.min(self.len());
        self.taken += position(left);
        while let Some(first) = self.sealed.front_mut() {
            if left < first.len() {
                first.advance(left);
                return;
            }
            left -= first.len();
            self.sealed.pop_front();
        }
        self.tail_taken += left;
        if self.tail_taken == self.tail.len() {
            self.tail_taken = 0;
            self.tail.clear();
            if self.tail.capacity() > KEPT_LEN {
                self.tail = Vec::new();
            }
        }
    }

    /// Takes back the bytes between two positions, none of which has left. Returns their number.
    /// The caller must subtract it from each later position that it remembers.
    pub(super) fn take_back(&mut self, start: u64, end: u64) -> u64 {
        debug_assert!(self.taken <= start && start <= end && end <= self.end, "bytes have left");
        let offset = |at: u64| usize::try_from(at - self.taken).unwrap_or(usize::MAX);
        let (start, end) = (offset(start), offset(end));
        self.seal();
        let mut at = 0;
        for mut piece in core::mem::take(&mut self.sealed) {
            let (first, last) = (at, at + piece.len());
            at = last;
            let after = piece.split_off(end.clamp(first, last) - first);
            piece.truncate(start.clamp(first, last) - first);
            self.sealed.extend([piece, after].into_iter().filter(|part| !part.is_empty()));
        }
        let len = position(end - start);
        self.end -= len;
        len
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

#[cfg(test)]
mod tests;
