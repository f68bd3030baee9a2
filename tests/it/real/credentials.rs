//! Users, passwords and permissions on real clusters, and how they change under load.

use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hashslot::config::Protocol;
use hashslot::error::{Cause, ErrorKind, NodeFailure, ServerError};
use hashslot::runtimes::ConnectError;
use hashslot::{Address, Call, Command, Config, Credentials, Error, Frame, ReadFrom};

use super::adapter::{Adapter, Client, Immediate, Provider, Setup, on_every_adapter};
use super::load::Load;
use super::{Done, Held, Lone, Place, USUAL, client_name, connect_to, hold, on_each, run, until};
use crate::servers::cluster::{Cluster, Options};
use crate::servers::fake::{FakeNode, Reaction, answers_handshake};
use crate::servers::slots::slot_of;
use crate::servers::{NAMES, find_or_skip};

/// Three primaries whose users change.
fn cluster() -> io::Result<Option<Held>> {
    static CLUSTERS: [Place; 1] = [Mutex::new(None)];
    let (replicas, node_timeout) = (0, Duration::from_secs(60));
    hold(&CLUSTERS, USUAL, |server| Options { replicas, node_timeout, ..Options::new(server) })
}

fn on_cluster<A: Adapter>(test: impl AsyncFnOnce(&Cluster) -> Done) -> Done {
    let Some(cluster) = cluster()? else { return Ok(()) };
    run::<A>(test(&cluster))
}

/// Has every node run a command.
fn everywhere(cluster: &Cluster, words: &[&str]) -> io::Result<()> {
    (0..cluster.nodes().len()).try_for_each(|node| cluster.call(node, words).map(drop))
}

/// A user whose permissions are these, with the password `old`.
fn add_user(cluster: &Cluster, name: &str, permissions: &[&str]) -> io::Result<()> {
    let words = ["ACL", "SETUSER", name, "reset", "on", ">old", "~*"];
    everywhere(cluster, &words.into_iter().chain(permissions.iter().copied()).collect::<Vec<_>>())
}

/// A client of this user, whose password is `old`.
async fn connect_as<A: Adapter>(cluster: &Cluster, name: &str) -> Result<A::Client, ConnectError> {
    connect_as_with::<A>(cluster, name, |_| {}).await
}

/// The same with a configuration of its own.
async fn connect_as_with<A: Adapter>(
    cluster: &Cluster,
    name: &str,
    change: impl FnOnce(&mut Config) + Send + 'static,
) -> Result<A::Client, ConnectError> {
    let setup = Setup {
        credentials: Some(Credentials::user(name, "old")),
        change: Some(Box::new(change)),
        ..Setup::new(&cluster.addresses())
    };
    A::connect(setup).await
}

/// Three keys, one on each primary.
const KEYS: [&str; 3] = ["b", "c", "foo"];

async fn use_every_node(client: &impl Client) -> Result<(), Error> {
    for key in KEYS {
        client.set(key, "value").await?;
        client.get::<Option<String>>(key).await?;
    }
    Ok(())
}

/// Who a node says that the client is.
async fn users(client: &impl Client) -> Result<Vec<String>, Error> {
    let ask = Command::new("ACL").arg("WHOAMI");
    let mut users = Vec::new();
    for shard in client.topology().await?.shards() {
        let Some(node) = shard.primary() else { continue };
        let call = Call::new(ask.clone()).on_node(node.address().clone());
        users.push(client.call_as(call).await?);
    }
    Ok(users)
}

/// How many connections a node has from clients of this name.
fn connection_count(cluster: &Cluster, name: &str) -> io::Result<usize> {
    let mut count = 0;
    for node in 0..cluster.nodes().len() {
        let list = cluster.call(node, &["CLIENT", "LIST"])?.text().unwrap_or_default();
        count += list.lines().filter(|line| line.contains(&format!(" name={name} "))).count();
    }
    Ok(count)
}

