//! The inbox against a model: however bytes are cut, the same frames come out.

extern crate std;

use alloc::vec::Vec;
use std::vec;

use proptest::prelude::*;

use super::*;
use crate::resp::encode;

fn frames(inbox: &mut Inbox, pieces: &[&[u8]]) -> Vec<Bytes> {
    let mut frames = Vec::new();
    for piece in pieces {
        let mut data = *piece;
        while let Some(frame) = inbox.next(&mut data).expect("is RESP") {
            frames.push(frame.as_bytes().clone());
        }
        assert!(data.is_empty(), "all of it is used");
    }
    frames
}

proptest! {
    #[test]
    fn f44_frames_do_not_depend_on_how_bytes_are_cut(
        lens in prop::collection::vec(prop_oneof![0_usize..50, 3000_usize..9000], 1..12),
        cuts in prop::collection::vec(1_usize..6000, 0..20),
    ) {
        let expected: Vec<Bytes> = lens
            .iter()
            .map(|len| {
                let mut bytes = Vec::new();
                encode::array_header(&mut bytes, 2);
                encode::bulk(&mut bytes, &vec![b'v'; *len]);
                encode::integer(&mut bytes, 7);
                bytes.into()
            })
            .collect();
        let all = expected.concat();
        let mut pieces = Vec::new();
        let mut rest = &all[..];
        for cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        let mut inbox = Inbox::new(Limits::default());
        prop_assert_eq!(frames(&mut inbox, &pieces), expected);
        prop_assert!(inbox.buffer.is_empty());
    }
}

#[test]
fn f40_a_promised_length_takes_no_memory() {
    let mut inbox = Inbox::new(Limits::default());
    let mut data = &b"$536870912\r\nabc"[..];
    assert_eq!(inbox.next(&mut data), Ok(None));
    assert!(inbox.buffer.capacity() <= 2 * GROWTH_LEN, "{}", inbox.buffer.capacity());
}

#[test]
fn a_long_frame_takes_its_buffer_with_it() {
    let mut inbox = Inbox::new(Limits::default());
    let mut bytes = Vec::new();
    encode::bulk(&mut bytes, &vec![b'v'; 1 << 20]);
    let (first, second) = bytes.split_at(1000);
    let frames = frames(&mut inbox, &[first, second]);
    assert_eq!(frames, [bytes]);
    assert_eq!(inbox.buffer.capacity(), 0);
}

#[test]
fn common_replies_need_no_memory() {
    for reply in [&b"+OK\r\n"[..], b":0\r\n", b":1\r\n", b"$-1\r\n", b"_\r\n", b"+QUEUED\r\n"] {
        assert_eq!(copied(reply), reply);
    }
}
