//! Finds the ends of replies, and keeps nothing.

use crate::Outcome;

/// The maximum length of a header. Only an error may be longer, and an error ends the run.
const HEADER_LEN: usize = 256;

/// Reads replies that come in pieces.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// Replies that were whole.
    pub(super) replies: usize,
    /// Bytes of values in them, and in the one that is not.
    pub(super) bytes: usize,
    /// A header that is not whole.
    header: Vec<u8>,
    /// What is left to skip of a value and its end of line.
    skip: usize,
    /// What is missing of an array.
    open: usize,
}

impl Scanner {
    pub(super) fn feed(&mut self, mut input: &[u8]) -> Outcome<()> {
        while !input.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(input.len());
                input = &input[skipped..];
                self.skip -= skipped;
                if self.skip == 0 {
                    self.end_value();
                }
                continue;
            }
            let Some(end) = input.iter().take(HEADER_LEN).position(|byte| *byte == b'\n') else {
                self.header.extend_from_slice(input);
                return Ok(());
            };
            let (line, rest) = input.split_at(end + 1);
            input = rest;
            if self.header.is_empty() {
                self.read_header(line)?;
            } else {
                let mut whole = std::mem::take(&mut self.header);
                whole.extend_from_slice(line);
                self.read_header(&whole)?;
                whole.clear();
                self.header = whole; // keeps its memory
            }
        }
        Ok(())
    }

    fn read_header(&mut self, line: &[u8]) -> Outcome<()> {
        match line {
            [b'$', digits @ .., b'\r', b'\n'] => {
                let len = number(digits)?;
                self.bytes += len;
                self.skip = len + 2;
            }
            [b'*', digits @ .., b'\r', b'\n'] => {
                let inside = usize::from(self.open > 0);
                self.open = self.open - inside + number(digits)?;
            }
            [b'+' | b':', ..] => self.end_value(),
            _ => return Err(format!("unexpected: {}", String::from_utf8_lossy(line)).into()),
        }
        Ok(())
    }

    fn end_value(&mut self) {
        self.open = self.open.saturating_sub(1);
        if self.open == 0 {
            self.replies += 1;
        }
    }
}

/// There is no null in what is measured.
fn number(digits: &[u8]) -> Outcome<usize> {
    digits.iter().try_fold(0, |sum, digit| match digit {
        b'0'..=b'9' => Ok(sum * 10 + usize::from(digit - b'0')),
        _ => Err(format!("not a length: {}", String::from_utf8_lossy(digits)).into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_found_wherever_they_are_cut() {
        let input = b"+OK\r\n$3\r\nabc\r\n*2\r\n$1\r\na\r\n$12\r\n0123456789ab\r\n:1\r\n$0\r\n\r\n";
        for len in 1..=input.len() {
            let mut scanner = Scanner::default();
            input.chunks(len).try_for_each(|piece| scanner.feed(piece)).unwrap();
            assert_eq!((scanner.replies, scanner.bytes), (5, 16), "pieces of {len}");
        }
        assert!(Scanner::default().feed(b"-ERR no\r\n").is_err());
        assert!(Scanner::default().feed(b"$-1\r\n").is_err());
    }
}
