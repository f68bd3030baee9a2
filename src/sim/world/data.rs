//! What a simulated node stores, and the commands on it.
//!
//! Rules of this file: a command is looked up in one table; it runs on the keys that the node has,
//! answers as a server does, and knows nothing of slots. Every entry remembers the numbers in the
//! arguments that were written to it: that is how a [`History`](crate::sim::History) finds out
//! later what became of which write.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::many;
use super::scripts::eval;
use crate::config::Protocol;
use crate::resp::{Value, encode};

/// A command as it came in: its name and its arguments.
pub(in crate::sim) type Words = Vec<Vec<u8>>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stored {
    Text(Vec<u8>),
    List(VecDeque<Vec<u8>>),
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
    Set(BTreeSet<Vec<u8>>),
}

/// What is stored under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sim) struct Entry {
    pub(super) stored: Stored,
    /// The numbers of the writes that made it, in the order in which they ran.
    pub(in crate::sim) writes: Vec<u64>,
}

impl Entry {
    /// Checks that it is what its writes make.
    pub(in crate::sim) fn check(&self) -> Result<(), String> {
        let is_right = match &self.stored {
            Stored::Text(text) if text.contains(&b',') => {
                let parts = text.split(|byte| *byte == b',').filter(|part| !part.is_empty());
                parts.filter_map(number).eq(self.writes.iter().copied())
            }
            Stored::Text(text) => number(text) == Some(self.writes.iter().sum()),
            Stored::List(list) => {
                list.iter().filter_map(|word| number(word)).eq(self.writes.iter().copied())
            }
            Stored::Hash(_) | Stored::Set(_) => true,
        };
        let stored = &self.stored;
        if is_right { Ok(()) } else { Err(format!("{stored:?} is not made by {:?}", self.writes)) }
    }
}

/// What one node stores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Data {
    pub(super) entries: BTreeMap<Vec<u8>, Entry>,
}

/// Where a command has its keys: first, last (negative from the end) and step; all 0 for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keys(pub(super) i8, pub(super) i8, pub(super) u8);

/// Runs a command, appends its reply, and tells whether it changed anything.
pub(super) type Run = fn(&mut Data, &[Vec<u8>], Protocol, &mut Vec<u8>) -> bool;

/// One row of the table of commands.
#[derive(Debug)]
pub(in crate::sim) struct Known {
    pub(super) name: &'static str,
    pub(super) arity: i8,
    pub(super) keys: Keys,
    pub(super) writes: bool,
    /// What it does to the data; commands of the connection and the cluster have none.
    pub(super) run: Option<Run>,
}

const NO_KEYS: Keys = Keys(0, 0, 0);
const ONE: Keys = Keys(1, 1, 1);
const ALL: Keys = Keys(1, -1, 1);

macro_rules! known {
    ($($name:literal $arity:literal $keys:expr, $writes:literal $(, $run:path)?;)*) => {
        &[$(Known {
            name: $name,
            arity: $arity,
            keys: $keys,
            writes: $writes,
            run: known!(@ $($run)?),
        }),*]
    };
    (@ $run:path) => { Some($run) };
    (@) => { None };
}

