//! The kinds of faults of a simulation, and the profiles that group them.

use core::fmt;

/// A kind of fault, or an unusual way to use a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    // The cluster changes.
    /// A slot migrates key by key and stays open for a while.
    Migrate,
    /// A slot migrates with all its keys at once.
    AtomicMigrate,
    /// A coordinated failover: the primary hands over to a replica.
    Failover,
    /// Gossip is delayed: nodes answer from an old view.
    SlowGossip,
    /// A node joins, receives slots, returns them, and is forgotten.
    Scale,
    /// A slot has no owner for a while.
    Hole,
    /// A node restarts under another address.
    Readdress,
    /// All nodes restart under other addresses; the seeds' names resolve to the new ones.
    ReaddressAll,
    /// A node is gone, and a node of another cluster has its address for a while.
    Stranger,
    /// All nodes are replaced by empty ones with other IDs; the seeds' names resolve to them.
    Rebuild,

    // Nodes fail.
    /// The process of a node ends. The node restarts, or a replica takes over.
    Kill,
    /// The machine of a node disappears; its clients receive neither FIN nor RST.
    Vanish,
    /// A node is suspended and resumes later.
    Freeze,
    /// A node is slow for every command.
    Slow,
    /// A partition between nodes; clients reach both sides.
    Partition,
    /// A node accepts no further connections.
    MaxClients,

    // The network fails.
    /// Bytes arrive in pieces that are cut anywhere.
    SplitBytes,
    /// The transport accepts fewer bytes than it was offered.
    ShortWrites,
    /// Socket buffers are small and sometimes full.
    BackPressure,
    /// A connection is reset; bytes in flight are lost.
    Reset,
    /// A connection ends in the middle of a reply.
    CutReply,
    /// A connection silently stops carrying bytes in both directions.
    HalfOpen,
    /// Bytes to or from a node are delayed for a while.
    Stall,
    /// A dial gets no answer.
    DialHang,
    /// A dial is refused though the node listens.
    DialRefused,
    /// A host name resolves to several addresses, some of which never answer.
    DeadAddress,

    // A node is hostile.
    /// A node sends bytes that are not RESP, or truncated replies.
    Garbage,
    /// A node sends pushes, and attributes before replies, without being asked.
    Pushes,
    /// A node redirects to an address without a node, or for the wrong slot.
    Forgeries,
    /// A node reports an inconsistent or empty topology.
    OddTopology,
    /// A node sends well-framed replies with wrong content.
    OddReplies,
    /// A node invents nodes, different ones each time: it lists them and redirects to them.
    Crowd,
    /// A node accepts commands, never answers, and sends pushes.
    OnlyPushes,
    /// A node's replies arrive byte by byte.
    Drip,

    // The driver and the application are difficult.
    /// The driver pauses for a while and receives everything late.
    ClockJump,
    /// Events arrive twice, or after their link has ended.
    StrayEvents,
    /// Callers cancel calls.
    Cancel,
    /// Calls have short deadlines.
    ShortDeadlines,
    /// Limits are so small that clients reach them.
    SmallLimits,
    /// Clients read from replicas.
    ReplicaReads,
    /// Scripts write and then return forged cluster errors, and nodes lose loaded scripts.
    Scripts,
    /// Commands exceed what nodes accept: a node reads the length, refuses, and closes the
    /// connection with the rest unread.
    RefuseUnread,
    /// A node closes the connection after a reply: writes fail while replies are still unread.
    HangUp,
    /// The driver pauses for longer than any timer.
    LongPause,
    /// Clients may open few connections and dial few nodes at a time.
    FewConnections,
    /// Clients may have several connections to each node.
    ManyLinks,
}

