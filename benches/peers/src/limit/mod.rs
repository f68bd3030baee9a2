//! The limit: bytes that were encoded and sorted by node beforehand go to bare sockets, and replies
//! are scanned and forgotten. No client can do with less, and none does as little.

mod blocking;
mod pump;
mod scanner;
mod script;
mod values;

pub(crate) use blocking::connect as blocking;
pub(crate) use pump::connect as on_tokio;
pub(crate) use values::connect as with_values;

/// Enough for many small replies, and for a large one in few reads.
const SCRATCH_LEN: usize = 64 * 1024;