/// Sorted by name.
static TABLE: &[Known] = known! {
    "APPEND" 3 ONE, true, append;
    "ASKING" 1 NO_KEYS, false;
    "AUTH" -2 NO_KEYS, false;
    "CLIENT" -2 NO_KEYS, false;
    "CLUSTER" -2 NO_KEYS, false;
    "CONFIG" -2 NO_KEYS, false;
    "DBSIZE" 1 NO_KEYS, false, many::db_size;
    "DECR" 2 ONE, true, decr;
    "DEL" -2 ALL, true, many::del;
    "DISCARD" 1 NO_KEYS, false;
    "ECHO" 2 NO_KEYS, false, echo;
    "EVAL" -3 Keys(3, 3, 1), true, eval;
    "EVALSHA" -3 Keys(3, 3, 1), true, eval;
    "EXEC" 1 NO_KEYS, false;
    "EXISTS" -2 ALL, false, many::exists;
    "FUNCTION" -2 NO_KEYS, true, many::function;
    "GET" 2 ONE, false, get;
    "GETDEL" 2 ONE, true, get_del;
    "GETSET" 3 ONE, true, get_set;
    "HELLO" -1 NO_KEYS, false;
    "HGET" 3 ONE, false, hget;
    "HGETALL" 2 ONE, false, hgetall;
    "HLEN" 2 ONE, false, len;
    "HSET" -4 ONE, true, hset;
    "INCR" 2 ONE, true, incr;
    "INCRBY" 3 ONE, true, incr_by;
    "INFO" -1 NO_KEYS, false;
    "KEYS" 2 NO_KEYS, false, many::keys;
    "LLEN" 2 ONE, false, len;
    "LPOP" -2 ONE, true, lpop;
    "LPUSH" -3 ONE, true, lpush;
    "LRANGE" 4 ONE, false, lrange;
    "MGET" -2 ALL, false, many::mget;
    "MIGRATE" -6 Keys(3, 3, 1), true;
    "MSET" -3 Keys(1, -1, 2), true, many::mset;
    "MULTI" 1 NO_KEYS, false;
    "PING" -1 NO_KEYS, false, ping;
    "READONLY" 1 NO_KEYS, false;
    "READWRITE" 1 NO_KEYS, false;
    "RPUSH" -3 ONE, true, rpush;
    "SADD" -3 ONE, true, sadd;
    "SCAN" -2 NO_KEYS, false, many::scan;
    "SCARD" 2 ONE, false, len;
    "SELECT" 2 NO_KEYS, false;
    "SET" -3 ONE, true, set;
    "SMEMBERS" 2 ONE, false, smembers;
    "STRLEN" 2 ONE, false, strlen;
    "TOUCH" -2 ALL, false, many::exists;
    "TYPE" 2 ONE, false, kind;
    "UNLINK" -2 ALL, true, many::del;
};

/// The row of a command, if servers of this simulation know it.
pub(super) fn known(name: &[u8]) -> Option<&'static Known> {
    let name = name.to_ascii_uppercase();
    TABLE.binary_search_by(|row| row.name.as_bytes().cmp(&name)).ok().map(|index| &TABLE[index])
}

impl Known {
    /// Whether it runs a script.
    pub(super) fn is_script(&self) -> bool {
        matches!(self.name, "EVAL" | "EVALSHA")
    }

    /// Whether a command may have this many words.
    pub(super) fn accepts(&self, count: usize) -> bool {
        let least = usize::from(self.arity.unsigned_abs());
        if self.arity < 0 { count >= least } else { count == least }
    }

    /// The keys among the words.
    pub(in crate::sim) fn keys_of<'w>(&self, words: &'w [Vec<u8>]) -> Vec<&'w [u8]> {
        let Keys(first, last, step) = self.keys;
        if step == 0 || (self.is_script() && words.get(2).is_none_or(|count| count != b"1")) {
            return Vec::new();
        }
        let first = usize::from(first.unsigned_abs());
        let end = if last < 0 {
            words.len() - usize::from(last.unsigned_abs()) + 1
        } else {
            usize::from(last.unsigned_abs()) + 1
        };
        let keys = words.get(first..end).unwrap_or_default().iter();
        keys.step_by(step.into()).map(Vec::as_slice).collect()
    }
}

const WRONG_TYPE: &[u8] = b"WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_A_NUMBER: &[u8] = b"ERR value is not an integer or out of range";

/// The number that an argument is, or has before its comma: what writes are told apart by.
fn number(word: &[u8]) -> Option<u64> {
    let digits = word.split(|byte| !byte.is_ascii_digit()).next()?;
    core::str::from_utf8(digits).ok()?.parse().ok()
}

/// The integer that a word is for servers: no `+`, no blanks, no leading zeros.
pub(super) fn spelled(word: &[u8]) -> Option<i64> {
    Value::Bulk(word).as_integer()
}

pub(super) fn integer(out: &mut Vec<u8>, count: usize) {
    encode::integer(out, i64::try_from(count).unwrap_or(i64::MAX));
}

