//! The limit on tokio: one task, with a socket for each node.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use futures_util::future::try_join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::SCRATCH_LEN;
use super::scanner::Scanner;
use super::script::{self, Packet, Stream};
use crate::Outcome;
use crate::callers::{Job, Peer};
use crate::executor::{Executor, OnTokio};
use crate::nodes::Nodes;
use crate::tally::Tally;
use crate::workloads::Workload;

/// The sockets, and what was encoded before.
pub(super) struct Limit {
    name: &'static str,
    nodes: Nodes,
    tokio: OnTokio,
    sockets: Vec<Socket>,
    rounds: BTreeMap<&'static str, Vec<Vec<Packet>>>,
    streams: BTreeMap<&'static str, Vec<Stream>>,
}

struct Socket {
    stream: TcpStream,
    scratch: Box<[u8]>,
}

pub(crate) fn connect(
    name: &'static str,
    nodes: &Nodes,
    tokio: &OnTokio,
) -> Outcome<Box<dyn Peer>> {
    let (rounds, streams) = Default::default();
    let sockets = tokio.block_on(sockets(nodes))?;
    let (nodes, tokio) = (nodes.clone(), tokio.clone());
    Ok(Box::new(Limit { name, nodes, tokio, sockets, rounds, streams }))
}

async fn sockets(nodes: &Nodes) -> Outcome<Vec<Socket>> {
    let mut sockets = Vec::new();
    for index in 0..nodes.count() {
        let stream = TcpStream::connect(nodes.address(index)).await?;
        stream.set_nodelay(true)?;
        sockets.push(Socket { stream, scratch: vec![0; SCRATCH_LEN].into() });
    }
    Ok(sockets)
}

impl Peer for Limit {
    fn name(&self) -> &'static str {
        self.name
    }

    fn can(&self, _: &Workload) -> bool {
        true
    }

    fn run(&mut self, job: Job) -> Outcome<Tally> {
        let name = job.workload.name;
        let sockets = std::mem::take(&mut self.sockets);
        if job.workload.callers == 1 {
            let rounds = self.rounds.remove(name);
            let rounds =
                rounds.unwrap_or_else(|| script::rounds(job.workload, job.data, &self.nodes));
            let task = self.tokio.spawn(in_rounds(job, sockets, rounds));
            let (tally, sockets, rounds) = self.tokio.block_on(task)?;
            self.sockets = sockets;
            self.rounds.insert(name, rounds);
            return Ok(tally);
        }
        let streams = self.streams.remove(name);
        let streams =
            streams.unwrap_or_else(|| Stream::of_nodes(job.workload, job.data, &self.nodes));
        let task = self.tokio.spawn(in_windows(job, sockets, streams));
        let (tally, sockets, streams) = self.tokio.block_on(task)?;
        self.sockets = sockets;
        self.streams.insert(name, streams);
        Ok(tally)
    }
}

/// Makes one request after the other: all of it is sent, then all of the answer is read.
async fn in_rounds(
    job: Job,
    mut sockets: Vec<Socket>,
    rounds: Vec<Vec<Packet>>,
) -> Outcome<(Tally, Vec<Socket>, Vec<Vec<Packet>>)> {
    let (mut tally, mut last) = (Tally::default(), Instant::now());
    for packets in rounds.iter().cycle() {
        for packet in packets {
            sockets[packet.node].stream.write_all(&packet.bytes).await?;
        }
        for packet in packets {
            sockets[packet.node].read(packet).await?;
        }
        let now = Instant::now();
        tally.record(now - last, 1);
        last = now;
        if now >= job.until {
            break;
        }
    }
    Ok((tally, sockets, rounds))
}

impl Socket {
    async fn read(&mut self, packet: &Packet) -> Outcome<()> {
        let mut scanner = Scanner::default();
        while scanner.replies < packet.replies {
            let count = self.stream.read(&mut self.scratch).await?;
            scanner.feed(read(&self.scratch, count)?)?;
        }
        if scanner.bytes != packet.value_bytes {
            return Err("values of another size".into());
        }
        Ok(())
    }
}

/// What has been read, which is nothing at the end of a stream only.
pub(super) fn read(scratch: &[u8], count: usize) -> Outcome<&[u8]> {
    if count == 0 { Err("the server has gone".into()) } else { Ok(&scratch[..count]) }
}

/// Has as many commands on their way as there are callers. As soon as some are answered others
/// follow, without anybody being woken for them.
async fn in_windows(
    job: Job,
    sockets: Vec<Socket>,
    streams: Vec<Stream>,
) -> Outcome<(Tally, Vec<Socket>, Vec<Stream>)> {
    let count = sockets.len();
    let windows = sockets.into_iter().zip(streams).enumerate().map(|(index, (socket, stream))| {
        let room = (job.workload.callers + count - 1 - index) / count;
        in_window(job, room, socket, stream)
    });
    let (mut all, mut sockets, mut streams) = (Tally::default(), Vec::new(), Vec::new());
    for (tally, socket, stream) in try_join_all(windows).await? {
        all.add(&tally);
        sockets.push(socket);
        streams.push(stream);
    }
    Ok((all, sockets, streams))
}

async fn in_window(
    job: Job,
    room: usize,
    mut socket: Socket,
    mut stream: Stream,
) -> Outcome<(Tally, Socket, Stream)> {
    let (mut tally, mut scanner) = (Tally::default(), Scanner::default());
    let mut on_their_way = VecDeque::from([(Instant::now(), room)]);
    send(&mut socket, &mut stream, room).await?;
    while !on_their_way.is_empty() {
        let before = scanner.replies;
        let count = socket.stream.read(&mut socket.scratch).await?;
        scanner.feed(read(&socket.scratch, count)?)?;
        let (now, answered) = (Instant::now(), scanner.replies - before);
        let mut left = answered;
        while let Some((sent_at, sent)) = on_their_way.front_mut().filter(|_| left > 0) {
            let ended = left.min(*sent);
            tally.record(now - *sent_at, u32::try_from(ended)?);
            left -= ended;
            *sent -= ended;
            if *sent == 0 {
                on_their_way.pop_front();
            }
        }
        if now < job.until && answered > 0 {
            send(&mut socket, &mut stream, answered).await?;
            on_their_way.push_back((now, answered));
        }
    }
    // GETs and SETs are mixed; a SET's reply has no value.
    if !scanner.bytes.is_multiple_of(job.workload.value_len) || scanner.bytes == 0 {
        return Err("values of another size".into());
    }
    Ok((tally, socket, stream))
}

async fn send(socket: &mut Socket, stream: &mut Stream, mut count: usize) -> Outcome<()> {
    while count > 0 {
        let (bytes, taken) = stream.take(count);
        socket.stream.write_all(bytes).await?;
        count -= taken;
    }
    Ok(())
}
