//! Layouts of whole clusters, and how nodes report them.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Write;

use proptest::prelude::*;

use super::Tree;
use crate::address::Address;
use crate::config::Protocol;
use crate::slot::{SLOT_COUNT, Slot};
use crate::topology::Health;

/// The host that a node announces for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Host {
    /// An IP address or a name.
    Given(String),
    /// An empty string: the host of the node that answers.
    Empty,
    /// Null: the host of the node that answers.
    Null,
    /// `?`: unknown.
    Unknown,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeLayout {
    /// The announced host.
    pub host: Host,
    /// The announced port, unique in the layout.
    pub port: u16,
    /// The node ID: 40 hexadecimal digits.
    pub id: String,
    /// The IP address, which `CLUSTER NODES` reports whatever the host is.
    pub ip: String,
    /// The host name in the metadata.
    pub hostname: Option<String>,
    /// The availability zone in the metadata.
    pub zone: Option<String>,
    /// The health. `CLUSTER SLOTS` omits failed replicas.
    pub health: Health,
}

impl NodeLayout {
    /// The address to dial, as a client understands it that asked the node `asked`; `None` if
    /// unknown.
    #[must_use]
    pub fn address(&self, asked: &Address) -> Option<Address> {
        let host = match &self.host {
            Host::Given(host) => host,
            Host::Empty | Host::Null => asked.host(),
            Host::Unknown => return None,
        };
        Address::new(host, self.port).ok()
    }

    fn told_host(&self) -> Tree {
        match &self.host {
            Host::Given(host) => bulk(host),
            Host::Empty => bulk(""),
            Host::Null => Tree::Null,
            Host::Unknown => bulk("?"),
        }
    }
}

/// A primary with its replicas and slots.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShardLayout {
    /// First and last slot of each range, in ascending order. May be empty.
    pub ranges: Vec<(u16, u16)>,
    /// The primary, followed by its replicas.
    pub nodes: Vec<NodeLayout>,
}

impl ShardLayout {
    /// The primary of the shard.
    #[must_use]
    pub fn primary(&self) -> &NodeLayout {
        &self.nodes[0]
    }

    fn serves(&self, slot: Slot) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&slot.number()))
    }
}

/// A whole cluster.
///
/// **Invariant** of what [`topologies`] makes: no slot is served twice, every shard has a primary,
/// and the address of at least one primary that serves a slot is known.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Layout {
    /// All shards, including those without slots.
    pub shards: Vec<ShardLayout>,
}