impl Data {
    pub(super) fn text(&self, key: &[u8]) -> Result<Option<&[u8]>, ()> {
        match self.entries.get(key).map(|entry| &entry.stored) {
            None => Ok(None),
            Some(Stored::Text(text)) => Ok(Some(text)),
            Some(_) => Err(()),
        }
    }

    /// The entry of a key, made if there is none; with a note of what is written to it.
    fn write(&mut self, key: &[u8], word: &[u8], empty: Stored) -> &mut Stored {
        let fresh = || Entry { stored: empty, writes: Vec::new() };
        let entry = self.entries.entry(key.to_owned()).or_insert_with(fresh);
        entry.writes.extend(number(word));
        &mut entry.stored
    }

    pub(super) fn put(&mut self, key: &[u8], text: Vec<u8>) {
        let writes = number(&text).into_iter().collect();
        self.entries.insert(key.to_owned(), Entry { stored: Stored::Text(text), writes });
    }

    /// Whether the key holds something else than `like`.
    fn is_other(&self, key: &[u8], like: &Stored) -> bool {
        let alike =
            |entry: &Entry| core::mem::discriminant(&entry.stored) == core::mem::discriminant(like);
        self.entries.get(key).is_some_and(|entry| !alike(entry))
    }
}

// Each command appends its reply to `out`, and tells whether it changed anything.

fn ping(_: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    match words {
        [_] => encode::simple(out, b"PONG"),
        [_, word] => encode::bulk(out, word),
        _ => encode::error(out, b"ERR wrong number of arguments for 'ping' command"),
    }
    false
}

fn echo(_: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    encode::bulk(out, &words[1]);
    false
}

fn get(data: &mut Data, words: &[Vec<u8>], protocol: Protocol, out: &mut Vec<u8>) -> bool {
    match data.text(&words[1]) {
        Ok(Some(text)) => encode::bulk(out, text),
        Ok(None) => encode::null(out, protocol),
        Err(()) => encode::error(out, WRONG_TYPE),
    }
    false
}

fn get_del(data: &mut Data, words: &[Vec<u8>], protocol: Protocol, out: &mut Vec<u8>) -> bool {
    get(data, words, protocol, out);
    data.text(&words[1]).is_ok() && data.entries.remove(&words[1]).is_some()
}

fn get_set(data: &mut Data, words: &[Vec<u8>], protocol: Protocol, out: &mut Vec<u8>) -> bool {
    get(data, words, protocol, out);
    if data.text(&words[1]).is_err() {
        return false;
    }
    data.put(&words[1], words[2].clone());
    true
}

fn set(data: &mut Data, words: &[Vec<u8>], protocol: Protocol, out: &mut Vec<u8>) -> bool {
    let has = |option: &[u8]| words[3..].iter().any(|word| word.eq_ignore_ascii_case(option));
    let (if_absent, if_present) = (has(b"NX"), has(b"XX"));
    let is_known =
        |word: &Vec<u8>| word.eq_ignore_ascii_case(b"NX") || word.eq_ignore_ascii_case(b"XX");
    if (if_absent && if_present) || !words[3..].iter().all(is_known) {
        encode::error(out, b"ERR syntax error");
        return false;
    }
    let exists = data.entries.contains_key(&words[1]);
    if (if_absent && exists) || (if_present && !exists) {
        encode::null(out, protocol);
        return false;
    }
    data.put(&words[1], words[2].clone());
    encode::simple(out, b"OK");
    true
}

pub(super) fn append(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    let empty = Stored::Text(Vec::new());
    if data.is_other(&words[1], &empty) {
        encode::error(out, WRONG_TYPE);
        return false;
    }
    if let Stored::Text(text) = data.write(&words[1], &words[2], empty) {
        text.extend_from_slice(&words[2]);
        integer(out, text.len());
    }
    true
}

fn strlen(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    match data.text(&words[1]) {
        Ok(text) => integer(out, text.map_or(0, <[u8]>::len)),
        Err(()) => encode::error(out, WRONG_TYPE),
    }
    false
}

fn incr(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    add(data, &words[1], b"", 1, out)
}

fn decr(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    add(data, &words[1], b"", -1, out)
}

fn incr_by(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    let Some(increment) = spelled(&words[2]) else {
        encode::error(out, NOT_A_NUMBER);
        return false;
    };
    add(data, &words[1], &words[2], increment, out)
}

