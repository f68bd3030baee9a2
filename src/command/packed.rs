//! Bulk strings one after the other, without an allocation while they are few.

use alloc::vec::Vec;

use crate::resp::encode::Digits;

/// What fits without an allocation: a `SET` of a short key and a value of 64 bytes does.
const INLINE_LEN: usize = 110;

/// Bytes that grow: in place up to [`INLINE_LEN`], on the heap beyond.
#[derive(Clone)]
pub(super) enum Packed {
    Inline { len: u8, bytes: [u8; INLINE_LEN] },
    Heap(Vec<u8>),
}

impl Packed {
    pub(super) const fn new() -> Self {
        Self::Inline { len: 0, bytes: [0; INLINE_LEN] }
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Heap(bytes) => bytes,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, more: &[u8]) {
        match self {
            Self::Heap(bytes) => bytes.extend_from_slice(more),
            Self::Inline { len, bytes } => {
                let start = usize::from(*len);
                let end = start + more.len();
                if let Some(room) = bytes.get_mut(start..end) {
                    room.copy_from_slice(more);
                    *len = u8::try_from(end).unwrap_or(u8::MAX);
                } else {
                    self.spill(more);
                }
            }
        }
    }

    /// Puts bytes in between.
    pub(super) fn insert(&mut self, at: usize, more: &[u8]) {
        let tail = self.as_slice().get(at..).unwrap_or_default().to_vec();
        match self {
            Self::Heap(bytes) => bytes.truncate(at),
            Self::Inline { len, .. } => *len = u8::try_from(at).map_or(*len, |at| at.min(*len)),
        }
        self.push(more);
        self.push(&tail);
    }

    #[cold]
    fn spill(&mut self, more: &[u8]) {
        let mut heap = Vec::with_capacity((self.as_slice().len() + more.len()) * 2);
        heap.extend_from_slice(self.as_slice());
        heap.extend_from_slice(more);
        *self = Self::Heap(heap);
    }

    #[inline]
    pub(super) fn push_bulk_header(&mut self, len: usize) {
        with_line(b'$', u64::try_from(len).unwrap_or(u64::MAX), |line| self.push(line));
    }

    #[inline]
    pub(super) fn push_bulk(&mut self, content: &[u8]) {
        if let Self::Inline { len, bytes } = self
            && let Some(new_len) = write_short_bulk(bytes.get_mut(usize::from(*len)..), content)
        {
            *len += new_len;
            return;
        }
        self.push_long_bulk(content);
    }

    fn push_long_bulk(&mut self, content: &[u8]) {
        self.push_bulk_header(content.len());
        self.push(content);
        self.push(b"\r\n");
    }
}

/// Writes a bulk string of less than 100 bytes at the beginning of this room: its length, header
/// and end included. `None` if there is too little room, or the string is longer.
#[inline]
fn write_short_bulk(room: Option<&mut [u8]>, content: &[u8]) -> Option<u8> {
    let len = u8::try_from(content.len()).ok()?;
    let (header, rest) = if len < 10 {
        let (header, rest) = room?.split_first_chunk_mut::<4>()?;
        *header = [b'$', b'0' + len, b'\r', b'\n'];
        (4, rest)
    } else if len < 100 {
        let (header, rest) = room?.split_first_chunk_mut::<5>()?;
        *header = [b'$', b'0' + len / 10, b'0' + len % 10, b'\r', b'\n'];
        (5, rest)
    } else {
        return None;
    };
    let (place, rest) = rest.split_at_mut_checked(content.len())?;
    let (end, _) = rest.split_first_chunk_mut::<2>()?;
    place.copy_from_slice(content);
    *end = *b"\r\n";
    Some(header + len + 2)
}

/// Calls `take` with the array header of a command of `count` arguments.
#[inline]
pub(super) fn with_header<R>(count: u32, take: impl FnOnce(&[u8]) -> R) -> R {
    with_line(b'*', u64::from(count), take)
}

/// The length of the array header of a command of `count` arguments.
#[inline]
pub(super) fn header_len(count: u32) -> usize {
    if count < 10 {
        return 4;
    }
    let digits = count.ilog10() + 1;
    usize::try_from(digits).unwrap_or(0) + 3
}

/// Calls `take` with a line of a type byte and a number.
#[inline]
fn with_line<R>(kind: u8, number: u64, take: impl FnOnce(&[u8]) -> R) -> R {
    // Nearly all numbers have one digit or two.
    let digit = |number: u64| b'0' + u8::try_from(number).unwrap_or_default();
    match number {
        0..=9 => take(&[kind, digit(number), b'\r', b'\n']),
        10..=99 => take(&[kind, digit(number / 10), digit(number % 10), b'\r', b'\n']),
        _ => {
            let (line, len) = long_line(kind, number);
            take(line.get(..len).unwrap_or_default())
        }
    }
}

/// The same for any number: the line, and its length.
#[cold]
fn long_line(kind: u8, number: u64) -> ([u8; 23], usize) {
    let digits = Digits::of(number);
    let mut line = [0; 23];
    let mut len = 0;
    for byte in [kind].iter().chain(digits.as_bytes()).chain(b"\r\n") {
        if let Some(room) = line.get_mut(len) {
            *room = *byte;
            len += 1;
        }
    }
    (line, len)
}

/// Reads `*count\r\n`: the count that it tells and its own length.
pub(super) fn read_header(bytes: &[u8]) -> Option<(u32, usize)> {
    let line = bytes.strip_prefix(b"*")?;
    let len = line.iter().position(|byte| *byte == b'\r')?;
    let count = core::str::from_utf8(line.get(..len)?).ok()?.parse().ok()?;
    Some((count, len + 3)) // the `*` before the digits, CR LF after them
}

/// Reads `$len\r\n`: the length that it tells and its own length.
#[inline]
pub(super) fn read_bulk_header(bytes: &[u8]) -> Option<(usize, usize)> {
    let value = |digit: u8| usize::from(digit - b'0');
    match *bytes {
        [b'$', one @ b'0'..=b'9', b'\r', ..] => Some((value(one), 4)),
        [b'$', ten @ b'0'..=b'9', one @ b'0'..=b'9', b'\r', ..] => {
            Some((value(ten) * 10 + value(one), 5))
        }
        _ => read_long_header(bytes),
    }
}

#[cold]
fn read_long_header(bytes: &[u8]) -> Option<(usize, usize)> {
    let (b'$', digits) = bytes.split_first()? else { return None };
    let mut len = 0;
    for (index, byte) in digits.iter().enumerate() {
        if !byte.is_ascii_digit() {
            return Some((len, index + 3)); // the `$` before the digits, CR LF after them
        }
        len = len * 10 + usize::from(byte - b'0');
    }
    None
}
