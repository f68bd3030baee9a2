//! What the keys of a task may hold, judged by nothing but what its callers were told.
//!
//! Each write has an id that no other write has. What was acknowledged is there exactly once; what
//! provably did not run is not there; what may have run is there at most once, and may come late.

use std::collections::BTreeMap;
use std::io;

use hashslot::Error;
use hashslot::resp::Value;

use crate::servers::cluster::Cluster;
use crate::servers::raw::Reply;
use crate::servers::slots::slot_of;

/// How many keys are read at a time when the servers are asked what they hold.
const PIPELINE_LEN: usize = 200;

/// How the calls of a load ended.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Commands that were called.
    pub(crate) calls: u64,
    /// Commands that may have run.
    pub(crate) maybe: u64,
    /// Commands that provably did not run.
    pub(crate) not_executed: u64,
    /// Commands without an end.
    pub(crate) unanswered: u64,
    /// Writes that ran more than once.
    pub(crate) doubled: u64,
    /// Writes that were acknowledged and are not there.
    pub(crate) lost: u64,
    /// Those of them that servers lost where they may: a failover without agreement.
    pub(crate) forgiven: u64,
    /// Answers that are none, or not to what was asked.
    pub(crate) wrong: Vec<String>,
    /// Every error that a caller got.
    pub(crate) errors: Vec<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.maybe += other.maybe;
        self.not_executed += other.not_executed;
        self.unanswered += other.unanswered;
        self.doubled += other.doubled;
        self.lost += other.lost;
        self.forgiven += other.forgiven;
        self.wrong.extend(other.wrong);
        self.errors.extend(other.errors);
    }
}

/// What is known about one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Acknowledged,
    Maybe,
    NotExecuted,
}

/// How a key grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `RPUSH`: each element is an id.
    List,
    /// `APPEND`: ids, each with a semicolon behind it.
    Text,
    /// `INCR`: ids are counted only.
    Count,
}

/// Everything that was added to one key.
#[derive(Debug)]
struct Ledger {
    kind: Kind,
    added: Vec<(u64, Fate)>,
    /// The least and the most that the key may have grown to.
    least: u64,
    most: u64,
}

/// A key that is overwritten: what it holds, and what may yet be written to it.
#[derive(Debug, Default)]
struct Register {
    now: Option<u64>,
    floating: Vec<u64>,
}

/// What a command is there for, and so what its answer has to be.
#[derive(Debug)]
pub(crate) enum Expected {
    /// An id is added to a key; the answer is how much the key holds.
    Added { key: String, kind: Kind, id: u64 },
    /// A value is written.
    Written { key: String, id: u64 },
    /// The values of keys.
    Values(Vec<String>),
}

/// How a command ended, as its caller sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ended<'a> {
    Value(Value<'a>),
    Maybe,
    NotExecuted,
}

/// All that one task knows about its keys.
#[derive(Debug)]
pub(crate) struct Book {
    /// In every id and key of the task, and in no other's.
    name: String,
    /// Whether servers may lose what they have acknowledged.
    may_lose: bool,
    ledgers: BTreeMap<String, Ledger>,
    registers: BTreeMap<String, Register>,
    pub(crate) tally: Tally,
}

