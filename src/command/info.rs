//! What is known about a command before it is sent.

use super::table;

/// One row of the table: what is known about a command or subcommand.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "a row of a table of info")]
pub struct CommandInfo {
    /// The name in capitals, with that of the subcommand: `GET`, `CONFIG GET`.
    pub name: &'static str,
    /// The number of arguments, the name included. A negative number is the minimum.
    pub arity: i8,
    /// The positions of the keys.
    pub keys: KeyShape,
    /// Whether servers flag the command as a read: it may run twice, and on a replica.
    pub read_only: bool,
    /// Whether the command may wait at the server and hold its connection.
    pub blocking: bool,
    /// Whether the command runs a script, so that any reply is possible, also a redirection.
    pub script: bool,
    /// Whether the command changes nothing though servers do not flag it as a read: it may run
    /// twice.
    pub repeatable: bool,
    /// Whether the command must not wait behind others that keep the node busy, since it ends or
    /// holds up what they do. It travels on a connection of its own, and overtakes them.
    pub overtakes: bool,
    /// Whether arguments may be secrets. Errors then hide the arguments that a server repeats.
    pub secret: bool,
    /// Whether the first argument names a subcommand with a row of its own.
    pub has_subcommands: bool,
    /// Where the command goes.
    pub request: RequestPolicy,
    /// How replies of several nodes are merged.
    pub reply: ResponsePolicy,
}

/// Where the keys of a command are. Positions count the name as 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
#[non_exhaustive]
pub enum KeyShape {
    /// The command has no keys.
    None,
    /// One key.
    At(u8),
    /// Every `step`-th argument from `first` to `last`; a negative `last` counts from the end.
    Range {
        /// The first key.
        first: u8,
        /// The last argument that may be a key: -1 is the last one.
        last: i8,
        /// From one key to the next.
        step: u8,
    },
    /// The argument `count` is the number of keys: every `step`-th argument from `first` on.
    Counted {
        /// A key before the count, such as a destination; 0 if there is none.
        destination: u8,
        /// The argument that is the number of keys.
        count: u8,
        /// The first key.
        first: u8,
        /// From one key to the next.
        step: u8,
    },
    /// The first half of the arguments after the word `STREAMS`, searched from `from` on.
    Streams {
        /// The first argument that may be the word.
        from: u8,
    },
    /// The key at 1, and the one after the last `STORE` or `STOREDIST` from `from` on.
    Store {
        /// The first argument that may be the word.
        from: u8,
    },
    /// `SORT`: the key at 1, and the one after the last `STORE`. Patterns do not count as keys.
    Sort,
    /// `MIGRATE`: the key at 3; if it is empty and `KEYS` comes later, those after it.
    Migrate,
    /// `STRALGO`: the two keys after `KEYS`, none if `STRINGS` comes first.
    Stralgo,
    /// Unknown: the client takes the first argument as the key.
    Unknown,
}

/// Where a command goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
#[non_exhaustive]
pub enum RequestPolicy {
    /// To the owner of the slot of its keys; without keys to any primary.
    Keyed,
    /// Like [`RequestPolicy::Keyed`]; if its keys are in several slots it can be split, one command
    /// a slot.
    MultiShard,
    /// To the owner of the slot that is its first argument after the name.
    SlotArgument,
    /// Its arguments after the name are slots: split, one command an owner.
    SlotOwners,
    /// To any primary.
    AnyNode,
    /// To every primary.
    AllShards,
    /// To every node.
    AllNodes,
    /// To the target that the caller names.
    ExplicitNode,
    /// The command changes or holds its connection, so a shared connection cannot send it. The text
    /// says what to use instead.
    Connection(&'static str),
}

/// How replies of several nodes are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
#[non_exhaustive]
pub enum ResponsePolicy {
    /// The command has one reply.
    Single,
    /// The first reply if none is an error.
    AllSucceeded,
    /// The first reply that is not an error.
    OneSucceeded,
    /// The first reply if all are equal.
    Equal,
    /// Logical and, element by element.
    And,
    /// Logical or, element by element.
    Or,
    /// The least, element by element.
    Min,
    /// The greatest, element by element.
    Max,
    /// The sum, element by element.
    Sum,
    /// All elements, node by node; of maps all pairs.
    Concat,
    /// All distinct elements.
    Union,
    /// Of maps, or of names and numbers in turn: the sum for each name.
    SumByName,
    /// Elements in the order of the caller's keys.
    KeyOrder,
    /// Any one that is not null; null if all are.
    NonNull,
    /// The rule of `CLUSTER SLOT-STATS`: all slots in the order that was asked for, as many as
    /// were.
    SlotStats,
    /// A map from node to reply.
    PerNode,
}

impl CommandInfo {
    /// The rows of all commands and subcommands, sorted by name.
    #[must_use]
    pub fn all() -> &'static [Self] {
        table::all()
    }

    /// The row with this name in any case: `GET`, `config get`. **Cost**: a few nanoseconds.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        match name.split_once(' ') {
            None => table::find(name.as_bytes()),
            Some((name, subcommand)) => {
                table::find_subcommand(table::find(name.as_bytes())?, subcommand.as_bytes())
            }
        }
    }

    /// Whether the client may send the command again when an earlier attempt may have run.
    #[must_use]
    pub const fn is_idempotent(&self) -> bool {
        self.read_only || self.repeatable
    }
}
