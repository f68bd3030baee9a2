//! A small world in one state: the machine, its driver and transport, the nodes and the oracle.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::time::Duration;

use super::node::Nodes;
use super::oracle::{End, Oracle, ensure};
use super::setup::{ADDRESSES, Budget, Setup, Shape};
use super::step::{Cut, Portion, Step};
use super::transport::{Socket, State};
use crate::action::{Action, Reply as Answer};
use crate::address::Address;
use crate::cluster::{Cluster, Fingerprint};
use crate::command::Command;
use crate::plan::Call;
use crate::time::Instant;

/// The seed of the random numbers of every input.
const RANDOM_SEED: u64 = 7;
/// The token of the calls that set the world up.
const OWN: u8 = u8::MAX;
/// Timers that are farther away do not fire.
const SOON: Duration = Duration::from_secs(60);
/// The number of timers within which every call ends, where only time passes.
const TIMER_COUNT_MAX: usize = 400;

/// A small world.
#[derive(Debug, Clone)]
pub(super) struct World<'a> {
    pub(super) setup: &'a Setup,
    pub(super) machine: Cluster<u8>,
    pub(super) now: Instant,
    pub(super) nodes: Nodes,
    pub(super) sockets: Vec<Socket>,
    pub(super) oracle: Oracle,
    pub(super) budget: Budget,
    /// The number of events that have happened.
    pub(super) happened: usize,
    /// Whether the exploration has begun.
    pub(super) is_set_up: bool,
    /// The steps and their effects, if a trace is wanted.
    pub(super) trace: Option<Vec<String>>,
}

type Result = core::result::Result<(), String>;

impl<'a> World<'a> {
    /// The world before anything is submitted. The client knows the cluster and has a link to both
    /// primaries.
    pub(super) fn new(setup: &'a Setup) -> core::result::Result<Self, String> {
        let seeds = ADDRESSES[..2].iter().filter_map(|address| address.parse().ok()).collect();
        let machine = Cluster::new(setup.config.clone(), seeds, RANDOM_SEED);
        let mut world = Self {
            setup,
            machine: machine.map_err(|error| format!("{error}"))?,
            now: Instant::EPOCH,
            nodes: Nodes::new(),
            sockets: Vec::new(),
            oracle: Oracle::new(setup),
            budget: setup.budget,
            happened: 0,
            is_set_up: false,
            trace: None,
        };
        world.open(Call::discovery())?;
        for address in ADDRESSES[..2].iter().filter_map(|text| text.parse::<Address>().ok()) {
            world.open(Call::new(Command::new("PING")).on_node(address))?;
        }
        world.now = world.now + Duration::from_secs(10);
        world.fire_timer();
        world.settle_actions()?;
        world.is_set_up = true;
        Ok(world)
    }

    fn open(&mut self, call: Call) -> Result {
        let opened = self.machine.submit(self.now, call.timeout(Duration::from_secs(5)), OWN);
        opened.map_err(|error| format!("{error}"))?;
        self.settle_actions()?;
        while let Some(step) = self.necessary().first() {
            self.apply(*step)?;
        }
        Ok(())
    }

    /// The same world, with a trace from here on.
    pub(super) fn with_trace(mut self) -> Self {
        self.trace = Some(Vec::new());
        self
    }

    /// The trace.
    pub(super) fn trace(&self) -> &[String] {
        self.trace.as_deref().unwrap_or_default()
    }

    pub(super) fn note(&mut self, text: impl FnOnce(&Self) -> String) {
        if self.trace.is_some() {
            let text = text(self);
            self.trace.get_or_insert_default().push(text);
        }
    }

    /// The fingerprint of this state.
    pub(super) fn fingerprint(&self) -> u64 {
        let Self {
            setup: _, // the same in all states
            machine,
            now,
            nodes,
            sockets,
            oracle,
            budget,
            happened,
            is_set_up: _, // the same in all states
            trace: _,     // decides nothing
        } = self;
        let mut to = Fingerprint::at(*now);
        machine.fingerprint(*now).hash(&mut to);
        (nodes, sockets, oracle, budget, happened).hash(&mut to);
        to.finish()
    }

    // ---- which steps are possible ----

