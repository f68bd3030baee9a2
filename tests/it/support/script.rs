//! A scripted driver in virtual time.
//!
//! A [`World`] owns a machine and plays both its driver and the nodes: a scenario says what is
//! submitted, what a node reads and answers, and how time passes. Commands are shown as text,
//! `"ASKING; GET foo"`, and stand for exactly the bytes of their encoding: the decoder encodes them
//! again and compares.
//!
//! After every step the world checks what must hold always:
//! - every action is drained; the machine connects, sends and closes only what it may;
//! - no call is completed twice, and none without having been submitted;
//! - while calls are open there is an instant to wait for, and at that instant there is progress;
//! - `ASKING` is followed by its command, in the same write.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::canned::{nodes_reply, slots_reply, topology, welcome};
use hashslot::config::Protocol;
use hashslot::driver::{CallId, Input, Outcome, RedirectKind, SubmitError};
use hashslot::error::Disconnect;
use hashslot::{
    Action, Address, Call, Cluster, Command, Config, Credentials, Event, Instant, LinkId, Reply,
};

/// Three nodes that share the slots evenly.
pub(crate) const A: &str = "127.0.0.1:7000";
pub(crate) const B: &str = "127.0.0.1:7001";
pub(crate) const C: &str = "127.0.0.1:7002";

