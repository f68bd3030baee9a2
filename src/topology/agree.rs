//! What a client holds to be true, from views and redirections that contradict each other.
//!
//! Theory of operation. Two kinds of news come in. A *view* is everything one node believes,
//! and it may be late: gossip takes its time, a partitioned primary believes in itself for long.
//! A *fact* is one `MOVED`: its sender has just given up the slot, so it knows. Neither carries a
//! version, so that time has to order them: a view is as old as the moment its query was *sent*, a
//! fact as the moment it arrived. A view that was asked for before another that has been adopted is
//! outdated and changes nothing. Else it replaces everything, holes included, except where a fact
//! outweighs it. For every fact, the first line that applies decides:
//!
//! 1. The view says the same: it is adopted, and the fact has done its work.
//! 2. The view was asked for before the fact was learned: the fact wins.
//! 3. The view comes from the node that told the fact, or from the owner it names: the view wins.
//!    They know best.
//! 4. The fact is younger than `moved_trust`, and the view lists its owner: the fact wins. Gossip
//!    has not reached this node yet.
//! 5. The view wins.
//!
//! A fact that wins stays, to be weighed again; one that loses is forgotten. Whenever facts have
//! won, it is worth asking again later.
//!
//! A view of nodes with slots cannot deny other nodes. A node that the view does not list stays
//! while a fact names it, or for `moved_trust` after it was listed last. `max_nodes` bounds all
//! nodes together, from views and facts.
//!
//! Before all that, the IDs of nodes decide whether a view is about the same cluster: an address
//! that a node leaves may be given to a node of another cluster. A view is *doubtful*
//!
//! 6. if the node that answered bears an ID that the topology does not have, and its address
//!    belongs to another ID there; such a node is a *stranger*;
//! 7. or if the view has no ID in common with the topology.
//!
//! Where one side tells no IDs there is nothing to compare, and no doubt. For a doubtful view:
//!
//! 8. What a stranger told is forgotten: its facts are about another cluster. What a node told at
//!    the same address that belongs there stays.
//! 9. Any other view of the same round outweighs it.
//! 10. If there is none, it replaces the topology, facts and all, once the nodes of the topology
//!     are gone ([`Absence`]): all their addresses have answered with doubtful views or by
//!     strangers; or none can be reached, and a seed vouches for the view, or two known nodes do,
//!     or `takeover_delay` has passed since its cluster was first told of. Where known nodes answer
//!     and others fail, and for some rounds nothing has changed, a seed alone decides: the nodes
//!     that answer may have been forgotten by theirs. Of several other clusters a seed's is
//!     followed, or else that of the most nodes; of two that have as many, none before
//!     `takeover_delay`. A seed where a stranger was met vouches for nothing until then, nor does
//!     one whose address the topology has given up so recently, for another node there.

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use super::parse::{ListedNode, View};
use super::{Node, NodeId, Topology, TopologyChange};
use crate::address::Address;
use crate::slot::Slot;
use crate::time::Instant;

/// The topology that commands are routed by, and what redirections have taught since.
///
/// **Limit**: one fact a slot; as many nodes as [`Self::limited_to`] says.
///
/// **Invariant**: every fact holds in the topology.
#[derive(Debug, Clone)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub struct Agreement {
    topology: Topology,
    /// When the adopted view was asked for.
    asked_at: Option<Instant>,
    facts: BTreeMap<Slot, Fact>,
    /// When each node was listed last that stands in no shard.
    listed_at: BTreeMap<Address, Instant>,
    moved_trust: Duration,
    max_nodes: usize,
}

/// A node said that another owns a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
struct Fact {
    owner: Address,
    learned_at: Instant,
    told_by: Address,
    /// The ID that the node had told of itself.
    bears: Option<NodeId>,
}

/// What became of a view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Adopted {
    /// How the topology changed.
    pub change: TopologyChange,
    /// Facts that outweighed the view. If there are any, the cluster does not agree yet: ask again.
    pub kept: usize,
    /// Whether the view was asked for before the one that is held, and therefore ignored.
    pub is_outdated: bool,
}

