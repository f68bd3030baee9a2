//! JSON documents. What servers answer is in commands.rs and key_value.rs of RedisJSON.

use hashslot::cmd::{self, JsonFloatFormat, JsonNumbers, JsonType};

use super::recorded::{check, read, words};

#[test]
fn arrays() {
    check(
        cmd::json_arrappend::<Vec<Option<u64>>>("k", "$..a", ["1", "\"x\""]),
        "JSON.ARRAPPEND k $..a 1 \"x\"",
        ["*2|:3|$-1", "*2|:3|_"],
        vec![Some(3), None],
    );
    check(cmd::json_arrappend("k", ".a", 1), "JSON.ARRAPPEND k .a 1", [":3"; 2], 3);
    check(
        cmd::json_arrindex::<Vec<Option<i64>>>("k", "$.a", "\"x\""),
        "JSON.ARRINDEX k $.a \"x\"",
        ["*3|:1|:-1|$-1", "*3|:1|:-1|_"],
        vec![Some(1), Some(-1), None],
    );
    let part = cmd::json_arrindex::<i64>("k", "a", 7).range(1, -1);
    assert_eq!(words(part), "JSON.ARRINDEX k a 7 1 -1");
    check(
        cmd::json_arrinsert::<Vec<Option<u64>>>("k", "$.a", -1, [7, 8]),
        "JSON.ARRINSERT k $.a -1 7 8",
        ["*1|:4"; 2],
        vec![Some(4)],
    );
    check(
        cmd::json_arrlen::<Vec<Option<u64>>>("k", "$..a"),
        "JSON.ARRLEN k $..a",
        ["*2|$-1|:0", "*2|_|:0"],
        vec![None, Some(0)],
    );
    check(cmd::json_arrlen::<Option<u64>>("k", ".a"), "JSON.ARRLEN k .a", ["$-1", "_"], None);
    check(
        cmd::json_arrpop::<Vec<Option<String>>>("k", "$.a").index(0),
        "JSON.ARRPOP k $.a 0",
        [r#"*2|"{"x":1}|$-1"#, r#"*2|"{"x":1}|_"#],
        vec![Some(r#"{"x":1}"#.into()), None],
    );
    check(cmd::json_arrpop::<String>("k", "a"), "JSON.ARRPOP k a", ["\"7"; 2], "7".into());
    check(
        cmd::json_arrtrim::<Vec<Option<u64>>>("k", "$.a", 1, -2),
        "JSON.ARRTRIM k $.a 1 -2",
        ["*1|:2"; 2],
        vec![Some(2)],
    );
}

#[test]
fn documents() {
    check(cmd::json_clear("k", "$"), "JSON.CLEAR k $", [":1"; 2], 1);
    check(cmd::json_del("k", "$.a"), "JSON.DEL k $.a", [":2"; 2], 2);
    check(
        cmd::json_debug_memory::<Vec<u64>>("k", "$.a"),
        "JSON.DEBUG MEMORY k $.a",
        ["*1|:8"; 2],
        vec![8],
    );
    check(cmd::json_get::<Option<String>>("k"), "JSON.GET k", ["$-1", "_"], None);
    check(
        cmd::json_get::<String>("k").path("$.a").path("$.b").space(" ").newline("\n").indent("  "),
        "JSON.GET k INDENT    NEWLINE \n SPACE   $.a $.b",
        [r#""{"$.a":[1],"$.b":[]}"#; 2],
        r#"{"$.a":[1],"$.b":[]}"#.into(),
    );
    check(cmd::json_merge("k", "$", "{}"), "JSON.MERGE k $ {}", ["+OK"; 2], true);
    assert!(!read(cmd::json_merge("k", "$.a.b", "1"), "$-1"));
    check(
        cmd::json_mget::<Vec<Option<String>>>(["a", "b"], "$.x"),
        "JSON.MGET a b $.x",
        ["*2|\"[1]|$-1", "*2|\"[1]|_"],
        vec![Some("[1]".into()), None],
    );
    let triples = vec![("a", "$", String::from("{}")), ("b", "$.x", String::from("1"))];
    check(cmd::json_mset(triples), "JSON.MSET a $ {} b $.x 1", ["+OK"; 2], ());
    check(
        cmd::json_objkeys::<Vec<Option<Vec<String>>>>("k", "$.*"),
        "JSON.OBJKEYS k $.*",
        ["*3|*2|\"a|\"b|$-1|*0", "*3|*2|\"a|\"b|_|*0"],
        vec![Some(vec!["a".into(), "b".into()]), None, Some(vec![])],
    );
    check(
        cmd::json_objlen::<Vec<Option<u64>>>("k", "$.*"),
        "JSON.OBJLEN k $.*",
        ["*2|:2|$-1", "*2|:2|_"],
        vec![Some(2), None],
    );
}

#[test]
fn json_set_tells_whether_it_set() {
    check(cmd::json_set("k", "$", "{}"), "JSON.SET k $ {}", ["+OK"; 2], true);
    check(cmd::json_set("k", "$.a", 1).nx(), "JSON.SET k $.a 1 NX", ["$-1", "_"], false);
    let format = cmd::json_set("k", "$.a", "[0.5]").xx().float_format(JsonFloatFormat::Bf16);
    check(format, "JSON.SET k $.a [0.5] XX FPHA BF16", ["+OK"; 2], true);
    assert!(!read(cmd::json_set("k", "$.a.b", 1), "_"));
}

#[test]
fn numbers_are_a_text_in_resp2() {
    let numbers = |matches: &[Option<i64>]| {
        let text: Vec<String> = matches
            .iter()
            .map(|number| number.map_or("null".into(), |number| number.to_string()))
            .collect();
        let text = format!("\"[{}]", text.join(","));
        read(cmd::json_numincrby::<i64>("k", "$.a", 1), &text)
    };
    assert_eq!(numbers(&[Some(-1), None]).matches, [Some(-1), None]);
    assert_eq!(numbers(&[]).matches, []);
    let expected = read(cmd::json_numincrby::<f64>("k", "$.a", 1), "*3|,0.5|_|:7");
    assert_eq!(expected.matches, [Some(0.5), None, Some(7.0)]);
    let command = cmd::json_numincrby("k", "$..a", 0.5);
    let replies = ["\"[0.5,null,7]", "*3|,0.5|_|:7"];
    check(command, "JSON.NUMINCRBY k $..a 0.5", replies, expected);
    let of_older_path: JsonNumbers<i64> = read(cmd::json_nummultby("k", ".a", 2), "\"8");
    let command = cmd::json_nummultby("k", ".a", 2);
    check(command, "JSON.NUMMULTBY k .a 2", ["\"8", "*1|:8"], of_older_path.clone());
    assert_eq!(of_older_path.matches, [Some(8)]);
    check(cmd::json_numpowby("k", ".a", 2), "JSON.NUMPOWBY k .a 2", ["\"8"; 2], of_older_path);
}

#[test]
fn strings_and_booleans() {
    check(
        cmd::json_strappend::<Vec<Option<u64>>>("k", "$.*", "\"x\""),
        "JSON.STRAPPEND k $.* \"x\"",
        ["*2|:4|$-1", "*2|:4|_"],
        vec![Some(4), None],
    );
    check(cmd::json_strlen::<u64>("k", "a"), "JSON.STRLEN k a", [":3"; 2], 3);
    check(
        cmd::json_toggle::<Vec<Option<bool>>>("k", "$.*"),
        "JSON.TOGGLE k $.*",
        ["*3|:1|:0|$-1", "*3|:1|:0|_"],
        vec![Some(true), Some(false), None],
    );
    check(cmd::json_toggle::<String>("k", ".a"), "JSON.TOGGLE k .a", ["\"true"; 2], "true".into());
}

#[test]
fn types_are_nested_once_more_in_resp3() {
    let types = vec![JsonType::Object, JsonType::Integer, JsonType::Null];
    let replies = ["*3|\"object|\"integer|\"null", "*1|*3|\"object|\"integer|\"null"];
    check(cmd::json_type("k", "$.*"), "JSON.TYPE k $.*", replies, types);
    check(
        cmd::json_type("k", "."),
        "JSON.TYPE k .",
        ["\"string", "*1|\"string"],
        vec![JsonType::Text],
    );
    check(cmd::json_type("missing", "$"), "JSON.TYPE missing $", ["$-1", "*1|_"], vec![]);
    let all = "*1|*5|\"boolean|\"number|\"array|\"string|\"date";
    let (boolean, other) = (JsonType::Boolean, JsonType::Other("date".into()));
    let types = [boolean, JsonType::Number, JsonType::Array, JsonType::Text, other];
    assert_eq!(read(cmd::json_type("k", "$"), all), types);
}
