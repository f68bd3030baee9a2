//! How simulated nodes agree on who serves what: slots that move, claims that spread, epochs.
//!
//! Source: cluster specification, "Cluster live reconfiguration" and "hash slots configuration
//! propagation". A node tells the others what it owns; of two that claim a slot the one with the
//! higher configuration epoch wins, at each node as soon as it hears of both.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::data::spelled;
use super::faults::Fault;
use super::node::{Claim, Effect, Node, Session, Version, address, name};
use super::serve::{Looks, accepts_subcommand, unknown_subcommand};
use super::{Scheduled, World};
use crate::address::Address;
use crate::resp::encode;
use crate::sim::judge::history::bit;
use crate::slot::{SLOT_COUNT, Slot};

impl World {
    /// Starts the nodes: primaries that share the slots, then their replicas, then nodes that own
    /// nothing.
    pub(super) fn found(&mut self) {
        let (primaries, replicas) = (self.conditions.primaries, self.conditions.replicas);
        let node_count = primaries * (1 + replicas) + self.conditions.spares;
        self.nodes = (0..node_count).map(|index| Node::new(index, node_count)).collect();
        for (index, node) in self.nodes.iter_mut().enumerate() {
            let is_replica = index >= primaries && index < primaries * (1 + replicas);
            node.primary = is_replica.then_some(index % primaries);
            if let (true, Ok(port)) = (self.conditions.has_one_host, u16::try_from(index)) {
                let host = address(0, 0).host().to_owned(); // one host, many ports
                node.address = Address::new(&host, 7000 + port).expect("is well-formed");
            }
        }
        for index in 0..node_count {
            for primary in 0..primaries {
                // To the nearest slot, as `redis-cli --cluster create` has it.
                let edge = |part: usize| {
                    (2 * usize::from(SLOT_COUNT) * part + primaries) / (2 * primaries)
                };
                let first = u16::try_from(edge(primary)).expect("is a slot");
                let last = u16::try_from(edge(primary + 1) - 1).expect("is a slot");
                self.nodes[index].view.give(first, last, Some(primary));
            }
        }
        for index in 0..node_count {
            let epoch = u64::try_from(index + 1).unwrap_or(u64::MAX);
            let claim = Arc::new(self.new_claim(index, epoch));
            for node in &mut self.nodes {
                node.view.claims[index] = Some(Arc::clone(&claim));
            }
        }
        for index in primaries..primaries * (1 + replicas) {
            self.synchronise(index);
        }
        for node in 0..node_count {
            let is_mate = |other: &usize| *other == node || self.share_shard(node, *other);
            let mates = (0..node_count).filter(is_mate);
            self.history.shards.push(mates.fold(0, |mates, mate| mates | bit(mate)));
        }
        let by_name = self.conditions.by_name;
        let seed =
            |index: usize| if by_name { name(index) } else { self.nodes[index].address.clone() };
        self.seeds = (0..self.conditions.seeds).map(seed).collect();
    }

    fn new_claim(&mut self, index: usize, epoch: u64) -> Claim {
        let node = &mut self.nodes[index];
        node.claim_serial += 1;
        Claim {
            node: index,
            serial: node.claim_serial,
            epoch,
            primary: node.primary,
            slots: if node.primary.is_none() { node.view.slots_of(index) } else { Vec::new() },
            address: node.address.clone(),
        }
    }

    /// The highest epoch that any node has.
    fn epoch_max(&self) -> u64 {
        let epochs = (0..self.nodes.len()).map(|index| self.nodes[index].view.epoch(index));
        epochs.max().unwrap_or(0)
    }

    /// A node has changed: it tells the others, who hear of it one after the other.
    pub(super) fn announce(&mut self, index: usize, takes_epoch: bool) {
        let epoch =
            if takes_epoch { self.epoch_max() + 1 } else { self.nodes[index].view.epoch(index) };
        let claim = Arc::new(self.new_claim(index, epoch));
        self.nodes[index].view.claims[index] = Some(Arc::clone(&claim));
        for by in 0..self.nodes.len() {
            if by != index {
                let after = self.dice.up_to(self.conditions.gossip_delay_max);
                self.schedule(after, Scheduled::Heard { by, claim: Arc::clone(&claim) });
            }
        }
    }