impl Layout {
    /// Every node.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeLayout> {
        self.shards.iter().flat_map(|shard| &shard.nodes)
    }

    /// The primary of the shard that serves a slot. **Cost**: looks at every range.
    #[must_use]
    pub fn owner(&self, slot: Slot) -> Option<&NodeLayout> {
        self.shards.iter().find(|shard| shard.serves(slot)).map(ShardLayout::primary)
    }

    /// The address of a slot's owner, as a client understands it that asked the node `asked`;
    /// `None` if the slot has no owner or the owner's address is unknown.
    #[must_use]
    pub fn owner_address(&self, slot: Slot, asked: &Address) -> Option<Address> {
        self.owner(slot)?.address(asked)
    }

    /// The reply to `CLUSTER SLOTS`.
    #[must_use]
    pub fn slots_reply(&self, protocol: Protocol) -> Vec<u8> {
        let rows = self.shards.iter().flat_map(|shard| {
            shard.ranges.iter().map(move |(first, last)| {
                let mut row = vec![number(*first), number(*last)];
                let primary = shard.primary().port;
                let listed =
                    |node: &&NodeLayout| node.port == primary || node.health != Health::Failed;
                row.extend(shard.nodes.iter().filter(listed).map(slots_node));
                Tree::Array(row)
            })
        });
        Tree::Array(rows.collect()).encode(protocol)
    }

    /// The reply to `CLUSTER SHARDS`.
    #[must_use]
    pub fn shards_reply(&self, protocol: Protocol) -> Vec<u8> {
        let shards = self.shards.iter().map(|shard| {
            let slots = shard.ranges.iter().flat_map(|(first, last)| [*first, *last]).map(number);
            let nodes = shard.nodes.iter().enumerate().map(|(index, node)| {
                let role = if index == 0 { "master" } else { "replica" };
                shards_node(node, role)
            });
            Tree::Map(vec![
                (bulk("slots"), Tree::Array(slots.collect())),
                (bulk("nodes"), Tree::Array(nodes.collect())),
            ])
        });
        Tree::Array(shards.collect()).encode(protocol)
    }

    /// The reply to `CLUSTER NODES` of the first node.
    #[must_use]
    pub fn nodes_reply(&self, protocol: Protocol) -> Vec<u8> {
        let mut text = String::new();
        for (shard_index, shard) in self.shards.iter().enumerate() {
            for (index, node) in shard.nodes.iter().enumerate() {
                let is_self = if (shard_index, index) == (0, 0) { "myself," } else { "" };
                let role = if index == 0 { "master" } else { "slave" };
                let failed = if node.health == Health::Failed { ",fail" } else { "" };
                let primary = if index == 0 { "-" } else { &*shard.primary().id };
                let name = node.hostname.as_ref().map(|name| format!(",{name}"));
                let (id, ip, port) = (&node.id, &node.ip, node.port);
                let name = name.unwrap_or_default();
                let bus = u32::from(port) + 10_000;
                let _infallible = write!(
                    text,
                    "{id} {ip}:{port}@{bus}{name} {is_self}{role}{failed} {primary} 0 0 1 connected"
                );
                for (first, last) in shard.ranges.iter().filter(|_| index == 0) {
                    let _infallible = if first == last {
                        write!(text, " {first}")
                    } else {
                        write!(text, " {first}-{last}")
                    };
                }
                text.push('\n');
            }
        }
        Tree::Verbatim(*b"txt", text.into_bytes()).encode(protocol)
    }
}

fn bulk(text: &str) -> Tree {
    Tree::Bulk(text.as_bytes().to_vec())
}

fn number(number: u16) -> Tree {
    Tree::Integer(number.into())
}

fn slots_node(node: &NodeLayout) -> Tree {
    let metadata = [("ip", Some(&node.ip)), ("hostname", node.hostname.as_ref())];
    // A server tells what it did not announce as the endpoint.
    let metadata = metadata.into_iter().filter_map(|(key, value)| {
        let value = value.filter(|value| node.host != Host::Given((*value).clone()))?;
        Some((bulk(key), bulk(value)))
    });
    let metadata = Tree::Map(metadata.collect());
    Tree::Array(vec![node.told_host(), number(node.port), bulk(&node.id), metadata])
}

fn shards_node(node: &NodeLayout, role: &str) -> Tree {
    let health = match node.health {
        Health::Loading => "loading",
        Health::Failed => "failed",
        Health::Online | Health::Unknown => "online",
    };
    let mut fields = vec![
        (bulk("id"), bulk(&node.id)),
        (bulk("port"), number(node.port)),
        (bulk("ip"), bulk(&node.ip)),
        (bulk("endpoint"), node.told_host()),
        (bulk("role"), bulk(role)),
        (bulk("replication-offset"), number(node.port)),
        (bulk("health"), bulk(health)),
    ];
    let more = [("hostname", &node.hostname), ("availability-zone", &node.zone)];
    let more = more.into_iter().filter_map(|(key, value)| Some((bulk(key), bulk(value.as_ref()?))));
    fields.extend(more);
    Tree::Map(fields)
}

