//! Floor 7: a link is lost: what becomes of the parts that it owed replies to.
//!
//! Theory of operation. The number of bytes that the transport took decides for each part. A part
//! that was not taken whole did not run, and goes to the front of its queue. A part that was taken
//! whole is sent again only if it may run twice. A part at which links are lost again and again is
//! the likely cause: it is longer than the node accepts, or its reply is. The second such loss is
//! its end, so that it costs the other parts of the node two connections at most.
//!
//! The commands of a transaction run at its `EXEC`, which leaves last. If `MULTI` was refused there
//! is no transaction: each command that left may have run alone.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use super::Cluster;
use super::calls::{PartRef, Place};
use super::lanes::{Lane, LaneRef};
use super::nodes::NodeRef;
use super::tenants::Work;
use crate::action::{Action, Event, LinkId, RefreshReason};
use crate::config::Config;
use crate::error::{Cause, Disconnect, Error, NodeFailure, ProtocolError, Ran, SystemText};
use crate::link::{Debts, Hello, Owed};
use crate::plan::Route;
use crate::random::Random;
use crate::resp::Frame;
use crate::time::Instant;
use crate::verdict::{Verdict, judge};

impl<T> Cluster<T> {
    /// A link is gone. What it owed is sent again if that is safe, and is over if not.
    pub(super) fn lose_link(&mut self, now: Instant, id: LinkId, loss: &Loss) {
        let was_current = self.links.is_current(id);
        let Some(mut tenant) = self.links.remove(id) else { return };
        let was_ready = tenant.link.is_ready() && !tenant.is_strange;
        let lane = tenant.lane;
        let node = lane.node;
        let is_culprit_first = matches!(loss, Loss::Protocol(_)) || tenant.link.skips_reply();
        let debts = tenant.link.lose();
        let owed_count = debts.owed.len();
        let was_needed = owed_count > 0 || !was_ready;
        if tenant.is_connected && !was_ready {
            self.note_hello(node, tenant.link.hello(), loss);
        }
        self.note_loss(now, lane, loss, was_ready, owed_count);
        self.sweep_strays();
        let again = self.sort_owed(node, loss, &debts, is_culprit_first);
        self.requeue(now, lane, again);
        self.lift_fences(id);
        if was_needed {
            self.refresh_link_lost(now, lane, (id, was_current), &loss.failure());
        }
        if was_needed {
            self.reroute_flexible(now, lane);
        }
        self.fail_refused(now, lane);
        let needed = self.links.lane(lane).is_some_and(Lane::has_waiting);
        if needed {
            self.ensure_link(now, lane);
            self.pump(now, lane); // a lane may have another link, which was idle
        }
        if needed || (was_needed && self.links.is_trusted(node) && self.links.knows_cluster()) {
            self.request_refresh(now, RefreshReason::Unreachable, needed);
        }
        self.forget_if_useless(node);
        self.end_reauthentication();
    }

    pub(super) fn link_closed(&mut self, now: Instant, id: LinkId, cause: Disconnect) {
        self.lose_link(now, id, &Loss::Closed(cause));
    }

    /// Closes a link on our side.
    pub(super) fn drop_link(&mut self, now: Instant, id: LinkId, cause: Disconnect) {
        if self.links.get(id).is_some() {
            self.actions.push_back(Action::Close { link: id });
            self.lose_link(now, id, &Loss::Closed(cause));
        }
    }

    /// Closes a link that leads to another node than the one whose address it is.
    pub(super) fn drop_strange_link(&mut self, now: Instant, id: LinkId) {
        if self.links.get(id).is_some() {
            self.actions.push_back(Action::Close { link: id });
            self.lose_link(now, id, &Loss::Stranger);
        }
    }

    /// A link brings what cannot be understood: it is closed.
    #[cold]
    pub(super) fn break_link(&mut self, now: Instant, id: LinkId, error: ProtocolError) {
        self.stats.protocol_errors += 1;
        self.actions.push_back(Action::Close { link: id });
        self.lose_link(now, id, &Loss::Protocol(error));
    }

