//! TLS against real clusters that speak nothing else: who is trusted, by which name, and what is said
//! about those who are not.
//!
//! Redis 7.0 is the server of these tests; the others that are fetched are built without TLS. Each test
//! is a function of a [`Builder`] without seeds, so that it runs on any adapter.

use std::io::{self, Write};
use std::net::TcpListener;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use hashslot::runtimes::{Builder, Client, ConnectError, Runtime};
use hashslot::tokio::Tokio;
use hashslot::{
    Closed, Command, ConfigError, Error, ReadFrom, SeedFailure, ServerNames, Tls, TlsFailure, Why,
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};

use super::{Done, Failure, Held, Lone, Place, Spot, USUAL, held_by, hold, run};
use crate::servers::cluster::{Cluster, Options};
use crate::servers::slots::{key_in_slot, share};
use crate::servers::tls;
use crate::servers::{NAMES, find_or_skip};

/// The name that certificates have besides the IP address of the nodes.
const NAME: &str = "nodes.example";
/// Nothing here waits for a deadline: whoever is refused is refused at once.
const SOON: Duration = Duration::from_secs(15);

// ---- certificates ----

/// An authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key, as PEM.
#[derive(Clone)]
struct Identity {
    certificate: String,
    key: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn certify(&self, names: &[&str]) -> Identity {
        self.certify_with(names, |_| {})
    }

    fn certify_with(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = params(names);
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }

