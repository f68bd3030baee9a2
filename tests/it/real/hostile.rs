//! Nodes that mean harm: what they can have a client dial, keep and wait for, and what the rest of
//! the application events of it.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hashslot::{Command, Config};

use super::adapter::{Adapter, Client, Events, on_every_adapter};
use super::{Done, Failure, connect_to, run, until};
use crate::servers::fake::{FakeNode, Reaction, Request, answers_handshake};
use crate::servers::process::{LOG, Process, new_folder};

/// The node that a process of its own is to call.
const NODE: &str = "HASHSLOT_TEST_HOSTILE_NODE";
/// So many addresses are one node each, and one listener in truth.
const NODE_COUNT: usize = 700;
/// So many descriptors has the process of its own.
const DESCRIPTOR_COUNT: usize = 512;

/// The address of a node of many: all of them lead to the same port.
fn host(index: usize) -> String {
    format!("127.0.{}.{}", 1 + index / 200, 1 + index % 200)
}

/// What a node of many answers.
fn answer_of_many(words: &str, port: u16) -> String {
    let words = words.to_ascii_uppercase();
    if words.starts_with("HELLO") {
        return "%1\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n".into();
    }
    if words.starts_with("CLUSTER SLOTS") {
        let width = 16_384 / NODE_COUNT;
        let rows = (0..NODE_COUNT).map(|index| {
            let last = if index + 1 == NODE_COUNT { 16_383 } else { (index + 1) * width - 1 };
            let (first, host) = (index * width, host(index));
            format!("*3\r\n:{first}\r\n:{last}\r\n*2\r\n${}\r\n{host}\r\n:{port}\r\n", host.len())
        });
        return format!("*{NODE_COUNT}\r\n{}", rows.collect::<String>());
    }
    match words.split(' ').next() {
        Some("DBSIZE") => ":1\r\n".into(),
        Some("CLUSTER") => "-ERR not here\r\n".into(),
        _ => "+OK\r\n".into(),
    }
}

/// Many nodes behind one listener. A connection takes a thread while it is open.
struct Many {
    port: u16,
    is_over: Arc<AtomicBool>,
    most_open: Arc<AtomicUsize>,
}

