//! What the crate knows about commands: made from data, and held against servers.
//!
//! [`generate`] makes `src/command/table/rows.rs`; run with `HASHSLOT_BLESS=1` it writes it.

mod generate;
#[path = "../../../src/command/table/hash.rs"]
mod hash;
