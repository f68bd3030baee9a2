//! What only the inside can tell: packing, the order of the table, where keys are.

extern crate std;

use alloc::vec::Vec;
use std::{format, string::String, vec};

use super::*;
use crate::cmd;
use crate::plan::Call;

fn keys(words: &[&str]) -> Result<Vec<String>, KeyError> {
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
    for info in table::all() {
        let (name, subcommand) = match info.name.split_once(' ') {
            Some((name, subcommand)) => (name, Some(subcommand)),
            None => (info.name, None),
        };
        for (name, subcommand) in [
            (String::from(name), subcommand.map(String::from)),
            (name.to_ascii_lowercase(), subcommand.map(str::to_ascii_lowercase)),
        ] {
            let command = Command::new(&name).args(subcommand.as_deref());
            assert_eq!(command.info().name, info.name);
        }
    }
}

#[test]
fn a_subcommand_that_is_not_in_the_table_has_the_facts_of_its_command() {
    let info = Command::new("cluster").arg("nonsense").info();
    assert_eq!((info.name, info.request), ("CLUSTER", RequestPolicy::ExplicitNode));
    assert_eq!(Command::new("CLUSTER").info().name, "CLUSTER");
}

#[test]
fn a_subcommand_is_not_found_without_its_command() {
    for info in table::all().iter().filter(|info| info.name.contains(' ')) {
        assert_eq!(Command::new(info.name).info().keys, KeyShape::Unknown, "{}", info.name);
    }
    let none = Command::new("CLUSTER").arg(" SHARDS");
    assert_eq!(none.info().name, "CLUSTER");
    for name in ["", "G", "GE", "GETT", "GET ", "GETRANGEGETRANGEGETRANGE", "\u{0}"] {
        assert_eq!(Command::new(name).info().keys, KeyShape::Unknown, "{name}");
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
        assert_eq!(command.info().is_idempotent(), expected, "{command:?}");
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
        assert!(matches!(keys(words), Err(KeyError::Malformed(_))), "{words:?}");
    }
}

#[test]
fn keys_of_two_slots_are_told_apart() {
    let command = Command::new("MGET").args(["foo", "bar"]);
    let (foo, bar) = (Slot::of_key(b"foo"), Slot::of_key(b"bar"));
    assert_eq!(command.slot(), Err(KeyError::CrossSlot(foo, bar)));
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
    let call = Call::pipeline([command.clone()]);
    assert!(!format!("{command:?} {call:?}").contains("canary"));
}

fn sha1(text: &[u8]) -> String {
    String::from_utf8(sha1::hex(text).to_vec()).expect("is text")
}