fn f38_a_provider_is_asked_once_for_each_connection<A: Adapter>() -> Done {
    on_cluster::<A>(async |cluster| {
        // Each node has a password of its own.
        for node in 0..cluster.nodes().len() {
            let password = format!(">of {}", cluster.node(node).port);
            cluster.call(node, &["ACL", "SETUSER", "own", "on", &password, "~*", "+@all"])?;
        }
        let of = |address: &Address| Credentials::user("own", &format!("of {}", address.port()));
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let immediate: Immediate = Box::new(move |address| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(of(&address))
        });
        let count = Arc::clone(&asked);
        let provider: Provider = Box::new(move |address| {
            count.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                A::sleep(Duration::from_millis(20)).await;
                Ok(of(&address))
            })
        });
        let setup = || Setup::new(&cluster.addresses());
        let immediate = Setup { credentials_from: Some(immediate), ..setup() };
        let provider = Setup { credentials_provider: Some(provider), ..setup() };
        for (kind, setup) in [("immediate", immediate), ("provider", provider)] {
            asked.store(0, Ordering::Relaxed);
            let name = client_name(&format!("{kind}-{}", A::NAME));
            let own = name.clone();
            let change = move |config: &mut Config| config.client_name = Some(own);
            let client = A::connect(Setup { change: Some(Box::new(change)), ..setup }).await?;
            use_every_node(&client).await?;
            assert_eq!(asked.load(Ordering::Relaxed), 3);
            assert_eq!(connection_count(cluster, &name)?, 3);
            assert_eq!(users(&client).await?, ["own", "own", "own"]);
            // And again for the next one.
            let first = cluster.primary_of(slot_of(KEYS[0]))?;
            cluster.call(first, &["CLIENT", "KILL", "USER", "own"])?;
            until::<A>("the node is used again", async || {
                Ok(use_every_node(&client).await.is_ok())
            })
            .await?;
            assert_eq!(asked.load(Ordering::Relaxed), 4);
        }
        Ok(())
    })
}

