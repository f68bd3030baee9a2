//! How every bench measures: the median of rounds, and the allocations of one run.

use std::time::{Duration, Instant};

const ROUND_COUNT: usize = 9;
/// Long enough that the clock does not matter.
const ROUND_TIME: Duration = Duration::from_millis(20);

/// The head of the table.
#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
pub(crate) fn head(what: &str) {
    println!("{what:<44} {:>12} {:>8}", "ns", "allocs");
}

/// Runs `work`, which does the same thing `count` times, and prints what one of them costs.
#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
pub(crate) fn report(name: &str, count: u32, mut work: impl FnMut()) {
    work();
    let allocations = allocation_counter::measure(&mut work).count_total;
    let allocations = f64::from(u32::try_from(allocations).unwrap_or(u32::MAX)) / f64::from(count);
    let mut iteration_count = 1_u32;
    while time(iteration_count, &mut work) < ROUND_TIME {
        iteration_count *= 2;
    }
    let per_round = f64::from(iteration_count) * f64::from(count);
    let mut rounds: Vec<f64> = (0..ROUND_COUNT)
        .map(|_| time(iteration_count, &mut work).as_secs_f64() * 1e9 / per_round)
        .collect();
    rounds.sort_by(f64::total_cmp);
    let median = rounds.swap_remove(ROUND_COUNT / 2);
    println!("{name:<44} {median:>12.1} {allocations:>8.2}");
}

fn time(iteration_count: u32, work: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..iteration_count {
        work();
    }
    start.elapsed()
}
