//! How a simulated node reads commands, whether it runs them, and what it answers.
//!
//! Source: the servers' `processCommand` and `getNodeByQuery`, and what each version was seen to
//! answer. The differential tests compare these answers with those of real servers.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::conditions::LONGEST;
use super::data::{self, Known, Words, spelled};
use super::faults::Fault;
use super::node::{Effect, Node, Session, Version};
use super::scripts;
use super::tell::Teller;
use super::{ConnectionId, Direction, State, World};
use crate::address::Address;
use crate::config::Protocol;
use crate::error::Disconnect;
use crate::resp::encode;
use crate::slot::Slot;

/// What a node says to an argument that is longer than it accepts.
pub(in crate::sim) const TOO_LONG: &[u8] = b"-ERR Protocol error: invalid bulk length\r\n";

/// Reads one command off the front of what came in.
///
/// **Shape**: an array of bulk strings, and nothing else: clients send no other. `None` while it is
/// not whole.
///
/// # Errors
/// What is no command.
pub(in crate::sim) fn next_command(input: &[u8]) -> Result<Option<(Words, usize)>, ()> {
    let mut at = 0;
    let Some(count) = header(input, &mut at, b'*')? else { return Ok(None) };
    let mut words = Vec::new();
    for _ in 0..count {
        let Some(len) = header(input, &mut at, b'$')? else { return Ok(None) };
        let Some(word) = input.get(at..at + len) else { return Ok(None) };
        let Some(end) = input.get(at + len..at + len + 2) else { return Ok(None) };
        if end != b"\r\n" {
            return Err(());
        }
        words.push(word.to_owned());
        at += len + 2;
    }
    if words.is_empty() { Err(()) } else { Ok(Some((words, at))) }
}

/// The length of an argument that is longer than this, of the command at the front of what came in.
/// What it announces is enough.
///
/// Source: `processMultibulkBuffer`, which refuses a length before it reads what has it.
fn too_long(input: &[u8], len_max: usize) -> Option<usize> {
    let mut at = 0;
    for _ in 0..header(input, &mut at, b'*').ok()?? {
        let len = header(input, &mut at, b'$').ok()??;
        if len > len_max {
            return Some(len);
        }
        at += len + 2;
        if at > input.len() {
            return None;
        }
    }
    None
}

fn header(input: &[u8], at: &mut usize, kind: u8) -> Result<Option<usize>, ()> {
    let rest = &input[*at..];
    match rest.first() {
        None => return Ok(None),
        Some(first) if *first != kind => return Err(()),
        Some(_) => {}
    }
    let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let number = core::str::from_utf8(&rest[1..end]).ok().and_then(|text| text.parse().ok());
    *at += end + 2;
    number.map(Some).ok_or(())
}

impl Session {
    fn refuse(&mut self, out: &mut Vec<u8>, refusal: String) {
        encode::error(out, refusal.as_bytes());
        if self.queued.is_some() {
            self.refusal = Some(refusal);
        }
    }
}

impl World {
    /// Runs a command at a node at once, as if it had just come in on a connection of its own, and
    /// tells the reply.
    ///
    /// # Panics
    /// If there is no such node, or no command in the words.
    pub fn execute(&mut self, node: usize, session: &mut Session, words: &[Vec<u8>]) -> Vec<u8> {
        let mut reply = Vec::new();
        self.answer(node, session, words, &mut reply);
        reply
    }

