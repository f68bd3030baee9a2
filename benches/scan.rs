//! What it costs to find the end of a reply and to read it, per reply.
//!
//! Run with `cargo bench --bench scan`. Each figure is the median of rounds; `allocs` counts heap
//! allocations per reply.

mod report;

use std::hint::black_box;

use hashslot::config::{Limits, Protocol};
use hashslot::resp::{Frame, Scan, Scanner, Value, encode};
use report::report;

/// Replies in one buffer: what one read brings.
const BATCH_COUNT: u32 = 100;

fn main() {
    report::head("reply");
    for (name, reply) in replies() {
        let count = if reply.len() > 4096 { 1 } else { BATCH_COUNT };
        let stream = reply.repeat(usize::try_from(count).expect("fits"));
        let mut scanner = Scanner::new(Limits::default());
        report(&format!("scan {name}"), count, || {
            let mut rest = black_box(&stream[..]);
            while let Ok(Scan::Frame { len }) = scanner.scan(rest) {
                rest = rest.get(len..).unwrap_or_default();
            }
            assert!(black_box(rest).is_empty());
        });
        let frame = Frame::parse(reply, &Limits::default()).expect("well-formed");
        report(&format!("read {name}"), count, || {
            for _ in 0..count {
                black_box(read(black_box(&frame).value()));
            }
        });
    }
    in_pieces();
}

/// What a TCP segment carries.
const SEGMENT_LEN: usize = 1448;

/// A reply that arrives in pieces costs about as much as one that arrives at once.
fn in_pieces() {
    for (name, reply) in replies() {
        if reply.len() > SEGMENT_LEN {
            pieces(name, &reply, SEGMENT_LEN);
        }
    }
    let mut reply = Vec::new();
    encode::array_header(&mut reply, 2_000);
    for _ in 0..2_000 {
        encode::bulk(&mut reply, &[b'x'; 58]);
    }
    for piece_len in [reply.len(), SEGMENT_LEN, 100, 1] {
        pieces("array 2,000 x 58 B", &reply, piece_len);
    }
}

fn pieces(name: &str, reply: &[u8], piece_len: usize) {
    let mut scanner = Scanner::new(Limits::default());
    report(&format!("scan {name} in pieces of {piece_len}"), 1, || {
        let mut len = 0;
        loop {
            len = (len + piece_len).min(reply.len());
            let arrived = reply.get(..len).unwrap_or_default();
            if let Scan::Frame { len } = scanner.scan(black_box(arrived)).expect("well-formed") {
                assert_eq!(len, reply.len());
                break;
            }
        }
    });
}

fn replies() -> Vec<(&'static str, Vec<u8>)> {
    let mut replies = Vec::new();
    let mut add = |name, write: &dyn Fn(&mut Vec<u8>)| {
        let mut reply = Vec::new();
        write(&mut reply);
        replies.push((name, reply));
    };
    add("+OK", &|out| encode::simple(out, b"OK"));
    add("integer", &|out| encode::integer(out, 12_345));
    add("null", &|out| encode::null(out, Protocol::Resp3));
    add("bulk 64 B", &|out| encode::bulk(out, &[b'x'; 64]));
    add("bulk 1 MiB", &|out| encode::bulk(out, &vec![b'x'; 1 << 20]));
    add("array 100 x 64 B", &|out| {
        encode::array_header(out, 100);
        for _ in 0..100 {
            encode::bulk(out, &[b'x'; 64]);
        }
    });
    add("nested: 16 shards as maps", &|out| {
        encode::array_header(out, 16);
        for shard in 0..16 {
            encode::map_header(out, 2, Protocol::Resp3);
            encode::bulk(out, b"slots");
            encode::array_header(out, 2);
            encode::integer(out, shard * 1024);
            encode::integer(out, shard * 1024 + 1023);
            encode::bulk(out, b"nodes");
            encode::array_header(out, 2);
            for role in ["master", "replica"] {
                encode::map_header(out, 2, Protocol::Resp3);
                encode::bulk(out, b"role");
                encode::bulk(out, role.as_bytes());
                encode::bulk(out, b"port");
                encode::integer(out, 6379);
            }
        }
    });
    replies
}

/// Reads every value, however deep; the bytes of all strings.
fn read(value: Value<'_>) -> usize {
    let len = |value| if let Value::Bulk(text) = value { text.len() } else { read(value) };
    if let Some(elements) = value.elements() {
        elements.map(len).sum()
    } else if let Some(pairs) = value.pairs() {
        pairs.map(|(key, value)| len(key) + len(value)).sum()
    } else {
        value.as_bytes().map_or(1, <[u8]>::len)
    }
}
