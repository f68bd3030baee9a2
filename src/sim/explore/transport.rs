//! The transport of a small world: its connections, and the bytes on them.

use alloc::borrow::ToOwned;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::node::{Request, Session};
use super::oracle::ensure;
use super::setup::ADDRESSES;
use super::step::{Cut, Portion};
use super::world::World;
use crate::action::LinkId;
use crate::address::Address;
use crate::error::Disconnect;
use crate::sim::world::serve::next_command;

type Result = core::result::Result<(), String>;

/// A connection, from the dial to the last byte that its node reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Socket {
    pub(super) link: LinkId,
    pub(super) node: usize,
    pub(super) state: State,
    /// Whether the machine announced bytes to send.
    pub(super) is_announced: bool,
    /// Whether bytes were taken while a timer was overdue.
    pub(super) was_late: bool,
    /// Requests that have left and that the node has not read.
    pub(super) unread: VecDeque<Request>,
    /// The bytes of the next command that have left.
    pub(super) partial: Vec<u8>,
    /// The number of that command, if it is a command of a call.
    pub(super) partial_of: Option<usize>,
    /// The commands of a unit that has left in part.
    pub(super) begun: Vec<usize>,
    /// The commands that have not left whole.
    pub(super) ahead: Vec<usize>,
    /// For each reply that the link expects, the commands that it decides.
    pub(super) owed: VecDeque<Vec<usize>>,
    /// The commands that have left since the last `MULTI` that is without its `EXEC`.
    pub(super) unit: Option<Vec<usize>>,
    /// Replies that were not delivered, and the number of bytes of the first that were.
    pub(super) replies: VecDeque<Reply>,
    pub(super) delivered: usize,
    pub(super) session: Session,
}

/// A reply on its way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Reply {
    pub(super) bytes: Vec<u8>,
    /// The command that it refuses and that the node has read in part.
    pub(super) rejects: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum State {
    Dialled,
    Open,
    /// The node reads no more; the client has not noticed.
    Broken,
    /// The client has closed it. The node may read what has left.
    Left,
}

/// The bytes that the transport may take.
pub(super) struct Sendable {
    bytes: Vec<u8>,
    /// The requests in them, first the one that has left in part, and where each ends.
    commands: Vec<(Request, usize)>,
}

