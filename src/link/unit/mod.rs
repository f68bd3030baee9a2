//! What is written in one go, and heard as one.
//!
//! Rules of this file: a unit is a command or a transaction, behind an `ASKING` or not. Its last
//! reply ends it, and decides unless an earlier one was a refusal. Replies come in order, so that
//! one unit at most is half heard.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;

use super::{Expect, Expected, Link};
use crate::command::Command;
use crate::error::{Code, Ran};
use crate::resp::Frame;
use crate::time::Instant;

/// What is written in one go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unit<'a> {
    /// Whether `ASKING` goes before it.
    pub(crate) asking: bool,
    /// What it is for.
    pub(crate) body: Body<'a>,
}

/// The commands of a unit.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body<'a> {
    /// One command.
    Command(&'a Command),
    /// Commands between `MULTI` and `EXEC`.
    Transaction(&'a [Command]),
}

/// What the replies to a unit say.
#[derive(Debug)]
pub(crate) enum Told {
    /// The reply of the command, or of `EXEC`: no error.
    Answer(Frame),
    /// An error: the reply of the command, or the first refusal.
    Refused {
        /// The error.
        error: Frame,
        /// Whether it came before anything of the unit can have run, whatever it says.
        ran_nothing: bool,
    },
    /// `MULTI` was refused with this error, so that each command behind it ran alone.
    Torn(Frame),
}

impl Told {
    /// The reply that decides.
    pub(crate) const fn frame(&self) -> &Frame {
        match self {
            Self::Answer(frame) | Self::Refused { error: frame, .. } | Self::Torn(frame) => frame,
        }
    }
}

/// A unit that a lost link owes the reply to.
#[derive(Debug)]
pub(crate) struct Owed<W> {
    /// What the owner wants to be told.
    pub(crate) work: W,
    /// Whether some of it may have run.
    pub(crate) ran: Ran,
    /// Whether the link may have been lost because of it: it was what the node was busy with, or
    /// what was being sent.
    pub(crate) is_suspect: bool,
    /// The first refusal, if one had come.
    pub(crate) refused: Option<Frame>,
    /// Whether that was one of `MULTI`.
    pub(crate) multi_refused: bool,
    /// Where the bytes of its last command are among all.
    written: Range<usize>,
}

/// All that a lost link owes, in order.
#[derive(Debug)]
pub(crate) struct Debts<W> {
    /// The units.
    pub(crate) owed: Vec<Owed<W>>,
    bytes: Vec<u8>,
}

impl<W> Debts<W> {
    /// The bytes that were written for a unit of one command, without those that stand apart.
    pub(crate) fn written(&self, owed: &Owed<W>) -> &[u8] {
        self.bytes.get(owed.written.clone()).unwrap_or_default()
    }
}

/// What has been heard of a unit whose last reply has not come.
#[derive(Debug, Default)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Hearing {
    /// The first refusal, or that of `MULTI`.
    refused: Option<Frame>,
    multi_refused: bool,
    /// Whether a command of a transaction was answered.
    has_begun: bool,
}

impl Hearing {
    /// A reply that is not the last one of its unit.
    pub(super) fn note<W>(hearing: &mut Option<Box<Self>>, what: &Expect<W>, reply: &Frame) {
        if !reply.is_error() && hearing.is_none() {
            return;
        }
        let hearing = hearing.get_or_insert_default();
        hearing.has_begun |= matches!(what, Expect::Queued);
        let is_multi = matches!(what, Expect::Multi);
        if reply.is_error() && (is_multi || hearing.refused.is_none()) {
            hearing.multi_refused |= is_multi;
            hearing.refused = Some(reply.clone().shortened());
        }
    }

    /// The last reply of a unit is an error. `is_whole` tells whether the node had all of its
    /// command when it answered.
    #[cold]
    pub(super) fn decide(
        hearing: Option<Box<Self>>,
        last: Frame,
        is_whole: bool,
        is_exec: bool,
    ) -> Told {
        // An EXECABORT tells nothing but that something was refused before.
        let code = last.error().map(|error| error.known_code());
        let is_discarded = is_exec && code == Some(Code::ExecAbort);
        let ran_nothing = !is_whole || is_discarded;
        match hearing.map(|hearing| *hearing) {
            Some(Self { refused: Some(refused), multi_refused, .. }) => {
                if multi_refused {
                    Told::Torn(refused)
                } else {
                    Told::Refused { error: refused, ran_nothing }
                }
            }
            _ => Told::Refused { error: last, ran_nothing },
        }
    }
}