fn add(data: &mut Data, key: &[u8], word: &[u8], increment: i64, out: &mut Vec<u8>) -> bool {
    let before = match data.text(key) {
        Err(()) => {
            encode::error(out, WRONG_TYPE);
            return false;
        }
        Ok(None) => Some(0),
        Ok(Some(text)) => spelled(text),
    };
    let Some(before) = before else {
        encode::error(out, NOT_A_NUMBER);
        return false;
    };
    let Some(after) = before.checked_add(increment) else {
        encode::error(out, b"ERR increment or decrement would overflow");
        return false;
    };
    *data.write(key, word, Stored::Text(Vec::new())) = Stored::Text(format!("{after}").into());
    encode::integer(out, after);
    true
}

fn kind(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    let kind: &[u8] = match data.entries.get(&words[1]).map(|entry| &entry.stored) {
        None => b"none",
        Some(Stored::Text(_)) => b"string",
        Some(Stored::List(_)) => b"list",
        Some(Stored::Hash(_)) => b"hash",
        Some(Stored::Set(_)) => b"set",
    };
    encode::simple(out, kind);
    false
}

fn rpush(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    push(data, words, false, out)
}

fn lpush(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    push(data, words, true, out)
}

fn push(data: &mut Data, words: &[Vec<u8>], at_head: bool, out: &mut Vec<u8>) -> bool {
    let empty = || Stored::List(VecDeque::new());
    if data.is_other(&words[1], &empty()) {
        encode::error(out, WRONG_TYPE);
        return false;
    }
    let mut count = 0;
    for word in &words[2..] {
        if let Stored::List(list) = data.write(&words[1], word, empty()) {
            if at_head {
                list.push_front(word.clone());
            } else {
                list.push_back(word.clone());
            }
            count = list.len();
        }
    }
    integer(out, count);
    true
}

/// `LPOP key [count]`.
fn lpop(data: &mut Data, words: &[Vec<u8>], protocol: Protocol, out: &mut Vec<u8>) -> bool {
    if words.len() > 3 {
        encode::error(out, b"ERR wrong number of arguments for 'lpop' command");
        return false;
    }
    let count =
        words.get(2).map(|word| spelled(word).and_then(|count| usize::try_from(count).ok()));
    if count == Some(None) {
        encode::error(out, b"ERR value is out of range, must be positive");
        return false;
    }
    let Some(entry) = data.entries.get_mut(&words[1]) else {
        match count {
            Some(_) => encode::null_array(out, protocol),
            None => encode::null(out, protocol),
        }
        return false;
    };
    let Stored::List(list) = &mut entry.stored else {
        encode::error(out, WRONG_TYPE);
        return false;
    };
    let count = count.flatten();
    let taken: Vec<_> = list.drain(..count.unwrap_or(1).min(list.len())).collect();
    if count.is_some() {
        encode::array_header(out, taken.len());
    }
    for word in &taken {
        encode::bulk(out, word);
    }
    if list.is_empty() {
        data.entries.remove(&words[1]);
    }
    !taken.is_empty()
}

fn lrange(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    let (Some(begin), Some(end)) = (spelled(&words[2]), spelled(&words[3])) else {
        encode::error(out, NOT_A_NUMBER);
        return false;
    };
    match data.entries.get(&words[1]).map(|entry| &entry.stored) {
        None => encode::array_header(out, 0),
        Some(Stored::List(list)) => {
            let len = i64::try_from(list.len()).unwrap_or(i64::MAX);
            let place = |index: i64| if index < 0 { len + index } else { index };
            let (begin, end) = (place(begin).max(0), place(end));
            let is_shown = |(index, _): &(usize, _)| {
                let index = i64::try_from(*index).unwrap_or(i64::MAX);
                begin <= index && index <= end
            };
            let shown: Vec<_> = list.iter().enumerate().filter(is_shown).collect();
            encode::array_header(out, shown.len());
            for (_, word) in shown {
                encode::bulk(out, word);
            }
        }
        Some(_) => encode::error(out, WRONG_TYPE),
    }
    false
}

