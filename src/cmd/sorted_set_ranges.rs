//! Ranges of sorted sets: members by their ranks, by their scores, or by their texts.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{Bound, Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use super::typed::{Typed, start, with_options};
use crate::command::{Command, FromValue, ToArg};

/// Members by their ranks: a Rust range of `i64`, or the ranks of the first and the last member.
///
/// The member with the lowest score has the rank 0. Negative ranks count from the end: -1 is the
/// last member.
///
/// | range | members |
/// | --- | --- |
/// | `..` | all |
/// | `0..10`, `..10` | the first ten |
/// | `-3..` | the last three |
/// | `..-1` | all but the last |
/// | `(1, -2)` | all but the first and the last; a pair includes both of its ranks |
/// | `0..0` | none |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankRange {
    first: i64,
    last: i64,
}

impl RankRange {
    const NONE: Self = Self { first: 1, last: 0 };

    /// The ranks from `first` on that are before `end`.
    #[inline]
    const fn before(first: i64, end: i64) -> Self {
        // The rank before 0 is none, and not the last one.
        if end == 0 { Self::NONE } else { Self { first, last: end.saturating_sub(1) } }
    }
}

/// Members by their scores: a Rust range of `f64` or `i64`.
///
/// `60.0..` are all scores from 60 on, `..` are all. A range whose low bound is excluded is a pair
/// of [`Bound`]s.
///
/// ```
/// use std::ops::Bound;
/// use hashslot::cmd;
/// let passed = cmd::zcount("board", 60.0..);
/// let between = cmd::zcount("board", (Bound::Excluded(1), Bound::Included(5)));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ScoreRange(Bounds);

/// Members by their texts, in the order of their bytes: a Rust range of any [`ToArg`].
///
/// `"a".."c"` are all texts that begin with `a` or `b`, `..` are all. A range whose low bound is
/// excluded is a pair of [`Bound`]s. All members have to have the same score; without that the
/// result is unspecified.
///
/// ```
/// use hashslot::cmd;
/// let names = cmd::zlexcount("names", "ann".."bob");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct LexRange(Bounds);

/// Two bounds as servers read them, the lower one first.
#[derive(Clone, PartialEq, Eq)]
struct Bounds {
    low: Vec<u8>,
    high: Vec<u8>,
}

impl ScoreRange {
    fn new<T: ToArg>(low: Bound<T>, high: Bound<T>) -> Self {
        let bound = |bound: Bound<T>, end: &str| match bound {
            Bound::Included(score) => signed("", score),
            Bound::Excluded(score) => signed("(", score),
            Bound::Unbounded => end.as_bytes().to_owned(),
        };
        Self(Bounds { low: bound(low, "-inf"), high: bound(high, "+inf") })
    }
}

impl LexRange {
    fn new<T: ToArg>(low: Bound<T>, high: Bound<T>) -> Self {
        let bound = |bound: Bound<T>, end: &str| match bound {
            Bound::Included(text) => signed("[", text),
            Bound::Excluded(text) => signed("(", text),
            Bound::Unbounded => end.as_bytes().to_owned(),
        };
        Self(Bounds { low: bound(low, "-"), high: bound(high, "+") })
    }
}

/// A sign and a text in one argument.
fn signed(sign: &str, text: impl ToArg) -> Vec<u8> {
    text.to_arg().with_bytes(|text| [sign.as_bytes(), text].concat())
}

impl fmt::Debug for ScoreRange {
    /// Shows no bound: it may be a secret.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScoreRange(..)")
    }
}

impl fmt::Debug for LexRange {
    /// Shows no bound: it may be a secret.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LexRange(..)")
    }
}

/// The members that [`zrange`] returns: a [`RankRange`], or a Rust range that is one, a
/// [`ScoreRange`] or a [`LexRange`].
#[derive(Debug, Clone)]
pub struct MemberRange(By);

#[derive(Debug, Clone)]
enum By {
    Rank(RankRange),
    Score(ScoreRange),
    Lex(LexRange),
}

impl From<RankRange> for MemberRange {
    #[inline]
    fn from(range: RankRange) -> Self {
        Self(By::Rank(range))
    }
}

impl From<ScoreRange> for MemberRange {
    #[inline]
    fn from(range: ScoreRange) -> Self {
        Self(By::Score(range))
    }
}

impl From<LexRange> for MemberRange {
    #[inline]
    fn from(range: LexRange) -> Self {
        Self(By::Lex(range))
    }
}

/// Conversions from ranges of ranks.
macro_rules! rank_ranges {
    ($($range:ty: |$from:pat_param| $made:expr;)*) => {$(
        impl From<$range> for RankRange {
            fn from($from: $range) -> Self {
                $made
            }
        }

        impl From<$range> for MemberRange {
            fn from(range: $range) -> Self {
                RankRange::from(range).into()
            }
        }
    )*};
}

