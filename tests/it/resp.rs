//! RESP through the public interface: every type, every way to cut it, and what must be refused.
#![allow(clippy::indexing_slicing, reason = "a test that goes out of bounds fails, as it should")]

use bytes::Bytes;
use hashslot::config::{Limits, Protocol};
use hashslot::error::{ProtocolError, Violation};
use hashslot::resp::{Frame, Scan, Scanner, Value, encode};
use proptest::prelude::*;

/// Small enough to be reached in a test; the defaults are tested by name.
fn tight() -> Limits {
    let mut limits = Limits::default();
    limits.max_frame_bytes = 4096;
    limits.max_elements = 100;
    limits.max_depth = 8;
    limits
}

fn parse(bytes: &[u8]) -> Frame {
    Frame::parse(bytes.to_vec(), &Limits::default())
        .unwrap_or_else(|error| panic!("{}: {error}", bytes.escape_ascii()))
}

fn encoded(value: &Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    encode::value(&mut out, value);
    out
}

/// How a stream was understood: the lengths of its frames, which of them cannot be used, then how
/// it ended.
#[derive(Debug, Clone, PartialEq)]
struct Heard {
    frames: Vec<usize>,
    /// The number of the frame, and why.
    broken: Vec<(usize, ProtocolError)>,
    /// The end of a last frame is looked for that cannot be used.
    skips: Option<ProtocolError>,
    end: Result<(), ProtocolError>,
}

impl Heard {
    const fn whole(frames: Vec<usize>) -> Self {
        Self { frames, broken: Vec::new(), skips: None, end: Ok(()) }
    }
}

/// Feeds a stream whose pieces end at `cuts`, as a connection would.
fn hear(stream: &[u8], cuts: impl IntoIterator<Item = usize>, limits: Limits) -> Heard {
    let mut scanner = Scanner::new(limits);
    let mut heard = Heard::whole(Vec::new());
    let (mut start, mut skipped) = (0, 0);
    for cut in cuts.into_iter().chain([stream.len()]) {
        while start < cut {
            match scanner.scan(&stream[start..cut]) {
                Ok(Scan::Frame { len }) => {
                    assert!(len > 0 && start + len <= cut, "a frame beyond what is there");
                    assert!(len <= limits.max_frame_bytes, "a frame beyond the limit");
                    start += len;
                    heard.frames.push(len);
                }
                Ok(Scan::Broken { len, error, .. }) => {
                    assert!(len > 0 && start + len <= cut, "an end beyond what is there");
                    assert!(heard.skips.take().is_none_or(|skips| skips == error));
                    start += len;
                    heard.broken.push((heard.frames.len(), error));
                    heard.frames.push(skipped + len);
                    skipped = 0;
                }
                Ok(Scan::Skipped { error, .. }) => {
                    assert!(heard.skips.is_none_or(|skips| skips == error));
                    heard.skips = Some(error);
                    skipped += cut - start;
                    start = cut;
                }
                Ok(Scan::More { needed }) => {
                    assert!(needed > 0, "nothing is needed and nothing was found");
                    assert_eq!(heard.skips, None, "what is skipped is not kept");
                    break;
                }
                Err(error) => {
                    let again = scanner.scan(&stream[start..cut]);
                    assert_eq!(again, Err(error), "an error stays");
                    return Heard { skips: None, end: Err(error), ..heard };
                }
            }
        }
    }
    heard
}

/// Replies of every type, alone and inside of each other.
const REPLIES: &[&[u8]] = &[
    b"+OK\r\n",
    b"+\r\n",
    b"-ERR no such thing\r\n",
    b"-\r\n",
    b":0\r\n",
    b":-1\r\n",
    b":1000\r\n",
    b":9223372036854775807\r\n",
    b":-9223372036854775808\r\n",
    b"$0\r\n\r\n",
    b"$5\r\nhello\r\n",
    b"$4\r\n\r\n\r\n\r\n",
    b"$12\r\n0123456789ab\r\n",
    b"$-1\r\n",
    b"*-1\r\n",
    b"_\r\n",
    b"*0\r\n",
    b"*3\r\n:1\r\n$-1\r\n+two\r\n",
    b"*2\r\n*1\r\n*0\r\n*2\r\n:3\r\n:4\r\n",
    b"#t\r\n",
    b"#f\r\n",
    b",1.5\r\n",
    b",-2e+20\r\n",
    b",10\r\n",
    b",-0\r\n",
    b",inf\r\n",
    b",-inf\r\n",
    b",nan\r\n",
    b",-nan\r\n",
    b"(3492890328409238509324850943850943825024385\r\n",
    b"(-7\r\n",
    b"!22\r\nSYNTAX invalid\r\nsyntax\r\n",
    b"=8\r\ntxt:text\r\n",
    b"=4\r\nmkd:\r\n",
    b"%0\r\n",
    b"%2\r\n+a\r\n:1\r\n$1\r\nb\r\n*2\r\n#t\r\n_\r\n",
    b"~3\r\n:1\r\n:2\r\n~0\r\n",
    b">2\r\n+invalidate\r\n*1\r\n$3\r\nkey\r\n",
    b">1\r\n$4\r\nping\r\n",
    b"|1\r\n+ttl\r\n:3600\r\n$5\r\nhello\r\n",
    b"|0\r\n+OK\r\n",
    b"|1\r\n+a\r\n+b\r\n|1\r\n+c\r\n+d\r\n:1\r\n",
    b"|1\r\n+a\r\n|1\r\n+inner\r\n:0\r\n+b\r\n>1\r\n+m\r\n",
    b"*2\r\n|1\r\n+ttl\r\n:1\r\n$1\r\na\r\n|1\r\n+ttl\r\n*2\r\n:1\r\n:2\r\n*1\r\n:5\r\n",
    b">2\r\n|1\r\n+k\r\n:1\r\n+message\r\n+text\r\n",
];

