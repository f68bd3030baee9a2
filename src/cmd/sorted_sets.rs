//! Sorted sets: members with scores at one key, in the order of the scores.

use alloc::vec::Vec;
use core::time::Duration;

use super::hashes::ScanPage;
use super::time::seconds;
use super::typed::{Typed, start, with_options};
use crate::command::{Arg, FromValue, OneOrMore, PairOrMore, ToArg};

/// The end of a sorted set from which members are taken: for [`zmpop`] and [`bzmpop`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScoreEnd {
    /// The lowest scores: `MIN`.
    Min,
    /// The highest scores: `MAX`.
    Max,
}

impl ToArg for ScoreEnd {
    /// The word of the server.
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::Min => "MIN",
            Self::Max => "MAX",
        }
        .into_arg()
    }
}

with_options! {
    /// `ZMPOP` and `BZMPOP`, made by [`zmpop`] and [`bzmpop`]: how many members are taken.
    ZMPop
}

/// Removes members from an end of the first sorted set that has any; waits while there is none:
/// `BZMPOP`.
///
/// Returns what [`zmpop`] does. A null if there is none after `timeout`; a timeout of zero waits
/// without end. All keys have to be in one slot.
///
/// Clients refuse it, since it would hold a connection that others use.
///
/// **Since**: Redis 7.0. **Complexity**: O(k + m · log n) for k keys, and m of n members removed.
pub fn bzmpop<V: FromValue>(keys: impl OneOrMore, end: ScoreEnd, timeout: Duration) -> ZMPop<V> {
    ZMPop(start!("BZMPOP").arg(seconds(timeout)).counted(keys).arg(end))
}

/// Removes the member with the highest score of the first sorted set that has any; waits while
/// there is none: `BZPOPMAX`.
///
/// Returns the key, the member and its score: ask for an `Option<(String, T, f64)>`. A null if
/// there is none after `timeout`; a timeout of zero waits without end. All keys have to be in one
/// slot.
///
/// Clients refuse it, since it would hold a connection that others use.
///
/// **Since**: Redis 5.0. **Complexity**: O(k + log n) for k keys and n members.
pub fn bzpopmax<V: FromValue>(keys: impl OneOrMore, timeout: Duration) -> Typed<V> {
    start!("BZPOPMAX").args(keys).arg(seconds(timeout))
}

/// Removes the member with the lowest score of the first sorted set that has any; waits while there
/// is none: `BZPOPMIN`.
///
/// Returns the key, the member and its score: ask for an `Option<(String, T, f64)>`. A null if
/// there is none after `timeout`; a timeout of zero waits without end. All keys have to be in one
/// slot.
///
/// Clients refuse it, since it would hold a connection that others use.
///
/// **Since**: Redis 5.0. **Complexity**: O(k + log n) for k keys and n members.
///
/// ```
/// use std::time::Duration;
/// use hashslot::cmd::{self, Typed};
/// let second = Duration::from_secs(1);
/// let next: Typed<Option<(String, String, f64)>> = cmd::bzpopmin("jobs", second);
/// ```
pub fn bzpopmin<V: FromValue>(keys: impl OneOrMore, timeout: Duration) -> Typed<V> {
    start!("BZPOPMIN").args(keys).arg(seconds(timeout))
}

with_options! {
    /// `ZADD`, made by [`zadd`]: conditions, and what is returned.
    ZAdd
}

/// Sets scores of members of the sorted set at `key`, and returns how many are new: `ZADD`.
///
/// The score comes first in each pair, as in the order of the sorted set. The options are methods
/// of [`ZAdd`].
///
/// **Since**: Redis 1.2. **Complexity**: O(m · log n) for m pairs and n members.
///
/// ```
/// use std::collections::BTreeMap;
/// use hashslot::cmd::{self, ZAdd};
/// let one: ZAdd<u64> = cmd::zadd("board", (61.5, "ann"));
/// let two = cmd::zadd("board", [(61.5, "ann"), (70.0, "bob")]).nx();
/// let sum: ZAdd<Option<f64>> = cmd::zadd("board", (10, "ann")).xx().incr();
///
/// let scores = BTreeMap::from([("ann", 61.5), ("bob", 70.0)]);
/// let all = cmd::zadd("board", cmd::each(scores.iter().map(|(name, score)| (score, name))));
/// ```
pub fn zadd(key: impl ToArg, pairs: impl PairOrMore) -> ZAdd<u64> {
    ZAdd(start!("ZADD").key(key).pairs(pairs))
}

