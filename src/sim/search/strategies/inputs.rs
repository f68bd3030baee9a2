//! Every input of a machine as plain data, and a driver that applies a sequence of inputs.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::{Cuts, Host, Layout, PlainCall, Tree, calls, cuts, frame_bytes, frames, wide_calls};
use crate::action::{Action, CallId, Event, LinkId, Outcome};
use crate::address::Address;
use crate::cluster::Cluster;
use crate::command::Command;
use crate::config::{Limits, Protocol};
use crate::error::{Disconnect, Error, SystemText, TlsFailure};
use crate::input::Input;
use crate::resp::{Frame, Scan, Scanner};
use crate::slot::Slot;
use crate::time::Instant;

/// An input of a machine.
///
/// A number selects a link or a call, modulo how many there are. Links count from the one dialled
/// last, ended ones included; calls count from the oldest open one. Without any, the input does
/// nothing.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum PlainInput {
    /// The application submits a call.
    Submitted(PlainCall),
    /// The application cancels a call.
    Cancelled(usize),
    /// The dial of a link succeeds.
    Connected(usize),
    /// The transport accepts up to so many bytes of a link.
    Sent(usize, usize),
    /// The node answers up to so many of the commands received on a link: commands about the
    /// connection and the topology truthfully, all others with this answer.
    Answered(usize, usize, Answer, Cuts),
    /// Every dial succeeds, all bytes are accepted, and every node answers what it received, once:
    /// commands about the connection and the topology truthfully, all others with this answer.
    Served(Answer),
    /// Unsolicited bytes arrive on a link.
    Received(usize, Vec<u8>),
    /// A link is closed, or its dial fails.
    Closed(usize, Disconnect),
    /// The driver runs timers, due or not.
    TimersRun,
    /// Time passes; the driver runs timers when they are due.
    Passed(Duration),
    /// The application requests a refresh of the topology.
    Reinit,
    /// The application shuts the machine down.
    ShutDown,
}

/// A node's answer to a command.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Answer {
    /// `OK`; `QUEUED` after `MULTI`, and as many `OK` to `EXEC`.
    Ok,
    /// This value.
    Value(Tree),
    /// An error: code and text.
    Error(&'static str),
    /// `MOVED` to a node of the layout.
    Moved(usize),
    /// `ASK` to a node of the layout.
    Ask(usize),
}

/// The outputs of a machine.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Trace {
    /// Tokens of the calls that the machine accepted. Tokens count from 0.
    pub submitted: Vec<u64>,
    /// Tokens of the calls that the machine rejected, with the error.
    pub refused: Vec<(u64, Error)>,
    /// Tokens of the calls that were cancelled while open.
    pub cancelled: Vec<u64>,
    /// Completed calls, in the order of their completion.
    pub outcomes: Vec<(u64, Outcome)>,
    /// Events, in order.
    pub events: Vec<Event>,
    /// Every dialled link, with its address and all bytes sent on it.
    pub links: Vec<(LinkId, Address, Vec<u8>)>,
    /// The virtual time at the end.
    pub now: Instant,
}

/// Applies inputs to a machine whose cluster has this layout, starting at the epoch, and returns
/// the outputs.
///
/// The driver is correct: it carries out every action. Late, double and early events come from the
/// inputs only.
///
/// # Panics
/// If the machine requests its timers again and again without time passing.
pub fn apply(cluster: &mut Cluster<u64>, layout: &Layout, inputs: &[PlainInput]) -> Trace {
    let mut driver = Driver {
        cluster,
        layout,
        trace: Trace::default(),
        nodes: Vec::new(),
        calls: Vec::new(),
        token: 0,
    };
    for event in inputs {
        driver.apply(event);
    }
    driver.trace
}

struct Driver<'a> {
    cluster: &'a mut Cluster<u64>,
    layout: &'a Layout,
    trace: Trace,
    /// The other end of every link.
    nodes: Vec<Node>,
    /// Calls that are open.
    calls: Vec<(u64, CallId)>,
    token: u64,
}

/// The other end of a link.
#[derive(Default)]
struct Node {
    state: State,
    /// How much of what was sent has been answered.
    answered_len: usize,
    speaks_resp3: bool,
    /// Commands since `MULTI`.
    queued: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Dialled,
    Open,
    Over,
}

