//! The machine: calls in, actions out, and everything between them.
//!
//! Rules of this floor: no input fails; whatever goes wrong becomes an action. A part of a call is
//! in one place at a time. A node that is sick concerns only the parts that are for it. Nothing is
//! sent again unless it provably did not run, or may run twice.
//!
//! - [`calls`]: the calls that are not over, and their deadlines
//! - [`nodes`]: the nodes, their addresses and links, and the parts that wait for them
//! - [`links`]: links come and go
//! - [`dials`]: which nodes are dialled, and which wait for it
//! - [`loss`]: what becomes of the parts of a lost link
//! - [`credentials`]: the credentials of links, and how they change
//! - [`mod@write`]: from the queue of a node onto its link, and back
//! - [`redirect`]: what replies lead to: an end, a redirection, a pause
//! - [`scripts`]: when a script is sent by its name, and when in full
//! - [`fence`]: how the commands of a slot stay in order when the slot moves
//! - [`fences`], [`strays`]: the slots that stand still, and where redirections brought their
//!   commands
//! - [`queue`], [`last`]: parts that wait in line, and how those of one slot are found there
//! - [`strangers`]: nodes of other clusters at known addresses
//! - [`refresh`]: when the machine asks for the topology, and which nodes
//! - [`ends`]: how a part ends without a reply
//! - [`unusable`]: what becomes of work whose reply cannot be used
//! - [`timers`]: what is due

mod calls;
mod credentials;
mod dials;
mod ends;
mod fence;
mod fences;
mod last;
mod links;
mod loss;
mod nodes;
mod queue;
mod redirect;
mod refresh;
mod scripts;
mod stats;
mod strangers;
mod strays;
mod timers;
mod unusable;
mod write;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use self::calls::{Calls, Part, PartRef, Place};
use self::dials::Dials;
use self::fences::Fences;
use self::nodes::Links;
use self::queue::Queue;
use self::refresh::Refresh;
pub use self::stats::Stats;
use self::strays::Strays;
use self::timers::Timers;
use crate::action::{Action, CallId, Event, LinkId, Outcome, RefreshReason, Reply};
use crate::address::Address;
use crate::command::LearnedCommands;
use crate::config::{Config, Credentials, ReadFrom};
use crate::error::{Cause, ConfigError, Disconnect, Error};
use crate::link::ReceiveBuffer;
use crate::plan::{Call, Context, Explanation, Route};
use crate::random::Random;
use crate::resp::Frame;
use crate::time::Instant;
use crate::topology::{Agreement, Topology};

/// A client of one cluster, without input and output.
///
/// Four families of methods:
/// - the application's: [`submit`](Self::submit), [`cancel`](Self::cancel),
///   [`refresh_topology`](Self::refresh_topology), [`shut_down`](Self::shut_down);
/// - the driver's, `handle_*`: what came from outside. None can fail; events about links that have
///   ended, and events that come twice, do nothing;
/// - `poll_*` and [`sendable`](Self::sendable): what the driver does next. After every call of a
///   method that takes `&mut self`, drain [`poll_action`](Self::poll_action) until it is empty,
///   then ask [`poll_timeout`](Self::poll_timeout);
/// - views: [`topology`](Self::topology), [`stats`](Self::stats), at any time.
///
/// `T` is a token of the application. The machine returns it with the outcome of the call, and
/// never reads it.
///
/// **Time**: every input has the current time, which must not go back. If it does, timers are late.
///
/// **Invariant**: every submitted call is completed exactly once, unless it is cancelled; there is
/// always an input or a deadline that it waits for. The same inputs give the same outputs.
#[derive(Debug)]
pub struct Cluster<T> {
    config: Config,
    seeds: Vec<Address>,
    random: Random,
    agreement: Agreement,
    learned: LearnedCommands,
    links: Links,
    calls: Calls<T>,
    actions: VecDeque<Action<T>>,
    /// Parts that no node is known for.
    unrouted: Queue,
    /// Parts that were redirected to a node that the topology does not list.
    suspects: Queue,
    /// Parts that pause, by the end of the pause.
    paused: BTreeMap<(Instant, u64), PartRef>,
    pause_serial: u64,
    /// Slots whose new commands wait for the former owner.
    fences: Fences,
    /// Where redirections have brought commands.
    strays: Strays,
    /// Nodes that wait to be dialled.
    dials: Dials,
    refresh: Refresh,
    timers: Timers,
    /// Whether a node has ever answered `HELLO`.
    knows_hello: bool,
    /// How often the credentials were replaced.
    credentials_serial: u64,
    /// Whether there are links that are still to be told.
    is_reauthenticating: bool,
    /// Set once the application has shut the machine down: when it ends at the latest.
    ends_by: Option<Instant>,
    stats: Stats,
}

