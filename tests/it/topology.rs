//! Who serves a slot: what servers say, what redirections teach, and which of them is believed.
//!
//! The captured replies are those of real servers, byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hashslot::config::AddressMap;
use hashslot::config::Limits;
use hashslot::resp::Frame;
use hashslot::topology::parse::{self, ListedNode, Standing, View};
use hashslot::topology::{
    Absence, Agreement, Doubt, Endpoint, Health, Node, NodeId, Role, SlotRange, Topology,
    TopologyError,
};
use hashslot::{Address, Instant, Slot};
use proptest::prelude::*;

// ---- helpers -----------------------------------------------------------------------------------

const NODE_COUNT_MAX: usize = 64;
const ASKED: &str = "127.0.0.1:22210";

fn at(text: &str) -> Address {
    text.parse().expect("an address")
}

fn slot(number: u16) -> Slot {
    Slot::new(number).expect("a slot")
}

fn frame(bytes: &str) -> Frame {
    Frame::parse(bytes.as_bytes().to_vec(), &Limits::default()).expect("well-formed RESP")
}

fn slots(bytes: &str) -> Result<View, TopologyError> {
    parse::slots(frame(bytes).value(), &at(ASKED), &AddressMap::default(), NODE_COUNT_MAX)
}

/// The view of `CLUSTER SLOTS`, enriched by `CLUSTER SHARDS`.
fn slots_and_shards(slots_bytes: &str, shards_bytes: &str) -> Result<View, TopologyError> {
    let mut view = slots(slots_bytes)?;
    let (reply, map) = (frame(shards_bytes), AddressMap::default());
    parse::shards(&mut view, reply.value(), &at(ASKED), &map, NODE_COUNT_MAX)?;
    Ok(view)
}

