//! A small cluster in virtual time that does everything at random, and what must hold all the same.
//!
//! Every call appends a token of its own to a key, so that the values tell afterwards which calls
//! ran, how often, and in which order. Slots move key by key while calls are on their way; nodes
//! hear of it late; bytes are cut anywhere; in some runs links are cut as well. A failing seed is
//! printed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hashslot::config::Limits;
use hashslot::driver::Input;
use hashslot::error::{Cause, Disconnect, Ran};
use hashslot::resp::{Scan, Scanner, Value, encode};
use hashslot::{
    Action, Address, Call, Cluster, Command, Config, Error, Frame, Instant, LinkId, Reply, Slot,
};

const NODE_COUNT: usize = 4;
const KEY_COUNT: u64 = 12;
const BURST_COUNT: usize = 200;

/// Numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn millis(&mut self, bound: u64) -> Duration {
        Duration::from_micros(self.below(bound * 1000))
    }
}

enum Event {
    Connected(LinkId),
    Closed(LinkId),
    ToServer(LinkId, Vec<u8>),
    ToClient(LinkId, Vec<u8>),
    Submit,
    MoveOn,
    CutLink,
    LearnOwners(usize),
}

/// A connection at the server's end.
struct Session {
    node: usize,
    input: Vec<u8>,
    is_asking: bool,
    queued: Option<Vec<Vec<Vec<u8>>>>,
    is_refused: bool,
    /// When its last reply arrives: the next one does not overtake it.
    busy_until: Instant,
    /// The same for what the client sends.
    sent_until: Instant,
}

struct Fate {
    token: String,
    key: u64,
    outcome: Option<Result<Reply, Error>>,
}

struct World {
    dice: Dice,
    now: Instant,
    cluster: Cluster<usize>,
    events: BTreeMap<(Instant, u64), Event>,
    serial: u64,
    sessions: BTreeMap<LinkId, Session>,
    /// Who owns a slot, as each node believes; the owner itself is always right.
    owners: Vec<BTreeMap<u16, usize>>,
    /// Slots on their way: to which node, and which keys have gone.
    moving: BTreeMap<u16, (usize, BTreeSet<u64>)>,
    values: BTreeMap<u64, Vec<String>>,
    fates: Vec<Fate>,
    cuts_links: bool,
}

fn address(node: usize) -> Address {
    Address::new("127.0.0.1", u16::try_from(7000 + node).unwrap()).unwrap()
}

fn key_name(key: u64) -> String {
    format!("key{{{}}}{key}", key / 3) // three keys a slot
}

fn slot_of(key: u64) -> u16 {
    Slot::of_key(key_name(key).as_bytes()).number()
}

/// The key that a command is for.
fn key_of(words: &[Vec<u8>]) -> u64 {
    (0..KEY_COUNT).find(|key| key_name(*key).as_bytes() == words[1]).expect("is a key")
}

/// The reply to `CLUSTER SHARDS`: all nodes, the one without slots as well.
fn tell_shards(out: &mut Vec<u8>) {
    encode::array_header(out, NODE_COUNT);
    for node in 0..NODE_COUNT {
        encode::map_header(out, 1, hashslot::config::Protocol::Resp3);
        encode::bulk(out, b"nodes");
        encode::array_header(out, 1);
        encode::map_header(out, 4, hashslot::config::Protocol::Resp3);
        for (field, value) in [("id", format!("{node:040x}")), ("endpoint", "127.0.0.1".into())] {
            encode::bulk(out, field.as_bytes());
            encode::bulk(out, value.as_bytes());
        }
        encode::bulk(out, b"port");
        encode::integer(out, i64::from(address(node).port()));
        encode::bulk(out, b"health");
        encode::bulk(out, b"online");
    }
}

