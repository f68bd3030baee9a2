//! Functions: libraries of Lua code that are loaded on servers and stay there.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use super::options::flush_options;
use super::record::{Fields, record};
use super::replies::PerNode;
use super::scripting::Invocation;
use super::typed::{Typed, start, with_options};
use crate::command::{FromValue, ToArg};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// Calls a function and returns what it returns: `FCALL`.
///
/// Keys and arguments are methods of [`Invocation`]. Without keys any primary runs it. A function
/// that may have run is not run again; [`fcall_ro`] may be.
///
/// **Since**: Redis 7.0. **Complexity**: O(1), and what the function does.
///
/// ```
/// use hashslot::cmd;
/// let command = cmd::fcall::<i64>("take").key("stock:7").arg(3);
/// ```
pub fn fcall<V: FromValue>(function: impl ToArg) -> Invocation<V> {
    Invocation::of(start!("FCALL").arg(function))
}

/// Calls a function that only reads, and returns what it returns: `FCALL_RO`.
///
/// As [`fcall`], but servers refuse functions without the flag `no-writes`. It may be sent again
/// when it may have run, and replicas may run it.
///
/// **Since**: Redis 7.0. **Complexity**: O(1), and what the function does.
pub fn fcall_ro<V: FromValue>(function: impl ToArg) -> Invocation<V> {
    Invocation::of(start!("FCALL_RO").arg(function))
}

/// Deletes a library from all primaries: `FUNCTION DELETE`.
///
/// A missing library is an error of the server.
///
/// **Since**: Redis 7.0. **Complexity**: O(1).
pub fn function_delete(library: impl ToArg) -> Typed<()> {
    start!("FUNCTION DELETE").arg(library)
}

/// Returns all libraries of a primary in one piece, for [`function_restore`]: `FUNCTION DUMP`.
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of functions.
#[inline]
pub fn function_dump() -> Typed<Bytes> {
    start!("FUNCTION DUMP")
}

with_options! {
    /// `FUNCTION FLUSH`, made by [`function_flush`]: whether it waits.
    FunctionFlush
}

/// Deletes all libraries of all primaries: `FUNCTION FLUSH`.
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of functions.
#[inline]
pub fn function_flush() -> FunctionFlush<()> {
    FunctionFlush(start!("FUNCTION FLUSH"))
}

flush_options!(FunctionFlush);

/// Ends the functions that primaries are running: `FUNCTION KILL`.
///
/// An error of the server if no primary runs a function that can be ended (`NOTBUSY`), or if the
/// function has written already (`UNKILLABLE`).
///
/// **Since**: Redis 7.0. **Complexity**: O(1).
#[inline]
pub fn function_kill() -> Typed<()> {
    start!("FUNCTION KILL")
}

with_options! {
    /// `FUNCTION LIST`, made by [`function_list`]: which libraries are told, and whether their code
    /// is.
    FunctionList
}

/// Returns the libraries of a primary with their functions: `FUNCTION LIST`.
///
/// The options are methods of [`FunctionList`].
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of functions.
#[inline]
pub fn function_list() -> FunctionList<Vec<LibraryInfo>> {
    FunctionList(start!("FUNCTION LIST"))
}

impl<R> FunctionList<R> {
    /// Only libraries whose names match a pattern: `LIBRARYNAME`.
    #[doc(alias = "libraryname")]
    pub fn library(self, pattern: impl ToArg) -> Self {
        Self(self.0.arg("LIBRARYNAME").arg(pattern))
    }

    /// Returns the code of the libraries too: `WITHCODE`.
    #[doc(alias = "withcode")]
    pub fn with_code(self) -> Self {
        Self(self.0.arg("WITHCODE"))
    }
}

