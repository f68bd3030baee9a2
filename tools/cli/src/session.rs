//! A connected client runs commands, and prints what comes of them.

use std::io::{self, BufRead, Write as _};

use hashslot::error::ErrorKind;
use hashslot::tokio::Client;
use hashslot::{Call, Command, CrossSlot};
use tokio::runtime::Runtime;

use super::answer::{Answer, Failure};
use super::arguments::Arguments;
use super::interrupts::Interrupts;
use super::plan::Plan;
use super::{interrupts, json, line, terminal};

/// How many bytes are written between two looks for Ctrl-C.
const WRITE_LEN: usize = 64 << 10;

/// A connected client, and how it is to be used.
pub(crate) struct Session<'a> {
    client: Client,
    arguments: &'a Arguments,
    runtime: Runtime,
    /// What abandons commands. Without it, Ctrl-C ends the program.
    interrupts: Option<Interrupts>,
}

impl<'a> Session<'a> {
    pub(crate) const fn new(client: Client, arguments: &'a Arguments, runtime: Runtime) -> Self {
        Self { client, arguments, runtime, interrupts: None }
    }

    /// From here on Ctrl-C abandons the command that runs, and does not end the program.
    pub(crate) fn listen(&mut self) {
        self.interrupts = Some(Interrupts::listen(&self.runtime));
    }

    /// Runs all lines. Whether the client failed for none.
    pub(crate) fn run_lines(&mut self, mut input: impl BufRead) -> io::Result<bool> {
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
    pub(crate) fn run_line(&mut self, line: &[u8]) -> io::Result<bool> {
        if let Some(interrupts) = &mut self.interrupts {
            interrupts.forget();
        }
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
    pub(crate) fn run(&mut self, words: &[Vec<u8>]) -> io::Result<bool> {
        let answer = match command(words) {
            Err(failure) => Some(Answer::Failure(failure)),
            Ok(command) => self.answer(&command),
        };
        let Some(answer) = answer else {
            interrupts::tell("the command may have run");
            return Ok(false);
        };
        self.print(&answer, is_text(words))?;
        Ok(!answer.is_client_error())
    }

    /// `None` if Ctrl-C has come first.
    fn answer(&mut self, command: &Command) -> Option<Answer> {
        let call = self.with_options(Call::new(command.clone()));
        if self.arguments.explain {
            let plans = self.explain(call);
            let plans = plans.and_then(|plans| plans.into_iter().collect::<Result<Vec<_>, _>>());
            return Some(match plans {
                Ok(plans) => Answer::Plan(plans.into_iter().next().unwrap_or_default()),
                Err(error) => Answer::Failure(Failure::of(&error, command)),
            });
        }
        let call = self.client.call(call);
        let outcome = match &mut self.interrupts {
            None => self.runtime.block_on(call),
            Some(interrupts) => self.runtime.block_on(async {
                tokio::select! {
                    outcome = call => Some(outcome),
                    () = interrupts.next() => None,
                }
            })?,
        };
        Some(Answer::of(outcome, command))
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

    /// Writes to standard output, no more when Ctrl-C comes.
    pub(crate) fn write(&self, out: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        for piece in out.chunks(WRITE_LEN) {
            if self.interrupts.as_ref().is_some_and(Interrupts::has_come) {
                interrupts::tell("the reply is not whole");
                break;
            }
            stdout.write_all(piece)?;
        }
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
