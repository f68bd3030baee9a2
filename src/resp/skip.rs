//! Finds the end of a frame that cannot be used, without keeping it.
//!
//! Rules of this file:
//! - Every byte is looked at once, and none is kept: what stays is one number for each frame,
//!   however long it is and however deep it nests.
//! - Framing is checked, content is not: the frame is already known to be of no value.
//! - What is found depends on the bytes alone, never on how they were cut into pieces.
//!
//! Theory of operation: the end of a frame needs no levels. `unended` counts the values that have
//! not ended, of all levels together; an aggregate adds its own, every value takes one, an
//! attribute takes none. At zero the frame ends.

use super::scan::VALUE_LEN_MIN;
use crate::error::{ProtocolError, Violation};

/// The most digits that a length has.
const DIGIT_COUNT_MAX: u8 = 19;

/// A search for the end of a frame that cannot be used.
#[derive(Debug, Clone)]
#[cfg_attr(feature = "sim", derive(Hash))]
pub(super) struct Skipper {
    /// Why the frame cannot be used: the first violation in it.
    error: ProtocolError,
    /// Why its end cannot be found, once that is known.
    failure: Option<ProtocolError>,
    /// The type of the frame's value. `None` as long as only attributes have come.
    kind: Option<u8>,
    /// The number of bytes of the frame before those that come next.
    position: u64,
    /// Values that have not ended, as far as they are known of.
    unended: u64,
    /// The longest frame that is skipped.
    len_max: u64,
    state: State,
}

/// What comes next.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "sim", derive(Hash))]
enum State {
    /// The type of a value.
    Value,
    /// The line of a value that is a line.
    Line,
    /// The LF of that line.
    LineEnd,
    /// The length of a value of this kind.
    Length { kind: u8, number: Number },
    /// The LF behind a length.
    LengthEnd { kind: u8, number: Number },
    /// So many bytes of a bulk string.
    Bulk { left: u64 },
    /// The CR behind them.
    BulkCr,
    /// The LF behind them.
    BulkLf,
}

/// As much of a length as has come.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "sim", derive(Hash))]
struct Number {
    /// Where its value begins.
    start: u64,
    magnitude: u64,
    digit_count: u8,
    is_negative: bool,
}

impl Skipper {
    /// Begins at a value of a frame, `position` bytes behind the frame's start. `unended` counts
    /// that value.
    pub(super) fn new(
        error: ProtocolError,
        kind: Option<u8>,
        position: usize,
        unended: usize,
        len_max: usize,
    ) -> Self {
        Self {
            error,
            failure: None,
            kind,
            position: wide(position),
            unended: wide(unended),
            // Sums with these cannot overflow.
            len_max: wide(len_max).min(u64::MAX / 8),
            state: State::Value,
        }
    }

    /// Why the frame cannot be used.
    pub(super) const fn error(&self) -> ProtocolError {
        self.error
    }

    /// Whether the frame is a push, and answers no command. As long as only attributes have come,
    /// it counts as a reply.
    pub(super) fn is_push(&self) -> bool {
        self.kind == Some(b'>')
    }