impl World {
    fn new(seed: u64, cuts_links: bool) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let slots: BTreeSet<u16> = (0..KEY_COUNT).map(slot_of).collect();
        let mut owners = BTreeMap::new();
        for slot in slots {
            owners.insert(slot, usize::try_from(dice.below(3)).unwrap());
        }
        let seeds = vec![address(0), address(1)];
        let cluster = Cluster::new(Config::default(), seeds, seed).unwrap();
        let mut world = Self {
            dice,
            now: Instant::EPOCH,
            cluster,
            events: BTreeMap::new(),
            serial: 0,
            sessions: BTreeMap::new(),
            owners: vec![owners; NODE_COUNT],
            moving: BTreeMap::new(),
            values: BTreeMap::new(),
            fates: Vec::new(),
            cuts_links,
        };
        for _ in 0..BURST_COUNT {
            let after = world.dice.millis(3000);
            world.at(after, Event::Submit);
        }
        for _ in 0..150 {
            let after = world.dice.millis(4000);
            world.at(after, Event::MoveOn);
        }
        for _ in 0..if cuts_links { 12 } else { 0 } {
            let after = world.dice.millis(4000);
            world.at(after, Event::CutLink);
        }
        world
    }

    fn at(&mut self, after: Duration, event: Event) {
        self.serial += 1;
        self.events.insert((self.now + after, self.serial), event);
    }

    /// Runs until nothing is left to happen.
    fn run(&mut self) {
        for _ in 0..1_000_000 {
            self.carry_out();
            let next_event = self.events.first_key_value().map(|(key, _)| *key);
            // Idle pings go on for ever: it ends when every call has.
            if next_event.is_none() && self.cluster.call_count() == 0 {
                return;
            }
            let timeout = self.cluster.poll_timeout();
            match (next_event, timeout) {
                (Some((at, _)), timeout) if timeout.is_none_or(|timeout| at <= timeout) => {
                    let (_, event) = self.events.pop_first().unwrap();
                    self.now = at;
                    self.happen(event);
                }
                (_, Some(timeout)) => {
                    self.now = self.now.max(timeout);
                    self.cluster.handle(self.now, Input::Timeout);
                }
                (_, None) => panic!("calls wait and nothing will happen"),
            }
        }
        panic!("it does not settle");
    }

    fn carry_out(&mut self) {
        while let Some(action) = self.cluster.poll_action() {
            match action {
                Action::Connect { link, address } => {
                    let session = Session {
                        node: usize::from(address.port()) - 7000,
                        input: Vec::new(),
                        is_asking: false,
                        queued: None,
                        is_refused: false,
                        busy_until: self.now,
                        sent_until: self.now,
                    };
                    self.sessions.insert(link, session);
                    let after = self.dice.millis(5);
                    let refused = self.cuts_links && self.dice.one_in(10);
                    self.at(
                        after,
                        if refused { Event::Closed(link) } else { Event::Connected(link) },
                    );
                }
                Action::SendToNode { link } => self.send(link),
                Action::Close { link } => {
                    self.sessions.remove(&link);
                }
                Action::Complete { token, outcome } => {
                    let fate = &mut self.fates[token].outcome;
                    assert!(fate.is_none(), "call {token} completed twice");
                    *fate = Some(outcome);
                }
                _ => {}
            }
        }
    }

    /// Takes some of what the machine has to send, now and later.
    fn send(&mut self, link: LinkId) {
        loop {
            let mut slices: [&[u8]; 4] = [&[]; 4];
            let count = self.cluster.sendable(link, &mut slices);
            let mut bytes = slices[..count].concat();
            if bytes.is_empty() {
                return;
            }
            if self.dice.one_in(3) {
                let len = 1 + self.dice.below(bytes.len() as u64);
                bytes.truncate(usize::try_from(len).unwrap());
            }
            self.cluster.handle(self.now, Input::Sent { link, len: bytes.len() });
            let delay = self.dice.millis(3);
            let Some(session) = self.sessions.get_mut(&link) else { continue };
            session.sent_until = session.sent_until.max(self.now + delay);
            let after = session.sent_until.since(self.now);
            self.at(after, Event::ToServer(link, bytes));
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Connected(link) => {
                self.cluster.handle(self.now, Input::Connected { link, credentials: None });
            }
            Event::Closed(link) => {
                self.sessions.remove(&link);
                self.cluster.handle(self.now, Input::Closed { link, cause: Disconnect::Reset });
            }
            Event::ToServer(link, bytes) => self.serve(link, &bytes),
            Event::ToClient(link, bytes) => {
                self.cluster.handle(self.now, Input::Received { link, data: &bytes });
            }
            Event::Submit => {
                // Callers come together, and for keys of one slot.
                let group = self.dice.below(KEY_COUNT / 3) * 3;
                for _ in 0..=self.dice.below(6) {
                    let key = group + self.dice.below(3);
                    self.submit(key);
                }
            }
            Event::MoveOn => self.move_on(),
            Event::CutLink => {
                let links: Vec<_> = self.sessions.keys().copied().collect();
                if !links.is_empty() {
                    let index = self.dice.below(links.len() as u64);
                    self.happen(Event::Closed(links[usize::try_from(index).unwrap()]));
                }
            }
            Event::LearnOwners(node) => {
                let slots: Vec<u16> = self.owners[node].keys().copied().collect();
                for slot in slots {
                    let owner = self.true_owner(slot);
                    self.owners[node].insert(slot, owner);
                }
            }
        }
    }

    fn true_owner(&self, slot: u16) -> usize {
        let is_own = |node: &usize| self.owners[*node][&slot] == *node;
        (0..NODE_COUNT).find(is_own).expect("one node owns it")
    }

    fn submit(&mut self, key: u64) {
        let number = self.fates.len();
        let token = format!("{number},");
        let command = |key: u64, token: &str| Command::new("APPEND").arg(key_name(key)).arg(token);
        let call = match self.dice.below(6) {
            0 => Call::transaction([command(key, &token)]),
            1 => Call::pipeline([command(key, &token)]),
            _ => Call::new(command(key, &token)),
        };
        let call = if self.dice.one_in(15) { call.timeout(self.dice.millis(20)) } else { call };
        self.fates.push(Fate { token, key, outcome: None });
        let id = self.cluster.submit(self.now, call, number).expect("there is room");
        if self.dice.one_in(40) {
            self.carry_out();
            if self.fates[number].outcome.is_none() {
                self.cluster.cancel(self.now, id);
                self.fates[number].outcome = Some(Err(Error::new(Cause::TimedOut, Ran::Maybe)));
            }
        }
    }

    /// Begins to move a slot, moves a key of it, or ends the move.
    fn move_on(&mut self) {
        let key = self.dice.below(KEY_COUNT);
        let slot = slot_of(key);
        let owner = self.true_owner(slot);
        let Some((target, gone)) = self.moving.get_mut(&slot) else {
            let target = usize::try_from(self.dice.below(NODE_COUNT as u64)).unwrap();
            if target != owner {
                self.moving.insert(slot, (target, BTreeSet::new()));
            }
            return;
        };
        let stays = (0..KEY_COUNT).find(|key| slot_of(*key) == slot && !gone.contains(key));
        if let Some(key) = stays {
            gone.insert(key);
            return;
        }
        // A node may give a slot up and take it back while commands are on their way to it. Then it
        // refuses the first and serves the second, and no client can keep their order.
        let target = *target;
        if self.is_busy(target) {
            return;
        }
        self.moving.remove(&slot);
        self.owners[owner].insert(slot, target);
        self.owners[target].insert(slot, target);
        for node in 0..NODE_COUNT {
            let after = self.dice.millis(300);
            self.at(after, Event::LearnOwners(node));
        }
    }

    /// Whether anything is on its way to a node, or back.
    fn is_busy(&self, node: usize) -> bool {
        let sessions = self.sessions.iter().filter(|(_, session)| session.node == node);
        let links: Vec<_> = sessions.map(|(link, _)| *link).collect();
        let is_cut = links.iter().any(|link| !self.sessions[link].input.is_empty());
        let on_the_way = |event: &Event| match event {
            Event::ToServer(link, _) | Event::ToClient(link, _) => links.contains(link),
            _ => false,
        };
        is_cut || self.events.values().any(on_the_way)
    }

    fn serve(&mut self, link: LinkId, bytes: &[u8]) {
        let Some(session) = self.sessions.get_mut(&link) else { return };
        session.input.extend_from_slice(bytes);
        let mut output = Vec::new();
        while let Some(session) = self.sessions.get_mut(&link) {
            let scan = Scanner::new(Limits::default()).scan(&session.input).expect("is RESP");
            let Scan::Frame { len } = scan else { break };
            let rest = session.input.split_off(len);
            let frame = core::mem::replace(&mut session.input, rest);
            let frame = Frame::parse(frame, &Limits::default()).expect("is a frame");
            let words = frame.value().elements().expect("is a command");
            let words = words.map(|word| word.as_bytes().unwrap().to_vec()).collect();
            self.answer(link, words, &mut output);
        }
        let mut rest = &output[..];
        while !rest.is_empty() {
            let len = if self.dice.one_in(3) {
                self.dice.below(rest.len() as u64) + 1
            } else {
                rest.len() as u64
            };
            let (piece, after) = rest.split_at(usize::try_from(len).unwrap());
            rest = after;
            let delay = self.dice.millis(3);
            let Some(session) = self.sessions.get_mut(&link) else { return };
            session.busy_until = session.busy_until.max(self.now + delay);
            let after = session.busy_until.since(self.now);
            self.at(after, Event::ToClient(link, piece.to_vec()));
        }
    }

    fn answer(&mut self, link: LinkId, words: Vec<Vec<u8>>, out: &mut Vec<u8>) {
        let session = self.sessions.get_mut(&link).unwrap();
        let node = session.node;
        let is_asking = session.is_asking;
        match &words[0][..] {
            b"HELLO" => out.extend_from_slice(b"%1\r\n$7\r\nversion\r\n$5\r\n7.0.0\r\n"),
            b"CLIENT" => encode::simple(out, b"OK"),
            b"PING" => encode::simple(out, b"PONG"),
            b"ASKING" => {
                session.is_asking = true;
                encode::simple(out, b"OK");
            }
            b"CLUSTER" if words[1] == b"SLOTS" => self.tell_slots(node, out),
            b"CLUSTER" => tell_shards(out),
            b"MULTI" => {
                session.queued = Some(Vec::new());
                session.is_refused = false;
                encode::simple(out, b"OK");
            }
            b"EXEC" => {
                let queued = session.queued.take().expect("MULTI came before");
                session.is_asking = false;
                if session.is_refused {
                    encode::error(out, b"EXECABORT Transaction discarded");
                    return;
                }
                encode::array_header(out, queued.len());
                for words in queued {
                    self.append(&words, out);
                }
            }
            b"APPEND" => {
                let refusal = self.refusal(node, &words, is_asking);
                let session = self.sessions.get_mut(&link).unwrap();
                match (refusal, &mut session.queued) {
                    (Some(refusal), queued) => {
                        session.is_refused |= queued.is_some();
                        session.is_asking &= queued.is_some();
                        encode::error(out, refusal.as_bytes());
                    }
                    (None, Some(queued)) => {
                        queued.push(words);
                        encode::simple(out, b"QUEUED");
                    }
                    (None, None) => {
                        session.is_asking = false;
                        self.append(&words, out);
                    }
                }
            }
            other => panic!("unexpected {}", String::from_utf8_lossy(other)),
        }
    }

    /// Why a node does not run a command on a key.
    fn refusal(&mut self, node: usize, words: &[Vec<u8>], is_asking: bool) -> Option<String> {
        let key = key_of(words);
        let slot = slot_of(key);
        let believed = self.owners[node][&slot];
        let moving = self.moving.get(&slot);
        let gone = moving.filter(|(_, gone)| gone.contains(&key)).map(|(target, _)| *target);
        if believed == node {
            return gone.map(|target| format!("ASK {slot} {}", address(target)));
        }
        if is_asking && gone == Some(node) {
            return None;
        }
        Some(format!("MOVED {slot} {}", address(believed)))
    }

    fn append(&mut self, words: &[Vec<u8>], out: &mut Vec<u8>) {
        let key = key_of(words);
        let value = self.values.entry(key).or_default();
        value.push(String::from_utf8(words[2].clone()).unwrap());
        encode::integer(out, i64::try_from(value.len()).unwrap());
    }

    fn tell_slots(&self, node: usize, out: &mut Vec<u8>) {
        // Slots without keys belong to the first node. Those of the keys belong to the owners that
        // the node believes in.
        let mut rows = Vec::new();
        let mut first = 0;
        for (slot, owner) in &self.owners[node] {
            if *slot > first {
                rows.push((first, slot - 1, 0));
            }
            rows.push((*slot, *slot, *owner));
            first = slot + 1;
        }
        rows.push((first, 16383, 0));
        encode::array_header(out, rows.len());
        for (first, last, owner) in rows {
            encode::array_header(out, 3);
            encode::integer(out, i64::from(first));
            encode::integer(out, i64::from(last));
            encode::array_header(out, 2);
            encode::bulk(out, b"127.0.0.1");
            encode::integer(out, i64::from(address(owner).port()));
        }
    }

    /// What must hold when all is over.
    fn judge(&self) {
        for fate in &self.fates {
            let value = self.values.get(&fate.key).map_or(&[][..], Vec::as_slice);
            let count = value.iter().filter(|token| **token == fate.token).count();
            let outcome = fate.outcome.as_ref().expect("every call ends");
            let error = match outcome {
                Ok(Reply::Pipeline(results)) => results[0].as_ref().err(),
                Ok(Reply::One(frame)) => {
                    let is_error = matches!(frame.value(), Value::Error(_));
                    assert!(!is_error, "{frame:?} was delivered");
                    None
                }
                Ok(other) => panic!("{other:?} answers no command"),
                Err(error) => Some(error),
            };
            match error {
                None => assert_eq!(count, 1, "{} was acknowledged", fate.token),
                Some(error) if error.may_have_executed() => {
                    assert!(count <= 1, "{} ran {count} times: {error}", fate.token);
                }
                Some(error) => assert_eq!(count, 0, "{} did not run, it says: {error}", fate.token),
            }
        }
        if !self.cuts_links {
            self.judge_order();
        }
    }

    /// Without lost links the commands of a key run in the order in which they were submitted.
    fn judge_order(&self) {
        for (key, value) in &self.values {
            let numbers: Vec<usize> =
                value.iter().map(|token| token.trim_end_matches(',').parse().unwrap()).collect();
            assert!(numbers.is_sorted(), "order of key {key}: {numbers:?}");
        }
    }
}

