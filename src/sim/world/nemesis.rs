//! The nemesis: which faults befall the cluster and the network, when, and how they are undone.
//!
//! All of it is planned at the start, from the nemesis' own dice; each fault that lasts is undone
//! before the end, so that a run can be asked to settle.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::faults::{Fault, Faults};
use super::hostile::FORGERY_COUNT;
use super::node::{Hostility, address};
use super::{Connection, ConnectionId, Direction, Scheduled, State, World};
use crate::config::Protocol;
use crate::error::Disconnect;
use crate::sim::dice::Dice;
use crate::sim::ranges::Ranges;
use crate::time::Instant;

/// How long the traces of a fault may be felt after it is over: pauses between attempts, and
/// between two looks at the topology, have grown meanwhile.
const GRACE: Duration = Duration::from_secs(12);

/// The time between two pushes of a node that answers no commands.
const TELLING_INTERVAL: Duration = Duration::from_millis(300);

/// How often nodes tell each other everything after the last fault, and how many times.
const MENDING_INTERVAL: Duration = Duration::from_secs(1);
const MENDING_PATIENCE: u8 = 60;

#[derive(Debug)]
pub(in crate::sim) struct Nemesis {
    seed: u64,
    faults: Faults,
    pub(super) dice: Dice,
    /// When the last fault is undone at the latest.
    ends_at: Instant,
    /// The slots that clients use.
    pub(super) slots: Vec<u16>,
    /// Nodes that do not hear the others.
    pub(super) island: BTreeSet<usize>,
    counts: BTreeMap<Fault, u64>,
    /// Steps that are still to come.
    pending: usize,
    /// Until when answers about a slot may be slow, or refusals.
    disturbed: Ranges<Instant>,
    /// How often a node got a new address.
    generation: usize,
    /// Slots, and the nodes that they did not get to.
    pub(super) given_up: BTreeSet<(u16, usize)>,
}

/// What is done, or undone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Begin(Fault),
    /// The next key of a slot leaves, or the last one has left.
    Carry {
        slot: u16,
        from: usize,
        to: usize,
        patience: u8,
    },
    /// The source of a slot hears that it has gone.
    Resign {
        slot: u16,
        from: usize,
        to: usize,
    },
    /// All keys of a slot leave at once, as soon as nothing is on its way to the target.
    Hand {
        slot: u16,
        to: usize,
        patience: u8,
    },
    TakeOver {
        replica: usize,
        patience: u8,
    },
    Fill {
        slot: u16,
        owner: usize,
    },
    Start(usize),
    Thaw(usize),
    Quicken(usize),
    Heal,
    Flow(usize, Direction),
    Admit(usize),
    Evict(usize),
    Behave(usize),
    /// A node that answers no commands sends a push.
    Tell(usize),
    /// It answers again.
    Answer(usize),
    /// Replies of a node come whole again.
    Gush(usize),
    Leave(usize),
    /// Nodes go on telling each other what they know, until all agree.
    Mend {
        patience: u8,
    },
}

impl Nemesis {
    /// Does these things within this time, to the slots that are used.
    pub(in crate::sim) fn new(
        seed: u64,
        choices: &[u8],
        faults: Faults,
        length: Duration,
        slots: Vec<u16>,
    ) -> Self {
        Self {
            seed,
            faults,
            dice: Dice::from_bytes(choices, seed),
            ends_at: Instant::EPOCH + length,
            slots,
            island: BTreeSet::new(),
            counts: BTreeMap::new(),
            pending: 0,
            disturbed: Ranges::all(Instant::EPOCH),
            generation: 0,
            given_up: BTreeSet::new(),
        }
    }

    /// The number of the next addresses or IDs that are given.
    pub(super) const fn next_generation(&mut self) -> usize {
        self.generation += 1;
        self.generation
    }

    pub(in crate::sim) fn count(&mut self, fault: Fault) {
        *self.counts.entry(fault).or_default() += 1;
    }

    pub(in crate::sim) const fn counts(&self) -> &BTreeMap<Fault, u64> {
        &self.counts
    }

    pub(super) const fn is_over(&self) -> bool {
        self.pending == 0
    }

    pub(in crate::sim) fn has(&self, fault: Fault) -> bool {
        self.faults.has(fault)
    }

    /// The dice of a fault that lasts as long as the run.
    pub(super) fn dice_of(&self, fault: Fault) -> Dice {
        Dice::new(self.seed ^ fault.bit())
    }