    /// All possible steps.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = self.necessary();
        let Budget { cancels, cuts, losses, rejections, timers, delays } = self.budget;
        if cancels > 0 {
            let calls = self.oracle.calls.iter().enumerate();
            let open = calls.filter(|(_, fate)| fate.end == End::Open);
            steps.extend(open.map(|(call, _)| Step::Cancel(small(call))));
        }
        for (index, socket) in self.sockets.iter().enumerate() {
            let number = small(index);
            if cuts > 0 && socket.state == State::Open && socket.is_announced {
                let sendable = self.sendable(socket);
                let begun = socket.partial.len();
                for cut in [Cut::BeforeLast, Cut::InsideLast, Cut::BeforeEnd] {
                    if sendable.end(cut) > begun {
                        steps.push(Step::Take(number, cut));
                    }
                }
            }
            if matches!(socket.state, State::Open | State::Broken) {
                if socket.replies.len() > 1 {
                    steps.push(Step::Deliver(number, Portion::One));
                }
                if cuts > 0 && !socket.replies.is_empty() && socket.delivered == 0 {
                    steps.push(Step::Deliver(number, Portion::Half));
                }
            }
            let can_lose = matches!(socket.state, State::Open | State::Dialled);
            if losses > 0 && can_lose && self.nodes.all[socket.node].is_up {
                steps.push(Step::Lose(number));
            }
            if rejections > 0 && socket.can_be_rejected() {
                steps.push(Step::Reject(number));
            }
        }
        let due = self.machine.poll_timeout();
        if timers > 0 && self.is_due_soon() {
            steps.push(Step::Timer);
        }
        // A driver sends all bytes before it waits.
        let has_sent = self.sockets.iter().all(|socket| !socket.is_announced);
        if delays > 0 && has_sent && self.is_due_soon() && due.is_some_and(|due| due >= self.now) {
            steps.push(Step::Delay);
        }
        steps
    }

    /// The steps that are taken sooner or later if nothing more goes wrong, apart from timers.
    fn necessary(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.is_set_up && self.oracle.calls.len() < self.setup.calls.len() {
            steps.push(Step::Submit);
        }
        for (index, socket) in self.sockets.iter().enumerate() {
            let number = small(index);
            let is_up = self.nodes.all[socket.node].is_up;
            match socket.state {
                State::Dialled if is_up => steps.push(Step::Accept(number)),
                State::Dialled => steps.push(Step::Lose(number)),
                State::Open | State::Broken | State::Left => {}
            }
            if socket.state == State::Open && socket.is_announced {
                steps.push(Step::Take(number, Cut::Nowhere));
            }
            if is_up && !socket.unread.is_empty() && socket.state != State::Broken {
                steps.push(Step::Read(number));
            }
            if !socket.replies.is_empty() && socket.state != State::Left {
                steps.push(Step::Deliver(number, Portion::All));
            }
            if socket.state == State::Broken {
                steps.push(Step::Lose(number));
            }
        }
        if self.is_set_up && self.happened < self.setup.events.len() {
            steps.push(Step::Happen);
        }
        steps
    }

    /// Whether only time can pass, unless something goes wrong.
    pub(super) fn is_quiet(&self) -> bool {
        self.necessary().is_empty()
    }

    /// Whether the next timer is near enough to fire.
    fn is_due_soon(&self) -> bool {
        self.machine.poll_timeout().is_some_and(|due| due.since(self.now) < SOON)
    }

    /// Takes all necessary steps, then timers: every call must end.
    pub(super) fn settle(&mut self) -> Result {
        for _ in 0..TIMER_COUNT_MAX {
            while let Some(step) = self.necessary().first() {
                self.apply(*step)?;
            }
            if !self.oracle.has_open_calls() {
                let left = self.machine.call_count();
                return ensure(left == 0, || format!("all calls are over, and {left} are open"));
            }
            ensure(self.is_due_soon(), || "calls are open, and no step is left".to_owned())?;
            self.budget.timers = 1;
            self.apply(Step::Timer)?;
        }
        Err(format!("calls are open after {TIMER_COUNT_MAX} timers"))
    }

    // ---- steps ----

    /// Takes a step, and judges its effects.
    pub(super) fn apply(&mut self, step: Step) -> Result {
        self.machine.reset_random(RANDOM_SEED);
        match step {
            Step::Submit => self.submit()?,
            Step::Cancel(call) => self.cancel(usize::from(call)),
            Step::Take(socket, cut) => self.take(usize::from(socket), cut)?,
            Step::Read(socket) => self.read(usize::from(socket))?,
            Step::Deliver(socket, portion) => self.deliver(usize::from(socket), portion),
            Step::Accept(socket) => self.accept(usize::from(socket))?,
            Step::Lose(socket) => self.lose(usize::from(socket)),
            Step::Reject(socket) => self.reject(usize::from(socket)),
            Step::Happen => self.happen(),
            Step::Timer => {
                self.budget.timers -= 1;
                self.fire_timer();
                self.settle_actions()?;
                self.oracle.timed(self.now)?;
                self.sockets.iter_mut().for_each(|socket| socket.was_late = false);
            }
            Step::Delay => {
                self.budget.delays -= 1;
                let due = self.machine.poll_timeout().unwrap_or(self.now);
                self.now = due + Duration::from_millis(1);
                self.note(|_| "the driver is late: a timer is overdue".to_owned());
            }
        }
        self.settle_actions()?;
        self.machine.verify()?;
        let is_forgotten = self.oracle.has_open_calls() && self.machine.poll_timeout().is_none();
        ensure(!is_forgotten, || "calls are open, and the machine waits for no time".to_owned())
    }

    fn submit(&mut self) -> Result {
        let number = self.oracle.calls.len();
        let call = self.setup.to_call(number);
        self.note(|world| {
            let text: Vec<_> = call.commands().iter().map(shown).collect();
            let word = match world.setup.calls[number].shape {
                Shape::Transaction => "the transaction ",
                Shape::Pipeline => "the pipeline ",
                Shape::One | Shape::Split => "",
            };
            format!("call {number} is submitted: {word}{}", text.join("; "))
        });
        let deadline = self.now + self.setup.config.call_timeout;
        let id = self.machine.submit(self.now, call, small(number));
        let id = id.map_err(|error| format!("call {number} is refused: {error}"))?;
        self.oracle.submitted(self.setup, id, deadline);
        Ok(())
    }

    fn cancel(&mut self, call: usize) {
        self.note(|_| format!("call {call} is cancelled"));
        self.budget.cancels -= 1;
        self.oracle.calls[call].end = End::Cancelled;
        let id = self.oracle.calls[call].id;
        self.machine.cancel(self.now, id);
    }

    fn fire_timer(&mut self) {
        let due = self.machine.poll_timeout().unwrap_or(self.now);
        let passed = due.since(self.now);
        self.now = self.now.max(due);
        self.note(|_| format!("a timer fires, {passed:?} later"));
        self.machine.handle_timeout(self.now);
    }

    /// Carries out the actions of the machine until there are no more.
    pub(super) fn settle_actions(&mut self) -> Result {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Connect { link, address } => self.dial(link, &address)?,
                Action::SendToNode { link } => {
                    let socket = self.socket_of(link);
                    let is_open = socket.is_some_and(|socket| {
                        socket.is_announced = true;
                        socket.state != State::Dialled
                    });
                    ensure(is_open, || format!("{link:?} is announced in vain"))?;
                }
                Action::Close { link } => self.closed_by_client(link)?,
                Action::Complete { token: OWN, outcome } => {
                    outcome.map_err(|error| format!("the cluster is not found: {error}"))?;
                }
                Action::Complete { token, outcome } => {
                    self.note(|_| match &outcome {
                        Ok(reply) => format!("  call {token} is answered: {}", answer(reply)),
                        Err(error) => format!("  call {token} fails: {error}"),
                    });
                    let call = usize::from(token);
                    self.oracle.completed(self.setup, self.now, call, &outcome)?;
                }
                Action::Event(_) => {}
            }
        }
        for index in 0..self.sockets.len() {
            self.look_ahead(index);
        }
        let is_done = |socket: &Socket| socket.state == State::Left && socket.unread.is_empty();
        self.sockets.retain(|socket| !is_done(socket));
        Ok(())
    }

    pub(super) fn name(&self, socket: usize) -> String {
        let socket = &self.sockets[socket];
        format!("{}#{}", ADDRESSES[socket.node], socket.link.serial)
    }

    pub(super) fn note_at(&mut self, index: usize, text: &str) {
        self.note(|world| format!("{} {text}", world.name(index)));
    }
}

fn small(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

fn shown(command: &Command) -> String {
    let words: Vec<_> =
        command.arguments().map(|word| format!("{}", word.escape_ascii())).collect();
    words.join(" ")
}

fn answer(outcome: &Answer) -> String {
    match outcome {
        Answer::One(frame) => format!("{}", frame.as_bytes().escape_ascii()),
        Answer::Pipeline(_) | Answer::PerNode(_) | Answer::Scan(_) | Answer::Ready => {
            format!("{outcome:?}")
        }
    }
}
