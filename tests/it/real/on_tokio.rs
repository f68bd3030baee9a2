//! What only tokio has: a runtime of one thread, and an end of the runtime before the client's.

use std::time::Duration;

use hashslot::Command;
use hashslot::tokio::Tokio;

use super::client::after_the_end;
use super::load::Load;
use super::{Done, LIMIT, USUAL, connect, run, shared};

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
            let ended = client.batch(keys.iter().map(|key| Command::set(key, key))).await?;
            assert!(ended.iter().all(Result::is_ok));
            client.close().await;
            after_the_end(&client).await
        };
        tokio::time::timeout(LIMIT, test).await
    });
    runtime.shutdown_background();
    done?
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
