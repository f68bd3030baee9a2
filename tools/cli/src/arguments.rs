//! What is asked for on the command line.

use std::env;
use std::ffi::OsString;
use std::str;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Error, Parser};
use hashslot::config::Protocol;
use hashslot::error::{AddressError, ConfigError};
use hashslot::{Address, Config, Credentials, Slot, Target, Url};

/// What stands below the options in the help.
const MORE: &str = "\
TARGET is any, primaries, replicas, nodes, slot:N, key:K or HOST:PORT.

Without a command the program runs the lines of standard input, one after the other. Quotes work as
in redis-cli. The program skips blank lines and lines that begin with #. With --pipeline it sends
10000 lines or 8 MiB at a time; the answers keep the order of the lines.

At a terminal Tab completes names of commands, Ctrl-C abandons the line or the running command, and
Ctrl-D, exit or quit ends the program. It keeps the lines in ~/.hashslot_history, or in the file that
`HASHSLOT_HISTORY` of the environment names; nowhere if that is empty. It does not keep a line that
begins with a blank, one with an unknown command, and one whose arguments may be secrets.

Without --nodes `HASHSLOT_URL` of the environment says where the cluster is and how to connect:
redis://user:password@HOST:PORT,..?call_timeout=5s

A line that begins with (error) is the error of a server, one with (client) KIND that of the client.
Exit status: 0 if servers answered everything, 1 if the client failed, 2 for wrong usage.";

/// Sends a command to a Redis Cluster and prints the reply
// It has no `Debug`: the password would be in it.
#[derive(Parser)]
#[command(name = "hashslot-cli", after_help = MORE, args_override_self = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Arguments {
    /// Nodes to ask for the cluster: one that can be reached is enough
    #[arg(long, value_name = "HOST:PORT,..", value_parser = nodes)]
    nodes: Option<Nodes>,
    /// Print each reply as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Where to send commands, whatever their keys are
    #[arg(long, value_parser = OsStringValueParser::new().try_map(target))]
    pub(crate) target: Option<Target>,
    /// Refuse commands whose keys are in several slots
    #[arg(long)]
    pub(crate) no_split: bool,
    /// Print which node would get what, and send nothing
    #[arg(long)]
    pub(crate) explain: bool,
    /// Send the lines of standard input together
    #[arg(long, conflicts_with = "command")]
    pub(crate) pipeline: bool,
    /// Use RESP2, the older protocol
    #[arg(long)]
    resp2: bool,
    /// User name; needs a password
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    user: Option<String>,
    /// Password; if it is missing, `REDISCLI_AUTH` of the environment counts
    #[arg(long, value_name = "PASSWORD", allow_hyphen_values = true)]
    pass: Option<String>,
    /// Time for each command or pipeline, such as 0.5 [default: 20]
    #[arg(long, value_name = "SECONDS", value_parser = timeout, allow_negative_numbers = true)]
    timeout: Option<Duration>,
    /// Command with its arguments; `--` before it if it begins with a hyphen
    #[arg(
        trailing_var_arg = true,
        value_parser = OsStringValueParser::new().map(OsString::into_encoded_bytes)
    )]
    pub(crate) command: Vec<Vec<u8>>,
    /// The URL of the environment, if no nodes are named.
    #[arg(skip)]
    pub(crate) url: Option<Url>,
    #[arg(skip)]
    credentials: Option<Credentials>,
}

/// The value of `--nodes`.
#[derive(Clone)]
struct Nodes(Vec<Address>);

impl Arguments {
    /// What this program was started with.
    pub(crate) fn read() -> Result<Self, Error> {
        let password = env::var("REDISCLI_AUTH").ok().filter(|password| !password.is_empty());
        let url = env::var("HASHSLOT_URL").ok().filter(|url| !url.is_empty());
        Self::of(env::args_os().skip(1), password, url.as_deref())
    }

    /// What these words ask for, in an environment with this password and this URL.
    pub(crate) fn of(
        words: impl Iterator<Item = OsString>,
        password: Option<String>,
        url: Option<&str>,
    ) -> Result<Self, Error> {
        let program = OsString::from("hashslot-cli");
        let mut arguments = Self::try_parse_from([program].into_iter().chain(words))?;
        if arguments.nodes().is_empty() {
            let url = url.ok_or_else(|| {
                wrong(ErrorKind::MissingRequiredArgument, "--nodes or HASHSLOT_URL is needed")
            })?;
            let parsed = url.parse().map_err(|error: ConfigError| {
                wrong(ErrorKind::ValueValidation, format!("HASHSLOT_URL: {error}"))
            })?;
            arguments.url = Some(parsed);
        }
        arguments.credentials = match (arguments.user.take(), arguments.pass.take().or(password)) {
            (None, None) => None,
            (None, Some(password)) => Some(Credentials::password(&password)),
            (Some(user), Some(password)) => Some(Credentials::user(&user, &password)),
            (Some(_), None) => {
                let problem = "--user needs --pass or REDISCLI_AUTH";
                return Err(wrong(ErrorKind::MissingRequiredArgument, problem));
            }
        };
        Ok(arguments)
    }

    /// The nodes to ask; none if a URL tells them.
    pub(crate) fn nodes(&self) -> &[Address] {
        self.nodes.as_ref().map_or(&[], |nodes| &nodes.0)
    }

    /// The first of the nodes, as text.
    pub(crate) fn first_node(&self) -> String {
        let seeds = self.url.as_ref().map_or(&[][..], |url| &url.seeds);
        self.nodes().iter().chain(seeds).next().map(Address::to_string).unwrap_or_default()
    }

    /// Changes the configuration of the client to what is asked for.
    pub(crate) fn configure(&self, config: &mut Config) {
        if self.resp2 {
            config.protocol = Protocol::Resp2;
        }
        if self.credentials.is_some() {
            config.credentials.clone_from(&self.credentials);
        }
        config.call_timeout = self.timeout.unwrap_or(config.call_timeout);
    }
}

/// An error that is printed with the usage.
fn wrong(kind: ErrorKind, problem: impl std::fmt::Display) -> Error {
    Arguments::command().error(kind, problem)
}

fn nodes(list: &str) -> Result<Nodes, AddressError> {
    let nodes = list.split(',').map(str::trim).filter(|node| !node.is_empty());
    nodes.map(str::parse).collect::<Result<_, _>>().map(Nodes)
}

fn timeout(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let seconds = seconds.filter(|seconds| !seconds.is_zero());
    seconds.ok_or("not a number of seconds above 0")
}

fn target(word: OsString) -> Result<Target, String> {
    let word = word.into_encoded_bytes();
    if let Some(key) = word.strip_prefix(b"key:") {
        return Ok(Target::key(key));
    }
    let text = str::from_utf8(&word).map_err(|_| "the target is not UTF-8")?;
    Ok(match text {
        "any" => Target::Any,
        "primaries" => Target::AllPrimaries,
        "replicas" => Target::AllReplicas,
        "nodes" => Target::AllNodes,
        _ => match text.strip_prefix("slot:") {
            Some(number) => {
                let slot = number.parse().ok().and_then(Slot::new);
                Target::Slot(slot.ok_or("a slot is a number from 0 to 16383")?)
            }
            None => Target::Node(text.parse().map_err(|error: AddressError| error.to_string())?),
        },
    })
}
