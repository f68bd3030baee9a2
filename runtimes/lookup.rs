//! Looks names up, on few threads of its own.
//!
//! Theory of operation. The resolver of the system blocks, and a lookup cannot be cancelled. On a
//! runtime's threads for blocking work, slow names would delay the application's own work. One
//! thread per name would be thousands. So all clients of a process share a few threads, which end
//! with the last lookup. Other names wait in a queue. Requests for a name that waits or is being
//! looked up share one result. A name without waiting requests is skipped. A lookup whose requests
//! have all gone keeps its thread until it ends.

use super::std;

use core::net::{IpAddr, SocketAddr};
use std::collections::VecDeque;
use std::io;
use std::net::ToSocketAddrs as _;
use std::string::{String, ToString as _};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::vec::Vec;

use super::cause::caught;
use super::lock::lock;
use super::oneshot::{self, Receiver, Sender};
use crate::Address;

/// So many names are looked up at a time, for all clients of a process.
const THREAD_COUNT_MAX: usize = 8;

/// The addresses of a host. An IP address needs no lookup.
pub(super) async fn resolve(address: &Address) -> io::Result<Vec<SocketAddr>> {
    if let Ok(ip) = address.host().parse::<IpAddr>() {
        return Ok(Vec::from([SocketAddr::new(ip, address.port())]));
    }
    let receiver = Lookups::ask(&LOOKUPS, address.host())?;
    let gone = || io::Error::other("the resolver panicked");
    let found = receiver.await.ok_or_else(gone)?;
    let mut found = found.map_err(|(kind, words)| io::Error::new(kind, words))?;
    for found in &mut found {
        found.set_port(address.port());
    }
    Ok(found)
}

static LOOKUPS: Lookups = Lookups::new(|host| (host, 0).to_socket_addrs().map(Iterator::collect));

/// The addresses of a name, or the error of the resolver.
type Found = Result<Vec<SocketAddr>, (io::ErrorKind, String)>;

/// The names that are looked up, and those that wait for a thread.
#[derive(Debug)]
struct Lookups {
    look_up: fn(&str) -> io::Result<Vec<SocketAddr>>,
    queue: Mutex<Queue>,
}

#[derive(Debug)]
struct Queue {
    /// The names that are being looked up, one for each thread.
    running: Vec<Job>,
    waiting: VecDeque<Job>,
}

/// One name, and the callers that wait for it.
#[derive(Debug)]
struct Job {
    host: String,
    senders: Vec<Sender<Found>>,
}

impl Job {
    fn is_awaited(&self) -> bool {
        self.senders.iter().any(Sender::is_awaited)
    }
}

impl Lookups {
    const fn new(look_up: fn(&str) -> io::Result<Vec<SocketAddr>>) -> Self {
        Self { look_up, queue: Mutex::new(Queue { running: Vec::new(), waiting: VecDeque::new() }) }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    /// Asks for the addresses of a name.
    fn ask(&'static self, host: &str) -> io::Result<Receiver<Found>> {
        let (sender, receiver) = oneshot::channel();
        let mut queue = self.lock();
        let Queue { running, waiting } = &mut *queue;
        if let Some(job) = running.iter_mut().chain(&mut *waiting).find(|job| job.host == host) {
            job.senders.retain(Sender::is_awaited);
            job.senders.push(sender);
            return Ok(receiver);
        }
        waiting.retain(Job::is_awaited);
        let job = Job { host: host.to_string(), senders: Vec::from([sender]) };
        if running.len() == THREAD_COUNT_MAX {
            waiting.push_back(job);
            return Ok(receiver);
        }
        running.push(job);
        let host = host.to_string();
        let spawned = thread::Builder::new().name("hashslot-lookup".into());
        let spawned = spawned.spawn(move || self.work(host));
        if let Err(error) = spawned {
            running.pop();
            return Err(error);
        }
        Ok(receiver)
    }

    /// Looks names up as long as there are any.
    fn work(&self, host: String) {
        let mut next = Some(host);
        while let Some(host) = next {
            let found = caught(|| (self.look_up)(&host))
                .unwrap_or_else(|cause| Err(io::Error::other(cause)));
            let found = found.map_err(|error| (error.kind(), error.to_string()));
            let (job, following) = self.finish(&host);
            job.into_iter()
                .flat_map(|job| job.senders)
                .for_each(|sender| sender.send(found.clone()));
            next = following;
        }
    }

    /// Ends the job of a name that was looked up, and begins the next one. Returns the former job
    /// and the name of the next.
    fn finish(&self, host: &str) -> (Option<Job>, Option<String>) {
        let mut queue = self.lock();
        let index = queue.running.iter().position(|job| job.host == host);
        let done = index.map(|index| queue.running.swap_remove(index));
        while let Some(job) = queue.waiting.pop_front() {
            if job.is_awaited() {
                let host = job.host.clone();
                queue.running.push(job);
                return (done, Some(host));
            }
        }
        (done, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::future::Future as _;
    use core::pin::Pin;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use core::task::{Context, Poll, Waker};
    use core::time::Duration;
    use std::format;
    use std::sync::{Condvar, PoisonError};

    /// A resolver whose names that begin with `slow` are not found before it is told.
    static HELD: (Mutex<bool>, Condvar) = (Mutex::new(true), Condvar::new());
    static ASKED: AtomicUsize = AtomicUsize::new(0);

    fn slow(host: &str) -> io::Result<Vec<SocketAddr>> {
        ASKED.fetch_add(1, Ordering::SeqCst);
        if host.starts_with("slow") {
            let held = HELD.0.lock().unwrap_or_else(PoisonError::into_inner);
            drop(HELD.1.wait_while(held, |held| *held));
        }
        match host {
            "none" => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
            _ => Ok(Vec::from([SocketAddr::from(([127, 0, 0, 1], 0))])),
        }
    }

    fn wait(mut receiver: Receiver<Found>) -> Option<Found> {
        for _ in 0..1_000 {
            if let Poll::Ready(found) =
                Pin::new(&mut receiver).poll(&mut Context::from_waker(Waker::noop()))
            {
                return found;
            }
            thread::sleep(Duration::from_millis(10));
        }
        None
    }

    #[test]
    fn names_wait_in_line_and_share_what_is_found() -> io::Result<()> {
        static LOOKUPS: Lookups = Lookups::new(slow);
        let held: Vec<_> =
            (0..20).map(|n| LOOKUPS.ask(&format!("slow{n}"))).collect::<Result<_, _>>()?;
        let again = LOOKUPS.ask("slow0")?;
        let gone = LOOKUPS.ask("gone")?;
        let good = LOOKUPS.ask("good")?;
        let none = LOOKUPS.ask("none")?;
        assert_eq!(LOOKUPS.lock().running.len(), THREAD_COUNT_MAX);
        assert_eq!(LOOKUPS.lock().waiting.len(), 20 - THREAD_COUNT_MAX + 3, "one for each name");
        drop(gone);
        *HELD.0.lock().unwrap_or_else(PoisonError::into_inner) = false;
        HELD.1.notify_all();
        for receiver in held.into_iter().chain([again, good]) {
            assert!(wait(receiver).is_some_and(|found| found.is_ok()));
        }
        let error = wait(none).expect("is sent").expect_err("there is none");
        assert_eq!(error, (io::ErrorKind::NotFound, "no such name".into()));
        assert_eq!(ASKED.load(Ordering::SeqCst), 22, "the dropped request is skipped");
        assert!(LOOKUPS.lock().running.is_empty() && LOOKUPS.lock().waiting.is_empty());
        Ok(())
    }
}
