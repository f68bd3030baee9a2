//! The words between the machine and its driver.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::ops::Deref;

use crate::address::Address;
use crate::config::Protocol;
use crate::error::{Disconnect, Error, Failure, NodeFailures, ServerError};
use crate::procedure::KeyPage;
use crate::resp::{Frame, Value, encode};
use crate::slot::Slot;
use crate::topology::TopologyChange;

/// Identifies one connection, from [`Action::Connect`] to its end. An ID is never reused, so late
/// events about a closed connection are harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId {
    /// Which place of a table it has: small, and used again.
    pub(crate) index: u32,
    /// Which of the place's tenants it is.
    pub(crate) serial: u64,
}

impl LinkId {
    /// The index of the link in a table. It is below the highest number of links that were open at
    /// a time. Indexes of closed links are reused, so a driver can keep its sockets in a `Vec`.
    #[must_use]
    pub fn index(self) -> usize {
        usize::try_from(self.index).unwrap_or(usize::MAX)
    }
}

/// Identifies one call, from its submission to its completion. An ID is never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId {
    pub(crate) index: u32,
    pub(crate) serial: u64,
}

/// What the machine waits for: [`Cluster::wakeup`](crate::Cluster::wakeup). A driver calls
/// `handle_timeout` whatever the reason is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Wakeup {
    /// A call reaches its deadline.
    Deadline,
    /// A connection is due: its dial takes long, it owes replies, or it is idle.
    Link(LinkId),
    /// A node may be dialled again after a failure, or dials may go on after a limit.
    Dial,
    /// The topology is read again, or another node is asked for it.
    Refresh,
    /// A command is sent again after a pause.
    Retry,
    /// The shutdown ends.
    ShutDown,
}

/// What the driver does next.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone))]
#[non_exhaustive]
pub enum Action<T> {
    /// Dial this address, then call `handle_connected` or `handle_closed`.
    Connect {
        /// The link that the connection becomes.
        link: LinkId,
        /// The address to dial.
        address: Address,
    },
    /// The link has bytes to send: take them with `sendable`, report them with `handle_sent`. The
    /// action comes once, until the driver or the machine has taken all of them.
    SendToNode {
        /// The link.
        link: LinkId,
    },
    /// Close the connection, or stop dialling. The machine expects no answer.
    Close {
        /// The link.
        link: LinkId,
    },
    /// A call is over.
    Complete {
        /// The token that was submitted with the call.
        token: T,
        /// The outcome of the call.
        outcome: Outcome,
    },
    /// An event to report. The driver need not do anything. Events are long and rare, and actions
    /// are moved for each call.
    Event(Box<Event>),
}

/// How a call ended.
pub type Outcome = Result<Reply, Error>;

/// What a call is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// The reply to one command, or to the `EXEC` of a transaction.
    One(Frame),
    /// One result per command of a pipeline, in order. A command whose replies are not merged
    /// yields [a map](NodeReplies::to_frame) from node address to reply.
    Pipeline(Vec<Result<Frame, Error>>),
    /// The reply of each node to one command.
    PerNode(NodeReplies),
    /// The next page of a scan.
    Scan(Box<KeyPage>),
    /// The topology is known.
    Ready,
}

impl Reply {
    /// The reply to one command as one value. Replies that stay apart become a map from address to
    /// reply, as [`NodeReplies::to_frame`] makes it. `None` for a pipeline and a scan, and where
    /// there is no reply.
    #[must_use]
    pub fn into_frame(self) -> Option<Frame> {
        match self {
            Self::One(frame) => Some(frame),
            Self::PerNode(replies) => Some(replies.to_frame()),
            Self::Pipeline(_) | Self::Scan(_) | Self::Ready => None,
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

    /// The protocol of the replies. It is RESP3 if some nodes answered in RESP3 and others in
    /// RESP2, since RESP3 readers read both. If no node answered, it is that of the configuration.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The replies as a map from node address to reply, as a server would send it: in RESP2 as a
    /// flat array. Replies are copied unchanged. Errors of the client have the code `CLIENT`.
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

/// What the machine reports about the cluster and its connections.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A command follows a redirection.
    Redirected {
        /// Whether the redirection is permanent.
        kind: RedirectKind,
        /// The slot of the command.
        slot: Slot,
        /// The node that redirected the command.
        from: Address,
        /// The node that gets the command.
        to: Address,
    },
    /// A redirection was not followed: the cluster does not list its target.
    RedirectRefused {
        /// The node that redirected the command.
        from: Address,
        /// The target of the redirection.
        to: Address,
    },
    /// The machine begins to read the topology.
    TopologyRefresh {
        /// The reason.
        reason: RefreshReason,
    },
    /// The topology has changed.
    TopologyChanged(TopologyChange),
    /// No node that was asked for the topology gave a usable answer. The machine asks again as long
    /// as calls wait for it.
    TopologyUnavailable(NodeFailures),
    /// A connection is set up.
    LinkReady {
        /// To this node.
        node: Address,
    },
    /// A connection is authenticated with the new credentials.
    Authenticated {
        /// To this node.
        node: Address,
    },
    /// A node refuses the new credentials. Its connection keeps the credentials that it was set up
    /// with.
    AuthenticationRefused {
        /// The node.
        node: Address,
        /// The reply of the node.
        error: ServerError,
    },
    /// Every connection has answered the new credentials: the replacement is complete.
    CredentialsReplaced,
    /// A connection is lost, or could not be made.
    LinkLost {
        /// To this node.
        node: Address,
        /// The cause.
        cause: Disconnect,
        /// The number of commands that wait for a reply on the connection.
        in_flight: usize,
    },
    /// A node sent a push message.
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

/// The kind of a redirection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
#[non_exhaustive]
pub enum RedirectKind {
    /// `MOVED`: the slot has another owner.
    Moved,
    /// `ASK`: the slot is migrating, and this one command goes to the other node.
    Ask,
}

/// Why the topology is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
#[non_exhaustive]
pub enum RefreshReason {
    /// The topology is not known yet.
    Start,
    /// The application asked for it.
    Requested,
    /// A slot has another owner than the topology says.
    Moved,
    /// A redirection points to a node that the topology does not list.
    UnknownNode,
    /// A reply shows that the topology is stale.
    Stale,
    /// No node serves the slot of a command.
    SlotUnassigned,
    /// A node cannot be reached.
    Unreachable,
    /// The last view contradicts redirections.
    Disagreement,
}
