//! What is asked for on the command line.

use std::env;
use std::ffi::OsString;
use std::str;
use std::time::Duration;

use hashslot::config::Protocol;
use hashslot::error::ConfigError;
use hashslot::{Address, Config, Credentials, CrossSlot, Slot, Target, Url};

/// How to use the program.
pub(crate) const USAGE: &str = "\
usage: cli [--nodes HOST:PORT[,HOST:PORT..]] [OPTION..] [COMMAND [ARGUMENT..]]

Sends a command to a Redis Cluster and prints the reply. Without a command it runs the lines of
standard input, one after the other; they are quoted as for redis-cli. Blank lines and lines that
begin with # are skipped.

  --nodes HOST:PORT,..  nodes to ask for the cluster: one that can be reached is enough.
                        Without, the environment variable HASHSLOT_URL says where the cluster is
                        and how to connect: redis://user:password@HOST:PORT,..?call_timeout=5s
  --json                prints one JSON value a line
  --target TARGET       any | primaries | replicas | nodes | slot:N | key:K | HOST:PORT:
                        where commands go, whatever their keys
  --no-split            refuses commands whose keys are in several slots
  --explain             prints what would be sent where, and sends nothing
  --resp2               speaks RESP2
  --user NAME           the user; needs a password
  --pass PASSWORD       the password, or else that of the environment variable REDISCLI_AUTH
  --timeout SECONDS     the time budget of each command, such as 0.5; 20 by default
  --                    what follows is the command

(error) is what a server says, (client) KIND what the client says.
Exit status: 0 if servers answered everything, 1 if the client failed, 2 for wrong usage.
";

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) nodes: Vec<Address>,
    /// The URL of the environment, if no nodes are named.
    pub(crate) url: Option<Url>,
    pub(crate) json: bool,
    pub(crate) explain: bool,
    pub(crate) target: Option<Target>,
    pub(crate) cross_slot: Option<CrossSlot>,
    protocol: Option<Protocol>,
    credentials: Option<Credentials>,
    timeout: Option<Duration>,
    /// The words of the command; none if commands come from standard input.
    pub(crate) command: Vec<Vec<u8>>,
}

/// Why the program does not start.
#[derive(Debug)]
pub(crate) enum Usage {
    /// The user asked how to use it.
    Help,
    /// What is wrong.
    Wrong(String),
}

impl<T: ToString> From<T> for Usage {
    fn from(problem: T) -> Self {
        Self::Wrong(problem.to_string())
    }
}

impl Arguments {
    /// What this program was started with.
    pub(crate) fn read() -> Result<Self, Usage> {
        let password = env::var("REDISCLI_AUTH").ok().filter(|password| !password.is_empty());
        let url = env::var("HASHSLOT_URL").ok().filter(|url| !url.is_empty());
        let words = env::args_os().skip(1).map(OsString::into_encoded_bytes);
        Self::parse(words, password, url.as_deref())
    }

    /// What these words ask for.
    pub(crate) fn parse(
        mut words: impl Iterator<Item = Vec<u8>>,
        mut password: Option<String>,
        url: Option<&str>,
    ) -> Result<Self, Usage> {
        let mut arguments = Self {
            nodes: Vec::new(),
            url: None,
            json: false,
            explain: false,
            target: None,
            cross_slot: None,
            protocol: None,
            credentials: None,
            timeout: None,
            command: Vec::new(),
        };
        let mut user = None;
        while let Some(word) = words.next() {
            let option = String::from_utf8_lossy(&word).into_owned();
            let mut value = || words.next().ok_or_else(|| format!("{option} needs a value"));
            match &*option {
                "--help" | "-h" => return Err(Usage::Help),
                "--nodes" => arguments.nodes = nodes(&text(value()?)?)?,
                "--json" => arguments.json = true,
                "--explain" => arguments.explain = true,
                "--no-split" => arguments.cross_slot = Some(CrossSlot::Refuse),
                "--resp2" => arguments.protocol = Some(Protocol::Resp2),
                "--target" => arguments.target = Some(target(&value()?)?),
                "--user" => user = Some(text(value()?)?),
                "--pass" => password = Some(text(value()?)?),
                "--timeout" => arguments.timeout = Some(timeout(&text(value()?)?)?),
                "--" => arguments.command = words.by_ref().collect(),
                _ if word.starts_with(b"--") => return Err(format!("no option {option}").into()),
                _ => {
                    arguments.command.push(word);
                    arguments.command.extend(words.by_ref());
                }
            }
        }
        if arguments.nodes.is_empty() {
            let url = url.ok_or("--nodes or HASHSLOT_URL is needed")?;
            arguments.url =
                Some(url.parse().map_err(|error: ConfigError| format!("HASHSLOT_URL: {error}"))?);
        }
        arguments.credentials = match (user, password) {
            (None, None) => None,
            (None, Some(password)) => Some(Credentials::password(&password)),
            (Some(user), Some(password)) => Some(Credentials::user(&user, &password)),
            (Some(_), None) => return Err("--user needs --pass or REDISCLI_AUTH".into()),
        };
        Ok(arguments)
    }

    /// Changes the configuration of the client to what is asked for.
    pub(crate) fn configure(&self, config: &mut Config) {
        config.protocol = self.protocol.unwrap_or(config.protocol);
        if self.credentials.is_some() {
            config.credentials.clone_from(&self.credentials);
        }
        config.call_timeout = self.timeout.unwrap_or(config.call_timeout);
    }
}

fn text(word: Vec<u8>) -> Result<String, Usage> {
    String::from_utf8(word).map_err(|_| "the value of an option is not UTF-8".into())
}

fn nodes(list: &str) -> Result<Vec<Address>, Usage> {
    let nodes = list.split(',').map(str::trim).filter(|node| !node.is_empty());
    nodes.map(|node| node.parse().map_err(Usage::from)).collect()
}

fn timeout(text: &str) -> Result<Duration, Usage> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let seconds = seconds.filter(|seconds| !seconds.is_zero());
    seconds.ok_or_else(|| format!("--timeout {text}: not a number of seconds above 0").into())
}

fn target(word: &[u8]) -> Result<Target, Usage> {
    if let Some(key) = word.strip_prefix(b"key:") {
        return Ok(Target::key(key));
    }
    let text = str::from_utf8(word).map_err(|_| "the target is not UTF-8")?;
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
            None => Target::Node(text.parse()?),
        },
    })
}
