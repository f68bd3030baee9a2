//! The calls that are not over, and when each of them has to be.
//!
//! Rules of this file: a call leaves as soon as it is over, with everything it holds; what
//! remembers one of its parts finds nothing then, and that is how a late reply is told from a
//! reply. Deadlines stand in a list through the table, in the order of their time: nearly every
//! call has the same budget, so that a new one goes to the end. The few that do not go to a tree.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::lanes::LaneRef;
use super::verify::ensure;
use crate::action::{CallId, LinkId, NodeReplies, Outcome, RedirectKind, Reply};
use crate::address::Address;
use crate::command::Command;
use crate::config::Protocol;
use crate::error::{Cause, Error, ProtocolError, ServerError, Violation};
use crate::plan::{Assembly, Member, Merged, Payload, Piece, Plan};
use crate::procedure::Procedure;
use crate::random::Random;
use crate::resp::Frame;
use crate::slot::Slot;
use crate::time::Instant;

/// One part of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub(super) struct PartRef {
    pub(super) call: CallId,
    pub(super) part: u32,
}

impl PartRef {
    /// No part, and never one.
    pub(super) const NONE: Self = Self { call: CallId { index: NONE, serial: u64::MAX }, part: 0 };

    /// Earlier parts are less than later ones: in the order of their submission.
    pub(super) const fn order(self) -> (u64, u32) {
        (self.call.serial, self.part)
    }
}

/// What travels, and how far it has come.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Part {
    pub(super) piece: Piece,
    /// What it sends. Nothing while it is on a link that has the bytes and gives them back, while
    /// it waits for the topology, and once it is over.
    pub(super) payload: Option<Box<Payload>>,
    pub(super) place: Place,
    /// Whether it goes behind an `ASKING`.
    pub(super) asking: bool,
    /// How often it was redirected.
    pub(super) redirects: u8,
    /// How often it was sent again though it may have run.
    pub(super) resends: u8,
    /// How often it was refused.
    pub(super) refusals: u8,
    /// How many links were lost while it was the first without an answer, or half-written.
    pub(super) losses: u8,
    /// Whether an earlier attempt may have run.
    pub(super) may_have_run: bool,
    /// How it was refused last.
    refusal: Option<Box<Refusal>>,
    /// Whether its caller chose a node that was listed. The part fails once that node has left: the
    /// address of a seed may lead to another node then.
    pub(super) was_listed: bool,
}

/// How a part was refused.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
struct Refusal {
    /// What the caller gets if time runs out.
    error: ServerError,
    /// What a part waits for that is suspect.
    suspicion: Option<Suspicion>,
}

/// A redirection to a node that the topology does not list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub(super) struct Suspicion {
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) kind: RedirectKind,
}

/// Where a part waits. It is in one place at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub(super) enum Place {
    /// It is on its way to a place.
    Nowhere,
    /// For a topology that has a node for it.
    Unrouted,
    /// For room on the link of a lane.
    Waiting(LaneRef),
    /// For a reply.
    InFlight { link: LinkId },
    /// For commands of its slot that were sent to the former owner.
    Fenced(Slot),
    /// For a pause to be over.
    Paused,
    /// For the topology to list the node that it is redirected to.
    Suspect,
    /// For other parts of its call: it is over.
    Over,
}

impl Place {
    #[inline]
    pub(super) const fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }

    pub(super) const fn is_suspect(&self) -> bool {
        matches!(self, Self::Suspect)
    }
}

#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
enum Parts {
    None,
    One(Part),
    Many(Box<Many>),
}

/// The parts of a call of several.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
struct Many {
    parts: Vec<Part>,
    /// How each part ended that is over.
    results: Vec<Result<Frame, Error>>,
    open_count: usize,
    /// Bytes of the replies among the results.
    kept_len: usize,
    assembly: Assembly,
    /// What the links speak that parts ended on; RESP3 if they speak both.
    protocol: Option<Protocol>,
}