    pub(super) fn is_disturbed(&self, slot: u16, since: Instant) -> bool {
        *self.disturbed.get(slot) >= since
    }
}

/// How often each fault is begun in one run, at most.
const fn count_max(fault: Fault) -> u64 {
    match fault {
        Fault::Migrate => 12,
        Fault::AtomicMigrate => 10,
        Fault::Reset => 15,
        Fault::CutReply => 8,
        Fault::HalfOpen | Fault::Stall | Fault::Scripts => 4,
        Fault::Failover
        | Fault::Kill
        | Fault::Freeze
        | Fault::Slow
        | Fault::Garbage
        | Fault::Pushes
        | Fault::Forgeries
        | Fault::OddTopology
        | Fault::Crowd
        | Fault::OddReplies => 3,
        Fault::Hole
        | Fault::Readdress
        | Fault::Stranger
        | Fault::Partition
        | Fault::MaxClients
        | Fault::OnlyPushes
        | Fault::Drip => 2,
        Fault::Scale | Fault::ReaddressAll | Fault::Rebuild | Fault::Vanish => 1,
        // These last as long as the run, or are the application's.
        _ => 0,
    }
}

impl World {
    /// Puts everything that will be done into the queue.
    pub(super) fn schedule_nemesis(&mut self) {
        let length = self.nemesis.ends_at.since(Instant::EPOCH);
        for fault in self.nemesis.faults.iter() {
            let most = count_max(fault);
            // Each has dice of its own: one fault less changes nothing for the others.
            let mut dice = Dice::new(self.nemesis.seed ^ fault.bit());
            let count = if most == 0 { 0 } else { dice.between(1, most) };
            for _ in 0..count {
                let at = dice.up_to(length);
                self.plan(at, Step::Begin(fault));
            }
        }
        self.plan(length + MENDING_INTERVAL, Step::Mend { patience: MENDING_PATIENCE });
        if self.nemesis.has(Fault::Scale) {
            let spare = self.nodes.len() - 1;
            self.nodes[spare].is_member = false;
            for index in 0..spare {
                self.nodes[index].view.claims[spare] = None;
            }
        }
    }

    pub(super) fn plan(&mut self, after: Duration, step: Step) {
        self.nemesis.pending += 1;
        self.schedule(after, Scheduled::Nemesis(step));
    }

    /// Plans the end of a fault: after some time, before the end of the run.
    pub(super) fn undo(&mut self, longest: Duration, step: Step) -> Instant {
        let rest = self.nemesis.ends_at.since(self.now);
        let after = self.nemesis.dice.up_to(longest).min(rest);
        self.plan(after, step);
        self.now + after
    }

    pub(super) fn disturb(&mut self, node: usize, until: Instant) {
        let node = &mut self.nodes[node];
        node.disturbed_until = node.disturbed_until.max(until + GRACE);
    }

    /// Something that may concern everybody.
    pub(super) fn disturb_all(&mut self, until: Instant) {
        for node in 0..self.nodes.len() {
            self.disturb(node, until);
        }
    }

    pub(super) fn disturb_slot(&mut self, slot: u16) {
        let until = (*self.nemesis.disturbed.get(slot)).max(self.now + GRACE);
        self.nemesis.disturbed.set(slot, slot, until);
    }

