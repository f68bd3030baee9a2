//! The layer between an in-memory pipe that splits bytes anywhere and a server of rustls.
//!
//! The client is driven as the driver drives a socket: only when its waker was called.

use super::std;
use super::*;

use core::future::Future;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use std::collections::VecDeque;
use std::io::{self, IoSlice, Read, Write};
use std::string::String;
use std::sync::{Mutex, OnceLock};
use std::task::Wake;
use std::vec;

use proptest::prelude::*;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection};

use super::super::runtime::Stream;

const NAME: &str = "node.example";

/// One direction of a pipe.
#[derive(Default)]
struct Way {
    bytes: VecDeque<u8>,
    capacity: usize,
    is_closed: bool,
    /// Who waits for bytes, or for room.
    waker: Option<Waker>,
}

impl Way {
    fn put(&mut self, bytes: &[u8], len_max: usize) -> usize {
        let len = bytes.len().min(len_max).min(self.capacity - self.bytes.len());
        self.bytes.extend(&bytes[..len]);
        len
    }

    fn take(&mut self, into: &mut [u8], len_max: usize) -> usize {
        let len = into.len().min(len_max).min(self.bytes.len());
        for (to, from) in into.iter_mut().zip(self.bytes.drain(..len)) {
            *to = from;
        }
        len
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[derive(Default)]
struct Pipes {
    to_server: Way,
    to_client: Way,
    /// The most that one read or write moves, in turn.
    steps: Vec<usize>,
    step: usize,
    reads: usize,
}

impl Pipes {
    fn next_step(&mut self) -> usize {
        self.step += 1;
        self.steps.get(self.step % self.steps.len().max(1)).copied().unwrap_or(usize::MAX)
    }
}

/// The client's end.
#[derive(Clone)]
struct End(Arc<Mutex<Pipes>>);

impl Stream for End {
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut pipes = self.0.lock().unwrap();
        let step = pipes.next_step();
        pipes.reads += 1;
        let len = pipes.to_client.take(into, step);
        if len > 0 || pipes.to_client.is_closed {
            return Poll::Ready(Ok(len));
        }
        pipes.to_client.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut pipes = self.0.lock().unwrap();
        if pipes.to_server.is_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let step = pipes.next_step();
        let mut len = 0;
        for slice in from {
            len += pipes.to_server.put(slice, step - len);
        }
        if len > 0 {
            return Poll::Ready(Ok(len));
        }
        pipes.to_server.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// The server, with its end.
struct Server {
    pipes: Arc<Mutex<Pipes>>,
    connection: ServerConnection,
    heard: Vec<u8>,
}

impl Server {
    /// Moves what can be moved. Whether anything was.
    fn turn(&mut self) -> bool {
        let mut pipes = self.pipes.lock().unwrap();
        let (mut moved, mut records, mut into) = (false, [0; 4096], [0; 4096]);
        if self.connection.wants_read() {
            let step = pipes.next_step();
            let len = pipes.to_server.take(&mut records, step);
            let mut rest = &records[..len];
            while !rest.is_empty() {
                self.connection.read_tls(&mut rest).unwrap();
                // What it thinks of it is the client's to tell.
                let _judged = self.connection.process_new_packets();
                while let Ok(len) = self.connection.reader().read(&mut into)
                    && len > 0
                {
                    self.heard.extend(&into[..len]);
                }
            }
            if len > 0 {
                (moved, ()) = (true, pipes.to_server.wake());
            }
        }
        let mut out = Room { step: pipes.next_step(), way: &mut pipes.to_client };
        if self.connection.wants_write()
            && self.connection.write_tls(&mut out).is_ok_and(|len| len > 0)
        {
            (moved, ()) = (true, pipes.to_client.wake());
        }
        moved
    }
}

struct Room<'a> {
    step: usize,
    way: &'a mut Way,
}

impl Write for Room<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.way.put(bytes, self.step) {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            len => Ok(len),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Default)]
struct Alarm(AtomicBool);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Alarm {
    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// A server's configuration, and the security of a client that trusts it.
fn both() -> (Arc<ServerConfig>, Security) {
    static BOTH: OnceLock<(Arc<ServerConfig>, String)> = OnceLock::new();
    let (server, authority) = BOTH.get_or_init(|| {
        let made = rcgen::generate_simple_self_signed([NAME.into()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        (Arc::new(config), made.cert.pem())
    });
    let tls = Tls::with_roots(authority).unwrap().server_names(ServerNames::fixed(NAME));
    (Arc::clone(server), tls.security().unwrap())
}

/// A client and a server that have greeted each other.
struct Pair {
    client: Secured<End>,
    server: Server,
    pipes: Arc<Mutex<Pipes>>,
    alarm: Arc<Alarm>,
    waker: Waker,
}

fn pipes(capacity: usize, steps: Vec<usize>) -> Arc<Mutex<Pipes>> {
    let way = || Way { capacity, ..Way::default() };
    let pipes = Pipes { to_server: way(), to_client: way(), steps, step: 0, reads: 0 };
    Arc::new(Mutex::new(pipes))
}

impl Pair {
    fn new(capacity: usize, steps: Vec<usize>) -> Self {
        let (config, security) = both();
        let pipes = pipes(capacity, steps);
        let connection = ServerConnection::new(config).unwrap();
        let mut server = Server { pipes: Arc::clone(&pipes), connection, heard: Vec::new() };
        let alarm = Arc::new(Alarm::default());
        let waker = Waker::from(Arc::clone(&alarm));
        let shaken = shake(&pipes, security, &waker, &alarm, || server.turn());
        let mut pair = Self { client: shaken.unwrap(), server, pipes, alarm, waker };
        pair.settle();
        pair
    }

    fn read(&mut self) -> Poll<io::Result<Vec<u8>>> {
        let mut into = vec![0; 64 * 1024];
        let read = self.client.poll_read(&mut Context::from_waker(&self.waker), &mut into);
        read.map_ok(|len| into[..len].to_vec())
    }

    fn write(&mut self, from: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.client.poll_write(&mut Context::from_waker(&self.waker), from)
    }

    /// Everything that lies in the pipes arrives.
    fn settle(&mut self) {
        while self.server.turn() {}
    }

    fn end_of_server(&mut self) {
        self.pipes.lock().unwrap().to_client.is_closed = true;
    }
}

/// The handshake, polled only when something woke it.
fn shake(
    pipes: &Arc<Mutex<Pipes>>,
    security: Security,
    waker: &Waker,
    alarm: &Alarm,
    mut peer: impl FnMut() -> bool,
) -> io::Result<Secured<End>> {
    let name = ServerName::try_from(NAME).unwrap();
    let end = End(Arc::clone(pipes));
    let mut shaking = pin!(secure(end, security, name, core::future::pending()));
    alarm.0.store(true, Ordering::Relaxed);
    loop {
        let woken = alarm.take();
        if woken && let Poll::Ready(shaken) = shaking.as_mut().poll(&mut Context::from_waker(waker))
        {
            return shaken;
        }
        assert!(peer() || woken, "both wait for each other");
    }
}

/// Content that tells where it belongs.
fn content(len: usize, salt: u8) -> Vec<u8> {
    let byte = |index: usize| u8::try_from((index * 7 + index / 251) % 256).unwrap_or(0) ^ salt;
    (0..len).map(byte).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever the pipe does to the bytes, in both directions at the same time: all of them
    /// arrive, in order, and no wake-up is lost.
    #[test]
    fn everything_arrives_however_it_is_cut(
        capacity in prop_oneof![1..64_usize, 64..4096_usize, 4096..100_000_usize],
        steps in proptest::collection::vec(prop_oneof![1..8_usize, 1..40_000_usize], 1..12),
        up in proptest::collection::vec(1..30_000_usize, 0..8),
        down in 0..60_000_usize,
    ) {
        // A pipe that is slow takes many turns for a little: it gets less.
        let pace = capacity.min(steps.iter().sum::<usize>() / steps.len());
        let shrink = if pace < 200 { 40 } else { 1 };
        let up: Vec<_> = up.into_iter().enumerate()
            .map(|(index, len)| content(len / shrink + 1, u8::try_from(index).unwrap_or(0)))
            .collect();
        let down = content(down / shrink, 0x5a);
        let mut pair = Pair::new(capacity, steps);
        let expected = up.iter().flatten().copied().collect::<Vec<_>>();
        let (mut sent, mut received) = (0, Vec::<u8>::new());
        let mut told = 0;
        pair.alarm.0.store(true, Ordering::Relaxed);
        while received.len() < down.len() || pair.server.heard.len() < expected.len() {
            let woken = pair.alarm.take();
            if woken {
                while sent < expected.len() {
                    let mut skip = sent;
                    let rest: Vec<_> = up.iter().filter_map(|piece| {
                        let from = skip.min(piece.len());
                        skip -= from;
                        (from < piece.len()).then(|| IoSlice::new(&piece[from..]))
                    }).collect();
                    match pair.write(&rest) {
                        Poll::Pending => break,
                        Poll::Ready(taken) => {
                            let taken = taken.unwrap();
                            prop_assert!(taken > 0 && taken <= expected.len() - sent);
                            sent += taken;
                        }
                    }
                }
                while let Poll::Ready(read) = pair.read() {
                    let read = read.unwrap();
                    prop_assert!(!read.is_empty());
                    received.extend(read);
                }
            }
            if told < down.len() {
                told += pair.server.connection.writer().write(&down[told..]).unwrap();
            }
            let moved = pair.server.turn();
            prop_assert!(moved || woken || pair.alarm.0.load(Ordering::Relaxed), "a lost wake-up");
        }
        prop_assert_eq!(&pair.server.heard, &expected);
        prop_assert_eq!(&received, &down);
    }
}

#[test]
fn no_more_is_taken_than_a_few_records_hold() {
    let mut pair = Pair::new(1000, Vec::new());
    let much = content(1_000_000, 0);
    let mut taken = 0;
    while let Poll::Ready(len) = pair.write(&[IoSlice::new(&much[taken..])]) {
        taken += len.unwrap();
    }
    assert!((1..=64 * 1024).contains(&taken), "{taken}");
    assert!(pair.read().is_pending());
    // Reads alone send the records all the same.
    for _ in 0..1000 {
        pair.settle();
        assert!(pair.read().is_pending());
    }
    assert_eq!(pair.server.heard, much[..taken]);
}

#[test]
fn slices_become_one_record() {
    let mut pair = Pair::new(100_000, Vec::new());
    pair.settle();
    let slices: Vec<_> = (0..50).map(|_| IoSlice::new(b"twenty bytes, no more")).collect();
    let Poll::Ready(Ok(taken)) = pair.write(&slices) else { panic!("there is room") };
    assert_eq!(taken, 50 * 21);
    assert_eq!(pair.pipes.lock().unwrap().to_server.bytes.len(), taken + 22, "one header, one tag");
}

#[test]
fn an_end_is_told_from_a_cut() {
    let mut pair = Pair::new(100_000, Vec::new());
    pair.server.connection.writer().write_all(b"last").unwrap();
    pair.server.connection.send_close_notify();
    pair.settle();
    pair.end_of_server();
    assert!(matches!(pair.read(), Poll::Ready(Ok(read)) if read == b"last"));
    for _ in 0..3 {
        assert!(matches!(pair.read(), Poll::Ready(Ok(read)) if read.is_empty()));
    }

    let mut pair = Pair::new(100_000, Vec::new());
    pair.server.connection.writer().write_all(b"last").unwrap();
    pair.settle();
    pair.end_of_server();
    assert!(matches!(pair.read(), Poll::Ready(Ok(read)) if read == b"last"));
    let Poll::Ready(Err(error)) = pair.read() else { panic!("it was cut") };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

fn failure_of<T>(polled: Poll<io::Result<T>>) -> Option<TlsFailure> {
    let Poll::Ready(Err(error)) = polled else { return None };
    error.get_ref()?.downcast_ref().copied()
}

#[test]
fn what_came_before_a_broken_record_is_read_first() {
    let mut pair = Pair::new(100_000, Vec::new());
    pair.server.connection.writer().write_all(b"reply").unwrap();
    pair.settle();
    pair.pipes
        .lock()
        .unwrap()
        .to_client
        .bytes
        .extend(b"\x17\x03\x03\x00\x1eno record of this key, truly.");
    pair.pipes.lock().unwrap().to_client.bytes.extend(b".");
    assert!(matches!(pair.read(), Poll::Ready(Ok(read)) if read == b"reply"));
    assert_eq!(failure_of(pair.read()), Some(TlsFailure::Other));
    assert_eq!(failure_of(pair.read()), Some(TlsFailure::Other), "and ever after");
    assert_eq!(failure_of(pair.write(&[IoSlice::new(b"more")])), Some(TlsFailure::Other));
}

/// A write to a peer that has hung up fails with the reason that the peer gave.
#[test]
fn the_last_words_of_the_peer_are_heard() {
    let mut pair = Pair::new(100_000, Vec::new());
    pair.settle();
    // The server takes offence at a record that is none, says so, and hangs up.
    let mut offence = &b"\x17\x03\x03\x00\x20no record of this key, truly....."[..];
    pair.server.connection.read_tls(&mut offence).unwrap();
    pair.server.connection.process_new_packets().unwrap_err();
    pair.settle();
    pair.pipes.lock().unwrap().to_server.is_closed = true;
    assert!(matches!(pair.write(&[IoSlice::new(b"x")]), Poll::Ready(Ok(1))), "counts as taken");
    assert_eq!(failure_of(pair.write(&[IoSlice::new(b"y")])), Some(TlsFailure::Other));
}

/// A peer that sends records without content does not keep the driver for itself.
#[test]
fn empty_records_are_no_endless_work() {
    let mut pair = Pair::new(usize::MAX, vec![29]); // such a record and a little more
    pair.settle();
    while pair.read().is_ready() {}
    for _ in 0..4000 {
        let mut record = Vec::new();
        pair.server.connection.writer().write_all(b"").unwrap();
        pair.server.connection.refresh_traffic_keys().unwrap();
        pair.server.connection.write_tls(&mut record).unwrap();
        pair.pipes.lock().unwrap().to_client.bytes.extend(record);
    }
    let before = pair.pipes.lock().unwrap().reads;
    let read = pair.read();
    let reads = pair.pipes.lock().unwrap().reads - before;
    assert!(reads <= 32, "{reads}");
    // Either it goes on later, or it has had enough of that peer.
    assert!(read.is_ready() || pair.alarm.take());
}

#[test]
fn goodbye_is_said() {
    let mut pair = Pair::new(100_000, Vec::new());
    pair.settle();
    let Pair { client, mut server, .. } = pair;
    drop(client);
    while server.turn() {}
    assert_eq!(server.connection.reader().read(&mut [0; 8]).unwrap(), 0, "a clean end");
}

/// What a server that speaks something else says to a greeting.
fn greeted_with(answer: &'static [u8], ends: bool) -> io::Error {
    let pipes = pipes(100_000, Vec::new());
    let alarm = Arc::new(Alarm::default());
    let waker = Waker::from(Arc::clone(&alarm));
    let mut has_answered = false;
    let shaken = shake(&pipes, both().1, &waker, &alarm, || {
        let mut pipes = pipes.lock().unwrap();
        pipes.to_client.put(answer, usize::MAX);
        pipes.to_client.is_closed = ends;
        pipes.to_client.wake();
        !core::mem::replace(&mut has_answered, true)
    });
    shaken.err().unwrap()
}

#[test]
fn f72_a_peer_without_tls_is_told() {
    for answer in [&b"-ERR unknown command\r\n"[..], b"HTTP/1.1 400 Bad Request\r\n", b"+PONG\r\n"]
    {
        let error = greeted_with(answer, false);
        assert_eq!(failure_of::<()>(Poll::Ready(Err(error))), Some(TlsFailure::NotTls));
    }
    let error = greeted_with(b"", true);
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    let error = greeted_with(b"\x15\x03\x03\x00\x02\x02\x28", true);
    assert_eq!(failure_of::<()>(Poll::Ready(Err(error))), Some(TlsFailure::NoCommonProtocol));
}

#[test]
fn f72_a_peer_that_says_nothing_is_told() {
    let pipes = pipes(100_000, Vec::new());
    let name = ServerName::try_from(NAME).unwrap();
    let end = End(Arc::clone(&pipes));
    let shaking = pin!(secure(end, both().1, name, core::future::ready(())));
    let polled = shaking.poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(failure_of(polled), Some(TlsFailure::NoAnswer));
}

#[test]
fn f73_the_name_that_is_verified() {
    let topology = Topology::empty();
    let name = |names: &ServerNames, address: &str| {
        names.name_of(&address.parse().unwrap(), &topology).map(|name| name.to_str().into_owned())
    };
    let endpoint = ServerNames::endpoint();
    assert_eq!(name(&endpoint, "a.example:7000").as_deref(), Ok("a.example"));
    assert_eq!(name(&endpoint, "10.0.0.1:7000").as_deref(), Ok("10.0.0.1"));
    assert_eq!(name(&endpoint, "::1:7000").as_deref(), Ok("::1"));
    assert_eq!(name(&endpoint, "a..b:7000"), Err(TlsFailure::InvalidName));
    assert_eq!(name(&ServerNames::announced(), "10.0.0.1:7000").as_deref(), Ok("10.0.0.1"));
    assert_eq!(name(&ServerNames::fixed("x"), "10.0.0.1:7000").as_deref(), Ok("x"));
    let map = ServerNames::map([("10.0.0.1:7000".parse().unwrap(), "one")]);
    assert_eq!(name(&map, "10.0.0.1:7000").as_deref(), Ok("one"));
    assert_eq!(name(&map, "10.0.0.1:7001").as_deref(), Ok("10.0.0.1"), "the port counts");
    let by = ServerNames::by(|address, _| (address.port() == 1).then(|| "one".into()));
    assert_eq!(name(&by, "10.0.0.1:1").as_deref(), Ok("one"));
    assert_eq!(name(&by, "10.0.0.1:2").as_deref(), Ok("10.0.0.1"));
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let told =
        |result: Result<Tls, ConfigError>| match result.and_then(|tls| tls.security().map(drop)) {
            Ok(()) => String::new(),
            Err(error) => error.to_string(),
        };
    let made = rcgen::generate_simple_self_signed([NAME.into()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    assert_eq!(told(Tls::with_roots(&certificate)), "");
    assert!(told(Tls::with_roots("")).contains("no PEM of a certificate of the authorities"));
    let torn = "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n";
    assert!(told(Tls::with_roots(torn)).contains("malformed PEM"));
    let tls = || Tls::with_roots(&certificate).unwrap();
    assert_eq!(told(tls().client_certificate(&certificate, &key)), "");
    assert!(told(tls().client_certificate(&certificate, "")).contains("private key"));
    assert!(told(tls().client_certificate("", &key)).contains("certificate of the client"));
    let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let told_of_other = told(tls().client_certificate(&certificate, &other));
    assert!(told_of_other.contains("the client's certificate or key"), "{told_of_other}");
    let config = Arc::clone(&both().1.config);
    let both = Tls::from_config(config).client_certificate(&certificate, &key);
    assert!(told(both).contains("has its own client certificate"));
    let debug = format!("{:?}", tls().client_certificate(&certificate, &key).unwrap());
    assert!(debug.contains("1 authorities") && !debug.contains("PRIVATE"), "{debug}");
}

#[test]
fn what_a_url_says_is_read_from_its_files() {
    let of = |url: &str| {
        let url: crate::Url = url.parse().unwrap();
        Tls::of_url(&url.tls.expect("asks for TLS")).map(|_| ()).map_err(|error| error.to_string())
    };
    let told = of("rediss://h?tls_ca_file=/no/such/file").unwrap_err();
    assert!(told.contains("/no/such/file cannot be read"), "{told}");
    assert!("redis://h".parse::<crate::Url>().unwrap().tls.is_none());
}
