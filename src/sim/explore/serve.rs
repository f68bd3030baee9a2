//! The steps of the nodes of a small world: they read, execute, queue and redirect commands, and
//! report each to the oracle.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::node::{self, Decision, Request};
use super::oracle::ensure;
use super::setup::{ADDRESSES, KEYS, Shape, slot_of};
use super::transport::{Reply, State};
use super::world::World;

type Result<V = ()> = core::result::Result<V, String>;

impl World<'_> {
    pub(super) fn reject(&mut self, index: usize) {
        self.note_at(index, "refuses what it has not read to its end");
        self.budget.rejections -= 1;
        let socket = &mut self.sockets[index];
        let bytes = b"-ERR Protocol error: invalid bulk length\r\n".to_vec();
        socket.replies.push_back(Reply { bytes, rejects: socket.partial_of.take() });
        socket.state = State::Broken;
    }

    pub(super) fn happen(&mut self) {
        let event = self.setup.events[self.happened];
        self.note(|_| event.shown());
        self.happened += 1;
        self.nodes.happen(event);
        let Self { nodes, sockets, .. } = self;
        for socket in sockets.iter_mut().filter(|socket| !nodes.all[socket.node].is_up) {
            socket.unread.clear();
            if socket.state == State::Open {
                socket.state = State::Broken;
            }
        }
    }

    pub(super) fn read(&mut self, index: usize) -> Result {
        let socket = &mut self.sockets[index];
        let Some(request) = socket.unread.pop_front() else { return Ok(()) };
        let (node, is_left_over) = (socket.node, socket.state == State::Left);
        self.note(|world| format!("{} reads {}", world.name(index), request.shown()));
        let socket = &self.sockets[index];
        let is_asking = socket.session.is_asking;
        let opens = matches!(request, Request::Multi | Request::Data(_));
        ensure(!is_asking || opens || socket.session.queued.is_some(), || {
            format!("ASKING stands before {}", request.shown())
        })?;
        let bytes = match request {
            Request::Slots => self.tell_slots(node),
            Request::Asking => {
                self.sockets[index].session.is_asking = true;
                node::own_reply(request, node)
            }
            Request::Multi if self.setup.refuses_multi => b"-NOPERM no MULTI\r\n".to_vec(),
            Request::Multi => {
                let session = &mut self.sockets[index].session;
                (session.queued, session.is_refused) = (Some(Vec::new()), false);
                node::own_reply(request, node)
            }
            Request::Data(command) => self.serve(index, node, command, is_left_over)?,
            Request::Exec => self.execute(index, node, is_left_over)?,
            _ => node::own_reply(request, node),
        };
        let socket = &mut self.sockets[index];
        if request != Request::Asking && socket.session.queued.is_none() {
            socket.session.is_asking = false;
        }
        self.note(|_| format!("  and answers {}", bytes.escape_ascii()));
        if !is_left_over {
            self.sockets[index].replies.push_back(Reply { bytes, rejects: None });
        }
        Ok(())
    }

    pub(super) fn tell_slots(&mut self, node: usize) -> Vec<u8> {
        for key in 0..KEYS.len() {
            self.oracle.named(key, self.nodes.owner(node, slot_of(key).number()));
        }
        self.nodes.slots(self.setup, node)
    }

    /// Executes a command, queues it for its transaction, or redirects it.
    pub(super) fn serve(
        &mut self,
        index: usize,
        node: usize,
        command: usize,
        is_left_over: bool,
    ) -> Result<Vec<u8>> {
        let key = self.setup.commands[command].key;
        let session = &self.sockets[index].session;
        let is_asking = session.is_asking;
        self.oracle.arrived(self.setup, command, node, is_asking)?;
        let decision = self.nodes.decide(node, key, is_asking);
        match (decision, &mut self.sockets[index].session.queued) {
            (Decision::Run, Some(queued)) => {
                queued.push(command);
                Ok(b"+QUEUED\r\n".to_vec())
            }
            (Decision::Run, None) => {
                self.run(node, command, is_left_over)?;
                if self.setup.calls[self.setup.commands[command].call].shape == Shape::Split {
                    return Ok(b"+OK\r\n".to_vec());
                }
                Ok(node::ran(command))
            }
            (Decision::Moved(to) | Decision::Ask(to), _) => {
                let session = &mut self.sockets[index].session;
                session.is_refused |= session.queued.is_some();
                self.redirect(command, decision, to)
            }
        }
    }

    pub(super) fn redirect(
        &mut self,
        command: usize,
        decision: Decision,
        to: usize,
    ) -> Result<Vec<u8>> {
        let key = self.setup.commands[command].key;
        let is_ask = matches!(decision, Decision::Ask(_));
        self.oracle.redirected(self.setup, command, to, is_ask)?;
        Ok(node::redirection(if is_ask { "ASK" } else { "MOVED" }, key, to))
    }

    pub(super) fn run(&mut self, node: usize, command: usize, is_left_over: bool) -> Result {
        let key = self.setup.commands[command].key;
        ensure(self.nodes.holders[key] == node, || {
            format!("command {command} runs at {}, which does not store its key", ADDRESSES[node])
        })?;
        self.oracle.runs(self.setup, command, is_left_over)?;
        self.nodes.lists[key].push(command);
        Ok(())
    }

    pub(super) fn execute(
        &mut self,
        index: usize,
        node: usize,
        is_left_over: bool,
    ) -> Result<Vec<u8>> {
        let session = &mut self.sockets[index].session;
        let (is_asking, is_refused) = (session.is_asking, session.is_refused);
        let Some(queued) = session.queued.take() else {
            return Ok(b"-ERR EXEC without MULTI\r\n".to_vec());
        };
        if is_refused {
            return Ok(b"-EXECABORT Transaction discarded\r\n".to_vec());
        }
        let call = queued.first().map(|command| self.setup.commands[*command].call);
        let planned = call.map_or(&[][..], |call| &self.setup.calls[call].commands);
        ensure(queued == planned, || format!("a transaction has {queued:?}, not {planned:?}"))?;
        for command in &queued {
            let decision = self.nodes.decide(node, self.setup.commands[*command].key, is_asking);
            if let Decision::Moved(to) | Decision::Ask(to) = decision {
                return self.redirect(*command, decision, to);
            }
        }
        queued.iter().try_for_each(|command| self.run(node, *command, is_left_over))?;
        Ok(node::all_ran(&queued))
    }
}
