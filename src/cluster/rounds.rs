//! Rounds of the refresh: when the next one begins, which nodes it asks, what it has heard.
//!
//! Rules of this file: one round runs at a time. A least time lies between two rounds, and doubles
//! while rounds change nothing. What is wanted while a round runs is remembered until its end.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::nodes::{Links, NodeRef};
use super::strangers::{Doubtful, OtherClusters};
use crate::action::{LinkId, RefreshReason};
use crate::address::Address;
use crate::config::Config;
use crate::error::{NodeFailure, NodeFailures};
use crate::time::Instant;
use crate::topology::View;
use crate::topology::parse::ListedNode;

/// So many nodes are asked at a time.
pub(super) const ASKED_COUNT_MAX: usize = 3;

/// What is being done about the topology.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Refresh {
    pub(super) round: Option<Box<Round>>,
    /// When the next round begins, and why.
    due: Option<(Instant, RefreshReason)>,
    /// Why there has to be another round after this one.
    again: Option<(RefreshReason, bool)>,
    /// The least time between two rounds, as it is now.
    interval: Duration,
    /// When the last round ended; `None` before the first.
    rested_at: Option<Instant>,
    serial: u64,
    pub(super) last_failures: NodeFailures,
    /// Other clusters that were told of since the last view without doubt.
    pub(super) others: OtherClusters,
}

/// What the refresh is doing: all that [`Refresh::stage`] can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing is wanted.
    Resting,
    /// The time of the next round is drawn.
    Due,
    /// Nodes are asked, one after the other.
    Asking,
    /// Nothing is waited for any more: the agenda ends the round.
    Over,
}

/// One round.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Round {
    pub(super) serial: u64,
    pub(super) candidates: VecDeque<NodeRef>,
    asked: Vec<Asked>,
    pub(super) failures: Vec<(Address, NodeFailure)>,
    pub(super) began_at: Instant,
    /// Whether nodes fail, and views have changed nothing for some rounds.
    pub(super) is_stuck: bool,
    /// Nodes that told doubtful views.
    pub(super) doubted: Vec<NodeRef>,
    /// What the round may end with if no other view comes: one for each cluster that was told of.
    pub(super) doubtful: Vec<Doubtful>,
    /// When one more node is asked.
    pub(super) more_at: Instant,
    /// Whether no other answer is waited for.
    pub(super) is_over: bool,
}

/// A node that is asked.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Asked {
    node: NodeRef,
    /// When it was to be asked.
    begun_at: Instant,
    /// When it was sent the question, and on which link; `None` while it has no link.
    pub(super) sent: Option<(Instant, LinkId)>,
    /// The answer to the first question, until that to the second is there.
    pub(super) view: Option<View>,
}

/// What a node that was asked has told.
#[derive(Debug)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Told {
    /// When it was asked.
    pub(super) sent_at: Instant,
    /// On which link.
    pub(super) on: LinkId,
    pub(super) by: Address,
    pub(super) view: View,
    pub(super) listed: Vec<ListedNode>,
}

