//! Which nodes a command reaches: its trace is the last command of the client's connection to each
//! node, as `CLIENT LIST` shows it.

use std::io;

use hashslot::config::Protocol;
use hashslot::{Call, Target};

use super::{Answer, Stage, words};
use crate::real::adapter::{Adapter, on_every_adapter};
use crate::real::{Done, Failure, on_each};
use crate::servers::NAMES;
use crate::servers::slots::slot_of;

/// Where a command shall go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// One primary, whichever.
    One,
    /// The owner of the slot of this key.
    Owner(&'static str),
    Primaries,
    Nodes,
}

use Reach::{Nodes, One, Owner, Primaries};

/// What answers are to be: some have an error as their whole answer, and it shall be one.
const ROWS: &[(Reach, &[&str])] = &[
    (
        One,
        &[
            "PING",
            "PING text",
            "ECHO text",
            "TIME",
            "ROLE",
            "LOLWUT",
            "COMMAND",
            "COMMAND COUNT",
            "COMMAND DOCS GET",
            "COMMAND GETKEYS GET a",
            "COMMAND GETKEYSANDFLAGS GET a",
            "COMMAND INFO GET",
            "COMMAND LIST",
            "CLUSTER COUNT-FAILURE-REPORTS {id}",
            "CLUSTER INFO",
            "CLUSTER KEYSLOT a",
            "CLUSTER LINKS",
            "CLUSTER MYID",
            "CLUSTER MYSHARDID",
            "CLUSTER NODES",
            "CLUSTER REPLICAS {id}",
            "CLUSTER SHARDS",
            "CLUSTER SLAVES {id}",
            "CLUSTER SLOTS",
            "ACL CAT",
            "ACL DRYRUN default GET a",
            "ACL GENPASS",
            "ACL GETUSER default",
            "ACL LIST",
            "ACL USERS",
            "ACL WHOAMI",
            "FUNCTION DUMP",
            "FUNCTION LIST",
            "MODULE LIST",
            "PUBLISH channel message",
            "ACL HELP",
            "CLIENT HELP",
            "CLUSTER HELP",
            "COMMAND HELP",
            "COMMANDLOG HELP",
            "CONFIG HELP",
            "FUNCTION HELP",
            "LATENCY HELP",
            "MEMORY HELP",
            "MODULE HELP",
            "OBJECT HELP",
            "PUBSUB HELP",
            "SCRIPT HELP",
            "SLOWLOG HELP",
            "XGROUP HELP",
            "XINFO HELP",
        ],
    ),
    (
        Owner("reached"),
        &[
            "GET reached",
            "EVAL return{1} 1 reached",
            "SPUBLISH reached message",
            "OBJECT ENCODING reached",
            "MGET reached {reached}2",
            "XREAD STREAMS reached 0",
            "SORT reached",
            "MSETNX reached 1 {reached}2 2",
            "DEL reached {reached}2",
            "CLUSTER COUNTKEYSINSLOT {slot}",
            "CLUSTER GETKEYSINSLOT {slot} 10",
        ],
    ),
    (
        Primaries,
        &[
            "DBSIZE",
            "KEYS nothing*",
            "RANDOMKEY",
            "INFO",
            "INFO server",
            "MEMORY DOCTOR",
            "MEMORY MALLOC-STATS",
            "MEMORY STATS",
            "FUNCTION STATS",
            "FUNCTION DELETE nothing",
            "FUNCTION FLUSH",
            "FUNCTION KILL",
            "FUNCTION LOAD nothing",
            "FUNCTION RESTORE nothing",
            "SCRIPT EXISTS sha",
            "SCRIPT KILL",
            "FLUSHALL",
            "FLUSHDB",
            "CLUSTER SLOT-STATS SLOTSRANGE 0 16383",
        ],
    ),
    (
        Nodes,
        &[
            "ACL DELUSER nobody",
            "ACL LOAD",
            "ACL LOG",
            "ACL SAVE",
            "ACL SETUSER nobody",
            "CLIENT KILL ADDR 127.0.0.1:1",
            "CLIENT KILL 127.0.0.1:1",
            "CLIENT LIST",
            "CLIENT PAUSE 0",
            "CLIENT UNBLOCK 1000000000",
            "CLIENT UNPAUSE",
            "CLUSTER SAVECONFIG",
            "COMMANDLOG GET -1 slow",
            "COMMANDLOG LEN slow",
            "COMMANDLOG RESET slow",
            "CONFIG GET maxmemory",
            "CONFIG RESETSTAT",
            "CONFIG REWRITE",
            "CONFIG SET maxmemory-samples 5",
            "LASTSAVE",
            "LATENCY DOCTOR",
            "LATENCY GRAPH command",
            "LATENCY HISTOGRAM get",
            "LATENCY HISTORY command",
            "LATENCY LATEST",
            "LATENCY RESET",
            "MEMORY PURGE",
            "MODULE LOAD /nothing",
            "MODULE LOADEX /nothing",
            "MODULE UNLOAD nothing",
            "PUBSUB CHANNELS",
            "PUBSUB NUMPAT",
            "PUBSUB NUMSUB a",
            "PUBSUB SHARDCHANNELS",
            "PUBSUB SHARDNUMSUB a",
            "SCRIPT FLUSH",
            "SCRIPT LOAD return{1}",
            "SLOWLOG GET",
            "SLOWLOG LEN",
            "SLOWLOG RESET",
        ],
    ),
];

