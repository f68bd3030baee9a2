//! Drivers that come late: their process was stopped, or nothing polled them for a while. What the
//! system received meanwhile counts, and is looked at before timers are, and before anything is
//! written.

use std::env;
use std::fs;
use std::path::Path;
use std::time::Duration;

use hashslot::Config;

use super::adapter::{Adapter, Client, on_every_adapter};
use super::{Done, Failure, SINCE_7_0, connect, connect_to, on_each, run, until};
use crate::servers::cluster::Cluster;
use crate::servers::fake::{FakeNode, Reaction, answers_handshake};
use crate::servers::process::{LOG, Process, new_folder};

/// The node that a process of its own is to call, and be stopped meanwhile.
const NODE: &str = "HASHSLOT_TEST_LATE_NODE";
/// How often. More with `HASHSLOT_TEST_LATE_CALLS`.
const CALLS: usize = 2;
/// How long a link may be silent: longer than a busy machine takes to stop a process.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

pub(super) const fn impatient(config: &mut Config) {
    config.stall_timeout = PATIENCE;
}

/// A node that serves all slots, and leaves the answers to `INCR` to the test.
pub(super) fn silent_node() -> Result<FakeNode, Failure> {
    Ok(FakeNode::start(|request| {
        let slots = [(0, 16_383, request.port)];
        answers_handshake(request, &slots).unwrap_or_else(|| {
            if request.is("INCR") { Reaction::Silent } else { Reaction::line("+PONG") }
        })
    })?)
}

/// Answers the last `INCR` that the node has got.
pub(super) fn answer(node: &FakeNode) -> Done {
    let commands = node.commands();
    let asked = commands.iter().rfind(|(_, args)| args[0] == b"INCR").ok_or("no INCR has come")?;
    Ok(node.send(asked.0, b":1\r\n")?)
}

fn call_count() -> usize {
    env::var("HASHSLOT_TEST_LATE_CALLS").map_or(CALLS, |count| count.parse().unwrap_or(CALLS))
}

/// F-04: the process is stopped for longer than a link may be silent, while the answer comes.
fn answers_that_come_while_the_process_is_stopped_count<A: Adapter>() -> Done {
    if let Ok(node) = env::var(NODE) {
        return run::<A>(call::<A>(node));
    }
    run::<A>(async {
        let node = silent_node()?;
        let (mut process, folder) = start::<A>(&node.address())?;
        for number in 1..=call_count() {
            until::<A>("the command arrives", async || {
                if process.has_failed()? {
                    return Err(fs::read_to_string(folder.join(LOG))?.into());
                }
                Ok(node.count_of("INCR") == number)
            })
            .await?;
            process.freeze()?;
            answer(&node)?;
            A::sleep(PATIENCE + PATIENCE / 4).await;
            process.thaw()?;
        }
        until::<A>("the process ends", async || Ok(process.has_failed()?)).await?;
        let log = fs::read_to_string(folder.join(LOG))?;
        assert!(log.contains("all were answered"), "{log}");
        assert_eq!(node.count_of("INCR"), call_count(), "each was sent once");
        Ok(())
    })
}

/// What the process of its own does.
async fn call<A: Adapter>(node: String) -> Done {
    let client = connect_to::<A>(&[node], impatient).await?;
    for _ in 0..call_count() {
        assert_eq!(client.incr("counter").await?, 1);
    }
    println!("all were answered");
    Ok(())
}

/// Runs this test in a process of its own.
fn start<A: Adapter>(node: &str) -> Result<(Process, std::path::PathBuf), Failure> {
    let folder = new_folder()?;
    let name = "answers_that_come_while_the_process_is_stopped_count";
    let test = format!("real::late::{}::{name}", A::NAME.replace('-', "_"));
    let program = env::current_exe()?;
    let program = program.to_str().ok_or("a path that is text")?;
    let words = [&format!("{NODE}={node}"), program, "--exact", &test, "--nocapture"];
    let words = words.map(str::to_owned);
    Ok((Process::start(Path::new("/usr/bin/env"), &words, &folder)?, folder))
}

/// Ends all connections of clients to each node.
pub(super) fn hang_up(cluster: &Cluster) -> Done {
    for node in 0..cluster.nodes().len() {
        cluster.call(node, &["CLIENT", "KILL", "TYPE", "normal"])?;
    }
    Ok(())
}

/// F-13: the end of a connection was there before the command was written.
fn a_connection_that_was_closed_long_ago_is_not_written_on<A: Adapter>() -> Done {
    on_each::<A>("closed while idle", SINCE_7_0, async |cluster| {
        let client = connect::<A>(cluster).await?;
        for number in 1..=6 {
            assert_eq!(client.incr("counter").await?, number);
            hang_up(cluster)?;
            // Nothing is polled: neither this task nor, for a client that blocks, the client.
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(client.incr("counter").await?, 7);
        Ok(())
    })
}

on_every_adapter! {
    answers_that_come_while_the_process_is_stopped_count,
    a_connection_that_was_closed_long_ago_is_not_written_on,
}
