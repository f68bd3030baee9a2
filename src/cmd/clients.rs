//! Connections of clients, and messages of a connection.
//!
//! A node numbers the connections of its own clients. Each connection of hashslot to a node counts
//! as a client there.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::str::FromStr;
use core::time::Duration;

use super::record::record;
use super::replies::PerNode;
use super::time::{milliseconds, whole_seconds};
use super::typed::{Typed, start, with_options};
use crate::command::{Arg, FromValue, OneOrMore, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// Returns the name of the connection to one node: `CLIENT GETNAME`.
///
/// `None` if it has no name. The command needs a target.
///
/// **Since**: Redis 2.6.9. **Complexity**: O(1).
#[inline]
pub fn client_getname() -> Typed<Option<String>> {
    start!("CLIENT GETNAME")
}

/// Returns the connection that notices of tracking are redirected to: `CLIENT GETREDIR`.
///
/// 0 if tracking is on and nothing is redirected, -1 if tracking is off. The command needs a
/// target.
///
/// **Since**: Redis 6.0. **Complexity**: O(1).
#[inline]
pub fn client_getredir() -> Typed<i64> {
    start!("CLIENT GETREDIR")
}

/// Returns the number that a node has for the connection: `CLIENT ID`.
///
/// The command needs a target.
///
/// **Since**: Redis 5.0. **Complexity**: O(1).
#[inline]
pub fn client_id() -> Typed<u64> {
    start!("CLIENT ID")
}

/// Returns what a node knows about the connection: `CLIENT INFO`.
///
/// The command needs a target.
///
/// **Since**: Redis 6.2. **Complexity**: O(1).
#[inline]
pub fn client_info() -> Typed<ClientInfo> {
    start!("CLIENT INFO")
}

with_options! {
    /// `CLIENT KILL`, made by [`client_kill`]: which connections.
    ClientKill
}

/// Closes connections to any of the nodes, and returns how many: `CLIENT KILL`.
///
/// The filters are methods of [`ClientKill`]. At least one is needed, and all of them have to fit.
/// The command goes to all nodes; the connection that it goes through stays open unless
/// [`ClientKill::include_me`] is set.
///
/// **Since**: Redis 2.4; filters since 2.8.12. **Complexity**: O(n) in the number of connections.
///
/// ```
/// use std::time::Duration;
/// use hashslot::cmd;
/// let command = cmd::client_kill().user("ann").max_age(Duration::from_secs(3600));
/// ```
#[inline]
pub fn client_kill() -> ClientKill<u64> {
    ClientKill(start!("CLIENT KILL"))
}

with_options! {
    /// `CLIENT LIST`, made by [`client_list`]: which connections.
    ClientList
}

/// Returns the connections of each node: `CLIENT LIST`.
///
/// The command goes to all nodes. The filters are methods of [`ClientList`]. Redis takes one
/// filter, [`kind`](ClientList::kind) or [`id`](ClientList::id); Valkey takes several since 8.1.
///
/// **Since**: Redis 2.4. **Complexity**: O(n) in the number of connections.
#[inline]
pub fn client_list() -> ClientList<PerNode<Vec<ClientInfo>>> {
    ClientList(start!("CLIENT LIST"))
}

/// The filters of connections, as methods of a command.
macro_rules! filters {
    ($first:ident, $second:ident $filters:tt) => {
        filters! { @ $first $filters }
        filters! { @ $second $filters }
    };
    (@ $name:ident { $(
        $(#[$attribute:meta])* $filter:ident / $not_filter:ident: $word:literal / $not_word:literal,
    )* }) => {
        impl<R> $name<R> {
            /// Those with these numbers: `ID`. More than one is possible in Valkey since 9.0, and
            /// in a list since Redis 6.2.
            pub fn id(self, ids: impl OneOrMore) -> Self {
                Self(self.0.arg("ID").args(ids))
            }

            /// All but those with these numbers: `NOT-ID`. **Since**: Valkey 9.0.
            pub fn not_id(self, ids: impl OneOrMore) -> Self {
                Self(self.0.arg("NOT-ID").args(ids))
            }

            /// Those of this kind: `TYPE`.
            #[doc(alias = "type")]
            pub fn kind(self, kind: ClientKind) -> Self {
                Self(self.0.arg("TYPE").arg(kind))
            }

            /// Those of any other kind: `NOT-TYPE`. **Since**: Valkey 9.0.
            #[doc(alias = "not_type")]
            pub fn not_kind(self, kind: ClientKind) -> Self {
                Self(self.0.arg("NOT-TYPE").arg(kind))
            }

            /// Those that are older than this, in whole seconds: `MAXAGE`. **Since**: Redis 7.4,
            /// Valkey 8.0.
            #[doc(alias = "maxage")]
            pub fn max_age(self, age: Duration) -> Self {
                Self(self.0.arg("MAXAGE").arg(whole_seconds(age)))
            }

            /// Those that sent nothing for this long, in whole seconds: `IDLE`. **Since**: Valkey
            /// 9.0.
            pub fn idle(self, idle: Duration) -> Self {
                Self(self.0.arg("IDLE").arg(whole_seconds(idle)))
            }

            /// Also the connection that the command goes through: `SKIPME NO`.
            #[doc(alias = "skipme")]
            pub fn include_me(self) -> Self {
                Self(self.0.arg("SKIPME").arg("NO"))
            }

            $(
                $(#[$attribute])*
                pub fn $filter(self, value: impl ToArg) -> Self {
                    Self(self.0.arg($word).arg(value))
                }

                #[doc = concat!("All but those: `", $not_word, "`. **Since**: Valkey 9.0.")]
                pub fn $not_filter(self, value: impl ToArg) -> Self {
                    Self(self.0.arg($not_word).arg(value))
                }
            )*
        }
    };
}

filters! {
    ClientKill, ClientList {
        /// Those of this user: `USER`.
        user / not_user: "USER" / "NOT-USER",
        /// The one with this address of the client, host and port: `ADDR`.
        address / not_address: "ADDR" / "NOT-ADDR",
        /// Those that are connected to this address of the node, host and port: `LADDR`. **Since**:
        /// Redis 6.2.
        local_address / not_local_address: "LADDR" / "NOT-LADDR",
        /// Those with this name: `NAME`. **Since**: Valkey 9.0.
        name / not_name: "NAME" / "NOT-NAME",
        /// Those with these flags: `FLAGS`. **Since**: Valkey 9.0.
        flags / not_flags: "FLAGS" / "NOT-FLAGS",
        /// Those of this client library: `LIB-NAME`. **Since**: Valkey 9.0.
        library_name / not_library_name: "LIB-NAME" / "NOT-LIB-NAME",
        /// Those of this version of a client library: `LIB-VER`. **Since**: Valkey 9.0.
        library_version / not_library_version: "LIB-VER" / "NOT-LIB-VER",
        /// Those that use this database: `DB`. **Since**: Valkey 9.0.
        database / not_database: "DB" / "NOT-DB",
        /// Those with this capability: `CAPA`. **Since**: Valkey 9.0.
        capability / not_capability: "CAPA" / "NOT-CAPA",
        /// Those from this IP address: `IP`. **Since**: Valkey 9.0.
        ip / not_ip: "IP" / "NOT-IP",
    }
}

/// The kinds of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientKind {
    /// Those that send commands.
    Normal,
    /// The one to the primary of the node.
    Primary,
    /// Those of replicas of the node.
    Replica,
    /// Those that subscribe to channels.
    PubSub,
}

impl ToArg for ClientKind {
    /// The word that all versions know.
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        match self {
            Self::Normal => "normal",
            Self::Primary => "master",
            Self::Replica => "replica",
            Self::PubSub => "pubsub",
        }
        .to_arg()
    }
}

/// What a node knows about a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientInfo {
    /// The number of the connection.
    pub id: u64,
    /// The address of the client, host and port.
    pub address: String,
    /// The name that the client gave it.
    pub name: Option<String>,
    /// How long it exists, in whole seconds.
    pub age: Duration,
    /// How long ago the client sent something, in whole seconds.
    pub idle: Duration,
    /// What it is, one letter for each property, such as `N` for nothing special.
    pub flags: String,
    /// The database that it uses.
    pub database: u64,
    /// The user that it is authenticated as. **Since**: Redis 6.0.
    pub user: Option<String>,
    /// The last command, such as `get` or `client|list`.
    pub command: Option<String>,
    line: String,
}

