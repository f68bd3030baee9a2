//! What the crate knows about commands: made from data, and held against servers.
//!
//! [`generate`] makes `src/command/table/rows.rs`; run with `HASHSLOT_BLESS=1` it writes it.
//! [`live`] compares with what servers say of all their commands, [`keys`] with where they find the
//! keys of the thousands of argument lists of [`corpus`].

#[cfg(feature = "tokio")]
mod corpus;
mod generate;
#[path = "../../../src/command/table/hash.rs"]
mod hash;
#[cfg(feature = "tokio")]
mod keys;
mod learned;
#[cfg(feature = "tokio")]
mod live;
mod refusals;

/// The facts that the table is made of.
const COMMANDS: &str = include_str!("../../../src/command/table/commands.txt");
