//! Floor 10: bytes come in on a link, and replies among them.
//!
//! Theory of operation. A reply that is no error completes its part and touches nothing else. An
//! error is judged by [`verdict`](crate::verdict): it ends the part, or is followed by the rooms
//! below.

use super::calls::{PartRef, Place};
use super::lanes::{Lane, LaneRef};
use super::loss::Loss;
use super::nodes::NodeRef;
use super::redirect::Redirected;
use super::tenants::Work;
use super::{Cluster, scripts};
use crate::action::{Action, Event, LinkId, RedirectKind, RefreshReason};
use crate::error::{Cause, Code, Disconnect, Error, Failure, Ran, SystemText};
use crate::link::{Received, Told};
use crate::resp::Frame;
use crate::time::Instant;
use crate::verdict::{Reach, Verdict, judge};

impl<T> Cluster<T> {
    pub(super) fn link_received(&mut self, now: Instant, id: LinkId, mut data: &[u8]) {
        let growth_len = self.links.growth_len;
        loop {
            let Some(tenant) = self.links.get_mut(id) else { return };
            let lane = tenant.lane;
            let node = lane.node;
            match tenant.link.next(now, &self.config, &mut data, growth_len) {
                Ok(Some(Received::Reply { work, told })) => {
                    let is_past_fence = tenant.link.answered() >= tenant.fence_at;
                    if !tenant.is_strange {
                        self.link_works(now, lane);
                    }
                    match work {
                        Work::Part { part, .. } => self.handle_reply(now, node, id, part, told),
                        Work::Topology { round, question } => {
                            self.handle_topology(now, node, round, question, told.frame());
                        }
                        Work::Ping => {}
                        Work::Auth => self.handle_auth(id, told.frame()),
                    }
                    if is_past_fence {
                        self.lift_fences(id);
                    }
                    self.carry_out(now);
                }
                Ok(Some(Received::Unusable { work, error })) => {
                    let is_past_fence = tenant.link.answered() >= tenant.fence_at;
                    self.link_works(now, lane);
                    self.handle_unusable(now, node, id, work, error);
                    if is_past_fence {
                        self.lift_fences(id);
                    }
                    self.carry_out(now);
                }
                Ok(Some(Received::Skipped)) => self.stats.replies_unusable += 1,
                Ok(Some(Received::Push(frame))) => self.pushed(node, frame),
                Ok(Some(Received::Ready)) => {
                    self.link_ready(now, id);
                    self.carry_out(now);
                }
                Ok(Some(Received::Refused(failure))) => {
                    self.actions.push_back(Action::Close { link: id });
                    let is_outdated = self.has_outdated_credentials(id) && failure.is_about_user();
                    let loss = if is_outdated {
                        Loss::Closed(Disconnect::Other(SystemText::EMPTY))
                    } else {
                        Loss::Refused(failure)
                    };
                    return self.lose_link(now, id, &loss);
                }
                Ok(None) => break,
                Err(error) => return self.break_link(now, id, error),
            }
        }
        self.all_received(now, id);
    }

    /// All of what came in has been dealt with: what it leaves on the link, and room for what
    /// waits.
    fn all_received(&mut self, now: Instant, id: LinkId) {
        let Some(tenant) = self.links.get_mut(id) else { return };
        if tenant.link.was_answered_early() {
            return self.drop_link(now, id, Disconnect::EndOfStream);
        }
        tenant.link.release();
        let (lane, is_done) = (tenant.lane, tenant.link.expected_count() == 0);
        let is_ready = tenant.link.is_ready();
        let holds = tenant.holds_more_or_less();
        if is_done {
            tenant.last_of = None;
            self.timers.note(tenant.due(&self.config).0);
            self.dials.may_make_room = true;
        }
        if holds && let Err(error) = self.links.hold(id, self.config.max_received_bytes) {
            return self.break_link(now, id, error);
        }
        if !is_ready {
            self.announce(id); // the second handshake
        }
        self.pump(now, lane);
        if is_done {
            self.close_if_drained(id);
        }
    }

    /// A link of a lane has brought an answer: the lane is well.
    fn link_works(&mut self, now: Instant, lane: LaneRef) {
        if self.links.may_have_failed && self.links.lane(lane).is_some_and(Lane::has_failed) {
            self.forgive(now, lane);
        }
    }

    fn pushed(&mut self, node: NodeRef, message: Frame) {
        self.stats.pushes += 1;
        if let Some(address) = self.links.address(node) {
            let node = address.clone();
            self.report(Event::Pushed { node, message });
        }
    }

