//! The keys and values that all clients are given, and how they come into the cluster.

use std::io;

use crate::Outcome;
use crate::nodes::Nodes;
use crate::servers::raw::{self, Connection, Reply};

/// A key of 16 bytes. It lives as long as the process, so that clients that can do without a copy
/// may.
pub(crate) type Key = &'static str;

const KEY_COUNT: usize = 100_000;
pub(crate) const VALUE_LEN: usize = 64;
pub(crate) const VALUE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Sizes of large values, and how many there are of each: 2 MiB and 12 MiB, so that they are not
/// all in the processor's cache.
const LARGE: [(usize, usize); 2] = [(64 * 1024, 32), (1024 * 1024, 12)];
/// How many commands are sent before their replies are read.
const AT_ONCE: usize = 500;

/// The keys. Those of small values are in no order, so that neighbours are in different slots.
#[derive(Debug)]
pub(crate) struct Data {
    keys: Vec<Key>,
    pairs: Vec<(Key, &'static str)>,
    large: [Vec<Key>; 2],
}

impl Data {
    /// Makes the keys. They are never freed.
    pub(crate) fn leak() -> &'static Self {
        let mut keys: Vec<Key> = (0..KEY_COUNT).map(|index| leak_key("key", index)).collect();
        shuffle(&mut keys);
        let pairs = keys.iter().map(|key| (*key, VALUE)).collect();
        let large = LARGE.map(|(len, count)| {
            (0..count).map(|index| leak_key(&format!("{}K", len / 1024), index)).collect()
        });
        Box::leak(Box::new(Self { keys, pairs, large }))
    }

    pub(crate) fn key(&self, place: usize) -> Key {
        self.keys[place % KEY_COUNT]
    }

    /// The key of a value of this size.
    pub(crate) fn large(&self, value_len: usize, place: usize) -> Key {
        match LARGE.iter().position(|(len, _)| *len == value_len) {
            Some(index) => self.large[index][place % self.large[index].len()],
            None => self.key(place),
        }
    }

    pub(crate) fn keys(&'static self, place: usize, count: usize) -> &'static [Key] {
        let start = place % (KEY_COUNT - count);
        &self.keys[start..start + count]
    }

    pub(crate) fn pairs(
        &'static self,
        place: usize,
        count: usize,
    ) -> &'static [(Key, &'static str)] {
        let start = place % (KEY_COUNT - count);
        &self.pairs[start..start + count]
    }

    /// Gives every key its value.
    pub(crate) fn store(&self, nodes: &Nodes) -> Outcome<()> {
        for index in 0..nodes.count() {
            let here = |key: &&Key| nodes.of(key) == index;
            let mut connection = Connection::connect(nodes.address(index))?;
            for keys in self.keys.iter().filter(here).collect::<Vec<_>>().chunks(AT_ONCE) {
                store(&mut connection, keys, VALUE)?;
            }
            for ((len, _), keys) in LARGE.iter().zip(&self.large) {
                let value = VALUE.repeat(len / VALUE_LEN);
                for key in keys.iter().filter(here) {
                    store(&mut connection, &[key], &value)?;
                }
            }
        }
        Ok(())
    }
}

fn store(connection: &mut Connection, keys: &[&Key], value: &str) -> io::Result<()> {
    let bytes: Vec<u8> = keys.iter().flat_map(|key| raw::encode(&["SET", key, value])).collect();
    connection.send_bytes(&bytes)?;
    keys.iter().try_for_each(|_| connection.receive().and_then(Reply::checked).map(drop))
}

fn leak_key(prefix: &str, index: usize) -> Key {
    let digits = 15 - prefix.len();
    Box::leak(format!("{prefix}:{index:0digits$}").into_boxed_str())
}

/// The same order every time.
fn shuffle(keys: &mut [Key]) {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for last in (1..keys.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        keys.swap(last, (state % (last as u64 + 1)) as usize);
    }
}