#[test]
fn every_type_is_read() {
    use Value::{
        Array, BigNumber, Boolean, Bulk, Double, Error, Integer, Map, Null, Push, Set, Simple,
    };
    let scalars: &[(&[u8], Value<'_>)] = &[
        (b"+OK\r\n", Simple(b"OK")),
        (b"-ERR x\r\n", Error(b"ERR x")),
        (b"!7\r\nERR\r\nxy\r\n", Error(b"ERR\r\nxy")),
        (b":-42\r\n", Integer(-42)),
        (b":9223372036854775807\r\n", Integer(i64::MAX)),
        (b":-9223372036854775808\r\n", Integer(i64::MIN)),
        (b"$3\r\n\x00\xff\r\r\n", Bulk(b"\x00\xff\r")),
        (b",1.5\r\n", Double(1.5)),
        (b",-1E-3\r\n", Double(-0.001)),
        (b",1e999\r\n", Double(f64::INFINITY)),
        (b",-inf\r\n", Double(f64::NEG_INFINITY)),
        (b"#t\r\n", Boolean(true)),
        (b"#f\r\n", Boolean(false)),
        (b"(-99999999999999999999\r\n", BigNumber(b"-99999999999999999999")),
        (b"=6\r\nmkd:hi\r\n", Value::Verbatim { format: b"mkd", text: b"hi" }),
        (b"_\r\n", Null),
        (b"$-1\r\n", Null),
        (b"*-1\r\n", Null),
    ];
    for (bytes, value) in scalars {
        assert_eq!(parse(bytes).value(), *value, "{}", bytes.escape_ascii());
    }
    assert!(matches!(parse(b",nan\r\n").value(), Double(number) if number.is_nan()));
    assert!(matches!(parse(b"*1\r\n:1\r\n").value(), Array(elements) if elements.eq([Integer(1)])));
    assert!(matches!(parse(b"~1\r\n:1\r\n").value(), Set(elements) if elements.eq([Integer(1)])));
    assert!(
        matches!(parse(b">1\r\n+m\r\n").value(), Push(elements) if elements.eq([Simple(b"m")]))
    );
    let map = parse(b"%1\r\n+k\r\n:1\r\n");
    assert!(matches!(map.value(), Map(pairs) if pairs.eq([(Simple(b"k"), Integer(1))])));
}

#[test]
fn kinds_have_names() {
    let kinds: Vec<&str> = [
        &b"_\r\n"[..],
        b"+a\r\n",
        b"-a\r\n",
        b":1\r\n",
        b"$1\r\na\r\n",
        b",1\r\n",
        b"#t\r\n",
        b"(1\r\n",
        b"=4\r\ntxt:\r\n",
        b"*0\r\n",
        b"~0\r\n",
        b"%0\r\n",
        b">1\r\n+a\r\n",
    ]
    .map(|bytes| parse(bytes).value().kind())
    .to_vec();
    assert_eq!(
        kinds,
        [
            "null",
            "simple string",
            "error",
            "integer",
            "bulk string",
            "double",
            "boolean",
            "big number",
            "verbatim string",
            "array",
            "set",
            "map",
            "push"
        ]
    );
}

#[test]
fn conversions_of_a_value() {
    assert_eq!(Value::Bulk(b"text").as_str(), Some("text"));
    assert_eq!(Value::Bulk(b"\xff").as_str(), None);
    assert_eq!(Value::Verbatim { format: b"txt", text: b"t" }.as_bytes(), Some(&b"t"[..]));
    assert_eq!(Value::Error(b"ERR").as_bytes(), None);
    assert_eq!(Value::Integer(7).as_integer(), Some(7));
    for (text, number) in [
        (&b"0"[..], Some(0)),
        (b"-12", Some(-12)),
        (b"9223372036854775807", Some(i64::MAX)),
        (b"-9223372036854775808", Some(i64::MIN)),
        (b"9223372036854775808", None),
        (b"", None),
        (b"-", None),
        (b"-0", None),
        (b"01", None),
        (b"+1", None),
        (b" 1", None),
        (b"1 ", None),
        (b"1.0", None),
    ] {
        assert_eq!(Value::Bulk(text).as_integer(), number, "{}", text.escape_ascii());
        assert_eq!(Value::Simple(text).as_integer(), number);
    }
    assert!(Value::Null.is_null() && !Value::Bulk(b"").is_null());
    let flat = parse(b"*4\r\n+a\r\n:1\r\n+b\r\n:2\r\n");
    let pairs = flat.value().pairs().expect("an array of even length");
    assert_eq!((pairs.len(), pairs.is_empty()), (2, false));
    assert_eq!(pairs.get(b"b"), Some(Value::Integer(2)));
    assert_eq!(pairs.get(b"c"), None);
    assert!(parse(b"*1\r\n:1\r\n").value().pairs().is_none(), "an odd number is no pairs");
    assert!(parse(b"~2\r\n:1\r\n:2\r\n").value().pairs().is_none(), "a set is no pairs");
    assert!(parse(b"%0\r\n").value().elements().is_none(), "a map has pairs");
}

#[test]
fn elements_are_walked_lazily_and_in_order() {
    let frame =
        parse(b"*4\r\n*2\r\n*1\r\n:1\r\n:2\r\n|1\r\n+a\r\n:0\r\n:3\r\n%1\r\n:4\r\n:5\r\n:6\r\n");
    let mut elements = frame.value().elements().expect("an array");
    assert_eq!(elements.len(), 4);
    assert_eq!(elements.get(1), Some(Value::Integer(3)));
    assert_eq!(elements.get(3), Some(Value::Integer(6)));
    assert_eq!(elements.get(4), None);
    assert_eq!(elements.next().map(|value| value.kind()), Some("array"));
    assert_eq!(elements.len(), 3, "what is left");
    assert_eq!(elements.get(0), Some(Value::Integer(3)), "among what is left");
    assert_eq!(elements.nth(2), Some(Value::Integer(6)));
    assert_eq!((elements.next(), elements.next(), elements.is_empty()), (None, None, true));
    let mut elements = frame.value().elements().expect("an array");
    assert_eq!(elements.nth(usize::MAX), None);
    assert_eq!(elements.next(), None);
}

#[test]
fn values_are_equal_by_content() {
    let same = [
        (&b"*1\r\n$-1\r\n"[..], &b"*1\r\n_\r\n"[..]),
        (b"*1\r\n|1\r\n+a\r\n:1\r\n:5\r\n", b"*1\r\n:5\r\n"),
        (b"*2\r\n*1\r\n-E\r\n,1\r\n", b"*2\r\n*1\r\n!1\r\nE\r\n,1.0\r\n"),
    ];
    for (a, b) in same {
        assert_eq!(parse(a).value(), parse(b).value());
        assert_ne!(parse(a), parse(b), "frames are equal by bytes");
    }
    let other = [
        (&b"*1\r\n:1\r\n"[..], &b"~1\r\n:1\r\n"[..]),
        (b"*1\r\n:1\r\n", b"*1\r\n:2\r\n"),
        (b"*2\r\n*1\r\n:1\r\n:2\r\n", b"*2\r\n*2\r\n:1\r\n:2\r\n:3\r\n"),
        (b"*2\r\n%1\r\n:1\r\n:2\r\n:3\r\n", b"*2\r\n*2\r\n:1\r\n:2\r\n:3\r\n"),
        (b"*1\r\n*0\r\n", b"*1\r\n_\r\n"),
        (b"$1\r\na\r\n", b"+a\r\n"),
    ];
    for (a, b) in other {
        assert_ne!(parse(a).value(), parse(b).value());
    }
}

#[test]
fn frames_answer_without_being_walked() {
    let push = parse(b"|1\r\n+k\r\n*1\r\n:1\r\n>1\r\n+m\r\n");
    assert!(push.is_push() && !push.is_error());
    assert_eq!(
        push.attributes().and_then(|pairs| pairs.get(b"k")).map(|v| v.kind()),
        Some("array")
    );
    assert!(parse(b"+OK\r\n").attributes().is_none());
    let error = parse(b"|1\r\n+k\r\n:1\r\n-MOVED 1 a:1\r\n");
    assert!(error.is_error());
    assert_eq!(error.error().expect("an error").as_bytes(), b"MOVED 1 a:1");
    let blob = parse(b"!5\r\nERR x\r\n");
    assert_eq!(blob.error().expect("an error").code(), "ERR");
    assert_eq!(blob.clone(), blob);
}

#[test]
fn parts_are_shared_and_foreign_bytes_copied() {
    let frame = parse(b"*2\r\n$5\r\nhello\r\n$0\r\n\r\n");
    let elements = frame.value().elements().expect("an array");
    let part = elements.get(0).and_then(|value| value.as_bytes()).expect("a string");
    let shared = frame.share(part);
    assert_eq!((shared.as_ptr(), &shared[..]), (part.as_ptr(), &b"hello"[..]));
    assert_eq!(frame.share(b""), Bytes::new());
    let foreign = b"elsewhere".to_vec();
    let copy = frame.share(&foreign);
    assert_eq!(copy, "elsewhere");
    assert_ne!(copy.as_ptr(), foreign.as_ptr());
    let all = frame.share(frame.as_bytes());
    assert_eq!(all, frame.as_bytes());
    // Longer than the frame, though it begins inside of it.
    let long = b"+OK\r\n+OK\r\n";
    let first = Frame::parse(Bytes::from_static(&long[..5]), &Limits::default()).unwrap();
    assert_eq!(first.share(&long[2..8]), &long[2..8]);
}

#[test]
fn f39_lenient_forms_are_violations() {
    refused(&[
        (b"\r\n", 0, Violation::UnknownType(b'\r')),
        (b"PING\r\n", 0, Violation::UnknownType(b'P')),
        (b";4\r\n", 0, Violation::UnknownType(b';')),
        (b"+a\nb\r\n", 2, Violation::LineEnd),
        (b"+a\rb\r\n", 3, Violation::LineEnd),
        (b"-a\r\r\n", 3, Violation::LineEnd),
        (b":1\n", 2, Violation::LineEnd),
        (b":1\rx", 3, Violation::LineEnd),
        (b"$+3\r\nabc\r\n", 1, Violation::Length),
        (b"$3x\r\nabc\r\n", 2, Violation::Length),
        (b"$03\r\nabc\r\n", 1, Violation::Length),
        (b"$ 3\r\nabc\r\n", 1, Violation::Length),
        (b"$\r\nabc\r\n", 1, Violation::Length),
        (b"$3\r\nabcXY", 7, Violation::BulkEnd),
        (b"$3\r\nabc\rY", 8, Violation::BulkEnd),
        (b"$3\r\nabcd\r\n", 7, Violation::BulkEnd),
        (b"$3\r\nab\r\n\r\n", 7, Violation::BulkEnd),
        (b"*x\r\n", 1, Violation::Length),
        (b"_\n", 1, Violation::LineEnd),
        // Odd content does not excuse bad framing behind it.
        (b"_x\n", 2, Violation::LineEnd),
        (b":1x\rx", 4, Violation::LineEnd),
        (b"*2\r\n#x\r\n$3\r\nabcXY", 15, Violation::BulkEnd),
        (b"*2\r\n#x\r\n$3\r\nabc\rY", 16, Violation::BulkEnd),
        (b"*2\r\n#x\r\n$-2\r\n", 8, Violation::NegativeLength),
        (b"*2\r\n#x\r\n$03\r\n", 10, Violation::Length),
        (b"*2\r\n#x\r\n$-0\r\n", 10, Violation::Length),
        (b"*2\r\n#x\r\n$\r\n", 9, Violation::Length),
        (b"*2\r\n#x\r\n$?\r\n", 9, Violation::Streamed),
        (b"*2\r\n#x\r\n$1\n", 10, Violation::LineEnd),
        (b"*2\r\n#x\r\n$1\rx", 11, Violation::LineEnd),
        (b"*2\r\n#x\r\nHTTP", 8, Violation::UnknownType(b'H')),
        (b"*2\r\n#x\r\n>1\r\n", 8, Violation::NestedPush),
    ]);
}

#[test]
fn f39_odd_content_costs_its_frame_only() {
    broken(&[
        (b":+1\r\n", 1, Violation::Number),
        (b": 1\r\n", 1, Violation::Number),
        (b":1 \r\n", 2, Violation::Number),
        (b":\r\n", 1, Violation::Number),
        (b":-\r\n", 2, Violation::Number),
        (b":-0\r\n", 2, Violation::Number),
        (b":01\r\n", 1, Violation::Number),
        (b":--1\r\n", 2, Violation::Number),
        (b":1_000\r\n", 2, Violation::Number),
        (b":0x10\r\n", 1, Violation::Number),
        (b":9223372036854775808\r\n", 0, Violation::Number),
        (b":-9223372036854775809\r\n", 0, Violation::Number),
        (b":00000000000000000000000000000000\r\n", 0, Violation::Number),
        (b"*2\r\n:1\r\n:x\r\n", 9, Violation::Number),
        (b"_x\r\n", 1, Violation::Malformed),
        (b"#x\r\n", 1, Violation::Malformed),
        (b"#\r\n", 1, Violation::Malformed),
        (b"#tt\r\n", 2, Violation::Malformed),
        (b"=3\r\ntxt\r\n", 0, Violation::Malformed),
        (b"=0\r\n\r\n", 0, Violation::Malformed),
        (b"=8\r\ntxt text\r\n", 7, Violation::Malformed),
        (b"*2\r\n#x\r\n*2\r\n%1\r\n$-1\r\n*-1\r\n$0\r\n\r\n", 5, Violation::Malformed),
        (b"|1\r\n#x\r\n|1\r\n+a\r\n+b\r\n_\r\n|0\r\n~2\r\n(1\r\n,x\r\n", 5, Violation::Malformed),
    ]);
    for text in [
        "", "+1", "1.", ".5", "1e", "1e+", "0x1", "1 ", "Inf", "infinity", "NaN", "+inf", "--1",
        "1e1.5", "e5", "1,5",
    ] {
        broken(&[(format!(",{text}\r\n").as_bytes(), 0, Violation::Number)]);
    }
    // What a big number says is text in any case.
    for text in ["", "-", "+1", "1.0", "1e5", "12a", " 1", "--1", "\0"] {
        let bytes = format!("({text}\r\n");
        assert_eq!(parse(bytes.as_bytes()).value(), Value::BigNumber(text.as_bytes()));
        assert_eq!(encoded(&Value::BigNumber(text.as_bytes())), bytes.as_bytes());
    }
}

#[test]
fn f40_giant_lengths_are_refused_when_read() {
    let default = Limits::default();
    let giants: &[(&[u8], usize, Violation)] = &[
        (b"$9223372036854775807\r\n", 0, Violation::FrameTooLong),
        (b"!9223372036854775807\r\n", 0, Violation::FrameTooLong),
        (b"=9223372036854775807\r\n", 0, Violation::FrameTooLong),
        (b"*9223372036854775807\r\n", 0, Violation::TooManyElements),
        (b"~9223372036854775807\r\n", 0, Violation::TooManyElements),
        (b">9223372036854775807\r\n", 0, Violation::TooManyElements),
        (b"%9223372036854775807\r\n", 0, Violation::TooManyElements),
        (b"%4611686018427387904\r\n", 0, Violation::TooManyElements),
        (b"|9223372036854775807\r\n", 0, Violation::TooManyElements),
        (b"$99999999999999999999\r\n", 0, Violation::Length),
        (b"*2\r\n$1\r\na\r\n$9223372036854775807\r\n", 11, Violation::FrameTooLong),
        (b"*1\r\n*715827882\r\n", 4, Violation::TooManyElements),
        (b"*8388609\r\n%715827882\r\n", 10, Violation::TooManyElements),
        (b"$2147483648\r\n", 0, Violation::FrameTooLong),
    ];
    for (bytes, offset, violation) in giants {
        refused_by(&default, bytes, *offset, *violation);
    }
    skipped_by(&default, b"*1\r\n*16777216\r\n", 4, Violation::TooManyElements);
    skipped_by(&default, b"*8388609\r\n%8388608\r\n", 10, Violation::TooManyElements);
    skipped_by(&default, b"$2147483633\r\n", 0, Violation::FrameTooLong);
    // No limit at all: still no overflow, and nothing is allocated.
    let mut open = Limits::default();
    open.max_frame_bytes = usize::MAX;
    open.max_elements = usize::MAX;
    open.max_skipped_bytes = usize::MAX;
    open.max_depth = usize::MAX;
    for (bytes, offset, violation) in giants {
        let heard = Scanner::new(open).scan(bytes);
        let refused = Err((*offset, *violation));
        let found = heard.map_err(|error| (error.offset(), error.violation()));
        assert!(
            found == refused
                || matches!(found, Ok(Scan::More { .. }) | Err((_, Violation::FrameTooLong)))
        );
    }
}

#[test]
fn f40_limits_hold_to_the_byte() {
    let limits = tight();
    let line = |len: usize| [b"+", &[b'a'; 5000][..len], b"\r\n"].concat();
    assert_eq!(hear(&line(4093), [], limits), Heard::whole(vec![4096]));
    broken_by(&limits, &line(4094), 0, Violation::FrameTooLong);
    skipped_by(&limits, &[b'+'; 4096], 0, Violation::FrameTooLong);
    let bulk = |len: usize| {
        let mut out = Vec::new();
        encode::bulk(&mut out, &vec![b'a'; len]);
        out
    };
    assert_eq!(hear(&bulk(4087), [], limits).frames, [4096]);
    broken_by(&limits, &bulk(4088), 0, Violation::FrameTooLong);
    skipped_by(&limits, b"$4088\r\n", 0, Violation::FrameTooLong);
    let mut few = limits;
    few.max_elements = 2;
    assert_eq!(hear(b"*2\r\n:1\r\n:2\r\n", [], few), Heard::whole(vec![12]));
    broken_by(&few, b"*3\r\n:1\r\n:2\r\n:3\r\n", 0, Violation::TooManyElements);
    few.max_depth = 0;
    broken_by(&few, b"*1\r\n:1\r\n", 0, Violation::TooDeep);
    let mut array = b"*2\r\n$4072\r\n".to_vec();
    array.extend_from_slice(&[b'a'; 4072]);
    array.extend_from_slice(b"\r\n");
    assert_eq!(hear(&[&array[..], b"+abcd\r\n"].concat(), [], limits).frames, [4096 - 5 + 1]);
    assert_eq!(hear(&[&array[..], b"+abcdefgh\r\n"].concat(), [], limits).frames, [4096]);
    broken_by(&limits, &[&array[..], b"+abcdefghi\r\n"].concat(), 4085, Violation::FrameTooLong);
    skipped_by(&limits, &[&array[..], b"+abcdefghijkl"].concat(), 4085, Violation::FrameTooLong);
    broken_by(&limits, &[&array[..], b":123456789\r\n"].concat(), 4085, Violation::FrameTooLong);
    for null in [b"$-1\r\n", b"*-1\r\n"] {
        let array = |len: usize| [b"*2\r\n", &bulk(len)[..], null].concat();
        assert_eq!(hear(&array(4078), [], limits).frames, [4096]);
        broken_by(&limits, &array(4079), 4092, Violation::FrameTooLong);
    }
    assert_eq!(
        hear(
            &b"*100\r\n".iter().chain(&b":1\r\n".repeat(100)).copied().collect::<Vec<_>>(),
            [],
            limits
        )
        .frames,
        [406]
    );
    skipped_by(&limits, b"*101\r\n", 0, Violation::TooManyElements);
    skipped_by(&limits, b"%51\r\n", 0, Violation::TooManyElements);
    skipped_by(&limits, b"*2\r\n*99\r\n", 4, Violation::TooManyElements);
}

#[test]
fn f41_negative_lengths_are_violations() {
    refused(&[
        (b"$-2\r\n", 0, Violation::NegativeLength),
        (b"$-5\r\n", 0, Violation::NegativeLength),
        (b"*-2\r\n", 0, Violation::NegativeLength),
        (b"$-9223372036854775808\r\n", 0, Violation::NegativeLength),
        (b">-1\r\n", 0, Violation::NegativeLength),
        (b"|-1\r\n", 0, Violation::NegativeLength),
        (b"*2\r\n:1\r\n*-2\r\n", 8, Violation::NegativeLength),
    ]);
    // Of these there is no null, and all who read one see the same end.
    broken(&[
        (b"!-1\r\n", 0, Violation::Malformed),
        (b"=-1\r\n", 0, Violation::Malformed),
        (b"%-1\r\n", 0, Violation::Malformed),
        (b"~-1\r\n", 0, Violation::Malformed),
        (b"*2\r\n%-1\r\n~-1\r\n", 4, Violation::Malformed),
    ]);
}

#[test]
fn f42_depth_is_bounded() {
    skipped_by(&Limits::default(), &b"*1\r\n".repeat(2_000), 1024 * 4, Violation::TooDeep);
    skipped_by(&Limits::default(), &b"|1\r\n".repeat(2_000), 1024 * 4, Violation::TooDeep);
    skipped_by(&tight(), &b"%1\r\n:1\r\n".repeat(100), 8 * 8, Violation::TooDeep);
    let deeper = [&b"*1\r\n".repeat(1_500)[..], b":1\r\n"].concat();
    broken_by(&Limits::default(), &deeper, 1024 * 4, Violation::TooDeep);
    let deepest = [&b"*1\r\n".repeat(1024)[..], b":1\r\n"].concat();
    let mut value = parse(&deepest).value().kind();
    assert_eq!(value, "array");
    let frame = parse(&deepest);
    let mut current = frame.value();
    for _ in 0..1024 {
        current = current.elements().and_then(|elements| elements.get(0)).expect("a level");
        value = current.kind();
    }
    assert_eq!(value, "integer");
}

#[test]
fn f42_nothing_recurses_where_no_limit_bounds_the_depth() {
    let mut limits = Limits::default();
    limits.max_depth = usize::MAX;
    let levels = 1_000_000;
    let bytes = [&b"*1\r\n".repeat(levels)[..], b":1\r\n"].concat();
    let frame = Frame::parse(bytes.clone(), &limits).unwrap();
    assert_eq!(frame.value(), frame.value());
    assert_eq!(format!("{frame:?}"), "Frame([[[[[..]]]]])");
    assert_eq!(encoded(&frame.value()), bytes);
    assert_eq!(frame.value().elements().map(Iterator::count), Some(1));
    drop(frame);
}

#[test]
fn f43_a_reply_in_many_pieces_is_scanned_once() {
    // Quadratic work would be 10^12 steps for the array in single bytes, 10^11 for the line.
    let mut array = Vec::new();
    encode::array_header(&mut array, 20_000);
    for _ in 0..20_000 {
        encode::bulk(&mut array, &[b'x'; 58]);
    }
    assert_eq!(array.len(), 1_300_008);
    for piece in [1448, 1] {
        let heard = hear(&array, (0..array.len()).step_by(piece), Limits::default());
        assert_eq!(heard, Heard::whole(vec![array.len()]));
    }
    let line = [b"+", &vec![b'x'; 1 << 20][..], b"\r\n"].concat();
    assert_eq!(hear(&line, 0..line.len(), Limits::default()).frames, [line.len()]);
    let deep = [&b"*1\r\n".repeat(100_000)[..], b":1\r\n"].concat();
    let heard = hear(&deep, 0..deep.len(), Limits::default());
    assert_eq!((heard.frames, heard.broken.len()), (vec![deep.len()], 1));
}

#[test]
fn f44_every_split_gives_the_same_frames() {
    let stream = REPLIES.concat();
    let lens: Vec<usize> = REPLIES.iter().map(|reply| reply.len()).collect();
    assert_eq!(hear(&stream, [], Limits::default()), Heard::whole(lens.clone()));
    assert_eq!(hear(&stream, 0..stream.len(), Limits::default()).frames, lens);
    for cut in 0..stream.len() {
        assert_eq!(hear(&stream, [cut], Limits::default()).frames, lens, "cut at {cut}");
    }
    for reply in REPLIES {
        for first in 0..reply.len() {
            for second in first..reply.len() {
                let heard = hear(reply, [first, second], Limits::default());
                assert_eq!(heard.frames, [reply.len()]);
            }
        }
    }
}

#[test]
fn f44_nothing_is_remembered_from_the_frame_before() {
    let stream = b"+abcdefgh\r\n+a\nbcdefgh\r\n";
    for cut in 0..stream.len() {
        let heard = hear(stream, [cut], Limits::default());
        let error = heard.end.expect_err("the second line has an LF inside");
        assert_eq!((heard.frames, error.offset()), (vec![11], 2), "cut at {cut}");
    }
}

#[test]
fn more_tells_how_many_bytes_are_missing_at_least() {
    for (bytes, needed) in [
        (&b""[..], 3),
        (b"+", 2),
        (b"+OK", 2),
        (b"+OK\r", 1),
        (b":12", 2),
        (b"_", 2),
        (b"#", 2),
        (b"$10", 2),
        (b"$10\r\n", 12),
        (b"$10\r\nabc", 9),
        (b"$10\r\n0123456789\r", 1),
        (b"*3\r\n", 9),
        (b"*3\r\n:1\r\n", 6),
        (b"*3\r\n:1\r\n$100\r\n", 105),
        (b"%2\r\n", 12),
        (b"*2\r\n*5\r\n", 18),
        (b"|1\r\n", 9),
        (b"|1\r\n+a\r\n", 6),
        (b"|1\r\n+a\r\n+b\r\n", 3),
    ] {
        let found = Scanner::new(Limits::default()).scan(bytes);
        assert_eq!(found, Ok(Scan::More { needed }), "{}", bytes.escape_ascii());
    }
    for reply in REPLIES {
        for len in 0..reply.len() {
            let Ok(Scan::More { needed }) = Scanner::new(Limits::default()).scan(&reply[..len])
            else {
                panic!("a part of {} is no frame", reply.escape_ascii());
            };
            assert!((1..=reply.len() - len).contains(&needed), "{}", reply[..len].escape_ascii());
        }
    }
}

#[test]
fn f44_what_is_cut_off_or_goes_on_is_no_frame() {
    for reply in REPLIES {
        for len in 0..reply.len() {
            let error = Frame::parse(reply[..len].to_vec(), &Limits::default()).unwrap_err();
            assert_eq!((error.offset(), error.violation()), (len, Violation::Truncated));
        }
        let error = Frame::parse([reply, &b"+"[..]].concat(), &Limits::default()).unwrap_err();
        assert_eq!((error.offset(), error.violation()), (reply.len(), Violation::Trailing));
    }
}

#[test]
fn f45_errors_inside_are_elements_and_odd_texts_are_kept() {
    let exec = parse(b"*2\r\n-WRONGTYPE x\r\n:1\r\n");
    assert!(!exec.is_error() && exec.error().is_none());
    let elements = exec.value().elements().expect("an array");
    assert!(elements.eq([Value::Error(b"WRONGTYPE x"), Value::Integer(1)]));
    for text in [&b""[..], b"MO", b"MOVED", b"MOVED x y:z", b"ERR \xff\xfe", b" "] {
        let frame = parse(&[b"-", text, b"\r\n"].concat());
        assert_eq!(frame.error().expect("an error").as_bytes(), text);
    }
}

#[test]
fn f46_pushes_stand_alone() {
    refused(&[
        (b"*1\r\n>1\r\n+a\r\n", 4, Violation::NestedPush),
        (b"%1\r\n+k\r\n>1\r\n+a\r\n", 8, Violation::NestedPush),
        (b"|1\r\n+k\r\n>1\r\n+a\r\n:1\r\n", 8, Violation::NestedPush),
        (b">2\r\n>1\r\n+a\r\n:1\r\n", 4, Violation::NestedPush),
        (b">2\r\n+a\r\n>1\r\n+a\r\n", 8, Violation::NestedPush),
        (b"|1\r\n#x\r\n>1\r\n+a\r\n", 8, Violation::NestedPush),
        (b">2\r\n:1\r\n>1\r\n+a\r\n", 8, Violation::NestedPush),
    ]);
    let unnamed: &[(&[u8], usize, Violation)] = &[
        (b">0\r\n", 0, Violation::Malformed),
        (b">1\r\n:1\r\n", 4, Violation::Malformed),
        (b">1\r\n_\r\n", 4, Violation::Malformed),
        (b">1\r\n$-1\r\n", 4, Violation::Malformed),
        (b">1\r\n*0\r\n", 4, Violation::Malformed),
        (b">1\r\n-a\r\n", 4, Violation::Malformed),
        (b">1\r\n!1\r\na\r\n", 4, Violation::Malformed),
        (b">1\r\n|1\r\n+k\r\n:1\r\n:1\r\n", 16, Violation::Malformed),
    ];
    broken(unnamed);
    let odd: [&[u8]; 3] = [
        b">2\r\n+a\r\n#x\r\n",
        b"|1\r\n+k\r\n#x\r\n>1\r\n+a\r\n",
        b"|1\r\n#x\r\n|1\r\n+a\r\n+b\r\n|0\r\n+v\r\n|0\r\n>1\r\n+a\r\n",
    ];
    for push in unnamed.iter().map(|(push, ..)| *push).chain(odd) {
        let found = Scanner::new(Limits::default()).scan(push);
        assert!(matches!(found, Ok(Scan::Broken { is_push: true, len, .. }) if len == push.len()));
    }
    for reply in [&b"*1\r\n#x\r\n"[..], b"|1\r\n#x\r\n+b\r\n_\r\n", b"#x\r\n"] {
        let found = Scanner::new(Limits::default()).scan(reply);
        assert!(
            matches!(found, Ok(Scan::Broken { is_push: false, len, .. }) if len == reply.len())
        );
    }
    for push in [&b">1\r\n$4\r\nkind\r\n"[..], b">1\r\n+kind\r\n", b">1\r\n=8\r\ntxt:kind\r\n"] {
        let frame = parse(push);
        let kind = frame.value().elements().and_then(|elements| elements.get(0));
        assert_eq!(kind.and_then(|kind| kind.as_str()), Some("kind"));
    }
    let stream = b"+OK\r\n>1\r\n+a\r\n:1\r\n";
    assert_eq!(hear(stream, [], Limits::default()).frames, [5, 8, 4], "between replies");
}

#[test]
fn f47_attributes_belong_to_the_value_behind_them() {
    let frame =
        parse(b"|1\r\n+popularity\r\n%1\r\n+a\r\n,0.1\r\n*2\r\n:1\r\n|1\r\n+ttl\r\n:9\r\n:2\r\n");
    assert_eq!(frame.attributes().map(|pairs| pairs.len()), Some(1));
    let elements = frame.value().elements().expect("an array");
    assert_eq!(elements.len(), 2);
    assert!(elements.eq([Value::Integer(1), Value::Integer(2)]));
    assert_eq!(encoded(&frame.value()), b"*2\r\n:1\r\n:2\r\n", "written without attributes");
    // An attribute alone is no frame, and none without end is one.
    let alone = Scanner::new(Limits::default()).scan(b"|1\r\n+a\r\n:1\r\n");
    assert_eq!(alone, Ok(Scan::More { needed: 3 }));
    skipped_by(&tight(), &b"|0\r\n".repeat(1000), 400, Violation::TooManyElements);
    skipped_by(&tight(), &b"|1\r\n:1\r\n:1\r\n".repeat(1000), 33 * 12, Violation::TooManyElements);
    skipped_by(&tight(), b"|51\r\n", 0, Violation::TooManyElements);
}

#[test]
fn streamed_values_are_refused() {
    for kind in ["$", "!", "=", "*", "%", "~", ">", "|"] {
        refused(&[(format!("{kind}?\r\n").as_bytes(), 0, Violation::Streamed)]);
    }
    refused(&[(b"*1\r\n$?\r\n", 4, Violation::Streamed)]);
    broken(&[(b":?\r\n", 1, Violation::Number)]);
}

/// Each of these is refused with this violation at this offset, wherever it is cut, and behind
/// another frame as well.
fn refused(table: &[(&[u8], usize, Violation)]) {
    for (bytes, offset, violation) in table {
        refused_by(&Limits::default(), bytes, *offset, *violation);
    }
}

fn refused_by(limits: &Limits, bytes: &[u8], offset: usize, violation: Violation) {
    let shown = bytes[..bytes.len().min(40)].escape_ascii().to_string();
    let found = Scanner::new(*limits).scan(bytes).expect_err(&shown);
    assert_eq!((found.offset(), found.violation()), (offset, violation), "{shown}");
    assert_eq!(Frame::parse(bytes.to_vec(), limits), Err(found));
    let refused = Heard { end: Err(found), ..Heard::whole(vec![]) };
    heard_alike(limits, bytes, &refused, &shown);
    let behind = [b"+OK\r\n", bytes].concat();
    assert_eq!(hear(&behind, [], *limits), Heard { frames: vec![5], ..refused });
}

/// Each of these is one frame that cannot be used for this reason, wherever it is cut; the frames
/// around it are sound.
fn broken(table: &[(&[u8], usize, Violation)]) {
    for (bytes, offset, violation) in table {
        broken_by(&Limits::default(), bytes, *offset, *violation);
    }
}

fn broken_by(limits: &Limits, bytes: &[u8], offset: usize, violation: Violation) {
    let shown = bytes[..bytes.len().min(40)].escape_ascii().to_string();
    let found = Scanner::new(*limits).scan(bytes);
    let Ok(Scan::Broken { len, error, .. }) = found else { panic!("{shown}: {found:?}") };
    assert_eq!((error.offset(), error.violation()), (offset, violation), "{shown}");
    assert_eq!(len, bytes.len(), "{shown}");
    assert_eq!(Frame::parse(bytes.to_vec(), limits), Err(error));
    let alone = Heard { broken: vec![(0, error)], ..Heard::whole(vec![len]) };
    heard_alike(limits, bytes, &alone, &shown);
    let between = [b"+OK\r\n", bytes, b":1\r\n"].concat();
    let heard = Heard { broken: vec![(1, error)], ..Heard::whole(vec![5, len, 4]) };
    heard_alike(limits, &between, &heard, &shown);
}

/// This is the beginning of a frame that cannot be used for this reason.
fn skipped_by(limits: &Limits, bytes: &[u8], offset: usize, violation: Violation) {
    let shown = bytes[..bytes.len().min(40)].escape_ascii().to_string();
    let found = Scanner::new(*limits).scan(bytes);
    let Ok(Scan::Skipped { error, .. }) = found else { panic!("{shown}: {found:?}") };
    assert_eq!((error.offset(), error.violation()), (offset, violation), "{shown}");
    assert_eq!(Frame::parse(bytes.to_vec(), limits), Err(error));
    heard_alike(limits, bytes, &Heard { skips: Some(error), ..Heard::whole(vec![]) }, &shown);
    // Disconnect at once if nothing may be skipped.
    let mut strict = *limits;
    strict.max_skipped_bytes = 0;
    assert_eq!(Scanner::new(strict).scan(bytes), Err(error), "{shown}");
}

/// Whole, byte by byte, and cut once.
fn heard_alike(limits: &Limits, bytes: &[u8], expected: &Heard, shown: &str) {
    assert_eq!(&hear(bytes, [], *limits), expected, "{shown}");
    assert_eq!(&hear(bytes, 0..bytes.len(), *limits), expected, "byte by byte: {shown}");
    for cut in 0..bytes.len().min(200) {
        assert_eq!(&hear(bytes, [cut], *limits), expected, "cut at {cut}: {shown}");
    }
}

#[test]
fn f76_commands_are_arrays_of_bulk_strings() {
    let mut out = Vec::new();
    encode::command(&mut out, &[&b"SET"[..], b"k\r\n", b"", &[b'x'; 100]]);
    let mut expected = b"*4\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$0\r\n\r\n$100\r\n".to_vec();
    expected.extend_from_slice(&[b'x'; 100]);
    expected.extend_from_slice(b"\r\n");
    assert_eq!(out, expected);
    for n in [0, 9, 10, 99, 100, 12_345, u64::MAX] {
        let mut out = Vec::new();
        encode::decimal(&mut out, n);
        assert_eq!(out, n.to_string().as_bytes());
    }
    for len in [0, 9, 10, 11, 99, 100, 101, 1000] {
        let mut out = Vec::new();
        encode::array_header(&mut out, len);
        assert_eq!(out, format!("*{len}\r\n").as_bytes());
    }
}

#[test]
fn replies_are_written_for_either_protocol() {
    let written = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    };
    let (two, three) = (Protocol::Resp2, Protocol::Resp3);
    assert_eq!(written(&|out| encode::null(out, two)), "$-1\r\n");
    assert_eq!(written(&|out| encode::null_array(out, two)), "*-1\r\n");
    assert_eq!(written(&|out| encode::null(out, three)), "_\r\n");
    assert_eq!(written(&|out| encode::null_array(out, three)), "_\r\n");
    assert_eq!(written(&|out| encode::map_header(out, 3, two)), "*6\r\n");
    assert_eq!(written(&|out| encode::map_header(out, 3, three)), "%3\r\n");
    assert_eq!(written(&|out| encode::set_header(out, 3, two)), "*3\r\n");
    assert_eq!(written(&|out| encode::set_header(out, 3, three)), "~3\r\n");
    assert_eq!(written(&|out| encode::push_header(out, 2)), ">2\r\n");
    assert_eq!(written(&|out| encode::attribute_header(out, 1)), "|1\r\n");
    assert_eq!(written(&|out| encode::integer(out, i64::MIN)), ":-9223372036854775808\r\n");
    assert_eq!(written(&|out| encode::verbatim(out, b"txt", b"a")), "=5\r\ntxt:a\r\n");
    assert_eq!(written(&|out| encode::verbatim(out, b"text", b"a")), "$1\r\na\r\n");
    assert_eq!(written(&|out| encode::boolean(out, true)), "#t\r\n");
    assert_eq!(written(&|out| encode::simple(out, b"a\r\n+b")), "+a  +b\r\n", "no way out");
    assert_eq!(written(&|out| encode::error(out, b"ERR a\nb")), "-ERR a b\r\n");
    for (number, text) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.5, "1.5"),
        (1e16, "10000000000000000"),
        (1e20, "1e20"),
        (-1e-7, "-1e-7"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (-f64::NAN, "nan"),
    ] {
        assert_eq!(written(&|out| encode::double(out, number)), format!(",{text}\r\n"));
    }
    assert_eq!(encoded(&Value::BigNumber(b"1\r\n")), b"$3\r\n1\r\n\r\n");
    assert_eq!(encoded(&Value::Error(b"ERR\r\nx")), b"!6\r\nERR\r\nx\r\n");
}

