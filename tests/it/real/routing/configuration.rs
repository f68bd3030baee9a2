//! CONFIG: set on all nodes, read from all nodes.

use hashslot::{Call, Error, Target};

use super::{Answer, on_each, words};
use crate::real::Done;
use crate::real::adapter::{Adapter, on_every_adapter};
use crate::servers::NAMES;
use crate::servers::raw::Reply;

fn what_is_set_is_set_on_all_nodes<A: Adapter>() -> Done {
    on_each::<A>("CONFIG SET and GET", &NAMES, async |stage| {
        for samples in ["7", "5"] {
            assert!(stage.one(&format!("CONFIG SET maxmemory-samples {samples}")).await?.is_ok());
            for (node, reply) in stage.directs(&stage.nodes(), "CONFIG GET maxmemory-samples")? {
                let found = reply.field("maxmemory-samples").and_then(Reply::text);
                assert_eq!(found.as_deref(), Some(samples), "node {node}");
            }
        }
        let told = stage.each("CONFIG GET maxmemory*").await?;
        assert_eq!(told, stage.directs(&stage.nodes(), "CONFIG GET maxmemory*")?);
        // What nodes tell of themselves differs, and stays apart.
        let ports = stage.each("CONFIG GET port").await?;
        for (node, reply) in ports {
            let port = stage.cluster.node(node).port.to_string();
            assert_eq!(reply.field("port").and_then(Reply::text), Some(port));
        }
        Ok(())
    })
}

fn what_all_nodes_refuse_is_one_error<A: Adapter>() -> Done {
    on_each::<A>("CONFIG SET refused", &NAMES, async |stage| {
        let error = stage.error("CONFIG SET maxmemory-samples none").await?;
        assert!(error.server().is_some_and(|error| error.code() == "ERR"), "{error:?}");
        Ok(())
    })
}

/// One node refuses what the others have done: the error tells node by node.
fn what_one_node_refuses_is_told_node_by_node<A: Adapter>() -> Done {
    on_each::<A>("CONFIG SET in part", &["redis-7.0"], async |stage| {
        let odd = stage.primaries[1];
        // The node is without the right to do it for this one client.
        stage.direct(odd, "ACL SETUSER default -config|set")?;
        let outcome = stage.error("CONFIG SET maxmemory-samples 6").await;
        stage.direct(odd, "ACL SETUSER default +@all")?;
        let error = outcome?;
        let Some(partial) = error.partial() else { return Err(error.into()) };
        assert!(error.may_have_executed());
        assert_eq!(partial.parts().len(), stage.nodes().len());
        for part in partial.parts() {
            let node = part.node().and_then(|node| stage.cluster.index_of(node.port()));
            let node = node.ok_or("a part without a node")?;
            let found = stage.direct(node, "CONFIG GET maxmemory-samples")?;
            let found = found.field("maxmemory-samples").and_then(Reply::text);
            let refusal = part.error().and_then(Error::server).map(hashslot::ServerError::code);
            let (expected, refused) = if node == odd { ("5", Some("NOPERM")) } else { ("6", None) };
            assert_eq!((found.as_deref(), refusal), (Some(expected), refused), "node {node}");
        }
        assert!(stage.one("CONFIG SET maxmemory-samples 5").await?.is_ok());
        Ok(())
    })
}

fn figures_are_reset_on_all_nodes<A: Adapter>() -> Done {
    on_each::<A>("CONFIG RESETSTAT", &NAMES, async |stage| {
        for node in stage.nodes() {
            stage.direct(node, "LOLWUT")?;
            assert!(stage.cluster.command_calls(node, "lolwut")? > 0);
        }
        assert!(stage.one("CONFIG RESETSTAT").await?.is_ok());
        for node in stage.nodes() {
            assert_eq!(stage.cluster.command_calls(node, "lolwut")?, 0, "node {node}");
        }
        Ok(())
    })
}

/// A target of the caller's outweighs the table.
fn what_is_set_on_one_node_is_set_there_only<A: Adapter>() -> Done {
    on_each::<A>("CONFIG SET on one node", &["redis-7.0"], async |stage| {
        let (one, other) = (stage.replicas()[0], stage.primaries[0]);
        let call = |samples: &str| {
            let address = crate::real::address_of(stage.cluster, one);
            Call::new(words(&format!("CONFIG SET maxmemory-samples {samples}"))).on_node(address)
        };
        assert!(matches!(stage.call(call("9")).await?, Answer::One(reply) if reply.is_ok()));
        let get = "CONFIG GET maxmemory-samples";
        assert_ne!(stage.direct(one, get)?, stage.direct(other, get)?);
        let replicas = Call::new(words(get)).target(Target::AllReplicas);
        let Answer::PerNode(replies) = stage.call(replicas).await? else { panic!("one reply") };
        assert_eq!(replies, stage.directs(&stage.replicas(), get)?);
        stage.call(call("5")).await?;
        Ok(())
    })
}

on_every_adapter! {
    what_is_set_is_set_on_all_nodes,
    what_all_nodes_refuse_is_one_error,
    what_one_node_refuses_is_told_node_by_node,
    figures_are_reset_on_all_nodes,
    what_is_set_on_one_node_is_set_there_only,
}
