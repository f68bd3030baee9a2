//! Everything that can happen to the machine, in any order.

mod calls;
mod server;
mod wire;

use core::time::Duration;

use hashslot::config::{Protocol, RedirectPolicy};
use hashslot::driver::Input;
use hashslot::error::ErrorKind;
use hashslot::error::{Disconnect, TlsFailure};
use hashslot::{Action, Address, Cluster, Config, Credentials, Instant, ReadFrom};

use self::calls::{CallState, Submitted};
use self::wire::{Known, State, Wire, Written};
use crate::source::Source;

const SECRET: &str = "s3cr3t-canary";
const SEEDS: [&str; 2] = ["127.0.0.1:7000", "127.0.0.1:7003"];
/// The most inputs of one run.
const STEP_COUNT_MAX: usize = 250;

/// The machine, with any inputs in any order. Each call ends once and in time. The machine sends
/// whole commands in a valid order, and dials only nodes that a seed, a reply or a redirection
/// named.
///
/// **Shape**: some bytes choose the configuration, then each input is a byte and what it takes:
/// calls, cancellations, connections, replies that are right, odd or nothing at all, short writes,
/// ends, time.
///
/// # Panics
/// If the property does not hold.
pub fn events(data: &[u8]) {
    let mut source = Source::new(data);
    let is_patient = source.one_in(2);
    let mut world = World::new(configure(&mut source));
    for _ in 0..STEP_COUNT_MAX {
        if source.is_empty() {
            break;
        }
        world.step(&mut source);
    }
    world.end(is_patient);
}

