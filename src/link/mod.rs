//! One connection: what it owes, what it has to send, what it has received.
//!
//! Theory of operation. A link is dialled, set up, ready, and gone. Whatever is written on it
//! leaves an entry in the queue of expected replies, in the order of the bytes; the n-th reply
//! belongs to the n-th entry, whatever became of the caller meanwhile. Pushes are no replies. Each
//! entry knows the position after its last byte, so that a loss tells for each command whether the
//! transport took all of it. An error may answer a command that has begun to leave, and a loss
//! follows as a rule: the node refused to read the rest. Commands that belong together are a
//! [`mod@unit`]: they are appended in one go, and the owner hears of them as one.

mod handshake;
mod inbox;
mod outbox;
mod unit;
mod verify;

use alloc::boxed::Box;
use alloc::collections::VecDeque;

pub(crate) use self::handshake::Choices;
use self::handshake::{Opening, Progress, Step};
pub use self::inbox::ReceiveBuffer;
use self::inbox::{Fault, Inbox};
pub(crate) use self::inbox::{GROWTH_LEN, GROWTH_LEN_MIN};
use self::outbox::Outbox;
use self::unit::Hearing;
pub(crate) use self::unit::{Body, Debts, Owed, Told, Unit};
use crate::command::Command;
use crate::config::{Config, Credentials, Protocol};
use crate::error::{NodeFailure, ProtocolError, ServerError, Violation};
use crate::resp::Frame;
use crate::time::Instant;
use crate::topology::NodeId;

/// One connection. `W` is what its owner wants to be told with each reply.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(crate) struct Link<W> {
    state: State,
    outbox: Outbox,
    inbox: Inbox,
    expected: VecDeque<Expected<W>>,
    /// The replies that have to be short, in order: the number of each, and the most bytes it may
    /// have.
    short: VecDeque<(u64, usize)>,
    /// How many replies have come.
    answered: u64,
    /// The position after the last byte of the command that was answered last.
    answered_end: u64,
    /// What has been heard of the unit whose replies have begun to come, if it matters.
    hearing: Option<Box<Hearing>>,
    /// The server's major version; 0 if it did not tell.
    version: u32,
    /// What the server speaks: RESP2 until it has accepted `HELLO`.
    protocol: Protocol,
    /// The ID that the node told while the link was set up.
    node_id: Option<Box<NodeId>>,
    choices: Choices,
    /// What became of `HELLO`.
    hello: Hello,
    /// The credentials that the link is set up with; dropped once it is ready.
    credentials: Option<Box<Credentials>>,
    /// When a reply came, or some of a long one, or when something was first expected.
    progress_at: Instant,
    /// How much of a reply has come since then.
    since_progress: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
enum State {
    Dialling,
    SettingUp(Handshake),
    Ready,
}

/// Which of the two handshakes the replies are to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
enum Handshake {
    /// The one with `HELLO`.
    WithHello,
    /// The same, and `HELLO` was refused.
    Refused,
    /// The one without it.
    WithoutHello,
}

/// What became of `HELLO` on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub(crate) enum Hello {
    /// It was not sent.
    Unsent,
    /// It was sent, and not answered otherwise than with an error.
    Unanswered,
    /// It was answered.
    Answered,
}

#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
struct Expected<W> {
    what: Expect<W>,
    /// The position after the last byte of the command.
    end: u64,
}

#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "sim", derive(Hash))]
enum Expect<W> {
    Setup(Step),
    Asking,
    Multi,
    Queued,
    /// Ends a transaction.
    Exec(W),
    /// Ends any other unit.
    Work(W),
}

impl<W> Expect<W> {
    /// What the owner is told of, if the unit ends here.
    const fn work(&self) -> Option<&W> {
        match self {
            Self::Exec(work) | Self::Work(work) => Some(work),
            Self::Setup(_) | Self::Asking | Self::Multi | Self::Queued => None,
        }
    }
}

