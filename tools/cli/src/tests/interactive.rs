//! What becomes of lines that are typed.

use std::collections::VecDeque;
use std::io;

use super::history::{Folder, lines};
use crate::history::History;
use crate::interactive::{Input, Lines, run};

/// Lines that are written down, in place of a person at a terminal.
struct Script {
    inputs: VecDeque<Input>,
    remembered: Vec<String>,
    prompts: usize,
}

impl Script {
    fn new(inputs: impl IntoIterator<Item = Input>) -> Self {
        let inputs = inputs.into_iter().collect();
        Self { inputs, remembered: Vec::new(), prompts: 0 }
    }
}

impl Lines for Script {
    fn read(&mut self, prompt: &str) -> io::Result<Input> {
        assert_eq!(prompt, "a:1> ");
        self.prompts += 1;
        self.inputs.pop_front().ok_or_else(|| io::Error::other("read behind the end"))
    }

    fn remember(&mut self, line: &str) -> io::Result<()> {
        self.remembered.push(line.to_owned());
        Ok(())
    }
}

fn text(line: &str) -> Input {
    Input::Text(line.to_owned())
}

/// The lines that are run, and whether all went well: those with `bad` in them do not.
fn ran(script: &mut Script, history: Option<History>) -> (Vec<String>, bool) {
    let mut ran = Vec::new();
    let is_flawless = run("a:1> ", script, history, |line| {
        ran.push(line.to_owned());
        Ok(!line.contains("bad"))
    });
    (ran, is_flawless.unwrap())
}

#[test]
fn lines_are_run_until_the_end() {
    let inputs = [text("GET a"), text(""), text("  "), text("# x"), text(" GET b "), Input::End];
    let mut script = Script::new(inputs);
    assert_eq!(ran(&mut script, None), (vec!["GET a".into(), " GET b ".into()], true));
    assert_eq!(script.remembered, ["GET a", "# x", " GET b "]);
    assert_eq!(script.prompts, 6);
}

#[test]
fn exit_and_quit_end_the_program() {
    for end in ["exit", "quit", "QUIT", " Exit "] {
        let mut script = Script::new([text("GET a"), text(end), text("GET b")]);
        assert_eq!(ran(&mut script, None), (vec!["GET a".into()], true));
    }
    let mut script = Script::new([text("exit now"), text("\"exit\""), Input::End]);
    assert_eq!(ran(&mut script, None).0, ["exit now", "\"exit\""]);
}

#[test]
fn an_abandoned_line_is_not_run() {
    let mut script = Script::new([Input::Abandoned, text("GET a"), Input::Abandoned, Input::End]);
    assert_eq!(ran(&mut script, None), (vec!["GET a".into()], true));
    assert_eq!(script.remembered, ["GET a"]);
}

#[test]
fn a_failure_is_not_forgotten() {
    let mut script = Script::new([text("bad"), text("GET a"), text("exit")]);
    assert_eq!(ran(&mut script, None), (vec!["bad".into(), "GET a".into()], false));
}

#[test]
fn pasted_lines_are_run_one_by_one() {
    let mut script = Script::new([text("GET a\nGET b\n\nexit\nGET c"), Input::End]);
    assert_eq!(ran(&mut script, None).0, ["GET a", "GET b"]);
    assert_eq!(script.remembered, ["GET a", "GET b"]);
}

#[test]
fn the_history_offers_lines_of_former_runs() -> io::Result<()> {
    let folder = Folder::new("former")?;
    let open = || History::open(folder.file());
    let mut script = Script::new([text("GET a"), text("AUTH s3cret"), text("GET \"b"), Input::End]);
    ran(&mut script, Some(open()?));
    // All lines can be recalled in this run.
    assert_eq!(script.remembered, ["GET a", "AUTH s3cret", "GET \"b"]);
    let mut script = Script::new([text("GET c"), text("quit")]);
    ran(&mut script, Some(open()?));
    assert_eq!(script.remembered, ["GET a", "GET c"]);
    assert_eq!(lines(&folder.file()), ["GET a", "GET c"]);
    Ok(())
}

#[test]
fn lines_are_run_without_a_history_that_cannot_be_written() -> io::Result<()> {
    let folder = Folder::new("unwritable")?;
    let history = History::open(folder.file().join("no").join("file"))?;
    let mut script = Script::new([text("GET a"), text("GET b"), Input::End]);
    assert_eq!(ran(&mut script, Some(history)), (vec!["GET a".into(), "GET b".into()], true));
    Ok(())
}
