//! Adapters: what drives the machine over real sockets.
//!
//! An adapter decides nothing. It connects, reads, writes, sleeps and spawns; everything else is
//! the core's. Pick one by its feature and name it in code:
//!
//! | feature | client | runs on |
//! | --- | --- | --- |
//! | `tokio` | [`tokio::Client`] | tokio, multi-thread or current-thread, with I/O and time |
//! | `smol` | [`smol::Client`] | smol's global executor |
//! | `async-std` | [`async_std::Client`] | async-std's, which is discontinued |
//! | `blocking` | [`blocking::Client`] | the caller's own thread |
//!
//! A runtime that is not here needs an implementation of [`Runtime`] and [`Stream`], some fifty
//! lines: [`Client`] is generic over it. The page `hashslot::guide::transports` walks through one,
//! and through a loop of one's own without any runtime. With the feature `sim`, `ServedWorld` is a
//! simulated cluster on loopback sockets to test it with. What clients tell `tracing` and `metrics`
//! is in [`telemetry`].
//!
//! With the feature `tls` every adapter can secure its connections: [`Tls`].
//!
//! This is the only place with sockets, clocks and threads: `std` is named in this folder and
//! cannot be named in `src/`.

extern crate std;

mod builder;
mod call_future;
mod cause;
mod client;
mod collections;
mod dial;
mod driver;
mod events;
mod lock;
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std", feature = "blocking"))]
mod lookup;
mod mailbox;
mod oneshot;
mod permit;
mod provider;
mod race;
mod readiness;
mod reply_cell;
mod runtime;
mod scan;
#[cfg(feature = "sim")]
mod served_world;
mod setters;
mod socket;
mod stream;
mod task_waker;
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std", feature = "blocking"))]
mod tcp;
pub mod telemetry;
#[cfg(feature = "tls")]
mod tls;

#[cfg(feature = "async-std")]
#[cfg_attr(docsrs, doc(cfg(feature = "async-std")))]
pub mod async_std;
#[cfg(feature = "blocking")]
#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
pub mod blocking;
#[cfg(feature = "smol")]
#[cfg_attr(docsrs, doc(cfg(feature = "smol")))]
pub mod smol;
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub mod tokio;

pub use self::builder::{Builder, ConnectError};
pub use self::call_future::CallFuture;
pub use self::client::Client;
pub use self::events::Events;
#[cfg(not(unix))]
pub use self::runtime::NoUnixStream;
pub use self::runtime::{Either, Runtime, Stream};
pub use self::scan::Keys;
#[cfg(feature = "sim")]
#[cfg_attr(docsrs, doc(cfg(feature = "sim")))]
pub use self::served_world::ServedWorld;
pub use self::stream::Replies;
#[cfg(feature = "tls")]
#[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
pub use self::tls::{ServerNames, Tls};
/// The implementation of TLS, in the version that [`Tls`] takes parts of.
#[cfg(feature = "tls")]
#[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
pub use rustls;
