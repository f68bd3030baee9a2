//! Users and their permissions.
//!
//! Servers keep users each for itself: the commands that change them go to all nodes.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::clients::ClientInfo;
use super::record::Fields;
use super::replies::{PerNode, PerNodeResult, list};
use super::time::UnixTime;
use super::typed::{Typed, TypedCommand, each, start, with_options};
use crate::command::{FromValue, OneOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

with_options! {
    /// `ACL CAT`, made by [`acl_cat`].
    AclCat
}

/// Returns the categories of commands: `ACL CAT`.
///
/// **Since**: Redis 6.0. **Complexity**: O(1).
#[inline]
pub fn acl_cat() -> AclCat<Vec<String>> {
    AclCat(start!("ACL CAT"))
}

impl<R> AclCat<R> {
    /// Returns the commands of this category instead.
    pub fn category(self, category: impl ToArg) -> Self {
        Self(self.0.arg(category))
    }
}

/// Deletes users on all nodes, and returns how many there were: `ACL DELUSER`.
///
/// Connections of these users are closed.
///
/// **Since**: Redis 6.0. **Complexity**: O(n) in the number of users.
pub fn acl_deluser(users: impl OneOrMore) -> Typed<u64> {
    start!("ACL DELUSER").args(users)
}

/// Returns whether a user may run a command, which is not run: `ACL DRYRUN`.
///
/// A user that is missing is an error of the server.
///
/// **Since**: Redis 7.0. **Complexity**: O(1).
///
/// ```
/// use hashslot::cmd;
/// let may_ann_write = cmd::acl_dryrun("ann", cmd::set("user:1", "x"));
/// ```
pub fn acl_dryrun(user: impl ToArg, command: impl TypedCommand) -> Typed<AclVerdict> {
    start!("ACL DRYRUN").arg(user).args(each(command.into_command().arguments()))
}

/// Whether a user may run a command: the reply of [`acl_dryrun`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AclVerdict {
    /// The user may.
    Allowed,
    /// The user may not, for this reason.
    Denied(String),
}

impl AclVerdict {
    /// Whether the user may run the command.
    #[must_use]
    #[inline]
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed)
    }
}

impl FromValue for AclVerdict {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let text = String::from_value(value, frame)?;
        Ok(if text == "OK" { Self::Allowed } else { Self::Denied(text) })
    }
}

with_options! {
    /// `ACL GENPASS`, made by [`acl_genpass`].
    AclGenPass
}

/// Returns a random password of 256 bits in hexadecimal digits: `ACL GENPASS`.
///
/// **Since**: Redis 6.0. **Complexity**: O(1).
#[inline]
pub fn acl_genpass() -> AclGenPass<String> {
    AclGenPass(start!("ACL GENPASS"))
}

impl<R> AclGenPass<R> {
    /// How many bits the password has; each digit has four.
    pub fn bits(self, bits: u64) -> Self {
        Self(self.0.arg(bits))
    }
}

/// Returns the rules of a user: `ACL GETUSER`.
///
/// `None` if there is no such user.
///
/// **Since**: Redis 6.0. **Complexity**: O(n) in the number of rules.
pub fn acl_getuser(user: impl ToArg) -> Typed<Option<AclUser>> {
    start!("ACL GETUSER").arg(user)
}

/// The rules of a user: the reply of [`acl_getuser`].
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AclUser {
    /// Such as `on`, `off` or `nopass`.
    pub flags: Vec<String>,
    /// The SHA-256 hashes of the passwords. `Debug` does not show them.
    pub password_hashes: Vec<String>,
    /// The commands that the user may run, as rules: `-@all +get`.
    pub commands: String,
    /// The keys that the user may use, as rules: `~app:*`, `%R~log:*`.
    pub keys: Vec<String>,
    /// The channels that the user may use, as rules: `&news.*`. **Since**: Redis 6.2.
    pub channels: Vec<String>,
    /// The databases that the user may use, as a rule. **Since**: Valkey 9.1.
    pub databases: Option<String>,
    /// More sets of rules, of which one has to allow a command. **Since**: Redis 7.0.
    pub selectors: Vec<AclSelector>,
}

impl fmt::Debug for AclUser {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AclUser")
            .field("flags", &self.flags)
            .field("password_hashes", &format_args!("[{} hidden]", self.password_hashes.len()))
            .field("commands", &self.commands)
            .field("keys", &self.keys)
            .field("channels", &self.channels)
            .field("databases", &self.databases)
            .field("selectors", &self.selectors)
            .finish()
    }
}

impl FromValue for AclUser {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let fields = Fields::of(value, frame)?;
        let Rules { commands, keys, channels, databases } = Rules::of(&fields)?;
        Ok(Self {
            flags: list(&fields, "flags")?,
            password_hashes: list(&fields, "passwords")?,
            commands,
            keys,
            channels,
            databases,
            selectors: list(&fields, "selectors")?,
        })
    }
}

/// Rules of a user beside those that the user itself has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AclSelector {
    /// The commands, as rules.
    pub commands: String,
    /// The keys, as rules.
    pub keys: Vec<String>,
    /// The channels, as rules.
    pub channels: Vec<String>,
    /// The databases, as a rule. **Since**: Valkey 9.1.
    pub databases: Option<String>,
}

impl FromValue for AclSelector {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let Rules { commands, keys, channels, databases } = Rules::of(&Fields::of(value, frame)?)?;
        Ok(Self { commands, keys, channels, databases })
    }
}

/// What users and selectors have in common.
struct Rules {
    commands: String,
    keys: Vec<String>,
    channels: Vec<String>,
    databases: Option<String>,
}

