//! How arguments get into a command: their text, and whether they are copied.

#![allow(
    clippy::disallowed_types,
    clippy::needless_borrows_for_generic_args,
    reason = "callers have such arguments"
)]

extern crate std;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZero;
use std::collections::HashMap;
use std::{format, vec};

use bytes::{Bytes, BytesMut};

use super::*;
use crate::command::{CommandError, Segment};
use crate::config::Limits;

#[track_caller]
fn told(command: &Command) -> String {
    let words: Vec<_> = command.arguments().skip(1).map(String::from_utf8_lossy).collect();
    words.join(" ")
}

/// By value, by reference, by a reference to a reference, and through its own argument.
#[track_caller]
fn check<T: ToArg + Clone>(value: T, text: &str) {
    let command = Command::new("X")
        .arg(&value)
        .arg(&&value)
        .arg(value.to_arg())
        .arg(value.to_arg().to_arg())
        .arg(value.to_arg().into_owned())
        .arg(Some(&value).into_iter().next().expect("is there"))
        .arg(value.clone())
        .arg(value.into_arg().to_arg());
    assert!(
        command.arguments().skip(1).all(|found| found == text.as_bytes()),
        "{}",
        told(&command)
    );
    assert_eq!(command.len(), 9);
}

#[test]
fn every_type_is_an_argument_by_value_and_by_reference() {
    check("text", "text");
    check(String::from("text"), "text");
    check(Cow::Borrowed("text"), "text");
    check(Cow::<str>::Owned("text".into()), "text");
    check(Box::<str>::from("text"), "text");
    check(Arc::<str>::from("text"), "text");
    check(Rc::<str>::from("text"), "text");
    check('x', "x");
    check('\u{1f600}', "\u{1f600}");
    check(&b"bytes"[..], "bytes");
    check(*b"bytes", "bytes");
    check(b"bytes".to_vec(), "bytes");
    check(Cow::Borrowed(&b"bytes"[..]), "bytes");
    check(Cow::<[u8]>::Owned(b"bytes".to_vec()), "bytes");
    check(Box::<[u8]>::from(&b"bytes"[..]), "bytes");
    check(Arc::<[u8]>::from(&b"bytes"[..]), "bytes");
    check(Rc::<[u8]>::from(&b"bytes"[..]), "bytes");
    check(Bytes::from_static(b"bytes"), "bytes");
    check(BytesMut::from(&b"bytes"[..]), "bytes");
    check(true, "1");
    check(false, "0");
}

#[test]
fn numbers_are_written_in_full() {
    macro_rules! limits {
        ($($number:ty),*) => {$(
            check(<$number>::MIN, &format!("{}", <$number>::MIN));
            check(<$number>::MAX, &format!("{}", <$number>::MAX));
            check(NonZero::<$number>::MAX, &format!("{}", <$number>::MAX));
        )*};
    }
    limits!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);
    check(0, "0");
    check(-1, "-1");
    check(i128::from(i64::MIN) - 1, "-9223372036854775809");
    check(1.5, "1.5");
    check(-0.25, "-0.25");
    check(0.1_f32, "0.1");
    check(1000.0, "1000");
    check(1e100, "1e+100");
    check(f64::INFINITY, "inf");
    check(f64::NEG_INFINITY, "-inf");
    check(f32::NAN, "nan");
}

/// Whether the large argument of the command is in this memory.
fn is_at(command: &Command, start: *const u8) -> bool {
    let mut found = false;
    command.each_segment(|segment| {
        found |= matches!(segment, Segment::Large(large) if large.as_ptr() == start);
    });
    found
}

#[test]
fn a_long_argument_that_is_passed_by_value_is_not_copied() {
    let long = || vec![b'v'; 5000];
    let text = || String::from_utf8(long()).expect("is text");
    macro_rules! moved {
        ($($value:expr),* $(,)?) => {$(
            let value = $value;
            let start = value.as_ptr();
            assert!(is_at(&Command::new("X").arg(value), start), stringify!($value));
        )*};
    }
    moved!(
        long(),
        Bytes::from(long()),
        BytesMut::from(Bytes::from(long())),
        long().into_boxed_slice(),
        text(),
        text().into_boxed_str(),
        Cow::<str>::Owned(text()),
        Cow::<[u8]>::Owned(long()),
        Bytes::from(long()),
    );
    let shared = Bytes::from(long());
    assert!(is_at(&Command::new("X").arg(&shared), shared.as_ptr()));
    assert!(is_at(&Command::new("X").args([&shared, &Bytes::new()]), shared.as_ptr()));
    assert!(is_at(&Command::new("X").pairs([("key", shared.clone())]), shared.as_ptr()));
    assert!(is_at(&Command::new("X").arg_opt(Some(shared.clone())), shared.as_ptr()));
    let array = [b'v'; 5000];
    assert_eq!(Command::new("X").arg(array).arguments().nth(1), Some(&array[..]));
}

#[test]
fn an_argument_is_never_printed() {
    for argument in ["canary".to_arg(), String::from("canary").into_arg(), 'c'.into_arg()] {
        assert_eq!(format!("{argument:?}"), "Arg(..)");
    }
}

