//! Where the table finds keys, against where servers find them, and where their specifications do.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use hashslot::Command;
use hashslot::command::{CommandInfo, KeyError, KeyShape, LearnedCommands};

use super::corpus::{Choices, lists};
use super::live::{Server, entries, on_all};
use crate::servers::raw::{Reply, encode};

/// A search for keys in one list of arguments, done twice.
struct Case<'a> {
    words: &'a [String],
    info: &'static CommandInfo,
    ours: Result<Vec<String>, KeyError>,
    theirs: Vec<String>,
    /// Whether they are the keys of a server that is asked; else those of its specifications.
    is_server: bool,
}

/// Why two searches may end differently. What else differs is a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// Channels and cursors route a command as keys do, but servers do not list them.
    NoKeyButRoutes,
    /// Servers name a destination behind its sources.
    DestinationLast,
    /// `1x` or ` 1`: servers read as much of it as they can, and the command itself refuses it.
    NoNumber,
    /// A destination without sources: servers find nothing, and the command itself refuses it.
    NoSources,
    /// More streams than IDs: servers take the first half, and the command itself refuses it.
    NoId,
    /// `STREAMS` where an option has its value: servers take it for the word.
    StreamsAsValue,
    /// Redis 6.2 stops at options that it does not know, such as `CLAIM`.
    UnknownOption,
    /// Specifications have the first `STORE` and the first `STOREDIST`; what counts is the last of
    /// all.
    SecondStore,
    /// Servers look for `STORE` one argument early, which only a command that lacks one can show.
    MissingUnit,
    /// A key and `KEYS`: servers find nothing, and the command itself refuses it.
    KeyAndKeys,
    /// Redis 6.2 takes a password `KEYS` for the word.
    PasswordKeys,
    /// `SORT .. STORE LIMIT`: servers take a destination of this name for an option too.
    KeyLikeOption,
    /// One specification without keys voids all; `PFMERGE` may have no sources.
    EmptySpec,
    /// Redis 6.2 knows no subcommands: it finds keys behind any word.
    NoSuchSubcommand,
    /// Redis 6.2 looks for `KEYS` in place of `LCS` too.
    MissingLcs,
    /// Specifications of `SORT` and `MIGRATE` are incomplete, and say so.
    Incomplete,
}

use Reason::{
    DestinationLast, EmptySpec, Incomplete, KeyAndKeys, KeyLikeOption, MissingLcs, MissingUnit,
    NoId, NoKeyButRoutes, NoNumber, NoSources, NoSuchSubcommand, PasswordKeys, SecondStore,
    StreamsAsValue, UnknownOption,
};

/// The reason why the two searches of a case end differently.
fn reason(case: &Case<'_>, server: &str) -> Option<Reason> {
    let is_old = server == "redis-6.2";
    let problem = match &case.ours {
        Err(KeyError::Malformed(problem)) => *problem,
        _ => "",
    };
    let sorted = |keys: &[String]| {
        let mut keys = keys.to_vec();
        keys.sort();
        keys
    };
    let ours = case.ours.clone().unwrap_or_default();
    let has = |word: &str| case.words.iter().any(|it| it.eq_ignore_ascii_case(word));
    let found = match (case.info.keys, case.info.name) {
        (_, "SPUBLISH" | "SSUBSCRIBE" | "SUNSUBSCRIBE" | "CLUSTERSCAN") if case.is_server => {
            (case.theirs.is_empty(), NoKeyButRoutes)
        }
        (KeyShape::Counted { .. }, _) if problem.contains("not a number") => {
            (!case.theirs.is_empty(), NoNumber)
        }
        (KeyShape::Counted { destination: 1, .. }, _) if case.theirs.is_empty() => {
            (case.words[2] == "0", NoSources)
        }
        (KeyShape::Counted { destination: 1, .. }, _) => {
            (sorted(&ours) == sorted(&case.theirs), DestinationLast)
        }
        (KeyShape::Streams { .. }, _) if problem.contains("one ID") => {
            (!case.theirs.is_empty(), NoId)
        }
        (KeyShape::Streams { .. }, _) if is_old => (case.theirs.is_empty(), UnknownOption),
        (KeyShape::Streams { .. }, _) => (has("STREAMS"), StreamsAsValue),
        (KeyShape::Store { .. }, _) => {
            let stores = case.words.iter().filter(|word| {
                ["STORE", "STOREDIST"].iter().any(|store| word.eq_ignore_ascii_case(store))
            });
            if stores.count() > 1 && !is_old { (true, SecondStore) } else { (true, MissingUnit) }
        }
        (KeyShape::Sort | KeyShape::Migrate, _) if !case.is_server => (true, Incomplete),
        (KeyShape::Sort, _) => (case.theirs.len() == ours.len(), KeyLikeOption),
        (KeyShape::Migrate, _) if is_old => (has("AUTH") || has("AUTH2"), PasswordKeys),
        (KeyShape::Migrate, _) => {
            (case.theirs.is_empty() && has("KEYS") && !case.words[3].is_empty(), KeyAndKeys)
        }
        (_, "PFMERGE") => (case.words.len() == 2, EmptySpec),
        (_, "MEMORY" | "OBJECT" | "XGROUP" | "XINFO") => (is_old, NoSuchSubcommand),
        (KeyShape::Stralgo, _) => (!has("LCS"), MissingLcs),
        _ => return None,
    };
    found.0.then_some(found.1)
}

