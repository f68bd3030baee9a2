//! What nodes tell of themselves, and what any of them can tell.

use super::{Answer, Stage, in_both, on_each, sorted};
use crate::real::Done;
use crate::real::adapter::{Adapter, Client, on_every_adapter};
use crate::servers::NAMES;
use crate::servers::raw::Reply;

fn any_node_answers_for_all<A: Adapter>() -> Done {
    on_each::<A>("any node", &NAMES, async |stage| {
        assert_eq!(stage.one("PING").await?, Reply::Simple("PONG".into()));
        assert_eq!(stage.one("PING text").await?.text().as_deref(), Some("text"));
        assert_eq!(stage.one("ECHO text").await?.text().as_deref(), Some("text"));
        let time = stage.one("TIME").await?;
        let seconds = |reply: &Reply| reply.at(0)?.text()?.parse::<i64>().ok();
        let direct = stage.direct(0, "TIME")?;
        let difference = seconds(&direct).zip(seconds(&time)).map(|(a, b)| a - b);
        assert!(difference.is_some_and(|difference| (0..60).contains(&difference)));
        let role = stage.one("ROLE").await?;
        assert_eq!(role.at(0).and_then(Reply::text).as_deref(), Some("master"));
        let art = stage.one("LOLWUT VERSION 1").await?.text().unwrap_or_default();
        assert!(art.contains(" ver"), "{art}");
        let count = stage.one("COMMAND COUNT").await?;
        assert_eq!(count, stage.direct(0, "COMMAND COUNT")?);
        assert!(count.integer().is_some_and(|count| count > 200));
        assert_eq!(
            sorted(&stage.one("COMMAND GETKEYS MSET a 1 b 2").await?),
            ["a".to_owned(), "b".to_owned()]
        );
        assert_eq!(stage.one("COMMAND INFO get").await?, stage.direct(1, "COMMAND INFO get")?);
        assert_eq!(stage.one("MODULE LIST").await?, stage.direct(0, "MODULE LIST")?);
        Ok(())
    })
}

/// The port that a node tells in its INFO.
fn port_of(reply: &Reply) -> Option<u16> {
    let text = reply.text()?;
    text.lines().find_map(|line| line.strip_prefix("tcp_port:"))?.parse().ok()
}

fn information_is_a_map_from_primary_to_text<A: Adapter>() -> Done {
    on_each::<A>("INFO", &NAMES, async |stage| {
        for line in ["INFO", "INFO server"] {
            let told = stage.each(line).await?;
            assert_eq!(told.keys().copied().collect::<Vec<_>>(), stage.primaries);
            for (node, reply) in &told {
                assert_eq!(port_of(reply), Some(stage.cluster.node(*node).port));
            }
        }
        let frame = stage.client.call(super::words("INFO server").into()).await?;
        let frame = frame.into_frame().ok_or("no frame")?;
        let map = frame.value().pairs().ok_or("no map")?;
        for node in &stage.primaries {
            let address = &stage.cluster.node(*node).address;
            let text = map.get(address.as_bytes()).and_then(|value| value.as_str());
            assert!(text.is_some_and(|text| text.contains("tcp_port:")), "{address}");
        }
        Ok(())
    })
}

/// What a reply consists of, without its figures and advice: they differ by the moment.
fn outline(reply: &Reply) -> Vec<String> {
    match reply {
        Reply::Map(pairs) => pairs.iter().filter_map(|(key, _)| key.text()).collect(),
        Reply::Array(Some(elements)) => {
            elements.iter().step_by(2).filter_map(Reply::text).collect()
        }
        other => {
            let text = other.text().filter(|text| !text.is_empty());
            text.map(|_| "text".to_owned()).into_iter().collect()
        }
    }
}

fn assert_outlines<A: Adapter>(stage: &Stage<'_, A>, answer: &Answer, line: &str) -> Done {
    let Answer::PerNode(told) = answer else { return Err(format!("{line}: {answer:?}").into()) };
    let direct = stage.directs(&stage.primaries, line)?;
    let outlines = |replies: &std::collections::BTreeMap<usize, Reply>| {
        replies.iter().map(|(node, reply)| (*node, outline(reply))).collect::<Vec<_>>()
    };
    let (told, direct) = (outlines(told), outlines(&direct));
    assert_eq!(told.len(), 3);
    for ((node, told), (_, direct)) in told.iter().zip(&direct) {
        let count = told.iter().filter(|field| direct.contains(field)).count();
        // A field more or less comes and goes with what is under way.
        assert!(count > 0 && count + 3 >= told.len(), "{node}: {told:?} and {direct:?}");
    }
    Ok(())
}

fn memory_is_told_primary_by_primary<A: Adapter>() -> Done {
    on_each::<A>("MEMORY", &NAMES, async |stage| {
        for line in ["MEMORY STATS", "MEMORY DOCTOR", "MEMORY MALLOC-STATS"] {
            let answer = stage.call(super::words(line)).await?;
            assert_outlines(stage, &answer, line)?;
        }
        assert!(stage.one("MEMORY PURGE").await?.is_ok());
        Ok(())
    })
}

fn functions_that_run_are_told_primary_by_primary<A: Adapter>() -> Done {
    on_each::<A>("FUNCTION STATS", super::super::SINCE_7_0, async |stage| {
        let answer = stage.call(super::words("FUNCTION STATS")).await?;
        assert_outlines(stage, &answer, "FUNCTION STATS")
    })
}

/// All nodes can be asked what the table asks of one.
fn all_nodes_answer_where_the_caller_wants_it<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        use hashslot::command::ResponsePolicy;
        use hashslot::{Call, Target};
        let all = |line: &str| Call::new(super::words(line)).target(Target::AllNodes);
        let Answer::PerNode(pongs) = stage.call(all("PING")).await? else { panic!("one reply") };
        assert_eq!(pongs, stage.directs(&stage.nodes(), "PING")?);
        let ping = all("PING").merge(ResponsePolicy::Equal);
        assert_eq!(stage.call(ping).await?, Answer::One(Reply::Simple("PONG".into())));
        let Answer::PerNode(roles) = stage.call(all("ROLE")).await? else { panic!("one reply") };
        for (node, role) in roles {
            let is_primary = role.at(0).and_then(Reply::text).as_deref() == Some("master");
            assert_eq!(is_primary, stage.primaries.contains(&node));
        }
        let ids = all("CLUSTER MYID");
        let Answer::PerNode(ids) = stage.call(ids).await? else { panic!("one reply") };
        for (node, id) in ids {
            assert_eq!(id.text().as_ref(), Some(&stage.cluster.node(node).id));
        }
        let ids = all("CLUSTER MYID").merge(ResponsePolicy::Equal);
        let Answer::Failed(error) = stage.call(ids).await? else { panic!("they differ") };
        assert_eq!(error.to_string(), "CLUSTER MYID: 6 replies that had to be equal differ");
        Ok(())
    })
}

on_every_adapter! {
    any_node_answers_for_all,
    information_is_a_map_from_primary_to_text,
    memory_is_told_primary_by_primary,
    functions_that_run_are_told_primary_by_primary,
    all_nodes_answer_where_the_caller_wants_it,
}
