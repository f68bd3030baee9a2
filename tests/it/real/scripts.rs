//! Scripts on real clusters: by name and in full, in caches that are full, empty and emptied
//! (F-62).

use hashslot::config::Protocol;
use hashslot::{Call, Command, Script};

use super::adapter::{Adapter, Client, on_every_adapter};
use super::{
    CHANGE_LIMIT, Done, Failure, SINCE_7_0, Spot, connect, connect_with, on_each, one, rested_pair,
    until,
};
use crate::servers::NAMES;
use crate::servers::cluster::Cluster;
use crate::servers::slots::{key_in_slot, share};

/// A script that no other test uses. The servers' caches are shared.
fn counting(test: &str) -> Script {
    Script::new(format!("return redis.call('INCRBY', KEYS[1], ARGV[1]) -- {test}"))
}

/// A key of each primary's share.
fn keys(test: &str) -> Vec<String> {
    (0..3).map(|part| key_in_slot(share(part, 3).0 + 5, &format!("{test}:"))).collect()
}

async fn count(client: &impl Client, script: &Script, key: &str) -> Result<i64, Failure> {
    Ok(client.command(script.invoke([key]).arg(1)).await?)
}

/// How often the primaries were sent a script: in full, and by name.
fn sent(cluster: &Cluster) -> Result<(u64, u64), Failure> {
    let mut sent = (0, 0);
    for node in cluster.primaries()? {
        sent.0 += cluster.command_calls(node, "eval")?;
        sent.1 += cluster.command_calls(node, "evalsha")?;
    }
    Ok(sent)
}

fn forget_everywhere(cluster: &Cluster) -> Done {
    for node in cluster.primaries()? {
        cluster.call(node, &["SCRIPT", "FLUSH"])?;
    }
    Ok(())
}

/// Servers name scripts as this client does, whatever their length.
fn f62_names_are_the_servers<A: Adapter>() -> Done {
    on_each::<A>("SCRIPT LOAD", &NAMES, async |cluster| {
        let mut connection = cluster.connection(0)?;
        for len in [0, 1, 40, 46, 47, 48, 54, 55, 56, 63, 64, 119, 120, 1000, 20_000] {
            let source = format!("return 1 --{}", "x".repeat(len));
            let name = connection.must(&["SCRIPT", "LOAD", &source])?.text();
            assert_eq!(name.as_deref(), Some(Script::new(source).sha1()));
        }
        Ok(())
    })
}

fn f62_a_script_is_sent_in_full_once_and_then_by_its_name<A: Adapter>() -> Done {
    on_each::<A>("scripts", &NAMES, async |cluster| {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let client =
                connect_with::<A>(cluster, move |config| config.protocol = protocol).await?;
            let (script, keys) = (counting("once"), keys("once"));
            for key in &keys {
                client.del(key).await?;
            }
            let before = sent(cluster)?;
            for round in 1..=3 {
                for key in &keys {
                    assert_eq!(count(&client, &script, key).await?, round);
                }
            }
            let after = sent(cluster)?;
            assert_eq!((after.0 - before.0, after.1 - before.1), (3, 6), "{protocol:?}");
            assert_eq!(client.stats().await?.scripts_missed, 0);
        }
        Ok(())
    })
}

fn f62_a_node_that_has_lost_a_script_is_sent_it_again<A: Adapter>() -> Done {
    on_each::<A>("SCRIPT FLUSH", &NAMES, async |cluster| {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let client =
                connect_with::<A>(cluster, move |config| config.protocol = protocol).await?;
            let (script, keys) = (counting("lost"), keys("lost"));
            for key in &keys {
                client.del(key).await?;
                count(&client, &script, key).await?;
            }
            let node = cluster.primary_of(crate::servers::slots::slot_of(&keys[1]))?;
            cluster.call(node, &["SCRIPT", "FLUSH"])?;
            let before = sent(cluster)?;
            for round in 2..=4 {
                for key in &keys {
                    assert_eq!(count(&client, &script, key).await?, round);
                }
            }
            let after = sent(cluster)?;
            // One of the names is refused; some servers count it, and some do not.
            assert_eq!(after.0 - before.0, 1, "{protocol:?}");
            assert!((8..=9).contains(&(after.1 - before.1)), "{before:?} {after:?}");
            assert_eq!(client.stats().await?.scripts_missed, 1, "{protocol:?}");
        }
        Ok(())
    })
}

