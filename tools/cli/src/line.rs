//! A line of input becomes words, by the rules of `redis-cli`.
//!
//! Blanks separate words. In double quotes `\n`, `\r`, `\t`, `\a`, `\b` and `\xHH` stand for one
//! byte, and `\` before anything else for that; in single quotes `\'` stands for a quote and
//! nothing else for anything else. What follows a closing quote is a blank or the end of the line.

/// A quote is not closed, or something follows a closing quote.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unbalanced;

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
                rest = read_word(rest, &mut word)?;
                words.push(word);
            }
        }
    }
}

/// Reads one word, and returns what is behind it.
fn read_word<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], Unbalanced> {
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

fn read_double_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], Unbalanced> {
    loop {
        let (byte, behind) = match rest {
            [] => return Err(Unbalanced),
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

fn read_single_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], Unbalanced> {
    loop {
        let (byte, behind) = match rest {
            [] => return Err(Unbalanced),
            [b'\\', b'\'', behind @ ..] => (b'\'', behind),
            [b'\'', behind @ ..] => return closed(behind),
            [byte, behind @ ..] => (*byte, behind),
        };
        word.push(byte);
        rest = behind;
    }
}

/// What is behind a closing quote.
fn closed(rest: &[u8]) -> Result<&[u8], Unbalanced> {
    if rest.first().is_none_or(|byte| is_blank(*byte)) { Ok(rest) } else { Err(Unbalanced) }
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
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | 0x09..=0x0d)
}
