//! Reads a frame in place.
//!
//! Rules of this file: the bytes have passed the [`Scanner`](super::Scanner), so reading checks
//! nothing twice; it is total all the same: if bytes were not what they should be, a walk would end
//! early, and nothing would panic. No walk recurses, however deep the bytes nest.

use core::fmt;
use core::mem::discriminant;
use core::str;

/// How deep, how many elements and how many bytes of each string `{:?}` shows.
const SHOWN_DEPTH_MAX: usize = 4;
const SHOWN_ELEMENT_COUNT_MAX: usize = 16;
const SHOWN_TEXT_LEN_MAX: usize = 64;

/// One value of a reply, borrowed from its [`Frame`](super::Frame).
///
/// Two values are equal if they are of one type and have the same content; attributes do not count.
/// `{:?}` shortens what is long or deep.
///
/// ```
/// use hashslot::resp::{Frame, Value};
/// let frame = Frame::parse(&b"*2\r\n$3\r\nfoo\r\n$-1\r\n"[..], &Default::default())?;
/// let elements = frame.value().elements().expect("an array");
/// assert!(elements.eq([Value::Bulk(b"foo"), Value::Null]));
/// # Ok::<(), hashslot::error::ProtocolError>(())
/// ```
#[derive(Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// `_`, `$-1` or `*-1`: there is nothing.
    Null,
    /// `+`: a short text, such as `OK`. **Shape**: no CR and no LF.
    Simple(&'a [u8]),
    /// `-` or `!`: an error, its code first. **Shape**: any bytes.
    Error(&'a [u8]),
    /// `:`: an integer.
    Integer(i64),
    /// `$`: any bytes.
    Bulk(&'a [u8]),
    /// `,`: a double, rounded to the nearest.
    Double(f64),
    /// `#`: true or false.
    Boolean(bool),
    /// `(`: an integer of any size. **Shape**: an optional `-`, then digits, or what a script made
    /// of it: no CR and no LF.
    BigNumber(&'a [u8]),
    /// `=`: a text and what it is written in.
    Verbatim {
        /// **Shape**: three bytes, such as `txt` or `mkd`.
        format: &'a [u8],
        /// The text, without the format.
        text: &'a [u8],
    },
    /// `*`: values in order.
    Array(Elements<'a>),
    /// `~`: values in no order. The reader does not check that they differ.
    Set(Elements<'a>),
    /// `%`: keys with their values. The reader does not check that the keys differ.
    Map(Pairs<'a>),
    /// `>`: a message that answers no command. **Shape**: at least one value; the first is a
    /// string that names its kind, such as `invalidate`.
    Push(Elements<'a>),
}

impl<'a> Value<'a> {
    /// What a value of this type is called, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Simple(_) => "simple string",
            Self::Error(_) => "error",
            Self::Integer(_) => "integer",
            Self::Bulk(_) => "bulk string",
            Self::Double(_) => "double",
            Self::Boolean(_) => "boolean",
            Self::BigNumber(_) => "big number",
            Self::Verbatim { .. } => "verbatim string",
            Self::Array(_) => "array",
            Self::Set(_) => "set",
            Self::Map(_) => "map",
            Self::Push(_) => "push",
        }
    }

    /// The text of a string of any type, or the digits of a big number. An error is no string.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Simple(text)
            | Self::Bulk(text)
            | Self::BigNumber(text)
            | Self::Verbatim { text, .. } => Some(text),
            Self::Null
            | Self::Error(_)
            | Self::Integer(_)
            | Self::Double(_)
            | Self::Boolean(_)
            | Self::Array(_)
            | Self::Set(_)
            | Self::Map(_)
            | Self::Push(_) => None,
        }
    }

    /// [`Value::as_bytes`], if it is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&'a str> {
        str::from_utf8(self.as_bytes()?).ok()
    }

    /// The integer, or the one that a simple or bulk string spells.
    ///
    /// **Shape**: spelled as servers spell it: no `+`, no blanks, no leading zeros, no `-0`.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(number) = *self {
            return Some(number);
        }
        let (Self::Simple(text) | Self::Bulk(text)) = *self else { return None };
        match text {
            b"0" => Some(0),
            [b'1'..=b'9', ..] | [b'-', b'1'..=b'9', ..] => str::from_utf8(text).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// Whether this is a null of any kind.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The values of an array, set or push.
    #[must_use]
    pub const fn elements(&self) -> Option<Elements<'a>> {
        if let Self::Array(elements) | Self::Set(elements) | Self::Push(elements) = *self {
            Some(elements)
        } else {
            None
        }
    }

    /// The pairs of a map, or of an array of even length: that is how RESP2 sends maps.
    #[must_use]
    pub const fn pairs(&self) -> Option<Pairs<'a>> {
        if let Self::Map(pairs) = *self {
            return Some(pairs);
        }
        let Self::Array(flat) = *self else { return None };
        if flat.remaining.is_multiple_of(2) { Some(Pairs { flat }) } else { None }
    }

    /// What is in an aggregate, keys and values of a map alike.
    pub(crate) const fn flat(&self) -> Option<Elements<'a>> {
        if let Self::Map(Pairs { flat }) = *self { Some(flat) } else { self.elements() }
    }

    /// How many values follow the header of this one.
    const fn element_count(&self) -> usize {
        match self.flat() {
            Some(flat) => flat.remaining,
            None => 0,
        }
    }
}

