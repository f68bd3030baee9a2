//! One command goes to several nodes.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::merge::{Joint, Origin};
use super::route::ShardRoute;
use super::{Options, Parts, Piece, Route};
use crate::address::Address;
use crate::command::{Command, CommandInfo};
use crate::error::{Cause, Error};
use crate::slot::Slot;
use crate::topology::{Node, Shard, Topology};

/// Which nodes a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Primaries,
    Replicas,
    Nodes,
}

/// One piece a node.
pub(super) fn over<P: From<Piece>>(
    command: &Command,
    info: &CommandInfo,
    options: &Options,
    reach: Reach,
    topology: &Topology,
) -> Result<Parts<P>, Error> {
    let routes: Vec<Route> = match reach {
        Reach::Primaries => shards(topology).collect(),
        Reach::Replicas => {
            let replicas = topology.shards().iter().flat_map(Shard::replicas);
            replicas.map(node).collect()
        }
        Reach::Nodes => topology.nodes().map(node).collect(),
    };
    let origin = Origin::Nodes(routes.iter().filter_map(address).cloned().collect());
    let joint = Joint::of(command, info, options, origin, routes.len())?;
    if routes.is_empty() && !joint.is_per_node() {
        return Err(Error::not_executed(Cause::NoNode));
    }
    let commands = alloc::vec![command.clone(); routes.len()];
    let pieces = routes.into_iter().map(|route| Piece::of(command, info, options, route).into());
    Ok(Parts { pieces: pieces.collect(), commands, joint })
}

fn node(node: &Node) -> Route {
    Route::node(node.address().clone())
}

fn address(route: &Route) -> Option<&Address> {
    match route {
        Route::Node(address) => Some(address),
        Route::Shard(shard) => Some(&shard.primary),
        Route::Slot(_) | Route::Any | Route::Discovery => None,
    }
}

/// The way to each shard: its primary, and a slot that tells who follows it.
fn shards(topology: &Topology) -> impl Iterator<Item = Route> {
    let mut first_slots: Vec<Option<Slot>> = Vec::new();
    first_slots.resize(topology.shards().len(), None);
    for (range, _) in topology.slot_ranges() {
        let shard = topology.shard_index(range.first());
        if let Some(first) = shard.and_then(|shard| first_slots.get_mut(shard)) {
            first.get_or_insert(range.first());
        }
    }
    let shards = topology.shards().iter().zip(first_slots);
    shards.filter_map(|(shard, slot)| {
        let primary = shard.primary()?.address().clone();
        Some(Route::Shard(Box::new(ShardRoute { primary, slot })))
    })
}
