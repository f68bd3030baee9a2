//! What is not sent on connections that all callers share, and what is sent only where the caller
//! says.

use hashslot::error::{Cause, Rejection};
use hashslot::{Call, Error};

use super::{Answer, Stage, in_both, on_each, words};
use crate::real::adapter::{Adapter, on_every_adapter};
use crate::real::{Done, Failure, address_of};
use crate::servers::NAMES;
use crate::servers::raw::Reply;

/// What each refusal has to tell: a way to get what the command is for.
const REFUSED: &[(&str, &[&str])] = &[
    ("`set_credentials`", &["AUTH secret", "AUTH user secret"]),
    ("`protocol`", &["HELLO", "HELLO 3"]),
    ("`database`", &["SELECT 1"]),
    ("`close`", &["RESET", "QUIT"]),
    ("`read_from`", &["READONLY", "READWRITE"]),
    ("`client_name`", &["CLIENT SETNAME name", "CLIENT SETINFO LIB-NAME name"]),
    ("no client-side caching yet", &["CLIENT TRACKING ON", "CLIENT CACHING YES"]),
    ("no setting for it yet", &["CLIENT NO-EVICT ON", "CLIENT NO-TOUCH ON"]),
    ("no import mode yet", &["CLIENT IMPORT-SOURCE ON"]),
    ("ignore the reply", &["CLIENT REPLY OFF"]),
    ("follows redirections", &["ASKING", "CLIENT CAPA redirect"]),
    ("`transaction`", &["MULTI", "EXEC", "DISCARD"]),
    ("no watched keys yet", &["WATCH key", "UNWATCH"]),
    (
        "no publish and subscribe yet",
        &[
            "SUBSCRIBE channel",
            "PSUBSCRIBE *",
            "SSUBSCRIBE channel",
            "UNSUBSCRIBE",
            "PUNSUBSCRIBE",
            "SUNSUBSCRIBE",
        ],
    ),
    ("SLOWLOG GET", &["MONITOR"]),
    ("only replicas", &["SYNC", "PSYNC ? -1", "REPLCONF listening-port 1"]),
    ("min-replicas-to-write", &["WAIT 1 0", "WAITAOF 1 0 0"]),
    ("poll with LPOP", &["BLPOP key 0"]),
    ("poll with LMOVE", &["BLMOVE a{b} b LEFT LEFT 0"]),
    (
        "leave BLOCK out",
        &["XREAD BLOCK 0 STREAMS key $", "XREADGROUP GROUP g c BLOCK 0 STREAMS key >"],
    ),
];

/// What concerns one node, which only the caller can name.
const EXPLICIT: &[&str] = &[
    "SHUTDOWN",
    "REPLICAOF NO ONE",
    "SLAVEOF NO ONE",
    "FAILOVER",
    "SWAPDB 0 1",
    "DEBUG SLEEP 0",
    "SCAN 0",
    "CLUSTER BUMPEPOCH",
    "CLUSTER FAILOVER",
    "CLUSTER FLUSHSLOTS",
    "CLUSTER FORGET id",
    "CLUSTER MEET 127.0.0.1 1",
    "CLUSTER REPLICATE id",
    "CLUSTER RESET",
    "CLUSTER SET-CONFIG-EPOCH 1",
    "CLUSTER SETSLOT 1 STABLE",
    "CLUSTER ADDSLOTS 1",
    "CLUSTER ADDSLOTSRANGE 1 2",
    "CLUSTER MIGRATESLOTS SLOTSRANGE 1 2 NODE id",
    "CLUSTER GETSLOTMIGRATIONS",
    "CLUSTER CANCELSLOTMIGRATIONS",
    "CLUSTER MIGRATION STATUS",
    "CLUSTER FLUSHSLOT 1",
    "HOTKEYS GET",
    "SCRIPT SHOW sha",
    "CLIENT ID",
    "CLIENT INFO",
    "CLIENT GETNAME",
    "CLIENT NOTHING",
    "CLUSTER NOTHING",
    "CONFIG NOTHING",
];

/// How often the nodes have run anything but what this asks with.
fn commands_run<A: Adapter>(stage: &Stage<'_, A>) -> Result<Vec<String>, Failure> {
    let mut seen = Vec::new();
    for node in stage.nodes() {
        let info = stage.cluster.info(node, "commandstats")?;
        let lines = info.lines().filter_map(|line| line.strip_prefix("cmdstat_"));
        let names = lines.filter_map(|line| line.split(':').next().map(str::to_owned));
        seen.extend(names.filter(|name| {
            let own = ["info", "replconf", "ping", "config", "client", "hello", "cluster", "psync"];
            !own.contains(&name.split('|').next().unwrap_or_default())
        }));
    }
    Ok(seen)
}

fn what_needs_a_connection_of_its_own_is_refused_with_a_way_out<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        stage.one("CONFIG RESETSTAT").await?;
        for (way_out, lines) in REFUSED {
            for line in *lines {
                for call in [Call::new(words(line)), at(stage, stage.primaries[0], line)] {
                    let Answer::Failed(error) = stage.call(call).await? else {
                        return Err(format!("{line} was sent").into());
                    };
                    let text = error.to_string();
                    assert!(is_not_allowed(&error), "{line}: {error:?}");
                    assert!(!error.may_have_executed());
                    assert!(text.contains(way_out), "{line}: {text}");
                }
            }
        }
        assert_eq!(commands_run(stage)?, Vec::<String>::new(), "nothing was sent");
        Ok(())
    })
}

