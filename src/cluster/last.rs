//! Where the last command of each slot stands in a line: found without a walk.
//!
//! Theory of operation. Only a slot that moves is asked about, and while none does nothing is kept.
//! The first question reads the line once and notes the last entry of each slot; later entries are
//! noted as they join, until every entry has left that was in line at the last question. So a line
//! is read once in the time that it takes to pass, however many slots move.

use alloc::collections::BTreeMap;

use crate::slot::Slot;

/// A line that is not longer is read again for each question: that costs less than to keep
/// anything. Lines in the simulator are short.
pub(super) const SHORT_LEN: usize = if cfg!(feature = "sim") { 2 } else { 64 };

/// The last entry of each slot, by the number that it has in line. Numbers begin with 1, and grow.
#[derive(Debug, Default)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct LastOf {
    numbers: BTreeMap<Slot, u64>,
    /// What was the end of the line at the last question.
    asked_at: u64,
}

impl LastOf {
    /// Reads a line, from its beginning to its end.
    pub(super) fn read(line: impl Iterator<Item = (u64, Option<Slot>)>) -> Self {
        let of_slots = line.filter_map(|(number, slot)| Some((slot?, number)));
        Self { numbers: of_slots.collect(), asked_at: 0 }
    }

    /// An entry joins the line. The entry of its slot before it, as far as is known.
    pub(super) fn join(&mut self, number: u64, slot: Slot) -> Option<u64> {
        self.numbers.insert(slot, number)
    }

    /// The last entry of a slot; it may have left. The line ends with the entry `end`.
    pub(super) fn find(&mut self, slot: Slot, end: u64) -> Option<u64> {
        self.asked_at = end;
        self.numbers.get(&slot).copied()
    }

    /// The same, for a caller who takes all entries of the slot out of the line.
    pub(super) fn take(&mut self, slot: Slot, end: u64) -> Option<u64> {
        self.asked_at = end;
        self.numbers.remove(&slot)
    }

    /// Whether every entry has left that was in line at the last question.
    pub(super) const fn is_done(&self, left: u64) -> bool {
        left >= self.asked_at
    }
}
