//! How a call becomes commands for slots and nodes, and how their replies become one.
//!
//! [`Cluster::explain`](crate::Cluster::explain) and the clients' `explain` tell it without sending
//! anything.

// - `route`: where a command goes
// - `split`: one command becomes several: one per slot, or one per owner of slots
// - `spread`: one command goes to several nodes
// - `merge`: their replies become one
// - `explain`: the plan of a call, for callers
// - `health`: which nodes are well

mod explain;
mod health;
mod merge;
mod route;
mod split;
mod spread;
mod waiting;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

pub use self::explain::{Explanation, PlannedCommand};
pub use self::health::{ClusterHealth, NodeHealth, NodeProblem};
pub(crate) use self::merge::{Joint, Merged};
pub(crate) use self::route::Route;
use self::route::{Destination, Several};
use crate::address::Address;
use crate::command::{
    Command, CommandInfo, LearnedCommand, LearnedCommands, RequestPolicy, ResponsePolicy, table,
};
use crate::config::{Config, CrossSlot};
#[cfg(doc)]
use crate::error::{Cause, Failure};
use crate::error::{Error, Rejection};
use crate::procedure::Procedure;
pub use crate::procedure::{KeyPage, Scan};
use crate::slot::Slot;
use crate::topology::Topology;

/// What an application asks for: one command, a pipeline of them, or a transaction.
///
/// ```
/// use core::time::Duration;
/// use hashslot::{Call, Command, Target};
/// let one = Call::new(Command::get("user:1")).timeout(Duration::from_millis(50));
/// let pipeline = Call::pipeline([Command::get("a"), Command::incr("b")]);
/// let transfer = Call::transaction([
///     Command::incr_by("{bank}:ann", -10),
///     Command::incr_by("{bank}:bob", 10),
/// ]);
/// let everywhere = Call::new(Command::new("LATENCY").arg("RESET")).target(Target::AllNodes);
/// ```
#[derive(Debug, Clone)]
pub struct Call {
    work: Work,
    timeout: Option<Duration>,
    options: Options,
}

#[derive(Debug, Clone)]
enum Work {
    One(Command),
    Pipeline(Vec<Command>),
    Transaction(Box<[Command]>),
    Procedure(Procedure),
}

/// What a caller says about the way of the commands of a call.
#[derive(Debug, Clone)]
struct Options {
    idempotent: bool,
    target: Option<Target>,
    merge: Option<ResponsePolicy>,
    cross_slot: Option<CrossSlot>,
    /// Whether a pipeline is refused as a whole.
    strict: bool,
}

/// What the view of a client says about all calls that are made through it.
#[cfg(feature = "std")]
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    pub(crate) timeout: Option<Duration>,
    pub(crate) idempotent: bool,
    pub(crate) target: Option<Target>,
    pub(crate) cross_slot: Option<CrossSlot>,
}

#[cfg(feature = "std")]
impl Call {
    /// The call as a view has it: what the call says itself stays.
    pub(crate) fn through(mut self, view: &View) -> Self {
        self.timeout = self.timeout.or(view.timeout);
        self.options.idempotent |= view.idempotent;
        if self.options.target.is_none() {
            self.options.target.clone_from(&view.target);
        }
        self.options.cross_slot = self.options.cross_slot.or(view.cross_slot);
        self
    }
}

/// Where the commands of a call go. It overrides the table and the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// To this node. Its reply is final: the client follows no redirection and does not retry.
    Node(Address),
    /// To the owner of this slot.
    Slot(Slot),
    /// To any primary.
    Any,
    /// To the primary of every shard; after a failover to the new primary.
    AllPrimaries,
    /// To every replica of a shard with slots. With `read_from` set to primaries, replicas answer
    /// commands with keys by `MOVED`.
    AllReplicas,
    /// To every node that the topology lists.
    AllNodes,
}

impl Target {
    /// To the owner of this key's slot.
    #[must_use]
    pub fn key(key: impl AsRef<[u8]>) -> Self {
        Self::Slot(Slot::of_key(key.as_ref()))
    }
}

