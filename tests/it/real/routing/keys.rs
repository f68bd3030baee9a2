//! Commands with keys of many slots do what one command a key does.

use std::collections::BTreeMap;

use hashslot::config::Protocol;
use hashslot::error::Rejection;
use hashslot::{Call, Command, CrossSlot, Error};

use super::{Answer, Stage, in_both, key_in, on_each, tags, words};
use crate::real::adapter::{Adapter, Client, on_every_adapter};
use crate::real::{Done, Failure};
use crate::servers::NAMES;
use crate::servers::raw::{Connection, Reply};
use crate::servers::slots::{SLOT_COUNT, slot_of};

/// A connection to each primary, by which keys are asked for one by one.
struct Owners<'a, A: Adapter> {
    stage: &'a Stage<'a, A>,
    connections: BTreeMap<usize, Connection>,
    /// The node of each part of the slots.
    ranges: Vec<(u16, usize)>,
}

impl<'a, A: Adapter> Owners<'a, A> {
    fn new(stage: &'a Stage<'a, A>) -> Result<Self, Failure> {
        let mut ranges = Vec::new();
        for range in stage.cluster.slots(0)? {
            let node = stage.cluster.index_of(range.ports[0]).ok_or("no node")?;
            ranges.push((range.last, node));
        }
        let connections =
            stage.primaries.iter().map(|node| Ok((*node, stage.cluster.connection(*node)?)));
        Ok(Self { stage, connections: connections.collect::<std::io::Result<_>>()?, ranges })
    }

    fn call(&mut self, key: &str, command: &[&str]) -> Result<Reply, Failure> {
        let slot = slot_of(key);
        let node = self.ranges.iter().find(|(last, _)| slot <= *last).ok_or("no owner")?.1;
        let connection = self.connections.get_mut(&node).ok_or("no connection")?;
        Ok(connection.call(command)?)
    }

    /// The value of a key; nothing if it is no string.
    fn get(&mut self, key: &str) -> Result<Option<String>, Failure> {
        Ok(self.call(key, &["GET", key])?.text())
    }

    /// The sum of what a command says key by key.
    fn sum(&mut self, name: &str, keys: &[String]) -> Result<i64, Failure> {
        let mut sum = 0;
        for key in keys {
            sum += self.call(key, &[name, key])?.integer().ok_or("no number")?;
        }
        Ok(sum)
    }

    /// A thousand keys of all shards: strings, lists, and some that are not there, some twice.
    fn fill(&mut self) -> Result<Vec<String>, Failure> {
        self.stage.cluster.flush_all()?;
        let mut keys: Vec<_> = (0..1000).map(|number| format!("many:{number}")).collect();
        for (number, key) in keys.iter().enumerate() {
            match number % 10 {
                3 => self.call(key, &["LPUSH", key, "element"])?.checked()?,
                7 => continue,
                _ => self.call(key, &["SET", key, &format!("value {number}")])?.checked()?,
            };
        }
        let again: Vec<_> = keys.iter().step_by(17).cloned().collect();
        keys.extend(again);
        Ok(keys)
    }
}

fn many(name: &str, keys: &[String]) -> Command {
    Command::new(name).args(keys)
}

/// Lists are null, as they are for an MGET of one slot.
fn values_come_in_the_order_of_their_keys<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        let mut owners = Owners::new(stage)?;
        let keys = owners.fill()?;
        let values: Vec<Option<String>> = stage.client.command(many("MGET", &keys)).await?;
        assert_eq!(values.len(), 1059);
        for (key, value) in keys.iter().zip(&values) {
            assert_eq!(*value, owners.get(key)?, "{key}");
        }
        let Answer::One(Reply::Array(Some(told))) = stage.call(many("MGET", &keys)).await? else {
            panic!("an array in both versions")
        };
        let nulls =
            |is_null: &dyn Fn(usize) -> bool| (0..keys.len()).filter(|at| is_null(*at)).count();
        assert_eq!(nulls(&|at| told[at].is_null()), nulls(&|at| values[at].is_none()));
        assert_eq!(stage.client.stats().await?.moved_followed, 0);
        Ok(())
    })
}

