//! What replies lead to: an end, a redirection, a pause.
//!
//! A redirection by `MOVED` repoints its slot at once, and has the topology read again in a while;
//! one by `ASK` changes nothing but the way of its part. A redirection to a node that the topology
//! does not list waits for one round of the refresh. A refusal that proves that the part did not
//! run is answered with a pause that grows.

use alloc::boxed::Box;

use core::time::Duration;

use super::calls::{PartRef, Place, Suspicion};
use super::nodes::Role;
use super::{Cluster, Part, scripts};
use crate::action::{Event, LinkId, RedirectKind, RefreshReason};
use crate::address::Address;
use crate::config::{Config, RedirectPolicy};
use crate::error::{Cause, Code, Error, Failure, Ran, ServerError};
use crate::plan::{Payload, Route};
use crate::resp::Frame;
use crate::slot::Slot;
use crate::time::Instant;
use crate::topology::Endpoint;
use crate::verdict::{About, Verdict, judge};

impl<T> Cluster<T> {
    /// A reply to a command of a part.
    pub(super) fn handle_reply(
        &mut self,
        now: Instant,
        node: usize,
        link: LinkId,
        part: PartRef,
        heard: Heard,
    ) {
        let Some(state) = self.calls.part_mut(part) else {
            self.stats.late_replies += 1;
            return;
        };
        if !heard.frame.is_error() && matches!(heard.role, Role::Command | Role::Exec) {
            return self.settle(part, Ok(heard.frame));
        }
        let Some(Telling { frame, asking_failed, ran_nothing }) = telling(state, heard) else {
            return;
        };
        if state.is_torn
            && let Some(error) = frame.error()
        {
            let error = Error::maybe_executed(Cause::NoTransaction(error));
            return self.fail_at(node, part, error);
        }
        // ASKING was refused, and so the command was sent back: the caller learns the cause.
        let frame = asking_failed.unwrap_or(frame);
        let about = self.config.about(state, ran_nothing);
        let is_pinned = matches!(state.piece.route, Route::Node(_));
        let is_for_shard = matches!(state.piece.route, Route::Shard { .. });
        let verdict = judge(&frame, &about);
        state.may_have_run |= about.script && verdict != Verdict::SendSource;
        scripts::note_refusal(&mut self.links, link, state, &frame);
        match verdict {
            Verdict::Deliver => self.settle(part, Ok(frame)),
            Verdict::Fail(error) => {
                self.note_unfollowed(now, link, &error);
                let error = if ran_nothing { error.with_ran(Ran::No) } else { error };
                self.fail_at(node, part, error);
            }
            _ if self.ends_by.is_some() => {
                self.set_place(part, Place::Nowhere);
                self.close_part(now, part);
            }
            Verdict::SendSource => self.send_source(now, node, part),
            // It is for this node, or for none.
            Verdict::ReinitTopology if is_pinned => {
                self.request_refresh(now, RefreshReason::Stale, false);
                self.refuse_part(node, part, &frame);
            }
            _ if is_pinned => self.refuse_part(node, part, &frame),
            Verdict::Redirect { .. } | Verdict::Ask { .. } if is_for_shard => {
                self.refuse_part(node, part, &frame);
            }
            Verdict::RetryAfter(pause) => self.pause(now, part, frame.error(), pause),
            Verdict::ReinitTopology => {
                self.request_refresh(now, RefreshReason::Stale, true);
                self.pause(now, part, frame.error(), self.config.min_retry_delay);
            }
            Verdict::Redirect { slot, to } => {
                let redirection = Redirected { kind: RedirectKind::Moved, slot, to };
                self.redirect(now, node, link, part, &frame, &redirection);
            }
            Verdict::Ask { slot, to } => {
                let redirection = Redirected { kind: RedirectKind::Ask, slot, to };
                self.redirect(now, node, link, part, &frame, &redirection);
            }
        }
    }

    /// An error that the caller gets, and that is not acted on, may be true all the same.
    fn note_unfollowed(&mut self, now: Instant, link: LinkId, error: &Error) {
        let Failure::Server(error) = error.failure() else { return };
        let code = error.known_code();
        if code == Code::Moved {
            self.request_refresh(now, RefreshReason::Moved, false);
        } else if matches!(code, Code::ClusterDown | Code::ReadOnly) {
            self.request_refresh(now, RefreshReason::Stale, false);
        } else if code == Code::NoAuth {
            self.leave_unauthenticated(now, link);
        }
    }

