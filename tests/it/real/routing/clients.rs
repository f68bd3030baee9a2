//! CLIENT: connections are at any node.

use super::{Answer, Stage, in_both, on_each, words};
use crate::real::adapter::{Adapter, on_every_adapter};
use crate::real::{Done, Failure, until};
use crate::servers::NAMES;
use crate::servers::raw::{Connection, Reply};

/// A field of the line that a node has about a connection.
fn field(line: &str, name: &str) -> Option<String> {
    line.split_whitespace()
        .find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
        .map(str::to_owned)
}

/// A connection to a node, and its address as the node sees it. No other node has a connection from
/// there: a port may lead to several nodes at once.
fn connection<A: Adapter>(
    stage: &Stage<'_, A>,
    node: usize,
) -> Result<(Connection, String), Failure> {
    // Those whose addresses are taken stay open, so that none comes again.
    let mut refused = Vec::new();
    loop {
        let mut connection = stage.cluster.connection(node)?;
        let info = connection.must(&["CLIENT", "INFO"])?.text().unwrap_or_default();
        let address = field(&info, "addr").ok_or("no address")?;
        let mut elsewhere = stage.nodes();
        elsewhere.retain(|other| *other != node);
        let lists = stage.directs(&elsewhere, "CLIENT LIST")?;
        if !lists.values().any(|list| lists_address(list, &address)) {
            return Ok((connection, address));
        }
        refused.push(connection);
    }
}

/// Whether a node has a connection from an address.
fn lists_address(list: &Reply, address: &str) -> bool {
    let list = list.text().unwrap_or_default();
    list.lines().any(|line| field(line, "addr").as_deref() == Some(address))
}

fn connections_are_listed_node_by_node<A: Adapter>() -> Done {
    on_each::<A>("CLIENT LIST", &NAMES, async |stage| {
        let others: Vec<_> = stage
            .nodes()
            .into_iter()
            .map(|node| connection(stage, node))
            .collect::<Result<_, _>>()?;
        let told = stage.each("CLIENT LIST").await?;
        assert_eq!(told.keys().copied().collect::<Vec<_>>(), stage.nodes());
        for (node, list) in &told {
            assert!(lists_address(list, &others[*node].1), "{list:?}");
            let list = list.text().ok_or("no text")?;
            let own = list.lines().filter(|line| field(line, "name").as_ref() == Some(&stage.name));
            assert_eq!(own.count(), 1);
        }
        Ok(())
    })
}

fn a_connection_is_killed_wherever_it_is<A: Adapter>() -> Done {
    on_each::<A>("CLIENT KILL", &NAMES, async |stage| {
        for node in [stage.primaries[1], stage.replicas()[2]] {
            let (mut killed, address) = connection(stage, node)?;
            let (mut other, _) = connection(stage, node)?;
            let count = stage.one(&format!("CLIENT KILL ADDR {address}")).await?;
            assert_eq!(count, Reply::Integer(1), "one node had it");
            assert!(killed.call(&["PING"]).is_err());
            other.must(&["PING"])?;
            let count = stage.one(&format!("CLIENT KILL ADDR {address}")).await?;
            assert_eq!(count, Reply::Integer(0));
        }
        Ok(())
    })
}

/// The old form answers OK, or that there is no such client.
fn a_connection_is_killed_by_the_old_form_as_well<A: Adapter>() -> Done {
    on_each::<A>("CLIENT KILL address", &NAMES, async |stage| {
        let (mut killed, address) = connection(stage, stage.primaries[2])?;
        assert!(stage.one(&format!("CLIENT KILL {address}")).await?.is_ok());
        assert!(killed.call(&["PING"]).is_err());
        let error = stage.error(&format!("CLIENT KILL {address}")).await?;
        let text = error.server().map(|error| error.text().into_owned()).unwrap_or_default();
        assert!(text.contains("No such client"), "{error:?}");
        Ok(())
    })
}

