//! Tests a transport of one's own against simulated clusters, without servers:
//! `cargo run --release --example transport --features sim`

#![expect(clippy::print_stdout, reason = "it tells what it found")]
#![expect(clippy::indexing_slicing, reason = "what goes wrong here is what is looked for")]
#![expect(clippy::wildcard_enum_match_arm, reason = "other actions need nothing to be done")]

use std::collections::BTreeMap;
use std::time::Duration;

use hashslot::sim::{ConnectionId, Event, Oracle, Profile, Workload, World};
use hashslot::{Action, Cluster, Config, LinkId};

/// What is tested: it carries bytes and time between the machine and the network.
struct Transport {
    cluster: Cluster<usize>,
    open: BTreeMap<LinkId, ConnectionId>,
    answered: usize,
}

impl Transport {
    fn carry_out(&mut self, action: Action<usize>, world: &mut World, oracle: &mut Oracle) {
        match action {
            Action::Connect { link, address } => {
                self.open.insert(link, world.dial(&address, 0));
            }
            Action::SendToNode { link } => self.send(link, world),
            Action::Close { link } => {
                self.open.remove(&link).into_iter().for_each(|id| world.close(id));
                oracle.disturbed(0);
            }
            Action::Complete { token, outcome } => {
                self.answered += usize::from(outcome.is_ok());
                oracle.completed(world.now(), token, outcome);
            }
            _ => {}
        }
    }

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

    fn hear(&mut self, event: &Event, world: &mut World, oracle: &mut Oracle) {
        let mut links = self.open.iter();
        let Some((&link, _)) = links.find(|(_, id)| **id == event.connection()) else { return };
        match event {
            Event::Connected(_) => self.cluster.handle_connected(world.now(), link),
            Event::Received(_, bytes) => self.cluster.handle_received(world.now(), link, bytes),
            Event::Writable(_) => self.send(link, world),
            Event::Closed(_, cause) => {
                self.open.remove(&link);
                self.cluster.handle_closed(world.now(), link, *cause);
                oracle.disturbed(0);
            }
            _ => {}
        }
    }
}

/// Makes a hundred calls, and tells how many were answered.
fn test(seed: u64, profile: Profile) -> Result<usize, Vec<String>> {
    let mut world = World::new(seed, profile);
    let (mut oracle, mut workload) = (Oracle::default(), Workload::new(seed, profile.faults()));
    let cluster = Cluster::new(world.now(), Config::default(), world.seeds().to_vec(), seed);
    let cluster = cluster.expect("the seeds are well-formed");
    let mut transport = Transport { cluster, open: BTreeMap::new(), answered: 0 };
    let (mut calls, mut next) = (0, world.now());
    while calls < 100 || oracle.open_count() > 0 || !world.is_at_peace() {
        if calls < 100 && world.now() >= next {
            let planned = workload.next_call();
            let call = planned.call();
            let token = oracle.submitted(world.now(), 0, planned, false);
            transport.cluster.submit(world.now(), call, token).expect("there is room");
            (calls, next) = (calls + 1, next + Duration::from_millis(100));
        }
        while let Some(action) = transport.cluster.poll_action() {
            transport.carry_out(action, &mut world, &mut oracle);
        }
        let until = transport.cluster.poll_timeout().filter(|at| calls == 100 || *at < next);
        match world.next_event(until.or(Some(next))) {
            Some(event) => transport.hear(&event, &mut world, &mut oracle),
            None => transport.cluster.handle_timeout(world.now()),
        }
    }
    oracle.judge(&world).map(|()| transport.answered)
}

fn main() {
    let mut answered = 0;
    for seed in 0..300 {
        for profile in [Profile::Reshard, Profile::Failover, Profile::FlakyNetwork] {
            let result = test(seed, profile);
            answered += result.unwrap_or_else(|found| panic!("seed {seed}, {profile}: {found:#?}"));
        }
    }
    println!("{answered} of 90000 calls answered, and nothing told that is not true");
}
