//! Setting up a connection: protocol, credentials, name, role.
//!
//! Theory of operation. Everything leaves in one write: `HELLO 3` with credentials and name, the
//! library's name and version, `CLUSTER MYID`, `SELECT` if it is not for database 0, and `READONLY`
//! for a link that reads from a replica. Replies come in that order. The node tells its ID before
//! any command of a caller leaves, so that none leaves for a node of another cluster at a known
//! address. Servers may refuse to tell it: then it is unknown. No command of a caller leaves before
//! the last reply has come: a server that still checks the password closes the connection on long
//! commands.
//!
//! A server that refuses `HELLO`, in whatever words, gets a second write with `AUTH`,
//! `CLIENT SETNAME`, `SELECT` and `READONLY`, and speaks RESP2: its answer to that is what counts.
//! Only what the second handshake could not mend refuses the link at once: a wrong password, a
//! password that is missing, no room for another client.

use alloc::format;
use alloc::vec::Vec;

use crate::config::{Config, Credentials, Protocol};
use crate::error::{Code, NodeFailure, ServerError};
use crate::resp::Frame;
use crate::resp::encode::{self, Digits};
use crate::secret::Secret;

/// Which data a connection is for.
#[derive(Debug, Clone, Copy, Default)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub(crate) struct Choices {
    /// The number of the database.
    pub(crate) database: u32,
    /// Whether a replica may answer.
    pub(crate) read_only: bool,
}

/// One command of the handshake, so that its reply is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub(crate) enum Step {
    /// `HELLO 3 ..`.
    Hello,
    /// `AUTH ..`, where `HELLO` is not known.
    Auth,
    /// A command that servers may refuse: names, what hangs on `HELLO`, a sign of life.
    Optional,
    /// `CLUSTER MYID`: servers may refuse it.
    Identity,
    /// `SELECT` of this database.
    Select(u32),
    /// `READONLY`.
    ReadOnly,
}

impl Step {
    /// The command, as permissions name it.
    const fn command(self) -> &'static str {
        match self {
            Self::Hello => "HELLO",
            Self::Auth => "AUTH",
            Self::Optional => "CLIENT",
            Self::Identity => "CLUSTER MYID",
            Self::Select(_) => "SELECT",
            Self::ReadOnly => "READONLY",
        }
    }
}

/// What a reply to the handshake means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Progress {
    /// Go on.
    Continue,
    /// The server speaks RESP2: send the other handshake.
    FallBack,
    /// The handshake failed: the link cannot be used.
    Fail(NodeFailure),
}

/// What is written to set a connection up.
#[derive(Debug)]
pub(super) struct Opening {
    /// The commands, one after the other: a password is among them.
    pub(super) bytes: Secret,
    /// What each command is, and where it ends.
    pub(super) steps: Vec<(Step, usize)>,
}

impl Opening {
    const fn new() -> Self {
        Self { bytes: Secret::new(), steps: Vec::new() }
    }

    fn add(&mut self, step: Step, words: &[&[u8]]) {
        append(&mut self.bytes, words);
        self.steps.push((step, self.bytes.as_slice().len()));
    }

    fn add_library(&mut self) {
        let version = env!("CARGO_PKG_VERSION").as_bytes();
        for (what, value) in [(&b"LIB-NAME"[..], &b"hashslot"[..]), (b"LIB-VER", version)] {
            self.add(Step::Optional, &[b"CLIENT", b"SETINFO", what, value]);
        }
    }

    fn add_identity(&mut self) {
        self.add(Step::Identity, &[b"CLUSTER", b"MYID"]);
    }

    fn add_choices(&mut self, choices: Choices) {
        if choices.database > 0 {
            let number = Digits::of(choices.database.into());
            self.add(Step::Select(choices.database), &[b"SELECT", number.as_bytes()]);
        }
        if choices.read_only {
            self.add(Step::ReadOnly, &[b"READONLY"]);
        }
    }
}

fn append(bytes: &mut Secret, words: &[&[u8]]) {
    // A header has 25 bytes at most.
    let len = words.iter().fold(32, |len, word| len + word.len() + 32);
    encode::command(bytes.with_room(len), words);
}

/// The commands for a server that knows `HELLO`.
pub(super) fn resp3(
    config: &Config,
    credentials: Option<&Credentials>,
    choices: Choices,
) -> Opening {
    let mut hello: Vec<&[u8]> = Vec::from([&b"HELLO"[..], b"3"]);
    if let Some(credentials) = credentials {
        let user = credentials.username().unwrap_or("default");
        hello.extend([&b"AUTH"[..], user.as_bytes(), credentials.secret().as_slice()]);
    }
    if let Some(name) = &config.client_name {
        hello.extend([&b"SETNAME"[..], name.as_bytes()]);
    }
    let mut opening = Opening::new();
    opening.add(Step::Hello, &hello);
    opening.add_library();
    opening.add_identity();
    opening.add_choices(choices);
    opening
}

