//! A link, what the machine knows of it, and what is written on it.

use alloc::boxed::Box;

use super::calls::PartRef;
use super::lanes::{LaneRef, Purpose};
use super::last::{LastOf, SHORT_LEN};
use super::scripts::Scripts;
use crate::action::LinkId;
use crate::config::Config;
use crate::link::Link;
use crate::slot::Slot;
use crate::time::Instant;

/// What is written on a link, and told with its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub(super) enum Work {
    /// A part.
    Part { part: PartRef, slot: Option<Slot> },
    /// A question of a round of the refresh.
    Topology { round: u64, question: Question },
    /// A sign of life.
    Ping,
    /// Other credentials.
    Auth,
}

/// What a node is asked for.
///
/// As wide as what a part has in its place in [`Work`]: with a byte there, the compiler moves the
/// parts in odd pieces, and waits for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
#[repr(u64)]
pub(super) enum Question {
    Slots,
    Shards,
    Nodes,
}

impl Work {
    pub(super) fn is_for(self, wanted: PartRef) -> bool {
        matches!(self, Self::Part { part, .. } if part == wanted)
    }

    pub(super) fn slot(self) -> Option<Slot> {
        match self {
            Self::Part { slot, .. } => slot,
            Self::Topology { .. } | Self::Ping | Self::Auth => None,
        }
    }
}

/// A link, and what the machine knows of it.
#[expect(clippy::struct_excessive_bools, reason = "states of a link that are independent")]
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Tenant {
    pub(super) id: LinkId,
    /// The lane that it is of, or was.
    pub(super) lane: LaneRef,
    pub(super) purpose: Purpose,
    pub(super) link: Link<Work>,
    pub(super) is_connected: bool,
    /// Whether its dial and its handshake are over.
    pub(super) is_made: bool,
    /// Which credentials it is authenticated with, or will be: those that were in use then.
    pub(super) credentials_serial: u64,
    /// How many answers to an `AUTH` it owes, besides that of its handshake.
    pub(super) auth_count: u32,
    pub(super) dialled_at: Instant,
    /// It takes no more work, and is closed when its last reply has come, or by then.
    pub(super) drain_by: Option<Instant>,
    /// Whether commands that are new are written on it at once: it takes work, and no part waits
    /// for it. If not, that may be for want of such a command.
    pub(super) is_open: bool,
    /// Whether the driver knows that it has bytes.
    pub(super) is_announced: bool,
    /// Whether other nodes were asked about this one, because it takes long to answer.
    pub(super) is_doubted: bool,
    /// Whether it leads to another node than the one whose address it is: it may be asked for the
    /// topology, and gets no commands.
    pub(super) is_strange: bool,
    /// How much of a reply that is not complete it keeps, as the sum over all links has it.
    pub(super) held_len: usize,
    /// The same of what it has reserved for it.
    pub(super) reserved_len: usize,
    /// The number of replies that the next fence waits for.
    pub(super) fence_at: u64,
    /// What was written last of each slot, while slots move.
    pub(super) last_of: Option<Box<LastOf>>,
    /// The scripts that it was sent.
    pub(super) scripts: Scripts,
}

/// What is due on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Its dial or its handshake takes longer than it should.
    Doubt,
    /// It takes too long.
    GiveUp,
    /// A reply is owed for too long.
    Stalled,
    /// It owes nothing, and a sign of life is due.
    Ping,
    /// It owes nothing, and is not kept for what may come.
    Idle,
    /// It takes no more work, and has had its time.
    Drained,
}

/// What links keep of replies that are not complete is counted in such steps: most are shorter, and
/// cost nothing.
const HELD_LEN_STEP: usize = 16 << 10;

impl Tenant {
    /// Whether it keeps more or less of a reply than was counted, by a step at least.
    #[inline]
    pub(super) fn holds_more_or_less(&self) -> bool {
        let differ = |now: usize, then: usize| now / HELD_LEN_STEP != then / HELD_LEN_STEP;
        differ(self.link.reserved_len(), self.reserved_len)
            || differ(self.link.held_len(), self.held_len)
    }

    /// What is due on it next, and when.
    #[inline]
    pub(super) fn due(&self, config: &Config) -> (Instant, Due) {
        let progress_at = self.link.progress_at();
        let (at, due) = if !self.link.is_ready() {
            let doubted_at = self.dialled_at + config.refresh_stagger;
            let given_up_at = self.dialled_at + config.connect_timeout;
            if self.is_doubted || given_up_at <= doubted_at {
                (given_up_at, Due::GiveUp)
            } else {
                (doubted_at, Due::Doubt)
            }
        } else if self.link.expected_count() > 0 {
            (progress_at + config.stall_timeout, Due::Stalled)
        } else {
            let due = match self.purpose {
                Purpose::Shared => Due::Ping,
                Purpose::Control => Due::Idle,
            };
            (progress_at + config.ping_interval, due)
        };
        match self.drain_by {
            Some(drain_by) if drain_by < at => (drain_by, Due::Drained),
            _ => (at, due),
        }
    }

    /// The number of replies up to that to the last command of a slot that it owes; `None` if it
    /// owes none.
    pub(super) fn last_owed(&mut self, slot: Slot) -> Option<u64> {
        if self.last_of.is_none() && self.link.expected_count() <= SHORT_LEN {
            return self.link.last_owed(|work| work.slot() == Some(slot));
        }
        let last_of = self.last_of.get_or_insert_with(|| {
            let line = self.link.owed().map(|(number, work)| (number, work.slot()));
            Box::new(LastOf::read(line))
        });
        let last = last_of.find(slot, self.link.owed_until())?;
        (last > self.link.answered()).then_some(last)
    }

    /// A command of a slot was written.
    #[inline]
    pub(super) fn note_written(&mut self, slot: Slot) {
        if self.last_of.is_some() {
            self.keep_last(slot);
        }
    }

    #[cold]
    fn keep_last(&mut self, slot: Slot) {
        self.last_of.take_if(|last_of| last_of.is_done(self.link.answered()));
        if let Some(last_of) = &mut self.last_of {
            last_of.join(self.link.owed_until(), slot);
        }
    }
}