    /// Answers what came in on a connection, as far as the node can.
    pub(super) fn serve(&mut self, id: ConnectionId) {
        loop {
            let pipe_len_max = self.conditions.pipe_len_max;
            let Some(connection) = self.connections.get_mut(&id) else { return };
            let Some(index) = connection.node else { return };
            let node = &self.nodes[index];
            let is_full = connection.down.len >= pipe_len_max;
            let is_open = matches!(connection.state, State::Open | State::Left);
            let is_there = node.is_up || node.stranger.is_some();
            let is_able = is_there && !node.is_frozen && !node.is_mute && !is_full && is_open;
            if !is_able || connection.input.is_empty() {
                return;
            }
            if let Some(len) = too_long(&connection.input, self.conditions.bulk_len_max) {
                return self.refuse_unread(id, index, len);
            }
            let (words, len) = match next_command(&connection.input) {
                Ok(Some(command)) => command,
                Ok(None) => return,
                Err(()) => {
                    self.history.violation(format!("client {} sends no RESP", connection.client));
                    return self.reset(id, Disconnect::EndOfStream);
                }
            };
            connection.input.drain(..len);
            let (slowness, is_stranger) = (node.slowness, node.stranger.is_some());
            let fresh = Session::new(connection.client);
            let mut session = core::mem::replace(&mut connection.session, fresh);
            let mut reply = Vec::new();
            self.trace
                .line(self.now, || format!("node {index} <- ({}) {}", id.0, data::shown(&words)));
            if is_stranger {
                self.answer_as_stranger(index, &mut session, &words, &mut reply);
            } else {
                self.watch(index, &session, &words);
                self.answer(index, &mut session, &words, &mut reply);
            }
            if !is_stranger && self.is_spoilt(index, &words, &session, &mut reply) {
                self.put(id, Direction::ToClient, &reply, slowness);
                return self.reset(id, Disconnect::EndOfStream);
            }
            self.make_odd(index, &words, &session, &mut reply);
            self.trace.line(self.now, || {
                let shown = reply.get(..60).unwrap_or(&reply).escape_ascii();
                format!("node {index} -> ({}) {shown}", id.0)
            });
            let Some(connection) = self.connections.get_mut(&id) else { return };
            connection.session = session;
            if connection.state == State::Open {
                self.history.answered(connection.client, &reply);
                self.put(id, Direction::ToClient, &reply, slowness);
                if self.chance(Fault::HangUp, self.while_faulty(self.conditions.hang_ups)) {
                    self.hang_up(id, index);
                }
            }
        }
    }

    /// Refuses a command that has not been read to its end, which is the end of the connection.
    fn refuse_unread(&mut self, id: ConnectionId, node: usize, len: usize) {
        self.nemesis.count(Fault::RefuseUnread);
        let number = len.saturating_sub(LONGEST).try_into().unwrap_or(u64::MAX);
        self.history.refused_unread.insert(id, number);
        self.trace.line(self.now, || format!("node {node} -> ({}) refuses a length", id.0));
        self.put(id, Direction::ToClient, TOO_LONG, Duration::ZERO);
        self.hang_up(id, node);
    }

