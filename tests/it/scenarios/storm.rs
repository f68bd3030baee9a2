//! Many random scenarios: whatever happens, calls end, nothing spins, and slots keep their order.

use std::collections::{BTreeMap, VecDeque};

use hashslot::error::Disconnect;
use hashslot::{Call, Command, Credentials, LinkId};

use crate::support::canned::*;
use crate::support::script::*;

/// Seeds that found a fault once.
const KNOWN: [u64; 5] = [61, 83, 298, 3_047, 8_639];

/// Those, and a few more; many more with `STORM_SEEDS=1000`.
fn seeds() -> impl Iterator<Item = u64> {
    let count = std::env::var("STORM_SEEDS").ok().and_then(|count| count.parse().ok());
    KNOWN.into_iter().chain(1..=count.unwrap_or(40))
}

const D: &str = "127.0.0.1:7003";
const NODES: [&str; 4] = [A, B, C, D];
/// Keys in ascending order of their slots: 3300, 5061, 7233, 11298, 12182.
const KEYS: [(&str, u16); 5] =
    [("b", 3300), ("bar", 5061), ("g", 7233), ("d", 11298), ("foo", 12182)];

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % bound as u64).expect("a small number")
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// A cluster that serves one key a slot, and reshards.
struct Model {
    /// Of every key.
    owner: [usize; 5],
    /// Where its slot is going.
    target: [Option<usize>; 5],
    /// Whether the key itself is there already.
    is_gone: [bool; 5],
    /// When a node gave the slot up. The slot does not come back while commands may still be on
    /// their way to that node: then no client can keep their order.
    left_at: [[Option<u32>; 4]; 5],
    executed: Vec<Vec<u32>>,
    /// What each node has to say on a link, and whether the last command was `ASKING`.
    replies: BTreeMap<LinkId, (VecDeque<String>, bool)>,
}

impl Model {
    /// What a node answers to a command.
    fn execute(&mut self, node: usize, asking: bool, command: &str) -> String {
        let words: Vec<_> = command.split(' ').collect();
        match words[..] {
            ["CLUSTER", "SLOTS"] => slots_reply(&self.rows()),
            ["CLUSTER", "SHARDS"] => shards_reply(&self.rows(), &self.idle()),
            ["SET", key, number] => {
                let index = KEYS.iter().position(|(name, _)| *name == key).expect("a key");
                let slot = KEYS[index].1;
                match self.target[index] {
                    Some(target) if self.owner[index] == node && self.is_gone[index] => {
                        return format!("-ASK {slot} {}\r\n", NODES[target]);
                    }
                    Some(target) if target == node && asking => {}
                    _ if self.owner[index] == node => {}
                    _ => return format!("-MOVED {slot} {}\r\n", NODES[self.owner[index]]),
                }
                self.executed[index].push(number.parse().expect("a number"));
                "+OK\r\n".into()
            }
            _ => "+OK\r\n".into(),
        }
    }

    /// The topology: each key's slot is the end of a range.
    fn rows(&self) -> Vec<Row<'static>> {
        let ends = [3300, 5061, 7233, 11298, 16383];
        let starts = [0, 3301, 5062, 7234, 11299];
        let nodes = self.owner.iter().map(|owner| std::slice::from_ref(&NODES[*owner]));
        starts
            .into_iter()
            .zip(ends)
            .zip(nodes)
            .map(|((first, last), node)| (first, last, node))
            .collect()
    }

    /// The nodes without slots.
    fn idle(&self) -> Vec<&'static str> {
        (0..4).filter(|node| !self.owner.contains(node)).map(|node| NODES[node]).collect()
    }

    /// A step of resharding.
    fn reshard(&mut self, step: u32, dice: &mut Dice) {
        let key = dice.below(5);
        match self.target[key] {
            None => {
                let target = dice.below(4);
                let was_there =
                    self.left_at[key][target].is_some_and(|left_at| step < left_at + 60);
                if was_there || target == self.owner[key] {
                    return;
                }
                if dice.one_in(3) {
                    self.give(step, key, target); // at once, as a failover does it
                } else {
                    (self.target[key], self.is_gone[key]) = (Some(target), false);
                }
            }
            Some(_) if !self.is_gone[key] => self.is_gone[key] = true,
            Some(target) => self.give(step, key, target),
        }
    }

    fn give(&mut self, step: u32, key: usize, target: usize) {
        self.left_at[key][self.owner[key]] = Some(step);
        (self.owner[key], self.target[key]) = (target, None);
    }
}

#[test]
fn f50_p7_resharding_changes_no_order_and_runs_nothing_twice() {
    for seed in seeds() {
        reshard(seed, false);
    }
}

