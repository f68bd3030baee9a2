//! A driver in virtual time: clients, what they do, and what must hold after every step.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use super::client::{Client, Ledger, Socket};
use super::scenario::{Report, Scenario};
use super::walk::{self, Next, Walk};
use super::workload::{Planned, Workload};
use crate::action::{Action, Event, LinkId, Outcome, RedirectKind};
use crate::cluster::Cluster;
use crate::config::{Config, Protocol, ReadFrom};
use crate::error::Disconnect;
use crate::input::Input;
use crate::plan::Call;
use crate::sim::dice::Dice;
use crate::sim::judge::joint::Known;
use crate::sim::judge::oracle::Oracle;
use crate::sim::world::faults::Fault;
use crate::sim::world::names::DELAY_MAX;
use crate::sim::world::serve::TOO_LONG;
use crate::sim::world::{SocketEvent, World};
use crate::time::Instant;
use crate::topology::Node;

/// After so many inputs a run does not settle, it spins.
const INPUT_COUNT_MAX: u64 = 3_000_000;
/// How long the cluster has to be at peace before the last look at everything.
const REST: Duration = Duration::from_secs(12);
/// How long a cluster may take to come to peace after the last fault, and clients after that.
const SETTLING_MAX: Duration = Duration::from_secs(120);
/// How far time advances when no client has a timer and no plan is pending.
const TICK: Duration = Duration::from_secs(1);
/// Nodes that are asked in one round of the refresh.
const ASKED_PER_ROUND_MAX: u64 = 3;
/// How long a driver pauses at most, in milliseconds.
const PAUSE_MAX_MS: u64 = 45_000;
pub(in crate::sim) const PAUSE_MAX: Duration = Duration::from_millis(PAUSE_MAX_MS);
/// Longer than a stranger stays.
const TAKEOVER_DELAY: Duration = Duration::from_secs(8);

/// One run of a scenario.
#[derive(Debug)]
pub(super) struct Simulation {
    world: World,
    oracle: Oracle,
    workload: Workload,
    dice: Dice,
    clients: Vec<Client>,
    /// What clients do, and when.
    plans: BTreeMap<(Instant, u64), Deed>,
    plan_serial: u64,
    length: Duration,
    inputs: u64,
    calls: u64,
    answered: u64,
    /// Whether the cluster was found well after all faults, and asked for the last time.
    was_probed: bool,
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Submit {
        client: usize,
        count: u64,
    },
    Cancel {
        client: usize,
        call: usize,
    },
    /// A driver does nothing until then.
    Pause {
        client: usize,
        until: Instant,
        fault: Fault,
    },
    Resume {
        client: usize,
    },
    /// A driver tells its machine something that is late, early or said already.
    Stray {
        client: usize,
    },
    Reinit {
        client: usize,
    },
    /// A client begins to scan all keys, some at a time.
    Walk {
        client: usize,
        count: u32,
    },
    /// A client goes on with its scan.
    WalkOn {
        client: usize,
    },
}

impl Simulation {
    pub(super) fn new(scenario: &Scenario, choices: &[u8], keeps_trace: bool) -> Self {
        let world = scenario.world(choices, keeps_trace);
        let mut dice = Dice::new(scenario.seed ^ 0xD21E_0000_0000_0000);
        let seed = scenario.seed ^ 0x104D_0000_0000_0000;
        let workload = Workload::with_choices(choices, seed, scenario.faults);
        let client_count = 1 + dice.index(3);
        let mut simulation = Self {
            oracle: Oracle::with_patience(patience(scenario, &world)),
            workload,
            clients: Vec::new(),
            plans: BTreeMap::new(),
            plan_serial: 0,
            length: scenario.length(),
            inputs: 0,
            calls: 0,
            answered: 0,
            was_probed: false,
            world,
            dice,
        };
        for client in 0..client_count {
            let config = simulation.config(scenario);
            let seeds = simulation.world.seeds().to_vec();
            let seed = scenario.seed.wrapping_add(u64::try_from(client).unwrap_or(0));
            let machine = Cluster::new(config, seeds, seed).expect("is well-formed");
            simulation.clients.push(Client::new(machine));
        }
        simulation.plan_all(scenario);
        simulation
    }