impl Call {
    const fn of(work: Work) -> Self {
        let options = Options {
            idempotent: false,
            target: None,
            merge: None,
            cross_slot: None,
            strict: false,
        };
        Self { work, timeout: None, options }
    }

    /// One command. Completes with [`Reply::One`](crate::Reply::One), or with
    /// [`Reply::PerNode`](crate::Reply::PerNode) if the replies of several nodes stay apart.
    ///
    /// A command whose keys are in several slots is split, where that is possible; one that
    /// concerns several nodes goes to each of them; [`CommandInfo`] tells which. Then there are
    /// several parts, which are not atomic together. [`Failure::Partial`] tells what became of each
    /// if any fails.
    #[must_use]
    pub fn new(command: impl Into<Command>) -> Self {
        Self::of(Work::One(command.into()))
    }

    /// Independent commands that leave together, over any slots. Each is followed alone; completes
    /// with [`Reply::Pipeline`](crate::Reply::Pipeline), in their order.
    ///
    /// A command that cannot be sent has its error in its place, and the others are sent; with
    /// [`strict`](Self::strict) none is.
    #[must_use]
    #[doc(alias = "batch")]
    #[doc(alias = "pipe")]
    pub fn pipeline(commands: impl IntoIterator<Item: Into<Command>>) -> Self {
        Self::of(Work::Pipeline(commands.into_iter().map(Into::into).collect()))
    }

    /// Commands between `MULTI` and `EXEC`, which the client adds: on one connection, all of them
    /// or none. The result is the reply to `EXEC`, or the error of the first command that was
    /// refused.
    #[must_use]
    pub fn transaction(commands: impl IntoIterator<Item: Into<Command>>) -> Self {
        // A script that is not there is refused at EXEC, when the others have run.
        let spelled = |command: Command| command.spelled_out().unwrap_or(command);
        let commands = commands.into_iter().map(Into::into).map(spelled);
        Self::of(Work::Transaction(commands.collect()))
    }

    /// Nothing but knowing the cluster. Completes with [`Reply::Ready`](crate::Reply::Ready) as
    /// soon as the topology is known.
    ///
    /// **Errors**: when every seed refuses, cannot be reached or has no address, the call ends with
    /// [`Cause::NoCluster`]. You may submit it again. While a seed has not answered, the call waits
    /// until its time is over. Other calls wait in both cases.
    #[must_use]
    pub const fn discovery() -> Self {
        Self::of(Work::Procedure(Procedure::Discovery))
    }

    /// The next page of a scan of all keys. Completes with [`Reply::Scan`](crate::Reply::Scan).
    ///
    /// **Cost**: one or more calls to one node after the other; the time of this call bounds all of
    /// them.
    #[must_use]
    pub fn scan(scan: Scan) -> Self {
        Self::of(Work::Procedure(Procedure::Scan(Box::new(scan))))
    }

    /// Sets the time budget, in place of `call_timeout`; at most [`Config::MAX_DURATION`].
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Marks the commands as idempotent: the client sends them again even if an earlier attempt may
    /// have run. Commands that only read are idempotent anyway.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.options.idempotent = true;
        self
    }

    /// Sends the commands to this target, whatever their keys and the table say. The target of a
    /// transaction is one node, one slot, or any node.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.options.target = Some(target);
        self
    }

    /// Sends the commands to this node: [`Target::Node`].
    #[must_use]
    pub fn on_node(self, node: Address) -> Self {
        self.target(Target::Node(node))
    }

    /// Sets how replies of several nodes or slots are merged, in place of the rule of the table. It
    /// does not concern commands with one reply.
    #[must_use]
    pub const fn merge(mut self, policy: ResponsePolicy) -> Self {
        self.options.merge = Some(policy);
        self
    }

    /// Refuses a pipeline as a whole if one of its commands cannot be sent: then none is, and the
    /// call ends with the error of the first such command. Otherwise that command alone is refused,
    /// in its place: if it is malformed, has keys in several slots, is not allowed, or is for a
    /// node whose queue is full. What servers answer stays in its place in any case: a strict
    /// pipeline is sent as a whole, and is no transaction. Changes nothing for other calls.
    ///
    /// ```
    /// use hashslot::{Call, Command};
    /// let pipeline = Call::pipeline([Command::incr("a"), Command::new("MSET").arg("b")]).strict();
    /// ```
    #[must_use]
    pub const fn strict(mut self) -> Self {
        self.options.strict = true;
        self
    }

    /// Sets whether commands with keys in several slots are split, in place of `cross_slot` of the
    /// configuration.
    #[must_use]
    pub const fn cross_slot(mut self, cross_slot: CrossSlot) -> Self {
        self.options.cross_slot = Some(cross_slot);
        self
    }
}

