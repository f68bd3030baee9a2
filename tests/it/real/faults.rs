//! Nodes that break the rules: each fault that other clients were measured with, as a script.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hashslot::error::{Cause, Violation};
use hashslot::{Command, Config, Event, Frame};

use super::adapter::{Adapter, Client, Events, on_every_adapter};
use super::tasks::Tasks;
use super::{Done, Failure, connect_to, run, until};
use crate::servers::fake::{Bound, FakeNode, Reaction, Request, answers_handshake};
use crate::support::is_lost;

/// Starts a node that serves all slots, and does with other commands what it is told to.
fn node(react: impl Fn(&Request) -> Reaction + Send + Sync + 'static) -> Result<FakeNode, Failure> {
    let handler = move |request: &Request| {
        let slots = [(0, 16_383, request.port)];
        answers_handshake(request, &slots).unwrap_or_else(|| react(request))
    };
    Ok(FakeNode::start(handler)?)
}

async fn client_of<A: Adapter>(
    node: &FakeNode,
    change: impl FnOnce(&mut Config) + Send + 'static,
) -> Result<A::Client, Failure> {
    connect_to::<A>(&[node.address()], change).await
}

/// Dials a node again soon, however often it has failed.
fn impatient(config: &mut Config) {
    config.max_reconnect_delay = config.min_reconnect_delay;
}

/// M-1 and F-49: the node has taken the command, and dies before it answers.
fn what_may_have_run_does_not_run_again<A: Adapter>() -> Done {
    run::<A>(async {
        let first = AtomicUsize::new(1);
        let node = node(move |request| match request {
            _ if request.is("INCR") => Reaction::Close,
            _ if first.swap(0, Ordering::Relaxed) == 1 => Reaction::Close,
            _ => Reaction::bulk(b"value"),
        })?;
        let client = client_of::<A>(&node, impatient).await?;
        let error = client.incr("counter").await.expect_err("no reply came");
        assert!(matches!(error.cause(), Some(Cause::ConnectionLost(_))), "{error}");
        assert!(error.may_have_executed());
        assert_eq!(node.count_of("INCR"), 1);
        // What only reads is sent again.
        assert_eq!(client.get::<String>("key").await?, "value");
        assert_eq!(node.count_of("GET"), 2);
        assert_eq!(node.count_of("INCR"), 1);
        // And so is what the caller says is harmless.
        let harmless = hashslot::Call::new(Command::incr("counter")).idempotent();
        client.call(harmless).await.expect_err("the node never answers it");
        let count = node.count_of("INCR") - 1;
        assert!((2..=17).contains(&count), "sent {count} times");
        Ok(())
    })
}

/// F-02: of a pipeline each command ends by what was answered before the connection was lost.
fn a_pipeline_that_is_cut_ends_in_part<A: Adapter>() -> Done {
    run::<A>(async {
        let node = node(|request| match request.arg(1).as_str() {
            "last" => Reaction::Close,
            _ => Reaction::line(":7"),
        })?;
        let client = client_of::<A>(&node, |_| {}).await?;
        let keys = ["a", "b", "last", "c"];
        let ended = client.pipeline(keys.map(Command::incr)).await?;
        for (key, ended) in keys.iter().zip(&ended).take(2) {
            assert_eq!(ended.as_ref().map(|f| f.value().as_integer()), Ok(Some(7)), "{key}");
        }
        for (key, ended) in keys.iter().zip(&ended).skip(2) {
            assert!(ended.as_ref().is_err_and(is_lost), "{key}: {ended:?}");
        }
        for key in ["a", "b", "last"] {
            let sent = node.commands().into_iter().filter(|(_, args)| args[1] == key.as_bytes());
            assert_eq!(sent.filter(|(_, args)| args[0] == b"INCR").count(), 1, "{key}");
        }
        Ok(())
    })
}

/// F-03: what came of a reply before the connection was lost is no part of another one.
fn half_a_reply_is_forgotten<A: Adapter>() -> Done {
    run::<A>(async {
        let halves: [&[u8]; 3] = [b"$8\r\nabcd", b"$4\r\nabcd\r", b"$"];
        let count = AtomicUsize::new(0);
        let node = node(move |_| {
            let number = count.fetch_add(1, Ordering::Relaxed);
            let half = halves.get(number / 2).filter(|_| number.is_multiple_of(2));
            half.map_or_else(
                || Reaction::bulk(b"whole"),
                |half| Reaction::ReplyThenClose(half.to_vec()),
            )
        })?;
        let client = client_of::<A>(&node, |_| {}).await?;
        for number in 1..=halves.len() {
            assert_eq!(client.get::<String>("key").await?, "whole");
            assert_eq!(node.count_of("GET"), number * 2);
        }
        Ok(())
    })
}

