//! The name that a node's certificate must have.

use super::std;

use core::fmt;
use std::collections::BTreeMap;
use std::string::String;
use std::sync::Arc;

use rustls::pki_types::ServerName;

use crate::Address;
use crate::error::TlsFailure;
use crate::topology::{Node, Topology};

/// The rule for the name that a node's certificate must have. The client also sends that name as
/// SNI.
///
/// Default: the dialled host, a name or an IP address. The rule applies to all nodes alike,
/// including those that a redirection names. A node cannot pass with the name of another one,
/// unless the rule says so.
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
    /// The dialled host.
    #[must_use]
    pub const fn endpoint() -> Self {
        Self(Rule::Endpoint)
    }

    /// The host name that the node announces (`cluster-announce-hostname`), for clusters whose
    /// nodes are dialled by IP and have certificates for their names. The dialled host for seeds
    /// before the topology is known, and for nodes that announce no name.
    #[must_use]
    pub const fn announced() -> Self {
        Self(Rule::Announced)
    }

    /// The same name for all nodes.
    #[must_use]
    pub fn fixed(name: &str) -> Self {
        Self(Rule::Fixed(name.into()))
    }

    /// A name for each of these addresses; the dialled host for all others.
    #[must_use]
    pub fn map<N: Into<String>>(names: impl IntoIterator<Item = (Address, N)>) -> Self {
        let names = names.into_iter().map(|(address, name)| (address, name.into()));
        Self(Rule::Map(Arc::new(names.collect())))
    }

    /// A function of the address and of the node, if the topology lists one there. Where it returns
    /// `None`, the dialled host. The client calls it at every dial.
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
