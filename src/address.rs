//! Where a node listens.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

/// Host and port of a node: what a driver dials.
///
/// **Shape**: the host is a name or an IP address without brackets and is never empty; the port is
/// never 0. Names are not resolved here: the driver resolves them at every dial. Cloning costs one
/// reference count.
///
/// ```
/// use hashslot::Address;
/// let address: Address = "::1:7000".parse()?; // split at the last colon, as servers write it
/// assert_eq!((address.host(), address.port()), ("::1", 7000));
/// assert_eq!(address.to_string(), "[::1]:7000");
/// # Ok::<(), hashslot::AddressError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    host: Arc<str>,
    port: u16,
}

/// Why a text is no address. The caller's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// There is no colon before a port.
    #[error("`{0}` has no port: expected host:port")]
    NoPort(String),
    /// What follows the last colon is not a number from 1 to 65535.
    #[error("the port of `{0}` is not a number from 1 to 65535")]
    Port(String),
    /// The host is empty, too long, or has characters that no host has.
    #[error("the host of `{0}` is empty or malformed")]
    Host(String),
}

/// The longest host name that is accepted, in bytes: DNS allows 253.
const HOST_LEN_MAX: usize = 255;

impl Address {
    /// The address of this host and port.
    ///
    /// # Errors
    /// [`AddressError::Host`] if the host is empty, longer than 255 bytes or has blanks, control
    /// characters or brackets inside; [`AddressError::Port`] if the port is 0.
    pub fn new(host: &str, port: u16) -> Result<Self, AddressError> {
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let odd = |c: char| {
            c.is_control() || c.is_whitespace() || matches!(c, '@' | '/' | '?' | '[' | ']')
        };
        if host.is_empty() || host.len() > HOST_LEN_MAX || host.contains(odd) {
            return Err(AddressError::Host(host.into()));
        }
        if port == 0 {
            return Err(AddressError::Port(host.into()));
        }
        Ok(Self { host: host.into(), port })
    }

    /// The host: a name or an IP address, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port: `1..=65535`.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Address {
    type Err = AddressError;

    /// Splits at the last colon, because servers write IPv6 addresses without brackets.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (host, port) =
            text.rsplit_once(':').ok_or_else(|| AddressError::NoPort(text.into()))?;
        let port = parse_port(port).ok_or_else(|| AddressError::Port(text.into()))?;
        Self::new(host, port)
    }
}

/// Reads a port: digits only, `1..=65535`.
pub(crate) fn parse_port(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&port: &u16| digits && port > 0)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
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
