//! Writes commands and, for those who play the server, replies.
//!
//! Every function appends to `out`. Whatever is passed, what is written is RESP: where a text could
//! break out of its line, it is altered as the function says.

use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::value::{Elements, Value};
use crate::config::Protocol;

/// The most digits that a `u64` has.
const DIGIT_COUNT_MAX: usize = 20;

/// Appends a command: an array of bulk strings.
///
/// **Cost**: at most one allocation.
///
/// ```
/// let mut out = Vec::new();
/// hashslot::resp::encode::command(&mut out, &["GET", "key"]);
/// assert_eq!(out, b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
/// ```
pub fn command<A: AsRef<[u8]>>(out: &mut Vec<u8>, args: &[A]) {
    // A header has 25 bytes at most, 5 as a rule.
    let len = args.iter().fold(8_usize, |len, arg| len.saturating_add(arg.as_ref().len() + 8));
    out.reserve(len);
    array_header(out, args.len());
    for arg in args {
        bulk(out, arg.as_ref());
    }
}

/// Appends a bulk string: any bytes.
#[inline]
pub fn bulk(out: &mut Vec<u8>, bytes: &[u8]) {
    header(out, b'$', bytes.len());
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// Appends the header of an array; its `count` values have to follow.
#[inline]
pub fn array_header(out: &mut Vec<u8>, count: usize) {
    header(out, b'*', count);
}

/// Appends the digits of a number, with no type and no line end.
#[inline]
pub fn decimal(out: &mut Vec<u8>, n: u64) {
    out.extend_from_slice(Digits::of(n).as_bytes());
}

/// Appends a simple string. CR and LF become blanks, as servers have it.
pub fn simple(out: &mut Vec<u8>, text: &[u8]) {
    line(out, b'+', text);
}

/// Appends an error, its code first: `ERR no such thing`. CR and LF become blanks, as servers have
/// it.
pub fn error(out: &mut Vec<u8>, text: &[u8]) {
    line(out, b'-', text);
}

/// Appends an integer.
pub fn integer(out: &mut Vec<u8>, number: i64) {
    out.push(b':');
    if number < 0 {
        out.push(b'-');
    }
    decimal(out, number.unsigned_abs());
    out.extend_from_slice(b"\r\n");
}

/// Appends a null; in RESP2 that of a bulk string.
pub fn null(out: &mut Vec<u8>, protocol: Protocol) {
    out.extend_from_slice(match protocol {
        Protocol::Resp2 => b"$-1\r\n",
        Protocol::Resp3 => b"_\r\n",
    });
}

/// Appends a null where an array could be, such as the reply to an `EXEC` that was called off.
pub fn null_array(out: &mut Vec<u8>, protocol: Protocol) {
    out.extend_from_slice(match protocol {
        Protocol::Resp2 => b"*-1\r\n",
        Protocol::Resp3 => b"_\r\n",
    });
}

/// Appends the header of a map; its `count` keys have to follow, each before its value. RESP2 has
/// no maps: there it is an array.
pub fn map_header(out: &mut Vec<u8>, count: usize, protocol: Protocol) {
    match protocol {
        Protocol::Resp2 => array_header(out, count.saturating_mul(2)),
        Protocol::Resp3 => header(out, b'%', count),
    }
}

/// Appends the header of a set; its `count` values have to follow. RESP2 has no sets: there it is
/// an array.
pub fn set_header(out: &mut Vec<u8>, count: usize, protocol: Protocol) {
    match protocol {
        Protocol::Resp2 => array_header(out, count),
        Protocol::Resp3 => header(out, b'~', count),
    }
}

/// Appends the header of a push; its `count` values have to follow, the first of them a string.
pub fn push_header(out: &mut Vec<u8>, count: usize) {
    header(out, b'>', count);
}

/// Appends the header of an attribute; its `count` keys have to follow, each before its value, and
/// then the value that it describes.
pub fn attribute_header(out: &mut Vec<u8>, count: usize) {
    header(out, b'|', count);
}

/// Appends a double. **Shape**: the fewest digits that read as the same double.
pub fn double(out: &mut Vec<u8>, number: f64) {
    out.push(b',');
    if number.is_nan() {
        out.extend_from_slice(b"nan");
    } else if number == 0.0 || (1e-5..1e17).contains(&number.abs()) || number.is_infinite() {
        write(out, format_args!("{number}"));
    } else {
        write(out, format_args!("{number:e}"));
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends a boolean.
pub fn boolean(out: &mut Vec<u8>, truth: bool) {
    out.extend_from_slice(if truth { b"#t\r\n" } else { b"#f\r\n" });
}

/// Appends a verbatim string; a bulk string if `format` has not three bytes.
pub fn verbatim(out: &mut Vec<u8>, format: &[u8], text: &[u8]) {
    if format.len() != 3 {
        return bulk(out, text);
    }
    header(out, b'=', text.len().saturating_add(4));
    out.extend_from_slice(format);
    out.push(b':');
    out.extend_from_slice(text);
    out.extend_from_slice(b"\r\n");
}

/// Appends a value in the form of RESP3, with everything in it and without attributes.
///
/// What is written is canonical: read and written again it is the same. A null is `_`; an error is
/// a line, or a bulk error if CR or LF are in it; a double is as [`double`] writes it. Something in
/// a [`Value::BigNumber`] that is no line becomes a bulk string.
///
/// ```
/// use hashslot::resp::{Frame, encode};
/// let bytes = &b"%1\r\n$4\r\nrole\r\n*2\r\n#t\r\n,1.5\r\n"[..];
/// let frame = Frame::parse(bytes, &Default::default())?;
/// let mut out = Vec::new();
/// encode::value(&mut out, &frame.value());
/// assert_eq!(out, bytes);
/// # Ok::<(), hashslot::error::ProtocolError>(())
/// ```
pub fn value(out: &mut Vec<u8>, value: &Value<'_>) {
    head(out, value);
    for inside in value.flat().into_iter().flat_map(Elements::walk) {
        head(out, &inside);
    }
}

/// Appends a value without what is in it.
fn head(out: &mut Vec<u8>, value: &Value<'_>) {
    match *value {
        Value::Null => null(out, Protocol::Resp3),
        Value::Simple(text) => simple(out, text),
        Value::Error(text) if text.iter().any(|&byte| breaks_line(byte)) => {
            header(out, b'!', text.len());
            out.extend_from_slice(text);
            out.extend_from_slice(b"\r\n");
        }
        Value::Error(text) => error(out, text),
        Value::Integer(number) => integer(out, number),
        Value::Double(number) => double(out, number),
        Value::Boolean(truth) => boolean(out, truth),
        Value::BigNumber(text) if fits_line(text) => line(out, b'(', text),
        Value::Bulk(text) | Value::BigNumber(text) => bulk(out, text),
        Value::Verbatim { format, text } => verbatim(out, format, text),
        Value::Array(elements) => array_header(out, elements.len()),
        Value::Set(elements) => set_header(out, elements.len(), Protocol::Resp3),
        Value::Map(pairs) => map_header(out, pairs.len(), Protocol::Resp3),
        Value::Push(elements) => push_header(out, elements.len()),
    }
}

/// Appends a type byte and a length, as a line.
#[inline]
fn header(out: &mut Vec<u8>, kind: u8, len: usize) {
    // Nearly every length has one or two digits: one write each.
    match u8::try_from(len) {
        Ok(len @ 0..10) => out.extend_from_slice(&[kind, b'0' + len, b'\r', b'\n']),
        Ok(len @ 10..100) => {
            out.extend_from_slice(&[kind, b'0' + len / 10, b'0' + len % 10, b'\r', b'\n']);
        }
        _ => {
            out.push(kind);
            decimal(out, u64::try_from(len).unwrap_or(u64::MAX));
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// Appends a line that text cannot break out of.
fn line(out: &mut Vec<u8>, kind: u8, text: &[u8]) {
    out.push(kind);
    out.extend(text.iter().map(|&byte| if breaks_line(byte) { b' ' } else { byte }));
    out.extend_from_slice(b"\r\n");
}

fn fits_line(text: &[u8]) -> bool {
    !text.iter().any(|byte| breaks_line(*byte))
}

const fn breaks_line(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// Appends formatted text.
fn write(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    struct Sink<'a>(&'a mut Vec<u8>);
    impl Write for Sink<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
    let written = Sink(out).write_fmt(text);
    debug_assert!(written.is_ok(), "a vector takes all");
}

/// A number as decimal text.
pub(crate) struct Digits {
    bytes: [u8; DIGIT_COUNT_MAX],
    start: usize,
}

impl Digits {
    pub(crate) fn of(mut number: u64) -> Self {
        let mut digits = Self { bytes: [0; DIGIT_COUNT_MAX], start: DIGIT_COUNT_MAX };
        loop {
            digits.prepend(b'0' + u8::try_from(number % 10).unwrap_or_default());
            number /= 10;
            if number == 0 {
                return digits;
            }
        }
    }

    pub(crate) fn of_negative(number: i64) -> Self {
        let mut digits = Self::of(number.unsigned_abs());
        digits.prepend(b'-');
        digits
    }

    fn prepend(&mut self, byte: u8) {
        self.start -= 1;
        if let Some(room) = self.bytes.get_mut(self.start) {
            *room = byte;
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}
