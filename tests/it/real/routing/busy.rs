//! A script that does not end is killed wherever it runs.

use super::{Answer, Stage, on_each, words};
use crate::real::adapter::{Adapter, Client as _, on_every_adapter};
use crate::real::tasks::Tasks;
use crate::real::{Done, SINCE_7_0, until};
use crate::servers::NAMES;
use crate::servers::raw::Connection;
use hashslot::{Call, Command, Target};

/// Has a node run something that does not end, until others are told so.
async fn start<A: Adapter>(
    stage: &Stage<'_, A>,
    node: usize,
    endless: &[&str],
) -> Result<Connection, crate::real::Failure> {
    let mut connection = stage.cluster.connection(node)?;
    connection.send(endless)?;
    let mut asking = stage.cluster.connection(node)?;
    until::<A>("the node is busy", async || {
        Ok(asking.call(&["PING"])?.error().is_some_and(|error| error.starts_with("BUSY")))
    })
    .await?;
    Ok(connection)
}

/// Kills what runs on each primary in turn, while there is nothing to kill on the others.
async fn kill<A: Adapter>(stage: &Stage<'_, A>, line: &str, endless: &[&str]) -> Done {
    let idle = stage.error(line).await?;
    assert!(idle.server().is_some_and(|error| error.code() == "NOTBUSY"), "{idle:?}");
    for node in &stage.primaries {
        let mut running = start(stage, *node, endless).await?;
        let answer = stage.call(words(line)).await?;
        assert!(matches!(&answer, Answer::One(reply) if reply.is_ok()), "{answer:?}");
        let ended = running.receive()?;
        assert!(ended.error().is_some_and(|error| error.to_lowercase().contains("killed")));
    }
    Ok(())
}

fn a_script_is_killed_where_it_runs<A: Adapter>() -> Done {
    on_each::<A>("SCRIPT KILL", &NAMES, async |stage| {
        assert!(stage.one("CONFIG SET lua-time-limit 10").await?.is_ok());
        stage.call(Call::new(words("ECHO linked")).target(Target::AllNodes)).await?;
        kill(stage, "SCRIPT KILL", &["EVAL", "while true do end", "0"]).await?;
        assert!(stage.one("CONFIG SET lua-time-limit 5000").await?.is_ok());
        Ok(())
    })
}

fn a_function_is_killed_where_it_runs<A: Adapter>() -> Done {
    on_each::<A>("FUNCTION KILL", SINCE_7_0, async |stage| {
        assert!(stage.one("CONFIG SET busy-reply-threshold 10").await?.is_ok());
        let library = "#!lua name=endless\n\
            redis.register_function('endless', function() while true do end end)";
        let load = Command::new("FUNCTION").arg("LOAD").arg("REPLACE").arg(library);
        stage.call(load).await?;
        kill(stage, "FUNCTION KILL", &["FCALL", "endless", "0"]).await?;
        assert!(stage.one("FUNCTION FLUSH").await?.is_ok());
        assert!(stage.one("CONFIG SET busy-reply-threshold 5000").await?.is_ok());
        Ok(())
    })
}

/// A client ends its own script, though all else that it sends to the node waits behind it.
fn a16_a_client_ends_its_own_script<A: Adapter>() -> Done {
    on_each::<A>("SCRIPT KILL of one's own", &NAMES, async |stage| {
        assert!(stage.one("CONFIG SET lua-time-limit 10").await?.is_ok());
        let (client, mut tasks) = (stage.client.clone(), Tasks::new());
        tasks.spawn::<A>(async move {
            let script = Command::new("EVAL").arg("while true do end").arg(1).arg("a");
            client.call(Call::new(script)).await
        });
        let asking = stage.primaries.iter().map(|node| stage.cluster.connection(*node));
        let mut asking = asking.collect::<Result<Vec<_>, _>>()?;
        until::<A>("a node is busy", async || {
            for connection in &mut asking {
                let answer = connection.call(&["PING"])?;
                if answer.error().is_some_and(|error| error.starts_with("BUSY")) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await?;
        assert!(stage.one("SCRIPT KILL").await?.is_ok());
        let ended = tasks.join_next().await.ok_or("no task")??;
        let error = ended.expect_err("it does not end by itself");
        assert!(error.to_string().to_lowercase().contains("killed"), "{error}");
        assert!(stage.one("CONFIG SET lua-time-limit 5000").await?.is_ok());
        Ok(())
    })
}

on_every_adapter! {
    a16_a_client_ends_its_own_script,
    a_script_is_killed_where_it_runs,
    a_function_is_killed_where_it_runs,
}
