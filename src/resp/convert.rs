//! Writes a frame in another version of the protocol.
//!
//! Rules of this file: as in the reader, the bytes have passed the [`Scanner`](super::Scanner), and
//! a walk over other bytes ends early without a panic. No walk recurses. Bytes that stay the same
//! are copied in runs, and not at all if the whole frame stays the same.

use alloc::vec::Vec;

use super::{encode, value};
use crate::config::Protocol;

/// One value without the values in it.
struct Part<'a> {
    kind: u8,
    /// The text of a line or of a bulk string; `None` if it is a null or an aggregate.
    text: Option<&'a [u8]>,
    /// The number of an aggregate's header; `None` if it is a null or no aggregate.
    count: Option<usize>,
    /// The bytes behind the part.
    rest: &'a [u8],
}

impl<'a> Part<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        Some(match kind {
            b'$' | b'!' | b'=' => {
                let (text, rest) = value::bulk(rest)?;
                Self { kind, text, count: None, rest }
            }
            b'*' | b'~' | b'>' | b'%' | b'|' => {
                let (count, rest) = value::number(rest)?;
                Self { kind, text: None, count: usize::try_from(count).ok(), rest }
            }
            _ => {
                let (text, rest) = value::line(rest)?;
                Self { kind, text: Some(text), count: None, rest }
            }
        })
    }

    /// How many values the header announces, keys included.
    fn inside(&self) -> usize {
        let width = if matches!(self.kind, b'%' | b'|') { 2 } else { 1 };
        self.count.unwrap_or(0).saturating_mul(width)
    }
}

/// Appends the frame as a server would write it in this protocol. Whether that differs: if not,
/// nothing is appended.
pub(super) fn rewrite(frame: &[u8], protocol: Protocol, out: &mut Vec<u8>) -> bool {
    // What begins here was not copied yet.
    let mut kept = frame;
    let mut here = frame;
    let mut left = 1_usize;
    let mut differs = false;
    while left > 0 {
        let Some(part) = Part::read(here) else { break };
        let mut rest = part.rest;
        let mut inside = part.inside();
        let change = Change::of(&part, protocol);
        if !matches!(change, Change::Keep) {
            differs = true;
            out.extend_from_slice(kept.get(..kept.len() - here.len()).unwrap_or_default());
        }
        match change {
            Change::Keep => {}
            Change::LeaveOut => {
                rest = value::skip(rest, inside).unwrap_or_default();
                inside = 0;
            }
            Change::Null => encode::null(out, protocol),
            Change::Truth(truth) => encode::integer(out, truth.into()),
            Change::Bulk(text) => encode::bulk(out, text),
            Change::ErrorLine(text) => encode::error(out, text),
            Change::Array => encode::array_header(out, inside),
        }
        if !matches!(change, Change::Keep) {
            kept = rest;
        }
        // An attribute is no value: the one that it describes is still to come.
        left = left.saturating_add(inside) - usize::from(part.kind != b'|');
        here = rest;
    }
    if differs {
        out.extend_from_slice(kept);
    }
    differs
}

/// What becomes of a part.
enum Change<'a> {
    Keep,
    /// An attribute, with all that is in it.
    LeaveOut,
    Null,
    Truth(bool),
    Bulk(&'a [u8]),
    ErrorLine(&'a [u8]),
    /// The header of an array of all values inside.
    Array,
}

impl<'a> Change<'a> {
    fn of(part: &Part<'a>, protocol: Protocol) -> Self {
        let text = part.text.unwrap_or_default();
        match (protocol, part.kind) {
            (Protocol::Resp3, b'$') if part.text.is_none() => Self::Null,
            (Protocol::Resp3, b'*') if part.count.is_none() => Self::Null,
            (Protocol::Resp2, b'%' | b'~' | b'>') => Self::Array,
            (Protocol::Resp2, b'|') => Self::LeaveOut,
            (Protocol::Resp2, b'_') => Self::Null,
            (Protocol::Resp2, b'#') => Self::Truth(text == b"t"),
            // Servers write the same digits in both protocols.
            (Protocol::Resp2, b',' | b'(') => Self::Bulk(text),
            // Three bytes of format and a colon stand before the text.
            (Protocol::Resp2, b'=') => Self::Bulk(text.get(4..).unwrap_or_default()),
            (Protocol::Resp2, b'!') => Self::ErrorLine(text),
            (Protocol::Resp2 | Protocol::Resp3, _) => Self::Keep,
        }
    }
}
