//! Commands: their bytes, packed as they travel, their keys, and what is known about them.

mod arg;
mod info;
mod keys;
mod learned;
mod packed;
mod parse;
mod script;
mod sha1;
mod specs;
pub(crate) mod table;
mod typed;
mod value;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

pub use self::arg::{Arg, Each, ListItem, OneOrMore, Pair, PairOrMore, ToArg, ToArgs, ToPairs};
pub use self::info::{CommandInfo, KeyShape, RequestPolicy, ResponsePolicy};
pub use self::keys::KeyError;
pub use self::learned::{LearnedCommand, LearnedCommands};
use self::packed::Packed;
pub use self::parse::CommandError;
pub use self::script::Script;
pub(crate) use self::script::Sha1;
use self::script::Source;
pub use self::value::FromValue;
#[cfg(feature = "std")]
pub(crate) use self::value::rows;
#[doc(hidden)]
pub use self::value::{Element, HashKey, OrdKey, Shape};
use crate::slot::Slot;

/// One command with its arguments.
///
/// **Shape**: the name and then the arguments, each any bytes. **Cost**: a command of up to about
/// 100 bytes is built without allocation; an argument of 1 KiB or more that is handed over by value
/// (`Bytes`, `Vec<u8>`, `String`) is never copied.
///
/// ```
/// use hashslot::{Command, Slot};
/// let command = Command::new("SET").arg("user:1").arg("ann").arg("EX").arg(60);
/// assert_eq!(command.slot(), Ok(Some(Slot::of_key(b"user:1"))));
/// assert_eq!(command.to_bytes().as_ref(),
///     b"*5\r\n$3\r\nSET\r\n$6\r\nuser:1\r\n$3\r\nann\r\n$2\r\nEX\r\n$2\r\n60\r\n");
/// ```
#[derive(Clone)]
pub struct Command {
    /// Every argument as a bulk string, one after the other, without the contents of `large`.
    packed: Packed,
    count: u32,
    /// The slot of its only key, if it was computed when the key was added.
    slot: Option<Slot>,
    info: &'static CommandInfo,
    /// What few commands have: commands are moved often, and should be small.
    rare: Option<Box<Rare>>,
}

#[derive(Clone, Default)]
struct Rare {
    /// Arguments that are kept apart, in their order.
    large: Vec<Large>,
    /// The script that it names.
    script: Option<Arc<Source>>,
}

/// An argument whose content is not among the packed bytes.
#[derive(Clone)]
struct Large {
    /// Where among the packed bytes it belongs.
    at: usize,
    content: Bytes,
}

/// From this length on an argument is not copied: a copy would cost more than a slice of its own.
const LARGE_LEN: usize = 1024;

impl Command {
    /// The command of this name, without arguments yet. Upper and lower case are the same.
    ///
    /// **Shape**: any bytes: text as a rule. **Cost**: a few nanoseconds. A name that the table
    /// does not have is taken for a write whose first argument is its key.
    #[must_use]
    pub fn new(name: impl AsRef<[u8]>) -> Self {
        let name = name.as_ref();
        Self::start(name, table::find(name).unwrap_or(&table::UNKNOWN))
    }

    /// The command of a row of the table that is no subcommand.
    #[inline]
    pub(crate) fn of(info: &'static CommandInfo) -> Self {
        Self::start(info.name.as_bytes(), info)
    }

    /// The command of a row of the table that is no subcommand, and its only key, which is its
    /// first argument. It is built where it is to be: commands are too large to be moved often.
    #[inline]
    pub(crate) fn of_key(info: &'static CommandInfo, key: impl ToArg) -> Self {
        let mut command = Self { packed: Packed::new(), count: 0, slot: None, info, rare: None };
        command.push(info.name.as_bytes());
        command.push_only_key(key);
        command
    }

