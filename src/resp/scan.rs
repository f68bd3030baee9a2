//! Finds where a frame ends, in bytes that arrive in pieces.
//!
//! Rules of this file:
//! - What is found depends on the bytes alone, never on how they were cut into pieces.
//! - Framing that cannot be understood loses the stream. Content that is odd, and limits that are
//!   broken, lose one frame: its end is found all the same, and none of it is kept ([`skip`]).
//! - A length is checked against the limits as soon as its line is read, and nothing is allocated
//!   for it: the only memory is one number for each level of nesting.
//! - No byte is searched twice. When more bytes arrive, reading goes on at the value that was cut
//!   off; only its number, 20 digits at most, or the first 32 bytes of its line are read again.
//! - What passes here can be read by [`Value`](super::Value) without a check.
//!
//! [`skip`]: super::skip
//!
//! Theory of operation: `remaining` counts the values of the innermost aggregate that have not
//! begun, `outer` the same for the aggregates around it. A value takes one from `remaining`; an
//! aggregate does so too and then opens a level of its own. An attribute opens a level without
//! taking one, since it is no value. When `remaining` is zero, a level is closed; when there is
//! none left, the frame ends.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::skip::Skipper;
use super::value;
use crate::config::Limits;
use crate::error::{ProtocolError, Violation};

/// The fewest bytes that a value has: a type byte, CR and LF.
pub(super) const VALUE_LEN_MIN: usize = 3;

/// The most digits that a number has: those of 2^63.
const DIGIT_COUNT_MAX: usize = 19;

/// The longest line of a simple string that is read at once. Longer ones may come in pieces, and
/// are not to be searched again for each.
const COMMON_LINE_LEN_MAX: usize = 32;

/// Ten times this and a digit fits a `usize` everywhere.
const COMMON_NUMBER_MAX: usize = 99_999_999;

/// What [`Scanner::scan`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "complete: a frame is there or not yet, whole or broken"
)]
pub enum Scan {
    /// The buffer begins with a complete frame.
    Frame {
        /// The length of the frame in bytes, attributes included.
        len: usize,
    },
    /// The frame is not complete.
    More {
        /// **Shape**: 1 or more. The frame cannot end before this many further bytes. **Limit**:
        /// with what is there already not above `max_frame_bytes` of [`Limits`] as soon as a length
        /// has been read.
        needed: usize,
    },
    /// The buffer begins with the end of a frame that cannot be used: its content is odd, or beyond
    /// the limits. The next frame follows it.
    Broken {
        /// How many bytes of the buffer belong to it. Those that were skipped before do not count.
        len: usize,
        /// Whether it is a push, and answers no command.
        is_push: bool,
        /// Why it cannot be used.
        error: ProtocolError,
    },
    /// All of the buffer belongs to a frame that cannot be used, and whose end has not come.
    ///
    /// **Shape**: the next buffer begins behind these bytes. The scanner does not need them any
    /// more.
    Skipped {
        /// Whether it is a push, as far as that is known.
        is_push: bool,
        /// Why it cannot be used.
        error: ProtocolError,
    },
}

/// A resumable search for the end of a frame.
///
/// **Cost**: linear in the bytes, however many pieces they come in. No allocation, except one
/// number for each level of nesting beyond the deepest so far, and one for a frame that cannot be
/// used.
///
/// ```
/// use hashslot::resp::{Scan, Scanner};
///
/// let mut scanner = Scanner::new(Default::default());
/// let received = b"$5\r\nhello\r\n+OK\r\n";
/// assert_eq!(scanner.scan(&received[..6])?, Scan::More { needed: 5 });
/// assert_eq!(scanner.scan(received)?, Scan::Frame { len: 11 });
/// assert_eq!(scanner.scan(&received[11..])?, Scan::Frame { len: 5 });
/// # Ok::<(), hashslot::error::ProtocolError>(())
/// ```
#[derive(Debug, Clone)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub struct Scanner {
    limits: Limits,
    /// The longest frame that may be a reply.
    reply_len_max: usize,
    /// The longest that the current frame may be.
    len_max: usize,
    /// Where the value that is read next begins. Everything before it is done with.
    at: usize,
    /// Up to here, the line of that value is known to have no end.
    searched: usize,
    /// Values of the innermost aggregate that have not begun. Never 0 between calls.
    remaining: usize,
    /// The same of the aggregates around it, the outermost first.
    outer: Vec<usize>,
    /// The sum of `outer`.
    outer_sum: usize,
    /// Values that the aggregates of this frame declared.
    element_count: usize,
    /// A push has begun and its first value is not known to be a string yet.
    push_is_unnamed: bool,
    /// Looks for the end of a frame that cannot be used. Then `at` is not 0.
    skipper: Option<Box<Skipper>>,
}

