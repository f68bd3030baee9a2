//! Channels and their subscribers, who are connected to different nodes.

use super::{Answer, Stage, on_each, sorted, words};
use crate::real::adapter::{Adapter, Client, on_every_adapter};
use crate::real::{Done, Failure};
use crate::servers::NAMES;
use crate::servers::raw::{Connection, Reply};
use crate::servers::slots::slot_of;
use hashslot::Call;
use hashslot::command::ResponsePolicy;

/// A connection to a node that has subscribed.
fn subscriber<A: Adapter>(
    stage: &Stage<'_, A>,
    node: usize,
    line: &str,
) -> Result<Connection, Failure> {
    let mut connection = stage.cluster.connection(node)?;
    let reply = connection.must(&line.split(' ').collect::<Vec<_>>())?;
    assert!(reply.at(0).and_then(Reply::text).is_some_and(|kind| kind.ends_with("subscribe")));
    Ok(connection)
}

/// The channel and the text of the message that comes next.
fn message(connection: &mut Connection) -> Result<(String, String), Failure> {
    let message = connection.receive()?;
    let len = message.elements().len();
    let text = |index: usize| message.at(index).and_then(Reply::text);
    Ok((text(len - 2).ok_or("no channel")?, text(len - 1).ok_or("no message")?))
}

fn subscribers_of_all_nodes_are_counted<A: Adapter>() -> Done {
    on_each::<A>("PUBSUB", &NAMES, async |stage| {
        let (primaries, replicas) = (&stage.primaries, stage.replicas());
        let mut news = vec![
            subscriber(stage, primaries[0], "SUBSCRIBE news")?,
            subscriber(stage, replicas[1], "SUBSCRIBE news")?,
            subscriber(stage, replicas[2], "PSUBSCRIBE new?")?,
        ];
        let _sport = subscriber(stage, primaries[2], "SUBSCRIBE sport")?;
        let _pattern = subscriber(stage, primaries[0], "PSUBSCRIBE s* t*")?;
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let channels = stage.one("PUBSUB CHANNELS").await?;
        assert_eq!(sorted(&channels), names(&["news", "sport"]));
        assert_eq!(sorted(&stage.one("PUBSUB CHANNELS s*").await?), names(&["sport"]));
        let counts = stage.one("PUBSUB NUMSUB news sport nothing").await?;
        let count = |name: &str| counts.field(name).and_then(Reply::integer);
        assert_eq!(counts.elements().len(), 6);
        assert_eq!(["news", "sport", "nothing"].map(count), [Some(2), Some(1), Some(0)]);
        assert_eq!(stage.one("PUBSUB NUMSUB").await?.elements(), []);
        let patterns = stage.sum(&stage.nodes(), "PUBSUB NUMPAT")?;
        assert_eq!(stage.one("PUBSUB NUMPAT").await?, Reply::Integer(patterns));
        assert_eq!(patterns, 3);
        // The replies as they are, for who wants to know where subscribers are.
        let apart = Call::new(words("PUBSUB NUMSUB news")).merge(ResponsePolicy::PerNode);
        let direct = stage.directs(&stage.nodes(), "PUBSUB NUMSUB news")?;
        assert_eq!(stage.call(apart).await?, Answer::PerNode(direct));
        // The number is that of the subscribers of the node that was asked.
        let heard = stage.one("PUBLISH news text").await?.integer();
        assert!(heard.is_some_and(|heard| (0..=1).contains(&heard)), "{heard:?}");
        for subscriber in &mut news {
            assert_eq!(message(subscriber)?, ("news".to_owned(), "text".to_owned()));
        }
        Ok(())
    })
}

fn subscribers_of_a_shard_are_counted<A: Adapter>() -> Done {
    on_each::<A>("PUBSUB of shards", super::super::SINCE_7_0, async |stage| {
        let channels = ["orders:1", "orders:2", "orders:3", "orders:4"];
        let mut subscribers = Vec::new();
        for channel in channels {
            let owner = stage.cluster.primary_of(slot_of(channel))?;
            subscribers.push(subscriber(stage, owner, &format!("SSUBSCRIBE {channel}"))?);
        }
        let owner = stage.cluster.primary_of(slot_of(channels[0]))?;
        let replica = stage.replica_of(owner)?;
        subscribers.push(subscriber(stage, replica, "SSUBSCRIBE orders:1")?);
        let all = channels.map(str::to_owned);
        assert_eq!(sorted(&stage.one("PUBSUB SHARDCHANNELS").await?), all);
        assert_eq!(sorted(&stage.one("PUBSUB SHARDCHANNELS *:2").await?), all[1..2]);
        let counts = stage.one("PUBSUB SHARDNUMSUB orders:1 orders:4 nothing").await?;
        let count = |name: &str| counts.field(name).and_then(Reply::integer);
        assert_eq!(["orders:1", "orders:4", "nothing"].map(count), [Some(2), Some(1), Some(0)]);
        for channel in channels {
            assert_eq!(stage.one(&format!("SPUBLISH {channel} text")).await?, Reply::Integer(1));
        }
        for (subscriber, channel) in
            subscribers.iter_mut().zip(channels.iter().chain(["orders:1"].iter()))
        {
            assert_eq!(message(subscriber)?, ((*channel).to_owned(), "text".to_owned()));
        }
        assert_eq!(stage.client.stats().await?.moved_followed, 0);
        Ok(())
    })
}

on_every_adapter! {
    subscribers_of_all_nodes_are_counted,
    subscribers_of_a_shard_are_counted,
}
