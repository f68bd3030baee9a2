//! Answers for programs to read: one JSON value a line.
//!
//! Strings are UTF-8; a byte `HH` that is not part of any is the escape `\udcHH`, which no text has
//! otherwise. (Python gets the bytes back with `.encode(errors="surrogateescape")`.) Integers and
//! finite doubles are numbers, other doubles strings; maps are objects, and keys that are no
//! strings are their JSON text; arrays and sets are arrays. An error of a server is
//! `{"error": text}`, one of the client `{"client": KIND, "error": text}`, with lists `done`,
//! `not done` and `unknown` if parts ended in different ways. An explained command of a pipeline
//! has its `number` as well.

use hashslot::resp::{Pairs, Value};

use super::answer::{Answer, Failure};
use super::plan;
use super::terminal::double;

/// Prints an answer.
pub(crate) fn answer(out: &mut Vec<u8>, answer: &Answer) {
    match answer {
        Answer::Value(frame) => value(out, &frame.value()),
        Answer::Nodes(replies) => list(out, *b"{}", replies, |out, (node, reply)| {
            string(out, node.to_string().as_bytes());
            out.push(b':');
            match reply {
                Ok(frame) => value(out, &frame.value()),
                Err(error) => failure(out, None, error),
            }
        }),
        Answer::Failure(error) => failure(out, None, error),
        Answer::Plan(plan) => plan::json(out, None, plan),
        Answer::NumberedPlan(number, Ok(plan)) => plan::json(out, Some(*number), plan),
        Answer::NumberedPlan(number, Err(error)) => failure(out, Some(*number), error),
    }
    out.push(b'\n');
}

fn failure(out: &mut Vec<u8>, number: Option<usize>, failure: &Failure) {
    open(out, number);
    let text = match failure {
        Failure::Server(text) => text,
        Failure::Client { kind, text, .. } => {
            out.extend_from_slice(format!("\"client\":\"{kind}\",").as_bytes());
            text.as_bytes()
        }
    };
    out.extend_from_slice(b"\"error\":");
    string(out, text);
    if let Failure::Client { fate, .. } = failure {
        for (what, names) in fate.groups() {
            out.extend_from_slice(format!(",\"{what}\":").as_bytes());
            list(out, *b"[]", names, |out, name| string(out, name));
        }
    }
    out.push(b'}');
}

/// Opens an object, which has the number of a command of a pipeline first.
pub(crate) fn open(out: &mut Vec<u8>, number: Option<usize>) {
    out.push(b'{');
    if let Some(number) = number {
        out.extend_from_slice(format!("\"number\":{number},").as_bytes());
    }
}

fn error(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(b"{\"error\":");
    string(out, text);
    out.push(b'}');
}

/// Prints a value.
pub(crate) fn value(out: &mut Vec<u8>, value: &Value<'_>) {
    match *value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Error(text) => error(out, text),
        Value::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::Double(number) if number.is_finite() => {
            out.extend_from_slice(double(number).as_bytes());
        }
        Value::Double(number) => string(out, double(number).as_bytes()),
        Value::Boolean(truth) => out.extend_from_slice(truth.to_string().as_bytes()),
        Value::BigNumber(digits) if is_number(digits) => out.extend_from_slice(digits),
        Value::Simple(text)
        | Value::Bulk(text)
        | Value::BigNumber(text)
        | Value::Verbatim { text, .. } => string(out, text),
        Value::Array(elements) | Value::Set(elements) | Value::Push(elements) => {
            list(out, *b"[]", elements, |out, element| self::value(out, &element));
        }
        Value::Map(pairs) => object(out, pairs),
        _ => string(out, value.kind().as_bytes()),
    }
}

fn object(out: &mut Vec<u8>, pairs: Pairs<'_>) {
    list(out, *b"{}", pairs, |out, (key, value)| {
        if let Value::Simple(text) | Value::Bulk(text) | Value::Verbatim { text, .. } = key {
            string(out, text);
        } else {
            let mut text = Vec::new();
            self::value(&mut text, &key);
            string(out, &text);
        }
        out.push(b':');
        self::value(out, &value);
    });
}

/// Prints items with commas between them and brackets around them.
pub(crate) fn list<T>(
    out: &mut Vec<u8>,
    brackets: [u8; 2],
    items: impl IntoIterator<Item = T>,
    each: impl Fn(&mut Vec<u8>, T),
) {
    let [open, close] = brackets;
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        each(out, item);
    }
    out.push(close);
}

/// Prints bytes as a string.
pub(crate) fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        for byte in chunk.valid().bytes() {
            match byte {
                b'\\' | b'"' => out.extend_from_slice(&[b'\\', byte]),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                0x08 => out.extend_from_slice(b"\\b"),
                0x0c => out.extend_from_slice(b"\\f"),
                0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                _ => out.push(byte),
            }
        }
        for byte in chunk.invalid() {
            out.extend_from_slice(format!("\\udc{byte:02x}").as_bytes());
        }
    }
    out.push(b'"');
}

/// Whether the digits of a big number are a number in JSON as well: without leading zeros.
fn is_number(digits: &[u8]) -> bool {
    let digits = digits.strip_prefix(b"-").unwrap_or(digits);
    digits.len() == 1 || !digits.starts_with(b"0")
}