/// M-3 and F-42: what has no end takes its connection with it.
fn a_bottomless_reply_ends_its_call<A: Adapter>() -> Done {
    run::<A>(async {
        let node = node(|request| match request.arg(1).as_str() {
            "deep" => Reaction::Reply(b"*1\r\n".repeat(10_000)),
            _ => Reaction::bulk(b"value"),
        })?;
        let shallow = |config: &mut Config| config.limits.max_skipped_bytes = 30_000;
        let client = client_of::<A>(&node, shallow).await?;
        let error = client.get::<Frame>("deep").await.expect_err("the reply has no end");
        let Some(Cause::Protocol(protocol)) = error.cause() else {
            return Err(error.into());
        };
        assert_eq!(protocol.violation(), Violation::TooDeep);
        assert_eq!(node.count_of("GET"), 1, "the next one would be as deep");
        assert_eq!(client.get::<String>("key").await?, "value", "a new connection is as good");
        assert_eq!(client.stats().await?.protocol_errors, 1);
        Ok(())
    })
}

/// M-9 and F-39: none of them is read as something that it is not.
fn malformed_replies_end_their_calls<A: Adapter>() -> Done {
    run::<A>(async {
        let node = node(|request| match request.arg(1).as_str() {
            "long" => Reaction::Reply(b"$3\r\nabcXY".to_vec()),
            "negative" => Reaction::line("$-5"),
            "negative-array" => Reaction::line("*-2"),
            "plus" => Reaction::Reply(b"$+3\r\nabc\r\n".to_vec()),
            "unknown" => Reaction::Reply(b"HTTP/1.1 400 Bad Request\r\n".to_vec()),
            "endless" => Reaction::Reply([b"+".as_slice(), &[b'x'; 100_000]].concat()),
            "bare" => Reaction::Reply(b"+a\nb\r\n".to_vec()),
            "huge" => Reaction::line("$9223372036854775807"),
            "twice" => Reaction::Reply(b"+one\r\n+two\r\n".to_vec()),
            _ => Reaction::bulk(b"value"),
        })?;
        let client = client_of::<A>(&node, |config| {
            config.limits.max_frame_bytes = 50_000;
            config.limits.max_skipped_bytes = 90_000;
        })
        .await?;
        let keys =
            ["long", "negative", "negative-array", "plus", "unknown", "endless", "bare", "huge"];
        for (index, key) in keys.into_iter().enumerate() {
            let error = client.get::<Frame>(key).await.expect_err("is unusable");
            assert!(matches!(error.cause(), Some(Cause::Protocol(_))), "{key}: {error}");
            assert!(error.may_have_executed(), "{key}: {error}");
            assert_eq!(node.count_of("GET"), 2 * index + 1, "{key} was sent once");
            assert_eq!(client.get::<String>("key").await?, "value", "after {key}");
        }
        // A reply that no call waits for is not given to the next call.
        assert_eq!(client.get::<String>("twice").await?, "one");
        assert_eq!(client.get::<String>("key").await?, "value");
        Ok(())
    })
}

fn moved_to_itself(request: &Request) -> Reaction {
    let slot = crate::servers::slots::slot_of(request.arg(1));
    Reaction::line(&format!("-MOVED {slot} 127.0.0.1:{}", request.port))
}

/// M-4 and F-36: bounded, with pauses, and the caller learns why.
fn a_node_that_moves_to_itself_is_given_up<A: Adapter>() -> Done {
    run::<A>(async {
        let node = node(moved_to_itself)?;
        let client = client_of::<A>(&node, |_| {}).await?;
        let error = client.get::<Frame>("key").await.expect_err("there is no end of it");
        let text = error.server().map(|error| error.text().into_owned());
        assert!(text.is_some_and(|text| text.starts_with("MOVED 12539 ")), "{error}");
        assert!(!error.may_have_executed());
        let (gets, queries) = (node.count_of("GET"), node.count_of("CLUSTER SLOTS"));
        assert!((2..=17).contains(&gets), "{gets} GET");
        assert!(queries <= 10, "{queries} CLUSTER SLOTS");
        assert!(node.connection_count() <= 3, "{} connections", node.connection_count());
        Ok(())
    })
}

