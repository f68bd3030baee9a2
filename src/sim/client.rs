//! One client of a simulation: its machine, its sockets, and what is remembered to judge it.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::workload::{self, Planned};
use super::world::{ConnectionId, Event, World};
use crate::action::{CallId, LinkId};
use crate::address::Address;
use crate::cluster::{Cluster, Stats};
use crate::slot::Slot;
use crate::time::Instant;
use crate::topology::NodeId;

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
    pub(super) missed: Vec<Event>,
    /// Where slots have moved to by redirections since the topology was asked for the last time, and
    /// when that was heard.
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
    /// What it still has to find out when all is well, one after the other.
    pub(super) probes: Vec<Planned>,
}

#[derive(Debug)]
pub(super) struct Socket {
    pub(super) connection: ConnectionId,
    pub(super) is_connected: bool,
    /// Whether the transport took less than it was offered.
    pub(super) is_blocked: bool,
    /// When something was sent that nothing has come in after.
    pub(super) silent_since: Option<Instant>,
    /// What came in since its node refused a command for its length.
    pub(super) last_words: Vec<u8>,
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
