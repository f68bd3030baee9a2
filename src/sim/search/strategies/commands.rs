//! Keys, commands and calls, with the data that they were built from.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::RangeInclusive;
use core::time::Duration;

use proptest::prelude::*;
use proptest::strategy::Union;

use crate::command::Command;
use crate::plan::Call;

/// A command with its keys.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct KeyedCommand {
    /// The command.
    pub command: Command,
    /// The keys in order, duplicates included.
    pub keys: Vec<Vec<u8>>,
}

/// The shape of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// One command.
    Single,
    /// A pipeline.
    Pipeline,
    /// A transaction: commands between `MULTI` and `EXEC`.
    Transaction,
}

/// A call as plain data.
///
/// **Invariant**: [`Shape::Single`] has one command, [`Shape::Transaction`] at least one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PlainCall {
    /// The shape of the call.
    pub shape: Shape,
    /// The commands in order.
    pub commands: Vec<KeyedCommand>,
    /// The time budget, if the call sets one.
    pub timeout: Option<Duration>,
    /// Whether the call is marked idempotent.
    pub idempotent: bool,
}

impl PlainCall {
    /// The call to submit.
    #[must_use]
    pub fn to_call(&self) -> Call {
        let mut commands = self.commands.iter().map(|keyed| keyed.command.clone());
        let call = match (self.shape, commands.len()) {
            (Shape::Single, 1) => {
                commands.next().map_or_else(|| Call::pipeline(Vec::<Command>::new()), Call::new)
            }
            (Shape::Transaction, _) => Call::transaction(commands),
            (Shape::Single | Shape::Pipeline, _) => Call::pipeline(commands),
        };
        let call = if self.idempotent { call.idempotent() } else { call };
        self.timeout.map_or_else(|| call.clone(), |timeout| call.clone().timeout(timeout))
    }
}

/// Any key: with and without a hash tag, with unbalanced braces, empty, binary, long.
///
/// ```
/// use hashslot::sim::strategies::keys;
/// use hashslot::{Command, Slot};
/// use proptest::test_runner::TestRunner;
///
/// let property = |key: Vec<u8>| {
///     assert_eq!(Command::get(&key).slot(), Ok(Some(Slot::of_key(&key))));
///     Ok(())
/// };
/// TestRunner::deterministic().run(&keys(), property).unwrap();
/// ```
pub fn keys() -> impl Strategy<Value = Vec<u8>> {
    let tagged = |before, after| {
        (letters(before), letters(1..=4), letters(after))
            .prop_map(|(before, tag, after)| [&before[..], b"{", &tag, b"}", &after].concat())
    };
    let braces = prop::sample::select(b"{}a".as_slice());
    prop_oneof![
        4 => letters(1..=3),
        4 => (0..10_000_u32).prop_map(|number| format!("user:{number}").into_bytes()),
        3 => tagged(0..=0, 0..=4),
        2 => tagged(1..=3, 0..=3),
        2 => prop::collection::vec(braces, 0..=6),
        2 => prop::collection::vec(any::<u8>(), 0..20),
        1 => letters(100..=120),
    ]
}

/// A word of so many letters.
fn letters(count: RangeInclusive<usize>) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(b'a'..=b'z', count)
}

/// Keys of one slot: keys that share a hash tag.
///
/// ```
/// use hashslot::Slot;
/// use hashslot::sim::strategies::keys_together;
/// use proptest::test_runner::TestRunner;
///
/// let property = |keys: Vec<Vec<u8>>| {
///     assert!(keys.iter().all(|key| Slot::of_key(key) == Slot::of_key(&keys[0])));
///     Ok(())
/// };
/// TestRunner::deterministic().run(&keys_together(2..5), property).unwrap();
/// ```
pub fn keys_together(
    count: impl Into<prop::collection::SizeRange>,
) -> impl Strategy<Value = Vec<Vec<u8>>> {
    let names = prop::collection::vec(letters(0..=3), count);
    (letters(1..=4), names).prop_map(|(tag, names)| {
        let name = |name: &Vec<u8>| [b"{", &tag[..], b"}", name].concat();
        names.iter().map(name).collect()
    })
}

