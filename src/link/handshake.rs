//! Setting up a connection: protocol, credentials, name, role.
//!
//! Theory of operation. Everything leaves in one write: `HELLO 3` with credentials and name, the
//! library's name and version, and `READONLY` for a link that reads from a replica. Replies come in
//! that order. A server that does not know `HELLO` gets a second write with `AUTH`, `CLIENT SETNAME`
//! and `READONLY`, and speaks RESP2. No command of a caller leaves before the last reply has come: a
//! server that still checks the password closes the connection on long commands.

use alloc::vec::Vec;

use crate::command::Command;
use crate::config::{Config, Protocol};
use crate::error::{SeedFailure, ServerError};
use crate::resp::Frame;

/// One command of the handshake, so that its reply is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// `HELLO 3 ..`.
    Hello,
    /// `AUTH ..`, where `HELLO` is not known.
    Auth,
    /// A command that servers may refuse: names, and what hangs on `HELLO`.
    Optional,
    /// `READONLY`.
    ReadOnly,
}

/// What a reply to the handshake means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Progress {
    /// Go on.
    Continue,
    /// The server speaks RESP2: send the other handshake.
    FallBack,
    /// The connection is of no use.
    Fail(SeedFailure),
}

/// The commands for a server that knows `HELLO`.
pub(super) fn resp3(config: &Config, read_only: bool) -> Vec<(Step, Command)> {
    let mut hello = Command::new("HELLO").arg(3);
    if let Some(credentials) = &config.credentials {
        let user = credentials.username.as_deref().unwrap_or("default");
        hello = hello.arg("AUTH").arg(user).arg(&*credentials.password.0);
    }
    if let Some(name) = &config.client_name {
        hello = hello.arg("SETNAME").arg(name);
    }
    let mut commands = Vec::from([(Step::Hello, hello)]);
    commands.extend(library().map(|command| (Step::Optional, command)));
    if read_only {
        commands.push((Step::ReadOnly, Command::new("READONLY")));
    }
    commands
}

/// The commands for a server that does not know `HELLO`.
pub(super) fn resp2(config: &Config, read_only: bool) -> Vec<(Step, Command)> {
    let mut commands = Vec::new();
    if let Some(credentials) = &config.credentials {
        let auth = Command::new("AUTH").args(credentials.username.as_deref());
        commands.push((Step::Auth, auth.arg(&*credentials.password.0)));
    }
    if let Some(name) = &config.client_name {
        let set_name = Command::new("CLIENT").arg("SETNAME").arg(name);
        commands.push((Step::Optional, set_name));
    }
    if config.protocol == Protocol::Resp2 {
        commands.extend(library().map(|command| (Step::Optional, command)));
    }
    if read_only {
        commands.push((Step::ReadOnly, Command::new("READONLY")));
    }
    commands
}

fn library() -> [Command; 2] {
    let set = |what, value| Command::new("CLIENT").arg("SETINFO").arg(what).arg(value);
    [set("LIB-NAME", "hashslot"), set("LIB-VER", env!("CARGO_PKG_VERSION"))]
}

/// What the reply to one step means. `falling_back` is set once `HELLO` was refused.
pub(super) fn judge(step: Step, reply: &Frame, falling_back: bool) -> Progress {
    let Some(error) = reply.error() else { return Progress::Continue };
    match step {
        Step::Optional => Progress::Continue,
        Step::ReadOnly if falling_back => Progress::Continue,
        Step::Hello if is_about_hello(&error) => Progress::FallBack,
        Step::Hello | Step::Auth | Step::ReadOnly => Progress::Fail(failure(error)),
    }
}

/// Whether the error says that there is no `HELLO`, or not for this user.
fn is_about_hello(error: &ServerError) -> bool {
    let text = error.text().to_ascii_lowercase();
    match error.code() {
        b"NOPROTO" | b"NOPERM" => true,
        b"ERR" => {
            ["unknown command", "syntax error", "unsupported"].iter().any(|t| text.contains(t))
        }
        _ => false,
    }
}

fn failure(error: ServerError) -> SeedFailure {
    let text = error.text().to_ascii_lowercase();
    let about_password = text.contains("invalid password")
        || text.contains("without any password")
        || text.contains("invalid username-password");
    match error.code() {
        b"WRONGPASS" | b"NOAUTH" => SeedFailure::Authentication(error),
        _ if about_password => SeedFailure::Authentication(error),
        _ => SeedFailure::Refused(error),
    }
}
