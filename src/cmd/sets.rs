//! Sets: values without order or duplicates at one key.

use alloc::vec::Vec;

use super::hashes::ScanPage;
use super::typed::{Typed, start, with_options};
use crate::command::{FromValue, OneOrMore, ToArg};

/// Adds members to the set at `key`, and returns how many of them are new: `SADD`.
///
/// A missing key becomes a set.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members that are added.
///
/// ```
/// use hashslot::cmd::{self, Typed};
/// let command: Typed<u64> = cmd::sadd("online", ["ann", "bob"]);
/// ```
pub fn sadd(key: impl ToArg, members: impl OneOrMore) -> Typed<u64> {
    start!("SADD").key(key).args(members)
}

/// Returns the number of members of the set at `key`: `SCARD`.
///
/// 0 if the key is missing.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
pub fn scard(key: impl ToArg) -> Typed<u64> {
    start!("SCARD").key(key)
}

/// Returns the members of the first set that no other of the sets has: `SDIFF`.
///
/// A missing key is an empty set. All keys have to be in one slot.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members of all sets.
pub fn sdiff<V: FromValue>(keys: impl OneOrMore) -> Typed<V> {
    start!("SDIFF").args(keys)
}

/// Stores what [`sdiff`] returns at `destination`, and returns how many members it has:
/// `SDIFFSTORE`.
///
/// Replaces the destination if it exists; without members it is deleted. All keys have to be in one
/// slot.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members of all sets.
pub fn sdiffstore(destination: impl ToArg, keys: impl OneOrMore) -> Typed<u64> {
    start!("SDIFFSTORE").arg(destination).args(keys)
}

/// Returns the members that all of the sets have: `SINTER`.
///
/// A missing key is an empty set. All keys have to be in one slot.
///
/// **Since**: Redis 1.0. **Complexity**: O(n · m) for m sets, of which the smallest has n members.
///
/// ```
/// use std::collections::BTreeSet;
/// use hashslot::cmd::{self, Typed};
/// let both: Typed<BTreeSet<String>> = cmd::sinter(["{team}red", "{team}blue"]);
/// ```
pub fn sinter<V: FromValue>(keys: impl OneOrMore) -> Typed<V> {
    start!("SINTER").args(keys)
}

with_options! {
    /// `SINTERCARD`, made by [`sintercard`]: up to what number it counts.
    SInterCard
}

/// Returns how many members all of the sets have: `SINTERCARD`.
///
/// A missing key is an empty set. All keys have to be in one slot.
///
/// **Since**: Redis 7.0. **Complexity**: O(n · m) for m sets, of which the smallest has n members.
pub fn sintercard(keys: impl OneOrMore) -> SInterCard<u64> {
    SInterCard(start!("SINTERCARD").counted(keys))
}

impl<R> SInterCard<R> {
    /// Counts up to this number and then stops: `LIMIT`. 0 is no limit.
    pub fn limit(self, limit: u64) -> Self {
        Self(self.0.arg("LIMIT").arg(limit))
    }
}

/// Stores what [`sinter`] returns at `destination`, and returns how many members it has:
/// `SINTERSTORE`.
///
/// Replaces the destination if it exists; without members it is deleted. All keys have to be in one
/// slot.
///
/// **Since**: Redis 1.0. **Complexity**: O(n · m) for m sets, of which the smallest has n members.
pub fn sinterstore(destination: impl ToArg, keys: impl OneOrMore) -> Typed<u64> {
    start!("SINTERSTORE").arg(destination).args(keys)
}

/// Returns whether the set at `key` has a member: `SISMEMBER`.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
pub fn sismember(key: impl ToArg, member: impl ToArg) -> Typed<bool> {
    start!("SISMEMBER").key(key).arg(member)
}

/// Returns all members of the set at `key`: `SMEMBERS`.
///
/// A missing key is an empty set. [`sscan`] returns a large set part by part.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members.
pub fn smembers<V: FromValue>(key: impl ToArg) -> Typed<V> {
    start!("SMEMBERS").key(key)
}

/// Returns for each of the members whether the set at `key` has it: `SMISMEMBER`.
///
/// **Since**: Redis 6.2. **Complexity**: O(n) in the number of members that are asked for.
pub fn smismember(key: impl ToArg, members: impl OneOrMore) -> Typed<Vec<bool>> {
    start!("SMISMEMBER").key(key).args(members)
}

