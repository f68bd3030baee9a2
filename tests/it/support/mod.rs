//! What the tests of the machine share.
#![allow(dead_code, reason = "each test needs a part of it")]

pub(crate) mod canned;
pub(crate) mod script;
