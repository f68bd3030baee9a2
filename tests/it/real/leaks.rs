//! What is left of many clients: nothing. The counts are those of a process of its own, in which no
//! other test runs.

use std::env;
use std::fs;
use std::io;
use std::process;
use std::time::Duration;

use super::adapter::{Adapter, Client as _, Setup, on_every_adapter};
use super::tasks::Tasks;
use super::{Done, Failure, USUAL, shared, until};

/// The nodes of a cluster, for the process that counts.
const NODES: &str = "HASHSLOT_TEST_NODES";
/// Tasks that open clients at the same time, and how many each opens, one after the other.
const TASK_COUNT: usize = 10;
const CLIENT_COUNT: usize = 100;

fn a_thousand_clients_leave_nothing_behind<A: Adapter>() -> Done {
    if let Ok(nodes) = env::var(NODES) {
        let nodes: Vec<_> = nodes.split(',').map(String::from).collect();
        return A::block_on(count::<A>(&nodes));
    }
    let Some(cluster) = shared(USUAL)? else { return Ok(()) };
    let module = A::NAME.replace('-', "_");
    let test = format!("real::leaks::{module}::a_thousand_clients_leave_nothing_behind");
    let output = process::Command::new(env::current_exe()?)
        .args([test.as_str(), "--exact", "--nocapture"])
        .env(NODES, cluster.addresses().join(","))
        .output()?;
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    Ok(())
}

async fn count<A: Adapter>(nodes: &[String]) -> Done {
    open_and_close::<A>(nodes.to_vec(), 3).await?; // whatever a runtime starts once
    let before = (open_files()?, threads()?);
    let mut tasks = Tasks::new();
    for _ in 0..TASK_COUNT {
        let nodes = nodes.to_vec();
        tasks.spawn::<A>(async move {
            open_and_close::<A>(nodes, CLIENT_COUNT).await.map_err(|failure| failure.to_string())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    // Threads of pools go some time after their work.
    let is_over = until::<A>("all is as before", async || {
        Ok(open_files()? <= before.0 && threads()? <= before.1.max(POOL_COUNT_MAX))
    });
    let left = is_over.await;
    eprintln!("before: {before:?}; after: {:?}", (open_files()?, threads()?));
    left
}

/// Threads that a runtime, or the pool for calls that block, may keep: far less than there were
/// clients.
const POOL_COUNT_MAX: usize = 2 * TASK_COUNT + 8;

async fn open_and_close<A: Adapter>(nodes: Vec<String>, count: usize) -> Result<(), Failure> {
    for turn in 0..count {
        let client = A::connect(Setup::new(&nodes)).await?;
        client.set("leaks", turn).await?;
        assert!(client.get::<usize>("leaks").await? < CLIENT_COUNT);
        if turn % 2 == 0 {
            client.close().await;
        }
        // Else it is only dropped; and every third with a call on its way.
        if turn % 3 == 0 {
            drop(super::tasks::within::<A, _>(Duration::ZERO, client.incr("leaks:count")).await);
        }
    }
    Ok(())
}

fn open_files() -> io::Result<usize> {
    Ok(fs::read_dir("/proc/self/fd")?.count())
}

fn threads() -> io::Result<usize> {
    Ok(fs::read_dir("/proc/self/task")?.count())
}

on_every_adapter! {
    a_thousand_clients_leave_nothing_behind,
}