impl Driver<'_> {
    fn apply(&mut self, event: &PlainInput) {
        let now = self.trace.now;
        match event {
            PlainInput::Submitted(call) => self.submit(call),
            PlainInput::Cancelled(number) => {
                if !self.calls.is_empty() {
                    let (token, call) = self.calls.remove(number % self.calls.len());
                    self.trace.cancelled.push(token);
                    self.cluster.handle(now, Input::Cancel { call });
                }
            }
            PlainInput::Connected(number) => {
                if let Some((index, link)) = self.link(*number) {
                    self.connect(index, link);
                }
            }
            PlainInput::Sent(number, len) => {
                if let Some((index, link)) = self.link(*number) {
                    self.send(index, link, *len);
                }
            }
            PlainInput::Answered(number, count, answer, cuts) => {
                if let Some((index, link)) = self.link(*number) {
                    let bytes = self.answer(index, *count, answer);
                    for piece in cuts.pieces(&bytes) {
                        self.cluster.handle(now, Input::Received { link, data: piece });
                        self.drain();
                    }
                }
            }
            PlainInput::Served(answer) => self.serve(answer),
            PlainInput::Received(number, bytes) => {
                if let Some((_, link)) = self.link(*number) {
                    self.cluster.handle(now, Input::Received { link, data: bytes });
                }
            }
            PlainInput::Closed(number, cause) => {
                if let Some((index, link)) = self.link(*number) {
                    self.nodes[index].state = State::Over;
                    self.cluster.handle(now, Input::Closed { link, cause: cause.clone() });
                }
            }
            PlainInput::TimersRun => {
                self.cluster.handle(now, Input::Timeout);
            }
            PlainInput::Passed(time) => self.pass(*time),
            PlainInput::Reinit => {
                self.cluster.handle(now, Input::RefreshTopology);
            }
            PlainInput::ShutDown => {
                self.cluster.handle(now, Input::ShutDown);
            }
        }
        self.drain();
    }

    /// Which link is meant, and where it stands in the trace.
    fn link(&self, number: usize) -> Option<(usize, LinkId)> {
        let count = self.trace.links.len();
        let back = number.checked_rem(count)?;
        self.trace.links.get(count - 1 - back).map(|(link, ..)| (count - 1 - back, *link))
    }

    fn submit(&mut self, call: &PlainCall) {
        let token = self.token;
        self.token += 1;
        match self.cluster.submit(self.trace.now, call.to_call(), token) {
            Ok(call) => {
                self.trace.submitted.push(token);
                self.calls.push((token, call));
            }
            Err(refused) => self.trace.refused.push((refused.token, refused.error)),
        }
    }

    /// Connects a link; what has ended stays so.
    fn connect(&mut self, index: usize, link: LinkId) {
        if self.nodes[index].state == State::Dialled {
            self.nodes[index].state = State::Open;
        }
        self.cluster.handle(self.trace.now, Input::Connected { link, credentials: None });
    }

    fn serve(&mut self, answer: &Answer) {
        for index in 0..self.nodes.len() {
            let link = self.trace.links[index].0;
            if self.nodes[index].state == State::Dialled {
                self.connect(index, link);
                self.drain();
            }
            if self.nodes[index].state == State::Open {
                self.send(index, link, usize::MAX);
                let bytes = self.answer(index, usize::MAX, answer);
                self.cluster.handle(self.trace.now, Input::Received { link, data: &bytes });
                self.drain();
            }
        }
    }

    fn send(&mut self, index: usize, link: LinkId, len: usize) {
        let mut slices: [&[u8]; 8] = [&[]; 8];
        let count = self.cluster.sendable(link, &mut slices);
        let mut taken = slices[..count].concat();
        taken.truncate(len);
        self.cluster.handle(self.trace.now, Input::Sent { link, len: taken.len() });
        self.trace.links[index].2.extend(taken);
    }

    fn pass(&mut self, time: Duration) {
        let end = self.trace.now + time;
        let mut standing = 0;
        while let Some(due) = self.cluster.poll_timeout().filter(|due| *due <= end) {
            standing = if due <= self.trace.now { standing + 1 } else { 0 };
            assert!(standing < 10, "timers are to be run again and again at {:?}", self.trace.now);
            self.trace.now = self.trace.now.max(due);
            self.cluster.handle(self.trace.now, Input::Timeout);
            self.drain();
        }
        self.trace.now = end;
    }

    fn drain(&mut self) {
        while let Some(action) = self.cluster.poll_action() {
            match action {
                Action::Connect { link, address } => {
                    self.trace.links.push((link, address, Vec::new()));
                    self.nodes.push(Node::default());
                }
                Action::Complete { token, outcome } => {
                    self.calls.retain(|(open, _)| *open != token);
                    self.trace.outcomes.push((token, outcome));
                }
                Action::Event(event) => self.trace.events.push(*event),
                Action::Close { link } => {
                    let same = |(of, ..): &(LinkId, Address, Vec<u8>)| *of == link;
                    if let Some(index) = self.trace.links.iter().rposition(same) {
                        self.nodes[index].state = State::Over;
                    }
                }
                Action::SendToNode { .. } => {}
            }
        }
    }

    /// The bytes that answer up to so many commands.
    fn answer(&mut self, index: usize, count: usize, answer: &Answer) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..count {
            let node = &mut self.nodes[index];
            let unread = &self.trace.links[index].2[node.answered_len..];
            let Ok(Scan::Frame { len }) = Scanner::new(Limits::default()).scan(unread) else {
                break;
            };
            let frame = Frame::parse(unread[..len].to_vec(), &Limits::default());
            node.answered_len += len;
            let words: Vec<Vec<u8>> = frame.map_or_else(
                |_| Vec::new(),
                |frame| {
                    let words = frame.value().elements().into_iter().flatten();
                    words.map(|word| word.as_bytes().unwrap_or_default().to_vec()).collect()
                },
            );
            let reply = self.nodes[index].reply(&words, self.layout, answer);
            bytes.extend(reply);
        }
        bytes
    }
}

