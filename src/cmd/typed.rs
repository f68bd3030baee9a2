//! What all typed commands are.

use core::fmt;
use core::marker::PhantomData;

use crate::command::{Command, CommandInfo, Each, FromValue, OneOrMore, PairOrMore, ToArg, ToArgs};
use crate::resp::Frame;

/// A command that knows the type of its reply.
///
/// Every typed command is one, and so is [`Command`] itself, whose reply is a [`Frame`].
pub trait TypedCommand {
    /// The type that the reply is converted to.
    type Reply: FromValue;

    /// The command without its type.
    fn into_command(self) -> Command;
}

impl TypedCommand for Command {
    type Reply = Frame;

    #[inline]
    fn into_command(self) -> Command {
        self
    }
}

/// A command whose reply is converted to `R`. [The module](super) has a function for each server
/// command.
#[must_use = "a command does nothing until a client runs it"]
pub struct Typed<R> {
    command: Command,
    reply: PhantomData<fn() -> R>,
}

impl<R> Typed<R> {
    /// A command of your own with a type for its reply.
    pub const fn new(command: Command) -> Self {
        Self { command, reply: PhantomData }
    }

    /// The same command with another type for its reply.
    ///
    /// ```
    /// use hashslot::cmd::{self, Typed};
    /// let text: Typed<String> = cmd::incr("visits").reply();
    /// ```
    #[inline]
    pub fn reply<T>(self) -> Typed<T> {
        Typed::new(self.command)
    }

    /// The command of a row of the table: what `start!` makes.
    #[inline]
    pub(super) fn of((info, is_subcommand): (&'static CommandInfo, bool)) -> Self {
        Self::new(if is_subcommand { Command::of_subcommand(info) } else { Command::of(info) })
    }

    /// Adds the only key of the command.
    #[inline]
    pub(super) fn key(mut self, key: impl ToArg) -> Self {
        self.command.push_only_key(key);
        self
    }

    /// Adds one of several keys, or another argument.
    #[inline]
    pub(super) fn arg(mut self, argument: impl ToArg) -> Self {
        self.command.push_arg(argument.into_arg());
        self
    }

    /// Adds one argument or several.
    #[inline]
    pub(super) fn args(self, arguments: impl OneOrMore) -> Self {
        Self::new(arguments.append_to(self.command))
    }

    /// Adds one pair of arguments or several.
    #[inline]
    pub(super) fn pairs(self, pairs: impl PairOrMore) -> Self {
        Self::new(pairs.append_to(self.command))
    }

    /// Adds the number of some arguments, and then the arguments.
    #[inline]
    pub(super) fn counted(self, arguments: impl OneOrMore) -> Self {
        self.counted_words(|command| arguments.append_to(command))
    }

    /// Adds the number of some pairs, and then the pairs.
    #[inline]
    pub(super) fn counted_pairs(self, pairs: impl PairOrMore) -> Self {
        let before = self.command.len();
        let command = pairs.append_to(self.command);
        let count = (command.len() - before) / 2;
        Self::new(command.insert_after(before, [count]))
    }

    /// Inserts arguments behind the first `count`, the name among them: for options that stand
    /// before what was added already.
    pub(super) fn insert_after(self, count: usize, arguments: impl ToArgs) -> Self {
        Self::new(self.command.insert_after(count, arguments))
    }
}

impl<R: FromValue> TypedCommand for Typed<R> {
    type Reply = R;

    #[inline]
    fn into_command(self) -> Command {
        self.command
    }
}

impl<R> From<Typed<R>> for Command {
    #[inline]
    fn from(typed: Typed<R>) -> Self {
        typed.command
    }
}

impl<R> Clone for Typed<R> {
    fn clone(&self) -> Self {
        Self::new(self.command.clone())
    }
}

impl<R> fmt::Debug for Typed<R> {
    /// Shows the name and the number of arguments, never an argument: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.command.fmt(f)
    }
}

/// The items of an iterator, where a typed command takes one argument or more, or one pair or more.
///
/// ```
/// use hashslot::{Command, cmd};
/// let fields = ["name", "age"].into_iter().zip(["ann", "36"]);
/// assert_eq!(Command::from(cmd::hset("user:1", cmd::each(fields))).len(), 6);
/// ```
pub const fn each<I: IntoIterator>(items: I) -> Each<I> {
    Each(items)
}

/// The command of a row of the table.
macro_rules! start {
    ($name:literal) => {
        // One constant, not two: there are hundreds of these, and each costs time to compile.
        $crate::cmd::Typed::of(
            const {
                ($crate::command::table::known($name), $crate::command::table::is_subcommand($name))
            },
        )
    };
}

/// Declares the type of a command with options: a typed command whose methods add them.
macro_rules! with_options {
    ($(#[$attribute:meta])* $name:ident) => {
        $(#[$attribute])*
        #[must_use = "a command does nothing until a client runs it"]
        pub struct $name<R>($crate::cmd::Typed<R>);

        impl<R> $name<R> {
            /// The same command with another type for its reply.
            #[inline]
            pub fn reply<T>(self) -> $name<T> {
                $name(self.0.reply())
            }
        }

        impl<R: $crate::FromValue> $crate::cmd::TypedCommand for $name<R> {
            type Reply = R;

            #[inline]
            fn into_command(self) -> $crate::Command {
                self.0.into()
            }
        }

        impl<R> From<$name<R>> for $crate::Command {
            #[inline]
            fn from(typed: $name<R>) -> Self {
                typed.0.into()
            }
        }

        impl<R> Clone for $name<R> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl<R> core::fmt::Debug for $name<R> {
            /// Shows the name and the number of arguments, never an argument: it may be a secret.
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

pub(super) use start;
pub(super) use with_options;
