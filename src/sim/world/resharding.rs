//! Slots on the move: key by key or at once, and replicas that take over on request.
//!
//! What no client can keep in order is put off for a while: a slot that comes to a node while
//! commands are on their way to it, of which the first were refused. If it happens all the same,
//! the history is told.

use alloc::format;
use alloc::vec::Vec;

use super::World;
use super::faults::Fault;
use super::nemesis::Step;

/// How often an ownership waits for a node to have nothing on its way.
const PATIENCE: u8 = 40;

impl World {
    /// Begins to move a slot to another primary.
    pub(super) fn begin_move(&mut self, fault: Fault) {
        let slots = self.nemesis.slots.clone();
        let Some(slot) = self.nemesis.dice.pick(&slots).copied() else { return };
        let Some(from) = self.true_owner(slot).filter(|from| self.may_own(*from)) else { return };
        // Who is about to give a slot away gets none: with its new epoch it would claim both.
        let may_get = |to: &usize| self.may_take(slot, *to) && self.nodes[*to].migrating.is_empty();
        let others: Vec<usize> = (0..self.nodes.len()).filter(may_get).collect();
        let Some(to) = self.nemesis.dice.pick(&others).copied() else { return };
        let is_in_motion = |index: &usize| {
            let node = &self.nodes[*index];
            node.migrating.contains_key(&slot) || node.importing.contains_key(&slot)
        };
        if (0..self.nodes.len()).any(|index| is_in_motion(&index)) || !self.can_talk(from, to) {
            return;
        }
        self.disturb_slot(slot);
        if fault == Fault::AtomicMigrate {
            return self.hand(slot, to, PATIENCE);
        }
        self.nodes[to].importing.insert(slot, from);
        self.nodes[from].migrating.insert(slot, to);
        self.trace.line(self.now, || format!("slot {slot} begins to move from {from} to {to}"));
        self.carry_on(slot, from, to, PATIENCE);
    }

    /// Whether a node takes a slot. A node that believes itself the owner imports it from no other
    /// node, even if another one has taken over meanwhile. Keys that move there would replace those
    /// that it still has.
    pub(super) fn may_take(&self, slot: u16, to: usize) -> bool {
        self.may_own(to) && *self.nodes[to].view.owners.get(slot) != Some(to)
    }

    fn carry_on(&mut self, slot: u16, from: usize, to: usize, patience: u8) {
        let after = self.nemesis.dice.millis(0, 150);
        self.plan(after, Step::Carry { slot, from, to, patience });
    }

    /// The next key of a slot leaves; after the last one the slot changes hands.
    pub(super) fn carry(&mut self, slot: u16, from: usize, to: usize, patience: u8) {
        self.disturb_slot(slot);
        let is_open = self.nodes[from].migrating.get(&slot) == Some(&to)
            && self.nodes[to].importing.contains_key(&slot);
        if !is_open || !self.can_talk(from, to) || self.nodes[to].primary.is_some() {
            return self.give_up_move(slot, from, to, patience);
        }
        let keys: Vec<_> = self.nodes[from].keys_in(slot).cloned().collect();
        if let Some(key) = self.nemesis.dice.pick(&keys) {
            self.trace.line(self.now, || format!("{} moves", key.escape_ascii()));
            self.move_key(from, to, key);
            return self.carry_on(slot, from, to, patience);
        }
        if patience > 0 && (self.is_busy(to) || self.nemesis.dice.one_in(2)) {
            return self.carry_on(slot, from, to, patience - 1);
        }
        self.trace.line(self.now, || format!("slot {slot} has moved from {from} to {to}"));
        self.assign(to, slot, to);
        let after = self.latency();
        self.plan(after, Step::Resign { slot, from, to });
    }

    /// One of the two is gone, or has lost the slot: what has moved already stays lost, unless they
    /// find each other again soon.
    pub(super) fn give_up_move(&mut self, slot: u16, from: usize, to: usize, patience: u8) {
        if patience > 0 && self.nodes[from].migrating.contains_key(&slot) {
            return self.carry_on(slot, from, to, patience - 1);
        }
        // What was sent to the target for once finds the source serving again.
        self.history.excuse_order(self.now, slot, slot);
        self.nemesis.given_up.insert((slot, to));
        self.nodes[from].migrating.remove(&slot);
        if self.stop_importing(to, slot) {
            self.drop_foreign_keys(to);
        }
    }

    /// A slot and all its keys go to another node at once.
    pub(super) fn hand(&mut self, slot: u16, to: usize, patience: u8) {
        self.disturb_slot(slot);
        let from = self.true_owner(slot).filter(|from| self.may_own(*from));
        let Some(from) = from.filter(|_| self.may_take(slot, to)) else { return };
        if patience > 0 && self.is_busy(to) {
            let after = self.nemesis.dice.millis(1, 30);
            return self.plan(after, Step::Hand { slot, to, patience: patience - 1 });
        }
        let keys: Vec<_> = self.nodes[from].keys_in(slot).cloned().collect();
        for key in keys {
            self.move_key(from, to, &key);
        }
        self.trace.line(self.now, || format!("slot {slot} goes from {from} to {to}"));
        self.nodes[to].importing.insert(slot, from); // it takes a new epoch
        self.assign(to, slot, to);
        self.assign(from, slot, to);
    }

    /// A replica takes over from a primary that waits for it.
    pub(super) fn take_over(&mut self, replica: usize, patience: u8) {
        let Some(primary) = self.nodes[replica].primary else { return };
        let is_primary = self.nodes[primary].primary.is_none();
        if !is_primary
            || !self.can_talk(replica, primary)
            || self.nodes[replica].silent_since.is_some()
        {
            return;
        }
        if patience > 0 && self.is_busy(replica) {
            let after = self.nemesis.dice.millis(1, 50);
            return self.plan(after, Step::TakeOver { replica, patience: patience - 1 });
        }
        self.disturb(replica, self.now);
        self.disturb(primary, self.now);
        self.synchronise(replica);
        self.promote(replica);
        if let Some(claim) = self.nodes[replica].view.claims[replica].clone() {
            self.hear(primary, &claim);
        }
    }

    /// Whether every node of the cluster has heard the latest claim of every other one.
    pub(super) fn claims_are_known(&self) -> bool {
        let members = || self.nodes.iter().enumerate().filter(|(_, node)| node.is_member);
        let claim = |by: usize, of: usize| self.nodes[by].view.claim(of).map(|claim| claim.serial);
        members().all(|(by, _)| members().all(|(of, _)| claim(by, of) == claim(of, of)))
    }

    /// Whether all nodes of the cluster believe the same, and what is true.
    pub(super) fn views_agree(&self) -> bool {
        let mut members = self.nodes.iter().filter(|node| node.is_member);
        let Some(first) = members.next() else { return true };
        let agree = members.all(|node| node.view.owners == first.view.owners);
        let served = |owner: Option<usize>| owner.is_some_and(|owner| self.may_own(owner));
        agree && first.view.owners.iter().all(|(_, _, owner)| served(*owner))
    }
}
