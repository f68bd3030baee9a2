//! All keys of a cluster, while its slots move.

use std::collections::BTreeSet;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use hashslot::error::Cause;
use hashslot::{Command, Error, Scan, cmd};

use super::adapter::{Adapter, Client, Keys, on_every_adapter};
#[cfg(feature = "smol")]
use super::shared;
use super::{CHANGE_LIMIT, Done, Failure, Held, Place, USUAL, connect, hold, run};
use crate::servers::cluster::{Cluster, Options};
use crate::servers::slots::key_in_slot;
use crate::servers::wait_until;

const KEY_COUNT: usize = 2000;
/// Slots that wander to and fro, of the first node, and the keys that each of them has.
const WANDERING: std::ops::Range<u16> = 100..120;

fn texts(page: &[Bytes]) -> impl Iterator<Item = String> {
    page.iter().map(|key| String::from_utf8_lossy(key).into_owned())
}

/// Nothing but slots that are moving is left: it may be tried again.
fn is_moving(error: &Error) -> bool {
    error.cause() == Some(&Cause::SlotMoving)
}

/// Migrates a slot, or ends what an earlier attempt has begun.
fn move_on(cluster: &Cluster, slot: u16, from: usize, to: usize) -> io::Result<bool> {
    if cluster.primary_seen_by(to, slot)? == to {
        cluster.close_slot(slot, to)?;
    } else {
        cluster.migrate_slot(slot, from, to)?;
    }
    Ok(true)
}

/// Clusters in which no replica takes over, and loses what it has not heard of: a busy machine
/// takes a node for dead soon.
fn steady(name: &str) -> io::Result<Option<Held>> {
    static PLACES: [[Place; 1]; 2] = [const { [Mutex::new(None)] }; 2];
    let (replicas, node_timeout) = (0, Duration::from_secs(60));
    let options = |server| Options { replicas, node_timeout, ..Options::new(server) };
    hold(&PLACES[usize::from(name == USUAL)], name, options)
}

fn f60_every_key_is_found_while_slots_move<A: Adapter>() -> Done {
    for name in [USUAL, "valkey-8.1"] {
        let Some(cluster) = steady(name)? else { continue };
        let mut keys: BTreeSet<String> = (0..KEY_COUNT).map(|n| format!("scan:{n}")).collect();
        for slot in WANDERING {
            let tag = key_in_slot(slot, "t");
            keys.extend((0..10).map(|n| format!("scan:{{{tag}}}:{n}")));
        }
        let keys: Vec<_> = keys.into_iter().collect();
        run::<A>(check_at_rest::<A>(&cluster, &keys))?;
        // While slots wander none is left out.
        let stops = AtomicBool::new(false);
        thread::scope(|scope| {
            let wander = scope.spawn(|| wander(&cluster, &stops));
            let done = run::<A>(check_on_the_move::<A>(&cluster, &keys));
            stops.store(true, Ordering::Relaxed);
            let moved = wander.join().expect("the slots wander")?;
            done?;
            assert!(moved >= 40, "only {moved} slots moved");
            Ok::<_, Failure>(())
        })?;
    }
    Ok(())
}

/// Moves slots to and fro, and tells how many.
fn wander(cluster: &Cluster, stops: &AtomicBool) -> Result<u32, Failure> {
    let mut moved = 0;
    while !stops.load(Ordering::Relaxed) {
        for (from, to) in [(0, 1), (1, 0)] {
            for slot in WANDERING {
                // On a busy machine nodes may take each other for dead meanwhile.
                let moves = || move_on(cluster, slot, from, to);
                wait_until("a slot that moves", CHANGE_LIMIT, moves)?;
                moved += 1;
            }
        }
    }
    Ok(moved)
}

/// Writes all keys, and a list, and finds each key once.
async fn check_at_rest<A: Adapter>(cluster: &Cluster, keys: &[String]) -> Done {
    let client = connect::<A>(cluster).await?;
    let written = client.pipeline(keys.iter().map(|key| Command::set(key, "v"))).await?;
    written.into_iter().collect::<Result<Vec<_>, _>>()?;
    client.command::<i64>(Command::new("RPUSH").arg("scan:list").arg("v")).await?;
    let mut walk = client.scan(Scan::new().pattern("scan:*").of_type("string").count(100));
    let mut found = Vec::new();
    while let Some(page) = walk.next().await? {
        found.extend(texts(&page));
    }
    found.sort_unstable();
    assert_eq!(found, keys);
    Ok(())
}

async fn check_on_the_move<A: Adapter>(cluster: &Cluster, keys: &[String]) -> Done {
    let client = connect::<A>(cluster).await?;
    let mut found = BTreeSet::new();
    for _ in 0..3 {
        let mut walk = client.scan(Scan::new().pattern("scan:*").count(50));
        let mut of_walk = BTreeSet::new();
        loop {
            match walk.next().await {
                Ok(Some(page)) => of_walk.extend(texts(&page)),
                Ok(None) => break,
                Err(error) if is_moving(&error) => A::sleep(Duration::from_millis(5)).await,
                Err(error) => return Err(error.into()),
            }
        }
        assert_eq!(walk.done_count(), 16384);
        let lost: Vec<_> = keys.iter().filter(|key| !of_walk.contains(*key)).collect();
        assert!(lost.is_empty(), "left out: {lost:?}");
        found.extend(of_walk);
    }
    assert_eq!(found.len(), keys.len() + 1, "and the list");
    Ok(())
}

/// Keys and events for combinators. A future of `next` that is dropped takes no page with it.
#[cfg(feature = "smol")]
#[test]
fn keys_and_events_are_streams() -> Done {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use ::smol::stream::StreamExt;
    use hashslot::smol::Smol;

    let Some(cluster) = shared(USUAL)? else { return Ok(()) };
    run::<Smol>(async {
        let client = connect::<Smol>(&cluster).await?;
        let events = client.events();
        let keys: BTreeSet<String> = (0..200).map(|number| format!("stream:{number}")).collect();
        client.pipeline(cmd::each(keys.iter().map(|key| cmd::set(key, 1)))).await?;
        let mut scan = client.scan(Scan::new().pattern("stream:*").count(10));
        let mut found = BTreeSet::new();
        for _ in 0..3 {
            // As a rule the page is not there yet, and is not lost with the future.
            let next = pin!(scan.next());
            if let Poll::Ready(page) = next.poll(&mut Context::from_waker(Waker::noop())) {
                found.extend(texts(&page?.unwrap_or_default()));
            }
        }
        for page in StreamExt::collect::<Vec<_>>(scan).await {
            found.extend(texts(&page?));
        }
        assert_eq!(found, keys);
        client.refresh_topology();
        client.close().await;
        assert!(!StreamExt::collect::<Vec<_>>(events).await.is_empty());
        Ok(())
    })
}

on_every_adapter! {
    f60_every_key_is_found_while_slots_move,
}
