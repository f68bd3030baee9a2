//! Adapters: what drives the machine over real sockets.
//!
//! An adapter decides nothing. It connects, reads, writes, sleeps and spawns; everything else is the
//! core's. Pick one by its feature and name it in code:
//!
//! | feature | client | runs on |
//! | --- | --- | --- |
//! | `tokio` | [`tokio::Client`] | tokio, multi-thread or current-thread |
//!
//! A runtime that is not here needs an implementation of [`Runtime`] and [`Stream`], some fifty
//! lines: `client::Client` is generic over it.
//!
//! This is the only place with sockets, clocks and threads: `std` is named in this folder and cannot
//! be named in `src/`.

extern crate std;

mod client;
mod driver;
mod mailbox;
mod notices;
mod runtime;
mod scan;
mod socket;

#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub mod tokio;

pub use self::client::{Builder, Client, ConnectError};
pub use self::notices::Notices;
pub use self::runtime::{Runtime, Stream};
pub use self::scan::Keys;
