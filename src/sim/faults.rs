//! What can go wrong in a simulation, and in which company.

use core::fmt;

/// A kind of fault, or of use that is out of the ordinary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    // The cluster changes.
    /// A slot moves key by key, and stays open for a while.
    Migrate,
    /// A slot moves with all its keys at once.
    AtomicMigrate,
    /// A replica takes over from a primary that agrees.
    Failover,
    /// Nodes hear late of what others do, and answer by what they believe.
    SlowGossip,
    /// A node joins, gets slots, gives them back, and is forgotten.
    Scale,
    /// A slot has no owner for a while.
    Hole,
    /// A node starts again under another address.
    Readdress,
    /// Every node starts again under another address, behind the seeds' names.
    ReaddressAll,
    /// A node is gone, and a node of another cluster gets its address for a while.
    Stranger,
    /// Every node is replaced by one that has another ID and no data, behind the seeds' names.
    Rebuild,

    // Nodes fail.
    /// The process of a node ends; it starts again, or a replica takes over.
    Kill,
    /// The machine of a node is gone without a word to its clients.
    Vanish,
    /// A node is stopped and goes on later.
    Freeze,
    /// A node takes long for every command.
    Slow,
    /// Some nodes do not hear the others; clients reach both.
    Partition,
    /// A node takes no more connections than it has.
    MaxClients,

    // The network fails.
    /// Bytes arrive in pieces, cut anywhere.
    SplitBytes,
    /// The transport takes fewer bytes than it has room for.
    ShortWrites,
    /// Pipes are small, and full at times.
    BackPressure,
    /// A connection is reset; what was on its way is lost.
    Reset,
    /// A connection ends in the middle of a reply.
    CutReply,
    /// A connection carries nothing any more, and neither end is told.
    HalfOpen,
    /// Bytes from clients to a node, or back, are held up for a while.
    Stall,
    /// A dial gets no answer.
    DialHang,
    /// A dial is refused though the node listens.
    DialRefused,
    /// A host name stands for several addresses, some of which never answer.
    DeadAddress,

    // A node is hostile.
    /// Bytes that are no reply, or replies cut short.
    Garbage,
    /// Pushes, and attributes before replies, that no client asked for.
    Pushes,
    /// Redirections to where no node is, or for another slot.
    Forgeries,
    /// Topologies that make no sense, or are empty.
    OddTopology,
    /// Replies whose content is odd, while it is certain where they end.
    OddReplies,
    /// A node lists nodes that it makes up, other ones each time, and sends commands to them.
    Crowd,
    /// A node takes commands, answers none, and sends pushes.
    OnlyPushes,
    /// A node's replies come byte by byte.
    Drip,

    // The driver and the application are difficult.
    /// The driver does nothing for a while, and hears of everything late.
    ClockJump,
    /// Events come twice, or after the end of their link.
    StrayEvents,
    /// Calls are given up.
    Cancel,
    /// Calls have little time.
    ShortDeadlines,
    /// Limits are small, and reached.
    SmallLimits,
    /// Replicas answer reads.
    ReplicaReads,
    /// Scripts forge errors of the cluster after they have written, and nodes forget scripts.
    Scripts,
    /// Commands that are longer than nodes accept: a node refuses one when it has read how long it
    /// is, and hangs up without having read the rest.
    RefuseUnread,
    /// A node hangs up behind a reply: writes fail while replies wait to be read.
    HangUp,
    /// The driver does nothing for longer than any timer is set for.
    LongPause,
    /// Clients may have few connections, and dial few nodes at a time.
    FewConnections,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 45] = [
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
    ];

    /// The name, as the command line has it: `half-open`.
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

/// Some kinds of faults.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults(u64);

impl Faults {
    /// None.
    pub const NONE: Self = Self(0);

    /// These.
    #[must_use]
    pub fn of(faults: &[Fault]) -> Self {
        Self(faults.iter().fold(0, |bits, fault| bits | fault.bit()))
    }

    /// All that there are.
    #[must_use]
    pub fn all() -> Self {
        Self::of(&Fault::ALL)
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn has(self, fault: Fault) -> bool {
        self.0 & fault.bit() != 0
    }

    /// All of these but one.
    #[must_use]
    pub fn without(self, fault: Fault) -> Self {
        Self(self.0 & !fault.bit())
    }

    /// These, and one more.
    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        Self(self.0 | fault.bit())
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(move |fault| self.has(*fault))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Which faults a simulation draws from, named after what happens in real life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Profile {
    /// Nothing goes wrong.
    Calm,
    /// Slots move under load.
    Reshard,
    /// Primaries are replaced: with notice, without, or because they stand still.
    Failover,
    /// Parts of the cluster do not hear each other, or their clients.
    Partition,
    /// Connections break, hang and crawl.
    FlakyNetwork,
    /// Nodes answer with what no server should.
    HostileServer,
    /// Nodes come, go, and change their addresses.
    TopologyChurn,
    /// All of it.
    Everything,
}

impl Profile {
    /// All of them.
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

    /// The name, as the command line has it: `flaky-network`.
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

    /// The faults that simulations of this profile draw from.
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

/// No profile, or no fault, has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no profile or fault has this name")]
#[non_exhaustive]
pub struct UnknownName;
