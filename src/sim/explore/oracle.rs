//! The oracle of a small world: what each command went through, and whether that is allowed.
//!
//! Rules of this file:
//! 1. A call ends once, and a cancelled call never.
//! 2. A reply is that of its command, and the command ran: once, unless it is idempotent.
//! 3. A command whose caller is told that it did not run never runs. A call of which its caller is
//!    told that it may have run has left whole.
//! 4. A call fails only if a connection was lost with it, if a node refused it, or if its deadline
//!    has passed. At its deadline it does.
//! 5. The commands of a slot run in the order of submission; in a slot that migrates, those of a
//!    key. Exempt is a command that had left on a connection that was lost, and one that was to
//!    leave there after a redirection.
//! 6. A node reads a command only if some node named it as the owner of the slot; behind `ASKING`
//!    only if an `ASK` was sent for that call.
//! 7. A command is redirected at most as often as its slot changes hands.
//!
//! Rules 2, 3 and 5 do not hold for a transaction whose `MULTI` was refused if the connection is
//! lost before the refusal arrives: its commands run one by one, and no client can know.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::node;
use super::setup::{A, B, KEYS, MIDDLE, Setup, Shape, slot_of};
use crate::action::{CallId, Outcome, Reply};
use crate::error::{Error, Failure};
use crate::time::Instant;

/// The history of all calls and commands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Oracle {
    pub(super) calls: Vec<Fate>,
    commands: Vec<History>,
    /// The nodes that were named as the owner of the slot of each key.
    named: [[bool; 3]; KEYS.len()],
}

/// The history of a call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Fate {
    /// Its number in the machine.
    pub(super) id: CallId,
    pub(super) deadline: Instant,
    pub(super) end: End,
    /// The number of connections that were lost with a part of it on them.
    losses: u8,
    /// Whether it may fail: it had left whole when a connection was lost, or a node refused it.
    is_excused: bool,
    /// Whether it has left whole.
    has_left: bool,
    /// Whether an `ASK` was sent for it.
    was_asked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum End {
    Open,
    Over,
    Cancelled,
}

/// The history of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct History {
    run_count: u8,
    redirection_count: u8,
    /// Whether its caller was told that it did not run.
    is_denied: bool,
    /// Whether it was on a connection that was lost: it had left, or was to leave there after a
    /// redirection.
    was_lost: bool,
    /// Whether it may have run alone, because of a refusal that was lost on its way.
    may_have_torn: bool,
}

type Verdict = Result<(), String>;

impl Oracle {
    pub(super) fn new(setup: &Setup) -> Self {
        let named = core::array::from_fn(|key| {
            let owner = if slot_of(key).number() < MIDDLE { A } else { B };
            core::array::from_fn(|node| node == owner)
        });
        let commands = setup.commands.iter().map(|_| History::default()).collect();
        Self { calls: Vec::new(), commands, named }
    }

    pub(super) fn submitted(&mut self, setup: &Setup, id: CallId, deadline: Instant) {
        let (end, losses) = (End::Open, 0);
        let shape = setup.calls[self.calls.len()].shape;
        let is_excused = setup.refuses_multi && shape == Shape::Transaction;
        let (has_left, was_asked) = (false, false);
        self.calls.push(Fate { id, deadline, end, losses, is_excused, has_left, was_asked });
    }

    pub(super) fn has_open_calls(&self) -> bool {
        self.calls.iter().any(|fate| fate.end == End::Open)
    }

    fn fate(&mut self, setup: &Setup, command: usize) -> Option<&mut Fate> {
        self.calls.get_mut(setup.commands[command].call)
    }

    /// All bytes of a command have left, or of the transaction that it is in.
    pub(super) fn left(&mut self, setup: &Setup, command: usize) {
        self.fate(setup, command).into_iter().for_each(|fate| fate.has_left = true);
    }

