//! Where the cluster is.

use crate::servers::slots::{share, slot_of};

/// The addresses of the primaries, in the order of their slots, which they share evenly.
#[derive(Clone, Debug)]
pub(crate) struct Nodes {
    addresses: Vec<String>,
    /// The last slot of each.
    last: Vec<u16>,
}

impl Nodes {
    pub(crate) fn new(addresses: Vec<String>) -> Self {
        let count = addresses.len();
        let last = (0..count).map(|index| share(index, count).1).collect();
        Self { addresses, last }
    }

    pub(crate) fn count(&self) -> usize {
        self.addresses.len()
    }

    pub(crate) fn address(&self, index: usize) -> &str {
        &self.addresses[index]
    }

    /// Host and port of each.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = (&str, u16)> {
        self.addresses.iter().map(|address| {
            let (host, port) = address.rsplit_once(':').expect("an address has a port");
            (host, port.parse().expect("a port is a number"))
        })
    }

    /// All addresses with commas between, as URLs have them.
    pub(crate) fn list(&self) -> String {
        self.addresses.join(",")
    }

    /// The node that serves a key.
    pub(crate) fn of(&self, key: &str) -> usize {
        let slot = slot_of(key);
        self.last.iter().position(|last| slot <= *last).expect("every slot is served")
    }
}