/// A call that the machine refused: nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct SubmitError<T> {
    /// The token that was submitted with the call.
    pub token: T,
    /// The reason.
    pub error: Error,
}

impl<T> Cluster<T> {
    /// Creates a machine with these seeds. It reads the topology when the first call comes.
    ///
    /// The random seed decides the length of pauses and the choice of nodes. Give each client a
    /// seed of its own, so that clients do not all retry at the same moment. The same seed repeats
    /// a run.
    ///
    /// # Errors
    /// [`ConfigError`] if there is no seed, or a limit that cannot work.
    pub fn new(config: Config, seeds: Vec<Address>, random_seed: u64) -> Result<Self, ConfigError> {
        config.validate()?;
        if seeds.is_empty() {
            return Err(ConfigError::NoSeeds);
        }
        Ok(Self {
            random: Random::new(random_seed),
            agreement: Agreement::new(config.moved_trust).limited_to(config.max_nodes),
            learned: LearnedCommands::default(),
            links: Links::new(),
            calls: Calls::new(config.protocol, config.max_held_reply_bytes),
            actions: VecDeque::new(),
            unrouted: Queue::default(),
            suspects: Queue::default(),
            paused: BTreeMap::new(),
            pause_serial: 0,
            fences: Fences::default(),
            strays: Strays::default(),
            dials: Dials::default(),
            refresh: Refresh::new(&config),
            knows_hello: false,
            credentials_serial: 0,
            is_reauthenticating: false,
            timers: Timers::default(),
            ends_by: None,
            stats: Stats::default(),
            seeds,
            config,
        })
    }

    /// Submits a call. An [`Action::Complete`] completes the call, at its deadline at the latest.
    ///
    /// A command of a pipeline that cannot be sent is refused in its place, and the others are
    /// sent, unless the call is [strict](Call::strict).
    ///
    /// # Errors
    /// [`SubmitError`] gives the token back: the call cannot be sent as it is (the caller's fault),
    /// a limit is reached, or the machine is shut down. Nothing was sent.
    ///
    /// **Limit**: `max_pending_calls`, `max_pending_bytes`, `max_queued`.
    ///
    /// **Cost**: for one command no allocation, except when tables grow.
    pub fn submit(&mut self, now: Instant, call: Call, token: T) -> Result<CallId, SubmitError<T>> {
        let len = call.encoded_len();
        let deadline = now + call.budget(self.config.call_timeout);
        if let Err(error) = self.admit(len) {
            return Err(self.refuse(token, call.own_error(error)));
        }
        let is_strict = call.is_strict();
        let mut plan = match call.plan(self.context()) {
            Ok(plan) => plan,
            Err(error) => return Err(self.refuse(token, error)),
        };
        if let Err(error) = self.make_room(&mut plan, is_strict) {
            return Err(self.refuse(token, error));
        }
        let part_count = plan.len();
        let id = self.calls.insert(token, plan, len, deadline);
        self.stats.calls_submitted += 1;
        self.timers.note(deadline);
        self.dispatch_all(now, id, part_count);
        self.finish(now);
        Ok(id)
    }

    /// Explains a call without sending it: where its commands would go now, and how the machine
    /// would merge the replies.
    ///
    /// # Errors
    /// As [`Self::submit`] for a call that cannot be sent as it is.
    pub fn explain(&self, call: Call) -> Result<Explanation, Error> {
        call.explain(self.context())
    }

    /// Replaces the set of learned commands. It applies to calls submitted from now on. The machine
    /// treats a command that is neither in the table nor learned as a write whose first argument is
    /// its key.
    pub fn set_learned_commands(&mut self, learned: LearnedCommands) {
        self.learned = learned;
    }

