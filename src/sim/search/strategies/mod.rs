//! Strategies for property tests: frames, commands, topologies, sequences of inputs.
//!
//! Each yields plain data together with the expected answer, so that a test can compare the crate
//! with it:
//!
//! - [`frames`], [`pushes`]: any value that a server can send, as a [`Tree`], which encodes itself
//!   in either protocol and compares itself with a parsed value. [`frame_bytes`], [`cuts`]: the
//!   encoded bytes, and how they are cut into reads.
//! - [`keys`], [`keys_together`]: any key, and keys of one slot. [`commands()`]: commands with
//!   their keys. [`calls`]: what an application submits. [`wide_commands`], [`wide_calls`]:
//!   commands that the machine splits by slot or sends to many nodes.
//! - [`topologies`]: a whole cluster as a [`Layout`], which encodes itself as `CLUSTER SLOTS`,
//!   `CLUSTER SHARDS` and `CLUSTER NODES`, and names the owner of a slot.
//! - [`inputs()`]: any sequence of inputs of a machine. [`apply`] applies them.
//! - [`scenarios()`]: whole simulations.
//!
//! All of them shrink to fewer, shorter and simpler values.
//!
//! ```
//! use hashslot::resp::Frame;
//! use hashslot::sim::strategies;
//! use hashslot::topology::parse;
//! use hashslot::config::{AddressMap, Protocol};
//! use hashslot::{Address, Config, Slot};
//! use proptest::test_runner::TestRunner;
//!
//! let asked: Address = "10.0.0.1:7000".parse()?;
//! let property = |layout: strategies::Layout| {
//!     let reply = layout.slots_reply(Protocol::Resp3);
//!     let frame = Frame::parse(reply, &Config::default().limits).unwrap();
//!     let (map, max_nodes) = (AddressMap::default(), 4096);
//!     let view = parse::slots(frame.value(), &asked, &map, max_nodes).unwrap();
//!     for slot in (0..16_384).filter_map(Slot::new) {
//!         let owner = view.topology().primary_of(slot).map(|node| node.address().clone());
//!         assert_eq!(owner, layout.owner_address(slot, &asked));
//!     }
//!     Ok(())
//! };
//! TestRunner::deterministic().run(&strategies::topologies(), property).unwrap();
//! # Ok::<(), hashslot::error::AddressError>(())
//! ```

mod commands;
mod inputs;
mod layout;
mod scenarios;
mod tree;

pub use self::commands::{
    KeyedCommand, PlainCall, Shape, calls, commands, commands_on, keys, keys_together, wide_calls,
    wide_commands,
};
pub use self::inputs::{Answer, PlainInput, Trace, apply, inputs};
pub use self::layout::{Host, Layout, NodeLayout, ShardLayout, topologies};
pub use self::scenarios::scenarios;
pub use self::tree::{Cuts, Tree, cuts, frame_bytes, frames, pushes};