#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
struct Entry<T> {
    /// 0 if the place is free.
    serial: u64,
    deadline: Instant,
    /// The neighbours in the list of deadlines.
    before: u32,
    after: u32,
    is_listed: bool,
    len: usize,
    token: Option<T>,
    parts: Parts,
    /// What the parts are a step of.
    procedure: Option<Box<Running>>,
}

/// A procedure that is under way.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
struct Running {
    procedure: Procedure,
    /// Whether its step is the last one, however that ends: its time is up, or the machine ends.
    is_last: bool,
}

/// What the end of a part makes of its call.
#[derive(Debug)]
pub(super) enum Settled<T> {
    /// It was over before.
    Late,
    /// Others of its parts are open.
    Open,
    /// The call is over.
    Over(T, Outcome),
    /// A step of its procedure is over.
    Step(CallId, Outcome),
}

/// No neighbour.
const NONE: u32 = u32::MAX;

/// All calls that are not over.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Calls<T> {
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
    serial: u64,
    count: usize,
    len: usize,
    /// Bytes of replies that wait for others of their call, and how many there may be.
    kept_len: usize,
    kept_len_max: usize,
    first: u32,
    last: u32,
    /// Deadlines before the last one of the list at the time of their submission.
    unlisted: BTreeSet<(Instant, CallId)>,
    /// What replies are taken to be in that no link has told.
    protocol: Protocol,
}

impl<T> Calls<T> {
    pub(super) const fn new(protocol: Protocol, kept_len_max: usize) -> Self {
        Self {
            protocol,
            kept_len: 0,
            kept_len_max,
            entries: Vec::new(),
            free: Vec::new(),
            serial: 0,
            count: 0,
            len: 0,
            first: NONE,
            last: NONE,
            unlisted: BTreeSet::new(),
        }
    }

    /// The number of calls.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// The number of bytes of their commands.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Takes a call in.
    #[inline]
    pub(super) fn insert(
        &mut self,
        token: T,
        plan: Plan<Part>,
        len: usize,
        deadline: Instant,
    ) -> CallId {
        self.serial += 1;
        self.count += 1;
        self.len += len;
        let index = self.free.pop().unwrap_or_else(|| {
            self.entries.push(Entry::free());
            u32::try_from(self.entries.len() - 1).unwrap_or(NONE)
        });
        if let Some(entry) = self.entries.get_mut(place(index)) {
            entry.serial = self.serial;
            entry.deadline = deadline;
            entry.len = len;
            entry.token = Some(token);
            entry.set_parts(plan);
        }
        let id = CallId { index, serial: self.serial };
        self.list(id, deadline);
        id
    }

    /// A call is made step by step.
    pub(super) fn set_procedure(&mut self, id: CallId, procedure: Procedure) {
        if let Some(entry) = self.entry_mut(id) {
            entry.procedure = Some(Box::new(Running { procedure, is_last: false }));
        }
    }

    /// The procedure of a call.
    pub(super) fn procedure_mut(&mut self, id: CallId) -> Option<&mut Procedure> {
        self.entry_mut(id)?.procedure.as_mut().map(|running| &mut running.procedure)
    }

    /// The step that a call has begun is its last one.
    pub(super) fn end_procedure(&mut self, id: CallId) {
        if let Some(running) = self.entry_mut(id).and_then(|entry| entry.procedure.as_mut()) {
            running.is_last = true;
        }
    }

    /// A call was planned again.
    pub(super) fn replace(&mut self, id: CallId, plan: Plan<Part>) {
        if let Some(entry) = self.entry_mut(id) {
            entry.set_parts(plan);
        }
    }

    fn entry(&self, id: CallId) -> Option<&Entry<T>> {
        self.entries.get(place(id.index)).filter(|entry| entry.serial == id.serial)
    }

    #[inline]
    fn entry_mut(&mut self, id: CallId) -> Option<&mut Entry<T>> {
        self.entries.get_mut(place(id.index)).filter(|entry| entry.serial == id.serial)
    }

    /// Whether a call has one part and no more.
    pub(super) fn is_alone(&self, id: CallId) -> bool {
        self.entry(id).is_some_and(|entry| matches!(entry.parts, Parts::One(_)))
    }

