//! Seeds that are of no use, and what a client says about them.

use std::thread;
use std::time::Duration;

use hashslot::runtimes::ConnectError;
use hashslot::tokio::Client;
use hashslot::{ConfigError, Credentials, Error, Protocol, SeedFailure, Why};

use super::{CHANGE_LIMIT, Done, Failure, Lone, USUAL, connect_to, on_usual, run};
use crate::servers::cluster::{Cluster, Options};
use crate::servers::fake::{Bound, FakeNode, Reaction, answers_handshake};
use crate::servers::raw::Connection;
use crate::servers::slots::SLOT_COUNT;
use crate::servers::{NAMES, find_or_skip, wait_until};

/// An address at which nobody listens.
fn dead() -> Result<String, Failure> {
    let bound = Bound::new()?;
    Ok(format!("127.0.0.1:{}", bound.port()))
}

/// A node that answers one command in its own way, and all others as a whole cluster would.
fn odd(words: &'static str, reply: &'static str) -> Result<FakeNode, Failure> {
    Ok(FakeNode::start(move |request| {
        if request.is(words) {
            return Reaction::line(reply);
        }
        let slots = [(0, 16_383, request.port)];
        answers_handshake(request, &slots).unwrap_or_else(|| Reaction::bulk(b"value"))
    })?)
}

const WRONG_PASSWORD: &str = "-WRONGPASS invalid username-password pair or user is disabled.";
const NO_PASSWORD: &str = "-NOAUTH HELLO must be called with the client already authenticated";
const NO_CLUSTER: &str = "-ERR This instance has cluster support disabled";

/// The error of a client with these seeds, and what it says about each.
async fn failures(
    seeds: &[String],
    call_timeout: Duration,
) -> Result<(String, Vec<(String, SeedFailure)>), Failure> {
    let mut builder = Client::builder().call_timeout(call_timeout).configure(|config| {
        config.connect_timeout = Duration::from_millis(300);
    });
    for seed in seeds {
        builder = builder.seed(seed.parse()?);
    }
    let error = builder.connect().await.err().ok_or("it connected")?;
    let ConnectError::Cluster(Error::NotExecuted { why: Why::NoCluster(failures), .. }) = &error
    else {
        return Err(error.into());
    };
    let each = failures.iter().map(|(address, failure)| (address.to_string(), failure.clone()));
    Ok((error.to_string(), each.collect()))
}

#[test]
fn each_seed_has_its_own_reason() -> Done {
    run(async {
        let (dead, hanging) = (dead()?, Bound::new()?);
        let (wrong, none) = (odd("HELLO", WRONG_PASSWORD)?, odd("HELLO", NO_PASSWORD)?);
        let lone = odd("CLUSTER SLOTS", NO_CLUSTER)?;
        let mute = odd("CLUSTER SLOTS", "*0")?;
        let nonsense = FakeNode::start(|_| Reaction::line("HTTP/1.1 400 Bad Request"))?;
        let loading = odd("CLUSTER SLOTS", "-LOADING Redis is loading the dataset in memory")?;
        let hanging = format!("127.0.0.1:{}", hanging.port());
        let fakes = [&wrong, &none, &lone, &mute, &nonsense, &loading].map(FakeNode::address);
        let seeds: Vec<_> = [dead, hanging].into_iter().chain(fakes).collect();
        let (text, failures) = failures(&seeds, Duration::from_millis(1500)).await?;
        let expected: [(&str, fn(&SeedFailure) -> bool); 8] = [
            ("cannot connect: connection refused", |f| matches!(f, SeedFailure::Unreachable(_))),
            ("no answer in time", |f| matches!(f, SeedFailure::NoAnswer)),
            ("WRONGPASS", |f| matches!(f, SeedFailure::Authentication(_))),
            ("NOAUTH", |f| matches!(f, SeedFailure::Authentication(_))),
            ("not a cluster node: ERR This instance", |f| matches!(f, SeedFailure::NotACluster(_))),
            ("unusable answer", |f| matches!(f, SeedFailure::Unusable(_))),
            ("unusable answer", |f| matches!(f, SeedFailure::Unusable(_))),
            ("it answered: LOADING", |f| matches!(f, SeedFailure::Refused(_))),
        ];
        for (seed, (words, is_expected)) in seeds.iter().zip(expected) {
            let failure = failures.iter().find(|(address, _)| address == seed).map(|(_, f)| f);
            let failure = failure.ok_or_else(|| format!("nothing about {words}: {text}"))?;
            assert!(is_expected(failure), "{words}: {failure:?}");
            assert!(failure.to_string().contains(words), "{words}: {failure}");
            assert!(text.contains(&format!("{seed}: {failure}")), "{text}");
        }
        Ok(())
    })
}

