//! Commands that no test server has: their words, and replies as modules send them.

use std::fmt::Debug;

use hashslot::cmd::TypedCommand;
use hashslot::{Command, Frame, FromValue};

/// The words of a command, with blanks between them.
pub(super) fn words(command: impl Into<Command>) -> String {
    let command: Command = command.into();
    let words = command.arguments().map(|word| String::from_utf8_lossy(word).into_owned());
    words.collect::<Vec<_>>().join(" ")
}

/// A reply, of which each line ends with a bar; `"ann` is a bulk string.
pub(super) fn frame(lines: &str) -> Frame {
    let mut bytes = Vec::new();
    for line in lines.split('|') {
        if let Some(text) = line.strip_prefix('"') {
            bytes.extend_from_slice(format!("${}\r\n", text.len()).as_bytes());
            bytes.extend_from_slice(text.as_bytes());
        } else {
            bytes.extend_from_slice(line.as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
    }
    Frame::parse(bytes, &hashslot::config::Limits::default()).expect("a reply")
}

/// Compares the words of a command, and what its replies in RESP2 and RESP3 are converted to.
/// `{:?}` is compared, for which a NaN is equal to itself.
pub(super) fn check<C>(command: C, expected_words: &str, replies: [&str; 2], expected: C::Reply)
where
    C: TypedCommand + Into<Command>,
    C::Reply: Debug,
{
    assert_eq!(words(command), expected_words);
    for reply in replies {
        match C::Reply::from_frame(frame(reply)) {
            Ok(converted) => assert_eq!(format!("{converted:?}"), format!("{expected:?}")),
            Err(error) => panic!("{expected_words}: {reply}: {error}"),
        }
    }
}

/// What a reply to a command is converted to.
pub(super) fn read<C: TypedCommand>(_: C, reply: &str) -> C::Reply {
    C::Reply::from_frame(frame(reply)).unwrap_or_else(|error| panic!("{reply}: {error}"))
}
