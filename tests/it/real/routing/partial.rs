//! Parts of a command fail: what became of each key is told, and is what the data says.

use std::collections::BTreeSet;
use std::time::Duration;

use hashslot::error::Partial;
use hashslot::{Call, Command, Error};

use super::{key_in, words};
use crate::real::adapter::{Adapter, Client, on_every_adapter};
use crate::real::{Done, Failure, Held, brittle, connect, held_by, run, until};
use crate::servers::cluster::Cluster;
use crate::servers::raw::Reply;

/// The deadline of a call that waits for a node in vain. All others have answered by then, also on
/// a busy machine.
const WHILE: Duration = Duration::from_secs(2);

/// Keys of all three nodes, and the node of each.
struct Keys {
    keys: Vec<String>,
    nodes: Vec<usize>,
}

impl Keys {
    fn new(cluster: &Cluster, prefix: &str) -> Result<Self, Failure> {
        let slots: Vec<u16> = (0..30).map(|part| part * 541 + 11).collect();
        let keys = slots.iter().map(|slot| key_in(*slot, prefix)).collect();
        let nodes = slots.iter().map(|slot| cluster.primary_of(*slot));
        Ok(Self { keys, nodes: nodes.collect::<Result<_, _>>()? })
    }

    fn mset(&self, value: &str) -> Command {
        self.keys.iter().fold(Command::new("MSET"), |mset, key| mset.arg(key).arg(value))
    }

    /// The positions of the keys of a node, or of all others.
    fn of(&self, node: usize, is_its: bool) -> BTreeSet<usize> {
        (0..self.keys.len()).filter(|key| (self.nodes[*key] == node) == is_its).collect()
    }

    /// What the nodes hold.
    fn held(&self, cluster: &Cluster, key: usize) -> Result<Option<String>, Failure> {
        Ok(held_by(cluster, self.nodes[key], &self.keys[key])?)
    }
}

/// What is done, not done, and not known.
fn sets(partial: &Partial) -> [BTreeSet<usize>; 3] {
    [partial.done().collect(), partial.not_done().collect(), partial.unknown().collect()]
}

fn partial(outcome: Result<hashslot::Reply, Error>) -> Result<Partial, Failure> {
    match outcome {
        Err(error) if error.partial().is_some() => Ok(error.partial().cloned().expect("is there")),
        other => Err(format!("not in part: {other:?}").into()),
    }
}

/// A node of a cluster that is frozen, until this is dropped.
struct Frozen<'a>(&'a Cluster, usize);

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        // It may have been killed meanwhile.
        self.0.thaw(self.1).ok();
    }
}

fn on_brittle<A: Adapter>(test: impl AsyncFnOnce(&Held) -> Done) -> Done {
    let Some(cluster) = brittle()? else { return Ok(()) };
    run::<A>(test(&cluster))
}

/// A node without memory refuses its parts: they did not run.
fn keys_of_a_node_that_refuses_are_not_done<A: Adapter>() -> Done {
    on_brittle::<A>(async |cluster| {
        let client = connect::<A>(cluster).await?;
        let keys = Keys::new(cluster, "refused")?;
        client.command::<()>(keys.mset("old")).await?;
        let full = keys.nodes[0];
        cluster.call(full, &["CONFIG", "SET", "maxmemory", "1"])?;
        let outcome = client.call(keys.mset("new").into()).await;
        let deleted =
            client.call(keys.keys.iter().fold(Command::new("MGET"), Command::arg).into()).await;
        cluster.call(full, &["CONFIG", "SET", "maxmemory", "0"])?;
        let partial = partial(outcome)?;
        assert_eq!(sets(&partial), [keys.of(full, false), keys.of(full, true), BTreeSet::new()]);
        let error = partial.first_error().and_then(Error::server).ok_or("no error")?;
        assert_eq!(error.code(), "OOM");
        for key in 0..keys.keys.len() {
            let expected = if keys.nodes[key] == full { "old" } else { "new" };
            assert_eq!(keys.held(cluster, key)?.as_deref(), Some(expected));
        }
        deleted?;
        for part in partial.parts() {
            let slot = part.slot().ok_or("a part without its slot")?;
            let node = cluster.primary_of(slot.number())?;
            assert_eq!(part.reply().is_some(), node != full);
            assert_eq!(part.error().is_some(), node == full);
        }
        Ok(())
    })
}

/// A node that is silent may have done its parts, and does them when it wakes up.
fn keys_of_a_node_that_is_silent_are_not_known<A: Adapter>() -> Done {
    on_brittle::<A>(async |cluster| {
        let client = connect::<A>(cluster).await?;
        let keys = Keys::new(cluster, "silent")?;
        client.command::<()>(keys.mset("old")).await?;
        let silent = keys.nodes[1];
        cluster.freeze(silent)?;
        let thawing = Frozen(cluster, silent);
        let call = Call::new(keys.mset("new")).timeout(WHILE);
        let partial = partial(client.call(call).await)?;
        assert_eq!(
            sets(&partial),
            [keys.of(silent, false), BTreeSet::new(), keys.of(silent, true)]
        );
        let error = Error::from(partial);
        assert!(error.may_have_executed());
        for key in keys.of(silent, false) {
            assert_eq!(keys.held(cluster, key)?.as_deref(), Some("new"));
        }
        drop(thawing);
        for key in keys.of(silent, true) {
            until::<A>("it runs late", async || {
                Ok(keys.held(cluster, key)?.as_deref() == Some("new"))
            })
            .await?;
        }
        Ok(())
    })
}