/// Any cluster: one to six shards with up to three replicas each, their slots in up to 16 ranges,
/// half of them with holes; hosts in all forms, mostly as addresses.
///
/// ```
/// use hashslot::Slot;
/// use hashslot::sim::strategies::{Layout, topologies};
/// use proptest::test_runner::TestRunner;
///
/// let property = |layout: Layout| {
///     let asked = "10.0.0.1:7000".parse().unwrap();
///     let slots = (0..16_384).filter_map(Slot::new);
///     assert!(slots.into_iter().any(|slot| layout.owner_address(slot, &asked).is_some()));
///     Ok(())
/// };
/// TestRunner::deterministic().run(&topologies(), property).unwrap();
/// ```
pub fn topologies() -> impl Strategy<Value = Layout> {
    let shards = prop::collection::vec(prop::collection::vec(node(), 1..=4), 1..=6);
    let cuts = prop::collection::btree_set(1..SLOT_COUNT, 0..16);
    let owners = prop::collection::vec(prop::option::weighted(0.8, 0..6_usize), 16);
    (shards, cuts, owners, any::<bool>()).prop_map(|(shards, cuts, owners, has_holes)| {
        let (mut port, mut layout) = (7_000, Layout { shards: Vec::new() });
        for mut nodes in shards {
            for node in &mut nodes {
                node.port = port;
                node.id = format!("{port:040}");
                port += 1;
            }
            layout.shards.push(ShardLayout { ranges: Vec::new(), nodes });
        }
        let ends = cuts.iter().map(|cut| cut - 1).chain([SLOT_COUNT - 1]);
        let firsts = [0].into_iter().chain(cuts.iter().copied());
        let count = layout.shards.len();
        for ((first, last), owner) in firsts.zip(ends).zip(&owners) {
            let owner = if has_holes { *owner } else { Some(owner.unwrap_or_default()) };
            if let Some(owner) = owner {
                layout.shards[owner % count].ranges.push((first, last));
            }
        }
        make_usable(layout)
    })
}

/// Sees to it that one primary that serves a slot has a known address.
fn make_usable(mut layout: Layout) -> Layout {
    if layout.shards.iter().all(|shard| shard.ranges.is_empty()) {
        layout.shards[0].ranges.push((0, SLOT_COUNT - 1));
    }
    let serving = layout.shards.iter_mut().filter(|shard| !shard.ranges.is_empty());
    let mut primaries: Vec<_> = serving.filter_map(|shard| shard.nodes.first_mut()).collect();
    if primaries.iter().all(|node| node.host == Host::Unknown)
        && let Some(node) = primaries.first_mut()
    {
        node.host = Host::Given(node.ip.clone());
    }
    layout
}

/// A node; port and ID are given later.
fn node() -> impl Strategy<Value = NodeLayout> {
    let ip = prop_oneof![
        4 => (1..250_u8).prop_map(|last| format!("10.0.0.{last}")),
        1 => (1..250_u8).prop_map(|last| format!("fd00::{last:x}")),
    ];
    let name = (0..100_u8).prop_map(|number| format!("node-{number}.example.net"));
    let name = prop::option::weighted(0.4, name);
    let zone = (1..4_u8).prop_map(|number| format!("eu-{number}"));
    let zone = prop::option::weighted(0.3, zone);
    let form = prop_oneof![
        12 => Just(Form::Ip), 3 => Just(Form::Name), 1 => Just(Form::Empty),
        1 => Just(Form::Null), 1 => Just(Form::Unknown),
    ];
    let health = prop_oneof![
        6 => Just(Health::Online), 1 => Just(Health::Loading), 1 => Just(Health::Failed),
    ];
    (ip, name, zone, form, health).prop_map(|(ip, hostname, zone, form, health)| {
        let host = match form {
            Form::Ip => Host::Given(ip.clone()),
            Form::Name => Host::Given(hostname.clone().unwrap_or_else(|| ip.clone())),
            Form::Empty => Host::Empty,
            Form::Null => Host::Null,
            Form::Unknown => Host::Unknown,
        };
        NodeLayout { host, port: 0, id: String::new(), ip, hostname, zone, health }
    })
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Ip,
    Name,
    Empty,
    Null,
    Unknown,
}
