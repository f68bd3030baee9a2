//! What is measured: the same requests for every client.

use crate::data::{Data, Key, VALUE, VALUE_LEN};

/// What one caller asks for at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One GET.
    Get,
    /// GET and SET in turn.
    GetAndSet,
    /// GETs that leave together.
    Batch,
    /// One MGET.
    Mget,
    /// One MSET.
    Mset,
}

/// One thing to measure.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Clients side by side.
    pub(crate) clients: usize,
    /// Tasks, or threads, that share each client and wait for one request each.
    pub(crate) callers: usize,
    /// Keys in one request.
    pub(crate) keys: usize,
    /// Bytes of a value.
    pub(crate) value_len: usize,
}

const KIB: usize = 1024;

pub(crate) const WORKLOADS: [Workload; 18] = [
    workload("W1", Kind::Get, 1, 1, VALUE_LEN),
    workload("W2-64", Kind::GetAndSet, 64, 1, VALUE_LEN),
    workload("W2-512", Kind::GetAndSet, 512, 1, VALUE_LEN),
    workload("W3-100", Kind::Batch, 1, 100, VALUE_LEN),
    workload("W3-1000", Kind::Batch, 1, 1000, VALUE_LEN),
    workload("W4-64K", Kind::Get, 8, 1, 64 * KIB),
    workload("W4-1M", Kind::Get, 4, 1, KIB * KIB),
    workload("W5", Kind::Mget, 1, 100, VALUE_LEN),
    workload("W5-set", Kind::Mset, 1, 100, VALUE_LEN),
    scale("scale-1", 1, 1),
    scale("scale-8", 1, 8),
    scale("scale-64", 1, 64),
    scale("scale-512", 1, 512),
    scale("scale-4096", 1, 4096),
    scale("scale-10000", 1, 10_000),
    scale("clients-2", 2, 64),
    scale("clients-4", 4, 64),
    scale("clients-8", 8, 64),
];

/// How many of them are measured unless some are named. The others show how one client scales, and
/// compare it with no other client.
const USUAL_COUNT: usize = 9;

const fn workload(
    name: &'static str,
    kind: Kind,
    callers: usize,
    keys: usize,
    value_len: usize,
) -> Workload {
    Workload { name, kind, clients: 1, callers, keys, value_len }
}

const fn scale(name: &'static str, clients: usize, callers: usize) -> Workload {
    Workload { clients, ..workload(name, Kind::Get, callers, 1, VALUE_LEN) }
}

/// What is asked for, in words that every client can be given without a copy.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Request {
    Get(Key),
    Set(Key, &'static str),
    Batch(&'static [Key]),
    Mget(&'static [Key]),
    Mset(&'static [(Key, &'static str)]),
}

impl Workload {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        WORKLOADS.iter().find(|workload| workload.name == name)
    }

    /// Those that are measured unless some are named.
    pub(crate) fn usual() -> Vec<&'static Self> {
        WORKLOADS.iter().take(USUAL_COUNT).collect()
    }

    /// What it is, in a few words: the title of a table and of a panel.
    pub(crate) fn title(&self) -> String {
        let (clients, callers, keys) = (self.clients, self.callers, self.keys);
        let callers = match (clients, callers) {
            (1, 1) => "1 caller".to_owned(),
            (1, _) => format!("{callers} callers"),
            _ => format!("{clients} clients with {callers} callers each"),
        };
        match self.kind {
            Kind::Get if self.value_len == VALUE_LEN => format!("{callers}, GET"),
            Kind::Get => format!("{callers}, GET of {}", self.size()),
            Kind::GetAndSet => format!("{callers}, GET and SET"),
            Kind::Batch => format!("{callers}, pipelines of {keys} GETs"),
            Kind::Mget => format!("{callers}, MGET of {keys} keys"),
            Kind::Mset => format!("{callers}, MSET of {keys} keys"),
        }
    }

    /// The bytes of a value.
    fn size(&self) -> String {
        match self.value_len {
            len if len >= KIB * KIB => format!("{} MiB", len / KIB / KIB),
            len if len >= KIB => format!("{} KiB", len / KIB),
            len => format!("{len} B"),
        }
    }

    /// What it is, in a line.
    pub(crate) fn describe(&self) -> String {
        let (clients, callers, keys) = (self.clients, self.callers, self.keys);
        let who = match (clients, callers) {
            (1, 1) => "one task".to_owned(),
            (1, _) => format!("{callers} tasks that share a client"),
            _ => format!("{clients} clients, each shared by {callers} tasks"),
        };
        let size = self.size();
        match self.kind {
            Kind::Get => format!("{who}, GET of {size}, one after the other"),
            Kind::GetAndSet => format!("{who}, GET and SET of {size} in turn"),
            Kind::Batch => format!("{who}, batches of {keys} GETs of {size} over all slots"),
            Kind::Mget => format!("{who}, MGET of {keys} keys over all slots"),
            Kind::Mset => format!("{who}, MSET of {keys} keys over all slots"),
        }
    }

    /// Operations that one request counts as: a GET in a batch is one, an MGET is one.
    pub(crate) fn operations(&self) -> u64 {
        if self.kind == Kind::Batch { self.keys as u64 } else { 1 }
    }

    /// The request that a caller makes after so many others. Callers begin at different keys, and
    /// all clients ask for the same ones.
    pub(crate) fn request(&self, data: &'static Data, caller: usize, made: usize) -> Request {
        /// Far enough apart, and without a divisor in common with the number of keys.
        const STRIDE: usize = 7919;
        let place = caller * STRIDE + made * self.keys;
        match self.kind {
            Kind::Get => Request::Get(data.large(self.value_len, place)),
            Kind::GetAndSet if made.is_multiple_of(2) => Request::Get(data.key(place)),
            Kind::GetAndSet => Request::Set(data.key(place), VALUE),
            Kind::Batch => Request::Batch(data.keys(place, self.keys)),
            Kind::Mget => Request::Mget(data.keys(place, self.keys)),
            Kind::Mset => Request::Mset(data.pairs(place, self.keys)),
        }
    }

    /// How many bytes of values the answer to a request has.
    pub(crate) fn expected(&self, request: Request) -> usize {
        match request {
            Request::Get(_) => self.value_len,
            Request::Batch(keys) | Request::Mget(keys) => keys.len() * self.value_len,
            Request::Set(..) | Request::Mset(_) => 0,
        }
    }
}
