//! The simulated nodes and the parser against real servers: what a simulation shows means something
//! because of these tests.
//!
//! Rules of this folder: every reply is read by the harness's own reader; a difference is a failure
//! that shows the seed and the steps up to it; each server version has one cluster of three
//! primaries without replicas, shared by all tests, one after the other.

#![allow(clippy::print_stderr, reason = "a run tells its figures, and what differs")]

mod decoding;
mod encoding;
mod scripts;
mod shapes;
mod sides;

use std::env;
use std::error::Error;
use std::io;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::Duration;

use crate::servers::cluster::{Cluster, Options};
use crate::servers::{NAMES, find_or_skip};

/// What a test ends with.
type Done = Result<(), Box<dyn Error>>;

/// The cluster of a server, for as long as this is held.
type Held = MutexGuard<'static, Option<Cluster>>;

/// Has the test for itself the cluster of a server, if there is such a server.
fn on(name: &str, test: impl FnOnce(&Cluster) -> Done) -> Done {
    static STARTED: Once = Once::new();
    // All at once: a start is mostly waiting. A test that uses the cluster sees a failed start.
    STARTED.call_once(|| {
        for name in NAMES {
            thread::spawn(|| drop(hold(name)));
        }
    });
    let Some(held) = hold(name)? else { return Ok(()) };
    match held.as_ref() {
        Some(cluster) => test(cluster).map_err(|failure| format!("{name}: {failure}").into()),
        None => Ok(()),
    }
}

fn hold(name: &str) -> io::Result<Option<Held>> {
    static CLUSTERS: [Mutex<Option<Cluster>>; NAMES.len()] =
        [const { Mutex::new(None) }; NAMES.len()];
    let index = NAMES.iter().position(|known| *known == name).expect("a name of the list");
    let Some(server) = find_or_skip(name) else { return Ok(None) };
    let mut held = CLUSTERS[index].lock().unwrap_or_else(PoisonError::into_inner);
    // A test that failed may have left it in any state; slots are given back by the next one
    // itself.
    if let Some(Err(error)) = held.as_ref().map(|cluster| cluster.repair(true)) {
        eprintln!("a cluster of {name} is replaced: {error}");
        *held = None;
    }
    if held.is_none() {
        // Redis 6.2 gossips as often as this says; the others tell of a change at once.
        let node_timeout = Duration::from_millis(if index == 0 { 500 } else { 1500 });
        let options = Options { replicas: 0, node_timeout, ..Options::new(server) };
        *held = Some(Cluster::start(options)?);
    }
    Ok(Some(held))
}

/// A number from the environment, for longer runs.
fn count_from(variable: &str, default: u64) -> u64 {
    env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
