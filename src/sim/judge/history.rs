//! What the nodes of a simulation really did: what each client asked for, what ran, what was lost.
//!
//! The nodes record it themselves: each write carries a number of its own, and the history knows
//! when and where it ran. So the oracle need not search for an order in which the answers make
//! sense.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::address::Address;
use crate::sim::ranges::Ranges;
use crate::sim::world::ConnectionId;
use crate::sim::world::data::{self, Known};
use crate::sim::world::node::{Session, View};
use crate::sim::world::serve::next_command;
use crate::slot::Slot;
use crate::time::Instant;

/// How often a client may dial one address within a second: the pauses between attempts grow, and
/// begin anew when nodes that disagree have it forgotten and listed again.
const DIALS_PER_SECOND_MAX: usize = 50;

/// A write that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) at: Instant,
    pub(super) node: usize,
    pub(super) client: usize,
    pub(super) slot: Option<u16>,
    pub(super) key: Option<Vec<u8>>,
    pub(super) number: u64,
    pub(super) reply: Vec<u8>,
}

/// What a write met on its way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Way {
    /// It was sent away with a pause: those behind it may overtake it.
    pub(super) was_put_off: bool,
    /// It was sent away for this once, while its slot moved.
    pub(super) was_asked: bool,
    /// Where the last refusal sent it for this once.
    asked_at: Option<usize>,
    /// Whether it has been refused since it came the last time.
    is_refused: bool,
    /// How often it was refused.
    pub(super) refusals: u32,
    /// Where it came the last time, how often in a row, and since when.
    stay: Option<(usize, u32, Instant)>,
}

/// What a node answered to a command that carries no number.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) at: Instant,
    pub(super) node: usize,
    pub(super) reply: Vec<u8>,
}

/// When views had an address.
#[derive(Debug, Clone, Copy)]
struct Listing {
    first: Instant,
    last: Instant,
    /// When a view did not have it for the first time since.
    missed: Option<Instant>,
    /// The number of the last view that had it.
    view: u64,
    /// The number of the look by which views had been without it for too long.
    overdue: Option<u64>,
}

/// Views that a client was given at about the same time. A node that was held up answers many old
/// questions at once, and the client has no use for them any more: they count as one look.
#[derive(Debug, Clone, Copy, Default)]
struct Looks {
    count: u64,
    began: Option<Instant>,
}

/// For so long a look lasts.
const LOOK: Duration = Duration::from_millis(100);

/// For so long some nodes may not list what others do.
const NEWS: Duration = Duration::from_secs(5);

/// A record of what the nodes really did.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "conditions that hold or do not")]
pub struct History {
    pub(super) runs: Vec<Run>,
    runs_of: BTreeMap<u64, Vec<usize>>,
    /// What reads were answered with: by client and command.
    reads: BTreeMap<(usize, Vec<u8>), Vec<Answered>>,
    answer_count: u64,
    pub(super) ways: BTreeMap<u64, Way>,
    /// Writes that only copies had that were thrown away.
    pub(super) lost: BTreeSet<u64>,
    /// Slots that came back to a node while commands were on their way to it.
    pub(super) excuses: Vec<(Instant, u16, u16)>,
    /// For each client and slot, the nodes that views and redirections named to it.
    told: Vec<Ranges<u64>>,
    /// The same of those that were named for one command, behind an `ASKING`.
    told_once: Vec<Ranges<u64>>,
    /// For each client, the addresses that it may dial.
    listed: Vec<BTreeMap<Address, Listing>>,
    /// Nodes that hostile ones made up. They may name them again at any time, in redirections as
    /// well.
    made_up: BTreeSet<Address>,
    /// When a command came to a node last.
    now: Instant,
    /// For each client, how many views it was given.
    views: Vec<u64>,
    looks: Vec<Looks>,
    /// For each client, how often a node said that it was wrong about the cluster.
    misled: Vec<u64>,
    /// The write that was the last word of a connection: it was refused for its length.
    pub(in crate::sim) refused_unread: BTreeMap<ConnectionId, u64>,
    /// Writes whose last byte the transport took.
    pub(super) handed: BTreeSet<u64>,
    /// For each client and slot, since when all views that it was given had no owner.
    holes: Vec<Ranges<Option<Instant>>>,
    dials: BTreeMap<(usize, Address), VecDeque<Instant>>,
    violations: Vec<String>,
    /// For each node, all that are in its shard: who is named a primary knows its replicas.
    pub(in crate::sim) shards: Vec<u64>,
    /// Clients that know the cluster.
    pub(in crate::sim) acquainted: BTreeSet<usize>,
    /// Until when clients may not believe views, and so dial what these do not list.
    pub(in crate::sim) doubtful_until: Option<Instant>,
    /// Whether nodes break connections after good replies: each of those ends a pause.
    pub(in crate::sim) breaks_replies: bool,
    /// Whether each byte that comes is of a sound frame, whatever is in it.
    pub(in crate::sim) frames_soundly: bool,
    /// Writes that got an odd reply.
    odd_writes: BTreeSet<u64>,
    /// The same of commands that carry no number, by client.
    odd_reads: BTreeSet<(usize, Vec<u8>)>,
    /// Whether nodes make redirections up.
    pub(in crate::sim) forges: bool,
    /// Whether replicas may be asked.
    pub(in crate::sim) reads_replicas: bool,
}

