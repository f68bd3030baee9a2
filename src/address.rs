//! Where a node listens.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use crate::shown::Shown;

/// Host and port of a node: what a driver dials.
///
/// **Shape**: the host is a name of letters, digits, `-`, `_` and `.`, or an IP address in normal
/// form without brackets, and never empty; the port is never 0. What resolvers of systems take for
/// an IPv4 address in an odd spelling (`127.1`, `0x7f.1`, `2130706433`) is no host. The zone of an
/// IPv6 address follows a bare `%`, as in `fe80::1%eth0`; a [`Url`](crate::Url) writes `%25` there.
/// Or it is a Unix socket: then the host is its path, and the port is 0. Names are not resolved
/// here: the driver resolves them at every dial. Cloning costs one reference count.
///
/// ```
/// use hashslot::Address;
/// let address: Address = "::1:7000".parse()?; // split at the last colon, as servers write it
/// assert_eq!((address.host(), address.port()), ("::1", 7000));
/// assert_eq!(address.to_string(), "[::1]:7000");
/// let socket: Address = "unix:/run/redis/7000.sock".parse()?;
/// assert_eq!(socket.unix_path(), Some("/run/redis/7000.sock"));
/// # Ok::<(), hashslot::error::AddressError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    host: Arc<str>,
    port: u16,
}

/// Why a text is not an address. The caller's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The text has no colon before a port.
    #[error("`{text}` has no port: expected host:port", text = Shown::new(.0))]
    NoPort(String),
    /// What follows the last colon is not a number from 1 to 65535.
    #[error("the port of `{text}` is not a number from 1 to 65535", text = Shown::new(.0))]
    Port(String),
    /// The host is empty, too long, a number, or has characters that hosts do not have.
    #[error("the host of `{text}` is empty or malformed", text = Shown::new(.0))]
    Host(String),
    /// The path of a Unix socket is not absolute, too long, or has control characters.
    #[error("`{text}` is not a path of a Unix socket: expected unix:/absolute/path", text = Shown::new(.0))]
    Path(String),
}

/// The longest host name that is accepted, in bytes: DNS allows 253.
const HOST_LEN_MAX: usize = 255;
/// The longest path of a Unix socket, in bytes: Linux has room for 107 and a zero.
const PATH_LEN_MAX: usize = 107;
/// What an address of a Unix socket begins with.
const UNIX: &str = "unix:";

impl Address {
    /// The address of this host and port.
    ///
    /// # Errors
    /// [`AddressError::Host`] if the host is empty, longer than 255 bytes, or neither a name nor an
    /// IP address; [`AddressError::Port`] if the port is 0.
    pub fn new(host: &str, port: u16) -> Result<Self, AddressError> {
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let wrong = || AddressError::Host(host.into());
        let normal = if host.contains(':') { ipv6(host) } else { name_or_ipv4(host) };
        let normal = normal.filter(|_| host.len() <= HOST_LEN_MAX).ok_or_else(wrong)?;
        if port == 0 {
            return Err(AddressError::Port(host.into()));
        }
        Ok(Self { host: normal.into(), port })
    }

    /// A Unix socket by its absolute path. Nodes announce no such addresses: they are for seeds,
    /// and for what an [`AddressMap`](crate::config::AddressMap) leads to. A [`Url`](crate::Url)
    /// cannot have them as hosts: give them to the builder of a client.
    ///
    /// # Errors
    /// [`AddressError::Path`] if the path does not begin with `/`, is longer than 107 bytes or has
    /// control characters.
    pub fn unix(path: &str) -> Result<Self, AddressError> {
        let is_path = path.starts_with('/') && path.len() <= PATH_LEN_MAX;
        if !is_path || path.contains(char::is_control) {
            return Err(AddressError::Path(path.into()));
        }
        Ok(Self { host: path.into(), port: 0 })
    }

    /// The path of the Unix socket, if it is one.
    #[must_use]
    pub fn unix_path(&self) -> Option<&str> {
        (self.port == 0).then_some(&self.host)
    }

    /// The host: a name or an IP address, without brackets; of a Unix socket its path.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port: `1..=65535`; 0 of a Unix socket.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Address {
    type Err = AddressError;

    /// Splits at the last colon, because servers write IPv6 addresses without brackets. What begins
    /// with `unix:` is the path of a Unix socket.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(path) = text.strip_prefix(UNIX)
            && path.starts_with('/')
        {
            return Self::unix(path);
        }
        let (host, port) =
            text.rsplit_once(':').ok_or_else(|| AddressError::NoPort(text.into()))?;
        let port = parse_port(port).ok_or_else(|| AddressError::Port(text.into()))?;
        Self::new(host, port)
    }
}

/// An IPv6 address in normal form, with its zone if it has one.
fn ipv6(host: &str) -> Option<Cow<'_, str>> {
    let (address, zone) = host.split_once('%').map_or((host, None), |(a, zone)| (a, Some(zone)));
    let address: Ipv6Addr = address.parse().ok()?;
    let normal = match zone {
        None => address.to_string(),
        Some(zone) if is_zone(zone) => format!("{address}%{zone}"),
        Some(_) => return None,
    };
    Some(if normal == host { host.into() } else { normal.into() })
}

/// A name, or an IPv4 address in the only form that all systems read alike.
fn name_or_ipv4(host: &str) -> Option<Cow<'_, str>> {
    let begins_with_digit = host.as_bytes().first().is_some_and(u8::is_ascii_digit);
    let is_host = if begins_with_digit {
        let mut labels = host.strip_suffix('.').unwrap_or(host).split('.');
        host.parse::<Ipv4Addr>().is_ok() || (is_word(host) && !labels.all(is_number))
    } else {
        is_word(host)
    };
    is_host.then_some(host.into())
}

/// Whether text has nothing but what names have, and something of it.
fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !text.is_empty() && text.bytes().all(is_plain)
}

/// Whether text is the name or the number of a network interface, as the system may call it.
fn is_zone(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~%".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain)
}

/// Whether a resolver may take text for a number of an IPv4 address: decimal, octal or hexadecimal.
fn is_number(text: &str) -> bool {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    hexadecimal.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        || text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads a port: digits only, `1..=65535`.
pub(crate) fn parse_port(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&port: &u16| digits && port > 0)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.port == 0 {
            write!(f, "{UNIX}{}", self.host)
        } else if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
