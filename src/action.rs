//! The words between the machine and its driver.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::ops::Deref;

use crate::address::Address;
use crate::config::Protocol;
use crate::error::{Disconnect, Error, Failure, NodeFailures, ServerError};
use crate::resp::{Frame, Value, encode};
use crate::slot::Slot;
use crate::topology::TopologyChange;

/// One connection, from [`Action::Connect`] to its end. Never used again, so that a late event
/// about it is harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId {
    /// Which place of a table it has: small, and used again.
    pub(crate) index: u32,
    /// Which of the place's tenants it is.
    pub(crate) serial: u64,
}

impl LinkId {
    /// The place of the link in a table: below the number of links that are open at a time, and
    /// used again after a link has ended. A driver may keep its sockets in a `Vec` by it.
    #[must_use]
    pub fn index(self) -> usize {
        usize::try_from(self.index).unwrap_or(usize::MAX)
    }
}

/// One call, from its submission to its completion. Never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId {
    pub(crate) index: u32,
    pub(crate) serial: u64,
}

/// What the driver does next.
#[derive(Debug)]
#[non_exhaustive]
pub enum Action<T> {
    /// Dial this address and answer with `handle_connected` or `handle_closed`.
    Connect {
        /// The link that it becomes.
        link: LinkId,
        /// Where to.
        address: Address,
    },
    /// The link has bytes: take them with `sendable`, report them with `handle_sent`. Said once
    /// until all of them are taken, by the driver or back by the machine.
    SendToNode {
        /// The link.
        link: LinkId,
    },
    /// Close the connection, or give up dialling it. No answer is needed.
    Close {
        /// The link.
        link: LinkId,
    },
    /// A call is over.
    Complete {
        /// What was submitted with it.
        token: T,
        /// How it ended.
        outcome: Outcome,
    },
    /// Something worth knowing; nothing to do.
    Event(Event),
}

/// How a call ended.
pub type Outcome = Result<Reply, Error>;

/// What a call is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// The reply to one command, or to the `EXEC` of a transaction.
    One(Frame),
    /// The replies to a pipeline, in the order of its commands, each with an end of its own. Where
    /// replies of several nodes stay apart, [a map](NodeReplies::to_frame) from address to reply.
    Pipeline(Vec<Result<Frame, Error>>),
    /// The reply of each node to one command.
    PerNode(NodeReplies),
    /// The topology is known.
    Ready,
}

impl Reply {
    /// The reply to one command as one value. Replies that stay apart become a map from address to
    /// reply, as [`NodeReplies::to_frame`] makes it. `None` for a pipeline, and where there is no
    /// reply.
    #[must_use]
    pub fn into_frame(self) -> Option<Frame> {
        match self {
            Self::One(frame) => Some(frame),
            Self::PerNode(replies) => Some(replies.to_frame()),
            Self::Pipeline(_) | Self::Ready => None,
        }
    }
}

/// The reply of each node to one command: a slice of addresses and replies.
///
/// ```
/// use hashslot::resp::Frame;
/// use hashslot::config::{Limits, Protocol};
/// use hashslot::NodeReplies;
/// let pong = Frame::parse(&b"+PONG\r\n"[..], &Limits::default())?;
/// let replies = NodeReplies::new(Protocol::Resp2, vec![("10.0.0.1:7000".parse()?, Ok(pong))]);
/// assert_eq!(replies.len(), 1);
/// assert_eq!(replies.to_frame().as_bytes(), "*2\r\n$13\r\n10.0.0.1:7000\r\n+PONG\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeReplies {
    protocol: Protocol,
    replies: Vec<(Address, Result<Frame, Error>)>,
}

impl NodeReplies {
    /// Replies that came in this protocol.
    #[must_use]
    pub const fn new(protocol: Protocol, replies: Vec<(Address, Result<Frame, Error>)>) -> Self {
        Self { protocol, replies }
    }

    /// The protocol that the nodes spoke. If they spoke both, RESP3: who reads RESP3 reads RESP2 as
    /// well. If none of them answered, the one of the configuration.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// A map from address to reply, as a server would send it in this protocol: in RESP2 a flat
    /// array. Replies are copied as they are. An error without a reply has the code `CLIENT`.
    #[must_use]
    pub fn to_frame(&self) -> Frame {
        let mut out = Vec::new();
        encode::map_header(&mut out, self.replies.len(), self.protocol);
        for (node, reply) in &self.replies {
            encode::bulk(&mut out, node.to_string().as_bytes());
            match reply {
                Ok(frame) => out.extend_from_slice(frame.as_bytes()),
                Err(error) => self.append_error(&mut out, error),
            }
        }
        Frame::from_scanned(out.into())
    }

