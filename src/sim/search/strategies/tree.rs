//! Values in both protocols, and how a stream is cut into reads.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use crate::config::Protocol;
use crate::resp::{Elements, Value, encode};

/// A RESP value that owns its contents.
///
/// **Invariant** of what [`frames`] makes: a simple string has no line end, a big number is digits
/// with an optional `-`, a push stands at the top only.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Tree {
    /// A null.
    Null,
    /// A simple string.
    Simple(Vec<u8>),
    /// An error: code and text.
    Error(Vec<u8>),
    /// An integer.
    Integer(i64),
    /// A bulk string.
    Bulk(Vec<u8>),
    /// A double.
    Double(f64),
    /// A boolean.
    Boolean(bool),
    /// A big number, as digits.
    BigNumber(String),
    /// A verbatim string: format and text.
    Verbatim([u8; 3], Vec<u8>),
    /// An array.
    Array(Vec<Self>),
    /// A set.
    Set(Vec<Self>),
    /// A map.
    Map(Vec<(Self, Self)>),
    /// A push: its kind and its elements.
    Push(Vec<u8>, Vec<Self>),
    /// A value with attributes.
    Attributed(Vec<(Self, Self)>, Box<Self>),
}

impl Tree {
    /// The encoded bytes. In RESP2 those of [`Tree::in_resp2`].
    #[must_use]
    pub fn encode(&self, protocol: Protocol) -> Vec<u8> {
        let mut out = Vec::new();
        match protocol {
            Protocol::Resp3 => self.write(&mut out, protocol),
            Protocol::Resp2 => self.in_resp2().write(&mut out, protocol),
        }
        out
    }

    /// The value as a server sends it to a RESP2 client: without the types that RESP2 lacks. All
    /// nulls are equal here; only [`Tree::encode`] distinguishes them.
    #[must_use]
    pub fn in_resp2(&self) -> Self {
        let list = |elements: &[Self]| elements.iter().map(Self::in_resp2).collect::<Vec<_>>();
        match self {
            Self::Null | Self::Simple(_) | Self::Integer(_) | Self::Bulk(_) => self.clone(),
            Self::Error(text) => {
                let line = |&byte: &u8| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte };
                Self::Error(text.iter().map(line).collect())
            }
            Self::Double(number) => {
                let mut text = Vec::new();
                encode::double(&mut text, *number);
                let digits = text.get(1..text.len().saturating_sub(2));
                Self::Bulk(digits.unwrap_or_default().to_vec())
            }
            Self::Boolean(truth) => Self::Integer((*truth).into()),
            Self::BigNumber(digits) => Self::Bulk(digits.clone().into_bytes()),
            Self::Verbatim(_, text) => Self::Bulk(text.clone()),
            Self::Array(elements) | Self::Set(elements) => Self::Array(list(elements)),
            Self::Map(pairs) => {
                let flat = pairs.iter().flat_map(|(key, value)| [key, value]);
                Self::Array(flat.map(Self::in_resp2).collect())
            }
            Self::Push(kind, rest) => {
                let mut elements = vec![Self::Bulk(kind.clone())];
                elements.extend(list(rest));
                Self::Array(elements)
            }
            Self::Attributed(_, value) => value.in_resp2(),
        }
    }

    fn write(&self, out: &mut Vec<u8>, protocol: Protocol) {
        match self {
            Self::Null => encode::null(out, protocol),
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
                write_all(elements, out, protocol);
            }
            Self::Set(elements) => {
                encode::set_header(out, elements.len(), Protocol::Resp3);
                write_all(elements, out, protocol);
            }
            Self::Map(pairs) => {
                encode::map_header(out, pairs.len(), Protocol::Resp3);
                write_pairs(pairs, out, protocol);
            }
            Self::Push(kind, rest) => {
                encode::push_header(out, 1 + rest.len());
                encode::bulk(out, kind);
                write_all(rest, out, protocol);
            }
            Self::Attributed(attributes, value) => {
                encode::attribute_header(out, attributes.len());
                write_pairs(attributes, out, protocol);
                value.write(out, protocol);
            }
        }
    }

    /// Whether a parsed value equals this one. Ignores attributes; every NaN equals every other.
    #[must_use]
    pub fn is(&self, value: Value<'_>) -> bool {
        let all = |trees: &[Self], values: Elements<'_>| {
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
            (Self::Push(kind, rest), Value::Push(mut values)) => {
                values.next().and_then(|first| first.as_bytes()) == Some(kind) && all(rest, values)
            }
            (Self::Attributed(_, tree), value) => tree.is(value),
            _ => false,
        }
    }
}

