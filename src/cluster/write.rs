//! From the queue of a node onto its link, and back.
//!
//! A part is written at once if no other part waits for the node, the link has room and no timer is
//! overdue. Otherwise it waits in the queue of the node. `ASKING` and the commands of a part are
//! written in one go.

use super::calls::{Part, PartRef, Place};
use super::dials::Line;
use super::loss::is_refusal;
use super::nodes::{Role, Work};
use super::{Cluster, scripts};
use crate::action::{Action, LinkId};
use crate::command::Command;
use crate::error::{Cause, Error};
use crate::plan::{Payload, Plan};
use crate::time::Instant;

impl<T> Cluster<T> {
    /// Refuses what is for a node whose queue is full: of a pipeline that is not strict the
    /// commands for that node, in their places.
    ///
    /// # Errors
    /// The refusal, if it is that of the whole call.
    #[inline]
    pub(super) fn make_room(&self, plan: &mut Plan<Part>, is_strict: bool) -> Result<(), Error> {
        let refusal = |part: &Part| self.refusal_by_queue(part);
        let parts = match plan {
            Plan::One(part) => core::slice::from_ref(part),
            Plan::Many { pieces, .. } => pieces,
        };
        match parts.iter().find_map(refusal) {
            None => Ok(()),
            Some(error) if is_strict => Err(error),
            Some(_) => plan.refuse_members(refusal),
        }
    }

    /// The error of a part whose node has as many in line as it may have.
    #[inline]
    fn refusal_by_queue(&self, part: &Part) -> Option<Error> {
        let slot = part.piece.route.slot()?;
        let node = self.links.primary(self.agreement.topology(), slot)?;
        let node = self.links.node(node)?;
        if node.queue.live_count() < self.config.max_queued {
            return None;
        }
        let error = Error::overloaded("max_queued").with_node(node.address.clone());
        Some(part.own_error(error))
    }

    /// Sends a part to a node, or has it wait for the node's link.
    pub(super) fn enqueue(&mut self, now: Instant, node: usize, part: PartRef) {
        let Some(state) = self.links.node(node) else { return };
        if state.queue.live_count() == 0
            && let Some(link) = state.link
            && self.link_has_room(link)
            && !self.timers.hold_back(now)
        {
            return self.write_part(now, link, part);
        }
        if let Some(error) = self.refusal_of(now, node) {
            return self.fail(part, error);
        }
        self.line_up(node, part);
        self.set_place(part, Place::Waiting(node));
        self.ensure_link(now, node);
        if self.calls.is_alone(part.call) {
            self.want(node, Line::Alone);
        }
    }

    /// The error for a node that refuses the user or cannot be trusted: no part is to wait for it.
    /// `None` once a new attempt is due.
    pub(super) fn refusal_of(&self, now: Instant, node: usize) -> Option<Error> {
        let state = self.links.node(node)?;
        let is_refused = state.last_failure.as_ref().is_some_and(is_refusal);
        if is_refused && state.retry_at.is_some_and(|at| at > now) {
            return self.waited_for(node);
        }
        None
    }

    pub(super) fn link_has_room(&self, link: LinkId) -> bool {
        self.links.get(link).is_some_and(|tenant| {
            tenant.link.is_ready()
                && !tenant.is_strange
                && tenant.link.expected_count() < self.config.max_in_flight
                && tenant.link.in_flight_len() < self.config.max_in_flight_bytes
        })
    }

    /// Writes a part on a link that has room: `ASKING` and all its commands in one go.
    pub(super) fn write_part(&mut self, now: Instant, link: LinkId, part: PartRef) {
        let Some(tenant) = self.links.get_mut(link) else { return };
        let Some(state) = self.calls.part_mut(part) else { return };
        if state.asking {
            tenant.link.write_asking(now);
        }
        state.place = Place::InFlight { link };
        let slot = state.piece.route.slot();
        scripts::spell_out_new(&mut tenant.scripts, state);
        let mut write = |command: &Command, role| {
            tenant.link.write(now, command, Work::Part { part, slot, role })
        };
        match &state.piece.payload {
            Payload::Command(command) => write(command, Role::Command),
            Payload::Transaction(commands) => {
                write(&Command::new("MULTI"), Role::Multi);
                for command in commands {
                    write(command, Role::Queued);
                }
                write(&Command::new("EXEC"), Role::Exec)
            }
            Payload::Nothing | Payload::Later(_) => return,
        };
        if let Some(slot) = slot {
            if state.hops > 0 {
                self.strays.note(slot, tenant.node);
            }
            tenant.note_written(slot);
        }
        self.announce(link);
    }