/// The nodes that a command reached, and what became of it.
async fn reached<A: Adapter>(
    stage: &Stage<'_, A>,
    line: &str,
) -> Result<(Vec<usize>, Answer), Failure> {
    let mark = if line.starts_with("ECHO") { "TIME" } else { "ECHO mark" };
    // The mark of the connection for commands that overtake.
    let other_mark = if line.starts_with("CLIENT") { "SCRIPT KILL" } else { "CLIENT UNPAUSE" };
    for mark in [mark, other_mark] {
        stage.call(Call::new(words(mark)).target(Target::AllNodes)).await?;
    }
    let answer = stage.call(words(line)).await?;
    let name = line.split(' ').next().unwrap_or_default().to_lowercase();
    let last = stage.nodes().into_iter().map(|node| Ok((node, last_commands(stage, node)?)));
    let last = last.collect::<io::Result<Vec<_>>>()?;
    let nodes = last.into_iter().filter(|(_, last)| last.contains(&name)).map(|(node, _)| node);
    Ok((nodes.collect(), answer))
}

/// The names of the last commands on the client's connections to a node: that for all commands, and
/// that for those that overtake.
fn last_commands<A: Adapter>(stage: &Stage<'_, A>, node: usize) -> io::Result<Vec<String>> {
    let list = stage.cluster.call(node, &["CLIENT", "LIST"])?.text().unwrap_or_default();
    let name = format!(" name={} ", stage.name);
    let lines: Vec<_> = list.lines().filter(|line| line.contains(&name)).collect();
    assert_eq!(lines.len(), 2, "two connections to a node: {lines:?}");
    let command = |line: &str| {
        let command = line.split(" cmd=").nth(1).unwrap_or_default();
        command.split([' ', '|']).next().unwrap_or_default().to_owned()
    };
    Ok(lines.into_iter().map(command).collect())
}

/// Whether those nodes are the ones that a command shall reach.
fn fits<A: Adapter>(stage: &Stage<'_, A>, reach: Reach, nodes: &[usize]) -> Result<bool, Failure> {
    Ok(match reach {
        One => matches!(nodes, [node] if stage.primaries.contains(node)),
        Owner(key) => *nodes == [stage.cluster.primary_of(slot_of(key))?],
        Primaries => nodes == stage.primaries,
        Nodes => nodes == stage.nodes(),
    })
}

/// Every row of the table that names no file, script or client of its own.
fn every_command_reaches_the_nodes_that_it_is_for<A: Adapter>() -> Done {
    on_each::<A>("reach", &NAMES, async |cluster| {
        let stage = Stage::<A>::new(cluster, Protocol::Resp3).await?;
        let id = &cluster.node(stage.primaries[0]).id;
        let (mut unknown, mut wrong) = (Vec::new(), Vec::new());
        for (reach, lines) in ROWS {
            for line in *lines {
                let line = line.replace("{id}", id);
                let slot = if let Owner(key) = reach { slot_of(key) } else { 0 };
                let line = line.replace("{slot}", &slot.to_string());
                let (nodes, answer) = reached(&stage, &line).await?;
                if answer.unknown().is_some() {
                    unknown.push(line);
                } else if !fits(&stage, *reach, &nodes)? {
                    wrong.push(format!("{line}: {reach:?}, reached {nodes:?}, {answer:?}"));
                } else if let Answer::Failed(error) = answer
                    && error.server().is_none()
                {
                    wrong.push(format!("{line}: {error:?}"));
                }
            }
        }
        eprintln!("{:?} does not know {}", cluster.version(), unknown.join(", "));
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(unknown.len() < 30, "most of it is known everywhere");
        if cluster.version().valkey {
            assert!(unknown.iter().all(|line| !line.starts_with("COMMANDLOG")), "{unknown:?}");
        }
        Ok(())
    })
}

on_every_adapter! {
    every_command_reaches_the_nodes_that_it_is_for,
}