rank_ranges! {
    Range<i64>: |range| Self::before(range.start, range.end);
    RangeInclusive<i64>: |range| Self { first: *range.start(), last: *range.end() };
    RangeFrom<i64>: |range| Self { first: range.start, last: -1 };
    RangeTo<i64>: |range| Self::before(0, range.end);
    RangeToInclusive<i64>: |range| Self { first: 0, last: range.end };
    RangeFull: |_| Self { first: 0, last: -1 };
    (i64, i64): |(first, last)| Self { first, last };
}

/// Conversions from ranges whose bounds may be excluded.
macro_rules! bounded_ranges {
    ($target:ident: $([$($generics:tt)*] $bound:ty),*) => {
        $(
            bounded_ranges! { @ $target [$($generics)*]
                Range<$bound>: |range| (Bound::Included(range.start), Bound::Excluded(range.end));
                RangeInclusive<$bound>: |range| {
                    let (low, high) = range.into_inner();
                    (Bound::Included(low), Bound::Included(high))
                };
                RangeFrom<$bound>: |range| (Bound::Included(range.start), Bound::Unbounded);
                RangeTo<$bound>: |range| (Bound::Unbounded, Bound::Excluded(range.end));
                RangeToInclusive<$bound>: |range| (Bound::Unbounded, Bound::Included(range.end));
                (Bound<$bound>, Bound<$bound>): |range| range;
            }
        )*
        bounded_ranges! { @ $target []
            RangeFull: |_| (Bound::<f64>::Unbounded, Bound::Unbounded);
        }
    };
    (@ $target:ident $generics:tt $($range:ty: |$from:pat_param| $bounds:expr;)*) => {
        $(bounded_ranges! { @@ $target $generics $range: |$from| $bounds })*
    };
    (@@ $target:ident [$($generics:tt)*] $range:ty: |$from:pat_param| $bounds:expr) => {
        impl<$($generics)*> From<$range> for $target {
            fn from($from: $range) -> Self {
                let (low, high) = $bounds;
                Self::new(low, high)
            }
        }
    };
}

bounded_ranges!(ScoreRange: [] f64, [] i64);
bounded_ranges!(LexRange: [T: ToArg] T);

impl<R> Typed<R> {
    /// Adds the bounds of a range.
    fn add_bounds(self, Bounds { low, high }: Bounds) -> Self {
        self.arg(low).arg(high)
    }

    /// Adds the bounds of a range, and the word for what they are.
    fn add_range(self, range: MemberRange) -> Self {
        match range.0 {
            By::Rank(RankRange { first, last }) => self.arg(first).arg(last),
            By::Score(ScoreRange(bounds)) => self.add_bounds(bounds).arg("BYSCORE"),
            By::Lex(LexRange(bounds)) => self.add_bounds(bounds).arg("BYLEX"),
        }
    }

    /// Adds `REV` to a command whose argument `low` is the low bound of its range.
    ///
    /// With that word, servers take the high bound first, except for ranks.
    fn add_rev(self, low: usize) -> Self {
        let command = Command::from(self);
        let mut words: Vec<_> = command.argument_refs().collect();
        let options = words.iter().skip(low + 2).map(|word| word.bytes);
        if options.clone().any(|word| word == b"REV") {
            return Self::new(command);
        }
        if options.clone().any(|word| matches!(word, b"BYSCORE" | b"BYLEX")) {
            words.swap(low, low + 1);
        }
        let mut reversed = command.bare();
        for word in words.iter().skip(1) {
            reversed.push_shared(word);
        }
        Self::new(reversed).arg("REV")
    }
}

/// Returns how many members of the sorted set at `key` have a score in a range: `ZCOUNT`.
///
/// 0 if the key is missing.
///
/// **Since**: Redis 2.0. **Complexity**: O(log n) in the number of members.
///
/// ```
/// use hashslot::cmd::{self, Typed};
/// let command: Typed<u64> = cmd::zcount("board", 60.0..=70.0);
/// ```
pub fn zcount(key: impl ToArg, range: impl Into<ScoreRange>) -> Typed<u64> {
    start!("ZCOUNT").key(key).add_bounds(range.into().0)
}

/// Returns how many members of the sorted set at `key` are in a range of texts: `ZLEXCOUNT`.
///
/// All members have to have the same score; without that the result is unspecified.
///
/// **Since**: Redis 2.8.9. **Complexity**: O(log n) in the number of members.
pub fn zlexcount(key: impl ToArg, range: impl Into<LexRange>) -> Typed<u64> {
    start!("ZLEXCOUNT").key(key).add_bounds(range.into().0)
}

with_options! {
    /// `ZRANGE`, made by [`zrange`]: the order, how many members, and whether scores are returned.
    ZRange
}

