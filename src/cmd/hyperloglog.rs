//! `HyperLogLog`s: estimates of how many distinct elements were added.

use super::typed::{Typed, start};
use crate::command::{OneOrMore, ToArg};

/// Adds elements to the `HyperLogLog` at `key`, and returns whether its estimate may have changed:
/// `PFADD`.
///
/// An empty list creates a missing key.
///
/// **Since**: Redis 2.8.9. **Complexity**: O(n) in the number of elements.
///
/// ```
/// use hashslot::cmd::{self, Typed};
/// let changed: Typed<bool> = cmd::pfadd("visitors:mon", ["ann", "bob"]);
/// ```
pub fn pfadd(key: impl ToArg, elements: impl OneOrMore) -> Typed<bool> {
    start!("PFADD").key(key).args(elements)
}

/// Returns about how many different elements the `HyperLogLog`s have together: `PFCOUNT`.
///
/// The standard error is 0.81 %. A missing key has none. All keys have to be in one slot.
///
/// **Since**: Redis 2.8.9. **Complexity**: O(n) in the number of keys; much less for one key, whose
/// estimate the server keeps.
pub fn pfcount(keys: impl OneOrMore) -> Typed<u64> {
    start!("PFCOUNT").args(keys)
}

/// Adds what `HyperLogLog`s have to another one, which is created if it is missing: `PFMERGE`.
///
/// All keys have to be in one slot.
///
/// **Since**: Redis 2.8.9. **Complexity**: O(n) in the number of keys.
pub fn pfmerge(destination: impl ToArg, sources: impl OneOrMore) -> Typed<()> {
    start!("PFMERGE").arg(destination).args(sources)
}