fn write_all(elements: &[Tree], out: &mut Vec<u8>, protocol: Protocol) {
    for element in elements {
        element.write(out, protocol);
    }
}

fn write_pairs(pairs: &[(Tree, Tree)], out: &mut Vec<u8>, protocol: Protocol) {
    for (key, value) in pairs {
        key.write(out, protocol);
        value.write(out, protocol);
    }
}

/// Any reply: every type, nested, of all lengths that are treated differently somewhere.
///
/// ```
/// use hashslot::resp::Frame;
/// use hashslot::sim::strategies::{Tree, frames};
/// use hashslot::config::Protocol;
/// use hashslot::Config;
/// use proptest::test_runner::TestRunner;
///
/// let property = |tree: Tree| {
///     let frame = Frame::parse(tree.encode(Protocol::Resp3), &Config::default().limits).unwrap();
///     assert!(tree.is(frame.value()));
///     let frame = Frame::parse(tree.encode(Protocol::Resp2), &Config::default().limits).unwrap();
///     assert!(tree.in_resp2().is(frame.value()));
///     Ok(())
/// };
/// TestRunner::deterministic().run(&frames(), property).unwrap();
/// ```
pub fn frames() -> impl Strategy<Value = Tree> {
    let nested = leaves().prop_recursive(5, 60, 6, |inner| {
        let list = || prop::collection::vec(inner.clone(), 0..6);
        let pairs = || prop::collection::vec((inner.clone(), inner.clone()), 0..3);
        prop_oneof![
            list().prop_map(Tree::Array),
            list().prop_map(Tree::Set),
            pairs().prop_map(Tree::Map),
            (pairs(), inner.clone()).prop_map(|(a, tree)| Tree::Attributed(a, Box::new(tree))),
        ]
    });
    let deep = (leaves(), prop::collection::vec(any::<bool>(), 0..DEPTH_MAX)).prop_map(deepened);
    prop_oneof![20 => nested, 1 => deep, 1 => large().prop_map(Tree::Bulk)]
}

/// As deep as the default limits allow.
const DEPTH_MAX: usize = 64;

fn deepened((leaf, kinds): (Tree, Vec<bool>)) -> Tree {
    kinds.into_iter().fold(leaf, |inner, is_set| {
        if is_set { Tree::Set(vec![inner]) } else { Tree::Array(vec![inner]) }
    })
}

fn leaves() -> impl Strategy<Value = Tree> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    let line = bytes().prop_map(|mut line| {
        line.retain(|byte| !matches!(byte, b'\r' | b'\n'));
        line
    });
    let odd = ["", "ERR x", "MO", "MOVED", "MOVED x y:z", "WRONGTYPE Operation"].as_slice();
    let digits = (any::<bool>(), prop::collection::vec(b'0'..=b'9', 1..=40));
    prop_oneof![
        Just(Tree::Null),
        line.prop_map(Tree::Simple),
        bytes().prop_map(Tree::Error),
        prop::sample::select(odd).prop_map(|text| Tree::Error(text.as_bytes().to_vec())),
        any::<i64>().prop_map(Tree::Integer),
        (-20..20_i64).prop_map(Tree::Integer),
        bytes().prop_map(Tree::Bulk),
        any::<f64>().prop_map(Tree::Double),
        any::<u64>().prop_map(|bits| Tree::Double(f64::from_bits(bits))),
        any::<bool>().prop_map(Tree::Boolean),
        digits.prop_map(|(is_negative, digits)| {
            let sign = if is_negative { "-" } else { "" };
            Tree::BigNumber(sign.chars().chain(digits.into_iter().map(char::from)).collect())
        }),
        (any::<[u8; 3]>(), bytes()).prop_map(|(format, text)| Tree::Verbatim(format, text)),
    ]
}

