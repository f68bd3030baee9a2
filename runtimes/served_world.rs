//! The simulated cluster on loopback sockets.
//!
//! Theory of operation. One thread owns the listeners and the connections. Each turn it accepts,
//! reads what clients sent into the world, lets the world run up to the present, and writes what
//! nodes said to the sockets. All sockets are non-blocking. Between two turns the thread waits on a
//! condition variable: until the world's next event is due, but no longer than a pause that grows
//! while nothing happens. The world is behind a mutex, which the thread holds for a turn.

use super::std;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::net::Ipv4Addr;
use core::time::Duration;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant as Clock;
use std::vec;
use std::vec::Vec;

use crate::config::AddressMap;
use crate::error::Disconnect;
use crate::sim::{ConnectionId, SocketEvent, World};
use crate::{Address, Instant};

/// The shortest wait between two turns.
const PAUSE_MIN: Duration = Duration::from_micros(50);
/// The longest wait between two turns: bytes are noticed that late after a rest.
const PAUSE_MAX: Duration = Duration::from_millis(5);
/// The longest wait while there are no connections: the first one is noticed that late.
const LONELY_PAUSE_MAX: Duration = Duration::from_millis(20);
/// How many bytes one connection holds in each direction before it stops reading, about.
const BUFFER_LEN: usize = 64 << 10;
/// How many bytes one read takes.
const CHUNK_LEN: usize = 16 << 10;
/// How many connections are served at a time; others wait in the backlog of the system.
const CONNECTION_COUNT_MAX: usize = 1024;
/// How long a connection that a node has ended in order is kept for a client that does not close.
const LINGER: Duration = Duration::from_secs(1);

/// A simulated cluster on real sockets: a test bed for a [`Stream`], a [`Runtime`] or any
/// transport.
///
/// Each node of the [`World`] listens on a port of 127.0.0.1 that the system chooses. The virtual
/// time of the world follows the real time. A thread of its own serves the sockets; dropping the
/// value ends the thread and closes every socket, whatever clients do.
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
/// use hashslot::runtimes::ServedWorld;
/// use hashslot::sim::{Version, World};
/// let primaries = 3;
/// let served = ServedWorld::new(World::still(Version::Valkey9, primaries))?;
/// let node = &served.addresses()[0];
/// let mut stream = TcpStream::connect((node.host(), node.port()))?;
/// stream.write_all(b"*1\r\n$4\r\nPING\r\n")?;
/// let mut reply = [0; 7];
/// stream.read_exact(&mut reply)?;
/// assert_eq!(&reply, b"+PONG\r\n");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Nodes announce their simulated addresses, such as 10.0.0.1:7000. Give clients the
/// [`address_map`](Self::address_map), which leads from these to the sockets:
///
/// ```
/// use std::error::Error;
/// use hashslot::Commands;
/// use hashslot::runtimes::{Builder, Runtime, ServedWorld};
/// use hashslot::sim::{Profile, World};
/// /// Tests a runtime while slots move, bytes are split, and writes are short.
/// async fn test<R: Runtime>(runtime: R, random_seed: u64) -> Result<(), Box<dyn Error>> {
///     let served = ServedWorld::new(World::new(random_seed, Profile::Reshard))?;
///     let seeds = served.seeds().iter().cloned();
///     let builder = seeds.fold(Builder::new(runtime), Builder::seed);
///     let client = builder.address_map(served.address_map()).connect().await?;
///     for count in 1..=1000 {
///         assert_eq!(client.incr("counter").await?, count);
///     }
///     served.with(|world| assert_eq!(world.history().violations(), [""; 0]));
///     Ok(())
/// }
/// ```
///
/// The world's faults show on the sockets. A node that takes fewer bytes stops reading them. Late
/// and split replies are written late and in pieces. When the world closes a connection, its last
/// bytes are written before the socket is closed. When a client closes one, or only its sending
/// half, the node still gets what the client sent, and its replies are written; then the world
/// learns of the end.
///
/// **Limit**: 1024 connections at a time, and about 64 KiB in each direction of each, beside the
/// largest reply. A dial that the world refuses is accepted and closed at once; one that hangs is
/// accepted and not answered. Whether a client sees a reset or an orderly end of a connection that
/// a node broke off is the system's choice. Every connection counts as the world's client 0. Nodes
/// read arrays of bulk strings, as clients of this crate send them, and no inline commands. If the
/// world panics, all sockets are closed.
///
/// **Cost**: one thread. It looks at the sockets every 50 microseconds while bytes flow, and every
/// 5 milliseconds after a rest, or every 20 without connections. The first command after a rest
/// takes that much longer.
///
/// [`Runtime`]: super::Runtime
/// [`Stream`]: super::Stream
pub struct ServedWorld {
    shared: Arc<Shared>,
    addresses: Vec<Address>,
    seeds: Vec<Address>,
    map: AddressMap,
    thread: Option<JoinHandle<()>>,
}