impl Many {
    fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind(("0.0.0.0", 0))?;
        let port = listener.local_addr()?.port();
        let many = Self { port, is_over: Arc::default(), most_open: Arc::default() };
        let (is_over, most_open) = (Arc::clone(&many.is_over), Arc::clone(&many.most_open));
        thread::spawn(move || {
            let open = Arc::new(AtomicUsize::new(0));
            for stream in listener.incoming().flatten() {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                most_open.fetch_max(open.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                let open = Arc::clone(&open);
                thread::spawn(move || {
                    drop(serve(stream, port));
                    open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        Ok(many)
    }
}

impl Drop for Many {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        drop(std::net::TcpStream::connect(("127.0.0.1", self.port)));
    }
}

/// Answers each command of a connection.
fn serve(mut stream: std::net::TcpStream, port: u16) -> std::io::Result<()> {
    let mut unread = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let len = stream.read(&mut piece)?;
        if len == 0 {
            return Ok(());
        }
        unread.extend_from_slice(&piece[..len]);
        while let Some((words, len)) = command(&unread) {
            unread.drain(..len);
            stream.write_all(answer_of_many(&words, port).as_bytes())?;
        }
    }
}

/// The first command, if it is whole: its words, and its length.
fn command(bytes: &[u8]) -> Option<(String, usize)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, mut rest) = text.split_once("\r\n")?;
    let mut words = Vec::new();
    for _ in 0..head.strip_prefix('*')?.parse::<usize>().ok()? {
        let (_, behind) = rest.split_once("\r\n")?;
        let (word, behind) = behind.split_once("\r\n")?;
        words.push(word);
        rest = behind;
    }
    Some((words.join(" "), text.len() - rest.len()))
}

/// A process with few descriptors, and a cluster of more nodes: a command for all of them is
/// answered, and nothing else in the process is refused a file.
fn more_nodes_than_descriptors<A: Adapter>() -> Done {
    if let Ok(node) = env::var(NODE) {
        return run::<A>(ask_all::<A>(node));
    }
    run::<A>(async {
        let many = Many::start()?;
        let (mut process, folder) = start::<A>(&format!("127.0.1.1:{}", many.port))?;
        until::<A>("the process ends", async || Ok(process.has_failed()?)).await?;
        let log = fs::read_to_string(folder.join(LOG))?;
        assert!(log.contains("all were answered"), "{log}");
        let most = many.most_open.load(Ordering::Relaxed);
        // A node hears late of the end of a connection.
        assert!(most < DESCRIPTOR_COUNT / 4 * 3, "{most} connections at a time");
        Ok(())
    })
}

/// What the process of its own does.
async fn ask_all<A: Adapter>(node: String) -> Done {
    let is_over = Arc::new(AtomicBool::new(false));
    let reading = thread::spawn({
        let is_over = Arc::clone(&is_over);
        move || {
            let mut slowest = Duration::ZERO;
            while !is_over.load(Ordering::Relaxed) {
                let begun_at = Instant::now();
                fs::read("/proc/self/status").expect("the application has its files");
                slowest = slowest.max(begun_at.elapsed());
                thread::sleep(Duration::from_millis(1));
            }
            slowest
        }
    });
    let client = connect_to::<A>(&[node], |_| {}).await?;
    for _ in 0..2 {
        let size: i64 = client.command(Command::new("DBSIZE")).await?;
        assert_eq!(usize::try_from(size)?, NODE_COUNT);
    }
    is_over.store(true, Ordering::Relaxed);
    let slowest = reading.join().expect("every file was opened");
    let displaced = client.stats().await?.links_displaced;
    println!("all were answered; {displaced} connections made room; a file took {slowest:?}");
    Ok(())
}

/// Runs the test in a process of its own, which has few descriptors.
fn start<A: Adapter>(node: &str) -> Result<(Process, std::path::PathBuf), Failure> {
    let folder = new_folder()?;
    let test = format!("real::hostile::{}::more_nodes_than_descriptors", A::NAME.replace('-', "_"));
    let program = env::current_exe()?;
    let program = program.to_str().ok_or("a path that is text")?;
    let line = format!("ulimit -n {DESCRIPTOR_COUNT}; exec '{program}' --exact {test} --nocapture");
    let words = [&format!("{NODE}={node}"), "sh", "-c", &line].map(str::to_owned);
    Ok((Process::start(Path::new("/usr/bin/env"), &words, &folder)?, folder))
}

/// Starts a node that serves all slots, and does with other commands what it is told to.
fn node(react: impl Fn(&Request) -> Reaction + Send + Sync + 'static) -> Result<FakeNode, Failure> {
    Ok(FakeNode::start(move |request| {
        let slots = [(0, 16_383, request.port)];
        answers_handshake(request, &slots).unwrap_or_else(|| react(request))
    })?)
}

const fn impatient(config: &mut Config) {
    config.stall_timeout = Duration::from_millis(500);
}

/// F-04: a node that answers a command on its second connection only, and has much to tell
/// meanwhile.
fn a_node_that_only_pushes_is_given_up<A: Adapter>() -> Done {
    run::<A>(async {
        let node = Arc::new(node(|request| match request.connection {
            0 => Reaction::Silent,
            _ => Reaction::bulk(b"value"),
        })?);
        let client = connect_to::<A>(&[node.address()], impatient).await?;
        let is_over = Arc::new(AtomicBool::new(false));
        let pushing = thread::spawn({
            let (node, is_over) = (Arc::clone(&node), Arc::clone(&is_over));
            move || {
                while !is_over.load(Ordering::Relaxed) {
                    drop(node.send(0, b">2\r\n$7\r\nmessage\r\n$5\r\nhello\r\n"));
                    thread::sleep(Duration::from_millis(20));
                }
            }
        });
        let got = client.get::<String>("key").await;
        is_over.store(true, Ordering::Relaxed);
        pushing.join().expect("it pushes");
        assert_eq!(got?, "value");
        let stats = client.stats().await?;
        assert_eq!(stats.links_stalled, 1);
        assert!(stats.pushes > 1, "{} pushes", stats.pushes);
        Ok(())
    })
}

/// The same for a reply that comes byte by byte.
fn a_node_that_drips_is_given_up<A: Adapter>() -> Done {
    run::<A>(async {
        let node = Arc::new(node(|request| match request.connection {
            0 => Reaction::Reply(b"$1000\r\n".to_vec()),
            _ => Reaction::bulk(b"value"),
        })?);
        let client = connect_to::<A>(&[node.address()], impatient).await?;
        let is_over = Arc::new(AtomicBool::new(false));
        let dripping = thread::spawn({
            let (node, is_over) = (Arc::clone(&node), Arc::clone(&is_over));
            move || {
                while !is_over.load(Ordering::Relaxed) {
                    if node.count_of("GET") > 0 {
                        drop(node.send(0, b"x"));
                    }
                    thread::sleep(Duration::from_millis(50));
                }
            }
        });
        let got = client.get::<String>("key").await;
        is_over.store(true, Ordering::Relaxed);
        dripping.join().expect("it drips");
        assert_eq!(got?, "value");
        assert_eq!(client.stats().await?.links_stalled, 1);
        Ok(())
    })
}

/// F-66: a listener that takes nothing keeps a few megabytes, and is told what it has lost.
fn notices_that_nobody_takes_are_dropped<A: Adapter>() -> Done {
    run::<A>(async {
        let push =
            [&b">2\r\n$4\r\nnews\r\n$500000\r\n"[..], &vec![b'x'; 500_000], b"\r\n"].concat();
        let node = node(move |request| match request.arg(0).as_str() {
            "GET" => Reaction::Reply([&push[..], b"$-1\r\n"].concat()),
            _ => Reaction::line("+OK"),
        })?;
        let client = connect_to::<A>(&[node.address()], |_| {}).await?;
        let mut events = client.events();
        for _ in 0..100 {
            assert_eq!(client.get::<Option<String>>("key").await?, None);
        }
        let mut kept = 0;
        while let Some(event) = events.try_next() {
            kept += usize::from(matches!(event, hashslot::Event::Pushed { .. }));
        }
        assert!((1..=8).contains(&kept), "{kept} messages are kept");
        Ok(())
    })
}

on_every_adapter! {
    more_nodes_than_descriptors,
    a_node_that_only_pushes_is_given_up,
    a_node_that_drips_is_given_up,
    notices_that_nobody_takes_are_dropped,
}

/// What the application forbids is not dialled: neither as it is named, nor as it was looked up.
#[cfg(feature = "tokio")]
#[test]
fn what_is_not_allowed_is_not_dialled() -> Done {
    use std::net::IpAddr;

    use hashslot::tokio::Client;

    run::<hashslot::tokio::Tokio>(async {
        let node = node(|_| Reaction::line("+OK"))?;
        let named = format!("localhost:{}", node.port()).parse()?;
        let seeds = [node.address().parse()?, named];
        for seed in seeds {
            let is_ip = |address: &hashslot::Address| address.host().parse::<IpAddr>().is_ok();
            let builder = Client::builder().seed(seed).allow_addresses(move |a| !is_ip(a));
            let error = builder.connect().await.expect_err("no IP address is allowed");
            assert!(error.to_string().contains("forbids to dial"), "{error}");
        }
        assert_eq!(node.connection_count(), 0);
        let builder = Client::builder().seed(node.address().parse()?);
        builder.allow_addresses(|address| address.host() == "127.0.0.1").connect().await?;
        assert!(node.connection_count() > 0);
        Ok(())
    })
}