/// Why a view may be about another cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// The node that answered bears an ID that is not known, at an address that belongs to another.
    Stranger,
    /// No node of the view is known.
    Foreign,
}

/// What a round has found out about the nodes of the topology, if all that it got is a doubtful
/// view.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "all that a round finds out, which tests make by hand"
)]
pub struct Absence {
    /// Nodes at whose addresses nothing has answered, neither a stranger nor with a doubtful view.
    pub silent: usize,
    /// Those of them that a connection leads to all the same.
    pub connected: usize,
    /// Nodes that told this cluster's views and are no strangers.
    pub witnesses: usize,
    /// Whether a seed leads to the other cluster that was dialled for this round, and that no
    /// stranger listens at.
    pub has_seed: bool,
    /// Whether nodes fail, and views have changed nothing for some rounds.
    pub is_stuck: bool,
    /// How long its cluster had been told of, and no view been without doubt, when the one in
    /// question was asked for.
    pub lasted: Duration,
}

impl Absence {
    /// Whether a doubtful view may replace the topology: rule 10.
    #[must_use]
    pub fn is_final(&self, takeover_delay: Duration) -> bool {
        let is_vouched_for = self.has_seed || self.witnesses >= 2;
        self.silent == 0
            || (self.is_stuck && self.has_seed)
            || (self.connected == 0 && (is_vouched_for || self.lasted >= takeover_delay))
    }
}

impl Agreement {
    /// Nothing is known yet. For `moved_trust` a redirection outweighs the view of a node that had
    /// no part in it.
    #[must_use]
    pub fn new(moved_trust: Duration) -> Self {
        Self {
            topology: Topology::empty(),
            asked_at: None,
            facts: BTreeMap::new(),
            listed_at: BTreeMap::new(),
            moved_trust,
            max_nodes: usize::MAX,
        }
    }

    /// The same, with so many nodes at most.
    #[must_use]
    pub fn limited_to(self, max_nodes: usize) -> Self {
        Self { max_nodes, ..self }
    }

    /// The topology to route by.
    #[must_use]
    pub const fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The number of redirections that no view has confirmed or overruled: `0..=16384`.
    #[must_use]
    pub fn fact_count(&self) -> usize {
        self.facts.len()
    }

    /// The node that the latest unconfirmed redirection names as owner: the best to ask for a view.
    ///
    /// **Cost**: linear in the number of facts.
    #[must_use]
    pub fn best_informed(&self) -> Option<&Address> {
        self.facts.values().max_by_key(|fact| fact.learned_at).map(|fact| &fact.owner)
    }

    /// Takes note of a `MOVED` and repoints its slot at once. Returns whether that changed the
    /// topology.
    ///
    /// `to` passed the address map and is trusted; `told_by` is the node that sent the redirection,
    /// `bears` the ID that it told of itself. One that names the owner that is known already is
    /// noted as well: it outweighs older views. One that names a node that is not known is not
    /// noted if there is no room for another node.
    pub fn moved(
        &mut self,
        now: Instant,
        slot: Slot,
        to: &Address,
        told_by: &Address,
        bears: Option<NodeId>,
    ) -> bool {
        let fact = Fact { owner: to.clone(), learned_at: now, told_by: told_by.clone(), bears };
        let Some(is_news) = self.topology.patch_within(slot, to, self.max_nodes) else {
            return false;
        };
        self.facts.insert(slot, fact);
        is_news
    }

