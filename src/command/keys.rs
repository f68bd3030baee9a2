//! Where the keys of a command are, and which slot they are in.

use alloc::vec::Vec;

use super::{Command, KeyShape};
use crate::slot::Slot;

/// A command whose keys cannot be found, or cannot be served together. The caller's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Its arguments do not have the shape of the command.
    #[error("{0}")]
    Malformed(&'static str),
    /// Its keys are in different slots: the first, and one that differs.
    #[error("its keys are in different slots ({0} and {1})")]
    CrossSlot(Slot, Slot),
}

pub(super) const MISSING: KeyError = KeyError::Malformed("too few arguments");

/// What is done with each key.
pub(super) type Take<'t, 'a> = &'t mut dyn FnMut(&'a [u8]) -> Result<(), KeyError>;

/// The slot that all keys are in; `None` if there is no key.
pub(super) fn slot(command: &Command) -> Result<Option<Slot>, KeyError> {
    if command.slot.is_some() {
        return Ok(command.slot);
    }
    if command.info().keys == KeyShape::At(1) {
        let key = command.arguments().nth(1).ok_or(MISSING)?;
        return Ok(Some(Slot::of_key(key)));
    }
    common_slot(|take| each(command, take))
}

/// The slot of all keys that a search finds.
pub(super) fn common_slot<'a>(
    search: impl FnOnce(Take<'_, 'a>) -> Result<(), KeyError>,
) -> Result<Option<Slot>, KeyError> {
    let mut slot = None;
    search(&mut |key| {
        let of_key = Slot::of_key(key);
        match slot.replace(of_key) {
            Some(first) if first != of_key => Err(KeyError::CrossSlot(first, of_key)),
            _ => Ok(()),
        }
    })?;
    Ok(slot)
}

/// All keys that a search finds, in its order.
pub(super) fn all<'a>(
    search: impl FnOnce(Take<'_, 'a>) -> Result<(), KeyError>,
) -> Result<Vec<&'a [u8]>, KeyError> {
    let mut keys = Vec::new();
    search(&mut |key| {
        keys.push(key);
        Ok(())
    })?;
    Ok(keys)
}

/// Calls `take` with every key, in their order. **Cost**: one walk over the arguments.
pub(super) fn each<'a>(command: &'a Command, take: Take<'_, 'a>) -> Result<(), KeyError> {
    let info = command.info();
    let argument = |index: u8| command.arguments().nth(usize::from(index));
    match info.keys {
        KeyShape::None => Ok(()),
        KeyShape::At(index) => take(argument(index).ok_or(MISSING)?),
        KeyShape::Unknown => argument(1).map_or(Ok(()), take),
        KeyShape::Range { first, last, step } => {
            let (first, step) = (usize::from(first), usize::from(step));
            let end = end(command, last);
            if end <= first { Err(MISSING) } else { range(command, first, end, step, take) }
        }
        KeyShape::Counted { destination, count, first, step } => {
            if destination > 0 {
                take(argument(destination).ok_or(MISSING)?)?;
            }
            counted(command, usize::from(count), usize::from(first), usize::from(step), take)
        }
        KeyShape::Streams { from } => streams(command, usize::from(from), take),
        KeyShape::Store { from } => {
            take(argument(1).ok_or(MISSING)?)?;
            store(command, usize::from(from)).map_or(Ok(()), take)
        }
        KeyShape::Sort => {
            take(argument(1).ok_or(MISSING)?)?;
            sort(command).map_or(Ok(()), take)
        }
        KeyShape::Migrate => migrate(command, take),
        KeyShape::Stralgo => stralgo(command, take),
    }
}

/// Every `step`-th argument from `first` on, up to `end`, which is not among them.
pub(super) fn range<'a>(
    command: &'a Command,
    first: usize,
    end: usize,
    step: usize,
    take: Take<'_, 'a>,
) -> Result<(), KeyError> {
    let arguments = command.arguments().skip(first).take(end.saturating_sub(first));
    arguments.step_by(step.max(1)).try_for_each(take)
}

/// As many keys as the argument `count` says, one every `step` from `first` on.
pub(super) fn counted<'a>(
    command: &'a Command,
    count: usize,
    first: usize,
    step: usize,
    take: Take<'_, 'a>,
) -> Result<(), KeyError> {
    let count = number(command.arguments().nth(count).ok_or(MISSING)?)?;
    let Some(more) = count.checked_sub(1) else { return Ok(()) };
    let last = more.checked_mul(step).and_then(|more| more.checked_add(first));
    match last {
        Some(last) if last < command.len() => range(command, first, last + 1, step, take),
        _ => Err(KeyError::Malformed("fewer keys than the number of keys says")),
    }
}

