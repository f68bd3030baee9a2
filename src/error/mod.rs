//! Errors: what happened, whose fault it is, and whether the command may have run.
//!
//! Every call ends with a reply or with exactly one [`Error`]. It says
//! - what happened, and whose fault it is: [`Error::failure`], and [`Error::kind`] in one word,
//! - whether the command may have run: [`Error::may_have_executed`],
//! - to which command, at which node and in which slot: [`Error::command`], [`Error::node`],
//!   [`Error::slot`].
//!
//! No error shows an argument, a key or a password. What a server says is shown without control
//! characters, and cut.
//!
//! ```
//! use hashslot::Error;
//! use hashslot::error::{ErrorKind, Failure};
//!
//! fn report(error: &Error) {
//!     match error.failure() {
//!         Failure::Server(answer) if answer.code() == "WRONGTYPE" => println!("not a list"),
//!         Failure::Failed(cause) if !error.may_have_executed() => println!("retry: {cause}"),
//!         _ if error.kind() == ErrorKind::Overloaded => println!("slow down"),
//!         _ => println!("{error}"), // GET for slot 42 at 10.0.0.1:7000: timed out in the queue
//!     }
//! }
//! # report(&Error::shut_down());
//! ```

mod code;
mod config;
mod conversion;
mod failure;
mod kind;
mod node;
mod partial;
mod protocol;
mod server;
mod system;
#[cfg(test)]
mod tests;
mod tls;
mod url;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use core::fmt;

pub(crate) use self::code::Code;
pub use self::config::ConfigError;
pub use self::conversion::ConversionError;
pub use self::failure::{Cause, Failure, Ran, Rejection};
pub use self::kind::ErrorKind;
pub use self::node::{Disconnect, NodeFailure, NodeFailures};
pub use self::partial::{Partial, PartialPart};
pub use self::protocol::{ProtocolError, Violation};
pub use self::server::ServerError;
pub use self::system::SystemText;
pub use self::tls::TlsFailure;
pub use self::url::{UrlError, UrlPart};
use crate::address::Address;
pub use crate::address::AddressError;
use crate::slot::Slot;

/// How a call ended, if not with a reply. [The module](self) says what it tells.
///
/// **Cost**: one word. Its content is allocated once, when the error happens.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Told>);

/// What an error tells.
#[derive(Clone, PartialEq, Eq)]
struct Told {
    failure: Failure,
    ran: Ran,
    /// From 1; 0 if it is that of no pipeline.
    number: u32,
    command: Option<Cow<'static, str>>,
    node: Option<Address>,
    slot: Option<Slot>,
}

/// Constructors, for tests and for adapters of your own.
impl Error {
    /// An error of this failure, for a command that ran or did not.
    ///
    /// ```
    /// use hashslot::{Error, Slot};
    /// use hashslot::error::{Cause, Disconnect, Ran};
    /// let error = Error::new(Cause::ConnectionLost(Disconnect::Reset), Ran::Maybe)
    ///     .with_command("INCR")
    ///     .with_slot(Slot::of_key(b"visits"))
    ///     .with_node("10.0.0.1:7000".parse()?);
    /// assert_eq!(
    ///     error.to_string(),
    ///     "INCR for slot 12263 at 10.0.0.1:7000: may have been executed: \
    ///      the connection was lost: reset by the peer",
    /// );
    /// # Ok::<(), hashslot::error::AddressError>(())
    /// ```
    #[must_use]
    pub fn new(failure: impl Into<Failure>, ran: Ran) -> Self {
        let failure = failure.into();
        Self(Box::new(Told { failure, ran, number: 0, command: None, node: None, slot: None }))
    }

    /// A limit of the configuration is reached: the name of its field.
    #[must_use]
    pub fn overloaded(limit: &'static str) -> Self {
        Self::new(Failure::Overloaded { limit }, Ran::No)
    }

    /// The client was shut down before the command was sent.
    #[must_use]
    pub fn shut_down() -> Self {
        Self::new(Failure::ShutDown, Ran::No)
    }

