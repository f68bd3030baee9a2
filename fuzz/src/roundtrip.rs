//! Values to RESP, and back.

use std::collections::BTreeMap;

use hashslot::config::{Limits, Protocol};
use hashslot::resp::{Elements, Frame, OwnedValue, Scan, Scanner, Value, encode};
use hashslot::{FromValue, ServerError};

use crate::source::Source;

/// RESP: what is written is one frame, which reads as what was meant, and is written again as it
/// was.
///
/// **Shape**: the first byte chooses the protocol and whether attributes are strewn in, the rest is
/// a value: a type, then its content, inside of aggregates again.
///
/// # Panics
/// If the property does not hold.
pub fn roundtrip(data: &[u8]) {
    let mut source = Source::new(data);
    let choice = source.byte();
    let protocol = if choice & 1 == 0 { Protocol::Resp3 } else { Protocol::Resp2 };
    let has_attributes = choice & 2 != 0 && protocol == Protocol::Resp3;
    let value = tree(&mut source, protocol, 0);

    let mut plain = Vec::new();
    value.write(&mut plain, protocol, &mut None);
    let mut written = Vec::new();
    value.write(&mut written, protocol, &mut has_attributes.then_some(source));

    let limits = Limits::default();
    let found = Scanner::new(limits).scan(&written);
    assert_eq!(found, Ok(Scan::Frame { len: written.len() }), "not one frame");
    let frame = Frame::parse(written, &limits).expect("a scanned frame is one");
    assert!(value.is_read_as(frame.value()), "{value:?} is read as {:?}", frame.value());
    assert_eq!(frame.is_error(), matches!(value, Tree::Error(_)));
    assert_eq!(frame.is_push(), matches!(value, Tree::Push(_)));
    convert(&value, &frame);

    let mut again = Vec::new();
    encode::value(&mut again, &frame.value());
    let mut canonical = Vec::new();
    value.in_protocol(protocol).write(&mut canonical, Protocol::Resp3, &mut None);
    assert_eq!(again, canonical, "written as another value");
    let whole = Frame::parse(again, &limits).expect("what is written is RESP");
    assert!(value.is_read_as(whole.value()), "another value once it is written again");
    if protocol == Protocol::Resp3 {
        assert_eq!(plain, canonical, "attributes matter");
    }
}

/// Reads a reply as what a caller may want.
fn convert(tree: &Tree, frame: &Frame) {
    let value = frame.value();
    let text = String::from_value(&value, frame);
    let integer = i64::from_value(&value, frame);
    match tree {
        Tree::Integer(number) => assert_eq!(integer, Ok(*number)),
        Tree::Bulk(bytes) => assert_eq!(text.ok(), String::from_utf8(bytes.clone()).ok()),
        Tree::Error(_) => assert!(text.is_err() && integer.is_err()),
        _ => {}
    }
    let _ = (f64::from_value(&value, frame), bool::from_value(&value, frame));
    let _ = (u128::from_value(&value, frame), char::from_value(&value, frame));
    let _ = Vec::<Option<String>>::from_value(&value, frame);
    let _ = Vec::<(String, f64)>::from_value(&value, frame);
    let _ = <[(Box<str>, Option<Frame>, u8); 2]>::from_value(&value, frame);
    let _ = BTreeMap::<String, Vec<(String, String)>>::from_value(&value, frame);
    let _ = <(Frame, Vec<Result<i64, ServerError>>)>::from_value(&value, frame);
    assert!(
        format!("{:?}", OwnedValue::from(value))
            == format!("{:?}", frame.to::<OwnedValue>().unwrap())
    );
    // A list of frames has the bytes of each as they travelled.
    if let (Ok(frames), Value::Array(_) | Value::Set(_)) = (frame.to::<Vec<Frame>>(), value) {
        let inside: Vec<u8> = frames.iter().flat_map(|frame| frame.as_bytes().to_vec()).collect();
        assert!(frame.as_bytes().ends_with(&inside), "other bytes than those that travelled");
    }
    for part in value.elements().into_iter().flatten() {
        let Ok(part_frame) = Frame::from_value(&part, frame) else {
            assert!(matches!(part, Value::Error(_)), "no frame of a {}", part.kind());
            continue;
        };
        assert_eq!(part_frame.value().kind(), part.kind());
    }
}

