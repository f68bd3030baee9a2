//! Nodes that do at random what harms a client: every call ends and says the truth, and all is well
//! again when they behave.
//!
//! Each adapter has a few cases. `HASHSLOT_MISDEEDS=100..200 cargo test --all-features misdeeds`
//! runs those of other seeds.

use std::collections::BTreeSet;
use std::env;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use hashslot::{Config, Error};

use super::adapter::{Adapter, Client, on_every_adapter};
use super::tasks::Tasks;
use super::{Done, Failure, connect_to, run, until};
use crate::servers::fake::{
    Bound, FakeNode, Reaction, Request, answers_handshake, cluster_slots, lock,
};
use crate::servers::slots::{key_in_slot, share, slot_of};

const NODE_COUNT: usize = 3;
const KEY_COUNT: usize = 24;
/// Callers at a time, and what each of them does.
const CALLER_COUNT: usize = 8;
const CALL_COUNT: usize = 20;
/// Connections that a client may have.
const CONNECTION_COUNT_MAX: usize = 16;
/// A reply that came in place of another, or behind it.
const SPARE: &str = "spare";

/// The nodes of a case, and what they know.
struct Case {
    seed: u64,
    ports: [u16; NODE_COUNT],
    is_over: AtomicBool,
    /// Connections on which a node has swallowed a command: if it answered the next one, no client
    /// could tell which reply is missing.
    mute: Mutex<BTreeSet<(u16, usize)>>,
    /// How often each key was counted up.
    counts: Vec<AtomicUsize>,
}

/// Numbers that look random: a step of `SplitMix64`.
const fn mix(mut number: u64) -> u64 {
    number = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// Draws one number after another.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = mix(self.0);
        let bound = u64::try_from(bound).expect("is small");
        usize::try_from((self.0 >> 16) % bound).expect("is small")
    }

    fn pick<'a, V: ?Sized>(&mut self, choices: &[&'a V]) -> &'a V {
        choices[self.below(choices.len())]
    }
}

/// The keys of all cases, spread over all nodes.
fn keys() -> &'static [String] {
    static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let key = |number: usize| {
            let (first, last) = share(number % NODE_COUNT, NODE_COUNT);
            let step = u16::try_from(number).expect("is small") * 97;
            key_in_slot(first + step % (last - first), "k")
        };
        (0..KEY_COUNT).map(key).collect()
    });
    &KEYS
}

fn value_of(key: &str) -> String {
    format!("the value of {key}")
}

impl Case {
    fn slots(&self) -> Vec<(u16, u16, u16)> {
        let owned = |(index, port): (usize, &u16)| {
            let (first, last) = share(index, NODE_COUNT);
            (first, last, *port)
        };
        self.ports.iter().enumerate().map(owned).collect()
    }

    fn owner(&self, key: &str) -> u16 {
        let slot = slot_of(key);
        let slots = self.slots();
        let mut owner = slots.iter().filter(|(first, last, _)| (*first..=*last).contains(&slot));
        owner.next().expect("every slot has an owner").2
    }

    /// What a node answers that means well. What it runs, it has run.
    fn honest(&self, request: &Request) -> Reaction {
        if let Some(reaction) = answers_handshake(request, &self.slots()) {
            return reaction;
        }
        let key = request.arg(1);
        let owner = self.owner(&key);
        if owner != request.port {
            return Reaction::line(&format!("-MOVED {} 127.0.0.1:{owner}", slot_of(&key)));
        }
        if request.is("GET") {
            return Reaction::bulk(value_of(&key).as_bytes());
        }
        let number = keys().iter().position(|known| *known == key).expect("is a key of all cases");
        let before = self.counts[number].fetch_add(1, Ordering::SeqCst);
        Reaction::line(&format!(":{}", before + 1))
    }

    fn react(&self, request: &Request) -> Reaction {
        let connection = (request.port, request.connection);
        if lock(&self.mute).contains(&connection) {
            return Reaction::Silent;
        }
        let reaction = self.react_at_random(request);
        if reaction == Reaction::Silent {
            lock(&self.mute).insert(connection);
        }
        reaction
    }

    fn react_at_random(&self, request: &Request) -> Reaction {
        let index = self.ports.iter().position(|port| *port == request.port).unwrap_or_default();
        let numbers = [self.seed, index as u64, request.connection as u64, request.index as u64];
        let mut draws = Draws(numbers.into_iter().fold(0, |mixed, number| mix(mixed ^ number)));
        // In some cases nodes do nearly nothing right.
        let rate = 4 + usize::try_from(self.seed % 5).expect("is small") * 7;
        if self.is_over.load(Ordering::SeqCst) || draws.below(rate) > 0 {
            return self.honest(request);
        }
        if draws.below(2) == 0 {
            return self.refuse(&mut draws, request);
        }
        self.spoil(&mut draws, request)
    }