    fn server(&self, identity: &Identity) -> tls::Tls {
        let Identity { certificate, key } = identity.clone();
        tls::Tls { authority: self.pem.clone(), certificate, key, auth_clients: false }
    }
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    // OpenSSL takes a certificate that is named like its authority for self-signed.
    params.distinguished_name.push(DnType::CommonName, "node");
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// The authority of the nodes, and one that nobody trusts.
static OURS: LazyLock<Authority> = LazyLock::new(|| Authority::new("ours"));
static OTHER: LazyLock<Authority> = LazyLock::new(|| Authority::new("others"));

fn trusting_ours() -> Tls {
    Tls::with_roots(&OURS.pem).unwrap()
}

// ---- clusters ----

/// Three primaries with a replica each, which announce a name and prefer to be called by IP.
fn secured() -> io::Result<Option<Held>> {
    static CLUSTERS: [Place; 1] = [Mutex::new(None)];
    hold(&CLUSTERS, USUAL, |server| {
        let identity = OURS.certify(&["127.0.0.1", "localhost", NAME]);
        let args = ["--cluster-announce-hostname", NAME].map(str::to_owned).to_vec();
        let tls = Some(OURS.server(&identity));
        Options { args, tls, ..Options::new(server) }
    })
}

/// A cluster of one node, which has this certificate.
fn lone(tls: tls::Tls, args: &[&str]) -> io::Result<Option<Cluster>> {
    let Some(server) = find_or_skip(USUAL) else { return Ok(None) };
    let args = args.iter().map(|word| (*word).to_owned()).collect();
    let options =
        Options { primaries: 1, replicas: 0, args, tls: Some(tls), ..Options::new(server) };
    Cluster::start(options).map(Some)
}

fn seeded<R>(builder: Builder<R>, addresses: &[String]) -> Builder<R> {
    addresses.iter().fold(builder, |builder, address| {
        builder.seed(address.parse().expect("the harness writes addresses"))
    })
}

async fn connect<R: Runtime>(
    builder: Builder<R>,
    cluster: &Cluster,
    tls: Tls,
) -> Result<Client<R>, Failure> {
    Ok(seeded(builder, &cluster.addresses()).tls(tls).connect().await?)
}

/// The error of a client that cannot connect, which comes at once and is this for every seed.
async fn refused<R: Runtime>(
    builder: Builder<R>,
    addresses: &[String],
    tls: Tls,
    failure: TlsFailure,
) -> Done {
    let begun_at = Instant::now();
    let builder = seeded(builder, addresses).tls(tls).call_timeout(Duration::from_secs(3600));
    let error = builder.connect().await.err().ok_or("it connected")?;
    let text = error.to_string();
    let ConnectError::Cluster(Error::NotExecuted { why: Why::NoCluster(failures), .. }) = error
    else {
        return Err(text.into());
    };
    assert!(begun_at.elapsed() < SOON, "it took {:?}", begun_at.elapsed());
    assert_eq!(failures.iter().count(), addresses.len(), "{text}");
    for (address, found) in failures.iter() {
        assert_eq!(*found, SeedFailure::Unreachable(Closed::Tls(failure)), "{address}");
    }
    let sentence = format!("cannot connect: TLS failed: {failure}");
    assert!(text.contains(&sentence), "{text}");
    Ok(())
}

// ---- what works ----

/// Every node is asked, in both directions, with small and large values.
async fn talks<R: Runtime>(builder: Builder<R>, cluster: &Cluster, tls: Tls) -> Done {
    let client = connect(builder, cluster, tls).await?;
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
    assert!(client.batch(commands).await?.iter().all(Result::is_ok));
    let commands = (0..2000).map(|number| Command::get(format!("many:{number}")));
    for (number, reply) in client.batch(commands).await?.into_iter().enumerate() {
        assert_eq!(reply?.value().as_str(), Some(&*number.to_string()));
    }
    client.close().await;
    Ok(())
}

/// Nodes that redirections name, and that nobody had talked to, are verified as seeds are.
async fn follows<R: Runtime>(builder: Builder<R>, cluster: &Cluster) -> Done {
    let spot = Spot::new(cluster, 700)?;
    let seeds = [cluster.node(spot.from).address.clone()];
    let client = seeded(builder, &seeds).tls(trusting_ours()).connect().await?;
    let (moving, staying) = (spot.key("moving"), spot.key("staying"));
    client.set(&moving, "here").await?;
    client.set(&staying, "here").await?;
    spot.open(cluster)?;
    spot.move_key(cluster, &moving)?;
    assert_eq!(client.get::<String>(&moving).await?, "here");
    assert_eq!(held_by(cluster, spot.to, &moving)?.as_deref(), Some("here"));
    spot.close(cluster)?;
    assert_eq!(client.get::<String>(&staying).await?, "here");
    let stats = client.stats().await?;
    assert!(stats.ask_followed >= 1 && stats.moved_followed >= 1, "{stats:?}");
    client.close().await;
    Ok(())
}

#[test]
fn f72_a_cluster_that_is_trusted_is_talked_to() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<Tokio>(async { talks(Client::<Tokio>::builder(), &cluster, trusting_ours()).await })
}

#[test]
fn f73_nodes_that_redirections_name_are_talked_to() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<Tokio>(follows(hashslot::tokio::Client::builder(), &cluster))
}

#[cfg(feature = "smol")]
#[test]
fn f72_on_smol() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<hashslot::smol::Smol>(async {
        talks(hashslot::smol::Client::builder(), &cluster, trusting_ours()).await?;
        let untrusted = Tls::with_roots(&OTHER.pem)?;
        let (builder, addresses) = (hashslot::smol::Client::builder(), cluster.addresses());
        refused(builder, &addresses, untrusted, TlsFailure::UnknownIssuer).await
    })
}

#[cfg(feature = "blocking")]
#[test]
fn f72_without_a_runtime() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    let builder = || seeded(hashslot::blocking::Client::builder(), &cluster.addresses());
    let client = builder().tls(trusting_ours()).connect()?;
    let large = "x".repeat(300_000);
    for key in ["b", "c", "foo"] {
        client.set(key, &large)?;
        assert_eq!(client.get::<String>(key)?, large);
    }
    let begun_at = Instant::now();
    let untrusted = builder().tls(Tls::with_roots(&OTHER.pem)?).connect();
    let text = untrusted.err().ok_or("it connected")?.to_string();
    assert!(text.contains(&TlsFailure::UnknownIssuer.to_string()), "{text}");
    assert!(begun_at.elapsed() < Duration::from_secs(10), "at once");
    Ok(())
}

