//! What memory a client takes that does nothing, with its connections to all nodes.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::alloc;
use crate::callers::Job;
use crate::clients::{self, LIMIT, REDIS_BENCHMARK};
use crate::data::Data;
use crate::executor::OnTokio;
use crate::nodes::Nodes;
use crate::workloads::Workload;

const CLIENT_COUNT: u64 = 20;
/// How long it is used before, one request after the other: long enough to have been at every node.
const USE_TIME: Duration = Duration::from_millis(20);

/// A table of bytes that are allocated for each client, over all threads, as the allocator was
/// asked for them.
pub(crate) fn table(
    names: &[&'static str],
    nodes: &Nodes,
    data: &'static Data,
    tokio: &OnTokio,
) -> Outcome<String> {
    let workload = Workload::named("W1").ok_or("no workload")?;
    let mut text = "| client | KiB when idle |\n|---|--:|\n".to_owned();
    // One is another process, and those without a client have what is needed for one request only.
    let is_client = |name: &&&str| **name != REDIS_BENCHMARK && !name.starts_with(LIMIT);
    for name in names.iter().filter(is_client) {
        let connect = || {
            let mut peer = clients::connect_one(name, nodes, tokio)?;
            peer.run(Job { workload, data, until: Instant::now() + USE_TIME })?;
            Outcome::Ok(peer)
        };
        let _what_a_runtime_keeps = connect()?;
        let before = alloc::held();
        let peers = (0..CLIENT_COUNT).map(|_| connect()).collect::<Outcome<Vec<_>>>()?;
        let kib = alloc::held().saturating_sub(before) as f64 / CLIENT_COUNT as f64 / 1024.0;
        text += &format!("| {name} | {kib:.1} |\n");
        drop(peers);
    }
    Ok(text)
}