    /// A node ends a connection behind what it has said. What is on its way to it is lost.
    fn hang_up(&mut self, id: ConnectionId, node: usize) {
        self.disturb(node, self.now);
        self.history.broke_off(node);
        self.reset(id, Disconnect::Reset);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.takes_none = true;
        }
    }

    /// Checks what a client may send, whatever the answer.
    fn watch(&mut self, node: usize, session: &Session, words: &[Vec<u8>]) {
        let known = data::known(&words[0]);
        let keys = known.map(|known| known.keys_of(words)).unwrap_or_default();
        let client = session.client;
        let opens_transaction = words[0] == b"MULTI";
        if session.has_just_asked && keys.is_empty() && !opens_transaction {
            let shown = data::shown(words);
            self.history.violation(format!("client {client}: ASKING stands before {shown}"));
        }
        if words[0] == b"ASKING" && session.queued.is_some() {
            self.history.violation(format!("client {client}: ASKING inside a transaction"));
        }
        if !session.is_greeted && !keys.is_empty() {
            let shown = data::shown(words);
            self.history
                .violation(format!("client {client}: {shown} before any reply to its greeting"));
        }
        if let Some(key) = keys.first() {
            let slot = Slot::of_key(key).number();
            let number = data::number_of(words);
            let imports = self.nodes[node].importing.contains_key(&slot);
            let is_asking = session.is_asking;
            let is_served = self.true_owner(slot).is_some();
            self.history
                .arrived(self.now, client, node, slot, number, is_asking, imports, is_served);
        }
    }

    /// Runs a command, or says why not.
    pub(super) fn answer(
        &mut self,
        index: usize,
        session: &mut Session,
        words: &[Vec<u8>],
        out: &mut Vec<u8>,
    ) {
        let was_in_transaction = session.queued.is_some();
        session.has_just_asked = false;
        self.process(index, session, words, out);
        // ASKING holds for the next command, or for all until EXEC.
        let is_asking = words[0].eq_ignore_ascii_case(b"ASKING");
        if !is_asking && session.queued.is_none() {
            session.is_asking = false;
        }
        if was_in_transaction && session.queued.is_none() {
            session.refusal = None;
        }
    }

    fn process(
        &mut self,
        index: usize,
        session: &mut Session,
        words: &[Vec<u8>],
        out: &mut Vec<u8>,
    ) {
        let name = String::from_utf8_lossy(&words[0]).into_owned();
        let known = data::known(&words[0]).filter(|known| !self.is_yet_to_come(known));
        let Some(known) = known else {
            return session.refuse(out, format!("ERR unknown command '{name}'"));
        };
        let malformed = self.malformed(session, known, words);
        if let Some(text) = malformed {
            if known.name == "EXEC" {
                self.history.refused_all(index, session, &text, None);
                session.queued = None;
                let text = format!("EXECABORT Transaction discarded because of: {text}");
                return encode::error(out, text.as_bytes());
            }
            return session.refuse(out, text);
        }
        let forged = self.forged(index, session, known, words);
        if forged.is_some() {
            self.history.put_off(words); // some of them are followed, and others waited for
        }
        if let Some(refusal) = forged.or_else(|| self.refusal(index, session, known, words)) {
            let target = self.named_in(&refusal);
            self.history.refused(index, session.client, words, &refusal, target);
            if known.name == "EXEC" {
                self.history.refused_all(index, session, &refusal, target);
                session.queued = None;
            }
            return session.refuse(out, refusal);
        }
        let stays_out = matches!(known.name, "EXEC" | "DISCARD" | "MULTI");
        if let Some(queued) = &mut session.queued
            && !stays_out
        {
            queued.push(words.to_vec());
            if session.refusal.is_none() {
                session.kept = queued.len();
            }
            return encode::simple(out, b"QUEUED");
        }
        match known.run {
            Some(_) => self.run(index, session, known, words, out),
            None => self.control(index, session, known, words, out),
        }
    }

    /// Why a command is none, here and now.
    fn malformed(&self, session: &Session, known: &Known, words: &[Vec<u8>]) -> Option<String> {
        let name = known.name.to_ascii_lowercase();
        if !known.accepts(words.len()) {
            return Some(format!("ERR wrong number of arguments for '{name}' command"));
        }
        // Subcommands are looked up like commands since 7.0, and by the command itself before.
        if self.version >= Version::Redis70 && matches!(known.name, "CLUSTER" | "CLIENT") {
            let subcommand = String::from_utf8_lossy(&words[1]).to_ascii_lowercase();
            match accepts_subcommand(self.version, words) {
                Some(true) => {}
                Some(false) => {
                    let text =
                        format!("ERR wrong number of arguments for '{name}|{subcommand}' command");
                    return Some(text);
                }
                None => return Some(unknown_subcommand(words)),
            }
        }
        let is_nested = known.name == "MULTI" && session.queued.is_some();
        (is_nested && self.version == Version::Valkey9)
            .then(|| "ERR Command 'multi' not allowed inside a transaction".into())
    }

    /// The node that a redirection leads to.
    fn named_in(&self, refusal: &str) -> Option<usize> {
        let mut words = refusal.split(' ').skip(1);
        let (_, endpoint) = (words.next()?, words.next()?);
        let (host, port) = endpoint.rsplit_once(':')?;
        let port: u16 = port.parse().ok()?;
        let is_it = |node: &Node| {
            let mut addresses = [&node.address].into_iter().chain(&node.former_addresses);
            let is_one = |address: &Address| {
                address.port() == port && (host.is_empty() || host == address.host())
            };
            addresses.any(is_one)
        };
        self.nodes.iter().position(is_it)
    }

    /// Why a node does not run a command.
    fn refusal(
        &self,
        index: usize,
        session: &Session,
        known: &Known,
        words: &[Vec<u8>],
    ) -> Option<String> {
        let node = &self.nodes[index];
        let is_exec = known.name == "EXEC";
        let redirected = match &session.queued {
            Some(queued) if is_exec => {
                // Valkey 9 forgets them when one is refused.
                let forgets = session.refusal.is_some() && self.version == Version::Valkey9;
                let kept = queued.iter().take(if forgets { 0 } else { session.kept });
                let commands = kept.filter_map(|words| Some((data::known(&words[0])?, words)));
                let keys = commands.clone().flat_map(|(known, words)| known.keys_of(words));
                let writes = commands.clone().any(|(known, _)| known.writes);
                self.redirection(index, session, &keys.collect::<Vec<_>>(), writes, Looks::All)
            }
            queued => {
                let keys = known.keys_of(words);
                let looks = if known.name == "MIGRATE" {
                    Looks::AtClosedSlots
                } else if queued.is_some() && self.version == Version::Valkey9 {
                    Looks::AtOwners
                } else {
                    Looks::All
                };
                self.redirection(index, session, &keys, known.writes, looks)
            }
        };
        if redirected.is_some() {
            return redirected;
        }
        if self.now < node.loading_until && (known.run.is_some() || is_exec) {
            return Some("LOADING Redis is loading the dataset in memory".into());
        }
        let writes_on_replica = known.writes && node.primary.is_some() && known.run.is_some();
        if writes_on_replica && session.queued.is_none() {
            return Some("READONLY You can't write against a read only replica.".into());
        }
        None
    }

    /// Where else the keys are, or why they are nowhere.
    pub(super) fn redirection(
        &self,
        index: usize,
        session: &Session,
        keys: &[&[u8]],
        writes: bool,
        looks: Looks,
    ) -> Option<String> {
        let node = &self.nodes[index];
        let slot = Slot::of_key(keys.first()?).number();
        let Some(owner) = *node.view.owners.get(slot) else {
            return Some("CLUSTERDOWN Hash slot not served".into());
        };
        if keys.iter().any(|key| Slot::of_key(key).number() != slot) {
            return Some("CROSSSLOT Keys in request don't hash to the same slot".into());
        }
        if self.is_down(index) {
            return Some("CLUSTERDOWN The cluster is down".into());
        }
        let target = node.migrating.get(&slot).copied().filter(|_| owner == index);
        let imports = node.importing.contains_key(&slot) && owner != index;
        let missing = match looks {
            Looks::AtOwners => 0,
            Looks::All | Looks::AtClosedSlots => {
                keys.iter().filter(|key| !node.data.entries.contains_key(**key)).count()
            }
        };
        let in_motion = target.is_some() || imports;
        if looks == Looks::AtClosedSlots && in_motion {
            return None;
        }
        if let Some(target) = target
            && missing > 0
        {
            let some_are_here = missing < keys.len();
            if some_are_here && self.version >= Version::Redis70 {
                return Some(TRYAGAIN.into());
            }
            if target == index {
                return None; // it may be told to migrate to itself
            }
            let to =
                self.teller(index, session.protocol).endpoint(&self.claimed_address(index, target));
            return Some(format!("ASK {slot} {to}"));
        }
        if imports && session.is_asking {
            let are_several = keys.iter().any(|key| *key != keys[0]);
            return (are_several && missing > 0).then(|| TRYAGAIN.into());
        }
        let may_read = session.is_read_only && !writes && node.primary == Some(owner);
        if owner == index || may_read {
            return None;
        }
        let to = self.teller(index, session.protocol).endpoint(&self.claimed_address(index, owner));
        Some(format!("MOVED {slot} {to}"))
    }

    /// Runs a command on the data.
    pub(super) fn run(
        &mut self,
        index: usize,
        session: &Session,
        known: &Known,
        words: &[Vec<u8>],
        out: &mut Vec<u8>,
    ) {
        let Some(run) = known.run else { return };
        let start = out.len();
        let is_script = known.is_script();
        let scripts = &mut self.nodes[index].scripts;
        let spelled = if is_script { scripts.spelled(words) } else { Some(words.to_vec()) };
        let Some(words) = spelled.as_deref() else {
            self.history.put_off(words); // what is on its way behind it overtakes it
            return encode::error(out, scripts::no_script(self.version));
        };
        // What a script does is looked at again: in a transaction, the slot may have moved
        // meanwhile.
        if is_script
            && self.redirection(index, session, &known.keys_of(words), true, Looks::All).is_some()
        {
            let text = b"ERR Script attempted to access a non local key in a cluster node";
            return encode::error(out, text);
        }
        let node = &mut self.nodes[index];
        let has_changed = run(&mut node.data, words, session.protocol, out);
        if is_script && out[start..].starts_with(b"-WRONGTYPE") && self.version == Version::Redis62
        {
            out.truncate(start);
            encode::error(out, b"ERR Error running script");
        }
        if has_changed {
            node.note(Effect::Ran(Arc::from(words)));
            self.send_to_replicas(index);
        }
        self.history.ran(self.now, index, session.client, known, words, &out[start..]);
    }

    fn execute_transaction(&mut self, index: usize, session: &mut Session, out: &mut Vec<u8>) {
        if let Some(refusal) = &session.refusal {
            let target = self.named_in(refusal);
            self.history.refused_all(index, session, refusal, target);
        }
        let Some(queued) = session.queued.take() else {
            return encode::error(out, b"ERR EXEC without MULTI");
        };
        if session.refusal.is_some() {
            let text = b"EXECABORT Transaction discarded because of previous errors.";
            return encode::error(out, text);
        }
        encode::array_header(out, queued.len());
        for words in &queued {
            if let Some(known) = data::known(&words[0]) {
                match known.run {
                    Some(_) => self.run(index, session, known, words, out),
                    None => self.control(index, session, known, words, out),
                }
            }
        }
    }

    /// Runs a command on the connection or the cluster.
    fn control(
        &mut self,
        index: usize,
        session: &mut Session,
        known: &Known,
        words: &[Vec<u8>],
        out: &mut Vec<u8>,
    ) {
        match known.name {
            "HELLO" => self.hello(session, words, out),
            "CLIENT" if accepts_subcommand(self.version, words) != Some(true) => {
                encode::error(out, unknown_subcommand(words).as_bytes());
            }
            "SELECT" if spelled(&words[1]) != Some(0) => {
                encode::error(out, b"ERR SELECT is not allowed in cluster mode");
            }
            "READONLY" | "READWRITE" => {
                session.is_read_only = known.name == "READONLY";
                encode::simple(out, b"OK");
            }
            "ASKING" => {
                session.is_asking = true;
                session.has_just_asked = true;
                encode::simple(out, b"OK");
            }
            "MULTI" if session.queued.is_some() => {
                encode::error(out, b"ERR MULTI calls can not be nested");
            }
            "MULTI" => {
                session.queued = Some(Vec::new());
                session.kept = 0;
                session.refusal = None;
                encode::simple(out, b"OK");
            }
            "EXEC" => self.execute_transaction(index, session, out),
            "DISCARD" if session.queued.take().is_none() => {
                encode::error(out, b"ERR DISCARD without MULTI");
            }
            "CLIENT" if words[1].eq_ignore_ascii_case(b"KILL") => {
                self.node_command(index, session, known, words, out);
            }
            "AUTH" | "CLIENT" | "SELECT" | "DISCARD" => encode::simple(out, b"OK"),
            "MIGRATE" => self.migrate(index, words, out),
            "INFO" | "CONFIG" => self.node_command(index, session, known, words, out),
            _ => self.cluster_command(index, session, words, out),
        }
    }

    pub(super) fn hello(&self, session: &mut Session, words: &[Vec<u8>], out: &mut Vec<u8>) {
        let protocol = match words.get(1).map(|word| spelled(word)) {
            Some(Some(3)) => Protocol::Resp3,
            Some(Some(2)) => Protocol::Resp2,
            None => session.protocol,
            Some(Some(_)) => return encode::error(out, b"NOPROTO unsupported protocol version"),
            Some(None) => {
                return encode::error(
                    out,
                    b"ERR Protocol version is not an integer or out of range",
                );
            }
        };
        let mut options = words.iter().skip(2);
        while let Some(option) = options.next() {
            let word_count = match option.to_ascii_uppercase().as_slice() {
                b"AUTH" => 2,
                b"SETNAME" => 1,
                _ => 0,
            };
            if word_count == 0 || options.by_ref().take(word_count).count() < word_count {
                return encode::error(out, b"ERR Syntax error in HELLO");
            }
        }
        session.protocol = protocol;
        let server = if self.version == Version::Valkey9 { "valkey" } else { "redis" };
        let text = |out: &mut Vec<u8>, name: &str, text: &str| {
            encode::bulk(out, name.as_bytes());
            encode::bulk(out, text.as_bytes());
        };
        encode::map_header(out, 7, protocol);
        text(out, "server", server);
        text(out, "version", self.version.number());
        encode::bulk(out, b"proto");
        encode::integer(out, if protocol == Protocol::Resp3 { 3 } else { 2 });
        encode::bulk(out, b"id");
        encode::integer(out, i64::try_from(session.client).unwrap_or(i64::MAX));
        text(out, "mode", "cluster");
        text(out, "role", "master");
        encode::bulk(out, b"modules");
        encode::array_header(out, 0);
    }

    pub(super) fn teller(&self, index: usize, protocol: Protocol) -> Teller<'_> {
        Teller {
            node: &self.nodes[index],
            index,
            nodes: &self.nodes,
            version: self.version,
            endpoints: self.endpoints,
            protocol,
        }
    }
}

