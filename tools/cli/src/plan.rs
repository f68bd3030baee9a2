//! What would become of a command, told without sending it.

use hashslot::command::ResponsePolicy;
use hashslot::plan::{Explanation, PlannedCommand};
use hashslot::{Command, Error};

use super::json::{list, open, string};
use super::terminal::quoted;

/// What would become of one command.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// What its nodes would get.
    parts: Vec<PlannedCommand>,
    /// How the replies become one, if there are several.
    merge: Option<ResponsePolicy>,
}

impl Plan {
    /// The plans of the commands of a call, in order, and the errors of those that cannot be sent.
    pub(crate) fn each(explanation: Explanation) -> Vec<Result<Self, Error>> {
        let merges = explanation.merges.into_iter();
        let mut plans: Vec<_> = merges.map(|merge| Ok(Self { parts: Vec::new(), merge })).collect();
        for part in explanation.planned {
            if let Some(Ok(plan)) = plans.get_mut(part.command) {
                plan.parts.push(part);
            }
        }
        for (command, error) in explanation.refusals {
            if let Some(plan) = plans.get_mut(command) {
                *plan = Err(error);
            }
        }
        plans
    }
}

/// Prints a line for each part, the last without its end, with this at its start:
/// `part 1/2 slot 3300 node 127.0.0.1:7000 merge key-order: "MGET" "b"`.
pub(crate) fn lines(out: &mut Vec<u8>, start: &str, plan: &Plan) {
    let count = plan.parts.len();
    if count == 0 {
        out.extend_from_slice(format!("{start}part 0/0: no node is concerned").as_bytes());
    }
    for (index, part) in plan.parts.iter().enumerate() {
        if index > 0 {
            out.push(b'\n');
        }
        let slot = part.slot.map_or_else(|| "none".to_owned(), |slot| slot.number().to_string());
        let merge = merge(plan).unwrap_or("none");
        let (number, node) = (index + 1, node(part).unwrap_or_else(|| "any".to_owned()));
        let head = format!("{start}part {number}/{count} slot {slot} node {node} merge {merge}:");
        out.extend_from_slice(head.as_bytes());
        for argument in part.sent.iter().flat_map(Command::arguments) {
            out.push(b' ');
            quoted(out, argument);
        }
    }
}

/// Prints an object with `parts`, each with `slot`, `node` and `command`, and with `merge`. A
/// command of a pipeline has its `number` first.
pub(crate) fn json(out: &mut Vec<u8>, number: Option<usize>, plan: &Plan) {
    open(out, number);
    out.extend_from_slice(b"\"parts\":");
    list(out, *b"[]", &plan.parts, |out, part| {
        let slot = part.slot.map(|slot| slot.number().to_string());
        out.extend_from_slice(b"{\"slot\":");
        out.extend_from_slice(slot.as_deref().unwrap_or("null").as_bytes());
        out.extend_from_slice(b",\"node\":");
        text_or_null(out, node(part).as_deref());
        out.extend_from_slice(b",\"command\":");
        list(out, *b"[]", part.sent.iter().flat_map(Command::arguments), string);
        out.push(b'}');
    });
    out.extend_from_slice(b",\"merge\":");
    text_or_null(out, merge(plan));
    out.push(b'}');
}

fn text_or_null(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => string(out, text.as_bytes()),
        None => out.extend_from_slice(b"null"),
    }
}

/// Where a part would go; `None` if any primary would do.
fn node(part: &PlannedCommand) -> Option<String> {
    match (&part.node, part.slot) {
        (Some(node), _) => Some(node.to_string()),
        (None, Some(_)) => Some("unassigned".to_owned()),
        (None, None) => None,
    }
}

/// How the replies become one; `None` if there is one only.
fn merge(plan: &Plan) -> Option<&'static str> {
    Some(match plan.merge? {
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
