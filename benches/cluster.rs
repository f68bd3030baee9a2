//! What the machine alone costs: calls in, bytes out, replies in, outcomes out; no sockets.
//!
//! `cargo bench --bench cluster` prints time and allocations per call. Instructions are counted with
//! `valgrind --tool=callgrind --toggle-collect='*measured*' target/release/deps/cluster-* CASE RUNS`:
//! the case runs alone, so many times.

mod report;

use std::hint::black_box;

use hashslot::{Action, Address, Call, Cluster, Command, Config, Instant, LinkId};

const TOPOLOGY: &str = "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:7000\r\n\
    $40\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";

/// A machine that knows a cluster of one node.
struct Bench {
    cluster: Cluster<u32>,
    link: LinkId,
    value: Vec<u8>,
    replies: Vec<u8>,
}

impl Bench {
    fn new(value_len: usize) -> Self {
        let seed: Address = "127.0.0.1:7000".parse().expect("is an address");
        let now = Instant::EPOCH;
        let mut cluster =
            Cluster::new(now, Config::default(), vec![seed], 1).expect("is a configuration");
        cluster.submit(now, Call::discovery(), 0).expect("is taken");
        let mut link = None;
        while let Some(action) = cluster.poll_action() {
            if let Action::Connect { link: id, .. } = action {
                link = Some(id);
            }
        }
        let link = link.expect("dials its seed");
        let value = vec![b'v'; value_len];
        let mut replies = Vec::new();
        hashslot::resp::encode::bulk(&mut replies, &value);
        let mut bench = Self { cluster, link, value, replies };
        bench.cluster.handle_connected(now, link);
        let handshake = "%1\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n+OK\r\n+OK\r\n";
        for reply in [handshake, TOPOLOGY, "-ERR not here\r\n"] {
            bench.drain(); // what is answered has to have left
            bench.cluster.handle_received(now, link, reply.as_bytes());
        }
        bench.drain();
        bench
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

    /// One command and its reply.
    #[inline(never)]
    fn measured_get(&mut self) {
        let call = Call::new(Command::get(black_box("user:12345678901")));
        self.cluster.submit(Instant::EPOCH, call, 7).expect("is taken");
        self.drain();
        self.cluster.handle_received(Instant::EPOCH, self.link, &self.replies);
        assert_eq!(self.drain(), 1, "one reply, one outcome");
    }

    #[inline(never)]
    fn measured_set(&mut self) {
        let call = Call::new(Command::set("user:12345678901", black_box(self.value.as_slice())));
        self.cluster.submit(Instant::EPOCH, call, 7).expect("is taken");
        self.drain();
        self.cluster.handle_received(Instant::EPOCH, self.link, b"+OK\r\n");
        assert_eq!(self.drain(), 1, "one reply, one outcome");
    }

    /// A hundred commands that leave together, and their replies in one read.
    #[inline(never)]
    fn measured_get_100(&mut self, replies: &[u8]) {
        for token in 0..100 {
            let call = Call::new(Command::get(black_box("user:12345678901")));
            self.cluster.submit(Instant::EPOCH, call, token).expect("is taken");
        }
        self.drain();
        self.cluster.handle_received(Instant::EPOCH, self.link, replies);
        assert_eq!(self.drain(), 100, "as many outcomes as calls");
    }

    /// The same as one batch.
    #[inline(never)]
    fn measured_batch_100(&mut self, replies: &[u8]) {
        let commands = (0..100).map(|_| Command::get(black_box("user:12345678901")));
        self.cluster.submit(Instant::EPOCH, Call::batch(commands), 7).expect("is taken");
        self.drain();
        self.cluster.handle_received(Instant::EPOCH, self.link, replies);
        assert_eq!(self.drain(), 1, "one batch, one outcome");
    }
}

/// A case by its name: what it runs, and how many calls that is.
fn case(name: &str) -> (Box<dyn FnMut()>, u32) {
    let mut bench = Bench::new(64);
    let hundred = bench.replies.repeat(100);
    match name {
        "get" => (Box::new(move || bench.measured_get()), 1),
        "set" => (Box::new(move || bench.measured_set()), 1),
        "get-100" => (Box::new(move || bench.measured_get_100(&hundred)), 100),
        "batch-100" => (Box::new(move || bench.measured_batch_100(&hundred)), 100),
        _ => panic!("unknown case {name}: get, set, get-100 or batch-100"),
    }
}

fn main() {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    if let (Some(name), Some(runs)) = (words.next(), words.next()) {
        let (mut run, _) = case(&name);
        (0..runs.parse().expect("is a number")).for_each(|_: u32| run());
        return;
    }
    report::head("machine, per call");
    for name in ["get", "set", "get-100", "batch-100"] {
        let (mut run, calls) = case(name);
        (0..1000).for_each(|_| run());
        report::report(name, calls, run);
    }
}
