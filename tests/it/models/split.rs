//! One command that becomes several, against one node that has all the keys.

use std::collections::BTreeMap;

use hashslot::command::RequestPolicy;
use hashslot::config::{Limits, Protocol};
use hashslot::resp::{Frame, encode};
use hashslot::sim::strategies::{Cuts, cuts, keys, keys_together};
use hashslot::{Call, Command, CrossSlot, LinkId, Reply};
use proptest::prelude::*;

use super::{cases, commands_in, naive_slot, pending, quiet, take};
use crate::support::script::*;

/// Commands that are split, if the table says so: name, words for each key, whether the number of
/// keys stands before them, what stands behind them.
type Splittable = (&'static str, usize, bool, &'static [&'static str]);

const SPLITTABLE: [Splittable; 10] = [
    ("MGET", 1, false, &[]),
    ("mset", 2, false, &[]),
    ("DEL", 1, false, &[]),
    ("UNLINK", 1, false, &[]),
    ("EXISTS", 1, false, &[]),
    ("Touch", 1, false, &[]),
    ("MSETEX", 2, true, &["EX", "10"]),
    ("MSETEX", 2, true, &[]),
    ("JSON.MGET", 1, false, &["$.a"]),
    ("JSON.MSET", 3, false, &[]),
];

/// A node, as far as these commands go.
#[derive(Debug, Clone, Default, PartialEq)]
struct Store(BTreeMap<Vec<u8>, Vec<u8>>);

impl Store {
    /// The reply, as servers send it in this protocol.
    fn execute(&mut self, words: &[Vec<u8>], protocol: Protocol) -> Vec<u8> {
        let mut reply = Vec::new();
        let name = words[0].to_ascii_uppercase();
        let is_it = |row: &&Splittable| row.0.as_bytes().eq_ignore_ascii_case(&name);
        let (_, step, is_counted, _) = SPLITTABLE.iter().find(is_it).expect("a known command");
        let rest = if *is_counted {
            let count: usize = str::from_utf8(&words[1]).unwrap().parse().unwrap();
            &words[2..2 + count * step]
        } else if name == b"JSON.MGET" {
            assert_eq!(words.last().unwrap(), b"$.a");
            &words[1..words.len() - 1]
        } else {
            &words[1..]
        };
        assert!(rest.len().is_multiple_of(*step));
        let mut count = 0;
        if name.ends_with(b"MGET") {
            encode::array_header(&mut reply, rest.len());
        }
        for group in rest.chunks(*step) {
            let key = &group[0];
            match &name[..] {
                b"MGET" | b"JSON.MGET" => match self.0.get(key) {
                    Some(text) => encode::bulk(&mut reply, text),
                    None => encode::null(&mut reply, protocol),
                },
                b"DEL" | b"UNLINK" => count += i64::from(self.0.remove(key).is_some()),
                b"EXISTS" | b"TOUCH" => count += i64::from(self.0.contains_key(key)),
                _ => drop(self.0.insert(key.clone(), group[1..].concat())),
            }
        }
        match &name[..] {
            b"MGET" | b"JSON.MGET" => {}
            b"MSET" | b"JSON.MSET" => encode::simple(&mut reply, b"OK"),
            b"MSETEX" => encode::integer(&mut reply, 1),
            _ => encode::integer(&mut reply, count),
        }
        reply
    }
}

/// Keys of few slots and of many, some more than once.
fn key_lists() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let few = prop::collection::vec(b'a'..=b'f', 1).boxed();
    let key = prop_oneof![3 => few, 2 => keys().boxed()];
    let lists = prop_oneof![
        prop::collection::vec(key.clone(), 1..8),
        prop::collection::vec(key, 1..60),
        keys_together(1..8),
    ];
    (
        lists,
        prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..4),
    )
        .prop_map(|(mut list, doubles)| {
            for (from, to) in doubles {
                let key = list[from.index(list.len())].clone();
                list.insert(to.index(list.len() + 1), key);
            }
            list
        })
}

fn command(row: Splittable, keys: &[Vec<u8>]) -> Option<(Command, Vec<Vec<u8>>)> {
    let (name, step, is_counted, tail) = row;
    let mut words = vec![name.as_bytes().to_vec()];
    if is_counted {
        words.push(keys.len().to_string().into_bytes());
    }
    for (index, key) in keys.iter().enumerate() {
        words.push(key.clone());
        let filling = (1..step).map(|word| format!("{index}.{word}").into_bytes());
        words.extend(filling);
    }
    words.extend(tail.iter().map(|word| word.as_bytes().to_vec()));
    let command = Command::new(name).args(&words[1..]);
    (command.info().request == RequestPolicy::MultiShard).then_some((command, words))
}