/// A range of slots, its primary, and the primary's replicas.
pub(crate) type Row<'a> = (u16, u16, &'a [&'a str]);

/// What the three nodes say.
pub(crate) const ROWS: &[Row<'_>] = &[(0, 5460, &[A]), (5461, 10922, &[B]), (10923, 16383, &[C])];

/// The handshake of the default configuration.
pub(crate) const HELLO: &str = concat!(
    "HELLO 3; CLIENT SETINFO LIB-NAME hashslot; CLIENT SETINFO LIB-VER ",
    env!("CARGO_PKG_VERSION"),
    "; CLUSTER MYID"
);

/// The questions about the topology.
pub(crate) const ASK_TOPOLOGY: &str = "CLUSTER SLOTS; CLUSTER SHARDS";

/// The handle of a call.
pub(crate) type Token = u32;

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The default configuration with changes.
pub(crate) fn config(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    change(&mut config);
    config
}

pub(crate) fn at(address: &str) -> Address {
    address.parse().expect("an address")
}

/// A machine, its driver and its nodes.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) machine: Cluster<Token>,
    now: Instant,
    sockets: BTreeMap<LinkId, Socket>,
    calls: BTreeMap<Token, CallId>,
    outcomes: BTreeMap<Token, Outcome>,
    token: Token,
    events: Vec<String>,
    log: String,
}

/// The node's end of a link.
#[derive(Debug)]
struct Socket {
    address: String,
    state: State,
    /// Whether the machine said that it has bytes, and they have not all been taken.
    is_announced: bool,
    /// How many commands had been taken back when its bytes were announced.
    taken_back: u64,
    /// What the node has got and not read.
    unread: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Dialled,
    Open,
    Closed,
}

impl World {
    pub(crate) fn new(config: Config, seeds: &[&str]) -> Self {
        let seeds = seeds.iter().map(|seed| at(seed)).collect();
        let machine = Cluster::new(config, seeds, 7).expect("a sane configuration");
        Self {
            machine,
            now: Instant::EPOCH,
            sockets: BTreeMap::new(),
            calls: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            token: 0,
            events: Vec::new(),
            log: String::new(),
        }
    }

    /// A machine that knows the three nodes and has a link to the first.
    pub(crate) fn discovered(config: Config) -> Self {
        Self::knowing(config, ROWS)
    }

    /// A machine that was told these rows by the first node.
    pub(crate) fn knowing(config: Config, rows: &[Row<'_>]) -> Self {
        Self::knowing_over(config, rows, Protocol::Resp3)
    }

    /// The same, with a first node that refuses `HELLO` if it speaks RESP2.
    pub(crate) fn knowing_over(config: Config, rows: &[Row<'_>], protocol: Protocol) -> Self {
        let speaks_resp3 = (config.protocol, protocol) == (Protocol::Resp3, Protocol::Resp3);
        let mut world = Self::new(config, &[A]);
        let discovery = world.submit(Call::discovery());
        let link = world.open_over(A, protocol);
        if speaks_resp3 {
            world.tells(link, rows);
        } else {
            assert_eq!(world.reads(link), "CLUSTER SLOTS; CLUSTER NODES");
            world.answer(link, &(slots_reply(rows) + &nodes_reply(rows, &[])));
        }
        assert_eq!(world.outcome(discovery), "ready");
        world.events();
        world
    }

    /// A machine that knows the three nodes and has a link to each of them.
    pub(crate) fn linked(config: Config) -> (Self, [LinkId; 3]) {
        Self::linked_over(config, [Protocol::Resp3; 3])
    }

    /// The same, with nodes of which those of RESP2 refuse `HELLO`.
    pub(crate) fn linked_over(config: Config, protocols: [Protocol; 3]) -> (Self, [LinkId; 3]) {
        let [first, ..] = protocols;
        let mut world = Self::knowing_over(config, ROWS, first);
        let links = [(A, first), (B, protocols[1]), (C, protocols[2])].map(|(node, protocol)| {
            let ping = world.submit(Call::new(Command::new("PING")).on_node(at(node)));
            let link = world.open_over(node, protocol);
            assert_eq!(world.reads(link), "PING");
            world.answer(link, "+PONG\r\n");
            assert_eq!(world.outcome(ping), "+PONG\r\n");
            link
        });
        world.events();
        (world, links)
    }

    // ---- the application ----

    #[track_caller]
    pub(crate) fn submit(&mut self, call: impl Into<Call>) -> Token {
        match self.try_submit(call) {
            Ok(token) => token,
            Err(refused) => panic!("refused: {refused}"),
        }
    }

    pub(crate) fn try_submit(
        &mut self,
        call: impl Into<Call>,
    ) -> Result<Token, SubmitError<Token>> {
        self.token += 1;
        let token = self.token;
        self.record(format_args!("submit {token}"));
        let call = self.machine.submit(self.now, call.into(), token)?;
        self.calls.insert(token, call);
        self.settle();
        Ok(token)
    }

    #[track_caller]
    pub(crate) fn cancel(&mut self, token: Token) {
        self.record(format_args!("cancel {token}"));
        let call = self.calls.remove(&token).expect("an open call");
        self.machine.handle(self.now, Input::Cancel { call });
        self.settle();
    }

    pub(crate) fn refresh_topology(&mut self) {
        self.record(format_args!("reinit topology"));
        self.machine.handle(self.now, Input::RefreshTopology);
        self.settle();
    }

    pub(crate) fn set_credentials(&mut self, credentials: impl Into<Option<Credentials>>) {
        self.record(format_args!("set credentials"));
        let credentials = credentials.into();
        self.machine.handle(self.now, Input::SetCredentials { credentials });
        self.settle();
    }

    pub(crate) fn shut_down(&mut self) {
        self.record(format_args!("shut down"));
        self.machine.handle(self.now, Input::ShutDown);
        self.settle();
    }

    /// How a call ended: the bytes of its reply, or its error as text; `open` if it has not.
    pub(crate) fn outcome(&self, token: Token) -> String {
        match self.outcomes.get(&token) {
            None if self.calls.contains_key(&token) => "open".into(),
            None => "gone".into(),
            Some(outcome) => told(outcome),
        }
    }

    /// How a call ended.
    #[track_caller]
    pub(crate) fn result(&self, token: Token) -> &Outcome {
        self.outcomes.get(&token).expect("a call that is over")
    }

    /// What the machine has noticed since this was asked the last time.
    pub(crate) fn events(&mut self) -> Vec<String> {
        std::mem::take(&mut self.events)
    }

    // ---- the nodes ----

    /// The addresses that are being dialled, in the order of the links.
    pub(crate) fn dialled(&self) -> Vec<&str> {
        let dialled = self.sockets.values().filter(|socket| socket.state == State::Dialled);
        dialled.map(|socket| &*socket.address).collect()
    }

    /// The link to this address that is in this state.
    fn find(&self, address: &str, state: State) -> Option<LinkId> {
        let wanted = |socket: &Socket| socket.address == address && socket.state == state;
        self.sockets.iter().find(|(_, socket)| wanted(socket)).map(|(link, _)| *link)
    }

    #[track_caller]
    fn dialled_link(&self, address: &str) -> LinkId {
        let link = self.find(address, State::Dialled);
        link.unwrap_or_else(|| panic!("{address} is not dialled, but {:?}", self.dialled()))
    }

    /// Accepts the connection that is being dialled.
    #[track_caller]
    pub(crate) fn accept(&mut self, address: &str) -> LinkId {
        let link = self.dialled_link(address);
        self.socket(link).state = State::Open;
        self.record(format_args!("accept {link:?}"));
        self.machine.handle(self.now, Input::Connected { link, credentials: None });
        self.settle();
        link
    }

    /// Accepts the connection that is being dialled, which has credentials of its own.
    #[track_caller]
    pub(crate) fn accept_with(&mut self, address: &str, credentials: Credentials) -> LinkId {
        let link = self.dialled_link(address);
        self.socket(link).state = State::Open;
        self.record(format_args!("accept {link:?} with credentials"));
        let credentials = Some(credentials);
        self.machine.handle(self.now, Input::Connected { link, credentials });
        self.settle();
        link
    }

    /// The driver says once more that a link is connected.
    pub(crate) fn connected_again(&mut self, link: LinkId) {
        self.record(format_args!("connected again {link:?}"));
        self.machine.handle(self.now, Input::Connected { link, credentials: None });
        self.settle();
    }

    /// Refuses the connection that is being dialled.
    #[track_caller]
    pub(crate) fn refuse(&mut self, address: &str, cause: Disconnect) {
        let link = self.dialled_link(address);
        self.close(link, cause);
    }

    /// Reads the handshake of the default configuration and welcomes the client.
    #[track_caller]
    pub(crate) fn handshake(&mut self, link: LinkId) {
        assert_eq!(self.reads(link), HELLO);
        self.answer(link, &welcome("8.2.3"));
    }

    /// Accepts the connection that is being dialled, beside any other to that node, and sets it up.
    #[track_caller]
    pub(crate) fn accept_set_up(&mut self, address: &str) -> LinkId {
        let link = self.accept(address);
        self.handshake(link);
        link
    }

    /// The link to a node, which is accepted and set up if it is being dialled.
    #[track_caller]
    pub(crate) fn open(&mut self, address: &str) -> LinkId {
        self.open_over(address, Protocol::Resp3)
    }

    /// The same, with a node that refuses `HELLO` if it speaks RESP2.
    #[track_caller]
    pub(crate) fn open_over(&mut self, address: &str, protocol: Protocol) -> LinkId {
        if let Some(link) = self.find(address, State::Open) {
            return link;
        }
        let link = self.accept(address);
        match (self.machine.config().protocol, protocol) {
            (Protocol::Resp2, _) => {
                assert!(HELLO.ends_with(&self.reads(link)), "the library, and no more");
                self.answer(link, "+OK\r\n+OK\r\n-ERR no\r\n");
            }
            (_, Protocol::Resp2) => {
                assert_eq!(self.reads(link), HELLO);
                self.answer(
                    link,
                    "-ERR unknown command 'HELLO'\r\n-ERR no\r\n-ERR no\r\n-ERR no\r\n",
                );
            }
            _ => self.handshake(link),
        }
        link
    }

    /// Lets time pass until a node is dialled, and opens the link.
    #[track_caller]
    pub(crate) fn open_later(&mut self, address: &str) -> LinkId {
        for _ in 0..10_000 {
            if self.find(address, State::Dialled).is_some() {
                return self.open(address);
            }
            self.advance_to_timer();
        }
        panic!("{address} is never dialled");
    }

    /// The same for whichever of these nodes is dialled first.
    #[track_caller]
    pub(crate) fn open_later_of(&mut self, addresses: &[&str]) -> LinkId {
        for _ in 0..10_000 {
            if let Some(address) =
                addresses.iter().find(|node| self.find(node, State::Dialled).is_some())
            {
                return self.open(address);
            }
            self.advance_to_timer();
        }
        panic!("none of {addresses:?} is ever dialled");
    }

    /// The address that a link leads to.
    pub(crate) fn address(&self, link: LinkId) -> &str {
        &self.sockets[&link].address
    }

    /// Whether the link has been closed, by whomever.
    pub(crate) fn is_closed(&self, link: LinkId) -> bool {
        self.sockets[&link].state == State::Closed
    }

    /// The links that are open.
    pub(crate) fn links(&self) -> Vec<LinkId> {
        let open = self.sockets.iter().filter(|(_, socket)| socket.state == State::Open);
        open.map(|(link, _)| *link).collect()
    }

    /// How often this address was dialled.
    pub(crate) fn dial_count(&self, address: &str) -> usize {
        self.sockets.values().filter(|socket| socket.address == address).count()
    }

    /// The number of links that were ever dialled.
    pub(crate) fn link_count(&self) -> usize {
        self.sockets.len()
    }

    /// The transport takes this many bytes at the most.
    #[track_caller]
    pub(crate) fn takes(&mut self, link: LinkId, len: usize) -> usize {
        let mut slices = [&[][..]; 3];
        let count = self.machine.sendable(link, &mut slices);
        let sendable = slices[..count].concat();
        let taken = &sendable[..len.min(sendable.len())];
        let socket = self.sockets.get_mut(&link).expect("a link");
        if taken.is_empty() {
            return 0;
        }
        assert_eq!(socket.state, State::Open, "bytes for a link that is not open");
        assert!(socket.is_announced, "bytes that nobody was told of: {}", commands(&sendable));
        socket.unread.extend_from_slice(taken);
        let len = taken.len();
        self.record(format_args!("taken {link:?} {}", taken_text(taken)));
        self.machine.handle(self.now, Input::Sent { link, len });
        self.settle();
        len
    }

    /// Takes all that the machine has for a link and returns it as commands, with what was taken
    /// before and not read.
    #[track_caller]
    pub(crate) fn reads(&mut self, link: LinkId) -> String {
        self.reads_in_chunks(link, usize::MAX)
    }

    /// Like [`World::reads`], so many bytes at a time.
    #[track_caller]
    pub(crate) fn reads_in_chunks(&mut self, link: LinkId, len: usize) -> String {
        while self.takes(link, len) > 0 {}
        let text = commands(&std::mem::take(&mut self.socket(link).unread));
        let mut list = text.split("; ").peekable();
        while let Some(command) = list.next() {
            let next = list.peek().unwrap_or(&"ASKING");
            assert!(command != "ASKING" || *next != "ASKING", "an ASKING without its command");
        }
        text
    }

    /// The node sends bytes.
    pub(crate) fn answer(&mut self, link: LinkId, bytes: &str) {
        self.answer_bytes(link, bytes.as_bytes());
    }

    /// The node sends bytes.
    pub(crate) fn answer_bytes(&mut self, link: LinkId, bytes: &[u8]) {
        self.record(format_args!("received {link:?} {}", taken_text(bytes)));
        self.machine.handle(self.now, Input::Received { link, data: bytes });
        self.settle();
    }

    /// The node sends bytes, so many at a time.
    pub(crate) fn answer_in_chunks(&mut self, link: LinkId, bytes: &str, len: usize) {
        for chunk in bytes.as_bytes().chunks(len) {
            self.answer_bytes(link, chunk);
        }
    }

    /// The link that is asked for the topology, and for nothing else; it has not answered yet.
    #[track_caller]
    pub(crate) fn asked(&mut self) -> LinkId {
        for link in self.links() {
            match &*self.reads(link) {
                "" => {}
                ASK_TOPOLOGY => return link,
                other => panic!("{link:?} is sent {other}"),
            }
        }
        panic!("nobody is asked for the topology");
    }

    /// The node is asked for the topology, and for nothing else, and tells these rows.
    #[track_caller]
    pub(crate) fn tells(&mut self, link: LinkId, rows: &[Row<'_>]) {
        assert_eq!(self.reads(link), ASK_TOPOLOGY);
        self.answer(link, &topology(rows, &[]));
    }

    /// The link ends, as the driver sees it.
    pub(crate) fn close(&mut self, link: LinkId, cause: Disconnect) {
        self.socket(link).state = State::Closed;
        self.record(format_args!("closed {link:?} {cause:?}"));
        self.machine.handle(self.now, Input::Closed { link, cause });
        self.settle();
    }

    // ---- time ----

    /// The time.
    pub(crate) const fn now(&self) -> Instant {
        self.now
    }

    /// How long the world has existed.
    pub(crate) fn elapsed(&self) -> Duration {
        self.now.since_epoch()
    }

    /// Lets time pass. Timers run exactly when they are due.
    #[track_caller]
    pub(crate) fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.machine.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.run_timers();
        }
        self.now = end;
    }

    /// Lets time pass while the driver does nothing: not even timers run.
    pub(crate) fn oversleep(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    /// Lets time pass until a timer is due, and runs it. How much has passed.
    #[track_caller]
    pub(crate) fn advance_to_timer(&mut self) -> Duration {
        let before = self.now;
        self.now = before.max(self.machine.poll_timeout().expect("something to wait for"));
        self.run_timers();
        self.now.since(before)
    }

    /// Lets time pass until a link has something to read: how long that took, and what it is.
    #[track_caller]
    pub(crate) fn reads_later(&mut self, link: LinkId) -> (Duration, String) {
        let before = self.now;
        for _ in 0..10_000 {
            let text = self.reads(link);
            if !text.is_empty() {
                return (self.now.since(before), text);
            }
            self.advance_to_timer();
        }
        panic!("{link:?} is never written to");
    }

    #[track_caller]
    fn run_timers(&mut self) {
        for _ in 0..3 {
            self.record(format_args!("timeout"));
            self.machine.handle(self.now, Input::Timeout);
            self.settle();
            if self.machine.poll_timeout().is_none_or(|due| due > self.now) {
                return;
            }
        }
        panic!("the machine asks for {:?} again and again", self.now);
    }

    // ---- inside ----

    /// Everything that went in and out, as text.
    pub(crate) fn log(&self) -> &str {
        &self.log
    }

    #[track_caller]
    fn socket(&mut self, link: LinkId) -> &mut Socket {
        self.sockets.get_mut(&link).expect("a link that was dialled")
    }

    fn record(&mut self, event: std::fmt::Arguments<'_>) {
        writeln!(self.log, "{:?} {event}", self.now).expect("text");
    }

    /// Does what the machine asks for, and checks what must hold always.
    #[track_caller]
    fn settle(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            self.act(action);
        }
        assert_eq!(self.machine.call_count(), self.calls.len(), "calls that are not over");
        if !self.calls.is_empty() {
            assert!(self.machine.poll_timeout().is_some(), "a call waits for nothing");
        }
        if self.calls.len() < 100 {
            assert_eq!(self.machine.verify(), Ok(()));
            let waits_until = self.machine.wakeup(self.now).map(|(at, _)| at);
            let timer = self.machine.poll_timeout();
            assert!(
                waits_until.is_none_or(|at| timer.is_some_and(|timer| timer <= at)),
                "{timer:?} is late"
            );
        }
        for (link, socket) in &mut self.sockets {
            let mut slices = [&[][..]; 1];
            let has_bytes = self.machine.sendable(*link, &mut slices) > 0;
            if socket.state == State::Open {
                assert!(socket.is_announced || !has_bytes, "{link:?} has bytes, unannounced");
                socket.is_announced = has_bytes;
            } else {
                assert!(!has_bytes, "bytes on a link that is not open");
            }
        }
    }

    #[track_caller]
    fn act(&mut self, action: Action<Token>) {
        match action {
            Action::Connect { link, address } => {
                self.record(format_args!("-> connect {link:?} {address}"));
                let address = match address.unix_path() {
                    Some(_) => address.to_string(),
                    None => format!("{}:{}", address.host(), address.port()),
                };
                let (state, is_announced, unread) = (State::Dialled, false, Vec::new());
                let socket = Socket { address, state, is_announced, taken_back: 0, unread };
                assert!(self.sockets.insert(link, socket).is_none(), "{link:?} is used again");
            }
            Action::SendToNode { link } => {
                self.record(format_args!("-> send {link:?}"));
                // What was announced may have been taken back since.
                let taken_back = self.machine.stats().taken_back;
                let socket = self.socket(link);
                assert_eq!(socket.state, State::Open, "{link:?} cannot be sent to");
                let is_news = !socket.is_announced || socket.taken_back < taken_back;
                assert!(is_news, "{link:?} is announced twice");
                (socket.is_announced, socket.taken_back) = (true, taken_back);
            }
            Action::Close { link } => {
                self.record(format_args!("-> close {link:?}"));
                let socket = self.socket(link);
                assert_ne!(socket.state, State::Closed, "{link:?} is closed already");
                socket.state = State::Closed;
            }
            Action::Complete { token, outcome } => {
                self.record(format_args!("-> complete {token}: {}", told(&outcome)));
                self.calls.remove(&token);
                assert!(self.outcomes.insert(token, outcome).is_none(), "{token} ends twice");
            }
            Action::Event(event) => {
                let event = shown(&event);
                self.record(format_args!("-> {event}"));
                self.events.push(event);
            }
            other => panic!("an action that this driver does not know: {other:?}"),
        }
    }
}

/// Commands as text: words joined by blanks, commands by semicolons.
///
/// Panics unless the bytes are whole commands in their one encoding.
#[track_caller]
pub(crate) fn commands(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let count = number(&mut rest, b'*');
        for index in 0..count {
            let len = number(&mut rest, b'$');
            let (word, after) = rest.split_at_checked(len).expect("a word that is cut");
            rest = after.strip_prefix(b"\r\n").expect("a word that does not end");
            let separator = if index > 0 { " " } else { "; " };
            text.push_str(if text.is_empty() { "" } else { separator });
            if word.len() > 64 {
                write!(text, "<{len} bytes>").expect("text");
            } else {
                write!(text, "{}", word.escape_ascii()).expect("text");
            }
        }
    }
    text
}

/// Reads `*12` and its line end.
#[track_caller]
fn number(bytes: &mut &[u8], kind: u8) -> usize {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n").expect("a line that is cut");
    let (line, rest) = bytes.split_at(end);
    *bytes = &rest[2..];
    assert_eq!(line.first(), Some(&kind), "not a command: {}", line.escape_ascii());
    let digits = std::str::from_utf8(&line[1..]).expect("digits");
    let number = digits.parse::<usize>().expect("a number");
    assert_eq!(number.to_string(), digits, "a number has one encoding");
    number
}

/// Bytes in one line, shortened.
fn taken_text(bytes: &[u8]) -> String {
    let (shown, rest) = bytes.split_at(bytes.len().min(2000));
    format!("{}{}", shown.escape_ascii(), if rest.is_empty() { "" } else { ".." })
}

/// An outcome as text: the bytes of the reply, or the error.
fn told(outcome: &Outcome) -> String {
    let one = |result: &Result<hashslot::resp::Frame, hashslot::Error>| match result {
        Ok(frame) => String::from_utf8_lossy(frame.as_bytes()).into_owned(),
        Err(error) => error.to_string(),
    };
    match outcome {
        Ok(Reply::One(frame)) => one(&Ok(frame.clone())),
        Ok(Reply::Pipeline(results)) => {
            format!("[{}]", results.iter().map(one).collect::<Vec<_>>().join(", "))
        }
        Ok(Reply::Ready) => "ready".into(),
        Ok(Reply::Scan(page)) => format!("{:?}", page.keys),
        Ok(other) => format!("{other:?}"),
        Err(error) => error.to_string(),
    }
}

/// An event in a line.
fn shown(event: &Event) -> String {
    match event {
        Event::Redirected { kind, slot, from, to } => {
            let kind = match kind {
                RedirectKind::Moved => "moved",
                _ => "ask",
            };
            format!("{kind} {slot}: {from} -> {to}")
        }
        Event::RedirectRefused { from, to } => format!("refused: {from} -> {to}"),
        Event::TopologyRefresh { reason } => format!("reinit: {reason:?}"),
        Event::TopologyChanged(change) => format!("changed: {change}"),
        Event::TopologyUnavailable(failures) => format!("unavailable: {failures}"),
        Event::LinkReady { node } => format!("ready: {node}"),
        Event::Authenticated { node } => format!("authenticated: {node}"),
        Event::AuthenticationRefused { node, error } => format!("unchanged: {node}, {error}"),
        Event::CredentialsReplaced => "credentials replaced".into(),
        Event::LinkLost { node, cause, in_flight } => {
            format!("lost: {node}, {cause}, {in_flight} in flight")
        }
        Event::Pushed { node, message } => {
            format!("pushed: {node} {}", message.as_bytes().escape_ascii())
        }
        other => format!("{other:?}"),
    }
}