/// The values of an array, set or push: an iterator over borrowed bytes.
///
/// **Cost**: a copy is four words, and copying starts no walk. A step reads one value; a step past
/// an aggregate runs over all that is in it. No allocation.
#[derive(Clone, Copy)]
pub struct Elements<'a> {
    /// Begins behind the last value that was handed out; behind its header, if it has elements.
    bytes: &'a [u8],
    /// Values to step over first: those inside of the last one that was handed out.
    behind: usize,
    /// Values to hand out.
    remaining: usize,
}

impl<'a> Elements<'a> {
    /// No values.
    pub(crate) const EMPTY: Self = Self { bytes: &[], behind: 0, remaining: 0 };

    /// How many values are left.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.remaining
    }

    /// Whether no value is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.remaining == 0
    }

    /// The value with this index among those that are left.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        let mut walk = *self;
        walk.nth(index)
    }

    /// The bytes of the next value as they travelled, with the attributes before it.
    #[inline]
    pub(crate) fn next_bytes(&mut self) -> Option<&'a [u8]> {
        let remaining = self.remaining.checked_sub(1)?;
        let start = if self.behind == 0 { self.bytes } else { skip(self.bytes, self.behind)? };
        let end = skip(start, 1)?;
        *self = Self { bytes: end, behind: 0, remaining };
        start.get(..start.len() - end.len())
    }

    /// The bytes of all values that are left, with their attributes.
    pub(crate) fn to_bytes(self) -> &'a [u8] {
        let bytes = |start: &'a [u8]| {
            let end = skip(start, self.remaining)?;
            start.get(..start.len() - end.len())
        };
        skip(self.bytes, self.behind).and_then(bytes).unwrap_or_default()
    }

    /// All that is left, in the order in which it is written: an aggregate comes before what is in
    /// it.
    pub(super) fn walk(self) -> Walk<'a> {
        match skip(self.bytes, self.behind) {
            Some(bytes) => Walk { bytes, count: self.remaining },
            None => Walk { bytes: &[], count: 0 },
        }
    }
}

#[allow(clippy::copy_iterator, reason = "a copy is a bookmark: walks are cheap to restart")]
impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        let remaining = self.remaining.checked_sub(1)?;
        let bytes = if self.behind == 0 { Some(self.bytes) } else { skip(self.bytes, self.behind) };
        let Some((value, rest)) = bytes.and_then(read) else {
            self.remaining = 0;
            return None;
        };
        *self = Self { bytes: rest, behind: value.element_count(), remaining };
        Some(value)
    }

    fn nth(&mut self, count: usize) -> Option<Value<'a>> {
        let count = count.min(self.remaining);
        self.behind = self.behind.saturating_add(count);
        self.remaining -= count;
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Elements<'_> {}
impl core::iter::FusedIterator for Elements<'_> {}

impl PartialEq for Elements<'_> {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (Value<'_>, Value<'_>)| {
            let count = a.element_count();
            // What is inside of an aggregate follows in the walk; without that, no recursion.
            discriminant(&a) == discriminant(&b)
                && count == b.element_count()
                && (count > 0 || a == b)
        };
        self.remaining == other.remaining && self.walk().zip(other.walk()).all(same)
    }
}

/// The pairs of a map: an iterator over borrowed bytes. **Cost**: as [`Elements`].
#[derive(Clone, Copy, PartialEq)]
pub struct Pairs<'a> {
    /// Keys and values in turn. **Invariant**: an even number.
    flat: Elements<'a>,
}

impl<'a> Pairs<'a> {
    /// Keys and values in turn.
    pub(crate) const fn flat(self) -> Elements<'a> {
        self.flat
    }

    /// How many pairs are left.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.flat.remaining / 2
    }

    /// Whether no pair is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.flat.remaining == 0
    }

    /// The value of the first pair whose key is a string with this text.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<Value<'a>> {
        let mut walk = *self;
        walk.find(|(found, _)| found.as_bytes() == Some(key)).map(|(_, value)| value)
    }
}

