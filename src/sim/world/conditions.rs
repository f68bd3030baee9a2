//! The conditions of one simulation: how large the cluster is, how fast and how faulty the network.
//!
//! Each seed draws its own: a fault that is possible is off in half of them, and its rate is drawn
//! anew in each of the others, so that rare combinations come up as well.

use core::time::Duration;

use super::faults::{Fault, Faults};
use super::node::Version;
use super::tell::Endpoints;
use crate::sim::dice::Dice;

/// Longer than what clients send as a rule.
pub(in crate::sim) const LONGEST: usize = 150;

/// What stays the same during a simulation. "Once in so many" is never if it is 0.
#[expect(clippy::struct_excessive_bools, reason = "conditions that hold or do not")]
#[derive(Debug, Clone)]
pub(in crate::sim) struct Conditions {
    pub(super) version: Version,
    pub(super) endpoints: Endpoints,
    /// Whether all nodes share one host, each with a port of its own.
    pub(super) has_one_host: bool,
    pub(super) primaries: usize,
    /// Replicas of each primary.
    pub(super) replicas: usize,
    /// Nodes that own no slot at first.
    pub(super) spares: usize,
    /// How many nodes a client is told to begin with.
    pub(super) seeds: usize,
    /// Whether clients are told names, because addresses change, or are several.
    pub(super) by_name: bool,
    pub(super) full_coverage: bool,
    pub(super) node_timeout: Duration,
    pub(super) gossip_delay_max: Duration,
    pub(super) replication_delay_max: Duration,
    pub(super) loading_max: Duration,
    pub(in crate::sim) latency_max: Duration,
    pub(super) pipe_len_max: usize,
    pub(super) piece_len_max: usize,
    pub(super) splits: u64,
    pub(super) short_writes: u64,
    pub(super) dial_hangs: u64,
    pub(super) dial_refused: u64,
    /// Whether a dial to an address that no node has any more hangs instead of being refused.
    pub(super) lost_hosts_hang: bool,
    /// How long clients wait for a sign of life.
    pub(in crate::sim) stall_timeout: Duration,
    /// How deep the nested replies of a hostile node are.
    pub(super) depth: usize,
    /// The longest argument that nodes accept.
    pub(super) bulk_len_max: usize,
    pub(super) hang_ups: u64,
}

impl Conditions {
    /// Draws the conditions of a simulation in which these faults occur.
    pub(in crate::sim) fn draw(dice: &mut Dice, faults: Faults) -> Self {
        // All are drawn, whatever is used, so that a fault less changes nothing else.
        let mut rate = |fault: Fault, most: u64, least: u64| {
            let rate = dice.between(most, least);
            if faults.has(fault) { rate } else { 0 }
        };
        let splits = rate(Fault::SplitBytes, 1, 8);
        let short_writes = rate(Fault::ShortWrites, 2, 10);
        let dial_hangs = rate(Fault::DialHang, 4, 30);
        let dial_refused = rate(Fault::DialRefused, 2, 20);
        let slow_gossip = if faults.has(Fault::SlowGossip) { 30 } else { 1 };
        let small_pipe = 80 + dice.index(400);
        let named = [Fault::Readdress, Fault::ReaddressAll, Fault::DeadAddress];
        let by_name = named.iter().any(|fault| faults.has(*fault));
        let has_one_host = dice.one_in(6) && !by_name;
        let latency_choices = [200, 1000, 5000, 20_000];
        let latency = dice.pick(&latency_choices).copied().unwrap_or(1000);
        Self {
            version: dice.pick(&Version::ALL).copied().unwrap_or(Version::Redis70),
            endpoints: if has_one_host { Endpoints::Unknown } else { Endpoints::Ip },
            has_one_host,
            primaries: 3 + dice.index(2),
            replicas: usize::from(!dice.one_in(5)),
            spares: usize::from(faults.has(Fault::Scale) || faults.has(Fault::Migrate)),
            seeds: 1 + dice.index(3),
            by_name,
            full_coverage: dice.one_in(2),
            node_timeout: dice.millis(500, 2000),
            gossip_delay_max: dice.millis(2, 50) * slow_gossip,
            replication_delay_max: dice.millis(1, 100),
            loading_max: dice.millis(0, 1000),
            latency_max: Duration::from_micros(latency),
            pipe_len_max: if faults.has(Fault::BackPressure) { small_pipe } else { 64 << 10 },
            stall_timeout: dice.millis(500, 6000),
            piece_len_max: 1 + dice.index(64),
            splits,
            short_writes,
            dial_hangs,
            dial_refused,
            lost_hosts_hang: dice.one_in(2),
            depth: 70 + dice.index(3000),
            bulk_len_max: if faults.has(Fault::RefuseUnread) { LONGEST } else { usize::MAX },
            hang_ups: if faults.has(Fault::HangUp) { dice.between(20, 200) } else { 0 },
        }
    }

    /// Nothing goes wrong, and nothing takes time.
    pub(in crate::sim) fn still(version: Version, primaries: usize) -> Self {
        let mut dice = Dice::new(0);
        Self {
            version,
            endpoints: Endpoints::Ip,
            has_one_host: true,
            primaries,
            replicas: 0,
            spares: 0,
            seeds: primaries,
            by_name: false,
            full_coverage: true,
            gossip_delay_max: Duration::ZERO,
            replication_delay_max: Duration::ZERO,
            loading_max: Duration::ZERO,
            latency_max: Duration::ZERO,
            ..Self::draw(&mut dice, Faults::NONE)
        }
    }
}
