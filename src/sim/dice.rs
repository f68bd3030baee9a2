//! The source of every random choice of a simulation.

use alloc::vec::Vec;
use core::time::Duration;

use crate::random::Random;

/// A deterministic random number generator. A fuzzer's bytes can replace its first numbers.
#[derive(Debug, Clone)]
pub struct Dice {
    /// What a fuzzer chose; used up first, from the end.
    given: Vec<u8>,
    random: Random,
}

impl Dice {
    /// The sequence of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { given: Vec::new(), random: Random::new(seed) }
    }

    /// A sequence that these bytes determine as long as they last, and then the seed. For fuzzers.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], seed: u64) -> Self {
        Self { given: bytes.iter().rev().copied().collect(), random: Random::new(seed) }
    }

    /// Splits off an independent generator: its numbers do not depend on later use of this one.
    #[must_use]
    pub fn split(&mut self) -> Self {
        Self::new(self.random.next())
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let number = match self.given.pop() {
            Some(low) if bound > 256 => {
                let high = self.given.pop().unwrap_or(0);
                u64::from(u16::from_le_bytes([low, high]))
            }
            Some(byte) => u64::from(byte),
            None => self.random.next() >> 11,
        };
        number.checked_rem(bound).unwrap_or(0)
    }

    /// An index below `len`; 0 if `len` is 0.
    pub fn index(&mut self, len: usize) -> usize {
        let bound = u64::try_from(len).unwrap_or(u64::MAX);
        usize::try_from(self.below(bound)).unwrap_or(0)
    }

    /// A number from `first` to `last`, both inclusive.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last.saturating_sub(first) + 1)
    }

    /// True with probability 1 in `count`.
    pub fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// A duration below `bound`.
    ///
    /// **Unit**: whole microseconds.
    pub fn up_to(&mut self, bound: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(bound.as_micros()).unwrap_or(u64::MAX)))
    }

    /// A duration from `first` to `last` milliseconds.
    pub fn millis(&mut self, first: u64, last: u64) -> Duration {
        Duration::from_micros(self.between(first * 1000, last * 1000))
    }

    /// One of the elements; `None` if there are none.
    pub fn pick<'a, E>(&mut self, elements: &'a [E]) -> Option<&'a E> {
        let index = self.index(elements.len());
        elements.get(index)
    }
}
