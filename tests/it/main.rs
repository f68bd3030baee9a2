//! Tests of the crate through its public interface.

#![allow(
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::large_stack_arrays,
    clippy::print_stdout,
    clippy::similar_names,
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "what is wrong in a test ends it, and that is what a test is for"
)]

mod conversions;
#[cfg(all(feature = "sim", feature = "std"))]
mod custom_runtime;
#[cfg(all(feature = "sim", feature = "tokio"))]
mod differential;
#[cfg(feature = "sim")]
mod explore;
mod floors;
mod guide;
#[path = "../machine/mod.rs"]
mod machine;
#[cfg(feature = "proptest")]
mod models;
mod protocols;
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
mod real;
mod resp;
mod scenarios;
mod search;
mod secrets;
#[cfg(all(feature = "sim", feature = "std"))]
mod served_world;
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
#[path = "../servers/mod.rs"]
mod servers;
#[cfg(feature = "tokio")]
#[path = "../servers/selftest.rs"]
mod servers_selftest;
mod shown;
#[cfg(feature = "proptest")]
mod simulation;
mod states;
mod support;
mod table;
#[cfg(all(feature = "tracing", feature = "metrics", feature = "tokio", feature = "blocking"))]
mod telemetry;
mod topology;
#[cfg(feature = "sim")]
mod transport;
mod typed;
mod verdicts;
