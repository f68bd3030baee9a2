//! What an application asks for, and what it may expect.

use core::time::Duration;

use hashslot::command::ResponsePolicy;
use hashslot::driver::{CallId, Outcome};
use hashslot::error::Partial;
use hashslot::{Address, Call, Command, Error, Instant, Reply, Script, Target};

use super::server::PLACES;
use crate::source::Source;

/// `b` 3300, `bar` 5061, `g` 7233, `d` 11298, `foo` 12182.
const KEYS: &[&str] = &["foo", "bar", "b", "g", "d", "{foo}x"];
/// Keys of different slots.
const KEYS_APART: &[&str] = &["foo", "bar", "b", "g"];

/// What a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    One,
    Pipeline,
    Transaction,
    Discovery,
    /// An `MSET` of so many keys, each in a slot of its own.
    Split(usize),
    /// Several parts that change nothing, or one reply a node.
    Wide,
}

/// A call that was submitted.
#[derive(Debug)]
pub(super) struct Submitted {
    pub(super) id: Option<CallId>,
    pub(super) deadline: Instant,
    pub(super) kind: Kind,
    /// How many of its commands tell whose they are.
    pub(super) marked_count: usize,
    /// Whether running it twice would do harm.
    pub(super) is_once: bool,
    pub(super) state: CallState,
    /// The connections that took each of its commands whole, by the command's number.
    pub(super) taken: Vec<Vec<usize>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallState {
    Open,
    Cancelled,
    /// Whether each of its commands may have run, as the application was told.
    Over(Vec<bool>),
}

/// A call, and what there is to know about it.
pub(super) fn call(
    source: &mut Source<'_>,
    now: Instant,
    token: usize,
    budget: Duration,
) -> (Call, Submitted) {
    let mut submitted = Submitted {
        id: None,
        deadline: now + budget,
        kind: Kind::One,
        marked_count: 0,
        is_once: true,
        state: CallState::Open,
        taken: vec![Vec::new(); 4],
    };
    let key = source.pick(KEYS);
    let mut call = match source.below(16) {
        0 | 1 => Call::new(Command::get(key)),
        kind @ 2..5 => {
            submitted.marked_count = 1;
            Call::new(write(key, token, 0, if kind == 4 { 1100 } else { 0 }))
        }
        5 | 6 => {
            submitted.kind = Kind::Pipeline;
            let count = source.below(5);
            submitted.marked_count = count;
            let writes = (0..count).map(|part| write(source.pick(KEYS), token, part, 0));
            let mut commands: Vec<_> = writes.collect();
            if source.below(4) == 0 {
                commands.push(misfit(source));
            }
            Call::pipeline(commands)
        }
        7 | 8 => {
            submitted.kind = Kind::Transaction;
            let count = source.below(4);
            submitted.marked_count = count;
            Call::transaction((0..count).map(|part| write(key, token, part, 0)))
        }
        9 => {
            submitted.kind = Kind::Discovery;
            Call::discovery()
        }
        10 => Call::new(Command::new("PING")).on_node(place(source)),
        11 => {
            submitted.marked_count = 1;
            Call::new(write(key, token, 0, 0)).on_node(place(source))
        }
        kind @ 12..14 => {
            submitted.marked_count = 1;
            let eval = Command::new("EVAL").arg("return 1").arg(1).arg(key);
            let script = if kind == 12 { eval } else { Script::new("return 1").invoke([key]) };
            Call::new(script.arg(format!("t{token}.0")))
        }
        14 => Call::new(misfit(source)),
        _ => wide(source, token, &mut submitted.kind),
    };
    match source.below(8) {
        0 => {
            call = call.idempotent();
            submitted.is_once = false;
        }
        1 => {
            let budget = Duration::from_millis(source.pick(&[0, 1, 30, 300, 5000]));
            call = call.timeout(budget);
            submitted.deadline = now + budget;
        }
        _ => {}
    }
    (call, submitted)
}

/// A command that becomes several, alone or in a pipeline.
fn wide(source: &mut Source<'_>, token: usize, kind: &mut Kind) -> Call {
    *kind = Kind::Wide;
    let choice = source.byte();
    match choice % 4 {
        0 | 1 => {
            let count = 2 + source.below(3);
            *kind = Kind::Split(count);
            let first = source.below(KEYS_APART.len());
            let keys = KEYS_APART.iter().cycle().skip(first).take(count).enumerate();
            Call::new(keys.fold(Command::new("MSET"), |mset, (part, key)| {
                mset.arg(*key).arg(format!("t{token}.{part}"))
            }))
        }
        2 => {
            *kind = Kind::Pipeline;
            let count = source.below(5);
            Call::pipeline((0..count).map(|part| match source.below(3) {
                0 => write(source.pick(KEYS), token, part, 0),
                _ => Command::new("MGET").arg(source.pick(KEYS)).arg(source.pick(KEYS)),
            }))
        }
        _ => {
            let line = source.pick(&[
                "MGET foo bar foo",
                "DEL foo bar b",
                "EXISTS foo g foo",
                "DBSIZE",
                "KEYS *",
                "INFO",
                "CONFIG SET a b",
                "RANDOMKEY",
            ]);
            let mut words = line.split(' ');
            let command = Command::new(words.next().unwrap_or_default()).args(words);
            let call = Call::new(command);
            match choice / 4 % 8 {
                0 => call.target(Target::AllPrimaries),
                1 => call.target(Target::AllReplicas),
                2 => call.target(Target::AllNodes).merge(ResponsePolicy::Concat),
                3 => call.merge(ResponsePolicy::Union),
                4 => call.merge(ResponsePolicy::SumByName),
                5 => call.target(Target::key("foo")),
                _ => call,
            }
        }
    }
}

/// A write that tells whose it is.
fn write(key: &str, token: usize, part: usize, len: usize) -> Command {
    let mut value = format!("t{token}.{part}");
    while value.len() < len {
        value.push('.');
    }
    Command::set(key, value)
}

/// Whose write it is.
pub(super) fn owner(args: &[Vec<u8>]) -> Option<(usize, usize)> {
    let value = match args[0].as_slice() {
        b"SET" | b"MSET" => args.get(2)?,
        b"EVAL" | b"EVALSHA" => args.get(4)?,
        _ => return None,
    };
    let text = core::str::from_utf8(value).ok()?.strip_prefix('t')?;
    let (token, part) = text.trim_end_matches('.').split_once('.')?;
    Some((token.parse().ok()?, part.parse().ok()?))
}

/// What cannot be sent, or only just.
fn misfit(source: &mut Source<'_>) -> Command {
    let command = source.pick(&[
        "BLPOP q 0",
        "SUBSCRIBE c",
        "MSET foo 1 bar 2",
        "CLUSTER",
        "CLUSTER INFO",
        "CLIENT SETNAME x",
        "EVAL x y",
        "GET",
        "NO.SUCH foo",
        "DBSIZE",
        "XREAD BLOCK 0 STREAMS foo $",
        "PING text",
    ]);
    let mut words = command.split(' ');
    Command::new(words.next().unwrap_or_default()).args(words)
}

fn place(source: &mut Source<'_>) -> Address {
    source.pick(PLACES).parse().expect("an address")
}

impl Submitted {
    /// Its commands that were answered, and would be known on the wire.
    pub(super) fn answered(&self, outcome: &Outcome) -> Vec<usize> {
        let is_answered = |part: &usize| match outcome {
            Ok(Reply::Pipeline(results)) => results[*part].is_ok(),
            Ok(_) => true,
            Err(_) => false,
        };
        (0..self.marked_count).filter(is_answered).collect()
    }

