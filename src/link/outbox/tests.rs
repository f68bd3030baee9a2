//! The outbox against a model: one long string, and how much of it has left.

extern crate std;

use alloc::vec::Vec;
use std::vec;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Append(usize),
    Command(usize),
    Sent(usize),
    /// Takes back the n-th thing that was appended, if none of it has left.
    TakeBack(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_usize..40).prop_map(Step::Append),
        prop_oneof![0_usize..40, 1000_usize..3000].prop_map(Step::Command),
        (0_usize..2500).prop_map(Step::Sent),
        (0_usize..30).prop_map(Step::TakeBack),
    ]
}

/// What would be sent, in pieces of at most `count` slices.
fn pending(outbox: &Outbox) -> Vec<u8> {
    let mut slices: Vec<&[u8]> = vec![&[]; 10_000];
    let count = outbox.sendable(&mut slices);
    slices[..count].concat()
}

proptest! {
    #[test]
    fn f09_p3_bytes_leave_in_order_and_none_is_lost(steps in prop::collection::vec(step(), 1..60)) {
        let mut outbox = Outbox::default();
        let mut model: Vec<u8> = Vec::new();
        let mut things: Vec<(u64, u64)> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            let filler = u8::try_from(number).unwrap();
            match step {
                Step::Append(len) => {
                    let start = outbox.end();
                    let end = outbox.append(&vec![filler; len]);
                    model.extend(vec![filler; len]);
                    things.push((start, end));
                }
                Step::Command(len) => {
                    let command = Command::new("SET").arg("k").arg(vec![filler; len]);
                    let start = outbox.end();
                    let end = outbox.append_command(&command);
                    model.extend_from_slice(&command.to_bytes());
                    things.push((start, end));
                }
                Step::Sent(len) => {
                    let before = outbox.taken();
                    outbox.sent(len);
                    let taken = usize::try_from(outbox.taken() - before).unwrap();
                    prop_assert_eq!(taken, len.min(model.len()));
                    model.drain(..taken);
                }
                Step::TakeBack(number) => {
                    let Some(&(start, end)) = things.get(number) else { continue };
                    if start < outbox.taken() {
                        continue;
                    }
                    let at = |position: u64| usize::try_from(position - outbox.taken()).unwrap();
                    model.drain(at(start)..at(end));
                    let len = outbox.take_back(start, end);
                    prop_assert_eq!(len, end - start);
                    things.remove(number);
                    for thing in things.iter_mut().skip(number) {
                        *thing = (thing.0 - len, thing.1 - len);
                    }
                }
            }
            prop_assert_eq!(pending(&outbox), model.clone());
            prop_assert_eq!(outbox.len(), model.len());
        }
    }
}

#[test]
fn an_emptied_outbox_gives_a_large_buffer_back() {
    let mut outbox = Outbox::default();
    outbox.append(&vec![0; KEPT_LEN + 1]);
    outbox.sent(usize::MAX);
    assert_eq!((outbox.len(), outbox.tail.capacity()), (0, 0));
}
