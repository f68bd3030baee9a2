//! What enters the machine, as data: the mirror of [`Action`](crate::Action).

use core::fmt;

use crate::action::{CallId, LinkId};
#[cfg(doc)]
use crate::cluster::Cluster;
use crate::command::LearnedCommands;
use crate::config::Credentials;
use crate::error::Disconnect;
use crate::plan::Call;

/// What enters a machine: [`Cluster::handle`] takes it. Each input has a method of its own as well,
/// which does the same.
///
/// A driver that writes its inputs down with their times can repeat a run: the same inputs give the
/// same actions. Room that the machine lends for a long reply
/// ([`Cluster::receive_buffer`]) is filled before the input that tells so.
///
/// ```
/// use hashslot::driver::Input;
/// use hashslot::{Action, Call, Cluster, Command, Config, Instant};
/// let mut cluster = Cluster::new(Config::default(), vec!["10.0.0.1:7000".parse()?], 1)?;
/// let submit = Input::Submit { call: Call::new(Command::get("user:1")), token: 7 };
/// let id = cluster.handle(Instant::EPOCH, submit).expect("is taken");
/// assert!(matches!(cluster.poll_action(), Some(Action::Event(_))));
/// assert!(matches!(cluster.poll_action(), Some(Action::Connect { .. })));
/// cluster.handle(Instant::EPOCH, Input::Cancel { call: id });
/// assert_eq!(cluster.call_count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[non_exhaustive]
pub enum Input<'a, T> {
    /// The application submits a call: [`Cluster::submit`].
    Submit {
        /// The call.
        call: Call,
        /// What the machine returns with the outcome.
        token: T,
    },
    /// The application cancels a call: [`Cluster::cancel`].
    Cancel {
        /// The call.
        call: CallId,
    },
    /// The application wants the topology read again: [`Cluster::refresh_topology`].
    RefreshTopology,
    /// The application replaces the credentials: [`Cluster::set_credentials`].
    SetCredentials {
        /// The new ones.
        credentials: Option<Credentials>,
    },
    /// The application replaces what was learned of commands: [`Cluster::set_learned_commands`].
    SetLearnedCommands {
        /// The commands.
        learned: LearnedCommands,
    },
    /// The application shuts the machine down: [`Cluster::shut_down`].
    ShutDown,
    /// A link is connected: [`Cluster::handle_connected`].
    Connected {
        /// The link.
        link: LinkId,
        /// Its own credentials, if it has any: [`Cluster::handle_connected_with`].
        credentials: Option<Credentials>,
    },
    /// A link received bytes: [`Cluster::handle_received`].
    Received {
        /// The link.
        link: LinkId,
        /// The bytes.
        data: &'a [u8],
    },
    /// A link received bytes in the room that the machine lent:
    /// [`Cluster::handle_received_in_place`].
    ReceivedInPlace {
        /// The link.
        link: LinkId,
        /// The number of bytes.
        len: usize,
    },
    /// The transport took bytes of a link: [`Cluster::handle_sent`].
    Sent {
        /// The link.
        link: LinkId,
        /// The number of bytes.
        len: usize,
    },
    /// A link is closed, or could not be connected: [`Cluster::handle_closed`].
    Closed {
        /// The link.
        link: LinkId,
        /// The cause.
        cause: Disconnect,
    },
    /// Time has passed: [`Cluster::handle_timeout`].
    Timeout,
}

impl<T: fmt::Debug> fmt::Debug for Input<'_, T> {
    /// Shows no bytes of replies: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Submit { call, token } => write!(f, "Submit({call:?}, {token:?})"),
            Self::Cancel { call } => write!(f, "Cancel({call:?})"),
            Self::RefreshTopology => f.write_str("RefreshTopology"),
            Self::SetCredentials { credentials } => write!(f, "SetCredentials({credentials:?})"),
            Self::SetLearnedCommands { learned } => {
                write!(f, "SetLearnedCommands({} commands)", learned.commands().len())
            }
            Self::ShutDown => f.write_str("ShutDown"),
            Self::Connected { link, credentials } => {
                write!(f, "Connected({link:?}, {credentials:?})")
            }
            Self::Received { link, data } => write!(f, "Received({link:?}, {} bytes)", data.len()),
            Self::ReceivedInPlace { link, len } => {
                write!(f, "ReceivedInPlace({link:?}, {len} bytes)")
            }
            Self::Sent { link, len } => write!(f, "Sent({link:?}, {len} bytes)"),
            Self::Closed { link, cause } => write!(f, "Closed({link:?}, {cause})"),
            Self::Timeout => f.write_str("Timeout"),
        }
    }
}