/// The commands for a server that does not know `HELLO`.
pub(super) fn resp2(
    config: &Config,
    credentials: Option<&Credentials>,
    choices: Choices,
) -> Opening {
    let mut opening = Opening::new();
    if let Some(credentials) = credentials {
        opening.add(Step::Auth, &auth_words(credentials, None));
    }
    if let Some(name) = &config.client_name {
        opening.add(Step::Optional, &[b"CLIENT", b"SETNAME", name.as_bytes()]);
    }
    if config.protocol == Protocol::Resp2 {
        opening.add_library();
    }
    // Behind a refused `HELLO` only the missing password can have been why no ID was told.
    if config.protocol == Protocol::Resp2 || credentials.is_some() {
        opening.add_identity();
    }
    opening.add_choices(choices);
    opening
}

/// The commands for a server that closes the connection upon `HELLO`: nothing that it may not know.
/// Something has to be answered before commands may leave.
pub(super) fn resp2_alone(
    config: &Config,
    credentials: Option<&Credentials>,
    choices: Choices,
) -> Opening {
    let mut opening = resp2(config, credentials, choices);
    if opening.steps.is_empty() {
        opening.add(Step::Optional, &[b"PING"]);
    }
    opening
}

/// `AUTH` on a connection that is set up, whose server knows `HELLO` or not.
pub(super) fn auth(credentials: &Credentials, knows_hello: bool) -> Secret {
    let mut bytes = Secret::new();
    // As in `HELLO`: the default user may have no password, and then takes any.
    append(&mut bytes, &auth_words(credentials, knows_hello.then_some("default")));
    bytes
}

fn auth_words<'a>(credentials: &'a Credentials, default_user: Option<&'a str>) -> Vec<&'a [u8]> {
    let user = credentials.username().or(default_user).map(str::as_bytes);
    let password = credentials.secret().as_slice();
    [Some(&b"AUTH"[..]), user, Some(password)].into_iter().flatten().collect()
}

/// What the reply to one step means. `falling_back` is set once `HELLO` was refused.
pub(super) fn judge(
    step: Step,
    reply: &Frame,
    falling_back: bool,
    credentials: Option<&Credentials>,
) -> Progress {
    let Some(error) = reply.error() else { return Progress::Continue };
    let is_final = match step {
        _ if error.is_about_clients() => true,
        // Without HELLO, and without a password, this is the first to say that one is missing.
        Step::Optional => error.known_code() == Code::NoAuth && !falling_back,
        Step::Identity => false,
        Step::Select(_) | Step::ReadOnly => !falling_back,
        Step::Hello if !is_final(&error, credentials) => return Progress::FallBack,
        Step::Hello | Step::Auth => true,
    };
    if is_final { Progress::Fail(failure(step, &error, credentials)) } else { Progress::Continue }
}

/// Whether a refusal of `HELLO` would be one of `AUTH` as well.
fn is_final(error: &ServerError, credentials: Option<&Credentials>) -> bool {
    let code = error.known_code();
    let is_missing = code == Code::NoAuth && credentials.is_none();
    is_missing || code == Code::WrongPass || error.is_about_password()
}

fn failure(step: Step, told: &ServerError, credentials: Option<&Credentials>) -> NodeFailure {
    let error = without_secrets(told.clone(), credentials);
    match (told.known_code(), step) {
        _ if told.is_about_clients() => NodeFailure::Refused(error),
        (Code::WrongPass | Code::NoAuth, _) => NodeFailure::Authentication(error),
        (Code::NoPerm, _) => NodeFailure::Permission { command: step.command(), error },
        _ if told.is_about_password() => NodeFailure::Authentication(error),
        (Code::Err, Step::Select(database)) => NodeFailure::Database { database, error },
        _ => NodeFailure::Refused(error),
    }
}

/// What is kept of the answer to a command with a password, or to one beside it. Servers and
/// proxies may repeat the password, in part or in another spelling: where there is one, only code
/// and words that are known are kept.
pub(super) fn without_secrets(
    error: ServerError,
    credentials: Option<&Credentials>,
) -> ServerError {
    if credentials.is_none() {
        return error.shortened();
    }
    let code = error.known_code().name();
    let text = error.shortened().text().to_ascii_lowercase();
    let known = WORDS.iter().find(|words| text.contains(&words.to_ascii_lowercase()));
    let words = known.unwrap_or(&"(its words are left out: they may repeat the password)");
    ServerError::new(format!("{code} {words}"))
}

/// Words of servers that are told on, in any spelling.
const WORDS: [&str; 15] = [
    "invalid username-password pair or user is disabled.",
    "invalid username-password pair or user is disabled",
    "Authentication required.",
    "AUTH <password> called without any password configured for the default user",
    "without any password",
    "invalid password",
    "Authentication required",
    "no permissions",
    "max number of clients reached",
    "protected mode",
    "unsupported protocol version",
    "loading the dataset in memory",
    "DB index is out of range",
    "SELECT is not allowed in cluster mode",
    "unknown command",
];
