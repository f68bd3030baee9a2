//! What is known about a command before it is sent.

use super::table;

/// One row of the table: what is known about a command or subcommand.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "a row of a table of info")]
pub struct CommandInfo {
    /// The name in capitals; a subcommand's follows its command's after a blank.
    pub name: &'static str,
    /// The number of arguments with the name; negative if it is the least number.
    pub arity: i8,
    /// Where the keys are.
    pub keys: KeyShape,
    /// Whether it only reads, as servers flag it: it may run twice, and on a replica.
    pub read_only: bool,
    /// Whether it may wait at the server, and hold its connection.
    pub blocking: bool,
    /// Whether it runs code of the user's, so that a reply may be anything, a redirection included.
    pub script: bool,
    /// Whether it changes nothing though servers do not call it a read: it may run twice.
    pub repeatable: bool,
    /// Whether its arguments may be secrets: errors show none of those that the server repeats.
    pub secret: bool,
    /// Whether its first argument names a subcommand with a row of its own.
    pub has_subcommands: bool,
    /// Where it goes.
    pub request: RequestPolicy,
    /// How the replies of several nodes become one.
    pub reply: ResponsePolicy,
}

/// Where the keys of a command are. Positions count the name as 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyShape {
    /// There are none.
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
    /// The argument `count` says how many keys there are, from `first` on, one every `step`.
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
    /// The first half of what follows the word `STREAMS`, which is looked for from `from` on.
    Streams {
        /// The first argument that may be the word.
        from: u8,
    },
    /// The key at 1, and the one after the last `STORE` or `STOREDIST` from `from` on.
    Store {
        /// The first argument that may be the word.
        from: u8,
    },
    /// `SORT`: the key at 1, and the one after the last `STORE`; patterns are no keys.
    Sort,
    /// `MIGRATE`: the key at 3; if it is empty and `KEYS` comes later, those after it.
    Migrate,
    /// `STRALGO`: the two keys after `KEYS`, none if `STRINGS` comes first.
    Stralgo,
    /// Not known: the first argument, if there is one.
    Unknown,
}

/// Where a command goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestPolicy {
    /// To the owner of its keys' slot; without keys to any primary.
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
    /// Only where the caller says.
    ExplicitNode,
    /// It changes or holds its connection: not on one that is shared. Says what to use instead.
    Connection(&'static str),
}

/// How the replies of several nodes become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponsePolicy {
    /// There is one reply.
    Single,
    /// The first reply if none is an error.
    AllSucceeded,
    /// The first reply that is no error.
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
    /// All elements, one node's after the other's; of maps all pairs.
    Concat,
    /// All elements, equal ones once.
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

    /// The row of this name, in capitals or not: `GET`, `CONFIG GET`. **Cost**: a few nanoseconds.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        match name.split_once(' ') {
            None => table::find(name.as_bytes()),
            Some((name, subcommand)) => {
                table::find_subcommand(table::find(name.as_bytes())?, subcommand.as_bytes())
            }
        }
    }

    /// Whether the command may be sent again though an earlier attempt may have run.
    #[must_use]
    pub const fn is_idempotent(&self) -> bool {
        self.read_only || self.repeatable
    }
}