/// What the thread and the owner share.
struct Shared {
    guarded: Mutex<Guarded>,
    /// Wakes the thread.
    waker: Condvar,
}

struct Guarded {
    world: World,
    is_stopping: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Guarded> {
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServedWorld {
    /// Opens a listener for each node, and serves them until the value is dropped.
    ///
    /// # Errors
    /// What the system says if it has no port or no thread to give. [`ErrorKind::Unsupported`] if
    /// nodes of the world change their addresses or make up some: clients would dial these for
    /// real. The faults of [`Profile::Everything`], [`Profile::TopologyChurn`] and
    /// [`Profile::HostileServer`] do so with most seeds.
    ///
    /// [`Profile::Everything`]: crate::sim::Profile::Everything
    /// [`Profile::HostileServer`]: crate::sim::Profile::HostileServer
    /// [`Profile::TopologyChurn`]: crate::sim::Profile::TopologyChurn
    pub fn new(world: World) -> io::Result<Self> {
        if !world.keeps_addresses() {
            let text = "nodes of this world change or make up addresses, which no socket serves";
            return Err(io::Error::new(ErrorKind::Unsupported, text));
        }
        let (mut listeners, mut addresses) = (Vec::new(), Vec::new());
        let mut map = AddressMap::default();
        for (index, node) in world.addresses().enumerate() {
            let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            let port = socket.local_addr()?.port();
            let on_loopback = |port| Address::new("127.0.0.1", port).map_err(io::Error::other);
            let address = on_loopback(port)?;
            map = map.node(node.clone(), address.clone());
            if world.announces_ports() {
                map = map.node(on_loopback(node.port())?, address.clone());
            }
            addresses.push(address);
            // Clients may dial a seed before any node has listed it.
            let seed = world.seeds().iter().find(|seed| world.node_of(seed) == Some(index));
            listeners.push(Listener { socket, node: seed.unwrap_or(node).clone() });
        }
        let nodes = world.seeds().iter().filter_map(|seed| world.node_of(seed));
        let seeds = nodes.filter_map(|node| addresses.get(node).cloned()).collect();
        let (started_at, epoch) = (Clock::now(), world.now());
        let guarded = Mutex::new(Guarded { world, is_stopping: false });
        let shared = Arc::new(Shared { guarded, waker: Condvar::new() });
        let server = Server {
            listeners,
            connections: BTreeMap::new(),
            started_at,
            epoch,
            chunk: vec![0; CHUNK_LEN],
        };
        let name = String::from("hashslot-served-world");
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new().name(name).spawn(move || server.run(&of_thread))?;
        Ok(Self { shared, addresses, seeds, map, thread: Some(thread) })
    }

    /// Loopback addresses for a client to begin with: those of the world's seeds.
    #[must_use]
    pub fn seeds(&self) -> &[Address] {
        &self.seeds
    }

    /// The loopback address of each node, in the order of the world.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Leads from the addresses that nodes announce to those at which they are served. A client
    /// needs it as its [`Config::address_map`](crate::Config::address_map).
    #[must_use]
    pub fn address_map(&self) -> AddressMap {
        self.map.clone()
    }

    /// Looks at the world, or changes it, while it is served: [`World::execute`] moves a slot,
    /// [`World::history`] tells what nodes did, and an [`Oracle`](crate::sim::Oracle) judges it.
    ///
    /// **Limit**: no byte is served before the function returns. It must let no time pass, since
    /// an event that it takes out of the world reaches no socket, and must keep the world in place.
    pub fn with<V>(&self, act: impl FnOnce(&mut World) -> V) -> V {
        let output = act(&mut self.shared.lock().world);
        self.shared.waker.notify_one();
        output
    }
}

impl Drop for ServedWorld {
    fn drop(&mut self) {
        self.shared.lock().is_stopping = true;
        self.shared.waker.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been told where it happened.
            drop(thread.join());
        }
    }
}

impl fmt::Debug for ServedWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServedWorld").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// The socket at which a node is served.
struct Listener {
    socket: TcpListener,
    /// Where the world is dialled: the node's seed, if it has one, or its address.
    node: Address,
}

/// What the thread has.
struct Server {
    listeners: Vec<Listener>,
    connections: BTreeMap<ConnectionId, Connection>,
    started_at: Clock,
    /// The time of the world when the real time began.
    epoch: Instant,
    /// Room for one read.
    chunk: Vec<u8>,
}

impl Server {
    fn run(mut self, shared: &Shared) {
        let mut pause = PAUSE_MIN;
        let mut guarded = shared.lock();
        while !guarded.is_stopping {
            let world = &mut guarded.world;
            let has_moved = self.turn(world);
            let pause_max = if self.connections.is_empty() { LONELY_PAUSE_MAX } else { PAUSE_MAX };
            pause = if has_moved { PAUSE_MIN } else { pause_max.min(pause * 2) };
            let due = world.next_at().map_or(pause, |at| at.since(self.now()));
            let waited = shared.waker.wait_timeout(guarded, due.clamp(PAUSE_MIN, pause));
            (guarded, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn now(&self) -> Instant {
        self.epoch + self.started_at.elapsed()
    }

    /// Carries everything that can be carried now. Tells whether there was anything.
    fn turn(&mut self, world: &mut World) -> bool {
        let now = self.now();
        let mut has_moved = self.accept(world);
        for (id, connection) in &mut self.connections {
            has_moved |= connection.receive(&mut self.chunk);
            connection.hand_over(*id, world);
        }
        while let Some(event) = world.event_until(now) {
            has_moved = true;
            let id = event.connection();
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.hear(event, world);
            }
        }
        let sent_at = self.started_at.elapsed();
        self.connections.retain(|id, connection| {
            has_moved |= connection.send(*id, world);
            let is_over = connection.is_over(*id, world, sent_at);
            if is_over && connection.ended.is_none() {
                world.close(*id);
            }
            !is_over
        });
        has_moved
    }

    /// Accepts the connections that wait, and dials their nodes in the world.
    fn accept(&mut self, world: &mut World) -> bool {
        let mut has_accepted = false;
        for listener in &self.listeners {
            while self.connections.len() < CONNECTION_COUNT_MAX {
                // An error concerns one connection that is gone, or comes again later.
                let Ok((socket, _)) = listener.socket.accept() else { break };
                has_accepted = true;
                let is_ready = socket.set_nonblocking(true).and_then(|()| socket.set_nodelay(true));
                if is_ready.is_ok() {
                    let id = world.dial(&listener.node, 0);
                    self.connections.insert(id, Connection::new(socket));
                }
            }
        }
        has_accepted
    }
}

/// A client's connection and what is on its way between the socket and the world.
#[expect(clippy::struct_excessive_bools, reason = "each side may be ready, or have left")]
struct Connection {
    socket: TcpStream,
    /// What the client sent, and the world has not taken.
    up: VecDeque<u8>,
    /// What the node said, and the socket has not taken.
    down: VecDeque<u8>,
    /// Whether the dial has succeeded in the world.
    is_connected: bool,
    /// Whether the world takes bytes: else an event will say so.
    is_writable: bool,
    /// Whether the world delivers bytes: not while `down` is full.
    is_read: bool,
    /// Whether the client has closed its sending half, or all of it.
    has_left: bool,
    /// Whether the socket carries nothing any more.
    is_broken: bool,
    /// Why the world ended the connection.
    ended: Option<Disconnect>,
    /// How long the client has to close what a node has ended in order.
    lingers_until: Option<Duration>,
}

impl Connection {
    const fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            up: VecDeque::new(),
            down: VecDeque::new(),
            is_connected: false,
            is_writable: false,
            is_read: true,
            has_left: false,
            is_broken: false,
            ended: None,
            lingers_until: None,
        }
    }

