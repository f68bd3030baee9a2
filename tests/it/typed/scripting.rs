//! Scripts.

use hashslot::cmd::{self, Typed};
use hashslot::error::{Failure, Rejection};
use hashslot::{Call, Command, Commands, Script, Slot, Target};

use super::live::{SINCE_7_0, cases, refusal};

/// Sums two keys and arguments.
const SUM: &str = "local sum = 0 \
    for _, key in ipairs(KEYS) do sum = sum + (redis.call('GET', key) or 0) end \
    for _, number in ipairs(ARGV) do sum = sum + number end \
    return sum";

fn words(command: impl Into<Command>) -> String {
    let command = command.into();
    let words = command.arguments().map(|word| String::from_utf8_lossy(word).into_owned());
    words.collect::<Vec<_>>().join(" ")
}

cases! {
    "EVAL" => |c| {
        assert_eq!(c.eval::<i64>("return 1")?, 1);
        assert_eq!(c.eval::<Option<String>>("return nil")?, None);
        c.mset([("{a}1", 1), ("{a}2", 20)])?;
        let script = Script::new(SUM);
        assert_eq!(c.eval::<i64>(&script)?, 0);
        assert_eq!(c.run(cmd::eval::<i64>(SUM).key("{a}1").arg(300))?, 301);
        for _ in ["known", "forgotten"] {
            let both = cmd::eval::<i64>(&script).keys(["{a}1", "{a}2"]).args([300, 4000]);
            assert_eq!(c.run(both)?, 4321);
            let mixed = cmd::eval::<i64>(&script).arg(300).key("{a}1").key("{a}2").arg(4000);
            assert_eq!(c.run(mixed)?, 4321);
            c.run(cmd::script_flush().at_once())?;
        }
        let text: String = c.run(cmd::eval::<i64>(script).arg(7).reply())?;
        assert_eq!(text, "7");
        let long = "x".repeat(5000);
        let echo = Script::new(format!("return ARGV[1] -- {long}"));
        assert_eq!(c.run(cmd::eval::<String>(&echo).arg(&long).key("k"))?, long);
        assert_eq!(c.run(cmd::eval::<String>(&echo).arg(&long).key(&long))?, long);
        let other_slot = cmd::eval::<i64>(SUM).keys(["a", "b"]);
        assert!(refusal(c.run(other_slot)).contains("slot"));
        assert!(refusal(c.eval::<i64>("return redis.error_reply('OWN text')")).starts_with("OWN"));
    }
    "EVAL_RO" on SINCE_7_0 => |c| {
        c.set("k", 1)?;
        let script = Script::new(SUM);
        assert_eq!(c.run(cmd::eval_ro::<i64>(&script).key("k").arg(2))?, 3);
        assert_eq!(c.run(cmd::eval_ro::<i64>(script).key("k").arg(2))?, 3);
        assert_eq!(c.run(cmd::eval_ro::<i64>(SUM).key("k").arg(2))?, 3);
        assert_eq!(c.eval_ro::<i64>("return 5")?, 5);
        let write = cmd::eval_ro::<()>("redis.call('SET', KEYS[1], 1)").key("k");
        assert!(refusal(c.run(write)).contains("Write commands are not allowed"));
    }
    "EVALSHA" => |c| {
        c.set("k", 1)?;
        let name = c.script_load(SUM)?;
        assert_eq!(name, Script::new(SUM).sha1());
        assert_eq!(c.run(cmd::evalsha::<i64>(&name).key("k").arg(2))?, 3);
        assert_eq!(c.evalsha::<i64>(&name)?, 0);
        let missing = "0".repeat(40);
        assert_eq!(c.script_exists(&name)?, [true]);
        assert_eq!(c.script_exists([&missing, &name])?, [false, true]);
        c.script_flush()?;
        assert_eq!(c.script_exists(&name)?, [false]);
        c.run(cmd::script_flush().in_background())?;
        assert!(refusal(c.evalsha::<i64>(&name)).starts_with("NOSCRIPT"));
    }
    "EVALSHA_RO" on SINCE_7_0 => |c| {
        c.set("k", 1)?;
        let name = c.script_load(SUM)?;
        assert_eq!(c.run(cmd::evalsha_ro::<i64>(&name).key("k").arg(2))?, 3);
        assert_eq!(c.evalsha_ro::<i64>(&name)?, 0);
    }
    "SCRIPT KILL" => |c| {
        assert!(refusal(c.script_kill()).starts_with("NOTBUSY"));
    }
    "SCRIPT SHOW" on &["valkey-8.1", "valkey-9.1"] => |c| {
        let name = c.script_load("return 1")?;
        let show = |name: &str| {
            let show: Typed<String> = cmd::script_show(name);
            Call::new(Command::from(show)).target(Target::Slot(Slot::of_key(b"k")))
        };
        assert_eq!(c.call_as::<String>(show(&name))?, "return 1");
        assert!(refusal(c.call_as::<String>(show("00"))).starts_with("NOSCRIPT"));
        let anywhere = c.script_show::<String>(&name).unwrap_err();
        assert!(matches!(anywhere.failure(), Failure::Rejected(Rejection::NoTarget)));
    }
}

#[test]
fn keys_are_counted_in_whatever_order_they_come() {
    assert_eq!(words(cmd::eval::<()>("return 1")), "EVAL return 1 0");
    assert_eq!(words(cmd::eval::<()>("x").keys([""; 0]).args([""; 0])), "EVAL x 0");
    assert_eq!(words(cmd::eval::<()>("x").args(["a", "b"])), "EVAL x 0 a b");
    let keys = cmd::evalsha::<()>("x").arg("a").keys(["{k}1", "{k}2"]).arg("b").key("{k}3");
    assert_eq!(words(keys.clone()), "EVALSHA x 3 {k}1 {k}2 {k}3 a b");
    assert_eq!(Command::from(keys).keys(), Ok(vec![&b"{k}1"[..], b"{k}2", b"{k}3"]));
    let script = Script::new("x");
    let name = script.sha1();
    assert_eq!(words(cmd::eval::<()>(&script).key("k")), format!("EVALSHA {name} 1 k"));
    assert_eq!(words(cmd::eval_ro::<()>(&script).arg("a")), format!("EVALSHA_RO {name} 0 a"));
    assert_eq!(words(cmd::eval::<()>(script.read_only())).split(' ').next(), Some("EVALSHA_RO"));
    assert_eq!(words(cmd::eval_ro::<()>("x")), "EVAL_RO x 0");
    assert_eq!(words(cmd::evalsha_ro::<()>("x")), "EVALSHA_RO x 0");
}