    fn config(&mut self, scenario: &Scenario) -> Config {
        let dice = &mut self.dice;
        let mut config = Config {
            call_timeout: dice.millis(2000, 20_000) + delay_of_takeovers(scenario),
            connect_timeout: dice.millis(500, 4000) + delay_of_dials(scenario),
            stall_timeout: self.world.conditions.stall_timeout,
            ping_interval: dice.millis(500, 10_000),
            takeover_delay: TAKEOVER_DELAY,
            protocol: if dice.one_in(4) { Protocol::Resp2 } else { Protocol::Resp3 },
            ..Config::default()
        };
        if scenario.faults.has(Fault::ReplicaReads) && dice.one_in(2) {
            config.read_from = ReadFrom::PreferReplica;
        }
        if scenario.faults.has(Fault::SmallLimits) {
            config.max_in_flight = 1 + dice.index(6);
            config.max_in_flight_bytes = 60 + dice.index(1000);
            config.max_queued = 2 + dice.index(30);
            config.max_pending_calls = 4 + dice.index(60);
        }
        if scenario.faults.has(Fault::FewConnections) {
            // Where another cluster may answer, connections to this one tell that it is there: they
            // are not given up then.
            let others = [Fault::Stranger, Fault::Rebuild];
            let is_alone = !others.iter().any(|fault| scenario.faults.has(*fault));
            let few = 4 + dice.index(4);
            config.max_connections = if is_alone { few } else { self.world.nodes.len() + 4 };
            config.max_dials = 1 + dice.index(4);
            config.max_nodes = self.world.nodes.len();
            config.max_dial_rate = 5 + u32::try_from(dice.index(50)).unwrap_or(0);
            self.world.nemesis.count(Fault::FewConnections);
        }
        if scenario.faults.has(Fault::ManyLinks) {
            let client = u64::try_from(self.clients.len()).unwrap_or(0);
            let mut dice = Dice::new(scenario.seed ^ (0x1A9E << 48) ^ client);
            config.links_per_node = 1 + u8::try_from(dice.index(3)).unwrap_or(0);
            self.world.nemesis.count(Fault::ManyLinks);
        }
        if scenario.faults.has(Fault::Crowd) {
            let room = 2 + dice.index(4);
            config.max_nodes = self.world.nodes.len() + room;
        }
        config
    }

    fn plan(&mut self, at: Instant, deed: Deed) {
        self.plan_serial += 1;
        self.plans.insert((at, self.plan_serial), deed);
    }

    fn plan_all(&mut self, scenario: &Scenario) {
        let mut left = u64::try_from(scenario.step_count).unwrap_or(u64::MAX);
        while left > 0 {
            let burst = if self.dice.one_in(4) { 30 } else { 5 };
            let count = self.dice.between(1, burst).min(left);
            left -= count;
            let client = self.dice.index(self.clients.len());
            let at = Instant::EPOCH + self.dice.up_to(self.length);
            self.plan(at, Deed::Submit { client, count });
        }
        for client in 0..self.clients.len() {
            let mut several = |fault: Fault, most: u64| {
                let count = self.dice.between(1, most);
                if scenario.faults.has(fault) { count } else { 0 }
            };
            let (jumps, strays) = (several(Fault::ClockJump, 4), several(Fault::StrayEvents, 60));
            for _ in 0..jumps {
                let at = Instant::EPOCH + self.dice.up_to(self.length);
                let until = at + self.dice.millis(1, 5000);
                self.plan(at, Deed::Pause { client, until, fault: Fault::ClockJump });
                self.plan(until, Deed::Resume { client });
            }
            for _ in 0..strays {
                let at = Instant::EPOCH + self.dice.up_to(self.length);
                self.plan(at, Deed::Stray { client });
            }
            let at = Instant::EPOCH + self.dice.up_to(self.length);
            self.plan(at, Deed::Reinit { client });
            let number = u64::try_from(client).unwrap_or(0);
            let mut dice = Dice::new(scenario.seed ^ (0x5CA4 << 48) ^ number);
            if dice.one_in(2) {
                let at = Instant::EPOCH + dice.up_to(self.length);
                let count = 1 + u32::try_from(dice.index(12)).unwrap_or(0);
                self.plan(at, Deed::Walk { client, count });
            }
            if scenario.faults.has(Fault::LongPause) {
                let at = Instant::EPOCH + self.dice.up_to(self.length);
                let until = at + self.dice.millis(20_000, PAUSE_MAX_MS);
                self.plan(at, Deed::Pause { client, until, fault: Fault::LongPause });
                self.plan(until, Deed::Resume { client });
            }
        }
    }