#[test]
fn f38_p7_other_credentials_change_no_order_and_lose_no_reply() {
    for seed in seeds().take(15) {
        reshard(seed, true);
    }
}

fn reshard(seed: u64, rotates: bool) {
    let mut rotation = Dice(seed.wrapping_mul(0xA076_1D64_78BD_642F));
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut model = Model {
        owner: [0, 0, 1, 2, 2],
        target: [None; 5],
        is_gone: [false; 5],
        left_at: [[None; 4]; 5],
        executed: vec![Vec::new(); 5],
        replies: BTreeMap::new(),
    };
    let in_flight = [1, 2, 3, 5, 10_000][dice.below(5)];
    let rows = model.rows();
    let mut world = World::knowing(config(|config| config.max_in_flight = in_flight), &rows);
    let mut calls = Vec::new();
    for step in 0..2_000 {
        let is_over = step >= 400;
        if is_over && world.machine.call_count() == 0 {
            break;
        }
        if !is_over && dice.one_in(2) {
            for _ in 0..=dice.below(4) {
                let (key, _) = KEYS[dice.below(5)];
                let number = u32::try_from(calls.len()).expect("few calls");
                calls.push(world.submit(Command::set(key, number.to_string())));
            }
        }
        if !is_over && dice.one_in(12) {
            model.reshard(step, &mut dice);
        }
        if !is_over && dice.one_in(60) {
            world.refresh_topology();
        }
        if !is_over && rotates && rotation.one_in(10) {
            world.set_credentials(Credentials::password(&step.to_string()));
        }
        let dialled: Vec<_> = world.dialled().into_iter().map(String::from).collect();
        for node in dialled {
            if is_over || dice.one_in(4) {
                let link = world.accept(&node);
                assert!(world.reads(link).starts_with("HELLO 3"));
                if rotates && rotation.one_in(3) {
                    world.set_credentials(Credentials::password("while it is set up"));
                }
                world.answer(link, &welcome("8.2.3"));
            }
        }
        for link in world.links() {
            let node = NODES.iter().position(|node| *node == world.address(link)).expect("a node");
            if is_over || dice.one_in(2) {
                let text = world.reads(link);
                let (mut replies, mut asking) = model.replies.remove(&link).unwrap_or_default();
                for command in text.split("; ").filter(|command| !command.is_empty()) {
                    replies.push_back(model.execute(node, asking, command));
                    asking = command == "ASKING";
                }
                model.replies.insert(link, (replies, asking));
            }
            let waiting = model.replies.get_mut(&link).map(|(replies, _)| replies);
            let count = waiting.as_ref().map_or(0, |replies| replies.len());
            let count = if is_over { count } else { dice.below(count + 1) };
            let replies: String = waiting.into_iter().flat_map(|r| r.drain(..count)).collect();
            if !replies.is_empty() {
                world.answer(link, &replies);
            }
        }
        world.advance(ms(u64::try_from(dice.below(40)).expect("a small number")));
    }
    assert!(!world.machine.is_reauthenticating(), "seed {seed}");
    for (number, call) in calls.iter().enumerate() {
        assert_eq!(world.outcome(*call), "+OK\r\n", "seed {seed}, call {number}");
    }
    for ((key, _), executed) in KEYS.iter().zip(&model.executed) {
        let mut sorted = executed.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(*executed, sorted, "seed {seed}, key {key}");
    }
    assert_eq!(model.executed.iter().map(Vec::len).sum::<usize>(), calls.len(), "seed {seed}");
}

#[test]
fn whatever_happens_every_call_ends_and_nothing_spins() {
    for seed in seeds() {
        anything(seed, false);
    }
    for seed in seeds().take(10) {
        anything(seed, true);
    }
}

