//! What nodes answer, and what that makes of them.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::action::NodeReplies;
use crate::config::{AddressMap, Limits, Protocol};
use crate::error::{Cause, Disconnect, NodeFailure, Ran, ServerError};
use crate::resp::encode;
use crate::slot::Slot;
use crate::topology::parse;

type Answer = Result<Frame, Error>;

const OK: &str = "cluster_enabled:1\r\ncluster_state:ok\r\ncluster_slots_assigned:16384\r\n";
const DOWN: &str = "cluster_state:fail\r\ncluster_slots_assigned:16383\r\n";
const PRIMARY: &str = "# Replication\r\nrole:master\r\nconnected_slaves:1\r\n";
const LINKED: &str = "# Replication\r\nrole:slave\r\nmaster_link_status:up\r\n";
const UNLINKED: &str = "# Replication\r\nrole:slave\r\nmaster_link_status:down\r\n";

fn address(port: u16) -> Address {
    Address::new("10.0.0.1", port).unwrap()
}

/// A cluster of ranges of slots, each with the port of its primary and those of its replicas.
fn topology(ranges: &[(u16, u16, &[u16])]) -> Topology {
    let mut reply = Vec::new();
    encode::array_header(&mut reply, ranges.len());
    for (first, last, ports) in ranges {
        encode::array_header(&mut reply, 2 + ports.len());
        encode::integer(&mut reply, i64::from(*first));
        encode::integer(&mut reply, i64::from(*last));
        for port in *ports {
            encode::array_header(&mut reply, 2);
            encode::bulk(&mut reply, b"10.0.0.1");
            encode::integer(&mut reply, i64::from(*port));
        }
    }
    let frame = Frame::parse(reply, &Limits::default()).unwrap();
    let view = parse::slots(frame.value(), &address(1), &AddressMap::default(), 4096);
    view.unwrap().topology().clone()
}

/// Two shards that share all slots: 7000 with the replica 7001, and 7002.
fn two_shards() -> Topology {
    topology(&[(0, 8191, &[7000, 7001]), (8192, 16383, &[7002])])
}

#[expect(clippy::unnecessary_wraps, reason = "as nodes answer")]
fn text(text: &str) -> Answer {
    let mut reply = Vec::new();
    encode::bulk(&mut reply, text.as_bytes());
    Ok(Frame::parse(reply, &Limits::default()).unwrap())
}

fn server(text: &str) -> Answer {
    Err(ServerError::new(text.to_string()).into())
}

fn timed_out() -> Answer {
    Err(Error::new(Cause::TimedOut, Ran::Maybe).with_command("PING").with_node(address(7001)))
}

fn refused() -> Answer {
    let refused = Cause::Node(NodeFailure::Unreachable(Disconnect::Refused));
    Err(Error::new(refused, Ran::No))
}

/// The answers of a node that is well.
fn well(replication: &str) -> [Answer; 3] {
    [text("PONG"), text(OK), text(replication)]
}

/// The health of a cluster whose nodes answer like this.
fn health<const N: usize>(topology: &Topology, nodes: [(u16, [Answer; 3]); N]) -> ClusterHealth {
    let mut replies = [const { Vec::new() }; 3];
    for (port, answers) in nodes {
        for (replies, answer) in replies.iter_mut().zip(answers) {
            replies.push((address(port), answer));
        }
    }
    let replies = replies.map(|replies| Reply::PerNode(NodeReplies::new(Protocol::Resp3, replies)));
    ClusterHealth::read(topology, &replies).unwrap()
}

/// The problem of the replica of a cluster whose primaries are well.
fn replicas_problem(answers: [Answer; 3]) -> Option<NodeProblem> {
    let nodes = [(7000, well(PRIMARY)), (7001, answers), (7002, well(PRIMARY))];
    let health = health(&two_shards(), nodes);
    assert!(health.is_serving() && health.well().count() >= 2);
    let [_, replica, _] = health.nodes() else { panic!("{health:?}") };
    assert_eq!(health.is_well(), replica.is_well());
    replica.problem.clone()
}

#[test]
fn a_cluster_is_well_if_all_nodes_are() {
    let nodes = [(7000, well(PRIMARY)), (7001, well(LINKED)), (7002, well(PRIMARY))];
    let health = health(&two_shards(), nodes);
    assert!(health.is_well() && health.is_serving());
    assert_eq!((health.served_slots(), health.sick().count()), (16_384, 0));
    let nodes: Vec<_> = health.nodes().iter().map(ToString::to_string).collect();
    let expected = [
        "primary 10.0.0.1:7000: well",
        "replica 10.0.0.1:7001: well",
        "primary 10.0.0.1:7002: well",
    ];
    assert_eq!(nodes, expected);
    assert_eq!(health.to_string(), "3 of 3 nodes are well, 16384 of 16384 slots are served");
}

