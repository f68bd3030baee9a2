//! A client for Redis Cluster and Valkey Cluster: a state machine that does no I/O, and thin
//! adapters that drive it.
//!
#![cfg_attr(feature = "tokio", doc = "```no_run")]
#![cfg_attr(not(feature = "tokio"), doc = "```ignore")]
//! use hashslot::{Commands, tokio::Client};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect("redis://10.0.0.1:7000,10.0.0.2:7000").await?;
//! client.set("user:1", "ann").await?;
//! let name: Option<String> = client.get("user:1").await?;
//! let visits = client.incr("visits").await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Commands`] has a method for each server command, of every client; [`cmd`] has the same
//! commands as values, for options, pipelines and transactions. What else an asynchronous client
//! does is on the page of `hashslot::runtimes::Client`; the blocking client has the same without
//! `async`.
//!
//! There are three ways to use the crate:
//!
//! - **Talk to a cluster.** Turn a feature on and name its client: `hashslot::tokio::Client`.
//! - **Test without servers.** The machine is deterministic: the same inputs give the same outputs,
//!   byte for byte. Script a cluster, or turn the feature `sim` on and search for faults with
//!   random ones: `hashslot::sim` has a cluster, its network, what goes wrong there, and a judge.
//! - **Bring your own transport.** Drive [`Cluster`] yourself; the loop is below. Or bring a
//!   runtime, and have the client on it: the page `hashslot::guide::transports` has both.
//!
//! # What it promises
//!
//! - A reply reaches the call that it answers, or no call.
//! - A redirection is followed, as often and for as long as [`Config`] allows; the order of the
//!   commands of a slot survives it.
//! - No command is sent again unless it provably did not run, only reads, or was called
//!   [idempotent](Call::idempotent). Each call ends once, and [`Error::may_have_executed`] tells
//!   the rest.
//! - No input from a server panics, recurses without bound, or makes the machine hold more memory
//!   than [`Config`] allows. A node that is sick delays calls to no other node.
//!
//! # Where a cluster is, and who the client is
//!
//! A [`Url`] says both in one line, with every option of [`Config`]:
//!
//! ```
//! let url: hashslot::Url =
//!     "redis://ann:s3cret@10.0.0.1:7000,10.0.0.2?call_timeout=5s&database=0".parse()?;
//! assert_eq!(url.seeds.len(), 2);
//! # Ok::<(), hashslot::error::ConfigError>(())
//! ```
//!
//! [`Credentials`] may change while connections are in use ([`Cluster::set_credentials`]), and each
//! connection may have its own ([`Cluster::handle_connected_with`]). A password that is wrong or
//! missing, and a permission that the client lacks, are told at once and by their names; a node
//! that refuses is left alone for a second or two.
//!
//! Nothing shows a password: not [`Debug`](core::fmt::Debug) of the types that hold one, no error,
//! no [`Event`]; what servers repeat of it is left out. Passwords are overwritten in memory when
//! they are dropped, and the commands that carry them when they have left. That does not reach the
//! text that they were made from, a [`Command`] of the application's, the buffers of the transport
//! and of the system, nor memory that the system has written to disk.
//!
//! # Features
//!
//! None is on by default: the core is `no_std` with `alloc`, and needs three crates. `tokio`,
//! `smol`, `async-std` and `blocking` add `hashslot::tokio`, `hashslot::smol`,
//! `hashslot::async_std` and `hashslot::blocking`; `std`, which every adapter turns on, adds
//! `hashslot::runtimes`: what adapters share. `tls` secures their connections with rustls
//! (`hashslot::Tls`), and `tls-ring` or `tls-aws-lc-rs` brings the cryptography that it needs,
//! unless the program has installed a provider of its own. `tracing` and `metrics` have clients
//! tell what they do; `hashslot::runtimes::telemetry` lists it. `serde` adds `hashslot::serde`:
//! structs of your own as hashes and as JSON. `sim` adds `hashslot::sim`, a simulated cluster for
//! tests, and `proptest` adds strategies for property tests: enable both only in dev-dependencies.
//! Features only add.
//!
//! # Guide
//!
//! The pages of `hashslot::guide` show how to use the crate, with programs that run. They are part
//! of documentation that is built with all features.
//!
#![cfg_attr(
    all(
        doc,
        feature = "async-std",
        feature = "blocking",
        feature = "proptest",
        feature = "serde",
        feature = "smol",
        feature = "tls",
        feature = "tokio"
    ),
    doc = include_str!("guide/pages.md")
)]
//!
//! # Modules
//!
//! - [`error`]: what a call can end with, and what to do then.
//! - [`cmd`]: typed commands, one for each server command.
//! - `serde`: structs of your own in place of fields and JSON text.
//! - [`command`], [`plan`]: commands, what is known about them, and how calls are split and merged.
//! - [`config`], [`url`]: options, in code and in one line of text.
//! - [`topology`], [`slot`]: the nodes of the cluster, and who serves a slot.
//! - [`resp`], [`verdict`]: the protocol, and what a reply means.
//! - [`driver`]: what a driver of your own needs.
//! - `runtimes`: clients, runtimes, TLS and telemetry.
//!
//! # The loop
//!
//! ```text
//!   application          submit(call, token)            Complete { token, outcome }
//!        │                       │                                 ▲
//!        ▼                       ▼                                 │
//!   ┌───────────────────────────────────────────────────────────────────────┐
//!   │ Cluster   topology · calls · links · redirections · retries · timers  │   no sockets,
//!   └───────────────────────────────────────────────────────────────────────┘   no clock
//!        ▲                       ▲                                 │
//!        │ handle_timeout(now)   │ handle_received(link, bytes)    ▼ poll_action, sendable
//!   ┌───────────────────────────────────────────────────────────────────────┐
//!   │ driver    tokio · or yours                                            │
//!   └───────────────────────────────────────────────────────────────────────┘
//!        │                       │                                 │
//!     127.0.0.1:7000          127.0.0.1:7001                    127.0.0.1:7002
//! ```
//!
//! 1. Put in what happened: a call ([`Cluster::submit`]), a connection
//!    ([`Cluster::handle_connected`]), bytes ([`Cluster::handle_received`]), an end
//!    ([`Cluster::handle_closed`]), or nothing but time ([`Cluster::handle_timeout`]).
//! 2. Carry out every [`Action`] that [`Cluster::poll_action`] has: dial, send, close, complete.
//! 3. Send what [`Cluster::sendable`] lends, and say at once how much was taken
//!    ([`Cluster::handle_sent`]).
//! 4. Wait for the next thing to happen, until [`Cluster::poll_timeout`] at the latest.
//!
//! Here is all of it, with the bytes of a slot that moves while it is read:
//!
//! ```
//! use hashslot::{Action, Call, Cluster, Command, Config, Instant, LinkId, Reply};
//!
//! /// Everything that the machine wants to send on a link.
//! fn sent(cluster: &mut Cluster<&str>, link: LinkId) -> String {
//!     let mut slices: [&[u8]; 16] = [&[]; 16];
//!     let count = cluster.sendable(link, &mut slices);
//!     let bytes = slices[..count].concat();
//!     cluster.handle_sent(Instant::EPOCH, link, bytes.len());
//!     String::from_utf8(bytes).unwrap()
//! }
//!
//! /// The next connection that the machine wants.
//! fn dialled(cluster: &mut Cluster<&str>) -> (LinkId, String) {
//!     loop {
//!         match cluster.poll_action() {
//!             Some(Action::Connect { link, address }) => return (link, address.to_string()),
//!             Some(_) => {}
//!             None => panic!("no dial"),
//!         }
//!     }
//! }
//!
//! let now = Instant::EPOCH;
//! let seeds = vec!["127.0.0.1:6380".parse()?];
//! let random_seed = 42; // a program draws it, a test repeats it
//! let mut cluster = Cluster::new(Config::default(), seeds, random_seed)?;
//!
//! // A call needs a node, and a node has to be found first: the seed is dialled, set up and asked.
//! cluster.submit(now, Call::new(Command::get("user:1000")), "my call")?;
//! let (first, address) = dialled(&mut cluster);
//! assert_eq!(address, "127.0.0.1:6380");
//! cluster.handle_connected(now, first);
//! assert!(sent(&mut cluster, first).starts_with("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"));
//! let welcome = b"%1\r\n$7\r\nversion\r\n$5\r\n8.0.0\r\n+OK\r\n+OK\r\n-ERR no ID\r\n";
//! cluster.handle_received(now, first, welcome);
//! assert!(sent(&mut cluster, first).starts_with("*2\r\n$7\r\nCLUSTER\r\n$5\r\nSLOTS\r\n"));
//! cluster.handle_received(now, first, b"*2\r\n\
//!     *3\r\n:0\r\n:8191\r\n*2\r\n$9\r\n127.0.0.1\r\n:6380\r\n\
//!     *3\r\n:8192\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:6381\r\n");
//! cluster.handle_received(now, first, b"-ERR unknown subcommand 'SHARDS'\r\n");
//!
//! // `user:1000` is in slot 1649, which the first node serves.
//! assert_eq!(sent(&mut cluster, first), "*2\r\n$3\r\nGET\r\n$9\r\nuser:1000\r\n");
//!
//! // Bytes come in as they come. The slot has another owner now.
//! cluster.handle_received(now, first, b"-MOVED 1649 127.0.");
//! cluster.handle_received(now, first, b"0.1:6381\r\n");
//! let (second, address) = dialled(&mut cluster);
//! assert_eq!(address, "127.0.0.1:6381");
//! cluster.handle_connected(now, second);
//! sent(&mut cluster, second);
//! cluster.handle_received(now, second, welcome);
//! assert!(sent(&mut cluster, second).ends_with("*2\r\n$3\r\nGET\r\n$9\r\nuser:1000\r\n"));
//! cluster.handle_received(now, second, b"$3\r\nann\r\n");
//!
//! let outcome = loop {
//!     match cluster.poll_action() {
//!         Some(Action::Complete { token: "my call", outcome }) => break outcome,
//!         Some(_) => {}
//!         None => panic!("not completed"),
//!     }
//! };
//! let Ok(Reply::One(frame)) = outcome else { panic!("{outcome:?}") };
//! assert_eq!(frame.value().as_str(), Some("ann"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

