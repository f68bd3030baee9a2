//! The machine on sockets of the standard library, driven by hand: no adapter, no runtime.
//! `cargo run --example event_loop 127.0.0.1:7000`. The page `runtimes::guide` explains it.

#![expect(clippy::print_stdout, clippy::indexing_slicing, reason = "it is an example")]

use hashslot::driver::Outcome;
use hashslot::error::{Disconnect, SystemText};
use hashslot::{Action, Call, Cluster, Command, Config, Instant, LinkId};
use std::io::{self, ErrorKind, IoSlice, Read as _, Write as _};
use std::thread::{self, JoinHandle};
use std::{collections::BTreeMap, error::Error, net::TcpStream, time::Duration};

/// A machine, its sockets, and when it was started.
pub(crate) struct EventLoop(pub(crate) Cluster<()>, BTreeMap<LinkId, Socket>, std::time::Instant);
/// A connection, or the thread that dials it.
type Socket = (Option<JoinHandle<io::Result<TcpStream>>>, Option<TcpStream>);

impl EventLoop {
    pub(crate) fn new(seed: &str) -> Result<Self, Box<dyn Error>> {
        let cluster = Cluster::new(Config::default(), vec![seed.parse()?], 42)?;
        Ok(Self(cluster, BTreeMap::new(), std::time::Instant::now()))
    }

    /// Makes a call, and drives the machine until the call is over.
    pub(crate) fn call(&mut self, call: Call) -> Outcome {
        let Self(cluster, sockets, epoch) = self;
        let now = || Instant::from_epoch(epoch.elapsed());
        cluster.submit(now(), call, ()).map_err(|refused| refused.error)?;
        loop {
            while let Some(action) = cluster.poll_action() {
                match action {
                    Action::Connect { link, address } => {
                        let dial = move || TcpStream::connect((address.host(), address.port()));
                        sockets.insert(link, (Some(thread::spawn(dial)), None));
                    }
                    Action::Close { link } => drop(sockets.remove(&link)),
                    Action::Complete { outcome, .. } => return outcome,
                    Action::Event(event) => println!("{event:?}"),
                    Action::SendToNode { .. } | _ => {} // every turn offers what there is
                }
            }
            thread::sleep(Duration::from_micros(50)); // a real loop waits for sockets and timers
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
    if let Some(dial) = socket.0.take_if(|dial| dial.is_finished()) {
        let stream = dial.join().map_err(|_| ErrorKind::Other)??;
        stream.set_nonblocking(true)?;
        socket.1 = Some(stream);
        on.handle_connected(now, link);
    }
    let Some(stream) = &mut socket.1 else { return Ok(()) };
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
    let mut bytes = [0; 16 * 1024];
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
        let mut pieces: [&[u8]; 16] = [&[]; 16];
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
    println!("{values:?}\n{:?}", machine.0.stats());
    Ok(())
}
