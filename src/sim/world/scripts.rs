//! The scripts that simulated nodes understand, and which of them a node has.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::data::{Data, Words, append};
use super::node::Version;
use crate::command::Script;
use crate::config::Protocol;
use crate::resp::encode;

/// A script that appends its argument to its key.
pub(in crate::sim) const APPENDING: &str = "return redis.call('APPEND', KEYS[1], ARGV[1])";

/// A script that appends its argument to its key, and then answers with its text: that is how a
/// script forges an error of the cluster.
pub(in crate::sim) const FORGING: &str =
    "redis.call('APPEND', KEYS[1], ARGV[1]) return redis.error_reply(ARGV[2])";

/// Runs a script that is spelled out.
pub(super) fn eval(
    data: &mut Data,
    words: &[Vec<u8>],
    protocol: Protocol,
    out: &mut Vec<u8>,
) -> bool {
    if !is_script(words) {
        encode::error(out, b"ERR Error compiling script");
        return false;
    }
    let appending = [Vec::new(), words[3].clone(), words[4].clone()];
    let mut answer = Vec::new();
    let written = append(data, &appending, protocol, &mut answer);
    match words.get(5) {
        Some(forged) if written => encode::error(out, forged),
        _ => out.extend_from_slice(&answer),
    }
    written
}

fn is_script(words: &[Vec<u8>]) -> bool {
    let source = words[1].as_slice();
    (source == FORGING.as_bytes() && words.len() == 6)
        || (source == APPENDING.as_bytes() && words.len() == 5)
}

/// The scripts that a node was sent, by their names.
#[derive(Debug, Default)]
pub(super) struct Scripts(BTreeMap<Vec<u8>, Vec<u8>>);

impl Scripts {
    /// The words of `EVAL` for those of `EVAL` or `EVALSHA`; `None` if the node does not have the
    /// script. What it is sent it keeps.
    pub(super) fn spelled(&mut self, words: &[Vec<u8>]) -> Option<Words> {
        let mut words = words.to_vec();
        if words[0].eq_ignore_ascii_case(b"EVALSHA") {
            let source = self.0.get(&words[1])?;
            words.splice(..2, [b"EVAL".to_vec(), source.clone()]);
        } else if is_script(&words) {
            let name = Script::new(words[1].clone()).sha1().as_bytes().to_vec();
            self.0.insert(name, words[1].clone());
        }
        Some(words)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// What a server answers that does not have a script.
pub(super) const fn no_script(version: Version) -> &'static [u8] {
    match version {
        Version::Redis62 | Version::Redis70 | Version::Redis82 => {
            b"NOSCRIPT No matching script. Please use EVAL."
        }
        Version::Valkey9 => b"NOSCRIPT No matching script.",
    }
}
