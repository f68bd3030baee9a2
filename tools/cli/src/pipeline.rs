//! The lines of standard input as one pipeline.
//!
//! Commands leave together, as many as the limits below allow at a time. Each line has one answer,
//! in order: also a line that is no command. Replies of several nodes that stay apart are the map
//! that a pipeline has for them ([`hashslot::NodeReplies::to_frame`]), in which an error of the
//! client has the code `CLIENT`.

use std::io::{self, BufRead};
use std::iter;

use hashslot::command::ResponsePolicy;
use hashslot::error::ErrorKind;
use hashslot::resp::Value;
use hashslot::{Call, Command, Error, Frame};

use super::answer::{Answer, Failure};
use super::line;
use super::session::{self, Session};

/// How many commands leave together at most. The help says it as well.
pub(crate) const MAX_COMMANDS: usize = 10_000;

/// After how many bytes of lines no further line is read before they are sent.
pub(crate) const MAX_BYTES: usize = 8 << 20;

/// Sends or explains all lines. Whether the client failed for none.
pub(crate) fn run(session: &Session<'_>, mut input: impl BufRead) -> io::Result<bool> {
    let (mut is_flawless, mut count) = (true, 0);
    loop {
        let lines = read(&mut input)?;
        if lines.is_empty() {
            return Ok(is_flawless);
        }
        let mut out = Vec::new();
        for (line, answer) in iter::zip(&lines, answers(session, &lines, count)) {
            count += 1;
            is_flawless &= !answer.is_client_error() && !line.hides_client_error(session, &answer);
            session::format(&mut out, &answer, session.arguments(), line.is_text);
        }
        session.write(&out)?;
    }
}

/// Reads as many lines as may leave together; none at the end of the input.
pub(crate) fn read(input: &mut impl BufRead) -> io::Result<Vec<Line>> {
    let (mut lines, mut byte_count, mut line) = (Vec::new(), 0, Vec::new());
    while lines.len() < MAX_COMMANDS && byte_count < MAX_BYTES {
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if !line::is_skipped(&line) {
            lines.push(Line::of(&line));
            byte_count += line.len();
        }
        line.clear();
    }
    Ok(lines)
}

/// One answer for each line. `count` lines came before them.
fn answers(session: &Session<'_>, lines: &[Line], count: usize) -> Vec<Answer> {
    let commands = lines.iter().filter_map(|line| line.command.as_ref().ok().cloned());
    let call = session.with_options(Call::pipeline(commands));
    if session.arguments().explain {
        let plans = in_places(lines, session.explain(call)).zip(count + 1..);
        return plans.map(|(plan, number)| Answer::NumberedPlan(number, plan)).collect();
    }
    let replies = in_places(lines, session.call_each(call));
    replies.map(|reply| reply.map_or_else(Answer::Failure, Answer::Value)).collect()
}

/// The results of the commands, and between them the failures of the lines that are none.
fn in_places<T>(
    lines: &[Line],
    results: Result<Vec<Result<T, Error>>, Error>,
) -> impl Iterator<Item = Result<T, Failure>> {
    let (results, error) = match results {
        Ok(results) => (results, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    // The error of the whole is that of each command.
    let mut results = results.into_iter().chain(iter::from_fn(move || error.clone().map(Err)));
    lines.iter().map(move |line| {
        let command = line.command.as_ref().map_err(Clone::clone)?;
        let missing = || Err(Failure::client(ErrorKind::Conversion, "no result"));
        let failed = |error| Failure::of(&error, command);
        results.next().map_or_else(missing, |result| result.map_err(failed))
    })
}

/// A line that is neither blank nor a comment.
pub(crate) struct Line {
    command: Result<Command, Failure>,
    /// Whether the reply is text in lines.
    is_text: bool,
}

impl Line {
    fn of(line: &[u8]) -> Self {
        match line::words(line) {
            Ok(words) => {
                Self { command: session::command(&words), is_text: session::is_text(&words) }
            }
            Err(error) => {
                let failure = Failure::client(ErrorKind::Rejected, error.to_string());
                Self { command: Err(failure), is_text: false }
            }
        }
    }

    /// Whether an error of the client is among replies that stay apart.
    fn hides_client_error(&self, session: &Session<'_>, answer: &Answer) -> bool {
        let (Ok(command), Answer::Value(frame)) = (&self.command, answer) else { return false };
        let may_stay_apart =
            command.info().reply == ResponsePolicy::PerNode || session.arguments().target.is_some();
        may_stay_apart && has_client_error(frame)
    }
}

/// Whether an error of the client is among the replies of several nodes.
fn has_client_error(replies: &Frame) -> bool {
    let is_client = |reply| matches!(reply, Value::Error(text) if text.starts_with(b"CLIENT "));
    replies.value().pairs().is_some_and(|mut pairs| pairs.any(|(_, reply)| is_client(reply)))
}