fn nodes(bytes: &str) -> Result<Vec<ListedNode>, TopologyError> {
    parse::nodes(frame(bytes).value(), &at(ASKED), &AddressMap::default(), NODE_COUNT_MAX)
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

fn array(items: &[String]) -> String {
    format!("*{}\r\n{}", items.len(), items.concat())
}

fn int(number: impl std::fmt::Display) -> String {
    format!(":{number}\r\n")
}

fn node(text: &str) -> String {
    let (host, port) = text.rsplit_once(':').expect("host:port");
    array(&[bulk(host), int(port)])
}

/// A row of `CLUSTER SLOTS`: the primary first.
fn row(first: i64, last: i64, nodes: &[&str]) -> String {
    let mut items = vec![int(first), int(last)];
    items.extend(nodes.iter().map(|text| node(text)));
    array(&items)
}

fn view(rows: &[String]) -> View {
    slots(&array(rows)).expect("a view")
}

fn primary(topology: &Topology, number: u16) -> Option<String> {
    topology.primary_of(slot(number)).map(|node| node.address().to_string())
}

fn addresses<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> Vec<String> {
    nodes.into_iter().map(|node| node.address().to_string()).collect()
}

fn ranges(topology: &Topology) -> Vec<String> {
    topology.slot_ranges().map(|(range, _)| range.to_string()).collect()
}

fn ms(elapsed: u64) -> Instant {
    Instant::from_epoch(Duration::from_millis(elapsed))
}

// ---- CLUSTER SLOTS of real servers -------------------------------------------------------------

#[test]
fn redis_6_2_rows_have_no_metadata() {
    let view = slots(SLOTS_6_2).unwrap();
    let shard = view.topology().shard_of(slot(8191)).unwrap();
    assert_eq!(addresses(shard.nodes()), ["127.0.0.1:22200", "127.0.0.1:22201"]);
    assert!(shard.primary().unwrap().id().is_some());
    assert_eq!(shard.primary().unwrap().health(), Health::Unknown);
    assert_eq!(ranges(view.topology()), ["0-8191"]);
    assert_eq!((view.topology().covered_slots(), view.topology().is_complete()), (8192, false));
    assert!(view.topology().shard_of(slot(8192)).is_none());
}

#[test]
fn both_protocols_say_the_same() {
    assert_eq!(slots(SLOTS_7_0), slots(SLOTS_7_0_RESP3));
    assert_eq!(slots(SLOTS_7_0_UNKNOWN), slots(SLOTS_7_0_UNKNOWN_RESP3));
    assert_eq!(slots(SLOTS_VALKEY_9), slots(SLOTS_VALKEY_9_RESP3));
    let (two, three) =
        (slots_and_shards(SLOTS_7_0, SHARDS_7_0), slots_and_shards(SLOTS_7_0, SHARDS_7_0_RESP3));
    assert_eq!(two, three);
    assert!(two.unwrap().lists_all());
}

#[test]
fn f28_null_and_empty_hosts_mean_the_host_that_answered() {
    let unknown = slots(SLOTS_7_0_UNKNOWN).unwrap();
    assert_eq!(primary(unknown.topology(), 0).as_deref(), Some("127.0.0.1:22210"));
    let fresh = slots(SLOTS_6_2_FRESH).unwrap();
    assert_eq!(primary(fresh.topology(), 0).as_deref(), Some("127.0.0.1:22200"));
    let asked = at("db.example.net:1");
    let reply = frame(SLOTS_7_0_UNKNOWN);
    let view = parse::slots(reply.value(), &asked, &AddressMap::default(), 9).unwrap();
    assert_eq!(primary(view.topology(), 0).as_deref(), Some("db.example.net:22210"));
}

#[test]
fn f29_a_view_without_any_known_primary_is_rejected() {
    assert_eq!(slots(SLOTS_7_0_NO_HOSTNAME), Err(TopologyError::NoAddress));
}

#[test]
fn f29_a_replica_never_takes_the_place_of_an_unknown_primary() {
    let unknown_primary = row(0, 9, &["?:7000", "10.0.0.3:7003"]);
    let view = view(&[unknown_primary, row(10, 19, &["10.0.0.1:7001", "?:7004"])]);
    assert_eq!(primary(view.topology(), 0), None);
    let shard = view.topology().shard_of(slot(0)).unwrap();
    assert!(shard.primary().is_none());
    assert_eq!(addresses(shard.nodes()), ["10.0.0.3:7003"]);
    assert!(view.topology().shard_of(slot(10)).unwrap().replicas().is_empty());
    assert_eq!(view.topology().covered_slots(), 10);
    assert!(view.topology().nodes().all(|node| node.address().host() != "?"));
}

#[test]
fn f29_rows_of_one_unknown_primary_are_one_shard_only_if_its_id_says_so() {
    let with_id = |first, last, host: &str, id: &str| {
        array(&[int(first), int(last), array(&[bulk(host), int(7000), bulk(id)])])
    };
    let (one, two) = ("1".repeat(40), "2".repeat(40));
    let known = with_id(30, 39, "10.0.0.1", &two);
    let rows = [
        with_id(0, 9, "?", &one),
        with_id(10, 19, "?", &one),
        with_id(20, 24, "?", "-"),
        with_id(25, 29, "?", "-"),
        known,
    ];
    let view = view(&rows);
    assert_eq!(ranges(view.topology()), ["0-19", "20-24", "25-29", "30-39"]);
}

#[test]
fn f31_host_names_are_preferred_and_both_names_are_recognised() {
    let view = slots(SLOTS_7_0_HOSTNAME).unwrap();
    let node = view.topology().primary_of(slot(0)).unwrap();
    assert_eq!(node.address(), &at("node-0.example.com:22210"));
    assert_eq!((node.ip(), node.hostname()), (Some("127.0.0.1"), None));
    assert!(view.topology().lists(&at("node-0.example.com:22210")));
    assert!(view.topology().lists(&at("127.0.0.1:22210")));
    assert!(!view.topology().lists(&at("127.0.0.1:22211")));
}

#[test]
fn f30_ipv6_hosts_have_no_brackets() {
    let view = slots(SLOTS_7_0_IPV6).unwrap();
    let node = view.topology().primary_of(slot(0)).unwrap();
    assert_eq!((node.address().host(), node.address().port()), ("fd00::7", 22210));
    assert_eq!(node.hostname(), Some("node-0.example.com"));
}

#[test]
fn valkey_tells_the_zone() {
    let view = slots(SLOTS_VALKEY_9).unwrap();
    let shard = view.topology().shard_of(slot(0)).unwrap();
    assert!(shard.nodes().all(|node| node.availability_zone() == Some("zone-a")));
    assert_eq!(shard.replicas()[0].hostname(), Some("node-1.example.com"));
}

// ---- CLUSTER SLOTS that no server should send --------------------------------------------------

#[test]
fn f26_an_empty_reply_is_no_view() {
    assert_eq!(slots("*0\r\n"), Err(TopologyError::Empty));
}

#[test]
fn f31_unknown_extra_elements_are_ignored() {
    let long = array(&[bulk("h"), int(7), bulk("id"), array(&[bulk("ip")]), bulk("x"), int(1)]);
    let rows = array(&[int(0), int(1), long, bulk("what is this"), "%1\r\n+a\r\n:1\r\n".into()]);
    assert_eq!(ranges(view(&[rows]).topology()), ["0-1"]);
}

#[test]
fn f32_impossible_ranges_reject_the_whole_view() {
    let good = row(0, 99, &["h:7000"]);
    let rows =
        [(100, 16384), (200, 100), (-1, 5), (100, i64::MAX), (i64::MIN, 100), (65636, 65637)];
    for (first, last) in rows {
        let reply = array(&[good.clone(), row(first, last, &["h:7001"])]);
        assert_eq!(slots(&reply), Err(TopologyError::Range { first, last }), "{first} {last}");
    }
    assert!(slots(&array(&[good, row(16383, 16383, &["h:7001"])])).is_ok());
}

#[test]
fn f32_overlapping_ranges_reject_the_whole_view() {
    let reply = array(&[row(0, 99, &["h:7000"]), row(99, 200, &["h:7001"])]);
    assert_eq!(slots(&reply), Err(TopologyError::Overlap(slot(99))));
    let twice = row(0, 0, &["h:7000"]);
    assert_eq!(slots(&array(&[twice.clone(), twice])), Err(TopologyError::Overlap(slot(0))));
}

#[test]
fn f32_ports_are_never_truncated() {
    for port in [-1, 65536, 65536 + 7000, i64::MAX] {
        let bad = array(&[int(0), int(1), array(&[bulk("h"), int(port)])]);
        assert_eq!(slots(&array(&[bad])), Err(TopologyError::Port(port)));
        let bad_replica = array(&[int(0), int(1), node("h:7000"), array(&[bulk("h"), int(port)])]);
        assert_eq!(slots(&array(&[bad_replica])), Err(TopologyError::Port(port)));
    }
    assert!(view(&[row(0, 1, &["h:65535"])]).topology().lists(&at("h:65535")));
}

#[test]
fn f32_port_0_means_not_listening_this_way() {
    let view = view(&[row(0, 1, &["h:0", "h:7001"]), row(2, 3, &["h:7002", "h:0"])]);
    assert_eq!(primary(view.topology(), 0), None);
    assert_eq!(primary(view.topology(), 2).as_deref(), Some("h:7002"));
    assert_eq!(addresses(view.topology().nodes()), ["h:7001", "h:7002"]);
}

#[test]
fn malformed_rows_reject_the_whole_view() {
    let good = row(0, 1, &["h:7000"]);
    let bad = [
        ":1\r\n".into(),
        "*0\r\n".into(),
        array(&[int(5)]),
        array(&[int(5), int(6)]),
        array(&[bulk("x"), int(6), node("h:1")]),
        array(&[int(5), "_\r\n".into(), node("h:1")]),
        array(&[int(5), int(6), bulk("h:1")]),
        array(&[int(5), int(6), array(&[bulk("h")])]),
        array(&[int(5), int(6), array(&[])]),
        array(&[int(5), int(6), array(&[int(1), int(1)])]),
        array(&[int(5), int(6), array(&[bulk("h"), bulk("port")])]),
    ];
    for bad in bad {
        let result = slots(&array(&[good.clone(), bad.clone()]));
        assert!(matches!(result, Err(TopologyError::Shape { .. })), "{bad:?}: {result:?}");
    }
    for host in ["a b", "a@b", "a/b", "a\u{7}b", &"h".repeat(256)] {
        let bad = array(&[int(5), int(6), array(&[bulk(host), int(1)])]);
        assert_eq!(slots(&array(&[bad])), Err(TopologyError::Host), "{host:?}");
    }
    for whole in ["-ERR no\r\n", "+OK\r\n", "_\r\n", "$-1\r\n", "%0\r\n", ":1\r\n"] {
        assert!(matches!(slots(whole), Err(TopologyError::Shape { .. })), "{whole:?}");
    }
}

#[test]
fn rows_of_one_primary_are_one_shard() {
    let view = view(&[
        row(0, 9, &["h:1", "h:3", "h:2"]),
        row(10, 19, &["h:4"]),
        row(20, 29, &["h:1", "h:2"]),
        row(30, 39, &["h:1", "h:5"]),
    ]);
    let topology = view.topology();
    assert_eq!(topology.shards().len(), 2);
    assert_eq!(topology.shard_index(slot(0)), topology.shard_index(slot(20)));
    assert_eq!(
        addresses(topology.shard_of(slot(25)).unwrap().nodes()),
        ["h:1", "h:2", "h:3", "h:5"]
    );
    assert_eq!(ranges(topology), ["0-9", "10-19", "20-39"]);
}

#[test]
fn a_node_stands_in_one_place_and_leading_comes_first() {
    let view = view(&[row(0, 9, &["h:1", "h:2", "h:3"]), row(10, 19, &["h:2", "h:3", "h:1"])]);
    let shards: Vec<_> = view.topology().shards().iter().map(|s| addresses(s.nodes())).collect();
    assert_eq!(shards, [vec!["h:1", "h:3"], vec!["h:2"]]);
    assert_eq!(view.topology().nodes().count(), 3);
}

#[test]
fn f77_nodes_are_counted() {
    let names: Vec<_> = (1..=NODE_COUNT_MAX + 1).map(|port| format!("h:{port}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    assert!(slots(&array(&[row(0, 0, &names[1..])])).is_ok());
    assert_eq!(slots(&array(&[row(0, 0, &names)])), Err(TopologyError::TooManyNodes));
    let rows: Vec<_> = (0..).zip(&names).map(|(slot, name)| row(slot, slot, &[name])).collect();
    assert_eq!(slots(&array(&rows)), Err(TopologyError::TooManyNodes));
}

// ---- CLUSTER SHARDS ----------------------------------------------------------------------------

#[test]
fn shards_tell_health_and_list_nodes_without_slots() {
    let view = slots_and_shards(SLOTS_7_0, SHARDS_7_0).unwrap();
    let topology = view.topology();
    let node = topology.primary_of(slot(0)).unwrap();
    assert_eq!((node.health(), node.replication_offset()), (Health::Online, Some(0)));
    // The replica was still loading: it is no node to route to yet.
    assert_eq!(addresses(topology.other_nodes()), ["127.0.0.1:22212", "127.0.0.1:22211"]);
    assert_eq!(topology.other_nodes()[1].health(), Health::Loading);
    assert!(topology.lists(&at("127.0.0.1:22212")));
    assert_eq!(topology.nodes().count(), 3);
    assert_eq!(ranges(topology), ["0-8191"]);
}

#[test]
fn shards_list_failed_replicas_that_slots_leave_out() {
    let view = slots_and_shards(SLOTS_VALKEY_9_FAILED, SHARDS_VALKEY_9_FAILED).unwrap();
    let failed: Vec<_> =
        view.topology().nodes().filter(|node| node.health() == Health::Failed).collect();
    assert_eq!(addresses(failed.iter().copied()), ["127.0.0.1:22231"]);
    assert_eq!(failed[0].availability_zone(), Some("zone-a"));
    assert!(view.topology().shard_of(slot(0)).unwrap().replicas().is_empty());
}

/// A shard of one node, with these fields.
fn one_shard(fields: &[(&str, String)]) -> String {
    let fields: Vec<_> =
        fields.iter().flat_map(|(key, value)| [bulk(key), value.clone()]).collect();
    array(&[array(&[bulk("nodes"), array(&[array(&fields)])])])
}

#[test]
fn of_two_ports_the_one_is_taken_that_the_view_has() {
    let known = "1".repeat(40);
    let table = |port: i64| {
        let node = array(&[bulk("h"), int(port), bulk(&known)]);
        array(&[array(&[int(0), int(0), node])])
    };
    let fields = |id: &str, port, tls| {
        let id = ("id", bulk(id));
        one_shard(&[id, ("endpoint", bulk("h")), ("port", int(port)), ("tls-port", int(tls))])
    };
    let shards = [fields(&"2".repeat(40), 6, 66), fields(&known, 5, 55)];
    let shards = format!("*2\r\n{}", shards.map(|one| one["*1\r\n".len()..].to_owned()).concat());
    let others = |port| {
        let view = slots_and_shards(&table(port), &shards).unwrap();
        addresses(view.topology().other_nodes())
    };
    assert_eq!(others(5), ["h:6"]);
    assert_eq!(others(55), ["h:66"]);
    // With one port only there is no choice.
    let id = ("id", bulk(&"2".repeat(40)));
    let tls_only = one_shard(&[id, ("endpoint", bulk("h")), ("tls-port", int(66))]);
    let view = slots_and_shards(&table(5), &tls_only).unwrap();
    assert_eq!(addresses(view.topology().other_nodes()), ["h:66"]);
}

#[test]
fn shards_that_make_no_sense_leave_the_view_unchanged() {
    let map = AddressMap::default();
    let before = slots(SLOTS_7_0).unwrap();
    let bad = [
        "*1\r\n:1\r\n".to_owned(),
        "-ERR unknown subcommand\r\n".into(),
        array(&[array(&[bulk("nodes"), int(1)])]),
        array(&[array(&[bulk("nodes"), array(&[int(1)])])]),
        one_shard(&[("endpoint", int(1))]),
        one_shard(&[("endpoint", bulk("h")), ("port", int(65536))]),
        one_shard(&[("endpoint", bulk("h h")), ("port", int(1))]),
    ];
    for bad in bad {
        let mut view = before.clone();
        let result = parse::shards(&mut view, frame(&bad).value(), &at(ASKED), &map, 9);
        assert!(result.is_err(), "{bad:?}");
        assert_eq!(view, before);
    }
    let mut view = before.clone();
    let reply = frame(SHARDS_7_0);
    let result = parse::shards(&mut view, reply.value(), &at(ASKED), &map, 2);
    assert_eq!(result, Err(TopologyError::TooManyNodes));
    // Unknown endpoints and fields are no offence.
    let unknown = one_shard(&[("endpoint", bulk("?")), ("port", int(7)), ("mood", bulk("good"))]);
    parse::shards(&mut view, frame(&unknown).value(), &at(ASKED), &map, 9).unwrap();
    assert!(view.topology().other_nodes().is_empty());
}

// ---- CLUSTER NODES -----------------------------------------------------------------------------

#[test]
fn nodes_of_a_real_cluster() {
    let listed = nodes(NODES_VALKEY_9_FAILED).unwrap();
    let [replica, idle, own] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!(own.address, Some(at("[fd00::7]:22230")));
    assert_eq!(own.named_address, Some(at("node-0.example.com:22230")));
    assert!(own.is_self && own.is_connected && !idle.is_self);
    assert_eq!((own.role, replica.role), (Some(Role::Primary), Some(Role::Replica)));
    assert_eq!((replica.primary, own.primary), (own.id, None));
    assert_eq!((replica.standing, idle.standing), (Standing::Failed, Standing::Member));
    assert_eq!((own.config_epoch, idle.config_epoch, replica.is_connected), (0, 1, false));
    assert_eq!(own.slots, [SlotRange::new(slot(0), slot(8191)).unwrap()]);
}

#[test]
fn f28_only_the_node_itself_may_leave_its_host_out() {
    let listed = nodes(NODES_6_2_FRESH).unwrap();
    assert_eq!(listed[0].address, Some(at("127.0.0.1:22200")));
    let line = |place: &str, flags: &str| {
        nodes(&bulk(&format!(
            "{} {place} {flags} - 0 0 3 connected 1 3-4 [5->-x]\n",
            "a".repeat(40)
        )))
        .map(|mut nodes| nodes.remove(0))
    };
    let lost = line(":0@0", "master,noaddr,fail?").unwrap();
    assert_eq!((lost.address, lost.standing), (None, Standing::Suspected));
    assert_eq!(lost.slots.iter().map(|range| range.count()).sum::<usize>(), 3);
    let met = line("::1:7000@17000,,shard-id=7", "handshake").unwrap();
    assert_eq!(
        (met.address, met.role, met.standing),
        (Some(at("[::1]:7000")), None, Standing::Joining)
    );
    assert_eq!(line("h:7000", "slave").unwrap().address, Some(at("h:7000"))); // before 4.0
    assert_eq!(line("h:70000@1", "slave"), Err(TopologyError::Port(70000)));
    for bad in ["h", "h:x@1", "h:-1@1", "h:+1@1"] {
        assert!(matches!(line(bad, "master"), Err(TopologyError::Shape { .. })), "{bad}");
    }
    for bad in
        ["x", "a b c d e f 1", "a h:1 master - 0 0 x connected", "a h:1 master - 0 0 1 c 4-3"]
    {
        assert!(nodes(&bulk(bad)).is_err(), "{bad}");
    }
    assert_eq!(nodes("$0\r\n\r\n"), Ok(vec![]));
}

#[test]
fn f75_listed_nodes_are_trusted_and_those_being_met_are_not() {
    let mut agreement = Agreement::new(Duration::from_secs(5));
    let view = slots(SLOTS_VALKEY_9_FAILED).unwrap();
    agreement.adopt(ms(0), ms(0), &at(ASKED), view);
    assert!(!agreement.topology().lists(&at("[fd00::7]:22232")));
    agreement.set_listed(&nodes(NODES_VALKEY_9_FAILED).unwrap());
    for known in ["[fd00::7]:22232", "node-2.example.com:22232", "node-0.example.com:22230"] {
        assert!(agreement.topology().lists(&at(known)), "{known}");
    }
    assert!(!agreement.topology().lists(&at("evil.example:22232")));
    assert_eq!(agreement.topology().nodes().count(), 3);
    let joining = format!("{} h:1@2 handshake - 0 0 0 connected\n", "a".repeat(40));
    agreement.set_listed(&nodes(&bulk(&joining)).unwrap());
    assert!(!agreement.topology().lists(&at("h:1")));
    assert!(!agreement.topology().lists(&at("[fd00::7]:22232")));
}

// ---- endpoints and redirections ----------------------------------------------------------------

/// What a redirection means to someone who got it from 10.0.0.9:7009.
fn redirected(text: &str) -> Option<(u16, Option<String>)> {
    let redirection = Endpoint::parse_redirect(text.as_bytes())?;
    let to = redirection.to.resolve(&at("10.0.0.9:7009"), &AddressMap::default());
    Some((redirection.slot.number(), to.map(|address| address.to_string())))
}

#[test]
fn f15_redirections_as_servers_write_them() {
    let is = |slot, to: &str| Some((slot, Some(to.to_owned())));
    assert_eq!(redirected("3999 127.0.0.1:6381"), is(3999, "127.0.0.1:6381"));
    assert_eq!(redirected("3300 node-0.example.com:22210"), is(3300, "node-0.example.com:22210"));
    assert_eq!(redirected("16383 h:65535"), is(16383, "h:65535"));
}

#[test]
fn f28_a_redirection_without_host_stays_with_the_host() {
    assert_eq!(redirected("3999 :6380"), Some((3999, Some("10.0.0.9:6380".into()))));
}

#[test]
fn f29_a_redirection_to_an_unknown_host_is_one_but_leads_nowhere() {
    assert_eq!(redirected("511 ?:25040"), Some((511, None)));
}

#[test]
fn f30_ipv6_is_split_at_the_last_colon() {
    assert_eq!(redirected("3999 ::1:6380"), Some((3999, Some("[::1]:6380".into()))));
    assert_eq!(redirected("3300 fd00::7:22210"), Some((3300, Some("[fd00::7]:22210".into()))));
    assert_eq!(redirected("3999 [::1]:6380"), Some((3999, Some("[::1]:6380".into()))));
}

#[test]
fn f32_malformed_redirections_are_none() {
    let texts = [
        "",
        " ",
        "3999",
        "3999 ",
        "3999 h",
        "3999 h:",
        "3999 :",
        "3999 h:0",
        "3999 h:65536",
        "3999 h:72536",
        "3999 h:-1",
        "3999 h:+1",
        "3999 h: 1",
        "3999 h:1 ",
        "3999 h:1 x",
        "16384 h:1",
        "65536 h:1",
        "-1 h:1",
        "+1 h:1",
        "x h:1",
        " 1 h:1",
        "1  h:1",
        "1\th:1",
        "h:1",
        "1 a b:1",
        "99999999999999999999 h:1",
        "1 h:99999999999999999999",
        "1 h\r\n:1",
    ];
    for text in texts {
        assert_eq!(redirected(text), None, "{text:?}");
    }
    assert_eq!(Endpoint::parse_redirect(b"1 \xff:1"), None);
    // Every text that is cut off is either none or another, well-formed one.
    let whole = "3999 127.0.0.1:6381";
    for end in 0..=whole.len() {
        assert_eq!(redirected(&whole[..end]).is_some(), end > whole.rfind(':').unwrap() + 1);
    }
}

#[test]
fn f33_every_announced_address_passes_the_map_once() {
    let map = AddressMap::default()
        .node(at("10.0.0.1:7000"), at("127.0.0.1:17000"))
        .node(at("127.0.0.1:7001"), at("127.0.0.1:17001"))
        .host("10.0.0.2", "10.0.0.1");
    let asked = at("127.0.0.1:17000");
    let resolve = |endpoint: Endpoint| endpoint.resolve(&asked, &map).map(|a| a.to_string());
    let given = |text| Endpoint::Given(at(text));
    assert_eq!(resolve(given("10.0.0.1:7000")).as_deref(), Some("127.0.0.1:17000"));
    assert_eq!(resolve(given("10.0.0.2:7000")).as_deref(), Some("10.0.0.1:7000")); // not twice
    assert_eq!(resolve(given("10.0.0.3:7000")).as_deref(), Some("10.0.0.3:7000"));
    // Containers behind one host: the announced port is the server's own.
    let same_host = |port| Endpoint::announced(None, port).unwrap();
    assert_eq!(resolve(same_host(7001)).as_deref(), Some("127.0.0.1:17001"));
    assert_eq!(resolve(same_host(7002)).as_deref(), Some("127.0.0.1:7002"));
    // The same in every reply.
    let reply = frame(&array(&[row(0, 1, &["10.0.0.1:7000", ":7001"])]));
    let view = parse::slots(reply.value(), &asked, &map, 9).unwrap();
    assert_eq!(addresses(view.topology().nodes()), ["127.0.0.1:17000", "127.0.0.1:17001"]);
    let line = bulk("x 10.0.0.1:7000@1,10.0.0.2 master - 0 0 0 connected\n");
    let listed = parse::nodes(frame(&line).value(), &asked, &map, 9).unwrap();
    assert_eq!(listed[0].address, Some(asked.clone()));
    assert_eq!(listed[0].named_address, Some(at("10.0.0.1:7000")));
}

// ---- patching and difference -------------------------------------------------------------------

fn three_shards() -> View {
    view(&[
        row(0, 5460, &["h:1", "h:4"]),
        row(5461, 10922, &["h:2", "h:5"]),
        row(10923, 16383, &["h:3", "h:6"]),
    ])
}

#[test]
fn f15_a_patch_repoints_one_slot() {
    let mut topology = three_shards().topology().clone();
    let before = topology.clone();
    assert!(topology.is_complete());
    assert!(topology.patch(slot(100), &at("h:2")));
    assert!(!topology.patch(slot(100), &at("h:2")));
    assert_eq!(topology.shard_index(slot(100)), topology.shard_index(slot(6000)));
    assert_eq!(ranges(&topology), ["0-99", "100", "101-5460", "5461-10922", "10923-16383"]);
    assert_eq!(before.difference(&topology).to_string(), "1 slot moved");
    assert!(topology.patch(slot(100), &at("h:1")));
    assert_eq!(topology, before);
}

#[test]
fn a_patch_to_a_node_that_leads_no_shard_gives_it_one() {
    let mut topology = three_shards().topology().clone();
    let before = topology.clone();
    let places: Vec<_> = (0..3).map(|index| topology.shards()[index].clone()).collect();
    assert!(topology.patch(slot(0), &at("new:1")));
    assert!(topology.patch(slot(1), &at("h:4"))); // a promoted replica
    assert_eq!(addresses(topology.shard_of(slot(1)).unwrap().nodes()), ["h:4"]);
    assert!(topology.shard_of(slot(2)).unwrap().replicas().is_empty());
    assert_eq!(topology.nodes().count(), 7);
    assert_eq!(topology.shards()[1..3], places[1..]); // shards keep their places
    let change = before.difference(&topology);
    assert_eq!(change.to_string(), "2 slots moved, 1 node added, 1 role changed");
    assert_eq!(
        (change.roles()[0].node.clone(), change.roles()[0].role),
        (at("h:4"), Role::Primary)
    );
    // A hole is filled, and an empty topology learns.
    let mut topology = Topology::empty();
    assert!(topology.patch(slot(7), &at("new:1")));
    assert_eq!((ranges(&topology), topology.covered_slots()), (vec!["7".into()], 1));
}

#[test]
fn f77_patches_never_make_more_shards_than_slots() {
    let rows: Vec<_> = (0..16384).map(|n| row(n, n, &[&format!("h:{}", n + 1)])).collect();
    let reply = frame(&array(&rows));
    let view = parse::slots(reply.value(), &at(ASKED), &AddressMap::default(), 16384).unwrap();
    let mut topology = view.topology().clone();
    assert_eq!(topology.shards().len(), 16384);
    // No shard is idle but the one that this slot is about to leave.
    assert!(topology.patch(slot(9), &at("new:9999")));
    assert_eq!(primary(&topology, 9).as_deref(), Some("new:9999"));
    assert_eq!(primary(&topology, 0).as_deref(), Some("h:1"));
    for port in 1..100 {
        let newcomer = Address::new("new", port).unwrap();
        assert!(topology.patch(slot(port % 3), &newcomer));
        assert_eq!(topology.primary_of(slot(port % 3)).map(Node::address), Some(&newcomer));
        assert!(topology.is_complete());
    }
    assert_eq!(topology.shards().len(), 16384);
    assert_eq!(primary(&topology, 3).as_deref(), Some("h:4"));
}

#[test]
fn a_difference_names_ranges_nodes_and_roles() {
    let older = three_shards();
    let newer = view(&[
        row(0, 99, &["h:1"]),
        row(100, 5460, &["h:4", "h:9"]),
        row(5461, 10000, &["h:2", "h:5"]),
    ]);
    let change = older.topology().difference(newer.topology());
    let moved: Vec<_> = change
        .moved()
        .iter()
        .map(|moved| {
            let name =
                |end: &Option<Address>| end.as_ref().map_or_else(|| "-".into(), Address::to_string);
            format!("{}: {} {}", moved.slots, name(&moved.from), name(&moved.to))
        })
        .collect();
    assert_eq!(moved, ["100-5460: h:1 h:4", "10001-10922: h:2 -", "10923-16383: h:3 -"]);
    assert_eq!((change.added(), change.removed()), (&[at("h:9")][..], &[at("h:3"), at("h:6")][..]));
    assert_eq!(change.roles().len(), 1);
    let text = "11744 slots moved, 1 node added, 2 nodes removed, 1 role changed";
    assert_eq!(change.to_string(), text);
    assert!(older.topology().difference(older.topology()).is_empty());
    assert_eq!(older.topology().difference(older.topology()).to_string(), "nothing changed");
}

#[test]
fn equality_is_by_content() {
    let rows = [row(0, 9, &["h:1", "h:2", "h:3"]), row(10, 19, &["h:4"])];
    let reversed = [row(10, 19, &["h:4"]), row(0, 4, &["h:1", "h:3"]), row(5, 9, &["h:1", "h:2"])];
    assert_eq!(view(&rows), view(&reversed));
    assert_ne!(view(&rows), view(&rows[..1]));
    assert_ne!(view(&rows), view(&[row(0, 9, &["h:1", "h:2"]), row(10, 19, &["h:4"])]));
    assert_eq!(Topology::default(), Topology::empty());
    assert!(Topology::empty().slot_ranges().next().is_none());
    assert_eq!(
        format!("{:?}", view(&rows[1..]).topology()),
        "{SlotRange(10-19): h:4 + 0} and 0 other nodes"
    );
}

#[test]
fn f34_a_node_that_moved_is_removed_and_added() {
    let with_id = |host: &str| {
        let node = array(&[bulk(host), int(7), bulk(&"a".repeat(40))]);
        view(&[array(&[int(0), int(9), node])])
    };
    let change = with_id("old").topology().difference(with_id("new").topology());
    assert_eq!((change.added(), change.removed()), (&[at("new:7")][..], &[at("old:7")][..]));
    assert_eq!(change.moved_count(), 10);
    let id = NodeId::parse("a".repeat(40).as_bytes()).unwrap();
    assert_eq!(with_id("new").topology().primary_of(slot(0)).unwrap().id(), Some(id));
    assert!(NodeId::parse(b"abc").is_none() && NodeId::parse("g".repeat(40).as_bytes()).is_none());
}

// ---- identity ----------------------------------------------------------------------------------

/// The ID of a node.
fn of(name: char) -> String {
    name.to_string().repeat(40)
}

/// A row as Redis 6.2 tells it: addresses, each with the ID after a blank, if it has one.
fn row_of(first: i64, last: i64, nodes: &[&str]) -> String {
    let node = |text: &&str| {
        let (address, id) = text.split_once(' ').map_or((*text, None), |(a, id)| (a, Some(id)));
        let (host, port) = address.rsplit_once(':').unwrap();
        let id = id.map(|id| bulk(&of(id.parse().unwrap())));
        array(&[bulk(host), int(port)].into_iter().chain(id).collect::<Vec<_>>())
    };
    let nodes = nodes.iter().map(node);
    array(&[int(first), int(last)].into_iter().chain(nodes).collect::<Vec<_>>())
}

/// A view of one or two shards.
fn view_from(rows: &[&[&str]]) -> View {
    let rows = [0, 100].iter().zip(rows).map(|(first, nodes)| row_of(*first, first + 9, nodes));
    view(&rows.collect::<Vec<_>>())
}

/// Who answers, its ID if it tells it, what it says, and what is doubtful about that.
type Case<'a> = (&'a str, Option<char>, &'a [&'a [&'a str]], Option<Doubt>);

#[test]
fn rules_6_and_7_a_view_is_doubtful_if_its_ids_say_so() {
    let held = [&["h:1 a", "h:3 c"][..], &["h:2 b"]];
    let (own, foreign) = (Some('a'), Some('e'));
    let stranger = Some(Doubt::Stranger);
    let other = Some(Doubt::Foreign);
    let cases: &[Case<'_>] = &[
        // Known nodes, whatever of the others.
        ("h:1", own, &[&["h:1 a"], &["h:2 b"]], None),
        ("h:1", own, &[&["h:1 a"]], None),
        ("h:1", None, &[&["h:1 a"], &["h:2 b"]], None),
        // The same nodes at other addresses, exchanged ones as well.
        ("h:9", None, &[&["h:9 a"], &["h:8 b"]], None),
        ("h:1", Some('b'), &[&["h:2 a"], &["h:1 b"]], None),
        ("h:1", None, &[&["h:2 a"], &["h:1 b"]], None),
        // Another cluster at a known address, whether it tells the ID or only the view does.
        ("h:3", foreign, &[&["h:3 e"], &["h:4 f"]], stranger),
        ("h:3", None, &[&["h:3 e"], &["h:4 f"]], stranger),
        // The same, and it lists a node of ours: a node that was reset, and has joined again.
        ("h:3", foreign, &[&["h:1 a", "h:3 e"], &["h:2 b"]], stranger),
        ("h:3", None, &[&["h:1 a", "h:3 e"], &["h:2 b"]], stranger),
        // It does not say where it is itself, as behind an address map.
        ("h:3", None, &[&["i:3 e"], &["i:4 f"]], other),
        // Another cluster at an address that is not known: a seed.
        ("seed:1", foreign, &[&["h:3 e"], &["h:4 f"]], other),
        ("seed:1", None, &[&["h:3 e"]], other),
        ("seed:1", foreign, &[&["h:3 e"], &["h:1 a"]], None),
        // Nothing to compare.
        ("h:1", None, &[&["h:1"], &["h:2"]], None),
        ("h:3", foreign, &[&["i:1"]], None),
        // One address for two nodes: a connection may lead to either.
        ("h:3", None, &[&["h:3 e"], &["h:3 b"]], None),
    ];
    for (told_by, id, rows, expected) in cases {
        let mut agreement = Agreement::new(TRUST);
        let id = id.and_then(|id| NodeId::parse(of(id).as_bytes()));
        let new = view_from(rows);
        assert_eq!(agreement.doubt(&at(told_by), id, &new), None, "nothing is known");
        agreement.adopt(ms(0), ms(0), &at("h:1"), view_from(&[&["h:1"], &["h:2"]]));
        assert_eq!(agreement.doubt(&at(told_by), id, &new), None, "no ID is known");
        agreement.adopt(ms(0), ms(0), &at("h:1"), view_from(&held));
        assert_eq!(agreement.doubt(&at(told_by), id, &new), *expected, "{told_by} {id:?} {rows:?}");
    }
}

#[test]
fn rule_8_what_a_stranger_told_is_forgotten() {
    let mut agreement = taught("h:2");
    agreement.forget_stranger(&at("h:2"));
    assert_eq!(agreement.fact_count(), 1, "it was told by another");
    agreement.forget_stranger(&at("h:1"));
    assert_eq!(agreement.fact_count(), 0);
    let result = adopt(&mut agreement, (1100, 900), "h:3", says("h:1"));
    assert_eq!(result, ("h:1".into(), 0, 0), "a view wins that was asked for before");
}

#[test]
fn rule_8_what_a_node_told_stays_when_a_stranger_gets_its_address() {
    let [own, other] = ['a', 'e'].map(|letter| NodeId::parse(of(letter).as_bytes()));
    for (bears, is_kept) in [(own, true), (other, false), (None, false)] {
        let mut agreement = Agreement::new(TRUST);
        agreement.adopt(ms(0), ms(0), &at("h:1"), view_from(&[&["h:1 a"], &["h:2 b"]]));
        agreement.moved(ms(10), slot(0), &at("h:2"), &at("h:1"), bears);
        agreement.forget_stranger(&at("h:1"));
        assert_eq!(agreement.fact_count() == 1, is_kept, "{bears:?}");
    }
}

#[test]
fn rule_10_another_cluster_is_followed_once_the_known_nodes_are_gone() {
    let delay = Duration::from_secs(30);
    let soon = Duration::from_secs(29);
    let absence = |silent, connected, witnesses| {
        let mut absence = Absence::default();
        (absence.silent, absence.connected, absence.witnesses) = (silent, connected, witnesses);
        absence
    };
    // Every known address has answered, and none as it should.
    assert!(absence(0, 0, 0).is_final(delay));
    // Some are silent: a second known node, a seed, or time decides.
    for (silent, connected, is_gone) in [(2, 0, true), (2, 1, false), (1, 1, false)] {
        let plain = absence(silent, connected, 1);
        assert!(!plain.is_final(delay));
        assert!(!Absence { lasted: soon, ..plain }.is_final(delay));
        assert_eq!(Absence { lasted: delay, ..plain }.is_final(delay), is_gone);
        assert_eq!(Absence { witnesses: 2, ..plain }.is_final(delay), is_gone);
        assert_eq!(Absence { has_seed: true, ..plain }.is_final(delay), is_gone);
        // Nodes that the others have forgotten answer for ever.
        assert!(Absence { has_seed: true, is_stuck: true, ..plain }.is_final(delay));
        assert!(!Absence { is_stuck: true, ..plain }.is_final(delay));
    }
}

#[test]
fn another_cluster_brings_its_own_facts() {
    let mut agreement = taught("h:2");
    let adopted = agreement.replace(ms(1100), ms(900), &at("i:1"), view_from(&[&["i:1"]]));
    assert_eq!((adopted.kept, agreement.fact_count()), (0, 0));
    assert_eq!(primary(agreement.topology(), 0).as_deref(), Some("i:1"));
    assert!(!agreement.topology().lists(&at("h:2")));
}

#[test]
fn an_address_of_several_nodes_has_no_id() {
    let shared = view_from(&[&["h:1 a", "h:2 c"], &["h:1 b", "h:2 d"]]);
    assert!(shared.topology().nodes().all(|node| node.id().is_none()));
    let own = view_from(&[&["h:1 a", "h:2 c"], &["h:1 a", "h:2 c"]]);
    assert!(own.topology().nodes().all(|node| node.id().is_some()));
}

// ---- agreement ---------------------------------------------------------------------------------

const TRUST: Duration = Duration::from_secs(5);

/// Slot 0 belongs to `owner`; h:1, h:2 and h:3 are primaries of 1, 2 and 3.
fn says(owner: &str) -> View {
    let mut rows = vec![row(1, 1, &["h:1"]), row(2, 2, &["h:2"]), row(3, 3, &["h:3"])];
    rows.push(row(0, 0, &[owner]));
    view(&rows)
}

/// At 0 everyone says that h:1 owns slot 0. At 1000 h:1 says that it is `owner`.
fn taught(owner: &str) -> Agreement {
    let mut agreement = Agreement::new(TRUST);
    let adopted = agreement.adopt(ms(0), ms(0), &at("h:3"), says("h:1"));
    assert_eq!((adopted.kept, adopted.is_outdated), (0, false));
    assert!(agreement.moved(ms(1000), slot(0), &at(owner), &at("h:1"), None));
    assert_eq!(primary(agreement.topology(), 0).as_deref(), Some(owner));
    assert_eq!(agreement.best_informed(), Some(&at(owner)));
    agreement
}

/// Adopts a view and returns who owns slot 0 then, how many facts won, and how many are left.
fn adopt(
    agreement: &mut Agreement,
    (now, asked_at): (u64, u64),
    told_by: &str,
    view: View,
) -> (String, usize, usize) {
    let before = agreement.topology().clone();
    let adopted = agreement.adopt(ms(now), ms(asked_at), &at(told_by), view);
    assert_eq!(adopted.change, before.difference(agreement.topology()));
    let owner = primary(agreement.topology(), 0).unwrap_or_default();
    (owner, adopted.kept, agreement.fact_count())
}

#[test]
fn f27_rule_1_a_view_that_agrees_settles_the_fact() {
    for (asked_at, told_by) in [(500, "h:3"), (1500, "h:3"), (1500, "h:1")] {
        let mut agreement = taught("h:2");
        let result = adopt(&mut agreement, (1600, asked_at), told_by, says("h:2"));
        assert_eq!(result, ("h:2".into(), 0, 0));
    }
}

#[test]
fn f27_rule_2_a_view_asked_for_before_the_fact_loses() {
    // From any node, however late the view comes, and even if it does not list the owner.
    for (now, told_by, owner) in
        [(1001, "h:3", "h:2"), (1001, "h:1", "h:2"), (1001, "h:2", "h:2"), (90_000, "h:3", "new:1")]
    {
        let mut agreement = taught(owner);
        let result = adopt(&mut agreement, (now, 999), told_by, says("h:1"));
        assert_eq!(result, (owner.into(), 1, 1), "{told_by}");
    }
}

#[test]
fn f27_rule_3_those_who_took_part_know_best() {
    for told_by in ["h:1", "h:2"] {
        let mut agreement = taught("h:2");
        let result = adopt(&mut agreement, (1100, 1000), told_by, says("h:3"));
        assert_eq!(result, ("h:3".into(), 0, 0), "{told_by}");
    }
}

#[test]
fn f27_rule_4_gossip_gets_time_to_spread() {
    let mut agreement = taught("h:2");
    assert_eq!(adopt(&mut agreement, (2000, 1500), "h:3", says("h:1")), ("h:2".into(), 1, 1));
    assert_eq!(adopt(&mut agreement, (5999, 5900), "h:3", says("h:1")), ("h:2".into(), 1, 1));
    assert_eq!(adopt(&mut agreement, (6000, 5999), "h:3", says("h:1")), ("h:1".into(), 0, 0));
}

#[test]
fn f27_rule_4_does_not_keep_an_owner_that_left() {
    let mut agreement = taught("new:1");
    assert_eq!(adopt(&mut agreement, (2000, 1500), "h:3", says("h:1")), ("h:1".into(), 0, 0));
    // But a view without the nodes that have no slots cannot deny that it belongs.
    assert!(agreement.topology().lists(&at("new:1")));
    let listed = bulk("x h:1@1 master - 0 0 0 connected\n");
    agreement.set_listed(&nodes(&listed).unwrap());
    assert!(!agreement.topology().lists(&at("new:1")));
}

#[test]
fn f27_a_view_older_than_the_one_that_is_held_changes_nothing() {
    let mut agreement = taught("h:2");
    assert_eq!(adopt(&mut agreement, (2000, 1500), "h:3", says("h:2")), ("h:2".into(), 0, 0));
    let before = agreement.topology().clone();
    let late = agreement.adopt(ms(2100), ms(900), &at("h:1"), says("h:1"));
    assert!(late.is_outdated && late.change.is_empty());
    assert_eq!(agreement.topology(), &before);
}

#[test]
fn f27_a_confirmed_owner_is_noted_too() {
    let mut agreement = Agreement::new(TRUST);
    agreement.adopt(ms(0), ms(0), &at("h:3"), says("h:2"));
    assert!(!agreement.moved(ms(1000), slot(0), &at("h:2"), &at("h:1"), None));
    assert_eq!(adopt(&mut agreement, (1001, 999), "h:3", says("h:1")), ("h:2".into(), 1, 1));
}

#[test]
fn f25_holes_replace_owners_and_lower_coverage_is_accepted() {
    let mut agreement = Agreement::new(TRUST);
    agreement.adopt(ms(0), ms(0), &at("h:1"), three_shards());
    let adopted = agreement.adopt(ms(9), ms(9), &at("h:1"), view(&[row(0, 9, &["h:1"])]));
    assert_eq!(adopted.change.to_string(), "16374 slots moved, 5 nodes removed");
    assert_eq!(agreement.topology().covered_slots(), 10);
    assert!(agreement.topology().shard_of(slot(10)).is_none());
}

#[test]
fn what_is_known_of_a_node_outlives_the_view_that_misses_it() {
    let mut agreement = Agreement::new(TRUST);
    let old = slots_and_shards(SLOTS_7_0, SHARDS_7_0).unwrap();
    agreement.adopt(ms(0), ms(0), &at(ASKED), old);
    let newcomer = at("127.0.0.1:22212");
    let id = agreement.topology().other_nodes()[0].id();
    assert!(id.is_some());
    // Views of `CLUSTER SLOTS` alone leave the newcomer listed, the ASK before its first slot.
    agreement.adopt(ms(1), ms(1), &at(ASKED), slots(SLOTS_7_0).unwrap());
    assert!(agreement.topology().lists(&newcomer));
    agreement.moved(ms(2), slot(5), &newcomer, &at(ASKED), None);
    agreement.adopt(ms(3), ms(1), &at(ASKED), slots(SLOTS_7_0).unwrap());
    assert_eq!(agreement.topology().primary_of(slot(5)).unwrap().id(), id);
    assert_eq!(agreement.topology().nodes().count(), 3);
}

/// Each view lists nodes that no earlier view listed, all with slots, and each redirection names
/// yet another node. A node that is no longer named goes with its fact, or after a while.
#[test]
fn f65_nodes_that_nobody_lists_any_more_are_forgotten() {
    const LIMIT: usize = 12;
    let mut agreement = Agreement::new(TRUST).limited_to(LIMIT);
    let mut time = 0;
    for round in 0..100 {
        let rows = (0..10).map(|n| row(n, n, &[&format!("a{round}-{n}:1")]));
        let view = view(&rows.collect::<Vec<_>>());
        time += 300;
        agreement.adopt(ms(time), ms(time), &at("h:1"), view);
        for n in 0..20_u16 {
            agreement.moved(
                ms(time),
                slot(n % 10),
                &at(&format!("b{round}-{n}:1")),
                &at("h:1"),
                None,
            );
        }
        let count = agreement.topology().nodes().count();
        assert!(count <= LIMIT, "round {round}: {count} nodes, {} facts", agreement.fact_count());
    }
    time += 10_000;
    agreement.adopt(ms(time), ms(time), &at("h:1"), view(&[row(0, 100, &["h:1"])]));
    assert_eq!(agreement.topology().nodes().count(), 1);
}

/// A node without slots, of which the views of this node tell nothing, stays for a while.
#[test]
fn a_node_without_slots_stays_for_as_long_as_redirections_are_trusted() {
    let mut agreement = taught("h:4");
    adopt(&mut agreement, (2000, 2000), "h:4", says("h:1"));
    assert!(agreement.topology().lists(&at("h:4")), "who knows best has overruled it");
    adopt(&mut agreement, (5_999, 5_999), "h:1", says("h:1"));
    assert!(agreement.topology().lists(&at("h:4")));
    adopt(&mut agreement, (6_000, 6_000), "h:1", says("h:1"));
    assert!(!agreement.topology().lists(&at("h:4")));
}

// ---- properties --------------------------------------------------------------------------------

/// RESP that looks like a topology often enough to get deep into the readers.
fn resp() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (0i64..20).prop_map(int),
        prop_oneof![Just(-1), Just(0), Just(16383), Just(16384), Just(65536), any::<i64>()]
            .prop_map(int),
        prop_oneof!["", "\\?", "h", "10.0.0.1", "::1", "[a-f0-9]{40}", "\\PC{0,9}"]
            .prop_map(|text| bulk(&text)),
        prop_oneof![
            "nodes", "slots", "id", "ip", "endpoint", "port", "tls-port", "health", "hostname"
        ]
        .prop_map(|text| bulk(&text)),
        Just("_\r\n".to_owned()),
        Just("+OK\r\n".to_owned()),
    ];
    let node =
        (prop_oneof!["h", "", "\\?"], -1i64..4).prop_map(|(h, p)| array(&[bulk(&h), int(p)]));
    let row =
        (-1i64..40, 0i64..4, prop::collection::vec(node, 0..4)).prop_map(|(first, len, nodes)| {
            array(&[vec![int(first), int(first + len)], nodes].concat())
        });
    prop_oneof![leaf, row].prop_recursive(5, 64, 6, |inner| {
        prop::collection::vec(inner, 0..7).prop_flat_map(|items| {
            let map = items.chunks_exact(2).flatten().cloned().collect::<Vec<_>>();
            let map = format!("%{}\r\n{}", map.len() / 2, map.concat());
            prop_oneof![4 => Just(array(&items)), 1 => Just(map)]
        })
    })
}

/// All three readers take any value.
fn read_all(bytes: &[u8]) {
    let Ok(frame) = Frame::parse(bytes.to_vec(), &Limits::default()) else { return };
    let (asked, map) = (at(ASKED), AddressMap::default());
    if let Ok(view) = parse::slots(frame.value(), &asked, &map, 8) {
        assert!(view.topology().covered_slots() > 0 && view.topology().nodes().count() <= 8);
    }
    let mut view = three_shards();
    if parse::shards(&mut view, frame.value(), &asked, &map, 8).is_ok() {
        assert!(view.topology().other_nodes().len() <= 8);
        assert!(view.topology().is_complete());
    }
    if let Ok(nodes) = parse::nodes(frame.value(), &asked, &map, 8) {
        assert!(nodes.len() <= 8);
    }
}

/// Slots in the tests below stand in blocks, each of one primary or none.
const BLOCKS: u16 = 8;
const BLOCK_LEN: u16 = 2048;

fn name(index: usize) -> String {
    format!("n:{}", index + 1)
}

/// For every block its primary and replicas.
type Blocks = Vec<Option<(usize, Vec<usize>)>>;

fn blocks() -> impl Strategy<Value = Blocks> {
    let block = prop::option::weighted(0.8, (0usize..5, prop::collection::vec(5usize..9, 0..3)));
    prop::collection::vec(block, usize::from(BLOCKS))
        .prop_filter("a view names a primary", |blocks| blocks.iter().any(Option::is_some))
}

fn view_of(blocks: &Blocks) -> View {
    let rows: Vec<_> = (0..BLOCKS)
        .zip(blocks)
        .filter_map(|(block, nodes)| {
            let (primary, replicas) = nodes.as_ref()?;
            let names: Vec<_> = [primary].into_iter().chain(replicas).map(|i| name(*i)).collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            let first = i64::from(block * BLOCK_LEN);
            Some(row(first, first + i64::from(BLOCK_LEN) - 1, &names))
        })
        .collect();
    view(&rows)
}

/// Who owns the first two slots and the last of each block.
fn owners(topology: &Topology) -> BTreeMap<u16, Option<String>> {
    let slots = (0..BLOCKS).flat_map(|block| [0, 1, BLOCK_LEN - 1].map(|n| block * BLOCK_LEN + n));
    slots.map(|slot| (slot, primary(topology, slot))).collect()
}

#[derive(Debug, Clone)]
enum Step {
    Wait { ms: u64 },
    Moved { block: u16, to: usize, told_by: usize },
    Adopt { asked_ago: u64, told_by: usize, blocks: Blocks },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u64..3000).prop_map(|ms| Step::Wait { ms }),
        (0..BLOCKS, 0usize..6, 0usize..5).prop_map(|(block, to, told_by)| Step::Moved {
            block,
            to,
            told_by
        }),
        (0u64..4000, 0usize..5, blocks()).prop_map(|(asked_ago, told_by, blocks)| Step::Adopt {
            asked_ago,
            told_by,
            blocks
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..Default::default() })]

    #[test]
    fn f78_arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
    }

    #[test]
    fn f78_arbitrary_values_never_panic(text in resp()) {
        read_all(text.as_bytes());
    }

    #[test]
    fn f78_damaged_replies_never_panic(
        which in 0usize..4, at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let reply = [SLOTS_VALKEY_9, SHARDS_VALKEY_9_FAILED, NODES_VALKEY_9_FAILED, SLOTS_6_2][which];
        let mut bytes = reply.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        read_all(&bytes);
    }

    #[test]
    fn f78_arbitrary_redirections_never_panic(text in prop::collection::vec(any::<u8>(), 0..40)) {
        drop(Endpoint::parse_redirect(&text));
    }

    #[test]
    fn redirections_read_back(number in 0u16..16384, host in "([a-z][a-z0-9.]{0,19}|::[1-9a-f]{0,4})?", port in 1u16..) {
        let text = format!("{number} {host}:{port}");
        let redirection = Endpoint::parse_redirect(text.as_bytes()).unwrap();
        prop_assert_eq!(redirection.slot.number(), number);
        let to = redirection.to.resolve(&at("asked:1"), &AddressMap::default()).unwrap();
        let host = if host.is_empty() { "asked" } else { &host };
        prop_assert_eq!((to.host(), to.port()), (host, port));
    }

    #[test]
    fn a_difference_applied_gives_the_newer(
        older in blocks(), newer in blocks(), patches in prop::collection::vec((0u16..16, 0usize..9), 0..4),
    ) {
        let older = view_of(&older).topology().clone();
        let mut newer = view_of(&newer).topology().clone();
        for (number, to) in patches {
            newer.patch(slot(number * 1024), &at(&name(to)));
        }
        let change = older.difference(&newer);

        let mut routes = owners(&older);
        for moved in change.moved() {
            let (from, to) = (&moved.from, &moved.to);
            let text = |end: &Option<Address>| end.as_ref().map(Address::to_string);
            for (_, owner) in routes.iter_mut().filter(|(n, _)| moved.slots.contains(slot(**n))) {
                prop_assert_eq!(&*owner, &text(from));
                *owner = text(to);
            }
        }
        prop_assert_eq!(routes, owners(&newer));

        let listed = |topology: &Topology| -> BTreeSet<Address> {
            topology.nodes().map(|node| node.address().clone()).collect()
        };
        let mut nodes = listed(&older);
        for removed in change.removed() {
            prop_assert!(nodes.remove(removed));
        }
        for added in change.added() {
            prop_assert!(nodes.insert(added.clone()));
        }
        prop_assert_eq!(&nodes, &listed(&newer));
        prop_assert_eq!(nodes.len(), newer.nodes().count());
        prop_assert!(newer.difference(&newer).is_empty());
    }

    #[test]
    fn f27_a_newer_fact_is_never_lost(steps in prop::collection::vec(step(), 1..30)) {
        let mut agreement = Agreement::new(TRUST);
        // The last fact about the first slot of each block, while it must hold.
        let mut facts: BTreeMap<u16, (u64, usize, usize)> = BTreeMap::new();
        let (mut now, mut held_since) = (10_000u64, 0);
        for step in steps {
            let before = agreement.topology().clone();
            match step {
                Step::Wait { ms } => now += ms,
                Step::Moved { block, to, told_by } => {
                    let slot = slot(block * BLOCK_LEN);
                    agreement.moved(ms(now), slot, &at(&name(to)), &at(&name(told_by)), None);
                    facts.insert(block, (now, to, told_by));
                }
                Step::Adopt { asked_ago, told_by, blocks } => {
                    let asked_at = now - asked_ago;
                    let view = view_of(&blocks);
                    let said = view.topology().clone();
                    let adopted =
                        agreement.adopt(ms(now), ms(asked_at), &at(&name(told_by)), view);
                    prop_assert_eq!(adopted.is_outdated, asked_at < held_since);
                    prop_assert_eq!(&adopted.change, &before.difference(agreement.topology()));
                    if adopted.is_outdated {
                        prop_assert_eq!(agreement.topology(), &before);
                        continue;
                    }
                    held_since = asked_at;
                    facts.retain(|block, (learned, to, teller)| {
                        let owner = primary(&said, block * BLOCK_LEN);
                        let listed = said.lists(&at(&name(*to)));
                        let young = now - *learned < 5000;
                        owner != Some(name(*to))
                            && (asked_at < *learned
                                || (told_by != *to && told_by != *teller && young && listed))
                    });
                    prop_assert_eq!(adopted.kept, facts.len());
                    let mut expected = owners(&said);
                    for (block, (_, to, _)) in &facts {
                        expected.insert(block * BLOCK_LEN, Some(name(*to)));
                    }
                    prop_assert_eq!(owners(agreement.topology()), expected);
                }
            }
            for (block, (_, to, _)) in &facts {
                prop_assert_eq!(primary(agreement.topology(), block * BLOCK_LEN), Some(name(*to)));
            }
            prop_assert_eq!(agreement.fact_count(), facts.len());
        }
    }
}

