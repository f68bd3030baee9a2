//! Every limit and timeout, with unit, default, reason, and the memory it allows.

mod credentials;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

pub use self::credentials::Credentials;
use crate::address::Address;
use crate::error::ConfigError;

/// How a client behaves. Start from [`Config::default`] and change fields.
///
/// **Limit**: the client holds at most `calls_len_max` bytes of commands that are not answered yet,
/// per node `in_flight_len_max` of them a second time while they are being written, and per
/// connection one reply of at most `limits.frame_len_max` bytes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// User name and password for every node; empty ones are none. Default: none.
    pub credentials: Option<Credentials>,
    /// The name of each connection, as `CLIENT LIST` shows it. Default: none.
    pub client_name: Option<String>,
    /// The number of the database. Clusters have the one numbered 0, but for Valkey from 9.0 on with
    /// `cluster-databases`; a node that does not have it refuses the connection. Default: 0.
    pub database: u32,
    /// The protocol to ask for. Default: RESP3, and RESP2 where a server does not know it.
    pub protocol: Protocol,
    /// Translates the addresses that nodes announce. Default: as announced.
    pub address_map: AddressMap,
    /// Who answers read-only commands. Default: the primary.
    pub read_from: ReadFrom,
    /// Which redirections are followed. Default: those to nodes that the cluster lists.
    pub redirect_policy: RedirectPolicy,
    /// What becomes of a command whose keys are in several slots. Default: it is split if it can be.
    pub cross_slot: CrossSlot,

    /// The time budget of a call that sets none of its own. Default: 20 s, because a failover takes
    /// the cluster's node timeout (15 s by default) and about 2 s.
    pub call_timeout: Duration,
    /// How long one attempt to connect to a node may take: looking its name up, dialling all its
    /// addresses, TLS, and setting up the connection, together. It does not bound how long a call,
    /// or the connecting of a client, waits for the cluster: that is `call_timeout`. Default: 5 s.
    pub connect_timeout: Duration,
    /// How long an address of a host may take to answer before the next one is dialled as well,
    /// while the first attempt goes on; after a failure the next one is dialled at once. Less if there
    /// are so many addresses that the last would come in the second half of `connect_timeout`.
    /// Default: 250 ms, as RFC 8305 recommends.
    pub dial_stagger: Duration,
    /// A connection that owes replies and has brought none for this long is closed; 16 KiB of a long
    /// reply count as one, messages that are no replies do not. Longer than the slowest command that is
    /// used. Default: 10 s.
    pub stall_timeout: Duration,
    /// A connection that has been idle for this long is sent a `PING`. Default: 30 s.
    pub ping_interval: Duration,
    /// How long a shutdown waits for replies, and a node that left the cluster is listened to.
    /// Default: 5 s.
    pub drain_timeout: Duration,

    /// How often one command is redirected before the caller gets the redirection. In the second half
    /// of them a command pauses at each `MOVED`, since nodes that send it to each other need time to
    /// agree; as in every pause, others of its slot may overtake it. Default: 16.
    pub redirection_count_max: u8,
    /// The first pause before a refused command is tried again; it doubles. Default: 10 ms.
    pub retry_delay_min: Duration,
    /// The longest pause before a refused command is tried again. Default: 250 ms.
    pub retry_delay_max: Duration,
    /// The first pause before a node is dialled again (the first attempt is immediate); it doubles,
    /// and each pause is drawn from zero to it. Default: 50 ms.
    pub reconnect_delay_min: Duration,
    /// The longest pause before a node is dialled again. Default: 1 s.
    pub reconnect_delay_max: Duration,
    /// The least time between two rereads of the topology; it doubles while rereading changes
    /// nothing. Default: 100 ms.
    pub refresh_interval_min: Duration,
    /// The most that `refresh_interval_min` doubles to. Default: 5 s.
    pub refresh_interval_max: Duration,
    /// How long the first node asked for the topology may take before a second is asked as well,
    /// and the second before a third. Default: 250 ms.
    pub refresh_stagger: Duration,
    /// How long a redirection outweighs the topology of a node that had no part in it: gossip takes
    /// this long to spread. Default: 5 s.
    pub moved_trust: Duration,
    /// How long a cluster that answers at known addresses is left alone, while no known node answers:
    /// nodes whose IDs are unknown may have taken the addresses over. Clusters that a seed leads to,
    /// or that answer at every known address, are followed at once. Default: 30 s.
    pub takeover_delay: Duration,

    /// Commands that may wait for replies on one connection. More of them wait in the client.
    /// Default: 10,000.
    pub in_flight_count_max: usize,
    /// Bytes of commands that may wait for replies on one connection (one larger command may always
    /// travel alone). Default: 8 MiB.
    pub in_flight_len_max: usize,
    /// Calls that may wait for one node, besides those in flight. Default: 100,000.
    pub queue_count_max: usize,
    /// Calls that are not completed, over all nodes. Default: 1,000,000, of some 300 bytes each.
    pub calls_count_max: usize,
    /// Bytes of commands of calls that are not completed. Default: 256 MiB.
    pub calls_len_max: usize,
    /// Connections that there may be, those included that are being made. Nodes beyond wait, and the
    /// connection that has been idle for longest makes room. On Linux each client of an adapter uses at most
    /// half of the descriptors that the process may have. Default: 1,000.
    pub connection_count_max: usize,
    /// Connections that may be on their way at a time: looked up, dialled, secured, set up; and three
    /// beside them, to nodes that are to be asked for the topology. Default: 64.
    pub dial_count_max: usize,
    /// Dials that may begin in a second, once so many as may be on their way have begun at once.
    /// Default: 500.
    pub dial_rate_max: u32,
    /// Addresses of one host that a dial tries. Default: 16, which all begin within 4 s.
    pub address_count_max: usize,
    /// Nodes that a topology may have. Default: 4,096.
    pub node_count_max: usize,
    /// Bytes of replies that have begun to come and are not complete, over all connections. The reply
    /// that would bring more is read past, and its command fails. Default: 1 GiB.
    pub received_len_max: usize,
    /// Bytes of replies that wait for others of their call: those of a batch, or of a command that several
    /// nodes answer. The reply that would be more fails. Default: 1 GiB.
    pub replies_len_max: usize,
    /// What a reply may be.
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
            redirection_count_max: 16,
            retry_delay_min: Duration::from_millis(10),
            retry_delay_max: Duration::from_millis(250),
            reconnect_delay_min: Duration::from_millis(50),
            reconnect_delay_max: Duration::from_secs(1),
            refresh_interval_min: Duration::from_millis(100),
            refresh_interval_max: Duration::from_secs(5),
            refresh_stagger: Duration::from_millis(250),
            moved_trust: Duration::from_secs(5),
            takeover_delay: Duration::from_secs(30),
            in_flight_count_max: 10_000,
            in_flight_len_max: 8 << 20,
            queue_count_max: 100_000,
            calls_count_max: 1_000_000,
            calls_len_max: 256 << 20,
            connection_count_max: 1_000,
            dial_count_max: 64,
            dial_rate_max: 500,
            address_count_max: 16,
            node_count_max: 4_096,
            received_len_max: 1 << 30,
            replies_len_max: 1 << 30,
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// The longest that a duration of a configuration may be, and the most that counts of
    /// [`Call::timeout`](crate::Call::timeout): 366 days. That is as good as for ever, and clocks can
    /// count beyond it.
    pub const DURATION_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

    /// How long a dial may wait for TLS: three quarters of `connect_timeout`, from the dial on. A driver
    /// that gives up then can still tell what took so long; the machine, which gives up when the whole
    /// of it is over, could not.
    #[must_use]
    pub fn tls_timeout(&self) -> Duration {
        self.connect_timeout / 4 * 3
    }

    /// The most bytes that a machine holds with these limits, whatever callers and nodes do: what they add
    /// up to, with what is kept beside each thing that they count. What callers have been given is theirs.
    ///
    /// ```
    /// use hashslot::Config;
    /// let mut config = Config::default();
    /// config.calls_count_max = 10_000;
    /// config.calls_len_max = 16 << 20;
    /// config.received_len_max = 32 << 20;
    /// config.replies_len_max = 16 << 20;
    /// config.connection_count_max = 30;
    /// config.node_count_max = 100;
    /// config.limits.topology_len_max = 1 << 20;
    /// assert!(config.held_len_max() < 200 << 20);
    /// ```
    #[must_use]
    pub fn held_len_max(&self) -> usize {
        let times = |count: usize, len: usize| count.saturating_mul(len);
        let written = times(self.connection_count_max, self.in_flight_len_max);
        [
            // Commands that are not answered; those on their way a second time.
            self.calls_len_max,
            written.min(self.calls_len_max),
            times(self.calls_count_max, CALL_LEN),
            // Replies: a buffer that grows is there twice, and has room for as much again.
            times(self.received_len_max, 3),
            // What lengths have promised.
            self.received_len_max / 2 + PROMISED_LEN,
            self.replies_len_max,
            // Of three nodes that are asked, and the one that is read.
            times(self.limits.topology_len_max, 4),
            times(self.node_count_max, NODE_LEN),
            SLOTS_LEN,
            times(self.connection_count_max, LINK_LEN),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }

    /// Checks that the limits can work.
    ///
    /// # Errors
    /// [`ConfigError::Field`] names the first field that cannot.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let wrong = |field, problem| Err(ConfigError::Field { field, problem });
        for (field, duration) in self.durations() {
            if duration > Self::DURATION_MAX {
                return wrong(field, "is above 366 days");
            }
        }
        if self.call_timeout.is_zero() {
            return wrong("call_timeout", "is zero: no call could be answered");
        }
        if self.connect_timeout.is_zero() {
            return wrong("connect_timeout", "is zero: no connection could be made");
        }
        if self.dial_stagger < DIAL_STAGGER_MIN {
            return wrong("dial_stagger", "is below 10 ms: all addresses would be dialled at once");
        }
        if self.stall_timeout.is_zero() {
            return wrong("stall_timeout", "is zero: every connection would be closed");
        }
        if self.ping_interval.is_zero() {
            return wrong("ping_interval", "is zero: an idle connection would never rest");
        }
        if self.retry_delay_min.is_zero() {
            return wrong("retry_delay_min", "is zero: retries would spin");
        }
        if self.reconnect_delay_min.is_zero() {
            return wrong("reconnect_delay_min", "is zero: reconnecting would spin");
        }
        if self.refresh_interval_min.is_zero() {
            return wrong("refresh_interval_min", "is zero: rereading the topology would spin");
        }
        if self.in_flight_count_max == 0 || self.calls_count_max == 0 {
            return wrong("in_flight_count_max", "and `calls_count_max` must allow one call");
        }
        if self.connection_count_max == 0 {
            return wrong("connection_count_max", "is zero: no node could be reached");
        }
        if self.dial_count_max == 0 {
            return wrong("dial_count_max", "is zero: no node could be dialled");
        }
        if self.dial_rate_max == 0 {
            return wrong("dial_rate_max", "is zero: no node could be dialled");
        }
        if self.address_count_max == 0 {
            return wrong("address_count_max", "is zero: no host could be dialled");
        }
        if self.node_count_max == 0 {
            return wrong("node_count_max", "is zero: no cluster is that small");
        }
        if self.limits.handshake_len_max < HANDSHAKE_LEN_MIN {
            return wrong(
                "limits.handshake_len_max",
                "is below 4 KiB: a node tells about itself in HELLO",
            );
        }
        if self.limits.depth_max < 8 {
            return wrong("limits.depth_max", "is below 8: a topology nests that deep");
        }
        if let Some(name) = &self.client_name
            && !name.bytes().all(|byte| (b'!'..=b'~').contains(&byte))
        {
            return wrong("client_name", "has blanks or characters that servers refuse");
        }
        Ok(())
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
            ("retry_delay_min", self.retry_delay_min),
            ("retry_delay_max", self.retry_delay_max),
            ("reconnect_delay_min", self.reconnect_delay_min),
            ("reconnect_delay_max", self.reconnect_delay_max),
            ("refresh_interval_min", self.refresh_interval_min),
            ("refresh_interval_max", self.refresh_interval_max),
            ("refresh_stagger", self.refresh_stagger),
            ("moved_trust", self.moved_trust),
            ("takeover_delay", self.takeover_delay),
        ]
    }
}

