//! Judges clients: compares the outcomes of their calls with what the nodes really did.
//!
//! Rules of this file. A call ends once, by its deadline. A command that was answered ran once, and
//! its answer is the one that the node gave. A command that is said not to have run did not run. A
//! command that may have run did so once at most. Only repeatable commands, and those of idempotent
//! calls, may run more often. The writes of a client to a slot ran in their order. A write is
//! exempt if its call is idempotent, or if a refusal made it pause. A write is exempt if its client
//! lost a connection meanwhile or did nothing for a while. A write is exempt if its slot came back
//! to a node that the write was on its way to. While a slot moves key by key, only the writes of
//! one key ran in their order, transactions on several keys aside. A command that a node refuses
//! for its length ends with that refusal. A client sends nothing on a connection that it gives up
//! at once. A call that no fault concerned succeeds, and soon. An odd reply concerns the call that
//! it answers, and no other. A command of a pipeline that cannot be sent is refused in its place,
//! and the others are judged as if it were not there. `merged` judges commands that became several.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use super::history::History;
use super::joint::{Known, Parts};
use super::merged;
use crate::action::{Outcome, Reply};
use crate::address::Address;
use crate::cluster::Stats;
use crate::config::Limits;
use crate::error::{Cause, Disconnect, Error, Failure};
use crate::resp::{Frame, Value};
use crate::sim::search::workload::{Op, Planned, Shape};
use crate::sim::world::World;
use crate::time::Instant;

/// Judges the calls of all clients of a simulated cluster by what its nodes really did.
#[derive(Debug, Default)]
pub struct Oracle {
    calls: Vec<Record>,
    complaints: Vec<String>,
    /// How long a call may take that no fault concerns; not judged if there is none.
    patience: Option<Duration>,
}

#[derive(Debug)]
pub(super) struct Record {
    pub(super) client: usize,
    pub(super) planned: Planned,
    pub(super) submitted: Instant,
    end: Option<(Instant, End)>,
    /// Until when it may be tried again.
    deadline: Option<Instant>,
    /// Whether its client was still looking for the cluster.
    is_busy: bool,
    /// The node that it was for, if it was for a certain one.
    node: Option<Address>,
    /// What its client knew when it chose the nodes for it.
    pub(super) known: Option<Known>,
    /// Whether its client learned nothing more of the cluster until it ended.
    pub(super) was_still: bool,
    /// Whether its client lost a connection meanwhile, or did nothing for a while.
    has_lost: bool,
}

#[derive(Debug)]
pub(super) enum End {
    Completed(Outcome),
    Cancelled,
    Refused(Error),
}

impl Record {
    /// Whether nothing of it can be on its way any more.
    fn is_settled(&self) -> bool {
        match &self.end {
            Some((_, End::Completed(Ok(Reply::Pipeline(results))))) => {
                let mut places = results.iter().enumerate();
                places.all(|(place, end)| end.is_ok() || Some(place) == self.planned.refused)
            }
            Some((_, End::Completed(Ok(Reply::PerNode(results))))) => {
                results.iter().all(|(_, result)| result.is_ok())
            }
            _ => self.is_answered(),
        }
    }

    const fn is_answered(&self) -> bool {
        matches!(self.end, Some((_, End::Completed(Ok(_)))))
    }
}