    /// Reroutes commands that another node can answer away from a node that does not respond: reads
    /// that a replica was chosen for, and commands that any node can answer.
    fn reroute_flexible(&mut self, now: Instant, lane: LaneRef) {
        let Some(state) = self.links.lane_mut(lane) else { return };
        let mut flexible = Vec::new();
        for part in state.queue.take() {
            let Some(state) = self.calls.part(part) else { continue };
            if state.place != Place::Waiting(lane) {
                continue;
            }
            let primary = |slot| self.links.primary(self.agreement.topology(), slot);
            let is_flexible = match state.piece.route {
                Route::Any => true,
                Route::Slot(slot) => state.piece.read_only && primary(slot) != Some(lane.node),
                Route::Node(_) | Route::Shard(_) | Route::Discovery => false,
            };
            if is_flexible {
                flexible.push(part);
            } else {
                self.line_up(lane, part);
            }
        }
        for part in flexible {
            self.dispatch(now, part);
        }
    }

    /// A link is gone before it was set up. A node that closes the connection upon `HELLO` is
    /// spoken to without it at the next attempt; one that closes it in any case is asked both ways
    /// in turn.
    fn note_hello(&mut self, node: NodeRef, hello: Hello, loss: &Loss) {
        self.knows_hello |= hello == Hello::Answered;
        let is_closed = matches!(loss, Loss::Closed(Disconnect::EndOfStream | Disconnect::Reset));
        if let Some(node) = self.links.node_mut(node)
            && is_closed
        {
            node.avoids_hello = hello == Hello::Unanswered;
        }
    }

    fn note_loss(
        &mut self,
        now: Instant,
        lane: LaneRef,
        loss: &Loss,
        was_ready: bool,
        owed: usize,
    ) {
        let is_idle = was_ready && owed == 0;
        self.stats.links_lost += 1;
        let Self { links, random, config, .. } = self;
        links.may_have_failed |= !is_idle;
        if let Some(state) = links.lane_mut(lane).filter(|_| !is_idle) {
            state.failures = state.failures.saturating_add(1);
            state.last_failure = Some(loss.failure());
            state.retry_at = Some(now + reconnect_delay(config, random, state.failures, loss));
        }
        let Some(node) = links.node_mut(lane.node) else { return };
        if !is_idle && !matches!(loss, Loss::Stranger) {
            node.stranger = None;
        }
        let (node, cause) = (node.address.clone(), loss.cause());
        self.report(Event::LinkLost { node, cause, in_flight: owed });
    }

    /// Of what a lost link owed, that which is sent again, in order. The rest is over.
    fn sort_owed(
        &mut self,
        node: NodeRef,
        loss: &Loss,
        debts: &Debts<Work>,
        is_culprit_first: bool,
    ) -> VecDeque<PartRef> {
        let mut again = VecDeque::new();
        // Whose reply broke the protocol would have it broken again by the next one.
        let culprit = debts.owed.first().map(|owed| owed.work).filter(|_| is_culprit_first);
        for owed in &debts.owed {
            let written = debts.written(owed);
            let Work::Part { part, .. } = owed.work else { continue };
            let is_culprit = culprit.is_some_and(|work| work.is_for(part));
            if let Some(state) = self.calls.part_mut(part) {
                state.restore(written);
            }
            match self.after_loss(node, loss, part, owed, is_culprit) {
                Ok(()) => again.push_back(part),
                Err(Some(error)) => self.fail(part, error),
                Err(None) => {}
            }
        }
        again
    }

    /// Whether a part is sent again after the loss of its link.
    ///
    /// # Errors
    /// How it ends, if not; `None` if it is over already.
    fn after_loss(
        &mut self,
        node: NodeRef,
        loss: &Loss,
        part: PartRef,
        owed: &Owed<Work>,
        is_culprit: bool,
    ) -> Result<(), Option<Error>> {
        let resends_max = self.config.max_redirections;
        let Some(state) = self.calls.part_mut(part) else { return Err(None) };
        let Owed { ran, is_suspect, refused, multi_refused, .. } = owed;
        state.asking = false;
        state.place = Place::Nowhere;
        state.losses = state.losses.saturating_add(u8::from(*is_suspect));
        let is_lost_again = state.losses >= LOSS_COUNT_MAX;
        let cause = if is_lost_again { Cause::LostTwice(loss.cause()) } else { loss.of_part() };
        let node = self.links.address(node).cloned();
        if *ran == Ran::Maybe {
            state.resends = state.resends.saturating_add(1);
            let may_go = state.piece.idempotent && !is_culprit && !is_lost_again;
            if may_go && state.resends <= resends_max && self.ends_by.is_none() {
                state.may_have_run = true;
                self.stats.resent += 1;
                return Ok(());
            }
            let refused = refused.as_ref().filter(|_| *multi_refused).and_then(Frame::error);
            let cause = refused.map_or(cause, Cause::NoTransaction);
            return Err(Some(Error::maybe_executed(cause).at(node, None)));
        }
        if let Some(refused) = refused
            && let Verdict::Fail(error) = judge(refused, &self.config.about(state, true))
        {
            return Err(Some(error.with_ran(Ran::No).at(node, None)));
        }
        if is_lost_again {
            return Err(Some(Error::not_executed(cause).at(node, None)));
        }
        Ok(())
    }

