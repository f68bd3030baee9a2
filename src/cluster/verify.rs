//! Floor 9: whether the machine is sound: what must hold whenever no input is being dealt with.
//!
//! Rules of this file: it only reads, it looks at everything, and it says what is wrong. Debug
//! builds ask it after inputs, the simulator after every step.

use alloc::format;
use alloc::string::String;

use super::Cluster;
use super::calls::{PartRef, Place};
use super::lanes::Lane;
use super::queue::Queue;
use super::rounds::Stage;
use super::tenants::Work;
use crate::plan::Route;

/// Returns with a sentence unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($sentence:tt)+) => {
        if !$holds {
            return Err(format!($($sentence)+));
        }
    };
}
pub(super) use ensure;

impl<T> Cluster<T> {
    /// Checks every invariant of the state: for tests of drivers, and for searches. Debug builds do
    /// so by themselves now and then.
    ///
    /// ```
    /// use hashslot::{Call, Cluster, Command, Config, Instant};
    /// let mut cluster = Cluster::new(Config::default(), vec!["10.0.0.1:7000".parse()?], 1)?;
    /// cluster.submit(Instant::EPOCH, Call::new(Command::get("a")), ())?;
    /// assert_eq!(cluster.verify(), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A sentence that tells what does not hold. It is a fault of this crate.
    ///
    /// **Cost**: linear in the calls, their parts, and the links.
    pub fn verify(&self) -> Result<(), String> {
        self.verify_all().map(|_| ())
    }

    /// The same. Tells how many things it looked at. Allocates nothing: tests count allocations.
    pub(super) fn verify_all(&self) -> Result<usize, String> {
        self.calls.verify()?;
        self.links.verify()?;
        self.fences.verify()?;
        let part_count = self.verify_places()?;
        self.verify_fences()?;
        self.verify_nodes()?;
        self.verify_waits()?;
        self.verify_timer()?;
        Ok(part_count + self.links.node_count() + self.links.count())
    }

    /// Every part is in exactly the place that it names.
    fn verify_places(&self) -> Result<usize, String> {
        let mut found = Tally::default();
        self.verify_line(&mut found, &self.unrouted, "unrouted", |at| *at == Place::Unrouted)?;
        self.verify_line(&mut found, &self.suspects, "suspects", Place::is_suspect)?;
        for (lane, state) in self.links.lanes() {
            self.verify_line(&mut found, &state.queue, lane, |at| *at == Place::Waiting(lane))?;
        }
        for (slot, queue) in self.fences.queues() {
            self.verify_line(&mut found, queue, slot, |at| *at == Place::Fenced(slot))?;
        }
        let is_paused = |part: &PartRef| self.is_in(*part, |at| *at == Place::Paused);
        self.pauses.iter().filter(is_paused).for_each(|part| found.add(part));
        for tenant in self.links.tenants.iter().flatten() {
            for (number, work) in tenant.link.owed() {
                let Work::Part { part, slot } = *work else { continue };
                let Some(state) = self.calls.part(part) else { continue };
                let place = Place::InFlight { link: tenant.id };
                ensure!(state.place == place, "{part:?} is owed by {:?}: {state:?}", tenant.id);
                let is_of = slot == state.piece.route.slot();
                ensure!(is_of, "reply {number} is owed to slot {slot:?}: {state:?}");
                found.add(part);
            }
        }
        let mut open = Tally::default();
        for part in self.calls.open() {
            open.add(part);
            let Some(state) = self.calls.part(part) else { continue };
            let is_written = matches!(state.place, Place::InFlight { .. }) && state.piece.is_plain;
            let has_none = is_written || matches!(state.piece.route, Route::Discovery);
            let is_told = !state.place.is_suspect() || state.suspicion().is_some();
            ensure!(is_told, "{part:?} is suspect, and for no node: {state:?}");
            ensure!(
                state.payload.is_none() == has_none,
                "what {part:?} sends is in two places, or in none: {state:?}"
            );
        }
        ensure!(
            found.count == open.count,
            "{} parts are open, and {} in place",
            open.count,
            found.count
        );
        ensure!(found == open, "a part is in line twice, and another one nowhere");
        Ok(found.count)
    }

    /// A line has as many living parts as it counts.
    fn verify_line(
        &self,
        found: &mut Tally,
        line: &Queue,
        name: impl core::fmt::Debug,
        is_in: impl Fn(&Place) -> bool,
    ) -> Result<(), String> {
        let before = found.count;
        let living = line.iter().filter(|part| self.is_in(*part, &is_in));
        living.for_each(|part| found.add(part));
        let count = found.count - before;
        ensure!(count == line.live_count(), "{name:?}: {count} live, of {}", line.live_count());
        Ok(())
    }