    /// A part, if it is not over.
    pub(super) fn part(&self, part: PartRef) -> Option<&Part> {
        match &self.entry(part.call)?.parts {
            Parts::None => None,
            Parts::One(one) => Some(one),
            Parts::Many(many) => many.part(part.part),
        }
    }

    /// A part, if it is not over.
    #[inline]
    pub(super) fn part_mut(&mut self, part: PartRef) -> Option<&mut Part> {
        match &mut self.entry_mut(part.call)?.parts {
            Parts::None => None,
            Parts::One(one) => Some(one),
            Parts::Many(many) => many.part_mut(part.part),
        }
    }

    /// The parts of a call that are not over, in their order.
    pub(super) fn open_parts(&self, id: CallId) -> Vec<PartRef> {
        let count = self.entry(id).map_or(0, Entry::part_count);
        let all = (0..count).map(|part| PartRef { call: id, part });
        all.filter(|part| self.part(*part).is_some()).collect()
    }

    /// A part is over. What that makes of its call, if that is over as well. `spoken` tells what a
    /// link speaks.
    #[inline]
    pub(super) fn settle(
        &mut self,
        part: PartRef,
        result: Result<Frame, Error>,
        spoken: impl FnOnce(LinkId) -> Option<Protocol>,
        random: &mut Random,
    ) -> Settled<T> {
        let room = self.kept_len_max - self.kept_len;
        let Some(entry) = self.entry_mut(part.call) else { return Settled::Late };
        match &mut entry.parts {
            Parts::None => Settled::Late,
            Parts::One(_) => self.over(part.call, result.map(Reply::One)),
            Parts::Many(many) => {
                if many.has_joints() {
                    many.note_protocol(part.part, spoken);
                }
                let Some(kept_len) = many.settle(part.part, result, room) else {
                    return Settled::Late;
                };
                let is_open = many.open_count > 0;
                self.kept_len += kept_len;
                if is_open { Settled::Open } else { self.finish(part.call, random) }
            }
        }
    }

    /// All parts of a call are over: what becomes of it.
    #[inline]
    fn over(&mut self, id: CallId, outcome: Outcome) -> Settled<T> {
        if self.entry(id).is_some_and(|entry| entry.procedure.is_some()) {
            return self.step_over(id, outcome);
        }
        match self.take(id) {
            Some(token) => Settled::Over(token, outcome),
            None => Settled::Open,
        }
    }

    /// The same for a call that is made step by step.
    #[cold]
    fn step_over(&mut self, id: CallId, outcome: Outcome) -> Settled<T> {
        let Some(entry) = self.entry_mut(id) else { return Settled::Open };
        let Some(last) = entry.procedure.take_if(|running| running.is_last) else {
            entry.parts = Parts::None;
            return Settled::Step(id, outcome);
        };
        let outcome = last.procedure.end(outcome);
        self.take(id).map_or(Settled::Open, |token| Settled::Over(token, outcome))
    }

    /// Completes a call of several parts, all of which are over.
    pub(super) fn finish(&mut self, id: CallId, random: &mut Random) -> Settled<T> {
        let Some(entry) = self.entry_mut(id) else { return Settled::Open };
        let parts = core::mem::replace(&mut entry.parts, Parts::None);
        let Parts::Many(many) = parts else { return Settled::Open };
        self.kept_len -= many.kept_len;
        let protocol = many.protocol.unwrap_or(self.protocol);
        let results = many.results;
        let reply = |merged| match merged {
            Merged::One(frame) => Reply::One(frame),
            Merged::PerNode(replies) => Reply::PerNode(NodeReplies::new(protocol, replies)),
        };
        let outcome = match many.assembly {
            Assembly::Each => Ok(Reply::Pipeline(results)),
            Assembly::Joint(joint) => joint.merge(results, random).map(reply),
            Assembly::Pipeline(members) => {
                let mut results = results.into_iter();
                let of_command = members.into_iter().filter_map(|member| match member {
                    Member::One => results.next(),
                    Member::Joint(joint) => {
                        let own = results.by_ref().take(joint.count).collect();
                        let merged = joint.merge(own, random);
                        merged.map(|merged| reply(merged).into_frame()).transpose()
                    }
                    Member::Refused(error) => Some(Err(error)),
                });
                Ok(Reply::Pipeline(of_command.collect()))
            }
        };
        self.over(id, outcome)
    }

