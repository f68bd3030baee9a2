//! Endpoints as they stand on the wire, and the addresses that they mean.
//!
//! Rules of this file:
//! - The port stands after the *last* colon: IPv6 addresses come without brackets.
//! - No host, null or empty, means the host of the node that answered, with the announced port.
//! - The host `?` means that the node does not know the host: no address is ever dialled for it.
//! - Numbers are digits only and checked against their range; nothing is cut to fit.
//!
//! Source: cluster specification, "MOVED Redirection"; `CLUSTER SLOTS`, "Nested result array".

use crate::address::{Address, parse_port};
use crate::config::AddressMap;
use crate::slot::Slot;

/// Where a node listens, as another node announces it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// Host and port, as announced: not mapped yet.
    Given(Address),
    /// No host: that of the node which answered.
    SameHost {
        /// The announced port: `1..=65535`.
        port: u16,
    },
    /// The host is `?`, or the port is 0 because the node does not listen for this kind of
    /// connection. Ask another node.
    Unknown,
}

/// The arguments of a `MOVED` or `ASK` error: which slot, and who serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Redirection {
    /// The slot that the command was for, as the server says.
    pub slot: Slot,
    /// The node to ask instead.
    pub to: Endpoint,
}

impl Endpoint {
    /// The endpoint with this host and port; `None` if the host is malformed.
    ///
    /// A host that is absent is `None` or empty; one that is unknown is `?`.
    #[must_use]
    pub fn announced(host: Option<&[u8]>, port: u16) -> Option<Self> {
        match host {
            Some(b"?") => Some(Self::Unknown),
            _ if port == 0 => Some(Self::Unknown),
            None | Some(b"") => Some(Self::SameHost { port }),
            Some(host) => {
                Address::new(core::str::from_utf8(host).ok()?, port).ok().map(Self::Given)
            }
        }
    }

    /// Reads what follows `MOVED` or `ASK` and a blank: `3999 127.0.0.1:6381`.
    ///
    /// `None` if that is not what it is: no server means it as a redirection then, and the error
    /// is the caller's to see. Here a port of 0 is such a text.
    ///
    /// ```
    /// use hashslot::topology::Endpoint;
    /// let redirection = Endpoint::parse_redirect(b"3999 ::1:6381").expect("well-formed");
    /// assert_eq!(redirection.slot.number(), 3999);
    /// assert_eq!(redirection.to, Endpoint::Given("[::1]:6381".parse()?));
    /// assert_eq!(Endpoint::parse_redirect(b"3999 127.0.0.1"), None);
    /// # Ok::<(), hashslot::error::AddressError>(())
    /// ```
    #[must_use]
    pub fn parse_redirect(text: &[u8]) -> Option<Redirection> {
        let (slot, endpoint) = core::str::from_utf8(text).ok()?.split_once(' ')?;
        let (host, port) = endpoint.rsplit_once(':')?;
        let to = Self::announced(Some(host.as_bytes()), parse_port(port)?)?;
        Some(Redirection { slot: parse_slot(slot)?, to })
    }

    /// The address to dial, or `None` if it is not known.
    ///
    /// `answered_by` is the address of the node that announced this, as it was dialled.
    ///
    /// Every result has passed the map, once. With no host announced, the map sees the dialled host
    /// and the announced port: the port is the server's own, so that a rule for one node can still
    /// translate it (containers behind one host), while a rule for a host has nothing to do unless
    /// it names the dialled host itself.
    #[must_use]
    pub fn resolve(&self, answered_by: &Address, map: &AddressMap) -> Option<Address> {
        let address = match self {
            Self::Given(address) => address.clone(),
            Self::SameHost { port } => Address::new(answered_by.host(), *port).ok()?,
            Self::Unknown => return None,
        };
        Some(map.apply(address))
    }
}

/// Reads the number of a slot: digits only, `0..=16383`.
pub(super) fn parse_slot(text: &str) -> Option<Slot> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).and_then(Slot::new)
}