    pub(super) fn run(mut self) -> Report {
        while self.step() {}
        self.report()
    }

    /// Has the next thing happen. Tells whether there is more to come.
    fn step(&mut self) -> bool {
        if self.inputs > INPUT_COUNT_MAX {
            self.oracle.complain("it spins: too many inputs".into());
            return false;
        }
        if self.oracle.has_complaints() || !self.world.history.violations().is_empty() {
            return false;
        }
        // Time advances also when no client has a timer and no plan is pending.
        let until = Some(self.next_moment().unwrap_or_else(|| self.world.now() + TICK));
        match self.world.advance(until) {
            Some(event) => self.deliver(event),
            None => self.let_time_pass(),
        }
        for walk in self.clients.iter_mut().filter_map(|client| client.walk.as_mut()) {
            walk.look(&self.world);
        }
        !self.is_over()
    }

    /// When the next thing happens that does not come from the network.
    fn next_moment(&self) -> Option<Instant> {
        let timeouts = self.clients.iter().filter(|client| client.paused_until.is_none());
        let timeouts = timeouts.filter_map(|client| client.machine.poll_timeout());
        timeouts.chain(self.plans.keys().next().map(|(at, _)| *at)).min()
    }

    fn deliver(&mut self, event: SocketEvent) {
        let connection = event.connection();
        let Some(index) =
            self.clients.iter().position(|client| client.of.contains_key(&connection))
        else {
            return;
        };
        if self.clients[index].paused_until.is_some() {
            self.clients[index].missed.push(event);
            return;
        }
        self.hear(index, event);
    }

    fn hear(&mut self, index: usize, event: SocketEvent) {
        let now = self.world.now();
        let refused = self.refused_unread(index, &event);
        let client = &mut self.clients[index];
        let Some(link) = client.of.get(&event.connection()).copied() else { return };
        match event {
            SocketEvent::Connected(_) => {
                if let Some(socket) = client.links.get_mut(&link) {
                    socket.is_connected = true;
                }
                client.machine.handle(now, Input::Connected { link, credentials: None });
            }
            SocketEvent::Received(_, bytes) => {
                if let Some(socket) = client.links.get_mut(&link) {
                    socket.ledger.note_received(now, &bytes);
                }
                receive(&mut client.machine, now, link, &bytes);
            }
            SocketEvent::Writable(_) => {
                if let Some(socket) = client.links.get_mut(&link) {
                    socket.is_blocked = false;
                }
                self.send(index, link);
            }
            SocketEvent::Closed(_, cause) => {
                client.forget(link);
                client.machine.handle(now, Input::Closed { link, cause });
                self.oracle.disturbed(index);
            }
        }
        self.after_input(index);
        if let Some(number) = refused {
            self.oracle.refused_unread(number);
        }
    }

    /// The write that a client hears of as refused for its length, with the last bytes of a
    /// connection.
    fn refused_unread(&mut self, index: usize, event: &SocketEvent) -> Option<u64> {
        let SocketEvent::Received(id, bytes) = event else { return None };
        let number = *self.world.history.refused_unread.get(id)?;
        let client = &mut self.clients[index];
        let socket = client.of.get(id).and_then(|link| client.links.get_mut(link))?;
        socket.last_words.extend_from_slice(bytes);
        socket.last_words.ends_with(TOO_LONG).then_some(number)
    }

    fn let_time_pass(&mut self) {
        let now = self.world.now();
        while let Some(entry) = self.plans.first_entry()
            && entry.key().0 <= now
        {
            let deed = entry.remove();
            self.do_deed(deed);
        }
        for index in 0..self.clients.len() {
            let client = &mut self.clients[index];
            let is_due = client.machine.poll_timeout().is_some_and(|at| at <= now);
            if is_due && client.paused_until.is_none() {
                client.machine.handle(now, Input::Timeout);
                self.after_input(index);
                self.check_deadlines(index);
            }
        }
    }