    /// What the replies to a part say.
    #[inline]
    fn handle_reply(
        &mut self,
        now: Instant,
        node: NodeRef,
        link: LinkId,
        part: PartRef,
        told: Told,
    ) {
        match told {
            Told::Answer(frame) => self.settle(part, Ok(frame)),
            Told::Refused { error, ran_nothing } => {
                self.handle_error(now, node, link, part, &error, ran_nothing);
            }
            Told::Torn(error) => self.handle_torn(node, part, &error),
        }
    }

    /// A part was answered by an error. The link gives back what was written for it.
    #[cold]
    fn handle_error(
        &mut self,
        now: Instant,
        node: NodeRef,
        link: LinkId,
        part: PartRef,
        frame: &Frame,
        ran_nothing: bool,
    ) {
        let Some(state) = self.calls.part_mut(part) else {
            self.stats.late_replies += 1;
            return;
        };
        if let Some(tenant) = self.links.get(link) {
            state.restore(tenant.link.last_written());
        }
        self.handle_refusal(now, node, link, part, frame, ran_nothing);
    }

    /// The `MULTI` of a transaction was refused: its commands ran alone.
    #[cold]
    fn handle_torn(&mut self, node: NodeRef, part: PartRef, frame: &Frame) {
        if self.calls.part(part).is_none() {
            self.stats.late_replies += 1;
        } else if let Some(error) = frame.error() {
            self.fail_at(node, part, Error::maybe_executed(Cause::NoTransaction(error)));
        }
    }

    /// What the error says.
    fn handle_refusal(
        &mut self,
        now: Instant,
        node: NodeRef,
        link: LinkId,
        part: PartRef,
        frame: &Frame,
        ran_nothing: bool,
    ) {
        let Some(state) = self.calls.part_mut(part) else { return };
        let about = self.config.about(state, ran_nothing);
        let verdict = judge(frame, &about);
        state.may_have_run |= about.script && verdict != Verdict::SendSource;
        scripts::note_refusal(&mut self.links, link, state, frame);
        match verdict {
            Verdict::Deliver => self.settle(part, Ok(frame.clone())),
            Verdict::Fail(error) => {
                self.note_unfollowed(now, link, &error, about.reach);
                let error = if ran_nothing { error.with_ran(Ran::No) } else { error };
                self.fail_at(node, part, error);
            }
            _ if self.ends_by.is_some() => {
                self.set_place(part, Place::Nowhere);
                self.close_part(part);
            }
            Verdict::SendSource => self.send_source(now, node, part),
            Verdict::RetryAfter(pause) => self.pause(now, part, frame.error(), pause),
            Verdict::ReinitTopology => {
                self.agenda.want_refresh(RefreshReason::Stale, true);
                self.pause(now, part, frame.error(), self.config.min_retry_delay);
            }
            Verdict::Redirect { slot, to } => {
                let redirection = Redirected { kind: RedirectKind::Moved, slot, to };
                self.redirect(now, node, link, part, frame, &redirection);
            }
            Verdict::Ask { slot, to } => {
                let redirection = Redirected { kind: RedirectKind::Ask, slot, to };
                self.redirect(now, node, link, part, frame, &redirection);
            }
        }
    }

    /// An error that the caller gets, and that is not acted on, may be true all the same.
    fn note_unfollowed(&mut self, now: Instant, link: LinkId, error: &Error, reach: Reach) {
        let Failure::Server(error) = error.failure() else { return };
        let code = error.known_code();
        // A node that the caller chose may well refuse a slot that it never had.
        if code == Code::Moved && reach == Reach::Any {
            self.agenda.want_refresh(RefreshReason::Moved, false);
        } else if matches!(code, Code::ClusterDown | Code::ReadOnly | Code::Unblocked) {
            self.agenda.want_refresh(RefreshReason::Stale, false);
        } else if code == Code::NoAuth {
            self.leave_unauthenticated(now, link);
        }
    }

    /// A node has forgotten who a link is: a new one tells it again. Not sooner than links are
    /// dialled again in any case, since it may forget that one as well.
    fn leave_unauthenticated(&mut self, now: Instant, link: LinkId) {
        let age = self.links.get(link).map(|tenant| now.since(tenant.dialled_at));
        if age >= Some(self.config.max_reconnect_delay) {
            self.drain(now, link);
        }
    }
}
