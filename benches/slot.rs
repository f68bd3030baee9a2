//! What it costs to find the slot of a key.

use std::hint::black_box;
use std::time::Instant;

use hashslot::Slot;

#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
fn main() {
    println!("{:<32} {:>10}", "slot of", "ns/key");
    let cases: [(&str, &[u8]); 4] = [
        ("8 B key", b"user:123"),
        ("16 B key", b"user:12345678901"),
        ("40 B key", b"user:1234567890123456789012345678901234"),
        ("40 B key, 16 B hash tag", b"session:{user:12345678901}:last-seen-at1"),
    ];
    for (name, key) in cases {
        println!("{name:<32} {:>10.1}", median_ns(|| black_box(Slot::of_key(black_box(key)))));
    }
}

/// The median over rounds of the time of one run.
fn median_ns<V>(mut run: impl FnMut() -> V) -> f64 {
    const RUNS: u32 = 200_000;
    let mut rounds: Vec<f64> = (0..9)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..RUNS {
                black_box(run());
            }
            start.elapsed().as_secs_f64() * 1e9 / f64::from(RUNS)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds.swap_remove(rounds.len() / 2)
}