/// Runs all seeds; the sums of what was counted tell that something happened at all.
fn search(cuts_links: bool) -> [u64; 4] {
    let mut sums = [0; 4];
    for seed in 0..seed_count() {
        let run = std::panic::catch_unwind(|| {
            let mut world = World::new(seed, cuts_links);
            world.run();
            world.judge();
            *world.cluster.stats()
        });
        let stats = run.unwrap_or_else(|panic| {
            println!("seed {seed}, links are cut: {cuts_links}");
            std::panic::resume_unwind(panic)
        });
        let counts = [stats.moved_followed, stats.ask_followed, stats.fenced, stats.maybe_executed];
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    println!("MOVED, ASK, fenced, maybe executed: {sums:?}");
    sums
}

/// How many seeds a run tries; more with `HASHSLOT_SEEDS`.
fn seed_count() -> u64 {
    std::env::var("HASHSLOT_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(40)
}

#[test]
fn f50_moving_slots_lose_nothing_double_nothing_and_keep_the_order() {
    let [moved, ask, fenced, _] = search(false);
    assert!(moved > 100 && ask > 100 && fenced > 5, "it proves nothing");
}

#[test]
fn f49_lost_links_double_nothing_and_lose_nothing_that_was_acknowledged() {
    let [moved, ask, _, maybe_executed] = search(true);
    assert!(moved > 100 && ask > 100 && maybe_executed > 10, "it proves nothing");
}