    /// A claim reaches a node.
    pub(super) fn hear(&mut self, by: usize, claim: &Arc<Claim>) {
        if !self.nodes[by].is_up || !self.nodes[by].is_member {
            return; // it hears of it when it comes back
        }
        if !self.can_talk(by, claim.node) {
            let claim = Arc::clone(claim);
            return self.schedule(RETRY, Scheduled::Heard { by, claim });
        }
        let Node { view, importing, .. } = &mut self.nodes[by];
        if view.claim(claim.node).is_some_and(|known| known.serial > claim.serial) {
            return;
        }
        let before = view.claim(by).map(|own| own.slots.clone()).unwrap_or_default();
        let (loser_of, outdated) = view.take_in(by, claim, importing);
        if let Some(owner) = outdated
            && let Some(newer) = self.nodes[by].view.claims[owner].clone()
        {
            let after = self.latency();
            self.schedule(after, Scheduled::Heard { by: claim.node, claim: newer });
        }
        if let Some(winner) = loser_of {
            self.lose_slots(by, winner, &before);
        }
        self.follow_primary(by);
    }

    /// Slots of a node belong to another one now.
    fn lose_slots(&mut self, loser: usize, winner: usize, before: &[(u16, u16)]) {
        let node = &mut self.nodes[loser];
        let kept = node.view.slots_of(loser);
        let is_gone = |slot: &u16| !kept.iter().any(|(first, last)| (first..=last).contains(&slot));
        node.migrating.retain(|slot, _| !is_gone(slot));
        let was_its_replica = self.nodes[winner].log.is_empty()
            || self.nodes[loser].primary.is_none() && kept.is_empty() && !before.is_empty();
        if kept.is_empty() && was_its_replica && self.share_shard(loser, winner) {
            self.demote(loser, winner);
        } else {
            let node = &self.nodes[loser];
            let is_lost = |key: &&Vec<u8>| {
                let slot = Slot::of_key(key).number();
                before.iter().any(|(first, last)| (first..=last).contains(&&slot)) && is_gone(&slot)
            };
            let keys: Vec<_> = node.data.entries.keys().filter(is_lost).cloned().collect();
            for key in keys {
                self.forget_key(loser, &key);
            }
            self.announce(loser, false);
        }
    }

    /// Removes the keys of slots that the node neither serves nor imports.
    pub(super) fn drop_foreign_keys(&mut self, index: usize) {
        let node = &self.nodes[index];
        let is_foreign = |key: &&Vec<u8>| {
            let slot = Slot::of_key(key).number();
            *node.view.owners.get(slot) != Some(index) && !node.importing.contains_key(&slot)
        };
        let keys: Vec<_> = node.data.entries.keys().filter(is_foreign).cloned().collect();
        for key in keys {
            self.forget_key(index, &key);
        }
    }

    fn claimed(&self, by: usize) -> &[Option<Arc<Claim>>] {
        self.nodes[by].view.claims.as_slice()
    }

    /// The address of a node, as another one knows it.
    pub(super) fn claimed_address(&self, by: usize, of: usize) -> Address {
        let claim = self.claimed(by).get(of).and_then(Option::as_ref);
        claim.map_or_else(|| self.nodes[of].address.clone(), |claim| claim.address.clone())
    }

    /// Who owns a slot: the node that believes so itself, with the highest epoch.
    pub(in crate::sim) fn true_owner(&self, slot: u16) -> Option<usize> {
        let owns = |index: &usize| {
            let node = &self.nodes[*index];
            node.primary.is_none() && *node.view.owners.get(slot) == Some(*index)
        };
        let owners = (0..self.nodes.len()).filter(owns);
        owners.max_by_key(|index| self.nodes[*index].view.epoch(*index))
    }

