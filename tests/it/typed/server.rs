//! Servers.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use hashslot::blocking::Client;
use hashslot::cmd::{self, ByName, HotKeys, HotKeysMetric, ServerInfo, ServerRole};
use hashslot::cmd::{TypedCommand, UnixTime};
use hashslot::config::{Limits, Protocol};
use hashslot::resp::OwnedValue;
use hashslot::{Address, Call, Command, Commands, Error, Frame, FromValue, Target};

use super::live::{SINCE_7_0, cases, refusal};

/// The nodes that tests name as targets: a primary and a replica.
pub(super) fn primary(c: &Client) -> Result<Address, Error> {
    let topology = c.topology()?;
    let shard = &topology.shards()[0];
    Ok(shard.primary().expect("has a primary").address().clone())
}

pub(super) fn replica(c: &Client) -> Result<Address, Error> {
    let topology = c.topology()?;
    Ok(topology.shards()[0].replicas()[0].address().clone())
}

/// Runs a command on one node.
pub(super) fn on<C: TypedCommand>(
    c: &Client,
    node: Address,
    command: C,
) -> Result<C::Reply, Error> {
    c.call_as(Call::new(command.into_command()).target(Target::Node(node)))
}

/// The arguments of a command, with blanks between them.
pub(super) fn words(command: impl Into<Command>) -> String {
    let command = command.into();
    let words = command.arguments().map(|word| String::from_utf8_lossy(word).into_owned());
    words.collect::<Vec<_>>().join(" ")
}

/// A reply as servers send it.
pub(super) fn frame(reply: &str) -> Frame {
    Frame::parse(reply.as_bytes().to_vec(), &Limits::default()).expect("a reply")
}

/// What a reply is converted to.
pub(super) fn read<V: FromValue>(reply: &str) -> V {
    V::from_frame(frame(reply)).expect("what was asked for")
}

/// What a reply of RESP3 is converted to, which is the same as what that of RESP2 is.
pub(super) fn read_both<V: FromValue + PartialEq + Debug>(reply: &str) -> V {
    let older = frame(reply).to_protocol(Protocol::Resp2);
    assert_ne!(older, frame(reply), "there is no map in it");
    let value = read(reply);
    assert_eq!(V::from_frame(older).expect("what was asked for"), value);
    value
}

/// A time far ahead.
const FAR: Duration = Duration::from_secs(1000);

