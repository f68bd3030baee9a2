//! A scripted node: it answers each command with what a test's handler says.
//!
//! ```ignore
//! let node = FakeNode::start(|request| {
//!     if request.is("GET") {
//!         return Reaction::Reply(b"$5\r\nvalue\r\n".to_vec());
//!     }
//!     answers_handshake(request, &[(0, 16383, request.port)]).unwrap_or(Reaction::Close)
//! })?;
//! ```
//!
//! Each connection has its thread, on which the handler runs: a handler that sleeps delays one
//! reply and those behind it on the same connection. Nodes that name each other's ports are bound
//! first ([`Bound::new`]) and started when all ports are known.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::raw;

/// How long a node that is dropped waits for its threads: a handler may be asleep.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// How long a connection that is closed after a reply waits for the client to close it too.
const DRAIN_LIMIT: Duration = Duration::from_millis(200);

/// How long a node that drips waits after each byte.
const DRIP_INTERVAL: Duration = Duration::from_millis(5);

/// One command as a fake node received it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The port of the node.
    pub port: u16,
    /// The connection's number on the node, from 0.
    pub connection: usize,
    /// How many commands came before on the connection.
    pub index: usize,
    /// The protocol version of the connection before this command: 2, or 3 after `HELLO 3`.
    pub protocol: u8,
    /// The command's name and its arguments.
    pub args: Vec<Vec<u8>>,
}

impl Request {
    /// Whether the command begins with these words, in any case: `is("CLUSTER SLOTS")`.
    pub fn is(&self, words: &str) -> bool {
        is(&self.args, words)
    }

    /// An argument as text; `arg(0)` is the name. Empty when there is none.
    pub fn arg(&self, index: usize) -> String {
        self.args
            .get(index)
            .map(|arg| String::from_utf8_lossy(arg).into_owned())
            .unwrap_or_default()
    }
}

fn is(args: &[Vec<u8>], words: &str) -> bool {
    let mut args = args.iter();
    words
        .split_ascii_whitespace()
        .all(|word| args.next().is_some_and(|arg| arg.eq_ignore_ascii_case(word.as_bytes())))
}

/// What a fake node does with a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Sends these bytes.
    Reply(Vec<u8>),
    /// Closes the connection at once. Commands that were pipelined behind make it a reset.
    Close,
    /// Sends these bytes and closes the connection.
    ReplyThenClose(Vec<u8>),
    /// Sends nothing and reads on.
    Silent,
    /// Sends these bytes one by one.
    Drip(Vec<u8>),
}

impl Reaction {
    /// Sends this line: `line("+OK")`, `line("-MOVED 5 127.0.0.1:7001")`, `line(":1")`.
    pub fn line(line: &str) -> Self {
        Self::Reply(format!("{line}\r\n").into_bytes())
    }

    /// Sends a bulk.
    pub fn bulk(bytes: &[u8]) -> Self {
        let mut reply = format!("${}\r\n", bytes.len()).into_bytes();
        reply.extend_from_slice(bytes);
        reply.extend_from_slice(b"\r\n");
        Self::Reply(reply)
    }
}

type Handler = dyn Fn(&Request) -> Reaction + Send + Sync;

/// What the threads of a node share.
struct Shared {
    port: u16,
    stopping: AtomicBool,
    handler: Box<Handler>,
    /// All commands of all connections, in the order read.
    commands: Mutex<Vec<(usize, Vec<Vec<u8>>)>>,
    /// One entry for each connection ever accepted; `None` when the node has closed it.
    streams: Mutex<Vec<Option<TcpStream>>>,
}

/// A port that is bound for a node that is not started yet. Connections wait in the backlog.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    port: u16,
}

impl Bound {
    /// Binds a free port of 127.0.0.1.
    pub fn new() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// Binds this port of 127.0.0.1.
    pub fn at(port: u16) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(("127.0.0.1", port))?, port })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts to answer.
    pub fn start(
        self,
        handler: impl Fn(&Request) -> Reaction + Send + Sync + 'static,
    ) -> io::Result<FakeNode> {
        let shared = Arc::new(Shared {
            port: self.port,
            stopping: AtomicBool::new(false),
            handler: Box::new(handler),
            commands: Mutex::default(),
            streams: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name(format!("fake {}", self.port))
            .spawn(move || accept(&accepting, &self.listener))?;
        Ok(FakeNode { shared, thread: Some(thread) })
    }
}

/// A scripted node on a port of 127.0.0.1. Stops when dropped.
pub struct FakeNode {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for FakeNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeNode").field("port", &self.port()).finish_non_exhaustive()
    }
}

impl FakeNode {
    /// Starts a node on a free port.
    pub fn start(
        handler: impl Fn(&Request) -> Reaction + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Bound::new()?.start(handler)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.shared.port
    }

    /// The address: `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// The ID that [`answers_handshake`] gives the node.
    pub fn id(&self) -> String {
        id_of(self.port())
    }