impl History {
    /// Violations that the nodes observed, one line each.
    #[must_use]
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    pub(in crate::sim) fn violation(&mut self, text: String) {
        if self.violations.len() < 20 {
            self.violations.push(text);
        }
    }

    /// How often a node executed the write with this number.
    #[must_use]
    pub fn run_count(&self, number: u64) -> usize {
        self.runs_of.get(&number).map_or(0, Vec::len)
    }

    pub(super) fn runs_of(&self, number: u64) -> impl Iterator<Item = &Run> {
        let places = self.runs_of.get(&number).map(Vec::as_slice).unwrap_or_default();
        places.iter().map(|place| &self.runs[*place])
    }

    /// What a read of a client was answered with between two moments.
    pub(super) fn reads(
        &self,
        client: usize,
        command: &[u8],
        from: Instant,
        to: Instant,
    ) -> impl Iterator<Item = &Answered> {
        let in_time = self.answers_since(client, command, from).iter();
        in_time.take_while(move |answered| answered.at <= to)
    }

    /// What a command of a client that carries no number was answered with from a moment on.
    pub(super) fn answers_since(
        &self,
        client: usize,
        command: &[u8],
        from: Instant,
    ) -> &[Answered] {
        let answers = self.reads.get(&(client, command.to_vec()));
        let answers = answers.map(Vec::as_slice).unwrap_or_default();
        &answers[answers.partition_point(|answered| answered.at < from)..]
    }

    /// How many answers all nodes gave.
    pub(in crate::sim) const fn answer_count(&self) -> u64 {
        self.answer_count
    }

    pub(in crate::sim) fn dialled(
        &mut self,
        now: Instant,
        client: usize,
        address: &Address,
        seeds: &[Address],
    ) {
        self.know(client);
        let listed_at = self.listed[client].get(address).copied();
        match listed_at.filter(|_| !seeds.contains(address)) {
            None if seeds.contains(address) => {}
            None => self
                .violation(format!("client {client} dials {address}, which no node ever listed")),
            Some(_) if self.made_up.contains(address) => {}
            Some(Listing { overdue: Some(look), .. })
                if self.doubtful_until.is_none_or(|until| until < now)
                    && self.looks[client].count > look + UNLISTED_LOOKS =>
            {
                self.violation(format!("client {client} dials {address}, which is listed no more"));
            }
            Some(_) => {}
        }
        let dials = self.dials.entry((client, address.clone())).or_default();
        dials.retain(|at| now.since(*at) < Duration::from_secs(1));
        dials.push_back(now);
        if dials.len() > DIALS_PER_SECOND_MAX && !self.breaks_replies {
            let count = dials.len();
            self.violation(format!("client {client} dials {address} {count} times in a second"));
        }
    }

