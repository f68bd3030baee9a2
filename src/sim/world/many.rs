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