#[allow(clippy::copy_iterator, reason = "a copy is a bookmark: walks are cheap to restart")]
impl<'a> Iterator for Pairs<'a> {
    type Item = (Value<'a>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.flat.next()?, self.flat.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl ExactSizeIterator for Pairs<'_> {}
impl core::iter::FusedIterator for Pairs<'_> {}

/// Values in the order in which they are written, those inside of aggregates included.
pub(super) struct Walk<'a> {
    bytes: &'a [u8],
    count: usize,
}

impl<'a> Iterator for Walk<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let count = self.count.checked_sub(1)?;
        let (value, rest) = read(self.bytes)?;
        *self = Self { bytes: rest, count: count.saturating_add(value.element_count()) };
        Some(value)
    }
}

/// The first value without its attributes, and the bytes behind it; of an aggregate, those behind
/// its header.
#[inline]
pub(crate) fn read(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    // Most values are bulk strings.
    if let Some(rest) = bytes.strip_prefix(b"$")
        && let Some((Some(text), rest)) = bulk(rest)
    {
        return Some((Value::Bulk(text), rest));
    }
    read_any(bytes)
}

/// [`read`] without the short cut.
#[inline(never)]
fn read_any(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let (kind, rest) = without_attributes(bytes)?;
    Some(match kind {
        b'$' | b'!' | b'=' => match bulk(rest)? {
            (None, rest) => (Value::Null, rest),
            (Some(text), rest) if kind == b'$' => (Value::Bulk(text), rest),
            (Some(text), rest) if kind == b'!' => (Value::Error(text), rest),
            (Some(text), rest) => {
                let (format, text) = text.split_at_checked(3)?;
                (Value::Verbatim { format, text: text.get(1..)? }, rest)
            }
        },
        b':' => {
            let (number, rest) = number(rest)?;
            (Value::Integer(number), rest)
        }
        b'*' | b'~' | b'>' | b'%' => {
            let (count, rest) = number(rest)?;
            let Ok(remaining) = usize::try_from(count) else { return Some((Value::Null, rest)) };
            let elements = |remaining| Elements { bytes: rest, behind: 0, remaining };
            let value = match kind {
                b'*' => Value::Array(elements(remaining)),
                b'~' => Value::Set(elements(remaining)),
                b'>' => Value::Push(elements(remaining)),
                _ => Value::Map(Pairs { flat: elements(remaining.checked_mul(2)?) }),
            };
            (value, rest)
        }
        _ => {
            let (text, rest) = line(rest)?;
            let value = match kind {
                b'+' => Value::Simple(text),
                b'-' => Value::Error(text),
                b'#' => Value::Boolean(text == b"t"),
                b',' => Value::Double(str::from_utf8(text).ok()?.parse().ok()?),
                b'(' => Value::BigNumber(text),
                _ => Value::Null,
            };
            (value, rest)
        }
    })
}

/// The type of the first value that is no attribute, and the bytes behind that byte.
#[inline]
pub(super) fn without_attributes(mut bytes: &[u8]) -> Option<(u8, &[u8])> {
    loop {
        let (&kind, rest) = bytes.split_first()?;
        if kind != b'|' {
            return Some((kind, rest));
        }
        let (pairs, _) = attributes(bytes)?;
        bytes = skip(pairs.flat.bytes, pairs.flat.remaining)?;
    }
}

/// The pairs of all attributes before the first value.
pub(crate) fn all_attributes(mut bytes: &[u8]) -> impl Iterator<Item = Pairs<'_>> {
    core::iter::from_fn(move || {
        let (pairs, rest) = attributes(bytes)?;
        bytes = skip(rest, pairs.flat.remaining)?;
        Some(pairs)
    })
}

/// The pairs of the attribute that the bytes begin with, and the bytes behind its header.
pub(super) fn attributes(bytes: &[u8]) -> Option<(Pairs<'_>, &[u8])> {
    let (count, rest) = number(bytes.strip_prefix(b"|")?)?;
    let remaining = usize::try_from(count).ok()?.checked_mul(2)?;
    Some((Pairs { flat: Elements { bytes: rest, behind: 0, remaining } }, rest))
}

