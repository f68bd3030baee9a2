//! Who serves a slot, against a table with an entry for each.

use std::collections::{BTreeMap, BTreeSet};

use hashslot::config::{AddressMap, Protocol};
use hashslot::resp::Frame;
use hashslot::sim::strategies::{Host, Layout, NodeLayout, topologies};
use hashslot::slot::SLOT_COUNT;
use hashslot::topology::parse::{self, Standing, View};
use hashslot::topology::{Health, Node, NodeId, Role, Topology};
use hashslot::{Address, Command, LinkId, Slot};
use proptest::prelude::*;

use super::{cases, naive_slot, quiet};
use crate::support::canned::bulk;
use crate::support::script::*;

/// The owner of every slot.
type Table = Vec<Option<Address>>;

fn slots() -> impl Iterator<Item = Slot> {
    (0..SLOT_COUNT).filter_map(Slot::new)
}

/// The ranges of a layout, written into a table.
fn table_of(layout: &Layout, asked: &Address) -> Table {
    let mut table = vec![None; usize::from(SLOT_COUNT)];
    for shard in &layout.shards {
        for (first, last) in &shard.ranges {
            let owner = shard.primary().address(asked);
            table[usize::from(*first)..=usize::from(*last)].fill(owner);
        }
    }
    table
}

fn table_in(topology: &Topology) -> Table {
    slots().map(|slot| topology.primary_of(slot).map(|node| node.address().clone())).collect()
}

fn frame(bytes: Vec<u8>) -> Frame {
    Frame::parse(bytes, &hashslot::config::Limits::default()).expect("a frame")
}

fn view_of(layout: &Layout, asked: &Address, protocol: Protocol) -> View {
    let (map, slots) = (AddressMap::default(), frame(layout.slots_reply(protocol)));
    let mut view = parse::slots(slots.value(), asked, &map, 100).expect("a view");
    assert!(table_in(view.topology()) == table_of(layout, asked));
    let shards = frame(layout.shards_reply(protocol));
    parse::shards(&mut view, shards.value(), asked, &map, 100).expect("shards");
    view
}

