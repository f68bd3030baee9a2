//! SLOWLOG, COMMANDLOG and LATENCY: each node has a log of its own.

use std::collections::BTreeMap;

use super::{Stage, on_each};
use crate::real::adapter::{Adapter, on_every_adapter};
use crate::real::{Done, Failure};
use crate::servers::NAMES;
use crate::servers::raw::Reply;

/// The number of elements of each node's reply.
fn lengths(replies: &BTreeMap<usize, Reply>) -> Vec<usize> {
    replies.values().map(|reply| reply.elements().len()).collect()
}

/// Has each node write a log, a longer one each, and ends that.
async fn write_logs<A: Adapter>(stage: &Stage<'_, A>, threshold: &str, off: &str) -> Done {
    assert!(stage.one(&format!("CONFIG SET {threshold} 0")).await?.is_ok());
    for node in stage.nodes() {
        for _ in 0..=node {
            stage.direct(node, "LOLWUT")?;
        }
    }
    assert!(stage.one(&format!("CONFIG SET {threshold} {off}")).await?.is_ok());
    Ok(())
}

/// What LEN, GET and RESET of a log tell and do, beside what nodes say.
async fn check_log<A: Adapter>(stage: &Stage<'_, A>, log: &str, kind: &str) -> Done {
    let len = format!("{log} LEN{kind}");
    let get = if kind.is_empty() { format!("{log} GET") } else { format!("{log} GET -1{kind}") };
    let sum = stage.sum(&stage.nodes(), &len)?;
    assert!(sum >= 21, "{sum}");
    assert_eq!(stage.one(&len).await?, Reply::Integer(sum));
    let told = stage.each(&get).await?;
    assert_eq!(told, stage.directs(&stage.nodes(), &get)?);
    assert!(lengths(&told).iter().all(|len| *len > 0));
    assert!(stage.one(&format!("{log} RESET{kind}")).await?.is_ok());
    for (node, reply) in stage.directs(&stage.nodes(), &len)? {
        assert_eq!(reply, Reply::Integer(0), "node {node}");
    }
    assert_eq!(stage.one(&len).await?, Reply::Integer(0));
    Ok(())
}

fn slow_commands_are_told_node_by_node<A: Adapter>() -> Done {
    on_each::<A>("SLOWLOG", &NAMES, async |stage| {
        write_logs(stage, "slowlog-log-slower-than", "-1").await?;
        check_log(stage, "SLOWLOG", "").await?;
        assert!(stage.one("CONFIG SET slowlog-log-slower-than 10000").await?.is_ok());
        Ok(())
    })
}

fn logged_commands_are_told_node_by_node<A: Adapter>() -> Done {
    on_each::<A>("COMMANDLOG", &["valkey-8.1", "valkey-9.1"], async |stage| {
        write_logs(stage, "commandlog-execution-slower-than", "-1").await?;
        check_log(stage, "COMMANDLOG", " slow").await?;
        assert!(stage.one("CONFIG SET commandlog-execution-slower-than 10000").await?.is_ok());
        Ok(())
    })
}

/// Two nodes are slow.
fn latencies_are_told_node_by_node<A: Adapter>() -> Done {
    on_each::<A>("LATENCY", &NAMES, async |stage| {
        assert!(stage.one("CONFIG SET latency-monitor-threshold 20").await?.is_ok());
        stage.one("LATENCY RESET").await?;
        let slow = [stage.primaries[1], stage.replicas()[0]];
        for node in slow {
            stage.direct(node, "DEBUG SLEEP 0.05")?;
        }
        assert!(stage.one("CONFIG SET latency-monitor-threshold 0").await?.is_ok());
        for line in ["LATENCY LATEST", "LATENCY HISTORY command", "LATENCY DOCTOR"] {
            let told = stage.each(line).await?;
            assert_eq!(told, stage.directs(&stage.nodes(), line)?, "{line}");
        }
        let history = stage.each("LATENCY HISTORY command").await?;
        for node in slow {
            assert_eq!(history[&node].elements().len(), 1, "node {node}");
        }
        histograms(stage).await?;
        let events = |replies: BTreeMap<usize, Reply>| lengths(&replies).iter().sum::<usize>();
        let count = events(stage.directs(&stage.nodes(), "LATENCY LATEST")?);
        let reset = stage.one("LATENCY RESET").await?.integer();
        assert_eq!(reset, i64::try_from(count).ok(), "as many as there were events");
        assert_eq!(events(stage.each("LATENCY LATEST").await?), 0);
        Ok(())
    })
}

async fn histograms<A: Adapter>(stage: &Stage<'_, A>) -> Result<(), Failure> {
    let answer = stage.call(super::words("LATENCY HISTOGRAM debug")).await?;
    if let Some(unknown) = answer.unknown() {
        assert!(!stage.cluster.version().at_least(7, 0), "{unknown}");
        eprintln!("LATENCY HISTOGRAM: {unknown}");
        return Ok(());
    }
    let direct = stage.directs(&stage.nodes(), "LATENCY HISTOGRAM debug")?;
    assert_eq!(answer, super::Answer::PerNode(direct));
    Ok(())
}

on_every_adapter! {
    slow_commands_are_told_node_by_node,
    logged_commands_are_told_node_by_node,
    latencies_are_told_node_by_node,
}