impl Call {
    /// The commands of the call, in order. A [`discovery`](Self::discovery) has none, nor has a
    /// [`scan`](Self::scan).
    #[must_use]
    pub fn commands(&self) -> &[Command] {
        match &self.work {
            Work::One(command) => core::slice::from_ref(command),
            Work::Pipeline(commands) => commands,
            Work::Transaction(commands) => commands,
            Work::Procedure(_) => &[],
        }
    }

    /// The kind of the call in one word: `one`, `pipeline`, `transaction`, `scan` or `discovery`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match &self.work {
            Work::One(_) => "one",
            Work::Pipeline(_) => "pipeline",
            Work::Transaction(_) => "transaction",
            Work::Procedure(procedure) => procedure.kind(),
        }
    }
}

impl From<Command> for Call {
    fn from(command: Command) -> Self {
        Self::new(command)
    }
}

/// What a call becomes: pieces, as what they are to be kept as.
#[derive(Debug)]
pub(crate) enum Plan<P> {
    /// One piece, whose reply is the call's.
    One(P),
    /// Pieces, and how their replies become the call's.
    Many { pieces: Vec<P>, assembly: Assembly },
}

impl<P> Plan<P> {
    /// One piece, which waits for the topology.
    pub(crate) fn waiting() -> Self
    where
        P: From<Piece>,
    {
        Self::One(Piece::waiting().into())
    }
}

impl<P> Plan<P> {
    /// Refuses the commands of a pipeline that have a piece with a refusal, in their places.
    ///
    /// # Errors
    /// The first refusal, if it is that of the whole call.
    #[cold]
    pub(crate) fn refuse(
        &mut self,
        call: &mut Call,
        refusal: impl Fn(&P) -> Option<Error>,
    ) -> Result<(), Error> {
        let (pieces, assembly) = match self {
            Self::One(piece) => {
                return refusal(piece).map_or(Ok(()), |error| Err(call.own_error(error)));
            }
            Self::Many { pieces, assembly } => (pieces, assembly),
        };
        let is_strict = call.is_strict() || matches!(assembly, Assembly::Joint(_));
        let Work::Pipeline(commands) = &mut call.work else { return Ok(()) };
        let refusal = |(piece, command): &(P, Command)| Some(refusal(piece)?.of(command.title()));
        let all: Vec<_> = pieces.drain(..).zip(commands.drain(..)).collect();
        let first = all.iter().find_map(refusal);
        if let Some(error) = first.as_ref().filter(|_| is_strict) {
            return Err(error.clone());
        }
        let is_refused = first.is_some();
        let mut all = all.into_iter();
        let mut keep = |(piece, command)| {
            pieces.push(piece);
            commands.push(command);
        };
        if !is_refused {
            all.for_each(keep);
            return Ok(());
        }
        let mut members = match core::mem::replace(assembly, Assembly::Each) {
            Assembly::Pipeline(members) => members,
            Assembly::Each | Assembly::Joint(_) => {
                all.as_slice().iter().map(|_| Member::One).collect()
            }
        };
        for member in &mut members {
            let own: Vec<_> = all.by_ref().take(member.piece_count()).collect();
            match own.iter().find_map(refusal) {
                Some(error) => *member = Member::Refused(error),
                None => own.into_iter().for_each(&mut keep),
            }
        }
        *assembly = Assembly::Pipeline(members);
        Ok(())
    }
}

/// How the replies to several pieces become the reply to a call.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(crate) enum Assembly {
    /// A pipeline: each reply stays as it is.
    Each,
    /// One command: all of them become one.
    Joint(Box<Joint>),
    /// A pipeline, command by command.
    Pipeline(Vec<Member>),
}

