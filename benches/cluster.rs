//! What the machine alone costs: calls in, bytes out, replies in, outcomes out; no sockets.
//!
//! `cargo bench --bench cluster` prints time and allocations per call, for a pipeline per command.

#[path = "../tests/machine/mod.rs"]
mod machine;
mod report;

use std::hint::black_box;

use hashslot::resp::encode;
use hashslot::{Call, Command, Frame, cmd};
use machine::{Machine, keys};
use report::report;

/// Keys have slots of their own as long as there are slots.
const KEY_COUNT: usize = 10_000;
/// What a TCP segment carries.
const SEGMENT_LEN: usize = 1448;

fn main() {
    report::head("machine, per call");
    let keys = keys(KEY_COUNT);
    for node_count in [3, 1_000] {
        let mut machine = Machine::new(node_count);
        for call_count in [1, 64, KEY_COUNT] {
            gets(&mut machine, &keys, call_count);
        }
    }
    let mut machine = Machine::new(3);
    for command_count in [100, 1_000] {
        pipeline(&mut machine, &keys, command_count);
    }
    others(&mut machine, &keys);
}

/// So many calls in flight at once, each for a slot of its own.
fn gets(machine: &mut Machine, keys: &[String], call_count: usize) {
    let (keys, _) = keys.split_at(call_count);
    let replies = machine.replies(keys, &value(64));
    let name = format!("get, {call_count} in flight, {} nodes", machine.links.len());
    report(&name, count(call_count), || {
        let calls = keys.iter().map(|key| Call::new(Command::get(black_box(key))));
        machine.round(calls, &replies);
    });
}

/// So many commands in one call.
fn pipeline(machine: &mut Machine, keys: &[String], command_count: usize) {
    let (keys, _) = keys.split_at(command_count);
    let replies = machine.replies(keys, &value(64));
    report(&format!("pipeline of {command_count} gets"), count(command_count), || {
        let gets = keys.iter().map(|key| Command::get(black_box(key)));
        machine.round([Call::pipeline(gets)].into_iter(), &replies);
    });
    report(&format!("typed pipeline of {command_count} gets"), count(command_count), || {
        let gets = keys.iter().map(|key| cmd::get::<Frame>(black_box(key)));
        machine.round([Call::pipeline(gets)].into_iter(), &replies);
    });
}

/// One call at a time.
fn others(machine: &mut Machine, all_keys: &[String]) {
    let (keys, _) = all_keys.split_at(1);
    let key = keys.first().expect("a key");
    for (name, value_len) in [("64 B", 64), ("64 KiB", 64 << 10)] {
        let value = vec![b'v'; value_len];
        let replies = machine.replies(keys, b"+OK\r\n");
        report(&format!("set of {name}"), 1, || {
            let set = Command::set(black_box(key), black_box(value.as_slice()));
            machine.round([Call::new(set)].into_iter(), &replies);
        });
    }
    let (many, _) = all_keys.split_at(16);
    let replies = machine.replies(many, &value(64 << 10));
    report("get of 64 KiB, 16 in flight", 16, || {
        let gets = many.iter().map(|key| Call::new(Command::get(black_box(key))));
        machine.round(gets, &replies);
    });
    let get = || [Call::new(Command::get(black_box(key)))].into_iter();
    let replies = machine.replies(keys, &value(1 << 20));
    report("get of 1 MiB", 1, || machine.round(get(), &replies));
    machine.piece_len = SEGMENT_LEN;
    report("get of 1 MiB, in segments", 1, || machine.round(get(), &replies));
    let replies = machine.replies(keys, &[&b"*100\r\n"[..], &value(64).repeat(100)].concat());
    report("array of 100 x 64 B, in segments", 1, || machine.round(get(), &replies));
}

fn value(len: usize) -> Vec<u8> {
    let mut reply = Vec::new();
    encode::bulk(&mut reply, &vec![b'v'; len]);
    reply
}

fn count(len: usize) -> u32 {
    u32::try_from(len).expect("fits")
}
