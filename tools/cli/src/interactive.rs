//! Lines that a person types, one command after the other.

use std::fmt;
use std::io::{self, Write as _};

use super::history::History;
use super::line;

/// Where lines come from.
pub(crate) trait Lines {
    /// Shows the prompt, and returns what is typed behind it.
    fn read(&mut self, prompt: &str) -> io::Result<Input>;

    /// Offers a line again later in this run.
    fn remember(&mut self, line: &str) -> io::Result<()>;
}

/// What came behind a prompt.
#[derive(Debug)]
pub(crate) enum Input {
    /// A line, or several that were pasted.
    Text(String),
    /// Ctrl-C: what was typed does not count.
    Abandoned,
    /// Ctrl-D.
    End,
}

/// Runs lines until there are no more, or one of them is `exit` or `quit`. Whether `run` returned
/// true for all.
pub(crate) fn run(
    prompt: &str,
    lines: &mut impl Lines,
    mut history: Option<History>,
    mut run: impl FnMut(&str) -> io::Result<bool>,
) -> io::Result<bool> {
    let mut is_flawless = true;
    for line in history.iter().flat_map(History::lines) {
        lines.remember(line)?;
    }
    loop {
        let text = match lines.read(prompt)? {
            Input::Text(text) => text,
            Input::Abandoned => continue,
            Input::End => return Ok(is_flawless),
        };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            if is_end(line) {
                return Ok(is_flawless);
            }
            lines.remember(line)?;
            if let Some(Err(error)) = history.as_mut().map(|history| history.add(line)) {
                // Told once.
                history = None;
                warn(&error);
            }
            if !line::is_skipped(line.as_bytes()) {
                is_flawless &= run(line)?;
            }
        }
    }
}

/// Says on standard error what does not end the program.
pub(crate) fn warn(problem: &dyn fmt::Display) {
    writeln!(io::stderr(), "hashslot-cli: {problem}").ok();
}

fn is_end(line: &str) -> bool {
    ["exit", "quit"].iter().any(|end| line.trim().eq_ignore_ascii_case(end))
}
