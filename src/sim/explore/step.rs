//! The steps of a small world.

/// One step. A socket is named by its index in the list, a call by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The client submits its next call.
    Submit,
    /// The caller of this call cancels it.
    Cancel(u8),
    /// The transport takes bytes of a link.
    Take(u8, Cut),
    /// A node reads its next command, and replies.
    Read(u8),
    /// Replies arrive.
    Deliver(u8, Portion),
    /// A connection is made.
    Accept(u8),
    /// A connection is lost, or cannot be made.
    Lose(u8),
    /// A node refuses a command that it has read in part.
    Reject(u8),
    /// The next event of the cluster happens.
    Happen,
    /// The next timer fires.
    Timer,
    /// The driver is late: the next timer is overdue.
    Delay,
}

/// How much of the bytes the transport takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// All bytes.
    Nowhere,
    /// All commands before the last.
    BeforeLast,
    /// All commands before the last, and half of that one.
    InsideLast,
    /// All bytes except the last.
    BeforeEnd,
}

/// How much of the replies arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Portion {
    /// One reply, or the rest of it.
    One,
    /// All replies.
    All,
    /// Half of one reply.
    Half,
}