/// What came in.
#[derive(Debug)]
pub(crate) enum Received<W> {
    /// What the replies to a piece of work say.
    Reply {
        /// What the owner wants to be told.
        work: W,
        /// What they say.
        told: Told,
    },
    /// The reply to a piece of work cannot be used. It was read past.
    Unusable {
        /// What the owner wants to be told.
        work: W,
        /// Why.
        error: ProtocolError,
    },
    /// A reply that decides nothing, or a message that is none, cannot be used. It was read past.
    Skipped,
    /// A message that is no reply.
    Push(Frame),
    /// The link is set up.
    Ready,
    /// The link cannot be set up.
    Refused(NodeFailure),
}

impl<W: Copy> Link<W> {
    /// A link that is being dialled.
    pub(crate) fn new(now: Instant, config: &Config, choices: Choices) -> Self {
        Self {
            state: State::Dialling,
            outbox: Outbox::default(),
            inbox: Inbox::new(config.limits),
            expected: VecDeque::new(),
            short: VecDeque::new(),
            answered: 0,
            answered_end: 0,
            hearing: None,
            version: 0,
            protocol: Protocol::Resp2,
            node_id: None,
            choices,
            hello: Hello::Unsent,
            credentials: None,
            progress_at: now,
            since_progress: 0,
        }
    }

    /// The connection is there: writes the handshake, without `HELLO` if that is to be avoided.
    /// Whether the link is ready at once, because there is nothing to set up.
    pub(crate) fn connected(
        &mut self,
        now: Instant,
        config: &Config,
        credentials: Option<Credentials>,
        avoids_hello: bool,
    ) -> bool {
        if self.state != State::Dialling {
            return false;
        }
        self.progress_at = now;
        self.credentials = credentials.map(Box::new);
        let credentials = self.credentials.as_deref();
        match config.protocol {
            Protocol::Resp3 if avoids_hello => {
                let opening = handshake::resp2_alone(config, credentials, self.choices);
                self.set_up(config, opening, Handshake::WithoutHello)
            }
            Protocol::Resp3 => {
                self.hello = Hello::Unanswered;
                let opening = handshake::resp3(config, credentials, self.choices);
                self.set_up(config, opening, Handshake::WithHello)
            }
            Protocol::Resp2 => {
                let opening = handshake::resp2(config, credentials, self.choices);
                self.set_up(config, opening, Handshake::WithoutHello)
            }
        }
    }

    fn set_up(&mut self, config: &Config, opening: Opening, handshake: Handshake) -> bool {
        self.state = State::SettingUp(handshake);
        let start = self.outbox.end();
        for (step, end) in opening.steps {
            let end = start + u64::try_from(end).unwrap_or(u64::MAX);
            self.short.push_back((self.owed_until(), config.limits.max_handshake_bytes));
            self.expected.push_back(Expected { what: Expect::Setup(step), end });
        }
        self.outbox.append_secret(opening.bytes);
        if self.expected.is_empty() {
            self.become_ready();
        }
        self.is_ready()
    }

    fn become_ready(&mut self) {
        self.state = State::Ready;
        self.credentials = None;
    }

    /// Whether commands may be written.
    #[inline]
    pub(crate) fn is_ready(&self) -> bool {
        self.state == State::Ready
    }

    /// The protocol that replies come in.
    pub(crate) const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// What became of `HELLO`.
    pub(crate) const fn hello(&self) -> Hello {
        self.hello
    }

    /// Whether the server is old enough, or silent enough about its age, not to know
    /// `CLUSTER SHARDS`.
    pub(crate) const fn is_before_shards(&self) -> bool {
        self.version < 7
    }

    /// The ID of the node at the other end, if it told one.
    pub(crate) fn node_id(&self) -> Option<NodeId> {
        self.node_id.as_deref().copied()
    }

    /// Appends a command, and tells the position after it.
    #[inline]
    pub(crate) fn write(&mut self, now: Instant, command: &Command, work: W) -> u64 {
        if self.expected.is_empty() {
            self.progress_at = now;
        }
        let end = self.outbox.append_command(command);
        self.expected.push_back(Expected { what: Expect::Work(work), end });
        end
    }

