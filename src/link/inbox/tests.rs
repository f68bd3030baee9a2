//! The inbox against a model: however bytes are cut, the same frames come out.

extern crate std;

use alloc::vec::Vec;
use std::vec;

use bytes::{BufMut, Bytes};
use proptest::prelude::*;

use super::copies::BLOCK_LEN;
use super::receive_buffer::CLEARED_LEN;
use super::*;
use crate::resp::encode;

/// How a piece comes in: into the room that the inbox lends, if it does, or as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Cleared,
    Uncleared,
    AsItIs,
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![Just(Way::Cleared), Just(Way::Uncleared), Just(Way::AsItIs)]
}

/// Puts the beginning of `data` into room, and tells how much.
fn put(room: &mut ReceiveBuffer<'_>, data: &[u8], way: Way) -> usize {
    if way == Way::Cleared {
        let room = room.as_slice();
        assert!(!room.is_empty());
        let len = room.len().min(data.len());
        room[..len].copy_from_slice(&data[..len]);
        return len;
    }
    let mut room = room.as_buf();
    assert!(room.has_remaining_mut());
    let len = room.remaining_mut().min(data.len());
    room.put_slice(&data[..len]);
    len
}

/// What comes out of these pieces, which come in these ways in turn.
fn frames_of(inbox: &mut Inbox, pieces: &[&[u8]], ways: &[Way]) -> Vec<Bytes> {
    let mut frames = Vec::new();
    let mut take = |inbox: &mut Inbox, data: &mut &[u8]| {
        while let Some(frame) = inbox.next(data, GROWTH_LEN).expect("is RESP") {
            frames.push(frame.as_bytes().clone());
        }
        assert!(data.is_empty(), "all of it is used");
    };
    for (index, piece) in pieces.iter().enumerate() {
        let mut data = *piece;
        let way = ways.get(index % ways.len().max(1)).copied().unwrap_or(Way::AsItIs);
        while let Some(mut room) =
            inbox.room(GROWTH_LEN, true).filter(|_| way != Way::AsItIs && !data.is_empty())
        {
            let len = put(&mut room, data, way);
            data = &data[len..];
            assert!(inbox.fill(len));
            take(inbox, &mut &[][..]);
        }
        take(inbox, &mut data);
    }
    frames
}

fn frames(inbox: &mut Inbox, pieces: &[&[u8]]) -> Vec<Bytes> {
    frames_of(inbox, pieces, &[])
}

