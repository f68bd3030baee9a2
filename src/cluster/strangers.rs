//! Floor 5: nodes of other clusters at known addresses.
//!
//! Theory of operation. An address outlives its node: a pod gets the address of one that is gone,
//! and may belong to another cluster. So each node tells its ID while a link to it is set up,
//! before any command of a caller leaves, and the topology has an ID for each address. Where both
//! are known and differ, the link leads to a *stranger*. It gets no command: its link is closed,
//! and dialled again like that of a node that cannot be reached. Only a round of the refresh may
//! ask it before; while no link leads to a known node, it is kept for that.
//!
//! What it tells is doubtful, and waits for the end of the round; rules 6 to 10 of `topology/agree`
//! say when it replaces the topology. Where a node tells no ID (an access list forbids it, or a
//! proxy does not know the command) its views alone are doubted.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use super::Cluster;
use super::nodes::{Links, NodeRef};
use super::rounds::{Round, Told};
use super::tenants::Tenant;
use crate::action::LinkId;
use crate::time::Instant;
use crate::topology::{Absence, Doubt, Node, NodeId, Topology};

/// What nodes of one other cluster have told in a round.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Doubtful {
    told: Told,
    /// How many nodes told it.
    tellers: usize,
    /// How many of them are no strangers.
    witnesses: usize,
    /// Whether a seed leads there.
    has_seed: bool,
}

impl Doubtful {
    /// For how long its cluster had been told of when it was asked for. A pause of the driver
    /// proves nothing: what was asked before it may be answered after it.
    fn lasted(&self, others: &OtherClusters) -> Duration {
        let since = others.since(self.told.view.topology());
        since.map(|since| self.told.sent_at.since(since)).unwrap_or_default()
    }
}

/// So many other clusters are told apart. What more there are gain nothing by time.
const OTHER_COUNT_MAX: usize = 8;

/// Clusters that doubtful views were about, and since when: the IDs that each was told with last.
#[derive(Debug, Default)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct OtherClusters(Vec<(BTreeSet<NodeId>, Instant)>);

impl Round {
    /// A node has told a doubtful view: what else was told of the same cluster counts with it.
    pub(super) fn put_off(&mut self, told: Told, witnesses: usize, has_seed: bool) {
        let topology = told.view.topology();
        let mut same = self.doubtful.iter_mut();
        if let Some(same) = same.find(|other| other.told.view.topology().shares_id(topology)) {
            same.tellers += 1;
            same.witnesses += witnesses;
            same.has_seed |= has_seed;
            same.told = told;
        } else {
            self.doubtful.push(Doubtful { told, tellers: 1, witnesses, has_seed });
        }
    }
}

impl OtherClusters {
    pub(super) fn note(&mut self, now: Instant, topology: &Topology) {
        let ids: BTreeSet<_> = topology.nodes().filter_map(Node::id).collect();
        if let Some((known, _)) = self.0.iter_mut().find(|(known, _)| !known.is_disjoint(&ids)) {
            *known = ids;
        } else if self.0.len() < OTHER_COUNT_MAX {
            self.0.push((ids, now));
        }
    }

    fn since(&self, topology: &Topology) -> Option<Instant> {
        let mut others = self.0.iter();
        let is_it = |known: &BTreeSet<NodeId>| {
            topology.nodes().filter_map(Node::id).any(|id| known.contains(&id))
        };
        others.find(|(known, _)| is_it(known)).map(|(_, since)| *since)
    }
}

impl Links {
    /// A link has been set up. Another node may have got an address that the topology gave up.
    pub(super) fn note_outsider(&mut self, id: LinkId) {
        let Some(tenant) = self.get(id) else { return };
        let (node, bears) = (tenant.lane.node, tenant.link.node_id());
        if let (Some(node), Some(bears)) = (self.node_mut(node), bears)
            && let Some((former, since)) = node.given_up.as_deref()
            && *former != bears
        {
            node.outsider = Some(Box::new((bears, *since)));
        }
    }
}

impl<T> Cluster<T> {
    /// Whether a link that is set up leads to another node than the topology has at its address.
    pub(super) fn is_strange(&self, tenant: &Tenant) -> bool {
        let belongs = self.links.node(tenant.lane.node).and_then(|node| node.id);
        let bears = tenant.link.node_id();
        tenant.link.is_ready() && belongs.is_some() && bears.is_some() && belongs != bears
    }

    /// Whether a view may be about another cluster.
    pub(super) fn doubt_about(&self, told: &Told) -> Option<Doubt> {
        let bears = self.links.get(told.on).and_then(|tenant| tenant.link.node_id());
        self.agreement.doubt(&told.by, bears, &told.view)
    }

