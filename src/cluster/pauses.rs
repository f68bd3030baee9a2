//! Floor 1: parts that were refused before they ran pause, and each pause of a part is longer.

use alloc::collections::BTreeMap;
use core::time::Duration;

use super::Cluster;
use super::calls::{PartRef, Place};
use crate::error::ServerError;
use crate::time::Instant;

/// Parts that pause, by the end of their pause. A part that is over stays until then.
#[derive(Debug, Default)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Pauses {
    parts: BTreeMap<(Instant, u64), PartRef>,
    serial: u64,
}

impl Pauses {
    /// A part pauses until this instant.
    fn begin(&mut self, part: PartRef, until: Instant) {
        self.serial += 1;
        self.parts.insert((until, self.serial), part);
    }

    /// When the next pause ends.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.parts.first_key_value().map(|((until, _), _)| *until)
    }

    /// Takes out a part whose pause is over: the one that has waited longest.
    pub(super) fn take_over(&mut self, now: Instant) -> Option<PartRef> {
        let first = self.parts.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// All of them, those that are over among them.
    pub(super) fn iter(&self) -> impl Iterator<Item = PartRef> {
        self.parts.values().copied()
    }
}

impl<T> Cluster<T> {
    /// A part was refused, provably before it ran: it is sent again after a pause that grows.
    pub(super) fn pause(
        &mut self,
        now: Instant,
        part: PartRef,
        refusal: Option<ServerError>,
        least: Duration,
    ) {
        let Some(state) = self.calls.part_mut(part) else { return };
        state.note_refusal(refusal);
        if core::mem::take(&mut state.asking) {
            // It was right to come here, and it will again: only the time bounds that.
            state.redirects = state.redirects.saturating_sub(1);
        }
        state.place = Place::Paused;
        let doubled = least.saturating_mul(1 << state.refusals.min(16));
        let longest = doubled.clamp(least, self.config.max_retry_delay.max(least));
        state.refusals = state.refusals.saturating_add(1);
        let until = now + longest / 2 + self.random.up_to(longest / 2);
        self.pauses.begin(part, until);
        self.timers.note(until);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::time::Duration;

    use super::*;
    use crate::action::CallId;

    #[test]
    fn pauses_end_in_the_order_of_their_ends_and_then_of_their_beginnings() {
        let part = |index| PartRef { call: CallId { index, serial: 1 }, part: 0 };
        let at = |seconds| Instant::EPOCH + Duration::from_secs(seconds);
        let mut pauses = Pauses::default();
        for (index, until) in [(0, 3), (1, 2), (2, 3), (3, 9)] {
            pauses.begin(part(index), at(until));
        }
        assert_eq!((pauses.next_end(), pauses.take_over(at(1))), (Some(at(2)), None));
        let over: Vec<_> = core::iter::from_fn(|| pauses.take_over(at(3))).collect();
        assert_eq!(over, [part(1), part(0), part(2)]);
        assert_eq!((pauses.next_end(), pauses.iter().count()), (Some(at(9)), 1));
    }
}
