//! Frames that lie whole in what came in, copied from there.
//!
//! Rules of this file: the commonest ones need no memory; short ones that came together share a
//! block of memory, so that a reply which is kept for long keeps its neighbours, and no more of
//! them than one block holds; all others have memory of their own.

use bytes::{Buf, Bytes};

/// The longest frame of those that are kept in memory of one size: a value of 64 bytes fits well.
const SHORT_LEN: usize = 103;
/// What short frames that came together share.
pub(super) const BLOCK_LEN: usize = 2 << 10;
/// The longest frame that shares a block.
const SHARED_LEN: usize = BLOCK_LEN / 4;

/// Copies of frames that come one after the other.
#[derive(Default)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Copies {
    /// What was copied already of the bytes behind the last frame.
    block: Bytes,
}

impl Copies {
    /// A copy of the frame that is `data` up to `len`. What is behind it came with it, and comes
    /// next.
    pub(super) fn take(&mut self, data: &[u8], len: usize) -> Bytes {
        debug_assert!(data.starts_with(&self.block), "another frame comes next");
        let (frame, behind) = data.split_at_checked(len).unwrap_or((data, &[]));
        if let Some(common) = common(frame) {
            self.block.advance(len.min(self.block.len()));
            return Bytes::from_static(common);
        }
        if self.block.len() < len {
            if behind.is_empty() || len > SHARED_LEN {
                self.forget();
                return alone(frame);
            }
            self.block = Bytes::copy_from_slice(data.get(..BLOCK_LEN).unwrap_or(data));
        }
        self.block.split_to(len)
    }

    /// What comes next is not what was behind the last frame.
    pub(super) fn forget(&mut self) {
        self.block = Bytes::new();
    }
}

/// A copy of a frame, with memory of its own.
fn alone(frame: &[u8]) -> Bytes {
    Short::of(frame).map_or_else(|| Bytes::copy_from_slice(frame), Bytes::from_owner)
}

/// The commonest frames.
fn common(frame: &[u8]) -> Option<&'static [u8]> {
    Some(match frame {
        b"+OK\r\n" => b"+OK\r\n",
        b":0\r\n" => b":0\r\n",
        b":1\r\n" => b":1\r\n",
        b"$-1\r\n" => b"$-1\r\n",
        b"_\r\n" => b"_\r\n",
        b"+PONG\r\n" => b"+PONG\r\n",
        b"+QUEUED\r\n" => b"+QUEUED\r\n",
        _ => return None,
    })
}

/// The bytes of a short frame. `Bytes` that own their memory allocate a reference count once a part
/// of them is shared. `Bytes` with an owner have the count from the beginning.
struct Short {
    len: u8,
    bytes: [u8; SHORT_LEN],
}

impl Short {
    fn of(frame: &[u8]) -> Option<Self> {
        let mut bytes = [0; SHORT_LEN];
        bytes.get_mut(..frame.len())?.copy_from_slice(frame);
        Some(Self { len: u8::try_from(frame.len()).ok()?, bytes })
    }
}

impl AsRef<[u8]> for Short {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}
