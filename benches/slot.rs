//! What it costs to find the slot of a key.

mod report;

use std::hint::black_box;

use hashslot::Slot;

fn main() {
    report::head("slot of");
    let cases: [(&str, &[u8]); 4] = [
        ("8 B key", b"user:123"),
        ("16 B key", b"user:12345678901"),
        ("40 B key", b"user:1234567890123456789012345678901234"),
        ("40 B key, 16 B hash tag", b"session:{user:12345678901}:last-seen-at1"),
    ];
    for (name, key) in cases {
        report::report(name, 1, || {
            black_box(Slot::of_key(black_box(key)));
        });
    }
}
