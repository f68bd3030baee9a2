//! Answers for people to read, as `redis-cli` prints them on a terminal.

use hashslot::Frame;
use hashslot::resp::Value;

use super::answer::{Answer, Failure};
use super::plan;

/// Prints an answer. `is_text` says that strings are text in lines, which stays as it is.
pub(crate) fn answer(out: &mut Vec<u8>, answer: &Answer, is_text: bool) {
    match answer {
        Answer::Value(frame) => reply(out, &frame.value(), is_text),
        Answer::Nodes(replies) if replies.is_empty() => out.extend_from_slice(b"(empty hash)"),
        Answer::Nodes(replies) => {
            entries(out, replies.iter(), '#', 0, |out, (node, reply), indent| {
                quoted(out, node.to_string().as_bytes());
                out.extend_from_slice(b" => ");
                match reply.as_ref().map(Frame::value) {
                    Ok(reply) => of_node(out, &reply, is_text, indent),
                    Err(error) => failure(out, error),
                }
            });
        }
        Answer::Failure(error) => failure(out, error),
        Answer::Plan(plan) => plan::lines(out, "", plan),
        Answer::NumberedPlan(number, plan) => {
            let start = format!("command {number} ");
            match plan {
                Ok(plan) => plan::lines(out, &start, plan),
                Err(error) => {
                    out.extend_from_slice(start.as_bytes());
                    failure(out, error);
                }
            }
        }
    }
    out.push(b'\n');
}

/// Prints the reply to one command.
fn reply(out: &mut Vec<u8>, reply: &Value<'_>, is_text: bool) {
    match (reply.as_bytes(), reply.pairs()) {
        // It has lines of its own.
        (Some(text), _) if is_text => lines(out, text.strip_suffix(b"\n").unwrap_or(text)),
        // The texts of several nodes, in a pipeline.
        (None, Some(replies)) if is_text && !replies.is_empty() => {
            entries(out, replies, '#', 0, |out, (node, reply), indent| {
                value(out, &node, indent);
                out.extend_from_slice(b" => ");
                of_node(out, &reply, is_text, indent);
            });
        }
        _ => value(out, reply, 0),
    }
}

/// Prints the reply of one of several nodes.
fn of_node(out: &mut Vec<u8>, reply: &Value<'_>, is_text: bool, indent: usize) {
    match reply.as_bytes().filter(|_| is_text) {
        Some(text) => lines(out, text),
        None => of_key(out, reply, indent),
    }
}

fn failure(out: &mut Vec<u8>, failure: &Failure) {
    match failure {
        Failure::Server(text) => {
            out.extend_from_slice(b"(error) ");
            line(out, text);
        }
        Failure::Client { kind, text, fate } => {
            out.extend_from_slice(format!("(client) {kind} {text}").as_bytes());
            for (what, names) in fate.groups() {
                out.extend_from_slice(format!("; {what}:").as_bytes());
                for name in names {
                    out.push(b' ');
                    quoted(out, name);
                }
            }
        }
    }
}

/// Prints a value that stands `indent` columns from the left, without a line end behind it.
pub(crate) fn value(out: &mut Vec<u8>, value: &Value<'_>, indent: usize) {
    match *value {
        Value::Null => out.extend_from_slice(b"(nil)"),
        Value::Error(text) => {
            out.extend_from_slice(b"(error) ");
            line(out, text);
        }
        Value::Integer(number) => out.extend_from_slice(format!("(integer) {number}").as_bytes()),
        Value::Double(number) => {
            out.extend_from_slice(b"(double) ");
            out.extend_from_slice(double(number).as_bytes());
        }
        Value::Boolean(truth) => out.extend_from_slice(if truth { b"(true)" } else { b"(false)" }),
        Value::Bulk(text) => quoted(out, text),
        Value::Simple(text) | Value::BigNumber(text) => line(out, text),
        Value::Verbatim { text, .. } => lines(out, text),
        Value::Array(elements) if elements.is_empty() => out.extend_from_slice(b"(empty array)"),
        Value::Set(elements) if elements.is_empty() => out.extend_from_slice(b"(empty set)"),
        Value::Push(elements) if elements.is_empty() => out.extend_from_slice(b"(empty push)"),
        Value::Map(pairs) if pairs.is_empty() => out.extend_from_slice(b"(empty hash)"),
        Value::Array(elements) | Value::Push(elements) => {
            entries(out, elements, ')', indent, |out, element, indent| {
                self::value(out, &element, indent);
            });
        }
        Value::Set(elements) => entries(out, elements, '~', indent, |out, element, indent| {
            self::value(out, &element, indent);
        }),
        Value::Map(pairs) => entries(out, pairs, '#', indent, |out, (key, value), indent| {
            self::value(out, &key, indent);
            out.extend_from_slice(b" => ");
            of_key(out, &value, indent);
        }),
        _ => out.extend_from_slice(value.kind().as_bytes()),
    }
}

