//! Floor 5: which scripts are sent by their names, and which in full.
//!
//! Theory of operation. Nodes keep the scripts that they were sent. The first invocation of a
//! script on a link carries the source, so that those behind it find it there: were the name tried
//! first, then all that was sent behind it would run before the script. A node that has lost a
//! script says so before it runs anything: then the part is sent once more, in full, to the same
//! node. Its slot stands still for that as for a redirection: others of the slot that met the same
//! come with it in their order, and what is new comes behind.
//!
//! What a link knows is a guess; a wrong one costs a round trip.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::Cluster;
use super::calls::{Part, PartRef};
use super::nodes::{Links, NodeRef};
use crate::action::LinkId;
use crate::command::{Command, Sha1};
use crate::error::Code;
use crate::plan::Payload;
use crate::resp::Frame;
use crate::time::Instant;

/// The scripts that a link has brought to its node.
#[derive(Debug, Default)]
#[cfg_attr(feature = "sim", derive(Clone, Hash))]
pub(super) struct Scripts(Vec<Sha1>);

/// A link remembers so many scripts, and begins anew with the next.
const SCRIPT_COUNT_MAX: usize = 64;

impl Scripts {
    /// Whether the link has not brought the script yet. Now it has.
    fn is_new(&mut self, script: &Sha1) -> bool {
        if self.0.contains(script) {
            return false;
        }
        if self.0.len() >= SCRIPT_COUNT_MAX {
            self.clear();
        }
        self.0.push(*script);
        true
    }

    /// The node does not have it, or was not sent it after all.
    pub(super) fn forget(&mut self, script: &Sha1) {
        self.0.retain(|known| known != script);
    }

    /// Nothing that was sent is sure to have come.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The command of a part that invokes a script.
fn command(state: &Part) -> Option<(&Command, &Sha1)> {
    match state.payload.as_deref()? {
        Payload::Command(command) => Some((command, command.script()?)),
        Payload::Transaction(_) => None,
    }
}

/// Whether a part was sent with no more than the name of its script.
pub(super) fn is_named(state: &Part) -> bool {
    command(state).is_some_and(|(command, _)| !command.is_spelled_out())
}

/// Has a part carry the source of its script if the link has not brought it yet.
pub(super) fn spell_out_new(scripts: &mut Scripts, state: &mut Part) {
    if command(state).is_some_and(|(_, script)| scripts.is_new(script)) {
        spell_out(state);
    }
}

/// Has a part carry the source of its script from now on.
fn spell_out(state: &mut Part) {
    if let Some(spelled) = command(state).and_then(|(command, _)| command.spelled_out()) {
        state.payload = Some(Box::new(Payload::Command(spelled)));
    }
}

/// A link forgets the script of a part that was refused with its source, or for want of it.
pub(super) fn note_refusal(links: &mut Links, link: LinkId, state: &Part, refusal: &Frame) {
    let Some((command, script)) = command(state) else { return };
    let code = refusal.error().map_or(Code::Other, |error| error.known_code());
    if code.ran_nothing()
        && (command.is_spelled_out() || code == Code::NoScript)
        && let Some(tenant) = links.get_mut(link)
    {
        tenant.scripts.forget(script);
    }
}

impl<T> Cluster<T> {
    /// A node does not have the script of a part, which did not run: it is sent the source.
    pub(super) fn send_source(&mut self, now: Instant, node: NodeRef, part: PartRef) {
        let Some(state) = self.calls.part_mut(part) else { return };
        spell_out(state);
        self.stats.scripts_missed += 1;
        // What was sent here behind an ASKING has no business with the others of its slot.
        let slot = state.piece.route.slot().filter(|_| !state.asking);
        if let Some(slot) = slot {
            self.stand_still(now, slot, [Some(node), None, None]);
            if self.fences.contains(slot) {
                self.wait_at_fence(slot, part);
                return self.lift_if_free(slot);
            }
        }
        self.enqueue(now, node, part);
    }
}
