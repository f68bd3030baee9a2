//! What several replies tell of the same node, and the nodes that stand in no shard.
//!
//! A node is the same if its ID is, or else its address.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::parse::{ListedNode, Standing};
use super::{Node, NodeId, Shard, Topology};
use crate::address::Address;

impl Topology {
    /// Takes over what these nodes tell of those that are there; those that are not become the
    /// other nodes.
    pub(super) fn enrich(&mut self, nodes: Vec<Node>) {
        let by_id = by_id(nodes.iter().map(|node| (node.id, node)));
        let by_address: BTreeMap<_, _> = nodes.iter().map(|node| (&node.address, node)).collect();
        self.others.clear();
        for node in self.nodes_mut() {
            let same = node.id.and_then(|id| by_id.get(&id));
            let Some(same) = same.or_else(|| by_address.get(&node.address)) else { continue };
            node.health = same.health;
            node.replication_offset = same.replication_offset;
            node.hostname = same.hostname.clone().or_else(|| node.hostname.take());
            node.ip = same.ip.clone().or_else(|| node.ip.take());
            node.zone = same.zone.clone().or_else(|| node.zone.take());
            node.alias = node.alias.take().or_else(|| same.alias.clone());
        }
        self.others = self.outsiders(nodes);
    }

    /// Takes over the other nodes of the topology before, and those of its nodes that are named
    /// here.
    pub(super) fn inherit_others(&mut self, before: &Self, named: &BTreeSet<Address>) {
        let in_shards = before.shards.iter().flat_map(Shard::nodes);
        let nodes = in_shards.filter(|node| named.contains(&node.address)).chain(&before.others);
        self.others = self.outsiders(nodes.cloned());
    }

    /// Takes over which nodes there are; those that stand in no shard become the other nodes.
    pub(super) fn set_listed(&mut self, listed: &[ListedNode]) {
        // A node that is being met may be anyone.
        let members = || listed.iter().filter(|node| node.standing != Standing::Joining);
        let by_id = by_id(members().map(|node| (node.id, node)));
        self.others.clear();
        for node in self.nodes_mut() {
            let Some(same) = node.id.and_then(|id| by_id.get(&id)) else { continue };
            if node.alias.is_none() {
                let mut names = same.address.iter().chain(&same.named_address);
                node.alias = names.find(|name| **name != node.address).cloned();
            }
        }
        self.others = self.outsiders(members().filter_map(|node| {
            let mut names = node.address.iter().chain(&node.named_address).cloned();
            Some(Node { id: node.id, ..Node::new(names.next()?) }.with_alias(names.next()))
        }));
    }

    /// Those of these nodes that do not stand in a shard, each once.
    fn outsiders(&self, nodes: impl IntoIterator<Item = Node>) -> Vec<Node> {
        let insiders = || self.shards.iter().flat_map(Shard::nodes);
        let mut addresses: BTreeSet<Address> =
            insiders().map(|node| node.address.clone()).collect();
        let mut ids: BTreeSet<NodeId> = insiders().filter_map(|node| node.id).collect();
        let nodes = nodes.into_iter();
        nodes
            .filter(|node| {
                node.id.is_none_or(|id| ids.insert(id)) && addresses.insert(node.address.clone())
            })
            .collect()
    }
}

/// Finds things by the ID of a node.
fn by_id<T>(items: impl Iterator<Item = (Option<NodeId>, T)>) -> BTreeMap<NodeId, T> {
    items.filter_map(|(id, item)| Some((id?, item))).collect()
}
