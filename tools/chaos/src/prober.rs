//! What the servers themselves can do at each moment, measured without any code of the client.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hashslot::Commands;
use hashslot::tokio::Client;

use crate::servers::raw::{Connection, encode};
use crate::stage::{CHANGE_LIMIT, Failure};

/// Between two writes of a prober.
const PERIOD: Duration = Duration::from_millis(5);
/// How long a raw connection waits before it is given up.
const PATIENCE: Duration = Duration::from_millis(500);
/// How many writes a control writer has on their way.
const DEPTH: u64 = 32;

/// When writes were accepted: when each was begun, and when it ended.
#[derive(Debug, Default)]
pub(crate) struct Beats(Mutex<Vec<(Instant, Instant)>>);

impl Beats {
    fn add(&self, begun_at: Instant) {
        self.all(|beats| beats.push((begun_at, Instant::now())));
    }

    fn all<V>(&self, look: impl FnOnce(&mut Vec<(Instant, Instant)>) -> V) -> V {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How long after a moment a write was accepted that was begun after it.
    pub(crate) fn first_after(&self, moment: Instant) -> Option<Duration> {
        self.all(|beats| {
            let first = beats.iter().find(|(begun_at, _)| *begun_at >= moment);
            first.map(|(_, ended_at)| ended_at.duration_since(moment))
        })
    }

    /// The longest time without an accepted write.
    pub(crate) fn longest_gap(&self) -> Duration {
        self.all(|beats| {
            let pairs = beats.iter().zip(beats.iter().skip(1));
            pairs.map(|((_, before), (_, after))| after.duration_since(*before)).max()
        })
        .unwrap_or_default()
    }

    /// As [`first_after`](Self::first_after), and waits for it.
    pub(crate) async fn recovery(&self, what: &str, moment: Instant) -> Result<Duration, Failure> {
        loop {
            if let Some(recovery) = self.first_after(moment) {
                return Ok(recovery);
            }
            if moment.elapsed() > CHANGE_LIMIT {
                return Err(format!("{what}: no write accepted within {CHANGE_LIMIT:?}").into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// A thread that writes a key every few milliseconds, past the client, until it is dropped.
#[derive(Debug)]
pub(crate) struct Prober {
    pub(crate) beats: Arc<Beats>,
    is_over: Arc<AtomicBool>,
}

impl Prober {
    /// Tries these ports in turn: the next one whenever one does not take the write.
    pub(crate) fn start(ports: Vec<u16>, key: &str) -> Self {
        let (beats, is_over) = (Arc::<Beats>::default(), Arc::<AtomicBool>::default());
        let prober = Self { beats: Arc::clone(&beats), is_over: Arc::clone(&is_over) };
        let command = ["SET".to_owned(), key.to_owned(), "probed".to_owned()];
        thread::spawn(move || {
            let mut ports = ports.into_iter().cycle();
            while let Some(port) = ports.next().filter(|_| !is_over.load(Ordering::Relaxed)) {
                probe(port, &command, &beats, &is_over).ok();
                thread::sleep(PERIOD);
            }
        });
        prober
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// Writes to one node as long as it takes the writes.
fn probe(port: u16, command: &[String], beats: &Beats, is_over: &AtomicBool) -> io::Result<()> {
    let mut connection = Connection::to_port(port)?;
    connection.set_timeout(PATIENCE)?;
    while !is_over.load(Ordering::Relaxed) {
        let begun_at = Instant::now();
        connection.must(command)?;
        beats.add(begun_at);
        thread::sleep(PERIOD);
    }
    Ok(())
}

/// A task that writes a key through the client, as often as a prober does.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) beats: Arc<Beats>,
    task: tokio::task::JoinHandle<()>,
}

impl Follower {
    pub(crate) fn start(client: &Client, key: &str) -> Self {
        let beats = Arc::<Beats>::default();
        let (client, key, noted) = (client.clone(), key.to_owned(), Arc::clone(&beats));
        let task = tokio::spawn(async move {
            loop {
                let begun_at = Instant::now();
                if client.set(&key, "followed").await.is_ok() {
                    noted.add(begun_at);
                }
                tokio::time::sleep(PERIOD).await;
            }
        });
        Self { beats, task }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a control writer has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Writes that were acknowledged.
    pub(crate) acknowledged: Vec<u64>,
    last_id: u64,
}

/// A thread that pushes ids to a list as fast as two nodes take them: how much servers lose by
/// themselves.
#[derive(Debug)]
pub(crate) struct Control {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

impl Control {
    /// Writes to the first of these ports that takes it, and to the next when that ends.
    pub(crate) fn start(ports: Vec<u16>, key: &str) -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let (over, key) = (Arc::clone(&is_over), key.to_owned());
        let thread = thread::spawn(move || {
            let mut seen = Seen::default();
            let mut ports = ports.into_iter().cycle();
            while let Some(port) = ports.next().filter(|_| !over.load(Ordering::Relaxed)) {
                push(port, &key, &mut seen, &over).ok();
                thread::sleep(PERIOD);
            }
            seen
        });
        Self { is_over, thread }
    }

    /// Stops, and gives the acknowledged ids.
    pub(crate) fn stop(self) -> Result<Vec<u64>, Failure> {
        self.is_over.store(true, Ordering::Relaxed);
        let seen = self.thread.join().map_err(|_| "the control writer panicked")?;
        Ok(seen.acknowledged)
    }
}

/// Pushes to one node as long as it takes all.
fn push(port: u16, key: &str, seen: &mut Seen, is_over: &AtomicBool) -> io::Result<()> {
    let mut connection = Connection::to_port(port)?;
    connection.set_timeout(PATIENCE)?;
    while !is_over.load(Ordering::Relaxed) {
        let ids = seen.last_id + 1..=seen.last_id + DEPTH;
        seen.last_id += DEPTH;
        let bytes: Vec<_> =
            ids.clone().map(|id| encode(&["RPUSH", key, &id.to_string()])).collect();
        connection.send_bytes(&bytes.concat())?;
        let mut refused = None;
        for id in ids {
            let reply = connection.receive()?;
            if reply.integer().is_some() {
                seen.acknowledged.push(id);
            } else {
                refused = Some(reply);
            }
        }
        if let Some(refused) = refused {
            return Err(io::Error::other(format!("{refused:?}")));
        }
        // As busy as the tasks of a shard, not busier than the machine.
        thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}