    /// Goes on with these bytes. How many of them belong to the frame, if it ends among them; if
    /// not, all of them do.
    ///
    /// # Errors
    /// Its end cannot be found, or is too far away.
    pub(super) fn skip(&mut self, bytes: &[u8]) -> Result<Option<usize>, ProtocolError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let mut rest = bytes;
        while let Some((&byte, behind)) = rest.split_first() {
            match self.step(byte, rest) {
                Ok(1) => rest = behind,
                Ok(len) => rest = rest.get(len..).unwrap_or_default(),
                Err(failure) => {
                    self.failure = Some(failure);
                    return Err(failure);
                }
            }
            if self.unended == 0 {
                return Ok(Some(bytes.len() - rest.len()));
            }
        }
        Ok(None)
    }

    /// Takes the first byte of the rest, or more if they are all of one kind. How many it took.
    fn step(&mut self, byte: u8, rest: &[u8]) -> Result<usize, ProtocolError> {
        let len = match self.state {
            State::Line => {
                let end = rest.iter().position(|&byte| byte == b'\r' || byte == b'\n');
                end.unwrap_or(rest.len()).max(1)
            }
            State::Bulk { left } => {
                rest.len().min(usize::try_from(left).unwrap_or(usize::MAX)).max(1)
            }
            State::Value
            | State::LineEnd
            | State::Length { .. }
            | State::LengthEnd { .. }
            | State::BulkCr
            | State::BulkLf => 1,
        };
        self.state = match self.state {
            State::Value => self.value(byte)?,
            State::Line => match byte {
                b'\r' => State::LineEnd,
                b'\n' => return Err(self.wrong(Violation::LineEnd)),
                _ => State::Line,
            },
            State::LineEnd => self.line_feed(byte).map(|()| self.value_ends())?,
            State::Length { kind, number } => self.length(byte, kind, number)?,
            State::LengthEnd { kind, number } => {
                self.line_feed(byte)?;
                self.begin(kind, number)?
            }
            State::Bulk { left } => match left - wide(len) {
                0 => State::BulkCr,
                left => State::Bulk { left },
            },
            State::BulkCr if byte == b'\r' => State::BulkLf,
            State::BulkLf if byte == b'\n' => self.value_ends(),
            State::BulkCr | State::BulkLf => return Err(self.wrong(Violation::BulkEnd)),
        };
        self.position += wide(len);
        self.check_len()?;
        Ok(len)
    }

    /// The type of a value.
    fn value(&mut self, kind: u8) -> Result<State, ProtocolError> {
        if self.kind.is_none() && self.unended == 1 && kind != b'|' {
            self.kind = Some(kind);
        } else if kind == b'>' {
            return Err(self.wrong(Violation::NestedPush));
        }
        let number =
            Number { start: self.position, magnitude: 0, digit_count: 0, is_negative: false };
        match kind {
            b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => Ok(State::Line),
            b'$' | b'!' | b'=' | b'*' | b'%' | b'~' | b'>' | b'|' => {
                Ok(State::Length { kind, number })
            }
            _ => Err(self.wrong(Violation::UnknownType(kind))),
        }
    }

    /// One byte of a length.
    fn length(&self, byte: u8, kind: u8, number: Number) -> Result<State, ProtocolError> {
        let Number { magnitude, digit_count, is_negative, .. } = number;
        let is_at_start = digit_count == 0 && !is_negative;
        let leads_with_zero = digit_count == 1 && magnitude == 0;
        match byte {
            b'-' if is_at_start => {
                Ok(State::Length { kind, number: Number { is_negative: true, ..number } })
            }
            b'0' if is_negative && digit_count == 0 => Err(self.wrong(Violation::Length)),
            b'0'..=b'9' if !leads_with_zero && digit_count < DIGIT_COUNT_MAX => {
                let magnitude = magnitude * 10 + u64::from(byte - b'0');
                let digit_count = digit_count + 1;
                Ok(State::Length { kind, number: Number { magnitude, digit_count, ..number } })
            }
            b'\r' if digit_count > 0 => Ok(State::LengthEnd { kind, number }),
            b'\n' => Err(self.wrong(Violation::LineEnd)),
            b'?' if is_at_start => Err(self.wrong(Violation::Streamed)),
            _ => Err(self.wrong(Violation::Length)),
        }
    }

    /// The length of a value is known.
    fn begin(&mut self, kind: u8, number: Number) -> Result<State, ProtocolError> {
        if number.is_negative {
            let is_null = number.magnitude == 1 && !matches!(kind, b'>' | b'|');
            let ends = is_null.then(|| self.value_ends());
            return ends.ok_or_else(|| violation(number.start, Violation::NegativeLength));
        }
        let (width, own) = match kind {
            b'$' | b'!' | b'=' => {
                // Two bytes for the CR LF of the body.
                let end = self.position + 1 + number.magnitude + 2;
                return match number.magnitude {
                    _ if end + len_min(self.unended - 1) > self.len_max => Err(self.error),
                    0 => Ok(State::BulkCr),
                    left => Ok(State::Bulk { left }),
                };
            }
            b'%' => (2, 1),
            b'|' => (2, 0),
            _ => (1, 1),
        };
        let inside = number.magnitude.saturating_mul(width);
        self.unended = (self.unended - own).saturating_add(inside);
        Ok(State::Value)
    }

    fn line_feed(&self, byte: u8) -> Result<(), ProtocolError> {
        if byte == b'\n' { Ok(()) } else { Err(self.wrong(Violation::LineEnd)) }
    }

    fn value_ends(&mut self) -> State {
        self.unended -= 1;
        State::Value
    }

    /// Whether the frame may still end where it is worth waiting for.
    fn check_len(&self) -> Result<(), ProtocolError> {
        let is_between = matches!(self.state, State::Value);
        let unbegun = self.unended.saturating_sub(u64::from(!is_between));
        let least = self.position.saturating_add(len_min(unbegun));
        if least > self.len_max { Err(self.error) } else { Ok(()) }
    }

    fn wrong(&self, kind: Violation) -> ProtocolError {
        violation(self.position, kind)
    }
}

fn violation(offset: u64, violation: Violation) -> ProtocolError {
    ProtocolError { offset: usize::try_from(offset).unwrap_or(usize::MAX), violation }
}

/// The fewest bytes that so many values have.
fn len_min(count: u64) -> u64 {
    count.saturating_mul(wide(VALUE_LEN_MIN))
}

fn wide(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
