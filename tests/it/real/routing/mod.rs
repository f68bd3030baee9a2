//! Where each command goes on a real cluster, and what its replies become.
//!
//! Rules of this folder: what the client says is compared with what the nodes say themselves, each
//! asked over a connection that shares no code with the crate ([`Stage::direct`]). A command that a
//! server does not know is skipped because the server says so, and the test tells.

mod acl;
mod busy;
mod clients;
mod configuration;
mod data;
mod files;
mod keys;
mod logs;
mod moving;
mod nodes;
mod partial;
mod pubsub;
mod reach;
mod refused;
mod scripts;
mod slot_stats;
mod slots;
mod targets;
mod waves;

use std::collections::BTreeMap;
use std::io;
use std::sync::LazyLock;

use hashslot::config::Protocol;
use hashslot::error::{self, Partial};
use hashslot::{Call, Command, Error, Reply};

use super::{Done, Failure, client_name, connect_with};
use crate::real::adapter::{Adapter, Client};
use crate::servers::cluster::Cluster;
use crate::servers::raw::{self, read_reply};
use crate::servers::slots::{SLOT_COUNT, slot_of};

/// A command whose arguments have no blanks.
pub(super) fn words(line: &str) -> Command {
    let mut words = line.split(' ');
    Command::new(words.next().unwrap_or_default()).args(words)
}

/// A client of a cluster, and the nodes to check it with.
pub(super) struct Stage<'a, A: Adapter> {
    pub(super) cluster: &'a Cluster,
    pub(super) client: A::Client,
    /// The name of the client's connections.
    pub(super) name: String,
    pub(super) primaries: Vec<usize>,
    protocol: Protocol,
}

impl<'a, A: Adapter> Stage<'a, A> {
    pub(super) async fn new(cluster: &'a Cluster, protocol: Protocol) -> Result<Self, Failure> {
        let name = client_name("routing");
        let own_name = name.clone();
        let client = connect_with::<A>(cluster, move |config| {
            config.client_name = Some(own_name);
            config.protocol = protocol;
        })
        .await?;
        Ok(Self { cluster, client, name, primaries: cluster.primaries()?, protocol })
    }

    /// All nodes.
    pub(super) fn nodes(&self) -> Vec<usize> {
        (0..self.cluster.nodes().len()).collect()
    }

    /// The nodes that are no primaries.
    pub(super) fn replicas(&self) -> Vec<usize> {
        let mut nodes = self.nodes();
        nodes.retain(|node| !self.primaries.contains(node));
        nodes
    }

    /// A replica of a primary.
    pub(super) fn replica_of(&self, primary: usize) -> Result<usize, Failure> {
        let port = i64::from(self.cluster.node(primary).port);
        for node in self.replicas() {
            let role = self.cluster.call(node, &["ROLE"])?;
            if role.at(2).and_then(raw::Reply::integer) == Some(port) {
                return Ok(node);
            }
        }
        Err("a primary without a replica".into())
    }

    /// What becomes of a call.
    pub(super) async fn call(&self, call: impl Into<Call>) -> Result<Answer, Failure> {
        Ok(match self.client.call(call.into()).await {
            Err(error) => Answer::Failed(error),
            Ok(Reply::One(frame)) => Answer::One(read_reply(&mut &frame.as_bytes()[..])?),
            Ok(Reply::PerNode(replies)) => {
                let mut of_nodes = BTreeMap::new();
                for (address, reply) in replies {
                    let node = self.cluster.index_of(address.port()).ok_or("an unknown node")?;
                    let reply = match reply {
                        Ok(frame) => read_reply(&mut &frame.as_bytes()[..])?,
                        Err(error) => match error.failure() {
                            error::Failure::Server(error) => {
                                raw::Reply::Error(error.text().into_owned())
                            }
                            _ => return Err(error.into()),
                        },
                    };
                    assert!(of_nodes.insert(node, reply).is_none(), "two replies of {address}");
                }
                Answer::PerNode(of_nodes)
            }
            Ok(other) => return Err(format!("not the reply to a command: {other:?}").into()),
        })
    }

    /// What becomes of a command, in one reply.
    pub(super) async fn one(&self, line: &str) -> Result<raw::Reply, Failure> {
        match self.call(words(line)).await? {
            Answer::One(reply) => Ok(reply.checked()?),
            other => Err(format!("{line}: {other:?}").into()),
        }
    }

