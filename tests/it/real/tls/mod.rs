//! TLS against real clusters that speak nothing else: who is trusted, by which name, and what is
//! said about those who are not.
//!
//! Redis 7.0 is the server of these tests; the others that are fetched are built without TLS. Two
//! clusters are enough for all of them: one that is trusted ([`secured`]), and one of a single
//! node, which is given the certificate that a test is about ([`lone`], [`give`]).

mod certificates;
mod failures;
mod names;

use std::io;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use hashslot::error::{Cause, Disconnect, NodeFailure, TlsFailure};
use hashslot::runtimes::ConnectError;
use hashslot::{Call, Command, Config, ReadFrom, Tls};

use self::certificates::{Identity, OTHER, OURS, trusting_ours, trusting_ours_in};
use super::adapter::{Adapter, Client, Setup, on_every_adapter};
use super::{Done, Failure, Held, Place, Spot, USUAL, held_by, hold, run, until};
use crate::servers::cluster::{Cluster, Options};
use crate::servers::slots::{key_in_slot, share};

/// The name that certificates have besides the IP address of the nodes.
const NAME: &str = "nodes.example";
/// The deadline of calls that are refused at once. Each is far beyond the limit of a test.
const NEVER: Duration = Duration::from_secs(3600);

/// Three primaries with a replica each, which announce a name and prefer to be called by IP.
fn secured() -> io::Result<Option<Held>> {
    static CLUSTERS: [Place; 1] = [Mutex::new(None)];
    hold(&CLUSTERS, USUAL, |server| {
        let tls = Some(OURS.server(&OURS.certify(&["127.0.0.1", "localhost", NAME])));
        Options { args: announcing(NAME), tls, ..Options::new(server) }
    })
}

/// A cluster of one node, which announces that it is `localhost`. It is trusted by its IP, whatever
/// [`give`] has made of it in the test before.
fn lone() -> io::Result<Option<Held>> {
    static CLUSTERS: [Place; 1] = [Mutex::new(None)];
    let held = hold(&CLUSTERS, USUAL, |server| {
        let (args, tls) = (announcing("localhost"), Some(OURS.server(&ITS_OWN)));
        Options { primaries: 1, replicas: 0, args, tls, ..Options::new(server) }
    })?;
    if let Some(cluster) = &held {
        give(cluster, &ITS_OWN)?;
    }
    Ok(held)
}

/// The certificate of the lone node.
static ITS_OWN: LazyLock<Identity> = LazyLock::new(|| OURS.certify(&["127.0.0.1"]));

/// Gives the lone node a certificate, which it has for all connections from now on. Clients need
/// none.
fn give(cluster: &Cluster, identity: &Identity) -> io::Result<()> {
    let node = cluster.node(0);
    node.write("certificate.pem", &identity.certificate)?;
    node.write("key.pem", &identity.key)?;
    let words = ["CONFIG", "SET", "tls-cert-file", "certificate.pem", "tls-key-file", "key.pem"];
    cluster.call(0, &words)?;
    cluster.call(0, &["CONFIG", "SET", "tls-auth-clients", "no"]).map(drop)
}

fn announcing(name: &str) -> Vec<String> {
    ["--cluster-announce-hostname", name].map(str::to_owned).to_vec()
}

async fn connect<A: Adapter>(seeds: &[String], tls: Tls) -> Result<A::Client, Failure> {
    Ok(A::connect(Setup { tls: Some(tls), ..Setup::new(seeds) }).await?)
}

/// The error of a client that cannot connect, which comes at once and is this for every seed.
async fn refused<A: Adapter>(seeds: &[String], tls: Tls, failure: TlsFailure) -> Done {
    let call_timeout = Some(NEVER);
    let setup = Setup { tls: Some(tls), call_timeout, ..Setup::new(seeds) };
    let error = A::connect(setup).await.err().ok_or("it connected")?;
    let text = error.to_string();
    let ConnectError::Cluster(error) = error else { return Err(text.into()) };
    let Some(Cause::NoCluster(failures)) = error.cause() else { return Err(text.into()) };
    assert_eq!(failures.iter().count(), seeds.len(), "{text}");
    for (address, found) in failures.iter() {
        assert_eq!(*found, NodeFailure::Unreachable(Disconnect::Tls(failure)), "{address}");
    }
    let sentence = format!("cannot connect: TLS failed: {failure}");
    assert!(text.contains(&sentence), "{text}");
    Ok(())
}

