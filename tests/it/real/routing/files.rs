//! What nodes write to files, and what harms a cluster: on one of its own.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use hashslot::config::Protocol;

use super::{Answer, Stage, words};
use crate::real::adapter::{Adapter, on_every_adapter};
use crate::real::{Done, Failure, Held, Place, USUAL, hold, patchwork, run, until};
use crate::servers::cluster::Options;
use crate::servers::raw::Reply;
use crate::servers::slots::share;

/// A cluster whose nodes have a configuration file and a file of users.
fn with_files() -> io::Result<Option<Held>> {
    static CLUSTERS: [Place; 1] = [Mutex::new(None)];
    hold(&CLUSTERS, USUAL, |server| {
        let files = vec![("server.conf", "aclfile users.acl\n"), ("users.acl", "")];
        Options { files, ..Options::new(server) }
    })
}

fn files_are_written_and_read_by_all_nodes<A: Adapter>() -> Done {
    let Some(cluster) = with_files()? else { return Ok(()) };
    run::<A>(async {
        let stage = Stage::<A>::new(&cluster, Protocol::Resp3).await?;
        rewrite(&stage).await?;
        users(&stage).await?;
        save_configuration(&stage).await?;
        save_data(&stage).await?;
        give_up_slots(&stage).await
    })
}

async fn rewrite<A: Adapter>(stage: &Stage<'_, A>) -> Done {
    // Another number each time that the cluster is used: the file keeps what it was told before.
    static NEXT: AtomicU32 = AtomicU32::new(6);
    let line = format!("maxmemory-samples {}", NEXT.fetch_add(1, Ordering::Relaxed));
    assert!(stage.one(&format!("CONFIG SET {line}")).await?.is_ok());
    for node in stage.cluster.nodes() {
        assert!(!node.file("server.conf")?.contains(&line));
    }
    assert!(stage.one("CONFIG REWRITE").await?.is_ok());
    for node in stage.cluster.nodes() {
        assert!(node.file("server.conf")?.contains(&line), "{}", node.address);
    }
    Ok(())
}

async fn users<A: Adapter>(stage: &Stage<'_, A>) -> Done {
    // Another adapter may have left the user.
    stage.one("ACL DELUSER ann").await?;
    for node in stage.cluster.nodes() {
        node.remove("users.acl")?;
    }
    assert!(stage.one("ACL SETUSER ann on >secret ~* +get").await?.is_ok());
    assert!(stage.one("ACL SAVE").await?.is_ok());
    for node in stage.cluster.nodes() {
        assert!(node.file("users.acl")?.contains("user ann on"), "{}", node.address);
    }
    assert_eq!(stage.one("ACL DELUSER ann").await?, Reply::Integer(1));
    assert!(stage.one("ACL LOAD").await?.is_ok());
    for node in stage.nodes() {
        assert!(!stage.direct(node, "ACL GETUSER ann")?.is_null(), "node {node}");
    }
    Ok(())
}

async fn save_configuration<A: Adapter>(stage: &Stage<'_, A>) -> Done {
    for node in stage.cluster.nodes() {
        node.remove("nodes.conf")?;
    }
    assert!(stage.one("CLUSTER SAVECONFIG").await?.is_ok());
    for node in stage.cluster.nodes() {
        assert!(node.file("nodes.conf")?.contains(&node.id), "{}", node.address);
    }
    Ok(())
}

/// A figure of INFO.
fn figure<A: Adapter>(stage: &Stage<'_, A>, node: usize, name: &str) -> Result<i64, Failure> {
    let info = stage.cluster.info(node, "persistence")?;
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Ok(line.ok_or("no such figure")?.parse()?)
}

