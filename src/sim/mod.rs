//! A whole cluster in one process, for tests.
//!
//! - [`World`] is a simulated cluster and the network that leads to it, with faults that a seed
//!   draws. A transport under test dials, writes and reads it like the real one.
//! - [`Pipes`] are the same network for runtimes: connections that are polled.
//! - [`Workload`] makes calls that can be recognised afterwards, and [`Oracle`] judges how they
//!   ended by what the nodes really did.
//! - [`Scenario`] puts them together with clients and a driver in virtual time: one call runs it,
//!   the same seed always runs the same, and a failing one shrinks to a short trace.
//! - With the feature `std`, `hashslot::runtimes::ServedWorld` serves a world on loopback sockets.
//! - With the feature `proptest`, `strategies` are for property tests of your own.
//!
//! Nothing here does I/O or reads a clock.

#![expect(
    clippy::indexing_slicing,
    reason = "what goes wrong inside a simulation must stop it, not be glossed over"
)]
#![expect(clippy::wildcard_enum_match_arm, reason = "few of the many faults need each look")]

mod client;
mod cluster;
mod conditions;
mod data;
mod dice;
mod faults;
mod history;
mod hostile;
mod joint;
mod many;
mod merged;
mod names;
mod nemesis;
mod node;
mod oracle;
mod pipes;
mod ranges;
mod replication;
mod resharding;
mod scenario;
mod scripts;
mod serve;
#[cfg(feature = "std")]
mod served;
mod simulation;
mod spread;
mod strangers;
#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub mod strategies;
mod tell;
mod trace;
mod workload;
mod world;

pub use self::dice::Dice;
pub use self::faults::{Fault, Faults, Profile, UnknownName};
pub use self::history::History;
pub use self::node::{Session, Version};
pub use self::oracle::Oracle;
pub use self::pipes::Pipes;
pub use self::scenario::{Report, Scenario};
pub use self::tell::Endpoints;
pub use self::workload::{Planned, Workload};
pub use self::world::{ConnectionId, SocketEvent, World};