#[test]
fn canonical_replies_are_written_as_they_were_read() {
    for reply in REPLIES {
        let canonical = encoded(&parse(reply).value());
        assert_eq!(encoded(&parse(&canonical).value()), canonical, "{}", reply.escape_ascii());
    }
    for reply in [
        &b"_\r\n"[..],
        b"*3\r\n:1\r\n_\r\n+two\r\n",
        b"%2\r\n+a\r\n:1\r\n$1\r\nb\r\n*2\r\n#t\r\n_\r\n",
        b">2\r\n+invalidate\r\n*1\r\n$3\r\nkey\r\n",
        b"~2\r\n(12345678901234567890\r\n=5\r\ntxt:x\r\n",
        b"!6\r\nERR\r\nx\r\n",
        b"*2\r\n-ERR x\r\n,-1.25\r\n",
    ] {
        assert_eq!(encoded(&parse(reply).value()), reply);
    }
    // What was handed out already is not written again.
    let frame = parse(b"*3\r\n*1\r\n:1\r\n:2\r\n:3\r\n");
    let mut elements = frame.value().elements().expect("an array");
    elements.next();
    assert_eq!(encoded(&Value::Array(elements)), b"*2\r\n:2\r\n:3\r\n");
}

#[test]
fn debug_is_readable_and_short() {
    let shown = |bytes: &[u8]| format!("{:?}", parse(bytes));
    assert_eq!(shown(b"$4\r\na\"\x00b\r\n"), r#"Frame(Bulk("a\"\x00b"))"#);
    assert_eq!(
        shown(b"%1\r\n+k\r\n~2\r\n:1\r\n,1\r\n"),
        r#"Frame({Simple("k"): Set[Integer(1), Double(1.0)]})"#
    );
    assert_eq!(shown(b">1\r\n=5\r\ntxt:x\r\n"), r#"Frame(Push[Verbatim("txt", "x")])"#);
    let mut long = Vec::new();
    encode::array_header(&mut long, 1000);
    for _ in 0..1000 {
        encode::bulk(&mut long, &[b'x'; 10_000]);
    }
    let text = shown(&long);
    assert!(
        text.len() < 2000 && text.contains(".. 10000 bytes") && text.ends_with(", ..])"),
        "{text}"
    );
}

/// A value that owns what is in it.
#[derive(Debug, Clone)]
enum Tree {
    Null,
    Simple(Vec<u8>),
    Error(Vec<u8>),
    Integer(i64),
    Bulk(Vec<u8>),
    Double(f64),
    Boolean(bool),
    BigNumber(String),
    Verbatim([u8; 3], Vec<u8>),
    Array(Vec<Self>),
    Set(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Attributed(Vec<(Self, Self)>, Box<Self>),
}

impl Tree {
    fn write(&self, out: &mut Vec<u8>) {
        let list = |out: &mut Vec<u8>, elements: &[Self]| {
            for element in elements {
                element.write(out);
            }
        };
        let pairs = |out: &mut Vec<u8>, pairs: &[(Self, Self)]| {
            for (key, value) in pairs {
                key.write(out);
                value.write(out);
            }
        };
        match self {
            Self::Null => encode::null(out, Protocol::Resp3),
            Self::Simple(text) => encode::simple(out, text),
            Self::Error(text) => encode::value(out, &Value::Error(text)),
            Self::Integer(number) => encode::integer(out, *number),
            Self::Bulk(text) => encode::bulk(out, text),
            Self::Double(number) => encode::double(out, *number),
            Self::Boolean(truth) => encode::boolean(out, *truth),
            Self::BigNumber(digits) => encode::value(out, &Value::BigNumber(digits.as_bytes())),
            Self::Verbatim(format, text) => encode::verbatim(out, format, text),
            Self::Array(elements) => {
                encode::array_header(out, elements.len());
                list(out, elements);
            }
            Self::Set(elements) => {
                encode::set_header(out, elements.len(), Protocol::Resp3);
                list(out, elements);
            }
            Self::Map(map) => {
                encode::map_header(out, map.len(), Protocol::Resp3);
                pairs(out, map);
            }
            Self::Attributed(attributes, tree) => {
                encode::attribute_header(out, attributes.len());
                pairs(out, attributes);
                tree.write(out);
            }
        }
    }

    fn is(&self, value: Value<'_>) -> bool {
        let all = |trees: &[Self], values: hashslot::resp::Elements<'_>| {
            trees.len() == values.len()
                && trees.iter().zip(values).all(|(tree, value)| tree.is(value))
        };
        match (self, value) {
            (Self::Null, Value::Null) => true,
            (Self::Simple(a), Value::Simple(b))
            | (Self::Error(a), Value::Error(b))
            | (Self::Bulk(a), Value::Bulk(b)) => a == b,
            (Self::Integer(a), Value::Integer(b)) => *a == b,
            (Self::Double(a), Value::Double(b)) => {
                a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
            }
            (Self::Boolean(a), Value::Boolean(b)) => *a == b,
            (Self::BigNumber(a), Value::BigNumber(b)) => a.as_bytes() == b,
            (Self::Verbatim(a, b), Value::Verbatim { format, text }) => a == format && b == text,
            (Self::Array(trees), Value::Array(values)) | (Self::Set(trees), Value::Set(values)) => {
                all(trees, values)
            }
            (Self::Map(trees), Value::Map(values)) => {
                let same = |((a, b), (key, value)): (&(Self, Self), _)| a.is(key) && b.is(value);
                trees.len() == values.len() && trees.iter().zip(values).all(same)
            }
            (Self::Attributed(_, tree), value) => tree.is(value),
            _ => false,
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    let line = || {
        prop::collection::vec(
            any::<u8>().prop_map(|b| if b == 13 || b == 10 { 0 } else { b }),
            0..40,
        )
    };
    let leaf = prop_oneof![
        Just(Tree::Null),
        line().prop_map(Tree::Simple),
        bytes().prop_map(Tree::Error),
        any::<i64>().prop_map(Tree::Integer),
        (-20..20_i64).prop_map(Tree::Integer),
        bytes().prop_map(Tree::Bulk),
        any::<f64>().prop_map(Tree::Double),
        any::<u64>().prop_map(|bits| Tree::Double(f64::from_bits(bits))),
        any::<bool>().prop_map(Tree::Boolean),
        "-?[0-9]{1,40}".prop_map(Tree::BigNumber),
        (any::<[u8; 3]>(), bytes()).prop_map(|(format, text)| Tree::Verbatim(format, text)),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let list = || prop::collection::vec(inner.clone(), 0..6);
        let pairs = || prop::collection::vec((inner.clone(), inner.clone()), 0..3);
        prop_oneof![
            list().prop_map(Tree::Array),
            list().prop_map(Tree::Set),
            pairs().prop_map(Tree::Map),
            (pairs(), inner.clone()).prop_map(|(a, tree)| Tree::Attributed(a, Box::new(tree))),
        ]
    })
}

/// Bytes that are nearly RESP.
fn nearly_resp() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(REPLIES).prop_map(<[u8]>::to_vec),
        4 => prop::sample::select(&[
            "\r\n", "\r", "\n", "*", "$", "%", "|", ">", "~", "=", "!", "+", "-", ":", ",", "(", "_", "#", "0",
            "1", "2", "3", "-1", "9", "64", "txt:", "inf", "?", "#x\r\n", ":x\r\n", "=1\r\n", "*1\r\n", "*2\r\n", "%1\r\n", "|1\r\n", ">2\r\n",
            "$3\r\n", "abc",
        ][..]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_survives_being_written_and_read(tree in tree()) {
        let mut bytes = Vec::new();
        tree.write(&mut bytes);
        let frame = parse(&bytes);
        prop_assert!(tree.is(frame.value()), "{:?}", frame);
        let canonical = parse(&encoded(&frame.value()));
        prop_assert!(tree.is(canonical.value()));
        prop_assert_eq!(encoded(&canonical.value()), &canonical.as_bytes()[..]);
    }

    #[test]
    fn f44_any_bytes_mean_the_same_however_they_are_cut(
        stream in nearly_resp(),
        mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        are_tight in any::<bool>(),
    ) {
        let limits = if are_tight { tight() } else { Limits::default() };
        let whole = hear(&stream, [], limits);
        cuts.sort_by_key(|cut| cut.index(stream.len() + 1));
        let cuts = cuts.iter().map(|cut| cut.index(stream.len() + 1));
        prop_assert_eq!(&hear(&stream, cuts, limits), &whole);
        prop_assert_eq!(&hear(&stream, 0..stream.len(), limits), &whole);
        let mut start = 0;
        for (index, len) in whole.frames.into_iter().enumerate() {
            if whole.broken.iter().any(|(broken, _)| *broken == index) {
                start += len;
                continue;
            }
            let frame = Frame::parse(stream[start..start + len].to_vec(), &limits).unwrap();
            let canonical = encoded(&frame.value());
            prop_assert_eq!(encoded(&parse(&canonical).value()), canonical);
            let shown = format!("{frame:?}");
            prop_assert!(shown.starts_with("Frame("));
            start += len;
        }
    }
}