async fn save_data<A: Adapter>(stage: &Stage<'_, A>) -> Done {
    let nodes = stage.nodes();
    let saves = |stage: &Stage<'_, A>| -> Result<Vec<i64>, Failure> {
        nodes.iter().map(|node| figure(stage, *node, "rdb_saves")).collect()
    };
    let is_idle = async || {
        let busy = |node: &usize| {
            Ok(figure(stage, *node, "rdb_bgsave_in_progress")?
                + figure(stage, *node, "aof_rewrite_in_progress")?)
        };
        Ok(nodes
            .iter()
            .map(busy)
            .collect::<Result<Vec<_>, Failure>>()?
            .iter()
            .all(|busy| *busy == 0))
    };
    until::<A>("replicas are synchronized", is_idle).await?;
    for node in stage.cluster.nodes().iter().filter(|node| node.has_file("dump.rdb")) {
        node.remove("dump.rdb")?;
    }
    let before = saves(stage)?;
    let saved = stage.each("SAVE").await?;
    assert!(saved.len() == 6 && saved.values().all(Reply::is_ok), "{saved:?}");
    assert!(saves(stage)?.iter().zip(&before).all(|(after, before)| *after == before + 1));
    let begun = stage.each("BGSAVE").await?;
    assert!(begun.len() == 6 && begun.values().all(|reply| reply.error().is_none()), "{begun:?}");
    until::<A>("all have saved", is_idle).await?;
    assert!(saves(stage)?.iter().zip(&before).all(|(after, before)| *after == before + 2));
    for node in stage.cluster.nodes() {
        assert!(node.has_file("dump.rdb"), "{}", node.address);
    }
    assert_eq!(stage.each("LASTSAVE").await?, stage.directs(&nodes, "LASTSAVE")?);
    let begun = stage.each("BGREWRITEAOF").await?;
    assert!(begun.len() == 6 && begun.values().all(|reply| reply.error().is_none()), "{begun:?}");
    until::<A>("all have rewritten", is_idle).await?;
    for node in &nodes {
        let info = stage.cluster.info(*node, "persistence")?;
        assert!(info.contains("aof_last_bgrewrite_status:ok"), "{info}");
    }
    Ok(())
}

/// Slots of two owners are given up, each by its own, and come back.
async fn give_up_slots<A: Adapter>(stage: &Stage<'_, A>) -> Done {
    let (first, second) = (share(0, 3).1, share(1, 3).0);
    let owners = [stage.cluster.primary_of(first)?, stage.cluster.primary_of(second)?];
    let answer = stage.call(words(&format!("CLUSTER DELSLOTS {first} {second}"))).await?;
    assert!(matches!(&answer, Answer::One(reply) if reply.is_ok()), "{answer:?}");
    for (node, slot) in owners.into_iter().zip([first, second]) {
        assert!(!is_owner(stage, node, slot)?, "slot {slot}");
        stage.direct(node, &format!("CLUSTER ADDSLOTS {slot}"))?;
        assert!(is_owner(stage, node, slot)?);
    }
    stage.cluster.wait_ok(crate::real::CHANGE_LIMIT)?;
    Ok(())
}

/// Whether a node says that a slot is its own.
fn is_owner<A: Adapter>(stage: &Stage<'_, A>, node: usize, slot: u16) -> Result<bool, Failure> {
    let text = stage.text(node, "CLUSTER NODES")?;
    let own = text.lines().find(|line| line.contains("myself")).ok_or("no line")?;
    let mut ranges = own.split(' ').skip(8).filter(|range| !range.starts_with('['));
    Ok(ranges.any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let bounds = first.parse().ok().zip(last.parse().ok());
        bounds.is_some_and(|(first, last): (u16, u16)| (first..=last).contains(&slot))
    }))
}

/// Ranges of slots over the border of two shards: each owner gives up its part of each.
fn ranges_of_slots_are_given_up_by_their_owners<A: Adapter>() -> Done {
    let Some(cluster) = patchwork()? else { return Ok(()) };
    run::<A>(async {
        let stage = &Stage::<A>::new(&cluster, Protocol::Resp3).await?;
        let (first, second) = (share(0, 3).1, share(1, 3).0);
        let owners = [cluster.primary_of(first)?, cluster.primary_of(second)?];
        // Ranges, over the border of two shards.
        let line = format!("CLUSTER DELSLOTSRANGE {} {} {first} {second}", first - 9, first - 5);
        let answer = stage.call(words(&line)).await?;
        assert!(matches!(&answer, Answer::One(reply) if reply.is_ok()), "{answer:?}");
        for (node, slot) in [
            (owners[0], first - 9),
            (owners[0], first - 5),
            (owners[0], first),
            (owners[1], second),
        ] {
            assert!(!is_owner(stage, node, slot)?, "slot {slot}");
        }
        assert!(is_owner(stage, owners[0], first - 4)? && is_owner(stage, owners[1], second + 1)?);
        for slot in (first - 9..=first - 5).chain([first]) {
            stage.direct(owners[0], &format!("CLUSTER ADDSLOTS {slot}"))?;
        }
        stage.direct(owners[1], &format!("CLUSTER ADDSLOTS {second}"))?;
        cluster.wait_ok(crate::real::CHANGE_LIMIT)?;
        Ok(())
    })
}

on_every_adapter! {
    files_are_written_and_read_by_all_nodes,
    ranges_of_slots_are_given_up_by_their_owners,
}
