//! Floor 7: a link is set up and leads to its node: commands and rounds that waited for it go on.

use super::Cluster;
use crate::action::{Event, LinkId};
use crate::time::Instant;

impl<T> Cluster<T> {
    /// A link is set up and leads to its node.
    pub(super) fn link_usable(&mut self, now: Instant, id: LinkId) {
        let Some(tenant) = self.links.get(id) else { return };
        let lane = tenant.lane;
        let node = lane.node;
        self.stats.links_ready += 1;
        if let Some(node) = self.links.node_mut(node) {
            node.stranger = None;
        }
        self.announce(id);
        if let Some(address) = self.links.address(node) {
            let event = Event::LinkReady { node: address.clone() };
            self.report(event);
        }
        self.authenticate_again(now, id);
        self.ask(now, node, id);
        self.pump(now, lane);
    }
}