impl<W: Copy> Link<W> {
    /// Appends a unit.
    pub(crate) fn write_unit(&mut self, now: Instant, unit: Unit<'_>, work: W) {
        if self.expected.is_empty() {
            self.progress_at = now;
        }
        if unit.asking {
            self.expect(Expect::Asking, &Command::new("ASKING"));
        }
        match unit.body {
            Body::Command(command) => self.expect(Expect::Work(work), command),
            Body::Transaction(commands) => {
                self.expect(Expect::Multi, &Command::new("MULTI"));
                for command in commands {
                    self.expect(Expect::Queued, command);
                }
                self.expect(Expect::Exec(work), &Command::new("EXEC"));
            }
        }
    }

    #[inline]
    fn expect(&mut self, what: Expect<W>, command: &Command) {
        let end = self.outbox.append_command(command);
        self.expected.push_back(Expected { what, end });
    }

    /// The link is gone: what it owes, in order.
    pub(crate) fn lose(&mut self) -> Debts<W> {
        let taken = self.outbox.taken();
        let mut end = self.answered_end;
        let mut hearing = self.hearing.take().map(|hearing| *hearing).unwrap_or_default();
        let mut owed: Vec<Owed<W>> = Vec::new();
        let mut kept = core::mem::take(&mut self.outbox).into_kept(end);
        let mut begun = false;
        for Expected { what, end: own_end } in core::mem::take(&mut self.expected) {
            let start = core::mem::replace(&mut end, own_end);
            let is_sent = taken >= own_end;
            let written = kept.next(own_end);
            match what {
                Expect::Setup(_) | Expect::Asking => {}
                Expect::Multi => begun |= taken > start,
                Expect::Queued => {
                    begun |= taken > start;
                    hearing.has_begun |= is_sent;
                }
                Expect::Work(work) | Expect::Exec(work) => {
                    begun |= taken > start;
                    let Hearing { refused, multi_refused, has_begun } =
                        core::mem::take(&mut hearing);
                    let ran_alone = multi_refused && has_begun;
                    owed.push(Owed {
                        work,
                        ran: if is_sent || ran_alone { Ran::Maybe } else { Ran::No },
                        is_suspect: begun && (owed.is_empty() || !is_sent),
                        refused,
                        multi_refused,
                        written,
                    });
                    begun = false;
                }
            }
        }
        Debts { owed, bytes: kept.into_bytes() }
    }

    /// Takes back the unit for the work that `is_meant`, if the transport took none of its bytes.
    /// Tells how many replies were expected before it and how many for it; `None` if it is too
    /// late.
    pub(crate) fn take_back(&mut self, is_meant: impl Fn(&W) -> bool) -> Option<(u64, u64)> {
        let meant = |expected: &Expected<W>| expected.what.work().is_some_and(&is_meant);
        let last = self.expected.iter().position(meant)?;
        let first = first_of(&self.expected, last);
        let end_before = |index: usize| {
            let before = index.checked_sub(1).and_then(|before| self.expected.get(before));
            before.map_or(self.answered_end, |expected| expected.end)
        };
        let (start, end) = (end_before(first), end_before(last + 1));
        if start < self.outbox.taken() {
            return None;
        }
        let len = self.outbox.take_back(start, end);
        self.expected.drain(first..=last);
        self.expected.iter_mut().skip(first).for_each(|expected| expected.end -= len);
        let number = |index: usize| u64::try_from(index).unwrap_or(u64::MAX);
        let (number, count) = (self.answered + number(first), number(last + 1 - first));
        self.short
            .iter_mut()
            .filter(|(short, _)| *short >= number)
            .for_each(|(short, _)| *short -= count);
        Some((number, count))
    }
}

/// Where the unit begins that ends at `last`.
fn first_of<W>(expected: &VecDeque<Expected<W>>, last: usize) -> usize {
    let ends_one = |expected: &Expected<W>| {
        expected.what.work().is_some() || matches!(expected.what, Expect::Setup(_))
    };
    let before = expected.iter().take(last).rposition(ends_one);
    before.map_or(0, |before| before + 1)
}

#[cfg(test)]
mod tests;
