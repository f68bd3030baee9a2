//! What only the inside can tell: packing, the order of the table, where keys are.

extern crate std;

use alloc::vec::Vec;
use std::{format, string::String, vec};

use super::*;
use crate::plan::Call;

fn keys(words: &[&str]) -> Result<Vec<String>, Malformed> {
    let (name, arguments) = words.split_first().expect("has a name");
    let command = Command::new(name).args(arguments.iter().copied());
    let keys = command.keys()?;
    Ok(keys.into_iter().map(|key| String::from_utf8(key.to_vec()).expect("is text")).collect())
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| String::from(*word)).collect()
}

#[test]
fn the_table_is_sorted_and_has_no_row_twice() {
    for pair in table::all().windows(2) {
        assert!(pair[0].name < pair[1].name, "{} before {}", pair[0].name, pair[1].name);
    }
}

#[test]
fn every_row_is_found_in_capitals_and_not() {
    for facts in table::all() {
        let (name, subcommand) = match facts.name.split_once(' ') {
            Some((name, subcommand)) => (name, Some(subcommand)),
            None => (facts.name, None),
        };
        for (name, subcommand) in [
            (String::from(name), subcommand.map(String::from)),
            (name.to_ascii_lowercase(), subcommand.map(str::to_ascii_lowercase)),
        ] {
            let command = Command::new(&name).args(subcommand.as_deref());
            assert_eq!(command.facts().name, facts.name);
        }
    }
}

#[test]
fn a_subcommand_that_is_not_in_the_table_has_the_facts_of_its_command() {
    let facts = Command::new("cluster").arg("nonsense").facts();
    assert_eq!((facts.name, facts.request), ("CLUSTER", RequestPolicy::ExplicitNode));
    assert_eq!(Command::new("CLUSTER").facts().name, "CLUSTER");
}

#[test]
fn a_subcommand_is_not_found_without_its_command() {
    for facts in table::all().iter().filter(|facts| facts.name.contains(' ')) {
        assert_eq!(Command::new(facts.name).facts().keys, KeyShape::Unknown, "{}", facts.name);
    }
    let none = Command::new("CLUSTER").arg(" SHARDS");
    assert_eq!(none.facts().name, "CLUSTER");
    for name in ["", "G", "GE", "GETT", "GET ", "GETRANGEGETRANGEGETRANGE", "\u{0}"] {
        assert_eq!(Command::new(name).facts().keys, KeyShape::Unknown, "{name}");
    }
}

#[test]
fn what_changes_nothing_may_run_twice() {
    for (words, expected) in [
        ("GET", true),
        ("PING", true),
        ("CONFIG GET", true),
        ("CLUSTER INFO", true),
        ("SET", false),
        ("CONFIG SET", false),
        ("CONFIG NONSENSE", false),
        ("PUBLISH", false),
        ("NO.SUCH", false),
    ] {
        let mut words = words.split(' ');
        let command = Command::new(words.next().unwrap_or_default()).args(words);
        assert_eq!(command.facts().is_idempotent(), expected, "{command:?}");
    }
}

#[test]
fn keys_of_every_shape() {
    let table: &[(&[&str], &[&str])] = &[
        (&["GET", "a"], &["a"]),
        (&["OBJECT", "ENCODING", "a"], &["a"]),
        (&["MGET", "a", "b", "a"], &["a", "b", "a"]),
        (&["MSET", "a", "1", "b", "2"], &["a", "b"]),
        (&["COPY", "a", "b", "REPLACE"], &["a", "b"]),
        (&["BITOP", "AND", "d", "a", "b"], &["d", "a", "b"]),
        (&["BLPOP", "a", "b", "0"], &["a", "b"]),
        (&["EVAL", "return 1", "2", "a", "b", "arg"], &["a", "b"]),
        (&["EVAL", "return 1", "0"], &[]),
        (&["ZUNION", "2", "a", "b", "WEIGHTS", "1", "2"], &["a", "b"]),
        (&["ZUNIONSTORE", "d", "2", "a", "b"], &["d", "a", "b"]),
        (&["MSETEX", "2", "a", "1", "b", "2", "NX"], &["a", "b"]),
        (&["XREAD", "COUNT", "2", "STREAMS", "a", "b", "0", "0"], &["a", "b"]),
        (&["XREADGROUP", "GROUP", "streams", "streams", "STREAMS", "a", ">"], &["a"]),
        (&["GEORADIUS", "a", "1", "2", "3", "m", "STORE", "b", "STOREDIST", "c"], &["a", "c"]),
        (&["SORT", "a", "BY", "store", "GET", "#", "STORE", "d"], &["a", "d"]),
        (&["MIGRATE", "h", "1", "a", "0", "9"], &["a"]),
        (&["MIGRATE", "h", "1", "", "0", "9", "AUTH", "KEYS", "KEYS", "a", "b"], &["a", "b"]),
        (&["MIGRATE", "h", "1", "", "0", "9"], &[""]),
        (&["STRALGO", "LCS", "LEN", "KEYS", "a", "b"], &["a", "b"]),
        (&["STRALGO", "LCS", "STRINGS", "KEYS", "a", "b"], &[]),
        (&["SINTERCARD", "2", "a", "b", "LIMIT", "3"], &["a", "b"]),
        (&["JSON.MGET", "a", "b", "$"], &["a", "b"]),
        (&["JSON.MSET", "a", "$", "1", "b", "$", "2"], &["a", "b"]),
        (&["json.debug", "memory", "a", "$"], &["a"]),
        (&["TS.MADD", "a", "1", "2", "b", "1", "2"], &["a", "b"]),
        (&["TS.CREATERULE", "a", "b", "AGGREGATION", "sum", "9"], &["a", "b"]),
        (&["CMS.MERGE", "d", "2", "a", "b", "WEIGHTS", "1", "2"], &["d", "a", "b"]),
        (&["TDIGEST.MERGE", "d", "1", "a", "OVERRIDE"], &["d", "a"]),
        (&["FT.SEARCH", "a", "*"], &[]),
        (&["SPUBLISH", "a", "hello"], &["a"]),
        (&["CLUSTERSCAN", "0"], &["0"]),
        (&["MY.MODULE", "a", "b"], &["a"]),
        (&["PING"], &[]),
    ];
    for (words, expected) in table {
        assert_eq!(keys(words), Ok(owned(expected)), "{words:?}");
    }
}