cases! {
    "BGSAVE" => |c| {
        let count = c.topology()?.nodes().count();
        assert_eq!(c.bgsave()?.len(), count);
        let told = c.run(cmd::bgsave().schedule())?;
        for (node, told) in &told {
            match told {
                Ok(text) => assert!(text.starts_with("Background saving "), "{node}: {text}"),
                Err(error) => assert_eq!(error.code(), "ERR", "{node}: {error}"),
            }
        }
        assert_eq!(c.save()?.len(), count);
        assert_eq!(c.bgrewriteaof()?.len(), count);
        let saved = c.lastsave()?;
        assert_eq!(saved.len(), count);
        assert!(saved.values().all(|&at| at > 1_600_000_000));
    }
    "BGSAVE" on &["valkey-8.1", "valkey-9.1"] => |c| {
        let told = c.run(cmd::bgsave().cancel())?;
        assert!(told.values().flatten().all(|text| text.contains("cancelled")), "{told:?}");
    }
    "COMMAND" => |c| {
        let all = c.commands()?;
        assert_eq!(u64::try_from(all.len())?, c.command_count()?);
        let [Some(get), None] = &c.command_info(["get", "nope"])?[..] else {
            panic!("GET is there");
        };
        assert_eq!((get.name.as_str(), get.arity), ("get", 2));
        assert_eq!((get.first_key, get.last_key, get.key_step), (1, 1, 1));
        assert!(get.flags.iter().any(|flag| flag == "readonly"));
        assert!(get.acl_categories.iter().any(|category| category == "@string"));
        let keys: Vec<String> = c.command_getkeys(cmd::mset([("a", 1), ("b", 2)]))?;
        assert_eq!(keys, ["a", "b"]);
        let keyless = c.command_getkeys::<Vec<String>>(cmd::echo::<()>("k"));
        assert_eq!(refusal(keyless), "ERR The command has no key arguments");
    }
    "COMMAND DOCS" on SINCE_7_0 => |c| {
        let info = c.command_info("xread")?.remove(0).ok_or("is there")?;
        let spec = &info.key_specs[0];
        assert_eq!(spec.begin_search.method, "keyword");
        assert_eq!(spec.begin_search.parameters["keyword"], "STREAMS");
        assert_eq!(spec.find_keys.parameters["limit"], "2");
        assert!(spec.flags.iter().any(|flag| flag == "access"));
        let docs = c.command_docs(["set", "config", "slaveof", "nope"])?;
        assert_eq!(docs.len(), 3);
        assert_eq!(docs["set"].since.as_deref(), Some("1.0.0"));
        assert_eq!(docs["set"].arguments[0].name, "key");
        assert_eq!(docs["set"].arguments[0].kind, "key");
        assert!(docs["set"].arguments.iter().any(|argument| !argument.arguments.is_empty()));
        assert!(docs["set"].history.iter().any(|(version, _)| version == "6.0.0"));
        assert!(docs["config"].subcommands.contains_key("config|get"));
        assert_eq!(docs["slaveof"].flags, ["deprecated"]);
        assert_eq!(docs["slaveof"].deprecated_since.as_deref(), Some("5.0.0"));
        let keys: Vec<(String, Vec<String>)> = c.command_getkeysandflags(cmd::set("k", "v"))?;
        assert_eq!(keys, [("k".to_owned(), vec!["OW".to_owned(), "update".to_owned()])]);
        let all = c.command_list()?;
        assert!(all.iter().any(|name| name == "get"));
        let some = c.run(cmd::command_list().pattern("hge*"))?;
        assert!(some.iter().any(|name| name == "hget"));
        assert!(some.iter().all(|name| name.starts_with("hge")), "{some:?}");
        let hashes = c.run(cmd::command_list().acl_category("hash"))?;
        assert!(hashes.iter().any(|name| name == "hset"));
        assert_eq!(c.run(cmd::command_list().module("nope"))?.len(), 0);
    }
    "CONFIG GET" => |c| {
        let lengths = |c: &Client| -> Result<Vec<String>, Error> {
            let settings = c.config_get("slowlog-max-len")?;
            Ok(settings.values().map(|settings| settings["slowlog-max-len"].clone()).collect())
        };
        assert_eq!(lengths(c)?, ["128"; 6]);
        c.config_set(("slowlog-max-len", 129))?;
        assert_eq!(lengths(c)?, ["129"; 6]);
        c.config_set(("slowlog-max-len", 128))?;
        c.config_resetstat()?;
        assert_eq!(refusal(c.config_rewrite()), "ERR The server is running without a config file");
        assert!(c.config_get("nope")?.values().all(BTreeMap::is_empty));
        let of_one: ByName<String> =
            on(c, primary(c)?, cmd::config_get("slowlog-max-*").reply())?;
        assert_eq!(of_one.len(), 1);
    }
    "CONFIG SET" on SINCE_7_0 => |c| {
        c.config_set([("slowlog-max-len", 128), ("latency-monitor-threshold", 0)])?;
        let settings = c.config_get(["slowlog-max-len", "latency-monitor-threshold"])?;
        assert!(settings.values().all(|settings| settings.len() == 2));
        let secret = c.config_set([("maxmemory", "secret")]).expect_err("no number");
        assert!(!format!("{secret} {secret:?}").contains("secret"));
    }
    "DBSIZE" => |c| {
        c.mset([("a", 1), ("b", 2), ("c", 3)])?;
        assert_eq!(c.dbsize()?, 3);
        c.flushdb()?;
        assert_eq!(c.dbsize()?, 0);
        c.set("a", 1)?;
        c.flushall()?;
        c.set("a", 1)?;
        c.run(cmd::flushall().in_background())?;
        c.set("a", 1)?;
        c.run(cmd::flushdb().at_once())?;
        assert_eq!(c.dbsize()?, 0);
    }
    "INFO" => |c| {
        let all = c.info()?;
        assert_eq!(all.len(), 3);
        let info = all.values().next().ok_or("is there")?;
        assert_eq!(info.get("role"), Some("master"));
        assert_eq!(info.parse::<u64>("cluster_enabled"), Some(1));
        assert_eq!(info.get("nope"), None);
        assert!(info.sections().any(|name| name == "Memory"));
        assert!(info.section("memory").any(|(name, _)| name == "used_memory"));
        assert!(info.section("memory").all(|(name, _)| name != "role"));
        assert_eq!(info.section("nope").count(), 0);
        let of_one: ServerInfo = on(c, replica(c)?, cmd::info().sections("replication").reply())?;
        assert_eq!(of_one.get("role"), Some("slave"));
        assert_eq!(of_one.sections().collect::<Vec<_>>(), ["Replication"]);
        assert!(of_one.as_str().contains("role:slave"));
    }
    "INFO" on SINCE_7_0 => |c| {
        for info in c.run(cmd::info().sections(["memory", "keyspace"]))?.values() {
            assert_eq!(info.sections().collect::<Vec<_>>(), ["Memory", "Keyspace"]);
        }
    }
    "LOLWUT" => |c| {
        assert!(c.lolwut()?.contains("ver"));
        assert!(c.run(cmd::lolwut().version(5).parameters([10, 2, 2]))?.contains("ver"));
    }
    "MEMORY USAGE" => |c| {
        assert_eq!(c.memory_usage("k")?, None);
        c.set("k", "v")?;
        assert!(c.memory_usage("k")? > Some(0));
        assert!(c.run(cmd::memory_usage("k").samples(0))? > Some(0));
        assert_eq!(c.memory_doctor()?.len(), 3);
        assert_eq!(c.memory_malloc_stats()?.len(), 3);
        c.memory_purge()?;
        let stats: BTreeMap<String, ByName<OwnedValue>> = c.memory_stats()?;
        assert_eq!(stats.len(), 3);
        for stats in stats.values() {
            assert!(matches!(stats["total.allocated"], OwnedValue::Integer(bytes) if bytes > 0));
        }
    }
    "MODULE LIST" => |c| {
        for module in c.module_list()? {
            assert!(!module.name.is_empty() && module.version > 0, "{module:?}");
            assert!(module.arguments.is_empty());
        }
        assert!(c.module_unload("nope").is_err());
    }
    "PING" => |c| {
        assert_eq!(c.ping()?, "PONG");
        assert_eq!(c.run(cmd::ping().message("hello"))?, "hello");
        assert_eq!(c.echo::<Vec<u8>>(b"\xff")?, b"\xff");
        let time = c.time()?;
        assert!(time.since_epoch() > Duration::from_secs(1_600_000_000));
        assert_eq!(UnixTime::from(time).since_epoch().as_millis(), time.since_epoch().as_millis());
    }
    "ROLE" => |c| {
        let ServerRole::Primary { replicas, .. } = on(c, primary(c)?, cmd::role())? else {
            panic!("a primary");
        };
        assert!(replicas.iter().all(|replica| replica.host == "127.0.0.1" && replica.port > 0));
        let ServerRole::Replica { host, port, .. } = on(c, replica(c)?, cmd::role())? else {
            panic!("a replica");
        };
        assert_eq!(format!("{host}:{port}"), primary(c)?.to_string());
        assert!(matches!(c.role()?, ServerRole::Primary { .. }));
    }
    // Nodes of a cluster refuse them all.
    "REPLICAOF" => |c| {
        let node = primary(c)?;
        let refused = "ERR REPLICAOF not allowed in cluster mode.";
        assert_eq!(refusal(on(c, node.clone(), cmd::replicaof("10.0.0.1", 1))), refused);
        assert_eq!(refusal(on(c, node.clone(), cmd::replicaof_no_one())), refused);
        let refused = refusal(on(c, node.clone(), cmd::failover()));
        assert!(refused.starts_with("ERR FAILOVER not allowed in cluster mode."));
        let refused = refusal(on(c, node, cmd::swapdb(0, 1)));
        assert_eq!(refused, "ERR SWAPDB is not allowed in cluster mode");
        for without_target in [c.replicaof_no_one(), c.failover(), c.swapdb(0, 1), c.shutdown()] {
            assert!(without_target.is_err_and(|error| !error.may_have_executed()));
        }
    }
    "SHUTDOWN" on SINCE_7_0 => |c| {
        let refused = refusal(on(c, primary(c)?, cmd::shutdown().abort()));
        assert_eq!(refused, "ERR No shutdown in progress.");
    }
    "WAIT" => |c| {
        assert!(refusal(c.wait(1, FAR)).contains("no blocking commands yet"));
        assert!(refusal(c.waitaof(1, 1, FAR)).contains("no blocking commands yet"));
    }
}

