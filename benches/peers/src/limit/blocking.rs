//! The limit on one thread, with blocking sockets. It has no more than one request on its way.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use super::SCRATCH_LEN;
use super::pump::read;
use super::scanner::Scanner;
use super::script::{self, Packet};
use crate::Outcome;
use crate::callers::{Job, Peer};
use crate::nodes::Nodes;
use crate::tally::Tally;
use crate::workloads::{Kind, Workload};

struct LimitBlocking {
    name: &'static str,
    nodes: Nodes,
    streams: Vec<TcpStream>,
    scratch: Box<[u8]>,
    rounds: BTreeMap<&'static str, Vec<Vec<Packet>>>,
}

pub(crate) fn connect(name: &'static str, nodes: &Nodes) -> Outcome<Box<dyn Peer>> {
    let mut streams = Vec::new();
    for index in 0..nodes.count() {
        let stream = TcpStream::connect(nodes.address(index))?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let (nodes, rounds) = (nodes.clone(), BTreeMap::new());
    let scratch = vec![0; SCRATCH_LEN].into();
    Ok(Box::new(LimitBlocking { name, nodes, streams, scratch, rounds }))
}

impl Peer for LimitBlocking {
    fn name(&self) -> &'static str {
        self.name
    }

    /// Many callers at a time say nothing about one thread that waits for each request.
    fn can(&self, workload: &Workload) -> bool {
        workload.kind != Kind::GetAndSet
    }

    fn run(&mut self, job: Job) -> Outcome<Tally> {
        let Self { nodes, streams, scratch, .. } = self;
        let rounds = self
            .rounds
            .entry(job.workload.name)
            .or_insert_with(|| script::rounds(job.workload, job.data, nodes));
        let (mut tally, mut last) = (Tally::default(), Instant::now());
        for packets in rounds.iter().cycle() {
            for packet in packets {
                streams[packet.node].write_all(&packet.bytes)?;
            }
            for packet in packets {
                answer(&mut streams[packet.node], packet, scratch)?;
            }
            let now = Instant::now();
            tally.record(now - last, 1);
            last = now;
            if now >= job.until {
                break;
            }
        }
        Ok(tally)
    }
}

fn answer(stream: &mut TcpStream, packet: &Packet, scratch: &mut [u8]) -> Outcome<()> {
    let mut scanner = Scanner::default();
    while scanner.replies < packet.replies {
        let count = stream.read(scratch)?;
        scanner.feed(read(scratch, count)?)?;
    }
    if scanner.bytes != packet.value_bytes {
        return Err("values of another size".into());
    }
    Ok(())
}
