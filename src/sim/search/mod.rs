//! How a seed becomes a run: what may happen, the clients, their calls, and the driver that makes
//! them.

mod client;
pub(super) mod scenario;
pub(super) mod simulation;
mod spread;
#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub mod strategies;
mod walk;
pub(super) mod workload;