impl Refresh {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            round: None,
            due: None,
            again: None,
            interval: config.min_refresh_interval,
            rested_at: None,
            serial: 0,
            last_failures: NodeFailures(Arc::from([])),
            others: OtherClusters::default(),
        }
    }

    /// Has the topology read again: as soon as is allowed if it is urgent, else with some delay, so
    /// that not all clients do it at once. The clients of the cluster spread their rounds over
    /// `spread`, of which `draw` draws a part. Returns when the next round begins, unless that is
    /// known, or a round runs.
    pub(super) fn want(
        &mut self,
        now: Instant,
        (reason, is_urgent): (RefreshReason, bool),
        spread: impl FnOnce() -> Duration,
        draw: impl FnOnce(Duration) -> Duration,
    ) -> Option<Instant> {
        if self.round.is_some() {
            let was_urgent = self.again.is_some_and(|(_, was_urgent)| was_urgent);
            self.again = Some((reason, is_urgent || was_urgent));
            return None;
        }
        if !is_urgent && self.due.is_some() {
            return None; // one is drawn already: the least of many draws would be no spread
        }
        let spread = spread();
        // An urgent refresh does not wait for the doubled interval, only for the spread at most.
        let interval = if is_urgent { self.interval.min(spread) } else { self.interval };
        let delay = if is_urgent { Duration::ZERO } else { draw(spread) };
        let earliest = self.rested_at.map_or(now, |rested_at| (rested_at + interval).max(now));
        let at = earliest + delay;
        if self.due.is_none_or(|(due, _)| due > at) {
            self.due = Some((at, reason));
        }
        Some(at)
    }

    /// Takes the wish for a round that came while another one ran.
    pub(super) const fn take_again(&mut self) -> Option<(RefreshReason, bool)> {
        self.again.take()
    }

    /// A round that is due begins. Why it does.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        candidates: VecDeque<NodeRef>,
        is_stuck: bool,
    ) -> Option<RefreshReason> {
        let (_, reason) = self.due.take()?;
        self.serial += 1;
        self.round = Some(Box::new(Round {
            serial: self.serial,
            candidates,
            asked: Vec::new(),
            failures: Vec::new(),
            began_at: now,
            is_stuck,
            doubted: Vec::new(),
            doubtful: Vec::new(),
            more_at: now,
            is_over: false,
        }));
        Some(reason)
    }

    /// No round begins for a while: longer each time that one changed nothing.
    pub(super) fn rest(&mut self, now: Instant, is_changed: bool, config: &Config) {
        let shortest = config.min_refresh_interval;
        let longest = config.max_refresh_interval.max(shortest);
        let doubled = self.interval.saturating_mul(2).clamp(shortest, longest);
        self.interval = if is_changed { shortest } else { doubled };
        self.rested_at = Some(now);
    }

    /// Whether views have changed nothing for some rounds.
    pub(super) fn is_idling(&self, config: &Config) -> bool {
        self.interval > config.min_refresh_interval.saturating_mul(2)
    }

    /// What is known of a node that this round asks.
    pub(super) fn asked(&mut self, node: NodeRef, serial: u64) -> Option<&mut Asked> {
        self.round.as_mut().filter(|round| round.serial == serial)?.asked(node)
    }

    /// Why no node that was asked was of use: as far as this round has come, else as in the last.
    pub(super) fn failures_so_far(&self, links: &Links) -> NodeFailures {
        let Some(round) = &self.round else { return self.last_failures.clone() };
        let silent = round.asked.iter().filter_map(|asked| links.address(asked.node));
        let silent = silent.map(|address| (address.clone(), NodeFailure::NoAnswer));
        let mut failures = round.failures.clone();
        for (node, failure) in self.last_failures.iter().cloned().chain(silent) {
            if failures.iter().all(|(known, _)| *known != node) {
                failures.push((node, failure));
            }
        }
        NodeFailures(failures.into())
    }

    /// Whether the round has brought what it will.
    #[inline]
    pub(super) fn is_round_over(&self) -> bool {
        self.round.as_ref().is_some_and(|round| round.is_over)
    }

    /// Whether a node is asked, and has not answered.
    pub(super) fn is_asking(&self, node: NodeRef) -> bool {
        self.round.as_ref().is_some_and(|round| round.asked.iter().any(|asked| asked.node == node))
    }

    /// What it is doing.
    pub(super) const fn stage(&self) -> Stage {
        match (&self.round, self.due) {
            (Some(round), _) if round.is_over => Stage::Over,
            (Some(_), _) => Stage::Asking,
            (None, Some(_)) => Stage::Due,
            (None, None) => Stage::Resting,
        }
    }

    /// When the next round begins.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.due.map(|(at, _)| at)
    }

    /// The nodes that the round remembers.
    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeRef> {
        let round = self.round.iter();
        round.flat_map(|round| {
            let asked = round.asked.iter().map(|asked| asked.node);
            asked.chain(round.candidates.iter().copied()).chain(round.doubted.iter().copied())
        })
    }

    /// No more rounds.
    pub(super) fn stop(&mut self) {
        (self.round, self.due, self.again) = (None, None, None);
    }

    pub(super) fn next_timer(&self, now: Instant, patience: Duration) -> Option<Instant> {
        let more_at = self.round.as_ref().and_then(|round| round.next_at(now, patience));
        more_at.into_iter().chain(self.due.map(|(at, _)| at)).min()
    }
}

impl Round {
    /// When another node may be asked beside those that have not answered. A node that was asked
    /// longer ago than `patience` may still answer, and does not count.
    pub(super) fn next_at(&self, now: Instant, patience: Duration) -> Option<Instant> {
        let gives_up_at =
            |asked: &Asked| asked.sent.map_or(asked.begun_at, |(at, _)| at) + patience;
        let awaited = self.asked.iter().map(gives_up_at).filter(|at| *at > now);
        if self.candidates.is_empty() {
            None
        } else if awaited.clone().count() < ASKED_COUNT_MAX {
            Some(self.more_at)
        } else {
            awaited.min()
        }
    }

    /// A node is to be asked.
    pub(super) fn ask(&mut self, node: NodeRef, now: Instant) {
        self.asked.push(Asked { node, begun_at: now, sent: None, view: None });
    }

    /// What is known of a node that is asked.
    pub(super) fn asked(&mut self, node: NodeRef) -> Option<&mut Asked> {
        self.asked.iter_mut().find(|asked| asked.node == node)
    }

    /// Whether every node that was asked has answered, or failed.
    pub(super) const fn has_all_answers(&self) -> bool {
        self.asked.is_empty()
    }

