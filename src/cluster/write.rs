//! Floor 3: from the queue of a lane onto its link, and back.

use super::calls::{Part, PartRef, Place};
use super::lanes::{Lane, LaneRef};
use super::tenants::Work;
use super::{Cluster, scripts};
use crate::action::LinkId;
use crate::command::Command;
use crate::config::ReadFrom;
use crate::link::{Body, Unit};
use crate::plan::{Payload, Route};
use crate::time::Instant;

impl<T> Cluster<T> {
    pub(super) fn link_has_room(&self, link: LinkId) -> bool {
        self.links.get(link).is_some_and(|tenant| {
            tenant.link.is_ready()
                && !tenant.is_strange
                && tenant.link.has_room(self.config.max_in_flight, self.config.max_in_flight_bytes)
        })
    }

    /// Writes a plain command of a part that is new straight on the link of its slot. Whether it
    /// was written: whether nothing at all stands in its way.
    #[inline]
    pub(super) fn write_new(&mut self, now: Instant, part: PartRef, command: &Command) -> bool {
        let Some(state) = self.calls.part_mut(part) else { return false };
        let is_common = state.piece.is_plain && !state.piece.overtakes;
        let Route::Slot(slot) = state.piece.route else { return false };
        let goes_to_primary = self.config.read_from == ReadFrom::Primary || !state.piece.read_only;
        if !is_common || !goes_to_primary || !self.fences.is_empty() || self.timers.hold_back(now) {
            return false;
        }
        let topology = self.agreement.topology();
        let Some(tenant) = self.links.open_link(topology, slot).filter(|tenant| {
            tenant.link.has_room(self.config.max_in_flight, self.config.max_in_flight_bytes)
        }) else {
            return false;
        };
        state.place = Place::InFlight { link: tenant.id };
        tenant.link.write(now, command, Work::Part { part, slot: Some(slot) });
        tenant.note_written(slot);
        if !tenant.is_announced || tenant.link.expected_count() == 1 {
            let link = tenant.id;
            self.announce(link);
        }
        true
    }

    /// Notes that commands of the slot of a part are written on this link at once.
    pub(super) fn note_open(&mut self, part: PartRef, lane: LaneRef, link: LinkId) {
        let slot = self.calls.part(part).and_then(|state| state.piece.route.slot());
        if let Some(slot) = slot {
            self.links.note_open(self.agreement.topology(), slot, lane, link);
        }
    }

    /// Writes a part on a link that has room.
    pub(super) fn write_part(&mut self, now: Instant, link: LinkId, part: PartRef) {
        let Some(tenant) = self.links.get_mut(link) else { return };
        let Some(state) = self.calls.part_mut(part) else { return };
        state.place = Place::InFlight { link };
        let slot = state.piece.route.slot();
        scripts::spell_out_new(&mut tenant.scripts, state);
        let body = match state.payload.as_deref() {
            Some(Payload::Command(command)) => Body::Command(command),
            Some(Payload::Transaction(commands)) => Body::Transaction(commands),
            None => return,
        };
        let unit = Unit { asking: state.asking, body };
        tenant.link.write_unit(now, unit, Work::Part { part, slot });
        state.payload.take_if(|_| state.piece.is_plain);
        if let Some(slot) = slot {
            if state.has_strayed() {
                self.strays.note(slot, tenant.lane.node);
            }
            tenant.note_written(slot);
        }
        self.announce(link);
    }

    /// Writes what waits for the link of a lane, as far as it has room.
    pub(super) fn pump(&mut self, now: Instant, lane: LaneRef) {
        while let Some(state) = self.links.lane(lane)
            && state.has_waiting()
            && let Some(link) = state.link
            && self.link_has_room(link)
            && !self.timers.hold_back(now)
            && let Some(part) = self.links.lane_mut(lane).and_then(|lane| lane.queue.pop_front())
        {
            let waits = |state: &Part| state.place == Place::Waiting(lane);
            if self.calls.part(part).is_some_and(waits) {
                self.links.left_queue(lane);
                self.write_part(now, link, part);
            }
        }
    }

    /// Writes what was held back, or waited for room that has come without a reply.
    pub(super) fn pump_held(&mut self, now: Instant) {
        if self.timers.take_held() {
            for lane in self.links.lane_refs() {
                self.pump(now, lane);
            }
        }
    }

    /// Puts a part in line.
    pub(super) fn line_up(&mut self, lane: LaneRef, part: PartRef) {
        let Some(state) = self.calls.part(part) else { return };
        let slot = state.piece.route.slot();
        if let Some(slot) = slot.filter(|_| state.has_strayed()) {
            self.strays.note(slot, lane.node);
        }
        let waits = |state: &Part| state.place == Place::Waiting(lane);
        let is_alive = |part| self.calls.part(part).is_some_and(waits);
        if let Some(state) = self.links.lane_mut(lane) {
            state.queue.sweep_if_due(is_alive);
            state.queue.push_back(part, slot);
        }
        self.links.note_waiting(lane, self.config.max_queued);
    }

    /// Takes back what was written for a part. Whether that was possible: whether it will not run.
    pub(super) fn take_back(&mut self, link: LinkId, part: PartRef) -> bool {
        let Some(tenant) = self.links.get_mut(link) else { return true };
        let Some((number, count)) = tenant.link.take_back(|work| work.is_for(part)) else {
            return false;
        };
        if tenant.link.unsent_len() == 0 {
            tenant.is_announced = false;
        }
        let lane = tenant.lane;
        self.stats.taken_back += 1;
        if self.links.lane(lane).is_some_and(Lane::has_waiting) {
            self.timers.note_room();
        }
        self.fences.taken_back(link, number, count);
        if let Some(tenant) = self.links.get_mut(link) {
            tenant.last_of = None; // what is behind has other numbers now
            tenant.scripts.clear(); // the source of one may be among what was taken back
        }
        self.watch(link);
        self.lift_fences(link);
        true
    }
}