    /// All commands received so far: the connection's number, then the name and arguments.
    pub fn commands(&self) -> Vec<(usize, Vec<Vec<u8>>)> {
        lock(&self.shared.commands).clone()
    }

    /// How many of the commands received begin with these words: `count_of("CLUSTER SLOTS")`.
    pub fn count_of(&self, words: &str) -> usize {
        lock(&self.shared.commands).iter().filter(|(_, args)| is(args, words)).count()
    }

    /// How many connections have been accepted.
    pub fn connection_count(&self) -> usize {
        lock(&self.shared.streams).len()
    }

    /// Sends bytes that answer nothing, such as a push, on a connection.
    pub fn send(&self, connection: usize, bytes: &[u8]) -> io::Result<()> {
        let streams = lock(&self.shared.streams);
        let stream = streams.get(connection).and_then(Option::as_ref);
        let mut stream = stream.ok_or(io::ErrorKind::NotConnected)?;
        stream.write_all(bytes)
    }

    /// Closes all connections and goes on accepting.
    pub fn close_connections(&self) {
        for stream in lock(&self.shared.streams).iter().flatten() {
            // A connection that is closed already is as wanted.
            stream.shutdown(Shutdown::Both).ok();
        }
    }
}

impl Drop for FakeNode {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the accepting thread.
        drop(TcpStream::connect(("127.0.0.1", self.port())));
        self.close_connections();
        if let Some(thread) = self.thread.take() {
            join_within(thread, STOP_LIMIT);
        }
    }
}

/// Waits for a thread to end, but not longer than `limit`.
pub(super) fn join_within(thread: JoinHandle<()>, limit: Duration) {
    let deadline = Instant::now() + limit;
    while !thread.is_finished() {
        if Instant::now() >= deadline {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    // A handler that panicked has failed its test already, by closing the connection.
    thread.join().ok();
}

/// Locks also what a panicking handler has left locked: a test reads it to say what happened.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    let mut threads = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        if shared.stopping.load(Ordering::SeqCst) {
            break;
        }
        let Ok(kept) = stream.try_clone() else { continue };
        let connection = {
            let mut streams = lock(&shared.streams);
            streams.push(Some(kept));
            streams.len() - 1
        };
        let shared = Arc::clone(shared);
        threads.push(thread::spawn(move || {
            // The end of the connection is the only error, and no news.
            serve(&shared, connection, &stream).ok();
            if let Some(entry) = lock(&shared.streams).get_mut(connection) {
                // With this clone and `stream` the last handles are gone: the connection closes.
                *entry = None;
            }
        }));
    }
    let deadline = Instant::now() + STOP_LIMIT;
    for thread in threads {
        join_within(thread, deadline.saturating_duration_since(Instant::now()));
    }
}

fn serve(shared: &Shared, connection: usize, mut stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut protocol = 2;
    for index in 0.. {
        let args = read_command(&mut reader)?;
        lock(&shared.commands).push((connection, args.clone()));
        let request = Request { port: shared.port, connection, index, protocol, args };
        let reaction = (shared.handler)(&request);
        if request.is("HELLO 3") {
            protocol = 3;
        }
        match reaction {
            Reaction::Reply(bytes) => stream.write_all(&bytes)?,
            Reaction::ReplyThenClose(bytes) => {
                stream.write_all(&bytes)?;
                // Unread commands would make the close a reset, and the reply could be lost with
                // it.
                stream.shutdown(Shutdown::Write)?;
                stream.set_read_timeout(Some(DRAIN_LIMIT))?;
                io::copy(&mut reader, &mut io::sink())?;
                break;
            }
            Reaction::Close => break,
            Reaction::Silent => {}
            Reaction::Drip(bytes) => {
                for byte in bytes {
                    stream.write_all(&[byte])?;
                    thread::sleep(DRIP_INTERVAL);
                }
            }
        }
    }
    Ok(())
}

fn read_command(from: &mut impl BufRead) -> io::Result<Vec<Vec<u8>>> {
    let count = header(from, '*')?;
    (0..count)
        .map(|_| {
            let len = header(from, '$')?;
            raw::read_bytes(from, len)
        })
        .collect()
}

fn header(from: &mut impl BufRead, kind: char) -> io::Result<usize> {
    let line = raw::read_line(from)?;
    raw::parse(line.strip_prefix(kind).ok_or(io::ErrorKind::InvalidData)?)
}

/// The made-up ID of the fake node on a port: 40 hex digits.
pub fn id_of(port: u16) -> String {
    format!("{port:04x}").repeat(10)
}