/// What decides where a command has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    All,
    /// A slot in motion is open to `MIGRATE`.
    AtClosedSlots,
    /// Valkey 9 looks at the keys of a transaction when it runs, not when it is queued.
    AtOwners,
}

/// Whether a subcommand may have this many words; none if there is no such subcommand.
pub(super) fn accepts_subcommand(version: Version, words: &[Vec<u8>]) -> Option<bool> {
    let name = |at: usize| words.get(at).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    Some(match (name(0).as_slice(), name(1).as_slice()) {
        (b"CLUSTER", b"SHARDS") if version == Version::Redis62 => return None,
        (b"CLUSTER", b"SHARDS" | b"SLOTS" | b"NODES" | b"MYID") => words.len() == 2,
        (b"CLUSTER", b"KEYSLOT" | b"COUNTKEYSINSLOT") | (b"CLIENT", b"SETNAME") => words.len() == 3,
        (b"CLUSTER", b"SETSLOT") => words.len() >= 4,
        (b"CLIENT", b"KILL") => words.len() == 4,
        (b"CLIENT", b"SETINFO") if version >= Version::Redis82 => words.len() == 4,
        _ => return None,
    })
}

pub(super) fn unknown_subcommand(words: &[Vec<u8>]) -> String {
    let (command, subcommand) =
        (String::from_utf8_lossy(&words[0]), String::from_utf8_lossy(&words[1]));
    let command = command.to_ascii_uppercase();
    format!("ERR unknown subcommand '{subcommand}'. Try {command} HELP.")
}

pub(super) const TRYAGAIN: &str = "TRYAGAIN Multiple keys request during rehashing of slot";