impl Fault {
    /// All kinds of faults.
    pub const ALL: [Self; 46] = [
        Self::Migrate,
        Self::AtomicMigrate,
        Self::Failover,
        Self::SlowGossip,
        Self::Scale,
        Self::Hole,
        Self::Readdress,
        Self::ReaddressAll,
        Self::Kill,
        Self::Vanish,
        Self::Freeze,
        Self::Slow,
        Self::Partition,
        Self::MaxClients,
        Self::SplitBytes,
        Self::ShortWrites,
        Self::BackPressure,
        Self::Reset,
        Self::CutReply,
        Self::HalfOpen,
        Self::Stall,
        Self::DialHang,
        Self::DialRefused,
        Self::Garbage,
        Self::Pushes,
        Self::Forgeries,
        Self::OddTopology,
        Self::ClockJump,
        Self::StrayEvents,
        Self::Cancel,
        Self::ShortDeadlines,
        Self::SmallLimits,
        Self::ReplicaReads,
        Self::Scripts,
        Self::RefuseUnread,
        Self::HangUp,
        Self::LongPause,
        Self::OddReplies,
        Self::DeadAddress,
        Self::Stranger,
        Self::Rebuild,
        Self::OnlyPushes,
        Self::Drip,
        Self::FewConnections,
        Self::Crowd,
        Self::ManyLinks,
    ];

