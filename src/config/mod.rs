//! The configuration of a client: every limit and timeout, with unit, default and reason.

mod credentials;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

pub use self::credentials::Credentials;
use crate::address::Address;
use crate::error::ConfigError;

/// How a client behaves. Start from [`Config::default`] and change fields.
///
/// Every client and builder of the adapters has a setter of the same name, and a URL a parameter.
///
/// **Limit**: [`Config::max_held_bytes`] is the sum of what these limits let a client keep in
/// memory.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// The user name and password for every node. Empty credentials count as none. Default: none.
    pub credentials: Option<Credentials>,
    /// The name of each connection, as `CLIENT LIST` shows it. Default: none.
    pub client_name: Option<String>,
    /// The number of the database. A cluster has database 0 only, except Valkey 9.0 and later with
    /// `cluster-databases`. A node without this database refuses the connection. Default: 0.
    pub database: u32,
    /// The protocol to ask for. Default: RESP3, or RESP2 if the server does not support it.
    pub protocol: Protocol,
    /// Translates the addresses that nodes announce. Default: no translation.
    pub address_map: AddressMap,
    /// Which nodes answer read-only commands. Default: primaries.
    pub read_from: ReadFrom,
    /// Which redirections are followed. Default: redirections to nodes that the topology lists.
    pub redirect_policy: RedirectPolicy,
    /// What happens to a command whose keys are in several slots. Default: it is split if possible.
    pub cross_slot: CrossSlot,

    /// The time budget of a call that sets none of its own. Default: 20 s, because a failover takes
    /// the node timeout of the cluster (15 s by default) and about 2 s more.
    pub call_timeout: Duration,
    /// Maximum duration of one attempt to connect to a node. It covers name resolution, dialling
    /// all addresses, TLS and the handshake. It does not bound how long a call or `connect` waits
    /// for the cluster: `call_timeout` does. Default: 5 s.
    pub connect_timeout: Duration,
    /// How long an attempt to dial one address of a host runs before the next address is dialled in
    /// parallel. After a failure the next address is dialled at once. With many addresses the delay
    /// shrinks, so that the last attempt begins in the first half of `connect_timeout`.
    /// Default: 250 ms, as RFC 8305 recommends.
    pub dial_stagger: Duration,
    /// How long a connection may owe replies without receiving one. Then it is closed. Every 16 KiB
    /// of a long reply count as progress; pushes do not. Must exceed the duration of the slowest
    /// command. Default: 10 s.
    pub stall_timeout: Duration,
    /// How long a connection may be idle before it is sent a `PING`. Default: 30 s.
    pub ping_interval: Duration,
    /// How long a shutdown waits for outstanding replies, and how long the connection of a removed
    /// node stays open for them. Default: 5 s.
    pub drain_timeout: Duration,

    /// Maximum number of redirections per command; beyond it the caller receives the last
    /// redirection. After half of them each further `MOVED` is retried with back-off, so that nodes
    /// that disagree can converge. Other commands of the slot may then overtake the command.
    /// Default: 16.
    pub max_redirections: u8,
    /// First delay before a refused command is retried. It doubles with each refusal. Default: 10
    /// ms.
    pub min_retry_delay: Duration,
    /// Longest delay before a refused command is retried. Default: 250 ms.
    pub max_retry_delay: Duration,
    /// First delay before a node is dialled again; the first attempt is immediate. It doubles with
    /// each failure, and the actual delay is random between zero and this value. Default: 50 ms.
    pub min_reconnect_delay: Duration,
    /// Longest delay before a node is dialled again. Default: 1 s.
    pub max_reconnect_delay: Duration,
    /// Minimum time between two refreshes of the topology. It doubles while a refresh changes
    /// nothing. Default: 100 ms.
    pub min_refresh_interval: Duration,
    /// Upper bound of that doubling. Default: 5 s.
    pub max_refresh_interval: Duration,
    /// How long a refresh waits for the first node before it asks a second one as well, and then a
    /// third. Default: 250 ms.
    pub refresh_stagger: Duration,
    /// How long a redirection outweighs the view of a node that was not involved in it. Gossip
    /// needs this long to spread. Default: 5 s.
    pub moved_trust: Duration,
    /// How long a different cluster at known addresses is ignored while no known node answers:
    /// nodes with unknown IDs may have taken over the addresses. A cluster that a seed leads to, or
    /// that answers at every known address, is followed at once. Default: 30 s.
    pub takeover_delay: Duration,

    /// Number of connections to each node that take commands, from 1 to 64. The slot of a command
    /// decides which one takes it, so that commands of a slot stay in order. Commands of different
    /// slots do not wait for each other behind a long reply, and may overtake each other. A command
    /// without a slot takes the first connection. Each is opened when it is needed. Default: 1.
    pub links_per_node: u8,
    /// Maximum number of commands in flight on one connection. Further commands wait in the client.
    /// Default: 10,000.
    pub max_in_flight: usize,
    /// Maximum bytes of commands in flight on one connection. One larger command may travel alone.
    /// Default: 8 MiB.
    pub max_in_flight_bytes: usize,
    /// Maximum number of calls that wait for one connection, besides those in flight. Default:
    /// 100,000.
    pub max_queued: usize,
    /// Maximum number of incomplete calls over all nodes. Default: 1,000,000, of about 300 bytes
    /// each.
    pub max_pending_calls: usize,
    /// Maximum bytes of commands of incomplete calls. Default: 256 MiB.
    pub max_pending_bytes: usize,
    /// Maximum number of connections, including those being established. Further nodes wait for the
    /// connection that has been idle longest to be closed. On Linux, a client of an adapter never
    /// uses more than half of the file descriptors of the process. Default: 1,000.
    pub max_connections: usize,
    /// Maximum number of connections being established at a time: in name resolution, dial, TLS or
    /// handshake. Three more are reserved for nodes that a refresh asks. Default: 64.
    pub max_dials: usize,
    /// Maximum number of dials that begin per second, after a burst of `max_dials`. Default: 500.
    pub max_dial_rate: u32,
    /// Maximum number of addresses of one host that a dial tries. Default: 16, all within 4 s.
    pub max_addresses: usize,
    /// Maximum number of nodes in a topology. Default: 4,096.
    pub max_nodes: usize,
    /// Maximum bytes of incomplete replies over all connections. A reply beyond it is discarded,
    /// and its command fails. Default: 1 GiB.
    pub max_received_bytes: usize,
    /// Maximum bytes of replies that wait for other replies of the same call: in a pipeline, or
    /// from several nodes. A reply beyond it fails. Default: 1 GiB.
    pub max_held_reply_bytes: usize,
    /// Limits of a single reply.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            credentials: None,
            client_name: None,
            database: 0,
            protocol: Protocol::Resp3,
            address_map: AddressMap::default(),
            read_from: ReadFrom::Primary,
            redirect_policy: RedirectPolicy::Listed,
            cross_slot: CrossSlot::Split,
            call_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(5),
            dial_stagger: Duration::from_millis(250),
            stall_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(5),
            max_redirections: 16,
            min_retry_delay: Duration::from_millis(10),
            max_retry_delay: Duration::from_millis(250),
            min_reconnect_delay: Duration::from_millis(50),
            max_reconnect_delay: Duration::from_secs(1),
            min_refresh_interval: Duration::from_millis(100),
            max_refresh_interval: Duration::from_secs(5),
            refresh_stagger: Duration::from_millis(250),
            moved_trust: Duration::from_secs(5),
            takeover_delay: Duration::from_secs(30),
            links_per_node: 1,
            max_in_flight: 10_000,
            max_in_flight_bytes: 8 << 20,
            max_queued: 100_000,
            max_pending_calls: 1_000_000,
            max_pending_bytes: 256 << 20,
            max_connections: 1_000,
            max_dials: 64,
            max_dial_rate: 500,
            max_addresses: 16,
            max_nodes: 4_096,
            max_received_bytes: 1 << 30,
            max_held_reply_bytes: 1 << 30,
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// Maximum of every duration of a configuration: 366 days. A longer
    /// [`Call::timeout`](crate::Call::timeout) is cut to it.
    pub const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 3600);

    /// Time that a dial may spend until TLS is established: three quarters of `connect_timeout`. A
    /// driver that gives up then can report TLS as the cause; the machine, which gives up after all
    /// of `connect_timeout`, cannot.
    #[must_use]
    pub fn tls_timeout(&self) -> Duration {
        self.connect_timeout / 4 * 3
    }

    /// Maximum bytes that a machine holds with these limits, whatever callers and nodes do: the sum
    /// of the limits and of the overhead of each counted item. Replies that callers own do not
    /// count.
    ///
    /// ```
    /// use hashslot::Config;
    /// let mut config = Config::default();
    /// config.max_pending_calls = 10_000;
    /// config.max_pending_bytes = 16 << 20;
    /// config.max_received_bytes = 32 << 20;
    /// config.max_held_reply_bytes = 16 << 20;
    /// config.max_connections = 30;
    /// config.max_nodes = 100;
    /// config.limits.max_topology_bytes = 1 << 20;
    /// assert!(config.max_held_bytes() < 200 << 20);
    /// ```
    #[must_use]
    pub fn max_held_bytes(&self) -> usize {
        let times = |count: usize, len: usize| count.saturating_mul(len);
        let written = times(self.max_connections, self.max_in_flight_bytes);
        [
            // Commands that are not answered; those on their way a second time.
            self.max_pending_bytes,
            written.min(self.max_pending_bytes),
            times(self.max_pending_calls, CALL_LEN),
            // Replies: a buffer that grows is there twice, and has room for as much again.
            times(self.max_received_bytes, 3),
            // What lengths have promised.
            self.max_received_bytes / 2 + PROMISED_LEN,
            self.max_held_reply_bytes,
            // Of three nodes that are asked, and the one that is read.
            times(self.limits.max_topology_bytes, 4),
            times(self.max_nodes, NODE_LEN + times(LANE_LEN, 1 + usize::from(self.links_per_node))),
            SLOTS_LEN,
            times(self.max_connections, LINK_LEN),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }

    /// Checks that the values make sense.
    ///
    /// # Errors
    /// [`ConfigError::Field`] names the first field that does not.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let wrong = |field, problem| Err(ConfigError::Field { field, problem });
        for (field, duration) in self.durations() {
            if duration > Self::MAX_DURATION {
                return wrong(field, "is above 366 days");
            }
        }
        if let Some((field, _, problem)) = self.zeros().into_iter().find(|(_, is_zero, _)| *is_zero)
        {
            return wrong(field, problem);
        }
        if self.links_per_node > LINKS_PER_NODE_MAX {
            return wrong("links_per_node", "is above 64");
        }
        if self.dial_stagger < DIAL_STAGGER_MIN {
            return wrong("dial_stagger", "is below 10 ms: all addresses would be dialled at once");
        }
        if self.limits.max_handshake_bytes < HANDSHAKE_LEN_MIN {
            return wrong(
                "limits.max_handshake_bytes",
                "is below 4 KiB: replies to HELLO would be refused",
            );
        }
        if self.limits.max_depth < 8 {
            return wrong(
                "limits.max_depth",
                "is below 8: topologies, which nest that deep, would be refused",
            );
        }
        if let Some(name) = &self.client_name
            && !name.bytes().all(|byte| (b'!'..=b'~').contains(&byte))
        {
            return wrong("client_name", "has spaces or other characters that servers refuse");
        }
        Ok(())
    }

    /// The fields that must not be zero, whether they are, and what would happen then.
    const fn zeros(&self) -> [(&'static str, bool, &'static str); 18] {
        [
            (
                "call_timeout",
                self.call_timeout.is_zero(),
                "is zero: every call would time out at once",
            ),
            (
                "connect_timeout",
                self.connect_timeout.is_zero(),
                "is zero: every dial would time out at once",
            ),
            (
                "stall_timeout",
                self.stall_timeout.is_zero(),
                "is zero: every connection would be closed",
            ),
            (
                "ping_interval",
                self.ping_interval.is_zero(),
                "is zero: an idle connection would send PING without pause",
            ),
            (
                "min_retry_delay",
                self.min_retry_delay.is_zero(),
                "is zero: retries would loop without pause",
            ),
            (
                "min_reconnect_delay",
                self.min_reconnect_delay.is_zero(),
                "is zero: reconnecting would loop without pause",
            ),
            (
                "min_refresh_interval",
                self.min_refresh_interval.is_zero(),
                "is zero: refreshes would loop without pause",
            ),
            (
                "max_pending_calls",
                self.max_pending_calls == 0,
                "is zero: no call could be submitted",
            ),
            (
                "max_pending_bytes",
                self.max_pending_bytes == 0,
                "is zero: no call could be submitted",
            ),
            (
                "max_queued",
                self.max_queued == 0,
                "is zero: no command with a key could be submitted",
            ),
            ("links_per_node", self.links_per_node == 0, "is zero: no node could be reached"),
            ("max_in_flight", self.max_in_flight == 0, "is zero: no command could be sent"),
            (
                "max_in_flight_bytes",
                self.max_in_flight_bytes == 0,
                "is zero: no command could be sent",
            ),
            ("max_connections", self.max_connections == 0, "is zero: no node could be reached"),
            ("max_dials", self.max_dials == 0, "is zero: no node could be dialled"),
            ("max_dial_rate", self.max_dial_rate == 0, "is zero: no node could be dialled"),
            ("max_addresses", self.max_addresses == 0, "is zero: no host could be dialled"),
            ("max_nodes", self.max_nodes == 0, "is zero: every topology would be refused"),
        ]
    }

    /// All durations, and the names of their fields.
    const fn durations(&self) -> [(&'static str, Duration); 15] {
        [
            ("call_timeout", self.call_timeout),
            ("connect_timeout", self.connect_timeout),
            ("dial_stagger", self.dial_stagger),
            ("stall_timeout", self.stall_timeout),
            ("ping_interval", self.ping_interval),
            ("drain_timeout", self.drain_timeout),
            ("min_retry_delay", self.min_retry_delay),
            ("max_retry_delay", self.max_retry_delay),
            ("min_reconnect_delay", self.min_reconnect_delay),
            ("max_reconnect_delay", self.max_reconnect_delay),
            ("min_refresh_interval", self.min_refresh_interval),
            ("max_refresh_interval", self.max_refresh_interval),
            ("refresh_stagger", self.refresh_stagger),
            ("moved_trust", self.moved_trust),
            ("takeover_delay", self.takeover_delay),
        ]
    }
}

