//! Floor 1: what every room does: it reports, completes, announces, and puts a part in its place.

use alloc::boxed::Box;

use super::Cluster;
use super::calls::{PartRef, Place};
use crate::action::{Action, Event, LinkId, Outcome};
use crate::plan::Context;

impl<T> Cluster<T> {
    pub(super) fn report(&mut self, event: Event) {
        self.actions.push_back(Action::Event(Box::new(event)));
    }

    pub(super) fn complete(&mut self, token: T, outcome: Outcome) {
        self.stats.calls_completed += 1;
        self.actions.push_back(Action::Complete { token, outcome });
    }

    /// Has the timer watch a link.
    pub(super) fn watch(&mut self, link: LinkId) {
        if let Some(tenant) = self.links.get(link) {
            self.timers.note(tenant.due(&self.config).0);
        }
    }

    /// Tells the driver that a link has bytes, and has the timer watch the link.
    pub(super) fn announce(&mut self, link: LinkId) {
        let Some(tenant) = self.links.get_mut(link) else { return };
        if tenant.is_connected && !tenant.is_announced && tenant.link.unsent_len() > 0 {
            tenant.is_announced = true;
            self.actions.push_back(Action::SendToNode { link });
        }
        self.timers.note(tenant.due(&self.config).0);
    }

    pub(super) fn set_place(&mut self, part: PartRef, place: Place) {
        if let Some(state) = self.calls.part_mut(part) {
            state.place = place;
        }
    }

    /// What plans are made with.
    pub(super) const fn context(&self) -> Context<'_> {
        Context {
            topology: self.agreement.topology(),
            cross_slot: self.config.cross_slot,
            learned: &self.learned,
        }
    }
}
