//! The simulated cluster on loopback sockets, and what clients find there.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use hashslot::runtimes::ServedWorld;
use hashslot::sim::{Profile, Session, Version, World};
use hashslot::{Address, Commands, Slot};

/// How many nodes the simulated cluster has.
const PRIMARY_COUNT: usize = 3;
/// Longer than anything takes that does not hang.
const PATIENCE: Duration = Duration::from_secs(20);

const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";
const PONG: &[u8] = b"+PONG\r\n";

fn still() -> ServedWorld {
    ServedWorld::new(World::still(Version::Valkey9, PRIMARY_COUNT)).unwrap()
}

fn dial(node: &Address) -> TcpStream {
    let socket = TcpStream::connect((node.host(), node.port())).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn words(text: &str) -> Vec<Vec<u8>> {
    text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

/// Runs a command at a node, beside its clients.
fn execute(served: &ServedWorld, node: usize, command: &str) -> String {
    let reply = served.with(|world| world.execute(node, &mut Session::new(1), &words(command)));
    String::from_utf8(reply).unwrap()
}

/// Moves a slot with its keys, one after the other.
fn migrate(served: &ServedWorld, key: &str, from: usize, to: usize) {
    let slot = Slot::of_key(key.as_bytes());
    let id = |node| execute(served, node, "CLUSTER MYID").split("\r\n").nth(1).unwrap().to_owned();
    let (source, target) = (id(from), id(to));
    let at = served.with(|world| world.seeds()[to].clone());
    let (host, port) = (at.host(), at.port());
    let steps = [
        (to, format!("CLUSTER SETSLOT {slot} IMPORTING {source}")),
        (from, format!("CLUSTER SETSLOT {slot} MIGRATING {target}")),
        (from, format!("MIGRATE {host} {port} {key} 0 1000")),
        (to, format!("CLUSTER SETSLOT {slot} NODE {target}")),
        (from, format!("CLUSTER SETSLOT {slot} NODE {target}")),
    ];
    for (node, step) in steps {
        let reply = execute(served, node, &step);
        assert!(reply == "+OK\r\n" || reply == "+NOKEY\r\n", "{step}: {reply}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn bytes_may_be_cut_anywhere() {
    let served = still();
    let mut socket = dial(&served.seeds()[0]);
    for byte in PING.repeat(20) {
        socket.write_all(&[byte]).unwrap();
    }
    let mut replies = vec![0; PONG.len() * 20];
    socket.read_exact(&mut replies).unwrap();
    assert_eq!(replies, PONG.repeat(20));
}

/// Neither side waits for the other, though every buffer on the way fills up.
#[test]
fn both_directions_flow_at_the_same_time() {
    let served = still();
    let socket = dial(&served.seeds()[0]);
    let count = 50_000;
    std::thread::scope(|scope| {
        scope.spawn(|| (&socket).write_all(&PING.repeat(count)).unwrap());
        let mut replies = vec![0; PONG.len() * count];
        (&socket).read_exact(&mut replies).unwrap();
        assert!(replies == PONG.repeat(count));
    });
}

/// A client that sends and does not read has the node stop reading. Nothing is lost.
#[test]
fn a_client_that_reads_late_gets_everything() {
    let served = still();
    let socket = dial(&served.seeds()[0]);
    let (value, count) = ("v".repeat(1 << 20), 32);
    let set = format!("*3\r\n$3\r\nSET\r\n$3\r\nbar\r\n${}\r\n{value}\r\n", value.len());
    (&socket).write_all(set.as_bytes()).unwrap();
    (&socket).write_all(&b"*2\r\n$3\r\nGET\r\n$3\r\nbar\r\n".repeat(count)).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let mut ok = [0; 5];
    (&socket).read_exact(&mut ok).unwrap();
    assert_eq!(&ok, b"+OK\r\n");
    let reply = format!("${}\r\n{value}\r\n", value.len());
    for _ in 0..count {
        let mut read = vec![0; reply.len()];
        (&socket).read_exact(&mut read).unwrap();
        assert!(read == reply.as_bytes());
    }
}

#[test]
fn a_client_that_has_closed_its_half_gets_its_replies_and_the_end() {
    let served = still();
    let mut socket = dial(&served.seeds()[0]);
    socket.write_all(&PING.repeat(1000)).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let mut replies = Vec::new();
    socket.read_to_end(&mut replies).unwrap();
    assert!(replies == PONG.repeat(1000));
}

/// Nodes announce simulated addresses, and the map leads to the sockets.
#[test]
fn a_slot_that_moves_is_found_by_the_map() {
    let served = still();
    let (key, from, to) = ("bar", 0, 2);
    assert_eq!(execute(&served, from, "SET bar here"), "+OK\r\n");
    migrate(&served, key, from, to);
    let get = b"*2\r\n$3\r\nGET\r\n$3\r\nbar\r\n";
    let mut socket = dial(&served.addresses()[from]);
    socket.write_all(get).unwrap();
    let expected = "-MOVED 5061 10.0.0.1:7002\r\n";
    let mut reply = vec![0; expected.len()];
    socket.read_exact(&mut reply).unwrap();
    assert_eq!(String::from_utf8(reply).unwrap(), expected);
    let mapped = served.address_map().apply("10.0.0.1:7002".parse().unwrap());
    assert_eq!(mapped, served.addresses()[to]);
    let mut socket = dial(&mapped);
    socket.write_all(get).unwrap();
    let mut reply = [0; 10];
    socket.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"$4\r\nhere\r\n");
}

/// What a client sent before it closed its connection runs.
#[test]
fn the_world_learns_of_a_client_that_closes() {
    let served = still();
    for _ in 0..10 {
        let mut socket = dial(&served.seeds()[0]);
        socket.write_all(b"*2\r\n$4\r\nINCR\r\n$3\r\nbar\r\n").unwrap();
    }
    let until = Instant::now() + PATIENCE;
    while execute(&served, 0, "GET bar") != "$2\r\n10\r\n" {
        assert!(Instant::now() < until, "{}", execute(&served, 0, "GET bar"));
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The replies before come first.
#[test]
fn a_connection_that_the_node_ends_is_closed() {
    let served = still();
    let mut socket = dial(&served.seeds()[0]);
    socket.write_all(PING).unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut read = Vec::new();
    socket.read_to_end(&mut read).unwrap();
    assert_eq!(read, PONG);
    served.with(|world| assert_eq!(world.history().violations().len(), 1));
}

#[test]
fn many_connections_do_not_mix() {
    let served = still();
    let sockets: Vec<_> = (0..150).map(|at| dial(&served.addresses()[at % 3])).collect();
    let echo = |at: usize| {
        let name = format!("{at:04}");
        format!("*2\r\n$4\r\nPING\r\n$4\r\n{name}\r\n").into_bytes()
    };
    for (at, mut socket) in sockets.iter().enumerate() {
        socket.write_all(&echo(at)).unwrap();
    }
    for (at, mut socket) in sockets.iter().enumerate().rev() {
        let mut reply = [0; 10];
        socket.read_exact(&mut reply).unwrap();
        assert_eq!(reply, *format!("$4\r\n{at:04}\r\n").as_bytes());
    }
}

/// Whether clients are silent, have commands on their way, or do not read.
#[test]
fn dropping_it_closes_everything_at_once() {
    let served = still();
    let silent = dial(&served.seeds()[0]);
    let busy = dial(&served.seeds()[1]);
    busy.set_nonblocking(true).unwrap();
    let flood = PING.repeat(1000);
    let until = Instant::now() + Duration::from_millis(200);
    while Instant::now() < until {
        match (&busy).write(&flood) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    let (node, started_at) = (served.seeds()[2].clone(), Instant::now());
    drop(served);
    assert!(started_at.elapsed() < PATIENCE / 4, "{:?}", started_at.elapsed());
    assert!(TcpStream::connect((node.host(), node.port())).is_err());
    let ended = (&silent).read(&mut [0]).or_else(|error| match error.kind() {
        ErrorKind::ConnectionReset => io::Result::Ok(0),
        _ => Err(error),
    });
    assert_eq!(ended.unwrap(), 0);
}

/// Clients would dial them for real.
#[test]
fn a_world_that_makes_up_addresses_is_refused() {
    let errors = (0..20).filter_map(|seed| {
        ServedWorld::new(World::new(seed, Profile::Everything)).err().map(|error| error.kind())
    });
    let errors: Vec<_> = errors.collect();
    assert!(errors.len() > 15 && errors.iter().all(|kind| *kind == ErrorKind::Unsupported));
    for profile in [Profile::Calm, Profile::Reshard, Profile::Failover, Profile::FlakyNetwork] {
        for seed in 0..5 {
            let served = ServedWorld::new(World::new(seed, profile)).unwrap();
            assert!(!served.seeds().is_empty() && served.addresses().len() >= PRIMARY_COUNT);
        }
    }
}

/// Values, a pipeline over all nodes, and a counter whose slot moves meanwhile.
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std", feature = "blocking"))]
macro_rules! make_calls {
    ($served:ident, $client:ident $($wait:tt)*) => {{
        let value = "v".repeat(100_000);
        $client.set("key", &value)$($wait)*?;
        assert!($client.get::<String>("key")$($wait)*? == value);

        let set = |at: u32| hashslot::cmd::set(format!("key {at}"), at);
        $client.pipeline(hashslot::cmd::each((0..5000).map(set)))$($wait)*?;
        let get = |at: u32| hashslot::cmd::get::<u32>(format!("key {at}"));
        let numbers = $client.pipeline(hashslot::cmd::each((0..5000).map(get)))$($wait)*?;
        assert!(numbers.into_iter().eq(0..5000));

        let mover = std::thread::spawn({
            let served = std::sync::Arc::clone(&$served);
            move || [(0, 2), (2, 1), (1, 0)].map(|(from, to)| migrate(&served, "bar", from, to))
        });
        let mut count = 0;
        while count < 200 || !mover.is_finished() {
            count += 1;
            assert_eq!($client.incr("bar")$($wait)*?, count);
        }
        mover.join().expect("no step of a move fails");
        let stats = $client.stats()$($wait)*?;
        assert!(stats.moved_followed + stats.ask_followed > 0, "{stats:?}");
        // Simulated nodes do not know all that they are asked, and answer.
        let health = $client.health(PATIENCE)$($wait)*?;
        assert!(health.is_well() && health.nodes().len() == PRIMARY_COUNT, "{health}");
        $served.with(|world| assert_eq!(world.history().violations(), [""; 0]));
    }};
}

#[cfg(feature = "blocking")]
#[test]
fn blocking_clients_make_calls() -> Result<(), Box<dyn std::error::Error>> {
    let served = std::sync::Arc::new(still());
    let seeds = served.seeds().iter().cloned();
    let builder =
        seeds.fold(hashslot::blocking::Client::builder(), hashslot::blocking::Builder::seed);
    let client = builder.address_map(served.address_map()).connect()?;
    make_calls!(served, client);
    Ok(())
}

/// Primaries die and replicas take over: the health tells of both.
#[cfg(feature = "blocking")]
#[test]
fn health_follows_nodes_that_die_and_come_back() -> Result<(), Box<dyn std::error::Error>> {
    let mut told = Vec::new();
    // A busy machine may look too late to see a node that is down: then it watches another cluster.
    for seed in 2..7 {
        if sees_a_node_die_and_come_back(seed, &mut told)? {
            return Ok(());
        }
    }
    panic!("{told:#?}")
}

#[cfg(feature = "blocking")]
fn sees_a_node_die_and_come_back(
    seed: u64,
    told: &mut Vec<String>,
) -> Result<bool, Box<dyn std::error::Error>> {
    let served = ServedWorld::new(World::new(seed, Profile::Failover))?;
    let seeds = served.seeds().iter().cloned();
    let builder =
        seeds.fold(hashslot::blocking::Client::builder(), hashslot::blocking::Builder::seed);
    let client = builder.address_map(served.address_map()).connect()?;
    let until = Instant::now() + PATIENCE;
    for expected in [true, false, true] {
        loop {
            let health = client.health(Duration::from_millis(500))?;
            told.push(health.to_string());
            if health.is_well() == expected {
                break;
            }
            if Instant::now() >= until {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
mod polled {
    use std::error::Error;

    use hashslot::runtimes::{Builder, Client, ConnectError, Runtime};

    use super::*;

    pub(super) async fn connect<R: Runtime>(
        served: &ServedWorld,
        runtime: R,
    ) -> Result<Client<R>, ConnectError> {
        let seeds = served.seeds().iter().cloned();
        let builder = seeds.fold(Builder::new(runtime), Builder::seed);
        builder.address_map(served.address_map()).connect().await
    }

    pub(super) async fn make_calls<R: Runtime>(runtime: R) -> Result<(), Box<dyn Error>> {
        let served = std::sync::Arc::new(still());
        let client = connect(&served, runtime).await?;
        make_calls!(served, client.await);
        Ok(())
    }
}

#[cfg(feature = "smol")]
#[test]
fn clients_on_smol_make_calls() {
    smol::block_on(polled::make_calls(hashslot::smol::Smol::default())).unwrap();
}

#[cfg(feature = "async-std")]
#[test]
fn clients_on_async_std_make_calls() {
    let runtime = hashslot::async_std::AsyncStd::default();
    async_std::task::block_on(polled::make_calls(runtime)).unwrap();
}

#[cfg(feature = "tokio")]
mod on_tokio {
    use std::future::Future;
    use std::io::IoSlice;
    use std::task::{Context, Poll};

    use hashslot::runtimes::{Runtime, Stream};
    use hashslot::tokio::Tokio;

    use super::*;

    #[tokio::test]
    async fn clients_on_tokio_make_calls() {
        polled::make_calls(Tokio::default()).await.unwrap();
    }

    /// A runtime of one's own, whose streams move one byte at a time.
    #[derive(Clone)]
    struct Bytewise;

    struct ByteStream(<Tokio as Runtime>::Stream);

    impl Runtime for Bytewise {
        type Stream = ByteStream;

        #[expect(clippy::manual_async_fn, reason = "an async fn would borrow the runtime")]
        fn connect(
            &self,
            to: Address,
        ) -> impl Future<Output = io::Result<ByteStream>> + Send + 'static {
            async { Tokio::default().connect(to).await.map(ByteStream) }
        }

        #[expect(clippy::manual_async_fn, reason = "an async fn would borrow the runtime")]
        fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
            async move { Tokio::default().sleep(duration).await }
        }

        fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
            Tokio::default().spawn(task);
        }
    }

    impl Stream for ByteStream {
        fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
            self.0.poll_read(cx, &mut into[..1])
        }

        fn poll_write(
            &mut self,
            cx: &mut Context<'_>,
            from: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.0.poll_write(cx, &[IoSlice::new(&from[0][..1])])
        }
    }

    #[tokio::test]
    async fn a_stream_that_moves_one_byte_at_a_time_works() {
        polled::make_calls(Bytewise).await.unwrap();
    }

    /// The simulated network breaks, hangs and splits: an increment that was answered ran once, and
    /// one that was not ran once at the most.
    #[tokio::test]
    async fn faults_of_the_world_show_on_the_sockets_and_counters_are_exact() {
        let reshard = [(1, Profile::Reshard)];
        let flaky = [(0, Profile::FlakyNetwork), (1, Profile::FlakyNetwork)];
        for (seed, profile) in reshard.into_iter().chain(flaky) {
            let served = ServedWorld::new(World::new(seed, profile)).unwrap();
            let client = polled::connect(&served, Tokio::default()).await.unwrap();
            let (mut known, mut unknown, mut last) = (0, 0, 0);
            for _ in 0..50 {
                match client.incr("counter").await {
                    Ok(count) => {
                        assert!(count > last, "seed {seed}: {count} after {last}");
                        (known, last) = (known + 1, count);
                    }
                    Err(error) if error.may_have_executed() => unknown += 1,
                    Err(_) => {}
                }
            }
            assert!((known..=known + unknown).contains(&last), "seed {seed}: {known}, {unknown}");
            served.with(|world| {
                let violations = world.history().violations();
                assert!(violations.is_empty(), "seed {seed}, {profile}: {violations:?}");
            });
            client.close().await;
        }
    }
}
