//! Parts that wait in line, and may leave it from the middle.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::calls::PartRef;
use super::last::{LastOf, SHORT_LEN};
use crate::slot::Slot;

/// Parts in order. One that leaves from the middle stays as a dead entry; the owner of the line has
/// it swept before it puts others in.
#[derive(Debug, Default)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Queue {
    parts: VecDeque<PartRef>,
    live_count: usize,
    /// How many entries have left at the front.
    left_count: u64,
    /// Where the parts of each slot are, while slots move.
    slots: Option<Box<Slots>>,
}

/// The parts of each slot: the last one, and for each of all entries the one before it. Entries
/// have numbers, from 1 on; 0 is none.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
struct Slots {
    last: LastOf,
    before: VecDeque<u64>,
}

/// Dead entries that are not worth a sweep.
const DEAD_COUNT_KEPT: usize = 64;

impl Queue {
    /// Puts a part at the end. Its slot, if it is to be found by that.
    #[inline]
    pub(super) fn push_back(&mut self, part: PartRef, slot: Option<Slot>) {
        self.parts.push_back(part);
        self.live_count += 1;
        if self.slots.is_some() {
            self.join(slot);
        }
    }

    /// Puts a part before all others.
    pub(super) fn push_front(&mut self, part: PartRef) {
        self.slots = None;
        self.parts.push_front(part);
        self.live_count += 1;
    }

    /// The first entry. The caller tells with [`Queue::left`] if it was alive.
    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<PartRef> {
        let part = self.parts.pop_front()?;
        self.left_count += 1;
        if let Some(slots) = &mut self.slots {
            slots.before.pop_front();
            if slots.last.is_done(self.left_count) {
                self.slots = None;
            }
        }
        Some(part)
    }

    /// A living part is not in line any more.
    pub(super) fn left(&mut self) {
        self.live_count = self.live_count.saturating_sub(1);
    }

    /// The number of living parts.
    pub(super) const fn live_count(&self) -> usize {
        self.live_count
    }

    /// Drops what is dead, if there is more of it than of what is alive.
    #[inline]
    pub(super) fn sweep_if_due(&mut self, is_alive: impl Fn(PartRef) -> bool) {
        if self.parts.len() > 2 * self.live_count + DEAD_COUNT_KEPT {
            self.sweep(is_alive);
        }
    }

    fn sweep(&mut self, is_alive: impl Fn(PartRef) -> bool) {
        self.slots = None;
        self.parts.retain(|part| is_alive(*part));
        self.live_count = self.parts.len();
    }

    /// All entries, the dead ones among them.
    pub(super) fn iter(&self) -> impl Iterator<Item = PartRef> {
        self.parts.iter().copied()
    }

    /// Takes everything out.
    pub(super) fn take(&mut self) -> VecDeque<PartRef> {
        self.slots = None;
        self.live_count = 0;
        core::mem::take(&mut self.parts)
    }

    /// Takes the parts of a slot out, in their order. `slot_of` tells the slot of a living part.
    ///
    /// **Cost**: that of the parts of the slot, and once that of the line while slots move.
    pub(super) fn take_of(
        &mut self,
        slot: Slot,
        slot_of: impl Fn(PartRef) -> Option<Slot>,
    ) -> Vec<PartRef> {
        let mut taken = Vec::new();
        let mut take = |part: &mut PartRef| {
            if slot_of(*part) == Some(slot) {
                taken.push(core::mem::replace(part, PartRef::NONE));
            }
        };
        if self.slots.is_none() && self.parts.len() <= SHORT_LEN {
            self.parts.iter_mut().for_each(take);
        } else {
            let end = self.end();
            let slots = self.slots.get_or_insert_with(|| {
                Box::new(Slots::read(self.left_count, self.parts.iter().map(|part| slot_of(*part))))
            });
            let mut number = slots.last.take(slot, end).unwrap_or(0);
            while let Some(index) = index(number, self.left_count) {
                if let Some(part) = self.parts.get_mut(index) {
                    take(part);
                }
                number = slots.before.get(index).copied().unwrap_or(0);
            }
            taken.reverse();
        }
        self.live_count = self.live_count.saturating_sub(taken.len());
        taken
    }

    /// The number of the last entry.
    fn end(&self) -> u64 {
        self.left_count + u64::try_from(self.parts.len()).unwrap_or(u64::MAX)
    }

    #[cold]
    fn join(&mut self, slot: Option<Slot>) {
        let number = self.end();
        if let Some(slots) = &mut self.slots {
            slots.join(number, slot);
        }
    }
}