    /// Whether a node refuses to serve, because it does not trust the cluster or itself.
    pub(super) fn is_down(&self, index: usize) -> bool {
        let node = &self.nodes[index];
        let is_cut_off = node
            .isolated_since
            .is_some_and(|since| self.now.since(since) >= self.conditions.node_timeout);
        let is_served =
            |owner: &Option<usize>| owner.is_some_and(|owner| !node.view.failed.contains(&owner));
        let covers = !self.conditions.full_coverage
            || node.view.owners.iter().all(|(_, _, owner)| is_served(owner));
        is_cut_off || !covers || self.now < node.down_until
    }

    /// Commands about the cluster.
    pub(super) fn cluster_command(
        &mut self,
        index: usize,
        session: &Session,
        words: &[Vec<u8>],
        out: &mut Vec<u8>,
    ) {
        if accepts_subcommand(self.version, words) != Some(true) {
            return encode::error(out, unknown_subcommand(words).as_bytes());
        }
        let word = |at: usize| {
            words.get(at).map(|word| String::from_utf8_lossy(word).to_ascii_uppercase())
        };
        let teller = self.teller(index, session.protocol);
        match word(1).as_deref() {
            Some("SLOTS") => {
                let hostility = self.nodes[index].hostility.topologies;
                if self.chance(Fault::OddTopology, hostility) {
                    let choice = self.dice.below(1 << 16);
                    let primaries = self.nodes[index].view.primaries_with_slots();
                    let hidden = primaries.get(self.dice.index(primaries.len().max(1))).copied();
                    if let Some(hidden) =
                        hidden.filter(|hidden| *hidden != index && choice % 4 == 3)
                    {
                        let mut view = self.nodes[index].view.clone();
                        for (first, last) in view.slots_of(hidden) {
                            view.owners.set(first, last, None);
                        }
                        self.history.told(self.now, session.client, &view);
                        let view = &self.nodes[index].view;
                        self.history.told_of_replicas(session.client, view, hidden);
                        self.disturb(hidden, self.now);
                        let teller = self.teller(index, session.protocol);
                        return teller.slots_but(hidden, out);
                    }
                    return self.teller(index, session.protocol).oddity(choice, out);
                }
                self.history.told(self.now, session.client, &self.nodes[index].view);
                if self.chance(Fault::Crowd, self.nodes[index].hostility.crowds) {
                    let made_up = self.make_up(index, session.client);
                    return self.teller(index, session.protocol).slots_with(&made_up, out);
                }
                self.teller(index, session.protocol).slots(out);
            }
            Some("SHARDS" | "NODES") if self.nodes[index].hostility.crowds > 0 => {
                encode::error(out, b"NOPERM this user has no permissions to run this command");
            }
            Some("SHARDS") if self.version > Version::Redis62 => {
                teller.shards(out);
                self.history.told(self.now, session.client, &self.nodes[index].view);
            }
            Some("NODES") => {
                teller.nodes(out);
                self.history.told(self.now, session.client, &self.nodes[index].view);
            }
            Some("MYID") => encode::bulk(out, self.nodes[index].id.as_bytes()),
            Some("KEYSLOT") if words.len() == 3 => {
                encode::integer(out, i64::from(Slot::of_key(&words[2]).number()));
            }
            Some("COUNTKEYSINSLOT") => match slot_in(words.get(2)) {
                Some(slot) => {
                    let count = self.nodes[index].keys_in(slot).count();
                    encode::integer(out, i64::try_from(count).unwrap_or(i64::MAX));
                }
                None => encode::error(out, INVALID_SLOT),
            },
            Some("SETSLOT") => self.set_slot(index, words, out),
            _ => encode::error(out, unknown_subcommand(words).as_bytes()),
        }
    }