/// What was compared.
#[derive(Default)]
struct Tally {
    list_count: usize,
    same_count: usize,
    /// Lists that have too few or too many arguments for their command.
    refused_count: usize,
    explained: BTreeMap<Reason, usize>,
    mistakes: Vec<String>,
}

impl Tally {
    fn take(&mut self, case: &Case<'_>, server: &str) {
        self.list_count += 1;
        if case.ours.clone().unwrap_or_default() == case.theirs {
            self.same_count += 1;
        } else if let Some(reason) = reason(case, server) {
            *self.explained.entry(reason).or_default() += 1;
        } else {
            self.mistakes.push(format!("{:?}: {:?}, not {:?}", case.words, case.ours, case.theirs));
        }
    }

    fn refuse(&mut self) {
        self.list_count += 1;
        self.refused_count += 1;
    }

    /// Ends the test unless all that differs is explained, and just these explanations were needed.
    fn judge(&self, what: &str, server: &str, expected: &[Reason]) {
        println!(
            "{server}, {what}: {} lists, {} same, {} with a wrong number of arguments, differences {:?}",
            self.list_count, self.same_count, self.refused_count, self.explained
        );
        assert!(self.mistakes.is_empty(), "{server}, {what}: {:#?}", self.mistakes);
        let needed: BTreeSet<_> = self.explained.keys().copied().collect();
        assert_eq!(needed, expected.iter().copied().collect(), "{server}, {what}");
    }
}

/// Lists for all commands of the table that a server has.
fn corpus(entries: &BTreeMap<String, &Reply>, is_old: bool) -> Vec<Vec<String>> {
    let mut choices = Choices::new(7);
    let mut all = Vec::new();
    for info in CommandInfo::all() {
        // The choices for one command do not depend on which others the server has.
        let lists = lists(info, &mut choices);
        let command = info.name.split(' ').next().unwrap_or_default();
        let is_there = entries.contains_key(if is_old { command } else { info.name });
        all.extend(lists.into_iter().filter(|_| is_there));
    }
    // Redis 6.2 looks for the keys of `OBJECT HELP` without seeing that there is no argument, and
    // ends.
    let ends_it = |words: &[String]| {
        let name = words[0].to_ascii_uppercase();
        is_old && words.len() < 3 && ["OBJECT", "XGROUP", "XINFO"].contains(&&*name)
    };
    all.retain(|words| !ends_it(words));
    all
}

fn case(words: &[String], theirs: Vec<String>, is_server: bool) -> Case<'_> {
    let command = command(words);
    Case { words, info: command.info(), ours: texts(command.keys()), theirs, is_server }
}

