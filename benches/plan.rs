//! What a command over many slots costs in the machine alone, beside one of one slot and a batch:
//! planned, split, sent to three nodes, answered and put together; no sockets.
//!
//! `cargo bench --bench plan` prints time and allocations per call. Instructions are counted with
//! `valgrind --tool=callgrind --toggle-collect='*measured*' target/release/deps/plan-* CASE RUNS`:
//! the case runs alone, so many times. `callgrind_annotate --inclusive=yes` tells what of that is
//! `plan`, and what is `merge`.

mod report;

use std::hint::black_box;
use std::ops::Range;

use hashslot::{Action, Address, Call, Cluster, Command, Config, Instant, LinkId, Slot};

const TOPOLOGY: &str = "*3\r\n\
    *3\r\n:0\r\n:5460\r\n*2\r\n$9\r\n127.0.0.1\r\n:7000\r\n\
    *3\r\n:5461\r\n:10922\r\n*2\r\n$9\r\n127.0.0.1\r\n:7001\r\n\
    *3\r\n:10923\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:7002\r\n";

/// The index of the node that serves a key.
fn node_of(key: &str) -> usize {
    usize::from(Slot::of_key(key.as_bytes()).number() / 5461).min(2)
}

/// A machine that knows a cluster of three nodes, and has a connection to each.
struct Bench {
    cluster: Cluster<u32>,
    links: Vec<LinkId>,
}

impl Bench {
    fn new() -> Self {
        let now = Instant::EPOCH;
        let node = |index: u16| Address::new("127.0.0.1", 7000 + index).expect("is an address");
        let cluster = Cluster::new(now, Config::default(), vec![node(0)], 1);
        let mut bench = Self { cluster: cluster.expect("is a configuration"), links: Vec::new() };
        bench.cluster.submit(now, Call::discovery(), 0).expect("is taken");
        let first = bench.connect();
        bench.receive(first, TOPOLOGY.as_bytes());
        bench.receive(first, b"-ERR not here\r\n");
        bench.drain();
        for index in 0..3 {
            let call = Call::new(Command::new("PING")).on_node(node(index));
            bench.cluster.submit(now, call, 0).expect("is taken");
            let link = if index == 0 { first } else { bench.connect() };
            bench.receive(link, b"+PONG\r\n");
            assert_eq!(bench.drain(), 1, "the node is linked");
            bench.links.push(link);
        }
        bench
    }

    /// Opens the link that the machine wants.
    fn connect(&mut self) -> LinkId {
        let mut link = None;
        while let Some(action) = self.cluster.poll_action() {
            if let Action::Connect { link: id, .. } = action {
                link = Some(id);
            }
        }
        let link = link.expect("dials a node");
        self.cluster.handle_connected(Instant::EPOCH, link);
        self.receive(link, b"%1\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n+OK\r\n+OK\r\n");
        link
    }

    /// Bytes of a node, to what it was sent by now.
    fn receive(&mut self, link: LinkId, bytes: &[u8]) {
        self.drain();
        self.cluster.handle_received(Instant::EPOCH, link, bytes);
    }

    /// Takes what the machine says: the number of completed calls.
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else happens here")]
    fn drain(&mut self) -> u32 {
        let mut completed = 0;
        while let Some(action) = self.cluster.poll_action() {
            match action {
                Action::Complete { outcome, .. } => {
                    black_box(outcome).expect("is answered");
                    completed += 1;
                }
                Action::SendToNode { link } => {
                    let mut slices: [&[u8]; 64] = [&[]; 64];
                    let count = self.cluster.sendable(link, &mut slices);
                    let len = slices.iter().take(count).map(|slice| slice.len()).sum();
                    self.cluster.handle_sent(Instant::EPOCH, link, len);
                }
                _ => {}
            }
        }
        completed
    }

    /// A call, and what each node answers.
    #[inline(never)]
    fn measured(&mut self, call: Call, replies: &[Vec<u8>]) {
        self.cluster.submit(Instant::EPOCH, call, 7).expect("is taken");
        self.drain();
        for (link, replies) in self.links.iter().zip(replies) {
            if !replies.is_empty() {
                self.cluster.handle_received(Instant::EPOCH, *link, replies);
            }
        }
        assert_eq!(self.drain(), 1, "one call, one outcome");
    }
}

