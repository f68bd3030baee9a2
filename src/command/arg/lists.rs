//! Several arguments at once: lists, pairs and maps.

use super::ToArg;
use crate::command::Command;

/// Several arguments: a slice, vector, array or iterator of arguments, by value or by reference.
///
/// [`Command::args`] takes it. A type of your own that stands for several arguments implements it
/// as well:
///
/// ```
/// use hashslot::Command;
/// use hashslot::command::ToArgs;
///
/// struct Position {
///     longitude: f64,
///     latitude: f64,
/// }
///
/// impl ToArgs for Position {
///     fn add_to(self, command: Command) -> Command {
///         command.arg(self.longitude).arg(self.latitude)
///     }
/// }
///
/// let rome = Position { longitude: 12.5, latitude: 41.9 };
/// let command = Command::new("GEOADD").arg("cities").args(rome).arg("Rome");
/// assert!(command.arguments().skip(2).eq([&b"12.5"[..], b"41.9", b"Rome"]));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of arguments",
    label = "not a list of text, bytes or numbers",
    note = "`.args(..)` takes slices, vectors, arrays and iterators of arguments, also by reference",
    note = "one argument goes through `.arg(..)`; pairs and maps go through `.pairs(..)`; an `Option` goes through `.arg_opt(..)`"
)]
pub trait ToArgs {
    /// The command with these arguments behind its own.
    #[must_use]
    fn add_to(self, command: Command) -> Command;
}

#[diagnostic::do_not_recommend]
impl<I: IntoIterator<Item: ToArg>> ToArgs for I {
    #[inline]
    fn add_to(self, mut command: Command) -> Command {
        for argument in self {
            command.push_arg(argument.into_arg());
        }
        command
    }
}

/// Pairs of arguments: a map, or a slice, vector, array or iterator of pairs, by value or by
/// reference.
///
/// [`Command::pairs`] takes it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of pairs of arguments",
    label = "neither a map nor a list of pairs",
    note = "`.pairs(..)` takes maps, and slices, vectors, arrays and iterators of `(key, value)`, also by reference",
    note = "a list of single arguments goes through `.args(..)`"
)]
pub trait ToPairs {
    /// The command with these pairs behind its own arguments: each key before its value.
    #[must_use]
    fn add_to(self, command: Command) -> Command;
}

#[diagnostic::do_not_recommend]
impl<I: IntoIterator<Item: Pair>> ToPairs for I {
    #[inline]
    fn add_to(self, command: Command) -> Command {
        self.into_iter().fold(command, |command, pair| pair.add_to(command))
    }
}

/// Two arguments that belong together: `(key, value)` or a reference to it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a pair of arguments",
    label = "not a pair `(key, value)`"
)]
pub trait Pair {
    /// The command with these two arguments behind its own.
    #[must_use]
    fn add_to(self, command: Command) -> Command;
}

impl<K: ToArg, V: ToArg> Pair for (K, V) {
    #[inline]
    fn add_to(self, command: Command) -> Command {
        command.arg(self.0).arg(self.1)
    }
}

impl<K: ToArg, V: ToArg> Pair for &(K, V) {
    #[inline]
    fn add_to(self, command: Command) -> Command {
        command.arg(&self.0).arg(&self.1)
    }
}