/// What one step found.
enum Step {
    /// A value without elements, or the header of an aggregate.
    Done { end: usize },
    /// The buffer ends inside of it; the bytes missing at least.
    More { missing: usize },
}

impl Scanner {
    /// A scanner that refuses what these limits do not allow.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        // No buffer is longer, and sums of these cannot overflow.
        let max_frame_bytes = limits.max_frame_bytes.min(usize::MAX / 8);
        let max_elements = limits.max_elements.min(usize::MAX / 8);
        Self {
            limits: Limits { max_frame_bytes, max_elements, ..limits },
            reply_len_max: max_frame_bytes,
            len_max: max_frame_bytes,
            at: 0,
            searched: 0,
            remaining: 1,
            outer: Vec::new(),
            outer_sum: 0,
            element_count: 0,
            push_is_unnamed: false,
            skipper: None,
        }
    }

    /// Has replies be no longer than this from the next frame on. To be called between two frames.
    pub(crate) fn set_reply_len_max(&mut self, len_max: usize) {
        self.reply_len_max = len_max.min(self.limits.max_frame_bytes);
        if self.at == 0 {
            self.len_max = self.reply_len_max;
        }
    }

    /// Reads past the frame that `buffer` begins with, and that was not complete: nothing of it is
    /// of use any more.
    #[cold]
    pub(crate) fn give_up(&mut self, why: Violation, buffer: &[u8]) -> Result<Scan, ProtocolError> {
        if self.skipper.is_some() {
            return self.skip(buffer, 0);
        }
        self.fail(violation(buffer.len(), why), buffer)
    }

    /// Looks for the end of the frame that `buffer` begins with.
    ///
    /// **Shape**: until a frame is found, `buffer` begins with the same frame at every call and
    /// only grows. After [`Scan::Frame`] and [`Scan::Broken`] the scanner stands at the start of
    /// the next frame, and `buffer` has to begin there; after [`Scan::Skipped`] behind all that it
    /// was given.
    ///
    /// # Errors
    /// The bytes are not RESP, or a frame is longer than `max_skipped_bytes` of [`Limits`] and
    /// cannot be used: the server's fault. The offset is that of the first byte that cannot be
    /// there; where a number or a length is out of bounds, it is that of the value it belongs to.
    /// The stream is lost then: nothing tells where the next frame begins. Scanning again gives the
    /// same error.
    pub fn scan(&mut self, buffer: &[u8]) -> Result<Scan, ProtocolError> {
        // Most frames are one common value, and there in full.
        if self.at == 0
            && let Some(len) = common_len(buffer)
            && len <= self.len_max
        {
            self.searched = 0;
            return Ok(Scan::Frame { len });
        }
        self.scan_longer(buffer)
    }

    /// [`Scanner::scan`] for what is not one common value. A command that was split is answered by
    /// arrays of few.
    #[inline(never)]
    fn scan_longer(&mut self, buffer: &[u8]) -> Result<Scan, ProtocolError> {
        if self.at == 0
            && let Some((count, len)) = few_len(buffer)
            && len <= self.len_max
            && count <= self.limits.max_elements
            && self.limits.max_depth > 0
        {
            self.searched = 0;
            return Ok(Scan::Frame { len });
        }
        self.scan_any(buffer)
    }

    /// [`Scanner::scan`] without the short cut.
    #[inline(never)]
    fn scan_any(&mut self, buffer: &[u8]) -> Result<Scan, ProtocolError> {
        if self.skipper.is_some() {
            return self.skip(buffer, 0);
        }
        loop {
            self.take_common(buffer);
            while self.remaining == 0 {
                let Some(remaining) = self.outer.pop() else {
                    let len = self.at;
                    self.start_over();
                    return Ok(Scan::Frame { len });
                };
                self.outer_sum -= remaining;
                self.remaining = remaining;
            }
            match self.step(buffer) {
                Ok(Step::Done { end }) => self.at = end,
                Ok(Step::More { missing }) => {
                    self.check();
                    return Ok(Scan::More { needed: len_min(missing, self.unbegun_count() - 1) });
                }
                Err(error) => return self.fail(error, buffer),
            }
        }
    }

    /// The stream is lost; or only the frame is, which broke a limit or has odd content: then its
    /// end is looked for from the current value on.
    #[cold]
    fn fail(&mut self, error: ProtocolError, buffer: &[u8]) -> Result<Scan, ProtocolError> {
        if !error.violation.leaves_framing() {
            return Err(error);
        }
        let at = self.at;
        let begun = value::without_attributes(buffer.get(..at).unwrap_or_default());
        let (kind, len_max) = (begun.map(|(kind, _)| kind), self.limits.max_skipped_bytes);
        let skipper = Skipper::new(error, kind, at, self.unbegun_count(), len_max);
        self.skipper = Some(Box::new(skipper));
        self.outer.clear();
        self.outer_sum = 0;
        self.push_is_unnamed = false;
        self.start_over();
        self.at = 1; // no short cut
        self.skip(buffer, at)
    }

    /// Goes on with looking for the end of a frame that cannot be used, at `at`.
    #[cold]
    fn skip(&mut self, buffer: &[u8], at: usize) -> Result<Scan, ProtocolError> {
        let Some(skipper) = &mut self.skipper else { return Ok(Scan::More { needed: 1 }) };
        let end = skipper.skip(buffer.get(at..).unwrap_or_default())?;
        let (is_push, error) = (skipper.is_push(), skipper.error());
        let Some(len) = end else { return Ok(Scan::Skipped { is_push, error }) };
        self.skipper = None;
        self.start_over();
        Ok(Scan::Broken { len: at + len, is_push, error })
    }

    /// Takes the values that are complete and of the most common types, as far as they go. Whatever
    /// it leaves, for whatever reason, [`Scanner::step`] decides on.
    #[inline]
    fn take_common(&mut self, buffer: &[u8]) {
        if self.push_is_unnamed {
            return;
        }
        let len_max = self.len_max - len_min(0, self.outer_sum);
        let (mut at, mut remaining) = (self.at, self.remaining);
        while remaining > 0
            && let Some(len) = buffer.get(at..).and_then(common_len)
            && len_min(at + len, remaining - 1) <= len_max
        {
            at += len;
            remaining -= 1;
        }
        self.at = at;
        self.remaining = remaining;
    }

    /// Reads one value, or the header of an aggregate, and takes it from `remaining`.
    #[inline]
    fn step(&mut self, buffer: &[u8]) -> Result<Step, ProtocolError> {
        let start = self.at;
        let Some(&kind) = buffer.get(start) else {
            return Ok(Step::More { missing: VALUE_LEN_MIN });
        };
        if self.push_is_unnamed {
            self.check_name(buffer, kind)?;
        }
        let end = match kind {
            b'$' | b'!' | b'=' => return self.bulk(buffer, kind),
            b':' => number(buffer, start)?.map(|(_, end)| end),
            b'+' | b'-' | b'(' => self.line(buffer)?,
            b'*' | b'%' | b'~' | b'>' | b'|' => return self.aggregate(buffer, kind),
            b'_' => fixed(buffer, start, 0)?,
            b'#' => match buffer.get(start + 1) {
                Some(b't' | b'f') => fixed(buffer, start, 1)?,
                Some(_) => return Err(violation(start + 1, Violation::Malformed)),
                None => None,
            },
            b',' => self.double(buffer)?,
            _ => return Err(violation(start, Violation::UnknownType(kind))),
        };
        match end {
            Some(end) if len_min(end, self.unbegun_count() - 1) > self.len_max => {
                Err(self.too_long(start))
            }
            Some(end) => Ok(self.value_ends(end)),
            None => Ok(line_cut_off(buffer)),
        }
    }

    /// A bulk string, bulk error or verbatim string.
    #[inline]
    fn bulk(&mut self, buffer: &[u8], kind: u8) -> Result<Step, ProtocolError> {
        let start = self.at;
        let Some((len, body)) = number(buffer, start)? else {
            return Ok(line_cut_off(buffer));
        };
        let Ok(len) = usize::try_from(len) else {
            return self.null_or_violation(len, body, kind);
        };
        // Two bytes for the CR LF of the body.
        let end = body.saturating_add(len).saturating_add(2);
        if end > self.len_max || len_min(end, self.unbegun_count() - 1) > self.len_max {
            return Err(self.too_long(start));
        }
        if kind == b'=' && len < 4 {
            return Err(violation(start, Violation::Malformed));
        }
        match buffer.get(end - 2..end) {
            None => Ok(Step::More { missing: end - buffer.len() }),
            Some(_) if kind == b'=' && buffer.get(body + 3) != Some(&b':') => {
                Err(violation(body + 3, Violation::Malformed))
            }
            Some(b"\r\n") => Ok(self.value_ends(end)),
            Some(other) => {
                let at = if other.starts_with(b"\r") { end - 1 } else { end - 2 };
                Err(violation(at, Violation::BulkEnd))
            }
        }
    }

    /// The header of an array, set, push, map or attribute.
    fn aggregate(&mut self, buffer: &[u8], kind: u8) -> Result<Step, ProtocolError> {
        let start = self.at;
        if kind == b'>' {
            if !self.outer.is_empty() {
                return Err(violation(start, Violation::NestedPush));
            }
            self.len_max = self.limits.max_push_bytes.min(self.limits.max_frame_bytes);
        }
        let Some((count, end)) = number(buffer, start)? else {
            return Ok(line_cut_off(buffer));
        };
        if count < 0 {
            return self.null_or_violation(count, end, kind);
        }
        if kind == b'>' && count == 0 {
            return Err(violation(start, Violation::Malformed));
        }
        // An attribute counts itself, so that empty ones cannot be heaped up.
        let (width, own) = match kind {
            b'%' => (2, 0),
            b'|' => (2, 1),
            _ => (1, 0),
        };
        let element_count = usize::try_from(count)
            .ok()
            .and_then(|count| {
                count.checked_mul(width)?.checked_add(own)?.checked_add(self.element_count)
            })
            .filter(|&count| count <= self.limits.max_elements)
            .ok_or_else(|| violation(start, Violation::TooManyElements))?;
        if self.outer.len() >= self.limits.max_depth {
            return Err(violation(start, Violation::TooDeep));
        }
        let opened = element_count - self.element_count - own;
        let unbegun = self.unbegun_count() - 1 + own + opened;
        if len_min(end, unbegun) > self.len_max {
            return Err(self.too_long(start));
        }
        self.element_count = element_count;
        self.remaining -= usize::from(kind != b'|');
        self.outer.push(self.remaining);
        self.outer_sum += self.remaining;
        self.remaining = opened;
        self.push_is_unnamed |= kind == b'>';
        Ok(Step::Done { end })
    }

    /// Searches the line of the current value; its end, if it is there.
    fn line(&mut self, buffer: &[u8]) -> Result<Option<usize>, ProtocolError> {
        let text = self.at + 1;
        let room = self.len_max.saturating_sub(self.at + VALUE_LEN_MIN);
        let limit = text.saturating_add(room);
        let from = self.searched.max(text);
        let unsearched = buffer.get(from..).unwrap_or_default();
        let found = unsearched.iter().position(|&byte| byte == b'\r' || byte == b'\n');
        let at = found.map_or(buffer.len(), |index| from + index);
        if at > limit {
            return Err(self.too_long(self.at));
        }
        self.searched = at;
        line_end(buffer, at, Violation::LineEnd)
    }

    /// The line of a double.
    fn double(&mut self, buffer: &[u8]) -> Result<Option<usize>, ProtocolError> {
        let Some(end) = self.line(buffer)? else { return Ok(None) };
        let text = buffer.get(self.at + 1..end - 2).unwrap_or_default();
        if is_double(text) { Ok(Some(end)) } else { Err(violation(self.at, Violation::Number)) }
    }

    /// A length below zero: a null where -1 means that. Of other types it is read past as one.
    #[cold]
    fn null_or_violation(&mut self, len: i64, end: usize, kind: u8) -> Result<Step, ProtocolError> {
        match kind {
            b'$' | b'*' if len == -1 => {}
            b'!' | b'=' | b'%' | b'~' if len == -1 => {
                return Err(violation(self.at, Violation::Malformed));
            }
            _ => return Err(violation(self.at, Violation::NegativeLength)),
        }
        if len_min(end, self.unbegun_count() - 1) > self.len_max {
            return Err(self.too_long(self.at));
        }
        Ok(self.value_ends(end))
    }

    /// Checks that the first value of a push, its name, is a string.
    #[cold]
    fn check_name(&mut self, buffer: &[u8], kind: u8) -> Result<(), ProtocolError> {
        if kind == b'|' || self.outer.len() != 1 {
            return Ok(()); // an attribute of the name, or something inside of that
        }
        match (kind, buffer.get(self.at + 1)) {
            (b'+' | b'=', _) => self.push_is_unnamed = false,
            (b'$', None) => {}
            (b'$', Some(byte)) if *byte != b'-' => self.push_is_unnamed = false,
            _ => return Err(violation(self.at, Violation::Malformed)),
        }
        Ok(())
    }

    /// The frame is longer than it may be.
    #[cold]
    const fn too_long(&self, offset: usize) -> ProtocolError {
        if self.len_max < self.limits.max_frame_bytes {
            violation(offset, Violation::TooLongForItsKind)
        } else {
            violation(offset, Violation::FrameTooLong)
        }
    }

    #[inline]
    fn value_ends(&mut self, end: usize) -> Step {
        self.remaining -= 1;
        Step::Done { end }
    }

    /// How many values have not ended, as far as they are known of; the current one is among them.
    #[inline]
    const fn unbegun_count(&self) -> usize {
        self.remaining + self.outer_sum
    }

    #[inline]
    fn start_over(&mut self) {
        self.at = 0;
        self.searched = 0;
        self.remaining = 1;
        self.element_count = 0;
        self.len_max = self.reply_len_max;
        self.check();
    }

    fn check(&self) {
        debug_assert!(self.remaining > 0, "a level without values is closed at once");
        debug_assert_eq!(
            self.outer_sum,
            self.outer.iter().sum::<usize>(),
            "the sum follows the levels"
        );
        debug_assert!(self.outer.len() <= self.limits.max_depth, "the depth is bounded");
        debug_assert!(self.at <= self.limits.max_frame_bytes, "the length is bounded");
    }
}