    pub(super) fn do_harm(&mut self, step: Step) {
        self.trace.line(self.now, || format!("nemesis: {step:?}"));
        self.nemesis.pending -= 1;
        match step {
            Step::Begin(Fault::Scripts) => {
                self.nemesis.count(Fault::Scripts);
                for node in &mut self.nodes {
                    node.scripts.clear();
                }
            }
            Step::Begin(fault) => self.begin(fault),
            Step::Carry { slot, from, to, patience } => self.carry(slot, from, to, patience),
            Step::Resign { slot, from, to } => {
                if self.may_own(from) && self.nodes[from].migrating.get(&slot) == Some(&to) {
                    self.assign(from, slot, to);
                }
            }
            Step::Hand { slot, to, patience } => self.hand(slot, to, patience),
            Step::TakeOver { replica, patience } => self.take_over(replica, patience),
            Step::Fill { slot, owner } => self.fill(slot, owner),
            Step::Start(node) => self.restart(node),
            Step::Thaw(node) => {
                self.nodes[node].is_frozen = false;
                self.reckon_silence();
                for id in self.connections_of(node) {
                    self.serve(id);
                }
            }
            Step::Quicken(node) => self.nodes[node].slowness = Duration::ZERO,
            Step::Heal => {
                self.nemesis.island.clear();
                self.reckon_silence();
            }
            Step::Flow(node, direction) => {
                self.nodes[node].stalled[usize::from(direction == Direction::ToClient)] = false;
                for id in self.connections_of(node) {
                    self.restart_pipe(id, direction);
                }
            }
            Step::Admit(node) => self.nodes[node].clients_max = usize::MAX,
            Step::Evict(node) => self.evict(node),
            Step::Tell(node) => self.tell_unasked(node),
            Step::Answer(node) => {
                self.nodes[node].is_mute = false;
                for id in self.connections_of(node) {
                    self.serve(id);
                }
            }
            Step::Gush(node) => {
                self.nodes[node].drips = None;
                for id in self.connections_of(node) {
                    self.deliver_held(id);
                }
            }
            Step::Behave(node) => self.nodes[node].hostility = Hostility::default(),
            Step::Leave(node) => self.leave(node),
            Step::Mend { patience } => self.mend(patience),
        }
    }

    fn begin(&mut self, fault: Fault) {
        let node_count = self.nodes.len();
        let node = self.nemesis.dice.index(node_count);
        self.nemesis.count(fault);
        match fault {
            Fault::Migrate | Fault::AtomicMigrate => self.begin_move(fault),
            Fault::Failover => self.take_over(node, 20),
            Fault::Scale => self.join(),
            Fault::Hole => self.dig(),
            Fault::Readdress => self.readdress(node),
            Fault::ReaddressAll => {
                for node in 0..node_count {
                    self.readdress(node);
                }
            }
            Fault::Stranger => self.let_stranger_in(node),
            Fault::Rebuild => self.rebuild(),
            Fault::Kill | Fault::Vanish if self.nodes[node].is_up && self.nodes[node].is_member => {
                self.kill(node, fault == Fault::Kill);
                let until = self.undo(Duration::from_secs(8), Step::Start(node));
                self.disturb_all(until);
            }
            Fault::Freeze if self.nodes[node].is_heard() => {
                self.nodes[node].is_frozen = true;
                self.reckon_silence();
                let until = self.undo(Duration::from_secs(6), Step::Thaw(node));
                self.disturb_shard_or_all(node, until);
            }
            Fault::Slow => {
                self.nodes[node].slowness = self.nemesis.dice.millis(1, 400);
                let until = self.undo(Duration::from_secs(4), Step::Quicken(node));
                self.disturb(node, until);
            }
            Fault::Partition => self.split(),
            Fault::MaxClients => {
                self.nodes[node].clients_max = self.nemesis.dice.index(2);
                let until = self.undo(Duration::from_secs(5), Step::Admit(node));
                self.disturb(node, until);
                if let Some(id) = self.an_open_connection(node) {
                    self.reset(id, Disconnect::Reset);
                }
            }
            Fault::Reset | Fault::CutReply | Fault::HalfOpen => self.break_connection(fault),
            Fault::Stall => {
                let both = [Direction::ToServer, Direction::ToClient];
                let direction = both[self.nemesis.dice.index(2)];
                self.nodes[node].stalled[usize::from(direction == Direction::ToClient)] = true;
                let until = self.undo(Duration::from_secs(12), Step::Flow(node, direction));
                self.disturb(node, until);
            }
            Fault::OnlyPushes => {
                self.nodes[node].is_mute = true;
                let until = self.undo(Duration::from_secs(8), Step::Answer(node));
                self.disturb(node, until);
                self.tell_unasked(node);
            }
            Fault::Drip => {
                self.nodes[node].drips = Some(self.nemesis.dice.millis(50, 1500));
                let until = self.undo(Duration::from_secs(8), Step::Gush(node));
                self.disturb(node, until);
            }
            Fault::Garbage
            | Fault::Pushes
            | Fault::Forgeries
            | Fault::OddTopology
            | Fault::Crowd
            | Fault::OddReplies => self.turn_hostile(node, fault),
            _ => {}
        }
    }

