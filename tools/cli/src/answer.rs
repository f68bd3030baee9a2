//! How a command ended.

use hashslot::error::{ErrorKind, Partial, PartialPart};
use hashslot::{Address, Command, Error, Frame, Reply};

use super::plan::Plan;

/// What is printed for one command.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The reply.
    Value(Frame),
    /// The replies of several nodes, which stay apart.
    Nodes(Vec<(Address, Result<Frame, Failure>)>),
    /// There is no reply.
    Failure(Failure),
    /// What would have been done.
    Plan(Plan),
    /// The same for one command of a pipeline, with its number from 1.
    NumberedPlan(usize, Result<Plan, Failure>),
}

/// Why there is no reply.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The server's own error.
    Server(Vec<u8>),
    /// The client's.
    Client {
        /// Its kind.
        kind: ErrorKind,
        /// What happened, in words.
        text: String,
        /// What became of the parts, if there were several.
        fate: Fate,
    },
}

/// What became of the parts of a command: keys, or addresses of nodes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fate {
    /// Those that it was executed for.
    pub(crate) done: Vec<Vec<u8>>,
    /// Those that it was not executed for.
    pub(crate) not_done: Vec<Vec<u8>>,
    /// Those that it may have been executed for.
    pub(crate) unknown: Vec<Vec<u8>>,
}

impl Answer {
    /// What a command was answered with.
    pub(crate) fn of(outcome: Result<Reply, Error>, command: &Command) -> Self {
        match outcome {
            Ok(Reply::PerNode(replies)) => {
                let told =
                    |reply: Result<Frame, Error>| reply.map_err(|e| Failure::of(&e, command));
                Self::Nodes(replies.into_iter().map(|(node, reply)| (node, told(reply))).collect())
            }
            Ok(reply) => match reply.into_frame() {
                Some(frame) => Self::Value(frame),
                None => Self::Failure(Failure::client(
                    ErrorKind::Conversion,
                    "not the reply to a command",
                )),
            },
            Err(error) => Self::Failure(Failure::of(&error, command)),
        }
    }

    /// Whether the client failed, and not a server.
    pub(crate) fn is_client_error(&self) -> bool {
        let is_client = |failure: &Failure| matches!(failure, Failure::Client { .. });
        match self {
            Self::Failure(failure) | Self::NumberedPlan(_, Err(failure)) => is_client(failure),
            Self::Nodes(replies) => replies.iter().any(|(_, r)| r.as_ref().is_err_and(is_client)),
            Self::Value(_) | Self::Plan(_) | Self::NumberedPlan(_, Ok(_)) => false,
        }
    }
}

impl Failure {
    /// An error of the client that concerns no part of a command more than others.
    pub(crate) fn client(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self::Client { kind, text: text.into(), fate: Fate::default() }
    }

    /// What is told about an error.
    pub(crate) fn of(error: &Error, command: &Command) -> Self {
        if let hashslot::error::Failure::Server(error) = error.failure() {
            return Self::Server(error.as_bytes().to_vec());
        }
        Self::Client {
            kind: error.kind(),
            text: error.to_string(),
            fate: error.partial().map(|partial| Fate::of(partial, command)).unwrap_or_default(),
        }
    }
}

impl Fate {
    fn of(partial: &Partial, command: &Command) -> Self {
        let keys = command.keys().unwrap_or_default();
        let names = |part: &PartialPart| match part.node() {
            Some(node) => vec![node.to_string().into_bytes()],
            None => part.keys().iter().filter_map(|key| Some(keys.get(*key)?.to_vec())).collect(),
        };
        let mut fate = Self::default();
        for part in partial.parts() {
            let place = match part.error() {
                None => &mut fate.done,
                Some(error) if error.may_have_executed() => &mut fate.unknown,
                Some(_) => &mut fate.not_done,
            };
            place.extend(names(part));
        }
        fate
    }

    /// The parts that ended alike, with what became of them; without those that are none.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&'static str, &[Vec<u8>])> {
        let groups: [(_, &[Vec<u8>]); 3] =
            [("done", &self.done), ("not done", &self.not_done), ("unknown", &self.unknown)];
        groups.into_iter().filter(|(_, names)| !names.is_empty())
    }
}
