//! One connection, as an observer of both sides sees it.

use std::collections::BTreeSet;

use hashslot::config::{Limits, RedirectPolicy};
use hashslot::resp::{Frame, Scan, Scanner, Value};
use hashslot::topology::Endpoint;
use hashslot::{Address, LinkId};

/// What a connection is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Dialling,
    Open,
    Gone,
}

/// A command on the wire.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) args: Vec<Vec<u8>>,
    /// Whether it stands between `MULTI` and `EXEC`.
    pub(super) is_queued: bool,
}

/// A connection from its dial on, for ever.
pub(super) struct Wire {
    pub(super) id: LinkId,
    pub(super) address: Address,
    pub(super) state: State,
    /// Whether the machine has said that there is something to send.
    pub(super) is_announced: bool,
    /// The commands that were taken whole.
    pub(super) commands: Vec<Written>,
    /// The writes among them that no `EXEC` has followed yet, by call and part.
    pub(super) queued: Vec<(usize, usize)>,
    /// What was taken of the next one.
    partial: Vec<u8>,
    /// What must hold for the next one.
    order: Order,
    scanner: Scanner,
    limits: Limits,
    received: Vec<u8>,
    /// How many replies came.
    pub(super) heard: usize,
    /// How many of them were errors, to commands that had been taken.
    pub(super) errors: usize,
    /// Whether what came is no RESP.
    pub(super) is_broken: bool,
}

impl Wire {
    pub(super) fn new(id: LinkId, address: Address, limits: Limits) -> Self {
        Self {
            id,
            address,
            state: State::Dialling,
            is_announced: false,
            commands: Vec::new(),
            queued: Vec::new(),
            partial: Vec::new(),
            order: Order::default(),
            scanner: Scanner::new(limits),
            limits,
            received: Vec::new(),
            heard: 0,
            errors: 0,
            is_broken: false,
        }
    }

    /// The transport takes these bytes. Returns the commands that they complete.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<Written> {
        self.partial.extend_from_slice(bytes);
        let (commands, len) = commands(&self.partial);
        self.partial.drain(..len);
        let start = self.commands.len();
        for args in commands {
            let is_queued = self.order.next(&args, self.heard);
            self.commands.push(Written { args, is_queued });
        }
        self.commands[start..].to_vec()
    }

    /// Checks what is still to be sent: whole commands, in a valid order. Checks also that no reply
    /// has overtaken its command: the machine closes such a connection.
    pub(super) fn check_unsent(&self, unsent: &[u8]) {
        let mut bytes = self.partial.clone();
        bytes.extend_from_slice(unsent);
        let (commands, len) = commands(&bytes);
        assert_eq!(len, bytes.len(), "a command is not whole");
        let mut order = self.order.clone();
        for args in commands {
            order.next(&args, self.heard);
        }
        assert!(!order.is_asking, "ASKING for nothing");
        assert!(!order.is_multi, "MULTI without EXEC");
        // A server that is full, or wants a password, says so before it has read the handshake.
        let due = self.commands.len().max(order.setup_count);
        assert!(self.heard <= due, "a reply is taken for that to a command that has not left");
    }

    /// The server says this.
    pub(super) fn hear(&mut self, data: &[u8], policy: RedirectPolicy, known: &mut Known) {
        if self.state == State::Gone || self.is_broken {
            return;
        }
        self.received.extend_from_slice(data);
        loop {
            match self.scanner.scan(&self.received) {
                Ok(Scan::Frame { len }) => {
                    let bytes: Vec<_> = self.received.drain(..len).collect();
                    let frame = Frame::parse(bytes, &self.limits).expect("a scanned frame is one");
                    if frame.is_push() {
                        continue;
                    }
                    self.heard += 1;
                    if self.heard > self.commands.len() {
                        continue; // it tells nothing
                    }
                    self.errors += usize::from(frame.is_error());
                    match frame.value() {
                        Value::Error(text) if policy == RedirectPolicy::Any => {
                            known.learn_redirection(text);
                        }
                        Value::Error(_) => {}
                        value => known.learn(value),
                    }
                }
                Ok(Scan::Broken { len, is_push, .. }) => {
                    self.received.drain(..len);
                    self.heard += usize::from(!is_push);
                    // A handshake that is answered with it has failed.
                    self.is_broken |= !is_push && self.heard <= self.order.setup_count;
                }
                Ok(Scan::Skipped { .. }) => return self.received.clear(),
                Ok(Scan::More { .. }) => return,
                Err(_) => {
                    self.is_broken = true;
                    return;
                }
            }
        }
    }
}