/// So many keys of 16 bytes, each of a slot of its own.
fn keys(count: usize) -> Vec<String> {
    let mut slots = Vec::new();
    let keys = (0..).map(|number| format!("user:{:011}", number * 7919_u64));
    let fresh = keys.filter(|key| {
        let slot = Slot::of_key(key.as_bytes());
        let is_new = !slots.contains(&slot);
        slots.push(slot);
        is_new
    });
    fresh.take(count).collect()
}

/// What each node answers, if it answers each of its keys so.
fn replies(keys: &[String], reply: &[u8]) -> Vec<Vec<u8>> {
    let mut replies = vec![Vec::new(); 3];
    for key in keys {
        if let Some(of_node) = replies.get_mut(node_of(key)) {
            of_node.extend_from_slice(reply);
        }
    }
    replies
}

/// A case by its name.
fn case(name: &str) -> Box<dyn FnMut()> {
    let mut bench = Bench::new();
    let mut value = Vec::new();
    hashslot::resp::encode::bulk(&mut value, &[b'v'; 64]);
    let in_array = |count: u8, values: &[u8]| [format!("*{count}\r\n").as_bytes(), values].concat();
    let mget = |keys: &[String]| Call::new(Command::new("MGET").args(black_box(keys)));
    match name {
        "get" => {
            let of_nodes = replies(&["user:12345678901".to_owned()], &value);
            let get = || Call::new(Command::get(black_box("user:12345678901")));
            Box::new(move || bench.measured(get(), &of_nodes))
        }
        "mget-2 of one slot" => {
            let keys = ["{user:1}:a".to_owned(), "{user:1}:b".to_owned()];
            let of_nodes = replies(&["user:1".to_owned()], &in_array(2, &value.repeat(2)));
            Box::new(move || bench.measured(mget(&keys), &of_nodes))
        }
        "mget-100 of one slot" => {
            let keys: Vec<_> = (0..100).map(|number| format!("{{user:1}}:{number:07}")).collect();
            let of_nodes = replies(&["user:1".to_owned()], &in_array(100, &value.repeat(100)));
            Box::new(move || bench.measured(mget(&keys), &of_nodes))
        }
        "mget-10" | "mget-100" => {
            let keys = keys(if name == "mget-10" { 10 } else { 100 });
            let of_nodes = replies(&keys, &in_array(1, &value));
            Box::new(move || bench.measured(mget(&keys), &of_nodes))
        }
        "batch-100" => {
            let keys = keys(100);
            let of_nodes = replies(&keys, &value);
            Box::new(move || {
                let gets = keys.iter().map(|key| Command::get(black_box(key)));
                bench.measured(Call::batch(gets), &of_nodes);
            })
        }
        "dbsize" => {
            let of_nodes = vec![b":1000\r\n".to_vec(); 3];
            Box::new(move || bench.measured(Call::new(Command::new("DBSIZE")), &of_nodes))
        }
        "slot-stats of all slots" => {
            let of_nodes = [0..5461, 5461..10923, 10923..16384].map(|slots: Range<u16>| {
                let head = format!("*{}\r\n", slots.len());
                let rows = slots.map(|slot| format!("*2\r\n:{slot}\r\n%1\r\n+key-count\r\n:1\r\n"));
                (head + &rows.collect::<String>()).into_bytes()
            });
            let words = ["SLOT-STATS", "ORDERBY", "key-count"];
            let command = move || Command::new("CLUSTER").args(words);
            Box::new(move || bench.measured(Call::new(command()), &of_nodes))
        }
        _ => panic!("unknown case {name}: one of {CASES:?}"),
    }
}

const CASES: [&str; 8] = [
    "get",
    "mget-2 of one slot",
    "mget-100 of one slot",
    "mget-10",
    "mget-100",
    "batch-100",
    "dbsize",
    "slot-stats of all slots",
];

fn main() {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    if let (Some(name), Some(runs)) = (words.next(), words.next()) {
        let mut run = case(&name);
        (0..runs.parse().expect("is a number")).for_each(|_: u32| run());
        return;
    }
    report::head("commands over three nodes, per call");
    for name in CASES {
        let mut run = case(name);
        (0..100).for_each(|_| run());
        report::report(name, 1, run);
    }
}
