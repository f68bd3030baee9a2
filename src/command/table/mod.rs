//! What is known about each command, and how a command is found by its name.
//!
//! Rules of this folder: `commands.txt` has facts as servers tell them, `decisions.txt` what this
//! client makes of them, with reasons. Both together become `rows.rs`, which is never changed by
//! hand; a test makes it (`tests/it/table`). What is not there is taken for a write whose first
//! argument is its key.
//!
//! **How a name is found.** A name is hashed. Its group, of which there are few, tells how far the
//! names of the group are moved, so that each name has a place of its own: the generator has tried
//! until that was so. The place has the number of a row, whose name is compared. There is nothing
//! to search, and nothing to allocate.

mod hash;
mod rows;

use core::cmp::Ordering;

use self::rows::{MOVED_BY, PLACES, SEED, TABLE};
use super::info::{CommandInfo, KeyShape, RequestPolicy, ResponsePolicy};

/// The row of a command that the table does not have.
pub(crate) static UNKNOWN: CommandInfo = row("", -1, KeyShape::Unknown).script().secret();

/// Marks the places of subcommands: their names are not found without their command.
const SUBCOMMAND: u16 = 1 << 15;

/// Every row, sorted by name.
pub(super) fn all() -> &'static [CommandInfo] {
    &TABLE
}

/// The row of a command by its name, in capitals or not.
#[inline]
pub(super) fn find(name: &[u8]) -> Option<&'static CommandInfo> {
    let info = TABLE.get(usize::from(place(hash::fold(SEED, name))))?;
    is_same(info.name, name).then_some(info)
}

/// The row of a subcommand.
#[inline]
pub(super) fn find_subcommand(
    container: &CommandInfo,
    subcommand: &[u8],
) -> Option<&'static CommandInfo> {
    let hash = hash::fold(hash::fold(SEED, container.name.as_bytes()), subcommand);
    let info = TABLE.get(usize::from(place(hash) ^ SUBCOMMAND))?;
    let name = info.name.strip_prefix(container.name)?.strip_prefix(' ')?;
    is_same(name, subcommand).then_some(info)
}

/// Most names come in capitals, and those compare faster.
fn is_same(row: &str, name: &[u8]) -> bool {
    row.as_bytes() == name || row.as_bytes().eq_ignore_ascii_case(name)
}

/// What lies at the place of a hash: the number of a row, or of none.
fn place(hash: u64) -> u16 {
    let moved_by = MOVED_BY.get(hash::group(hash)).copied().unwrap_or_default();
    PLACES.get(hash::place(hash, moved_by)).copied().unwrap_or(u16::MAX)
}

/// The row of a command that is known to be there, found when the crate is compiled.
#[expect(clippy::indexing_slicing, reason = "runs at compile time")]
pub(crate) const fn known(name: &str) -> &'static CommandInfo {
    let (mut low, mut high) = (0, TABLE.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        match order(TABLE[middle].name.as_bytes(), name.as_bytes()) {
            Ordering::Less => low = middle + 1,
            Ordering::Equal => return &TABLE[middle],
            Ordering::Greater => high = middle,
        }
    }
    panic!("no row of this name")
}

/// Whether a name is that of a subcommand.
#[expect(clippy::indexing_slicing, reason = "runs at compile time, within the length")]
pub(crate) const fn is_subcommand(name: &str) -> bool {
    let mut index = 0;
    while index < name.len() {
        if name.as_bytes()[index] == b' ' {
            return true;
        }
        index += 1;
    }
    false
}

/// The order of two names, as that of the table.
#[expect(clippy::indexing_slicing, reason = "runs at compile time, within both lengths")]
const fn order(left: &[u8], right: &[u8]) -> Ordering {
    let mut index = 0;
    while index < left.len() && index < right.len() {
        if left[index] != right[index] {
            return if left[index] < right[index] { Ordering::Less } else { Ordering::Greater };
        }
        index += 1;
    }
    if left.len() < right.len() {
        Ordering::Less
    } else if left.len() == right.len() {
        Ordering::Equal
    } else {
        Ordering::Greater
    }
}

/// A command that may write, and goes where its keys are.
const fn row(name: &'static str, arity: i8, keys: KeyShape) -> CommandInfo {
    CommandInfo {
        name,
        arity,
        keys,
        read_only: false,
        blocking: false,
        script: false,
        repeatable: false,
        overtakes: false,
        secret: false,
        has_subcommands: false,
        request: RequestPolicy::Keyed,
        reply: ResponsePolicy::Single,
    }
}

const fn range(first: u8, last: i8, step: u8) -> KeyShape {
    KeyShape::Range { first, last, step }
}

const fn counted(destination: u8, count: u8, step: u8) -> KeyShape {
    KeyShape::Counted { destination, count, first: count + 1, step }
}

/// What else rows say.
impl CommandInfo {
    const fn reads(self) -> Self {
        Self { read_only: true, ..self }
    }

    const fn waits(self) -> Self {
        Self { blocking: true, ..self }
    }

    const fn script(self) -> Self {
        Self { script: true, ..self }
    }

    const fn repeatable(self) -> Self {
        Self { repeatable: true, ..self }
    }

    const fn overtakes(self) -> Self {
        Self { overtakes: true, ..self }
    }

    const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    const fn container(self) -> Self {
        Self { has_subcommands: true, ..self }
    }

    const fn to(self, request: RequestPolicy, reply: ResponsePolicy) -> Self {
        Self { request, reply, ..self }
    }

    const fn refused(self, instead: &'static str) -> Self {
        Self { request: RequestPolicy::Connection(instead), ..self }
    }
}
