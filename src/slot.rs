//! Which of the 16384 hash slots a key belongs to.
//!
//! The slot of a key is CRC16-XMODEM of its bytes, modulo [`SLOT_COUNT`]. If the key has a hash
//! tag, only the tag is hashed, so that an application can put related keys into one slot.
//! Source: cluster specification, "Key distribution model" and "Hash tags".

use core::fmt;

use crc16::{CrcType, XMODEM};

/// The number of hash slots in every cluster.
pub const SLOT_COUNT: u16 = 16_384;

/// A hash slot: `0..=16383`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u16);

impl Slot {
    /// The least slot.
    pub(crate) const FIRST: Self = Self(0);

    /// The slot with this number, or `None` from [`SLOT_COUNT`] upward.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        if number < SLOT_COUNT { Some(Self(number)) } else { None }
    }

    /// The slot that a key is stored in.
    ///
    /// Any bytes are a key, the empty key included. Cost: linear in the length of what is hashed,
    /// no allocation.
    ///
    /// ```
    /// use hashslot::Slot;
    /// assert_eq!(Slot::of_key(b"foo").number(), 12182);
    /// assert_eq!(Slot::of_key(b"{user1000}.following"), Slot::of_key(b"user1000"));
    /// ```
    #[must_use]
    #[inline]
    pub fn of_key(key: &[u8]) -> Self {
        Self(checksum(hash_tag(key)) % SLOT_COUNT)
    }

    /// The number of the slot: `0..=16383`.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The number of the slot as an index into a table of [`SLOT_COUNT`] entries.
    #[must_use]
    #[inline]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slot({})", self.0)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<Slot> for u16 {
    fn from(slot: Slot) -> Self {
        slot.0
    }
}

/// The part of a key that is hashed: the bytes between the first `{` and the next `}` if there are
/// any, else the whole key.
#[must_use]
#[doc(alias = "hashtag")]
pub fn hash_tag(key: &[u8]) -> &[u8] {
    let Some(open) = find(b'{', key) else { return key };
    let (_, after_open) = key.split_at(open + 1);
    match find(b'}', after_open) {
        Some(close) if close > 0 => after_open.split_at(close).0,
        _ => key,
    }
}

/// Where a byte is first, looked for in eight bytes at a time: nearly all keys have no tag.
#[inline]
fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xff;
    let (blocks, tail) = bytes.as_chunks::<8>();
    for (index, block) in blocks.iter().enumerate() {
        let differs = u64::from_le_bytes(*block) ^ (ONES * u64::from(byte));
        // Nothing is left unless a byte is zero: only that borrows, and has no top bit of its own.
        // What it borrows from comes behind it.
        let zeros = differs.wrapping_sub(ONES) & !differs & (ONES << 7);
        if zeros != 0 {
            return Some(index * 8 + usize::try_from(zeros.trailing_zeros() / 8).unwrap_or(0));
        }
    }
    let in_tail = tail.iter().position(|&other| other == byte)?;
    Some(bytes.len() - tail.len() + in_tail)
}

/// CRC16-XMODEM: of whole blocks eight bytes at a time, whose look-ups do not wait for each other.
fn checksum(bytes: &[u8]) -> u16 {
    let (blocks, tail) = bytes.as_chunks::<8>();
    // The crate's state is what remains of the bytes themselves, which two zeros follow in the end.
    let of_blocks = blocks.iter().fold(XMODEM::init(), |before, block| {
        let [high, low] = before.to_be_bytes();
        let [first, second, third, fourth, fifth, sixth, last @ ..] = *block;
        followed::<7>(high)
            ^ followed::<6>(low)
            ^ followed::<5>(first)
            ^ followed::<4>(second)
            ^ followed::<3>(third)
            ^ followed::<2>(fourth)
            ^ followed::<1>(fifth)
            ^ followed::<0>(sixth)
            ^ u16::from_be_bytes(last)
    });
    XMODEM::get(XMODEM::update(of_blocks, tail))
}

/// The checksum of a byte that is followed by so many zeros.
#[inline]
fn followed<const ZEROS: usize>(byte: u8) -> u16 {
    const { &table(ZEROS) }.get(usize::from(byte)).copied().unwrap_or_default()
}

/// The checksums of all bytes that are followed by so many zeros.
const fn table(zeros: usize) -> [u16; 256] {
    const POLYNOMIAL: u16 = 0x1021;
    let mut table = [0; 256];
    let mut places: &mut [u16] = &mut table;
    let mut byte = 0_u16;
    while let Some((place, rest)) = places.split_first_mut() {
        let mut checksum = byte << 8;
        let mut bits = 8 * (zeros + 1);
        while bits > 0 {
            let carries = checksum & 0x8000 != 0;
            checksum <<= 1;
            if carries {
                checksum ^= POLYNOMIAL;
            }
            bits -= 1;
        }
        *place = checksum;
        places = rest;
        byte += 1;
    }
    table
}