impl ClientInfo {
    /// Another field by the name that the server gives it, such as `tot-mem` or `lib-name`.
    #[must_use]
    #[inline]
    pub fn get(&self, name: &str) -> Option<&str> {
        field(&self.line, name)
    }

    /// All fields with their names.
    #[inline]
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.line.split(' ').filter_map(|field| field.split_once('='))
    }

    #[inline]
    fn of(line: &str) -> Result<Self, ConversionError> {
        let text = |name| field(line, name).filter(|value| !value.is_empty()).map(String::from);
        Ok(Self {
            id: number(line, "id")?,
            address: text("addr").unwrap_or_default(),
            name: text("name"),
            age: Duration::from_secs(number(line, "age")?),
            idle: Duration::from_secs(number(line, "idle")?),
            flags: text("flags").unwrap_or_default(),
            database: number(line, "db")?,
            user: text("user"),
            command: text("cmd").filter(|command| command != "NULL"),
            line: line.to_string(),
        })
    }
}

impl FromValue for ClientInfo {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        Self::of(String::from_value(value, frame)?.trim_end())
    }

    /// Reads a text of one line for each connection.
    #[inline]
    fn vec_from_value(value: &Value<'_>, frame: &Frame) -> Result<Vec<Self>, ConversionError> {
        lines(value, frame, Self::of)
    }
}

