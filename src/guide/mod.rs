//! How to use the crate: from the first program to a transport of your own.
//!
#![doc = include_str!("pages.md")]
//!
//! Examples that need a cluster run on a simulated one, as far as they can. Hidden lines start it.

#[doc = include_str!("getting_started.md")]
pub mod getting_started {}

#[doc = include_str!("commands.md")]
pub mod commands {}

#[doc = include_str!("pipelines.md")]
pub mod pipelines {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("cluster.md")]
pub mod cluster {}

#[doc = include_str!("tuning.md")]
pub mod tuning {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("transports.md")]
pub mod transports {}

pub mod coming_from;
