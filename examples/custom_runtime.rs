//! A runtime and a transport of one's own under the ordinary client. Needs no server:
//! `cargo run --example custom_runtime --features sim,std`. The page `guide::transports` explains
//! it.

#![expect(clippy::print_stdout, clippy::indexing_slicing, reason = "it is an example")]

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake};
use std::time::{Duration, Instant};
use std::{error::Error, pin::pin, thread};

use hashslot::runtimes::{Builder, Runtime, Stream};
use hashslot::sim::{ConnectionId, Pipes, Version, World};
use hashslot::{Address, Call, Command, Commands, Slot};

/// How many nodes the simulated cluster has.
const PRIMARY_COUNT: usize = 3;
/// How long a task sleeps if nothing wakes it: its timers are not later than that.
const TICK: Duration = Duration::from_micros(500);

/// A runtime with a thread for each task. Its network leads to a simulated cluster.
#[derive(Clone)]
struct Threads {
    network: Arc<Mutex<Pipes>>,
    started_at: Instant,
}

/// Wakes a task by its thread.
struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Threads {
    fn network(&self) -> MutexGuard<'_, Pipes> {
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Polls a task to its end: when it is woken, and every tick for its timers.
    fn run<F: Future>(&self, task: F) -> F::Output {
        let (mut task, waker) = (pin!(task), Arc::new(Unpark(thread::current())).into());
        loop {
            if let Poll::Ready(output) = task.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            thread::park_timeout(TICK);
            self.network().run_until(hashslot::Instant::from_epoch(self.started_at.elapsed()));
        }
    }
}

impl Runtime for Threads {
    type Stream = Link;

    fn connect(&self, to: Address) -> impl Future<Output = io::Result<Link>> + Send + 'static {
        let id = self.network().dial(&to);
        let link = Link { runtime: self.clone(), id };
        async move {
            // The link is dropped with this future: no dial is left.
            let dialled = poll_fn(|cx| link.runtime.network().poll_connected(id, cx)).await;
            dialled.map(|()| link).map_err(io::Error::other)
        }
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        let until = Instant::now() + duration;
        poll_fn(move |_| if until <= Instant::now() { Poll::Ready(()) } else { Poll::Pending })
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let runtime = self.clone();
        thread::spawn(move || runtime.run(task));
    }
}

/// A connection to a node. Dropped, it is closed.
struct Link {
    runtime: Threads,
    id: ConnectionId,
}

impl Stream for Link {
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        self.runtime.network().poll_read(self.id, cx, into).map_err(io::Error::other)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, all: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let first = all.first().map_or(&[][..], |slice| slice); // of many pieces any part will do
        self.runtime.network().poll_write(self.id, cx, first).map_err(io::Error::other)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.runtime.network().close(self.id);
    }
}

/// Makes a few calls, one of which is redirected. Tells how many redirections were followed.
pub(crate) fn run() -> Result<u64, Box<dyn Error>> {
    let world = World::still(Version::Valkey9, PRIMARY_COUNT);
    let nodes = world.seeds().to_vec();
    let network = Arc::new(Mutex::new(Pipes::new(world)));
    let runtime = Threads { network, started_at: Instant::now() };
    runtime.run(async {
        let builder = nodes.iter().cloned().fold(Builder::new(runtime.clone()), Builder::seed);
        let client = builder.connect().await?;
        client.command::<()>(Command::new("MSET").args(["a", "1", "b", "2", "c", "3"])).await?;
        // A slot of the first node becomes one of the last, and the client does not know.
        let (slot, owner, other) = (Slot::of_key(b"bar"), &nodes[0], &nodes[2]);
        let asks = Call::new(Command::new("CLUSTER").arg("MYID")).on_node(other.clone());
        let id: String = client.call_as(asks).await?;
        for node in [other, owner] {
            let gives = Command::new("CLUSTER").args(["SETSLOT", &slot.to_string(), "NODE", &id]);
            client.call_as::<()>(Call::new(gives).on_node(node.clone())).await?;
        }
        client.set("bar", "here").await?;
        let followed = client.stats().await?.moved_followed;
        println!("slot {slot} went from {owner} to {other}: {followed} redirection followed");
        client.close().await;
        Ok(followed)
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    run().map(drop)
}