/// `LLEN`, `HLEN` and `SCARD`.
fn len(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    let kind = words[0].first().map_or(0, u8::to_ascii_uppercase);
    match (kind, data.entries.get(&words[1]).map(|entry| &entry.stored)) {
        (_, None) => integer(out, 0),
        (b'L', Some(Stored::List(list))) => integer(out, list.len()),
        (b'H', Some(Stored::Hash(hash))) => integer(out, hash.len()),
        (b'S', Some(Stored::Set(set))) => integer(out, set.len()),
        (_, Some(_)) => encode::error(out, WRONG_TYPE),
    }
    false
}

fn hset(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    let empty = || Stored::Hash(BTreeMap::new());
    let (pairs, odd) = words[2..].as_chunks::<2>();
    if !odd.is_empty() {
        encode::error(out, b"ERR wrong number of arguments for 'hset' command");
        return false;
    }
    if data.is_other(&words[1], &empty()) {
        encode::error(out, WRONG_TYPE);
        return false;
    }
    let mut added = 0;
    for [field, word] in pairs {
        if let Stored::Hash(hash) = data.write(&words[1], word, empty()) {
            added += usize::from(hash.insert(field.clone(), word.clone()).is_none());
        }
    }
    integer(out, added);
    true
}

fn hget(data: &mut Data, words: &[Vec<u8>], protocol: Protocol, out: &mut Vec<u8>) -> bool {
    match data.entries.get(&words[1]).map(|entry| &entry.stored) {
        None => encode::null(out, protocol),
        Some(Stored::Hash(hash)) => match hash.get(&words[2]) {
            Some(word) => encode::bulk(out, word),
            None => encode::null(out, protocol),
        },
        Some(_) => encode::error(out, WRONG_TYPE),
    }
    false
}

/// Servers tell fields in no order; this one has one, so that runs are the same.
fn hgetall(data: &mut Data, words: &[Vec<u8>], protocol: Protocol, out: &mut Vec<u8>) -> bool {
    match data.entries.get(&words[1]).map(|entry| &entry.stored) {
        None => encode::map_header(out, 0, protocol),
        Some(Stored::Hash(hash)) => {
            encode::map_header(out, hash.len(), protocol);
            for (field, word) in hash {
                encode::bulk(out, field);
                encode::bulk(out, word);
            }
        }
        Some(_) => encode::error(out, WRONG_TYPE),
    }
    false
}

fn sadd(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    let empty = || Stored::Set(BTreeSet::new());
    if data.is_other(&words[1], &empty()) {
        encode::error(out, WRONG_TYPE);
        return false;
    }
    let mut added = 0;
    for word in &words[2..] {
        if let Stored::Set(set) = data.write(&words[1], word, empty()) {
            added += usize::from(set.insert(word.clone()));
        }
    }
    integer(out, added);
    true
}

fn smembers(data: &mut Data, words: &[Vec<u8>], protocol: Protocol, out: &mut Vec<u8>) -> bool {
    match data.entries.get(&words[1]).map(|entry| &entry.stored) {
        None => encode::set_header(out, 0, protocol),
        Some(Stored::Set(set)) => {
            encode::set_header(out, set.len(), protocol);
            for word in set {
                encode::bulk(out, word);
            }
        }
        Some(_) => encode::error(out, WRONG_TYPE),
    }
    false
}

/// The number by which a write is told from all others: its last argument. Reads have none.
pub(in crate::sim) fn number_of(words: &[Vec<u8>]) -> Option<u64> {
    let known = known(&words[0])?;
    let word = if known.is_script() { words.get(4) } else { words.last() };
    let carries = (known.writes && known.run.is_some()) || known.name == "ECHO";
    word.filter(|_| carries && words.len() > 1).and_then(|word| number(word))
}

/// A text for traces.
pub(super) fn shown(words: &[Vec<u8>]) -> String {
    let mut text = String::new();
    for word in words.iter().take(6) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&String::from_utf8_lossy(word.get(..40).unwrap_or(word)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_is_found_by_its_name() {
        for row in TABLE {
            assert_eq!(known(row.name.as_bytes()).map(|known| known.name), Some(row.name));
        }
    }
}
