//! In which order the addresses of a host are dialled, and when each of them.
//!
//! Theory of operation. One address of a host may lead nowhere: an IPv6 address without a route, a
//! member of a service that is dead. A dial that waits for such an address to fail waits for
//! minutes. So addresses race: the next one is dialled after a short time, or at once when one has
//! failed, while the earlier ones go on. The first connection wins. Source: RFC 8305, sections 4
//! (order) and 5 (delay). Resolving both families at the same time is left to the resolver of the
//! system.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use crate::address::Address;
use crate::config::{Config, DIAL_STAGGER_MIN};
use crate::error::{Disconnect, SystemText};
use crate::time::Instant;

/// The attempts to reach one host over several addresses: which of them is dialled next, and when.
///
/// The driver dials what [`next`](Self::next) says, tells each failure with
/// [`failed`](Self::failed), and asks again. With the first connection the race is over: the driver
/// drops it, and the attempts that still go on.
///
/// Many addresses follow each other faster than after `dial_stagger`, so that each is dialled in
/// the first half of `connect_timeout`.
///
/// **Limit**: `max_addresses` of the configuration; further addresses are not dialled.
///
/// ```
/// use hashslot::driver::{Race, RaceStep};
/// use hashslot::error::Disconnect;
/// use hashslot::{Address, Config, Instant};
/// let config = Config::default();
/// let addresses: Vec<Address> = vec!["[2001:db8::1]:7000".parse()?, "10.0.0.1:7000".parse()?];
/// let mut race = Race::new(addresses.clone(), &config);
/// let begun_at = Instant::EPOCH;
/// assert_eq!(race.next(begun_at), RaceStep::Dial(addresses[0].clone()));
/// let later = begun_at + config.dial_stagger;
/// assert_eq!(race.next(begun_at), RaceStep::Wait(Some(later))); // the first one goes on meanwhile
/// assert_eq!(race.next(later), RaceStep::Dial(addresses[1].clone()));
/// race.failed(later, Disconnect::Unreachable);
/// race.failed(later, Disconnect::Refused);
/// assert_eq!(race.next(later), RaceStep::Lost(Disconnect::Refused)); // which says more
/// # Ok::<(), hashslot::error::AddressError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Race {
    waiting: VecDeque<Address>,
    stagger: Duration,
    next_at: Instant,
    running_count: usize,
    /// Of the failures so far, the one that says most.
    failure: Option<Disconnect>,
}

/// What a [`Race`] waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a driver has to carry out each of them")]
pub enum RaceStep {
    /// Begin to dial this address.
    Dial(Address),
    /// Wait for an attempt to end; at this time, if there is one, ask again.
    Wait(Option<Instant>),
    /// All attempts have failed. The cause is the most specific one.
    Lost(Disconnect),
}

impl Race {
    /// A race of these addresses, in the order in which the resolver prefers them: families take
    /// turns, and each address is dialled once.
    #[must_use]
    pub fn new(addresses: Vec<Address>, config: &Config) -> Self {
        let waiting = in_turn(addresses, config.max_addresses);
        let count = u32::try_from(waiting.len().max(1)).unwrap_or(u32::MAX);
        let share = config.connect_timeout / 2 / count;
        Self {
            stagger: config.dial_stagger.min(share.max(DIAL_STAGGER_MIN)),
            waiting,
            next_at: Instant::EPOCH,
            running_count: 0,
            failure: None,
        }
    }

    /// What to do now. To be asked again after each [`RaceStep::Dial`], each failure, and at the
    /// time of [`RaceStep::Wait`].
    pub fn next(&mut self, now: Instant) -> RaceStep {
        let is_due = self.running_count == 0 || self.next_at <= now;
        if is_due && let Some(address) = self.waiting.pop_front() {
            self.running_count += 1;
            self.next_at = now + self.stagger;
            return RaceStep::Dial(address);
        }
        match &self.failure {
            _ if !self.waiting.is_empty() => RaceStep::Wait(Some(self.next_at)),
            _ if self.running_count > 0 => RaceStep::Wait(None),
            Some(failure) => RaceStep::Lost(failure.clone()),
            None => {
                RaceStep::Lost(Disconnect::NameResolution(SystemText::new("it has no address")))
            }
        }
    }

    /// An attempt has failed: the next one may begin at once.
    pub fn failed(&mut self, now: Instant, cause: Disconnect) {
        self.running_count = self.running_count.saturating_sub(1);
        self.next_at = now;
        if self.failure.as_ref().is_none_or(|known| weight(known) < weight(&cause)) {
            self.failure = Some(cause);
        }
    }
}

/// The first addresses, each once: those of the two families in turn, beginning with the first's.
fn in_turn(addresses: Vec<Address>, count_max: usize) -> VecDeque<Address> {
    let mut families: [VecDeque<Address>; 2] = Default::default();
    let [first, second] = &mut families;
    for address in addresses {
        let is_of_first = first.front().is_none_or(|known| is_v6(known) == is_v6(&address));
        let family = if is_of_first { &mut *first } else { &mut *second };
        if family.len() < count_max && !family.contains(&address) {
            family.push_back(address);
        }
    }
    let mut order = VecDeque::new();
    while order.len() < count_max {
        let (one, other) = (first.pop_front(), second.pop_front());
        if one.is_none() && other.is_none() {
            break;
        }
        order.extend(one.into_iter().chain(other));
    }
    order.truncate(count_max);
    order
}

fn is_v6(address: &Address) -> bool {
    address.host().contains(':')
}

/// How much a cause says. That there is no way to one of the addresses is usual where one of the
/// families has none; silence says little; a refusal comes from the host itself.
const fn weight(cause: &Disconnect) -> u8 {
    match cause {
        Disconnect::Unreachable => 0,
        Disconnect::TimedOut => 1,
        Disconnect::NameResolution(_) => 2,
        Disconnect::Reset | Disconnect::EndOfStream => 3,
        Disconnect::Refused => 4,
        Disconnect::Other(_) => 5,
        Disconnect::Tls(_)
        | Disconnect::Forbidden
        | Disconnect::Credentials
        | Disconnect::Panicked(_) => 6,
    }
}

#[cfg(test)]
mod tests;
