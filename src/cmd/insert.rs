//! Arguments between others, and the numbers of arguments that stand before them.

use super::typed::Typed;
use crate::command::{Command, ToArgs};

/// The arguments that a function adds.
struct Added<F>(F);

impl<F: FnOnce(Command) -> Command> ToArgs for Added<F> {
    fn add_to(self, command: Command) -> Command {
        (self.0)(command)
    }
}

impl<R> Typed<R> {
    /// Adds what `add` adds.
    pub(super) fn with(self, add: impl FnOnce(Command) -> Command) -> Self {
        Self::new(add(Command::from(self)))
    }

    /// Inserts behind the first `count` arguments, the name among them, what `add` adds.
    pub(super) fn insert(self, count: usize, add: impl FnOnce(Command) -> Command) -> Self {
        self.insert_after(count, Added(add))
    }

    /// Inserts before the first argument that is this word, or else at the end, what `add` adds.
    pub(super) fn insert_before(self, word: &str, add: impl FnOnce(Command) -> Command) -> Self {
        let command = Command::from(self);
        let index = command.arguments().position(|argument| argument == word.as_bytes());
        let count = index.unwrap_or_else(|| command.len());
        Self::new(command).insert(count, add)
    }

    /// Adds the number of arguments that `add` adds, and then these.
    pub(super) fn counted_words(self, add: impl FnOnce(Command) -> Command) -> Self {
        self.with(|command| counted(command, add))
    }
}

/// The command with the number of arguments that `add` adds, and then these.
pub(super) fn counted(command: Command, add: impl FnOnce(Command) -> Command) -> Command {
    let before = command.len();
    let command = add(command);
    let count = command.len() - before;
    command.insert_after(before, [count])
}