/// What a healthy node answers to the commands with which a client begins, or `None` for others.
///
/// **Shape**: `slots` are ranges and their owners: first slot, last slot, port on 127.0.0.1. A port
/// with several ranges is one primary. Answered are HELLO, AUTH, CLIENT, READONLY, READWRITE,
/// ASKING, PING and of CLUSTER: SLOTS, SHARDS, NODES, INFO and MYID.
pub fn answers_handshake(request: &Request, slots: &[(u16, u16, u16)]) -> Option<Reaction> {
    let ok = ["AUTH", "CLIENT", "READONLY", "READWRITE", "ASKING"];
    if ok.into_iter().any(|name| request.is(name)) {
        return Some(Reaction::line("+OK"));
    }
    if request.is("PING") {
        return Some(Reaction::line("+PONG"));
    }
    if request.is("HELLO") {
        let resp3 = request.is("HELLO 3") || (request.args.len() == 1 && request.protocol == 3);
        return Some(Reaction::Reply(hello(resp3).into_bytes()));
    }
    if request.is("CLUSTER SLOTS") {
        return Some(Reaction::Reply(cluster_slots(slots).into_bytes()));
    }
    if request.is("CLUSTER SHARDS") {
        return Some(Reaction::Reply(cluster_shards(slots, request.protocol == 3).into_bytes()));
    }
    if request.is("CLUSTER NODES") {
        return Some(Reaction::bulk(cluster_nodes(slots, request.port).as_bytes()));
    }
    if request.is("CLUSTER INFO") {
        return Some(Reaction::bulk(b"cluster_enabled:1\r\ncluster_state:ok\r\n"));
    }
    if request.is("CLUSTER MYID") {
        return Some(Reaction::bulk(id_of(request.port).as_bytes()));
    }
    None
}

/// The reply to HELLO of a Redis 7.0.15 node.
fn hello(resp3: bool) -> String {
    let fields = [
        ("server", bulk("redis")),
        ("version", bulk("7.0.15")),
        ("proto", format!(":{}\r\n", if resp3 { 3 } else { 2 })),
        ("id", ":7\r\n".to_owned()),
        ("mode", bulk("cluster")),
        ("role", bulk("master")),
        ("modules", array(&[])),
    ];
    map(&fields, resp3)
}

/// The reply to CLUSTER SLOTS, with these owners and empty metadata.
pub fn cluster_slots(slots: &[(u16, u16, u16)]) -> String {
    let ranges = slots.iter().map(|(first, last, port)| {
        let node = [bulk("127.0.0.1"), integer(*port), bulk(&id_of(*port)), array(&[])];
        array(&[integer(*first), integer(*last), array(&node)])
    });
    array(&ranges.collect::<Vec<_>>())
}

/// The reply to CLUSTER SHARDS, with these owners.
pub fn cluster_shards(slots: &[(u16, u16, u16)], resp3: bool) -> String {
    let shards = by_port(slots).into_iter().map(|(port, ranges)| {
        let bounds = ranges.iter().flat_map(|(first, last)| [integer(*first), integer(*last)]);
        let node = [
            ("id", bulk(&id_of(port))),
            ("port", integer(port)),
            ("ip", bulk("127.0.0.1")),
            ("endpoint", bulk("127.0.0.1")),
            ("role", bulk("master")),
            ("replication-offset", integer(1)),
            ("health", bulk("online")),
        ];
        let fields =
            [("slots", array(&bounds.collect::<Vec<_>>())), ("nodes", array(&[map(&node, resp3)]))];
        map(&fields, resp3)
    });
    array(&shards.collect::<Vec<_>>())
}

/// The text of CLUSTER NODES, as the node on the port `myself` says it.
pub fn cluster_nodes(slots: &[(u16, u16, u16)], myself: u16) -> String {
    let lines = by_port(slots).into_iter().map(|(port, ranges)| {
        let flags = if port == myself { "myself,master" } else { "master" };
        let ranges = ranges.iter().map(|(first, last)| format!(" {first}-{last}"));
        let ranges = ranges.collect::<String>();
        let bus = port.wrapping_add(10_000);
        format!("{} 127.0.0.1:{port}@{bus} {flags} - 0 0 1 connected{ranges}\n", id_of(port))
    });
    lines.collect()
}

/// The owners in the order of their first range, each with all its ranges.
fn by_port(slots: &[(u16, u16, u16)]) -> Vec<(u16, Vec<(u16, u16)>)> {
    let mut owners: Vec<(u16, Vec<(u16, u16)>)> = Vec::new();
    for (first, last, port) in slots {
        match owners.iter_mut().find(|(owner, _)| owner == port) {
            Some((_, ranges)) => ranges.push((*first, *last)),
            None => owners.push((*port, vec![(*first, *last)])),
        }
    }
    owners
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

fn integer(number: u16) -> String {
    format!(":{number}\r\n")
}

fn array(elements: &[String]) -> String {
    format!("*{}\r\n{}", elements.len(), elements.concat())
}

/// A map in RESP3; in RESP2 the array that stands for one.
fn map(fields: &[(&str, String)], resp3: bool) -> String {
    let header =
        if resp3 { format!("%{}\r\n", fields.len()) } else { format!("*{}\r\n", fields.len() * 2) };
    fields.iter().fold(header, |text, (name, value)| text + &bulk(name) + value)
}