/// A command of a pipeline.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(crate) enum Member {
    /// It has one piece.
    One,
    /// It has several.
    Joint(Box<Joint>),
    /// It cannot be sent, and has none.
    Refused(Error),
}

impl Member {
    /// The number of its pieces.
    pub(crate) const fn piece_count(&self) -> usize {
        match self {
            Self::One => 1,
            Self::Joint(joint) => joint.count,
            Self::Refused(_) => 0,
        }
    }
}

/// What travels to one slot or node, and stays together.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
#[expect(clippy::struct_excessive_bools, reason = "facts about a command that are independent")]
pub(crate) struct Piece {
    pub(crate) route: Route,
    /// What the table has of its command; nothing for a transaction.
    pub(crate) info: &'static CommandInfo,
    /// Whether the bytes of its command are all that there is to it.
    pub(crate) is_plain: bool,
    /// Whether it may be sent again though it may have run.
    pub(crate) idempotent: bool,
    /// Whether it runs code of the user's.
    pub(crate) script: bool,
    /// Whether a replica may answer it.
    pub(crate) read_only: bool,
    /// Whether it must not wait behind what keeps its node busy.
    pub(crate) overtakes: bool,
}

/// What a piece sends.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(crate) enum Payload {
    Command(Command),
    Transaction(Box<[Command]>),
}

/// What the pieces of a call send, in their order.
#[derive(Debug)]
pub(crate) enum Contents<'a> {
    /// A command each.
    Commands(&'a mut [Command]),
    /// Commands that stay together, and are taken out of the call.
    Transaction(Box<[Command]>),
    /// Nothing: the piece waits for the topology.
    Nothing,
}

/// What a plan is made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) topology: &'a Topology,
    pub(crate) cross_slot: CrossSlot,
    pub(crate) learned: &'a LearnedCommands,
}

impl<'a> Context<'a> {
    /// What was learned of a command that the table does not have.
    #[inline]
    fn learned(&self, command: &Command, info: &CommandInfo) -> Option<&'a LearnedCommand> {
        let is_known = !info.name.is_empty() && !info.has_subcommands;
        if is_known || self.learned.is_empty() { None } else { self.learned.get(command) }
    }

    #[inline]
    fn knows_cluster(&self) -> bool {
        !self.topology.shards().is_empty()
    }
}

impl Call {
    /// The time budget of the call.
    #[inline]
    pub(crate) fn budget(&self, default: Duration) -> Duration {
        self.timeout.map_or(default, |timeout| timeout.min(Config::MAX_DURATION))
    }