#[test]
fn the_digests_of_the_standard() {
    assert_eq!(sha1(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_eq!(
        sha1(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
    );
    assert_eq!(sha1(&vec![b'a'; 1_000_000]), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

#[test]
fn digests_of_texts_that_nearly_fill_a_block() {
    // Of the bytes 0, 1, 2 and so on.
    for (len, digest) in [
        (0, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        (1, "5ba93c9db0cff93f52b521d7420e43f6eda2784f"),
        (54, "cfae6d86a767b9c700b5081a54265fb2fe0f6fd9"),
        (55, "8ae2d46729cfe68ff927af5eec9c7d1b66d65ac2"),
        (56, "636e2ec698dac903498e648bd2f3af641d3c88cb"),
        (57, "7cb1330f35244b57437539253304ea78a6b7c443"),
        (63, "6d942da0c4392b123528f2905c713a3ce28364bd"),
        (64, "c6138d514ffa2135bfce0ed0b8fac65669917ec7"),
        (65, "69bd728ad6e13cd76ff19751fde427b00e395746"),
        (119, "41c89d06001bab4ab78736b44efe7ce18ce6ae08"),
        (120, "d3dbd653bd8597b7475321b60a36891278e6a04a"),
        (127, "89d7312a903f65cd2b3e34a975e55dbea9033353"),
        (128, "e6434bc401f98603d7eda504790c98c67385d535"),
        (129, "3352e41cc30b40ae80108970492b21014049e625"),
    ] {
        let text: Vec<u8> = (0..len).collect();
        assert_eq!(sha1(&text), digest, "{len} bytes");
    }
}

#[test]
fn f62_a_script_is_invoked_by_its_name_and_spelled_out_in_full() {
    for source_len in [20, 500, 1024, 5000] {
        for argument_len in [0, 100, 1024, 3000] {
            let source = "x".repeat(source_len);
            let argument = vec![b'a'; argument_len];
            let script = Script::new(source.clone());
            let command = script.invoke(["{k}1", "{k}2"]).arg(&argument).arg("end");
            let named: Vec<_> = command.arguments().map(<[u8]>::to_vec).collect();
            let rest: [&[u8]; 5] = [b"2", b"{k}1", b"{k}2", &argument, b"end"];
            let expected = [b"EVALSHA", script.sha1().as_bytes()].into_iter().chain(rest);
            assert!(named.iter().map(Vec::as_slice).eq(expected));

            let spelled = command.spelled_out().expect("has a script");
            let expected = [b"EVAL", source.as_bytes()].into_iter().chain(rest);
            assert!(spelled.arguments().eq(expected.clone()));
            let by_hand = Command::new("EVAL").args(expected.skip(1));
            assert_eq!(spelled.to_bytes(), by_hand.to_bytes());
            assert_eq!(spelled.info(), by_hand.info());
            assert_eq!(spelled.slot(), command.slot());
            assert!(spelled.spelled_out().is_none(), "it is in full already");
        }
    }
    assert!(Command::get("k").spelled_out().is_none());
}

#[test]
fn f62_a_script_that_only_reads_says_so() {
    let script = Script::new("return 1").read_only();
    let command = script.invoke(["k"]);
    assert_eq!(command.info().name, "EVALSHA_RO");
    assert!(command.info().read_only);
    assert_eq!(command.spelled_out().expect("has a script").info().name, "EVAL_RO");
}

#[test]
fn f62_keys_of_a_script_are_in_one_slot() {
    let script = Script::new("return 1");
    let (foo, bar) = (Slot::of_key(b"foo"), Slot::of_key(b"bar"));
    assert_eq!(script.invoke(["foo", "bar"]).slot(), Err(KeyError::CrossSlot(foo, bar)));
    assert_eq!(script.invoke(["foo", "{foo}"]).arg("bar").slot(), Ok(Some(foo)));
    assert_eq!(script.invoke::<&str, _>([]).slot(), Ok(None));
}

#[test]
fn the_source_of_a_script_is_never_printed() {
    let script = Script::new("return 'canary'");
    assert!(!format!("{script:?} {:?}", script.invoke(["k"])).contains("canary"));
}

fn reply(bytes: &'static [u8]) -> crate::resp::Frame {
    crate::resp::Frame::parse(bytes, &crate::config::Limits::default()).expect("a frame")
}

#[test]
fn a_vector_of_bytes_is_the_text_of_a_string_and_the_elements_of_an_array() {
    for text in [&b"$3\r\na\xffb\r\n"[..], b"+a\xffb\r\n", b"=7\r\nbin:a\xffb\r\n"] {
        assert_eq!(Vec::<u8>::from_frame(reply(text)).as_deref(), Ok(&b"a\xffb"[..]));
    }
    assert_eq!(Vec::<u8>::from_frame(reply(b"$0\r\n\r\n")), Ok(vec![]));
    assert_eq!(Vec::<u8>::from_frame(reply(b"*2\r\n:0\r\n:255\r\n")), Ok(vec![0, 255]));
    assert_eq!(Vec::<u8>::from_frame(reply(b"~1\r\n$1\r\n7\r\n")), Ok(vec![7]));
    for other in [&b"_\r\n"[..], b"$-1\r\n", b"*1\r\n:256\r\n", b"*1\r\n_\r\n"] {
        let told = Vec::<u8>::from_frame(reply(other));
        assert!(told.is_err(), "{other:?}: {told:?}");
    }
    assert_eq!(Vec::<u8>::from_frame(reply(b":1\r\n")), Ok(b"1".to_vec()), "as RESP2 has it");
    let told = format!("{}", Vec::<u8>::from_frame(reply(b"_\r\n")).expect_err("no bytes"));
    assert!(told.contains("expected bytes"), "{told}");
    let told = Vec::<u8>::from_frame(reply(b"-ERR no\r\n")).expect_err("an error");
    assert!(told.server_error().is_some(), "{told:?}");

    assert_eq!(Option::<Vec<u8>>::from_frame(reply(b"_\r\n")), Ok(None));
    assert_eq!(Option::<Vec<u8>>::from_frame(reply(b"$1\r\na\r\n")), Ok(Some(vec![b'a'])));
    let list = reply(b"*2\r\n$1\r\na\r\n$2\r\nbc\r\n");
    assert_eq!(Vec::<Vec<u8>>::from_frame(list.clone()), Ok(vec![b"a".to_vec(), b"bc".to_vec()]));
    let pair = <(Vec<u8>, Vec<u8>)>::from_frame(list);
    assert_eq!(pair, Ok((b"a".to_vec(), b"bc".to_vec())));
    let holes = reply(b"*2\r\n$1\r\na\r\n$-1\r\n");
    let expected = vec![Some(b"a".to_vec()), None];
    assert_eq!(Vec::<Option<Vec<u8>>>::from_frame(holes), Ok(expected));
    let map = reply(b"%1\r\n$1\r\nf\r\n$1\r\nv\r\n");
    assert_eq!(Vec::<Vec<u8>>::from_frame(map), Ok(vec![b"f".to_vec(), b"v".to_vec()]));
    // Other elements make no text of a string.
    assert!(Vec::<u16>::from_frame(reply(b"$1\r\n7\r\n")).is_err());
    assert!(Vec::<Vec<u8>>::from_frame(reply(b"$1\r\n7\r\n")).is_err());
}

/// Arguments of all lengths that are treated differently: in place, on the heap, kept apart.
#[test]
fn arguments_are_inserted_anywhere() {
    let lens = [0, 1, 9, 10, 99, 100, 120, LARGE_LEN - 1, LARGE_LEN, 3 * LARGE_LEN];
    let argument = |seed: usize| {
        let letter = b'a' + u8::try_from(seed % 26).expect("a letter");
        vec![letter; lens[seed % lens.len()]]
    };
    for seed in 0..200 {
        let before: Vec<_> = (0..seed % 5).map(|at| argument(seed * 7 + at)).collect();
        let behind: Vec<_> = (0..seed % 4).map(|at| argument(seed * 11 + at)).collect();
        let inserted: Vec<_> = (0..=seed % 3).map(|at| argument(seed * 13 + at)).collect();
        let command = Command::new("ANY").args(before.clone()).args(behind.clone());
        let command = command.insert_after(1 + before.len(), inserted.clone());
        let expected = Command::new("ANY").args(before).args(inserted).args(behind);
        assert_eq!(command.len(), expected.len());
        assert!(command.arguments().eq(expected.arguments()), "{seed}");
        assert_eq!(command.to_bytes(), expected.to_bytes());
        assert_eq!(command.encoded_len(), expected.encoded_len());
    }
}

#[test]
fn the_slot_of_an_only_key_is_that_of_a_search() {
    for key in ["", "key", "{tag}key", "a{b}c", "{}"] {
        let known = Command::of_key(table::known("SET"), key).arg("value");
        let searched = Command::new("SET").arg(key).arg("value");
        assert_eq!((known.slot(), known.to_bytes()), (searched.slot(), searched.to_bytes()));
        let mut known = Command::of_subcommand(table::known("OBJECT ENCODING"));
        known.push_only_key(key);
        let searched = Command::new("OBJECT").arg("ENCODING").arg(key);
        assert_eq!((known.slot(), known.to_bytes()), (searched.slot(), searched.to_bytes()));
        assert_eq!(known.info(), searched.info());
    }
    let long = vec![b'x'; 2 * LARGE_LEN];
    let known = Command::of_key(table::known("GET"), long.clone());
    assert_eq!(known.slot(), Command::new("GET").arg(long).slot());
}

/// A command that may have more keys has no slot before all of them are there.
#[test]
fn a_key_that_is_added_later_counts() {
    for command in [Command::del("a"), Command::exists("a"), Command::from(cmd::unlink("a"))] {
        assert_eq!(command.slot(), Ok(Some(Slot::of_key(b"a"))));
        let both = command.arg("b");
        assert_eq!(both.slot(), Err(KeyError::CrossSlot(Slot::of_key(b"a"), Slot::of_key(b"b"))));
    }
}