// ---- captured replies --------------------------------------------------------------------------

const SLOTS_6_2: &str = "\
    *1\r\n*4\r\n:0\r\n:8191\r\n*3\r\n$9\r\n127.0.0.1\r\n:22200\r\n$40\r\n\
    11ab441a82197aa827508f2504810a891efc9c9e\r\n*3\r\n$9\r\n127.0.0.1\r\n:22201\r\n$40\r\n\
    7096e98446c290a97185f124646721f9a82123f4\r\n";
const SLOTS_6_2_FRESH: &str = "\
    *1\r\n*3\r\n:0\r\n:8191\r\n*3\r\n$0\r\n\r\n:22200\r\n$40\r\n\
    11ab441a82197aa827508f2504810a891efc9c9e\r\n";
const SLOTS_7_0: &str = "\
    *1\r\n*3\r\n:0\r\n:8191\r\n*4\r\n$9\r\n127.0.0.1\r\n:22210\r\n$40\r\n\
    7f89ea7ebe781df59dd7f38df9c2ef792673f05d\r\n*0\r\n";
const SLOTS_7_0_RESP3: &str = "\
    *1\r\n*3\r\n:0\r\n:8191\r\n*4\r\n$9\r\n127.0.0.1\r\n:22210\r\n$40\r\n\
    7f89ea7ebe781df59dd7f38df9c2ef792673f05d\r\n%0\r\n";
