//! What it costs to write a command, per command.
//!
//! Run with `cargo bench --bench encode`. Each figure is the median of rounds; `allocs` counts heap
//! allocations per command.
#![allow(clippy::print_stdout, reason = "the report of a benchmark")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use hashslot::resp::encode;

const ROUND_COUNT: usize = 31;
const ROUND_TIME: Duration = Duration::from_millis(20);
/// What is written is thrown away when it is as long as what one system call takes.
const OUT_LEN_MAX: usize = 64 * 1024;

fn main() {
    println!("{:<44} {:>12} {:>8}", "case", "ns", "allocs");
    let key = &b"user:00000000001"[..];
    let (short, long) = (&[b'x'; 64][..], &[b'x'; 1000][..]);
    let cases: [(&str, &[&[u8]]); 6] = [
        ("PING", &[b"PING"]),
        ("GET, 16 B key", &[b"GET", key]),
        ("SET, 16 B key, 64 B value", &[b"SET", key, short]),
        ("SET, 16 B key, 1000 B value", &[b"SET", key, long]),
        ("MGET, 10 keys", &[b"MGET", key, key, key, key, key, key, key, key, key, key]),
        ("SET .. PX 1000 NX", &[b"SET", key, short, b"PX", b"1000", b"NX"]),
    ];
    let mut out = Vec::with_capacity(2 * OUT_LEN_MAX);
    for (name, args) in cases {
        report(name, || {
            if out.len() > OUT_LEN_MAX {
                out.clear();
            }
            encode::command(&mut out, black_box(args));
            black_box(&mut out);
        });
        report(&format!("{name}, into a new vector"), || {
            let mut out = Vec::new();
            encode::command(&mut out, black_box(args));
            black_box(out);
        });
    }
    for number in [7, 42, 12_345, u64::MAX] {
        report(&format!("decimal {number}"), || {
            out.clear();
            encode::decimal(&mut out, black_box(number));
            black_box(&mut out);
        });
    }
}

fn report(name: &str, mut work: impl FnMut()) {
    let allocations = allocation_counter::measure(&mut work).count_total;
    let mut iteration_count = 1_u32;
    while time(iteration_count, &mut work) < ROUND_TIME {
        iteration_count *= 2;
    }
    let mut rounds: Vec<f64> = (0..ROUND_COUNT)
        .map(|_| time(iteration_count, &mut work).as_secs_f64() * 1e9 / f64::from(iteration_count))
        .collect();
    rounds.sort_by(f64::total_cmp);
    let median = rounds.get(ROUND_COUNT / 2).copied().unwrap_or_default();
    println!("{name:<44} {median:>12.1} {allocations:>8}");
}

fn time(iteration_count: u32, work: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..iteration_count {
        work();
    }
    start.elapsed()
}