    /// A connection was lost. `whole` had left and was not answered, of `begun` a part had left.
    pub(super) fn lost(&mut self, setup: &Setup, whole: &[usize], begun: &[usize]) {
        for command in whole {
            self.commands[*command].was_lost = true;
            self.fate(setup, *command).into_iter().for_each(|fate| fate.is_excused = true);
        }
        let mut calls: Vec<_> =
            whole.iter().chain(begun).map(|command| setup.commands[*command].call).collect();
        calls.dedup();
        for call in calls {
            let Some(fate) = self.calls.get_mut(call) else { continue };
            fate.losses += 1;
            fate.is_excused |= fate.losses >= 2;
        }
    }

    /// A connection was lost, and with it the refusal of the `MULTI` before these, whose `EXEC` has
    /// not left: the client cannot know that they run alone.
    pub(super) fn refused_unheard(&mut self, commands: &[usize]) {
        for command in commands {
            self.commands[*command].may_have_torn = true;
        }
    }

    /// A connection was lost before these have left on it.
    pub(super) fn lost_unsent(&mut self, commands: &[usize]) {
        for command in commands {
            let history = &mut self.commands[*command];
            history.was_lost |= history.redirection_count > 0;
        }
    }

    /// The client learns that a node refused a command that it had read in part.
    pub(super) fn rejected(&mut self, setup: &Setup, command: usize) {
        self.fate(setup, command).into_iter().for_each(|fate| fate.is_excused = true);
        self.commands[command].is_denied = true;
    }

    /// A node names the owner of the slot of a key.
    pub(super) fn named(&mut self, key: usize, owner: usize) {
        for other in (0..KEYS.len()).filter(|other| slot_of(*other) == slot_of(key)) {
            self.named[other][owner] = true;
        }
    }

    /// A node redirects a command.
    pub(super) fn redirected(
        &mut self,
        setup: &Setup,
        command: usize,
        to: usize,
        is_ask: bool,
    ) -> Verdict {
        let key = setup.commands[command].key;
        if is_ask {
            self.fate(setup, command).into_iter().for_each(|fate| fate.was_asked = true);
        } else {
            self.named(key, to);
        }
        let history = &mut self.commands[command];
        history.redirection_count += 1;
        let (count, most) = (history.redirection_count, setup.redirections_max);
        ensure(count <= most, || format!("command {command} is redirected {count} times"))
    }

    /// A node reads a command.
    pub(super) fn arrived(
        &mut self,
        setup: &Setup,
        command: usize,
        node: usize,
        is_asking: bool,
    ) -> Verdict {
        let key = setup.commands[command].key;
        let was_asked = self.fate(setup, command).is_some_and(|fate| fate.was_asked);
        if is_asking {
            return ensure(was_asked, || {
                format!("command {command} arrives behind ASKING, and no ASK was sent for it")
            });
        }
        ensure(self.named[key][node], || {
            format!("command {command} arrives at a node that was never named as its owner")
        })
    }

    /// A command runs.
    pub(super) fn runs(&mut self, setup: &Setup, command: usize, is_left_over: bool) -> Verdict {
        let single = setup.commands[command];
        let history = &mut self.commands[command];
        history.run_count += 1;
        history.was_lost |= is_left_over;
        if history.may_have_torn {
            return Ok(());
        }
        let (is_again, is_denied) = (history.run_count > 1, history.is_denied);
        let is_exempt = history.was_lost;
        ensure(!is_denied, || {
            format!("command {command} runs, and its caller was told that it did not")
        })?;
        ensure(!is_again || setup.may_repeat(command), || format!("command {command} runs twice"))?;
        if is_exempt || is_again {
            return Ok(());
        }
        for (later, history) in self.commands.iter().enumerate().skip(command + 1) {
            let other = setup.commands[later];
            let is_ordered = if setup.is_by_key {
                other.key == single.key
            } else {
                slot_of(other.key) == slot_of(single.key)
            };
            let is_overtaken = is_ordered
                && history.run_count > 0
                && !history.was_lost
                && other.call != single.call;
            ensure(!is_overtaken, || format!("command {command} runs after command {later}"))?;
        }
        Ok(())
    }

