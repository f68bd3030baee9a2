//! Nodes of other clusters at known addresses, and clusters that are built anew at their addresses.

use std::path::Path;
use std::time::Duration;

use hashslot::{Call, Command};

use super::adapter::{Adapter, Client, on_every_adapter};
use super::tasks::spawn;
use super::{Done, connect, run, until};
use crate::servers::cluster::{Cluster, Options};
use crate::servers::find_or_skip;
use crate::servers::slots::{key_in_slot, share};

/// Servers that are old and new.
const SERVERS: [&str; 2] = ["redis-7.0", "valkey-9.1"];

/// Nodes that go on without the others.
fn options(server: &Path, primaries: usize, ports: &[u16], realm: u8) -> Options {
    let args = ["--cluster-require-full-coverage", "no"].map(str::to_owned).to_vec();
    let ports = ports.to_vec();
    Options { primaries, replicas: 0, args, ports, realm, ..Options::new(server) }
}

/// The other nodes serve their slots, and the stranger gets no command. When all are strangers they
/// are followed.
fn a_node_of_another_cluster_takes_nobody_over<A: Adapter>() -> Done {
    for name in SERVERS {
        let Some(server) = find_or_skip(name) else { continue };
        run::<A>(is_not_taken_over::<A>(&server))
            .map_err(|failure| format!("{name}: {failure}"))?;
    }
    Ok(())
}

async fn is_not_taken_over<A: Adapter>(server: &Path) -> Done {
    let cluster = Cluster::start(options(server, 3, &[], 0))?;
    let ports: Vec<_> = cluster.nodes().iter().map(|node| node.port).collect();
    let keys: Vec<_> = (0..3).map(|part| key_in_slot(share(part, 3).0, "stranger")).collect();
    let client = connect::<A>(&cluster).await?;
    for key in &keys {
        client.incr(key).await?;
    }

    cluster.kill(2)?;
    let other = Cluster::start(options(server, 2, &ports[2..], 1))?;
    // A read finds out that the connection is gone: the outcome of a write would be unknown.
    let read = Call::new(Command::get(&keys[2])).timeout(Duration::from_millis(500));
    assert!(client.call(read).await.is_err());
    let lost = {
        let (client, key) = (client.clone(), keys[2].clone());
        spawn::<A, _>(async move {
            let call = Call::new(Command::new("INCR").arg(key)).timeout(Duration::from_secs(4));
            client.call(call).await
        })
    };
    for count in 2..102 {
        for key in &keys[..2] {
            let counted = client.incr(key).await?;
            assert_eq!(counted, count, "{:?}", client.topology().await?);
        }
        A::sleep(Duration::from_millis(50)).await;
    }
    let lost = lost.await?;
    assert!(matches!(&lost, Err(error) if !error.may_have_executed()), "{lost:?}");
    for node in 0..2 {
        assert_eq!(other.command_calls(node, "incr")?, 0, "the other cluster counts");
    }

    drop(other);
    drop(cluster);
    let rebuilt = Cluster::start(options(server, 3, &ports, 2))?;
    until::<A>("the cluster that was built anew is followed", async || {
        let call = Call::new(Command::new("INCR").arg(&keys[0])).timeout(Duration::from_secs(2));
        match client.call(call).await {
            Ok(_) => Ok(true),
            // The first may have been written on a connection to a node that was gone.
            Err(error) if error.cause().is_some() => Ok(false),
            Err(error) => Err(error.into()),
        }
    })
    .await?;
    for key in &keys {
        client.incr(key).await?;
    }
    assert_eq!(rebuilt.command_calls(0, "incr")?, 2);
    Ok(())
}

on_every_adapter! {
    a_node_of_another_cluster_takes_nobody_over,
}
