//! What one reply means for the command that it answers.
//!
//! Rules of this file: [`judge`] looks at one reply and at what is known about its command, and at
//! nothing else; it has an answer for every reply; it never says "again" unless the reply proves
//! that the command did not run. No error proves that of a script, which can write and then answer
//! with any text, but the one with which servers say that they do not have it. Source: cluster
//! specification, "Redirection and resharding", and the order of the checks in the servers'
//! `processCommand`.

use core::time::Duration;

use crate::config::RedirectPolicy;
use crate::error::{Code, Error, Ran, ServerError};
use crate::resp::Frame;
use crate::slot::Slot;
use crate::topology::{Endpoint, Redirection};

/// What is known about the command that a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct About {
    /// The slot of its keys.
    pub slot: Option<Slot>,
    /// Whether the command runs a script, which can answer with any text.
    pub script: bool,
    /// Whether the script was sent by its SHA-1 and the client has the source.
    pub has_source: bool,
    /// Whether running the command twice does no harm.
    pub idempotent: bool,
    /// Which redirections are followed.
    pub policy: RedirectPolicy,
    /// Which nodes the command may be sent to.
    pub reach: Reach,
}

/// Which nodes a command may be sent to, as its caller chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Reach {
    /// To any: the owner of its slot serves it, whichever node that is.
    #[default]
    Any,
    /// To the primary of one shard: it is sent there again, and follows no redirection.
    Shard,
    /// To one node, whose reply is final.
    Node,
}

impl About {
    /// An ordinary command on keys of this slot.
    #[must_use]
    pub const fn keyed(slot: Slot) -> Self {
        Self { slot: Some(slot), ..Self::keyless() }
    }

    /// An ordinary command without keys.
    #[must_use]
    pub const fn keyless() -> Self {
        Self {
            slot: None,
            script: false,
            has_source: false,
            idempotent: false,
            policy: RedirectPolicy::Listed,
            reach: Reach::Any,
        }
    }
}

/// What to do with a command, given its reply.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The reply is the result of the command.
    Deliver,
    /// `MOVED`: remember the new owner of the slot, and send the command there.
    Redirect {
        /// The slot that moved.
        slot: Slot,
        /// Its owner.
        to: Endpoint,
    },
    /// `ASK`: send `ASKING` and the command to the other node, this once. The owner stays.
    Ask {
        /// The slot that is being moved.
        slot: Slot,
        /// Where its missing keys are.
        to: Endpoint,
    },
    /// The node does not have the script, so the command did not run: send the source to this node.
    SendSource,
    /// The command did not run: send it again after at least this long.
    RetryAfter(Duration),
    /// The command did not run, and the topology is stale: read the topology, then send the command
    /// again.
    ReinitTopology,
    /// The call ends with this error.
    Fail(Error),
}

/// A slot in motion: its keys are on two nodes for a moment.
const TRYAGAIN_PAUSE: Duration = Duration::from_millis(10);
/// A node that loads its data, or has lost its primary.
const LOADING_PAUSE: Duration = Duration::from_millis(50);

/// What `reply` means for the command that it answers.
///
/// Cost: for anything but an error the look at one byte.
///
/// ```
/// use hashslot::resp::Frame;
/// use hashslot::topology::Endpoint;
/// use hashslot::verdict::{About, Verdict, judge};
/// use hashslot::config::Limits;
/// use hashslot::Slot;
/// let slot = Slot::new(3999).unwrap();
/// let reply = Frame::parse(&b"-MOVED 3999 127.0.0.1:6381\r\n"[..], &Limits::default())?;
/// let verdict = judge(&reply, &About::keyed(slot));
/// let Verdict::Redirect { slot: moved, to } = verdict else { panic!() };
/// assert_eq!((moved, to), (slot, Endpoint::Given("127.0.0.1:6381".parse()?)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn judge(reply: &Frame, about: &About) -> Verdict {
    match reply.error() {
        None => Verdict::Deliver,
        Some(error) => {
            let verdict = judge_error(error.clone(), *about);
            if about.reach.allows(&verdict) { verdict } else { Verdict::Fail(error.into()) }
        }
    }
}

impl Reach {
    /// Whether the command may be sent where it would have to be.
    const fn allows(self, verdict: &Verdict) -> bool {
        match verdict {
            Verdict::Deliver | Verdict::SendSource | Verdict::Fail(_) => true,
            Verdict::Redirect { .. } | Verdict::Ask { .. } => matches!(self, Self::Any),
            Verdict::RetryAfter(_) | Verdict::ReinitTopology => !matches!(self, Self::Node),
        }
    }
}

fn judge_error(error: ServerError, about: About) -> Verdict {
    if about.has_source && error.is_missing_script() {
        return Verdict::SendSource;
    }
    let follows_all = about.policy == RedirectPolicy::Any;
    if about.script && !about.idempotent && !follows_all {
        return Verdict::Fail(Error::new(error, Ran::Maybe));
    }
    match error.known_code() {
        Code::Moved => match trusted(&error, Code::Moved, about) {
            Some(Redirection { slot, to }) => Verdict::Redirect { slot, to },
            None => Verdict::Fail(error.into()),
        },
        Code::Ask => match trusted(&error, Code::Ask, about) {
            Some(Redirection { slot, to }) => Verdict::Ask { slot, to },
            None => Verdict::Fail(error.into()),
        },
        Code::TryAgain => Verdict::RetryAfter(TRYAGAIN_PAUSE),
        Code::Loading | Code::MasterDown => Verdict::RetryAfter(LOADING_PAUSE),
        Code::ClusterDown | Code::ReadOnly | Code::Unblocked => Verdict::ReinitTopology,
        Code::CrossSlot
        | Code::NoReplicas
        | Code::Misconf
        | Code::Oom
        | Code::Busy
        | Code::ExecAbort
        | Code::NoAuth
        | Code::WrongPass
        | Code::NoPerm
        | Code::NoScript
        | Code::NoProto
        | Code::Denied
        | Code::NotBusy
        | Code::Err
        | Code::Other => Verdict::Fail(error.into()),
    }
}

/// Reads a redirection, if it is one that a server sends: well-formed, and for the slot of the
/// command.
fn trusted(error: &ServerError, code: Code, about: About) -> Option<Redirection> {
    let told = error.as_bytes().get(code.name().len() + 1..)?;
    let redirection = Endpoint::parse_redirect(told)?;
    let follows_all = about.policy == RedirectPolicy::Any;
    (follows_all || about.slot == Some(redirection.slot)).then_some(redirection)
}
