//! Where a call goes if its caller says so, and how its replies become one.

use hashslot::command::ResponsePolicy;
use hashslot::error::ErrorKind;
use hashslot::{Call, Command, Slot, Target};

use super::{Answer, Stage, in_both, key_in, words};
use crate::real::adapter::{Adapter, Client, on_every_adapter};
use crate::real::{Done, Failure, address_of};
use crate::servers::raw::Reply;
use crate::servers::slots::share;

/// The port of the node that answered `CONFIG GET port`.
fn port(reply: &Reply) -> Option<String> {
    reply.field("port")?.text()
}

async fn nodes_at<A: Adapter>(stage: &Stage<'_, A>, target: Target) -> Result<Vec<usize>, Failure> {
    let call = Call::new(words("CONFIG GET port")).target(target);
    let ports = match stage.call(call).await? {
        Answer::One(reply) => vec![port(&reply)],
        Answer::PerNode(replies) => replies.values().map(port).collect(),
        Answer::Failed(error) => return Err(error.into()),
    };
    let index = |port: Option<String>| stage.cluster.index_of(port?.parse().ok()?);
    ports.into_iter().map(|port| index(port).ok_or_else(|| "no port".into())).collect()
}

fn a_call_goes_where_its_target_says<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        for node in stage.nodes() {
            let target = Target::Node(address_of(stage.cluster, node));
            assert_eq!(nodes_at(stage, target).await?, [node]);
        }
        for part in 0..3 {
            for number in [share(part, 3).0, share(part, 3).1] {
                let owner = stage.cluster.primary_of(number)?;
                let slot = Slot::new(number).ok_or("no slot")?;
                assert_eq!(nodes_at(stage, Target::Slot(slot)).await?, [owner]);
                let key = Target::key(key_in(number, "target"));
                assert_eq!(nodes_at(stage, key).await?, [owner]);
            }
        }
        let any = nodes_at(stage, Target::Any).await?;
        assert!(any.len() == 1 && stage.primaries.contains(&any[0]), "{any:?}");
        assert_eq!(nodes_at(stage, Target::AllPrimaries).await?, stage.primaries);
        assert_eq!(nodes_at(stage, Target::AllReplicas).await?, stage.replicas());
        assert_eq!(nodes_at(stage, Target::AllNodes).await?, stage.nodes());
        Ok(())
    })
}

fn replies_are_merged_as_the_caller_says<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        stage.cluster.flush_all()?;
        for number in 0..40 {
            stage.client.set(format!("merged:{number}"), number).await?;
        }
        let sizes = stage.directs(&stage.primaries, "DBSIZE")?;
        let numbers: Vec<_> = sizes.values().filter_map(Reply::integer).collect();
        let dbsize = || Call::new(words("DBSIZE"));
        let merged = async |policy| stage.call(dbsize().merge(policy)).await;
        let (least, most) = (numbers.iter().min(), numbers.iter().max());
        let one = |number: Option<&i64>| Answer::One(Reply::Integer(*number.unwrap_or(&-1)));
        assert_eq!(merged(ResponsePolicy::Min).await?, one(least));
        assert_eq!(merged(ResponsePolicy::Max).await?, one(most));
        assert_eq!(merged(ResponsePolicy::Sum).await?, one(Some(&40)));
        assert_eq!(merged(ResponsePolicy::And).await?, one(Some(&1)));
        assert_eq!(merged(ResponsePolicy::Or).await?, one(Some(&1)));
        assert_eq!(merged(ResponsePolicy::PerNode).await?, Answer::PerNode(sizes.clone()));
        assert_eq!(merged(ResponsePolicy::Single).await?, Answer::PerNode(sizes));
        let first = stage.direct(stage.primaries[0], "DBSIZE")?.integer();
        assert_eq!(merged(ResponsePolicy::AllSucceeded).await?, one(first.as_ref()));
        // What is no list cannot be joined.
        let Answer::Failed(error) = merged(ResponsePolicy::Union).await? else { panic!("a union") };
        assert!(error.kind() == ErrorKind::Conversion, "{error:?}");
        // One reply is not merged, whatever the caller says.
        let one_node = dbsize().merge(ResponsePolicy::Max).target(Target::key("merged:1"));
        assert!(matches!(stage.call(one_node).await?, Answer::One(Reply::Integer(1..=39))));
        Ok(())
    })
}

/// A target is for all commands of a pipeline; each keeps its place.
fn a_pipeline_goes_where_its_target_says<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        let pipeline = Call::pipeline([words("DBSIZE"), words("MGET a b c"), words("PING")]);
        let hashslot::Reply::Pipeline(replies) = stage.client.call(pipeline).await? else {
            panic!()
        };
        assert_eq!(replies.len(), 3);
        let size = stage.sum(&stage.primaries, "DBSIZE")?;
        assert_eq!(
            replies[0].as_ref().ok().and_then(|frame| frame.value().as_integer()),
            Some(size)
        );
        let pipeline = [Command::new("CLUSTER").arg("MYID"), words("CONFIG GET port")];
        let replica = stage.replicas()[0];
        let call = Call::pipeline(pipeline).on_node(address_of(stage.cluster, replica));
        let hashslot::Reply::Pipeline(replies) = stage.client.call(call).await? else { panic!() };
        let id = replies[0].as_ref().map_err(Clone::clone)?.value().as_str().map(str::to_owned);
        assert_eq!(id.as_ref(), Some(&stage.cluster.node(replica).id));
        Ok(())
    })
}

/// Replies of several nodes in a pipeline are a map in their place.
fn a_pipeline_has_a_map_where_replies_stay_apart<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        let pipeline = [words("PING"), words("CONFIG GET port"), words("PUBSUB NUMPAT")];
        let replies = stage.client.pipeline(pipeline).await?;
        let map = replies[1].as_ref().map_err(Clone::clone)?.value();
        let map = map.pairs().ok_or("no map")?;
        assert_eq!(map.len(), stage.nodes().len());
        for node in stage.cluster.nodes() {
            assert!(map.get(node.address.as_bytes()).is_some(), "{}", node.address);
        }
        Ok(())
    })
}

on_every_adapter! {
    a_call_goes_where_its_target_says,
    replies_are_merged_as_the_caller_says,
    a_pipeline_goes_where_its_target_says,
    a_pipeline_has_a_map_where_replies_stay_apart,
}
