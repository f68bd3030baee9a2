//! What a hostile node answers in place of the truth.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::World;
use super::data::{self, Known};
use super::faults::Fault;
use super::node::Session;
use crate::address::Address;
use crate::config::{Limits, Protocol};
use crate::resp::encode;
use crate::slot::{SLOT_COUNT, Slot};

impl World {
    /// A redirection that a hostile node makes up. It runs nothing then.
    pub(super) fn forged(
        &mut self,
        index: usize,
        session: &Session,
        known: &Known,
        words: &[Vec<u8>],
    ) -> Option<String> {
        let slot = Slot::of_key(known.keys_of(words).first()?).number();
        let crowds = self.nodes[index].hostility.crowds;
        if session.queued.is_none() && self.chance(Fault::Crowd, crowds) {
            let to = self.dice.pick(&self.nodes[index].made_up)?;
            return Some(format!("MOVED {slot} {}:{}", to.host(), to.port()));
        }
        let forgeries = self.nodes[index].hostility.forgeries;
        if session.queued.is_some() || !self.chance(Fault::Forgeries, forgeries) {
            return None;
        }
        let other = (slot + 1) % SLOT_COUNT;
        let own = self.teller(index, session.protocol).endpoint(&self.nodes[index].address);
        let choices = [
            format!("MOVED {slot} 6.6.6.6:666"),
            format!("ASK {slot} 6.6.6.6:666"),
            format!("MOVED {other} {own}"),
            format!("ASK {other} 6.6.6.6:666"),
            format!("MOVED {slot} ?:6379"),
            format!("MOVED {slot} {own}"),
            format!("MOVED {slot}"),
            "MOVED".into(),
            "READONLY You can't write against a read only replica.".into(),
        ];
        debug_assert_eq!(choices.len(), FORGERY_COUNT, "all of them can be chosen");
        let choice = self.dice.index(choices.len());
        let choice = self.nodes[index].hostility.forgery.unwrap_or(choice);
        choices.get(choice).cloned()
    }

    /// Nodes that a hostile node lists from now on, and that do not exist.
    pub(super) fn make_up(&mut self, index: usize, client: usize) -> Vec<Address> {
        let made_up = (0..CROWD_LEN).map(|_| {
            self.made_up_count += 1;
            let number = self.made_up_count;
            let host = format!("6.6.{}.{}", number / 250, number % 250);
            Address::new(&host, 666).expect("is an address")
        });
        let made_up: Vec<_> = made_up.collect();
        self.history.told_of_made_up(self.now, client, &made_up);
        self.nodes[index].made_up.clone_from(&made_up);
        made_up
    }

    /// Makes the reply a hostile one, if the node is hostile just now. Tells whether that is the
    /// end of the connection.
    pub(super) fn is_spoilt(
        &mut self,
        index: usize,
        words: &[Vec<u8>],
        session: &Session,
        reply: &mut Vec<u8>,
    ) -> bool {
        let hostility = self.nodes[index].hostility;
        if session.protocol == Protocol::Resp3 && self.chance(Fault::Pushes, hostility.pushes) {
            let mut push = Vec::new();
            encode::push_header(&mut push, 2);
            encode::bulk(&mut push, b"tidings");
            encode::integer(&mut push, 42);
            if self.dice.one_in(2) {
                push.clear(); // what is said about the reply itself
                encode::attribute_header(&mut push, 1);
                encode::simple(&mut push, b"ttl");
                encode::integer(&mut push, 42);
            }
            reply.splice(..0, push);
        }
        if !self.chance(Fault::Garbage, hostility.garbage) {
            return false;
        }
        let deep = b"*1\r\n".repeat(self.conditions.depth);
        let choices: [&[u8]; 8] = [
            b"$-5\r\n",
            b"*-2\r\n",
            b"$3\r\nabcXY",
            b"*+3\r\n",
            b"!!\r\n",
            b"?\r\n",
            b"$99999999999\r\n",
            &deep,
        ];
        let choice = self.dice.index(choices.len() + 1);
        self.trace.line(self.now, || format!("node {index} spoils {}", data::shown(words)));
        self.history.broke_off(index);
        match choices.get(choice) {
            Some(garbage) => *reply = garbage.to_vec(),
            None => reply.truncate(reply.len() / 2), // and then the connection ends
        }
        true
    }

    /// Makes the content of a reply odd, if the node is like that just now. Where it ends is
    /// certain.
    pub(super) fn make_odd(
        &mut self,
        index: usize,
        words: &[Vec<u8>],
        session: &Session,
        reply: &mut Vec<u8>,
    ) {
        let known = data::known(&words[0]);
        let has_keys = known.is_some_and(|known| !known.keys_of(words).is_empty());
        let is_plain = has_keys && session.queued.is_none() && !reply.starts_with(b"-");
        if !is_plain || !self.chance(Fault::OddReplies, self.nodes[index].hostility.oddities) {
            return;
        }
        let deep = [&b"*1\r\n".repeat(Limits::default().max_depth + 1)[..], b":1\r\n"].concat();
        let choices: [&[u8]; 9] = [
            b"_x\r\n",
            b"#x\r\n",
            b",1x\r\n",
            b":1x\r\n",
            b"=3\r\ntxt\r\n",
            b"%-1\r\n",
            b"*3\r\n#x\r\n%1\r\n+k\r\n$4\r\n\r\n\r\n\r\n|1\r\n+a\r\n+b\r\n:1\r\n",
            b"|1\r\n+a\r\n:x\r\n+OK\r\n",
            &deep,
        ];
        let choice = self.dice.index(choices.len());
        if let Some(odd) = choices.get(choice) {
            *reply = odd.to_vec();
            self.history.answered_oddly(session.client, words);
        }
    }
}

/// How many nodes a hostile node makes up at a time.
const CROWD_LEN: usize = 2;

/// How many redirections a hostile node knows to make up.
pub(super) const FORGERY_COUNT: usize = 9;