impl Rules {
    #[inline]
    fn of(fields: &Fields<'_, '_>) -> Result<Self, ConversionError> {
        Ok(Self {
            commands: fields.get("commands")?,
            keys: fields.get::<Patterns>("keys")?.into_rules('~'),
            channels: fields.get::<Patterns>("channels")?.into_rules('&'),
            databases: fields.get("databases")?,
        })
    }
}

/// Patterns of keys or channels.
enum Patterns {
    /// Since Redis 7.0: rules with blanks between them.
    Rules(String),
    /// Before: patterns without what makes them rules.
    Bare(Vec<String>),
}

impl Patterns {
    /// Each pattern as a rule that begins with `sign`.
    #[inline]
    fn into_rules(self, sign: char) -> Vec<String> {
        match self {
            Self::Rules(text) => text.split_whitespace().map(ToString::to_string).collect(),
            Self::Bare(patterns) => {
                patterns.iter().map(|pattern| format!("{sign}{pattern}")).collect()
            }
        }
    }
}

impl FromValue for Patterns {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        if value.is_null() {
            return Ok(Self::Bare(Vec::new()));
        }
        match value.elements() {
            Some(_) => Vec::from_value(value, frame).map(Self::Bare),
            None => String::from_value(value, frame).map(Self::Rules),
        }
    }
}

/// Returns all users, each as the line that an ACL file has for it: `ACL LIST`.
///
/// The lines have the SHA-256 hashes of passwords.
///
/// **Since**: Redis 6.0. **Complexity**: O(n) in the number of users.
#[inline]
pub fn acl_list() -> Typed<Vec<String>> {
    start!("ACL LIST")
}

/// Replaces the users of all nodes by those in their ACL files: `ACL LOAD`.
///
/// A node without such a file has an error.
///
/// **Since**: Redis 6.0. **Complexity**: O(n) in the number of users.
#[inline]
pub fn acl_load() -> Typed<()> {
    start!("ACL LOAD")
}

with_options! {
    /// `ACL LOG`, made by [`acl_log`].
    AclLog
}

/// Returns what each node denied lately, the newest first: `ACL LOG`.
///
/// The command goes to all nodes. Without [`AclLog::count`] ten entries are returned.
///
/// **Since**: Redis 6.0. **Complexity**: O(n) in the number of entries that are returned.
#[inline]
pub fn acl_log() -> AclLog<PerNode<Vec<AclLogEntry>>> {
    AclLog(start!("ACL LOG"))
}

impl<R> AclLog<R> {
    /// Returns at most so many entries.
    pub fn count(self, count: u64) -> Self {
        Self(self.0.arg(count))
    }

    /// Deletes the entries of all nodes instead, and returns what became of it: `RESET`.
    pub fn reset(self) -> Typed<PerNodeResult<()>> {
        self.0.arg("RESET").reply()
    }
}

/// Something that a server denied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AclLogEntry {
    /// How often it happened within a minute.
    pub count: u64,
    /// Why it was denied: `command`, `key`, `channel` or `auth`.
    pub reason: String,
    /// Where it happened: `toplevel`, `multi`, `lua` or `module`.
    pub context: String,
    /// The command, the key or the channel.
    pub object: String,
    /// The user that was denied, or whose name was given.
    pub username: String,
    /// How long ago it happened.
    pub age: Duration,
    /// The connection.
    pub client: ClientInfo,
    /// The number of the entry. **Since**: Redis 7.2.
    pub id: Option<u64>,
    /// When it happened first. **Since**: Redis 7.2.
    pub created: Option<UnixTime>,
    /// When it happened last. **Since**: Redis 7.2.
    pub updated: Option<UnixTime>,
}

impl FromValue for AclLogEntry {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let fields = Fields::of(value, frame)?;
        let age = Duration::try_from_secs_f64(fields.get("age-seconds")?);
        let no_age = |error| ConversionError::custom(error).at_field("age-seconds");
        Ok(Self {
            count: fields.get("count")?,
            reason: fields.get("reason")?,
            context: fields.get("context")?,
            object: fields.get("object")?,
            username: fields.get("username")?,
            age: age.map_err(no_age)?,
            client: fields.get("client-info")?,
            id: fields.get("entry-id")?,
            created: fields.get("timestamp-created")?,
            updated: fields.get("timestamp-last-updated")?,
        })
    }
}

/// Writes the users of all nodes to their ACL files: `ACL SAVE`.
///
/// A node without such a file has an error.
///
/// **Since**: Redis 6.0. **Complexity**: O(n) in the number of users.
#[inline]
pub fn acl_save() -> Typed<()> {
    start!("ACL SAVE")
}

/// Creates a user on all nodes, or adds rules to one: `ACL SETUSER`.
///
/// Rules are as in an ACL file: `on`, `>password`, `~app:*`, `+@read`. `reset` removes those that
/// the user has. Errors do not show rules, which may be passwords.
///
/// **Since**: Redis 6.0. **Complexity**: O(n) in the number of rules.
///
/// ```
/// use hashslot::cmd;
/// let command = cmd::acl_setuser("ann", ["reset", "on", ">secret", "~app:*", "+@read"]);
/// assert!(!format!("{command:?}").contains("secret"));
/// ```
pub fn acl_setuser(user: impl ToArg, rules: impl OneOrMore) -> Typed<()> {
    start!("ACL SETUSER").arg(user).args(rules)
}

/// Returns the names of all users: `ACL USERS`.
///
/// **Since**: Redis 6.0. **Complexity**: O(n) in the number of users.
#[inline]
pub fn acl_users() -> Typed<Vec<String>> {
    start!("ACL USERS")
}

/// Returns the name of the user that the client is: `ACL WHOAMI`.
///
/// **Since**: Redis 6.0. **Complexity**: O(1).
#[inline]
pub fn acl_whoami() -> Typed<String> {
    start!("ACL WHOAMI")
}