    /// Whether a view may be about another cluster: rules 6 and 7.
    ///
    /// `told_by` is the node that answered, `id` the ID that it told of itself. If it told none,
    /// the view gives the ID.
    ///
    /// **Cost**: n log n in the number of nodes.
    #[must_use]
    pub fn doubt(&self, told_by: &Address, id: Option<NodeId>, view: &View) -> Option<Doubt> {
        let known: BTreeSet<_> = self.topology.nodes().filter_map(Node::id).collect();
        let mut listed = view.topology().nodes().filter_map(Node::id).peekable();
        if known.is_empty() || listed.peek().is_none() {
            return None;
        }
        let bears = id.or_else(|| view.topology().id_at(told_by));
        let belongs = self.topology.id_at(told_by);
        if bears.is_some_and(|id| !known.contains(&id) && belongs.is_some_and(|of| of != id)) {
            return Some(Doubt::Stranger);
        }
        (!listed.any(|id| known.contains(&id))).then_some(Doubt::Foreign)
    }

    /// Whether a view has a stranger at a known address: the node of this ID, or any if it is not
    /// known.
    pub(crate) fn lists_stranger(&self, id: Option<NodeId>, view: &View) -> bool {
        let meant = |node: &&Node| node.id.is_some() && (id.is_none() || node.id == id);
        view.topology().nodes().filter(meant).any(|node| {
            self.topology.id_at(&node.address).is_some_and(|known| node.id != Some(known))
        })
    }

    /// Forgets what a stranger told: rule 8. Its redirections hold until the next view.
    pub fn forget_stranger(&mut self, address: &Address) {
        let belongs = self.topology.id_at(address);
        let is_known = |fact: &Fact| fact.bears.is_some() && fact.bears == belongs;
        self.facts.retain(|_, fact| fact.told_by != *address || is_known(fact));
    }

    /// Takes over a view of another cluster: rule 10. Everything known before goes.
    pub fn replace(
        &mut self,
        now: Instant,
        asked_at: Instant,
        told_by: &Address,
        view: View,
    ) -> Adopted {
        self.facts.clear();
        self.listed_at.clear();
        let before = core::mem::take(&mut self.topology);
        let mut adopted = self.adopt(now, asked_at, told_by, view);
        if adopted.is_outdated {
            self.topology = before;
        } else {
            adopted.change = before.difference(&self.topology);
        }
        adopted
    }

    /// Takes over a view, as far as no fact outweighs it. That it is not doubtful, [`Self::doubt`]
    /// tells.
    ///
    /// `asked_at` is when its query was sent, `told_by` the node that answered. A view that says
    /// nothing about nodes without slots cannot deny them: [`Topology::other_nodes`] stay, and so
    /// does a node that an overruled fact names.
    pub fn adopt(
        &mut self,
        now: Instant,
        asked_at: Instant,
        told_by: &Address,
        view: View,
    ) -> Adopted {
        if self.asked_at.is_some_and(|held| asked_at < held) {
            return Adopted { is_outdated: true, ..Adopted::default() };
        }
        let lists_all = view.lists_all();
        let mut next = view.into_topology();
        let named = self.named();
        self.facts.retain(|slot, fact| {
            let is_confirmed =
                next.primary_of(*slot).is_some_and(|primary| primary.address == fact.owner);
            let is_late = asked_at < fact.learned_at;
            let is_involved = *told_by == fact.told_by || *told_by == fact.owner;
            let is_young = now.since(fact.learned_at) < self.moved_trust;
            !is_confirmed && (is_late || (!is_involved && is_young && next.lists(&fact.owner)))
        });
        if lists_all {
            self.listed_at.clear();
        } else {
            next.inherit_others(&self.topology, &named.keys().cloned().collect());
            self.forget_unlisted(now, &mut next, &named);
        }
        if next.nodes().count() + named.len() > self.max_nodes {
            self.keep_to_limit(&mut next);
        }
        for (slot, fact) in &self.facts {
            next.repoint(*slot, &fact.owner, &self.topology);
        }
        let change = self.topology.difference(&next);
        self.topology = next;
        self.asked_at = Some(asked_at);
        debug_assert!(self.check(), "a view overwrote a fact that outweighs it");
        Adopted { change, kept: self.facts.len(), is_outdated: false }
    }