/// Limits that are reached soon.
fn configure(source: &mut Source<'_>) -> Config {
    let mut config = Config::default();
    config.call_timeout = ms(2000);
    config.connect_timeout = ms(400);
    config.stall_timeout = ms(700);
    config.ping_interval = ms(900);
    config.drain_timeout = ms(500);
    config.moved_trust = ms(source.pick(&[5000, 100]));
    config.max_in_flight = source.pick(&[10_000, 1, 2, 5]);
    config.max_in_flight_bytes = source.pick(&[8 << 20, 1, 60, 1500]);
    config.max_queued = source.pick(&[100, 2, 1, 4]);
    config.max_pending_calls = source.pick(&[100, 1, 5, 20]);
    config.max_pending_bytes = source.pick(&[100_000, 40, 400, 3000]);
    config.max_nodes = source.pick(&[100, 1, 3, 5]);
    config.max_redirections = source.pick(&[16, 0, 1, 3]);
    config.limits.max_frame_bytes = source.pick(&[8000, 900, 300]);
    config.limits.max_skipped_bytes = source.pick(&[10_000, 1_000, 0]);
    config.limits.max_elements = 200;
    config.limits.max_depth = 8;
    let choice = source.byte();
    if choice & 1 != 0 {
        config.protocol = Protocol::Resp2;
    }
    if choice & 2 != 0 {
        config.read_from = ReadFrom::PreferReplica;
    }
    if choice & 4 != 0 {
        config.redirect_policy = RedirectPolicy::Any;
    }
    if choice & 8 != 0 {
        config.credentials = Some(Credentials::user("ann", SECRET));
        config.client_name = Some("app".into());
    }
    if choice & 16 != 0 {
        config.links_per_node = 2;
    }
    config
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

struct World {
    machine: Cluster<u64>,
    now: Instant,
    /// Every connection that there ever was.
    wires: Vec<Wire>,
    /// Every call that there ever was, by its token.
    calls: Vec<Submitted>,
    known: Known,
    is_shutting_down: bool,
}

impl World {
    fn new(config: Config) -> Self {
        let seeds: Vec<Address> =
            SEEDS.iter().map(|seed| seed.parse().expect("an address")).collect();
        let mut known = Known::default();
        for seed in &seeds {
            known.add(seed.host().as_bytes(), seed.port());
        }
        let machine = Cluster::new(config, seeds, 7).expect("limits that can work");
        Self {
            machine,
            now: Instant::EPOCH,
            wires: Vec::new(),
            calls: Vec::new(),
            known,
            is_shutting_down: false,
        }
    }

    /// One input, and what comes of it.
    fn step(&mut self, source: &mut Source<'_>) {
        match source.below(32) {
            0..7 => self.submit(source),
            7 => self.cancel(source),
            8..10 => self.connect(source),
            10..13 => self.send(source),
            13..17 => self.answer(source, false),
            17..21 => self.answer(source, true),
            21 => self.receive_anything(source),
            22 => self.close(source),
            23..26 => self.wait(source),
            26..29 => self.serve(source),
            29 => {
                self.machine.handle(self.now, Input::RefreshTopology);
                self.settle();
            }
            30 if source.one_in(8) => {
                self.machine.handle(self.now, Input::ShutDown);
                self.is_shutting_down = true;
                self.settle();
            }
            30 => self.send_and_lose(source),
            _ => {
                self.machine.handle(self.now, Input::Timeout);
                self.settle();
            }
        }
    }

    fn submit(&mut self, source: &mut Source<'_>) {
        let token = self.calls.len();
        let budget = self.machine.config().call_timeout;
        let (call, submitted) = calls::call(source, self.now, token, budget);
        let refused = self.machine.stats().calls_refused;
        let number = u64::try_from(token).expect("few calls");
        match self.machine.submit(self.now, call, number) {
            Ok(id) => {
                assert!(!self.is_shutting_down, "a call is taken in at the end");
                self.calls.push(Submitted { id: Some(id), ..submitted });
            }
            Err(refusal) => {
                assert_eq!(refusal.token, number);
                assert!(!refusal.error.may_have_executed());
                assert!(!self.is_shutting_down || refusal.error.kind() == ErrorKind::ShutDown);
                assert_eq!(self.machine.stats().calls_refused, refused + 1);
            }
        }
        self.settle();
    }

    /// Gives up a call, which may be over for long.
    fn cancel(&mut self, source: &mut Source<'_>) {
        if self.calls.is_empty() {
            return;
        }
        let back = source.below(self.calls.len());
        let token = self.calls.len() - 1 - back;
        let call = &mut self.calls[token];
        if call.state == CallState::Open {
            call.state = CallState::Cancelled;
        }
        let id = call.id.expect("a call that was taken in");
        self.machine.handle(self.now, Input::Cancel { call: id });
        self.settle();
    }

    /// A connection, late ones first.
    fn wire(&mut self, source: &mut Source<'_>) -> Option<usize> {
        let back = source.below(self.wires.len().max(1));
        self.wires.len().checked_sub(back + 1)
    }

    fn connect(&mut self, source: &mut Source<'_>) {
        let Some(index) = self.wire(source) else { return };
        self.connected(index);
    }

    fn connected(&mut self, index: usize) {
        let wire = &mut self.wires[index];
        if wire.state == State::Dialling {
            wire.state = State::Open;
        }
        self.machine.handle(self.now, Input::Connected { link: wire.id, credentials: None });
        self.settle();
    }

    /// The transport takes some bytes, none, all, or more than there are.
    fn send(&mut self, source: &mut Source<'_>) {
        let Some(index) = self.wire(source) else { return };
        let len = match source.byte() {
            255 => usize::MAX,
            len @ 128..255 => usize::from(len) * 32,
            len => usize::from(len),
        };
        self.take(index, len);
    }

    fn take(&mut self, index: usize, len: usize) -> usize {
        let unsent = self.unsent(index);
        let bytes = &unsent[..len.min(unsent.len())];
        self.machine.handle(self.now, Input::Sent { link: self.wires[index].id, len });
        for command in self.wires[index].take(bytes) {
            self.taken(index, &command);
        }
        self.settle();
        bytes.len()
    }

    /// A command is at the server for sure. Those of a transaction run with its `EXEC`.
    fn taken(&mut self, index: usize, command: &Written) {
        let wire = &mut self.wires[index];
        wire.queued.extend(calls::owner(&command.args));
        if command.is_queued {
            return;
        }
        for (token, part) in core::mem::take(&mut wire.queued) {
            let call = &self.calls[token];
            if let CallState::Over(may_have_run) = &call.state {
                assert!(may_have_run[part], "call {token} runs after it was said that it does not");
            }
            if call.is_once {
                self.did_not_run(token, part);
            }
            self.calls[token].taken[part].push(index);
        }
    }

    /// Checks that for each time that a command was sent there is an error to tell that it was
    /// refused.
    fn did_not_run(&self, token: usize, part: usize) {
        let wires = &self.calls[token].taken[part];
        for index in wires {
            let count = wires.iter().filter(|other| *other == index).count();
            assert!(
                count <= self.wires[*index].errors,
                "nothing says that command {part} of call {token} did not run"
            );
        }
    }

    fn unsent(&self, index: usize) -> Vec<u8> {
        let wire = &self.wires[index];
        let mut slices: Vec<&[u8]> = vec![&[]; if wire.state == State::Open { 512 } else { 1 }];
        let count = self.machine.sendable(wire.id, &mut slices);
        assert!(slices[..count].iter().all(|slice| !slice.is_empty()), "an empty slice");
        slices[..count].concat()
    }

    /// Replies to the commands that were taken and are not answered yet.
    fn answer(&mut self, source: &mut Source<'_>, is_odd: bool) {
        let Some(index) = self.wire(source) else { return };
        let wire = &self.wires[index];
        if wire.commands.len() <= wire.heard && wire.state == State::Open && !source.one_in(8) {
            self.take(index, usize::MAX);
        }
        let wire = &self.wires[index];
        let command = wire.commands.get(wire.heard);
        let mut data = match command {
            _ if is_odd => server::odd(command, source),
            Some(command) => server::right(command, source),
            None => return,
        };
        if source.one_in(8) {
            data.truncate(source.below(data.len() + 1));
        }
        self.receive(index, &data);
    }

    fn receive_anything(&mut self, source: &mut Source<'_>) {
        let Some(index) = self.wire(source) else { return };
        let data = source.text(100);
        self.receive(index, data);
    }

    fn receive(&mut self, index: usize, data: &[u8]) {
        let policy = self.machine.config().redirect_policy;
        let wire = &mut self.wires[index];
        wire.hear(data, policy, &mut self.known);
        let (link, now) = (wire.id, self.now);
        let mut data = data;
        if let Some(mut room) = self.machine.receive_buffer(link).filter(|_| data.len() % 2 == 1) {
            let room = room.as_slice();
            let len = room.len().min(data.len());
            let (head, rest) = data.split_at(len);
            room[..len].copy_from_slice(head);
            data = rest;
            self.machine.handle(now, Input::ReceivedInPlace { link, len });
        }
        self.machine.handle(now, Input::Received { link, data });
        self.settle();
        let wire = &self.wires[index];
        assert!(!wire.is_broken || wire.state == State::Gone, "a broken connection stays");
    }

    fn close(&mut self, source: &mut Source<'_>) {
        let Some(index) = self.wire(source) else { return };
        let cause = source.pick(&[
            Disconnect::Reset,
            Disconnect::Refused,
            Disconnect::TimedOut,
            Disconnect::Tls(TlsFailure::Expired),
        ]);
        self.wires[index].state = State::Gone;
        self.machine.handle(self.now, Input::Closed { link: self.wires[index].id, cause });
        self.settle();
    }

    /// A connection takes all and is lost.
    fn send_and_lose(&mut self, source: &mut Source<'_>) {
        let Some(index) = self.wire(source) else { return };
        self.take(index, usize::MAX);
        self.close(source);
    }

    /// Time passes: a little, much, or until something is due.
    fn wait(&mut self, source: &mut Source<'_>) {
        let due = self.machine.poll_timeout().unwrap_or(self.now);
        let time = match source.below(8) {
            0 => ms(0),
            1 => ms(source.byte().into()),
            2 => ms(source.number().into()),
            3 => Duration::from_hours(876_000),
            4 => due.since(self.now).saturating_sub(ms(1)),
            _ => due.since(self.now),
        };
        self.pass(time);
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        for round in 0.. {
            assert!(round < 8, "the machine spins");
            self.machine.handle(self.now, Input::Timeout);
            self.settle();
            let late =
                |call: &Submitted| call.state == CallState::Open && call.deadline <= self.now;
            assert!(!self.calls.iter().any(late), "a call outlives its deadline");
            if self.machine.poll_timeout().is_none_or(|at| at > self.now) {
                return;
            }
        }
    }

    /// Everybody is well for a while.
    fn serve(&mut self, source: &mut Source<'_>) {
        for _ in 0..3 {
            for index in 0..self.wires.len() {
                if self.wires[index].state == State::Dialling {
                    self.connected(index);
                }
                if self.wires[index].state != State::Open {
                    continue;
                }
                self.take(index, usize::MAX);
                let wire = &self.wires[index];
                let unanswered = wire.commands.iter().skip(wire.heard);
                let data: Vec<_> = unanswered.flat_map(|c| server::right(c, source)).collect();
                if !data.is_empty() {
                    self.receive(index, &data);
                }
            }
        }
    }

    /// Carries out what the machine wants, and looks at all that can be seen.
    fn settle(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            self.carry_out(action);
        }
        self.check_wires();
        let open = || self.calls.iter().filter(|call| call.state == CallState::Open);
        assert_eq!(self.machine.call_count(), open().count());
        if let Some(first) = open().map(|call| call.deadline).min() {
            let timer =
                self.machine.poll_timeout().expect("calls wait, and nobody is to wake them");
            assert!(timer <= first, "a deadline would be missed");
        }
        let stats = self.machine.stats();
        let over = stats.calls_completed + stats.calls_cancelled;
        let count = u64::try_from(open().count()).expect("few calls");
        assert_eq!(stats.calls_submitted, over + count);
        if self.machine.is_shut_down() {
            assert!(self.wires.iter().all(|wire| wire.state == State::Gone), "a link is left");
        }
    }

    fn carry_out(&mut self, action: Action<u64>) {
        let Self { machine, wires, calls, known, .. } = self;
        match action {
            Action::Connect { link, address } => {
                assert!(known.has(&address), "{address} is dialled, and nobody listed it");
                assert!(wires.iter().all(|wire| wire.id != link), "a link for the second time");
                wires.push(Wire::new(link, address, machine.config().limits));
            }
            Action::SendToNode { link } => {
                let wire = wires.iter_mut().find(|wire| wire.id == link).expect("a known link");
                assert_eq!(wire.state, State::Open, "to be sent on {}", wire.address);
                wire.is_announced = true;
            }
            Action::Close { link } => {
                let wire = wires.iter_mut().find(|wire| wire.id == link).expect("a known link");
                assert_ne!(wire.state, State::Gone, "closed for a second time");
                wire.state = State::Gone;
            }
            Action::Complete { token, outcome } => {
                let token = usize::try_from(token).expect("few calls");
                let call = &mut calls[token];
                assert_eq!(call.state, CallState::Open, "call {token} is over already");
                let may_have_run = call.over(&outcome);
                let is_once = call.is_once;
                for part in call.answered(&outcome) {
                    assert!(!call.taken[part].is_empty(), "an answer to what was never sent");
                }
                call.state = CallState::Over(may_have_run.clone());
                for (part, may_have_run) in may_have_run.into_iter().enumerate().take(4) {
                    if is_once && !may_have_run {
                        self.did_not_run(token, part);
                    }
                }
            }
            _ => {}
        }
    }

    fn check_wires(&mut self) {
        let config = self.machine.config();
        // What the machine asks on its own account has no limit but time.
        let own = 80 * self.machine.stats().topology_queries + 400;
        let len_max = config.max_in_flight_bytes.saturating_add(config.max_pending_bytes);
        let len_max = len_max.saturating_add(usize::try_from(own).expect("few queries"));
        for index in 0..self.wires.len() {
            let unsent = self.unsent(index);
            let wire = &mut self.wires[index];
            match wire.state {
                State::Gone => assert!(unsent.is_empty(), "bytes for a link that is gone"),
                State::Dialling => {
                    assert!(unsent.is_empty(), "bytes before there is a link");
                    assert_eq!(wire.heard, 0, "replies before there is a link");
                }
                State::Open if unsent.is_empty() => {
                    wire.check_unsent(&unsent);
                    wire.is_announced = false;
                }
                State::Open => {
                    wire.check_unsent(&unsent);
                    assert!(wire.is_announced, "nobody is told of the bytes");
                    assert!(unsent.len() <= len_max, "{} bytes wait", unsent.len());
                }
            }
        }
    }

    /// Lets every call end: by its deadline, or because the machine ends.
    fn end(&mut self, is_patient: bool) {
        if is_patient {
            let open = self.calls.iter().filter(|call| call.state == CallState::Open);
            let last = open.map(|call| call.deadline).max().unwrap_or(self.now);
            self.pass(last.since(self.now));
            assert_eq!(self.machine.call_count(), 0);
        }
        self.machine.handle(self.now, Input::ShutDown);
        self.settle();
        self.pass(self.machine.config().drain_timeout);
        assert!(self.machine.is_shut_down(), "the end takes too long");
        assert!(!self.calls.iter().any(|call| call.state == CallState::Open), "a call is lost");
    }
}