/// The fewest bytes that `len` bytes and then `value_count` values have. [`Scanner::new`] sees to
/// it that this cannot overflow.
#[inline]
const fn len_min(len: usize, value_count: usize) -> usize {
    len + value_count * VALUE_LEN_MIN
}

/// The length of the value that the bytes begin with, if it is complete and of a common type.
#[allow(clippy::inline_always, reason = "the hot path, and small")]
#[inline(always)]
fn common_len(bytes: &[u8]) -> Option<usize> {
    let (&kind, line) = bytes.split_first()?;
    let behind = match kind {
        b'$' | b':' => {
            let (number, behind) = common_number(line)?;
            if kind == b'$' { behind.get(number..)?.strip_prefix(b"\r\n")? } else { behind }
        }
        b'+' => {
            let searched = line.get(..COMMON_LINE_LEN_MAX).unwrap_or(line);
            let len = searched.iter().position(|&byte| byte == b'\r' || byte == b'\n')?;
            line.get(len..)?.strip_prefix(b"\r\n")?
        }
        b'_' => line.strip_prefix(b"\r\n")?,
        _ => return None,
    };
    Some(bytes.len() - behind.len())
}

/// The count and the length of the array of 1 to 9 values that the bytes begin with, if all of them
/// are complete and of common types.
#[inline]
fn few_len(bytes: &[u8]) -> Option<(usize, usize)> {
    let [b'*', digit @ b'1'..=b'9', b'\r', b'\n', values @ ..] = bytes else { return None };
    let count = usize::from(digit - b'0');
    let mut behind = values;
    for _ in 0..count {
        behind = behind.get(common_len(behind)?..)?;
    }
    Some((count, bytes.len() - behind.len()))
}