// In reading order: what there is, from the ground up.
pub mod slot;
mod time;

mod address;
pub mod config;
pub mod error;
mod race;
mod random;
mod secret;
mod shown;
pub mod url;

pub mod resp;

pub mod command;
pub mod topology;

mod action;
mod input;
mod link;
pub mod plan;
mod procedure;
pub mod verdict;

pub mod cmd;
#[cfg(feature = "serde")]
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
pub mod serde;

mod cluster;

/// What a driver of [`Cluster`] needs besides [`Action`].
///
/// A driver carries out the actions of the machine: it dials, sends, receives and closes. The
/// adapters are drivers. To write another one, begin at the loop on the
/// [first page](crate#the-loop); `hashslot::guide::transports` has the details.
///
/// - [`LinkId`] and [`CallId`](driver::CallId) name connections and calls.
/// - [`Input`](driver::Input) is all that enters the machine, as data.
/// - [`ReceiveBuffer`](driver::ReceiveBuffer) lets a driver read long replies straight into their
///   place.
/// - [`Race`](driver::Race) decides which address of a host is dialled when.
/// - [`RedirectKind`](driver::RedirectKind) and [`RefreshReason`](driver::RefreshReason) are
///   details of an [`Event`], and [`Wakeup`](driver::Wakeup) tells what a timer is for.
pub mod driver {
    #[doc(inline)]
    pub use crate::action::{CallId, Outcome, RedirectKind, RefreshReason, Wakeup};
    #[doc(inline)]
    pub use crate::cluster::SubmitError;
    #[doc(inline)]
    pub use crate::input::Input;
    #[doc(inline)]
    pub use crate::link::ReceiveBuffer;
    #[doc(inline)]
    pub use crate::race::{Race, RaceStep};
}