    /// What becomes of a command, node by node.
    pub(super) async fn each(&self, line: &str) -> Result<BTreeMap<usize, raw::Reply>, Failure> {
        match self.call(words(line)).await? {
            Answer::PerNode(replies) => Ok(replies),
            other => Err(format!("{line}: {other:?}").into()),
        }
    }

    /// The error that becomes of a command.
    pub(super) async fn error(&self, line: &str) -> Result<Error, Failure> {
        match self.call(words(line)).await? {
            Answer::Failed(error) => Ok(error),
            other => Err(format!("{line}: {other:?}").into()),
        }
    }

    /// What a node itself says, in the protocol of the client.
    pub(super) fn direct(&self, node: usize, line: &str) -> io::Result<raw::Reply> {
        let mut connection = self.cluster.connection(node)?;
        if self.protocol == Protocol::Resp3 {
            connection.must(&["HELLO", "3"])?;
        }
        connection.must(&line.split(' ').collect::<Vec<_>>())
    }

    /// What nodes themselves say.
    pub(super) fn directs(
        &self,
        nodes: &[usize],
        line: &str,
    ) -> io::Result<BTreeMap<usize, raw::Reply>> {
        nodes.iter().map(|node| Ok((*node, self.direct(*node, line)?))).collect()
    }

    /// The text that a node itself says.
    pub(super) fn text(&self, node: usize, line: &str) -> io::Result<String> {
        Ok(self.direct(node, line)?.text().unwrap_or_default())
    }

    /// The sum of what nodes themselves say.
    pub(super) fn sum(&self, nodes: &[usize], line: &str) -> io::Result<i64> {
        let replies = self.directs(nodes, line)?;
        Ok(replies.values().filter_map(raw::Reply::integer).sum())
    }
}

/// What becomes of a command.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    One(raw::Reply),
    PerNode(BTreeMap<usize, raw::Reply>),
    Failed(Error),
}

impl Answer {
    /// The server's word, if it does not know the command.
    pub(super) fn unknown(&self) -> Option<String> {
        let text = match self {
            Self::One(reply) => reply.error().map(str::to_owned),
            Self::PerNode(replies) => {
                replies.values().find_map(raw::Reply::error).map(str::to_owned)
            }
            // It quotes arguments, so that parts say it in words of their own.
            Self::Failed(error) => {
                let first = error.partial().and_then(Partial::first_error).unwrap_or(error);
                first.server().map(ToString::to_string)
            }
        }?;
        let lower = text.to_lowercase();
        let is_unknown =
            ["unknown command", "unknown subcommand"].iter().any(|w| lower.contains(w));
        is_unknown.then_some(text)
    }
}

/// Runs a test on the usual server, in both versions of the protocol.
#[expect(clippy::needless_pass_by_value, reason = "a closure stands where it is used")]
pub(super) fn in_both<A: Adapter>(test: impl AsyncFn(&Stage<'_, A>) -> Done) -> Done {
    super::on_usual::<A>(async |cluster| {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let stage = Stage::<A>::new(cluster, protocol).await?;
            test(&stage).await.map_err(|failure| format!("{protocol:?}: {failure}"))?;
        }
        Ok(())
    })
}

/// Runs a test on each server, in both versions of the protocol.
#[expect(clippy::needless_pass_by_value, reason = "a closure stands where it is used")]
pub(super) fn on_each<A: Adapter>(
    what: &str,
    names: &[&'static str],
    test: impl AsyncFn(&Stage<'_, A>) -> Done,
) -> Done {
    super::on_each::<A>(what, names, async |cluster| {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let stage = Stage::<A>::new(cluster, protocol).await?;
            test(&stage).await.map_err(|failure| format!("{protocol:?}: {failure}"))?;
        }
        Ok(())
    })
}

/// A key of each slot; between braces it makes a key of the slot out of any name.
pub(super) fn tags() -> &'static [String] {
    static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let mut tags: BTreeMap<u16, String> = BTreeMap::new();
        for number in 0.. {
            let tag = format!("t{number}");
            tags.entry(slot_of(&tag)).or_insert(tag);
            if tags.len() == usize::from(SLOT_COUNT) {
                break;
            }
        }
        tags.into_values().collect()
    });
    &TAGS
}

/// A key of a slot.
pub(super) fn key_in(slot: u16, name: impl std::fmt::Display) -> String {
    format!("{{{}}}{name}", tags()[usize::from(slot)])
}

/// Every element's text, sorted.
pub(super) fn sorted(reply: &raw::Reply) -> Vec<String> {
    let mut texts: Vec<_> = reply.elements().iter().filter_map(raw::Reply::text).collect();
    texts.sort();
    texts
}
