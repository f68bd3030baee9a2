//! What only tokio has: a runtime of one thread, and an end of the runtime before the client's.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use allocation_counter::measure;
use hashslot::runtimes::CallFuture;
use hashslot::tokio::Tokio;
use hashslot::{Command, Commands, Frame, cmd};

use super::client::after_the_end;
use super::late::{PATIENCE, answer, hang_up, impatient, silent_node};
use super::load::Load;
use super::{Done, Failure, LIMIT, USUAL, connect, connect_to, run, shared};
use crate::servers::fake::{FakeNode, Reaction};
use crate::servers::wait_until;

/// The caller's thread is the only one: client, load and test take turns.
#[test]
fn one_thread_is_enough() -> Done {
    let Some(cluster) = shared(USUAL)? else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        let test = async {
            let client = connect::<Tokio>(&cluster).await?;
            let load = Load::<Tokio>::start(&client, "current", 32);
            load.goes_on(1000).await?;
            load.stop().await?.assert_flawless();
            let keys: Vec<_> = (0..2000).map(|number| format!("current:{number}")).collect();
            client.pipeline(cmd::each(keys.iter().map(|key| cmd::set(key, key)))).await?;
            client.close().await;
            after_the_end(&client).await
        };
        tokio::time::timeout(LIMIT, test).await
    });
    runtime.shutdown_background();
    done?
}

/// All is allocated on one thread, where it can be counted: a client with a link to each of three
/// nodes, and calls on their way.
#[test]
fn an_idle_client_takes_a_hundred_kilobytes_at_most_and_a_call_two() -> Done {
    const CALL_COUNT: u64 = 10_000;
    let Some(cluster) = shared(USUAL)? else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let connect = || {
        runtime.block_on(async {
            let client = connect::<Tokio>(&cluster).await?;
            client.command::<u64>(Command::new("DBSIZE")).await?; // links to all nodes
            Ok::<_, Failure>(client)
        })
    };
    let _first = connect()?; // what the runtime keeps
    let mut connected = None;
    let idle = measure(|| connected = Some(connect())).bytes_current;
    println!("{idle} bytes for an idle client");
    assert!(idle < 100 * 1024, "{idle} bytes");
    let client = connected.ok_or("not connected")??;
    let calls = measure(|| {
        runtime.block_on(async {
            let calls = (0..CALL_COUNT).map(|_| client.get::<Frame>("{waits}:absent"));
            let of_one = calls.clone().next().as_ref().map_or(0, size_of_val);
            println!("{of_one} bytes for the future of a call");
            assert!(of_one < 320, "{of_one} bytes: a call is kept more than once");
            let mut calls: Vec<_> = calls.map(Box::pin).collect();
            // All are on their way before the first is answered: the driver has to wait for the
            // thread.
            let none_is_ready = poll_fn(|cx| {
                Poll::Ready(calls.iter_mut().all(|call| call.as_mut().poll(cx).is_pending()))
            });
            assert!(none_is_ready.await);
            for call in calls {
                assert!(call.await.expect("an answer").value().is_null());
            }
        });
    });
    let each = calls.bytes_max / CALL_COUNT;
    println!("{each} bytes for a call that waits, its future included");
    assert!(each < 2 * 1024, "{each} bytes");
    Ok(())
}

/// A call as applications hide it.
trait Store: Send + Sync {
    fn name(&self, number: u32) -> Pin<Box<dyn Future<Output = Option<String>> + Send>>;
}

impl Store for hashslot::tokio::Client {
    fn name(&self, number: u32) -> Pin<Box<dyn Future<Output = Option<String>> + Send>> {
        let key = format!("{{owned}}:{number}");
        let call = self.get(&key);
        Box::pin(async { call.await.expect("an answer") })
    }
}

/// A call owns what it needs: it outlives its arguments and its client, and goes wherever futures
/// go.
#[test]
fn calls_are_kept_spawned_and_boxed() -> Done {
    struct Waiting {
        call: CallFuture<String>,
    }

    let Some(cluster) = shared(USUAL)? else { return Ok(()) };
    run::<Tokio>(async {
        let client = connect::<Tokio>(&cluster).await?;
        for number in 0..10 {
            client.set(format!("{{owned}}:{number}"), number).await?;
        }
        let get = |number: u32| {
            let key = format!("{{owned}}:{number}");
            client.get(&key)
        };
        let calls: Vec<CallFuture<u32>> = (0..10).map(get).collect();
        let tasks: Vec<_> = calls.into_iter().map(tokio::spawn).collect();
        for (number, task) in (0..10).zip(tasks) {
            assert_eq!(task.await??, number);
        }
        let waiting = Waiting { call: client.get("{owned}:3") };
        let store: &dyn Store = &client;
        let boxed = store.name(4);
        let of_pipeline = tokio::spawn(client.pipeline([Command::get("{owned}:5")]));
        assert_eq!(format!("{:?}", waiting.call), "CallFuture(not begun)");
        // The last clone goes before the calls have begun: they are answered all the same.
        drop(client);
        assert_eq!(waiting.call.await?, "3");
        assert_eq!(boxed.await.as_deref(), Some("4"));
        assert_eq!(of_pipeline.await??.len(), 1);
        Ok(())
    })
}