#[test]
fn each_answer_tells_what_a_node_lacks() {
    let told = |answers| replicas_problem(answers).map(|problem| problem.to_string());
    let or = |first: &str| Some(String::from(first));
    let none = || [timed_out(), timed_out(), timed_out()];
    assert_eq!(told(none()), or("timed out"));
    assert_eq!(told([refused(), refused(), refused()]), or("cannot connect: connection refused"));
    // It stopped between two answers.
    assert_eq!(told([text("PONG"), timed_out(), timed_out()]), or("timed out"));
    for refusal in [
        "LOADING Redis is loading the dataset in memory",
        "BUSY Redis is busy running a script.",
        "MISCONF Redis is configured to save RDB snapshots, but it's unable to persist to disk.",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "NOAUTH Authentication required.",
        "CLUSTERDOWN The cluster is down",
        "ERR This instance has cluster support disabled",
        "NEWCODE of a version to come",
    ] {
        let [_, cluster, replication] = well(LINKED);
        let expected = format!("the server answered: {refusal}");
        assert_eq!(told([server(refusal), cluster, replication]), Some(expected));
    }
    let down = [text("PONG"), text(DOWN), text(LINKED)];
    assert_eq!(replicas_problem(down), Some(NodeProblem::ClusterDown));
    let unlinked = [text("PONG"), text(OK), text(UNLINKED)];
    assert_eq!(replicas_problem(unlinked), Some(NodeProblem::PrimaryUnreachable));
    // What comes first is what keeps commands from running.
    let both = [text("PONG"), text(DOWN), text(UNLINKED)];
    assert_eq!(replicas_problem(both), Some(NodeProblem::ClusterDown));
}

/// A node that answers is well as far as it tells.
#[test]
fn what_a_user_may_not_ask_stays_open() {
    let no_permission = || server("NOPERM this user has no permissions to run the command");
    let unknown = || server("ERR unknown command 'CLUSTER', with args beginning with: 'INFO' ");
    assert_eq!(replicas_problem([text("PONG"), no_permission(), no_permission()]), None);
    assert_eq!(replicas_problem([no_permission(), no_permission(), no_permission()]), None);
    assert_eq!(replicas_problem([text("PONG"), unknown(), text(LINKED)]), None);
    assert_eq!(replicas_problem([text("PONG"), text(""), text("role:slave\r\n")]), None);
    // The other answers count all the same.
    let unlinked = [text("PONG"), no_permission(), text(UNLINKED)];
    assert_eq!(replicas_problem(unlinked), Some(NodeProblem::PrimaryUnreachable));
    let lost = replicas_problem([no_permission(), no_permission(), timed_out()]);
    assert!(matches!(lost, Some(NodeProblem::Failed(error)) if error.is_timeout()));
}

#[test]
fn a_primary_that_is_not_well_leaves_its_slots_unserved() {
    let none = || [timed_out(), timed_out(), timed_out()];
    let nodes = [(7000, none()), (7001, well(UNLINKED)), (7002, well(PRIMARY))];
    let health = health(&two_shards(), nodes);
    assert!(!health.is_well() && !health.is_serving());
    assert_eq!(health.served_slots(), 8192);
    assert_eq!(
        health.to_string(),
        "1 of 3 nodes are well, 8192 of 16384 slots are served\n\
         primary 10.0.0.1:7000: timed out\n\
         replica 10.0.0.1:7001: it has no connection to its primary"
    );
}

#[test]
fn slots_without_an_owner_are_not_served() {
    let hole = topology(&[(0, 8191, &[7000]), (8193, 16383, &[7002])]);
    let health = health(&hole, [(7000, well(PRIMARY)), (7002, well(PRIMARY))]);
    assert!(!health.is_well() && !health.is_serving());
    assert_eq!((health.served_slots(), health.sick().count()), (16_383, 0));
}

/// The topology changed while nodes were asked: what counts is what it is now.
#[test]
fn slots_are_those_of_the_primary_after_a_failover() {
    let none = [timed_out(), timed_out(), timed_out()];
    let answers =
        [(7000, none), (7001, well(PRIMARY)), (7002, well(PRIMARY)), (7009, well(LINKED))];
    // 7000 is no node of the new view, 7003 has joined, and 7009 has left.
    let mut after = topology(&[(0, 8191, &[7001]), (8192, 16383, &[7002, 7003])]);
    let told = health(&after, answers.clone());
    let ports: Vec<_> = told.nodes().iter().map(|node| node.node.address().port()).collect();
    assert_eq!(ports, [7001, 7002]);
    assert!(told.is_well());
    // A slot that moved to a node which was not asked is not known to be served.
    after.patch(Slot::new(0).unwrap(), &address(7008));
    assert_eq!(health(&after, answers).served_slots(), 16_383);
}

#[test]
fn every_node_is_asked_each_question_within_the_time() {
    let calls = ClusterHealth::calls(Duration::from_millis(7));
    let words = calls.iter().flat_map(Call::commands).map(|command| {
        let words = command.arguments().map(|word| String::from_utf8_lossy(word).into_owned());
        words.collect::<Vec<_>>().join(" ")
    });
    assert_eq!(words.collect::<Vec<_>>(), ["PING", "CLUSTER INFO", "INFO replication"]);
    for call in &calls {
        assert_eq!(call.budget(Duration::MAX), Duration::from_millis(7));
    }
}

#[test]
fn replies_of_other_calls_are_refused() {
    let per_node = || Reply::PerNode(NodeReplies::new(Protocol::Resp3, vec![]));
    let replies = [per_node(), Reply::Ready, per_node()];
    let error = ClusterHealth::read(&two_shards(), &replies).unwrap_err();
    assert_eq!(error.to_string(), "expected the reply of each node, got another one");
}
