//! A machine that knows a cluster and has a link to each of its nodes, and whatever is around it: a
//! driver without sockets, and nodes that say what they are told to. For the benches, and for tests
//! of what things cost: nothing here is written down or checked while a call is on its way.

#![allow(dead_code, reason = "each user needs a part of it")]

use std::fmt::Write;
use std::hint::black_box;

use bytes::BufMut;
use hashslot::driver::Outcome;
use hashslot::slot::SLOT_COUNT;
use hashslot::{Action, Address, Call, Cluster, Command, Config, Instant, LinkId, Slot};

/// As much as a driver reads at a time.
const READ_LEN: usize = 64 * 1024;
/// The replies to the handshake of the default configuration.
const WELCOME: &[u8] = b"%1\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n+OK\r\n+OK\r\n+OK\r\n";

/// What nodes say: the index of each that says something, and its bytes.
pub(crate) type Replies = Vec<(usize, Vec<u8>)>;

pub(crate) struct Machine {
    pub(crate) cluster: Cluster<u32>,
    /// One for each node, once they are linked.
    pub(crate) links: Vec<LinkId>,
    node_count: usize,
    /// As much as the nodes' bytes come in pieces of.
    pub(crate) piece_len: usize,
}

impl Machine {
    /// A machine that has links to so many nodes, which share the slots evenly.
    pub(crate) fn new(node_count: usize) -> Self {
        Self::with(Config::default(), node_count)
    }

    /// The same with other limits.
    pub(crate) fn with(config: Config, node_count: usize) -> Self {
        let mut machine = Self::knowing_with(config, node_count);
        for index in 1..node_count {
            machine.link(index);
        }
        machine
    }

    /// A machine that knows so many nodes, and has a link to the first.
    pub(crate) fn knowing(node_count: usize) -> Self {
        Self::knowing_with(Config::default(), node_count)
    }

    fn knowing_with(mut config: Config, node_count: usize) -> Self {
        let now = Instant::EPOCH;
        config.max_connections = node_count;
        config.max_dial_rate = u32::MAX; // no time passes here
        let cluster = Cluster::new(config, vec![address(0)], 1);
        let cluster = cluster.expect("is a configuration");
        let mut machine = Self { cluster, links: Vec::new(), node_count, piece_len: READ_LEN };
        machine.cluster.submit(now, Call::discovery(), 0).expect("is taken");
        let link = machine.connect();
        machine.receive(link, topology(node_count, 0).as_bytes());
        machine.receive(link, b"-ERR the other question has been answered\r\n");
        assert_eq!(machine.drain(), 1, "the cluster is known");
        machine
    }

    /// Has the machine dial the next node.
    pub(crate) fn link(&mut self, index: usize) {
        assert_eq!(self.links.len(), index, "nodes are linked in their order");
        let ping = Call::new(Command::new("PING")).on_node(address(index));
        self.cluster.submit(Instant::EPOCH, ping, 0).expect("is taken");
        let link = self.connect();
        self.receive(link, b"+PONG\r\n");
        assert_eq!(self.drain(), 1, "the node is linked");
    }

    /// Opens the link that the machine wants.
    fn connect(&mut self) -> LinkId {
        let mut link = None;
        while let Some(action) = self.cluster.poll_action() {
            if let Action::Connect { link: id, .. } = action {
                link = Some(id);
            }
        }
        let link = link.expect("dials a node");
        self.links.push(link);
        self.cluster.handle_connected(Instant::EPOCH, link);
        self.receive(link, WELCOME);
        link
    }

    pub(crate) fn submit(&mut self, call: Call) {
        self.cluster.submit(Instant::EPOCH, call, 7).expect("is taken");
    }

