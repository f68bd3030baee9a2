//! Floor 9: what becomes of work whose reply cannot be used.
//!
//! The reply is malformed, or beyond a limit, while the frames around it are sound. So it concerns
//! its own command and no other. The command may have run. It is not sent again, even if it only
//! reads: the reply would be the same.

use alloc::borrow::Cow;
use alloc::string::ToString;

use super::Cluster;
use super::calls::PartRef;
use super::nodes::NodeRef;
use super::tenants::Work;
use crate::action::LinkId;
use crate::error::{Cause, Error, NodeFailure, ProtocolError};
use crate::time::Instant;

impl<T> Cluster<T> {
    /// The reply to a piece of work cannot be used.
    #[cold]
    pub(super) fn handle_unusable(
        &mut self,
        now: Instant,
        node: NodeRef,
        link: LinkId,
        work: Work,
        error: ProtocolError,
    ) {
        self.stats.replies_unusable += 1;
        match work {
            Work::Ping => {}
            Work::Part { part, .. } => self.fail_unusable(node, part, error),
            Work::Topology { round, question } => {
                let failure = NodeFailure::Unusable(Cow::Owned(error.to_string()));
                self.handle_unusable_topology(now, node, round, question, failure);
            }
            Work::Auth => self.handle_unusable_auth(now, link),
        }
    }

    fn fail_unusable(&mut self, node: NodeRef, part: PartRef, error: ProtocolError) {
        if self.calls.part(part).is_none() {
            self.stats.late_replies += 1;
            return;
        }
        self.fail_at(node, part, Error::maybe_executed(Cause::Protocol(error)));
    }

    /// The answer to an `AUTH` cannot be used: nothing tells as which user the link goes on. A new
    /// one is authenticated from the beginning.
    fn handle_unusable_auth(&mut self, now: Instant, link: LinkId) {
        let Some(tenant) = self.links.get_mut(link) else { return };
        tenant.auth_count = tenant.auth_count.saturating_sub(1);
        self.drain(now, link);
        self.end_reauthentication();
    }
}
