//! Tests a transport of one's own against simulated clusters, without servers:
//! `cargo run --release --example transport --features sim`
//!
//! Copy it, and put your transport in the place of `Loop`.

#![expect(clippy::print_stdout, reason = "it tells what it found")]
#![expect(clippy::indexing_slicing, reason = "what goes wrong here is what is looked for")]
#![expect(clippy::wildcard_enum_match_arm, reason = "other actions need nothing to be done")]

use std::collections::BTreeMap;
use std::time::Duration;

use hashslot::sim::{ConnectionId, Oracle, Profile, SocketEvent, Workload, World};
use hashslot::{Action, Cluster, Config, Instant, LinkId};

/// The world and the oracle tell clients apart by their numbers. There is one client here.
const CLIENT: usize = 0;
/// How many calls a test makes, one every 100 ms.
const CALL_COUNT: usize = 100;

/// What is tested: it carries bytes and time between the machine and the network.
trait Transport {
    fn new(cluster: Cluster<usize>) -> Self;
    fn cluster(&mut self) -> &mut Cluster<usize>;

    /// Carries out every action: dials, writes and closes in `world`. Tells the end of each call
    /// and of each connection to `oracle`. Returns when the machine's next timer is due.
    fn turn(&mut self, world: &mut World, oracle: &mut Oracle) -> Option<Instant>;

    /// Tells the machine what has happened in the network.
    fn hear(&mut self, event: &SocketEvent, world: &mut World, oracle: &mut Oracle);
}

/// Makes the calls, and tells how many were answered.
fn test<T: Transport>(seed: u64, profile: Profile) -> Result<usize, Vec<String>> {
    let mut world = World::new(seed, profile);
    let (mut oracle, mut workload) = (Oracle::default(), Workload::new(seed, profile.faults()));
    let cluster = Cluster::new(Config::default(), world.seeds().to_vec(), seed);
    let mut transport = T::new(cluster.expect("the seeds are well-formed"));
    let (mut made, mut next_call) = (0, world.now());
    while made < CALL_COUNT || oracle.open_count() > 0 || !world.is_at_peace() {
        if made < CALL_COUNT && world.now() >= next_call {
            let planned = workload.next_call();
            let call = planned.call();
            let token = oracle.submitted(world.now(), CLIENT, planned);
            transport.cluster().submit(world.now(), call, token).expect("there is room");
            (made, next_call) = (made + 1, next_call + Duration::from_millis(100));
        }
        let timer = transport.turn(&mut world, &mut oracle);
        // Time passes up to the next thing to do. After the last call that is a timer, and no call.
        let next_call = (made < CALL_COUNT).then_some(next_call);
        match world.next_event(timer.into_iter().chain(next_call).min()) {
            Some(event) => transport.hear(&event, &mut world, &mut oracle),
            None => transport.cluster().handle_timeout(world.now()),
        }
    }
    oracle.judge(&world).map(|()| oracle.answered_count())
}

/// A transport that does it right.
struct Loop {
    cluster: Cluster<usize>,
    open: BTreeMap<LinkId, ConnectionId>,
}

impl Transport for Loop {
    fn new(cluster: Cluster<usize>) -> Self {
        Self { cluster, open: BTreeMap::new() }
    }

    fn cluster(&mut self) -> &mut Cluster<usize> {
        &mut self.cluster
    }

    fn turn(&mut self, world: &mut World, oracle: &mut Oracle) -> Option<Instant> {
        while let Some(action) = self.cluster.poll_action() {
            match action {
                Action::Connect { link, address } => {
                    self.open.insert(link, world.dial(&address, CLIENT));
                }
                Action::SendToNode { link } => self.send(link, world),
                Action::Close { link } => {
                    self.open.remove(&link).into_iter().for_each(|id| world.close(id));
                    oracle.disturbed(CLIENT);
                }
                Action::Complete { token, outcome } => {
                    oracle.completed(world.now(), token, outcome);
                }
                _ => {}
            }
        }
        self.cluster.poll_timeout()
    }

    fn hear(&mut self, event: &SocketEvent, world: &mut World, oracle: &mut Oracle) {
        let mut links = self.open.iter();
        let Some((&link, _)) = links.find(|(_, id)| **id == event.connection()) else { return };
        match event {
            SocketEvent::Connected(_) => self.cluster.handle_connected(world.now(), link),
            SocketEvent::Received(_, bytes) => {
                self.cluster.handle_received(world.now(), link, bytes);
            }
            SocketEvent::Writable(_) => self.send(link, world),
            SocketEvent::Closed(_, cause) => {
                self.open.remove(&link);
                self.cluster.handle_closed(world.now(), link, cause.clone());
                oracle.disturbed(CLIENT);
            }
            _ => {}
        }
    }
}

impl Loop {
    fn send(&mut self, link: LinkId, world: &mut World) {
        let mut slices: [&[u8]; 1] = [&[]];
        if self.cluster.sendable(link, &mut slices) > 0 {
            let (offered, taken) = (slices[0].len(), world.write(self.open[&link], slices[0]));
            self.cluster.handle_sent(world.now(), link, taken);
            if taken == offered {
                self.send(link, world); // else the rest when it is writable
            }
        }
    }
}

/// Tests these seeds with each profile, and tells how many calls were answered.
pub(crate) fn run(seeds: std::ops::Range<u64>) -> usize {
    let mut answered = 0;
    for seed in seeds {
        for profile in [Profile::Reshard, Profile::Failover, Profile::FlakyNetwork] {
            let result = test::<Loop>(seed, profile);
            answered += result.unwrap_or_else(|found| panic!("seed {seed}, {profile}: {found:#?}"));
        }
    }
    answered
}

fn main() {
    let answered = run(0..300);
    println!("{answered} of 90000 calls answered, and nothing told that is not true");
}