impl Node {
    fn reply(&mut self, words: &[Vec<u8>], layout: &Layout, answer: &Answer) -> Vec<u8> {
        let word = |index: usize| words.get(index).map(Vec::as_slice).unwrap_or_default();
        let protocol = if self.speaks_resp3 { Protocol::Resp3 } else { Protocol::Resp2 };
        match (word(0), word(1)) {
            (b"HELLO", _) => {
                self.speaks_resp3 = true;
                return b"%1\r\n$7\r\nversion\r\n$5\r\n8.2.3\r\n".to_vec();
            }
            (b"CLUSTER", b"SLOTS") => return layout.slots_reply(protocol),
            (b"CLUSTER", b"SHARDS") => return layout.shards_reply(protocol),
            (b"CLUSTER", b"NODES") => return layout.nodes_reply(protocol),
            (b"CLUSTER", b"MYID") => return b"-NOPERM no permissions\r\n".to_vec(),
            (b"AUTH" | b"CLIENT" | b"READONLY" | b"ASKING", _) => return b"+OK\r\n".to_vec(),
            _ => {}
        }
        match answer {
            Answer::Ok => self.ok(word(0)),
            Answer::Value(tree) => tree.encode(protocol),
            Answer::Error(text) => format!("-{text}\r\n").into_bytes(),
            Answer::Moved(node) => redirection("MOVED", words, layout, *node),
            Answer::Ask(node) => redirection("ASK", words, layout, *node),
        }
    }

    fn ok(&mut self, name: &[u8]) -> Vec<u8> {
        match (name, self.queued) {
            (b"MULTI", _) => {
                self.queued = Some(0);
                b"+OK\r\n".to_vec()
            }
            (b"EXEC", Some(count)) => {
                self.queued = None;
                Tree::Array(vec![Tree::Simple(b"OK".to_vec()); count]).encode(Protocol::Resp2)
            }
            (_, Some(count)) => {
                self.queued = Some(count + 1);
                b"+QUEUED\r\n".to_vec()
            }
            (_, None) => b"+OK\r\n".to_vec(),
        }
    }
}

/// A redirection of a command to the n-th node.
fn redirection(kind: &str, words: &[Vec<u8>], layout: &Layout, node: usize) -> Vec<u8> {
    let name = words.first().map(|name| String::from_utf8_lossy(name)).unwrap_or_default();
    let command = Command::new(name.as_bytes()).args(words.iter().skip(1));
    let slot = command.slot().ok().flatten().map_or(0, Slot::number);
    let count = layout.nodes().count();
    let target = node.checked_rem(count).and_then(|index| layout.nodes().nth(index));
    let (host, port) = target.map_or(("?", 1), |node| match &node.host {
        Host::Given(host) => (host.as_str(), node.port),
        Host::Empty | Host::Null => ("", node.port),
        Host::Unknown => ("?", node.port),
    });
    format!("-{kind} {slot} {host}:{port}\r\n").into_bytes()
}

