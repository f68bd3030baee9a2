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
//! shows how. Without a command it runs the lines of standard input: at a terminal with an editor
//! of lines (`interactive`), with `--pipeline` together (`pipeline`), else one after the other.
//! `--json` prints one JSON value a line (`json` says how); `--help` tells the rest. An error of a
//! server is printed as `(error) text`, one of the client as `(client) KIND text`; then the next
//! line is run all the same.

mod answer;
mod arguments;
mod completion;
mod editor;
mod history;
mod interactive;
mod interrupts;
mod json;
mod line;
mod pipeline;
mod plan;
mod session;
mod terminal;
#[cfg(test)]
mod tests;

use std::env;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use answer::{Answer, Failure};
use arguments::Arguments;
use hashslot::Command;
use hashslot::error::ErrorKind;
use hashslot::runtimes::ConnectError;
use hashslot::tokio::Client;
use history::History;
use session::Session;

fn main() -> ExitCode {
    // It prints the help, or what is wrong and the usage, and ends with status 0 or 2.
    let arguments = Arguments::read().unwrap_or_else(|error| error.exit());
    run(&arguments).unwrap_or_else(|error| {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // The reader of the answers has closed the pipe: it has read enough.
            return ExitCode::SUCCESS;
        }
        interactive::warn(&error);
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
    let client = match runtime.block_on(builder.connect()) {
        Ok(client) => client,
        Err(error) => {
            let mut out = Vec::new();
            session::format(&mut out, &not_connected(&error), arguments, false);
            io::stdout().write_all(&out)?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let mut session = Session::new(client, arguments, runtime);
    let is_flawless = if !arguments.command.is_empty() {
        session.run(&arguments.command)?
    } else if arguments.pipeline {
        pipeline::run(&session, io::stdin().lock())?
    } else if io::stdin().is_terminal() {
        converse(&mut session, arguments)?
    } else {
        session.run_lines(io::stdin().lock())?
    };
    Ok(if is_flawless { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs what is typed at the terminal. Whether the client failed for none.
fn converse(session: &mut Session<'_>, arguments: &Arguments) -> io::Result<bool> {
    let mut terminal = editor::Terminal::open()?;
    session.listen();
    let place = history::place(env::var_os("HASHSLOT_HISTORY"), env::home_dir());
    let history = place
        .and_then(|path| History::open(path).inspect_err(|error| interactive::warn(error)).ok());
    let prompt = format!("{}> ", arguments.first_node());
    interactive::run(&prompt, &mut terminal, history, |line| session.run_line(line.as_bytes()))
}

fn not_connected(error: &ConnectError) -> Answer {
    Answer::Failure(match error {
        ConnectError::Cluster(error) => Failure::of(error, &Command::new("")),
        ConnectError::Config(_) | _ => Failure::client(ErrorKind::Config, error.to_string()),
    })
}
