//! The adapter for programs without a runtime.
//!
//! Nothing runs in the background: those who wait for an outcome drive the machine, one at a time and
//! for all the others. Any number of threads may share a client; what they send at the same time leaves
//! in one write per node. While nobody waits nothing is driven: a connection that a server closes
//! meanwhile is found and made anew by the next call.

use super::std;

mod client;
mod engine;
mod socket;

pub use self::client::{Blocking, Builder, Client, Events, Keys};