/// The commands that bytes begin with, and how long they are.
fn commands(bytes: &[u8]) -> (Vec<Vec<Vec<u8>>>, usize) {
    let (mut commands, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let Ok(Scan::Frame { len }) = Scanner::new(Limits::default()).scan(rest) else {
            let found = Scanner::new(Limits::default()).scan(rest);
            assert!(matches!(found, Ok(Scan::More { .. })), "not RESP");
            break;
        };
        let frame = Frame::parse(rest[..len].to_vec(), &Limits::default()).expect("a frame");
        let args = frame.value().elements().expect("a command is an array");
        let args: Vec<_> = args
            .map(|arg| match arg {
                Value::Bulk(text) => text.to_vec(),
                other => panic!("an argument is a {}", other.kind()),
            })
            .collect();
        assert!(!args.is_empty(), "a command without a name");
        commands.push(args);
        at += len;
    }
    (commands, at)
}

/// What may follow on a connection.
#[derive(Debug, Clone, Default)]
struct Order {
    /// How many commands set the connection up.
    setup_count: usize,
    is_set_up: bool,
    is_asking: bool,
    is_multi: bool,
}

impl Order {
    /// The next command; whether it is queued by a transaction.
    fn next(&mut self, args: &[Vec<u8>], heard: usize) -> bool {
        let name = args[0].as_slice();
        // A server that closed a connection upon `HELLO` is greeted with something else.
        let is_greeting = name == b"PING" && self.setup_count == 0;
        let question = args.get(1).filter(|_| name == b"CLUSTER").map(Vec::as_slice);
        let is_identity = question == Some(b"MYID") && !self.is_set_up;
        let is_setup = matches!(name, b"HELLO" | b"AUTH" | b"CLIENT" | b"READONLY")
            || is_greeting
            || is_identity;
        // Callers send other words about the cluster, and `PING` with a text.
        let is_own = is_setup
            || matches!(question, Some(b"SLOTS" | b"SHARDS" | b"NODES"))
            || name == b"ASKING"
            || (name == b"PING" && args.len() == 1);
        if is_setup {
            assert!(!self.is_set_up, "set up for a second time");
            self.setup_count += 1;
        } else {
            self.is_set_up = true;
            assert!(self.setup_count > 0, "a command before the handshake");
            assert!(heard >= self.setup_count, "a command before the handshake is answered");
        }
        if core::mem::take(&mut self.is_asking) {
            assert!(!is_own, "ASKING for a command of the machine's own");
        }
        if self.is_multi {
            assert!(!is_own && name != b"MULTI", "within a transaction");
        }
        self.is_asking = name == b"ASKING";
        let is_queued = self.is_multi && name != b"EXEC";
        self.is_multi = name == b"MULTI" || is_queued;
        is_queued
    }
}

/// What may be dialled: whatever was named by a seed or by a reply that is no error.
#[derive(Default)]
pub(super) struct Known {
    hosts: BTreeSet<Vec<u8>>,
    ports: BTreeSet<u16>,
}

impl Known {
    pub(super) fn has(&self, address: &Address) -> bool {
        self.hosts.contains(address.host().as_bytes()) && self.ports.contains(&address.port())
    }

    pub(super) fn add(&mut self, host: &[u8], port: u16) {
        let bare = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]"));
        self.hosts.insert(bare.unwrap_or(host).to_vec());
        self.ports.insert(port);
    }

    fn learn_redirection(&mut self, text: &[u8]) {
        let Some(code_len) = text.iter().position(|byte| *byte == b' ') else { return };
        match Endpoint::parse_redirect(&text[code_len + 1..]).map(|redirection| redirection.to) {
            Some(Endpoint::Given(address)) => self.add(address.host().as_bytes(), address.port()),
            Some(Endpoint::SameHost { port }) => drop(self.ports.insert(port)),
            _ => {}
        }
    }

    /// Takes every text for a host and every number for a port.
    fn learn(&mut self, value: Value<'_>) {
        if let Some(port) = value.as_integer().and_then(|port| u16::try_from(port).ok()) {
            self.ports.insert(port);
        }
        if let Some(text) = value.as_bytes() {
            self.add(text, 0);
            for word in text.split(|byte| b" \r\n,".contains(byte)) {
                let word = word.split(|byte| *byte == b'@').next().unwrap_or_default();
                self.add(word, 0);
                let Some(colon) = word.iter().rposition(|byte| *byte == b':') else { continue };
                let port = core::str::from_utf8(&word[colon + 1..]).ok();
                self.add(&word[..colon], port.and_then(|port| port.parse().ok()).unwrap_or(0));
            }
        }
        match value {
            Value::Map(pairs) => {
                for (key, value) in pairs {
                    self.learn(key);
                    self.learn(value);
                }
            }
            _ => value.elements().into_iter().flatten().for_each(|inside| self.learn(inside)),
        }
    }
}
