//! Replies about the topology.

use core::time::Duration;
use std::collections::BTreeSet;

use hashslot::config::{AddressMap, Limits, Protocol};
use hashslot::resp::{Frame, Scan, Scanner, Value};
use hashslot::slot::SLOT_COUNT;
use hashslot::topology::parse::{self, View};
use hashslot::topology::{Agreement, Endpoint, ListedNode, Node, Topology, TopologyError};
use hashslot::{Address, Instant, Slot};

use crate::replies::Writer;
use crate::source::Source;

/// Topologies: a reply becomes a whole view or none; every slot leads to a shard that there is, and
/// to an address that can be dialled; views, redirections and lists together keep it so.
///
/// **Shape**: the first byte chooses whether the rest are replies as they travel, or choices of a
/// grammar; the second chooses the limits. Each reply is read as one to `CLUSTER SLOTS`, `SHARDS`
/// and `NODES`.
///
/// # Panics
/// If the property does not hold.
pub fn topology(data: &[u8]) {
    let [form, choice, rest @ ..] = data else { return };
    let mut state = State::new(*choice);
    if form & 1 == 0 {
        for frame in frames(rest) {
            state.step(&frame);
        }
        return state.finish();
    }
    let mut source = Source::new(rest);
    let protocol = if form & 2 == 0 { Protocol::Resp3 } else { Protocol::Resp2 };
    for _ in 0..8 {
        if source.is_empty() {
            break;
        }
        let kind = source.below(6);
        if kind == 5 {
            state.redirect(&mut source);
            continue;
        }
        let mut writer = Writer { source: &mut source, protocol, out: Vec::new() };
        match kind {
            0 | 1 => writer.slots(),
            2 | 3 => writer.shards(),
            _ => writer.nodes(),
        }
        let frame = Frame::parse(writer.out, &Limits::default());
        state.step(&frame.expect("what is written is RESP"));
    }
    state.finish();
}

/// The frames that bytes begin with, not too many.
fn frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut limits = Limits::default();
    limits.max_elements = 2000;
    let mut frames = Vec::new();
    while frames.len() < 8
        && let Ok(Scan::Frame { len }) = Scanner::new(limits).scan(bytes)
    {
        let (frame, rest) = bytes.split_at(len);
        frames.push(Frame::parse(frame.to_vec(), &limits).expect("a scanned frame is one"));
        bytes = rest;
    }
    frames
}

struct State {
    asked: Address,
    map: AddressMap,
    max_nodes: usize,
    view: Option<View>,
    agreement: Agreement,
    now: Instant,
}

impl State {
    fn new(choice: u8) -> Self {
        let mut map = AddressMap::default();
        if choice & 4 != 0 {
            map = map.host("127.0.0.1", "nat.example.net");
        }
        if choice & 8 != 0 {
            map = map.node(at("::1:7001"), at("127.0.0.1:7000"));
        }
        Self {
            asked: at("10.9.8.7:6379"),
            map,
            max_nodes: [4096, 8, 3, 1][usize::from(choice & 3)],
            view: None,
            agreement: Agreement::new(Duration::from_millis(5))
                .limited_to([4096, 8, 3, 1][usize::from(choice & 3)]),
            now: Instant::EPOCH,
        }
    }

    /// Reads a reply in every way.
    fn step(&mut self, frame: &Frame) {
        let asked_at = self.now;
        self.now = self.now + Duration::from_millis(1);
        if let Some(mut view) = self.view.take() {
            self.shards(&mut view, frame.value());
            let told_by = self.asked.clone();
            self.agreement.adopt(self.now, asked_at, &told_by, view.clone());
            check(self.agreement.topology());
            let in_view =
                view.topology().shards().iter().flat_map(hashslot::topology::Shard::nodes);
            let most = self.max_nodes.max(in_view.count());
            assert!(self.agreement.topology().nodes().count() <= most);
            self.view = Some(view);
        }
        match parse::slots(frame.value(), &self.asked, &self.map, self.max_nodes) {
            Ok(view) => {
                self.is_what_it_says(view.topology(), frame.value());
                self.view = Some(view);
            }
            Err(error) => self.is_no_view(error, frame.value()),
        }
        if let Ok(nodes) = parse::nodes(frame.value(), &self.asked, &self.map, self.max_nodes) {
            assert!(nodes.len() <= self.max_nodes);
            nodes.iter().for_each(listed);
            self.agreement.set_listed(&nodes);
            check(self.agreement.topology());
        }
    }

    fn shards(&self, view: &mut View, reply: Value<'_>) {
        let before = view.clone();
        if parse::shards(view, reply, &self.asked, &self.map, self.max_nodes).is_err() {
            assert_eq!(*view, before, "a reply that is of no use changes the view");
            return;
        }
        assert!(view.lists_all());
        assert!(view.topology().other_nodes().len() <= self.max_nodes);
        check(view.topology());
        let (old, new) = (before.topology(), view.topology());
        assert!(old.slot_ranges().map(|(range, _)| range).eq(new.slot_ranges().map(|(r, _)| r)));
        for (range, shard) in new.slot_ranges() {
            let owner = old.primary_of(range.first()).map(Node::address);
            assert_eq!(shard.primary().map(Node::address), owner);
        }
    }

