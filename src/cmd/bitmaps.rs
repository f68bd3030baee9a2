//! Bitmaps: strings as arrays of bits.

use alloc::format;
use alloc::vec::Vec;

use super::typed::{Typed, start, with_options};
use crate::command::{Arg, OneOrMore, ToArg};

with_options! {
    /// `BITCOUNT`, made by [`bitcount`]: in which part it counts.
    BitCount
}

/// Returns how many bits of the string at `key` are 1: `BITCOUNT`.
///
/// 0 if the key is missing. The options are methods of [`BitCount`].
///
/// **Since**: Redis 2.6. **Complexity**: O(n) in the length of the part.
///
/// ```
/// use hashslot::cmd::{self, BitCount};
/// let all: BitCount<u64> = cmd::bitcount("visited");
/// let last_byte: BitCount<u64> = cmd::bitcount("visited").bytes(-1, -1);
/// ```
pub fn bitcount(key: impl ToArg) -> BitCount<u64> {
    BitCount(start!("BITCOUNT").key(key))
}

impl<R> BitCount<R> {
    /// Only in these bytes, both inclusive; negative ones count from the end, -1 is the last byte.
    pub fn bytes(self, start: i64, end: i64) -> Self {
        Self(self.0.arg(start).arg(end))
    }

    /// Only in these bits, both inclusive; negative ones count from the end: `BIT`.
    ///
    /// **Since**: Redis 7.0.
    pub fn bits(self, start: i64, end: i64) -> Self {
        Self(self.0.arg(start).arg(end).arg("BIT"))
    }
}

/// An integer of a [`bitfield`]: how many bits it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BitType {
    /// With a sign, of 1 to 64 bits: `Signed(5)` is `i5`.
    Signed(u8),
    /// Without a sign, of 1 to 63 bits: `Unsigned(8)` is `u8`.
    Unsigned(u8),
}

impl ToArg for BitType {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::Signed(bits) => format!("i{bits}"),
            Self::Unsigned(bits) => format!("u{bits}"),
        }
        .into_arg()
    }
}

/// Where an integer of a [`bitfield`] begins: a number is that of its first bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BitOffset {
    /// At this bit, counted from 0.
    Bit(u64),
    /// Behind so many integers of the same type: `#`.
    Integer(u64),
}

impl ToArg for BitOffset {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::Bit(bit) => bit.to_arg(),
            Self::Integer(index) => format!("#{index}").into_arg(),
        }
    }
}

impl From<u64> for BitOffset {
    #[inline]
    fn from(bit: u64) -> Self {
        Self::Bit(bit)
    }
}

/// What [`BitField::set`] and [`BitField::incrby`] do with a value that has too many bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BitOverflow {
    /// Leaves out the bits that are too many: `WRAP`.
    Wrap,
    /// Takes the least or the greatest value instead: `SAT`.
    Saturate,
    /// Changes nothing, and returns `None`: `FAIL`.
    Fail,
}

impl ToArg for BitOverflow {
    /// The word of the server.
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::Wrap => "WRAP",
            Self::Saturate => "SAT",
            Self::Fail => "FAIL",
        }
        .into_arg()
    }
}

with_options! {
    /// `BITFIELD`, made by [`bitfield`]: what is done with the integers, in order.
    BitField
}

/// Reads and writes integers of any number of bits in the string at `key`: `BITFIELD`.
///
/// The operations are methods of [`BitField`]; each adds one to the list of results. A missing key
/// counts as a string of zeros. The string grows as needed.
///
/// **Since**: Redis 3.2. **Complexity**: O(1) for each operation.
///
/// ```
/// use hashslot::cmd::{self, BitField, BitOffset, BitOverflow, BitType};
/// let coins = BitType::Unsigned(32);
/// let command: BitField<Vec<Option<i64>>> = cmd::bitfield("player:1")
///     .get(coins, BitOffset::Integer(0))
///     .overflow(BitOverflow::Fail)
///     .incrby(coins, BitOffset::Integer(1), 900);
/// ```
pub fn bitfield(key: impl ToArg) -> BitField<Vec<Option<i64>>> {
    BitField(start!("BITFIELD").key(key))
}

impl<R> BitField<R> {
    /// Returns an integer: `GET`.
    pub fn get(self, of: BitType, offset: impl Into<BitOffset>) -> Self {
        Self(self.0.arg("GET").arg(of).arg(offset.into()))
    }

    /// Sets an integer and returns the former one: `SET`.
    pub fn set(self, of: BitType, offset: impl Into<BitOffset>, value: i64) -> Self {
        Self(self.0.arg("SET").arg(of).arg(offset.into()).arg(value))
    }

    /// Adds to an integer and returns the sum: `INCRBY`.
    pub fn incrby(self, of: BitType, offset: impl Into<BitOffset>, increment: i64) -> Self {
        Self(self.0.arg("INCRBY").arg(of).arg(offset.into()).arg(increment))
    }

    /// What the operations behind this one do with values of too many bits; without it they wrap:
    /// `OVERFLOW`.
    pub fn overflow(self, overflow: BitOverflow) -> Self {
        Self(self.0.arg("OVERFLOW").arg(overflow))
    }
}