/// What became of one command of a call.
pub(super) enum Fate<'a> {
    Answered(Value<'a>),
    Failed(&'a Error),
    Unknown,
}

impl Oracle {
    /// One that also finds out whether calls that no fault concerns take longer than that.
    pub(in crate::sim) fn with_patience(patience: Option<Duration>) -> Self {
        Self { patience, ..Self::default() }
    }

    /// Records that a client submits a call, and returns the call's token. `client` is the number
    /// of the client, as in [`World::dial`].
    pub fn submitted(&mut self, now: Instant, client: usize, planned: Planned) -> usize {
        self.submitted_by(now, client, planned, false)
    }

    /// The same for a client that may be busy with other things than calls.
    pub(in crate::sim) fn submitted_by(
        &mut self,
        now: Instant,
        client: usize,
        planned: Planned,
        is_busy: bool,
    ) -> usize {
        self.calls.push(Record {
            client,
            planned,
            submitted: now,
            end: None,
            deadline: None,
            is_busy,
            node: None,
            known: None,
            was_still: false,
            has_lost: false,
        });
        self.calls.len() - 1
    }

    /// A call that was submitted is tried again until then.
    pub(in crate::sim) fn may_last_until(&mut self, call: usize, deadline: Instant) {
        self.calls[call].deadline = Some(deadline);
    }

    /// A call that was submitted is for this node.
    pub(in crate::sim) fn aimed(&mut self, call: usize, node: Option<Address>) {
        self.calls[call].node = node;
    }

    /// The nodes for a call were chosen by what its client knew.
    pub(in crate::sim) fn planned(&mut self, call: usize, known: Known) {
        self.calls[call].known = Some(known);
    }

    /// A call is about to end, and this is what its client has counted.
    pub(in crate::sim) fn is_ending(&mut self, call: usize, stats: &Stats) {
        let record = &mut self.calls[call];
        record.was_still = record.known.as_ref().is_some_and(|known| known.is_still(stats));
    }

    /// Records that a call was completed.
    pub fn completed(&mut self, now: Instant, call: usize, outcome: Outcome) {
        self.end(now, call, End::Completed(outcome));
    }

    /// Records that its caller cancelled a call.
    pub fn cancelled(&mut self, now: Instant, call: usize) {
        self.end(now, call, End::Cancelled);
    }

    /// Records that the client rejected a call at submission.
    pub fn refused(&mut self, now: Instant, call: usize, error: Error) {
        self.end(now, call, End::Refused(error));
    }

    /// Records that a client lost a connection or was paused: its open calls may execute out of
    /// order.
    pub fn disturbed(&mut self, client: usize) {
        for record in &mut self.calls {
            // What was not answered may still be on its way.
            record.has_lost |= record.client == client && !record.is_settled();
        }
    }

    /// A client has heard that a write was refused for its length: nothing more can come of it.
    pub(in crate::sim) fn refused_unread(&mut self, number: u64) {
        let is_its =
            |record: &Record| record.planned.ops.iter().any(|op| op.number == Some(number));
        let call = self.calls.iter().position(is_its);
        if let Some(call) = call.filter(|call| !self.has_ended(*call)) {
            let shown = self.shown(call);
            self.complain(format!("a node has refused it for its length, and it goes on: {shown}"));
        }
    }

    fn end(&mut self, now: Instant, call: usize, end: End) {
        let record = &mut self.calls[call];
        if record.end.is_some() {
            self.complaints.push(format!("call {call} ended twice"));
        }
        let timed_out = Cause::ConnectionLost(Disconnect::TimedOut);
        if let End::Completed(Err(error)) = &end
            && error.may_have_executed()
            && error.cause() == Some(&timed_out)
            && record.submitted == now
        {
            self.complaints
                .push(format!("call {call} was sent on a connection that was given up at once"));
        }
        record.end = Some((now, end));
    }

    /// Whether a call was completed, cancelled or rejected.
    #[must_use]
    pub fn has_ended(&self, call: usize) -> bool {
        self.calls[call].end.is_some()
    }

    /// The number of open calls.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.calls.iter().filter(|record| record.end.is_none()).count()
    }

    pub(in crate::sim) fn complain(&mut self, complaint: String) {
        if self.complaints.len() < 20 {
            self.complaints.push(complaint);
        }
    }

    pub(in crate::sim) fn has_complaints(&self) -> bool {
        !self.complaints.is_empty()
    }

    /// A call has just ended: if no fault concerned it, it has to be well.
    pub(in crate::sim) fn judge_undisturbed(&mut self, world: &World, call: usize) {
        if self.calls[call].planned.is_probe && !self.calls[call].is_answered() {
            let shown = self.shown(call);
            return self.complain(format!("all is well again, but for {shown}"));
        }
        let Some(patience) = self.patience else { return };
        let record = &self.calls[call];
        let Some((ended, End::Completed(outcome))) = &record.end else { return };
        let was_odd = |op: &Op| world.history.was_odd(record.client, op.number, &op.text);
        if record.planned.ops.iter().any(was_odd) {
            return;
        }
        let is_hurried = record.planned.timeout.is_some_and(|timeout| timeout <= patience);
        let is_busy = record.is_busy && !world.is_calm_since(record.submitted);
        let is_refused = record.planned.ops.iter().any(|op| op.is_too_long);
        if is_busy
            || record.has_lost
            || is_hurried
            || is_refused
            || record.planned.shape == Shape::Pipeline
        {
            return;
        }
        let is_calm = |op: &Op| {
            let Some(slot) = op.slot else { return false };
            !op.is_script && world.is_undisturbed(slot, record.submitted)
        };
        let is_spread = record.planned.is_spread() || record.node.is_some();
        if is_spread || !record.planned.ops.iter().all(is_calm) {
            return;
        }
        // It may take a round of the refresh before.
        let patience = if record.is_busy { patience * 2 } else { patience };
        let took = ended.since(record.submitted);
        if outcome.is_err() || took > patience {
            let shown = self.shown(call);
            self.complain(format!("no fault concerned {shown}, which took {took:?}"));
        }
    }

    /// The number of calls that ended without an error.
    #[must_use]
    pub fn answered_count(&self) -> usize {
        let is_answer = |record: &&Record| matches!(record.end, Some((_, End::Completed(Ok(_)))));
        self.calls.iter().filter(is_answer).count()
    }

    /// Judges all calls, at the end of a test.
    ///
    /// # Errors
    /// All violations, one line each.
    pub fn judge(&self, world: &World) -> Result<(), Vec<String>> {
        let mut found = self.complaints.clone();
        found.extend(world.history.violations().iter().cloned());
        let was_stopped = !found.is_empty();
        for (call, record) in self.calls.iter().enumerate() {
            if was_stopped && record.end.is_none() {
                continue;
            }
            if let Err(complaint) = Self::judge_call(world, record) {
                found.push(format!("{complaint}: {}", self.shown(call)));
            }
        }
        self.judge_order(&world.history, &mut found);
        self.judge_data(world, &mut found);
        found.truncate(20);
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    fn shown(&self, call: usize) -> String {
        let record = &self.calls[call];
        let ops = record.planned.ops.iter().map(|op| &op.text);
        let joints = record.planned.joints.iter().filter_map(|joint| match &joint.parts {
            Parts::Nodes { text, .. } => Some(text),
            Parts::Slots { .. } => None,
        });
        let texts = ops.chain(joints).map(|text| format!("{}", text.escape_ascii()));
        let texts: Vec<_> = texts.collect();
        let end = match &record.end {
            None => "open".into(),
            Some((_, End::Cancelled)) => "cancelled".into(),
            Some((_, End::Refused(error))) => format!("refused: {error}"),
            Some((at, End::Completed(outcome))) => format!("{outcome:?} at {at:?}"),
        };
        format!(
            "call {call} of client {}, {:?} {texts:?}, submitted at {:?}, {end}",
            record.client, record.planned.shape, record.submitted
        )
    }

    fn judge_call(world: &World, record: &Record) -> Result<(), String> {
        let Some((ended, end)) = &record.end else { return Err("it never ended".into()) };
        let (history, planned) = (&world.history, &record.planned);
        judge_places(planned, end)?;
        for joint in &planned.joints {
            merged::judge(world, record, joint, *ended, end)?;
        }
        let is_whole = |op: &&Op| planned.joints.iter().all(|joint| joint.command != op.command);
        for op in planned.ops.iter().filter(is_whole) {
            let is_elsewhere = |node: usize| {
                record.node.as_ref().is_some_and(|wanted| !world.goes_by(node, wanted))
            };
            let mut runs = op.number.into_iter().flat_map(|number| history.runs_of(number));
            if let Some(run) = runs.find(|run| is_elsewhere(run.node)) {
                return Err(format!("it ran at node {}", run.node));
            }
            let fate = match end {
                End::Refused(error) => {
                    let ran = op.number.is_some_and(|number| history.run_count(number) > 0);
                    if ran || error.may_have_executed() {
                        return Err("it was refused, and ran, or is said to have".into());
                    }
                    continue;
                }
                End::Cancelled => Fate::Unknown,
                End::Completed(Err(error)) => Fate::Failed(error),
                End::Completed(Ok(reply)) => fate(reply, op.command, planned.shape)?,
            };
            judge_op(history, record, op, *ended, &fate)?;
        }
        Ok(())
    }

    /// The writes of a client to a slot ran in the order in which they were submitted.
    fn judge_order(&self, history: &History, found: &mut Vec<String>) {
        let mut places = BTreeMap::new();
        for (call, record) in self.calls.iter().enumerate() {
            for (place, op) in record.planned.ops.iter().enumerate() {
                if let Some(number) = op.number
                    && !Self::is_excused(history, record, op, number)
                {
                    places.insert(number, (call, place));
                }
            }
        }
        // While a slot moves key by key, only the commands of one key can be kept in order.
        let mut of_slots = BTreeMap::new();
        let mut of_keys = BTreeMap::new();
        for run in &history.runs {
            let Some(place) = places.get(&run.number) else { continue };
            let was_asked = history.ways.get(&run.number).is_some_and(|way| way.was_asked);
            let latest_of_slot = of_slots.entry((run.client, run.slot)).or_insert(*place);
            let latest_of_key = of_keys.entry((run.client, &run.key)).or_insert(*place);
            let latest =
                if was_asked { *latest_of_key } else { (*latest_of_key).max(*latest_of_slot) };
            if run.slot.is_some() && *place < latest {
                let (first, second) = (self.shown(place.0), self.shown(latest.0));
                found.push(format!("{:?} out of order: {second} ran before {first}", run.slot));
            }
            *latest_of_key = (*latest_of_key).max(*place);
            if !was_asked {
                *latest_of_slot = (*latest_of_slot).max(*place);
            }
        }
    }

    fn is_excused(history: &History, record: &Record, op: &Op, number: u64) -> bool {
        // A transaction that one of its keys sends away takes the others with it.
        let is_several = record.planned.shape == Shape::Transaction && record.planned.ops.len() > 1;
        let way = history.ways.get(&number);
        let is_put_off = way.is_some_and(|way| way.was_put_off || (way.was_asked && is_several));
        let ended = record.end.as_ref().map(|(at, _)| *at);
        let came_back = history.excuses.iter().any(|(at, first, last)| {
            let concerns = op.slot.is_some_and(|slot| (*first..=*last).contains(&slot));
            concerns && record.submitted <= *at && ended.is_none_or(|ended| *at <= ended)
        });
        record.planned.is_idempotent || record.has_lost || is_put_off || came_back
    }

    /// What was acknowledged is there, unless its copy was lost, and nothing is there twice.
    fn judge_data(&self, world: &World, found: &mut Vec<String>) {
        let mut numbers: BTreeMap<&[u8], Vec<(u64, &Record)>> = BTreeMap::new();
        for record in &self.calls {
            for op in &record.planned.ops {
                if let (Some(number), Some(key)) = (op.number, &op.key) {
                    numbers.entry(key).or_default().push((number, record));
                }
            }
        }
        for key in crate::sim::search::workload::growing_keys() {
            let Some(entry) = world.stored(key.as_bytes()) else { continue };
            if let Err(complaint) = entry.check() {
                found.push(format!("{key}: {complaint}"));
            }
            for (number, record) in numbers.get(key.as_bytes()).into_iter().flatten() {
                let count = entry.writes.iter().filter(|write| *write == number).count();
                let has_run = world.history.run_count(*number) > 0;
                let is_lost = world.history.lost.contains(number);
                if count > 1 && !record.planned.is_idempotent {
                    found.push(format!("{key} has write {number} {count} times"));
                }
                if count == 0 && record.is_answered() && has_run && !is_lost {
                    found.push(format!("{key} does not have write {number}, and no copy was lost"));
                }
            }
        }
    }
}

/// A pipeline has an end for each command, and what could not be sent is refused in its place.
fn judge_places(planned: &Planned, end: &End) -> Result<(), String> {
    let End::Completed(Ok(Reply::Pipeline(results))) = end else { return Ok(()) };
    let count = planned.call.commands().len();
    if results.len() != count {
        return Err(format!("{} ends for {count} commands", results.len()));
    }
    let Some(place) = planned.refused else { return Ok(()) };
    match &results[place] {
        Err(error) if error.rejection().is_some() => Ok(()),
        other => Err(format!("command {place} could not be sent, and ended with {other:?}")),
    }
}

/// What a reply says about one command of its call.
fn fate(reply: &Reply, index: usize, shape: Shape) -> Result<Fate<'_>, String> {
    match (reply, shape) {
        (Reply::One(frame), Shape::One) => answered(frame),
        (Reply::Pipeline(results), Shape::Pipeline) => match results.get(index) {
            Some(Ok(frame)) => answered(frame),
            Some(Err(error)) => Ok(Fate::Failed(error)),
            None => Err("a reply is missing".into()),
        },
        (Reply::One(frame), Shape::Transaction) => {
            let element = frame.value().elements().and_then(|elements| elements.get(index));
            element.map(Fate::Answered).ok_or_else(|| "an element is missing".into())
        }
        _ => Err("the reply is of another kind".into()),
    }
}

