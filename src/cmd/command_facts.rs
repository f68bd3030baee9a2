//! What servers tell of their commands.

use alloc::string::String;
use alloc::vec::Vec;

use super::record::{Fields, record};
use super::replies::{ByName, Items, list};
use super::typed::{Typed, TypedCommand, each, start, with_options};
use crate::command::{FromValue, OneOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// Returns the number of commands that the server has: `COMMAND COUNT`.
///
/// **Since**: Redis 2.8.13. **Complexity**: O(1).
#[inline]
pub fn command_count() -> Typed<u64> {
    start!("COMMAND COUNT")
}

/// Returns the documentation of commands by their names: `COMMAND DOCS`.
///
/// A name that the server does not know is missing in the map. The name of a subcommand has a bar:
/// `config|get`.
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of names.
pub fn command_docs(names: impl OneOrMore) -> Typed<ByName<CommandDocs>> {
    start!("COMMAND DOCS").args(names)
}

/// Returns the keys of a command, as the server finds them: `COMMAND GETKEYS`.
///
/// The command is not run. One without keys is an error of the server.
///
/// **Since**: Redis 2.8.13. **Complexity**: O(n) in the number of arguments.
///
/// ```
/// use hashslot::cmd::{self, Typed};
/// let keys: Typed<Vec<String>> = cmd::command_getkeys(cmd::mset([("a", 1), ("b", 2)]));
/// ```
pub fn command_getkeys<V: FromValue>(command: impl TypedCommand) -> Typed<V> {
    start!("COMMAND GETKEYS").args(each(command.into_command().arguments()))
}

/// Returns the keys of a command, and what it does with each: `COMMAND GETKEYSANDFLAGS`.
///
/// The command is not run. Ask for pairs: `Vec<(String, Vec<String>)>`.
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of arguments.
pub fn command_getkeysandflags<V: FromValue>(command: impl TypedCommand) -> Typed<V> {
    start!("COMMAND GETKEYSANDFLAGS").args(each(command.into_command().arguments()))
}

/// Returns what the server knows about commands, in the order of their names: `COMMAND INFO`.
///
/// `None` for a name that the server does not know. The name of a subcommand has a bar:
/// `config|get`, since Redis 7.0.
///
/// **Since**: Redis 2.8.13. **Complexity**: O(n) in the number of names.
pub fn command_info(names: impl OneOrMore) -> Typed<Vec<Option<ServerCommand>>> {
    start!("COMMAND INFO").args(names)
}

with_options! {
    /// `COMMAND LIST`, made by [`command_list`]: one filter.
    CommandNames
}

/// Returns the names of the server's commands: `COMMAND LIST`.
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of commands.
#[inline]
pub fn command_list() -> CommandNames<Vec<String>> {
    CommandNames(start!("COMMAND LIST"))
}

impl<R> CommandNames<R> {
    /// Only the commands of a module: `FILTERBY MODULE`.
    #[doc(alias = "filterby")]
    pub fn module(self, name: impl ToArg) -> Self {
        Self(self.0.arg("FILTERBY").arg("MODULE").arg(name))
    }

    /// Only the commands of an ACL category, such as `hash`: `FILTERBY ACLCAT`.
    #[doc(alias = "aclcat")]
    pub fn acl_category(self, category: impl ToArg) -> Self {
        Self(self.0.arg("FILTERBY").arg("ACLCAT").arg(category))
    }

    /// Only the commands whose names match a pattern: `FILTERBY PATTERN`.
    pub fn pattern(self, pattern: impl ToArg) -> Self {
        Self(self.0.arg("FILTERBY").arg("PATTERN").arg(pattern))
    }
}

/// Returns what the server knows about all of its commands: `COMMAND`.
///
/// The client itself learns the commands of a server with its method `load_commands`.
///
/// **Since**: Redis 2.8.13. **Complexity**: O(n) in the number of commands.
#[doc(alias = "command")]
#[inline]
pub fn commands() -> Typed<Vec<ServerCommand>> {
    start!("COMMAND")
}

/// What a server knows about a command: how it is called, and where its keys are.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ServerCommand {
    /// The name in small letters; of a subcommand with a bar: `config|get`.
    pub name: String,
    /// The number of arguments, the name included. A negative number is the least number.
    pub arity: i64,
    /// What kind of command it is, such as `readonly` or `blocking`.
    pub flags: Vec<String>,
    /// The position of the first key; 0 if there is none, or if only `key_specs` tell it.
    pub first_key: i64,
    /// The position of the last key; a negative one counts from the end.
    pub last_key: i64,
    /// The distance between two keys.
    pub key_step: i64,
    /// The ACL categories, each with its `@`. **Since**: Redis 6.0.
    pub acl_categories: Vec<String>,
    /// Hints for clients, such as `request_policy:all_shards`. **Since**: Redis 7.0.
    pub tips: Vec<String>,
    /// How the keys are found. **Since**: Redis 7.0.
    pub key_specs: Vec<KeySpec>,
    /// The subcommands. **Since**: Redis 7.0.
    pub subcommands: Vec<Self>,
}