    /// The name on the command line: `half-open`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Migrate => "migrate",
            Self::AtomicMigrate => "atomic-migrate",
            Self::Failover => "failover",
            Self::SlowGossip => "slow-gossip",
            Self::Scale => "scale",
            Self::Hole => "hole",
            Self::Readdress => "readdress",
            Self::ReaddressAll => "readdress-all",
            Self::Stranger => "stranger",
            Self::Rebuild => "rebuild",
            Self::Kill => "kill",
            Self::Vanish => "vanish",
            Self::Freeze => "freeze",
            Self::Slow => "slow",
            Self::Partition => "partition",
            Self::MaxClients => "max-clients",
            Self::SplitBytes => "split-bytes",
            Self::ShortWrites => "short-writes",
            Self::BackPressure => "back-pressure",
            Self::Reset => "reset",
            Self::CutReply => "cut-reply",
            Self::HalfOpen => "half-open",
            Self::Stall => "stall",
            Self::DialHang => "dial-hang",
            Self::DialRefused => "dial-refused",
            Self::DeadAddress => "dead-address",
            Self::Garbage => "garbage",
            Self::Pushes => "pushes",
            Self::Forgeries => "forgeries",
            Self::OddTopology => "odd-topology",
            Self::OddReplies => "odd-replies",
            Self::ClockJump => "clock-jump",
            Self::StrayEvents => "stray-events",
            Self::Cancel => "cancel",
            Self::ShortDeadlines => "short-deadlines",
            Self::SmallLimits => "small-limits",
            Self::ReplicaReads => "replica-reads",
            Self::Scripts => "scripts",
            Self::RefuseUnread => "refuse-unread",
            Self::HangUp => "hang-up",
            Self::LongPause => "long-pause",
            Self::Crowd => "crowd",
            Self::OnlyPushes => "only-pushes",
            Self::Drip => "drip",
            Self::FewConnections => "few-connections",
            Self::ManyLinks => "many-links",
        }
    }

    pub(super) fn bit(self) -> u64 {
        let index = Self::ALL.iter().position(|fault| *fault == self).unwrap_or(0);
        1 << index
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of faults.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults(u64);

impl Faults {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// The set of these faults.
    #[must_use]
    pub fn of(faults: &[Fault]) -> Self {
        Self(faults.iter().fold(0, |bits, fault| bits | fault.bit()))
    }

    /// The set of all faults.
    #[must_use]
    pub fn all() -> Self {
        Self::of(&Fault::ALL)
    }

    /// Whether the set contains a fault.
    #[must_use]
    pub fn has(self, fault: Fault) -> bool {
        self.0 & fault.bit() != 0
    }

    /// The set without a fault.
    #[must_use]
    pub fn without(self, fault: Fault) -> Self {
        Self(self.0 & !fault.bit())
    }

    /// The set with one more fault.
    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        Self(self.0 | fault.bit())
    }

    /// The faults of the set, in the order of [`Fault::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(move |fault| self.has(*fault))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// A named set of faults that a simulation draws from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Profile {
    /// No faults.
    Calm,
    /// Slots migrate under load.
    Reshard,
    /// Primaries fail over: coordinated, after a crash, or because they hang.
    Failover,
    /// Partitions between nodes, and between nodes and clients.
    Partition,
    /// Connections break, hang and slow down.
    FlakyNetwork,
    /// Nodes violate the protocol.
    HostileServer,
    /// Nodes join, leave and change their addresses.
    TopologyChurn,
    /// All faults.
    Everything,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 8] = [
        Self::Calm,
        Self::Reshard,
        Self::Failover,
        Self::Partition,
        Self::FlakyNetwork,
        Self::HostileServer,
        Self::TopologyChurn,
        Self::Everything,
    ];

    /// The name on the command line: `flaky-network`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Reshard => "reshard",
            Self::Failover => "failover",
            Self::Partition => "partition",
            Self::FlakyNetwork => "flaky-network",
            Self::HostileServer => "hostile-server",
            Self::TopologyChurn => "topology-churn",
            Self::Everything => "everything",
        }
    }

    /// The faults of this profile.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub fn faults(self) -> Faults {
        use Fault as F;
        match self {
            Self::Calm => Faults::of(&[F::SplitBytes, F::Cancel]),
            Self::Reshard => Faults::of(&[
                F::Migrate,
                F::AtomicMigrate,
                F::SlowGossip,
                F::SplitBytes,
                F::ShortWrites,
                F::Cancel,
                F::ShortDeadlines,
                F::Scripts,
                F::ManyLinks,
            ]),
            Self::Failover => Faults::of(&[
                F::Failover,
                F::Kill,
                F::Vanish,
                F::Freeze,
                F::SlowGossip,
                F::SplitBytes,
                F::Cancel,
                F::ShortDeadlines,
                F::ReplicaReads,
            ]),
            Self::Partition => Faults::of(&[
                F::Partition,
                F::Stall,
                F::HalfOpen,
                F::Freeze,
                F::Slow,
                F::SlowGossip,
                F::BackPressure,
                F::ShortDeadlines,
            ]),
            Self::FlakyNetwork => Faults::of(&[
                F::SplitBytes,
                F::ShortWrites,
                F::BackPressure,
                F::Reset,
                F::CutReply,
                F::HalfOpen,
                F::Stall,
                F::DialHang,
                F::DialRefused,
                F::DeadAddress,
                F::ClockJump,
                F::StrayEvents,
                F::Cancel,
                F::SmallLimits,
                F::RefuseUnread,
                F::HangUp,
                F::LongPause,
                F::FewConnections,
                F::ManyLinks,
            ]),
            Self::HostileServer => Faults::of(&[
                F::Garbage,
                F::Pushes,
                F::Forgeries,
                F::OddTopology,
                F::OddReplies,
                F::MaxClients,
                F::Scripts,
                F::SplitBytes,
                F::SmallLimits,
                F::RefuseUnread,
                F::Crowd,
                F::OnlyPushes,
                F::Drip,
            ]),
            Self::TopologyChurn => Faults::of(&[
                F::Scale,
                F::Hole,
                F::Readdress,
                F::ReaddressAll,
                F::Stranger,
                F::Rebuild,
                F::Failover,
                F::AtomicMigrate,
                F::SlowGossip,
                F::ReplicaReads,
                F::MaxClients,
                F::FewConnections,
                F::ManyLinks,
            ]),
            Self::Everything => Faults::all(),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl core::str::FromStr for Profile {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|profile| profile.name() == name).ok_or(UnknownName)
    }
}

impl core::str::FromStr for Fault {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|fault| fault.name() == name).ok_or(UnknownName)
    }
}

/// The error of parsing a name that is neither a fault nor a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no profile or fault has this name")]
#[non_exhaustive]
pub struct UnknownName;
