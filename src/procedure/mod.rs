//! Several calls that answer one.
//!
//! Theory of operation. A procedure is plain data: asked what comes next, it says which call to
//! make, or how all of it ended; told how that call ended, it is asked again. The machine makes the
//! calls. All of them share the deadline, the cancellation and the token of the one call that the
//! caller made. It begins when the topology is known. A procedure never waits for time, and comes
//! to its end after a bounded number of calls that fail.

// - `scan`: all keys of a cluster, page by page

mod scan;

use alloc::boxed::Box;

pub use self::scan::{KeyPage, Scan};
use crate::action::{Outcome, Reply};
use crate::plan::Call;
use crate::topology::Topology;

/// What is done in several calls, and how far it has come.
#[derive(Debug, Clone)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub(crate) enum Procedure {
    /// Nothing but the topology.
    Discovery,
    /// A call that cannot be planned before the topology is known; `None` once it is made.
    Later(Option<Box<Call>>),
    /// A page of keys.
    Scan(Box<Scan>),
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Step {
    /// This call is to be made.
    Send(Call),
    /// It is over.
    Over(Outcome),
    /// It is over, because the topology does not tell where to go on.
    Lost(Outcome),
}

impl Procedure {
    /// What comes next, in a cluster that looks like this. `heard` tells how the last call ended;
    /// there was none at the beginning.
    pub(crate) fn next(&mut self, topology: &Topology, heard: Option<Outcome>) -> Step {
        match self {
            Self::Discovery => Step::Over(heard.unwrap_or(Ok(Reply::Ready))),
            Self::Later(call) => match (call.take(), heard) {
                (Some(call), None) => Step::Send(*call),
                (call, Some(heard)) => Step::Over(own_outcome(call.as_deref(), heard)),
                (None, None) => Step::Over(Ok(Reply::Ready)),
            },
            Self::Scan(scan) => scan.next(topology, heard),
        }
    }

    /// How all of it ends with the end of its last step: its time is up, or the machine ends.
    pub(crate) fn end(self, heard: Outcome) -> Outcome {
        match self {
            Self::Discovery => heard,
            Self::Later(call) => own_outcome(call.as_deref(), heard),
            Self::Scan(scan) => Ok(scan.end(heard)),
        }
    }

    /// The name of the command that it stands for, if it stands for one.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Discovery | Self::Later(_) => "",
            Self::Scan(_) => "SCAN",
        }
    }

    /// The kind of its call in one word.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Discovery | Self::Later(_) => "discovery",
            Self::Scan(_) => "scan",
        }
    }

    /// The number of bytes that it keeps of its caller.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Discovery | Self::Later(_) => 0,
            Self::Scan(scan) => scan.options_len(),
        }
    }
}

/// How a call ended that was not made: the error names its command.
fn own_outcome(call: Option<&Call>, heard: Outcome) -> Outcome {
    match call {
        Some(call) => heard.map_err(|error| call.own_error(error)),
        None => heard,
    }
}
