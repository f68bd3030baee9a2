//! The slots that stand still, what each waits for, and who waits at it.
//!
//! Rules of this file: a fence waits for links, each until it has given a number of replies. The
//! same is kept by link, in the order of the numbers, so that a reply costs nothing unless a fence
//! waits for it.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::calls::PartRef;
use super::queue::Queue;
use super::verify::ensure;
use crate::action::LinkId;
use crate::slot::Slot;

/// All fences.
#[derive(Debug, Default)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Fences {
    slots: BTreeMap<Slot, Fence>,
    /// What all of them wait for.
    holds: BTreeSet<(LinkId, u64, Slot)>,
}

/// A slot that stands still.
#[derive(Debug, Default)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
struct Fence {
    /// Links, and how many replies each must have given.
    holds: Vec<(LinkId, u64)>,
    queue: Queue,
}

impl Fences {
    /// Whether no slot stands still.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether a slot stands still.
    pub(super) fn contains(&self, slot: Slot) -> bool {
        self.slots.contains_key(&slot)
    }

    /// Has a slot wait for so many replies of the link, at least.
    pub(super) fn hold(&mut self, slot: Slot, link: LinkId, until: u64) {
        let fence = self.slots.entry(slot).or_default();
        if let Some((_, held_until)) = fence.holds.iter_mut().find(|(held, _)| *held == link) {
            if *held_until >= until {
                return;
            }
            self.holds.remove(&(link, *held_until, slot));
            *held_until = until;
        } else {
            fence.holds.push((link, until));
        }
        self.holds.insert((link, until, slot));
    }

    /// A part waits until the fence of its slot is lifted.
    pub(super) fn wait(&mut self, slot: Slot, part: PartRef, is_alive: impl Fn(PartRef) -> bool) {
        let fence = self.slots.entry(slot).or_default();
        fence.queue.sweep_if_due(is_alive);
        fence.queue.push_back(part, None);
    }

    /// A living part does not wait any more.
    pub(super) fn left(&mut self, slot: Slot) {
        if let Some(fence) = self.slots.get_mut(&slot) {
            fence.queue.left();
        }
    }

    /// The number of replies of the link that the next fence waits for.
    pub(super) fn next(&self, link: LinkId) -> Option<u64> {
        let (held, until, _) = self.holds.range((link, 0, Slot::FIRST)..).next()?;
        (*held == link).then_some(*until)
    }

    /// A link has given this many replies. Returns the slots that had to wait for it alone.
    pub(super) fn answered(&mut self, link: LinkId, answered: u64) -> Vec<Slot> {
        let mut free = Vec::new();
        while let Some(&(held, until, slot)) = self.holds.range((link, 0, Slot::FIRST)..).next()
            && held == link
            && until <= answered
        {
            self.holds.remove(&(held, until, slot));
            let Some(fence) = self.slots.get_mut(&slot) else { continue };
            fence.holds.retain(|(held, _)| *held != link);
            if fence.holds.is_empty() {
                free.push(slot);
            }
        }
        free
    }

    /// So many commands behind the first `number` of the link were taken back.
    pub(super) fn taken_back(&mut self, link: LinkId, number: u64, count: u64) {
        let behind = self.holds.range((link, number + 1, Slot::FIRST)..);
        let behind: Vec<_> = behind.take_while(|(held, ..)| *held == link).copied().collect();
        for (_, until, slot) in behind {
            let sooner = until.saturating_sub(count).max(number);
            self.holds.remove(&(link, until, slot));
            self.holds.insert((link, sooner, slot));
            let holds = self.slots.get_mut(&slot).map(|fence| &mut fence.holds);
            if let Some((_, held_until)) =
                holds.and_then(|holds| holds.iter_mut().find(|(held, _)| *held == link))
            {
                *held_until = sooner;
            }
        }
    }

    /// What all of them wait for.
    pub(super) fn holds(&self) -> impl Iterator<Item = (LinkId, u64, Slot)> {
        self.holds.iter().copied()
    }

    /// Who waits at them.
    pub(super) fn queues(&self) -> impl Iterator<Item = (Slot, &Queue)> {
        self.slots.iter().map(|(slot, fence)| (*slot, &fence.queue))
    }

    /// Checks that what is kept by slot is what is kept by link.
    ///
    /// # Errors
    /// What does not hold.
    pub(super) fn verify(&self) -> Result<(), String> {
        let mut count = 0;
        for (slot, fence) in &self.slots {
            ensure!(!fence.holds.is_empty(), "{slot:?} stands still for nothing");
            for (link, until) in &fence.holds {
                count += 1;
                let is_known = self.holds.contains(&(*link, *until, *slot));
                ensure!(is_known, "{slot:?} waits for reply {until} of {link:?}, which is unknown");
            }
        }
        ensure!(count == self.holds.len(), "slots wait for {count} of {}", self.holds.len());
        Ok(())
    }

    /// Lifts the fence of a slot if it waits for nothing: who waited, in the order in which they
    /// came.
    pub(super) fn lift_if_free(&mut self, slot: Slot) -> Option<VecDeque<PartRef>> {
        if !self.slots.get(&slot)?.holds.is_empty() {
            return None;
        }
        self.slots.remove(&slot).map(|mut fence| fence.queue.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(number: u16) -> Slot {
        Slot::new(number).expect("is a slot")
    }

    fn link(index: u32) -> LinkId {
        LinkId { index, serial: u64::from(index) + 10 }
    }

    #[test]
    fn a_fence_waits_for_the_last_reply_of_each_of_its_links() {
        let mut fences = Fences::default();
        fences.hold(slot(5), link(0), 3);
        fences.hold(slot(5), link(0), 7);
        fences.hold(slot(5), link(0), 4);
        fences.hold(slot(5), link(1), 2);
        fences.hold(slot(6), link(1), 9);
        assert_eq!((fences.next(link(0)), fences.next(link(1))), (Some(7), Some(2)));
        assert_eq!(fences.answered(link(0), 6), []);
        assert_eq!(fences.answered(link(1), 8), []);
        assert!(fences.lift_if_free(slot(5)).is_none());
        assert_eq!(fences.answered(link(0), 7), [slot(5)]);
        assert_eq!(fences.lift_if_free(slot(5)), Some(VecDeque::new()));
        assert!(!fences.contains(slot(5)) && fences.contains(slot(6)));
        assert_eq!(fences.answered(link(1), u64::MAX), [slot(6)]);
        assert_eq!(fences.next(link(1)), None);
    }

    #[test]
    fn what_is_taken_back_is_not_waited_for() {
        let mut fences = Fences::default();
        for (number, until) in [(1, 4), (2, 5), (3, 6), (4, 9)] {
            fences.hold(slot(number), link(0), until);
        }
        fences.hold(slot(2), link(1), 5);
        fences.taken_back(link(0), 4, 2);
        assert_eq!(fences.answered(link(0), 3), []);
        assert_eq!(fences.answered(link(0), 4), [slot(1), slot(3)]);
        assert_eq!(fences.answered(link(0), 6), []);
        assert_eq!(fences.answered(link(0), 7), [slot(4)]);
        assert_eq!(fences.answered(link(1), 5), [slot(2)]);
    }
}