/// What is made of each line of a text, or of each element of an array of lines.
pub(super) fn lines<T: FromValue>(
    value: &Value<'_>,
    frame: &Frame,
    read: impl Fn(&str) -> Result<T, ConversionError>,
) -> Result<Vec<T>, ConversionError> {
    if let Some(elements) = value.elements() {
        let each = elements.enumerate();
        let read = |(index, line)| T::from_value(&line, frame).map_err(|error| error.at(index));
        return each.map(read).collect();
    }
    let text = String::from_value(value, frame)?;
    let lines = text.lines().filter(|line| !line.is_empty()).enumerate();
    lines.map(|(index, line)| read(line).map_err(|error| error.at(index))).collect()
}

/// The value of `name=value` in a line.
#[inline]
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = line.split(' ').filter_map(|field| field.split_once('='));
    fields.find(|(found, _)| *found == name).map(|(_, value)| value)
}

fn number<T: FromStr>(line: &str, name: &'static str) -> Result<T, ConversionError> {
    let number = field(line, name).and_then(|value| value.parse().ok());
    number.ok_or_else(|| ConversionError::custom("not the line of a connection").at_field(name))
}

with_options! {
    /// `CLIENT PAUSE`, made by [`client_pause`].
    ClientPause
}

/// Makes all nodes wait with the commands of all clients for some time: `CLIENT PAUSE`.
///
/// [`client_unpause`] ends it earlier.
///
/// **Since**: Redis 3.0. **Complexity**: O(1).
#[inline]
pub fn client_pause(duration: Duration) -> ClientPause<()> {
    ClientPause(start!("CLIENT PAUSE").arg(milliseconds(duration)))
}

impl<R> ClientPause<R> {
    /// Only with commands that may write: `WRITE`. **Since**: Redis 6.2.
    #[doc(alias = "write")]
    pub fn writes(self) -> Self {
        Self(self.0.arg("WRITE"))
    }

    /// With all commands, which is the default: `ALL`. **Since**: Redis 6.2.
    pub fn all(self) -> Self {
        Self(self.0.arg("ALL"))
    }
}

/// Returns how tracking of keys is set for the connection to one node: `CLIENT TRACKINGINFO`.
///
/// The command needs a target.
///
/// **Since**: Redis 6.2. **Complexity**: O(1).
#[inline]
pub fn client_trackinginfo() -> Typed<TrackingInfo> {
    start!("CLIENT TRACKINGINFO")
}

record! {
    /// How tracking of keys is set for a connection.
    pub struct TrackingInfo {
        /// Such as `off`, `on` or `bcast`.
        pub flags: Vec<String> = "flags",
        /// The connection that notices are redirected to; 0 if none is, -1 if tracking is off.
        pub redirect: i64 = "redirect",
        /// The prefixes of the keys that are tracked.
        pub prefixes: Vec<String> = "prefixes",
    }
}

with_options! {
    /// `CLIENT UNBLOCK`, made by [`client_unblock`].
    ClientUnblock
}

/// Ends the waiting of a connection, and returns whether it waited: `CLIENT UNBLOCK`.
///
/// The command goes to all nodes. A node numbers its own connections: name the node as the target
/// if others may have a connection of that number.
///
/// **Since**: Redis 5.0. **Complexity**: O(log n) in the number of connections.
#[inline]
pub fn client_unblock(id: u64) -> ClientUnblock<bool> {
    ClientUnblock(start!("CLIENT UNBLOCK").arg(id))
}

impl<R> ClientUnblock<R> {
    /// The command that waits gets an error: `ERROR`.
    pub fn error(self) -> Self {
        Self(self.0.arg("ERROR"))
    }

    /// The command that waits ends as if its time was over, which is the default: `TIMEOUT`.
    pub fn timeout(self) -> Self {
        Self(self.0.arg("TIMEOUT"))
    }
}

/// Makes all nodes serve the commands of all clients again: `CLIENT UNPAUSE`.
///
/// **Since**: Redis 6.2. **Complexity**: O(n) in the number of clients that wait.
#[inline]
pub fn client_unpause() -> Typed<()> {
    start!("CLIENT UNPAUSE")
}
