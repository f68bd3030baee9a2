//! Every method of a client, once each: what it does is what the nodes say.

use std::time::Duration;

use hashslot::{Call, Command, Frame, Script, Slot, Target};

use super::adapter::{Adapter, Client, Events, on_every_adapter};
use super::{Done, Failure, connect, held_by, on_each, on_usual, until};
use crate::servers::NAMES;
use crate::servers::cluster::Cluster;
use crate::servers::slots::slot_of;

/// What the owner of a key holds.
fn held(cluster: &Cluster, key: &str) -> Result<Option<String>, Failure> {
    Ok(held_by(cluster, cluster.primary_of(slot_of(key))?, key)?)
}

fn each_method_for_a_key_does_what_it_says<A: Adapter>() -> Done {
    on_each::<A>("methods for a key", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        for key in ["a", "b", "c", "{a}d"] {
            assert_eq!(client.get::<Option<String>>(key).await?, None);
            client.set(key, 40).await?;
            assert_eq!(held(cluster, key)?.as_deref(), Some("40"));
            assert_eq!(client.incr(key).await?, 41);
            assert_eq!(client.incrby(key, -50).await?, -9);
            assert_eq!(held(cluster, key)?.as_deref(), Some("-9"));
            assert_eq!(client.get::<i64>(key).await?, -9);
            assert_eq!(client.exists(key).await?, 1);
            assert!(client.expire(key, Duration::from_secs(1000)).await?);
            let node = cluster.primary_of(slot_of(key))?;
            let left = cluster.call(node, &["TTL", key])?.integer();
            assert!(left.is_some_and(|left| (900..=1000).contains(&left)), "{left:?}");
            assert_eq!(client.del(key).await?, 1);
            assert_eq!(held(cluster, key)?, None);
            assert_eq!((client.exists(key).await?, client.del(key).await?), (0, 0));
            assert!(!client.expire(key, Duration::from_secs(1000)).await?, "there is no such key");
        }
        client.set("text", "text").await?;
        let error = client.incr("text").await.expect_err("not a number");
        assert!(error.server().is_some(), "{error}");
        Ok(())
    })
}

fn each_method_for_a_call_does_what_it_says<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let client = connect::<A>(cluster).await?;
        let reply = client.call(Call::new(Command::set("a", 1))).await?;
        assert_eq!(super::one::<String>(reply)?, "OK");
        assert_eq!(client.command::<i64>(Command::get("a")).await?, 1);
        let get = Call::new(Command::get("a")).timeout(Duration::from_secs(20));
        assert_eq!(client.call_as::<i64>(get).await?, 1);
        let values: Vec<i64> = client.transaction([Command::incr("a"), Command::incr("a")]).await?;
        assert_eq!(values, [2, 3]);
        let numbers = |ended: Vec<Result<Frame, _>>| -> Vec<Option<i64>> {
            let number = |frame: Result<Frame, hashslot::Error>| frame.ok()?.value().as_integer();
            ended.into_iter().map(number).collect()
        };
        let incr = || ["a", "b", "c", "a"].map(Command::incr);
        let expected = [4, 1, 1, 5].map(Some);
        assert_eq!(numbers(client.pipeline(incr()).await?), expected);
        let call = Call::pipeline(incr()).timeout(Duration::from_secs(20));
        assert_eq!(numbers(client.call_each(call).await?), [6, 2, 2, 7].map(Some));
        // One that cannot be sent is refused in its place, or has none of them sent.
        let mixed = || {
            let apart = Command::new("SINTER").arg("a").arg("b");
            [Command::incr("a"), apart, Command::incr("a")]
        };
        assert_eq!(numbers(client.pipeline(mixed()).await?), [Some(8), None, Some(9)]);
        let refused =
            client.call_each(Call::pipeline(mixed()).strict()).await.expect_err("two slots");
        assert!(!refused.may_have_executed());
        assert_eq!(client.get::<i64>("a").await?, 9);
        let bytes = [0, 255, b'\r', b'\n'];
        client.set("bytes", bytes).await?;
        assert_eq!(client.get::<Vec<u8>>("bytes").await?, bytes);
        assert_eq!(client.get::<Option<Vec<u8>>>("missing").await?, None);
        let both = Command::new("MGET").arg("bytes").arg("missing");
        let both = client.command::<Vec<Option<Vec<u8>>>>(both).await?;
        assert_eq!(both, [Some(bytes.to_vec()), None]);
        assert_eq!(client.del("bytes").await?, 1);
        // A reply of another kind than is asked for is that caller's error, and ends nothing else.
        assert!(client.call_each(Call::new(Command::get("a"))).await.is_err());
        assert!(client.call_as::<Frame>(Call::pipeline(incr())).await.is_err());
        assert!(client.command::<Vec<i64>>(Command::get("a")).await.is_err());
        let primaries = Call::new(Command::new("DBSIZE")).target(Target::AllPrimaries);
        assert_eq!(client.call_as::<i64>(primaries).await?, 3);
        let names = Call::new(Command::new("CLUSTER").arg("MYID")).target(Target::AllPrimaries);
        let names: Frame = client.call_as(names).await?;
        let names = names.value().pairs().ok_or("no map")?;
        for node in cluster.primaries()? {
            let node = cluster.node(node);
            let name = names.get(node.address.as_bytes()).and_then(|name| name.as_str());
            assert_eq!(name, Some(&*node.id));
        }
        let double = Script::new("return ARGV[1] * 2");
        assert_eq!(client.command::<i64>(double.invoke(["a"]).arg(21)).await?, 42);
        Ok(())
    })
}

/// What the machine is asked for, without a command of the caller's.
fn a_client_tells_of_itself<A: Adapter>() -> Done {
    on_usual::<A>(async |cluster| {
        let client = connect::<A>(cluster).await?;
        let mut events = client.events();
        assert!(client.load_commands().await? < 100, "most commands are known");
        let before = client.stats().await?;
        let explained = client.explain(Call::new(Command::get("a"))).await?;
        let [piece] = &*explained.planned else { return Err("not one piece".into()) };
        assert_eq!(piece.slot, Some(Slot::of_key(b"a")));
        let owner = super::address_of(cluster, cluster.primary_of(slot_of("a"))?);
        assert_eq!(piece.node.as_ref(), Some(&owner));
        let stats = client.stats().await?;
        assert_eq!(stats.calls_submitted, before.calls_submitted, "nothing was sent");
        let shards = client.topology().await?.shards().len();
        assert_eq!(shards, 3);
        client.refresh_topology();
        let again = async || Ok(client.stats().await?.refreshes > before.refreshes);
        until::<A>("the topology is read again", again).await?;
        assert!(events.next().await.is_some(), "that it was is worth a event");
        client.close().await;
        while events.next().await.is_some() {}
        Ok(())
    })
}

on_every_adapter! {
    each_method_for_a_key_does_what_it_says,
    each_method_for_a_call_does_what_it_says,
    a_client_tells_of_itself,
}
