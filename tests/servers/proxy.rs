//! A TCP proxy on loopback whose behaviour a test switches while bytes flow.
//!
//! In front of a cluster node it catches only the links that were opened to its port: the addresses
//! in CLUSTER SLOTS are the nodes' own. After `CONFIG SET cluster-announce-port` with the proxy's
//! port a node is known by that (about a second later by its peers; in Redis 6.2 by its peers
//! only), and its replicas are linked through the proxy too.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::fake::{join_within, lock};

/// How long a proxy that is dropped waits for its threads.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// Which way bytes flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server: commands.
    ToServer,
    /// From the server to the client: replies.
    ToClient,
}

/// What happens to the bytes of one direction. The default lets them pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Writes pieces of at most so many bytes. Without a `delay` the peer may still read several
    /// pieces at once.
    pub split: Option<usize>,
    /// Waits so long before each piece.
    pub delay: Duration,
    /// Holds all bytes until another flow is set.
    pub stall: bool,
    /// Lets so many bytes more pass, then cuts the connection that is over it, once: later
    /// connections pass.
    pub cut_after: Option<usize>,
}

/// What the threads of a proxy share.
#[derive(Debug, Default)]
struct State {
    /// Where new connections lead.
    server: Option<SocketAddr>,
    to_server: Flow,
    to_client: Flow,
    refusing: bool,
    stopping: bool,
    accepted_count: usize,
    /// How many pieces have been read, to the server and to the client.
    piece_counts: [usize; 2],
    /// Both ends of each connection ever forwarded.
    streams: Vec<TcpStream>,
}

impl State {
    fn flow(&mut self, direction: Direction) -> &mut Flow {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }

    fn cut(&mut self) {
        for stream in self.streams.drain(..) {
            // A stream that is closed already is as wanted.
            stream.shutdown(Shutdown::Both).ok();
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// A proxy on a port of 127.0.0.1 in front of one server. Stops when dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy that passes everything to `server` and back.
    pub fn start(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared::default());
        lock(&shared.state).server = Some(server);
        let accepting = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name(format!("proxy {port}"))
            .spawn(move || accept(&accepting, &listener))?;
        Ok(Self { port, shared, thread: Some(thread) })
    }

    /// Leads new connections to another server.
    pub fn lead_to(&self, server: SocketAddr) {
        lock(&self.shared.state).server = Some(server);
    }

    /// The port that clients connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address that clients connect to: `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Sets what happens to the bytes of one direction, of open and later connections.
    pub fn set(&self, direction: Direction, flow: Flow) {
        *lock(&self.shared.state).flow(direction) = flow;
        self.shared.changed.notify_all();
    }

    /// Sets what happens to the bytes of both directions.
    pub fn set_both(&self, flow: Flow) {
        self.set(Direction::ToServer, flow);
        self.set(Direction::ToClient, flow);
    }

    /// Closes new connections as soon as they are accepted, or stops doing so.
    pub fn refuse(&self, refusing: bool) {
        lock(&self.shared.state).refusing = refusing;
    }

    /// Cuts all open connections.
    pub fn cut(&self) {
        lock(&self.shared.state).cut();
    }

    /// How many pieces of bytes have come from the other side of a direction: each a write there,
    /// or several that came at once.
    pub fn piece_count(&self, direction: Direction) -> usize {
        let [to_server, to_client] = lock(&self.shared.state).piece_counts;
        match direction {
            Direction::ToServer => to_server,
            Direction::ToClient => to_client,
        }
    }

    /// How many connections have been accepted, refused ones included.
    pub fn connection_count(&self) -> usize {
        lock(&self.shared.state).accepted_count
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        {
            let mut state = lock(&self.shared.state);
            state.stopping = true;
            state.cut();
        }
        self.shared.changed.notify_all();
        // Wakes the accepting thread.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(thread) = self.thread.take() {
            join_within(thread, STOP_LIMIT);
        }
    }
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    while let Ok((client, _)) = listener.accept() {
        let mut state = lock(&shared.state);
        if state.stopping {
            return;
        }
        state.accepted_count += 1;
        if !state.refusing {
            // A server that refuses, or streams that run out, close the client's connection.
            forward(shared, &mut state, client).ok();
        }
    }
}

fn forward(shared: &Arc<Shared>, state: &mut State, client: TcpStream) -> io::Result<()> {
    let server = state.server.ok_or(io::ErrorKind::NotConnected)?;
    let server = TcpStream::connect_timeout(&server, STOP_LIMIT)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    state.streams.extend([client.try_clone()?, server.try_clone()?]);
    let ends = [
        (Direction::ToServer, client.try_clone()?, server.try_clone()?),
        (Direction::ToClient, server, client),
    ];
    for (direction, from, to) in ends {
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            // The end of either side ends both.
            pump(&shared, direction, &from, &to).ok();
            from.shutdown(Shutdown::Both).ok();
            to.shutdown(Shutdown::Both).ok();
        });
    }
    Ok(())
}

fn pump(
    shared: &Shared,
    direction: Direction,
    mut from: &TcpStream,
    mut to: &TcpStream,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let len = from.read(&mut buffer)?;
        let mut rest = buffer.get(..len).unwrap_or_default();
        if rest.is_empty() {
            return Ok(());
        }
        count_piece(shared, direction);
        while !rest.is_empty() {
            let flow = await_flow(shared, direction);
            thread::sleep(flow.delay);
            let (piece_len, cut) = allow(shared, direction, flow.split.unwrap_or(usize::MAX), rest);
            let (piece, left) = rest.split_at(piece_len);
            to.write_all(piece)?;
            if cut {
                return Ok(());
            }
            rest = left;
        }
    }
}

fn count_piece(shared: &Shared, direction: Direction) {
    let [to_server, to_client] = &mut lock(&shared.state).piece_counts;
    *match direction {
        Direction::ToServer => to_server,
        Direction::ToClient => to_client,
    } += 1;
}

/// The flow of a direction, as soon as it is not stalled.
fn await_flow(shared: &Shared, direction: Direction) -> Flow {
    let mut state = lock(&shared.state);
    while state.flow(direction).stall && !state.stopping {
        state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    *state.flow(direction)
}

/// How many bytes of `rest` may pass now, and whether the connection is cut after them.
fn allow(shared: &Shared, direction: Direction, split: usize, rest: &[u8]) -> (usize, bool) {
    let mut state = lock(&shared.state);
    let flow = state.flow(direction);
    let len = rest.len().min(split.max(1));
    match flow.cut_after {
        Some(left) if left <= len => {
            flow.cut_after = None;
            (left, true)
        }
        Some(left) => {
            flow.cut_after = Some(left - len);
            (len, false)
        }
        None => (len, false),
    }
}
