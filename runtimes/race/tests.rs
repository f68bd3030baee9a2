//! Hosts with several addresses, on real sockets of each runtime: one of them swallows every
//! packet.

use super::std;
use super::*;

use core::time::Duration;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::string::{String, ToString as _};
use std::vec;

use socket2::{Domain, Socket, Type};

use crate::runtimes::runtime::{Runtime, Stream};
use crate::runtimes::tcp;

/// A runtime on which every name stands for these addresses.
#[derive(Clone)]
struct Named<R>(R, Vec<Address>);

impl<R: Runtime> Runtime for Named<R> {
    type Stream = R::Stream;

    fn resolve(
        &self,
        _: Address,
    ) -> impl Future<Output = io::Result<Vec<Address>>> + Send + 'static {
        core::future::ready(Ok(self.1.clone()))
    }

    fn connect(
        &self,
        address: Address,
    ) -> impl Future<Output = io::Result<R::Stream>> + Send + 'static {
        self.0.connect(address)
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        self.0.sleep(duration)
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(future);
    }
}

/// An address that answers nothing, as if its packets were lost: its queue of connections that wait
/// to be accepted is full.
struct BlackHole {
    address: Address,
    _listener: Socket,
    _filling: Vec<Socket>,
}

impl BlackHole {
    fn new(host: &str) -> io::Result<Self> {
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None);
        let listener = socket()?;
        listener.bind(&SocketAddr::new(host.parse().expect("is one"), 0).into())?;
        listener.listen(0)?;
        let address = listener.local_addr()?;
        let mut filling = Vec::new();
        // More than the queue holds; the last of them are never answered themselves.
        for _ in 0..4 {
            let client = socket()?;
            client.set_nonblocking(true)?;
            drop(client.connect(&address)); // which is on its way
            filling.push(client);
        }
        let address = tcp::addresses(address.as_socket()).remove(0);
        Ok(Self { address, _listener: listener, _filling: filling })
    }
}

/// A listener, an address that leads to it, and one that refuses.
fn good_and_refusing() -> io::Result<(TcpListener, Address, Address)> {
    let (good, gone) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    let [good_address, refusing] =
        [good.local_addr()?, gone.local_addr()?].map(|address| tcp::addresses([address]).remove(0));
    Ok((good, good_address, refusing))
}

fn name() -> Address {
    "cluster.example:7000".parse().expect("is one")
}

/// What becomes of a dial of a host with these addresses; a byte of the one that is reached.
async fn dialled<R: Runtime>(runtime: R, addresses: Vec<Address>) -> Result<u8, Disconnect> {
    let mut stream =
        reach(&Named(runtime, addresses), name(), &Config::default(), &Permit::default()).await?;
    let mut byte = [0];
    let read = poll_fn(|cx| stream.poll_read(cx, &mut byte)).await;
    read.map(|_| byte[0]).map_err(|error| Disconnect::Other(SystemText::new(&error.to_string())))
}

/// The same host on each runtime: dead addresses before the one that answers.
pub(in crate::runtimes) async fn reaches_a_host_with_dead_addresses<R: Runtime>(
    runtime: R,
) -> io::Result<()> {
    let holes = [BlackHole::new("127.0.0.2")?, BlackHole::new("127.0.0.3")?];
    let [first, second] = holes.each_ref().map(|hole| hole.address.clone());
    let (listener, good, refusing) = good_and_refusing()?;
    let accepting = std::thread::spawn(move || {
        // One connection at a time: those of the dials that lose are dropped.
        listener.incoming().take(3).try_for_each(|stream| stream?.write_all(b"!"))
    });
    for addresses in [
        vec![first.clone(), good.clone()],
        vec![first.clone(), second.clone(), good.clone()],
        vec![refusing.clone(), first.clone(), good],
    ] {
        let told = format_of(&addresses);
        assert_eq!(dialled(runtime.clone(), addresses).await, Ok(b'!'), "{told}");
    }
    accepting.join().expect("does not panic")?;
    let refused = dialled(runtime.clone(), vec![refusing.clone(), refusing]).await;
    assert_eq!(refused, Err(Disconnect::Refused));
    let none = dialled(runtime, vec![]).await.map_err(|cause| cause.to_string());
    assert_eq!(none, Err("the host name cannot be resolved: it has no address".into()));
    Ok(())
}

fn format_of(addresses: &[Address]) -> String {
    std::format!("{addresses:?}")
}

/// The system's words, whichever runtime asks it.
pub(in crate::runtimes) async fn tells_what_the_resolver_says<R: Runtime>(runtime: R) {
    let unknown = "no-such-host.invalid:7000".parse().expect("is one");
    let cause = reach(&runtime, unknown, &Config::default(), &Permit::default()).await.err();
    let Some(Disconnect::NameResolution(text)) = cause else { panic!("{cause:?}") };
    assert!(text.as_str().contains(' '), "{text:?}");
}

#[cfg(feature = "tokio")]
#[test]
fn f12_on_tokio() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tells_what_the_resolver_says(crate::tokio::Tokio).await;
        reaches_a_host_with_dead_addresses(crate::tokio::Tokio).await
    })
}

#[cfg(feature = "smol")]
#[test]
fn f12_on_smol() -> io::Result<()> {
    smol::block_on(async {
        tells_what_the_resolver_says(crate::smol::Smol).await;
        reaches_a_host_with_dead_addresses(crate::smol::Smol).await
    })
}

#[cfg(feature = "async-std")]
#[test]
fn f12_on_async_std() -> io::Result<()> {
    async_std::task::block_on(async {
        tells_what_the_resolver_says(crate::async_std::AsyncStd).await;
        reaches_a_host_with_dead_addresses(crate::async_std::AsyncStd).await
    })
}