/// Prints what belongs to a key. What takes several lines begins on one of its own.
fn of_key(out: &mut Vec<u8>, value: &Value<'_>, indent: usize) {
    if has_lines(value) {
        out.push(b'\n');
        out.resize(out.len() + indent, b' ');
    }
    self::value(out, value, indent);
}

/// Whether a value has several entries, or an only one that has.
fn has_lines(value: &Value<'_>) -> bool {
    if let Value::Map(mut pairs) = *value {
        return pairs.len() > 1 || pairs.next().is_some_and(|(_, value)| has_lines(&value));
    }
    let Some(mut elements) = value.elements() else { return false };
    elements.len() > 1 || elements.next().is_some_and(|element| has_lines(&element))
}

/// Prints what is in an aggregate, with its numbers.
fn entries<T>(
    out: &mut Vec<u8>,
    items: impl ExactSizeIterator<Item = T>,
    sign: char,
    indent: usize,
    each: impl Fn(&mut Vec<u8>, T, usize),
) {
    let width = items.len().to_string().len();
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b'\n');
            out.resize(out.len() + indent, b' ');
        }
        out.extend_from_slice(format!("{:>width$}{sign} ", index + 1).as_bytes());
        each(out, item, indent + width + 2);
    }
}

/// Prints text of a server that should be one line. What a terminal would obey is escaped.
fn line(out: &mut Vec<u8>, text: &[u8]) {
    for c in String::from_utf8_lossy(text).chars() {
        if is_obeyed(c) {
            out.extend_from_slice(c.escape_default().to_string().as_bytes());
        } else {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

/// The same for text that has lines.
fn lines(out: &mut Vec<u8>, text: &[u8]) {
    for (index, told) in text.split(|&byte| byte == b'\n').enumerate() {
        if index > 0 {
            out.push(b'\n');
        }
        let ended = told.strip_suffix(b"\r");
        line(out, ended.unwrap_or(told));
        out.extend(ended.map(|_| b'\r'));
    }
}

/// Whether a terminal would obey a character, or write backwards from it on. A tab does no harm.
fn is_obeyed(c: char) -> bool {
    let is_direction = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}');
    (c.is_control() && c != '\t') || is_direction || matches!(c, '\u{2066}'..='\u{2069}')
}

/// Prints bytes in double quotes, so that they read back as the same word of a line.
pub(crate) fn quoted(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for &byte in bytes {
        match byte {
            b'\\' | b'"' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x07 => out.extend_from_slice(b"\\a"),
            0x08 => out.extend_from_slice(b"\\b"),
            b' '..=b'~' => out.push(byte),
            _ => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
        }
    }
    out.push(b'"');
}

/// The fewest digits that read as the same number, laid out as servers do since Redis 7.2.
pub(crate) fn double(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return number.to_string() };
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    let exponent: i32 = exponent.parse().unwrap_or_default();
    // The place of the last digit: 0 is the ones.
    let last = exponent + 1 - i32::try_from(count).unwrap_or_default();
    let is_plain = if last >= 0 {
        i64::from(exponent.unsigned_abs()) < i64::try_from(count).unwrap_or_default() + 7
    } else {
        last > -7 || exponent.unsigned_abs() < 4
    };
    if is_plain {
        return number.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{}", exponent.unsigned_abs())
}