/// A reply to a command, or something else.
fn any_reply(dice: &mut Dice, command: &str) -> String {
    let node = [A, B, C, D, "127.0.0.1:7009", "", "?:1", ":7001"][dice.below(8)];
    let slot = KEYS[dice.below(5)].1;
    match (command, dice.below(24)) {
        ("CLUSTER SLOTS", 0..6) => slots_reply(&[(0, 9000, &[A]), (9001, 16383, &[D, B])]),
        ("CLUSTER SLOTS", 6..8) => slots_reply(&[(0, 16383, &[C])]),
        ("CLUSTER SLOTS", 8..22) => slots_reply(ROWS),
        ("CLUSTER SHARDS", 0..20) => shards_reply(ROWS, &[D]),
        (_, 0) => format!("-MOVED {slot} {node}\r\n"),
        (_, 1) => format!("-ASK {slot} {node}\r\n"),
        ("GET foo" | "INCR foo", 2 | 3) => format!("-MOVED 12182 {node}\r\n"),
        ("GET foo" | "INCR foo", 4 | 5) => format!("-ASK 12182 {node}\r\n"),
        ("GET bar" | "INCR bar", 2 | 3) => format!("-MOVED 5061 {node}\r\n"),
        ("GET bar" | "INCR bar", 4) => format!("-ASK 5061 {node}\r\n"),
        (_, 6) => "-TRYAGAIN x\r\n".into(),
        (_, 7) => "-CLUSTERDOWN x\r\n".into(),
        (_, 8) => "-LOADING x\r\n".into(),
        (_, 9) => ">1\r\n+push\r\n+OK\r\n".into(),
        (_, 10) if dice.one_in(8) => "*1\r\n".repeat(100),
        (_, 11) if dice.one_in(8) => "-NOAUTH x\r\n".into(),
        ("HELLO 3", 12) => "-ERR unknown command\r\n".into(),
        ("HELLO 3", _) => welcome("8.0.0").replace("+OK\r\n", ""),
        _ => "+OK\r\n".into(),
    }
}

fn anything(seed: u64, rotates: bool) {
    let mut rotation = Dice(seed.wrapping_mul(0xA076_1D64_78BD_642F));
    let mut dice = Dice(seed.wrapping_mul(0xD134_2543_DE82_EF95));
    let config = config(|config| {
        config.max_in_flight = [1, 2, 5, 10_000][dice.below(4)];
        config.links_per_node = [1, 1, 2, 3][rotation.below(4)];
        config.call_timeout = ms(2_000);
        config.stall_timeout = ms(700);
        config.connect_timeout = ms(400);
        config.drain_timeout = ms(500);
        config.ping_interval = ms(900);
        if dice.one_in(3) {
            config.read_from = hashslot::ReadFrom::PreferReplica;
        }
        if dice.one_in(4) {
            config.redirect_policy = hashslot::config::RedirectPolicy::Any;
        }
    });
    let mut world = World::new(config, &[A, D]);
    let mut calls = Vec::new();
    for step in 0..300 {
        let key = KEYS[dice.below(5)].0;
        if dice.one_in(2) && step < 280 {
            calls.push(match dice.below(8) {
                0 => world.submit(Call::pipeline([Command::get("foo"), Command::get("bar")])),
                1 => world.submit(Call::transaction([Command::incr("foo"), Command::get("foo")])),
                2 => {
                    let overtakes = Command::new("CLIENT").arg("UNPAUSE");
                    let of_kind = if step % 3 == 0 { overtakes } else { Command::new("PING") };
                    world.submit(Call::new(of_kind).on_node(at(NODES[dice.below(4)])))
                }
                3 => world.submit(Call::new(Command::get(key)).timeout(ms(60))),
                4 | 5 => world.submit(Command::get(key)),
                _ => world.submit(Command::incr(key)),
            });
        }
        if dice.one_in(20) && !calls.is_empty() {
            let call = calls[dice.below(calls.len())];
            if world.outcome(call) == "open" {
                world.cancel(call);
            }
        }
        if dice.one_in(40) {
            world.refresh_topology();
        }
        if rotates && rotation.one_in(10) {
            let credentials = Credentials::password(&step.to_string());
            world.set_credentials((!rotation.one_in(8)).then_some(credentials));
        }
        for node in world.dialled().into_iter().map(String::from).collect::<Vec<_>>() {
            match dice.below(6) {
                0..3 => drop(world.accept(&node)),
                3 => world.refuse(&node, Disconnect::Refused),
                _ => {}
            }
        }
        for link in world.links() {
            if world.is_closed(link) {
                continue;
            }
            world.takes(link, dice.below(120));
            if dice.one_in(2) {
                let text = world.reads(link);
                for command in text.split("; ").filter(|command| !command.is_empty()) {
                    let reply = any_reply(&mut dice, command);
                    if !dice.one_in(100) {
                        world.answer(link, &reply);
                    }
                }
            }
            if dice.one_in(50) && !world.is_closed(link) {
                world.close(link, Disconnect::Reset);
            }
        }
        world.advance(ms(u64::try_from(dice.below(30)).expect("a small number")));
    }
    if dice.one_in(2) {
        world.shut_down();
        world.advance(ms(500));
        assert!(world.machine.is_shut_down(), "seed {seed}");
    } else {
        world.advance(ms(2_000));
    }
    assert_eq!(world.machine.call_count(), 0, "seed {seed}");
}
