//! Which nodes are well: a cluster that is whole, and nodes that hang, die, refuse, or lost each
//! other.

use std::time::Duration;

use hashslot::error::{Cause, ErrorKind, Failure as Failed, NodeFailure};
use hashslot::plan::{ClusterHealth, NodeProblem};
use hashslot::topology::Role;
use hashslot::{Address, Call, Command, Credentials};

use super::adapter::{Adapter, Client, Setup, on_every_adapter};
use super::{
    CHANGE_LIMIT, Done, Failure, address_of, brittle, connect, mortal, on_each, on_usual, run,
    until,
};
use crate::servers::NAMES;
use crate::servers::cluster::Cluster;
use crate::servers::slots::{key_in_slot, share};

/// How long nodes have to answer: one that hangs takes all of it.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Waits for a health: nodes may be slow on a busy machine, and news of them takes its time.
async fn until_health<A: Adapter>(
    client: &A::Client,
    what: &str,
    is_it: impl Fn(&ClusterHealth) -> bool,
) -> Result<ClusterHealth, Failure> {
    let mut last = None;
    let reached = until::<A>(what, async || {
        let health = last.insert(client.health(TIMEOUT).await?);
        Ok(is_it(health))
    });
    match (reached.await, last) {
        (Ok(()), Some(health)) => Ok(health),
        (Err(late), Some(health)) => Err(format!("{late}; {health}").into()),
        (ended, None) => Err(format!("no health: {ended:?}").into()),
    }
}

/// The addresses of the nodes that are not well.
fn sick(health: &ClusterHealth) -> Vec<&Address> {
    health.sick().map(|node| node.node.address()).collect()
}

/// Each node of each server, in its role, with its ID.
fn a_whole_cluster_is_well<A: Adapter>() -> Done {
    on_each::<A>("health", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let health = until_health::<A>(&client, "a whole cluster", ClusterHealth::is_well).await?;
        assert_eq!((health.nodes().len(), health.served_slots()), (6, 16_384));
        assert_eq!(health.to_string(), "6 of 6 nodes are well, 16384 of 16384 slots are served");
        for node in health.well() {
            let port = node.node.address().port();
            let index = cluster.index_of(port).ok_or("not a node of the cluster")?;
            assert_eq!(
                node.node.id().map(|id| id.to_string()),
                Some(cluster.node(index).id.clone())
            );
            let role = if cluster.is_primary(index)? { Role::Primary } else { Role::Replica };
            assert_eq!(node.role, Some(role));
        }
        Ok(())
    })
}

/// It is the only one that is not well, and no other call waits for it.
fn a_frozen_node_is_named<A: Adapter>() -> Done {
    let Some(cluster) = brittle()? else { return Ok(()) };
    run::<A>(async {
        let client = connect::<A>(&cluster).await?;
        let (first, last) = share(0, 3);
        let node = cluster.primary_of(first)?;
        let key = key_in_slot(share(1, 3).0, "health");
        client.set(&key, 0).await?;
        cluster.freeze(node)?;
        let frozen = address_of(&cluster, node);
        let health =
            until_health::<A>(&client, "a frozen node", |health| sick(health) == [&frozen]);
        let health = health.await?;
        assert!(!health.is_well() && !health.is_serving());
        assert_eq!(health.served_slots(), 16_384 - usize::from(last - first + 1));
        let told = health.sick().next().ok_or("none is sick")?;
        let problem = told.problem.as_ref().ok_or("it is well")?;
        assert!(matches!(problem, NodeProblem::Failed(error) if error.is_timeout()), "{problem:?}");
        assert_eq!(told.to_string(), format!("primary {frozen}: timed out"));
        // Other calls go on while the node is waited for.
        let asking = super::tasks::spawn::<A, _>({
            let client = client.clone();
            async move { client.health(CHANGE_LIMIT).await }
        });
        for count in 1..=100 {
            assert_eq!(client.incr(&key).await?, count);
        }
        assert!(!asking.has_ended(), "the node is frozen");
        cluster.thaw(node)?;
        assert!(asking.await??.is_well());
        Ok(())
    })
}

/// The cluster serves without it.
fn a_killed_replica_is_named<A: Adapter>() -> Done {
    let Some(cluster) = mortal()? else { return Ok(()) };
    run::<A>(async {
        let client = connect::<A>(&cluster).await?;
        until_health::<A>(&client, "a whole cluster", ClusterHealth::is_well).await?;
        let replica = if cluster.is_primary(2)? { 5 } else { 2 };
        cluster.kill(replica)?;
        let killed = address_of(&cluster, replica);
        let health =
            until_health::<A>(&client, "a dead replica", |health| sick(health) == [&killed]);
        let health = health.await?;
        assert!(health.is_serving() && !health.is_well());
        assert_eq!((health.nodes().len(), health.well().count()), (6, 5));
        let problem = health.sick().find_map(|node| node.problem.as_ref()).ok_or("it is well")?;
        let NodeProblem::Failed(error) = problem else { return Err(format!("{problem:?}").into()) };
        let is_unreachable =
            matches!(error.cause(), Some(Cause::Node(NodeFailure::Unreachable(_))));
        assert!(is_unreachable, "{error:?}");
        assert_eq!(problem.to_string(), "cannot connect: connection refused");
        cluster.restart(replica)?;
        until_health::<A>(&client, "the replica is back", ClusterHealth::is_well).await?;
        Ok(cluster.wait_ok(CHANGE_LIMIT)?)
    })
}