    /// Takes a call out, whatever became of it: its token.
    #[inline]
    pub(super) fn take(&mut self, id: CallId) -> Option<T> {
        let entry = self.entry_mut(id)?;
        entry.serial = 0;
        let kept_len = if let Parts::Many(many) = &entry.parts { many.kept_len } else { 0 };
        entry.parts = Parts::None;
        entry.procedure = None;
        let (token, len) = (entry.token.take(), entry.len);
        self.kept_len -= kept_len;
        self.unlist(id);
        self.count -= 1;
        self.len -= len;
        self.free.push(id.index);
        token
    }

    /// All calls, in the order of their places.
    pub(super) fn ids(&self) -> Vec<CallId> {
        let ids = self.entries.iter().enumerate().filter(|(_, entry)| entry.serial > 0);
        ids.map(|(index, entry)| CallId {
            index: u32::try_from(index).unwrap_or(NONE),
            serial: entry.serial,
        })
        .collect()
    }

    /// The earliest deadline.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let listed = self.entries.get(place(self.first)).map(|entry| entry.deadline);
        let unlisted = self.unlisted.first().map(|(deadline, _)| *deadline);
        listed.into_iter().chain(unlisted).min()
    }

    /// A call whose deadline has passed.
    pub(super) fn expired(&self, now: Instant) -> Option<CallId> {
        let listed = self.entries.get(place(self.first)).filter(|entry| entry.deadline <= now);
        if let Some(entry) = listed {
            return Some(CallId { index: self.first, serial: entry.serial });
        }
        self.unlisted.first().filter(|(deadline, _)| *deadline <= now).map(|(_, id)| *id)
    }

    /// All parts that are not over.
    pub(super) fn open(&self) -> impl Iterator<Item = PartRef> {
        let living = self.entries.iter().enumerate().filter(|(_, entry)| entry.serial > 0);
        living.flat_map(|(index, entry)| {
            let call = CallId { index: u32::try_from(index).unwrap_or(NONE), serial: entry.serial };
            let all = (0..entry.part_count()).map(move |part| PartRef { call, part });
            all.filter(|part| self.part(*part).is_some())
        })
    }

    /// Checks the sums, the free places and the list of deadlines.
    ///
    /// # Errors
    /// What does not hold.
    pub(super) fn verify(&self) -> Result<(), String> {
        let living = || self.entries.iter().filter(|entry| entry.serial > 0);
        let (count, free_count) = (living().count(), self.free.len());
        ensure!(count == self.count, "{count} calls are counted as {}", self.count);
        ensure!(count + free_count == self.entries.len(), "{free_count} places are free");
        let is_free = |index: &u32| self.entries.get(place(*index)).is_some_and(|e| e.serial == 0);
        ensure!(self.free.iter().all(is_free), "a place is free, and taken");
        let len: usize = living().map(|entry| entry.len).sum();
        ensure!(len == self.len, "calls of {len} bytes are counted as {}", self.len);
        let mut kept_len = 0;
        for entry in living() {
            match &entry.parts {
                Parts::Many(many) => kept_len += many.verify()?,
                Parts::One(_) => {}
                Parts::None => return Err("a call has no parts".into()),
            }
        }
        ensure!(kept_len == self.kept_len, "{kept_len} bytes kept, counted {}", self.kept_len);
        self.verify_deadlines()
    }

    /// Checks that every call is either in the list of deadlines, which is sorted, or in the tree.
    fn verify_deadlines(&self) -> Result<(), String> {
        let (mut before, mut at, mut count) = (NONE, self.first, 0);
        let mut deadline = Instant::EPOCH;
        while let Some(entry) = self.entries.get(place(at)) {
            ensure!(entry.before == before, "deadline {at} follows another than {before}");
            ensure!(entry.is_listed && entry.serial > 0, "deadline {at} is of no call");
            ensure!(entry.deadline >= deadline, "deadline {at} is earlier than the one before");
            deadline = entry.deadline;
            (before, at, count) = (at, entry.after, count + 1);
            ensure!(count <= self.count, "the list of deadlines has no end");
        }
        ensure!(before == self.last, "the last deadline is {before}, not {}", self.last);
        for (deadline, id) in &self.unlisted {
            let is_it = |entry: &Entry<T>| !entry.is_listed && entry.deadline == *deadline;
            ensure!(self.entry(*id).is_some_and(is_it), "{id:?} has another deadline");
        }
        count += self.unlisted.len();
        ensure!(count == self.count, "{count} of {} deadlines are known", self.count);
        Ok(())
    }

    #[inline]
    fn list(&mut self, id: CallId, deadline: Instant) {
        let last = self.last;
        if self.entries.get(place(last)).is_some_and(|entry| entry.deadline > deadline) {
            self.unlisted.insert((deadline, id));
            return;
        }
        if let Some(entry) = self.entries.get_mut(place(id.index)) {
            (entry.before, entry.after) = (last, NONE);
            entry.is_listed = true;
        }
        match self.entries.get_mut(place(last)) {
            Some(entry) => entry.after = id.index,
            None => self.first = id.index,
        }
        self.last = id.index;
    }

    #[inline]
    fn unlist(&mut self, id: CallId) {
        let Some(entry) = self.entries.get_mut(place(id.index)) else { return };
        let (before, after, deadline) = (entry.before, entry.after, entry.deadline);
        if !core::mem::take(&mut entry.is_listed) {
            self.unlisted.remove(&(deadline, id));
            return;
        }
        match self.entries.get_mut(place(before)) {
            Some(entry) => entry.after = after,
            None => self.first = after,
        }
        match self.entries.get_mut(place(after)) {
            Some(entry) => entry.before = before,
            None => self.last = before,
        }
    }
}