    /// The same error with the name of its command. A name is shown escaped and cut.
    #[must_use]
    pub fn with_command(mut self, name: &str) -> Self {
        self.0.command = Some(Cow::Owned(failure::shown_name(name)));
        self
    }

    /// The same error at this node.
    #[must_use]
    pub fn with_node(mut self, node: Address) -> Self {
        self.0.node = Some(node);
        self
    }

    /// The same error for this slot.
    #[must_use]
    pub fn with_slot(mut self, slot: Slot) -> Self {
        self.0.slot = Some(slot);
        self
    }

    /// An error of a command that provably did not run.
    pub(crate) fn not_executed(cause: Cause) -> Self {
        Self::new(cause, Ran::No)
    }

    /// An error of a command that may have run.
    pub(crate) fn maybe_executed(cause: Cause) -> Self {
        Self::new(cause, Ran::Maybe)
    }

    /// The same error at the place where it happened, as far as that is known.
    pub(crate) fn at(mut self, node: Option<Address>, slot: Option<Slot>) -> Self {
        self.0.node = node.or(self.0.node);
        self.0.slot = slot.or(self.0.slot);
        self
    }

    /// The same error, whose place is not told: it happened in several.
    pub(crate) fn anywhere(mut self) -> Self {
        (self.0.node, self.0.slot) = (None, None);
        self
    }

    /// The same error, which happened to the command of this name, if it names none yet. An empty
    /// name is none.
    #[cold]
    pub(crate) fn of(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        match name.into() {
            name if self.0.command.is_some() || name.is_empty() => {}
            Cow::Borrowed(name) => self.0.command = Some(Cow::Borrowed(name)),
            Cow::Owned(name) => return self.with_command(&name),
        }
        self
    }

    /// The same error, of the command with this number in a pipeline, counted from 1.
    #[cold]
    pub(crate) fn numbered(mut self, number: usize) -> Self {
        self.0.number = u32::try_from(number).unwrap_or(u32::MAX);
        self
    }

    /// The same error, for a command that ran or did not, whatever was known before.
    pub(crate) fn with_ran(mut self, ran: Ran) -> Self {
        self.0.ran = ran;
        self
    }

    /// What happened, to be changed.
    pub(crate) fn failure_mut(&mut self) -> &mut Failure {
        &mut self.0.failure
    }
}

impl Error {
    /// What happened, and whose fault it is.
    #[must_use]
    pub const fn failure(&self) -> &Failure {
        &self.0.failure
    }

    /// Whether the command ran, in a word.
    #[must_use]
    pub const fn ran(&self) -> Ran {
        self.0.ran
    }

    /// Whether the command may have run. If not, it is always safe to submit it again.
    #[must_use]
    pub const fn may_have_executed(&self) -> bool {
        matches!(self.0.ran, Ran::Maybe)
    }

    /// The name of the command in capitals, with that of its subcommand: `GET`, `CONFIG SET`. A
    /// transaction is `EXEC`. `None` if the error is about no certain command.
    #[must_use]
    pub fn command(&self) -> Option<&str> {
        self.0.command.as_deref()
    }

    /// The number of the command in its pipeline or transaction, counted from 1. `None` if the
    /// error is about no certain command of one.
    #[must_use]
    pub fn number(&self) -> Option<usize> {
        usize::try_from(self.0.number).ok().filter(|number| *number > 0)
    }

    /// The node that the error happened at, if there is one. Of a partial error, that of the first
    /// part that failed.
    #[must_use]
    pub fn node(&self) -> Option<&Address> {
        match self.partial() {
            Some(partial) => partial.first_error()?.node(),
            None => self.0.node.as_ref(),
        }
    }

    /// The slot of the command, if it has one. Of a partial error, that of the first part that
    /// failed.
    #[must_use]
    pub fn slot(&self) -> Option<Slot> {
        match self.partial() {
            Some(partial) => partial.first_error()?.slot(),
            None => self.0.slot,
        }
    }