    /// Tells the driver that a link has bytes, and has the timer watch the link.
    pub(super) fn announce(&mut self, link: LinkId) {
        let Some(tenant) = self.links.get_mut(link) else { return };
        if tenant.is_connected && !tenant.is_announced && tenant.link.unsent_len() > 0 {
            tenant.is_announced = true;
            self.actions.push_back(Action::SendToNode { link });
        }
        self.timers.note(tenant.link.progress_at() + self.config.stall_timeout);
    }

    /// Writes what waits for a node, as far as its link has room.
    pub(super) fn pump(&mut self, now: Instant, node: usize) {
        while let Some(link) = self.links.node(node).and_then(|node| node.link)
            && self.link_has_room(link)
            && !self.timers.hold_back(now)
            && let Some(part) = self.links.node_mut(node).and_then(|node| node.queue.pop_front())
        {
            let waits = |state: &Part| state.place == Place::Waiting(node);
            if self.calls.part(part).is_some_and(waits) {
                self.links.left_queue(node);
                self.write_part(now, link, part);
            }
        }
    }

    /// Puts a part in line.
    pub(super) fn line_up(&mut self, node: usize, part: PartRef) {
        let Some(state) = self.calls.part(part) else { return };
        let slot = state.piece.route.slot();
        if let Some(slot) = slot.filter(|_| state.hops > 0) {
            self.strays.note(slot, node);
        }
        let waits = |state: &Part| state.place == Place::Waiting(node);
        let is_alive = |part| self.calls.part(part).is_some_and(waits);
        if let Some(state) = self.links.node_mut(node) {
            state.queue.sweep_if_due(is_alive);
            state.queue.push_back(part, slot);
        }
    }

    /// Fails the parts that wait for a node that refuses the user or cannot be trusted.
    pub(super) fn fail_refused(&mut self, now: Instant, node: usize) {
        if self.refusal_of(now, node).is_none() {
            return;
        }
        let parts = self.links.node_mut(node).map(|node| node.queue.take()).unwrap_or_default();
        for part in parts {
            let Some(state) = self.calls.part(part) else { continue };
            if state.place == Place::Waiting(node)
                && let Some(error) = self.refusal_of(now, node)
            {
                self.fail(part, error);
            }
        }
    }

    /// Takes back what was written for a part. Whether that was possible: whether it will not run.
    pub(super) fn take_back(&mut self, now: Instant, link: LinkId, part: PartRef) -> bool {
        let Some(tenant) = self.links.get_mut(link) else { return true };
        let Some((number, count)) = tenant.link.take_back(|work| work.is_for(part)) else {
            return false;
        };
        if tenant.link.unsent_len() == 0 {
            tenant.is_announced = false;
        }
        let node = tenant.node;
        self.stats.taken_back += 1;
        if self.links.node(node).is_some_and(|node| node.queue.live_count() > 0) {
            self.timers.note_room();
        }
        self.fences.taken_back(link, number, count);
        if let Some(tenant) = self.links.get_mut(link) {
            tenant.last_of = None; // what is behind has other numbers now
            tenant.scripts.clear(); // the source of one may be among what was taken back
        }
        self.lift_fences(now, link);
        true
    }

    /// The error of a part that waited for a node until its deadline.
    pub(super) fn waited_for(&self, node: usize) -> Option<Error> {
        let state = self.links.node(node)?;
        let cause = Cause::Node(state.last_failure.clone()?);
        Some(Error::not_executed(cause).with_node(state.address.clone()))
    }
}
