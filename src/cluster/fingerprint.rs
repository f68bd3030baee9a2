//! Floor 9: a fingerprint of the state of the machine, for searches that visit each state once.
//!
//! Rules of this file: everything that decides what the machine does next is hashed, and a field
//! that is left out is named with its reason. Instants are hashed relative to now, so that a state
//! is the same at whatever time it is reached; no other value is hashed as 16 bytes. Serial numbers
//! of links and calls, and positions of bytes, are hashed as they are: two states that differ only
//! in those count as two. That costs time, and leaves no state out.

use core::fmt::{self, Write};
use core::hash::{Hash, Hasher};

use super::Cluster;
use crate::command::{Command, Segment};
use crate::config::Credentials;
use crate::error::{Error, NodeFailure, NodeFailures, ProtocolError, ServerError};
use crate::plan::Call;
use crate::procedure::Scan;
use crate::random::Random;
use crate::time::Instant;

impl<T> Cluster<T> {
    /// A number of 64 bits that tells states of the machine apart. Two machines with the same
    /// configuration, the same fingerprint and no action to be polled do the same with the same
    /// inputs, if their random numbers are [reset](Self::reset_random) and no two states collide.
    ///
    /// **Cost**: linear in the calls, their parts, and the links.
    pub(crate) fn fingerprint(&self, now: Instant) -> u64
    where
        T: Hash,
    {
        let mut to = Fingerprint::at(now);
        self.hash_into(&mut to);
        to.finish()
    }

    /// Restarts the random numbers, as in a machine that was created with this seed.
    pub(crate) const fn reset_random(&mut self, random_seed: u64) {
        self.random = Random::new(random_seed);
    }

    fn hash_into(&self, to: &mut Fingerprint)
    where
        T: Hash,
    {
        let Self {
            config: _,  // the same in all states, except credentials, which have a serial number
            seeds: _,   // the same in all states
            random: _,  // reset before each input
            learned: _, // the same in all states
            actions: _, // polled
            agenda: _,  // empty between two inputs
            stats: _,   // decides nothing
            #[cfg(debug_assertions)]
                audit: _, // decides nothing
            agreement,
            links,
            calls,
            unrouted,
            suspects,
            pauses,
            fences,
            strays,
            dials,
            refresh,
            timers,
            knows_hello,
            credentials_serial,
            is_reauthenticating,
            ends_by,
        } = self;
        (agreement, links, calls).hash(to);
        (unrouted, suspects, pauses, fences, strays).hash(to);
        (dials, refresh, timers).hash(to);
        (knows_hello, credentials_serial, is_reauthenticating, ends_by).hash(to);
    }
}

/// A hasher that counts all instants from one of them.
///
/// In a search of a million states two collide with a probability of one in 30 million.
#[derive(Debug, Clone)]
pub(crate) struct Fingerprint {
    sum: u64,
    now: Instant,
}

impl Fingerprint {
    pub(crate) const fn at(now: Instant) -> Self {
        Self { sum: 0x243F_6A88_85A3_08D3, now }
    }

    /// One step of `MurmurHash3`.
    fn add(&mut self, word: u64) {
        let word = word.wrapping_mul(0x87C3_7B91_1142_53D5).rotate_left(31);
        self.sum ^= word.wrapping_mul(0x4CF5_AD43_2745_937F);
        self.sum = self.sum.rotate_left(27).wrapping_mul(5).wrapping_add(0x52DC_E729);
    }
}

impl Hasher for Fingerprint {
    fn finish(&self) -> u64 {
        let mut sum = self.sum;
        sum = (sum ^ (sum >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        sum = (sum ^ (sum >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
        sum ^ (sum >> 33)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            self.add(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.add(number.into());
    }

    fn write_u16(&mut self, number: u16) {
        self.add(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.add(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.add(number);
    }

    /// An instant.
    fn write_u128(&mut self, nanos: u128) {
        let now = self.now.since_epoch().as_nanos();
        self.write(&nanos.wrapping_sub(now).to_le_bytes());
    }

    fn write_usize(&mut self, number: usize) {
        self.add(u64::try_from(number).unwrap_or(u64::MAX));
    }
}

impl Hash for Command {
    /// All bytes. The rest is derived from them: a script is named by its digest.
    fn hash<H: Hasher>(&self, to: &mut H) {
        self.each_segment(|segment| match segment {
            Segment::Small(bytes) => bytes.hash(to),
            Segment::Large(bytes) => bytes.hash(to),
        });
    }
}

impl Hash for Call {
    fn hash<H: Hasher>(&self, to: &mut H) {
        self.commands().hash(to);
        hash_text(self, to);
    }
}

/// Types that are hashed as their `Debug` text, which has all of them.
macro_rules! hash_as_text {
    ($($name:ty),+) => {
        $(impl Hash for $name {
            fn hash<H: Hasher>(&self, to: &mut H) {
                hash_text(self, to);
            }
        })+
    };
}
hash_as_text!(Credentials, Error, NodeFailure, NodeFailures, ProtocolError, Scan, ServerError);

fn hash_text<H: Hasher>(of: &impl fmt::Debug, to: &mut H) {
    struct Text<'a, H>(&'a mut H);
    impl<H: Hasher> Write for Text<'_, H> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            text.hash(self.0);
            Ok(())
        }
    }
    let _: fmt::Result = write!(Text(to), "{of:?}"); // which cannot fail
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::config::Config;

    fn of(now: Instant, what: impl Hash) -> u64 {
        let mut to = Fingerprint::at(now);
        what.hash(&mut to);
        to.finish()
    }

    #[test]
    fn instants_count_from_now() {
        let at = |seconds| Instant::EPOCH + Duration::from_secs(seconds);
        assert_eq!(of(at(3), at(5)), of(at(13), at(15)));
        assert_ne!(of(at(3), at(5)), of(at(3), at(6)));
        assert_eq!(of(at(3), at(1)), of(at(4), at(2)), "also those that are over");
        assert_ne!(of(at(3), 5_u64), of(at(3), 6_u64));
    }

    #[test]
    fn a_call_tells_states_apart() {
        let seed = "10.0.0.1:7000".parse().into_iter().collect();
        let mut cluster = Cluster::new(Config::default(), seed, 1).expect("is valid");
        let before = cluster.fingerprint(Instant::EPOCH);
        cluster.submit(Instant::EPOCH, Call::new(Command::get("a")), ()).expect("is accepted");
        while cluster.poll_action().is_some() {}
        assert_ne!(cluster.fingerprint(Instant::EPOCH), before);
        assert_eq!(
            cluster.clone().fingerprint(Instant::EPOCH),
            cluster.fingerprint(Instant::EPOCH)
        );
    }

    #[test]
    fn arguments_tell_commands_apart() {
        let hash = |value: &'static str| of(Instant::EPOCH, Command::set("key", value));
        assert_eq!(hash("a"), hash("a"));
        assert_ne!(hash("a"), hash("b"));
    }
}
