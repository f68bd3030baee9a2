//! The machine: calls in, actions out, and everything between them.
//!
//! Rules of this floor: no input fails; whatever goes wrong becomes an action. A part of a call is
//! in one place at a time. A node that is sick concerns only the parts that are for it. Nothing is
//! sent again unless it provably did not run, or may run twice.
//!
//! The methods of the machine stand on floors. A method calls methods of its own file and of the
//! floors below, and so nothing calls itself; what it wants from above it leaves on the agenda. The
//! first line of each file tells its floor, and the test `floors` holds it.
//!
//! | floor | rooms |
//! | --- | --- |
//! | 11 | this file: the door |
//! | 10 | [`replies`]: bytes come in, and replies among them; `audit`: when a debug build looks at everything |
//! | 9 | [`agenda`]: what rooms leave to be done; [`unusable`]: replies that cannot be used; [`verify`]: what must hold between two inputs; `fingerprint`: what tells two states apart |
//! | 8 | [`follow`]: a view becomes the topology; [`connect`]: a connection is made and set up; [`timers`]: what is due; [`steps`]: a call that is made step by step goes on |
//! | 7 | [`loss`]: what becomes of the parts of a lost link; [`ready`]: who waited for a link goes on |
//! | 6 | [`refresh`]: when the topology is read again, and from which nodes |
//! | 5 | [`redirect`]: redirections are followed; [`scripts`]: a script is sent by its name or in full; [`strangers`]: nodes of other clusters at known addresses |
//! | 4 | [`dispatch`]: a part goes where its route leads, or waits; [`dials`]: which nodes are dialled |
//! | 3 | [`mod@write`]: from the queue of a node onto its link, and back; [`links`]: links are opened and forgotten |
//! | 2 | [`ends`]: how a part ends; [`fence`]: how the commands of a slot stay in order when it moves; [`credentials`]: how they change |
//! | 1 | [`base`]: what every room does; [`pauses`]: parts that were refused before they ran |
//!
//! What they stand on, types of their own: [`calls`] with their deadlines, [`nodes`] with their
//! [`lanes`] and links ([`tenants`]), [`rounds`] of the refresh, [`fences`] and [`strays`] of slots
//! that move, [`queue`] and [`last`] for parts in line, [`stats`].