impl FromValue for ServerCommand {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let mut items = Items::of(value, frame, "a command as an array")?;
        Ok(Self {
            name: items.next()?,
            arity: items.next()?,
            flags: items.next()?,
            first_key: items.next()?,
            last_key: items.next()?,
            key_step: items.next()?,
            acl_categories: items.list()?,
            tips: items.list()?,
            key_specs: items.list()?,
            subcommands: items.list()?,
        })
    }
}

record! {
    /// How a server finds keys of a command.
    pub struct KeySpec {
        /// What is to be known about it, in words.
        pub notes: Option<String> = "notes",
        /// What the command does with the keys, such as `RW` or `insert`.
        pub flags: Vec<String> = "flags",
        /// How the first key is found.
        pub begin_search: KeyStep = "begin_search",
        /// How all keys are found from there.
        pub find_keys: KeyStep = "find_keys",
    }
}

/// The documentation of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandDocs {
    /// What it does, in one sentence.
    pub summary: Option<String>,
    /// The version of the server, or of the module, that brought it.
    pub since: Option<String>,
    /// The group of commands.
    pub group: Option<String>,
    /// The complexity in words.
    pub complexity: Option<String>,
    /// The module, if it comes with one.
    pub module: Option<String>,
    /// Such as `deprecated`.
    pub flags: Vec<String>,
    /// The version from which on it is deprecated.
    pub deprecated_since: Option<String>,
    /// What replaces it, if it is deprecated.
    pub replaced_by: Option<String>,
    /// Versions, and what each changed.
    pub history: Vec<(String, String)>,
    /// The arguments.
    pub arguments: Vec<CommandArgument>,
    /// The subcommands by their names, which have a bar: `config|get`.
    pub subcommands: ByName<Self>,
}

impl FromValue for CommandDocs {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let fields = Fields::of(value, frame)?;
        Ok(Self {
            summary: fields.get("summary")?,
            since: fields.get("since")?,
            group: fields.get("group")?,
            complexity: fields.get("complexity")?,
            module: fields.get("module")?,
            flags: list(&fields, "doc_flags")?,
            deprecated_since: fields.get("deprecated_since")?,
            replaced_by: fields.get("replaced_by")?,
            history: list(&fields, "history")?,
            arguments: list(&fields, "arguments")?,
            subcommands: fields.get::<Option<_>>("subcommands")?.unwrap_or_default(),
        })
    }
}

/// An argument of a command, or a group of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandArgument {
    /// The name of the argument.
    pub name: String,
    /// Its type, such as `key`, `integer`, `pure-token`, `oneof` or `block`.
    pub kind: String,
    /// How documentation shows it.
    pub display_text: Option<String>,
    /// The word before it.
    pub token: Option<String>,
    /// For a key, the index of its specification in [`ServerCommand::key_specs`].
    pub key_spec_index: Option<u64>,
    /// What it is for.
    pub summary: Option<String>,
    /// The version that brought it.
    pub since: Option<String>,
    /// The version from which on it is deprecated.
    pub deprecated_since: Option<String>,
    /// Such as `optional` or `multiple`.
    pub flags: Vec<String>,
    /// The arguments of a group.
    pub arguments: Vec<Self>,
}

impl FromValue for CommandArgument {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let fields = Fields::of(value, frame)?;
        Ok(Self {
            name: fields.get("name")?,
            kind: fields.get("type")?,
            display_text: fields.get("display_text")?,
            token: fields.get("token")?,
            key_spec_index: fields.get("key_spec_index")?,
            summary: fields.get("summary")?,
            since: fields.get("since")?,
            deprecated_since: fields.get("deprecated_since")?,
            flags: list(&fields, "flags")?,
            arguments: list(&fields, "arguments")?,
        })
    }
}

record! {
    /// One step of finding keys.
    pub struct KeyStep {
        /// The method, such as `index`, `keyword` or `range`.
        pub method: String = "type",
        /// The parameters of the method.
        pub parameters: ByName<String> = "spec",
    }
}