    /// The name of its command, if it has one and the table has that; else nothing.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) fn name(&self) -> &'static str {
        match &self.work {
            Work::One(command) => command.info().name,
            Work::Transaction(_) => "EXEC",
            Work::Procedure(procedure) => procedure.name(),
            Work::Pipeline(_) => "",
        }
    }

    /// An error as that of this call. A pipeline has many commands, and names none.
    pub(crate) fn own_error(&self, error: Error) -> Error {
        match &self.work {
            Work::One(command) => error.of(command.title()),
            Work::Transaction(_) => error.of("EXEC"),
            Work::Procedure(procedure) => error.of(procedure.name()),
            Work::Pipeline(_) => error,
        }
    }

    /// The number of bytes that its commands have.
    #[inline]
    pub(crate) fn encoded_len(&self) -> usize {
        match &self.work {
            Work::One(command) => command.encoded_len(),
            Work::Pipeline(commands) => commands.iter().map(Command::encoded_len).sum(),
            Work::Transaction(commands) => commands.iter().map(Command::encoded_len).sum(),
            Work::Procedure(procedure) => procedure.len(),
        }
    }

    /// Whether the call is a procedure, or cannot be planned before the topology is known.
    #[inline]
    pub(crate) fn waits(&self, context: Context<'_>) -> bool {
        matches!(self.work, Work::Procedure(_))
            || (!context.knows_cluster() && self.needs_topology(context))
    }

    /// The procedure of a call that waits.
    pub(crate) fn into_procedure(self) -> Procedure {
        match self.work {
            Work::Procedure(procedure) => procedure,
            Work::One(_) | Work::Pipeline(_) | Work::Transaction(_) => {
                Procedure::Later(Some(Box::new(self)))
            }
        }
    }

    /// Whether a command that cannot be sent refuses all of them.
    #[inline]
    pub(crate) const fn is_strict(&self) -> bool {
        self.options.strict
    }

    /// Decides where everything goes. What waits for the topology is one piece. Afterwards the call
    /// has the commands of the pieces, one each.
    ///
    /// # Errors
    /// [`Failure::Rejected`] and others, if a command cannot be sent, and with it nothing of the
    /// call.
    #[inline]
    pub(crate) fn plan<P: From<Piece>>(&mut self, context: Context<'_>) -> Result<Plan<P>, Error> {
        let Self { work, options, .. } = self;
        match work {
            Work::One(command) => {
                let command: &Command = command;
                match way(command, options, context).map_err(|error| error.of(command.title()))? {
                    (Destination::One(route), info) => {
                        Ok(Plan::One(Piece::of(command, info, options, route).into()))
                    }
                    (Destination::Several(several), info) => {
                        let parts = parts(command, info, options, several, context.topology);
                        let parts = parts.map_err(|error| error.of(command.title()))?;
                        let Parts { pieces, commands, joint } = parts;
                        *work = Work::Pipeline(commands);
                        Ok(Plan::Many { pieces, assembly: Assembly::Joint(Box::new(joint)) })
                    }
                }
            }
            Work::Pipeline(commands) => pipeline(commands, options, context),
            Work::Transaction(commands) => {
                Ok(Plan::One(transaction(commands, options, context)?.into()))
            }
            Work::Procedure(_) => Ok(Plan::waiting()),
        }
    }

    /// What its pieces send, once it is planned.
    #[inline]
    pub(crate) fn contents(&mut self) -> Contents<'_> {
        match &mut self.work {
            Work::One(command) => Contents::Commands(core::slice::from_mut(command)),
            Work::Pipeline(commands) => Contents::Commands(commands),
            Work::Transaction(commands) => Contents::Transaction(core::mem::take(commands)),
            Work::Procedure(_) => Contents::Nothing,
        }
    }

    /// Whether it has a command for several nodes.
    #[inline]
    fn needs_topology(&self, context: Context<'_>) -> bool {
        let needs = |command: &Command| {
            let info = command.info();
            let learned = context.learned(command, info).map(LearnedCommand::request);
            let target = self.options.target.as_ref();
            route::needs_topology(learned.unwrap_or(info.request), target)
        };
        match &self.work {
            Work::One(command) => needs(command),
            Work::Pipeline(commands) => commands.iter().any(needs),
            Work::Transaction(_) | Work::Procedure(_) => false,
        }
    }
}

/// Where a command goes, and what is known about it.
#[inline]
fn way<'c>(
    command: &Command,
    options: &Options,
    context: Context<'c>,
) -> Result<(Destination, &'c CommandInfo), Error> {
    let info = command.info();
    if let Some(slot) = command.known_slot().filter(|_| options.target.is_none())
        && matches!(info.request, RequestPolicy::Keyed)
        && !info.blocking
    {
        return Ok((Destination::One(Route::Slot(slot)), info)); // nearly all commands
    }
    way_by_rules(command, info, options, context)
}

#[inline(never)]
fn way_by_rules<'c>(
    command: &Command,
    info: &'c CommandInfo,
    options: &Options,
    context: Context<'c>,
) -> Result<(Destination, &'c CommandInfo), Error> {
    let learned = context.learned(command, info);
    let info = learned.map_or(info, LearnedCommand::info);
    Ok((route::destination(command, info, learned, options, context)?, info))
}

/// What a command becomes that goes to several places, and how their replies become one.
struct Parts<P> {
    pieces: Vec<P>,
    /// What each piece sends.
    commands: Vec<Command>,
    joint: Joint,
}

fn parts<P: From<Piece>>(
    command: &Command,
    info: &CommandInfo,
    options: &Options,
    several: Several,
    topology: &Topology,
) -> Result<Parts<P>, Error> {
    match several {
        Several::Slots => split::by_slot(command, info, options),
        Several::Owners => split::by_owner(command, info, options, topology),
        Several::Nodes(reach) => spread::over(command, info, options, reach, topology),
    }
}