    /// Compares a view with the rows that it was read from.
    fn is_what_it_says(&self, topology: &Topology, reply: Value<'_>) {
        check(topology);
        assert!(topology.nodes().count() <= self.max_nodes);
        assert_eq!(topology.other_nodes().len(), 0);
        let mut claimed = 0;
        for row in reply.elements().expect("rows") {
            let row: Vec<_> = row.elements().expect("a row").collect();
            let [first, last] = [row[0], row[1]].map(|slot| number(slot).expect("a slot"));
            let node: Vec<_> = row[2].elements().expect("a primary").collect();
            let port = u16::try_from(number(node[1]).expect("a port")).expect("a port");
            let address = match node[0].as_bytes() {
                _ if port == 0 => None,
                None | Some(b"") => Some((self.asked.host().to_string(), port)),
                Some(b"?") => None,
                Some(host) => Some((String::from_utf8(host.to_vec()).expect("a host"), port)),
            };
            let address = address.map(|(host, port)| {
                self.map.apply(Address::new(&host, port).expect("a host of an address"))
            });
            claimed += usize::try_from(last - first + 1).expect("a range");
            for slot in [first, i64::midpoint(first, last), last] {
                let slot = u16::try_from(slot).ok().and_then(Slot::new).expect("a slot");
                assert!(topology.shard_of(slot).is_some());
                assert_eq!(topology.primary_of(slot).map(Node::address), address.as_ref());
            }
        }
        assert_eq!(topology.slot_ranges().map(|(range, _)| range.count()).sum::<usize>(), claimed);
    }

    /// Checks that there was a reason to refuse a reply, where that is easy to tell.
    fn is_no_view(&self, error: TopologyError, reply: Value<'_>) {
        let rows = || reply.elements().into_iter().flatten().filter_map(|row| row.elements());
        let ranges =
            rows().filter_map(|mut row| Some((number(row.next()?)?, number(row.next()?)?)));
        match error {
            TopologyError::Empty => assert_eq!(reply.elements().map(|rows| rows.len()), Some(0)),
            TopologyError::Overlap(slot) => {
                let slot = i64::from(slot.number());
                assert!(
                    ranges.filter(|(first, last)| (*first..=*last).contains(&slot)).count() > 1
                );
            }
            TopologyError::Range { first, last } => {
                assert!(ranges.into_iter().any(|range| range == (first, last)));
                assert!(first > last || first < 0 || last >= i64::from(SLOT_COUNT));
            }
            TopologyError::Port(port) => assert!(u16::try_from(port).is_err()),
            TopologyError::TooManyNodes => {
                let nodes = rows().map(|row| row.len().saturating_sub(2)).sum::<usize>();
                assert!(nodes > self.max_nodes);
            }
            _ => assert!(!error.to_string().is_empty()),
        }
    }

    /// Looks at every slot, which is too slow to be done after every step.
    fn finish(&self) {
        check_slots(self.agreement.topology());
        if let Some(view) = &self.view {
            check_slots(view.topology());
        }
    }

    /// A redirection that is believed.
    fn redirect(&mut self, source: &mut Source<'_>) {
        let slot = Slot::new(source.number() % SLOT_COUNT).expect("below the number of slots");
        let text = format!("{slot} 127.0.0.1:{}", 7000 + u16::from(source.byte() % 8));
        let redirection = Endpoint::parse_redirect(text.as_bytes()).expect("well-formed");
        let to = redirection.to.resolve(&self.asked, &self.map).expect("an address");
        let told_by = if source.one_in(2) { at("127.0.0.1:7000") } else { self.asked.clone() };
        self.agreement.moved(self.now, slot, &to, &told_by, None);
        let primary = self.agreement.topology().primary_of(slot).map(Node::address);
        let is_full = self.agreement.topology().nodes().count() >= self.max_nodes;
        assert!(primary == Some(&to) || is_full, "{primary:?} is not {to}");
        check(self.agreement.topology());
        if source.one_in(2) {
            self.now = self.now + Duration::from_millis(source.byte().into());
        }
    }
}

fn at(text: &str) -> Address {
    text.parse().expect("an address")
}

/// A number, or a text that spells one.
fn number(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(number),
        Value::Simple(text) | Value::Bulk(text) => core::str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    }
}

/// What holds for the nodes of every topology.
fn check(topology: &Topology) {
    let mut nodes = BTreeSet::new();
    for node in topology.nodes() {
        is_dialable(node.address());
        assert!(nodes.insert(node.address().clone()), "{} stands in two places", node.address());
        assert!(topology.lists(node.address()));
        for name in [node.hostname(), node.ip(), node.availability_zone()].into_iter().flatten() {
            assert!(!name.is_empty() && name != "?" && name.len() <= 255);
        }
    }
}

/// What holds for the slots of every topology.
fn check_slots(topology: &Topology) {
    let mut covered = 0;
    let mut ranges = topology.slot_ranges();
    let mut range = ranges.next();
    for slot in (0..SLOT_COUNT).filter_map(Slot::new) {
        if range.is_some_and(|(range, _)| range.last() < slot) {
            range = ranges.next();
        }
        let shard = topology.shard_index(slot).map(|index| &topology.shards()[index]);
        let of_range = range.filter(|(range, _)| range.contains(slot)).map(|(_, shard)| shard);
        assert_eq!(shard.map(std::ptr::from_ref), of_range.map(std::ptr::from_ref));
        covered += usize::from(shard.is_some_and(|shard| shard.primary().is_some()));
    }
    assert!(ranges.next().is_none());
    assert_eq!(topology.covered_slots(), covered);
    assert_eq!(topology.is_complete(), covered == usize::from(SLOT_COUNT));
    assert!(topology.difference(topology).is_empty());
    assert!(!format!("{topology:?}").is_empty());
}

fn is_dialable(address: &Address) {
    assert!(!address.host().is_empty() && address.host() != "?" && address.port() > 0);
}

fn listed(node: &ListedNode) {
    node.address.iter().chain(&node.named_address).for_each(is_dialable);
    assert!(node.slots.iter().all(|range| range.first() <= range.last()));
}