    /// The nodes that facts name as owners, and when one was learned last.
    fn named(&self) -> BTreeMap<Address, Instant> {
        let mut named: BTreeMap<_, Instant> = BTreeMap::new();
        for fact in self.facts.values() {
            if let Some(learned_at) = named.get_mut(&fact.owner) {
                *learned_at = fact.learned_at.max(*learned_at);
            } else {
                named.insert(fact.owner.clone(), fact.learned_at);
            }
        }
        named
    }

    /// Forgets nodes from earlier views that no view has listed, and no fact has named, for
    /// `moved_trust`. Facts that have just lost count as well.
    fn forget_unlisted(
        &mut self,
        now: Instant,
        next: &mut Topology,
        named: &BTreeMap<Address, Instant>,
    ) {
        let listed_at = core::mem::take(&mut self.listed_at);
        if next.others.is_empty() {
            return;
        }
        let needed: BTreeSet<_> = self.facts.values().map(|fact| &fact.owner).collect();
        next.others.retain(|node| {
            let listed_at = listed_at.get(&node.address).copied();
            let last = listed_at.max(named.get(&node.address).copied()).unwrap_or(now);
            let stays = needed.contains(&node.address) || now.since(last) < self.moved_trust;
            if stays {
                self.listed_at.insert(node.address.clone(), last);
            }
            stays
        });
    }

    /// Has a topology, and the facts that add nodes to it, keep to the limit. What facts name goes
    /// last.
    fn keep_to_limit(&mut self, next: &mut Topology) {
        let in_shards: usize = next.shards.iter().map(|shard| shard.nodes().count()).sum();
        let mut room = self.max_nodes.saturating_sub(in_shards);
        let needed: BTreeSet<_> = self.facts.values().map(|fact| fact.owner.clone()).collect();
        if next.others.len() > room {
            next.others.sort_by_key(|node| !needed.contains(&node.address));
            next.others.truncate(room);
        }
        room -= next.others.len();
        let mut known: BTreeSet<_> = next.nodes().map(|node| node.address.clone()).collect();
        self.facts.retain(|_, fact| {
            if !known.contains(&fact.owner) && room > 0 {
                room -= 1;
                known.insert(fact.owner.clone());
            }
            known.contains(&fact.owner)
        });
    }

    /// Takes note of all nodes that a trusted node lists: what stands in no shard becomes
    /// [`Topology::other_nodes`], in place of those before.
    pub fn set_listed(&mut self, nodes: &[ListedNode]) {
        self.topology.set_listed(nodes);
        let beyond = self.topology.nodes().count().saturating_sub(self.max_nodes);
        let others = &mut self.topology.others;
        others.truncate(others.len().saturating_sub(beyond));
        let listed_at = self.asked_at.unwrap_or(Instant::EPOCH);
        self.listed_at = others.iter().map(|node| (node.address.clone(), listed_at)).collect();
        debug_assert!(self.check(), "a list of nodes changed who serves a slot");
    }

    /// Checks the invariant. Called in debug builds.
    fn check(&self) -> bool {
        let mut facts = self.facts.iter();
        let owner = |slot| self.topology.primary_of(slot).map(Node::address);
        facts.all(|(&slot, fact)| owner(slot) == Some(&fact.owner)) && self.topology.check()
    }
}

impl Topology {
    /// The ID of the node at this address.
    fn id_at(&self, address: &Address) -> Option<NodeId> {
        self.nodes().find(|node| node.goes_by(address))?.id
    }

    /// Whether both have a node in common.
    pub(crate) fn shares_id(&self, other: &Self) -> bool {
        let ids: BTreeSet<_> = self.nodes().filter_map(Node::id).collect();
        other.nodes().filter_map(Node::id).any(|id| ids.contains(&id))
    }

    /// Like [`Topology::patch`]; what the topology before knew of the node is kept.
    fn repoint(&mut self, slot: Slot, to: &Address, before: &Self) {
        if !self.nodes().any(|node| node.address == *to) {
            let known = before.nodes().find(|node| node.address == *to);
            self.others.push(known.cloned().unwrap_or_else(|| Node::new(to.clone())));
        }
        self.patch(slot, to);
    }
}
