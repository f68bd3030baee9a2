//! How every bench measures: the median of rounds, and the allocations of one run.
//!
//! Words behind the name of a bench choose cases: `cargo bench --bench slot -- "40 B"`. With
//! `--count` nothing is timed: each case runs some times, and [`measured`] is what a tool that
//! counts instructions has to look at. `scripts/instructions` does.

use std::time::{Duration, Instant};

/// Figures without optimization tell nothing: such a run only shows that the bench works.
const IS_TRIAL: bool = cfg!(debug_assertions);
const ROUND_COUNT: usize = if IS_TRIAL { 1 } else { 9 };
/// Long enough that the clock does not matter.
const ROUND_TIME: Duration = Duration::from_millis(if IS_TRIAL { 1 } else { 20 });
/// Runs before one is measured: what is kept for reuse is there.
const WARM_UP_COUNT: u32 = if IS_TRIAL { 1 } else { 4 };
/// Runs that are counted, all of which do the same: few are enough, and a tool that looks on is
/// slow.
const COUNTED_COUNT: u32 = 2;

/// The head of the table.
#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
pub(crate) fn head(what: &str) {
    if !is_counting() {
        println!("{what:<44} {:>12} {:>8}", "ns", "allocs");
    }
}

/// Runs `work`, which does the same thing `count` times, and prints what one of them costs.
#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
pub(crate) fn report(name: &str, count: u32, mut work: impl FnMut()) {
    if !is_wanted(name) {
        return;
    }
    (0..WARM_UP_COUNT).for_each(|_| work());
    let allocations = allocation_counter::measure(&mut work).count_total;
    let allocations = f64::from(u32::try_from(allocations).unwrap_or(u32::MAX)) / f64::from(count);
    if is_counting() {
        measured(&mut work);
        println!("{} {allocations:.2} {name}", COUNTED_COUNT * count);
        return;
    }
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

/// Does what is counted, and nothing else.
#[inline(never)]
fn measured(work: &mut dyn FnMut()) {
    for _ in 0..COUNTED_COUNT {
        work();
    }
}

fn is_counting() -> bool {
    std::env::args().any(|word| word == "--count")
}

/// Whether no case was chosen, or this one.
fn is_wanted(name: &str) -> bool {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--")).peekable();
    words.peek().is_none() || words.any(|word| name.contains(&word))
}

fn time(iteration_count: u32, work: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..iteration_count {
        work();
    }
    start.elapsed()
}