/// Any sequence of up to `len` inputs, weighted so that links get ready and calls get answers.
///
/// ```
/// use hashslot::sim::strategies::{Layout, PlainInput, apply, inputs, topologies};
/// use hashslot::{Cluster, Config, Instant};
/// use proptest::test_runner::TestRunner;
/// use std::time::Duration;
///
/// let property = |(layout, mut inputs): (Layout, Vec<PlainInput>)| {
///     let seeds = vec!["10.0.0.1:7000".parse().unwrap()];
///     let random_seed = 7;
///     let mut cluster = Cluster::new(Config::default(), seeds, random_seed).unwrap();
///     inputs.push(PlainInput::Passed(Duration::from_secs(60)));
///     let trace = apply(&mut cluster, &layout, &inputs);
///     // Whatever happened: every call has ended once.
///     assert_eq!(trace.outcomes.len() + trace.cancelled.len(), trace.submitted.len());
///     assert_eq!(cluster.call_count(), 0);
///     Ok(())
/// };
/// let longest = 50;
/// TestRunner::deterministic().run(&(topologies(), inputs(longest)), property).unwrap();
/// ```
pub fn inputs(len: usize) -> impl Strategy<Value = Vec<PlainInput>> {
    prop::collection::vec(event(), 0..=len)
}

fn event() -> impl Strategy<Value = PlainInput> {
    let link = || prop_oneof![4 => 0..2_usize, 1 => 0..8_usize];
    let sent = prop_oneof![1 => 0..80_usize, 2 => Just(usize::MAX)];
    let count = prop_oneof![1 => 0..4_usize, 2 => Just(usize::MAX)];
    let answered = (link(), count, answer(), cuts(2_000));
    let received = prop_oneof![
        frame_bytes(Protocol::Resp3),
        Just(b"+OK\r\n".to_vec()),
        prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop_oneof![
        7 => calls().prop_map(PlainInput::Submitted).boxed(),
        2 => wide_calls().prop_map(PlainInput::Submitted).boxed(),
        1 => (0..10_usize).prop_map(PlainInput::Cancelled).boxed(),
        6 => link().prop_map(PlainInput::Connected).boxed(),
        10 => (link(), sent).prop_map(|(link, len)| PlainInput::Sent(link, len)).boxed(),
        12 => answered
            .prop_map(|(link, count, answer, cuts)| PlainInput::Answered(link, count, answer, cuts))
            .boxed(),
        10 => answer().prop_map(PlainInput::Served).boxed(),
        1 => (link(), received).prop_map(|(link, bytes)| PlainInput::Received(link, bytes)).boxed(),
        1 => (link(), closed()).prop_map(|(link, cause)| PlainInput::Closed(link, cause)).boxed(),
        1 => Just(PlainInput::TimersRun).boxed(),
        4 => (0..400_u64).prop_map(|ms| PlainInput::Passed(Duration::from_millis(ms))).boxed(),
        1 => (0..20_u64).prop_map(|s| PlainInput::Passed(Duration::from_secs(s))).boxed(),
        1 => prop_oneof![9 => Just(PlainInput::Reinit), 1 => Just(PlainInput::ShutDown)].boxed(),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    let error = prop::sample::select(vec![
        "TRYAGAIN Multiple keys request during rehashing of slot",
        "CLUSTERDOWN The cluster is down",
        "LOADING Redis is loading the dataset in memory",
        "READONLY You can't write against a read only replica.",
        "ERR unknown command",
        "EXECABORT Transaction discarded because of previous errors.",
    ]);
    prop_oneof![
        8 => Just(Answer::Ok),
        2 => frames().prop_map(Answer::Value),
        2 => error.prop_map(Answer::Error),
        3 => (0..24_usize).prop_map(Answer::Moved),
        2 => (0..24_usize).prop_map(Answer::Ask),
    ]
}

fn closed() -> impl Strategy<Value = Disconnect> {
    prop::sample::select(vec![
        Disconnect::Refused,
        Disconnect::Unreachable,
        Disconnect::NameResolution(SystemText::new("Name or service not known")),
        Disconnect::TimedOut,
        Disconnect::Reset,
        Disconnect::EndOfStream,
        Disconnect::Tls(TlsFailure::Expired),
        Disconnect::Tls(TlsFailure::NoAnswer),
        Disconnect::Panicked(SystemText::new("at the disco")),
        Disconnect::Other(SystemText::EMPTY),
    ])
}