/// The nodes get what the machine has for them.
fn read(world: &mut World, links: &[LinkId]) -> Vec<Vec<Vec<Vec<u8>>>> {
    let of_link = |link: &LinkId| {
        let mut bytes = Vec::new();
        while !pending(world, *link).is_empty() {
            bytes.extend(take(world, *link, usize::MAX));
        }
        let (commands, rest) = commands_in(&bytes);
        assert!(rest.is_empty());
        commands
    };
    links.iter().map(of_link).collect()
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn what_is_split_is_answered_as_by_one_node_that_has_all_keys(
        kind in 0..SPLITTABLE.len(),
        list in key_lists(),
        stored in prop::collection::vec(prop::bool::weighted(0.6), 70),
        protocol in prop::sample::select(vec![Protocol::Resp2, Protocol::Resp3]),
        order in Just([0_usize, 1, 2]).prop_shuffle(),
        cuts in prop::array::uniform3(cuts(2_000)),
    ) {
        let Some((command, words)) = command(SPLITTABLE[kind], &list) else { return Ok(()) };
        let mut config = quiet();
        config.cross_slot = CrossSlot::Split;
        config.protocol = protocol;
        let (mut world, links) = World::linked(config);
        let mut apart = Store::default();
        for (key, is_stored) in list.iter().zip(stored) {
            if is_stored {
                apart.0.insert(key.clone(), [b"old ", &key[..]].concat());
            }
        }
        let mut together = apart.clone();
        let call = world.submit(command);
        let read = read(&mut world, &links);
        let mut slots = Vec::new();
        for index in order {
            let (first, last, _) = ROWS[index];
            let mut replies = Vec::new();
            for part in &read[index] {
                let key = if part[0].eq_ignore_ascii_case(b"MSETEX") { &part[2] } else { &part[1] };
                let slot = naive_slot(key);
                prop_assert!((first..=last).contains(&slot), "at another node");
                slots.push(slot);
                replies.extend(apart.execute(part, protocol));
            }
            let pieces: &Cuts = &cuts[index];
            for piece in pieces.pieces(&replies) {
                world.answer_bytes(links[index], piece);
            }
        }
        let mut expected: Vec<u16> = list.iter().map(|key| naive_slot(key)).collect();
        expected.sort_unstable();
        expected.dedup();
        slots.sort_unstable();
        prop_assert_eq!(slots, expected, "one part a slot");
        let Ok(Reply::One(frame)) = world.result(call) else { panic!("{:?}", world.result(call)) };
        prop_assert_eq!(frame.as_bytes(), &together.execute(&words, protocol));
        prop_assert_eq!(apart, together);
        let again = Frame::parse(frame.as_bytes().clone(), &Limits::default());
        prop_assert_eq!(again.as_ref(), Ok(frame), "it is no frame");
    }
}

/// A member of a pipeline that cannot be sent, whatever its keys.
fn bad_members() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "SINTER a b",
        "MSETNX a 1 b 2",
        "GET",
        "MSET a 1 b",
        "WATCH a",
        "BLPOP a 0",
        "SCAN 0",
        "CLUSTER COUNTKEYSINSLOT x",
    ])
}

/// One member of a pipeline: one that is split, with its keys, or a bad one.
fn members() -> impl Strategy<Value = Result<(usize, Vec<Vec<u8>>), &'static str>> {
    prop_oneof![
        2 => (0..SPLITTABLE.len(), key_lists()).prop_map(Ok),
        1 => bad_members().prop_map(Err),
    ]
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn what_cannot_be_sent_of_a_pipeline_is_refused_in_its_place_and_the_others_run(
        members in prop::collection::vec(members(), 0..8),
        is_strict in prop::bool::weighted(0.2),
        order in Just([0_usize, 1, 2]).prop_shuffle(),
        cuts in prop::array::uniform3(cuts(2_000)),
    ) {
        let mut config = quiet();
        config.cross_slot = CrossSlot::Split;
        let (mut world, links) = World::linked(config);
        let made: Vec<_> = members
            .iter()
            .filter_map(|member| match member {
                Ok((kind, list)) => command(SPLITTABLE[*kind], list).map(|made| (made, true)),
                Err(line) => {
                    let words: Vec<_> = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
                    let name = line.split(' ').next().unwrap();
                    Some(((Command::new(name).args(&words[1..]), words), false))
                }
            })
            .collect();
        let mut call = Call::pipeline(made.iter().map(|((command, _), _)| command.clone()));
        if is_strict {
            call = call.strict();
        }
        let are_all_good = made.iter().all(|(_, is_good)| *is_good);
        let token = match world.try_submit(call) {
            Ok(token) => token,
            Err(refused) => {
                prop_assert!(is_strict && !are_all_good, "{}", refused);
                prop_assert!(read(&mut world, &links).iter().all(Vec::is_empty), "nothing is sent");
                return Ok(());
            }
        };
        prop_assert!(!is_strict || are_all_good);
        let (mut apart, mut together) = (Store::default(), Store::default());
        let read = read(&mut world, &links);
        for index in order {
            let replies: Vec<u8> = read[index]
                .iter()
                .flat_map(|part| apart.execute(part, Protocol::Resp3))
                .collect();
            for piece in cuts[index].pieces(&replies) {
                world.answer_bytes(links[index], piece);
            }
        }
        let Ok(Reply::Pipeline(results)) = world.result(token) else { panic!() };
        prop_assert_eq!(results.len(), made.len());
        for (result, ((_, words), is_good)) in results.iter().zip(&made) {
            match result {
                Ok(frame) => {
                    prop_assert!(is_good);
                    let whole = together.execute(words, Protocol::Resp3);
                    prop_assert_eq!(frame.as_bytes(), &whole);
                }
                Err(error) => {
                    prop_assert!(!is_good && error.rejection().is_some(), "{}", error);
                }
            }
        }
        prop_assert_eq!(apart, together);
    }
}

#[test]
fn what_has_no_key_is_sent_as_it_is_or_refused() {
    for row in SPLITTABLE {
        let mut config = quiet();
        config.cross_slot = CrossSlot::Split;
        let (mut world, links) = World::linked(config);
        let Some((command, words)) = command(row, &[]) else { continue };
        if world.try_submit(command).is_ok() {
            let sent: Vec<_> = read(&mut world, &links).into_iter().flatten().collect();
            assert_eq!(sent, [words]);
        }
    }
}
