//! The machine on sockets of the standard library, driven by hand: no adapter, no runtime.
//! `cargo run --example event_loop 127.0.0.1:7000`. The page `guide::transports` explains it.

#![expect(clippy::print_stdout, clippy::indexing_slicing, reason = "it is an example")]

use hashslot::driver::Outcome;
use hashslot::error::{Disconnect, SystemText};
use hashslot::{Action, Call, Cluster, Command, Config, Instant, LinkId};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, ErrorKind, IoSlice, Read as _, Write as _};
use std::thread::{self, JoinHandle};
use std::{collections::BTreeMap, error::Error, net::TcpStream, time::Duration};

/// How long the loop sleeps in each turn. A real loop waits for sockets and timers.
const NAP: Duration = Duration::from_micros(50);
/// How much is read at once, in bytes.
const READ_LEN: usize = 16 * 1024;
/// How many pieces of memory are written at once.
const PIECE_COUNT: usize = 16;

/// A machine, its sockets, and when it was started.
pub(crate) struct EventLoop {
    pub(crate) cluster: Cluster<()>,
    sockets: BTreeMap<LinkId, Socket>,
    started_at: std::time::Instant,
}

enum Socket {
    /// The thread that dials.
    Dialling(Option<JoinHandle<io::Result<TcpStream>>>),
    Open(TcpStream),
}

impl EventLoop {
    pub(crate) fn new(seed: &str) -> Result<Self, Box<dyn Error>> {
        // Each client has its own: clients with the same would retry at the same moment.
        let random_seed = RandomState::new().build_hasher().finish();
        let cluster = Cluster::new(Config::default(), vec![seed.parse()?], random_seed)?;
        let started_at = std::time::Instant::now();
        Ok(Self { cluster, sockets: BTreeMap::new(), started_at })
    }

    /// Makes a call, and drives the machine until the call is over.
    pub(crate) fn call(&mut self, call: Call) -> Outcome {
        let Self { cluster, sockets, started_at } = self;
        let now = || Instant::from_epoch(started_at.elapsed());
        cluster.submit(now(), call, ()).map_err(|refused| refused.error)?;
        loop {
            while let Some(action) = cluster.poll_action() {
                match action {
                    Action::Connect { link, address } => {
                        let dial = move || TcpStream::connect((address.host(), address.port()));
                        sockets.insert(link, Socket::Dialling(Some(thread::spawn(dial))));
                    }
                    Action::Close { link } => drop(sockets.remove(&link)),
                    Action::Complete { outcome, .. } => return outcome,
                    Action::Event(event) => println!("{event:?}"),
                    Action::SendToNode { .. } | _ => {} // every turn offers what there is
                }
            }
            thread::sleep(NAP);
            sockets.retain(|&link, socket| {
                let driven = drive(cluster, now(), link, socket);
                let Err(error) = driven else { return true };
                let cause = Disconnect::Other(SystemText::new(&error.to_string()));
                cluster.handle_closed(now(), link, cause);
                false
            });
            if cluster.poll_timeout().is_some_and(|at| at <= now()) {
                cluster.handle_timeout(now());
            }
        }
    }
}

/// Connects, sends and receives what goes without waiting.
fn drive(on: &mut Cluster<()>, now: Instant, link: LinkId, socket: &mut Socket) -> io::Result<()> {
    if let Socket::Dialling(dial) = socket {
        let Some(dial) = dial.take_if(|dial| dial.is_finished()) else { return Ok(()) };
        let stream = dial.join().map_err(|_| ErrorKind::Other)??;
        stream.set_nonblocking(true)?;
        *socket = Socket::Open(stream);
        on.handle_connected(now, link);
    }
    let Socket::Open(stream) = socket else { return Ok(()) };
    receive(on, now, link, stream)?; // before anything is sent: it may be the end
    let sent = send(on, now, link, stream);
    if sent.is_err() {
        receive(on, now, link, stream)?; // what came before the end counts
    }
    sent
}

fn receive(
    on: &mut Cluster<()>,
    now: Instant,
    link: LinkId,
    from: &mut TcpStream,
) -> io::Result<()> {
    let mut bytes = [0; READ_LEN];
    loop {
        match from.read(&mut bytes) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(len) => on.handle_received(now, link, &bytes[..len]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn send(on: &mut Cluster<()>, now: Instant, link: LinkId, to: &mut TcpStream) -> io::Result<()> {
    loop {
        let mut pieces: [&[u8]; PIECE_COUNT] = [&[]; PIECE_COUNT];
        let count = on.sendable(link, &mut pieces);
        match to.write_vectored(&pieces.map(IoSlice::new)[..count]) {
            Ok(0) => return Ok(()), // nothing is left
            Ok(taken) => on.handle_sent(now, link, taken),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()), // the rest next time
            Err(error) => return Err(error),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut machine = EventLoop::new(&std::env::args().nth(1).ok_or("which node?")?)?;
    let key = |index| format!("key:{index}");
    machine.call(Call::pipeline((0..32_i64).map(|index| Command::set(key(index), index))))?;
    let values = machine.call(Call::pipeline((0..32).map(|index| Command::get(key(index)))))?;
    println!("{values:?}\n{:?}", machine.cluster.stats());
    Ok(())
}