    fn append_error(&self, out: &mut Vec<u8>, error: &Error) {
        match (error.failure(), self.protocol) {
            (Failure::Server(error), Protocol::Resp3) => {
                encode::value(out, &Value::Error(error.as_bytes()));
            }
            (Failure::Server(error), Protocol::Resp2) => encode::error(out, error.as_bytes()),
            (_, _) => encode::error(out, format!("CLIENT {error}").as_bytes()),
        }
    }
}

impl Deref for NodeReplies {
    type Target = [(Address, Result<Frame, Error>)];

    fn deref(&self) -> &Self::Target {
        &self.replies
    }
}

impl IntoIterator for NodeReplies {
    type Item = (Address, Result<Frame, Error>);
    type IntoIter = alloc::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.replies.into_iter()
    }
}

impl<'a> IntoIterator for &'a NodeReplies {
    type Item = &'a (Address, Result<Frame, Error>);
    type IntoIter = core::slice::Iter<'a, (Address, Result<Frame, Error>)>;

    fn into_iter(self) -> Self::IntoIter {
        self.replies.iter()
    }
}

/// Something worth knowing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A command is sent somewhere else.
    Redirected {
        /// For good, or this once.
        kind: RedirectKind,
        /// The slot of the command.
        slot: Slot,
        /// Who said so.
        from: Address,
        /// Where it goes.
        to: Address,
    },
    /// A redirection was not followed: the cluster does not list its target.
    RedirectRefused {
        /// Who said so.
        from: Address,
        /// Where it pointed to.
        to: Address,
    },
    /// The topology is being read again.
    TopologyRefresh {
        /// Why.
        reason: RefreshReason,
    },
    /// The topology is another one now.
    TopologyChanged(TopologyChange),
    /// No node that was asked for the topology gave a usable answer. The machine asks again as long
    /// as calls wait for it.
    TopologyUnavailable(NodeFailures),
    /// A connection is set up.
    LinkReady {
        /// To this node.
        node: Address,
    },
    /// The credentials were replaced, and a connection is authenticated with the new ones.
    Authenticated {
        /// To this node.
        node: Address,
    },
    /// The credentials were replaced, and a node refuses the new ones: its connection goes on with
    /// those that it was set up with.
    AuthenticationRefused {
        /// The node.
        node: Address,
        /// What it said.
        error: ServerError,
    },
    /// The credentials were replaced, and no connection is left that is still to be authenticated
    /// with the new ones.
    CredentialsReplaced,
    /// A connection is lost, or could not be made.
    LinkLost {
        /// To this node.
        node: Address,
        /// How.
        cause: Disconnect,
        /// How many commands it still owed replies to.
        in_flight: usize,
    },
    /// A node pushed a message that is no reply.
    Pushed {
        /// The node.
        node: Address,
        /// The message.
        message: Frame,
    },
}

impl Event {
    /// How many bytes it keeps, about.
    #[cfg(feature = "std")]
    pub(crate) fn held_len(&self) -> usize {
        let own = match self {
            Self::Pushed { message, .. } => message.as_bytes().len(),
            Self::TopologyChanged(change) => change.held_len(),
            Self::TopologyUnavailable(failures) => failures.held_len(),
            Self::AuthenticationRefused { error, .. } => error.as_bytes().len(),
            Self::Redirected { .. }
            | Self::RedirectRefused { .. }
            | Self::TopologyRefresh { .. }
            | Self::LinkReady { .. }
            | Self::Authenticated { .. }
            | Self::CredentialsReplaced
            | Self::LinkLost { .. } => 0,
        };
        size_of::<Self>() + own
    }
}

/// For how long a redirection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectKind {
    /// For good: the slot has another owner.
    Moved,
    /// For one command: the slot is on its way.
    Ask,
}

/// Why the topology is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshReason {
    /// There is none yet.
    Start,
    /// The application asked for it.
    Requested,
    /// A slot has another owner than the topology says.
    Moved,
    /// A redirection points to a node that the topology does not list.
    UnknownNode,
    /// A reply tells that the topology is not the cluster's.
    Stale,
    /// No node serves a slot that a command is for.
    SlotUnassigned,
    /// A node cannot be reached.
    Unreachable,
    /// The last answer contradicts what redirections told since.
    Disagreement,
}
