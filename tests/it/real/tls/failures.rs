//! Who is refused, and what is said about it.

use std::io::{self, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use hashslot::error::{ConfigError, TlsFailure};
use hashslot::runtimes::ConnectError;
use hashslot::{Config, Tls};
use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};

use super::certificates::{Identity, OTHER, OURS, trusting_ours, trusting_ours_in};
use super::{connect, give, lone, refused, secured};
use crate::real::adapter::{Adapter, Client, Setup, on_every_adapter};
use crate::real::{Done, Lone, run};
use crate::servers::fake::lock;
use crate::servers::{NAMES, find_or_skip};

fn f72_an_authority_that_is_not_trusted<A: Adapter>() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    let untrusting = Tls::with_roots(&OTHER.pem)?;
    run::<A>(refused::<A>(&cluster.addresses(), untrusting, TlsFailure::UnknownIssuer))
}

fn f72_certificates_that_are_no_good<A: Adapter>() -> Done {
    let Some(cluster) = lone()? else { return Ok(()) };
    let expired = OURS.certify_with(&["127.0.0.1"], |params| {
        params.not_after = date_time_ymd(2020, 1, 1);
    });
    let early = OURS.certify_with(&["127.0.0.1"], |params| {
        params.not_before = date_time_ymd(4000, 1, 1);
    });
    let client_only = OURS.certify_with(&["127.0.0.1"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let cases = [
        (expired, TlsFailure::Expired),
        (early, TlsFailure::NotYetValid),
        (Identity::self_signed(&["127.0.0.1"]), TlsFailure::UnknownIssuer),
        (client_only, TlsFailure::BadCertificate),
    ];
    run::<A>(async {
        for (identity, failure) in cases {
            give(&cluster, &identity)?;
            refused::<A>(&cluster.addresses(), trusting_ours(), failure).await?;
        }
        Ok(())
    })
}

fn f72_servers_that_want_to_know_the_client<A: Adapter>() -> Done {
    let Some(cluster) = lone()? else { return Ok(()) };
    cluster.call(0, &["CONFIG", "SET", "tls-auth-clients", "yes"])?;
    let known = OURS.certify(&["ann"]);
    let stranger = OTHER.certify(&["bob"]);
    run::<A>(async {
        let addresses = cluster.addresses();
        let tls = trusting_ours().client_certificate(&known.certificate, &known.key)?;
        let client = connect::<A>(&addresses, tls).await?;
        client.set("key", "value").await?;
        client.close().await;
        // TLS 1.3 tells only after the handshake, and TLS 1.2 has no word for it.
        for tls in [trusting_ours(), trusting_ours_in(&rustls::version::TLS12)?] {
            refused::<A>(&addresses, tls, TlsFailure::ClientCertificateWanted).await?;
        }
        let tls = trusting_ours().client_certificate(&stranger.certificate, &stranger.key)?;
        refused::<A>(&addresses, tls, TlsFailure::ClientCertificateRefused).await
    })
}

/// Servers that speak plain text, with their names. All tests ask the same ones, and change
/// nothing.
fn plain_servers() -> io::Result<Vec<(&'static str, String)>> {
    static SERVERS: Mutex<Vec<(&str, Lone)>> = Mutex::new(Vec::new());
    let mut servers = lock(&SERVERS);
    if servers.is_empty() {
        let found = NAMES.into_iter().filter_map(|name| Some((name, find_or_skip(name)?)));
        let start = |(name, server): (_, PathBuf)| {
            Ok((name, Lone::start(&server, &["--cluster-enabled", "yes"])?))
        };
        *servers = found.map(start).collect::<io::Result<_>>()?;
    }
    Ok(servers.iter().map(|(name, lone)| (*name, lone.address())).collect())
}

/// Old servers do not even answer: that is told before the machine gives the dial up.
fn f72_a_server_without_tls_is_told_as_such<A: Adapter>() -> Done {
    let servers = plain_servers()?;
    if servers.is_empty() {
        return Ok(());
    }
    run::<A>(async {
        let seeds: Vec<_> = servers.iter().map(|(_, address)| address.clone()).collect();
        let change = |config: &mut Config| config.connect_timeout = Duration::from_millis(1500);
        let setup = Setup {
            tls: Some(trusting_ours()),
            call_timeout: Some(Duration::from_secs(5)),
            change: Some(Box::new(change)),
            ..Setup::new(&seeds)
        };
        let text = A::connect(setup).await.err().ok_or("it connected")?.to_string();
        let told = text.matches("the server does not speak TLS at this port").count();
        assert_eq!(told, servers.len(), "{servers:?}: {text}");
        Ok(())
    })
}

fn f72_a_node_that_answers_in_plain_text_is_told_as_such<A: Adapter>() -> Done {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            // The client may be gone already: the error does not matter.
            stream.write_all(b"-ERR Protocol error\r\n").ok();
        }
    });
    run::<A>(refused::<A>(&[address], trusting_ours(), TlsFailure::NotTls))
}

/// Redis answers clear text with nothing; others send an alert, which has a text of its own.
fn f72_a_client_without_tls_does_not_connect<A: Adapter>() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<A>(async {
        let call_timeout = Some(Duration::from_secs(3));
        let setup = Setup { call_timeout, ..Setup::new(&cluster.addresses()) };
        let text = A::connect(setup).await.err().ok_or("it connected")?.to_string();
        let told = ["reset by the peer", "closed by the peer", "the server expects TLS"];
        assert!(told.iter().any(|told| text.contains(told)), "{text}");
        Ok(())
    })
}

fn f72_a_url_with_tls_trusts_the_platform<A: Adapter>() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<A>(async {
        let url = format!("rediss://{}", cluster.node(0).address);
        match A::connect_url(&url).await.err().ok_or("it connected")? {
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

on_every_adapter! {
    f72_an_authority_that_is_not_trusted,
    f72_certificates_that_are_no_good,
    f72_servers_that_want_to_know_the_client,
    f72_a_server_without_tls_is_told_as_such,
    f72_a_node_that_answers_in_plain_text_is_told_as_such,
    f72_a_client_without_tls_does_not_connect,
    f72_a_url_with_tls_trusts_the_platform,
}
