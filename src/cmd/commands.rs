//! The methods of whatever runs typed commands.
//!
//! Made from the functions of this module, and not to be changed by hand:
//! `HASHSLOT_BLESS=1 cargo test --test it typed::methods` makes it anew.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

#[allow(clippy::wildcard_imports, reason = "the types of all typed commands")]
use super::*;
use crate::command::{FromValue, OneOrMore, PairOrMore, ToArg};

/// The server commands as methods: of every client, and of everything else that is an
/// [`Executor`].
///
/// Each method runs the typed command that the function of the same name in [`cmd`](super) makes.
/// To set options, make the command with that function and pass it to [`run`](Self::run).
///
/// # Errors
/// All methods fail in the same way: [`Error`](crate::Error) says what happened, and
/// [`Error::may_have_executed`](crate::Error::may_have_executed) whether it is safe to run the
/// command again. An error reply is
/// [`Failure::Server`](crate::error::Failure::Server), a reply of another type than asked for is
/// [`Failure::Conversion`](crate::error::Failure::Conversion).
///
#[cfg_attr(feature = "blocking", doc = "```no_run")]
#[cfg_attr(not(feature = "blocking"), doc = "```ignore")]
/// use hashslot::{Commands, blocking::Client, cmd};
///
/// let client = Client::connect("redis://10.0.0.1:7000")?;
/// client.rpush("queue", ["a", "b"])?;
/// let first: Option<String> = client.lpop("queue")?;
/// let two: Option<Vec<String>> = client.run(cmd::lpop::<()>("queue").count(2))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Commands: Executor {
    /// Runs a typed command: one with options, or of your own.
    ///
    /// ```
    /// use std::time::Duration;
    /// use hashslot::{Commands, cmd};
    /// fn lock<E: Commands>(executor: &E, token: &str) -> E::Output<bool> {
    ///     executor.run(cmd::set("lock", token).nx().ttl(Duration::from_secs(30)))
    /// }
    /// ```
    #[inline]
    fn run<C: TypedCommand>(&self, command: C) -> Self::Output<C::Reply> {
        self.execute(command)
    }

    // --- consumer groups ---

    /// Acknowledges entries that a group delivered, and returns how many were pending: `XACK`.
    ///
    /// 0 if the key or the group is missing.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(1) for each entry.
    fn xack(&self, key: impl ToArg, group: impl ToArg, ids: impl OneOrMore) -> Self::Output<u64> {
        self.execute(xack(key, group, ids))
    }

    /// Acknowledges entries and deletes them, and returns for each what became of it: `XACKDEL`.
    ///
    /// **Since**: Redis 8.2. **Complexity**: O(1) for each entry.
    ///
    /// Options: [`XAckDel`].
    fn xackdel(
        &self,
        key: impl ToArg,
        group: impl ToArg,
        ids: impl OneOrMore,
    ) -> Self::Output<Vec<EntryDeletion>> {
        self.execute(xackdel(key, group, ids))
    }

    /// Gives pending entries to a consumer that have been idle for `min_idle`, and returns them:
    /// `XAUTOCLAIM`.
    ///
    /// It looks at entries from the id `start` on: begin with [`EntryId::MIN`], and go on with
    /// [`AutoClaimed::next`]. `V` is what the fields of each entry are converted to. A missing
    /// group is an error of the server.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(1) if few entries are claimed.
    ///
    /// Options: [`XAutoClaim`].
    fn xautoclaim<V: FromValue>(
        &self,
        key: impl ToArg,
        group: impl ToArg,
        consumer: impl ToArg,
        min_idle: Duration,
        start: impl ToArg,
    ) -> Self::Output<AutoClaimed<Entry<V>>> {
        self.execute(xautoclaim(key, group, consumer, min_idle, start))
    }

    /// Gives pending entries to a consumer that have been idle for `min_idle`, and returns those
    /// that it got: `XCLAIM`.
    ///
    /// `V` is what the fields of each entry are converted to. Entries that are deleted from the
    /// stream are left out. A missing group is an error of the server.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(log n) for each entry, in the number of pending
    /// entries.
    ///
    /// Options: [`XClaim`].
    fn xclaim<V: FromValue>(
        &self,
        key: impl ToArg,
        group: impl ToArg,
        consumer: impl ToArg,
        min_idle: Duration,
        ids: impl OneOrMore,
    ) -> Self::Output<Vec<Entry<V>>> {
        self.execute(xclaim(key, group, consumer, min_idle, ids))
    }

    /// Creates a consumer group: `XGROUP CREATE`.
    ///
    /// The group delivers the entries after `start`, an [`EntryId`] or a [`StreamStart`]. A group
    /// that exists is an error of the server (`BUSYGROUP`), and so is a missing key unless
    /// [`XGroupCreate::mkstream`] is set.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(1).
    ///
    /// Options: [`XGroupCreate`].
    fn xgroup_create(
        &self,
        key: impl ToArg,
        group: impl ToArg,
        start: impl ToArg,
    ) -> Self::Output<()> {
        self.execute(xgroup_create(key, group, start))
    }

    /// Creates a consumer of a group, and returns whether it did: `XGROUP CREATECONSUMER`.
    ///
    /// False if the consumer exists. [`xreadgroup`] creates consumers by itself. A missing group is
    /// an error of the server.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(1).
    fn xgroup_createconsumer(
        &self,
        key: impl ToArg,
        group: impl ToArg,
        consumer: impl ToArg,
    ) -> Self::Output<bool> {
        self.execute(xgroup_createconsumer(key, group, consumer))
    }

    /// Deletes a consumer of a group, and returns how many entries were pending: `XGROUP
    /// DELCONSUMER`.
    ///
    /// These entries are not pending any more: claim them before. A missing group is an error of
    /// the server.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(n) in the number of entries that were pending.
    fn xgroup_delconsumer(
        &self,
        key: impl ToArg,
        group: impl ToArg,
        consumer: impl ToArg,
    ) -> Self::Output<u64> {
        self.execute(xgroup_delconsumer(key, group, consumer))
    }

    /// Deletes a group with its consumers, and returns whether it did: `XGROUP DESTROY`.
    ///
    /// False if the group is missing. A missing key is an error of the server.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(n) in the number of entries that were pending.
    fn xgroup_destroy(&self, key: impl ToArg, group: impl ToArg) -> Self::Output<bool> {
        self.execute(xgroup_destroy(key, group))
    }

    /// Sets after which entry a group goes on to deliver: `XGROUP SETID`.
    ///
    /// `start` is an [`EntryId`] or a [`StreamStart`]. A missing group is an error of the server.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(1).
    ///
    /// Options: [`XGroupSetId`].
    fn xgroup_setid(
        &self,
        key: impl ToArg,
        group: impl ToArg,
        start: impl ToArg,
    ) -> Self::Output<()> {
        self.execute(xgroup_setid(key, group, start))
    }

    /// Returns how many entries of a group are delivered and not acknowledged, and which consumers
    /// have them: `XPENDING`.
    ///
    /// [`XPending::entries`] asks for the entries. A missing group is an error of the server.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(n) in the number of consumers; with
    /// [`XPending::entries`] in the number of entries that are returned.
    ///
    /// Options: [`XPending`].
    fn xpending(&self, key: impl ToArg, group: impl ToArg) -> Self::Output<PendingSummary> {
        self.execute(xpending(key, group))
    }

    /// Returns entries of streams that a group delivers to a consumer: `XREADGROUP`.
    ///
    /// `streams` is a pair or several: a key and where reading begins. With
    /// [`StreamStart::Undelivered`] the consumer gets entries that no other consumer has got. They
    /// are pending until [`xack`] acknowledges them. With an [`EntryId`] it gets its own pending
    /// entries after this one again.
    ///
    /// `V` is what the fields of each entry are converted to; those of a pending entry that was
    /// deleted are a null. A stream without entries is left out; with an [`EntryId`] it has an
    /// empty list. All keys have to be in one slot. A missing group is an error of the server.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(n) in the number of entries that are returned.
    ///
    /// Options: [`XReadGroup`].
    fn xreadgroup<V: FromValue>(
        &self,
        group: impl ToArg,
        consumer: impl ToArg,
        streams: impl PairOrMore,
    ) -> Self::Output<Vec<StreamEntries<Entry<V>>>> {
        self.execute(xreadgroup(group, consumer, streams))
    }

    // --- bitmaps ---

    /// Returns how many bits of the string at `key` are 1: `BITCOUNT`.
    ///
    /// 0 if the key is missing. The options are methods of [`BitCount`].
    ///
    /// **Since**: Redis 2.6. **Complexity**: O(n) in the length of the part.
    ///
    /// Options: [`BitCount`].
    fn bitcount(&self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(bitcount(key))
    }

    /// Reads and writes integers of any number of bits in the string at `key`: `BITFIELD`.
    ///
    /// The operations are methods of [`BitField`]; each adds one to the list of results. A missing
    /// key counts as a string of zeros. The string grows as needed.
    ///
    /// **Since**: Redis 3.2. **Complexity**: O(1) for each operation.
    ///
    /// Options: [`BitField`].
    fn bitfield(&self, key: impl ToArg) -> Self::Output<Vec<Option<i64>>> {
        self.execute(bitfield(key))
    }

    /// The same as [`bitfield`] for a read, which replicas may answer: `BITFIELD_RO`.
    ///
    /// **Since**: Redis 6.0. **Complexity**: O(1) for each operation.
    ///
    /// Options: [`BitFieldRo`].
    fn bitfield_ro(&self, key: impl ToArg) -> Self::Output<Vec<i64>> {
        self.execute(bitfield_ro(key))
    }

    /// Stores a string whose bits are made of those of other strings, and returns its length in
    /// bytes: `BITOP`.
    ///
    /// A missing key counts as a string of zeros, as does what a shorter string lacks. Replaces the
    /// destination; deletes it if the result is empty. All keys have to be in one slot.
    ///
    /// **Since**: Redis 2.6. **Complexity**: O(n) in the length of the strings.
    fn bitop(
        &self,
        operation: BitOperation,
        destination: impl ToArg,
        keys: impl OneOrMore,
    ) -> Self::Output<u64> {
        self.execute(bitop(operation, destination, keys))
    }

    /// Returns the number of the first bit of the string at `key` that is `bit`: `BITPOS`.
    ///
    /// Bits count from 0; -1 if there is no such bit. Zeros follow a string without a 0, and a
    /// missing key has only zeros. The options are methods of [`BitPos`].
    ///
    /// **Since**: Redis 2.8.7. **Complexity**: O(n) in the length of the part.
    ///
    /// Options: [`BitPos`].
    fn bitpos(&self, key: impl ToArg, bit: bool) -> Self::Output<i64> {
        self.execute(bitpos(key, bit))
    }

    /// Returns a bit of the string at `key`: `GETBIT`.
    ///
    /// Bits count from 0, which is the highest bit of the first byte. All bits behind the string
    /// are 0, as are those of a missing key.
    ///
    /// **Since**: Redis 2.2. **Complexity**: O(1).
    fn getbit(&self, key: impl ToArg, offset: u64) -> Self::Output<bool> {
        self.execute(getbit(key, offset))
    }

    /// Sets a bit of the string at `key` and returns the former one: `SETBIT`.
    ///
    /// The string grows as needed, up to 512 MB, with zeros before the bit.
    ///
    /// **Since**: Redis 2.2. **Complexity**: O(1).
    fn setbit(&self, key: impl ToArg, offset: u64, bit: bool) -> Self::Output<bool> {
        self.execute(setbit(key, offset, bit))
    }

    // --- geo ---

    /// Sets positions of members of the sorted set at `key`, and returns how many are new:
    /// `GEOADD`.
    ///
    /// The options are methods of [`GeoAdd`]. [`zrem`] removes members.
    ///
    /// **Since**: Redis 3.2. **Complexity**: O(m · log n) for m places and n members.
    ///
    /// Options: [`GeoAdd`].
    fn geoadd(&self, key: impl ToArg, places: impl PlaceOrMore) -> Self::Output<u64> {
        self.execute(geoadd(key, places))
    }

    /// Returns the distance of two members of the sorted set at `key`: `GEODIST`.
    ///
    /// `None` if one of them is missing.
    ///
    /// **Since**: Redis 3.2. **Complexity**: O(1).
    fn geodist(
        &self,
        key: impl ToArg,
        first: impl ToArg,
        second: impl ToArg,
        unit: GeoUnit,
    ) -> Self::Output<Option<f64>> {
        self.execute(geodist(key, first, second, unit))
    }

    /// Returns the positions of members of the sorted set at `key` as texts of 11 letters, in
    /// order: `GEOHASH`.
    ///
    /// `None` for a missing member. The texts are what the site geohash.org reads.
    ///
    /// **Since**: Redis 3.2. **Complexity**: O(n) in the number of members that are asked for.
    fn geohash(
        &self,
        key: impl ToArg,
        members: impl OneOrMore,
    ) -> Self::Output<Vec<Option<String>>> {
        self.execute(geohash(key, members))
    }

    /// Returns the positions of members of the sorted set at `key`, in order: `GEOPOS`.
    ///
    /// `None` for a missing member.
    ///
    /// **Since**: Redis 3.2. **Complexity**: O(n) in the number of members that are asked for.
    fn geopos(
        &self,
        key: impl ToArg,
        members: impl OneOrMore,
    ) -> Self::Output<Vec<Option<GeoPosition>>> {
        self.execute(geopos(key, members))
    }

    /// Returns the members of the sorted set at `key` that are in an area: `GEOSEARCH`.
    ///
    /// A missing key is an empty sorted set, but a center that is a missing member is an error of
    /// the server. The options are methods of [`GeoSearch`]. With distances, hashes or positions,
    /// ask for a `Vec` of [`GeoFound`], or of tuples.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(n + log m) for m members in the area, and n in the
    /// cells that it touches.
    ///
    /// Options: [`GeoSearch`].
    #[doc(alias = "georadius")]
    #[doc(alias = "georadius_ro")]
    #[doc(alias = "georadiusbymember")]
    #[doc(alias = "georadiusbymember_ro")]
    fn geosearch<V: FromValue>(&self, key: impl ToArg, area: GeoArea) -> Self::Output<V> {
        self.execute(geosearch(key, area))
    }

    /// Stores the members of a sorted set that are in an area, and returns how many there are:
    /// `GEOSEARCHSTORE`.
    ///
    /// Replaces the destination; deletes it if there is no such member. Both keys have to be in one
    /// slot. The options are methods of [`GeoSearchStore`].
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(n + log m) for m members in the area, and n in the
    /// cells that it touches.
    ///
    /// Options: [`GeoSearchStore`].
    #[doc(alias = "georadius")]
    #[doc(alias = "georadiusbymember")]
    fn geosearchstore(
        &self,
        destination: impl ToArg,
        source: impl ToArg,
        area: GeoArea,
    ) -> Self::Output<u64> {
        self.execute(geosearchstore(destination, source, area))
    }

    // --- hashes ---

    /// Deletes fields of the hash at `key`, and returns how many there were: `HDEL`.
    ///
    /// A hash without fields does not exist: the last field takes the key with it.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(n) in the number of fields.
    fn hdel(&self, key: impl ToArg, fields: impl OneOrMore) -> Self::Output<u64> {
        self.execute(hdel(key, fields))
    }

    /// Returns whether the hash at `key` has a field: `HEXISTS`.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(1).
    fn hexists(&self, key: impl ToArg, field: impl ToArg) -> Self::Output<bool> {
        self.execute(hexists(key, field))
    }

    /// Sets how long fields of the hash at `key` live from now on: `HEXPIRE`, or `HPEXPIRE` if the
    /// period is not whole seconds.
    ///
    /// Returns what was done, field by field. A period of zero deletes the fields. The conditions
    /// are methods of [`HExpire`].
    ///
    /// **Since**: Redis 7.4, Valkey 9.0. **Complexity**: O(n) in the number of fields.
    ///
    /// Options: [`HExpire`].
    #[doc(alias = "hpexpire")]
    fn hexpire(
        &self,
        key: impl ToArg,
        ttl: Duration,
        fields: impl OneOrMore,
    ) -> Self::Output<Vec<HExpireReply>> {
        self.execute(hexpire(key, ttl, fields))
    }

    /// Sets when fields of the hash at `key` expire: `HEXPIREAT`, or `HPEXPIREAT` if the time is
    /// not whole seconds.
    ///
    /// Returns what was done, field by field. A time in the past deletes the fields. The conditions
    /// are methods of [`HExpire`].
    ///
    /// **Since**: Redis 7.4, Valkey 9.0. **Complexity**: O(n) in the number of fields.
    ///
    /// Options: [`HExpire`].
    #[doc(alias = "hpexpireat")]
    fn hexpireat(
        &self,
        key: impl ToArg,
        at: impl Into<UnixTime>,
        fields: impl OneOrMore,
    ) -> Self::Output<Vec<HExpireReply>> {
        self.execute(hexpireat(key, at, fields))
    }

    /// Returns when fields of the hash at `key` expire, to the millisecond: `HPEXPIRETIME`.
    ///
    /// **Since**: Redis 7.4, Valkey 9.0. **Complexity**: O(n) in the number of fields.
    #[doc(alias = "hpexpiretime")]
    fn hexpiretime(&self, key: impl ToArg, fields: impl OneOrMore) -> Self::Output<Vec<Expiry>> {
        self.execute(hexpiretime(key, fields))
    }

    /// Returns the value of a field of the hash at `key`: `HGET`.
    ///
    /// A missing field is a null, which is the `None` of an `Option`.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(1).
    fn hget<V: FromValue>(&self, key: impl ToArg, field: impl ToArg) -> Self::Output<V> {
        self.execute(hget(key, field))
    }

    /// Returns all fields of the hash at `key` with their values: `HGETALL`.
    ///
    /// A missing key is a hash without fields. Ask for a map, or for a `Vec` of pairs.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(n) in the number of fields.
    fn hgetall<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(hgetall(key))
    }

    /// Returns the values of fields of the hash at `key` and deletes the fields: `HGETDEL`.
    ///
    /// A missing field is a null in its place: ask for a `Vec<Option<T>>` or a tuple.
    ///
    /// **Since**: Redis 8.0, Valkey 9.1. **Complexity**: O(n) in the number of fields.
    fn hgetdel<V: FromValue>(&self, key: impl ToArg, fields: impl OneOrMore) -> Self::Output<V> {
        self.execute(hgetdel(key, fields))
    }

    /// Returns the values of fields of the hash at `key`, and may change when they expire:
    /// `HGETEX`.
    ///
    /// A missing field is a null in its place: ask for a `Vec<Option<T>>` or a tuple. The options
    /// are methods of [`HGetEx`]; without one the expiry stays.
    ///
    /// **Since**: Redis 8.0, Valkey 9.0. **Complexity**: O(n) in the number of fields.
    ///
    /// Options: [`HGetEx`].
    fn hgetex<V: FromValue>(&self, key: impl ToArg, fields: impl OneOrMore) -> Self::Output<V> {
        self.execute(hgetex(key, fields))
    }

    /// Adds to the integer in a field of the hash at `key` and returns the sum: `HINCRBY`.
    ///
    /// A missing field counts as 0.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(1).
    #[doc(alias = "hincr_by")]
    fn hincrby(&self, key: impl ToArg, field: impl ToArg, increment: i64) -> Self::Output<i64> {
        self.execute(hincrby(key, field, increment))
    }

    /// Adds to the number in a field of the hash at `key` and returns the sum: `HINCRBYFLOAT`.
    ///
    /// A missing field counts as 0. The server computes with long doubles: ask for a `String` with
    /// [`Typed::reply`] to have all digits.
    ///
    /// **Since**: Redis 2.6. **Complexity**: O(1).
    #[doc(alias = "hincr_by_float")]
    fn hincrbyfloat(
        &self,
        key: impl ToArg,
        field: impl ToArg,
        increment: f64,
    ) -> Self::Output<f64> {
        self.execute(hincrbyfloat(key, field, increment))
    }

    /// Returns the names of all fields of the hash at `key`: `HKEYS`.
    ///
    /// A missing key is a hash without fields.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(n) in the number of fields.
    fn hkeys<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(hkeys(key))
    }

    /// Returns the number of fields of the hash at `key`: `HLEN`.
    ///
    /// 0 if the key is missing.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(1).
    fn hlen(&self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(hlen(key))
    }

    /// Returns the values of fields of the hash at `key`, in order: `HMGET`.
    ///
    /// A missing field is a null in its place: ask for a `Vec<Option<T>>` or a tuple.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(n) in the number of fields.
    fn hmget<V: FromValue>(&self, key: impl ToArg, fields: impl OneOrMore) -> Self::Output<V> {
        self.execute(hmget(key, fields))
    }

    /// Removes the expiry of fields of the hash at `key`: `HPERSIST`.
    ///
    /// Returns what was done, field by field.
    ///
    /// **Since**: Redis 7.4, Valkey 9.0. **Complexity**: O(n) in the number of fields.
    fn hpersist(
        &self,
        key: impl ToArg,
        fields: impl OneOrMore,
    ) -> Self::Output<Vec<HPersistReply>> {
        self.execute(hpersist(key, fields))
    }

    /// Returns the name of a random field of the hash at `key`: `HRANDFIELD`.
    ///
    /// A missing key is a null. [`HRandField::count`] asks for several fields.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(n) in the number of fields that are returned.
    ///
    /// Options: [`HRandField`].
    fn hrandfield<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(hrandfield(key))
    }

    /// Returns a part of the hash at `key`, as pairs of fields and values: `HSCAN`.
    ///
    /// The first part has the cursor 0; each part tells the cursor of the next one. A field that
    /// exists during the whole scan is returned, perhaps several times. A missing key is a hash
    /// without fields. The options are methods of [`HScan`].
    ///
    /// **Since**: Redis 2.8. **Complexity**: O(1) for each part, O(n) in the number of fields for
    /// all.
    ///
    /// Options: [`HScan`].
    fn hscan<V: FromValue>(&self, key: impl ToArg, cursor: u64) -> Self::Output<ScanPage<V>> {
        self.execute(hscan(key, cursor))
    }

    /// Sets fields of the hash at `key`, and returns how many of them are new: `HSET`.
    ///
    /// **Since**: Redis 2.0; several fields since 4.0. **Complexity**: O(n) in the number of
    /// fields.
    #[doc(alias = "hmset")]
    fn hset(&self, key: impl ToArg, pairs: impl PairOrMore) -> Self::Output<u64> {
        self.execute(hset(key, pairs))
    }

    /// Sets fields of the hash at `key` with one expiry, and returns whether it did: `HSETEX`.
    ///
    /// The options are methods of [`HSetEx`]. Without one, the fields are set and lose their
    /// expiry.
    ///
    /// **Since**: Redis 8.0, Valkey 9.0. **Complexity**: O(n) in the number of fields.
    ///
    /// Options: [`HSetEx`].
    fn hsetex(&self, key: impl ToArg, pairs: impl PairOrMore) -> Self::Output<bool> {
        self.execute(hsetex(key, pairs))
    }

    /// Sets a field of the hash at `key` unless the field exists, and returns whether it did:
    /// `HSETNX`.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(1).
    fn hsetnx(&self, key: impl ToArg, field: impl ToArg, value: impl ToArg) -> Self::Output<bool> {
        self.execute(hsetnx(key, field, value))
    }

    /// Returns the length of the value of a field in bytes: `HSTRLEN`.
    ///
    /// 0 if the field or the key is missing.
    ///
    /// **Since**: Redis 3.2. **Complexity**: O(1).
    fn hstrlen(&self, key: impl ToArg, field: impl ToArg) -> Self::Output<u64> {
        self.execute(hstrlen(key, field))
    }

    /// Returns how long fields of the hash at `key` live on, to the millisecond: `HPTTL`.
    ///
    /// **Since**: Redis 7.4, Valkey 9.0. **Complexity**: O(n) in the number of fields.
    #[doc(alias = "hpttl")]
    fn httl(&self, key: impl ToArg, fields: impl OneOrMore) -> Self::Output<Vec<Ttl>> {
        self.execute(httl(key, fields))
    }

    /// Returns the values of all fields of the hash at `key`: `HVALS`.
    ///
    /// A missing key is a hash without fields.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(n) in the number of fields.
    fn hvals<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(hvals(key))
    }

    // --- hyperloglog ---

    /// Adds elements to the `HyperLogLog` at `key`, and returns whether its estimate may have
    /// changed: `PFADD`.
    ///
    /// An empty list creates a missing key.
    ///
    /// **Since**: Redis 2.8.9. **Complexity**: O(n) in the number of elements.
    fn pfadd(&self, key: impl ToArg, elements: impl OneOrMore) -> Self::Output<bool> {
        self.execute(pfadd(key, elements))
    }

    /// Returns about how many different elements the `HyperLogLog`s have together: `PFCOUNT`.
    ///
    /// The standard error is 0.81 %. A missing key has none. All keys have to be in one slot.
    ///
    /// **Since**: Redis 2.8.9. **Complexity**: O(n) in the number of keys; much less for one key,
    /// whose estimate the server keeps.
    fn pfcount(&self, keys: impl OneOrMore) -> Self::Output<u64> {
        self.execute(pfcount(keys))
    }

    /// Adds what `HyperLogLog`s have to another one, which is created if it is missing: `PFMERGE`.
    ///
    /// All keys have to be in one slot.
    ///
    /// **Since**: Redis 2.8.9. **Complexity**: O(n) in the number of keys.
    fn pfmerge(&self, destination: impl ToArg, sources: impl OneOrMore) -> Self::Output<()> {
        self.execute(pfmerge(destination, sources))
    }

    // --- keys ---

    /// Copies the value and the expiry of a key to another key, and returns whether it did: `COPY`.
    ///
    /// False if the source is missing, or if the destination exists and [`CopyKey::replace`] is not
    /// set. Both keys have to be in one slot.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(n) in the size of the value.
    ///
    /// Options: [`CopyKey`].
    fn copy(&self, source: impl ToArg, destination: impl ToArg) -> Self::Output<bool> {
        self.execute(copy(source, destination))
    }

    /// Deletes keys, and returns how many there were: `DEL`.
    ///
    /// Keys of several slots are split into one command for each slot. [`unlink`] frees the memory
    /// of large values in the background.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of keys, and of elements in them.
    fn del(&self, keys: impl OneOrMore) -> Self::Output<u64> {
        self.execute(del(keys))
    }

    /// Returns the serialized value of a key, for [`restore`]: `DUMP`.
    ///
    /// `None` if the key is missing. The expiry is not part of it.
    ///
    /// **Since**: Redis 2.6. **Complexity**: O(n) in the size of the value.
    fn dump(&self, key: impl ToArg) -> Self::Output<Option<Bytes>> {
        self.execute(dump(key))
    }

    /// Returns how many of the keys exist: `EXISTS`.
    ///
    /// A key that is given twice counts twice. Keys of several slots are split into one command for
    /// each slot. For one key, ask for a `bool` with [`Typed::reply`].
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of keys.
    fn exists(&self, keys: impl OneOrMore) -> Self::Output<u64> {
        self.execute(exists(keys))
    }

    /// Sets how long a key lives from now on, and returns whether it did: `EXPIRE`, or `PEXPIRE` if
    /// the period is not whole seconds.
    ///
    /// False if the key is missing, or if a condition of [`Expire`] was not met. A period of zero
    /// deletes the key.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    ///
    /// Options: [`Expire`].
    #[doc(alias = "pexpire")]
    fn expire(&self, key: impl ToArg, ttl: Duration) -> Self::Output<bool> {
        self.execute(expire(key, ttl))
    }

    /// Sets when a key expires, and returns whether it did: `EXPIREAT`, or `PEXPIREAT` if the time
    /// is not whole seconds.
    ///
    /// False if the key is missing, or if a condition of [`Expire`] was not met. A time in the past
    /// deletes the key.
    ///
    /// **Since**: Redis 1.2. **Complexity**: O(1).
    ///
    /// Options: [`Expire`].
    #[doc(alias = "pexpireat")]
    fn expireat(&self, key: impl ToArg, at: impl Into<UnixTime>) -> Self::Output<bool> {
        self.execute(expireat(key, at))
    }

    /// Returns when a key expires, to the millisecond: `PEXPIRETIME`.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(1).
    #[doc(alias = "pexpiretime")]
    fn expiretime(&self, key: impl ToArg) -> Self::Output<Expiry> {
        self.execute(expiretime(key))
    }

    /// Returns all keys that match a pattern, of all primaries: `KEYS`.
    ///
    /// A primary serves no other command meanwhile: for many keys use the `scan` method of a
    /// client.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of all keys.
    fn keys<V: FromValue>(&self, pattern: impl ToArg) -> Self::Output<V> {
        self.execute(keys(pattern))
    }

    /// Moves keys of one slot to another server: `MIGRATE`.
    ///
    /// Keys that are missing are no error: ask for a `String` with [`Migrate::reply`], which is
    /// `NOKEY` if all of them were. The server waits up to `timeout` between two bytes. It is not
    /// meant for clusters whose slots move: the tools of the server do that.
    ///
    /// **Since**: Redis 2.6; several keys since 3.0.6. **Complexity**: O(n) in the size of the
    /// values.
    ///
    /// Options: [`Migrate`].
    fn migrate(
        &self,
        host: impl ToArg,
        port: u16,
        keys: impl OneOrMore,
        database: u32,
        timeout: Duration,
    ) -> Self::Output<()> {
        self.execute(migrate(host, port, keys, database, timeout))
    }

    /// Moves a key to another database, and returns whether it did: `MOVE`.
    ///
    /// False if the key is missing or exists there.
    ///
    /// **Since**: clusters with several databases, Valkey 9.0. **Complexity**: O(1).
    #[doc(alias = "move")]
    fn move_key(&self, key: impl ToArg, database: u32) -> Self::Output<bool> {
        self.execute(move_key(key, database))
    }

    /// Returns how the server stores the value of a key, such as `listpack`: `OBJECT ENCODING`.
    ///
    /// `None` if the key is missing.
    ///
    /// **Since**: Redis 2.2.3. **Complexity**: O(1).
    fn object_encoding(&self, key: impl ToArg) -> Self::Output<Option<String>> {
        self.execute(object_encoding(key))
    }

    /// Returns how often a key was used, on the server's logarithmic scale: `OBJECT FREQ`.
    ///
    /// `None` if the key is missing. An error unless the server evicts the least frequently used
    /// keys.
    ///
    /// **Since**: Redis 4.0. **Complexity**: O(1).
    fn object_freq(&self, key: impl ToArg) -> Self::Output<Option<u64>> {
        self.execute(object_freq(key))
    }

    /// Returns how many seconds ago a key was used last: `OBJECT IDLETIME`.
    ///
    /// `None` if the key is missing. An error if the server evicts the least frequently used keys.
    ///
    /// **Since**: Redis 2.2.3. **Complexity**: O(1).
    fn object_idletime(&self, key: impl ToArg) -> Self::Output<Option<u64>> {
        self.execute(object_idletime(key))
    }

    /// Returns the number of references to the value of a key: `OBJECT REFCOUNT`.
    ///
    /// `None` if the key is missing.
    ///
    /// **Since**: Redis 2.2.3. **Complexity**: O(1).
    fn object_refcount(&self, key: impl ToArg) -> Self::Output<Option<u64>> {
        self.execute(object_refcount(key))
    }

    /// Removes the expiry of a key, and returns whether it had one: `PERSIST`.
    ///
    /// **Since**: Redis 2.2. **Complexity**: O(1).
    fn persist(&self, key: impl ToArg) -> Self::Output<bool> {
        self.execute(persist(key))
    }

    /// Returns some key of the cluster: `RANDOMKEY`.
    ///
    /// A null if there is none.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1) on each primary.
    fn randomkey<V: FromValue>(&self) -> Self::Output<V> {
        self.execute(randomkey())
    }

    /// Renames a key: `RENAME`.
    ///
    /// Replaces the new key if it exists; a missing key is an error of the server. Both keys have
    /// to be in one slot.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1), and the size of a value that is replaced.
    fn rename(&self, key: impl ToArg, new_key: impl ToArg) -> Self::Output<()> {
        self.execute(rename(key, new_key))
    }

    /// Renames a key unless the new key exists, and returns whether it did: `RENAMENX`.
    ///
    /// A missing key is an error of the server. Both keys have to be in one slot.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    fn renamenx(&self, key: impl ToArg, new_key: impl ToArg) -> Self::Output<bool> {
        self.execute(renamenx(key, new_key))
    }

    /// Creates a key from what [`dump`] returned: `RESTORE`.
    ///
    /// The key expires after `ttl`; zero means that it does not expire. A key that exists is an
    /// error of the server (`BUSYKEY`) unless [`Restore::replace`] is set.
    ///
    /// **Since**: Redis 2.6. **Complexity**: O(n) in the size of the value.
    ///
    /// Options: [`Restore`].
    fn restore(&self, key: impl ToArg, ttl: Duration, dump: impl ToArg) -> Self::Output<()> {
        self.execute(restore(key, ttl, dump))
    }

    /// Returns the elements of a list, set or sorted set, sorted as numbers: `SORT`.
    ///
    /// The options are methods of [`Sort`].
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n + m · log m) for n elements, of which m are
    /// returned.
    ///
    /// Options: [`Sort`].
    fn sort<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(sort(key))
    }

    /// The same as [`sort`] for a read, which replicas may answer: `SORT_RO`.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n + m · log m) for n elements, of which m are
    /// returned.
    ///
    /// Options: [`Sort`].
    fn sort_ro<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(sort_ro(key))
    }

    /// Marks keys as used, and returns how many exist: `TOUCH`.
    ///
    /// Keys of several slots are split into one command for each slot.
    ///
    /// **Since**: Redis 3.2.1. **Complexity**: O(n) in the number of keys.
    fn touch(&self, keys: impl OneOrMore) -> Self::Output<u64> {
        self.execute(touch(keys))
    }

    /// Returns how long a key lives on, to the millisecond: `PTTL`.
    ///
    /// **Since**: Redis 2.6. **Complexity**: O(1).
    #[doc(alias = "pttl")]
    fn ttl(&self, key: impl ToArg) -> Self::Output<Ttl> {
        self.execute(ttl(key))
    }

    /// Returns the type of the value at a key: `TYPE`.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    #[doc(alias = "type")]
    fn type_of(&self, key: impl ToArg) -> Self::Output<KeyType> {
        self.execute(type_of(key))
    }

    /// Deletes keys, and returns how many there were: `UNLINK`.
    ///
    /// As [`del`], but the memory of large values is freed in the background.
    ///
    /// **Since**: Redis 4.0. **Complexity**: O(n) in the number of keys.
    fn unlink(&self, keys: impl OneOrMore) -> Self::Output<u64> {
        self.execute(unlink(keys))
    }

    // --- lists ---

    /// Moves an element from an end of one list to an end of another and returns it; waits while
    /// there is none: `BLMOVE`.
    ///
    /// A null if there is none after `timeout`; a timeout of zero waits without end. Both keys have
    /// to be in one slot.
    ///
    /// Clients refuse it, since it would hold a connection that others use.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(1).
    #[doc(alias = "brpoplpush")]
    fn blmove<V: FromValue>(
        &self,
        source: impl ToArg,
        destination: impl ToArg,
        from: ListEnd,
        to: ListEnd,
        timeout: Duration,
    ) -> Self::Output<V> {
        self.execute(blmove(source, destination, from, to, timeout))
    }

    /// Removes elements from an end of the first list that has any; waits while there is none:
    /// `BLMPOP`.
    ///
    /// Returns the key and a list of the elements: ask for an `Option<(String, Vec<T>)>`. A null if
    /// there is none after `timeout`; a timeout of zero waits without end. It is one element unless
    /// [`LMPop::count`] is set. All keys have to be in one slot.
    ///
    /// Clients refuse it, since it would hold a connection that others use.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n + m) for n keys and m elements that are returned.
    ///
    /// Options: [`LMPop`].
    fn blmpop<V: FromValue>(
        &self,
        keys: impl OneOrMore,
        from: ListEnd,
        timeout: Duration,
    ) -> Self::Output<V> {
        self.execute(blmpop(keys, from, timeout))
    }

    /// Removes the first element of the first list that has any; waits while there is none:
    /// `BLPOP`.
    ///
    /// Returns the key and the element: ask for an `Option<(String, T)>`. A null if there is none
    /// after `timeout`; a timeout of zero waits without end. All keys have to be in one slot.
    ///
    /// Clients refuse it, since it would hold a connection that others use.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(n) in the number of keys.
    fn blpop<V: FromValue>(&self, keys: impl OneOrMore, timeout: Duration) -> Self::Output<V> {
        self.execute(blpop(keys, timeout))
    }

    /// Removes the last element of the first list that has any; waits while there is none: `BRPOP`.
    ///
    /// Returns the key and the element: ask for an `Option<(String, T)>`. A null if there is none
    /// after `timeout`; a timeout of zero waits without end. All keys have to be in one slot.
    ///
    /// Clients refuse it, since it would hold a connection that others use.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(n) in the number of keys.
    fn brpop<V: FromValue>(&self, keys: impl OneOrMore, timeout: Duration) -> Self::Output<V> {
        self.execute(brpop(keys, timeout))
    }

    /// Returns the element at an index of the list at `key`: `LINDEX`.
    ///
    /// Negative indices count from the end, -1 is the last element. A null if there is no such
    /// element.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of elements up to the index.
    fn lindex<V: FromValue>(&self, key: impl ToArg, index: i64) -> Self::Output<V> {
        self.execute(lindex(key, index))
    }

    /// Inserts an element into the list at `key`, before or after another one: `LINSERT`.
    ///
    /// **Since**: Redis 2.2. **Complexity**: O(n) in the number of elements up to the pivot.
    fn linsert(
        &self,
        key: impl ToArg,
        pivot: Pivot<impl ToArg>,
        element: impl ToArg,
    ) -> Self::Output<LInsertReply> {
        self.execute(linsert(key, pivot, element))
    }

    /// Returns the length of the list at `key`: `LLEN`.
    ///
    /// 0 if the key is missing.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    fn llen(&self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(llen(key))
    }

    /// Moves an element from an end of one list to an end of another and returns it: `LMOVE`.
    ///
    /// A null if the source is missing. Source and destination may be the same key; different keys
    /// have to be in one slot.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(1).
    #[doc(alias = "rpoplpush")]
    fn lmove<V: FromValue>(
        &self,
        source: impl ToArg,
        destination: impl ToArg,
        from: ListEnd,
        to: ListEnd,
    ) -> Self::Output<V> {
        self.execute(lmove(source, destination, from, to))
    }

    /// Removes elements from an end of the first list that has any: `LMPOP`.
    ///
    /// Returns the key and a list of the elements: ask for an `Option<(String, Vec<T>)>`. A null if
    /// all keys are missing. It is one element unless [`LMPop::count`] is set. All keys have to be
    /// in one slot.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n + m) for n keys and m elements that are returned.
    ///
    /// Options: [`LMPop`].
    fn lmpop<V: FromValue>(&self, keys: impl OneOrMore, from: ListEnd) -> Self::Output<V> {
        self.execute(lmpop(keys, from))
    }

    /// Removes the first element of the list at `key` and returns it: `LPOP`.
    ///
    /// A missing key is a null. [`LPop::count`] removes several elements.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of elements that are returned.
    ///
    /// Options: [`LPop`].
    fn lpop<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(lpop(key))
    }

    /// Returns the index of the first element that equals `element` in the list at `key`: `LPOS`.
    ///
    /// `None` if there is none. The options are methods of [`LPos`].
    ///
    /// **Since**: Redis 6.0.6. **Complexity**: O(n) in the number of elements that are compared.
    ///
    /// Options: [`LPos`].
    fn lpos(&self, key: impl ToArg, element: impl ToArg) -> Self::Output<Option<u64>> {
        self.execute(lpos(key, element))
    }

    /// Inserts elements at the head of the list at `key` and returns its new length: `LPUSH`.
    ///
    /// One after the other, so that the last one becomes the head. A missing key becomes a list.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of elements that are inserted.
    fn lpush(&self, key: impl ToArg, elements: impl OneOrMore) -> Self::Output<u64> {
        self.execute(lpush(key, elements))
    }

    /// As [`lpush`], but only if the key exists: `LPUSHX`.
    ///
    /// 0 if the key is missing.
    ///
    /// **Since**: Redis 2.2. **Complexity**: O(n) in the number of elements that are inserted.
    fn lpushx(&self, key: impl ToArg, elements: impl OneOrMore) -> Self::Output<u64> {
        self.execute(lpushx(key, elements))
    }

    /// Returns a part of the list at `key`: `LRANGE`.
    ///
    /// `start` and `stop` are indices, both inclusive; negative ones count from the end, -1 is the
    /// last element. A missing key is an empty list.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(s + n) for n elements that begin s off an end.
    fn lrange<V: FromValue>(&self, key: impl ToArg, start: i64, stop: i64) -> Self::Output<V> {
        self.execute(lrange(key, start, stop))
    }

    /// Removes elements that equal `element` from the list at `key`, and returns how many it
    /// removed: `LREM`.
    ///
    /// A positive `count` removes up to so many from the head on, a negative one from the tail on.
    /// 0 removes all of them. A missing key is an empty list.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the length of the list.
    fn lrem(&self, key: impl ToArg, count: i64, element: impl ToArg) -> Self::Output<u64> {
        self.execute(lrem(key, count, element))
    }

    /// Replaces the element at an index of the list at `key`: `LSET`.
    ///
    /// Negative indices count from the end, -1 is the last element. A missing key, and an index out
    /// of the list, is an error of the server.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of elements up to the index.
    fn lset(&self, key: impl ToArg, index: i64, element: impl ToArg) -> Self::Output<()> {
        self.execute(lset(key, index, element))
    }

    /// Removes all elements of the list at `key` that are not in a part of it: `LTRIM`.
    ///
    /// `start` and `stop` are indices as those of [`lrange`]. An empty part deletes the key.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of elements that are removed.
    fn ltrim(&self, key: impl ToArg, start: i64, stop: i64) -> Self::Output<()> {
        self.execute(ltrim(key, start, stop))
    }

    /// Removes the last element of the list at `key` and returns it: `RPOP`.
    ///
    /// A missing key is a null. [`LPop::count`] removes several elements, the last one first.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of elements that are returned.
    ///
    /// Options: [`LPop`].
    fn rpop<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(rpop(key))
    }

    /// Appends elements to the list at `key` and returns its new length: `RPUSH`.
    ///
    /// A missing key becomes a list.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of elements that are appended.
    fn rpush(&self, key: impl ToArg, elements: impl OneOrMore) -> Self::Output<u64> {
        self.execute(rpush(key, elements))
    }

    /// As [`rpush`], but only if the key exists: `RPUSHX`.
    ///
    /// 0 if the key is missing.
    ///
    /// **Since**: Redis 2.2. **Complexity**: O(n) in the number of elements that are appended.
    fn rpushx(&self, key: impl ToArg, elements: impl OneOrMore) -> Self::Output<u64> {
        self.execute(rpushx(key, elements))
    }

    // --- sets ---

    /// Adds members to the set at `key`, and returns how many of them are new: `SADD`.
    ///
    /// A missing key becomes a set.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members that are added.
    fn sadd(&self, key: impl ToArg, members: impl OneOrMore) -> Self::Output<u64> {
        self.execute(sadd(key, members))
    }

    /// Returns the number of members of the set at `key`: `SCARD`.
    ///
    /// 0 if the key is missing.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    fn scard(&self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(scard(key))
    }

    /// Returns the members of the first set that no other of the sets has: `SDIFF`.
    ///
    /// A missing key is an empty set. All keys have to be in one slot.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members of all sets.
    fn sdiff<V: FromValue>(&self, keys: impl OneOrMore) -> Self::Output<V> {
        self.execute(sdiff(keys))
    }

    /// Stores what [`sdiff`] returns at `destination`, and returns how many members it has:
    /// `SDIFFSTORE`.
    ///
    /// Replaces the destination if it exists; without members it is deleted. All keys have to be in
    /// one slot.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members of all sets.
    fn sdiffstore(&self, destination: impl ToArg, keys: impl OneOrMore) -> Self::Output<u64> {
        self.execute(sdiffstore(destination, keys))
    }

    /// Returns the members that all of the sets have: `SINTER`.
    ///
    /// A missing key is an empty set. All keys have to be in one slot.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n · m) for m sets, of which the smallest has n
    /// members.
    fn sinter<V: FromValue>(&self, keys: impl OneOrMore) -> Self::Output<V> {
        self.execute(sinter(keys))
    }

    /// Returns how many members all of the sets have: `SINTERCARD`.
    ///
    /// A missing key is an empty set. All keys have to be in one slot.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n · m) for m sets, of which the smallest has n
    /// members.
    ///
    /// Options: [`SInterCard`].
    fn sintercard(&self, keys: impl OneOrMore) -> Self::Output<u64> {
        self.execute(sintercard(keys))
    }

    /// Stores what [`sinter`] returns at `destination`, and returns how many members it has:
    /// `SINTERSTORE`.
    ///
    /// Replaces the destination if it exists; without members it is deleted. All keys have to be in
    /// one slot.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n · m) for m sets, of which the smallest has n
    /// members.
    fn sinterstore(&self, destination: impl ToArg, keys: impl OneOrMore) -> Self::Output<u64> {
        self.execute(sinterstore(destination, keys))
    }

    /// Returns whether the set at `key` has a member: `SISMEMBER`.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    fn sismember(&self, key: impl ToArg, member: impl ToArg) -> Self::Output<bool> {
        self.execute(sismember(key, member))
    }

    /// Returns all members of the set at `key`: `SMEMBERS`.
    ///
    /// A missing key is an empty set. [`sscan`] returns a large set part by part.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members.
    fn smembers<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(smembers(key))
    }

    /// Returns for each of the members whether the set at `key` has it: `SMISMEMBER`.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(n) in the number of members that are asked for.
    fn smismember(&self, key: impl ToArg, members: impl OneOrMore) -> Self::Output<Vec<bool>> {
        self.execute(smismember(key, members))
    }

    /// Moves a member from a set to another one, and returns whether it did: `SMOVE`.
    ///
    /// False if the source does not have it. Both keys have to be in one slot.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    fn smove(
        &self,
        source: impl ToArg,
        destination: impl ToArg,
        member: impl ToArg,
    ) -> Self::Output<bool> {
        self.execute(smove(source, destination, member))
    }

    /// Removes a random member of the set at `key` and returns it: `SPOP`.
    ///
    /// A missing key is a null. [`SPop::count`] removes several members.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members that are returned.
    ///
    /// Options: [`SPop`].
    fn spop<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(spop(key))
    }

    /// Returns a random member of the set at `key`: `SRANDMEMBER`.
    ///
    /// A missing key is a null. [`SRandMember::count`] asks for several members.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members that are returned.
    ///
    /// Options: [`SRandMember`].
    fn srandmember<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(srandmember(key))
    }

    /// Removes members from the set at `key`, and returns how many there were: `SREM`.
    ///
    /// A set without members does not exist: the last member takes the key with it.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members that are given.
    fn srem(&self, key: impl ToArg, members: impl OneOrMore) -> Self::Output<u64> {
        self.execute(srem(key, members))
    }

    /// Returns a part of the set at `key`: `SSCAN`.
    ///
    /// The first part has the cursor 0; each part tells the cursor of the next one. A member that
    /// the set has during the whole scan is returned, perhaps several times. A missing key is an
    /// empty set. The options are methods of [`SScan`].
    ///
    /// **Since**: Redis 2.8. **Complexity**: O(1) for each part, O(n) in the number of members for
    /// all.
    ///
    /// Options: [`SScan`].
    fn sscan<V: FromValue>(&self, key: impl ToArg, cursor: u64) -> Self::Output<ScanPage<V>> {
        self.execute(sscan(key, cursor))
    }

    /// Returns the members that any of the sets has: `SUNION`.
    ///
    /// A missing key is an empty set. All keys have to be in one slot.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members of all sets.
    fn sunion<V: FromValue>(&self, keys: impl OneOrMore) -> Self::Output<V> {
        self.execute(sunion(keys))
    }

    /// Stores what [`sunion`] returns at `destination`, and returns how many members it has:
    /// `SUNIONSTORE`.
    ///
    /// Replaces the destination if it exists; without members it is deleted. All keys have to be in
    /// one slot.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of members of all sets.
    fn sunionstore(&self, destination: impl ToArg, keys: impl OneOrMore) -> Self::Output<u64> {
        self.execute(sunionstore(destination, keys))
    }

    // --- sorted set ranges ---

    /// Returns how many members of the sorted set at `key` have a score in a range: `ZCOUNT`.
    ///
    /// 0 if the key is missing.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(log n) in the number of members.
    fn zcount(&self, key: impl ToArg, range: impl Into<ScoreRange>) -> Self::Output<u64> {
        self.execute(zcount(key, range))
    }

    /// Returns how many members of the sorted set at `key` are in a range of texts: `ZLEXCOUNT`.
    ///
    /// All members have to have the same score; without that the result is unspecified.
    ///
    /// **Since**: Redis 2.8.9. **Complexity**: O(log n) in the number of members.
    fn zlexcount(&self, key: impl ToArg, range: impl Into<LexRange>) -> Self::Output<u64> {
        self.execute(zlexcount(key, range))
    }

    /// Returns the members of the sorted set at `key` in a range of ranks, scores or texts:
    /// `ZRANGE`.
    ///
    /// The lowest scores come first. A Rust range selects by rank; [`MemberRange`] tells of the
    /// others. A missing key is an empty sorted set. The options are methods of [`ZRange`].
    ///
    /// **Since**: Redis 1.2; ranges of scores and of texts since 6.2. **Complexity**: O(log n + m)
    /// for m returned ones of n members.
    ///
    /// Options: [`ZRange`].
    #[doc(alias = "zrangebylex")]
    #[doc(alias = "zrangebyscore")]
    #[doc(alias = "zrevrange")]
    #[doc(alias = "zrevrangebylex")]
    #[doc(alias = "zrevrangebyscore")]
    fn zrange<V: FromValue>(
        &self,
        key: impl ToArg,
        range: impl Into<MemberRange>,
    ) -> Self::Output<V> {
        self.execute(zrange(key, range))
    }

    /// Stores the members of a sorted set in a range of ranks, scores or texts, and returns how
    /// many there are: `ZRANGESTORE`.
    ///
    /// Replaces the destination; deletes it if there is no such member. Both keys have to be in one
    /// slot. The options are methods of [`ZRangeStore`].
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(log n + m) for m stored ones of n members.
    ///
    /// Options: [`ZRangeStore`].
    fn zrangestore(
        &self,
        destination: impl ToArg,
        source: impl ToArg,
        range: impl Into<MemberRange>,
    ) -> Self::Output<u64> {
        self.execute(zrangestore(destination, source, range))
    }

    /// Removes the members of the sorted set at `key` in a range of texts, and returns how many
    /// there were: `ZREMRANGEBYLEX`.
    ///
    /// All members have to have the same score; without that the result is unspecified.
    ///
    /// **Since**: Redis 2.8.9. **Complexity**: O(log n + m) for m removed ones of n members.
    fn zremrangebylex(&self, key: impl ToArg, range: impl Into<LexRange>) -> Self::Output<u64> {
        self.execute(zremrangebylex(key, range))
    }

    /// Removes the members of the sorted set at `key` in a range of ranks, and returns how many
    /// there were: `ZREMRANGEBYRANK`.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(log n + m) for m removed ones of n members.
    fn zremrangebyrank(&self, key: impl ToArg, range: impl Into<RankRange>) -> Self::Output<u64> {
        self.execute(zremrangebyrank(key, range))
    }

    /// Removes the members of the sorted set at `key` whose scores are in a range, and returns how
    /// many there were: `ZREMRANGEBYSCORE`.
    ///
    /// **Since**: Redis 1.2. **Complexity**: O(log n + m) for m removed ones of n members.
    fn zremrangebyscore(&self, key: impl ToArg, range: impl Into<ScoreRange>) -> Self::Output<u64> {
        self.execute(zremrangebyscore(key, range))
    }

    // --- sorted sets ---

    /// Removes members from an end of the first sorted set that has any; waits while there is none:
    /// `BZMPOP`.
    ///
    /// Returns what [`zmpop`] does. A null if there is none after `timeout`; a timeout of zero
    /// waits without end. All keys have to be in one slot.
    ///
    /// Clients refuse it, since it would hold a connection that others use.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(k + m · log n) for k keys, and m of n members
    /// removed.
    ///
    /// Options: [`ZMPop`].
    fn bzmpop<V: FromValue>(
        &self,
        keys: impl OneOrMore,
        end: ScoreEnd,
        timeout: Duration,
    ) -> Self::Output<V> {
        self.execute(bzmpop(keys, end, timeout))
    }

    /// Removes the member with the highest score of the first sorted set that has any; waits while
    /// there is none: `BZPOPMAX`.
    ///
    /// Returns the key, the member and its score: ask for an `Option<(String, T, f64)>`. A null if
    /// there is none after `timeout`; a timeout of zero waits without end. All keys have to be in
    /// one slot.
    ///
    /// Clients refuse it, since it would hold a connection that others use.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(k + log n) for k keys and n members.
    fn bzpopmax<V: FromValue>(&self, keys: impl OneOrMore, timeout: Duration) -> Self::Output<V> {
        self.execute(bzpopmax(keys, timeout))
    }

    /// Removes the member with the lowest score of the first sorted set that has any; waits while
    /// there is none: `BZPOPMIN`.
    ///
    /// Returns the key, the member and its score: ask for an `Option<(String, T, f64)>`. A null if
    /// there is none after `timeout`; a timeout of zero waits without end. All keys have to be in
    /// one slot.
    ///
    /// Clients refuse it, since it would hold a connection that others use.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(k + log n) for k keys and n members.
    fn bzpopmin<V: FromValue>(&self, keys: impl OneOrMore, timeout: Duration) -> Self::Output<V> {
        self.execute(bzpopmin(keys, timeout))
    }

    /// Sets scores of members of the sorted set at `key`, and returns how many are new: `ZADD`.
    ///
    /// The score comes first in each pair, as in the order of the sorted set. The options are
    /// methods of [`ZAdd`].
    ///
    /// **Since**: Redis 1.2. **Complexity**: O(m · log n) for m pairs and n members.
    ///
    /// Options: [`ZAdd`].
    fn zadd(&self, key: impl ToArg, pairs: impl PairOrMore) -> Self::Output<u64> {
        self.execute(zadd(key, pairs))
    }

    /// Returns the number of members of the sorted set at `key`: `ZCARD`.
    ///
    /// 0 if the key is missing.
    ///
    /// **Since**: Redis 1.2. **Complexity**: O(1).
    fn zcard(&self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(zcard(key))
    }

    /// Returns the members of the first sorted set that none of the others has: `ZDIFF`.
    ///
    /// A missing key is an empty sorted set. All keys have to be in one slot.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(n + m · log m) for n members in all, m of them in
    /// the first.
    ///
    /// Options: [`ZDiff`].
    fn zdiff<V: FromValue>(&self, keys: impl OneOrMore) -> Self::Output<V> {
        self.execute(zdiff(keys))
    }

    /// Stores the members of the first sorted set that none of the others has, and returns how many
    /// there are: `ZDIFFSTORE`.
    ///
    /// Replaces the destination; deletes it if there is no such member. All keys have to be in one
    /// slot.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(n + m · log m) for n members in all, m of them in
    /// the first.
    fn zdiffstore(&self, destination: impl ToArg, keys: impl OneOrMore) -> Self::Output<u64> {
        self.execute(zdiffstore(destination, keys))
    }

    /// Adds to the score of a member of the sorted set at `key` and returns the sum: `ZINCRBY`.
    ///
    /// A missing member counts as 0 and is added.
    ///
    /// **Since**: Redis 1.2. **Complexity**: O(log n) in the number of members.
    #[doc(alias = "zincr")]
    fn zincrby(&self, key: impl ToArg, increment: f64, member: impl ToArg) -> Self::Output<f64> {
        self.execute(zincrby(key, increment, member))
    }

    /// Returns the members that all of the sorted sets have: `ZINTER`.
    ///
    /// A key may also have a set, whose members count with the score 1. All keys have to be in one
    /// slot. The options are methods of [`ZCombine`].
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(n · k + m · log m) for k keys, n members in the
    /// smallest sorted set, m returned ones.
    ///
    /// Options: [`ZCombine`].
    fn zinter<V: FromValue>(&self, keys: impl OneOrMore) -> Self::Output<V> {
        self.execute(zinter(keys))
    }

    /// Returns how many members all of the sorted sets have: `ZINTERCARD`.
    ///
    /// All keys have to be in one slot.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n · k) for k keys, n members in the smallest sorted
    /// set.
    ///
    /// Options: [`ZInterCard`].
    fn zintercard(&self, keys: impl OneOrMore) -> Self::Output<u64> {
        self.execute(zintercard(keys))
    }

    /// Stores the members that all of the sorted sets have, and returns how many there are:
    /// `ZINTERSTORE`.
    ///
    /// Replaces the destination; deletes it if there is no such member. A key may also have a set,
    /// whose members count with the score 1. All keys have to be in one slot. The options are
    /// methods of [`ZCombineStore`].
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(n · k + m · log m) for k keys, n members in the
    /// smallest sorted set, m stored ones.
    ///
    /// Options: [`ZCombineStore`].
    fn zinterstore(&self, destination: impl ToArg, keys: impl OneOrMore) -> Self::Output<u64> {
        self.execute(zinterstore(destination, keys))
    }

    /// Removes a member from the first sorted set that has one: `ZMPOP`.
    ///
    /// Returns the key, and pairs of members and scores; a null if all keys are missing. All keys
    /// have to be in one slot. [`ZMPop::count`] asks for several members.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(k + m · log n) for k keys and m removed ones of n
    /// members.
    ///
    /// Options: [`ZMPop`].
    fn zmpop<V: FromValue>(&self, keys: impl OneOrMore, end: ScoreEnd) -> Self::Output<V> {
        self.execute(zmpop(keys, end))
    }

    /// Returns the scores of members of the sorted set at `key`, in order: `ZMSCORE`.
    ///
    /// `None` for a missing member.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(n) in the number of members that are asked for.
    fn zmscore(&self, key: impl ToArg, members: impl OneOrMore) -> Self::Output<Vec<Option<f64>>> {
        self.execute(zmscore(key, members))
    }

    /// Removes the member with the highest score from the sorted set at `key`: `ZPOPMAX`.
    ///
    /// Returns a list of pairs of members and scores, which is empty if the key is missing: ask for
    /// a `Vec<(String, f64)>`. [`ZPop::count`] asks for several members.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(m · log n) for m removed ones of n members.
    ///
    /// Options: [`ZPop`].
    fn zpopmax<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(zpopmax(key))
    }

    /// Removes the member with the lowest score from the sorted set at `key`: `ZPOPMIN`.
    ///
    /// Returns a list of pairs of members and scores, which is empty if the key is missing: ask for
    /// a `Vec<(String, f64)>`. [`ZPop::count`] asks for several members.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(m · log n) for m removed ones of n members.
    ///
    /// Options: [`ZPop`].
    fn zpopmin<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(zpopmin(key))
    }

    /// Returns a random member of the sorted set at `key`: `ZRANDMEMBER`.
    ///
    /// A missing key is a null. [`ZRandMember::count`] asks for several members.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(n) in the number of members that are returned.
    ///
    /// Options: [`ZRandMember`].
    fn zrandmember<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(zrandmember(key))
    }

    /// Returns how many members of the sorted set at `key` come before a member: `ZRANK`.
    ///
    /// The member with the lowest score has the rank 0. `None` if the member or the key is missing.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(log n) in the number of members.
    ///
    /// Options: [`ZRank`].
    fn zrank(&self, key: impl ToArg, member: impl ToArg) -> Self::Output<Option<u64>> {
        self.execute(zrank(key, member))
    }

    /// Removes members from the sorted set at `key`, and returns how many there were: `ZREM`.
    ///
    /// A sorted set without members does not exist: the last member takes the key with it.
    ///
    /// **Since**: Redis 1.2. **Complexity**: O(m · log n) for m removed ones of n members.
    fn zrem(&self, key: impl ToArg, members: impl OneOrMore) -> Self::Output<u64> {
        self.execute(zrem(key, members))
    }

    /// Returns how many members of the sorted set at `key` come behind a member: `ZREVRANK`.
    ///
    /// The member with the highest score has the rank 0. `None` if the member or the key is
    /// missing.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(log n) in the number of members.
    ///
    /// Options: [`ZRank`].
    fn zrevrank(&self, key: impl ToArg, member: impl ToArg) -> Self::Output<Option<u64>> {
        self.execute(zrevrank(key, member))
    }

    /// Returns a part of the sorted set at `key`, as pairs of members and scores: `ZSCAN`.
    ///
    /// The first part has the cursor 0; each part tells the cursor of the next one. A member that
    /// the sorted set has during the whole scan is returned, perhaps several times. A missing key
    /// is an empty sorted set. The options are methods of [`ZScan`].
    ///
    /// **Since**: Redis 2.8. **Complexity**: O(1) for each part, O(n) in the number of members for
    /// all.
    ///
    /// Options: [`ZScan`].
    fn zscan<V: FromValue>(&self, key: impl ToArg, cursor: u64) -> Self::Output<ScanPage<V>> {
        self.execute(zscan(key, cursor))
    }

    /// Returns the score of a member of the sorted set at `key`: `ZSCORE`.
    ///
    /// `None` if the member or the key is missing.
    ///
    /// **Since**: Redis 1.2. **Complexity**: O(1).
    fn zscore(&self, key: impl ToArg, member: impl ToArg) -> Self::Output<Option<f64>> {
        self.execute(zscore(key, member))
    }

    /// Returns the members that one of the sorted sets has: `ZUNION`.
    ///
    /// A key may also have a set, whose members count with the score 1. All keys have to be in one
    /// slot. The options are methods of [`ZCombine`].
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(n + m · log m) for n members in all, m returned
    /// ones.
    ///
    /// Options: [`ZCombine`].
    fn zunion<V: FromValue>(&self, keys: impl OneOrMore) -> Self::Output<V> {
        self.execute(zunion(keys))
    }

    /// Stores the members that one of the sorted sets has, and returns how many there are:
    /// `ZUNIONSTORE`.
    ///
    /// Replaces the destination; deletes it if there is no such member. A key may also have a set,
    /// whose members count with the score 1. All keys have to be in one slot. The options are
    /// methods of [`ZCombineStore`].
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(n + m · log m) for n members in all, m stored ones.
    ///
    /// Options: [`ZCombineStore`].
    fn zunionstore(&self, destination: impl ToArg, keys: impl OneOrMore) -> Self::Output<u64> {
        self.execute(zunionstore(destination, keys))
    }

    // --- stream info ---

    /// Returns the consumers of a group: `XINFO CONSUMERS`.
    ///
    /// A missing key or group is an error of the server.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(n) in the number of consumers.
    fn xinfo_consumers(
        &self,
        key: impl ToArg,
        group: impl ToArg,
    ) -> Self::Output<Vec<ConsumerInfo>> {
        self.execute(xinfo_consumers(key, group))
    }

    /// Returns the consumer groups of a stream: `XINFO GROUPS`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(n) in the number of groups.
    fn xinfo_groups(&self, key: impl ToArg) -> Self::Output<Vec<GroupInfo>> {
        self.execute(xinfo_groups(key))
    }

    /// Returns the state of a stream: `XINFO STREAM`.
    ///
    /// [`XInfoStream::full`] asks for its entries, groups and consumers too. A missing key is an
    /// error of the server.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(1); with [`XInfoStream::full`] O(n) in the number of
    /// entries that are told.
    ///
    /// Options: [`XInfoStream`].
    fn xinfo_stream(&self, key: impl ToArg) -> Self::Output<StreamInfo> {
        self.execute(xinfo_stream(key))
    }

    // --- streams ---

    /// Appends an entry to a stream and returns its id: `XADD`.
    ///
    /// The server makes the id, unless [`XAdd::id`] sets it. A missing key is created. The fields
    /// keep their order, and may have one name twice.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(1), and the number of entries that are trimmed.
    ///
    /// Options: [`XAdd`].
    fn xadd(&self, key: impl ToArg, fields: impl PairOrMore) -> Self::Output<EntryId> {
        self.execute(xadd(key, fields))
    }

    /// Sets how a stream remembers the tokens of [`XAdd::once`]: `XCFGSET`.
    ///
    /// It needs at least one of the options, which are methods of [`XCfgSet`]. The stream forgets
    /// the tokens that it has. A missing key is an error of the server.
    ///
    /// **Since**: Redis 8.6. **Complexity**: O(1).
    ///
    /// Options: [`XCfgSet`].
    fn xcfgset(&self, key: impl ToArg) -> Self::Output<()> {
        self.execute(xcfgset(key))
    }

    /// Deletes entries of a stream and returns how many there were: `XDEL`.
    ///
    /// Consumer groups keep their references to them; [`xdelex`] can delete these as well.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(1) for each entry.
    fn xdel(&self, key: impl ToArg, ids: impl OneOrMore) -> Self::Output<u64> {
        self.execute(xdel(key, ids))
    }

    /// Deletes entries of a stream and returns for each what became of it: `XDELEX`.
    ///
    /// **Since**: Redis 8.2. **Complexity**: O(1) for each entry.
    ///
    /// Options: [`XDelEx`].
    fn xdelex(&self, key: impl ToArg, ids: impl OneOrMore) -> Self::Output<Vec<EntryDeletion>> {
        self.execute(xdelex(key, ids))
    }

    /// Records that a producer added an entry with a token: `XIDMPRECORD`.
    ///
    /// Servers write it to their files, for [`XAdd::once`]; programs hardly need it.
    ///
    /// **Since**: Redis 8.6.2. **Complexity**: O(1).
    fn xidmprecord(
        &self,
        key: impl ToArg,
        producer: impl ToArg,
        token: impl ToArg,
        id: impl ToArg,
    ) -> Self::Output<()> {
        self.execute(xidmprecord(key, producer, token, id))
    }

    /// Returns the number of entries in a stream: `XLEN`.
    ///
    /// 0 if the key is missing.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(1).
    fn xlen(&self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(xlen(key))
    }

    /// Returns the entries of a stream whose ids are in a range, the oldest first: `XRANGE`.
    ///
    /// `V` is what the fields of each entry are converted to. A missing key has no entries.
    ///
    /// **Since**: Redis 5.0; bounds that are not part of the range since 6.2. **Complexity**: O(n)
    /// in the number of entries that are returned.
    ///
    /// Options: [`XRange`].
    fn xrange<V: FromValue>(
        &self,
        key: impl ToArg,
        ids: impl EntryRange,
    ) -> Self::Output<Vec<Entry<V>>> {
        self.execute(xrange(key, ids))
    }

    /// Returns the entries of a stream whose ids are in a range, the newest first: `XREVRANGE`.
    ///
    /// The range is the same as for [`xrange`].
    ///
    /// **Since**: Redis 5.0; bounds that are not part of the range since 6.2. **Complexity**: O(n)
    /// in the number of entries that are returned.
    ///
    /// Options: [`XRange`].
    fn xrevrange<V: FromValue>(
        &self,
        key: impl ToArg,
        ids: impl EntryRange,
    ) -> Self::Output<Vec<Entry<V>>> {
        self.execute(xrevrange(key, ids))
    }

    /// Returns the entries of streams after an id of each: `XREAD`.
    ///
    /// `streams` is a pair or several: a key, and an [`EntryId`] or a [`StreamStart`]. `V` is what
    /// the fields of each entry are converted to. A stream without such entries is left out. All
    /// keys have to be in one slot.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(n) in the number of entries that are returned.
    ///
    /// Options: [`XRead`].
    fn xread<V: FromValue>(
        &self,
        streams: impl PairOrMore,
    ) -> Self::Output<Vec<StreamEntries<Entry<V>>>> {
        self.execute(xread(streams))
    }

    /// Sets the last id of a stream, which the ids of new entries have to exceed: `XSETID`.
    ///
    /// It cannot be less than the id of an entry. A missing key is an error of the server.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(1).
    ///
    /// Options: [`XSetId`].
    fn xsetid(&self, key: impl ToArg, last_id: impl ToArg) -> Self::Output<()> {
        self.execute(xsetid(key, last_id))
    }

    /// Deletes the oldest entries of a stream and returns how many: `XTRIM`.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(n) in the number of entries that are deleted.
    ///
    /// Options: [`XTrim`].
    fn xtrim(&self, key: impl ToArg, trim: Trim) -> Self::Output<u64> {
        self.execute(xtrim(key, trim))
    }

    // --- strings ---

    /// Appends to the string at `key` and returns its new length in bytes: `APPEND`.
    ///
    /// A missing key counts as an empty string.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(1) amortized.
    fn append(&self, key: impl ToArg, value: impl ToArg) -> Self::Output<u64> {
        self.execute(append(key, value))
    }

    /// Subtracts one from the integer at `key` and returns the difference: `DECR`.
    ///
    /// A missing key counts as 0.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    fn decr(&self, key: impl ToArg) -> Self::Output<i64> {
        self.execute(decr(key))
    }

    /// Subtracts from the integer at `key` and returns the difference: `DECRBY`.
    ///
    /// A missing key counts as 0.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    #[doc(alias = "decr_by")]
    fn decrby(&self, key: impl ToArg, decrement: i64) -> Self::Output<i64> {
        self.execute(decrby(key, decrement))
    }

    /// Deletes `key` if a condition holds, and returns whether it did: `DELEX`.
    ///
    /// Without a condition it deletes the key in any case. The conditions are methods of [`DelEx`].
    ///
    /// **Since**: Redis 8.4. **Complexity**: O(1); O(n) in the length of the value for a digest.
    ///
    /// Options: [`DelEx`].
    fn delex(&self, key: impl ToArg) -> Self::Output<bool> {
        self.execute(delex(key))
    }

    /// Deletes `key` if its value equals `value`, and returns whether it did: `DELIFEQ`.
    ///
    /// **Since**: Valkey 9.0; [`delex`] does the same on Redis 8.4. **Complexity**: O(1).
    fn delifeq(&self, key: impl ToArg, value: impl ToArg) -> Self::Output<bool> {
        self.execute(delifeq(key, value))
    }

    /// Returns a hash of the string at `key`, in hexadecimal digits: `DIGEST`.
    ///
    /// `None` if the key is missing. [`delex`] and [`set`] compare digests.
    ///
    /// **Since**: Redis 8.4. **Complexity**: O(n) in the length of the value.
    fn digest(&self, key: impl ToArg) -> Self::Output<Option<String>> {
        self.execute(digest(key))
    }

    /// Returns the string at `key`: `GET`.
    ///
    /// A missing key is a null, which is the `None` of an `Option`.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    fn get<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(get(key))
    }

    /// Returns the string at `key` and deletes the key: `GETDEL`.
    ///
    /// A missing key is a null.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(1).
    fn getdel<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(getdel(key))
    }

    /// Returns the string at `key`, and may change when the key expires: `GETEX`.
    ///
    /// A missing key is a null. The options are methods of [`GetEx`]; without one the expiry stays.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(1).
    ///
    /// Options: [`GetEx`].
    fn getex<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(getex(key))
    }

    /// Returns a part of the string at `key`: `GETRANGE`.
    ///
    /// `start` and `end` are offsets in bytes, both inclusive; negative ones count from the end, -1
    /// is the last byte. A missing key is an empty string.
    ///
    /// **Since**: Redis 2.4. **Complexity**: O(n) in the length of the part.
    #[doc(alias = "substr")]
    fn getrange<V: FromValue>(&self, key: impl ToArg, start: i64, end: i64) -> Self::Output<V> {
        self.execute(getrange(key, start, end))
    }

    /// Adds one to the integer at `key` and returns the sum: `INCR`.
    ///
    /// A missing key counts as 0.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    fn incr(&self, key: impl ToArg) -> Self::Output<i64> {
        self.execute(incr(key))
    }

    /// Adds to the integer at `key` and returns the sum: `INCRBY`.
    ///
    /// A missing key counts as 0.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    #[doc(alias = "incr_by")]
    fn incrby(&self, key: impl ToArg, increment: i64) -> Self::Output<i64> {
        self.execute(incrby(key, increment))
    }

    /// Adds to the number at `key` and returns the sum: `INCRBYFLOAT`.
    ///
    /// A missing key counts as 0. The server computes with long doubles: ask for a `String` with
    /// [`Typed::reply`] to have all digits.
    ///
    /// **Since**: Redis 2.6. **Complexity**: O(1).
    #[doc(alias = "incr_by_float")]
    fn incrbyfloat(&self, key: impl ToArg, increment: f64) -> Self::Output<f64> {
        self.execute(incrbyfloat(key, increment))
    }

    /// Returns the longest common subsequence of two strings: `LCS`.
    ///
    /// A missing key counts as an empty string. Both keys have to be in one slot. [`Lcs::len`] and
    /// [`Lcs::matches`] ask for the length or for the places instead.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n · m) in the lengths of both.
    ///
    /// Options: [`Lcs`].
    #[doc(alias = "stralgo")]
    fn lcs<V: FromValue>(&self, first: impl ToArg, second: impl ToArg) -> Self::Output<V> {
        self.execute(lcs(first, second))
    }

    /// Returns the strings at several keys, in order: `MGET`.
    ///
    /// A missing key, and one that has no string, is a null in its place: ask for a
    /// `Vec<Option<T>>` or a tuple. Keys of several slots are split into one command for each slot,
    /// unless the configuration says otherwise ([`CrossSlot`](crate::CrossSlot)).
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of keys.
    fn mget<V: FromValue>(&self, keys: impl OneOrMore) -> Self::Output<V> {
        self.execute(mget(keys))
    }

    /// Sets several keys: `MSET`.
    ///
    /// Keys of several slots are split into one command for each slot, unless the configuration
    /// says otherwise ([`CrossSlot`](crate::CrossSlot)); the whole is then not atomic.
    ///
    /// **Since**: Redis 1.0.1. **Complexity**: O(n) in the number of keys.
    fn mset(&self, pairs: impl PairOrMore) -> Self::Output<()> {
        self.execute(mset(pairs))
    }

    /// Sets several keys with one expiry, and returns whether it did: `MSETEX`.
    ///
    /// With a condition all keys have to be in one slot. Without one, the keys may be in several:
    /// the client splits the command by slot then, which is not atomic. The options are methods of
    /// [`MSetEx`].
    ///
    /// **Since**: Redis 8.4. **Complexity**: O(n) in the number of keys.
    ///
    /// Options: [`MSetEx`].
    fn msetex(&self, pairs: impl PairOrMore) -> Self::Output<bool> {
        self.execute(msetex(pairs))
    }

    /// Sets several keys if none of them exists, and returns whether it did: `MSETNX`.
    ///
    /// All keys have to be in one slot.
    ///
    /// **Since**: Redis 1.0.1. **Complexity**: O(n) in the number of keys.
    fn msetnx(&self, pairs: impl PairOrMore) -> Self::Output<bool> {
        self.execute(msetnx(pairs))
    }

    /// Sets the string at `key`, whatever was there before: `SET`.
    ///
    /// The options are methods of [`Set`]. With a condition it returns whether it was met; with
    /// [`get`](Set::get) it returns the former value.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    ///
    /// Options: [`Set`].
    #[doc(alias = "setex")]
    #[doc(alias = "psetex")]
    #[doc(alias = "setnx")]
    #[doc(alias = "getset")]
    fn set(&self, key: impl ToArg, value: impl ToArg) -> Self::Output<()> {
        self.execute(set(key, value))
    }

    /// Overwrites a part of the string at `key` and returns its new length in bytes: `SETRANGE`.
    ///
    /// The string grows as needed, with zero bytes before `offset`. A missing key counts as an
    /// empty string.
    ///
    /// **Since**: Redis 2.2. **Complexity**: O(n) in the length of `value`.
    fn setrange(&self, key: impl ToArg, offset: u64, value: impl ToArg) -> Self::Output<u64> {
        self.execute(setrange(key, offset, value))
    }

    /// Returns the length of the string at `key` in bytes: `STRLEN`.
    ///
    /// 0 if the key is missing.
    ///
    /// **Since**: Redis 2.2. **Complexity**: O(1).
    fn strlen(&self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(strlen(key))
    }

    // --- functions ---

    /// Calls a function and returns what it returns: `FCALL`.
    ///
    /// Keys and arguments are methods of [`Invocation`]. Without keys any primary runs it. A
    /// function that may have run is not run again; [`fcall_ro`] may be.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(1), and what the function does.
    ///
    /// Options: [`Invocation`].
    fn fcall<V: FromValue>(&self, function: impl ToArg) -> Self::Output<V> {
        self.execute(fcall(function))
    }

    /// Calls a function that only reads, and returns what it returns: `FCALL_RO`.
    ///
    /// As [`fcall`], but servers refuse functions without the flag `no-writes`. It may be sent
    /// again when it may have run, and replicas may run it.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(1), and what the function does.
    ///
    /// Options: [`Invocation`].
    fn fcall_ro<V: FromValue>(&self, function: impl ToArg) -> Self::Output<V> {
        self.execute(fcall_ro(function))
    }

    /// Deletes a library from all primaries: `FUNCTION DELETE`.
    ///
    /// A missing library is an error of the server.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(1).
    fn function_delete(&self, library: impl ToArg) -> Self::Output<()> {
        self.execute(function_delete(library))
    }

    /// Returns all libraries of a primary in one piece, for [`function_restore`]: `FUNCTION DUMP`.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n) in the number of functions.
    fn function_dump(&self) -> Self::Output<Bytes> {
        self.execute(function_dump())
    }

    /// Deletes all libraries of all primaries: `FUNCTION FLUSH`.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n) in the number of functions.
    ///
    /// Options: [`FunctionFlush`].
    fn function_flush(&self) -> Self::Output<()> {
        self.execute(function_flush())
    }

    /// Ends the functions that primaries are running: `FUNCTION KILL`.
    ///
    /// An error of the server if no primary runs a function that can be ended (`NOTBUSY`), or if
    /// the function has written already (`UNKILLABLE`).
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(1).
    fn function_kill(&self) -> Self::Output<()> {
        self.execute(function_kill())
    }

    /// Returns the libraries of a primary with their functions: `FUNCTION LIST`.
    ///
    /// The options are methods of [`FunctionList`].
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n) in the number of functions.
    ///
    /// Options: [`FunctionList`].
    fn function_list(&self) -> Self::Output<Vec<LibraryInfo>> {
        self.execute(function_list())
    }

    /// Loads a library on all primaries and returns its name: `FUNCTION LOAD`.
    ///
    /// The first line of the code names the engine and the library: `#!lua name=shop`. A library of
    /// this name is an error of the server unless [`FunctionLoad::replace`] is set.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(1), and the length of the code.
    ///
    /// Options: [`FunctionLoad`].
    fn function_load(&self, code: impl ToArg) -> Self::Output<String> {
        self.execute(function_load(code))
    }

    /// Loads on all primaries the libraries that [`function_dump`] returned: `FUNCTION RESTORE`.
    ///
    /// A library whose name is taken is an error of the server, and none is loaded, unless an
    /// option of [`FunctionRestore`] says otherwise.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n) in the number of functions.
    ///
    /// Options: [`FunctionRestore`].
    fn function_restore(&self, dump: impl ToArg) -> Self::Output<()> {
        self.execute(function_restore(dump))
    }

    /// Returns what functions each primary runs and has: `FUNCTION STATS`.
    ///
    /// The reply is a map from the address of each primary.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(1).
    fn function_stats(&self) -> Self::Output<PerNode<FunctionStats>> {
        self.execute(function_stats())
    }

    // --- pubsub ---

    /// Sends a message to the subscribers of a channel, and returns how many got it from the node
    /// that was asked: `PUBLISH`.
    ///
    /// Nodes pass the message on to each other: subscribers of other nodes get it and are not
    /// counted. [`spublish`] sends it to the nodes of one shard only.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(n + m) in the number of subscribers and of patterns.
    fn publish(&self, channel: impl ToArg, message: impl ToArg) -> Self::Output<u64> {
        self.execute(publish(channel, message))
    }

    /// Returns the channels that have subscribers and match a pattern, of all nodes: `PUBSUB
    /// CHANNELS`.
    ///
    /// `*` matches all of them. Subscriptions to patterns do not count.
    ///
    /// **Since**: Redis 2.8. **Complexity**: O(n) in the number of channels.
    fn pubsub_channels<V: FromValue>(&self, pattern: impl ToArg) -> Self::Output<V> {
        self.execute(pubsub_channels(pattern))
    }

    /// Returns the number of patterns that clients of all nodes are subscribed to: `PUBSUB NUMPAT`.
    ///
    /// A pattern counts once for each node that has subscribers of it.
    ///
    /// **Since**: Redis 2.8. **Complexity**: O(1).
    fn pubsub_numpat(&self) -> Self::Output<u64> {
        self.execute(pubsub_numpat())
    }

    /// Returns the number of subscribers of each channel, on all nodes: `PUBSUB NUMSUB`.
    ///
    /// The reply has each channel before its number: ask for pairs or a map. Subscribers of
    /// patterns do not count.
    ///
    /// **Since**: Redis 2.8. **Complexity**: O(n) in the number of channels.
    fn pubsub_numsub<V: FromValue>(&self, channels: impl OneOrMore) -> Self::Output<V> {
        self.execute(pubsub_numsub(channels))
    }

    /// Returns the sharded channels that have subscribers and match a pattern, of all nodes:
    /// `PUBSUB SHARDCHANNELS`.
    ///
    /// `*` matches all of them.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n) in the number of channels.
    fn pubsub_shardchannels<V: FromValue>(&self, pattern: impl ToArg) -> Self::Output<V> {
        self.execute(pubsub_shardchannels(pattern))
    }

    /// Returns the number of subscribers of each sharded channel, on all nodes: `PUBSUB
    /// SHARDNUMSUB`.
    ///
    /// The reply has each channel before its number: ask for pairs or a map.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n) in the number of channels.
    fn pubsub_shardnumsub<V: FromValue>(&self, channels: impl OneOrMore) -> Self::Output<V> {
        self.execute(pubsub_shardnumsub(channels))
    }

    /// Sends a message to the subscribers of a sharded channel, and returns how many got it from
    /// the node that was asked: `SPUBLISH`.
    ///
    /// A sharded channel has a slot, as a key does. The primary of the slot and its replicas pass
    /// the message on to each other.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n) in the number of subscribers.
    fn spublish(&self, channel: impl ToArg, message: impl ToArg) -> Self::Output<u64> {
        self.execute(spublish(channel, message))
    }

    // --- scripting ---

    /// Runs a script and returns what it returns: `EVAL`.
    ///
    /// A [`Script`](crate::Script) is sent by its name, `EVALSHA`, and in full where a node does
    /// not have it: it needs no loading. A source as text is sent in full each time. Without keys
    /// any primary runs it. Keys and arguments are methods of [`Invocation`].
    ///
    /// A script that may have run is not run again, unless it is
    /// [`read_only`](crate::Script::read_only).
    ///
    /// **Since**: Redis 2.6. **Complexity**: O(1), and what the script does.
    ///
    /// Options: [`Invocation`].
    fn eval<V: FromValue>(&self, script: impl ScriptSource) -> Self::Output<V> {
        self.execute(eval(script))
    }

    /// Runs a script that only reads, and returns what it returns: `EVAL_RO`.
    ///
    /// As [`eval`], but servers refuse writes of the script. It may be sent again when it may have
    /// run, and replicas may run it.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(1), and what the script does.
    ///
    /// Options: [`Invocation`].
    fn eval_ro<V: FromValue>(&self, script: impl ScriptSource) -> Self::Output<V> {
        self.execute(eval_ro(script))
    }

    /// Runs a script that servers know by this name, and returns what it returns: `EVALSHA`.
    ///
    /// A node that does not have the script answers with an error (`NOSCRIPT`). [`eval`] with a
    /// [`Script`](crate::Script) sends it the source then.
    ///
    /// **Since**: Redis 2.6. **Complexity**: O(1), and what the script does.
    ///
    /// Options: [`Invocation`].
    fn evalsha<V: FromValue>(&self, sha1: impl ToArg) -> Self::Output<V> {
        self.execute(evalsha(sha1))
    }

    /// Runs a script that only reads and that servers know by this name: `EVALSHA_RO`.
    ///
    /// As [`evalsha`], but servers refuse writes of the script. It may be sent again when it may
    /// have run, and replicas may run it.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(1), and what the script does.
    ///
    /// Options: [`Invocation`].
    fn evalsha_ro<V: FromValue>(&self, sha1: impl ToArg) -> Self::Output<V> {
        self.execute(evalsha_ro(sha1))
    }

    /// Returns for each name of a script whether all primaries have it: `SCRIPT EXISTS`.
    ///
    /// **Since**: Redis 2.6. **Complexity**: O(n) in the number of names.
    fn script_exists(&self, sha1s: impl OneOrMore) -> Self::Output<Vec<bool>> {
        self.execute(script_exists(sha1s))
    }

    /// Deletes all scripts of all nodes: `SCRIPT FLUSH`.
    ///
    /// A [`Script`](crate::Script) is sent in full again where it is missing.
    ///
    /// **Since**: Redis 2.6. **Complexity**: O(n) in the number of scripts.
    ///
    /// Options: [`ScriptFlush`].
    fn script_flush(&self) -> Self::Output<()> {
        self.execute(script_flush())
    }

    /// Ends the scripts that primaries are running: `SCRIPT KILL`.
    ///
    /// An error of the server if no primary runs a script that can be ended (`NOTBUSY`), or if the
    /// script has written already (`UNKILLABLE`).
    ///
    /// **Since**: Redis 2.6. **Complexity**: O(1).
    fn script_kill(&self) -> Self::Output<()> {
        self.execute(script_kill())
    }

    /// Loads the source of a script on all nodes and returns its name, for [`evalsha`]: `SCRIPT
    /// LOAD`.
    ///
    /// Nodes forget it when they restart, and new nodes do not have it: [`eval`] with a
    /// [`Script`](crate::Script) needs no loading.
    ///
    /// **Since**: Redis 2.6. **Complexity**: O(n) in the length of the source.
    fn script_load(&self, source: impl ToArg) -> Self::Output<String> {
        self.execute(script_load(source))
    }

    /// Returns the source of a script that a node knows by this name: `SCRIPT SHOW`.
    ///
    /// The call has to say which node: [`Call::target`](crate::Call::target). A missing script is
    /// an error of the server (`NOSCRIPT`).
    ///
    /// **Since**: Valkey 8.0. **Complexity**: O(1).
    fn script_show<V: FromValue>(&self, sha1: impl ToArg) -> Self::Output<V> {
        self.execute(script_show(sha1))
    }

    // --- acl ---

    /// Returns the categories of commands: `ACL CAT`.
    ///
    /// **Since**: Redis 6.0. **Complexity**: O(1).
    ///
    /// Options: [`AclCat`].
    fn acl_cat(&self) -> Self::Output<Vec<String>> {
        self.execute(acl_cat())
    }

    /// Deletes users on all nodes, and returns how many there were: `ACL DELUSER`.
    ///
    /// Connections of these users are closed.
    ///
    /// **Since**: Redis 6.0. **Complexity**: O(n) in the number of users.
    fn acl_deluser(&self, users: impl OneOrMore) -> Self::Output<u64> {
        self.execute(acl_deluser(users))
    }

    /// Returns whether a user may run a command, which is not run: `ACL DRYRUN`.
    ///
    /// A user that is missing is an error of the server.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(1).
    fn acl_dryrun(&self, user: impl ToArg, command: impl TypedCommand) -> Self::Output<AclVerdict> {
        self.execute(acl_dryrun(user, command))
    }

    /// Returns a random password of 256 bits in hexadecimal digits: `ACL GENPASS`.
    ///
    /// **Since**: Redis 6.0. **Complexity**: O(1).
    ///
    /// Options: [`AclGenPass`].
    fn acl_genpass(&self) -> Self::Output<String> {
        self.execute(acl_genpass())
    }

    /// Returns the rules of a user: `ACL GETUSER`.
    ///
    /// `None` if there is no such user.
    ///
    /// **Since**: Redis 6.0. **Complexity**: O(n) in the number of rules.
    fn acl_getuser(&self, user: impl ToArg) -> Self::Output<Option<AclUser>> {
        self.execute(acl_getuser(user))
    }

    /// Returns all users, each as the line that an ACL file has for it: `ACL LIST`.
    ///
    /// The lines have the SHA-256 hashes of passwords.
    ///
    /// **Since**: Redis 6.0. **Complexity**: O(n) in the number of users.
    fn acl_list(&self) -> Self::Output<Vec<String>> {
        self.execute(acl_list())
    }

    /// Replaces the users of all nodes by those in their ACL files: `ACL LOAD`.
    ///
    /// A node without such a file has an error.
    ///
    /// **Since**: Redis 6.0. **Complexity**: O(n) in the number of users.
    fn acl_load(&self) -> Self::Output<()> {
        self.execute(acl_load())
    }

    /// Returns what each node denied lately, the newest first: `ACL LOG`.
    ///
    /// The command goes to all nodes. Without [`AclLog::count`] ten entries are returned.
    ///
    /// **Since**: Redis 6.0. **Complexity**: O(n) in the number of entries that are returned.
    ///
    /// Options: [`AclLog`].
    fn acl_log(&self) -> Self::Output<PerNode<Vec<AclLogEntry>>> {
        self.execute(acl_log())
    }

    /// Writes the users of all nodes to their ACL files: `ACL SAVE`.
    ///
    /// A node without such a file has an error.
    ///
    /// **Since**: Redis 6.0. **Complexity**: O(n) in the number of users.
    fn acl_save(&self) -> Self::Output<()> {
        self.execute(acl_save())
    }

    /// Creates a user on all nodes, or adds rules to one: `ACL SETUSER`.
    ///
    /// Rules are as in an ACL file: `on`, `>password`, `~app:*`, `+@read`. `reset` removes those
    /// that the user has. Errors do not show rules, which may be passwords.
    ///
    /// **Since**: Redis 6.0. **Complexity**: O(n) in the number of rules.
    fn acl_setuser(&self, user: impl ToArg, rules: impl OneOrMore) -> Self::Output<()> {
        self.execute(acl_setuser(user, rules))
    }

    /// Returns the names of all users: `ACL USERS`.
    ///
    /// **Since**: Redis 6.0. **Complexity**: O(n) in the number of users.
    fn acl_users(&self) -> Self::Output<Vec<String>> {
        self.execute(acl_users())
    }

    /// Returns the name of the user that the client is: `ACL WHOAMI`.
    ///
    /// **Since**: Redis 6.0. **Complexity**: O(1).
    fn acl_whoami(&self) -> Self::Output<String> {
        self.execute(acl_whoami())
    }

    // --- clients ---

    /// Returns the name of the connection to one node: `CLIENT GETNAME`.
    ///
    /// `None` if it has no name. The command needs a target.
    ///
    /// **Since**: Redis 2.6.9. **Complexity**: O(1).
    fn client_getname(&self) -> Self::Output<Option<String>> {
        self.execute(client_getname())
    }

    /// Returns the connection that notices of tracking are redirected to: `CLIENT GETREDIR`.
    ///
    /// 0 if tracking is on and nothing is redirected, -1 if tracking is off. The command needs a
    /// target.
    ///
    /// **Since**: Redis 6.0. **Complexity**: O(1).
    fn client_getredir(&self) -> Self::Output<i64> {
        self.execute(client_getredir())
    }

    /// Returns the number that a node has for the connection: `CLIENT ID`.
    ///
    /// The command needs a target.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(1).
    fn client_id(&self) -> Self::Output<u64> {
        self.execute(client_id())
    }

    /// Returns what a node knows about the connection: `CLIENT INFO`.
    ///
    /// The command needs a target.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(1).
    fn client_info(&self) -> Self::Output<ClientInfo> {
        self.execute(client_info())
    }

    /// Closes connections to any of the nodes, and returns how many: `CLIENT KILL`.
    ///
    /// The filters are methods of [`ClientKill`]. At least one is needed, and all of them have to
    /// fit. The command goes to all nodes; the connection that it goes through stays open unless
    /// [`ClientKill::include_me`] is set.
    ///
    /// **Since**: Redis 2.4; filters since 2.8.12. **Complexity**: O(n) in the number of
    /// connections.
    ///
    /// Options: [`ClientKill`].
    fn client_kill(&self) -> Self::Output<u64> {
        self.execute(client_kill())
    }

    /// Returns the connections of each node: `CLIENT LIST`.
    ///
    /// The command goes to all nodes. The filters are methods of [`ClientList`]. Redis takes one
    /// filter, [`kind`](ClientList::kind) or [`id`](ClientList::id); Valkey takes several since
    /// 8.1.
    ///
    /// **Since**: Redis 2.4. **Complexity**: O(n) in the number of connections.
    ///
    /// Options: [`ClientList`].
    fn client_list(&self) -> Self::Output<PerNode<Vec<ClientInfo>>> {
        self.execute(client_list())
    }

    /// Makes all nodes wait with the commands of all clients for some time: `CLIENT PAUSE`.
    ///
    /// [`client_unpause`] ends it earlier.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(1).
    ///
    /// Options: [`ClientPause`].
    fn client_pause(&self, duration: Duration) -> Self::Output<()> {
        self.execute(client_pause(duration))
    }

    /// Returns how tracking of keys is set for the connection to one node: `CLIENT TRACKINGINFO`.
    ///
    /// The command needs a target.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(1).
    fn client_trackinginfo(&self) -> Self::Output<TrackingInfo> {
        self.execute(client_trackinginfo())
    }

    /// Ends the waiting of a connection, and returns whether it waited: `CLIENT UNBLOCK`.
    ///
    /// The command goes to all nodes. A node numbers its own connections: name the node as the
    /// target if others may have a connection of that number.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(log n) in the number of connections.
    ///
    /// Options: [`ClientUnblock`].
    fn client_unblock(&self, id: u64) -> Self::Output<bool> {
        self.execute(client_unblock(id))
    }

    /// Makes all nodes serve the commands of all clients again: `CLIENT UNPAUSE`.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(n) in the number of clients that wait.
    fn client_unpause(&self) -> Self::Output<()> {
        self.execute(client_unpause())
    }

    // --- cluster ---

    /// Gives slots without an owner to one node: `CLUSTER ADDSLOTS`.
    ///
    /// The command needs a target.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(n) in the number of slots.
    fn cluster_addslots(&self, slots: impl OneOrMore) -> Self::Output<()> {
        self.execute(cluster_addslots(slots))
    }

    /// Gives ranges of slots without an owner to one node: `CLUSTER ADDSLOTSRANGE`.
    ///
    /// A range is a pair of its first and its last slot. The command needs a target.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n) in the number of slots.
    fn cluster_addslotsrange(&self, ranges: impl PairOrMore) -> Self::Output<()> {
        self.execute(cluster_addslotsrange(ranges))
    }

    /// Raises the epoch of one node's configuration, and returns it: `CLUSTER BUMPEPOCH`.
    ///
    /// The command needs a target.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(1).
    fn cluster_bumpepoch(&self) -> Self::Output<BumpedEpoch> {
        self.execute(cluster_bumpepoch())
    }

    /// Stops all migrations of slots that one node exports: `CLUSTER CANCELSLOTMIGRATIONS`.
    ///
    /// The command needs a target. [`cluster_migration_cancel_all`] does the same on Redis 8.4.
    ///
    /// **Since**: Valkey 9.0. **Complexity**: O(n) in the number of migrations.
    fn cluster_cancelslotmigrations(&self) -> Self::Output<()> {
        self.execute(cluster_cancelslotmigrations())
    }

    /// Returns the number of keys in a slot: `CLUSTER COUNTKEYSINSLOT`.
    ///
    /// The slot is a [`Slot`] or its number. The owner of the slot answers.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(1).
    fn cluster_countkeysinslot(&self, slot: impl ToArg) -> Self::Output<u64> {
        self.execute(cluster_countkeysinslot(slot))
    }

    /// Takes slots away from their owners: `CLUSTER DELSLOTS`.
    ///
    /// The slots then have no owner, in the view of those that had them. Slots of several owners
    /// are split into one command for each owner.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(n) in the number of slots.
    fn cluster_delslots(&self, slots: impl OneOrMore) -> Self::Output<()> {
        self.execute(cluster_delslots(slots))
    }

    /// Takes ranges of slots away from their owners: `CLUSTER DELSLOTSRANGE`.
    ///
    /// A range is a pair of its first and its last slot. As [`cluster_delslots`].
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n) in the number of slots.
    fn cluster_delslotsrange(&self, ranges: impl PairOrMore) -> Self::Output<()> {
        self.execute(cluster_delslotsrange(ranges))
    }

    /// Makes a replica the primary of its shard: `CLUSTER FAILOVER`.
    ///
    /// The command needs the replica as its target. It returns as soon as the failover begins.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(1).
    ///
    /// Options: [`ClusterFailover`].
    fn cluster_failover(&self) -> Self::Output<()> {
        self.execute(cluster_failover())
    }

    /// Deletes all keys in a slot of one node: `CLUSTER FLUSHSLOT`.
    ///
    /// The slot is a [`Slot`] or its number. The command needs a target.
    ///
    /// **Since**: Valkey 9.0. **Complexity**: O(n) in the number of keys.
    ///
    /// Options: [`ClusterFlushSlot`].
    fn cluster_flushslot(&self, slot: impl ToArg) -> Self::Output<()> {
        self.execute(cluster_flushslot(slot))
    }

    /// Takes all slots away from one node: `CLUSTER FLUSHSLOTS`.
    ///
    /// The node must have no keys. The command needs a target.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(1).
    fn cluster_flushslots(&self) -> Self::Output<()> {
        self.execute(cluster_flushslots())
    }

    /// Removes a node from what one node knows: `CLUSTER FORGET`.
    ///
    /// The command needs a target. Send it to all other nodes within a minute: after that, one that
    /// still knows the node tells the others of it.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(1).
    fn cluster_forget(&self, node: impl ToArg) -> Self::Output<()> {
        self.execute(cluster_forget(node))
    }

    /// Returns at most so many keys of a slot: `CLUSTER GETKEYSINSLOT`.
    ///
    /// The slot is a [`Slot`] or its number. The owner of the slot answers.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(n) in the number of keys that are returned.
    fn cluster_getkeysinslot<V: FromValue>(&self, slot: impl ToArg, count: u64) -> Self::Output<V> {
        self.execute(cluster_getkeysinslot(slot, count))
    }

    /// Returns the migrations of slots that one node knows: `CLUSTER GETSLOTMIGRATIONS`.
    ///
    /// These are migrations under way and some that ended lately. The command needs a target.
    /// [`cluster_migration_status`] does the same on Redis 8.4.
    ///
    /// **Since**: Valkey 9.0. **Complexity**: O(n) in the number of migrations.
    fn cluster_getslotmigrations(&self) -> Self::Output<Vec<SlotMigration>> {
        self.execute(cluster_getslotmigrations())
    }

    /// Tells one node of another, which joins its cluster: `CLUSTER MEET`.
    ///
    /// The host is an IP address. The command needs a target.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(1).
    ///
    /// Options: [`ClusterMeet`].
    fn cluster_meet(&self, host: impl ToArg, port: u16) -> Self::Output<()> {
        self.execute(cluster_meet(host, port))
    }

    /// Begins to move ranges of slots from one node to another: `CLUSTER MIGRATESLOTS`.
    ///
    /// A range is a pair of its first and its last slot. The command needs the owner of the slots
    /// as its target; [`cluster_getslotmigrations`] tells how far it is.
    /// [`cluster_migration_import`] does the same on Redis 8.4.
    ///
    /// **Since**: Valkey 9.0. **Complexity**: O(n) in the number of slots.
    ///
    /// Options: [`ClusterMigrateSlots`].
    fn cluster_migrateslots(&self, ranges: impl PairOrMore, node: impl ToArg) -> Self::Output<()> {
        self.execute(cluster_migrateslots(ranges, node))
    }

    /// Stops a migration of slots, and returns how many it stopped: `CLUSTER MIGRATION CANCEL`.
    ///
    /// 0 if the migration is over or not known. The command needs a target.
    ///
    /// **Since**: Redis 8.4. **Complexity**: O(n) in the number of migrations.
    #[doc(alias = "cluster_migration")]
    fn cluster_migration_cancel(&self, migration: impl ToArg) -> Self::Output<u64> {
        self.execute(cluster_migration_cancel(migration))
    }

    /// Stops all migrations of one node, and returns how many: `CLUSTER MIGRATION CANCEL`.
    ///
    /// The command needs a target.
    ///
    /// **Since**: Redis 8.4. **Complexity**: O(n) in the number of migrations.
    fn cluster_migration_cancel_all(&self) -> Self::Output<u64> {
        self.execute(cluster_migration_cancel_all())
    }

    /// Begins to move slots to one node, and returns a name for it: `CLUSTER MIGRATION IMPORT`.
    ///
    /// A range is a pair of its first and its last slot. The command needs the node that gets the
    /// slots as its target. [`cluster_migrateslots`] does the same on Valkey 9.0.
    ///
    /// **Since**: Redis 8.4. **Complexity**: O(n) in the number of slots.
    fn cluster_migration_import(&self, ranges: impl PairOrMore) -> Self::Output<String> {
        self.execute(cluster_migration_import(ranges))
    }

    /// Returns the migrations of slots that one node knows: `CLUSTER MIGRATION STATUS`.
    ///
    /// These are migrations under way and some that ended lately. The command needs a target.
    /// [`cluster_getslotmigrations`] does the same on Valkey 9.0.
    ///
    /// **Since**: Redis 8.4. **Complexity**: O(n) in the number of migrations.
    fn cluster_migration_status(&self) -> Self::Output<Vec<MigrationStatus>> {
        self.execute(cluster_migration_status())
    }

    /// Makes one node a replica of a primary: `CLUSTER REPLICATE`.
    ///
    /// A primary must have no slots and no keys. The command needs a target.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(1).
    fn cluster_replicate(&self, primary: impl ToArg) -> Self::Output<()> {
        self.execute(cluster_replicate(primary))
    }

    /// Makes one replica a primary without slots and keys: `CLUSTER REPLICATE NO ONE`.
    ///
    /// The command needs a target.
    ///
    /// **Since**: Valkey 9.0. **Complexity**: O(n) in the number of keys.
    fn cluster_replicate_no_one(&self) -> Self::Output<()> {
        self.execute(cluster_replicate_no_one())
    }

    /// Makes one node forget its cluster: `CLUSTER RESET`.
    ///
    /// A replica loses its keys; a primary must have none. The command needs a target.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(n) in the number of nodes.
    ///
    /// Options: [`ClusterReset`].
    fn cluster_reset(&self) -> Self::Output<()> {
        self.execute(cluster_reset())
    }

    /// Writes what each node knows about the cluster to its disk: `CLUSTER SAVECONFIG`.
    ///
    /// Nodes do this themselves. The command goes to all nodes.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(1).
    fn cluster_saveconfig(&self) -> Self::Output<()> {
        self.execute(cluster_saveconfig())
    }

    /// Sets the epoch of a new node's configuration: `CLUSTER SET-CONFIG-EPOCH`.
    ///
    /// The node must know no other node. The command needs a target.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(1).
    fn cluster_set_config_epoch(&self, epoch: u64) -> Self::Output<()> {
        self.execute(cluster_set_config_epoch(epoch))
    }

    /// Sets the state of a slot on one node: `CLUSTER SETSLOT`.
    ///
    /// The slot is a [`Slot`] or its number. The command needs a target.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(1).
    ///
    /// Options: [`ClusterSetSlot`].
    fn cluster_setslot(&self, slot: impl ToArg, state: SlotState) -> Self::Output<()> {
        self.execute(cluster_setslot(slot, state))
    }

    /// Returns some keys of the cluster, and the cursor that leads to the next ones: `CLUSTERSCAN`.
    ///
    /// Begin with the cursor `0`; when `0` is returned, all keys were. There may be no keys in a
    /// reply before that. The `scan` method of a client does the same with every server.
    ///
    /// **Since**: Valkey 9.1. **Complexity**: O(1) for each call.
    ///
    /// Options: [`ClusterScan`].
    fn clusterscan<V: FromValue>(&self, cursor: impl ToArg) -> Self::Output<(String, V)> {
        self.execute(clusterscan(cursor))
    }

    /// Deletes the keys of ranges of slots that one node does not own: `TRIMSLOTS`.
    ///
    /// A range is a pair of its first and its last slot. Servers send it to their replicas after
    /// slots moved. The command needs a target.
    ///
    /// **Since**: Redis 8.4. **Complexity**: O(n) in the number of keys.
    fn trimslots(&self, ranges: impl PairOrMore) -> Self::Output<()> {
        self.execute(trimslots(ranges))
    }

    // --- cluster views ---

    /// Returns how many nodes report that a node fails: `CLUSTER COUNT-FAILURE-REPORTS`.
    ///
    /// One node tells the reports that it knows.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(n) in the number of reports.
    fn cluster_count_failure_reports(&self, node: impl ToArg) -> Self::Output<u64> {
        self.execute(cluster_count_failure_reports(node))
    }

    /// Returns how one node sees the state of the cluster: `CLUSTER INFO`.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(1).
    fn cluster_info(&self) -> Self::Output<ClusterInfo> {
        self.execute(cluster_info())
    }

    /// Returns the slot of a key, as a server computes it: `CLUSTER KEYSLOT`.
    ///
    /// [`Slot::of_key`] computes the same without a server.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(n) in the length of the key.
    fn cluster_keyslot(&self, key: impl ToArg) -> Self::Output<Slot> {
        self.execute(cluster_keyslot(key))
    }

    /// Returns the connections between one node and the others: `CLUSTER LINKS`.
    ///
    /// Two for each node: one that it accepted, and one that it opened.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n) in the number of nodes.
    fn cluster_links(&self) -> Self::Output<Vec<ClusterLink>> {
        self.execute(cluster_links())
    }

    /// Returns the ID of the node that answers: `CLUSTER MYID`.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(1).
    fn cluster_myid(&self) -> Self::Output<NodeId> {
        self.execute(cluster_myid())
    }

    /// Returns the ID of the shard of the node that answers: `CLUSTER MYSHARDID`.
    ///
    /// **Since**: Redis 7.2. **Complexity**: O(1).
    fn cluster_myshardid(&self) -> Self::Output<String> {
        self.execute(cluster_myshardid())
    }

    /// Returns all nodes that one node knows: `CLUSTER NODES`.
    ///
    /// The method `topology` of a client returns what the client routes commands by, without a
    /// server.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(n) in the number of nodes.
    fn cluster_nodes(&self) -> Self::Output<Vec<ClusterNode>> {
        self.execute(cluster_nodes())
    }

    /// Returns the replicas of a primary, as one node sees them: `CLUSTER REPLICAS`.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(n) in the number of nodes.
    #[doc(alias = "cluster_slaves")]
    fn cluster_replicas(&self, primary: impl ToArg) -> Self::Output<Vec<ClusterNode>> {
        self.execute(cluster_replicas(primary))
    }

    /// Returns the shards: their slots and their nodes: `CLUSTER SHARDS`.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n) in the number of nodes.
    fn cluster_shards(&self) -> Self::Output<Vec<ClusterShard>> {
        self.execute(cluster_shards())
    }

    /// Returns what a range of slots holds and costs: `CLUSTER SLOT-STATS SLOTSRANGE`.
    ///
    /// Both slots are part of the range. Replies of all primaries are joined, in the order of
    /// slots.
    ///
    /// **Since**: Valkey 8.0, Redis 8.2. **Complexity**: O(n) in the number of slots.
    fn cluster_slot_stats(
        &self,
        first: impl ToArg,
        last: impl ToArg,
    ) -> Self::Output<Vec<SlotStats>> {
        self.execute(cluster_slot_stats(first, last))
    }

    /// Returns what slots hold and cost, the most first: `CLUSTER SLOT-STATS ORDERBY`.
    ///
    /// Replies of all primaries are joined in the same order.
    ///
    /// **Since**: Valkey 8.0, Redis 8.2. **Complexity**: O(n log n) in the number of slots.
    ///
    /// Options: [`SlotStatsBy`].
    fn cluster_slot_stats_by(&self, metric: SlotMetric) -> Self::Output<Vec<SlotStats>> {
        self.execute(cluster_slot_stats_by(metric))
    }

    /// Returns the ranges of slots and the nodes that serve them: `CLUSTER SLOTS`.
    ///
    /// The method `topology` of a client returns what the client routes commands by, without a
    /// server.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(n) in the number of nodes.
    fn cluster_slots(&self) -> Self::Output<Vec<ClusterSlots>> {
        self.execute(cluster_slots())
    }

    // --- command facts ---

    /// Returns the number of commands that the server has: `COMMAND COUNT`.
    ///
    /// **Since**: Redis 2.8.13. **Complexity**: O(1).
    fn command_count(&self) -> Self::Output<u64> {
        self.execute(command_count())
    }

    /// Returns the documentation of commands by their names: `COMMAND DOCS`.
    ///
    /// A name that the server does not know is missing in the map. The name of a subcommand has a
    /// bar: `config|get`.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n) in the number of names.
    fn command_docs(&self, names: impl OneOrMore) -> Self::Output<ByName<CommandDocs>> {
        self.execute(command_docs(names))
    }

    /// Returns the keys of a command, as the server finds them: `COMMAND GETKEYS`.
    ///
    /// The command is not run. One without keys is an error of the server.
    ///
    /// **Since**: Redis 2.8.13. **Complexity**: O(n) in the number of arguments.
    fn command_getkeys<V: FromValue>(&self, command: impl TypedCommand) -> Self::Output<V> {
        self.execute(command_getkeys(command))
    }

    /// Returns the keys of a command, and what it does with each: `COMMAND GETKEYSANDFLAGS`.
    ///
    /// The command is not run. Ask for pairs: `Vec<(String, Vec<String>)>`.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n) in the number of arguments.
    fn command_getkeysandflags<V: FromValue>(&self, command: impl TypedCommand) -> Self::Output<V> {
        self.execute(command_getkeysandflags(command))
    }

    /// Returns what the server knows about commands, in the order of their names: `COMMAND INFO`.
    ///
    /// `None` for a name that the server does not know. The name of a subcommand has a bar:
    /// `config|get`, since Redis 7.0.
    ///
    /// **Since**: Redis 2.8.13. **Complexity**: O(n) in the number of names.
    fn command_info(&self, names: impl OneOrMore) -> Self::Output<Vec<Option<ServerCommand>>> {
        self.execute(command_info(names))
    }

    /// Returns the names of the server's commands: `COMMAND LIST`.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n) in the number of commands.
    ///
    /// Options: [`CommandNames`].
    fn command_list(&self) -> Self::Output<Vec<String>> {
        self.execute(command_list())
    }

    /// Returns what the server knows about all of its commands: `COMMAND`.
    ///
    /// The client itself learns the commands of a server with its method `load_commands`.
    ///
    /// **Since**: Redis 2.8.13. **Complexity**: O(n) in the number of commands.
    #[doc(alias = "command")]
    fn commands(&self) -> Self::Output<Vec<ServerCommand>> {
        self.execute(commands())
    }

    // --- hotkeys ---

    /// Returns the keys that one node spent the most time or traffic on: `HOTKEYS GET`.
    ///
    /// `None` if the node counts no keys. The command needs a target.
    ///
    /// **Since**: Redis 8.6. **Complexity**: O(n) in the number of keys that are returned.
    fn hotkeys_get(&self) -> Self::Output<Option<HotKeys>> {
        self.execute(hotkeys_get())
    }

    /// Forgets what one node counted: `HOTKEYS RESET`.
    ///
    /// Counting has to be [stopped](hotkeys_stop). The command needs a target.
    ///
    /// **Since**: Redis 8.6. **Complexity**: O(1).
    fn hotkeys_reset(&self) -> Self::Output<()> {
        self.execute(hotkeys_reset())
    }

    /// Begins to count which keys one node spends the most time or traffic on: `HOTKEYS START`.
    ///
    /// The command needs a target.
    ///
    /// **Since**: Redis 8.6. **Complexity**: O(1).
    ///
    /// Options: [`HotKeysStart`].
    fn hotkeys_start(&self, metrics: impl OneOrMore) -> Self::Output<()> {
        self.execute(hotkeys_start(metrics))
    }

    /// Ends the counting of keys on one node, and returns whether it was under way: `HOTKEYS STOP`.
    ///
    /// [`hotkeys_get`] still returns what was counted. The command needs a target.
    ///
    /// **Since**: Redis 8.6. **Complexity**: O(1).
    fn hotkeys_stop(&self) -> Self::Output<bool> {
        self.execute(hotkeys_stop())
    }

    // --- latency ---

    /// Returns the newest entries of a log of each node: `COMMANDLOG GET`.
    ///
    /// At most `count` of each node; -1 returns all of them. The command goes to all nodes.
    ///
    /// **Since**: Valkey 8.1; [`slowlog_get`] on Redis. **Complexity**: O(n) in the number of
    /// entries.
    fn commandlog_get(
        &self,
        count: i64,
        log: CommandLog,
    ) -> Self::Output<PerNode<Vec<CommandLogEntry>>> {
        self.execute(commandlog_get(count, log))
    }

    /// Returns how many entries a log has on all nodes: `COMMANDLOG LEN`.
    ///
    /// **Since**: Valkey 8.1; [`slowlog_len`] on Redis. **Complexity**: O(1).
    fn commandlog_len(&self, log: CommandLog) -> Self::Output<u64> {
        self.execute(commandlog_len(log))
    }

    /// Deletes the entries of a log on all nodes: `COMMANDLOG RESET`.
    ///
    /// **Since**: Valkey 8.1; [`slowlog_reset`] on Redis. **Complexity**: O(n) in the number of
    /// entries.
    fn commandlog_reset(&self, log: CommandLog) -> Self::Output<()> {
        self.execute(commandlog_reset(log))
    }

    /// Returns what each node thinks of its latency, in words: `LATENCY DOCTOR`.
    ///
    /// **Since**: Redis 2.8.13. **Complexity**: O(1).
    fn latency_doctor(&self) -> Self::Output<PerNode<String>> {
        self.execute(latency_doctor())
    }

    /// Returns a graph of the latency of an event on each node, made of characters: `LATENCY
    /// GRAPH`.
    ///
    /// A node that has no sample of the event has an error in its place.
    ///
    /// **Since**: Redis 2.8.13. **Complexity**: O(1).
    fn latency_graph(&self, event: impl ToArg) -> Self::Output<PerNodeResult<String>> {
        self.execute(latency_graph(event))
    }

    /// Returns how long commands took on each node, by their names: `LATENCY HISTOGRAM`.
    ///
    /// Commands that were not called are missing.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(n) in the number of commands.
    ///
    /// Options: [`LatencyHistogram`].
    fn latency_histogram(&self) -> Self::Output<PerNode<ByName<CommandHistogram>>> {
        self.execute(latency_histogram())
    }

    /// Returns the newest samples of an event on each node, the oldest first: `LATENCY HISTORY`.
    ///
    /// At most 160 of each node.
    ///
    /// **Since**: Redis 2.8.13. **Complexity**: O(1).
    fn latency_history(&self, event: impl ToArg) -> Self::Output<PerNode<Vec<LatencySample>>> {
        self.execute(latency_history(event))
    }

    /// Returns the events of each node that were slow: `LATENCY LATEST`.
    ///
    /// Servers watch events only if the setting `latency-monitor-threshold` is not 0.
    ///
    /// **Since**: Redis 2.8.13. **Complexity**: O(1).
    fn latency_latest(&self) -> Self::Output<PerNode<Vec<LatencyEvent>>> {
        self.execute(latency_latest())
    }

    /// Deletes the samples of all events on all nodes: `LATENCY RESET`.
    ///
    /// Returns how many events had some, over all nodes.
    ///
    /// **Since**: Redis 2.8.13. **Complexity**: O(1).
    ///
    /// Options: [`LatencyReset`].
    fn latency_reset(&self) -> Self::Output<u64> {
        self.execute(latency_reset())
    }

    /// Returns the commands of each node that took long, the newest first: `SLOWLOG GET`.
    ///
    /// The command goes to all nodes. Without an option ten entries of each node are returned.
    ///
    /// **Since**: Redis 2.2.12. **Complexity**: O(n) in the number of entries that are returned.
    ///
    /// Options: [`SlowlogGet`].
    fn slowlog_get(&self) -> Self::Output<PerNode<Vec<SlowlogEntry>>> {
        self.execute(slowlog_get())
    }

    /// Returns how many entries the logs of slow commands have on all nodes: `SLOWLOG LEN`.
    ///
    /// **Since**: Redis 2.2.12. **Complexity**: O(1).
    fn slowlog_len(&self) -> Self::Output<u64> {
        self.execute(slowlog_len())
    }

    /// Deletes the logs of slow commands on all nodes: `SLOWLOG RESET`.
    ///
    /// **Since**: Redis 2.2.12. **Complexity**: O(n) in the number of entries.
    fn slowlog_reset(&self) -> Self::Output<()> {
        self.execute(slowlog_reset())
    }

    // --- server ---

    /// Rewrites the append-only file in the background on each node: `BGREWRITEAOF`.
    ///
    /// Returns what each node says: that it started, or that it will. The command goes to all
    /// nodes.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    fn bgrewriteaof(&self) -> Self::Output<PerNodeResult<String>> {
        self.execute(bgrewriteaof())
    }

    /// Saves the data of each node to its disk in the background: `BGSAVE`.
    ///
    /// Returns what each node says. A node that is saving already has an error in its place. The
    /// command goes to all nodes.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    ///
    /// Options: [`BgSave`].
    fn bgsave(&self) -> Self::Output<PerNodeResult<String>> {
        self.execute(bgsave())
    }

    /// Returns the settings of each node whose names match, by their names: `CONFIG GET`.
    ///
    /// The command goes to all nodes. Several names or patterns are possible since Redis 7.0.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(n) in the number of settings.
    fn config_get(&self, names: impl OneOrMore) -> Self::Output<PerNode<ByName<String>>> {
        self.execute(config_get(names))
    }

    /// Sets the statistics of all nodes to zero: `CONFIG RESETSTAT`.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(1).
    fn config_resetstat(&self) -> Self::Output<()> {
        self.execute(config_resetstat())
    }

    /// Writes the settings of all nodes to their configuration files: `CONFIG REWRITE`.
    ///
    /// A node that runs without a file has an error.
    ///
    /// **Since**: Redis 2.8. **Complexity**: O(1).
    fn config_rewrite(&self) -> Self::Output<()> {
        self.execute(config_rewrite())
    }

    /// Changes settings of all nodes: `CONFIG SET`.
    ///
    /// Several settings are possible since Redis 7.0: a node changes all of them or none. Errors do
    /// not show values, which may be passwords.
    ///
    /// **Since**: Redis 2.0. **Complexity**: O(n) in the number of settings.
    fn config_set(&self, settings: impl PairOrMore) -> Self::Output<()> {
        self.execute(config_set(settings))
    }

    /// Returns the number of keys of all primaries: `DBSIZE`.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1) on each primary.
    fn dbsize(&self) -> Self::Output<u64> {
        self.execute(dbsize())
    }

    /// Returns the message: `ECHO`.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    fn echo<V: FromValue>(&self, message: impl ToArg) -> Self::Output<V> {
        self.execute(echo(message))
    }

    /// Makes a replica the primary in place of the node that gets the command: `FAILOVER`.
    ///
    /// Nodes of a cluster refuse it: [`cluster_failover`] replaces it there.
    /// The command needs a target.
    ///
    /// **Since**: Redis 6.2. **Complexity**: O(1).
    ///
    /// Options: [`Failover`].
    fn failover(&self) -> Self::Output<()> {
        self.execute(failover())
    }

    /// Deletes all keys of all databases, on all primaries: `FLUSHALL`.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of keys.
    ///
    /// Options: [`FlushAll`].
    fn flushall(&self) -> Self::Output<()> {
        self.execute(flushall())
    }

    /// Deletes all keys of the client's database, on all primaries: `FLUSHDB`.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of keys.
    ///
    /// Options: [`FlushAll`].
    fn flushdb(&self) -> Self::Output<()> {
        self.execute(flushdb())
    }

    /// Returns what each primary tells of itself: `INFO`.
    ///
    /// For a replica, or for one primary, name a [`Target`](crate::Target) and choose the type
    /// [`ServerInfo`] with [`Info::reply`].
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    ///
    /// Options: [`Info`].
    fn info(&self) -> Self::Output<PerNode<ServerInfo>> {
        self.execute(info())
    }

    /// Returns when each node saved its data last, in seconds since 1970-01-01 00:00 UTC:
    /// `LASTSAVE`.
    ///
    /// The command goes to all nodes.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    fn lastsave(&self) -> Self::Output<PerNode<u64>> {
        self.execute(lastsave())
    }

    /// Returns a piece of art made of characters, and the version of the server: `LOLWUT`.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(n) in the size of the piece.
    ///
    /// Options: [`Lolwut`].
    fn lolwut(&self) -> Self::Output<String> {
        self.execute(lolwut())
    }

    /// Returns what each primary thinks of its memory, in words: `MEMORY DOCTOR`.
    ///
    /// **Since**: Redis 4.0. **Complexity**: O(1).
    fn memory_doctor(&self) -> Self::Output<PerNode<String>> {
        self.execute(memory_doctor())
    }

    /// Returns the statistics of each primary's allocator, as text: `MEMORY MALLOC-STATS`.
    ///
    /// **Since**: Redis 4.0. **Complexity**: O(n) in the memory that is allocated.
    fn memory_malloc_stats(&self) -> Self::Output<PerNode<String>> {
        self.execute(memory_malloc_stats())
    }

    /// Gives memory that all nodes do not use back to their systems: `MEMORY PURGE`.
    ///
    /// **Since**: Redis 4.0. **Complexity**: O(n) in the memory that is allocated.
    fn memory_purge(&self) -> Self::Output<()> {
        self.execute(memory_purge())
    }

    /// Returns what each primary uses its memory for: `MEMORY STATS`.
    ///
    /// Names and fields differ by version. Most values are numbers, those of a database are maps:
    /// ask for `ByName<OwnedValue>`, or for a type of your own.
    ///
    /// **Since**: Redis 4.0. **Complexity**: O(1).
    fn memory_stats<V: FromValue>(&self) -> Self::Output<PerNode<V>> {
        self.execute(memory_stats())
    }

    /// Returns how many bytes a key and its value take: `MEMORY USAGE`.
    ///
    /// `None` if the key is missing. The server estimates a large value by five of its elements.
    ///
    /// **Since**: Redis 4.0. **Complexity**: O(n) in the number of samples.
    ///
    /// Options: [`MemoryUsage`].
    fn memory_usage(&self, key: impl ToArg) -> Self::Output<Option<u64>> {
        self.execute(memory_usage(key))
    }

    /// Returns the modules of the server: `MODULE LIST`.
    ///
    /// **Since**: Redis 4.0. **Complexity**: O(n) in the number of modules.
    fn module_list(&self) -> Self::Output<Vec<LoadedModule>> {
        self.execute(module_list())
    }

    /// Loads a module into all nodes, from a file of theirs: `MODULE LOAD`.
    ///
    /// **Since**: Redis 4.0. **Complexity**: O(1).
    ///
    /// Options: [`ModuleLoad`].
    fn module_load(&self, path: impl ToArg) -> Self::Output<()> {
        self.execute(module_load(path))
    }

    /// Loads a module with settings into all nodes, from a file of theirs: `MODULE LOADEX`.
    ///
    /// **Since**: Redis 7.0. **Complexity**: O(1).
    ///
    /// Options: [`ModuleLoadEx`].
    fn module_loadex(&self, path: impl ToArg) -> Self::Output<()> {
        self.execute(module_loadex(path))
    }

    /// Unloads a module from all nodes: `MODULE UNLOAD`.
    ///
    /// **Since**: Redis 4.0. **Complexity**: O(1).
    fn module_unload(&self, name: impl ToArg) -> Self::Output<()> {
        self.execute(module_unload(name))
    }

    /// Returns `PONG` if a primary answers: `PING`.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(1).
    ///
    /// Options: [`Ping`].
    fn ping(&self) -> Self::Output<String> {
        self.execute(ping())
    }

    /// Makes a server a replica of another one: `REPLICAOF`.
    ///
    /// Nodes of a cluster refuse it: [`cluster_replicate`] replaces it there.
    /// The command needs a target.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(1).
    #[doc(alias = "slaveof")]
    fn replicaof(&self, host: impl ToArg, port: u16) -> Self::Output<()> {
        self.execute(replicaof(host, port))
    }

    /// Makes a replica a primary: `REPLICAOF NO ONE`.
    ///
    /// Nodes of a cluster refuse it: [`cluster_failover`] replaces it there.
    /// The command needs a target.
    ///
    /// **Since**: Redis 5.0. **Complexity**: O(1).
    fn replicaof_no_one(&self) -> Self::Output<()> {
        self.execute(replicaof_no_one())
    }

    /// Returns whether a server is a primary or a replica, and how far replication is: `ROLE`.
    ///
    /// A primary answers, unless a target is named.
    ///
    /// **Since**: Redis 2.8.12. **Complexity**: O(1).
    fn role(&self) -> Self::Output<ServerRole> {
        self.execute(role())
    }

    /// Saves the data of each node to its disk, and returns what became of it: `SAVE`.
    ///
    /// The command goes to all nodes. A node serves no other command meanwhile: [`bgsave`] saves in
    /// the background.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of keys.
    fn save(&self) -> Self::Output<PerNodeResult<()>> {
        self.execute(save())
    }

    /// Ends one server: `SHUTDOWN`.
    ///
    /// The server closes its connections and sends no reply: a call that succeeds ends with an
    /// error that the connection was lost. The command needs a target.
    ///
    /// **Since**: Redis 1.0. **Complexity**: O(n) in the number of keys if it saves, else O(1).
    ///
    /// Options: [`Shutdown`].
    fn shutdown(&self) -> Self::Output<()> {
        self.execute(shutdown())
    }

    /// Exchanges two databases: `SWAPDB`.
    ///
    /// Nodes of a cluster refuse it. The command needs a target.
    ///
    /// **Since**: Redis 4.0. **Complexity**: O(n) in the number of clients that watch or wait for
    /// keys.
    fn swapdb(&self, first: u32, second: u32) -> Self::Output<()> {
        self.execute(swapdb(first, second))
    }

    /// Returns the time of a server: `TIME`.
    ///
    /// **Since**: Redis 2.6. **Complexity**: O(1).
    fn time(&self) -> Self::Output<ServerTime> {
        self.execute(time())
    }

    /// Waits until replicas have the writes of this connection, and returns how many have: `WAIT`.
    ///
    /// The number is that of the primary with the fewest. A timeout of zero waits forever.
    ///
    /// **Since**: Redis 3.0. **Complexity**: O(1).
    fn wait(&self, replicas: u64, timeout: Duration) -> Self::Output<u64> {
        self.execute(wait(replicas, timeout))
    }

    /// Waits until the writes of this connection are in append-only files: `WAITAOF`.
    ///
    /// Returns how many files of the primary, 0 or 1, and how many of replicas have them. Both
    /// numbers are those of the primary with the fewest. A timeout of zero waits forever.
    ///
    /// **Since**: Redis 7.2. **Complexity**: O(1).
    fn waitaof(&self, local: u64, replicas: u64, timeout: Duration) -> Self::Output<(u64, u64)> {
        self.execute(waitaof(local, replicas, timeout))
    }

    // --- bloom ---

    /// Adds an item to the Bloom filter at `key`, and returns whether it was new: `BF.ADD`.
    ///
    /// A missing key becomes a filter of the default size. A false positive is not added again.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(k) in the number of hash functions.
    fn bf_add(&self, key: impl ToArg, item: impl ToArg) -> Self::Output<bool> {
        self.execute(bf_add(key, item))
    }

    /// Returns the number of items that were added to the Bloom filter at `key`: `BF.CARD`.
    ///
    /// 0 if the key is missing. Items that were false positives do not count.
    ///
    /// **Since**: `RedisBloom` 2.4.4. **Complexity**: O(1).
    fn bf_card(&self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(bf_card(key))
    }

    /// Returns whether an item may have been added to the Bloom filter at `key`: `BF.EXISTS`.
    ///
    /// False is certain, true is not. False if the key is missing.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(k) in the number of hash functions.
    fn bf_exists(&self, key: impl ToArg, item: impl ToArg) -> Self::Output<bool> {
        self.execute(bf_exists(key, item))
    }

    /// Returns facts about the Bloom filter at `key`: `BF.INFO`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(1).
    fn bf_info(&self, key: impl ToArg) -> Self::Output<BfInfo> {
        self.execute(bf_info(key))
    }

    /// Adds items to the Bloom filter at `key`, and returns for each whether it was new:
    /// `BF.INSERT`.
    ///
    /// The options are methods of [`BfInsert`]; they count if the key is missing. If a filter that
    /// does not grow is full, an error is in place of the first item without room. Ask for a
    /// `Vec<Result<bool, ServerError>>` with [`BfInsert::reply`] to see it.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(k · n) for k hash functions and n items.
    ///
    /// Options: [`BfInsert`].
    fn bf_insert(&self, key: impl ToArg, items: impl OneOrMore) -> Self::Output<Vec<bool>> {
        self.execute(bf_insert(key, items))
    }

    /// Makes the Bloom filter at `key` from the form that append-only files have: `BF.LOAD`.
    ///
    /// [`dump`] and [`restore`] copy filters.
    ///
    /// **Since**: `valkey-bloom` 1.0. **Complexity**: O(n) in the size of the filter.
    fn bf_load(&self, key: impl ToArg, data: impl ToArg) -> Self::Output<()> {
        self.execute(bf_load(key, data))
    }

    /// Adds a part that [`bf_scandump`] returned to the Bloom filter at `key`: `BF.LOADCHUNK`.
    ///
    /// The parts have to come in their order; the first makes the filter, for which the key has to
    /// be missing.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the size of the part.
    fn bf_loadchunk(&self, key: impl ToArg, iterator: i64, data: impl ToArg) -> Self::Output<()> {
        self.execute(bf_loadchunk(key, iterator, data))
    }

    /// Adds items to the Bloom filter at `key`, and returns for each whether it was new: `BF.MADD`.
    ///
    /// A missing key becomes a filter of the default size. See [`bf_insert`] for a filter that is
    /// full.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(k · n) for k hash functions and n items.
    fn bf_madd(&self, key: impl ToArg, items: impl OneOrMore) -> Self::Output<Vec<bool>> {
        self.execute(bf_madd(key, items))
    }

    /// Returns for each item whether it may have been added to the Bloom filter at `key`:
    /// `BF.MEXISTS`.
    ///
    /// False is certain, true is not. All are false if the key is missing.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(k · n) for k hash functions and n items.
    fn bf_mexists(&self, key: impl ToArg, items: impl OneOrMore) -> Self::Output<Vec<bool>> {
        self.execute(bf_mexists(key, items))
    }

    /// Makes a Bloom filter at `key`, which has room for `capacity` items at first: `BF.RESERVE`.
    ///
    /// `error_rate` is the share of false positives, such as 0.01. A key that exists is an error of
    /// the server. The options are methods of [`BfReserve`].
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(1).
    ///
    /// Options: [`BfReserve`].
    fn bf_reserve(&self, key: impl ToArg, error_rate: f64, capacity: u64) -> Self::Output<()> {
        self.execute(bf_reserve(key, error_rate, capacity))
    }

    /// Returns the next part of the Bloom filter at `key`, for [`bf_loadchunk`]: `BF.SCANDUMP`.
    ///
    /// `iterator` is 0 for the first part, and then that of the last part. The filter must not
    /// change meanwhile. A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the size of the part.
    fn bf_scandump(&self, key: impl ToArg, iterator: i64) -> Self::Output<FilterChunk> {
        self.execute(bf_scandump(key, iterator))
    }

    /// Adds an item to the cuckoo filter at `key`: `CF.ADD`.
    ///
    /// An item may be added several times. A missing key becomes a filter of the default size. A
    /// filter that is full is an error of the server.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the number of parts of the filter.
    fn cf_add(&self, key: impl ToArg, item: impl ToArg) -> Self::Output<()> {
        self.execute(cf_add(key, item))
    }

    /// Adds an item to the cuckoo filter at `key` unless it may be there, and returns whether it
    /// was added: `CF.ADDNX`.
    ///
    /// A missing key becomes a filter of the default size. A filter that is full is an error of the
    /// server.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the number of parts of the filter.
    fn cf_addnx(&self, key: impl ToArg, item: impl ToArg) -> Self::Output<bool> {
        self.execute(cf_addnx(key, item))
    }

    /// Moves items of the cuckoo filter at `key` to its first parts, to free the last ones:
    /// `CF.COMPACT`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the size of the filter.
    fn cf_compact(&self, key: impl ToArg) -> Self::Output<()> {
        self.execute(cf_compact(key))
    }

    /// Returns how often an item may have been added to the cuckoo filter at `key`: `CF.COUNT`.
    ///
    /// It is never too low. 0 if the key is missing.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the number of parts of the filter.
    fn cf_count(&self, key: impl ToArg, item: impl ToArg) -> Self::Output<u64> {
        self.execute(cf_count(key, item))
    }

    /// Deletes an item from the cuckoo filter at `key` once, and returns whether it was there:
    /// `CF.DEL`.
    ///
    /// Delete only items that were added: another one may take an item away that looks the same. A
    /// missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the number of parts of the filter.
    fn cf_del(&self, key: impl ToArg, item: impl ToArg) -> Self::Output<bool> {
        self.execute(cf_del(key, item))
    }

    /// Returns whether an item may be in the cuckoo filter at `key`: `CF.EXISTS`.
    ///
    /// False is certain, true is not. False if the key is missing.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the number of parts of the filter.
    fn cf_exists(&self, key: impl ToArg, item: impl ToArg) -> Self::Output<bool> {
        self.execute(cf_exists(key, item))
    }

    /// Returns facts about the cuckoo filter at `key`: `CF.INFO`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(1).
    fn cf_info(&self, key: impl ToArg) -> Self::Output<CfInfo> {
        self.execute(cf_info(key))
    }

    /// Adds items to the cuckoo filter at `key`, and returns what was done with each: `CF.INSERT`.
    ///
    /// The options are methods of [`CfInsert`]; they count if the key is missing.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(n · m) for n items and m parts of the filter.
    ///
    /// Options: [`CfInsert`].
    fn cf_insert(
        &self,
        key: impl ToArg,
        items: impl OneOrMore,
    ) -> Self::Output<Vec<CfInsertReply>> {
        self.execute(cf_insert(key, items))
    }

    /// Adds those items to the cuckoo filter at `key` that are not there, and returns what was done
    /// with each: `CF.INSERTNX`.
    ///
    /// The options are methods of [`CfInsert`]; they count if the key is missing.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(n · m) for n items and m parts of the filter.
    ///
    /// Options: [`CfInsert`].
    fn cf_insertnx(
        &self,
        key: impl ToArg,
        items: impl OneOrMore,
    ) -> Self::Output<Vec<CfInsertReply>> {
        self.execute(cf_insertnx(key, items))
    }

    /// Adds a part that [`cf_scandump`] returned to the cuckoo filter at `key`: `CF.LOADCHUNK`.
    ///
    /// The parts have to come in their order; the first makes the filter, for which the key has to
    /// be missing.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the size of the part.
    fn cf_loadchunk(&self, key: impl ToArg, iterator: i64, data: impl ToArg) -> Self::Output<()> {
        self.execute(cf_loadchunk(key, iterator, data))
    }

    /// Returns for each item whether it may be in the cuckoo filter at `key`: `CF.MEXISTS`.
    ///
    /// False is certain, true is not. All are false if the key is missing.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(n · m) for n items and m parts of the filter.
    fn cf_mexists(&self, key: impl ToArg, items: impl OneOrMore) -> Self::Output<Vec<bool>> {
        self.execute(cf_mexists(key, items))
    }

    /// Makes a cuckoo filter at `key`, which has room for `capacity` items at first: `CF.RESERVE`.
    ///
    /// A key that exists is an error of the server. The options are methods of [`CfReserve`].
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(1).
    ///
    /// Options: [`CfReserve`].
    fn cf_reserve(&self, key: impl ToArg, capacity: u64) -> Self::Output<()> {
        self.execute(cf_reserve(key, capacity))
    }

    /// Returns the next part of the cuckoo filter at `key`, for [`cf_loadchunk`]: `CF.SCANDUMP`.
    ///
    /// `iterator` is 0 for the first part, and then that of the last part. The filter must not
    /// change meanwhile. A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 1.0. **Complexity**: O(n) in the size of the part.
    fn cf_scandump(&self, key: impl ToArg, iterator: i64) -> Self::Output<FilterChunk> {
        self.execute(cf_scandump(key, iterator))
    }

    // --- json ---

    /// Appends values to the arrays at `path`, and returns their new lengths: `JSON.ARRAPPEND`.
    ///
    /// Ask for a `Vec<Option<u64>>`, or for a `u64` with a path of the older kind. A missing key is
    /// an error of the server.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    fn json_arrappend<V: FromValue>(
        &self,
        key: impl ToArg,
        path: impl ToArg,
        values: impl OneOrMore,
    ) -> Self::Output<V> {
        self.execute(json_arrappend(key, path, values))
    }

    /// Returns where the arrays at `path` have a value first: `JSON.ARRINDEX`.
    ///
    /// Ask for a `Vec<Option<i64>>`, or for an `i64` with a path of the older kind: -1 if an array
    /// does not have it. A missing key is an error of the server.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    ///
    /// Options: [`JsonArrIndex`].
    fn json_arrindex<V: FromValue>(
        &self,
        key: impl ToArg,
        path: impl ToArg,
        value: impl ToArg,
    ) -> Self::Output<V> {
        self.execute(json_arrindex(key, path, value))
    }

    /// Inserts values into the arrays at `path`, before the element with an index, and returns
    /// their new lengths: `JSON.ARRINSERT`.
    ///
    /// A negative index counts from the end. Ask for a `Vec<Option<u64>>`, or for a `u64` with a
    /// path of the older kind. A missing key is an error of the server.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    fn json_arrinsert<V: FromValue>(
        &self,
        key: impl ToArg,
        path: impl ToArg,
        index: i64,
        values: impl OneOrMore,
    ) -> Self::Output<V> {
        self.execute(json_arrinsert(key, path, index, values))
    }

    /// Returns the lengths of the arrays at `path`: `JSON.ARRLEN`.
    ///
    /// Ask for a `Vec<Option<u64>>`, or for an `Option<u64>` with a path of the older kind. A
    /// missing key is an error of the server; with a path of the older kind it is a null.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    fn json_arrlen<V: FromValue>(&self, key: impl ToArg, path: impl ToArg) -> Self::Output<V> {
        self.execute(json_arrlen(key, path))
    }

    /// Removes an element from the arrays at `path` and returns it, as JSON text: `JSON.ARRPOP`.
    ///
    /// It is the last element unless [`JsonArrPop::index`] is set. Ask for a `Vec<Option<String>>`,
    /// or for an `Option<String>` with a path of the older kind: an array without elements is a
    /// null. A missing key is an error of the server.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    ///
    /// Options: [`JsonArrPop`].
    fn json_arrpop<V: FromValue>(&self, key: impl ToArg, path: impl ToArg) -> Self::Output<V> {
        self.execute(json_arrpop(key, path))
    }

    /// Removes all elements of the arrays at `path` but those in a range, and returns their new
    /// lengths: `JSON.ARRTRIM`.
    ///
    /// `start` and `end` are indices, both inclusive; negative ones count from the end. Ask for a
    /// `Vec<Option<u64>>`, or for a `u64` with a path of the older kind. A missing key is an error
    /// of the server.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    fn json_arrtrim<V: FromValue>(
        &self,
        key: impl ToArg,
        path: impl ToArg,
        start: i64,
        end: i64,
    ) -> Self::Output<V> {
        self.execute(json_arrtrim(key, path, start, end))
    }

    /// Empties the arrays and objects at `path`, sets the numbers to 0, and returns how many values
    /// changed: `JSON.CLEAR`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: `RedisJSON` 2.0. **Complexity**: O(n) in the size of the document.
    fn json_clear(&self, key: impl ToArg, path: impl ToArg) -> Self::Output<u64> {
        self.execute(json_clear(key, path))
    }

    /// Returns how many bytes of memory the values at `path` take: `JSON.DEBUG MEMORY`.
    ///
    /// Ask for a `Vec<u64>`, or for a `u64` with a path of the older kind. A missing key is an
    /// empty list, or 0.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    fn json_debug_memory<V: FromValue>(
        &self,
        key: impl ToArg,
        path: impl ToArg,
    ) -> Self::Output<V> {
        self.execute(json_debug_memory(key, path))
    }

    /// Deletes the values at `path`, and returns how many there were: `JSON.DEL`.
    ///
    /// The path `$` deletes the key.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    #[doc(alias = "json_forget")]
    fn json_del(&self, key: impl ToArg, path: impl ToArg) -> Self::Output<u64> {
        self.execute(json_del(key, path))
    }

    /// Returns the document at `key`, or values of it, as JSON text: `JSON.GET`.
    ///
    /// A missing key is a null. Without [`JsonGet::path`] the text is that of the document. With
    /// one path that begins with `$` it is an array of all matches. With several paths it is an
    /// object that has an array for each path.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    ///
    /// Options: [`JsonGet`].
    #[doc(alias = "json_resp")]
    fn json_get<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(json_get(key))
    }

    /// Merges a value into the values at `path`, and returns whether it changed any: `JSON.MERGE`.
    ///
    /// Members of objects are replaced or added, and those that are null in `value` are deleted
    /// (RFC 7396). A missing key becomes a document if the path is `$`.
    ///
    /// **Since**: `RedisJSON` 2.6. **Complexity**: O(n + m) in the sizes of the document and the
    /// value.
    fn json_merge(
        &self,
        key: impl ToArg,
        path: impl ToArg,
        value: impl ToArg,
    ) -> Self::Output<bool> {
        self.execute(json_merge(key, path, value))
    }

    /// Returns the values at `path` of several documents, as JSON texts in the order of the keys:
    /// `JSON.MGET`.
    ///
    /// Ask for a `Vec<Option<String>>` or a tuple: a missing key is a null in its place. Keys of
    /// several slots are split into one command for each slot, unless the configuration says
    /// otherwise ([`CrossSlot`](crate::CrossSlot)).
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the sizes of the documents.
    fn json_mget<V: FromValue>(&self, keys: impl OneOrMore, path: impl ToArg) -> Self::Output<V> {
        self.execute(json_mget(keys, path))
    }

    /// Sets values in several documents, each by its key, its path and its JSON text: `JSON.MSET`.
    ///
    /// A path that does not match sets nothing, without an error. Keys of several slots are split
    /// into one command for each slot, unless the configuration says otherwise
    /// ([`CrossSlot`](crate::CrossSlot)); the whole is then not atomic.
    ///
    /// **Since**: `RedisJSON` 2.6. **Complexity**: O(n) in the sizes of the documents and the
    /// values.
    fn json_mset<K: ToArg, P: ToArg, J: ToArg>(
        &self,
        values: impl IntoIterator<Item = (K, P, J)>,
    ) -> Self::Output<()> {
        self.execute(json_mset(values))
    }

    /// Adds to the numbers at `path`, and returns the sums: `JSON.NUMINCRBY`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    fn json_numincrby<N: FromValue>(
        &self,
        key: impl ToArg,
        path: impl ToArg,
        increment: impl ToArg,
    ) -> Self::Output<JsonNumbers<N>> {
        self.execute(json_numincrby(key, path, increment))
    }

    /// Multiplies the numbers at `path`, and returns the products: `JSON.NUMMULTBY`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    fn json_nummultby<N: FromValue>(
        &self,
        key: impl ToArg,
        path: impl ToArg,
        factor: impl ToArg,
    ) -> Self::Output<JsonNumbers<N>> {
        self.execute(json_nummultby(key, path, factor))
    }

    /// Raises the numbers at `path` to a power, and returns the results: `JSON.NUMPOWBY`.
    ///
    /// A missing key is an error of the server. `valkey-json` does not have it.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    fn json_numpowby<N: FromValue>(
        &self,
        key: impl ToArg,
        path: impl ToArg,
        exponent: impl ToArg,
    ) -> Self::Output<JsonNumbers<N>> {
        self.execute(json_numpowby(key, path, exponent))
    }

    /// Returns the names of the members of the objects at `path`: `JSON.OBJKEYS`.
    ///
    /// Ask for a `Vec<Option<Vec<String>>>`, or for an `Option<Vec<String>>` with a path of the
    /// older kind. A missing key is an error of the server; with a path of the older kind it is a
    /// null.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    fn json_objkeys<V: FromValue>(&self, key: impl ToArg, path: impl ToArg) -> Self::Output<V> {
        self.execute(json_objkeys(key, path))
    }

    /// Returns the numbers of members of the objects at `path`: `JSON.OBJLEN`.
    ///
    /// Ask for a `Vec<Option<u64>>`, or for an `Option<u64>` with a path of the older kind. A
    /// missing key is an error of the server; with a path of the older kind it is a null.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    fn json_objlen<V: FromValue>(&self, key: impl ToArg, path: impl ToArg) -> Self::Output<V> {
        self.execute(json_objlen(key, path))
    }

    /// Sets the values at `path` to a JSON text: `JSON.SET`.
    ///
    /// A missing key becomes a document if the path is `$`, else it is an error of the server. A
    /// path whose last name is missing adds a member to each object before it. Returns whether
    /// anything was set: false if there is no such object, or if a condition of [`JsonSet`] was not
    /// met.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n + m) in the sizes of the document and the
    /// value.
    ///
    /// Options: [`JsonSet`].
    fn json_set(&self, key: impl ToArg, path: impl ToArg, json: impl ToArg) -> Self::Output<bool> {
        self.execute(json_set(key, path, json))
    }

    /// Appends to the strings at `path`, and returns their new lengths: `JSON.STRAPPEND`.
    ///
    /// `json` is a JSON string with its quotes. Ask for a `Vec<Option<u64>>`, or for a `u64` with a
    /// path of the older kind. A missing key is an error of the server.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    fn json_strappend<V: FromValue>(
        &self,
        key: impl ToArg,
        path: impl ToArg,
        json: impl ToArg,
    ) -> Self::Output<V> {
        self.execute(json_strappend(key, path, json))
    }

    /// Returns the lengths of the strings at `path` in bytes: `JSON.STRLEN`.
    ///
    /// Ask for a `Vec<Option<u64>>`, or for an `Option<u64>` with a path of the older kind. A
    /// missing key is an error of the server; with a path of the older kind it is a null.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    fn json_strlen<V: FromValue>(&self, key: impl ToArg, path: impl ToArg) -> Self::Output<V> {
        self.execute(json_strlen(key, path))
    }

    /// Negates the booleans at `path`, and returns them: `JSON.TOGGLE`.
    ///
    /// Ask for a `Vec<Option<bool>>`; with a path of the older kind for a `String`, which is `true`
    /// or `false`. A missing key is an error of the server.
    ///
    /// **Since**: `RedisJSON` 2.0. **Complexity**: O(n) in the size of the document.
    fn json_toggle<V: FromValue>(&self, key: impl ToArg, path: impl ToArg) -> Self::Output<V> {
        self.execute(json_toggle(key, path))
    }

    /// Returns the types of the values at `path`: `JSON.TYPE`.
    ///
    /// Without an element if the key is missing or the path matches nothing; with one at most for a
    /// path of the older kind.
    ///
    /// **Since**: `RedisJSON` 1.0. **Complexity**: O(n) in the size of the document.
    fn json_type(&self, key: impl ToArg, path: impl ToArg) -> Self::Output<Vec<JsonType>> {
        self.execute(json_type(key, path))
    }

    // --- search ---

    /// Returns how a query is executed, as text: `FT.EXPLAIN`.
    ///
    /// **Since**: `RediSearch` 1.0. **Complexity**: O(1).
    ///
    /// Options: [`FtExplain`].
    fn ft_explain(&self, index: impl ToArg, query: impl ToArg) -> Self::Output<String> {
        self.execute(ft_explain(index, query))
    }

    /// The same as [`ft_explain`], line by line: `FT.EXPLAINCLI`.
    ///
    /// **Since**: `RediSearch` 1.0. **Complexity**: O(1).
    ///
    /// Options: [`FtExplain`].
    fn ft_explaincli(&self, index: impl ToArg, query: impl ToArg) -> Self::Output<Vec<String>> {
        self.execute(ft_explaincli(index, query))
    }

    /// Runs a query, and returns its reply together with what took how long: `FT.PROFILE`.
    ///
    /// The query is one of [`ft_search`], [`ft_aggregate`] or
    /// [`ft_hybrid`]. What is told differs between versions of the server, and
    /// between RESP2 and RESP3: ask for an [`OwnedValue`](crate::resp::OwnedValue).
    ///
    /// **Since**: `RediSearch` 2.2. **Complexity**: O(n) in what the query costs.
    ///
    /// Options: [`FtProfile`].
    fn ft_profile<V: FromValue>(&self, query: impl TypedCommand) -> Self::Output<V> {
        self.execute(ft_profile(query))
    }

    /// Returns the documents of an index that match a query: `FT.SEARCH`.
    ///
    /// `V` is what the fields of a document are converted to, such as a map of strings. An index
    /// that does not exist is an error of the server. The options are methods of [`FtSearch`].
    ///
    /// **Since**: `RediSearch` 1.0. **Complexity**: O(n) in the number of documents that match a
    /// word.
    ///
    /// Options: [`FtSearch`].
    fn ft_search<V: FromValue>(
        &self,
        index: impl ToArg,
        query: impl ToArg,
    ) -> Self::Output<SearchResults<Document<V>>> {
        self.execute(ft_search(index, query))
    }

    /// Returns suggestions for the words of a query that an index does not have: `FT.SPELLCHECK`.
    ///
    /// The options are methods of [`FtSpellCheck`].
    ///
    /// **Since**: `RediSearch` 1.4. **Complexity**: O(n) in the number of words that are near
    /// enough.
    ///
    /// Options: [`FtSpellCheck`].
    fn ft_spellcheck(
        &self,
        index: impl ToArg,
        query: impl ToArg,
    ) -> Self::Output<Vec<Misspelling>> {
        self.execute(ft_spellcheck(index, query))
    }

    /// Adds a text to the suggestions at `key`, and returns how many there are: `FT.SUGADD`.
    ///
    /// Suggestions are keys of their own and have nothing to do with indexes. The options are
    /// methods of [`FtSugAdd`].
    ///
    /// **Since**: `RediSearch` 1.0. **Complexity**: O(n) in the length of the text.
    ///
    /// Options: [`FtSugAdd`].
    fn ft_sugadd(&self, key: impl ToArg, text: impl ToArg, score: f64) -> Self::Output<u64> {
        self.execute(ft_sugadd(key, text, score))
    }

    /// Deletes a text from the suggestions at `key`, and returns whether it was there: `FT.SUGDEL`.
    ///
    /// **Since**: `RediSearch` 1.0. **Complexity**: O(n) in the length of the text.
    fn ft_sugdel(&self, key: impl ToArg, text: impl ToArg) -> Self::Output<bool> {
        self.execute(ft_sugdel(key, text))
    }

    /// Returns the suggestions at `key` that begin with a text, the best first: `FT.SUGGET`.
    ///
    /// Ask for a `Vec<String>`. The options are methods of [`FtSugGet`].
    ///
    /// **Since**: `RediSearch` 1.0. **Complexity**: O(n) in the length of the text.
    ///
    /// Options: [`FtSugGet`].
    fn ft_sugget<V: FromValue>(&self, key: impl ToArg, prefix: impl ToArg) -> Self::Output<V> {
        self.execute(ft_sugget(key, prefix))
    }

    /// Returns the number of suggestions at `key`: `FT.SUGLEN`.
    ///
    /// 0 if the key is missing.
    ///
    /// **Since**: `RediSearch` 1.0. **Complexity**: O(1).
    fn ft_suglen(&self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(ft_suglen(key))
    }

    // --- search aggregate ---

    /// Computes results from the documents of an index that match a query: `FT.AGGREGATE`.
    ///
    /// `V` is what a result is converted to, such as a map of strings. The steps are methods of
    /// [`FtAggregate`]: each works on what the one before left.
    ///
    /// **Since**: `RediSearch` 1.1. **Complexity**: O(n) in the number of documents that match.
    ///
    /// Options: [`FtAggregate`].
    fn ft_aggregate<V: FromValue>(
        &self,
        index: impl ToArg,
        query: impl ToArg,
    ) -> Self::Output<AggregateResults<V>> {
        self.execute(ft_aggregate(index, query))
    }

    /// Drops a cursor of [`FtAggregate::with_cursor`]: `FT.CURSOR DEL`.
    ///
    /// A cursor that does not exist is an error of the server. The caller says which node has the
    /// cursor, with [`Call::target`](crate::Call::target).
    ///
    /// **Since**: `RediSearch` 1.1. **Complexity**: O(1).
    fn ft_cursor_del(&self, index: impl ToArg, cursor: u64) -> Self::Output<()> {
        self.execute(ft_cursor_del(index, cursor))
    }

    /// Returns the next part of the results of [`FtAggregate::with_cursor`]: `FT.CURSOR READ`.
    ///
    /// A cursor that does not exist is an error of the server. The caller says which node has the
    /// cursor, with [`Call::target`](crate::Call::target).
    ///
    /// **Since**: `RediSearch` 1.1. **Complexity**: O(n) in the number of results of the part.
    ///
    /// Options: [`FtCursorRead`].
    fn ft_cursor_read<V: FromValue>(
        &self,
        index: impl ToArg,
        cursor: u64,
    ) -> Self::Output<AggregatePage<V>> {
        self.execute(ft_cursor_read(index, cursor))
    }

    /// Returns the documents of an index that match a query of words or are near a vector:
    /// `FT.HYBRID`.
    ///
    /// `field` is the vector field, such as `@embedding`; `vector` is the name of a parameter, such
    /// as `$like`, to which [`FtHybrid::params`] gives the value. `V` is what a result is converted
    /// to. Set the options in the order in which their methods stand here.
    ///
    /// **Since**: Redis 8.4. **Complexity**: O(n + m) in what the two queries cost.
    ///
    /// Options: [`FtHybrid`].
    fn ft_hybrid<V: FromValue>(
        &self,
        index: impl ToArg,
        query: impl ToArg,
        field: impl ToArg,
        vector: impl ToArg,
    ) -> Self::Output<HybridResults<V>> {
        self.execute(ft_hybrid(index, query, field, vector))
    }

    // --- search index ---

    /// Gives an index another name: `FT.ALIASADD`.
    ///
    /// An alias that exists is an error of the server.
    ///
    /// **Since**: `RediSearch` 1.4. **Complexity**: O(1).
    fn ft_aliasadd(&self, alias: impl ToArg, index: impl ToArg) -> Self::Output<()> {
        self.execute(ft_aliasadd(alias, index))
    }

    /// Takes a name from an index: `FT.ALIASDEL`.
    ///
    /// An alias that does not exist is an error of the server.
    ///
    /// **Since**: `RediSearch` 1.4. **Complexity**: O(1).
    fn ft_aliasdel(&self, alias: impl ToArg) -> Self::Output<()> {
        self.execute(ft_aliasdel(alias))
    }

    /// Gives an index another name, which is taken from the index that has it: `FT.ALIASUPDATE`.
    ///
    /// **Since**: `RediSearch` 1.4. **Complexity**: O(1).
    fn ft_aliasupdate(&self, alias: impl ToArg, index: impl ToArg) -> Self::Output<()> {
        self.execute(ft_aliasupdate(alias, index))
    }

    /// Adds fields to an index: `FT.ALTER`.
    ///
    /// Documents are read again in the background. An index that does not exist is an error of the
    /// server.
    ///
    /// **Since**: `RediSearch` 1.0. **Complexity**: O(n) in the number of keys.
    ///
    /// Options: [`FtAlter`].
    fn ft_alter(
        &self,
        index: impl ToArg,
        fields: impl IntoIterator<Item = SearchField>,
    ) -> Self::Output<()> {
        self.execute(ft_alter(index, fields))
    }

    /// Returns options of the module with their values: `FT.CONFIG GET`.
    ///
    /// `*` asks for all. Ask for a map or for pairs; a value may be a null. Since Redis 8.0 `CONFIG
    /// GET` has the options as well, by other names.
    ///
    /// **Since**: `RediSearch` 1.0. **Complexity**: O(1).
    fn ft_config_get<V: FromValue>(&self, option: impl ToArg) -> Self::Output<V> {
        self.execute(ft_config_get(option))
    }

    /// Sets an option of the module on all primaries: `FT.CONFIG SET`.
    ///
    /// Since Redis 8.0 `CONFIG SET` sets the options as well, by other names.
    ///
    /// **Since**: `RediSearch` 1.0. **Complexity**: O(1).
    fn ft_config_set(&self, option: impl ToArg, value: impl ToArg) -> Self::Output<()> {
        self.execute(ft_config_set(option, value))
    }

    /// Makes an index of hashes or JSON documents: `FT.CREATE`.
    ///
    /// Documents that exist are read in the background: [`ft_info`] tells how far that is. An index
    /// that exists is an error of the server. The options are methods of [`FtCreate`].
    ///
    /// **Since**: `RediSearch` 1.0. **Complexity**: O(n) in the number of keys.
    ///
    /// Options: [`FtCreate`].
    fn ft_create(
        &self,
        index: impl ToArg,
        fields: impl IntoIterator<Item = SearchField>,
    ) -> Self::Output<()> {
        self.execute(ft_create(index, fields))
    }

    /// Adds words to a dictionary, and returns how many were new: `FT.DICTADD`.
    ///
    /// **Since**: `RediSearch` 1.4. **Complexity**: O(n) in the number of words.
    fn ft_dictadd(&self, dictionary: impl ToArg, words: impl OneOrMore) -> Self::Output<u64> {
        self.execute(ft_dictadd(dictionary, words))
    }

    /// Deletes words from a dictionary, and returns how many there were: `FT.DICTDEL`.
    ///
    /// **Since**: `RediSearch` 1.4. **Complexity**: O(n) in the number of words.
    fn ft_dictdel(&self, dictionary: impl ToArg, words: impl OneOrMore) -> Self::Output<u64> {
        self.execute(ft_dictdel(dictionary, words))
    }

    /// Returns the words of a dictionary: `FT.DICTDUMP`.
    ///
    /// **Since**: `RediSearch` 1.4. **Complexity**: O(n) in the number of words.
    fn ft_dictdump<V: FromValue>(&self, dictionary: impl ToArg) -> Self::Output<V> {
        self.execute(ft_dictdump(dictionary))
    }

    /// Deletes an index: `FT.DROPINDEX`.
    ///
    /// Documents stay, unless [`FtDropIndex::with_documents`] is set. An index that does not exist
    /// is an error of the server.
    ///
    /// **Since**: `RediSearch` 2.0. **Complexity**: O(1); O(n) in the number of documents it
    /// deletes.
    ///
    /// Options: [`FtDropIndex`].
    fn ft_dropindex(&self, index: impl ToArg) -> Self::Output<()> {
        self.execute(ft_dropindex(index))
    }

    /// Returns facts about an index: `FT.INFO`.
    ///
    /// Servers tell more than [`SearchIndexInfo`] has: ask for a map of
    /// [`OwnedValue`](crate::resp::OwnedValue)s with [`Typed::reply`]. An index that does not exist
    /// is an error of the server.
    ///
    /// **Since**: `RediSearch` 1.0. **Complexity**: O(1).
    fn ft_info(&self, index: impl ToArg) -> Self::Output<SearchIndexInfo> {
        self.execute(ft_info(index))
    }

    /// Returns the names of all indexes: `FT._LIST`.
    ///
    /// **Since**: `RediSearch` 2.0. **Complexity**: O(n) in the number of indexes.
    #[doc(alias = "ft__list")]
    fn ft_list<V: FromValue>(&self) -> Self::Output<V> {
        self.execute(ft_list())
    }

    /// Returns the groups of synonyms of an index, word by word: `FT.SYNDUMP`.
    ///
    /// Ask for a map of lists: words with the names of their groups.
    ///
    /// **Since**: `RediSearch` 1.2. **Complexity**: O(n) in the number of words.
    fn ft_syndump<V: FromValue>(&self, index: impl ToArg) -> Self::Output<V> {
        self.execute(ft_syndump(index))
    }

    /// Adds words to a group of synonyms, which is made if it does not exist: `FT.SYNUPDATE`.
    ///
    /// Documents are read again in the background.
    ///
    /// **Since**: `RediSearch` 1.2. **Complexity**: O(n) in the number of keys.
    ///
    /// Options: [`FtSynUpdate`].
    #[doc(alias = "ft_synadd")]
    fn ft_synupdate(
        &self,
        index: impl ToArg,
        group: impl ToArg,
        words: impl OneOrMore,
    ) -> Self::Output<()> {
        self.execute(ft_synupdate(index, group, words))
    }

    /// Returns the different tags that documents of an index have in a field: `FT.TAGVALS`.
    ///
    /// **Since**: `RediSearch` 1.0. **Complexity**: O(n) in the number of different tags.
    fn ft_tagvals<V: FromValue>(&self, index: impl ToArg, field: impl ToArg) -> Self::Output<V> {
        self.execute(ft_tagvals(index, field))
    }

    // --- sketches ---

    /// Counts items in the sketch at `key`, and returns the new count of each: `CMS.INCRBY`.
    ///
    /// Pairs are an item and how often it occurred. A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.0. **Complexity**: O(n) in the number of items.
    fn cms_incrby(&self, key: impl ToArg, items: impl PairOrMore) -> Self::Output<Vec<u64>> {
        self.execute(cms_incrby(key, items))
    }

    /// Returns facts about the count-min sketch at `key`: `CMS.INFO`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.0. **Complexity**: O(1).
    fn cms_info(&self, key: impl ToArg) -> Self::Output<CmsInfo> {
        self.execute(cms_info(key))
    }

    /// Makes a count-min sketch of `depth` rows of `width` counters at `key`: `CMS.INITBYDIM`.
    ///
    /// A key that exists is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.0. **Complexity**: O(1).
    fn cms_initbydim(&self, key: impl ToArg, width: u64, depth: u64) -> Self::Output<()> {
        self.execute(cms_initbydim(key, width, depth))
    }

    /// Makes a count-min sketch at `key` that is large enough for an error: `CMS.INITBYPROB`.
    ///
    /// With this probability a count is too high by more than `error`, as a share of the sum of all
    /// counts. A key that exists is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.0. **Complexity**: O(1).
    fn cms_initbyprob(&self, key: impl ToArg, error: f64, probability: f64) -> Self::Output<()> {
        self.execute(cms_initbyprob(key, error, probability))
    }

    /// Stores the sum of count-min sketches in `destination`: `CMS.MERGE`.
    ///
    /// The sketches and the destination have to exist, to be of one size, and to be in one slot.
    ///
    /// **Since**: `RedisBloom` 2.0. **Complexity**: O(n) in the number of sketches.
    ///
    /// Options: [`CmsMerge`].
    fn cms_merge(&self, destination: impl ToArg, sources: impl OneOrMore) -> Self::Output<()> {
        self.execute(cms_merge(destination, sources))
    }

    /// Returns the counts of items in the sketch at `key`: `CMS.QUERY`.
    ///
    /// A count may be too high, never too low. A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.0. **Complexity**: O(n) in the number of items.
    fn cms_query(&self, key: impl ToArg, items: impl OneOrMore) -> Self::Output<Vec<u64>> {
        self.execute(cms_query(key, items))
    }

    /// Counts items in the list of the most frequent ones at `key`, and returns which item each one
    /// displaced: `TOPK.ADD`.
    ///
    /// Ask for a `Vec<Option<String>>`: a null if none was. A missing key is an error of the
    /// server.
    ///
    /// **Since**: `RedisBloom` 2.0. **Complexity**: O(n · d) for n items and d rows.
    fn topk_add<V: FromValue>(&self, key: impl ToArg, items: impl OneOrMore) -> Self::Output<V> {
        self.execute(topk_add(key, items))
    }

    /// Returns about how often items were counted: `TOPK.COUNT`.
    ///
    /// A count may be too low. `RedisBloom` has deprecated it since 2.4: [`topk_list`] has better
    /// counts, of the most frequent items only. A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.0. **Complexity**: O(n) in the number of items.
    fn topk_count(&self, key: impl ToArg, items: impl OneOrMore) -> Self::Output<Vec<u64>> {
        self.execute(topk_count(key, items))
    }

    /// Counts items several times, and returns which item of the list each one displaced:
    /// `TOPK.INCRBY`.
    ///
    /// Pairs are an item and how often it occurred. Ask for a `Vec<Option<String>>`: a null if none
    /// was. A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.0. **Complexity**: O(n · d · i) for n items, d rows and increments
    /// of i.
    fn topk_incrby<V: FromValue>(
        &self,
        key: impl ToArg,
        items: impl PairOrMore,
    ) -> Self::Output<V> {
        self.execute(topk_incrby(key, items))
    }

    /// Returns facts about the list of the most frequent items at `key`: `TOPK.INFO`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.0. **Complexity**: O(1).
    fn topk_info(&self, key: impl ToArg) -> Self::Output<TopKInfo> {
        self.execute(topk_info(key))
    }

    /// Returns the most frequent items, the most frequent one first: `TOPK.LIST`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.0. **Complexity**: O(n) in the number of items in the list.
    ///
    /// Options: [`TopKList`].
    fn topk_list<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(topk_list(key))
    }

    /// Returns for each item whether it is among the most frequent ones: `TOPK.QUERY`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.0. **Complexity**: O(n) in the number of items.
    fn topk_query(&self, key: impl ToArg, items: impl OneOrMore) -> Self::Output<Vec<bool>> {
        self.execute(topk_query(key, items))
    }

    /// Makes a list of the `k` most frequent items at `key`: `TOPK.RESERVE`.
    ///
    /// A key that exists is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.0. **Complexity**: O(1).
    ///
    /// Options: [`TopKReserve`].
    fn topk_reserve(&self, key: impl ToArg, k: u64) -> Self::Output<()> {
        self.execute(topk_reserve(key, k))
    }

    /// Adds values to the t-digest at `key`: `TDIGEST.ADD`.
    ///
    /// Values are floats. A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of values.
    fn tdigest_add(&self, key: impl ToArg, values: impl OneOrMore) -> Self::Output<()> {
        self.execute(tdigest_add(key, values))
    }

    /// Returns about which values have these ranks, where the lowest value has the rank 0:
    /// `TDIGEST.BYRANK`.
    ///
    /// A rank beyond the last is infinite; all are NaN if the digest has no values. A missing key
    /// is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of ranks.
    fn tdigest_byrank(&self, key: impl ToArg, ranks: impl OneOrMore) -> Self::Output<Vec<f64>> {
        self.execute(tdigest_byrank(key, ranks))
    }

    /// Returns about which values have these ranks, where the highest value has the rank 0:
    /// `TDIGEST.BYREVRANK`.
    ///
    /// A rank beyond the last is minus infinity; all are NaN if the digest has no values. A missing
    /// key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of ranks.
    fn tdigest_byrevrank(&self, key: impl ToArg, ranks: impl OneOrMore) -> Self::Output<Vec<f64>> {
        self.execute(tdigest_byrevrank(key, ranks))
    }

    /// Returns which share of all values is below each of these: `TDIGEST.CDF`.
    ///
    /// Half of the values that are equal count. All are NaN if the digest has no values. A missing
    /// key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of values that are asked
    /// for.
    fn tdigest_cdf(&self, key: impl ToArg, values: impl OneOrMore) -> Self::Output<Vec<f64>> {
        self.execute(tdigest_cdf(key, values))
    }

    /// Makes a t-digest without values at `key`: `TDIGEST.CREATE`.
    ///
    /// A key that exists is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.4. **Complexity**: O(1).
    ///
    /// Options: [`TDigestCreate`].
    fn tdigest_create(&self, key: impl ToArg) -> Self::Output<()> {
        self.execute(tdigest_create(key))
    }

    /// Returns facts about the t-digest at `key`: `TDIGEST.INFO`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.4. **Complexity**: O(1).
    fn tdigest_info(&self, key: impl ToArg) -> Self::Output<TDigestInfo> {
        self.execute(tdigest_info(key))
    }

    /// Returns the highest value that was added to the t-digest at `key`: `TDIGEST.MAX`.
    ///
    /// NaN if the digest has no values. A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.4. **Complexity**: O(1).
    fn tdigest_max(&self, key: impl ToArg) -> Self::Output<f64> {
        self.execute(tdigest_max(key))
    }

    /// Adds the values of t-digests to that at `destination`: `TDIGEST.MERGE`.
    ///
    /// A missing destination is made; a missing source is an error of the server. All keys have to
    /// be in one slot. The options are methods of [`TDigestMerge`].
    ///
    /// **Since**: `RedisBloom` 2.4. **Complexity**: O(n · k) for k digests of n centroids.
    ///
    /// Options: [`TDigestMerge`].
    fn tdigest_merge(&self, destination: impl ToArg, sources: impl OneOrMore) -> Self::Output<()> {
        self.execute(tdigest_merge(destination, sources))
    }

    /// Returns the lowest value that was added to the t-digest at `key`: `TDIGEST.MIN`.
    ///
    /// NaN if the digest has no values. A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.4. **Complexity**: O(1).
    fn tdigest_min(&self, key: impl ToArg) -> Self::Output<f64> {
        self.execute(tdigest_min(key))
    }

    /// Returns about below which values these shares of all values are: `TDIGEST.QUANTILE`.
    ///
    /// Shares are from 0 to 1: 0.5 asks for the median. All are NaN if the digest has no values. A
    /// missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of shares.
    fn tdigest_quantile(&self, key: impl ToArg, shares: impl OneOrMore) -> Self::Output<Vec<f64>> {
        self.execute(tdigest_quantile(key, shares))
    }

    /// Returns about how many values are below each of these: `TDIGEST.RANK`.
    ///
    /// -1 for a value below all, -2 if the digest has no values. A missing key is an error of the
    /// server.
    ///
    /// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of values that are asked
    /// for.
    fn tdigest_rank(&self, key: impl ToArg, values: impl OneOrMore) -> Self::Output<Vec<i64>> {
        self.execute(tdigest_rank(key, values))
    }

    /// Removes all values from the t-digest at `key`: `TDIGEST.RESET`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.4. **Complexity**: O(1).
    fn tdigest_reset(&self, key: impl ToArg) -> Self::Output<()> {
        self.execute(tdigest_reset(key))
    }

    /// Returns about how many values are above each of these: `TDIGEST.REVRANK`.
    ///
    /// -1 for a value above all, -2 if the digest has no values. A missing key is an error of the
    /// server.
    ///
    /// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of values that are asked
    /// for.
    fn tdigest_revrank(&self, key: impl ToArg, values: impl OneOrMore) -> Self::Output<Vec<i64>> {
        self.execute(tdigest_revrank(key, values))
    }

    /// Returns about the mean of the values between two quantiles: `TDIGEST.TRIMMED_MEAN`.
    ///
    /// `low` and `high` are shares from 0 to 1: 0.1 and 0.9 leave a tenth out on each side. NaN if
    /// the digest has no values. A missing key is an error of the server.
    ///
    /// **Since**: `RedisBloom` 2.4. **Complexity**: O(n) in the number of centroids.
    fn tdigest_trimmed_mean(&self, key: impl ToArg, low: f64, high: f64) -> Self::Output<f64> {
        self.execute(tdigest_trimmed_mean(key, low, high))
    }

    // --- time series ---

    /// Adds a sample to the series at `key`, and returns its timestamp: `TS.ADD`.
    ///
    /// The timestamp `*` is the time of the server. A missing key becomes a series, of which the
    /// options of [`TsAdd`] say what it is like.
    ///
    /// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of rules of the series.
    ///
    /// Options: [`TsAdd`].
    fn ts_add(&self, key: impl ToArg, timestamp: impl ToArg, value: f64) -> Self::Output<i64> {
        self.execute(ts_add(key, timestamp, value))
    }

    /// Changes what the series at `key` is like: `TS.ALTER`.
    ///
    /// What no option of [`TsCreate`] says stays as it is; the encoding cannot be changed. Labels
    /// replace all labels. A missing key is an error of the server.
    ///
    /// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of labels.
    ///
    /// Options: [`TsCreate`].
    fn ts_alter(&self, key: impl ToArg) -> Self::Output<()> {
        self.execute(ts_alter(key))
    }

    /// Makes a series at `key`: `TS.CREATE`.
    ///
    /// A key that exists is an error of the server. The options are methods of [`TsCreate`].
    ///
    /// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(1).
    ///
    /// Options: [`TsCreate`].
    fn ts_create(&self, key: impl ToArg) -> Self::Output<()> {
        self.execute(ts_create(key))
    }

    /// Keeps aggregates of the samples of one series in another one: `TS.CREATERULE`.
    ///
    /// A bucket is as long as `bucket`. It counts samples that are added from now on. Both series
    /// have to exist, and to be in one slot.
    ///
    /// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(1).
    ///
    /// Options: [`TsCreateRule`].
    fn ts_createrule(
        &self,
        source: impl ToArg,
        destination: impl ToArg,
        aggregator: TsAggregator,
        bucket: Duration,
    ) -> Self::Output<()> {
        self.execute(ts_createrule(source, destination, aggregator, bucket))
    }

    /// Adds a sample that is the newest one less `subtrahend`, and returns its timestamp:
    /// `TS.DECRBY`.
    ///
    /// Its timestamp is the time of the server, unless [`TsIncrBy::timestamp`] is set. A missing
    /// key becomes a series, and counts as 0.
    ///
    /// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of rules of the series.
    ///
    /// Options: [`TsIncrBy`].
    fn ts_decrby(&self, key: impl ToArg, subtrahend: f64) -> Self::Output<i64> {
        self.execute(ts_decrby(key, subtrahend))
    }

    /// Deletes the samples between two timestamps, both inclusive, and returns how many there were:
    /// `TS.DEL`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: `RedisTimeSeries` 1.6. **Complexity**: O(n) in the number of samples.
    fn ts_del(&self, key: impl ToArg, from: impl ToArg, to: impl ToArg) -> Self::Output<u64> {
        self.execute(ts_del(key, from, to))
    }

    /// Ends what [`ts_createrule`] began: `TS.DELETERULE`.
    ///
    /// The aggregates stay. A rule that does not exist is an error of the server. Both keys have to
    /// be in one slot.
    ///
    /// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(1).
    fn ts_deleterule(&self, source: impl ToArg, destination: impl ToArg) -> Self::Output<()> {
        self.execute(ts_deleterule(source, destination))
    }

    /// Adds a sample that is the newest one plus `addend`, and returns its timestamp: `TS.INCRBY`.
    ///
    /// Its timestamp is the time of the server, unless [`TsIncrBy::timestamp`] is set. A missing
    /// key becomes a series, and counts as 0.
    ///
    /// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of rules of the series.
    ///
    /// Options: [`TsIncrBy`].
    fn ts_incrby(&self, key: impl ToArg, addend: f64) -> Self::Output<i64> {
        self.execute(ts_incrby(key, addend))
    }

    /// Returns facts about the series at `key`: `TS.INFO`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(1).
    ///
    /// Options: [`TsInfo`].
    fn ts_info(&self, key: impl ToArg) -> Self::Output<TsSeriesInfo> {
        self.execute(ts_info(key))
    }

    /// Adds samples to several series, and returns their timestamps: `TS.MADD`.
    ///
    /// Each sample is a key, a timestamp and a value; the timestamp `*` is the time of the server.
    /// A sample that is refused is an error in its place: ask for a `Vec<Result<i64, ServerError>>`
    /// with [`Typed::reply`] to see it. All keys have to be in one slot.
    ///
    /// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n · m) for n samples and m rules.
    fn ts_madd<K: ToArg, T: ToArg>(
        &self,
        samples: impl IntoIterator<Item = (K, T, f64)>,
    ) -> Self::Output<Vec<i64>> {
        self.execute(ts_madd(samples))
    }

    // --- time series range ---

    /// Returns the newest sample of the series at `key`: `TS.GET`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(1).
    ///
    /// Options: [`TsGet`].
    fn ts_get(&self, key: impl ToArg) -> Self::Output<TsLastSample> {
        self.execute(ts_get(key))
    }

    /// Returns the newest sample of each series whose labels meet all filters: `TS.MGET`.
    ///
    /// Filters are texts such as `room=kitchen`, or [`TsFilter`]s. All primaries are asked.
    ///
    /// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of series.
    ///
    /// Options: [`TsMGet`].
    fn ts_mget(&self, filters: impl OneOrMore) -> Self::Output<Vec<TsLatest>> {
        self.execute(ts_mget(filters))
    }

    /// Returns the samples between two timestamps of each series whose labels meet all filters:
    /// `TS.MRANGE`.
    ///
    /// `from` and `to` are inclusive; `-` is the first timestamp, `+` the last. Filters are texts
    /// such as `room=kitchen`, or [`TsFilter`]s. All primaries are asked. The options are methods
    /// of [`TsMRange`].
    ///
    /// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of samples.
    ///
    /// Options: [`TsMRange`].
    fn ts_mrange(
        &self,
        from: impl ToArg,
        to: impl ToArg,
        filters: impl OneOrMore,
    ) -> Self::Output<Vec<TsSeries>> {
        self.execute(ts_mrange(from, to, filters))
    }

    /// The same as [`ts_mrange`], the newest samples first: `TS.MREVRANGE`.
    ///
    /// **Since**: `RedisTimeSeries` 1.4. **Complexity**: O(n) in the number of samples.
    ///
    /// Options: [`TsMRange`].
    fn ts_mrevrange(
        &self,
        from: impl ToArg,
        to: impl ToArg,
        filters: impl OneOrMore,
    ) -> Self::Output<Vec<TsSeries>> {
        self.execute(ts_mrevrange(from, to, filters))
    }

    /// Returns the keys of all series whose labels meet all filters: `TS.QUERYINDEX`.
    ///
    /// Filters are texts such as `room=kitchen`, or [`TsFilter`]s. All primaries are asked.
    ///
    /// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of series.
    fn ts_queryindex<V: FromValue>(&self, filters: impl OneOrMore) -> Self::Output<V> {
        self.execute(ts_queryindex(filters))
    }

    /// Returns the samples of the series at `key` between two timestamps: `TS.RANGE`.
    ///
    /// `from` and `to` are inclusive; `-` is the first timestamp, `+` the last. A missing key is an
    /// error of the server. The options are methods of [`TsRange`].
    ///
    /// **Since**: `RedisTimeSeries` 1.0. **Complexity**: O(n) in the number of samples.
    ///
    /// Options: [`TsRange`].
    fn ts_range(
        &self,
        key: impl ToArg,
        from: impl ToArg,
        to: impl ToArg,
    ) -> Self::Output<Vec<(i64, f64)>> {
        self.execute(ts_range(key, from, to))
    }

    /// The same as [`ts_range`], the newest samples first: `TS.REVRANGE`.
    ///
    /// **Since**: `RedisTimeSeries` 1.4. **Complexity**: O(n) in the number of samples.
    ///
    /// Options: [`TsRange`].
    fn ts_revrange(
        &self,
        key: impl ToArg,
        from: impl ToArg,
        to: impl ToArg,
    ) -> Self::Output<Vec<(i64, f64)>> {
        self.execute(ts_revrange(key, from, to))
    }

    // --- vectors ---

    /// Adds an element with a vector to the set at `key`, and returns whether it was new: `VADD`.
    ///
    /// An element that exists has the new vector then. The options are methods of [`VAdd`]; what
    /// they say of the set counts when the first element is added, and has to be the same later.
    ///
    /// **Since**: Redis 8.0. **Complexity**: O(log n) in the number of elements.
    ///
    /// Options: [`VAdd`].
    fn vadd(
        &self,
        key: impl ToArg,
        vector: impl Into<Vector>,
        element: impl ToArg,
    ) -> Self::Output<bool> {
        self.execute(vadd(key, vector, element))
    }

    /// Returns the number of elements of the vector set at `key`: `VCARD`.
    ///
    /// 0 if the key is missing.
    ///
    /// **Since**: Redis 8.0. **Complexity**: O(1).
    fn vcard(&self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(vcard(key))
    }

    /// Returns the number of dimensions of the vectors in the set at `key`: `VDIM`.
    ///
    /// A missing key is an error of the server.
    ///
    /// **Since**: Redis 8.0. **Complexity**: O(1).
    fn vdim(&self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(vdim(key))
    }

    /// Returns the vector of an element, about as it was added: `VEMB`.
    ///
    /// Ask for an `Option<Vec<f32>>`: a missing key or element is a null.
    ///
    /// **Since**: Redis 8.0. **Complexity**: O(n) in the number of dimensions.
    ///
    /// Options: [`VEmb`].
    fn vemb<V: FromValue>(&self, key: impl ToArg, element: impl ToArg) -> Self::Output<V> {
        self.execute(vemb(key, element))
    }

    /// Returns the attributes of an element, a JSON text: `VGETATTR`.
    ///
    /// A null if the key or the element is missing, or has no attributes.
    ///
    /// **Since**: Redis 8.0. **Complexity**: O(1).
    fn vgetattr<V: FromValue>(&self, key: impl ToArg, element: impl ToArg) -> Self::Output<V> {
        self.execute(vgetattr(key, element))
    }

    /// Returns facts about the vector set at `key`: `VINFO`.
    ///
    /// `None` if the key is missing.
    ///
    /// **Since**: Redis 8.0. **Complexity**: O(1).
    fn vinfo(&self, key: impl ToArg) -> Self::Output<Option<VInfo>> {
        self.execute(vinfo(key))
    }

    /// Returns whether the vector set at `key` has an element: `VISMEMBER`.
    ///
    /// **Since**: Redis 8.0. **Complexity**: O(1).
    fn vismember(&self, key: impl ToArg, element: impl ToArg) -> Self::Output<bool> {
        self.execute(vismember(key, element))
    }

    /// Returns the neighbors of an element in each layer of the graph, the highest first: `VLINKS`.
    ///
    /// Ask for an `Option<Vec<Vec<String>>>`: a missing key or element is a null.
    ///
    /// **Since**: Redis 8.0. **Complexity**: O(1).
    ///
    /// Options: [`VLinks`].
    fn vlinks<V: FromValue>(&self, key: impl ToArg, element: impl ToArg) -> Self::Output<V> {
        self.execute(vlinks(key, element))
    }

    /// Returns a random element of the vector set at `key`: `VRANDMEMBER`.
    ///
    /// A missing key is a null.
    ///
    /// **Since**: Redis 8.0. **Complexity**: O(n) in the number of elements that are returned.
    ///
    /// Options: [`VRandMember`].
    fn vrandmember<V: FromValue>(&self, key: impl ToArg) -> Self::Output<V> {
        self.execute(vrandmember(key))
    }

    /// Returns elements of the vector set at `key` in the order of their names: `VRANGE`.
    ///
    /// `start` and `end` are `[name` or `(name`, which leaves out the name itself; the first is
    /// `-`, the last `+`. A missing key is an empty list.
    ///
    /// **Since**: Redis 8.4. **Complexity**: O(n) in the number of elements that are returned.
    ///
    /// Options: [`VRange`].
    fn vrange<V: FromValue>(
        &self,
        key: impl ToArg,
        start: impl ToArg,
        end: impl ToArg,
    ) -> Self::Output<V> {
        self.execute(vrange(key, start, end))
    }

    /// Removes an element from the vector set at `key`, and returns whether it was there: `VREM`.
    ///
    /// **Since**: Redis 8.0. **Complexity**: O(log n) in the number of elements.
    fn vrem(&self, key: impl ToArg, element: impl ToArg) -> Self::Output<bool> {
        self.execute(vrem(key, element))
    }

    /// Sets the attributes of an element, a JSON object, and returns whether the element exists:
    /// `VSETATTR`.
    ///
    /// An empty text removes them. Filters of [`vsim`] read them.
    ///
    /// **Since**: Redis 8.0. **Complexity**: O(1).
    fn vsetattr(
        &self,
        key: impl ToArg,
        element: impl ToArg,
        json: impl ToArg,
    ) -> Self::Output<bool> {
        self.execute(vsetattr(key, element, json))
    }

    /// Returns the elements of the vector set at `key` that are most similar: `VSIM`.
    ///
    /// They are compared with an element, given by its name, or with a vector. The most similar
    /// ones come first, 10 of them unless [`VSim::count`] is set. A missing key is an empty list; a
    /// missing element is an error of the server.
    ///
    /// **Since**: Redis 8.0. **Complexity**: O(log n) in the number of elements.
    ///
    /// Options: [`VSim`].
    fn vsim<V: FromValue>(&self, key: impl ToArg, query: impl VSimQuery) -> Self::Output<V> {
        self.execute(vsim(key, query))
    }
}

impl<E: Executor + ?Sized> Commands for E {}