    /// The caller gets the error that would be acted on otherwise.
    fn refuse_part(&mut self, node: usize, part: PartRef, frame: &Frame) {
        if let Some(error) = frame.error() {
            self.fail_at(node, part, error.into());
        }
    }

    /// A part was refused, provably before it ran: it is sent again after a pause that grows.
    pub(super) fn pause(
        &mut self,
        now: Instant,
        part: PartRef,
        refusal: Option<ServerError>,
        least: Duration,
    ) {
        let Some(state) = self.calls.part_mut(part) else { return };
        state.refusal = refusal.map(|refusal| Box::new(refusal.shortened()));
        if core::mem::take(&mut state.asking) {
            // It was right to come here, and it will again: only the time bounds that.
            state.hops = state.hops.saturating_sub(1);
        }
        state.place = Place::Paused;
        let doubled = least.saturating_mul(1 << state.refusals.min(16));
        let longest = doubled.clamp(least, self.config.max_retry_delay.max(least));
        state.refusals = state.refusals.saturating_add(1);
        let until = now + longest / 2 + self.random.up_to(longest / 2);
        self.pause_serial += 1;
        self.paused.insert((until, self.pause_serial), part);
        self.timers.note(until);
    }

    /// Sends parts whose pause is over.
    pub(super) fn resume(&mut self, now: Instant) {
        while let Some(entry) = self.paused.first_entry()
            && entry.key().0 <= now
        {
            let part = entry.remove();
            if self.calls.part(part).is_some_and(|state| state.place == Place::Paused) {
                self.stats.retries += 1;
                self.dispatch(now, part);
            }
        }
    }

    pub(super) fn next_resume(&self) -> Option<Instant> {
        self.paused.first_key_value().map(|((until, _), _)| *until)
    }

    fn redirect(
        &mut self,
        now: Instant,
        node: usize,
        link: LinkId,
        part: PartRef,
        frame: &Frame,
        redirected: &Redirected,
    ) {
        let Some(from) = self.links.address(node).cloned() else { return };
        let Some(state) = self.calls.part_mut(part) else { return };
        state.refusal = frame.error().map(|refusal| Box::new(refusal.shortened()));
        state.asking = false;
        state.hops = state.hops.saturating_add(1);
        let hops = state.hops;
        if hops > self.config.max_redirections {
            return self.refuse_part(node, part, frame);
        }
        let Some(to) = redirected.to.resolve(&from, &self.config.address_map) else {
            self.request_refresh(now, RefreshReason::Moved, true);
            return self.pause(now, part, frame.error(), self.config.min_retry_delay);
        };
        if to == from {
            return self.moved_to_itself(now, link, part, frame, hops);
        }
        let target = self.links.find(&to).filter(|target| self.links.is_trusted(*target));
        let Some(target) = target.or_else(|| self.trust_any(&to)) else {
            return self.suspect(now, part, from, to, redirected.kind);
        };
        let (kind, slot) = (redirected.kind, redirected.slot);
        self.follow_redirection(now, part, kind, slot, &from, target);
    }

    fn trust_any(&mut self, to: &Address) -> Option<usize> {
        (self.config.redirect_policy == RedirectPolicy::Any).then(|| self.links.obtain(to))
    }

    /// Sends a part to where the node `from` redirected it.
    fn follow_redirection(
        &mut self,
        now: Instant,
        part: PartRef,
        kind: RedirectKind,
        slot: Slot,
        from: &Address,
        target: usize,
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
                self.request_refresh(now, RefreshReason::Moved, false);
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
        self.lift_if_free(now, slot);
    }

    /// The last redirection of a part that has used up half of them: the nodes do not agree who
    /// serves its slot, and need some time to.
    fn sent_to_and_fro(&self, part: PartRef) -> Option<ServerError> {
        let state = self.calls.part(part)?;
        let patience = self.config.max_redirections / 2;
        state.refusal.as_deref().filter(|_| state.hops > patience).cloned()
    }

    /// A node says that it is another one that has its own address: the name leads elsewhere now,
    /// or a proxy does. One new connection finds that out; else only time helps.
    fn moved_to_itself(
        &mut self,
        now: Instant,
        link: LinkId,
        part: PartRef,
        frame: &Frame,
        hops: u8,
    ) {
        self.request_refresh(now, RefreshReason::Moved, false);
        let age = self.links.get(link).map(|tenant| now.since(tenant.dialled_at));
        if hops == HOPS_BEFORE_RECONNECT && age >= Some(self.config.max_reconnect_delay) {
            self.drain(now, link);
        }
        let pause = self.config.min_retry_delay.saturating_mul(1 << (hops / 2).min(16));
        self.pause(now, part, frame.error(), pause.min(self.config.max_retry_delay));
    }

