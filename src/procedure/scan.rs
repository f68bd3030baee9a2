//! All keys of a cluster, in steps.
//!
//! Theory of operation. A `SCAN` cursor is valid only for the process that issued it, and only for
//! the keys that this process holds. So a scan remembers slots, not nodes. It walks a node from the
//! first cursor to the last. Then a slot is done if the node served it when the walk began and, by
//! its own account, still serves it at the end. A slot that the node is about to give away is not
//! done. If the node was restarted meanwhile, its cursors meant nothing: no slot is done. If the
//! node has got a slot meanwhile, that slot may have left and come back, behind the cursor: no slot
//! is done either. A node that takes a slot over also takes a new config epoch, unless its epoch is
//! the greatest. In that case no other node has taken a slot from it since (cluster specification,
//! "configEpoch"). The scan walks slots that are not done again, at the node that serves them then.
//! So a scan may return a key twice, and leaves out no key that exists all the time.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::Step;
use crate::action::{Outcome, Reply};
use crate::address::Address;
use crate::command::Command;
use crate::error::{Cause, ConversionError, Error, ErrorKind};
use crate::plan::Call;
use crate::resp::Frame;
use crate::slot::{SLOT_COUNT, Slot};
use crate::topology::Topology;

/// A walk over all keys of a cluster, and how far it has come.
///
/// [`Call::scan`] brings the next page of keys, and the scan for the page after that. The clients'
/// `scan` makes one such call after the other.
///
/// Every key that is there from the beginning to the end is handed out, also if slots move or nodes
/// fail meanwhile; some may be handed out twice, and keys that come or go meanwhile may or may not.
///
/// ```
/// use hashslot::{Call, Scan};
/// let scan = Scan::new().pattern("user:*").count(1000);
/// assert_eq!(scan.done_count(), 0);
/// let first_page = Call::scan(scan);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The options of each `SCAN`.
    options: Vec<Bytes>,
    /// Which slots are done.
    done: Vec<bool>,
    walk: Option<Walk>,
    /// How many walks in a row were in vain.
    failures: u8,
    /// How many pages in a row had no key.
    empty_count: u8,
}

/// What a [`Call::scan`] brings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyPage {
    /// Where the scan goes on, also after an error.
    pub scan: Scan,
    /// Keys; `None` if all have been handed out. After a hundred pages of servers without a key, or
    /// when the time of the call is up, there is none among them, which bounds the wait.
    ///
    /// # Errors
    /// [`Cause::SlotUnassigned`] or [`Cause::SlotMoving`] if slots stay without a node, or between
    /// two, while all others are done; the error of a server or of the client that a retry cannot
    /// help; the last one after too many failures in a row. The scan goes on after any error, best
    /// after a pause.
    pub keys: Result<Option<Vec<Bytes>>, Error>,
}

/// The way through one node.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Walk {
    node: Address,
    /// The slots that it serves, as the topology says, and from the start on as it said itself.
    slots: Vec<Slot>,
    /// Which process it is.
    process: Option<String>,
    /// Its config epoch at the start.
    epoch: Option<u64>,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// It is asked who it is, and for its config epoch.
    Start,
    /// The next cursor.
    Cursor(Bytes),
    /// It is asked the same, and what it serves.
    End,
}

/// How many walks in a row may be in vain before the caller learns of it.
const FAILURE_COUNT_MAX: u8 = 5;

/// How many pages without a key follow each other before an empty one is handed out.
const EMPTY_COUNT_MAX: u8 = 100;

impl Default for Scan {
    fn default() -> Self {
        Self::new()
    }
}

impl Scan {
    /// All keys, of any type.
    #[must_use]
    pub fn new() -> Self {
        let done = alloc::vec![false; usize::from(SLOT_COUNT)];
        Self { options: Vec::new(), done, walk: None, failures: 0, empty_count: 0 }
    }

    /// Only keys whose names match, as `MATCH` of `SCAN` has it.
    #[must_use]
    pub fn pattern(self, pattern: impl AsRef<[u8]>) -> Self {
        self.option("MATCH", pattern.as_ref())
    }

    /// Only keys of this type: `string`, `list`, `set`, `zset`, `hash`, `stream` or a module's.
    #[must_use]
    pub fn of_type(self, name: &str) -> Self {
        self.option("TYPE", name.as_bytes())
    }

    /// How many keys a node looks at in a step, about. Servers take 10 if nothing is said.
    #[must_use]
    pub fn count(self, count: u32) -> Self {
        self.option("COUNT", crate::resp::encode::Digits::of(count.into()).as_bytes())
    }

