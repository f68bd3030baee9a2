//! Typed commands: one function for each server command.
//!
//! A typed command is a value: it has the bytes of the command, knows where its key is, and knows
//! the type of its reply. The methods of [`Commands`] build one and run it at once. Build the value
//! yourself to set options, or to run it in a pipeline or a transaction:
//!
#![cfg_attr(feature = "tokio", doc = "```no_run")]
#![cfg_attr(not(feature = "tokio"), doc = "```ignore")]
//! use std::time::Duration;
//! use hashslot::{Commands, cmd, tokio::Client};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect("redis://10.0.0.1:7000").await?;
//! client.set("user:1", "ann").await?;
//! let name: Option<String> = client.get("user:1").await?;
//! let is_first = client.run(cmd::set("lock:7", "token").nx().ttl(Duration::from_secs(30))).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Names and arguments
//!
//! - A function has the name of the server command in lower case; a space, dot or dash becomes `_`:
//!   `INCRBY` is [`incrby`], `OBJECT ENCODING` is [`object_encoding`]. Searching the docs for a
//!   server command finds the function that sends it, also for commands that newer ones replace:
//!   `SETEX` leads to [`set`].
//! - Keys and values are any [`ToArg`](crate::ToArg). Where the server accepts one or more of them,
//!   the function takes [`OneOrMore`](crate::command::OneOrMore): `del("a")`, `del(["a", "b"])`.
//!   Pairs are [`PairOrMore`](crate::command::PairOrMore): `hset("h", ("field", 1))`,
//!   `hset("h", &map)`.
//! - A period is a [`Duration`](core::time::Duration), a point in time a [`UnixTime`].
//! - Options are methods of the value that the function returns. An option that changes the reply
//!   changes its type: `set` returns `()`, `set(..).nx()` returns `bool`.
//!
//! Commands that wait at the server, such as [`blpop`], are values for drivers of your own: clients
//! refuse them, since a connection that waits would hold the commands of others.
//!
//! # Replies
//!
//! A reply whose type is fixed has it: `incr` returns `i64`. Where the caller's data comes back,
//! the caller chooses the type, a [`FromValue`](crate::FromValue). [`Typed::reply`] chooses another
//! type in any case.
//!
//! # Commands of your own
//!
//! Any [`Command`](crate::Command) with a reply type is a typed command:
//!
//! ```
//! use hashslot::{Command, cmd::Typed};
//! let search: Typed<Vec<String>> = Typed::new(Command::new("FT.SEARCH").arg("idx").arg("*"));
//! ```

// Conversions of replies are `#[inline]`: only programs that use one compile it.
mod acl;
mod bitmaps;
mod bloom;
mod clients;
mod cluster;
mod cluster_views;
mod command_facts;
mod commands;
mod consumer_groups;
mod entries;
mod executor;
mod functions;
mod geo;
mod hashes;
mod hotkeys;
mod hyperloglog;
mod insert;
mod json;
mod keys;
mod latency;
mod list;
mod lists;
mod options;
mod pubsub;
mod record;
mod replies;
mod scripting;
mod search;
mod search_aggregate;
mod search_field;
mod search_index;
mod server;
mod sets;
mod sketches;
mod slots_and_nodes;
mod sorted_set_ranges;
mod sorted_sets;
mod stream_info;
mod streams;
mod strings;
mod time;
mod time_series;
mod time_series_range;
mod typed;
mod vectors;

pub use self::commands::Commands;
pub use self::consumer_groups::*;
pub use self::entries::{Entry, EntryId, EntryRange, StreamEntries, StreamStart};
pub use self::executor::Executor;
pub use self::list::CommandList;
#[cfg(feature = "std")]
pub(crate) use self::list::unexpected_reply;
#[doc(hidden)]
pub use self::list::{Names, Replied};
pub use self::replies::{ByName, PerNode, PerNodeResult};
pub use self::time::{Expiry, Ttl, UnixTime};
pub use self::typed::{Typed, TypedCommand, each};

// Keys and their types.
pub use self::bitmaps::*;
pub use self::geo::*;
pub use self::hashes::*;
pub use self::hyperloglog::*;
pub use self::keys::*;
pub use self::lists::*;
pub use self::sets::*;
pub use self::sorted_set_ranges::*;
pub use self::sorted_sets::*;
pub use self::stream_info::*;
pub use self::streams::*;
pub use self::strings::*;

// Code at servers, and messages.
pub use self::functions::*;
pub use self::pubsub::*;
pub use self::scripting::*;

// Servers and the cluster.
pub use self::acl::*;
pub use self::clients::*;
pub use self::cluster::*;
pub use self::cluster_views::*;
pub use self::command_facts::*;
pub use self::hotkeys::*;
pub use self::latency::*;
pub use self::server::*;

// Modules.
pub use self::bloom::*;
pub use self::json::*;
pub use self::search::*;
pub use self::search_aggregate::*;
pub use self::search_field::{SearchField, VectorAlgorithm, VectorComponent, VectorMetric};
pub use self::search_index::*;
pub use self::sketches::*;
pub use self::time_series::*;
pub use self::time_series_range::*;
pub use self::vectors::*;