impl<R> ZAdd<R> {
    /// Only members that are new: `NX`. Not together with another condition.
    pub fn nx(self) -> Self {
        Self(self.0.insert_after(2, ["NX"]))
    }

    /// Only members that are there already: `XX`.
    pub fn xx(self) -> Self {
        Self(self.0.insert_after(2, ["XX"]))
    }

    /// Only scores that become greater, and new members: `GT`. **Since**: Redis 6.2.
    pub fn gt(self) -> Self {
        Self(self.0.insert_after(2, ["GT"]))
    }

    /// Only scores that become less, and new members: `LT`. **Since**: Redis 6.2.
    pub fn lt(self) -> Self {
        Self(self.0.insert_after(2, ["LT"]))
    }

    /// Counts the members whose scores changed together with the new ones: `CH`.
    #[doc(alias = "ch")]
    pub fn count_changed(self) -> Self {
        Self(self.0.insert_after(2, ["CH"]))
    }

    /// Adds to the score of one member, and returns the sum: `INCR`. `None` if a condition was not
    /// met. Several pairs are an error of the server.
    pub fn incr(self) -> ZAdd<Option<f64>> {
        ZAdd(self.0.insert_after(2, ["INCR"]).reply())
    }
}

/// Returns the number of members of the sorted set at `key`: `ZCARD`.
///
/// 0 if the key is missing.
///
/// **Since**: Redis 1.2. **Complexity**: O(1).
pub fn zcard(key: impl ToArg) -> Typed<u64> {
    start!("ZCARD").key(key)
}

with_options! {
    /// `ZDIFF`, made by [`zdiff`]: whether scores are returned.
    ZDiff
}

/// Returns the members of the first sorted set that none of the others has: `ZDIFF`.
///
/// A missing key is an empty sorted set. All keys have to be in one slot.
///
/// **Since**: Redis 6.2. **Complexity**: O(n + m · log m) for n members in all, m of them in the
/// first.
pub fn zdiff<V: FromValue>(keys: impl OneOrMore) -> ZDiff<V> {
    ZDiff(start!("ZDIFF").counted(keys))
}

impl<R> ZDiff<R> {
    /// Returns members with their scores, as pairs: `WITHSCORES`.
    #[doc(alias = "withscores")]
    pub fn with_scores(self) -> Self {
        Self(self.0.arg("WITHSCORES"))
    }
}

/// Stores the members of the first sorted set that none of the others has, and returns how many
/// there are: `ZDIFFSTORE`.
///
/// Replaces the destination; deletes it if there is no such member. All keys have to be in one
/// slot.
///
/// **Since**: Redis 6.2. **Complexity**: O(n + m · log m) for n members in all, m of them in the
/// first.
pub fn zdiffstore(destination: impl ToArg, keys: impl OneOrMore) -> Typed<u64> {
    start!("ZDIFFSTORE").arg(destination).counted(keys)
}

/// Adds to the score of a member of the sorted set at `key` and returns the sum: `ZINCRBY`.
///
/// A missing member counts as 0 and is added.
///
/// **Since**: Redis 1.2. **Complexity**: O(log n) in the number of members.
#[doc(alias = "zincr")]
pub fn zincrby(key: impl ToArg, increment: f64, member: impl ToArg) -> Typed<f64> {
    start!("ZINCRBY").key(key).arg(increment).arg(member)
}

/// How the scores of a member of several sorted sets become one: for [`ZCombine`] and
/// [`ZCombineStore`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Aggregate {
    /// Their sum: `SUM`.
    Sum,
    /// The least: `MIN`.
    Min,
    /// The greatest: `MAX`.
    Max,
}

impl ToArg for Aggregate {
    /// The word of the server.
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::Sum => "SUM",
            Self::Min => "MIN",
            Self::Max => "MAX",
        }
        .into_arg()
    }
}

with_options! {
    /// `ZINTER` and `ZUNION`, made by [`zinter`] and [`zunion`]: how scores are combined, and
    /// whether they are returned.
    ZCombine
}

with_options! {
    /// `ZINTERSTORE` and `ZUNIONSTORE`, made by [`zinterstore`] and [`zunionstore`]: how scores are
    /// combined.
    ZCombineStore
}

