//! Scripts: programs in Lua that servers run.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::options::flush_options;
use super::typed::{Typed, TypedCommand, start, with_options};
use crate::command::{self, Command, FromValue, OneOrMore, ToArg};

/// What [`eval`] and [`eval_ro`] run: a [`Script`](crate::Script), or the source of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a `Script` nor the source of one",
    label = "neither a `Script` nor text"
)]
pub trait ScriptSource {
    /// The command that runs it, without its keys and their number yet.
    #[doc(hidden)]
    fn eval(self) -> Command;

    /// The same for a script that only reads.
    #[doc(hidden)]
    fn eval_ro(self) -> Command;
}

impl<T: ToArg> ScriptSource for T {
    fn eval(self) -> Command {
        let command: Typed<()> = start!("EVAL").arg(self);
        command.into()
    }

    fn eval_ro(self) -> Command {
        let command: Typed<()> = start!("EVAL_RO").arg(self);
        command.into()
    }
}

impl ScriptSource for &command::Script {
    #[inline]
    fn eval(self) -> Command {
        self.start()
    }

    #[inline]
    fn eval_ro(self) -> Command {
        self.clone().read_only().start()
    }
}

impl ScriptSource for command::Script {
    #[inline]
    fn eval(self) -> Command {
        self.start()
    }

    #[inline]
    fn eval_ro(self) -> Command {
        self.read_only().start()
    }
}

/// A script or function to be run, made by [`eval`], [`evalsha`], [`fcall`](super::fcall) and those
/// of them that only read: its keys and arguments.
///
/// ```
/// use hashslot::{Command, cmd};
/// let source = "return redis.call('DECRBY', KEYS[1], ARGV[1])";
/// let command = Command::from(cmd::eval::<i64>(source).key("stock:7").arg(3));
/// assert!(command.arguments().skip(2).eq([&b"1"[..], b"stock:7", b"3"]));
/// assert_eq!(command.keys(), Ok(vec![&b"stock:7"[..]]));
/// ```
#[must_use = "a command does nothing until a client runs it"]
pub struct Invocation<R> {
    /// Without the number of keys.
    typed: Typed<R>,
    key_count: usize,
}

/// The name of the command, and what it runs.
const HEAD_LEN: usize = 2;

impl<R> Invocation<R> {
    pub(super) const fn of(head: Typed<R>) -> Self {
        Self { typed: head, key_count: 0 }
    }

    /// The same command with another type for its reply.
    #[inline]
    pub fn reply<T>(self) -> Invocation<T> {
        Invocation { typed: self.typed.reply(), key_count: self.key_count }
    }

    /// Adds a key: the next one of `KEYS`. All keys have to be in one slot.
    pub fn key(self, key: impl ToArg) -> Self {
        self.keys(key)
    }

    /// Adds keys: the next ones of `KEYS`. All keys have to be in one slot.
    pub fn keys(self, keys: impl OneOrMore) -> Self {
        let command = Command::from(self.typed);
        let len = command.len();
        let keys_end = HEAD_LEN + self.key_count;
        let command = if len == keys_end {
            keys.append_to(command)
        } else {
            let keys = keys.append_to(command.bare());
            command.insert_after(keys_end, keys.arguments().skip(1))
        };
        Self { key_count: self.key_count + command.len() - len, typed: Typed::new(command) }
    }

    /// Adds an argument: the next one of `ARGV`.
    pub fn arg(self, argument: impl ToArg) -> Self {
        Self { typed: self.typed.arg(argument), ..self }
    }

    /// Adds arguments: the next ones of `ARGV`.
    pub fn args(self, arguments: impl OneOrMore) -> Self {
        Self { typed: self.typed.args(arguments), ..self }
    }
}

impl<R: FromValue> TypedCommand for Invocation<R> {
    type Reply = R;

    fn into_command(self) -> Command {
        self.into()
    }
}

impl<R> From<Invocation<R>> for Command {
    fn from(invocation: Invocation<R>) -> Self {
        invocation.typed.insert_after(HEAD_LEN, [invocation.key_count]).into()
    }
}

impl<R> Clone for Invocation<R> {
    fn clone(&self) -> Self {
        Self { typed: self.typed.clone(), key_count: self.key_count }
    }
}

impl<R> fmt::Debug for Invocation<R> {
    /// Shows the name and the number of arguments, never an argument: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.typed.fmt(f)
    }
}