fn command(words: &[String]) -> Command {
    Command::new(&words[0]).args(&words[1..])
}

fn texts(keys: Result<Vec<&[u8]>, KeyError>) -> Result<Vec<String>, KeyError> {
    let text = |key: &[u8]| String::from_utf8_lossy(key).into_owned();
    keys.map(|keys| keys.into_iter().map(text).collect())
}

#[test]
fn keys_are_where_servers_find_them() -> io::Result<()> {
    on_all(|name, server| {
        let mut connection = server.connection()?;
        let reply = connection.must(&["COMMAND"])?;
        let mut tally = Tally::default();
        for chunk in corpus(&entries(&reply), name == "redis-6.2").chunks(200) {
            let asked = chunk.iter().flat_map(|words| {
                let question = ["COMMAND", "GETKEYS"].into_iter().chain(words.iter().map(|w| &**w));
                encode(&question.collect::<Vec<_>>())
            });
            connection.send_bytes(&asked.collect::<Vec<_>>())?;
            for words in chunk {
                let reply = connection.receive()?;
                let is_refused = reply.error().is_some_and(|it| it.contains("number of arguments"));
                if is_refused {
                    tally.refuse();
                    continue;
                }
                let theirs = reply.elements().iter().filter_map(Reply::text).collect();
                tally.take(&case(words, theirs, true), name);
            }
        }
        let common = [NoNumber, NoSources, KeyLikeOption];
        let since_7 = [NoKeyButRoutes, NoId, StreamsAsValue, EmptySpec, KeyAndKeys];
        let expected = match name {
            "redis-6.2" => {
                vec![
                    DestinationLast,
                    PasswordKeys,
                    UnknownOption,
                    MissingUnit,
                    MissingLcs,
                    NoSuchSubcommand,
                ]
            }
            "valkey-9.1" => [&since_7[..], &[MissingUnit]].concat(),
            _ => [&since_7[..], &[SecondStore]].concat(),
        };
        tally.judge("COMMAND GETKEYS", name, &[&common[..], &expected].concat());
        Ok(())
    })
}

/// Learns what a server says of all its commands; in RESP2 and RESP3 it is the same.
fn learn_all(server: &Server) -> io::Result<LearnedCommands> {
    let frames = [server.command_frame(false)?, server.command_frame(true)?];
    let [old, new] =
        frames.map(|frame| LearnedCommands::read_all(&frame).map_err(io::Error::other));
    let (old, new) = (old?, new?);
    assert_eq!(old, new);
    let unknown = LearnedCommands::read(&server.command_frame(true)?).map_err(io::Error::other)?;
    assert!(unknown.is_empty(), "the table has all: {unknown:?}");
    Ok(old)
}

#[test]
fn keys_are_where_specifications_find_them() -> io::Result<()> {
    on_all(|name, server| {
        let learned = learn_all(server)?;
        let reply = server.connection()?.must(&["COMMAND"])?;
        let entries = entries(&reply);
        let is_old = name == "redis-6.2";
        let mut tally = Tally::default();
        for words in corpus(&entries, is_old) {
            let command = command(&words);
            // Before Redis 7.0 there are positions only, and those of subcommands are not told.
            if is_old && (command.info().name.contains(' ') || has_movable_keys(&command)) {
                continue;
            }
            let known = learned.get(&command).expect("all were learned");
            if words.len() < usize::try_from(known.arity().unsigned_abs()).unwrap_or(0) {
                tally.refuse();
                continue;
            }
            tally.take(&case(&words, texts(known.keys(&command)).unwrap_or_default(), false), name);
        }
        let expected: &[Reason] = match name {
            "redis-6.2" => &[NoSuchSubcommand],
            _ => &[NoId, StreamsAsValue, SecondStore, Incomplete],
        };
        tally.judge("specifications", name, expected);
        Ok(())
    })
}

fn has_movable_keys(command: &Command) -> bool {
    !matches!(
        command.info().keys,
        KeyShape::None | KeyShape::At(_) | KeyShape::Range { .. } | KeyShape::Unknown
    )
}
