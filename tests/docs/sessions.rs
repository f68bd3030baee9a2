//! Plays sessions on a cluster.

use std::sync::Mutex;

use super::Failure;
use super::found::Session;
use super::run::{Runner, matches, real, shown};
use super::servers::cluster::Cluster;

/// What stands between what two commands print.
const END: &str = "== end of a command of the documentation ==";

/// Plays a session on an empty cluster.
pub(crate) fn play(
    runner: &Runner,
    cluster: &Mutex<Cluster>,
    session: &Session,
) -> Result<(), Failure> {
    let cluster = cluster.lock().map_err(|_| "another run has failed")?;
    cluster.flush_all().map_err(|error| error.to_string())?;
    let end = format!("\necho '{END}'\n");
    let mut text = "shopt -s expand_aliases\n".to_owned();
    for (command, _) in &session.steps {
        text += &real(&cluster, command);
        text += &end;
    }
    let output = runner.bash(&text)?;
    let printed = shown(&cluster, &output.stdout);
    let mut parts = printed.split(&format!("{END}\n")).map(str::to_owned).collect::<Vec<_>>();
    parts.resize(session.steps.len(), String::new());
    for ((command, expected), part) in session.steps.iter().zip(parts) {
        let lines: Vec<_> = part.lines().collect();
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        if !all_match(&expected, &lines) {
            let expected = expected.join("\n");
            let told = output.stderr.trim();
            return Err(format!("$ {command}\nshown:\n{expected}\nprinted:\n{part}{told}"));
        }
    }
    Ok(())
}

/// Whether lines are what is expected, where a line `...` stands for any lines.
fn all_match(expected: &[&str], lines: &[&str]) -> bool {
    match expected {
        [] => lines.is_empty(),
        ["...", rest @ ..] => (0..=lines.len()).any(|skipped| all_match(rest, &lines[skipped..])),
        [first, rest @ ..] => lines
            .split_first()
            .is_some_and(|(line, left)| matches(first, line) && all_match(rest, left)),
    }
}
