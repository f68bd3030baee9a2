//! Text of others, as it is shown in errors and logs.
//!
//! Rules of this file: no control character is shown, and no mark that changes the direction of
//! writing, since a terminal or a log would obey them; nothing is shown at any length; what a
//! server repeats of arguments that may be secrets is left out. Where words are compared with
//! secrets, a word too many is left out rather than one too few.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

/// So many characters are shown.
const SHOWN_COUNT_MAX: usize = 256;
/// So many bytes have all characters that are shown, and one more.
const READ_LEN_MAX: usize = (SHOWN_COUNT_MAX + 1) * 4;
/// What stands for what is left out.
const LEFT_OUT: &str = "..";

/// What servers repeat arguments behind, whatever the command was: they are left out.
const REPEATED_BEHIND: [&str; 2] = ["with args beginning with", "Error in ACL SETUSER modifier"];

/// Text of others: `Display` escapes what is no character to read, and cuts.
#[derive(Clone)]
pub(crate) struct Shown<'a>(Cow<'a, str>);

impl<'a> Shown<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    pub(crate) fn of_bytes(text: &'a [u8]) -> Self {
        Self(beginning(text))
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end =
            REPEATED_BEHIND.iter().filter_map(|told| Some(self.0.find(told)? + told.len())).min();
        let text = end.and_then(|end| self.0.get(..end)).unwrap_or(&self.0);
        for (count, c) in text.chars().enumerate() {
            if count == SHOWN_COUNT_MAX {
                return f.write_str(LEFT_OUT);
            }
            if is_readable(c) {
                f.write_char(c)?;
            } else {
                write!(f, "{}", c.escape_default())?;
            }
        }
        if end.is_some() { write!(f, " {LEFT_OUT}") } else { Ok(()) }
    }
}

/// Whether a character is shown as it is.
fn is_readable(c: char) -> bool {
    !c.is_control() && !is_direction(c) && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a character changes the direction in which a terminal writes.
pub(crate) const fn is_direction(c: char) -> bool {
    let is_mark = matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}');
    is_mark || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// As much of a text as is ever shown.
fn beginning(text: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(text.get(..READ_LEN_MAX).unwrap_or(text))
}

/// More arguments are not compared with what a server says: nothing of it is shown then.
const COMPARED_COUNT_MAX: usize = 64;
/// A part of a word this long, or of an argument, is as telling as the whole.
const TELLING_LEN: usize = 4;

/// What may be shown of the answer to a command with these arguments: what is quoted, and what
/// looks like an argument or a part of one, is left out. `names` may be shown: they name the
/// command.
///
/// **Cost**: a bounded amount of the text against at most 64 arguments.
pub(crate) fn hide<'a>(
    text: &[u8],
    names: &[&[u8]],
    arguments: impl Iterator<Item = &'a [u8]>,
) -> String {
    let is_name = |word: &[u8]| names.iter().any(|name| name.eq_ignore_ascii_case(word));
    let secrets = arguments.filter(|argument| !argument.is_empty() && !is_name(argument));
    let secrets = secrets.take(COMPARED_COUNT_MAX + 1).map(<[u8]>::to_ascii_lowercase);
    let secrets: Vec<_> = secrets.collect();
    if secrets.len() > COMPARED_COUNT_MAX {
        return LEFT_OUT.into();
    }
    let unquoted = without_quoted(&beginning(text), is_name);
    let mut shown = String::new();
    for word in without_whole(&unquoted, &secrets).split_whitespace() {
        let separator = if shown.is_empty() { "" } else { " " };
        let bare = word.trim_matches(|c: char| c.is_ascii_punctuation()).as_bytes();
        let is_told = is_name(bare) || !secrets.iter().any(|secret| resembles(bare, secret));
        shown.push_str(separator);
        shown.push_str(if is_told { word } else { LEFT_OUT });
    }
    shown
}

/// The text without what stands in quotes, names excepted.
fn without_quoted(text: &str, is_name: impl Fn(&[u8]) -> bool) -> String {
    let mut kept = String::new();
    let mut rest = text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        // In `can't` it is an apostrophe.
        let is_quote = matches!(c, '\'' | '"' | '`') && !before.is_alphanumeric();
        kept.push(c);
        (before, rest) = (c, behind);
        if is_quote {
            let (quoted, end) = behind.split_once(c).map_or((behind, None), |(q, e)| (q, Some(e)));
            kept.push_str(if is_name(quoted.as_bytes()) { quoted } else { LEFT_OUT });
            rest = end.unwrap_or_default();
            kept.extend(end.map(|_| c));
        }
    }
    kept
}

