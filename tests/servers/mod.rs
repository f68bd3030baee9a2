//! Real servers, scripted nodes and a misbehaving network, all on loopback, for tests and tools.
//!
//! - [`cluster`] runs a cluster of real server processes and reshards it, fails it over, breaks it.
//! - `repair` makes a cluster what it was at its start, between two tests.
//! - [`fake`] is a node that answers what a test tells it to.
//! - [`proxy`] stands in front of a node and splits, delays, holds or cuts the bytes.
//! - [`tls`] has servers speak TLS and nothing else.
//! - [`lone`] is one server on its own.
//! - [`slots`] knows the slot of a key, and a key of a slot.
//! - [`process`] starts and ends the servers.
//! - [`raw`] is a small blocking connection. It shares no code with the crate, so what it sees is
//!   evidence: tests check the crate against it.
//!
//! Only the standard library is used. A user declares the module by its path:
//! `#[path = "../servers/mod.rs"] mod servers;`.
//!
//! `scripts/servers` puts server binaries where [`find`] looks: `target/servers/<name>/server`.

#![allow(dead_code, reason = "each user needs a part of the harness")]
#![allow(unreachable_pub, reason = "pub says what the harness offers; its users are binaries")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]
#![allow(clippy::missing_errors_doc, reason = "an io::Error says what happened, and ends the test")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a reply is of the asked type or is not")]
#![allow(clippy::must_use_candidate, reason = "noise in test code")]

pub mod cluster;
pub mod fake;
pub mod lone;
pub mod node;
pub mod process;
pub mod proxy;
pub mod raw;
mod repair;
pub mod slots;
pub mod tls;

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// The names of the servers that the tests know, oldest first: product and version.
pub const NAMES: [&str; 5] = ["redis-6.2", "redis-7.0", "redis-8.2", "valkey-8.1", "valkey-9.1"];

/// The order in which [`find_any`] looks: the most common version, then the newest first.
const PREFERENCE: [&str; 5] = ["redis-7.0", "valkey-9.1", "redis-8.2", "valkey-8.1", "redis-6.2"];

/// The server binary of that name (one of [`NAMES`]), if it has been fetched.
///
/// Looks in the folder that `HASHSLOT_SERVERS` names, then in `servers` of `CARGO_TARGET_DIR`, then
/// in `target/servers` of the package and of the folders around it.
pub fn find(name: &str) -> Option<PathBuf> {
    let named = [
        env::var_os("HASHSLOT_SERVERS").map(PathBuf::from),
        env::var_os("CARGO_TARGET_DIR").map(|target| Path::new(&target).join("servers")),
    ];
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let around = package.ancestors().map(|folder| folder.join("target/servers"));
    let folders = named.into_iter().flatten().chain(around);
    folders.map(|folder| folder.join(name).join("server")).find(|binary| binary.is_file())
}

/// Some server binary: a fetched one, else `redis-server` or `valkey-server` on the path.
pub fn find_any() -> Option<PathBuf> {
    PREFERENCE.into_iter().find_map(find).or_else(|| {
        let path = env::var_os("PATH")?;
        ["redis-server", "valkey-server"].into_iter().find_map(|program| {
            env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
        })
    })
}

/// As [`find`]; when there is none, says on stderr that the test is skipped.
///
/// # Panics
///
/// When there is none and `CI` is `true`: nothing is skipped there.
pub fn find_or_skip(name: &str) -> Option<PathBuf> {
    or_skip(find(name), name)
}

/// As [`find_any`]; when there is none, says on stderr that the test is skipped.
///
/// # Panics
///
/// When there is none and `CI` is `true`: nothing is skipped there.
pub fn find_any_or_skip() -> Option<PathBuf> {
    or_skip(find_any(), "redis-server or valkey-server")
}

fn or_skip(found: Option<PathBuf>, what: &str) -> Option<PathBuf> {
    if found.is_none() {
        let ci = env::var("CI").is_ok_and(|value| value == "true");
        assert!(!ci, "no {what}: run scripts/servers");
        eprintln!("skipped: no {what}; scripts/servers fetches it");
    }
    found
}

/// What a server binary is: product and version. Compares by product, then version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Whether it is Valkey; else it is Redis.
    pub valkey: bool,
    /// The major version.
    pub major: u32,
    /// The minor version.
    pub minor: u32,
}

impl Version {
    /// The version that a server binary prints.
    pub fn of(server: &Path) -> io::Result<Self> {
        let output = Command::new(server).arg("--version").output()?;
        let line = String::from_utf8_lossy(&output.stdout);
        Self::parse(&line).ok_or_else(|| io::Error::other(format!("not a server version: {line}")))
    }

    fn parse(line: &str) -> Option<Self> {
        let (product, rest) = line.split_once(" server v=")?;
        let mut parts = rest.split(['.', ' ']).map(str::parse);
        let (major, minor) = (parts.next()?.ok()?, parts.next()?.ok()?);
        Some(Self { valkey: product.ends_with("Valkey"), major, minor })
    }

    /// Whether the server is at least this version, Redis or Valkey (which began as Redis 7.2).
    pub fn at_least(&self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

/// Asks `condition` again and again until it holds. An error of it counts as "not yet".
///
/// **Errors**: `TimedOut` with `what` and the last error, when `limit` passes first.
pub fn wait_until(
    what: &str,
    limit: Duration,
    mut condition: impl FnMut() -> io::Result<bool>,
) -> io::Result<()> {
    let deadline = Instant::now() + limit;
    loop {
        let last = match condition() {
            Ok(true) => return Ok(()),
            Ok(false) => String::new(),
            Err(error) => format!(": {error}"),
        };
        if Instant::now() >= deadline {
            let message = format!("{what}: not within {limit:?}{last}");
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        thread::sleep(Duration::from_millis(20));
    }
}