/// What is kept beside the bytes of a call: its entries in tables that have just doubled, and a refusal.
const CALL_LEN: usize = 1_400;
/// What is kept of a node: in the topology, in one that is read, and in the table of nodes.
const NODE_LEN: usize = 4_096;
/// What is kept of all slots: two tables, and a redirection for each.
const SLOTS_LEN: usize = 4 << 20;
/// What the length of one reply may promise at a time.
const PROMISED_LEN: usize = 2 << 20;
/// What is kept of a link besides what it sends and receives: with buffers that are used again.
const LINK_LEN: usize = 320 << 10;

/// What a node with many modules tells of itself.
const HANDSHAKE_LEN_MIN: usize = 4 << 10;

/// Source: RFC 8305, section 5.
pub(crate) const DIAL_STAGGER_MIN: Duration = Duration::from_millis(10);

/// What a reply may be, checked as soon as a length is read and before memory is taken for it. A
/// command whose reply is beyond a limit fails alone; its connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one reply, with everything in it. Default: 512 MiB and 64 KiB, because a server's
    /// largest string has 512 MiB by default.
    pub frame_len_max: usize,
    /// Elements of one reply, at all depths together. Default: 16,777,216.
    pub element_count_max: usize,
    /// How deep arrays, maps, sets and attributes may nest. Default: 1,024, which takes 8 KiB.
    pub depth_max: usize,
    /// Bytes of one reply of a node while a connection is set up, or to the client's own `PING` and
    /// `AUTH`. Default: 64 KiB.
    pub handshake_len_max: usize,
    /// Bytes of one reply about the topology. Default: 32 MiB, twice what 4,096 nodes tell whose slots are
    /// scattered.
    pub topology_len_max: usize,
    /// Bytes of one message that is no reply. Default: 1 MiB.
    pub push_len_max: usize,
    /// Bytes of one reply that is beyond another limit, or malformed, and is read past: its command
    /// fails alone. A longer one closes the connection instead. None of it is kept. Default: 2 GiB.
    pub skipped_len_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_len_max: (512 << 20) + (64 << 10),
            element_count_max: 1 << 24,
            depth_max: 1_024,
            handshake_len_max: 64 << 10,
            topology_len_max: 32 << 20,
            push_len_max: 1 << 20,
            skipped_len_max: 2 << 30,
        }
    }
}

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// RESP2: every server knows it.
    Resp2,
    /// RESP3: Redis 6 and later, every Valkey.
    Resp3,
}