/// What is kept beside the bytes of a call: its entries in tables that have just doubled, and a
/// refusal.
const CALL_LEN: usize = 1_400;
/// What is kept of a node: in the topology, in one that is read, and in the table of nodes.
const NODE_LEN: usize = 4_096;
/// What is kept of a connection that a node may have.
const LANE_LEN: usize = 256;
/// What is kept of all slots: two tables, and a redirection for each.
const SLOTS_LEN: usize = 4 << 20;
/// What the length of one reply may promise at a time.
const PROMISED_LEN: usize = 2 << 20;
/// What is kept of a link besides what it sends and receives: with buffers that are used again.
const LINK_LEN: usize = 320 << 10;

/// More connections than that gain nothing from one server.
const LINKS_PER_NODE_MAX: u8 = 64;

/// What a node with many modules tells of itself.
const HANDSHAKE_LEN_MIN: usize = 4 << 10;

/// Source: RFC 8305, section 5.
pub(crate) const DIAL_STAGGER_MIN: Duration = Duration::from_millis(10);

/// Limits of a single reply, checked as soon as a length is read and before memory is reserved for
/// it. A command whose reply exceeds a limit fails alone; its connection stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
#[non_exhaustive]
pub struct Limits {
    /// Maximum bytes of one reply with all of its elements. Default: 512 MiB and 64 KiB, because
    /// the largest string of a server has 512 MiB by default.
    pub max_frame_bytes: usize,
    /// Maximum number of elements of one reply, over all depths. Default: 16,777,216.
    pub max_elements: usize,
    /// Maximum nesting depth of arrays, maps, sets and attributes. Default: 1,024, which costs 8
    /// KiB.
    pub max_depth: usize,
    /// Maximum bytes of one reply during the handshake, and to the client's own `PING` and `AUTH`.
    /// Default: 64 KiB.
    pub max_handshake_bytes: usize,
    /// Maximum bytes of one reply about the topology. Default: 32 MiB, twice the reply of 4,096
    /// nodes with scattered slots.
    pub max_topology_bytes: usize,
    /// Maximum bytes of one push. Default: 1 MiB.
    pub max_push_bytes: usize,
    /// Maximum bytes of one reply that is discarded because it is malformed or exceeds another
    /// limit. Its command fails alone, and nothing of it is kept. A longer one closes the
    /// connection. Default: 2 GiB.
    pub max_skipped_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame_bytes: (512 << 20) + (64 << 10),
            max_elements: 1 << 24,
            max_depth: 1_024,
            max_handshake_bytes: 64 << 10,
            max_topology_bytes: 32 << 20,
            max_push_bytes: 1 << 20,
            max_skipped_bytes: 2 << 30,
        }
    }
}

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
#[non_exhaustive]
pub enum Protocol {
    /// RESP2: every server knows it.
    Resp2,
    /// RESP3: Redis 6 and later, every Valkey.
    Resp3,
}

