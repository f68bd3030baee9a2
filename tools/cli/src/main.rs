//! A command line client for a cluster: sends any command, and prints the reply as `redis-cli`
//! does.
//!
//! ```text
//! $ cargo run --release --package hashslot-cli -- --nodes 127.0.0.1:7000 SET user:1 ann
//! OK
//! $ cargo run --release --package hashslot-cli -- --nodes 127.0.0.1:7000 MGET user:1 user:2
//! 1) "ann"
//! 2) (nil)
//! ```
//!
//! Commands over several slots or nodes are split, spread and merged by the client; `--explain`
//! shows how. Without a command it runs the lines of standard input; `--json` prints one JSON value
//! a line (`json` says how); `--help` tells the rest. An error of a server is printed as
//! `(error) text`, one of the client as `(client) KIND text`; then the next line is run all the
//! same.

mod answer;
mod arguments;
mod json;
mod line;
mod plan;
mod terminal;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use answer::{Answer, Failure};
use arguments::Arguments;
use hashslot::error::ErrorKind;
use hashslot::runtimes::ConnectError;
use hashslot::tokio::Client;
use hashslot::{Call, Command, CrossSlot};

fn main() -> ExitCode {
    // It prints the help, or what is wrong and the usage, and ends with status 0 or 2.
    let arguments = Arguments::read().unwrap_or_else(|error| error.exit());
    run(&arguments).unwrap_or_else(|error| {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // The reader of the answers has closed the pipe: it has read enough.
            return ExitCode::SUCCESS;
        }
        writeln!(io::stderr(), "hashslot-cli: {error}").ok();
        ExitCode::FAILURE
    })
}

/// Runs the command, or all lines of standard input.
fn run(arguments: &Arguments) -> io::Result<ExitCode> {
    // One thread for the client's own work; this one waits for input and for answers.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut builder = arguments.url.clone().map_or_else(Client::builder, Client::builder_from);
    builder = builder.configure(|config| arguments.configure(config));
    for node in arguments.nodes() {
        builder = builder.seed(node.clone());
    }
    let connected = runtime.block_on(builder.connect());
    let client = match connected {
        Ok(client) => client,
        Err(error) => {
            print(&not_connected(&error), arguments, &[])?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let session = Session { client, arguments, runtime };
    let is_flawless = if arguments.command.is_empty() {
        session.run_lines(io::stdin().lock())?
    } else {
        session.run(&arguments.command)?
    };
    Ok(if is_flawless { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn not_connected(error: &ConnectError) -> Answer {
    Answer::Failure(match error {
        ConnectError::Cluster(error) => Failure::of(error, &Command::new("")),
        ConnectError::Config(_) | _ => Failure::client(ErrorKind::Config, error.to_string()),
    })
}

/// A connected client, and how it is to be used.
struct Session<'a> {
    client: Client,
    arguments: &'a Arguments,
    runtime: tokio::runtime::Runtime,
}

impl Session<'_> {
    /// Runs all lines. Whether the client failed for none.
    fn run_lines(&self, mut input: impl BufRead) -> io::Result<bool> {
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

    fn run_line(&self, line: &[u8]) -> io::Result<bool> {
        let Ok(words) = line::words(line) else {
            let failure = Failure::client(ErrorKind::Rejected, "unbalanced quotes");
            print(&Answer::Failure(failure), self.arguments, &[])?;
            return Ok(false);
        };
        self.run(&words)
    }

    /// Runs one command. Whether the client did not fail.
    fn run(&self, words: &[Vec<u8>]) -> io::Result<bool> {
        let answer = self.answer(words);
        print(&answer, self.arguments, words)?;
        Ok(!answer.is_client_error())
    }

    fn answer(&self, words: &[Vec<u8>]) -> Answer {
        let (name, rest) = words.split_first().map_or((&[][..], words), |(n, rest)| (&**n, rest));
        let Ok(name) = std::str::from_utf8(name) else {
            return Answer::Failure(Failure::client(
                ErrorKind::Rejected,
                "the command's name is no text",
            ));
        };
        let command = Command::new(name).args(rest);
        let mut call = Call::new(command.clone());
        if self.arguments.no_split {
            call = call.cross_slot(CrossSlot::Refuse);
        }
        if let Some(target) = &self.arguments.target {
            call = call.target(target.clone());
        }
        if self.arguments.explain {
            return match self.runtime.block_on(self.client.explain(call)) {
                Ok(explanation) => Answer::Plan(explanation),
                Err(error) => Answer::Failure(Failure::of(&error, &command)),
            };
        }
        Answer::of(self.runtime.block_on(self.client.call(call)), &command)
    }
}

fn print(answer: &Answer, arguments: &Arguments, words: &[Vec<u8>]) -> io::Result<()> {
    let mut out = Vec::new();
    if arguments.json {
        json::answer(&mut out, answer);
    } else {
        terminal::answer(&mut out, answer, is_text(words));
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(&out)?;
    stdout.flush()
}

/// Whether the command is answered with text in lines, for people to read.
fn is_text(words: &[Vec<u8>]) -> bool {
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