impl Many {
    /// Whether replies become one.
    const fn has_joints(&self) -> bool {
        !matches!(self.assembly, Assembly::Each)
    }

    /// Notes what the link speaks that a part ends on, if it is on one.
    fn note_protocol(&mut self, part: u32, spoken: impl FnOnce(LinkId) -> Option<Protocol>) {
        if self.protocol != Some(Protocol::Resp3)
            && let Some(Place::InFlight { link }) = self.part(part).map(|part| &part.place)
        {
            self.protocol = spoken(*link).or(self.protocol);
        }
    }

    #[inline]
    fn part(&self, part: u32) -> Option<&Part> {
        self.parts.get(place(part)).filter(|part| !part.place.is_over())
    }

    #[inline]
    fn part_mut(&mut self, part: u32) -> Option<&mut Part> {
        self.parts.get_mut(place(part)).filter(|part| !part.place.is_over())
    }

    /// A part is over: how many bytes are kept of its reply, of which there is `room` for some.
    /// `None` if it was over before.
    #[inline]
    fn settle(
        &mut self,
        part: u32,
        mut result: Result<Frame, Error>,
        room: usize,
    ) -> Option<usize> {
        let mut kept_len = result.as_ref().map_or(0, |frame| frame.as_bytes().len());
        if kept_len > room {
            (result, kept_len) = (Err(self.no_room(part)), 0);
        }
        let state = self.part_mut(part)?;
        if state.payload.is_some() {
            state.payload = None; // which may be large
        }
        state.place = Place::Over;
        if let Some(place) = self.results.get_mut(place(part)) {
            *place = result;
        }
        self.open_count -= 1;
        self.kept_len += kept_len;
        Some(kept_len)
    }