/// M-7 and F-68: many callers do not make it worse.
fn many_calls_that_move_nowhere_do_not_storm<A: Adapter>() -> Done {
    run::<A>(async {
        let node = node(moved_to_itself)?;
        let client =
            client_of::<A>(&node, |config| config.call_timeout = Duration::from_secs(1)).await?;
        let (queries, connections) = (node.count_of("CLUSTER SLOTS"), node.connection_count());
        let mut tasks = Tasks::new();
        for number in 0..1000 {
            let client = client.clone();
            tasks.spawn::<A>(async move { client.get::<Frame>(format!("{{key}}{number}")).await });
        }
        let mut told = 0;
        while let Some(ended) = tasks.join_next().await {
            match ended?.expect_err("there is no end of it") {
                error if error.server().is_some_and(|error| error.code() == "MOVED") => told += 1,
                // Time was up just then.
                error if error.is_timeout() => {}
                error => return Err(error.into()),
            }
        }
        assert!(told > 0, "most of them pause, and know why");
        let queries = node.count_of("CLUSTER SLOTS") - queries;
        let connections = node.connection_count() - connections;
        assert!(queries <= 5, "{queries} queries in a second");
        assert!(connections <= 3, "{connections} new connections");
        Ok(())
    })
}

/// M-5 and F-04: at the caller's deadline, if the link is not given up before.
fn a_silent_node_is_not_waited_for<A: Adapter>() -> Done {
    run::<A>(async {
        // It says nothing more on a connection on which it has left out one reply.
        let silent = Mutex::new(BTreeSet::new());
        let node = FakeNode::start(move |request| {
            let mut silent = silent.lock().expect("no handler panics");
            let reaction = answers_handshake(request, &[(0, 16_383, request.port)]);
            if reaction.is_none() {
                silent.insert(request.connection);
            }
            let is_silent = silent.contains(&request.connection);
            reaction.filter(|_| !is_silent).unwrap_or(Reaction::Silent)
        })?;
        let client = client_of::<A>(&node, |config| {
            config.call_timeout = Duration::from_secs(2);
        })
        .await?;
        let error = client.get::<Frame>("key").await.expect_err("it is silent");
        assert!(error.is_timeout() && error.may_have_executed(), "{error}");
        assert!(error.to_string().contains(&node.address()), "{error}");
        assert_eq!(client.stats().await?.links_lost, 0, "its connection may be well");

        // A link that owes replies and is silent is given up, whatever the deadlines of its calls.
        let client = client_of::<A>(&node, |config| {
            config.stall_timeout = Duration::from_millis(200);
            config.call_timeout = Duration::from_secs(3600);
            impatient(config);
        })
        .await?;
        let error = client.incr("counter").await.expect_err("it is silent");
        assert!(matches!(error.cause(), Some(Cause::ConnectionLost(_))), "{error}");
        assert_eq!(node.count_of("INCR"), 1);
        // A read is sent again, but not for ever.
        let error = client.get::<Frame>("key").await.expect_err("it is silent");
        assert!(error.may_have_executed(), "{error}");
        Ok(())
    })
}

/// M-5: callers need not set anything for it.
#[test]
fn every_wait_has_a_default_end() {
    let config = Config::default();
    for limit in [config.call_timeout, config.connect_timeout, config.stall_timeout] {
        assert!(!limit.is_zero() && limit <= Duration::from_secs(30), "{limit:?}");
    }
    assert!(config.stall_timeout + config.ping_interval <= Duration::from_secs(60));
}