/// Returns the members that all of the sorted sets have: `ZINTER`.
///
/// A key may also have a set, whose members count with the score 1. All keys have to be in one
/// slot. The options are methods of [`ZCombine`].
///
/// **Since**: Redis 6.2. **Complexity**: O(n · k + m · log m) for k keys, n members in the smallest
/// sorted set, m returned ones.
pub fn zinter<V: FromValue>(keys: impl OneOrMore) -> ZCombine<V> {
    ZCombine(start!("ZINTER").counted(keys))
}

impl<R> ZCombine<R> {
    /// Multiplies the scores of each sorted set by a number first, in the order of the keys:
    /// `WEIGHTS`.
    pub fn weights(self, weights: impl OneOrMore) -> Self {
        Self(self.0.arg("WEIGHTS").args(weights))
    }

    /// How several scores become one; without it their sum: `AGGREGATE`.
    pub fn aggregate(self, aggregate: Aggregate) -> Self {
        Self(self.0.arg("AGGREGATE").arg(aggregate))
    }

    /// Returns members with their scores, as pairs: `WITHSCORES`.
    #[doc(alias = "withscores")]
    pub fn with_scores(self) -> Self {
        Self(self.0.arg("WITHSCORES"))
    }
}

impl<R> ZCombineStore<R> {
    /// Multiplies the scores of each sorted set by a number first, in the order of the keys:
    /// `WEIGHTS`.
    pub fn weights(self, weights: impl OneOrMore) -> Self {
        Self(self.0.arg("WEIGHTS").args(weights))
    }

    /// How several scores become one; without it their sum: `AGGREGATE`.
    pub fn aggregate(self, aggregate: Aggregate) -> Self {
        Self(self.0.arg("AGGREGATE").arg(aggregate))
    }
}

with_options! {
    /// `ZINTERCARD`, made by [`zintercard`]: how far the server counts.
    ZInterCard
}

/// Returns how many members all of the sorted sets have: `ZINTERCARD`.
///
/// All keys have to be in one slot.
///
/// **Since**: Redis 7.0. **Complexity**: O(n · k) for k keys, n members in the smallest sorted set.
pub fn zintercard(keys: impl OneOrMore) -> ZInterCard<u64> {
    ZInterCard(start!("ZINTERCARD").counted(keys))
}

impl<R> ZInterCard<R> {
    /// Counts no further than this: `LIMIT`. 0 is no limit.
    pub fn limit(self, limit: u64) -> Self {
        Self(self.0.arg("LIMIT").arg(limit))
    }
}

/// Stores the members that all of the sorted sets have, and returns how many there are:
/// `ZINTERSTORE`.
///
/// Replaces the destination; deletes it if there is no such member. A key may also have a set,
/// whose members count with the score 1. All keys have to be in one slot. The options are methods
/// of [`ZCombineStore`].
///
/// **Since**: Redis 2.0. **Complexity**: O(n · k + m · log m) for k keys, n members in the smallest
/// sorted set, m stored ones.
pub fn zinterstore(destination: impl ToArg, keys: impl OneOrMore) -> ZCombineStore<u64> {
    ZCombineStore(start!("ZINTERSTORE").arg(destination).counted(keys))
}

/// Removes a member from the first sorted set that has one: `ZMPOP`.
///
/// Returns the key, and pairs of members and scores; a null if all keys are missing. All keys have
/// to be in one slot. [`ZMPop::count`] asks for several members.
///
/// **Since**: Redis 7.0. **Complexity**: O(k + m · log n) for k keys and m removed ones of n
/// members.
///
/// ```
/// use hashslot::cmd::{self, ScoreEnd, ZMPop};
/// let keys = ["{jobs}urgent", "{jobs}normal"];
/// let command: ZMPop<Option<(String, Vec<(String, f64)>)>> =
///     cmd::zmpop(keys, ScoreEnd::Min).count(10);
/// ```
pub fn zmpop<V: FromValue>(keys: impl OneOrMore, end: ScoreEnd) -> ZMPop<V> {
    ZMPop(start!("ZMPOP").counted(keys).arg(end))
}

impl<R> ZMPop<R> {
    /// Removes up to so many members, of one sorted set: `COUNT`.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg("COUNT").arg(count))
    }
}

