//! What the table says of commands, against what servers say of them.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use hashslot::command::CommandInfo;
use hashslot::config::Limits;
use hashslot::resp::{Frame, Scan, Scanner};

use super::generate::{fact, lines};
use crate::servers::process::{Process, free_port, new_folder};
use crate::servers::raw::{Connection, Reply, encode};
use crate::servers::{NAMES, find_or_skip, wait_until};

/// Enough on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// One server without a cluster, which ends with this.
pub(super) struct Server {
    port: u16,
    _process: Process,
}

impl Server {
    fn start(name: &str) -> io::Result<Option<Self>> {
        let Some(program) = find_or_skip(name) else {
            return Ok(None);
        };
        let port = free_port()?;
        let args = ["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""];
        let args = args.map(str::to_owned);
        let server = Self { port, _process: Process::start(&program, &args, &new_folder()?)? };
        wait_until(name, LIMIT, || Ok(server.connection()?.call(&["PING"])?.error().is_none()))?;
        Ok(Some(server))
    }

    pub(super) fn connection(&self) -> io::Result<Connection> {
        Connection::to_port(self.port)
    }

    /// The reply to `COMMAND` as it travelled.
    pub(super) fn command_frame(&self, is_resp3: bool) -> io::Result<Frame> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(LIMIT))?;
        if is_resp3 {
            stream.write_all(&encode(&["HELLO", "3"]))?;
            read_frame(&mut stream)?;
        }
        stream.write_all(&encode(&["COMMAND"]))?;
        read_frame(&mut stream)
    }
}

fn read_frame(stream: &mut TcpStream) -> io::Result<Frame> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 65536]);
    let mut scanner = Scanner::new(Limits::default());
    loop {
        match scanner.scan(&bytes).map_err(io::Error::other)? {
            Scan::Frame { len } if len == bytes.len() => {
                return Frame::parse(bytes, &Limits::default()).map_err(io::Error::other);
            }
            Scan::Frame { .. } => return Err(io::Error::other("two replies")),
            Scan::More { .. } => {}
            Scan::Broken { error, .. } | Scan::Skipped { error, .. } => {
                return Err(io::Error::other(error));
            }
        }
        let len = stream.read(&mut chunk)?;
        bytes.extend_from_slice(&chunk[..len]);
    }
}

/// What is tested on each server of [`NAMES`].
pub(super) fn on_all(mut test: impl FnMut(&str, &Server) -> io::Result<()>) -> io::Result<()> {
    for name in NAMES {
        if let Some(server) = Server::start(name)? {
            test(name, &server).map_err(|error| io::Error::other(format!("{name}: {error}")))?;
        }
    }
    Ok(())
}

/// Entries of `COMMAND`, those of subcommands too, by their names as the table writes them.
pub(super) fn entries(reply: &Reply) -> BTreeMap<String, &Reply> {
    let subcommands = |entry: &'_ Reply| entry.at(9).map_or(0, |all| all.elements().len());
    let mut all = BTreeMap::new();
    for entry in reply.elements() {
        let inner = (0..subcommands(entry)).filter_map(|index| entry.at(9)?.at(index));
        for entry in inner.chain([entry]) {
            let name = entry.at(0).and_then(Reply::text).unwrap_or_default();
            all.insert(name.replace('|', " ").to_ascii_uppercase(), entry);
        }
    }
    all
}

fn texts(entry: &Reply, index: usize) -> Vec<String> {
    entry.at(index).map_or(&[][..], Reply::elements).iter().filter_map(Reply::text).collect()
}

