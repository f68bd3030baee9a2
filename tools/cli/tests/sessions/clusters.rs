//! The clusters that the tests share, one test after the other. Each test finds its cluster whole
//! and empty.

use std::io;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::servers::cluster::{Cluster, Options};
use super::servers::find_or_skip;

/// The server that the tests run on.
pub(crate) const USUAL: &str = "redis-7.0";

/// A place for a cluster, which is started when a test needs it.
type Place = Mutex<Option<Cluster>>;

/// A cluster that a test has for itself for as long as it holds this.
#[derive(Debug)]
pub(crate) struct Held(MutexGuard<'static, Option<Cluster>>);

impl Deref for Held {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        self.0.as_ref().expect("started before it is lent")
    }
}

/// Three primaries with one replica each, which take over only when they are told to. `None` if
/// there is no server.
pub(crate) fn shared() -> io::Result<Option<Held>> {
    static CLUSTER: Place = Mutex::new(None);
    let args = ["--cluster-replica-no-failover", "yes"].map(str::to_owned).to_vec();
    hold(&CLUSTER, |server| Options { args, ..Options::new(server) })
}

/// Three primaries without replicas, which do not declare each other failed.
pub(crate) fn brittle() -> io::Result<Option<Held>> {
    static CLUSTER: Place = Mutex::new(None);
    let (replicas, node_timeout) = (0, Duration::from_secs(60));
    hold(&CLUSTER, |server| Options { replicas, node_timeout, ..Options::new(server) })
}

fn hold(
    place: &'static Place,
    options: impl FnOnce(PathBuf) -> Options,
) -> io::Result<Option<Held>> {
    let Some(server) = find_or_skip(USUAL) else { return Ok(None) };
    let mut held = place.lock().unwrap_or_else(PoisonError::into_inner);
    // A test that failed may have left it in any state.
    if held.as_ref().is_some_and(|cluster| cluster.repair(false).is_err()) {
        *held = None;
    }
    if held.is_none() {
        *held = Some(Cluster::start(options(server))?);
    }
    Ok(Some(Held(held)))
}
