//! Keys of any type: whether they exist, when they expire, names, copies, sorting.

use alloc::string::String;
use core::time::Duration;

use bytes::Bytes;

use super::time::{Expiry, Period, Ttl, UnixTime, milliseconds};
use super::typed::{Typed, start, with_options};
use crate::command::{FromValue, OneOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

with_options! {
    /// `COPY`, made by [`copy`]: whether it replaces a key.
    CopyKey
}

/// Copies the value and the expiry of a key to another key, and returns whether it did: `COPY`.
///
/// False if the source is missing, or if the destination exists and [`CopyKey::replace`] is not
/// set. Both keys have to be in one slot.
///
/// **Since**: Redis 6.2. **Complexity**: O(n) in the size of the value.
pub fn copy(source: impl ToArg, destination: impl ToArg) -> CopyKey<bool> {
    CopyKey(start!("COPY").arg(source).arg(destination))
}

impl<R> CopyKey<R> {
    /// Replaces the destination if it exists: `REPLACE`.
    pub fn replace(self) -> Self {
        Self(self.0.arg("REPLACE"))
    }

    /// The destination is in another database: `DB`.
    ///
    /// **Since**: clusters with several databases, Valkey 9.0.
    #[doc(alias = "db")]
    pub fn database(self, database: u32) -> Self {
        Self(self.0.arg("DB").arg(database))
    }
}

/// Deletes keys, and returns how many there were: `DEL`.
///
/// Keys of several slots are split into one command for each slot. [`unlink`] frees the memory of
/// large values in the background.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of keys, and of elements in them.
pub fn del(keys: impl OneOrMore) -> Typed<u64> {
    start!("DEL").args(keys)
}

/// Returns the serialized value of a key, for [`restore`]: `DUMP`.
///
/// `None` if the key is missing. The expiry is not part of it.
///
/// **Since**: Redis 2.6. **Complexity**: O(n) in the size of the value.
pub fn dump(key: impl ToArg) -> Typed<Option<Bytes>> {
    start!("DUMP").key(key)
}

/// Returns how many of the keys exist: `EXISTS`.
///
/// A key that is given twice counts twice. Keys of several slots are split into one command for
/// each slot. For one key, ask for a `bool` with [`Typed::reply`].
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of keys.
pub fn exists(keys: impl OneOrMore) -> Typed<u64> {
    start!("EXISTS").args(keys)
}

with_options! {
    /// `EXPIRE` and its kin, made by [`expire`] and [`expireat`]: a condition.
    Expire
}

/// Sets how long a key lives from now on, and returns whether it did: `EXPIRE`, or `PEXPIRE` if the
/// period is not whole seconds.
///
/// False if the key is missing, or if a condition of [`Expire`] was not met. A period of zero
/// deletes the key.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
#[doc(alias = "pexpire")]
pub fn expire(key: impl ToArg, ttl: Duration) -> Expire<bool> {
    Expire(match Period::of(ttl) {
        Period::Seconds(seconds) => start!("EXPIRE").key(key).arg(seconds),
        Period::Milliseconds(count) => start!("PEXPIRE").key(key).arg(count),
    })
}

/// Sets when a key expires, and returns whether it did: `EXPIREAT`, or `PEXPIREAT` if the time is
/// not whole seconds.
///
/// False if the key is missing, or if a condition of [`Expire`] was not met. A time in the past
/// deletes the key.
///
/// **Since**: Redis 1.2. **Complexity**: O(1).
#[doc(alias = "pexpireat")]
pub fn expireat(key: impl ToArg, at: impl Into<UnixTime>) -> Expire<bool> {
    Expire(match Period::until(at.into()) {
        Period::Seconds(seconds) => start!("EXPIREAT").key(key).arg(seconds),
        Period::Milliseconds(count) => start!("PEXPIREAT").key(key).arg(count),
    })
}

impl<R> Expire<R> {
    /// Only if the key does not expire yet: `NX`. **Since**: Redis 7.0.
    pub fn nx(self) -> Self {
        Self(self.0.arg("NX"))
    }

    /// Only if the key expires already: `XX`. **Since**: Redis 7.0.
    pub fn xx(self) -> Self {
        Self(self.0.arg("XX"))
    }

    /// Only if the key expires sooner as it is: `GT`. **Since**: Redis 7.0.
    pub fn gt(self) -> Self {
        Self(self.0.arg("GT"))
    }

    /// Only if the key expires later as it is, or never: `LT`. **Since**: Redis 7.0.
    pub fn lt(self) -> Self {
        Self(self.0.arg("LT"))
    }
}

/// Returns when a key expires, to the millisecond: `PEXPIRETIME`.
///
/// **Since**: Redis 7.0. **Complexity**: O(1).
#[doc(alias = "pexpiretime")]
pub fn expiretime(key: impl ToArg) -> Typed<Expiry> {
    start!("PEXPIRETIME").key(key)
}

/// Returns all keys that match a pattern, of all primaries: `KEYS`.
///
/// A primary serves no other command meanwhile: for many keys use the `scan` method of a client.
///
/// **Since**: Redis 1.0. **Complexity**: O(n) in the number of all keys.
pub fn keys<V: FromValue>(pattern: impl ToArg) -> Typed<V> {
    start!("KEYS").arg(pattern)
}

with_options! {
    /// `MIGRATE`, made by [`migrate`].
    Migrate
}

/// Moves keys of one slot to another server: `MIGRATE`.
///
/// Keys that are missing are no error: ask for a `String` with [`Migrate::reply`], which is `NOKEY`
/// if all of them were. The server waits up to `timeout` between two bytes. It is not meant for
/// clusters whose slots move: the tools of the server do that.
///
/// **Since**: Redis 2.6; several keys since 3.0.6. **Complexity**: O(n) in the size of the values.
pub fn migrate(
    host: impl ToArg,
    port: u16,
    keys: impl OneOrMore,
    database: u32,
    timeout: Duration,
) -> Migrate<()> {
    let timeout = milliseconds(timeout);
    let head = start!("MIGRATE").arg(host).arg(port).arg("").arg(database).arg(timeout);
    Migrate(head.arg("KEYS").args(keys))
}

impl<R> Migrate<R> {
    /// Keeps the keys at the source: `COPY`.
    pub fn copy(self) -> Self {
        Self(self.0.insert_after(6, ["COPY"]))
    }

    /// Replaces keys at the destination: `REPLACE`.
    pub fn replace(self) -> Self {
        Self(self.0.insert_after(6, ["REPLACE"]))
    }

    /// Authenticates at the destination with a user and a password: `AUTH2`.
    #[doc(alias = "auth2")]
    pub fn auth(self, user: impl ToArg, password: impl ToArg) -> Self {
        Self(
            self.0
                .insert_after(6, [ToArg::into_arg("AUTH2"), user.into_arg(), password.into_arg()]),
        )
    }
}

/// Moves a key to another database, and returns whether it did: `MOVE`.
///
/// False if the key is missing or exists there.
///
/// **Since**: clusters with several databases, Valkey 9.0. **Complexity**: O(1).
#[doc(alias = "move")]
pub fn move_key(key: impl ToArg, database: u32) -> Typed<bool> {
    start!("MOVE").key(key).arg(database)
}

/// Returns how the server stores the value of a key, such as `listpack`: `OBJECT ENCODING`.
///
/// `None` if the key is missing.
///
/// **Since**: Redis 2.2.3. **Complexity**: O(1).
pub fn object_encoding(key: impl ToArg) -> Typed<Option<String>> {
    start!("OBJECT ENCODING").key(key)
}

/// Returns how often a key was used, on the server's logarithmic scale: `OBJECT FREQ`.
///
/// `None` if the key is missing. An error unless the server evicts the least frequently used keys.
///
/// **Since**: Redis 4.0. **Complexity**: O(1).
pub fn object_freq(key: impl ToArg) -> Typed<Option<u64>> {
    start!("OBJECT FREQ").key(key)
}

/// Returns how many seconds ago a key was used last: `OBJECT IDLETIME`.
///
/// `None` if the key is missing. An error if the server evicts the least frequently used keys.
///
/// **Since**: Redis 2.2.3. **Complexity**: O(1).
pub fn object_idletime(key: impl ToArg) -> Typed<Option<u64>> {
    start!("OBJECT IDLETIME").key(key)
}

/// Returns the number of references to the value of a key: `OBJECT REFCOUNT`.
///
/// `None` if the key is missing.
///
/// **Since**: Redis 2.2.3. **Complexity**: O(1).
pub fn object_refcount(key: impl ToArg) -> Typed<Option<u64>> {
    start!("OBJECT REFCOUNT").key(key)
}

/// Removes the expiry of a key, and returns whether it had one: `PERSIST`.
///
/// **Since**: Redis 2.2. **Complexity**: O(1).
pub fn persist(key: impl ToArg) -> Typed<bool> {
    start!("PERSIST").key(key)
}

/// Returns some key of the cluster: `RANDOMKEY`.
///
/// A null if there is none.
///
/// **Since**: Redis 1.0. **Complexity**: O(1) on each primary.
pub fn randomkey<V: FromValue>() -> Typed<V> {
    start!("RANDOMKEY")
}

/// Renames a key: `RENAME`.
///
/// Replaces the new key if it exists; a missing key is an error of the server. Both keys have to be
/// in one slot.
///
/// **Since**: Redis 1.0. **Complexity**: O(1), and the size of a value that is replaced.
pub fn rename(key: impl ToArg, new_key: impl ToArg) -> Typed<()> {
    start!("RENAME").arg(key).arg(new_key)
}

/// Renames a key unless the new key exists, and returns whether it did: `RENAMENX`.
///
/// A missing key is an error of the server. Both keys have to be in one slot.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
pub fn renamenx(key: impl ToArg, new_key: impl ToArg) -> Typed<bool> {
    start!("RENAMENX").arg(key).arg(new_key)
}

with_options! {
    /// `RESTORE`, made by [`restore`].
    Restore
}

/// Creates a key from what [`dump`] returned: `RESTORE`.
///
/// The key expires after `ttl`; zero means that it does not expire. A key that exists is an error
/// of the server (`BUSYKEY`) unless [`Restore::replace`] is set.
///
/// **Since**: Redis 2.6. **Complexity**: O(n) in the size of the value.
pub fn restore(key: impl ToArg, ttl: Duration, dump: impl ToArg) -> Restore<()> {
    Restore(start!("RESTORE").key(key).arg(milliseconds(ttl)).arg(dump))
}

impl<R> Restore<R> {
    /// Replaces the key if it exists: `REPLACE`.
    pub fn replace(self) -> Self {
        Self(self.0.arg("REPLACE"))
    }

    /// The period counts from 1970-01-01 00:00 UTC: `ABSTTL`. See [`UnixTime::since_epoch`].
    #[doc(alias = "absttl")]
    pub fn since_epoch(self) -> Self {
        Self(self.0.arg("ABSTTL"))
    }

    /// The key counts as unused for so many seconds: `IDLETIME`.
    #[doc(alias = "idletime")]
    pub fn idle_seconds(self, seconds: u64) -> Self {
        Self(self.0.arg("IDLETIME").arg(seconds))
    }

    /// How often the key counts as used, from 0 to 255 on a logarithmic scale: `FREQ`.
    #[doc(alias = "freq")]
    pub fn frequency(self, frequency: u8) -> Self {
        Self(self.0.arg("FREQ").arg(frequency))
    }
}

with_options! {
    /// `SORT` and `SORT_RO`, made by [`sort`] and [`sort_ro`].
    Sort
}

/// Returns the elements of a list, set or sorted set, sorted as numbers: `SORT`.
///
/// The options are methods of [`Sort`].
///
/// **Since**: Redis 1.0. **Complexity**: O(n + m · log m) for n elements, of which m are returned.
pub fn sort<V: FromValue>(key: impl ToArg) -> Sort<V> {
    Sort(start!("SORT").arg(key))
}

/// The same as [`sort`] for a read, which replicas may answer: `SORT_RO`.
///
/// **Since**: Redis 7.0. **Complexity**: O(n + m · log m) for n elements, of which m are returned.
pub fn sort_ro<V: FromValue>(key: impl ToArg) -> Sort<V> {
    Sort(start!("SORT_RO").arg(key))
}

impl<R> Sort<R> {
    /// Sorts by values of other keys or hash fields, whose names come from a pattern: `BY`.
    ///
    /// In a cluster servers accept only patterns whose keys are in the slot of the key, since Redis
    /// 7.4 and Valkey 8.0; before, only a pattern without `*`, which keeps the order.
    pub fn by(self, pattern: impl ToArg) -> Self {
        Self(self.0.arg("BY").arg(pattern))
    }

    /// Returns `count` elements after the first `offset`: `LIMIT`.
    pub fn limit(self, offset: u64, count: u64) -> Self {
        Self(self.0.arg("LIMIT").arg(offset).arg(count))
    }

    /// Returns values of other keys or hash fields in place of the elements: `GET`. `#` is the
    /// element itself. May be set several times.
    pub fn get(self, pattern: impl ToArg) -> Self {
        Self(self.0.arg("GET").arg(pattern))
    }

    /// The greatest elements first: `DESC`.
    #[doc(alias = "desc")]
    pub fn descending(self) -> Self {
        Self(self.0.arg("DESC"))
    }

    /// Sorts as text: `ALPHA`. Without it an element that is no number is an error of the server.
    pub fn alpha(self) -> Self {
        Self(self.0.arg("ALPHA"))
    }

    /// Stores the elements as a list and returns how many there are: `STORE`. Both keys have to be
    /// in one slot. Not for [`sort_ro`].
    pub fn store(self, destination: impl ToArg) -> Sort<u64> {
        Sort(self.0.arg("STORE").arg(destination).reply())
    }
}

/// Marks keys as used, and returns how many exist: `TOUCH`.
///
/// Keys of several slots are split into one command for each slot.
///
/// **Since**: Redis 3.2.1. **Complexity**: O(n) in the number of keys.
pub fn touch(keys: impl OneOrMore) -> Typed<u64> {
    start!("TOUCH").args(keys)
}

/// Returns how long a key lives on, to the millisecond: `PTTL`.
///
/// **Since**: Redis 2.6. **Complexity**: O(1).
#[doc(alias = "pttl")]
pub fn ttl(key: impl ToArg) -> Typed<Ttl> {
    start!("PTTL").key(key)
}

/// The type of the value at a key: the reply of [`type_of`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyType {
    /// The key is missing.
    Missing,
    /// A string.
    Text,
    /// A list.
    List,
    /// A set.
    Set,
    /// A sorted set.
    SortedSet,
    /// A hash.
    Hash,
    /// A stream.
    Stream,
    /// A type of a module, by its name.
    Other(String),
}

impl FromValue for KeyType {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let name = String::from_value(value, frame)?;
        Ok(match name.as_str() {
            "none" => Self::Missing,
            "string" => Self::Text,
            "list" => Self::List,
            "set" => Self::Set,
            "zset" => Self::SortedSet,
            "hash" => Self::Hash,
            "stream" => Self::Stream,
            _ => Self::Other(name),
        })
    }
}

/// Returns the type of the value at a key: `TYPE`.
///
/// **Since**: Redis 1.0. **Complexity**: O(1).
#[doc(alias = "type")]
pub fn type_of(key: impl ToArg) -> Typed<KeyType> {
    start!("TYPE").key(key)
}

/// Deletes keys, and returns how many there were: `UNLINK`.
///
/// As [`del`], but the memory of large values is freed in the background.
///
/// **Since**: Redis 4.0. **Complexity**: O(n) in the number of keys.
pub fn unlink(keys: impl OneOrMore) -> Typed<u64> {
    start!("UNLINK").args(keys)
}