    fn do_deed(&mut self, deed: Deed) {
        let now = self.world.now();
        match deed {
            Deed::Submit { client, count } => {
                if let Some(until) = self.clients[client].paused_until {
                    return self.plan(until, Deed::Submit { client, count });
                }
                for _ in 0..count {
                    let planned = self.workload.next_call();
                    self.submit(client, planned);
                }
            }
            Deed::Cancel { client, call } => {
                let id = self.clients[client].ids.remove(&call);
                if let Some(id) = id.filter(|_| !self.oracle.has_ended(call)) {
                    self.clients[client].machine.handle(now, Input::Cancel { call: id });
                    self.oracle.cancelled(now, call);
                    self.world.nemesis.count(Fault::Cancel);
                    self.after_input(client);
                }
            }
            Deed::Pause { client, until, fault } => {
                self.world.nemesis.count(fault);
                let paused = &mut self.clients[client].paused_until;
                *paused = Some(paused.map_or(until, |other| other.max(until)));
            }
            Deed::Resume { client } => self.resume(client),
            Deed::Stray { client } => self.stray(client),
            Deed::Walk { client, count } => {
                self.clients[client].walk = Some(Walk::new(&self.world, count));
                self.walk_on(client);
            }
            Deed::WalkOn { client } => self.walk_on(client),
            Deed::Reinit { client } => {
                self.clients[client].machine.handle(now, Input::RefreshTopology);
                self.after_input(client);
            }
        }
    }

    /// A client asks for the next page of its scan.
    fn walk_on(&mut self, index: usize) {
        let now = self.world.now();
        let client = &mut self.clients[index];
        if let Some(until) = client.paused_until {
            return self.plan(until, Deed::WalkOn { client: index });
        }
        let Some(walk) = &client.walk else { return };
        let page = Call::scan(walk.scan().clone());
        if let Err(refused) = client.machine.submit(now, page, walk::TOKEN) {
            self.walked(index, Err(refused.error));
        }
        self.after_input(index);
    }

    /// A page of a scan has come, or none.
    fn walked(&mut self, index: usize, outcome: Outcome) {
        let now = self.world.now();
        let Some(walk) = &mut self.clients[index].walk else { return };
        walk.look(&self.world);
        match walk.heard(outcome) {
            Next::Page => self.plan(now, Deed::WalkOn { client: index }),
            Next::Later => self.plan(now + walk::PAUSE, Deed::WalkOn { client: index }),
            Next::Nothing => self.clients[index].walk = None,
            Next::Complaint(complaint) => {
                self.oracle.complain(format!("client {index}: {complaint}"));
            }
        }
    }

    fn resume(&mut self, index: usize) {
        let client = &mut self.clients[index];
        if client.paused_until.is_none_or(|until| until > self.world.now()) {
            return;
        }
        client.paused_until = None;
        self.oracle.disturbed(index);
        for event in core::mem::take(&mut client.missed) {
            self.hear(index, event);
        }
        self.after_input(index);
    }

    /// Tells the machine what it knows already, or what is no longer true. None of it matters.
    fn stray(&mut self, index: usize) {
        let now = self.world.now();
        let client = &mut self.clients[index];
        if client.paused_until.is_some() {
            return;
        }
        self.world.nemesis.count(Fault::StrayEvents);
        let former: Vec<LinkId> = client.former.iter().copied().collect();
        let open: Vec<LinkId> = client.links.keys().copied().collect();
        let former = self.dice.pick(&former).copied();
        let connected = |link| Input::Connected { link, credentials: None };
        let input = match (self.dice.below(5), former) {
            (0, Some(link)) => connected(link),
            (1, Some(link)) => Input::Received { link, data: b"+OK\r\n:1\r\n" },
            (2, Some(link)) => Input::Closed { link, cause: Disconnect::Reset },
            (3, _) => {
                let Some(link) = self.dice.pick(&open).copied() else { return };
                if !client.links[&link].is_connected {
                    return;
                }
                client.machine.handle(now, connected(link));
                client.machine.handle(now, Input::Received { link, data: b"" });
                Input::Sent { link, len: 0 }
            }
            _ => Input::Timeout,
        };
        client.machine.handle(now, input);
        self.after_input(index);
    }

