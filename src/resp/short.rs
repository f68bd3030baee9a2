//! Short text on the stack: numbers and single characters.

use core::fmt::{self, Write};

/// The longest content: the least `i128` has 40 characters.
const LEN_MAX: usize = 40;

/// A text of at most 40 bytes, without an allocation.
#[derive(Clone, Copy)]
pub(crate) struct Short {
    bytes: [u8; LEN_MAX],
    len: u8,
}

impl Short {
    const EMPTY: Self = Self { bytes: [0; LEN_MAX], len: 0 };

    /// A copy of these bytes; `None` if they are too long.
    #[inline]
    pub(crate) fn copy_of(bytes: &[u8]) -> Option<Self> {
        let mut short = Self::EMPTY;
        short.push(bytes)?;
        Some(short)
    }

    /// What the text of a number is, or of a character.
    pub(crate) fn format(text: fmt::Arguments<'_>) -> Self {
        let mut short = Self::EMPTY;
        let written = short.write_fmt(text);
        debug_assert!(written.is_ok(), "numbers and characters are short");
        short
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    fn push(&mut self, more: &[u8]) -> Option<()> {
        let start = usize::from(self.len);
        let end = start.checked_add(more.len())?;
        self.bytes.get_mut(start..end)?.copy_from_slice(more);
        self.len = u8::try_from(end).ok()?;
        Some(())
    }
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes()).ok_or(fmt::Error)
    }
}

/// A float that this file writes.
pub(crate) trait Float: Copy + fmt::Display + fmt::LowerExp {
    fn is_nan(self) -> bool;
    /// Whether it is as readable with all its digits as with an exponent.
    fn is_plain(self) -> bool;
}

macro_rules! float {
    ($float:ty) => {
        impl Float for $float {
            fn is_nan(self) -> bool {
                self.is_nan()
            }

            fn is_plain(self) -> bool {
                self == 0.0 || (1e-5..1e17).contains(&self.abs()) || self.is_infinite()
            }
        }
    };
}

float!(f32);
float!(f64);

/// The fewest digits that read as the same float, as servers write it: `1`, `1.5`, `1e+20`, `inf`,
/// `-inf`, `nan`.
pub(crate) fn float(number: impl Float) -> Short {
    if number.is_nan() {
        return Short::format(format_args!("nan"));
    }
    if number.is_plain() {
        return Short::format(format_args!("{number}"));
    }
    let plain = Short::format(format_args!("{number:e}"));
    let text = core::str::from_utf8(plain.as_bytes()).unwrap_or_default();
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => {
            Short::format(format_args!("{digits}e+{exponent}"))
        }
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(short: Short, text: &str) {
        assert_eq!(core::str::from_utf8(short.as_bytes()), Ok(text));
    }

    #[test]
    fn floats_are_written_as_servers_write_them() {
        check(float(1.0_f64), "1");
        check(float(1.5_f64), "1.5");
        check(float(-0.0_f64), "-0");
        check(float(1000.0_f32), "1000");
        check(float(0.1_f32), "0.1");
        check(float(5e9_f64), "5000000000");
        check(float(1e20_f64), "1e+20");
        check(float(-1.25e-9_f64), "-1.25e-9");
        check(float(f64::MIN_POSITIVE), "2.2250738585072014e-308");
        check(float(-f64::MAX), "-1.7976931348623157e+308");
        check(float(f64::INFINITY), "inf");
        check(float(f32::NEG_INFINITY), "-inf");
        check(float(f64::NAN), "nan");
        check(Short::format(format_args!("{}", i128::MIN)), &alloc::format!("{}", i128::MIN));
    }

    #[test]
    fn what_is_too_long_is_not_copied() {
        assert!(Short::copy_of(&[b'x'; 40]).is_some_and(|short| short.as_bytes().len() == 40));
        assert!(Short::copy_of(&[b'x'; 41]).is_none());
    }
}