impl World<'_> {
    /// Notes what a link has to send: more than before, or less, if commands were taken back.
    pub(super) fn look_ahead(&mut self, index: usize) {
        let commands = self.sendable(&self.sockets[index]).commands;
        let data = commands.into_iter().filter_map(|(request, _)| match request {
            Request::Data(command) => Some(command),
            _ => None,
        });
        let socket = &mut self.sockets[index];
        socket.ahead = data.collect();
        socket.is_announced &= self.machine.sendable(socket.link, &mut [&[]]) > 0;
    }

    pub(super) fn dial(&mut self, link: LinkId, address: &Address) -> Result {
        let address = format!("{}:{}", address.host(), address.port());
        let node = ADDRESSES.iter().position(|known| *known == address);
        let Some(node) = node else { return Err(format!("{address} is dialled")) };
        self.note(|_| format!("  {address} is dialled"));
        self.sockets.push(Socket {
            link,
            node,
            state: State::Dialled,
            is_announced: false,
            was_late: false,
            unread: VecDeque::new(),
            partial: Vec::new(),
            partial_of: None,
            begun: Vec::new(),
            ahead: Vec::new(),
            owed: VecDeque::new(),
            unit: None,
            replies: VecDeque::new(),
            delivered: 0,
            session: Session::default(),
        });
        Ok(())
    }

    pub(super) fn socket_of(&mut self, link: LinkId) -> Option<&mut Socket> {
        self.sockets.iter_mut().find(|socket| socket.link == link && socket.state != State::Left)
    }

    pub(super) fn accept(&mut self, index: usize) -> Result {
        self.note_at(index, "is connected");
        self.sockets[index].state = State::Open;
        let link = self.sockets[index].link;
        self.machine.handle_connected(self.now, link);
        self.settle_actions()?;
        if self.setup.has_handshake && self.is_set_up {
            return Ok(());
        }
        // In other worlds the handshake is part of this step.
        self.take(index, Cut::Nowhere)?;
        while !self.sockets[index].unread.is_empty() {
            self.read(index)?;
        }
        self.deliver(index, Portion::All);
        Ok(())
    }

    pub(super) fn sendable(&self, socket: &Socket) -> Sendable {
        let mut slices = [&[][..]; 8];
        let count = self.machine.sendable(socket.link, &mut slices);
        let mut bytes = socket.partial.clone();
        slices.iter().take(count).for_each(|slice| bytes.extend_from_slice(slice));
        let mut commands = Vec::new();
        let mut end = 0;
        while let Ok(Some((words, len))) = next_command(&bytes[end..])
            && let Some(request) = Request::of(&words)
        {
            end += len;
            commands.push((request, end));
        }
        Sendable { bytes, commands }
    }

    pub(super) fn take(&mut self, index: usize, cut: Cut) -> Result {
        let sendable = self.sendable(&self.sockets[index]);
        let end = sendable.end(cut);
        let Sendable { bytes, commands } = sendable;
        let is_known = commands.last().map_or(0, |(_, end)| *end) == bytes.len();
        ensure(is_known, || "the client sends a request that no small world has".to_owned())?;
        self.budget.cuts -= u8::from(cut != Cut::Nowhere);
        let is_late = self.machine.poll_timeout().is_some_and(|due| due < self.now);
        let count = commands.iter().filter(|(_, at)| *at <= end).count();
        let (whole, rest) = commands.split_at(count);
        let whole_end = whole.last().map_or(0, |(_, end)| *end);
        let whole: Vec<_> = whole.iter().map(|(request, _)| *request).collect();
        self.left(index, &whole);
        let socket = &mut self.sockets[index];
        let begun = socket.partial.len();
        socket.partial = bytes[whole_end..end].to_vec();
        socket.partial_of = match rest.first() {
            Some((Request::Data(command), _)) if end > whole_end => Some(*command),
            _ => None,
        };
        // The rest of the unit that has left in part.
        let has_begun = end > whole_end || socket.unit.is_some();
        let has_begun = has_begun || matches!(whole.last(), Some(Request::Asking));
        socket.begun = socket.unit.clone().unwrap_or_default();
        let mut is_in_unit = socket.unit.is_some();
        for (request, _) in rest.iter().filter(|_| has_begun) {
            match request {
                Request::Asking => {}
                Request::Multi => is_in_unit = true,
                Request::Data(command) => {
                    socket.begun.push(*command);
                    if !is_in_unit {
                        break;
                    }
                }
                _ => break,
            }
        }
        socket.was_late |= is_late;
        socket.is_announced &= end < bytes.len();
        socket.unread.extend(whole.iter().copied());
        let link = socket.link;
        let rest = if socket.partial.is_empty() { "" } else { " and a part of the next" };
        self.note(|world| {
            let text: Vec<_> = whole.iter().map(|request| request.shown()).collect();
            format!("{} is sent [{}]{rest}", world.name(index), text.join("; "))
        });
        self.machine.handle_sent(self.now, link, end - begun);
        Ok(())
    }

    /// Commands have left whole.
    pub(super) fn left(&mut self, index: usize, whole: &[Request]) {
        let Self { setup, sockets, oracle, .. } = self;
        let socket = &mut sockets[index];
        for request in whole {
            let mut owed = Vec::new();
            match request {
                Request::Multi => socket.unit = Some(Vec::new()),
                Request::Data(command) => {
                    if let Some(unit) = &mut socket.unit {
                        unit.push(*command);
                        if setup.refuses_multi {
                            oracle.left(setup, *command);
                        }
                    } else {
                        oracle.left(setup, *command);
                        owed.push(*command);
                    }
                }
                Request::Exec => {
                    owed = socket.unit.take().unwrap_or_default();
                    for command in &owed {
                        oracle.left(setup, *command);
                    }
                }
                _ => {}
            }
            socket.owed.push_back(owed);
        }
    }

    pub(super) fn deliver(&mut self, index: usize, portion: Portion) {
        let count = if portion == Portion::All { self.sockets[index].replies.len() } else { 1 };
        let mut bytes = Vec::new();
        let mut rejected = None;
        let socket = &mut self.sockets[index];
        if portion == Portion::Half {
            self.budget.cuts -= 1;
            let first = socket.replies.front().map(|reply| reply.bytes.as_slice());
            let first = first.unwrap_or_default();
            socket.delivered = first.len() / 2;
            bytes.extend_from_slice(&first[..socket.delivered]);
        } else {
            for reply in socket.replies.drain(..count) {
                socket.owed.pop_front();
                let from = core::mem::take(&mut socket.delivered);
                bytes.extend_from_slice(&reply.bytes[from..]);
                rejected = rejected.or(reply.rejects);
            }
        }
        let link = socket.link;
        if let Some(command) = rejected {
            self.oracle.rejected(self.setup, command);
        }
        self.note(|world| format!("{} says {}", world.name(index), bytes.escape_ascii()));
        self.machine.handle_received(self.now, link, &bytes);
    }

    pub(super) fn lose(&mut self, index: usize) {
        let socket = &self.sockets[index];
        let is_dialled = socket.state == State::Dialled;
        if self.nodes.all[socket.node].is_up && socket.state != State::Broken {
            self.budget.losses -= 1;
        }
        let text = if is_dialled { "cannot be connected" } else { "is lost" };
        self.note_at(index, text);
        let link = self.sockets[index].link;
        self.leave(index);
        let cause = if is_dialled { Disconnect::Refused } else { Disconnect::Reset };
        self.machine.handle_closed(self.now, link, cause);
    }

    /// The client has lost or closed a connection. The node may read what has left.
    pub(super) fn leave(&mut self, index: usize) {
        let socket = &mut self.sockets[index];
        let was_broken = socket.state == State::Broken;
        if let Some(unit) = socket.unit.take()
            && self.setup.refuses_multi
            && socket.owed.len() > unit.len()
        {
            self.oracle.refused_unheard(&unit);
        }
        let whole: Vec<_> = socket.owed.drain(..).flatten().collect();
        self.oracle.lost(self.setup, &whole, &core::mem::take(&mut socket.begun));
        self.oracle.lost_unsent(&core::mem::take(&mut socket.ahead));
        socket.state = State::Left;
        socket.is_announced = false;
        socket.replies.clear();
        socket.delivered = 0;
        if was_broken || !self.nodes.all[socket.node].is_up {
            socket.unread.clear();
        }
        socket.partial.clear();
        socket.partial_of = None;
        socket.unread.retain(|request| !request.is_own());
    }

    pub(super) fn closed_by_client(&mut self, link: LinkId) -> Result {
        let index = self.sockets.iter().position(|s| s.link == link && s.state != State::Left);
        let Some(index) = index else {
            return Err(format!("{link:?} is closed, and was not open"));
        };
        let was_late = self.sockets[index].was_late;
        self.note_at(index, "is closed by the client");
        self.leave(index);
        ensure(!was_late, || {
            "commands have left on a connection that was overdue to be closed".to_owned()
        })
    }
}

impl Socket {
    /// Whether its node can refuse the command that it has read in part.
    pub(super) fn can_be_rejected(&self) -> bool {
        self.state == State::Open
            && self.unread.is_empty()
            && self.partial_of.is_some()
            && self.session.queued.is_none()
            && self.unit.is_none()
    }
}

impl Sendable {
    /// How many bytes the transport takes, including those of the first request that have left.
    pub(super) fn end(&self, cut: Cut) -> usize {
        let last_start =
            self.commands.len().checked_sub(2).map_or(0, |before| self.commands[before].1);
        match cut {
            Cut::Nowhere => self.bytes.len(),
            Cut::BeforeLast => last_start,
            Cut::InsideLast => usize::midpoint(last_start, self.bytes.len()),
            Cut::BeforeEnd => self.bytes.len().saturating_sub(1),
        }
    }
}