#[test]
fn lists_of_every_kind() {
    let words = vec![String::from("a"), String::from("b")];
    let texts = ["a", "b"];
    let list = |command: Command| assert_eq!(told(&command), "a b");
    list(Command::new("X").args(["a", "b"]));
    list(Command::new("X").args(&["a", "b"]));
    list(Command::new("X").args(&texts[..]));
    list(Command::new("X").args(texts.iter()));
    list(Command::new("X").args(texts.iter().copied()));
    list(Command::new("X").args(vec!["a", "b"]));
    list(Command::new("X").args(&words));
    list(Command::new("X").args(words.iter()));
    list(Command::new("X").args(words.iter().map(String::as_str)));
    list(Command::new("X").args(words.clone()));
    list(Command::new("X").args(words.clone().into_boxed_slice()));
    list(Command::new("X").args(Some("a")).args(Some(String::from("b"))).args(None::<u8>));
    list(Command::new("X").arg_opt(Some("a")).arg_opt(None::<&str>).arg_opt(Some('b')));
    let numbers = [1, 2, 3];
    assert_eq!(
        told(&Command::new("X").args(&numbers).args(numbers).args(1..=2)),
        "1 2 3 1 2 3 1 2"
    );
    assert_eq!(told(&Command::new("X").args([0.5, 2.0]).args([true])), "0.5 2 1");
}

#[test]
fn pairs_of_every_kind() {
    let sorted = BTreeMap::from([("a", 1), ("b", 2)]);
    let hashed = HashMap::from([(String::from("a"), 1)]);
    let list = vec![("a", 1), ("b", 2)];
    let pairs = |command: Command| assert_eq!(told(&command), "a 1 b 2");
    pairs(Command::new("X").pairs(&sorted));
    pairs(Command::new("X").pairs(sorted.clone()));
    pairs(Command::new("X").pairs(&hashed).pairs([('b', 2_u8)]));
    pairs(Command::new("X").pairs(hashed).pairs(&[("b", "2")]));
    pairs(Command::new("X").pairs(&list));
    pairs(Command::new("X").pairs(&list[..]));
    pairs(Command::new("X").pairs(list.iter()));
    pairs(Command::new("X").pairs(list.iter().map(|(key, value)| (key, value))));
    pairs(Command::new("X").pairs(list));
    pairs(Command::new("X").pairs(sorted.into_iter().map(|(k, v)| (k, f64::from(v)))));
}

#[test]
fn a_command_is_read_back_from_its_bytes() {
    for len in [0, 1, 500, 1023, 1024, 5000] {
        let value = vec![b'v'; len];
        let command = Command::new("SET").arg("key").arg(&value).arg(b"\xff\r\n");
        let bytes = command.to_bytes();
        let read = Command::parse(bytes.clone(), &Limits::default()).expect("is a command");
        assert!(read.arguments().eq(command.arguments()));
        assert_eq!(read.to_bytes(), bytes);
        assert_eq!(read.info(), command.info());
        let memory = bytes.as_ptr_range();
        let argument = read.arguments().nth(2).expect("is there");
        assert_eq!(memory.contains(&argument.as_ptr()), len >= LARGE_LEN);
        let listed = Command::from_arguments(command.arguments()).expect("has a name");
        assert_eq!(listed.to_bytes(), bytes);
    }
    let secret = Command::parse(&b"*2\r\n$4\r\nauth\r\n$1\r\nx\r\n"[..], &Limits::default());
    assert!(secret.expect("is a command").may_have_secrets());
    assert!(Command::from_arguments(["no.such"]).expect("has a name").may_have_secrets());
    assert!(!Command::from_arguments(["GET", "k"]).expect("has a name").may_have_secrets());
}

#[test]
fn a_name_has_any_bytes() {
    let name = &b"caf\xe9"[..];
    let commands = [
        Command::new(name),
        Command::new(Bytes::from_static(name)),
        Command::from_arguments([name]).expect("has a name"),
        Command::parse(&b"*1\r\n$4\r\ncaf\xe9\r\n"[..], &Limits::default()).expect("is a command"),
    ];
    for command in commands {
        assert_eq!(command.name(), name);
        assert_eq!(command.to_bytes(), &b"*1\r\n$4\r\ncaf\xe9\r\n"[..]);
        assert!(command.may_have_secrets(), "it may do anything");
    }
}

#[test]
fn what_is_no_command_is_an_error() {
    let parse = |bytes: &'static [u8]| Command::parse(bytes, &Limits::default()).map(|_| ());
    for (bytes, text) in [
        (&b"*0\r\n"[..], "not a command: it has no name"),
        (b"*-1\r\n", "not a command: expected an array of bulk strings, found: null"),
        (b"+PING\r\n", "not a command: expected an array of bulk strings, found: simple string"),
        (
            b"*1\r\n+PING\r\n",
            "not a command: expected an array of bulk strings, found: simple string",
        ),
        (
            b"*2\r\n$4\r\nPING\r\n:1\r\n",
            "not a command: expected an array of bulk strings, found: integer",
        ),
        (b"*1\r\n$-1\r\n", "not a command: expected an array of bulk strings, found: null"),
        (b"*1\r\n*0\r\n", "not a command: expected an array of bulk strings, found: array"),
        (b"PING\r\n", "not a command: unknown type 0x50 at byte 0"),
        (b"*2\r\n$4\r\nPING\r\n", "not a command: truncated value at byte 14"),
        (b"*1\r\n$4\r\nPING\r\n+", "not a command: trailing bytes at byte 14"),
        (b"", "not a command: truncated value at byte 0"),
    ] {
        let error = parse(bytes).expect_err("is no command");
        assert_eq!(format!("{error}"), text);
    }
    let none: [&str; 0] = [];
    assert_eq!(Command::from_arguments(none).map(|_| ()), Err(CommandError::Empty));
}