    /// What the server said: its answer to the command, or to the client that wanted to set up a
    /// connection for it.
    #[must_use]
    pub const fn server(&self) -> Option<&ServerError> {
        match &self.0.failure {
            Failure::Server(error) | Failure::Failed(Cause::NoTransaction(error)) => Some(error),
            Failure::Failed(Cause::Node(failure)) => failure.server(),
            Failure::Rejected(_)
            | Failure::Failed(_)
            | Failure::Partial(_)
            | Failure::Overloaded { .. }
            | Failure::ShutDown
            | Failure::Conversion(_)
            | Failure::Config(_) => None,
        }
    }

    /// What failed on the way, if it was the network, a node or the cluster.
    #[must_use]
    pub const fn cause(&self) -> Option<&Cause> {
        if let Failure::Failed(cause) = &self.0.failure { Some(cause) } else { None }
    }

    /// Why the call cannot be sent as it is, if that is the error.
    #[must_use]
    pub const fn rejection(&self) -> Option<&Rejection> {
        if let Failure::Rejected(rejection) = &self.0.failure { Some(rejection) } else { None }
    }

    /// What became of the parts of the command, if some of several failed.
    #[must_use]
    pub const fn partial(&self) -> Option<&Partial> {
        if let Failure::Partial(partial) = &self.0.failure { Some(partial) } else { None }
    }
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::new(rejection, Ran::No)
    }
}

impl From<ServerError> for Error {
    /// Whether the command ran is what the code of the error proves: some codes are sent only
    /// before anything runs. The code proves nothing about a script, which can write and then
    /// answer with anything.
    fn from(error: ServerError) -> Self {
        let ran = if error.known_code().ran_nothing() { Ran::No } else { Ran::Maybe };
        Self::new(error, ran)
    }
}

impl From<ConversionError> for Error {
    fn from(error: ConversionError) -> Self {
        Self::new(error, Ran::Maybe)
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::new(error, Ran::No)
    }
}

impl From<Partial> for Error {
    fn from(partial: Partial) -> Self {
        let ran = if partial.may_have_executed() { Ran::Maybe } else { Ran::No };
        Self::new(Failure::Partial(partial), ran)
    }
}

impl core::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.number, &self.0.command) {
            (0, None) => return self.fmt_behind(f, true),
            (0, Some(command)) => f.write_str(command)?,
            (number, None) => write!(f, "command {number}")?,
            (number, Some(command)) => write!(f, "command {number} ({command})")?,
        }
        self.fmt_behind(f, false)
    }
}

impl Error {
    /// Where it happened, and what: behind the name of its command, or as the first words.
    fn fmt_behind(&self, f: &mut fmt::Formatter<'_>, mut is_first: bool) -> fmt::Result {
        let Told { failure, ran, number: _, command, node, slot } = &*self.0;
        let separator =
            |f: &mut fmt::Formatter<'_>, is_first| f.write_str(if is_first { "" } else { " " });
        if let Some(slot) = slot {
            separator(f, is_first)?;
            write!(f, "for slot {slot}")?;
            is_first = false;
        }
        if let Some(node) = node {
            separator(f, is_first)?;
            write!(f, "at {node}")?;
            is_first = false;
        }
        if !is_first {
            f.write_str(": ")?;
        }
        match (failure, ran) {
            (Failure::Failed(Cause::TimedOut), Ran::No) => {
                f.write_str("timed out in the queue: not executed")
            }
            (Failure::Failed(Cause::TimedOut), Ran::Maybe) => {
                f.write_str("timed out after it was sent: may have been executed")
            }
            (Failure::Failed(cause), Ran::Maybe) => write!(f, "may have been executed: {cause}"),
            (Failure::Failed(cause), Ran::No) if command.is_some() => {
                write!(f, "not executed: {cause}")
            }
            (failure, _) => fmt::Display::fmt(failure, f),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told { failure, ran, number, command, node, slot } = &*self.0;
        let mut error = f.debug_struct("Error");
        error.field("failure", failure).field("ran", ran);
        if *number > 0 {
            error.field("number", number);
        }
        if let Some(command) = command {
            error.field("command", command);
        }
        if let Some(node) = node {
            error.field("node", node);
        }
        if let Some(slot) = slot {
            error.field("slot", slot);
        }
        error.finish()
    }
}
