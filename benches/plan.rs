//! What a command over many slots costs in the machine alone, beside one of one slot: planned,
//! split, sent to three nodes, answered and put together; no sockets.
//!
//! `cargo bench --bench plan` prints time and allocations per call.

#[path = "../tests/machine/mod.rs"]
mod machine;
mod report;

use std::hint::black_box;
use std::ops::Range;

use hashslot::resp::encode;
use hashslot::{Call, Command};
use machine::{Machine, Replies, keys};

const NODE_COUNT: usize = 3;

fn main() {
    report::head("commands over three nodes, per call");
    let mut machine = Machine::new(NODE_COUNT);
    let mut value = Vec::new();
    encode::bulk(&mut value, &[b'v'; 64]);
    let in_array =
        |count: usize| [format!("*{count}\r\n").as_bytes(), &value.repeat(count)].concat();

    let mget = |keys: &[String]| Command::new("MGET").args(black_box(keys));
    for count in [2, 100] {
        let keys: Vec<_> = (0..count).map(|number| format!("{{user:1}}:{number:07}")).collect();
        let (first, _) = keys.split_at(1);
        let replies = machine.replies(first, &in_array(count));
        case(&mut machine, &format!("mget of {count}, one slot"), || mget(&keys), &replies);
    }
    for count in [10, 100] {
        let keys = keys(count);
        let replies = machine.replies(&keys, &in_array(1));
        case(&mut machine, &format!("mget of {count}, as many slots"), || mget(&keys), &replies);
    }
    let keys = keys(100);
    let replies = machine.replies(&keys, b"+OK\r\n");
    let pairs = || keys.iter().flat_map(|key| [key.as_bytes(), b"a value"]);
    let mset = || Command::new("MSET").args(black_box(pairs()));
    case(&mut machine, "mset of 100, as many slots", mset, &replies);

    let replies = (0..NODE_COUNT).map(|index| (index, b":1000\r\n".to_vec())).collect();
    case(&mut machine, "dbsize", || Command::new("DBSIZE"), &replies);
    let words = ["SLOT-STATS", "ORDERBY", "key-count"];
    let slot_stats = || Command::new("CLUSTER").args(words);
    case(&mut machine, "slot-stats of all slots", slot_stats, &all_slots());
}

fn case(machine: &mut Machine, name: &str, command: impl Fn() -> Command, replies: &Replies) {
    report::report(name, 1, || machine.round([Call::new(command())].into_iter(), replies));
}

/// What each node says of its slots.
fn all_slots() -> Replies {
    let of_nodes = [0..5461, 5461..10922, 10922..16384].map(|slots: Range<u16>| {
        let head = format!("*{}\r\n", slots.len());
        let rows = slots.map(|slot| format!("*2\r\n:{slot}\r\n%1\r\n+key-count\r\n:1\r\n"));
        (head + &rows.collect::<String>()).into_bytes()
    });
    of_nodes.into_iter().enumerate().collect()
}
