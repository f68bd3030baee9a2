//! SCRIPT and FUNCTION: what is loaded is on all nodes that may run it.

use super::{Answer, Stage, on_each, words};
use crate::real::adapter::{Adapter, on_every_adapter};
use crate::real::{Done, SINCE_7_0, until};
use crate::servers::NAMES;
use crate::servers::raw::Reply;
use hashslot::{Call, Command};

const SHA: &str = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"; // of "return 1", as servers' manuals have it

fn a_script_is_loaded_and_flushed_on_all_nodes<A: Adapter>() -> Done {
    on_each::<A>("SCRIPT", &NAMES, async |stage| {
        let exists = format!("SCRIPT EXISTS {SHA}");
        let counts = |nodes: &[usize]| -> std::io::Result<Vec<Option<i64>>> {
            let replies = stage.directs(nodes, &exists)?;
            Ok(replies.values().map(|reply| reply.at(0).and_then(Reply::integer)).collect())
        };
        stage.one("SCRIPT FLUSH").await?;
        assert_eq!(counts(&stage.nodes())?, [Some(0); 6]);
        let load = Command::new("SCRIPT").arg("LOAD").arg("return 1");
        let Answer::One(sha) = stage.call(load).await? else { panic!("one reply is enough") };
        assert_eq!(sha.text().as_deref(), Some(SHA));
        assert_eq!(counts(&stage.nodes())?, [Some(1); 6], "replicas have it as well");
        assert_eq!(stage.one(&exists).await?.elements(), [Reply::Integer(1)]);
        for key in ["a", "b", "c", "d", "e"] {
            let run = stage.one(&format!("EVALSHA {SHA} 1 {key}")).await?;
            assert_eq!(run, Reply::Integer(1));
        }
        // What one primary lacks is not there.
        stage.direct(stage.primaries[2], "SCRIPT FLUSH")?;
        let both = stage.one(&format!("SCRIPT EXISTS {SHA} {SHA}")).await?;
        assert_eq!(both.elements(), [Reply::Integer(0), Reply::Integer(0)]);
        assert!(stage.one("SCRIPT FLUSH SYNC").await?.is_ok());
        assert_eq!(counts(&stage.nodes())?, [Some(0); 6]);
        Ok(())
    })
}

fn library<A: Adapter>(stage: &Stage<'_, A>, node: usize) -> std::io::Result<Option<String>> {
    let list = stage.direct(node, "FUNCTION LIST")?;
    Ok(list.at(0).and_then(|library| library.field("library_name")?.text()))
}

async fn all_have<A: Adapter>(stage: &Stage<'_, A>, name: Option<&str>) -> Done {
    for node in &stage.primaries {
        assert_eq!(library(stage, *node)?.as_deref(), name, "node {node}");
    }
    until::<A>("replicas follow", async || {
        let replicas = stage.replicas();
        let found = replicas.iter().map(|node| library(stage, *node));
        let found = found.collect::<Result<Vec<_>, _>>()?;
        Ok(found.iter().all(|found| found.as_deref() == name))
    })
    .await
}

const LIBRARY: &str = "#!lua name=routing\n\
    redis.register_function('routed', function(keys) return keys[1] end)";

fn a_function_is_loaded_on_all_primaries<A: Adapter>() -> Done {
    on_each::<A>("FUNCTION", SINCE_7_0, async |stage| {
        stage.one("FUNCTION FLUSH").await?;
        all_have(stage, None).await?;
        let load = || Command::new("FUNCTION").arg("LOAD").arg(LIBRARY);
        let Answer::One(name) = stage.call(load()).await? else { panic!("one reply") };
        assert_eq!(name.text().as_deref(), Some("routing"));
        all_have(stage, Some("routing")).await?;
        let Answer::Failed(error) = stage.call(load()).await? else { panic!("it is there") };
        assert!(error.server().is_some_and(|error| error.text().contains("already exists")));
        for key in ["a", "b", "c", "d", "e"] {
            let run = stage.one(&format!("FCALL routed 1 {key}")).await?;
            assert_eq!(run.text().as_deref(), Some(key));
        }
        let list = "FUNCTION LIST LIBRARYNAME routing";
        assert_eq!(stage.one(list).await?, stage.direct(stage.primaries[0], list)?);
        let dump = stage.one("FUNCTION DUMP").await?;
        assert_eq!(dump, stage.direct(stage.primaries[0], "FUNCTION DUMP")?);
        assert!(stage.one("FUNCTION DELETE routing").await?.is_ok());
        all_have(stage, None).await?;
        let dump = dump.bytes().ok_or("no bytes")?;
        let restore = || Command::new("FUNCTION").arg("RESTORE").arg(dump);
        assert!(matches!(stage.call(restore()).await?, Answer::One(reply) if reply.is_ok()));
        all_have(stage, Some("routing")).await?;
        let replace = Call::new(restore().arg("REPLACE"));
        assert!(matches!(stage.call(replace).await?, Answer::One(reply) if reply.is_ok()));
        let Answer::Failed(error) = stage.call(words("FUNCTION DELETE nothing")).await? else {
            panic!("there is no such library")
        };
        assert!(error.server().is_some(), "all say the same: {error:?}");
        assert!(stage.one("FUNCTION FLUSH").await?.is_ok());
        all_have(stage, None).await
    })
}

on_every_adapter! {
    a_script_is_loaded_and_flushed_on_all_nodes,
    a_function_is_loaded_on_all_primaries,
}
