//! A whole cluster in one process, for tests.
//!
//! - [`World`] is a simulated cluster and the network that leads to it, with faults that a seed
//!   draws. A transport under test dials, writes and reads it like the real one.
//! - [`Pipes`] are the same network for runtimes: connections that are polled.
//! - [`Workload`] makes calls that can be recognised afterwards, and [`Oracle`] judges how they
//!   ended by what the nodes really did.
//! - [`Scenario`] puts them together with clients and a driver in virtual time: one call runs it,
//!   the same seed always runs the same, and a failing one shrinks to a short trace.
//! - [`explore`] visits every state of tiny worlds, in place of likely ones of large worlds.
//! - With the feature `std`, `hashslot::runtimes::ServedWorld` serves a world on loopback sockets.
//! - With the feature `proptest`, `strategies` are for property tests of your own.
//!
//! Nothing here does I/O or reads a clock.

#![expect(
    clippy::indexing_slicing,
    reason = "what goes wrong inside a simulation must stop it, not be glossed over"
)]
#![expect(clippy::wildcard_enum_match_arm, reason = "few of the many faults need each look")]

mod dice;
pub mod explore;
mod judge;
mod ranges;
mod search;
mod trace;
mod world;

pub use self::dice::Dice;
pub use self::judge::history::History;
pub use self::judge::oracle::Oracle;
pub use self::search::scenario::{Report, Scenario};
#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub use self::search::strategies;
pub use self::search::workload::{Planned, Workload};
pub use self::world::faults::{Fault, Faults, Profile, UnknownName};
pub use self::world::node::{Session, Version};
pub use self::world::pipes::Pipes;
pub use self::world::tell::Endpoints;
pub use self::world::{ConnectionId, SocketEvent, World};
