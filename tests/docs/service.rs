//! Runs the example of a web service: asks its pages, and ends it while it has a request.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::sync::Mutex;
use std::time::Duration;

use super::Failure;
use super::run::{LIMIT, Runner, real, signal};
use super::servers::cluster::Cluster;
use super::servers::wait_until;

/// How long the service may take for a page, and to notice what happens.
const PATIENCE: Duration = Duration::from_secs(30);
/// Nodes hold writes back for at most so long, in milliseconds: longer than they have to.
const PAUSE: &str = "60000";

/// Runs the command on any port. It serves pages until it is told to end, answers the request that
/// it has then, and ends well.
pub(crate) fn check(
    runner: &Runner,
    cluster: &Mutex<Cluster>,
    command: &str,
) -> Result<(), Failure> {
    let cluster = cluster.lock().map_err(|_| "another run has failed")?;
    try_check(runner, &cluster, command).map_err(|error| error.to_string())
}

fn try_check(runner: &Runner, cluster: &Cluster, command: &str) -> io::Result<()> {
    cluster.flush_all()?;
    let mut service = Service::start(runner, &format!("{} 0", real(cluster, command)))?;
    for count in ["1\n", "2\n"] {
        expect(&service.ask("/visits/home")?, "200", count)?;
    }
    let health = "6 of 6 nodes are well, 16384 of 16384 slots are served\n";
    expect(&service.ask("/health")?, "200", health)?;

    // A request whose answer the cluster holds back while the service is told to end.
    on_primaries(cluster, &["CLIENT", "PAUSE", PAUSE, "WRITE"])?;
    let asked = service.begin("/visits/home");
    let held_back = asked.and_then(|asked| {
        wait_until("a node has the request", PATIENCE, || is_blocking(cluster))?;
        signal(&service.child, "TERM")?;
        let refuses = || Ok(TcpStream::connect(service.address).is_err());
        wait_until("the service takes no more connections", PATIENCE, refuses)?;
        Ok(asked)
    });
    on_primaries(cluster, &["CLIENT", "UNPAUSE"])?;
    expect(&answer(held_back?)?, "200", "3\n")?;
    let status = service.wait()?;
    let printed = service.printed()?;
    if status.success() && printed.ends_with("closed\n") {
        return Ok(());
    }
    Err(io::Error::other(format!("{status}: {printed}")))
}

fn on_primaries(cluster: &Cluster, command: &[&str]) -> io::Result<()> {
    cluster.primaries()?.into_iter().try_for_each(|node| cluster.call(node, command).map(drop))
}

/// Whether a node has a command of a client that it does not answer yet.
fn is_blocking(cluster: &Cluster) -> io::Result<bool> {
    for node in cluster.primaries()? {
        let clients = cluster.call(node, &["CLIENT", "LIST"])?.text().unwrap_or_default();
        let mut flags = clients.split(' ').filter_map(|word| word.strip_prefix("flags="));
        if flags.any(|flags| flags.contains('b')) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A service that runs. Killed when dropped.
struct Service {
    child: Child,
    address: SocketAddr,
    out: PathBuf,
}

impl Service {
    /// Starts it, and waits until it tells its address.
    fn start(runner: &Runner, command: &str) -> io::Result<Self> {
        let (mut command, out) = runner.command(command)?;
        let address = ([127, 0, 0, 1], 0).into();
        let mut service = Self { child: command.spawn()?, address, out };
        wait_until("it listens", LIMIT, || {
            if service.child.try_wait()?.is_some() {
                return Ok(true); // what follows tells of it
            }
            Ok(service.printed()?.contains("listening on http://"))
        })?;
        let printed = service.printed()?;
        let address = printed.lines().find_map(|line| line.strip_prefix("listening on http://"));
        let address = address.and_then(|address| address.parse().ok());
        service.address = address.ok_or_else(|| io::Error::other(format!("ended: {printed}")))?;
        Ok(service)
    }

    /// All that it has printed.
    fn printed(&self) -> io::Result<String> {
        fs::read_to_string(&self.out)
    }

    /// Sends the request for a page.
    fn begin(&self, page: &str) -> io::Result<TcpStream> {
        let mut socket = TcpStream::connect(self.address)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        write!(socket, "GET {page} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        Ok(socket)
    }

    fn ask(&self, page: &str) -> io::Result<(String, String)> {
        answer(self.begin(page)?)
    }

    fn wait(&mut self) -> io::Result<ExitStatus> {
        wait_until("it ends", PATIENCE, || Ok(self.child.try_wait()?.is_some()))?;
        self.child.wait()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            signal(&self.child, "KILL").ok();
            self.child.wait().ok();
        }
    }
}

/// The status of an answer, and its page.
fn answer(mut socket: TcpStream) -> io::Result<(String, String)> {
    let mut text = String::new();
    socket.read_to_string(&mut text)?;
    let (head, page) = text.split_once("\r\n\r\n").ok_or_else(|| io::Error::other("no answer"))?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    Ok((status.to_owned(), page.to_owned()))
}

fn expect(answer: &(String, String), status: &str, page: &str) -> io::Result<()> {
    if (answer.0.as_str(), answer.1.as_str()) == (status, page) {
        return Ok(());
    }
    Err(io::Error::other(format!("expected {status} with {page:?}, got {answer:?}")))
}