    fn know(&mut self, client: usize) {
        while self.told.len() <= client {
            self.told.push(Ranges::all(0));
            self.told_once.push(Ranges::all(0));
            self.views.push(0);
            self.looks.push(Looks::default());
            self.misled.push(0);
            self.holes.push(Ranges::all(None));
            self.listed.push(BTreeMap::new());
        }
    }

    /// A client is given a view of the cluster.
    pub(in crate::sim) fn told(&mut self, now: Instant, client: usize, view: &View) {
        self.know(client);
        self.views[client] += 1;
        let looks = &mut self.looks[client];
        if looks.began.is_none_or(|began| now.since(began) >= LOOK) {
            (looks.count, looks.began) = (looks.count + 1, Some(now));
        }
        let claims = view.claims.iter().filter_map(Option::as_deref);
        self.listed(now, client, claims.map(|claim| &claim.address));
        for (first, last, owner) in view.owners.iter() {
            let Some(owner) = *owner else {
                self.note_hole(client, first, last, now);
                continue;
            };
            self.holes[client].set(first, last, None);
            let replicas = view.replicas_of(owner).map(|claim| bit(claim.node));
            let replicas = replicas.fold(0, |named, replica| named | replica);
            self.name(
                client,
                first,
                last,
                bit(owner) | if self.reads_replicas { replicas } else { 0 },
            );
        }
    }

    /// A client is told of nodes that do not exist.
    pub(in crate::sim) fn told_of_made_up(
        &mut self,
        now: Instant,
        client: usize,
        made_up: &[Address],
    ) {
        self.listed(now, client, made_up);
        self.made_up.extend(made_up.iter().cloned());
    }

    /// A client is told which replicas a primary has, and not where the primary is.
    pub(in crate::sim) fn told_of_replicas(&mut self, client: usize, view: &View, primary: usize) {
        if !self.reads_replicas {
            return;
        }
        let named = view.replicas_of(primary).fold(0, |named, claim| named | bit(claim.node));
        for (first, last) in view.slots_of(primary) {
            self.name(client, first, last, named);
        }
    }