    /// A redirection to a node that the topology does not list: followed once a node that is
    /// trusted lists it.
    fn suspect(
        &mut self,
        now: Instant,
        part: PartRef,
        from: Address,
        to: Address,
        kind: RedirectKind,
    ) {
        if let Some(state) = self.calls.part_mut(part) {
            state.suspicion = Some(Box::new(Suspicion { from, to, kind }));
            state.place = Place::Suspect;
        }
        let state = |part| self.calls.part(part);
        let slot = state(part).and_then(|state| state.piece.route.slot());
        let is_alive = |part| state(part).is_some_and(|state| state.place == Place::Suspect);
        self.suspects.sweep_if_due(is_alive);
        self.suspects.push_back(part, slot);
        self.request_refresh(now, RefreshReason::UnknownNode, true);
    }

    /// The topology was read again: suspects are followed, or go back to where they belong.
    pub(super) fn clear_suspects(&mut self, now: Instant) {
        for part in self.suspects.take() {
            let Some(state) = self.calls.part_mut(part) else { continue };
            if state.place != Place::Suspect {
                continue;
            }
            let Some(suspicion) = state.suspicion.take() else { continue };
            let (slot, refusal) = (state.piece.route.slot(), state.refusal.as_deref().cloned());
            let Suspicion { from, to, kind } = *suspicion;
            let owner = slot.and_then(|slot| self.links.primary(self.agreement.topology(), slot));
            if kind == RedirectKind::Moved && owner.is_some() && owner != self.links.find(&from) {
                self.dispatch(now, part); // the topology names another owner now
                continue;
            }
            let target = self.links.find(&to).filter(|target| self.links.is_trusted(*target));
            if let (Some(target), Some(slot)) = (target, slot) {
                self.follow_redirection(now, part, kind, slot, &from, target);
            } else {
                self.stats.redirections_refused += 1;
                self.report(Event::RedirectRefused { from, to });
                self.pause(now, part, refusal, self.config.min_retry_delay);
            }
        }
    }
}

/// A reply to one command of a part.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) role: Role,
    pub(super) frame: Frame,
    /// The reply to the `ASKING` before it, if that was an error.
    pub(super) asking_failed: Option<Frame>,
    /// Whether the node had all of the command when it answered.
    pub(super) is_whole: bool,
}

/// The reply that decides about a part.
struct Telling {
    frame: Frame,
    asking_failed: Option<Frame>,
    /// Whether it came before anything of the part can have run, whatever it says.
    ran_nothing: bool,
}

/// The reply that decides about a part, once it is there: of a transaction the first refusal, since
/// the `EXECABORT` in the end tells nothing.
fn telling(state: &mut Part, heard: Heard) -> Option<Telling> {
    let Heard { role, frame, asking_failed, is_whole } = heard;
    match role {
        Role::Command => Some(Telling { frame, asking_failed, ran_nothing: !is_whole }),
        Role::Exec => {
            // Refused before it was read whole, or discarded because of what was refused before.
            let code = frame.error().map(|error| error.known_code());
            let is_discarded = code == Some(Code::ExecAbort);
            let ran_nothing = !is_whole || is_discarded;
            let frame = state.inner.take().map_or(frame, |inner| *inner);
            Some(Telling { frame, asking_failed, ran_nothing })
        }
        Role::Multi if frame.is_error() => {
            state.is_torn = true;
            state.inner = Some(Box::new(frame.shortened()));
            None
        }
        Role::Multi | Role::Queued => {
            if state.inner.is_none() {
                let refused = asking_failed.or_else(|| frame.is_error().then_some(frame));
                state.inner = refused.map(|refused| Box::new(refused.shortened()));
            }
            None
        }
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
        }
    }
}

/// After so many redirections of one command from a node to itself the node is dialled anew.
const HOPS_BEFORE_RECONNECT: u8 = 3;

/// A redirection, as far as it is followed.
struct Redirected {
    kind: RedirectKind,
    slot: Slot,
    to: Endpoint,
}

/// The slot of a part that is sent to a node by its address.
fn slot_of(part: &Part) -> Option<Slot> {
    match &part.piece.payload {
        Payload::Command(command) => command.slot().ok().flatten(),
        Payload::Transaction(_) | Payload::Nothing | Payload::Later(_) => None,
    }
}
