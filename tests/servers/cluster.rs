//! A cluster of real server processes on loopback, and what operators and accidents do to it.
//!
//! The nodes find a finished `nodes.conf` when they start, so that the cluster is the same each
//! time: node `i` below the number of primaries is the primary of the `i`-th part of the slots
//! (three primaries: 0-5460, 5461-10922, 10923-16383); then come the replicas, replica `j` of
//! primary `i` at `primaries + j * primaries + i`. A start takes 2 to 3 s, most of it a pause that
//! servers make before a primary takes writes. So start one cluster for many tests where they do no
//! harm.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use super::fake::lock;
use super::node::Node;
use super::process::{self, Process};
use super::raw::{Connection, Reply};
use super::repair::Setup;
use super::slots::share;
use super::tls::{self, SOCKET, Tls};
use super::{Version, wait_until};

/// How long a cluster may take to start: 2 to 3 s, more on a machine that is busy.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long one change by an operator may take: 0.2 s, more on a machine that is busy.
const CHANGE_LIMIT: Duration = Duration::from_secs(20);
/// How long news of slots and epochs is waited for: nodes of a cluster hear of it within a second
/// or two.
const NEWS_LIMIT: Duration = Duration::from_secs(3);
/// How long a server remembers the votes for it, with a node timeout of up to a second. A second
/// failover to it within this time is won with them at once, at the epoch of the first one: the
/// shard goes back to its former primary, and what was written meanwhile is lost.
const VOTE_TIME: Duration = Duration::from_millis(4500);
/// How often a start is tried: another test run may take a port at the same moment.
const START_COUNT: usize = 4;
/// How many keys `migrate_slot` moves at a time.
const PIPELINE_COUNT: usize = 100;

/// What a cluster shall be.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server binary.
    pub server: PathBuf,
    /// The number of primaries, which share the slots evenly.
    pub primaries: usize,
    /// The number of replicas of each primary.
    pub replicas: usize,
    /// After how long a node that does not answer counts as failing.
    pub node_timeout: Duration,
    /// The address that the servers listen on and announce.
    pub host: IpAddr,
    /// More arguments for each server, such as `["--maxmemory", "1mb"]`; they win over the
    /// harness's.
    pub args: Vec<String>,
    /// Names and contents of files in the folder of each server; `server.conf` is its
    /// configuration.
    pub files: Vec<(&'static str, &'static str)>,
    /// The ports of the first nodes; the others get free ones.
    pub ports: Vec<u16>,
    /// Clusters with different numbers share no ID, whatever their ports are.
    pub realm: u8,
    /// Has the nodes speak TLS and nothing else, to clients and to each other. The harness itself
    /// uses a socket in the server's folder then.
    pub tls: Option<Tls>,
}

/// The file that a server takes its configuration from, if there is one.
const CONFIGURATION: &str = "server.conf";

impl Options {
    /// Three primaries, each with one replica, and a node timeout of 500 ms, on 127.0.0.1.
    pub fn new(server: impl Into<PathBuf>) -> Self {
        let node_timeout = Duration::from_millis(500);
        let (args, files, tls) = (Vec::new(), Vec::new(), None);
        let (server, host) = (server.into(), Ipv4Addr::LOCALHOST.into());
        let (ports, realm) = (Vec::new(), 0);
        Self {
            server,
            primaries: 3,
            replicas: 1,
            node_timeout,
            host,
            args,
            files,
            ports,
            realm,
            tls,
        }
    }

    /// The address of a server on this port.
    fn address(&self, port: u16) -> String {
        SocketAddr::new(self.host, port).to_string()
    }
}

/// One range of slots as a node sees it, with its nodes' ports, the primary first and the replicas
/// sorted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// The first slot.
    pub first: u16,
    /// The last slot.
    pub last: u16,
    /// The ports of the primary and its replicas.
    pub ports: Vec<u16>,
}