fn is_not_allowed(error: &Error) -> bool {
    matches!(error.rejection(), Some(Rejection::NotAllowedHere { .. }))
}

fn at<A: Adapter>(stage: &Stage<'_, A>, node: usize, line: &str) -> Call {
    Call::new(words(line)).on_node(address_of(stage.cluster, node))
}

fn what_concerns_one_node_is_refused_until_it_is_named<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        stage.one("CONFIG RESETSTAT").await?;
        for line in EXPLICIT {
            let error = stage.error(line).await?;
            let is_it = matches!(error.rejection(), Some(Rejection::NoTarget));
            assert!(is_it, "{line}: {error:?}");
            assert!(error.to_string().contains("target"), "{line}: {error}");
        }
        assert_eq!(commands_run(stage)?, Vec::<String>::new(), "nothing was sent");
        Ok(())
    })
}

/// Named, a node gets it, and no other does; what comes back is the node's own word.
fn what_concerns_one_node_goes_to_the_one_that_is_named<A: Adapter>() -> Done {
    on_each::<A>("explicit nodes", &NAMES, async |stage| {
        let (node, replica) = (stage.primaries[1], stage.replicas()[0]);
        let ok = async |node: usize, line: &str| match stage.call(at(stage, node, line)).await? {
            Answer::One(reply) if reply.is_ok() => Ok(()),
            other => Err(Failure::from(format!("{line}: {other:?}"))),
        };
        ok(node, "CLUSTER SETSLOT 5470 STABLE").await?;
        ok(replica, "DEBUG SLEEP 0").await?;
        let bumped = stage.call(at(stage, node, "CLUSTER BUMPEPOCH")).await?;
        assert!(matches!(&bumped, Answer::One(reply) if reply.text().is_some()), "{bumped:?}");
        for (node, line) in [
            (node, "CLUSTER FORGET nothing"),
            (node, "CLUSTER REPLICATE nothing"),
            (node, "CLUSTER FAILOVER"),
            (node, "CLUSTER ADDSLOTS 0"),
            (node, "CLUSTER SET-CONFIG-EPOCH 1"),
            (node, "CLUSTER RESET SIDEWAYS"),
            (node, "FAILOVER ABORT"),
            (node, "REPLICAOF NO ONE"),
            (node, "SHUTDOWN SIDEWAYS"),
            (replica, "SWAPDB 0 1"),
            (node, "CLUSTER NOTHING"),
        ] {
            let Answer::Failed(error) = stage.call(at(stage, node, line)).await? else {
                return Err(format!("{line} was taken").into());
            };
            let direct = stage.direct(node, line).expect_err("refused as well").to_string();
            let told = error.server().map(|error| error.text().into_owned()).unwrap_or_default();
            assert!(!told.is_empty() && direct.ends_with(&told), "{line}: {told} and {direct}");
        }
        let scan = stage.call(at(stage, replica, "SCAN 0")).await?;
        assert!(matches!(&scan, Answer::One(reply) if reply.elements().len() == 2), "{scan:?}");
        let unknown = Call::new(words("PING")).on_node("127.0.0.1:1".parse()?);
        let Answer::Failed(error) = stage.call(unknown).await? else { panic!("nobody is there") };
        assert!(error.cause() == Some(&Cause::UnknownNode), "{error:?}");
        Ok(())
    })
}

/// A replica that is named reads no keys, but tells what it is.
fn a_replica_that_is_named_answers_for_itself<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        let replica = stage.replicas()[1];
        let Answer::One(role) = stage.call(at(stage, replica, "ROLE")).await? else { panic!() };
        assert_eq!(role.at(0).and_then(Reply::text).as_deref(), Some("slave"));
        let Answer::One(size) = stage.call(at(stage, replica, "DBSIZE")).await? else { panic!() };
        assert_eq!(size, stage.direct(replica, "DBSIZE")?);
        let flushed = stage.call(at(stage, replica, "FLUSHALL")).await?;
        let Answer::Failed(error) = flushed else { panic!("a replica was flushed") };
        assert!(error.server().is_some_and(|error| error.code() == "READONLY"), "{error:?}");
        Ok(())
    })
}

/// Names of keys, groups and consumers may be those of options.
fn a_name_that_looks_like_an_option_is_a_name<A: Adapter>() -> Done {
    on_each::<A>("names of options", &NAMES, async |stage| {
        stage.cluster.flush_all()?;
        stage.one("XADD block 1-1 count 1").await?;
        stage.one("XGROUP CREATE block block 0").await?;
        for line in [
            "XREAD STREAMS block 0",
            "XREAD COUNT 1 STREAMS block 0",
            "XREADGROUP GROUP block block STREAMS block >",
            "XREADGROUP GROUP block count COUNT 1 NOACK STREAMS block 0",
        ] {
            let reply = stage.one(line).await?;
            assert!(!reply.is_null(), "{line}: {reply:?}");
        }
        for line in ["WAIT 0 0", "WAIT 0 10000"] {
            assert!(stage.one(line).await?.integer().is_some(), "{line}");
        }
        Ok(())
    })
}

on_every_adapter! {
    a_name_that_looks_like_an_option_is_a_name,
    what_needs_a_connection_of_its_own_is_refused_with_a_way_out,
    what_concerns_one_node_is_refused_until_it_is_named,
    what_concerns_one_node_goes_to_the_one_that_is_named,
    a_replica_that_is_named_answers_for_itself,
}