    /// Whether a node is a seed whose name was looked up long before this round, so that it has to
    /// be dialled anew; and whether it vouches for what it tells: it was dialled for this round, or
    /// so shortly before that its dial may have lasted until then, and is no stranger at a known
    /// address.
    pub(super) fn seed_vouches(&mut self, node: NodeRef, told: &Told) -> (bool, bool) {
        let Some(began_at) = self.refresh.round.as_mut().map(|round| round.began_at) else {
            return (false, false);
        };
        let seed = self.links.node(node).filter(|node| node.is_seed && !node.is_listed);
        let Some(tenant) = seed.and_then(|_| self.links.get(told.on)) else {
            return (false, false);
        };
        let id = tenant.link.node_id();
        let is_stranger = id.is_some_and(|id| self.was_stranger(id, told.sent_at))
            || self.agreement.lists_stranger(id, &told.view);
        let is_fresh = tenant.dialled_at + self.config.connect_timeout >= began_at;
        (!is_fresh, is_fresh && !is_stranger)
    }

    /// Whether this node was met at the address of another one. An address that the topology has
    /// given up, before or since, is free after a time.
    fn was_stranger(&self, id: NodeId, at: Instant) -> bool {
        let is_recent = |since: Instant| at.since(since) < self.config.takeover_delay;
        self.links.nodes().any(|(_, node)| {
            node.stranger.as_deref() == Some(&id)
                || node.outsider.as_deref().is_some_and(|(o, since)| *o == id && is_recent(*since))
        })
    }

    /// Whether a doubtful view replaces the topology before all others were asked.
    pub(super) fn ends_with_another_cluster(&mut self, now: Instant) -> bool {
        let delay = self.config.takeover_delay;
        let Some(round) = self.refresh.round.as_ref() else { return false };
        let Some((best, is_clear)) = self.best_of(&round.doubtful) else { return false };
        let Some(doubtful) = round.doubtful.get(best) else { return false };
        let lasted = doubtful.lasted(&self.refresh.others);
        let has_waited = lasted >= delay;
        let is_late = now.since(round.began_at) >= self.config.connect_timeout;
        if !has_waited && !((round.is_stuck || is_late) && doubtful.has_seed && is_clear) {
            return false;
        }
        let (doubted, is_stuck) = (round.doubted.clone(), round.is_stuck);
        let (witnesses, has_seed) = (doubtful.witnesses, doubtful.has_seed);
        let known = Absence { witnesses, has_seed, is_stuck, lasted, ..Absence::default() };
        self.absence(&doubted, known).is_final(delay)
    }

    /// The view of another cluster that a round ends with, if it replaces the topology.
    pub(super) fn other_cluster(&mut self, round: &mut Round) -> Option<Told> {
        let mut views = core::mem::take(&mut round.doubtful);
        let (best, is_clear) = self.best_of(&views)?;
        let best = views.swap_remove(best);
        let (is_stuck, lasted) = (round.is_stuck, best.lasted(&self.refresh.others));
        let Doubtful { told, witnesses, has_seed, .. } = best;
        let known = Absence { witnesses, has_seed, is_stuck, lasted, ..Absence::default() };
        let absence = self.absence(&round.doubted, known);
        let delay = self.config.takeover_delay;
        ((is_clear || lasted >= delay) && absence.is_final(delay)).then_some(told)
    }

    /// Which of several other clusters is followed, and whether that is clear: a seed's, or else
    /// that of the most nodes that told it or were met as strangers. Of two that have as many, that
    /// of the longer time.
    fn best_of(&self, views: &[Doubtful]) -> Option<(usize, bool)> {
        let strangers = || self.links.nodes().filter_map(|(_, node)| node.stranger.as_deref());
        let rank = |doubtful: &Doubtful| {
            let topology = doubtful.told.view.topology();
            let ids: BTreeSet<_> = topology.nodes().filter_map(Node::id).collect();
            let met = strangers().filter(|id| ids.contains(id)).count();
            (doubtful.has_seed, met.max(doubtful.tellers))
        };
        let ranks: Vec<_> = views.iter().map(rank).collect();
        let lasted =
            |index: &usize| views.get(*index).map(|view| view.lasted(&self.refresh.others));
        let highest = ranks.iter().max()?;
        let of_highest = || (0..views.len()).filter(|index| ranks.get(*index) == Some(highest));
        Some((of_highest().max_by_key(lasted)?, of_highest().count() == 1))
    }

    /// What the round has found out about the nodes of the topology, besides what is known.
    fn absence(&self, doubted: &[NodeRef], known: Absence) -> Absence {
        let is_silent = |node: &NodeRef| {
            let is_strange = self.links.node(*node).is_some_and(|node| node.stranger.is_some());
            !is_strange && !doubted.contains(node)
        };
        let silent: Vec<_> = self.links.listed().filter(is_silent).collect();
        let connected = silent.iter().filter(|node| self.links.ready_link(**node).is_some());
        Absence { silent: silent.len(), connected: connected.count(), ..known }
    }
}
