//! The slot of a key, bit by bit.

use hashslot::Slot;
use hashslot::slot::SLOT_COUNT;
use proptest::prelude::*;

use super::cases;

/// CRC16-XMODEM as its definition says: polynomial 0x1021, from 0, the highest bit first.
fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |before, byte| {
        (0..8).fold(before ^ (u16::from(*byte) << 8), |sum, _| {
            if sum & 0x8000 == 0 { sum << 1 } else { (sum << 1) ^ 0x1021 }
        })
    })
}

/// What is between the first opening brace and the first closing one behind it, if there is
/// anything.
fn tag(key: &[u8]) -> &[u8] {
    let Some(open) = key.iter().position(|byte| *byte == b'{') else { return key };
    let behind = &key[open + 1..];
    match behind.iter().position(|byte| *byte == b'}') {
        None | Some(0) => key,
        Some(close) => &behind[..close],
    }
}

fn expected(key: &[u8]) -> u16 {
    checksum(tag(key)) % SLOT_COUNT
}

/// Bytes that look like braces, and their neighbours.
fn braces() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(&b"{}az|z\xfb\x7a\x7c\0\xff"[..]), 0..40)
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn a_key_is_in_its_slot(key in prop_oneof![any::<Vec<u8>>(), braces()]) {
        prop_assert_eq!(Slot::of_key(&key).number(), expected(&key));
    }
}

#[test]
fn every_byte_counts_at_every_place() {
    for len in 0..=33 {
        for place in 0..len {
            for byte in 0..=u8::MAX {
                let mut key = vec![0; len];
                key[place] = byte;
                assert_eq!(Slot::of_key(&key).number(), expected(&key), "{key:?}");
            }
        }
    }
}
