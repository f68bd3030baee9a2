//! Seeds that cannot be reached: told at once, and each in the system's words.

use std::slice;
use std::time::Duration;

use hashslot::{Call, Command, Config};

use super::adapter::{Adapter, Client, Setup, on_every_adapter};
use super::connecting::dead;
use super::tasks::Tasks;
use super::{Done, run, until};
use crate::servers::fake::{Bound, FakeNode, Reaction, answers_handshake};

/// What a client says that cannot connect to these seeds. The limit of the test is much shorter
/// than the time of the call.
async fn told<A: Adapter>(seeds: &str) -> Result<String, super::Failure> {
    let connected = A::connect_url(&format!("redis://{seeds}?call_timeout=1h")).await;
    Ok(connected.err().ok_or("it connected")?.to_string())
}

/// F-12: a name that has no address. No name of this domain ever has one.
fn f12_an_unknown_host_is_told_in_the_systems_words<A: Adapter>() -> Done {
    run::<A>(async {
        let text = told::<A>("no-such-host.invalid:7000").await?;
        let cause = "no-such-host.invalid:7000: cannot connect: the host name cannot be resolved: ";
        let (_, words) = text.split_once(cause).ok_or_else(|| text.clone())?;
        assert!(words.len() > 5 && words.contains(' '), "{text}");
        assert!(!text.contains("may have"), "{text}");
        Ok(())
    })
}

/// F-35: one attempt for each seed is enough to know.
fn f35_seeds_that_all_refuse_are_told_at_once<A: Adapter>() -> Done {
    run::<A>(async {
        let seeds = [dead()?, dead()?, "no-such-host.invalid:7000".into(), dead()?, dead()?];
        let text = told::<A>(&seeds.join(",")).await?;
        for seed in &seeds {
            let is_name = seed.starts_with("no-such");
            let cause = if is_name { "the host name cannot be" } else { "connection refused" };
            assert!(text.contains(&format!("{seed}: cannot connect: {cause}")), "{text}");
        }
        Ok(())
    })
}

/// A client that does not wait is told nothing; its calls wait for the cluster, and find it.
fn a_client_that_does_not_wait_finds_a_cluster_that_comes_up_late<A: Adapter>() -> Done {
    run::<A>(async {
        let port = Bound::new()?.port();
        let seed = format!("127.0.0.1:{port}");
        let lazily = |timeout| Setup {
            lazily: true,
            call_timeout: Some(timeout),
            ..Setup::new(slice::from_ref(&seed))
        };
        let impatient = A::connect(lazily(Duration::from_millis(100))).await?;
        let error = impatient.get::<String>("key").await.expect_err("there is no cluster yet");
        assert!(!error.may_have_executed(), "{error}");
        let client = A::connect(lazily(Duration::from_secs(3600))).await?;
        let (mut tasks, waiting) = (Tasks::new(), client.clone());
        tasks.spawn::<A>(async move { waiting.get::<String>("key").await });
        until::<A>("the seed has refused", async || Ok(client.stats().await?.links_lost > 1))
            .await?;
        let node = Bound::at(port)?.start(|request| {
            let slots = [(0, 16_383, request.port)];
            answers_handshake(request, &slots).unwrap_or_else(|| Reaction::bulk(b"value"))
        })?;
        assert_eq!(tasks.join_next().await.ok_or("no task")???, "value");
        drop(node);
        Ok(())
    })
}

/// A caller that wants to wait for ever may say so.
fn f71_the_longest_durations_do_no_harm<A: Adapter>() -> Done {
    run::<A>(async {
        let node = FakeNode::start(|request| {
            let slots = [(0, 16_383, request.port)];
            answers_handshake(request, &slots).unwrap_or_else(|| Reaction::bulk(b"value"))
        })?;
        let change = |config: &mut Config| {
            for duration in [
                &mut config.call_timeout,
                &mut config.connect_timeout,
                &mut config.dial_stagger,
                &mut config.stall_timeout,
                &mut config.ping_interval,
                &mut config.drain_timeout,
                &mut config.min_retry_delay,
                &mut config.max_retry_delay,
                &mut config.min_reconnect_delay,
                &mut config.max_reconnect_delay,
                &mut config.min_refresh_interval,
                &mut config.max_refresh_interval,
                &mut config.refresh_stagger,
                &mut config.moved_trust,
                &mut config.takeover_delay,
            ] {
                *duration = Config::MAX_DURATION;
            }
        };
        let seed = format!("localhost:{}", node.port());
        let setup = Setup { change: Some(Box::new(change)), ..Setup::new(&[seed]) };
        let client = A::connect(setup).await?;
        assert_eq!(client.get::<String>("key").await?, "value");
        let patient = Call::new(Command::get("key")).timeout(Duration::MAX);
        assert_eq!(client.call_as::<String>(patient).await?, "value");
        Ok(())
    })
}

on_every_adapter! {
    a_client_that_does_not_wait_finds_a_cluster_that_comes_up_late,
    f12_an_unknown_host_is_told_in_the_systems_words,
    f35_seeds_that_all_refuse_are_told_at_once,
    f71_the_longest_durations_do_no_harm,
}
