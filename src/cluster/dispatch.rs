//! Floor 4: a part goes where its route leads, waits for a node or for a topology, and is
//! withdrawn.
//!
//! A part is written at once if no other part waits for the node, the link has room and no timer is
//! overdue. Otherwise it waits in the queue of the node. A part that no node is known for waits for
//! a topology that has one.

use alloc::boxed::Box;

use super::Cluster;
use super::calls::{Part, PartRef, Place};
use super::dials::Urgency;
use super::lanes::{Lane, LaneRef};
use super::loss::is_refusal;
use super::nodes::NodeRef;
use crate::action::{CallId, RefreshReason};
use crate::config::ReadFrom;
use crate::error::{Cause, Disconnect, Error, SystemText};
use crate::plan::{Call, Contents, Payload, Plan, Route};
use crate::time::Instant;

impl<T> Cluster<T> {
    /// Refuses what is for a node whose queue is full: of a pipeline that is not strict the
    /// commands for that node, in their places.
    ///
    /// # Errors
    /// The refusal, if it is that of the whole call.
    #[inline]
    pub(super) fn make_room(
        &mut self,
        plan: &mut Plan<Part>,
        call: &mut Call,
    ) -> Result<(), Error> {
        if self.links.may_be_full { self.refuse_full(plan, call) } else { Ok(()) }
    }

    #[cold]
    fn refuse_full(&mut self, plan: &mut Plan<Part>, call: &mut Call) -> Result<(), Error> {
        let is_full = |lane: &Lane| lane.queue.live_count() >= self.config.max_queued;
        let is_any_full = self.links.lanes().any(|(_, lane)| is_full(lane));
        self.links.may_be_full = is_any_full;
        plan.refuse(call, |part| self.refusal_by_queue(part))
    }

    /// The error of a part whose node has as many in line as it may have.
    #[inline]
    fn refusal_by_queue(&self, part: &Part) -> Option<Error> {
        let slot = part.piece.route.slot()?;
        let node = self.links.primary(self.agreement.topology(), slot)?;
        let lane = self.links.lane(self.links.lane_of_slot(node, slot))?;
        if lane.queue.live_count() < self.config.max_queued {
            return None;
        }
        let address = self.links.address(node)?;
        let error = Error::overloaded("max_queued").with_node(address.clone());
        Some(part.own_error(error))
    }

    /// Sends all parts of a call that is planned, with what the call has for them.
    pub(super) fn send_all(&mut self, now: Instant, id: CallId, call: &mut Call) {
        let mut count = 0;
        match call.contents() {
            Contents::Commands(commands) => {
                count = commands.len();
                for (part, command) in parts(id, count).zip(commands) {
                    if !self.write_new(now, part, command) {
                        self.send_new(now, part, Payload::Command(command.take()));
                    }
                }
            }
            Contents::Transaction(commands) => {
                let part = PartRef { call: id, part: 0 };
                return self.send_new(now, part, Payload::Transaction(commands));
            }
            Contents::Nothing => {}
        }
        if count == 0 {
            self.finish_empty(id);
        }
    }

    /// Sends a part that is new where its route leads, or has it wait.
    #[cold]
    fn send_new(&mut self, now: Instant, part: PartRef, payload: Payload) {
        if let Some(state) = self.calls.part_mut(part) {
            state.payload = Some(Box::new(payload));
        }
        self.dispatch(now, part);
    }

    /// A call without a part is over at once.
    fn finish_empty(&mut self, id: CallId) {
        let settled = self.calls.finish(id, &mut self.random);
        self.end_step(settled);
    }

    /// Sends a part where its route leads, or has it wait.
    pub(super) fn dispatch(&mut self, now: Instant, part: PartRef) {
        let slot = self.calls.part(part).and_then(|state| state.piece.route.slot());
        let is_fenced = slot.is_some_and(|slot| self.fences.contains(slot));
        match slot.filter(|_| is_fenced && self.ends_by.is_none()) {
            Some(slot) => self.wait_at_fence(slot, part),
            None => self.route(now, part),
        }
    }

    /// Sends a part where its route leads, past any fence.
    fn route(&mut self, now: Instant, part: PartRef) {
        let Some(state) = self.calls.part_mut(part) else { return };
        state.place = Place::Nowhere;
        if self.ends_by.is_some() {
            return self.close_part(part);
        }
        // A read that was refused goes to the primary: its replica may be loading for long.
        let from_replica = state.piece.read_only
            && state.refusals == 0
            && self.config.read_from != ReadFrom::Primary;
        let node = match &state.piece.route {
            Route::Slot(slot) => {
                let topology = self.agreement.topology();
                self.links.for_slot(topology, *slot, from_replica, &mut self.random)
            }
            Route::Any => self.links.any(&mut self.random),
            Route::Node(_) | Route::Shard(_) => {
                let node = self.links.chosen(self.agreement.topology(), state);
                if let (None, Route::Node(address)) = (node, &state.piece.route)
                    && self.links.knows_cluster()
                {
                    let error = Error::not_executed(Cause::UnknownNode);
                    let error = error.with_node(address.as_ref().clone());
                    return self.fail(part, error);
                }
                node
            }
            Route::Discovery => {
                if self.links.knows_cluster() {
                    return self.agenda.go_on(part.call, None);
                }
                None
            }
        };
        match node.map(|node| self.links.lane_for(node, state)) {
            Some(lane) => self.send_over(now, lane, part),
            None => self.wait_unrouted(part),
        }
    }