    /// Takes what the machine says, and all that it wants to send: the number of completed calls.
    pub(crate) fn drain(&mut self) -> u32 {
        self.drain_into(|outcome| {
            black_box(outcome).expect("is answered");
        })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else happens here")]
    pub(crate) fn drain_into(&mut self, mut take: impl FnMut(Outcome)) -> u32 {
        let mut completed = 0;
        while let Some(action) = self.cluster.poll_action() {
            match action {
                Action::Complete { outcome, .. } => {
                    take(outcome);
                    completed += 1;
                }
                Action::SendToNode { link } => self.take_sent(link, |_| {}),
                _ => {}
            }
        }
        completed
    }

    /// Takes all that there is to be sent to a node.
    pub(crate) fn take_sent(&mut self, link: LinkId, mut take: impl FnMut(&[u8])) {
        loop {
            let mut slices: [&[u8]; 64] = [&[]; 64];
            let count = self.cluster.sendable(link, &mut slices);
            if count == 0 {
                break;
            }
            let mut len = 0;
            for slice in slices.iter().take(count) {
                take(slice);
                len += slice.len();
            }
            self.cluster.handle_sent(Instant::EPOCH, link, len);
        }
    }

    /// Bytes of a node, in reply to what it has been sent so far.
    fn receive(&mut self, link: LinkId, mut bytes: &[u8]) {
        self.drain();
        while !bytes.is_empty() {
            let piece = bytes.get(..self.piece_len).unwrap_or(bytes);
            let taken = if let Some(mut room) = self.cluster.receive_buffer(link) {
                let mut room = room.as_buf();
                let len = room.remaining_mut().min(piece.len());
                let (head, _) = piece.split_at(len);
                room.put_slice(head);
                drop(room);
                self.cluster.handle_received_in_place(Instant::EPOCH, link, len);
                len
            } else {
                self.cluster.handle_received(Instant::EPOCH, link, piece);
                piece.len()
            };
            (_, bytes) = bytes.split_at(taken);
        }
    }

    /// The replies of nodes to what they have been sent so far.
    pub(crate) fn answer(&mut self, replies: &Replies) {
        for (index, bytes) in replies {
            let link = *self.links.get(*index).expect("a node");
            self.receive(link, bytes);
        }
    }

    /// Calls that leave together, from their making to their outcomes.
    pub(crate) fn round(&mut self, calls: impl Iterator<Item = Call>, replies: &Replies) {
        let mut count = 0;
        for call in calls {
            self.submit(call);
            count += 1;
        }
        self.drain();
        for (index, bytes) in replies {
            let link = *self.links.get(*index).expect("a node");
            self.receive(link, bytes);
            // What has been answered is told before the next node is read.
            count -= self.drain();
        }
        assert_eq!(count, 0, "as many outcomes as calls");
    }

    /// What the nodes answer who are asked for these keys, if each key is answered so.
    pub(crate) fn replies(&self, keys: &[String], reply: &[u8]) -> Replies {
        let mut replies = vec![Vec::new(); self.node_count];
        for key in keys {
            let of_node = replies.get_mut(self.node_of(key)).expect("a node");
            of_node.extend_from_slice(reply);
        }
        let replies = replies.into_iter().enumerate();
        replies.filter(|(_, bytes)| !bytes.is_empty()).collect()
    }

    fn node_of(&self, key: &str) -> usize {
        range_of(Slot::of_key(key.as_bytes()), self.node_count)
    }
}

/// So many keys of 16 bytes; at first each is of a slot of its own.
pub(crate) fn keys(count: usize) -> Vec<String> {
    let mut is_taken = vec![false; usize::from(SLOT_COUNT)];
    let keys = (0..).map(|number| format!("user:{:011}", number * 7919_u64));
    let fresh = keys.filter(|key| {
        let slot = Slot::of_key(key.as_bytes());
        let is_taken = is_taken.get_mut(usize::from(slot.number())).expect("is a slot");
        !std::mem::replace(is_taken, true)
    });
    fresh.take(count).collect()
}

/// Which of so many even ranges a slot is in: at first the node of that index has it.
pub(crate) fn range_of(slot: Slot, node_count: usize) -> usize {
    let after = usize::from(slot.number()) + 1;
    (after * node_count - 1) / usize::from(SLOT_COUNT)
}

pub(crate) fn address(index: usize) -> Address {
    let port = u16::try_from(7000 + index).expect("a port");
    Address::new("127.0.0.1", port).expect("is an address")
}

/// The reply to `CLUSTER SLOTS` after each node has handed its slots over to the next one so often.
pub(crate) fn topology(node_count: usize, shift: usize) -> String {
    let first = |index: usize| index * usize::from(SLOT_COUNT) / node_count;
    let mut reply = format!("*{node_count}\r\n");
    for index in 0..node_count {
        let (first, last) = (first(index), first(index + 1) - 1);
        let port = 7000 + (index + shift) % node_count;
        write!(reply, "*3\r\n:{first}\r\n:{last}\r\n*3\r\n$9\r\n127.0.0.1\r\n:{port}\r\n")
            .and_then(|()| write!(reply, "$40\r\n{port:040}\r\n"))
            .expect("is text");
    }
    reply
}