    /// The view that a client is just given has these nodes.
    fn listed<'a>(
        &mut self,
        now: Instant,
        client: usize,
        addresses: impl IntoIterator<Item = &'a Address>,
    ) {
        let (view, look) = (self.views[client], self.looks[client].count);
        for address in addresses {
            let fresh = Listing { first: now, last: now, missed: None, view: 0, overdue: None };
            let listing = self.listed[client].entry(address.clone()).or_insert(fresh);
            (listing.last, listing.missed, listing.view, listing.overdue) = (now, None, view, None);
        }
        for listing in self.listed[client].values_mut().filter(|listing| listing.view != view) {
            let missed = *listing.missed.get_or_insert(now);
            if now.since(missed) > UNLISTED_PATIENCE {
                listing.overdue.get_or_insert(look);
            }
        }
    }

    fn note_hole(&mut self, client: usize, first: u16, last: u16, now: Instant) {
        if self.holes[client].within(first, last).any(|(_, _, since)| since.is_none()) {
            self.holes[client].set(first, last, Some(now));
        }
    }

    fn name(&mut self, client: usize, first: u16, last: u16, named: u64) {
        Self::add(&mut self.told[client], first, last, named);
    }

    fn add(told: &mut Ranges<u64>, first: u16, last: u16, named: u64) {
        let runs: Vec<_> =
            told.within(first, last).map(|(from, to, nodes)| (from, to, *nodes)).collect();
        for (from, to, nodes) in runs {
            if nodes | named != nodes {
                told.set(from, to, nodes | named);
            }
        }
    }

    /// A command for a slot came to a node.
    #[expect(clippy::too_many_arguments, reason = "all of it is what a command comes with")]
    pub(in crate::sim) fn arrived(
        &mut self,
        now: Instant,
        client: usize,
        node: usize,
        slot: u16,
        number: Option<u64>,
        is_asking: bool,
        imports: bool,
        is_served: bool,
    ) {
        self.know(client);
        let once = if is_asking { *self.told_once[client].get(slot) } else { 0 };
        if (self.told[client].get(slot) | once) & bit(node) == 0 {
            self.violation(format!(
                "client {client} sends a command for slot {slot} to node {node}, whom nobody named"
            ));
        }
        if let Some(since) = *self.holes[client].get(slot)
            && !is_served
            && now.since(since) > HOLE_PATIENCE
        {
            self.violation(format!(
                "client {client} sends a command for slot {slot}, which has had no owner for long"
            ));
        }
        self.now = now;
        let Some(number) = number else { return };
        self.stays(now, client, node, number);
        let is_owner_for_some = self.told[client].get(slot) & bit(node) != 0;
        if let Some(way) = self.ways.get(&number)
            && way.asked_at == Some(node)
            && !is_owner_for_some
            && imports
            && !is_asking
        {
            self.violation(format!("client {client}: write {number} comes without its ASKING"));
        }
    }

    /// A command of a client got an odd reply.
    pub(in crate::sim) fn answered_oddly(&mut self, client: usize, words: &[Vec<u8>]) {
        match data::number_of(words) {
            Some(number) => self.odd_writes.insert(number),
            None => self.odd_reads.insert((client, words.join(&b' '))),
        };
    }

    /// Whether a command of a client ever got an odd reply.
    pub(super) fn was_odd(&self, client: usize, number: Option<u64>, command: &[u8]) -> bool {
        match number {
            Some(number) => self.odd_writes.contains(&number),
            None => self.odd_reads.contains(&(client, command.to_vec())),
        }
    }

    /// A node broke a connection: its refusals on that connection may not have reached the client.
    pub(in crate::sim) fn broke_off(&mut self, node: usize) {
        for way in self.ways.values_mut() {
            way.is_refused &= way.stay.is_none_or(|(at, ..)| at != node);
        }
    }

    /// What is refused comes back after a pause, if it comes back to the same node.
    fn stays(&mut self, now: Instant, client: usize, node: usize, number: u64) {
        let way = self.ways.entry(number).or_default();
        let stays = core::mem::take(&mut way.is_refused);
        let (_, count, since) =
            way.stay.filter(|(at, _, _)| stays && *at == node).unwrap_or((node, 0, now));
        way.stay = Some((node, count + 1, since));
        if count + 1 >= STAY_COUNT && now.since(since) < STAY_TIME {
            self.violation(format!(
                "client {client} asks node {node} for write {number} again and again, at once"
            ));
        }
    }

    /// A reply leaves for a client.
    pub(in crate::sim) fn answered(&mut self, client: usize, reply: &[u8]) {
        self.know(client);
        let is_wrong = reply.starts_with(b"-READONLY") || reply.starts_with(b"-CLUSTERDOWN");
        let is_of_script = reply.ends_with(b" forged\r\n");
        self.misled[client] += u64::from(is_wrong && !is_of_script);
    }

    /// How often a node said to a client that it is wrong about the cluster.
    pub(in crate::sim) fn misled_count(&self, client: usize) -> u64 {
        self.misled.get(client).copied().unwrap_or(0)
    }

    /// A node refused a command.
    pub(in crate::sim) fn refused(
        &mut self,
        node: usize,
        client: usize,
        words: &[Vec<u8>],
        refusal: &str,
        target: Option<usize>,
    ) {
        self.know(client);
        let (code, rest) = refusal.split_once(' ').unwrap_or((refusal, ""));
        let slot = rest.split(' ').next().and_then(|slot| slot.parse().ok());
        if let (Some(slot), Some(target)) = (slot, target) {
            let named = if self.reads_replicas { self.shards[target] } else { bit(target) };
            match code {
                "ASK" => Self::add(&mut self.told_once[client], slot, slot, named),
                _ => self.name(client, slot, slot, named),
            }
            self.holes[client].set(slot, slot, None);
        }
        let Some(number) = data::number_of(words) else { return };
        let way = self.ways.entry(number).or_default();
        way.is_refused = target.is_none_or(|target| target == node);
        way.refusals += 1;
        way.was_put_off |= code == "MOVED" && way.refusals > REDIRECTIONS_AT_ONCE;
        way.asked_at = target.filter(|_| code == "ASK");
        way.was_asked |= code == "ASK";
        // To a node that it does not know it may go only after it has heard of it.
        let endpoint = rest.rsplit(' ').next().and_then(|endpoint| endpoint.rsplit_once(':'));
        let is_known = |(host, port): (&str, &str)| {
            let is_old = |listing: &Listing| {
                listing.view == self.views[client] && self.now.since(listing.first) >= NEWS
            };
            // An endpoint without a host is at the host that was asked, where all nodes are then.
            let is_it = |address: &Address| {
                port.parse() == Ok(address.port()) && (host.is_empty() || host == address.host())
            };
            self.listed[client].iter().any(|(address, listing)| is_it(address) && is_old(listing))
        };
        let is_strange = endpoint.is_some_and(|endpoint| !is_known(endpoint));
        way.was_put_off |= !matches!(code, "ASK" | "MOVED") || is_strange;
    }

    /// The transport took bytes from a client, after those of a command that is not whole.
    pub(in crate::sim) fn take_in(&mut self, before: &mut Vec<u8>, bytes: &[u8]) {
        before.extend_from_slice(bytes);
        while let Ok(Some((words, len))) = next_command(before) {
            before.drain(..len);
            self.handed.extend(data::number_of(&words));
        }
    }

    /// A command has to wait, whatever it was refused with.
    pub(in crate::sim) fn put_off(&mut self, words: &[Vec<u8>]) {
        if let Some(number) = data::number_of(words) {
            self.ways.entry(number).or_default().was_put_off = true;
        }
    }

    /// A node refused a transaction, and with it all that was queued.
    pub(in crate::sim) fn refused_all(
        &mut self,
        node: usize,
        session: &Session,
        refusal: &str,
        target: Option<usize>,
    ) {
        for words in session.queued.iter().flatten() {
            self.refused(node, session.client, words, refusal, target);
        }
    }

    /// A node ran a command.
    pub(in crate::sim) fn ran(
        &mut self,
        now: Instant,
        node: usize,
        client: usize,
        known: &Known,
        words: &[Vec<u8>],
        reply: &[u8],
    ) {
        let reply = reply.to_vec();
        self.answer_count += 1;
        let Some(number) = data::number_of(words) else {
            let reads = self.reads.entry((client, words.join(&b' '))).or_default();
            return reads.push(Answered { at: now, node, reply });
        };
        let key = known.keys_of(words).first().map(|key| key.to_vec());
        let slot = key.as_deref().map(|key| Slot::of_key(key).number());
        self.runs_of.entry(number).or_default().push(self.runs.len());
        self.runs.push(Run { at: now, node, client, slot, key, number, reply });
    }

    /// A copy with these writes was thrown away; another one still has those.
    pub(in crate::sim) fn lost(&mut self, writes: &[u64], kept: &[u64]) {
        self.lost.extend(writes.iter().filter(|number| !kept.contains(number)));
    }

    /// These slots came to a node while commands were on their way to it: no client can keep the
    /// order of unanswered commands.
    pub(in crate::sim) fn excuse_order(&mut self, now: Instant, first: u16, last: u16) {
        self.excuses.push((now, first, last));
    }
}

/// For how long redirections may outweigh a topology without an owner, and some more.
const HOLE_PATIENCE: Duration = Duration::from_secs(12);

/// For how long a node may be dialled that no view lists any more: redirections may still name it.
const UNLISTED_PATIENCE: Duration = Duration::from_secs(10);
/// So many looks may be lost on their way.
const UNLISTED_LOOKS: u64 = 4;
/// A command that comes back to a node so often in a row takes that long at least.
const STAY_COUNT: u32 = 5;
/// So many redirections are followed at once, half of those that a client follows at all; beyond,
/// it pauses, since nodes do not agree.
const REDIRECTIONS_AT_ONCE: u32 = 8;
const STAY_TIME: Duration = Duration::from_millis(20);

pub(in crate::sim) fn bit(node: usize) -> u64 {
    1 << node
}