    /// Reads once from the socket. What comes after the node has ended the connection is lost.
    fn receive(&mut self, chunk: &mut [u8]) -> bool {
        if self.has_left || self.is_broken || self.up.len() >= BUFFER_LEN {
            return false;
        }
        match self.socket.read(chunk) {
            Ok(0) => self.has_left = true,
            Ok(_) if self.ended.is_some() => {}
            Ok(len) => self.up.extend(chunk.iter().take(len)),
            Err(error) if is_temporary(&error) => return false,
            Err(_) => self.is_broken = true,
        }
        true
    }

    /// Writes what the client sent to the world.
    fn hand_over(&mut self, id: ConnectionId, world: &mut World) {
        while self.is_writable && self.ended.is_none() && !self.up.is_empty() {
            let (bytes, _) = self.up.as_slices();
            let (len, taken) = (bytes.len(), world.write(id, bytes));
            self.up.drain(..taken);
            self.is_writable = taken == len;
        }
    }

    fn hear(&mut self, event: SocketEvent, world: &mut World) {
        match event {
            SocketEvent::Connected(id) => {
                (self.is_connected, self.is_writable) = (true, true);
                self.hand_over(id, world);
            }
            SocketEvent::Writable(id) => {
                self.is_writable = true;
                self.hand_over(id, world);
            }
            SocketEvent::Received(id, bytes) => {
                self.down.extend(bytes);
                if self.down.len() >= BUFFER_LEN && self.is_read {
                    self.is_read = false;
                    world.set_reading(id, false);
                }
            }
            SocketEvent::Closed(_, cause) => {
                self.ended = Some(cause);
                self.up.clear();
            }
        }
    }