impl Slots {
    fn read(left_count: u64, line: impl ExactSizeIterator<Item = Option<Slot>>) -> Self {
        let before = VecDeque::with_capacity(line.len());
        let mut slots = Self { last: LastOf::default(), before };
        for (number, slot) in (left_count + 1..).zip(line) {
            slots.join(number, slot);
        }
        slots
    }

    fn join(&mut self, number: u64, slot: Option<Slot>) {
        let before = slot.and_then(|slot| self.last.join(number, slot));
        self.before.push_back(before.unwrap_or(0));
    }
}

/// Where the entry with this number is, if it has not left.
fn index(number: u64, left_count: u64) -> Option<usize> {
    usize::try_from(number.checked_sub(left_count)?.checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::*;
    use crate::action::CallId;

    fn part(number: u32) -> PartRef {
        PartRef { call: CallId { index: number, serial: 1 }, part: 0 }
    }

    fn slot(number: u32) -> Slot {
        Slot::new(u16::try_from(number).expect("is small")).expect("is a slot")
    }

    /// Each part is of the slot that is its number modulo 10.
    fn slot_of(part: PartRef) -> Option<Slot> {
        (part != PartRef::NONE).then(|| slot(part.call.index % 10))
    }

    fn line(len: u32) -> Queue {
        let mut queue = Queue::default();
        (0..len).for_each(|number| queue.push_back(part(number), Some(slot(number % 10))));
        queue
    }

    #[test]
    fn the_parts_of_a_slot_leave_a_line_of_any_length_in_their_order() {
        for len in [0, 9, 60, 64, 65, 1000] {
            let mut queue = line(len);
            for _ in 0..7.min(len) {
                queue.pop_front();
                queue.left();
            }
            let of_slot = |from: u32, number: u32| -> Vec<_> {
                (from..len).filter(|index| index % 10 == number).map(part).collect()
            };
            assert_eq!(queue.take_of(slot(3), slot_of), of_slot(7, 3), "{len}");
            assert_eq!(queue.take_of(slot(3), slot_of), []);
            queue.push_back(part(2003), Some(slot(3)));
            queue.push_back(part(2004), Some(slot(4)));
            queue.push_back(part(2013), Some(slot(3)));
            assert_eq!(queue.take_of(slot(3), slot_of), [part(2003), part(2013)]);
            let fours = [of_slot(7, 4), [part(2004)].into()].concat();
            assert_eq!(queue.take_of(slot(4), slot_of), fours);
            let left = (7..len).filter(|index| ![3, 4].contains(&(index % 10))).map(part);
            let left: Vec<_> = left.collect();
            assert_eq!(queue.live_count(), left.len());
            let living = |queue: &Queue| -> Vec<_> {
                queue.iter().filter(|part| *part != PartRef::NONE).collect()
            };
            assert_eq!(living(&queue), left);
            queue.sweep(|part| part != PartRef::NONE);
            assert_eq!(queue.take(), left);
        }
    }

    /// A slot with many commands is asked for with each of its redirections.
    #[test]
    fn parts_that_were_taken_out_cost_nothing_the_next_time() {
        let mut queue = Queue::default();
        (0..1000).for_each(|number| queue.push_back(part(number), Some(slot(7))));
        let look_count = Cell::new(0);
        let slot_of = |part| {
            look_count.set(look_count.get() + 1);
            (part != PartRef::NONE).then(|| slot(7))
        };
        assert_eq!(queue.take_of(slot(7), slot_of).len(), 1000);
        for _ in 0..1000 {
            assert_eq!(queue.take_of(slot(7), slot_of), []);
        }
        assert_eq!(look_count.get(), 2000, "once to read the line, once to take the parts out");
    }

    /// Parts that died in line, that came to its front, or that left with it are not found.
    #[test]
    fn a_line_that_changes_is_read_again() {
        let mut queue = line(100);
        assert_eq!(queue.take_of(slot(1), slot_of).len(), 10);
        queue.push_front(part(2011));
        queue.push_front(part(2001));
        assert_eq!(queue.take_of(slot(1), slot_of), [part(2001), part(2011)]);
        let is_dead = |part: PartRef| part.call.index == 52;
        let twos = queue.take_of(slot(2), |part| slot_of(part).filter(|_| !is_dead(part)));
        assert_eq!(twos.len(), 9);
        for _ in 0..102 {
            queue.pop_front();
        }
        assert!(queue.slots.is_none(), "nothing is kept of what has left");
        queue.push_back(part(2), Some(slot(2)));
        assert_eq!(queue.take_of(slot(2), slot_of), [part(2)]);
    }
}