/// All of them meet NOSCRIPT, and each runs once.
fn f62_a_pipeline_over_all_slots_meets_empty_caches<A: Adapter>() -> Done {
    on_each::<A>("scripts in a pipeline", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let script = counting("pipeline");
        let keys: Vec<_> = (0..300).map(|number| format!("sbatch{number}")).collect();
        client.pipeline(keys.iter().map(Command::del)).await?;
        for round in 1..=3 {
            let commands = keys.iter().map(|key| script.invoke([key]).arg(1));
            for reply in client.pipeline(commands).await? {
                assert_eq!(reply?.value().as_integer(), Some(round));
            }
            if round == 1 {
                assert_eq!(client.stats().await?.scripts_missed, 0);
            }
            forget_everywhere(cluster)?;
        }
        let missed = client.stats().await?.scripts_missed;
        assert!((3..=600).contains(&missed), "{missed}");
        Ok(())
    })
}

/// Scripts of one slot keep their order, and a read behind them sees them, with empty caches as
/// well.
fn f50_f62_scripts_of_a_slot_keep_their_order<A: Adapter>() -> Done {
    on_each::<A>("the order of scripts", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let script = Script::new("return redis.call('APPEND', KEYS[1], ARGV[1]) -- order");
        let spot = Spot::new(cluster, 311)?;
        let key = spot.key("order");
        let mut expected = String::new();
        client.del(&key).await?;
        for round in 0..3 {
            let numbers: Vec<_> = (0..100).map(|number| format!("{round}.{number},")).collect();
            let ended =
                client.pipeline(numbers.iter().map(|n| script.invoke([&key]).arg(n))).await?;
            assert!(ended.iter().all(Result::is_ok));
            expected.push_str(&numbers.concat());
            assert_eq!(client.get::<String>(&key).await?, expected);
            forget_everywhere(cluster)?;
        }
        Ok(())
    })
}

fn f62_a_transaction_needs_no_cache<A: Adapter>() -> Done {
    on_each::<A>("scripts in a transaction", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let script = counting("multi");
        forget_everywhere(cluster)?;
        client.set("{multi}a", 1).await?;
        for round in 1..=2 {
            client.del("{multi}b").await?;
            let replies: Vec<i64> = client
                .transaction([
                    Command::incr("{multi}a"),
                    script.invoke(["{multi}b"]).arg(round),
                    script.invoke(["{multi}b"]).arg(10),
                ])
                .await?;
            assert_eq!(replies, [1 + round, round, round + 10]);
        }
        assert_eq!(client.stats().await?.scripts_missed, 0);
        Ok(())
    })
}

/// An heir may never have heard of a script. What is idempotent follows the slot.
fn f22_f62_a_failover_needs_nothing_loaded<A: Adapter>() -> Done {
    on_each::<A>("scripts after a failover", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let (script, keys) =
            (Script::new("return redis.call('SET', KEYS[1], ARGV[1])"), keys("heir"));
        let set = async |value: i64| {
            for key in &keys {
                let call = Call::new(script.invoke([key]).arg(value)).idempotent();
                assert_eq!(one::<String>(client.call(call).await?)?, "OK");
                assert_eq!(client.get::<i64>(key).await?, value);
            }
            Ok::<_, Failure>(())
        };
        set(1).await?;
        let (one, other) = rested_pair(cluster)?;
        for (round, (old, new)) in [(2, (one, other)), (3, (other, one))] {
            cluster.call(new, &["SCRIPT", "FLUSH"])?;
            cluster.failover(new)?;
            cluster.wait_ok(CHANGE_LIMIT)?;
            set(round).await?;
            assert!(!cluster.is_primary(old)?);
        }
        Ok(())
    })
}

