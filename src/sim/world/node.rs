//! One simulated node: its data, its view of the cluster, its connections.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::data::{Data, Entry, Words};
use super::scripts::Scripts;
use crate::address::Address;
use crate::config::Protocol;
use crate::sim::ranges::Ranges;
use crate::slot::Slot;
use crate::time::Instant;

/// The server that the simulation imitates, where servers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Version {
    /// Redis 6.2: no `CLUSTER SHARDS`; `ASK` where later versions answer `TRYAGAIN`.
    Redis62,
    /// Redis 7.0.
    Redis70,
    /// Redis 8.2.
    Redis82,
    /// Valkey 9: redirects transactions at `EXEC`.
    Valkey9,
}

impl Version {
    /// All versions, the oldest first.
    pub const ALL: [Self; 4] = [Self::Redis62, Self::Redis70, Self::Redis82, Self::Valkey9];

    pub(super) const fn number(self) -> &'static str {
        match self {
            Self::Redis62 => "6.2.14",
            Self::Redis70 => "7.0.15",
            Self::Redis82 => "8.2.3",
            Self::Valkey9 => "9.1.2",
        }
    }
}

/// What a node tells the others about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sim) struct Claim {
    pub(in crate::sim) node: usize,
    /// Grows with every change: an older claim never replaces a newer one.
    pub(super) serial: u64,
    pub(super) epoch: u64,
    pub(super) primary: Option<usize>,
    pub(super) slots: Vec<(u16, u16)>,
    pub(in crate::sim) address: Address,
}

/// What a node believes about the cluster.
#[derive(Debug, Clone)]
pub(in crate::sim) struct View {
    pub(in crate::sim) owners: Ranges<Option<usize>>,
    /// What it heard last from each node that it knows.
    pub(in crate::sim) claims: Vec<Option<Arc<Claim>>>,
    pub(super) failed: BTreeSet<usize>,
    /// Slots whose owner does not claim them any more: the next claim gets them, however old.
    pub(super) unclaimed: Ranges<bool>,
}

impl View {
    pub(super) fn epoch(&self, node: usize) -> u64 {
        self.claims.get(node).and_then(Option::as_ref).map_or(0, |claim| claim.epoch)
    }

    pub(super) fn claim(&self, node: usize) -> Option<&Claim> {
        self.claims.get(node).and_then(Option::as_deref)
    }

    /// Takes in the claim of a node, for each slot to which no other node has a better claim. Slots
    /// that this node, `by`, imports keep their owner. Returns the node to which `by` has lost
    /// slots, and an owner with a better claim.
    pub(super) fn take_in(
        &mut self,
        by: usize,
        claim: &Arc<Claim>,
        importing: &BTreeMap<u16, usize>,
    ) -> (Option<usize>, Option<usize>) {
        let imported = importing.keys().filter(|slot| *self.owners.get(**slot) != Some(claim.node));
        let imported: Vec<_> = imported
            .map(|slot| (*slot, *self.owners.get(*slot), *self.unclaimed.get(*slot)))
            .collect();
        for (first, last) in self.slots_of(claim.node) {
            self.unclaimed.set(first, last, true);
        }
        self.claims[claim.node] = Some(Arc::clone(claim));
        self.failed.remove(&claim.node);
        let (mut loser_of, mut outdated) = (None, None);
        for (first, last) in claim.slots.iter().copied() {
            let runs: Vec<_> = self
                .owners
                .within(first, last)
                .map(|(from, to, owner)| (from, to, *owner))
                .collect();
            for (first, last, owner) in runs {
                let parts: Vec<_> = self
                    .unclaimed
                    .within(first, last)
                    .map(|(from, to, free)| (from, to, *free))
                    .collect();
                for (first, last, is_free) in parts {
                    let epoch = owner.filter(|_| !is_free).map_or(0, |owner| self.epoch(owner));
                    if owner == Some(claim.node) || epoch < claim.epoch {
                        self.give(first, last, Some(claim.node));
                        if owner == Some(by) && claim.node != by {
                            loser_of = Some(claim.node);
                        }
                    } else {
                        outdated = owner;
                    }
                }
            }
        }
        for (slot, owner, is_free) in imported {
            self.owners.set(slot, slot, owner);
            self.unclaimed.set(slot, slot, is_free);
        }
        (loser_of, outdated)
    }