/// It answers `PING`, and its data get older and older.
fn a_replica_that_lost_its_primary_is_named<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let client = connect::<A>(cluster).await?;
        let replica = if cluster.is_primary(3)? { 0 } else { 3 };
        // It may not connect again.
        for setting in ["masteruser", "masterauth"] {
            cluster.call(replica, &["CONFIG", "SET", setting, "stranger"])?;
        }
        cluster.call(replica, &["CLIENT", "KILL", "TYPE", "master"])?;
        let unlinked = address_of(cluster, replica);
        let is_unlinked = |health: &ClusterHealth| sick(health) == [&unlinked];
        let health = until_health::<A>(&client, "no primary", is_unlinked).await?;
        assert!(health.is_serving() && !health.is_well());
        let problem = health.sick().find_map(|node| node.problem.as_ref());
        assert_eq!(problem, Some(&NodeProblem::PrimaryUnreachable));
        for setting in ["masteruser", "masterauth"] {
            cluster.call(replica, &["CONFIG", "SET", setting, ""])?;
        }
        until_health::<A>(&client, "the primary is found", ClusterHealth::is_well).await?;
        Ok(())
    })
}

/// It answers `PING`, and refuses every command with a key. A user who may not ask for that gets
/// what `PING` tells.
fn a_node_whose_cluster_is_down_is_named<A: Adapter>() -> Done {
    let Some(cluster) = brittle()? else { return Ok(()) };
    run::<A>(async {
        let client = connect::<A>(&cluster).await?;
        let limited = connect_limited::<A>(&cluster).await?;
        let (first, last) = share(2, 3);
        let node = cluster.primary_of(first)?;
        let slot = first.to_string();
        cluster.call(node, &["CLUSTER", "DELSLOTS", &slot])?;
        let down = address_of(&cluster, node);
        let health = until_health::<A>(&client, "a node without a cluster", |health| {
            sick(health) == [&down]
        });
        let health = health.await?;
        let problem = health.sick().find_map(|node| node.problem.as_ref());
        assert_eq!(problem, Some(&NodeProblem::ClusterDown));
        let served = 16_384 - usize::from(last - first + 1);
        assert!(health.served_slots() <= served && !health.is_serving(), "{health}");
        let key = key_in_slot(last, "down");
        let get = Call::new(Command::get(&key)).timeout(TIMEOUT);
        assert!(client.call(get).await.is_err(), "it refuses keys");
        let health = limited.health(TIMEOUT).await?;
        assert_eq!((health.sick().count(), health.nodes().len()), (0, 3), "{health}");
        cluster.call(node, &["CLUSTER", "ADDSLOTS", &slot])?;
        until_health::<A>(&client, "the cluster is whole", ClusterHealth::is_well).await?;
        Ok(cluster.wait_ok(CHANGE_LIMIT)?)
    })
}

/// A client of a user who may do what a client has to, and `PING`.
async fn connect_limited<A: Adapter>(cluster: &Cluster) -> Result<A::Client, Failure> {
    let permissions = ["+ping", "+cluster|slots", "+cluster|shards", "+cluster|nodes"];
    for node in 0..cluster.nodes().len() {
        let mut words = vec!["ACL", "SETUSER", "limited", "reset", "on", ">limited", "~*"];
        words.extend(permissions);
        cluster.call(node, &words)?;
    }
    let credentials = Some(Credentials::user("limited", "limited"));
    Ok(A::connect(Setup { credentials, ..Setup::new(&cluster.addresses()) }).await?)
}

fn without_a_cluster_there_is_no_health<A: Adapter>() -> Done {
    run::<A>(async {
        let seeds = ["127.0.0.1:1".to_owned()];
        let client = A::connect(Setup { lazily: true, ..Setup::new(&seeds) }).await?;
        let error = client.health(TIMEOUT).await.expect_err("there is no cluster");
        assert_eq!(error.kind(), ErrorKind::Cluster);
        let told = "no seed led to a cluster: 127.0.0.1:1: cannot connect: connection refused";
        assert!(error.to_string().ends_with(told), "{error}");
        client.close().await;
        let error = client.health(TIMEOUT).await.expect_err("the client is closed");
        assert_eq!(error.failure(), &Failed::ShutDown);
        Ok(())
    })
}

on_every_adapter! {
    a_whole_cluster_is_well,
    a_frozen_node_is_named,
    a_killed_replica_is_named,
    a_replica_that_lost_its_primary_is_named,
    a_node_whose_cluster_is_down_is_named,
    without_a_cluster_there_is_no_health,
}
