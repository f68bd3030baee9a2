//! Bytes that came in, and the frames in them.
//!
//! Rules of this file: a frame that lies whole in what was received is copied from there
//! ([`copies`]); only a frame that is still incomplete is kept, in a buffer that grows with what
//! has come and never with what a length promises, and whose room is lent for the rest; no byte is
//! scanned twice; of a frame that cannot be used nothing is kept. Behind a long frame room for
//! another one is lent, since long replies come in rows; what has come with that stays in the
//! buffer.

mod copies;
mod receive_buffer;

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use self::copies::Copies;
pub use self::receive_buffer::ReceiveBuffer;
pub(crate) use self::receive_buffer::{GROWTH_LEN, GROWTH_LEN_MIN};
use crate::config::Limits;
use crate::error::{ProtocolError, Violation};
use crate::resp::{Frame, Scan, Scanner};

/// A frame that came in several pieces is copied out of the buffer below this length, so that the
/// buffer can be used again; a longer one takes the buffer with it.
const COPIED_LEN: usize = 16 << 10;
/// A longer buffer is not kept when it is empty.
const KEPT_LEN: usize = 2 * COPIED_LEN;
/// What joins the beginning of a frame that may end anywhere: little is copied in vain.
const AHEAD_LEN: usize = 4 << 10;

/// Behind a frame of up to this length, and at least [`COPIED_LEN`], as much room is lent for the
/// next one. Where longer ones are read, their copies are in no cache anyway.
const LENT_LEN_MAX: usize = 256 << 10;
/// What the next frame may be longer, and what may come behind it.
const LENT_MORE: usize = 64;

/// What lacks at least this much is read straight into the buffer.
const ROOM_LEN_MIN: usize = 8 << 10;

/// Why there is no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The stream is lost: nothing tells where the next frame begins.
    Stream(ProtocolError),
    /// One frame cannot be used. The next one is sound.
    Frame {
        /// Whether it is a push, and answers no command.
        is_push: bool,
        /// Why it cannot be used.
        error: ProtocolError,
    },
}

impl From<ProtocolError> for Fault {
    fn from(error: ProtocolError) -> Self {
        Self::Stream(error)
    }
}

/// What a link has received.
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Inbox {
    scanner: Scanner,
    copies: Copies,
    /// The beginning of a frame that is not complete, or what came into room that was lent.
    buffer: Vec<u8>,
    /// Where in the buffer the next frame begins.
    start: usize,
    /// How many bytes of the buffer were received: what is behind them is room that was lent.
    received: usize,
    /// How much room is lent between two frames.
    lent_len: usize,
    /// How many bytes the frame lacks at least.
    needed: usize,
    /// Whether there are bytes in the buffer that were not scanned.
    is_fresh: bool,
    /// Whether a reply is being skipped that cannot be used. The buffer is empty then.
    skips_reply: bool,
    /// The same of a push.
    skips_push: bool,
}