#[cfg(feature = "async-std")]
#[test]
fn f72_on_async_std() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<hashslot::async_std::AsyncStd>(async {
        talks(hashslot::async_std::Client::builder(), &cluster, trusting_ours()).await?;
        let untrusted = Tls::with_roots(&OTHER.pem)?;
        let (builder, addresses) = (hashslot::async_std::Client::builder(), cluster.addresses());
        refused(builder, &addresses, untrusted, TlsFailure::UnknownIssuer).await
    })
}

#[test]
fn f72_replicas_are_secured_too() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<Tokio>(async {
        let builder = hashslot::tokio::Client::builder()
            .configure(|config| config.read_from = ReadFrom::PreferReplica);
        let client = connect(builder, &cluster, trusting_ours()).await?;
        client.set("replicated", "value").await?;
        super::until::<Tokio>("the replica has it", async || {
            Ok(client.get::<Option<String>>("replicated").await?.as_deref() == Some("value"))
        })
        .await?;
        client.close().await;
        Ok(())
    })
}

/// Versions and cryptography that the user chooses.
#[test]
fn f72_the_choices_of_the_user() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<Tokio>(async {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in rustls_pem(&OURS.pem) {
            roots.add(certificate)?;
        }
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = rustls::ClientConfig::builder_with_provider(provider)
                .with_protocol_versions(&[version])?
                .with_root_certificates(roots.clone())
                .with_no_client_auth();
            let tls = Tls::from_config(Arc::new(config));
            talks(hashslot::tokio::Client::builder(), &cluster, tls).await?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = trusting_ours().provider(provider);
        talks(hashslot::tokio::Client::builder(), &cluster, tls).await
    })
}

fn rustls_pem(pem: &str) -> Vec<rustls::pki_types::CertificateDer<'static>> {
    use rustls::pki_types::pem::PemObject;
    rustls::pki_types::CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect()
}

// ---- names ----

#[test]
fn f73_the_name_is_the_users_choice() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<Tokio>(async {
        let builder = hashslot::tokio::Client::builder;
        let (addresses, wrong) = (cluster.addresses(), TlsFailure::WrongName);
        for names in [ServerNames::announced(), ServerNames::fixed(NAME)] {
            talks(builder(), &cluster, trusting_ours().server_names(names)).await?;
        }
        let fixed = trusting_ours().server_names(ServerNames::fixed("other.example"));
        refused(builder(), &addresses, fixed, wrong).await?;
        let parsed = addresses.iter().map(|address| address.parse().unwrap());
        let map = ServerNames::map(parsed.map(|address| (address, "other.example")));
        refused(builder(), &addresses, trusting_ours().server_names(map), wrong).await?;
        let by = ServerNames::by(|_, _| Some("not a name".into()));
        let invalid = TlsFailure::InvalidName;
        refused(builder(), &addresses, trusting_ours().server_names(by), invalid).await?;
        // By a host name: that name, for the seed; nodes are dialled by IP after that.
        let port = cluster.node(0).port;
        let client = seeded(builder(), &[format!("localhost:{port}")]).tls(trusting_ours());
        client.connect().await?.close().await;
        Ok(())
    })
}