    /// `CLUSTER SETSLOT slot MIGRATING id | IMPORTING id | NODE id | STABLE`.
    fn set_slot(&mut self, index: usize, words: &[Vec<u8>], out: &mut Vec<u8>) {
        let Some(slot) = slot_in(words.get(2)) else { return encode::error(out, INVALID_SLOT) };
        let state = words.get(3).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
        let count = if state == b"STABLE" { 4 } else { 5 };
        // Valkey 9 has more options than it looks at.
        let is_long = words.len() > count && self.version != Version::Valkey9;
        if words.len() < count || is_long {
            let text =
                b"ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP";
            return encode::error(out, text);
        }
        let other = words
            .get(4)
            .and_then(|id| self.nodes.iter().position(|node| node.id.as_bytes() == id.as_slice()));
        let owner = *self.nodes[index].view.owners.get(slot);
        let is_own = owner == Some(index);
        if self.nodes[index].primary.is_some() {
            return encode::error(out, b"ERR You can use SETSLOT only with masters.");
        }
        match (&state[..], other) {
            (b"STABLE", _) => {
                self.nodes[index].migrating.remove(&slot);
                self.stop_importing(index, slot);
            }
            (b"MIGRATING" | b"IMPORTING" | b"NODE", Some(other))
                if self.nodes[other].primary.is_some() =>
            {
                return encode::error(out, b"ERR Target node is not a master");
            }
            (b"MIGRATING" | b"IMPORTING", Some(other))
                if other == index && self.version == Version::Valkey9 =>
            {
                return encode::error(out, b"ERR Target node is myself");
            }
            (b"MIGRATING", Some(_)) if !is_own => {
                let text = format!("ERR I'm not the owner of hash slot {slot}");
                return encode::error(out, text.as_bytes());
            }
            (b"MIGRATING", Some(target)) => {
                self.nodes[index].migrating.insert(slot, target);
            }
            (b"IMPORTING", Some(_)) if is_own => {
                let text = format!("ERR I'm already the owner of hash slot {slot}");
                return encode::error(out, text.as_bytes());
            }
            (b"IMPORTING", Some(source)) => {
                self.nodes[index].importing.insert(slot, source);
            }
            (b"NODE", Some(target)) => {
                if is_own && target != index && self.nodes[index].has_keys_in(slot) {
                    let text = format!(
                        "ERR Can't assign hashslot {slot} to a different node while I still hold keys for this hash slot."
                    );
                    return encode::error(out, text.as_bytes());
                }
                self.assign(index, slot, target);
            }
            (b"MIGRATING" | b"IMPORTING" | b"NODE", None) => {
                let id = String::from_utf8_lossy(words.get(4).map_or(b"", Vec::as_slice));
                return encode::error(out, format!("ERR I don't know about node {id}").as_bytes());
            }
            _ => {
                let text =
                    b"ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP";
                return encode::error(out, text);
            }
        }
        encode::simple(out, b"OK");
    }

    /// A node is told who owns a slot.
    pub(super) fn assign(&mut self, index: usize, slot: u16, target: usize) {
        let node = &mut self.nodes[index];
        if target != index || !node.has_keys_in(slot) {
            node.migrating.remove(&slot);
        }
        let imported = target == index && node.importing.remove(&slot).is_some();
        let before = *node.view.owners.get(slot);
        node.view.give(slot, slot, Some(target));
        if target == index && before != Some(index) && self.is_busy(index) {
            self.history.excuse_order(self.now, slot, slot);
        }
        if imported || before == Some(index) || target == index {
            self.announce(index, imported);
        }
    }

    /// A node imports a slot no longer, and believes again what it hears about it.
    pub(super) fn stop_importing(&mut self, index: usize, slot: u16) -> bool {
        let Node { view, importing, .. } = &mut self.nodes[index];
        let has_imported = importing.remove(&slot).is_some();
        if has_imported
            && let Some(claimant) = view.claimant(slot)
            && *view.owners.get(slot) != Some(index)
        {
            view.give(slot, slot, Some(claimant));
        }
        has_imported
    }