/// What no patience can change is told at once.
#[test]
fn a_hopeless_seed_is_not_waited_for() -> Done {
    run(async {
        for (words, reply) in [("HELLO", WRONG_PASSWORD), ("CLUSTER SLOTS", NO_CLUSTER)] {
            let (node, dead) = (odd(words, reply)?, dead()?);
            for seeds in [vec![node.address()], vec![dead, node.address()]] {
                // The limit of the test is much shorter.
                let (text, _) = failures(&seeds, Duration::from_secs(3600)).await?;
                assert!(text.contains(&reply[1..]), "{text}");
            }
        }
        Ok(())
    })
}

/// One seed that works is enough, wherever it stands.
#[test]
fn one_good_seed_is_enough() -> Done {
    on_usual(async |cluster| {
        let (wrong, lone) = (odd("HELLO", WRONG_PASSWORD)?, odd("CLUSTER SLOTS", NO_CLUSTER)?);
        let silent = FakeNode::start(|_| Reaction::Silent)?;
        let bad = [dead()?, wrong.address(), lone.address(), silent.address()];
        let good = &cluster.node(4).address;
        for place in 0..=bad.len() {
            let mut seeds = bad.to_vec();
            seeds.insert(place, good.clone());
            let client = connect_to(&seeds, |_| {}).await?;
            client.set("seed", place).await?;
            assert_eq!(client.get::<usize>("seed").await?, place);
            client.close().await;
        }
        Ok(())
    })
}

#[test]
fn a_server_without_a_cluster_is_named_as_such() -> Done {
    for name in NAMES {
        let Some(server) = find_or_skip(name) else { continue };
        let lone = Lone::start(&server, &[])?;
        run(async {
            let (text, _) = failures(&[lone.address()], CHANGE_LIMIT).await?;
            let says = format!("{}: not a cluster node: ERR This instance has", lone.address());
            assert!(text.contains(&says), "{text}");
            Ok(())
        })?;
    }
    Ok(())
}

/// A cluster of one node, which wants a password.
fn guarded(server: &std::path::Path) -> Result<Lone, Failure> {
    let args = ["--cluster-enabled", "yes", "--requirepass", "s3cret", "--masterauth", "s3cret"];
    let lone = Lone::start(server, &args)?;
    let mut connection = Connection::to_port(lone.port)?;
    connection.must(&["AUTH", "s3cret"])?;
    connection.must(&["ACL", "SETUSER", "ann", "on", ">pass:@/word", "~*", "+@all"])?;
    let slots: Vec<_> = (0..SLOT_COUNT).map(|slot| slot.to_string()).collect();
    let words = ["CLUSTER", "ADDSLOTS"].into_iter().chain(slots.iter().map(String::as_str));
    connection.must(&words.collect::<Vec<_>>())?;
    wait_until("the cluster is whole", CHANGE_LIMIT, || {
        let info = connection.must(&["CLUSTER", "INFO"])?;
        Ok(info.text().is_some_and(|text| text.contains("cluster_state:ok")))
    })?;
    Ok(lone)
}

#[test]
fn credentials_are_used_and_refusals_told() -> Done {
    // At the same time: a start is mostly waiting.
    let servers = NAMES.into_iter().filter_map(find_or_skip);
    let starts: Vec<_> = servers.map(|server| thread::spawn(move || guarded(&server))).collect();
    for start in starts {
        let lone = start.join().map_err(|_panic| "the start has panicked")??;
        run(check_credentials(&lone.address()))?;
    }
    Ok(())
}

async fn check_credentials(address: &str) -> Done {
    let seed = || Client::builder().seed(address.parse().expect("host and port"));
    for credentials in [Credentials::password("s3cret"), Credentials::user("ann", "pass:@/word")] {
        let client = seed().credentials(credentials).connect().await?;
        client.set("key", "value").await?;
        assert_eq!(client.get::<String>("key").await?, "value");
        client.close().await;
    }
    let url = format!("redis://ann:pass%3A%40%2Fword@{address}");
    Client::connect(&url).await?.close().await;
    for credentials in [Credentials::password("S3cret"), Credentials::user("bob", "s3cret")] {
        let error = seed().credentials(credentials).connect().await.err();
        let text = error.ok_or("it connected")?.to_string();
        assert!(text.contains("authentication failed: WRONGPASS"), "{text}");
        assert!(!text.contains("3cret"), "it tells the password: {text}");
    }
    let text = seed().connect().await.err().ok_or("it connected")?.to_string();
    assert!(text.contains("authentication failed: NOAUTH"), "{text}");
    Ok(())
}