/// M-6 and F-67, without the luck of a real cluster: all 1000 are on their way when the first MOVED
/// comes.
fn a_thousand_calls_are_redirected_together<A: Adapter>() -> Done {
    run::<A>(async {
        let (old, new) = (Bound::new()?, Bound::new()?);
        let (old_port, new_port) = (old.port(), new.port());
        let moved = Arc::new(AtomicUsize::new(0));
        let slots = move |moved: &AtomicUsize| match moved.load(Ordering::Relaxed) {
            0 => [(0, 16_382, old_port), (16_383, 16_383, new_port)],
            _ => [(0, 0, old_port), (1, 16_383, new_port)],
        };
        let seen = Arc::clone(&moved);
        let old = old.start(move |request| {
            let reaction = answers_handshake(request, &slots(&seen));
            reaction.unwrap_or_else(|| {
                seen.store(1, Ordering::Relaxed);
                let slot = crate::servers::slots::slot_of(request.arg(1));
                Reaction::line(&format!("-MOVED {slot} 127.0.0.1:{new_port}"))
            })
        })?;
        let seen = Arc::clone(&moved);
        let new = new.start(move |request| {
            let reaction = answers_handshake(request, &slots(&seen));
            reaction.unwrap_or_else(|| Reaction::bulk(request.arg(1).as_bytes()))
        })?;
        let client = connect_to::<A>(&[old.address()], |_| {}).await?;
        let before = client.stats().await?;
        let mut tasks = Tasks::new();
        for number in 0..1000 {
            let client = client.clone();
            tasks.spawn::<A>(async move {
                let key = format!("{{key}}{number}");
                let found = client.get::<String>(&key).await;
                found.map(|found| assert_eq!(found, key))
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        until::<A>("the topology is read again", async || {
            Ok(client.stats().await?.refreshes > before.refreshes)
        })
        .await?;
        A::sleep(Duration::from_millis(300)).await;
        let queries = client.stats().await?.topology_queries - before.topology_queries;
        assert!((1..=3).contains(&queries), "{queries} queries");
        assert_eq!((old.connection_count(), new.connection_count()), (1, 1));
        assert_eq!(new.count_of("GET"), 1000, "each reached its node once");
        Ok(())
    })
}

/// F-75: a redirection to a stranger is not followed, and the stranger is not even dialled.
fn a_stranger_is_not_trusted<A: Adapter>() -> Done {
    run::<A>(async {
        let stranger = FakeNode::start(|_| Reaction::bulk(b"stolen"))?;
        let (port, kinds) = (stranger.port(), ["MOVED", "ASK"]);
        let node = node(move |request| {
            let kind = kinds[usize::from(request.arg(1).ends_with("ask"))];
            let slot = crate::servers::slots::slot_of(request.arg(1));
            Reaction::line(&format!("-{kind} {slot} 127.0.0.1:{port}"))
        })?;
        let client =
            client_of::<A>(&node, |config| config.call_timeout = Duration::from_secs(1)).await?;
        for key in ["moved", "ask"] {
            // A call that is in flight again at its deadline times out instead.
            until::<A>("the refusal is told", async || {
                let error = client.get::<Frame>(key).await.expect_err("no node serves it");
                Ok(error.server().is_some())
            })
            .await?;
        }
        assert_eq!(stranger.connection_count(), 0);
        assert!(client.stats().await?.redirections_refused >= 2);
        Ok(())
    })
}

/// A push is no reply, wherever it comes.
fn pushes_come_between_replies<A: Adapter>() -> Done {
    run::<A>(async {
        let node = node(|request| {
            let mut reply = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n".to_vec();
            reply.extend_from_slice(format!("+{}\r\n", request.arg(1)).as_bytes());
            Reaction::Reply(reply)
        })?;
        let client = client_of::<A>(&node, |_| {}).await?;
        let mut events = client.events();
        for number in 0..20 {
            let key = number.to_string();
            assert_eq!(client.get::<String>(&key).await?, key);
        }
        node.send(0, b">1\r\n+alone\r\n")?;
        let mut count = 0;
        while let Some(event) = events.next().await {
            let Event::Pushed { message, .. } = event else { continue };
            count += 1;
            if **message.as_bytes() == *b">1\r\n+alone\r\n" {
                break;
            }
        }
        assert_eq!(count, 21);
        Ok(())
    })
}

on_every_adapter! {
    what_may_have_run_does_not_run_again,
    a_pipeline_that_is_cut_ends_in_part,
    half_a_reply_is_forgotten,
    a_bottomless_reply_ends_its_call,
    malformed_replies_end_their_calls,
    a_node_that_moves_to_itself_is_given_up,
    many_calls_that_move_nowhere_do_not_storm,
    a_silent_node_is_not_waited_for,
    a_thousand_calls_are_redirected_together,
    a_stranger_is_not_trusted,
    pushes_come_between_replies,
}
