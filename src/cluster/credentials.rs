//! Floor 2: the credentials of links, and how they change while links are in use.
//!
//! Theory of operation. Credentials are counted: each link knows which ones it began with. When
//! they are replaced, the machine writes an `AUTH` on every link that is set up, behind earlier
//! commands and before later ones. The machine awaits the reply in its turn like any other, and no
//! call gets it. Transactions, and `ASKING` with what follows it, are written in one go: no `AUTH`
//! comes between. A link that is being set up with former credentials gets its `AUTH` when it is
//! ready. If the node refuses the former credentials first, that says nothing about the new ones:
//! the machine dials the node again.

use super::Cluster;
use super::tenants::{Tenant, Work};
use crate::action::{Event, LinkId};
use crate::config::Credentials;
use crate::link::without_secrets;
use crate::resp::Frame;
use crate::time::Instant;

impl<T> Cluster<T> {
    pub(super) fn replace_credentials(&mut self, now: Instant, credentials: Option<Credentials>) {
        self.config.credentials = credentials.filter(|credentials| !credentials.is_none());
        self.credentials_serial += 1;
        for link in self.links.ids() {
            self.authenticate_again(now, link);
        }
        self.is_reauthenticating = true;
        self.end_reauthentication();
    }

    /// Authenticates a link that is set up with other credentials than those of now.
    pub(super) fn authenticate_again(&mut self, now: Instant, link: LinkId) {
        let Some(tenant) = self.links.get_mut(link) else { return };
        if !tenant.link.is_ready()
            || tenant.is_strange
            || tenant.credentials_serial == self.credentials_serial
        {
            return;
        }
        tenant.credentials_serial = self.credentials_serial;
        let Some(credentials) = &self.config.credentials else {
            return self.end_reauthentication();
        };
        tenant.auth_count += 1;
        tenant.link.write_auth(now, &self.config, credentials, Work::Auth);
        self.announce(link);
    }

    /// The answer to an `AUTH`.
    pub(super) fn handle_auth(&mut self, link: LinkId, reply: &Frame) {
        let Some(tenant) = self.links.get_mut(link) else { return };
        tenant.auth_count = tenant.auth_count.saturating_sub(1);
        let node = tenant.lane.node;
        let Some(node) = self.links.address(node).cloned() else { return };
        match reply.error() {
            None => {
                self.stats.links_reauthenticated += 1;
                self.report(Event::Authenticated { node });
            }
            Some(error) => {
                self.stats.reauthentications_refused += 1;
                let error = without_secrets(error, self.config.credentials.as_ref());
                self.report(Event::AuthenticationRefused { node, error });
            }
        }
        self.end_reauthentication();
    }

    /// Whether a link was set up with credentials that have been replaced since.
    pub(super) fn has_outdated_credentials(&self, link: LinkId) -> bool {
        let serial = self.credentials_serial;
        self.links.get(link).is_some_and(|tenant| tenant.credentials_serial < serial)
    }

    /// A link has been told of the credentials of now, or is gone: perhaps it was the last.
    pub(super) fn end_reauthentication(&mut self) {
        let owes = |tenant: &Tenant| {
            let is_outdated = tenant.credentials_serial < self.credentials_serial;
            tenant.auth_count > 0 || (is_outdated && tenant.is_connected)
        };
        if self.is_reauthenticating && !self.links.tenants.iter().flatten().any(owes) {
            self.is_reauthenticating = false;
            self.report(Event::CredentialsReplaced);
        }
    }
}