/// Moves a member from a set to another one, and returns whether it did: `SMOVE`.
///
/// False if the source does not have it. Both keys have to be in one slot.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
pub fn smove(source: impl ToArg, destination: impl ToArg, member: impl ToArg) -> Typed<bool> {
    start!("SMOVE").arg(source).arg(destination).arg(member)
}

with_options! {
    /// `SPOP`, made by [`spop`]: how many members are removed.
    SPop
}

/// Removes a random member of the set at `key` and returns it: `SPOP`.
///
/// A missing key is a null. [`SPop::count`] removes several members.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members that are returned.
///
/// ```
/// use hashslot::cmd::{self, SPop, Typed};
/// let one: SPop<Option<String>> = cmd::spop("tickets");
/// let two: Typed<Vec<String>> = cmd::spop::<()>("tickets").count(2);
/// ```
pub fn spop<V: FromValue>(key: impl ToArg) -> SPop<V> {
    SPop(start!("SPOP").key(key))
}

impl<R> SPop<R> {
    /// Removes up to so many members and returns them.
    ///
    /// A missing key is an empty set.
    pub fn count<T: FromValue>(self, count: u64) -> Typed<T> {
        self.0.arg(count).reply()
    }
}

with_options! {
    /// `SRANDMEMBER`, made by [`srandmember`]: how many members are returned.
    SRandMember
}

/// Returns a random member of the set at `key`: `SRANDMEMBER`.
///
/// A missing key is a null. [`SRandMember::count`] asks for several members.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members that are returned.
pub fn srandmember<V: FromValue>(key: impl ToArg) -> SRandMember<V> {
    SRandMember(start!("SRANDMEMBER").key(key))
}

impl<R> SRandMember<R> {
    /// Returns so many different members, or all of them if there are fewer.
    ///
    /// A missing key is an empty set.
    pub fn count<T: FromValue>(self, count: u64) -> Typed<T> {
        self.0.arg(count).reply()
    }

    /// Returns so many members, each drawn from all of them: a member may come several times.
    ///
    /// A missing key is an empty set. The server receives a negative count.
    pub fn count_with_repeats<T: FromValue>(self, count: u64) -> Typed<T> {
        self.0.arg(0_i64.saturating_sub_unsigned(count)).reply()
    }
}

/// Removes members from the set at `key`, and returns how many there were: `SREM`.
///
/// A set without members does not exist: the last member takes the key with it.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members that are given.
pub fn srem(key: impl ToArg, members: impl OneOrMore) -> Typed<u64> {
    start!("SREM").key(key).args(members)
}

with_options! {
    /// `SSCAN`, made by [`sscan`]: which members are returned, and how many.
    SScan
}

/// Returns a part of the set at `key`: `SSCAN`.
///
/// The first part has the cursor 0; each part tells the cursor of the next one. A member that the
/// set has during the whole scan is returned, perhaps several times. A missing key is an empty set.
/// The options are methods of [`SScan`].
///
/// **Since**: Redis 2.8. **Complexity**: O(1) for each part, O(n) in the number of members for all.
///
/// ```
/// use hashslot::cmd::{self, SScan, ScanPage};
/// let first: SScan<ScanPage<Vec<String>>> = cmd::sscan("online", 0).pattern("a*");
/// ```
pub fn sscan<V: FromValue>(key: impl ToArg, cursor: u64) -> SScan<ScanPage<V>> {
    SScan(start!("SSCAN").key(key).arg(cursor))
}

impl<R> SScan<R> {
    /// Only members that match: `MATCH`.
    #[doc(alias = "match")]
    pub fn pattern(self, pattern: impl ToArg) -> Self {
        Self(self.0.arg("MATCH").arg(pattern))
    }

    /// About how many members the server looks at for this part: `COUNT`. A small set is one part
    /// in any case.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg("COUNT").arg(count))
    }
}

/// Returns the members that any of the sets has: `SUNION`.
///
/// A missing key is an empty set. All keys have to be in one slot.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members of all sets.
pub fn sunion<V: FromValue>(keys: impl OneOrMore) -> Typed<V> {
    start!("SUNION").args(keys)
}

/// Stores what [`sunion`] returns at `destination`, and returns how many members it has:
/// `SUNIONSTORE`.
///
/// Replaces the destination if it exists; without members it is deleted. All keys have to be in one
/// slot.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members of all sets.
pub fn sunionstore(destination: impl ToArg, keys: impl OneOrMore) -> Typed<u64> {
    start!("SUNIONSTORE").arg(destination).args(keys)
}
