//! What would become of a call, told without sending it.

use alloc::vec::Vec;

use super::{Assembly, Call, Context, Payload, Piece as Planned, Plan, Route};
use crate::address::Address;
use crate::command::{Command, ReplyPolicy};
use crate::error::Error;
use crate::slot::Slot;

/// What would become of a call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Explanation {
    /// What travels, in the order of the commands of the call.
    pub pieces: Vec<Piece>,
    /// How the replies become one, command by command: `None` for those that get one reply.
    pub merges: Vec<Option<ReplyPolicy>>,
}

/// What travels to one slot or node.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Piece {
    /// Which command of the call it comes from, counted from 0.
    pub command: usize,
    /// What is sent: one command, or those of a transaction. Nothing if that depends on a topology
    /// that is not known yet.
    pub sent: Vec<Command>,
    /// The slot of its keys, or the one that the caller named.
    pub slot: Option<Slot>,
    /// The node that it would go to now; `None` if any would do, or if none is known.
    pub node: Option<Address>,
}

impl Call {
    /// What would become of the call.
    ///
    /// # Errors
    /// As for sending it.
    pub(crate) fn explain(self, context: Context<'_>) -> Result<Explanation, Error> {
        let topology = context.topology;
        let (pieces, assembly) = match self.plan::<Planned>(context)? {
            Plan::One(piece) => (alloc::vec![piece], Assembly::Each),
            Plan::Many { pieces, assembly } => (pieces, assembly),
        };
        let joints = match assembly {
            Assembly::Each => pieces.iter().map(|_| None).collect(),
            Assembly::Joint(joint) => alloc::vec![Some(joint)],
            Assembly::Batch(joints) => joints,
        };
        let counts = joints.iter().map(|joint| joint.as_ref().map_or(1, |joint| joint.count));
        let commands =
            counts.enumerate().flat_map(|(index, count)| core::iter::repeat_n(index, count));
        let explained = |(piece, command): (Planned, usize)| Piece {
            command,
            slot: piece.route.slot(),
            node: match &piece.route {
                Route::Slot(slot) => topology.primary_of(*slot).map(|node| node.address().clone()),
                Route::Node(node) | Route::Shard { primary: node, .. } => Some(node.clone()),
                Route::Any | Route::Discovery => None,
            },
            sent: match piece.payload {
                Payload::Command(command) => alloc::vec![command],
                Payload::Transaction(commands) => commands.into_vec(),
                Payload::Nothing | Payload::Later(_) => Vec::new(),
            },
        };
        Ok(Explanation {
            pieces: pieces.into_iter().zip(commands).map(explained).collect(),
            merges: joints.iter().map(|joint| joint.as_ref().map(super::Joint::policy)).collect(),
        })
    }
}