impl Book {
    pub(crate) fn new(name: String, may_lose: bool) -> Self {
        let (ledgers, registers) = Default::default();
        Self { name, may_lose, ledgers, registers, tally: Tally::default() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// An id as it is written.
    pub(crate) fn text_of(&self, id: u64) -> String {
        format!("{}.{id}", self.name)
    }

    /// Counts an error, and says what it means for its command.
    pub(crate) fn judge(&mut self, error: &Error) -> Ended<'static> {
        self.tally.errors.push(error.to_string());
        let is_unknown = error.may_have_executed() && error.cause().is_some();
        if is_unknown {
            self.tally.maybe += 1;
            Ended::Maybe
        } else if error.may_have_executed() {
            self.wrong(error.to_string());
            Ended::Maybe
        } else {
            self.tally.not_executed += 1;
            Ended::NotExecuted
        }
    }

    pub(crate) fn wrong(&mut self, what: String) {
        self.tally.wrong.push(what);
    }

    /// Compares an answer with what it has to be, and notes what it tells.
    pub(crate) fn settle(&mut self, expected: Expected, ended: Ended<'_>) {
        match expected {
            Expected::Added { key, kind, id } => self.settle_added(key, kind, id, ended),
            Expected::Written { key, id } => {
                let register = self.registers.entry(key).or_default();
                match ended {
                    Ended::Value(Value::Simple(b"OK")) => register.now = Some(id),
                    Ended::Value(other) => self.wrong(format!("SET: {other:?}")),
                    Ended::Maybe => register.floating.push(id),
                    Ended::NotExecuted => {}
                }
            }
            Expected::Values(keys) => {
                let Ended::Value(value) = ended else { return };
                match (keys.as_slice(), value.elements()) {
                    ([key], None) => self.check(key, value.as_bytes(), value.is_null()),
                    (keys, Some(values)) if values.len() == keys.len() => {
                        for (key, value) in keys.iter().zip(values) {
                            self.check(key, value.as_bytes(), value.is_null());
                        }
                    }
                    _ => self.wrong(format!("{keys:?}: {value:?}")),
                }
            }
        }
    }

    fn settle_added(&mut self, key: String, kind: Kind, id: u64, ended: Ended<'_>) {
        let size = match kind {
            Kind::List | Kind::Count => 1,
            Kind::Text => u64::try_from(self.text_of(id).len() + 1).unwrap_or(u64::MAX),
        };
        let added = Vec::new();
        let ledger = self.ledgers.entry(key).or_insert(Ledger { kind, added, least: 0, most: 0 });
        let fate = match ended {
            Ended::Value(_) => Fate::Acknowledged,
            Ended::Maybe => Fate::Maybe,
            Ended::NotExecuted => Fate::NotExecuted,
        };
        ledger.added.push((id, fate));
        if fate != Fate::NotExecuted {
            ledger.most += size;
        }
        let Ended::Value(value) = ended else { return };
        let least = ledger.least + size;
        let Some(found) = value.as_integer().and_then(|found| u64::try_from(found).ok()) else {
            self.wrong(format!("{kind:?}: {value:?}"));
            return;
        };
        ledger.least = found;
        let most = ledger.most;
        if found > most || (found < least && !self.may_lose) {
            let text = self.text_of(id);
            self.wrong(format!("{kind:?} {text} is answered {found}, not {least} to {most}"));
        }
    }

    /// Compares a value with what its key may hold.
    fn check(&mut self, key: &str, bytes: Option<&[u8]>, is_null: bool) {
        let found = bytes.map(String::from_utf8_lossy);
        let register = self.registers.entry(key.to_owned()).or_default();
        if is_null {
            if register.now.is_some() && !self.may_lose {
                self.wrong(format!("{key} holds nothing, not {:?}", self.registers.get(key)));
            }
            return;
        }
        let id = found.as_ref().and_then(|found| found.strip_prefix(key)?.strip_prefix('='));
        let Some(id) = id.and_then(|id| id.parse::<u64>().ok()) else {
            self.wrong(format!("{key} holds what is not its own: {found:?}"));
            return;
        };
        let is_known = register.now == Some(id) || register.floating.contains(&id);
        register.floating.retain(|other| *other != id);
        if !is_known && !self.may_lose {
            let what = format!("{key} holds {id}, not one of {register:?}");
            self.wrong(what);
        } else {
            register.now = Some(id);
        }
    }

    /// Compares what a server holds in the end with what was told to the callers.
    fn compare(&mut self, key: &str, reply: &Reply) {
        if let Some(error) = reply.error() {
            return self.wrong(format!("{key}: {error}"));
        }
        if self.registers.contains_key(key) {
            return self.check(key, reply.bytes(), reply.is_null());
        }
        let Some(ledger) = self.ledgers.get(key) else { return };
        if ledger.kind == Kind::Count {
            let found = reply.text().map_or(Some(0), |text| text.parse().ok());
            let Some(found) = found else { return self.wrong(format!("{key}: {reply:?}")) };
            let acknowledged = count_of(&ledger.added, Fate::Acknowledged);
            let most = acknowledged + count_of(&ledger.added, Fate::Maybe);
            self.tally.doubled += u64::saturating_sub(found, most);
            self.note_lost(u64::saturating_sub(acknowledged, found));
            return;
        }
        let ids: Vec<_> = match ledger.kind {
            Kind::List => reply.elements().iter().filter_map(Reply::text).collect(),
            Kind::Text | Kind::Count => {
                let text = reply.text().unwrap_or_default();
                text.split_terminator(';').map(str::to_owned).collect()
            }
        };
        self.compare_ids(key, &ids);
    }

    fn compare_ids(&mut self, key: &str, ids: &[String]) {
        let mut counts = BTreeMap::<u64, u64>::new();
        for text in ids {
            let id = text.strip_prefix(&self.name).and_then(|rest| rest.strip_prefix('.'));
            match id.and_then(|id| id.parse().ok()) {
                Some(id) => *counts.entry(id).or_default() += 1,
                None => self.wrong(format!("{key} holds what is not its own: {text}")),
            }
        }
        let Some(ledger) = self.ledgers.get(key) else { return };
        let (mut lost, mut doubled, mut wrong) = (0, 0, Vec::new());
        for (id, fate) in &ledger.added {
            let count = counts.remove(id).unwrap_or(0);
            doubled += count.saturating_sub(1);
            match fate {
                Fate::Acknowledged if count == 0 => lost += 1,
                Fate::NotExecuted if count > 0 => {
                    wrong.push(format!("{key} holds {id}, which did not run, it was said"));
                }
                Fate::Acknowledged | Fate::Maybe | Fate::NotExecuted => {}
            }
        }
        wrong.extend(counts.keys().map(|id| format!("{key} holds {id}, which is another's")));
        self.tally.doubled += doubled;
        self.tally.wrong.extend(wrong);
        self.note_lost(lost);
    }

    fn note_lost(&mut self, count: u64) {
        self.tally.lost += count;
        if self.may_lose {
            self.tally.forgiven += count;
        }
    }

    /// Writes that were acknowledged, to slots of this range.
    pub(crate) fn acknowledged_in(&self, (first, last): (u16, u16)) -> u64 {
        let in_range = |key: &&String| (first..=last).contains(&slot_of(key.as_str()));
        let ledgers = self.ledgers.iter().filter(|(key, _)| in_range(key));
        ledgers.map(|(_, ledger)| count_of(&ledger.added, Fate::Acknowledged)).sum()
    }

    /// A key with an acknowledged write of this kind, and the last id that was.
    pub(crate) fn example(&self, kind: Kind) -> Option<(&str, u64)> {
        self.ledgers.iter().filter(|(_, ledger)| ledger.kind == kind).find_map(|(key, ledger)| {
            let (id, fate) = ledger.added.last()?;
            (*fate == Fate::Acknowledged).then_some((key.as_str(), *id))
        })
    }

    /// A key that has been overwritten.
    pub(crate) fn example_value(&self) -> Option<&str> {
        let mut registers = self.registers.iter().filter(|(_, register)| register.now.is_some());
        registers.next().map(|(key, _)| key.as_str())
    }

    /// Each key with the command that reads it.
    fn questions(&self) -> impl Iterator<Item = (String, Vec<String>)> {
        let ledgers = self.ledgers.iter().map(|(key, ledger)| match ledger.kind {
            Kind::List => (key, ["LRANGE", key, "0", "-1"].as_slice().join(" ")),
            Kind::Text | Kind::Count => (key, format!("GET {key}")),
        });
        let registers = self.registers.keys().map(|key| (key, format!("GET {key}")));
        let words = |text: String| text.split(' ').map(str::to_owned).collect();
        ledgers.chain(registers).map(move |(key, text)| (key.clone(), words(text)))
    }
}

fn count_of(added: &[(u64, Fate)], fate: Fate) -> u64 {
    u64::try_from(added.iter().filter(|(_, other)| *other == fate).count()).unwrap_or(u64::MAX)
}

/// Reads every key from the primary of its slot, past the client, and compares.
pub(crate) fn audit(cluster: &Cluster, books: &mut [Book]) -> io::Result<()> {
    let first = *cluster.running().first().ok_or(io::ErrorKind::NotConnected)?;
    let ranges = cluster.slots(first)?;
    let mut by_port = BTreeMap::<u16, Vec<(usize, String, Vec<String>)>>::new();
    for (index, book) in books.iter().enumerate() {
        for (key, words) in book.questions() {
            let slot = slot_of(&key);
            let range = ranges.iter().find(|range| (range.first..=range.last).contains(&slot));
            let port = range.and_then(|range| range.ports.first());
            let port = port.ok_or_else(|| io::Error::other(format!("nobody serves {slot}")))?;
            by_port.entry(*port).or_default().push((index, key, words));
        }
    }
    for (port, questions) in by_port {
        let mut connection = crate::servers::raw::Connection::to_port(port)?;
        for questions in questions.chunks(PIPELINE_LEN) {
            let bytes = questions.iter().map(|(_, _, words)| crate::servers::raw::encode(words));
            connection.send_bytes(&bytes.collect::<Vec<_>>().concat())?;
            for (index, key, _) in questions {
                let reply = connection.receive()?;
                if let Some(book) = books.get_mut(*index) {
                    book.compare(key, &reply);
                }
            }
        }
    }
    Ok(())
}
