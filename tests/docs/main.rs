//! Runs what the documentation shows, and compares what comes of it: `scripts/docs`.
//!
//! - A *session* is a fenced block with lines that begin with `$ `. It is run by bash on a cluster
//!   of its own, which is empty at first, and prints what stands below each command. `...` stands
//!   for any text, and alone on a line for any lines. `127.0.0.1:7000` and so on stand for the
//!   nodes.
//! - A *command* is every other line of a fenced block or head of a script, and every code span,
//!   that begins with a program. `plan` says of each how it is run, or why it is not. A command
//!   without a line there fails, and so does a line without its command.
//! - A *block* is Rust that is marked `no_run`, since it needs servers. `blocks` gives it some.
//!
//! Commands run what `scripts/docs` has built: the workspace, with all features (`run::CARGO`).
//! That an example needs no other features than its command names is compared with `Cargo.toml`.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "what is wrong ends the run, and that is what it is for"
)]

// The harness of the tests starts the servers; this needs a part of it.
#[path = "../servers/mod.rs"]
mod servers;

mod blocks;
mod found;
mod plan;
mod run;
mod service;
mod sessions;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;
use std::{io, thread};

use plan::{Entry, How, PLAN};
use run::Runner;
use servers::cluster::{Cluster, Options};
use servers::find_any_or_skip;

/// What goes wrong, in words for a contributor.
type Failure = String;

/// Something to run, with its name.
type Job<'a> = (String, Box<dyn Fn() -> Result<(), Failure> + Sync + Send + 'a>);

fn main() -> ExitCode {
    match check() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(count) => {
            eprintln!("docs: {count} failures");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("docs: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Tells how many things are wrong.
fn check() -> io::Result<usize> {
    let words: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = found::everything(root)?;
    let mut failures = unplanned(&found);
    failures.extend(found::wrong_features(root, &found.commands)?);
    for failure in &failures {
        eprintln!("docs: {failure}");
    }
    let Some(server) = find_any_or_skip() else { return Ok(failures.len()) };
    let cluster = Mutex::new(Cluster::start(Options::new(server))?);
    let runner = Runner::new(root)?;
    let blocks = &found.blocks;
    // First what builds for long: others wait for the cluster.
    let mut jobs: Vec<Job<'_>> =
        vec![("blocks of Rust".into(), Box::new(|| blocks::run(&runner, blocks)))];
    for entry in PLAN {
        let (runner, cluster, command) = (&runner, &cluster, entry.command);
        match entry.how {
            How::Runs(prints) => {
                let job = move || run::command(runner, cluster, command, prints);
                jobs.push((command.to_owned(), Box::new(job)));
            }
            How::Serves => {
                let job = move || service::check(runner, cluster, command);
                jobs.push((command.to_owned(), Box::new(job)));
            }
            How::Instead(..) | How::Step(_) | How::Session | How::Here | How::Not(_) => {}
        }
    }
    for session in &found.sessions {
        let (runner, cluster) = (&runner, &cluster);
        jobs.push((session.place.clone(), Box::new(|| sessions::play(runner, cluster, session))));
    }
    jobs.push(("crates of the features".into(), Box::new(|| found::wrong_counts(root))));
    jobs.retain(|(name, _)| is_wanted(name));
    let count = jobs.len();
    let failed = failures.len() + work(jobs);
    eprintln!("docs: {count} runs, {failed} failures");
    Ok(failed)
}

/// Commands that nothing is said about, and what is said about no command.
fn unplanned(found: &found::Found) -> Vec<Failure> {
    let planned: BTreeSet<_> = PLAN.iter().map(|entry| entry.command).collect();
    let shown: BTreeSet<_> = found.commands.iter().map(|(_, command)| command.as_str()).collect();
    let uncompiled = found.uncompiled.iter();
    let mut failures: Vec<_> =
        uncompiled.map(|place| format!("{place}: nothing compiles this Rust")).collect();
    for (place, command) in &found.commands {
        if !planned.contains(command.as_str()) {
            let message = "is neither run nor listed with a reason in tests/docs/plan.rs";
            failures.push(format!("{place}: `{command}` {message}"));
        }
    }
    for Entry { command, how } in PLAN {
        if !shown.contains(command) {
            failures.push(format!("tests/docs/plan.rs: `{command}` stands nowhere any more"));
        }
        let is_run = |other: &str| {
            PLAN.iter().any(|entry| entry.command == other && matches!(entry.how, How::Runs(_)))
        };
        match how {
            How::Instead(other, _) if !is_run(other) => {
                failures.push(format!("tests/docs/plan.rs: `{other}` is not run"));
            }
            How::Step(text) if !include_str!("../../scripts/test").contains(text) => {
                failures.push(format!("tests/docs/plan.rs: scripts/test lacks `{text}`"));
            }
            How::Session if !is_played(found, command) => {
                failures.push(format!("tests/docs/plan.rs: no session runs `{command}`"));
            }
            How::Instead(..)
            | How::Step(_)
            | How::Session
            | How::Runs(_)
            | How::Serves
            | How::Here
            | How::Not(_) => {}
        }
    }
    failures
}

fn is_played(found: &found::Found, command: &str) -> bool {
    let quiet = command.replacen("run ", "run --quiet ", 1);
    found.sessions.iter().flat_map(|session| &session.steps).any(|(step, _)| *step == quiet)
}

/// Runs two jobs at a time. Tells how many have failed.
fn work(jobs: Vec<Job<'_>>) -> usize {
    let (jobs, failed) = (Mutex::new(jobs.into_iter()), Mutex::new(0));
    let next = || jobs.lock().unwrap().next();
    let worker = || {
        while let Some((name, job)) = next() {
            let begun_at = Instant::now();
            let done = job();
            let took = begun_at.elapsed();
            match done {
                Ok(()) => eprintln!("docs: {name}: ok ({took:.1?})"),
                Err(failure) => {
                    *failed.lock().unwrap() += 1;
                    eprintln!("docs: {name}: FAILED ({took:.1?}): {failure}");
                }
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(worker);
        worker();
    });
    failed.into_inner().unwrap()
}
