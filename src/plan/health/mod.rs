//! Which nodes of a cluster are well.
//!
//! Theory of operation. Every node that the topology lists is asked three commands at the same
//! time. A node that takes no work says so to `PING`: it is loading (`LOADING`), busy with a script
//! (`BUSY`), cannot save what is written (`MISCONF`), or is a replica that serves no stale data
//! (`MASTERDOWN`). But nodes also answer `PING` that refuse every command with a key, and replicas
//! that lost their primary. `CLUSTER INFO` tells the first, in the view of the node itself, and
//! `INFO replication` the second. A node that refuses one of the three for want of permission, or
//! does not know it, has answered all the same: that question stays open. So the permission for
//! `PING` is enough, and tells less.
//!
//! Answers are kept by address, and read with the topology as it is when all are there: after a
//! failover meanwhile the slots are those of the new primary.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::{Call, Target};
use crate::action::Reply;
use crate::address::Address;
use crate::command::{Command, ResponsePolicy};
use crate::error::{Code, ConversionError, Error, Failure};
use crate::resp::Frame;
use crate::slot::SLOT_COUNT;
use crate::topology::{Node, Role, Shard, Topology};

#[cfg(test)]
mod tests;

/// The health of a cluster, as its nodes told this client: the reply of `client.health`.
///
/// **Shape**: each node that the topology lists, in its order: the primary and the replicas of each
/// shard, then nodes without a shard.
///
/// `Display` is for a log or a page: one line for all, and one for each node that is not well.
///
/// ```
/// use hashslot::plan::ClusterHealth;
/// fn page(health: &ClusterHealth) -> (u16, String) {
///     (if health.is_serving() { 200 } else { 503 }, health.to_string())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterHealth {
    nodes: Vec<NodeHealth>,
    served_slots: usize,
}

/// The health of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeHealth {
    /// The node: its address, its ID, its zone.
    pub node: Node,
    /// Its role in its shard; `None` if it stands in none, as new nodes and failed replicas do.
    pub role: Option<Role>,
    /// Why it is not well; `None` if it is.
    pub problem: Option<NodeProblem>,
}

/// Why a node is not well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeProblem {
    /// It did not answer in time, cannot be reached, refuses the client, or answered with an error
    /// such as `LOADING`, `BUSY`, `MISCONF` or `MASTERDOWN`.
    #[error("{}", .0.failure())]
    Failed(Error),
    /// It refuses commands with keys: in its view the cluster is down (`cluster_state:fail`).
    #[error("it says that the cluster is down")]
    ClusterDown,
    /// It is a replica without a connection to its primary (`master_link_status:down`): its data
    /// are stale or not complete.
    #[error("it has no connection to its primary")]
    PrimaryUnreachable,
}

/// What each node is asked.
fn questions() -> [Command; 3] {
    let cluster = Command::new("CLUSTER").arg("INFO");
    [Command::new("PING"), cluster, Command::new("INFO").arg("replication")]
}

/// What one node answered, question by question.
type Answers<'a> = [Option<&'a Result<Frame, Error>>; 3];

impl ClusterHealth {
    /// The calls that ask every node, to be made at the same time. Each ends within this time.
    ///
    /// The clients have a method for all of it, `health`; this is for drivers of your own.
    ///
    /// **Cost**: three commands and a connection for each node, also for replicas.
    #[must_use]
    pub fn calls(timeout: Duration) -> [Call; 3] {
        questions().map(|question| {
            let to_all = Call::new(question).target(Target::AllNodes);
            to_all.merge(ResponsePolicy::PerNode).timeout(timeout)
        })
    }

    /// Reads the replies to [`calls`](Self::calls), in their order, with the topology as it is now.
    ///
    /// A node that joined after the calls has no answer and is left out, and so is one that has
    /// left. If the cluster is not [serving](Self::is_serving), the topology may be stale: read it
    /// again.
    ///
    /// # Errors
    /// [`Failure::Conversion`] if a reply is not that of each node.
    pub fn read(topology: &Topology, replies: &[Reply; 3]) -> Result<Self, Error> {
        let problems = problems(replies)?;
        let with_role = |role| {
            let problems = &problems;
            move |node: &Node| {
                let problem = problems.get(node.address())?.clone();
                Some(NodeHealth { node: node.clone(), role, problem })
            }
        };
        let mut nodes = Vec::with_capacity(problems.len());
        for shard in topology.shards() {
            nodes.extend(shard.primary().and_then(with_role(Some(Role::Primary))));
            nodes.extend(shard.replicas().iter().filter_map(with_role(Some(Role::Replica))));
        }
        nodes.extend(topology.other_nodes().iter().filter_map(with_role(None)));
        let serves = |shard: &Shard| {
            let primary = shard.primary().map(Node::address);
            primary.and_then(|primary| problems.get(primary)) == Some(&None)
        };
        let ranges = topology.slot_ranges().filter(|(_, shard)| serves(shard));
        let served_slots = ranges.map(|(range, _)| range.count()).sum();
        Ok(Self { nodes, served_slots })
    }

