//! Commands on many keys, and on all that a node has: what clients split, or send to every node.

use alloc::format;
use alloc::vec::Vec;

use super::World;
use super::data::{self, Data, Known, integer};
use super::node::{Session, Version};
use crate::config::Protocol;
use crate::resp::encode;

pub(super) fn db_size(data: &mut Data, _: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    integer(out, data.entries.len());
    false
}

pub(super) fn mget(
    data: &mut Data,
    words: &[Vec<u8>],
    protocol: Protocol,
    out: &mut Vec<u8>,
) -> bool {
    encode::array_header(out, words.len() - 1);
    for key in &words[1..] {
        match data.text(key) {
            Ok(Some(text)) => encode::bulk(out, text),
            Ok(None) | Err(()) => encode::null(out, protocol),
        }
    }
    false
}

pub(super) fn mset(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    let (pairs, odd) = words[1..].as_chunks::<2>();
    if !odd.is_empty() {
        encode::error(out, b"ERR wrong number of arguments for 'mset' command");
        return false;
    }
    for [key, text] in pairs {
        data.put(key, text.clone());
    }
    encode::simple(out, b"OK");
    true
}

pub(super) fn del(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    let gone = words[1..].iter().filter(|key| data.entries.remove(*key).is_some()).count();
    integer(out, gone);
    gone > 0
}

pub(super) fn exists(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    integer(out, words[1..].iter().filter(|key| data.entries.contains_key(*key)).count());
    false
}

/// `KEYS`, with patterns that are a prefix, or a set of first bytes, before a `*`.
pub(super) fn keys(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    let pattern = words[1].strip_suffix(b"*").unwrap_or(&words[1]);
    let set = pattern.strip_prefix(b"[").and_then(|set| set.strip_suffix(b"]"));
    let is_shown = |key: &&Vec<u8>| match set {
        Some(set) => key.first().is_some_and(|first| set.contains(first)),
        None => key.starts_with(pattern),
    };
    let shown: Vec<_> = data.entries.keys().filter(is_shown).collect();
    encode::array_header(out, shown.len());
    for key in shown {
        encode::bulk(out, key);
    }
    false
}

/// `SCAN cursor [COUNT count]`: keys in the order of their hashes, which no write changes. The
/// cursor is the least hash that may follow.
pub(super) fn scan(data: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    let number = |word: &Vec<u8>| core::str::from_utf8(word).ok()?.parse::<u64>().ok();
    let count = match words.get(2..) {
        Some([option, count]) if option.eq_ignore_ascii_case(b"COUNT") => number(count),
        Some([]) => Some(10),
        _ => None,
    };
    let (Some(cursor), Some(count)) = (number(&words[1]), count.filter(|count| *count > 0)) else {
        encode::error(out, b"ERR syntax error");
        return false;
    };
    let hashed = data.entries.keys().map(|key| (hash_of(key), key));
    let mut left: Vec<_> = hashed.filter(|(hash, _)| *hash >= cursor).collect();
    left.sort_unstable();
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    // Keys of one hash stay together.
    let next = left.get(count).map(|(hash, _)| *hash).filter(|next| left[0].0 < *next);
    let page: Vec<_> = left.iter().take_while(|(hash, _)| next.is_none_or(|n| *hash < n)).collect();
    encode::array_header(out, 2);
    encode::bulk(out, format!("{}", next.unwrap_or(0)).as_bytes());
    encode::array_header(out, page.len());
    for (_, key) in page {
        encode::bulk(out, key);
    }
    false
}

/// A number for each key, from 1 on.
fn hash_of(key: &[u8]) -> u64 {
    let mixed = key.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    });
    1 + (mixed >> 8)
}

/// `FUNCTION LOAD [REPLACE] code`: answers the name of the library, and keeps nothing.
pub(super) fn function(_: &mut Data, words: &[Vec<u8>], _: Protocol, out: &mut Vec<u8>) -> bool {
    let code = words.last().map(Vec::as_slice).unwrap_or_default();
    match code.strip_prefix(b"#!lua name=") {
        Some(library) if words[1].eq_ignore_ascii_case(b"LOAD") => encode::bulk(out, library),
        _ => encode::error(out, b"ERR Missing library metadata"),
    }
    false
}

impl World {
    /// A command on the node itself: it runs while the node loads its data, and whatever state the
    /// cluster is in.
    pub(super) fn node_command(
        &mut self,
        index: usize,
        session: &Session,
        known: &Known,
        words: &[Vec<u8>],
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        match known.name {
            // No two answers are the same.
            "INFO" => {
                let (id, count) = (&self.nodes[index].id, self.history.answer_count());
                let text =
                    format!("# Server\r\nrun_id:{id}\r\ntotal_commands_processed:{count}\r\n");
                encode::bulk(out, text.as_bytes());
            }
            "CONFIG" if words.len() == 4 && words[1].eq_ignore_ascii_case(b"SET") => {
                encode::simple(out, b"OK");
            }
            // No connection has the number.
            "CLIENT" => integer(out, 0),
            _ => {
                let text = format!("ERR unknown command '{}'", data::shown(words));
                return encode::error(out, text.as_bytes());
            }
        }
        self.history.ran(self.now, index, session.client, known, words, &out[start..]);
    }

    /// Whether servers of this version do not have the command yet.
    pub(super) fn is_yet_to_come(&self, known: &Known) -> bool {
        known.name == "FUNCTION" && self.version < Version::Redis70
    }
}