    /// Puts parts back where they came from, before all that wait there, if they still belong
    /// there; or to the fence of their slot.
    fn requeue(&mut self, now: Instant, lane: LaneRef, parts: VecDeque<PartRef>) {
        let mut elsewhere = VecDeque::new();
        for part in parts.into_iter().rev() {
            let Some(state) = self.calls.part_mut(part) else { continue };
            let belongs = if let Route::Slot(slot) = state.piece.route {
                let owner = self.links.primary(self.agreement.topology(), slot);
                owner == Some(lane.node) && !self.fences.contains(slot)
            } else {
                self.links.chosen(self.agreement.topology(), state) == Some(lane.node)
            };
            if belongs && self.ends_by.is_none() {
                if let Some(lane) = self.links.lane_mut(lane) {
                    lane.queue.push_front(part);
                }
                self.links.note_waiting(lane, self.config.max_queued);
                self.set_place(part, Place::Waiting(lane));
            } else {
                elsewhere.push_front(part);
            }
        }
        for part in elsewhere {
            self.dispatch(now, part);
        }
    }
}

/// A part ends when so many links were lost while it was the first without an answer, or
/// half-written.
const LOSS_COUNT_MAX: u8 = 2;

/// A node that refuses the user, lacks the database or cannot be trusted is not asked again before.
const REFUSAL_PAUSE: Duration = Duration::from_secs(1);

/// How a link came to be gone.
#[derive(Debug)]
pub(super) enum Loss {
    Closed(Disconnect),
    Protocol(ProtocolError),
    Refused(NodeFailure),
    /// Another node answers at the address.
    Stranger,
}

impl Loss {
    /// What it means to a part that was on the link.
    fn of_part(&self) -> Cause {
        match self {
            Self::Closed(cause) => Cause::ConnectionLost(cause.clone()),
            Self::Protocol(error) => Cause::Protocol(*error),
            Self::Refused(_) | Self::Stranger => Cause::Node(self.failure()),
        }
    }

    fn cause(&self) -> Disconnect {
        match self {
            Self::Closed(cause) => cause.clone(),
            Self::Protocol(_) | Self::Refused(_) | Self::Stranger => {
                Disconnect::Other(SystemText::EMPTY)
            }
        }
    }

    fn failure(&self) -> NodeFailure {
        match self {
            Self::Closed(Disconnect::TimedOut) => NodeFailure::NoAnswer,
            Self::Closed(cause) => NodeFailure::Unreachable(cause.clone()),
            Self::Protocol(error) => {
                NodeFailure::Unusable(alloc::string::ToString::to_string(error).into())
            }
            Self::Refused(failure) => failure.clone(),
            Self::Stranger => {
                NodeFailure::Unusable("a node with another ID answers at its address".into())
            }
        }
    }
}

/// Whether no part is to wait for a node that fails like this: it refuses the user, lacks the
/// database, or permits no secure connection.
pub(super) const fn is_refusal(failure: &NodeFailure) -> bool {
    match failure {
        NodeFailure::Authentication(_)
        | NodeFailure::Permission { .. }
        | NodeFailure::Database { .. } => true,
        NodeFailure::Unreachable(Disconnect::Tls(failure)) => failure.is_permanent(),
        NodeFailure::Unreachable(_)
        | NodeFailure::NoAnswer
        | NodeFailure::NotACluster(_)
        | NodeFailure::Refused(_)
        | NodeFailure::Unusable(_) => false,
    }
}

/// How long a node is left alone after so many failures in a row: not at all after the first, then
/// a random part of a time that doubles.
fn reconnect_delay(config: &Config, random: &mut Random, failures: u32, loss: &Loss) -> Duration {
    if is_refusal(&loss.failure()) {
        return REFUSAL_PAUSE + random.up_to(REFUSAL_PAUSE);
    }
    let Some(doublings) = failures.checked_sub(2) else { return Duration::ZERO };
    let longest = config.min_reconnect_delay.saturating_mul(1 << doublings.min(16));
    random.up_to(longest.min(config.max_reconnect_delay))
}