    /// No node is known for a part: it waits for a topology that has one.
    fn wait_unrouted(&mut self, part: PartRef) {
        let is_alive =
            |part| self.calls.part(part).is_some_and(|state| state.place == Place::Unrouted);
        self.unrouted.sweep_if_due(is_alive);
        self.unrouted.push_back(part, None);
        self.set_place(part, Place::Unrouted);
        let knows = self.links.knows_cluster();
        let reason = if knows { RefreshReason::SlotUnassigned } else { RefreshReason::Start };
        self.agenda.want_refresh(reason, true);
    }

    /// Routes again what no node was known for.
    pub(super) fn reroute_unrouted(&mut self) {
        for part in self.unrouted.take() {
            if self.calls.part(part).is_some_and(|state| state.place == Place::Unrouted) {
                self.set_place(part, Place::Nowhere);
                self.agenda.send(part);
            }
        }
    }

    /// Sends a part to a node, or has it wait for a link.
    pub(super) fn enqueue(&mut self, now: Instant, node: NodeRef, part: PartRef) {
        if let Some(state) = self.calls.part(part) {
            let lane = self.links.lane_for(node, state);
            self.send_over(now, lane, part);
        }
    }

    /// Sends a part over the link of its lane, or has it wait for that.
    fn send_over(&mut self, now: Instant, lane: LaneRef, part: PartRef) {
        let Some(state) = self.links.lane(lane) else { return };
        if !state.has_waiting()
            && let Some(link) = state.link
            && self.link_has_room(link)
            && !self.timers.hold_back(now)
        {
            self.note_open(part, lane, link);
            return self.write_part(now, link, part);
        }
        if let Some(error) = self.refusal_of(now, lane) {
            return self.fail(part, error);
        }
        self.line_up(lane, part);
        self.set_place(part, Place::Waiting(lane));
        self.ensure_link(now, lane);
        if self.calls.is_alone(part.call) {
            self.want(lane, Urgency::Alone);
        }
    }

    /// The error for a node that refuses the user or cannot be trusted: no part is to wait for it.
    /// `None` once a new attempt is due.
    fn refusal_of(&self, now: Instant, lane: LaneRef) -> Option<Error> {
        let state = self.links.lane(lane)?;
        let is_refused = state.last_failure.as_ref().is_some_and(is_refusal);
        if is_refused && state.retry_at.is_some_and(|at| at > now) {
            return self.waited_for(lane);
        }
        None
    }

    /// The error of a part that waited for a link until its deadline.
    pub(super) fn waited_for(&self, lane: LaneRef) -> Option<Error> {
        let cause = Cause::Node(self.links.last_failure(lane)?);
        let address = self.links.address(lane.node)?;
        Some(Error::not_executed(cause).with_node(address.clone()))
    }

    /// Fails the parts that wait for a node that refuses the user or cannot be trusted.
    pub(super) fn fail_refused(&mut self, now: Instant, lane: LaneRef) {
        if self.refusal_of(now, lane).is_none() {
            return;
        }
        let parts = self.links.lane_mut(lane).map(|lane| lane.queue.take()).unwrap_or_default();
        for part in parts {
            let Some(state) = self.calls.part(part) else { continue };
            if state.place == Place::Waiting(lane)
                && let Some(error) = self.refusal_of(now, lane)
            {
                self.fail(part, error);
            }
        }
    }

    /// Takes a part out of the place where it waits. Whether it can be sure not to run any more.
    pub(super) fn withdraw(&mut self, part: PartRef) -> bool {
        let Some(state) = self.calls.part_mut(part) else { return true };
        match core::mem::replace(&mut state.place, Place::Nowhere) {
            Place::Nowhere | Place::Paused | Place::Over => true,
            Place::Unrouted => {
                self.unrouted.left();
                true
            }
            Place::Suspect => {
                self.suspects.left();
                true
            }
            Place::Waiting(lane) => {
                self.links.left_queue(lane);
                true
            }
            Place::Fenced(slot) => {
                self.fences.left(slot);
                true
            }
            Place::InFlight { link, .. } => self.take_back(link, part),
        }
    }

    /// The machine ends: a part that can still be kept from running is over.
    pub(super) fn close_part(&mut self, part: PartRef) {
        let Some(state) = self.calls.part(part) else { return };
        let (place, may_have_run) = (state.place, state.may_have_run);
        if !self.withdraw(part) {
            self.set_place(part, place);
            return; // its reply is waited for
        }
        let error = if may_have_run {
            let lost = Disconnect::Other(SystemText::EMPTY);
            Error::maybe_executed(Cause::ConnectionLost(lost))
        } else {
            Error::shut_down()
        };
        self.fail(part, error);
    }
}

/// The parts of a call, in order.
fn parts(call: CallId, count: usize) -> impl DoubleEndedIterator<Item = PartRef> {
    (0..u32::try_from(count).unwrap_or(u32::MAX)).map(move |part| PartRef { call, part })
}
