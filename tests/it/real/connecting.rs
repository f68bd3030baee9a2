//! Seeds that do not work, and what a client says about them.

use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use hashslot::config::Protocol;
use hashslot::error::{Cause, NodeFailure};
use hashslot::runtimes::ConnectError;
use hashslot::{Config, Credentials};

use super::adapter::{Adapter, Client, Setup, on_every_adapter};
use super::{
    CHANGE_LIMIT, Done, Failure, Lone, Place, USUAL, connect_to, hold, on_usual, run, shared, until,
};
use crate::servers::cluster::Options;
use crate::servers::fake::{Bound, FakeNode, Reaction, answers_handshake, lock};
use crate::servers::raw::Connection;
use crate::servers::slots::SLOT_COUNT;
use crate::servers::{NAMES, find_or_skip, wait_until};

/// An address at which no server listens.
pub(super) fn dead() -> Result<String, Failure> {
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
async fn failures<A: Adapter>(
    seeds: &[String],
    call_timeout: Duration,
) -> Result<(String, Vec<(String, NodeFailure)>), Failure> {
    let change: fn(&mut Config) = |config| config.connect_timeout = Duration::from_secs(1);
    let setup = Setup {
        call_timeout: Some(call_timeout),
        change: Some(Box::new(change)),
        ..Setup::new(seeds)
    };
    let error = A::connect(setup).await.err().ok_or("it connected")?;
    let ConnectError::Cluster(of_cluster) = &error else { return Err(error.into()) };
    let Some(Cause::NoCluster(failures)) = of_cluster.cause() else { return Err(error.into()) };
    let each = failures.iter().map(|(address, failure)| (address.to_string(), failure.clone()));
    Ok((error.to_string(), each.collect()))
}

fn each_seed_has_its_own_reason<A: Adapter>() -> Done {
    run::<A>(async {
        let (dead, hanging) = (dead()?, Bound::new()?);
        let (wrong, none) = (odd("HELLO", WRONG_PASSWORD)?, odd("HELLO", NO_PASSWORD)?);
        let lone = odd("CLUSTER SLOTS", NO_CLUSTER)?;
        let mute = odd("CLUSTER SLOTS", "*0")?;
        let nonsense = FakeNode::start(|_| Reaction::line("HTTP/1.1 400 Bad Request"))?;
        let loading = odd("CLUSTER SLOTS", "-LOADING Redis is loading the dataset in memory")?;
        let hanging = format!("127.0.0.1:{}", hanging.port());
        let fakes = [&wrong, &none, &lone, &mute, &nonsense, &loading].map(FakeNode::address);
        let seeds: Vec<_> = [dead, hanging].into_iter().chain(fakes).collect();
        let (text, failures) = failures::<A>(&seeds, Duration::from_secs(5)).await?;
        let expected: [(&str, fn(&NodeFailure) -> bool); 8] = [
            ("cannot connect: connection refused", |f| matches!(f, NodeFailure::Unreachable(_))),
            ("no answer in time", |f| matches!(f, NodeFailure::NoAnswer)),
            ("WRONGPASS", |f| matches!(f, NodeFailure::Authentication(_))),
            ("NOAUTH", |f| matches!(f, NodeFailure::Authentication(_))),
            ("not a cluster node: ERR This instance", |f| matches!(f, NodeFailure::NotACluster(_))),
            ("unusable answer", |f| matches!(f, NodeFailure::Unusable(_))),
            ("unusable answer", |f| matches!(f, NodeFailure::Unusable(_))),
            ("it answered: LOADING", |f| matches!(f, NodeFailure::Refused(_))),
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
fn a_hopeless_seed_is_not_waited_for<A: Adapter>() -> Done {
    run::<A>(async {
        for (words, reply) in [("HELLO", WRONG_PASSWORD), ("CLUSTER SLOTS", NO_CLUSTER)] {
            let (node, dead) = (odd(words, reply)?, dead()?);
            for seeds in [vec![node.address()], vec![dead, node.address()]] {
                // The limit of the test is much shorter.
                let (text, _) = failures::<A>(&seeds, Duration::from_secs(3600)).await?;
                assert!(text.contains(&reply[1..]), "{text}");
            }
        }
        Ok(())
    })
}

/// One seed that works is enough, wherever it stands.
fn one_good_seed_is_enough<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let (wrong, lone) = (odd("HELLO", WRONG_PASSWORD)?, odd("CLUSTER SLOTS", NO_CLUSTER)?);
        let silent = FakeNode::start(|_| Reaction::Silent)?;
        let bad = [dead()?, wrong.address(), lone.address(), silent.address()];
        let good = &cluster.node(4).address;
        for place in 0..=bad.len() {
            let mut seeds = bad.to_vec();
            seeds.insert(place, good.clone());
            let client = connect_to::<A>(&seeds, |_| {}).await?;
            client.set("seed", place).await?;
            assert_eq!(client.get::<usize>("seed").await?, place);
            client.close().await;
        }
        Ok(())
    })
}

fn a_server_without_a_cluster_is_named_as_such<A: Adapter>() -> Done {
    for name in NAMES {
        let Some(server) = find_or_skip(name) else { continue };
        let lone = Lone::start(&server, &[])?;
        run::<A>(async {
            let (text, _) = failures::<A>(&[lone.address()], CHANGE_LIMIT).await?;
            let says = format!("{}: not a cluster node: ERR This instance has", lone.address());
            assert!(text.contains(&says), "{text}");
            Ok(())
        })?;
    }
    Ok(())
}

/// A cluster of one node, which wants a password. All tests share it, one after the other.
struct Guarded(MutexGuard<'static, Option<Lone>>);

impl Guarded {
    /// That of a server, if there is such a server.
    fn hold(name: &str) -> Result<Option<Self>, Failure> {
        static GUARDED: [Mutex<Option<Lone>>; NAMES.len()] =
            [const { Mutex::new(None) }; NAMES.len()];
        let index = NAMES.iter().position(|known| *known == name).ok_or("not of the list")?;
        let Some(server) = find_or_skip(name) else { return Ok(None) };
        let mut held = lock(&GUARDED[index]);
        // A test that failed may have left it with another password.
        if held.as_ref().is_some_and(|lone| authenticated(lone).is_err()) {
            *held = None;
        }
        if held.is_none() {
            *held = Some(start_guarded(&server)?);
        }
        Ok(Some(Self(held)))
    }

    fn lone(&self) -> &Lone {
        self.0.as_ref().expect("started before it is lent")
    }
}

fn authenticated(lone: &Lone) -> io::Result<Connection> {
    let mut connection = Connection::to_port(lone.port)?;
    connection.must(&["AUTH", "s3cret"])?;
    Ok(connection)
}

fn start_guarded(server: &Path) -> Result<Lone, Failure> {
    let args = ["--cluster-enabled", "yes", "--requirepass", "s3cret", "--masterauth", "s3cret"];
    let lone = Lone::start(server, &args)?;
    let mut connection = authenticated(&lone)?;
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

fn credentials_are_used_and_refusals_told<A: Adapter>() -> Done {
    // At the same time: a start is mostly waiting. What comes of it is seen below.
    thread::scope(|scope| {
        for name in NAMES {
            scope.spawn(|| drop(Guarded::hold(name)));
        }
    });
    for name in NAMES {
        let Some(guarded) = Guarded::hold(name)? else { continue };
        run::<A>(check_credentials::<A>(&guarded.lone().address()))?;
    }
    Ok(())
}

fn setup(address: &str, credentials: Option<Credentials>) -> Setup {
    Setup { credentials, ..Setup::new(&[address.to_owned()]) }
}

async fn check_credentials<A: Adapter>(address: &str) -> Done {
    let connect = |credentials| A::connect(setup(address, credentials));
    for credentials in [Credentials::password("s3cret"), Credentials::user("ann", "pass:@/word")] {
        let client = connect(Some(credentials)).await?;
        client.set("key", "value").await?;
        assert_eq!(client.get::<String>("key").await?, "value");
        client.close().await;
    }
    let url = format!("redis://ann:pass%3A%40%2Fword@{address}");
    A::connect_url(&url).await?.close().await;
    for credentials in [Credentials::password("S3cret"), Credentials::user("bob", "s3cret")] {
        let text = connect(Some(credentials)).await.err().ok_or("it connected")?.to_string();
        assert!(text.contains("authentication failed: WRONGPASS"), "{text}");
        assert!(!text.contains("3cret"), "it tells the password: {text}");
    }
    let text = connect(None).await.err().ok_or("it connected")?.to_string();
    assert!(text.contains("authentication failed: NOAUTH"), "{text}");
    Ok(())
}

fn a_database_is_used_or_its_refusal_told<A: Adapter>() -> Done {
    static PLACE: [Place; 1] = [Mutex::new(None)];
    for name in NAMES {
        let has_databases = name == "valkey-9.1";
        let args = ["--cluster-databases", "4"].map(String::from).to_vec();
        let options = |server| Options { replicas: 0, args, ..Options::new(server) };
        let cluster = if has_databases { hold(&PLACE, name, options)? } else { shared(name)? };
        let Some(cluster) = cluster else { continue };
        let url = |database| {
            let nodes = cluster.addresses().join(",");
            format!("redis://{nodes}/{database}?client_name=db-{database}")
        };
        run::<A>(async {
            let connected = A::connect_url(&url(3)).await;
            if !has_databases {
                let text = connected.err().ok_or_else(|| format!("{name} connected"))?.to_string();
                for address in cluster.addresses() {
                    let told = format!("{address}: database 3 cannot be used: ERR SELECT is not");
                    assert!(text.contains(&told), "{name}: {text}");
                }
                return Ok(());
            }
            let (three, zero) = (connected?, A::connect_url(&url(0)).await?);
            for key in ["b", "c", "foo"] {
                three.set(key, "three").await?;
                assert_eq!(zero.get::<Option<String>>(key).await?, None);
                assert_eq!(three.get::<String>(key).await?, "three");
            }
            let text = A::connect_url(&url(4)).await.err().ok_or("it connected")?.to_string();
            assert!(text.contains("database 4 cannot be used: ERR DB index is out"), "{text}");
            Ok(())
        })?;
    }
    Ok(())
}

/// A password for a server that has none. RESP3's `HELLO` names the user, who needs no password:
/// any is right. RESP2's `AUTH` is refused, and the client says so.
fn a_password_too_many_is_told<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        for protocol in [Protocol::Resp3, Protocol::Resp2] {
            let connected = A::connect(Setup {
                credentials: Some(Credentials::password("s3cret")),
                change: Some(Box::new(move |config| config.protocol = protocol)),
                ..Setup::new(&cluster.addresses())
            });
            match (protocol, connected.await) {
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

/// A URL without user and password between `:` and `@` has none.
fn empty_credentials_are_none<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        for protocol in [2, 3] {
            let url = format!("redis://:@{}?protocol={protocol}", cluster.node(0).address);
            let client = A::connect_url(&url).await?;
            client.set("key", "value").await?;
            client.close().await;
        }
        Ok(())
    })
}

/// However a server refuses `HELLO`, it is spoken to without.
fn a_server_without_hello_is_spoken_to_without<A: Adapter>() -> Done {
    run::<A>(async {
        let refusals = [
            None,
            Some("-unsupported command 'HELLO'"),
            Some("-ERR 'HELLO' command is not supported"),
            Some("-NOAUTH Authentication required."),
        ];
        for refusal in refusals {
            let node = FakeNode::start(move |request| {
                if request.is("HELLO") {
                    return refusal.map_or(Reaction::Close, Reaction::line);
                }
                let slots = [(0, 16_383, request.port)];
                answers_handshake(request, &slots).unwrap_or_else(|| Reaction::bulk(b"value"))
            })?;
            let client = A::connect(setup(&node.address(), Some(Credentials::password("s3cret"))));
            let client = client.await?;
            assert_eq!(client.get::<String>("key").await?, "value", "{refusal:?}");
            assert_eq!((node.count_of("HELLO"), node.count_of("AUTH")), (1, 1), "{refusal:?}");
        }
        Ok(())
    })
}

/// The password changes while a client uses it: callers get the refusal, and do not wait.
fn a_password_that_changes_is_told<A: Adapter>() -> Done {
    let Some(guarded) = Guarded::hold(USUAL)? else { return Ok(()) };
    let lone = guarded.lone();
    run::<A>(async {
        let credentials = Some(Credentials::password("s3cret"));
        let client = A::connect(setup(&lone.address(), credentials)).await?;
        client.set("key", "value").await?;
        let mut connection = authenticated(lone)?;
        connection.must(&["CONFIG", "SET", "requirepass", "other"])?;
        connection.must(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"])?;
        // What is sent before would be told as what it is: it may have run.
        until::<A>("the client sees the end of its connection", async || {
            Ok(client.stats().await?.links_lost > 0)
        })
        .await?;
        let error = client.get::<String>("key").await.expect_err("the password is another");
        assert!(error.to_string().contains("WRONGPASS"), "{error}");
        assert!(!error.may_have_executed(), "{error:?}");
        connection.must(&["CONFIG", "SET", "requirepass", "s3cret"])?;
        until::<A>("the client is let in again", async || {
            Ok(client.get::<String>("key").await.is_ok_and(|value| value == "value"))
        })
        .await
    })
}

on_every_adapter! {
    a_database_is_used_or_its_refusal_told,
    each_seed_has_its_own_reason,
    a_hopeless_seed_is_not_waited_for,
    one_good_seed_is_enough,
    a_server_without_a_cluster_is_named_as_such,
    credentials_are_used_and_refusals_told,
    a_password_too_many_is_told,
    a_password_that_changes_is_told,
    empty_credentials_are_none,
    a_server_without_hello_is_spoken_to_without,
}