    /// A node will not give an answer that is of use.
    pub(super) fn fail(&mut self, node: NodeRef, address: Option<&Address>, failure: NodeFailure) {
        self.asked.retain(|asked| asked.node != node);
        if let Some(address) = address {
            self.failures.push((address.clone(), failure));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPREAD: Duration = Duration::from_millis(100);

    fn at(millis: u64) -> Instant {
        Instant::EPOCH + Duration::from_millis(millis)
    }

    /// The most that may be drawn.
    fn most(spread: Duration) -> Duration {
        spread
    }

    fn refresh() -> (Refresh, Config) {
        let config = Config {
            min_refresh_interval: SPREAD,
            max_refresh_interval: SPREAD * 8,
            ..Config::default()
        };
        (Refresh::new(&config), config)
    }

    #[test]
    fn the_time_between_rounds_doubles_until_one_changes_something() {
        let (mut refresh, config) = refresh();
        let wish = (RefreshReason::Stale, false);
        let mut begun_at = Vec::new();
        let mut now = at(0);
        for is_changed in [false, false, false, false, true, false] {
            now = refresh.want(now, wish, || SPREAD, |_| Duration::ZERO).expect("no round runs");
            begun_at.push(now.since_epoch().as_millis());
            refresh.begin(now, VecDeque::new(), false);
            refresh.round = None;
            refresh.rest(now, is_changed, &config);
        }
        assert_eq!(begun_at, [0, 200, 600, 1400, 2200, 2300]);
        assert!(!refresh.is_idling(&config));
    }

    #[test]
    fn an_urgent_wish_waits_for_no_draw_and_no_doubled_interval() {
        let (mut refresh, config) = refresh();
        for _ in 0..4 {
            refresh.rest(at(1000), false, &config);
        }
        assert!(refresh.is_idling(&config));
        let wish = (RefreshReason::Stale, false);
        assert_eq!(refresh.want(at(1000), wish, || SPREAD, most), Some(at(1900)));
        assert_eq!(refresh.want(at(1001), wish, || SPREAD, most), None, "that is drawn");
        let urgent = (RefreshReason::Start, true);
        assert_eq!(refresh.want(at(1002), urgent, || SPREAD, most), Some(at(1100)));
        assert_eq!(refresh.due_at(), Some(at(1100)));
        let begun = refresh.begin(at(1100), VecDeque::new(), false);
        assert_eq!(begun, Some(RefreshReason::Start));
        assert_eq!(refresh.begin(at(1100), VecDeque::new(), false), None, "one is enough");
    }

    #[test]
    fn a_wish_leads_through_all_stages() {
        let (mut refresh, _) = refresh();
        assert_eq!(refresh.stage(), Stage::Resting);
        refresh.want(at(0), (RefreshReason::Start, true), || SPREAD, most);
        assert_eq!(refresh.stage(), Stage::Due);
        refresh.begin(at(0), VecDeque::new(), false);
        assert_eq!(refresh.stage(), Stage::Asking);
        refresh.round.as_mut().expect("has begun").is_over = true;
        assert_eq!(refresh.stage(), Stage::Over);
        refresh.stop();
        assert_eq!(refresh.stage(), Stage::Resting);
    }

    #[test]
    fn a_wish_during_a_round_is_remembered_with_its_urgency() {
        let (mut refresh, _) = refresh();
        refresh.want(at(0), (RefreshReason::Start, true), || SPREAD, most);
        refresh.begin(at(0), VecDeque::new(), false);
        for (reason, is_urgent) in [(RefreshReason::Moved, true), (RefreshReason::Stale, false)] {
            assert_eq!(refresh.want(at(1), (reason, is_urgent), || SPREAD, most), None);
        }
        assert_eq!(refresh.take_again(), Some((RefreshReason::Stale, true)));
        assert_eq!(refresh.take_again(), None);
    }

    #[test]
    fn a_round_asks_three_nodes_at_a_time_and_more_once_those_take_too_long() {
        let (mut refresh, _) = refresh();
        refresh.want(at(0), (RefreshReason::Start, true), || SPREAD, most);
        let node = |index| NodeRef::of(index, 1);
        refresh.begin(at(0), (0..9).map(node).collect(), false);
        let round = refresh.round.as_mut().expect("has begun");
        let patience = Duration::from_millis(50);
        for index in 0..3 {
            assert_eq!(round.next_at(at(0), patience), Some(at(0)));
            round.ask(node(index), at(index.into()));
        }
        assert_eq!(round.next_at(at(2), patience), Some(at(50)));
        round.fail(node(1), None, NodeFailure::NoAnswer);
        assert_eq!(round.next_at(at(3), patience), Some(at(0)), "there is room for another");
        round.candidates.clear();
        assert_eq!(round.next_at(at(3), patience), None);
        assert!(!round.has_all_answers());
    }
}
