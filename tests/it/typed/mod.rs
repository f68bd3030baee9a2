//! Typed commands: each against real servers, in both protocols, and the list of them complete.
//!
//! A case is a program of one typed command or a few of them. It runs on each server that has the
//! command which gives the case its name, in RESP2 and in RESP3, and expects the same of both.
//! Cases of one file are a group; [`complete`] fails for a typed command that no case uses, and for
//! a server command that no typed command sends. [`methods`] makes `src/cmd/commands.rs`.

#![allow(
    clippy::float_cmp,
    clippy::default_trait_access,
    clippy::doc_markdown,
    clippy::needless_borrows_for_generic_args,
    clippy::print_stderr,
    reason = "servers send back what they were sent, and programs are as users write them"
)]

mod complete;
#[cfg(feature = "blocking")]
mod live;
mod methods;
#[cfg(feature = "blocking")]
mod recorded;
pub(crate) mod sources;

#[cfg(feature = "blocking")]
mod acl;
#[cfg(feature = "blocking")]
mod bitmaps;
#[cfg(feature = "blocking")]
mod bloom;
#[cfg(feature = "blocking")]
mod clients;
#[cfg(feature = "blocking")]
mod cluster;
#[cfg(feature = "blocking")]
mod cluster_changes;
#[cfg(feature = "blocking")]
mod consumer_groups;
#[cfg(feature = "blocking")]
mod functions;
#[cfg(feature = "blocking")]
mod geo;
#[cfg(feature = "blocking")]
mod hashes;
#[cfg(feature = "blocking")]
mod hyperloglog;
#[cfg(feature = "blocking")]
mod json;
#[cfg(feature = "blocking")]
mod keys;
#[cfg(feature = "blocking")]
mod latency;
#[cfg(feature = "blocking")]
mod lists;
#[cfg(feature = "blocking")]
mod pubsub;
#[cfg(feature = "blocking")]
mod scripting;
#[cfg(feature = "blocking")]
mod search;
#[cfg(feature = "blocking")]
mod search_aggregate;
#[cfg(feature = "blocking")]
mod search_index;
#[cfg(feature = "blocking")]
mod server;
#[cfg(feature = "blocking")]
mod sets;
#[cfg(feature = "blocking")]
mod sketches;
#[cfg(feature = "blocking")]
mod sorted_set_ranges;
#[cfg(feature = "blocking")]
mod sorted_sets;
#[cfg(feature = "blocking")]
mod stream_info;
#[cfg(feature = "blocking")]
mod streams;
#[cfg(feature = "blocking")]
mod strings;
#[cfg(all(feature = "blocking", feature = "serde"))]
mod structs;
#[cfg(feature = "blocking")]
mod time_series;
#[cfg(feature = "blocking")]
mod time_series_range;
#[cfg(feature = "blocking")]
mod vectors;

#[cfg(feature = "blocking")]
mod together;
