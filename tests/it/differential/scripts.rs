//! Random scripts: what a simulated node answers is what a real one answers.
//!
//! A script runs on both sides step by step, on several connections to three primaries. Its
//! commands are those that the simulation knows, right and wrong ones, in all states that a
//! connection and a slot can be in. Each reply is compared, and in the end everything that the
//! nodes store.
//!
//! What is a race is not compared. Nodes hear from each other when they hear: after a step that can
//! change the owner of a slot, the script waits until the real nodes believe what the simulated
//! ones do (that they get there is part of the comparison), and a slot is given to a node only in
//! ways whose end does not depend on which configuration epoch is higher.

use std::fmt::Write as _;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use hashslot::sim::{Dice, Version};

use super::sides::{Model, NODE_COUNT, Real, Side, Word, words};
use super::{Done, count_from, on};
use crate::servers::cluster::Cluster;
use crate::servers::raw::Reply;
use crate::servers::slots::slot_of;

/// The slots of a script are those of these tags: two of the first node, one of each other.
const TAGS: [&str; 4] = ["b", "f", "c", "a"];
/// The nodes that own them at first.
const OWNERS: [usize; 4] = [0, 0, 1, 2];
/// The nodes that the connections of a script lead to.
const CONNECTIONS: [usize; 5] = [0, 1, 2, 0, 1];
/// How long the nodes may take to agree.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn redis_6_2() -> Done {
    compare("redis-6.2", Version::Redis62)
}

#[test]
fn redis_7_0() -> Done {
    compare("redis-7.0", Version::Redis70)
}

#[test]
fn redis_8_2() -> Done {
    compare("redis-8.2", Version::Redis82)
}

#[test]
fn valkey_9_1() -> Done {
    compare("valkey-9.1", Version::Valkey9)
}

/// Runs as many scripts as `HASHSLOT_SCRIPTS` says, from the seed `HASHSLOT_SEED` on.
fn compare(name: &str, version: Version) -> Done {
    let usual = 40;
    let (first, count) = (count_from("HASHSLOT_SEED", 1), count_from("HASHSLOT_SCRIPTS", usual));
    on(name, |cluster| {
        let begun_at = Instant::now();
        let mut real = Real::new(cluster)?;
        let (mut step_count, mut differences) = (0, Vec::new());
        let mut between = Duration::ZERO; // what resets take
        for seed in first..first + count {
            let reset_at = Instant::now();
            reset(&mut real).map_err(|error| format!("before seed {seed}: {error}"))?;
            between += reset_at.elapsed();
            real.connect(cluster, &CONNECTIONS)?;
            let mut script = Script::new(seed, version, cluster)?;
            let difference = script.run(&mut real);
            step_count += script.step_count;
            if let Err(difference) = difference {
                let last = script.transcript.iter().rev().take(80).rev();
                let shown = last.fold(String::new(), |shown, line| shown + "\n  " + line);
                let line = script.transcript.last().map(String::as_str).unwrap_or_default();
                eprintln!("{name}: seed {seed}: {line}: {difference}");
                differences.push(format!("seed {seed}: {difference}{shown}"));
            }
        }
        reset(&mut real)?;
        let took = begun_at.elapsed();
        let differs = differences.len();
        eprintln!(
            "{name}: {count} scripts from seed {first}, {step_count} steps, {differs} differ ({took:.1?}, {between:.1?} of it between scripts)"
        );
        differences.truncate(5);
        if differs == 0 { Ok(()) } else { Err(differences.join("\n\n").into()) }
    })
}