    /// Who claims a slot with the highest epoch, of the nodes that are not known to have given it
    /// up.
    pub(super) fn claimant(&self, slot: u16) -> Option<usize> {
        let claims = self.claims.iter().filter_map(Option::as_deref);
        let has_it = |claim: &&Claim| {
            claim.slots.iter().any(|(first, last)| (first..=last).contains(&&slot))
        };
        claims.filter(has_it).max_by_key(|claim| claim.epoch).map(|claim| claim.node)
    }

    /// Believes that these slots have this owner.
    pub(super) fn give(&mut self, first: u16, last: u16, owner: Option<usize>) {
        self.owners.set(first, last, owner);
        self.unclaimed.set(first, last, false);
    }

    /// The runs of slots that a node owns.
    pub(in crate::sim) fn slots_of(&self, node: usize) -> Vec<(u16, u16)> {
        let runs = self.owners.iter().filter(|(_, _, owner)| **owner == Some(node));
        runs.map(|(first, last, _)| (first, last)).collect()
    }

    /// The nodes that own slots.
    pub(super) fn primaries_with_slots(&self) -> Vec<usize> {
        let owners: BTreeSet<usize> =
            self.owners.iter().filter_map(|(_, _, owner)| *owner).collect();
        owners.into_iter().collect()
    }

    /// The replicas that follow a node, but those that failed.
    pub(in crate::sim) fn replicas_of(&self, primary: usize) -> impl Iterator<Item = &Claim> {
        let claims = self.claims.iter().filter_map(Option::as_deref);
        claims.filter(move |claim| {
            claim.primary == Some(primary) && !self.failed.contains(&claim.node)
        })
    }
}

/// What a primary did to its data, for its replicas.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    Ran(Arc<[Vec<u8>]>),
    Put(Vec<u8>, Arc<Entry>),
    Removed(Vec<u8>),
}

/// How far a replica has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Following {
    pub(super) primary: usize,
    /// Which log of the primary: a new one begins with each promotion.
    pub(super) lineage: u64,
    pub(super) offset: usize,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what is wrong with a node, each on its own")]
pub(in crate::sim) struct Node {
    pub(in crate::sim) address: Address,
    /// Where it listened before: others may not have heard of its move.
    pub(in crate::sim) former_addresses: Vec<Address>,
    pub(super) id: String,
    /// Whether the process runs.
    pub(super) is_up: bool,
    /// The ID of the node of another cluster that listens at its address, while it is gone.
    pub(super) stranger: Option<String>,
    /// Whether it has been stopped: it takes bytes and answers nothing.
    pub(super) is_frozen: bool,
    /// Whether it answers no client, though it goes on otherwise.
    pub(super) is_mute: bool,
    /// How long it takes for each byte of a reply, if its replies come byte by byte.
    pub(super) drips: Option<Duration>,
    /// Whether it is part of the cluster.
    pub(super) is_member: bool,
    /// How long each command takes.
    pub(super) slowness: Duration,
    /// Until when it reads its data from disk.
    pub(super) loading_until: Instant,
    /// Until when it does not trust itself after a start.
    pub(super) down_until: Instant,
    /// Since when it does not hear most of the primaries.
    pub(super) isolated_since: Option<Instant>,
    /// Since when it is out of service, or no majority of the primaries hears it.
    pub(super) silent_since: Option<Instant>,
    pub(super) data: Data,
    pub(super) scripts: Scripts,
    pub(super) view: View,
    pub(super) claim_serial: u64,
    pub(super) log: Vec<Effect>,
    pub(super) lineage: u64,
    pub(super) primary: Option<usize>,
    pub(super) following: Option<Following>,
    pub(super) migrating: BTreeMap<u16, usize>,
    pub(super) importing: BTreeMap<u16, usize>,
    /// How many connections it has, at most.
    pub(super) clients_max: usize,
    pub(super) hostility: Hostility,
    /// The nodes that it made up last.
    pub(super) made_up: Vec<Address>,
    /// Until when faults that concern it may show in answers and times.
    pub(super) disturbed_until: Instant,
    /// Whether bytes from clients, or to them, are held up on their way.
    pub(super) stalled: [bool; 2],
}

/// How often a node answers with something odd: once in so many replies, never if 0.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hostility {
    /// Bytes that are not RESP, cut replies, and replies nested too deep.
    pub(super) garbage: u64,
    /// Messages and attributes between replies.
    pub(super) pushes: u64,
    /// Redirections to where no node of the cluster is, or for another slot.
    pub(super) forgeries: u64,
    /// Which one, if it is always the same.
    pub(super) forgery: Option<usize>,
    /// Topologies with holes, unknown hosts, bad ports, or nothing.
    pub(super) topologies: u64,
    /// Topologies with nodes that are made up, and redirections to those.
    pub(super) crowds: u64,
    /// Replies with odd content and sound framing.
    pub(super) oddities: u64,
}

