//! A scan of all keys by a client, and what it has to find.
//!
//! Rules of this file: a key lasts that every node which takes itself for the owner of its slot has
//! had since the scan began, or has given to the node that the slot is on its way to. When the scan
//! ends it has handed out every key that lasted.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use crate::action::{Outcome, Reply};
use crate::plan::Scan;
use crate::sim::world::World;

/// The token of the pages of a scan: no call of the workload has it.
pub(super) const TOKEN: usize = usize::MAX;

/// How long a client leaves a scan alone that has met an error.
pub(super) const PAUSE: Duration = Duration::from_millis(700);

/// How many errors a scan may meet. Where faults are everywhere it need not come to its end.
const ERROR_COUNT_MAX: u32 = 40;

/// A scan, and the keys that have lasted since it began.
#[derive(Debug)]
pub(super) struct Walk {
    /// The scan, as it was before the page that is on its way.
    scan: Scan,
    lasting: BTreeSet<Vec<u8>>,
    seen: BTreeSet<Bytes>,
    error_count: u32,
}

/// What becomes of a scan after a page.
pub(super) enum Next {
    /// The next page is asked for.
    Page,
    /// The same after a pause.
    Later,
    /// It is over, or has met too many errors.
    Nothing,
    /// It has left out a key.
    Complaint(String),
}

impl Walk {
    pub(super) fn new(world: &World, count: u32) -> Self {
        Self {
            scan: Scan::new().count(count),
            lasting: world.keys_held(),
            seen: BTreeSet::new(),
            error_count: 0,
        }
    }

    pub(super) const fn scan(&self) -> &Scan {
        &self.scan
    }

    /// Time has passed: keys may have gone.
    pub(super) fn look(&mut self, world: &World) {
        self.lasting.retain(|key| world.holds(key));
    }

    /// A page has come, or none.
    pub(super) fn heard(&mut self, outcome: Outcome) -> Next {
        let keys = match outcome {
            Ok(Reply::Scan(page)) => {
                self.scan = page.scan;
                page.keys
            }
            Ok(other) => return Next::Complaint(format!("a page of a scan is {other:?}")),
            Err(error) => Err(error),
        };
        match keys {
            Ok(Some(keys)) => {
                self.seen.extend(keys);
                Next::Page
            }
            Ok(None) => {
                let missing = self.lasting.iter().find(|key| !self.seen.contains(key.as_slice()));
                missing.map_or(Next::Nothing, |key| {
                    let key = String::from_utf8_lossy(key);
                    Next::Complaint(format!("a scan has left out {key}, which was there"))
                })
            }
            Err(_) => {
                self.error_count += 1;
                if self.error_count > ERROR_COUNT_MAX { Next::Nothing } else { Next::Later }
            }
        }
    }
}