/// Where the table says something else than `COMMAND` does, in the words of the server.
const DIFFERENCES: [(&str, &[&str]); 5] = [
    (
        "redis-6.2",
        &[
            // It has no such flag yet.
            "BLMOVE: not blocking",
            "BLPOP: not blocking",
            "BRPOP: not blocking",
            "BRPOPLPUSH: not blocking",
            "BZPOPMAX: not blocking",
            "BZPOPMIN: not blocking",
            // Further arguments came later; the table allows what any server allows.
            "EXPIRE: arity 3, not -3",
            "EXPIREAT: arity 3, not -3",
            // It knows no subcommands; the table has a row for each.
            "MEMORY: readonly",
            "OBJECT: readonly",
            "PEXPIRE: arity 3, not -3",
            "PEXPIREAT: arity 3, not -3",
            "WAIT: not blocking",
            "XINFO: readonly",
            "XREAD: not blocking",
            "XREADGROUP: not blocking",
            "XSETID: arity 3, not -3",
            "ZRANK: arity 3, not -3",
            "ZREVRANK: arity 3, not -3",
        ],
    ),
    (
        "redis-7.0",
        &[
            // Tips that came later, or were mended: to obey those would split MSETNX.
            "ACL DELUSER: tips -",
            "ACL SAVE: tips -",
            "ACL SETUSER: tips -",
            "CLIENT SETNAME: tips -",
            "CLUSTER REPLICATE: arity 3, not -3",
            "COMMAND GETKEYS: arity -4, not -3",
            "COMMAND GETKEYSANDFLAGS: arity -4, not -3",
            "CONFIG RESETSTAT: tips -",
            "CONFIG REWRITE: tips -",
            "LATENCY RESET: tips all_nodes/all_succeeded",
            "MSETNX: tips multi_shard/agg_min",
            "PFDEBUG: arity 3, not -3",
            "RANDOMKEY: tips all_shards",
            "SCAN: tips special",
            "SCRIPT DEBUG: arity 3, not -3",
            // It does not say so of this one yet.
            "WAIT: not blocking",
            "ZRANK: arity 3, not -3",
            "ZREVRANK: arity 3, not -3",
        ],
    ),
    (
        "redis-8.2",
        &[
            "CLUSTER REPLICATE: arity 3, not -3",
            "PFDEBUG: arity 3, not -3",
            "SCRIPT DEBUG: arity 3, not -3",
            // Vector sets count their arguments themselves; since 8.6 servers tell how many.
            "VADD: arity -1, not -5",
            "VCARD: arity -1, not 2",
            "VDIM: arity -1, not 2",
            "VEMB: arity -1, not -3",
            "VGETATTR: arity -1, not 3",
            "VINFO: arity -1, not 2",
            "VISMEMBER: arity -1, not 3",
            "VLINKS: arity -1, not -3",
            "VRANDMEMBER: arity -1, not -2",
            "VREM: arity -1, not 3",
            "VSETATTR: arity -1, not 4",
            "VSIM: arity -1, not -4",
        ],
    ),
    (
        "valkey-8.1",
        &[
            "CLUSTER REPLICATE: arity 3, not -3",
            "PFDEBUG: arity 3, not -3",
            "SCRIPT DEBUG: arity 3, not -3",
        ],
    ),
    ("valkey-9.1", &["PFDEBUG: arity 3, not -3"]),
];

#[test]
fn every_command_of_every_server_is_known() -> io::Result<()> {
    let info: BTreeMap<_, _> =
        lines(super::COMMANDS).map(|line| (fact(line).name, fact(line))).collect();
    let mut failed = Vec::new();
    on_all(|server_name, server| {
        let reply = server.connection()?.must(&["COMMAND"])?;
        let entries = entries(&reply);
        let mut found = Vec::new();
        for (name, entry) in &entries {
            let mut differs = |what: String| found.push(format!("{name}: {what}"));
            let Some(known) = CommandInfo::of(name) else {
                differs("unknown".to_owned());
                continue;
            };
            let arity = entry.at(1).and_then(Reply::integer).unwrap_or_default();
            if arity != i64::from(known.arity) {
                differs(format!("arity {arity}, not {}", known.arity));
            }
            let flags = texts(entry, 2);
            for (flag, ours) in [("readonly", known.read_only), ("blocking", known.blocking)] {
                if flags.iter().any(|it| it == flag) != ours {
                    differs(format!("{}{flag}", if ours { "not " } else { "" }));
                }
            }
            let tip = |prefix: &str| {
                let tips = texts(entry, 7);
                tips.iter().find_map(|tip| tip.strip_prefix(prefix).map(str::to_owned))
            };
            let tips = [tip("request_policy:"), tip("response_policy:")];
            let tips: Vec<_> = tips.into_iter().flatten().collect();
            let tips = if tips.is_empty() { "-".to_owned() } else { tips.join("/") };
            if entry.at(7).is_some() && tips != info[name.as_str()].tips {
                differs(format!("tips {tips}"));
            }
        }
        println!("{server_name}: {} commands compared, {} differences", entries.len(), found.len());
        let expected = DIFFERENCES.iter().find(|(name, _)| *name == server_name);
        if found != expected.map_or(&[][..], |(_, all)| all) {
            failed.push(format!("{server_name}: {found:#?}"));
        }
        Ok(())
    })?;
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}