#[test]
fn waiting_is_told_in_milliseconds() {
    assert_eq!(words(cmd::wait(2, Duration::from_micros(1500))), "WAIT 2 2");
    assert_eq!(words(cmd::wait(2, Duration::ZERO)), "WAIT 2 0");
    assert_eq!(words(cmd::waitaof(1, 2, FAR)), "WAITAOF 1 2 1000000");
    assert_eq!(read::<(u64, u64)>("*2\r\n:1\r\n:0\r\n"), (1, 0));
}

#[test]
fn what_changes_servers_has_the_words_of_the_server() {
    assert_eq!(words(cmd::replicaof("10.0.0.1", 7000)), "REPLICAOF 10.0.0.1 7000");
    let failover = cmd::failover().to("10.0.0.1", 7000).force().timeout(Duration::from_secs(3));
    assert_eq!(words(failover), "FAILOVER TO 10.0.0.1 7000 FORCE TIMEOUT 3000");
    assert_eq!(words(cmd::failover().abort()), "FAILOVER ABORT");
    assert_eq!(words(cmd::shutdown().no_save().now().force()), "SHUTDOWN NOSAVE NOW FORCE");
    assert_eq!(words(cmd::shutdown().save().safe().failover()), "SHUTDOWN SAVE SAFE FAILOVER");
    assert_eq!(words(cmd::shutdown().abort()), "SHUTDOWN ABORT");
    assert_eq!(words(cmd::module_load("/m.so").arguments([1, 2])), "MODULE LOAD /m.so 1 2");
    assert_eq!(
        words(cmd::module_loadex("/m.so").config("a", 1).config("b", 2).arguments("x")),
        "MODULE LOADEX /m.so CONFIG a 1 CONFIG b 2 ARGS x"
    );
    let module = read_both::<cmd::LoadedModule>(
        "%4\r\n$4\r\nname\r\n$1\r\nm\r\n$3\r\nver\r\n:2\r\n$4\r\npath\r\n$5\r\n/m.so\r\n\
         $4\r\nargs\r\n*1\r\n$1\r\nx\r\n",
    );
    assert_eq!((module.name.as_str(), module.version), ("m", 2));
    assert_eq!(module.path.as_deref(), Some("/m.so"));
    assert_eq!(module.arguments, ["x"]);
}