/// The certificate has the announced name only: seeds are called by it, and so are all others.
#[test]
fn f73_announced_names_are_verified() -> Done {
    let args = ["--cluster-announce-hostname", "localhost"];
    let Some(cluster) = lone(OURS.server(&OURS.certify(&["localhost"])), &args)? else {
        return Ok(());
    };
    run::<Tokio>(async {
        let builder = hashslot::tokio::Client::builder;
        let wrong = TlsFailure::WrongName;
        refused(builder(), &cluster.addresses(), trusting_ours(), wrong).await?;
        // The seed has its name. The node that the topology lists has only an IP, unless its
        // announced name is asked for.
        let seeds = [format!("localhost:{}", cluster.node(0).port)];
        let client = seeded(builder(), &seeds).tls(trusting_ours()).connect().await?;
        let error = client.set("key", "value").await.expect_err("it is called by its IP");
        let told = format!("TLS failed: {wrong}");
        assert!(error.to_string().contains(&told), "{error}");
        assert!(!error.may_have_executed());
        client.close().await;
        let announced = trusting_ours().server_names(ServerNames::announced());
        let client = seeded(builder(), &seeds).tls(announced).connect().await?;
        client.set("key", "value").await?;
        assert_eq!(client.get::<String>("key").await?, "value");
        client.close().await;
        Ok(())
    })
}

// ---- who is refused ----

#[test]
fn f72_an_authority_that_is_not_trusted() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<Tokio>(async {
        let (builder, tls) = (hashslot::tokio::Client::builder(), Tls::with_roots(&OTHER.pem)?);
        refused(builder, &cluster.addresses(), tls, TlsFailure::UnknownIssuer).await
    })
}

#[test]
fn f72_certificates_that_are_no_good() -> Done {
    let expired = OURS.certify_with(&["127.0.0.1"], |params| {
        params.not_after = date_time_ymd(2020, 1, 1);
    });
    let early = OURS.certify_with(&["127.0.0.1"], |params| {
        params.not_before = date_time_ymd(4000, 1, 1);
    });
    let key = KeyPair::generate()?;
    let certificate = params(&["127.0.0.1"]).self_signed(&key)?.pem();
    let own = Identity { certificate, key: key.serialize_pem() };
    let client_only = OURS.certify_with(&["127.0.0.1"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let cases = [
        (expired, TlsFailure::Expired),
        (early, TlsFailure::NotYetValid),
        (own, TlsFailure::UnknownIssuer),
        (client_only, TlsFailure::BadCertificate),
    ];
    // At the same time: a start is mostly waiting.
    let starts = cases.map(|(identity, failure)| {
        std::thread::spawn(move || (lone(OURS.server(&identity), &[]), failure))
    });
    for start in starts {
        let (cluster, failure) = start.join().map_err(|_panic| "the start has panicked")?;
        let Some(cluster) = cluster? else { return Ok(()) };
        let builder = hashslot::tokio::Client::builder();
        run::<Tokio>(refused(builder, &cluster.addresses(), trusting_ours(), failure))?;
    }
    Ok(())
}

#[test]
fn f72_servers_that_want_to_know_the_client() -> Done {
    let identity = OURS.certify(&["127.0.0.1"]);
    let tls = tls::Tls { auth_clients: true, ..OURS.server(&identity) };
    let Some(cluster) = lone(tls, &[])? else { return Ok(()) };
    let known = OURS.certify(&["ann"]);
    let stranger = OTHER.certify(&["bob"]);
    run::<Tokio>(async {
        let builder = hashslot::tokio::Client::builder;
        let addresses = cluster.addresses();
        let tls = trusting_ours().client_certificate(&known.certificate, &known.key)?;
        let client = connect(builder(), &cluster, tls).await?;
        client.set("key", "value").await?;
        client.close().await;
        // TLS 1.3 tells only after the handshake, and TLS 1.2 has no word for it.
        let mut roots = rustls::RootCertStore::empty();
        roots.add(rustls_pem(&OURS.pem).remove(0))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let old = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS12])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let wanted = TlsFailure::ClientCertificateWanted;
        for tls in [trusting_ours(), Tls::from_config(Arc::new(old))] {
            refused(builder(), &addresses, tls, wanted).await?;
        }
        let tls = trusting_ours().client_certificate(&stranger.certificate, &stranger.key)?;
        refused(builder(), &addresses, tls, TlsFailure::ClientCertificateRefused).await
    })
}