const SLOTS_7_0_UNKNOWN: &str = "\
    *1\r\n*3\r\n:0\r\n:8191\r\n*4\r\n$-1\r\n:22210\r\n$40\r\n\
    7f89ea7ebe781df59dd7f38df9c2ef792673f05d\r\n*2\r\n$2\r\nip\r\n$9\r\n127.0.0.1\r\n";
const SLOTS_7_0_UNKNOWN_RESP3: &str = "\
    *1\r\n*3\r\n:0\r\n:8191\r\n*4\r\n_\r\n:22210\r\n$40\r\n\
    7f89ea7ebe781df59dd7f38df9c2ef792673f05d\r\n%1\r\n$2\r\nip\r\n$9\r\n127.0.0.1\r\n";
const SLOTS_7_0_NO_HOSTNAME: &str = "\
    *1\r\n*3\r\n:0\r\n:8191\r\n*4\r\n$1\r\n?\r\n:22210\r\n$40\r\n\
    7f89ea7ebe781df59dd7f38df9c2ef792673f05d\r\n%1\r\n$2\r\nip\r\n$9\r\n127.0.0.1\r\n";
const SLOTS_7_0_HOSTNAME: &str = "\
    *1\r\n*3\r\n:0\r\n:8191\r\n*4\r\n$18\r\nnode-0.example.com\r\n:22210\r\n$40\r\n\
    7f89ea7ebe781df59dd7f38df9c2ef792673f05d\r\n%1\r\n$2\r\nip\r\n$9\r\n127.0.0.1\r\n";
