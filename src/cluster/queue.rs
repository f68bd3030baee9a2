//! Parts that wait in line, and may leave it from the middle.

use alloc::collections::VecDeque;

use super::calls::PartRef;

/// Parts in order. One that leaves from the middle stays as a dead entry; the owner of the line
/// sweeps it when more of them are dead than alive.
#[derive(Debug, Default)]
pub(super) struct Queue {
    parts: VecDeque<PartRef>,
    live_count: usize,
}

/// Dead entries that are not worth a sweep.
const DEAD_COUNT_KEPT: usize = 64;

impl Queue {
    pub(super) fn push_back(&mut self, part: PartRef) {
        self.parts.push_back(part);
        self.live_count += 1;
    }

    pub(super) fn push_front(&mut self, part: PartRef) {
        self.parts.push_front(part);
        self.live_count += 1;
    }

    /// The first entry. The caller tells with [`Queue::left`] if it was alive.
    pub(super) fn pop_front(&mut self) -> Option<PartRef> {
        self.parts.pop_front()
    }

    /// A living part is not in line any more.
    pub(super) fn left(&mut self) {
        self.live_count = self.live_count.saturating_sub(1);
    }

    /// The number of living parts.
    pub(super) const fn live_count(&self) -> usize {
        self.live_count
    }

    /// Whether it is time to sweep.
    pub(super) fn is_mostly_dead(&self) -> bool {
        self.parts.len() > 2 * self.live_count + DEAD_COUNT_KEPT
    }

    /// Drops what is dead.
    pub(super) fn sweep(&mut self, is_alive: impl Fn(PartRef) -> bool) {
        self.parts.retain(|part| is_alive(*part));
        self.live_count = self.parts.len();
    }

    /// All entries, the dead ones among them.
    pub(super) fn iter(&self) -> impl Iterator<Item = PartRef> {
        self.parts.iter().copied()
    }

    /// Takes everything out.
    pub(super) fn take(&mut self) -> VecDeque<PartRef> {
        self.live_count = 0;
        core::mem::take(&mut self.parts)
    }
}