/// Any command that a shared connection may carry: with no key, one key or several, in upper or
/// lower case. The keys of one command in ten are in different slots.
///
/// ```
/// use hashslot::sim::strategies::{KeyedCommand, commands};
/// use proptest::test_runner::TestRunner;
///
/// let property = |keyed: KeyedCommand| {
///     assert_eq!(keyed.command.keys().unwrap(), keyed.keys);
///     Ok(())
/// };
/// TestRunner::deterministic().run(&commands(), property).unwrap();
/// ```
pub fn commands() -> impl Strategy<Value = KeyedCommand> {
    let apart = prop::collection::vec(keys(), 1..4);
    let together = prop_oneof![keys().prop_map(|key| vec![key]), keys_together(1..4)];
    prop_oneof![9 => together.boxed(), 1 => apart.boxed()].prop_flat_map(commands_on)
}

/// Commands on these keys: on the first one, on all of them, and occasionally on none.
///
/// ```
/// use hashslot::sim::strategies::{KeyedCommand, commands_on};
/// use proptest::test_runner::TestRunner;
///
/// let property = |keyed: KeyedCommand| {
///     let mut keys = keyed.keys.iter();
///     assert!(keys.all(|key| [b"a", b"b"].contains(&key.as_slice().try_into().unwrap())));
///     Ok(())
/// };
/// let keys = vec![b"a".to_vec(), b"b".to_vec()];
/// TestRunner::deterministic().run(&commands_on(keys), property).unwrap();
/// ```
pub fn commands_on(keys: Vec<Vec<u8>>) -> impl Strategy<Value = KeyedCommand> {
    let kinds = [
        Kind::Get,
        Kind::Set,
        Kind::Del,
        Kind::Exists,
        Kind::Incr,
        Kind::IncrBy,
        Kind::Expire,
        Kind::LowerCase,
        Kind::Mget,
        Kind::Mset,
        Kind::Unlink,
        Kind::Eval,
        Kind::Unknown,
        Kind::Ping,
    ];
    (Union::new(kinds.map(Just)), values(), any::<i32>())
        .prop_map(move |(kind, value, number)| command(kind, &keys, value, number))
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Get,
    Set,
    Del,
    Exists,
    Incr,
    IncrBy,
    Expire,
    LowerCase,
    Mget,
    Mset,
    Unlink,
    Eval,
    Unknown,
    Ping,
}

fn command(kind: Kind, keys: &[Vec<u8>], value: Vec<u8>, number: i32) -> KeyedCommand {
    let first = keys.first().map(Vec::as_slice).unwrap_or_default();
    let (command, takes) = match kind {
        Kind::Get => (Command::get(first), 1),
        Kind::Set => (Command::set(first, value), 1),
        Kind::Del => (Command::del(first), 1),
        Kind::Exists => (Command::exists(first), 1),
        Kind::Incr => (Command::incr(first), 1),
        Kind::IncrBy => (Command::incr_by(first, number.into()), 1),
        Kind::Expire => (Command::expire(first, number.unsigned_abs().into()), 1),
        Kind::LowerCase => (Command::new("lPush").arg(first).arg(value).arg(number), 1),
        Kind::Mget => (Command::new("MGET").args(keys), keys.len()),
        Kind::Mset => {
            let mset = Command::new("mset");
            (keys.iter().fold(mset, |mset, key| mset.arg(key).arg(&value)), keys.len())
        }
        Kind::Unlink => (Command::new("UNLINK").args(keys), keys.len()),
        Kind::Eval => {
            let eval = Command::new("EVAL").arg("return ARGV[1]").arg(keys.len());
            (eval.args(keys).arg(value), keys.len())
        }
        Kind::Unknown => (Command::new("MODULE.SET").arg(first).arg(value), 1),
        Kind::Ping => (Command::new("PING"), 0),
    };
    let keys = if takes == 1 && keys.is_empty() { vec![Vec::new()] } else { keys.to_vec() };
    KeyedCommand { command, keys: keys.into_iter().take(takes).collect() }
}

/// Any argument: short ones, which are copied, and long ones, which are shared.
fn values() -> impl Strategy<Value = Vec<u8>> {
    let large = (any::<u8>(), 1_000..3_000_usize).prop_map(|(byte, len)| vec![byte; len]);
    prop_oneof![6 => prop::collection::vec(any::<u8>(), 0..30), 1 => large]
}