    /// The subcommand of a row of the table.
    pub(crate) fn of_subcommand(info: &'static CommandInfo) -> Self {
        let (name, subcommand) = info.name.split_once(' ').unwrap_or((info.name, ""));
        Self::start(name.as_bytes(), info).arg(subcommand)
    }

    #[inline]
    fn start(name: &[u8], info: &'static CommandInfo) -> Self {
        let mut command = Self { packed: Packed::new(), count: 0, slot: None, info, rare: None };
        command.push(name);
        command
    }

    /// Adds an argument: text, bytes or a number, by value or by reference. [`ToArg`] lists the
    /// types.
    #[must_use]
    #[inline]
    pub fn arg(mut self, argument: impl ToArg) -> Self {
        self.push_arg(argument.into_arg());
        self
    }

    /// Adds an argument if there is one.
    ///
    /// ```
    /// use hashslot::Command;
    /// let limit: Option<u32> = None;
    /// assert_eq!(Command::new("PING").arg_opt(limit).arg_opt(Some("hello")).len(), 2);
    /// ```
    #[must_use]
    #[inline]
    pub fn arg_opt(self, argument: Option<impl ToArg>) -> Self {
        match argument {
            Some(argument) => self.arg(argument),
            None => self,
        }
    }

    /// Adds several arguments: a slice, vector, array or iterator, by value or by reference.
    ///
    /// ```
    /// use hashslot::Command;
    /// let keys = vec![String::from("{user}1"), String::from("{user}2")];
    /// let by_reference = Command::new("MGET").args(&keys);
    /// let by_value = Command::new("MGET").args(keys);
    /// assert_eq!(by_reference.to_bytes(), by_value.to_bytes());
    /// ```
    #[must_use]
    #[inline]
    pub fn args(self, arguments: impl ToArgs) -> Self {
        arguments.add_to(self)
    }

    /// Adds pairs of arguments, each key before its value: a map, or a slice, vector, array or
    /// iterator of pairs, by value or by reference.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use hashslot::Command;
    /// let fields = BTreeMap::from([("age", 36), ("visits", 7)]);
    /// let command = Command::new("HSET").arg("user:1").pairs(&fields);
    /// assert!(command.arguments().skip(2).eq([&b"age"[..], b"36", b"visits", b"7"]));
    /// ```
    #[must_use]
    #[inline]
    pub fn pairs(self, pairs: impl ToPairs) -> Self {
        pairs.add_to(self)
    }

    /// Adds the only key of a command whose first argument it is, and computes its slot.
    #[inline]
    pub(crate) fn push_only_key(&mut self, key: impl ToArg) {
        debug_assert!(
            matches!(self.info.keys, KeyShape::At(_)),
            "{} has other keys",
            self.info.name
        );
        let key = key.into_arg();
        self.slot = Some(key.with_bytes(Slot::of_key));
        self.push_arg(key);
    }

    /// Inserts arguments behind the first `count`, the name among them.
    pub(crate) fn insert_after(mut self, count: usize, arguments: impl ToArgs) -> Self {
        let mut all = self.arguments();
        all.by_ref().take(count).for_each(drop);
        let at = all.offset;
        let none =
            Self { packed: Packed::new(), count: 0, slot: None, info: self.info, rare: None };
        let new = arguments.add_to(none);
        let Self { packed, count, rare, .. } = new;
        self.packed.insert(at, packed.as_slice());
        self.count += count;
        if let Some(rare) = &mut self.rare {
            let behind = rare.large.iter_mut().filter(|large| large.at > at);
            behind.for_each(|large| large.at += packed.as_slice().len());
        }
        for Large { at: place, content } in rare.into_iter().flat_map(|rare| rare.large) {
            let large = &mut self.rare.get_or_insert_default().large;
            let index = large.partition_point(|other| other.at < at + place);
            large.insert(index, Large { at: at + place, content });
        }
        self
    }