with_options! {
    /// `BITFIELD_RO`, made by [`bitfield_ro`]: which integers are read, in order.
    BitFieldRo
}

/// The same as [`bitfield`] for a read, which replicas may answer: `BITFIELD_RO`.
///
/// **Since**: Redis 6.0. **Complexity**: O(1) for each operation.
pub fn bitfield_ro(key: impl ToArg) -> BitFieldRo<Vec<i64>> {
    BitFieldRo(start!("BITFIELD_RO").key(key))
}

impl<R> BitFieldRo<R> {
    /// Returns an integer: `GET`.
    pub fn get(self, of: BitType, offset: impl Into<BitOffset>) -> Self {
        Self(self.0.arg("GET").arg(of).arg(offset.into()))
    }
}

/// How the bits of several strings become one: for [`bitop`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BitOperation {
    /// 1 if all strings have a 1: `AND`.
    And,
    /// 1 if one of the strings or more have a 1: `OR`.
    Or,
    /// 1 if an odd number of strings have a 1: `XOR`.
    Xor,
    /// 1 if the only string has a 0: `NOT`.
    Not,
    /// 1 if the first string has a 1 and no other: `DIFF`. **Since**: Redis 8.2.
    Diff,
    /// 1 if another string has a 1 and the first has not: `DIFF1`. **Since**: Redis 8.2.
    Diff1,
    /// 1 if the first string has a 1, and another as well: `ANDOR`. **Since**: Redis 8.2.
    AndOr,
    /// 1 if exactly one string has a 1: `ONE`. **Since**: Redis 8.2.
    One,
}

impl ToArg for BitOperation {
    /// The word of the server.
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::And => "AND",
            Self::Or => "OR",
            Self::Xor => "XOR",
            Self::Not => "NOT",
            Self::Diff => "DIFF",
            Self::Diff1 => "DIFF1",
            Self::AndOr => "ANDOR",
            Self::One => "ONE",
        }
        .into_arg()
    }
}

/// Stores a string whose bits are made of those of other strings, and returns its length in bytes:
/// `BITOP`.
///
/// A missing key counts as a string of zeros, as does what a shorter string lacks. Replaces the
/// destination; deletes it if the result is empty. All keys have to be in one slot.
///
/// **Since**: Redis 2.6. **Complexity**: O(n) in the length of the strings.
///
/// ```
/// use hashslot::cmd::{self, BitOperation, Typed};
/// let both_days: Typed<u64> =
///     cmd::bitop(BitOperation::And, "{visited}both", ["{visited}mon", "{visited}tue"]);
/// ```
pub fn bitop(operation: BitOperation, destination: impl ToArg, keys: impl OneOrMore) -> Typed<u64> {
    start!("BITOP").arg(operation).arg(destination).args(keys)
}

with_options! {
    /// `BITPOS`, made by [`bitpos`]: in which part it looks.
    BitPos
}

/// Returns the number of the first bit of the string at `key` that is `bit`: `BITPOS`.
///
/// Bits count from 0; -1 if there is no such bit. Zeros follow a string without a 0, and a missing
/// key has only zeros. The options are methods of [`BitPos`].
///
/// **Since**: Redis 2.8.7. **Complexity**: O(n) in the length of the part.
pub fn bitpos(key: impl ToArg, bit: bool) -> BitPos<i64> {
    BitPos(start!("BITPOS").key(key).arg(bit))
}

impl<R> BitPos<R> {
    /// Looks from this byte on; a negative one counts from the end.
    pub fn bytes_from(self, start: i64) -> Self {
        Self(self.0.arg(start))
    }

    /// Looks only in these bytes, both inclusive; negative ones count from the end. No zeros
    /// follow.
    pub fn bytes(self, start: i64, end: i64) -> Self {
        Self(self.0.arg(start).arg(end))
    }

    /// Looks only in these bits, both inclusive; negative ones count from the end: `BIT`. No zeros
    /// follow.
    ///
    /// **Since**: Redis 7.0.
    pub fn bits(self, start: i64, end: i64) -> Self {
        Self(self.0.arg(start).arg(end).arg("BIT"))
    }
}

/// Returns a bit of the string at `key`: `GETBIT`.
///
/// Bits count from 0, which is the highest bit of the first byte. All bits behind the string are 0,
/// as are those of a missing key.
///
/// **Since**: Redis 2.2. **Complexity**: O(1).
pub fn getbit(key: impl ToArg, offset: u64) -> Typed<bool> {
    start!("GETBIT").key(key).arg(offset)
}

/// Sets a bit of the string at `key` and returns the former one: `SETBIT`.
///
/// The string grows as needed, up to 512 MB, with zeros before the bit.
///
/// **Since**: Redis 2.2. **Complexity**: O(1).
///
/// ```
/// use hashslot::cmd::{self, Typed};
/// let was_there: Typed<bool> = cmd::setbit("visited", 7, true);
/// ```
pub fn setbit(key: impl ToArg, offset: u64, bit: bool) -> Typed<bool> {
    start!("SETBIT").key(key).arg(offset).arg(bit)
}