    /// Its commands may have run, as the outcome says it, one by one.
    pub(super) fn over(&self, outcome: &Outcome) -> Vec<bool> {
        let may_have_run = |result: Option<&Error>| {
            if let Some(error) = result {
                let printed = format!("{error} {error:?}");
                assert!(!printed.contains(super::SECRET), "{printed}");
            }
            result.is_none_or(Error::may_have_executed)
        };
        match (outcome, self.kind) {
            (Ok(Reply::Pipeline(results)), Kind::Pipeline) => {
                results.iter().map(|result| may_have_run(result.as_ref().err())).collect()
            }
            (Ok(Reply::One(_)), Kind::One | Kind::Transaction | Kind::Split(_) | Kind::Wide)
            | (Ok(Reply::PerNode(_)), Kind::Wide)
            | (Ok(Reply::Ready), Kind::Discovery) => vec![true; 4],
            (Err(error), Kind::Split(count)) if error.partial().is_some() => {
                error.partial().map(|partial| done(partial, count)).unwrap_or_default()
            }
            (Err(error), _) => vec![may_have_run(Some(error)); 4],
            (outcome, kind) => panic!("{outcome:?} of {kind:?}"),
        }
    }
}

/// Whether each of the keys may have been written. All of them are told of, once.
fn done(partial: &Partial, count: usize) -> Vec<bool> {
    let may_be = partial.done().chain(partial.unknown()).map(|key| (key, true));
    let mut keys: Vec<_> = may_be.chain(partial.not_done().map(|key| (key, false))).collect();
    keys.sort_unstable();
    assert!(keys.iter().map(|(key, _)| *key).eq(0..count), "{partial:?}");
    keys.into_iter().map(|(_, may_be)| may_be).collect()
}