    fn option(mut self, name: &'static str, value: &[u8]) -> Self {
        self.options.push(Bytes::from_static(name.as_bytes()));
        self.options.push(Bytes::copy_from_slice(value));
        self
    }

    /// How many slots are done, of 16384.
    #[must_use]
    pub fn done_count(&self) -> usize {
        self.done.iter().filter(|done| **done).count()
    }

    /// What comes next.
    pub(super) fn next(&mut self, topology: &Topology, heard: Option<Outcome>) -> Step {
        if let Some(outcome) = heard {
            match self.answered(outcome) {
                Ok(keys) if keys.is_empty() && self.empty_count < EMPTY_COUNT_MAX => {
                    self.empty_count += 1;
                }
                keys => return Step::Over(Ok(self.page(keys.map(Some)))),
            }
        }
        if self.walk.is_none() {
            match self.begin(topology) {
                Ok(walk) => self.walk = walk,
                Err(error) => return Step::Lost(Ok(self.page(Err(error)))),
            }
        }
        match &self.walk {
            Some(walk) => Step::Send(walk.call(&self.options)),
            None => Step::Over(Ok(self.page(Ok(None)))),
        }
    }

    /// How a page ends whose call cannot go on.
    pub(super) fn end(mut self, heard: Outcome) -> Reply {
        let keys = self.answered(heard).map(Some);
        self.page(keys)
    }

    /// A page, with the scan as it is now.
    fn page(&mut self, keys: Result<Option<Vec<Bytes>>, Error>) -> Reply {
        self.empty_count = 0;
        let scan = core::mem::take(self);
        Reply::Scan(Box::new(KeyPage { scan, keys }))
    }

    /// The number of bytes of its options.
    pub(super) fn options_len(&self) -> usize {
        self.options.iter().map(Bytes::len).sum()
    }

    /// A walk through the primary of the first slot that is not done.
    fn begin(&mut self, topology: &Topology) -> Result<Option<Walk>, Error> {
        let is_left = |slot: &Slot| self.done.get(slot.index()) == Some(&false);
        let left = (0..SLOT_COUNT).filter_map(Slot::new).filter(is_left);
        let Some(first) = left.clone().next() else { return Ok(None) };
        let refused = |cause| Err(Error::not_executed(cause).with_slot(first));
        let Some(node) = left.clone().find_map(|slot| topology.primary_of(slot)) else {
            return refused(Cause::SlotUnassigned);
        };
        if self.failures > FAILURE_COUNT_MAX {
            self.failures = 0;
            return refused(Cause::SlotMoving);
        }
        let is_its = |slot: &Slot| topology.primary_of(*slot) == Some(node);
        let slots = left.filter(is_its).collect();
        let node = node.address().clone();
        Ok(Some(Walk { node, slots, process: None, epoch: None, stage: Stage::Start }))
    }

    /// How the last call ended, reply by reply: the keys that it brought, which may be none.
    ///
    /// # Errors
    /// If a reply is no page of keys. The error of the call, if a retry cannot help: the server
    /// refuses it, or the client is closed or at a limit. Also the error of the call after too many
    /// failed walks in a row. The walk may go on all the same: the node of a failed walk is walked
    /// again.
    fn answered(&mut self, outcome: Outcome) -> Result<Vec<Bytes>, Error> {
        let replies = match outcome {
            Ok(Reply::Pipeline(replies)) => replies,
            Ok(_) => return Ok(Vec::new()),
            Err(error) if self.walk.is_none() => return Err(error),
            Err(error) => return self.failed(error).map(|()| Vec::new()),
        };
        let Some(walk) = &mut self.walk else { return Ok(Vec::new()) };
        let mut replies = replies.into_iter();
        match core::mem::replace(&mut walk.stage, Stage::End) {
            Stage::Start => {
                walk.process = replies.next().and_then(|reply| process(&reply.ok()?));
                match replies.next() {
                    Some(Ok(nodes)) => {
                        let Some(line) = own_line(&nodes) else {
                            self.in_vain();
                            return Ok(Vec::new());
                        };
                        let served = served(line);
                        walk.slots.retain(|slot| served.get(slot.index()) == Some(&true));
                        walk.epoch = epoch(line);
                        walk.stage = Stage::Cursor(Bytes::from_static(b"0"));
                        if walk.slots.is_empty() {
                            self.in_vain(); // what the topology says of it is not true any more
                        }
                    }
                    Some(Err(error)) => self.failed(error)?,
                    None => self.in_vain(),
                }
                Ok(Vec::new())
            }
            Stage::Cursor(_) => match replies.next() {
                Some(Ok(frame)) => {
                    let Some((cursor, keys)) = page(&frame) else {
                        self.in_vain(); // keys may be missing
                        return Err(wrong("a cursor and keys"));
                    };
                    if cursor != "0" {
                        walk.stage = Stage::Cursor(cursor);
                    }
                    Ok(keys)
                }
                Some(Err(error)) => self.failed(error).map(|()| Vec::new()),
                None => {
                    self.in_vain();
                    Err(wrong("a reply"))
                }
            },
            Stage::End => {
                let is_same = replies.next().and_then(|who| process(&who.ok()?)) == walk.process;
                match replies.next() {
                    Some(Ok(nodes)) if is_same => self.walked(&nodes),
                    Some(Err(error)) => self.failed(error)?,
                    _ => self.in_vain(),
                }
                Ok(Vec::new())
            }
        }
    }

