//! The queue of expected replies against a plain queue: the n-th reply answers the n-th command.

use std::collections::VecDeque;
use std::time::Duration;

use hashslot::driver::Outcome;
use hashslot::error::Disconnect;
use hashslot::resp::encode;
use hashslot::{Call, Command, LinkId, Reply};
use proptest::prelude::*;

use super::{cases, commands_in, pending, quiet, take};
use crate::support::script::*;

#[derive(Debug, Clone)]
enum Step {
    /// A command that may be sent again, or may not, with a time budget of its own.
    Submit { is_read: bool, timeout: Option<u64> },
    /// The application gives up the n-th call that is open.
    Cancel(usize),
    /// The transport takes so many bytes.
    Take(usize),
    /// The transport takes so many commands to their ends, and so many bytes of the next.
    TakeWhole(usize, usize),
    /// The node writes the replies to so many of the commands that it has whole.
    Execute(usize),
    /// The node writes a message that is no reply.
    Push,
    /// So many bytes of what the node wrote come in.
    Receive(usize),
    /// Time passes.
    Pass(u64),
    /// The link is lost, with all that is on its way.
    Lose,
    /// The node is there again.
    Return,
}

fn step() -> impl Strategy<Value = Step> {
    let timeout = prop::option::weighted(0.4, 1..400_u64);
    prop_oneof![
        8 => (any::<bool>(), timeout).prop_map(|(is_read, timeout)| Step::Submit { is_read, timeout }),
        2 => (0..20_usize).prop_map(Step::Cancel),
        4 => (0..150_usize).prop_map(Step::Take),
        3 => (0..3_usize, 0..2_usize).prop_map(|(count, more)| Step::TakeWhole(count, more)),
        5 => (1..5_usize).prop_map(Step::Execute),
        1 => Just(Step::Push),
        7 => (1..60_usize).prop_map(Step::Receive),
        3 => (0..150_u64).prop_map(Step::Pass),
        1 => Just(Step::Lose),
        2 => Just(Step::Return),
    ]
}

/// A call that is open.
#[derive(Debug, Clone)]
struct Open {
    token: Token,
    is_read: bool,
    deadline: Option<Duration>,
    may_have_run: bool,
    /// How often the link was lost at it.
    losses: usize,
}

/// A command that was written on the link.
#[derive(Debug)]
struct Written {
    bytes: Vec<u8>,
    /// Where it stands among all bytes of the link.
    start: usize,
    /// `None` if its call is over.
    call: Option<Open>,
}

impl Written {
    fn end(&self) -> usize {
        self.start + self.bytes.len()
    }
}

/// One node, as plain queues.
struct Model {
    world: World,
    /// While the link is there.
    link: Option<LinkId>,
    written: VecDeque<Written>,
    taken: usize,
    /// Calls that wait for the link.
    waiting: VecDeque<Open>,
    /// What the node has got, has not executed; what it wrote and has not come in.
    unread: Vec<u8>,
    on_its_way: VecDeque<u8>,
    /// The lengths of the replies and messages that are on their way, and whether they are replies.
    frames: VecDeque<(usize, bool)>,
    tokens: Token,
}

/// The command of a call names it, so that the node can answer by name.
fn command(token: Token, is_read: bool) -> Command {
    let name = format!("{{foo}}{token}");
    if is_read { Command::get(&name) } else { Command::incr(&name) }
}

fn reply(name: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", name.len()).as_bytes(), name, b"\r\n"].concat()
}

