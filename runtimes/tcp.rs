//! What every TCP connection is set to, and what the system knows of a connection.

use super::std;

use core::mem::MaybeUninit;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::string::ToString as _;
use std::vec::Vec;

use socket2::{SockRef, TcpKeepalive};

use crate::Address;

/// An idle connection is probed after this long, and then this often: the machine asks a node
/// sooner by default, but only while it is driven.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// Bytes that the peer leaves unacknowledged for this long end the connection.
#[cfg(target_os = "linux")]
const USER_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends without delay, and finds out when the other end is gone, also while no caller waits.
pub(super) fn tune<'s, S>(stream: &'s S) -> io::Result<()>
where
    SockRef<'s>: From<&'s S>,
{
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(())
}

/// Whether the system has something of a connection that was not read: bytes, its end, an error.
/// One call of the system, which takes nothing.
pub(super) fn has_input<'s, S>(stream: &'s S) -> bool
where
    SockRef<'s>: From<&'s S>,
{
    match SockRef::from(stream).peek(&mut [MaybeUninit::uninit()]) {
        Ok(_) => true,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}

/// What a host resolves to, as addresses to dial.
pub(super) fn addresses(found: impl IntoIterator<Item = SocketAddr>) -> Vec<Address> {
    // `[fe80::1%2]:7000`: the zone of an address that needs one stays with it.
    found.into_iter().filter_map(|address| address.to_string().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn addresses_keep_their_order_their_ports_and_their_zones() {
        let told = ["[fe80::1%2]:7000", "10.0.0.1:7001", "[::1]:7002"];
        let found = told.map(|address| address.parse().expect("is one"));
        let addresses: Vec<_> = addresses(found).iter().map(Address::to_string).collect();
        assert_eq!(addresses, told);
    }

    #[test]
    fn a_connection_is_set_to_find_out() -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let stream = TcpStream::connect(listener.local_addr()?)?;
        let socket = SockRef::from(&stream);
        assert!(!socket.tcp_nodelay()? && !socket.keepalive()?, "as the system has it");
        tune(&stream)?;
        assert!(socket.tcp_nodelay()? && socket.keepalive()?);
        assert_eq!(socket.tcp_keepalive_time()?, KEEPALIVE);
        #[cfg(target_os = "linux")]
        {
            assert_eq!(socket.tcp_keepalive_interval()?, KEEPALIVE);
            assert_eq!(socket.tcp_user_timeout()?, Some(USER_TIMEOUT));
        }
        Ok(())
    }

    #[test]
    fn what_was_not_read_is_noticed_and_stays() -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut stream = TcpStream::connect(listener.local_addr()?)?;
        stream.set_nonblocking(true)?;
        let mut other = listener.accept()?.0;
        assert!(!has_input(&stream));
        let wait = || {
            (0..1000).any(|_| {
                std::thread::sleep(Duration::from_millis(10));
                has_input(&stream)
            })
        };
        other.write_all(b"x")?;
        assert!(wait());
        assert_eq!((&stream).read(&mut [0; 2])?, 1);
        assert!(!has_input(&stream));
        drop(other);
        assert!(wait(), "the end is something, too");
        assert_eq!(stream.read(&mut [0; 2])?, 0);
        Ok(())
    }
}
