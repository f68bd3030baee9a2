//! Which name a certificate has to have.

use super::std;

use core::fmt;
use std::collections::BTreeMap;
use std::string::String;
use std::sync::Arc;

use rustls::pki_types::ServerName;

use crate::Address;
use crate::error::TlsFailure;
use crate::topology::{Node, Topology};

/// Which name the certificate of a node has to have. It is also what the node is told by SNI.
///
/// Default: the host by which the node is dialled, a name or an IP address. All nodes are verified
/// in the same way, those that a redirection names too: none is let off, and none passes with the
/// name of another one unless one of these rules says so.
///
/// ```
/// use hashslot::runtimes::ServerNames;
/// let one_for_all = ServerNames::fixed("redis.example");
/// let by_address = ServerNames::map([("10.0.0.1:7000".parse()?, "one.example")]);
/// let computed = ServerNames::by(|address, _| Some(format!("{}.nodes.example", address.port())));
/// # Ok::<(), hashslot::error::AddressError>(())
/// ```
#[derive(Clone, Default)]
pub struct ServerNames(Rule);

type Ask = dyn Fn(&Address, Option<&Node>) -> Option<String> + Send + Sync;

#[derive(Clone, Default)]
enum Rule {
    #[default]
    Endpoint,
    Announced,
    Fixed(Arc<str>),
    Map(Arc<BTreeMap<Address, String>>),
    By(Arc<Ask>),
}

impl ServerNames {
    /// The host by which the node is dialled.
    #[must_use]
    pub const fn endpoint() -> Self {
        Self(Rule::Endpoint)
    }

    /// The host name that the node announces (`cluster-announce-hostname`), for clusters whose
    /// nodes are dialled by IP and have certificates for their names. For seeds, until the topology
    /// is known, and for nodes that announce none: the host by which they are dialled.
    #[must_use]
    pub const fn announced() -> Self {
        Self(Rule::Announced)
    }

    /// One name for all nodes.
    #[must_use]
    pub fn fixed(name: &str) -> Self {
        Self(Rule::Fixed(name.into()))
    }

    /// A name for each of these addresses; for all others the host by which they are dialled.
    #[must_use]
    pub fn map<N: Into<String>>(names: impl IntoIterator<Item = (Address, N)>) -> Self {
        let names = names.into_iter().map(|(address, name)| (address, name.into()));
        Self(Rule::Map(Arc::new(names.collect())))
    }

    /// What a function says of an address, and of the node there if the topology has it; where it
    /// says `None`, the host by which the node is dialled. Called at every dial.
    #[must_use]
    pub fn by<F>(rule: F) -> Self
    where
        F: Fn(&Address, Option<&Node>) -> Option<String> + Send + Sync + 'static,
    {
        Self(Rule::By(Arc::new(rule)))
    }

    /// The name that the node at this address has to have.
    pub(super) fn name_of(
        &self,
        address: &Address,
        topology: &Topology,
    ) -> Result<ServerName<'static>, TlsFailure> {
        let node = || topology.nodes().find(|node| node.address() == address);
        let name = match &self.0 {
            Rule::Endpoint => None,
            Rule::Announced => node().and_then(Node::hostname).map(String::from),
            Rule::Fixed(name) => Some(String::from(&**name)),
            Rule::Map(names) => names.get(address).cloned(),
            Rule::By(rule) => rule(address, node()),
        };
        let name = name.unwrap_or_else(|| address.host().into());
        ServerName::try_from(name).map_err(|_| TlsFailure::InvalidName)
    }
}

impl fmt::Debug for ServerNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::Endpoint => f.write_str("Endpoint"),
            Rule::Announced => f.write_str("Announced"),
            Rule::Fixed(name) => f.debug_tuple("Fixed").field(name).finish(),
            Rule::Map(names) => f.debug_tuple("Map").field(names).finish(),
            Rule::By(_) => f.write_str("By(..)"),
        }
    }
}