fn f38_a_provider_that_fails_is_told_and_asked_again<A: Adapter>() -> Done {
    on_cluster::<A>(async |cluster| {
        let setup = || Setup::new(&cluster.addresses());
        let fail: Immediate = Box::new(|_| Err("s3cret".into()));
        let call_timeout = Some(Duration::from_secs(2));
        let failing = Setup { credentials_from: Some(fail), call_timeout, ..setup() };
        let text = A::connect(failing).await.err().ok_or("it connected")?.to_string();
        assert!(text.contains("cannot connect: the provider of credentials failed"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");

        let left = AtomicUsize::new(4);
        let recover: Immediate = Box::new(move |_| {
            let one_less = |left: usize| left.checked_sub(1);
            match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less) {
                Ok(_) => Err("not yet".into()),
                Err(_) => Ok(Credentials::password("any")),
            }
        });
        let sick = Setup { credentials_from: Some(recover), ..setup() };
        use_every_node(&A::connect(sick).await?).await?;

        let hang: Provider = Box::new(|_| Box::pin(pending()));
        let change = |config: &mut Config| config.connect_timeout = Duration::from_millis(300);
        let hanging = Setup {
            credentials_provider: Some(hang),
            call_timeout: Some(Duration::from_secs(3)),
            change: Some(Box::new(change)),
            ..setup()
        };
        let Err(ConnectError::Cluster(error)) = A::connect(hanging).await else {
            return Err("it connected".into());
        };
        let Some(Cause::NoCluster(failures)) = error.cause() else { return Err(error.into()) };
        assert!(failures.iter().all(|(_, failure)| *failure == NodeFailure::NoAnswer));
        Ok(())
    })
}

/// The client changes from one user to another under load. Then the test deletes the former user,
/// which would end every connection of that user.
fn f38_rotation_under_load_has_no_error<A: Adapter>() -> Done {
    on_cluster::<A>(async |cluster| {
        add_user(cluster, "ann", &["+@all"])?;
        let client = connect_as::<A>(cluster, "ann").await?;
        let load = Load::<A>::start(&client, "rotation", 20);
        load.goes_on(500).await?;
        assert_eq!(users(&client).await?, ["ann", "ann", "ann"]);
        // Both passwords are right for a while.
        everywhere(cluster, &["ACL", "SETUSER", "ann", ">new"])?;
        client.set_credentials(Credentials::user("ann", "new")).await?;
        everywhere(cluster, &["ACL", "SETUSER", "ann", "<old"])?;
        load.goes_on(500).await?;
        for (former, name) in [("ann", "bob"), ("bob", "ann"), ("ann", "cid")] {
            add_user(cluster, name, &["+@all"])?;
            client.set_credentials(Credentials::user(name, "old")).await?;
            assert_eq!(users(&client).await?, [name, name, name]);
            everywhere(cluster, &["ACL", "DELUSER", former])?;
            load.goes_on(500).await?;
        }
        let tally = load.stop().await?;
        tally.assert_flawless();
        let stats = client.stats().await?;
        assert_eq!((stats.links_reauthenticated, stats.links_lost), (12, 0));
        // New connections begin with the new ones.
        everywhere(cluster, &["CLIENT", "KILL", "USER", "cid"])?;
        until::<A>("the nodes are used again", async || Ok(use_every_node(&client).await.is_ok()))
            .await?;
        assert_eq!(users(&client).await?, ["cid", "cid", "cid"]);
        Ok(())
    })
}

fn f38_a_rotation_that_is_refused_changes_nothing<A: Adapter>() -> Done {
    on_cluster::<A>(async |cluster| {
        add_user(cluster, "dan", &["+@all"])?;
        let client = connect_as::<A>(cluster, "dan").await?;
        use_every_node(&client).await?;
        let refused = client.set_credentials(Credentials::user("dan", "S3cret")).await;
        let failed = refused.as_ref().expect_err("the password is wrong");
        assert!(failed.node().is_some() && !failed.may_have_executed(), "{failed}");
        let Some(Cause::Node(NodeFailure::Authentication(error))) = failed.cause() else {
            return Err(format!("{refused:?}").into());
        };
        assert_eq!(error.code(), "WRONGPASS");
        assert!(!format!("{refused:?}").contains("S3cret"));
        use_every_node(&client).await?;
        assert_eq!(users(&client).await?, ["dan", "dan", "dan"]);
        assert_eq!(client.stats().await?.reauthentications_refused, 3);
        client.set_credentials(Credentials::user("dan", "old")).await?;
        Ok(())
    })
}

/// The servers have a new password that the client does not know, and the client is called all the
/// time.
fn f38_a_wrong_password_is_told_at_once_and_makes_no_storm<A: Adapter>() -> Done {
    on_cluster::<A>(async |cluster| {
        add_user(cluster, "eve", &["+@all"])?;
        let client = connect_as::<A>(cluster, "eve").await?;
        use_every_node(&client).await?;
        everywhere(cluster, &["ACL", "SETUSER", "eve", "resetpass", ">new"])?;
        let connections = |cluster: &Cluster| -> io::Result<u64> {
            (0..3).map(|node| cluster.connections_received(node)).sum()
        };
        everywhere(cluster, &["CLIENT", "KILL", "USER", "eve"])?;
        let before = connections(cluster)?;
        let (mut refused, mut others) = (0, 0);
        while refused < 300 {
            for key in KEYS {
                match client.get::<Option<String>>(key).await {
                    Err(error) if error.kind() == ErrorKind::Authentication => {
                        assert_eq!(error.server().map(ServerError::code), Some("WRONGPASS"));
                        refused += 1;
                    }
                    Err(_) => others += 1,
                    Ok(value) => return Err(format!("{key}: {value:?}").into()),
                }
            }
            A::sleep(Duration::from_millis(1)).await;
        }
        // Three of them are the questions for this number.
        let new = connections(cluster)? - before - 3;
        assert!(others <= 20, "{others} other errors");
        // Each node was dialled, and many calls were refused by what is known of each dial.
        assert!((3..=100).contains(&new), "{new} connections to 3 nodes for {refused} refusals");
        // Told of the new one it goes on at once.
        client.set_credentials(Credentials::user("eve", "new")).await?;
        until::<A>("the client is let in", async || Ok(use_every_node(&client).await.is_ok())).await
    })
}

fn f38_a_missing_password_is_told<A: Adapter>() -> Done {
    let Some(server) = find_or_skip(USUAL) else { return Ok(()) };
    let lone = Lone::start(&server, &["--cluster-enabled", "yes", "--requirepass", "s3cret"])?;
    run::<A>(async {
        for protocol in [Protocol::Resp3, Protocol::Resp2] {
            let change = move |config: &mut Config| config.protocol = protocol;
            let connected = connect_to::<A>(&[lone.address()], change).await;
            let text = connected.err().ok_or("it connected")?.to_string();
            let told = format!("{}: authentication failed: NOAUTH", lone.address());
            assert!(text.contains(&told), "{text}");
        }
        Ok(())
    })
}

fn f38_missing_permissions_are_told_at_once<A: Adapter>() -> Done {
    on_each::<A>("missing permissions", &NAMES, async |cluster| {
        add_user(cluster, "no-get", &["+@all", "-get"])?;
        let client = connect_as::<A>(cluster, "no-get").await?;
        client.set("b", "value").await?;
        let error = client.get::<Option<String>>("b").await.expect_err("not permitted");
        let is_told = error.server().is_some_and(|error| error.code() == "NOPERM");
        assert!(is_told && error.to_string().contains("'get'"), "{error}");
        assert!(!error.may_have_executed());

        // What only adorns is not needed.
        add_user(cluster, "no-names", &["+@all", "-client", "-hello"])?;
        use_every_node(&connect_as::<A>(cluster, "no-names").await?).await?;

        add_user(cluster, "no-cluster", &["+@all", "-cluster"])?;
        let text = connect_as::<A>(cluster, "no-cluster").await.err().ok_or("it connected")?;
        let text = text.to_string();
        for address in cluster.addresses() {
            let told = format!("{address}: no permission to run CLUSTER SLOTS: NOPERM");
            assert!(text.contains(&told), "{text}");
        }

        add_user(cluster, "no-readonly", &["+@all", "-readonly"])?;
        let replicas = |config: &mut Config| config.read_from = ReadFrom::PreferReplica;
        let text = connect_as_with::<A>(cluster, "no-readonly", replicas).await.err();
        let text = text.ok_or("it connected")?.to_string();
        assert!(text.contains(": no permission to run READONLY: NOPERM"), "{text}");
        use_every_node(&connect_as::<A>(cluster, "no-readonly").await?).await?;
        let users = ["no-get", "no-names", "no-cluster", "no-readonly"];
        Ok(users.into_iter().try_for_each(|user| everywhere(cluster, &["ACL", "DELUSER", user]))?)
    })
}

/// A server that refuses `EXEC` leaves no transaction open for those who come next.
fn f38_a_transaction_without_permissions_harms_nobody<A: Adapter>() -> Done {
    on_each::<A>("transactions without permissions", &NAMES, async |cluster| {
        for denied in ["-multi", "-exec", "-get"] {
            let name = format!("no{denied}");
            add_user(cluster, &name, &["+@all", denied])?;
            let client = connect_as::<A>(cluster, &name).await?;
            client.set("{b}other", "other").await?;
            for _ in 0..3 {
                let failed =
                    client.transaction::<Frame>([Command::set("b", "x"), Command::get("b")]).await;
                let text = failed.expect_err("not permitted").to_string();
                assert!(text.contains("NOPERM"), "{denied}: {text}");
                let append = Command::new("APPEND").arg("{b}other").arg("");
                assert_eq!(client.command::<i64>(append).await?, 5, "{denied}");
            }
            client.close().await;
            everywhere(cluster, &["ACL", "DELUSER", &name])?;
        }
        Ok(())
    })
}

/// An identity is checked before the first command: what a server of another kind repeats of the
/// password is not passed on.
fn f74_what_a_server_repeats_of_a_password_is_not_told<A: Adapter>() -> Done {
    run::<A>(async {
        let node = FakeNode::start(|request| {
            if request.is("HELLO") {
                return Reaction::line("-ERR unknown command `HELLO`");
            }
            if request.is("AUTH") {
                return Reaction::line(&format!("-ERR no such user {}", request.arg(2)));
            }
            let slots = [(0, 16_383, request.port)];
            answers_handshake(request, &slots).unwrap_or(Reaction::Close)
        })?;
        let setup = Setup {
            credentials: Some(Credentials::user("ann", "s3cret")),
            call_timeout: Some(Duration::from_secs(2)),
            ..Setup::new(&[node.address()])
        };
        let refused = A::connect(setup).await;
        let text = refused.err().ok_or("it connected")?.to_string();
        assert!(text.contains("it answered: ERR") && !text.contains("s3cret"), "{text}");
        Ok(())
    })
}

on_every_adapter! {
    f38_a_provider_is_asked_once_for_each_connection,
    f38_a_provider_that_fails_is_told_and_asked_again,
    f38_rotation_under_load_has_no_error,
    f38_a_rotation_that_is_refused_changes_nothing,
    f38_a_wrong_password_is_told_at_once_and_makes_no_storm,
    f38_a_missing_password_is_told,
    f38_missing_permissions_are_told_at_once,
    f38_a_transaction_without_permissions_harms_nobody,
    f74_what_a_server_repeats_of_a_password_is_not_told,
}