fn answered(frame: &Frame) -> Result<Fate<'_>, String> {
    if frame.is_error() {
        return Err("an error was delivered as a value".into());
    }
    Ok(Fate::Answered(frame.value()))
}

pub(super) fn judge_op(
    history: &History,
    record: &Record,
    op: &Op,
    ended: Instant,
    fate: &Fate<'_>,
) -> Result<(), String> {
    if let Fate::Failed(error) = fate {
        judge_refusal(history, record, op, error, ended)?;
        let blames_reply =
            matches!(error.cause(), Some(Cause::Protocol(_))) && error.may_have_executed();
        let was_odd = history.was_odd(record.client, op.number, &op.text);
        if blames_reply && history.frames_soundly && !was_odd {
            return Err("it pays for the reply to another call".into());
        }
    }
    let Some(number) = op.number else {
        let Fate::Answered(reply) = fate else { return Ok(()) };
        let mut reads = history.reads(record.client, &op.text, record.submitted, ended);
        let was_read = reads.any(|read| is_alike(&read.reply, reply));
        return if was_read { Ok(()) } else { Err("no node answered that".into()) };
    };
    let count = history.run_count(number);
    let may_repeat = record.planned.is_idempotent || op.is_repeatable;
    let most = if may_repeat { usize::MAX } else { 1 };
    match fate {
        _ if count > most => Err(format!("write {number} ran {count} times")),
        Fate::Answered(_) if count == 0 => {
            Err(format!("write {number} was answered, and never ran"))
        }
        Fate::Answered(reply) => {
            let is_its = history.runs_of(number).any(|run| is_alike(&run.reply, reply));
            if is_its { Ok(()) } else { Err(format!("no node answered that to write {number}")) }
        }
        Fate::Failed(error) if !error.may_have_executed() && count > 0 => {
            Err(format!("write {number} is said not to have run, and ran {count} times"))
        }
        Fate::Failed(error)
            if error.may_have_executed()
                && !matches!(error.cause(), None | Some(Cause::TimedOut))
                && record.planned.shape != Shape::Transaction
                && !history.handed.contains(&number) =>
        {
            Err(format!("write {number} is said to have run perhaps, and never left whole"))
        }
        Fate::Failed(error)
            if matches!(error.failure(), Failure::Server(_))
                && op.is_too_long
                && error.may_have_executed()
                && !history.handed.contains(&number) =>
        {
            Err(format!("write {number} was refused unread, and is said to have run perhaps"))
        }
        Fate::Failed(_) | Fate::Unknown => Ok(()),
    }
}