/// Which nodes answer read-only commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadFrom {
    /// Primaries: a read sees every write that was acknowledged before.
    Primary,
    /// Replicas in turn, and the primary of a shard without replicas. Reads may be stale, and the
    /// order of the commands of a slot holds among its writes only.
    PreferReplica,
}

/// What happens to a command whose keys are in several slots.
///
/// Servers refuse such commands. The client can split some of them: `DEL`, `UNLINK`, `EXISTS`,
/// `TOUCH`, `MGET`, `MSET`, `MSETEX` without a condition, `JSON.MGET`, `JSON.MSET`. It refuses all
/// others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CrossSlot {
    /// The client sends one command per slot, all at the same time, and merges the replies.
    ///
    /// **This is not atomic**: other clients may see some parts done and others not. If one part
    /// fails, the others stay done; [`Failure::Partial`](crate::error::Failure::Partial) tells
    /// which.
    #[default]
    Split,
    /// The client refuses the command with
    /// [`Rejection::CrossSlot`](crate::error::Rejection::CrossSlot) and sends nothing.
    Refuse,
}

/// Which redirections are followed.
///
/// A script can forge one: `return redis.error_reply('MOVED 1 evil:6379')`. A client that follows
/// it sends its password and the command to a foreign server, and runs the script twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectPolicy {
    /// Redirections to nodes that the topology lists, unless they answer a script that may have
    /// run.
    Listed,
    /// All redirections of all commands.
    Any,
}