/// Returns the members of the sorted set at `key` in a range of ranks, scores or texts: `ZRANGE`.
///
/// The lowest scores come first. A Rust range selects by rank; [`MemberRange`] tells of the others.
/// A missing key is an empty sorted set. The options are methods of [`ZRange`].
///
/// **Since**: Redis 1.2; ranges of scores and of texts since 6.2. **Complexity**: O(log n + m) for
/// m returned ones of n members.
///
/// ```
/// use hashslot::cmd::{self, LexRange, ScoreRange, ZRange};
/// let top: ZRange<Vec<(String, f64)>> = cmd::zrange("board", 0..10).rev().with_scores();
/// let passed: ZRange<Vec<String>> = cmd::zrange("board", ScoreRange::from(60.0..)).limit(0, 100);
/// let names: ZRange<Vec<String>> = cmd::zrange("names", LexRange::from("a".."c"));
/// ```
#[doc(alias = "zrangebylex")]
#[doc(alias = "zrangebyscore")]
#[doc(alias = "zrevrange")]
#[doc(alias = "zrevrangebylex")]
#[doc(alias = "zrevrangebyscore")]
pub fn zrange<V: FromValue>(key: impl ToArg, range: impl Into<MemberRange>) -> ZRange<V> {
    ZRange(start!("ZRANGE").key(key).add_range(range.into()))
}

impl<R> ZRange<R> {
    /// The highest scores first: `REV`. **Since**: Redis 6.2.
    ///
    /// Ranks then count from the highest score. Ranges of scores and of texts stay as they are: the
    /// low bound first.
    #[doc(alias = "descending")]
    pub fn rev(self) -> Self {
        Self(self.0.add_rev(2))
    }

    /// Returns `count` members after the first `offset`: `LIMIT`. An error of the server for a
    /// range of ranks.
    pub fn limit(self, offset: u64, count: u64) -> Self {
        Self(self.0.arg("LIMIT").arg(offset).arg(count))
    }

    /// Returns members with their scores, as pairs: `WITHSCORES`. An error of the server for a
    /// range of texts.
    #[doc(alias = "withscores")]
    pub fn with_scores(self) -> Self {
        Self(self.0.arg("WITHSCORES"))
    }
}

with_options! {
    /// `ZRANGESTORE`, made by [`zrangestore`]: from which end, and how many members.
    ZRangeStore
}

/// Stores the members of a sorted set in a range of ranks, scores or texts, and returns how many
/// there are: `ZRANGESTORE`.
///
/// Replaces the destination; deletes it if there is no such member. Both keys have to be in one
/// slot. The options are methods of [`ZRangeStore`].
///
/// **Since**: Redis 6.2. **Complexity**: O(log n + m) for m stored ones of n members.
pub fn zrangestore(
    destination: impl ToArg,
    source: impl ToArg,
    range: impl Into<MemberRange>,
) -> ZRangeStore<u64> {
    ZRangeStore(start!("ZRANGESTORE").arg(destination).arg(source).add_range(range.into()))
}

impl<R> ZRangeStore<R> {
    /// Counts ranks and what [`limit`](Self::limit) skips from the highest score: `REV`.
    ///
    /// Ranges of scores and of texts stay as they are: the low bound first.
    #[doc(alias = "descending")]
    pub fn rev(self) -> Self {
        Self(self.0.add_rev(3))
    }

    /// Stores `count` members after the first `offset`: `LIMIT`. An error of the server for a range
    /// of ranks.
    pub fn limit(self, offset: u64, count: u64) -> Self {
        Self(self.0.arg("LIMIT").arg(offset).arg(count))
    }
}

/// Removes the members of the sorted set at `key` in a range of texts, and returns how many there
/// were: `ZREMRANGEBYLEX`.
///
/// All members have to have the same score; without that the result is unspecified.
///
/// **Since**: Redis 2.8.9. **Complexity**: O(log n + m) for m removed ones of n members.
pub fn zremrangebylex(key: impl ToArg, range: impl Into<LexRange>) -> Typed<u64> {
    start!("ZREMRANGEBYLEX").key(key).add_bounds(range.into().0)
}

/// Removes the members of the sorted set at `key` in a range of ranks, and returns how many there
/// were: `ZREMRANGEBYRANK`.
///
/// **Since**: Redis 2.0. **Complexity**: O(log n + m) for m removed ones of n members.
///
/// ```
/// use hashslot::cmd;
/// let all_but_the_best_100 = cmd::zremrangebyrank("board", ..-100);
/// ```
pub fn zremrangebyrank(key: impl ToArg, range: impl Into<RankRange>) -> Typed<u64> {
    let RankRange { first, last } = range.into();
    start!("ZREMRANGEBYRANK").key(key).arg(first).arg(last)
}

/// Removes the members of the sorted set at `key` whose scores are in a range, and returns how many
/// there were: `ZREMRANGEBYSCORE`.
///
/// **Since**: Redis 1.2. **Complexity**: O(log n + m) for m removed ones of n members.
pub fn zremrangebyscore(key: impl ToArg, range: impl Into<ScoreRange>) -> Typed<u64> {
    start!("ZREMRANGEBYSCORE").key(key).add_bounds(range.into().0)
}