impl Model {
    fn new() -> Self {
        let mut world = World::knowing(quiet(), &[(0, 16_383, &[A])]);
        let link = Some(world.open(A));
        Self {
            world,
            link,
            written: VecDeque::new(),
            taken: 0,
            waiting: VecDeque::new(),
            unread: Vec::new(),
            on_its_way: VecDeque::new(),
            frames: VecDeque::new(),
            tokens: 1, // the discovery
        }
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Submit { is_read, timeout } => self.submit(is_read, timeout),
            Step::Cancel(number) => self.cancel(number),
            Step::Take(len) => self.take(len),
            Step::TakeWhole(count, more) => {
                let ends = self.written.iter().map(Written::end).filter(|end| *end > self.taken);
                let end = ends.take(count).last().unwrap_or(self.taken);
                self.take(end - self.taken + more);
            }
            Step::Execute(count) => self.execute(count),
            Step::Push => {
                if self.link.is_some() {
                    self.on_its_way.extend(b">1\r\n+ping\r\n");
                    self.frames.push_back((11, false));
                }
            }
            Step::Receive(len) => self.receive(len),
            Step::Pass(millis) => {
                self.world.advance(ms(millis));
                self.expire();
            }
            Step::Lose => self.lose(),
            Step::Return => self.come_back(),
        }
        self.check();
    }

    fn submit(&mut self, is_read: bool, timeout: Option<u64>) {
        self.tokens += 1;
        let mut call = Call::new(command(self.tokens, is_read));
        if let Some(millis) = timeout {
            call = call.timeout(ms(millis));
        }
        assert_eq!(self.world.submit(call), self.tokens);
        let deadline = timeout.map(|millis| self.world.elapsed() + ms(millis));
        let open = Open { token: self.tokens, is_read, deadline, may_have_run: false, losses: 0 };
        match self.link {
            Some(_) => self.write(open),
            None => self.waiting.push_back(open),
        }
    }

    fn write(&mut self, call: Open) {
        let start = self.written.back().map_or(self.taken, Written::end).max(self.taken);
        let bytes = command(call.token, call.is_read).to_bytes().to_vec();
        self.written.push_back(Written { bytes, start, call: Some(call) });
    }

    fn open_calls(&self) -> Vec<Open> {
        let written = self.written.iter().filter_map(|written| written.call.as_ref());
        written.chain(&self.waiting).cloned().collect()
    }

    fn cancel(&mut self, number: usize) {
        let open = self.open_calls();
        if !open.is_empty() {
            let token = open[number % open.len()].token;
            self.world.cancel(token);
            self.end(token);
            assert_eq!(self.world.outcome(token), "gone");
        }
    }

    /// A call is over without a reply: what has not begun is taken back, a gap closes.
    fn end(&mut self, token: Token) {
        self.waiting.retain(|call| call.token != token);
        let is_meant = |written: &Written| written.call.as_ref().is_some_and(|c| c.token == token);
        let Some(index) = self.written.iter().position(is_meant) else { return };
        if self.written[index].start < self.taken {
            self.written[index].call = None;
            return;
        }
        let gone = self.written.remove(index).expect("it is there");
        self.written.iter_mut().skip(index).for_each(|later| later.start -= gone.bytes.len());
    }

    fn expire(&mut self) {
        let now = self.world.elapsed();
        for call in self.open_calls() {
            if call.deadline.is_some_and(|deadline| deadline <= now) {
                let written = self.written.iter().find(|written| {
                    written.call.as_ref().is_some_and(|open| open.token == call.token)
                });
                let has_begun = written.is_some_and(|written| written.start < self.taken);
                let Err(error) = self.world.result(call.token) else {
                    panic!("{call:?} has ended")
                };
                assert_eq!(error.may_have_executed(), has_begun || call.may_have_run, "{error}");
                self.end(call.token);
            }
        }
    }

    fn take(&mut self, len: usize) {
        let Some(link) = self.link else { return };
        let bytes = take(&mut self.world, link, len);
        self.taken += bytes.len();
        self.unread.extend(bytes);
    }

    fn execute(&mut self, count: usize) {
        for _ in 0..count {
            let (commands, _) = commands_in(&self.unread);
            let Some(command) = commands.first() else { return };
            let mut encoded = Vec::new();
            encode::command(&mut encoded, command);
            self.unread.drain(..encoded.len());
            let reply = reply(&command[1]);
            self.frames.push_back((reply.len(), true));
            self.on_its_way.extend(reply);
        }
    }

    fn receive(&mut self, len: usize) {
        let Some(link) = self.link else { return };
        let len = len.min(self.on_its_way.len());
        let bytes: Vec<u8> = self.on_its_way.drain(..len).collect();
        self.world.answer_bytes(link, &bytes);
        let mut left = len;
        while let Some((missing, is_reply)) = self.frames.front_mut() {
            if left < *missing {
                *missing -= left;
                return;
            }
            left -= *missing;
            let is_reply = *is_reply;
            self.frames.pop_front();
            if is_reply {
                let answered = self.written.pop_front().expect("a reply to something");
                if let Some(call) = answered.call {
                    let name = format!("{{foo}}{}", call.token);
                    assert_eq!(text(self.world.result(call.token)), name, "another's reply");
                }
            }
        }
    }

    fn lose(&mut self) {
        let Some(link) = self.link.take() else { return };
        self.world.close(link, Disconnect::Reset);
        let mut again = VecDeque::new();
        for (index, written) in std::mem::take(&mut self.written).into_iter().enumerate() {
            let was_taken = written.end() <= self.taken;
            // The node was busy with it, or it was being sent.
            let is_suspect = written.start < self.taken && (index == 0 || !was_taken);
            let Some(call) = written.call else { continue };
            let losses = call.losses + usize::from(is_suspect);
            let may_have_run = call.may_have_run || was_taken;
            if (was_taken && !call.is_read) || losses == 2 {
                let Err(error) = self.world.result(call.token) else { panic!("{call:?} is lost") };
                assert_eq!(error.may_have_executed(), may_have_run, "{error}");
            } else {
                again.push_back(Open { may_have_run, losses, ..call });
            }
        }
        again.append(&mut self.waiting);
        self.waiting = again;
        self.taken = 0;
        self.unread.clear();
        self.on_its_way.clear();
        self.frames.clear();
    }

    fn come_back(&mut self) {
        if self.link.is_some() || self.waiting.is_empty() {
            return;
        }
        while self.world.dialled().is_empty() {
            self.world.advance_to_timer();
            self.expire();
            if self.waiting.is_empty() {
                return;
            }
        }
        self.link = Some(self.world.open(A));
        for call in std::mem::take(&mut self.waiting) {
            self.write(call);
        }
    }

    fn check(&self) {
        assert_eq!(self.world.machine.call_count(), self.open_calls().len());
        for call in self.open_calls() {
            assert_eq!(self.world.outcome(call.token), "open");
        }
        let Some(link) = self.link else { return };
        let written = self.written.iter().flat_map(|written| {
            let from = self.taken.saturating_sub(written.start).min(written.bytes.len());
            written.bytes[from..].to_vec()
        });
        assert_eq!(pending(&self.world, link), written.collect::<Vec<_>>());
    }

    /// Everything that is left is taken, executed and received.
    fn finish(&mut self) {
        self.come_back();
        while self.link.is_some_and(|link| !pending(&self.world, link).is_empty()) {
            self.run(&Step::Take(usize::MAX));
        }
        self.run(&Step::Execute(usize::MAX));
        self.run(&Step::Receive(usize::MAX));
        if self.link.is_some() {
            assert_eq!(self.world.machine.call_count(), 0, "every command was answered");
        }
    }
}

fn text(outcome: &Outcome) -> String {
    let Ok(Reply::One(frame)) = outcome else { panic!("{outcome:?}") };
    frame.value().as_str().expect("text").to_owned()
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn f06_f07_the_nth_reply_answers_the_nth_command_whatever_became_of_its_call(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut model = Model::new();
        for step in &steps {
            model.run(step);
        }
        model.finish();
    }
}