    /// A node that answers no commands sends a push on each link, and soon another.
    fn tell_unasked(&mut self, node: usize) {
        if !self.nodes[node].is_mute || !self.nodes[node].is_up {
            return;
        }
        for id in self.connections_of(node) {
            let connection = &self.connections[&id];
            let is_able = connection.session.protocol == Protocol::Resp3;
            if is_able && connection.state == State::Open {
                let push = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n";
                self.put(id, Direction::ToClient, push, Duration::ZERO);
            }
        }
        self.plan(TELLING_INTERVAL, Step::Tell(node));
    }

    /// With a node of a shard out of service others may refuse to serve as well.
    fn disturb_shard_or_all(&mut self, node: usize, until: Instant) {
        let lasts = until.since(self.now) >= self.conditions.node_timeout;
        if lasts {
            self.disturb_all(until);
        } else {
            self.disturb(node, until);
        }
    }

    fn turn_hostile(&mut self, node: usize, fault: Fault) {
        let rate = self.nemesis.dice.between(1, 12);
        let hostility = &mut self.nodes[node].hostility;
        match fault {
            Fault::Garbage => hostility.garbage = rate,
            Fault::Pushes => hostility.pushes = rate,
            Fault::OddReplies => hostility.oddities = rate,
            Fault::Crowd => hostility.crowds = rate.min(3),
            Fault::Forgeries => {
                hostility.forgeries = rate;
                hostility.forgery = (rate % 2 == 1).then(|| self.nemesis.dice.index(FORGERY_COUNT));
            }
            _ => hostility.topologies = rate,
        }
        let until = self.undo(Duration::from_secs(6), Step::Behave(node));
        // An odd reply concerns its own call only: all others are judged as if it were not there.
        if !matches!(fault, Fault::Pushes | Fault::OddReplies) {
            self.disturb(node, until);
        }
    }

    fn an_open_connection(&mut self, node: usize) -> Option<ConnectionId> {
        let mut open = self.connections_of(node);
        open.retain(|id| self.connections[id].state == State::Open);
        self.nemesis.dice.pick(&open).copied()
    }

    fn break_connection(&mut self, fault: Fault) {
        let is_open =
            |(_, connection): &(&ConnectionId, &Connection)| connection.state == State::Open;
        let open: Vec<_> = self.connections.iter().filter(is_open).map(|(id, _)| *id).collect();
        let Some(id) = self.nemesis.dice.pick(&open).copied() else { return };
        if let Some(node) = self.connections[&id].node {
            self.disturb(node, self.now + Duration::from_secs(15)); // until a silent one is noticed
        }
        match fault {
            Fault::HalfOpen => self.let_hang(id),
            Fault::CutReply => {
                let piece_count = self.nemesis.dice.index(4);
                self.cut_replies(id, piece_count);
                self.reset(id, Disconnect::Reset);
            }
            _ => {
                let end = if self.nemesis.dice.one_in(2) {
                    Disconnect::Reset
                } else {
                    Disconnect::EndOfStream
                };
                self.reset(id, end);
            }
        }
    }

