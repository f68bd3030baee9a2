//! A call becomes pieces that each travel to one slot or node.

mod route;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

pub(crate) use self::route::Route;
use crate::address::Address;
use crate::command::{Command, Facts, KeyShape};
use crate::error::{Error, Why};

/// What an application asks for: one command, a batch of them, or a transaction.
///
/// ```
/// use core::time::Duration;
/// use hashslot::{Call, Command};
/// let one = Call::new(Command::get("user:1")).timeout(Duration::from_millis(50));
/// let batch = Call::batch([Command::get("a"), Command::incr("b")]);
/// let transfer = Call::transaction([
///     Command::incr_by("{bank}:ann", -10),
///     Command::incr_by("{bank}:bob", 10),
/// ]);
/// ```
#[derive(Debug, Clone)]
pub struct Call {
    work: Work,
    timeout: Option<Duration>,
    idempotent: bool,
    node: Option<Address>,
}

#[derive(Debug, Clone)]
enum Work {
    One(Command),
    Batch(Vec<Command>),
    Transaction(Box<[Command]>),
    Discovery,
}

impl Call {
    const fn of(work: Work) -> Self {
        Self { work, timeout: None, idempotent: false, node: None }
    }

    /// One command. Completes with [`Reply::One`](crate::Reply::One).
    #[must_use]
    pub const fn new(command: Command) -> Self {
        Self::of(Work::One(command))
    }

    /// Independent commands that leave together, over any slots. Each is followed alone; completes
    /// with [`Reply::Many`](crate::Reply::Many), in their order.
    #[must_use]
    pub fn batch(commands: impl IntoIterator<Item = Command>) -> Self {
        Self::of(Work::Batch(commands.into_iter().collect()))
    }

    /// Commands between `MULTI` and `EXEC`, which the client adds: on one connection, together, all
    /// of them or none. Completes with the reply to `EXEC`, or with the error that the first
    /// command was refused with.
    #[must_use]
    pub fn transaction(commands: impl IntoIterator<Item = Command>) -> Self {
        // A script that is not there is refused at EXEC, when the others have run.
        let spelled = |command: Command| command.spelled_out().unwrap_or(command);
        Self::of(Work::Transaction(commands.into_iter().map(spelled).collect()))
    }

    /// Nothing but knowing the cluster. Completes with [`Reply::Ready`](crate::Reply::Ready) as soon
    /// as the topology is known.
    #[must_use]
    pub const fn discovery() -> Self {
        Self::of(Work::Discovery)
    }

    /// The time budget, in place of `call_timeout` of the configuration.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Says that running the commands twice does no harm: they are sent again even if an earlier
    /// attempt may have run. Commands that only read need not say so.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Sends the commands to this node, whatever their keys.
    #[must_use]
    pub fn on_node(mut self, node: Address) -> Self {
        self.node = Some(node);
        self
    }
}

impl From<Command> for Call {
    fn from(command: Command) -> Self {
        Self::new(command)
    }
}

/// What a call becomes.
#[derive(Debug)]
pub(crate) enum Plan {
    /// One piece, whose reply is the call's.
    One(Piece),
    /// Pieces whose replies are the call's, in their order.
    Many(Vec<Piece>),
}

/// What travels to one slot or node, and stays together.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) payload: Payload,
    pub(crate) route: Route,
    /// Whether it may be sent again though it may have run.
    pub(crate) idempotent: bool,
    /// Whether it runs code of the user's.
    pub(crate) script: bool,
    /// Whether a replica may answer it.
    pub(crate) read_only: bool,
}

#[derive(Debug)]
pub(crate) enum Payload {
    Command(Command),
    Transaction(Box<[Command]>),
    Nothing,
}

impl Call {
    /// The time budget of the call.
    pub(crate) fn budget(&self, default: Duration) -> Duration {
        self.timeout.unwrap_or(default)
    }

    /// The number of bytes that its commands have.
    pub(crate) fn encoded_len(&self) -> usize {
        match &self.work {
            Work::One(command) => command.encoded_len(),
            Work::Batch(commands) => commands.iter().map(Command::encoded_len).sum(),
            Work::Transaction(commands) => commands.iter().map(Command::encoded_len).sum(),
            Work::Discovery => 0,
        }
    }

    /// Decides where everything goes.
    ///
    /// # Errors
    /// [`Error::NotExecuted`] if a command cannot be sent: nothing of the call is.
    pub(crate) fn plan(self) -> Result<Plan, Error> {
        let Self { work, idempotent, node, .. } = self;
        match work {
            Work::One(command) => piece(command, idempotent, node.as_ref()).map(Plan::One),
            Work::Batch(commands) => {
                let pieces = commands.into_iter();
                let pieces = pieces.map(|command| piece(command, idempotent, node.as_ref()));
                pieces.collect::<Result<_, _>>().map(Plan::Many)
            }
            Work::Transaction(commands) => transaction(commands, idempotent, node).map(Plan::One),
            Work::Discovery => Ok(Plan::One(Piece {
                payload: Payload::Nothing,
                route: Route::Discovery,
                idempotent: true,
                script: false,
                read_only: true,
            })),
        }
    }
}

fn piece(command: Command, idempotent: bool, node: Option<&Address>) -> Result<Piece, Error> {
    let facts = command.facts();
    route::check(&command, facts, node.is_some())?;
    Ok(Piece {
        route: match node {
            Some(node) => Route::Node(node.clone()),
            None => route::of(&command)?,
        },
        idempotent: idempotent || facts.is_idempotent(),
        script: facts.script,
        read_only: facts.read_only,
        payload: Payload::Command(command),
    })
}

fn transaction(
    commands: Box<[Command]>,
    idempotent: bool,
    node: Option<Address>,
) -> Result<Piece, Error> {
    if commands.is_empty() {
        return Err(not_executed(Why::Malformed("a transaction needs a command")));
    }
    let mut route = Route::Any;
    for command in &commands {
        route::check_transaction(command)?;
        match (route, route::of(command)?) {
            (Route::Slot(first), Route::Slot(other)) if first != other => {
                return Err(not_executed(Why::CrossSlot(first, other)));
            }
            (Route::Any, of_command) => route = of_command,
            (found, _) => route = found,
        }
    }
    Ok(Piece {
        route: node.map_or(route, Route::Node),
        idempotent,
        script: false,
        read_only: false,
        payload: Payload::Transaction(commands),
    })
}

/// The refusal of a command that is not to be sent this way.
fn not_allowed(command: &Command, instead: &'static str) -> Error {
    let name = String::from_utf8_lossy(command.name()).to_ascii_uppercase();
    not_executed(Why::NotAllowedHere { command: Cow::Owned(name), instead })
}

fn not_executed(why: Why) -> Error {
    Error::NotExecuted { why, node: None, slot: None }
}

/// Whether the command would hold the connection for as long as it waits.
fn may_wait(command: &Command, facts: &Facts) -> bool {
    if !facts.blocking {
        return false;
    }
    let only_with_option = matches!(facts.keys, KeyShape::Streams { .. });
    let mut words = command.arguments().skip(1);
    !only_with_option || words.any(|word| word.eq_ignore_ascii_case(b"BLOCK"))
}