const SLOTS_7_0_IPV6: &str = "\
    *1\r\n*3\r\n:0\r\n:8191\r\n*4\r\n$7\r\nfd00::7\r\n:22210\r\n$40\r\n\
    7f89ea7ebe781df59dd7f38df9c2ef792673f05d\r\n*2\r\n$8\r\nhostname\r\n$18\r\n\
    node-0.example.com\r\n";
const SLOTS_VALKEY_9: &str = "\
    *1\r\n*4\r\n:0\r\n:8191\r\n*4\r\n$9\r\n127.0.0.1\r\n:22230\r\n$40\r\n\
    f1cb809defb295d4b22a236870d58f644d21bd23\r\n*4\r\n$8\r\nhostname\r\n$18\r\n\
    node-0.example.com\r\n$17\r\navailability-zone\r\n$6\r\nzone-a\r\n*4\r\n$9\r\n\
    127.0.0.1\r\n:22231\r\n$40\r\n5e1f55d478e215eb2af96806415884c2d7e7fec2\r\n*4\r\n$8\r\n\
    hostname\r\n$18\r\nnode-1.example.com\r\n$17\r\navailability-zone\r\n$6\r\nzone-a\r\n";
const SLOTS_VALKEY_9_RESP3: &str = "\
    *1\r\n*4\r\n:0\r\n:8191\r\n*4\r\n$9\r\n127.0.0.1\r\n:22230\r\n$40\r\n\
    f1cb809defb295d4b22a236870d58f644d21bd23\r\n%2\r\n$8\r\nhostname\r\n$18\r\n\
    node-0.example.com\r\n$17\r\navailability-zone\r\n$6\r\nzone-a\r\n*4\r\n$9\r\n\
    127.0.0.1\r\n:22231\r\n$40\r\n5e1f55d478e215eb2af96806415884c2d7e7fec2\r\n%2\r\n$8\r\n\
    hostname\r\n$18\r\nnode-1.example.com\r\n$17\r\navailability-zone\r\n$6\r\nzone-a\r\n";
