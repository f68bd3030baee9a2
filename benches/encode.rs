//! What it costs to write a command, per command.
//!
//! Run with `cargo bench --bench encode`. Each figure is the median of rounds; `allocs` counts heap
//! allocations per command.

mod report;

use std::hint::black_box;

use hashslot::Command;
use hashslot::resp::encode;
use report::report;

/// What is written is thrown away when it is as long as what one system call takes.
const OUT_LEN_MAX: usize = 64 * 1024;

fn main() {
    report::head("command");
    let key = &b"user:00000000001"[..];
    let (short, long) = (&[b'x'; 64][..], &[b'x'; 1000][..]);
    let longest = vec![b'x'; OUT_LEN_MAX];
    let cases: [(&str, &[&[u8]]); 7] = [
        ("PING", &[b"PING"]),
        ("GET, 16 B key", &[b"GET", key]),
        ("SET, 16 B key, 64 B value", &[b"SET", key, short]),
        ("SET, 16 B key, 1000 B value", &[b"SET", key, long]),
        ("SET, 16 B key, 64 KiB value", &[b"SET", key, &longest]),
        ("MGET, 10 keys", &[b"MGET", key, key, key, key, key, key, key, key, key, key]),
        ("SET .. PX 1000 NX", &[b"SET", key, short, b"PX", b"1000", b"NX"]),
    ];
    let mut out = Vec::with_capacity(2 * OUT_LEN_MAX);
    for (name, args) in cases {
        report(name, 1, || {
            if out.len() > OUT_LEN_MAX {
                out.clear();
            }
            encode::command(&mut out, black_box(args));
            black_box(&mut out);
        });
        report(&format!("{name}, into a new vector"), 1, || {
            let mut out = Vec::new();
            encode::command(&mut out, black_box(args));
            black_box(out);
        });
    }
    report("Command::get, 16 B key", 1, || {
        black_box(Command::get(black_box(key)));
    });
    report("Command::set, 16 B key, 64 B value", 1, || {
        black_box(Command::set(black_box(key), black_box(short)));
    });
    report("Command::new(\"SET\"), 16 B key, 64 B value", 1, || {
        black_box(Command::new(black_box("SET")).arg(black_box(key)).arg(black_box(short)));
    });
    for number in [7, 42, 12_345, u64::MAX] {
        report(&format!("decimal {number}"), 1, || {
            out.clear();
            encode::decimal(&mut out, black_box(number));
            black_box(&mut out);
        });
    }
}