/// The text without arguments that stand in it as they are, blanks and all. `secrets` are in lower
/// case.
fn without_whole(text: &str, secrets: &[Vec<u8>]) -> String {
    let telling = || secrets.iter().filter(|secret| secret.len() >= TELLING_LEN);
    let lower = text.to_ascii_lowercase();
    let mut kept = String::new();
    let mut index = 0;
    while let Some(c) = text.get(index..).and_then(|rest| rest.chars().next()) {
        let rest = lower.as_bytes().get(index..).unwrap_or_default();
        let found = telling().filter(|secret| rest.starts_with(secret)).map(Vec::len).max();
        if let Some(len) = found {
            // Behind an argument the text goes on with a whole character, or is cut.
            kept.push_str(LEFT_OUT);
            index += len;
        } else {
            kept.push(c);
            index += c.len_utf8();
        }
    }
    kept
}

/// Whether a word is a secret, or has a telling part of one inside, or is one.
fn resembles(word: &[u8], secret: &[u8]) -> bool {
    let word = word.to_ascii_lowercase();
    let contains = |long: &[u8], short: &[u8]| {
        short.len() >= TELLING_LEN && long.windows(short.len()).any(|part| part == short)
    };
    word == secret
        || runs(&word).any(|run| run == secret || contains(secret, run))
        || runs(secret).any(|run| contains(&word, run))
}

/// The runs of letters and digits, whatever stands between them.
fn runs(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_between = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric();
    text.split(is_between).filter(|run| !run.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        for (said, shown) in [
            ("", ""),
            ("ERR no", "ERR no"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\r\n2026-01-01 INFO login ok", "a\\r\\n2026-01-01 INFO login ok"),
            ("a\u{202e}b\u{2028}c\u{85}", "a\\u{202e}b\\u{2028}c\\u{85}"),
            ("gr\u{fc}n", "gr\u{fc}n"),
        ] {
            assert_eq!(Shown::new(said).to_string(), shown);
            assert_eq!(Shown::of_bytes(said.as_bytes()).to_string(), shown);
        }
        assert_eq!(Shown::of_bytes(b"a\xffb").to_string(), "a\u{fffd}b");
    }

    #[test]
    fn long_texts_are_cut() {
        let long = Shown::of_bytes("\u{1f600}".repeat(5_000).as_bytes()).to_string();
        assert_eq!(long.chars().count(), SHOWN_COUNT_MAX + 2);
        assert!(long.ends_with("\u{1f600}.."));
    }

    #[track_caller]
    fn hidden(said: &str, words: &[&str]) -> String {
        let words: Vec<_> = words.iter().map(|word| word.as_bytes()).collect();
        hide(said.as_bytes(), &words[..2.min(words.len())], words.iter().copied())
    }

    #[test]
    fn what_a_server_repeats_of_secrets_is_left_out() {
        let words = ["ACL", "SETUSER", "bob", ">s3cret pass", "on"];
        for (said, shown) in [
            (
                "ERR Error in ACL SETUSER modifier '>s3cret': Syntax error",
                "ERR Error in ACL SETUSER modifier '..': Syntax error",
            ),
            ("ERR s3cret is wrong", "ERR .. is wrong"),
            ("ERR S3CRET! pass", "ERR .. .."),
            ("ERR >s3cret pass", "ERR .."),
            ("ERR you said:s3cret passport", "ERR you .. .."),
            ("ERR `s3cret and more", "ERR `.."),
            ("ERR I can't do that, bob", "ERR I can't do that, .."),
            ("ERR acl|setuser is disabled", "ERR acl|setuser is disabled"),
            ("s3cret", ".."),
        ] {
            assert_eq!(hidden(said, &words), shown, "{said}");
        }
        assert_eq!(
            hidden("ERR unknown command 'CONFGI'", &["CONFGI"]),
            "ERR unknown command 'CONFGI'"
        );
        let many = alloc::vec!["x"; 100];
        assert_eq!(hidden("ERR y", &many[..]), "ERR y", "each of them names the command");
        let many: Vec<_> = (0..100).map(|n: u32| n.to_string()).collect();
        let many: Vec<_> = many.iter().map(|word| &**word).collect();
        assert_eq!(hidden("ERR y", &many), "..");
    }
}