fn pipeline<P: From<Piece>>(
    commands: &mut Vec<Command>,
    options: &Options,
    context: Context<'_>,
) -> Result<Plan<P>, Error> {
    let mut pieces = Vec::with_capacity(commands.len());
    for command in &*commands {
        let Ok((Destination::One(route), info)) = way(command, options, context) else {
            return mixed_pipeline(commands, options, context);
        };
        pieces.push(Piece::of(command, info, options, route).into());
    }
    Ok(Plan::Many { pieces, assembly: Assembly::Each })
}

/// A pipeline with a command that has several pieces, or cannot be sent.
#[cold]
fn mixed_pipeline<P: From<Piece>>(
    commands: &mut Vec<Command>,
    options: &Options,
    context: Context<'_>,
) -> Result<Plan<P>, Error> {
    let count = commands.len();
    let (mut pieces, mut members) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for command in core::mem::replace(commands, Vec::with_capacity(count)) {
        let several = match way(&command, options, context) {
            Ok((Destination::One(route), info)) => {
                pieces.push(Piece::of(&command, info, options, route).into());
                commands.push(command);
                members.push(Member::One);
                continue;
            }
            Ok((Destination::Several(several), info)) => {
                parts(&command, info, options, several, context.topology)
            }
            Err(error) => Err(error),
        };
        members.push(match several.map_err(|error| error.of(command.title())) {
            Ok(parts) => {
                pieces.extend(parts.pieces);
                commands.extend(parts.commands);
                Member::Joint(Box::new(parts.joint))
            }
            Err(error) if options.strict => return Err(error),
            Err(error) => Member::Refused(error),
        });
    }
    Ok(Plan::Many { pieces, assembly: Assembly::Pipeline(members) })
}

impl Piece {
    #[inline]
    fn of(command: &Command, info: &CommandInfo, options: &Options, route: Route) -> Self {
        Self {
            route,
            info: command.info(),
            is_plain: command.is_plain(),
            idempotent: options.idempotent || info.is_idempotent(),
            script: info.script,
            read_only: info.read_only,
            overtakes: info.overtakes,
        }
    }

    /// What waits for the topology.
    const fn waiting() -> Self {
        Self {
            route: Route::Discovery,
            info: &table::UNKNOWN,
            is_plain: false,
            idempotent: true,
            script: false,
            read_only: true,
            overtakes: false,
        }
    }
}

fn transaction(
    commands: &[Command],
    options: &Options,
    context: Context<'_>,
) -> Result<Piece, Error> {
    if commands.is_empty() {
        let problem = "a transaction needs at least one command";
        return Err(Rejection::Malformed(problem).into());
    }
    let mut route = Route::Any;
    for command in commands {
        let of_command = route_in_transaction(command, context);
        match (route, of_command.map_err(|error| error.of(command.title()))?) {
            (Route::Slot(first), Route::Slot(other)) if first != other => {
                return Err(Error::from(Rejection::CrossSlot(first, other)).of(command.title()));
            }
            (Route::Any, of_command) => route = of_command,
            (found, _) => route = found,
        }
    }
    Ok(Piece {
        route: match &options.target {
            None => route,
            Some(target) => match route::of_target(target) {
                Destination::One(route) => route,
                Destination::Several(_) => {
                    let problem = "a transaction runs on one node: set one node as its target";
                    return Err(Rejection::Malformed(problem).into());
                }
            },
        },
        idempotent: options.idempotent,
        script: false,
        read_only: false,
        overtakes: false,
        info: &table::UNKNOWN,
        is_plain: false,
    })
}

/// Where a command of a transaction goes by its keys.
fn route_in_transaction(command: &Command, context: Context<'_>) -> Result<Route, Error> {
    route::check_transaction(command)?;
    route::of(command, context.learned(command, command.info()))
}

impl Payload {
    /// An error as that of the command that this is, unless it names one already.
    pub(crate) fn own_error(&self, error: Error) -> Error {
        match self {
            Self::Command(command) => error.of(command.title()),
            Self::Transaction(_) => error.of("EXEC"),
        }
    }
}