    #[inline]
    fn push(&mut self, argument: &[u8]) {
        if argument.len() >= LARGE_LEN {
            return self.push_large(Bytes::copy_from_slice(argument));
        }
        self.count += 1;
        self.packed.push_bulk(argument);
    }

    /// Adds an argument of another command, without a copy if it is large.
    pub(crate) fn push_shared(&mut self, argument: &ArgumentRef<'_>) {
        match argument.shared {
            Some(shared) => self.push_large(shared.clone()),
            None => self.push(argument.bytes),
        }
    }

    /// The command with this name, subcommand included, and no arguments.
    pub(crate) fn bare(&self) -> Self {
        let rest = self.names().skip(1);
        rest.fold(Self::start(self.name(), self.info), Self::arg)
    }

    fn push_large(&mut self, content: Bytes) {
        self.count += 1;
        self.packed.push_bulk_header(content.len());
        let at = self.packed.as_slice().len();
        self.rare.get_or_insert_default().large.push(Large { at, content });
        self.packed.push(b"\r\n");
    }

    /// The number of arguments, the name included: at least 1.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.count).unwrap_or(usize::MAX)
    }

    /// Always false: a command has a name.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// The arguments, beginning with the name.
    #[must_use]
    #[inline]
    pub fn arguments(&self) -> Arguments<'_> {
        Arguments { packed: self.packed.as_slice(), offset: 0, large: self.large() }
    }

    #[inline]
    fn large(&self) -> &[Large] {
        self.rare.as_ref().map_or(&[], |rare| &rare.large)
    }

    /// The arguments, beginning with the name, to be taken over by other commands.
    pub(crate) fn argument_refs(&self) -> impl Iterator<Item = ArgumentRef<'_>> {
        let mut arguments = self.arguments();
        core::iter::from_fn(move || arguments.next_ref())
    }

    /// The name, as it was given.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.arguments().next().unwrap_or_default()
    }

    /// The name in capitals, with its subcommand if the table has that: as errors tell it.
    #[cold]
    pub(crate) fn title(&self) -> Cow<'static, str> {
        match self.info().name {
            "" => String::from_utf8_lossy(self.name()).to_ascii_uppercase().into(),
            name => name.into(),
        }
    }

    /// What is known about the command. For a command with subcommands: about the subcommand.
    #[must_use]
    #[inline]
    pub fn info(&self) -> &'static CommandInfo {
        if self.info.has_subcommands { self.subcommand_info() } else { self.info }
    }

    #[inline(never)]
    fn subcommand_info(&self) -> &'static CommandInfo {
        let subcommand = self.arguments().nth(1).unwrap_or_default();
        table::find_subcommand(self.info, subcommand).unwrap_or(self.info)
    }

    /// The slot of its only key, if it was computed when the key was added.
    #[inline]
    pub(crate) const fn known_slot(&self) -> Option<Slot> {
        self.slot
    }

    /// Whether its bytes are all that there is to it: they can take its place, and tell nothing
    /// that is to be hidden.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        let Self { info, rare, .. } = self;
        rare.is_none() && !info.has_subcommands && !info.secret && !info.name.is_empty()
    }

    /// The plain command that these bytes are, as they travelled.
    pub(crate) fn of_written(mut written: &[u8], info: &'static CommandInfo) -> Self {
        let mut command = Self { packed: Packed::new(), count: 0, slot: None, info, rare: None };
        if let Some((count, header_len)) = packed::read_header(written) {
            command.count = count;
            written = written.get(header_len..).unwrap_or_default();
        }
        command.packed.push(written);
        command
    }

    /// Takes the command, and leaves one that is empty.
    pub(crate) fn take(&mut self) -> Self {
        let none =
            Self { packed: Packed::new(), count: 0, slot: None, info: self.info, rare: None };
        core::mem::replace(self, none)
    }

    /// Whether its arguments may be secrets. A subcommand that is not known may do anything.
    pub(crate) fn may_have_secrets(&self) -> bool {
        let info = self.info();
        info.secret || info.has_subcommands
    }

    /// The words that name it: its name, and that of its subcommand.
    pub(crate) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.arguments().take(self.info().name.split(' ').count())
    }

    /// The slot of the keys; `None` if the command has no key.
    ///
    /// # Errors
    /// [`KeyError`] if the keys cannot be found, or if they are in different slots.
    pub fn slot(&self) -> Result<Option<Slot>, KeyError> {
        keys::slot(self)
    }

    /// The keys in their order, duplicates kept.
    ///
    /// # Errors
    /// [`KeyError`] if the arguments do not have the shape of the command.
    pub fn keys(&self) -> Result<Vec<&[u8]>, KeyError> {
        keys::all(|take| keys::each(self, take))
    }

    /// The number of bytes that travel.
    #[must_use]
    #[inline]
    pub fn encoded_len(&self) -> usize {
        let large: usize = self.large().iter().map(|large| large.content.len()).sum();
        packed::header_len(self.count) + self.packed.as_slice().len() + large
    }

    /// The bytes that travel, in one piece.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut bytes = Vec::with_capacity(self.encoded_len());
        self.each_segment(|segment| match segment {
            Segment::Small(small) => bytes.extend_from_slice(small),
            Segment::Large(large) => bytes.extend_from_slice(large),
        });
        bytes.into()
    }

    /// Calls `take` with every piece of the bytes that travel, in their order.
    #[inline]
    pub(crate) fn each_segment(&self, mut take: impl FnMut(Segment<'_>)) {
        packed::with_header(self.count, |header| take(Segment::Small(header)));
        let mut rest = self.packed.as_slice();
        let mut offset = 0;
        for large in self.large() {
            let (before, after) = rest.split_at_checked(large.at - offset).unwrap_or((rest, &[]));
            take(Segment::Small(before));
            take(Segment::Large(&large.content));
            (rest, offset) = (after, large.at);
        }
        take(Segment::Small(rest));
    }
}