/// Whether a connection waits, as its node says.
fn waits<A: Adapter>(stage: &Stage<'_, A>, node: usize, address: &str) -> Result<bool, Failure> {
    let list = stage.text(node, "CLIENT LIST")?;
    let line = list.lines().find(|line| field(line, "addr").as_deref() == Some(address));
    Ok(line.and_then(|line| field(line, "flags")).is_some_and(|flags| flags.contains('b')))
}

fn writes_stand_still_on_all_nodes_for_a_while<A: Adapter>() -> Done {
    on_each::<A>("CLIENT PAUSE", &NAMES, async |stage| {
        assert!(stage.one("CLIENT PAUSE 60000 WRITE").await?.is_ok());
        let mut waiting = Vec::new();
        // A message is a write for this: replicas know it as well.
        for node in stage.nodes() {
            let (mut connection, address) = connection(stage, node)?;
            connection.send(&["PUBLISH", "paused", "text"])?;
            waiting.push((node, connection, address));
        }
        for (node, _, address) in &waiting {
            until::<A>("it waits", async || waits(stage, *node, address)).await?;
        }
        assert!(stage.one("CLIENT UNPAUSE").await?.is_ok());
        for (node, connection, _) in &mut waiting {
            assert_eq!(connection.receive()?, Reply::Integer(0), "node {node}");
        }
        Ok(())
    })
}

fn a_connection_that_waits_is_woken_wherever_it_is<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        for node in stage.primaries.clone() {
            let part = stage.primaries.iter().position(|primary| *primary == node).unwrap_or(0);
            let mut key = format!("waiting:{part}");
            while stage.cluster.primary_of(crate::servers::slots::slot_of(&key))? != node {
                key.push('.');
            }
            let (mut blocked, address) = connection(stage, node)?;
            let id = blocked.must(&["CLIENT", "ID"])?.integer().ok_or("no number")?;
            let nobody = stage.one("CLIENT UNBLOCK 1000000000").await?;
            assert_eq!(nobody, Reply::Integer(0));
            blocked.send(&["BLPOP", &key, "0"])?;
            until::<A>("it waits", async || waits(stage, node, &address)).await?;
            assert_eq!(stage.one(&format!("CLIENT UNBLOCK {id}")).await?, Reply::Integer(1));
            assert!(blocked.receive()?.is_null());
            blocked.send(&["BLPOP", &key, "0"])?;
            until::<A>("it waits", async || waits(stage, node, &address)).await?;
            assert_eq!(stage.one(&format!("CLIENT UNBLOCK {id} ERROR")).await?, Reply::Integer(1));
            assert!(blocked.receive()?.error().is_some_and(|e| e.starts_with("UNBLOCKED")));
        }
        Ok(())
    })
}

/// What tells of one connection is told of the one to the node that the caller names.
fn a_connection_tells_of_itself_on_the_node_that_is_named<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        let address = crate::real::address_of(stage.cluster, stage.primaries[1]);
        for line in
            ["CLIENT GETNAME", "CLIENT INFO", "CLIENT ID", "CLIENT GETREDIR", "CLIENT TRACKINGINFO"]
        {
            let error = stage.error(line).await?.to_string();
            assert!(error.contains("target"), "{line}: {error}");
            let call = hashslot::Call::new(words(line)).on_node(address.clone());
            let Answer::One(reply) = stage.call(call).await? else { panic!("{line}") };
            match line {
                "CLIENT GETNAME" => assert_eq!(reply.text().as_ref(), Some(&stage.name)),
                "CLIENT INFO" => {
                    assert!(reply.text().is_some_and(|text| text.contains(&stage.name)));
                }
                _ => assert_eq!(reply.error(), None),
            }
        }
        Ok(())
    })
}

on_every_adapter! {
    connections_are_listed_node_by_node,
    a_connection_is_killed_wherever_it_is,
    a_connection_is_killed_by_the_old_form_as_well,
    writes_stand_still_on_all_nodes_for_a_while,
    a_connection_that_waits_is_woken_wherever_it_is,
    a_connection_tells_of_itself_on_the_node_that_is_named,
}