    fn submit(&mut self, index: usize, planned: Planned) {
        let now = self.world.now();
        let client = &mut self.clients[index];
        let budget = planned.timeout.unwrap_or_else(|| client.machine.config().call_timeout);
        let node = planned.node(client.machine.topology());
        let (call, cancel_after) = (planned.call_at(node.clone()), planned.cancel_after);
        let is_spread = planned.is_spread();
        client.has_known |= client.machine.topology().is_complete();
        let is_known = client.has_known;
        let token = self.oracle.submitted_by(now, index, planned, !is_known);
        self.calls += 1;
        match client.machine.submit(now, call, token) {
            Ok(id) => {
                client.ids.insert(token, id);
                self.oracle.aimed(token, node);
                if is_spread {
                    client.unplanned.push(token);
                }
                client.deadlines.insert((now + budget, token));
                self.oracle.may_last_until(token, now + budget);
                if let Some(after) = cancel_after {
                    self.plan(now + after, Deed::Cancel { client: index, call: token });
                }
            }
            Err(refused) => {
                self.world.nemesis.count(Fault::SmallLimits);
                self.oracle.refused(now, token, refused.error);
            }
        }
        self.after_input(index);
    }

    /// Carries out what the machine wants, and checks what must hold after every input.
    fn after_input(&mut self, index: usize) {
        self.inputs += 1;
        let now = self.world.now();
        self.note_plans(index);
        while let Some(action) = self.clients[index].machine.poll_action() {
            match action {
                Action::Connect { link, address } => {
                    let connection = self.world.dial(&address, index);
                    let socket = Socket {
                        connection,
                        is_connected: false,
                        is_blocked: false,
                        ledger: Ledger::new(),
                        last_words: Vec::new(),
                    };
                    self.clients[index].links.insert(link, socket);
                    self.clients[index].of.insert(connection, link);
                }
                Action::SendToNode { link } => self.send(index, link),
                Action::Close { link } => {
                    if let Some(connection) = self.clients[index].forget(link) {
                        self.world.close(connection);
                    }
                    self.oracle.disturbed(index);
                }
                Action::Complete { token: walk::TOKEN, outcome } => {
                    self.world.trace.line(now, || format!("client {index} scans: {outcome:?}"));
                    self.walked(index, outcome);
                }
                Action::Complete { token, outcome } => {
                    self.answered += u64::from(outcome.is_ok());
                    self.world.trace.mix(format!("{token}{outcome:?}").as_bytes());
                    self.world.trace.line(now, || format!("call {token} ends: {outcome:?}"));
                    self.clients[index].ids.remove(&token);
                    self.oracle.is_ending(token, self.clients[index].machine.stats());
                    self.oracle.completed(now, token, outcome);
                    self.oracle.judge_undisturbed(&self.world, token);
                }
                Action::Event(event) => {
                    self.world.trace.line(now, || format!("client {index}: {event:?}"));
                    if let Event::Redirected { kind: RedirectKind::Moved, slot, to, .. } = *event {
                        self.clients[index].moved.insert(slot, (to, now));
                    }
                }
            }
        }
        self.check(index);
    }

    /// Calls for many nodes are planned as soon as the cluster is known.
    fn note_plans(&mut self, index: usize) {
        let client = &mut self.clients[index];
        let topology = client.machine.topology();
        if client.unplanned.is_empty() || topology.shards().is_empty() {
            return;
        }
        let known = Known::of(topology, client.machine.stats());
        for call in client.unplanned.drain(..) {
            self.oracle.planned(call, known.clone());
        }
    }

    /// Offers the transport what the machine has to send.
    fn send(&mut self, index: usize, link: LinkId) {
        let now = self.world.now();
        let client = &mut self.clients[index];
        let Some(socket) = client.links.get_mut(&link) else { return };
        while !socket.is_blocked {
            let mut slices: [&[u8]; 8] = [&[]; 8];
            let count = client.machine.sendable(link, &mut slices);
            let bytes = slices[..count].concat();
            if bytes.is_empty() {
                return;
            }
            let taken = self.world.write(socket.connection, &bytes);
            socket.is_blocked = taken < bytes.len();
            if taken > 0 {
                socket.ledger.note_sent(now, &bytes[..taken]);
            }
            self.world.trace.mix(&bytes[..taken]);
            client.machine.handle(now, Input::Sent { link, len: taken });
        }
    }

