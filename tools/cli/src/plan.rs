//! What would become of a command, told without sending it.

use hashslot::Command;
use hashslot::command::ResponsePolicy;
use hashslot::plan::{Explanation, PlannedCommand};

use super::json::{list, string};
use super::terminal::quoted;

/// Prints a line for each part, the last without its end:
/// `part 1/2 slot 3300 node 127.0.0.1:7000 merge key-order: "MGET" "b"`.
pub(crate) fn lines(out: &mut Vec<u8>, explanation: &Explanation) {
    let count = explanation.planned.len();
    if count == 0 {
        out.extend_from_slice(b"part 0/0: no node is concerned");
    }
    for (index, piece) in explanation.planned.iter().enumerate() {
        if index > 0 {
            out.push(b'\n');
        }
        let slot = piece.slot.map_or_else(|| "none".to_owned(), |slot| slot.number().to_string());
        let merge = merge(explanation).unwrap_or("none");
        let (number, node) = (index + 1, node(piece).unwrap_or_else(|| "any".to_owned()));
        let head = format!("part {number}/{count} slot {slot} node {node} merge {merge}:");
        out.extend_from_slice(head.as_bytes());
        for argument in piece.sent.iter().flat_map(Command::arguments) {
            out.push(b' ');
            quoted(out, argument);
        }
    }
}

/// Prints an object with `parts`, each with `slot`, `node` and `command`, and with `merge`.
pub(crate) fn json(out: &mut Vec<u8>, explanation: &Explanation) {
    out.extend_from_slice(b"{\"parts\":");
    list(out, *b"[]", &explanation.planned, |out, piece| {
        let slot = piece.slot.map(|slot| slot.number().to_string());
        out.extend_from_slice(b"{\"slot\":");
        out.extend_from_slice(slot.as_deref().unwrap_or("null").as_bytes());
        out.extend_from_slice(b",\"node\":");
        text_or_null(out, node(piece).as_deref());
        out.extend_from_slice(b",\"command\":");
        list(out, *b"[]", piece.sent.iter().flat_map(Command::arguments), string);
        out.push(b'}');
    });
    out.extend_from_slice(b",\"merge\":");
    text_or_null(out, merge(explanation));
    out.push(b'}');
}

fn text_or_null(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => string(out, text.as_bytes()),
        None => out.extend_from_slice(b"null"),
    }
}

/// Where a part would go; `None` if any primary would do.
fn node(piece: &PlannedCommand) -> Option<String> {
    match (&piece.node, piece.slot) {
        (Some(node), _) => Some(node.to_string()),
        (None, Some(_)) => Some("unassigned".to_owned()),
        (None, None) => None,
    }
}

/// How the replies become one; `None` if there is one only.
fn merge(explanation: &Explanation) -> Option<&'static str> {
    let policy = explanation.merges.first().copied().flatten()?;
    Some(match policy {
        ResponsePolicy::Single => "single",
        ResponsePolicy::AllSucceeded => "all-succeeded",
        ResponsePolicy::OneSucceeded => "one-succeeded",
        ResponsePolicy::Equal => "equal",
        ResponsePolicy::And => "and",
        ResponsePolicy::Or => "or",
        ResponsePolicy::Min => "min",
        ResponsePolicy::Max => "max",
        ResponsePolicy::Sum => "sum",
        ResponsePolicy::Concat => "concat",
        ResponsePolicy::Union => "union",
        ResponsePolicy::SumByName => "sum-by-name",
        ResponsePolicy::KeyOrder => "key-order",
        ResponsePolicy::NonNull => "non-null",
        ResponsePolicy::SlotStats => "slot-stats",
        ResponsePolicy::PerNode => "per-node",
        _ => "other",
    })
}