proptest! {
    #[test]
    fn f44_frames_do_not_depend_on_how_bytes_are_cut(
        lens in prop::collection::vec(
            prop::option::of(prop_oneof![
                6 => 0_usize..50,
                1 => 300_usize..600,
                1 => 3000_usize..40_000,
                2 => 17_000_usize..20_000,
            ]),
            1..60,
        ),
        cuts in prop::collection::vec(1_usize..20_000, 0..20),
        ways in prop::collection::vec(way(), 0..5),
    ) {
        let expected: Vec<Bytes> = lens
            .iter()
            .zip((b'a'..=b'z').cycle())
            .map(|(len, letter)| {
                let Some(len) = len else { return Bytes::from_static(b"+OK\r\n") };
                let mut bytes = Vec::new();
                encode::array_header(&mut bytes, 2);
                encode::bulk(&mut bytes, &vec![letter; *len]);
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
        prop_assert_eq!(frames_of(&mut inbox, &pieces, &ways), expected);
        prop_assert!(inbox.buffer.is_empty());
    }
}

#[test]
fn f40_a_promised_length_takes_no_memory() {
    let mut inbox = Inbox::new(Limits::default());
    let mut data = &b"$536870912\r\nabc"[..];
    assert_eq!(inbox.next(&mut data, GROWTH_LEN), Ok(None));
    assert!(inbox.buffer.capacity() <= 2 * GROWTH_LEN, "{}", inbox.buffer.capacity());
}

/// Room is what the frame lacks and no more, some at a time; what is not filled is no part of it.
#[test]
fn room_is_lent_for_what_a_long_frame_lacks() {
    for way in [Way::Cleared, Way::Uncleared] {
        let mut inbox = Inbox::new(Limits::default());
        assert!(inbox.room(GROWTH_LEN, true).is_none());
        assert!(!inbox.fill(10), "nothing was lent");
        let mut bytes = Vec::new();
        encode::bulk(&mut bytes, &vec![b'v'; 200_000]);
        let (mut first, mut rest) = bytes.split_at(20);
        assert_eq!(inbox.next(&mut first, GROWTH_LEN), Ok(None));
        while !rest.is_empty() {
            let mut room = inbox.room(GROWTH_LEN, true).expect("it lacks some");
            assert!(room.as_slice().len() <= CLEARED_LEN.min(rest.len()));
            assert!(room.as_buf().remaining_mut() <= rest.len());
            let len = put(&mut room, &rest[..rest.len().min(50_000)], way);
            rest = &rest[len..];
            assert!(inbox.fill(len));
            let frame = inbox.next(&mut &[][..], GROWTH_LEN).expect("is RESP");
            assert_eq!(
                frame.map(|frame| frame.as_bytes().clone()),
                rest.is_empty().then(|| bytes.clone().into())
            );
        }
        assert!(inbox.room(GROWTH_LEN, false).is_none());
    }
}

/// Long replies come in rows: behind one there is room for another, and for a little of the one
/// after it, as long as one is owed. The first short one gives it up.
#[test]
fn behind_a_long_frame_room_is_lent_for_another() {
    let mut long = Vec::new();
    encode::bulk(&mut long, &vec![b'v'; 65_536]);
    for way in [Way::Cleared, Way::Uncleared] {
        let mut inbox = Inbox::new(Limits::default());
        assert_eq!(frames(&mut inbox, &[&long[..100], &long[100..]]), [long.clone()]);
        assert!(inbox.room(GROWTH_LEN, false).is_none(), "none is owed");
        let all = [&long[..], &long[..], b":1\r\n", b":2\r\n"].concat();
        let mut rest = &all[..];
        let mut received = Vec::new();
        while !rest.is_empty() {
            let mut room = inbox.room(GROWTH_LEN, true).expect("it is lent");
            assert!(room.as_buf().remaining_mut() <= long.len() + LENT_MORE);
            let len = put(&mut room, rest, way);
            rest = &rest[len..];
            assert!(inbox.fill(len));
            while let Some(frame) = inbox.next(&mut &[][..], GROWTH_LEN).expect("is RESP") {
                received.push(frame.as_bytes().clone());
            }
        }
        assert_eq!(received.concat(), all);
        assert_eq!(received.len(), 4);
        assert!(inbox.room(GROWTH_LEN, true).is_none(), "a short one has come");
        assert_eq!((inbox.buffer.capacity(), inbox.held_len()), (0, 0));
    }
}

/// What was copied together with a short frame is forgotten once a long one takes its place.
#[test]
fn a_long_frame_behind_a_short_one_in_room_leaves_nothing_of_itself() {
    let mut long = Vec::new();
    encode::bulk(&mut long, &vec![b'v'; 20_000]);
    let mut inbox = Inbox::new(Limits::default());
    assert_eq!(frames(&mut inbox, &[&long[..100], &long[100..]]), [long.clone()]);
    let all = [b"+a short one\r\n", &long[..], b"+first\r\n+second\r\n"].concat();
    let (first, rest) = all.split_at(1000);
    let received = frames_of(&mut inbox, &[first, rest], &[Way::Uncleared]);
    assert_eq!(received.concat(), all);
    assert_eq!(received.len(), 4);
}

/// Frames that cannot be used are read past also where they come into room, and nothing behind
/// them is lost.
#[test]
fn a_frame_in_room_that_cannot_be_used_takes_no_other_with_it() {
    let mut inbox = Inbox::new(Limits { max_depth: 2, ..Limits::default() });
    let mut long = Vec::new();
    encode::bulk(&mut long, &vec![b'v'; 20_000]);
    assert_eq!(frames(&mut inbox, &[&long[..100], &long[100..]]), [long.clone()]);
    let mut room = inbox.room(GROWTH_LEN, true).expect("it is lent");
    let len = put(&mut room, b"+a\r\n*1\r\n*1\r\n*1\r\n*0\r\n+b\r\n", Way::Uncleared);
    assert!(inbox.fill(len));
    let mut next = || inbox.next(&mut &[][..], GROWTH_LEN);
    assert_eq!(
        next().map(|frame| frame.expect("is whole").as_bytes().clone()),
        Ok("+a\r\n".into())
    );
    assert!(matches!(next(), Err(Fault::Frame { is_push: false, .. })));
    assert_eq!(
        next().map(|frame| frame.expect("is whole").as_bytes().clone()),
        Ok("+b\r\n".into())
    );
    assert_eq!(next(), Ok(None));
}

/// A length that is told of room without written bytes adds no byte to a reply.
#[test]
fn room_that_is_not_filled_is_not_received() {
    let mut inbox = Inbox::new(Limits::default());
    let mut bytes = Vec::new();
    encode::bulk(&mut bytes, &vec![b'v'; 200_000]);
    let (mut first, rest) = bytes.split_at(20);
    assert_eq!(inbox.next(&mut first, GROWTH_LEN), Ok(None));
    drop(inbox.room(GROWTH_LEN, true).expect("it lacks some").as_buf());
    assert!(!inbox.fill(100), "nothing is there");
    inbox.room(GROWTH_LEN, true).expect("it lacks some").as_slice().fill(b'x');
    drop(inbox.room(GROWTH_LEN, true).expect("it lacks some").as_buf());
    assert!(!inbox.fill(100), "nothing is there any more");
    let mut data = rest;
    let frame = inbox.next(&mut data, GROWTH_LEN).expect("is RESP").expect("is whole");
    assert_eq!(frame.as_bytes(), &bytes);
}

/// A reply that is kept keeps little more than its bytes, and when it is gone nothing large stays
/// behind, whatever it was and however it came in.
#[test]
fn f40_nothing_large_stays_behind() {
    let mut value = Vec::new();
    encode::bulk(&mut value, &vec![b'v'; 5_000_000]);
    let mut values = Vec::new();
    encode::array_header(&mut values, 300);
    (0..300).for_each(|_| encode::bulk(&mut values, &[b'v'; 10_000]));
    let mut small = Vec::new();
    encode::array_header(&mut small, 100_000);
    (0..100_000).for_each(|number| encode::integer(&mut small, number));
    let short = b"+a simple string\r\n".repeat(5_000);
    for (bytes, way) in [&value, &values, &small, &short]
        .into_iter()
        .flat_map(|bytes| [Way::Cleared, Way::Uncleared, Way::AsItIs].map(|way| (bytes, way)))
    {
        for piece_len in [1_448, 30_000, 3_000_000] {
            let mut inbox = Inbox::new(Limits::default());
            let pieces: Vec<_> = bytes.chunks(piece_len).collect();
            let mut frames = Vec::new();
            let cost = allocation_counter::measure(|| {
                frames = frames_of(&mut inbox, &pieces, &[way]);
            });
            let held: usize = frames.iter().map(Bytes::len).sum();
            let most =
                held + held / 10 + frames.capacity() * size_of::<Bytes>() + KEPT_LEN + BLOCK_LEN;
            let live = usize::try_from(cost.bytes_current).expect("is positive");
            assert!(live <= most, "{live} bytes for {held}, {way:?} in pieces of {piece_len}");
            let freed = allocation_counter::measure(|| drop(frames)).bytes_current;
            let left = cost.bytes_current + freed;
            let most = i64::try_from(KEPT_LEN + 2 * BLOCK_LEN).expect("is little");
            assert!(left <= most, "{left} bytes are left, {way:?} in pieces of {piece_len}");
        }
    }
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
        let cost = allocation_counter::measure(|| {
            let mut inbox = Inbox::new(Limits::default());
            let frame = inbox.next(&mut &*reply, GROWTH_LEN).expect("is RESP").expect("is whole");
            assert_eq!(frame.as_bytes(), reply);
        });
        assert_eq!(cost.count_total, 0);
    }
}

/// Replies that come together share memory, but one that is kept keeps no more than a block.
#[test]
fn what_comes_together_shares_blocks() {
    let mut reply = Vec::new();
    encode::bulk(&mut reply, &[b'v'; 64]);
    let all = reply.repeat(1000);
    let mut inbox = Inbox::new(Limits::default());
    let mut received = Vec::with_capacity(1000);
    let cost = allocation_counter::measure(|| {
        let mut data = &all[..];
        while let Some(frame) = inbox.next(&mut data, GROWTH_LEN).expect("is RESP") {
            received.push(frame);
        }
    });
    assert_eq!(received.len(), 1000);
    let blocks = u64::try_from(all.len() / BLOCK_LEN).expect("few");
    assert!((blocks..=3 * blocks).contains(&cost.count_total), "{cost:?}");
    let freed = allocation_counter::measure(|| received.truncate(1)).bytes_current;
    let kept = cost.bytes_current + freed;
    assert!((1..3000).contains(&kept), "{kept} bytes are kept by one reply");
}