#[cfg(feature = "sim")]
#[cfg_attr(docsrs, doc(cfg(feature = "sim")))]
pub mod sim;

// Pages only, whose examples and links need these features.
#[cfg(all(
    doc,
    feature = "async-std",
    feature = "blocking",
    feature = "proptest",
    feature = "serde",
    feature = "smol",
    feature = "tls",
    feature = "tokio"
))]
pub mod guide;

#[cfg(feature = "std")]
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
#[path = "../runtimes/mod.rs"]
pub mod runtimes;

#[cfg(feature = "tls")]
#[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
#[doc(inline)]
pub use runtimes::Tls;
#[cfg(feature = "async-std")]
#[cfg_attr(docsrs, doc(cfg(feature = "async-std")))]
#[doc(inline)]
pub use runtimes::async_std;
#[cfg(feature = "blocking")]
#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
#[doc(inline)]
pub use runtimes::blocking;
#[cfg(feature = "smol")]
#[cfg_attr(docsrs, doc(cfg(feature = "smol")))]
#[doc(inline)]
pub use runtimes::smol;
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
#[doc(inline)]
pub use runtimes::tokio;

#[doc(inline)]
pub use action::{Action, Event, LinkId, NodeReplies, Reply};
#[doc(inline)]
pub use address::Address;
#[doc(inline)]
pub use cluster::{Cluster, Stats};
#[doc(inline)]
pub use cmd::Commands;
#[doc(inline)]
pub use command::{Command, FromValue, Script, ToArg};
#[doc(inline)]
pub use config::{Config, Credentials, CrossSlot, ReadFrom};
#[doc(inline)]
pub use error::{Error, ServerError};
#[doc(inline)]
pub use plan::{Call, Scan, Target};
#[doc(inline)]
pub use resp::Frame;
#[doc(inline)]
pub use slot::Slot;
#[doc(inline)]
pub use time::Instant;
#[doc(inline)]
pub use url::Url;

#[cfg(all(doctest, feature = "tokio"))]
#[doc = include_str!("../README.md")]
struct Readme;