/// A running cluster. Its processes end when it is dropped, and at the end of the test run at the
/// latest, so it may stand in a static.
#[derive(Debug)]
pub struct Cluster {
    options: Options,
    version: Version,
    folder: PathBuf,
    nodes: Vec<Node>,
    /// What the first nodes were when all had started.
    setups: Vec<Setup>,
    /// When nodes were made primaries.
    failovers: Mutex<BTreeMap<usize, Instant>>,
}

impl Cluster {
    /// Starts a cluster and waits until it is whole ([`wait_ok`](Self::wait_ok)). If a node cannot
    /// start because another process took its port or its bus's, all are started once more on
    /// others.
    #[expect(clippy::needless_pass_by_value, reason = "options are made where they are used")]
    pub fn start(options: Options) -> io::Result<Self> {
        let version = Version::of(&options.server)?;
        let mut started = Self::try_start(options.clone(), version);
        for count in 1..START_COUNT {
            let Err(error) = &started else { break };
            let text = error.to_string();
            let is_taken = text.contains("in use") || text.contains("taken the port");
            if count > 1 && !is_taken {
                break;
            }
            started = Self::try_start(options.clone(), version);
        }
        started
    }

    fn try_start(options: Options, version: Version) -> io::Result<Self> {
        let primary_count = options.primaries;
        let count = primary_count * (1 + options.replicas);
        let mut ports = options.ports.clone();
        while ports.len() < count {
            ports.push(process::free_port()?);
        }
        let folder = process::new_folder()?;
        let (nodes, setups, failovers) = (Vec::new(), Vec::new(), Mutex::default());
        let mut cluster = Self { options, version, folder, nodes, setups, failovers };
        for myself in 0..count {
            let primary = (myself >= primary_count).then(|| myself % primary_count);
            let configuration = cluster.configuration(myself, &ports);
            cluster.launch(port_at(&ports, myself), primary, &configuration)?;
        }
        cluster.wait_ok(START_LIMIT)?;
        for index in 0..count {
            cluster.setups.push(Setup::of(&mut cluster.connection(index)?)?);
        }
        Ok(cluster)
    }

    /// What the first nodes were when all had started.
    pub(super) fn setups(&self) -> &[Setup] {
        &self.setups
    }

    /// How many primaries it was started with.
    pub(super) fn primary_count(&self) -> usize {
        self.options.primaries
    }

    /// The shard that a node was started in.
    pub(super) fn shard_of(&self, index: usize) -> Option<usize> {
        (index < self.setups.len()).then(|| index % self.options.primaries)
    }

    /// The `nodes.conf` of the node `myself`.
    fn configuration(&self, myself: usize, ports: &[u16]) -> String {
        let primary_count = self.options.primaries;
        let mut text = String::new();
        for (index, port) in ports.iter().enumerate() {
            let shard = index % primary_count;
            let flags = if index == myself { "myself," } else { "" };
            let (role, slots) = if index < primary_count {
                let (first, last) = share(shard, primary_count);
                ("master -".to_owned(), format!(" {first}-{last}"))
            } else {
                (format!("slave {}", self.id_of(port_at(ports, shard))), String::new())
            };
            let line = self.configuration_line(*port, port_at(ports, shard), shard + 1);
            text += &line.replace("ROLE", &format!("{flags}{role}")).replace("SLOTS", &slots);
        }
        text + &format!("vars currentEpoch {primary_count} lastVoteEpoch 0\n")
    }

    fn configuration_line(&self, port: u16, shard_port: u16, epoch: usize) -> String {
        let bus = port + 10_000;
        // Since 7.2 a shard has an ID of its own; nodes of a shard must agree on it.
        let shard = if self.version.at_least(7, 2) {
            format!(",,shard-id={}", self.id_of(shard_port))
        } else {
            String::new()
        };
        let id = self.id_of(port);
        let host = self.options.host;
        format!("{id} {host}:{port}@{bus}{shard} ROLE 0 0 {epoch} connectedSLOTS\n")
    }