impl Inbox {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            scanner: Scanner::new(limits),
            copies: Copies::default(),
            buffer: Vec::new(),
            start: 0,
            received: 0,
            lent_len: 0,
            needed: 0,
            is_fresh: false,
            skips_reply: false,
            skips_push: false,
        }
    }

    /// Room for what a long frame lacks, or for the next one if another is owed; where there is
    /// none it grows by so much.
    pub(super) fn room(&mut self, growth_len: usize, owes: bool) -> Option<ReceiveBuffer<'_>> {
        if self.received == 0 && owes && self.lent_len > 0 && !self.skips_reply && !self.skips_push
        {
            let Self { buffer, lent_len, .. } = self;
            return Some(ReceiveBuffer { buffer, received: 0, needed: *lent_len, growth_len });
        }
        let lends = self.received > 0 && !self.is_fresh && self.needed > 0;
        // Room that was lent and not filled goes on being lent.
        if !lends || (self.needed < ROOM_LEN_MIN && self.buffer.len() == self.received) {
            return None;
        }
        let Self { buffer, received, needed, .. } = self;
        Some(ReceiveBuffer { buffer, received: *received, needed: *needed, growth_len })
    }

    /// So many bytes were received in the room that was lent. Whether there was room for any.
    pub(super) fn fill(&mut self, len: usize) -> bool {
        let len = len.min(self.buffer.len().saturating_sub(self.received));
        self.received += len;
        self.needed = self.needed.saturating_sub(len);
        self.is_fresh |= len > 0;
        len > 0
    }

    /// Has replies be no longer than this from the next one on.
    pub(super) fn set_reply_len_max(&mut self, len_max: usize) {
        if (self.received == 0 || self.is_fresh) && !self.skips_reply && !self.skips_push {
            self.scanner.set_reply_len_max(len_max);
        }
    }

    /// How many bytes are kept of a frame that is not complete.
    pub(super) const fn held_len(&self) -> usize {
        self.received - self.start
    }

    /// How many bytes there is room for, those that are kept included.
    pub(super) const fn reserved_len(&self) -> usize {
        self.buffer.capacity()
    }

    /// Gives the frame up that is not complete: the rest of it is read past.
    #[cold]
    pub(super) fn give_up(&mut self, why: Violation) -> Result<(), ProtocolError> {
        let found = self.scanner.give_up(why, held(&self.buffer, self.start, self.received))?;
        self.forget();
        self.note_unusable(found).unwrap_or_default(); // its end has not come
        Ok(())
    }

    /// Whether what comes next is the rest of a push.
    pub(super) fn is_in_push(&self) -> bool {
        self.skips_push || held(&self.buffer, self.start, self.received).first() == Some(&b'>')
    }

    /// Whether a part of a reply has come that cannot be used.
    pub(super) const fn skips_reply(&self) -> bool {
        self.skips_reply
    }

    /// The next frame, with `data` cut by what was used of it; `None` if all of it was used and no
    /// frame is complete. After [`Fault::Frame`] there may be more. For what a length promises
    /// there is room for `growth_len` more at a time, or for as much as has come.
    #[inline]
    pub(super) fn next(
        &mut self,
        data: &mut &[u8],
        growth_len: usize,
    ) -> Result<Option<Frame>, Fault> {
        if self.received == 0 {
            if data.is_empty() {
                return Ok(None);
            }
            match self.scanner.scan(data) {
                Ok(Scan::Frame { len }) => {
                    let frame = self.copies.take(data, len);
                    self.lent_len = lent_behind(len);
                    *data = data.get(len..).unwrap_or_default();
                    return Ok(Some(Frame::from_scanned(frame)));
                }
                Ok(Scan::More { needed }) => self.keep(data, needed, growth_len),
                Ok(found) => return self.drop_data(found, data),
                Err(error) => return Err(error.into()),
            }
        }
        let all = *data;
        loop {
            if !self.is_fresh {
                if data.is_empty() {
                    return Ok(None);
                }
                self.receive(data);
            }
            self.is_fresh = false;
            match self.scanner.scan(held(&self.buffer, self.start, self.received))? {
                Scan::Frame { len } => {
                    self.give_back(len, all, data);
                    return Ok(Some(self.take(len)));
                }
                Scan::More { needed } => {
                    self.copies.forget(); // what follows may be no copy
                    self.buffer.drain(..self.start);
                    self.received -= core::mem::take(&mut self.start);
                    self.grow(needed, growth_len);
                }
                found @ (Scan::Broken { .. } | Scan::Skipped { .. }) => {
                    return self.drop_buffer(found, all, data, growth_len);
                }
            }
        }
    }

    /// Drops what a frame that cannot be used has of the data, which were scanned.
    #[cold]
    fn drop_data(&mut self, found: Scan, data: &mut &[u8]) -> Result<Option<Frame>, Fault> {
        let used = if let Scan::Broken { len, .. } = found { len } else { data.len() };
        *data = data.get(used..).unwrap_or_default();
        self.copies.forget();
        self.note_unusable(found)?;
        Ok(None)
    }

    /// Drops what a frame that cannot be used has of the buffer, which was scanned. Of `all` that
    /// came last, the buffer did not take `data`.
    #[cold]
    fn drop_buffer<'a>(
        &mut self,
        found: Scan,
        all: &'a [u8],
        data: &mut &'a [u8],
        growth_len: usize,
    ) -> Result<Option<Frame>, Fault> {
        self.copies.forget();
        let len = if let Scan::Broken { len, .. } = found { len } else { self.held_len() };
        self.give_back(len, all, data);
        self.pass(len);
        self.note_unusable(found)?;
        self.next(data, growth_len)
    }

    /// The next frame has so many bytes. What is behind them in the buffer was not used if it has
    /// just come with `data`, which is what is left of `all`; else it stays.
    fn give_back<'a>(&mut self, len: usize, all: &'a [u8], data: &mut &'a [u8]) {
        let behind = self.held_len() - len;
        if behind <= all.len() - data.len() {
            *data = all.get(all.len() - data.len() - behind..).unwrap_or_default();
            self.received -= behind;
        }
    }

    /// So many bytes of the buffer are dealt with.
    fn pass(&mut self, len: usize) {
        self.start += len;
        self.needed = 0;
        self.is_fresh = self.start < self.received;
        if !self.is_fresh {
            (self.start, self.received) = (0, 0);
            if self.buffer.capacity() > KEPT_LEN {
                self.buffer = Vec::new();
            }
            self.buffer.clear();
        }
    }

    /// Nothing of the buffer is of use.
    fn forget(&mut self) {
        self.pass(self.held_len());
        self.buffer = Vec::new();
    }

    fn note_unusable(&mut self, found: Scan) -> Result<(), Fault> {
        (self.skips_reply, self.skips_push) = (false, false);
        match found {
            Scan::Broken { is_push, error, .. } => Err(Fault::Frame { is_push, error }),
            Scan::Skipped { is_push, .. } => {
                (self.skips_reply, self.skips_push) = (!is_push, is_push);
                Ok(())
            }
            Scan::Frame { .. } | Scan::More { .. } => Ok(()),
        }
    }

    /// Takes bytes into the buffer: of a long string just what it lacks, so that it has its buffer
    /// to itself; else some more, for what it lacks is not known as a rule.
    fn receive(&mut self, data: &mut &[u8]) {
        self.buffer.truncate(self.received);
        let len = self.needed.max(AHEAD_LEN);
        let (more, rest) = data.split_at_checked(len).unwrap_or((data, &[]));
        self.buffer.extend_from_slice(more);
        self.received = self.buffer.len();
        *data = rest;
    }

    fn keep(&mut self, data: &mut &[u8], needed: usize, growth_len: usize) {
        self.copies.forget();
        self.buffer.clear(); // of room that was lent and not filled
        self.grow(data.len().saturating_add(needed), growth_len.max(data.len()));
        self.needed = needed;
        self.buffer.extend_from_slice(data);
        self.received = self.buffer.len();
        *data = &[];
    }

    fn grow(&mut self, needed: usize, growth_len: usize) {
        self.needed = needed;
        let more = needed.saturating_sub(self.buffer.len() - self.received);
        let spare = self.buffer.capacity() - self.buffer.len();
        if more < ROOM_LEN_MIN {
            self.buffer.reserve(more);
        } else if spare < ROOM_LEN_MIN {
            self.buffer.reserve_exact(more.min(self.buffer.len().max(growth_len)));
        }
    }

    /// The next frame in the buffer.
    fn take(&mut self, len: usize) -> Frame {
        self.lent_len = lent_behind(len);
        if len >= COPIED_LEN && self.start == 0 {
            let behind = held(&self.buffer, len, self.received).to_vec();
            self.buffer.truncate(len);
            let frame = without_spare(core::mem::replace(&mut self.buffer, behind));
            (self.received, self.needed) = (self.buffer.len(), 0);
            self.is_fresh = self.received > 0;
            return Frame::from_scanned(frame);
        }
        let frame = self.copies.take(held(&self.buffer, self.start, self.received), len);
        self.pass(len);
        Frame::from_scanned(frame)
    }
}

/// How much room is lent behind a frame.
#[inline]
const fn lent_behind(len: usize) -> usize {
    if len >= COPIED_LEN && len <= LENT_LEN_MAX { len + LENT_MORE } else { 0 }
}

/// What was received and is not dealt with.
#[inline]
fn held(buffer: &[u8], start: usize, received: usize) -> &[u8] {
    buffer.get(start..received).unwrap_or_default()
}

/// The bytes of a buffer without its spare capacity, which would live as long as the bytes do.
fn without_spare(mut buffer: Vec<u8>) -> Bytes {
    if buffer.capacity() - buffer.len() > buffer.len() / 16 {
        buffer.shrink_to_fit();
    }
    buffer.into()
}

impl fmt::Debug for Inbox {
    /// Shows no bytes: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({} bytes)", self.buffer.len())
    }
}

#[cfg(test)]
mod tests;
