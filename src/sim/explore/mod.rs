//! Small worlds, explored to the end. Random seeds find what is likely; this proves what is small.
//!
//! A [`Setup`] is a tiny cluster: two primaries, a client with one link to each, and a few calls.
//! At most one slot migrates or one primary fails, and a few things go wrong. In each state several
//! steps are possible: the client submits its next call, the transport takes some bytes or all, a
//! node reads its next command, a reply arrives whole or in part, the slot moves, a connection is
//! lost, a caller cancels, the next timer fires.
//!
//! [`Exploration::run`] takes the steps in every order, breadth first, and visits each state once.
//! After each step the machine [verifies](crate::Cluster::verify) itself, and an oracle compares
//! what the nodes executed with what the callers were told. In a state where only time can pass,
//! every call must end within a bounded number of timers. The first violation comes with the
//! shortest path to it.
//!
//! ```
//! use hashslot::sim::explore::{Bounds, Exploration, Setup};
//! let setup = Setup::named("moved").expect("is known");
//! let mut bounds = Bounds::default();
//! bounds.depth = 6;
//! let explored = Exploration::run(&setup, bounds);
//! assert!(explored.violation.is_none() && explored.states > 50);
//! ```
//!
//! # What is left out
//!
//! - **Time** passes only when a timer fires, and then to exactly its instant; or to a millisecond
//!   after it, where the driver is late. All instants in a state are compared relative to now.
//! - **Timers** that are more than a minute away never fire. By default these are the timers for
//!   idle and silent connections, and for the deadlines of calls. A call that could end only at its
//!   deadline is a violation.
//! - **Randomness**: each input draws the same numbers, so a delay with jitter has one of its
//!   values. Timers fire early and late, within the budget of the world, whatever that value is.
//! - **The handshake** is one step, except in the world `greeting`.
//! - **Bytes on a connection that the client has closed** reach their node at any later time, or
//!   never.
//! - **Equal states** are states with the same fingerprint of 64 bits. A collision would leave a
//!   state out.

mod catalog;
mod node;
mod oracle;
mod search;
mod seen;
mod serve;
mod setup;
mod step;
mod transport;
mod world;

pub use self::search::{Bounds, Exploration, Violation};
pub use self::setup::Setup;