record! {
    /// A library: an element of what [`function_list`] returns.
    pub struct LibraryInfo {
        /// Its name.
        pub name: String = "library_name",
        /// What runs its code: `LUA`.
        pub engine: String = "engine",
        /// Its functions.
        pub functions: Vec<FunctionInfo> = "functions",
        /// Its code, if [`FunctionList::with_code`] asked for it.
        pub code: Option<Bytes> = "library_code",
    }
}

record! {
    /// A function of a library: an element of [`LibraryInfo::functions`].
    pub struct FunctionInfo {
        /// Its name.
        pub name: String = "name",
        /// What the library says about it.
        pub description: Option<String> = "description",
        /// Its flags, such as `no-writes`.
        pub flags: Vec<String> = "flags",
    }
}

with_options! {
    /// `FUNCTION LOAD`, made by [`function_load`]: whether it replaces a library.
    FunctionLoad
}

/// Loads a library on all primaries and returns its name: `FUNCTION LOAD`.
///
/// The first line of the code names the engine and the library: `#!lua name=shop`. A library of
/// this name is an error of the server unless [`FunctionLoad::replace`] is set.
///
/// **Since**: Redis 7.0. **Complexity**: O(1), and the length of the code.
pub fn function_load(code: impl ToArg) -> FunctionLoad<String> {
    FunctionLoad(start!("FUNCTION LOAD").arg(code))
}

impl<R> FunctionLoad<R> {
    /// Replaces a library of the same name: `REPLACE`.
    pub fn replace(self) -> Self {
        Self(self.0.insert_after(2, ["REPLACE"]))
    }
}

with_options! {
    /// `FUNCTION RESTORE`, made by [`function_restore`]: what becomes of libraries that are loaded.
    FunctionRestore
}

/// Loads on all primaries the libraries that [`function_dump`] returned: `FUNCTION RESTORE`.
///
/// A library whose name is taken is an error of the server, and none is loaded, unless an option of
/// [`FunctionRestore`] says otherwise.
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of functions.
pub fn function_restore(dump: impl ToArg) -> FunctionRestore<()> {
    FunctionRestore(start!("FUNCTION RESTORE").arg(dump))
}

impl<R> FunctionRestore<R> {
    /// Deletes all libraries before: `FLUSH`.
    pub fn flush(self) -> Self {
        Self(self.0.arg("FLUSH"))
    }

    /// Keeps libraries that are loaded: `APPEND`, which servers take as the default.
    pub fn append(self) -> Self {
        Self(self.0.arg("APPEND"))
    }

    /// Replaces libraries of the same names: `REPLACE`.
    pub fn replace(self) -> Self {
        Self(self.0.arg("REPLACE"))
    }
}

/// Returns what functions each primary runs and has: `FUNCTION STATS`.
///
/// The reply is a map from the address of each primary.
///
/// **Since**: Redis 7.0. **Complexity**: O(1).
#[inline]
pub fn function_stats() -> Typed<PerNode<FunctionStats>> {
    start!("FUNCTION STATS")
}

record! {
    /// What functions a primary runs and has: what [`function_stats`] returns for each.
    pub struct FunctionStats {
        /// The function that runs now.
        pub running: Option<RunningFunction> = "running_script",
        /// The engines that run code, by name.
        pub engines: Vec<(String, EngineStats)> = "engines",
    }
}

record! {
    /// What an engine has: in [`FunctionStats::engines`].
    pub struct EngineStats {
        /// The number of its libraries.
        pub libraries: u64 = "libraries_count",
        /// The number of its functions.
        pub functions: u64 = "functions_count",
    }
}

/// A function that runs: [`FunctionStats::running`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningFunction {
    /// Its name.
    pub name: String,
    /// The command that called it, with its arguments.
    pub command: Vec<Bytes>,
    /// How long it has run.
    pub duration: Duration,
}

impl FromValue for RunningFunction {
    #[inline]
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let fields = Fields::of(value, frame)?;
        Ok(Self {
            name: fields.get("name")?,
            command: fields.get("command")?,
            duration: Duration::from_millis(fields.get("duration_ms")?),
        })
    }
}