/// A value that owns its content.
#[derive(Debug, Clone)]
enum Tree {
    Null,
    Simple(Vec<u8>),
    Error(Vec<u8>),
    Integer(i64),
    Bulk(Vec<u8>),
    Double(f64),
    Boolean(bool),
    BigNumber(Vec<u8>),
    Verbatim([u8; 3], Vec<u8>),
    Array(Vec<Self>),
    Set(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Push(Vec<Self>),
}

fn tree(source: &mut Source<'_>, protocol: Protocol, depth: usize) -> Tree {
    // An aggregate that nothing could follow would only be empty.
    let is_leaf = depth >= 12 || source.is_empty();
    let kind = source.byte();
    let count = if is_leaf { 5 } else { 8 };
    let kind = match protocol {
        Protocol::Resp2 => kind % count,
        _ if is_leaf => kind % 9,
        _ => kind % 14,
    };
    match (kind, protocol) {
        (0, _) => Tree::Null,
        (1, _) => Tree::Simple(line(source.text(40))),
        (2, Protocol::Resp2) => Tree::Error(line(source.text(40))),
        (2, _) => Tree::Error(source.text(40).to_vec()),
        (3, _) => Tree::Integer(integer(source)),
        (4, _) => Tree::Bulk(source.text(60).to_vec()),
        (5, Protocol::Resp2) => Tree::Array(trees(source, protocol, depth)),
        (6, Protocol::Resp2) | (9, _) => Tree::Set(trees(source, protocol, depth)),
        (7, Protocol::Resp2) | (10, _) => Tree::Map(pairs(source, protocol, depth)),
        (5, _) => Tree::Double(double(source)),
        (6, _) => Tree::Boolean(source.one_in(2)),
        (7, _) => {
            let sign: &[u8] = if source.one_in(2) { b"-" } else { b"" };
            let digits = source.text(40).iter().map(|byte| b'0' + byte % 10);
            Tree::BigNumber(sign.iter().copied().chain([b'1']).chain(digits).collect())
        }
        (8, _) => {
            let format = [source.byte(), source.byte(), source.byte()];
            Tree::Verbatim(format, source.text(40).to_vec())
        }
        (11, _) if depth == 0 => {
            let mut inside = vec![Tree::Bulk(source.text(12).to_vec())];
            inside.extend(trees(source, protocol, depth));
            Tree::Push(inside)
        }
        _ => Tree::Array(trees(source, protocol, depth)),
    }
}

fn trees(source: &mut Source<'_>, protocol: Protocol, depth: usize) -> Vec<Tree> {
    (0..source.below(6)).map(|_| tree(source, protocol, depth + 1)).collect()
}

fn pairs(source: &mut Source<'_>, protocol: Protocol, depth: usize) -> Vec<(Tree, Tree)> {
    let count = source.below(4);
    let mut inside = || tree(source, protocol, depth + 1);
    (0..count).map(|_| (inside(), inside())).collect()
}

/// Text that fits a line.
fn line(text: &[u8]) -> Vec<u8> {
    text.iter().map(|&byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }).collect()
}

fn integer(source: &mut Source<'_>) -> i64 {
    match source.below(4) {
        0 => i64::from(source.byte()),
        1 => -i64::from(source.number()),
        2 => source.pick(&[i64::MIN, i64::MAX, -1, 0, 9, 10, 99, 100, 1 << 53]),
        _ => i64::from_be_bytes(std::array::from_fn(|_| source.byte())),
    }
}

fn double(source: &mut Source<'_>) -> f64 {
    match source.below(3) {
        0 => f64::from(source.number()) / 8.0,
        1 => source.pick(&[
            0.0,
            -0.0,
            0.1,
            -1.5,
            1e-5,
            9.999e-6,
            1e17,
            99_999_999_999_999_984.0,
            f64::MIN_POSITIVE,
            5e-324,
            f64::MAX,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ]),
        _ => f64::from_bits(u64::from_be_bytes(std::array::from_fn(|_| source.byte()))),
    }
}