/// The number that a line spells, and the bytes behind the line, if it has few digits and no sign.
#[inline]
fn common_number(line: &[u8]) -> Option<(usize, &[u8])> {
    let (first @ b'0'..=b'9', mut rest) = line.split_first()? else { return None };
    let mut number = usize::from(first - b'0');
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        if number == 0 || number > COMMON_NUMBER_MAX {
            return None;
        }
        number = number * 10 + usize::from(digit - b'0');
        rest = after;
    }
    Some((number, rest.strip_prefix(b"\r\n")?))
}

/// The number in the line of the value at `start`, and the end of the line, if it is there.
#[inline]
fn number(buffer: &[u8], start: usize) -> Result<Option<(i64, usize)>, ProtocolError> {
    let is_negative = buffer.get(start + 1) == Some(&b'-');
    let first = start + 1 + usize::from(is_negative);
    let mut at = first;
    let mut magnitude = 0_u64;
    let end = loop {
        let Some(&byte) = buffer.get(at) else { return Ok(None) };
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break byte;
        }
        if at - first == DIGIT_COUNT_MAX {
            return Err(number_out_of_bounds(buffer, start));
        }
        magnitude = magnitude * 10 + u64::from(digit);
        at += 1;
    };
    let digit_count = at - first;
    let leads_with_zero = digit_count > 0 && buffer.get(first) == Some(&b'0');
    if end != b'\r' || digit_count == 0 || (leads_with_zero && (is_negative || digit_count > 1)) {
        return Err(malformed_number(buffer, start, if leads_with_zero { first } else { at }));
    }
    let value = if is_negative {
        0_i64.checked_sub_unsigned(magnitude)
    } else {
        0_i64.checked_add_unsigned(magnitude)
    };
    let Some(value) = value else { return Err(number_out_of_bounds(buffer, start)) };
    Ok(line_end(buffer, at, Violation::LineEnd)?.map(|end| (value, end)))
}