/// Any call: one command, a pipeline over any slots, or a transaction, one in ten of them over
/// several slots. Some calls have a time budget of their own; some are marked idempotent.
///
/// ```
/// use hashslot::sim::strategies::{PlainCall, Shape, calls};
/// use proptest::test_runner::TestRunner;
///
/// let property = |call: PlainCall| {
///     assert!(call.shape != Shape::Single || call.commands.len() == 1);
///     assert_eq!(format!("{:?}", call.to_call()).contains("idempotent: true"), call.idempotent);
///     Ok(())
/// };
/// TestRunner::deterministic().run(&calls(), property).unwrap();
/// ```
pub fn calls() -> impl Strategy<Value = PlainCall> {
    let single = commands().prop_map(|command| (Shape::Single, vec![command]));
    let pipeline = prop::collection::vec(commands(), 0..8);
    let together = keys_together(1..4)
        .prop_flat_map(|keys| prop::collection::vec(commands_on(keys), 1..5))
        .boxed();
    let apart = prop::collection::vec(commands(), 1..4).boxed();
    let transaction = prop_oneof![9 => together, 1 => apart];
    let work = prop_oneof![
        4 => single,
        2 => pipeline.prop_map(|commands| (Shape::Pipeline, commands)),
        2 => transaction.prop_map(|commands| (Shape::Transaction, commands)),
    ];
    let timeout = prop::option::weighted(0.3, (1..2_000_u64).prop_map(Duration::from_millis));
    (work, timeout, any::<bool>()).prop_map(|((shape, commands), timeout, idempotent)| PlainCall {
        shape,
        commands,
        timeout,
        idempotent,
    })
}

/// Commands that the machine splits by slot, with duplicates among their keys, or sends to all
/// primaries or all nodes.
///
/// ```
/// use hashslot::sim::strategies::{KeyedCommand, wide_commands};
/// use hashslot::command::RequestPolicy;
/// use proptest::test_runner::TestRunner;
///
/// let property = |keyed: KeyedCommand| {
///     let is_split = keyed.command.info().request == RequestPolicy::MultiShard;
///     assert_eq!(is_split, !keyed.keys.is_empty());
///     assert_eq!(keyed.command.keys().unwrap(), keyed.keys);
///     Ok(())
/// };
/// TestRunner::deterministic().run(&wide_commands(), property).unwrap();
/// ```
pub fn wide_commands() -> impl Strategy<Value = KeyedCommand> {
    let keys = prop::collection::vec(keys(), 1..6);
    let keys = (keys, any::<prop::sample::Index>()).prop_map(|(mut keys, again)| {
        let again = again.get(&keys).clone();
        keys.push(again);
        keys
    });
    let names = vec!["MGET", "MSET", "DEL", "UNLINK", "EXISTS", "touch"];
    let split = (prop::sample::select(names), keys, values()).prop_map(|(name, keys, value)| {
        let command = keys.iter().fold(Command::new(name), |command, key| {
            let command = command.arg(key);
            if name == "MSET" { command.arg(&value) } else { command }
        });
        KeyedCommand { command, keys }
    });
    let lines = vec!["DBSIZE", "KEYS *", "RANDOMKEY", "INFO server", "CONFIG SET a b"];
    let fan_out = prop::sample::select(lines).prop_map(|line| {
        let mut words = line.split(' ');
        let command = Command::new(words.next().unwrap_or_default()).args(words);
        KeyedCommand { command, keys: Vec::new() }
    });
    prop_oneof![2 => split, 1 => fan_out]
}

/// Calls with [`wide_commands`]: one alone, or a pipeline with other commands.
///
/// ```
/// use hashslot::sim::strategies::{PlainCall, Shape, wide_calls};
/// use proptest::test_runner::TestRunner;
///
/// let property = |call: PlainCall| {
///     assert!(call.shape != Shape::Transaction && !call.commands.is_empty());
///     Ok(())
/// };
/// TestRunner::deterministic().run(&wide_calls(), property).unwrap();
/// ```
pub fn wide_calls() -> impl Strategy<Value = PlainCall> {
    let any_command = prop_oneof![2 => wide_commands().boxed(), 1 => commands().boxed()];
    let work = prop_oneof![
        2 => wide_commands().prop_map(|command| (Shape::Single, vec![command])),
        1 => prop::collection::vec(any_command, 1..6).prop_map(|all| (Shape::Pipeline, all)),
    ];
    let timeout = prop::option::weighted(0.3, (1..2_000_u64).prop_map(Duration::from_millis));
    (work, timeout, any::<bool>()).prop_map(|((shape, commands), timeout, idempotent)| PlainCall {
        shape,
        commands,
        timeout,
        idempotent,
    })
}