fn write_all(
    values: &[Tree],
    out: &mut Vec<u8>,
    protocol: Protocol,
    strewn: &mut Option<Source<'_>>,
) {
    for value in values {
        value.write(out, protocol, strewn);
    }
}

impl Tree {
    /// Writes it with the functions for those who play the server. Where there is a source, it may
    /// put an attribute before every value.
    fn write(&self, out: &mut Vec<u8>, protocol: Protocol, strewn: &mut Option<Source<'_>>) {
        if let Some(source) = strewn
            && source.one_in(3)
        {
            let count = source.below(3);
            encode::attribute_header(out, count);
            for _ in 0..count * 2 {
                tree(source, protocol, 11).write(out, protocol, &mut None);
            }
        }
        match self {
            Self::Null => encode::null(out, protocol),
            Self::Simple(text) => encode::simple(out, text),
            Self::Error(text) => encode::value(out, &Value::Error(text)),
            Self::Integer(number) => encode::integer(out, *number),
            Self::Bulk(text) => encode::bulk(out, text),
            Self::Double(number) => encode::double(out, *number),
            Self::Boolean(truth) => encode::boolean(out, *truth),
            Self::BigNumber(text) => encode::value(out, &Value::BigNumber(text)),
            Self::Verbatim(format, text) => encode::verbatim(out, format, text),
            Self::Array(inside) => {
                encode::array_header(out, inside.len());
                write_all(inside, out, protocol, strewn);
            }
            Self::Set(inside) => {
                encode::set_header(out, inside.len(), protocol);
                write_all(inside, out, protocol, strewn);
            }
            Self::Push(inside) => {
                encode::push_header(out, inside.len());
                write_all(inside, out, protocol, strewn);
            }
            Self::Map(inside) => {
                encode::map_header(out, inside.len(), protocol);
                for (key, value) in inside {
                    key.write(out, protocol, strewn);
                    value.write(out, protocol, strewn);
                }
            }
        }
    }

    /// As what it travels: RESP2 has arrays only.
    fn in_protocol(&self, protocol: Protocol) -> Self {
        if protocol == Protocol::Resp3 {
            return self.clone();
        }
        match self {
            Self::Array(inside) | Self::Set(inside) => {
                Self::Array(inside.iter().map(|value| value.in_protocol(protocol)).collect())
            }
            Self::Map(inside) => {
                let flat = inside.iter().flat_map(|(key, value)| [key, value]);
                Self::Array(flat.map(|value| value.in_protocol(protocol)).collect())
            }
            leaf => leaf.clone(),
        }
    }

    fn is_read_as(&self, value: Value<'_>) -> bool {
        let same = |inside: &[Self], elements: Elements<'_>| {
            inside.len() == elements.len()
                && inside.iter().zip(elements).all(|(tree, value)| tree.is_read_as(value))
        };
        match (self, value) {
            (Self::Null, Value::Null) => true,
            (Self::Simple(text), Value::Simple(read))
            | (Self::Error(text), Value::Error(read))
            | (Self::Bulk(text), Value::Bulk(read))
            | (Self::BigNumber(text), Value::BigNumber(read)) => text == read,
            (Self::Integer(number), Value::Integer(read)) => *number == read,
            (Self::Double(number), Value::Double(read)) => {
                number.to_bits() == read.to_bits() || (number.is_nan() && read.is_nan())
            }
            (Self::Boolean(truth), Value::Boolean(read)) => *truth == read,
            (Self::Verbatim(format, text), Value::Verbatim { format: read_format, text: read }) => {
                format == read_format && text == read
            }
            (Self::Array(inside), Value::Array(elements))
            | (Self::Set(inside), Value::Set(elements) | Value::Array(elements))
            | (Self::Push(inside), Value::Push(elements)) => same(inside, elements),
            (Self::Map(_), Value::Map(_) | Value::Array(_)) => self.is_read_as_pairs(value),
            _ => false,
        }
    }

    fn is_read_as_pairs(&self, value: Value<'_>) -> bool {
        let (Self::Map(inside), Some(pairs)) = (self, value.pairs()) else { return false };
        inside.len() == pairs.len()
            && inside.iter().zip(pairs).all(|((key, value), (read_key, read_value))| {
                key.is_read_as(read_key) && value.is_read_as(read_value)
            })
    }
}