/// Makes the cluster what it was: no keys, no slot in motion, all slots where they belong.
fn reset(real: &mut Real) -> Done {
    let slots = TAGS.map(slot_of);
    let expected: Vec<_> = (0..NODE_COUNT).flat_map(|_| OWNERS.map(Some)).collect();
    let deadline = Instant::now() + LIMIT;
    let set = |real: &mut Real, node, slot: u16, rest: &[Word]| {
        let mut command = words(&format!("CLUSTER SETSLOT {slot}"));
        command.extend_from_slice(rest);
        real.ask(node, &command).and_then(Reply::checked)
    };
    for node in 0..NODE_COUNT {
        let stable = slots.map(|slot| words(&format!("CLUSTER SETSLOT {slot} STABLE")));
        let commands: Vec<_> =
            stable.into_iter().chain([words("FLUSHALL"), words("SCRIPT FLUSH")]).collect();
        for reply in real.ask_all(node, &commands)? {
            reply.checked()?;
        }
    }
    let mut claimed_at: Option<Instant> = None;
    loop {
        let owners = real.owners(&slots)?;
        if owners == expected && real.is_quiet()? {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(format!("no agreement: {owners:?}").into());
        }
        if claimed_at.is_none_or(|at| at.elapsed() > Duration::from_secs(2)) {
            claimed_at = Some(Instant::now());
            for (index, (slot, owner)) in slots.into_iter().zip(OWNERS).enumerate() {
                let seen = |node: usize| owners[node * slots.len() + index];
                if (0..NODE_COUNT).all(|node| seen(node) == Some(owner)) {
                    continue;
                }
                if seen(owner) == Some(owner) {
                    real.ask(owner, &words("CLUSTER BUMPEPOCH"))?.checked()?;
                    continue;
                }
                let other = Word::Id((owner + 1) % NODE_COUNT);
                set(real, owner, slot, &["IMPORTING".into(), other])?;
                set(real, owner, slot, &["NODE".into(), Word::Id(owner)])?;
            }
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// One command on one connection.
#[derive(Debug, Clone)]
struct Step {
    connection: usize,
    words: Vec<Word>,
}

/// A run of one script on both sides.
#[derive(Debug)]
struct Script {
    version: Version,
    dice: Dice,
    model: Model,
    /// The connection of the last step.
    here: usize,
    /// What has to come next on it.
    pending: Vec<Vec<Word>>,
    /// For each connection the commands since `MULTI`.
    queued: Vec<Option<Vec<Vec<Word>>>>,
    step_count: usize,
    transcript: Vec<String>,
}

impl Script {
    fn new(seed: u64, version: Version, cluster: &Cluster) -> io::Result<Self> {
        assert_eq!(cluster.nodes().len(), NODE_COUNT, "the model has as many");
        Ok(Self {
            version,
            dice: Dice::new(seed),
            model: Model::new(version, &CONNECTIONS)?,
            here: 0,
            pending: Vec::new(),
            queued: vec![None; CONNECTIONS.len()],
            step_count: 0,
            transcript: Vec::new(),
        })
    }

    fn run(&mut self, real: &mut Real) -> Done {
        self.prepare(real)?;
        for _ in 0..self.dice.between(20, 40) {
            let step = self.next()?;
            self.both(real, &step)?;
        }
        self.compare_data(real)
    }

    /// Something is stored, and as a rule a slot is in motion.
    fn prepare(&mut self, real: &mut Real) -> Done {
        for (tag, owner) in TAGS.into_iter().zip(OWNERS) {
            for number in 0..self.dice.below(4) {
                let command = words(&format!("SET {{{tag}}}{number} {number}"));
                self.both(real, &Step { connection: owner, words: command })?;
            }
        }
        if self.dice.one_in(4) {
            return Ok(());
        }
        let index = self.dice.index(TAGS.len());
        let (slot, from) = (slot_of(TAGS[index]), OWNERS[index]);
        let to = (from + 1 + self.dice.index(2)) % NODE_COUNT;
        for (node, state, other) in [(to, "IMPORTING", from), (from, "MIGRATING", to)] {
            let mut command = words(&format!("CLUSTER SETSLOT {slot} {state}"));
            command.push(Word::Id(other));
            if !self.dice.one_in(8) {
                self.both(real, &Step { connection: node, words: command })?;
            }
        }
        Ok(())
    }

    /// Runs a step on both sides.
    fn both(&mut self, real: &mut Real, step: &Step) -> Done {
        self.step_count += 1;
        let expected = real.call(step.connection, &step.words)?;
        let got = self.model.call(step.connection, &step.words);
        let node = CONNECTIONS[step.connection];
        let mut line = format!("{}@{node}: {} -> ", step.connection, shown(&step.words));
        let got = got.map_err(|error| format!("{line}{expected:?}, but the model: {error}"))?;
        let queued = self.follow(step, &expected);
        let by_server = compared(real, &step.words, queued.as_deref(), &expected);
        let by_model = compared(&self.model, &step.words, queued.as_deref(), &got);
        let is_same = by_server == by_model;
        if is_same {
            write!(line, "{}", brief(&expected))?;
        } else {
            write!(line, "{expected:?}, but the model {got:?}")?;
        }
        self.transcript.push(line);
        if !is_same {
            return Err(format!("{by_server:?}, but the model {by_model:?}").into());
        }
        let moves = |words: &[Word]| words.get(1).is_some_and(|word| is_text(word, "SETSLOT"));
        let is_move = expected.error().is_none() && moves(&step.words);
        if is_move || queued.is_some_and(|queued| queued.iter().any(|words| moves(words))) {
            self.settle(real)?;
        }
        Ok(())
    }

    /// Notes what a transaction consists of. Gives what `EXEC` ran.
    fn follow(&mut self, step: &Step, reply: &Reply) -> Option<Vec<Vec<Word>>> {
        let queued = &mut self.queued[step.connection];
        let name = step.words.first();
        let is = |text: &str| name.is_some_and(|name| is_text(name, text));
        match reply {
            Reply::Simple(text) if text == "QUEUED" => {
                queued.get_or_insert_default().push(step.words.clone());
            }
            Reply::Simple(text) if text == "OK" && is("MULTI") => *queued = Some(Vec::new()),
            Reply::Array(_) if is("EXEC") => return queued.take(),
            Reply::Error(text) if is("EXEC") && !text.starts_with("ERR") => *queued = None,
            _ if is("DISCARD") && reply.is_ok() => *queued = None,
            _ => {}
        }
        None
    }

    /// Waits until the real nodes believe what the simulated ones do.
    fn settle(&mut self, real: &mut Real) -> Done {
        let slots = TAGS.map(slot_of);
        let expected = self.model.owners(&slots)?;
        let deadline = Instant::now() + LIMIT;
        loop {
            let owners = real.owners(&slots)?;
            if owners == expected && real.is_quiet()? {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let message =
                    format!("owners as nodes see them: {owners:?}, but the model {expected:?}");
                return Err(message.into());
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Compares what all nodes store, also in slots that they do not own: these are imported then.
    fn compare_data(&mut self, real: &mut Real) -> Done {
        for node in 0..NODE_COUNT {
            let mut commands = vec![words("DBSIZE")];
            for tag in TAGS {
                let slot = slot_of(tag);
                let mut import = words(&format!("CLUSTER SETSLOT {slot} IMPORTING"));
                import.push(Word::Id((node + 1) % NODE_COUNT));
                commands.push(words(&format!("CLUSTER SETSLOT {slot} STABLE")));
                commands.push(import);
                commands.push(words(&format!("CLUSTER COUNTKEYSINSLOT {slot}")));
            }
            let with_number = |tag| (0..3).map(move |number| format!("{{{tag}}}{number}"));
            for key in TAGS.into_iter().flat_map(with_number) {
                // All but one are of the wrong type.
                for command in ["TYPE", "GET", "LRANGE", "HGETALL", "SMEMBERS"] {
                    let bounds = if command == "LRANGE" { " 0 -1" } else { "" };
                    commands.push(words("ASKING"));
                    commands.push(words(&format!("{command} {key}{bounds}")));
                }
            }
            let expected = real.ask_all(node, &commands)?;
            let got = self.model.ask_all(node, &commands)?;
            for ((words, expected), got) in commands.iter().zip(&expected).zip(&got) {
                let by_server = real.names().compared(words, expected);
                let by_model = self.model.names().compared(words, got);
                if by_server != by_model {
                    let what = format!("in the end node {node}, {}", shown(words));
                    return Err(format!("{what}: {by_server:?}, but the model {by_model:?}").into());
                }
            }
        }
        Ok(())
    }

    fn next(&mut self) -> io::Result<Step> {
        if let Some(words) = self.pending.pop() {
            return Ok(Step { connection: self.here, words });
        }
        if self.dice.one_in(3) {
            self.here = self.dice.index(CONNECTIONS.len());
        }
        let is_queueing = self.queued[self.here].is_some();
        let words = match self.dice.below(100) {
            0..50 => self.on_data(),
            50..60 => {
                if !self.dice.one_in(5) {
                    let next = if self.dice.one_in(4) { words("MULTI") } else { self.on_data() };
                    self.pending.push(next);
                }
                words("ASKING")
            }
            60..72 => match (is_queueing, self.dice.below(8)) {
                (true, 0..5) | (false, 7) => words("EXEC"),
                (true, 5) | (false, 6) => words("DISCARD"),
                _ => words("MULTI"),
            },
            72..74 => words(self.pick(&["READONLY", "READWRITE"])),
            74..77 => self.greeting(),
            77..84 => self.on_slot(),
            84..88 if !is_queueing => self.assignment()?,
            88..93 => self.migration(),
            93..97 => self.about_cluster(),
            _ => self.nonsense(),
        };
        Ok(Step { connection: self.here, words })
    }

    fn pick<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        self.dice.pick(texts).copied().unwrap_or_default()
    }

    fn key(&mut self, tag: &str) -> String {
        format!("{{{tag}}}{}", self.dice.below(3))
    }

    /// A tag; as a rule one whose slot belongs to the node that is asked.
    fn tag(&mut self) -> &'static str {
        let node = CONNECTIONS[self.here];
        let index = self.dice.index(TAGS.len());
        if OWNERS[index] != node && self.dice.one_in(2) {
            return TAGS[OWNERS.iter().position(|owner| *owner == node).unwrap_or(index)];
        }
        TAGS[index]
    }

    /// Several keys, as a rule of one slot.
    fn keys(&mut self, max: u64) -> Vec<String> {
        let tag = self.tag();
        let count = self.dice.between(1, max);
        let mut keys: Vec<_> = (0..count).map(|_| self.key(tag)).collect();
        if self.dice.one_in(6) {
            let other = self.tag();
            keys.push(self.key(other));
        }
        keys
    }

    fn value(&mut self) -> &'static str {
        self.pick(&["1", "2", "77", "-5", "x", "007", "+3", "", "9223372036854775807", "5,"])
    }

    /// A command on data.
    fn on_data(&mut self) -> Vec<Word> {
        let tag = self.tag();
        let (key, value, other) = (self.key(tag), self.value(), self.value());
        let text = match self.dice.below(37) {
            0 => format!("APPEND {key} {value}"),
            1 => "DBSIZE".to_owned(),
            2 => format!("DECR {key}"),
            3 | 4 => format!("DEL {}", self.keys(3).join(" ")),
            5 => format!("ECHO {value}"),
            6 => format!("EXISTS {}", self.keys(3).join(" ")),
            7..10 => format!("GET {key}"),
            10 => format!("GETDEL {key}"),
            11 => format!("GETSET {key} {value}"),
            12 => format!("HGET {key} {value}"),
            13 => format!("HGETALL {key}"),
            14 => format!("{} {key}", self.pick(&["HLEN", "LLEN", "SCARD"])),
            15 | 16 => format!("HSET {key} {value} {other}{}", self.pick(&["", " x y", " x"])),
            17 => format!("INCR {key}"),
            18 => format!("INCRBY {key} {value}"),
            19 => format!("LPOP {key}{}", self.pick(&["", "", " 2", " 0", " x", " 1 1"])),
            20 => format!("LPUSH {key} {value} {other}"),
            21 => {
                let first = self.pick(&["0", "1", "-2", "9", "x"]);
                format!("LRANGE {key} {first} {}", self.pick(&["-1", "1", "0", "-9", "01"]))
            }
            22..25 => format!("MGET {}", self.keys(3).join(" ")),
            25 | 26 => {
                let pairs: Vec<_> =
                    self.keys(3).into_iter().map(|key| format!("{key} {}", self.value())).collect();
                format!("MSET {}{}", pairs.join(" "), self.pick(&["", "", "", &format!(" {key}")]))
            }
            27 => self
                .pick(&["PING", "PING a", "PING a b", "SELECT 0", "SELECT 1", "CLIENT SETNAME me"])
                .to_owned(),
            28 => format!("RPUSH {key} {value}"),
            29 | 30 => format!("SADD {key} {value} {other}"),
            31 => format!("SMEMBERS {key}"),
            32 => format!("STRLEN {key}"),
            33 => format!("{} {}", self.pick(&["TOUCH", "UNLINK"]), self.keys(3).join(" ")),
            34 => format!("TYPE {key}"),
            35 => return self.script(&key),
            _ => format!(
                "SET {key} {value}{}",
                self.pick(&["", "", "", " NX", " XX", " nx xx", " BAD"])
            ),
        };
        words(&text)
    }

    fn script(&mut self, key: &str) -> Vec<Word> {
        let script = "redis.call('APPEND', KEYS[1], ARGV[1]) return redis.error_reply(ARGV[2])";
        let forged =
            self.pick(&["MOVED 1 1.1.1.1:1", "ASK 1 1.1.1.1:1", "TRYAGAIN not now", "ODD thing"]);
        let name = hashslot::Script::new(script).sha1().to_owned();
        let (command, what) =
            if self.dice.one_in(2) { ("EVAL", script) } else { ("EVALSHA", &*name) };
        vec![command.into(), what.into(), "1".into(), key.into(), "5,".into(), forged.into()]
    }

    fn greeting(&mut self) -> Vec<Word> {
        words(self.pick(&[
            "HELLO",
            "HELLO 2",
            "HELLO 3",
            "HELLO 3",
            "HELLO 4",
            "HELLO x",
            "HELLO 3 SETNAME a",
            "HELLO 3 BAD",
        ]))
    }

    /// A change to the state of a slot that is the same whatever the nodes' epochs are.
    fn on_slot(&mut self) -> Vec<Word> {
        let slot = slot_of(self.tag());
        let state = self.pick(&["MIGRATING", "MIGRATING", "IMPORTING", "IMPORTING", "STABLE"]);
        let mut command = words(&format!("CLUSTER SETSLOT {slot} {state}"));
        if state != "STABLE" {
            command.push(Word::Id(self.dice.index(NODE_COUNT)));
        }
        match self.dice.below(25) {
            0 => drop(command.pop()),
            1 => command.push("more".into()),
            2 => command[2] = "16384".into(),
            3 => command[2] = "x".into(),
            4 => command[3] = "BAD".into(),
            5 => command[1] = "BAD".into(),
            6 if command.len() == 5 => command[4] = "nobody".into(),
            _ => {}
        }
        command
    }

    /// `CLUSTER SETSLOT slot NODE id`, where it can have one end only.
    fn assignment(&mut self) -> io::Result<Vec<Word>> {
        let slot = slot_of(TAGS[self.dice.index(TAGS.len())]);
        let owners = self.model.owners(&[slot])?;
        let mut choices = Vec::new();
        for (node, owner) in owners.into_iter().enumerate() {
            let Some(connection) = CONNECTIONS.iter().position(|of| *of == node) else { continue };
            if self.queued[connection].is_some() {
                continue;
            }
            // Nothing changes, but that it may end a migration.
            choices.extend(owner.map(|owner| (connection, owner)));
            if owner == Some(node) {
                let count = words(&format!("CLUSTER COUNTKEYSINSLOT {slot}"));
                let has_keys = self.model.ask(node, &count)?.integer() > Some(0);
                // Valkey 9: the other node may find out by itself that the slot is its own now.
                if self.version == Version::Valkey9 && !has_keys {
                    continue;
                }
                choices.push((connection, (node + 1) % NODE_COUNT)); // it resigns, if it has no keys
            } else if self.model.imports(node, slot)? {
                choices.extend([(connection, node); 3]);
            }
        }
        let choice = self.dice.index(choices.len());
        let Some((connection, owner)) = choices.get(choice) else { return Ok(words("PING")) };
        self.here = *connection;
        let mut command = words(&format!("CLUSTER SETSLOT {slot} NODE"));
        command.push(Word::Id(*owner));
        Ok(command)
    }

    fn migration(&mut self) -> Vec<Word> {
        let tag = self.tag();
        let key = self.key(tag);
        let to = (CONNECTIONS[self.here] + 1 + self.dice.index(2)) % NODE_COUNT;
        let db = if self.dice.one_in(20) { "1" } else { "0" };
        let mut command = vec!["MIGRATE".into(), Word::Host(to), Word::Port(to)];
        command.extend([key.into(), db.into(), "1000".into()]);
        match self.dice.below(16) {
            0 => command.push("COPY".into()),
            1 | 2 => command.push("REPLACE".into()),
            3 => command.push("BAD".into()),
            4 => command[5] = "x".into(),
            5 => command[4] = "x".into(),
            6 => command[2] = "1".into(), // no node listens there
            7 => drop(command.pop()),
            _ => {}
        }
        command
    }

    fn about_cluster(&mut self) -> Vec<Word> {
        let tag = self.tag();
        let slot = slot_of(tag);
        words(&match self.dice.below(10) {
            0 => format!("CLUSTER KEYSLOT {}", self.key(tag)),
            1..4 => format!("CLUSTER COUNTKEYSINSLOT {slot}"),
            4 => "CLUSTER MYID".to_owned(),
            5 => "CLUSTER SLOTS".to_owned(),
            7 => format!("CLUSTER COUNTKEYSINSLOT {}", self.pick(&["16384", "-1", "x"])),
            8 => format!(
                "CLUSTER {}",
                self.pick(&["KEYSLOT", "MYID x", "SLOTS x", "NODES x", "COUNTKEYSINSLOT"])
            ),
            _ => "CLUSTER NODES".to_owned(),
        })
    }

    /// What no server understands.
    fn nonsense(&mut self) -> Vec<Word> {
        words(self.pick(&[
            "NOSUCH",
            "NOSUCH {b}1",
            "GET",
            "GET {b}1 {b}2",
            "SET {b}1",
            "ASKING x",
            "MULTI x",
            "EXEC x",
            "DISCARD x",
            "READONLY x",
            "CLUSTER",
            "CLUSTER NOSUCH",
            "DEL",
            "MGET",
            "MSET {b}1",
            "HSET {b}1 a",
            "LPUSH {b}1",
            "ECHO",
            "DBSIZE x",
            "EVAL x",
            "CLIENT",
            "CLIENT NOSUCH",
            "MIGRATE a b",
            "TYPE",
        ]))
    }
}

/// A reply as it can be compared; of a transaction, the replies in it.
fn compared(
    side: &impl Side,
    words: &[Word],
    queued: Option<&[Vec<Word>]>,
    reply: &Reply,
) -> Reply {
    match (queued, reply) {
        (Some(queued), Reply::Array(Some(replies))) if queued.len() == replies.len() => {
            let each = queued.iter().zip(replies);
            Reply::Array(Some(
                each.map(|(words, reply)| side.names().compared(words, reply)).collect(),
            ))
        }
        _ => side.names().compared(words, reply),
    }
}

fn is_text(word: &Word, text: &str) -> bool {
    matches!(word, Word::Text(bytes) if bytes.eq_ignore_ascii_case(text.as_bytes()))
}

fn shown(words: &[Word]) -> String {
    let word = |word: &Word| match word {
        Word::Text(text) => String::from_utf8_lossy(text).into_owned(),
        other => format!("{other:?}"),
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn brief(reply: &Reply) -> String {
    reply.text().unwrap_or_else(|| format!("{reply:?}")).chars().take(200).collect()
}