fn keys_are_counted_touched_and_deleted_as_one_by_one<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        let mut owners = Owners::new(stage)?;
        for name in ["EXISTS", "TOUCH"] {
            let keys = owners.fill()?;
            let sum = owners.sum(name, &keys)?;
            assert_eq!(stage.client.command::<i64>(many(name, &keys)).await?, sum, "{name}");
            assert!(sum > 900, "keys that are named twice count twice");
        }
        for name in ["DEL", "UNLINK"] {
            let keys = owners.fill()?;
            let count: i64 = stage.client.command(many(name, &keys)).await?;
            assert_eq!(count, 900, "{name}");
            assert_eq!(owners.sum("EXISTS", &keys)?, 0);
            assert_eq!(stage.client.command::<i64>(many(name, &keys)).await?, 0);
        }
        Ok(())
    })
}

/// Of values for one key the last one stays.
fn values_are_set_as_one_by_one<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        let mut owners = Owners::new(stage)?;
        let keys = owners.fill()?;
        let pairs = keys.iter().enumerate().map(|(number, key)| (key, format!("new {number}")));
        let mset =
            pairs.clone().fold(Command::new("MSET"), |mset, (key, value)| mset.arg(key).arg(value));
        let Answer::One(reply) = stage.call(mset).await? else { panic!("one OK") };
        assert!(reply.is_ok());
        let last: BTreeMap<_, _> = pairs.collect();
        for (key, value) in last {
            assert_eq!(owners.get(key)?.as_ref(), Some(&value), "{key}");
        }
        Ok(())
    })
}

/// One key of each slot that there is.
fn all_slots_fit_into_one_command<A: Adapter>() -> Done {
    super::super::on_usual::<A>(async |cluster| {
        let client = crate::real::connect::<A>(cluster).await?;
        let keys = tags();
        let mset = keys.iter().fold(Command::new("MSET"), |mset, key| mset.arg(key).arg(key));
        client.command::<()>(mset).await?;
        let values: Vec<String> = client.command(many("MGET", keys)).await?;
        assert!(values == keys, "each in its place");
        assert_eq!(client.command::<i64>(many("UNLINK", keys)).await?, i64::from(SLOT_COUNT));
        Ok(())
    })
}

/// What is all or nothing stays so, on a server that would have had it split as well.
fn what_has_a_condition_on_all_keys_is_not_split<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        stage.cluster.flush_all()?;
        for line in [
            "MSETNX all:1 a all:2 b",
            "MSETEX 2 all:1 a all:2 b NX",
            "MSETEX 2 all:1 a all:2 b XX",
            "RENAME all:1 all:2",
            "SINTER all:1 all:2",
            "BITOP AND all:1 all:2",
            "PFCOUNT all:1 all:2",
            "EVAL return{1} 2 all:1 all:2",
            "LMPOP 2 all:1 all:2 LEFT",
        ] {
            let error = stage.error(line).await?;
            let Some(Rejection::CrossSlot(..)) = error.rejection() else {
                return Err(format!("{line}: {error:?}").into());
            };
        }
        assert_eq!(stage.sum(&stage.primaries, "DBSIZE")?, 0);
        assert_eq!(stage.one("MSETNX {all}1 a {all}2 b").await?, Reply::Integer(1));
        assert_eq!(stage.one("MSETNX {all}2 c {all}3 d").await?, Reply::Integer(0));
        Ok(())
    })
}

fn splitting_is_refused_where_that_is_wanted<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        stage.cluster.flush_all()?;
        let refusing = crate::real::connect_with::<A>(stage.cluster, |config| {
            config.cross_slot = CrossSlot::Refuse;
        })
        .await?;
        let keys = [key_in(100, "refused"), key_in(9000, "refused")];
        for name in ["MGET", "DEL", "UNLINK", "EXISTS", "TOUCH", "MSET"] {
            let command = if name == "MSET" { words("MSET a 1 b 2") } else { many(name, &keys) };
            let refused = refusing.command::<hashslot::Frame>(command.clone()).await;
            let is_refused =
                |error: &Error| matches!(error.rejection(), Some(Rejection::CrossSlot(..)));
            assert!(refused.as_ref().is_err_and(is_refused), "{name}: {refused:?}");
            let call = Call::new(command).cross_slot(CrossSlot::Refuse);
            assert!(matches!(stage.call(call).await?, Answer::Failed(error) if is_refused(&error)));
        }
        assert_eq!(stage.sum(&stage.primaries, "DBSIZE")?, 0, "nothing was set");
        let split = Call::new(words("MSET a 1 b 2")).cross_slot(CrossSlot::Split);
        refusing.call_as::<()>(split).await?;
        assert_eq!(stage.sum(&stage.primaries, "DBSIZE")?, 2);
        Ok(())
    })
}