/// What is known of a node is what it told.
fn is_known_as(node: &Node, told: &NodeLayout) -> bool {
    node.id().is_some_and(|id| id.as_str() == told.id)
        && node.ip() == Some(&told.ip)
        && node.hostname() == told.hostname.as_deref()
        && node.availability_zone() == told.zone.as_deref()
        && node.health() == told.health
        && node.replication_offset() == Some(told.port.into())
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn f25_f28_f29_f30_f31_any_cluster_is_read_as_it_was_told(layout in topologies()) {
        let asked = at("10.0.0.1:7000");
        let view = view_of(&layout, &asked, Protocol::Resp3);
        prop_assert_eq!(&view, &view_of(&layout, &asked, Protocol::Resp2));
        let topology = view.topology();
        let table = table_of(&layout, &asked);
        prop_assert!(table_in(topology) == table, "shards change no owner");
        prop_assert_eq!(topology.covered_slots(), table.iter().flatten().count());
        prop_assert_eq!(topology.is_complete(), table.iter().all(Option::is_some));

        let told = layout.nodes().filter_map(|node| Some((node.address(&asked)?, node)));
        let told: BTreeMap<_, _> = told.collect();
        prop_assert_eq!(topology.nodes().count(), told.len());
        for node in topology.nodes() {
            prop_assert!(is_known_as(node, told[node.address()]), "{:?}", node);
        }
        for shard in layout.shards.iter().filter(|shard| !shard.ranges.is_empty()) {
            let slot = Slot::new(shard.ranges[0].0).unwrap();
            let replicas = topology.shard_of(slot).unwrap().replicas().iter().map(Node::address);
            let told = shard.nodes.iter().skip(1).filter(|node| node.health != Health::Failed);
            let told: BTreeSet<_> = told.filter_map(|node| node.address(&asked)).collect();
            prop_assert_eq!(replicas.cloned().collect::<BTreeSet<_>>(), told);
        }
    }

    #[test]
    fn cluster_nodes_are_read_as_they_were_told(layout in topologies()) {
        let asked = at("10.0.0.1:7000");
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let reply = frame(layout.nodes_reply(protocol));
            let map = AddressMap::default();
            let listed = parse::nodes(reply.value(), &asked, &map, 100).expect("nodes");
            let told = layout.shards.iter().flat_map(|shard| {
                shard.nodes.iter().enumerate().map(move |(index, node)| (shard, index, node))
            });
            prop_assert_eq!(listed.len(), told.clone().count());
            for (listed, (shard, index, node)) in listed.iter().zip(told) {
                prop_assert!(listed.id.is_some_and(|id| id.as_str() == node.id));
                prop_assert_eq!(&listed.address, &Address::new(&node.ip, node.port).ok());
                let name = node.hostname.as_ref().map(|name| Address::new(name, node.port).unwrap());
                prop_assert_eq!(&listed.named_address, &name);
                prop_assert_eq!(listed.is_self, node.port == 7_000);
                let primary = listed.primary.as_ref().map(NodeId::as_str);
                if index == 0 {
                    prop_assert_eq!((listed.role, primary), (Some(Role::Primary), None));
                    let ranges = listed.slots.iter().map(|r| (r.first().number(), r.last().number()));
                    prop_assert_eq!(&ranges.collect::<Vec<_>>(), &shard.ranges);
                } else {
                    let of = Some(&*shard.primary().id);
                    prop_assert_eq!((listed.role, primary), (Some(Role::Replica), of));
                }
                prop_assert_eq!(
                    listed.standing == Standing::Failed, node.health == Health::Failed);
            }
        }
    }

    #[test]
    fn f15_patches_and_views_are_a_table_with_an_entry_for_every_slot(
        layouts in prop::collection::vec(topologies(), 1..3),
        patches in prop::collection::vec((0..SLOT_COUNT, 0..40_u16), 0..12),
    ) {
        let asked = at("10.0.0.1:7000");
        let mut before: Option<(Topology, Table)> = None;
        for layout in &layouts {
            let mut topology = view_of(layout, &asked, Protocol::Resp2).topology().clone();
            let mut table = table_of(layout, &asked);
            let nodes: Vec<_> = layout.nodes().filter_map(|node| node.address(&asked)).collect();
            for (number, to) in &patches {
                let slot = Slot::new(*number).unwrap();
                let stranger = Address::new("stranger", 9_000 + *to).unwrap();
                let to = nodes.get(usize::from(*to)).cloned().unwrap_or(stranger);
                let changes = table[slot.index()].as_ref() != Some(&to);
                prop_assert_eq!(topology.patch(slot, &to), changes);
                table[slot.index()] = Some(to);
                let mut addresses = BTreeSet::new();
                prop_assert!(topology.nodes().all(|node| addresses.insert(node.address())));
            }
            prop_assert!(table_in(&topology) == table);
            if let Some((older, old_table)) = &before {
                let change = older.difference(&topology);
                let mut moved = old_table.clone();
                for ranges in change.moved() {
                    for slot in ranges.slots.slots() {
                        prop_assert_eq!(&moved[slot.index()], &ranges.from);
                        prop_assert_ne!(&ranges.from, &ranges.to);
                        moved[slot.index()].clone_from(&ranges.to);
                    }
                }
                prop_assert!(moved == table);
            }
            before = Some((topology, table));
        }
    }
}

/// A command for some slot, and whether its first answer is a `MOVED` to this node.
#[derive(Debug, Clone)]
struct Probe {
    key: u16,
    moved_to: Option<usize>,
}

fn probes() -> impl Strategy<Value = Vec<Probe>> {
    let probe = (0..60_u16, prop::option::weighted(0.3, 0..24_usize));
    prop::collection::vec(probe.prop_map(|(key, moved_to)| Probe { key, moved_to }), 1..12)
}

/// The machine, the cluster as it is told, and the table that should come of it.
struct Cluster {
    world: World,
    layout: Layout,
    table: Table,
    asked: Address,
}