    fn check(&mut self, index: usize) {
        let now = self.world.now();
        let client = &mut self.clients[index];
        if let Err(violation) = client.machine.verify() {
            self.oracle.complain(format!("client {index}: {violation}"));
        }
        if let Some(excess) = client.excess() {
            self.oracle.complain(format!("client {index} has {excess}"));
        }
        if !client.machine.topology().shards().is_empty() {
            self.world.history.acquainted.insert(index);
        }
        let stats = *client.machine.stats();
        if stats.protocol_errors > 0 && self.world.history.frames_soundly {
            self.oracle.complain(format!("client {index} gave up a link whose frames are sound"));
        }
        let count = stats.topology_queries;
        if count > client.query_count {
            client.queried_at = now;
        }
        // What came in at the moment of the question was said before it, as after a pause: the
        // answer is newer.
        let queried_at = client.queried_at;
        client.moved.retain(|_, (_, heard_at)| *heard_at > queried_at);
        if stats.topology_changes != client.counted_changes {
            client.counted_changes = stats.topology_changes;
            let nodes = client.machine.topology().nodes();
            let known: BTreeSet<_> = nodes.filter_map(Node::id).collect();
            if known.is_disjoint(&client.known) {
                client.moved.clear();
            }
            client.known = known;
        }
        let primary = |slot| client.machine.topology().primary_of(slot);
        // With as many nodes as it may have, it forgets those that redirections alone have named.
        let topology = client.machine.topology();
        let has_room = topology.nodes().count() < client.machine.config().max_nodes;
        let is_known = |to| has_room || topology.nodes().any(|node| node.address() == to);
        let is_undone = |slot, to| primary(slot).is_none_or(|primary| primary.address() != to);
        let undone =
            client.moved.iter().find(|(slot, (to, _))| is_undone(**slot, to) && is_known(to));
        if let Some((slot, (to, _))) = undone {
            let (slot, to) = (*slot, to.clone());
            self.oracle.complain(format!(
                "client {index} heard that slot {slot} is at {to}, and believes an older view"
            ));
        }
        if client.has_known && client.machine.topology().shards().is_empty() {
            self.oracle.complain(format!("client {index} knew the cluster, and believes in none"));
        }
        let misled = self.world.history.misled_count(index);
        if client.misled.is_none_or(|(before, ..)| before < misled) && misled > 0 {
            client.misled = Some((misled, now, client.counted));
        }
        if client.counted.refreshes < stats.refreshes {
            client.asked_at = now;
        }
        client.counted = stats;
        for _ in client.query_count..count {
            client.queries.push_back(now);
        }
        client.query_count = count;
        let window = client.machine.config().min_refresh_interval;
        client.queries.retain(|at| now.since(*at) < window);
        let most = usize::try_from(ASKED_PER_ROUND_MAX * 2).unwrap_or(usize::MAX);
        // Where views are doubtful all others are asked as well.
        let are_doubtful =
            [Fault::Stranger, Fault::Rebuild].map(|fault| self.world.nemesis.has(fault));
        let most = if are_doubtful.contains(&true) { most + self.world.nodes.len() } else { most };
        if client.queries.len() > most {
            let asked = client.queries.len();
            self.oracle.complain(format!(
                "client {index} asks {asked} nodes for the topology within {window:?}"
            ));
        }
    }

    /// No call outlives its time.
    fn check_deadlines(&mut self, index: usize) {
        let now = self.world.now();
        let client = &mut self.clients[index];
        let config = client.machine.config();
        let longest = config.stall_timeout.max(config.connect_timeout);
        let is_dead = |socket: &&Socket| {
            socket.ledger.silent_since.is_some_and(|since| now.since(since) > longest)
        };
        if let Some(socket) = client.links.values().find(is_dead) {
            let silent_since = socket.ledger.silent_since;
            self.oracle.complain(format!(
                "client {index} waits for a connection that is silent since {silent_since:?}"
            ));
        }
        while let Some((deadline, call)) = client.deadlines.first().copied()
            && deadline <= now
        {
            client.deadlines.pop_first();
            if !self.oracle.has_ended(call) {
                self.oracle.complain(format!("call {call} is past its deadline {deadline:?}"));
            }
        }
    }

