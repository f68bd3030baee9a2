//! The editor of lines on a terminal: `rustyline`, with completion and without colours.

use std::io::{self, IsTerminal as _};

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{Behavior, CompletionType, Config, Context, Editor, Helper};

use super::completion;
use super::history::{MAX_LINES, plain};
use super::interactive::{Input, Lines};

/// The editor on the terminal of the program.
pub(crate) struct Terminal(Editor<Names, MemHistory>);

impl Terminal {
    pub(crate) fn open() -> io::Result<Self> {
        // Answers that go elsewhere have no prompts among them.
        let is_shown = io::stdout().is_terminal();
        let config = Config::builder()
            .behavior(if is_shown { Behavior::Stdio } else { Behavior::PreferTerm })
            .completion_type(CompletionType::List)
            .max_history_size(MAX_LINES)
            .map_err(plain)?
            .build();
        let history = MemHistory::with_config(&config);
        let mut editor = Editor::with_history(config, history).map_err(plain)?;
        editor.set_helper(Some(Names));
        Ok(Self(editor))
    }
}

impl Lines for Terminal {
    fn read(&mut self, prompt: &str) -> io::Result<Input> {
        match self.0.readline(prompt) {
            Ok(text) => Ok(Input::Text(text)),
            Err(ReadlineError::Interrupted) => Ok(Input::Abandoned),
            Err(ReadlineError::Eof) => Ok(Input::End),
            Err(error) => Err(plain(error)),
        }
    }

    fn remember(&mut self, line: &str) -> io::Result<()> {
        self.0.add_history_entry(line).map(drop).map_err(plain)
    }
}

/// Completes names.
struct Names;

impl Completer for Names {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(completion::candidates(line.get(..position).unwrap_or(line)))
    }
}

impl Helper for Names {}

impl Highlighter for Names {}

impl Hinter for Names {
    type Hint = String;
}

impl Validator for Names {}