/// What a node refuses for a while is the caller's only when its time is up; where it sends a
/// command is not the caller's at all.
fn judge_refusal(
    history: &History,
    record: &Record,
    op: &Op,
    error: &Error,
    ended: Instant,
) -> Result<(), String> {
    let Failure::Server(refusal) = error.failure() else { return Ok(()) };
    if refusal.code() == "NOSCRIPT" {
        return Err("a script that a node does not have is the caller's".into());
    }
    let runs_scripts = record.planned.ops.iter().any(|op| op.is_script);
    if runs_scripts
        || record.node.is_some()
        || record.deadline.is_none_or(|deadline| ended >= deadline)
    {
        return Ok(());
    }
    // Two nodes may each name the other until the number of redirections is used up.
    let way = op.number.and_then(|number| history.ways.get(&number));
    let gave_up_early = way.is_some_and(|way| way.refusals <= 8);
    match refusal.code() {
        "LOADING" | "CLUSTERDOWN" | "MASTERDOWN" | "TRYAGAIN" | "READONLY" => {
            Err("a refusal that does not last is the caller's".into())
        }
        "ASK" if !history.forges && gave_up_early => {
            Err("a redirection for this once is the caller's".into())
        }
        _ => Ok(()),
    }
}

/// Whether a node's reply says this.
fn is_alike(told: &[u8], heard: &Value<'_>) -> bool {
    let told = Frame::parse(Bytes::copy_from_slice(told), &Limits::default());
    told.is_ok_and(|told| told.value() == *heard)
}