const SHARDS_7_0: &str = "\
    *2\r\n*4\r\n$5\r\nslots\r\n*0\r\n$5\r\nnodes\r\n*1\r\n*14\r\n$2\r\nid\r\n$40\r\n\
    d2f9a47d8358ecd2ec2ca43526a56d5657d129b6\r\n$4\r\nport\r\n:22212\r\n$2\r\nip\r\n$9\r\n\
    127.0.0.1\r\n$8\r\nendpoint\r\n$9\r\n127.0.0.1\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$18\r\n\
    replication-offset\r\n:0\r\n$6\r\nhealth\r\n$6\r\nonline\r\n*4\r\n$5\r\nslots\r\n*2\r\n\
    :0\r\n:8191\r\n$5\r\nnodes\r\n*2\r\n*14\r\n$2\r\nid\r\n$40\r\n\
    7f89ea7ebe781df59dd7f38df9c2ef792673f05d\r\n$4\r\nport\r\n:22210\r\n$2\r\nip\r\n$9\r\n\
    127.0.0.1\r\n$8\r\nendpoint\r\n$9\r\n127.0.0.1\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$18\r\n\
    replication-offset\r\n:0\r\n$6\r\nhealth\r\n$6\r\nonline\r\n*14\r\n$2\r\nid\r\n$40\r\n\
    645c617cfe6a425af438a31250cca393945cc060\r\n$4\r\nport\r\n:22211\r\n$2\r\nip\r\n$9\r\n\
    127.0.0.1\r\n$8\r\nendpoint\r\n$9\r\n127.0.0.1\r\n$4\r\nrole\r\n$7\r\nreplica\r\n$18\r\n\
    replication-offset\r\n:0\r\n$6\r\nhealth\r\n$7\r\nloading\r\n";