impl Cluster {
    /// The node that is asked for the topology answers with the layout.
    fn tell(&mut self) {
        for _ in 0..1_000 {
            for address in self.world.dialled().into_iter().map(String::from).collect::<Vec<_>>() {
                self.world.open(&address);
            }
            for link in self.world.links() {
                if self.world.reads(link) == ASK_TOPOLOGY {
                    self.asked = at(self.world.address(link));
                    self.table = table_of(&self.layout, &self.asked);
                    let (slots, shards) = (Layout::slots_reply, Layout::shards_reply);
                    let replies = [slots, shards].map(|tell| tell(&self.layout, Protocol::Resp3));
                    return self.world.answer_bytes(link, &replies.concat());
                }
            }
            self.world.advance_to_timer();
        }
        panic!("nobody is asked");
    }

    /// The link that a command has come out of, if it has.
    fn reads(&mut self, owner: &Address, text: &str) -> LinkId {
        let owner = format!("{}:{}", owner.host(), owner.port());
        let link = self.world.open(&owner);
        assert_eq!(self.world.reads(link), text);
        link
    }

    fn probe(&mut self, probe: &Probe) {
        let key = format!("k{}", probe.key);
        let slot = usize::from(naive_slot(key.as_bytes()));
        let text = format!("GET {key}");
        let get = self.world.submit(Command::get(&key));
        let Some(owner) = self.table[slot].clone() else {
            for link in self.world.links() {
                assert_eq!(self.world.reads(link), "", "nobody serves {slot}");
            }
            return self.world.cancel(get);
        };
        let mut link = self.reads(&owner, &text);
        let nodes = self.layout.nodes().filter_map(|node| node.address(&self.asked));
        let nodes: Vec<_> = nodes.collect();
        let target = probe.moved_to.map(|index| nodes[index % nodes.len()].clone());
        if let Some(to) = target.filter(|to| *to != owner) {
            let moved = format!("-MOVED {slot} {}:{}\r\n", to.host(), to.port());
            self.world.answer(link, &moved);
            link = self.reads(&to, &text);
            self.table[slot] = Some(to);
        }
        self.world.answer(link, &bulk(&key));
        assert_eq!(self.world.outcome(get), bulk(&key));
    }
}

fn ids_of(topology: &Topology) -> BTreeSet<NodeId> {
    topology.nodes().filter_map(Node::id).collect()
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn f15_f25_the_machine_sends_every_command_where_the_table_says(
        rounds in prop::collection::vec((topologies(), probes()), 1..4),
    ) {
        let mut config = quiet();
        config.min_refresh_interval = ms(50);
        config.max_refresh_interval = ms(50);
        config.moved_trust = ms(0);
        let mut cluster = Cluster {
            world: World::new(config, &[A]),
            layout: rounds[0].0.clone(),
            table: Vec::new(),
            asked: at(A),
        };
        cluster.world.submit(hashslot::Call::discovery());
        for (index, (layout, probes)) in rounds.into_iter().enumerate() {
            cluster.layout = layout;
            if index > 0 {
                cluster.world.refresh_topology();
            }
            let held = ids_of(cluster.world.machine.topology());
            cluster.tell();
            let told = view_of(&cluster.layout, &cluster.asked, Protocol::Resp3);
            let told = ids_of(told.topology());
            if held.is_disjoint(&told) && !held.is_empty() && !told.is_empty() {
                break; // it may be about another cluster
            }
            prop_assert!(table_in(cluster.world.machine.topology()) == cluster.table);
            for probe in &probes {
                cluster.probe(probe);
            }
            prop_assert!(table_in(cluster.world.machine.topology()) == cluster.table);
        }
        prop_assert_eq!(cluster.world.machine.call_count(), 0);
    }
}

#[test]
fn layouts_have_every_form_of_a_host() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..100 {
        let layout = topologies().new_tree(&mut runner).unwrap().current();
        for node in layout.nodes() {
            seen.insert(match &node.host {
                Host::Given(host) if host.contains(':') => "IPv6",
                Host::Given(host) if host.contains("example") => "a name",
                Host::Given(_) => "IPv4",
                Host::Empty => "empty",
                Host::Null => "null",
                Host::Unknown => "?",
                _ => "another",
            });
        }
        seen.insert(if table_of(&layout, &at(A)).contains(&None) { "holes" } else { "no holes" });
    }
    assert_eq!(seen.len(), 8, "{seen:?}");
}