    /// Starts the process of a new node.
    fn launch(
        &mut self,
        port: u16,
        primary: Option<usize>,
        configuration: &str,
    ) -> io::Result<usize> {
        let folder = self.folder.join(port.to_string());
        fs::create_dir(&folder)?;
        fs::write(folder.join("nodes.conf"), configuration)?;
        for (name, content) in &self.options.files {
            fs::write(folder.join(name), content)?;
        }
        if let Some(tls) = &self.options.tls {
            tls.write(&folder)?;
        }
        let started = Process::start(&self.options.server, &self.arguments(port), &folder)?;
        let (address, id) = (self.options.address(port), self.id_of(port));
        let process = Mutex::new(started);
        self.nodes.push(Node { port, address, id, primary, folder, process });
        Ok(self.nodes.len() - 1)
    }

    fn arguments(&self, port: u16) -> Vec<String> {
        let node_timeout = self.options.node_timeout.as_millis().to_string();
        let (host, port) = (self.options.host.to_string(), port.to_string());
        let mut args = vec![
            ["--port", &port],
            ["--bind", &host],
            ["--daemonize", "no"],
            ["--loglevel", "notice"],
            ["--save", ""],
            ["--appendonly", "no"],
            ["--cluster-enabled", "yes"],
            ["--cluster-config-file", "nodes.conf"],
            ["--cluster-node-timeout", &node_timeout],
            // A replica may be promoted however long it was unlinked, and never changes its primary
            // by itself: what tests see depends on them alone.
            ["--cluster-replica-validity-factor", "0"],
            ["--cluster-migration-barrier", "100"],
            // Replicas are linked as soon as they ask, and show their offset soon.
            ["--repl-diskless-sync", "yes"],
            ["--repl-diskless-sync-delay", "0"],
            ["--repl-ping-replica-period", "1"],
        ];
        if self.version.at_least(7, 0) {
            args.push(["--enable-debug-command", "yes"]);
            // A primary that loses its last slot stays a primary.
            args.push(["--cluster-allow-replica-migration", "no"]);
        }
        if self.options.tls.is_some() {
            args.extend(tls::arguments(&port));
        }
        let file =
            self.options.files.iter().map(|(name, _)| *name).find(|name| *name == CONFIGURATION);
        let args = file.into_iter().chain(args.concat());
        args.map(str::to_owned).chain(self.options.args.clone()).collect()
    }

    /// The product and version of the servers.
    pub fn version(&self) -> Version {
        self.version
    }

    /// All nodes; their indexes are what the other functions take.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One node.
    ///
    /// # Panics
    ///
    /// When there is no node with that index.
    pub fn node(&self, index: usize) -> &Node {
        self.nodes.get(index).expect("the test names a node that exists")
    }