#[cold]
fn malformed_number(buffer: &[u8], start: usize, at: usize) -> ProtocolError {
    match (buffer.get(start), buffer.get(at)) {
        (Some(kind), Some(b'?')) if *kind != b':' && at == start + 1 => {
            violation(start, Violation::Streamed)
        }
        (_, Some(b'\n')) => violation(at, Violation::LineEnd),
        _ => violation(at, bad_number(buffer, start)),
    }
}

#[cold]
fn number_out_of_bounds(buffer: &[u8], start: usize) -> ProtocolError {
    violation(start, bad_number(buffer, start))
}

/// An integer that is none is odd content; a length that is none hides where the next value begins.
#[cold]
fn bad_number(buffer: &[u8], start: usize) -> Violation {
    if buffer.get(start) == Some(&b':') { Violation::Number } else { Violation::Length }
}

/// The end of the value at `start` whose line has `text_len` bytes.
fn fixed(buffer: &[u8], start: usize, text_len: usize) -> Result<Option<usize>, ProtocolError> {
    line_end(buffer, start + 1 + text_len, Violation::Malformed)
}

/// The end of the line whose CR is due at `at`, if it is there; `other` says what a byte is that is
/// neither CR nor LF.
#[inline]
fn line_end(buffer: &[u8], at: usize, other: Violation) -> Result<Option<usize>, ProtocolError> {
    match (buffer.get(at), buffer.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => Ok(Some(at + 2)),
        (Some(b'\r'), Some(_)) => Err(violation(at + 1, Violation::LineEnd)),
        (Some(b'\r') | None, _) => Ok(None),
        (Some(b'\n'), _) => Err(violation(at, Violation::LineEnd)),
        (Some(_), _) => Err(violation(at, other)),
    }
}

/// The buffer ends inside of a line.
#[cold]
fn line_cut_off(buffer: &[u8]) -> Step {
    Step::More { missing: if buffer.ends_with(b"\r") { 1 } else { 2 } }
}

fn is_double(text: &[u8]) -> bool {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    if matches!(unsigned, b"inf" | b"nan") {
        return true;
    }
    let (mut well_formed, mut rest) = without_digits(unsigned);
    if let Some(fraction) = rest.strip_prefix(b".") {
        let (has_digits, after) = without_digits(fraction);
        well_formed &= has_digits;
        rest = after;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let digits = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-"));
        let (has_digits, after) = without_digits(digits.unwrap_or(exponent));
        well_formed &= has_digits;
        rest = after;
    }
    well_formed && rest.is_empty()
}

/// Whether the text begins with digits, and what follows them.
fn without_digits(text: &[u8]) -> (bool, &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0, text.get(count..).unwrap_or_default())
}

#[cold]
const fn violation(offset: usize, violation: Violation) -> ProtocolError {
    ProtocolError { offset, violation }
}
