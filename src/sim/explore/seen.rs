//! The fingerprints of the states that were visited.

use alloc::vec;
use alloc::vec::Vec;

/// A set of fingerprints: a hash table with open addressing, at most half full. The fingerprints
/// are their own hashes.
#[derive(Debug)]
pub(super) struct Seen {
    /// 0 where a cell is empty.
    table: Vec<u64>,
    count: usize,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self { table: vec![0; 1 << 10], count: 0 }
    }

    /// Adds a number. Whether it is new.
    pub(super) fn insert(&mut self, number: u64) -> bool {
        if self.count * 2 >= self.table.len() {
            let larger = vec![0; self.table.len() * 4];
            for number in core::mem::replace(&mut self.table, larger) {
                let cell = self.cell(number);
                self.table[cell] = number;
            }
        }
        let number = number.max(1);
        let cell = self.cell(number);
        let is_new = self.table[cell] == 0;
        self.table[cell] = number;
        self.count += usize::from(is_new);
        is_new
    }

    /// The cell that has a number, or the one that it would go to.
    fn cell(&self, number: u64) -> usize {
        let last = self.table.len() - 1; // the length is a power of two
        let mut cell = usize::try_from(number & u64::try_from(last).unwrap_or(0)).unwrap_or(0);
        while self.table[cell] != 0 && self.table[cell] != number {
            cell = (cell + 1) & last;
        }
        cell
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;
    use crate::random::Random;

    #[test]
    fn a_number_is_new_once() {
        let (mut seen, mut model, mut random) = (Seen::new(), BTreeSet::new(), Random::new(1));
        for _ in 0..10_000 {
            let number = ((random.next() % 5000) << 40) | 1;
            assert_eq!(seen.insert(number), model.insert(number));
        }
        assert_eq!(seen.count, model.len());
    }
}