/// Returns the scores of members of the sorted set at `key`, in order: `ZMSCORE`.
///
/// `None` for a missing member.
///
/// **Since**: Redis 6.2. **Complexity**: O(n) in the number of members that are asked for.
pub fn zmscore(key: impl ToArg, members: impl OneOrMore) -> Typed<Vec<Option<f64>>> {
    start!("ZMSCORE").key(key).args(members)
}

with_options! {
    /// `ZPOPMAX` and `ZPOPMIN`, made by [`zpopmax`] and [`zpopmin`]: how many members are taken.
    ZPop
}

/// Removes the member with the highest score from the sorted set at `key`: `ZPOPMAX`.
///
/// Returns a list of pairs of members and scores, which is empty if the key is missing: ask for a
/// `Vec<(String, f64)>`. [`ZPop::count`] asks for several members.
///
/// **Since**: Redis 5.0. **Complexity**: O(m · log n) for m removed ones of n members.
pub fn zpopmax<V: FromValue>(key: impl ToArg) -> ZPop<V> {
    ZPop(start!("ZPOPMAX").key(key))
}

/// Removes the member with the lowest score from the sorted set at `key`: `ZPOPMIN`.
///
/// Returns a list of pairs of members and scores, which is empty if the key is missing: ask for a
/// `Vec<(String, f64)>`. [`ZPop::count`] asks for several members.
///
/// **Since**: Redis 5.0. **Complexity**: O(m · log n) for m removed ones of n members.
pub fn zpopmin<V: FromValue>(key: impl ToArg) -> ZPop<V> {
    ZPop(start!("ZPOPMIN").key(key))
}

impl<R> ZPop<R> {
    /// Removes up to so many members.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg(count))
    }
}

with_options! {
    /// `ZRANDMEMBER`, made by [`zrandmember`]: how many members are returned.
    ZRandMember
}

/// Returns a random member of the sorted set at `key`: `ZRANDMEMBER`.
///
/// A missing key is a null. [`ZRandMember::count`] asks for several members.
///
/// **Since**: Redis 6.2. **Complexity**: O(n) in the number of members that are returned.
///
/// ```
/// use hashslot::cmd::{self, Typed, ZRandMember};
/// let one: ZRandMember<Option<String>> = cmd::zrandmember("board");
/// let two: Typed<Vec<(String, f64)>> = cmd::zrandmember::<()>("board").count(2).with_scores();
/// ```
pub fn zrandmember<V: FromValue>(key: impl ToArg) -> ZRandMember<V> {
    ZRandMember(start!("ZRANDMEMBER").key(key))
}

impl<R> ZRandMember<R> {
    /// Returns so many different members, or all of them if there are fewer.
    ///
    /// A missing key is an empty sorted set.
    pub fn count<T: FromValue>(self, count: u64) -> ZRandMembers<T> {
        ZRandMembers(self.0.arg(count).reply())
    }

    /// Returns so many members, each drawn from all of them: a member may come several times.
    ///
    /// A missing key is an empty sorted set. The server receives a negative count.
    pub fn count_with_repeats<T: FromValue>(self, count: u64) -> ZRandMembers<T> {
        ZRandMembers(self.0.arg(0_i64.saturating_sub_unsigned(count)).reply())
    }
}

with_options! {
    /// `ZRANDMEMBER` with a count, made by [`ZRandMember::count`]: whether scores are returned.
    ZRandMembers
}

impl<R> ZRandMembers<R> {
    /// Returns the members with their scores, as pairs: `WITHSCORES`.
    #[doc(alias = "withscores")]
    pub fn with_scores(self) -> Typed<R> {
        self.0.arg("WITHSCORES")
    }
}

with_options! {
    /// `ZRANK` and `ZREVRANK`, made by [`zrank`] and [`zrevrank`]: whether the score is returned.
    ZRank
}

/// Returns how many members of the sorted set at `key` come before a member: `ZRANK`.
///
/// The member with the lowest score has the rank 0. `None` if the member or the key is missing.
///
/// **Since**: Redis 2.0. **Complexity**: O(log n) in the number of members.
pub fn zrank(key: impl ToArg, member: impl ToArg) -> ZRank<Option<u64>> {
    ZRank(start!("ZRANK").key(key).arg(member))
}

impl<R> ZRank<R> {
    /// Returns the rank and the score: `WITHSCORE`. **Since**: Redis 7.2.
    #[doc(alias = "withscore")]
    pub fn with_score(self) -> Typed<Option<(u64, f64)>> {
        self.0.arg("WITHSCORE").reply()
    }
}