    /// All nodes.
    #[must_use]
    pub fn nodes(&self) -> &[NodeHealth] {
        &self.nodes
    }

    /// The nodes that are well.
    pub fn well(&self) -> impl Iterator<Item = &NodeHealth> {
        self.nodes.iter().filter(|node| node.is_well())
    }

    /// The nodes that are not well, each with its problem.
    pub fn sick(&self) -> impl Iterator<Item = &NodeHealth> {
        self.nodes.iter().filter(|node| !node.is_well())
    }

    /// The number of slots whose primary is well: `0..=16384`.
    #[must_use]
    pub const fn served_slots(&self) -> usize {
        self.served_slots
    }

    /// Whether each slot has a primary that is well: every command finds a node that runs it.
    ///
    /// This is the question of a readiness probe: replicas that fail do not change the answer.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        self.served_slots == usize::from(SLOT_COUNT)
    }

    /// Whether each slot has a primary that is well, and all other nodes are well too.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.is_serving() && self.sick().next().is_none()
    }
}

impl NodeHealth {
    /// Whether it answered, and told no problem.
    #[must_use]
    pub const fn is_well(&self) -> bool {
        self.problem.is_none()
    }
}

impl fmt::Display for ClusterHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (well, count, served) = (self.well().count(), self.nodes.len(), self.served_slots);
        write!(f, "{well} of {count} nodes are well, {served} of {SLOT_COUNT} slots are served")?;
        self.sick().try_for_each(|node| write!(f, "\n{node}"))
    }
}

impl fmt::Display for NodeHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = match self.role {
            Some(Role::Primary) => "primary",
            Some(Role::Replica) => "replica",
            None => "node",
        };
        write!(f, "{role} {}: ", self.node.address())?;
        match &self.problem {
            None => f.write_str("well"),
            Some(problem) => fmt::Display::fmt(problem, f),
        }
    }
}

/// Why each node that was asked is not well, if it is not.
fn problems(replies: &[Reply; 3]) -> Result<BTreeMap<&Address, Option<NodeProblem>>, Error> {
    let mut answers: BTreeMap<&Address, Answers<'_>> = BTreeMap::new();
    for (question, reply) in replies.iter().enumerate() {
        let Reply::PerNode(replies) = reply else {
            let expected = "the reply of each node";
            return Err(ConversionError::unexpected(expected, "another one").into());
        };
        for (address, answer) in replies {
            let own = answers.entry(address).or_default();
            if let Some(place) = own.get_mut(question) {
                *place = Some(answer);
            }
        }
    }
    let nodes = answers.into_iter();
    Ok(nodes.map(|(address, answers)| (address, problem(&answers))).collect())
}

/// Why a node is not well that answered like this.
fn problem(answers: &Answers<'_>) -> Option<NodeProblem> {
    let mut errors = answers.iter().filter_map(|answer| (*answer)?.as_ref().err());
    if let Some(error) = errors.find(|error| !leaves_open(error)) {
        return Some(NodeProblem::Failed(error.clone()));
    }
    let [_, cluster, replication] = *answers;
    if says(cluster, "cluster_state:fail") {
        return Some(NodeProblem::ClusterDown);
    }
    says(replication, "master_link_status:down").then_some(NodeProblem::PrimaryUnreachable)
}

/// Whether an answer has this line.
fn says(answer: Option<&Result<Frame, Error>>, line: &str) -> bool {
    let Some(Ok(frame)) = answer else { return false };
    frame.value().as_str().is_some_and(|text| text.lines().any(|told| told == line))
}

/// Whether a node answered, and does not tell: it lacks the command, or the user the permission.
fn leaves_open(error: &Error) -> bool {
    let Failure::Server(error) = error.failure() else { return false };
    let code = error.known_code();
    code == Code::NoPerm || (code == Code::Err && !error.lacks_cluster_support())
}
