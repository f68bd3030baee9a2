//! Key specifications: how servers describe where the keys of a command are.
//!
//! A specification says where a search begins, and how keys are found from there. A command has one
//! or more of them, and its keys are those that all of them find. Positions count the name as 0.

use alloc::boxed::Box;

use super::keys::{self, KeyError, MISSING, Take};
use super::{Command, KeyShape};
use crate::resp::Value;

/// A longer word is not looked for.
const WORD_LEN_MAX: usize = 64;

/// One specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spec {
    begin: Begin,
    find: Find,
}

/// Where a search begins.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Begin {
    /// At this argument.
    At(usize),
    /// Behind a word. It is looked for from this argument on; from the end backwards, beginning
    /// with this one from the end, if the number is negative.
    Behind { word: Box<[u8]>, from: isize },
}

/// How keys are found from where the search begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Find {
    /// Every `step`-th argument up to `last`, which counts from the beginning of the search; from
    /// the end of the command if it is negative. With a `limit` of 2 the first half of them, and so
    /// on.
    Range { last: isize, step: usize, limit: usize },
    /// The argument `count` says how many keys there are, one every `step` from `first` on.
    Counted { count: usize, first: usize, step: usize },
}

impl Spec {
    /// The positions that servers told before there were specifications: none if `first` is 0.
    pub(super) fn legacy(first: i64, last: i64, step: i64) -> Option<Self> {
        let first = usize::try_from(first).ok().filter(|&first| first > 0)?;
        let last = isize::try_from(last).ok()?;
        let last = if last < 0 { last } else { last.checked_sub_unsigned(first)?.max(0) };
        let step = usize::try_from(step).ok()?.max(1);
        Some(Self { begin: Begin::At(first), find: Find::Range { last, step, limit: 0 } })
    }

    /// A specification as servers send it: a map, or in RESP2 names and values in turn. `None` if
    /// only the server can follow its kind.
    pub(super) fn read(value: Value<'_>) -> Option<Self> {
        let fields = value.pairs()?;
        let begin = fields.get(b"begin_search")?.pairs()?;
        let spec = begin.get(b"spec")?.pairs()?;
        let number = |name: &[u8]| spec.get(name)?.as_integer();
        let begin = match begin.get(b"type")?.as_bytes()? {
            b"index" => Begin::At(usize::try_from(number(b"index")?).ok()?),
            b"keyword" => {
                let word = spec.get(b"keyword")?.as_bytes()?;
                let from = isize::try_from(number(b"startfrom")?).ok()?;
                let is_usable = !word.is_empty() && word.len() <= WORD_LEN_MAX && from != 0;
                Begin::Behind { word: is_usable.then(|| word.into())?, from }
            }
            _ => return None,
        };
        let find = fields.get(b"find_keys")?.pairs()?;
        let spec = find.get(b"spec")?.pairs()?;
        let number = |name: &[u8]| spec.get(name)?.as_integer();
        let count = |name: &[u8]| usize::try_from(number(name)?).ok();
        let step = count(b"keystep")?.max(1);
        let find = match find.get(b"type")?.as_bytes()? {
            b"range" => {
                let last = isize::try_from(number(b"lastkey")?).ok()?;
                Find::Range { last, step, limit: count(b"limit")? }
            }
            b"keynum" => {
                Find::Counted { count: count(b"keynumidx")?, first: count(b"firstkey")?, step }
            }
            _ => return None,
        };
        Some(Self { begin, find })
    }

    /// The shape that says the same, if there is one.
    pub(super) fn shape(&self) -> Option<KeyShape> {
        let byte = |number: usize| u8::try_from(number).ok();
        match (&self.begin, self.find) {
            (Begin::At(first), Find::Range { last: 0, .. }) => Some(KeyShape::At(byte(*first)?)),
            (Begin::At(first), Find::Range { last, step, limit: 0 | 1 }) => {
                let last = if last < 0 { last } else { last.checked_add_unsigned(*first)? };
                let last = i8::try_from(last).ok()?;
                Some(KeyShape::Range { first: byte(*first)?, last, step: byte(step)? })
            }
            (Begin::At(begin), Find::Counted { count, first, step }) => Some(KeyShape::Counted {
                destination: 0,
                count: byte(begin.checked_add(count)?)?,
                first: byte(begin.checked_add(first)?)?,
                step: byte(step)?,
            }),
            _ => None,
        }
    }

    /// Calls `take` with every key that it finds. Where arguments end before keys do, the rest is
    /// not there. **Cost**: at most two walks over the arguments.
    pub(super) fn each<'a>(
        &self,
        command: &'a Command,
        take: Take<'_, 'a>,
    ) -> Result<(), KeyError> {
        let Some(begin) = self.begin(command) else { return Ok(()) };
        match self.find {
            Find::Range { last, step, limit } => {
                let behind = command.len().saturating_sub(begin);
                let end = match (usize::try_from(last), limit) {
                    (Ok(last), _) => begin.saturating_add(last).saturating_add(1),
                    (Err(_), 0 | 1) => (command.len() + 1).saturating_sub(last.unsigned_abs()),
                    (Err(_), limit) => {
                        let count = (behind / limit + 1).saturating_sub(last.unsigned_abs());
                        begin.saturating_add(count)
                    }
                };
                keys::range(command, begin, end.min(command.len()), step, take)
            }
            Find::Counted { count, first, step } => {
                let at = |offset| begin.checked_add(offset).ok_or(MISSING);
                keys::counted(command, at(count)?, at(first)?, step, take)
            }
        }
    }

    /// Where the search begins; `None` if the word is not there.
    fn begin(&self, command: &Command) -> Option<usize> {
        let (word, from) = match &self.begin {
            Begin::At(index) => return Some(*index),
            Begin::Behind { word, from } => (word, *from),
        };
        let is_it = |argument: &[u8]| argument.eq_ignore_ascii_case(word);
        let Ok(from) = usize::try_from(from) else {
            let end = (command.len() + 1).checked_sub(from.unsigned_abs())?;
            let mut found = None;
            for (index, argument) in command.arguments().enumerate().take(end).skip(2) {
                if is_it(argument) {
                    found = Some(index + 1);
                }
            }
            return found;
        };
        let found = command.arguments().skip(from).position(is_it)?;
        Some(from + found + 1)
    }
}
