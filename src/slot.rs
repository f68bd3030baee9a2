//! Which of the 16384 hash slots a key belongs to.
//!
//! The slot of a key is CRC16-XMODEM of its bytes, modulo [`SLOT_COUNT`]. If the key has a hash
//! tag, only the tag is hashed, so that an application can put related keys into one slot.
//! Source: cluster specification, "Key distribution model" and "Hash tags".

use core::fmt;

/// The number of hash slots in every cluster.
pub const SLOT_COUNT: u16 = 16_384;

/// A hash slot: `0..=16383`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u16);

impl Slot {
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
    pub fn of_key(key: &[u8]) -> Self {
        Self(crc16::State::<crc16::XMODEM>::calculate(hashed_part(key)) % SLOT_COUNT)
    }

    /// The number of the slot: `0..=16383`.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The number of the slot as an index into a table of [`SLOT_COUNT`] entries.
    #[must_use]
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

/// What of a key is hashed: the bytes between the first `{` and the first `}` after it if there
/// are any, else the whole key.
#[must_use]
pub fn hashed_part(key: &[u8]) -> &[u8] {
    let Some(open) = key.iter().position(|&byte| byte == b'{') else { return key };
    let (_, after_open) = key.split_at(open + 1);
    match after_open.iter().position(|&byte| byte == b'}') {
        Some(close) if close > 0 => after_open.split_at(close).0,
        _ => key,
    }
}
