//! What the machine makes of connections that cannot be secured.

use hashslot::error::{Cause, Disconnect, NodeFailure, TlsFailure};
use hashslot::{Call, Command, Config, ReadFrom};

use crate::support::canned::*;
use crate::support::script::*;

const PERMANENT: [TlsFailure; 12] = [
    TlsFailure::UnknownIssuer,
    TlsFailure::WrongName,
    TlsFailure::InvalidName,
    TlsFailure::Expired,
    TlsFailure::NotYetValid,
    TlsFailure::Revoked,
    TlsFailure::BadSignature,
    TlsFailure::BadCertificate,
    TlsFailure::ClientCertificateWanted,
    TlsFailure::ClientCertificateRefused,
    TlsFailure::NotTls,
    TlsFailure::NoCommonProtocol,
];

#[test]
fn f72_a_certificate_that_is_refused_fails_calls_at_once_and_is_not_tried_in_a_storm() {
    for failure in PERMANENT {
        assert!(failure.is_permanent(), "{failure:?}");
        let mut world = World::new(Config::default(), &[A]);
        let get = world.submit(Command::get("foo"));
        world.refuse(A, Disconnect::Tls(failure));
        let told = format!(
            "GET for slot 12182: not executed: no seed led to a cluster: {A}: cannot connect: TLS failed: \
             {failure}"
        );
        assert_eq!(world.outcome(get), told);
        for _ in 0..50 {
            let again = world.submit(Command::get("foo"));
            world.advance(ms(10));
            if world.outcome(again) != "open" {
                assert_eq!(world.outcome(again), told);
            }
        }
        assert_eq!(world.link_count(), 1, "{failure:?}");
    }
}

/// The node is dialled again later: an operator may have renewed the certificate.
#[test]
fn f72_a_certificate_that_is_renewed_is_found() {
    let mut world = World::new(Config::default(), &[A]);
    let first = world.submit(Command::get("bar"));
    world.refuse(A, Disconnect::Tls(TlsFailure::Expired));
    assert!(world.outcome(first).contains("expired"), "{}", world.outcome(first));
    while world.dialled().is_empty() {
        world.submit(Command::get("bar"));
        world.advance(ms(10));
    }
    assert!((1_000..2_500).contains(&world.elapsed().as_millis()), "{:?}", world.elapsed());
    let get = world.submit(Command::get("bar"));
    let a = world.open(A);
    world.tells(a, ROWS);
    assert!(world.reads(a).ends_with("GET bar"));
    assert_eq!(world.outcome(get), "open");
}

/// The server tells only after the handshake that it wants a certificate of the client.
#[test]
fn f72_a_refusal_behind_the_handshake_is_as_good() {
    let mut world = World::new(Config::default(), &[A]);
    let get = world.submit(Command::get("foo"));
    let a = world.accept(A);
    assert_eq!(world.reads(a), HELLO);
    world.close(a, Disconnect::Tls(TlsFailure::ClientCertificateWanted));
    let error = world.result(get).as_ref().expect_err("no cluster");
    let Some(Cause::NoCluster(failures)) = error.cause() else { panic!("{error}") };
    let (_, failure) = failures.iter().next().expect("a seed that failed");
    let wanted = Disconnect::Tls(TlsFailure::ClientCertificateWanted);
    assert_eq!(*failure, NodeFailure::Unreachable(wanted));
    assert!(failure.is_permanent());
}

/// A server that hangs may recover: it is waited for as for any other.
#[test]
fn f72_silence_and_broken_records_are_waited_for() {
    for failure in [TlsFailure::NoAnswer, TlsFailure::Other] {
        assert!(!failure.is_permanent());
        let mut world = World::new(Config::default(), &[A]);
        let get = world.submit(Command::get("bar"));
        for _ in 0..3 {
            while world.dialled().is_empty() {
                world.advance_to_timer();
            }
            world.refuse(A, Disconnect::Tls(failure));
            assert_eq!(world.outcome(get), "open");
        }
        let a = world.open_later(A);
        world.tells(a, ROWS);
        assert_eq!(world.reads(a), "GET bar");
    }
}

#[test]
fn f72_a_seed_that_is_not_trusted_does_not_hide_one_that_is() {
    let mut world = World::new(Config::default(), &["10.0.0.1:7000", "10.0.0.2:7000"]);
    let get = world.submit(Command::get("bar"));
    let first = world.dialled()[0].to_owned();
    world.refuse(&first, Disconnect::Tls(TlsFailure::WrongName));
    assert_eq!(world.outcome(get), "open");
    let second = world.dialled()[0].to_owned();
    let good = world.open(&second);
    world.tells(good, ROWS);
    assert_eq!(world.outcome(get), "open");
}

#[test]
fn f73_a_node_with_a_wrong_certificate_fails_its_own_calls_only() {
    let mut world = World::discovered(Config::default());
    let get_b = world.submit(Command::get("c"));
    let incr_b = world.submit(Command::incr("c"));
    world.refuse(B, Disconnect::Tls(TlsFailure::WrongName));
    let told = format!(
        "GET for slot 7365 at {B}: not executed: cannot connect: TLS failed: {}",
        TlsFailure::WrongName
    );
    assert_eq!(world.outcome(get_b), told);
    assert_eq!(world.outcome(incr_b), told.replace("GET", "INCR"));
    let dialled = world.link_count();
    for _ in 0..20 {
        let again = world.submit(Command::get("c"));
        assert_eq!(world.outcome(again), told, "at once");
        world.advance(ms(10));
    }
    assert_eq!(world.link_count(), dialled, "B is left alone");
    let get_a = world.submit(Command::get("bar"));
    let a = world.open(A);
    assert!(world.reads(a).ends_with("GET bar"));
    assert_eq!(world.outcome(get_a), "open");
    // Later it is tried again.
    world.advance(ms(2_000));
    let late = world.submit(Command::get("c"));
    let b = world.open(B);
    assert_eq!(world.reads(b), "GET c");
    world.answer(b, "$-1\r\n");
    assert_eq!(world.outcome(late), "$-1\r\n");
}

/// What another node could answer as well is not held up by one that is not trusted.
#[test]
fn f73_reads_leave_a_replica_that_is_not_trusted() {
    const REPLICA: &str = "127.0.0.1:7003";
    let rows: &[Row<'_>] = &[(0, 16383, &[A, REPLICA])];
    let mut world = World::new(config(|config| config.read_from = ReadFrom::PreferReplica), &[A]);
    world.submit(Call::discovery());
    let a = world.accept(A);
    world.reads(a);
    world.answer(a, &(welcome("8.2.3") + "+OK\r\n"));
    world.tells(a, rows);
    let get = world.submit(Command::get("bar"));
    world.refuse(REPLICA, Disconnect::Tls(TlsFailure::Expired));
    assert_eq!(world.reads(a), "GET bar");
    assert_eq!(world.outcome(get), "open");
    let only_there = world.submit(Call::new(Command::new("PING")).on_node(at(REPLICA)));
    assert!(world.outcome(only_there).contains("expired"), "{}", world.outcome(only_there));
}

/// What a server that expects TLS answers to clear text.
#[test]
fn f72_an_alert_instead_of_a_reply_is_named() {
    let mut world = World::new(Config::default(), &[A]);
    let get = world.submit(Call::new(Command::get("foo")).timeout(ms(500)));
    let a = world.accept(A);
    world.reads(a);
    world.answer_bytes(a, b"\x15\x03\x01\x00\x02\x02\x46");
    world.advance(ms(500));
    let told = world.outcome(get);
    assert!(told.contains("the server expects TLS at this port"), "{told}");
}
