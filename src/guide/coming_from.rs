//! Coming from another client: the same programs, options, errors and commands with this one.
//!
//! | client | page |
//! | --- | --- |
//! | redis-rs | [`redis_rs`] |
//! | fred | [`fred`] |
//! | redis-py, redis-py-cluster | [`redis_py_cluster`] |
//! | coredis | [`coredis`] |
//!
//! Each page has a program of the client beside the same one of hashslot. Then it has tables: what
//! each concept, option and error is called here, and where each command is.

// What the pages link to as `cmd::..`.
use crate::cmd;

#[doc = include_str!("coming_from_redis_rs.md")]
pub mod redis_rs {}

#[doc = include_str!("coming_from_fred.md")]
pub mod fred {}

#[doc = include_str!("coming_from_redis_py_cluster.md")]
pub mod redis_py_cluster {}

#[doc = include_str!("coming_from_coredis.md")]
pub mod coredis {}