#[test]
fn a_database_is_used_or_its_refusal_told() -> Done {
    for name in NAMES {
        let Some(server) = find_or_skip(name) else { continue };
        let has_databases = name == "valkey-9.1";
        let args = if has_databases { &["--cluster-databases", "4"][..] } else { &[] };
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        let options = Options { primaries: 3, replicas: 0, args, ..Options::new(server) };
        let cluster = Cluster::start(options)?;
        run(async {
            let url = |database| {
                let nodes = cluster.addresses().join(",");
                format!("redis://{nodes}/{database}?client_name=db-{database}")
            };
            let connected = Client::connect(&url(3)).await;
            if !has_databases {
                let text = connected.err().ok_or_else(|| format!("{name} connected"))?.to_string();
                for address in cluster.addresses() {
                    let told = format!("{address}: database 3 cannot be used: ERR SELECT is not");
                    assert!(text.contains(&told), "{name}: {text}");
                }
                return Ok(());
            }
            let (three, zero) = (connected?, Client::connect(&url(0)).await?);
            for key in ["b", "c", "foo"] {
                three.set(key, "three").await?;
                assert_eq!(zero.get::<Option<String>>(key).await?, None);
                assert_eq!(three.get::<String>(key).await?, "three");
            }
            let text = Client::connect(&url(4)).await.err().ok_or("it connected")?.to_string();
            assert!(text.contains("database 4 cannot be used: ERR DB index is out"), "{text}");
            Ok(())
        })?;
    }
    Ok(())
}

/// Who asks for TLS never gets a connection without.
#[test]
fn a_url_with_tls_is_refused_where_there_is_none() -> Done {
    run(async {
        let node = odd("NOTHING", "+OK")?;
        for scheme in ["rediss", "valkeys"] {
            let url = format!("{scheme}://{}", node.address());
            let Err(ConnectError::Config(error)) = Client::connect(&url).await else {
                return Err("it connected".into());
            };
            assert_eq!(error, ConfigError::NoTls);
        }
        assert_eq!(node.connection_count(), 0);
        Ok(())
    })
}

/// A password for a server that has none. RESP3's `HELLO` names the user, who needs no password: any
/// is right. RESP2's `AUTH` is refused, and the client says so.
#[test]
fn a_password_too_many_is_told() -> Done {
    on_usual(async |cluster| {
        for protocol in [Protocol::Resp3, Protocol::Resp2] {
            let mut builder = Client::builder().credentials(Credentials::password("s3cret"));
            for address in cluster.addresses() {
                builder = builder.seed(address.parse()?);
            }
            let connected = builder.configure(|config| config.protocol = protocol).connect().await;
            match (protocol, connected) {
                (Protocol::Resp3, Ok(client)) => client.set("password", "any").await?,
                (Protocol::Resp2, Err(error)) => {
                    let text = error.to_string();
                    assert!(text.contains("authentication failed: ERR AUTH"), "{text}");
                }
                (_, connected) => return Err(format!("{protocol:?}: {connected:?}").into()),
            }
        }
        Ok(())
    })
}

/// The password that was right until now is changed: callers learn it, and nobody waits.
#[test]
fn a_password_that_changes_is_told() -> Done {
    let Some(server) = find_or_skip(USUAL) else { return Ok(()) };
    let lone = guarded(&server)?;
    run(async {
        let builder = Client::builder().seed(lone.address().parse()?);
        let client = builder.credentials(Credentials::password("s3cret")).connect().await?;
        client.set("key", "value").await?;
        let mut connection = Connection::to_port(lone.port)?;
        connection.must(&["AUTH", "s3cret"])?;
        connection.must(&["CONFIG", "SET", "requirepass", "other"])?;
        connection.must(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"])?;
        let error = client.get::<String>("key").await.expect_err("the password is another");
        assert!(error.to_string().contains("WRONGPASS"), "{error}");
        assert!(!error.may_have_executed() || matches!(error, Error::MaybeExecuted { .. }));
        connection.must(&["CONFIG", "SET", "requirepass", "s3cret"])?;
        super::until("the client is let in again", async || {
            Ok(client.get::<String>("key").await.is_ok_and(|value| value == "value"))
        })
        .await
    })
}