/// Translates the addresses that nodes announce into addresses that the client can reach: NAT,
/// tunnels, containers. Applies to every address of a topology and of a redirection, not to seeds.
///
/// Rules are tried in order; the first match decides. The map is plain data, so that equal inputs
/// give equal outputs.
///
/// ```
/// use hashslot::config::AddressMap;
/// use hashslot::Address;
/// let map = AddressMap::default()
///     .node("10.0.0.7:6379".parse()?, "127.0.0.1:7001".parse()?)
///     .host("10.0.0.8", "db.example.net");
/// assert_eq!(map.apply("10.0.0.7:6379".parse()?), "127.0.0.1:7001".parse()?);
/// assert_eq!(map.apply("10.0.0.8:6380".parse()?), "db.example.net:6380".parse()?);
/// # Ok::<(), hashslot::error::AddressError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressMap {
    rules: Vec<AddressRule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum AddressRule {
    Node { from: Address, to: Address },
    Host { from: String, to: String },
}

impl AddressMap {
    /// Adds a rule for one host and port.
    #[must_use]
    pub fn node(mut self, from: Address, to: Address) -> Self {
        self.rules.push(AddressRule::Node { from, to });
        self
    }

    /// Adds a rule for one host; the port stays.
    #[must_use]
    pub fn host(mut self, from: &str, to: &str) -> Self {
        self.rules.push(AddressRule::Host { from: from.into(), to: to.into() });
        self
    }

    /// The rules as text: `from>to`.
    pub(crate) fn rules(&self) -> impl Iterator<Item = String> {
        let host = |host: &str| {
            if host.contains(':') { alloc::format!("[{host}]") } else { host.into() }
        };
        self.rules.iter().map(move |rule| match rule {
            AddressRule::Node { from, to } => alloc::format!("{from}>{to}"),
            AddressRule::Host { from, to } => alloc::format!("{}>{}", host(from), host(to)),
        })
    }

    /// The address to dial for an announced one.
    #[must_use]
    pub fn apply(&self, address: Address) -> Address {
        for rule in &self.rules {
            match rule {
                AddressRule::Node { from, to } if *from == address => return to.clone(),
                AddressRule::Host { from, to } if **from == *address.host() => {
                    return Address::new(to, address.port()).unwrap_or(address);
                }
                AddressRule::Node { .. } | AddressRule::Host { .. } => {}
            }
        }
        address
    }
}