    /// Nothing comes through a connection any more.
    pub(super) fn let_hang(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id)
            && connection.state == State::Open
        {
            connection.state = State::HalfOpen;
        }
    }

    /// Some nodes do not hear the others.
    fn split(&mut self) {
        if !self.nemesis.island.is_empty() {
            return;
        }
        for node in 0..self.nodes.len() {
            if self.nemesis.dice.one_in(3) {
                self.nemesis.island.insert(node);
            }
        }
        self.reckon_silence();
        let until = self.undo(Duration::from_secs(8), Step::Heal);
        self.disturb_all(until);
    }

    /// A node starts again, under another address.
    fn readdress(&mut self, node: usize) {
        if !self.nodes[node].is_up || !self.nodes[node].is_member {
            return;
        }
        self.kill(node, true);
        let address = address(node, self.nemesis.next_generation());
        let former = core::mem::replace(&mut self.nodes[node].address, address);
        self.nodes[node].former_addresses.push(former);
        let until = self.undo(Duration::from_secs(2), Step::Start(node));
        self.disturb_all(until);
    }

    /// A node that belonged to no cluster joins this one.
    fn join(&mut self) {
        let spare = self.nodes.len() - 1;
        if self.nodes[spare].is_member {
            return;
        }
        self.nodes[spare].is_member = true;
        self.reckon_silence();
        self.announce(spare, false);
        self.undo(Duration::from_secs(10), Step::Leave(spare));
    }

    /// A node gives its slots away, and is forgotten.
    fn leave(&mut self, node: usize) {
        for slot in self.nemesis.slots.clone() {
            if self.stop_importing(node, slot) {
                self.drop_foreign_keys(node);
            }
            if self.true_owner(slot) == Some(node) {
                let to = (0..self.nodes.len()).find(|to| *to != node && self.may_take(slot, *to));
                let Some(to) = to else {
                    return self.plan(Duration::from_millis(500), Step::Leave(node));
                };
                self.hand(slot, to, 0);
            }
        }
        for other in &mut self.nodes {
            other.migrating.retain(|_, to| *to != node);
        }
        if !self.nodes[node].view.slots_of(node).is_empty() {
            return self.plan(Duration::from_millis(500), Step::Leave(node));
        }
        self.nodes[node].is_member = false;
        for other in &mut self.nodes {
            other.view.claims[node] = None;
            other.view.failed.remove(&node);
        }
        self.disturb(node, self.now);
    }

    /// A slot has no owner for a while.
    fn dig(&mut self) {
        let slots = self.nemesis.slots.clone();
        let Some(slot) = self.nemesis.dice.pick(&slots).copied() else { return };
        let Some(owner) = self.true_owner(slot) else { return };
        let is_in_motion = self.nodes.iter().any(|node| {
            node.migrating.contains_key(&slot)
                || node.importing.contains_key(&slot)
                || !node.is_heard()
        });
        if is_in_motion {
            return;
        }
        for node in &mut self.nodes {
            node.view.give(slot, slot, None);
        }
        self.announce(owner, false);
        let until = self.undo(Duration::from_secs(30), Step::Fill { slot, owner });
        if self.conditions.full_coverage {
            self.disturb_all(until);
        } else {
            self.nemesis.disturbed.set(slot, slot, until + GRACE);
        }
    }

    fn fill(&mut self, slot: u16, owner: usize) {
        let heir = (0..self.nodes.len()).find(|node| self.may_own(*node));
        let owner = Some(owner).filter(|owner| self.may_own(*owner)).or(heir);
        let Some(owner) = owner else {
            return self.plan(Duration::from_millis(500), Step::Fill { slot, owner: 0 });
        };
        self.disturb_slot(slot);
        if self.true_owner(slot).is_none() {
            self.note_copies_lost(slot, owner);
            self.nodes[owner].importing.insert(slot, owner); // it takes a new epoch
            self.assign(owner, slot, owner);
        }
    }

    /// Repairs what the faults have left behind. A slot on its way to a node that does not expect
    /// it stays with its owner. Nodes tell each other their claims again, as they do all the time.
    /// A slot that no node owns, since each of two nodes believes it to be the other's, is given to
    /// a node. An operator would do the same.
    fn mend(&mut self, patience: u8) {
        for node in 0..self.nodes.len() {
            for (slot, to) in self.nodes[node].migrating.clone() {
                if !self.nodes[to].importing.contains_key(&slot) {
                    self.give_up_move(slot, node, to, 0);
                    self.disturb_slot(slot);
                }
            }
        }
        if patience == 0 {
            return;
        }
        // Heartbeats carry claims for as long as a node lives, so that a claim is told again after
        // the last slot has moved as well: of two claims that cross, the outdated one may come
        // last. Source: `clusterBuildMessageHdr`, by which each ping and pong has the sender's
        // slots.
        if self.views_agree() {
            if !(self.nemesis.is_over() && self.claims_are_known()) {
                self.plan(MENDING_INTERVAL, Step::Mend { patience: patience - 1 });
            }
            return;
        }
        for slot in self.nemesis.slots.clone() {
            if self.true_owner(slot).is_none() {
                self.fill(slot, 0);
            }
        }
        let members = self.nodes.iter().enumerate().filter(|(_, node)| node.is_member);
        let claims: Vec<_> =
            members.filter_map(|(of, node)| node.view.claims[of].clone()).collect();
        for claim in claims {
            for by in (0..self.nodes.len()).filter(|by| *by != claim.node) {
                let after = self.latency();
                self.schedule(after, Scheduled::Heard { by, claim: Arc::clone(&claim) });
            }
        }
        self.disturb_all(self.now);
        self.plan(MENDING_INTERVAL, Step::Mend { patience: patience - 1 });
    }

    /// Whether a node can serve slots.
    pub(super) fn may_own(&self, node: usize) -> bool {
        let node = &self.nodes[node];
        node.is_heard() && node.is_member && node.primary.is_none() && node.silent_since.is_none()
    }
}
