//! What runs typed commands.

#[cfg(doc)]
use super::Commands;
use super::TypedCommand;

/// Anything that runs typed commands: every client of the crate, and drivers of your own.
///
/// An executor has the methods of [`Commands`], one for each server command.
///
/// ```
/// use std::cell::RefCell;
/// use hashslot::cmd::{Executor, TypedCommand};
/// use hashslot::{Command, Commands};
///
/// /// Keeps the commands, and runs none.
/// #[derive(Default)]
/// struct Recorder(RefCell<Vec<Command>>);
///
/// impl Executor for Recorder {
///     type Output<V> = ();
///     fn execute<C: TypedCommand>(&self, command: C) {
///         self.0.borrow_mut().push(command.into_command());
///     }
/// }
///
/// let recorder = Recorder::default();
/// recorder.incr("visits");
/// assert_eq!(recorder.0.borrow()[0].to_bytes(), "*2\r\n$4\r\nINCR\r\n$6\r\nvisits\r\n");
/// ```
pub trait Executor {
    /// What running a command yields: a future in asynchronous clients, a `Result` in the blocking
    /// one.
    type Output<V>;

    /// Runs a typed command and converts its reply. Callers use [`Commands::run`], which is in
    /// scope with all other methods.
    fn execute<C: TypedCommand>(&self, command: C) -> Self::Output<C::Reply>;
}