    /// Writes what the node said to the socket, as much as the socket takes.
    fn send(&mut self, id: ConnectionId, world: &mut World) -> bool {
        let mut has_sent = false;
        while !self.is_broken && !self.down.is_empty() {
            match self.socket.write(self.down.as_slices().0) {
                Ok(len) => {
                    has_sent = true;
                    self.down.drain(..len);
                }
                Err(error) if is_temporary(&error) => break,
                Err(_) => self.is_broken = true,
            }
        }
        if !self.is_read && self.down.len() < BUFFER_LEN {
            self.is_read = true;
            world.set_reading(id, true);
        }
        has_sent
    }

    /// Whether neither side has anything to say to the other any more.
    fn is_over(&mut self, id: ConnectionId, world: &World, now: Duration) -> bool {
        if self.is_broken {
            return true;
        }
        if !self.down.is_empty() {
            return false;
        }
        match &self.ended {
            // The client gets to the end of what was said, also if it still sends.
            Some(Disconnect::EndOfStream) if !self.has_left => {
                let until = *self.lingers_until.get_or_insert_with(|| {
                    self.is_broken = self.socket.shutdown(Shutdown::Write).is_err();
                    now + LINGER
                });
                self.is_broken || until <= now
            }
            Some(_) => true,
            None if !self.has_left => false,
            None if !self.is_connected => true, // the dial was given up
            None => self.up.is_empty() && world.is_quiet(id),
        }
    }
}

/// Whether the same will be tried again.
fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