/// Runs a script and returns what it returns: `EVAL`.
///
/// A [`Script`](crate::Script) is sent by its name, `EVALSHA`, and in full where a node does not
/// have it: it needs no loading. A source as text is sent in full each time. Without keys any
/// primary runs it. Keys and arguments are methods of [`Invocation`].
///
/// A script that may have run is not run again, unless it is
/// [`read_only`](crate::Script::read_only).
///
/// **Since**: Redis 2.6. **Complexity**: O(1), and what the script does.
///
/// ```
/// use hashslot::cmd;
/// use hashslot::Script;
/// let plain = cmd::eval::<i64>("return 1");
/// let take = Script::new("return redis.call('DECRBY', KEYS[1], ARGV[1])");
/// let three = cmd::eval::<i64>(&take).key("stock:7").arg(3);
/// let sum = Script::new("return redis.call('GET', KEYS[1]) + redis.call('GET', KEYS[2])");
/// let both = cmd::eval::<i64>(&sum.read_only()).keys(["{shop}books", "{shop}pens"]);
/// ```
pub fn eval<V: FromValue>(script: impl ScriptSource) -> Invocation<V> {
    Invocation::of(Typed::new(script.eval()))
}

/// Runs a script that only reads, and returns what it returns: `EVAL_RO`.
///
/// As [`eval`], but servers refuse writes of the script. It may be sent again when it may have run,
/// and replicas may run it.
///
/// **Since**: Redis 7.0. **Complexity**: O(1), and what the script does.
pub fn eval_ro<V: FromValue>(script: impl ScriptSource) -> Invocation<V> {
    Invocation::of(Typed::new(script.eval_ro()))
}

/// Runs a script that servers know by this name, and returns what it returns: `EVALSHA`.
///
/// A node that does not have the script answers with an error (`NOSCRIPT`). [`eval`] with a
/// [`Script`](crate::Script) sends it the source then.
///
/// **Since**: Redis 2.6. **Complexity**: O(1), and what the script does.
pub fn evalsha<V: FromValue>(sha1: impl ToArg) -> Invocation<V> {
    Invocation::of(start!("EVALSHA").arg(sha1))
}

/// Runs a script that only reads and that servers know by this name: `EVALSHA_RO`.
///
/// As [`evalsha`], but servers refuse writes of the script. It may be sent again when it may have
/// run, and replicas may run it.
///
/// **Since**: Redis 7.0. **Complexity**: O(1), and what the script does.
pub fn evalsha_ro<V: FromValue>(sha1: impl ToArg) -> Invocation<V> {
    Invocation::of(start!("EVALSHA_RO").arg(sha1))
}

/// Returns for each name of a script whether all primaries have it: `SCRIPT EXISTS`.
///
/// **Since**: Redis 2.6. **Complexity**: O(n) in the number of names.
pub fn script_exists(sha1s: impl OneOrMore) -> Typed<Vec<bool>> {
    start!("SCRIPT EXISTS").args(sha1s)
}

with_options! {
    /// `SCRIPT FLUSH`, made by [`script_flush`]: whether it waits.
    ScriptFlush
}

/// Deletes all scripts of all nodes: `SCRIPT FLUSH`.
///
/// A [`Script`](crate::Script) is sent in full again where it is missing.
///
/// **Since**: Redis 2.6. **Complexity**: O(n) in the number of scripts.
#[inline]
pub fn script_flush() -> ScriptFlush<()> {
    ScriptFlush(start!("SCRIPT FLUSH"))
}

flush_options!(ScriptFlush);

/// Ends the scripts that primaries are running: `SCRIPT KILL`.
///
/// An error of the server if no primary runs a script that can be ended (`NOTBUSY`), or if the
/// script has written already (`UNKILLABLE`).
///
/// **Since**: Redis 2.6. **Complexity**: O(1).
#[inline]
pub fn script_kill() -> Typed<()> {
    start!("SCRIPT KILL")
}

/// Loads the source of a script on all nodes and returns its name, for [`evalsha`]: `SCRIPT LOAD`.
///
/// Nodes forget it when they restart, and new nodes do not have it: [`eval`] with a
/// [`Script`](crate::Script) needs no loading.
///
/// **Since**: Redis 2.6. **Complexity**: O(n) in the length of the source.
pub fn script_load(source: impl ToArg) -> Typed<String> {
    start!("SCRIPT LOAD").arg(source)
}

/// Returns the source of a script that a node knows by this name: `SCRIPT SHOW`.
///
/// The call has to say which node: [`Call::target`](crate::Call::target). A missing script is an
/// error of the server (`NOSCRIPT`).
///
/// **Since**: Valkey 8.0. **Complexity**: O(1).
pub fn script_show<V: FromValue>(sha1: impl ToArg) -> Typed<V> {
    start!("SCRIPT SHOW").arg(sha1)
}
