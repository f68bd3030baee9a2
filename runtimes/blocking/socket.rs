//! Sockets and timers of the engine.

use super::std;

use core::future::{Future, poll_fn};
use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::Instant;
use std::vec::Vec;

use mio::net::TcpStream;
use socket2::SockRef;

use super::engine::{Engine, SocketReadiness};
use crate::runtimes::lookup;
use crate::runtimes::runtime::{Either, Runtime, Stream};
use crate::runtimes::tcp;
use crate::{Address, Config};

/// A connection of a blocking client.
#[derive(Debug)]
pub(super) struct Socket<S> {
    stream: S,
    readiness: Arc<SocketReadiness>,
}

/// The engine, as the driver uses it.
#[derive(Debug, Clone)]
pub(super) struct Handle(pub(super) Arc<Engine>);

impl Runtime for Handle {
    type Stream = Either<Socket<TcpStream>, UnixSocket>;

    #[expect(clippy::manual_async_fn, reason = "an async fn would borrow the runtime")]
    fn resolve(
        &self,
        address: Address,
    ) -> impl Future<Output = io::Result<Vec<Address>>> + Send + 'static {
        async move { Ok(tcp::addresses(lookup::resolve(&address).await?)) }
    }

    fn connect(
        &self,
        address: Address,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send + 'static {
        let engine = Arc::clone(&self.0);
        async move {
            if let Some(path) = address.unix_path() {
                return connect_unix(&engine, path).await.map(Either::Unix);
            }
            // Of one address; names are resolved before.
            let address = lookup::resolve(&address).await?.into_iter().next();
            let address = address.ok_or(io::ErrorKind::NotFound)?;
            connect(&engine, address).await.map(Either::Tcp)
        }
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        Sleep {
            engine: Arc::clone(&self.0),
            timer: self.0.new_timer(),
            at: Instant::now() + duration.min(Config::MAX_DURATION),
        }
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(future);
    }
}

async fn connect(engine: &Engine, address: SocketAddr) -> io::Result<Socket<TcpStream>> {
    let mut stream = TcpStream::connect(address)?;
    let readiness = engine.watch(&mut stream)?;
    poll_fn(|cx| readiness.poll_connected(cx)).await;
    stream.take_error()?.map_or(Ok(()), Err)?;
    stream.peer_addr()?;
    tcp::tune(&stream)?;
    Ok(Socket { stream, readiness })
}

#[cfg(unix)]
type UnixSocket = Socket<mio::net::UnixStream>;
#[cfg(not(unix))]
type UnixSocket = crate::runtimes::NoUnixStream;

#[cfg(unix)]
async fn connect_unix(engine: &Engine, path: &str) -> io::Result<UnixSocket> {
    let mut stream = mio::net::UnixStream::connect(path)?;
    let readiness = engine.watch(&mut stream)?;
    poll_fn(|cx| readiness.poll_connected(cx)).await;
    stream.take_error()?.map_or(Ok(()), Err)?;
    Ok(Socket { stream, readiness })
}

#[cfg(not(unix))]
async fn connect_unix(_: &Engine, path: &str) -> io::Result<UnixSocket> {
    UnixSocket::connect(path).await
}

impl<S> Stream for Socket<S>
where
    S: io::Read + io::Write + Send + Unpin + 'static,
    for<'s> SockRef<'s>: From<&'s S>,
{
    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        self.readiness.poll_read(cx, into.len(), || self.stream.read(into))
    }

    fn has_input(&self) -> bool {
        tcp::has_input(&self.stream)
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.readiness.poll_write(cx, || match from {
            // The usual case, and one for which the system has a shorter way.
            [piece] => self.stream.write(piece),
            pieces => self.stream.write_vectored(pieces),
        })
    }
}

/// Ends when it is time.
struct Sleep {
    engine: Arc<Engine>,
    timer: u64,
    at: Instant,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.at <= Instant::now() {
            return Poll::Ready(());
        }
        self.engine.set_timer(self.timer, self.at, cx.waker());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.engine.clear_timer(self.timer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtimes::oneshot;
    use crate::runtimes::race::tests;

    #[test]
    fn f12_on_threads() -> io::Result<()> {
        let engine = Engine::new()?;
        let handle = Handle(Arc::clone(&engine));
        let (sender, receiver) = oneshot::channel();
        engine.spawn(async move {
            tests::tells_what_the_resolver_says(handle.clone()).await;
            sender.send(tests::reaches_a_host_with_dead_addresses(handle).await);
        });
        engine.wait(receiver).expect("is sent")
    }
}
