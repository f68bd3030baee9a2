//! Latency and slow commands.

use std::time::Duration;

use hashslot::blocking::Client;
use hashslot::cmd::{self, CommandHistogram, CommandLog, LatencyEvent, SlowlogEntry, UnixTime};
use hashslot::{Command, Commands, Error};

use super::live::{SINCE_7_0, cases};
use super::server::{on, primary, read, read_both, words};

/// Runs a command that takes long on one node, while nodes watch for such.
fn sleep(c: &Client) -> Result<(), Error> {
    c.config_set(("latency-monitor-threshold", 1))?;
    let command = Command::new("DEBUG").arg("SLEEP").arg("0.01");
    let slept = on(c, primary(c)?, command);
    c.config_set(("latency-monitor-threshold", 0))?;
    slept.map(drop)
}

cases! {
    "LATENCY LATEST" => |c| {
        let node = primary(c)?.to_string();
        c.latency_reset()?;
        assert!(c.latency_latest()?.values().all(Vec::is_empty));
        assert!(c.latency_history("command")?.values().all(Vec::is_empty));
        assert!(c.latency_graph("command")?.values().all(Result::is_err));
        sleep(c)?;
        let latest = c.latency_latest()?.remove(&node).ok_or("is there")?;
        let event = latest.iter().find(|event| event.event == "command").ok_or("is there")?;
        assert!(event.latest >= Duration::from_millis(10) && event.max >= event.latest);
        assert!(event.at > UnixTime::from_secs(1_600_000_000));
        let history = c.latency_history("command")?.remove(&node).ok_or("is there")?;
        assert!(history.iter().any(|sample| sample.latency == event.max));
        assert!(history.iter().all(|sample| sample.at <= event.at));
        let graph = c.latency_graph("command")?.remove(&node).ok_or("is there")?;
        assert!(graph.is_ok_and(|graph| graph.starts_with("command - high ")));
        assert!(!c.latency_doctor()?[&node].is_empty());
        assert_eq!(c.run(cmd::latency_reset().events(["fork", "nope"]))?, 0);
        assert!(c.run(cmd::latency_reset().events("command"))? >= 1);
    }
    "LATENCY HISTOGRAM" on SINCE_7_0 => |c| {
        c.config_resetstat()?;
        c.set("k", "v")?;
        c.set("k", "v")?;
        let some = c.run(cmd::latency_histogram().commands(["set", "get"]))?;
        assert_eq!(some.len(), c.topology()?.nodes().count());
        let mut of_set = some.values().filter_map(|commands| commands.get("set"));
        let histogram = of_set.next().ok_or("is there")?;
        assert_eq!((histogram.calls, histogram.up_to_micros.values().max()), (2, Some(&2)));
        assert!(c.latency_histogram()?.values().any(|commands| commands.contains_key("config|resetstat")));
    }
    "SLOWLOG GET" => |c| {
        let node = primary(c)?.to_string();
        c.config_set(("slowlog-log-slower-than", 0))?;
        on(c, primary(c)?, cmd::echo::<String>("a"))?;
        on(c, primary(c)?, cmd::echo::<String>("b"))?;
        c.config_set(("slowlog-log-slower-than", 10_000))?;
        assert!(c.slowlog_len()? >= 2);
        let entries = c.slowlog_get()?.remove(&node).ok_or("is there")?;
        let echo = entries.iter().find(|entry| entry.arguments[0] == "ECHO").ok_or("is there")?;
        assert_eq!(echo.arguments, ["ECHO", "b"]);
        assert!(echo.client_address.starts_with("127.0.0.1:") && echo.client_name.is_empty());
        assert!(echo.at > UnixTime::from_secs(1_600_000_000));
        assert!(entries.iter().all(|entry| entry.id <= entries[0].id));
        let one = c.run(cmd::slowlog_get().count(1))?;
        assert!(one.values().all(|entries| entries.len() <= 1));
        c.slowlog_reset()?;
        assert!(c.slowlog_get()?.values().flatten().all(|entry| entry.arguments[0] != "ECHO"));
    }
    "SLOWLOG GET" on SINCE_7_0 => |c| {
        assert_eq!(c.run(cmd::slowlog_get().all())?.len(), c.topology()?.nodes().count());
    }
    "COMMANDLOG GET" on &["valkey-8.1", "valkey-9.1"] => |c| {
        let node = primary(c)?.to_string();
        c.config_set(("commandlog-request-larger-than", 1000))?;
        on(c, primary(c)?, cmd::echo::<String>("x".repeat(2000)))?;
        c.config_set(("commandlog-request-larger-than", 1_048_576))?;
        assert!(c.commandlog_len(CommandLog::LargeRequest)? >= 1);
        assert_eq!(c.commandlog_len(CommandLog::LargeReply)?, 0);
        let large = c.commandlog_get(-1, CommandLog::LargeRequest)?.remove(&node).ok_or("is there")?;
        assert!(large[0].amount > 2000 && large[0].arguments[0] == "ECHO");
        let none = c.commandlog_get(0, CommandLog::LargeRequest)?;
        assert!(none.values().all(Vec::is_empty));
        c.commandlog_reset(CommandLog::LargeRequest)?;
        assert_eq!(c.commandlog_len(CommandLog::LargeRequest)?, 0);
        assert_eq!(words(cmd::commandlog_len(CommandLog::Slow)), "COMMANDLOG LEN slow");
    }
}

#[test]
fn newer_events_have_a_sum_and_a_count() {
    let event: LatencyEvent = read("*4\r\n$4\r\nfork\r\n:5\r\n:6\r\n:7\r\n");
    assert_eq!((event.event.as_str(), event.at), ("fork", UnixTime::from_secs(5)));
    assert_eq!((event.latest, event.max), (Duration::from_millis(6), Duration::from_millis(7)));
    assert_eq!((event.sum, event.count), (None, None));
    let event: LatencyEvent = read("*6\r\n$4\r\nfork\r\n:5\r\n:6\r\n:7\r\n:8\r\n:9\r\n");
    assert_eq!((event.sum, event.count), (Some(Duration::from_millis(8)), Some(9)));
}

#[test]
fn a_histogram_is_a_map_in_a_map() {
    let histogram: CommandHistogram = read_both(
        "%2\r\n$5\r\ncalls\r\n:3\r\n$14\r\nhistogram_usec\r\n%2\r\n:4\r\n:1\r\n:8\r\n:3\r\n",
    );
    assert_eq!(histogram.calls, 3);
    assert_eq!(histogram.up_to_micros.into_iter().collect::<Vec<_>>(), [(4, 1), (8, 3)]);
}

#[test]
fn a_slow_command_is_told_in_microseconds() {
    let entry: SlowlogEntry =
        read("*6\r\n:3\r\n:5\r\n:1500\r\n*1\r\n$4\r\nPING\r\n$10\r\n10.0.0.1:5\r\n$1\r\nn\r\n");
    assert_eq!((entry.id, entry.at), (3, UnixTime::from_secs(5)));
    assert_eq!(entry.duration, Duration::from_micros(1500));
    assert_eq!((entry.client_address.as_str(), entry.client_name.as_str()), ("10.0.0.1:5", "n"));
    let older: SlowlogEntry = read("*4\r\n:3\r\n:5\r\n:1500\r\n*1\r\n$4\r\nPING\r\n");
    assert_eq!(older.arguments, ["PING"]);
    assert!(older.client_address.is_empty());
}