/// Text that is treated as long: above and below where a reply takes its buffer with it.
fn large() -> impl Strategy<Value = Vec<u8>> {
    let len = prop_oneof![4_000..4_200_usize, 10_000..20_000_usize];
    (any::<u8>(), len).prop_map(|(byte, len)| vec![byte; len])
}

/// Any push. RESP3 only.
///
/// ```
/// use hashslot::resp::Frame;
/// use hashslot::sim::strategies::{Tree, pushes};
/// use hashslot::config::Protocol;
/// use hashslot::Config;
/// use proptest::test_runner::TestRunner;
///
/// let property = |push: Tree| {
///     let frame = Frame::parse(push.encode(Protocol::Resp3), &Config::default().limits).unwrap();
///     assert!(frame.is_push() && push.is(frame.value()));
///     Ok(())
/// };
/// TestRunner::deterministic().run(&pushes(), property).unwrap();
/// ```
pub fn pushes() -> impl Strategy<Value = Tree> {
    let kinds = ["message", "invalidate", "sunsubscribe", "x"].as_slice();
    (prop::sample::select(kinds), prop::collection::vec(leaves(), 0..4))
        .prop_map(|(kind, rest)| Tree::Push(kind.as_bytes().to_vec(), rest))
}

/// The bytes of any reply.
pub fn frame_bytes(protocol: Protocol) -> impl Strategy<Value = Vec<u8>> {
    frames().prop_map(move |tree| tree.encode(protocol))
}

/// Where a stream is cut into reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cuts(Vec<usize>);

impl Cuts {
    /// The stream in pieces. Some may be empty, as a read may be.
    ///
    /// **Shape**: one piece more than there are cuts; cuts beyond the end yield empty pieces.
    pub fn pieces<'a>(&self, stream: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let ends = self.0.iter().copied().chain([usize::MAX]);
        ends.scan(0, move |start, end| {
            let end = end.clamp(*start, stream.len().max(*start));
            let piece = stream.get(*start..end).unwrap_or_default();
            *start = end;
            Some(piece)
        })
    }
}

/// How a stream of up to `len` bytes is cut: not at all, anywhere, or into equal pieces.
///
/// ```
/// use hashslot::config::Protocol;
/// use hashslot::sim::strategies::{cuts, frame_bytes};
/// use proptest::test_runner::TestRunner;
///
/// let stream_len = 1000; // cuts beyond the end of a stream cut nothing
/// let streams = (frame_bytes(Protocol::Resp2), cuts(stream_len));
/// let property = |(stream, cuts): (Vec<u8>, hashslot::sim::strategies::Cuts)| {
///     assert_eq!(cuts.pieces(&stream).collect::<Vec<_>>().concat(), stream);
///     Ok(())
/// };
/// TestRunner::deterministic().run(&streams, property).unwrap();
/// ```
pub fn cuts(len: usize) -> impl Strategy<Value = Cuts> {
    let anywhere = prop::collection::vec(0..=len, 0..8).prop_map(|mut cuts| {
        cuts.sort_unstable();
        cuts
    });
    let equal = (1..=16_usize).prop_map(move |step| (step..=len).step_by(step).collect());
    prop_oneof![4 => anywhere, 1 => equal].prop_map(Cuts)
}