/// A piece of an encoded command.
pub(crate) enum Segment<'a> {
    /// To be copied.
    Small(&'a [u8]),
    /// To be shared.
    Large(&'a Bytes),
}

impl fmt::Debug for Command {
    /// Shows the name and the number of arguments, never an argument: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = String::from_utf8_lossy(self.name());
        write!(f, "Command({name}, {} arguments)", self.len() - 1)
    }
}

/// The arguments of a command, beginning with its name.
#[derive(Clone)]
pub struct Arguments<'a> {
    packed: &'a [u8],
    offset: usize,
    large: &'a [Large],
}

impl fmt::Debug for Large {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Large({} bytes)", self.content.len())
    }
}

impl fmt::Debug for Arguments<'_> {
    /// Shows no argument: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arguments({} left)", self.clone().count())
    }
}

/// An argument, and the memory that it can be shared with.
#[derive(Clone, Copy)]
pub(crate) struct ArgumentRef<'a> {
    pub(crate) bytes: &'a [u8],
    shared: Option<&'a Bytes>,
}

impl<'a> Arguments<'a> {
    #[inline]
    fn next_ref(&mut self) -> Option<ArgumentRef<'a>> {
        let (len, header_len) = packed::read_bulk_header(self.packed)?;
        let start = self.offset + header_len;
        let (_, body) = self.packed.split_at_checked(header_len)?;
        let (argument, in_packed) = match self.large.split_first() {
            Some((large, rest)) if large.at == start => {
                self.large = rest;
                (ArgumentRef { bytes: &large.content, shared: Some(&large.content) }, 0)
            }
            _ => (ArgumentRef { bytes: body.get(..len)?, shared: None }, len),
        };
        self.packed = body.get(in_packed + 2..)?;
        self.offset = start + in_packed + 2;
        Some(argument)
    }
}

impl<'a> Iterator for Arguments<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        self.next_ref().map(|argument| argument.bytes)
    }
}

#[cfg(test)]
mod tests;
