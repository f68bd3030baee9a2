//! A line of input becomes words, by the rules of `redis-cli`.
//!
//! Blanks separate words. In double quotes `\n`, `\r`, `\t`, `\a`, `\b` and `\xHH` stand for one
//! byte, and `\` before anything else for that; in single quotes `\'` stands for a quote and
//! nothing else for anything else. What follows a closing quote is a blank or the end of the line.

use std::fmt;

/// Why a line is no list of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unbalanced {
    problem: Problem,
    /// The quote that is the problem: its number among the characters of the line, from 1.
    column: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    /// The opening quote has no closing one.
    Open,
    /// Something other than a blank stands behind the closing quote.
    Followed,
}

impl fmt::Display for Unbalanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.column;
        match self.problem {
            Problem::Open => {
                write!(f, "unbalanced quotes: nothing closes the one in column {column}")
            }
            Problem::Followed => {
                write!(f, "unbalanced quotes: no blank behind the one in column {column}")
            }
        }
    }
}

/// A problem, and what is left of the line behind the quote that is the problem.
type Found<'a> = (Problem, &'a [u8]);

/// Whether there is nothing to do: the line is blank or a comment.
pub(crate) fn is_skipped(line: &[u8]) -> bool {
    line.iter().find(|byte| !is_blank(**byte)).is_none_or(|byte| *byte == b'#')
}

/// The words of a line.
pub(crate) fn words(line: &[u8]) -> Result<Vec<Vec<u8>>, Unbalanced> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        match rest {
            [] => return Ok(words),
            [blank, behind @ ..] if is_blank(*blank) => rest = behind,
            _ => {
                let mut word = Vec::new();
                rest = read_word(rest, &mut word).map_err(|(problem, behind)| {
                    let through = line.get(..line.len() - behind.len()).unwrap_or(line);
                    let column = String::from_utf8_lossy(through).chars().count();
                    Unbalanced { problem, column }
                })?;
                words.push(word);
            }
        }
    }
}

/// Reads one word, and returns what is behind it.
fn read_word<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], Found<'a>> {
    loop {
        match rest {
            [] | [b' ' | b'\t' | b'\r' | b'\n', ..] => return Ok(rest),
            [b'"', behind @ ..] => return read_double_quoted(behind, word),
            [b'\'', behind @ ..] => return read_single_quoted(behind, word),
            [byte, behind @ ..] => {
                word.push(*byte);
                rest = behind;
            }
        }
    }
}

fn read_double_quoted<'a>(opened: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], Found<'a>> {
    let mut rest = opened;
    loop {
        let (byte, behind) = match rest {
            [] => return Err((Problem::Open, opened)),
            [b'"', behind @ ..] => return closed(behind),
            [b'\\', b'x', high, low, behind @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                (hex_digit(*high) << 4 | hex_digit(*low), behind)
            }
            [b'\\', escaped, behind @ ..] => (unescaped(*escaped), behind),
            [byte, behind @ ..] => (*byte, behind),
        };
        word.push(byte);
        rest = behind;
    }
}

fn read_single_quoted<'a>(opened: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], Found<'a>> {
    let mut rest = opened;
    loop {
        let (byte, behind) = match rest {
            [] => return Err((Problem::Open, opened)),
            [b'\\', b'\'', behind @ ..] => (b'\'', behind),
            [b'\'', behind @ ..] => return closed(behind),
            [byte, behind @ ..] => (*byte, behind),
        };
        word.push(byte);
        rest = behind;
    }
}

/// What is behind a closing quote.
fn closed(rest: &[u8]) -> Result<&[u8], Found<'_>> {
    match rest.first() {
        Some(byte) if !is_blank(*byte) => Err((Problem::Followed, rest)),
        _ => Ok(rest),
    }
}

const fn unescaped(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'a' => 0x07,
        b'b' => 0x08,
        _ => byte,
    }
}

const fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// Blanks as the C library has them.
pub(crate) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | 0x09..=0x0d)
}