const SHARDS_7_0_RESP3: &str = "\
    *2\r\n%2\r\n$5\r\nslots\r\n*0\r\n$5\r\nnodes\r\n*1\r\n%7\r\n$2\r\nid\r\n$40\r\n\
    d2f9a47d8358ecd2ec2ca43526a56d5657d129b6\r\n$4\r\nport\r\n:22212\r\n$2\r\nip\r\n$9\r\n\
    127.0.0.1\r\n$8\r\nendpoint\r\n$9\r\n127.0.0.1\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$18\r\n\
    replication-offset\r\n:0\r\n$6\r\nhealth\r\n$6\r\nonline\r\n%2\r\n$5\r\nslots\r\n*2\r\n\
    :0\r\n:8191\r\n$5\r\nnodes\r\n*2\r\n%7\r\n$2\r\nid\r\n$40\r\n\
    7f89ea7ebe781df59dd7f38df9c2ef792673f05d\r\n$4\r\nport\r\n:22210\r\n$2\r\nip\r\n$9\r\n\
    127.0.0.1\r\n$8\r\nendpoint\r\n$9\r\n127.0.0.1\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$18\r\n\
    replication-offset\r\n:0\r\n$6\r\nhealth\r\n$6\r\nonline\r\n%7\r\n$2\r\nid\r\n$40\r\n\
    645c617cfe6a425af438a31250cca393945cc060\r\n$4\r\nport\r\n:22211\r\n$2\r\nip\r\n$9\r\n\
    127.0.0.1\r\n$8\r\nendpoint\r\n$9\r\n127.0.0.1\r\n$4\r\nrole\r\n$7\r\nreplica\r\n$18\r\n\
    replication-offset\r\n:0\r\n$6\r\nhealth\r\n$7\r\nloading\r\n";
