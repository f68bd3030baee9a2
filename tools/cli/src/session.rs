//! A connected client runs commands, and prints what comes of them.

use std::io::{self, BufRead, Write as _};

use hashslot::error::ErrorKind;
use hashslot::tokio::Client;
use hashslot::{Call, Command, CrossSlot};
use tokio::runtime::Runtime;

use super::answer::{Answer, Failure};
use super::arguments::Arguments;
use super::plan::Plan;
use super::{json, line, terminal};

/// A connected client, and how it is to be used.
pub(crate) struct Session<'a> {
    client: Client,
    arguments: &'a Arguments,
    runtime: Runtime,
}

impl<'a> Session<'a> {
    pub(crate) const fn new(client: Client, arguments: &'a Arguments, runtime: Runtime) -> Self {
        Self { client, arguments, runtime }
    }

    /// Runs all lines. Whether the client failed for none.
    pub(crate) fn run_lines(&self, mut input: impl BufRead) -> io::Result<bool> {
        let mut is_flawless = true;
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line)? > 0 {
            if !line::is_skipped(&line) {
                is_flawless &= self.run_line(&line)?;
            }
            line.clear();
        }
        Ok(is_flawless)
    }

    /// Runs the command of a line. Whether the client did not fail.
    pub(crate) fn run_line(&self, line: &[u8]) -> io::Result<bool> {
        match line::words(line) {
            Ok(words) => self.run(&words),
            Err(error) => {
                let failure = Failure::client(ErrorKind::Rejected, error.to_string());
                self.print(&Answer::Failure(failure), false)?;
                Ok(false)
            }
        }
    }

    /// Runs one command. Whether the client did not fail.
    pub(crate) fn run(&self, words: &[Vec<u8>]) -> io::Result<bool> {
        let answer = match command(words) {
            Err(failure) => Answer::Failure(failure),
            Ok(command) => self.answer(&command),
        };
        self.print(&answer, is_text(words))?;
        Ok(!answer.is_client_error())
    }

    fn answer(&self, command: &Command) -> Answer {
        let call = self.with_options(Call::new(command.clone()));
        if self.arguments.explain {
            let plans = self.explain(call);
            let plans = plans.and_then(|plans| plans.into_iter().collect::<Result<Vec<_>, _>>());
            return match plans {
                Ok(plans) => Answer::Plan(plans.into_iter().next().unwrap_or_default()),
                Err(error) => Answer::Failure(Failure::of(&error, command)),
            };
        }
        Answer::of(self.runtime.block_on(self.client.call(call)), command)
    }

    /// What would become of each command of a call.
    pub(crate) fn explain(
        &self,
        call: Call,
    ) -> Result<Vec<Result<Plan, hashslot::Error>>, hashslot::Error> {
        self.runtime.block_on(self.client.explain(call)).map(Plan::each)
    }

    /// The results of a pipeline.
    pub(crate) fn call_each(
        &self,
        call: Call,
    ) -> Result<Vec<Result<hashslot::Frame, hashslot::Error>>, hashslot::Error> {
        self.runtime.block_on(self.client.call_each(call))
    }

    pub(crate) const fn arguments(&self) -> &'a Arguments {
        self.arguments
    }

    /// A call with the options of the command line.
    pub(crate) fn with_options(&self, mut call: Call) -> Call {
        if self.arguments.no_split {
            call = call.cross_slot(CrossSlot::Refuse);
        }
        if let Some(target) = &self.arguments.target {
            call = call.target(target.clone());
        }
        call
    }

    fn print(&self, answer: &Answer, is_text: bool) -> io::Result<()> {
        let mut out = Vec::new();
        format(&mut out, answer, self.arguments, is_text);
        self.write(&out)
    }

    /// Writes to standard output.
    #[expect(clippy::unused_self, reason = "it is how the session prints")]
    pub(crate) fn write(&self, out: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(out)?;
        stdout.flush()
    }
}

/// Prints an answer, for people or for programs.
pub(crate) fn format(out: &mut Vec<u8>, answer: &Answer, arguments: &Arguments, is_text: bool) {
    if arguments.json {
        json::answer(out, answer);
    } else {
        terminal::answer(out, answer, is_text);
    }
}

/// The command that words are.
pub(crate) fn command(words: &[Vec<u8>]) -> Result<Command, Failure> {
    let (name, rest) = words.split_first().map_or((&[][..], words), |(n, rest)| (&**n, rest));
    match std::str::from_utf8(name) {
        Ok(name) => Ok(Command::new(name).args(rest)),
        Err(_) => Err(Failure::client(ErrorKind::Rejected, "the command's name is no text")),
    }
}

/// Whether the command is answered with text in lines, for people to read.
pub(crate) fn is_text(words: &[Vec<u8>]) -> bool {
    let mut words = words.iter().map(|word| word.to_ascii_uppercase());
    let (name, subcommand) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match &*name {
        b"INFO" | b"LOLWUT" => true,
        b"CLIENT" => matches!(&*subcommand, b"LIST" | b"INFO"),
        b"CLUSTER" => matches!(&*subcommand, b"NODES" | b"INFO"),
        b"DEBUG" => matches!(&*subcommand, b"HTSTATS" | b"HTSTATS-KEY" | b"CLIENT-EVICTION"),
        b"LATENCY" => matches!(&*subcommand, b"GRAPH" | b"DOCTOR"),
        b"MEMORY" => matches!(&*subcommand, b"MALLOC-STATS" | b"DOCTOR"),
        _ => false,
    }
}
