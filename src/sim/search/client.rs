//! One client of a simulation: its machine, its sockets, and what is remembered to judge it.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::walk::Walk;
use super::workload::{self, Planned};
use crate::action::{CallId, LinkId};
use crate::address::Address;
use crate::cluster::{Cluster, Stats};
use crate::config::Limits;
use crate::resp::{Scan, Scanner};
use crate::sim::world::{ConnectionId, SocketEvent, World};
use crate::slot::Slot;
use crate::time::Instant;
use crate::topology::NodeId;

/// How many nodes may be dialled to be asked for the topology, besides all others.
const ASKED_BESIDE_MAX: usize = 3;

/// How long a round of the refresh may take: it covers what is heard meanwhile.
const ROUND_MAX: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Client {
    pub(super) machine: Cluster<usize>,
    /// Whether it has ever known who serves every slot.
    pub(super) has_known: bool,
    pub(super) links: BTreeMap<LinkId, Socket>,
    pub(super) of: BTreeMap<ConnectionId, LinkId>,
    /// Links that are over, for events that come late.
    pub(super) former: VecDeque<LinkId>,
    pub(super) ids: BTreeMap<usize, CallId>,
    pub(super) deadlines: BTreeSet<(Instant, usize)>,
    pub(super) paused_until: Option<Instant>,
    /// Calls for many nodes that were not planned yet at the last look.
    pub(super) unplanned: Vec<usize>,
    pub(super) missed: Vec<SocketEvent>,
    /// Where slots have moved to by redirections since the topology was asked for the last time,
    /// and when that was heard.
    pub(super) moved: BTreeMap<Slot, (Address, Instant)>,
    /// The IDs of the nodes that it believed in at the last look. What was heard of another cluster
    /// counts for nothing.
    pub(super) known: BTreeSet<NodeId>,
    /// How often the topology had changed by then.
    pub(super) counted_changes: u64,
    /// When the topology was asked for the last time.
    pub(super) queried_at: Instant,
    /// A node has said that the client is wrong: what it had counted by then.
    pub(super) misled: Option<(u64, Instant, Stats)>,
    /// When it last began to ask for the topology.
    pub(super) asked_at: Instant,
    /// What it had counted at the last look.
    pub(super) counted: Stats,
    /// When the topology was asked for lately.
    pub(super) queries: VecDeque<Instant>,
    pub(super) query_count: u64,
    /// The scan that it makes, if it makes one.
    pub(super) walk: Option<Walk>,
    /// What it still has to find out when all is well, one after the other.
    pub(super) probes: Vec<Planned>,
}

#[derive(Debug)]
pub(super) struct Socket {
    pub(super) connection: ConnectionId,
    pub(super) is_connected: bool,
    /// Whether the transport took less than it was offered.
    pub(super) is_blocked: bool,
    /// What it owes, counted from its bytes.
    pub(super) ledger: Ledger,
    /// What came in since its node refused a command for its length.
    pub(super) last_words: Vec<u8>,
}

/// What a connection owes: commands that have left, and replies that have come.
#[derive(Debug)]
pub(super) struct Ledger {
    sent: Frames,
    received: Frames,
    owed: u64,
    /// Since when a reply is owed, and none has come. Messages that are no replies do not count,
    /// nor do pieces of one.
    pub(super) silent_since: Option<Instant>,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self { sent: Frames::new(), received: Frames::new(), owed: 0, silent_since: None }
    }

    pub(super) fn note_sent(&mut self, now: Instant, bytes: &[u8]) {
        self.owed += self.sent.count(bytes);
        self.silent_since.get_or_insert(now);
    }

    pub(super) fn note_received(&mut self, now: Instant, bytes: &[u8]) {
        let replies = self.received.count(bytes);
        if replies > 0 {
            self.owed = self.owed.saturating_sub(replies);
            self.silent_since = (self.owed > 0).then_some(now);
        }
    }
}

/// Counts frames in bytes that come in pieces.
#[derive(Debug)]
struct Frames {
    scanner: Scanner,
    bytes: Vec<u8>,
    /// Whether nothing tells any more where a frame ends.
    is_lost: bool,
}

impl Frames {
    fn new() -> Self {
        Self { scanner: Scanner::new(Limits::default()), bytes: Vec::new(), is_lost: false }
    }