mod agenda;
#[cfg(debug_assertions)]
mod audit;
mod base;
mod calls;
mod connect;
mod credentials;
mod dials;
mod dispatch;
mod ends;
mod fence;
mod fences;
#[cfg(feature = "sim")]
mod fingerprint;
mod follow;
mod lanes;
mod last;
mod links;
mod loss;
mod nodes;
mod pauses;
mod queue;
mod ready;
mod redirect;
mod refresh;
mod replies;
mod rounds;
mod scripts;
mod stats;
mod steps;
mod strangers;
mod strays;
mod tenants;
mod timers;
mod unusable;
mod verify;
mod write;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use self::agenda::Agenda;
use self::calls::{Calls, PartRef};
use self::dials::Dials;
use self::fences::Fences;
#[cfg(feature = "sim")]
pub(crate) use self::fingerprint::Fingerprint;
use self::nodes::Links;
use self::pauses::Pauses;
use self::queue::Queue;
use self::rounds::Refresh;
pub use self::stats::Stats;
use self::strays::Strays;
use self::timers::Timers;
#[cfg(doc)]
use crate::action::Event;
use crate::action::{Action, CallId, LinkId, RefreshReason, Wakeup};
use crate::address::Address;
use crate::command::LearnedCommands;
use crate::config::{Config, Credentials};
use crate::error::{ConfigError, Disconnect, Error};
use crate::input::Input;
use crate::link::ReceiveBuffer;
use crate::plan::{Call, Explanation, Plan};
use crate::random::Random;
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
/// [`handle`](Self::handle) takes what enters by the first two families as one type.
///
/// `T` is a token of the application. The machine returns it with the outcome of the call, and
/// never reads it.
///
/// **Time**: every input has the current time, which must not go back. If it does, timers are late.
///
/// **Invariant**: every submitted call is completed exactly once, unless it is cancelled; there is
/// always an input or a deadline that it waits for. The same inputs give the same outputs.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone))]
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
    /// Parts that pause.
    pauses: Pauses,
    /// Slots whose new commands wait for the former owner.
    fences: Fences,
    /// Where redirections have brought commands.
    strays: Strays,
    /// Nodes that wait to be dialled.
    dials: Dials,
    refresh: Refresh,
    /// What is left to be done with this input.
    agenda: Agenda,
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
    #[cfg(debug_assertions)]
    audit: audit::Audit,
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
            links: Links::new(config.links_per_node),
            calls: Calls::new(config.protocol, config.max_held_reply_bytes),
            actions: VecDeque::new(),
            unrouted: Queue::default(),
            suspects: Queue::default(),
            pauses: Pauses::default(),
            fences: Fences::default(),
            strays: Strays::default(),
            dials: Dials::default(),
            refresh: Refresh::new(&config),
            agenda: Agenda::default(),
            knows_hello: false,
            credentials_serial: 0,
            is_reauthenticating: false,
            timers: Timers::default(),
            ends_by: None,
            stats: Stats::default(),
            #[cfg(debug_assertions)]
            audit: audit::Audit::default(),
            seeds,
            config,
        })
    }

    /// Takes any input: the one door for drivers that keep their inputs, or write them down.
    /// Returns the name of a call that it takes. A call that it refuses is completed with the
    /// error.
    ///
    /// **Cost**: that of the method for the input.
    pub fn handle(&mut self, now: Instant, input: Input<'_, T>) -> Option<CallId> {
        match input {
            Input::Submit { call, token } => match self.submit(now, call, token) {
                Ok(call) => return Some(call),
                Err(SubmitError { token, error }) => {
                    self.actions.push_back(Action::Complete { token, outcome: Err(error) });
                }
            },
            Input::Cancel { call } => self.cancel(now, call),
            Input::RefreshTopology => self.refresh_topology(now),
            Input::SetCredentials { credentials } => self.set_credentials(now, credentials),
            Input::SetLearnedCommands { learned } => self.set_learned_commands(learned),
            Input::ShutDown => self.shut_down(now),
            Input::Connected { link, credentials: None } => self.handle_connected(now, link),
            Input::Connected { link, credentials: Some(own) } => {
                self.handle_connected_with(now, link, own);
            }
            Input::Received { link, data } => self.handle_received(now, link, data),
            Input::ReceivedInPlace { link, len } => self.handle_received_in_place(now, link, len),
            Input::Sent { link, len } => self.handle_sent(now, link, len),
            Input::Closed { link, cause } => self.handle_closed(now, link, cause),
            Input::Timeout => self.handle_timeout(now),
        }
        None
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
    /// **Cost**: for one command whose connection has room no allocation, except when tables grow.
    /// One for a script, for an argument of 1 KiB and more, for a command that may have secrets or
    /// is not in the table, and for one that waits.
    pub fn submit(
        &mut self,
        now: Instant,
        mut call: Call,
        token: T,
    ) -> Result<CallId, SubmitError<T>> {
        let len = call.encoded_len();
        let deadline = now + call.budget(self.config.call_timeout);
        if let Err(error) = self.admit(len) {
            return Err(self.refuse(token, call.own_error(error)));
        }
        if call.waits(self.context()) {
            return Ok(self.submit_procedure(now, call, token, len, deadline));
        }
        let mut plan = match call.plan(self.context()) {
            Ok(plan) => plan,
            Err(error) => return Err(self.refuse(token, error)),
        };
        if let Err(error) = self.make_room(&mut plan, &mut call) {
            return Err(self.refuse(token, error));
        }
        let id = self.calls.insert(token, plan, len, deadline);
        self.stats.calls_submitted += 1;
        self.timers.note(deadline);
        self.send_all(now, id, &mut call);
        self.finish(now);
        Ok(id)
    }

    /// Takes in a call that is made step by step, or waits for the topology.
    #[cold]
    fn submit_procedure(
        &mut self,
        now: Instant,
        call: Call,
        token: T,
        len: usize,
        deadline: Instant,
    ) -> CallId {
        let id = self.calls.insert(token, Plan::waiting(), len, deadline);
        self.calls.set_procedure(id, call.into_procedure());
        self.stats.calls_submitted += 1;
        self.timers.note(deadline);
        self.dispatch(now, PartRef { call: id, part: 0 });
        self.finish(now);
        id
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
            self.withdraw(part);
        }
        if self.calls.take(call).is_some() {
            self.stats.calls_cancelled += 1;
        }
        self.pump_held(now);
        self.finish(now);
    }

    /// Reads the topology again, as soon as `min_refresh_interval` allows.
    pub fn refresh_topology(&mut self, now: Instant) {
        self.agenda.want_refresh(RefreshReason::Requested, false);
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
        self.forgive_refusals(now);
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
            self.calls.end_procedure(call);
            for part in self.calls.open_parts(call) {
                self.close_part(part);
            }
        }
        self.close_idle_links();
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

    /// Room for the rest of a long reply that is on its way in on this link, or for the reply that
    /// is owed behind one of 16 to 256 KiB: bytes that are read straight into it need not be
    /// copied. `None` if there is no such reply; then, and whenever a driver likes, bytes come
    /// through [`Self::handle_received`].
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

    /// What the machine waits for, and until when: for logs and debuggers. `None` if it waits for
    /// nothing. [`Self::poll_timeout`] may be earlier.
    ///
    /// ```
    /// use hashslot::driver::Wakeup;
    /// use hashslot::{Call, Cluster, Command, Config, Instant};
    /// let now = Instant::EPOCH;
    /// let mut cluster = Cluster::new(Config::default(), vec!["10.0.0.1:7000".parse()?], 1)?;
    /// assert_eq!(cluster.wakeup(now), None);
    /// cluster.submit(now, Call::new(Command::get("a")), ())?;
    /// // The dial may take too long.
    /// assert!(matches!(cluster.wakeup(now), Some((_, Wakeup::Link(_)))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// **Cost**: linear in the links and the nodes.
    #[must_use]
    pub fn wakeup(&self, now: Instant) -> Option<(Instant, Wakeup)> {
        let round_at = self.refresh.next_timer(now, self.config.connect_timeout);
        let dial_at = self.poll_timeout().filter(|_| self.dials.has_waiting());
        let dial = dial_at.map(|at| (at, Wakeup::Dial));
        self.due(round_at).chain(dial).min_by_key(|(at, _)| *at)
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

    /// The number of bytes of the commands of these calls.
    #[cfg(feature = "std")]
    pub(crate) const fn pending_len(&self) -> usize {
        self.calls.len()
    }

    /// So many calls were refused at the door of an adapter.
    #[cfg(feature = "std")]
    pub(crate) const fn note_refused(&mut self, count: u64) {
        self.stats.calls_refused += count;
    }

    /// What came in has been dealt with.
    #[inline]
    fn finish(&mut self, now: Instant) {
        self.carry_out(now);
        self.dial_waiting(now);
        self.check();
    }

    /// Checks that the machine is sound. Only in debug builds.
    #[inline]
    fn check(&mut self) {
        #[cfg(debug_assertions)]
        {
            let all = self.look_at_all();
            debug_assert_eq!(all, Ok(()), "an invariant does not hold");
        }
    }
}
