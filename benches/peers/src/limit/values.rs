//! The limit for large values that a caller keeps: each is read into a buffer of its size.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::BufMut;
use futures_util::future::try_join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::pump::read;
use super::script::Stream;
use crate::Outcome;
use crate::callers::{Job, Peer};
use crate::executor::{Executor, OnTokio};
use crate::nodes::Nodes;
use crate::tally::Tally;
use crate::workloads::{Kind, Workload};

/// Smaller values are read together, and have no buffers of their own.
const LARGE: usize = 32 * 1024;
/// Enough for a header and little of the value, which has to be moved.
const FIRST_READ_LEN: usize = 4096;

struct LimitWithValues {
    name: &'static str,
    nodes: Nodes,
    tokio: OnTokio,
    sockets: Vec<Socket>,
    /// What is sent, and for which workload.
    streams: Option<(&'static str, Vec<Stream>)>,
}

struct Socket {
    stream: TcpStream,
    /// What was read and is of no reply so far.
    ahead: Vec<u8>,
}

pub(crate) fn connect(
    name: &'static str,
    nodes: &Nodes,
    tokio: &OnTokio,
) -> Outcome<Box<dyn Peer>> {
    let sockets = tokio.block_on(async {
        let mut sockets = Vec::new();
        for index in 0..nodes.count() {
            let stream = TcpStream::connect(nodes.address(index)).await?;
            stream.set_nodelay(true)?;
            sockets.push(Socket { stream, ahead: Vec::with_capacity(FIRST_READ_LEN) });
        }
        Outcome::Ok(sockets)
    })?;
    let (nodes, tokio) = (nodes.clone(), tokio.clone());
    Ok(Box::new(LimitWithValues { name, nodes, tokio, sockets, streams: None }))
}

impl Peer for LimitWithValues {
    fn name(&self) -> &'static str {
        self.name
    }

    fn can(&self, workload: &Workload) -> bool {
        workload.kind == Kind::Get && workload.value_len >= LARGE
    }

    fn run(&mut self, job: Job) -> Outcome<Tally> {
        let of_workload = self.streams.take().filter(|(name, _)| *name == job.workload.name);
        let streams = match of_workload {
            Some((_, streams)) => streams,
            None => Stream::of_nodes(job.workload, job.data, &self.nodes),
        };
        let sockets = std::mem::take(&mut self.sockets);
        let count = sockets.len();
        let windows: Vec<_> = sockets
            .into_iter()
            .zip(streams)
            .enumerate()
            .map(|(index, (socket, stream))| {
                in_window(job, (job.workload.callers + count - 1 - index) / count, socket, stream)
            })
            .collect();
        let task = self.tokio.spawn(async { try_join_all(windows).await });
        let (mut all, mut streams) = (Tally::default(), Vec::new());
        for (tally, socket, stream) in self.tokio.block_on(task)? {
            all.add(&tally);
            self.sockets.push(socket);
            streams.push(stream);
        }
        self.streams = Some((job.workload.name, streams));
        Ok(all)
    }
}

async fn in_window(
    job: Job,
    room: usize,
    mut socket: Socket,
    mut stream: Stream,
) -> Outcome<(Tally, Socket, Stream)> {
    let mut tally = Tally::default();
    let mut on_their_way = VecDeque::new();
    for _ in 0..room {
        on_their_way.push_back(Instant::now());
        socket.stream.write_all(stream.take(1).0).await?;
    }
    while let Some(sent_at) = on_their_way.pop_front() {
        let value = socket.value().await?;
        if value.len() != job.workload.value_len {
            return Err("values of another size".into());
        }
        drop(value);
        let now = Instant::now();
        tally.record(now - sent_at, 1);
        if now < job.until {
            socket.stream.write_all(stream.take(1).0).await?;
            on_their_way.push_back(now);
        }
    }
    Ok((tally, socket, stream))
}

impl Socket {
    /// The value of the next reply.
    async fn value(&mut self) -> Outcome<Vec<u8>> {
        let (header_len, value_len) = loop {
            if let Some(found) = header(&self.ahead)? {
                break found;
            }
            self.ahead.reserve(FIRST_READ_LEN);
            let count = self.stream.read_buf(&mut (&mut self.ahead).limit(FIRST_READ_LEN)).await?;
            read(&self.ahead, count)?;
        };
        // With its end of line, which is cut off again.
        let mut value = Vec::with_capacity(value_len + 2);
        let known = (self.ahead.len() - header_len).min(value_len + 2);
        value.extend_from_slice(&self.ahead[header_len..header_len + known]);
        self.ahead.drain(..header_len + known);
        while value.len() < value_len + 2 {
            let room = value_len + 2 - value.len();
            let count = self.stream.read_buf(&mut (&mut value).limit(room)).await?;
            read(&value, count)?;
        }
        value.truncate(value_len);
        Ok(value)
    }
}

/// The lengths of a header and of the value after it.
fn header(bytes: &[u8]) -> Outcome<Option<(usize, usize)>> {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
    let line = std::str::from_utf8(&bytes[..end])?.trim_end();
    let digits = line.strip_prefix('$').ok_or_else(|| format!("unexpected: {line}"))?;
    Ok(Some((end + 1, digits.parse()?)))
}
