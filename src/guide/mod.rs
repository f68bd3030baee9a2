//! How to use the crate: from the first program to a transport of your own.
//!
#![doc = include_str!("pages.md")]

#[doc = include_str!("transports.md")]
pub mod transports {}