    /// Answers with something else, and runs nothing.
    fn refuse(&self, draws: &mut Draws, request: &Request) -> Reaction {
        let (key, own) = (request.arg(1), request.port);
        let (slot, other) = (slot_of(&key), self.ports[draws.below(NODE_COUNT)]);
        if request.is("CLUSTER SLOTS") {
            return Reaction::Reply(self.made_up(draws).into_bytes());
        }
        let redirections = [
            format!("-MOVED {slot} 127.0.0.1:{own}"),
            format!("-MOVED {slot} 127.0.0.1:{other}"),
            format!("-MOVED {slot} 127.0.0.1:1"),
            format!("-MOVED {} 127.0.0.1:{other}", slot ^ 1),
            format!("-MOVED {slot} ?:{own}"),
            format!("-ASK {slot} 127.0.0.1:{other}"),
            format!("-ASK {slot} 127.0.0.1:1"),
            format!("-MOVED {slot} 2130706433:{other}"),
        ];
        let refusals = [
            "-LOADING Redis is loading the dataset in memory",
            "-CLUSTERDOWN The cluster is down",
            "-TRYAGAIN Multiple keys request during rehashing of slot",
            "-READONLY You can't write against a read only replica.",
            "-NOAUTH Authentication required.",
            "-ERR max number of clients reached",
            "-WRONGPASS \x1b[31mred\x07\u{202e}",
            "-NOPROTO unsupported protocol version",
            "-MOVED",
            "-",
        ];
        match draws.below(3) {
            0 => Reaction::line(&redirections[draws.below(redirections.len())]),
            1 => Reaction::line(draws.pick(&refusals)),
            _ => Reaction::Silent,
        }
    }

    /// A topology that no cluster has.
    fn made_up(&self, draws: &mut Draws) -> String {
        let count = [1, 20, 300][draws.below(3)];
        let from = draws.below(200);
        match draws.below(3) {
            0 => "*0\r\n".into(),
            1 => cluster_slots(&[(0, 16_383, self.ports[draws.below(NODE_COUNT)])]),
            _ => {
                let rows = (0..count).map(|index| {
                    let host = format!("127.7.{}.{}", from, index % 250 + 1);
                    let port = 1 + index / 250;
                    format!(
                        "*3\r\n:{index}\r\n:{index}\r\n*2\r\n${}\r\n{host}\r\n:{port}\r\n",
                        host.len()
                    )
                });
                format!("*{count}\r\n{}", rows.collect::<String>())
            }
        }
    }

    /// Does what is asked for, and something is wrong with the reply.
    fn spoil(&self, draws: &mut Draws, request: &Request) -> Reaction {
        let Reaction::Reply(mut reply) = self.honest(request) else { return Reaction::Close };
        let garbage: [&[u8]; 7] = [
            b"$-5\r\n",
            b"!!\r\n",
            b"*-2\r\n",
            b"$99999999999\r\nxxx",
            b"$400000000\r\nxxx",
            b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
            b"\x16\x03\x01\x02\x00",
        ];
        match draws.below(8) {
            0 => Reaction::ReplyThenClose(draws.pick(&garbage).to_vec()),
            1 => {
                reply.truncate(reply.len() / 2);
                Reaction::ReplyThenClose(reply)
            }
            2 => Reaction::Close,
            3 => Reaction::Silent,
            4 if request.protocol == 3 => {
                let push = b">2\r\n$7\r\nmessage\r\n$5\r\nhello\r\n".repeat(1 + draws.below(50));
                Reaction::Reply([push, reply].concat())
            }
            5 => Reaction::Drip(reply),
            6 => {
                thread::sleep(Duration::from_millis(20 * (1 + draws.below(30)) as u64));
                Reaction::Reply(reply)
            }
            // One reply more than there were commands: it answers whatever comes next, or nothing.
            _ => Reaction::ReplyThenClose([&reply[..], b"+", SPARE.as_bytes(), b"\r\n"].concat()),
        }
    }
}

/// What became of the counting of a key.
#[derive(Debug, Default)]
struct Counted {
    answered: usize,
    perhaps: usize,
}

const fn wary(config: &mut Config) {
    config.call_timeout = Duration::from_secs(2);
    config.connect_timeout = Duration::from_millis(500);
    config.stall_timeout = Duration::from_millis(300);
    config.min_refresh_interval = Duration::from_millis(20);
    config.max_connections = CONNECTION_COUNT_MAX;
    config.max_nodes = 400;
    config.limits.max_frame_bytes = 1 << 20;
    config.limits.max_depth = 8;
    config.max_received_bytes = 4 << 20;
}