    /// The same for a question of the client itself, whose reply may have so many bytes.
    pub(crate) fn write_own(&mut self, now: Instant, command: &Command, work: W, len_max: usize) {
        self.short.push_back((self.owed_until(), len_max));
        self.write(now, command, work);
    }

    /// Appends an `AUTH`.
    pub(crate) fn write_auth(
        &mut self,
        now: Instant,
        config: &Config,
        credentials: &Credentials,
        work: W,
    ) {
        self.short.push_back((self.owed_until(), config.limits.max_handshake_bytes));
        if self.expected.is_empty() {
            self.progress_at = now;
        }
        let knows_hello = self.version > 0;
        let end = self.outbox.append_secret(handshake::auth(credentials, knows_hello));
        self.expected.push_back(Expected { what: Expect::Work(work), end });
    }

    /// Room for what a long reply lacks.
    pub(crate) fn room(&mut self, growth_len: usize) -> Option<ReceiveBuffer<'_>> {
        self.inbox.room(growth_len, !self.expected.is_empty())
    }

    /// So many bytes came in, into the room that was lent.
    pub(crate) fn fill(&mut self, now: Instant, len: usize) {
        if self.inbox.fill(len) {
            self.note_bytes(now, len);
        }
    }

    /// The next thing that came in, with `data` cut by what was used of it.
    #[inline]
    pub(crate) fn next(
        &mut self,
        now: Instant,
        config: &Config,
        data: &mut &[u8],
        growth_len: usize,
    ) -> Result<Option<Received<W>>, ProtocolError> {
        loop {
            if !self.short.is_empty() {
                self.bound_reply();
            }
            let len = data.len();
            let frame = match self.inbox.next(data, growth_len) {
                Ok(Some(frame)) => frame,
                Ok(None) => {
                    self.note_bytes(now, len);
                    return Ok(None);
                }
                Err(fault) => match self.handle_fault(now, fault)? {
                    Some(received) => return Ok(Some(received)),
                    None => continue,
                },
            };
            if frame.is_push() {
                return Ok(Some(Received::Push(frame)));
            }
            // A server that is full says so before it is asked. One that refuses a command for its
            // length does not read it to the end: an error may answer what has begun to leave, and
            // the link ends with it. Once the link is set up, every other reply to a command that
            // has not left whole belongs to no command.
            let taken = self.outbox.taken();
            let may_answer_early =
                || !self.is_ready() || (self.answered_end < taken && frame.is_error());
            let is_due = |expected: &Expected<W>| expected.end <= taken || may_answer_early();
            let is_awaited = self.expected.front().is_some_and(is_due);
            let Some(expected) = is_awaited.then(|| self.expected.pop_front()).flatten() else {
                let violation = Violation::Unsolicited;
                return Err(ProtocolError { offset: 0, violation });
            };
            self.note_answered(now, expected.end);
            match expected.what {
                Expect::Work(work) | Expect::Exec(work) => {
                    let is_whole = expected.end <= taken;
                    let told = if frame.is_error() {
                        let is_exec = matches!(expected.what, Expect::Exec(_));
                        Hearing::decide(self.hearing.take(), frame, is_whole, is_exec)
                    } else {
                        self.hearing = None;
                        Told::Answer(frame)
                    };
                    return Ok(Some(Received::Reply { work, told }));
                }
                Expect::Asking | Expect::Multi | Expect::Queued => {
                    Hearing::note(&mut self.hearing, &expected.what, &frame);
                }
                Expect::Setup(step) => {
                    if let Some(received) = self.handle_setup(config, step, &frame) {
                        return Ok(Some(received));
                    }
                }
            }
        }
    }

    /// Has the next reply be as short as it must be.
    #[cold]
    fn bound_reply(&mut self) {
        while self.short.front().is_some_and(|(number, _)| *number < self.answered) {
            self.short.pop_front();
        }
        if self.short.is_empty() {
            self.short = VecDeque::new(); // an idle link is small
        }
        let next = self.short.front().filter(|(number, _)| *number == self.answered);
        self.inbox.set_reply_len_max(next.map_or(usize::MAX, |(_, len_max)| *len_max));
    }

    /// How many bytes it keeps of a reply that is not complete.
    #[inline]
    pub(crate) const fn held_len(&self) -> usize {
        self.inbox.held_len()
    }

    /// How much it has reserved for it, that included.
    #[inline]
    pub(crate) const fn reserved_len(&self) -> usize {
        self.inbox.reserved_len()
    }

    /// Gives up the reply that is not complete: its command fails, once all of it has come.
    ///
    /// # Errors
    /// Its end cannot be found.
    pub(crate) fn give_reply_up(&mut self) -> Result<(), ProtocolError> {
        self.inbox.give_up(Violation::NoRoom)
    }

    /// The command that ends here was answered.
    #[inline]
    fn note_answered(&mut self, now: Instant, end: u64) {
        self.answered += 1;
        self.answered_end = end;
        self.outbox.answered(end);
        self.note_reply(now);
    }

    /// The bytes of the command that was answered last, without large arguments; none once
    /// [`Self::release`] was called.
    pub(crate) fn last_written(&self) -> &[u8] {
        self.outbox.last()
    }

    /// Everything that came in has been dealt with: what was written for it is not needed any more.
    #[inline]
    pub(crate) fn release(&mut self) {
        self.outbox.release();
    }

    /// A reply has come.
    #[inline]
    const fn note_reply(&mut self, now: Instant) {
        self.progress_at = now;
        self.since_progress = 0;
    }

    /// Bytes have come of a frame that is not complete. A push answers nothing.
    fn note_bytes(&mut self, now: Instant, len: usize) {
        if len == 0 || self.inbox.is_in_push() {
            return;
        }
        self.since_progress = self.since_progress.saturating_add(len);
        if self.since_progress >= PROGRESS_LEN {
            self.note_reply(now);
        }
    }

    /// The stream is lost, or a frame cannot be used, which takes the place of its reply.
    #[cold]
    fn handle_fault(
        &mut self,
        now: Instant,
        fault: Fault,
    ) -> Result<Option<Received<W>>, ProtocolError> {
        let error = match fault {
            Fault::Stream(error) => return Err(error),
            Fault::Frame { is_push: true, .. } => return Ok(Some(Received::Skipped)),
            Fault::Frame { is_push: false, error } => error,
        };
        let taken = self.outbox.taken();
        let is_due = |expected: &Expected<W>| !self.is_ready() || expected.end <= taken;
        if !self.expected.front().is_some_and(is_due) {
            return Err(ProtocolError { offset: 0, violation: Violation::Unsolicited });
        }
        let Some(expected) = self.expected.pop_front() else { return Ok(None) };
        self.note_answered(now, expected.end);
        Ok(match expected.what {
            Expect::Work(work) | Expect::Exec(work) => {
                self.hearing = None;
                Some(Received::Unusable { work, error })
            }
            // What becomes of a transaction hangs on its EXEC.
            Expect::Multi | Expect::Queued => Some(Received::Skipped),
            // Whether the node would take the command behind it shows in the reply to that.
            Expect::Asking => None,
            Expect::Setup(_) => {
                let told = alloc::string::ToString::to_string(&error);
                Some(Received::Refused(NodeFailure::Unusable(told.into())))
            }
        })
    }

    /// Whether a command was answered that has not left whole. The rest of it must not leave any
    /// more.
    pub(crate) fn was_answered_early(&self) -> bool {
        self.answered_end > self.outbox.taken() && self.is_ready()
    }

    /// Whether the beginning of a reply has come that cannot be used: that to the first piece of
    /// work that it owes.
    pub(crate) const fn skips_reply(&self) -> bool {
        self.inbox.skips_reply()
    }

    fn handle_setup(&mut self, config: &Config, step: Step, reply: &Frame) -> Option<Received<W>> {
        let State::SettingUp(handshake) = self.state else { return None };
        let is_refused = handshake == Handshake::Refused;
        match handshake::judge(step, reply, is_refused, self.credentials.as_deref()) {
            Progress::Fail(failure) => return Some(Received::Refused(failure)),
            Progress::FallBack => self.state = State::SettingUp(Handshake::Refused),
            Progress::Continue if step == Step::Hello => {
                self.protocol = Protocol::Resp3;
                self.hello = Hello::Answered;
                self.version = major_version(reply);
            }
            Progress::Continue if step == Step::Identity => {
                let id = reply.value().as_bytes().and_then(NodeId::parse).map(Box::new);
                self.node_id = id.or_else(|| self.node_id.take());
            }
            Progress::Continue => {}
        }
        if !self.expected.is_empty() {
            return None;
        }
        if self.state == State::SettingUp(Handshake::Refused) {
            let opening = handshake::resp2(config, self.credentials.as_deref(), self.choices);
            return self
                .set_up(config, opening, Handshake::WithoutHello)
                .then_some(Received::Ready);
        }
        self.become_ready();
        Some(Received::Ready)
    }

    /// What is to be sent next.
    pub(crate) fn sendable<'a>(&'a self, slices: &mut [&'a [u8]]) -> usize {
        self.outbox.sendable(slices)
    }

    /// The transport took `len` bytes.
    pub(crate) fn sent(&mut self, len: usize) {
        self.outbox.sent(len);
    }

    /// The number of bytes that the transport did not take yet.
    pub(crate) fn unsent_len(&self) -> usize {
        self.outbox.len()
    }

    /// The number of bytes of the commands that it owes replies to.
    #[inline]
    pub(crate) fn in_flight_len(&self) -> usize {
        usize::try_from(self.outbox.end() - self.answered_end).unwrap_or(usize::MAX)
    }

    /// Whether it owes fewer replies than these, to fewer bytes than these.
    #[inline]
    pub(crate) fn has_room(&self, count_max: usize, len_max: usize) -> bool {
        self.expected_count() < count_max && self.in_flight_len() < len_max
    }

    /// The number of replies that it owes.
    #[inline]
    pub(crate) fn expected_count(&self) -> usize {
        self.expected.len()
    }

    /// The number of the first reply that it owes, counting all of its life.
    pub(crate) const fn answered(&self) -> u64 {
        self.answered
    }

    /// The number of replies up to the last one that it owes, counting all of its life.
    pub(crate) fn owed_until(&self) -> u64 {
        self.answered + u64::try_from(self.expected.len()).unwrap_or(u64::MAX)
    }

    /// The number of replies up to the last one owed to work that `is_meant`; `None` if none is.
    pub(crate) fn last_owed(&self, is_meant: impl Fn(&W) -> bool) -> Option<u64> {
        let meant = |expected: &Expected<W>| expected.what.work().is_some_and(&is_meant);
        let index = self.expected.iter().rposition(meant)?;
        Some(self.answered + u64::try_from(index).unwrap_or(u64::MAX) + 1)
    }

    /// All work that it owes replies to, in order, and the number of replies up to that to it.
    pub(crate) fn owed(&self) -> impl Iterator<Item = (u64, &W)> {
        let numbered = (self.answered + 1..).zip(&self.expected);
        numbered.filter_map(|(number, expected)| Some((number, expected.what.work()?)))
    }

    /// When a reply came, or some of a long one, or when something was first expected.
    #[inline]
    pub(crate) const fn progress_at(&self) -> Instant {
        self.progress_at
    }
}

/// So much of a reply is as good as a reply: less in a whole `stall_timeout` is silence.
const PROGRESS_LEN: usize = 16 << 10;

/// The answer to an `AUTH` without what it may quote of it.
pub(crate) fn without_secrets(
    error: ServerError,
    credentials: Option<&Credentials>,
) -> ServerError {
    handshake::without_secrets(error, credentials)
}

/// The major version in the reply to `HELLO`; 0 if it has none.
fn major_version(hello: &Frame) -> u32 {
    let version = hello.value().pairs().and_then(|mut pairs| {
        let (_, version) = pairs.find(|(key, _)| key.as_bytes() == Some(b"version"))?;
        version.as_str()?.split('.').next()?.parse().ok()
    });
    version.unwrap_or(0)
}