/// The bytes behind the next `count` values.
#[inline]
pub(super) fn skip(mut bytes: &[u8], mut count: usize) -> Option<&[u8]> {
    while count > 0 {
        let (&kind, rest) = bytes.split_first()?;
        bytes = match kind {
            b'$' | b'!' | b'=' => bulk(rest)?.1,
            b'*' | b'~' | b'>' | b'%' | b'|' => {
                let (inside, rest) = number(rest)?;
                let inside = usize::try_from(inside).unwrap_or(0);
                let width = if matches!(kind, b'%' | b'|') { 2 } else { 1 };
                count = count.saturating_add(inside.saturating_mul(width));
                rest
            }
            _ => line(rest)?.1,
        };
        count -= usize::from(kind != b'|');
    }
    Some(bytes)
}

/// The text of a bulk string behind its type byte, and the bytes behind it; no text if it is null.
#[inline]
pub(super) fn bulk(bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (len, rest) = number(bytes)?;
    let Ok(len) = usize::try_from(len) else { return Some((None, rest)) };
    let (text, rest) = rest.split_at_checked(len)?;
    Some((Some(text), rest.get(2..)?))
}

/// The number that a line spells, and the bytes behind the line.
#[inline]
pub(super) fn number(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (is_negative, mut rest) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    let mut number = 0_i64;
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        // Towards the lower end, which reaches one further than the upper.
        number = number.wrapping_mul(10).wrapping_sub(i64::from(digit - b'0'));
        rest = after;
    }
    Some((if is_negative { number } else { number.wrapping_neg() }, rest.get(2..)?))
}

/// The text of a line, and the bytes behind the line.
#[inline]
pub(super) fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = bytes.iter().position(|&byte| byte == b'\r')?;
    let (text, rest) = bytes.split_at_checked(len)?;
    Some((text, rest.get(2..)?))
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown { value: *self, depth: 0 }.fmt(f)
    }
}

impl fmt::Debug for Elements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_list(f, *self, 0)
    }
}

impl fmt::Debug for Pairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_map(f, *self, 0)
    }
}

/// A value as `{:?}` shows it inside of `depth` others.
struct Shown<'a> {
    value: Value<'a>,
    depth: usize,
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value {
            Value::Null => f.write_str("Null"),
            Value::Simple(text) => write!(f, "Simple({})", Text(text)),
            Value::Error(text) => write!(f, "Error({})", Text(text)),
            Value::Integer(number) => write!(f, "Integer({number})"),
            Value::Bulk(text) => write!(f, "Bulk({})", Text(text)),
            Value::Double(number) => write!(f, "Double({number:?})"),
            Value::Boolean(truth) => write!(f, "Boolean({truth})"),
            Value::BigNumber(text) => write!(f, "BigNumber({})", Text(text)),
            Value::Verbatim { format, text } => {
                write!(f, "Verbatim({}, {})", Text(format), Text(text))
            }
            Value::Array(elements) => show_list(f, elements, self.depth),
            Value::Set(elements) => {
                f.write_str("Set")?;
                show_list(f, elements, self.depth)
            }
            Value::Push(elements) => {
                f.write_str("Push")?;
                show_list(f, elements, self.depth)
            }
            Value::Map(pairs) => show_map(f, pairs, self.depth),
        }
    }
}

fn show_list(f: &mut fmt::Formatter<'_>, elements: Elements<'_>, depth: usize) -> fmt::Result {
    if depth >= SHOWN_DEPTH_MAX {
        return f.write_str("[..]");
    }
    let mut list = f.debug_list();
    list.entries(
        elements.take(SHOWN_ELEMENT_COUNT_MAX).map(|value| Shown { value, depth: depth + 1 }),
    );
    if elements.len() > SHOWN_ELEMENT_COUNT_MAX {
        list.finish_non_exhaustive()
    } else {
        list.finish()
    }
}

fn show_map(f: &mut fmt::Formatter<'_>, pairs: Pairs<'_>, depth: usize) -> fmt::Result {
    if depth >= SHOWN_DEPTH_MAX {
        return f.write_str("{..}");
    }
    let show = |value| Shown { value, depth: depth + 1 };
    let mut map = f.debug_map();
    map.entries(pairs.take(SHOWN_ELEMENT_COUNT_MAX).map(|(key, value)| (show(key), show(value))));
    if pairs.len() > SHOWN_ELEMENT_COUNT_MAX { map.finish_non_exhaustive() } else { map.finish() }
}

/// Bytes in quotes, the end of long ones replaced by their length.
struct Text<'a>(&'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.get(..SHOWN_TEXT_LEN_MAX).unwrap_or(self.0);
        write!(f, "\"{}\"", shown.escape_ascii())?;
        if shown.len() < self.0.len() {
            write!(f, ".. {} bytes", self.0.len())?;
        }
        Ok(())
    }
}
