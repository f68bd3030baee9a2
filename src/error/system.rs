//! The words of the operating system, or of a transport, about a failure.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use crate::shown::is_direction;

/// What the operating system, or a transport, said about a failure.
///
/// **Shape**: one line without control characters, which may be empty. Beyond 200 characters it is
/// cut. Cloning costs one reference count.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SystemText(Option<Arc<str>>);

/// More characters say no more.
const LEN_MAX: usize = 200;

impl SystemText {
    /// No words.
    pub const EMPTY: Self = Self(None);

    /// These words, on one line: runs of blanks and control characters become one blank, marks that
    /// change the direction of writing are left out.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let is_gap = |c: char| c.is_whitespace() || c.is_control();
        let mut line = String::new();
        for word in text.split(is_gap).filter(|word| !word.is_empty()) {
            if !line.is_empty() {
                line.push(' ');
            }
            line.extend(word.chars().filter(|c| !is_direction(*c)));
        }
        if let Some((end, _)) = line.char_indices().nth(LEN_MAX) {
            line.truncate(end);
            line.push_str("..");
        }
        Self((!line.is_empty()).then(|| line.into()))
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether there are no words.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The words behind a colon, if there are any.
    pub(super) const fn after_colon(&self) -> impl fmt::Display {
        AfterColon(self)
    }
}

struct AfterColon<'a>(&'a SystemText);

impl fmt::Display for AfterColon<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_str() {
            "" => Ok(()),
            text => write!(f, ": {text}"),
        }
    }
}

impl fmt::Display for SystemText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SystemText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_text_is_one_line_of_bounded_length_without_control_characters() {
        for (said, kept) in [
            ("", ""),
            (" \n\t", ""),
            ("Name or service not known", "Name or service not known"),
            ("two\r\n  lines\u{0}", "two lines"),
            ("\u{1b}[2Jgone", "[2Jgone"),
            ("a\u{202e}b", "ab"),
        ] {
            assert_eq!(SystemText::new(said).as_str(), kept, "{said:?}");
        }
        let long = SystemText::new(&"\u{e4}".repeat(300)).to_string();
        assert_eq!(long.chars().count(), LEN_MAX + 2);
        assert_eq!(SystemText::new(""), SystemText::EMPTY);
    }
}