/// A certificate that goes bad while the client lives, and is renewed.
#[test]
fn f72_a_certificate_is_replaced_while_the_client_lives() -> Done {
    let good = OURS.certify(&["127.0.0.1"]);
    let Some(cluster) = lone(OURS.server(&good), &[])? else { return Ok(()) };
    let replace = |identity: &Identity| -> io::Result<()> {
        let node = cluster.node(0);
        node.write("certificate.pem", &identity.certificate)?;
        node.write("key.pem", &identity.key)?;
        cluster.call(
            0,
            &["CONFIG", "SET", "tls-cert-file", "certificate.pem", "tls-key-file", "key.pem"],
        )?;
        cluster.call(0, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).map(drop)
    };
    run::<Tokio>(async {
        let client = connect(hashslot::tokio::Client::builder(), &cluster, trusting_ours()).await?;
        client.set("key", "value").await?;
        replace(&OTHER.certify(&["127.0.0.1"]))?;
        let begun_at = Instant::now();
        let error = client.get::<String>("key").await.expect_err("nobody trusts it");
        let told = TlsFailure::UnknownIssuer.to_string();
        assert!(error.to_string().contains(&told), "{error}");
        assert!(begun_at.elapsed() < SOON, "{:?}", begun_at.elapsed());
        // No storm, while many ask.
        let dialled = client.stats().await?.links_dialled;
        for _ in 0..200 {
            client.get::<String>("key").await.expect_err("nobody trusts it");
        }
        assert!(client.stats().await?.links_dialled <= dialled + 5);
        replace(&good)?;
        super::until::<Tokio>("the client is let in again", async || {
            Ok(client.get::<String>("key").await.is_ok_and(|value| value == "value"))
        })
        .await
    })
}

// ---- plain text and TLS ----

/// Old servers do not even answer: that is told before the machine gives the dial up.
#[test]
fn f72_a_server_without_tls_is_told_as_such() -> Done {
    for name in NAMES {
        let Some(server) = find_or_skip(name) else { continue };
        let lone = Lone::start(&server, &["--cluster-enabled", "yes"])?;
        run::<Tokio>(async {
            let builder = hashslot::tokio::Client::builder()
                .call_timeout(Duration::from_secs(2))
                .configure(|config| config.connect_timeout = Duration::from_millis(800));
            let builder = seeded(builder, &[lone.address()]).tls(trusting_ours());
            let text = builder.connect().await.err().ok_or("it connected")?.to_string();
            assert!(text.contains("the server does not speak TLS at this port"), "{name}: {text}");
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn f72_a_node_that_answers_in_plain_text_is_told_as_such() -> Done {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            // Whoever has read this may be gone.
            stream.write_all(b"-ERR Protocol error\r\n").ok();
        }
    });
    let builder = hashslot::tokio::Client::builder();
    run::<Tokio>(refused(builder, &[address], trusting_ours(), TlsFailure::NotTls))
}

/// Redis answers clear text with nothing; others send an alert, which has a text of its own.
#[test]
fn f72_a_client_without_tls_does_not_connect() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<Tokio>(async {
        let builder = hashslot::tokio::Client::builder().call_timeout(Duration::from_secs(2));
        let error = seeded(builder, &cluster.addresses()).connect().await.err();
        let text = error.ok_or("it connected")?.to_string();
        let told = ["reset by the peer", "closed by the peer", "the server expects TLS"];
        assert!(told.iter().any(|told| text.contains(told)), "{text}");
        Ok(())
    })
}

// ---- configuration ----

#[test]
fn f72_a_url_with_tls_trusts_the_platform() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<Tokio>(async {
        let url = format!("rediss://{}", cluster.node(0).address);
        let error = hashslot::tokio::Client::connect(&url).await.err().ok_or("it connected")?;
        match error {
            // A machine without certificates of authorities.
            ConnectError::Config(ConfigError::Tls(_)) => Ok(()),
            error => {
                let told = TlsFailure::UnknownIssuer.to_string();
                assert!(error.to_string().contains(&told), "{error}");
                Ok(())
            }
        }
    })
}