/// MSETEX of Redis 8.4 and Valkey 9.1: one part a slot, each with the options.
fn values_that_expire_are_set_in_parts<A: Adapter>() -> Done {
    on_each::<A>("MSETEX", &["redis-7.0", "valkey-9.1"], async |stage| {
        let answer = stage.call(words("MSETEX 3 a 1 b 2 c 3 EX 1000")).await?;
        if let Some(unknown) = answer.unknown() {
            eprintln!("{:?}: {unknown}", stage.cluster.version());
            return Ok(());
        }
        assert_eq!(answer, Answer::One(Reply::Integer(1)));
        let mut owners = Owners::new(stage)?;
        for (key, value) in [("a", "1"), ("b", "2"), ("c", "3")] {
            assert_eq!(owners.get(key)?.as_deref(), Some(value));
            let left = owners.call(key, &["TTL", key])?.integer();
            assert!(left.is_some_and(|left| left > 900), "{key}: {left:?}");
        }
        assert_eq!(stage.one("MSETEX 2 {t}a 1 {t}b 2 XX").await?, Reply::Integer(0));
        Ok(())
    })
}

/// A server's own word on the number of arguments.
fn a_command_without_keys_is_malformed<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        for line in ["MGET", "DEL", "MSET", "MSET a", "MSET a 1 b", "EXISTS"] {
            let error = stage.error(line).await?;
            assert!(!error.may_have_executed() || error.server().is_some(), "{line}: {error:?}");
        }
        Ok(())
    })
}

/// A merged reply is what one node would have sent, byte for byte.
fn what_is_merged_has_the_bytes_that_one_node_would_send<A: Adapter>() -> Done {
    on_each::<A>("merged bytes", &NAMES, async |stage| {
        stage.cluster.flush_all()?;
        for key in ["b", "{t}b"] {
            stage.client.set(key, "value").await?;
        }
        let bytes = async |line: &str| {
            let reply = stage.client.call(Call::new(words(line))).await?;
            let frame = reply.into_frame().ok_or("no reply")?;
            Ok::<_, Failure>(frame.as_bytes().clone())
        };
        let apart = bytes("MGET a b c").await?;
        assert_eq!(apart, bytes("MGET {t}a {t}b {t}c").await?);
        let is_resp2 = stage.protocol == Protocol::Resp2;
        assert!(apart.ends_with(if is_resp2 { b"$-1\r\n" } else { b"_\r\n" }), "{apart:?}");
        assert_eq!(bytes("EXISTS a b c b").await?, bytes("EXISTS {t}a {t}b {t}c {t}b").await?);
        let of_nodes = bytes("CONFIG GET maxmemory").await?;
        let head = format!("{}{}\r\n", if is_resp2 { "*" } else { "%" }, {
            stage.nodes().len() * if is_resp2 { 2 } else { 1 }
        });
        assert!(of_nodes.starts_with(head.as_bytes()), "{of_nodes:?}");
        Ok(())
    })
}

on_every_adapter! {
    what_is_merged_has_the_bytes_that_one_node_would_send,
    values_come_in_the_order_of_their_keys,
    keys_are_counted_touched_and_deleted_as_one_by_one,
    values_are_set_as_one_by_one,
    all_slots_fit_into_one_command,
    what_has_a_condition_on_all_keys_is_not_split,
    splitting_is_refused_where_that_is_wanted,
    values_that_expire_are_set_in_parts,
    a_command_without_keys_is_malformed,
}