/// A node that is gone has done nothing of what came later.
fn keys_of_a_node_that_is_gone_are_not_done<A: Adapter>() -> Done {
    on_brittle::<A>(async |cluster| {
        let client = connect::<A>(cluster).await?;
        let keys = Keys::new(cluster, "gone")?;
        client.command::<()>(keys.mset("old")).await?;
        let gone = keys.nodes[2];
        cluster.kill(gone)?;
        let lost = async || Ok(client.stats().await?.links_lost > 0);
        until::<A>("the client knows", lost).await?;
        let call = Call::new(keys.mset("new")).timeout(WHILE);
        let partial = partial(client.call(call).await)?;
        let [done, not_done, unknown] = sets(&partial);
        assert_eq!((done, not_done), (keys.of(gone, false), keys.of(gone, true)));
        assert_eq!(unknown, BTreeSet::new());
        for key in keys.of(gone, false) {
            assert_eq!(keys.held(cluster, key)?.as_deref(), Some("new"));
        }
        cluster.restart(gone)?;
        until::<A>("the node serves", async || {
            let info = cluster.call(gone, &["CLUSTER", "INFO"])?.text().unwrap_or_default();
            Ok(info.contains("cluster_state:ok"))
        })
        .await?;
        for key in keys.of(gone, true) {
            assert_eq!(
                keys.held(cluster, key)?,
                None,
                "it lost what it had, and got nothing since"
            );
        }
        client.command::<()>(keys.mset("newest")).await?;
        for key in 0..keys.keys.len() {
            assert_eq!(keys.held(cluster, key)?.as_deref(), Some("newest"));
        }
        Ok(())
    })
}

/// Replies that stay apart do so if a node is gone: its place has the error.
fn a_map_has_an_error_in_the_place_of_a_node_that_is_gone<A: Adapter>() -> Done {
    on_brittle::<A>(async |cluster| {
        let client = connect::<A>(cluster).await?;
        let silent = 1;
        cluster.freeze(silent)?;
        let _thawing = Frozen(cluster, silent);
        let call = Call::new(words("INFO server")).timeout(WHILE);
        let hashslot::Reply::PerNode(replies) = client.call(call).await? else { panic!("a map") };
        assert_eq!(replies.len(), 3);
        for (address, reply) in replies {
            let node = cluster.index_of(address.port()).ok_or("no node")?;
            assert_eq!(reply.is_err(), node == silent, "{address}: {reply:?}");
        }
        let call = Call::new(words("DBSIZE")).timeout(WHILE);
        let partial = partial(client.call(call).await)?;
        assert_eq!(partial.parts().iter().filter(|part| part.error().is_some()).count(), 1);
        for part in partial.parts() {
            let node =
                part.node().and_then(|node| cluster.index_of(node.port())).ok_or("no node")?;
            let size = part.reply().map(|frame| frame.value().as_integer());
            let direct = |node| cluster.call(node, &["DBSIZE"]).map(|reply| reply.integer());
            assert_eq!(size, if node == silent { None } else { Some(direct(node)?) });
        }
        Ok(())
    })
}

/// A key of the wrong type fails its part only, where a command says so.
fn a_part_fails_for_itself<A: Adapter>() -> Done {
    on_brittle::<A>(async |cluster| {
        let client = connect::<A>(cluster).await?;
        let keys = Keys::new(cluster, "denied")?;
        client.command::<()>(keys.mset("old")).await?;
        // The rights of one node are others: it alone refuses.
        let odd = keys.nodes[0];
        cluster.call(odd, &["ACL", "SETUSER", "default", "-unlink"])?;
        let outcome =
            client.call(keys.keys.iter().fold(Command::new("UNLINK"), Command::arg).into()).await;
        cluster.call(odd, &["ACL", "SETUSER", "default", "+@all"])?;
        let partial = partial(outcome)?;
        assert_eq!(sets(&partial), [keys.of(odd, false), keys.of(odd, true), BTreeSet::new()]);
        for key in 0..keys.keys.len() {
            assert_eq!(keys.held(cluster, key)?.is_some(), keys.nodes[key] == odd);
        }
        for part in partial.parts() {
            let reply = part.reply().map(|frame| Ok::<_, Failure>(frame.value().as_integer()));
            assert!(reply.is_none_or(|count| count.is_ok_and(|count| count >= Some(1))));
        }
        let size = cluster.call(odd, &["DBSIZE"])?;
        assert_ne!(size, Reply::Integer(0));
        Ok(())
    })
}

on_every_adapter! {
    keys_of_a_node_that_refuses_are_not_done,
    keys_of_a_node_that_is_silent_are_not_known,
    keys_of_a_node_that_is_gone_are_not_done,
    a_map_has_an_error_in_the_place_of_a_node_that_is_gone,
    a_part_fails_for_itself,
}
