//! Values and errors become text. What is expected for people is what `redis-cli` 7.0 prints for
//! the same replies.

use hashslot::config::{Limits, Protocol};
use hashslot::error::{Cause, ErrorKind, Ran};
use hashslot::{Address, Command, Error, Frame, NodeReplies, Reply, ServerError};

use crate::answer::{Answer, Failure, Fate};
use crate::{json, terminal};

fn frame(bytes: &[u8]) -> Frame {
    Frame::parse(bytes.to_vec(), &Limits::default()).unwrap()
}

fn shown(answer: &Answer) -> String {
    let mut out = Vec::new();
    terminal::answer(&mut out, answer, false);
    String::from_utf8(out).unwrap()
}

fn as_json(answer: &Answer) -> String {
    let mut out = Vec::new();
    json::answer(&mut out, answer);
    String::from_utf8(out).unwrap()
}

#[test]
fn values_are_printed_as_redis_cli_prints_them() {
    let cases: [(&[u8], &str, &str); 22] = [
        (b"+OK\r\n", "OK", r#""OK""#),
        (b"-ERR no\r\n", "(error) ERR no", r#"{"error":"ERR no"}"#),
        (b":-7\r\n", "(integer) -7", "-7"),
        (b"$-1\r\n", "(nil)", "null"),
        (b"_\r\n", "(nil)", "null"),
        (b"$3\r\na\"b\r\n", r#""a\"b""#, r#""a\"b""#),
        (b"$7\r\n\\\n\r\t\x07\x08\x00\r\n", r#""\\\n\r\t\a\b\x00""#, r#""\\\n\r\t\u0007\b\u0000""#),
        ("$2\r\nä\r\n".as_bytes(), r#""\xc3\xa4""#, "\"ä\""),
        (b"$4\r\n\xff\xc3\xa4\xc3\r\n", r#""\xff\xc3\xa4\xc3""#, "\"\\udcffä\\udcc3\""),
        (b"#t\r\n", "(true)", "true"),
        (b"#f\r\n", "(false)", "false"),
        (b",1.5\r\n", "(double) 1.5", "1.5"),
        (b",-inf\r\n", "(double) -inf", r#""-inf""#),
        (b",nan\r\n", "(double) nan", r#""nan""#),
        (b"(-123456789012345678901\r\n", "-123456789012345678901", "-123456789012345678901"),
        (b"(007\r\n", "007", r#""007""#),
        (b"=8\r\ntxt:a\"\nb\r\n", "a\"\nb", r#""a\"\nb""#),
        (b"*0\r\n", "(empty array)", "[]"),
        (b"~0\r\n", "(empty set)", "[]"),
        (b"%0\r\n", "(empty hash)", "{}"),
        (b"~2\r\n:1\r\n+a\r\n", "1~ (integer) 1\n2~ a", r#"[1,"a"]"#),
        (b"%1\r\n$1\r\nk\r\n:1\r\n", "1# \"k\" => (integer) 1", r#"{"k":1}"#),
    ];
    for (bytes, people, programs) in cases {
        let answer = Answer::Value(frame(bytes));
        assert_eq!(shown(&answer), format!("{people}\n"), "{}", bytes.escape_ascii());
        assert_eq!(as_json(&answer), format!("{programs}\n"), "{}", bytes.escape_ascii());
    }
}

#[test]
fn what_is_nested_is_indented() {
    let cases: [(&[u8], &[&str]); 6] = [
        (
            b"*2\r\n*2\r\n$1\r\na\r\n*0\r\n*1\r\n-E x\r\n",
            &["1) 1) \"a\"", "   2) (empty array)", "2) 1) (error) E x"],
        ),
        (
            b"*10\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n*2\r\n:1\r\n:2\r\n:10\r\n",
            &[
                " 1) (integer) 1",
                " 2) (integer) 2",
                " 3) (integer) 3",
                " 4) (integer) 4",
                " 5) (integer) 5",
                " 6) (integer) 6",
                " 7) (integer) 7",
                " 8) (integer) 8",
                " 9) 1) (integer) 1",
                "    2) (integer) 2",
                "10) (integer) 10",
            ],
        ),
        // What belongs to a key begins on a line of its own if it has several lines.
        (
            b"%2\r\n+x\r\n*2\r\n:1\r\n:2\r\n+y\r\n*1\r\n:1\r\n",
            &["1# x => ", "   1) (integer) 1", "   2) (integer) 2", "2# y => 1) (integer) 1"],
        ),
        (
            b"%1\r\n+x\r\n*1\r\n*2\r\n:1\r\n:2\r\n",
            &["1# x => ", "   1) 1) (integer) 1", "      2) (integer) 2"],
        ),
        (
            b"%1\r\n%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n%1\r\n+c\r\n~2\r\n:3\r\n:4\r\n",
            &[
                "1# 1# a => (integer) 1",
                "   2# b => (integer) 2 => ",
                "   1# c => ",
                "      1~ (integer) 3",
                "      2~ (integer) 4",
            ],
        ),
        (
            b"%1\r\n+x\r\n%1\r\n*2\r\n:1\r\n:2\r\n*1\r\n:1\r\n",
            &["1# x => 1# 1) (integer) 1", "      2) (integer) 2 => 1) (integer) 1"],
        ),
    ];
    for (bytes, lines) in cases {
        assert_eq!(shown(&Answer::Value(frame(bytes))), lines.join("\n") + "\n");
    }
}

#[test]
fn keys_of_objects_are_strings() {
    let map =
        b"%5\r\n:1\r\n:2\r\n#t\r\n:3\r\n,1.5\r\n:4\r\n_\r\n:5\r\n*1\r\n+a\r\n%1\r\n+b\r\n_\r\n";
    let expected = r#"{"1":2,"true":3,"1.5":4,"null":5,"[\"a\"]":{"b":null}}"#;
    assert_eq!(as_json(&Answer::Value(frame(map))), format!("{expected}\n"));
}

#[test]
fn doubles_have_the_layout_of_servers() {
    let cases = [
        (0.0, "0"),
        (-0.0, "-0"),
        (3.0, "3"),
        (0.1, "0.1"),
        (3.2, "3.2"),
        (-38.115_556_395_496_3, "-38.1155563954963"),
        (0.000_1, "0.0001"),
        (0.000_001, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-9, "1.5e-9"),
        (1e7, "10000000"),
        (1e8, "1e+8"),
        (1e20, "1e+20"),
        (123_456_789_012_345_680.0, "123456789012345680"),
        (f64::MAX, "1.7976931348623157e+308"),
        (f64::INFINITY, "inf"),
    ];
    for (number, expected) in cases {
        assert_eq!(terminal::double(number), expected);
    }
}

#[test]
fn text_in_lines_stays_as_it_is() {
    let bulk: &[u8] = b"$10\r\n# A\r\na:1\r\n\r\n";
    for (bytes, expected) in [
        (bulk, "# A\r\na:1\r\n"),
        (b"=7\r\ntxt:a\"b\r\n", "a\"b\n"),
        (b"$0\r\n\r\n", "\n"),
        (b"+a\r\n", "a\n"),
        (b"-ERR a\r\n", "(error) ERR a\n"),
    ] {
        let mut out = Vec::new();
        terminal::answer(&mut out, &Answer::Value(frame(bytes)), true);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}

#[test]
fn nodes_are_the_keys_of_a_map() {
    let nodes: [Address; 3] = ["a:1", "b:2", "[::1]:3"].map(|node| node.parse().unwrap());
    let [a, b, c] = nodes;
    let unknown = Error::new(Cause::UnknownNode, Ran::No);
    let refused = Error::from(ServerError::new("ERR no"));
    let replies = vec![(a, Ok(frame(b"*2\r\n:1\r\n:2\r\n"))), (b, Err(refused)), (c, Err(unknown))];
    let replies = NodeReplies::new(Protocol::Resp3, replies);
    let answer = Answer::of(Ok(Reply::PerNode(replies)), &Command::new("PING"));
    assert!(answer.is_client_error());
    let expected = [
        "1# \"a:1\" => ",
        "   1) (integer) 1",
        "   2) (integer) 2",
        "2# \"b:2\" => (error) ERR no",
        "3# \"[::1]:3\" => (client) cluster the node is not part of the cluster",
    ];
    assert_eq!(shown(&answer), expected.join("\n") + "\n");
    let expected = concat!(
        r#"{"a:1":[1,2],"b:2":{"error":"ERR no"},"[::1]:3":{"client":"cluster","#,
        r#""error":"the node is not part of the cluster"}}"#
    );
    assert_eq!(as_json(&answer), format!("{expected}\n"));
    let none = NodeReplies::new(Protocol::Resp3, Vec::new());
    let none = Answer::of(Ok(Reply::PerNode(none)), &Command::new("PING"));
    assert_eq!((shown(&none), as_json(&none)), ("(empty hash)\n".into(), "{}\n".into()));
}

#[test]
fn what_became_of_parts_is_told() {
    let fate = Fate {
        done: vec![b"a".to_vec(), b"\"".to_vec()],
        not_done: Vec::new(),
        unknown: vec![b"\xff".to_vec()],
    };
    let failure = Failure::Client { kind: ErrorKind::Partial, text: "some".to_owned(), fate };
    let answer = Answer::Failure(failure);
    let expected = "(client) partial some; done: \"a\" \"\\\"\"; unknown: \"\\xff\"\n";
    assert_eq!(shown(&answer), expected);
    let expected = r#"{"client":"partial","error":"some","done":["a","\""],"unknown":["\udcff"]}"#;
    assert_eq!(as_json(&answer), format!("{expected}\n"));
}
