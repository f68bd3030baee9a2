//! Something for each slot, kept as runs of slots that have the same.

use alloc::collections::BTreeMap;

use crate::slot::SLOT_COUNT;

/// A value for each of the slots.
///
/// **Invariant**: there is a run that begins at slot 0, and no two neighbours are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ranges<V> {
    /// First slot of a run, and its value.
    runs: BTreeMap<u16, V>,
}

impl<V: Clone + PartialEq> Ranges<V> {
    /// All slots have this value.
    pub(super) fn all(value: V) -> Self {
        Self { runs: BTreeMap::from([(0, value)]) }
    }

    pub(super) fn get(&self, slot: u16) -> &V {
        self.runs.range(..=slot).next_back().expect("a run begins at slot 0").1
    }

    /// Gives the slots `first..=last` this value.
    #[expect(clippy::needless_pass_by_value, reason = "values are numbers and options")]
    pub(super) fn set(&mut self, first: u16, last: u16, value: V) {
        let after = last + 1;
        if after < SLOT_COUNT {
            let follows = self.get(last).clone();
            self.runs.entry(after).or_insert(follows);
        }
        while let Some(inner) = self.runs.range(first..after).next_back().map(|(at, _)| *at) {
            self.runs.remove(&inner);
        }
        if first == 0 || *self.get(first - 1) != value {
            self.runs.insert(first, value.clone());
        }
        if after < SLOT_COUNT && self.runs.get(&after) == Some(&value) {
            self.runs.remove(&after);
        }
    }

    /// The runs in order: first slot, last slot, value.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u16, u16, &V)> {
        let ends = self.runs.keys().skip(1).map(|first| first - 1).chain([SLOT_COUNT - 1]);
        self.runs.iter().zip(ends).map(|((first, value), last)| (*first, last, value))
    }

    /// The same for the slots `first..=last` only.
    pub(super) fn within(&self, first: u16, last: u16) -> impl Iterator<Item = (u16, u16, &V)> {
        let runs = self.iter().filter(move |(from, to, _)| *from <= last && first <= *to);
        runs.map(move |(from, to, value)| (from.max(first), to.min(last), value))
    }
}