    /// A walk came to its end: what the node has served all the time is done.
    fn walked(&mut self, nodes: &Frame) {
        let Some(walk) = self.walk.take() else { return };
        self.in_vain();
        let Some(line) = own_line(nodes) else { return };
        if epoch(line) != walk.epoch {
            return;
        }
        let served = served(line);
        for slot in walk.slots {
            if served.get(slot.index()) == Some(&true)
                && let Some(done) = self.done.get_mut(slot.index())
            {
                *done = true;
                self.failures = 0;
            }
        }
    }

    /// The walk is over; it has led to nothing, unless it is found to have.
    fn in_vain(&mut self) {
        self.walk = None;
        self.failures = self.failures.saturating_add(1);
    }

    /// A node has failed: what is left is walked from the beginning, where it is then.
    fn failed(&mut self, error: Error) -> Result<(), Error> {
        self.in_vain();
        let is_final = matches!(
            error.kind(),
            ErrorKind::Server
                | ErrorKind::Authentication
                | ErrorKind::ShutDown
                | ErrorKind::Overloaded
        );
        if is_final || self.failures > FAILURE_COUNT_MAX { Err(error) } else { Ok(()) }
    }
}

impl Walk {
    /// The call that is to be made next.
    fn call(&self, options: &[Bytes]) -> Call {
        let commands = match &self.stage {
            Stage::Start | Stage::End => alloc::vec![
                Command::new("INFO").arg("server"),
                Command::new("CLUSTER").arg("NODES"),
            ],
            Stage::Cursor(cursor) => {
                alloc::vec![Command::new("SCAN").arg(cursor).args(options)]
            }
        };
        Call::pipeline(commands).on_node(self.node.clone())
    }
}

/// The line of `CLUSTER NODES` about the node that was asked.
fn own_line(nodes: &Frame) -> Option<&str> {
    let is_own = |line: &&str| {
        line.split(' ').nth(2).is_some_and(|flags| flags.split(',').any(|flag| flag == "myself"))
    };
    nodes.value().as_str()?.lines().find(is_own)
}

/// Which slots a node serves, and is not about to give away, by its line of `CLUSTER NODES`.
fn served(line: &str) -> Vec<bool> {
    let words = line.split(' ').skip(8);
    let mut served = alloc::vec![false; usize::from(SLOT_COUNT)];
    for word in words.clone() {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) else { continue };
        let count = usize::from(last) + 1;
        served.iter_mut().take(count).skip(first.into()).for_each(|served| *served = true);
    }
    // `[slot->-node]`: its keys are on their way to another node.
    let leaving = words.filter_map(|word| word.strip_prefix('[')?.split_once("->-"));
    for slot in leaving.filter_map(|(slot, _)| slot.parse::<usize>().ok()) {
        if let Some(served) = served.get_mut(slot) {
            *served = false;
        }
    }
    served
}

/// The config epoch in a line of `CLUSTER NODES`.
fn epoch(line: &str) -> Option<u64> {
    line.split(' ').nth(6)?.parse().ok()
}

/// Which process a node is: its `run_id`. None if it does not tell, as managed services do.
fn process(info: &Frame) -> Option<String> {
    let value = info.value();
    let mut lines = value.as_str()?.lines();
    lines.find_map(|line| line.strip_prefix("run_id:")).map(Into::into)
}

/// The next cursor, and the keys.
fn page(frame: &Frame) -> Option<(Bytes, Vec<Bytes>)> {
    let mut parts = frame.value().elements()?;
    let cursor = frame.share(parts.next()?.as_bytes()?);
    let keys = parts.next()?.elements()?;
    let keys = keys.map(|key| Some(frame.share(key.as_bytes()?))).collect::<Option<_>>()?;
    Some((cursor, keys))
}

fn wrong(expected: &'static str) -> Error {
    ConversionError::unexpected(expected, "something else").into()
}