    /// What plans are made with.
    const fn context(&self) -> Context<'_> {
        Context {
            topology: self.agreement.topology(),
            cross_slot: self.config.cross_slot,
            learned: &self.learned,
        }
    }

    /// Sends all parts of a call that is planned.
    fn dispatch_all(&mut self, now: Instant, id: CallId, part_count: usize) {
        for part in 0..u32::try_from(part_count).unwrap_or(u32::MAX) {
            self.dispatch(now, PartRef { call: id, part });
        }
        if part_count == 0
            && let Some((token, outcome)) = self.calls.finish(id, &mut self.random)
        {
            self.complete(token, outcome);
        }
    }

    /// The topology is known: who waited for nothing else is done, and what could not be planned
    /// without it is.
    fn topology_known(&mut self, now: Instant, part: PartRef) {
        let Some(call) = self.calls.take_later(part) else {
            if let Some(token) = self.calls.take(part.call) {
                self.complete(token, Ok(Reply::Ready));
            }
            return;
        };
        let is_strict = call.is_strict();
        let mut plan = match call.plan(self.context()) {
            Ok(plan) => plan,
            Err(error) => return self.fail(part, error),
        };
        if let Err(error) = self.make_room(&mut plan, is_strict) {
            return self.fail(part, error);
        }
        let part_count = plan.len();
        self.calls.replace(part.call, plan);
        self.dispatch_all(now, part.call, part_count);
    }

    fn refuse(&mut self, token: T, error: Error) -> SubmitError<T> {
        self.stats.calls_refused += 1;
        SubmitError { token, error }
    }

    fn admit(&self, len: usize) -> Result<(), Error> {
        let overloaded = |limit| Err(Error::overloaded(limit));
        if self.ends_by.is_some() {
            return Err(Error::shut_down());
        }
        if self.calls.count() >= self.config.max_pending_calls {
            return overloaded("max_pending_calls");
        }
        if self.calls.len().saturating_add(len) > self.config.max_pending_bytes {
            return overloaded("max_pending_bytes");
        }
        Ok(())
    }

    /// Cancels a call: the machine never completes it. Commands that were not sent are never sent;
    /// replies to the others are discarded.
    pub fn cancel(&mut self, now: Instant, call: CallId) {
        for part in self.calls.open_parts(call) {
            self.withdraw(now, part);
        }
        if self.calls.take(call).is_some() {
            self.stats.calls_cancelled += 1;
        }
        self.pump_held(now);
        self.finish(now);
    }

    /// Reads the topology again, as soon as `min_refresh_interval` allows.
    pub fn refresh_topology(&mut self, now: Instant) {
        self.request_refresh(now, RefreshReason::Requested, false);
        self.finish(now);
    }

    /// Replaces the credentials while connections are in use. Each open connection is authenticated
    /// again, behind the commands that were sent before: no reply is lost, and no command waits.
    /// New connections use the new credentials, unless the driver gives them their own.
    /// [`Event::Authenticated`] and [`Event::AuthenticationRefused`] report the answers. A node
    /// that refuses keeps the former credentials.
    ///
    /// To change a password without a gap: add the new password to the servers, call this, wait for
    /// [`Event::CredentialsReplaced`], then remove the former password.
    ///
    /// With `None`, open connections stay as they are, and new ones send no credentials.
    pub fn set_credentials(&mut self, now: Instant, credentials: Option<Credentials>) {
        self.replace_credentials(now, credentials);
        self.finish(now);
    }

    /// Whether some connections have not answered the new credentials yet.
    #[must_use]
    pub const fn is_reauthenticating(&self) -> bool {
        self.is_reauthenticating
    }

    /// Shuts the machine down: it takes no more calls. Commands that were not sent end with
    /// `Failure::ShutDown`. The machine waits at most `drain_timeout` for replies to the others,
    /// then [`Self::is_shut_down`] is true.
    pub fn shut_down(&mut self, now: Instant) {
        if self.ends_by.is_some() {
            return;
        }
        let ends_by = now + self.config.drain_timeout;
        self.ends_by = Some(ends_by);
        self.dials.clear();
        self.timers.note(ends_by);
        self.refresh.stop();
        for call in self.calls.ids() {
            for part in self.calls.open_parts(call) {
                self.close_part(now, part);
            }
        }
        self.close_idle_links(now);
        self.finish(now);
    }

    /// Whether the shutdown is complete: no call and no link is left.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        self.ends_by.is_some() && self.calls.count() == 0 && self.links.count() == 0
    }

    /// The link is connected: bytes can be sent.
    pub fn handle_connected(&mut self, now: Instant, link: LinkId) {
        self.link_connected(now, link, None);
        self.finish(now);
    }

    /// The link is connected, and has credentials of its own, which win over those of the
    /// configuration. This is for drivers that obtain credentials for each connection. The
    /// credentials may be replaced after the machine asks for the dial. Then the link is
    /// authenticated with the new ones as soon as it is set up.
    pub fn handle_connected_with(&mut self, now: Instant, link: LinkId, credentials: Credentials) {
        self.link_connected(now, link, Some(credentials));
        self.finish(now);
    }

    /// The link received bytes: any number of them, cut anywhere.
    ///
    /// **Cost**: linear in the bytes. A reply that is whole in `data` is copied once: the commonest
    /// ones without an allocation, short ones that came together into blocks of 2 KiB that they
    /// share, others into an allocation of their own.
    pub fn handle_received(&mut self, now: Instant, link: LinkId, data: &[u8]) {
        self.link_received(now, link, data);
        self.finish(now);
    }

    /// Room for the rest of a long reply that is on its way in on this link: bytes that are read
    /// straight into it need not be copied. `None` if there is no such reply; then, and whenever a
    /// driver likes, bytes come through [`Self::handle_received`].
    pub fn receive_buffer(&mut self, link: LinkId) -> Option<ReceiveBuffer<'_>> {
        let growth_len = self.links.growth_len;
        self.links.get_mut(link)?.link.room(growth_len)
    }

    /// This many bytes came in on the link, at the beginning of the room that
    /// [`Self::receive_buffer`] lent last.
    pub fn handle_received_in_place(&mut self, now: Instant, link: LinkId, len: usize) {
        if let Some(tenant) = self.links.get_mut(link) {
            tenant.link.fill(now, len);
        }
        self.link_received(now, link, &[]);
        self.finish(now);
    }

    /// The transport took this many of the bytes that [`Self::sendable`] lent. Call this at once:
    /// the machine may take back bytes that the transport did not take.
    pub fn handle_sent(&mut self, _now: Instant, link: LinkId, len: usize) {
        self.links.sent(link, len);
        self.check();
    }

    /// The link is closed, or could not be connected.
    pub fn handle_closed(&mut self, now: Instant, link: LinkId, cause: Disconnect) {
        self.link_closed(now, link, cause);
        self.finish(now);
    }

    /// Time has passed. Early calls do no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.run_timers(now);
        self.finish(now);
    }

    /// The next action of the driver; `None` if there is none. Every method that takes `&mut self`
    /// may add actions.
    pub fn poll_action(&mut self) -> Option<Action<T>> {
        self.actions.pop_front()
    }

    /// When to call [`Self::handle_timeout`]; `None` if the machine waits for nothing. The time may
    /// be early, never late. It may change with every method that takes `&mut self`.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The bytes to send on the link, in order. Fills `slices` for one vectored write, and returns
    /// how many it filled.
    #[must_use]
    pub fn sendable<'a>(&'a self, link: LinkId, slices: &mut [&'a [u8]]) -> usize {
        self.links.get(link).map_or(0, |tenant| tenant.link.sendable(slices))
    }

    /// The topology: which node serves which slot, as far as the machine knows.
    #[must_use]
    pub const fn topology(&self) -> &Topology {
        self.agreement.topology()
    }

    /// The counters so far.
    #[must_use]
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The number of calls that are not over.
    #[must_use]
    pub const fn call_count(&self) -> usize {
        self.calls.count()
    }

    fn report(&mut self, event: Event) {
        self.actions.push_back(Action::Event(event));
    }

    fn complete(&mut self, token: T, outcome: Outcome) {
        self.stats.calls_completed += 1;
        self.actions.push_back(Action::Complete { token, outcome });
    }

    /// A part is over.
    fn settle(&mut self, part: PartRef, result: Result<Frame, Error>) {
        let Self { calls, links, random, .. } = self;
        let spoken = |link| links.get(link).map(|tenant| tenant.link.protocol());
        if let Some((token, outcome)) = calls.settle(part, result, spoken, random) {
            self.complete(token, outcome);
        }
    }

    /// A part is over without a reply, because of what happened at a node.
    fn fail_at(&mut self, node: usize, part: PartRef, error: Error) {
        let node = self.links.address(node).cloned();
        self.fail(part, error.at(node, None));
    }

    /// A part is over without a reply. Its error tells its command and its slot.
    #[cold]
    fn fail(&mut self, part: PartRef, mut error: Error) {
        if let Some(state) = self.calls.part(part) {
            error = state.own_error(error);
        }
        let is_maybe = error.may_have_executed();
        match error.cause() {
            Some(Cause::TimedOut) if is_maybe => self.stats.timeouts_sent += 1,
            Some(Cause::TimedOut) => self.stats.timeouts_queued += 1,
            Some(_) if is_maybe => self.stats.maybe_executed += 1,
            _ => {}
        }
        self.settle(part, Err(error));
    }

    /// Sends a part where its route leads, or has it wait.
    fn dispatch(&mut self, now: Instant, part: PartRef) {
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
            return self.close_part(now, part);
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
            Route::Node(_) | Route::Shard { .. } => {
                let node = self.links.chosen(self.agreement.topology(), state);
                if let (None, Route::Node(address)) = (node, &state.piece.route)
                    && self.links.knows_cluster()
                {
                    let error = Error::not_executed(Cause::UnknownNode);
                    let error = error.with_node(address.clone());
                    return self.fail(part, error);
                }
                node
            }
            Route::Discovery => {
                if self.links.knows_cluster() {
                    return self.topology_known(now, part);
                }
                None
            }
        };
        match node {
            Some(node) => self.enqueue(now, node, part),
            None => self.wait_unrouted(now, part),
        }
    }

    /// No node is known for a part: it waits for a topology that has one.
    fn wait_unrouted(&mut self, now: Instant, part: PartRef) {
        let is_alive =
            |part| self.calls.part(part).is_some_and(|state| state.place == Place::Unrouted);
        self.unrouted.sweep_if_due(is_alive);
        self.unrouted.push_back(part, None);
        self.set_place(part, Place::Unrouted);
        let knows = self.links.knows_cluster();
        let reason = if knows { RefreshReason::SlotUnassigned } else { RefreshReason::Start };
        self.request_refresh(now, reason, true);
    }

    fn set_place(&mut self, part: PartRef, place: Place) {
        if let Some(state) = self.calls.part_mut(part) {
            state.place = place;
        }
    }

    /// Takes a part out of the place where it waits. Whether it can be sure not to run any more.
    fn withdraw(&mut self, now: Instant, part: PartRef) -> bool {
        let Some(state) = self.calls.part_mut(part) else { return true };
        match core::mem::replace(&mut state.place, Place::Nowhere) {
            Place::Nowhere | Place::Paused => true,
            Place::Unrouted => {
                self.unrouted.left();
                true
            }
            Place::Suspect => {
                self.suspects.left();
                true
            }
            Place::Waiting(node) => {
                self.links.left_queue(node);
                true
            }
            Place::Fenced(slot) => {
                self.fences.left(slot);
                true
            }
            Place::InFlight { link, .. } => self.take_back(now, link, part),
        }
    }

    /// What came in has been dealt with.
    #[inline]
    fn finish(&mut self, now: Instant) {
        self.dial_waiting(now);
        self.check();
    }

    /// Checks the invariants that can be checked in passing. Only in debug builds.
    fn check(&self) {
        debug_assert_eq!(self.verify(), Ok(()), "an invariant does not hold");
    }

    /// Which invariant does not hold, of those that can be checked in passing.
    ///
    /// # Errors
    /// A sentence about it. It would be a fault of this crate.
    pub(crate) fn verify(&self) -> Result<(), &'static str> {
        if self.calls.count() > 0 && self.timers.next().is_none() {
            return Err("a call waits without a deadline");
        }
        if self.calls.count() > 0 && self.calls.next_deadline() < self.timers.next() {
            return Err("a deadline is earlier than the timer");
        }
        Ok(())
    }
}
