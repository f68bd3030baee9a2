//! Functions.

use std::time::Duration;

use hashslot::cmd::{self, FunctionStats};
use hashslot::{Commands, Frame, FromValue};

use super::live::{SINCE_7_0, cases, refusal};

const LIBRARY: &str = "#!lua name=shop\n\
    redis.register_function('take', function(keys, args) \
        return redis.call('DECRBY', keys[1], args[1]) end)\n\
    redis.register_function{function_name = 'echo', description = 'as it came', \
        flags = {'no-writes'}, callback = function(keys, args) return {#keys, args[1]} end}";

cases! {
    "FCALL" on SINCE_7_0 => |c| {
        assert_eq!(c.function_load(LIBRARY)?, "shop");
        c.set("k", 10)?;
        assert_eq!(c.run(cmd::fcall::<i64>("take").key("k").arg(3))?, 7);
        assert_eq!(c.fcall::<(u64,)>("echo")?, (0,));
        let echo = cmd::fcall_ro::<(u64, String)>("echo").keys(["{k}1", "{k}2"]).args(["a", "b"]);
        assert_eq!(c.run(echo)?, (2, "a".into()));
        assert_eq!(c.fcall_ro::<(u64,)>("echo")?, (0,));
        assert!(c.run(cmd::fcall_ro::<i64>("take").key("k").arg(3)).is_err());
        assert!(refusal(c.fcall::<()>("missing")).contains("Function not found"));
    }
    "FUNCTION LOAD" on SINCE_7_0 => |c| {
        assert_eq!(c.function_list()?, []);
        c.function_load(LIBRARY)?;
        assert!(refusal(c.function_load(LIBRARY)).contains("already exists"));
        assert_eq!(c.run(cmd::function_load(LIBRARY).replace())?, "shop");
        let libraries = c.function_list()?;
        assert_eq!(libraries.len(), 1);
        let library = &libraries[0];
        assert_eq!((library.name.as_str(), library.engine.as_str()), ("shop", "LUA"));
        assert_eq!(library.code, None);
        let mut functions = library.functions.clone();
        functions.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!((functions[0].name.as_str(), functions[1].name.as_str()), ("echo", "take"));
        assert_eq!(functions[0].description.as_deref(), Some("as it came"));
        assert_eq!(functions[1].description, None);
        assert_eq!(functions[0].flags, ["no-writes"]);
        assert!(functions[1].flags.is_empty());
        let with_code = c.run(cmd::function_list().library("sh*").with_code())?;
        assert_eq!(with_code[0].code.as_deref(), Some(LIBRARY.as_bytes()));
        assert_eq!(c.run(cmd::function_list().library("other"))?, []);
        c.function_delete("shop")?;
        assert!(refusal(c.function_delete("shop")).contains("Library not found"));
    }
    "FUNCTION RESTORE" on SINCE_7_0 => |c| {
        c.function_load(LIBRARY)?;
        let dump = c.function_dump()?;
        assert!(refusal(c.function_restore(&dump)).contains("already exists"));
        c.run(cmd::function_restore(&dump).replace())?;
        c.run(cmd::function_restore(&dump).flush())?;
        c.function_flush()?;
        c.run(cmd::function_restore(&dump).append())?;
        assert_eq!(c.function_list()?.len(), 1);
        c.run(cmd::function_flush().at_once())?;
        assert_eq!(c.function_list()?, []);
        c.function_restore(&dump)?;
        c.run(cmd::function_flush().in_background())?;
        assert_eq!(c.function_list()?, []);
    }
    "FUNCTION STATS" on SINCE_7_0 => |c| {
        c.function_load(LIBRARY)?;
        let stats = c.function_stats()?;
        assert!(stats.len() > 1);
        for (node, stats) in stats {
            assert!(node.contains(':'), "{node}");
            assert_eq!(stats.running, None);
            let lua = stats.engines.iter().find(|(engine, _)| engine == "LUA").ok_or("is there")?;
            assert_eq!((lua.1.libraries, lua.1.functions), (1, 2));
        }
        assert!(refusal(c.function_kill()).starts_with("NOTBUSY"));
    }
}

#[test]
fn a_function_that_runs_is_told_in_both_protocols() {
    const COMMAND: &str = "*3\r\n$5\r\nFCALL\r\n$4\r\ntake\r\n$1\r\n0\r\n";
    let script = format!(
        "$4\r\nname\r\n$4\r\ntake\r\n$7\r\ncommand\r\n{COMMAND}$11\r\nduration_ms\r\n:1500\r\n"
    );
    let counts = "$15\r\nlibraries_count\r\n:1\r\n$15\r\nfunctions_count\r\n:2\r\n";
    for [outer, inner, one, two] in [["*4", "*6", "*2", "*4"], ["%2", "%3", "%1", "%2"]] {
        let running = format!("$14\r\nrunning_script\r\n{inner}\r\n{script}");
        let engines = format!("$7\r\nengines\r\n{one}\r\n$3\r\nLUA\r\n{two}\r\n{counts}");
        let reply = format!("{outer}\r\n{running}{engines}");
        let frame = Frame::parse(reply, &Default::default()).expect("a reply");
        let stats = FunctionStats::from_frame(frame).expect("a record");
        let running = stats.running.expect("is there");
        assert_eq!((running.name.as_str(), running.command.len()), ("take", 3));
        assert_eq!(running.duration, Duration::from_millis(1500));
        assert_eq!((stats.engines[0].1.libraries, stats.engines[0].1.functions), (1, 2));
    }
}
