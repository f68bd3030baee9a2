//! The adapter for programs without a runtime.
//!
//! Nothing runs in the background: threads that wait for an outcome drive the machine, one at a
//! time and for all the others. Any number of threads may share a client; the commands that they
//! send at the same time leave in one write per node. While no thread waits, nothing is driven. If
//! a server closes a connection meanwhile, the next call finds out, and makes a new one.

use super::std;

mod client;
mod engine;
mod socket;

pub use self::client::{Blocking, Builder, Client, Events, Keys, Replies};