/// One past the last argument that a range reaches; a negative `last` counts from the end.
fn end(command: &Command, last: i8) -> usize {
    match usize::try_from(last) {
        Ok(last) => command.len().min(last + 1),
        Err(_) => command.len().saturating_sub(usize::from(last.unsigned_abs()) - 1),
    }
}

/// A number of keys as servers read it: no sign, no blanks, no leading zeros.
fn number(text: &[u8]) -> Result<usize, KeyError> {
    let is_plain = text == b"0" || matches!(text.first(), Some(b'1'..=b'9'));
    let digits = core::str::from_utf8(text).ok().filter(|_| is_plain);
    let number = digits.and_then(|text| text.parse::<u32>().ok());
    let number = number.and_then(|number| usize::try_from(number).ok());
    number.ok_or(KeyError::Malformed("the number of keys is not a number"))
}

/// `.. STREAMS key key id id`: options and their values come before the word.
fn streams<'a>(command: &'a Command, from: usize, take: Take<'_, 'a>) -> Result<(), KeyError> {
    let mut position = from;
    let mut arguments = command.arguments().skip(from);
    while let Some(word) = arguments.next() {
        position += 1;
        if word.eq_ignore_ascii_case(b"STREAMS") {
            let rest = command.len() - position;
            if rest == 0 || !rest.is_multiple_of(2) {
                return Err(KeyError::Malformed("each stream needs one ID"));
            }
            return arguments.take(rest / 2).try_for_each(take);
        }
        let valued: [&[u8]; 3] = [b"COUNT", b"BLOCK", b"CLAIM"];
        if valued.iter().any(|option| word.eq_ignore_ascii_case(option)) {
            arguments.next();
            position += 1;
        }
    }
    Err(KeyError::Malformed("STREAMS is missing"))
}

/// The key after the last `STORE` or `STOREDIST`.
fn store(command: &Command, from: usize) -> Option<&[u8]> {
    let mut arguments = command.arguments().skip(from);
    let mut key = None;
    while let Some(word) = arguments.next() {
        if word.eq_ignore_ascii_case(b"STORE") || word.eq_ignore_ascii_case(b"STOREDIST") {
            key = arguments.next().or(key);
        }
    }
    key
}

/// The key after the last `STORE` of `SORT`: options and their values come before it and after it.
fn sort(command: &Command) -> Option<&[u8]> {
    let mut arguments = command.arguments().skip(2);
    let mut key = None;
    while let Some(word) = arguments.next() {
        if word.eq_ignore_ascii_case(b"STORE") {
            key = arguments.next().or(key);
        } else if word.eq_ignore_ascii_case(b"LIMIT") {
            arguments.nth(1);
        } else if word.eq_ignore_ascii_case(b"BY") || word.eq_ignore_ascii_case(b"GET") {
            arguments.next();
        }
    }
    key
}

/// `MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH pw | AUTH2 user pw] [KEYS key ..]`.
fn migrate<'a>(command: &'a Command, take: Take<'_, 'a>) -> Result<(), KeyError> {
    let key = command.arguments().nth(3);
    let key = key.ok_or(MISSING)?;
    if !key.is_empty() {
        return take(key);
    }
    let mut arguments = command.arguments().skip(6);
    while let Some(word) = arguments.next() {
        if word.eq_ignore_ascii_case(b"KEYS") {
            return arguments.try_for_each(take);
        } else if word.eq_ignore_ascii_case(b"AUTH") {
            arguments.next();
        } else if word.eq_ignore_ascii_case(b"AUTH2") {
            arguments.nth(1);
        }
    }
    take(key)
}

/// `STRALGO LCS .. KEYS key key` or `.. STRINGS text text`.
fn stralgo<'a>(command: &'a Command, take: Take<'_, 'a>) -> Result<(), KeyError> {
    let mut arguments = command.arguments().skip(2);
    while let Some(word) = arguments.next() {
        if word.eq_ignore_ascii_case(b"STRINGS") {
            return Ok(());
        } else if word.eq_ignore_ascii_case(b"KEYS") {
            let keys = [arguments.next().ok_or(MISSING)?, arguments.next().ok_or(MISSING)?];
            return keys.into_iter().try_for_each(take);
        }
    }
    Err(KeyError::Malformed("KEYS or STRINGS is missing"))
}
