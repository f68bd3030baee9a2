//! What would become of a call, told without sending it.

use alloc::vec::Vec;

use super::{Assembly, Call, Contents, Context, Member, Piece, Plan, Route};
use crate::address::Address;
use crate::command::{Command, ResponsePolicy};
use crate::error::Error;
use crate::procedure::Step;
use crate::slot::Slot;

/// The plan of a call: where its commands would go, and how the replies would be merged.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Explanation {
    /// The commands to send, in the order of the commands of the call.
    pub planned: Vec<PlannedCommand>,
    /// How replies are merged, command by command: `None` for commands with one reply.
    pub merges: Vec<Option<ResponsePolicy>>,
    /// The commands of a pipeline that cannot be sent: their index from 0, and the error.
    pub refusals: Vec<(usize, Error)>,
}

/// The commands for one slot or node.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PlannedCommand {
    /// Which command of the call it comes from, counted from 0.
    pub command: usize,
    /// The commands: one, or those of a transaction. Empty if they depend on a topology that is not
    /// known yet.
    pub sent: Vec<Command>,
    /// The slot of its keys, or the one that the caller named.
    pub slot: Option<Slot>,
    /// The node that would get the commands now; `None` if any node would do, or none is known.
    pub node: Option<Address>,
}

impl Explanation {
    /// Nothing would be sent.
    const fn empty() -> Self {
        Self { planned: Vec::new(), merges: Vec::new(), refusals: Vec::new() }
    }
}

impl Call {
    /// What would become of the call.
    ///
    /// # Errors
    /// As for sending it: commands of a pipeline that are refused in their places are no error.
    pub(crate) fn explain(mut self, context: Context<'_>) -> Result<Explanation, Error> {
        let topology = context.topology;
        if self.waits(context) && context.knows_cluster() {
            return match self.into_procedure().next(topology, None) {
                Step::Send(first) => first.explain(context),
                Step::Over(outcome) | Step::Lost(outcome) => outcome.map(|_| Explanation::empty()),
            };
        }
        let waits = self.waits(context);
        let plan = if waits { Plan::waiting() } else { self.plan(context)? };
        let (pieces, assembly) = match plan {
            Plan::One(piece) => (alloc::vec![piece], Assembly::Each),
            Plan::Many { pieces, assembly } => (pieces, assembly),
        };
        let members: Vec<Member> = match assembly {
            Assembly::Each => pieces.iter().map(|_| Member::One).collect(),
            Assembly::Joint(joint) => alloc::vec![Member::Joint(joint)],
            Assembly::Pipeline(members) => members,
        };
        let counts = members.iter().map(Member::piece_count).enumerate();
        let commands = counts.flat_map(|(index, count)| core::iter::repeat_n(index, count));
        let sent: Vec<Vec<Command>> = match self.contents() {
            _ if waits => alloc::vec![Vec::new()],
            Contents::Commands(commands) => {
                commands.iter().map(|command| alloc::vec![command.clone()]).collect()
            }
            Contents::Transaction(commands) => alloc::vec![commands.into_vec()],
            Contents::Nothing => alloc::vec![Vec::new()],
        };
        let explained = |((piece, sent), command): ((Piece, Vec<Command>), usize)| PlannedCommand {
            command,
            slot: piece.route.slot(),
            node: match &piece.route {
                Route::Slot(slot) => topology.primary_of(*slot).map(|node| node.address().clone()),
                Route::Node(node) => Some(node.as_ref().clone()),
                Route::Shard(shard) => Some(shard.primary.clone()),
                Route::Any | Route::Discovery => None,
            },
            sent,
        };
        let planned = pieces.into_iter().zip(sent).zip(commands).map(explained).collect();
        let policy = |member: &Member| match member {
            Member::Joint(joint) => Some(joint.policy()),
            Member::One | Member::Refused(_) => None,
        };
        let merges = members.iter().map(policy).collect();
        let refusal = |(index, member)| match member {
            Member::Refused(error) => Some((index, error)),
            Member::One | Member::Joint(_) => None,
        };
        let refusals = members.into_iter().enumerate().filter_map(refusal).collect();
        Ok(Explanation { planned, merges, refusals })
    }
}
