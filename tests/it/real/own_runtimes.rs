//! Runtimes and connections of an application's own that fail, and what its clients say then.

use std::future::{Future, pending, ready};
use std::io::{self, IoSlice};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hashslot::Address;
use hashslot::Commands;
use hashslot::runtimes::{Builder, Client, Runtime, Stream};
use hashslot::tokio::Tokio;

use super::{Done, Failure, run};
use crate::servers::fake::{FakeNode, Reaction, answers_handshake};

type Connection = <Tokio as Runtime>::Stream;

/// tokio, with parts that can be made to fail.
#[derive(Clone, Default)]
struct Faulty(Arc<Faults>);

#[derive(Default)]
struct Faults {
    /// A task is polled once and dropped.
    drops_tasks: AtomicBool,
    /// The next read panics.
    panics_at_read: AtomicBool,
    /// Every dial panics.
    panics_at_dial: AtomicBool,
    /// The names that were looked up.
    names: Mutex<Vec<Address>>,
}

/// An address that never answers.
const DEAD: &str = "192.0.2.1";

impl Runtime for Faulty {
    type Stream = FaultyStream;

    /// Every name stands for an address that never answers, and for this machine.
    fn resolve(
        &self,
        address: Address,
    ) -> impl Future<Output = io::Result<Vec<Address>>> + Send + 'static {
        let port = address.port();
        self.0.names.lock().expect("no test panics with it").push(address);
        let found = [DEAD, "127.0.0.1"].map(|host| Address::new(host, port).expect("is one"));
        ready(Ok(found.to_vec()))
    }

    fn connect(
        &self,
        address: Address,
    ) -> impl Future<Output = io::Result<FaultyStream>> + Send + 'static {
        assert!(!self.0.panics_at_dial.load(Ordering::Relaxed), "the modem\nis on fire");
        let faults = Arc::clone(&self.0);
        async move {
            if address.host() == DEAD {
                return pending().await;
            }
            Ok(FaultyStream(Tokio::default().connect(address).await?, faults))
        }
    }

    #[expect(clippy::manual_async_fn, reason = "an async fn would borrow the runtime")]
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        async move { Tokio::default().sleep(duration).await }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if self.0.drops_tasks.load(Ordering::Relaxed) {
            let polled = pin!(task).poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending(), "it has not connected yet");
        } else {
            Tokio::default().spawn(task);
        }
    }
}

struct FaultyStream(Connection, Arc<Faults>);

impl Stream for FaultyStream {
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let read = self.0.poll_read(cx, into);
        let panics = read.is_ready() && self.1.panics_at_read.swap(false, Ordering::Relaxed);
        assert!(!panics, "the cable is cut");
        read
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, from)
    }
}

/// A cluster of one node, which counts.
fn node() -> Result<FakeNode, Failure> {
    Ok(FakeNode::start(|request| {
        let slots = [(0, 16_383, request.port)];
        answers_handshake(request, &slots).unwrap_or_else(|| Reaction::line(":7"))
    })?)
}

async fn connect(runtime: &Faulty, node: &FakeNode) -> Result<Client<Faulty>, Failure> {
    Ok(Builder::new(runtime.clone()).seed(node.address().parse()?).connect().await?)
}

/// A runtime that ends while the client connects: nothing was sent.
#[test]
fn a_task_that_is_dropped_while_the_client_connects_has_run_nothing() -> Done {
    run::<Tokio>(async {
        let (node, runtime) = (node()?, Faulty::default());
        runtime.0.drops_tasks.store(true, Ordering::Relaxed);
        let text = connect(&runtime, &node).await.err().ok_or("it connected")?.to_string();
        assert!(text.contains("runtime") && text.contains("dropped"), "{text}");
        assert!(!text.contains("may have been executed"), "{text}");
        Ok(())
    })
}

/// A fault of the transport ends its connection, is told as what it is, and does no more harm.
#[test]
fn a_connection_that_panics_is_told_and_made_anew() -> Done {
    run::<Tokio>(async {
        let (node, runtime, healthy) = (node()?, Faulty::default(), Faulty::default());
        let (client, other) = (connect(&runtime, &node).await?, connect(&healthy, &node).await?);
        runtime.0.panics_at_read.store(true, Ordering::Relaxed);
        let error = client.incr("counter").await.expect_err("its connection panics");
        let text = error.to_string();
        assert!(text.ends_with("the transport panicked: the cable is cut"), "{text}");
        assert!(error.may_have_executed(), "{text}");
        assert_eq!(client.incr("counter").await?, 7, "over another connection");
        assert_eq!(other.incr("counter").await?, 7);
        assert_eq!(other.stats().await?.links_lost, 0);
        Ok(())
    })
}

#[test]
fn a_dial_that_panics_is_told_at_once() -> Done {
    run::<Tokio>(async {
        let (node, runtime) = (node()?, Faulty::default());
        runtime.0.panics_at_dial.store(true, Ordering::Relaxed);
        let text = connect(&runtime, &node).await.err().ok_or("it connected")?.to_string();
        assert!(text.ends_with("the transport panicked: the modem is on fire"), "{text}");
        Ok(())
    })
}

/// F-12: seeds and nodes that are told by name, and whose first address is dead.
#[test]
fn f12_a_host_is_reached_though_its_first_address_is_dead() -> Done {
    run::<Tokio>(async {
        let node = FakeNode::start(|request| {
            if request.is("CLUSTER SLOTS") {
                let (host, port) = ("$12\r\nnode.example", request.port);
                let slots = format!("*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n{host}\r\n:{port}\r\n");
                return Reaction::Reply(slots.into_bytes());
            }
            if request.is("CLUSTER SHARDS") {
                return Reaction::line("-ERR unknown subcommand");
            }
            answers_handshake(request, &[]).unwrap_or_else(|| Reaction::line(":7"))
        })?;
        let (runtime, port) = (Faulty::default(), node.port());
        let seed = format!("seed.example:{port}").parse()?;
        let client = Builder::new(runtime.clone()).seed(seed).connect().await?;
        assert_eq!(client.incr("counter").await?, 7);
        let names = runtime.0.names.lock().expect("no test panics with it");
        let names: Vec<_> = names.iter().map(|name| name.host().to_owned()).collect();
        assert_eq!(names, ["seed.example", "node.example"]);
        Ok(())
    })
}