/// Every node is asked, in both directions, with small and large values.
async fn talks<A: Adapter>(cluster: &Cluster, tls: Tls) -> Done {
    let client = connect::<A>(&cluster.addresses(), tls).await?;
    let large = "0123456789abcdef".repeat(20_000);
    for number in 0..3 {
        let (small, big) =
            (key_in_slot(share(number, 3).0, "small"), key_in_slot(share(number, 3).1, "big"));
        client.set(&small, number).await?;
        client.set(&big, &large).await?;
        assert_eq!(client.get::<usize>(&small).await?, number);
        assert_eq!(client.get::<String>(&big).await?, large);
    }
    // Many at the same time leave in few records.
    let commands = (0..2000).map(|number| Command::set(format!("many:{number}"), number));
    assert!(client.pipeline(commands).await?.iter().all(Result::is_ok));
    let commands = (0..2000).map(|number| Command::get(format!("many:{number}")));
    for (number, reply) in client.pipeline(commands).await?.into_iter().enumerate() {
        assert_eq!(reply?.value().as_str(), Some(&*number.to_string()));
    }
    client.close().await;
    Ok(())
}

fn f72_a_cluster_that_is_trusted_is_talked_to<A: Adapter>() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<A>(talks::<A>(&cluster, trusting_ours()))
}

/// Nodes that redirections name, and that the client has not dialled, are verified as seeds are.
fn f73_nodes_that_redirections_name_are_talked_to<A: Adapter>() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<A>(async {
        let spot = Spot::new(&cluster, 700)?;
        let seeds = [cluster.node(spot.from).address.clone()];
        let client = connect::<A>(&seeds, trusting_ours()).await?;
        let (moving, staying) = (spot.key("moving"), spot.key("staying"));
        client.set(&moving, "here").await?;
        client.set(&staying, "here").await?;
        spot.open(&cluster)?;
        spot.move_key(&cluster, &moving)?;
        assert_eq!(client.get::<String>(&moving).await?, "here");
        assert_eq!(held_by(&cluster, spot.to, &moving)?.as_deref(), Some("here"));
        spot.close(&cluster)?;
        assert_eq!(client.get::<String>(&staying).await?, "here");
        let stats = client.stats().await?;
        assert!(stats.ask_followed >= 1 && stats.moved_followed >= 1, "{stats:?}");
        client.close().await;
        Ok(())
    })
}

fn f72_replicas_are_secured_too<A: Adapter>() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<A>(async {
        let change = |config: &mut Config| config.read_from = ReadFrom::PreferReplica;
        let (tls, seeds) = (Some(trusting_ours()), cluster.addresses());
        let setup = Setup { tls, change: Some(Box::new(change)), ..Setup::new(&seeds) };
        let client = A::connect(setup).await?;
        client.set("replicated", "value").await?;
        until::<A>("the replica has it", async || {
            Ok(client.get::<Option<String>>("replicated").await?.as_deref() == Some("value"))
        })
        .await?;
        client.close().await;
        Ok(())
    })
}

/// Versions and cryptography that the user chooses.
fn f72_the_choices_of_the_user<A: Adapter>() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<A>(async {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            talks::<A>(&cluster, trusting_ours_in(version)?).await?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        talks::<A>(&cluster, trusting_ours().provider(provider)).await
    })
}

/// A certificate that goes bad while the client lives, and is renewed.
fn f72_a_certificate_is_replaced_while_the_client_lives<A: Adapter>() -> Done {
    let Some(cluster) = lone()? else { return Ok(()) };
    let replace = |identity: &Identity| -> io::Result<()> {
        give(&cluster, identity)?;
        cluster.call(0, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).map(drop)
    };
    run::<A>(async {
        let client = connect::<A>(&cluster.addresses(), trusting_ours()).await?;
        client.set("key", "value").await?;
        replace(&OTHER.certify(&["127.0.0.1"]))?;
        let get = Call::new(Command::get("key")).timeout(NEVER);
        let error = client.call(get).await.expect_err("nobody trusts it");
        let told = TlsFailure::UnknownIssuer.to_string();
        assert!(error.to_string().contains(&told), "{error}");
        // No storm, while many ask: that would be a dial for each.
        let dialled = client.stats().await?.links_dialled;
        for _ in 0..200 {
            client.get::<String>("key").await.expect_err("nobody trusts it");
        }
        let new = client.stats().await?.links_dialled - dialled;
        assert!(new <= 20, "{new} dials");
        replace(&ITS_OWN)?;
        until::<A>("the client is let in again", async || {
            Ok(client.get::<String>("key").await.is_ok_and(|value| value == "value"))
        })
        .await
    })
}

on_every_adapter! {
    f72_a_cluster_that_is_trusted_is_talked_to,
    f73_nodes_that_redirections_name_are_talked_to,
    f72_replicas_are_secured_too,
    f72_the_choices_of_the_user,
    f72_a_certificate_is_replaced_while_the_client_lives,
}
