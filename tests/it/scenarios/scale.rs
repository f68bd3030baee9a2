//! What a machine takes in memory, and that a command costs the same however many nodes there are,
//! and however many commands are on their way: with 3, 100 and 1000 nodes. That it takes no more
//! time is seen in `benches/instructions.txt`.

use allocation_counter::measure;
use hashslot::{Call, Cluster, Command};

use crate::machine::{Machine, keys};

const NODE_COUNTS: [usize; 3] = [3, 100, 1_000];
const CALL_COUNTS: [usize; 3] = [1, 64, 10_000];
const NULL: &[u8] = b"$-1\r\n";

/// The bytes that this has allocated and kept, for each of so many.
fn kept(count: usize, work: impl FnOnce()) -> usize {
    usize::try_from(measure(work).bytes_current).expect("something is kept") / count
}

fn gets(keys: &[String]) -> impl Iterator<Item = Call> {
    keys.iter().map(|key| Call::new(Command::get(key)))
}

#[test]
fn an_idle_machine_takes_a_few_bytes_a_slot_and_some_hundred_a_node() {
    assert!(size_of::<Cluster<u32>>() <= 2_048, "{}", size_of::<Cluster<u32>>());
    for node_count in NODE_COUNTS {
        let mut machine = None;
        let known = kept(1, || machine = Some(Machine::knowing(node_count)));
        // Tables that double are half empty at the worst.
        let most = 40 * 1_024 + 900 * node_count;
        assert!((32 * 1_024..most).contains(&known), "{known} bytes for {node_count} nodes");
    }
}

#[test]
fn an_idle_link_takes_a_kilobyte() {
    for node_count in NODE_COUNTS {
        let mut machine = Machine::knowing(node_count);
        let others = 1..node_count;
        let each = kept(others.len(), || others.for_each(|index| machine.link(index)));
        assert!((300..1_300).contains(&each), "{each} bytes for each of {node_count} nodes");
    }
}

#[test]
fn a_command_that_waits_takes_some_hundred_bytes() {
    for node_count in NODE_COUNTS {
        let mut machine = Machine::new(node_count);
        for call_count in [64, 10_000] {
            let keys = keys(call_count);
            let each = kept(call_count, || {
                gets(&keys).for_each(|call| machine.submit(call));
                machine.drain();
            });
            // Tables that double are half empty at the worst.
            assert!((150..700).contains(&each), "{each} bytes, {node_count} nodes, {call_count}");
            machine.answer(&machine.replies(&keys, NULL));
            machine.drain();
        }
    }
}

#[test]
fn a_command_costs_the_same_with_any_number_of_nodes_and_calls() {
    let value = [&b"$64\r\n"[..], &[b'v'; 64], b"\r\n"].concat();
    for node_count in NODE_COUNTS {
        let mut machine = Machine::new(node_count);
        machine.piece_len = usize::MAX; // a reply that is cut by a read may take one more
        for call_count in CALL_COUNTS {
            let keys = keys(call_count);
            let mut cost = |reply| {
                let replies = machine.replies(&keys, reply);
                machine.round(gets(&keys), &replies); // what is kept for reuse is there
                let read_count = replies.len();
                (measure(|| machine.round(gets(&keys), &replies)).count_total, read_count)
            };
            assert_eq!(cost(NULL).0, 0, "{node_count} nodes, {call_count} calls");
            // Alone one, together two for a block, which holds 28 of them.
            let (count, read_count) = cost(&value);
            let most = call_count.min(2 * read_count + 2 * call_count / 28);
            let is_as_stated = (1..=u64::try_from(most).expect("fits")).contains(&count);
            assert!(is_as_stated, "{count} for {call_count} calls, {node_count} nodes");
        }
    }
}

#[test]
fn ten_thousand_calls_leave_what_the_next_ten_thousand_need() {
    let mut machine = Machine::new(3);
    let keys = keys(10_000);
    let replies = machine.replies(&keys, NULL);
    let held = kept(keys.len(), || machine.round(gets(&keys), &replies));
    assert!(held < 700, "{held} bytes each are kept for reuse");
    let again = measure(|| {
        for _ in 0..20 {
            machine.round(gets(&keys), &replies);
        }
    });
    assert_eq!((again.count_total, again.bytes_max), (0, 0), "{again:?}");
}