#[test]
fn a_role_is_read_from_its_array() {
    let role = read("*3\r\n$6\r\nmaster\r\n:9\r\n*1\r\n*3\r\n$1\r\nh\r\n$1\r\n7\r\n$1\r\n8\r\n");
    let ServerRole::Primary { offset: 9, replicas, .. } = role else { panic!("{role:?}") };
    let replica = &replicas[0];
    assert_eq!((replica.host.as_str(), replica.port, replica.offset), ("h", 7, 8));
    let role = read("*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:7\r\n$9\r\nhandshake\r\n:-1\r\n");
    let ServerRole::Replica { host, port: 7, state, offset: None, .. } = role else {
        panic!("{role:?}");
    };
    assert_eq!((host.as_str(), state.as_str()), ("h", "handshake"));
}

#[test]
fn hot_keys_are_those_of_redis_8_6() {
    let both = [HotKeysMetric::Cpu, HotKeysMetric::Net];
    let start = cmd::hotkeys_start(both).count(20).duration(FAR).sample(100).slots([0, 7]);
    assert_eq!(
        words(start),
        "HOTKEYS START METRICS 2 CPU NET COUNT 20 DURATION 1000 SAMPLE 100 SLOTS 2 0 7"
    );
    assert_eq!(words(cmd::hotkeys_start(HotKeysMetric::Net)), "HOTKEYS START METRICS 1 NET");
    assert_eq!(words(cmd::hotkeys_stop()), "HOTKEYS STOP");
    assert_eq!(words(cmd::hotkeys_reset()), "HOTKEYS RESET");
    assert_eq!(words(cmd::hotkeys_get()), "HOTKEYS GET");
    let fields = "$15\r\ntracking-active\r\n:1\r\n$12\r\nsample-ratio\r\n:100\r\n\
        $14\r\nselected-slots\r\n*2\r\n*1\r\n:0\r\n*2\r\n:7\r\n:9\r\n\
        $30\r\nall-commands-selected-slots-us\r\n:5\r\n$25\r\nall-commands-all-slots-us\r\n:6\r\n\
        $37\r\nnet-bytes-all-commands-selected-slots\r\n:7\r\n\
        $32\r\nnet-bytes-all-commands-all-slots\r\n:8\r\n\
        $29\r\ncollection-start-time-unix-ms\r\n:1770824933147\r\n\
        $22\r\ncollection-duration-ms\r\n:9\r\n$14\r\nby-cpu-time-us\r\n*2\r\n$1\r\nk\r\n:4\r\n\
        $12\r\nby-net-bytes\r\n*2\r\n$1\r\nk\r\n:30\r\n";
    let keys = read_both::<Option<HotKeys>>(&format!("*1\r\n%11\r\n{fields}")).expect("counted");
    assert!(keys.is_active);
    assert_eq!(keys.sample_ratio, 100);
    assert_eq!(keys.slots, [0..=0, 7..=9]);
    assert_eq!(keys.started, UnixTime::from_millis(1_770_824_933_147));
    assert_eq!(keys.duration, Duration::from_millis(9));
    assert_eq!(keys.time, Duration::from_micros(6));
    assert_eq!(keys.time_of_slots, Some(Duration::from_micros(5)));
    assert_eq!((keys.bytes, keys.bytes_of_slots), (8, Some(7)));
    assert_eq!(keys.by_time, [("k".into(), Duration::from_micros(4))]);
    assert_eq!(keys.by_bytes, [("k".into(), 30)]);
    assert_eq!(read_both::<HotKeys>(&format!("%11\r\n{fields}")), keys);
    assert_eq!(read::<Option<HotKeys>>("_\r\n"), None);
    assert!(read::<bool>("+OK\r\n") && !read::<bool>("_\r\n"));
}