    /// The addresses of all nodes.
    pub fn addresses(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.address.clone()).collect()
    }

    /// The index of the node on a port.
    pub fn index_of(&self, port: u16) -> Option<usize> {
        self.nodes.iter().position(|node| node.port == port)
    }

    /// A new connection to a node.
    pub fn connection(&self, index: usize) -> io::Result<Connection> {
        let node = self.node(index);
        match self.options.tls {
            Some(_) => Connection::to_file(&node.folder.join(SOCKET)),
            None => Connection::connect(node.address.as_str()),
        }
    }

    /// Sends one command to a node ([`Connection::must`]). An error reply is an [`io::Error`].
    pub fn call(&self, index: usize, command: &[&str]) -> io::Result<Reply> {
        self.connection(index)?.must(command)
    }

    /// The indexes of the nodes that are neither killed nor frozen.
    pub fn running(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|index| self.node(*index).is_running()).collect()
    }

    /// Whether a node says that it is a primary.
    pub fn is_primary(&self, index: usize) -> io::Result<bool> {
        let role = self.call(index, &["ROLE"])?;
        Ok(role.at(0).and_then(Reply::text).as_deref() == Some("master"))
    }

    /// The running nodes that say that they are primaries, with or without slots.
    pub fn primaries(&self) -> io::Result<Vec<usize>> {
        let mut primaries = Vec::new();
        for index in self.running() {
            if self.is_primary(index)? {
                primaries.push(index);
            }
        }
        Ok(primaries)
    }

    /// Which nodes serve which slots, as one node sees it (CLUSTER SLOTS), sorted.
    pub fn slots(&self, index: usize) -> io::Result<Vec<Range>> {
        let reply = self.call(index, &["CLUSTER", "SLOTS"])?;
        let range = |entry: &Reply| {
            let number = |reply: Option<&Reply>| u16::try_from(reply?.integer()?).ok();
            let mut ports = entry
                .elements()
                .iter()
                .skip(2)
                .map(|node| number(node.at(1)))
                .collect::<Option<Vec<_>>>()?;
            if let Some((_, replicas)) = ports.split_first_mut() {
                replicas.sort_unstable();
            }
            Some(Range { first: number(entry.at(0))?, last: number(entry.at(1))?, ports })
        };
        let ranges = reply.elements().iter().map(range).collect::<Option<Vec<_>>>();
        let mut ranges = ranges.ok_or_else(|| io::Error::other(format!("slots: {reply:?}")))?;
        ranges.sort_unstable();
        Ok(ranges)
    }

    /// The primary of a slot as the first running node sees it.
    pub fn primary_of(&self, slot: u16) -> io::Result<usize> {
        let first = *self.running().first().ok_or(io::ErrorKind::NotConnected)?;
        self.primary_seen_by(first, slot)
    }

    /// The primary of a slot as one node sees it.
    pub fn primary_seen_by(&self, index: usize, slot: u16) -> io::Result<usize> {
        self.slots(index)?
            .iter()
            .find(|range| (range.first..=range.last).contains(&slot))
            .and_then(|range| self.index_of(*range.ports.first()?))
            .ok_or_else(|| io::Error::other(format!("nobody serves slot {slot}")))
    }

    /// Waits until the running nodes are a whole cluster: each says `cluster_state:ok`, each
    /// replica is linked, and all agree on who serves which slots, naming running nodes only and
    /// all running replicas.
    pub fn wait_ok(&self, limit: Duration) -> io::Result<()> {
        let deadline = Instant::now() + limit;
        for index in self.running() {
            let left = deadline.saturating_duration_since(Instant::now());
            self.wait_for(index, "whole cluster", left, || self.is_ok(index))?;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        wait_until("agreement on slots", left, || self.is_agreed())
    }

    /// Waits for a condition as long as the node's process lives.
    fn wait_for(
        &self,
        index: usize,
        what: &str,
        limit: Duration,
        mut condition: impl FnMut() -> io::Result<bool>,
    ) -> io::Result<()> {
        wait_until(&format!("node {index}: {what}"), limit, || {
            // There is nothing to wait for when it has ended: that error is given below.
            if self.check_process(index).is_err() { Ok(true) } else { condition() }
        })?;
        self.check_process(index)
    }

    /// **Errors**: the end of the log when the process has ended by itself.
    fn check_process(&self, index: usize) -> io::Result<()> {
        let node = self.node(index);
        if !lock(&node.process).has_failed()? {
            return Ok(());
        }
        let log = node.log();
        let lines = log.lines().rev().take(5).collect::<Vec<_>>();
        Err(io::Error::other(format!("node {index} has ended; its log, newest first: {lines:?}")))
    }

    /// Whether a node is itself, serves, and is linked if it is a replica.
    fn is_ok(&self, index: usize) -> io::Result<bool> {
        let mut connection = self.connection(index)?;
        let id = connection.must(&["CLUSTER", "MYID"])?.text();
        if id.as_ref() != Some(&self.node(index).id) {
            return Err(io::Error::other("another server has taken the port"));
        }
        let info = connection.must(&["CLUSTER", "INFO"])?.text().unwrap_or_default();
        let role = connection.must(&["ROLE"])?;
        let linked = role.at(0).and_then(Reply::text).as_deref() != Some("slave")
            || role.at(3).and_then(Reply::text).as_deref() == Some("connected");
        Ok(linked && field(&info, "cluster_state") == Some("ok"))
    }

    /// Whether all running nodes name the same nodes for the same slots, and all replicas.
    fn is_agreed(&self) -> io::Result<bool> {
        let running = self.running();
        let mut views = Vec::new();
        for index in &running {
            if !self.is_ok(*index)? {
                return Ok(false);
            }
            views.push(self.slots(*index)?);
        }
        let Some(view) = views.first() else { return Ok(true) };
        let is_running = |port: &u16| self.index_of(*port).is_some_and(|i| running.contains(&i));
        if !views.iter().all(|other| other == view)
            || !view.iter().flat_map(|range| &range.ports).all(is_running)
        {
            return Ok(false);
        }
        for index in running {
            let role = self.call(index, &["ROLE"])?;
            let primary = role.at(2).and_then(Reply::integer);
            let is_replica = role.at(0).and_then(Reply::text).as_deref() == Some("slave");
            // A replica of a primary without slots is in no range.
            let mut ranges = view
                .iter()
                .filter(|range| range.ports.first().map(|port| i64::from(*port)) == primary);
            if is_replica && !ranges.all(|range| range.ports.contains(&self.node(index).port)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Opens a slot for its migration: the target imports it, then the source migrates it. Until it
    /// is closed, the source answers ASK for a key that it does not have.
    pub fn open_slot(&self, slot: u16, from: usize, to: usize) -> io::Result<()> {
        let slot = slot.to_string();
        let (from_id, to_id) = (&self.node(from).id, &self.node(to).id);
        self.call(to, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", from_id])?;
        self.call(from, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", to_id])?;
        Ok(())
    }

    /// Moves one key of an open slot. False when the source does not have it.
    pub fn move_key(&self, key: &str, from: usize, to: usize) -> io::Result<bool> {
        let (host, port) = (self.options.host.to_string(), self.node(to).port.to_string());
        let reply = self.call(from, &["MIGRATE", &host, &port, key, "0", "10000"])?;
        Ok(reply.is_ok())
    }

    /// Moves at most `max` keys of an open slot and says how many there were.
    pub fn move_keys(&self, slot: u16, from: usize, to: usize, max: usize) -> io::Result<usize> {
        let mut connection = self.connection(from)?;
        let (slot, max) = (slot.to_string(), max.to_string());
        let keys = connection.must(&["CLUSTER", "GETKEYSINSLOT", &slot, &max])?;
        let keys = keys.elements().iter().filter_map(Reply::bytes).collect::<Vec<_>>();
        if !keys.is_empty() {
            let (host, port) = (self.options.host.to_string(), self.node(to).port.to_string());
            let words = ["MIGRATE", &host, &port, "", "0", "10000", "KEYS"];
            let words = words.into_iter().map(str::as_bytes).chain(keys.iter().copied());
            connection.must(&words.collect::<Vec<_>>())?;
        }
        Ok(keys.len())
    }

    /// Waits a while until all nodes name the same owners of all slots, and all primaries know the
    /// latest epoch. Until then a heartbeat that is on its way may undo the next move, in Redis up
    /// to 7.0 for ever: that of the source, if its epoch is newer than the target's, or that of a
    /// replica which has not heard of the move before. Nodes that do not hear each other never
    /// agree: that is no error.
    fn wait_for_news(&self) {
        drop(wait_until("agreement on slots and epoch", NEWS_LIMIT, || {
            let views = self.running().into_iter().map(|index| self.slots(index));
            let views = views.collect::<io::Result<BTreeSet<_>>>()?;
            let epochs = self.primaries()?.into_iter().map(|index| {
                let info = self.connection(index)?.must(&["CLUSTER", "INFO"])?.text();
                Ok(field(&info.unwrap_or_default(), "cluster_current_epoch").map(String::from))
            });
            let epochs = epochs.collect::<io::Result<BTreeSet<_>>>()?;
            Ok(views.len() == 1 && epochs.len() == 1)
        }));
    }

    /// Ends a slot's migration: the target, then the source, then the other primaries are told that
    /// the slot is the target's.
    pub fn close_slot(&self, slot: u16, to: usize) -> io::Result<()> {
        self.wait_for_news();
        let source = self.primary_seen_by(to, slot)?;
        let mut tell = self.primaries()?;
        tell.sort_by_key(|index| (*index != to, *index != source));
        for index in tell {
            let to_id = &self.node(to).id;
            let command = ["CLUSTER", "SETSLOT", &slot.to_string(), "NODE", to_id];
            let told = self.connection(index)?.must(&command);
            // Redis 6.2: the source heard of the loss of its last slot and became a replica.
            let is_replica =
                told.as_ref().is_err_and(|error| error.to_string().ends_with("only with masters."));
            if index == to || !is_replica {
                told?;
            }
        }
        Ok(())
    }

    /// Ends a slot's migration without a change of owner. Keys that have moved stay on the target
    /// and are lost to clients.
    pub fn abandon_slot(&self, slot: u16, from: usize, to: usize) -> io::Result<()> {
        for index in [from, to] {
            self.call(index, &["CLUSTER", "SETSLOT", &slot.to_string(), "STABLE"])?;
        }
        Ok(())
    }

    /// Migrates a slot with all its keys.
    pub fn migrate_slot(&self, slot: u16, from: usize, to: usize) -> io::Result<()> {
        self.open_slot(slot, from, to)?;
        while self.move_keys(slot, from, to, PIPELINE_COUNT)? > 0 {}
        self.close_slot(slot, to)
    }

    /// Makes a replica the primary of its shard (CLUSTER FAILOVER) and waits until it says so. The
    /// other nodes hear of it a little later. Waits first if it was made one just now.
    pub fn failover(&self, replica: usize) -> io::Result<()> {
        if let Some(last) = self.last_failover(replica) {
            thread::sleep(VOTE_TIME.saturating_sub(last.elapsed()));
        }
        let mut asked: Option<Instant> = None;
        wait_until(&format!("failover to node {replica}"), CHANGE_LIMIT, || {
            // Servers give an attempt up after 5 s.
            if asked.is_none_or(|at| at.elapsed() > Duration::from_secs(6)) {
                self.call(replica, &["CLUSTER", "FAILOVER"])?;
                asked = Some(Instant::now());
            }
            self.is_primary(replica)
        })?;
        lock(&self.failovers).insert(replica, Instant::now());
        Ok(())
    }

    /// When a node was made a primary.
    pub fn last_failover(&self, index: usize) -> Option<Instant> {
        lock(&self.failovers).get(&index).copied()
    }

    /// Kills a node (SIGKILL). Its peers see it after the node timeout and a little more.
    pub fn kill(&self, index: usize) -> io::Result<()> {
        lock(&self.node(index).process).kill()
    }

    /// Stops a node without ending it: it accepts connections and answers nothing.
    pub fn freeze(&self, index: usize) -> io::Result<()> {
        lock(&self.node(index).process).freeze()
    }

    /// Lets a frozen node go on.
    pub fn thaw(&self, index: usize) -> io::Result<()> {
        lock(&self.node(index).process).thaw()
    }

    /// Starts a node again, killing it first if it runs, and waits until it answers. It has its ID
    /// and port, knows the cluster and has no data until it has become a replica.
    pub fn restart(&self, index: usize) -> io::Result<()> {
        let node = self.node(index);
        {
            let mut process = lock(&node.process);
            process.kill()?;
            let arguments = self.arguments(node.port);
            *process = Process::start(&self.options.server, &arguments, &node.folder)?;
        }
        self.wait_for(index, "restart", CHANGE_LIMIT, || self.call(index, &["PING"]).map(|_| true))
    }

    /// Starts a node again on another port, with its ID and what it knew; the others hear of it.
    pub fn restart_elsewhere(&mut self, index: usize) -> io::Result<()> {
        self.kill(index)?;
        let port = process::free_port()?;
        let node = self.nodes.get_mut(index).expect("the test names a node that exists");
        (node.port, node.address) = (port, self.options.address(port));
        self.restart(index)
    }

    /// Adds a node without slots, waits until all running nodes know it, and gives its index.
    pub fn add_node(&mut self) -> io::Result<usize> {
        let port = process::free_port()?;
        let line = self.configuration_line(port, port, 0);
        let configuration = line.replace("ROLE", "myself,master -").replace("SLOTS", "");
        let (host, known) = (self.options.host.to_string(), self.running());
        let new = self.launch(
            port,
            None,
            &format!("{configuration}vars currentEpoch 0 lastVoteEpoch 0\n"),
        )?;
        self.wait_for(new, "start", CHANGE_LIMIT, || self.call(new, &["PING"]).map(|_| true))?;
        for index in &known {
            self.call(*index, &["CLUSTER", "MEET", &host, &port.to_string()])?;
        }
        wait_until("all nodes know the new one", CHANGE_LIMIT, || {
            for index in &known {
                let nodes = self.call(*index, &["CLUSTER", "NODES"])?.text().unwrap_or_default();
                let line = nodes.lines().find(|line| line.starts_with(&self.node(new).id));
                if !line
                    .is_some_and(|line| line.contains(" master ") && line.ends_with("connected"))
                {
                    return Ok(false);
                }
            }
            self.is_ok(new)
        })?;
        Ok(new)
    }

    /// Deletes all keys and waits until the replicas have done so too (not longer than 0.5 s).
    pub fn flush_all(&self) -> io::Result<()> {
        for index in self.primaries()? {
            let mut connection = self.connection(index)?;
            connection.must(&["FLUSHALL"])?;
            let role = connection.must(&["ROLE"])?;
            let replica_count = role.at(2).map_or(0, |replicas| replicas.elements().len());
            connection.must(&["WAIT", &replica_count.to_string(), "500"])?;
        }
        Ok(())
    }

    /// How often a node has run a command: `"get"`, `"cluster|slots"`. Redis 6.2 counts subcommands
    /// together, under the command. The harness's own calls count too: compare before and after.
    pub fn command_calls(&self, index: usize, command: &str) -> io::Result<u64> {
        let command = if self.version.at_least(7, 0) {
            command
        } else {
            command.split('|').next().unwrap_or(command)
        };
        let info = self.info(index, "commandstats")?;
        let calls = field(&info, &format!("cmdstat_{command}"))
            .and_then(|line| line.strip_prefix("calls="))
            .and_then(|rest| rest.split(',').next());
        Ok(calls.and_then(|count| count.parse().ok()).unwrap_or(0))
    }

    /// How many connections a node has accepted since its start. This question is one.
    pub fn connections_received(&self, index: usize) -> io::Result<u64> {
        let info = self.info(index, "stats")?;
        field(&info, "total_connections_received")
            .and_then(|count| count.parse().ok())
            .ok_or_else(|| io::Error::other("INFO without total_connections_received"))
    }

    /// A section of a node's INFO.
    pub fn info(&self, index: usize, section: &str) -> io::Result<String> {
        Ok(self.call(index, &["INFO", section])?.text().unwrap_or_default())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.nodes.clear();
        // The watchdog removes what is left.
        fs::remove_dir_all::<&Path>(&self.folder).ok();
    }
}

/// The value of a `name:value` line.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

fn port_at(ports: &[u16], index: usize) -> u16 {
    *ports.get(index).expect("one port for each node")
}

/// The ID of the node on a port: 40 hex digits, as any node ID.
fn id_of(port: u16) -> String {
    format!("{port:04x}{:04x}", port.reverse_bits()).repeat(5)
}

impl Cluster {
    /// The ID of the node on this port.
    fn id_of(&self, port: u16) -> String {
        id_of(port ^ (u16::from(self.options.realm) << 8))
    }
}