/// A text of an error is one line, of a length that a log bears.
fn check_text(error: &Error) {
    let text = error.to_string();
    assert!(!text.chars().any(char::is_control) && !text.contains('\u{202e}'), "{text:?}");
    assert!(text.len() < 2_000, "{text}");
}

/// Reads and counts for a while: what became of each key that it counted up.
async fn use_keys<C: Client>(client: C, seed: u64) -> Result<Vec<(usize, Counted)>, Failure> {
    let mut draws = Draws(seed);
    let mut counted = Vec::new();
    for _ in 0..CALL_COUNT {
        let number = draws.below(KEY_COUNT);
        let key = &keys()[number];
        if draws.below(2) == 0 {
            match client.get::<String>(key).await {
                Ok(value) => assert!(value == value_of(key) || value == SPARE, "{key}: {value}"),
                Err(error) => check_text(&error),
            }
            continue;
        }
        let ended = client.incr(key).await;
        ended.as_ref().err().into_iter().for_each(check_text);
        let answered = usize::from(ended.is_ok());
        let perhaps = usize::from(ended.is_err_and(|error| error.may_have_executed()));
        counted.push((number, Counted { answered, perhaps }));
    }
    Ok(counted)
}

async fn run_case<A: Adapter>(seed: u64) -> Done {
    let bound: Vec<_> = (0..NODE_COUNT).map(|_| Bound::new()).collect::<Result<_, _>>()?;
    let ports: Vec<_> = bound.iter().map(Bound::port).collect();
    let case = Arc::new(Case {
        seed,
        ports: ports.try_into().map_err(|_| "another number of nodes")?,
        is_over: AtomicBool::new(false),
        mute: Mutex::default(),
        counts: (0..KEY_COUNT).map(|_| AtomicUsize::new(0)).collect(),
    });
    let nodes = bound.into_iter().map(|bound| {
        let case = Arc::clone(&case);
        bound.start(move |request| case.react(request))
    });
    let nodes: Vec<FakeNode> = nodes.collect::<Result<_, _>>()?;
    let seeds: Vec<_> = nodes.iter().map(FakeNode::address).collect();
    let client = if let Ok(client) = connect_to::<A>(&seeds, wary).await {
        client
    } else {
        // It met nothing but misdeeds. Nodes that behave are reached.
        case.is_over.store(true, Ordering::SeqCst);
        connect_to::<A>(&seeds, wary).await?
    };
    let mut callers = Tasks::new();
    for caller in 0..CALLER_COUNT {
        let (client, seed) = (client.clone(), mix(seed ^ mix(caller as u64)));
        callers.spawn::<A>(use_keys(client, seed));
    }
    let mut counted: Vec<Counted> = (0..KEY_COUNT).map(|_| Counted::default()).collect();
    while let Some(ended) = callers.join_next().await {
        for (number, of_one) in ended?? {
            counted[number].answered += of_one.answered;
            counted[number].perhaps += of_one.perhaps;
        }
    }
    case.is_over.store(true, Ordering::SeqCst);
    for (number, counted) in counted.iter().enumerate() {
        let ran = case.counts[number].load(Ordering::SeqCst);
        let (least, most) = (counted.answered, counted.answered + counted.perhaps);
        assert!((least..=most).contains(&ran), "{}: {counted:?}, ran {ran} times", keys()[number]);
    }
    until::<A>("all keys are read", async || {
        for key in keys() {
            match client.get::<String>(key).await {
                Ok(value) if value == value_of(key) => {}
                Ok(value) => return Err(format!("{key}: {value} at the end").into()),
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    })
    .await?;
    client.close().await;
    Ok(())
}

/// The seeds of this run: a few that are always the same, or those that are asked for.
fn seeds() -> Result<Range<u64>, Failure> {
    let Ok(asked) = env::var("HASHSLOT_MISDEEDS") else { return Ok(1..4) };
    let (first, end) = asked.split_once("..").ok_or("HASHSLOT_MISDEEDS is FIRST..END")?;
    Ok(first.parse()?..end.parse()?)
}

fn calls_end_and_say_the_truth<A: Adapter>() -> Done {
    for seed in seeds()? {
        run::<A>(run_case::<A>(seed)).map_err(|failure| format!("case {seed}: {failure}"))?;
    }
    Ok(())
}

on_every_adapter! {
    calls_end_and_say_the_truth,
}