    /// Checks the sums. The bytes that are kept.
    fn verify(&self) -> Result<usize, String> {
        let is_over = |part: &Part| part.place.is_over();
        let open_count = self.parts.iter().filter(|part| !is_over(part)).count();
        ensure!(open_count == self.open_count, "{open_count} parts open, not {}", self.open_count);
        ensure!(open_count > 0, "a call is over, and open");
        let ended = self.parts.iter().zip(&self.results).filter(|(part, _)| is_over(part));
        let replies = ended.filter_map(|(_, result)| result.as_ref().ok());
        let kept_len: usize = replies.map(|frame| frame.as_bytes().len()).sum();
        ensure!(kept_len == self.kept_len, "a call keeps {kept_len} bytes, not {}", self.kept_len);
        Ok(kept_len)
    }

    /// A reply has come that would have to wait for others, and there is no room for it.
    #[cold]
    fn no_room(&self, part: u32) -> Error {
        let protocol = ProtocolError { offset: 0, violation: Violation::TooManyWait };
        let error = Error::maybe_executed(Cause::Protocol(protocol));
        match self.part(part) {
            Some(part) => part.own_error(error),
            None => error,
        }
    }
}

impl<T> Entry<T> {
    const fn free() -> Self {
        Self {
            serial: 0,
            deadline: Instant::EPOCH,
            before: NONE,
            after: NONE,
            is_listed: false,
            len: 0,
            token: None,
            parts: Parts::None,
            procedure: None,
        }
    }

    /// The number of its parts, those that are over among them.
    fn part_count(&self) -> u32 {
        match &self.parts {
            Parts::None => 0,
            Parts::One(_) => 1,
            Parts::Many(many) => u32::try_from(many.parts.len()).unwrap_or(NONE),
        }
    }

    /// Takes the parts of a plan over.
    #[inline]
    fn set_parts(&mut self, plan: Plan<Part>) {
        match plan {
            Plan::One(part) => self.parts = Parts::One(part),
            Plan::Many { pieces: parts, assembly } => {
                let results = parts.iter().map(|_| Ok(Frame::NULL)).collect();
                let (open_count, protocol) = (parts.len(), None);
                let kept_len = 0;
                let many = Many { parts, results, open_count, kept_len, assembly, protocol };
                self.parts = Parts::Many(Box::new(many));
            }
        }
    }
}

impl Part {
    /// Whether it may be elsewhere than the other parts of its slot.
    #[inline]
    pub(super) const fn has_strayed(&self) -> bool {
        self.redirects > 0 || self.resends > 0
    }

    /// The part was refused: the caller gets this if time runs out.
    pub(super) fn note_refusal(&mut self, error: Option<ServerError>) {
        let refusal = |error: ServerError| Refusal { error: error.shortened(), suspicion: None };
        self.refusal = error.map(|error| Box::new(refusal(error)));
    }

    /// How the part was refused last.
    pub(super) fn refusal(&self) -> Option<&ServerError> {
        self.refusal.as_deref().map(|refusal| &refusal.error)
    }

    /// The refusal redirects the part to a node that the topology does not list.
    pub(super) fn suspect(&mut self, suspicion: Suspicion) {
        self.place = Place::Suspect;
        if let Some(refusal) = &mut self.refusal {
            refusal.suspicion = Some(suspicion);
        }
    }

    /// Where the part was redirected to, if it is suspect.
    pub(super) fn suspicion(&self) -> Option<&Suspicion> {
        self.refusal.as_deref()?.suspicion.as_ref()
    }

    /// The link gives back what was written for the part, which may have to leave once more.
    #[cold]
    pub(super) fn restore(&mut self, written: &[u8]) {
        if self.piece.is_plain && self.payload.is_none() {
            let command = Command::of_written(written, self.piece.info);
            self.payload = Some(Box::new(Payload::Command(command)));
        }
    }
}

impl From<Piece> for Part {
    #[inline]
    fn from(piece: Piece) -> Self {
        Self {
            piece,
            payload: None,
            place: Place::Nowhere,
            asking: false,
            redirects: 0,
            resends: 0,
            refusals: 0,
            losses: 0,
            may_have_run: false,
            refusal: None,
            was_listed: false,
        }
    }
}

#[inline]
fn place(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}
