//! What callers count: requests, and how long each took.

use std::time::Duration;

/// Each power of two of nanoseconds is divided into so many buckets: 3 % of what is measured.
const BUCKETS_OF_POWER: u64 = 32;
/// Up to 17 s.
const BUCKET_COUNT: usize = 1024;

/// The requests of a caller, or of several.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    pub(crate) requests: u64,
    buckets: Box<[u32; BUCKET_COUNT]>,
}

impl Default for Tally {
    fn default() -> Self {
        Self { requests: 0, buckets: Box::new([0; BUCKET_COUNT]) }
    }
}

impl Tally {
    /// Counts requests that took so long each.
    pub(crate) fn record(&mut self, took: Duration, count: u32) {
        self.requests += u64::from(count);
        self.buckets[bucket(took.as_nanos() as u64)] += count;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        for (mine, others) in self.buckets.iter_mut().zip(other.buckets.iter()) {
            *mine += others;
        }
    }

    /// The time in microseconds that this part of the requests did not exceed.
    pub(crate) fn quantile_us(&self, part: f64) -> f64 {
        let wanted = (self.requests as f64 * part).ceil() as u64;
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= wanted {
                return middle(index as u64) / 1e3;
            }
        }
        0.0
    }
}

fn bucket(nanos: u64) -> usize {
    let power = u64::from((nanos | 1).ilog2()).saturating_sub(5);
    let index = power * BUCKETS_OF_POWER + (nanos >> power);
    (index as usize).min(BUCKET_COUNT - 1)
}

/// The nanoseconds that a bucket stands for.
fn middle(index: u64) -> f64 {
    let power = (index / BUCKETS_OF_POWER).saturating_sub(1);
    let first = (index - power * BUCKETS_OF_POWER) << power;
    first as f64 + (1_u64 << power) as f64 / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_close_to_what_is_in_them() {
        for nanos in [0, 1, 31, 63, 64, 65, 1000, 123_456, 9_999_999, 2_000_000_000] {
            let middle = middle(bucket(nanos) as u64);
            let error = (middle - nanos as f64).abs();
            assert!(error <= 1.0 + nanos as f64 / 32.0, "{nanos}: {middle}");
        }
    }

    #[test]
    fn quantiles_are_of_all_that_was_recorded() {
        let (mut one, mut other) = (Tally::default(), Tally::default());
        one.record(Duration::from_micros(10), 99);
        other.record(Duration::from_micros(1000), 1);
        one.add(&other);
        assert_eq!(one.requests, 100);
        assert!((one.quantile_us(0.5) - 10.0).abs() < 0.5);
        assert!((one.quantile_us(0.99) - 10.0).abs() < 0.5);
        assert!((one.quantile_us(1.0) - 1000.0).abs() < 50.0);
    }
}
