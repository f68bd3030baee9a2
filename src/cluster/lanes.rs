//! The lanes of a node: who waits for which of its links.
//!
//! Rules of this file: a slot takes the same lane of each node, so that its commands stay in order;
//! what has no slot takes the first lane. A lane has one link at a time that takes work, and is
//! dialled for itself: what hinders one lane hinders no other. The last lane is for commands that
//! must not wait behind others: its link is opened when one comes, and closed when it is idle.

use super::dials::Urgency;
use super::nodes::NodeRef;
use super::queue::Queue;
use crate::action::LinkId;
use crate::error::NodeFailure;
use crate::time::Instant;

/// One lane of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub(super) struct LaneRef {
    pub(super) node: NodeRef,
    pub(super) number: u32,
}

/// What the link of a lane is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub(super) enum Purpose {
    /// Commands, which it shares, and questions.
    Shared,
    /// Commands that overtake the others.
    Control,
}

impl LaneRef {
    /// Whether it is the lane that takes what has no slot: commands and questions.
    pub(super) const fn is_first(self) -> bool {
        self.number == 0
    }
}

/// Parts that wait for a link, and the link.
#[derive(Debug, Default)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Lane {
    /// The link that takes its parts, as soon as it is set up.
    pub(super) link: Option<LinkId>,
    pub(super) queue: Queue,
    /// How often in a row its link was lost, or could not be made.
    pub(super) failures: u32,
    /// Not to be dialled before.
    pub(super) retry_at: Option<Instant>,
    /// Why it had no link the last time.
    pub(super) last_failure: Option<NodeFailure>,
    /// In which line it waits to be dialled.
    pub(super) waits_in: Option<Urgency>,
}

impl Lane {
    /// Whether it could not be made, or was lost, the last time.
    pub(super) const fn has_failed(&self) -> bool {
        self.failures > 0 || self.last_failure.is_some()
    }

    /// Whether parts wait.
    #[inline]
    pub(super) const fn has_waiting(&self) -> bool {
        self.queue.live_count() > 0
    }
}