impl Node {
    pub(super) fn new(index: usize, node_count: usize) -> Self {
        Self {
            address: address(index, 0),
            former_addresses: Vec::new(),
            id: format!("{:040x}", index + 1),
            is_up: true,
            stranger: None,
            is_frozen: false,
            is_mute: false,
            drips: None,
            is_member: true,
            slowness: Duration::ZERO,
            loading_until: Instant::EPOCH,
            down_until: Instant::EPOCH,
            isolated_since: None,
            silent_since: None,
            data: Data::default(),
            scripts: Scripts::default(),
            view: View {
                owners: Ranges::all(None),
                claims: alloc::vec![None; node_count],
                failed: BTreeSet::new(),
                unclaimed: Ranges::all(false),
            },
            claim_serial: 0,
            log: Vec::new(),
            lineage: 0,
            primary: None,
            following: None,
            migrating: BTreeMap::new(),
            importing: BTreeMap::new(),
            clients_max: usize::MAX,
            hostility: Hostility::default(),
            made_up: Vec::new(),
            disturbed_until: Instant::EPOCH,
            stalled: [false; 2],
        }
    }

    /// Whether nothing is wrong with it.
    pub(super) const fn is_well_or_gone(&self) -> bool {
        !self.is_member || (self.is_heard() && self.silent_since.is_none())
    }

    /// Whether it takes part in what the cluster decides.
    pub(super) const fn is_heard(&self) -> bool {
        self.is_up && !self.is_frozen && self.is_member
    }

    pub(super) fn has_keys_in(&self, slot: u16) -> bool {
        self.keys_in(slot).next().is_some()
    }

    pub(super) fn keys_in(&self, slot: u16) -> impl Iterator<Item = &Vec<u8>> {
        self.data.entries.keys().filter(move |key| Slot::of_key(key).number() == slot)
    }

    /// Takes down what happened to the data, if replicas have to hear of it.
    pub(super) fn note(&mut self, effect: Effect) {
        if self.primary.is_none() {
            self.log.push(effect);
        }
    }

    /// Does to the data what was done to the primary's.
    pub(super) fn repeat(&mut self, effect: &Effect) {
        match effect {
            Effect::Ran(words) => {
                if let Some(run) = words.first().and_then(|name| super::data::known(name)?.run) {
                    run(&mut self.data, words, Protocol::Resp3, &mut Vec::new());
                }
            }
            Effect::Put(key, entry) => {
                self.data.entries.insert(key.clone(), (**entry).clone());
            }
            Effect::Removed(key) => {
                self.data.entries.remove(key);
            }
        }
    }
}

/// Where a node listens, the `generation`-th time that it got an address.
pub(super) fn address(index: usize, generation: usize) -> Address {
    Address::new(&format!("10.{generation}.0.{}", index + 1), 6379).expect("is well-formed")
}

/// The name by which a node is found, wherever it listens.
pub(in crate::sim) fn name(index: usize) -> Address {
    Address::new(&format!("node-{}.example", index + 1), 6379).expect("is well-formed")
}

/// The state that a node keeps for one of its connections.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a server keeps flags for a connection")]
pub struct Session {
    /// Whose connection it is.
    pub(in crate::sim) client: usize,
    pub(super) protocol: Protocol,
    pub(super) is_asking: bool,
    /// Whether the last command was `ASKING`.
    pub(super) has_just_asked: bool,
    pub(super) is_read_only: bool,
    /// The commands since `MULTI`.
    pub(in crate::sim) queued: Option<Vec<Words>>,
    /// How many of them the node keeps: those before the first that was refused.
    pub(super) kept: usize,
    /// Why the last of them was refused that was.
    pub(super) refusal: Option<String>,
    /// Whether a reply has reached the client: it may send more than its greeting.
    pub(super) is_greeted: bool,
}

impl Session {
    /// The state of a new connection of a client.
    #[must_use]
    pub const fn new(client: usize) -> Self {
        Self {
            client,
            protocol: Protocol::Resp2,
            is_asking: false,
            has_just_asked: false,
            is_read_only: false,
            queued: None,
            kept: 0,
            refusal: None,
            is_greeted: false,
        }
    }
}