    /// Whether all is over, or nothing more can be expected.
    fn is_over(&mut self) -> bool {
        if !self.plans.is_empty() {
            return false;
        }
        let limit = Instant::EPOCH + self.length + SETTLING_MAX;
        if self.world.now() > limit {
            let open = self.oracle.open_count();
            let (why, beliefs) = (self.world.unrest(), self.world.beliefs());
            self.oracle
                .complain(format!("it does not settle: {open} calls are open; {why:?}; {beliefs}"));
            return true;
        }
        let walks = self.clients.iter().any(|client| client.walk.is_some());
        if walks || self.oracle.open_count() > 0 || !self.world.has_been_at_peace_for(REST) {
            return false;
        }
        if !core::mem::replace(&mut self.was_probed, true) {
            for client in &mut self.clients {
                client.probes = self.workload.probes();
            }
        }
        let mut asks = false;
        for index in 0..self.clients.len() {
            if let Some(probe) = self.clients[index].probes.pop() {
                asks = true;
                self.submit(index, probe);
            }
        }
        !asks
    }

    fn report(mut self) -> Report {
        if !self.oracle.has_complaints() && self.world.history.violations().is_empty() {
            self.check_the_end();
        }
        let violations = self.oracle.judge(&self.world).err().unwrap_or_default();
        Report {
            violations,
            hash: self.world.trace.hash(),
            faults: self.world.nemesis.counts().iter().map(|(fault, n)| (*fault, *n)).collect(),
            calls: self.calls,
            answered: self.answered,
            inputs: self.inputs,
            elapsed: self.world.now().since_epoch(),
            trace: self.world.trace.lines().to_vec(),
        }
    }

    /// When all is over, clients know the cluster as it is, and hold on to nothing.
    fn check_the_end(&mut self) {
        let now = self.world.now();
        for index in 0..self.clients.len() {
            let found = self.clients[index].residue(&self.world);
            if let Some(residue) = found {
                self.oracle.complain(format!("client {index}: {residue}"));
            }
            let client = &mut self.clients[index];
            client.machine.handle(now, Input::ShutDown);
            let later = now + client.machine.config().drain_timeout;
            client.machine.handle(later, Input::Timeout);
            while client.machine.poll_action().is_some() {}
            if !client.machine.is_shut_down() {
                self.oracle.complain(format!("client {index} does not shut down"));
            }
        }
    }
}

/// How long a call may take that no fault concerns. Not known where faults are everywhere.
fn patience(scenario: &Scenario, world: &World) -> Option<Duration> {
    let everywhere = [
        Fault::BackPressure,
        Fault::DialHang,
        Fault::DialRefused,
        Fault::ClockJump,
        Fault::LongPause,
        Fault::FewConnections,
    ];
    let is_known = !everywhere.iter().any(|fault| scenario.faults.has(*fault));
    // Where little is on its way at a time, others come first.
    let turns = if scenario.faults.has(Fault::SmallLimits) { 200 } else { 24 };
    let dial = delay_of_dials(scenario);
    is_known.then(|| Duration::from_millis(600) + dial + world.conditions.latency_max * turns)
}

/// How much longer a call may take, where a cluster is followed only when all nodes of the former
/// one had their time to answer.
fn delay_of_takeovers(scenario: &Scenario) -> Duration {
    if scenario.faults.has(Fault::Rebuild) { TAKEOVER_DELAY } else { Duration::ZERO }
}

/// How much longer a dial may take, where names have addresses that never answer.
fn delay_of_dials(scenario: &Scenario) -> Duration {
    if scenario.faults.has(Fault::DeadAddress) { DELAY_MAX } else { Duration::ZERO }
}

/// Hands bytes to a machine: about every other time into the room that it lends, if it lends any.
fn receive(machine: &mut Cluster<usize>, now: Instant, link: LinkId, mut bytes: &[u8]) {
    let likes_room = bytes.len().is_multiple_of(2);
    while let Some(mut room) =
        machine.receive_buffer(link).filter(|_| likes_room && !bytes.is_empty())
    {
        let room = room.as_slice();
        let len = room.len().min(bytes.len());
        let (head, rest) = bytes.split_at(len);
        room[..len].copy_from_slice(head);
        machine.handle(now, Input::ReceivedInPlace { link, len });
        bytes = rest;
    }
    if !bytes.is_empty() {
        machine.handle(now, Input::Received { link, data: bytes });
    }
}