/// Who answers commands that only read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadFrom {
    /// The primary: a read sees every write that was acknowledged before.
    Primary,
    /// The replicas in turn, the primary if there is none. Reads may be stale, and the order of a
    /// slot's commands holds among its writes only.
    PreferReplica,
}

/// What becomes of a command whose keys are in several slots.
///
/// Servers refuse it. Some commands can be split: `DEL`, `UNLINK`, `EXISTS`, `TOUCH`, `MGET`, `MSET`,
/// `MSETEX` without a condition, `JSON.MGET`, `JSON.MSET`. All others are refused in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CrossSlot {
    /// It is sent as one command a slot, all at the same time, and the replies become one.
    ///
    /// **That is not atomic**: others may see some of the parts done and some not, and if one of
    /// them fails the others stay done; [`Error::Partial`](crate::Error::Partial) tells which.
    #[default]
    Split,
    /// It is refused with [`Why::CrossSlot`](crate::Why::CrossSlot), and nothing is sent.
    Refuse,
}

/// Which redirections are followed.
///
/// A script can forge one: `return redis.error_reply('MOVED 1 evil:6379')`. Who follows it sends
/// password and command to a stranger, and runs the script twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectPolicy {
    /// Only to nodes that a node of the cluster lists, and not for scripts that may have run.
    Listed,
    /// Wherever a reply points to, for every command.
    Any,
}

/// Translates the addresses that nodes announce into those that the client can reach: NAT, tunnels,
/// containers. Applied to every address of a topology and of a redirection, not to seeds.
///
/// Rules are tried in their order; the first that matches decides. It is plain data, so that the
/// same inputs give the same outputs.
///
/// ```
/// use hashslot::{Address, AddressMap};
/// let map = AddressMap::default()
///     .node("10.0.0.7:6379".parse()?, "127.0.0.1:7001".parse()?)
///     .host("10.0.0.8", "db.example.net");
/// assert_eq!(map.apply("10.0.0.7:6379".parse()?), "127.0.0.1:7001".parse()?);
/// assert_eq!(map.apply("10.0.0.8:6380".parse()?), "db.example.net:6380".parse()?);
/// # Ok::<(), hashslot::AddressError>(())
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