    /// How many frames have come to their end, without messages that are no replies.
    fn count(&mut self, bytes: &[u8]) -> u64 {
        if self.is_lost {
            return 1; // bytes that break the protocol are not silence
        }
        self.bytes.extend_from_slice(bytes);
        let mut count = 0;
        while !self.bytes.is_empty() {
            let (len, is_push) = match self.scanner.scan(&self.bytes) {
                Ok(Scan::Frame { len }) => (len, self.bytes.first() == Some(&b'>')),
                Ok(Scan::Broken { len, is_push, .. }) => (len, is_push),
                Ok(Scan::Skipped { .. }) => {
                    self.bytes.clear();
                    break;
                }
                Ok(Scan::More { .. }) => break,
                Err(_) => {
                    self.is_lost = true;
                    return count + 1;
                }
            };
            self.bytes.drain(..len);
            count += u64::from(!is_push);
        }
        count
    }
}

impl Client {
    pub(super) fn new(machine: Cluster<usize>) -> Self {
        Self {
            machine,
            has_known: false,
            links: BTreeMap::new(),
            of: BTreeMap::new(),
            former: VecDeque::new(),
            ids: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            paused_until: None,
            unplanned: Vec::new(),
            missed: Vec::new(),
            moved: BTreeMap::new(),
            known: BTreeSet::new(),
            counted_changes: 0,
            queried_at: Instant::EPOCH,
            misled: None,
            asked_at: Instant::EPOCH,
            counted: Stats::default(),
            queries: VecDeque::new(),
            query_count: 0,
            walk: None,
            probes: Vec::new(),
        }
    }

    /// A link is over.
    pub(super) fn forget(&mut self, link: LinkId) -> Option<ConnectionId> {
        let socket = self.links.remove(&link)?;
        self.of.remove(&socket.connection);
        self.former.push_back(link);
        if self.former.len() > 8 {
            self.former.pop_front();
        }
        Some(socket.connection)
    }

    /// What it has more of than its configuration allows.
    pub(super) fn excess(&self) -> Option<String> {
        let config = self.machine.config();
        let dials = self.links.values().filter(|socket| !socket.is_connected).count();
        let counts = [
            ("connections", self.links.len(), config.max_connections),
            ("dials on their way", dials, config.max_dials + ASKED_BESIDE_MAX),
            ("nodes", self.machine.topology().nodes().count(), config.max_nodes),
        ];
        let excess = counts.into_iter().find(|(_, count, most)| count > most);
        excess.map(|(what, count, most)| format!("{count} {what}, where {most} are allowed"))
    }

    /// What a client has, or believes, that it should not when all is well.
    pub(super) fn residue(&self, world: &World) -> Option<String> {
        let count = self.machine.call_count();
        if count > 0 {
            return Some(format!("{count} calls are left"));
        }
        // A seed may be asked at the last moment: its connection does not take everything at once.
        let takes_all = |socket: &Socket| socket.is_connected && !socket.is_blocked;
        for (link, socket) in self.links.iter().filter(|(_, socket)| takes_all(socket)) {
            let mut slices: [&[u8]; 1] = [&[]];
            if self.machine.sendable(*link, &mut slices) > 0 {
                let (len, to) = (slices[0].len(), socket.connection);
                return Some(format!("{len} bytes are left to send on {to:?}"));
            }
        }
        if let Some((_, at, before)) = &self.misled
            && at.since(self.asked_at) > ROUND_MAX
        {
            let now = self.machine.stats();
            let lost = |stats: &Stats| (stats.refreshes, stats.late_replies, stats.links_lost);
            if lost(before) == lost(now) {
                return Some("it was told that it is wrong, and did not ask".into());
            }
        }
        let believed = |slot: u16| {
            let slot = Slot::new(slot)?;
            let primary = self.machine.topology().primary_of(slot)?;
            Some(primary.address().clone())
        };
        let mut slots = workload::slots().into_iter();
        let wrong = slots.find(|slot| believed(*slot) != world.address_of_owner(*slot))?;
        let (belief, truth) = (believed(wrong), world.address_of_owner(wrong));
        Some(format!("it believes that slot {wrong} is at {belief:?}, and it is at {truth:?}"))
    }
}
