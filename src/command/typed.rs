//! Constructors for the commands that nearly every program uses.

use super::{Command, CommandInfo, ToArg, table};

const GET: &CommandInfo = table::known("GET");
const SET: &CommandInfo = table::known("SET");
const DEL: &CommandInfo = table::known("DEL");
const EXISTS: &CommandInfo = table::known("EXISTS");
const INCR: &CommandInfo = table::known("INCR");
const INCRBY: &CommandInfo = table::known("INCRBY");
const EXPIRE: &CommandInfo = table::known("EXPIRE");

/// Typed constructors: no look-up by name.
impl Command {
    /// `GET key`: the value, or null.
    #[must_use]
    pub fn get(key: impl ToArg) -> Self {
        Self::of_key(GET, key)
    }

    /// `SET key value`: `OK`.
    #[must_use]
    pub fn set(key: impl ToArg, value: impl ToArg) -> Self {
        Self::of_key(SET, key).arg(value)
    }

    /// `DEL key`: how many keys there were, 0 or 1.
    #[must_use]
    pub fn del(key: impl ToArg) -> Self {
        Self::of(DEL).arg(key)
    }

    /// `EXISTS key`: 0 or 1.
    #[must_use]
    pub fn exists(key: impl ToArg) -> Self {
        Self::of(EXISTS).arg(key)
    }

    /// `INCR key`: the value after it.
    #[must_use]
    pub fn incr(key: impl ToArg) -> Self {
        Self::of_key(INCR, key)
    }

    /// `INCRBY key increment`: the value after it.
    #[must_use]
    pub fn incr_by(key: impl ToArg, increment: i64) -> Self {
        Self::of_key(INCRBY, key).arg(increment)
    }

    /// `EXPIRE key seconds`: 1 if the key is there, else 0.
    #[must_use]
    pub fn expire(key: impl ToArg, seconds: u64) -> Self {
        Self::of_key(EXPIRE, key).arg(seconds)
    }
}
