//! The outbox against a model: one long string, and how much of it has left.

extern crate std;

use alloc::vec::Vec;
use std::vec;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    /// What stands apart.
    Secret(usize),
    Command(usize),
    Sent(usize),
    /// The first thing that was not answered is.
    Answered,
    Release,
    /// Takes back the n-th thing that was appended, if none of it has left.
    TakeBack(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_usize..40).prop_map(Step::Secret),
        prop_oneof![0_usize..40, 1000_usize..3000].prop_map(Step::Command),
        (0_usize..2500).prop_map(Step::Sent),
        Just(Step::Answered),
        Just(Step::Release),
        (0_usize..30).prop_map(Step::TakeBack),
    ]
}

/// What would be sent, in pieces of at most `count` slices.
fn pending(outbox: &Outbox) -> Vec<u8> {
    let mut slices: Vec<&[u8]> = vec![&[]; 10_000];
    let count = outbox.sendable(&mut slices);
    slices[..count].concat()
}

/// What was appended: where it begins and ends, and its bytes that do not stand apart.
#[derive(Debug, Clone)]
struct Thing {
    start: u64,
    end: u64,
    kept: Vec<u8>,
}

proptest! {
    #[test]
    fn f09_p3_bytes_leave_in_order_and_none_is_lost(steps in prop::collection::vec(step(), 1..60)) {
        let mut outbox = Outbox::default();
        let mut model: Vec<u8> = Vec::new();
        // What was not answered, and the bytes of what was answered last.
        let (mut things, mut last): (Vec<Thing>, Vec<u8>) = (Vec::new(), Vec::new());
        for (number, step) in steps.into_iter().enumerate() {
            let filler = u8::try_from(number).unwrap();
            match step {
                Step::Secret(len) => {
                    let start = outbox.end();
                    let end = outbox.append_secret(Secret::copy_of(&vec![filler; len]));
                    model.extend(vec![filler; len]);
                    things.push(Thing { start, end, kept: Vec::new() });
                }
                Step::Command(len) => {
                    let command = Command::new("SET").arg("k").arg(vec![filler; len]);
                    let start = outbox.end();
                    let end = outbox.append_command(&command);
                    model.extend_from_slice(&command.to_bytes());
                    let mut kept = command.to_bytes().to_vec();
                    if len >= 1024 {
                        kept.drain(kept.len() - 2 - len..kept.len() - 2);
                    }
                    things.push(Thing { start, end, kept });
                }
                Step::Sent(len) => {
                    let before = outbox.taken();
                    outbox.sent(len);
                    let taken = usize::try_from(outbox.taken() - before).unwrap();
                    prop_assert_eq!(taken, len.min(model.len()));
                    model.drain(..taken);
                }
                Step::Answered => {
                    if things.is_empty() {
                        continue;
                    }
                    let thing = things.remove(0);
                    outbox.answered(thing.end);
                    last = thing.kept;
                }
                Step::Release => {
                    outbox.release();
                    last.clear();
                }
                Step::TakeBack(number) => {
                    let Some(Thing { start, end, .. }) = things.get(number).cloned() else { continue };
                    if start < outbox.taken() {
                        continue;
                    }
                    let at = |position: u64| usize::try_from(position - outbox.taken()).unwrap();
                    model.drain(at(start)..at(end));
                    let len = outbox.take_back(start, end);
                    prop_assert_eq!(len, end - start);
                    things.remove(number);
                    for thing in things.iter_mut().skip(number) {
                        (thing.start, thing.end) = (thing.start - len, thing.end - len);
                    }
                }
            }
            prop_assert_eq!(outbox.verify(), Ok(()));
            prop_assert_eq!(pending(&outbox), model.clone());
            prop_assert_eq!(outbox.len(), model.len());
            if !last.is_empty() {
                prop_assert_eq!(outbox.last(), &last);
            }
        }
        let start = things.first().map_or_else(|| outbox.end(), |thing| thing.start);
        let mut kept = outbox.into_kept(start);
        let ranges: Vec<_> = things.iter().map(|thing| kept.next(thing.end)).collect();
        let bytes = kept.into_bytes();
        for (thing, range) in things.iter().zip(ranges) {
            prop_assert_eq!(&bytes[range], &thing.kept);
        }
    }
}

#[test]
fn an_emptied_outbox_gives_a_large_buffer_back() {
    let mut outbox = Outbox::default();
    let end = (0..=KEPT_LEN / 1000)
        .map(|_| outbox.append_command(&Command::set("k", "v".repeat(1000).as_str())));
    let end = end.last().expect("there are some");
    outbox.sent(usize::MAX);
    outbox.release();
    assert!(outbox.kept.len() > KEPT_LEN, "they are not answered");
    outbox.answered(end);
    outbox.release();
    assert_eq!((outbox.len(), outbox.kept.capacity()), (0, 0));
}

/// Bytes of commands that were answered do not pile up while others are on their way.
#[test]
fn an_outbox_that_is_never_empty_stays_small() {
    let mut outbox = Outbox::default();
    let mut ends = VecDeque::new();
    for _ in 0..10_000 {
        ends.push_back(outbox.append_command(&Command::set("k", "v")));
        outbox.sent(usize::MAX);
        if ends.len() > 10 {
            outbox.answered(ends.pop_front().expect("there is one"));
            outbox.release();
        }
    }
    assert!(outbox.kept.capacity() < 4 * DEAD_LEN, "{}", outbox.kept.capacity());
}