    /// `MIGRATE host port key 0 timeout [COPY] [REPLACE]`: the key goes to another node, or stays.
    pub(super) fn migrate(&mut self, index: usize, words: &[Vec<u8>], out: &mut Vec<u8>) {
        let port = String::from_utf8_lossy(&words[2]);
        let host = String::from_utf8_lossy(&words[1]);
        let at =
            |node: &Node| node.address.host() == host && format!("{}", node.address.port()) == port;
        let has = |option: &[u8]| words[6..].iter().any(|word| word.eq_ignore_ascii_case(option));
        let is_known = |word: &Vec<u8>| {
            word.eq_ignore_ascii_case(b"COPY") || word.eq_ignore_ascii_case(b"REPLACE")
        };
        if !words[6..].iter().all(is_known) {
            return encode::error(out, b"ERR syntax error");
        }
        let (Some(database), Some(_)) = (spelled(&words[4]), spelled(&words[5])) else {
            return encode::error(out, b"ERR value is not an integer or out of range");
        };
        let key = &words[3];
        if !self.nodes[index].data.entries.contains_key(key) {
            return encode::simple(out, b"NOKEY");
        }
        let Some(target) = self.nodes.iter().position(at) else {
            return encode::error(out, b"IOERR error or timeout connecting to the client");
        };
        // What it sends is `RESTORE-ASKING`.
        let session = Session { is_asking: true, ..Session::new(0) };
        let refusal = if let Some(redirection) =
            self.redirection(target, &session, &[key], true, Looks::All)
        {
            Some(redirection)
        } else {
            let is_there = self.nodes[target].data.entries.contains_key(key) && !has(b"REPLACE");
            is_there.then(|| "BUSYKEY Target key name already exists.".to_owned())
        };
        if let Some(refusal) = refusal {
            let text = format!("ERR Target instance replied with error: {refusal}");
            return encode::error(out, text.as_bytes());
        }
        let entry = self.nodes[index].data.entries.get(key).cloned();
        self.move_key(index, target, key);
        // The target refuses to select another database, stores the key nevertheless, and is then
        // taken to have failed.
        let is_selected = database == 0;
        if let Some(entry) = entry.filter(|_| has(b"COPY") || !is_selected) {
            self.nodes[index].note(Effect::Put(key.clone(), Arc::new(entry.clone())));
            self.nodes[index].data.entries.insert(key.clone(), entry);
            self.send_to_replicas(index);
        }
        if !is_selected {
            let text = b"ERR Target instance replied with error: ERR DB index is out of range";
            return encode::error(out, text);
        }
        encode::simple(out, b"OK");
    }

    /// Moves a key with its value, at both nodes and their replicas.
    pub(super) fn move_key(&mut self, from: usize, to: usize, key: &[u8]) {
        let Some(entry) = self.nodes[from].data.entries.remove(key) else { return };
        self.nodes[from].note(Effect::Removed(key.to_vec()));
        self.nodes[to].note(Effect::Put(key.to_vec(), Arc::new(entry.clone())));
        let writes = entry.writes.clone();
        let replaced = self.nodes[to].data.entries.insert(key.to_vec(), entry);
        // What waited for the target when an earlier move to it was given up runs there in this
        // one, beside the key, and the key replaces what it made: no client can know.
        if let Some(replaced) = replaced
            && self.nemesis.given_up.contains(&(Slot::of_key(key).number(), to))
        {
            self.history.lost(&replaced.writes, &writes);
        }
        self.send_to_replicas(from);
        self.send_to_replicas(to);
    }
}

use alloc::borrow::ToOwned;

/// How long a message that does not get through waits for another attempt.
pub(super) const RETRY: Duration = Duration::from_millis(300);

const INVALID_SLOT: &[u8] = b"ERR Invalid or out of range slot";

fn slot_in(word: Option<&Vec<u8>>) -> Option<u16> {
    let number = core::str::from_utf8(word?).ok()?.parse().ok()?;
    Slot::new(number).map(Slot::number)
}