const SLOTS_VALKEY_9_FAILED: &str = "\
    *1\r\n*3\r\n:0\r\n:8191\r\n*4\r\n$7\r\nfd00::7\r\n:22230\r\n$40\r\n\
    f1cb809defb295d4b22a236870d58f644d21bd23\r\n%2\r\n$8\r\nhostname\r\n$18\r\n\
    node-0.example.com\r\n$17\r\navailability-zone\r\n$6\r\nzone-a\r\n";
const SHARDS_VALKEY_9_FAILED: &str = "\
    *2\r\n%3\r\n$5\r\nslots\r\n*0\r\n$5\r\nnodes\r\n*1\r\n%9\r\n$2\r\nid\r\n$40\r\n\
    85beb065bbb0e1453c5bec47ba016bb0aca55685\r\n$4\r\nport\r\n:22232\r\n$2\r\nip\r\n$7\r\n\
    fd00::7\r\n$8\r\nendpoint\r\n$7\r\nfd00::7\r\n$8\r\nhostname\r\n$18\r\n\
    node-2.example.com\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$18\r\nreplication-offset\r\n:0\r\n\
    $6\r\nhealth\r\n$6\r\nonline\r\n$17\r\navailability-zone\r\n$6\r\nzone-a\r\n$2\r\nid\r\n\
    $40\r\nf37524a22d15bfd8f6ce37cc3c5eb735ec6790ee\r\n%3\r\n$5\r\nslots\r\n*2\r\n:0\r\n\
    :8191\r\n$5\r\nnodes\r\n*2\r\n%9\r\n$2\r\nid\r\n$40\r\n\
    f1cb809defb295d4b22a236870d58f644d21bd23\r\n$4\r\nport\r\n:22230\r\n$2\r\nip\r\n$7\r\n\
    fd00::7\r\n$8\r\nendpoint\r\n$7\r\nfd00::7\r\n$8\r\nhostname\r\n$18\r\n\
    node-0.example.com\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$18\r\nreplication-offset\r\n:14\r\n\
    $6\r\nhealth\r\n$6\r\nonline\r\n$17\r\navailability-zone\r\n$6\r\nzone-a\r\n%9\r\n$2\r\n\
    id\r\n$40\r\n5e1f55d478e215eb2af96806415884c2d7e7fec2\r\n$4\r\nport\r\n:22231\r\n$2\r\n\
    ip\r\n$9\r\n127.0.0.1\r\n$8\r\nendpoint\r\n$9\r\n127.0.0.1\r\n$8\r\nhostname\r\n$18\r\n\
    node-1.example.com\r\n$4\r\nrole\r\n$7\r\nreplica\r\n$18\r\nreplication-offset\r\n:14\r\n\
    $6\r\nhealth\r\n$4\r\nfail\r\n$17\r\navailability-zone\r\n$6\r\nzone-a\r\n$2\r\nid\r\n\
    $40\r\nfe87d5f93a3992367dde6000580b14716fef4510\r\n";
const NODES_6_2_FRESH: &str = "\
    $93\r\n\
    11ab441a82197aa827508f2504810a891efc9c9e :22200@32200 myself,master - 0 0 0 connected 0-8191\n\
    \r\n";
const NODES_VALKEY_9_FAILED: &str = "\
    =429\r\n\
    txt:5e1f55d478e215eb2af96806415884c2d7e7fec2 127.0.0.1:22231@32231,node-1.example.com slave,fail f1cb809defb295d4b22a236870d58f644d21bd23 1795297147286 1795297146781 0 disconnected\n\
    85beb065bbb0e1453c5bec47ba016bb0aca55685 fd00::7:22232@32232,node-2.example.com master - 1795297145273 1795297144770 1 connected\n\
    f1cb809defb295d4b22a236870d58f644d21bd23 fd00::7:22230@32230,node-0.example.com myself,master - 0 0 0 connected 0-8191\n\
    \r\n";
