//! Sockets and timers of the engine.

use super::std;

use core::future::{Future, poll_fn};
use core::net::{IpAddr, SocketAddr};
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::ToSocketAddrs as _;
use std::sync::Arc;
use std::thread;
use std::time::Instant;
use std::vec::Vec;

use mio::net::TcpStream;

use super::engine::{Engine, Source};
use crate::Address;
use crate::runtimes::mailbox::Answer;
use crate::runtimes::runtime::{Runtime, Stream};
use crate::runtimes::tcp;

/// A connection of a blocking client.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    source: Arc<Source>,
}

/// The engine, as the driver uses it.
#[derive(Debug, Clone)]
pub(super) struct Handle(pub(super) Arc<Engine>);

impl Runtime for Handle {
    type Stream = Socket;

    fn connect(
        &self,
        address: Address,
    ) -> impl Future<Output = io::Result<Socket>> + Send + 'static {
        let engine = Arc::clone(&self.0);
        async move {
            let mut last = io::Error::from(io::ErrorKind::NotFound);
            for address in resolve(address).await? {
                match connect(&engine, address).await {
                    Ok(socket) => return Ok(socket),
                    Err(error) => last = error,
                }
            }
            Err(last)
        }
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        Sleep { engine: Arc::clone(&self.0), at: Instant::now() + duration }
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.0.employ(future);
    }
}

/// The addresses of a host. Names are looked up by a thread that lives no longer than that takes.
async fn resolve(address: Address) -> io::Result<Vec<SocketAddr>> {
    if let Ok(ip) = address.host().parse::<IpAddr>() {
        return Ok(Vec::from([SocketAddr::new(ip, address.port())]));
    }
    let (bringer, answer) = Answer::new();
    thread::Builder::new().name("hashslot-resolve".into()).spawn(move || {
        let found = (address.host(), address.port()).to_socket_addrs();
        bringer.bring(found.map(Iterator::collect::<Vec<_>>));
    })?;
    // The system says in many words that there is no such name; they mean the same.
    let not_found = |_| io::Error::from(io::ErrorKind::NotFound);
    answer.await.ok_or(io::ErrorKind::NotFound)?.map_err(not_found)
}

async fn connect(engine: &Engine, address: SocketAddr) -> io::Result<Socket> {
    let mut stream = TcpStream::connect(address)?;
    let source = engine.watch(&mut stream)?;
    poll_fn(|cx| source.poll_connected(cx)).await;
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    stream.peer_addr()?;
    tcp::tune(&stream)?;
    Ok(Socket { stream, source })
}

impl Stream for Socket {
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        self.source.poll_read(cx, into.len(), || self.stream.read(into))
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.source.poll_write(cx, || self.stream.write_vectored(from))
    }
}

/// Ends when it is time. A driver has one at a time.
struct Sleep {
    engine: Arc<Engine>,
    at: Instant,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.at <= Instant::now() {
            return Poll::Ready(());
        }
        self.engine.set_timer(Some(self.at));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.engine.set_timer(None);
    }
}
