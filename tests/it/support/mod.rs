//! What the tests of the machine share.
#![allow(dead_code, reason = "each test needs a part of it")]

pub(crate) mod canned;
pub(crate) mod script;

use hashslot::Error;

/// Whether a command may have run, and its connection failed before a reply came.
pub(crate) fn is_lost(error: &Error) -> bool {
    error.may_have_executed() && error.is_connection()
}