/// Removes members from the sorted set at `key`, and returns how many there were: `ZREM`.
///
/// A sorted set without members does not exist: the last member takes the key with it.
///
/// **Since**: Redis 1.2. **Complexity**: O(m · log n) for m removed ones of n members.
pub fn zrem(key: impl ToArg, members: impl OneOrMore) -> Typed<u64> {
    start!("ZREM").key(key).args(members)
}

/// Returns how many members of the sorted set at `key` come behind a member: `ZREVRANK`.
///
/// The member with the highest score has the rank 0. `None` if the member or the key is missing.
///
/// **Since**: Redis 2.0. **Complexity**: O(log n) in the number of members.
pub fn zrevrank(key: impl ToArg, member: impl ToArg) -> ZRank<Option<u64>> {
    ZRank(start!("ZREVRANK").key(key).arg(member))
}

with_options! {
    /// `ZSCAN`, made by [`zscan`]: which members are returned, and how many.
    ZScan
}

/// Returns a part of the sorted set at `key`, as pairs of members and scores: `ZSCAN`.
///
/// The first part has the cursor 0; each part tells the cursor of the next one. A member that the
/// sorted set has during the whole scan is returned, perhaps several times. A missing key is an
/// empty sorted set. The options are methods of [`ZScan`].
///
/// **Since**: Redis 2.8. **Complexity**: O(1) for each part, O(n) in the number of members for all.
///
/// ```
/// use hashslot::cmd::{self, ScanPage, ZScan};
/// let first: ZScan<ScanPage<Vec<(String, f64)>>> = cmd::zscan("board", 0).pattern("a*");
/// ```
pub fn zscan<V: FromValue>(key: impl ToArg, cursor: u64) -> ZScan<ScanPage<V>> {
    ZScan(start!("ZSCAN").key(key).arg(cursor))
}

impl<R> ZScan<R> {
    /// Only members that match: `MATCH`.
    #[doc(alias = "match")]
    pub fn pattern(self, pattern: impl ToArg) -> Self {
        Self(self.0.arg("MATCH").arg(pattern))
    }

    /// About how many members the server looks at for this part: `COUNT`. A small sorted set is one
    /// part in any case.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg("COUNT").arg(count))
    }

    /// Returns members without their scores: `NOSCORES`. **Since**: Valkey 8.0.
    #[doc(alias = "noscores")]
    pub fn no_scores(self) -> Self {
        Self(self.0.arg("NOSCORES"))
    }
}

/// Returns the score of a member of the sorted set at `key`: `ZSCORE`.
///
/// `None` if the member or the key is missing.
///
/// **Since**: Redis 1.2. **Complexity**: O(1).
pub fn zscore(key: impl ToArg, member: impl ToArg) -> Typed<Option<f64>> {
    start!("ZSCORE").key(key).arg(member)
}

/// Returns the members that one of the sorted sets has: `ZUNION`.
///
/// A key may also have a set, whose members count with the score 1. All keys have to be in one
/// slot. The options are methods of [`ZCombine`].
///
/// **Since**: Redis 6.2. **Complexity**: O(n + m · log m) for n members in all, m returned ones.
///
/// ```
/// use hashslot::cmd::{self, Aggregate, ZCombine};
/// let best: ZCombine<Vec<(String, f64)>> = cmd::zunion(["{board}mon", "{board}tue"])
///     .weights([1.0, 0.5])
///     .aggregate(Aggregate::Max)
///     .with_scores();
/// ```
pub fn zunion<V: FromValue>(keys: impl OneOrMore) -> ZCombine<V> {
    ZCombine(start!("ZUNION").counted(keys))
}

/// Stores the members that one of the sorted sets has, and returns how many there are:
/// `ZUNIONSTORE`.
///
/// Replaces the destination; deletes it if there is no such member. A key may also have a set,
/// whose members count with the score 1. All keys have to be in one slot. The options are methods
/// of [`ZCombineStore`].
///
/// **Since**: Redis 2.0. **Complexity**: O(n + m · log m) for n members in all, m stored ones.
pub fn zunionstore(destination: impl ToArg, keys: impl OneOrMore) -> ZCombineStore<u64> {
    ZCombineStore(start!("ZUNIONSTORE").arg(destination).counted(keys))
}
