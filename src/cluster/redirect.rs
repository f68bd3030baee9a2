//! Floor 5: what replies lead to: an end, a redirection, a pause.
//!
//! A redirection by `MOVED` repoints its slot at once, and has the topology read again in a while;
//! one by `ASK` changes nothing but the way of its part. A redirection to a node that the topology
//! does not list waits for one round of the refresh. A refusal that proves that the part did not
//! run is answered with a pause that grows.

use super::calls::{Part, PartRef, Place, Suspicion};
use super::nodes::NodeRef;
use super::{Cluster, scripts};
use crate::action::{Event, LinkId, RedirectKind, RefreshReason};
use crate::address::Address;
use crate::config::{Config, RedirectPolicy};
use crate::error::ServerError;
use crate::plan::{Payload, Route};
use crate::resp::Frame;
use crate::slot::Slot;
use crate::time::Instant;
use crate::topology::Endpoint;
use crate::verdict::{About, Reach};

impl<T> Cluster<T> {
    pub(super) fn redirect(
        &mut self,
        now: Instant,
        node: NodeRef,
        link: LinkId,
        part: PartRef,
        frame: &Frame,
        redirected: &Redirected,
    ) {
        let Some(from) = self.links.address(node).cloned() else { return };
        let Some(state) = self.calls.part_mut(part) else { return };
        state.note_refusal(frame.error());
        state.asking = false;
        state.redirects = state.redirects.saturating_add(1);
        let redirects = state.redirects;
        if redirects > self.config.max_redirections {
            return self.refuse_part(node, part, frame);
        }
        let Some(to) = redirected.to.resolve(&from, &self.config.address_map) else {
            self.agenda.want_refresh(RefreshReason::Moved, true);
            return self.pause(now, part, frame.error(), self.config.min_retry_delay);
        };
        if to == from {
            return self.moved_to_itself(now, link, part, frame, redirects);
        }
        let target = self.links.find(&to).filter(|target| self.links.is_trusted(*target));
        let Some(target) = target.or_else(|| self.trust_any(&to)) else {
            return self.suspect(part, from, to, redirected.kind);
        };
        let (kind, slot) = (redirected.kind, redirected.slot);
        self.follow_redirection(now, part, kind, slot, &from, target);
    }

    fn trust_any(&mut self, to: &Address) -> Option<NodeRef> {
        (self.config.redirect_policy == RedirectPolicy::Any).then(|| self.links.obtain(to))
    }

    /// Sends a part to where the node `from` redirected it.
    pub(super) fn follow_redirection(
        &mut self,
        now: Instant,
        part: PartRef,
        kind: RedirectKind,
        slot: Slot,
        from: &Address,
        target: NodeRef,
    ) {
        let Some(to) = self.links.address(target).cloned() else { return };
        self.sweep_strays();
        self.report(Event::Redirected { kind, slot, from: from.clone(), to: to.clone() });
        self.set_place(part, Place::Nowhere);
        match kind {
            RedirectKind::Ask => {
                self.stats.ask_followed += 1;
                if let Some(state) = self.calls.part_mut(part) {
                    state.asking = true;
                }
            }
            RedirectKind::Moved => {
                self.stats.moved_followed += 1;
                let former = self.links.primary(self.agreement.topology(), slot);
                let teller = self.links.find(from);
                let bears = teller.and_then(|teller| self.links.told_id(teller));
                let is_news = self.agreement.moved(now, slot, &to, from, bears);
                self.agenda.want_refresh(RefreshReason::Moved, false);
                if is_news {
                    self.links.follow_patch(self.agreement.topology());
                    self.stand_still(now, slot, [former, teller, Some(target)]);
                } else {
                    self.stand_still(now, slot, [teller, None, None]);
                }
            }
        }
        if kind == RedirectKind::Moved
            && let Some(refusal) = self.sent_to_and_fro(part)
        {
            self.pause(now, part, Some(refusal), self.config.min_retry_delay);
        } else if self.fences.contains(slot) {
            self.wait_at_fence(slot, part);
        } else {
            self.enqueue(now, target, part);
        }
        self.lift_if_free(slot);
    }

    /// The last redirection of a part that has used up half of them: the nodes do not agree who
    /// serves its slot, and need some time to.
    fn sent_to_and_fro(&self, part: PartRef) -> Option<ServerError> {
        let state = self.calls.part(part)?;
        let patience = self.config.max_redirections / 2;
        state.refusal().filter(|_| state.redirects > patience).cloned()
    }

    /// A node says that it is another one that has its own address: the name leads elsewhere now,
    /// or a proxy does. One new connection finds that out; else only time helps.
    fn moved_to_itself(
        &mut self,
        now: Instant,
        link: LinkId,
        part: PartRef,
        frame: &Frame,
        redirects: u8,
    ) {
        self.agenda.want_refresh(RefreshReason::Moved, false);
        let age = self.links.get(link).map(|tenant| now.since(tenant.dialled_at));
        if redirects == REDIRECTS_BEFORE_DIAL && age >= Some(self.config.max_reconnect_delay) {
            self.drain(now, link);
        }
        let pause = self.config.min_retry_delay.saturating_mul(1 << (redirects / 2).min(16));
        self.pause(now, part, frame.error(), pause.min(self.config.max_retry_delay));
    }

    /// A redirection to a node that the topology does not list: followed once a node that is
    /// trusted lists it.
    fn suspect(&mut self, part: PartRef, from: Address, to: Address, kind: RedirectKind) {
        if let Some(state) = self.calls.part_mut(part) {
            state.suspect(Suspicion { from, to, kind });
        }
        let state = |part| self.calls.part(part);
        let slot = state(part).and_then(|state| state.piece.route.slot());
        let is_alive = |part| state(part).is_some_and(|state| state.place.is_suspect());
        self.suspects.sweep_if_due(is_alive);
        self.suspects.push_back(part, slot);
        self.agenda.want_refresh(RefreshReason::UnknownNode, true);
    }
}

impl Config {
    /// What is known about the command of a part. A script that the node refused before it ran has
    /// answered nothing of its own.
    pub(super) fn about(&self, state: &Part, ran_nothing: bool) -> About {
        About {
            slot: state.piece.route.slot().or_else(|| slot_of(state)),
            script: state.piece.script && !ran_nothing,
            has_source: scripts::is_named(state),
            idempotent: state.piece.idempotent,
            policy: self.redirect_policy,
            reach: match state.piece.route {
                Route::Slot(_) | Route::Any | Route::Discovery => Reach::Any,
                Route::Shard(_) => Reach::Shard,
                Route::Node(_) => Reach::Node,
            },
        }
    }
}

/// After so many redirections of one command from a node to itself the node is dialled anew.
const REDIRECTS_BEFORE_DIAL: u8 = 3;

/// A redirection, as far as it is followed.
pub(super) struct Redirected {
    pub(super) kind: RedirectKind,
    pub(super) slot: Slot,
    pub(super) to: Endpoint,
}

/// The slot of a part that is sent to a node by its address.
fn slot_of(part: &Part) -> Option<Slot> {
    match part.payload.as_deref()? {
        Payload::Command(command) => command.slot().ok().flatten(),
        Payload::Transaction(_) => None,
    }
}