/// The target of a slot that moves does not have the script, and gets ASKING with the source.
fn f17_f62_a_script_is_asked_for_elsewhere<A: Adapter>() -> Done {
    on_each::<A>("scripts on an open slot", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let spot = Spot::new(cluster, 312)?;
        let (script, key) =
            (Script::new("return redis.call('INCR', KEYS[1]) -- ask"), spot.key("ask"));
        let other = key_in_slot(cluster_slot(cluster, spot.to)?, "elsewhere");
        let run = async |key: &str| {
            let call = Call::new(script.invoke([key])).idempotent();
            one::<i64>(client.call(call).await?)
        };
        client.pipeline([Command::del(&key), Command::del(&other)]).await?;
        assert_eq!(run(&key).await?, 1);
        assert_eq!(run(&other).await?, 1, "the target has it");
        spot.open(cluster)?;
        spot.move_key(cluster, &key)?;
        assert_eq!(run(&key).await?, 2);
        cluster.call(spot.to, &["SCRIPT", "FLUSH"])?;
        assert_eq!(run(&key).await?, 3, "the target has lost it");
        let stats = client.stats().await?;
        assert_eq!((stats.ask_followed, stats.scripts_missed), (2, 1), "{stats:?}");
        spot.close(cluster)?;
        assert_eq!(run(&key).await?, 4);
        until::<A>("the slot is where it is said to be", async || {
            Ok(cluster.primary_of(spot.slot)? == spot.to)
        })
        .await
    })
}

/// A slot that a node serves.
fn cluster_slot(cluster: &Cluster, node: usize) -> Result<u16, Failure> {
    let port = cluster.node(node).port;
    let ranges = cluster.slots(0)?;
    let range = ranges.iter().find(|range| range.ports.first() == Some(&port));
    Ok(range.ok_or("a primary without slots")?.last)
}

fn f62_a_script_that_only_reads<A: Adapter>() -> Done {
    on_each::<A>("EVALSHA_RO", SINCE_7_0, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let script = Script::new("return redis.call('GET', KEYS[1]) -- reads").read_only();
        client.set("reads", 7).await?;
        for _ in 0..2 {
            assert_eq!(client.command::<i64>(script.invoke(["reads"])).await?, 7);
            forget_everywhere(cluster)?;
        }
        assert_eq!(client.command::<i64>(script.invoke(["reads"])).await?, 7);
        assert_eq!(client.stats().await?.scripts_missed, 2);
        let writes = counting("writes").read_only();
        let error = client.command::<i64>(writes.invoke(["reads"]).arg(1)).await;
        assert!(error.is_err(), "servers see to it");
        Ok(())
    })
}

/// A name without a source is what the application asked for.
fn f62_noscript_is_the_callers_where_there_is_no_source<A: Adapter>() -> Done {
    on_each::<A>("EVALSHA by hand", &NAMES, async |cluster| {
        let client = connect::<A>(cluster).await?;
        let name = Script::new("return 'nobody has this'");
        let command = Command::new("EVALSHA").arg(name.sha1()).arg(1).arg("key");
        let error = client.command::<i64>(command).await.expect_err("no script");
        let valkey = cluster.version().valkey;
        let advice = if valkey { "" } else { " Please use EVAL." };
        let text = format!("NOSCRIPT No matching script.{advice}");
        assert_eq!(error.server().map(ToString::to_string), Some(text));
        Ok(())
    })
}

on_every_adapter! {
    f62_names_are_the_servers,
    f62_a_script_is_sent_in_full_once_and_then_by_its_name,
    f62_a_node_that_has_lost_a_script_is_sent_it_again,
    f62_a_pipeline_over_all_slots_meets_empty_caches,
    f50_f62_scripts_of_a_slot_keep_their_order,
    f62_a_transaction_needs_no_cache,
    f22_f62_a_failover_needs_nothing_loaded,
    f17_f62_a_script_is_asked_for_elsewhere,
    f62_a_script_that_only_reads,
    f62_noscript_is_the_callers_where_there_is_no_source,
}