    fn is_in(&self, part: PartRef, is_it: impl Fn(&Place) -> bool) -> bool {
        self.calls.part(part).is_some_and(|state| is_it(&state.place))
    }

    /// A fence waits for replies that are still owed, and its links know it.
    fn verify_fences(&self) -> Result<(), String> {
        for (link, until, slot) in self.fences.holds() {
            let Some(tenant) = self.links.get(link) else {
                return Err(format!("{slot:?} waits for {link:?}, which is gone"));
            };
            let owed = tenant.link.answered() + 1..=tenant.link.owed_until();
            ensure!(owed.contains(&until), "{slot:?} waits for reply {until} of {owed:?}");
        }
        for tenant in self.links.tenants.iter().flatten() {
            let next = self.fences.next(tenant.id).unwrap_or(u64::MAX);
            ensure!(
                tenant.fence_at <= next,
                "{:?} lifts at {}, not {next}",
                tenant.id,
                tenant.fence_at
            );
        }
        Ok(())
    }

    /// Nodes and topology agree both ways, and each node that is remembered is there.
    fn verify_nodes(&self) -> Result<(), String> {
        let topology = self.agreement.topology();
        let mut listed_count = 0;
        for node in topology.nodes() {
            listed_count += 1;
            let known = self.links.find(node.address()).and_then(|index| self.links.node(index));
            let is_listed = known.is_some_and(|known| known.is_listed);
            ensure!(is_listed, "{} is not listed", node.address());
        }
        let count = self.links.listed().count();
        ensure!(count == listed_count, "{count} nodes are listed, by the topology {listed_count}");
        let shards = topology.shards().iter();
        let primaries = shards.map(|shard| self.links.find(shard.primary()?.address()));
        ensure!(primaries.eq(self.links.primaries.iter().copied()), "shards have other primaries");
        ensure!(self.links.replicas.len() == topology.shards().len(), "shards lack replicas");
        let remembered = self.refresh.nodes().chain(self.links.replicas.iter().flatten().copied());
        for node in remembered {
            ensure!(self.links.node(node).is_some(), "{node:?} is remembered, and gone");
        }
        for (lane, state) in self.links.lanes() {
            let is_in = state.waits_in.is_none_or(|urgency| self.dials.has(urgency, lane));
            ensure!(is_in, "{lane:?} waits to be dialled, and is not in line");
        }
        Ok(())
    }

    /// Each part that waits waits for something that comes.
    fn verify_waits(&self) -> Result<(), String> {
        let is_over = self.ends_by.is_some();
        let stage = self.refresh.stage();
        ensure!(stage != Stage::Over, "a round is over, and has not been ended");
        let waiting = self.unrouted.live_count() + self.suspects.live_count();
        let is_awaited = stage != Stage::Resting || is_over;
        ensure!(waiting == 0 || is_awaited, "{waiting} parts wait for no round");
        for (lane, state) in self.links.lanes().filter(|(_, state)| state.has_waiting()) {
            let comes =
                state.link.is_some() || state.waits_in.is_some() || state.retry_at.is_some();
            ensure!(comes, "parts wait for {lane:?}, which is not dialled");
            let has_room = state.link.is_some_and(|link| self.link_has_room(link));
            ensure!(
                !has_room || self.timers.holds_back(),
                "parts wait for {lane:?}, whose link has room"
            );
        }
        let is_full = |(_, lane): (_, &Lane)| lane.queue.live_count() >= self.config.max_queued;
        let has_full = self.links.lanes().any(is_full);
        ensure!(self.links.may_be_full || !has_full, "a lane is full, which is not known");
        for tenant in self.links.tenants.iter().flatten() {
            let has_bytes = tenant.is_connected && tenant.link.unsent_len() > 0;
            ensure!(
                tenant.is_announced == has_bytes,
                "{:?} has {} bytes, and the driver knows: {}",
                tenant.id,
                tenant.link.unsent_len(),
                tenant.is_announced
            );
        }
        Ok(())
    }

    /// The machine asks to be called before anything is due.
    fn verify_timer(&self) -> Result<(), String> {
        let next = self.timers.next();
        for (at, what) in self.due(self.refresh.due_at()) {
            let is_late = next.is_none_or(|next| next > at);
            ensure!(!is_late, "{what:?} is due at {at:?}, and the timer is at {next:?}");
        }
        Ok(())
    }
}

/// Parts that were counted, each once: two tallies that differ in a part differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    count: usize,
    sum: u64,
}

impl Tally {
    fn add(&mut self, part: PartRef) {
        let (serial, number) = part.order();
        // Sums of numbers in a row would be equal too easily.
        let mixed = (serial << 20 ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.count += 1;
        self.sum = self.sum.wrapping_add(mixed ^ mixed >> 29);
    }
}