    /// A call is over.
    pub(super) fn completed(
        &mut self,
        setup: &Setup,
        now: Instant,
        call: usize,
        outcome: &Outcome,
    ) -> Verdict {
        let Some(fate) = self.calls.get_mut(call) else {
            return Err(format!("call {call} ends before it was submitted"));
        };
        match core::mem::replace(&mut fate.end, End::Over) {
            End::Open => {}
            End::Over => return Err(format!("call {call} ends twice")),
            End::Cancelled => return Err(format!("call {call} ends after it was cancelled")),
        }
        let planned = &setup.calls[call];
        match outcome {
            Ok(Reply::One(frame)) => {
                let expected = match planned.shape {
                    Shape::One | Shape::Pipeline => node::ran(planned.commands[0]),
                    Shape::Transaction => node::all_ran(&planned.commands),
                    Shape::Split => b"+OK\r\n".to_vec(),
                };
                let is_own = frame.as_bytes() == expected.as_slice();
                ensure(is_own, || {
                    let got = frame.as_bytes().escape_ascii();
                    format!("call {call} gets {got}, which is not its own")
                })?;
                planned.commands.iter().try_for_each(|command| self.has_run(*command))
            }
            Ok(Reply::Pipeline(results)) if planned.shape == Shape::Pipeline => {
                let count = results.len();
                ensure(count == planned.commands.len(), || format!("call {call} gets {count}"))?;
                for (command, result) in planned.commands.iter().zip(results) {
                    match result {
                        Ok(frame) => {
                            let is_own = frame.as_bytes() == node::ran(*command).as_slice();
                            ensure(is_own, || format!("command {command} gets another's reply"))?;
                            self.has_run(*command)?;
                        }
                        Err(error) => self.failed(setup, now, call, &[*command], error)?,
                    }
                }
                Ok(())
            }
            Ok(_) => Err(format!("call {call} is answered with {outcome:?}")),
            Err(error) => self.failed(setup, now, call, &planned.commands, error),
        }
    }

    fn has_run(&self, command: usize) -> Verdict {
        let has_run = self.commands[command].run_count > 0;
        ensure(has_run, || format!("command {command} is answered, and did not run"))
    }

    /// Commands of a call have failed.
    fn failed(
        &mut self,
        setup: &Setup,
        now: Instant,
        call: usize,
        commands: &[usize],
        error: &Error,
    ) -> Verdict {
        let fate = &self.calls[call];
        let is_out_of_time = setup.has_deadlines() && now >= fate.deadline;
        let (has_left, may_fail) = (fate.has_left, fate.is_excused || is_out_of_time);
        ensure(may_fail, || format!("call {call} fails, and nothing was wrong with it: {error}"))?;
        if let Failure::Partial(partial) = error.failure() {
            let of = |places: Vec<usize>| -> Vec<usize> {
                places.into_iter().filter_map(|place| commands.get(place).copied()).collect()
            };
            of(partial.not_done().collect()).into_iter().try_for_each(|c| self.denied(c))?;
            return of(partial.done().collect()).into_iter().try_for_each(|c| self.has_run(c));
        }
        if error.may_have_executed() {
            let is_whole = setup.calls[call].shape != Shape::Split;
            return ensure(has_left || !is_whole, || {
                format!(
                    "call {call} is said to have run perhaps, and has never left whole: {error}"
                )
            });
        }
        commands.iter().try_for_each(|command| self.denied(*command))
    }

    /// A caller is told that a command did not run.
    fn denied(&mut self, command: usize) -> Verdict {
        let history = &mut self.commands[command];
        history.is_denied = true;
        let has_run = history.run_count > 0 && !history.may_have_torn;
        ensure(!has_run, || format!("command {command} is said not to have run, and did"))
    }

    /// Timers have fired: no call is open whose time is up.
    pub(super) fn timed(&self, now: Instant) -> Verdict {
        for (call, fate) in self.calls.iter().enumerate() {
            let is_late = fate.end == End::Open && fate.deadline <= now;
            ensure(!is_late, || format!("call {call} is open after its deadline"))?;
        }
        Ok(())
    }
}

pub(super) fn ensure(holds: bool, complaint: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(complaint()) }
}
