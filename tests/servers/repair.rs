//! Makes a cluster that a test has left what it was at its start.
//!
//! A test may end anywhere, with a slot half moved, a server set up otherwise, a pause that goes
//! on. What operators can undo is undone here; for all else there is an error, and a new cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use super::cluster::Cluster;
use super::raw::{Connection, Reply};
use super::slots::share;
use super::wait_until;

/// How many slots are given back. A new cluster starts sooner than more of them move.
const SLOT_COUNT_MAX: usize = 64;
/// How long the nodes may take to agree, and replicas to follow. A new cluster is there in 3 s.
const AGREEMENT_LIMIT: Duration = Duration::from_secs(10);
/// The same for Redis 6.2, which may never agree on slots that went to and fro.
const OLD_AGREEMENT_LIMIT: Duration = Duration::from_secs(3);
/// Settings that follow from the role or the place of a node.
const OF_ROLE: [&str; 4] = ["replicaof", "slaveof", "port", "tls-port"];

/// What tests may change of a server: its settings and its users.
#[derive(Clone, Debug, Default)]
pub(super) struct Setup {
    settings: BTreeMap<String, String>,
    users: BTreeSet<String>,
}

impl Setup {
    pub(super) fn of(connection: &mut Connection) -> io::Result<Self> {
        let all = connection.must(&["CONFIG", "GET", "*"])?;
        let words: Vec<_> = all.elements().iter().filter_map(Reply::text).collect();
        let pairs = words.chunks_exact(2).filter_map(|pair| match pair {
            [name, _] if OF_ROLE.contains(&name.as_str()) => None,
            [name, value] => Some((name.clone(), value.clone())),
            _ => None,
        });
        let settings = pairs.collect();
        let users = connection.must(&["ACL", "LIST"])?;
        Ok(Self { settings, users: users.elements().iter().filter_map(Reply::text).collect() })
    }

    /// Undoes what has changed since.
    fn restore(&self, connection: &mut Connection) -> io::Result<()> {
        let now = Self::of(connection)?;
        for (name, value) in &self.settings {
            if now.settings.get(name) != Some(value) {
                connection.must(&["CONFIG", "SET", name, value])?;
            }
        }
        for line in now.users.difference(&self.users) {
            // `user NAME rules..`
            let name = line.split(' ').nth(1).unwrap_or_default();
            connection.must(&["ACL", "DELUSER", name])?;
        }
        let after = Self::of(connection)?;
        if after.users == self.users && after.settings == self.settings {
            return Ok(());
        }
        Err(io::Error::other("a server keeps other settings or users"))
    }
}

impl Cluster {
    /// Makes it whole and empty: every node runs, has its settings and users, no slot is open, each
    /// is where it was at the start (unless `anywhere` it may be), there are no keys, all nodes
    /// agree, and replicas hold what their primaries do.
    ///
    /// **Errors**: what cannot be undone, or not soon. Then the cluster is to be replaced.
    pub fn repair(&self, anywhere: bool) -> io::Result<()> {
        if self.running().len() < self.nodes().len() {
            return Err(io::Error::other("a node was stopped"));
        }
        for index in 0..self.nodes().len() {
            let mut connection = self.connection(index)?;
            connection.must(&["CLIENT", "UNPAUSE"])?;
            // Nodes that were added have no setup to go back to.
            if let Some(setup) = self.setups().get(index) {
                setup.restore(&mut connection)?;
            }
            close_slots(&mut connection)?;
        }
        let is_old = !self.version().at_least(7, 0);
        let limit = if is_old { OLD_AGREEMENT_LIMIT } else { AGREEMENT_LIMIT };
        self.wait_ok(limit)?;
        self.flush_all()?;
        if !anywhere && self.give_slots_back()? {
            self.wait_ok(limit)?;
        }
        wait_until("all nodes are empty", AGREEMENT_LIMIT, || {
            let sizes = (0..self.nodes().len()).map(|index| self.call(index, &["DBSIZE"]));
            let sizes = sizes.collect::<io::Result<Vec<_>>>()?;
            Ok(sizes.iter().all(|size| size.integer() == Some(0)))
        })
    }

    /// Slots that their first owners' shards do not have, with their owners and those.
    fn strays(&self) -> io::Result<Vec<(u16, usize, usize)>> {
        let shards = self.primary_count();
        let ranges = self.slots(0)?;
        let owner_of = |slot: u16| {
            let range = ranges.iter().find(|range| (range.first..=range.last).contains(&slot));
            range.and_then(|range| self.index_of(*range.ports.first()?))
        };
        let mut strays = Vec::new();
        for shard in 0..shards {
            let (first, last) = share(shard, shards);
            for slot in first..=last {
                let owner = owner_of(slot).ok_or_else(|| {
                    io::Error::other(format!("slot {slot} has no owner, or one that has gone"))
                })?;
                if self.shard_of(owner) != Some(shard) {
                    strays.push((slot, owner, shard));
                }
            }
        }
        Ok(strays)
    }

    /// Gives slots without keys to the shards that had them at the start. Whether there were any.
    fn give_slots_back(&self) -> io::Result<bool> {
        let strays = self.strays()?;
        if strays.len() > SLOT_COUNT_MAX {
            return Err(io::Error::other(format!("{} slots are elsewhere", strays.len())));
        }
        if strays.is_empty() {
            return Ok(false);
        }
        let primaries = self.primaries()?;
        for (slot, owner, shard) in strays {
            let home = primaries.iter().find(|index| self.shard_of(**index) == Some(shard));
            let home = *home.ok_or_else(|| io::Error::other("a shard without a primary"))?;
            self.open_slot(slot, owner, home)?;
            self.close_slot(slot, home)?;
        }
        Ok(true)
    }
}

/// Ends the migrations and imports that a node knows of. Keys stay where they are.
fn close_slots(connection: &mut Connection) -> io::Result<()> {
    let nodes = connection.must(&["CLUSTER", "NODES"])?.text().unwrap_or_default();
    let myself = nodes.lines().find(|line| line.contains("myself")).unwrap_or_default();
    // `[93->-id]` migrates, `[93-<-id]` imports.
    let open = myself.split(' ').filter_map(|word| word.strip_prefix('[')?.split_once('-'));
    for (slot, _) in open {
        connection.must(&["CLUSTER", "SETSLOT", slot, "STABLE"])?;
    }
    Ok(())
}
