//! The machine against models that are too simple to be wrong: one subject a file.

mod in_flight;
mod merge;
mod outbox;
mod plan;
mod slot;
mod split;
mod topology;

use std::time::Duration;

use hashslot::config::{Limits, Protocol};
use hashslot::error::ErrorKind;
use hashslot::resp::{Frame, Scan, Scanner};
use hashslot::sim::strategies::{
    Layout, PlainInput, Trace, apply, cuts, frames, inputs, pushes, topologies,
};
use hashslot::{Cluster, Command, Config, CrossSlot, LinkId, Reply};
use proptest::prelude::*;

use crate::support::script::*;

/// So many cases, times `MODEL_CASES` if that is set, and no file of those that failed.
fn cases(cases: u32) -> ProptestConfig {
    let times = std::env::var("MODEL_CASES").ok().and_then(|times| times.parse().ok());
    ProptestConfig {
        cases: cases * times.unwrap_or(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A configuration whose machine does nothing by itself: no `PING`, no topology read again, no link
/// given up.
fn quiet() -> Config {
    const NEVER: Duration = Duration::from_secs(1_000_000);
    config(|config| {
        config.call_timeout = NEVER;
        config.stall_timeout = NEVER;
        config.ping_interval = NEVER;
        config.min_refresh_interval = NEVER;
        config.max_refresh_interval = NEVER;
        config.max_redirections = u8::MAX;
        config.cross_slot = CrossSlot::Refuse; // a command is one piece
    })
}

/// All that the machine has for a link.
fn pending(world: &World, link: LinkId) -> Vec<u8> {
    let mut slices: Vec<&[u8]> = vec![&[]; 1_000];
    let count = world.machine.sendable(link, &mut slices);
    assert!(count < slices.len(), "more pieces than this test looks at");
    slices[..count].concat()
}

/// The transport takes up to `len` bytes, and they are these.
fn take(world: &mut World, link: LinkId, len: usize) -> Vec<u8> {
    let mut bytes = pending(world, link);
    bytes.truncate(world.takes(link, len));
    bytes
}

/// Commands word by word, and what is left of the bytes.
fn commands_in(mut bytes: &[u8]) -> (Vec<Vec<Vec<u8>>>, &[u8]) {
    let mut commands = Vec::new();
    while let Ok(Scan::Frame { len }) = Scanner::new(Limits::default()).scan(bytes) {
        let (command, rest) = bytes.split_at(len);
        let frame = Frame::parse(command.to_vec(), &Limits::default()).expect("a frame");
        let words = frame.value().elements().expect("an array");
        commands.push(words.map(|word| word.as_bytes().expect("a string").to_vec()).collect());
        bytes = rest;
    }
    (commands, bytes)
}

/// The slot of a key, bit by bit, as the specification tells it.
fn naive_slot(key: &[u8]) -> u16 {
    let open = key.iter().position(|&byte| byte == b'{');
    let tag = open.and_then(|open| {
        let close = key[open..].iter().position(|&byte| byte == b'}')?;
        Some(&key[open + 1..open + close]).filter(|tag| !tag.is_empty())
    });
    let mut crc = 0_u16;
    for &byte in tag.unwrap_or(key) {
        crc ^= u16::from(byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
        }
    }
    crc % 16_384
}

fn happens(layout: &Layout, inputs: &[PlainInput], seed: u64) -> Trace {
    let seeds = vec![at("10.0.0.1:7000"), at("seed.example.net:7001")];
    let mut cluster = Cluster::new(Config::default(), seeds, seed).unwrap();
    let trace = apply(&mut cluster, layout, inputs);
    assert_eq!(cluster.call_count(), 0, "all deadlines have passed");
    trace
}

proptest! {
    #![proptest_config(cases(50))]

    #[test]
    fn f78_whatever_happens_every_call_ends_once_and_the_same_way_again(
        layout in topologies(),
        mut inputs in inputs(120),
        seed in any::<u64>(),
    ) {
        inputs.push(PlainInput::Passed(Duration::from_secs(30)));
        let trace = happens(&layout, &inputs, seed);
        let ended = trace.outcomes.iter().map(|(token, _)| token).chain(&trace.cancelled);
        let mut ended: Vec<u64> = ended.copied().collect();
        ended.sort_unstable();
        prop_assert_eq!(&ended, &trace.submitted);
        for (_, _, sent) in &trace.links {
            let (commands, rest) = commands_in(sent);
            prop_assert!(rest.is_empty() || rest.starts_with(b"*"));
            let asks = |command: &[Vec<u8>]| command[0] == b"ASKING";
            for pair in commands.windows(2) {
                prop_assert!(!asks(&pair[0]) || !asks(&pair[1]), "an ASKING without its command");
            }
        }
        prop_assert_eq!(trace, happens(&layout, &inputs, seed));
    }

    #[test]
    fn f44_f46_f47_any_reply_reaches_its_caller_however_it_is_cut_and_pushes_do_not(
        replies in prop::collection::vec((frames(), prop::option::of(pushes())), 1..8),
        cuts in cuts(2_000),
    ) {
        let (mut world, [a, ..]) = World::linked(quiet());
        let calls: Vec<_> = replies.iter().map(|_| world.submit(Command::get("bar"))).collect();
        world.reads(a);
        let trees = replies.iter().flat_map(|(reply, push)| push.iter().chain([reply]));
        let stream: Vec<u8> = trees.flat_map(|tree| tree.encode(Protocol::Resp3)).collect();
        for piece in cuts.pieces(&stream) {
            world.answer_bytes(a, piece);
        }
        for (call, (tree, _)) in calls.into_iter().zip(&replies) {
            let bytes = tree.encode(Protocol::Resp3);
            match world.result(call) {
                Ok(Reply::One(frame)) => prop_assert_eq!(&frame.as_bytes()[..], &bytes),
                Err(error) if error.kind() == ErrorKind::Server => {
                    let frame = Frame::parse(bytes, &Limits::default()).unwrap();
                    let told = frame.error();
                    prop_assert_eq!(error.server(), told.as_ref());
                }
                other => panic!("{other:?}"),
            }
        }
        let pushed = replies.iter().filter(|(_, push)| push.is_some()).count();
        prop_assert_eq!(world.events().len(), pushed);
    }
}

#[test]
fn events_get_far_enough_to_prove_something() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut answered, mut redirected, mut lost) = (0, 0, 0);
    for seed in 0..40 {
        let strategy = (topologies(), inputs(120));
        let (layout, inputs) = strategy.new_tree(&mut runner).unwrap().current();
        let seeds = vec![at("10.0.0.1:7000")];
        let mut cluster = Cluster::new(Config::default(), seeds, seed).unwrap();
        let trace = apply(&mut cluster, &layout, &inputs);
        answered += trace.outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).count();
        redirected += cluster.stats().moved_followed + cluster.stats().ask_followed;
        lost += cluster.stats().links_lost;
    }
    println!("{answered} answered, {redirected} redirected, {lost} links lost");
    assert!(answered > 100 && redirected > 20 && lost > 50);
}