/// The runtime that a client was made on ends before the client does.
#[test]
fn a_client_without_its_runtime_is_closed() -> Done {
    let Some(cluster) = shared(USUAL)? else { return Ok(()) };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let client = runtime.block_on(connect::<Tokio>(&cluster))?;
    runtime.shutdown_timeout(Duration::from_secs(10));
    run::<Tokio>(async { after_the_end(&client).await })
}

/// Waits until a node has been asked so often.
fn until_asked(node: &FakeNode, count: usize) -> Done {
    Ok(wait_until("the command arrives", LIMIT, || Ok(node.count_of("INCR") == count))?)
}

/// F-04: a call is given up, its answer comes, and nothing polls the runtime until the link has
/// been silent for too long. The next call finds a link that works.
#[test]
fn a_runtime_that_nothing_polls_gives_up_no_link() -> Done {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let node = silent_node()?;
    let client = runtime.block_on(connect_to::<Tokio>(&[node.address()], impatient))?;
    for number in [1, 3] {
        let given_up = runtime.block_on(async {
            let call = client.incr("counter");
            tokio::time::timeout(Duration::from_millis(50), call).await
        });
        assert!(given_up.is_err(), "it is not answered in time");
        until_asked(&node, number)?;
        answer(&node)?;
        std::thread::sleep(PATIENCE + PATIENCE / 4);
        let answered = runtime.block_on(async {
            let call = client.incr("counter");
            let answers = async {
                while node.count_of("INCR") == number {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                answer(&node)
            };
            let (called, answered) = tokio::join!(tokio::time::timeout(LIMIT, call), answers);
            answered?;
            Ok::<_, Failure>(called??)
        })?;
        assert_eq!(answered, 1);
    }
    assert_eq!(node.connection_count(), 1, "no link was given up");
    Ok(())
}

/// F-13: connections end while nothing polls the runtime.
#[test]
fn a_runtime_that_nothing_polls_writes_on_no_connection_that_has_ended() -> Done {
    let Some(cluster) = shared(USUAL)? else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = runtime.block_on(connect::<Tokio>(&cluster))?;
    for number in 1..=6 {
        assert_eq!(runtime.block_on(client.incr("idle"))?, number);
        hang_up(&cluster)?;
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(runtime.block_on(client.incr("idle"))?, 7);
    Ok(())
}

/// What a client says that cannot connect on the runtime of this thread, or without one.
fn told(block_on: impl FnOnce(Connecting) -> Option<String>) -> Result<String, Failure> {
    let node = FakeNode::start(|_| Reaction::Silent)?;
    let url = format!("redis://{}?call_timeout=1s", node.address());
    let connecting = async move {
        let connected = hashslot::tokio::Client::connect(&url).await;
        connected.err().map(|error| error.to_string())
    };
    let text = block_on(Box::pin(connecting)).ok_or("it connected")?;
    assert!(!text.contains("may have been executed"), "{text}");
    Ok(text)
}

type Connecting = Pin<Box<dyn Future<Output = Option<String>>>>;

#[cfg(feature = "smol")]
#[test]
fn without_a_runtime_the_error_says_so() -> Done {
    let text = told(smol::block_on)?;
    assert!(text.contains("no tokio runtime"), "{text}");
    Ok(())
}

#[test]
fn what_a_runtime_lacks_is_told() -> Done {
    let runtime = || tokio::runtime::Builder::new_current_thread();
    let without_timers = runtime().enable_io().build()?;
    let text = told(|connecting| without_timers.block_on(connecting))?;
    assert!(text.contains("`enable_time`"), "{text}");
    let without_sockets = runtime().enable_time().build()?;
    let text = told(|connecting| without_sockets.block_on(connecting))?;
    assert!(text.contains("`enable_io`"), "{text}");
    let bare = runtime().build()?;
    let text = told(|connecting| bare.block_on(connecting))?;
    assert!(text.contains("`enable_time`") || text.contains("`enable_all`"), "{text}");
    Ok(())
}

/// A stream takes commands as its window has room, keeps their order, and lets others come in
/// between.
#[test]
fn a_stream_goes_through_its_window() -> Done {
    use std::cell::Cell;

    let Some(cluster) = shared(USUAL)? else { return Ok(()) };
    run::<Tokio>(async {
        const COUNT: u32 = 20_000;
        let client = connect::<Tokio>(&cluster).await?;
        client.set("beside", 7).await?;
        let taken = Cell::new(0);
        let rows = (0..COUNT).map(|id| {
            taken.set(taken.get() + 1);
            cmd::incrby(format!("{{window}}{}", id % 10), 1)
        });
        let mut stream = client.stream(rows).window(1000);
        let mut sums = [0; 10];
        let mut count = 0;
        while let Some((number, result)) = stream.next().await {
            count += 1;
            assert_eq!(number, count);
            assert!(taken.get() <= count + 1000, "no more than the window is ahead");
            let sum = &mut sums[(number - 1) % 10];
            *sum += 1;
            assert_eq!(result?, *sum, "the commands of a slot run in their order");
            if number.is_multiple_of(500) {
                assert_eq!(client.get::<u8>("beside").await?, 7);
            }
        }
        assert_eq!((count, sums), (20_000, [2000; 10]));
        Ok(())
    })
}