#[test]
fn what_has_no_keys_where_they_should_be_is_malformed() {
    for words in [
        &["GET"][..],
        &["MGET"],
        &["EVAL", "return 1"],
        &["EVAL", "return 1", "many", "a"],
        &["EVAL", "return 1", "+1", "a"],
        &["EVAL", "return 1", "3", "a", "b"],
        &["EVAL", "return 1", "18446744073709551615", "a"],
        &["EVAL", "return 1", "4294967295", "a"],
        &["XREAD", "COUNT", "2"],
        &["XREAD", "STREAMS", "a", "b", "0"],
        &["MIGRATE", "h", "1"],
        &["EVAL", "return 1", "01", "a"],
        &["STRALGO", "LCS", "KEYS", "a"],
        &["STRALGO", "LCS", "LEN"],
        &["ZUNIONSTORE", "a"],
        &["ZUNIONSTORE", "a", "-1", "b"],
        &["MSETEX", "2", "a", "1"],
        &["JSON.MGET", "a"],
    ] {
        assert!(matches!(keys(words), Err(Malformed::Shape(_))), "{words:?}");
    }
}

#[test]
fn keys_of_two_slots_are_told_apart() {
    let command = Command::new("MGET").args(["foo", "bar"]);
    let (foo, bar) = (Slot::of_key(b"foo"), Slot::of_key(b"bar"));
    assert_eq!(command.slot(), Err(Malformed::CrossSlot(foo, bar)));
    let command = Command::new("MGET").args(["{foo}1", "{foo}2"]);
    assert_eq!(command.slot(), Ok(Some(foo)));
}

#[test]
fn short_and_long_arguments_come_out_as_they_went_in() {
    let lens = [0, 1, 50, 105, 106, 111, 112, 500, 1023, 1024, 1025, 100_000];
    for first in lens {
        for second in lens {
            let (a, b) = (vec![b'a'; first], vec![b'b'; second]);
            let command = Command::new("X").arg(&a).arg(Bytes::from(b.clone())).arg("end");
            let arguments: Vec<_> = command.arguments().collect();
            assert_eq!(arguments, [b"X", &a[..], &b[..], b"end"]);
            let expected = format!("*4\r\n$1\r\nX\r\n${first}\r\n");
            let bytes = command.to_bytes();
            assert!(bytes.starts_with(expected.as_bytes()));
            assert!(bytes.ends_with(b"\r\n$3\r\nend\r\n"));
            assert_eq!(command.encoded_len(), bytes.len());
        }
    }
}

#[test]
fn a_long_argument_is_not_copied() {
    let value = Bytes::from(vec![b'v'; 5000]);
    let command = Command::set("key", value.clone());
    let mut shared = 0;
    command.each_segment(|segment| {
        if let Segment::Large(large) = segment {
            assert_eq!(large.as_ptr(), value.as_ptr());
            shared += 1;
        }
    });
    assert_eq!(shared, 1);
}

#[test]
fn numbers_are_written_in_full() {
    let command = Command::new("X")
        .arg(0_u8)
        .arg(-1_i8)
        .arg(i64::MIN)
        .arg(u64::MAX)
        .arg(usize::MAX)
        .arg(1.5)
        .arg(-0.25);
    let words: Vec<_> = command.arguments().map(|word| String::from_utf8_lossy(word)).collect();
    assert_eq!(
        words,
        [
            "X",
            "0",
            "-1",
            "-9223372036854775808",
            "18446744073709551615",
            "18446744073709551615",
            "1.5",
            "-0.25"
        ]
    );
}

#[test]
fn f74_no_argument_is_ever_printed() {
    let command = Command::new("AUTH").arg("canary");
    let call = Call::batch([command.clone()]);
    assert!(!format!("{command:?} {call:?}").contains("canary"));
}
